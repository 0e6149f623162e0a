"""Audience slots: local times, the next free one, and days on which the clocks are changed."""

from datetime import UTC, datetime

import pytest

from campaign.core.errors import Invalid
from campaign.core.slots import next_slot, parse_slots, slots_after


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_slots_are_read_and_put_in_order() -> None:
    assert ("08:00", "19:30") == parse_slots("slots", " 19:30, 8:00 ")


@pytest.mark.parametrize("text", ["", "8", "24:00", "08:00,8:00", "08:00;19:00", "08:00:00"])
def test_what_is_no_list_of_times_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="slots"):
        parse_slots("slots", text)


def test_the_russian_evening_is_past_the_korean_one_so_the_next_is_the_korean_morning() -> None:
    """P07: 19:00 in Moscow is 01:00 of the next day in Seoul."""
    at = _utc("2019-10-07 16:00")

    assert _utc("2019-10-07 23:00") == next_slot(at, ("08:00", "19:00"), "Asia/Seoul", free=lambda slot: True)


def test_a_slot_that_is_taken_is_passed_over() -> None:
    at, taken = _utc("2026-12-01 00:00"), {_utc("2026-12-01 08:00"), _utc("2026-12-01 19:00")}

    assert _utc("2026-12-02 08:00") == next_slot(at, ("19:00", "08:00"), "UTC", free=lambda slot: slot not in taken)
    assert next_slot(at, ("08:00",), "UTC", free=lambda slot: False) is None


def test_a_slot_that_the_clocks_skip_is_left_out_that_day_and_of_one_shown_twice_the_first_counts() -> None:
    spring = slots_after(_utc("2026-03-28 12:00"), ("02:30",), "Europe/Berlin")
    autumn = slots_after(_utc("2026-10-24 12:00"), ("02:30",), "Europe/Berlin")

    assert _utc("2026-03-30 00:30") == next(spring)
    assert [_utc("2026-10-25 00:30"), _utc("2026-10-26 01:30")] == [next(autumn), next(autumn)]
