"""Migrations: from empty to what the tables say, and the refusal of what is newer or older."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import campaign
from campaign.core.errors import Conflict
from campaign.store import Store, open_store
from campaign.store.schema import check_current, migrations_folder, upgrade
from campaign.store.tables import metadata
from tests.store.conftest import KINDS

NEXT = 'revision = "0999"\ndown_revision = "{head}"\n\n\ndef upgrade() -> None:\n    pass\n'


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        make: Callable[[], str] = request.getfixturevalue("make_database")
        url = make()
    store = open_store(url)
    yield store
    store.close()


def _newer_program(store: Store, folder: Path, head: str, call: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of this program that has one migration more."""
    package = Path(campaign.__file__).parent
    shutil.copytree(package, folder / "src" / "campaign", ignore=shutil.ignore_patterns("__pycache__", "_migrations"))
    shutil.copytree(migrations_folder(), folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "migrations" / "versions" / "0999_next.py").write_text(NEXT.format(head=head))
    code = (
        "import sys; from campaign.store import open_store; from campaign.store.schema import check_current, upgrade\n"
        f"{call}(open_store(sys.argv[1]))"
    )
    url = store.engine.url.set(drivername=store.dialect).render_as_string(hide_password=False)
    environ = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, "-c", code, url], env=environ, capture_output=True, text=True, check=False)


def test_each_migration_is_named_after_its_revision_and_follows_the_one_before() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    names = sorted(Path(str(script.path)).name.partition("_")[0] for script in scripts)

    assert names == [script.revision for script in reversed(scripts)]
    assert [None, *names[:-1]] == [script.down_revision for script in reversed(scripts)]


def test_an_upgrade_from_empty_equals_the_tables(empty: Store) -> None:
    before, head = upgrade(empty)
    with empty.read() as tx:
        differences = compare_metadata(MigrationContext.configure(tx, opts={"compare_type": True}), metadata)

    assert (None, []) == (before, differences)
    assert (head, head) == upgrade(empty)
    check_current(empty)


def test_the_migrated_database_has_each_index_with_its_condition(store: Store) -> None:
    partial = {
        index.name
        for table in metadata.sorted_tables
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    catalogue = "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
    if store.dialect == "postgresql":
        catalogue = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    with store.read() as tx:
        found = {name: str(sql) for name, sql in tx.execute(sa.text(catalogue))}

    assert 11 == len(partial)
    assert partial == {name for name, sql in found.items() if " WHERE " in sql}
    assert {index.name for table in metadata.sorted_tables for index in table.indexes} <= set(found)


def test_a_database_without_tables_is_no_installation(empty: Store) -> None:
    with pytest.raises(Conflict, match="no installation here yet; make one with: campaign init"):
        check_current(empty)


def test_a_newer_database_is_refused_and_both_versions_are_named(empty: Store, tmp_path: Path) -> None:
    _, head = upgrade(empty)
    done = _newer_program(empty, tmp_path / "newer", head, "upgrade")
    for call in (check_current, upgrade):
        with pytest.raises(Conflict, match=rf"schema 0999, which this program \(schema {head}\) does not know"):
            call(empty)

    assert 0 == done.returncode, done.stderr


def test_an_older_database_says_how_to_upgrade(empty: Store, tmp_path: Path) -> None:
    _, head = upgrade(empty)
    done = _newer_program(empty, tmp_path / "newer", head, "check_current")

    assert f"the database is at schema {head}, this program needs 0999; run: campaign db upgrade" in done.stderr
