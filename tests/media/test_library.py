"""The library keeps bytes under their digest, once, and says when they are not what they were."""

import os
import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.errors import Invalid, NotFound
from campaign.media.library import Library, open_file

HELLO = sha256(b"hello").hexdigest()


def test_a_file_lies_under_its_digest_and_comes_back(tmp_path: Path) -> None:
    library = Library(tmp_path / "media")
    medium = library.put(BytesIO(b"hello"), mime="text/plain")

    assert (medium.sha256, medium.mime, medium.size) == (HELLO, "text/plain", 5)
    assert tmp_path / "media" / HELLO[:2] / HELLO[2:4] / HELLO == library.path(HELLO)
    with library.open(HELLO) as stream:
        assert stream.read() == b"hello"


def test_putting_twice_is_putting_once(tmp_path: Path) -> None:
    library = Library(tmp_path)
    source = tmp_path / "hello.txt"
    source.write_bytes(b"hello")

    assert library.put(source) == library.put(BytesIO(b"hello"))
    assert [library.path(HELLO)] == [path for path in (tmp_path / HELLO[:2]).rglob("*") if path.is_file()]
    assert list((tmp_path / ".incoming").iterdir()) == []


def test_a_damaged_file_is_found_and_mended_by_the_next_put(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.put(BytesIO(b"hello"))
    library.path(HELLO).write_bytes(b"hellO")

    assert not library.verify(HELLO)
    library.put(BytesIO(b"hello"))
    assert library.verify(HELLO)


def test_a_file_above_the_limit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    library = Library(tmp_path, limit=4)

    with pytest.raises(Invalid, match="is larger than"):
        library.put(BytesIO(b"hello"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", HELLO[:-1], HELLO.upper(), HELLO + "\n", "g" * 64])
def test_a_malformed_digest_is_refused(tmp_path: Path, digest: str) -> None:
    for ask in (Library(tmp_path).path, Library(tmp_path).open, Library(tmp_path).exists, Library(tmp_path).verify):
        with pytest.raises(Invalid, match="is no digest"):
            ask(digest)


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    library = Library(tmp_path)

    assert not library.exists(HELLO)
    with pytest.raises(NotFound, match="does not hold it"):
        library.open(HELLO)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(Invalid, match="a device or a pipe"), open_file(tmp_path / "pipe"):
        pass


def test_the_library_alone_does_not_load_pillow() -> None:
    program = "import sys, campaign.media.library, campaign.demo.journey; sys.exit('PIL' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=4096))
def test_any_bytes_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    library = Library(tmp_path_factory.mktemp("media"))
    medium = library.put(BytesIO(data))

    assert library.verify(medium.sha256)
    assert data == library.path(medium.sha256).read_bytes()
