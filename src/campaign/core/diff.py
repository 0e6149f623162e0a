"""What changed between two wordings, word by word: Korean by spaced words, so that a particle shows with its noun."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

import regex

Kind = Literal["same", "gone", "new"]
_TOKENS = regex.compile(r"\s+|[^\s\p{P}]+|\p{P}", regex.VERSION1)
MOST = 4000  # words of one text that are compared; beyond, the whole text counts as changed


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both have, that is gone, or that is new."""

    kind: Kind
    text: str


def diff(old: str, new: str) -> list[Piece]:
    """Return what leads from the old text to the new one; what is gone stands before what came in its place.

    >>> [(piece.kind, piece.text) for piece in diff("오늘 서울을 떠나", "내일 서울을 떠나")]
    [('gone', '오늘'), ('new', '내일'), ('same', ' 서울을 떠나')]
    """
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    if len(before) > MOST or len(after) > MOST:
        return _pieces([("same", old)] if old == new else [("gone", old), ("new", new)])
    found: list[tuple[Kind, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(("same", "".join(before[i:j])))
        else:
            found += [("gone", "".join(before[i:j])), ("new", "".join(after[k:m]))]
    return _pieces(found)


def _pieces(found: Sequence[tuple[Kind, str]]) -> list[Piece]:
    return [Piece(kind, text) for kind, text in found if text]
