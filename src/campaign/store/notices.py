"""What a person must be told: each piece of news once while its cause lasts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from campaign.core.model import Guarantee
from campaign.core.states import State
from campaign.store.signs import notices
from campaign.store.tables import deliveries, outgoings

ABOUT_READINESS = ("post.held", "post.unready", "post.unapproved")  # each by the post's row id


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece of news. `told_at`: when the notifier had it; `over_at`: when its cause was gone."""

    id: str
    kind: str
    subject: str  # what it is about: an account's name, a delivery's id
    detail: Mapping[str, Any]
    at: datetime
    told_at: datetime | None = None
    tries: int = 0
    next_at: datetime | None = None  # not handed over again before it
    over_at: datetime | None = None


def add(tx: Connection, notice: Notice) -> bool:
    """Keep it, unless the same news is open already; return whether it is new."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    query = insert(notices).values(
        id=notice.id, kind=notice.kind, subject=notice.subject, detail=dict(notice.detail), at=notice.at
    )
    once = query.on_conflict_do_nothing(index_elements=["kind", "subject"], index_where=notices.c.over_at.is_(None))
    return tx.execute(once.returning(notices.c.id)).first() is not None


def close(tx: Connection, kinds: Collection[str], subject: str | None = None, *, at: datetime) -> int:
    """Say that the cause is gone; the same news may come again. `subject` None: any. Return how many were open."""
    query = notices.update().where(notices.c.kind.in_(kinds), notices.c.over_at.is_(None))
    if subject is not None:
        query = query.where(notices.c.subject == subject)
    return int(tx.execute(query.values(over_at=at)).rowcount)


def close_settled(tx: Connection, *, at: datetime) -> int:
    """Close what is open about deliveries that have left the state it tells of; return how many there were."""
    count = 0
    for state, more in (
        (State.MISSED, sa.true()),
        (State.FAILED, sa.true()),
        (State.UNCERTAIN, deliveries.c.guarantee == Guarantee.NONE),
        (State.PROCESSING, sa.true()),  # told only of what a person puts up
    ):
        still = sa.exists().where(deliveries.c.id == notices.c.subject, deliveries.c.state == state, more)
        query = notices.update().where(
            notices.c.kind == f"delivery.{state}", notices.c.over_at.is_(None), sa.not_(still)
        )
        count += tx.execute(query.values(over_at=at)).rowcount
    # What is told of a post's readiness is over when nothing of it waits any more.
    waits = sa.exists().where(deliveries.c.post_id == notices.c.subject, deliveries.c.state == State.SCHEDULED)
    comes = (
        sa.exists()
        .where(outgoings.c.post_id == notices.c.subject, outgoings.c.superseded_at.is_(None), outgoings.c.due_at > at)
        .correlate(notices)
    )
    query = notices.update().where(
        notices.c.kind.in_(ABOUT_READINESS), notices.c.over_at.is_(None), sa.not_(waits), sa.not_(comes)
    )
    return count + int(tx.execute(query.values(over_at=at)).rowcount)


def open_now(tx: Connection, *, limit: int | None = None) -> list[Notice]:
    """Return the news whose cause lasts, the latest first."""
    query = sa.select(notices).where(notices.c.over_at.is_(None))
    rows = tx.execute(query.order_by(notices.c.at.desc(), notices.c.id.desc()).limit(limit)).mappings()
    return [Notice(**row) for row in rows]


def subjects(tx: Connection, kind: str) -> set[str]:
    """Return what open news of this kind is about."""
    query = sa.select(notices.c.subject).where(notices.c.kind == kind, notices.c.over_at.is_(None))
    return set(tx.execute(query).scalars())


def open_by_kind(tx: Connection) -> dict[str, int]:
    """Return how much news of each kind is open."""
    query = sa.select(notices.c.kind, sa.func.count()).where(notices.c.over_at.is_(None)).group_by(notices.c.kind)
    return {kind: int(number) for kind, number in tx.execute(query)}


def untold(tx: Connection, *, now: datetime, limit: int) -> list[Notice]:
    """Return the news that is to be handed over now, oldest first; what is over untold is not told any more."""
    query = sa.select(notices).where(
        notices.c.told_at.is_(None),
        notices.c.over_at.is_(None),
        sa.or_(notices.c.next_at.is_(None), notices.c.next_at <= now),
    )
    rows = tx.execute(query.order_by(notices.c.at, notices.c.id).limit(limit)).mappings()
    return [Notice(**row) for row in rows]


def take(tx: Connection, notice: Notice, *, next_at: datetime) -> bool:
    """Begin a try to hand it over; False: another worker has begun the same one. A crash leaves it for `next_at`."""
    query = notices.update().where(
        notices.c.id == notice.id, notices.c.tries == notice.tries, notices.c.told_at.is_(None)
    )
    return bool(tx.execute(query.values(tries=notice.tries + 1, next_at=next_at)).rowcount)


def told(tx: Connection, ids: Sequence[str], *, at: datetime) -> None:
    """Say that these are handed over."""
    tx.execute(notices.update().where(notices.c.id.in_(ids)).values(told_at=at))
