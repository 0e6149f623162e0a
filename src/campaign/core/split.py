"""A long text becomes a thread: cut where a Korean, Russian or English sentence ends, else between words."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

import regex

from campaign.core.adapter import TextRule
from campaign.core.count import fits
from campaign.core.errors import Invalid

# A sentence ends with its sign, and what closes with it; in Chinese and Japanese no space follows.
_END = regex.compile(
    r"(?P<sign>[.!?…]+|[。！？]+)"
    r"(?P<closed>[\"'’”»›)\]」』】）\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\ufe0f\u200d]*)"
    r"(?P<space>[^\S\u00a0\u2007\u202f]+|(?<=[。！？」』】）])(?=\S))"
)
_LINE = regex.compile(r"\n\s*")
_SPACE = regex.compile(r"[^\S\u00a0\u2007\u202f]+")  # without spaces that hold words together
_ANY_SPACE = regex.compile(r"\s+")
_WORD = regex.compile(r"[^\s(\[{«„“\"'‘]+\Z")
_JOINED = regex.compile(r"[\p{M}\p{Emoji_Modifier}\u200d]")  # is one character with what stands before, be it a space
_GOES_ON = regex.compile(r"(?:[—–-]\s*)?\p{Ll}")
_QUOTED = regex.compile(
    r"(?:이?라고|이?라며|이?라는|하고|하며|하는)(?!\p{Hangul})"
)  # "…다." 라고: the sentence goes on
_DATE = regex.compile(r"\p{N}\.\s+\p{N}+\Z")  # 2026. 11. 24. is no three sentences
_HALVES = regex.compile(r"(?<!\p{L})(\p{L})\.\s*(\p{L})\Z")
_INITIAL = regex.compile(r"(?:\p{Lu}\.)*\p{Lu}|\p{L}(?:\.\p{L})+")  # А. С. Пушкин, U.S., e.g, т.д
_NUMERAL = regex.compile(r"(?:\A|\n)[ \t]*\p{N}{1,3}\Z")  # 1. at the head of a line
# What ends with a point before the sentence does, before a capital letter too.
_SHORT = """
mr mrs ms dr prof st sr jr vs fig vol gen sen rep gov capt lt col sgt rev hon pres dept est approx cf ca
jan feb mar apr jun jul aug sep sept oct nov dec
г гг ул пр просп пл пер д дом корп стр кв р рр оз им акад проф доц д-р г-н г-жа св см ср напр рис табл гл ст п пп
т тов гр обл с пос дер м о б-р наб тел чел ок прибл ред изд англ нем франц лат кор рус нач
"""
_ABBREVIATIONS = frozenset(_SHORT.split())
_COUNTING = ("no", "nos", "art", "sec", "тел", "номер")  # short before a number only: No. 5
_CLOSING = ("т.д", "т.п", "н.э")  # what may end a sentence none the less
_MOST_DIGITS = 6
_NEAR = 100  # characters before a sign that are looked at


def split_text(text: str, rule: TextRule, *, under_media: bool = False, numbered: bool = False) -> list[str]:
    """Return the text in parts that each fit the rule, cut between paragraphs or sentences, else between words.

    Nothing is lost but the white space at the cuts; links, hashtags, mentions and what is one character to a reader
    stay whole. `under_media`: the first part goes under the post's media. `numbered`: each of several parts ends with
    a line "1/3", which is counted in.

    Raises:
        Invalid: one word alone is longer than a part may be.
    """
    text = text.strip()
    first = replace(rule, limit=rule.limit_with_media) if under_media and rule.limit_with_media else rule
    if not numbered or fits(text, first):
        return _split(text, first, rule, 0)
    for digits in range(1, _MOST_DIGITS):
        parts = _split(text, first, rule, digits)
        if len(parts) < 10**digits:
            break
    return [part + _number(number, len(parts)) for number, part in enumerate(parts, 1)]


def _split(text: str, first: TextRule, rule: TextRule, digits: int) -> list[str]:
    """Return the parts; each leaves room for a number of so many digits, out of as many."""
    room = _number(10**digits - 1, 10**digits - 1) if digits else ""
    parts: list[str] = []
    while not fits(text + room, here := rule if parts else first):
        cut = _cut(text, here, room)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text]


def _number(number: int, of: int) -> str:
    return f"\n{number}/{of}"


def _cut(text: str, rule: TextRule, room: str) -> int:
    """Return where the longest part ends that fits."""
    for find in (find_ends, _words, _any_words):
        ends = [(start, end) for start, end in find(text) if start and not _JOINED.match(text, end)]
        # A text that ends later is never shorter: no platform takes several words for one.
        if fitting := bisect_right(ends, False, key=lambda one: not fits(text[: one[0]].rstrip() + room, rule)):
            return ends[fitting - 1][1]
    raise Invalid("text", text, f"holds one word that alone is longer than {rule.limit}; shorten it")


def _words(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _SPACE.finditer(text))


def _any_words(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _ANY_SPACE.finditer(text))


def find_ends(text: str) -> list[tuple[int, int]]:
    """Return where sentences and lines end: where the white space after each begins and ends.

    >>> find_ends("г. Сеул. 평화.")
    [(8, 9)]
    """
    found = {match.span() for match in _LINE.finditer(text)}
    found |= {match.span("space") for match in _END.finditer(text) if _ends(text, match)}
    return sorted(found)


def _ends(text: str, match: regex.Match[str]) -> bool:
    """Return whether a sign ends a sentence."""
    start, near = match.start(), max(0, match.start() - _NEAR)
    found = _WORD.search(text, near, start)
    word = found[0] if found else ""
    if not match["space"]:
        return not regex.search(r"[:/@#＠＃.]", word)  # nothing is cut that may be a link
    if "\n" in match["space"]:
        return True
    if match["closed"]:
        if _QUOTED.match(text, match.end()):
            return False
    elif match["sign"] == "." and word:
        number_follows = text[match.end()].isdigit()
        if word[-1].isdigit() and (number_follows or _DATE.search(text, near, start)):
            return False
        if number_follows and word.lower() in _COUNTING:
            return False
        if _NUMERAL.search(text, near, start) or _is_abbreviation(text, near, start, word):
            return False
    return not _GOES_ON.match(text, match.end())


def _is_abbreviation(text: str, near: int, end: int, word: str) -> bool:
    halves = _HALVES.search(text, near, end)
    if halves and f"{halves[1]}.{halves[2]}".lower() in _CLOSING:
        return False
    initial = _INITIAL.fullmatch(word) and word not in ("I", "Я")
    return bool(initial) or word.lower() in _ABBREVIATIONS
