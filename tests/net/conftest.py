"""A peer made of raw sockets, that says itself what it received; clocks; and a client with a witness."""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx
import pytest

from campaign.net.client import Client, Timeouts
from campaign.net.guard import Guard
from campaign.net.transport import Transport

TINY = Timeouts(connect=0.3, read=0.15, write=0.15, pool=0.3, total=0.4)


class Peer:
    """Listens on 127.0.0.1 and behaves as its fault says, once for each connection."""

    def __init__(self, fault: Callable[["Peer", socket.socket], Awaitable[None]]) -> None:
        self.fault = fault
        self.received = b""
        self.requests = 0
        self.connections = 0
        self.trouble: list[BaseException] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Peer":
        self.loop = asyncio.get_running_loop()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._serving = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in [self._serving, *self._tasks]:
            task.cancel()
        await asyncio.gather(self._serving, *self._tasks, return_exceptions=True)
        self.listener.close()
        assert not self.trouble, self.trouble

    @property
    def was_asked(self) -> bool:
        """Whether any byte of an HTTP request arrived; a TLS greeting is none."""
        return bool(self.received) and not self.received.startswith(b"\x16")

    async def request(self, conn: socket.socket) -> bytes:
        """Read one whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self.some(conn)
        self.requests += 1
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        chunked = b"transfer-encoding: chunked" in head.lower()
        while len(body) < int(length[1] if length else 0) or (chunked and not body.endswith(b"0\r\n\r\n")):
            body += await self.some(conn)
        return head + b"\r\n\r\n" + body

    async def some(self, conn: socket.socket) -> bytes:
        data = await self.loop.sock_recv(conn, 65536)
        if not data:
            raise ConnectionAbortedError
        self.received += data
        return data

    async def send(self, conn: socket.socket, data: bytes) -> None:
        await self.loop.sock_sendall(conn, data)

    async def gone(self, conn: socket.socket) -> None:
        """Wait until the other side has left."""
        with contextlib.suppress(ConnectionError):
            while await self.loop.sock_recv(conn, 65536):
                pass

    async def _serve(self) -> None:
        while True:
            conn, _ = await self.loop.sock_accept(self.listener)
            conn.setblocking(False)
            self.connections += 1
            task = asyncio.create_task(self._handle(conn))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _handle(self, conn: socket.socket) -> None:
        try:
            await self.fault(self, conn)
        except ConnectionError:
            pass
        except Exception as error:  # noqa: BLE001  reported when the peer ends
            self.trouble.append(error)
        finally:
            conn.close()


def answering(data: bytes) -> Callable[[Peer, socket.socket], Awaitable[None]]:
    """A peer that answers every request with these bytes and keeps the connection."""

    async def answer(peer: Peer, conn: socket.socket) -> None:
        while True:
            await peer.request(conn)
            await peer.send(conn, data)

    return answer


def message(body: bytes = b'{"id":"1"}', status: str = "200 OK", *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


class RealClock:
    boot = "test"

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    uptime = monotonic

    async def wait_until(self, instant: datetime) -> None:
        raise NotImplementedError


class Witness(httpx.AsyncBaseTransport):
    """Lets everything through and remembers the requests with their lines."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()

    @property
    def line(self):
        return self.requests[-1].extensions["line"]


class Desk:
    """A client with its witness and the exchanges it left."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None, **more) -> None:
        self.witness = Witness(transport or Transport())
        self.kept = []
        more.setdefault("guard", Guard(["127.0.0.1", "localhost", "nobody.invalid"], private=True))
        more.setdefault("timeouts", TINY)
        more.setdefault("token", "tok-SECRET-1234567890")
        self.client = Client(
            base_url=url,
            transport=self.witness,
            sink=self.kept.append,
            clock=RealClock(),
            label="twin account kr",
            **more,
        )

    async def __aenter__(self) -> "Desk":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.witness.aclose()


class House:
    """What the tests of this room share."""

    Peer, Desk, RealClock, Witness = Peer, Desk, RealClock, Witness
    answering, message = staticmethod(answering), staticmethod(message)


@pytest.fixture(scope="session")
def house() -> type[House]:
    return House
