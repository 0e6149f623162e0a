"""A platform that answers every request with the same words, whatever was asked."""

import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
from hypothesis import strategies as st

from campaign.core.errors import Outcome, Unavailable, Uncertain
from campaign.net.reply import Reply


class Parrot:
    """Stands where an adapter has its client; nothing leaves."""

    def __init__(self, answer: Any) -> None:
        self._body = json.dumps(answer).encode()
        self.secrets = {"token": "a secret"}
        self.notebook = None

    async def ask(self, *args: Any, **options: Any) -> Reply:
        return Reply(200, httpx.Headers(), self._body, Unavailable)

    async def commit(self, *args: Any, **options: Any) -> Reply:
        return Reply(200, httpx.Headers(), self._body, Uncertain)


LEAVES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        10**12,
        10**30,
        -(10**30),
        0.5,
        1e300,
        "",
        "9a",
        "2026",
        "\x00",
        [],
        {},
        [None],
        [[1]],
    ]
)
ODDS = 12  # that one of so many values is another, or is not there


@st.composite
def bent(draw: st.DrawFn, example: Any) -> Any:
    """Return an answer as the platform gives it, in which values are of a wrong kind, or missing."""
    if not draw(st.integers(0, ODDS)):
        return draw(LEAVES)
    if isinstance(example, dict):
        return {name: draw(bent(value)) for name, value in example.items() if draw(st.integers(0, ODDS))}
    if isinstance(example, list):
        return [draw(bent(value)) for value in example]
    return example


async def survives(verb: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Run a verb; what it raises must be an Outcome. What it returns is for the test to judge."""
    with suppress(Outcome):
        await verb()


NOW = datetime(2026, 11, 24, tzinfo=UTC)
