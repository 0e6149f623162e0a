"""How states are ordered and marked on the desk: what needs a person first; a sign and a word, never colour alone."""

from collections.abc import Sequence
from typing import Any

from campaign.core.states import State

ORDER = (
    State.UNCERTAIN,
    State.MISSED,
    State.FAILED,
    State.PUBLISHING,
    State.PROCESSING,
    State.CLAIMED,
    State.SCHEDULED,
    State.PUBLISHED,
    State.CANCELLED,
)
TROUBLED = ORDER[:3]
SYMBOLS = {
    State.UNCERTAIN: "?",
    State.MISSED: "∅",
    State.FAILED: "×",
    State.PUBLISHING: "→",
    State.PROCESSING: "→",
    State.CLAIMED: "→",
    State.SCHEDULED: "○",
    State.PUBLISHED: "✓",
    State.CANCELLED: "–",
}


def ordered(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return deliveries by what they need: doubts and missed ones first; of what is out, the newest first."""

    def rank(row: dict[str, Any]) -> tuple[int, float]:
        state = State(row["state"])
        due = row["due_at"].timestamp()
        return ORDER.index(state), -due if state in (State.PUBLISHED, State.CANCELLED) else due

    return sorted(rows, key=rank)


def needs_a_person(row: dict[str, Any]) -> bool:
    """Whether a delivery waits for somebody: a doubt, a missed or failed one, one that is held, or put up by hand."""
    held = row["held_because"] and row["state"] == State.SCHEDULED
    return row["state"] in TROUBLED or bool(held) or bool(row.get("handed"))
