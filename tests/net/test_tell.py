"""News goes to a URL or a program that an operator named; neither the URL nor our keys are ever said."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.conftest import HandClock

from campaign.config import plain_environment
from campaign.core.errors import Invalid, Unavailable
from campaign.net.tell import Hook, Program

SECRET = "T000/B000/hook-secret"


@dataclass
class Listener:
    """A server that notes what it is asked and answers with a status."""

    url: str = ""
    status: int = 200
    asked: list[tuple[str, str, str, bytes]] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    kept = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept.asked.append((self.command, self.path, self.headers.get("Content-Type", ""), body))
            self.send_response(kept.status)
            self.send_header("Content-Length", "0")
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/{SECRET}?key=abc"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join(5)


def hook(url: str, tmp_path: Path) -> Hook:
    return Hook(url, field="notify.webhook", clock=HandClock(tmp_path / "clock.json"), agent="campaign/test")


def test_a_webhook_gets_the_json_and_a_switch_is_asked(listener: Listener, tmp_path: Path) -> None:
    made = hook(listener.url, tmp_path)

    async def both() -> None:
        await made.post({"kind": "disk", "text": "가득 참"})
        await made.get()

    asyncio.run(both())

    (post, path, kind, body), (get, again, _, nothing) = listener.asked
    assert ("POST", "GET", f"/{SECRET}?key=abc", path, b"") == (post, get, path, again, nothing)
    assert kind.startswith("application/json") and {"kind": "disk", "text": "가득 참"} == json.loads(body)


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_an_answer_that_is_no_success_is_told_by_its_status_and_not_by_its_url(
    listener: Listener, tmp_path: Path, status: int
) -> None:
    listener.status = status

    with pytest.raises(Unavailable) as caught:
        asyncio.run(hook(listener.url, tmp_path).post({}))

    assert f"notify.webhook: its URL was answered with {status}" == str(caught.value)
    assert 1 == len(listener.asked), "no redirect is followed, nothing is repeated"


def test_nobody_there_is_told_without_the_url(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        asyncio.run(hook(f"http://127.0.0.1:9/{SECRET}", tmp_path).get())

    assert "notify.webhook: its URL had no answer" == str(caught.value)
    assert caught.value.__cause__ is None, "what was chained would name it"


@pytest.mark.parametrize("url", ["ftp://a.example/x", "hook-secret", "https://", "https://me:hook-secret@a.example/"])
def test_what_is_no_url_is_refused_without_being_shown(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        hook(url, tmp_path)

    assert "hook-secret" not in str(caught.value) and "notify.webhook" in str(caught.value)


def test_a_program_gets_the_json_on_standard_input_and_none_of_our_settings(tmp_path: Path) -> None:
    code = "import os,sys; open(sys.argv[1],'wb').write(sys.stdin.buffer.read()+repr(sorted(os.environ)).encode())"
    environment = plain_environment({"PATH": "/bin", "CAMPAIGN_KEYS__TOKEN_KEY": "00", "HOME": "/tmp"})
    program = Program([sys.executable, "-c", code, str(tmp_path / "got; $(x)")], environment)

    asyncio.run(program.run(b'{"kind": "disk"}'))

    got = (tmp_path / "got; $(x)").read_text()
    assert got.startswith('{"kind": "disk"}') and "HOME" in got and "CAMPAIGN" not in got


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with 3"),
        (["/nowhere/notify"], "cannot be started: No such file"),
    ],
)
def test_a_program_that_fails_is_told_by_its_name(command: list[str], said: str) -> None:
    with pytest.raises(Unavailable, match=said):
        asyncio.run(Program(command, {}).run(b"{}"))
