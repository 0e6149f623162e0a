"""Calendars under secret addresses, and what stands in a calendar. Of an address only the digest is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.model import Outgoing
from campaign.core.plan import Feed
from campaign.core.states import State
from campaign.store.plans import feeds
from campaign.store.posts import plain_outgoing
from campaign.store.tables import accounts, approvals, deliveries, outgoings, posts, targets, variants


@dataclass(frozen=True, slots=True)
class Leaving:
    """One Outgoing as a calendar needs it: where it goes, when, and what became of it (None: not in the queue)."""

    post_id: str
    account: str
    platform: str
    langs: tuple[str, ...]
    due_at: datetime
    state: State | None
    changed_at: datetime
    permalink: str | None
    outgoing: Outgoing | None  # where its words are asked for


def add_feed(tx: Connection, feed: Feed, token_sha256: str) -> None:
    """Keep a calendar's address."""
    values = {
        "id": feed.id,
        "token_sha256": token_sha256,
        "scope": feed.scope,
        "name": feed.name,
        "texts": feed.texts,
        "person": feed.person,
        "created_at": feed.created_at,
    }
    tx.execute(feeds.insert().values(**values))


def feed_of(tx: Connection, token_sha256: str) -> Feed | None:
    """Return the calendar of that address; None: there is none, or it was revoked."""
    query = sa.select(feeds).where(feeds.c.token_sha256 == token_sha256, feeds.c.revoked_at.is_(None))
    row = tx.execute(query).mappings().first()
    return _feed(row) if row else None


def all_feeds(tx: Connection) -> list[Feed]:
    """Return every calendar, those that were revoked too, oldest first."""
    query = sa.select(feeds).order_by(feeds.c.created_at, feeds.c.id)
    return [_feed(row) for row in tx.execute(query).mappings()]


def feed_found(tx: Connection, prefix: str) -> Feed:
    """Return the one calendar whose id begins, or ends, with this. Raises: NotFound; Conflict: there are several."""
    clean = prefix.strip().lower()
    found = [
        feed for feed in all_feeds(tx) if len(clean) >= 4 and (feed.id.startswith(clean) or feed.id.endswith(clean))
    ]
    if not found:
        hint = "give at least 4 characters of its id; list them with: campaign calendar feed list"
        raise NotFound("calendar feed", prefix, hint)
    if len(found) > 1:
        raise Conflict(f"several calendar feeds have ids that begin or end with '{prefix}'; give more of it")
    return found[0]


def revoke_feed(tx: Connection, feed: Feed, *, at: datetime) -> None:
    """End a calendar's address for ever."""
    tx.execute(feeds.update().where(feeds.c.id == feed.id).values(revoked_at=at))


def posts_by_account(tx: Connection, account_id: str) -> list[str]:
    """Return the row ids of the posts that go to an account."""
    return list(tx.execute(sa.select(targets.c.post_id).where(targets.c.account_id == account_id).distinct()).scalars())


def posts_by_person(tx: Connection, name: str) -> list[str]:
    """Return the row ids of the posts that a person composed, worded in any language, or approved."""
    asked = (
        sa.select(posts.c.id.label("post_id")).where(posts.c.author == name),
        sa.select(variants.c.post_id).where(variants.c.author == name),
        sa.select(approvals.c.post_id).where(approvals.c.person == name),
    )
    return list(tx.execute(sa.union(*asked)).scalars())


def leaving(
    tx: Connection, *, campaign_id: str | None = None, post_ids: Sequence[str] | None = None, texts: bool = False
) -> list[Leaving]:
    """Return what will leave, left, or was taken back, of a campaign or of these posts; a thread's later parts are not
    told.

    Args:
        texts: with the words, which are much to read.
    """
    columns = [outgoings.c.post_id, outgoings.c.langs, outgoings.c.due_at, outgoings.c.created_at]
    of_delivery = [
        deliveries.c.state,
        deliveries.c.due_at.label("moved_to"),
        deliveries.c.created_at.label("enqueued_at"),
        deliveries.c.published_at,
        deliveries.c.permalink,
    ]
    query = (
        sa.select(*columns, *of_delivery, accounts.c.name, accounts.c.platform)
        .join(targets, targets.c.id == outgoings.c.target_id)
        .join(accounts, accounts.c.id == targets.c.account_id)
        .outerjoin(deliveries, deliveries.c.outgoing_id == outgoings.c.id)
        .where(sa.or_(outgoings.c.superseded_at.is_(None), deliveries.c.id.is_not(None)), outgoings.c.part == 1)
        .order_by(outgoings.c.post_id, accounts.c.name, outgoings.c.id)
    )
    if texts:
        query = query.add_columns(outgoings.c.canonical)
    if campaign_id is not None:
        query = query.join(posts, posts.c.id == outgoings.c.post_id).where(posts.c.campaign_id == campaign_id)
    if post_ids is not None:
        query = query.where(outgoings.c.post_id.in_(post_ids))
    return [_leaving(row, texts) for row in tx.execute(query).mappings()]


def withdrawn_posts(tx: Connection) -> frozenset[str]:
    """Return the row ids of posts that had something to send, and of which nothing was left or enqueued: taken back."""
    living = sa.or_(outgoings.c.superseded_at.is_(None), deliveries.c.id.is_not(None))
    query = (
        sa.select(outgoings.c.post_id)
        .outerjoin(deliveries, deliveries.c.outgoing_id == outgoings.c.id)
        .group_by(outgoings.c.post_id)
        .having(sa.func.sum(sa.case((living, 1), else_=0)) == 0)
    )
    return frozenset(tx.execute(query).scalars())


def _leaving(row: RowMapping, texts: bool) -> Leaving:
    state = State(row["state"]) if row["state"] else None
    times = [row["created_at"], row["enqueued_at"], row["published_at"]]
    return Leaving(
        post_id=row["post_id"],
        account=row["name"],
        platform=row["platform"],
        langs=tuple(row["langs"]),
        due_at=row["moved_to"] if state else row["due_at"],
        state=state,
        changed_at=max(at for at in times if at is not None),
        permalink=row["permalink"],
        outgoing=plain_outgoing(bytes(row["canonical"])) if texts else None,
    )


def _feed(row: RowMapping) -> Feed:
    return Feed(
        id=row["id"],
        scope=row["scope"],
        name=row["name"],
        texts=bool(row["texts"]),
        person=row["person"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
