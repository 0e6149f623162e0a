"""What a translation must share with its source: numbers, links, names, placeholders, questions, the end."""

import re
from collections.abc import Iterator

import regex

from campaign.core.finding import Finding
from campaign.core.lint.numbers import Number, numbers, spelt
from campaign.core.lint.proof import finding, kept
from campaign.core.text import LINK

_MENTION = regex.compile(r"(?<![\w.+\-@])@[\w][\w.\-]*(?:@[\w.\-]*\w)?(?<=\w)")
_PLACEHOLDER = regex.compile(r"\{[^{}\s]{1,40}\}")
_NOT_END = regex.compile(r"[\s\"'’”»“)\]}』」》〉\p{Extended_Pictographic}\uFE0F\u200D\p{Emoji_Modifier}]")
_QUESTIONS = regex.compile(r"[?？]+[!?！？]*|[!！]+[?？]+[!?！？]*")
_ENDS = {"?": "?", "？": "?", "!": ".", "！": ".", ".": ".", "。": ".", "…": ".", ":": ":", "：": ":"}
_RUNS = {"ko": regex.compile(r"[\p{Hangul}][\p{Hangul}\s\p{P}\d]{10,}[\p{Hangul}]"),
         "ru": regex.compile(r"[\p{Cyrillic}][\p{Cyrillic}\s\p{P}\d]{20,}[\p{Cyrillic}]")}  # fmt: skip
_SCRIPTS = {
    "ko": "Hangul",
    "ru": "Cyrillic",
    "uk": "Cyrillic",
    "be": "Cyrillic",
    "bg": "Cyrillic",
    "ja": "Kana",
    "zh": "Han",
}
_LETTERS = regex.compile(r"\p{L}")
_FIGURES = re.compile("[0-9]+|[①-➓]")
_MANY = 500  # a text of more numbers is a table
_SMALL = 12  # a number up to it is as often a word: what a translation adds is not told


def parity(source: str, source_lang: str, target: str, lang: str, field: str) -> Iterator[Finding]:
    """Tell what the target lacks, adds, or ends in otherwise."""
    yield from _names(source, source_lang, target, lang, field)
    bare = _bare(source), _bare(target)
    yield from _numbers(bare[0], source_lang, bare[1], lang, field)
    yield from _marks(source, target, bare, field)
    yield from _untranslated(source, source_lang, target, lang, field)


def _bare(text: str) -> str:
    """Return the text with blanks where links, names and hashtags stand: places stay as they are."""
    pieces: list[str] = []
    place = 0
    for start, end in kept(text, frozenset(text)):
        pieces += text[place:start], " " * (end - start)
        place = end
    return "".join((*pieces, text[place:]))


def _names(source: str, source_lang: str, target: str, lang: str, field: str) -> Iterator[Finding]:
    for name, pattern in (("link", LINK), ("mention", _MENTION), ("placeholder", _PLACEHOLDER)):
        if name == "placeholder":  # {lang} in a link is the link's
            source, target = LINK.sub("", source), _blank(LINK, target)
        theirs = {_same(match[0], source_lang): match[0] for match in pattern.finditer(source)}
        ours = {_same(match[0], lang): match for match in pattern.finditer(target)}
        for key in theirs.keys() - ours.keys():
            yield finding(field, f"{name}-missing", theirs[key])
        for key in ours.keys() - theirs.keys():
            yield finding(field, f"{name}-extra", ours[key][0], place=ours[key].span())


def _blank(pattern: "regex.Pattern[str]", text: str) -> str:
    return str(pattern.sub(lambda match: " " * len(match[0]), text))


def _same(name: str, lang: str) -> str:
    """Return a name as its twin in another language is: /ru/ and /ko/ lead to the same page.

    >>> _same("https://example.org/journey/ru/", "ru") == _same("https://example.org/journey/ko/", "ko")
    True
    """
    folded = name.casefold()
    if "://" not in folded:
        return folded
    folded = regex.sub(rf"(?<=://|/){lang}(?=[./?#]|$)|(?<=[?&](?:lang|hl|locale|l)=){lang}\b", "{lang}", folded)
    return str(folded.removesuffix("/"))


def _numbers(source: str, source_lang: str, target: str, lang: str, field: str) -> Iterator[Finding]:
    if max(len(_FIGURES.findall(text)) for text in (source, target)) > _MANY:
        return
    theirs, ours = numbers(source, source_lang), numbers(target, lang)
    if not theirs and not ours:
        return
    said = frozenset().union(*(one.values for one in ours))
    words: frozenset[str] | None = None
    for one in _once(theirs):
        if not one.asked or one.values & said:
            continue
        words = spelt(target, lang) if words is None else words
        if not one.values & words:
            yield finding(field, "number-missing", one.written)
    given = frozenset().union(*(one.values for one in theirs))
    words = None
    for one in _once(ours):
        if one.values & given or not one.asked or all(_small(value) for value in one.values):
            continue
        words = spelt(source, source_lang) if words is None else words
        if not one.values & words:
            yield finding(field, "number-extra", one.written, place=one.place)


def _once(found: list[Number]) -> list[Number]:
    return list({one.values: one for one in reversed(found)}.values())[::-1]


def _small(value: str) -> bool:
    return len(value) <= 2 and value.isdigit() and int(value) <= _SMALL


def _marks(source: str, target: str, bare: tuple[str, str], field: str) -> Iterator[Finding]:
    asked = len(_QUESTIONS.findall(bare[0])), len(_QUESTIONS.findall(bare[1]))
    if asked[0] != asked[1]:
        yield finding(field, "question-count", str(asked[1]), source=str(asked[0]), target=str(asked[1]))
        return
    ends = _end(source), _end(target)
    if ends[0] != ends[1] and None not in ends:
        told = [end or "–" for end in ends]
        yield finding(field, "terminal-mark", told[1], source=told[0], target=told[1])


def _end(text: str) -> str | None:
    """Return the class of the last mark: a question, a full stop of any kind, a colon, or "" for none.

    Hashtags and a link in a line of its own come after the end. None: there is no text, or a link or name ends it.

    >>> _end("어디인가요? 😀\\n#서울"), _end("«мир»."), _end("Да!"), _end("서울"), _end("예: https://example.org/a")
    ('?', '.', '.', '', None)
    """
    spans = kept(text, frozenset(text))
    place = len(text)
    while place:
        if spans and spans[-1][1] == place:
            start, _ = spans.pop()
            if text[start] not in "#＃" and "\n" not in text[max(0, start - 1) : start]:
                return None
            place = start
        elif _NOT_END.match(text[place - 1]):
            place -= 1
        else:
            return _ENDS.get(text[place - 1], "")
    return None


def _untranslated(source: str, source_lang: str, target: str, lang: str, field: str) -> Iterator[Finding]:
    if source_lang == lang:
        return
    if source.strip() == target.strip():
        if len(_LETTERS.findall(_bare(target))) >= 8:
            yield finding(field, "untranslated", target.strip()[:40], place=(0, len(target)))
        return
    theirs = {" ".join(line.split()) for line in source.splitlines()}
    place = 0
    for line in target.splitlines(keepends=True):
        if " ".join(line.split()) in theirs and len(_LETTERS.findall(_bare(line))) >= 20:
            yield finding(field, "untranslated", line.strip()[:40], place=(place, place + len(line.rstrip())))
        place += len(line)
    runs = _RUNS.get(source_lang)
    if runs is not None and _SCRIPTS.get(source_lang) != _SCRIPTS.get(lang, "Latin"):
        for match in runs.finditer(target):
            if match[0] in source:
                yield finding(field, "untranslated", match[0][:40], place=match.span())
