"""A library that keeps nothing: it reads from another and writes beside it."""

from io import BytesIO
from pathlib import Path

from campaign.media.beside import Beside
from campaign.media.library import Library


def test_what_is_put_is_read_again_and_never_comes_into_the_library(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    there = library.put(BytesIO(b"there")).sha256
    beside = Beside(library, tmp_path / "beside")
    new = beside.put(BytesIO(b"new")).sha256

    for digest, data in ((there, b"there"), (new, b"new")):
        with beside.open(digest) as stream:
            assert stream.read() == data
    assert [beside.file(digest).read_bytes() for digest in (there, new)] == [b"there", b"new"]
    assert (beside.exists(there), beside.exists(new), library.exists(new)) == (True, True, False)
    assert beside.verify(new)
    beside.bring([there, new])


def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    digest = library.put(BytesIO(b"there")).sha256
    before = library.path(digest).stat().st_mtime_ns
    Beside(library, tmp_path / "beside").put(BytesIO(b"there"))

    assert library.path(digest).stat().st_mtime_ns == before
