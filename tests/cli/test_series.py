"""Series at the command line: repeated, copied, moved, edited, cancelled and ended."""

from tests.conftest import World

from .conftest import Shell


def test_a_post_comes_again_and_what_is_done_with_it_is_told(shell: Shell, world: World) -> None:
    world.post("P01", minutes=60)
    every = ["--every", "FREQ=WEEKLY", "--until", "2026-12-16", "--approve"]
    made = shell("post", "repeat", "P01", *every, "--json")

    assert (made.code, [post["id"] for post in made.json["posts"]]) == (0, ["P01", "P01-2", "P01-3", "P01-4"]), made.err
    assert made.json["posts"][1]["due_at"] == "2026-12-01T01:00:00Z"

    moved = shell("post", "move", "P01-3", "--at", "2026-12-09 11:00", "--scope", "following", "--json")
    assert [post["id"] for post in moved.json["posts"]] == ["P01-3", "P01-4"], moved.err
    near = shell("post", "move", "P01-3", "--at", "2026-12-01 11:00")
    assert near.code == 2 and "closer than 1 day" in near.err

    assert shell("post", "edit", "P01-2", "--lang", "ko", "--text", "둘째").code == 0
    edited = shell("post", "edit", "P01", "--lang", "ko", "--text", "새 글", "--scope", "all", "--json")
    assert (edited.json["alike"], [each["id"] for each in edited.json["left"]]) == (["P01-3", "P01-4"], ["P01-2"])

    cancelled = shell("post", "cancel", "P01-4", "--json")
    assert [len(cancelled.json[key]) for key in ("posts", "cancelled")] == [1, 1]
    assert shell("post", "cancel", "P01-4").code == 5

    assert [(row["id"], row["posts"]) for row in shell("series", "list", "--json").json] == [("P01", 4)]
    shown = shell("series", "show", "P01")
    assert "P01-4" in shown.out and "cancelled" in shown.out and "at least 1 day apart" in shown.out
    ended = shell("series", "end", "P01")
    assert ended.code == 0 and "3 posts are taken back" in ended.out and "P01-4 is left as it was" in ended.err
    assert shell("series", "end", "P01").code == 5
    assert shell("series", "show", "none").code == 3


def test_a_copy_says_which_languages_need_a_look(shell: Shell, world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    world.post("P01", to=("kr", "ru"), texts={"ko": "안녕하세요", "ru": "Здравствуйте"})
    made = shell("post", "copy", "P01", "P11", "--at", "2026-12-24 18:00")

    assert made.code == 0 and "campaign post translate P11 --lang ru --holds" in made.out, made.err
    assert [row["langs"] for row in shell("post", "show", "P11", "--json").json["deliveries"]] == [["ko"]]
    assert shell("post", "edit", "P11", "--lang", "ru").code == 0
    assert shell("post", "copy", "P01", "P11", "--at", "2026-12-24 18:00").code == 5


def test_a_draft_can_be_taken_back(shell: Shell, world: World) -> None:
    world.post("P01", approve_now=False)
    said = shell("post", "cancel", "P01")

    assert (said.code, said.out.strip()) == (0, "post P01: 0 deliveries cancelled")
    assert shell("post", "cancel", "P01").code == 5
