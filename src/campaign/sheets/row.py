"""One post as a row of a sheet: made of its cells, and laid out in cells again."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast, get_args

from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.model import Strategy
from campaign.core.schedule import FORMAT, Fold, Gap
from campaign.sheets.column import PLAIN, TOLD, WORDING, Column, Odd, Value, letters, unguarded

MANY = 100_000  # rows of a sheet

STRATEGIES: tuple[str, ...] = get_args(Strategy)
OVERFLOWS = ("refuse", "thread", "numbered")  # the words of service.draft.Overflow


@dataclass(frozen=True, slots=True)
class Words:
    """One language of a row; None: the sheet has no such column, so nothing is said about it."""

    text: str | None = None
    title: str | None = None
    tags: tuple[str, ...] | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A medium of a row: a file, an address or `sha256:…`, with alt texts and files of captions per language."""

    file: str
    alt: Mapping[str, str] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A post as a sheet has it. An empty text is one that the cell left out; None: there is no such column.

    Attributes:
        where: its place in the file: row 7, posts[3].
        at: local wall time, YYYY-MM-DD HH:MM.
        media: None: the sheet has no media columns.
        own: account → language → the words that go there in place of the common ones; without a text: none.
        waive: LANG:CODE of findings that may stand → why.
        told: the columns that the sheet has for a person to read, which nobody takes.
    """

    where: str
    id: str
    at: str | None = None
    tz: str | None = None
    to: tuple[str, ...] | None = None
    words: Mapping[str, Words] = field(default_factory=dict)
    campaign: str | None = None
    leg: str | None = None
    strategy: str | None = None
    overflow: str | None = None
    gap: Gap | None = None
    fold: Fold | None = None
    anyway: str | None = None
    langs: tuple[str, ...] | None = None
    media: tuple[Shown, ...] | None = None
    place: Mapping[str, str] | None = None
    own: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)
    waive: Mapping[str, str] = field(default_factory=dict)
    approve: bool = False
    state: str = ""
    utc: str = ""
    remarks: str = ""


_APART = re.compile(r"[\s,;]+")
_TAGS = re.compile(r"[\s,;]+|(?<=[^\s,;])(?=#)")
_DATE = re.compile(
    r"(?:(?P<y>\d{4})\s*[-./년]\s*(?P<m>\d{1,2})\s*[-./월]\s*(?P<d>\d{1,2})\s*[.일]?"
    r"|(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>\d{4}))"
    r"[T\s]\s*(?P<half>오전|오후)?\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?\s*(?P<half2>[AaPp][Mm])?"
)


def time_of(value: str) -> str:
    """Return a time that a spreadsheet wrote as text, as YYYY-MM-DD HH:MM[:SS]; anything else comes back as it is.

    >>> time_of("2026. 12. 1. 오후 7:00"), time_of("01.12.2026 19:00"), time_of("tomorrow")
    ('2026-12-01 19:00', '2026-12-01 19:00', 'tomorrow')
    """
    found = _DATE.fullmatch(value.strip())
    if not found:
        return value.strip()
    year, month, day = (found[a] or found[b] for a, b in (("y", "y2"), ("m", "m2"), ("d", "d2")))
    hour, half = int(found["H"]), {"오전": "am", "오후": "pm"}.get(found["half"] or "", (found["half2"] or "").lower())
    if half:
        if not 1 <= hour <= 12:
            return value.strip()
        hour = hour % 12 + (12 if half == "pm" else 0)
    seconds = f":{found['S']}" if found["S"] and found["S"] != "00" else ""
    return f"{year}-{int(month):02}-{int(day):02} {hour:02}:{found['M']}{seconds}"


def take(columns: Sequence[Column | None], values: Sequence[Value], where: str) -> Row:
    """Return the row that the cells of one post make.

    Args:
        where: its place in the file, as row 7.

    Raises:
        ManyInvalid: cells that cannot be taken, each named by its column.
    """
    wrong: list[Invalid] = []
    cells: dict[Column, str] = {}
    for number, value in enumerate(values):
        one = columns[number] if number < len(columns) else None
        if one is None:
            if value is not None and str(value).strip():
                wrong.append(Invalid(f"column {letters(number + 1)}", _said(value), "has no name in the first row"))
            continue
        try:
            cells[one] = _text(one, value)
        except Invalid as error:
            wrong.append(error)
    for one in columns:
        if one is not None:
            cells.setdefault(one, "")
    try:
        row = _row(cells, where)
    except ManyInvalid as error:
        known = {one.field for one in wrong}
        wrong += [one for one in error.findings if one.field not in known]
    if wrong:
        raise ManyInvalid(wrong)
    return row


def _said(value: Value) -> str:
    return value.value if isinstance(value, Odd) else str(value)


def _text(one: Column, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Odd):
        raise Invalid(one.name, value.value, value.rule)
    if isinstance(value, datetime):
        if one.kind not in ("at", *TOLD):
            rule = "is a date by the cell's format; format the cell as text and write it again"
            raise Invalid(one.name, value.strftime(FORMAT), rule)
        # A spreadsheet counts days: 19:00 may come as 18:59:59.999.
        near = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return near.strftime("%Y-%m-%d %H:%M:%S" if near.second else FORMAT)
    return unguarded(value)


def _row(cells: Mapping[Column, str], where: str) -> Row:
    wrong: list[Invalid] = []
    plain = {one.kind: text.strip() for one, text in cells.items() if one.kind in PLAIN}

    def choice(kind: str, among: Sequence[str]) -> str | None:
        word = plain.get(kind)
        if word and word.casefold() not in among:
            wrong.append(Invalid(kind, word, f"must be one of: {', '.join(among)}"))
        return word.casefold() if word else word

    def several(kind: str) -> tuple[str, ...] | None:
        return tuple(word for word in _APART.split(plain[kind]) if word) if kind in plain else None

    if not plain.get("id"):
        wrong.append(Invalid("id", "", "must not be empty: it says which post the row is"))
    strategy, overflow = choice("strategy", STRATEGIES), choice("overflow", OVERFLOWS)
    gap, fold = choice("gap", get_args(Gap)), choice("fold", get_args(Fold))
    words: dict[str, Words] = {}
    own: dict[str, dict[str, Words]] = {}
    for lang, account in dict.fromkeys((one.lang, one.account) for one in cells if one.kind in WORDING):
        if lang:
            found, stray = _words(cells, lang, account)
            wrong += stray
            (own.setdefault(account, {}) if account else words)[lang] = found
    media, stray_media = _media(cells)
    wrong += stray_media
    waive: dict[str, str] = {}
    for line in filter(None, map(str.strip, cells.get(Column("waive"), "").split("\n"))):
        what, equals, why = line.partition("=")
        if not equals or ":" not in what:
            wrong.append(
                Invalid("waive", line, "must be written LANG:CODE=REASON, one a line, as in ru:mixed-script=a logo")
            )
        waive[what.strip()] = why.strip()
    if wrong:
        raise ManyInvalid(wrong)
    places = {one.lang: text for one, text in cells.items() if one.kind == "place" and one.lang}
    return Row(
        where=where,
        id=plain["id"],
        at=time_of(plain["at"]) if "at" in plain else None,
        tz=plain.get("tz"),
        to=several("to"),
        words=words,
        campaign=plain.get("campaign"),
        leg=plain.get("leg"),
        strategy=strategy,
        overflow=overflow,
        gap=cast(Gap | None, gap or None),
        fold=cast(Fold | None, fold or None),
        anyway=plain.get("anyway"),
        langs=several("langs"),
        media=media,
        place={lang: text for lang, text in places.items() if text.strip()} if places else None,
        own=own,
        waive=waive,
        state=plain.get("state", ""),
        utc=plain.get("utc", ""),
        remarks=cells.get(Column("remarks"), ""),
    )


def _words(cells: Mapping[Column, str], lang: str, account: str | None) -> tuple[Words, list[Invalid]]:
    text, title, tags, link = (
        cells.get(Column(kind, lang, None, account)) for kind in ("text", "title", "tags", "link")
    )
    if text is not None and not text.strip():
        stray = [
            (kind, said) for kind, said in (("title", title), ("tags", tags), ("link", link)) if (said or "").strip()
        ]
        one = Column("text", lang, None, account)
        rule = f"there is no {one.name} in this row"
        return Words(""), [Invalid(one._replace(kind=kind).name, said, rule) for kind, said in stray]
    if not link and not account:
        link = cells.get(Column("link", "")) or link
    return Words(text, title, split_tags(tags) if tags is not None else None, link), []


def _media(cells: Mapping[Column, str]) -> tuple[tuple[Shown, ...] | None, list[Invalid]]:
    wrong: list[Invalid] = []
    numbers = sorted({one.number for one in cells if one.number is not None})
    if not numbers:
        return None, wrong
    found: list[Shown] = []
    for number in numbers:
        file = cells.get(Column("media", None, number), "").strip()
        beside: dict[str, dict[str, str]] = {"alt": {}, "captions": {}}
        for one, text in cells.items():
            if one.number == number and one.kind in beside and one.lang and text.strip():
                beside[one.kind][one.lang] = text if one.kind == "alt" else text.strip()
                if not file:
                    wrong.append(Invalid(one.name, text, f"there is no media{number} in this row"))
        if file and len(found) != number - 1:
            wrong.append(
                Invalid(f"media{number}", file, f"media{len(found) + 1} is empty; fill the media from the first on")
            )
        if file:
            found.append(Shown(file, beside["alt"], beside["captions"]))
    return tuple(found), wrong


def split_tags(text: str) -> tuple[str, ...]:
    """Return the hashtags of a cell: blanks, commas, semicolons or the next # part them."""
    return tuple(word for word in _TAGS.split(text) if word)


def columns_for(rows: Iterable[Row], langs: Sequence[str]) -> list[Column]:
    """Return the columns that these rows need, in the order in which a person reads them."""
    media: dict[int, set[str]] = {}
    places: set[str] = set()
    own: set[tuple[str, str]] = set()
    used: set[str] = set()
    spoken: set[str] = set(langs)
    for row in rows:
        used |= {kind for kind in ("gap", "fold", "anyway", "leg", "langs", "campaign", "waive") if getattr(row, kind)}
        places |= set(row.place or ())
        own |= {(account, lang) for account, words in row.own.items() for lang in words}
        spoken |= set(row.words)
        for number, item in enumerate(row.media or (), 1):
            kinds = media.setdefault(number, set())
            kinds |= {f"alt.{lang}" for lang in item.alt} | {f"captions.{lang}" for lang in item.captions}
    order = [*langs, *sorted(spoken - set(langs))]
    always = {"id", "at", "tz", "utc", "to", "strategy", "overflow", "state"}
    columns = [Column(kind) for kind in PLAIN if kind in always | used]
    columns += [Column(kind, lang) for lang in order for kind in WORDING]
    columns += [Column(kind, lang, None, account) for account, lang in sorted(own) for kind in WORDING]
    for number in sorted(media):
        columns.append(Column("media", None, number))
        for kind in ("alt", "captions"):
            known = [lang for lang in order if f"{kind}.{lang}" in media[number]]
            others = sorted(
                {name.partition(".")[2] for name in media[number] if name.startswith(kind + ".")} - {*known}
            )
            columns += [Column(kind, lang, number) for lang in (*known, *others)]
    columns += [Column("place", lang) for lang in (*order, *sorted(places - set(order))) if lang in places]
    return [*columns, Column("remarks")]


def cell(row: Row, one: Column) -> str:
    """Return what stands in one column of a row, unguarded."""
    if one.kind in PLAIN:
        value = getattr(row, one.kind)
        if one.kind == "waive":
            return "\n".join(f"{what}={why}" for what, why in row.waive.items())
        return ", ".join(value) if isinstance(value, tuple) else value or ""
    if one.kind == "place":
        return (row.place or {}).get(one.lang or "", "")
    if one.number is not None:
        if one.number > len(row.media or ()):
            return ""
        item = (row.media or ())[one.number - 1]
        if one.kind == "media":
            return item.file
        beside = item.alt if one.kind == "alt" else item.captions
        return beside.get(one.lang or "", "")
    words = (row.own.get(one.account, {}) if one.account else row.words).get(one.lang or "", Words())
    if one.kind == "tags":
        return " ".join(words.tags or ())
    text: str | None = getattr(words, one.kind)
    return text or ""


def at_row(where: str, error: Invalid) -> list[Invalid]:
    """Return an error's findings, each named by its place: row 7, at."""
    found = error.findings if isinstance(error, ManyInvalid) else (error,)
    return [Invalid(f"{where}, {one.field}", one.value, one.rule) for one in found]
