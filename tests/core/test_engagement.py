"""Engagement, honestly: the plan, missing values, and how sure a comparison is."""

import math
import random
from datetime import timedelta
from statistics import NormalDist

import pytest

from campaign.core.engagement import MANDATORY, PLAN_B, mean_interval, next_age, paired_ratio, t_quantile, total, wilson
from campaign.core.model import Metric


def test_the_plan_has_29_ages_in_order_and_all_that_reports_stand_on() -> None:
    assert 29 == len(PLAN_B)
    assert sorted(set(PLAN_B)) == list(PLAN_B)
    assert set(MANDATORY) <= set(PLAN_B)
    assert (timedelta(minutes=15), timedelta(days=365)) == (PLAN_B[0], PLAN_B[-1])


def test_the_plan_is_walked_to_its_end() -> None:
    ages = [timedelta()]
    while (age := next_age(ages[-1])) is not None:
        ages.append(age)

    assert list(PLAN_B) == ages[1:]
    assert timedelta(hours=2) == next_age(timedelta(hours=1, minutes=59))


@pytest.mark.parametrize(
    ("p", "df", "t"),  # the table of any book of statistics
    [
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 3, 3.182),
        (0.975, 4, 2.776),
        (0.975, 5, 2.571),
        (0.975, 10, 2.228),
        (0.975, 29, 2.045),
        (0.975, 30, 2.042),
        (0.975, 120, 1.980),
        (0.95, 7, 1.895),
        (0.995, 1, 63.657),
        (0.995, 8, 3.355),
    ],
)
def test_students_t_is_that_of_the_tables(p: float, df: int, t: float) -> None:
    assert t == pytest.approx(t_quantile(p, df), abs=0.0006)


def test_students_t_of_no_freedom_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one degree"):
        t_quantile(0.975, 0)


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ({}, None),
        ({"reactions": 0}, 0),
        ({"reactions": 3, "replies": 2, "reposts": 1, "quotes": 4}, 10),
        ({"reactions": 3, "replies": None}, None),
        ({"reactions": None}, None),
        ({"views": 900, "saves": 4, "link_clicks": 2}, None),
        ({"views": None, "reactions": 3}, 3),
    ],
)
def test_a_total_with_a_missing_part_is_missing(values: dict[Metric, int | None], number: int | None) -> None:
    assert number == total(values)


def test_fewer_than_five_posts_have_no_interval() -> None:
    few = [(4, 2)] * 4
    for interval in (paired_ratio(few), wilson([(4, 100)] * 4), mean_interval([4, 4, 4, 4])):
        assert interval is not None
        assert (None, None, 4) == (interval.low, interval.high, interval.n)
    assert (None, None, None) == (paired_ratio([]), wilson([]), mean_interval([]))


@pytest.mark.parametrize("parts", [[(0, 0)] * 6, []])
def test_a_rate_of_no_views_is_no_rate(parts: list[tuple[int, int]]) -> None:
    assert wilson(parts) is None


@pytest.mark.parametrize(("parts", "rate"), [([(0, 100)] * 6, 0.0), ([(100, 100)] * 6, 1.0), ([(150, 100)] * 6, 1.5)])
def test_a_rate_at_or_beyond_its_edges_has_no_interval(parts: list[tuple[int, int]], rate: float) -> None:
    interval = wilson(parts)

    assert interval is not None
    assert (rate, None, None) == (interval.estimate, interval.low, interval.high)


def test_posts_that_do_not_differ_have_a_plain_wilson_interval_with_t() -> None:
    interval = wilson([(10, 100)] * 10)
    assert interval is not None
    z, n, p = 2.262157, 1000, 0.1
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)

    assert (0.1, pytest.approx(centre - half), pytest.approx(centre + half)) == (
        interval.estimate,
        interval.low,
        interval.high,
    )


def _binomial(chance: random.Random, n: int, p: float) -> int:
    """A binomial number by its normal or Poisson-like sum; exact enough for hundreds of views."""
    if n * p < 12:
        return sum(1 for _ in range(n) if chance.random() < p)
    return min(n, max(0, round(chance.gauss(n * p, math.sqrt(n * p * (1 - p))))))


@pytest.mark.parametrize(("posts", "coverage"), [(5, 92), (10, 89), (20, 92), (40, 94)])
def test_the_widened_interval_covers_the_truth_about_as_often_as_it_says(posts: int, coverage: int) -> None:
    chance = random.Random(2019 + posts)
    runs, hits = 24_000 // posts // 2, 0
    for _ in range(runs):
        parts = []
        for _ in range(posts):
            views = max(1, round(300 * math.exp(chance.gauss(0, 0.8) - 0.32)))
            parts.append((_binomial(chance, views, chance.betavariate(0.04 * 60, 0.96 * 60)), views))
        interval = wilson(parts)
        hits += (
            interval is not None
            and interval.low is not None
            and interval.high is not None
            and (interval.low <= 0.04 <= interval.high)
        )

    assert coverage == pytest.approx(100 * hits / runs, abs=4.0)


def test_a_paired_ratio_covers_the_truth_about_as_often_as_it_says() -> None:
    chance = random.Random(7)
    hits, runs = 0, 1500
    for _ in range(runs):
        pairs = []
        for _ in range(10):
            topic = chance.gauss(0, 0.7)
            first, second = (200 * math.exp(topic + shift + chance.gauss(0, 0.35)) for shift in (math.log(1.5), 0.0))
            pairs.append((round(first), round(second)))
        interval = paired_ratio(pairs)
        assert interval is not None
        assert interval.low is not None
        assert interval.high is not None
        hits += interval.low <= 1.5 <= interval.high

    assert 95 == pytest.approx(100 * hits / runs, abs=2.0)


def test_a_ratio_turned_round_is_its_inverse() -> None:
    pairs = [(4, 2), (9, 3), (0, 1), (7, 7), (12, 5)]
    there, back = paired_ratio(pairs), paired_ratio([(b, a) for a, b in pairs])
    assert there is not None
    assert back is not None
    assert back.high is not None

    assert (pytest.approx(1 / back.estimate), pytest.approx(1 / back.high)) == (there.estimate, there.low)


def test_the_mean_of_zeros_is_zero_and_never_below() -> None:
    interval = mean_interval([0, 0, 0, 0, 0, 1])

    assert interval is not None
    assert interval.low is not None
    assert 0 <= interval.low <= interval.estimate < 1
    assert 0.0 == pytest.approx(t_quantile(0.975, 10_000) - NormalDist().inv_cdf(0.975), abs=0.001)
