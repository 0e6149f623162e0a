"""Blackout days: whose day an instant falls on, what then stands against it, and the next day that is free."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaign.core.plan import Blackout, Hardness

FAR = 400  # days that are looked through for a free one


def day_of(instant: datetime, zone: str) -> date:
    """Return the day on which an instant (aware) falls in a zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def dark(
    blackouts: Iterable[Blackout], instant: datetime, zones: Mapping[str, str], *, kind: Hardness | None = None
) -> tuple[Blackout, str] | None:
    """Return the first blackout that an instant (aware) falls on for one of these audiences, and that audience.

    Args:
        zones: language → the zone of its audience; where a blackout has a zone, its days are that zone's.
        kind: only hard ones, or only soft ones.
    """
    for each in blackouts:
        if kind is not None and each.kind != kind:
            continue
        for lang, zone in zones.items():
            if each.langs and lang not in each.langs:
                continue
            if each.starts_on <= day_of(instant, each.zone or zone) <= each.ends_on:
                return each, lang
    return None


def free_day(
    blackouts: Iterable[Blackout], instant: datetime, zones: Mapping[str, str], *, shown_in: str
) -> date | None:
    """Return the next day of zone `shown_in` at whose same wall time no hard blackout stands; None: none is near."""
    hard = [each for each in blackouts if each.kind == "hard"]
    wall = instant.astimezone(ZoneInfo(shown_in)).replace(tzinfo=None)
    for days in range(1, FAR):
        later = wall + timedelta(days=days)
        if dark(hard, later.replace(tzinfo=ZoneInfo(shown_in)).astimezone(UTC), zones) is None:
            return later.date()
    return None


def days_shown(blackout: Blackout) -> str:
    """Return its days as they stand in a message: one, or from and to."""
    if blackout.starts_on == blackout.ends_on:
        return blackout.starts_on.isoformat()
    return f"{blackout.starts_on.isoformat()} to {blackout.ends_on.isoformat()}"


def because(blackout: Blackout, lang: str) -> str:
    """Return why a delivery is held, in words that follow "held: "."""
    return f"blackout {blackout.name} ({days_shown(blackout)}) for the {lang} audience"


def window(blackouts: Iterable[Blackout]) -> tuple[datetime, datetime] | None:
    """Return the instants (aware UTC) between which these can matter in any zone; None: there is none of them."""
    found = list(blackouts)
    if not found:
        return None
    first, last = min(each.starts_on for each in found), max(each.ends_on for each in found)
    # Zones lie between UTC-12 and UTC+14.
    begins = datetime.combine(first, datetime.min.time(), tzinfo=UTC) - timedelta(hours=14)
    return begins, datetime.combine(last, datetime.min.time(), tzinfo=UTC) + timedelta(days=1, hours=12)
