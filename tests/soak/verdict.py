"""The verdict of a soak: what the twins' books hold against what our rows say, delivery by delivery."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from campaign import sandbox
from campaign.core.states import State
from campaign.service import App
from campaign.store import queue
from campaign.store.tables import attempts, deliveries, events, outgoings
from tests.soak.stage import CHANNELS

OPEN = (State.SCHEDULED, State.CLAIMED, State.PUBLISHING, State.PROCESSING, State.UNCERTAIN)


@dataclass
class Verdict:
    """What was found. The lists hold a line for each that is wrong."""

    states: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    double: list[str] = field(default_factory=list)  # more than once in the books
    lost: list[str] = field(default_factory=list)  # we say published, the books do not hold it
    stray: list[str] = field(default_factory=list)  # in the books, and we do not say published
    stuck: list[str] = field(default_factory=list)  # nobody knows, or nobody does anything
    early: list[str] = field(default_factory=list)  # accepted before it was due
    why: Counter[str] = field(default_factory=Counter)  # missed or failed, by what stands in its rows
    unexplained: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # seconds from due to accepted

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.double or self.lost or self.stray or self.stuck or self.early or self.unexplained)


def settle_blind(app: App, base_url: str, person: Any) -> int:
    """Answer, as a person who looks at the channel, what nobody else can: return how many were asked."""
    from campaign.service.confirm import settle

    blind = {channel.name for channel in CHANNELS if channel.kind == "none"}
    # Who looks before the request can have arrived must not say that it did not.
    before = app.clock.now() - timedelta(seconds=20)
    with app.store.read() as tx:
        doubts = [
            row
            for row in queue.listed(tx, states=[State.UNCERTAIN])
            if row["account"] in blind and (row["sent_at"] is None or row["sent_at"] < before)
        ]
        texts = _texts(tx)
    seen = {
        (entry["account"], _plain(entry["text"])): str(entry["url"])
        for name in {row["account"] for row in doubts}
        for entry in sandbox.books(base_url, name)
    }
    for row in doubts:
        url = seen.get((row["account"], texts[row["outgoing_id"]]))
        if url:
            settle(app, row["id"], "published", by=person, url=url)
        else:
            settle(app, row["id"], "not_published", by=person)
    return len(doubts)


def judge(
    app: App, base_url: str, *, jumps: Sequence[Sequence[float]], excused: Sequence[tuple[float, float]]
) -> Verdict:
    """Hold the books against the rows.

    Args:
        jumps: from when to when (seconds since 1970) a process's clock was how many seconds ahead. What is early by
            it, or given up by it, is that clock's fault; one that was behind excuses what nobody published.
        excused: when nobody published, or a pause stood.
    """
    excused = [*excused, *((since, until) for since, until, by in jumps if by < 0)]
    found = Verdict()
    with app.store.read() as tx:
        rows = queue.listed(tx)
        texts = _texts(tx)
        tries = _tries(tx)
    books: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for entry in sandbox.books(base_url):
        books[entry["platform"], entry["account"]][_plain(entry["text"])].append(entry)
    kinds = {channel.name: channel.kind for channel in CHANNELS}
    states = {row["id"]: row["state"] for row in rows}
    for row in rows:
        state, label = (
            str(row["state"]),
            f"{row['post']}.{row['part']} to {row['account']} ({row['id']}, {row['state']})",
        )
        there = books[row["platform"], row["account"]].pop(texts[row["outgoing_id"]], [])
        kind = kinds[row["account"]]
        found.states[state] += 1
        found.by_kind[kind][state] += 1
        found.by_kind[kind]["double"] += max(0, len(there) - 1)
        if len(there) > 1:
            found.double.append(f"{label}: {', '.join(str(entry['id']) for entry in there)}")
        if state == State.PUBLISHED and row["remote_id"] not in [str(entry["id"]) for entry in there]:
            found.lost.append(f"{label}: {row['remote_id']} is not in the books")
        elif state in (State.MISSED, State.FAILED, State.CANCELLED) and there:
            found.stray.append(f"{label}: {there[0]['id']} is in the books")
        elif state in OPEN:
            found.stuck.append(f"{label}: {row['error'] or 'no word'}; tries: {tries[row['id']]}")
        if state in (State.MISSED, State.FAILED):
            reason = _why(row, states, tries[row["id"]], excused, [jump for jump in jumps if jump[2] > 0])
            found.why[f"{state}: {reason or 'unexplained'}"] += 1
            if not reason:
                found.unexplained.append(f"{label}: {row['error'] or 'no word'}; tries: {tries[row['id']]}")
        for entry in there[:1]:
            late = (datetime.fromisoformat(entry["created_at"]) - row["due_at"]).total_seconds()
            found.late.append(late)
            if late < -1 and not any(by > 0 for _, _, by in jumps):
                found.early.append(f"{label}: {-late:.1f} s before its time")
    for (_, account), left in books.items():
        for text, entries in left.items():
            found.stray.append(f"{account}: {entries[0]['id']} {text[:40]!r} belongs to no delivery")
    return found


def _why(
    row: dict[str, Any],
    states: dict[str, str],
    tries: list[str],
    excused: Sequence[tuple[float, float]],
    ahead: Sequence[Sequence[float]],
) -> str:
    """Return why a delivery did not go out, as far as the rows and the plan tell; empty: they do not."""
    if row["parent_id"] is not None and states[row["parent_id"]] != State.PUBLISHED:
        return "the part before it did not go out"
    if any(each.startswith("confirm") for each in tries):
        return "a doubt that outlived its grace"
    if any("unauthorized" in each for each in tries):
        return "the account's token was void"
    if any("ratelimited" in each for each in tries):
        return "the platform said not now"
    if tries:
        return "tried, and proved not sent"
    due, end = row["due_at"].timestamp(), row["late_after"].timestamp()
    covered = sum(max(0.0, min(end, until) - max(due, since)) for since, until in _joined(excused))
    if any(since <= end + 5 and end - by <= until for since, until, by in ahead):
        return "a clock that was ahead said that it is late"
    return "nobody could publish" if covered > 0.5 * (end - due) else ""


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for since, until in sorted(spans):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((since, until))
    return joined


def life(app: App, delivery_id: str) -> str:
    """Return all that the rows say of one delivery, for a finding."""
    with app.store.read() as tx:
        row = tx.execute(sa.select(deliveries).where(deliveries.c.id == delivery_id)).mappings().one()
        tried = tx.execute(
            sa.select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.started_at)
        ).mappings()
        said = tx.execute(sa.select(events).where(events.c.delivery_id == delivery_id).order_by(events.c.at)).mappings()
        lines = [json.dumps(dict(row), default=str, ensure_ascii=False)]
        lines += [f"  attempt {dict(each)}" for each in tried]
        lines += [f"  event {each['at']} {each['event']} {each['detail']}" for each in said]
    return "\n".join(lines)


def _texts(tx: Any) -> dict[str, str]:
    query = sa.select(outgoings.c.id, outgoings.c.canonical)
    return {row.id: _plain(json.loads(row.canonical)["text"]) for row in tx.execute(query)}


def _tries(tx: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    query = sa.select(attempts.c.delivery_id, attempts.c.kind, attempts.c.outcome).order_by(attempts.c.started_at)
    for row in tx.execute(query):
        found[row.delivery_id].append(f"{row.kind} {row.outcome}")
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())
