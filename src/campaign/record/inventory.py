"""The inventory of an object: what it holds, in each of its versions (OCFL 1.1 §3.5, https://ocfl.io/1.1/spec/)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256, sha512
from typing import Any, BinaryIO

from campaign.record.layout import INVENTORY, check_logical_paths, clash, path_fault

TYPE = "https://ocfl.io/1.1/spec/#inventory"
MAX_BYTES = 64 << 20  # an inventory larger than this is not read into memory: it would be hostile, not ours
CHUNK = 1 << 20

_SHA512 = re.compile(r"[0-9a-f]{128}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"v([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Version:
    """One version: who wrote it, when, why, and which content each logical path has."""

    created: str
    message: str
    user_name: str
    user_address: str
    state: Mapping[str, str]  # logical path → sha512


@dataclass(frozen=True, slots=True)
class Inventory:
    """All versions up to `head`, and where each content lies."""

    id: str
    head: int
    manifest: Mapping[str, tuple[str, ...]]  # sha512 → content paths, relative to the object
    fixity: Mapping[str, str]  # content path → sha256, the name that WARC, media and ledger share
    versions: Mapping[int, Version]

    @property
    def state(self) -> Mapping[str, str]:
        """The head's logical paths and their sha512."""
        return self.versions[self.head].state

    @property
    def contents(self) -> dict[str, str]:
        """Content path → sha512."""
        return {path: digest for digest, paths in self.manifest.items() for path in paths}

    def extends(self, older: "Inventory") -> bool:
        """Tell whether this is the same history, longer or equal."""
        same = all(self.versions.get(number) == version for number, version in older.versions.items())
        contents = self.contents
        return self.id == older.id and same and all(contents.get(p) == d for p, d in older.contents.items())

    def to_bytes(self) -> bytes:
        """Return the inventory as it is stored; the same content gives the same bytes."""
        fixity: dict[str, list[str]] = {}
        for path, digest in self.fixity.items():
            fixity.setdefault(digest, []).append(path)
        plain = {
            "id": self.id,
            "type": TYPE,
            "digestAlgorithm": "sha512",
            "head": f"v{self.head}",
            "manifest": {digest: sorted(paths) for digest, paths in self.manifest.items()},
            "fixity": {"sha256": {digest: sorted(paths) for digest, paths in fixity.items()}},
            "versions": {f"v{number}": _plain(version) for number, version in self.versions.items()},
        }
        return (json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def sidecar(raw: bytes) -> bytes:
    """Return what stands beside an inventory; `sha512sum -c` understands it."""
    return f"{sha512(raw).hexdigest()}  {INVENTORY}\n".encode()


def digests(stream: BinaryIO, copy: BinaryIO | None = None) -> tuple[str, str]:
    """Return (sha512, sha256) of a stream, read once in chunks; on the way it may be copied."""
    long, short = sha512(), sha256()
    while chunk := stream.read(CHUNK):
        long.update(chunk)
        short.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return long.hexdigest(), short.hexdigest()


def planned(
    object_id: str, before: Inventory | None, found: Mapping[str, tuple[str, str]], meta: Version
) -> tuple[Inventory, dict[str, str]]:
    """Return the inventory to be, and logical path → content path of what the object does not hold yet.

    Args:
        before: the object's inventory so far.
        found: logical path → (sha512, sha256) of the files that the next version gets.
        meta: the next version with what of its state it has already.
    """
    manifest = dict(before.manifest) if before else {}
    fixity = dict(before.fixity) if before else {}
    state, fresh = dict(meta.state), {}
    check_logical_paths({*state, *found})
    number = before.head + 1 if before else 1
    for logical, (long, short) in sorted(found.items()):
        state[logical] = long
        if long not in manifest:  # forward delta: else the same bytes lie in the object already (OCFL 1.1 §3.5.2)
            path = fresh[logical] = f"v{number}/content/{logical}"
            manifest[long] = (path,)
            fixity[path] = short
    versions = {**(before.versions if before else {}), number: replace(meta, state=state)}
    return Inventory(object_id, number, manifest, fixity, versions), fresh


def parse(raw: bytes) -> Inventory:
    """Return the inventory that to_bytes() wrote.

    Raises:
        ValueError: it is not one, and why. Nothing else, whatever the bytes are.
    """
    try:
        data = json.loads(raw.decode(), object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    root = _dict(data, "it")
    if root.get("type") != TYPE or root.get("digestAlgorithm") != "sha512" or "contentDirectory" in root:
        raise ValueError("it is not an OCFL 1.1 inventory with sha512")
    head = version_number(root.get("head"))
    if head is None:
        raise ValueError("head is no version")
    manifest = _manifest(_dict(root.get("manifest"), "manifest"), head)
    contents = {path for paths in manifest.values() for path in paths}
    short = _by_path(_dict(_dict(root.get("fixity"), "fixity").get("sha256"), "fixity"), _SHA256, "fixity")
    if short.keys() != contents:
        raise ValueError("fixity and manifest name different files")
    versions: dict[int, Version] = {}
    for name, version in _dict(root.get("versions"), "versions").items():
        number = version_number(name)
        if number is None:
            raise ValueError("versions holds a name that is no version")
        versions[number] = _version(_dict(version, name), name, manifest)
    if sorted(versions) != list(range(1, head + 1)):
        raise ValueError("versions are not v1 to head")
    if {digest for version in versions.values() for digest in version.state.values()} != manifest.keys():
        raise ValueError("manifest holds content that no version uses")
    return Inventory(_str(root.get("id"), "id"), head, manifest, short, dict(sorted(versions.items())))


def version_number(name: object) -> int | None:
    """Return 3 for "v3"; None for what is no version directory of ours (unpadded, OCFL 1.1 §3.4)."""
    match = _VERSION.fullmatch(name) if isinstance(name, str) else None
    return int(match[1]) if match else None


def _plain(version: Version) -> dict[str, Any]:
    state: dict[str, list[str]] = {}
    for path, digest in sorted(version.state.items()):
        state.setdefault(digest, []).append(path)
    user = {"name": version.user_name, "address": version.user_address}
    return {"created": version.created, "message": version.message, "user": user, "state": state}


def _manifest(raw: dict[str, Any], head: int) -> dict[str, tuple[str, ...]]:
    by_path = _by_path(raw, _SHA512, "manifest")
    for path in by_path:
        top, _, rest = path.partition("/")
        number = version_number(top)
        if number is None or number > head or not rest.startswith("content/"):
            raise ValueError("manifest names a file outside of the versions' content")
    return {digest: tuple(paths) for digest, paths in raw.items()}


def _version(raw: dict[str, Any], name: str, manifest: Mapping[str, object]) -> Version:
    state = _by_path(_dict(raw.get("state"), f"{name} state"), _SHA512, f"{name} state")
    if not state.keys() or all(digest in manifest for digest in state.values()):
        user = _dict(raw.get("user"), f"{name} user")
        return Version(
            _str(raw.get("created"), "created"),
            _str(raw.get("message"), "message"),
            _str(user.get("name"), "user name"),
            _str(user.get("address"), "user address"),
            state,
        )
    raise ValueError(f"{name} uses content that the manifest does not hold")


def _by_path(raw: dict[str, Any], pattern: re.Pattern[str], what: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for digest, paths in raw.items():
        if not pattern.fullmatch(digest) or not isinstance(paths, list) or not paths:
            raise ValueError(f"{what} holds a malformed digest or no paths")
        for path in paths:
            if not isinstance(path, str) or path_fault(path) or path in found:
                raise ValueError(f"{what} holds a path that is malformed or named twice")
            found[path] = digest
    if clash(found):
        raise ValueError(f"{what} holds a path that is both file and folder")
    return found


def _dict(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    return value


def _str(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is not text")
    value.encode()  # a lone surrogate is no text either: UnicodeEncodeError is a ValueError
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it names a key twice")  # two readers could understand two different things
    return found
