"""Bring a database to this program's schema; refuse one that is newer."""

from pathlib import Path

import alembic.command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from campaign.core.errors import CampaignError, Conflict
from campaign.store import Store, jobs


def upgrade(store: Store) -> tuple[str | None, str]:
    """Run the migrations that are missing, all in one transaction; return the revision before and after.

    Raises:
        Conflict: the database was written by a newer program.
    """
    config, script = _script()
    head = str(script.get_current_head())
    with store.begin() as tx:
        before = MigrationContext.configure(tx).get_current_revision()
        _check_known(script, before, head)
        if before != head:
            config.attributes["connection"] = tx
            alembic.command.upgrade(config, "head")
        jobs.prepare(tx)
    return before, head


def check_current(store: Store) -> None:
    """Check that the database has exactly this program's schema.

    Raises:
        Conflict: it is older (run `campaign db upgrade`) or newer (update the program).
    """
    _config, script = _script()
    head = str(script.get_current_head())
    with store.read() as tx:
        found = MigrationContext.configure(tx).get_current_revision()
    _check_known(script, found, head)
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


def _script() -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return config, ScriptDirectory.from_config(config)


def _check_known(script: ScriptDirectory, found: str | None, head: str) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    if found is not None and found not in known:
        raise Conflict(
            f"the database is at schema {found}, which this program (schema {head}) does not know: "
            "it was written by a newer one; update campaign"
        )
