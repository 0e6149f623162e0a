"""What piled up behind a pause or a dead daemon: read account by account, and put off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.states import State
from campaign.store.queue import unfenced
from campaign.store.tables import deliveries


@dataclass(slots=True)
class Pile:
    """The late deliveries of one account that are still within their grace, by the time that they were due.

    Attributes:
        waiting: id and the monotonic second until which a back-off of this boot keeps it, else 0.
        continued: how many late parts continue something that is out.
        last_sent: the monotonic second of this boot when the account's last delivery crossed the line.
    """

    account_id: str
    waiting: list[tuple[str, float]] = field(default_factory=list)
    continued: int = 0
    last_sent: float | None = None


def piles(tx: Connection, *, due_before: datetime, now: datetime, mono: float, boot: str) -> list[Pile]:
    """Return what could be claimed now and was due before an instant, account by account."""
    parent = deliveries.alias("parent")
    query = (
        sa.select(deliveries, parent.c.state.label("parent_state"))
        .outerjoin(parent, parent.c.id == deliveries.c.parent_id)
        .where(
            deliveries.c.state == State.SCHEDULED,
            deliveries.c.held_because.is_(None),
            deliveries.c.due_at < due_before,
            sa.or_(
                sa.and_(deliveries.c.parent_id.is_(None), deliveries.c.late_after >= now),
                parent.c.state == State.PUBLISHED,
            ),
            unfenced(),
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
    )
    found: dict[str, Pile] = {}
    for row in tx.execute(query).mappings():
        pile = found.setdefault(row["account_id"], Pile(row["account_id"]))
        if row["parent_id"] is None:
            kept = row["retry_at"] is not None and row["boot"] == boot and row["retry_at"] > mono
            pile.waiting.append((row["id"], row["retry_at"] if kept else 0.0))
        else:
            pile.continued += 1
    last = sa.select(deliveries.c.account_id, sa.func.max(deliveries.c.sent_mono)).where(
        deliveries.c.sent_boot == boot, deliveries.c.account_id.in_(list(found))
    )
    for account_id, sent in tx.execute(last.group_by(deliveries.c.account_id)):
        found[account_id].last_sent = sent
    return list(found.values())


def has_turn(tx: Connection, *, mono: float, boot: str) -> bool:
    """Whether something that was put off has its turn now; what waits for its back-off was tried before."""
    query = sa.select(deliveries.c.id).where(
        deliveries.c.retry_at.is_not(None),
        deliveries.c.retry_at <= mono,
        deliveries.c.boot == boot,
        deliveries.c.state == State.SCHEDULED,
        deliveries.c.attempts == 0,
        deliveries.c.error.is_(None),
    )
    return tx.execute(query.limit(1)).first() is not None


def put_off(tx: Connection, slots: Mapping[str, float], *, boot: str) -> None:
    """Let each of these scheduled deliveries wait until a monotonic second of this boot."""
    if not slots:
        return
    query = (
        deliveries.update()
        .where(deliveries.c.id == sa.bindparam("b_id"), deliveries.c.state == State.SCHEDULED)
        .values(retry_at=sa.bindparam("b_retry_at"), boot=boot)
    )
    tx.execute(query, [{"b_id": id, "b_retry_at": at} for id, at in slots.items()])
