"""Locks that all workers of a PostgreSQL database share; the server frees those of whoever is gone."""

import threading
import zlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.store import Store


def only(tx: Connection, name: str) -> bool:
    """Whether nobody else is at this just now; so it stays until the transaction ends. SQLite has one writer anyway."""
    if tx.dialect.name != "postgresql":
        return True
    return bool(tx.execute(sa.text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _key(name)}).scalar_one())


class Lock:
    """A lock that is held beyond transactions, on a connection of its own.

    A worker that dies loses it at once, one whose machine is cut off within a minute: the server asks for a sign of
    life (see store/__init__.py). Whoever holds it for long asks `held` in between.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._key = store, _key(name)
        self._connection: Any = None
        self._using = threading.Lock()

    def take(self) -> bool:
        """Take it, if nobody else has it; return whether we do. On SQLite there is nobody else."""
        if self._store.dialect != "postgresql":
            return True
        with self._using:
            if self._connection is not None:
                return self._asked("SELECT true")
            self._connection = self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._asked(f"SELECT pg_try_advisory_lock({self._key})"):
                return True
            self._drop()
            return False

    @property
    def held(self) -> bool:
        """Whether we still have it."""
        if self._store.dialect != "postgresql":
            return True
        with self._using:
            return self._connection is not None and self._asked("SELECT true")

    def give_back(self) -> None:
        """Let another worker have it."""
        with self._using:
            if self._connection is not None:
                self._asked(f"SELECT pg_advisory_unlock({self._key})")
                self._drop()

    def _asked(self, question: str) -> bool:
        try:
            return bool(self._connection.exec_driver_sql(question).scalar_one())
        except sa.exc.DBAPIError:  # the connection is gone, and the lock with it
            self._drop()
            return False

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        connection.invalidate()  # never back into the pool: what it holds would go with it
        connection.close()


def _key(name: str) -> int:
    return zlib.crc32(f"campaign {name}".encode())
