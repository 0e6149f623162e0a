"""What people answered to posts: each answer once, with when it was first and last seen, and when it was gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.store.tables import accounts, comments, deliveries, posts


@dataclass(frozen=True, slots=True)
class Heard:
    """One comment of one delivery.

    Attributes:
        author: the name that the platform shows; None: not kept.
        author_hash: the same name, so that one person's comments can be told apart from another's.
        record: the platform's own; None: not kept, for it names people.
        gone_at: when the platform did not tell of it any more.
    """

    delivery_id: str
    remote_id: str
    in_reply_to: str
    author: str | None
    author_hash: str | None
    text: str
    at: datetime | None
    record: Mapping[str, Any] | None
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None = None
    sealed: bool = False


def of_deliveries(tx: Connection, delivery_ids: Sequence[str]) -> list[Heard]:
    """Return the comments of deliveries, oldest first."""
    query = sa.select(comments).where(comments.c.delivery_id.in_(delivery_ids))
    order = (sa.func.coalesce(comments.c.at, comments.c.first_seen_at), comments.c.remote_id)
    return [Heard(**row) for row in tx.execute(query.order_by(*order)).mappings()]


def listed(
    tx: Connection, *, campaign_id: str | None = None, post_id: str | None = None, limit: int = 1000
) -> list[RowMapping]:
    """Return the newest comments with their post, account and languages; newest first."""
    columns = (
        *comments.c,
        posts.c.name.label("post"),
        accounts.c.name.label("account"),
        accounts.c.platform,
        deliveries.c.langs,
    )
    query = (
        sa.select(*columns)
        .join(deliveries, deliveries.c.id == comments.c.delivery_id)
        .join(posts, posts.c.id == deliveries.c.post_id)
        .join(accounts, accounts.c.id == deliveries.c.account_id)
        .order_by(sa.func.coalesce(comments.c.at, comments.c.first_seen_at).desc(), comments.c.remote_id)
        .limit(limit)
    )
    if campaign_id is not None:
        query = query.where(posts.c.campaign_id == campaign_id)
    if post_id is not None:
        query = query.where(posts.c.id == post_id)
    return list(tx.execute(query).mappings())


def keep(tx: Connection, delivery_id: str, heard: Sequence[Heard], *, at: datetime) -> int:
    """Keep what a platform tells of one delivery now: new ones are added, those that it tells no more are gone.

    Returns:
        How many are new.
    """
    known = {row.remote_id: row for row in of_deliveries(tx, [delivery_id])}
    fresh = {one.remote_id: one for one in heard}
    for remote_id, one in fresh.items():
        old = known.get(remote_id)
        if old is None:
            continue
        changed = (old.text, old.gone_at) != (one.text, None)
        values: dict[str, Any] = {"last_seen_at": at, "gone_at": None, "text": one.text}
        where = (comments.c.delivery_id == delivery_id, comments.c.remote_id == remote_id)
        tx.execute(comments.update().where(*where).values(**values, **({"sealed": False} if changed else {})))
    gone = [row.remote_id for row in known.values() if row.remote_id not in fresh and row.gone_at is None]
    if gone:
        where = (comments.c.delivery_id == delivery_id, comments.c.remote_id.in_(gone))
        tx.execute(comments.update().where(*where).values(gone_at=at, sealed=False))
    added = [one for one in fresh.values() if one.remote_id not in known]
    if added:
        tx.execute(comments.insert(), [_row(one) for one in added])
    return len(added)


def forget(tx: Connection, *, before: datetime) -> int:
    """Take text, name and record out of comments that were seen last before an instant; that there were some stays."""
    values = {"text": "", "author": None, "author_hash": None, "record": sa.null(), "sealed": True}
    old = sa.and_(comments.c.last_seen_at < before, comments.c.text != "")
    return int(tx.execute(comments.update().where(old).values(**values)).rowcount)


def unsealed_posts(tx: Connection) -> list[str]:
    """Return the posts with comments that the record does not hold yet."""
    query = (
        sa.select(deliveries.c.post_id)
        .join(comments, comments.c.delivery_id == deliveries.c.id)
        .where(comments.c.sealed.is_(False))
        .distinct()
    )
    return sorted(tx.execute(query).scalars())


def seal(tx: Connection, heard: Sequence[Heard]) -> None:
    """Say that the record holds these comments as they were read; what changed or came meanwhile stays due."""
    for one in heard:
        gone = comments.c.gone_at.is_(None) if one.gone_at is None else comments.c.gone_at.is_not(None)
        same = (comments.c.delivery_id == one.delivery_id, comments.c.remote_id == one.remote_id, gone)
        tx.execute(comments.update().where(*same, comments.c.text == one.text).values(sealed=True))


def _row(one: Heard) -> dict[str, Any]:
    return {
        "delivery_id": one.delivery_id,
        "remote_id": one.remote_id,
        "in_reply_to": one.in_reply_to,
        "author": one.author,
        "author_hash": one.author_hash,
        "text": one.text,
        "at": one.at,
        "record": dict(one.record) if one.record is not None else sa.null(),
        "first_seen_at": one.first_seen_at,
        "last_seen_at": one.last_seen_at,
        "gone_at": one.gone_at,
        "sealed": one.sealed,
    }
