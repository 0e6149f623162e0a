"""What stands in calendars and series, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaign.core.errors import Conflict, NotFound
from campaign.core.plan import Feed, Series
from campaign.core.states import State
from campaign.store import Store, feeds, outbox
from campaign.store import posts as post_rows
from campaign.store import series as series_rows
from campaign.store.series import Joined
from campaign.store.tables import deliveries, posts
from tests.store.conftest import NOW, Desk

FEED = Feed("11112222-aaaa", "campaign", "c", False, "alice", NOW)
SERIES = Series(
    id="series-1",
    campaign_id="campaign-1",
    name="weekly",
    rule="FREQ=WEEKLY;COUNT=3",
    zone="Asia/Seoul",
    starts=NOW.replace(tzinfo=None),
    min_gap=timedelta(days=1),
    author="alice",
    created_at=NOW,
)


def test_a_feed_is_found_by_its_digest_until_it_is_revoked(store: Store) -> None:
    with store.begin() as tx:
        feeds.add_feed(tx, FEED, "d" * 64)
        assert (
            feeds.feed_of(tx, "d" * 64) == FEED == feeds.feed_found(tx, "1111") and feeds.feed_of(tx, "e" * 64) is None
        )
        feeds.revoke_feed(tx, FEED, at=NOW)
        assert feeds.feed_of(tx, "d" * 64) is None and feeds.all_feeds(tx)[0].revoked_at == NOW
        for short in ("111", "ffff"):
            with pytest.raises(NotFound):
                feeds.feed_found(tx, short)


def test_what_leaves_is_told_with_its_state_and_what_was_taken_back_is_known(desk: Desk) -> None:
    sent, draft = desk.add(permalink="https://x.example/1"), desk.add()
    with desk.store.begin() as tx:
        tx.execute(deliveries.delete().where(deliveries.c.id == draft.id))
        rows = {row.post_id: row for row in feeds.leaving(tx, campaign_id="campaign-1", texts=True)}
        assert [rows[id].state for id in (sent.post_id, draft.post_id)] == [State.SCHEDULED, None]
        assert rows[draft.post_id].outgoing is not None and rows[sent.post_id].account == "kr"
        assert [row.post_id for row in feeds.leaving(tx, post_ids=[sent.post_id])] == [sent.post_id]
        assert feeds.withdrawn_posts(tx) == frozenset()
        post_rows.withdraw_outgoing(tx, draft.outgoing_id, at=NOW)
        assert feeds.withdrawn_posts(tx) == {draft.post_id}
        assert set(feeds.posts_by_account(tx, desk.account.id)) == {sent.post_id, draft.post_id}
        assert set(feeds.posts_by_person(tx, "alice")) == {sent.post_id, draft.post_id}
        assert feeds.posts_by_person(tx, "bob") == []


def test_a_series_knows_its_posts_and_which_of_them_live(desk: Desk) -> None:
    first, second, third = desk.add(), desk.add(), desk.add()
    with desk.store.begin() as tx:
        series_rows.add_series(tx, SERIES)
        with pytest.raises(Conflict, match="there already"):
            series_rows.add_series(tx, SERIES)
        for number, row in enumerate((second, first, third), 1):
            tx.execute(posts.update().where(posts.c.id == row.post_id).values(series_id="series-1", number=number))
        outbox.move(tx, first, State.CANCELLED, error=None)
        tx.execute(deliveries.delete().where(deliveries.c.id == third.id))
        assert [post.id for post in series_rows.members(tx, SERIES)] == [second.post_id, first.post_id, third.post_id]
        assert [post.id for post in series_rows.living(tx, SERIES)] == [second.post_id, third.post_id]
        post_rows.withdraw_outgoing(tx, third.outgoing_id, at=NOW)
        assert [post.id for post in series_rows.living(tx, SERIES)] == [second.post_id]
        assert series_rows.series_named(tx, "weekly") == SERIES == series_rows.series_of(tx, "series-1")
        series_rows.end_series(tx, "series-1", at=NOW)
        assert series_rows.all_series(tx)[0][0].ended_at == NOW


def test_verbs_that_are_joined_happen_together_but_for_one_that_failed(desk: Desk) -> None:
    row = desk.add()

    def rename(store: Store, name: str, *, fail: bool = False) -> None:
        with store.begin() as tx:
            tx.execute(posts.update().where(posts.c.id == row.post_id).values(name=name))
            if fail:
                raise Conflict("no")

    with desk.store.begin() as tx:
        joined = Joined(desk.store, tx)
        rename(joined, "one")
        with pytest.raises(Conflict):
            rename(joined, "two", fail=True)
        with joined.read() as seen:
            assert seen.execute(sa.select(posts.c.name)).scalar() == "one"
    with pytest.raises(Conflict):
        with desk.store.begin() as tx:
            rename(Joined(desk.store, tx), "three")
            raise Conflict("all of it")
    with desk.store.read() as tx:
        assert post_rows.post_of(tx, row.post_id).name == "one"
