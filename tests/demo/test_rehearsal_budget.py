"""Budgets weighed on the campaign's time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import RateRule
from campaign.demo.rehearsal.budget import Sending, weigh
from campaign.platforms.mastodon import CAPABILITIES

START = datetime(2026, 11, 24, tzinfo=UTC)
TEN_A_MINUTE = {"kr": replace(CAPABILITIES, rate=RateRule(10, 60, CAPABILITIES.rate.source), media_rate=None)}


def _sending(number: int, second: int, requests: int, grace: int | None = 900) -> Sending:
    at = START + timedelta(seconds=second)
    return Sending(number, "kr", at, None if grace is None else at + timedelta(seconds=grace), requests, 0)


def test_what_does_not_fit_waits_for_the_end_of_the_window() -> None:
    breaches, waits = weigh([_sending(0, 0, 6), _sending(1, 10, 6), _sending(2, 20, 4)], TEN_A_MINUTE)

    assert [(START, START + timedelta(seconds=60), 16, 10, 6)] == [
        (breach.starts, breach.ends, breach.wanted, breach.budget, breach.over) for breach in breaches
    ]
    assert {1: START + timedelta(seconds=60)} == {number: wait.at for number, wait in waits.items()}


def test_what_would_wait_beyond_its_grace_is_missed_but_not_a_part_that_continues_one() -> None:
    sendings = [_sending(0, 0, 10), _sending(1, 10, 1, grace=30), _sending(2, 10, 1, grace=None)]

    _, waits = weigh(sendings, TEN_A_MINUTE)

    assert {1: True, 2: False} == {number: wait.missed for number, wait in waits.items()}


def test_more_than_a_whole_window_at_once_is_told_and_does_not_wait_for_ever() -> None:
    breaches, waits = weigh([_sending(0, 0, 25)], TEN_A_MINUTE)

    assert ([15], {}) == ([breach.over for breach in breaches], waits)


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 10), st.sampled_from([30, 900, None])), max_size=40))
def test_sent_as_it_says_everything_fits(given_: list[tuple[int, int, int | None]]) -> None:
    sendings = [_sending(number, *each) for number, each in enumerate(given_)]

    breaches, waits = weigh(sendings, TEN_A_MINUTE)
    kept = [item for item in sendings if item.number not in waits or not waits[item.number].missed]
    again = [replace(item, at=waits[item.number].at) if item.number in waits else item for item in kept]

    assert ([], {}) == weigh(again, TEN_A_MINUTE)
    assert bool(breaches) == bool(waits)
    for item in kept:
        if item.number in waits and item.late_after is not None:
            assert item.at < waits[item.number].at <= item.late_after
