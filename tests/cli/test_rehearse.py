"""campaign rehearse, as a person types it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Shell
from tests.conftest import World

from campaign.service.pause import pause


def test_a_rehearsal_is_told_as_a_table_and_says_that_all_would_go_out(world: World, shell: Shell) -> None:
    world.post("P01", minutes=600)
    world.post("P02", minutes=720 - 360, zone="Europe/Moscow")

    said = shell("rehearse", "c")

    assert 0 == said.code
    head, first, second = said.out.splitlines()[:3]
    assert ["post", "local time", "Asia/Seoul", "UTC", "to", "text", "state"] == [
        word.strip() for word in head.split("  ") if word
    ]
    assert "P01   2026-11-24 19:00 Asia/Seoul     19:00       10:00" in first
    assert "P02   2026-11-24 15:00 Europe/Moscow  21:00       12:00" in second
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


def test_a_person_reads_why_below_the_table(world: World, shell: Shell) -> None:
    world.post("P01", minutes=600)
    pause(world.app, "account", "kr", reason="\x1b[2Jthe screen is wiped", by=world.alice)

    said = shell("rehearse", "c")

    assert 6 == said.code
    assert "P01/ko to kr: held: paused (account kr) by alice: �[2Jthe screen is wiped" in said.out
    assert "1 delivery: 1 held; not all would go out in time" in said.out


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


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_rehearsal_that_is_ended_leaves_no_text_behind(
    world: World, shell: Shell, tmp_path: Path, sign: signal.Signals
) -> None:
    world.post("P01", minutes=600)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    program = (
        # A shell that starts jobs in the background lets them ignore Ctrl-C, and they hand that on.
        "import signal, sys, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from campaign.config import load_settings; from campaign.cli import main\n"
        "import campaign.demo.rehearse as room; whole = room.rehearse\n"
        "def slow(*given, **options):\n"
        "    def ready(stage): print('ready', flush=True); time.sleep(60)\n"
        "    return whole(*given, **options, before=ready)\n"
        "room.rehearse = slow; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "rehearse", "c", "--dir", str(shell.dir)]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None and "ready" == child.stdout.readline().strip()
    child.send_signal(sign)
    _, err = child.communicate(timeout=30)

    if sign is signal.SIGKILL:  # what a dead one left is cleared away by the next
        assert [] != list(scratch.iterdir())
        after = subprocess.run(
            [sys.executable, "-m", "campaign", "rehearse", "c", "--dir", str(shell.dir)],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        assert "1 published" in after.stdout
    else:
        assert (130, "") == (child.returncode, err)
    assert [] == list(scratch.iterdir())


def test_a_process_answers_with_one_json_value(world: World, shell: Shell) -> None:
    world.post("P01", minutes=600)

    said = shell.process("rehearse", "c", "--json")

    assert (0, "") == (said.code, said.err)
    assert ["published"] == [line["state"] for line in said.json["deliveries"]]
