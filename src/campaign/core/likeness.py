"""Whether a text says what another said already: the same, or nearly the same, wherever a word was changed.

Two texts are compared by the runs of three characters that they have in common (Jaccard: shared of all), letters and
digits alone, hashtags and links left out. Measured on the ten posts of the demo journey, per language: of two different
posts at most 18 % is common (ru, en; ko 17 %); of a post in which two words were replaced at least 59 % (ko; ru 68 %,
en 73 %). NEAR lies between.
"""

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Hashable
from functools import lru_cache
from typing import Final, NamedTuple

NEAR: Final = 0.5
RUN: Final = 3  # characters
LEAST: Final = 30  # runs of a text below which only the same is told: one number more makes it another message
_SKETCH: Final = 24  # runs that stand for a text while candidates are sought
_SHARED: Final = 5  # of them, at least: texts that are half the same have 12, and fewer than 5 once in 1,000 times
_LOOKED_AT: Final = 40  # candidates, the likest first: an office that says all with the same words has no end of them
_LEFT_OUT: Final = re.compile(r"(?:https?://\S+|[#@]\w+|[\W_])+")


class Like(NamedTuple):
    """A text that was there before; `share` from 0 to 1, 1 for the same."""

    key: Hashable
    share: float


class Likeness:
    """Texts that were there before, ready to be asked about many others."""

    def __init__(self) -> None:
        self._texts: list[tuple[Hashable, str]] = []
        self._same: dict[str, list[int]] = {}
        self._runs: dict[int, list[int]] = {}

    def add(self, key: Hashable, text: str) -> None:
        """Keep a text under a key; a text without letters or digits is like none."""
        bare, sketch = _sketched(text)
        if not bare:
            return
        number = len(self._texts)
        self._texts.append((key, bare))
        self._same.setdefault(bare, []).append(number)
        for run in sketch:
            self._runs.setdefault(run, []).append(number)

    def ask(self, text: str, *, near: float = NEAR) -> list[Like]:
        """Return what is the same or nearly the same, the likest first."""
        bare, sketch = _sketched(text)
        same = self._same.get(bare, [])
        found = [Like(self._texts[number][0], 1.0) for number in same]
        if not sketch:
            return found
        shared: Counter[int] = Counter()
        for run in sketch:
            shared.update(self._runs.get(run, ()))
        mine = _runs(bare)
        for number, common in shared.most_common(_LOOKED_AT):
            if common < _SHARED:
                break
            if number in same:
                continue
            key, other = self._texts[number]
            if (share := _share(mine, _runs(other))) >= near:
                found.append(Like(key, share))
        return sorted(found, key=lambda like: -like.share)


def likeness(one: str, other: str) -> float:
    """Return how much of two texts is the same, 0 to 1; of short ones only whether they are the same.

    >>> likeness("Мы во Владивостоке! #Сеул", "Мы во Владивостоке.")
    1.0
    """
    (first, sketch), (second, _) = _sketched(one), _sketched(other)
    if first == second:
        return 1.0 if first else 0.0
    return _share(_runs(first), _runs(second)) if sketch else 0.0


def _share(one: set[str], other: set[str]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def _runs(bare: str) -> set[str]:
    return {bare[at : at + RUN] for at in range(max(1, len(bare) - RUN + 1))}


@lru_cache(maxsize=10_000)
def _sketched(text: str) -> tuple[str, "array[int]"]:
    """Return a text bare, and the runs that stand for it: those with the least digests, whatever text has them."""
    bare = _LEFT_OUT.sub(" ", unicodedata.normalize("NFC", text)).casefold().replace("ё", "е").strip()
    runs = _runs(bare)
    # Digests are of this process only; whichever runs they choose, the shares are the same.
    return bare, array("q", sorted(map(hash, runs))[:_SKETCH] if len(runs) >= LEAST else ())
