"""Several deliveries cross the line, and are recorded, in one transaction; each keeps its own fate."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from campaign.core.errors import Held, LeaseLost
from campaign.service.pause import pause
from campaign.service.publish import publish, take
from campaign.service.writer import Writer
from tests.conftest import World

from .test_publish import STATUSES, posts_sent, settle_down

NAMES = ("P01", "P02", "P03")


@pytest.fixture
def three(world: World) -> World:
    for name in NAMES:
        world.post(name)
    world.clock.turn(minutes=10)
    return world


def at(point: str, act: Callable[[], None]) -> Callable[[str], None]:
    """Return a failpoint that acts at the first passing of a point."""
    todo = [act]

    def failpoint(name: str) -> None:
        if name == point and todo:
            todo.pop()()

    return failpoint


def publish_with(world: World, failpoint: Callable[[str], None]) -> None:
    app = world.open(failpoint=failpoint)

    async def work() -> None:
        await publish(app, limit=10)
        await app.close_network()

    world.run(work())


def cross_together(world: World, meanwhile: Callable[[], None]) -> list[Any]:
    """Claim what is due, let something happen, and let all cross the line in one go; return what came of each."""
    works = take(world.app, 10)
    assert len(NAMES) == len(works)
    meanwhile()

    async def work() -> list[Any]:
        writer = Writer(world.app)
        tries = (writer.cross(each.delivery, {"key": each.delivery.key}) for each in works)
        return await asyncio.gather(*tries, return_exceptions=True)

    crossed: list[Any] = world.run(work())
    return crossed


def test_all_cross_the_line_with_what_goes_over_the_wire(three: World) -> None:
    crossed = cross_together(three, lambda: None)
    rows = three.deliveries()

    assert ["publishing"] * 3 == [row.state for row in crossed] == [row.state for row in rows]
    assert [{"key": row.key} for row in rows] == [row.wire for row in rows] == [row.wire for row in crossed]
    assert [three.clock.now()] * 3 == [row.sent_at for row in rows]


@pytest.mark.parametrize(
    "changed",
    ["lease = 'another worker'", "fence = fence + 1", "state = 'scheduled'", "held_because = 'its source changed'"],
)
def test_one_that_is_held_or_not_ours_any_more_does_not_cross_with_the_others(three: World, changed: str) -> None:
    def change() -> None:
        last = three.deliveries()[-1]
        with three.app.store.begin() as tx:
            tx.exec_driver_sql(f"UPDATE deliveries SET {changed} WHERE id = ?", (last.id,))  # noqa: S608

    *others, lost = cross_together(three, change)

    assert ["publishing"] * 2 == [row.state for row in others]
    assert isinstance(lost, Held if "held" in changed else LeaseLost)
    assert "publishing" not in three.states()[-1]


def test_a_pause_that_stands_meanwhile_lets_none_of_them_cross(three: World) -> None:
    def hold() -> None:
        pause(three.app, "account", "kr", reason="wait", by=three.alice)

    crossed = cross_together(three, hold)

    assert [Held] * 3 == [type(each) for each in crossed]
    assert ["claimed"] * 3 == three.states()


def test_a_pause_of_one_language_holds_only_what_speaks_it(three: World) -> None:
    three.connect("ru", "ru", twin_account="peace_ru")
    three.post("P04", minutes=0, to=("ru",), texts={"ru": "Привет"}, now=True)

    def hold() -> None:
        pause(three.app, "language", "ru", reason="a word is wrong", by=three.alice)

    publish_with(three, at("prepared", hold))

    assert (["published"] * 3, 3) == (three.states()[:3], posts_sent(three))
    assert "scheduled" == three.states()[3]


def test_one_whose_answer_is_lost_is_in_doubt_and_the_others_are_recorded(three: World) -> None:
    three.twin.fault("lose_response", method="POST", path=STATUSES)
    publish_with(three, lambda name: None)

    assert ["published", "published", "uncertain"] == sorted(three.states())

    settle_down(three)

    assert (["published"] * 3, 3, 3) == (three.states(), posts_sent(three), len(three.twin.books()))
