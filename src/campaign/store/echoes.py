"""What else goes, or went, to the same accounts: its words, and its hours."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.model import Post
from campaign.core.states import State
from campaign.store.tables import deliveries, outgoings, posts, targets, variants


@dataclass(frozen=True, slots=True)
class Echo:
    """The wording of another post in one language."""

    post_id: str
    post: str  # its name
    lang: str
    text: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Where and when another post goes out."""

    post_id: str
    post: str
    account_id: str
    zone: str
    due_at: datetime


def echoes(
    tx: Connection,
    post: Post,
    account_ids: Collection[str],
    langs: Collection[str],
    *,
    since: datetime,
    until: datetime,
) -> list[Echo]:
    """Return what other posts to any of these accounts say in these languages, those of the same series left out."""
    there = sa.select(targets.c.post_id).where(targets.c.account_id.in_(account_ids))
    query = (
        sa.select(variants.c.post_id, posts.c.name, variants.c.lang, variants.c.text)
        .join(posts, posts.c.id == variants.c.post_id)
        .where(
            posts.c.due_at.between(since, until),
            posts.c.id != post.id,
            posts.c.id.in_(there),
            variants.c.lang.in_(langs),
            *([sa.or_(posts.c.series_id.is_(None), posts.c.series_id != post.series_id)] if post.series_id else []),
        )
        .order_by(variants.c.post_id, variants.c.lang, variants.c.revision)
    )
    newest = {(post_id, lang): (post_id, name, lang, text) for post_id, name, lang, text in tx.execute(query)}
    return [Echo(*row) for row in newest.values()]


def places_of(tx: Connection, post_ids: Collection[str], account_ids: Collection[str]) -> list[Beside]:
    """Return where these posts go, or went, among these accounts; what was taken back is left out."""
    return _beside(tx, account_ids, outgoings.c.post_id.in_(post_ids))


def beside(
    tx: Connection, post: Post, account_ids: Collection[str], *, since: datetime, until: datetime
) -> list[Beside]:
    """Return what other posts go to these accounts between two instants."""
    return _beside(tx, account_ids, outgoings.c.due_at.between(since, until), outgoings.c.post_id != post.id)


def _beside(tx: Connection, account_ids: Collection[str], *only: sa.ColumnElement[bool]) -> list[Beside]:
    query = (
        sa.select(outgoings.c.post_id, posts.c.name, targets.c.account_id, posts.c.zone, outgoings.c.due_at)
        .join(targets, targets.c.id == outgoings.c.target_id)
        .join(posts, posts.c.id == outgoings.c.post_id)
        .outerjoin(deliveries, deliveries.c.outgoing_id == outgoings.c.id)
        .where(
            targets.c.account_id.in_(account_ids),
            outgoings.c.superseded_at.is_(None),
            sa.or_(deliveries.c.state.is_(None), deliveries.c.state != State.CANCELLED),
            *only,
        )
        .order_by(outgoings.c.due_at, posts.c.name, outgoings.c.id)
    )
    return [Beside(*row) for row in tx.execute(query)]
