"""An installation, its people and its accounts."""

import json
from pathlib import Path

import pytest
from tests.conftest import World

from campaign.cli import main
from campaign.cli.here import login
from campaign.core.model import Role

from .conftest import Shell


def test_init_makes_an_installation_and_its_first_admin_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "new")
    assert main(["init", "--dir", folder]) == 0
    caught = capsys.readouterr()
    assert folder in caught.out
    assert "all roles" in caught.err and "campaign account add" in caught.err
    assert main(["init", "--dir", folder, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["user"] is None
    assert main(["user", "list", "--dir", folder, "--json"]) == 0
    people = json.loads(capsys.readouterr().out)
    assert [(person["login"], len(person["roles"])) for person in people] == [(login(), len(Role))]
    assert main(["campaign", "add", "peace", "--zone", "Asia/Seoul", "--dir", folder]) == 0
    assert main(["db", "upgrade", "--dir", folder]) == 0
    assert "already" in capsys.readouterr().out


def test_only_an_admin_adds_people(shell: Shell) -> None:
    assert shell("user", "add", "dave", "--role", "viewer").code == 4
    assert "dave" not in shell("user", "list").out
    assert shell("user", "add", "dave", "--role", "king").code == 2


def test_a_person_that_is_unknown_acts_not(shell: Shell) -> None:
    assert shell("campaign", "add", "x", "--zone", "Asia/Seoul", by="nobody").code == 3
    assert shell("campaign", "add", "x", "--zone", "Asia/Seoul", by="carol").code == 4
    assert [row["id"] for row in shell("campaign", "list", "--json").json] == ["c"]


def test_an_account_is_connected_by_a_token_on_standard_input(shell: Shell, world: World) -> None:
    token = world.twin.tokens["peace_ru"]
    words = ["account", "add", "mastodon", "--name", "ru", "--base-url", world.twin.base_url, "--lang", "ru,en"]
    said = shell.process(*words, "--token-stdin", "--json", stdin=token + "\n")
    assert said.code == 0, said.err
    assert (said.json["name"], said.json["langs"], said.json["platform"]) == ("ru", ["ru", "en"], "mastodon")
    assert token not in said.out + said.err
    listed = shell("account", "list", "--json")
    assert [row["name"] for row in listed.json] == ["kr", "ru"]
    assert token not in listed.out
    assert shell("account", "test", "ru").code == 0
    assert shell("account", "remove", "ru").code == 0
    assert [row["name"] for row in shell("account", "list", "--json").json] == ["kr"]


def test_a_token_that_is_none_connects_nothing(shell: Shell, world: World) -> None:
    words = ["account", "add", "mastodon", "--name", "x", "--base-url", world.twin.base_url, "--lang", "ru"]
    for token, code in (("wrong", 4), ("two words", 2)):
        assert shell.process(*words, "--token-stdin", stdin=token).code == code
    assert [row["name"] for row in shell("account", "list", "--json").json] == ["kr"]


def test_an_account_or_a_platform_that_is_unknown_is_not_found(shell: Shell) -> None:
    assert shell("account", "test", "none").code == 3
    assert shell("account", "remove", "none").code == 3
    said = shell("account", "add", "mastodonn", "--name", "x", "--base-url", "http://x", "--lang", "ko")
    assert said.code == 3 and "mastodon" in said.err


def test_platforms_leave_no_cell_empty(shell: Shell) -> None:
    for row in shell("platforms", "--json").json:
        assert row["name"] and row["sources"][0].startswith("https://")
        assert all(value not in (None, "", []) for value in row.values()), row
    table = shell("platforms").out
    assert "mastodon" in table and "500" in table and "–" not in table


def test_a_journey_has_legs(shell: Shell) -> None:
    add = ["leg", "add", "moscow", "--campaign", "c", "--zone", "Europe/Moscow", "--from", "2026-11-25"]
    assert shell(*add, "--to", "2026-11-24").code == 2
    assert shell(*add, "--to", "2026-11-28", "--lat", "-91").code == 2
    assert shell(*add, "--to", "2026-11-28", "--name", "ru=Москва", "--lat", "55.7", "--lon", "37.6").code == 0
    assert shell(*add, "--to", "2026-11-28").code == 5
    legs = shell("leg", "list", "--campaign", "c", "--json").json
    assert [(leg["id"], leg["name"]) for leg in legs] == [("moscow", {"ru": "Москва"})]
    assert shell("campaign", "show", "c", "--json").json["legs"] == legs
    assert "Europe/Moscow" in shell("campaign", "show", "c").out
    assert shell("campaign", "show", "none").code == 3


REFUSED = [
    (["c", "--zone", "Asia/Seoul"], 5),
    (["d", "--zone", "Mars/Base"], 2),
    (["d", "--zone", "Asia/Seoul", "--approval", "four"], 2),
    (["d", "--zone", "Asia/Seoul", "--title", "Peace"], 2),
    (["d", "--zone", "Asia/Seoul", "--quiet-hours", "ko=at night"], 2),
    (["d", "--zone", "Asia/Seoul", "--lang", "ko,ko"], 2),
]


def test_a_campaign_that_breaks_a_rule_is_refused(shell: Shell) -> None:
    for words, code in REFUSED:
        assert shell("campaign", "add", *words).code == code, words
    assert [row["id"] for row in shell("campaign", "list", "--json").json] == ["c"]


def test_pause_and_resume(shell: Shell, world: World) -> None:
    world.post()
    assert shell("pause", "language", "ko", "--reason", "checked").code == 0
    assert shell("pause", "--reason", "").code == 2
    assert shell("pause", "campaign", "none", "--reason", "x").code == 3
    world.clock.turn(hours=2)
    world.tick()
    said = shell("resume", "language", "ko", "--json")
    assert said.code == 0 and len(said.json["missed"]) == 1
    assert shell("resume", "language", "ko").code == 2


def test_doctor_says_that_no_daemon_runs(shell: Shell) -> None:
    said = shell("doctor", "--json")
    assert said.code == 1 and not said.json["ok"]
    assert {check["name"]: check["ok"] for check in said.json["checks"]}["daemon"] is False
    assert "campaign daemon" in shell("doctor").out
