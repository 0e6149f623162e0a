"""Spacing: who is too near, and the next time that is far enough from all."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.spacing import neighbour, next_free

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def _at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_the_nearest_within_the_spacing_is_named_and_at_the_spacing_there_is_room() -> None:
    others = [_at(-89), _at(30), _at(90)]

    assert _at(30) == neighbour(NOON, others, timedelta(minutes=90))
    assert neighbour(NOON, [_at(-90), _at(90)], timedelta(minutes=90)) is None


def test_the_next_free_time_passes_a_gap_that_is_too_small() -> None:
    assert _at(190) == next_free(NOON, [_at(30), _at(100)], timedelta(minutes=90))
    assert _at(120) == next_free(NOON, [_at(30), _at(210)], timedelta(minutes=90))


@given(
    others=st.lists(st.integers(-600, 600), max_size=12),
    spacing=st.integers(0, 180),
    start=st.integers(-300, 300),
)
def test_the_next_free_time_is_free_and_none_before_it_is(others: list[int], spacing: int, start: int) -> None:
    times, apart = [_at(minute) for minute in others], timedelta(minutes=spacing)
    found = next_free(_at(start), times, apart)

    assert neighbour(found, times, apart) is None
    assert found >= _at(start)
    for minutes in range(int((found - _at(start)).total_seconds()) // 60):
        assert neighbour(_at(start + minutes), times, apart) is not None
