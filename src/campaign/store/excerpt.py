"""An excerpt: one campaign as it stands, copied into another database, without tokens, addresses and history."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.model import ArchiveState
from campaign.core.states import State
from campaign.store.plans import account_rules, series
from campaign.store.tables import (
    approvals,
    campaigns,
    deliveries,
    legs,
    media,
    outgoings,
    pauses,
    post_media,
    posts,
    targets,
    variants,
)

# What earlier attempts left in a delivery's row: ids of uploads, times of another boot, errors.
_FRESH: Mapping[str, Any] = {
    "state": State.SCHEDULED,
    "attempts": 0,
    "fence": 0,
    "lease": None,
    "boot": None,
    "lease_until": None,
    "retry_at": None,
    "sent_mono": None,
    "sent_boot": None,
    "doubt_mono": None,
    "questions": 0,
    "wire": None,
    "sent_at": None,
    "remote_id": None,
    "permalink": None,
    "published_at": None,
    "error": None,
    "archive_state": ArchiveState.NONE,
    "measure_at": None,
}


def copy_campaign(source: Connection, target: Connection, campaign_id: str, keys: Mapping[str, str]) -> None:
    """Copy a campaign with its posts, approvals and the pauses that stand; accounts must be in the target already.

    Nothing is read of accounts, credentials, people, attempts and events.

    Args:
        source: a read transaction.
        target: a write transaction on SQLite; rows may come in any order until it is committed.
        keys: delivery id → a new idempotency key; these deliveries are copied, as if never tried. A part of a thread
            comes only with the part that it continues.
    """
    target.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    of_campaign = sa.select(posts.c.id).where(posts.c.campaign_id == campaign_id)
    _copy(source, target, campaigns, campaigns.c.id == campaign_id)
    _copy(source, target, legs, legs.c.campaign_id == campaign_id)
    for table in (series, account_rules):
        _copy(source, target, table, table.c.campaign_id == campaign_id)
    _copy(source, target, posts, posts.c.campaign_id == campaign_id)
    used = sa.select(post_media.c.sha256).where(post_media.c.post_id.in_(of_campaign))
    _copy(source, target, media, media.c.sha256.in_(used))
    for table in (variants, post_media, targets, outgoings, approvals):
        _copy(source, target, table, table.c.post_id.in_(of_campaign))
    _copy(source, target, pauses, pauses.c.until.is_(None))
    rows = source.execute(sa.select(deliveries).where(deliveries.c.campaign_id == campaign_id)).mappings()
    chosen = [{**row, **_FRESH, "key": keys[row["id"]]} for row in rows if row["id"] in keys]
    if chosen:
        target.execute(deliveries.insert(), chosen)


def _copy(source: Connection, target: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
    rows = [dict(row) for row in source.execute(sa.select(table).where(which)).mappings()]
    if rows:
        target.execute(table.insert(), rows)
