"""Findings that a person let pass; append-only."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.plan import Waiver
from campaign.store.plans import waivers


def add(tx: Connection, waiver: Waiver) -> None:
    """Keep that a finding may stand."""
    tx.execute(
        waivers.insert().values(
            id=waiver.id,
            post_id=waiver.post_id,
            lang=waiver.lang,
            code=waiver.code,
            value=waiver.value,
            person=waiver.person,
            reason=waiver.reason,
            created_at=waiver.created_at,
        )
    )


def waivers_of(tx: Connection, post_id: str) -> list[Waiver]:
    """Return what was let pass of a post, oldest first."""
    query = sa.select(waivers).where(waivers.c.post_id == post_id).order_by(waivers.c.created_at, waivers.c.id)
    return [Waiver(**row) for row in tx.execute(query).mappings()]
