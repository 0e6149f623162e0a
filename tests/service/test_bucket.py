"""Media and record in a bucket, through publishing, the archive, the audit and a rebuild."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from campaign import bootstrap
from campaign.config import load_settings
from campaign.core.place import BucketTrouble
from campaign.core.states import State
from campaign.media.bucket import BucketLibrary
from campaign.net.bucket import KeyStore
from campaign.record import as2
from campaign.record.bucket import BucketRepository
from campaign.record.verify import verify
from campaign.service.audit import audit
from campaign.service.doctor import doctor
from campaign.service.rebuild import rebuild
from tests.conftest import World


class Away(KeyStore):
    """A bucket that can be away."""

    away = False

    def _asked(self, what, ask):  # type: ignore[no-untyped-def]
        if self.away:
            raise BucketTrouble(f"{self.name} does not answer")
        return super()._asked(what, ask)


@dataclass
class Buckets:
    """The world's installation with both buckets in place of its folders."""

    media: Away
    record: Away
    world: World

    @property
    def away(self) -> bool:
        return self.media.away

    @away.setter
    def away(self, is_so: bool) -> None:
        self.media.away = self.record.away = is_so


@pytest.fixture
def buckets(world: World, tmp_path: Path) -> Buckets:
    made = Buckets(Away(MemoryStore(), "s3://media"), Away(MemoryStore(), "s3://record"), world)
    archive = BucketRepository(made.record, tmp_path / "staging")
    archive.create()
    world.app = replace(world.app, media=BucketLibrary(made.media, tmp_path / "cache"), archive=archive)
    return made


def test_a_post_goes_out_from_the_bucket_and_its_record_lies_in_it(buckets: Buckets) -> None:
    world = buckets.world
    world.post("P01", minutes=1, pictures=(world.picture(),))
    shutil.rmtree(world.app.media.root)  # another machine wrote it
    world.clock.turn(minutes=1)
    world.tick()

    assert ["published"] == world.states()
    assert ([], []) == (verify(world.app.archive.place), audit(world.app))
    assert not [check for check in doctor(world.app) if "bucket" in check.name]
    [row] = world.deliveries()
    obstore.delete(buckets.record._store, f"{world.app.archive.where(as2.urn(row.post_id))}/inventory.json")
    [absence] = audit(world.app)
    assert "missing, but the database says that post P01 is archived" in absence.message


def test_while_the_bucket_is_away_deliveries_with_media_wait_and_texts_go_out(buckets: Buckets) -> None:
    world = buckets.world
    world.post("P01", minutes=1, pictures=(world.picture(),))
    world.post("P02", minutes=1)
    shutil.rmtree(world.app.media.root)
    buckets.away = True
    world.clock.turn(minutes=1)
    world.tick()
    by_state = {row.state: row for row in world.deliveries()}
    waits = by_state[State.SCHEDULED]
    checks = [check.name for check in doctor(world.app) if "bucket" in check.name]

    assert {State.SCHEDULED, State.PUBLISHED} == by_state.keys()
    assert "cannot be fetched or kept: s3://media does not answer" in str(waits.error)
    assert ["archive in a bucket", "media in a bucket"] == checks

    buckets.away = False
    world.clock.turn(seconds=30)
    world.tick()
    assert ["published", "published"] == world.states()
    assert ([], []) == (verify(world.app.archive.place), audit(world.app))
    assert 2 == len(world.twin.books())


def test_a_damaged_medium_is_never_sent(buckets: Buckets) -> None:
    world = buckets.world
    world.post("P01", minutes=1, pictures=(world.picture(),))
    shutil.rmtree(world.app.media.root)
    for key in list(buckets.media.below("")):
        obstore.put(buckets.media._store, key, b"other bytes")
    world.clock.turn(minutes=1)
    world.tick()
    [row] = world.deliveries()

    assert (State.FAILED, True) == (row.state, "is damaged: s3://media gives other bytes" in str(row.error))
    assert [] == world.twin.books()


def test_an_empty_database_is_rebuilt_from_the_bucket(
    buckets: Buckets, tmp_path: Path, make_world: Callable[..., World]
) -> None:
    world = buckets.world
    world.post("P01", minutes=1, pictures=(world.picture(),))
    world.clock.turn(minutes=1)
    world.tick()
    settings = load_settings(dir=str(tmp_path / "other"), environ={})
    bootstrap.init(settings)
    empty = bootstrap.open_app(settings, clock=world.clock)
    library = BucketLibrary(KeyStore(MemoryStore(), "s3://new"), tmp_path / "new-cache")
    app = replace(empty, media=library, archive=world.app.archive)
    found = rebuild(app)

    assert (1, 1, 1) == (found.posts, found.deliveries, found.accounts)
    assert found.media == len(list(library.bucket.below("")))
    assert [] == audit(app)
    empty.store.close()
