"""The media library in a bucket, for many machines; each has a cache, for a file that is sent must be a file."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from campaign.core.errors import Conflict, Invalid, NotFound, Unavailable
from campaign.core.model import Medium
from campaign.core.place import Bucket
from campaign.media.library import CHUNK, MIB, Library, make_room, open_file

SPARED = 900.0  # seconds for which what was asked for is not taken out of the cache: it may be about to be sent


class BucketLibrary(Library):
    """A bucket `ab/cd/<sha256>`, and a cache of it that is a folder of the same form and may be emptied at any time.

    Where the bucket cannot be asked, Unavailable is raised, and may be tried again.

    Args:
        bucket: where the files are.
        cache: the folder.
        limit: bytes that one file may have.
        room: bytes that the cache may take.
    """

    far = True

    def __init__(self, bucket: Bucket, cache: Path, *, limit: int = 512 * MIB, room: int = 4096 * MIB) -> None:
        super().__init__(cache, limit=limit)
        self.bucket, self.room = bucket, room

    def put(
        self,
        source: BinaryIO | Path,
        *,
        mime: str = "application/octet-stream",
        width: int | None = None,
        height: int | None = None,
    ) -> Medium:
        """Keep the bytes and return their Medium, once they were read back. Repeatable."""
        if isinstance(source, Path):
            with open_file(source) as stream:
                return self.put(stream, mime=mime, width=width, height=height)
        medium = super().put(source, mime=mime, width=width, height=height)
        key = self._key(medium.sha256)
        with _told(medium.sha256):
            if self.bucket.size(key) != medium.size:
                self.bucket.put(key, self.path(medium.sha256), sha256=medium.sha256)
        make_room(self.root, self.room, spared=SPARED)
        return medium

    def file(self, digest: str) -> Path:
        path = self.path(digest)
        try:
            os.utime(path)
        except FileNotFoundError:
            self._fetch(digest)
        return path

    def bring(self, digests: Collection[str]) -> None:
        for digest in digests:
            with self.open(digest) as stream:
                whole = _digest(stream) == digest
            if not whole:  # the machine's own disk has damaged it
                self._fetch(digest)

    def trouble(self) -> str | None:
        try:
            self.bucket.check()
        except (Invalid, OSError) as error:
            return str(error)
        return None

    def exists(self, digest: str) -> bool:
        with _told(digest):
            return self.bucket.size(self._key(digest)) is not None

    def open(self, digest: str) -> BinaryIO:
        """Open the file for reading; the caller closes it.

        Raises:
            NotFound: it is not in the bucket.
            Conflict: its bytes there are others than those that were put.
            Unavailable: the bucket cannot be asked; nothing was sent.
        """
        return self.file(digest).open("rb")

    def verify(self, digest: str) -> bool:
        """Say whether the file in the bucket still has the digest that it is named by; reads all of it."""
        with _told(digest), self._stored(digest) as stream:
            return _digest(stream) == digest

    def address(self, digest: str, lifetime: timedelta) -> str:
        """Return an address of the bucket's own under which anybody gets this file for a while."""
        with _told(digest):
            return self.bucket.address(self._key(digest), lifetime)

    def _fetch(self, digest: str) -> None:
        with _told(digest), self._stored(digest) as stream, self._incoming(stream) as (part, found, _):
            if found != digest:
                raise Conflict(
                    f"medium {digest} is damaged: {self.bucket.name} gives other bytes; restore it from a backup"
                )
            self._place(part, self.path(digest))
        make_room(self.root, self.room, spared=SPARED)

    def _stored(self, digest: str) -> BinaryIO:
        try:
            return self.bucket.open(self._key(digest))
        except FileNotFoundError:
            raise NotFound("medium", digest, f"{self.bucket.name} does not hold it; restore it from a backup") from None

    def _key(self, digest: str) -> str:
        return self.path(digest).relative_to(self.root).as_posix()


@contextmanager
def _told(digest: str) -> Iterator[None]:
    """Say what the bucket did not do as a request that may be repeated: nothing went to a platform."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"medium {digest[:12]} cannot be fetched or kept: {error}") from error


def _digest(stream: BinaryIO) -> str:
    found = sha256()
    while chunk := stream.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()
