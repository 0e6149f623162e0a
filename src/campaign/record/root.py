"""A storage root as its readers know it, wherever it lies (OCFL 1.1, https://ocfl.io/1.1/spec/)."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha512
from pathlib import Path
from typing import BinaryIO

from campaign.core.errors import Conflict, Invalid, NotFound
from campaign.core.place import BucketTrouble, Place
from campaign.record import disk, layout
from campaign.record.inventory import Inventory, Version, digests, parse
from campaign.record.layout import INVENTORY


class Root(ABC):
    """One OCFL storage root. Readers need no lock: they see the old state or the new one, never a mixture.

    `guard` is called before each step of a writer that has no lock of its own on the root; what it raises ends the
    write there. An engine sets it, who knows whether it is still the one archivist.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.guard: Callable[[], None] = lambda: None

    def trouble(self) -> str | None:
        """Return what keeps the root from being used; None: nothing that is known of without reading it."""
        return None

    @abstractmethod
    def create(self) -> None:
        """Make the root, or complete and settle the one that is there. Repeatable."""

    @abstractmethod
    def put(
        self,
        object_id: str,
        files: Mapping[str, bytes | Path],
        *,
        message: str,
        user_name: str,
        user_address: str,
        created: datetime,
        keep: bool,
    ) -> int:
        """Write the object's first or next version and return its number; the head when nothing would change.

        Args:
            object_id: a URI.
            files: logical path → content; a Path is copied in chunks, never read whole.
            user_address: a URI, as mailto: or urn: (OCFL 1.1 §3.5.3).
            created: aware UTC.
            keep: what the previous version held under other names stays; False: `files` is all there is.
        """

    @abstractmethod
    def recover(self, object_id: str) -> str:
        """Settle what a crash left of an object and say what was done; "nothing" where nothing was left.

        Raises:
            Conflict: the damage is no crash of ours; nothing was touched.
        """

    @abstractmethod
    def objects(self) -> Iterator[str]:
        """Yield the ids of all objects, as they lie there; one whose inventory cannot be read raises Conflict."""

    def read(self, object_id: str, logical_path: str, version: int | None = None) -> bytes:
        """Return a file's content, checked against its digest.

        Raises:
            Conflict: the bytes that lie there are not those that were written.
        """
        path, digest = self._find(object_id, logical_path, version)
        with self._stored(object_id, path) as stream:
            content = stream.read()
        if sha512(content).hexdigest() != digest:
            name = path.rpartition("/")[2]
            raise Conflict(f"{object_id}: {name} is damaged: its bytes are not those that were archived")
        return content

    def open(self, object_id: str, logical_path: str, version: int | None = None) -> BinaryIO:
        """Open a file's content for reading; its digest is not checked."""
        return self._stored(object_id, self._find(object_id, logical_path, version)[0])

    def state(self, object_id: str, version: int | None = None) -> Mapping[str, str]:
        """Return logical path → sha512 of the head, or of a version."""
        return _version(self.inventory(object_id), version).state

    def inventory(self, object_id: str) -> Inventory:
        """Return the object's inventory: its history, with who, when and why."""
        try:
            return parse(disk.bounded(self.place, f"{self.where(object_id)}/{INVENTORY}"))
        except BucketTrouble:
            raise
        except FileNotFoundError:
            raise NotFound("archived object", object_id) from None
        except (ValueError, OSError) as error:
            raise Conflict(f"{object_id}: {INVENTORY} is damaged: {error}") from error

    def exists(self, object_id: str) -> bool:
        """Tell whether the object is there."""
        return self.place.size(f"{self.where(object_id)}/{INVENTORY}") is not None

    def where(self, object_id: str) -> str:
        """Return where an object lies, relative to the root, whether it exists or not."""
        layout.check_object_id(object_id)
        return str(layout.object_path(object_id))

    def _at(self, inventory: str) -> str:
        """Return the id of the object whose inventory lies here."""
        try:
            return parse(disk.bounded(self.place, inventory)).id
        except BucketTrouble:
            raise
        except (ValueError, OSError) as error:
            raise Conflict(f"{inventory} is damaged: {error}") from error

    def _heir(self, object_id: str, number: int) -> Inventory | None:
        """Return the newest version's inventory if it may be the root's: intact, and all it added is there, intact."""
        folder = self.where(object_id)
        found = disk.trusted(self.place, f"{folder}/v{number}") if number else None
        if found is None or found.id != object_id or found.head != number:
            return None
        for path, digest in found.contents.items():
            if path.startswith(f"v{number}/"):
                try:
                    with self.place.open(f"{folder}/{path}") as stream:
                        if digests(stream)[0] != digest:
                            return None
                except BucketTrouble:
                    raise
                except OSError:
                    return None
        return found

    def _claimed_head(self, object_id: str) -> int:
        """Return the head that a root inventory names, readable or not."""
        try:
            raw = disk.bounded(self.place, f"{self.where(object_id)}/{INVENTORY}")
        except BucketTrouble:
            raise
        except (OSError, ValueError):
            return 0
        match = re.search(rb'"head": "v([0-9]{1,9})"', raw)
        return int(match[1]) if match else 0

    def _find(self, object_id: str, logical_path: str, version: int | None) -> tuple[str, str]:
        found = self.inventory(object_id)
        digest = _version(found, version).state.get(logical_path)
        if digest is None:
            raise NotFound("archived file", f"{object_id} {logical_path}")
        return f"{self.where(object_id)}/{found.manifest[digest][0]}", digest

    def _stored(self, object_id: str, path: str) -> BinaryIO:
        try:
            return self.place.open(path)
        except BucketTrouble:
            raise
        except OSError as error:
            name = path.rpartition("/")[2]
            raise Conflict(f"{object_id}: {name} is damaged: {error.strerror}") from error


def check_files(object_id: str, files: Mapping[str, bytes | Path]) -> None:
    """Refuse ids, names and files that cannot be archived, before anything is written."""
    layout.check_object_id(object_id)
    for name, source in files.items():
        layout.check_logical_path(name)
        if isinstance(source, Path) and not source.is_file():
            raise Invalid("file to archive", str(source), "is not a file")


def meta(message: str, user_name: str, user_address: str, created: datetime) -> Version:
    """Return a version that holds nothing yet. Raises: Invalid, for what would not be valid OCFL."""
    if created.utcoffset() != timedelta(0):
        raise Invalid("created", created.isoformat(), "must be an aware UTC time")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", user_address):
        raise Invalid("user address", user_address, "must be a URI, as mailto:… or urn:…")
    if not user_name:
        raise Invalid("user name", user_name, "must say who wrote the version")
    try:
        (message + user_name + user_address).encode()
    except UnicodeEncodeError:
        raise Invalid("message or user", message, "must be text") from None
    return Version(created.isoformat().replace("+00:00", "Z"), message, user_name, user_address, {})


def _version(found: Inventory, number: int | None) -> Version:
    if number is not None and number not in found.versions:
        raise NotFound("version", f"{found.id} v{number}")
    return found.versions[found.head if number is None else number]
