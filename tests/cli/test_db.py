"""The database at the command line: carried into another, and refused at every door when a newer program made it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import World

from campaign.core.model import Role
from campaign.daemon import sole_daemon
from campaign.service import campaigns
from campaign.store import open_store

from .conftest import Shell


@pytest.fixture
def ada(world: World) -> str:
    return campaigns.add_person(world.app, "ada", [Role.ADMIN]).name


def test_it_says_what_was_carried_and_what_to_set(shell: Shell, ada: str, world: World, tmp_path: Path) -> None:
    world.post()
    file = tmp_path / "new" / "moved.db"
    said = shell("db", "copy", "--to", f"sqlite:///{file}", by=ada)

    assert 0 == said.code, said.err
    assert f"rows carried to sqlite:///{file}, each the same there" in said.out
    assert f'[database]\n  url = "sqlite:///{file}"' in said.err
    assert 0o600 == file.stat().st_mode & 0o777
    assert "copied to" in shell("doctor", by=ada).out
    told = shell("post", "list", "--json").json
    config = shell.dir / "config.toml"
    config.write_text(config.read_text() + f'[database]\nurl = "sqlite:///{file}"\n')
    assert told == shell("post", "list", "--json").json
    assert "copied to" not in shell("doctor", by=ada).out


def test_it_answers_with_the_digest_of_each_table(shell: Shell, ada: str, tmp_path: Path) -> None:
    told = shell("db", "copy", "--to", f"sqlite:///{tmp_path / 'moved.db'}", "--json", by=ada).json

    assert told["rows"] == sum(table["rows"] for table in told["tables"]) > 0
    assert {64} == {len(table["sha256"]) for table in told["tables"]}


def test_a_daemon_that_runs_is_named_and_nothing_is_made(shell: Shell, ada: str, tmp_path: Path) -> None:
    with sole_daemon(shell.dir):
        said = shell("db", "copy", "--to", f"sqlite:///{tmp_path / 'moved.db'}", by=ada)

    assert 5 == said.code
    assert "a daemon runs here already (pid " in said.err
    assert not (tmp_path / "moved.db").exists()


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("mysql://u:hunter2@h/n", "must be sqlite:///PATH or postgresql://"),
        ("hunter2", "must be postgresql://USER@HOST/NAME"),
        ("postgresql://u:hunter2@127.0.0.1:1/n", "127.0.0.1"),
    ],
)
def test_an_address_that_will_not_do_is_refused_without_its_password(
    shell: Shell, ada: str, to: str, words: str
) -> None:
    said = shell("db", "copy", "--to", to, by=ada)

    assert said.code in (1, 2)
    assert words in said.err
    assert "hunter2" not in said.out + said.err


DOORS = (
    ("daemon",),
    ("web", "--port", "0"),
    ("up",),
    ("doctor",),
    ("post", "list"),
    ("db", "upgrade"),
    ("db", "copy", "--to", "sqlite:///{other}"),
    ("init",),
    ("measure",),
)


@pytest.mark.parametrize("words", DOORS, ids=" ".join)
def test_a_schema_newer_than_the_program_is_refused_at_every_door(
    shell: Shell, world: World, words: tuple[str, ...], tmp_path: Path
) -> None:
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    said = shell(*(word.format(other=tmp_path / "other.db") for word in words))

    assert 5 == said.code
    assert "schema 0999, which this program (schema 00" in said.err


def test_a_worker_refuses_a_newer_schema_too(
    shell: Shell, make_migrated: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_migrated()
    store = open_store(url)
    with store.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    store.close()
    (shell.dir / "config.toml").unlink()
    monkeypatch.setenv("CAMPAIGN_DATABASE__URL", url)
    said = shell("worker")

    assert 5 == said.code
    assert "schema 0999, which this program (schema 00" in said.err


def test_a_newer_schema_on_the_other_side_is_refused_too(shell: Shell, ada: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'newer.db'}"
    store = open_store(url)
    with store.begin() as tx:
        tx.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        tx.exec_driver_sql("INSERT INTO alembic_version VALUES ('0999')")
    store.close()
    said = shell("db", "copy", "--to", url, by=ada)

    assert 5 == said.code
    assert "copied is nothing: the database is at schema 0999, which this program (schema 00" in said.err
