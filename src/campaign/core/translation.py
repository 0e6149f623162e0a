"""The port to a tool that translates by machine. What it gives is a draft; a person makes it a wording."""

from collections.abc import Sequence
from typing import Protocol

from campaign.core.errors import Refused
from campaign.core.kept import Pieces, whole
from campaign.core.model import Lang

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


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
