"""A whole installation in another database: checked there, all or nothing, and the old one publishes no more."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from campaign.config import Database
from campaign.core.errors import CampaignError, Conflict, Forbidden
from campaign.core.model import Role
from campaign.service import App, campaigns
from campaign.service.copy import LOOK, copy
from campaign.service.measure import measure
from campaign.service.pause import resume
from campaign.store import Store, heartbeats, open_store
from campaign.store import accounts as account_rows
from campaign.store.copy import check_empty, prepare, read_all
from campaign.store.heartbeats import Heartbeat
from tests.conftest import World

POINTS = ("copy.carried", "copy.checked", "copy.fenced")


@pytest.fixture
def journey(world: World) -> World:
    """An installation made by the verbs: pictures, a thread, published and measured, some still to come, one paused."""
    world.people["ada"] = campaigns.add_person(world.app, "ada", [Role.ADMIN])
    world.post("P01", pictures=(world.picture(),))
    world.post("P02", texts={"ko": "가나다 " * 180}, overflow="thread")
    world.post("P03", minutes=600)
    world.clock.turn(minutes=11)
    for _ in range(3):
        world.tick()
    world.clock.turn(minutes=20)
    world.run(measure(world.app))
    assert world.states().count("published") >= 3
    assert world.states()[-1] == "scheduled"
    return world


@pytest.fixture
def other(tmp_path: Path) -> Store:
    store = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    prepare(store)
    return store


def _copy(world: World, other: Store, app: App | None = None, **options: Any) -> Any:
    options = {"by": world.people["ada"], "name": "other.db", "wait": lambda seconds: None, **options}
    return copy(app or world.app, other, **options)


def _paused(store: Store) -> list[str]:
    with store.read() as tx:
        return [entry.reason for entry in account_rows.pauses_now(tx)]


def test_the_other_database_holds_all_of_it_and_goes_on(journey: World, other: Store) -> None:
    seen: list[tuple[int, int]] = []
    copied = _copy(journey, other, progress=lambda done, of: seen.append((done, of)))
    with other.read() as tx:
        assert list(copied.tables) == read_all(tx)
    told = {table.table: table.rows for table in copied.tables}

    assert (2 * copied.rows, 2 * copied.rows) == seen[-1]
    assert min(told[name] for name in ("posts", "deliveries", "exchanges", "measurements", "media", "credentials")) > 0
    moved = journey.open(store=other)
    journey.clock.turn(minutes=570)
    journey.tick(journey.app)
    assert "scheduled" == journey.states()[-1], "the old one has published"
    journey.tick(moved)
    moved.store.close()
    texts = [row["text"] for row in journey.twin.books()]
    assert 1 == sum("P03" in text for text in texts)


def test_the_old_database_says_where_it_went_and_may_be_resumed(journey: World, other: Store) -> None:
    _copy(journey, other)

    assert ["copied to other.db; set database.url; or, to stay on this one: campaign resume"] == _paused(
        journey.app.store
    )
    assert [] == _paused(other)
    with pytest.raises(Conflict, match=r"paused: copied to other\.db; .* resume it before it is copied once more"):
        _copy(journey, other)
    resume(journey.app, "all", by=journey.alice)
    with pytest.raises(Conflict, match="not empty: table"):
        _copy(journey, other)
    assert [] == _paused(journey.app.store)


def test_a_value_that_arrives_changed_is_named_and_nothing_stays(journey: World, other: Store) -> None:
    with other.begin() as tx:
        tx.exec_driver_sql(
            "CREATE TRIGGER planted AFTER INSERT ON variants WHEN NEW.revision = 1 BEGIN "
            "UPDATE variants SET text = 'another' WHERE post_id = NEW.post_id AND lang = NEW.lang; END"
        )
    with pytest.raises(CampaignError, match=r"nothing of it was kept: variants \S+ ko 1 text differs; variants"):
        _copy(journey, other)
    with other.read() as tx:
        check_empty(tx)
    assert [] == _paused(journey.app.store)


@pytest.mark.parametrize("point", POINTS)
def test_a_death_in_the_middle_leaves_the_other_database_empty(journey: World, other: Store, point: str) -> None:
    other.close()
    journey.app.store.close()
    pid = os.fork()
    if not pid:
        try:
            app = journey.open(failpoint=lambda name: os._exit(9) if name == point else None)
            _copy(journey, open_store(f"sqlite:///{other.engine.url.database}"), app)
        finally:
            os._exit(3)

    assert 9 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with other.read() as tx:
        check_empty(tx)
    assert (point == "copy.fenced") == bool(_paused(journey.app.store))
    if point == "copy.fenced":
        resume(journey.app, "all", by=journey.alice)
    assert _copy(journey, other).rows


def test_a_commit_that_fails_takes_the_fence_down_again(journey: World, other: Store) -> None:
    def fail(name: str) -> None:
        if name == "copy.fenced":
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        _copy(journey, other, journey.open(failpoint=fail))
    assert [] == _paused(journey.app.store)


def test_a_worker_that_gives_signs_of_life_is_named_and_a_dead_one_stops_nobody(
    make_world: Callable[..., World], make_migrated: Callable[[], str], other: Store
) -> None:
    world = make_world("shared", database=Database(url=SecretStr(make_migrated())))
    world.people["ada"] = campaigns.add_person(world.app, "ada", [Role.ADMIN])
    now = world.clock.now()

    def beat(seconds: float = 0.0) -> None:
        with world.app.store.begin() as tx:
            heartbeats.beat(tx, Heartbeat("w1", "distributed", 4711, "b", now, now, 1.0, host="far"))

    beat()
    with pytest.raises(Conflict, match=r"a worker lives on this database \(pid 4711 on far\); stop it first"):
        _copy(world, other, wait=beat)
    assert [] == _paused(world.app.store)

    waited: list[float] = []
    copied = _copy(world, other, wait=waited.append)

    assert [LOOK] == waited
    with other.read() as tx:
        assert list(copied.tables) == read_all(tx)
        assert [] == heartbeats.heartbeats_now(tx)


def test_only_an_admin_copies(journey: World, other: Store) -> None:
    with pytest.raises(Forbidden):
        _copy(journey, other, by=journey.alice)


def test_a_database_is_not_copied_into_itself(journey: World) -> None:
    with pytest.raises(Conflict, match="is the one that is in use"):
        _copy(journey, open_store(journey.settings.database_url))
