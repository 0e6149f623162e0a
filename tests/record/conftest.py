"""One small archive, and the judges that others wrote."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ocfl.validator import Validator

from campaign.core.model import Exchange
from campaign.record import as2, warc
from campaign.record.layout import OBJECT_DECLARATION
from campaign.record.ocfl import Repository

AT = datetime(2019, 5, 12, 3, 0, 0, 250000, tzinfo=UTC)
WHO = {"message": "archived", "user_name": "campaign", "user_address": "urn:campaign:test", "created": AT}
POST = as2.urn("0192f0c1-2b3c-7d4e-8f5a-6b7c8d9e0f1a")


def exchange(text: str = "안녕하세요, 블라디보스토크! Привет!", **changes: object) -> Exchange:
    body = f'{{"status": "{text}"}}'.encode()
    plain: dict[str, object] = {
        "method": "POST",
        "url": "https://mastodon.example/api/v1/statuses",
        "at": AT,
        "request": b"POST /api/v1/statuses HTTP/1.1\r\nHost: mastodon.example\r\n\r\n" + body,
        "response": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b'{"id": "114"}',
        "outcome": "answered",
        "took": 0.125,
        "address": "192.0.2.7",
        "redacted": ("Authorization",),
    }
    return Exchange(**{**plain, **changes})  # type: ignore[arg-type]


def the_warc(*exchanges: Exchange) -> bytes:
    return warc.write(exchanges or (exchange(),), filename="0001.warc.gz", warcinfo={"software": "campaign"})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path / "root", tmp_path / "staging")
    found.create()
    return found


@pytest.fixture(scope="session")
def _small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    small = Repository(folder / "root", folder / "staging")
    small.create()
    small.put(POST, {"record.jsonld": b'{"a":1}', "exchange/0001.warc.gz": the_warc()}, keep=True, **WHO)
    small.put(POST, {"record.jsonld": b'{"a":2}', "events.jsonl": b"{}\n"}, keep=True, **WHO)
    small.put(as2.medium_urn("ab" * 32), {"original.png": bytes(range(256)) * 16}, keep=True, **WHO)
    return folder


@pytest.fixture
def small(_small: Path, tmp_path: Path) -> Iterator[Repository]:
    """A copy of an archive of two objects, to be damaged."""
    shutil.copytree(_small, tmp_path / "small")
    yield Repository(tmp_path / "small" / "root", tmp_path / "small" / "staging")


def objects_of(root: Path) -> list[Path]:
    return sorted(path.parent for path in root.rglob(OBJECT_DECLARATION))


def judged(root: Path) -> list[str]:
    """What ocfl-py finds wrong with any object, each one judged by itself: a whole root is not (ocfl-py#167)."""
    wrong = []
    for path in objects_of(root):
        judge = Validator(log_warnings=True)
        judge.validate_object(str(path))
        if judge.log.num_errors or judge.log.num_warnings:
            wrong.append(str(judge))
    return wrong


@pytest.fixture
def judge() -> Callable[[Path], list[str]]:
    return judged
