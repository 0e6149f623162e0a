"""Campaigns and the legs of their journeys."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.model import Campaign, Leg
from campaign.core.states import State
from campaign.store.tables import campaigns, deliveries, legs, posts


def add_campaign(tx: Connection, campaign: Campaign, *, at: datetime) -> None:
    """Keep a campaign. Raises: Conflict when the id is taken."""
    if tx.execute(sa.select(campaigns.c.id).where(campaigns.c.name == campaign.name)).first():
        raise Conflict(f"campaign id '{campaign.name}' is used already; choose another")
    tx.execute(
        campaigns.insert().values(
            id=campaign.id,
            name=campaign.name,
            title=dict(campaign.title),
            source_lang=campaign.source_lang,
            languages=list(campaign.languages),
            zone=campaign.zone,
            demo=campaign.demo,
            created_at=at,
            **_policies(campaign),
        )
    )


def edit_campaign(tx: Connection, campaign: Campaign) -> int:
    """Keep other policies; return how many unsent deliveries have another `late_after` now.

    What is settled keeps the time by which it was judged.
    """
    tx.execute(campaigns.update().where(campaigns.c.id == campaign.id).values(_policies(campaign)))
    unsent = (State.SCHEDULED, State.CLAIMED, State.PUBLISHING, State.PROCESSING, State.UNCERTAIN)
    asked = sa.select(deliveries.c.id, deliveries.c.due_at, deliveries.c.late_after)
    rows = tx.execute(asked.where(deliveries.c.campaign_id == campaign.id, deliveries.c.state.in_(unsent))).all()
    changed = [
        {"b_id": id, "b_late_after": due_at + campaign.grace}
        for id, due_at, late_after in rows
        if late_after != due_at + campaign.grace
    ]
    if changed:
        query = deliveries.update().where(deliveries.c.id == sa.bindparam("b_id"))
        tx.execute(query.values(late_after=sa.bindparam("b_late_after")), changed)
    return len(changed)


def campaign_named(tx: Connection, name: str) -> Campaign:
    """Return the campaign of that id. Raises: NotFound."""
    row = tx.execute(sa.select(campaigns).where(campaigns.c.name == name)).mappings().first()
    if row is None:
        raise NotFound("campaign", name, "list them with: campaign campaign list")
    return _campaign(row)


def campaign_of(tx: Connection, campaign_id: str) -> Campaign:
    """Return the campaign of that row id."""
    return _campaign(tx.execute(sa.select(campaigns).where(campaigns.c.id == campaign_id)).mappings().one())


def all_campaigns(tx: Connection) -> list[Campaign]:
    """Return every campaign, oldest first."""
    query = sa.select(campaigns).order_by(campaigns.c.created_at, campaigns.c.name)
    return [_campaign(row) for row in tx.execute(query).mappings()]


def add_leg(tx: Connection, leg: Leg) -> None:
    """Keep a leg. Raises: Conflict when the campaign has one of that id."""
    taken = sa.select(legs.c.id).where(legs.c.campaign_id == leg.campaign_id, legs.c.name == leg.name)
    if tx.execute(taken).first():
        raise Conflict(f"leg id '{leg.name}' is used already in this campaign; choose another")
    tx.execute(
        legs.insert().values(
            id=leg.id,
            campaign_id=leg.campaign_id,
            name=leg.name,
            zone=leg.zone,
            starts_on=leg.starts_on,
            ends_on=leg.ends_on,
            title=dict(leg.title),
            latitude=leg.latitude,
            longitude=leg.longitude,
        )
    )


def edit_leg(tx: Connection, leg: Leg) -> None:
    """Keep what a leg says now."""
    tx.execute(
        legs.update()
        .where(legs.c.id == leg.id)
        .values(
            zone=leg.zone,
            starts_on=leg.starts_on,
            ends_on=leg.ends_on,
            title=dict(leg.title),
            latitude=leg.latitude,
            longitude=leg.longitude,
        )
    )


def remove_leg(tx: Connection, leg: Leg) -> None:
    """Take a leg away; no post may name it."""
    tx.execute(legs.delete().where(legs.c.id == leg.id))


def legs_of(tx: Connection, campaign_id: str) -> list[Leg]:
    """Return the legs of a campaign, in the order of travel."""
    query = (
        sa.select(legs).where(legs.c.campaign_id == campaign_id).order_by(legs.c.starts_on, legs.c.ends_on, legs.c.id)
    )
    return [_leg(row) for row in tx.execute(query).mappings()]


def leg_named(tx: Connection, campaign: Campaign, name: str) -> Leg:
    """Return a leg by its id. Raises: NotFound."""
    query = sa.select(legs).where(legs.c.campaign_id == campaign.id, legs.c.name == name)
    row = tx.execute(query).mappings().first()
    if row is None:
        known = ", ".join(leg.name for leg in legs_of(tx, campaign.id)) or "none yet"
        raise NotFound("leg", name, f"campaign {campaign.name} has: {known}")
    return _leg(row)


def tally(tx: Connection, campaign_id: str) -> dict[str, int]:
    """Return the number of posts, and of deliveries in each state."""
    count = sa.func.count()
    states = tx.execute(
        sa.select(deliveries.c.state, count)
        .where(deliveries.c.campaign_id == campaign_id)
        .group_by(deliveries.c.state)
        .order_by(deliveries.c.state)
    )
    number = tx.execute(sa.select(count).select_from(posts).where(posts.c.campaign_id == campaign_id)).scalar_one()
    return {"posts": int(number), **{str(state): int(n) for state, n in states}}


def _policies(campaign: Campaign) -> dict[str, Any]:
    window = campaign.window
    return {
        "approval": campaign.approval,
        "grace_seconds": int(campaign.grace.total_seconds()),
        "late": campaign.late,
        "quiet_hours": dict(campaign.quiet_hours),
        "window_minutes": None if window is None else int(window.total_seconds() // 60),
        "approval_days": campaign.approval_days,
        "unready": campaign.unready,
        "required_tags": {lang: list(tags) for lang, tags in campaign.required_tags.items()},
    }


def _campaign(row: RowMapping) -> Campaign:
    return Campaign(
        id=row["id"],
        name=row["name"],
        title=row["title"],
        source_lang=row["source_lang"],
        languages=tuple(row["languages"]),
        zone=row["zone"],
        approval=row["approval"],
        grace=timedelta(seconds=row["grace_seconds"]),
        quiet_hours=row["quiet_hours"],
        demo=bool(row["demo"]),
        late=row["late"],
        window=None if row["window_minutes"] is None else timedelta(minutes=row["window_minutes"]),
        approval_days=row["approval_days"],
        unready=row["unready"],
        required_tags={lang: tuple(tags) for lang, tags in row["required_tags"].items()},
    )


def _leg(row: RowMapping) -> Leg:
    return Leg(
        id=row["id"],
        campaign_id=row["campaign_id"],
        name=row["name"],
        zone=row["zone"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        title=row["title"],
        latitude=row["latitude"],
        longitude=row["longitude"],
    )
