"""Budgets as arithmetic: whatever is drawn, held and given back, no window admits more than the rule and one burst."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core import budget as budgets
from campaign.core.budget import LONGEST, READING_LEAVES, Budget, Step, do, draw, fresh

KEPT = 1.0  # seconds for which a worker keeps what it drew


@dataclass
class Row:
    """One budget, the workers that draw from it, and when what they drew was used."""

    budget: Budget
    now: float = 1000.0
    hands: dict[int, tuple[int, float]] = field(default_factory=dict)
    used: list[float] = field(default_factory=list)
    looks: list[tuple[float, int, int]] = field(default_factory=list)  # when, how many were used, in the hands

    def do(self, step: Step) -> budgets.Grant:
        self.budget, grant = do(self.budget, step, self.now)
        return grant

    def draw(self, worker: int, least: int, more: int, reading: bool) -> None:
        self.give_back(worker)
        grant = self.do(draw(least, least + more, reading=reading))
        assert grant.granted == 0 or least <= grant.granted <= least + more
        assert (grant.granted == 0) == (grant.wait > 0)
        assert not (grant.granted and self.budget.held_until > self.now)
        if reading and grant.granted and self.budget.size is not None:
            stays = min(self.budget.size * READING_LEAVES, self.budget.size - least)
            assert self.budget.tokens >= stays - 1e-6
        if grant.granted:
            self.hands[worker] = grant.granted, self.now

    def use(self, worker: int, n: int) -> None:
        tokens, since = self.hands.get(worker, (0, self.now))
        n = min(n, tokens)
        self.used += [self.now] * n
        self.hands[worker] = tokens - n, since

    def give_back(self, worker: int) -> None:
        tokens, _ = self.hands.pop(worker, (0, 0.0))
        if tokens:
            self.do(budgets.give_back(tokens))

    def turn(self, seconds: float) -> None:
        end = self.now + seconds
        for worker, (_, since) in sorted(self.hands.items(), key=lambda item: item[1][1]):
            if since + KEPT <= end:
                self.now = max(self.now, since + KEPT)
                self.give_back(worker)
        self.now = end

    def spend(self, worker: int, n: int) -> None:
        self.draw(worker, n, 0, False)
        self.use(worker, n)

    def look(self) -> None:
        self.looks.append((self.now, len(self.used), sum(tokens for tokens, _ in self.hands.values())))


WORKERS = st.integers(0, 2)
ACTS = st.one_of(
    st.tuples(st.just("draw"), WORKERS, st.integers(1, 3), st.integers(0, 4), st.booleans()),
    st.tuples(st.just("use"), WORKERS, st.integers(1, 5)),
    st.tuples(st.just("spend"), WORKERS, st.integers(1, 5)),
    st.tuples(st.just("give_back"), WORKERS),
    st.tuples(st.just("turn"), st.floats(0, 40)),
    st.tuples(st.just("turn"), st.floats(0, 0.9)),
    st.tuples(st.just("hold"), st.floats(0, 30)),
    st.tuples(st.just("settle"), st.integers(0, 20), st.floats(0, 30)),
)


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 8), st.floats(1, 60), st.lists(ACTS, min_size=5, max_size=60))
def test_no_window_admits_more_than_the_rule_one_burst_and_what_was_in_the_hands(size, seconds, acts) -> None:
    row = Row(fresh(1000.0, size=size, seconds=seconds))
    row.look()
    for name, *given_ in acts:
        if name in ("hold", "settle"):
            row.do(getattr(budgets, name)(*given_))
        else:
            getattr(row, name)(*given_)
        row.look()

    for start, before, out in row.looks:
        for number, at in enumerate(row.used[before:], 1):
            assert number <= size + (at - start) * size / seconds + out + 1e-6


@given(st.integers(1, 20), st.integers(0, 30), st.floats(0.5, 100), st.lists(st.integers(1, 4), max_size=30))
def test_what_the_platform_told_is_never_exceeded_before_its_reset(size, told, reset, draws) -> None:
    row = Row(fresh(1000.0, size=size, seconds=10.0))
    row.do(budgets.settle(told, reset))
    granted = 0
    for n in draws:
        row.now = min(row.now + 1.0, 1000.0 + reset - 0.01)
        granted += row.do(draw(n)).granted

    assert granted <= told


def test_a_word_about_an_earlier_window_comes_too_late() -> None:
    row = Row(fresh(1000.0, size=10, seconds=10.0))
    row.do(budgets.settle(8, 300.0))
    row.do(budgets.settle(0, 2.0))
    assert row.do(draw(8)).granted == 8
    assert row.do(draw(1)).wait == pytest.approx(300.0)
    row.now += 300.5
    assert row.do(draw(10)).granted == 10


def test_the_platforms_word_never_raises_what_the_rule_admits() -> None:
    row = Row(fresh(1000.0, size=3, seconds=30.0))
    assert row.do(draw(3)).granted == 3
    row.do(budgets.settle(100, 1.0))
    assert row.do(draw(1)).wait == pytest.approx(10.0)


def test_a_hold_of_years_ends_within_a_day_and_a_shorter_one_lifts_nothing() -> None:
    row = Row(fresh(1000.0, size=3, seconds=30.0))
    row.do(budgets.hold(10 * 365 * 86400.0))
    row.do(budgets.hold(5.0))
    row.do(budgets.hold(-5.0))
    assert row.do(draw(1)).wait == LONGEST


def test_another_rule_leaves_used_what_was_used() -> None:
    row = Row(fresh(1000.0))
    assert row.do(draw(1, 500)).granted == 500  # no rule is known yet: any number
    row.do(budgets.rule(10, 10.0))
    row.do(draw(8))
    row.do(budgets.rule(9, 90.0))
    assert row.budget.tokens == pytest.approx(1.0)
    row.do(budgets.resize(20))
    assert (row.budget.size, row.budget.tokens) == (20, pytest.approx(12.0))
    row.do(budgets.resize(0))
    assert row.budget.size == 20


def test_a_budget_that_a_step_left_alone_is_not_written_anew() -> None:
    row = Row(fresh(1000.0, size=1, seconds=100.0))
    row.do(draw(1))
    before, row.now = row.budget, 1010.0
    assert row.do(draw(1)).wait == pytest.approx(90.0)
    assert row.budget is before
