"""report: the same numbers as by hand, and what is missing is said."""

import math
from datetime import timedelta

import pytest

from campaign.core.engagement import MANDATORY
from campaign.service.report import report
from tests.conftest import World

from .test_measure import delete_on_the_platform, kept, published, read_until, told

T_975_4 = 2.7764451051977987  # Student's t, 97.5 %, 4 degrees of freedom: any table


@pytest.fixture
def five(world: World) -> World:
    """Five posts in Korean and Russian, read for eight days."""
    world.connect("ru", "ru", twin_account="peace_ru")
    for number in range(5):
        published(world, f"P{number}", to=("kr", "ru"), texts={"ko": f"안녕 {number}", "ru": f"Привет {number}"})
    read_until(world, timedelta(days=7, hours=1))
    return world


def by_hand(world: World, age: timedelta) -> dict[tuple[str, str], int]:
    """(post, language) → public interactions at that age, by the twin's own books."""
    names = {entry["id"]: entry["post"] for entry in report(world.app, "c").plain()["deliveries"]}
    return {
        (names[row.id], row.langs[0]): sum(told(world, str(row.remote_id), row.published_at + age).values())
        for row in world.deliveries()
        if row.published_at
    }


@pytest.mark.parametrize(("name", "age"), [("24h", MANDATORY[0]), ("7d", MANDATORY[1])])
def test_groups_are_the_sums_that_a_person_gets_by_hand(five: World, name: str, age: timedelta) -> None:
    truth, found = by_hand(five, age), report(five.app, "c", age=name)

    assert {lang: sum(v for (_, other), v in truth.items() if other == lang) for lang in ("ko", "ru")} == {
        group.name: group.interactions for group in found.by_lang
    }
    assert {post: sum(v for (other, _), v in truth.items() if other == post) for post, _ in truth} == {
        group.name: group.interactions for group in found.by_post
    }
    assert truth == {(row.post, row.lang): row.at[name] for row in found.series}
    assert (5, 10, 10, 0, 0) == (found.posts, found.variants, found.on_time, found.late, found.missing)


def test_the_paired_ratio_is_the_one_computed_by_hand(five: World) -> None:
    truth = by_hand(five, MANDATORY[1])
    logs = [math.log((truth[f"P{n}", "ru"] + 0.5) / (truth[f"P{n}", "ko"] + 0.5)) for n in range(5)]
    mean = sum(logs) / 5
    half = T_975_4 * math.sqrt(sum((each - mean) ** 2 for each in logs) / 4) / math.sqrt(5)
    [(first, second, ratio)] = report(five.app, "c").pairs

    assert ("ru", "ko", 5) == (first, second, ratio.n)
    assert pytest.approx((math.exp(mean), math.exp(mean - half), math.exp(mean + half)), rel=1e-6) == (
        ratio.estimate,
        ratio.low,
        ratio.high,
    )


def test_too_few_posts_have_a_ratio_without_an_interval(world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    published(world, "P01", to=("kr", "ru"), texts={"ko": "안녕", "ru": "Привет"})
    read_until(world, timedelta(days=1))
    [(_, _, ratio)] = report(world.app, "c", age="24h").pairs

    assert (1, None, None) == (ratio.n, ratio.low, ratio.high)


def test_a_missing_counter_makes_the_sum_unknown_and_is_counted(world: World) -> None:
    published(world, "P01", "P02")
    gone, there = world.deliveries()
    world.twin.fault("missing_metric", metric="favourites", id=gone.remote_id)
    read_until(world, timedelta(days=1, minutes=10))
    found = report(world.app, "c", age="24h")
    plain = found.plain()

    at = {row.delivery_id: row.at["24h"] for row in found.series}
    assert (None, False) == (at[gone.id], at[there.id] is None)
    assert [(None, 1, 2)] == [(group.interactions, group.missing, group.n) for group in found.by_lang]
    assert sum(row.value is None for row in kept(world)) == found.missing == plain["missing"] > 0
    shown = next(row for row in plain["deliveries"] if row["id"] == gone.id)
    assert {"value": None, "status": "error"} == shown["metrics"]["reactions"]
    assert 0 not in {value for _, value in shown["curve"]} and shown["gaps"] == len(shown["curve"])


def test_what_is_not_read_yet_is_unknown_and_not_zero(world: World) -> None:
    published(world, "P01")
    plain = report(world.app, "c").plain()

    assert ({"24h": None, "7d": None, "28d": None}, None, None, []) == (
        plain["deliveries"][0]["interactions"],
        plain["by_language"][0]["interactions"],
        plain["as_of"],
        plain["pairs"],
    )


def test_a_post_that_was_deleted_keeps_the_numbers_it_had(world: World) -> None:
    published(world, "P01")
    read_until(world, timedelta(days=1))
    before = report(world.app, "c", age="24h").series[0].at["24h"]
    delete_on_the_platform(world, "kr", str(world.deliveries()[0].remote_id))
    read_until(world, timedelta(days=8))
    [row] = report(world.app, "c", age="24h").series

    assert (before, None, {"expired"}) == (row.at["24h"], row.at["7d"], set(row.statuses.values()))


def test_the_late_and_the_lost_are_counted(world: World) -> None:
    world.post("P01", minutes=1)
    world.post("P02", minutes=3)
    world.clock.turn(minutes=3)
    world.tick()
    found = report(world.app, "c")

    assert (1, 1, {"published": 2}) == (found.on_time, found.late, dict(found.states))


def test_an_empty_campaign_has_an_empty_report(world: World) -> None:
    plain = report(world.app, "c").plain()

    assert (0, 0, [], []) == (plain["posts"], plain["readings"], plain["by_leg"], plain["deliveries"])
