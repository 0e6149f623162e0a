"""The embedded engine: one process, APScheduler as its clock, and at every look whatever the rows say is due."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from campaign.clock import FileClock, real_now
from campaign.engine.crank import Pump
from campaign.engine.vigil import Vigil
from campaign.outage import Outage
from campaign.service import App
from campaign.service.archive import archive
from campaign.service.confirm import confirm
from campaign.service.look import look, next_look
from campaign.service.measure import measure
from campaign.service.seal import seal
from campaign.store import accounts as account_rows
from campaign.store import budgets, queue, readings
from campaign.store.locks import Lock

WATCH = 0.25  # seconds between two questions whether somebody else has written
MIND = 1.0  # seconds between two looks at the machine's clock; a smaller step back is waited out
SOON = 0.05  # real seconds; nothing is planned sooner
PATIENCE = 2.0  # seconds between two looks while the pump runs
ARCHIVE_WITHIN = 30.0  # seconds that the archive may wait while there is something to publish
ARCHIVE_FOR = 2.0  # seconds that it then has, before what is due has its turn again


@dataclass(frozen=True, slots=True)
class Survey:
    """What the rows say now: the next instants (campaign time), and whether anything is under way."""

    next_due: datetime | None
    coming: datetime | None  # the next one that was not due yet when this look began
    next_late: datetime | None
    next_look: datetime | None
    next_reading: datetime | None
    next_retry: float | None  # monotonic seconds
    doubtful: bool
    in_flight: int
    archive_due: bool


class EmbeddedEngine:
    """Looks at the rows when something is due, when somebody else has written, and every `tick` seconds anyway.

    Args:
        slots: deliveries under way at once.
        tick: real seconds between two looks when nothing else wakes it.
        stop_within: real seconds for what is under way after stop().
        pace: how to advance a virtual clock, None for real time.
        beat: called at every look: a sign of life.
        vigil: watches over the other workers, where there may be any.
        publishes_only: nothing is read or archived afterwards: a rehearsal.
        tend: run after each look that went well: notices, the dead man's switch.
        real: the machine's own time, which APScheduler waits by.
    """

    name = "embedded"

    def __init__(
        self,
        app: App,
        *,
        slots: int,
        tick: float,
        stop_within: float,
        pace: "Pace | None" = None,
        beat: Callable[[], None] = lambda: None,
        vigil: Vigil | None = None,
        publishes_only: bool = False,
        tend: Callable[[], Coroutine[Any, Any, None]] | None = None,
        real: Callable[[], datetime] = real_now,
    ) -> None:
        self._real = real
        self._app, self._tick, self._stop_within = app, tick, stop_within
        self._pump = Pump(app, slots=slots, over=self.wake)
        self._looked, self._archived = float("-inf"), app.clock.uptime()
        self._pace, self._beat = pace, beat
        self._archive_from = float("-inf")
        self._outage, self._archivist = Outage(app.log, app.clock.uptime), Lock(app.store, "archive")
        self._vigil = vigil or Vigil(app, dead_after=0.0, alone=True)
        self._publishes_only, self._tend = publishes_only, tend
        self._under_way: dict[str, asyncio.Task[Any]] = {}
        self._stopped = asyncio.Event()
        self._looking, self._again = False, False
        self._month = (0, 0)
        self._advance_to: datetime | None = None
        self._advance_by = 0.0  # monotonic seconds
        self._stop: datetime | None = None
        # An interval that APScheduler thinks was missed must not be dropped: its default grace is one second.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._changed = app.store.watch()

    async def run(self) -> None:
        """Turn until stop(); then give what is under way its time, and leave the rest where it is for confirm()."""
        # What begins now must not wait for the first interval.
        self._scheduler.add_job(self._look, IntervalTrigger(seconds=self._tick), id="look", next_run_time=real_now())
        self._scheduler.add_job(self._watch, IntervalTrigger(seconds=WATCH), id="watch")
        self._scheduler.start()
        minding = asyncio.create_task(self._mind_the_clock())
        try:
            await self._stopped.wait()
        finally:
            minding.cancel()
            self._scheduler.shutdown(wait=False)
            tasks = list(self._under_way.values())
            await self._pump.stop(self._stop_within)
            if tasks:
                await asyncio.wait(tasks, timeout=self._stop_within)
            left = [task for task in tasks if not task.done()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await self._app.close_network()

    async def _mind_the_clock(self) -> None:
        """Look at once when the machine's clock has stepped back.

        APScheduler waits for instants of that clock: without this it would stand still for as long as the step was.
        """
        ahead = self._real().timestamp() - self._app.clock.uptime()
        while not self._stopped.is_set():
            await asyncio.sleep(MIND)
            before, ahead = ahead, self._real().timestamp() - self._app.clock.uptime()
            if ahead < before - MIND:
                self._app.log("clock.stepped_back", seconds=round(before - ahead, 1))
                for job in self._scheduler.get_jobs():
                    with suppress(JobLookupError):  # it ran just now
                        job.modify(next_run_time=real_now())

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopped.set()

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._under_way) or self._looking or self._pump.busy

    def wake(self) -> None:
        """Look now, or once more when the look that is under way is over."""
        self._again = True
        if not self._looking and not self._stopped.is_set():
            self._start("wake", self._look)

    async def _watch(self) -> None:
        stop = self._pace.stop if self._pace is not None else None
        if self._pump.busy and self._app.clock.uptime() - self._looked > PATIENCE:
            self.wake()  # while much is published, what else is due must not wait for its end
        if await asyncio.to_thread(self._changed) or stop != self._stop:
            self._stop = stop
            self.wake()

    async def _look(self) -> None:
        if self._looking:
            self._again = True
            return
        self._looking = True
        try:
            self._again = True
            while self._again and not self._stopped.is_set():
                self._again = False
                await self._turn()
            self._outage.over()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next tick looks again
            self._outage.failed(error)
        finally:
            self._looking = False

    async def _turn(self) -> None:
        app = self._app
        self._looked, began = app.clock.uptime(), app.clock.now()
        await asyncio.to_thread(self._beat)
        await asyncio.to_thread(self._vigil.give_up)
        if await asyncio.to_thread(look, app):  # before anything is claimed: what is not ready must be held by then
            self._again = True
        await self._pump.look()
        survey = await asyncio.to_thread(_survey, app, self._publishes_only, began)
        now = app.clock.now()
        if survey.doubtful:
            self._start("confirm", lambda: confirm(app))
        if self._pump.drained and survey.next_reading is not None and survey.next_reading <= now:
            self._start("measure", lambda: measure(app))
        if (
            survey.archive_due
            and self._looked >= self._archive_from
            and (self._pump.drained or self._looked - self._archived > ARCHIVE_WITHIN)
        ):
            self._start("archive", lambda: asyncio.to_thread(self._archive))
        if self._month not in ((0, 0), (now.year, now.month)):
            self._start("seal", lambda: asyncio.to_thread(_seal, app))
        self._month = (now.year, now.month)
        if self._pace is not None and self._pace.over and not self._pace.released:
            self._start("finish", self._finish)
        self._plan(survey, now)
        if self._tend is not None:
            self._start("tend", self._tend)

    def _start(self, name: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Run one thing of this name at a time, and look again when it is over."""
        if name in self._under_way:
            return
        task = asyncio.get_running_loop().create_task(work(), name=name)
        self._under_way[name] = task
        task.add_done_callback(lambda _: self._over(name))

    def _over(self, name: str) -> None:
        task = self._under_way.pop(name)
        if not task.cancelled() and (error := task.exception()) is not None:
            if isinstance(error, ConnectionError):
                self._outage.failed(error)  # the database is away: said once a minute, whoever met it
            else:
                self._app.log("engine.failed", task=name, error=f"{type(error).__name__}: {error}")
            return  # the next tick looks again; at once would spin on a lasting fault
        if self._again or name not in ("wake", "tend"):
            self.wake()

    def _archive(self) -> None:
        """Archive what waits for it, publishing before archiving."""
        clock, began = self._app.clock, self._app.clock.uptime()
        if not self._archivist.take():
            self._archive_from = began + ARCHIVE_WITHIN  # a worker elsewhere is at it
            return
        try:
            while self._archivist.held and not self._stopped.is_set():
                if not (self._pump.drained or clock.uptime() - began < ARCHIVE_FOR) or not archive(self._app):
                    break
        finally:
            self._archivist.give_back()
        self._archived = clock.uptime()

    def _plan(self, survey: Survey, now: datetime) -> None:
        """Say when to look next: at the next instant of the campaign's time, or when a back-off is over."""
        delays: list[float] = []
        if survey.next_retry is not None:
            delays.append(survey.next_retry - self._app.clock.monotonic())
        events = (survey.next_due, survey.next_late, survey.next_look, survey.next_reading)
        instants = [t for t in events if t is not None]
        if self._pace is None or self._pace.over:
            # What was due already is claimed, or waits for something that wakes us when it comes.
            times = (survey.coming, survey.next_late, survey.next_look, survey.next_reading)
            delays += [(instant - now).total_seconds() for instant in times if instant is not None]
        elif self._idle(survey, now):
            ends = [self._pace.until] if self._pace.stop is None else [self._pace.until, self._pace.stop]
            self._plan_advance(min([*(instant for instant in instants if instant > now), *ends]), now)
        delays = [max(SOON, delay) for delay in delays if delay < self._tick]
        if delays:
            self._once("next", min(delays), self._look, [])

    def _once(self, name: str, delay: float, work: Callable[..., Any], arguments: list[Any]) -> None:
        # Several instances: one that plans its successor is still running when that one's time may come, and a
        # scheduler that skips it then would stand still. Each of them looks first whether there is anything to do.
        self._scheduler.add_job(
            work,
            DateTrigger(real_now() + timedelta(seconds=delay)),
            args=arguments,
            id=name,
            replace_existing=True,
            max_instances=16,
        )

    def _idle(self, survey: Survey, now: datetime) -> bool:
        """Whether a virtual clock may move: never while anything is due or in flight."""
        busy = self._pump.busy or any(name not in ("wake", "tend", "archive", "seal") for name in self._under_way)
        due = any(t is not None and t <= now for t in (survey.next_due, survey.next_look, survey.next_reading))
        return not (busy or due or survey.in_flight or survey.doubtful)

    def _plan_advance(self, instant: datetime, now: datetime) -> None:
        # Planned once per event: a look in between must not put it off again and again.
        mono = self._app.clock.monotonic()
        if self._pace is not None and instant > now and (self._advance_to != instant or mono > self._advance_by + 1):
            delay = self._pace.delay(now, instant)
            self._advance_to, self._advance_by = instant, mono + delay
            self._once("advance", delay, self._advance, [instant])

    async def _advance(self, instant: datetime) -> None:
        """Move the virtual clock to the next event, if it is still true that nothing is due or in flight."""
        self._advance_to = None
        now = self._app.clock.now()
        survey = await asyncio.to_thread(_survey, self._app, self._publishes_only, now)
        if self._pace is not None and self._idle(survey, now):
            events = (survey.next_due, survey.next_late, survey.next_look, survey.next_reading, instant)
            self._pace.advance(min((t for t in events if t is not None and t > now), default=now))
        self.wake()

    async def _finish(self) -> None:
        """The journey's time is over: what was read is sealed, and the clock goes on like any other."""
        await asyncio.to_thread(_seal, self._app, until=self._app.clock.now())
        if self._pace is not None:
            self._pace.release()


class Pace:
    """How the demo's clock goes: from event to event, at most `rate` virtual seconds in a real one, until `until`."""

    def __init__(self, clock: FileClock, *, rate: float, until: datetime) -> None:
        self._clock, self._rate, self.until = clock, rate, until

    @property
    def over(self) -> bool:
        """Whether the journey's time has come to its end."""
        return self._clock.now() >= self.until

    @property
    def released(self) -> bool:
        """Whether it runs like real time."""
        return self._clock.runs

    def delay(self, now: datetime, instant: datetime) -> float:
        """Return the real seconds until the clock may be at an instant."""
        return max(0.001, (instant - now).total_seconds() / self._rate)

    @property
    def stop(self) -> datetime | None:
        """Where the clock stands still until somebody lets it go on."""
        return self._clock.stop

    def advance(self, instant: datetime) -> None:
        """Move to an instant, not beyond the end, and not beyond a stop."""
        stop = self._clock.stop
        self._clock.advance(min(instant, self.until) if stop is None else min(instant, self.until, stop))

    def release(self) -> None:
        """Let it run like real time."""
        self._clock.run()


def _survey(app: App, publishes_only: bool, began: datetime) -> Survey:
    with app.store.read() as tx:
        mono, boot = app.clock.monotonic(), app.clock.boot
        ends = queue.next_retry(tx, boot=boot), budgets.next_unheld(tx, mono=mono, boot=boot)
        return Survey(
            next_due=queue.next_due(tx),
            coming=queue.next_due(tx, after=began),
            next_late=queue.late(tx, now=app.clock.now()),
            next_look=next_look(app, tx),
            next_reading=None if publishes_only else readings.next_reading(tx),
            next_retry=min((end for end in ends if end is not None), default=None),
            doubtful=bool(queue.doubtful(tx, mono=mono, boot=boot, limit=1)),
            in_flight=queue.in_flight(tx),
            archive_due=not publishes_only
            and bool(queue.posts_due_for_archive(tx, 1) or account_rows.due_for_archive(tx)),
        )


def _seal(app: App, until: datetime | None = None) -> None:
    app.log("readings.sealed", number=seal(app, until=until))
