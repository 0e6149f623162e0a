"""The clocks: the system's, the virtual one in a file, and the one that is a database's."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from campaign.clock import DatabaseClock, FileClock, SystemClock, uptime
from campaign.core.errors import CampaignError
from campaign.store import Store, open_store

START = datetime(2019, 10, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock(tmp_path: Path) -> FileClock:
    made = FileClock(tmp_path / "clock.json")
    made.create(START)
    return made


def test_the_systems_clock_tells_aware_utc_and_real_seconds() -> None:
    clock = SystemClock()
    before = clock.monotonic()

    assert abs(datetime.now(UTC) - clock.now()) < 5 * SECOND
    assert timedelta(0) == clock.now().utcoffset()
    assert before <= clock.monotonic()


def test_clocks_of_one_boot_agree_on_it(clock: FileClock) -> None:
    assert clock.boot == SystemClock().boot


def test_the_systems_clock_waits_until_an_instant_has_come() -> None:
    clock = SystemClock()
    instant = clock.now() + timedelta(milliseconds=20)
    asyncio.run(clock.wait_until(instant))

    assert instant <= clock.now()


def test_a_past_instant_is_not_waited_for(clock: FileClock) -> None:
    asyncio.run(asyncio.wait_for(clock.wait_until(START - SECOND), 1))
    asyncio.run(asyncio.wait_for(SystemClock().wait_until(START), 1))


def test_a_virtual_clock_stands_still_until_it_is_advanced(clock: FileClock) -> None:
    first = clock.now()
    clock.advance(START + SECOND)

    assert (START, START + SECOND, False) == (first, clock.now(), clock.runs)


def test_a_virtual_clock_is_set_once(clock: FileClock) -> None:
    clock.advance(START + SECOND)
    clock.create(START)

    assert START + SECOND == clock.now()


def test_a_virtual_clock_never_goes_back(clock: FileClock) -> None:
    clock.advance(START + 10 * SECOND)
    clock.advance(START)

    assert START + 10 * SECOND == clock.now()


def test_a_running_clock_is_not_put_back_by_an_instant_that_it_has_passed(clock: FileClock) -> None:
    clock.file.write_text('{"virtual": "2019-10-01T00:00:00+00:00", "real": 1700000000.0, "rate": 1}')
    before = clock.now()
    clock.advance(START + SECOND)

    assert before <= clock.now()


def test_a_running_clock_goes_on_by_itself_from_where_it_stood(clock: FileClock) -> None:
    clock.advance(START + SECOND)
    clock.run()
    first = clock.now()
    clock.run()
    asyncio.run(clock.wait_until(first + timedelta(milliseconds=20)))

    assert clock.runs
    assert START + SECOND <= first < clock.now() < START + 60 * SECOND


def test_an_instant_of_another_zone_is_kept_in_utc(clock: FileClock) -> None:
    clock.advance(datetime(2019, 10, 1, 10, tzinfo=timezone(timedelta(hours=9))))

    assert "2019-10-01T01:00:00+00:00" == clock.now().isoformat()


def test_another_process_sees_every_advance(clock: FileClock) -> None:
    reader = FileClock(clock.file)
    seen = []
    for number in range(0, 900, 3):
        # Three advances within one tick of the file system's clock may end on the inode of the first.
        for step in range(3):
            clock.advance(START + (number + step) * SECOND)
            if step == 0:
                reader.now()
        seen.append(reader.now())

    assert [START + (number + 2) * SECOND for number in range(0, 900, 3)] == seen


def test_a_reader_never_sees_half_a_clock_nor_an_older_time(clock: FileClock) -> None:
    stop = threading.Event()
    seen: list[datetime] = []
    errors: list[BaseException] = []

    def read() -> None:
        reader = FileClock(clock.file)
        try:
            while not stop.is_set():
                seen.append(reader.now())
        except BaseException as error:  # noqa: BLE001 - a thread's failure is told by the test
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(500):
        clock.advance(START + number * SECOND)
    stop.set()
    thread.join()

    assert [] == errors
    assert sorted(seen) == seen


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"virtual": "x", "real": 0, "rate": 0}'])
def test_a_broken_clock_is_named(clock: FileClock, content: str) -> None:
    clock.file.write_text(content)

    with pytest.raises(CampaignError, match=r"the demo's clock .*clock\.json cannot be read"):
        clock.now()


def test_a_missing_clock_is_named(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot be read"):
        FileClock(tmp_path / "none.json").now()


def test_an_advance_leaves_nothing_beside_the_clock(clock: FileClock) -> None:
    clock.advance(START + SECOND)

    assert [clock.file] == list(clock.file.parent.iterdir())


class Local:
    """A machine's own seconds, which go by as real ones do, and stand wherever the test puts them."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead

    def __call__(self) -> float:
        return uptime() + self.ahead


@pytest.fixture
def shared(make_migrated: Callable[[], str]) -> Iterator[Store]:
    store = open_store(make_migrated())
    yield store
    store.close()


def apart(one: DatabaseClock, other: DatabaseClock) -> float:
    return abs((one.now() - other.now()).total_seconds())


def test_two_machines_whose_clocks_are_a_minute_apart_tell_one_time(shared: Store) -> None:
    here, there = DatabaseClock(shared), DatabaseClock(shared, local=Local(60))

    assert abs(here.now() - datetime.now(UTC)) < SECOND  # the database is on this machine
    assert apart(here, there) < 0.5
    assert abs(here.monotonic() - there.monotonic()) < 0.5
    assert here.boot == there.boot
    assert here.boot.startswith("database-") and here.boot.endswith("-era0")


def test_a_small_error_is_made_good_slowly_and_time_never_goes_back(shared: Store) -> None:
    local = Local()
    clock, right = DatabaseClock(shared, local=local), DatabaseClock(shared)
    boot = clock.boot
    local.ahead = 1.0
    wrong = apart(clock, right)
    told = [clock.monotonic()]
    clock.measure(worker=True)
    for _ in range(60):
        local.ahead += 0.1
        told.append(clock.monotonic())

    assert 0.9 < wrong < 1.5
    assert sorted(told) == told
    assert boot == clock.boot
    assert told[-1] - local() == pytest.approx(right.monotonic() - uptime() - 1.0, abs=0.2)


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_a_jump_of_the_clock_begins_an_era_that_every_worker_enters(shared: Store, ahead: float) -> None:
    local = Local()
    here, there = DatabaseClock(shared, local=local), DatabaseClock(shared)
    old = there.boot
    here.measure(worker=True)
    local.ahead = ahead
    here.measure(worker=True)
    new = here.boot
    there.measure(worker=True)
    here.measure(worker=True)

    assert old.endswith("-era0")
    assert new.endswith("-era1")
    assert [new, new] == [here.boot, there.boot]
    assert apart(here, there) < 0.5


def test_a_worker_that_finds_nobody_who_could_have_seen_a_jump_begins_an_era(shared: Store) -> None:
    first, second = DatabaseClock(shared), DatabaseClock(shared)
    first.begin()
    second.begin()
    first.measure(worker=True)

    assert first.boot == second.boot
    assert first.boot.endswith("-era2")


def test_who_is_no_worker_enters_an_era_but_begins_none(shared: Store) -> None:
    local = Local()
    desk, worker = DatabaseClock(shared, local=local), DatabaseClock(shared)
    before = desk.boot
    local.ahead = 3600.0
    desk.measure()
    unmoved = desk.boot
    worker.begin()
    local.ahead += 10
    desk.measure()

    assert before == unmoved
    assert worker.boot == desk.boot
    assert apart(desk, worker) < 0.5


def test_the_databases_clock_waits_until_an_instant_has_come(shared: Store) -> None:
    clock = DatabaseClock(shared, local=Local(-60))
    instant = clock.now() + timedelta(milliseconds=20)
    asyncio.run(clock.wait_until(instant))

    assert instant <= clock.now()
