"""Findings that a person let pass; append-only."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.plan import Waiver
from campaign.store.plans import waivers


def add_all(tx: Connection, items: Sequence[Waiver]) -> None:
    """Keep that findings may stand."""
    if items:
        tx.execute(waivers.insert(), [asdict(item) for item in items])


def waivers_of(tx: Connection, post_id: str) -> list[Waiver]:
    """Return what was let pass of a post, oldest first."""
    query = sa.select(waivers).where(waivers.c.post_id == post_id).order_by(waivers.c.created_at, waivers.c.id)
    return [Waiver(**row) for row in tx.execute(query).mappings()]
