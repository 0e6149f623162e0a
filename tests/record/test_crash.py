"""The archivist dies at every step: readers see the old or the new, and the next one finds a whole archive."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from campaign.core.errors import Conflict
from campaign.record.inventory import sidecar
from campaign.record.ocfl import Repository
from campaign.record.verify import verify

from .conftest import POST, WHO, judged

OTHER = "urn:uuid:0192f0c1-0000-7000-8000-000000000000"
FIRST = {"record.jsonld": b"one", "media/a": b"1"}
SECOND = {"record.jsonld": b"two", "media/b": b"2"}
NEW_OBJECT = ["marked", "written", "synced", "parents", "placed", "cleared"]
NEW_VERSION = ["marked", "written", "synced", "placed", "inventory", "sidecar", "cleared"]


def put(repository: Repository, files: dict[str, bytes]) -> int:
    return repository.put(POST, files, keep=True, **WHO)


def die_at(step: str) -> Callable[[str], None]:
    return lambda reached: os._exit(9) if reached == step else None


def test_the_steps_are_all_known(repository: Repository) -> None:
    seen: list[str] = []
    watched = Repository(repository.root, repository.staging, checkpoint=seen.append)
    put(watched, FIRST)
    put(watched, SECOND)
    assert seen == NEW_OBJECT + NEW_VERSION


@pytest.mark.parametrize("by", ["create", "put", "put of another"])
@pytest.mark.parametrize(
    ("files", "step"), [(FIRST, step) for step in NEW_OBJECT] + [(SECOND, step) for step in NEW_VERSION]
)
def test_a_death_leaves_the_old_or_the_new(repository: Repository, files: dict[str, bytes], step: str, by: str) -> None:
    if files is SECOND:
        put(repository, FIRST)
    child = os.fork()
    if child == 0:
        put(Repository(repository.root, repository.staging, checkpoint=die_at(step)), files)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

    # Before anything is settled a reader sees one or the other, whole.
    old = FIRST if files is SECOND else None
    new = {**(old or {}), **files}
    seen = None
    if repository.exists(POST):
        seen = {path: repository.read(POST, path) for path in repository.state(POST)}
    assert seen in (old, new)

    after = Repository(repository.root, repository.staging)
    if by == "create":
        after.create()
        assert verify(after.root) == []
        assert judged(after.root) == []
    elif by == "put of another":
        after.put(OTHER, {"a": b"1"}, keep=True, **WHO)
        assert verify(after.root) == []
    placed = step in ("placed", "inventory", "sidecar", "cleared")
    assert put(after, files) == (2 if files is SECOND else 1)
    if placed:
        assert after.inventory(POST).head == (2 if files is SECOND else 1)  # the dead one's version was completed
    assert {path: after.read(POST, path) for path in after.state(POST)} == new
    assert verify(after.root) == []
    assert judged(after.root) == []
    assert not [path for path in after.staging.iterdir() if path.name != "lock"]


def test_an_archivist_who_lost_the_lock_of_the_engine_places_nothing(repository: Repository) -> None:
    def gone() -> None:
        raise Conflict("the lock is gone")

    for files, head in ((FIRST, 1), (SECOND, 2)):
        slow = Repository(repository.root, repository.staging)
        slow.guard = gone
        with pytest.raises(Conflict, match="the lock is gone"):
            put(slow, files)
        assert (head > 1, []) == (repository.exists(POST), [d for d in verify(repository.root) if d.kind != "extra"])
        assert head == put(repository, files)
    assert verify(repository.root) == []


def test_a_torn_version_is_set_aside(small: Repository) -> None:
    target = small.path_of(POST)
    before = dict(small.state(POST))
    shutil.copytree(target / "v2", target / "v3")
    assert any(damage.path.endswith("/v3") for damage in verify(small.root))
    assert small.recover(POST) == "set aside"
    assert small.state(POST) == before
    assert verify(small.root) == []
    assert next((small.staging / "set-aside").iterdir()).joinpath("inventory.json").exists()


def test_a_version_whose_content_is_damaged_is_not_completed(small: Repository) -> None:
    target = small.path_of(POST)
    old = {name: (target / "v1" / name).read_bytes() for name in ("inventory.json", "inventory.json.sha512")}
    for name, content in old.items():
        (target / name).write_bytes(content)
    (target / "v2/content/events.jsonl").write_bytes(b"no")
    assert small.recover(POST) == "set aside"
    assert small.inventory(POST).head == 1


@pytest.mark.parametrize("name", ["inventory.json", "inventory.json.sha512"])
def test_a_torn_root_inventory_is_healed_from_the_newest_version(small: Repository, name: str) -> None:
    (small.path_of(POST) / name).write_bytes(b"")
    assert small.recover(POST) == "healed"
    assert small.recover(POST) == "nothing"
    assert verify(small.root) == []


def test_an_older_inventory_over_a_newer_sidecar_is_completed(small: Repository) -> None:
    target = small.path_of(POST)
    (target / "inventory.json").write_bytes((target / "v1/inventory.json").read_bytes())
    assert small.recover(POST) == "healed"
    assert small.inventory(POST).head == 2


def test_a_lost_version_is_never_taken_for_a_crash(small: Repository) -> None:
    target = small.path_of(POST)
    shutil.rmtree(target / "v2")
    with pytest.raises(Conflict, match="damaged"):
        small.recover(POST)
    raw = (target / "inventory.json").read_bytes().replace(b"archived", b"archivex")
    (target / "inventory.json").write_bytes(raw)
    with pytest.raises(Conflict, match="damaged"):
        small.recover(POST)
    assert (target / "inventory.json").read_bytes() == raw


def test_a_damaged_object_does_not_hold_up_the_others(small: Repository) -> None:
    target = small.path_of(POST)
    child = os.fork()
    if child == 0:
        put(Repository(small.root, small.staging, checkpoint=die_at("placed")), {"x": b"x"})
        os._exit(0)
    os.waitpid(child, 0)
    for path in target.rglob("inventory.json"):
        path.write_bytes(b"{}")
    assert small.put(OTHER, {"a": b"1"}, keep=True, **WHO) == 1
    with pytest.raises(Conflict):
        put(small, {"y": b"y"})


def test_another_history_is_not_completed(small: Repository, tmp_path: Path) -> None:
    target = small.path_of(POST)
    twin = Repository(tmp_path / "twin", tmp_path / "twin-staging")
    twin.create()
    for number in range(3):
        put(twin, {"record.jsonld": b"%d" % number})
    shutil.copytree(twin.path_of(POST) / "v3", target / "v3")
    assert small.recover(POST) == "set aside"
    raw = (target / "inventory.json").read_bytes()
    assert (target / "inventory.json.sha512").read_bytes() == sidecar(raw)
    assert verify(small.root) == []
