"""What every engine turns: the pump that keeps the slots full, and the looks at what else is due."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

from campaign.service import App
from campaign.service.health import room
from campaign.service.publish import carry, step_back, take
from campaign.service.work import Work
from campaign.service.writer import Writer

LEAST = 4  # deliveries that are held ready at least, while more are due than there are slots
AHEAD = 0.25  # seconds' worth of work that is held ready: quick platforms get large claims, slow ones small ones


class Pump:
    """Claims what is due and carries it, `slots` at a time, until nothing is due.

    It claims a little ahead of its slots, so that none stands empty while the next claim is made; what it holds ready
    is asked again at the line whether it may go.

    Args:
        over: called when it has run dry and nothing is under way any more.
        may_claim: asked before each claim; no: nothing new is begun. By default a nearly full disk says no.
    """

    def __init__(
        self,
        app: App,
        *,
        slots: int,
        over: Callable[[], None] = lambda: None,
        may_claim: Callable[[], bool] | None = None,
    ) -> None:
        self._app, self._slots, self._over = app, slots, over
        self._may_claim = may_claim or (lambda: room(app) is None)
        self._ready: deque[Work] = deque()
        self._carried: set[asyncio.Task[None]] = set()
        self._writer = Writer(app)
        self._claiming: asyncio.Task[None] | None = None
        self._again = False
        self._stopped = False
        self._over_with = 0
        self._room = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether anything is claimed, or about to be."""
        return self._claiming is not None or bool(self._carried or self._ready)

    @property
    def drained(self) -> bool:
        """Whether nothing more is due, as far as the last claim could see."""
        return self._claiming is None and not self._ready

    async def look(self) -> None:
        """Claim what is due now, as far as there is room; while there is more, go on by itself."""
        if self._claiming is not None:
            self._again = True
        elif not self._stopped and not await self._claim(self._slots - len(self._carried)):
            self._go_on()

    async def stop(self, within: float) -> None:
        """Claim nothing more; give what is under way so many seconds, and leave the rest where it is for confirm()."""
        self._stopped = True
        self._room.set()
        if self._claiming is not None:
            await asyncio.wait([self._claiming])
        ready, self._ready = list(self._ready), deque()
        given_back = [asyncio.ensure_future(self._give_back(work)) for work in ready]
        under_way = [*self._carried, *given_back]
        if under_way:
            await asyncio.wait(under_way, timeout=within)
        left = [task for task in under_way if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _claim(self, wanted: int, *, more: bool = False) -> bool:
        """Claim at most so many; return whether that was all that is due."""
        if wanted <= 0:
            return False
        if not await asyncio.to_thread(self._may_claim):
            return True
        works = await asyncio.to_thread(partial(take, self._app, wanted, more=more))
        self._ready.extend(works)
        self._fill()
        return len(works) < wanted

    def _go_on(self) -> None:
        if self._claiming is None and not self._stopped:
            self._claiming = asyncio.get_running_loop().create_task(self._keep_claiming())
            self._claiming.add_done_callback(self._dry)

    async def _keep_claiming(self) -> None:
        ahead, began, before = max(LEAST, self._slots), self._app.clock.uptime(), self._over_with
        dry = False
        while not self._stopped and (self._again or not dry):
            self._again = False
            await self._wait_for_room(ahead)
            if self._stopped:
                return
            now, done = self._app.clock.uptime(), self._over_with
            if now > began:
                ahead = max(LEAST, int((done - before) / (now - began) * AHEAD))
            began, before = now, done
            dry = await self._claim(self._slots + ahead - len(self._carried) - len(self._ready), more=True)

    async def _wait_for_room(self, ahead: int) -> None:
        """Return when at least half of what is to be held ready is gone: a claim is then worth it."""
        most = self._slots + ahead // 2
        while len(self._carried) + len(self._ready) > most and not self._stopped:
            self._room.clear()
            await self._room.wait()

    def _fill(self) -> None:
        while self._ready and len(self._carried) < self._slots and not self._stopped:
            task = asyncio.get_running_loop().create_task(carry(self._app, self._ready.popleft(), self._writer))
            self._carried.add(task)
            task.add_done_callback(self._carry_over)

    def _carry_over(self, task: "asyncio.Task[None]") -> None:
        self._carried.discard(task)
        self._over_with += 1
        if not task.cancelled() and task.exception() is not None:
            self._app.log("engine.failed", task="carry", error=f"{type(task.exception()).__name__}: {task.exception()}")
        self._fill()
        self._room.set()
        self._say_over()

    def _dry(self, task: "asyncio.Task[None]") -> None:
        self._claiming = None
        if not task.cancelled() and task.exception() is not None:
            self._app.log("engine.failed", task="claim", error=f"{type(task.exception()).__name__}: {task.exception()}")
        self._say_over()

    def _say_over(self) -> None:
        if not self.busy and not self._stopped:
            self._over()

    async def _give_back(self, work: Work) -> None:
        await step_back(self._app, work.delivery, self._writer, "the worker stops")
