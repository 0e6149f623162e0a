"""A campaign copied into another database, and a store that only reads."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from campaign.core.errors import Conflict
from campaign.core.states import State
from campaign.store import Store, accounts, open_store, queue, tables
from campaign.store.accounts import Pause, restore_account
from campaign.store.excerpt import copy_campaign
from tests.store.conftest import Desk


@pytest.fixture
def reader(store: Store) -> Iterator[Store]:
    """The same database, opened to read only."""
    opened = open_store(store.engine.url.render_as_string(hide_password=False), read_only=True)
    yield opened
    opened.close()


@pytest.fixture
def target(tmp_path: Path, sqlite_template: bytes) -> Iterator[Store]:
    file = tmp_path / "odd % name#" / "scratch.db"
    file.parent.mkdir()
    file.write_bytes(sqlite_template)
    opened = open_store(f"sqlite:///{file}")
    yield opened
    opened.close()


def test_what_is_opened_to_read_refuses_every_write(desk: Desk, reader: Store) -> None:
    desk.add()

    with reader.read() as tx:
        assert 1 == len(queue.listed(tx))
    with pytest.raises(sa.exc.DBAPIError, match=r"read-?only"), reader.begin() as tx:
        accounts.lift(tx, "all", "", person="x", at=desk.account.connected_at)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="no installation"):
        open_store(f"sqlite:///{tmp_path / 'none.db'}", read_only=True)
    assert [] == list(tmp_path.iterdir())


def test_a_campaign_comes_as_if_nothing_had_been_tried(desk: Desk, reader: Store, target: Store, store: Store) -> None:
    first = desk.add(attempts=3, error="503", wire={"media_ids": ["77"]}, retry_at=12.0)
    child = desk.add(parent_id=first.id)
    desk.add()  # not chosen
    with store.begin() as tx:
        accounts.pause(tx, Pause("p" * 36, "all", "", "why", "bob", desk.account.connected_at))

    with reader.read() as source, target.begin() as tx:
        restore_account(tx, replace(desk.account, base_url=""))
        copy_campaign(source, tx, desk.campaign.id, {first.id: "new 1", child.id: "new 2"})

    with target.read() as tx:
        found = [queue.get(tx, row["id"]) for row in queue.listed(tx)]
        paused = accounts.pauses_now(tx)
        tokens = tx.execute(sa.select(sa.func.count()).select_from(tables.credentials)).scalar_one()
    assert {(first.id, "new 1", None), (child.id, "new 2", first.id)} == {
        (row.id, row.key, row.parent_id) for row in found
    }
    assert {(State.SCHEDULED, 0, None, None, None)} == {
        (row.state, row.attempts, row.error, row.wire, row.retry_at) for row in found
    }
    assert {(first.due_at, first.late_after)} <= {(row.due_at, row.late_after) for row in found}
    assert (["why"], 0) == ([pause.reason for pause in paused], tokens)
