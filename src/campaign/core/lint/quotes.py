"""Quotation marks and apostrophes: which open, which close, and how each language writes them."""

from collections.abc import Iterator

import regex

from campaign.core.finding import Finding
from campaign.core.lint.proof import Proof

# Outer and inner marks. Russian: https://dzen.ru/a/Wfj0P9yvjlsnoTJf; Korean: 한글 맞춤법, 부록 문장 부호 (2014-12-05),
# 큰따옴표 and 작은따옴표; English: in the American order that the demo's texts follow.
_STYLES = {"ru": (("«", "»"), ("„", "“")), "ko": (("“", "”"), ("‘", "’")), "en": (("“", "”"), ("‘", "’"))}
# Marks that are changed where they stand; others of another language may quote it, and stay.
_STRANGERS = {"ru": frozenset('"“”„″'), "ko": frozenset('"'), "en": frozenset('"«»')}
_DOUBLE = regex.compile('["«»„“”]')
_CLOSERS = {"«": "»", "„": "“", "“": "”", '"': '"', "»": "", "”": ""}
_OPENS_AFTER = frozenset("([{‘—–-/\u00a0 \n\t…·")
_CONTRACTION = regex.compile(r"(?<=[\p{Latin}0-9])'(?=\p{Latin})|(?<![\p{L}\p{N}'])'(?=\d0s\b|tis\b|twas\b|em\b)")
_PAIR = regex.compile(
    r"(?:^|(?<=[\s(\[“«—–]))'(?=[^\s'])((?:[^'\n]|(?<=[\p{Latin}0-9])'(?=\p{Latin})){0,200}(?<=[^\s']))'(?![\p{Latin}0-9'])",
    regex.MULTILINE,
)
_POSSESSIVE = regex.compile(r"(?<=s)'(?=[\s.,;:!?)]|$)", regex.MULTILINE)


def quotes(proof: Proof) -> Iterator[Finding]:
    """Tell marks that the language writes otherwise, each with the mark that should stand there."""
    if proof.lang not in _STYLES:
        return
    if proof.chars & _STRANGERS[proof.lang]:
        yield from _double(proof)
    if "'" in proof.chars and proof.lang in {"en", "ko"}:
        yield from _single(proof)


def _double(proof: Proof) -> Iterator[Finding]:
    style, strangers = _STYLES[proof.lang], _STRANGERS[proof.lang]
    for depth, opening, closing in pairs(proof):
        wanted = style[depth % 2] if proof.lang == "ru" else style[0]
        found = proof.text[opening], proof.text[closing]
        if found == wanted or not strangers & set(found):
            continue
        if found == ("„", "“") and proof.lang == "ru" and depth % 2:
            continue
        for place, mark in zip((opening, closing), wanted, strict=True):
            if proof.text[place] != mark:
                code = "straight-quotes" if proof.text[place] == '"' else "quote-style"
                yield proof.mark(code, (place, place + 1), mark)


def pairs(proof: Proof) -> list[tuple[int, int, int]]:
    """Return the pairs of double marks: depth, place of the opening, place of the closing. A lone mark is in none.

    A paragraph's end closes nothing: what is open there was an inch sign, or a mark forgotten.
    """
    found: list[tuple[int, int, int]] = []
    opened: list[int] = []
    last = 0
    for match in _DOUBLE.finditer(proof.text):
        place = match.start()
        if not proof.free(place, place + 1):
            continue
        if opened and proof.text.find("\n", last, place) >= 0:
            opened.clear()
        last = place
        if _opens(proof, place, opened):
            opened.append(place)
        elif _closes(proof.text, place):
            fits = [depth for depth, start in enumerate(opened) if proof.text[place] in _CLOSERS[proof.text[start]]]
            if fits:  # what was opened within and not closed was no quotation mark
                found.append((fits[-1], opened[fits[-1]], place))
                del opened[fits[-1] :]
    return sorted(found, key=lambda pair: pair[1])


def _opens(proof: Proof, place: int, opened: list[int]) -> bool:
    text, mark = proof.text, proof.text[place]
    if mark in "«„":
        return True
    if mark in "»”":
        return False
    before = text[place - 1] if place else " "
    after = text[place + 1] if place + 1 < len(text) else " "
    if mark == "“":  # in Russian it closes what „ has opened
        return proof.lang != "ru" or not opened or text[opened[-1]] != "„"
    if before in '"«»„“”':  # beside another mark it does as that one did
        return bool(opened) and opened[-1] == place - 1 and after not in "\u00a0 \n\t"
    return before in _OPENS_AFTER and after not in "\u00a0 \n\t"


def _closes(text: str, place: int) -> bool:
    if text[place] != '"':
        return True
    before = text[place - 1] if place else " "
    return before not in "\u00a0 \n\t"


def _single(proof: Proof) -> Iterator[Finding]:
    """Straight single marks: apostrophes of English, and pairs; feet and minutes stay."""
    if proof.lang == "en":
        for match in _CONTRACTION.finditer(proof.text):
            yield proof.mark("apostrophe", match.span(), "’")
    ends: set[int] = set()
    for match in _PAIR.finditer(proof.text):
        start, end = match.span()
        if match[1][0].isdigit() or not proof.free(start, start + 1) or not proof.free(end - 1, end):
            continue
        ends.add(end - 1)
        yield proof.mark("straight-quotes", (start, start + 1), "‘")
        yield proof.mark("straight-quotes", (end - 1, end), "’")
    if proof.lang == "en":
        for match in _POSSESSIVE.finditer(proof.text):
            if match.start() not in ends:
                yield proof.mark("apostrophe", match.span(), "’")
