"""Blackout days: whose day an instant is, and the next day that is free."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.blackout import because, dark, free_day, window
from campaign.core.plan import Blackout

SEOUL, MOSCOW = {"ko": "Asia/Seoul"}, {"ru": "Europe/Moscow"}


def _off(first: str, last: str | None = None, **more: object) -> Blackout:
    fields = {"campaign_id": None, "name": "mourning", "kind": "hard", **more}
    return Blackout("b1", starts_on=date.fromisoformat(first), ends_on=date.fromisoformat(last or first), **fields)  # type: ignore[arg-type]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "stands"),
    [
        ("2019-10-07 14:59", False),  # 23:59 in Seoul
        ("2019-10-07 15:00", True),  # 00:00 in Seoul
        ("2019-10-08 14:59", True),
        ("2019-10-08 15:00", False),
    ],
)
def test_a_day_is_that_of_the_audience(instant: str, stands: bool) -> None:
    assert stands == (dark([_off("2019-10-08")], _utc(instant), SEOUL) is not None)


def test_a_blackout_of_a_zone_means_the_days_of_that_zone() -> None:
    off = _off("2019-10-08", zone="Europe/Moscow")

    assert dark([off], _utc("2019-10-07 20:00"), SEOUL) is None  # 05:00 on the 8th in Seoul, 23:00 on the 7th in Moscow
    assert (off, "ko") == dark([off], _utc("2019-10-08 20:00"), SEOUL)


def test_a_blackout_of_one_language_leaves_the_others_alone() -> None:
    off = _off("2019-10-08", langs=("ru",))

    assert dark([off], _utc("2019-10-08 09:00"), SEOUL) is None
    assert (off, "ru") == dark([off], _utc("2019-10-08 09:00"), {**SEOUL, **MOSCOW})


def test_hard_and_soft_are_asked_for_apart() -> None:
    soft = _off("2019-10-08", kind="soft")

    assert dark([soft], _utc("2019-10-08 09:00"), SEOUL, kind="hard") is None
    assert (soft, "ko") == dark([soft], _utc("2019-10-08 09:00"), SEOUL, kind="soft")


def test_the_next_free_day_lies_behind_all_that_follow_each_other() -> None:
    offs = [_off("2019-10-08", "2019-10-10"), _off("2019-10-11"), _off("2019-10-12", kind="soft")]

    assert date(2019, 10, 12) == free_day(offs, _utc("2019-10-08 09:00"), SEOUL, shown_in="Asia/Seoul")


def test_where_no_day_is_near_none_is_named() -> None:
    assert free_day([_off("2019-01-01", "2029-01-01")], _utc("2019-10-08 09:00"), SEOUL, shown_in="UTC") is None


def test_the_reason_names_the_days_and_the_audience() -> None:
    assert "blackout mourning (2019-10-08) for the ko audience" == because(_off("2019-10-08"), "ko")
    assert "blackout mourning (2019-10-08 to 2019-10-09) for the ko audience" == because(
        _off("2019-10-08", "2019-10-09"), "ko"
    )


ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Seoul", "Europe/Berlin", "America/Sao_Paulo")


@settings(deadline=None, max_examples=80)
@given(
    day=st.dates(date(2010, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 3),
    minute=st.integers(-2 * 1440, 6 * 1440),
    zone=st.sampled_from(ZONES),
    theirs=st.sampled_from([None, *ZONES]),
)
def test_whatever_a_blackout_covers_lies_in_its_window_and_its_free_day_is_free(
    day: date, length: int, minute: int, zone: str, theirs: str | None
) -> None:
    off = Blackout("b", None, "n", day, day + timedelta(days=length), "hard", zone=theirs)
    instant = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(minutes=minute)
    found = window([off])
    assert found is not None
    if dark([off], instant, {"ko": zone}) is None:
        return
    free = free_day([off], instant, {"ko": zone}, shown_in=zone)
    assert free is not None
    at = datetime.combine(free, instant.astimezone(ZoneInfo(zone)).time(), tzinfo=ZoneInfo(zone))

    assert found[0] <= instant < found[1]
    assert dark([off], at.astimezone(UTC), {"ko": zone}) is None
    assert at > instant
