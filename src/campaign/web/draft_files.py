"""Files of a draft that is still in a form: kept per session, named by digest, bounded, and gone after a day."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from campaign.clock import real_now
from campaign.core.errors import Invalid
from campaign.media.library import MIB

MAX_FILES = 48  # pictures, clips and captions of the drafts of one session together
KEPT_FOR = 86_400.0  # seconds
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was handed in; `digest` is all that the form carries of it."""

    digest: str
    path: Path
    size: int


class DraftFiles:
    """The files of one session.

    Args:
        root: the folder of all drafts; the session's own lies below it.
        session: the digest by which the session is known.
        limit: bytes, of all files together.
    """

    def __init__(self, root: Path, session: str, *, limit: int, now: Callable[[], float] | None = None) -> None:
        self._root, self._folder, self._limit = root, root / session[:32], limit
        self._now = now or (lambda: real_now().timestamp())

    def take(self, stream: BinaryIO) -> Kept:
        """Keep a file. Raises: Invalid when there are too many, or they are too large together."""
        self._tidy()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        there = [path for path in self._folder.iterdir() if path.suffix != ".part"]
        if len(there) >= MAX_FILES:
            raise Invalid(
                "media", f"{len(there)} files", f"at most {MAX_FILES} files lie in drafts; save or remove some"
            )
        room = self._limit - sum(path.stat().st_size for path in there)
        part = self._folder / f"{len(there)}-{id(stream)}.part"
        digest, size = sha256(), 0
        try:
            with part.open("wb") as file:
                while piece := stream.read(_PIECE):
                    size += len(piece)
                    if size > room:
                        raise Invalid("media", f"of more than {room} bytes", f"drafts hold {self._limit // MIB} MiB")
                    digest.update(piece)
                    file.write(piece)
            goal = self._folder / digest.hexdigest()
            part.replace(goal)
        finally:
            part.unlink(missing_ok=True)
        return Kept(goal.name, goal, size)

    def find(self, digest: str) -> Kept | None:
        """Return a file of this session by its digest; anything else, a path say, is None."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            return None
        path = self._folder / digest
        return Kept(digest, path, path.stat().st_size) if path.is_file() else None

    def forget(self, digests: Iterable[str]) -> None:
        """Remove those of a draft that is a post now; another draft of the session keeps its own."""
        for digest in digests:
            kept = self.find(digest)
            if kept is not None:
                kept.path.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Remove what lies for a day, whoever's it is."""
        if self._root.is_dir():
            for folder in self._root.iterdir():
                if folder.is_dir() and self._now() - folder.stat().st_mtime > KEPT_FOR:
                    shutil.rmtree(folder, ignore_errors=True)
