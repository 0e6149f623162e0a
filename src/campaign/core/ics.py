"""A calendar that others wrote, taken apart into days: legs or blackout days can be made of it.

It may come from anywhere, so it is bounded before it is read, and what cannot be understood is told, never guessed.
"""

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Calendar, Event
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from campaign.core.errors import Invalid
from campaign.core.series import read_rule, walls

MOST_BYTES = 1 << 20
MOST_EVENTS, MOST_RULES, MOST_DAYS = 2000, 200, 2000  # of one file
DEEPEST = 4  # components within one another: VCALENDAR, VEVENT, VALARM, and one that is not known
YEAR = timedelta(days=366)  # a rule is followed for so long
# What icalendar raises for a property that is none: as it is read, or later, when it is looked at.
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError)
_OLDEST = timedelta(days=10 * 366)  # a rule that began before that is not followed


@dataclass(frozen=True, slots=True)
class Span:
    """One entry of a calendar, or one occurrence of one.

    Attributes:
        uid: what it is called there, with its day where it recurs: the same file says the same again.
        first, last: days, both included, in `zone`.
        zone: IANA name; None: whole days, or times that are nobody's (floating).
        place: latitude and longitude in degrees.
    """

    uid: str
    title: str
    lang: str | None
    first: date
    last: date
    zone: str | None = None
    place: tuple[float, float] | None = None

    @property
    def mark(self) -> str:
        """Return a short name for the entry that stays the same."""
        return sha256(self.uid.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a calendar says: its days by their order, and what of it is not followed, with the reason."""

    spans: tuple[Span, ...]
    told: tuple[str, ...]


def take_apart(raw: bytes, *, today: date, tz: str | None = None) -> Taken:
    """Return the days of an iCalendar file; what recurs for at most a year, from today or its beginning on.

    Args:
        tz: the zone that is meant where the file names one that nobody knows.

    Raises:
        Invalid: it is no calendar, too large, or nested too deep; it names a zone that nobody knows, and `tz` is None.
    """
    raw = _as_utf8(raw)
    _bound(raw)
    try:
        calendars = Calendar.from_ical(raw, multiple=True)
        events: list[Any] = [
            each for calendar in calendars for each in calendar.walk("VEVENT") if isinstance(each, Event)
        ]
    except _BROKEN as error:
        raise Invalid("file", "", f"is no iCalendar file: {str(error)[:120]}") from None
    if not events:
        raise Invalid("file", "", "has no entry (VEVENT) in it")
    told: list[str] = []
    found: dict[str, Span] = {}
    moved = {(str(each.get("UID", "")), _day(each["RECURRENCE-ID"].dt)) for each in events if _is_moved(each)}
    rules = 0
    for number, event in enumerate(events, 1):
        name = f"entry {number} ({_text(event, 'SUMMARY')[:40] or 'without a name'})"
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            told.append(f"{name} is cancelled")
            continue
        try:
            span = _span(event, number, tz)
            if "RRULE" not in event:
                found[span.uid] = span
                continue
            rules += 1
            if rules > MOST_RULES:
                raise Invalid("file", "", f"has more than {MOST_RULES} entries that recur; split it")
            for each in _recurring(event, span, today):
                if (str(event.get("UID", "")), each.first) not in moved:
                    found[each.uid] = each
                if len(found) > MOST_DAYS:
                    raise Invalid("file", "", f"gives more than {MOST_DAYS} days; split it")
        except _Skip as why:
            told.append(f"{name} is left out: {why}")
        except _BROKEN as error:
            told.append(f"{name} is left out: it cannot be read ({str(error)[:120]})")
    ordered = sorted(found.values(), key=lambda each: (each.first, each.last, each.uid))
    return Taken(tuple(ordered), tuple(told))


class _Skip(Exception):
    """Why an entry is left out."""


def _as_utf8(raw: bytes) -> bytes:
    """Return the file in UTF-8, as RFC 5545 §3.1.4 wants it; names in another code page would be garbled unseen."""
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raw = raw.decode("utf-16", errors="replace").encode()
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        rule = "is not UTF-8, as an iCalendar file is; write it anew with UTF-8 as its encoding"
        raise Invalid("file", f"byte {error.start}", rule) from None
    return raw


def _bound(raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        raise Invalid("file", "", f"is larger than {MOST_BYTES} bytes")
    depth = number = 0
    for line in raw.upper().splitlines():
        if line.startswith(b"BEGIN:"):
            depth += 1
            number += line.strip() == b"BEGIN:VEVENT"
        elif line.startswith(b"END:"):
            depth -= 1
        if depth > DEEPEST or number > MOST_EVENTS:
            what = f"is nested deeper than {DEEPEST}" if depth > DEEPEST else f"has more than {MOST_EVENTS} entries"
            raise Invalid("file", "", what)


def _span(event: Any, number: int, tz: str | None) -> Span:
    start = event.get("DTSTART")
    if start is None or isinstance(start, list) or not isinstance(_dt(start), date):
        raise _Skip("it has no beginning (DTSTART) that can be read")
    zone = _zone(start.params, start.dt, tz, number)
    starts = start.dt
    end = event.get("DTEND")
    ends, lasts = _dt(end), _dt(event.get("DURATION"))
    if not isinstance(ends, date):
        ends = starts + lasts if isinstance(lasts, timedelta) else None
    if isinstance(starts, datetime) and zone is not None:
        starts = _there(starts, zone)
        ends = _there(ends, zone) if isinstance(ends, datetime) else ends
    first = _day(starts)
    last = first
    if ends is not None:
        # An end is not included (RFC 5545, 3.6.1): one at midnight, or on a day, means the day before.
        last = _day(ends - timedelta(microseconds=1)) if isinstance(ends, datetime) else ends - timedelta(days=1)
    last = max(first, last)
    if not 1900 < first.year < 3000 or last - first > 5 * YEAR:
        raise _Skip(f"its days ({first} to {last}) are not of this world")
    uid = _text(event, "UID")[:200]
    if "RECURRENCE-ID" in event and uid:
        uid += f"/{_day(event['RECURRENCE-ID'].dt)}"
    title = " ".join(_text(event, "SUMMARY").split())[:200]
    if not title:
        raise _Skip("it has no name (SUMMARY)")
    summary: Any = event.get("SUMMARY")
    lang = str(getattr(summary, "params", {}).get("LANGUAGE", "")).partition("-")[0].lower() or None
    # Without a UID it is known by what it says.
    return Span(uid or f"{title}/{first}/{last}", title, lang, first, last, zone, _place(event))


def _recurring(event: Any, span: Span, today: date) -> Iterator[Span]:
    rules = event["RRULE"]
    if isinstance(rules, list):
        raise _Skip("it has several rules")
    if today - span.first > _OLDEST:
        raise _Skip("it recurs since more than ten years")
    if "RDATE" in event:
        raise _Skip("it has days besides its rule (RDATE)")
    starts = event["DTSTART"].dt
    wall = (
        starts.replace(tzinfo=None) if isinstance(starts, datetime) else datetime.combine(starts, datetime.min.time())
    )
    try:
        rule = read_rule("RRULE", rules.to_ical().decode(), span.zone or "UTC")
    except Invalid as error:
        raise _Skip(str(error)) from None
    begins = max(span.first, today)
    until = datetime.combine(begins + YEAR, datetime.min.time())
    left_out = {_day(each.dt) for each in _exceptions(event)}
    for moment in walls(rule, wall.replace(microsecond=0), until=until, horizon=until - wall):
        first = moment.date()
        last = first + (span.last - span.first)
        if last >= begins and first not in left_out:
            yield Span(f"{span.uid}/{first}", span.title, span.lang, first, last, span.zone, span.place)


def _exceptions(event: Any) -> Iterator[Any]:
    found = event.get("EXDATE", [])
    for each in found if isinstance(found, list) else [found]:
        yield from getattr(each, "dts", ())


def _zone(params: Mapping[str, Any], starts: Any, tz: str | None, number: int) -> str | None:
    """Return the zone of a time. Raises: Invalid: it names one that nobody knows."""
    named = str(params.get("TZID", "")).strip().strip('"')
    if not isinstance(starts, datetime):
        return None
    if not named:
        return None if starts.tzinfo is None else tz or "UTC"
    if named in available_timezones():
        return named
    if named in WINDOWS_TO_OLSON:  # what Outlook writes
        return str(WINDOWS_TO_OLSON[named])
    if tz is None:
        rule = f"is no zone of the IANA database (in entry {number}); say which is meant, as --tz Asia/Seoul"
        raise Invalid("TZID", named[:60], rule)
    return tz


def _there(moment: datetime, zone: str) -> datetime:
    # A zone of the file's own says the wall time; a time in UTC is to be told in the zone.
    aware_utc = moment.tzinfo is not None and str(moment.tzinfo) in ("UTC", "UTC+00:00")
    return moment.astimezone(ZoneInfo(zone)) if aware_utc and zone != "UTC" else moment.replace(tzinfo=None)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _is_moved(event: Any) -> bool:
    return isinstance(_dt(event.get("RECURRENCE-ID")), date)


def _dt(value: Any) -> Any:
    """Return the time that a property says; None: there is none that can be read."""
    try:
        return getattr(value, "dt", None)
    except _BROKEN:
        return None


def _text(event: Any, name: str) -> str:
    value = event.get(name, "")
    return str(value[0] if isinstance(value, list) and value else value).strip()


def _place(event: Any) -> tuple[float, float] | None:
    geo = event.get("GEO")
    latitude, longitude = getattr(geo, "latitude", None), getattr(geo, "longitude", None)
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return float(latitude), float(longitude)
