"""Start the sandbox: as a process of its own, inside a test, or inside another application."""

import asyncio
import contextlib
import fcntl
import http.client
import importlib
import importlib.util
import json
import os
import pkgutil
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from campaign import sandbox
from campaign.sandbox import control, pages
from campaign.sandbox.books import Books
from campaign.sandbox.clock import PlatformClock
from campaign.sandbox.front import Front
from campaign.sandbox.limits import Limit, Limits, Throttle
from campaign.sandbox.rooms import Account, Rooms
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Cuttable

# Each package here that has a module `rooms` is a platform, or a tool that translates; Mastodon's addresses are the
# oldest and come first.
_PACKAGES = [
    module.name
    for module in pkgutil.iter_modules(sandbox.__path__)
    if module.ispkg and importlib.util.find_spec(f"{sandbox.__name__}.{module.name}.rooms")
]
ROOMS: dict[str, Rooms] = {
    name: importlib.import_module(f"{sandbox.__name__}.{name}.rooms").ROOMS
    for name in sorted(_PACKAGES, key=lambda name: (name != "mastodon", name))
}
PLATFORMS = tuple(name for name, rooms in ROOMS.items() if rooms.publishes)
ACCOUNTS = tuple(ROOMS["mastodon"].accounts)


# Wide enough for weeks that pass in a minute: windows are real time.
WIDE = Limits(**dict.fromkeys(("token", "user", "anonymous", "media", "delete"), Limit(100_000, 300)))
# Of Mastodon, or by platform; None: the usual ones.
Accounts = Sequence[Account] | Mapping[str, Sequence[Account]] | None


def create_app(sandbox: Sandbox) -> ASGIApp:
    """Return the application alone. Faults that cut the connection need run() or Twin."""
    handlers = {kind: handler for rooms in ROOMS.values() for kind, handler in rooms.errors.items()}
    routes = [route for rooms in ROOMS.values() for route in rooms.routes]
    app = Starlette(routes=[*control.ROUTES, *routes, *pages.ROUTES], exception_handlers=handlers)
    app.state.sandbox = sandbox
    app.state.pages = pages.Pages()
    app.state.codes = {}
    for rooms in ROOMS.values():
        sandbox.books.script(rooms.schema)
    app.state.rooms = ROOMS
    return Front(app, sandbox, tuple(ROOMS.values()))


def run(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock_file: Path | None = None,
    seed: int = 2019,
    platforms: Sequence[str] = PLATFORMS,
    accounts: Accounts = None,
    limits: Limits | None = None,
    wide: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. `folder/sandbox.json` says where, as soon as it listens."""
    house = _House(
        folder,
        host=host,
        port=port,
        clock_file=clock_file,
        seed=seed,
        platforms=platforms,
        accounts=accounts,
        limits=limits,
        wide=wide,
    )
    with contextlib.closing(house):
        house.server.run(sockets=[house.socket])


class Twin:
    """A sandbox in a thread, for tests: `with Twin(folder) as twin: twin.base_url, twin.tokens, twin.books()`."""

    def __init__(
        self,
        folder: Path,
        *,
        clock_file: Path | None = None,
        seed: int = 2019,
        accounts: Accounts = None,
        limits: Limits | None = None,
        key_lifetime: float = 3600.0,
        port: int = 0,
        platforms: Sequence[str] = PLATFORMS,
        wide: bool = False,
    ) -> None:
        self.folder = folder
        self._start = partial(
            _House,
            folder,
            port=port,
            clock_file=clock_file,
            seed=seed,
            platforms=platforms,
            accounts=accounts,
            limits=limits,
            wide=wide,
            key_lifetime=key_lifetime,
        )
        self._house: _House | None = None
        self._thread: threading.Thread | None = None
        self.base_url = ""
        self.tokens: dict[str, str] = {}  # of Mastodon's accounts
        self.opened: dict[str, dict[str, dict[str, str]]] = {}  # platform → account → what a client must know

    def __enter__(self) -> Self:
        house = self._house = self._start()
        self._thread = threading.Thread(target=house.server.run, kwargs={"sockets": [house.socket]}, daemon=True)
        self._thread.start()
        if not house.listening.wait(10):
            raise RuntimeError("the sandbox did not start within 10 seconds")
        self.base_url, self.opened = house.sandbox.base_url, house.opened
        self.tokens = {name: told["token"] for name, told in house.opened.get("mastodon", {}).items()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._house is not None and self._thread is not None  # noqa: S101 - set on entry
        self._house.server.stop()
        self._thread.join(10)
        self._house.close()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def books(self, account: str | None = None, platform: str | None = None) -> list[dict[str, Any]]:
        """Return one row per post ever accepted, by platform, oldest first."""
        return books(self.base_url, account, platform)

    def requests(self) -> list[dict[str, Any]]:
        """Return every request that could change something, also those whose answer was lost."""
        rows: list[dict[str, Any]] = []
        while page := self.ask("GET", "/_books/requests", after=rows[-1]["seq"] if rows else 0):
            rows += page
        return rows

    def counters(self) -> dict[str, int]:
        told: dict[str, int] = self.ask("GET", "/_books/counters")
        return told

    def counts(self, ident: str, at: str | None = None) -> dict[str, Any]:
        told: dict[str, Any] = self.ask("GET", "/_books/counts", id=ident, **({"at": at} if at else {}))
        return told

    def open_account(self, name: str, **told: str) -> str:
        """Return a new token of the account; display_name, locale, scopes and app may be given."""
        token: str = self.ask("POST", "/_accounts", {"name": name} | told)["token"]
        return token

    def fault(
        self,
        name: str,
        *,
        method: str | None = None,
        path: str | None = None,
        account: str | None = None,
        times: int | None = None,
        **args: Any,
    ) -> dict[str, Any]:
        """Cue a fault. Without `times`: once, or, for a standing one, until cleared."""
        match = {k: v for k, v in {"method": method, "path": path, "account": account}.items() if v is not None}
        told = {"fault": name, "match": match, "args": args} | ({} if times is None else {"times": times})
        answered: dict[str, Any] = self.ask("POST", "/_faults", told)
        return answered

    def faults(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.ask("GET", "/_faults")
        return told

    def clear(self) -> None:
        self.ask("DELETE", "/_faults")

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return ask(self.base_url, method, path, body, **query)


def books(base_url: str, account: str | None = None, platform: str | None = None) -> list[dict[str, Any]]:
    """Return the books of a sandbox that runs anywhere on this machine."""
    rows: list[dict[str, Any]] = []
    named = {"account": account} if account else {}
    for name in (platform,) if platform else PLATFORMS:
        after = ""
        while page := ask(base_url, "GET", "/_books", platform=name, after=after, **named):
            rows += page
            after = page[-1]["cursor"]
    return rows


def ask(base_url: str, method: str, path: str, body: Any = None, **query: Any) -> Any:
    """Ask the control side of a sandbox; raise RuntimeError with its words when it refuses."""
    connection = http.client.HTTPConnection(base_url.partition("://")[2], timeout=30)
    with contextlib.closing(connection):
        sent = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if sent else {}
        connection.request(method, f"{path}?{urlencode(query)}" if query else path, sent, headers)
        response = connection.getresponse()
        told = json.loads(response.read())
    if response.status >= 400:
        raise RuntimeError(f"{method} {path}: {response.status} {told['error']}")
    return told


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it listens, and ends with 0 on SIGTERM."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
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


class _House:
    """Folder, lock, socket and server of one sandbox."""

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int,
        clock_file: Path | None,
        seed: int,
        platforms: Sequence[str],
        accounts: Accounts,
        limits: Limits | None,
        wide: bool = False,
        key_lifetime: float = 3600.0,
    ) -> None:
        if unknown := set(platforms) - set(PLATFORMS):
            raise ValueError(f"no twin of {', '.join(sorted(unknown))}; there are: {', '.join(PLATFORMS)}")
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "sandbox.json"
        self._lock = _lock(folder)
        self.socket = _bind(host, port, self._file)
        self._host, self._port = host, self.socket.getsockname()[1]
        base_url = f"http://{host}:{self._port}"
        self.sandbox = Sandbox(Books(folder), PlatformClock(clock_file), base_url, seed, key_lifetime=key_lifetime)
        self.sandbox.wide = wide
        if limits is not None or wide:
            self.sandbox.throttle = Throttle(limits or WIDE)
        app = create_app(self.sandbox)
        named = {"mastodon": accounts} if isinstance(accounts, Sequence) else dict(accounts or {})
        self.opened = {
            name: {told["name"]: told for told in self._open(ROOMS[name], named.get(name))} for name in platforms
        }
        self.listening = threading.Event()
        config = uvicorn.Config(
            app,
            http=Cuttable,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self.server = _Server(config, self._tell)

    def _open(self, rooms: Rooms, accounts: Sequence[Account] | None) -> list[dict[str, str]]:
        return [rooms.open(self.sandbox, account) for account in (rooms.accounts if accounts is None else accounts)]

    def _tell(self) -> None:
        base_url = self.sandbox.base_url
        told = {
            "pid": os.getpid(),
            "port": self._port,
            "base_url": base_url,
            "platforms": {
                # Where the real addresses of two platforms are the same, a twin's lie below a path of its own.
                name: {
                    "base_url": next((told["base_url"] for told in opened.values() if "base_url" in told), base_url),
                    "accounts": list(opened.values()),
                }
                for name, opened in self.opened.items()
            },
        }
        half = self._file.with_name(f"sandbox.json.{secrets.token_hex(4)}")
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(told, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self._file)
        self.listening.set()

    def close(self) -> None:
        self.socket.close()
        self.sandbox.books.close()
        os.close(self._lock)


def _lock(folder: Path) -> int:
    """Hold the folder; the lock is gone with the process, however it ends."""
    lock = os.open(folder / "sandbox.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise RuntimeError(f"another sandbox runs in {folder}") from error
    return lock


def _bind(host: str, port: int, file: Path) -> socket.socket:
    """Take the port asked for; else the one of last time, so that addresses stay; else any."""
    wanted = [port] if port else [*_last_port(file), 0]
    for candidate in wanted:
        # asyncio turns Nagle off only where the protocol is named; else each answer waits 40 ms for an ACK.
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, candidate))
        except OSError:
            found.close()
            if candidate == wanted[-1]:
                raise
            continue
        found.listen(1024)
        return found
    raise RuntimeError("no port")


def _last_port(file: Path) -> list[int]:
    try:
        port = json.loads(file.read_text(encoding="utf-8"))["port"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [port] if isinstance(port, int) and 0 < port < 65536 else []
