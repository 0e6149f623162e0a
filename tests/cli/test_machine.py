"""campaign post translate --machine."""

import json

import pytest
from tests.conftest import World

from .conftest import Shell


@pytest.fixture
def tool(world: World, shell: Shell) -> str:
    """A key of DeepL's twin, in the settings of the shell."""
    opened = world.twin.ask("POST", "/_accounts", {"platform": "deepl", "name": "office"})
    file = world.settings.root / "config.toml"
    section = f'[translation]\ntool = "deepl"\nurl = "{opened["base_url"]}"\nkey = "{opened["token"]}"\n'
    file.write_text(f"{file.read_text()}{section}")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.post("P01", to=("two",), texts={"ko": "서울을 떠납니다 #평화"}, minutes=60, approve_now=False)
    return str(opened["token"])


def test_a_draft_by_machine_is_shown_and_saved_by_a_person(shell: Shell, tool: str) -> None:
    said = shell("post", "translate", "P01", "--lang", "ru", "--machine")
    saved = shell("post", "translate", "P01", "--lang", "ru", "--holds", "--json")

    assert (0, 0) == (said.code, saved.code), said.err
    assert "#평화" in said.out and "떠" not in said.out
    assert "a draft by deepl" in said.err and "--holds" in said.err
    assert 2 == saved.json["revision"]


def test_it_answers_with_json(shell: Shell, tool: str) -> None:
    said = shell("post", "translate", "P01", "--lang", "ru", "--machine", "--json")

    assert {"machine": "deepl", "revision": 1, "tags": [], "sent": 12} == {
        name: said.json[name] for name in ("machine", "revision", "tags", "sent")
    }
    assert said.json["findings"] == []


def test_words_and_a_machine_do_not_go_together(shell: Shell, tool: str) -> None:
    said = shell("post", "translate", "P01", "--lang", "ru", "--machine", "--text", "Сеул")

    assert 2 == said.code
    assert "writes the words by itself" in said.err


def test_where_no_tool_is_set_it_says_what_to_do(world: World, shell: Shell) -> None:
    world.post("P01", approve_now=False)
    said = shell("post", "translate", "P01", "--lang", "ru", "--machine")

    assert 5 == said.code
    assert "machine translation is off; set tool" in said.err


def test_the_key_stands_in_no_answer_and_no_row(world: World, shell: Shell, tool: str) -> None:
    first = shell("post", "translate", "P01", "--lang", "ru", "--machine", "--json")
    world.twin.fault("expired_token", path="/deepl/*")
    second = shell("post", "translate", "P01", "--lang", "en", "--machine")
    rows = b"".join(file.read_bytes() for file in world.settings.root.rglob("campaign.db*"))

    assert (0, 4) == (first.code, second.code)
    assert "check [translation] key" in second.err
    assert tool not in json.dumps([first.out, first.err, second.out, second.err])
    assert tool.encode() not in rows


def test_doctor_says_where_texts_are_sent_or_what_is_missing(world: World, shell: Shell, tool: str) -> None:
    good = shell("doctor", "--json")
    file = world.settings.root / "config.toml"
    file.write_text(file.read_text().replace(tool, ""))
    bad = shell("doctor", "--json")
    told = [[c for c in said.json["checks"] if c["name"] == "machine translation"] for said in (good, bad)]

    assert [[True], [False]] == [[check["ok"] for check in checks] for checks in told]
    assert "deepl" in told[0][0]["detail"]
    assert "CAMPAIGN_TRANSLATION__KEY" in told[1][0]["detail"]
