"""A calendar as other programs read it (iCalendar): what happens when, written as RFC 5545 and RFC 7986 want it.

It is made of what it is given alone: the same events make the same bytes, in any process.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

Status = Literal["TENTATIVE", "CONFIRMED", "CANCELLED"]
PRODUCT = "-//campaign//campaign calendar//EN"
LASTS = timedelta(minutes=15)  # a post takes no time; less than this cannot be seen on a calendar's page
REFRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a calendar.

    Attributes:
        uid: its name, for ever: another time or another text is the same entry.
        starts: an aware instant, or a day.
        zone: the IANA zone in which an instant is told; a day has none.
        last: the last of several days, it included.
        changed_at: when it was last changed, aware UTC.
        version: rises with every change (SEQUENCE).
        place: latitude and longitude in degrees.
    """

    uid: str
    summary: str
    starts: datetime | date
    changed_at: datetime
    zone: str = "UTC"
    last: date | None = None
    version: int = 0
    status: Status = "CONFIRMED"
    categories: tuple[str, ...] = ()
    description: str = ""
    url: str | None = None
    place: tuple[float, float] | None = None


def drawn(happenings: Sequence[Happening], *, name: str, lang: str) -> bytes:
    """Return the iCalendar stream: UTF-8, CRLF, lines folded at 75 octets, every zone that is named described.

    Args:
        name: what the calendar is called.
        lang: the language that its words are in.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    told = {"language": lang}
    calendar.add("name", name, parameters=told)  # RFC 7986, 5.1
    calendar.add("x-wr-calname", name)
    # A duration of an hour is PT1H; P1H, which some write, makes others refuse the whole calendar.
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})  # RFC 7986, 5.7
    calendar.add("x-published-ttl", "PT1H")
    ordered = sorted(happenings, key=lambda each: (_when(each), each.uid))
    for zone in _zones(ordered):
        calendar.add_component(zone)
    for each in ordered:
        calendar.add_component(_event(each, told))
    written: bytes = calendar.to_ical()
    return written


def _event(each: Happening, told: dict[str, str]) -> Event:
    event = Event()
    event.add("uid", each.uid)
    # Nothing is sent here as a message (there is no METHOD): then it is the time of the last revision (3.8.7.2).
    event.add("dtstamp", each.changed_at)
    event.add("last-modified", each.changed_at)
    event.add("sequence", each.version)
    if isinstance(each.starts, datetime):
        event.add("dtstart", each.starts.astimezone(ZoneInfo(each.zone)))
        event.add("duration", LASTS)
    else:
        event.add("dtstart", each.starts)
        event.add("dtend", (each.last or each.starts) + timedelta(days=1))  # the day after: an end is not included
    event.add("summary", each.summary, parameters=told)
    if each.description:
        event.add("description", each.description, parameters=told)
    event.add("status", each.status)
    event.add("transp", "TRANSPARENT")  # nobody is busy because a post goes out
    if each.categories:
        event.add("categories", list(each.categories))
    if each.url:
        event.add("url", each.url)
    if each.place:
        event.add("geo", each.place)
    return event


def _zones(ordered: Sequence[Happening]) -> list[Timezone]:
    timed = [each for each in ordered if isinstance(each.starts, datetime)]
    years = [each.starts.year for each in timed]
    # A TZID without its VTIMEZONE is an error (3.2.19); UTC needs none, it is written with a Z.
    return [_zone(name, min(years) - 1, max(years) + 1) for name in sorted({each.zone for each in timed} - {"UTC"})]


def _zone(name: str, first: int, last: int) -> Timezone:
    """Return the description of a zone for these years, both included.

    An onset is told in the wall time before it (RFC 5545, 3.6.5): Berlin's summer begins at 02:00. icalendar 7.3 tells
    it in that after it, 03:00, and who believes that shows the first hour of summer wrong.
    """
    info = ZoneInfo(name)
    zone = Timezone()
    zone.add("tzid", name)
    begins = datetime(first, 1, 1, tzinfo=UTC).astimezone(info)
    onsets = [(begins.replace(tzinfo=None), begins, begins), *_changes(info, first, last)]
    groups: dict[tuple[object, ...], list[datetime]] = {}
    for onset, before, after in onsets:
        kind = (before.utcoffset(), after.utcoffset(), after.tzname(), bool(after.dst()))
        groups.setdefault(kind, []).append(onset)
    for (old, new, short, summer), times in groups.items():
        part = TimezoneDaylight() if summer else TimezoneStandard()
        part.add("dtstart", times[0])
        part.add("tzoffsetfrom", old)
        part.add("tzoffsetto", new)
        part.add("tzname", short)
        if times[1:]:
            part.add("rdate", times[1:])
        zone.add_component(part)
    return zone


def _changes(info: ZoneInfo, first: int, last: int) -> Iterator[tuple[datetime, datetime, datetime]]:
    """Yield the changes of a zone's clocks in these years: wall time before it, a moment before, the moment itself."""
    at, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    while at < end:
        later = at + timedelta(days=7)
        if _clock(info, at) != _clock(info, later):
            low, high = at, later
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if _clock(info, middle) == _clock(info, low) else (low, middle)
            before, after = low.astimezone(info), high.astimezone(info)
            yield (before.replace(tzinfo=None, fold=0) + timedelta(seconds=1)), before, after
        at = later


def _clock(info: ZoneInfo, at: datetime) -> tuple[object, ...]:
    there = at.astimezone(info)
    return there.utcoffset(), there.tzname(), there.dst()


def _when(each: Happening) -> datetime:
    if isinstance(each.starts, datetime):
        return each.starts
    return datetime(each.starts.year, each.starts.month, each.starts.day, tzinfo=UTC)
