"""copy: every row of one database into another, SQLite or PostgreSQL, and whether they are the same there.

Values are carried as they are kept: JSON as its text (a JSON null stays one, SQL's NULL stays NULL), instants to the
microsecond, floats bit for bit. Memory is bounded whatever the number of rows.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.errors import CampaignError, Conflict, Invalid
from campaign.store import Store
from campaign.store.schema import upgrade
from campaign.store.tables import metadata

Row = tuple[Any, ...]

BATCH = 1000
NAMED = 20  # differences that a message names
# Not of the installation: who works on a database, what that database's clock went through, and what was begun on it
# and ends within minutes.
STAYS = frozenset({"heartbeats", "eras", "connections"})
TABLES = tuple(table for table in metadata.sorted_tables if table.name not in STAYS)
_LARGEST_INTEGER = 2**31 - 1  # https://www.postgresql.org/docs/current/datatype-numeric.html; SQLite's has 64 bits


@dataclass(frozen=True, slots=True)
class Carried:
    """One table: its rows, and the sha256 over all of them in the order of their primary key."""

    table: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not the same in two databases; values are not told, some are secrets.

    Attributes:
        column: the column; empty: the whole row is missing, or is one too many.
    """

    table: str
    key: str
    column: str
    what: str  # differs | is missing | is too much

    def __str__(self) -> str:
        return f"{self.table} {self.key}{' ' + self.column if self.column else ''} {self.what}"


def without_password(url: str) -> str:
    """Return a database's URL as it may be shown. Raises: Invalid when it is none."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise Invalid("to", "…", "must be postgresql://USER@HOST/NAME or sqlite:///PATH") from None
    hidden = {key: "***" for key in parsed.query if "password" in key}
    return parsed.update_query_dict(hidden).render_as_string(hide_password=True)


def prepare(target: Store) -> None:
    """Bring an empty database to this program's schema.

    Raises:
        Conflict: it has rows, or a newer program's schema.
        CampaignError: it cannot be reached.
    """
    try:
        with target.read() as tx:
            check_empty(tx)
        upgrade(target)
    except (sa.exc.OperationalError, ConnectionError) as error:
        words = _words(error).replace(str(target.engine.url.password or "\0"), "***")
        raise CampaignError(f"the database to copy to cannot be used: {words}") from None
    except Conflict as error:
        raise Conflict(f"copied is nothing: {error}") from None


def lock(tx: Connection) -> None:
    """Keep every other writer out until the transaction ends. On SQLite it does so by itself.

    Raises:
        Conflict: somebody writes, and does not come to an end within 10 seconds.
    """
    if tx.dialect.name != "postgresql":
        return
    names = ", ".join(table.name for table in metadata.sorted_tables)
    tx.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
    try:
        tx.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    except sa.exc.OperationalError as error:
        raise Conflict("somebody writes into the database; stop every worker and the desk first") from error
    tx.exec_driver_sql("SET LOCAL lock_timeout = 0")


def check_empty(tx: Connection) -> None:
    """Check that a database holds no rows. Raises: Conflict, with the first table that has some."""
    there = set(sa.inspect(tx).get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in there or table.name == "eras":  # a glance at a clock is no installation
            continue
        if tx.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise Conflict(f"the database to copy to is not empty: table {table.name} has rows; name an empty database")


def count(tx: Connection) -> int:
    """Return how many rows there are to carry."""
    counts = (tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in TABLES)
    return sum(map(int, counts))


def carry(
    source: Connection, target: Connection, *, progress: Callable[[int], None] = lambda rows: None
) -> list[Carried]:
    """Write every row of one database into another, which is empty; return what was read.

    Args:
        progress: called with the number of rows that were carried since it was last called.

    Raises:
        Invalid: the other database cannot hold a value; table, key and column are named.
        CampaignError: it refused for another reason.
    """
    if target.dialect.name == "sqlite":
        # Parents may come after their children: https://www.sqlite.org/pragma.html#pragma_defer_foreign_keys.
        # PostgreSQL checks at the end of a statement, and COPY is one.
        target.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    write = _copy_in if target.dialect.name == "postgresql" else _insert
    carried: list[Carried] = []
    for table in TABLES:
        tally = _Tally(table)
        try:
            write(target, table, tally.over(_batches(source, table, progress)))
        except Exception as error:
            if not isinstance(error, sa.exc.DBAPIError | _driver_error()):
                raise
            for row in tally.last:
                _check_fits(table, row)
            raise CampaignError(f"table {table.name} cannot be copied: {_words(error)}") from error
        carried.append(tally.told)
    if target.dialect.name == "postgresql":
        target.exec_driver_sql("ANALYZE")  # a claim planned on an empty table would read all of a full one
    return carried


def read_all(tx: Connection, *, progress: Callable[[int], None] = lambda rows: None) -> list[Carried]:
    """Read every row; return the count and the digest of each table."""
    found: list[Carried] = []
    for table in TABLES:
        tally = _Tally(table)
        for _ in tally.over(_batches(tx, table, progress)):
            pass
        found.append(tally.told)
    return found


def differences(source: Connection, target: Connection, names: Iterable[str]) -> list[Difference]:
    """Hold these tables of two databases against each other, row by row; return the first differences."""
    found: list[Difference] = []
    for name in names:
        # Closed, not left to chance: a cursor of PostgreSQL that is half read stands open on its server.
        with closing(_rows(source, name)) as mine, closing(_rows(target, name)) as theirs:
            found += islice(_unlike(metadata.tables[name], mine, theirs), NAMED - len(found))
    return found


def same(store: Store, other: Store) -> bool:
    """Whether two stores are one database, as far as their URLs tell."""
    mine, theirs = ((s.dialect, s.engine.url.host, s.engine.url.port, s.engine.url.database) for s in (store, other))
    return mine == theirs


class _Tally:
    """Counts and digests the rows that go by."""

    def __init__(self, table: sa.Table) -> None:
        self._name, self._rows, self._sum = table.name, 0, hashlib.sha256()
        self.last: Sequence[Row] = ()

    def over(self, batches: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
        for batch in batches:
            self.last = batch
            for row in batch:
                self._sum.update(canonical(row))
            self._rows += len(batch)
            yield batch

    @property
    def told(self) -> Carried:
        return Carried(self._name, self._rows, self._sum.hexdigest())


def canonical(row: Row) -> bytes:
    """Return a row as the bytes that are digested: the same wherever it is kept."""
    return (repr(row) + "\n").encode("utf-8", "surrogatepass")


def _batches(tx: Connection, table: sa.Table, progress: Callable[[int], None]) -> Generator[Sequence[Row], None, None]:
    with closing(tx.execute(_select(tx, table), execution_options={"yield_per": BATCH})) as result:
        for part in result.partitions():
            batch = [tuple(row) for row in part]
            yield batch
            progress(len(batch))


def _rows(tx: Connection, name: str) -> Generator[Row, None, None]:
    with closing(_batches(tx, metadata.tables[name], lambda rows: None)) as batches:
        for batch in batches:
            yield from batch


def _select(tx: Connection, table: sa.Table) -> sa.Select[Any]:
    """Return all of a table in the order of its primary key, which is that of the bytes in both databases."""
    columns = [sa.cast(c, sa.Text).label(c.name) if isinstance(c.type, sa.JSON) else c for c in table.columns]
    bytewise = tx.dialect.name == "postgresql"  # SQLite's own order is: https://www.sqlite.org/datatype3.html#collation
    keys = [sa.collate(c, "C") if bytewise and isinstance(c.type, sa.String) else c for c in table.primary_key]
    return sa.select(*columns).order_by(*keys)


def _insert(tx: Connection, table: sa.Table, batches: Iterable[Sequence[Row]]) -> None:
    # JSON comes as text and goes as text: of these columns only the names are used.
    columns = [sa.column(c.name, sa.Text() if isinstance(c.type, sa.JSON) else c.type) for c in table.columns]
    plain = sa.table(table.name, *columns)
    names = [c.name for c in columns]
    for batch in batches:
        tx.execute(plain.insert(), [dict(zip(names, row, strict=True)) for row in batch])


def _copy_in(tx: Connection, table: sa.Table, batches: Iterable[Sequence[Row]]) -> None:
    """Write a whole table by one statement: https://www.psycopg.org/psycopg3/docs/basic/copy.html."""
    names = ", ".join(f'"{c.name}"' for c in table.columns)
    cursor = tx.connection.cursor()
    try:
        with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copying:
            for batch in batches:
                for row in batch:
                    copying.write_row(row)
    finally:
        cursor.close()


def _words(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]


def _driver_error() -> type[Exception]:
    """Return what the driver of PostgreSQL raises, where it is installed."""
    try:
        import psycopg
    except ModuleNotFoundError:
        return sa.exc.DBAPIError
    return psycopg.Error


def _check_fits(table: sa.Table, row: Row) -> None:
    """Check that PostgreSQL can hold each value. Raises: Invalid, with table, key and column."""
    for column, value in zip(table.columns, row, strict=True):
        rule = ""
        if isinstance(value, str) and "\0" in value:
            rule = "holds a NUL character, which PostgreSQL's texts cannot; take it out"
        elif type(column.type) is sa.Integer and isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
            rule = f"is a number beyond {_LARGEST_INTEGER}, which PostgreSQL's integers cannot hold"
        if rule:
            raise Invalid(f"{table.name}.{column.name}", _key(table, row), rule)


def _unlike(table: sa.Table, rows: Iterator[Row], others: Iterator[Row]) -> Iterator[Difference]:
    """Walk two streams in the order of their keys at once."""
    places = [list(table.columns).index(c) for c in table.primary_key]
    row, other = next(rows, None), next(others, None)
    while row is not None or other is not None:
        mine = [row[place] for place in places] if row is not None else None
        theirs = [other[place] for place in places] if other is not None else None
        if row is not None and (theirs is None or (mine is not None and mine < theirs)):
            yield Difference(table.name, _key(table, row), "", "is missing")
            row = next(rows, None)
        elif other is not None and (mine is None or (theirs is not None and theirs < mine)):
            yield Difference(table.name, _key(table, other), "", "is too much")
            other = next(others, None)
        elif row is not None and other is not None:
            for column, value, there in zip(table.columns, row, other, strict=True):
                if canonical((value,)) != canonical((there,)):
                    yield Difference(table.name, _key(table, row), column.name, "differs")
            row, other = next(rows, None), next(others, None)


def _key(table: sa.Table, row: Row) -> str:
    """Return how a row is called in a message. The key of two tables is the digest of a secret: it is cut short."""
    values: Mapping[str, Any] = dict(zip((c.name for c in table.columns), row, strict=True))
    parts = (str(values[c.name]) for c in table.primary_key)
    return " ".join(part[:8] + "…" if table.name in ("sessions", "login_links") else part for part in parts)
