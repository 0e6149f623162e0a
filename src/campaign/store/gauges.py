"""Numbers about the whole queue, for health and for whoever draws curves of them; no texts, no names of posts."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.model import ArchiveState
from campaign.core.states import State
from campaign.store.queue import unfenced
from campaign.store.signs import budgets
from campaign.store.tables import accounts, attempts, deliveries


def forgotten(tx: Connection, *, late_before: datetime) -> int:
    """Return how many deliveries are beyond their grace since an instant, and nobody has missed them.

    A part that continues what is out is never given up, so it is no sign of a dead daemon.
    """
    parent = deliveries.alias("parent")
    out = sa.exists().where(parent.c.id == deliveries.c.parent_id, parent.c.state == State.PUBLISHED)
    query = sa.select(sa.func.count()).where(
        deliveries.c.state == State.SCHEDULED, deliveries.c.late_after < late_before, sa.not_(out)
    )
    return int(tx.execute(query).scalar_one())


def by_state(tx: Connection) -> dict[str, int]:
    """Return how many deliveries are in each state."""
    query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
    return {state: int(number) for state, number in tx.execute(query)}


def attempts_by_outcome(tx: Connection) -> dict[tuple[str, str], int]:
    """Return how many attempts there were: (kind, outcome) → number."""
    query = sa.select(attempts.c.kind, attempts.c.outcome, sa.func.count())
    rows = tx.execute(query.group_by(attempts.c.kind, attempts.c.outcome))
    return {(kind, outcome): int(number) for kind, outcome, number in rows}


def lateness(tx: Connection, edges: tuple[float, ...]) -> tuple[list[int], int, float]:
    """Return how late what is out went out, in seconds from `due_at`: counts up to each edge, the number, the sum.

    What a platform dated before its time counts as 0.
    """
    late: Any
    if tx.dialect.name == "postgresql":
        late = sa.func.extract("epoch", deliveries.c.published_at - deliveries.c.due_at)
    else:
        days = sa.func.julianday(deliveries.c.published_at) - sa.func.julianday(deliveries.c.due_at)
        late = sa.func.round(days * 86_400, 3)  # a julian day is good to a millisecond or so
    out = sa.select(sa.cast(late, sa.Float).label("late")).where(
        deliveries.c.state == State.PUBLISHED, deliveries.c.published_at.is_not(None)
    )
    # Else SQLite reckons it anew for every edge, which takes six times as long.
    each = out.cte("each_late").prefix_with("MATERIALIZED")
    counts = [sa.func.count(sa.case((each.c.late <= edge, 1))) for edge in edges]
    total_late = sa.func.coalesce(sa.func.sum(sa.case((each.c.late > 0, each.c.late), else_=0)), 0.0)
    *found, number, total = tx.execute(sa.select(*counts, sa.func.count(), total_late).select_from(each)).one()
    return [int(count) for count in found], int(number), float(total)


def oldest_due(tx: Connection, *, now: datetime) -> datetime | None:
    """Return since when the first delivery waits that is due and may go; None: none is."""
    parent = deliveries.alias("parent")
    query = (
        sa.select(deliveries.c.due_at)
        .outerjoin(parent, parent.c.id == deliveries.c.parent_id)
        .where(
            deliveries.c.state == State.SCHEDULED,
            deliveries.c.held_because.is_(None),
            deliveries.c.due_at <= now,
            sa.or_(deliveries.c.parent_id.is_(None), parent.c.state == State.PUBLISHED),
            unfenced(),
        )
        .order_by(deliveries.c.due_at)
        .limit(1)
    )
    value: datetime | None = tx.execute(query).scalar_one_or_none()
    return value


def archive_backlog(tx: Connection) -> int:
    """Return how many posts have something that the record does not hold yet."""
    query = sa.select(sa.func.count(deliveries.c.post_id.distinct()))
    return int(tx.execute(query.where(deliveries.c.archive_state == ArchiveState.DUE)).scalar_one())


def account_budgets(tx: Connection, *, boot: str) -> list[dict[str, Any]]:
    """Return the budgets of accounts in this boot: account, size, tokens and held_until (monotonic seconds).

    Of an account that shares its credential's budget, size and tokens are those of the credential.
    """
    shared = budgets.alias("shared")
    query = (
        sa.select(
            accounts.c.name.label("account"),
            sa.func.coalesce(budgets.c.size, shared.c.size).label("size"),
            sa.case((budgets.c.under.is_(None), budgets.c.tokens), else_=shared.c.tokens).label("tokens"),
            budgets.c.held_until,
        )
        .select_from(budgets)
        .join(accounts, budgets.c.key == "account:" + accounts.c.id)
        .outerjoin(shared, sa.and_(shared.c.key == budgets.c.under, shared.c.boot == boot))
        .where(budgets.c.boot == boot)
        .order_by(accounts.c.name)
    )
    return [dict(row) for row in tx.execute(query).mappings()]
