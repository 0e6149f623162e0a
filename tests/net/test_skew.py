"""How far our clock is off is told by those who answer: each host has one vote, caches and slow answers none."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import HandClock, World

from campaign import bootstrap
from campaign.net.skew import HOSTS, Skew
from campaign.service.accounts import test as ask

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def note(skew: Skew, host: str, offset: float, *, mono: float = 0.0, took: float = 0.2, **headers: str) -> None:
    dated = (NOW + timedelta(seconds=took / 2 + offset)).replace(microsecond=0)
    told = {"date": format_datetime(dated, usegmt=True), **headers}
    skew.note(host, told, sent=NOW, now=lambda: NOW + timedelta(seconds=took), mono=mono)


@given(st.floats(-90_000, 90_000), st.floats(0, 9.9))
def test_the_offset_is_told_to_a_second(offset: float, took: float) -> None:
    skew = Skew()
    note(skew, "a.example", offset, took=took)

    assert skew.median(0.0) == pytest.approx(offset, abs=0.6)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=8), st.floats(-1e6, 1e6))
def test_one_wrong_host_among_others_decides_nothing(right: list[float], wrong: float) -> None:
    skew = Skew()
    note(skew, "wrong.example", wrong)
    for number, offset in enumerate(right):
        note(skew, f"{number}.example", offset)

    assert abs(skew.median(0.0) or 0.0) <= 5.6


def test_what_cannot_tell_the_time_is_not_heard() -> None:
    skew = Skew()
    note(skew, "cache.example", 3600, age="7")
    note(skew, "slow.example", 3600, took=11.0)
    note(skew, "broken.example", 3600, date="yesterday")
    skew.note("silent.example", {}, sent=NOW, now=lambda: NOW, mono=0.0)
    skew.note("stepped.example", {"date": "x"}, sent=NOW, now=lambda: NOW - timedelta(hours=1), mono=0.0)

    assert None is skew.median(0.0)


def test_a_host_is_asked_once_a_minute_and_forgotten_after_an_hour_or_when_others_came() -> None:
    skew = Skew()
    note(skew, "a.example", 100)
    note(skew, "a.example", 0, mono=59)
    assert skew.median(59) == pytest.approx(100, abs=1)
    note(skew, "a.example", 0, mono=60)
    assert skew.median(60) == pytest.approx(0, abs=1)
    assert None is skew.median(60 + 3600)
    for number in range(HOSTS):
        note(skew, f"{number}.example", 50, mono=61)
    assert skew.median(61) == pytest.approx(50, abs=1)


def test_a_worker_whose_clock_is_an_hour_ahead_hears_it_from_its_platform(world: World) -> None:
    ahead = HandClock(world.folder / "ahead.json", world.clock.now() + timedelta(hours=1))
    app = bootstrap.open_app(world.settings, clock=ahead)
    assert None is app.clock_offset()

    world.run(ask(app, "kr"))

    assert app.clock_offset() == pytest.approx(-3600, abs=2)
    world.run(app.close_network())
    app.store.close()
