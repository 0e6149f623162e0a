"""Local time: wall time in a zone, gaps and folds, quiet hours, hard ones and soft ones."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

import regex

from campaign.core.errors import Invalid

Gap = Literal["forward", "back"]
Fold = Literal["first", "second"]
FORMAT = "%Y-%m-%d %H:%M"
_QUIET = regex.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s+(\S+?)(?:\s+(hard|soft))?")


def zone(field: str, name: str) -> ZoneInfo:
    """Return the IANA zone of that name.

    Raises:
        Invalid: there is none; the rule names the nearest.
    """
    known = _known_zones()
    if name in known:
        return ZoneInfo(name)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    raise Invalid(field, name, f"is no time zone of the IANA database (as Asia/Seoul is){hint}")


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())  # it walks through a thousand files


def parse_local(field: str, value: str) -> datetime:
    """Return the naive wall time of 'YYYY-MM-DD HH:MM'.

    Raises:
        Invalid: it is written otherwise, or is no such day.
    """
    for form in (FORMAT, "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            found = datetime.strptime(value.strip(), form)  # noqa: DTZ007 - a wall time has no zone of its own
        except ValueError:
            continue
        if not MINYEAR < found.year < MAXYEAR:  # in another zone it may lie beyond what a datetime can hold
            raise Invalid(field, value, f"must lie between the years {MINYEAR + 1} and {MAXYEAR - 1}")
        return found
    raise Invalid(field, value, "must be a local time written YYYY-MM-DD HH:MM, as in 2026-12-01 19:00")


def ambiguity(local: datetime, name: str) -> Literal["gap", "fold"] | None:
    """Return whether a naive wall time is one that the zone's clocks skip (gap) or show twice (fold)."""
    info = ZoneInfo(name)
    first, second = (local.replace(tzinfo=info, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return None
    # PEP 495: in a gap, fold=0 applies the offset before it and so lands after it; fold=1 the other way round.
    in_gap = first.astimezone(UTC).astimezone(info).replace(tzinfo=None, fold=0) != local
    return "gap" if in_gap else "fold"


def resolve(field: str, local: datetime, name: str, *, gap: Gap | None = None, fold: Fold | None = None) -> datetime:
    """Return the instant (aware UTC) of a wall time.

    Args:
        field: what the value is called where it came from.
        local: naive wall time.
        name: IANA zone.
        gap: which way to leave an hour that the clocks skip.
        fold: which of two equal wall times is meant.

    Raises:
        Invalid: the time falls in a gap or a fold and nothing says what is meant; both candidates are named.
    """
    info = zone(field, name)
    first = local.replace(tzinfo=info, fold=0)
    second = local.replace(tzinfo=info, fold=1)
    kind = ambiguity(local, name)
    if kind is None:
        return first.astimezone(UTC)
    if kind == "gap":
        if gap is not None:
            return (first if gap == "forward" else second).astimezone(UTC)
        after, before = (moment.astimezone(UTC).astimezone(info) for moment in (first, second))
        rule = (
            f"does not exist in {name}, the clocks skip it: "
            f"choose --gap back ({_shown(before)}) or --gap forward ({_shown(after)})"
        )
        raise Invalid(field, local.strftime(FORMAT), rule)
    if fold is not None:
        return (first if fold == "first" else second).astimezone(UTC)
    rule = f"happens twice in {name}: choose --fold first ({_shown(first)}) or --fold second ({_shown(second)})"
    raise Invalid(field, local.strftime(FORMAT), rule)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours in which nothing goes out to an audience.

    Attributes:
        zone: IANA; None: the leg's own.
        hard: nobody may break them; soft ones a person may, with a reason.
    """

    starts: time
    ends: time
    zone: str | None
    hard: bool = False

    @classmethod
    def parse(cls, field: str, value: str) -> "QuietHours | None":
        """Return what '22:00-08:00 Asia/Seoul' or '22:00-08:00 leg hard' says; 'none' is None.

        Raises:
            Invalid: it is written otherwise.
        """
        return _quiet_hours(field, value)

    def moved(self, instant: datetime, leg_zone: str) -> datetime:
        """Return the instant itself, or the end of the quiet hours that it falls into (aware UTC)."""
        info = ZoneInfo(self.zone or leg_zone)
        local = instant.astimezone(info)
        now = local.time()
        over_midnight = self.starts > self.ends
        quiet = (now >= self.starts or now < self.ends) if over_midnight else self.starts <= now < self.ends
        if not quiet:
            return instant
        day = local.date() + timedelta(days=1) if over_midnight and now >= self.starts else local.date()
        # An end of quiet hours inside a gap is the moment after it; one that happens twice is the next that comes.
        end = datetime.combine(day, self.ends, tzinfo=info)
        first, second = (end.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        return first if first > instant else second

    def __str__(self) -> str:
        return f"{self.starts:%H:%M}-{self.ends:%H:%M} {self.zone or 'leg'}" + " hard" * self.hard


@lru_cache(maxsize=256)  # each question when a post may go out asks for it, and to know all zones takes long
def _quiet_hours(field: str, value: str) -> QuietHours | None:
    if value.strip().lower() in ("", "none"):
        return None
    found = _QUIET.fullmatch(value.strip())
    rule = "must be written as 22:00-08:00 Asia/Seoul, 22:00-08:00 leg, 22:00-08:00 leg hard, or none"
    if not found:
        raise Invalid(field, value, rule)
    try:
        starts, ends = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    except ValueError:
        raise Invalid(field, value, rule) from None
    if starts == ends:
        raise Invalid(field, value, "must not begin and end at the same time")
    where = None if found[5] == "leg" else str(zone(field, found[5]))
    return QuietHours(starts, ends, where, hard=found[6] == "hard")


def audience_time(
    instant: datetime, langs: Sequence[str], quiet_hours: Mapping[str, str], leg_zone: str, *, anyway: bool = False
) -> tuple[datetime, str | None]:
    """Return when a post may reach the audiences of these languages, and why that differs from the instant, if so.

    Args:
        instant: aware UTC.
        quiet_hours: language → what QuietHours.parse() reads.
        leg_zone: the zone that 'leg' stands for.
        anyway: soft quiet hours are broken, for a reason that somebody gave; hard ones never are.

    Raises:
        Invalid: quiet hours that cannot be read, or that together leave no hour for all of these languages.
    """
    kept = {lang: QuietHours.parse(f"quiet_hours ({lang})", quiet_hours.get(lang, "none")) for lang in langs}
    why = None
    # The end of one audience's quiet hours may lie in those of another: ask until nobody moves it any more.
    for _ in range(len(kept) + 1):
        before = instant
        for lang, quiet in kept.items():
            if quiet is None or (anyway and not quiet.hard):
                continue
            if (later := quiet.moved(instant, leg_zone)) != instant:
                instant, why = later, f"quiet hours of the {lang} audience: {quiet}"
        if instant == before:
            return instant, why
    rule = "together leave no hour in which all of these audiences may be reached; send the languages separately"
    raise Invalid("quiet_hours", "+".join(kept), rule)


def audience_zone(lang: str, quiet_hours: Mapping[str, str], leg_zone: str, zones: Mapping[str, str]) -> str:
    """Return where the audience of a language lives: what its account's rule says, else its quiet hours, else the leg.

    Args:
        quiet_hours: language → what QuietHours.parse() reads.
        zones: language → IANA zone, of the account's rule.
    """
    if lang in zones:
        return zones[lang]
    quiet = QuietHours.parse(f"quiet_hours ({lang})", quiet_hours.get(lang, "none"))
    return (quiet.zone if quiet else None) or leg_zone


def in_zone(instant: datetime, name: str) -> str:
    """Return an instant as a person of that zone reads it: '2019-10-08 08:00 Asia/Seoul (UTC+9)'."""
    local = instant.astimezone(ZoneInfo(name))
    return f"{local.strftime(FORMAT)} {name} (UTC{_offset(local)})"


def _shown(moment: datetime) -> str:
    return f"{moment.strftime(FORMAT)} UTC{_offset(moment)} = {moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _offset(moment: datetime) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    sign, minutes = ("+", minutes) if minutes >= 0 else ("-", -minutes)
    return f"{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")
