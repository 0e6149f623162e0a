"""space_out: what piled up goes out one by one, account by account; resume never bursts."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from campaign.service import App
from campaign.store import backlog

LATE = timedelta(seconds=60)  # what is later than this piled up


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is due; `ready`: the monotonic second before which a back-off of its own keeps it."""

    id: str
    ready: float


def space_out(app: App, tx: Any) -> int:
    """Put time between late deliveries of one account; return how many were put off.

    Called when a pause is lifted, and when a process begins to publish and no other one does. The first goes at once,
    each further one `app.spacing` seconds later, in order of `due_at`; so does the first after one that went a moment
    ago. What would go beyond its grace keeps its place behind the others, and is missed in time. The parts of a thread
    follow the first one as ever. What stands behind another pause is left alone; it has its turn when that is lifted.
    """
    put_off = _put_off(app, tx)
    backlog.put_off(tx, put_off, boot=app.clock.boot)
    if put_off:
        app.log("deliveries.spaced", number=len(put_off), spacing=app.spacing)
    return len(put_off)


def keep_spaced(app: App) -> None:
    """Let what was spaced out stay so, though its turn passed: while the machine slept, say, or the platform was away.

    To be called before each claim of an engine; where nothing was spaced out it is one question to an index.
    """
    if app.spacing <= 0:
        return
    with app.store.read() as tx:
        if not backlog.has_turn(tx, mono=app.clock.monotonic(), boot=app.clock.boot) or not _put_off(app, tx):
            return
    with app.store.begin() as tx:
        backlog.put_off(tx, _put_off(app, tx), boot=app.clock.boot)


def _put_off(app: App, tx: Any) -> dict[str, float]:
    """Return which deliveries are to wait, and until which monotonic second; those that wait until then already not."""
    if app.spacing <= 0:
        return {}
    now, mono, boot = app.clock.now(), app.clock.monotonic(), app.clock.boot
    piles = backlog.piles(tx, due_before=now - LATE, now=now, mono=mono, boot=boot)
    slots: dict[str, float] = {}
    before: dict[str, float] = {}
    for pile in piles:
        first = mono if pile.last_sent is None else max(mono, pile.last_sent + app.spacing)
        # Parts that continue what is out wait for nothing, and one of them is the account's first.
        first = max(first, mono + app.spacing) if pile.continued else first
        waiting = [Waiting(id, max(mono, ready)) for id, ready in pile.waiting]
        slots |= spaced(waiting, first=first, spacing=app.spacing)
        before |= dict(pile.waiting)
    return {id: at for id, at in slots.items() if at > mono and at != before[id]}


def spaced(waiting: Sequence[Waiting], *, first: float, spacing: float) -> dict[str, float]:
    """Return when each goes: in their order, none before it is ready, no two within the spacing.

    One that is not ready does not keep those behind it.

    >>> spaced([Waiting("a", 0), Waiting("b", 0), Waiting("c", 5)], first=10, spacing=30)
    {'a': 10, 'b': 40, 'c': 70}
    >>> spaced([Waiting("a", 100), Waiting("b", 0)], first=10, spacing=30)
    {'b': 10, 'a': 100}
    """
    slots: dict[str, float] = {}
    resting = sorted(((each.ready, number) for number, each in enumerate(waiting)), reverse=True)
    ready: list[int] = []
    at = first
    while resting or ready:
        if not ready:
            at = max(at, resting[-1][0])
        while resting and resting[-1][0] <= at:
            heapq.heappush(ready, resting.pop()[1])
        slots[waiting[heapq.heappop(ready)].id] = at
        at += spacing
    return slots
