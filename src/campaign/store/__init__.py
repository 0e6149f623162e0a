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

# What a PostgreSQL server does when a machine of ours is cut off or stopped: within a minute it ends the session, and
# with it the transaction and the locks that others wait for. https://www.postgresql.org/docs/current/runtime-config-connection.html
SESSION = {
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
# The same the other way round. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
SOCKET = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30000,
}
NEWS = "campaign_news"  # the channel on which the triggers of migration 0003 say that something was scheduled
AGAIN = 8  # questions between two tries to listen


class Unreachable(ConnectionError):
    """The database cannot be reached, or went away; what was not committed did not happen."""


class Store:
    """The database of one installation, SQLite or PostgreSQL.

    `begin()` is one write transaction; `read()` one snapshot. Both are to be short: no network call inside.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._ears: list[_Ear] = []
        # SQLite has one writer. Threads of this process queue here, in order, in place of polling for its lock.
        self._writing = threading.RLock() if engine.dialect.name == "sqlite" else nullcontext()

    @property
    def dialect(self) -> str:
        """sqlite or postgresql."""
        return self.engine.dialect.name

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction; it is committed at the end, rolled back on any exception."""
        with self._writing, self._reached() as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction: on SQLite it takes no write lock."""
        options: dict[str, Any] = {"campaign_reads": True}
        if self.dialect == "postgresql":
            # Its default shows every statement what was committed meanwhile; SQLite always reads one snapshot.
            options["isolation_level"] = "REPEATABLE READ"
        with self._reached(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def _reached(self, **options: Any) -> Iterator[Connection]:
        """Open a connection. Raises: Unreachable, when there is no server, also when it goes away meanwhile."""
        try:
            connection = self.engine.connect()
        except sa.exc.OperationalError as error:
            if self.dialect == "sqlite":
                raise
            raise Unreachable(self._unreachable(error)) from error
        with connection:
            try:
                yield connection.execution_options(**options) if options else connection
            except sa.exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                raise Unreachable(self._unreachable(error)) from error

    def may_pass(self, error: Exception) -> bool:
        """Whether what failed so may succeed later: no connection, no room on the disk, a lock; not a broken rule."""
        return isinstance(error, OSError | sa.exc.OperationalError | sa.exc.InternalError | sa.exc.TimeoutError)

    def _unreachable(self, error: sa.exc.DBAPIError) -> str:
        url = self.engine.url
        where = f"{url.host or 'this machine'}{f':{url.port}' if url.port else ''}"
        why = " ".join(str(error.orig).split())
        return (
            f"the database '{url.database}' at {where} does not answer ({why}); is it running, is database.url right?"
        )

    def watch(self) -> Callable[[], bool]:
        """Return a function that says whether somebody has written since it was last asked.

        On SQLite it costs no file lock (PRAGMA data_version). On PostgreSQL a trigger tells it what was scheduled, over
        a connection of its own; while that is away it says no, and yes once it is back, for something may have come.
        """
        if self.dialect != "sqlite":
            ear = _Ear(self.engine)
            self._ears.append(ear)
            return ear.heard
        connection = self.engine.raw_connection()
        seen: list[int] = []

        def changed() -> bool:
            cursor = connection.cursor()
            version = int(cursor.execute("PRAGMA data_version").fetchone()[0])
            cursor.close()
            news = bool(seen) and seen[0] != version
            seen[:] = [version]
            return news

        changed()  # whatever is written from here on is news, also before it is first asked
        return changed

    def close(self) -> None:
        """Close all connections."""
        for ear in self._ears:
            ear.close()
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


class Within(Store):
    """A store of which each transaction is a part of one that is open already; all of them stay, or none.

    Args:
        connection: of the transaction; what fails is rolled back to where its part began.
    """

    def __init__(self, engine: Engine, connection: Connection) -> None:
        super().__init__(engine)
        self._connection = connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a part of the transaction."""
        with self._connection.begin_nested():
            yield self._connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read what the transaction sees."""
        yield self._connection


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
            options = {
                "pool_pre_ping": True,
                "connect_args": {name: value for name, value in SOCKET.items() if name not in parsed.query},
            }
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
    else:
        sa.event.listen(engine, "connect", _prepare_postgres)
    return Store(engine)


class _Ear:
    """Listens to what the triggers tell."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None
        dbapi: Any = engine.dialect.loaded_dbapi
        self._errors: tuple[type[Exception], ...] = (sa.exc.DBAPIError, dbapi.Error)
        self._wait = 0

    def heard(self) -> bool:
        """Whether anything was told since it was last asked."""
        try:
            if self._connection is None:
                return self._listen()
            return bool(list(self._connection.notifies(timeout=0)))
        except self._errors:
            self.close()
            self._wait = AGAIN
            return False

    def close(self) -> None:
        """Listen no more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _listen(self) -> bool:
        self._wait -= 1
        if self._wait > 0:
            return False
        pooled = self._engine.raw_connection()
        pooled.detach()  # it is ours, and lives as long as we listen
        connection: Any = pooled.dbapi_connection
        connection.autocommit = True
        connection.execute(f"LISTEN {NEWS}")
        self._connection = connection
        return True


def _prepare_postgres(connection: Any, _record: Any) -> None:
    names = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in SESSION.items())
    connection.execute(f"SELECT {names}")
    connection.commit()


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
