"""Errands: what a page asks of a platform while a person waits for it."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from campaign.core.errors import Conflict
from campaign.web.desk import Desk

T = TypeVar("T")

WAIT = 30.0  # seconds of real time for the one network of this process
_NETWORK = threading.Lock()  # connections belong to one event loop at a time


def ask(desk: Desk, work: Coroutine[Any, Any, T]) -> T:
    """Run what speaks to a platform to its end, and close its connections. Raises: Conflict: somebody else asks."""

    async def all_of_it() -> T:
        try:
            return await work
        finally:
            await desk.app.close_network()

    if not _NETWORK.acquire(timeout=WAIT):
        work.close()
        raise Conflict("another account is being asked just now; try again in a moment")
    try:
        return asyncio.run(all_of_it())
    finally:
        _NETWORK.release()
