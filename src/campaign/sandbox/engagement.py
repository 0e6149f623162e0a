"""How a post is received: a pure function of seed, post, metric and age, so that two readers can be compared."""

import hashlib
import math
from statistics import NormalDist
from typing import Literal

Grown = Literal["favourites", "reblogs", "replies", "quotes"]
GROWN: tuple[Grown, ...] = ("favourites", "reblogs", "replies", "quotes")

# Invented, and only ordered as on a real server: many favourites, few quotes.
_SCALE: dict[Grown, float] = {"favourites": 26.0, "reblogs": 9.0, "replies": 4.0, "quotes": 1.6}
_LANGUAGE = {"ko": 1.0, "ru": 0.7, "en": 1.4}
_PLATFORM = {"mastodon": 1.0, "bluesky": 1.3}
_NORMAL = NormalDist()


def fingerprint(account: str, text: str) -> str:
    """Name a post's growth by what was posted, so that a second run of the same campaign grows the same."""
    return hashlib.sha256(f"{account}\n{text}".encode()).hexdigest()


def count(
    seed: int, post: str, metric: Grown, age: float, *, language: str | None = None, platform: str = "mastodon"
) -> int:
    """Return how many have arrived after `age` seconds: whole, never falling.

    Arrivals are lognormal in time: half of them come within hours, the rest over weeks.
    """
    if age <= 0:
        return 0
    liked, pace = _uniform(seed, post, "liked"), _uniform(seed, post, "pace")
    taste = _uniform(seed, post, metric)
    size = _SCALE[metric] * _LANGUAGE.get(language or "", 0.8) * _PLATFORM.get(platform, 1.0)
    total = size * math.exp(0.7 * _NORMAL.inv_cdf(liked) + 0.35 * _NORMAL.inv_cdf(taste))
    half = 3600 * (1.5 + 10 * pace)
    return math.floor(total * _NORMAL.cdf(math.log(age / half) / 1.4))


def followers(seed: int, account: str, age: float) -> int:
    """Return the followers of an account after `age` seconds: a start, and a slow growth."""
    start = 400 + int(2600 * _uniform(seed, account, "followers"))
    return start + max(0, math.floor(age / 86400 * (2 + 20 * _uniform(seed, account, "growth"))))


def _uniform(seed: int, post: str, what: str) -> float:
    digest = hashlib.sha256(f"{seed}\n{post}\n{what}".encode()).digest()
    return (int.from_bytes(digest[:8]) + 0.5) / 2**64
