"""Place: files under one root, on a disk or in a bucket; what the record and the media library need of either."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from errno import EIO
from pathlib import Path
from typing import BinaryIO, Protocol

BOTH = "file and folder in one"  # what only a bucket can hold


class Place(Protocol):
    """Files under one root. A path is relative to it, with slashes; "" is the root itself.

    Whatever goes wrong is an OSError: FileNotFoundError where nothing is, BucketTrouble where a bucket cannot tell.
    """

    @property
    def name(self) -> str:
        """What a person calls it: the folder's path, or s3://bucket/prefix."""

    @property
    def at_once(self) -> int:
        """How many files are best read at the same time."""

    def entries(self, folder: str) -> list[tuple[str, str]]:
        """Return (path, "file" | "folder" | what else it is) of what lies in a folder, in the order of paths."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading, by any position; never a link, and it does not block."""

    def size(self, path: str) -> int | None:
        """Return a file's size in bytes; None: there is none."""

    def still(self, folder: str = "") -> "Place":
        """Return this place with the entries below a folder as they are now, where asking for each again is dear."""


class Bucket(Place, Protocol):
    """A place on an object store: whole files under keys. There are no folders, no rename and no lock.

    Neither conditional puts nor checked signatures are relied on: not every server enforces them.
    """

    def put(self, path: str, source: bytes | Path, *, sha256: str) -> None:
        """Keep these bytes under a key, in place of what lies there; return once they were read back.

        Raises:
            BucketTrouble: they are not known to lie there, or are not those of this digest.
        """

    def address(self, path: str, lifetime: timedelta) -> str:
        """Return an address under which anybody gets these bytes for a while. Raises: BucketTrouble."""

    def delete(self, path: str) -> None:
        """Take a key away, if it is there."""

    def below(self, folder: str) -> Iterator[str]:
        """Yield every key below a folder, in no order."""

    def check(self) -> None:
        """Ask for something. Raises: Invalid, when what the settings say of it is wrong; BucketTrouble."""


class BucketTrouble(OSError):
    """A bucket did not do what it was asked, so nothing is known: no damage, and no proof that a file is not there.

    Args:
        field, value: the setting that seems to be wrong, if one does, and what may be shown of it.
    """

    def __init__(self, message: str, *, field: str = "", value: str = "") -> None:
        self.field, self.value = field, value
        super().__init__(EIO, message)

    def __str__(self) -> str:
        return str(self.strerror)


class Listed:
    """A bucket as its keys were when they were listed: folders come from their slashes."""

    def __init__(self, bucket: Bucket, keys: Iterable[str]) -> None:
        self.bucket, self.name, self.at_once = bucket, bucket.name, bucket.at_once
        self._folders: dict[str, dict[str, str]] = defaultdict(dict)
        for key in sorted(keys):
            folder = key.rpartition("/")[0]
            self._folders[folder][key] = "file"
            while folder:
                inner, folder = folder, folder.rpartition("/")[0]
                if self._folders[folder].get(inner) == "file":
                    self._folders[folder][inner] = BOTH
                self._folders[folder].setdefault(inner, "folder")

    def entries(self, folder: str) -> list[tuple[str, str]]:
        if folder not in self._folders:
            raise FileNotFoundError(folder)
        return sorted(self._folders[folder].items())

    def open(self, path: str) -> BinaryIO:
        return self.bucket.open(path)

    def size(self, path: str) -> int | None:
        return self.bucket.size(path)

    def still(self, folder: str = "") -> Place:
        return self.bucket.still(folder)
