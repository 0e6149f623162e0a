"""Engagement, honestly: when to read, what a total may say, and how sure a comparison is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist, fmean, stdev

from campaign.core.model import Metric

# Public interactions: what platforms have in common. Saves and clicks are shown but not counted in.
PUBLIC_INTERACTIONS: tuple[Metric, ...] = ("reactions", "replies", "reposts", "quotes")
MANDATORY = (timedelta(hours=24), timedelta(days=7), timedelta(days=28))


def _steps(*rules: tuple[timedelta, timedelta]) -> tuple[timedelta, ...]:
    ages: list[timedelta] = []
    age = timedelta()
    for step, until in rules:
        while age + step <= until:
            age += step
            ages.append(age)
    return tuple(ages)


# Plan B: every 15 min in the first hour, then every 1 h, 3 h, 12 h, 1 d, 7 d; at 30, 90 and 365 days once more.
PLAN_B = (
    *_steps(
        (timedelta(minutes=15), timedelta(hours=1)),
        (timedelta(hours=1), timedelta(hours=6)),
        (timedelta(hours=3), timedelta(hours=24)),
        (timedelta(hours=12), timedelta(hours=72)),
        (timedelta(days=1), timedelta(days=7)),
        (timedelta(days=7), timedelta(days=28)),
    ),
    timedelta(days=30),
    timedelta(days=90),
    timedelta(days=365),
)


def next_age(age: timedelta) -> timedelta | None:
    """Return the age of the next planned reading after `age`, or None when the plan is over."""
    return next((planned for planned in PLAN_B if planned > age), None)


def total(values: Mapping[Metric, int | None]) -> int | None:
    """Return the public interactions of one post, or None while any that is offered has no value.

    Metrics that the platform does not offer must be left out of `values` by the caller: unknown is never 0.
    """
    known = [values[metric] for metric in PUBLIC_INTERACTIONS if metric in values]
    if not known or any(value is None for value in known):
        return None
    return sum(value for value in known if value is not None)


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; `low` and `high` are None where there are too few posts to say."""

    estimate: float
    low: float | None
    high: float | None
    n: int


MIN_POSTS = 5  # below it: the dots, and the words "too few to compare"


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Return the typical (geometric) count of a group with its interval, on the scale ln(x + ½)."""
    if not values:
        return None
    logs = [math.log(value + 0.5) for value in values]
    centre = fmean(logs)
    if len(values) < MIN_POSTS:
        return Interval(max(0.0, math.exp(centre) - 0.5), None, None, len(values))
    half = t_quantile(0.975, len(logs) - 1) * stdev(logs) / math.sqrt(len(logs))
    low, high = (max(0.0, math.exp(edge) - 0.5) for edge in (centre - half, centre + half))
    return Interval(max(0.0, math.exp(centre) - 0.5), low, high, len(values))


def paired_ratio(pairs: Sequence[tuple[int, int]]) -> Interval | None:
    """Return how many times as much engagement the first of each pair had: exp of the mean log ratio, with interval.

    Pairs are the same post in two languages on the same platform at the same age, so topic and time cancel out.
    It is an association: the audiences differ.
    """
    if not pairs:
        return None
    logs = [math.log((first + 0.5) / (second + 0.5)) for first, second in pairs]
    centre = fmean(logs)
    if len(logs) < MIN_POSTS:
        return Interval(math.exp(centre), None, None, len(logs))
    half = t_quantile(0.975, len(logs) - 1) * stdev(logs) / math.sqrt(len(logs))
    return Interval(math.exp(centre), math.exp(centre - half), math.exp(centre + half), len(logs))


def wilson(parts: Sequence[tuple[int, int]]) -> Interval | None:
    """Return a pooled rate Σk/Σv with a Wilson interval widened by the design effect of posts that differ.

    Args:
        parts: (interactions, views) per post.
    """
    n = len(parts)
    views = sum(v for _, v in parts)
    if not n or views <= 0:
        return None
    p = sum(k for k, _ in parts) / views
    if n < MIN_POSTS or not 0 < p < 1:
        return Interval(p, None, None, n)
    variance = n / (n - 1) * sum((k - p * v) ** 2 for k, v in parts) / views**2
    effective = views / max(1.0, variance / (p * (1 - p) / views))
    z = t_quantile(0.975, n - 1)
    centre = (p + z * z / (2 * effective)) / (1 + z * z / effective)
    half = z * math.sqrt(p * (1 - p) / effective + z * z / (4 * effective**2)) / (1 + z * z / effective)
    return Interval(p, max(0.0, centre - half), min(1.0, centre + half), n)


def t_quantile(p: float, df: int) -> float:
    """Return Student's t quantile for p > ½, by bisection of its distribution function (regularised beta).

    >>> round(t_quantile(0.975, 9), 3)
    2.262
    """
    if df <= 0:
        raise ValueError("a t distribution needs at least one degree of freedom")
    low, high = 0.0, NormalDist().inv_cdf(p) * 2 + 1
    while _t_cdf(high, df) < p:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def _t_cdf(t: float, df: int) -> float:
    """Closed form for whole df: Abramowitz & Stegun 26.7.3 and 26.7.4."""
    theta = math.atan(t / math.sqrt(df))
    sine, cosine = math.sin(theta), math.cos(theta)
    if df % 2:
        term, series = cosine, cosine if df > 1 else 0.0
        for k in range(3, df - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            series += term
        area = 2 / math.pi * (theta + sine * series)
    else:
        term, series = 1.0, 1.0
        for k in range(2, df - 1, 2):
            term *= cosine * cosine * (k - 1) / k
            series += term
        area = sine * series
    return (1 + area) / 2
