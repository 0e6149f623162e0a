"""Blackout days: kept, found by campaign and by day, and the posts that they may concern."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.plan import Blackout
from campaign.core.states import State
from campaign.store.plans import blackouts
from campaign.store.tables import campaigns, deliveries

_WAITING = (State.SCHEDULED, State.CLAIMED, State.MISSED, State.FAILED)


def add(tx: Connection, blackout: Blackout) -> None:
    """Keep a blackout. Raises: Conflict when there is one of that name for the same campaign, or for all."""
    query = sa.select(blackouts.c.id).where(blackouts.c.name == blackout.name, _of(blackout.campaign_id))
    if tx.execute(query).first():
        raise Conflict(
            f"there is a blackout named '{blackout.name}' already; choose another reason, or remove it first"
        )
    tx.execute(
        blackouts.insert().values(
            id=blackout.id,
            campaign_id=blackout.campaign_id,
            name=blackout.name,
            starts_on=blackout.starts_on,
            ends_on=blackout.ends_on,
            kind=blackout.kind,
            langs=list(blackout.langs),
            zone=blackout.zone,
            title=dict(blackout.title),
            source=blackout.source,
        )
    )


def remove(tx: Connection, blackout: Blackout) -> None:
    """Take a blackout away."""
    tx.execute(blackouts.delete().where(blackouts.c.id == blackout.id))


def named(tx: Connection, name: str, campaign_id: str | None) -> Blackout:
    """Return the blackout of that name of a campaign, or of all campaigns (None). Raises: NotFound."""
    row = tx.execute(sa.select(blackouts).where(blackouts.c.name == name, _of(campaign_id))).mappings().first()
    if row is None:
        raise NotFound("blackout", name, "list them with: campaign blackout list")
    return _blackout(row)


def all_blackouts(tx: Connection) -> list[tuple[Blackout, str | None]]:
    """Return every blackout with the name of its campaign (None: of all), by its days."""
    query = sa.select(blackouts, campaigns.c.name.label("campaign")).outerjoin(
        campaigns, campaigns.c.id == blackouts.c.campaign_id
    )
    rows = tx.execute(query.order_by(blackouts.c.starts_on, blackouts.c.name, blackouts.c.id)).mappings()
    return [(_blackout(row), row["campaign"]) for row in rows]


def blackouts_of(tx: Connection, campaign_id: str) -> list[Blackout]:
    """Return the blackouts that a campaign keeps, those of all campaigns with them, by their days."""
    query = sa.select(blackouts).where(sa.or_(_of(None), _of(campaign_id)))
    rows = tx.execute(query.order_by(blackouts.c.starts_on, blackouts.c.name, blackouts.c.id)).mappings()
    return [_blackout(row) for row in rows]


def hard_on(tx: Connection, now: datetime) -> list[Blackout]:
    """Return the hard blackouts that may stand at an instant in some zone: usually none."""
    day = now.date()
    query = sa.select(blackouts).where(
        blackouts.c.kind == "hard",
        blackouts.c.starts_on <= day + timedelta(days=1),
        blackouts.c.ends_on >= day - timedelta(days=1),
    )
    return [_blackout(row) for row in tx.execute(query).mappings()]


def posts_between(tx: Connection, campaign_id: str | None, starts: datetime, ends: datetime) -> list[tuple[str, str]]:
    """Return (campaign's, post's row id) of what waits, or was missed or refused, with a time between two instants.

    Args:
        campaign_id: of this campaign alone; None: of all.
    """
    query = sa.select(deliveries.c.campaign_id, deliveries.c.post_id).where(
        deliveries.c.state.in_(_WAITING), deliveries.c.due_at >= starts, deliveries.c.due_at < ends
    )
    if campaign_id is not None:
        query = query.where(deliveries.c.campaign_id == campaign_id)
    return [(row[0], row[1]) for row in tx.execute(query.distinct().order_by(deliveries.c.post_id))]


def due_now(tx: Connection, now: datetime, campaign_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return (campaign's, post's row id) of what is due and could be claimed; no campaign ids: of all campaigns."""
    query = sa.select(deliveries.c.campaign_id, deliveries.c.post_id).where(
        deliveries.c.state == State.SCHEDULED, deliveries.c.held_because.is_(None), deliveries.c.due_at <= now
    )
    if campaign_ids:
        query = query.where(deliveries.c.campaign_id.in_(campaign_ids))
    return [(row[0], row[1]) for row in tx.execute(query.distinct().order_by(deliveries.c.post_id))]


def _of(campaign_id: str | None) -> sa.ColumnElement[bool]:
    return blackouts.c.campaign_id.is_(None) if campaign_id is None else blackouts.c.campaign_id == campaign_id


def _blackout(row: RowMapping) -> Blackout:
    return Blackout(
        id=row["id"],
        campaign_id=row["campaign_id"],
        name=row["name"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        kind=row["kind"],
        langs=tuple(row["langs"]),
        zone=row["zone"],
        title=row["title"],
        source=row["source"],
    )
