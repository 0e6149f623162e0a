"""Holidays of an audience's country, named in the reader's language: hints, never blocks.

The days are those of the package `holidays` (https://holidays.readthedocs.io): with substitute days off, and with the
weekends on which Russia works in their place. It is loaded when a day is asked about: 50 ms and 19 MB.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal

from campaign.core.errors import Invalid

# Where the audience of a language lives when nothing else is said; English is read everywhere, so it has none.
COUNTRIES: Mapping[str, str] = {"ko": "KR", "ru": "RU"}
_LANGUAGES = {"ko": "ko", "ru": "ru", "en": "en_US"}  # our tags → those of the package
_WORKING = {"ko": "대체 근무 주말", "ru": "Рабочий выходной", "en": "Working weekend"}


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day that an audience does not spend as usual."""

    day: date
    country: str  # ISO 3166-1 alpha-2
    kind: Literal["holiday", "working_weekend"]
    names: Mapping[str, str]  # language → what it is called; English always

    def name(self, reader: str) -> str:
        """Return what it is called in the reader's language, or in English where that is not known."""
        return self.names.get(reader, self.names["en"])


def parse_countries(field: str, text: str) -> Mapping[str, str]:
    """Return language → country of 'ko=KR, ru=RU'; empty: nobody keeps holidays.

    Raises:
        Invalid: it is written otherwise.
    """
    found: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        lang, equals, country = (part.strip() for part in item.partition("="))
        if not lang or not equals or not country.isalpha() or len(country) != 2:
            raise Invalid(field, text, "must be languages with their countries (ISO 3166-1), as in ko=KR, ru=RU")
        found[lang] = country.upper()
    return found


def holiday_on(day: date, country: str) -> Holiday | None:
    """Return what day of a country it is; None: an ordinary one, or a country that nobody knows."""
    names = {lang: str(calendar[day]) for lang, calendar in _calendars(country, day.year).items() if day in calendar}
    if names:
        names.setdefault("en", next(iter(names.values())))
        return Holiday(day, country, "holiday", names)
    if any(day in calendar.weekend_workdays for calendar in _calendars(country, day.year).values()):
        return Holiday(day, country, "working_weekend", _WORKING)
    return None


def holidays_in(year: int, country: str) -> list[Holiday]:
    """Return the holidays and the working weekends of a year, in order."""
    calendars = _calendars(country, year).values()
    days = {day for calendar in calendars for day in (*calendar, *calendar.weekend_workdays) if day.year == year}
    return [found for day in sorted(days) if (found := holiday_on(day, country)) is not None]


@cache
def _calendars(country: str, year: int) -> Mapping[str, Any]:
    """Return our language → the calendar of a country's year in it; empty: the package does not know the country."""
    import holidays

    if country not in holidays.list_supported_countries():
        return {}
    found: dict[str, Any] = {}
    known = holidays.list_localized_countries().get(country, [])
    for lang, tag in _LANGUAGES.items():
        if tag in known:
            found[lang] = holidays.country_holidays(country, years=year, language=tag)
    return found or {"en": holidays.country_holidays(country, years=year)}
