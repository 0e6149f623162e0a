"""Series of posts, and the posts in them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.model import Campaign, Post
from campaign.core.plan import Series
from campaign.core.schedule import FORMAT, parse_local
from campaign.core.states import State
from campaign.store import Store
from campaign.store.plans import series
from campaign.store.posts import posts_of
from campaign.store.tables import campaigns, deliveries, outgoings, posts


class Joined(Store):
    """A store whose transactions are parts of one that is open: several verbs happen together, or none does.

    What one of them wrote is undone when it raises; the others stay.
    """

    def __init__(self, store: Store, tx: Connection) -> None:
        super().__init__(store.engine)
        self._tx = tx

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a part of the transaction."""
        with self._tx.begin_nested():
            yield self._tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read what the transaction sees."""
        yield self._tx


def add_series(tx: Connection, entry: Series) -> None:
    """Keep a series. Raises: Conflict when the campaign has one of that name."""
    taken = sa.select(series.c.id).where(series.c.campaign_id == entry.campaign_id, series.c.name == entry.name)
    if tx.execute(taken).first():
        raise Conflict(f"series '{entry.name}' is there already in this campaign; choose another name with --name")
    values = {
        "id": entry.id,
        "campaign_id": entry.campaign_id,
        "name": entry.name,
        "rule": entry.rule,
        "zone": entry.zone,
        "starts": entry.starts.strftime(FORMAT),
        "min_gap_minutes": int(entry.min_gap.total_seconds() // 60),
        "author": entry.author,
        "created_at": entry.created_at,
    }
    tx.execute(series.insert().values(values))


def end_series(tx: Connection, series_id: str, *, at: datetime) -> None:
    """Note that a series has ended."""
    tx.execute(series.update().where(series.c.id == series_id).values(ended_at=at))


def all_series(tx: Connection, campaign: Campaign | None = None) -> list[tuple[Series, str]]:
    """Return series with the names of their campaigns, by their beginnings."""
    query = sa.select(series, campaigns.c.name.label("campaign")).join(
        campaigns, campaigns.c.id == series.c.campaign_id
    )
    if campaign is not None:
        query = query.where(series.c.campaign_id == campaign.id)
    rows = tx.execute(query.order_by(series.c.starts, series.c.name, series.c.id)).mappings()
    return [(_series(row), row["campaign"]) for row in rows]


def series_named(tx: Connection, name: str, campaign: Campaign | None = None) -> Series:
    """Return a series by its name; without a campaign it must be the only one called so.

    Raises:
        NotFound: there is none.
        Conflict: several campaigns have one.
    """
    found = [entry for entry, _ in all_series(tx, campaign) if entry.name == name]
    if not found:
        raise NotFound("series", name, "list them with: campaign series list")
    if len(found) > 1:
        raise Conflict(f"series '{name}' stands in {len(found)} campaigns; say which with --campaign")
    return found[0]


def series_of(tx: Connection, series_id: str) -> Series:
    """Return the series of that row id."""
    return _series(tx.execute(sa.select(series).where(series.c.id == series_id)).mappings().one())


def members(tx: Connection, entry: Series) -> Sequence[Post]:
    """Return the posts of a series by their numbers, whatever became of them."""
    return sorted(posts_of(tx, series_id=entry.id), key=lambda post: post.number or 0)


def living(tx: Connection, entry: Series) -> list[Post]:
    """Return the posts of a series of which something went out or may: those that were taken back are left out."""
    mine = sa.select(posts.c.id).where(posts.c.series_id == entry.id)
    sent = sa.select(deliveries.c.post_id).where(deliveries.c.post_id.in_(mine), deliveries.c.state != State.CANCELLED)
    enqueued = sa.exists().where(deliveries.c.outgoing_id == outgoings.c.id)
    drafts = sa.select(outgoings.c.post_id).where(
        outgoings.c.post_id.in_(mine), outgoings.c.superseded_at.is_(None), ~enqueued
    )
    found = set(tx.execute(sa.union(sent, drafts)).scalars())
    return [post for post in members(tx, entry) if post.id in found]


def _series(row: RowMapping) -> Series:
    return Series(
        id=row["id"],
        campaign_id=row["campaign_id"],
        name=row["name"],
        rule=row["rule"],
        zone=row["zone"],
        starts=parse_local("starts", row["starts"]),
        min_gap=timedelta(minutes=row["min_gap_minutes"]),
        author=row["author"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
    )
