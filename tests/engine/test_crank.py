"""The pump keeps the slots full, and no fuller; what it claimed ahead goes back when it stops."""

import asyncio
from dataclasses import replace

from tests.conftest import World

from campaign import sandbox
from campaign.engine.crank import Pump
from campaign.service import App


class Gauge:
    """How many deliveries are between their line and their answer."""

    def __init__(self) -> None:
        self.now = self.most = self.crossed = 0

    def __call__(self, point: str) -> None:
        if point == "line.committed":
            self.now, self.crossed = self.now + 1, self.crossed + 1
            self.most = max(self.most, self.now)
        elif point == "answered":
            self.now -= 1


def due(world: World, number: int) -> None:
    for n in range(number):
        world.post(f"P{n:02}", minutes=10)
    world.clock.turn(minutes=10)


async def until_over(app: App, slots: int) -> None:
    over = asyncio.Event()
    pump = Pump(app, slots=slots, over=over.set)
    await pump.look()
    await asyncio.wait_for(over.wait(), 60)
    assert not pump.busy
    assert pump.drained
    await pump.stop(1)
    await app.close_network()


def test_all_that_is_due_goes_out_and_never_more_at_once_than_there_are_slots(world: World) -> None:
    due(world, 30)
    gauge = Gauge()

    world.run(until_over(replace(world.app, failpoint=gauge), slots=4))

    assert ["published"] * 30 == world.states()
    assert 1 < gauge.most <= 4
    assert 30 == len(sandbox.books(world.twin.base_url, "peace_ko"))


def test_one_slot_is_enough(world: World) -> None:
    due(world, 6)
    gauge = Gauge()

    world.run(until_over(replace(world.app, failpoint=gauge), slots=1))

    assert (1, ["published"] * 6) == (gauge.most, world.states())


def test_what_was_claimed_ahead_goes_back_when_it_stops(world: World) -> None:
    due(world, 30)
    gauge = Gauge()

    async def stopped() -> None:
        crossed = asyncio.Event()

        def point(name: str) -> None:
            gauge(name)
            if name == "line.committed":
                crossed.set()

        app = replace(world.app, failpoint=point)
        pump = Pump(app, slots=2)
        await pump.look()
        await asyncio.wait_for(crossed.wait(), 60)
        await pump.stop(10)
        await app.close_network()

    world.run(stopped())

    states = world.states()
    assert {"published", "scheduled"} == set(states)
    assert states.count("published") == gauge.crossed
    left = [each for each in world.deliveries() if each.state == "scheduled"]
    assert [0] * len(left) == [each.attempts for each in left]


def test_an_idle_look_claims_nothing_and_wakes_nobody(world: World) -> None:
    world.post(minutes=10)
    woken: list[bool] = []

    async def look() -> None:
        pump = Pump(world.app, slots=4, over=lambda: woken.append(True))
        await pump.look()
        await pump.stop(1)

    world.run(look())

    assert ([], ["scheduled"]) == (woken, world.states())
