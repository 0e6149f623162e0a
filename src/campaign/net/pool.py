"""Idle connections of one origin, and how many may be in use at once."""

import asyncio
from collections import deque

from campaign.net.connection import Connection


class Pool:
    """The newest idle connection is used first, so that the oldest can grow old and go."""

    def __init__(self, slots: int, keep: int, keep_alive: float) -> None:
        self._slots = asyncio.Semaphore(slots)
        self._idle: deque[Connection] = deque()
        self._keep, self._keep_alive = keep, keep_alive

    async def enter(self, seconds: float) -> None:
        """Wait for a free slot. Raises TimeoutError."""
        if not self._slots.locked():
            await self._slots.acquire()
            return
        async with asyncio.timeout(seconds):
            await self._slots.acquire()

    def leave(self) -> None:
        self._slots.release()

    def take(self, now: float, fresh_within: float | None) -> Connection | None:
        """Return an idle connection that still stands, if there is one young enough."""
        within = self._keep_alive if fresh_within is None else min(fresh_within, self._keep_alive)
        while self._idle and now - self._idle[-1].idle_since < within:
            connection = self._idle.pop()
            if connection.stands():
                connection.reused, connection.heard = True, False
                return connection
            connection.abort()
        return None

    def keep(self, connection: Connection, now: float) -> None:
        connection.idle_since = now
        self._idle.append(connection)
        if len(self._idle) > self._keep:
            self._idle.popleft().close()

    def sweep(self, now: float) -> bool:
        """Close what has been idle for too long; return whether any is left."""
        while self._idle and now - self._idle[0].idle_since >= self._keep_alive:
            self._idle.popleft().close()
        return bool(self._idle)

    def close(self) -> None:
        while self._idle:
            self._idle.popleft().abort()  # nothing is under way, and a TLS farewell would outlive the event loop
