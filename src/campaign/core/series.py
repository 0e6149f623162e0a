"""A rule of recurrence on the wall clock (RFC 5545, RRULE): read, bounded, laid out in a zone.

https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10

dateutil has rules too, and walks on to the year 9999 where one never matches (daily, on 30 February: 2.6 s). This one
looks at no day beyond its horizon, whatever the rule says; the tests hold the two against each other.
"""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import regex

from campaign.core.errors import Invalid
from campaign.core.schedule import FORMAT, Fold, Gap

Freq = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST = 366  # occurrences of one series
HORIZON = timedelta(days=5 * 366)  # beyond it no rule is followed
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_LONGEST = 500  # characters of a rule
_PARTS = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYMONTH",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSETPOS",
    "WKST",
]
_BYDAY = regex.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = regex.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?")


@dataclass(frozen=True, slots=True)
class Rule:
    """What an RRULE says. `until` is a wall time, its own moment included; weekdays count from Monday, which is 0."""

    freq: Freq
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    by_month: tuple[int, ...] = ()
    by_monthday: tuple[int, ...] = ()  # negative: from the month's end
    by_day: tuple[tuple[int, int], ...] = ()  # (which one of the month or year, 0: each; weekday)
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_setpos: tuple[int, ...] = ()
    week_starts: int = 0

    def __str__(self) -> str:
        parts = [f"FREQ={self.freq}"]
        parts += [f"INTERVAL={self.interval}"] if self.interval != 1 else []
        parts += [f"COUNT={self.count}"] if self.count is not None else []
        parts += [f"UNTIL={self.until:%Y%m%dT%H%M%S}"] if self.until is not None else []
        days = [f"{number or ''}{WEEKDAYS[day]}" for number, day in self.by_day]
        for name, values in (
            ("BYMONTH", self.by_month),
            ("BYMONTHDAY", self.by_monthday),
            ("BYDAY", days),
            ("BYHOUR", self.by_hour),
            ("BYMINUTE", self.by_minute),
            ("BYSETPOS", self.by_setpos),
        ):
            parts += [f"{name}={','.join(map(str, values))}"] if values else []
        parts += [f"WKST={WEEKDAYS[self.week_starts]}"] if self.week_starts else []
        return ";".join(parts)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of a series. `told` says what the clocks did to it: they skip it (forward), or show it twice (first)."""

    local: datetime  # wall time as the rule has it, naive
    due_at: datetime  # aware UTC
    gap: Gap | None = None
    fold: Fold | None = None

    def told(self, zone: str) -> str | None:
        """Return what a person should know of it; None: nothing."""
        if self.gap:
            there = self.due_at.astimezone(ZoneInfo(zone))
            return f"{self.local.strftime(FORMAT)} does not exist in {zone}: it is {there:%H:%M} that day"
        if self.fold:
            return f"{self.local.strftime(FORMAT)} happens twice in {zone}: it is the first"
        return None


def read_rule(field: str, text: str, zone: str) -> Rule:
    """Return the rule that a text says: 'FREQ=WEEKLY;BYDAY=MO;UNTIL=20270131', with or without 'RRULE:' before it.

    Args:
        field: what the value is called where it came from.
        zone: an IANA name; an UNTIL in UTC is meant in it.

    Raises:
        Invalid: it is no rule, or one that we do not follow (hourly, by week number); the rule names the part.
    """
    clean = text.strip().upper().removeprefix("RRULE:")
    if len(clean) > _LONGEST:
        raise Invalid(field, clean[:40], f"is longer than {_LONGEST} characters")
    said: dict[str, str] = {}
    for part in clean.rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in said:
            raise Invalid(field, part, "must be written as FREQ=WEEKLY;BYDAY=MO, each part once")
        if name not in _PARTS:
            raise Invalid(field, part, f"has a part that is not followed here; there are: {', '.join(_PARTS)}")
        said[name] = value
    freq = said.get("FREQ", "")
    if freq not in get_args(Freq):
        raise Invalid(field, f"FREQ={freq}", f"must be one of {', '.join(get_args(Freq))}")
    starts = said.get("WKST", "MO")
    if starts not in WEEKDAYS:
        raise Invalid(field, f"WKST={starts}", f"must be one of {', '.join(WEEKDAYS)}")
    rule = Rule(
        freq=freq,  # type: ignore[arg-type]
        interval=(_numbers(field, said, "INTERVAL", 1, 1000) or (1,))[0],
        count=(_numbers(field, said, "COUNT", 1, 999_999_999) or (None,))[0],
        until=_until(field, said["UNTIL"], zone) if "UNTIL" in said else None,
        by_month=_numbers(field, said, "BYMONTH", 1, 12),
        by_monthday=_numbers(field, said, "BYMONTHDAY", 1, 31, signed=True),
        by_day=tuple(sorted({_weekday(field, each, freq) for each in said.get("BYDAY", "").split(",") if each})),
        by_hour=_numbers(field, said, "BYHOUR", 0, 23),
        by_minute=_numbers(field, said, "BYMINUTE", 0, 59),
        by_setpos=_numbers(field, said, "BYSETPOS", 1, 366, signed=True),
        week_starts=WEEKDAYS.index(starts),
    )
    if rule.count is not None and rule.until is not None:
        raise Invalid(field, clean, "must have COUNT or UNTIL, not both")
    if rule.freq == "WEEKLY" and rule.by_monthday:
        raise Invalid(field, "BYMONTHDAY", "does not go with FREQ=WEEKLY (RFC 5545, 3.3.10)")
    if rule.by_setpos and not (rule.by_month or rule.by_monthday or rule.by_day or rule.by_hour or rule.by_minute):
        raise Invalid(field, "BYSETPOS", "goes only with another BY part (RFC 5545, 3.3.10)")
    if max(1, len(rule.by_hour)) * max(1, len(rule.by_minute)) > 24:
        raise Invalid(field, clean[:80], "gives more than 24 times a day")
    return rule


def walls(
    rule: Rule, starts: datetime, *, until: datetime | None = None, horizon: timedelta = HORIZON
) -> Iterator[datetime]:
    """Yield the wall times that match, from `starts` on, in order; none beyond the horizon.

    Args:
        starts: wall time of the first, naive; what the rule leaves open it takes from there.
        until: an end besides the rule's own, its moment included.
    """
    ends = min(end for end in (rule.until, until, _horizon(starts, horizon)) if end is not None)
    filled = _filled(rule, starts)
    hours, minutes = filled.by_hour or (starts.hour,), filled.by_minute or (starts.minute,)
    number = 0
    for days in _periods(filled, starts.date(), ends.date()):
        found = [
            datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - a wall time has no zone of its own
            for day in days
            if _matches(filled, day)
            for hour in hours
            for minute in minutes
        ]
        if rule.by_setpos:
            places = {at - 1 if at > 0 else len(found) + at for at in rule.by_setpos}
            found = [moment for place, moment in enumerate(found) if place in places]
        for moment in found:
            if moment < starts:
                continue
            number += 1
            if moment > ends or (rule.count is not None and number > rule.count):
                return
            yield moment


def occurrences(
    field: str, rule: Rule, starts: datetime, zone: str, *, min_gap: timedelta = DAY
) -> tuple[Occurrence, ...]:
    """Return when a series takes place: `starts` first, whether the rule matches it or not, and what follows.

    The wall time stays, whatever the clocks do; where they skip it, it is the time after, where they show it twice, the
    first.

    Args:
        zone: IANA name, known to exist.
        min_gap: between two of them on the wall clock; in fact they are an hour apart at least.

    Raises:
        Invalid: the rule has no end, gives nothing or over 366, or two that are closer than `min_gap`.
    """
    if min_gap < HOUR:
        raise Invalid("min-gap", f"{min_gap.total_seconds() / 60:g}", "must be at least 60 minutes")
    if rule.count is None and rule.until is None:
        raise Invalid(field, str(rule), "must have an end: give --until DAY, or COUNT=N in the rule")
    if rule.until is not None and rule.until > _horizon(starts):
        raise Invalid(field, str(rule), f"must end within {HORIZON.days // 366} years")
    unmatched = next(walls(replace(rule, count=None), starts, until=starts), None) != starts
    # An occurrence that is no match of the rule is one of those that COUNT counts: the first (RFC 5545, 3.8.5.3).
    following = rule if rule.count is None or not unmatched else replace(rule, count=rule.count - 1)
    found = [starts] * unmatched + list(islice(walls(following, starts), MOST + 1))
    if len(found) > MOST:
        raise Invalid(field, str(rule), f"gives more than {MOST} posts; end it sooner")
    if len(found) < 2:
        raise Invalid(field, str(rule), f"gives no other time than {starts.strftime(FORMAT)}")
    made = tuple(resolved(local, zone) for local in found)
    demand_gap(field, str(rule), made, min_gap, zone)
    return made


def resolved(local: datetime, zone: str) -> Occurrence:
    """Return the instant of a wall time: after a gap, and the first of a fold (PEP 495: both are fold=0)."""
    info = ZoneInfo(zone)
    first, second = local.replace(tzinfo=info, fold=0), local.replace(tzinfo=info, fold=1)
    due_at = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return Occurrence(local, due_at)
    if due_at.astimezone(info).replace(tzinfo=None, fold=0) != local:
        return Occurrence(local, due_at, gap="forward")
    return Occurrence(local, due_at, fold="first")


def demand_gap(field: str, value: str, made: Sequence[Occurrence], min_gap: timedelta, zone: str) -> None:
    """Check that no two of them are too close, in whatever order they come. Raises: Invalid."""
    for before, after in pairwise(sorted(made, key=lambda one: (one.due_at, one.local))):
        apart = min(after.local - before.local, (after.due_at - before.due_at) + min_gap - HOUR)
        if apart < min_gap:
            times = f"{before.local.strftime(FORMAT)} and {after.local.strftime(FORMAT)} {zone}"
            rule = f"would put two posts of the series closer than {shown(min_gap)}: {times}"
            raise Invalid(field, value, f"{rule}; choose another rule or --min-gap")


def shown(span: timedelta) -> str:
    """Return a span as a person says it.

    >>> shown(timedelta(days=1)), shown(timedelta(minutes=90))
    ('1 day', '90 minutes')
    """
    minutes = int(span.total_seconds() // 60)
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            number = minutes // size
            return f"{number} {name}" + "s" * (number != 1)
    return f"{minutes} minutes"


def _horizon(starts: datetime, horizon: timedelta = HORIZON) -> datetime:
    return starts + horizon if starts.year < 9990 else datetime(9998, 12, 31)  # noqa: DTZ001 - a wall time


def _filled(rule: Rule, starts: datetime) -> Rule:
    """Return the rule with what it leaves open taken from its first time (RFC 5545, 3.3.10)."""
    if rule.by_monthday or rule.by_day:
        return rule
    match rule.freq:
        case "YEARLY":
            return replace(rule, by_month=rule.by_month or (starts.month,), by_monthday=(starts.day,))
        case "MONTHLY":
            return replace(rule, by_monthday=(starts.day,))
        case "WEEKLY":
            return replace(rule, by_day=((0, starts.weekday()),))
        case _:
            return rule


def _periods(rule: Rule, first: date, last: date) -> Iterator[list[date]]:
    """Yield the days of each period in which the rule is to be looked for."""
    match rule.freq:
        case "DAILY":
            for number in range(first.toordinal(), last.toordinal() + 1, rule.interval):
                yield [date.fromordinal(number)]
        case "WEEKLY":
            monday = first.toordinal() - (first.weekday() - rule.week_starts) % 7
            for number in range(monday, last.toordinal() + 1, 7 * rule.interval):
                yield [date.fromordinal(number + n) for n in range(7)]
        case "MONTHLY":
            month = first.year * 12 + first.month - 1
            while month <= last.year * 12 + last.month - 1:
                yield _month(*divmod(month, 12))
                month += rule.interval
        case _:
            for year in range(first.year, last.year + 1, rule.interval):
                yield [day for month in range(12) for day in _month(year, month)]


def _month(year: int, month: int) -> list[date]:
    return [date(year, month + 1, day) for day in range(1, calendar.monthrange(year, month + 1)[1] + 1)]


def _matches(rule: Rule, day: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    length = calendar.monthrange(day.year, day.month)[1]
    if rule.by_monthday and not {day.day, day.day - length - 1} & set(rule.by_monthday):
        return False
    if not rule.by_day:
        return True
    place = day.day
    if rule.freq == "YEARLY" and not rule.by_month:  # then the second Monday is that of the year
        place, length = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
    numbers = {0, (place - 1) // 7 + 1, -((length - place) // 7 + 1)}
    return any(weekday == day.weekday() and number in numbers for number, weekday in rule.by_day)


def _numbers(
    field: str, said: dict[str, str], name: str, low: int, high: int, *, signed: bool = False
) -> tuple[int, ...]:
    if name not in said:
        return ()
    found: set[int] = set()
    for each in said[name].split(","):
        digits = each.removeprefix("+") if not signed else each.lstrip("+-")
        good = digits.isascii() and digits.isdigit() and len(digits) < 10 and len(each) - len(digits) <= 1
        if not good or not low <= int(digits) <= high:
            sign = "±" if signed else ""
            raise Invalid(field, f"{name}={each}", f"must be a number between {sign}{low} and {sign}{high}")
        found.add(int(each))
    if name in ("INTERVAL", "COUNT") and len(found) > 1:
        raise Invalid(field, f"{name}={said[name]}", "must be one number")
    return tuple(sorted(found))


def _weekday(field: str, each: str, freq: str) -> tuple[int, int]:
    found = _BYDAY.fullmatch(each)
    number = int(found[1]) if found and found[1] else 0
    if not found or (found[1] and not number) or abs(number) > 53:
        raise Invalid(field, f"BYDAY={each}", "must be days as MO or, in a month or year, 2MO or -1FR")
    if number and freq not in ("MONTHLY", "YEARLY"):
        raise Invalid(field, f"BYDAY={each}", f"has a number, which does not go with FREQ={freq} (RFC 5545, 3.3.10)")
    return number, WEEKDAYS.index(found[2])


def _until(field: str, text: str, zone: str) -> datetime:
    found = _UNTIL.fullmatch(text)
    try:
        if not found:
            raise ValueError
        year, month, day = int(found[1]), int(found[2]), int(found[3])
        if found[4] is None:  # a day: all of it
            return datetime(year, month, day, 23, 59, 59)  # noqa: DTZ001 - a wall time
        moment = datetime(year, month, day, int(found[4]), int(found[5]), int(found[6]), tzinfo=UTC)
        there = moment.astimezone(ZoneInfo(zone)) if found[7] else moment
        return there.replace(tzinfo=None, fold=0)
    except (ValueError, OverflowError):
        raise Invalid(field, f"UNTIL={text[:20]}", "must be a day as 20270131, or a time as 20270131T090000") from None
