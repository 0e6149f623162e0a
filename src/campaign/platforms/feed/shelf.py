"""A feed's folder: one small file for each entry, which is the truth, and what is rendered of them."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from campaign.core.errors import Refused, Unavailable

ENTRIES, MEDIA = "entries", "media"
CHUNK = 1 << 20
Render = Callable[
    [str, list[dict[str, Any]]], Mapping[str, bytes]
]  # name of the entry that changed, all entries → files


class Shelf:
    """One folder that a web server shows. All of it is for the public; nothing else lies there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self) -> None:
        """Raises: Refused, when the folder cannot be written; the message says what to do."""
        if not self.folder.is_absolute() or not self.folder.is_dir() or self.folder.is_symlink():
            raise Refused(f"feed: {self.folder} must be a folder that is there, named from the root; make it first")
        try:
            with self._alone():
                pass
        except OSError as error:
            raise Refused(f"feed: {self.folder} cannot be written ({error.strerror}); give its rights") from error

    def keep_medium(self, digest: str, ending: str, open_medium: Callable[[str], BinaryIO]) -> str:
        """Copy a medium to where the feed's readers fetch it, once; return its path below the folder."""
        path = f"{MEDIA}/{digest}.{ending}"
        if not (self.folder / path).is_file():
            with self._alone(), open_medium(digest) as source:
                self._write(path, lambda target: shutil.copyfileobj(source, target, CHUNK))
        return path

    def entry(self, name: str) -> dict[str, Any] | None:
        """Return an entry; None: there is none of that name."""
        try:
            found = json.loads((self.folder / ENTRIES / f"{name}.json").read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise Unavailable(f"feed: the entry {name} cannot be read: {type(error).__name__}") from error
        if not isinstance(found, dict):
            raise Unavailable(f"feed: the entry {name} is not one")
        return found

    def entries(self) -> list[dict[str, Any]]:
        """Return all entries, the newest first; those that were taken down leave a mark."""
        folder = self.folder / ENTRIES
        names = sorted(path.stem for path in folder.glob("*.json")) if folder.is_dir() else []
        found = [entry for name in names if (entry := self.entry(name)) is not None]
        return sorted(found, key=lambda entry: (str(entry.get("published")), str(entry.get("name"))), reverse=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # Several workers may publish at once; what is rendered is of all entries, so one at a time.
        lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def put(self, name: str, entry: Mapping[str, Any], render: Render) -> None:
        """Keep an entry and render the feeds anew.

        The entry's file is what counts: a crash after it leaves feeds that lack it, until they are rendered next, and
        confirm() renders them.
        """
        with self._alone():
            body = json.dumps(entry, ensure_ascii=False, sort_keys=True).encode()
            self._write(f"{ENTRIES}/{name}.json", lambda target: target.write(body))
            self._render(name, render)

    def render(self, name: str, render: Render) -> None:
        """Render the feeds anew, and the page of one entry."""
        with self._alone():
            self._render(name, render)

    def _render(self, name: str, render: Render) -> None:
        for path, body in render(name, self.entries()).items():
            there = self.folder / path
            # What did not change keeps its time, so that readers need not fetch it again.
            if not there.is_file() or hashlib.sha256(there.read_bytes()).digest() != hashlib.sha256(body).digest():
                self._write(path, lambda target, body=body: target.write(body))  # type: ignore[misc]

    def _write(self, path: str, fill: Callable[[BinaryIO], Any]) -> None:
        """Put a file in its place, whole or not at all."""
        goal = self.folder / path
        goal.parent.mkdir(exist_ok=True)
        part = goal.with_name(f".{goal.name}.part")  # nobody else writes: the caller is alone
        try:
            with part.open("wb") as target:
                fill(target)
                target.flush()
                os.fsync(target.fileno())
            part.chmod(0o644)  # a web server reads it
            part.replace(goal)
            folder = os.open(goal.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        finally:
            part.unlink(missing_ok=True)
