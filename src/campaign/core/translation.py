"""The port to a tool that translates by machine. What it gives is a draft; a person makes it a wording."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import regex

from campaign.core.errors import Refused
from campaign.core.kept import Kept, Pieces, pieces, whole
from campaign.core.model import Lang
from campaign.core.plan import Term

_NO_TAG = regex.compile(r"[^\p{L}\p{M}\p{N}_]+")  # what of a term cannot stand in a hashtag

# A translation is at most so many times as long as its source, and a little; what is longer is no translation.
MOST_TIMES, MOST_BESIDE = 12, 400


class Translator(Protocol):
    """A tool of one installation.

    Attributes:
        tool: its name, which stays with what it wrote.
    """

    @property
    def tool(self) -> str: ...

    async def translate(self, texts: Sequence[Pieces], source: Lang, target: Lang) -> list[str]:
        """Return the texts in the target language, in their order, what is Kept in its place as it was.

        Repeatable: the tool keeps nothing. It may charge each time.

        Raises:
            Refused: it does not translate this, or its answer is none. Unauthorized: the key is not accepted.
            RateLimited, Unavailable: not now; it was asked several times.
        """
        ...


def checked_answers(named: str, answers: object, texts: Sequence[Pieces]) -> list[str]:
    """Return what a tool answered, if it is one sound text for each that was sent.

    Args:
        named: the tool, as messages name it.

    Raises:
        Refused: it is something else: another number of texts, no text, no Unicode, far too much.
    """
    if not isinstance(answers, list) or len(answers) != len(texts):
        count = len(answers) if isinstance(answers, list) else "no list of"
        raise Refused(f"{named}: it answered with {count} texts to {len(texts)}; nothing was changed")
    for answer, parts in zip(answers, texts, strict=True):
        sent = whole(parts)
        if not isinstance(answer, str) or not _is_unicode(answer):
            raise Refused(f"{named}: what it answered is no text; nothing was changed")
        if bool(sent.strip()) > bool(answer.strip()):
            raise Refused(f"{named}: it answered with an empty text; nothing was changed")
        if len(answer) > MOST_TIMES * len(sent) + MOST_BESIDE:
            rule = f"{len(answer)} characters to {len(sent)} are no translation"
            raise Refused(f"{named}: {rule}; nothing was changed")
    return list(answers)


def kept_names(terms: Sequence[Term], source: Lang, target: Lang) -> dict[str, str]:
    """Return what the glossary does not translate, as it stands in the source → as it stands in the target."""
    found: dict[str, str] = {}
    for term in terms:
        if not term.translate:
            anywhere = next((form.text for form in term.forms.values()), term.name)
            here = term.forms[source].text if source in term.forms else anywhere
            found[here] = term.forms[target].text if target in term.forms else here
    return found


def marked(text: str, names: Mapping[str, str]) -> Pieces:
    """Return a text in pieces, its names as they are to stand in the translation.

    Args:
        names: as of kept_names().
    """
    return tuple(
        replace(part, text=names[part.text]) if isinstance(part, Kept) and part.kind == "name" else part
        for part in pieces(text, tuple(names))
    )


def known_tags(tags: Sequence[str], terms: Sequence[Term], source: Lang, target: Lang) -> dict[str, str | None]:
    """Return each hashtag → the one that the glossary knows for it in the target language; None: it knows none."""
    known: dict[str, str] = {}
    for term in terms:
        there = term.forms.get(target)
        if there is None and not term.translate:
            there = term.forms.get(source) or next(iter(term.forms.values()), None)
        written = term.forms.values() if not term.translate else [form for form in [term.forms.get(source)] if form]
        for form in written if there else ():
            known[_bare(form.text)] = "#" + _NO_TAG.sub("", there.text if there else "")
    return {tag: known.get(_bare(tag)) for tag in tags}


def _bare(text: str) -> str:
    bare: str = _NO_TAG.sub("", text)
    return bare.lower()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
