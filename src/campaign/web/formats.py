"""Numbers, plurals, dates and languages as Korean, English and Russian readers write them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from campaign.core.engagement import Interval
from campaign.web.words import CATALOGUE, LANGS, forms, word

NBSP = "\u00a0"
_MONTHS = {
    "en": "January,February,March,April,May,June,July,August,September,October,November,December",
    "ru": "января,февраля,марта,апреля,мая,июня,июля,августа,сентября,октября,ноября,декабря",
}


class Look:
    """One language's way to write; pages hold one and never format by themselves."""

    def __init__(self, lang: str) -> None:
        self.lang = lang if lang in LANGS else "en"

    def say(self, key: str, **values: object) -> str:
        """Return a sentence of the catalogue."""
        return word(key, self.lang, **values)

    def count(self, key: str, n: int) -> str:
        """Return a counted thing with the right plural.

        >>> [Look("ru").count("n.posts", n) for n in (1, 2, 5, 21)]
        ['1 пост', '2 поста', '5 постов', '21 пост']
        """
        chosen = forms(key, self.lang)
        return chosen[min(self._form(n), len(chosen) - 1)].format(n=self.number(n)).replace(" ", NBSP, 1)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number: 12,345.5 or, in Russian, 12 345,5."""
        text = f"{value:,.{digits}f}"
        return text.translate({ord(","): NBSP, ord("."): ","}) if self.lang == "ru" else text

    def percent(self, part: int, whole: int) -> str:
        """Return a share in whole percent; only all is 100 and only nothing is 0."""
        share = 0.0 if not whole else part / whole * 100
        shown = round(share)
        if whole and part != whole and shown == 100:
            shown = 99
        if part and shown == 0:
            shown = 1
        return f"{shown}{NBSP}%" if self.lang == "ru" else f"{shown}%"

    def figure(self, value: float) -> str:
        """Return an estimate with the digits that it deserves."""
        return self.number(value, 0 if value >= 10 or value == 0 else 1)

    def times(self, value: float) -> str:
        """Return a ratio as 1.3 or 0.72: two significant figures."""
        return self.number(value, 0 if value >= 10 else 1 if value >= 1 else 2)

    def interval(self, interval: Interval | None, *, ratio: bool = False) -> str:
        """Return an estimate with its interval; a dash where there is none."""
        if interval is None:
            return "—"
        form = self.times if ratio else self.figure
        text = ("×" if ratio else "") + form(interval.estimate)
        if interval.low is None or interval.high is None:
            return f"{text} ({self.say('too_few')})"
        return f"{text} ({form(interval.low)}–{form(interval.high)})"

    def moment(self, at: datetime, zone: str) -> str:
        """Return date and time on the 24 h clock, with the offset of the zone at that time."""
        local = at.astimezone(ZoneInfo(zone))
        return f"{self.date(local)}{'' if self.lang == 'ko' else ','} {local:%H:%M} ({offset(local)})"

    def date(self, local: datetime) -> str:
        """Return a date in words."""
        match self.lang:
            case "ko":
                return f"{local.year}년 {local.month}월 {local.day}일"
            case "ru":
                return f"{local.day}{NBSP}{self._month(local)} {local.year}{NBSP}г."
            case _:
                return f"{local.day}{NBSP}{self._month(local)} {local.year}"

    def language(self, tag: str) -> str:
        """Return a language's name; 'ko+ru' is both."""
        names = [self.say(f"lang.{one}") if f"lang.{one}" in CATALOGUE else one for one in tag.split("+")]
        return " + ".join(names)

    def age(self, age: timedelta) -> str:
        """Return an age in its largest whole unit."""
        minutes = round(age.total_seconds() / 60)
        if minutes < 60:
            return self.say("unit.min", n=minutes).replace(" ", NBSP)
        if minutes <= 36 * 60:
            return self.say("unit.h", n=self.number(minutes / 60)).replace(" ", NBSP)
        days = minutes / 1440
        return self.say("unit.d", n=self.number(days, 0 if abs(days - round(days)) < 0.05 else 1)).replace(" ", NBSP)

    def told(self, texts: Mapping[str, str], otherwise: str) -> tuple[str, str | None]:
        """Return the wording in this language, or in another with its tag: a fragment says its language."""
        for lang in (self.lang, *LANGS, *texts):
            if texts.get(lang):
                return texts[lang], lang
        return otherwise, None

    def _month(self, local: datetime) -> str:
        return _MONTHS[self.lang].split(",")[local.month - 1]

    def _form(self, n: int) -> int:
        if self.lang == "ru":
            if n % 10 == 1 and n % 100 != 11:
                return 0
            return 1 if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else 2
        return 0 if n == 1 else 1


def offset(local: datetime) -> str:
    """Return UTC+9 or UTC+5:30."""
    seconds = int((local.utcoffset() or timedelta()).total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    sign = "−" if seconds < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def utc(at: datetime) -> str:
    """Return 2019-10-01 00:00 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def iso(at: datetime) -> str:
    """Return the instant for a machine."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def web_address(url: str | None) -> str | None:
    """Return the address when it may stand in a link: http or https, nothing else."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None
