"""How bytes reach the disk so that a crash leaves the old or the new, and how they are read back with care."""

import fcntl
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from campaign.core.errors import Invalid
from campaign.core.place import BucketTrouble, Place
from campaign.record.inventory import MAX_BYTES, Inventory, parse, sidecar
from campaign.record.layout import INVENTORY, SIDECAR

LOCK = "lock"


def write(path: Path, content: bytes) -> None:
    """Write a file and sync it; its name is durable once its folder is synced."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def move(source: Path, target: Path) -> None:
    """Rename; a crash leaves it under the one name or the other, never under none."""
    source.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def sync_tree(folder: Path) -> None:
    """Sync every file and every folder below, inner ones first."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(parent, name))
        sync(Path(parent))


def drop_empty(folder: Path) -> None:
    """Remove the empty folders below (OCFL 1.1 §3.3.1 admits none), not the folder itself."""
    for parent, _, _ in os.walk(folder, topdown=False):
        if Path(parent) != folder and not any(Path(parent).iterdir()):
            Path(parent).rmdir()


def opened(source: bytes | Path) -> BinaryIO:
    """Open content for reading. Raises Invalid for what is no plain file: a pipe or a device would block."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if not source.is_file():
        raise Invalid("file to archive", str(source), "is not a file")
    return source.open("rb")


class Folder:
    """A folder on a disk, as a place."""

    at_once = min(4, os.cpu_count() or 1)  # hashing and unpacking leave the interpreter's lock

    def __init__(self, root: Path) -> None:
        self.root, self.name = root, str(root)

    def entries(self, folder: str) -> list[tuple[str, str]]:
        """Return what lies in a folder; nothing where that is no folder. Links are not followed."""
        if not stat.S_ISDIR((self.root / folder).lstat().st_mode):
            return []
        with os.scandir(self.root / folder) as entries:
            return sorted((f"{folder}/{entry.name}".lstrip("/"), _what(entry)) for entry in entries)

    def open(self, path: str) -> BinaryIO:
        return os.fdopen(os.open(self.root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")

    def size(self, path: str) -> int | None:
        file = self.root / path
        return file.stat().st_size if file.is_file() else None

    def still(self, folder: str = "") -> "Folder":
        return self


def bounded(place: Place, path: str, limit: int = MAX_BYTES) -> bytes:
    """Return a small file's bytes. Raises OSError, or ValueError when it is too large to be what it says it is."""
    for _ in range(2):
        with place.open(path) as stream:
            size = stream.seek(0, os.SEEK_END)  # asked first: read() reserves what it is asked for
            stream.seek(0)
            if size > limit:
                raise ValueError(f"larger than {limit} bytes")
            raw = stream.read(size + 1)
        if len(raw) == size:
            return raw
    raise ValueError("it is being written to")


def trusted(place: Place, folder: str) -> Inventory | None:
    """Return the inventory in a folder if it is what its sidecar says."""
    try:
        raw = bounded(place, f"{folder}/{INVENTORY}")
        return parse(raw) if bounded(place, f"{folder}/{SIDECAR}") == sidecar(raw) else None
    except BucketTrouble:
        raise
    except (OSError, ValueError):
        return None


@contextmanager
def locked(staging: Path) -> Iterator[None]:
    """One archivist at a time among the processes of this machine; the lock dies with its holder."""
    staging.mkdir(parents=True, exist_ok=True)
    with (staging / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _what(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "symbolic link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "special file"
