"""Budgets, with a clock turned by hand."""

import asyncio

import pytest

from campaign.core.errors import Invalid
from campaign.net.limit import Limiter


class HandClock:
    """Time moves when somebody sleeps, and for nobody further than to the first who wakes."""

    boot = "test"

    def __init__(self):
        self.time = 1000.0
        self.sleepers = []

    def now(self):
        raise NotImplementedError

    def monotonic(self):
        return self.time

    uptime = monotonic

    async def wait_until(self, instant):
        raise NotImplementedError

    async def sleep(self, seconds):
        entry = (self.time + seconds, asyncio.get_running_loop().create_future())
        self.sleepers.append(entry)
        try:
            await entry[1]
        finally:
            self.sleepers.remove(entry)

    async def turn(self, seconds):
        """Let so many seconds pass."""
        end = self.time + seconds
        while True:
            await settle()
            due = [entry for entry in self.sleepers if entry[0] <= end and not entry[1].done()]
            if not due:
                break
            first = min(due, key=lambda entry: entry[0])
            self.time = max(self.time, first[0])
            first[1].set_result(None)
        self.time = end
        await settle()


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def turning(scenario):
    async def run():
        clock = HandClock()
        await scenario(clock)

    asyncio.run(run())


def queue(limiter, done, names, **more):
    async def one(name):
        await limiter.take("k", **more)
        done.append(name)

    return [asyncio.create_task(one(name)) for name in names]


def test_a_budget_lets_a_window_through_and_then_its_rate():
    async def scenario(clock):
        limiter, done = Limiter(clock, requests=10, seconds=10, sleep=clock.sleep), []
        queue(limiter, done, range(14))
        await settle()
        assert done == list(range(10))
        await clock.turn(0.9)
        assert len(done) == 10
        await clock.turn(0.2)
        assert len(done) == 11
        await clock.turn(3)
        assert done == list(range(14))

    turning(scenario)


def test_waiting_is_first_come_first_served():
    async def scenario(clock):
        limiter, done = Limiter(clock, requests=1, seconds=1, sleep=clock.sleep), []
        queue(limiter, done, "abcde")
        await clock.turn(10)
        assert done == list("abcde")

    turning(scenario)


def test_reading_leaves_half_of_the_budget_to_publishing():
    async def scenario(clock):
        limiter, read, published = Limiter(clock, requests=10, seconds=100, sleep=clock.sleep), [], []
        queue(limiter, read, range(8), reading=True)
        await settle()
        assert len(read) == 5
        queue(limiter, published, range(5))
        await settle()
        assert len(published) == 5

    turning(scenario)


def test_publishing_never_waits_behind_reading():
    async def scenario(clock):
        limiter, read, published = Limiter(clock, requests=10, seconds=10, sleep=clock.sleep), [], []
        queue(limiter, read, range(20), reading=True)
        await settle()
        queue(limiter, published, range(15))
        await clock.turn(10.1)
        assert len(published) == 15
        assert len(read) == 5
        await clock.turn(30)
        assert len(read) == 20

    turning(scenario)


def test_a_budget_of_one_can_be_read_from():
    async def scenario(clock):
        limiter, read = Limiter(clock, requests=1, seconds=1, sleep=clock.sleep), []
        queue(limiter, read, range(3), reading=True)
        await clock.turn(2.1)
        assert len(read) == 3

    turning(scenario)


def test_a_hold_stops_everybody_of_the_key_and_nobody_else():
    async def scenario(clock):
        limiter, done = Limiter(clock, sleep=clock.sleep), []
        limiter.hold("k", 60)
        limiter.hold("k", 5)  # a shorter one does not lift it
        queue(limiter, done, "ab")
        queue(limiter, done, "c", reading=True)
        await limiter.take("other")
        await clock.turn(59)
        assert done == []
        await clock.turn(2)
        assert sorted(done) == ["a", "b", "c"]

    turning(scenario)


def test_a_hold_also_catches_who_waits_already():
    async def scenario(clock):
        limiter, done = Limiter(clock, requests=1, seconds=1, sleep=clock.sleep), []
        queue(limiter, done, "ab")
        await settle()
        limiter.hold("k", 60)
        await clock.turn(30)
        assert done == ["a"]
        await clock.turn(31)
        assert done == ["a", "b"]

    turning(scenario)


def test_who_gives_up_takes_nothing_and_blocks_nobody():
    async def scenario(clock):
        limiter, done = Limiter(clock, requests=1, seconds=1, sleep=clock.sleep), []
        tasks = queue(limiter, done, "abcd")
        await settle()
        tasks[1].cancel()  # it sleeps
        tasks[2].cancel()  # it stands in the queue
        await clock.turn(1.1)
        assert done == ["a", "d"]
        assert tasks[1].cancelled()
        assert tasks[2].cancelled()

    turning(scenario)


def test_a_key_may_have_its_own_rate_and_what_was_used_stays_used():
    async def scenario(clock):
        limiter, done = Limiter(clock, requests=10, seconds=10, sleep=clock.sleep), []
        await limiter.take("k", 8)
        limiter.allow("k", 9, 90)
        queue(limiter, done, "ab")
        await settle()
        assert done == ["a"]
        await clock.turn(10.1)
        assert done == ["a", "b"]

    turning(scenario)


def test_more_than_a_budget_holds_is_refused():
    async def scenario(clock):
        with pytest.raises(Invalid, match="the budget of k is 3"):
            await Limiter(clock, requests=3).take("k", 4)

    turning(scenario)


def test_without_a_rate_nothing_waits():
    async def scenario(clock):
        limiter, done = Limiter(clock, sleep=clock.sleep), []
        queue(limiter, done, range(1000))
        await settle()
        assert len(done) == 1000

    turning(scenario)
