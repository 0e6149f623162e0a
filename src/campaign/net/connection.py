"""One socket to one peer: what has arrived, whether it still stands, and whether it takes more."""

import asyncio
import select

import h11

MAX_HEAD = 64 * 1024  # bytes of a response head
ENOUGH = 256 * 1024  # bytes that may wait here before the socket is left unread


class Connection(asyncio.Protocol):
    """A protocol of our own and no StreamReader: that one forgets what arrived before a reset, an early answer say."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self.peer = ""
        self.reused = False
        self.heard = False  # whether any byte of the current answer has arrived
        self.idle_since = 0.0
        self._loop = loop
        self._arrived: list[bytes] = []
        self._waiting = 0  # bytes in _arrived
        self._ended = False
        self._error: Exception | None = None
        self._full = False  # whether the write buffer is above its mark
        self._waiter: asyncio.Future[bool] | None = None
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()

    def stands(self) -> bool:
        """Whether the connection may carry another request: the peer has said nothing since, not even goodbye."""
        if self._ended or self._error or self._arrived or self._transport is None or self._transport.is_closing():
            return False
        # The event loop may not have looked at the socket yet. Readable means data nobody asked for, or its end.
        return not self._poll.poll(0) and not self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def flush(self, until: float) -> None:
        """Return when more may be written, or when something came meanwhile. Raises TimeoutError."""
        while self._full and not self._arrived and not self.lost:
            await self._wait(until)

    async def read(self, until: float) -> bytes:
        """Return what has arrived, or b"" at the end. Raises TimeoutError, and OSError once all is read."""
        while not self._arrived:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            await self._wait(until)
        data = self._arrived[0] if len(self._arrived) == 1 else b"".join(self._arrived)
        if self._waiting > ENOUGH and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        self._arrived.clear()
        self._waiting = 0
        return data

    @property
    def waiting(self) -> bool:
        """Whether something is there to read."""
        return bool(self._arrived)

    @property
    def lost(self) -> bool:
        """Whether nothing more can come; what came before may still be read."""
        return self._ended or self._error is not None

    def close(self) -> None:
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():  # a peer that stopped reading would keep it open for ever
            self._transport.abort()
        else:
            self._transport.close()

    def abort(self) -> None:
        """End it without a word: what is under way on it must not be taken for an answer."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        self.heard = True
        self._arrived.append(data)
        before, self._waiting = self._waiting, self._waiting + len(data)
        if before <= ENOUGH < self._waiting and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    async def _wait(self, until: float) -> None:
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_at(until, _expire, waiter)
        try:
            if not await waiter:
                raise TimeoutError
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)


def _expire(waiter: "asyncio.Future[bool]") -> None:
    if not waiter.done():
        waiter.set_result(False)
