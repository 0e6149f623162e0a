"""tend: what a process that publishes does besides, after each good look: notices, and the dead man's switch."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from campaign.core.errors import CampaignError
from campaign.service import App
from campaign.service.health import clock_trouble, health, healthy, room
from campaign.service.notify import Notifier, over, tell
from campaign.store import heartbeats, notices

OFTEN = 1.0  # seconds between two rounds; looks may follow each other faster
EVERY = 60.0  # seconds between two pings, and between two tries of one that failed


class Tend:
    """To be awaited after each look that went well; never two at once.

    Args:
        notifier: hands open notices over.
        ping: resets the dead man's switch, or raises; it is not asked while health is bad. None: there is none.
    """

    def __init__(self, app: App, notifier: Notifier, ping: Callable[[], Awaitable[None]] | None = None) -> None:
        self._app, self._notifier, self._ping = app, notifier, ping
        self._host = socket.gethostname()
        self._began = self._pinged = float("-inf")
        self._failing = False

    async def __call__(self) -> None:
        """Write the news of disk and clock, hand over what is due, ping."""
        now = self._app.clock.uptime()
        if now - self._began < OFTEN:
            return
        self._began = now
        await asyncio.to_thread(self._look)
        await self._notifier()
        if self._ping is not None and now - self._pinged >= EVERY:
            await self._reset(self._ping)

    def _look(self) -> None:
        """Each machine has its own disks and its own clock; what is open about one that is gone is closed."""
        app, host = self._app, self._host
        for kind, trouble in (("disk", room(app)), ("clock", clock_trouble(app.clock_offset()))):
            wanted = {host} if trouble is not None else set()
            with app.store.read() as tx:
                known = notices.subjects(tx, kind)
                others = {beat.host for beat in heartbeats.heartbeats_now(tx)} - {host} if known else set()
            if known - others == wanted:
                continue
            with app.store.begin() as tx:
                if trouble is not None and tell(app, tx, kind, host, error=trouble):
                    app.log(f"{kind}.failed", error=trouble)
                for gone in known - others - wanted:
                    over(app, tx, kind, gone)
                    app.log(f"{kind}.well", host=gone)

    async def _reset(self, ping: Callable[[], Awaitable[None]]) -> None:
        if not healthy(await asyncio.to_thread(health, self._app)):
            return
        self._pinged = self._app.clock.uptime()
        try:
            await ping()
        except CampaignError as error:
            if not self._failing:  # said once while it lasts
                self._app.log("ping.failed", error=str(error))
            self._failing = True
            return
        if self._failing:
            self._app.log("ping.well")
        self._failing = False
