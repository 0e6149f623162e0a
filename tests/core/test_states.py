"""The graph of a delivery's life, and what an error leads to."""

import asyncio

import pytest

from campaign.core import errors
from campaign.core.states import MAX_ATTEMPTS, MOVES, REAPED, REASONS, State, after, backoff, check_move, mermaid

CLAIMED, PUBLISHING = State.CLAIMED, State.PUBLISHING
SCHEDULED, FAILED, UNCERTAIN = State.SCHEDULED, State.FAILED, State.UNCERTAIN


def _reached(start: State) -> set[State]:
    seen, todo = {start}, [start]
    while todo:
        new = MOVES[todo.pop()] - seen
        seen |= new
        todo += new
    return seen


def test_every_state_is_reached_from_scheduled() -> None:
    assert set(State) == _reached(SCHEDULED)


def test_every_state_has_its_doors_listed() -> None:
    assert set(State) == set(MOVES)


def test_every_move_has_exactly_one_reason() -> None:
    assert {(old, new) for old in MOVES for new in MOVES[old]} == set(REASONS)
    assert all(REASONS.values())


def test_a_doubt_has_no_door_to_sending() -> None:
    assert not MOVES[UNCERTAIN] & {CLAIMED, PUBLISHING}


def test_the_line_is_crossed_only_from_a_claim_and_a_claim_comes_only_from_the_queue() -> None:
    assert {CLAIMED} == {old for old in MOVES if PUBLISHING in MOVES[old]}
    assert {SCHEDULED} == {old for old in MOVES if CLAIMED in MOVES[old]}


def test_what_is_out_stays_out_and_what_is_cancelled_stays_cancelled() -> None:
    assert {State.PUBLISHED, State.CANCELLED} == {state for state in State if not MOVES[state]}


def test_the_reaper_only_makes_moves_of_the_graph() -> None:
    for old, new in REAPED.items():
        check_move(old, new)


@pytest.mark.parametrize("old", State)
@pytest.mark.parametrize("new", State)
def test_a_move_is_refused_unless_the_graph_has_it(old: State, new: State) -> None:
    if new in MOVES[old]:
        check_move(old, new)
    else:
        with pytest.raises(errors.Conflict, match=f"{old} cannot become {new}; it may become: "):
            check_move(old, new)


BEFORE = [
    (errors.Refused("no"), 1, FAILED),
    (errors.RateLimited("later", retry_after=1), 1, SCHEDULED),
    (errors.RateLimited("later", retry_after=1), MAX_ATTEMPTS + 9, SCHEDULED),
    (errors.Unauthorized("token"), MAX_ATTEMPTS, SCHEDULED),
    (errors.Unavailable("down"), MAX_ATTEMPTS - 1, SCHEDULED),
    (errors.Unavailable("down"), MAX_ATTEMPTS, FAILED),
    (errors.Uncertain("silence"), 1, SCHEDULED),
    (errors.Uncertain("silence"), MAX_ATTEMPTS, FAILED),
    (errors.Outcome("odd"), 1, SCHEDULED),
    (errors.Invalid("text", "", "empty"), 1, FAILED),
    (errors.Conflict("parent"), 1, FAILED),
    (errors.NotFound("token", "kr"), 1, FAILED),
    (OSError(28, "No space left on device"), 1, SCHEDULED),
    (ZeroDivisionError(), MAX_ATTEMPTS - 1, SCHEDULED),
    (ZeroDivisionError(), MAX_ATTEMPTS, FAILED),
    (asyncio.CancelledError(), 1, SCHEDULED),
]


@pytest.mark.parametrize(("error", "attempt", "state"), BEFORE)
def test_before_the_line_trying_again_is_safe(error: BaseException, attempt: int, state: State) -> None:
    assert state is after(error, CLAIMED, attempt)


PAST = [
    (errors.Refused("no"), 1, FAILED),
    (errors.RateLimited("later", retry_after=1), 1, SCHEDULED),
    (errors.Unauthorized("token"), 1, SCHEDULED),
    (errors.Unavailable("proved: nothing left"), 1, SCHEDULED),
    (errors.Unavailable("proved: nothing left"), MAX_ATTEMPTS, FAILED),
    (errors.Uncertain("silence"), 1, UNCERTAIN),
    (errors.Uncertain("silence"), MAX_ATTEMPTS + 1, UNCERTAIN),
    (errors.Outcome("odd"), 1, UNCERTAIN),
    (errors.Invalid("text", "", "empty"), 1, UNCERTAIN),
    (errors.Conflict("x"), 1, UNCERTAIN),
    (errors.Held("pause"), 1, UNCERTAIN),
    (ConnectionRefusedError(), 1, UNCERTAIN),
    (TimeoutError(), 1, UNCERTAIN),
    (ZeroDivisionError(), 1, UNCERTAIN),
    (asyncio.CancelledError(), 1, UNCERTAIN),
    (KeyboardInterrupt(), MAX_ATTEMPTS + 1, UNCERTAIN),
]


@pytest.mark.parametrize(("error", "attempt", "state"), PAST)
def test_past_the_line_only_a_proof_leads_back(error: BaseException, attempt: int, state: State) -> None:
    assert state is after(error, PUBLISHING, attempt)


@pytest.mark.parametrize(("error", "attempt", "_state"), [*BEFORE, *PAST])
@pytest.mark.parametrize("held", [CLAIMED, PUBLISHING])
def test_whatever_follows_an_error_is_a_move_of_the_graph(
    error: BaseException, attempt: int, _state: State, held: State
) -> None:
    check_move(held, after(error, held, attempt))


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(-1, 5), (0, 5), (1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (9, 600), (1000, 600)]
)
def test_each_wait_is_twice_the_last_up_to_ten_minutes(attempt: int, seconds: float) -> None:
    assert seconds == backoff(attempt)


def test_the_picture_shows_each_move_once_and_both_ends() -> None:
    lines = mermaid().splitlines()

    assert ["stateDiagram-v2", "    [*] --> scheduled: enqueue"] == lines[:2]
    assert len(REASONS) + 4 == len(lines)
    assert "    claimed --> publishing: THE LINE OF NO RETURN (committed)" in lines
    assert ["    published --> [*]", "    cancelled --> [*]"] == lines[-2:]
