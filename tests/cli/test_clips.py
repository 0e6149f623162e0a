"""Clips with captions at the command line, by options and as a file."""

from pathlib import Path

import pytest
from tests.cli.conftest import Shell, rows
from tests.clips import clip_file, vtt_file
from tests.conftest import World

GOOD = ["post", "add", "--campaign", "c", "--id", "P01", "--text", "ko=영상", "--to", "kr", "--at", "2026-11-24 19:00"]
FILE = """
campaign: c
id: Y1
at: "2026-11-24 19:00"
to: kr
texts: {ko: 영상}
media: [{file: a.mp4, alt: {ko: 무늬}, captions: {ko: a.ko.vtt}}]
"""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    vtt_file(tmp_path / "a.ko.vtt", "안녕하세요")
    return clip_file(tmp_path / "a.mp4")


def test_a_clip_is_given_with_its_captions_per_language(shell: Shell, clip: Path) -> None:
    words = ["--media", str(clip), "--alt", "ko=무늬", "--captions", f"ko={clip.with_name('a.ko.vtt')}"]

    said = shell(*GOOD, *words)
    assert (0, "") == (said.code, said.err)
    [shown] = shell("post", "show", "P01", "--json").json["media"]
    assert ("video/mp4", 1.0, ["ko"]) == (shown["mime"], shown["seconds"], list(shown["captions"]))


def test_a_file_names_captions_beside_itself(shell: Shell, clip: Path) -> None:
    file = clip.with_name("post.yaml")
    file.write_text(FILE, encoding="utf-8")

    assert shell("post", "add", "--file", str(file)).code == 0
    [shown] = shell("post", "show", "Y1", "--json").json["media"]
    assert ["ko"] == list(shown["captions"])


def test_what_is_wrong_with_captions_names_the_option_and_keeps_nothing(shell: Shell, world: World, clip: Path) -> None:
    before = rows(world)
    given = ["--media", str(clip), "--alt", "ko=무늬", "--captions"]
    late = vtt_file(clip.with_name("late.vtt"), "늦음", end="00:07.000")

    assert "captions 1 (ko)" in shell(*GOOD, *given, f"ko={late}").err
    assert "captions 1 (ko)" in shell(*GOOD, *given, "ko=/no/such.vtt").err
    assert "LANG=" in shell(*GOOD, *given, "a.vtt").err
    assert "--media" in shell(*GOOD, "--captions", f"ko={late}").err
    assert before[:2] == rows(world)[:2]


def test_a_warning_about_a_long_line_is_told(shell: Shell, clip: Path) -> None:
    long = vtt_file(clip.with_name("long.vtt"), "가" * 30)
    said = shell(*GOOD, "--media", str(clip), "--alt", "ko=무늬", "--captions", f"ko={long}")

    assert (0, True) == (said.code, "line of 30 characters; 20 can be read" in said.err)
