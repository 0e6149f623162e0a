"""Audience slots: the local times at which an audience is best reached, and the next of them that is free."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaign.core.errors import Invalid
from campaign.core.schedule import ambiguity

FAR = 400  # days ahead that are looked through


def parse_slots(field: str, text: str) -> tuple[str, ...]:
    """Return the local times of '08:00,19:00', in order.

    Raises:
        Invalid: one is no time of day, or stands twice.
    """
    found: list[str] = []
    for item in text.split(","):
        try:
            hour, minute = item.strip().split(":")
            found.append(f"{time(int(hour), int(minute)):%H:%M}")
        except ValueError:
            raise Invalid(field, text, "must be local times with commas between, as in 08:00,19:00") from None
    if len(set(found)) != len(found):
        raise Invalid(field, text, "names a time twice")
    return tuple(sorted(found))


def slots_after(instant: datetime, times: Sequence[str], zone: str) -> Iterator[datetime]:
    """Yield the slots (aware UTC) from an instant on, day by day, for about a year.

    A slot that the clocks skip on a day is left out on that day; of one that they show twice the first is taken.
    """
    info = ZoneInfo(zone)
    first = instant.astimezone(info).date()
    for days in range(FAR):
        for text in sorted(times):
            local = datetime.combine(first + timedelta(days=days), time.fromisoformat(text))
            if ambiguity(local, zone) == "gap":
                continue
            found = local.replace(tzinfo=info).astimezone(UTC)
            if found >= instant:
                yield found


def next_slot(
    instant: datetime, times: Sequence[str], zone: str, *, free: Callable[[datetime], bool]
) -> datetime | None:
    """Return the first slot from an instant on that is free; None: none is, within about a year."""
    return next((slot for slot in slots_after(instant, times, zone) if free(slot)), None)
