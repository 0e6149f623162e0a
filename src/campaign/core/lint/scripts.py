"""Words of two scripts: a Latin c in a Cyrillic word looks right, and is not found, not read aloud, not a hashtag."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final, Literal

import regex

from campaign.core.finding import Finding
from campaign.core.lint.proof import Proof

Script = Literal["Latin", "Cyrillic", "Greek"]

# Look-alikes among the three alphabets: https://www.unicode.org/Public/security/latest/confusables.txt
_CYRILLIC = "аеорсухАВЕКМНОРСТУХёЁ"
_LATIN = "aeopcyxABEKMHOPCTYXëË"
_CYRILLIC_OF_OTHERS = "іјѕһԁԛԝІЈЅїЇ"  # letters that Russian does not have
_LATIN_OF_OTHERS = "ijshdqwIJSïÏ"
_GREEK = "νοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"  # not α or ρ: TNFα is written so
_LATIN_OF_GREEK = "voABEZHIKMNOPTYX"
_TO_LATIN: Final = {
    "Cyrillic": dict(zip(_CYRILLIC + _CYRILLIC_OF_OTHERS, _LATIN + _LATIN_OF_OTHERS, strict=True)),
    "Greek": dict(zip(_GREEK, _LATIN_OF_GREEK, strict=True)),
}
_TO_RUSSIAN = dict(zip(_LATIN, _CYRILLIC, strict=True))
_TO_OTHERS = _TO_RUSSIAN | dict(zip(_LATIN_OF_OTHERS, _CYRILLIC_OF_OTHERS, strict=True))
_OTHERS = frozenset({"uk", "be", "sr", "mk", "kk"})
_CYRILLIC_LANGS = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg", "tt"})

_LETTERS = {"Latin": r"A-Za-z\u00AA\u00BA\u00C0-\u024F\u1E00-\u1EFF", "Cyrillic": r"\u0400-\u0481\u048A-\u052F",
            "Greek": r"\u0370-\u03FF"}  # fmt: skip
_SEAMS = {
    (a, b): regex.compile(f"[{_LETTERS[a]}]\\p{{M}}*[{_LETTERS[b]}]|[{_LETTERS[b]}]\\p{{M}}*[{_LETTERS[a]}]")
    for a in _LETTERS
    for b in _LETTERS
    if a < b
}
_WORD = regex.compile(rf"[{''.join(_LETTERS.values())}\p{{M}}]+")
_ONE = {script: regex.compile(f"[{inside}]") for script, inside in _LETTERS.items()}
_ALONE = regex.compile(r"(?:^|(?<=[\s(«„]))[acoy](?=[ \u00A0\t]+\p{Cyrillic}{2})", regex.MULTILINE)
_BEFORE = {"a": regex.compile(r"[,.;:!?…—–\-(«„]$")}  # "вариант a" is a name
_BEFORE_OTHERS = regex.compile(r"(?:\p{Cyrillic}[,;:]?|[(«„])$")


def scripts(proof: Proof) -> Iterator[Finding]:
    """Tell words that mix Latin, Cyrillic or Greek letters, and the Latin letter that stands for a Russian word."""
    there = sorted(script for script, one in _ONE.items() if one.search(proof.text))
    words = {word for pair in combinations(there, 2) for word in _seams(proof.text, _SEAMS[pair])}
    for word in sorted(words):
        yield from _mixed(proof, *word)
    if proof.lang in _CYRILLIC_LANGS:
        for match in _ALONE.finditer(proof.text):
            before = proof.text[max(0, match.start() - 99) : match.start()].rstrip(" \u00a0\t")
            if before[-1:] in {"", "\n"} or _BEFORE.get(match[0], _BEFORE_OTHERS).search(before):
                yield proof.mark("latin-alone", match.span(), _TO_RUSSIAN[match[0]])


def _seams(text: str, pattern: "regex.Pattern[str]") -> Iterator[tuple[int, int]]:
    """Find the words around each seam of two alphabets; a text without one costs one search."""
    seam, place = pattern.search(text), 0
    while seam:
        start = seam.start()
        while start > place and _WORD.match(text, start - 1, start):
            start -= 1
        word = _WORD.match(text, start)
        if word is None:  # cannot be: a seam lies in a word
            return
        yield word.span()
        place = word.end()
        seam = pattern.search(text, place)


def swap(word: str, lang: str) -> str | None:
    """Return the word in one alphabet, its look-alikes swapped; None: letters of both alphabets stand for themselves.

    >>> swap("Mоcква", "ru"), swap("Зарядьe", "ru"), swap("PRщик", "ru")
    ('Москва', 'Зарядье', None)
    """
    home: Script = "Cyrillic" if lang in _CYRILLIC_LANGS else "Greek" if lang == "el" else "Latin"
    others: tuple[Script, ...] = ("Latin", "Cyrillic", "Greek")
    for script in (home, *(one for one in others if one != home)):
        if _ONE[script].search(word) and (swapped := _into(word, script, lang)) is not None:
            return swapped
    return None


def _into(word: str, script: Script, lang: str) -> str | None:
    letters: list[str] = []
    for letter in word:
        foreign = next((name for name, one in _ONE.items() if name != script and one.match(letter)), None)
        found = letter if foreign is None else _likeness(foreign, script, lang).get(letter)
        if found is None:
            return None
        letters.append(found)
    return "".join(letters)


def _likeness(source: str, script: Script, lang: str) -> Mapping[str, str]:
    if script == "Latin":
        return _TO_LATIN.get(source, {})
    if source == "Latin" and script == "Cyrillic":
        return _TO_OTHERS if lang in _OTHERS else _TO_RUSSIAN
    return {}


def _mixed(proof: Proof, start: int, end: int) -> Iterator[Finding]:
    word = proof.text[start:end]
    fix = swap(word, proof.lang)
    if fix is not None:
        yield proof.mark("mixed-script", (start, end), fix, "error", letters=_strangers(word, fix))
    elif not (_ONE["Greek"].search(word) or len(word) < 3):  # kΩ and Δt are no slips
        yield proof.mark("mixed-word", (start, end))


def _strangers(word: str, fix: str) -> str:
    """Name the letters that are not what they seem.

    >>> _strangers("cело", "село")
    'c (U+0063)'
    """
    told = dict.fromkeys(old for old, new in zip(word, fix, strict=True) if old != new)
    return ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in told)
