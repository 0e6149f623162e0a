"""procrastinate on PostgreSQL, one job per post, as many jobs at once as there are slots.

    python -m tests.bench.peers.procrastinate SPEC     fills the queue (`fill`), else runs a worker

With `rescue` it also gives jobs of dead workers another try, as its manual shows; it asks often, so that a short run
can see it: https://procrastinate.readthedocs.io/en/stable/howto/production/retry_stalled_jobs.html
"""

import asyncio
import json
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import procrastinate
import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from tests.bench.peers.record import Sender, exchange_rows


def app_of(spec: dict[str, Any]) -> procrastinate.App:
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=spec["database"], max_size=20))


async def fill(spec: dict[str, Any]) -> None:
    """Make its tables, and a job for each post."""
    app = app_of(spec)
    task = app.task(name="post")(_nothing)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, spec["number"], 500):
            await task.batch_defer_async(*({"n": n} for n in range(start, min(start + 500, spec["number"]))))


async def _nothing(n: int) -> None:
    """Stand for the job while it is only deferred."""


async def work(spec: dict[str, Any]) -> None:
    app = app_of(spec)
    sender = Sender(spec, connections=spec["slots"])
    pool = AsyncConnectionPool(spec["records"], min_size=20, max_size=20, open=False)

    @app.task(name="post")
    async def post(n: int) -> None:
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT text, key FROM posts WHERE n = %s", (n,))).fetchone()
        assert row is not None
        started_at = datetime.now(UTC)
        status, kept = await sender.send(row[0], row[1])
        async with pool.connection() as connection:
            await _keep(connection, n, started_at, status, exchange_rows(str(uuid.uuid4()), kept))

    async with app.open_async(), pool:
        rescue = asyncio.create_task(_rescue(app)) if spec.get("rescue") else None
        print(json.dumps({"began": time.time()}), flush=True)
        await app.run_worker_async(
            concurrency=spec["slots"],
            fetch_job_polling_interval=1.0,
            update_heartbeat_interval=1.0,
            stalled_worker_timeout=3.0,
            install_signal_handlers=False,
        )
        if rescue is not None:
            await rescue


async def _keep(
    connection: "psycopg.AsyncConnection[Any]", n: int, started_at: datetime, status: Any, rows: list[dict[str, Any]]
) -> None:
    """Write down one job, as record.keep() does; in one transaction."""
    now = datetime.now(UTC)
    async with connection.cursor() as cursor:
        await cursor.execute(
            "INSERT INTO attempts (id, n, started_at, ended_at, outcome) VALUES (%s, %s, %s, %s, 'published')",
            (rows[0]["attempt_id"], n, started_at, now),
        )
        for row in rows:
            values = {**row, "redacted": Jsonb(row["redacted"])}
            names, places = ", ".join(f'"{name}"' for name in values), ", ".join(["%s"] * len(values))
            await cursor.execute(f"INSERT INTO exchanges ({names}) VALUES ({places})", tuple(values.values()))  # noqa: S608
        await cursor.execute(
            "UPDATE posts SET state = 'published', remote_id = %s, permalink = %s, published_at = %s WHERE n = %s",
            (status["id"], status["url"], now, n),
        )


async def _rescue(app: procrastinate.App) -> None:
    while True:
        await asyncio.sleep(1)
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=3):
            await app.job_manager.retry_job(job)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if given.get("fill"):
        asyncio.run(fill(given))
        print(json.dumps({"filled": given["number"]}), flush=True)
    else:
        asyncio.run(work(given))
