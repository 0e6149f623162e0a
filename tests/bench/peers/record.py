"""What every peer posts and writes down: the same client, the same rows as campaign, one transaction a job.

It is kept as a user of such an engine would keep it: look the post up, send it, write attempt, exchange and result.
"""

import asyncio
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from campaign.clock import SystemClock
from campaign.core.adapter import Exchanges
from campaign.core.model import Exchange
from campaign.net.client import Client
from campaign.net.guard import Guard
from campaign.net.redact import Redactor
from campaign.net.transport import Transport
from tests.bench.bare import PATH, headers_of
from tests.bench.ours import TOKEN, text

metadata = sa.MetaData()
posts = sa.Table(
    "posts",
    metadata,
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, unique=True),
    sa.Column("permalink", sa.Text),
    sa.Column("published_at", sa.DateTime(timezone=True)),
)
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("n", sa.Integer, nullable=False, index=True),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
)
exchanges = sa.Table(
    "exchanges",
    metadata,
    sa.Column("attempt_id", sa.String(36), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("response", sa.LargeBinary),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("took", sa.Float, nullable=False),
    sa.Column("redacted", sa.JSON, nullable=False),
)


def engine_of(url: str, *, size: int = 10) -> sa.Engine:
    """Return an engine as a careful user sets one up: WAL and full synchronisation, as campaign has it."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": 60.0, "check_same_thread": False})
        sa.event.listen(engine, "connect", _prepare)
        return engine
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_size=size, max_overflow=0)


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=60000"):
        connection.execute(f"PRAGMA {pragma}")


def fill(engine: sa.Engine, number: int) -> None:
    """Make the tables, and a row for each post."""
    metadata.create_all(engine)
    with engine.begin() as connection:
        rows = [{"n": n, "key": uuid.uuid4().hex, "text": text(n), "state": "scheduled"} for n in range(number)]
        connection.execute(posts.insert(), rows)


def recorded(engine: sa.Engine) -> int:
    """Return how many are published."""
    with engine.connect() as connection:
        query = sa.select(sa.func.count()).select_from(posts).where(posts.c.state == "published")
        return int(connection.execute(query).scalar_one())


def published(engine: sa.Engine) -> list[datetime]:
    """Return when each was recorded."""
    with engine.connect() as connection:
        found = connection.execute(sa.select(posts.c.published_at).where(posts.c.state == "published")).scalars()
        return [at.replace(tzinfo=at.tzinfo or UTC) for at in found]


def texts_published(engine: sa.Engine) -> set[str]:
    """Return the texts that are recorded as published."""
    with engine.connect() as connection:
        return set(connection.execute(sa.select(posts.c.text).where(posts.c.state == "published")).scalars())


class Sender:
    """Sends a post over campaign's own client, in the event loop in which it was made."""

    def __init__(self, spec: dict[str, Any], *, connections: int) -> None:
        self._transport = Transport(max_connections=connections, max_idle=connections)
        self._spec, self._clock, self._redactor = spec, SystemClock(), Redactor([TOKEN])
        self._guard = Guard([spec["url"].partition("://")[2]], private=True)

    async def send(self, words: str, key: str) -> tuple[dict[str, Any], list[Exchange]]:
        """Return the status that was made, and what went over the wire."""
        sink = Exchanges()
        client = Client(
            base_url=self._spec["url"], transport=self._transport, sink=sink, clock=self._clock, label="peer",
            token=TOKEN, guard=self._guard, redactor=self._redactor,
        )  # fmt: skip
        body = {"status": words, "language": "ko", "visibility": "public"}
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        reply = await client.commit("POST", PATH, content=content, headers=headers_of(key))
        return reply.json(), sink.kept


class Desk:
    """A thread's own way to post: blocking, as jobs in threads are."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._runner = asyncio.Runner()
        self._runner.get_loop()
        self._sender = Sender(spec, connections=1)

    def send(self, words: str, key: str) -> tuple[dict[str, Any], list[Exchange]]:
        return self._runner.run(self._sender.send(words, key))


class Threads:
    """The process of an engine that runs its jobs in threads."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec, self._own = spec, threading.local()
        self._engine = engine_of(spec["records"])
        # SQLite has one writer: whoever does not queue in the process polls for its lock, which is slower.
        self._writing = threading.Lock() if self._engine.dialect.name == "sqlite" else nullcontext()

    def post(self, n: int) -> None:
        """Do one job."""
        desk = getattr(self._own, "desk", None)
        if desk is None:
            desk = self._own.desk = Desk(self._spec)
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(posts.c.text, posts.c.key).where(posts.c.n == n)).one()
        started_at = datetime.now(UTC)
        status, kept = desk.send(row.text, row.key)
        with self._transaction() as connection:
            keep(connection, n, started_at, status, kept)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with self._writing, self._engine.begin() as connection:
            yield connection


def keep(connection: sa.Connection, n: int, started_at: datetime, status: dict[str, Any], kept: list[Exchange]) -> None:
    """Write down one job: the attempt, what went over the wire, the result."""
    now = datetime.now(UTC)
    attempt = {"id": str(uuid.uuid4()), "n": n, "started_at": started_at, "ended_at": now, "outcome": "published"}
    connection.execute(attempts.insert().values(**attempt))
    connection.execute(exchanges.insert(), exchange_rows(attempt["id"], kept))
    done = {"state": "published", "remote_id": status["id"], "permalink": status["url"], "published_at": now}
    connection.execute(posts.update().where(posts.c.n == n).values(**done))


def exchange_rows(attempt_id: str, kept: list[Exchange]) -> list[dict[str, Any]]:
    return [
        {
            "attempt_id": attempt_id,
            "position": position,
            "method": exchange.method,
            "url": exchange.url,
            "at": exchange.at,
            "request": exchange.request,
            "response": exchange.response,
            "outcome": exchange.outcome,
            "took": exchange.took,
            "redacted": list(exchange.redacted),
        }
        for position, exchange in enumerate(kept, 1)
    ]


_threads: Threads | None = None
_making = threading.Lock()


def post(n: int) -> None:
    """Do one job in this process, whichever engine calls: what the job stores name."""
    global _threads
    if _threads is None:
        with _making:
            _threads = _threads or Threads(json.loads(os.environ["BENCH_SPEC"]))
    _threads.post(n)
