"""Budgets, with a clock turned by hand."""

import asyncio
import threading

import pytest

from campaign.core import budget as budgets
from campaign.core.budget import do, fresh
from campaign.core.errors import Invalid, Spent
from campaign.net.limit import KEPT, Limiter


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

    @property
    def asleep(self):
        return sum(not woken.done() for _, woken in self.sleepers)

    def wake(self, *, after):
        """Let so many seconds pass at once, and wake everybody."""
        self.time += after
        for _, woken in self.sleepers:
            if not woken.done():
                woken.set_result(None)

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


class Book:
    """A book in memory that counts its transactions; `breaks` makes the next ones fail."""

    def __init__(self, clock):
        self.clock, self.rows, self.turns, self.breaks = clock, {}, [], 0
        self.lock = threading.Lock()

    def apply(self, steps):
        with self.lock:
            if self.breaks:
                self.breaks -= 1
                raise OSError("the disk is full")
            rows, grants = dict(self.rows), []
            for key, step in steps:
                rows[key], grant = do(rows.get(key) or fresh(self.clock.time), step, self.clock.time)
                grants.append(grant)
            self.rows = rows
            self.turns.append([key for key, _ in steps])
            return grants

    def left(self, key="k"):
        return self.rows[key].at(self.clock.time).tokens


def shared(scenario, *, workers=1, size=100, seconds=100.0):
    """Run a scenario with workers that share a book; threads answer in real time, the clock is turned by hand."""

    async def run():
        clock = HandClock()
        book = Book(clock)
        limiters = [Limiter(clock, book=book, sleep=clock.sleep) for _ in range(workers)]
        for limiter in limiters:
            limiter.allow("k", size, seconds)
        await scenario(clock, book, *limiters)
        for limiter in limiters:
            await limiter.aclose()

    asyncio.run(run())


async def until(true):
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - threads come to an end when they do
            await asyncio.sleep(0.001)


def test_many_requests_are_drawn_in_few_transactions_and_what_is_unused_goes_back():
    async def scenario(clock, book, limiter):
        await asyncio.gather(*(limiter.take("k") for _ in range(1000)))
        assert len(book.turns) <= 30  # a twentieth of the size each
        before = len(book.turns)
        for _ in range(2000):
            await limiter.take("k")
        assert len(book.turns) - before <= 60
        await limiter.aclose()
        assert book.left() == 100_000 - 3000

    shared(scenario, size=100_000)


def test_a_chunk_is_never_more_than_a_twentieth_of_the_size():
    async def scenario(clock, book, limiter):
        await asyncio.gather(*(limiter.take("k") for _ in range(8)))
        assert 92 - 5 <= book.left() <= 92
        for _ in range(40):
            before = book.left()
            await limiter.take("k")
            assert before - book.left() <= 5

    shared(scenario)


def test_what_lies_in_the_hand_for_a_second_is_given_back_by_itself():
    async def scenario(clock, book, limiter):
        await asyncio.gather(*(limiter.take("k") for _ in range(4)))
        for _ in range(3):
            await limiter.take("k")
        assert book.left() < 93
        async with asyncio.timeout(KEPT + 2):
            await until(lambda: book.left() == 93)

    shared(scenario)


def test_an_old_chunk_is_not_used_any_more():
    async def scenario(clock, book, limiter):
        await asyncio.gather(*(limiter.take("k") for _ in range(4)))
        for _ in range(2):
            await limiter.take("k")
        book.rows["k"], _ = do(book.rows["k"], budgets.hold(60), clock.time)  # another worker was told 429
        clock.time += KEPT + 0.1
        with pytest.raises(Spent, match="asked us to wait") as caught:
            await limiter.take("k", within=10)
        assert 57 < caught.value.retry_after < 60

    shared(scenario)


def test_two_workers_share_one_budget():
    async def scenario(clock, book, one, other):
        done = []
        queues = [queue(one, done, range(80)), queue(other, done, range(80))]

        def still():
            return clock.asleep == sum(not all(task.done() for task in tasks) for tasks in queues)

        await until(still)
        assert len(done) == 100
        for _ in range(60):
            clock.wake(after=1)
            await until(still)
            assert len(done) <= 100 + clock.time - 1000
        assert len(done) == 160

    shared(scenario, workers=2)


def test_a_hold_by_one_worker_stops_the_other():
    async def scenario(clock, book, one, other):
        one.hold("k", 30)
        await until(lambda: book.turns)
        with pytest.raises(Spent):
            await other.take("k", within=5)
        with pytest.raises(Spent):
            await other.take("k", reading=True, within=5)
        clock.time += 31
        await other.take("k", within=0)

    shared(scenario, workers=2)


def test_who_would_wait_too_long_does_not_stand_in_the_queue():
    async def scenario(clock, book, limiter):
        await asyncio.gather(*(limiter.take("k") for _ in range(10)))
        tasks = [asyncio.create_task(limiter.take("k", within=5)) for _ in range(50)]
        await until(lambda: sum(task.done() for task in tasks) == 45)
        waits = sorted(task.exception().retry_after for task in tasks if task.done())
        assert 5 < waits[0] < 7
        assert 49 < waits[-1] < 51
        for _ in range(6):
            await until(lambda: clock.asleep or all(task.done() for task in tasks))
            clock.wake(after=1)
        await until(lambda: all(task.done() for task in tasks))
        assert sum(task.exception() is None for task in tasks) == 5

    shared(scenario, size=10, seconds=10.0)


def test_the_platforms_word_is_written_once_and_not_for_each_answer():
    async def scenario(clock, book, limiter):
        await limiter.take("k")
        for remaining in range(40, 20, -1):
            limiter.settle("k", remaining, 60.0)
            await limiter.take("k")
        assert book.rows["k"].told == pytest.approx(20, abs=6)
        assert sum("k" in turn for turn in book.turns) < 25
        limiter.settle("k", 0, 60.0)
        await until(lambda: book.rows["k"].told == 0)
        clock.time += KEPT + 0.1
        with pytest.raises(Spent):
            await limiter.take("k", within=30)
        clock.time += 60
        await limiter.take("k", within=0)

    shared(scenario)


def test_another_size_that_the_platform_tells_is_shared():
    async def scenario(clock, book, one, other):
        await one.take("k")
        await other.take("k")
        one.resize("k", 300)
        one.resize("k", 300)
        await until(lambda: book.rows["k"].size == 300)
        clock.time += 2
        await other.take("k")
        turns = len(book.turns)
        other.resize("k", 300)
        await settle()
        assert turns == len(book.turns)

    shared(scenario, workers=2)


def test_a_book_that_cannot_be_written_lets_nothing_through_and_forgets_no_hold():
    async def scenario(clock, book, limiter):
        book.breaks = 2
        limiter.hold("k", 30)
        await until(lambda: book.breaks == 1)
        clock.time += 31  # this process's own memory of it is over
        with pytest.raises(Spent, match="k: its rate budget cannot be read: OSError: the disk is full"):
            await limiter.take("k")
        with pytest.raises(Spent):  # the hold went with the draw
            await limiter.take("k", within=5)

    shared(scenario)


def test_who_gives_up_while_the_book_is_asked_leaves_its_chunk_to_the_next():
    async def scenario(clock, book, limiter):
        with book.lock:
            task = asyncio.create_task(limiter.take("k"))
            await settle()
            task.cancel()
            await settle()
        await limiter.take("k")
        await limiter.aclose()
        assert book.left() == 99

    shared(scenario)


def test_a_limiter_outlives_its_event_loop():
    clock = HandClock()
    book = Book(clock)
    limiter = Limiter(clock, book=book, sleep=clock.sleep)
    limiter.allow("k", 10, 10.0)

    async def some():
        await asyncio.gather(*(limiter.take("k") for _ in range(4)))
        await limiter.aclose()

    asyncio.run(some())
    asyncio.run(some())
    assert book.left() == 2
