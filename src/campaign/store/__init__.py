"""The only SQL: one Store, and one module per thing that is kept."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from campaign.core.errors import Conflict, Invalid


class Store:
    """The database of one installation, SQLite or PostgreSQL.

    `begin()` is one write transaction; `read()` one snapshot. Both are to be short: no network call inside.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # SQLite has one writer. Threads of this process queue here, in order, in place of polling for its lock.
        self._writing = threading.RLock() if engine.dialect.name == "sqlite" else nullcontext()

    @property
    def dialect(self) -> str:
        """sqlite or postgresql."""
        return self.engine.dialect.name

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction; it is committed at the end, rolled back on any exception."""
        with self._writing, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction: on SQLite it takes no write lock."""
        options: dict[str, Any] = {"campaign_reads": True}
        if self.dialect == "postgresql":
            # Its default shows every statement what was committed meanwhile; SQLite always reads one snapshot.
            options["isolation_level"] = "REPEATABLE READ"
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def watch(self) -> Callable[[], bool]:
        """Return a function that says whether somebody has written since it was last asked.

        On SQLite it costs no file lock (PRAGMA data_version); elsewhere it always says no.
        """
        if self.dialect != "sqlite":
            return lambda: False
        connection = self.engine.raw_connection()
        seen: list[int] = []

        def changed() -> bool:
            cursor = connection.cursor()
            version = int(cursor.execute("PRAGMA data_version").fetchone()[0])
            cursor.close()
            news = bool(seen) and seen[0] != version
            seen[:] = [version]
            return news

        return changed

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


class Fleeting(Store):
    """A store whose write transactions are rolled back at their end: what would happen, without its happening."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction that nothing stays of."""
        with self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()


def open_store(url: str, *, read_only: bool = False) -> Store:
    """Return the store at a database URL (sqlite:///PATH or postgresql://…); nothing is created yet.

    Args:
        read_only: the database itself refuses every write.

    Raises:
        Invalid: the URL is of another kind, or its driver is not installed.
        Conflict: it is opened to read only, and is not there.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise Invalid("database.url", "…", "must be sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    options: dict[str, Any] = {}
    match parsed.get_backend_name():
        case "sqlite":
            options = {"connect_args": {"timeout": 30.0, "check_same_thread": False}}
            if read_only:
                # https://www.sqlite.org/uri.html#urimode: nothing is written, and closing moves no log into it.
                if not Path(str(parsed.database)).is_file():
                    raise Conflict("there is no installation here yet; make one with: campaign init")
                file = "file:" + quote(str(parsed.database))
                parsed = sa.URL.create("sqlite", database=file, query={"mode": "ro", "uri": "true"})
        case "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            options = {"pool_pre_ping": True}
            if read_only:
                options["execution_options"] = {"postgresql_readonly": True}
        case other:
            raise Invalid("database.url", other, "must be sqlite:///PATH or postgresql://USER@HOST/NAME")
    try:
        engine = sa.create_engine(parsed, **options)
    except ModuleNotFoundError as error:
        raise Invalid("database.url", "postgresql", "needs its driver: pip install 'campaign[postgres]'") from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _open_sqlite_to_read if read_only else _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return Store(engine)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN is late (at the first write): we say BEGIN ourselves, see _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _open_sqlite_to_read(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads first and writes later can fail with SQLITE_BUSY at once, without waiting:
    # https://www.sqlite.org/lang_transaction.html#deferred_immediate_and_exclusive_transactions
    reads = connection.get_execution_options().get("campaign_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
