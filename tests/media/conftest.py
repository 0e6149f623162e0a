"""A library, and the way of a picture into it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from campaign.media.images import Taken, take_image
from campaign.media.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture
def take(tmp_path: Path, library: Library) -> Callable[[str, bytes], Taken]:
    def take(name: str, data: bytes) -> Taken:
        (tmp_path / name).write_bytes(data)
        return take_image(tmp_path / name, library)

    return take
