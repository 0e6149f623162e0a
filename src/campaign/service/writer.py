"""What happens to many deliveries at about the same time is written in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from campaign.core.engagement import PLAN_B
from campaign.core.errors import CampaignError
from campaign.core.model import Attempt, Delivery, Pending, Published
from campaign.core.states import State
from campaign.outage import Outage
from campaign.service import SYSTEM, App
from campaign.service.notify import tell_of
from campaign.service.package import by_hand
from campaign.store import attempts as attempt_rows
from campaign.store import outbox, people
from campaign.store.outbox import Crossing, Result, Together

# Entries of one transaction → seconds for which more may then come together: a commit costs more than its rows.
GATHER = ((24, 0.015), (4, 0.005))
# Seconds until a place is asked again where only a person can answer: in truth, until the next start.
FOR_A_PERSON = 30 * 86_400.0
AGAIN = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds until what the database would not take is written again


@dataclass(slots=True)
class _Entry:
    """One thing to be written: a line to cross, a result to keep, or any other change."""

    future: "asyncio.Future[Any]"
    crossing: Crossing | None = None
    result: tuple[Delivery, Published | Pending, Attempt] | None = None
    change: Callable[[Any], Any] | None = None
    tries: int = field(default=0)

    @property
    def known(self) -> bool:
        """Whether it tells what happened already: such a thing is written whatever it takes."""
        return self.crossing is None


class Writer:
    """Lets deliveries cross the line, and keeps what became of them: what comes while one transaction is written goes
    into the next one. One Writer per event loop.

    A line that cannot be written is refused: nothing was sent. A result that cannot be written, since the disk is full
    or the database away, is kept in memory and written again until it is in; a crash meanwhile leaves it `publishing`.
    """

    def __init__(self, app: App, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._app, self._sleep = app, sleep
        self._entries: list[_Entry] = []
        self._outage = Outage(app.log, app.clock.uptime, name="writer")
        self._task: asyncio.Task[None] | None = None

    async def cross(self, held: Delivery, wire: Mapping[str, Any]) -> Delivery:
        """Commit that a delivery is past the line of no return. Raises: Held, LeaseLost."""
        crossing = Crossing(held, wire, self._app.clock.now(), self._app.clock.monotonic())
        crossed: Delivery = await self._put(_Entry(_future(), crossing=crossing))
        return crossed

    async def keep(self, held: Delivery, result: Published | Pending, attempt: Attempt) -> None:
        """Commit what a platform answered, with the attempt and the event in the same transaction."""
        await self._put(_Entry(_future(), result=(held, result, attempt)))

    async def change(self, change: Callable[[Any], Any]) -> Any:
        """Commit any other change; it may be made more than once until it is in."""
        return await self._put(_Entry(_future(), change=change))

    async def _put(self, entry: _Entry) -> Any:
        self._entries.append(entry)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        return await entry.future

    async def _run(self) -> None:
        try:
            while self._entries:
                entries, self._entries = self._entries, []
                outcomes = await asyncio.to_thread(self._write, entries)
                again: list[_Entry] = []
                for entry, outcome in zip(entries, outcomes, strict=True):
                    if entry.future.done():  # whoever waited for it was stopped
                        continue
                    if isinstance(outcome, _Lasting) and entry.known:
                        again.append(entry)
                    elif isinstance(outcome, _Lasting):
                        entry.future.set_exception(outcome.error)
                    elif isinstance(outcome, Exception):
                        entry.future.set_exception(outcome)
                    else:
                        entry.future.set_result(outcome)
                if again:
                    await self._wait(again)
                    continue
                self._outage.over()
                await asyncio.sleep(next((seconds for many, seconds in GATHER if len(entries) >= many), 0.0))
        finally:
            self._task = None

    async def _wait(self, again: list[_Entry]) -> None:
        tries = max(entry.tries for entry in again)
        for entry in again:
            entry.tries += 1
        self._entries = [*again, *self._entries]
        await self._sleep(AGAIN[min(tries, len(AGAIN) - 1)])

    def _write(self, entries: Sequence[_Entry]) -> list[Any]:
        """Write them together; where one stands in the way of the others, each by itself."""
        if len(entries) > 1:
            try:
                return self._together(entries)
            except (Together, CampaignError):
                pass
            except Exception as error:  # noqa: BLE001 - the database itself: nothing of this transaction is in
                if self._app.store.may_pass(error):
                    return self._lasting(entries, error)
        return [self._alone(entry) for entry in entries]

    def _lasting(self, entries: Sequence[_Entry], error: Exception) -> list[Any]:
        self._outage.failed(error, results_kept_in_memory=sum(entry.known for entry in entries))
        return [_Lasting(error) for _ in entries]

    def _together(self, entries: Sequence[_Entry]) -> list[Any]:
        app = self._app
        crossings = [entry.crossing for entry in entries if entry.crossing is not None]
        results = [entry.result for entry in entries if entry.result is not None]
        for _ in results:
            app.failpoint("recording")
        with app.store.begin() as tx:
            crossed = iter(outbox.cross_all(tx, crossings) if crossings else ())
            for _ in crossings:
                app.failpoint("line.written")
            if results:
                _keep_all(app, tx, results)
            outcomes: list[Any] = []
            for entry in entries:
                if entry.change is not None:
                    outcomes.append(entry.change(tx))
                else:
                    outcomes.append(None if entry.crossing is None else next(crossed))
            for _ in results:
                app.failpoint("record.written")
        for _ in results:
            app.failpoint("recorded")
        return outcomes

    def _alone(self, entry: _Entry) -> Any:
        app = self._app
        try:
            if entry.crossing is not None:
                each = entry.crossing
                with app.store.begin() as tx:
                    held = outbox.cross(tx, each.held, wire=each.wire, at=each.at, mono=each.mono)
                    app.failpoint("line.written")
                return held
            app.failpoint("recording")
            with app.store.begin() as tx:
                outcome = None
                if entry.change is not None:
                    outcome = entry.change(tx)
                elif entry.result is not None:
                    _keep(app, tx, *entry.result, again=entry.tries > 0)
                app.failpoint("record.written")
            app.failpoint("recorded")
            return outcome
        except CampaignError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the database itself
            return self._lasting([entry], error)[0] if app.store.may_pass(error) else error


@dataclass(frozen=True, slots=True)
class _Lasting:
    """The database would not take it: no verdict about what was to be written."""

    error: Exception


def keep_published(app: App, tx: Any, delivery_id: str, result: Published) -> Delivery:
    """Record a known result in the caller's transaction, and plan its first reading."""
    published_at, measure_at = _times(app, result)
    return outbox.record(
        tx,
        delivery_id,
        remote_id=result.remote_id,
        permalink=result.permalink,
        published_at=published_at,
        measure_at=measure_at,
    )


def keep_pending(app: App, tx: Any, held: Delivery, result: Pending) -> Delivery:
    """Record in the caller's transaction that it is worked on: by the platform, or by a person, who is told."""
    mono = app.clock.monotonic()
    values: dict[str, Any] = {"doubt_mono": mono, "questions": 0}
    waits = by_hand(app, tx, held.account_id)
    if waits:
        values |= {"retry_at": mono + FOR_A_PERSON, "boot": app.clock.boot}
    ticket = {**(held.wire or {}), "ticket": dict(result.ticket)}
    moved = outbox.move(tx, held, State.PROCESSING, wire=ticket, **values)
    if waits:
        tell_of(app, tx, [moved])
    return moved


def _times(app: App, result: Published) -> tuple[datetime, datetime]:
    now = app.clock.now()
    published_at = result.published_at or now
    # The plan counts from the moment of publishing as the platform told it, within reason: its clock may be off.
    if abs(published_at - now) > timedelta(days=1):
        published_at = now
    return published_at, published_at + PLAN_B[0]


def _keep(app: App, tx: Any, held: Delivery, result: Published | Pending, attempt: Attempt, *, again: bool) -> None:
    if again and attempt_rows.is_kept(tx, attempt.id):
        return  # the COMMIT whose answer was lost has kept all of it
    attempt_rows.add_attempt(tx, attempt)
    if isinstance(result, Published):
        keep_published(app, tx, held.id, result)
        people.log_all(tx, [_line(app, held)])
    else:
        keep_pending(app, tx, held, result)


def _keep_all(app: App, tx: Any, results: Sequence[tuple[Delivery, Published | Pending, Attempt]]) -> None:
    attempt_rows.add_attempts(tx, [attempt for _, _, attempt in results])
    known = [(held, result) for held, result, _ in results if isinstance(result, Published)]
    rows = [Result(held, result.remote_id, result.permalink, *_times(app, result)) for held, result in known]
    if rows:
        outbox.record_all(tx, rows)
        people.log_all(tx, [_line(app, held) for held, _ in known])
    for held, result, _ in results:
        if isinstance(result, Pending):
            keep_pending(app, tx, held, result)


def _line(app: App, held: Delivery) -> dict[str, Any]:
    return {
        "id": app.new_id(), "at": app.clock.now(), "event": "delivery.published", "person": SYSTEM,
        "post_id": held.post_id, "delivery_id": held.id,
    }  # fmt: skip


def _future() -> "asyncio.Future[Any]":
    return asyncio.get_running_loop().create_future()
