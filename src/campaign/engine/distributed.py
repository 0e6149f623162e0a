"""The distributed engine: any number of workers on any number of machines, over one PostgreSQL database.

The rows are the only truth; procrastinate spreads *ticks* over the workers, never posts. A publish tick claims batches
and keeps its worker's slots full until nothing is due; where more is due than it has slots for, it asks for one more
tick, so that an idle worker joins. A tick that is lost, late or doubled changes nothing: each worker looks at the rows
at the next due instant, when the database says that something was scheduled, and every `tick` seconds anyway.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from campaign.core.errors import Conflict, Invalid
from campaign.engine.crank import Pump
from campaign.engine.vigil import Pulse, Vigil, pulse_every
from campaign.outage import Outage
from campaign.service import App
from campaign.service.archive import archive
from campaign.service.confirm import confirm
from campaign.service.look import look
from campaign.service.measure import measure
from campaign.service.seal import seal
from campaign.store import accounts as account_rows
from campaign.store import budgets, jobs, queue, readings
from campaign.store.locks import Lock

QUEUES = ("publish", "measure", "archive")
WATCH = 0.5  # seconds between two questions whether the database has told anything
PATIENCE = 1.0  # seconds between two looks while there is more than can be held
CALM = 30.0  # seconds for which reading and archiving wait while there is something to publish
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0)  # seconds until a queue that failed is opened again


@dataclass(frozen=True, slots=True)
class Due:
    """What the rows say now: which queues have something to do, and in how many seconds that changes by itself."""

    queues: frozenset[str]
    wait: float | None


def chosen_queues(names: Sequence[str]) -> tuple[str, ...]:
    """Return the queues of these names, in the order of their importance; all when none is named. Raises: Invalid."""
    for name in names:
        if name not in QUEUES:
            raise Invalid("queues", name, f"must be some of {', '.join(QUEUES)}, with commas between")
    return tuple(name for name in QUEUES if name in names) or QUEUES


class DistributedEngine:
    """One worker.

    Args:
        queues: what it works on, of QUEUES.
        slots: deliveries under way at once.
        tick: seconds between two looks when nothing else wakes it.
        stop_within: seconds for what is under way after stop().
        dead_after: seconds after which a worker that gives no sign of life is dead.
        tend: run after each look that went well: notices, the dead man's switch.
    """

    name = "distributed"

    def __init__(
        self,
        app: App,
        *,
        queues: Sequence[str],
        slots: int,
        tick: float,
        stop_within: float,
        dead_after: float,
        tend: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self._app, self._queues, self._tick, self._stop_within = app, tuple(queues), tick, stop_within
        self._beat_every = pulse_every(dead_after)
        self._pulse = Pulse(app, engine=self.name, queues=self._queues, every=0.0)
        self._vigil = Vigil(app, dead_after=dead_after, alone=False)
        self._pump = Pump(app, slots=slots, over=self._wake)
        self._away, self._broken = Outage(app.log, app.clock.uptime), Outage(app.log, app.clock.uptime)
        self._tend = tend
        self._tending: asyncio.Task[None] | None = None
        self._news = app.store.watch()
        self._stopped, self._woken, self._look_now = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._publishing = False
        self._month = (0, 0)
        self._locks = {name: Lock(app.store, name) for name in ("measure", "archive")}
        app.archive.guard = self._still_alone
        self._jobs: Any = None

    async def run(self) -> None:
        """Turn until stop(); then give what is under way its time, and leave the rest where it is for confirm()."""
        asyncio.get_running_loop().set_exception_handler(_unheard)
        works = (self._beat, self._watch, self._plan, self._serve)
        tasks = [asyncio.create_task(self._keep_on(work)) for work in works]
        try:
            await self._stopped.wait()
        finally:
            await self._pump.stop(self._stop_within)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(asyncio.to_thread(lock.give_back) for lock in self._locks.values()))
            await self._app.close_network()

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopped.set()
        self._wake()

    async def _keep_on(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it until stop(), again after each failure: a database that is away comes back."""
        failures = 0
        while not self._stopped.is_set():
            began = self._app.clock.uptime()
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on
                self._failed(error, again=failures > 0)
            failures = 0 if self._app.clock.uptime() - began > CALM else failures + 1
            await self._pause(BACK_OFF[min(failures, len(BACK_OFF)) - 1] if failures else BACK_OFF[0])

    def _failed(self, error: Exception, *, again: bool) -> None:
        """Say it once a minute; what fails because the database is away, or was a moment ago, is said as that alone."""
        if isinstance(error, ConnectionError):
            self._away.failed(error)
        elif again and not self._away.lasts:
            self._broken.failed(error)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not beyond stop()."""
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return

    def _wake(self) -> None:
        self._woken.set()
        self._look_now.set()

    async def _beat(self) -> None:
        """Give signs of life, and watch over the others, whatever else goes on."""
        while not self._stopped.is_set():
            await asyncio.to_thread(self._pulse)
            await asyncio.to_thread(self._vigil.give_up)
            await asyncio.to_thread(look, self._app)
            self._away.over()
            await self._pause(self._beat_every)

    async def _watch(self) -> None:
        while not self._stopped.is_set():
            if await asyncio.to_thread(self._news):
                self._wake()
            await self._pause(WATCH)

    async def _plan(self) -> None:
        """Ask for a tick of each queue that has something to do; sleep until there may be something."""
        waiting = 0
        while not self._stopped.is_set():
            self._woken.clear()
            due = await asyncio.to_thread(self._due)
            for name in due.queues:
                await self._ask_for(name)
            if self._tend is not None and (self._tending is None or self._tending.done()):
                self._tending = asyncio.create_task(self._tended(self._tend))
            wait = self._tick if due.wait is None else min(self._tick, max(0.0, due.wait))
            # What is due and not claimed is soon asked about again: the tick may have died with its worker.
            waiting = waiting + 1 if "publish" in due.queues else 0
            if waiting:
                wait = min(wait, PATIENCE * 2 ** min(waiting - 1, 6))
            try:
                await asyncio.wait_for(self._woken.wait(), max(0.01, wait))
            except TimeoutError:
                continue

    async def _tended(self, tend: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await tend()
        except Exception as error:  # noqa: BLE001 - nothing that is beside the point may stop a worker
            self._failed(error, again=True)

    async def _ask_for(self, name: str) -> None:
        if name == "publish" and self._publishing:
            self._look_now.set()
        else:
            await self._defer(name)

    async def _defer(self, name: str) -> None:
        """Ask for a tick, if nobody has."""
        from procrastinate.exceptions import AlreadyEnqueued

        opened = self._jobs
        if opened is None:
            return
        try:
            if not await opened.job_manager.list_jobs_async(queue=name, status="todo"):
                await opened.configure_task(name, queue=name, queueing_lock=name).defer_async()
        except AlreadyEnqueued:
            return
        except Exception:
            if self._jobs is opened:
                raise
            return  # the queue was closed meanwhile; whoever opens it again says why, and looks anew

    async def _serve(self) -> None:
        """Take ticks from the queues. One at a time from each, so that one more goes to a worker that is idle."""
        import procrastinate

        self._jobs = None
        opened = procrastinate.App(connector=jobs.connector(self._app.store))
        for name, tick in (("publish", self._publish), ("measure", self._measure), ("archive", self._archive)):
            opened.task(name=name, queue=name)(tick)
        async with opened.open_async():
            await self._tidy(opened)
            self._jobs = opened
            self._broken.over()
            self._wake()
            working = [
                asyncio.create_task(
                    opened.run_worker_async(
                        queues=[name],
                        name=f"{self._app.worker} {name}",
                        concurrency=1,
                        fetch_job_polling_interval=self._tick,
                        abort_job_polling_interval=600.0,
                        shutdown_graceful_timeout=self._stop_within,
                        delete_jobs="always",
                        install_signal_handlers=False,
                    )
                )
                for name in self._queues
            ]
            try:
                await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._jobs = None
                for task in working:
                    task.cancel()
                ended = await asyncio.gather(*working, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _tidy(self, opened: Any) -> None:
        """Take away the ticks that a dead worker held: nothing was kept in them."""
        from procrastinate.jobs import Status

        for job in await opened.job_manager.get_stalled_jobs(seconds_since_heartbeat=60):
            await opened.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    async def _publish(self) -> None:
        """A tick: publish until nothing is due and nothing is under way, and ask about what is in doubt."""
        self._publishing = True
        asking: asyncio.Task[int] | None = None
        try:
            while not self._stopped.is_set():
                self._look_now.clear()
                await self._pump.look()
                if not self._pump.drained:
                    await self._ask_an_idle_one()
                if asking is not None and asking.done():
                    asking.result()  # what it could not do ends the tick; at once again would spin on a lasting fault
                    asking = None
                if asking is None and await asyncio.to_thread(self._doubtful):
                    asking = asyncio.create_task(confirm(self._app))
                    asking.add_done_callback(self._asked)
                if not self._pump.busy and asking is None:
                    return
                try:
                    await asyncio.wait_for(self._look_now.wait(), PATIENCE)
                except TimeoutError:
                    continue
        finally:
            self._publishing = False
            if asking is not None and not asking.done():
                await asyncio.wait([asking], timeout=self._stop_within)
                asking.cancel()
            self._woken.set()

    def _asked(self, asking: "asyncio.Task[int]") -> None:
        if not asking.cancelled():
            asking.exception()  # told by the tick; one that is ended meanwhile must not complain for it
        self._look_now.set()

    async def _ask_an_idle_one(self) -> None:
        try:
            await self._defer("publish")
        except Exception as error:  # noqa: BLE001 - what was claimed goes on without the others
            self._failed(error, again=False)

    async def _measure(self) -> None:
        """A tick: read the counters that are due, one worker at a time, after what is to be published."""
        await self._alone("measure", lambda: measure(self._app))

    async def _archive(self) -> None:
        """A tick: write what happened into the record, one archivist at a time."""
        now = self._app.clock.now()
        if self._month != (now.year, now.month):
            await self._alone("archive", partial(asyncio.to_thread, seal, self._app), once=True)
            self._month = (now.year, now.month)
        await self._alone("archive", partial(asyncio.to_thread, archive, self._app))

    async def _alone(self, name: str, work: Callable[[], Awaitable[int]], *, once: bool = False) -> None:
        """Work until nothing is left, if no other worker does; publishing comes first."""
        waited = 0.0
        while not self._pump.drained and waited < CALM and not self._stopped.is_set():
            await self._pause(PATIENCE)
            waited += PATIENCE
        lock = self._locks[name]
        if self._stopped.is_set() or not await asyncio.to_thread(lock.take):
            return
        try:
            while not self._stopped.is_set() and await asyncio.to_thread(lambda: lock.held):
                if not await work() or once:
                    return
        finally:
            await asyncio.to_thread(lock.give_back)

    def _still_alone(self) -> None:
        """Raise Conflict when another worker may be the archivist by now."""
        if not self._locks["archive"].held:
            raise Conflict("the lock of the archivist is gone; what was not named yet is written again")

    def _doubtful(self) -> bool:
        clock = self._app.clock
        with self._app.store.read() as tx:
            return bool(queue.doubtful(tx, mono=clock.monotonic(), boot=clock.boot, limit=1))

    def _due(self) -> Due:
        app = self._app
        with app.store.read() as tx:
            now, mono, boot = app.clock.now(), app.clock.monotonic(), app.clock.boot
            instants = {"publish": queue.next_due(tx), "measure": readings.next_reading(tx)}
            # What is due already waits for a tick, or for something that wakes us when it comes.
            coming = [queue.next_due(tx, after=now), instants["measure"]]
            ends = [queue.next_retry(tx, boot=boot), budgets.next_unheld(tx, mono=mono, boot=boot)]
            doubtful = bool(queue.doubtful(tx, mono=mono, boot=boot, limit=1))
            to_archive = bool(queue.posts_due_for_archive(tx, 1) or account_rows.due_for_archive(tx))
        due = {name for name, at in instants.items() if at is not None and at <= now}
        if doubtful:
            due.add("publish")
        if to_archive or self._month != (now.year, now.month):
            due.add("archive")
        waits = [(at - now).total_seconds() for at in coming if at is not None and at > now]
        waits += [end - mono for end in ends if end is not None and end > mono]
        return Due(frozenset(due & set(self._queues)), min(waits, default=None))


def _unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave out what procrastinate lets fall: a tick whose end could not be written, since the database is away."""
    if not type(context.get("exception")).__module__.startswith("procrastinate"):
        loop.default_exception_handler(context)
