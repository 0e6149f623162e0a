"""The glossary at work: where its terms stand in a text, in any inflection, and what is wrong with how they stand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from campaign.core.finding import Finding
from campaign.core.model import Lang
from campaign.core.particle import joined
from campaign.core.plan import Form, Term

# One character for one, so that places in the folded text are places in the text: ё is е as asked, dashes and dots
# between syllables are written in many ways, and a line may break where a space stands.
_ALIKE: Final = {
    "е": "ё",
    " ": "\u00a0\u202f\u2009\t\n\r",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    "'": "\u2019\u2018\u02bc",
    "·": "・ㆍ•‧∙⋅",
}
_SAME: Final = {ord(c): one for one, many in _ALIKE.items() for c in many}
_START: Final = re.compile(
    r"(?<![^\W_])[^\W_]|(?<=[가-힣])[^\W_가-힣]"
)  # where a word begins, or a particle's word ends
_CYRILLIC: Final = re.compile(r"[а-яіїєґў]+")
# Endings of a Russian word as it stands in a dictionary; what is left stands in (nearly) every case of it.
_ENDING: Final = re.compile(r"(?<=[а-я]{3})(?:ый|ий|ой|ая|яя|ое|ее|ые|ие|ия|ья|ье|[аяоеыийь])$")
_STAR, _END = "any letters", "here it ends"  # keys of a node: longer than any letter


class Hit(NamedTuple):
    """A term in its place: from and to, in code points."""

    start: int
    end: int
    term: Term


class _Leaf(NamedTuple):
    """What a pattern of the tree stands for."""

    number: int  # of the term
    forbidden: str | None  # the form that must not stand; None: it is one that may


class _Match(NamedTuple):
    start: int
    end: int
    leaf: _Leaf


@dataclass(frozen=True)
class Glossary:
    """The terms of a campaign, ready to be looked for: a tree of letters for each language, made when first asked."""

    terms: Sequence[Term]
    _trees: dict[Lang, dict[str, Any]] = field(default_factory=dict)

    def hits(self, text: str, lang: Lang) -> list[Hit]:
        """Return where its terms stand in a text of that language, the longest at each place, none within another."""
        found, after = [], 0
        for match in self._matches(text, lang):
            if match.leaf.forbidden is None and match.start >= after:
                found.append(Hit(match.start, match.end, self.terms[match.leaf.number]))
                after = match.end
        return found

    def look(self, text: str, lang: Lang, field: str, day: date) -> list[Finding]:
        """Return what is wrong with a text by itself: forms that must not stand, terms expired or altered.

        Args:
            field: its name, as text (ru).
            day: the day on which it goes out.
        """
        findings: list[Finding] = []
        told: set[int] = set()  # of an expired term it is said once
        matches = self._matches(text, lang)
        right = {(match.start, match.end) for match in matches if match.leaf.forbidden is None}
        for match in matches:
            term, shown = self.terms[match.leaf.number], text[match.start : match.end]
            if match.leaf.forbidden is not None:
                if not any(start == match.start and end >= match.end for start, end in right):
                    findings.append(_forbidden(text, match, term, lang, field))
            elif term.valid_until is not None and term.valid_until < day:
                if match.leaf.number not in told:
                    told.add(match.leaf.number)
                    findings.append(_expired(match, shown, term, field))
            elif not term.translate and shown != (whole := _verbatim(term, lang)) and len(shown) == len(whole):
                findings.append(_altered(match, shown, whole, field))
        return findings

    def compare(self, source: str, source_lang: Lang, text: str, lang: Lang, field: str) -> list[Finding]:
        """Return the terms of a source that its translation does not render as the glossary says."""
        asked = dict.fromkeys(hit.term.id for hit in self.hits(source, source_lang))
        if not asked:
            return []
        there = {self.terms[match.leaf.number].id for match in self._matches(text, lang) if not match.leaf.forbidden}
        findings = []
        for term in self.terms:
            if term.id in asked and term.id not in there:
                wanted = (
                    _verbatim(term, lang) if not term.translate else term.forms[lang].text if lang in term.forms else ""
                )
                if wanted:
                    findings.append(_missing(term, wanted, source_lang, field))
        return findings

    def _matches(self, text: str, lang: Lang) -> list[_Match]:
        """Return every form that stands in the text, in order, the longest of those that begin together first."""
        if lang not in self._trees:
            self._trees[lang] = _tree(self.terms, lang)
        tree, folded = self._trees[lang], _folded(text)
        found: list[_Match] = []
        for begin in _START.finditer(folded):
            start = begin.start()
            if folded[start] in tree:
                here = [_Match(start, end, leaf) for end, leaf in _walk(tree, folded, start)]
                found += sorted(here, key=lambda match: -match.end) if len(here) > 1 else here
        return found


def _walk(tree: Mapping[str, Any], text: str, start: int) -> Iterator[tuple[int, _Leaf]]:
    """Yield where a pattern ends that begins here, and what it stands for."""
    ways, size = [(tree, start)], len(text)
    while ways:
        node, at = ways.pop()
        # Whatever particles follow a word in Korean belong to it; elsewhere a word must end here.
        if _END in node and (at == size or not text[at].isalnum() or "가" <= text[at] <= "힣"):
            for leaf in node[_END]:
                yield at, leaf
        if (rest := node.get(_STAR)) is not None:
            last = at
            while last < size and text[last].isalnum():
                last += 1
            ways.append((rest, last))
        if at < size and (deeper := node.get(text[at])) is not None:
            at += 1
            while text[at - 1] == " " and at < size and text[at] == " ":
                at += 1
            ways.append((deeper, at))


def _tree(terms: Sequence[Term], lang: Lang) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for number, term in enumerate(terms):
        form = term.forms.get(lang)
        if form is None and not term.translate:
            form = Form(_verbatim(term, lang))
        if form is None:
            continue
        for pattern in form.stems:
            _plant(tree, pattern, _Leaf(number, None))
        for pattern in _patterns(form.text, derive=not form.stems):
            _plant(tree, pattern, _Leaf(number, None))
        for wrong in form.forbidden:
            for pattern in _patterns(wrong, derive=not wrong.endswith("*")):
                _plant(tree, pattern, _Leaf(number, wrong))
    return tree


def _plant(tree: dict[str, Any], pattern: str, leaf: _Leaf) -> None:
    folded = _folded(" ".join(pattern.split()))
    begin = _START.search(folded)
    if begin is None:
        return
    last = max(at for at, c in enumerate(folded) if c.isalnum() or c == "*")
    node = tree
    for c in folded[begin.start() : last + 1]:
        node = node.setdefault(_STAR if c == "*" else c, {})
    if leaf not in node.setdefault(_END, []):
        node[_END].append(leaf)


def _patterns(text: str, *, derive: bool) -> list[str]:
    """Return what a form is found by: itself, and where its inflection can be guessed, its stems."""
    if not derive:
        return [text]
    folded = _folded(text)
    stemmed = _CYRILLIC.sub(lambda word: _ENDING.sub("", word[0]) + "*", folded)
    plural = [text + "s"] if folded[-1:] in "abcdefghijklmnopqrtuvwxyz" else []
    return [text, *plural, *([stemmed] if stemmed != folded else [])]


def _folded(text: str) -> str:
    lower = text.lower()
    if len(lower) != len(text):  # İ becomes two
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower.translate(_SAME)


def _verbatim(term: Term, lang: Lang) -> str:
    form = term.forms.get(lang) or next(iter(term.forms.values()), None)
    return form.text if form else term.name


def _forbidden(text: str, match: _Match, term: Term, lang: Lang, field: str) -> Finding:
    form, wrong = term.forms[lang], str(match.leaf.forbidden)
    shown, end = text[match.start : match.end], match.end
    fix = _instead(shown, wrong, form.text)
    if fix is not None and "가" <= shown[-1] <= "힣":
        fix, end = joined(fix, shown, text, end)
    rule = f"the glossary wants {form.text}, not {shown}"
    return Finding(
        "error",
        field,
        text[match.start : end],
        rule,
        code="glossary-forbidden",
        place=(match.start, end),
        fix=fix,
        told=(("wanted", form.text), ("shown", shown), ("term", term.name)),
    )


def _instead(shown: str, wrong: str, right: str) -> str | None:
    """Return what would stand there, in the same case; None: its ending must be written by a person."""
    fix: str | None = None
    if _folded(shown) == _folded(wrong.rstrip("*")):
        fix = right
    elif " " not in shown and " " not in right:
        stem, stem_right = _ENDING.sub("", _folded(wrong)), _ENDING.sub("", _folded(right))
        if _folded(wrong)[len(stem) :] == _folded(right)[len(stem_right) :] and "*" not in wrong:  # they inflect alike
            fix = right[: len(stem_right)] + shown[len(stem) :]
    return fix[0].upper() + fix[1:] if fix and shown[0].isupper() and fix[0].islower() else fix


def _expired(match: _Match, shown: str, term: Term, field: str) -> Finding:
    until = f"{term.valid_until:%Y-%m-%d}"
    rule = f"the glossary has it until {until} only; name what took its place, or say why it stands"
    told = (("shown", shown), ("until", until), ("note", f" ({term.note})" if term.note else ""))
    place = (match.start, match.end)
    return Finding("error", field, shown, rule, code="glossary-expired", place=place, told=told)


def _altered(match: _Match, shown: str, whole: str, field: str) -> Finding:
    rule = f"is a name that stands as it is in every language: {whole}"
    told = (("shown", shown), ("wanted", whole))
    place = (match.start, match.end)
    return Finding("warning", field, shown, rule, code="glossary-altered", place=place, fix=whole, told=told)


def _missing(term: Term, wanted: str, source_lang: Lang, field: str) -> Finding:
    form = term.forms.get(source_lang)
    said = form.text if form else term.name
    rule = f"the source says {said}; the glossary has {wanted} for it, which does not stand here"
    told = (("said", said), ("wanted", wanted))
    return Finding("warning", field, said, rule, code="glossary-missing", told=told)
