"""How long a claim takes with ten thousand, a hundred thousand, a million rows queued, on either database.

Two shapes of queue: `ahead`, most rows lie days ahead, as in life; `at once`, all are due at the same instant.
"""

import statistics
import time
from typing import Any

import sqlalchemy as sa

from campaign.core.states import State
from campaign.service import App
from campaign.store import outbox
from campaign.store.outbox import Lease
from campaign.store.tables import deliveries, outgoings
from tests.bench import ours

LIMIT = 50  # rows a claim
WARM = 3  # claims that are not counted
MOST_AT_ONCE = 10_000  # rows; more would take long to make due


def measured(spec: dict[str, Any], rows: int, *, times: int = 40) -> dict[str, float]:
    """Return the median milliseconds of a claim with a queue of so many rows, for each shape that is not too slow."""
    with ours.opened(spec) as app:
        ours.fill(app, "http://127.0.0.1:9", 1)
        _multiply(app, rows)
        now = app.clock.now()
        with app.store.begin() as tx:
            few = sa.select(deliveries.c.id).limit(LIMIT * (times + WARM))
            tx.execute(deliveries.update().where(deliveries.c.id.in_(few)).values(due_at=now))
        _analyze(app)
        found = {"ahead": _median(app, times)}
        if rows <= MOST_AT_ONCE:
            with app.store.begin() as tx:
                tx.execute(deliveries.update().values(due_at=now))
            _analyze(app)
            found["at once"] = _median(app, times)
        return found


def _multiply(app: App, rows: int) -> None:
    """Copy the one delivery until there are so many: by the database itself, for it has to be fast."""
    sqlite = app.store.dialect == "sqlite"
    numbers = (
        f"WITH RECURSIVE s(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})"  # noqa: S608
        if sqlite
        else f"WITH s AS (SELECT n FROM generate_series(2, {rows}) AS g(n))"  # noqa: S608
    )
    new = {
        outgoings: {"id": "'o' || n"},
        deliveries: {"id": "'d' || n", "outgoing_id": "'o' || n", "key": "'k' || n"},
    }
    with app.store.begin() as tx:
        for table, values in new.items():
            names = [column.name for column in table.columns]
            columns = ", ".join(f'"{name}"' for name in names)
            chosen = ", ".join(values.get(name, f'"{name}"') for name in names)
            into = f"INSERT INTO {table.name} ({columns})"
            head = f"{into} {numbers}" if sqlite else f"{numbers} {into}"
            tx.exec_driver_sql(f"{head} SELECT {chosen} FROM {table.name}, s")  # noqa: S608


def _analyze(app: App) -> None:
    """Let PostgreSQL know its tables, as autovacuum would; nobody does that for SQLite."""
    if app.store.dialect == "postgresql":
        with app.store.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE deliveries")


def _median(app: App, times: int) -> float:
    lease = Lease(app.worker, app.clock.boot, app.clock.monotonic() + 600)
    took: list[float] = []
    for _ in range(times + WARM):
        began = time.perf_counter()
        with app.store.begin() as tx:
            mono = app.clock.monotonic()
            claimed = outbox.claim(tx, now=app.clock.now(), mono=mono, lease=lease, limit=LIMIT)
        took.append(time.perf_counter() - began)
        assert len(claimed) == LIMIT
    with app.store.begin() as tx:
        back = deliveries.update().where(deliveries.c.state == State.CLAIMED)
        tx.execute(back.values(state=State.SCHEDULED, lease=None, lease_until=None, boot=None))
    return round(statistics.median(took[WARM:]) * 1000, 3)
