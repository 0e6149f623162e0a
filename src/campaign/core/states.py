"""The life of one delivery: its states, the moves between them, and what an outcome leads to."""

from enum import StrEnum

from campaign.core.errors import CampaignError, Conflict, Outcome, RateLimited, Refused, Unauthorized, Unavailable


class State(StrEnum):
    """Where a delivery is. Each comment says what a crash leaves."""

    SCHEDULED = "scheduled"  # waits for its time or its next attempt; a crash changes nothing
    CLAIMED = "claimed"  # a worker holds the lease, nothing irreversible was sent; a crash → scheduled
    PUBLISHING = "publishing"  # past the line of no return: the request may have left; a crash → uncertain
    PROCESSING = "processing"  # the platform took it and still works on it; a crash → asked again
    UNCERTAIN = "uncertain"  # nobody knows; only confirm() or a person moves it; a crash → asked again
    PUBLISHED = "published"  # known to be out, once
    FAILED = "failed"  # refused for good, or given up; a person may schedule it again
    MISSED = "missed"  # its time passed, beyond grace, before it could be sent; a person decides
    CANCELLED = "cancelled"  # a person took it back before anything was sent


# The move that a reaper may make with what a dead worker left behind: two pairs are its whole policy.
REAPED = {State.CLAIMED: State.SCHEDULED, State.PUBLISHING: State.UNCERTAIN}

MOVES: dict[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.CLAIMED, State.MISSED, State.CANCELLED, State.PUBLISHED}),
    State.CLAIMED: frozenset(
        {State.SCHEDULED, State.PUBLISHING, State.FAILED, State.CANCELLED, State.MISSED, State.PUBLISHED}
    ),
    State.PUBLISHING: frozenset(
        {State.PUBLISHED, State.PROCESSING, State.SCHEDULED, State.FAILED, State.MISSED, State.UNCERTAIN}
    ),
    State.PROCESSING: frozenset({State.PUBLISHED, State.FAILED, State.UNCERTAIN}),
    State.UNCERTAIN: frozenset({State.PUBLISHED, State.PROCESSING, State.SCHEDULED, State.MISSED, State.FAILED}),
    State.PUBLISHED: frozenset(),
    State.FAILED: frozenset({State.SCHEDULED, State.CANCELLED, State.PUBLISHED}),
    State.MISSED: frozenset({State.SCHEDULED, State.CANCELLED, State.PUBLISHED}),
    State.CANCELLED: frozenset(),
}

# What leads along each move; the README's picture is drawn from these words.
REASONS: dict[tuple[State, State], str] = {
    (State.SCHEDULED, State.CLAIMED): "claim",
    (State.SCHEDULED, State.MISSED): "grace over",
    (State.SCHEDULED, State.CANCELLED): "person",
    (State.SCHEDULED, State.PUBLISHED): "a late result, for knowledge beats doubt",
    (State.CLAIMED, State.SCHEDULED): "paused / RateLimited / Unavailable / Unauthorized / worker died",
    (State.CLAIMED, State.PUBLISHING): "THE LINE OF NO RETURN (committed)",
    (State.CLAIMED, State.FAILED): "Refused / check",
    (State.CLAIMED, State.CANCELLED): "person",
    (State.CLAIMED, State.MISSED): "grace over",
    (State.CLAIMED, State.PUBLISHED): "a late result, for knowledge beats doubt",
    (State.PUBLISHING, State.PUBLISHED): "Published",
    (State.PUBLISHING, State.PROCESSING): "Pending",
    (State.PUBLISHING, State.SCHEDULED): "proved that nothing left",
    (State.PUBLISHING, State.FAILED): "Refused",
    (State.PUBLISHING, State.MISSED): "nothing left, grace over",
    (State.PUBLISHING, State.UNCERTAIN): "Uncertain / a bug / worker died",
    (State.PROCESSING, State.PUBLISHED): "confirm()",
    (State.PROCESSING, State.FAILED): "confirm()",
    (State.PROCESSING, State.UNCERTAIN): "no answer for too long",
    (State.UNCERTAIN, State.PUBLISHED): "confirm() found it / person",
    (State.UNCERTAIN, State.PROCESSING): "confirm() says Pending",
    (State.UNCERTAIN, State.SCHEDULED): "confirm() says not there, after settles_within",
    (State.UNCERTAIN, State.MISSED): "confirm() says not there, grace over",
    (State.UNCERTAIN, State.FAILED): "person",
    (State.FAILED, State.SCHEDULED): "person",
    (State.FAILED, State.CANCELLED): "person",
    (State.FAILED, State.PUBLISHED): "a late result / person",
    (State.MISSED, State.SCHEDULED): "person",
    (State.MISSED, State.CANCELLED): "person / its campaign asks nobody",
    (State.MISSED, State.PUBLISHED): "a late result / person",
}

# Seconds between the questions of confirm(), counted from the doubt; asked until `settles_within` is over.
CONFIRM_AT = (0.0, 5.0, 30.0, 120.0, 600.0, 1800.0)

# After so many attempts that got nowhere, a person looks.
MAX_ATTEMPTS = 8


def check_move(old: State, new: State) -> None:
    """Refuse a move that is not in the graph.

    Raises:
        Conflict: the state `old` has no door to `new`.
    """
    if new not in MOVES[old]:
        doors = ", ".join(sorted(MOVES[old])) or "nothing"
        raise Conflict(f"a delivery that is {old} cannot become {new}; it may become: {doors}")


def after(error: BaseException, held: State, attempt: int) -> State:
    """Return the state that follows an error of an attempt.

    Past the line only a proof leads back: whatever is not one of the known outcomes is a doubt.

    Args:
        error: what prepare() or publish() raised.
        held: CLAIMED before the line, PUBLISHING past it.
        attempt: how many attempts were made, this one included.
    """
    match error:
        case Refused():
            return State.FAILED
        case RateLimited() | Unauthorized():
            return State.SCHEDULED
        case Unavailable():
            return State.SCHEDULED if attempt < MAX_ATTEMPTS else State.FAILED
        case Outcome() if held is State.CLAIMED:
            return State.SCHEDULED if attempt < MAX_ATTEMPTS else State.FAILED
        case CampaignError() if held is State.CLAIMED:
            return State.FAILED
        case _ if (
            held is State.CLAIMED
        ):  # a full disk, a busy database, a bug: nothing was sent, so trying again is safe
            return State.SCHEDULED if attempt < MAX_ATTEMPTS else State.FAILED
        case _:
            return State.UNCERTAIN


def backoff(attempt: int) -> float:
    """Return the seconds to wait before the next attempt: 5, 10, 20 … 600.

    >>> [backoff(n) for n in (1, 2, 3, 9)]
    [5.0, 10.0, 20.0, 600.0]
    """
    return float(min(600, 5 * 2 ** max(0, attempt - 1)))


def mermaid() -> str:
    """Return the life of a delivery as a Mermaid state diagram, drawn from MOVES and REASONS."""
    lines = ["stateDiagram-v2", "    [*] --> scheduled: enqueue"]
    lines += [f"    {old} --> {new}: {REASONS[old, new]}" for old in State for new in State if new in MOVES[old]]
    lines += [f"    {state} --> [*]" for state in State if not MOVES[state]]
    return "\n".join(lines)
