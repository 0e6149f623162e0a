"""The storage root in a folder: objects in versions that are never rewritten (OCFL 1.1, https://ocfl.io/1.1/spec/)."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from campaign.core.errors import Conflict, Invalid, NotFound
from campaign.record import disk, layout
from campaign.record.disk import LOCK, Folder
from campaign.record.inventory import Inventory, Version, digests, planned, sidecar, version_number
from campaign.record.layout import INVENTORY, OBJECT_DECLARATION, OBJECT_DECLARATION_TEXT, SIDECAR
from campaign.record.root import Root, check_files, meta

MARKER = "object"  # in a work folder: the id of the object that is being written
SET_ASIDE = "set-aside"  # in staging: what recover() took out of an object; nothing is destroyed


class Repository(Root):
    """One OCFL storage root in a folder, and the one archivist that writes to it.

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
        super().__init__(Folder(root))
        self.root, self.staging, self._checkpoint = root, staging, checkpoint

    def create(self) -> None:
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
        check_files(object_id, files)
        told = meta(message, user_name, user_address, created)
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
                object_id, before, files, fresh, replace(told, state=before.state if keep and before else {})
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

    def path_of(self, object_id: str) -> Path:
        """Return the folder of an object, whether it exists or not."""
        return self.root / self.where(object_id)

    def objects(self) -> Iterator[str]:
        for path in sorted(
            self.root.glob(f"{'[0-9a-f]' * 3}/{'[0-9a-f]' * 3}/{'[0-9a-f]' * 3}/*/{OBJECT_DECLARATION}")
        ):
            yield self._at(str(path.with_name(INVENTORY).relative_to(self.root)))

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
        self.guard()
        disk.move(whole, target)
        self._checkpoint("placed")  # a crash leaves the whole object: nothing is missing

    def _place_version(self, object_id: str, work: Path, number: int, raw: bytes) -> None:
        (work / INVENTORY).write_bytes(raw)
        (work / SIDECAR).write_bytes(sidecar(raw))
        self._checkpoint("written")
        disk.sync_tree(work)
        self._checkpoint("synced")
        target = self.path_of(object_id)
        self.guard()
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
        known = disk.trusted(self.place, self.where(object_id))
        if known and known.head == newest:
            return "nothing"
        heir = self._heir(object_id, newest)
        if known is None and self._claimed_head(object_id) > newest:
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

    def _prune(self, folder: Path) -> None:
        while folder != self.root and not (folder.exists() and any(folder.iterdir())):
            if folder.exists():
                folder.rmdir()
            folder = folder.parent

    def _locked(self) -> AbstractContextManager[None]:
        return disk.locked(self.staging)


def _staged(
    object_id: str, before: Inventory | None, files: Mapping[str, bytes | Path], fresh: Path, meta: Version
) -> Inventory:
    """Copy what the object does not hold yet into the new version's folder, and return the inventory to be."""
    layout.check_logical_paths({*meta.state, *files})
    found = {}
    for logical, source in files.items():
        target = fresh / "content" / logical
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as copy, disk.opened(source) as stream:
            found[logical] = digests(stream, copy)
    after, new = planned(object_id, before, found, meta)
    for logical in found.keys() - new.keys():
        (fresh / "content" / logical).unlink()
    disk.drop_empty(fresh)
    return after
