"""The desk as a process: one socket, one server, and a file that says where it listens."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from campaign import bootstrap
from campaign.config import Settings
from campaign.core.errors import Conflict
from campaign.store import logins
from campaign.web.front import is_wildcard
from campaign.web.pages import create_app


class Server(uvicorn.Server):
    """uvicorn's server, which says when it listens, and ends with 0 on SIGTERM."""

    def __init__(self, app: ASGIApp, listening: Callable[[], None] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._listening = listening
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again at the end, and the process would not end with 0.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {sign: signal.signal(sign, self._stop) for sign in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    async def main_loop(self) -> None:
        # uvicorn looks ten times a second whether it shall stop, and then waits for another tenth.
        self._stopped, self._loop = asyncio.Event(), asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(3):  # rounds of the loop, in which idle connections end
            await asyncio.sleep(0)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)

    def stop(self) -> None:
        """Stop at once; from any thread, or a signal's handler."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stopped.set)

    def _stop(self, sign: int, frame: FrameType | None) -> None:
        self.stop()


def run(settings: Settings, port: int | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return 0. Raises: Conflict when the address is taken."""
    app = bootstrap.open_patiently(settings, log=bootstrap.make_log(settings))
    file = settings.root / "web.json"
    with contextlib.closing(app.store), contextlib.closing(bind(settings.web.host, port, settings.web.port)) as bound:
        number = bound.getsockname()[1]
        host = settings.web.host
        shown = "localhost" if is_wildcard(host) else f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{number}/"
        with app.store.read() as tx:
            nobody = not logins.has_password(tx)

        def tell() -> None:
            _write(file, {"pid": os.getpid(), "port": number, "url": url})
            print(f"desk: {url}", file=sys.stderr, flush=True)
            if nobody:
                say = "nobody has a password for the desk yet; make a one-time link with: campaign user link NAME"
                print(say, file=sys.stderr, flush=True)

        try:
            Server(create_app(app, settings), tell).run(sockets=[bound])
        finally:
            _forget(file)
    return 0


def bind(host: str, asked: int | None, usual: int) -> socket.socket:
    """Return a listening socket. Raises: Conflict when the address cannot be had."""
    port = usual if asked is None else asked
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle off only where the protocol is named; else each answer waits 40 ms for an ACK.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise Conflict(f"the desk cannot listen on {host}:{port} ({error.strerror}); choose another port") from error
    return bound


def _write(file: Path, told: dict[str, object]) -> None:
    half = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    half.write_text(json.dumps(told), encoding="utf-8")
    half.replace(file)


def _forget(file: Path) -> None:
    # Another desk may have started meanwhile: its file stays.
    with contextlib.suppress(OSError, ValueError):
        if json.loads(file.read_text(encoding="utf-8")).get("pid") == os.getpid():
            file.unlink()
