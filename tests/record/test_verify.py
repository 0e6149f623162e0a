"""Every file of an archive is damaged in every way: each damage is found and named, and none hides another."""

import json
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.record import as2
from campaign.record.inventory import sidecar
from campaign.record.ocfl import Repository
from campaign.record.verify import verify

from .conftest import POST, WHO, exchange, the_warc

MEDIUM = as2.medium_urn("ab" * 32)


def files_of(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def flip(path: Path) -> Path:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    return path


def delete(path: Path) -> Path:
    path.unlink()
    return path


def truncate(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-1])
    return path


def extra(path: Path) -> Path:
    return Path(shutil.copy(path, path.with_name("extra-file.bin")))


def link(path: Path) -> Path:
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    return path


def named(root: Path, path: Path) -> bool:
    found = verify(root)
    wanted = str(path.relative_to(root))
    return any(damage.path == wanted and path.name in damage.message for damage in found)


def test_a_whole_archive_has_no_damage(small: Repository) -> None:
    told: list[tuple[int, int]] = []
    assert verify(small.root, progress=lambda done, total: told.append((done, total))) == []
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("hurt", [flip, delete, truncate, extra, link])
def test_each_damage_to_each_file_is_named(small: Repository, hurt: Callable[[Path], Path]) -> None:
    files = files_of(small.root)
    assert len(files) == 21
    whole = small.root.with_name("whole")
    shutil.copytree(small.root, whole)
    for path in files:
        assert named(small.root, hurt(path)), f"{hurt.__name__} {path.relative_to(small.root)}"
        shutil.rmtree(small.root)
        shutil.copytree(whole, small.root)


@pytest.mark.parametrize("position", range(0, 1400, 97))
def test_any_flipped_byte_of_an_inventory_is_named(small: Repository, position: int) -> None:
    path = small.path_of(POST) / "inventory.json"
    raw = bytearray(path.read_bytes())
    raw[position % len(raw)] ^= 1
    path.write_bytes(raw)
    assert named(small.root, path)


def test_one_damage_hides_no_other(small: Repository) -> None:
    target = small.path_of(POST)
    hurt = [
        flip(target / "inventory.json"),
        flip(target / "v1/content/record.jsonld"),
        flip(target / "v1/content/exchange/0001.warc.gz"),
        delete(target / "v2/content/record.jsonld"),
        extra(target / "v2/content/events.jsonl"),
        flip(target / "0=ocfl_object_1.1"),
        flip(next(small.path_of(MEDIUM).rglob("original.png"))),
        flip(small.root / "ocfl_layout.json"),
    ]
    found = {damage.path for damage in verify(small.root)}
    assert {str(path.relative_to(small.root)) for path in hurt} == found
    assert {d.object_id for d in verify(small.root)} == {POST, MEDIUM, None}


def test_an_inventory_rewritten_with_its_sidecar_is_found(small: Repository) -> None:
    target = small.path_of(POST)
    raw = (target / "inventory.json").read_bytes().replace(b'"archived"', b'"innocent"')
    (target / "inventory.json").write_bytes(raw)
    (target / "inventory.json.sha512").write_bytes(sidecar(raw))
    assert named(small.root, target / "inventory.json")


def test_a_rewritten_past_is_found(small: Repository) -> None:
    folder = small.path_of(POST) / "v1"
    raw = (folder / "inventory.json").read_bytes().replace(b'"archived"', b'"innocent"')
    (folder / "inventory.json").write_bytes(raw)
    (folder / "inventory.json.sha512").write_bytes(sidecar(raw))
    assert named(small.root, folder / "inventory.json")


def test_a_wrong_sha256_is_found_although_the_sha512_is_right(small: Repository) -> None:
    target = small.path_of(MEDIUM)
    digest = sha256(bytes(range(256)) * 16).hexdigest().encode()
    for folder in (target, target / "v1"):
        raw = (folder / "inventory.json").read_bytes().replace(digest, b"0" * 64)
        (folder / "inventory.json").write_bytes(raw)
        (folder / "inventory.json.sha512").write_bytes(sidecar(raw))
    assert named(small.root, target / "v1/content/original.png")


def test_an_object_in_the_wrong_place_is_found(small: Repository) -> None:
    shutil.copytree(small.path_of(POST), small.root / "abc/def/012/urn%3auuid%3ax", dirs_exist_ok=True)
    assert [damage.kind for damage in verify(small.root)] == ["layout"]


@pytest.mark.parametrize("place", ["", "extensions", "extensions/0003-hash-and-id-n-tuple-storage-layout", "abc"])
@pytest.mark.parametrize("what", ["file", "folder", "link", "pipe", "odd"])
def test_strange_things_around_the_objects_are_named(small: Repository, place: str, what: str) -> None:
    folder = small.root / place
    folder.mkdir(exist_ok=True)
    name = os.fsencode(folder) + (b"/\xff\n\x1b[2J" if what == "odd" else b"/stray")
    match what:
        case "file" | "odd":
            Path(os.fsdecode(name)).write_bytes(b"")
        case "folder":
            Path(os.fsdecode(name)).mkdir()
        case "link":
            Path(os.fsdecode(name)).symlink_to("/")
        case "pipe":
            os.mkfifo(name)
    found = verify(small.root)
    assert any(("stray" in d.message or "\\xff" in d.message) and d.kind == "extra" for d in found)
    assert all(damage.message.isprintable() for damage in found)


@pytest.mark.parametrize("place", ["", "v1", "v1/content", "v1/content/exchange"])
def test_empty_and_stray_folders_and_pipes_in_objects_are_named(small: Repository, place: str) -> None:
    (small.path_of(POST) / place / "hollow").mkdir()
    os.mkfifo(small.path_of(POST) / place / "pipe")
    found = " ".join(damage.message for damage in verify(small.root))
    assert "hollow" in found and "pipe" in found


def test_a_removed_object_leaves_a_trace(small: Repository) -> None:
    shutil.rmtree(small.path_of(POST))
    assert [damage.kind for damage in verify(small.root)] == ["extra"]


def test_a_root_that_is_gone_is_a_damage(tmp_path: Path) -> None:
    assert [damage.kind for damage in verify(tmp_path / "nowhere")] == ["missing"]


def test_a_warc_that_was_bad_when_it_was_archived_is_named(repository: Repository) -> None:
    good = the_warc(exchange())
    half = the_warc(exchange(response=None))  # answered, it says, and has no response
    repository.put(POST, {"a.warc.gz": good, "b.warc.gz": good[:-9], "c.warc.gz": half}, keep=True, **WHO)
    found = [damage for damage in verify(repository.root) if damage.kind == "warc"]
    assert [damage.path.rpartition("/")[2] for damage in found] == ["b.warc.gz", "c.warc.gz"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(["id", "type", "head", "manifest", "fixity", "versions", "v1", "state"]), value=JSON)
def test_a_hostile_inventory_is_a_damage_and_never_an_exception(small: Repository, key: str, value: object) -> None:
    target = small.path_of(MEDIUM)
    good = (target / "v1/inventory.json").read_bytes()
    plain = json.loads(good)
    inner = {"v1": plain["versions"], "state": plain["versions"]["v1"]}.get(key, plain)
    inner[key] = value
    raw = json.dumps(plain).encode()
    (target / "inventory.json").write_bytes(raw)
    (target / "inventory.json.sha512").write_bytes(sidecar(raw))
    assert named(small.root, target / "inventory.json")


@pytest.mark.parametrize(
    "raw", [b"[" * 200_000, b"\xff\xfe", b'{"id":1,"id":2}', b"9" * 9999, b"", b"null", b'{"a":NaN}']
)
def test_broken_json_is_a_damage(small: Repository, raw: bytes) -> None:
    target = small.path_of(MEDIUM)
    for folder in (target, target / "v1"):
        (folder / "inventory.json").write_bytes(raw)
        (folder / "inventory.json.sha512").write_bytes(sidecar(raw))
    assert named(small.root, target / "inventory.json")
    assert named(small.root, target / "v1/inventory.json")


def test_an_enormous_inventory_is_not_read(small: Repository) -> None:
    path = small.path_of(MEDIUM) / "inventory.json"
    os.truncate(path, 1 << 40)
    assert named(small.root, path)
