"""Other media, accounts or strategies: what goes out otherwise is approved anew, what is out stays as it is."""

import pytest

from campaign.core.errors import Conflict, Invalid
from campaign.service.approve import approve
from campaign.service.arrange import arrange
from campaign.service.revise import revise
from campaign.store import posts as post_rows
from tests.conftest import World

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


@pytest.fixture
def strict(world: World) -> World:
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    picture = world.medium_for("mastodon", {"ko": "지도", "ru": "Карта"})
    world.post("P01", campaign="s", to=("two",), texts=BOTH, pictures=(picture,), approve_now=False)
    approve(world.app, "P01", by=world.bob)
    return world


def held(world: World) -> dict[str, str | None]:
    return {"+".join(row.langs): row.held_because for row in world.deliveries()}


def test_another_picture_voids_every_approval_and_forgets_what_was_said_of_the_old_one(strict: World) -> None:
    revise(strict.app, "P01", "ko", by=strict.alice, alt={1: "여정 지도"})
    new = strict.picture({"ko": "붉은 그림", "ru": "Красная картинка"}, colour="red", name="b.png")
    arrange(strict.app, "P01", by=strict.alice, media=[new])

    assert held(strict) == {lang: f"not approved in {lang}" for lang in BOTH}

    approve(strict.app, "P01", by=strict.bob)
    strict.clock.turn(minutes=11)
    strict.tick()

    books = strict.twin.books(platform="mastodon")
    assert sorted(row["media"][0]["description"] for row in books) == sorted(["붉은 그림", "Красная картинка"])


def test_without_an_alt_text_in_each_language_nothing_is_changed(strict: World) -> None:
    with pytest.raises(Invalid, match="needs an alt text in ru"):
        arrange(strict.app, "P01", by=strict.alice, media=[strict.picture({"ko": "붉은 그림"}, colour="red")])

    assert held(strict) == {"ko": None, "ru": None}


def test_the_media_are_taken_away_by_giving_none(strict: World) -> None:
    arrange(strict.app, "P01", by=strict.alice, media=[])
    with strict.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        assert post_rows.media_of(tx, post.id) == []
        assert all(not entry.outgoing.media for entry in post_rows.outgoings_of(tx, post.id))


def test_an_account_that_is_left_out_gets_nothing_and_a_new_one_all_that_it_speaks(strict: World) -> None:
    done = arrange(strict.app, "P01", by=strict.alice, to=["kr"])

    assert done.accounts == ("kr",)
    assert sorted(strict.states()) == ["cancelled", "cancelled"]

    approve(strict.app, "P01", by=strict.bob)
    strict.clock.turn(minutes=11)
    strict.tick()

    assert [(row["account"], row["text"]) for row in strict.twin.books(platform="mastodon")] == [
        ("peace_ko", BOTH["ko"])
    ]


def test_an_account_that_comes_back_gets_the_post_again_after_another_approval(strict: World) -> None:
    arrange(strict.app, "P01", by=strict.alice, to=["kr"])
    arrange(strict.app, "P01", by=strict.alice, to=["two"])
    approve(strict.app, "P01", by=strict.bob)
    strict.clock.turn(minutes=11)
    strict.tick()

    assert sorted(row["text"] for row in strict.twin.books(platform="mastodon")) == sorted(BOTH.values())


def test_another_strategy_makes_one_post_of_two(strict: World) -> None:
    arrange(strict.app, "P01", by=strict.alice, strategy="combined")
    approve(strict.app, "P01", by=strict.bob)
    strict.clock.turn(minutes=11)
    strict.tick()

    assert [row["text"] for row in strict.twin.books(platform="mastodon")] == ["안녕하세요\n\nЗдравствуйте"]


def test_what_is_out_or_unknown_is_not_arranged(strict: World) -> None:
    with pytest.raises(Invalid, match="nothing is to be changed"):
        arrange(strict.app, "P01", by=strict.alice)
    strict.clock.turn(minutes=11)
    strict.tick()

    with pytest.raises(Conflict, match="out or cancelled already"):
        arrange(strict.app, "P01", by=strict.alice, to=["kr"])


def test_an_edit_does_not_bring_back_an_account_that_was_left_out(strict: World) -> None:
    arrange(strict.app, "P01", by=strict.alice, to=["kr"])
    revise(strict.app, "P01", "ko", by=strict.alice, text="반갑습니다")

    with strict.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        assert {entry.outgoing.account for entry in post_rows.outgoings_of(tx, post.id)} == {"kr"}
