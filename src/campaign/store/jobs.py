"""The queue of ticks: procrastinate's tables, in a schema of their own beside ours. No truth is kept in them."""

import importlib.metadata
import importlib.util
from importlib import resources
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.errors import Conflict
from campaign.store import SESSION, SOCKET, Store

SCHEMA = "procrastinate"
POOL = 4  # connections at most, besides one for each queue that is listened to


def installed() -> bool:
    """Whether procrastinate is there; it comes with the extra `postgres`."""
    return importlib.util.find_spec("procrastinate") is not None


def prepare(tx: Connection) -> None:
    """Bring procrastinate's tables to the version that is installed, where they can be made.

    Without them one daemon still publishes; check_jobs() tells a worker what is missing.
    """
    if tx.dialect.name != "postgresql" or not installed():
        return
    wanted, found = importlib.metadata.version("procrastinate"), version(tx)
    if found == wanted:
        return
    allowed = tx.execute(sa.text("SELECT has_database_privilege(current_database(), 'CREATE')")).scalar_one()
    if found is None and not allowed:
        return
    scripts = [_text("schema.sql")] if found is None else migrations(found)
    before = tx.execute(sa.text("SELECT current_setting('search_path')")).scalar_one()
    plain = tx.execution_options(no_parameters=True)  # their per cent signs are no placeholders
    if found is None:
        plain.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    plain.exec_driver_sql(f"SET LOCAL search_path TO {SCHEMA}")
    for script in scripts:
        plain.exec_driver_sql(script)
    # Which version they are of is written nowhere else.
    plain.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS 'procrastinate {wanted}'")
    tx.execute(sa.text("SELECT set_config('search_path', :before, true)"), {"before": before})


def version(tx: Connection) -> str | None:
    """Return the version of procrastinate that its tables are of; None: there are none."""
    query = sa.text("SELECT obj_description(to_regnamespace(:name), 'pg_namespace')")
    said = tx.execute(query, {"name": SCHEMA}).scalar_one()
    return str(said).removeprefix("procrastinate ") if said else None


def check_jobs(store: Store) -> None:
    """Check that a worker finds its queue. Raises: Conflict, which says what to do."""
    if not installed():
        raise Conflict("workers need procrastinate: pip install 'campaign[postgres]', then: campaign db upgrade")
    with store.read() as tx:
        found = version(tx)
    wanted = importlib.metadata.version("procrastinate")
    if found is None:
        raise Conflict(
            f"the queue of the workers is missing from this database; run: campaign db upgrade (its role needs the "
            f"privilege CREATE on the database to make the schema '{SCHEMA}')"
        )
    if found != wanted:
        raise Conflict(
            f"the workers' queue is that of procrastinate {found}, and {wanted} is installed; run: campaign db upgrade"
        )


def connector(store: Store) -> Any:
    """Return what procrastinate reaches its tables with."""
    import procrastinate

    url = store.engine.url.set(drivername="postgresql")
    options = {name: value for name, value in SOCKET.items() if name not in url.query}
    return procrastinate.PsycopgConnector(
        conninfo=url.render_as_string(hide_password=False),
        kwargs={**options, "application_name": "campaign ticks"},
        configure=_configure,
        min_size=1,
        max_size=POOL,
        timeout=10.0,
    )


async def _configure(connection: Any) -> None:
    settings = {**SESSION, "search_path": SCHEMA}
    await connection.execute("SELECT " + ", ".join(f"set_config('{n}', '{v}', false)" for n, v in settings.items()))
    await connection.commit()


def _text(name: str) -> str:
    return (resources.files("procrastinate.sql") / name).read_text(encoding="utf-8")


def migrations(found: str) -> list[str]:
    """Return the scripts that lead from a version to the installed one: XX.YY.ZZ_NN_NAME.sql, in their order."""
    folder = resources.files("procrastinate.sql") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    known = tuple(int(part) for part in found.split(".")[:3])
    later = [name for name in names if tuple(int(part) for part in name.split("_")[0].split(".")) > known]
    return [(folder / name).read_text(encoding="utf-8") for name in later]
