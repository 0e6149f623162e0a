"""A store on SQLite and on PostgreSQL, and a small campaign in it."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from campaign.core.model import Account, Campaign, Delivery, Guarantee, Outgoing, Post
from campaign.core.states import State
from campaign.store import Store, open_store, outbox, queue
from campaign.store.accounts import add_account
from campaign.store.campaigns import add_campaign
from campaign.store.outbox import Lease
from campaign.store.posts import Queued, Target, add_outgoings, add_post, add_targets
from campaign.store.schema import upgrade
from campaign.store.tables import metadata
from campaign.store.vault import Vault

TOKEN = "token of an account"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
BOOT = "this boot"
LEASE = Lease("w1", BOOT, 1600.0)
KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def migrated(make_database: Callable[[], str]) -> Iterator[Store]:
    """One PostgreSQL database at head, shared by the tests of a process and emptied before each."""
    store = open_store(make_database())
    upgrade(store)
    yield store
    store.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("sqlite") / "campaign.db"
    store = open_store(f"sqlite:///{file}")
    upgrade(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return file.read_bytes()


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store at head; every test that takes it is run on both databases."""
    if request.param == "sqlite":
        file = tmp_path / "campaign.db"
        file.write_bytes(request.getfixturevalue("sqlite_template"))
        opened = open_store(f"sqlite:///{file}")
        yield opened
        opened.close()
        return
    shared: Store = request.getfixturevalue("migrated")
    with shared.begin() as tx:
        tx.exec_driver_sql("TRUNCATE " + ", ".join(table.name for table in metadata.sorted_tables))
    yield shared


@dataclass
class Desk:
    """A campaign with one account; what a test usually does in one word each."""

    store: Store
    vault: Vault
    account: Account
    campaign: Campaign
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add_account(self, name: str, *, token: str = TOKEN, platform: str = "mastodon") -> Account:
        account = an_account(name, platform=platform)
        with self.store.begin() as tx:
            add_account(tx, account, self.vault, token)
        return account

    def add(self, *, account: Account | None = None, **values: Any) -> Delivery:
        """Enqueue one delivery, with all that it stands on."""
        number = next(self.numbers)
        account = account or self.account
        langs = values.get("langs", ("ko",))
        outgoing = Outgoing(account.name, account.platform, langs, f"안녕하세요 {number}")
        post = Post(
            id=f"post-{number}",
            campaign_id=self.campaign.id,
            name=f"P{number}",
            leg_id=None,
            local_at=datetime(2026, 11, 24, 9),  # noqa: DTZ001 - a wall time has no zone of its own
            zone="Asia/Seoul",
            tzdata="2026a",
            due_at=NOW,
            place={},
            author="alice",
            created_at=NOW,
        )
        queued = Queued(
            f"out-{number}", f"target-{number}", post.id, account.id, outgoing, outgoing.sha256, NOW, None, None
        )
        fields = {
            "id": f"{number:08x}-0000-7000-8000-{number:012x}",
            "post_id": post.id,
            "account_id": account.id,
            "campaign_id": self.campaign.id,
            "outgoing_id": queued.id,
            "outgoing_sha256": outgoing.sha256,
            "langs": langs,
            "part": 1,
            "parent_id": None,
            "state": State.SCHEDULED,
            "due_at": NOW,
            "late_after": NOW + timedelta(minutes=15),
            "key": f"key-{number}",
            "guarantee": Guarantee.READ_BACK,
        }
        delivery = Delivery(**{**fields, **values})
        with self.store.begin() as tx:
            add_post(tx, post)
            add_targets(tx, [Target(queued.target_id, post.id, account.id, "split", tuple(langs))])
            add_outgoings(tx, [queued], at=NOW)
            outbox.add_delivery(tx, delivery, at=NOW)
        return delivery

    def claim(
        self, *, now: datetime = NOW, mono: float = 1000.0, lease: Lease = LEASE, limit: int = 50
    ) -> list[Delivery]:
        with self.store.begin() as tx:
            return outbox.claim(tx, now=now, mono=mono, lease=lease, limit=limit)

    def claimed(self, **values: Any) -> Delivery:
        """Enqueue one and claim it."""
        added = self.add(**values)
        return next(held for held in self.claim() if held.id == added.id)

    def cross(self, held: Delivery, *, at: datetime = NOW, mono: float = 1000.0, wire: Any = None) -> Delivery:
        with self.store.begin() as tx:
            return outbox.cross(tx, held, wire=wire or {"body": "x"}, at=at, mono=mono)

    def move(self, held: Delivery, new: State, **values: Any) -> Delivery:
        with self.store.begin() as tx:
            return outbox.move(tx, held, new, **values)

    def record(self, delivery: Delivery, remote_id: str = "r1") -> Delivery:
        with self.store.begin() as tx:
            return outbox.record(
                tx,
                delivery.id,
                remote_id=remote_id,
                permalink=None,
                published_at=NOW,
                measure_at=NOW + timedelta(minutes=15),
            )

    def get(self, delivery: Delivery) -> Delivery:
        with self.store.read() as tx:
            return queue.get(tx, delivery.id)


def an_account(name: str, *, platform: str = "mastodon") -> Account:
    return Account(
        id=f"account-{name}",
        name=name,
        platform=platform,
        base_url="https://social.example",
        handle=f"@{name}",
        remote_id="1",
        kind="mastodon",
        langs=("ko",),
        guarantee=Guarantee.READ_BACK,
        sheet={},
        connected_at=NOW,
    )


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    """Campaign c and account kr."""
    vault = Vault(tmp_path / "keys")
    vault.create()
    return a_desk(store, vault)


def a_desk(store: Store, vault: Vault) -> Desk:
    """Put campaign c and account kr into an empty store."""
    campaign = Campaign("campaign-1", "c", {"ko": "평화"}, "ko", ("ko", "ru"), "Asia/Seoul")
    account = an_account("kr")
    with store.begin() as tx:
        add_campaign(tx, campaign, at=NOW)
        add_account(tx, account, vault, "token of kr")
    return Desk(store, vault, account, campaign)
