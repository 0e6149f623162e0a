"""The record in a bucket: the same as in a folder, whenever its archivist dies, whoever else is at it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from campaign.core.errors import Conflict, Invalid, NotFound
from campaign.core.place import BucketTrouble
from campaign.net.bucket import KeyStore
from campaign.record import as2
from campaign.record.bucket import BucketRepository
from campaign.record.layout import INVENTORY, OBJECT_DECLARATION, ROOT_FILES, SIDECAR
from campaign.record.ocfl import Repository
from campaign.record.verify import Damage, verify

from .conftest import POST, WHO, judged, the_warc

FIRST: dict[str, bytes | Path] = {"record.jsonld": b"one", "media/a": b"1"}
SECOND: dict[str, bytes | Path] = {"record.jsonld": b"two", "media/b": b"2"}
NEW_OBJECT = ["content", "content", "version inventory", "version", "declaration", "sidecar", "inventory"]
NEW_VERSION = ["content", "content", "version inventory", "version", "sidecar", "inventory"]


class Died(BaseException):
    """What a kill looks like to those who wait for it: nothing is tidied up."""


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def repository(store: MemoryStore, tmp_path: Path) -> BucketRepository:
    found = BucketRepository(KeyStore(store, "s3://records"), tmp_path / "staging")
    found.create()
    return found


@pytest.fixture
def small(repository: BucketRepository) -> BucketRepository:
    """Two objects, one of them with two versions."""
    repository.put(POST, {"record.jsonld": b'{"a":1}', "exchange/0001.warc.gz": the_warc()}, keep=True, **WHO)
    repository.put(POST, {"record.jsonld": b'{"a":2}', "events.jsonl": b"{}\n"}, keep=True, **WHO)
    repository.put(as2.medium_urn("ab" * 32), {"original.png": bytes(range(256)) * 16}, keep=True, **WHO)
    return repository


def put(repository: BucketRepository, files: dict[str, bytes | Path]) -> int:
    return repository.put(POST, files, keep=True, **WHO)


def again(repository: BucketRepository, **parts: Callable[[str], None]) -> BucketRepository:
    """The repository as another process has it."""
    return BucketRepository(repository.bucket, repository.staging, **parts)


def keys(store: MemoryStore) -> list[str]:
    return sorted(found["path"] for page in obstore.list(store) for found in page)


def fetched(store: MemoryStore, folder: Path) -> Path:
    """The bucket as a folder, for those who read folders."""
    for key in keys(store):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(bytes(obstore.get(store, key).bytes()))
    return folder


def held(repository: BucketRepository) -> dict[str, bytes] | None:
    if not repository.exists(POST):
        return None
    return {path: repository.read(POST, path) for path in repository.state(POST)}


def found_in(repository: BucketRepository) -> list[Damage]:
    return verify(repository.place)


def test_folder_and_bucket_hold_the_same_bytes_under_the_same_names(
    small: BucketRepository, store: MemoryStore, tmp_path: Path
) -> None:
    twin = Repository(tmp_path / "root", tmp_path / "twin-staging")
    twin.create()
    twin.put(POST, {"record.jsonld": b'{"a":1}', "exchange/0001.warc.gz": the_warc()}, keep=True, **WHO)
    twin.put(POST, {"record.jsonld": b'{"a":2}', "events.jsonl": b"{}\n"}, keep=True, **WHO)
    twin.put(as2.medium_urn("ab" * 32), {"original.png": bytes(range(256)) * 16}, keep=True, **WHO)
    files = {str(path.relative_to(twin.root)): path.read_bytes() for path in twin.root.rglob("*") if path.is_file()}

    assert files == {key: bytes(obstore.get(store, key).bytes()) for key in keys(store)}
    assert list(small.objects()) == list(twin.objects())


def test_a_judge_that_others_wrote_accepts_what_was_fetched(
    small: BucketRepository, store: MemoryStore, tmp_path: Path
) -> None:
    root = fetched(store, tmp_path / "fetched")

    assert ([], [], []) == (found_in(small), verify(root), judged(root))


def test_nothing_new_makes_no_version_and_sends_nothing(
    repository: BucketRepository, store: MemoryStore, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"one")
    put(repository, FIRST)
    before = keys(store)

    assert put(repository, {"record.jsonld": tmp_path / "f"}) == 1
    assert before == keys(store)


def test_the_root_inventory_is_the_last_and_each_step_is_known(repository: BucketRepository) -> None:
    seen: list[str] = []
    watched = again(repository, checkpoint=seen.append)
    put(watched, FIRST)
    put(watched, SECOND)

    assert NEW_OBJECT + NEW_VERSION == seen


@pytest.mark.parametrize(
    ("files", "number"), [(FIRST, n) for n in range(len(NEW_OBJECT))] + [(SECOND, n) for n in range(len(NEW_VERSION))]
)
@pytest.mark.parametrize("by", ["the same", "something newer"])
def test_a_death_leaves_the_old_or_the_new(
    repository: BucketRepository, store: MemoryStore, tmp_path: Path, files: dict[str, bytes], number: int, by: str
) -> None:
    if files is SECOND:
        put(repository, FIRST)
    steps = iter(range(99))

    def die(step: str) -> None:
        if next(steps) == number:
            raise Died

    with pytest.raises(Died):
        put(again(repository, checkpoint=die), files)

    old, new = FIRST if files is SECOND else None, {**(FIRST if files is SECOND else {}), **files}
    assert held(repository) in (old, new)
    newer = {**files, "record.jsonld": b"newer"} if by == "something newer" else files
    put(repository, newer)
    assert {**new, **newer} == held(repository)
    assert ([], []) == (found_in(repository), judged(fetched(store, tmp_path / "fetched")))


def test_what_a_death_left_is_named_and_cleared_away_without_touching_a_neighbour(
    small: BucketRepository, store: MemoryStore
) -> None:
    before, place = keys(store), small.where(POST)
    for key in ("v3/content/record.jsonld", "v3/inventory.json"):
        obstore.put(store, f"{place}/{key}", b"half")
    obstore.put(store, f"{place}-neighbour/v3/x", b"not of this object")

    assert any(damage.path == f"{place}/v3" and "unfinished write" in damage.message for damage in found_in(small))
    assert "cleared" == small.recover(POST)
    assert sorted([*before, f"{place}-neighbour/v3/x"]) == keys(store)
    assert "nothing" == small.recover(POST)


def test_a_lost_version_is_never_taken_for_a_crash(small: BucketRepository, store: MemoryStore) -> None:
    place = small.where(POST)
    for key in keys(store):
        if key.startswith(f"{place}/v2/"):
            obstore.delete(store, key)
    before = keys(store)

    with pytest.raises(Conflict, match="not by a crash"):
        put(small, SECOND)
    assert before == keys(store)


def test_an_object_that_lost_its_root_inventory_is_not_taken_for_a_torn_first_version(
    repository: BucketRepository, store: MemoryStore
) -> None:
    put(repository, FIRST)
    place = repository.where(POST)
    obstore.delete(store, f"{place}/{INVENTORY}")
    obstore.delete(store, f"{place}/v1/content/media/a")

    with pytest.raises(Conflict, match="not by a crash"):
        put(repository, SECOND)
    assert b"one" == bytes(obstore.get(store, f"{place}/v1/content/record.jsonld").bytes())


@pytest.mark.parametrize("name", [INVENTORY, SIDECAR])
def test_a_root_inventory_that_was_torn_is_healed_from_the_newest_version(
    small: BucketRepository, store: MemoryStore, name: str
) -> None:
    obstore.put(store, f"{small.where(POST)}/{name}", b"")

    assert ("healed", "nothing", []) == (small.recover(POST), small.recover(POST), found_in(small))


def test_an_archivist_who_lost_the_lock_writes_nothing_more(repository: BucketRepository, store: MemoryStore) -> None:
    put(repository, FIRST)
    slow = again(repository)
    asked: list[int] = []

    def guard() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise Conflict("the lock is gone")

    slow.guard = guard
    with pytest.raises(Conflict, match="the lock is gone"):
        put(slow, SECOND)
    assert (FIRST, 3) == (held(repository), len(asked))
    put(repository, SECOND)
    assert ({**FIRST, **SECOND}, []) == (held(repository), found_in(repository))


def test_an_archivist_who_was_overtaken_does_not_replace_what_the_other_named(repository: BucketRepository) -> None:
    put(repository, FIRST)
    newer = {"record.jsonld": b"two", "media/b": b"2", "media/c": b"3"}

    def overtake(step: str) -> None:
        if step == "version":
            other = again(repository)
            # Another machine has another lock file.
            other.staging = repository.staging.with_name("elsewhere")
            put(other, newer)

    with pytest.raises(Conflict, match="somebody else"):
        put(again(repository, checkpoint=overtake), SECOND)
    assert {**FIRST, **newer} == held(repository)
    assert [] == found_in(repository)


def hurts(store: MemoryStore, key: str) -> Iterator[tuple[str, Callable[[], object], str]]:
    raw = bytes(obstore.get(store, key).bytes())
    flipped = bytearray(raw)
    flipped[len(raw) // 2] ^= 1
    yield "flip", lambda: obstore.put(store, key, bytes(flipped)), key
    yield "delete", lambda: obstore.delete(store, key), key
    yield "truncate", lambda: obstore.put(store, key, raw[:-1]), key
    beside = f"{key.rpartition('/')[0]}/extra-file.bin".lstrip("/")
    yield "extra", lambda: obstore.put(store, beside, b"x"), beside


def test_each_damage_to_each_key_is_named(small: BucketRepository, store: MemoryStore) -> None:
    whole = {key: bytes(obstore.get(store, key).bytes()) for key in keys(store)}
    assert 21 == len(whole)
    for key, raw in whole.items():
        for what, hurt, where in hurts(store, key):
            hurt()
            assert any(damage.path == where for damage in found_in(small)), f"{what} {key}"
            obstore.put(store, key, raw)
            if where != key:
                obstore.delete(store, where)
    assert [] == found_in(small)


def test_a_key_that_is_a_folder_too_is_a_damage(small: BucketRepository, store: MemoryStore) -> None:
    obstore.put(store, f"{small.where(POST)}/v1/content/record.jsonld/hidden", b"x")

    assert ["file and folder in one" in damage.message for damage in found_in(small)].count(True) == 1


class Failing(KeyStore):
    """A bucket that does not answer the request of this number and the one after it; reading asks once more."""

    silent_at = -2
    asked, was_silent = 0, False

    def _asked(self, what, ask):  # type: ignore[no-untyped-def]
        self.asked += 1
        if self.asked - 1 in (self.silent_at, self.silent_at + 1):
            self.was_silent = True
            raise BucketTrouble("s3://records does not answer")
        return super()._asked(what, ask)


def silent_once(store: MemoryStore, work: Callable[[Failing], object]) -> int:
    """Do the work with each of its requests unanswered, once: each must be told. Return how many there were."""
    bytes_of = {key: bytes(obstore.get(store, key).bytes()) for key in keys(store)}
    for number in range(999):
        copy = MemoryStore()
        for key, raw in bytes_of.items():
            obstore.put(copy, key, raw)
        bucket = Failing(copy, "s3://records")
        bucket.at_once, bucket.silent_at = 1, number
        try:
            work(bucket)
        except BucketTrouble:
            continue
        assert not bucket.was_silent, f"request {number} was not answered, and nobody said so"
        return number
    raise AssertionError("it never ends")


def test_a_request_without_an_answer_is_never_taken_for_damage(small: BucketRepository, store: MemoryStore) -> None:
    assert silent_once(store, verify) > 30
    for read in (
        lambda there: there.inventory(POST),
        lambda there: there.exists(POST),
        lambda there: there.read(POST, "record.jsonld"),
        lambda there: list(there.objects()),
    ):
        silent_once(store, lambda bucket, read=read: read(BucketRepository(bucket, small.staging)))  # type: ignore[misc]


@pytest.mark.parametrize("left", ["torn", "whole", "root inventory"])
def test_a_request_without_an_answer_settles_nothing_wrongly(
    small: BucketRepository, store: MemoryStore, left: str
) -> None:
    place = small.where(POST)
    if left == "root inventory":
        obstore.put(store, f"{place}/{INVENTORY}", b"")
    else:
        steps = iter(range(99))
        last = 0 if left == "torn" else 3

        def die(step: str) -> None:
            if next(steps) == last:
                raise Died

        with pytest.raises(Died):
            put(again(small, checkpoint=die), SECOND)

    def settle(bucket: Failing) -> None:
        there = BucketRepository(bucket, small.staging)
        try:
            there.recover(POST)
        finally:
            bucket.silent_at = -2
            there.recover(POST)
            assert (verify(bucket), there.inventory(POST).head) == ([], 3 if left == "whole" else 2)

    assert silent_once(store, settle) > 5


def test_an_empty_bucket_is_a_missing_archive_and_not_a_whole_one(tmp_path: Path) -> None:
    empty = BucketRepository(KeyStore(MemoryStore(), "s3://empty"), tmp_path)

    assert ["missing"] == [damage.kind for damage in found_in(empty)]
    with pytest.raises(NotFound, match="campaign init"):
        put(empty, FIRST)


def test_create_is_repeatable_and_refuses_what_is_not_ours(tmp_path: Path) -> None:
    store = MemoryStore()
    repository = BucketRepository(KeyStore(store, "s3://b"), tmp_path)
    obstore.put(store, "README.txt", b"older words")
    repository.create()
    repository.create()
    assert sorted(ROOT_FILES) == keys(store)
    obstore.put(store, "ocfl_layout.json", b"{}")
    with pytest.raises(Conflict, match=r"s3://b/ocfl_layout\.json was not written by this program"):
        repository.create()

    foreign = MemoryStore()
    obstore.put(foreign, "holiday/photo.jpg", b"x")
    with pytest.raises(Conflict, match=r"no OCFL storage root and not empty: holiday/photo\.jpg"):
        BucketRepository(KeyStore(foreign, "s3://c"), tmp_path).create()


def test_a_file_that_changes_while_it_is_sent_is_not_archived(repository: BucketRepository, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"as it was")
    repository.guard = lambda: file.write_bytes(b"as it is") and None  # type: ignore[assignment]

    with pytest.raises(BucketTrouble, match="gives back other bytes"):
        put(repository, {"clip.mp4": file})
    repository.guard = lambda: None
    assert (None, 1) == (held(repository), put(repository, {"clip.mp4": file}))


def test_an_object_declaration_alone_is_no_object(repository: BucketRepository, store: MemoryStore) -> None:
    obstore.put(store, f"{repository.where(POST)}/{OBJECT_DECLARATION}", b"ocfl_object_1.1\n")

    assert [] == list(repository.objects())
    assert not repository.exists(POST)


def test_values_that_would_not_be_valid_are_refused_before_anything_is_sent(
    repository: BucketRepository, store: MemoryStore
) -> None:
    before = keys(store)
    for files in ({"../x": b""}, {"x" * 256: b""}, {"a": b"1", "a/b": b"2"}):
        with pytest.raises(Invalid):
            put(repository, dict(files))
    with pytest.raises(Invalid):
        repository.put(POST, {"a": b""}, keep=True, **{**WHO, "user_name": ""})
    assert before == keys(store)
