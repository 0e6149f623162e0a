"""Whether what goes out fits each account's rate budget, told on the campaign's time: twins count in real time."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from campaign.core.adapter import Capabilities, RateRule

What = Literal["requests", "uploads"]


@dataclass(frozen=True, slots=True)
class Sending:
    """One delivery's demand; `number` names it, in the order in which it is sent."""

    number: int
    account: str
    at: datetime
    late_after: datetime | None  # None: it goes out however late it is, for the part before it is out
    requests: int
    uploads: int


@dataclass(frozen=True, slots=True)
class Breach:
    """A window in which an account is asked for more than its budget."""

    account: str
    what: What
    starts: datetime
    ends: datetime
    wanted: int
    budget: int

    @property
    def over(self) -> int:
        """By how much."""
        return self.wanted - self.budget

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "account": self.account,
            "what": self.what,
            "from": self.starts.isoformat().replace("+00:00", "Z"),
            "until": self.ends.isoformat().replace("+00:00", "Z"),
            "wanted": self.wanted,
            "budget": self.budget,
            "over": self.over,
        }


@dataclass(frozen=True, slots=True)
class Wait:
    """What a budget does to one delivery: it goes out at `at`, or is missed."""

    at: datetime
    what: What
    missed: bool


def weigh(
    sendings: Iterable[Sending], capabilities: Mapping[str, Capabilities]
) -> tuple[list[Breach], dict[int, Wait]]:
    """Return the windows that are asked for too much, and what must wait for a later window, by number.

    A window begins with its first request and admits so many, as the platforms' own throttles count. What does not fit
    waits for its end; what would then be beyond its grace is missed. Readings and other campaigns are not counted.
    """
    breaches: list[Breach] = []
    waits: dict[int, Wait] = {}
    by_account: dict[str, list[Sending]] = {}
    for sending in sendings:
        by_account.setdefault(sending.account, []).append(sending)
    for account, sent in sorted(by_account.items()):
        rules: list[tuple[What, RateRule | None]] = [
            ("uploads", capabilities[account].media_rate),
            ("requests", capabilities[account].rate),
        ]
        for what, rule in rules:
            if rule is not None:
                breaches += _one_budget(account, what, rule, sent, waits)
    return sorted(breaches, key=lambda breach: (breach.starts, breach.account, breach.what)), waits


def _one_budget(
    account: str, what: What, rule: RateRule, sent: Sequence[Sending], waits: dict[int, Wait]
) -> list[Breach]:
    found: list[Breach] = []
    queue: list[tuple[datetime, int, Sending]] = []
    for sending in sent:
        earlier = waits.get(sending.number)
        if earlier is None or not earlier.missed:
            heapq.heappush(queue, (earlier.at if earlier else sending.at, sending.number, sending))
    starts: datetime | None = None
    ends, used, wanted = datetime.min.replace(tzinfo=UTC), 0, 0
    while queue:
        at, number, sending = heapq.heappop(queue)
        needs = sending.uploads if what == "uploads" else sending.requests
        if not needs:
            continue
        if starts is None or at >= ends:
            if starts is not None and wanted > rule.requests:
                found.append(Breach(account, what, starts, ends, wanted, rule.requests))
            starts, ends, used, wanted = at, at + timedelta(seconds=rule.seconds), 0, 0
        wanted += needs
        if used + needs <= rule.requests or used == 0:  # more than a whole window alone takes the window
            used += needs
            continue
        late = sending.late_after is not None and ends > sending.late_after
        waits[number] = Wait(ends, what, late)
        if not late:
            heapq.heappush(queue, (ends, number, sending))
    if starts is not None and wanted > rule.requests:
        found.append(Breach(account, what, starts, ends, wanted, rule.requests))
    return found
