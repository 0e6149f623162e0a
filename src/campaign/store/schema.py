"""Bring a database to this program's schema; refuse one that is newer."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa

from campaign.core.errors import CampaignError, Conflict
from campaign.store import Store, jobs


def upgrade(store: Store) -> tuple[str | None, str]:
    """Run the migrations that are missing, all in one transaction; return the revision before and after.

    Raises:
        Conflict: the database was written by a newer program.
    """
    head = _revisions()[-1]
    with store.begin() as tx:
        before = _found(tx)
        _check_known(before)
        if before != head:
            # A fifth of a program's start, which most never need.
            import alembic.command
            from alembic.config import Config

            config = Config()
            config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
            config.attributes["connection"] = tx
            alembic.command.upgrade(config, "head")
        jobs.prepare(tx)
    return before, head


def check_current(store: Store) -> None:
    """Check that the database has exactly this program's schema.

    Raises:
        Conflict: it is older (run `campaign db upgrade`) or newer (update the program).
    """
    head = _revisions()[-1]
    with store.read() as tx:
        found = _found(tx)
    _check_known(found)
    if found is None:
        raise Conflict("there is no installation here yet; make one with: campaign init")
    if found != head:
        raise Conflict(f"the database is at schema {found}, this program needs {head}; run: campaign db upgrade")


def migrations_folder() -> Path:
    """Return where the migrations lie: in the wheel beside the package, in a checkout at its top."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_migrations", package.parent.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise CampaignError("the migrations are missing from this installation; install campaign again")


@cache
def _revisions() -> tuple[str, ...]:
    """Return all revisions, the first one first: each migration's file begins with its own."""
    return tuple(sorted(file.name.partition("_")[0] for file in (migrations_folder() / "versions").glob("*_*.py")))


def _found(tx: sa.Connection) -> str | None:
    """Return the revision that a database is at; None: it is empty."""
    if not sa.inspect(tx).has_table("alembic_version"):
        return None
    found: str | None = tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _check_known(found: str | None) -> None:
    if found is not None and found not in _revisions():
        raise Conflict(
            f"the database is at schema {found}, which this program (schema {_revisions()[-1]}) does not know: "
            "it was written by a newer one; update campaign"
        )
