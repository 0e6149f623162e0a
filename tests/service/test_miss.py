"""What is late is given up as its campaign says: a person is asked, or it is taken back and only the log tells."""

from datetime import timedelta
from typing import Any

import pytest

from campaign.core.errors import Forbidden, Invalid, NotFound
from campaign.service.campaigns import add_campaign, edit_campaign
from campaign.service.miss import miss
from campaign.service.notify import ABOUT_DELIVERIES
from campaign.service.pause import pause, resume
from campaign.store import campaigns as campaign_rows
from campaign.store import notices, people
from tests.conftest import World


@pytest.fixture
def strict(world: World) -> World:
    """Campaign s cancels what is late by more than five minutes; a post of it and one of c are due in ten minutes."""
    world.campaign("s", grace=timedelta(minutes=5), late="cancel")
    world.post("S1", campaign="s")
    world.post("P1")
    return world


def give_up(world: World) -> list[str]:
    with world.app.store.begin() as tx:
        return [row.id for row in miss(world.app, tx)]


def logged(world: World, name: str) -> list[dict[str, Any]]:
    with world.app.store.read() as tx:
        posts = {row.post_id for row in world.deliveries()}
        return [row for post_id in posts for row in people.events_of(tx, post_id) if row["event"] == name]


def asked(world: World) -> int:
    with world.app.store.read() as tx:
        return sum(number for kind, number in notices.open_by_kind(tx).items() if kind in ABOUT_DELIVERIES)


def test_one_campaign_asks_and_the_other_takes_back_with_its_reason(strict: World) -> None:
    strict.clock.turn(minutes=26)

    waiting = give_up(strict)

    states = {row.id: str(row.state) for row in strict.deliveries()}
    assert ["cancelled", "missed"] == sorted(states.values())
    assert [id for id, state in states.items() if state == "missed"] == waiting
    [line] = logged(strict, "delivery.cancelled")
    assert ("campaign", "its campaign cancels what is late") == (line["person"], line["detail"]["why"].split("; ")[1])
    assert 1 == asked(strict)
    strict.tick()
    assert [] == strict.twin.books()
    assert {"archived"} == {str(row.archive_state) for row in strict.deliveries()}


def test_a_pause_that_is_lifted_asks_only_where_the_campaign_asks(strict: World) -> None:
    pause(strict.app, "all", reason="date", by=strict.alice)
    strict.clock.turn(minutes=26)

    assert 1 == len(resume(strict.app, "all", by=strict.bob))
    assert ["cancelled", "missed"] == sorted(strict.states())


def test_a_grace_that_ends_while_it_is_prepared_is_cancelled_too(strict: World) -> None:
    strict.clock.turn(minutes=10)
    late = strict.open(failpoint=lambda name: strict.clock.turn(minutes=6) if name == "prepared" else None)

    strict.tick(late)

    by_state = {str(row.state): row for row in strict.deliveries()}
    assert {"cancelled", "published"} >= set(by_state) and "cancelled" in by_state
    assert "S1" not in str(strict.twin.books())


def test_another_grace_judges_what_waits_and_leaves_what_was_missed(world: World) -> None:
    for name, minutes in (("P1", 1), ("P2", 40)):
        world.post(name, minutes=minutes)
    world.clock.turn(minutes=17)
    give_up(world)

    changed, judged = edit_campaign(world.app, "c", by=world.bob, grace=timedelta(hours=2), late="cancel")

    first, second = world.deliveries()
    assert (timedelta(hours=2), "cancel", 1) == (changed.grace, changed.late, judged)
    assert ("missed", timedelta(minutes=15)) == (first.state, first.late_after - first.due_at)
    assert ("scheduled", timedelta(hours=2)) == (second.state, second.late_after - second.due_at)
    with world.app.store.read() as tx:
        assert changed == campaign_rows.campaign_named(tx, "c")
    world.clock.turn(minutes=60)
    assert [] == give_up(world)
    world.tick()
    assert ["missed", "published"] == world.states()


def test_what_cannot_be_a_late_policy_is_refused_with_its_rule(world: World) -> None:
    for options, said in (
        ({}, "names nothing to change"),
        ({"grace": timedelta(seconds=59)}, "at least one minute"),
        ({"grace": timedelta(days=366)}, "at most a year"),
        ({"late": "burst"}, "must be one of ask, cancel"),
    ):
        with pytest.raises(Invalid, match=said):
            edit_campaign(world.app, "c", by=world.alice, **options)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        edit_campaign(world.app, "c", by=world.carol, late="cancel")
    with pytest.raises(NotFound):
        edit_campaign(world.app, "x", by=world.alice, late="cancel")
    with pytest.raises(Invalid, match="must be one of"):
        add_campaign(world.app, "d", zone_name="Asia/Seoul", by=world.alice, languages=["ko"], late="x")  # type: ignore[arg-type]
