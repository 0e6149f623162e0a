"""The library in a bucket: the same bytes for every machine, and a cache that may be emptied at any time."""

import os
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from campaign.core.errors import Conflict, Invalid, NotFound, Unavailable
from campaign.core.place import BucketTrouble
from campaign.media.bucket import SPARED, BucketLibrary
from campaign.media.library import Library
from campaign.net.bucket import KeyStore

HELLO = sha256(b"hello").hexdigest()
KEY = f"{HELLO[:2]}/{HELLO[2:4]}/{HELLO}"


class Counted(KeyStore):
    """A bucket that counts what was sent to it, and can be away."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store, "s3://media")
        self.sent, self.away = 0, False

    def put(self, path: str, source: bytes | Path, *, sha256: str) -> None:
        self.sent += 1
        super().put(path, source, sha256=sha256)

    def _asked(self, what, ask):  # type: ignore[no-untyped-def]
        if self.away:
            raise BucketTrouble("s3://media does not answer")
        return super()._asked(what, ask)


@pytest.fixture
def bucket() -> Counted:
    return Counted(MemoryStore())


@pytest.fixture
def library(bucket: Counted, tmp_path: Path) -> BucketLibrary:
    return BucketLibrary(bucket, tmp_path / "here")


@pytest.fixture
def other(bucket: Counted, tmp_path: Path) -> BucketLibrary:
    """The same library on another machine."""
    return BucketLibrary(bucket, tmp_path / "there")


def test_what_one_machine_put_another_reads(library: BucketLibrary, other: BucketLibrary) -> None:
    medium = library.put(BytesIO(b"hello"), mime="text/plain")

    assert (HELLO, "text/plain", 5) == (medium.sha256, medium.mime, medium.size)
    assert (True, True) == (other.exists(HELLO), other.verify(HELLO))
    assert b"hello" == other.file(HELLO).read_bytes()
    with other.open(HELLO) as stream:
        assert (b"hel", 0, b"hello") == (stream.read(3), stream.seek(0), stream.read())


def test_a_folder_and_a_bucket_have_the_same_form(library: BucketLibrary, bucket: Counted, tmp_path: Path) -> None:
    library.put(BytesIO(b"hello"))
    Library(tmp_path / "folder").put(BytesIO(b"hello"))

    assert [KEY] == list(bucket.below(""))
    assert (tmp_path / "folder" / KEY).read_bytes() == b"hello"


def test_putting_twice_sends_once(library: BucketLibrary, other: BucketLibrary, bucket: Counted) -> None:
    source = library.root.parent / "hello.txt"
    source.write_bytes(b"hello")

    assert library.put(source) == other.put(BytesIO(b"hello")) == library.put(source)
    assert 1 == bucket.sent


def test_a_file_of_several_parts_comes_back_whole(library: BucketLibrary, other: BucketLibrary) -> None:
    piece = bytes(range(256)) * 4096
    medium = library.put(BytesIO(piece * 13 + b"end"))

    assert other.verify(medium.sha256)
    with other.bucket.open(other.path(medium.sha256).relative_to(other.root).as_posix()) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(9 << 20)
        assert (13 * (1 << 20) + 3, piece) == (size, stream.read(1 << 20))


def test_damaged_bytes_are_never_opened(library: BucketLibrary, other: BucketLibrary, bucket: Counted) -> None:
    library.put(BytesIO(b"hello"))
    obstore.put(bucket._store, KEY, b"hellO")

    assert not other.verify(HELLO)
    with pytest.raises(Conflict, match="is damaged: s3://media gives other bytes"):
        other.open(HELLO)
    assert not other.path(HELLO).exists()
    assert [] == list((other.root / ".incoming").iterdir())


def test_what_the_own_disk_has_damaged_is_fetched_again_before_it_is_sent(library: BucketLibrary) -> None:
    library.put(BytesIO(b"hello"))
    library.path(HELLO).write_bytes(b"hellO")

    library.bring([HELLO])
    with library.open(HELLO) as stream:
        assert stream.read() == b"hello"


def test_an_emptied_cache_is_no_loss(library: BucketLibrary) -> None:
    library.put(BytesIO(b"hello"))
    library.path(HELLO).unlink()

    library.bring([HELLO])
    assert library.path(HELLO).read_bytes() == b"hello"


def test_the_cache_stays_small_but_for_what_was_asked_for_lately(bucket: Counted, tmp_path: Path) -> None:
    library = BucketLibrary(bucket, tmp_path / "here", room=10)
    old, recent = (library.put(BytesIO(raw)).sha256 for raw in (b"old old old", b"recent recent"))
    assert library.path(old).exists()
    then = library.path(recent).stat().st_mtime - 2 * SPARED
    os.utime(library.path(old), (then, then))
    library.put(BytesIO(b"hello"))

    assert [False, True, True] == [library.path(digest).exists() for digest in (old, recent, HELLO)]
    assert library.exists(old)
    library.bring([old])
    assert library.path(old).exists()


def test_a_bucket_that_is_away_sends_nothing_and_proves_nothing(
    library: BucketLibrary, other: BucketLibrary, bucket: Counted
) -> None:
    library.put(BytesIO(b"hello"))
    bucket.away = True

    with pytest.raises(Unavailable, match="cannot be fetched or kept: s3://media does not answer"):
        other.bring([HELLO])
    with pytest.raises(Unavailable):
        other.exists(HELLO)
    with pytest.raises(Unavailable):
        other.put(BytesIO(b"other"))
    assert "s3://media does not answer" == other.trouble()
    library.bring([HELLO])  # what is in the cache needs no bucket


def test_what_is_not_there_is_not_found(library: BucketLibrary) -> None:
    assert not library.exists(HELLO)
    with pytest.raises(NotFound, match="s3://media does not hold it"):
        library.open(HELLO)
    with pytest.raises(NotFound):
        library.verify(HELLO)
    with pytest.raises(Invalid, match="is no digest"):
        library.open("../up")


def test_a_file_above_the_limit_is_refused_and_not_sent(bucket: Counted, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is larger than"):
        BucketLibrary(bucket, tmp_path, limit=4).put(BytesIO(b"hello"))

    assert 0 == bucket.sent
