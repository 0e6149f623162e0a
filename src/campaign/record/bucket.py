"""The storage root in a bucket: each version is written beside what is there, and named at the very end.

OCFL 1.1 on object stores: https://ocfl.io/1.1/implementation-notes/#storage (there are no renames and no folders).
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from campaign.core.errors import CampaignError, Conflict, Invalid, NotFound
from campaign.core.place import Bucket
from campaign.record import disk, layout
from campaign.record.inventory import Inventory, digests, planned, sidecar, version_number
from campaign.record.layout import INVENTORY, OBJECT_DECLARATION, OBJECT_DECLARATION_TEXT, SIDECAR, TUPLE, TUPLES
from campaign.record.root import Root, check_files, meta

DECLARATION = "0=ocfl_1.1"
AT_ONCE = 4  # files of one version that are sent at the same time


class BucketRepository(Root):
    """One OCFL storage root in a bucket, and the one archivist that writes to it.

    A version's content is sent first, then its inventory, then the object's declaration and the root inventory's
    sidecar; the root inventory is the last. Each key is read back before the next is sent, so that a reader who finds
    the new root inventory finds all that it names. What a crash leaves is not named by any root inventory; the next
    put() of the object completes it where it is whole, and else clears it away, below this object's prefix only.

    That there is one archivist is for the caller to see to: processes of one machine share a lock here, those of
    several machines the engine's, which `guard` asks for before each key.

    Args:
        bucket: where the root is.
        staging: a folder on this machine, for the lock.
        checkpoint: called with the name of each step once it is in the bucket; a test dies there.
    """

    def __init__(self, bucket: Bucket, staging: Path, *, checkpoint: Callable[[str], None] = lambda step: None) -> None:
        super().__init__(bucket)
        self.bucket, self.staging, self._checkpoint = bucket, staging, checkpoint

    def create(self) -> None:
        with disk.locked(self.staging):
            ours = {name.split("/")[0] for name in layout.ROOT_FILES}
            if self.bucket.size(DECLARATION) is None:
                foreign = next((key for key in self.bucket.below("") if key.split("/")[0] not in ours), None)
                if foreign:
                    raise Conflict(f"{self.bucket.name} is no OCFL storage root and not empty: {foreign}")
            for name, content in layout.ROOT_FILES.items():
                found = self._small(name)
                if found is None:
                    self._keep(name, content)
                elif name != "README.txt" and found != content:
                    raise Conflict(
                        f"{self.bucket.name}/{name} was not written by this program; its layout is not understood"
                    )

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
        with disk.locked(self.staging):
            if self.bucket.size(DECLARATION) is None:
                raise NotFound("archive root", self.bucket.name, "make it: campaign init")
            self._settle(object_id)
            before = self._known(object_id)
            if before is None and not files:
                raise Invalid("files", object_id, "a new object must hold at least one file")
            told = replace(told, state=before.state if keep and before else {})
            found = {}
            for logical, source in files.items():
                with disk.opened(source) as stream:
                    found[logical] = digests(stream)
            after, fresh = planned(object_id, before, found, told)
            if before and after.state == before.state:
                return before.head
            self._send(after, fresh, files)
            self._name(after, before)
            return after.head

    def trouble(self) -> str | None:
        try:
            self.bucket.check()
            return None if self.bucket.size(DECLARATION) is not None else "holds no archive; make it: campaign init"
        except (CampaignError, OSError) as error:
            return str(error)

    def recover(self, object_id: str) -> str:
        layout.check_object_id(object_id)
        with disk.locked(self.staging):
            return self._settle(object_id)

    def objects(self) -> Iterator[str]:
        for key in sorted(self.bucket.below("")):
            *tuples, _, name = key.split("/") if key.count("/") == TUPLES + 1 else ("", "", "")
            if name == INVENTORY and all(map(TUPLE.fullmatch, tuples)):
                yield self._at(key)

    # Writing

    def _send(self, after: Inventory, fresh: Mapping[str, str], files: Mapping[str, bytes | Path]) -> None:
        """Send the new version. A crash leaves keys below it that no inventory names."""
        folder, short = self.where(after.id), after.fixity
        with ThreadPoolExecutor(AT_ONCE) as pool:

            def send(logical: str) -> None:
                self.guard()
                self.bucket.put(f"{folder}/{fresh[logical]}", files[logical], sha256=short[fresh[logical]])

            for _ in pool.map(send, fresh):
                self._checkpoint("content")
        raw = after.to_bytes()
        self._keep(f"{folder}/v{after.head}/{INVENTORY}", raw)
        self._checkpoint("version inventory")  # a crash leaves an inventory without its sidecar: it proves nothing
        self._keep(f"{folder}/v{after.head}/{SIDECAR}", sidecar(raw))
        self._checkpoint("version")  # a crash leaves a whole version that the root inventory does not name

    def _name(self, after: Inventory, before: Inventory | None) -> None:
        """Let the root inventory name a version that is there; what it replaces must still be what we began from."""
        folder, raw = self.where(after.id), after.to_bytes()
        if before is None:
            self._keep(f"{folder}/{OBJECT_DECLARATION}", OBJECT_DECLARATION_TEXT)
            self._checkpoint("declaration")
        if self._known(after.id) != before:
            raise Conflict(f"{after.id}: somebody else wrote to it just now; nothing of theirs was replaced")
        self._keep(f"{folder}/{SIDECAR}", sidecar(raw))
        self._checkpoint("sidecar")  # a crash leaves the older inventory beside the newer sidecar
        self._keep(f"{folder}/{INVENTORY}", raw)
        self._checkpoint("inventory")

    def _keep(self, key: str, content: bytes) -> None:
        self.guard()
        self.bucket.put(key, content, sha256=sha256(content).hexdigest())

    # Settling

    def _settle(self, object_id: str) -> str:
        folder = self.where(object_id)
        keys = {key[len(folder) + 1 :] for key in self.bucket.below(folder)}
        if not keys:
            return "nothing"
        newest = max((number for key in keys if (number := version_number(key.split("/")[0]))), default=0)
        known = disk.trusted(self.bucket, folder)
        if known and known.head == newest:
            return "nothing"
        heir = self._heir(object_id, newest)
        if known is None and self._claimed_head(object_id) > newest:
            heir = None  # a version is gone: taking the one before it for the newest would hide the loss
        if heir and (known is None or (heir.head > known.head and heir.extends(known))):
            raw = heir.to_bytes()
            self._keep(f"{folder}/{OBJECT_DECLARATION}", OBJECT_DECLARATION_TEXT)
            self._keep(f"{folder}/{SIDECAR}", sidecar(raw))
            self._keep(f"{folder}/{INVENTORY}", raw)
            return "completed" if known else "healed"
        # The sidecar of the root is sent once the version is whole: without it this is a version that was not.
        torn_first = newest == 1 and all(key.startswith("v1/") for key in keys)
        if heir is None and (torn_first or (known and newest == known.head + 1)):
            for key in sorted(key for key in keys if key.startswith(f"v{newest}/")):
                self.guard()
                self.bucket.delete(f"{folder}/{key}")
            return "cleared"
        raise Conflict(f"{object_id} is damaged, and not by a crash: verify the archive and restore it from a copy")

    def _known(self, object_id: str) -> Inventory | None:
        with suppress(NotFound):
            return self.inventory(object_id)
        return None

    def _small(self, name: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return disk.bounded(self.bucket, name)
        return None
