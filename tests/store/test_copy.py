"""Every row of one database in another: of all types, parents or children first, and what is not the same is named."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.errors import CampaignError, Conflict, Invalid
from campaign.core.model import Campaign
from campaign.store import Store, open_store
from campaign.store.campaigns import add_campaign
from campaign.store.copy import (
    NAMED,
    STAYS,
    TABLES,
    carry,
    check_empty,
    count,
    differences,
    prepare,
    read_all,
    without_password,
)
from campaign.store.tables import metadata
from campaign.store.vault import Vault
from tests.store.conftest import KINDS, Desk, a_desk

AT = datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A second database, without tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'other.db'}"
    else:
        make: Callable[[], str] = request.getfixturevalue("make_database")
        url = make()
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def filled(desk: Desk) -> Store:
    return _filled(desk)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory, make_database: Callable[[], str]) -> Iterator[tuple[Store, Store]]:
    """A filled SQLite database and its copy on PostgreSQL; what a test changes there is rolled back."""
    folder = tmp_path_factory.mktemp("apart")
    first, second = open_store(f"sqlite:///{folder / 'a.db'}"), open_store(make_database())
    prepare(first)
    vault = Vault(folder / "keys")
    vault.create()
    _filled(a_desk(first, vault))
    _carried(first, second)
    yield first, second
    first.close()
    second.close()


def _filled(desk: Desk) -> Store:
    """Fill every table: things of every type, and a thread whose later parts have the earlier ids."""
    above = desk.add(part=1).id
    for part in (2, 3, 4):
        above = desk.add(id=f"{9 - part:08x}-part", part=part, parent_id=above).id
    outgoings = metadata.tables["outgoings"]
    with desk.store.begin() as tx:
        for name, values in _rows().items():
            tx.execute(metadata.tables[name].insert().values(**values))
        for child, parent in itertools.pairwise(("out-1", "out-3", "out-2", "out-4")):
            tx.execute(outgoings.update().where(outgoings.c.id == child).values(parent_id=parent))
    return desk.store


def _rows() -> dict[str, dict[str, Any]]:
    """Return a row of each table that the desk does not fill."""
    return {
        "people": {"id": "p1", "name": "앨리스", "roles": ["author"], "created_at": AT},
        "sessions": {"token_sha256": "ab" * 32, "person_id": "p1", "csrf": "x", "created_at": AT, "expires_at": AT},
        "login_links": {"token_sha256": "cd" * 32, "person_id": "p1", "expires_at": AT},
        "legs": {
            **{"id": "l1", "campaign_id": "campaign-1", "name": "Владивосток", "zone": "Asia/Vladivostok"},
            **{
                "starts_on": date(2019, 10, 20),
                "ends_on": date(2019, 10, 23),
                "title": {"ko": "블라"},
                "latitude": 43.1,
            },
        },
        "variants": {
            **{"post_id": "post-1", "lang": "ko", "revision": 1, "text": "안녕\n하세요 \\ \t '\"", "tags": []},
            **{"author": "alice", "created_at": AT},
        },
        "media": {"sha256": "ef" * 32, "mime": "video/mp4", "size": 2**40, "seconds": 0.1 + 0.2},
        "post_media": {"post_id": "post-1", "position": 1, "sha256": "ef" * 32, "alt": {"ru": "Альт"}},
        "approvals": {
            **{"id": "a1", "post_id": "post-1", "outgoing_sha256": "00", "lang": "ko", "person": "bob"},
            "created_at": AT,
        },
        "attempts": {
            **{"id": "t1", "delivery_id": "00000001-0000-7000-8000-000000000001", "number": 1, "kind": "publish"},
            **{"started_at": AT, "ended_at": AT + timedelta(microseconds=1), "outcome": "published"},
        },
        "exchanges": {
            **{"attempt_id": "t1", "position": 0, "method": "POST", "url": "https://x", "at": AT, "took": 1e-9},
            **{"request": bytes(range(256)), "response": None, "outcome": "sent", "redacted": [["header", 3]]},
        },
        "measurements": {
            **{"delivery_id": "00000001-0000-7000-8000-000000000001", "metric": "views", "as_of": AT},
            **{"value": 2**60, "status": "ok", "source": "api", "sealed": True},
        },
        "pauses": {"id": "z1", "scope": "language", "name": "ru", "reason": "-", "person": "bob", "since": AT},
        "events": {"id": "e1", "at": AT, "event": "paused", "person": "bob", "detail": {"a": None, "b": [1, 2.5, "ü"]}},
        "comments": {
            "delivery_id": "00000001-0000-7000-8000-000000000001",
            "remote_id": "c1",
            "in_reply_to": "1",
            "author": None,
            "author_hash": "a" * 64,
            "text": "감사합니다",
            "at": AT,
            "record": None,
            "first_seen_at": AT,
            "last_seen_at": AT,
            "gone_at": None,
            "sealed": False,
        },
        "answers": {
            **{"id": "b1", "account_id": "account-kr", "delivery_id": None, "at": AT, "number": 1},
            **{"asked": "a" * 64, "told": "b" * 64, "packed": bytes(range(256))},
        },
        "sightings": {"watcher": "w", "number": 2**50, "at": AT, "seen": {}},
        "watches": {"watcher": "w", "since": AT, "until": AT},
        "budgets": {
            **{"key": "account:1", "size": None, "seconds": 300.0, "tokens": 1 / 3, "filled_at": 1e12},
            **{"held_until": 0.0, "boot": "b"},
        },
        "notices": {"id": "n1", "kind": "missed", "subject": "s", "detail": {}, "at": AT},
        "heartbeats": {
            **{"worker": "w", "engine": "embedded", "pid": 1, "boot": "b", "started_at": AT, "ticked_at": AT},
            "ticked_mono": 1.0,
        },
        "eras": {"number": 1, "began_at": AT},
        "account_rules": {
            **{"campaign_id": "campaign-1", "account_id": "account-kr", "steps": 2, "spacing_minutes": None},
            **{"slots": {"ko": ["08:00"]}, "zones": {"ko": "Asia/Seoul"}},
        },
        "blackouts": {
            **{"id": "k1", "campaign_id": None, "name": "애도", "starts_on": date(2019, 10, 3), "kind": "hard"},
            **{"ends_on": date(2019, 10, 4), "langs": ["ko"], "zone": None, "title": {"ko": "애도의 날"}},
        },
        "series": {
            **{"id": "s1", "campaign_id": "campaign-1", "name": "weekly", "rule": "FREQ=WEEKLY", "zone": "Asia/Seoul"},
            **{"starts": "2019-10-01 09:00", "min_gap_minutes": 1440, "author": "alice", "created_at": AT},
        },
        "terms": {
            **{"id": "g1", "campaign_id": None, "name": "서울", "forms": {"ru": {"text": "Сеул"}}, "translate": True},
            **{"valid_until": date(2023, 4, 30), "created_at": AT},
        },
        "waivers": {
            **{"id": "w1", "post_id": "post-1", "lang": "ko", "code": "mixed-script", "value": "мир"},
            **{"person": "bob", "reason": "인용", "created_at": AT},
        },
        "review_links": {
            **{"id": "r1", "token_sha256": "12" * 32, "post_id": "post-1", "langs": ["ru"], "guest": "Ольга"},
            **{"person": "alice", "created_at": AT, "expires_at": AT},
        },
        "reviews": {
            **{"id": "v1", "post_id": "post-1", "lang": "ru", "revision": 1, "decision": "passed", "text": ""},
            **{"person": "Ольга", "link_id": "r1", "created_at": AT},
        },
        "feeds": {
            **{"id": "f1", "token_sha256": "34" * 32, "scope": "campaign", "name": "c", "texts": False},
            **{"person": "alice", "created_at": AT},
        },
    }


def _carried(store: Store, other: Store) -> None:
    prepare(other)
    with store.begin() as here, other.begin() as there:
        assert carry(here, there) == read_all(there)


def test_every_row_of_every_table_arrives_as_it_was(filled: Store, empty: Store) -> None:
    _carried(filled, empty)
    with filled.read() as here, empty.read() as there:
        mine, theirs = read_all(here), read_all(there)
        for table in TABLES:
            order = list(table.primary_key)
            rows = {tx: sorted(map(repr, tx.execute(sa.select(table).order_by(*order)))) for tx in (here, there)}
            assert rows[here], f"{table.name} is empty: nothing was tested"
            assert rows[here] == rows[there], table.name
        stayed = [there.execute(sa.select(metadata.tables[name])).first() for name in STAYS]

    assert mine == theirs
    assert count_of(filled) == sum(table.rows for table in mine)
    assert stayed == [None] * len(STAYS)


def count_of(store: Store) -> int:
    with store.read() as tx:
        return count(tx)


def test_a_json_null_stays_one_and_a_missing_value_stays_missing(filled: Store, empty: Store) -> None:
    wire = metadata.tables["deliveries"].c.wire
    with filled.begin() as tx:
        first, second = list(tx.execute(sa.select(wire.table.c.id).limit(2)).scalars())
        tx.execute(wire.table.update().where(wire.table.c.id == first).values(wire=sa.JSON.NULL))
        tx.execute(wire.table.update().where(wire.table.c.id == second).values(wire=sa.null()))
    _carried(filled, empty)
    with empty.read() as tx:
        kept = {
            row.id: row.text for row in tx.execute(sa.select(wire.table.c.id, sa.cast(wire, sa.Text).label("text")))
        }

    assert ("null", None) == (kept[first], kept[second])


@pytest.mark.parametrize(
    ("table", "values", "column"),
    [
        ("people", {"name": "엘리스"}, "name"),
        ("exchanges", {"request": b"\0"}, "request"),
        ("events", {"detail": {"a": None, "b": [1, 2.5, "u"]}}, "detail"),
        ("measurements", {"value": 2**60 + 1}, "value"),
        ("budgets", {"tokens": 1 / 3 + 1e-16}, "tokens"),
        ("attempts", {"ended_at": AT + timedelta(microseconds=2)}, "ended_at"),
        ("deliveries", {"late_after": AT}, "late_after"),
    ],
)
def test_one_value_that_differs_is_named(
    apart: tuple[Store, Store], table: str, values: dict[str, Any], column: str
) -> None:
    chosen = metadata.tables[table]
    keys = list(chosen.primary_key)
    with apart[0].read() as here, apart[1].begin() as there:
        row = there.execute(sa.select(*keys).limit(1)).one()
        where = [key == value for key, value in zip(keys, row, strict=True)]
        there.execute(chosen.update().where(*where).values(**values))
        unlike = [a.table for a, b in zip(read_all(here), read_all(there), strict=True) if a != b]
        found = differences(here, there, unlike)
        there.rollback()

    assert [(table, column, "differs")] == [(one.table, one.column, one.what) for one in found]
    assert str(row[0]) in found[0].key


def test_rows_that_are_missing_or_too_many_are_named(apart: tuple[Store, Store]) -> None:
    events = metadata.tables["events"]
    with apart[0].read() as here, apart[1].begin() as there:
        there.execute(events.delete())
        there.execute(events.insert().values(id="e0", at=AT, event="x", person="x", detail={}))
        found = differences(here, there, ["events"])
        there.rollback()

    assert ["events e0 is too much", "events e1 is missing"] == [str(one) for one in found]


def test_the_digest_of_a_secret_is_not_told_whole(apart: tuple[Store, Store]) -> None:
    with apart[0].read() as here, apart[1].begin() as there:
        there.execute(metadata.tables["sessions"].delete())
        [found] = differences(here, there, ["sessions"])
        there.rollback()

    assert "sessions abababab… is missing" == str(found)


def test_no_more_differences_are_named_than_a_person_reads(apart: tuple[Store, Store]) -> None:
    events = metadata.tables["events"]
    with apart[0].read() as here, apart[1].begin() as there:
        for number in range(NAMED + 5):
            there.execute(events.insert().values(id=f"x{number}", at=AT, event="x", person="x", detail={}))
        found = differences(here, there, ["events"])
        there.rollback()

    assert NAMED == len(found)


def test_a_database_with_rows_is_refused_and_stays_as_it_is(filled: Store, empty: Store) -> None:
    prepare(empty)
    with empty.begin() as tx:
        tx.execute(metadata.tables["people"].insert().values(id="p", name="x", roles=[], created_at=AT))

    with pytest.raises(Conflict, match="not empty: table people has rows"):
        prepare(empty)


def test_what_postgresql_cannot_hold_is_named(pair: tuple[Store, Store, Store]) -> None:
    first, second, _ = pair
    _emptied(first, second)
    events, campaigns = metadata.tables["events"], metadata.tables["campaigns"]
    with first.begin() as here, second.begin() as there:
        here.execute(events.insert().values(id="e7", at=AT, event="a\0b", person="x", detail={}))
        with pytest.raises(Invalid, match=r"events.event 'e7': holds a NUL character"):
            carry(here, there)
        here.rollback()
        there.rollback()
    with first.begin() as here, second.begin() as there:
        add_campaign(here, Campaign("campaign-1", "c", {}, "ko", ("ko",), "Asia/Seoul"), at=AT)
        here.execute(campaigns.update().values(grace_seconds=2**40))
        with pytest.raises(Invalid, match=r"campaigns.grace_seconds 'campaign-1': is a number beyond 2147483647"):
            carry(here, there)
        here.rollback()
        there.rollback()
    with second.read() as tx:
        check_empty(tx)


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    store = open_store("postgresql://u:hunter2@127.0.0.1:1/nothing")

    with pytest.raises(CampaignError, match=r"127\.0\.0\.1") as caught:
        prepare(store)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:hunter2@h/n", "postgresql://u:***@h/n"),
        ("postgresql://u@h/n?password=hunter2", "postgresql://u@h/n?password=%2A%2A%2A"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert shown == without_password(url)


def test_what_is_no_url_is_not_repeated() -> None:
    with pytest.raises(Invalid, match="to '…': must be postgresql://") as caught:
        without_password("hunter2")
    assert "hunter2" not in str(caught.value)


EVENT = st.fixed_dictionaries(
    {"at": INSTANTS, "event": TEXTS, "person": TEXTS, "detail": JSONS, "post_id": st.none() | TEXTS}
)
BUDGET = st.fixed_dictionaries(
    {"seconds": FLOATS, "tokens": FLOATS, "filled_at": FLOATS, "held_until": FLOATS, "boot": TEXTS}
)


@settings(max_examples=12, deadline=None)
@given(st.dictionaries(TEXTS, EVENT, max_size=4), st.dictionaries(TEXTS, BUDGET, max_size=3))
def test_any_text_number_instant_and_json_goes_there_and_back(
    pair: tuple[Store, Store, Store], events: dict[str, Any], budgets: dict[str, Any]
) -> None:
    first, second, third = pair
    _emptied(*pair)
    with first.begin() as tx:
        for key, values in events.items():
            tx.execute(metadata.tables["events"].insert().values(id=key, **values))
        for key, values in budgets.items():
            tx.execute(metadata.tables["budgets"].insert().values(key=key, **values))
    with first.begin() as here, second.begin() as there:
        sent = carry(here, there)
    with second.begin() as here, third.begin() as there:
        back = carry(here, there)
    with third.read() as tx:
        arrived = read_all(tx)

    assert sent == back == arrived


def _emptied(*stores: Store) -> None:
    for store in stores:
        with store.begin() as tx:
            for name in ("events", "budgets"):
                tx.execute(metadata.tables[name].delete())


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, make_database: Callable[[], str]
) -> Iterator[tuple[Store, Store, Store]]:
    """SQLite, PostgreSQL, SQLite, all at head."""
    folder = tmp_path_factory.mktemp("pair")
    stores = tuple(
        open_store(url) for url in (f"sqlite:///{folder / 'a'}", make_database(), f"sqlite:///{folder / 'b'}")
    )
    for store in stores:
        prepare(store)
    first, second, third = stores
    yield first, second, third
    for store in stores:
        store.close()
