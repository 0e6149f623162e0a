"""The two clocks: the system's, and the virtual one in a file."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from campaign.clock import FileClock, SystemClock
from campaign.core.errors import CampaignError

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
