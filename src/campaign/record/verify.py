"""Every byte of the archive, held against what the record says of it; each damage is named, none hides another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from campaign.core.place import BucketTrouble, Place
from campaign.record import disk, layout, warc
from campaign.record.disk import Folder
from campaign.record.inventory import MAX_BYTES, Inventory, digests, parse, sidecar, version_number
from campaign.record.layout import INVENTORY, OBJECT_DECLARATION, OBJECT_DECLARATION_TEXT, SIDECAR, TUPLE, TUPLES

Kind = Literal["missing", "extra", "changed", "inventory", "sidecar", "warc", "namaste", "layout"]
SMALL = 1 << 16  # bytes: no declaration, sidecar or layout file of ours is larger
MOST_STRAYS = 100  # of one unknown folder; more of them tell nothing more


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was written."""

    path: str  # relative to the root
    object_id: str | None
    kind: Kind
    message: str  # names the file; safe to show


def verify(root: Path | Place, *, progress: Callable[[int, int], None] | None = None) -> list[Damage]:
    """Return every damage of the archive, in the order of paths. Damage is never raised.

    Args:
        root: the storage root.
        progress: called with (objects done, objects in all).

    Raises:
        BucketTrouble: the root lies in a bucket that does not answer, so that nothing can be said.
    """
    place = Folder(root) if isinstance(root, Path) else root
    frame, objects = _survey(place.still())
    if frame:  # the archivist may have been between two steps: what is damage is damage twice
        frame, objects = _survey(place.still())
    found = list(frame)
    with ThreadPoolExecutor(place.at_once) as pool:
        for done, damages in enumerate(pool.map(lambda path: _object_twice(place, path), objects), 1):
            found += damages
            if progress:
                progress(done, len(objects))
    return sorted(found, key=lambda damage: (damage.path, damage.kind, damage.message))


@dataclass(slots=True)
class _Tree:
    """What lies below a folder: nothing of it was opened, no link was followed."""

    files: set[str] = field(default_factory=set)
    folders: dict[str, int] = field(default_factory=dict)  # path → number of entries
    strange: dict[str, str] = field(default_factory=dict)  # path → what it is


def _survey(root: Place) -> tuple[list[Damage], list[str]]:
    """Return the damage of everything around the objects, and the objects' paths."""
    found: list[Damage] = []
    try:
        root.entries("")
    except OSError:
        return [Damage(".", None, "missing", "the archive root is missing")], []
    for name, content in layout.ROOT_FILES.items():
        found += _root_file(root, name, content)
    known = {part for name in layout.ROOT_FILES for part in (name, *_parents(name))}
    objects: list[str] = []
    level = [""]
    for depth in range(TUPLES + 1):
        inner: list[str] = []
        for folder in level:
            entries = _entries(root, folder, found)
            if not entries and depth:
                found.append(_damage(folder, None, "extra", "an empty folder, where an object may have been"))
            for path, what in entries:
                if depth == TUPLES and what == "folder":
                    objects.append(path)
                elif depth < TUPLES and what == "folder" and TUPLE.fullmatch(path.rpartition("/")[2]):
                    inner.append(path)
                elif path not in known:
                    found += _stray(root, path, what)
        level = inner
    for folder in ("extensions", f"extensions/{layout.EXTENSION}"):
        for path, what in _entries(root, folder, found):
            if path not in known:
                found += _stray(root, path, what)
    return found, sorted(objects)


def _stray(root: Place, path: str, what: str) -> list[Damage]:
    """Return what nobody names: a file or link, or a folder with the first of the files in it."""
    found = [_damage(path, None, "extra", f"a {what} that no record names")]
    pending = [path] if what == "folder" else []
    while pending and len(found) <= MOST_STRAYS:
        for inner, kind in _entries(root, pending.pop(), found):
            if kind == "folder":
                pending.append(inner)
            else:
                found.append(_damage(inner, None, "extra", f"a {kind} that no record names"))
    return found


def _root_file(root: Place, name: str, content: bytes) -> list[Damage]:
    kind: Kind = "namaste" if name.startswith("0=") else "layout"
    try:
        raw = disk.bounded(root, name, SMALL)
    except BucketTrouble:
        raise
    except FileNotFoundError:
        return [_damage(name, None, "missing", "missing")]
    except (OSError, ValueError) as error:
        return [_damage(name, None, kind, f"cannot be read: {error}")]
    if raw == content or (name == "README.txt" and sha256(raw).hexdigest() in layout.READMES):
        return []
    return [_damage(name, None, kind, "changed: not what was written")]


def _entries(root: Place, folder: str, found: list[Damage], within: str = "") -> list[tuple[str, str]]:
    """Return (path, file | folder | what else) of a folder's entries; what cannot be listed is a damage.

    Args:
        within: the object that the folder is in; paths are relative to it.
    """
    try:
        entries = root.entries(f"{within}/{folder}".strip("/"))
    except FileNotFoundError:
        return []
    except OSError as error:
        found.append(_damage(folder, None, "changed", f"the folder cannot be read: {error.strerror}"))
        return []
    return [(path[len(within) + 1 :] if within else path, what) for path, what in entries]


def _object_twice(root: Place, path: str) -> list[Damage]:
    found = _Object(root, path).verify()
    return _Object(root, path).verify() if found else found  # it may have been written to while it was read


class _Object:
    """One object under verification."""

    def __init__(self, root: Place, path: str) -> None:
        self.root, self.path = root.still(path), path
        self.id: str | None = None
        self.found: list[Damage] = []
        self.tree = _Tree()

    def verify(self) -> list[Damage]:
        self._walk("")
        self._declaration()
        numbers = sorted(number for name in self._top() if (number := version_number(name)))
        of_root, raw = self._inventory("")
        trusted = {number: self._inventory(f"v{number}") for number in numbers}
        inventories = [found for found, _ in (*trusted.values(), (of_root, raw)) if found]
        # Where the root inventory is damaged, the newest version's is believed: its damage must not hide another.
        head = of_root or (inventories[-1] if inventories else None)
        if head is None:
            self._say(INVENTORY, "inventory", "no inventory can be believed: the files of this object are unproved")
            return self.found
        self.id = head.id
        self.found = [Damage(d.path, head.id, d.kind, d.message) for d in self.found]
        if str(layout.object_path(head.id)) != self.path:
            self._say(".", "layout", f"the object {head.id[:200]!r} does not belong at this place")
        self._history(head, of_root, numbers, trusted)
        self._names(head)
        self._contents(inventories)
        return self.found

    def _walk(self, folder: str) -> None:
        pending = [folder]
        while pending:
            folder = pending.pop()
            entries = _entries(self.root, folder, self.found, self.path)
            self.tree.folders[folder] = len(entries)
            for path, what in entries:
                if what == "folder":
                    pending.append(path)
                elif what == "file":
                    self.tree.files.add(path)
                else:
                    self.tree.strange[path] = what

    def _top(self) -> set[str]:
        return {path.split("/")[0] for path in (*self.tree.folders, *self.tree.files) if path}

    def _declaration(self) -> None:
        if OBJECT_DECLARATION not in self.tree.files:
            self._say(OBJECT_DECLARATION, "missing", "missing")
        elif self._raw(OBJECT_DECLARATION, "namaste", SMALL) not in (OBJECT_DECLARATION_TEXT, None):
            self._say(OBJECT_DECLARATION, "namaste", "changed: not what was written")

    def _inventory(self, folder: str) -> tuple[Inventory | None, bytes | None]:
        """Return the inventory of a folder and its bytes if its sidecar proves it."""
        name, beside = (f"{folder}/{INVENTORY}".lstrip("/"), f"{folder}/{SIDECAR}".lstrip("/"))
        for path in (name, beside):
            if path not in self.tree.files:
                self._say(path, "missing", self.tree.strange.get(path, "missing"))
        raw = self._raw(name, "inventory") if name in self.tree.files else None
        found = None
        if raw is not None:
            try:
                found = parse(raw)
            except ValueError as error:
                self._say(name, "inventory", f"changed, or no inventory: {error}")
        told = self._raw(beside, "sidecar", SMALL) if beside in self.tree.files else None
        if raw is None or told is None or told == sidecar(raw):
            return (found if told is not None else None), raw
        words = told.split()
        if found and (len(words) != 2 or len(words[0]) != 128):
            self._say(beside, "sidecar", "changed: it is no sidecar")
        elif found:
            self._say(name, "inventory", f"{INVENTORY} and {SIDECAR} contradict each other: one of them was changed")
            self._say(beside, "sidecar", f"{INVENTORY} and {SIDECAR} contradict each other: one of them was changed")
        return None, raw

    def _history(
        self,
        head: Inventory,
        of_root: Inventory | None,
        numbers: list[int],
        inventories: dict[int, tuple[Inventory | None, bytes | None]],
    ) -> None:
        for number in range(1, head.head + 1):
            if number not in inventories:
                self._say(f"v{number}", "missing", "missing: a version of this object")
                continue
            found, raw = inventories[number]
            if found and (found.head != number or not head.extends(found)):
                self._say(f"v{number}/{INVENTORY}", "inventory", "tells another history than the newest inventory")
            if number == head.head and of_root and found and self._raw(INVENTORY, "inventory") != raw:
                self._say(INVENTORY, "inventory", f"is not the same as v{number}/{INVENTORY}")
        for number in numbers:
            if number > head.head:
                self._say(f"v{number}", "extra", "a version that the root inventory does not name: an unfinished write")

    def _names(self, head: Inventory) -> None:
        allowed = {OBJECT_DECLARATION, INVENTORY, SIDECAR}
        for number in range(1, head.head + 1):
            allowed |= {f"v{number}/{INVENTORY}", f"v{number}/{SIDECAR}"}
        allowed |= head.contents.keys()
        for path in self.tree.files - allowed:
            self._say(path, "extra", "a file that no inventory names")
        for path, what in self.tree.strange.items():
            self._say(path, "changed" if path in allowed else "extra", f"a {what}; the archive holds only files")
        for path, count in self.tree.folders.items():
            if count == 0:
                self._say(path or ".", "extra", "an empty folder")

    def _contents(self, inventories: list[Inventory]) -> None:
        expected: dict[str, set[tuple[str, str]]] = {}
        for found in inventories:
            for path, digest in found.contents.items():
                expected.setdefault(path, set()).add((digest, found.fixity[path]))
        for path, told in sorted(expected.items()):
            if path not in self.tree.files:
                if path not in self.tree.strange:
                    self._say(path, "missing", "missing")
                continue
            try:
                with self.root.open(f"{self.path}/{path}") as stream:
                    long, short = digests(stream)
                    if {long} != {digest for digest, _ in told}:
                        self._say(path, "changed", "changed: its sha512 is not the one in the inventory")
                    if {short} != {digest for _, digest in told}:
                        self._say(path, "changed", "changed: its sha256 is not the one in the inventory's fixity")
                    if path.endswith(".warc.gz"):
                        stream.seek(0)
                        for fault in warc.faults_of(stream):
                            self._say(path, "warc", fault)
            except BucketTrouble:
                raise
            except OSError as error:
                self._say(path, "changed", f"cannot be read: {error.strerror}")

    def _raw(self, path: str, kind: Kind, limit: int = MAX_BYTES) -> bytes | None:
        try:
            return disk.bounded(self.root, f"{self.path}/{path}", limit)
        except BucketTrouble:
            raise
        except (OSError, ValueError) as error:
            self._say(path, kind, f"cannot be read: {error}")
            return None

    def _say(self, path: str, kind: Kind, text: str) -> None:
        self.found.append(_damage(self.path if path == "." else f"{self.path}/{path}", self.id, kind, text))


def _damage(path: str, object_id: str | None, kind: Kind, text: str) -> Damage:
    name = _shown(path)
    return Damage(name, object_id and _shown(object_id), kind, f"{name}: {_shown(text)}")


def _shown(text: str) -> str:
    """Return what may be printed: names on the disk and in a hostile inventory may hold any bytes."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]
