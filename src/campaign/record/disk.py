"""How bytes reach the disk so that a crash leaves the old or the new, and how they are read back with care."""

import io
import os
from pathlib import Path
from typing import BinaryIO

from campaign.core.errors import Invalid
from campaign.record.inventory import MAX_BYTES, Inventory, parse, sidecar
from campaign.record.layout import INVENTORY, SIDECAR


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


def opened_nofollow(path: Path) -> BinaryIO:
    """Open a file of the archive for reading: never a link, and a pipe does not block."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def bounded(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return a small file's bytes. Raises OSError, or ValueError when it is too large to be what it says it is."""
    with opened_nofollow(path) as stream:
        size = os.fstat(stream.fileno()).st_size  # asked first: read() reserves what it is asked for
        raw = stream.read(size + 1) if size <= limit else b""
    if len(raw) != size:
        raise ValueError(f"larger than {limit} bytes" if size > limit else "it is being written to")
    return raw


def trusted(folder: Path) -> Inventory | None:
    """Return the inventory in a folder if it is what its sidecar says."""
    try:
        raw = bounded(folder / INVENTORY)
        return parse(raw) if bounded(folder / SIDECAR) == sidecar(raw) else None
    except (OSError, ValueError):
        return None
