"""Deliveries: enqueued, claimed, moved under guard, recorded; outbox, queue and history in one table.

Every move is one UPDATE that names the state and the lease (with its fence) that it leaves. No row: LeaseLost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, Held, LeaseLost, NotFound
from campaign.core.model import ArchiveState, Delivery, Guarantee
from campaign.core.states import REAPED, State, check_move
from campaign.store.tables import accounts, campaigns, deliveries, pauses, posts

OPEN = (State.CLAIMED, State.PUBLISHING, State.PROCESSING, State.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds deliveries, until when (monotonic seconds of `boot`)."""

    worker: str
    boot: str
    until: float


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


def _unfenced() -> sa.ColumnElement[bool]:
    """Whether no pause stands in a delivery's way, told by one expression that claim and the line share."""
    fences = pauses.alias("fence")
    # Two levels down SQLAlchemy does not correlate by itself: the names would be those of any delivery.
    of_account = accounts.c.id == deliveries.c.account_id
    of_campaign = campaigns.c.id == deliveries.c.campaign_id
    platform = sa.select(accounts.c.platform).where(of_account).correlate(deliveries).scalar_subquery()
    account = sa.select(accounts.c.name).where(of_account).correlate(deliveries).scalar_subquery()
    campaign = sa.select(campaigns.c.name).where(of_campaign).correlate(deliveries).scalar_subquery()
    langs = sa.cast(deliveries.c.langs, sa.Text)
    behind = sa.or_(
        fences.c.scope == "all",
        sa.and_(fences.c.scope == "campaign", fences.c.name == campaign),
        sa.and_(fences.c.scope == "platform", fences.c.name == platform),
        sa.and_(fences.c.scope == "account", fences.c.name == account),
        sa.and_(fences.c.scope == "language", langs.like('%"' + fences.c.name + '"%')),
    )
    return sa.not_(sa.exists().where(fences.c.until.is_(None), behind))


def claim(tx: Connection, *, now: datetime, mono: float, lease: Lease, limit: int) -> list[Delivery]:
    """Take up to `limit` deliveries that are due: compare-and-set under a new fence.

    A part is claimable only when the part it continues is published. What a pause fences is left where it is, and what
    is beyond its grace is never taken, whoever turns the crank.
    """
    parent = deliveries.alias("parent")
    ready = (
        sa.select(deliveries.c.id)
        .outerjoin(parent, parent.c.id == deliveries.c.parent_id)
        .where(
            deliveries.c.state == State.SCHEDULED,
            deliveries.c.due_at <= now,
            _rested(mono, lease.boot),
            sa.or_(deliveries.c.parent_id.is_(None), parent.c.state == State.PUBLISHED),
            sa.or_(deliveries.c.late_after >= now, deliveries.c.parent_id.is_not(None)),
            _unfenced(),
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
    )
    if tx.dialect.name == "postgresql":
        ready = ready.with_for_update(skip_locked=True, of=deliveries)
    ids = list(tx.execute(ready).scalars())
    if not ids:
        return []
    taken = (
        deliveries.update()
        .where(deliveries.c.id.in_(ids), deliveries.c.state == State.SCHEDULED)
        .values(
            state=State.CLAIMED,
            lease=lease.worker,
            lease_until=lease.until,
            boot=lease.boot,
            retry_at=None,
            fence=deliveries.c.fence + 1,
            attempts=deliveries.c.attempts + 1,
        )
        .returning(deliveries)
    )
    rows = [_delivery(row) for row in tx.execute(taken).mappings()]
    return sorted(rows, key=lambda delivery: (delivery.due_at, delivery.id))


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
    return _delivery(row)


def cross(tx: Connection, held: Delivery, *, wire: Mapping[str, Any], at: datetime, mono: float) -> Delivery:
    """Cross the line of no return: claimed → publishing, with what goes over the wire, unless a pause stands now.

    Raises:
        Held: a pause was put up since the claim.
        LeaseLost: the delivery has moved meanwhile.
    """
    first = {} if held.sent_at else {"sent_at": at, "sent_mono": mono}
    query = (
        deliveries.update()
        .where(
            deliveries.c.id == held.id,
            deliveries.c.state == State.CLAIMED,
            deliveries.c.fence == held.fence,
            deliveries.c.lease == held.lease,
            _unfenced(),
        )
        .values(state=State.PUBLISHING, wire=dict(wire), **first)
        .returning(deliveries)
    )
    row = tx.execute(query).mappings().first()
    if row is not None:
        return _delivery(row)
    now = get(tx, held.id)
    if (now.state, now.fence, now.lease) == (State.CLAIMED, held.fence, held.lease):
        raise Held(f"delivery {held.id} stands behind a pause")
    raise LeaseLost(f"delivery {held.id} is no longer claimed under lease {held.lease}/{held.fence}")


def late(tx: Connection, *, now: datetime) -> datetime | None:
    """Return when the next scheduled delivery is given up, so that a clock can wait for it."""
    query = sa.select(deliveries.c.late_after).where(
        deliveries.c.state == State.SCHEDULED, deliveries.c.late_after >= now
    )
    value: datetime | None = tx.execute(query.order_by(deliveries.c.late_after).limit(1)).scalar_one_or_none()
    return value


def overdue(tx: Connection, *, now: datetime) -> int:
    """Return how many deliveries wait beyond their grace: the next look of a living daemon makes them missed."""
    late_ones = (deliveries.c.state == State.SCHEDULED, deliveries.c.late_after < now)
    return int(tx.execute(sa.select(sa.func.count()).where(*late_ones)).scalar_one())


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
    return _delivery(row)


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
    if remote_id in owned(tx, held.account_id):
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
            archive_state=ArchiveState.DUE,
            error=None,
            lease=None,
            lease_until=None,
            retry_at=None,
        )
        .returning(deliveries)
    )
    row = tx.execute(query).mappings().first()
    if row is None:
        raise LeaseLost(f"delivery {held.id} moved while its result was recorded")
    return _delivery(row)


def reap(tx: Connection, *, worker: str, mono: float, boot: str, alone: bool) -> list[tuple[State, Delivery]]:
    """Take over what dead workers left: claimed → scheduled, publishing → uncertain, and nothing else.

    Args:
        worker: this worker; its own leases count as dead only when they ran out.
        alone: a lock proves that no other worker lives, so every other lease is dead.
    """
    found: list[tuple[State, Delivery]] = []
    over = sa.or_(deliveries.c.boot != boot, deliveries.c.lease_until < mono)
    dead = sa.or_(deliveries.c.lease != worker, over) if alone else over
    for old, new in REAPED.items():
        values: dict[str, Any] = {"state": new, "lease": None, "lease_until": None, "fence": deliveries.c.fence + 1}
        if new is State.UNCERTAIN:
            error = "the worker died past the line of no return; the platform is asked what became of it"
            values |= {"doubt_mono": mono, "boot": boot, "retry_at": None, "questions": 0, "error": error}
        else:
            # Nothing left, so the attempt did not count.
            values |= {"retry_at": None, "attempts": deliveries.c.attempts - 1}
        query = deliveries.update().where(deliveries.c.state == old, dead).values(**values).returning(deliveries)
        found += [(old, _delivery(row)) for row in tx.execute(query).mappings()]
    return found


def stale_leases(tx: Connection, *, mono: float, boot: str) -> int:
    """Return how many leases have run out: what they hold is to be reaped."""
    over = sa.or_(deliveries.c.boot != boot, deliveries.c.lease_until < mono)
    held = deliveries.c.state.in_(tuple(REAPED))
    return int(tx.execute(sa.select(sa.func.count()).where(held, over)).scalar_one())


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
    return [_delivery(row) for row in tx.execute(query).mappings()]


def doubtful(tx: Connection, *, mono: float, boot: str, limit: int) -> list[Delivery]:
    """Return the deliveries that confirm() should ask about now."""
    query = (
        sa.select(deliveries)
        .where(
            deliveries.c.state.in_((State.UNCERTAIN, State.PROCESSING)),
            deliveries.c.guarantee != Guarantee.NONE,  # nothing tells: a person must look
            _rested(mono, boot),
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
    )
    return [_delivery(row) for row in tx.execute(query).mappings()]


def next_due(tx: Connection) -> datetime | None:
    """Return when the next scheduled delivery is due that can be claimed then."""
    parent = deliveries.alias("parent")
    query = (
        sa.select(deliveries.c.due_at)
        .outerjoin(parent, parent.c.id == deliveries.c.parent_id)
        .where(
            deliveries.c.state == State.SCHEDULED,
            sa.or_(deliveries.c.parent_id.is_(None), parent.c.state == State.PUBLISHED),
            _unfenced(),
        )
        .order_by(deliveries.c.due_at)
        .limit(1)
    )
    value: datetime | None = tx.execute(query).scalar_one_or_none()
    return value


def next_retry(tx: Connection, *, boot: str) -> float | None:
    """Return the monotonic second at which the next back-off or the next question is over; None: there is none."""
    states = (State.SCHEDULED, State.UNCERTAIN, State.PROCESSING)
    query = sa.select(sa.func.min(deliveries.c.retry_at)).where(
        deliveries.c.state.in_(states), deliveries.c.retry_at.is_not(None), deliveries.c.boot == boot
    )
    value: float | None = tx.execute(query).scalar_one()
    return value


def in_flight(tx: Connection) -> int:
    """Return how many deliveries are between their claim and a known result, those left to a person not counted."""
    mine = sa.or_(deliveries.c.state != State.UNCERTAIN, deliveries.c.guarantee != Guarantee.NONE)
    return int(tx.execute(sa.select(sa.func.count()).where(deliveries.c.state.in_(OPEN), mine)).scalar_one())


def owned(tx: Connection, account_id: str) -> frozenset[str]:
    """Return the remote ids that deliveries of an account own."""
    query = sa.select(deliveries.c.remote_id).where(
        deliveries.c.account_id == account_id, deliveries.c.remote_id.is_not(None)
    )
    return frozenset(tx.execute(query).scalars())


def get(tx: Connection, delivery_id: str) -> Delivery:
    """Return one delivery by its whole id. Raises: NotFound."""
    row = tx.execute(sa.select(deliveries).where(deliveries.c.id == delivery_id)).mappings().first()
    if row is None:
        raise NotFound("delivery", delivery_id)
    return _delivery(row)


def found(tx: Connection, prefix: str) -> Delivery:
    """Return the one delivery whose id begins, or ends, with this.

    UUIDv7 ids made together share their beginning, so a person may also name the end.

    Raises:
        NotFound: there is none.
        Conflict: there are several.
    """
    clean = prefix.strip().lower()
    if len(clean) < 4 or not set(clean) <= set("0123456789abcdef-"):
        raise NotFound(
            "delivery", prefix, "give at least 4 characters of its id; list them with: campaign delivery list"
        )
    query = sa.select(deliveries).where(
        sa.or_(deliveries.c.id.startswith(clean, autoescape=True), deliveries.c.id.endswith(clean, autoescape=True))
    )
    rows = tx.execute(query.limit(2)).mappings().all()
    if not rows:
        raise NotFound("delivery", prefix, "list them with: campaign delivery list")
    if len(rows) > 1:
        raise Conflict(f"several deliveries have ids that begin or end with '{prefix}'; give more of it")
    return _delivery(rows[0])


def of_post(tx: Connection, post_id: str) -> list[Delivery]:
    """Return the deliveries of a post, parents first."""
    query = sa.select(deliveries).where(deliveries.c.post_id == post_id)
    rows = tx.execute(query.order_by(deliveries.c.due_at, deliveries.c.part, deliveries.c.id)).mappings()
    return [_delivery(row) for row in rows]


def posts_due_for_archive(tx: Connection, limit: int) -> list[str]:
    """Return the posts of which something happened that the record does not hold yet."""
    query = sa.select(deliveries.c.post_id).where(deliveries.c.archive_state == ArchiveState.DUE).distinct()
    return list(tx.execute(query.limit(limit)).scalars())


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


def listed(tx: Connection, campaign_id: str | None = None, states: Sequence[State] = ()) -> list[dict[str, Any]]:
    """Return deliveries with the names of their post, account and campaign, by their time."""
    query = (
        sa.select(
            deliveries,
            posts.c.name.label("post"),
            accounts.c.name.label("account"),
            accounts.c.platform,
            campaigns.c.name.label("campaign"),
            posts.c.zone,
        )
        .join(posts, posts.c.id == deliveries.c.post_id)
        .join(accounts, accounts.c.id == deliveries.c.account_id)
        .join(campaigns, campaigns.c.id == deliveries.c.campaign_id)
        .order_by(deliveries.c.due_at, posts.c.name, accounts.c.name, deliveries.c.part, deliveries.c.id)
    )
    if campaign_id is not None:
        query = query.where(deliveries.c.campaign_id == campaign_id)
    if states:
        query = query.where(deliveries.c.state.in_(states))
    return [dict(row) for row in tx.execute(query).mappings()]


def _rested(mono: float, boot: str) -> sa.ColumnElement[bool]:
    # A back-off of an earlier boot cannot be told apart from one that is over: monotonic time began anew.
    return sa.or_(deliveries.c.retry_at.is_(None), deliveries.c.boot != boot, deliveries.c.retry_at <= mono)


def _delivery(row: RowMapping) -> Delivery:
    fields = row
    return Delivery(
        id=fields["id"],
        post_id=fields["post_id"],
        account_id=fields["account_id"],
        campaign_id=fields["campaign_id"],
        outgoing_id=fields["outgoing_id"],
        outgoing_sha256=fields["outgoing_sha256"],
        langs=tuple(fields["langs"]),
        part=fields["part"],
        parent_id=fields["parent_id"],
        state=State(fields["state"]),
        due_at=fields["due_at"],
        late_after=fields["late_after"],
        key=fields["key"],
        guarantee=Guarantee(fields["guarantee"]),
        attempts=fields["attempts"],
        fence=fields["fence"],
        lease=fields["lease"],
        retry_at=fields["retry_at"],
        boot=fields["boot"],
        wire=fields["wire"],
        sent_at=fields["sent_at"],
        sent_mono=fields["sent_mono"],
        doubt_mono=fields["doubt_mono"],
        questions=fields["questions"],
        remote_id=fields["remote_id"],
        permalink=fields["permalink"],
        published_at=fields["published_at"],
        error=fields["error"],
        moved_because=fields["moved_because"],
        archive_state=ArchiveState(fields["archive_state"]),
        measure_at=fields["measure_at"],
    )
