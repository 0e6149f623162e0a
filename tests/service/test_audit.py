"""audit: the archive held against the database."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from campaign.record import as2
from campaign.record.verify import verify
from campaign.service.audit import audit
from campaign.service.confirm import settle
from campaign.service.measure import measure
from campaign.service.seal import seal
from campaign.store import queue
from tests.conftest import World


@pytest.fixture
def kept(world: World) -> World:
    """A world with a published, archived and measured post, whose readings are sealed."""
    world.post("P01", pictures=(world.picture(),))
    world.post("P02", minutes=20)
    for _ in range(2):
        world.clock.turn(minutes=10)
        world.tick()
    world.clock.turn(minutes=15)
    world.run(measure(world.app))
    seal(world.app, until=world.clock.now() + timedelta(minutes=1))
    return world


def _take_away(world: World, object_id: str) -> None:
    place = world.app.archive.path_of(object_id)
    shutil.rmtree(place)
    while place.parent != world.app.archive.root and not any(place.parent.iterdir()):
        place = place.parent
        place.rmdir()


def test_a_whole_archive_lacks_nothing(kept: World) -> None:
    assert [] == audit(kept.app)
    assert [] == verify(kept.app.archive.root)


@pytest.mark.parametrize("kind", ["post", "picture", "account", "readings"])
def test_an_object_that_is_gone_with_its_folders_is_named(kept: World, kind: str) -> None:
    row = kept.deliveries()[0]
    with kept.app.store.read() as tx:
        medium = queue.get(tx, row.id)
    assert medium.published_at is not None
    objects = {
        "post": as2.urn(row.post_id),
        "account": as2.urn(row.account_id),
        "readings": as2.engagement_urn(row.account_id, f"{kept.clock.now():%Y-%m}"),
        "picture": next(name for name in kept.app.archive.objects() if name.startswith("urn:sha256:")),
    }
    _take_away(kept, objects[kind])

    assert [] == verify(kept.app.archive.root)  # the disk alone cannot tell
    assert [objects[kind]] == [absence.object_id for absence in audit(kept.app)]


def test_an_object_that_was_set_back_to_an_earlier_version_is_named(world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    # The Russian readers sleep: their delivery, and with it the second version, comes hours later.
    world.campaign("night", languages=("ko", "ru"), quiet_hours={"ru": "08:00-12:00 Asia/Seoul"})
    world.post("P01", campaign="night", to=("kr", "ru"), texts={"ko": "안녕", "ru": "Привет"})
    world.clock.turn(minutes=10)
    world.tick()
    world.clock.turn(hours=3)
    world.tick()
    row = world.deliveries()[0]
    place: Path = world.app.archive.path_of(as2.urn(row.post_id))
    assert {"published"} == set(world.states())
    assert (place / "v2").is_dir()
    for version in place.glob("v[2-9]"):
        shutil.rmtree(version)
    for name in ("inventory.json", "inventory.json.sha512"):
        shutil.copy(place / "v1" / name, place / name)

    assert [] == verify(world.app.archive.root)
    [absence] = audit(world.app)
    assert as2.urn(row.post_id) == absence.object_id
    assert "record.jsonld does not hold" in absence.message


def test_what_moved_on_since_the_record_was_written_is_no_damage(world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    world.twin.fault("drop_request", method="POST", path="/api/v1/statuses", account="peace_ru")
    world.post(texts={"ko": "안녕", "ru": "Привет"}, to=("kr", "ru"))
    world.clock.turn(minutes=10)
    world.tick()
    doubtful = next(row for row in world.deliveries() if str(row.state) == "uncertain")

    settle(world.app, doubtful.id, "not_published", by=world.alice)

    assert ["published", "scheduled"] == sorted(world.states())
    assert [] == audit(world.app)
