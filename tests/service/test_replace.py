"""Other bytes take the place of those that were to leave: parts, languages and alt texts come and go; nothing twice."""

from dataclasses import replace

import pytest

from campaign.core.errors import Conflict, Invalid
from campaign.core.model import Strategy
from campaign.core.states import State
from campaign.service.approve import approve
from campaign.service.compose import Wording
from campaign.service.revise import revise
from campaign.store import approvals as approval_rows
from campaign.store import posts as post_rows
from tests.conftest import World

ALTS = {"ko": "지도", "ru": "Карта"}
BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


def texts(world: World) -> list[str]:
    return [row["text"] for row in world.twin.books(platform="mastodon")]


def held(world: World) -> dict[str, str | None]:
    return {"+".join(row.langs): row.held_because for row in world.deliveries()}


def drawn(world: World, name: str, strategy: Strategy = "split") -> None:
    """A post with a picture, in both languages, approved."""
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    picture = world.medium_for("mastodon", ALTS)
    wordings = {lang: Wording(text) for lang, text in BOTH.items()}
    options = {"texts": wordings, "pictures": (picture,), "strategy": strategy, "approve_now": False}
    world.post(name, campaign="s", to=("two",), **options)
    approve(world.app, name, by=world.bob)


def test_another_alt_text_voids_its_own_language_and_makes_the_alt_texts_of_the_others_stale(world: World) -> None:
    drawn(world, "P01")
    done = revise(world.app, "P01", "ko", by=world.alice, alt={1: "여정 지도"})

    with pytest.raises(Invalid, match="there is no such medium: the post has 1 media"):
        revise(world.app, "P01", "ru", by=world.alice, alt={2: "Вторая"})
    assert done.outdated == () and done.stale == {"ru": ("alt",)}
    assert held(world) == {"ko": "not approved in ko", "ru": None}

    world.clock.turn(minutes=11)
    world.tick()

    assert texts(world) == [BOTH["ru"]]  # an outdated alt text is told, and keeps nothing back

    approve(world.app, "P01", by=world.bob)
    world.tick()

    assert [row["media"][0]["description"] for row in world.twin.books(platform="mastodon")] == ["Карта", "여정 지도"]


def test_in_a_combined_post_an_alt_text_voids_the_word_of_its_own_language_only(world: World) -> None:
    drawn(world, "P01", "combined")
    revise(world.app, "P01", "ru", by=world.alice, alt={1: "Карта пути"})

    assert held(world) == {"ko+ru": "not approved in ru"}
    with world.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        [entry] = post_rows.outgoings_of(tx, post.id)
        carried = [a for a in approval_rows.approvals_of(tx, post.id) if a.outgoing_sha256 == entry.sha256]
    assert [(a.lang, a.person, a.carried_from is None) for a in carried] == [("ko", "bob", False)]
    assert entry.outgoing.media[0].alt == "지도\nКарта пути"

    revise(world.app, "P01", "ru", by=world.alice, text="Добрый день")

    assert held(world) == {"ko+ru": "not approved in ko, ru"}  # other words: both look again


def test_a_language_that_is_written_later_goes_to_each_account_that_speaks_it_once_it_is_approved(world: World) -> None:
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.post("P01", campaign="s", to=("two", "kr"), texts={"ko": BOTH["ko"]}, approve_now=False)
    approve(world.app, "P01", by=world.bob)
    done = revise(world.app, "P01", "ru", by=world.alice, text=BOTH["ru"])

    assert done.variant.revision == 1 and done.post.langs == ("ko", "ru")
    assert len(world.deliveries()) == 2  # the new one is not approved yet

    approve(world.app, "P01", by=world.bob)
    world.clock.turn(minutes=11)
    world.tick()

    assert sorted(texts(world)) == sorted([BOTH["ko"], BOTH["ko"], BOTH["ru"]])


def test_a_combined_post_waits_for_a_language_that_was_declared_and_is_not_written(world: World) -> None:
    world.campaign("n")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    options = {"strategy": "combined", "langs": ("ko", "ru"), "approve_now": True}
    made = world.post("P01", campaign="n", to=("two",), texts={"ko": "안녕"}, **options)

    assert made.outgoings == () and world.deliveries() == []

    revise(world.app, "P01", "ru", by=world.alice, text="Привет")
    with world.app.store.read() as tx:
        [entry] = post_rows.outgoings_of(tx, made.post.id)

    assert entry.outgoing.text == "안녕\n\nПривет"


def test_no_language_is_added_to_a_post_of_several_that_is_out(world: World) -> None:
    world.campaign("n")
    world.connect("three", "ko", "ru", "en", twin_account="peace_ru")
    world.post("P02", campaign="n", to=("three",), texts={"ko": "안녕", "ru": "Привет"}, strategy="combined")
    world.clock.turn(minutes=11)
    world.tick()

    with pytest.raises(Conflict, match="another language cannot be added"):
        revise(world.app, "P02", "en", by=world.alice, text="Hello")
    assert len(texts(world)) == 1


def test_a_thread_that_grows_shorter_withdraws_what_is_not_needed_and_one_that_grows_is_added_to(world: World) -> None:
    long = " ".join(f"문장 {n}입니다." for n in range(100))
    world.campaign("n")
    made = world.post("P01", campaign="n", texts={"ko": long}, overflow="thread")
    assert len(made.deliveries) > 1

    revise(world.app, "P01", "ko", by=world.alice, text="짧습니다.")

    assert sorted(world.states()) == ["cancelled"] * (len(made.deliveries) - 1) + ["scheduled"]

    revise(world.app, "P01", "ko", by=world.alice, text=long + " 끝.")
    world.clock.turn(minutes=11)
    for _ in range(len(made.deliveries)):
        world.tick()

    assert " ".join(texts(world)).split() == (long + " 끝.").split()
    assert [row.part for row in world.deliveries() if row.state is State.PUBLISHED] == list(
        range(1, len(made.deliveries) + 1)
    )


def test_a_thread_that_is_out_in_part_is_not_revised(world: World) -> None:
    long = " ".join(f"문장 {n}입니다." for n in range(100))
    world.campaign("n")
    world.post("P01", campaign="n", texts={"ko": long}, overflow="thread")
    world.clock.turn(minutes=11)
    world.tick()

    with pytest.raises(Conflict, match=r"is out in part|is out or cancelled already"):
        revise(world.app, "P01", "ko", by=world.alice, text=long + " 끝.")


def test_other_words_go_out_under_another_key(world: World) -> None:
    world.campaign("n")
    world.post("P01", campaign="n", texts={"ko": "안녕"})
    [before] = world.deliveries()
    revise(world.app, "P01", "ko", by=world.alice, text="안녕!")
    [after] = world.deliveries()

    assert (before.id, before.state) == (after.id, after.state) and before.key != after.key


def test_who_was_slower_is_shown_both_versions_and_changes_nothing(world: World) -> None:
    world.campaign("n")
    world.post("P01", campaign="n", texts={"ko": "안녕"})
    once = iter([True])

    def meanwhile() -> str:
        if next(once, False):
            revise(world.app, "P01", "ko", by=world.alice, text="빠른 글")
        return world.app.new_id()

    with pytest.raises(Conflict, match=r"revision 2 by alice by now; it says now: 빠른 글; you wrote: 느린 글"):
        revise(replace(world.app, new_id=meanwhile), "P01", "ko", by=world.alice, text="느린 글")

    world.clock.turn(minutes=11)
    world.tick()
    assert texts(world) == ["빠른 글"]


def test_an_account_may_have_words_of_its_own_which_an_edit_does_not_leave_behind_unseen(world: World) -> None:
    world.campaign("n")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.post("P01", campaign="n", to=("two", "kr"), texts={"ko": "긴 글입니다"})
    revise(world.app, "P01", "ko", by=world.alice, text="짧게", account="kr")

    with pytest.raises(Conflict, match="account kr has words of its own in ko"):
        revise(world.app, "P01", "ko", by=world.alice, text="다른 글입니다")
    revise(world.app, "P01", "ko", by=world.alice, text="다른 글입니다", keep_own=True)
    with pytest.raises(Invalid, match=r"goes in ko to: two, kr|goes in ko to: kr, two"):
        revise(world.app, "P01", "ko", by=world.alice, text="짧게", account="nobody")
    world.clock.turn(minutes=11)
    world.tick()

    assert sorted(texts(world)) == sorted(["다른 글입니다", "짧게"])


def test_words_of_its_own_are_taken_back_by_saying_none(world: World) -> None:
    world.campaign("n")
    world.post("P01", campaign="n", texts={"ko": "긴 글입니다"})
    revise(world.app, "P01", "ko", by=world.alice, text="짧게", account="kr")
    revise(world.app, "P01", "ko", by=world.alice, account="kr")
    world.clock.turn(minutes=11)
    world.tick()

    assert texts(world) == ["긴 글입니다"]


def test_a_machines_words_are_a_draft_until_a_person_saves_them(world: World) -> None:
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.post("P01", campaign="s", to=("two",), texts=BOTH, approve_now=False)
    approve(world.app, "P01", by=world.bob)
    revise(world.app, "P01", "ru", by=world.alice, text="Добрый день", machine="deepl")

    assert held(world)["ru"] == "translated by deepl in ru: a person must save it first"
    with pytest.raises(Conflict, match="a person must save it"):
        approve(world.app, "P01", by=world.bob, langs=["ru"])
    revise(world.app, "P01", "ru", by=world.alice, text="Добрый день")
    approve(world.app, "P01", by=world.bob)
    world.clock.turn(minutes=11)
    world.tick()

    assert sorted(texts(world)) == sorted([BOTH["ko"], "Добрый день"])
