"""The database's clock, which all workers share: what it says, and the eras between its jumps."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection

from campaign.store.signs import eras

_LOOK = sa.text(
    "SELECT EXTRACT(EPOCH FROM clock_timestamp())::double precision, (SELECT COALESCE(MAX(number), 0) FROM eras)"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the database's clock said: seconds since 1970, and the era that it was in; 0: no worker ever began one."""

    seconds: float
    era: int


def look(tx: Connection) -> Told:
    """Ask a PostgreSQL database what time it is at this very moment, not when its transaction began."""
    seconds, era = tx.execute(_LOOK).one()
    return Told(float(seconds), int(era))


def begin_era(tx: Connection, number: int) -> None:
    """Begin an era; that another worker has begun it already changes nothing."""
    row = insert(eras).values(number=number, began_at=sa.func.clock_timestamp())
    tx.execute(row.on_conflict_do_nothing(index_elements=["number"]))


def cluster(tx: Connection) -> str:
    """Return what tells one PostgreSQL server's data from another's: a copy that is restored elsewhere differs."""
    # https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA; readable by every role.
    return str(tx.execute(sa.text("SELECT system_identifier FROM pg_control_system()")).scalar_one())
