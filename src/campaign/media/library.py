"""The media library: files kept under their own digest, so that a name can never mean two things."""

import os
import re
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from campaign.core.errors import Invalid, NotFound
from campaign.core.model import Medium

MIB = 1024 * 1024
CHUNK = MIB
DIGEST = re.compile(r"[0-9a-f]{64}")


class Library:
    """A folder `root/ab/cd/<sha256>`. Putting the same bytes twice is the same as putting them once.

    Args:
        root: the folder; made at the first put.
        limit: bytes that one file may have.
    """

    far = False  # whether opening a file may take long, so that bring() is to be called before

    def __init__(self, root: Path, *, limit: int = 512 * MIB) -> None:
        self.root = root
        self.limit = limit

    def put(
        self,
        source: BinaryIO | Path,
        *,
        mime: str = "application/octet-stream",
        width: int | None = None,
        height: int | None = None,
    ) -> Medium:
        """Keep the bytes and return their Medium. Repeatable; after it returns they survive a power cut."""
        if isinstance(source, Path):
            with open_file(source) as stream:
                return self.put(stream, mime=mime, width=width, height=height)
        with self._incoming(source) as (part, digest, size):
            self._place(part, self.path(digest))
        return Medium(digest, mime, size, width, height)

    def path(self, digest: str) -> Path:
        """Return where the file with this digest lies, or would lie."""
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise Invalid("media", digest, "is no digest; a sha256 has 64 digits 0-9 a-f")
        return self.root / digest[:2] / digest[2:4] / digest

    def file(self, digest: str) -> Path:
        """Return a file of this machine that has these bytes; it may go when it was not asked for lately."""
        return self.path(digest)

    def bring(self, digests: Collection[str]) -> None:
        """See to it that opening these soon takes no time; to be called from a thread. Raises as open() does."""

    def trouble(self) -> str | None:
        """Return what keeps the library from being used; None: nothing that is known of."""
        return None

    def exists(self, digest: str) -> bool:
        return self.path(digest).is_file()

    def open(self, digest: str) -> BinaryIO:
        """Open the file for reading; the caller closes it."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            raise NotFound("medium", digest, "the media library does not hold it; restore it from a backup") from None

    def verify(self, digest: str) -> bool:
        """Say whether the file still has the digest that it is named by; reads all of it."""
        found = sha256()
        with self.open(digest) as stream:
            while chunk := stream.read(CHUNK):
                found.update(chunk)
        return found.hexdigest() == digest

    @contextmanager
    def _incoming(self, source: BinaryIO) -> Iterator[tuple[Path, str, int]]:
        """Write a stream down and yield the file, its digest and its size; the file is gone afterwards, or moved."""
        incoming = self.root / ".incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        # A crash leaves a .part file here and nothing else; it may be deleted at any time nothing is being put.
        descriptor, name = tempfile.mkstemp(suffix=".part", dir=incoming)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target:
                digest, size = self._copy(source, target)
                target.flush()
                os.fsync(target.fileno())
            part.chmod(0o640)
            yield part, digest, size
        finally:
            part.unlink(missing_ok=True)

    def _copy(self, source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
        digest, size = sha256(), 0
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > self.limit:
                name = Path(str(getattr(source, "name", "stream"))).name
                raise Invalid("media", name, f"is larger than {self.limit / MIB:g} MiB; make it smaller")
            digest.update(chunk)
            target.write(chunk)
        return digest.hexdigest(), size

    def _place(self, part: Path, goal: Path) -> None:
        goal.parent.mkdir(parents=True, exist_ok=True)
        # Replacing equal bytes by equal bytes costs nothing, and mends a file that the disk has damaged.
        part.replace(goal)
        for folder in (goal.parent, goal.parent.parent, self.root):
            _sync(folder)


def make_room(root: Path, room: int, *, keep: Collection[str] = (), spared: float = 0.0) -> None:
    """Take away what was not asked for longest until the files of a library have room.

    Args:
        room: bytes that they may take.
        keep: digests of what stays.
        spared: seconds; what was asked for so shortly before the newest stays, too.
    """
    files = []
    for path in root.glob("*/*/*"):
        with suppress(OSError):
            state = path.stat()
            files.append((state.st_mtime, state.st_size, path))
    total = sum(size for _, size, _ in files)
    files.sort()
    for asked, size, path in files:
        if total <= room or (spared and asked > files[-1][0] - spared):
            return
        if path.name not in keep:
            path.unlink(missing_ok=True)
            total -= size


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file that a person named; a device, a pipe or a folder is refused and never read."""
    with _told(path):
        _require_file(path, path.stat().st_mode)
        # Between the look and the opening the name may have become a pipe: do not wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        _require_file(path, os.fstat(stream.fileno()).st_mode)
        yield stream


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise Invalid("media", path.name, "is not there; check the path") from None
    except PermissionError:
        raise Invalid("media", path.name, "may not be read by this user; change its permissions") from None
    except (OSError, ValueError) as error:  # a loop of links, a name too long, a null byte in it
        raise Invalid("media", path.name, f"cannot be opened ({type(error).__name__}); check the path") from error


def _require_file(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise Invalid("media", path.name, "is a folder; name the file in it")
    if not stat.S_ISREG(mode):
        raise Invalid("media", path.name, "is a device or a pipe, not a file; name a file")


def _sync(folder: Path) -> None:
    # A rename is only durable when the folder is; some file systems cannot do it, and then there is no more to do.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
