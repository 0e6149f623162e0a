"""Which Outgoings were looked at before their time: a day ahead, and shortly before; each is marked once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.states import State
from campaign.store.tables import deliveries, outgoings

Which = Literal["warned_at", "looked_at"]


def due(tx: Connection, which: Which, *, now: datetime, ahead: timedelta, limit: int) -> list[str]:
    """Return the ids of posts of which something is due within `ahead` that was not looked at yet, the next first."""
    query = (
        _waiting(which, now)
        .with_only_columns(outgoings.c.post_id, sa.func.min(outgoings.c.due_at))
        .where(outgoings.c.due_at <= now + ahead)
        .group_by(outgoings.c.post_id)
        .order_by(sa.func.min(outgoings.c.due_at), outgoings.c.post_id)
    )
    return [row[0] for row in tx.execute(query.limit(limit))]


def following(tx: Connection, which: Which, *, now: datetime) -> datetime | None:
    """Return the time of the next Outgoing that is still to be looked at; None: there is none."""
    query = _waiting(which, now).with_only_columns(outgoings.c.due_at).order_by(outgoings.c.due_at).limit(1)
    found: datetime | None = tx.execute(query).scalar_one_or_none()
    return found


def mark(tx: Connection, which: Which, post_id: str, *, now: datetime, ahead: timedelta) -> list[str]:
    """Note that what is due within `ahead` of a post is looked at now; return the ids of its Outgoings.

    One guarded UPDATE: of two workers that look at the same post one gets them, and the other gets none.
    """
    column = outgoings.c[which]
    query = (
        outgoings.update()
        .where(
            outgoings.c.post_id == post_id,
            outgoings.c.superseded_at.is_(None),
            column.is_(None),
            outgoings.c.due_at > now,
            outgoings.c.due_at <= now + ahead,
        )
        .values({which: now})
        .returning(outgoings.c.id)
    )
    return list(tx.execute(query).scalars())


def again(tx: Connection, post_id: str) -> None:
    """Let a post be looked at once more before its time: what was found wrong with it may be right now."""
    tx.execute(outgoings.update().where(outgoings.c.post_id == post_id).values(looked_at=None))


def made_at(tx: Connection, ids: Sequence[str]) -> datetime:
    """Return when the oldest of these Outgoings was made."""
    found: datetime = tx.execute(
        sa.select(sa.func.min(outgoings.c.created_at)).where(outgoings.c.id.in_(ids))
    ).scalar_one()
    return found


def _waiting(which: Which, now: datetime) -> sa.Select[Any]:
    """What is still to go out, and is not marked: in the very words of the partial indexes, which SQLite compares."""
    return (
        sa.select(outgoings.c.id)
        .outerjoin(deliveries, deliveries.c.outgoing_id == outgoings.c.id)
        .where(
            outgoings.c.superseded_at.is_(None),
            outgoings.c[which].is_(None),
            outgoings.c.due_at > now,
            sa.or_(deliveries.c.id.is_(None), deliveries.c.state == State.SCHEDULED),
        )
    )
