"""The platform of the benchmark, in a process of its own: enough of the Mastodon API, a fixed latency, and books.

Where there is a C compiler it is stub.c; else this file is run as a program and does the same, slower:

    python -m tests.bench.stub MILLISECONDS     prints its port (127.0.0.1 only) and serves until it is killed
"""

import asyncio
import http.client
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

SOURCE = Path(__file__).with_name("stub.c")
PAGE_LIMIT = 40


@dataclass(frozen=True)
class Stub:
    """A running stub, as the benchmark asks it."""

    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self) -> int:
        """Return how many posts have arrived."""
        return int(self._asked("/count"))

    def books(self) -> list[dict[str, str]]:
        """Return every post that arrived, in order: its id, key and status."""
        return [json.loads(line) for line in self._asked("/books").splitlines()]

    def times(self) -> Counter[str]:
        """Return how often each status arrived."""
        return Counter(entry["status"] for entry in self.books())

    def _asked(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def program(folder: Path) -> list[str]:
    """Return the command that runs a stub: compiled in a folder, or Python where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    binary = folder / "stub"
    if compiler is not None and sys.platform == "linux":
        done = subprocess.run([compiler, "-O2", "-o", str(binary), str(SOURCE)], check=False, capture_output=True)
        if done.returncode == 0:
            return [str(binary)]
    return in_python()


def in_python() -> list[str]:
    return [sys.executable, "-m", "tests.bench.stub"]


@contextmanager
def running(command: list[str], latency: float) -> Iterator[Stub]:
    """Run a stub with empty books; latency in seconds."""
    root = Path(__file__).parent.parent.parent
    process = subprocess.Popen([*command, str(latency * 1000)], stdout=subprocess.PIPE, text=True, cwd=root)
    try:
        assert process.stdout is not None
        yield Stub(int(process.stdout.readline()), process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


class _Platform:
    """What has arrived, and the answers."""

    def __init__(self, latency: float) -> None:
        self.latency, self.port = latency, 0
        self.posts: list[dict[str, Any]] = []

    def answer(self, method: str, target: str, key: str, body: bytes) -> tuple[int, bytes, bool]:
        """Return status, body, and whether it comes after the latency."""
        url = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if (method, url.path) == ("POST", "/api/v1/statuses"):
            return (*self._make(key, body), True)
        if url.path == "/count":
            return 200, str(len(self.posts)).encode(), False
        if url.path == "/books":
            lines = [{name: post[name] for name in ("id", "key", "status")} for post in self.posts]
            return 200, "".join(json.dumps(line) + "\n" for line in lines).encode(), False
        if re.fullmatch(r"/api/v1/accounts/[^/]+/statuses", url.path):
            return 200, json.dumps(self._listed(asked)).encode(), True
        if found := re.fullmatch(r"/api/v1/statuses/(\d+)(/source)?", url.path):
            post = next((post for post in self.posts if post["id"] == found[1]), None)
            if post is not None:
                shown = {"id": post["id"], "text": post["status"], "spoiler_text": ""} if found[2] else self._full(post)
                return 200, json.dumps(shown).encode(), True
        return 404, b'{"error":"Record not found"}', True

    def _make(self, key: str, body: bytes) -> tuple[int, bytes]:
        try:
            status = str(json.loads(body)["status"])
        except (ValueError, KeyError, TypeError):
            return 422, b'{"error":"Validation failed: Text can\'t be blank"}'
        made = time.time_ns() // 1_000_000
        last = int(self.posts[-1]["id"]) if self.posts else 0
        post = {"id": str(max(made << 16, last + 1)), "key": key, "status": status, "made": made}
        self.posts.append(post)
        return 200, json.dumps({"id": post["id"], "url": self._url(post), "created_at": None}).encode()

    def _listed(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        since, before = int(asked.get("since_id", 0)), int(asked.get("max_id", 2**64))
        limit = min(PAGE_LIMIT, int(asked.get("limit", 20)))
        return [self._full(post) for post in reversed(self.posts) if since < int(post["id"]) < before][:limit]

    def _full(self, post: dict[str, Any]) -> dict[str, Any]:
        seconds, rest = divmod(post["made"], 1000)
        return {
            "id": post["id"],
            "url": self._url(post),
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03d}Z",
            "in_reply_to_id": None,
            "media_attachments": [],
            "content": post["status"],
        }

    def _url(self, post: dict[str, Any]) -> str:
        return f"http://127.0.0.1:{self.port}/@kr/{post['id']}"


class _Talk(asyncio.Protocol):
    """One connection: whole requests in, answers out."""

    def __init__(self, platform: _Platform) -> None:
        self._platform, self._in = platform, b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._in += data
        while (end := self._in.find(b"\r\n\r\n")) >= 0:
            start, _, lines = self._in[:end].decode("latin-1").partition("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines.split("\r\n"))
            }
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self._in) < whole:
                return
            body, self._in = self._in[end + 4 : whole], self._in[whole:]
            method, target, _ = start.split(" ")
            status, found, late = self._platform.answer(method, target, headers.get("idempotency-key", ""), body)
            head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(found)}\r\n\r\n"
            if late and self._platform.latency:
                self._loop.call_later(self._platform.latency, self._transport.write, head.encode() + found)
            else:
                self._transport.write(head.encode() + found)


async def _serve(latency: float) -> None:
    platform = _Platform(latency)
    server = await asyncio.get_running_loop().create_server(lambda: _Talk(platform), "127.0.0.1", 0, backlog=1024)
    platform.port = server.sockets[0].getsockname()[1]
    print(platform.port, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) / 1000))
