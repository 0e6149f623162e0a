"""Signs of life: each worker gives its own, watches those of the others, and takes over what the dead left."""

import asyncio
import os
import socket
from collections.abc import Collection, Sequence
from typing import Any

from campaign.clock import DatabaseClock
from campaign.outage import Outage
from campaign.service import SYSTEM, App, event
from campaign.service.miss import miss
from campaign.service.notify import tell_of
from campaign.service.space import keep_spaced
from campaign.store import heartbeats, locks, outbox, queue
from campaign.store.heartbeats import Heartbeat, Holding

BEAT = 5.0  # seconds between two signs of life
NO_ROW = -1  # the beats of a worker that holds leases and has given no sign of life


class Vigil:
    """What this worker saw of the others: when a sign of life stands still for long enough, its worker is dead.

    Only seconds of this machine count, and of those only such in which it could look: while it slept itself, or could
    not reach the database, the others may have lived.

    Args:
        dead_after: seconds; the same for all workers.
        alone: there can be no other worker, so that leases end by time alone.
    """

    def __init__(self, app: App, *, dead_after: float, alone: bool) -> None:
        self._app, self._dead_after, self._alone = app, dead_after, alone
        self._seen: dict[str, tuple[int, float]] = {}  # worker → its beats, and the seconds that they stood still
        self._looked: float | None = None
        self._boot, self._boot_for = "", 0.0

    def give_up(self) -> None:
        """Take over what the dead left, miss what is beyond its grace, and let what was spaced out stay so."""
        app = self._app
        keep_spaced(app)
        with app.store.read() as tx:
            late = queue.overdue(tx, now=app.clock.now())
            held = heartbeats.holdings(tx)
            beats = [] if self._alone else heartbeats.heartbeats_now(tx)
        dead = {} if self._alone else self._look(beats, held)
        if not (late or dead or self._over(held)):
            return
        with app.store.begin() as tx:
            if not locks.only(tx, "give up"):
                return  # another worker is at it
            miss(app, tx)
            buried = [worker for worker, beat in dead.items() if heartbeats.bury(tx, worker, beat)]
            for worker in buried:
                app.log("worker.dead", worker=worker)
            reap_all(app, tx, alone=False, dead_workers=buried, older=self._older_over)

    @property
    def _older_over(self) -> bool:
        """Whether leases of an earlier boot are over; on many machines a new era alone does not end them."""
        return self._alone or self._boot_for > self._app.lease_seconds

    def _over(self, held: Sequence[Holding]) -> bool:
        boot, mono = self._app.clock.boot, self._app.clock.monotonic()
        return any(each.until < mono if each.boot == boot else self._older_over for each in held)

    def _look(self, beats: Sequence[Heartbeat], held: Sequence[Holding]) -> dict[str, int]:
        """Return the dead, each with its last beat."""
        app, now = self._app, self._app.clock.uptime()
        # After a gap nobody gets more than what two beats take: meanwhile we could not have seen them.
        passed = 0.0 if self._looked is None else min(now - self._looked, 2 * pulse_every(self._dead_after))
        self._looked = now
        self._boot, self._boot_for = app.clock.boot, self._boot_for + passed if self._boot == app.clock.boot else 0.0
        current = {each.worker: NO_ROW for each in held} | {each.worker: each.beats for each in beats}
        current.pop(app.worker, None)  # its own leases end by time
        seen: dict[str, tuple[int, float]] = {}
        for worker, beat in current.items():
            before, stood = self._seen.get(worker, (beat, 0.0))
            seen[worker] = (beat, stood + passed if before == beat else 0.0)
        self._seen = seen
        return {worker: beat for worker, (beat, stood) in seen.items() if stood > self._dead_after}


class Pulse:
    """This worker's sign of life; each one also looks at the clock that all workers share.

    Args:
        every: seconds within which a second one is left out, for an engine that looks oftener than is useful.
    """

    def __init__(self, app: App, *, engine: str, queues: Sequence[str] = (), every: float) -> None:
        self._app, self._engine, self._queues, self._every = app, engine, tuple(queues), every
        self._last = float("-inf")
        self._host = socket.gethostname()
        self._started_at = app.clock.now()

    def __call__(self) -> None:
        """Beat, not oftener than is useful."""
        app, now = self._app, self._app.clock.uptime()
        if now - self._last < self._every:
            return
        app.clock.measure(worker=True)
        entry = Heartbeat(
            worker=app.worker,
            engine=self._engine,
            pid=os.getpid(),
            boot=app.clock.boot,
            started_at=self._started_at,
            ticked_at=app.clock.now(),
            ticked_mono=app.clock.monotonic(),
            host=self._host,
            queues=self._queues,
            clock_offset=app.clock_offset(),
        )
        with app.store.begin() as tx:
            heartbeats.beat(tx, entry)
        self._last = now  # one that failed is given again at the next look


async def keep_beating(app: App, pulse: Pulse, *, every: float) -> None:
    """Give signs of life until cancelled, whatever else goes on; a database that is away is said once a minute."""
    outage = Outage(app.log, app.clock.uptime)
    while True:
        try:
            await asyncio.to_thread(pulse)
            outage.over()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next sign of life is tried
            outage.failed(error)
        await asyncio.sleep(every)


def join(app: App) -> bool:
    """Enter among the workers of a shared database; return whether there is no other one that lives.

    Then nobody could have seen the shared clock jump, so a new era begins.
    """
    with app.store.read() as tx:
        beats = heartbeats.heartbeats_now(tx)
        now, boot = app.clock.monotonic(), app.clock.boot
    first = not any(each.boot == boot and abs(now - each.ticked_mono) < 3 * BEAT for each in beats)
    if first and isinstance(app.clock, DatabaseClock):
        app.clock.begin()
    return first


def pulse_every(dead_after: float) -> float:
    """Return the seconds between two signs of life: some may be lost before a worker counts as dead."""
    return min(BEAT, dead_after / 4)


def reap_all(app: App, tx: Any, *, alone: bool, dead_workers: Collection[str] = (), older: bool = True) -> int:
    """Take over what dead workers left; `alone`: a lock proves that there is no other worker."""
    found = outbox.reap(
        tx,
        worker=app.worker,
        mono=app.clock.monotonic(),
        boot=app.clock.boot,
        alone=alone,
        dead_workers=dead_workers,
        older=older,
        outlives=app.outlives,
    )
    for old, delivery in found:
        event(app, tx, f"delivery.{delivery.state}", SYSTEM, post_id=delivery.post_id, delivery_id=delivery.id)
        app.log("delivery.reaped", id=delivery.id, was=old, state=delivery.state)
    tell_of(app, tx, [delivery for _, delivery in found])
    if found:
        app.failpoint("reap.written")
    return len(found)
