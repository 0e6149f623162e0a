"""A library that keeps nothing: what is put lies beside the one that it reads from, and is gone with its folder."""

from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from campaign.media.library import Library


class Beside(Library):
    """What would come into a library, without its coming there.

    Args:
        library: what is read, and never written.
        root: the folder of what is put.
    """

    def __init__(self, library: Library, root: Path) -> None:
        super().__init__(root, limit=library.limit)
        self._library = library
        self.far = library.far

    def path(self, digest: str) -> Path:
        """Return where the file with this digest lies here, or in the library."""
        mine = super().path(digest)
        return mine if mine.is_file() else self._library.path(digest)

    def file(self, digest: str) -> Path:
        """Return a file of this machine that has these bytes."""
        return self.path(digest) if self._has(digest) else self._library.file(digest)

    def exists(self, digest: str) -> bool:
        """Whether it lies here or there."""
        return self._has(digest) or self._library.exists(digest)

    def open(self, digest: str) -> BinaryIO:
        """Open the file for reading; the caller closes it."""
        return super().open(digest) if self._has(digest) else self._library.open(digest)

    def bring(self, digests: Collection[str]) -> None:
        """See to it that opening these soon takes no time."""
        self._library.bring([digest for digest in digests if not self._has(digest)])

    def trouble(self) -> str | None:
        """Return what keeps the library from being used."""
        return self._library.trouble()

    def _has(self, digest: str) -> bool:
        return super().path(digest).is_file()

    def _place(self, part: Path, goal: Path) -> None:
        super()._place(part, super().path(goal.name))
