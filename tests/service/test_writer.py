"""What happens to many deliveries at one time is one transaction, and what is known is written whatever it takes."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from campaign import sandbox
from campaign.core.states import State
from campaign.service import App
from campaign.service.publish import carry, publish, take
from campaign.service.writer import Writer
from campaign.store import Store, outbox, people, queue
from campaign.store import attempts as attempt_rows
from tests.conftest import World


class Watched(Store):
    """A store that counts its write transactions, and lets a test stand in the way of one."""

    def __init__(self, store: Store, before: Callable[[int], None], after: Callable[[int], None]) -> None:
        super().__init__(store.engine)
        self.begun, self._before, self._after = 0, before, after

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self.begun += 1
        self._before(self.begun)
        with super().begin() as tx:
            yield tx
        self._after(self.begun)


def nothing(number: int) -> None:
    pass


def watched(
    app: App, *, before: Callable[[int], None] = nothing, after: Callable[[int], None] = nothing
) -> tuple[App, Watched]:
    store = Watched(app.store, before, after)
    return replace(app, store=store), store


def due(world: World, number: int) -> None:
    for n in range(number):
        world.post(f"P{n:02}", minutes=10)
    world.clock.turn(minutes=10)


async def carried(app: App, *, between: Callable[[], None] = lambda: None) -> None:
    """Claim what is due, let something happen, and carry it."""
    works = await asyncio.to_thread(take, app, 50)
    between()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    writer = Writer(app, sleep=sleep)
    await asyncio.gather(*(carry(app, work, writer) for work in works))
    await app.close_network()


def books(world: World) -> list[Any]:
    return list(sandbox.books(world.twin.base_url, "peace_ko"))


def events(world: World, name: str) -> int:
    with world.app.store.read() as tx:
        return sum(row["event"] == name for each in world.deliveries() for row in people.events_of(tx, each.post_id))


def test_many_deliveries_share_their_transactions(world: World) -> None:
    due(world, 12)
    app, store = watched(world.app)

    world.run(publish(app, limit=20))

    assert ["published"] * 12 == world.states()
    # Three for each would be 36, beside what the rate budget writes.
    assert store.begun < 20


def test_one_that_was_cancelled_meanwhile_does_not_keep_the_others(world: World) -> None:
    due(world, 5)
    post = world.deliveries()[2].post_id

    def take_back() -> None:
        with world.app.store.begin() as tx:
            [held] = queue.of_post(tx, post)
            outbox.move(tx, held, State.CANCELLED)

    world.run(carried(world.app, between=take_back))

    assert {"published": 4, "cancelled": 1} == {state: world.states().count(state) for state in set(world.states())}
    assert 4 == len(books(world))


def test_a_result_is_written_again_until_it_is_in(world: World) -> None:
    due(world, 3)
    tries: list[int] = []

    def away(answered: list[str], number: int) -> None:
        if len(answered) == 3 and len(tries) < 6:
            tries.append(number)
            raise ConnectionError("the database went away")

    answered: list[str] = []
    app = replace(world.app, failpoint=lambda name: answered.append(name) if name == "answered" else None)
    app, _ = watched(app, before=partial(away, answered))

    world.run(carried(app))

    assert 6 == len(tries)
    assert ["published"] * 3 == world.states()
    assert 3 == len(books(world))
    assert 3 == events(world, "delivery.published")


def test_a_commit_whose_answer_was_lost_is_not_written_twice(world: World) -> None:
    due(world, 3)
    lost: list[int] = []

    def lose(answered: list[str], number: int) -> None:
        if len(answered) == 3 and len(lost) < 2:
            lost.append(number)
            raise ConnectionError("the connection ended after COMMIT")

    answered: list[str] = []
    app = replace(world.app, failpoint=lambda name: answered.append(name) if name == "answered" else None)
    app, _ = watched(app, after=partial(lose, answered))

    world.run(carried(app))

    assert 2 == len(lost)
    assert ["published"] * 3 == world.states()
    with world.app.store.read() as tx:
        assert [1, 1, 1] == [len(attempt_rows.attempts_of(tx, each.id)) for each in world.deliveries()]
    assert 3 == events(world, "delivery.published")


def test_a_line_that_cannot_be_written_sends_nothing(world: World) -> None:
    due(world, 1)
    refused: list[int] = []

    def away(prepared: list[str], number: int) -> None:
        if prepared and not refused:
            refused.append(number)
            raise ConnectionError("the database went away")

    prepared: list[str] = []
    app = replace(world.app, failpoint=lambda name: prepared.append(name) if name == "prepared" else None)
    app, _ = watched(app, before=partial(away, prepared))

    world.run(carried(app))

    assert refused
    assert [] == books(world)
    assert ["scheduled"] == world.states()
    world.clock.turn(minutes=1)
    world.tick()
    assert ["published"] == world.states()


def test_a_remote_post_that_another_delivery_owns_is_left_in_doubt_with_its_evidence(world: World) -> None:
    due(world, 2)
    first, second = world.deliveries()
    world.run(publish(world.app, limit=1))
    with world.app.store.read() as tx:
        known = queue.get(tx, first.id)
    # The twin answers the second one with the first one's post, as a server does that mixes up its keys.
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE deliveries SET key = key || '-old' WHERE id = ?", (first.id,))
        tx.exec_driver_sql("UPDATE deliveries SET key = ? WHERE id = ?", (known.key, second.id))

    world.run(publish(world.app, limit=1))

    with world.app.store.read() as tx:
        doubtful = queue.get(tx, second.id)
        [attempt] = attempt_rows.attempts_of(tx, second.id)
    assert State.UNCERTAIN == doubtful.state
    assert "belongs to another delivery" in str(doubtful.error)
    assert attempt.exchanges
