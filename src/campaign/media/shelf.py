"""The shelf: what was made of media, found again under what it was made of; it may be emptied at any time."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from campaign.core.model import Medium
from campaign.media.library import MIB, Library, make_room, open_file

ROOM = 4096 * MIB  # bytes that a shelf may take; what was not asked for longest goes first


class Shelf(Library):
    """A library that also knows what each thing was made of. Encoding a clip takes minutes; finding it takes none.

    Args:
        root: the folder; made at the first put.
        room: bytes that everything on it may take.
    """

    def __init__(self, root: Path, *, limit: int = 512 * MIB, room: int = ROOM) -> None:
        super().__init__(root, limit=limit)
        self.room = room

    def made(self, recipe: Sequence[str], make: Callable[[], Sequence[Medium]]) -> list[Medium]:
        """Return what this recipe gives, from the shelf if it lies there, else by making it.

        Args:
            recipe: everything that decides the result: digests of what goes in, settings, the version of the maker.
            make: makes it; its media lie on this shelf when it returns.
        """
        note = self.root / "recipes" / sha256("\0".join(recipe).encode()).hexdigest()
        if (known := self._known(note)) is not None:
            for path in (note, *(self.path(medium.sha256) for medium in known)):
                with suppress(OSError):
                    os.utime(path)
            return known
        result = list(make())
        note.parent.mkdir(parents=True, exist_ok=True)
        # Written whole or not at all: a torn note would be taken for a recipe that gives nothing.
        descriptor, name = tempfile.mkstemp(suffix=".part", dir=note.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump([asdict(medium) for medium in result], stream)
        Path(name).replace(note)
        make_room(self.root, self.room, keep={medium.sha256 for medium in result})
        return result

    def _known(self, note: Path) -> list[Medium] | None:
        try:
            known = [Medium(**row) for row in json.loads(note.read_text("utf-8"))]
        except (OSError, ValueError, TypeError):
            return None
        return known if all(self.exists(medium.sha256) for medium in known) else None


def digest_of(source: Path | BinaryIO) -> str:
    """Return the sha256 of a file that a person named. Raises: Invalid when it cannot be read."""
    if isinstance(source, Path):
        with open_file(source) as stream:
            return digest_of(stream)
    found = sha256()
    while chunk := source.read(MIB):
        found.update(chunk)
    return found.hexdigest()
