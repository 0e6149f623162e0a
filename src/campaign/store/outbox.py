"""Deliveries: enqueued, claimed, moved under guard, recorded; outbox, queue and history in one table.

Every move is one UPDATE that names the state and the lease (with its fence) that it leaves. No row: LeaseLost.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.errors import Conflict, Held, LeaseLost
from campaign.core.model import ArchiveState, Delivery
from campaign.core.states import REAPED, State, check_move
from campaign.store.columns import Instant
from campaign.store.queue import delivery_of, fences, get, holds, is_open, owns, rested, unfenced, unheld
from campaign.store.tables import deliveries

# What a known result leaves behind.
_RECORDED: dict[str, Any] = {
    "archive_state": ArchiveState.DUE, "error": None, "lease": None, "lease_until": None, "retry_at": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds deliveries, until when (monotonic seconds of `boot`)."""

    worker: str
    boot: str
    until: float


class Together(Exception):
    """What was to be done for many at once must be done for each by itself."""


def add_delivery(tx: Connection, delivery: Delivery, *, at: datetime) -> None:
    """Put a delivery into the queue."""
    tx.execute(
        deliveries.insert().values(
            id=delivery.id,
            campaign_id=delivery.campaign_id,
            post_id=delivery.post_id,
            account_id=delivery.account_id,
            outgoing_id=delivery.outgoing_id,
            outgoing_sha256=delivery.outgoing_sha256,
            langs=list(delivery.langs),
            part=delivery.part,
            parent_id=delivery.parent_id,
            state=delivery.state,
            due_at=delivery.due_at,
            late_after=delivery.late_after,
            moved_because=delivery.moved_because,
            key=delivery.key,
            guarantee=delivery.guarantee,
            attempts=delivery.attempts,
            fence=delivery.fence,
            questions=0,
            wire=dict(delivery.wire) if delivery.wire else None,
            sent_at=delivery.sent_at,
            remote_id=delivery.remote_id,
            permalink=delivery.permalink,
            published_at=delivery.published_at,
            error=delivery.error,
            archive_state=delivery.archive_state,
            created_at=at,
        )
    )


def claim(tx: Connection, *, now: datetime, mono: float, lease: Lease, limit: int) -> list[Delivery]:
    """Take up to `limit` deliveries that are due: compare-and-set under a new fence.

    A part is claimable only when the part it continues is published. What a pause fences is left where it is, and what
    is beyond its grace is never taken, whoever turns the crank.
    """
    standing = fences(tx)
    if "all" in standing:
        return []
    ready = _ready(bool(standing), holds(tx, mono, lease.boot), tx.dialect.name == "postgresql")
    ids = list(tx.execute(ready, {"now": now, "mono": mono, "boot": lease.boot, "most": limit}).scalars())
    if not ids:
        return []
    values = {"ids": ids, "worker": lease.worker, "until": lease.until, "new_boot": lease.boot}
    rows = [delivery_of(row) for row in tx.execute(_taken(), values).mappings()]
    return sorted(rows, key=lambda delivery: (delivery.due_at, delivery.id))


# Built once: building them anew for every claim would cost more than the claim.
@cache
def _ready(fenced: bool, held: bool, locks: bool) -> sa.Select[Any]:
    parent = deliveries.alias("parent")
    now = sa.bindparam("now", type_=Instant)
    mono, boot = sa.bindparam("mono", type_=sa.Float), sa.bindparam("boot", type_=sa.Text)
    ready = (
        sa.select(deliveries.c.id)
        .outerjoin(parent, parent.c.id == deliveries.c.parent_id)
        .where(
            deliveries.c.state == State.SCHEDULED,
            deliveries.c.held_because.is_(None),
            deliveries.c.due_at <= now,
            rested(mono, boot),
            sa.or_(deliveries.c.parent_id.is_(None), parent.c.state == State.PUBLISHED),
            sa.or_(deliveries.c.late_after >= now, deliveries.c.parent_id.is_not(None)),
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
    if fenced:
        ready = ready.where(unfenced())
    if held:
        ready = ready.where(unheld(mono, boot))
    return ready.with_for_update(skip_locked=True, of=deliveries) if locks else ready


@cache
def _taken() -> Any:
    return (
        deliveries.update()
        .where(
            deliveries.c.id.in_(sa.bindparam("ids", expanding=True)),
            deliveries.c.state == State.SCHEDULED,
        )
        .values(
            state=State.CLAIMED,
            lease=sa.bindparam("worker"),
            lease_until=sa.bindparam("until"),
            boot=sa.bindparam("new_boot"),
            retry_at=None,
            fence=deliveries.c.fence + 1,
            attempts=deliveries.c.attempts + 1,
        )
        .returning(deliveries)
    )


def move(tx: Connection, held: Delivery, new: State, **values: Any) -> Delivery:
    """Move a delivery on from exactly the state, lease and fence in which it was seen.

    Raises:
        LeaseLost: it has moved meanwhile, or another worker holds it; nothing was changed.
        Conflict: the graph has no such move.
    """
    check_move(held.state, new)
    keeps = new in (State.CLAIMED, State.PUBLISHING)
    if not keeps:
        values.setdefault("lease", None)
        values.setdefault("lease_until", None)
    query = (
        deliveries.update()
        .where(
            deliveries.c.id == held.id,
            deliveries.c.state == held.state,
            deliveries.c.fence == held.fence,
            deliveries.c.lease.is_(None) if held.lease is None else deliveries.c.lease == held.lease,
        )
        .values(state=new, **values)
        .returning(deliveries)
    )
    row = tx.execute(query).mappings().first()
    if row is None:
        raise LeaseLost(f"delivery {held.id} is no longer {held.state} under lease {held.lease or '-'}/{held.fence}")
    return delivery_of(row)


def cross(tx: Connection, held: Delivery, *, wire: Mapping[str, Any], at: datetime, mono: float) -> Delivery:
    """Cross the line of no return: claimed → publishing, with what goes over the wire, unless a pause stands now.

    Raises:
        Held: a pause was put up since the claim.
        LeaseLost: the delivery has moved meanwhile.
    """
    first = {} if held.sent_at else {"sent_at": at, "sent_mono": mono, "sent_boot": held.boot}
    query = (
        deliveries.update()
        .where(
            deliveries.c.id == held.id,
            deliveries.c.state == State.CLAIMED,
            deliveries.c.fence == held.fence,
            deliveries.c.lease == held.lease,
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
            unfenced(),
        )
        .values(state=State.PUBLISHING, wire=dict(wire), **first)
        .returning(deliveries)
    )
    row = tx.execute(query).mappings().first()
    if row is not None:
        return delivery_of(row)
    now = get(tx, held.id)
    if (now.state, now.fence, now.lease) == (State.CLAIMED, held.fence, held.lease):
        raise Held(f"delivery {held.id} {now.held_because or 'stands behind a pause'}")
    raise LeaseLost(f"delivery {held.id} is no longer claimed under lease {held.lease}/{held.fence}")


@dataclass(frozen=True, slots=True)
class Crossing:
    """A claimed delivery that is to cross the line: what goes over the wire, and when."""

    held: Delivery
    wire: Mapping[str, Any]
    at: datetime
    mono: float


def cross_all(tx: Connection, crossings: Sequence[Crossing]) -> list[Delivery]:
    """Let many deliveries cross the line in one statement, as cross() does it for one.

    Raises:
        Together: one of them must not; the caller rolls back, and asks cross() for each.
    """
    if fences(tx):
        raise Together("a pause stands: each delivery is asked whether it stands behind it")
    crossed = [_crossed(each) for each in crossings]
    rows = [
        {
            "b_id": held.id,
            "b_fence": held.fence,
            "b_lease": held.lease,
            "b_wire": held.wire,
            "b_sent_at": held.sent_at,
            "b_sent_mono": held.sent_mono,
            "b_sent_boot": held.sent_boot,
        }
        for held in crossed
    ]
    if tx.execute(_crossing(), rows).rowcount != len(rows):
        raise Together("one of them has moved meanwhile, or is held")
    return crossed


@cache
def _crossing() -> sa.Update:
    return (
        deliveries.update()
        .where(
            deliveries.c.id == sa.bindparam("b_id"),
            deliveries.c.state == State.CLAIMED,
            deliveries.c.fence == sa.bindparam("b_fence"),
            deliveries.c.lease == sa.bindparam("b_lease"),
            deliveries.c.held_because.is_(None),
        )
        .values(
            state=State.PUBLISHING,
            wire=sa.bindparam("b_wire"),
            sent_at=sa.bindparam("b_sent_at"),
            sent_mono=sa.bindparam("b_sent_mono"),
            sent_boot=sa.bindparam("b_sent_boot"),
        )
    )


def _crossed(crossing: Crossing) -> Delivery:
    held = crossing.held
    first: dict[str, Any] = (
        {} if held.sent_at else {"sent_at": crossing.at, "sent_mono": crossing.mono, "sent_boot": held.boot}
    )
    return replace(held, state=State.PUBLISHING, wire=dict(crossing.wire), **first)


def note(tx: Connection, held: Delivery, **values: Any) -> Delivery:
    """Write beside the state, under the same guard as move(). Raises: LeaseLost."""
    query = (
        deliveries.update()
        .where(deliveries.c.id == held.id, deliveries.c.state == held.state, deliveries.c.fence == held.fence)
        .values(**values)
        .returning(deliveries)
    )
    row = tx.execute(query).mappings().first()
    if row is None:
        raise LeaseLost(f"delivery {held.id} has moved on from {held.state}")
    return delivery_of(row)


def record(
    tx: Connection,
    delivery_id: str,
    *,
    remote_id: str,
    permalink: str | None,
    published_at: datetime,
    measure_at: datetime,
) -> Delivery:
    """Keep that a delivery is out. A known result is always recorded, whoever holds the lease by now.

    Raises:
        Conflict: it is recorded already under another remote id, or another delivery owns this one.
    """
    held = get(tx, delivery_id)
    if held.state is State.PUBLISHED:
        if held.remote_id == remote_id:
            return held
        raise Conflict(f"delivery {held.id} is published as {held.remote_id} already, and now also as {remote_id}")
    check_move(held.state, State.PUBLISHED)
    if owns(tx, held.account_id, remote_id):
        raise Conflict(f"remote post {remote_id} belongs to another delivery of this account already")
    query = (
        deliveries.update()
        .where(deliveries.c.id == held.id, deliveries.c.state == held.state, deliveries.c.fence == held.fence)
        .values(
            state=State.PUBLISHED,
            remote_id=remote_id,
            permalink=permalink,
            published_at=published_at,
            measure_at=measure_at,
            **_RECORDED,
        )
        .returning(deliveries)
    )
    row = tx.execute(query).mappings().first()
    if row is None:
        raise LeaseLost(f"delivery {held.id} moved while its result was recorded")
    return delivery_of(row)


@dataclass(frozen=True, slots=True)
class Result:
    """A delivery past the line that is out, as the platform told it."""

    held: Delivery
    remote_id: str
    permalink: str | None
    published_at: datetime
    measure_at: datetime


def record_all(tx: Connection, results: Sequence[Result]) -> None:
    """Keep that many deliveries are out in one statement, as record() does it for one.

    Raises:
        Together: one of them has moved meanwhile, or its remote id is taken; the caller rolls back, and asks record()
            for each.
    """
    rows = [
        {
            "b_id": result.held.id,
            "b_fence": result.held.fence,
            "b_remote_id": result.remote_id,
            "b_permalink": result.permalink,
            "b_published_at": result.published_at,
            "b_measure_at": result.measure_at,
        }
        for result in results
    ]
    try:
        changed = tx.execute(_recording(), rows).rowcount
    except sa.exc.IntegrityError as error:
        raise Together("a remote id is owned already") from error
    if changed != len(rows):
        raise Together("one of them has moved meanwhile")


def reap(
    tx: Connection,
    *,
    worker: str,
    mono: float,
    boot: str,
    alone: bool,
    dead_workers: Collection[str] = (),
    older: bool = True,
    outlives: float = 0.0,
) -> list[tuple[State, Delivery]]:
    """Take over what dead workers left: claimed → scheduled, publishing → uncertain, and nothing else.

    Args:
        worker: this worker; its own leases count as dead only when they ran out.
        alone: a lock proves that no other worker lives, so every other lease is dead.
        dead_workers: those whose signs of life stood still.
        older: a lease of an earlier boot is over; on many machines a new era alone does not end those of the living.
        outlives: seconds for which the request of a dead worker may still be on its way: a machine that is cut off or
            stopped is not proved to be dead. Only from then on is "not there" waited for.
    """
    found: list[tuple[State, Delivery]] = []
    over = sa.or_(deliveries.c.boot != boot, deliveries.c.lease_until < mono)
    dead = sa.or_(deliveries.c.lease != worker, over) if alone else over
    if not older:
        dead = sa.and_(dead, deliveries.c.boot == boot)
    if dead_workers:
        dead = sa.or_(dead, deliveries.c.lease.in_(dead_workers))
    for old, new in REAPED.items():
        values: dict[str, Any] = {"state": new, "lease": None, "lease_until": None, "fence": deliveries.c.fence + 1}
        if new is State.UNCERTAIN:
            error = "the worker died past the line of no return; the platform is asked what became of it"
            values |= {"doubt_mono": mono + outlives, "boot": boot, "retry_at": None, "questions": 0, "error": error}
        else:
            # Nothing left, so the attempt did not count.
            values |= {"retry_at": None, "attempts": deliveries.c.attempts - 1}
        query = deliveries.update().where(is_open(), deliveries.c.state == old, dead).values(**values)
        found += [(old, delivery_of(row)) for row in tx.execute(query.returning(deliveries)).mappings()]
    return found


@cache
def _recording() -> sa.Update:
    return (
        deliveries.update()
        .where(
            deliveries.c.id == sa.bindparam("b_id"),
            deliveries.c.state == State.PUBLISHING,
            deliveries.c.fence == sa.bindparam("b_fence"),
        )
        .values(
            state=State.PUBLISHED,
            remote_id=sa.bindparam("b_remote_id"),
            permalink=sa.bindparam("b_permalink"),
            published_at=sa.bindparam("b_published_at"),
            measure_at=sa.bindparam("b_measure_at"),
            **_RECORDED,
        )
    )


def miss(tx: Connection, *, now: datetime) -> list[Delivery]:
    """Give up what is later than its campaign's grace and was not sent: a person decides, it never goes out late.

    A part whose parent is out is not given up: half a thread is worse than a late one.
    """
    parent = deliveries.alias("parent")
    out = sa.exists().where(parent.c.id == deliveries.c.parent_id, parent.c.state == State.PUBLISHED)
    query = (
        deliveries.update()
        .where(deliveries.c.state == State.SCHEDULED, deliveries.c.late_after < now, sa.not_(out))
        .values(
            state=State.MISSED,
            archive_state=ArchiveState.DUE,
            error="its time passed before it could be sent; schedule it again or cancel it",
        )
        .returning(deliveries)
    )
    return [delivery_of(row) for row in tx.execute(query).mappings()]


def archived(tx: Connection, seen: Sequence[Delivery]) -> None:
    """Say that the record holds these deliveries as they were seen; one that moved meanwhile stays due."""
    for delivery in seen:
        tx.execute(
            deliveries.update()
            .where(
                deliveries.c.id == delivery.id,
                deliveries.c.state == delivery.state,
                deliveries.c.attempts == delivery.attempts,
                deliveries.c.fence == delivery.fence,
                deliveries.c.questions == delivery.questions,
            )
            .values(archive_state=ArchiveState.ARCHIVED)
        )
