"""Objects and versions: what goes in comes out, and validators that others wrote agree."""

import hashlib
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocfl.layout_0003_hash_and_id_n_tuple import Layout_0003_Hash_And_Id_N_Tuple

from campaign.core.errors import Conflict, Invalid, NotFound
from campaign.record import layout
from campaign.record.ocfl import Repository
from campaign.record.verify import verify

from .conftest import AT, POST, WHO, judged, objects_of

BIN = Path(sys.executable).parent


def test_what_is_put_can_be_read_in_each_version(repository: Repository) -> None:
    assert repository.put(POST, {"record.jsonld": b"one", "a/b.txt": b"kept"}, keep=True, **WHO) == 1
    assert repository.put(POST, {"record.jsonld": b"two"}, keep=True, **WHO) == 2
    assert repository.read(POST, "record.jsonld") == b"two"
    assert repository.read(POST, "record.jsonld", 1) == b"one"
    assert repository.read(POST, "a/b.txt", 2) == b"kept"
    with repository.open(POST, "a/b.txt") as stream:
        assert stream.read(2) == b"ke"
    assert list(repository.objects()) == [POST]
    assert repository.inventory(POST).versions[2].created == "2019-05-12T03:00:00.250000Z"


def test_without_keep_the_files_given_are_all_there_is(repository: Repository) -> None:
    repository.put(POST, {"a": b"1", "b": b"2"}, keep=True, **WHO)
    assert repository.put(POST, {"a": b"1"}, keep=False, **WHO) == 2
    assert set(repository.state(POST)) == {"a"}
    assert set(repository.state(POST, 1)) == {"a", "b"}


def test_nothing_new_makes_no_version(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"1")
    repository.put(POST, {"a": b"1"}, keep=True, **WHO)
    assert repository.put(POST, {"a": tmp_path / "f"}, keep=True, **WHO) == 1
    assert not any(path.is_dir() for path in repository.staging.iterdir())


def test_the_same_bytes_lie_in_an_object_once(repository: Repository, judge: Callable[[Path], list[str]]) -> None:
    repository.put(POST, {"a": b"same", "x/b": b"same"}, keep=True, **WHO)
    repository.put(POST, {"c/d": b"same", "new": b"new"}, keep=True, **WHO)
    found = [path for path in repository.path_of(POST).rglob("content/**/*") if path.is_file()]
    assert sorted(path.read_bytes() for path in found) == [b"new", b"same"]
    assert judge(repository.root) == []


def test_create_is_repeatable_and_the_root_is_valid_for_ocfl_py(small: Repository) -> None:
    small.create()
    told = subprocess.run(
        [BIN / "ocfl-root.py", "validate", "--root", small.root, "--validate-objects", "--check-digests"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip().endswith("is VALID"), told.stdout + told.stderr
    assert "한국어" in (small.root / "README.txt").read_text()


def test_the_judge_accepts_each_object_and_refuses_a_changed_copy(small: Repository) -> None:
    def refused() -> list[int]:
        tool, found = BIN / "ocfl-validate.py", objects_of(small.root)
        return [subprocess.run([tool, "-q", path], check=False, capture_output=True).returncode for path in found]

    assert refused() == [0, 0]
    content = next(path for path in small.path_of(POST).rglob("record.jsonld"))
    content.write_bytes(b'{"a":9}')
    assert sorted(refused()) == [0, 1]
    assert judged(small.root)


def test_a_shell_can_check_it(small: Repository) -> None:
    subprocess.run(["sha512sum", "-c", "--quiet", layout.SIDECAR], cwd=small.path_of(POST), check=True)


@pytest.mark.parametrize("id", ["urn:uuid:1", "object-01", "..hor/rib:le-$id", "urn:서울:мир", "a" * 101, "é%/x"])
def test_objects_lie_where_extension_0003_says(id: str) -> None:
    assert str(layout.object_path(id)) == Layout_0003_Hash_And_Id_N_Tuple().identifier_to_path(id)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\x00b", "a\nb", "a\ud800", "x" * 256]
)
def test_hostile_file_names_are_refused(repository: Repository, path: str) -> None:
    with pytest.raises(Invalid):
        repository.put(POST, {path: b""}, keep=True, **WHO)


@pytest.mark.parametrize("id", ["", "x", "../up", "/abs", "urn:a/../b", "urn:", "urn:a b", "urn:a\nb", "urn:\ud800"])
def test_hostile_ids_are_refused(repository: Repository, id: str) -> None:
    with pytest.raises(Invalid):
        repository.put(id, {"a": b""}, keep=True, **WHO)


def test_a_name_cannot_be_file_and_folder(repository: Repository) -> None:
    repository.put(POST, {"a": b"1"}, keep=True, **WHO)
    with pytest.raises(Invalid):
        repository.put(POST, {"a/b": b"2"}, keep=True, **WHO)
    assert repository.put(POST, {"a/b": b"2"}, keep=False, **WHO) == 2
    assert verify(repository.root) == []


def test_values_that_would_not_be_valid_ocfl_are_refused(repository: Repository, tmp_path: Path) -> None:
    for wrong in ({"user_address": "nobody"}, {"user_name": ""}, {"created": datetime(2019, 1, 1)}):  # noqa: DTZ001
        with pytest.raises(Invalid):
            repository.put(POST, {"a": b""}, keep=True, **{**WHO, **wrong})
    with pytest.raises(Invalid):
        repository.put(POST, {"a": tmp_path}, keep=True, **WHO)
    with pytest.raises(Invalid):
        repository.put(POST, {}, keep=True, **WHO)
    with pytest.raises(Invalid):
        Repository(tmp_path, tmp_path / "staging")
    assert not list(repository.objects())


def test_what_is_not_there_is_not_found(repository: Repository) -> None:
    with pytest.raises(NotFound):
        repository.read(POST, "a")
    repository.put(POST, {"a": b"1"}, keep=True, **WHO)
    with pytest.raises(NotFound):
        repository.read(POST, "b")
    with pytest.raises(NotFound):
        repository.read(POST, "a", 7)


def test_damaged_bytes_are_never_returned(small: Repository) -> None:
    next(small.path_of(POST).rglob("events.jsonl")).write_bytes(b"[]\n")
    with pytest.raises(Conflict, match=r"events\.jsonl"):
        small.read(POST, "events.jsonl")


def test_a_folder_that_holds_other_things_is_no_root(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "holiday.jpg").touch()
    with pytest.raises(Conflict, match="holiday"):
        Repository(tmp_path / "root", tmp_path / "staging").create()


def test_archivists_wait_for_each_other(repository: Repository) -> None:
    def work(name: str) -> None:
        mine = Repository(repository.root, repository.staging)
        for number in range(5):
            mine.put(POST, {f"{name}-{number}": name.encode()}, keep=True, **WHO)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(repository.state(POST)) == 15
    assert repository.inventory(POST).head == 15
    assert verify(repository.root) == []


def test_a_large_file_is_never_whole_in_memory(repository: Repository, tmp_path: Path) -> None:
    with (tmp_path / "clip.mp4").open("wb") as clip:
        for number in range(64):
            clip.write(hashlib.sha256(bytes([number])).digest() * (1 << 15))
    tracemalloc.start()
    repository.put(POST, {"clip.mp4": tmp_path / "clip.mp4"}, keep=True, **WHO)
    assert verify(repository.root) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 << 20


NAMES = st.lists(
    st.sampled_from(["a", "b", "서울", "мир", "%41", "e\u0301", "inventory.json", "object"]), min_size=1, max_size=3
)
FILES = st.dictionaries(NAMES.map("/".join), st.sampled_from([b"", b"x", b"y", b"z" * 5000]), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(FILES, st.booleans()), min_size=1, max_size=4))
def test_any_history_is_kept_whole_and_valid(history: list[tuple[Mapping[str, bytes], bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder, "root"), Path(folder, "staging"))
        repository.create()
        now: dict[str, bytes] = {}
        states: dict[int, dict[str, bytes]] = {}
        for files, keep in history:
            then = {**(now if keep else {}), **files}
            if layout.clash(then):
                with pytest.raises(Invalid):
                    repository.put(POST, files, keep=keep, **WHO)
                continue
            number = repository.put(POST, files, keep=keep, **WHO)
            assert (number in states) == (then == now)
            now = states[number] = then
        for number, state in states.items():
            assert {path: repository.read(POST, path, number) for path in repository.state(POST, number)} == state
        assert judged(repository.root) == []
        assert verify(repository.root) == []
        assert AT.isoformat()[:19] in repository.inventory(POST).versions[1].created if states else True
