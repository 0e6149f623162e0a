"""The platform's time is the file's; a missing file is the system's time."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mastodon import Mastodon

from campaign.sandbox.clock import PlatformClock, from_ms, iso, to_ms

from .conftest import Hands


def test_everything_the_platform_dates_follows_the_file(hands: Hands, en: Mastodon) -> None:
    hands.set("2019-10-05T12:00:00.250+09:00")
    sent = en.status_post("a")
    assert sent.created_at == datetime(2019, 10, 5, 3, 0, 0, 250_000, tzinfo=UTC)
    assert from_ms(int(sent.id) >> 16) == sent.created_at
    hands.set("2019-10-06T00:00:00Z")
    assert en.status_post("b").created_at == datetime(2019, 10, 6, tzinfo=UTC)


def test_a_clock_at_rate_one_goes_on_by_itself_and_at_rate_zero_stands(hands: Hands) -> None:
    clock = PlatformClock(hands.file)
    assert clock.now() == clock.now() == datetime(2019, 10, 1, 3, tzinfo=UTC)
    hands.set("2019-10-01T03:00:00Z", rate=1)
    first = clock.now()
    time.sleep(0.02)
    assert timedelta(seconds=0.02) <= clock.now() - first < timedelta(seconds=5)


def test_without_a_file_it_is_the_systems_time(tmp_path: Path, hands: Hands) -> None:
    for clock in (PlatformClock(), PlatformClock(tmp_path / "none.json")):
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock = PlatformClock(hands.file)
    clock.now()
    hands.file.unlink()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_half_a_file_does_not_move_the_time(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    file.write_text(json.dumps({"virtual": "2019-10-01T00:00:00", "real": 0, "rate": 0}))
    clock = PlatformClock(file)
    assert clock.now() == datetime(2019, 10, 1, tzinfo=UTC)
    file.write_text('{"virtual": "2019-')
    assert clock.now() == datetime(2019, 10, 1, tzinfo=UTC)


def test_milliseconds_are_exact() -> None:
    instant = datetime(2019, 10, 1, 3, 0, 0, 123_000, tzinfo=UTC)
    assert from_ms(to_ms(instant)) == instant
    assert iso(to_ms(instant)) == "2019-10-01T03:00:00.123Z"
