"""The guarantee `handle`, on a reference platform that comes in as a package of somebody else's."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from campaign.core.adapter import Exchanges
from campaign.core.model import Outgoing, OutgoingMedium
from campaign.sandbox import serve
from campaign.service import accounts
from campaign.service.confirm import confirm
from campaign.service.publish import publish
from campaign.store import accounts as account_rows
from tests import shapes
from tests.conftest import World, picture_file
from tests.platforms.conformance import Bench, exercise
from tests.shapes import handle_twin

PUBLISH = "/handle/containers/*/publish"


@pytest.fixture
def shaped(tmp_path: Path) -> Iterator[None]:
    shapes.bring(tmp_path / "brought")
    handle_twin.move_in()
    yield
    serve.ROOMS.pop("handle")
    shapes.take_away(tmp_path / "brought")


@pytest.fixture
def world(shaped: None, make_world: Callable[..., World]) -> World:
    """Campaign c, and account kr on the reference platform."""
    made = make_world()
    made.campaign()
    join(made)
    return made


def join(world: World, name: str = "kr", **told: str) -> None:
    opened = world.twin.ask("POST", "/_accounts", {"platform": "handle", "name": name, **told})
    work = accounts.connect(
        world.app, "handle", name=name, base_url=world.twin.base_url, token=opened["token"], langs=["ko"],
        by=world.alice, private=True,
    )  # fmt: skip
    world.run(work)


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="handle")


def sent(world: World) -> list[str]:
    """The containers that were to be published, in the order of the requests."""
    return [row["path"].split("/")[3] for row in world.twin.requests() if row["path"].endswith("/publish")]


def go(world: World, fault: str, **args: Any) -> None:
    world.post("P01", pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    world.twin.fault(fault, method="POST", path=PUBLISH, **args)
    world.run(publish(world.app, limit=5))


def ask(world: World, after: float = 0.0) -> str:
    world.clock.turn_monotonic(after)
    world.run(confirm(world.app))
    return world.states()[0]


def test_the_reference_platform_keeps_the_contract(world: World) -> None:
    file = world.app.media.put(picture_file(world.folder / "m.png"), mime="image/png")
    medium = OutgoingMedium(file.sha256, "image/png", file.size, 64, 36, "그림")
    text = Outgoing("kr", "handle", ("ko",), "안녕하세요", media=(medium,))
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "kr")
        token = account_rows.token_of(tx, account, world.app.vault)

    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    adapter = world.app.open_adapter(account, token, Exchanges())
    bench = Bench(
        adapter, text, replace(text, text="다른 글", media=()), rows, "999", world.clock.now, world.app.media.open
    )
    world.run(exercise(bench))


def test_the_container_is_stored_at_the_line_and_its_state_settles_a_lost_answer(world: World) -> None:
    go(world, "lose_response")
    [row] = world.deliveries()

    assert ("uncertain", [str((row.wire or {})["container"])]) == (row.state, sent(world))
    assert "published" == ask(world)
    assert (1, 1) == (len(books(world)), len(sent(world)))


@pytest.mark.parametrize("fault", ["drop_request", "lose_response"])
def test_what_is_not_published_is_published_from_the_same_container(world: World, fault: str) -> None:
    world.twin.fault("lagging_list", seconds=1000)  # also what is out looks as if it were not
    go(world, fault)

    assert ["uncertain", "uncertain", "scheduled"] == [ask(world), ask(world, 5), ask(world, 25)]

    world.tick()

    assert (["published"], 1, 2, 1) == (world.states(), len(books(world)), len(sent(world)), len(set(sent(world))))


def test_a_dead_container_is_no_belt_and_the_list_decides_as_with_read_back(world: World) -> None:
    go(world, "drop_request")
    with world.app.store.begin() as tx:  # its lifetime is over
        tx.exec_driver_sql("UPDATE deliveries SET sent_mono = sent_mono - 82801")
    world.twin.fault("ignore_key", path="/handle/containers/*")

    assert ["uncertain"] * 3 == [ask(world), ask(world, 5), ask(world, 25)]
    assert "scheduled" == ask(world, 90)

    world.twin.clear()
    world.tick()

    assert (["published"], 1) == (world.states(), len(books(world)))


def test_a_container_that_is_forgotten_is_found_by_its_post(world: World) -> None:
    go(world, "lose_response")
    world.twin.fault("ignore_key", path="/handle/containers/*")

    assert ("published", books(world)[0]["id"]) == (ask(world), world.deliveries()[0].remote_id)


def test_what_a_container_of_an_earlier_attempt_made_is_found_though_a_new_one_was_made(world: World) -> None:
    world.twin.fault("lagging_list", seconds=1000)
    go(world, "lose_response")
    world.twin.fault("ignore_key", path="/handle/containers/*")
    for seconds in (0, 5, 25):
        ask(world, seconds)
    world.twin.clear()
    world.twin.fault("ignore_key", path="/handle/containers/*", times=1)  # once more, when it is prepared
    world.twin.fault("drop_request", method="POST", path=PUBLISH)
    world.tick()

    assert (["published"], 1, 2) == (world.states(), len(books(world)), len(set(sent(world))))


def test_what_is_at_work_is_asked_for_until_it_is_out(world: World) -> None:
    join(world, "slow", slow="1")
    world.post("P01", to=("slow",))
    world.clock.turn(minutes=10)
    world.run(publish(world.app, limit=5))

    assert (["processing"], 1) == (world.states(), len(books(world)))
    assert ["processing", "published"] == [ask(world, 200), ask(world, 5)]  # however long it takes


def test_what_the_platform_took_and_does_not_know_any_more_is_a_doubt_that_begins_anew(world: World) -> None:
    join(world, "slow", slow="1")
    world.post("P01", to=("slow",))
    world.clock.turn(minutes=10)
    world.run(publish(world.app, limit=5))
    world.twin.fault("lagging_list", seconds=1000)

    assert ["processing", "processing", "uncertain"] == [ask(world), ask(world, 5), ask(world, 25)]
    assert ["uncertain", "uncertain", "scheduled"] == [ask(world), ask(world, 5), ask(world, 25)]

    world.tick()
    world.twin.clear()
    world.clock.turn_monotonic(60)
    world.tick()
    world.clock.turn_monotonic(60)
    world.tick()

    assert (["published"], 1, 1) == (world.states(), len(books(world)), len(set(sent(world))))
