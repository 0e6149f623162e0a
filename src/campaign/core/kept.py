"""What of a text stays as it is in every language: links, addresses, @names, #tags, {placeholders}, some names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import regex

from campaign.core.text import LINK

Kind = Literal["link", "address", "mention", "tag", "placeholder", "name"]

_ADDRESS = regex.compile(r"(?<![\w.+\-@/])[\w.+\-]+@[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)+")
# A name is ASCII on all networks here: a Korean particle ends it.
_MENTION = regex.compile(
    r"(?<![\w/@.#\-])@[a-z0-9_]+(?:[a-z0-9_.\-]*[a-z0-9_])?(?:@[a-z0-9\-]+(?:\.[a-z0-9\-]+)+)?",
    regex.IGNORECASE | regex.ASCII,
)
_TAG = regex.compile(r"(?<![\w/&#])#[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*")
_PLACEHOLDER = regex.compile(r"\{\{[^{}\n]{1,60}\}\}|\{[^{}\n]{1,60}\}")
_PATTERNS: tuple[tuple[Kind, regex.Pattern[str]], ...] = (
    ("link", LINK),
    ("address", _ADDRESS),
    ("mention", _MENTION),
    ("tag", _TAG),
    ("placeholder", _PLACEHOLDER),
)
# A name must not go on in letters of its own script. A Korean particle after a Latin name is no part of it, nor is one
# after a Korean name.
_SCRIPTS = (regex.compile(r"[\p{Latin}0-9]"), regex.compile(r"\p{Cyrillic}"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A stretch that stays as it is."""

    text: str
    kind: Kind = "name"


Pieces = tuple[str | Kept, ...]


def find_kept(text: str, names: Sequence[str] = ()) -> list[tuple[int, int, Kind]]:
    """Return where such stretches stand, from left to right; of two that overlap, the one that begins first stays.

    Args:
        names: what is written alike in both languages, as the glossary says.

    >>> [(text[a:b], kind) for text in ["I·SEOUL·U는 @kr@example.org, #평화!"] for a, b, kind in find_kept(text)]
    [('@kr@example.org', 'mention'), ('#평화', 'tag')]
    """
    found = [(*match.span(), kind) for kind, pattern in _PATTERNS for match in pattern.finditer(text)]
    for name in dict.fromkeys(names):
        found += [(at, at + len(name), "name") for at in _places(text, name)]
    kept: list[tuple[int, int, Kind]] = []
    for start, end, kind in sorted(found, key=lambda one: (one[0], -one[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, kind))
    return kept


def pieces(text: str, names: Sequence[str] = ()) -> Pieces:
    """Return a text in pieces: what may be translated, and what stays as it is.

    >>> pieces("서울 #평화")
    ('서울 ', Kept(text='#평화', kind='tag'))
    """
    parts: list[str | Kept] = []
    at = 0
    for start, end, kind in find_kept(text, names):
        if start > at:
            parts.append(text[at:start])
        parts.append(Kept(text[start:end], kind))
        at = end
    if at < len(text):
        parts.append(text[at:])
    return tuple(parts)


def whole(parts: Pieces) -> str:
    """Return the text of its pieces."""
    return "".join(part if isinstance(part, str) else part.text for part in parts)


def lost(parts: Pieces, translated: str) -> list[Kept]:
    """Return what should have stayed and does not stand in the translation, as often as it should.

    >>> lost(pieces("@kr #평화"), "@kr #мир")
    [Kept(text='#평화', kind='tag')]
    """
    missing: list[Kept] = []
    rest = translated
    for part in sorted((part for part in parts if isinstance(part, Kept)), key=lambda one: -len(one.text)):
        before, there, after = rest.partition(part.text)
        if not there:
            missing.append(part)
        rest = f"{before}\0{after}" if there else rest
    return missing


def _places(text: str, name: str) -> Iterator[int]:
    at = text.find(name) if name.strip() else -1
    while at >= 0:
        end = at + len(name)
        if not (_goes_on(text[at - 1 : at], name[0]) or _goes_on(text[end : end + 1], name[-1])):
            yield at
        at = text.find(name, end)


def _goes_on(beside: str, edge: str) -> bool:
    return bool(beside) and any(script.match(beside) and script.match(edge) for script in _SCRIPTS)
