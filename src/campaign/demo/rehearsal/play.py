"""Play a plan on its stage, with the daemon's own engine on a virtual clock, and read what came of each delivery."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from campaign.core.model import Attempt, Exchange
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.demo.rehearsal.budget import Breach, Sending, weigh
from campaign.demo.rehearsal.outcome import LATE, Line
from campaign.demo.rehearsal.plan import Plan
from campaign.demo.rehearsal.stage import Stage
from campaign.engine.embedded import EmbeddedEngine, Pace
from campaign.service import App
from campaign.service.package import mark_handed
from campaign.store import attempts as attempt_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import queue
from campaign.store.accounts import Pause

Show = Callable[[int, int, datetime], None]  # settled, of how many, at which time of the campaign
RATE = 1e12  # virtual seconds in a real one, at most: as fast as the machine allows
PATIENCE = 60.0  # seconds without any news after which it is told as far as it got
SETTLED = (State.PUBLISHED, State.FAILED, State.MISSED, State.CANCELLED)


async def play(stage: Stage, plan: Plan, until: datetime, show: Show) -> None:
    """Let the engine publish until nothing waits any more, or nothing has moved for a minute."""
    app = stage.app
    engine = EmbeddedEngine(
        app,
        slots=stage.settings.daemon.slots,
        tick=1.0,
        stop_within=2.0,
        pace=Pace(stage.clock, rate=RATE, until=until),
        publishes_only=True,
    )
    # A look that is cut off at the end is no news; what fails before is told by a rehearsal that gets no further.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    running = asyncio.create_task(engine.run())
    try:
        seen: Any = None
        news = time.monotonic()
        while not running.done() and time.monotonic() - news < PATIENCE:
            tally, waits = await asyncio.to_thread(_standing, app, plan)
            now = app.clock.now()
            total = sum(number for state, number in tally.items() if state != "posts")
            show(sum(tally.get(state, 0) for state in SETTLED), total, now)
            if not waits:
                break
            if seen != (tally, now):
                seen, news = (tally, now), time.monotonic()
            await asyncio.sleep(0.02)
    finally:
        engine.stop()
        await running


def _standing(app: App, plan: Plan) -> tuple[dict[str, int], bool]:
    """Return the deliveries by state, and whether any is still to move by itself."""
    now = app.clock.now()
    with app.store.read() as tx:
        # A held part whose parent is out is never given up; it is neither due nor late, and not waited for.
        waits = queue.in_flight(tx) or queue.next_due(tx) is not None or queue.late(tx, now=now) is not None
        return campaign_rows.tally(tx, plan.campaign.id), bool(waits)


def told(stage: Stage, plan: Plan) -> tuple[list[Line], list[Breach]]:
    """Return every line with what came of it, by time, and the budgets that would be exceeded."""
    lines = dict(plan.lines)
    with stage.app.store.read() as tx:
        rows = queue.listed(tx, plan.campaign.id)
        mark_handed(stage.app, tx, rows)
        for row in rows:
            line = lines.get(row["outgoing_id"])
            if line is not None and line.standing == "uncertain":
                lines[line.id] = _judged(line, row, attempt_rows.attempts_of(tx, row["id"]), plan.pauses)
    _leave_behind(lines)
    breaches = _weighed(lines, plan)
    _leave_behind(lines)  # what a budget holds up takes its answers with it
    return _by_time(lines.values()), breaches


def _leave_behind(lines: dict[str, Line]) -> None:
    # By part alone would not do: in a thread of languages each language begins at part 1. A chain is as long as it is.
    out, moved = ("published", "late"), True
    while moved:
        moved = False
        for line in list(lines.values()):
            before = lines.get(line.parent or "")
            if before is None or before.standing in (*out, "uncertain") or line.standing not in (*out, "missed"):
                continue
            if line != (left := line.left_behind(before)):
                lines[line.id], moved = left, True


def _judged(line: Line, row: dict[str, Any], attempts: list[Attempt], pauses: list[Pause]) -> Line:
    exchanges = [exchange for attempt in attempts for exchange in attempt.exchanges]
    uploads = sum(map(_is_upload, exchanges))
    line = replace(line, requests=len(exchanges), uploads=uploads)
    trouble = row["error"] or (attempts[-1].error if attempts else None)
    match row["state"]:
        case State.PUBLISHED:
            out_at = row["published_at"]
            if out_at - line.due_at <= LATE:
                return line.stands("published", out_at=out_at)
            late = int((out_at - line.due_at).total_seconds() // 60)
            return line.stands("late", f"its time was past: {late} min late, within the grace", out_at=out_at)
        case State.FAILED:
            by = "twin" if any(exchange.response is not None for exchange in exchanges) else "check"
            return line.stands("refused", trouble, refused_by=by)
    if row["held_because"] is not None:
        return line.stands("held", row["held_because"])
    fence = next((pause for pause in pauses if _fences(pause, line, row)), None)
    if fence is not None:
        what = f"{fence.scope} {fence.name}".strip()
        return line.stands("held", f"paused ({what}) by {fence.person}: {fence.reason}")
    if row["state"] in (State.MISSED, State.CANCELLED):  # some campaigns take back what is late
        return line.stands("missed", (attempts[-1].error if attempts else None) or row["error"])
    if row["state"] == State.SCHEDULED:
        return line.stands("missed", trouble or "the part before it did not go out")
    if row["state"] == State.PROCESSING and row["handed"]:
        return line.stands("published", "handed over to the person who puts it up", out_at=row["sent_at"])
    return line.stands("uncertain", trouble or "it was not settled while the rehearsal lasted")


def _is_upload(exchange: Exchange) -> bool:
    head = exchange.request.partition(b"\r\n\r\n")[0].lower()
    return any(b"\r\ncontent-type: " + kind in head for kind in (b"multipart/", b"image/", b"video/"))


def _fences(pause: Pause, line: Line, row: dict[str, Any]) -> bool:
    match pause.scope:
        case "all":
            return True
        case "campaign":
            return bool(pause.name == row["campaign"])
        case "language":
            return pause.name in line.langs
        case "platform":
            return pause.name == line.platform
    return pause.name == line.account


def _weighed(lines: dict[str, Line], plan: Plan) -> list[Breach]:
    """Weigh what was sent against each account's budget; what would have to wait is late, or missed."""
    sent = [line for line in _by_time(lines.values()) if line.requests]
    breaches, waits = weigh(
        (
            Sending(
                number=number,
                account=line.account,
                at=line.out_at or line.due_at,
                late_after=None if line.parent else line.late_after,
                requests=line.requests,
                uploads=line.uploads,
            )
            for number, line in enumerate(sent)
        ),
        plan.limits,
    )
    for number, wait in waits.items():
        line = sent[number]
        if line.standing not in ("published", "late"):
            continue
        when = in_zone(wait.at, line.zone)
        if wait.missed:
            why = f"rate limit: no {wait.what} are left until {when}, and its grace ends before"
            lines[line.id] = line.stands("missed", why, out_at=None)
        else:
            lines[line.id] = line.stands("late", f"rate limit: no {wait.what} are left until {when}", out_at=wait.at)
    return breaches


def _by_time(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.order)
