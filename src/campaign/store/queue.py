"""What the queue holds: deliveries found, listed, and looked ahead to; nothing here is changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.model import ArchiveState, Delivery, Guarantee
from campaign.core.states import State
from campaign.store.signs import budgets, notices
from campaign.store.tables import accounts, campaigns, deliveries, pauses, posts

_FENCES = sa.select(pauses.c.scope).where(pauses.c.until.is_(None)).distinct()
# Between the claim and a known result.
OPEN = (State.CLAIMED, State.PUBLISHING, State.PROCESSING, State.UNCERTAIN)


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


def of_post(tx: Connection, post_id: str) -> list[Delivery]:
    """Return the deliveries of a post, parents first."""
    query = sa.select(deliveries).where(deliveries.c.post_id == post_id)
    rows = tx.execute(query.order_by(deliveries.c.due_at, deliveries.c.part, deliveries.c.id)).mappings()
    return [delivery_of(row) for row in rows]


def get(tx: Connection, delivery_id: str) -> Delivery:
    """Return one delivery by its whole id. Raises: NotFound."""
    row = tx.execute(sa.select(deliveries).where(deliveries.c.id == delivery_id)).mappings().first()
    if row is None:
        raise NotFound("delivery", delivery_id)
    return delivery_of(row)


def by_id(tx: Connection, ids: Sequence[str]) -> dict[str, Delivery]:
    """Return deliveries by their whole ids."""
    rows = tx.execute(sa.select(deliveries).where(deliveries.c.id.in_(ids))).mappings()
    return {row["id"]: delivery_of(row) for row in rows}


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
    return delivery_of(rows[0])


def owns(tx: Connection, account_id: str, remote_id: str) -> bool:
    """Whether a delivery of an account owns this remote post."""
    query = sa.select(deliveries.c.id).where(deliveries.c.account_id == account_id, deliveries.c.remote_id == remote_id)
    return tx.execute(query.limit(1)).first() is not None


def owned(tx: Connection, account_id: str) -> frozenset[str]:
    """Return the remote ids that deliveries of an account own."""
    query = sa.select(deliveries.c.remote_id).where(
        deliveries.c.account_id == account_id, deliveries.c.remote_id.is_not(None)
    )
    return frozenset(tx.execute(query).scalars())


def next_due(tx: Connection, *, after: datetime | None = None) -> datetime | None:
    """Return when the next scheduled delivery is due that can be claimed then; `after`: the next one after it."""
    standing = fences(tx)
    if "all" in standing:
        return None
    parent = deliveries.alias("parent")
    query = (
        sa.select(deliveries.c.due_at)
        .outerjoin(parent, parent.c.id == deliveries.c.parent_id)
        .where(
            deliveries.c.state == State.SCHEDULED,
            deliveries.c.held_because.is_(None),
            sa.or_(deliveries.c.parent_id.is_(None), parent.c.state == State.PUBLISHED),
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(1)
    )
    if standing:
        query = query.where(unfenced())
    if after is not None:
        query = query.where(deliveries.c.due_at > after)
    value: datetime | None = tx.execute(query).scalar_one_or_none()
    return value


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


def next_retry(tx: Connection, *, boot: str) -> float | None:
    """Return the monotonic second at which the next back-off or the next question is over; None: there is none."""
    states = (State.SCHEDULED, State.UNCERTAIN, State.PROCESSING)
    query = sa.select(sa.func.min(deliveries.c.retry_at)).where(
        deliveries.c.state.in_(states), deliveries.c.retry_at.is_not(None), deliveries.c.boot == boot
    )
    value: float | None = tx.execute(query).scalar_one()
    return value


def doubtful(tx: Connection, *, mono: float, boot: str, limit: int) -> list[Delivery]:
    """Return the deliveries that confirm() should ask about now."""
    query = (
        sa.select(deliveries)
        .where(
            is_open(),
            deliveries.c.state.in_((State.UNCERTAIN, State.PROCESSING)),
            deliveries.c.guarantee != Guarantee.NONE,  # nothing tells: a person must look
            rested(mono, boot),
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(limit)
    )
    return [delivery_of(row) for row in tx.execute(query).mappings()]


def in_flight(tx: Connection) -> int:
    """Return how many deliveries are between their claim and a known result, those left to a person not counted."""
    mine = sa.or_(deliveries.c.state != State.UNCERTAIN, deliveries.c.guarantee != Guarantee.NONE)
    # Of what is processed only that is told which a person puts up.
    told = (notices.c.kind == f"delivery.{State.PROCESSING}", notices.c.over_at.is_(None))
    handed = sa.and_(
        deliveries.c.state == State.PROCESSING, sa.exists().where(notices.c.subject == deliveries.c.id, *told)
    )
    return int(tx.execute(sa.select(sa.func.count()).where(is_open(), mine, sa.not_(handed))).scalar_one())


def posts_due_for_archive(tx: Connection, limit: int) -> list[str]:
    """Return the posts of which something happened that the record does not hold yet."""
    query = sa.select(deliveries.c.post_id).where(deliveries.c.archive_state == ArchiveState.DUE).distinct()
    return list(tx.execute(query.limit(limit)).scalars())


def fences(tx: Connection) -> frozenset[str]:
    """Return the scopes of the pauses that stand: usually none, and then no delivery needs to be asked."""
    return frozenset(tx.execute(_FENCES).scalars())


def holds(tx: Connection, mono: float, boot: str) -> bool:
    """Whether any platform has told us to wait."""
    query = sa.select(budgets.c.key).where(budgets.c.boot == boot, budgets.c.held_until > mono).limit(1)
    return tx.execute(query).first() is not None


def is_open() -> sa.ColumnElement[bool]:
    """Whether a delivery is between its claim and a known result: in the very words of the index ix_deliveries_open.

    SQLite takes a partial index only where the query repeats its condition (https://www.sqlite.org/partialindex.html,
    §3), and does not look into bound values.
    """
    names = [str(state) for state in OPEN]
    states: sa.BindParameter[Any] = sa.bindparam("open_states", names, expanding=True, literal_execute=True)
    return deliveries.c.state.in_(states)


def unfenced() -> sa.ColumnElement[bool]:
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


def unheld(mono: Any, boot: Any) -> sa.ColumnElement[bool]:
    """Whether the platform lets a delivery's account send: it has not told us to wait."""
    hold = sa.exists().where(
        budgets.c.key == "account:" + deliveries.c.account_id, budgets.c.boot == boot, budgets.c.held_until > mono
    )
    return sa.not_(hold)


def rested(mono: Any, boot: Any) -> sa.ColumnElement[bool]:
    """Whether a delivery's back-off, or the wait for its next question, is over."""
    # A back-off of an earlier boot cannot be told apart from one that is over: monotonic time began anew.
    return sa.or_(deliveries.c.retry_at.is_(None), deliveries.c.boot != boot, deliveries.c.retry_at <= mono)


def delivery_of(row: RowMapping) -> Delivery:
    """Return the delivery that a row holds."""
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
        sent_boot=fields["sent_boot"],
        doubt_mono=fields["doubt_mono"],
        questions=fields["questions"],
        remote_id=fields["remote_id"],
        permalink=fields["permalink"],
        published_at=fields["published_at"],
        error=fields["error"],
        held_because=fields["held_because"],
        moved_because=fields["moved_because"],
        archive_state=ArchiveState(fields["archive_state"]),
        measure_at=fields["measure_at"],
    )
