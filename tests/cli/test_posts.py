"""Posts: handed in by options and by file, refused whole, approved, moved, cancelled."""

from pathlib import Path

import pytest
from PIL import Image
from tests.conftest import World

from .conftest import Shell, rows

AT = "2026-11-24 19:00"
BASE = ["post", "add", "--campaign", "c", "--id", "P01", "--to", "kr"]
GOOD = [*BASE, "--text", "ko=안녕하세요", "--at", AT]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "a.png"
    Image.new("RGB", (40, 30), "navy").save(file)
    return file


def test_a_post_is_kept_with_its_picture_and_enqueued(
    shell: Shell, world: World, picture: Path, tmp_path: Path
) -> None:
    (tmp_path / "ko.txt").write_text("글에서 왔습니다\n", encoding="utf-8")
    words = ["--text", f"ko=@{tmp_path / 'ko.txt'}", "--tags", "ko=#평화,#서울", "--link", "https://example.org/{lang}"]
    words += ["--media", str(picture), "--alt", "ko=남색 그림", "--place", "ko=서울", "--at", AT, "--approve"]
    said = shell(*BASE, *words, "--json")
    assert said.code == 0, said.err
    assert said.json["due_at"] == "2026-11-24T10:00:00Z"
    assert len(said.json["deliveries"]) == 1
    shown = shell("post", "show", "P01", "--json").json
    assert shown["texts"]["ko"]["text"] == "글에서 왔습니다"
    assert shown["texts"]["ko"]["tags"] == ["#평화", "#서울"]
    assert shown["texts"]["ko"]["link"] == "https://example.org/ko"
    assert shown["media"][0]["alt"] == {"ko": "남색 그림"}
    assert shown["deliveries"][0]["state"] == "scheduled"
    assert "남색 그림" in shell("post", "show", "P01").out
    assert "P01" in shell("post", "list", "--campaign", "c").out


def test_a_post_says_what_is_missing_and_what_holds_it(shell: Shell, world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    words = ["--text", "ko=안녕하세요", "--langs", "ko,ru", "--at", AT, "--approve"]
    assert shell(*BASE[:-2], "--to", "kr,ru", *words).code == 0
    shown = shell("post", "show", "P01").out
    assert "text (ru)  not written yet: campaign post translate P01 --lang ru --text …" in shown
    assert ["ru"] == shell("post", "show", "P01", "--json").json["missing"]

    shell("post", "translate", "P01", "--lang", "ru", "--text", "Здравствуйте")
    shell("post", "approve", "P01", by="bob")
    assert "held" not in shell("delivery", "list").out
    shell("post", "edit", "P01", "--lang", "ko", "--text", "안녕히 가세요")

    why = "outdated in ru: ko has changed (revision 2)"
    shown = shell("post", "show", "P01", "--json").json
    assert ([], {"ru": why}) == (shown["missing"], shown["stopped"])
    assert 1 == shell("delivery", "list").out.count(f"held: {why}")
    assert f"stopped  {why}" in " ".join(shell("post", "show", "P01").out.split(" ")).replace(
        "stopped    ", "stopped  "
    )


REFUSED: list[tuple[list[str], int, str]] = [
    ([*BASE, "--text", "ko=글", "--at", "2026-11-23 19:00"], 2, "--now"),
    ([*BASE, "--text", "ko=글", "--at", "tomorrow"], 2, "YYYY-MM-DD"),
    ([*BASE, "--text", "ko=글"], 2, "at"),
    ([*BASE, "--at", AT], 2, "text"),
    ([*BASE, "--text", "글", "--at", AT], 2, "LANG=TEXT"),
    ([*BASE, "--text", "ko=@/no/such/file", "--at", AT], 2, "/no/such/file"),
    ([*BASE, "--text", "ko=" + "가" * 501, "--at", AT], 2, "500"),
    ([*BASE, "--text", "ko=글", "--text", "ko=글", "--at", AT], 2, "twice"),
    ([*GOOD, "--tz", "Mars/Base"], 2, "Mars/Base"),
    ([*GOOD, "--tags", "ru=#x"], 2, "tags"),
    ([*GOOD, "--alt", "ko=x"], 2, "--media"),
    ([*GOOD, "--media", "/no/such.png", "--alt", "ko=x"], 2, "such.png"),
    ([*BASE, "--text", "ko=글", "--at", "2027-03-28 02:30", "--tz", "Europe/Berlin"], 2, "--gap"),
    ([*BASE, "--text", "ko=글", "--at", "2027-10-31 02:30", "--tz", "Europe/Berlin"], 2, "--fold"),
    ([*GOOD, "--leg", "none"], 3, "leg"),
    ([*GOOD[:6], "--to", "nobody", *GOOD[8:]], 3, "kr"),
    (["post", "add", "--campaign", "none", *GOOD[4:]], 3, "none"),
    ([*GOOD, "--gap", "up"], 2, "forward"),
]


def test_what_breaks_a_rule_changes_nothing(shell: Shell, world: World) -> None:
    before = rows(world)
    for words, code, said in REFUSED:
        answer = shell(*words)
        assert (answer.code, answer.out) == (code, ""), (words, answer.err)
        assert said in answer.err, words
        assert rows(world) == before, words


def test_pictures_are_refused_without_words_or_under_a_false_name(shell: Shell, world: World, picture: Path) -> None:
    before = rows(world)
    assert shell(*GOOD, "--media", str(picture)).code == 2
    false = picture.with_suffix(".jpg")
    false.write_bytes(picture.read_bytes())
    assert shell(*GOOD, "--media", str(false), "--alt", "ko=그림").code == 2
    picture.write_bytes(picture.read_bytes()[:60])
    assert shell(*GOOD, "--media", str(picture), "--alt", "ko=그림").code == 2
    assert rows(world) == before


def test_several_pictures_say_whose_alt_text_it_is(shell: Shell, picture: Path) -> None:
    other = picture.with_name("b.png")
    Image.new("RGB", (40, 30), "red").save(other)
    both = ["--media", str(picture), "--media", str(other)]
    said = shell(*GOOD, *both, "--alt", "ko=그림")
    assert said.code == 2 and "--file" in said.err
    assert shell(*GOOD, *both, "--alt", "1:ko=하나", "--alt", "2:ko=둘").code == 0
    assert [item["alt"]["ko"] for item in shell("post", "show", "P01", "--json").json["media"]] == ["하나", "둘"]


def test_a_gap_and_a_fold_are_left_by_a_flag(shell: Shell) -> None:
    gap = [*BASE, "--text", "ko=글", "--at", "2027-03-28 02:30", "--tz", "Europe/Berlin", "--gap", "forward", "--json"]
    assert shell(*gap).json["due_at"] == "2027-03-28T01:30:00Z"


def test_now_needs_no_time(shell: Shell) -> None:
    said = shell(*BASE, "--text", "ko=글", "--now", "--json")
    assert said.json["due_at"] == "2026-11-24T00:00:00Z"


def test_an_id_used_twice_and_an_approval_that_is_not_ones_own(shell: Shell, world: World) -> None:
    assert shell(*GOOD).code == 0
    before = rows(world)
    assert shell(*GOOD).code == 5
    world.campaign("strict", approval="one")
    strict = [word if word != "c" else "strict" for word in GOOD]
    assert shell(*strict, "--approve").code == 4
    assert rows(world) == before
    assert shell(*strict).code == 0
    assert shell("post", "approve", "P01", "--campaign", "strict").code == 4
    assert shell("post", "approve", "P01", "--campaign", "strict", "--lang", "fr", by="bob").code == 2
    assert shell("post", "approve", "P01", by="bob").code == 5  # two campaigns have one
    said = shell("post", "approve", "P01", "--campaign", "strict", "--json", by="bob")
    assert said.json["approved"] == ["ko"] and len(said.json["deliveries"]) == 1


def test_a_post_is_moved_and_cancelled(shell: Shell, world: World) -> None:
    world.post()
    assert shell("post", "move", "P01", "--at", "2020-01-01 10:00").code == 2
    assert shell("post", "move", "P01", "--at", "2026-11-25 10:00", "--json").json["due_at"] == "2026-11-25T01:00:00Z"
    assert shell("delivery", "list", "--json").json[0]["due_at"] == "2026-11-25T01:00:00Z"
    assert shell("post", "cancel", "P01").code == 0
    assert world.states() == ["cancelled"]
    assert shell("post", "cancel", "P01").code == 5
    assert shell("post", "show", "P99").code == 3


FILE = """
posts:
  - {id: Y1, at: 2026-11-24 19:00, to: kr, texts: {ko: 하나}, media: [{file: a.png, alt: {ko: 그림}}], approve: true}
  - id: Y2
    at: 2026-11-24 20:00
    to: [kr]
    texts: {ko: {text: 둘, tags: ["#평화"], link: https://example.org}}
"""


def test_posts_come_from_a_file(shell: Shell, world: World, picture: Path) -> None:
    file = picture.with_name("posts.yaml")
    file.write_text(FILE, encoding="utf-8")
    said = shell("post", "add", "--file", str(file), "--campaign", "c", "--json")
    assert said.code == 0, said.err
    assert [(row["id"], len(row["deliveries"])) for row in said.json] == [("Y1", 1), ("Y2", 0)]
    assert rows(world)[:2] == (2, 1)


BAD_FILES = [
    (FILE.replace("to: [kr]", "to: [kr]\n    colour: red"), "posts[1].colour"),
    (FILE.replace("{ko: 그림}", "{ko: [그림]}"), "posts[0].media[0].alt.ko"),
    (FILE.replace("{ko: 그림}", "{}"), "posts[0].alt 1 (ko)"),
    (FILE.replace("text: 둘", "text: " + "가" * 600), "posts[1].text (ko)"),
    (FILE.replace("Y2", "Y1"), "posts[1].id"),
    (FILE.replace("2026-11-24 20:00", "2026-11-23 20:00"), "posts[1].at"),
    (FILE.replace("to: [kr]", "to: [xx]"), "posts[1]"),
    (FILE.replace("    at: 2026-11-24 20:00\n", ""), "posts[1].at"),
    ("a: &a [x]\nb: *a\n", "aliases"),
    ("id: P\nid: Q\n", "twice"),
    ("posts: [", "YAML"),
    ("[" * 5000, "YAML"),
    ("- x", "posts:"),
    ("posts: []", "posts"),
]


def test_one_bad_post_keeps_the_whole_file_out(shell: Shell, world: World, picture: Path) -> None:
    before = rows(world)
    file = picture.with_name("posts.yaml")
    for text, said in BAD_FILES:
        file.write_text(text, encoding="utf-8")
        answer = shell("post", "add", "--file", str(file), "--campaign", "c")
        assert answer.code in (2, 3) and answer.out == "", text
        assert said in answer.err, text
        assert rows(world) == before, text


def test_a_file_and_options_do_not_mix(shell: Shell, picture: Path) -> None:
    assert shell(*GOOD, "--file", str(picture)).code == 2
