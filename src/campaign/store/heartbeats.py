"""What the daemon says of itself; doctor and health read it."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.states import REAPED
from campaign.store.queue import is_open
from campaign.store.signs import heartbeats
from campaign.store.tables import deliveries


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One worker's last sign of life; `ticked_mono` is monotonic seconds of `boot`."""

    worker: str
    engine: str
    pid: int
    boot: str
    started_at: datetime
    ticked_at: datetime
    ticked_mono: float
    host: str = ""
    queues: tuple[str, ...] = ()  # what it works on; empty: everything
    beats: int = 0  # rises with each beat
    clock_offset: float | None = None  # seconds by which other hosts are ahead of its clock; None: nobody told


def beat(tx: Connection, entry: Heartbeat) -> None:
    """Keep a sign of life."""
    values = {"ticked_at": entry.ticked_at, "ticked_mono": entry.ticked_mono, "boot": entry.boot}
    values["clock_offset"] = entry.clock_offset
    again = heartbeats.update().where(heartbeats.c.worker == entry.worker)
    done = tx.execute(again.values(beats=heartbeats.c.beats + 1, **values))
    if not done.rowcount:
        tx.execute(
            heartbeats.insert().values(
                worker=entry.worker,
                engine=entry.engine,
                host=entry.host,
                pid=entry.pid,
                queues=list(entry.queues),
                beats=1,
                started_at=entry.started_at,
                **values,
            )
        )


def forget(tx: Connection, worker: str | None = None) -> None:
    """Take a worker off the list, or all of them."""
    query = heartbeats.delete()
    tx.execute(query if worker is None else query.where(heartbeats.c.worker == worker))


def bury(tx: Connection, worker: str, beats: int) -> bool:
    """Take a worker off the list whose last beat was this one; False: it has beaten since, so it lives."""
    row = heartbeats.c.worker == worker
    if tx.execute(heartbeats.delete().where(row, heartbeats.c.beats == beats)).rowcount:
        return True
    return tx.execute(sa.select(heartbeats.c.worker).where(row)).first() is None


@dataclass(frozen=True, slots=True)
class Holding:
    """The leases that one worker took in one boot, and when the first of them is over (monotonic seconds of it)."""

    worker: str
    boot: str
    until: float
    number: int


def holdings(tx: Connection) -> list[Holding]:
    """Return who holds leases on deliveries, whether it lives or not."""
    query = (
        sa.select(
            deliveries.c.lease, deliveries.c.boot, sa.func.min(deliveries.c.lease_until), sa.func.count(deliveries.c.id)
        )
        .where(is_open(), deliveries.c.state.in_(tuple(REAPED)))
        .group_by(deliveries.c.lease, deliveries.c.boot)
    )
    return [Holding(*row) for row in tx.execute(query)]


def heartbeats_now(tx: Connection) -> list[Heartbeat]:
    """Return the workers that are on the list, the latest first."""
    query = sa.select(heartbeats).order_by(heartbeats.c.ticked_mono.desc())
    return [Heartbeat(**{**row, "queues": tuple(row["queues"])}) for row in tx.execute(query).mappings()]
