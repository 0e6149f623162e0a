"""How long a text will be in another language before it is written there, as each platform counts; and how surely.

What is written in the source language gives the number of characters; links, hashtags and mentions are counted exactly,
the rest is multiplied by a ratio. The ratios begin with those of a seed and are drawn towards the office's own texts as
these become many (a normal model of the logarithm with a conjugate prior).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from campaign.core.adapter import TextRule, Unit
from campaign.core.count import count
from campaign.core.kept import find_kept
from campaign.core.model import Lang
from campaign.core.text import compose_text

SURE = 0.8  # how often the length lies in the interval; of what lies outside, half is longer and half is shorter
_Z = 1.2815515655446004  # the normal quantile of (1 + SURE) / 2
PRIOR = 5.0  # so many pairs is what was known before worth: the seed beside an installation, and that beside a campaign

# Characters of one language for one of the other: mean and standard deviation of the logarithm over the ten posts of
# the demo journey (src/campaign/demo/journey.yaml), measured 2026-11-24. Left out, each in turn, and forecast by the
# other nine, a post is missed by 9 % on average (ru), 12 % (en), 11 % (en from ru).
SEED_RATIOS: Mapping[tuple[Lang, Lang], tuple[float, float]] = {
    ("ko", "ru"): (0.6441, 0.0925),  # 1.90
    ("ko", "en"): (0.7049, 0.1253),  # 2.02
    ("ru", "en"): (0.0608, 0.1188),  # 1.06
}
# Units for one character of running text, of the same posts. What is not named is 1.
PER_CHARACTER: Mapping[Lang, Mapping[Unit, float]] = {
    "ko": {"bytes": 2.391, "x": 1.679, "linkedin": 1.004},
    "ru": {"bytes": 1.812, "x": 1.002, "linkedin": 1.005},
    "en": {"bytes": 1.014, "x": 1.002, "linkedin": 1.007},
}


@dataclass(frozen=True, slots=True)
class Ratio:
    """What is known of the logarithm of one language's characters for one of another's.

    Attributes:
        known: how many pairs the mean is worth. degrees: of freedom of the spread.
        own: how many pairs of the office's own are in it.
    """

    mean: float
    spread: float
    known: float = PRIOR
    degrees: float = PRIOR
    own: int = 0

    def turned(self) -> "Ratio":
        """Return the same for the other direction."""
        return Ratio(-self.mean, self.spread, self.known, self.degrees, self.own)

    def learn(self, logs: Sequence[float]) -> "Ratio":
        """Return what is known after these pairs too. https://en.wikipedia.org/wiki/Conjugate_prior (normal)."""
        n = len(logs)
        if n == 0:
            return self
        known, degrees = min(self.known, PRIOR), min(self.degrees, PRIOR)
        average = math.fsum(logs) / n
        within = math.fsum((one - average) ** 2 for one in logs)
        apart = known * n / (known + n) * (average - self.mean) ** 2
        spread = math.sqrt((degrees * self.spread**2 + within + apart) / (degrees + n))
        mean = (known * self.mean + n * average) / (known + n)
        return Ratio(mean, spread, known + n, degrees + n, self.own + n)

    @property
    def margin(self) -> float:
        """By how much the logarithm of the next pair may differ from the mean, `SURE` of the time."""
        return _quantile(self.degrees) * self.spread * math.sqrt(1 + 1 / self.known)


@dataclass(frozen=True, slots=True)
class Ratios:
    """The ratios of all pairs of languages."""

    of: Mapping[tuple[Lang, Lang], Ratio] = field(
        default_factory=lambda: {pair: Ratio(*told) for pair, told in SEED_RATIOS.items()}
    )

    def between(self, source: Lang, target: Lang) -> Ratio | None:
        """Return the ratio of a translation; None: nothing is known of one of the languages."""
        if (found := self.of.get((source, target))) is not None:
            return found
        turned = self.of.get((target, source))
        return turned.turned() if turned is not None else None

    def learn(self, texts: Iterable[Mapping[Lang, str]]) -> "Ratios":
        """Return what is known after the texts of these posts too, each in its languages."""
        logs: dict[tuple[Lang, Lang], list[float]] = {pair: [] for pair in self.of}
        for post in texts:
            sizes = {lang: _prose(text) for lang, text in post.items()}
            for (one, other), found in logs.items():
                if sizes.get(one, 0) > 0 and sizes.get(other, 0) > 0:
                    found.append(math.log(sizes[other] / sizes[one]))
        return Ratios({pair: ratio.learn(logs[pair]) for pair, ratio in self.of.items()})


SEED = Ratios()


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long the text of one Outgoing will be, in the platform's units.

    Attributes:
        langs: its languages. missing: those that are not written yet.
        low, high: between them it lies, `SURE` of the time.
        own: how many pairs of the office's own texts stand behind it.
    """

    langs: tuple[Lang, ...]
    missing: tuple[Lang, ...]
    expected: int
    low: int
    high: int
    limit: int
    unit: Unit
    own: int

    @property
    def margin(self) -> int:
        """The larger of the two distances."""
        return max(self.high - self.expected, self.expected - self.low)

    @property
    def verdict(self) -> Literal["fits", "may not fit", "does not fit"]:
        """Whether it will be short enough."""
        if self.high <= self.limit:
            return "fits"
        return "may not fit" if self.low <= self.limit else "does not fit"

    def __str__(self) -> str:
        return f"{'+'.join(self.langs)}: {self.expected} ± {self.margin} of {self.limit}"


def forecast(
    source: Lang,
    text: str,
    langs: Sequence[Lang],
    rule: TextRule,
    *,
    ratios: Ratios = SEED,
    known: Mapping[Lang, str] | None = None,
    tags: Mapping[Lang, Sequence[str]] | None = None,
    link: str | None = None,
    limit: int | None = None,
) -> Forecast | None:
    """Return how long a post will be in these languages; None: of one of them nothing is known.

    Args:
        source, text: the language that is written, and its text alone.
        langs: one language, or those of a combined post.
        known: what is written already, by language, as it goes out: with hashtags and link.
        tags: hashtags by language; where none are told for a language, those of the source are counted as they are.
        link: a web address, in which {lang} becomes the language.
        limit: of a text under media, where it is another than the rule's.

    >>> from campaign.core.adapter import Source
    >>> rule = TextRule(280, "x", Source("", ""))
    >>> str(forecast("ko", "서울에서 모스크바까지 함께 갑니다.", ["ru"], rule))
    'ru: 36 ± 7 of 280'
    """
    written, tagged = known or {}, tags or {}
    exact = 2 * (len(langs) - 1)  # an empty line between two languages
    expected, off, own = 0.0, 0.0, 0
    missing: list[Lang] = []
    for lang in langs:
        if lang in written:
            exact += count(written[lang], rule)
            continue
        ratio = ratios.between(source, lang)
        if ratio is None or lang not in PER_CHARACTER:
            return None
        missing.append(lang)
        there = link.replace("{lang}", lang) if link else None
        exact += _exact(text, tagged.get(lang, tagged.get(source, ())), there, rule)
        units = _prose(text) * math.exp(ratio.mean) * PER_CHARACTER[lang].get(rule.counts, 1.0)
        expected += units
        off += ratio.margin * units  # where one language comes out long, others mostly do too
        own = ratio.own if len(missing) == 1 else min(own, ratio.own)
    factor = math.exp(off / expected) if expected else 1.0
    return Forecast(
        tuple(langs),
        tuple(missing),
        exact + round(expected),
        exact + math.floor(expected / factor),
        exact + math.ceil(expected * factor),
        limit or rule.limit,
        rule.counts,
        own,
    )


def _prose(text: str) -> int:
    """Return the characters that a translation changes."""
    return len(text) - sum(end - start for start, end, _ in find_kept(text))


def _exact(text: str, tags: Sequence[str], link: str | None, rule: TextRule) -> int:
    """Return the units of what is the same in all languages: what stays in the text, hashtags and link."""
    kept = [text[start:end] for start, end, _ in find_kept(text)]
    # A letter stands for the rest, and a space between two stretches, so that each is found for what it is.
    return count(compose_text(" ".join(["a", *kept]), tags, link), rule) - 1 - len(kept)


def _quantile(degrees: float) -> float:
    """Return Student's t for `SURE`, by the expansion of Abramowitz and Stegun 26.7.5; from 5 degrees within 0.2 %."""
    z, n = _Z, degrees
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / n + second / n**2 + third / n**3
