"""The embedded engine on a virtual clock: from event to event, standing still while anything is due or in flight."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import START, World

from campaign import bootstrap
from campaign.clock import FileClock, real_now
from campaign.core.budget import hold
from campaign.engine.embedded import EmbeddedEngine, Pace
from campaign.service import App
from campaign.service.pause import pause
from campaign.store import readings
from campaign.store.budgets import Budgets


class Journey:
    """An installation on a FileClock, and an engine that runs until the journey's time is over."""

    def __init__(self, world: World, hours: float) -> None:
        self.world = world
        self.clock = FileClock(world.folder / "clock.json")
        self.app: App = bootstrap.open_app(world.settings, clock=self.clock)
        self.until = START + timedelta(hours=hours)

    def run(self, *, rate: float = 1e7, seconds: float = 30) -> None:
        asyncio.run(self._run(rate, seconds))

    async def _run(self, rate: float, seconds: float) -> None:
        pace = Pace(self.clock, rate=rate, until=self.until)
        engine = EmbeddedEngine(self.app, slots=4, tick=15, stop_within=1, pace=pace)
        running = asyncio.create_task(engine.run())
        async with asyncio.timeout(seconds):
            while not self.clock.runs or engine.busy:  # noqa: ASYNC110 - the engine is watched as a process would
                await asyncio.sleep(0.02)
        engine.stop()
        await running


@pytest.fixture
def journey(world: World) -> Iterator[Callable[..., Journey]]:
    made: list[Journey] = []

    def make(hours: float = 30) -> Journey:
        made.append(Journey(world, hours))
        return made[-1]

    yield make
    for each in made:
        each.app.store.close()


def test_each_post_goes_out_at_its_very_instant_though_the_answer_is_slow(
    world: World, journey: Callable[..., Journey]
) -> None:
    for number in range(3):
        world.post(f"P{number}", minutes=10 + 90 * number)
    world.twin.fault("slow", method="POST", path="/api/v1/statuses", times=3, seconds=0.3)

    journey().run()

    rows = world.deliveries()
    assert [(row.due_at, "published", "archived") for row in rows] == [
        (row.published_at, str(row.state), str(row.archive_state)) for row in rows
    ]
    assert [row.due_at.isoformat()[:19] for row in rows] == [row["created_at"][:19] for row in world.twin.books()]


def test_readings_are_taken_at_their_very_ages_and_sealed_at_the_end(
    world: World, journey: Callable[..., Journey]
) -> None:
    world.post("P01")

    journey(26).run()

    [row] = world.deliveries()
    assert row.published_at is not None
    with world.app.store.read() as tx:
        read = readings.readings_of(tx, [row.id])
        [account_id] = {row.account_id}
        unsealed = readings.unsealed(tx, account_id, before=START + timedelta(days=2))
    at_24_hours = {r.metric: r.value for r in read if r.as_of == row.published_at + timedelta(hours=24)}
    told = world.twin.counts(str(row.remote_id), (row.published_at + timedelta(hours=24)).isoformat())

    assert told["favourites_count"] == at_24_hours["reactions"]
    assert told["reblogs_count"] == at_24_hours["reposts"]
    assert [] == unsealed


def test_time_goes_on_behind_a_pause_and_what_was_late_is_missed_not_sent(
    world: World, journey: Callable[..., Journey]
) -> None:
    world.post("P01")
    pause(world.app, "all", reason="mourning", by=world.alice)

    journey(1).run()

    assert ["missed"] == world.states()
    assert [] == world.twin.books()


def test_the_clock_stands_while_an_account_is_held_and_the_end_of_the_hold_wakes_the_engine(
    world: World, journey: Callable[..., Journey]
) -> None:
    world.post("P01")
    held = journey(1)
    key = f"account:{world.deliveries()[0].account_id}"
    Budgets(held.app.store, held.clock).apply([(key, hold(1.0))])

    held.run(seconds=10)  # sooner than the next tick

    [row] = world.deliveries()
    assert ("published", row.due_at) == (row.state, row.published_at)


def test_a_lost_answer_is_settled_by_asking_while_the_clock_stands(
    world: World, journey: Callable[..., Journey]
) -> None:
    world.post("P01")
    world.post("P02", minutes=600)
    world.twin.fault("lose_response", method="POST", path="/api/v1/statuses")

    journey(12).run()

    assert ["published", "published"] == world.states()
    assert 2 == len(world.twin.books())


def test_the_virtual_clock_never_outruns_its_rate(
    world: World, journey: Callable[..., Journey], tmp_path: Path
) -> None:
    begun = asyncio.run(_clocked(journey(1)))

    assert begun >= 0.5


async def _clocked(each: Journey) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await each._run(7200.0, 30)
    return loop.time() - began


def test_a_clock_that_steps_back_does_not_make_the_engine_stand_still(world: World) -> None:
    looks: list[float] = []
    step = timedelta()
    app = bootstrap.open_app(world.settings)

    async def run() -> None:
        nonlocal step
        engine = EmbeddedEngine(
            app,
            slots=1,
            tick=60,
            stop_within=1,
            beat=lambda: looks.append(app.clock.uptime()),
            real=lambda: real_now() - step,
        )
        running = asyncio.create_task(engine.run())
        async with asyncio.timeout(10):
            while not looks or app.clock.uptime() - looks[-1] < 1:  # noqa: ASYNC110 - until it has come to rest
                await asyncio.sleep(0.02)
            before, step = len(looks), timedelta(hours=1)
            while len(looks) == before:  # noqa: ASYNC110 - the engine is watched as a process would
                await asyncio.sleep(0.02)
        engine.stop()
        await running

    asyncio.run(run())
    app.store.close()
