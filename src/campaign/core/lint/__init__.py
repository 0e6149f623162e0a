"""What a native reader would mark in a text: letters, typography, parity with the source, hashtags, language.

Pure, and never a refusal to read: any string of Python comes through, lone surrogates too. Places count code points.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from campaign.core.finding import Finding
from campaign.core.lint.letters import letters
from campaign.core.lint.parity import parity
from campaign.core.lint.proof import DROPPED, Proof, primary
from campaign.core.lint.scripts import scripts
from campaign.core.lint.tags import tags
from campaign.core.lint.tongue import tongue
from campaign.core.lint.typography import typography

__all__ = ["apply", "lint", "lint_pair", "lint_tags", "mend"]

MOST: Final = 100  # findings of one code that a reader is shown
_ROUNDS = 12  # a fix may bring another to light: an invisible sign between a letter and its mark


def lint(
    text: str, lang: str, field: str = "text", *, among: Sequence[str] = (), most: int | None = MOST
) -> list[Finding]:
    """Return what a native reader would mark, in the order of the text; what has no place stands at the end.

    field: text, title, alt, captions, link or tags, with more behind it where there is more to say, as "alt 1 (ru)".
        Of a link only the letters are read; tags are read as hashtags with blanks between.
    among: the languages of the campaign, to tell two that share a script.
    most: how many findings of one code are told; None: all.
    """
    proof = Proof(text, lang, field, most)
    name = field.split(maxsplit=1)[0] if field.strip() else "text"
    found = [one for one in _rules(proof, name, among) if one is not DROPPED]
    return sorted(found, key=lambda one: one.place or (len(text), len(text) + 1))


def lint_pair(source: str, source_lang: str, target: str, lang: str, field: str = "text") -> list[Finding]:
    """Return what a translation does not share with its source. Places are in the target."""
    return list(_some(parity(source, primary(source_lang), target, primary(lang), field)))


def lint_tags(given: Sequence[str], lang: str, field: str = "tags", required: Sequence[str] = ()) -> list[Finding]:
    """Return what is wrong with the hashtags of one language. Places count in the tags joined by single spaces."""
    return list(_some(tags(given, primary(lang), field, required)))


def apply(text: str, findings: Iterable[Finding]) -> str:
    """Return the text with the fixes put in. Of two that overlap the first one counts: look again for the other.

    >>> apply('Он сказал: "да"', lint('Он сказал: "да"', "ru"))
    'Он сказал: «да»'
    """
    pieces: list[str] = []
    done = 0
    fixes = [(one.place, one.fix) for one in findings if one.place is not None and one.fix is not None]
    for (start, end), fix in sorted(fixes):
        if done <= start <= end <= len(text):
            pieces += text[done:start], fix
            done = end
    return "".join((*pieces, text[done:]))


def mend(text: str, lang: str, field: str = "text") -> str:
    """Return the text with every fix put in, until none is left."""
    for _ in range(_ROUNDS):
        fixed = apply(text, lint(text, lang, field, most=None))
        if fixed == text:
            break
        text = fixed
    return text


def _rules(proof: Proof, name: str, among: Sequence[str]) -> Iterator[Finding]:
    yield from letters(proof)
    if name == "tags":
        yield from tags(proof.text.split(), proof.lang, proof.field)
        return
    yield from scripts(proof)
    if name == "link":
        return
    yield from typography(proof)
    yield from tongue(proof, among)


def _some(found: Iterable[Finding]) -> Iterator[Finding]:
    told: Counter[str] = Counter()
    for one in found:
        told[one.code] += 1
        if told[one.code] <= MOST:
            yield one
