"""Spaces, dashes, numbers and units, as Korean, Russian and English print them: warnings, each with its fix."""

from collections.abc import Callable, Iterator

import regex

from campaign.core.finding import Finding
from campaign.core.lint.particles import particles
from campaign.core.lint.proof import Proof
from campaign.core.lint.quotes import quotes

_NBSP = "\u00a0"
_SPACES = regex.compile(r"(?<=\S)[ \u00A0\t]{2,}(?=\S)")
_EARLY = regex.compile(r"(?<=[\p{L}\p{N}»”’)])[ \u00A0]+(?=[,;](?:\s|$)|[.!?](?:\s|$))", regex.MULTILINE)
_RANGE = regex.compile(r"(?<![\p{L}\p{N}\-–—.,:/(+])([0-9]{1,4})(-)([0-9]{1,4})(?![\p{N}\-–—/]|[.,:]\d|\p{Lu})")
_HYPHEN = regex.compile(r"(?<=[^\s\-–—])[ \u00A0\t]+(--?)[ \u00A0\t]+(?=[\p{L}\p{N}«“„\"‘(])")
_DOUBLE_HYPHEN = regex.compile(r"(?<=[\p{L}»”])--(?=[\p{L}«“])")

# Russian: dashes as https://dzen.ru/a/Wfj0P9yvjlsnoTJf tells, spaces that do not break as in Д. Кирсанов, Веб-дизайн:
# https://user.bibliboba.online/books/veb-dizain/p/124
_EN_DASH = regex.compile(r"(?<=[\p{L}\p{N}»“)!?.…,:])[ \u00A0\t]+(–)[ \u00A0\t]+(?=[\p{L}\p{N}«„(])")
_CLOSE_DASH = regex.compile(
    r"(?<=[\p{L}\p{N}»“)])(?:[ \u00A0\t]+—(?=[\p{L}\p{N}«„])|—[ \u00A0\t]+(?=[\p{L}\p{N}«„])|—(?=[а-яё]))"
)
_ABBREVIATION = regex.compile(
    r"(?<![\p{L}.])([Тт])\.( *)([екдпно])\.(?!\p{L})|(?<![\p{L}.])([Ии]) +(т\.)( *)([дп])\.(?!\p{L})"
)
_YEAR = regex.compile(r"(?<=\d)( *)(?=гг?\.(?!\p{L})|вв?\.(?!\p{L}))")
_TOWN = regex.compile(r"(?<![\p{L}\d.])(?<!\d[ \u00A0])[гГ]\. *(?=\p{Lu}\p{Ll})")
_NUMBER_SIGN = regex.compile(r"№( *)(?=\d)")
_HASH = regex.compile(r"(?<![\w&/#])#[ ]?(?=\d{1,4}(?![\w·]))")
_UNIT = (
    r"(?:км|м|см|мм|кг|г|мг|т|л|мл|га|ч|мин|сек|тыс\.|млн|млрд|руб\.|кВт|МВт|ГБ|МБ|ТБ|Гц|км/ч|м²|км²|₽|°C|°С)"
    r"(?![\p{L}\p{N}.²/])"
)
_MEASURE = regex.compile(rf"(?<=\d)( *)(?={_UNIT})")

_SIDE_BEFORE, _SIDE_AFTER = regex.compile(r"(?:[\d.,]+|\S)$"), regex.compile(r"[\p{L}\p{N}°₽²/]{1,12}\.?")

_DOTS = regex.compile(r"(?<=[\p{Hangul}\p{N}])[\u318D\u30FB](?=[\p{Hangul}\p{N}])")


def typography(proof: Proof) -> Iterator[Finding]:
    """Tell what the language prints otherwise."""
    for rule in (*_ALL, *_OF.get(proof.lang, ())):
        for found in rule(proof):
            if found.place is not None and proof.free(*found.place):
                yield found


def _spaces(proof: Proof) -> Iterator[Finding]:
    if "  " in proof.text or proof.chars & {_NBSP, "\t"}:
        for match in _SPACES.finditer(proof.text):
            yield proof.mark("double-space", match.span(), _NBSP if _NBSP in match[0] else " ")


def _early_marks(proof: Proof) -> Iterator[Finding]:
    for match in _EARLY.finditer(proof.text):
        yield proof.mark("space-before-mark", match.span(), "")


def _ranges(proof: Proof) -> Iterator[Finding]:
    if "-" not in proof.chars:
        return
    for match in _RANGE.finditer(proof.text):
        low, high = match[1], match[3]
        if (len(low) == len(high) == 4 or max(len(low), len(high)) < 4) and int(low) < int(high):
            yield proof.mark("hyphen-in-range", match.span(2), "–", right=f"{low}–{high}")


def _dashes(proof: Proof) -> Iterator[Finding]:
    dash = "—" if proof.lang == "ru" else "–"
    if "-" in proof.chars:
        for match in _HYPHEN.finditer(proof.text):
            if proof.text[match.start() - 1].isdecimal() and proof.text[match.end()].isdecimal():
                continue  # 8 - 5 may be a difference
            yield proof.mark("hyphen-as-dash", match.span(1), dash)
        for match in _DOUBLE_HYPHEN.finditer(proof.text):
            yield proof.mark("hyphen-as-dash", match.span(), " — " if proof.lang == "ru" else "—")


def _russian_dashes(proof: Proof) -> Iterator[Finding]:
    if "–" in proof.chars:
        for match in _EN_DASH.finditer(proof.text):
            yield proof.mark("dash-style", match.span(1), "—")
    if "—" in proof.chars:
        for match in _CLOSE_DASH.finditer(proof.text):
            yield proof.mark("dash-spaces", match.span(), " — ")


def _bound(proof: Proof) -> Iterator[Finding]:
    """Spaces that must not break: т. е., 1919 г., г. Москва, № 5, 9288 км."""
    if "." in proof.chars:
        for match in _ABBREVIATION.finditer(proof.text):
            first, last = match[1] or f"{match[4]} {match[5][:-1]}", match[3] or match[7]
            fix = f"{first}.{_NBSP}{last}."
            yield proof.mark("abbreviation-space", match.span(), fix)
        for match in _YEAR.finditer(proof.text):
            yield _gap(proof, match.span())
        for match in _TOWN.finditer(proof.text):
            yield proof.mark("abbreviation-space", match.span(), f"{match[0][0]}.{_NBSP}")
    if "№" in proof.chars:
        for match in _NUMBER_SIGN.finditer(proof.text):
            yield _gap(proof, match.span(1))
    if "#" in proof.chars:
        for match in _HASH.finditer(proof.text):
            yield proof.mark("number-sign", match.span(), f"№{_NBSP}")
    for match in _MEASURE.finditer(proof.text):
        yield _gap(proof, match.span())


def _gap(proof: Proof, gap: tuple[int, int]) -> Finding:
    """Tell a gap with the sign before it, so that a gap of nothing can be seen too."""
    start, end = gap[0] - 1, gap[1]
    sides = _SIDE_BEFORE.search(proof.text[max(0, end - 20) : start + 1]), _SIDE_AFTER.match(proof.text, end)
    before, after = (side[0] if side else "" for side in sides)
    return proof.mark("unit-space", (start, end), proof.text[start] + _NBSP, before=before, after=after)


def _middle_dots(proof: Proof) -> Iterator[Finding]:
    for match in _DOTS.finditer(proof.text):
        yield proof.mark("middle-dot", match.span(), "·")


_Rule = Callable[[Proof], Iterator[Finding]]
_ALL: tuple[_Rule, ...] = (_spaces, quotes)
_OF: dict[str, tuple[_Rule, ...]] = {
    "ru": (_early_marks, _ranges, _dashes, _russian_dashes, _bound),
    "en": (_early_marks, _ranges, _dashes),
    "ko": (_early_marks, _middle_dots, particles),
}
