"""Spacing: how far apart the posts of one account are, and the next time that is far enough from all of them."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta


def neighbour(instant: datetime, others: Sequence[datetime], spacing: timedelta) -> datetime | None:
    """Return the nearest of the others that is closer than the spacing; None: there is room."""
    near = [other for other in others if abs(other - instant) < spacing]
    return min(near, key=lambda other: (abs(other - instant), other), default=None)


def next_free(instant: datetime, others: Sequence[datetime], spacing: timedelta) -> datetime:
    """Return the first time from the instant on that is at least the spacing away from each of the others."""
    times = sorted(others)
    at = instant
    for other in times[bisect_left(times, instant - spacing) :]:
        if other - at >= spacing:
            break
        at = max(at, other + spacing)
    return at
