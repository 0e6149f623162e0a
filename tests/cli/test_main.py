"""The command itself: light, helpful, with one place for errors."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from campaign import __version__
from campaign.cli import main
from campaign.cli.tree import ALONE, ROOMS

from .conftest import Shell

HEAVY = ("sqlalchemy", "pydantic", "httpx", "PIL", "fastapi", "alembic")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from campaign.cli import main; main(['--help']); "
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "LOADED []" in done.stdout
    for name in (*ALONE, *ROOMS):
        assert name in done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_what_its_commands_do(room: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([room, "--help"]) == 0
    said = capsys.readouterr().out
    for phrase in ROOMS[room][1]:
        verb, *rest = phrase.split()
        assert any(line.split()[1:2] == [verb] and len(line.split()) > 3 for line in said.splitlines()), verb
        assert main([room, verb, *rest, "--help"]) == 0
        assert "Example" in capsys.readouterr().out


@pytest.mark.parametrize("name", ALONE)
def test_each_command_alone_has_a_page_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert "Example" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["psot"], "post"),
        (["post", "lits"], "list"),
        (["post", "list", "--jsno"], "--json"),
        (["leg", "list"], "campaign"),
    ],
)
def test_a_slip_names_what_is_near(words: list[str], near: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    caught = capsys.readouterr()
    assert near in caught.err
    assert caught.out == ""


def test_where_there_is_no_installation_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["post", "list", "--dir", str(tmp_path / "none")]) == 5
    assert "campaign init" in capsys.readouterr().err
    assert not (tmp_path / "none" / "campaign.db").exists()


def test_options_of_every_command_may_stand_in_front(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dir", str(shell.dir), "--json", "campaign", "list"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "c"


def test_an_error_as_json_goes_to_standard_error_alone(shell: Shell) -> None:
    said = shell("campaign", "add", "x", "--zone", "Asia/Soul", "--json")
    assert (said.code, said.out) == (2, "")
    error = json.loads(said.err)["error"]
    assert (error["type"], error["field"], error["value"]) == ("Invalid", "zone", "Asia/Soul")
    assert "Asia/Seoul" in error["rule"]


def test_an_unknown_config_key_is_named_with_the_nearest(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[daemon]\nslotz = 3\n")
    said = shell("post", "list", "--config", str(file))
    assert said.code == 2
    assert "daemon.slotz" in said.err and "daemon.slots" in said.err
    assert shell("post", "list", "--config", str(tmp_path / "none.toml")).code == 3


def test_a_disk_that_is_full_is_told_without_the_statement(shell: Shell) -> None:
    text = "ko=" + "꽉 찬 디스크 " * 60
    words = ["post", "add", "--campaign", "c", "--id", "P01", "--to", "kr", "--at", "2026-11-24 19:00", "--text", text]
    command = shlex.join([sys.executable, "-m", "campaign", *words, "--dir", str(shell.dir), "--as", "alice"])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 1; exec {command}"], capture_output=True, text=True, timeout=60, check=False
    )

    assert (1, "") == (done.returncode, done.stdout)
    assert "the database cannot be used" in done.stderr and "campaign doctor" in done.stderr
    assert "INSERT" not in done.stderr and "꽉" not in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(shell: Shell) -> None:
    command = f"{sys.executable} -m campaign platforms --json --dir {shell.dir} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "141")
