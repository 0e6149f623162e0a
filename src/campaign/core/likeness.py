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
_LOOKED_AT: Final = 20  # candidates, the likest first: an office that says all with the same words has no end of them
_LEFT_OUT: Final = re.compile(r"(?:https?://\S+|[#@]\w+|[\W_])+")


class Like(NamedTuple):
    """A text that was there before; `share` from 0 to 1, 1 for the same."""

    key: Hashable
    share: float


class Likeness:
    """Texts that were there before, to be asked about others: about one at once, about many by an index."""

    def __init__(self) -> None:
        self._texts: list[tuple[Hashable, str, array[int]]] = []
        self._runs: dict[int, list[int]] | None = None  # run → numbers of texts; made for the second question
        self._asked = False

    def add(self, key: Hashable, text: str) -> None:
        """Keep a text under a key; a text without letters or digits is like none."""
        bare, sketch = _sketched(text)
        if bare:
            self._texts.append((key, bare, sketch))
            self._runs = None

    def ask(self, text: str, *, near: float = NEAR) -> list[Like]:
        """Return what is the same or nearly the same, the likest first."""
        bare, sketch = _sketched(text)
        if not bare:
            return []
        if not sketch:
            return [Like(key, 1.0) for key, other, _ in self._texts if other == bare]
        found: list[Like] = []
        mine = _runs(bare)
        for number in self._candidates(sketch):
            key, other, _ = self._texts[number]
            share = 1.0 if other == bare else _share(mine, _runs(other))
            if share >= near:
                found.append(Like(key, share))
        return sorted(found, key=lambda like: -like.share)

    def _candidates(self, sketch: "array[int]") -> list[int]:
        """Return the numbers of the texts that have enough in common to be looked at, the likest first."""
        shared: Counter[int] = Counter()
        if not self._asked:
            self._asked, runs = True, frozenset(sketch)
            for number, (_, _, other) in enumerate(self._texts):
                if (common := len(runs.intersection(other))) >= _SHARED:
                    shared[number] = common
        else:
            if self._runs is None:
                self._runs = {}
                for number, (_, _, other) in enumerate(self._texts):
                    for run in other:
                        self._runs.setdefault(run, []).append(number)
            for run in sketch:
                shared.update(self._runs.get(run, ()))
        return [number for number, common in shared.most_common(_LOOKED_AT) if common >= _SHARED]


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
