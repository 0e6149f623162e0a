"""What programs ask the desk: whether anything could be published, and the numbers; neither tells a secret."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from campaign.config import Web
from campaign.core.states import State
from campaign.service import App
from campaign.service.health import Check
from campaign.service.pause import pause
from campaign.service.publish import publish
from campaign.service.refresh import pause_account
from campaign.store import heartbeats, notices
from campaign.store.heartbeats import Heartbeat
from campaign.store.notices import Notice
from tests.conftest import World
from tests.web.conftest import Desk

Serve = Callable[..., Desk]


def beat(app: App, **values: object) -> None:
    """Give a sign of life as a daemon does."""
    entry = Heartbeat("w1", "embedded", 1, app.clock.boot, app.clock.now(), app.clock.now(), app.clock.monotonic())
    with app.store.begin() as tx:
        heartbeats.beat(tx, replace(entry, **values))  # type: ignore[arg-type]


def told(desk: Desk) -> tuple[int, dict[str, str]]:
    """Return the status of /healthz, and what is wrong."""
    answer = desk.ask("/healthz")
    body = json.loads(answer.body)
    assert body["ok"] is (answer.status == 200)
    return answer.status, {check["name"]: check["detail"] for check in body["checks"] if not check["ok"]}


def test_health_needs_a_sign_of_life_and_asks_for_no_login(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by=None)
    status, wrong = told(desk)
    assert (status, list(wrong)) == (503, ["worker"]) and "campaign daemon" in wrong["worker"]
    beat(world.app)
    assert told(desk) == (200, {}) and desk.ask("/healthz", method="HEAD").status == 200
    world.clock.turn(seconds=39)
    assert told(desk)[0] == 200
    world.clock.turn(seconds=2)
    assert told(desk)[0] == 503
    beat(world.app, worker="w2", queues=("measure", "archive"))
    assert told(desk)[0] == 503, "a worker that does not publish is none that does"


def test_a_due_delivery_that_nobody_missed_is_a_dead_daemon(world: World, serve: Serve) -> None:
    world.post("P01", minutes=1)
    world.clock.turn(minutes=16, seconds=30)
    beat(world.app)
    desk = serve(world.app, world.settings)
    assert told(desk)[0] == 200, "the next look of a living daemon gives it up"
    world.clock.turn(seconds=20)
    assert list(told(desk)[1]) == ["lateness"]


def test_what_stands_behind_a_pause_is_no_illness(world: World, serve: Serve) -> None:
    world.post("P01", minutes=5, texts={"ko": "하나"})
    pause(world.app, "all", reason="mourning", by=world.alice)
    world.clock.turn(minutes=10)
    beat(world.app)
    assert told(serve(world.app, world.settings)) == (200, {})


@pytest.mark.parametrize(("offset", "status"), [(None, 200), (29.0, 200), (-29.0, 200), (31.0, 503), (-3600.0, 503)])
def test_a_clock_that_is_off_by_more_than_30_seconds_is_ill(
    world: World, serve: Serve, offset: float | None, status: int
) -> None:
    beat(world.app, clock_offset=offset)
    found, wrong = told(serve(world.app, world.settings))
    assert (found, list(wrong)) == (status, ["clock"] if status == 503 else [])


def test_a_disk_without_its_reserve_is_ill_and_no_path_is_told(world: World, serve: Serve) -> None:
    beat(world.app)
    short = replace(world.app, reserve=1 << 60)
    status, wrong = told(serve(short, world.settings))
    assert (status, list(wrong)) == (503, ["disk"])
    assert "daemon.reserve_bytes" in wrong["disk"] and str(world.folder) not in wrong["disk"]
    assert told(serve(replace(short, disks={"archive": Path("/nowhere/at/all")}), world.settings)) == (200, {})


def test_a_machine_that_said_its_disk_is_full_publishes_nothing_wherever_it_is(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings)
    beat(world.app, host="far")
    with world.app.store.begin() as tx:
        notices.add(tx, Notice("n1", "disk", "far", {}, world.clock.now()))
    assert list(told(desk)[1]) == ["worker"]
    beat(world.app, worker="w2", host="near")
    assert told(desk) == (200, {})


def test_a_look_that_fails_is_ill_and_says_no_more_than_its_kind(world: World, serve: Serve) -> None:
    def falls(app: App) -> list[Check]:
        raise OSError("password=hunter2")

    status, wrong = told(serve(world.app, world.settings, health=falls))
    assert (status, wrong) == (503, {"health": "could not look: OSError"})
    world.app.store.close()
    database = Path(str(world.app.store.engine.url.database))
    database.rename(database.with_name("gone.db"))
    database.mkdir()
    assert list(told(serve(world.app, world.settings, by=None))[1]) == ["database"]
    database.rmdir()
    database.with_name("gone.db").rename(database)


def test_the_numbers_are_not_there_unless_they_are_asked_for(world: World, serve: Serve) -> None:
    assert serve(world.app, world.settings).ask("/metrics").status == 404


def test_the_numbers_are_what_the_rows_say_and_hold_no_text(world: World, serve: Serve) -> None:
    world.post("P01", texts={"ko": "비밀 문장"})
    world.post("P02", minutes=20)
    world.post("P03", minutes=30)
    world.clock.turn(minutes=10, seconds=40)
    world.run(publish(world.app, limit=5))
    world.clock.turn(minutes=11)
    with world.app.store.begin() as tx:
        pause_account(world.app, tx, world.deliveries()[0].account_id)
    beat(world.app, clock_offset=-1.5, host='a "machine"\\')
    settings = world.settings.model_copy(update={"web": Web(metrics=True)})
    answer = serve(world.app, settings, by=None).ask("/metrics")
    assert answer.status == 200 and answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    value = {(s.name, *sorted(s.labels.values())): s.value for f in families.values() for s in f.samples}
    late = (world.deliveries()[0].published_at or world.clock.now()) - world.deliveries()[0].due_at
    assert value["campaign_lateness_seconds_count",] == 1
    assert value["campaign_lateness_seconds_sum",] == pytest.approx(late.total_seconds(), abs=0.01)
    edges = {key[1]: n for key, n in value.items() if key[0] == "campaign_lateness_seconds_bucket"}
    assert (edges["30"], edges["60"], edges["+Inf"]) == (0, 1, 1) and late > timedelta(seconds=30)
    assert {state: value["campaign_deliveries", state] for state in State if value["campaign_deliveries", state]} == {
        "published": 1, "scheduled": 2,
    }  # fmt: skip
    assert value["campaign_attempts_total", "publish", "published"] == 1
    assert value["campaign_oldest_due_seconds",] == 0, "behind a pause nothing is due"
    assert (value["campaign_archive_backlog_posts",], value["campaign_workers_alive", "publish"]) == (1, 1)
    assert value["campaign_clock_offset_seconds", 'a "machine"\\', "w1"] == -1.5
    assert (value["campaign_notices_open", "account.refused"], value["campaign_healthy",]) == (1, 1)
    assert families["campaign_lateness_seconds"].type == "histogram"
    assert all(family.documentation for family in families.values())
    token = world.twin.tokens["peace_ko"]
    assert not [secret for secret in ("비밀", "P01", token) if secret in answer.text]
