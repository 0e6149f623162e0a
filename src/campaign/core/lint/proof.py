"""One text on the lint's table: its characters, what no fix may touch, and how a mark is made."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import regex

from campaign.core.finding import Finding, Severity
from campaign.core.lint.words import sentence
from campaign.core.text import LINK

_SHOWN = 60  # characters of a value; a place may be as long as the text
_UNSEEN = regex.compile(
    r"[\p{C}\p{Zl}\p{Zp}\u034F\u115F\u1160\u3164\uFFA0\uFE00-\uFE0F\U000E0100-\U000E01EF--[\n\t]]|^\p{M}", regex.V1
)
# Hosts without a scheme: lower case only, so that a missing space between two sentences is not one.
_HOST = r"(?:[a-z0-9][a-z0-9\-]*\.)+[a-z]{2,24}(?![\p{L}\p{N}])(?:[:/?][^\s«»“”„‘’\"'<>()]*)?"
_NAMES = regex.compile(
    rf"(?<![\w.+\-'])[\w.+\-']+@[\w\-]+(?:\.[\w\-]+)+"  # an e-mail address
    rf"|[@＠][\w][\w.\-]*(?:@[\w.\-]+)?"
    rf"|[#＃][\w·ㆍ・\p{{M}}]*[\p{{L}}_][\w·ㆍ・\p{{M}}]*"
    rf"|\{{[^{{}}\s]{{1,40}}\}}"
    rf"|(?<![\w@.\-]){_HOST}"
)
_CUES = regex.compile(r"^WEBVTT.*$|^.*-->.*$", regex.MULTILINE)
_NAMED = frozenset("@＠#＃{")
_MAY_BE_HOST = re.compile(r"[a-z0-9]\.[a-z]{2}")


DROPPED: Final = Finding("warning", "", "", "there are too many of this kind to be told")


class Proof:
    """A text with its language, read by every rule."""

    def __init__(self, text: str, lang: str, field: str, most: int | None = None) -> None:
        self.text, self.lang, self.field = text, primary(lang), field
        self.chars = frozenset(text)
        self.kept = kept(text, self.chars)  # links, @names, #tags, {placeholders}
        self._most, self._told = most, Counter[str]()
        self._starts = [start for start, _ in self.kept]

    def free(self, start: int, end: int) -> bool:
        """Whether a place touches nothing that is kept as it is."""
        if not self.kept:
            return True
        index = bisect_right(self._starts, max(start, end - 1)) - 1
        return index < 0 or self.kept[index][1] <= start

    def mark(
        self,
        code: str,
        place: tuple[int, int],
        fix: str | None = None,
        severity: Severity = "warning",
        *,
        everywhere: bool = False,
        **told: str,
    ) -> Finding:
        """Return a finding at a place. What is kept as it is gets no fix, unless this one counts everywhere."""
        self._told[code] += 1
        if self._most is not None and self._told[code] > self._most:
            return DROPPED
        value = self.text[place[0] : place[1]]
        found = finding(self.field, code, value, severity, place, fix, **told)
        return found if fix is None or everywhere or self.free(*place) else replace(found, fix=None)


def finding(
    field: str,
    code: str,
    value: str,
    severity: Severity = "warning",
    place: tuple[int, int] | None = None,
    fix: str | None = None,
    **told: str,
) -> Finding:
    """Return a finding whose rule is the catalogue's English sentence; it tells its value and its fix too.

    What it tells can be seen and encoded, whatever the text held.
    """
    values = {name: shown(one) for name, one in {"value": value, "fix": fix or "", **told}.items()}
    rule = sentence(code, "en", values) or code
    return Finding(severity, field, values["value"], rule, code=code, place=place, fix=fix, told=tuple(values.items()))


def primary(lang: str) -> str:
    """Return the language of a tag: en of en-GB."""
    return lang.partition("-")[0].lower()


def kept(text: str, chars: frozenset[str]) -> list[tuple[int, int]]:
    """Return the places of links, names, hashtags, placeholders and the time lines of captions, in order, merged."""
    found: list[tuple[int, int]] = []
    if "/" in chars and "://" in text:
        found += [match.span() for match in LINK.finditer(text)]
    if chars & _NAMED or _MAY_BE_HOST.search(text):
        found += [match.span() for match in _NAMES.finditer(text)]
    if ">" in chars and "-->" in text:
        found += [match.span() for match in _CUES.finditer(text)]
    return list(_merged(sorted(found)))


def shown(text: str) -> str:
    """Return a piece of text as a person can see it: what is invisible by its number, and not too long.

    >>> shown("при\\u200bвет")
    'при⟨U+200B⟩вет'
    """
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return str(_UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", cut))


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    held: tuple[int, int] | None = None
    for start, end in spans:
        if held is not None and start < held[1]:
            held = (held[0], max(end, held[1]))
            continue
        if held is not None:
            yield held
        held = (start, end)
    if held is not None:
        yield held
