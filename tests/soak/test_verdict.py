"""The soak's verdict finds what it is there for: a post that is out twice, one that is not there, one too many."""

import json
import urllib.request
from datetime import timedelta

import pytest

from campaign.store import outbox
from campaign.store.tables import deliveries
from tests.conftest import World
from tests.soak.verdict import Verdict, judge


@pytest.fixture
def soaked(world: World) -> World:
    """A world with two posts that are out, on an account of the soak's."""
    world.twin.tokens["dedup1"] = world.twin.open_account("dedup1")
    world.connect("dedup1", "ko", twin_account="dedup1")
    world.post("P01", to=("dedup1",))
    world.post("P02", to=("dedup1",))
    world.clock.turn(minutes=10)
    world.tick()
    return world


def _judged(world: World) -> Verdict:
    return judge(world.app, world.twin.base_url, jumps=[], excused=[])


def _post(world: World, text: str) -> None:
    headers = {"Authorization": f"Bearer {world.twin.tokens['dedup1']}", "Content-Type": "application/json"}
    body = json.dumps({"status": text}).encode()
    urllib.request.urlopen(  # noqa: S310 - the twin of this test
        urllib.request.Request(f"{world.twin.base_url}/api/v1/statuses", body, headers)  # noqa: S310
    ).close()


def _set(world: World, **values: object) -> None:
    row = world.deliveries()[0]
    with world.app.store.begin() as tx:
        tx.execute(deliveries.update().where(deliveries.c.id == row.id).values(**values))


def test_a_world_where_all_went_well_is_good(soaked: World) -> None:
    found = _judged(soaked)

    assert found.good
    assert {"published": 2} == dict(found.states)


def test_a_post_that_is_out_twice_is_found(soaked: World) -> None:
    _post(soaked, "안녕하세요 P01")

    assert [1, 0, 0, 0] == [len(each) for each in _lists(_judged(soaked))]


def test_a_post_that_we_call_published_and_is_not_there_is_found(soaked: World) -> None:
    _set(soaked, remote_id="1")

    assert [0, 1, 0, 0] == [len(each) for each in _lists(_judged(soaked))]


def test_a_post_that_is_out_and_we_call_missed_or_do_not_know_is_found(soaked: World) -> None:
    _set(soaked, state="missed", remote_id=None)
    _post(soaked, "who wrote this?")

    assert [0, 0, 2, 0] == [len(each) for each in _lists(_judged(soaked))]


def test_what_is_left_in_doubt_is_found(soaked: World) -> None:
    _set(soaked, state="uncertain")

    assert [0, 0, 0, 1] == [len(each) for each in _lists(_judged(soaked))]


def test_what_came_too_early_is_found(soaked: World) -> None:
    _set(soaked, due_at=soaked.clock.now() + timedelta(seconds=30))

    assert 1 == len(_judged(soaked).early)


def test_a_post_that_was_missed_for_no_reason_is_found_and_an_outage_is_one(world: World) -> None:
    world.twin.tokens["dedup1"] = world.twin.open_account("dedup1")
    world.connect("dedup1", "ko", twin_account="dedup1")
    world.post("P01", to=("dedup1",))
    world.clock.turn(minutes=40)
    with world.app.store.begin() as tx:
        outbox.miss(tx, now=world.clock.now())
    due = world.deliveries()[0].due_at.timestamp()

    assert 1 == len(_judged(world).unexplained)
    assert judge(world.app, world.twin.base_url, jumps=[], excused=[(due, due + 800)]).good


def _lists(found: Verdict) -> tuple[list[str], ...]:
    return found.double, found.lost, found.stray, found.stuck
