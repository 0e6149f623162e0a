"""Our own HTTP/1.1 transport under httpx, which knows what left."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import h11
import httpx

from campaign.core.errors import Refused, shown
from campaign.net.connection import Connection
from campaign.net.line import Line
from campaign.net.pool import Pool

AddressCheck = Callable[[str, str], None]  # (host, ip) → None, or it raises
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]  # (host, port) → IP addresses, best first

REPEATABLE = frozenset({"GET", "HEAD"})
MAX_INFORMATIONAL = 20  # 1xx answers before the real one


class Transport(httpx.AsyncBaseTransport):
    """Carries requests over connections of its own; one per event loop.

    It reads from `request.extensions`: `line` (a Line), `timeout` (httpx's), `deadline` (seconds for the whole
    exchange), `fresh_within` (seconds that a used connection may have been idle) and `guard` (an AddressCheck instead
    of the transport's own). It repeats nothing but a GET or HEAD to which a reused connection gave no byte.

    Args:
        guard: called with every address of a host before it is connected to.
        resolver: how a name becomes addresses; the address that was checked is the one connected to.
        max_body: bytes of an answer's body.
        max_connections: at once and per origin.
        keep_alive: seconds for which an idle connection is kept.
        deadline: seconds for a whole exchange whose request names none.
        only: the one host and port that may be spoken to, whatever a request's own guard allows; None: any.
    """

    def __init__(
        self,
        *,
        guard: AddressCheck | None = None,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_body: int = 16 * 1024 * 1024,
        max_connections: int = 100,
        max_idle: int = 100,
        keep_alive: float = 15.0,
        deadline: float = 300.0,
        only: tuple[str, int] | None = None,
    ) -> None:
        self._only = only
        self._guard, self._resolver, self._ssl = guard, resolver or _resolve, ssl_context
        self._max_body, self._deadline = max_body, deadline
        self._pool_size = max_connections, max_idle, keep_alive
        self._keep_alive = keep_alive
        self._pools: dict[tuple[str, str, int], Pool] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, the body still to be read."""
        line = request.extensions.get("line") or Line()
        line.state = "not_sent"
        if self._closed:
            raise httpx.ConnectError("the transport is closed", request=request)
        loop = asyncio.get_running_loop()
        exchange = _Exchange(request, line, loop, self._deadline)
        key = _origin(request)
        if self._only is not None and key[1:] != self._only:
            raise Refused(f"{shown(key[1])}:{key[2]} is not the one host that may be spoken to here; nothing was sent")
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = Pool(*self._pool_size)
        try:
            await pool.enter(exchange.until("pool") - loop.time())
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection became free", request=request) from error
        connection: Connection | None = None
        try:
            while True:
                connection = await self._connection(pool, key, exchange)
                line.peer = connection.peer
                try:
                    answer = await exchange.perform(connection)
                    break
                except (httpx.NetworkError, httpx.RemoteProtocolError):
                    # RFC 9112 §9.3.1: only an idempotent request may be repeated on the client's own account.
                    if not _stale(connection, request):
                        raise
                    connection.abort()
                    exchange.fresh_within = 0.0
        except BaseException:
            if connection is not None:
                connection.abort()
            pool.leave()
            raise
        return httpx.Response(
            answer.status_code,
            headers=answer.headers.raw_items(),
            stream=_Body(self, pool, connection, exchange),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": answer.reason, "peer": connection.peer},
            request=request,
        )

    async def aclose(self) -> None:
        """Close what is idle now, and what becomes idle later."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for pool in self._pools.values():
            pool.close()
        await asyncio.sleep(0)  # the event loop closes sockets in its next turn

    @property
    def max_body(self) -> int:
        return self._max_body

    def give_back(self, pool: Pool, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        """Keep the connection for the next request, unless anything speaks against it."""
        parser = connection.parser
        done = parser.our_state is h11.DONE and parser.their_state is h11.DONE and not parser.trailing_data[0]
        if done and not self._closed and connection.stands():
            parser.start_next_cycle()
            pool.keep(connection, loop.time())
            if self._sweeper is None:
                self._sweeper = loop.call_later(self._keep_alive, self._sweep, loop)
        else:
            connection.close()
        pool.leave()

    async def _connection(self, pool: Pool, key: tuple[str, str, int], exchange: "_Exchange") -> Connection:
        guard: AddressCheck | None = exchange.request.extensions.get("guard") or self._guard
        kept = pool.take(exchange.loop.time(), exchange.fresh_within)
        if kept is not None:
            if guard is not None:  # another account, with other rights, may have opened it
                try:
                    guard(key[1], kept.peer)
                except BaseException:
                    kept.abort()
                    raise
            return kept
        until = exchange.until("connect")
        try:
            async with asyncio.timeout_at(until):
                return await self._connect(key, guard, until, exchange.loop)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {key[1]} in time", request=exchange.request) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"no connection to {key[1]}: {error}", request=exchange.request) from error

    async def _connect(
        self, key: tuple[str, str, int], guard: AddressCheck | None, until: float, loop: asyncio.AbstractEventLoop
    ) -> Connection:
        scheme, host, port = key
        addresses = [host] if _is_address(host) else list(await self._resolver(host, port))
        if not addresses:
            raise OSError("the name has no address")
        if guard is not None:
            for address in addresses:
                guard(host, address)
        secure: dict[str, Any] = {}
        if scheme == "https":
            secure = {"ssl": self._context(), "server_hostname": host}
        failure: OSError | None = None
        for number, address in enumerate(addresses):
            # One silent address must not use up the time of the others.
            share = loop.time() + (until - loop.time()) / (len(addresses) - number)
            try:
                async with asyncio.timeout_at(share):
                    _, connection = await loop.create_connection(lambda: Connection(loop), address, port, **secure)
            except OSError as error:  # TimeoutError is one
                failure = error
            else:
                connection.peer = address
                return connection
        assert failure is not None  # noqa: S101
        raise failure

    def _context(self) -> ssl.SSLContext:
        if self._ssl is None:
            self._ssl = ssl.create_default_context()
            self._ssl.set_alpn_protocols(["http/1.1"])
        return self._ssl

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        left = [pool.sweep(loop.time()) for pool in self._pools.values()]
        self._sweeper = loop.call_later(self._keep_alive, self._sweep, loop) if any(left) else None


class _Exchange:
    """One request on its way, and the times it has."""

    def __init__(
        self, request: httpx.Request, line: Line, loop: asyncio.AbstractEventLoop, default_deadline: float
    ) -> None:
        self.request, self.line, self.loop = request, line, loop
        extensions = request.extensions
        self.fresh_within: float | None = extensions.get("fresh_within")
        self._informational = 0
        self._times: Mapping[str, float | None] = extensions.get("timeout") or {}
        self._deadline: float = loop.time() + extensions.get("deadline", default_deadline)

    def until(self, what: str) -> float:
        """Return the loop time at which waiting for this must end."""
        seconds = self._times.get(what)
        return self._deadline if seconds is None else min(self._deadline, self.loop.time() + seconds)

    async def perform(self, connection: Connection) -> h11.Response:
        """Send the request and return the head of the final answer."""
        try:
            answer = await self._send(connection)
            while answer is None:
                answer = self._final(await self.event(connection))
            return answer
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error), request=self.request) from error

    async def event(self, connection: Connection) -> h11.Event:
        """Return the next event of the answer."""
        try:
            while True:
                event = connection.parser.next_event()
                if event is not h11.NEED_DATA:
                    return cast(h11.Event, event)
                data = await connection.read(self.until("read"))
                if not data and not connection.heard:
                    raise httpx.RemoteProtocolError("the server closed without an answer", request=self.request)
                connection.parser.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error), request=self.request) from error
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=self.request) from error
        except OSError as error:
            raise httpx.ReadError(str(error), request=self.request) from error

    async def _send(self, connection: Connection) -> h11.Response | None:
        request, parser = self.request, connection.parser
        head = h11.Request(
            method=request.method.encode("ascii"), target=request.url.raw_path, headers=request.headers.raw
        )
        # The head waits for the first piece of the body: a body that cannot be read has then sent nothing.
        pending = parser.send(head) or b""
        answer: h11.Response | None = None
        if isinstance(request.stream, httpx.ByteStream):
            for piece in request.stream:
                if piece:
                    pending += parser.send(h11.Data(piece)) or b""
        else:
            async for piece in _pieces(request.stream):
                answer = await self._write(connection, pending + (parser.send(h11.Data(piece)) or b"")) or answer
                pending = b""
                # RFC 9112 §9.5: who is told no while still sending should stop; the connection is then of no more use.
                if answer is not None and answer.status_code >= 300:
                    return answer
                if connection.lost:
                    return answer
        answer = await self._write(connection, pending + (parser.send(h11.EndOfMessage()) or b"")) or answer
        self.line.gone()
        return answer

    async def _write(self, connection: Connection, data: bytes) -> h11.Response | None:
        """Write, and return the answer if it came before we were through."""
        if not data:
            return None
        if self.line.state != "sent":
            self.line.leave()
        self.line.state = "sent"
        connection.write(data)
        try:
            await connection.flush(self.until("write"))
        except TimeoutError as error:
            raise httpx.WriteTimeout("the server takes no more", request=self.request) from error
        if connection.waiting and connection.parser.our_state is h11.SEND_BODY:
            return self._final(await self.event(connection))
        return None

    def _final(self, event: h11.Event) -> h11.Response | None:
        if isinstance(event, h11.Response):
            return event
        if isinstance(event, h11.InformationalResponse):
            self._informational += 1
            if self._informational <= MAX_INFORMATIONAL:
                return None
        raise httpx.RemoteProtocolError(f"no answer but {type(event).__name__}", request=self.request)


class _Body(httpx.AsyncByteStream):
    """The answer's body. Read to its end it gives the connection back; left early it closes it."""

    def __init__(self, transport: Transport, pool: Pool, connection: Connection, exchange: _Exchange) -> None:
        self._transport, self._pool, self._connection, self._exchange = transport, pool, connection, exchange
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, limit = 0, self._transport.max_body
        try:
            while self._open:
                event = await self._exchange.event(self._connection)
                if isinstance(event, h11.Data):
                    size += len(event.data)
                    if size > limit:
                        raise httpx.RemoteProtocolError(
                            f"the answer is longer than {limit} bytes", request=self._exchange.request
                        )
                    yield bytes(event.data)
                else:  # EndOfMessage
                    self._open = False
                    self._transport.give_back(self._pool, self._connection, self._exchange.loop)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._connection.abort()
            self._pool.leave()


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)  # SOCK_STREAM
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _pieces(stream: httpx.AsyncByteStream | httpx.SyncByteStream) -> AsyncIterator[bytes]:
    if isinstance(stream, httpx.AsyncByteStream):
        async for piece in stream:
            if piece:
                yield piece
    else:
        for piece in cast(Iterable[bytes], stream):
            if piece:
                yield piece


def _origin(request: httpx.Request) -> tuple[str, str, int]:
    url = request.url
    if url.scheme not in {"http", "https"}:
        raise httpx.UnsupportedProtocol(f"not http or https: {url.scheme!r}", request=request)
    if not url.raw_host:
        raise httpx.UnsupportedProtocol("the URL names no host", request=request)
    return url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)


def _stale(connection: Connection, request: httpx.Request) -> bool:
    whole = isinstance(request.stream, httpx.ByteStream)  # anything else was used up by the first try
    return connection.reused and not connection.heard and connection.lost and whole and request.method in REPEATABLE


def _is_address(host: str) -> bool:
    if host[0] not in "0123456789" and ":" not in host:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
