"""A twin per test, clients that others wrote, and a clock that a test moves."""

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mastodon import Mastodon
from PIL import Image

from campaign.sandbox import Twin

Connect = Callable[..., Mastodon]


class Hands:
    """Holds the hands of a clock file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def set(self, instant: str, rate: int = 0) -> None:
        half = self.file.with_suffix(".half")
        half.write_text(json.dumps({"virtual": instant, "real": time.time(), "rate": rate}))
        half.replace(self.file)


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    found = Hands(tmp_path / "clock.json")
    found.set("2019-10-01T03:00:00+00:00")
    return found


@pytest.fixture
def twin(tmp_path: Path, hands: Hands) -> Iterator[Twin]:
    with Twin(tmp_path / "sandbox", clock_file=hands.file) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return a maker of Mastodon.py clients; their sockets are closed at the end."""
    made: list[Mastodon] = []

    def client(twin: Twin, name: str = "peace_en", token: str | None = None) -> Mastodon:
        one = Mastodon(
            api_base_url=twin.base_url,
            access_token=token or twin.tokens[name],
            ratelimit_method="throw",
            request_timeout=5,
        )
        made.append(one)
        return one

    yield client
    for one in made:
        one.session.close()


@pytest.fixture
def en(twin: Twin, connect: Connect) -> Mastodon:
    return connect(twin, "peace_en")


def picture(width: int = 40, height: int = 30, kind: str = "PNG", colour: str = "#2b4a6f") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()
