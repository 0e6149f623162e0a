"""campaign rehearse, as a person types it."""

import json

from tests.cli.conftest import Shell
from tests.conftest import World

from campaign.service.pause import pause


def test_a_rehearsal_is_told_as_a_table_and_says_that_all_would_go_out(world: World, shell: Shell) -> None:
    world.post("P01", minutes=600)
    world.post("P02", minutes=720, zone="Europe/Moscow")

    said = shell("rehearse", "c")

    assert 0 == said.code
    head, first, second = said.out.splitlines()[:3]
    assert ["post", "local time", "utc", "Asia/Seoul", "account", "lang", "text", "media", "state", "why"] == [
        word.strip() for word in head.split("  ") if word
    ]
    assert "2026-11-24 19:00 Asia/Seoul (UTC+9)" in first
    assert "2026-11-24 21:00 Europe/Moscow (UTC+3)" in second
    assert "2 deliveries: 2 published; all would go out in time" in said.out
    assert "nothing was sent to a real host" in said.err


def test_what_would_be_held_ends_with_6_and_names_why(world: World, shell: Shell) -> None:
    world.post("P01", minutes=600)
    world.post("P02", minutes=1300, approve_now=False)
    pause(world.app, "language", "ko", reason="the translator looks again", by=world.alice)

    said = shell("rehearse", "c", "--json")

    assert 6 == said.code
    assert {"held": 2} == said.json["tally"]
    why = [line["why"] for line in said.json["deliveries"]]
    assert "paused (language ko) by alice: the translator looks again" == why[0]
    assert "campaign post approve P02" in why[1]
    assert "" == said.err


def test_drafts_are_taken_for_approved_and_that_is_said_first(world: World, shell: Shell) -> None:
    world.post("P01", minutes=600, approve_now=False)

    said = shell("rehearse", "c", "--drafts", "--from", "2026-11-24 09:30")

    assert 0 == said.code
    assert said.out.startswith("Drafts are taken for approved.")


def test_nothing_scheduled_is_told_in_words(world: World, shell: Shell) -> None:
    said = shell("rehearse", "c")

    assert (0, "Nothing of campaign c is left to go out: there is nothing to rehearse.") == (
        said.code,
        said.out.strip(),
    )


def test_bad_input_names_field_value_and_rule(world: World, shell: Shell) -> None:
    assert (3, "error: campaign 'nope'") == ((said := shell("rehearse", "nope")).code, said.err[:22])
    said = shell("rehearse", "c", "--from", "soon", "--json")
    assert 2 == said.code
    assert ("from", "soon") == tuple(json.loads(said.err)["error"][key] for key in ("field", "value"))


def test_a_process_answers_with_one_json_value(world: World, shell: Shell) -> None:
    world.post("P01", minutes=600)

    said = shell.process("rehearse", "c", "--json")

    assert (0, "") == (said.code, said.err)
    assert ["published"] == [line["state"] for line in said.json["deliveries"]]
