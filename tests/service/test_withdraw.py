"""Taking down what is out: at the platform, in the log, on record; and what cannot be taken down."""

import json

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid, Refused, Unavailable
from campaign.record import as2
from campaign.service.archive import archive
from campaign.service.measure import measure
from campaign.service.withdraw import withdraw
from campaign.store import attempts, people, readings
from tests.conftest import World


@pytest.fixture
def out(world: World) -> World:
    """A world with one published post."""
    world.post("P01", pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    world.tick()
    return world


def tried(world: World) -> list[tuple[str, str]]:
    with world.app.store.read() as tx:
        return [(one.kind, one.outcome) for row in world.deliveries() for one in attempts.attempts_of(tx, row.id)]


def test_it_is_gone_there_and_stays_on_record_here(out: World) -> None:
    [held] = out.deliveries()
    done = out.run(withdraw(out.app, held.id, by=out.alice, reason="틀린 날짜"))

    assert [True] == [row["deleted"] for row in out.twin.books()]
    assert ("published", held.permalink) == (str(done.state), done.permalink)  # it was out
    assert [("publish", "published"), ("fetch", "fetched"), ("delete", "withdrawn")] == tried(out)

    archive(out.app)
    raw = out.app.archive.read(as2.urn(held.post_id), "events.jsonl").decode()
    rows = [json.loads(line) for line in raw.splitlines()]
    labels = [row["eventTypeLabel"] for row in rows]

    assert (1, 2) == (
        labels.count("capture"),
        labels.count("withdrawal"),
    )  # what went over the wire, and whose will it was
    assert any(
        "틀린 날짜" in json.dumps(row, ensure_ascii=False) for row in rows if row["eventTypeLabel"] == "withdrawal"
    )
    with out.app.store.read() as tx:
        assert "delivery.withdrawn" in [event["event"] for event in people.events_of(tx, held.post_id)]


def test_its_counters_are_read_no_more(out: World) -> None:
    [held] = out.deliveries()
    out.run(withdraw(out.app, held.id, by=out.alice, reason="-"))
    out.clock.turn(minutes=15)
    out.run(measure(out.app))

    with out.app.store.read() as tx:
        assert readings.next_reading(tx) is None
        assert {None} == {reading.value for reading in readings.readings_of(tx, [held.id])}


def test_once_more_is_no_error(out: World) -> None:
    [held] = out.deliveries()
    for _ in range(2):
        out.run(withdraw(out.app, held.id, by=out.alice, reason="-"))

    assert 2 == tried(out).count(("delete", "withdrawn"))


@pytest.mark.parametrize("fault", ["lose_response", "503"])
def test_what_nobody_knows_is_tried_again_and_said_so(out: World, fault: str) -> None:
    [held] = out.deliveries()
    out.twin.fault(fault, method="DELETE")
    with pytest.raises(Unavailable):
        out.run(withdraw(out.app, held.id, by=out.alice, reason="-"))
    assert ("delete", "unavailable") == tried(out)[-1]

    out.run(withdraw(out.app, held.id, by=out.alice, reason="-"))
    assert [True] == [row["deleted"] for row in out.twin.books()]


def test_what_is_not_out_is_cancelled_instead(world: World) -> None:
    world.post("P01")
    [held] = world.deliveries()
    with pytest.raises(Conflict, match="cancelled"):
        world.run(withdraw(world.app, held.id, by=world.alice, reason="-"))


def test_where_no_program_may_delete_a_person_is_told_where(world: World) -> None:
    world.share_media()
    world.link("instagram", "ig", "ko")
    world.post("P01", to=("ig",), pictures=(world.medium_for("instagram", {"ko": "그림"}),))
    world.clock.turn(minutes=10)
    for _ in range(5):
        world.tick()
        world.clock.turn(minutes=1)
    [held] = world.deliveries()
    with pytest.raises(Refused, match="by hand: http"):
        world.run(withdraw(world.app, held.id, by=world.alice, reason="-"))


def test_a_reader_may_not_and_a_reason_is_needed(out: World) -> None:
    [held] = out.deliveries()
    with pytest.raises(Forbidden):
        out.run(withdraw(out.app, held.id, by=out.carol, reason="-"))
    with pytest.raises(Invalid, match="reason"):
        out.run(withdraw(out.app, held.id, by=out.alice, reason="  "))

    assert [False] == [row["deleted"] for row in out.twin.books()]
