"""The storage root: objects in versions that are never rewritten (OCFL 1.1, https://ocfl.io/1.1/spec/)."""

import fcntl
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256, sha512
from pathlib import Path
from typing import BinaryIO

from campaign.core.errors import Conflict, Invalid, NotFound
from campaign.record import disk, layout
from campaign.record.inventory import Inventory, Version, digests, parse, sidecar, version_number
from campaign.record.layout import INVENTORY, OBJECT_DECLARATION, OBJECT_DECLARATION_TEXT, SIDECAR

MARKER = "object"  # in a work folder: the id of the object that is being written
SET_ASIDE = "set-aside"  # in staging: what recover() took out of an object; nothing is destroyed
LOCK = "lock"


class Repository:
    """One OCFL storage root, and the one archivist that writes to it.

    A version is built in `staging`, synced, and renamed into place; then the root inventory is replaced. Whatever a
    crash leaves is settled by the next create() or put(); readers see the old state or the new one, never a mixture.

    Args:
        root: the storage root.
        staging: a folder outside of the root, on the same file system; also holds the lock.
        checkpoint: called with the name of each step once it is on disk; a test dies there.
    """

    def __init__(self, root: Path, staging: Path, *, checkpoint: Callable[[str], None] = lambda step: None) -> None:
        if root == staging or root in staging.parents or staging in root.parents:
            raise Invalid("staging", str(staging), "must lie outside of the archive root, and not around it")
        self.root, self.staging, self._checkpoint = root, staging, checkpoint

    def create(self) -> None:
        """Make the root, or complete and settle the one that is there. Repeatable."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.staging.mkdir(parents=True, exist_ok=True)
        if self.root.stat().st_dev != self.staging.stat().st_dev:
            raise Invalid("staging", str(self.staging), "must be on the file system of the archive root")
        with self._locked():
            ours = {name.split("/")[0] for name in layout.ROOT_FILES}
            declared = (self.root / "0=ocfl_1.1").exists()
            if not declared and (foreign := {entry.name for entry in self.root.iterdir()} - ours):
                raise Conflict(f"{self.root} is no OCFL storage root and not empty: {sorted(foreign)[0]}")
            temporary = self.staging / "new-root-file"
            for name, content in layout.ROOT_FILES.items():
                path = self.root / name
                if path.exists() and name != "README.txt" and path.read_bytes() != content:
                    raise Conflict(f"{path} was not written by this program; its layout is not understood")
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    disk.write(temporary, content)
                    disk.move(temporary, path)
            self._finish()

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
        layout.check_object_id(object_id)
        for name, source in files.items():
            layout.check_logical_path(name)
            if isinstance(source, Path) and not source.is_file():
                raise Invalid("file to archive", str(source), "is not a file")
        meta = _meta(message, user_name, user_address, created)
        with self._locked():
            if not (self.root / "0=ocfl_1.1").exists():
                raise NotFound("archive root", str(self.root), "create() makes it")
            self._finish()
            before = self._settled(object_id)
            if before is None and not files:
                raise Invalid("files", object_id, "a new object must hold at least one file")
            number = before.head + 1 if before else 1
            work = self._work(object_id)
            fresh = work / f"v{number}"
            after = _staged(
                object_id, before, files, fresh, replace(meta, state=before.state if keep and before else {})
            )
            if before and after.state == before.state:
                shutil.rmtree(work)
                return before.head
            raw = after.to_bytes()
            fresh.mkdir(exist_ok=True)
            (fresh / INVENTORY).write_bytes(raw)
            (fresh / SIDECAR).write_bytes(sidecar(raw))
            if before is None:
                self._place_object(object_id, work, raw)
            else:
                self._place_version(object_id, work, number, raw)
            shutil.rmtree(work)
            self._checkpoint("cleared")
            return number

    def recover(self, object_id: str) -> str:
        """Settle what a crash left of an object: nothing, completed, set aside, healed. put() and create() do it too.

        Raises:
            Conflict: the damage is no crash of ours; nothing was touched.
        """
        layout.check_object_id(object_id)
        with self._locked():
            self._finish(besides=object_id)
            return self._settle(object_id)

    def read(self, object_id: str, logical_path: str, version: int | None = None) -> bytes:
        """Return a file's content, checked against its digest.

        Raises:
            Conflict: the bytes on disk are not those that were written.
        """
        path, digest = self._find(object_id, logical_path, version)
        with _stored(object_id, path) as stream:
            content = stream.read()
        if sha512(content).hexdigest() != digest:
            raise Conflict(f"{object_id}: {path.name} is damaged: its bytes are not those that were archived")
        return content

    def open(self, object_id: str, logical_path: str, version: int | None = None) -> BinaryIO:
        """Open a file's content for reading; its digest is not checked."""
        return _stored(object_id, self._find(object_id, logical_path, version)[0])

    def state(self, object_id: str, version: int | None = None) -> Mapping[str, str]:
        """Return logical path → sha512 of the head, or of a version."""
        return _version(self.inventory(object_id), version).state

    def inventory(self, object_id: str) -> Inventory:
        """Return the object's inventory: its history, with who, when and why."""
        try:
            return parse(disk.bounded(self.path_of(object_id) / INVENTORY))
        except FileNotFoundError:
            raise NotFound("archived object", object_id) from None
        except (ValueError, OSError) as error:
            raise Conflict(f"{object_id}: {INVENTORY} is damaged: {error}") from error

    def exists(self, object_id: str) -> bool:
        """Tell whether the object is there."""
        return (self.path_of(object_id) / INVENTORY).exists()

    def path_of(self, object_id: str) -> Path:
        """Return the folder of an object, whether it exists or not."""
        layout.check_object_id(object_id)
        return self.root / layout.object_path(object_id)

    def objects(self) -> Iterator[str]:
        """Yield the ids of all objects, as the disk has them; one whose inventory cannot be read raises Conflict."""
        for path in sorted(
            self.root.glob(f"{'[0-9a-f]' * 3}/{'[0-9a-f]' * 3}/{'[0-9a-f]' * 3}/*/{OBJECT_DECLARATION}")
        ):
            try:
                yield parse(disk.bounded(path.with_name(INVENTORY))).id
            except (ValueError, OSError) as error:
                raise Conflict(f"{path.parent.relative_to(self.root)}/{INVENTORY} is damaged: {error}") from error

    # Writing

    def _place_object(self, object_id: str, work: Path, raw: bytes) -> None:
        whole = work / "whole"
        whole.mkdir()
        (work / "v1").rename(whole / "v1")
        (whole / OBJECT_DECLARATION).write_bytes(OBJECT_DECLARATION_TEXT)
        (whole / INVENTORY).write_bytes(raw)
        (whole / SIDECAR).write_bytes(sidecar(raw))
        self._checkpoint("written")
        disk.sync_tree(work)
        self._checkpoint("synced")
        target = self.path_of(object_id)
        for parent in reversed(target.relative_to(self.root).parents):
            if not (self.root / parent).exists():
                (self.root / parent).mkdir()
                disk.sync(self.root / parent.parent)
        self._checkpoint("parents")  # a crash leaves empty folders; settled by _prune()
        disk.move(whole, target)
        self._checkpoint("placed")  # a crash leaves the whole object: nothing is missing

    def _place_version(self, object_id: str, work: Path, number: int, raw: bytes) -> None:
        (work / INVENTORY).write_bytes(raw)
        (work / SIDECAR).write_bytes(sidecar(raw))
        self._checkpoint("written")
        disk.sync_tree(work)
        self._checkpoint("synced")
        target = self.path_of(object_id)
        disk.move(work / f"v{number}", target / f"v{number}")
        self._checkpoint("placed")  # a crash leaves a version that the root inventory does not name
        disk.move(work / INVENTORY, target / INVENTORY)
        self._checkpoint("inventory")  # a crash leaves the older inventory's sidecar
        disk.move(work / SIDECAR, target / SIDECAR)
        self._checkpoint("sidecar")

    def _work(self, object_id: str) -> Path:
        work = self.staging / sha256(object_id.encode()).hexdigest()
        work.mkdir()
        (work / MARKER).write_bytes(object_id.encode())  # synced with the rest, before anything is placed
        self._checkpoint("marked")
        return work

    # Settling

    def _finish(self, besides: str | None = None) -> None:
        """Settle every object that a dead archivist was writing, and clear what it left in staging."""
        for entry in sorted(self.staging.iterdir()):
            if entry.name in (LOCK, SET_ASIDE):
                continue
            if not entry.is_dir() or entry.is_symlink():
                entry.unlink()
                continue
            marker = (entry / MARKER).read_bytes() if (entry / MARKER).exists() else b""
            if sha256(marker).hexdigest() == entry.name and marker != (besides or "").encode():
                with suppress(Conflict):  # damaged otherwise: verify names it, and it must not hold up the others
                    self._settle(marker.decode())
            shutil.rmtree(entry)

    def _settled(self, object_id: str) -> Inventory | None:
        self._settle(object_id)
        return self.inventory(object_id) if self.exists(object_id) else None

    def _settle(self, object_id: str) -> str:
        target = self.path_of(object_id)
        if not target.exists():
            self._prune(target.parent)
            return "nothing"
        newest = max((number for entry in target.iterdir() if (number := version_number(entry.name))), default=0)
        known = disk.trusted(target)
        if known and known.head == newest:
            return "nothing"
        heir = self._heir(object_id, newest)
        if known is None and _claimed_head(target) > newest:
            heir = None  # a version is gone: taking the one before it for the newest would hide the loss
        if heir and (known is None or (heir.head > known.head and heir.extends(known))):
            raw = heir.to_bytes()
            work = self.staging / "settle"
            for name, content in ((INVENTORY, raw), (SIDECAR, sidecar(raw))):
                disk.write(work, content)
                disk.move(work, target / name)
            return "completed" if known else "healed"
        if known and newest == known.head + 1:
            # Never named by a root inventory, and not whole: not of this object. Kept, for whoever wonders.
            aside = self.staging / SET_ASIDE
            aside.mkdir(exist_ok=True)
            name = f"{sha256(object_id.encode()).hexdigest()}-v{newest}-{sum(1 for _ in aside.iterdir())}"
            disk.move(target / f"v{newest}", aside / name)
            return "set aside"
        raise Conflict(f"{object_id} is damaged, and not by a crash: verify the archive and restore it from a copy")

    def _heir(self, object_id: str, number: int) -> Inventory | None:
        """Return the newest version's inventory if it may be the root's: intact, and all it added is there, intact."""
        folder = self.path_of(object_id) / f"v{number}"
        found = disk.trusted(folder) if number else None
        if found is None or found.id != object_id or found.head != number:
            return None
        for path, digest in found.contents.items():
            if path.startswith(f"v{number}/"):
                try:
                    with disk.opened_nofollow(folder.parent / path) as stream:
                        if digests(stream)[0] != digest:
                            return None
                except OSError:
                    return None
        return found

    def _prune(self, folder: Path) -> None:
        while folder != self.root and not (folder.exists() and any(folder.iterdir())):
            if folder.exists():
                folder.rmdir()
            folder = folder.parent

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One archivist at a time, across processes; the lock dies with its holder."""
        self.staging.mkdir(parents=True, exist_ok=True)
        with (self.staging / LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _find(self, object_id: str, logical_path: str, version: int | None) -> tuple[Path, str]:
        found = self.inventory(object_id)
        digest = _version(found, version).state.get(logical_path)
        if digest is None:
            raise NotFound("archived file", f"{object_id} {logical_path}")
        return self.path_of(object_id) / found.manifest[digest][0], digest


def _version(found: Inventory, number: int | None) -> Version:
    if number is not None and number not in found.versions:
        raise NotFound("version", f"{found.id} v{number}")
    return found.versions[found.head if number is None else number]


def _stored(object_id: str, path: Path) -> BinaryIO:
    try:
        return disk.opened_nofollow(path)
    except OSError as error:
        raise Conflict(f"{object_id}: {path.name} is damaged: {error.strerror}") from error


def _meta(message: str, user_name: str, user_address: str, created: datetime) -> Version:
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


def _claimed_head(folder: Path) -> int:
    """Return the head that a root inventory names, readable or not."""
    try:
        match = re.search(rb'"head": "v([0-9]{1,9})"', disk.bounded(folder / INVENTORY))
    except (OSError, ValueError):
        return 0
    return int(match[1]) if match else 0


def _staged(
    object_id: str, before: Inventory | None, files: Mapping[str, bytes | Path], fresh: Path, meta: Version
) -> Inventory:
    """Copy what the object does not hold yet into the new version's folder, and return the inventory to be."""
    manifest = dict(before.manifest) if before else {}
    fixity = dict(before.fixity) if before else {}
    state = dict(meta.state)
    layout.check_logical_paths({*state, *files})
    for logical, source in sorted(files.items()):
        target = fresh / "content" / logical
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as copy, disk.opened(source) as stream:
            long, short = digests(stream, copy)
        state[logical] = long
        if long in manifest:  # forward delta: the same bytes lie in the object already (OCFL 1.1 §3.5.2)
            target.unlink()
        else:
            manifest[long] = (path := f"{fresh.name}/content/{logical}",)
            fixity[path] = short
    disk.drop_empty(fresh)
    number = before.head + 1 if before else 1
    versions = {**(before.versions if before else {}), number: replace(meta, state=state)}
    return Inventory(object_id, number, manifest, fixity, versions)
