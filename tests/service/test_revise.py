"""Another wording: it needs its own approval, and what it outdates is held, never sent as it was."""

from datetime import UTC, datetime

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.service.approve import approve
from campaign.service.compose import Wording
from campaign.service.enqueue import move
from campaign.service.publish import publish
from campaign.service.revise import revise
from campaign.store import outbox
from campaign.store import posts as post_rows
from tests.conftest import World

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


@pytest.fixture
def strict(world: World) -> World:
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.post("P01", campaign="s", to=("two",), texts=BOTH, approve_now=False)
    approve(world.app, "P01", by=world.bob)
    return world


def texts(world: World) -> list[str]:
    return [row["text"] for row in world.twin.books(platform="mastodon")]


def held(world: World) -> dict[str, str | None]:
    return {"+".join(row.langs): row.held_because for row in world.deliveries()}


def test_a_changed_source_is_not_sent_before_it_is_approved_and_its_translation_not_before_it_is_revised(
    strict: World,
) -> None:
    done = revise(strict.app, "P01", "ko", by=strict.alice, text="안녕하십니까")

    assert done.outdated == ("ru",) and done.variant.revision == 2
    assert held(strict) == {"ko": "not approved in ko", "ru": "outdated in ru: ko has changed (revision 2)"}

    strict.clock.turn(minutes=11)
    strict.tick()

    assert texts(strict) == []  # it was due a minute ago, and nothing of it went out

    with pytest.raises(Conflict, match="outdated in ru"):
        approve(strict.app, "P01", by=strict.bob, langs=["ru"])
    approve(strict.app, "P01", by=strict.bob, langs=["ko"])
    strict.tick()

    assert texts(strict) == ["안녕하십니까"]

    revise(strict.app, "P01", "ru", by=strict.alice, text="Добрый день")
    strict.tick()

    assert texts(strict) == ["안녕하십니까"]

    approve(strict.app, "P01", by=strict.bob)
    strict.tick()

    assert texts(strict) == ["안녕하십니까", "Добрый день"]
    assert strict.states() == ["published", "published"]


def test_the_same_words_again_say_that_a_translation_still_holds_but_they_are_approved_anew(strict: World) -> None:
    revise(strict.app, "P01", "ko", by=strict.alice, text="안녕하십니까")
    done = revise(strict.app, "P01", "ru", by=strict.alice)

    assert done.outdated == () and done.variant.based_on["text"] == 2
    # What bob approved was another meaning: he read these words beside other ones.
    assert held(strict) == {"ko": "not approved in ko", "ru": "not approved in ru (ko says something else now)"}

    approve(strict.app, "P01", by=strict.bob)

    assert held(strict) == {"ko": None, "ru": None}


def test_a_mended_typo_leaves_the_translations_where_they_are(strict: World) -> None:
    revise(strict.app, "P01", "ko", by=strict.alice, text="안녕하세요.", change="typo")

    assert held(strict) == {"ko": "not approved in ko", "ru": None}


def test_without_a_second_person_a_revision_goes_out_at_once_but_an_outdated_translation_does_not(
    world: World,
) -> None:
    world.campaign("n")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.post("P02", campaign="n", to=("two",), texts=BOTH)
    revise(world.app, "P02", "ko", by=world.alice, text="다시 안녕하세요")
    world.clock.turn(minutes=11)
    world.tick()

    assert texts(world) == ["다시 안녕하세요"]
    assert sorted(world.states()) == ["published", "scheduled"]

    world.clock.turn(minutes=30)
    with world.app.store.begin() as tx:
        outbox.miss(tx, now=world.clock.now())

    assert sorted(world.states()) == ["missed", "published"]  # late is for a person to decide, held or not

    revise(world.app, "P02", "ru", by=world.alice, text="Ещё раз здравствуйте")
    move(world.app, "P02", at="2026-11-24 20:00", by=world.alice)
    world.clock.turn_to(datetime(2026, 11, 24, 11, 1, tzinfo=UTC))
    world.tick()

    assert texts(world) == ["다시 안녕하세요", "Ещё раз здравствуйте"]


def test_what_is_out_is_not_revised(strict: World) -> None:
    strict.clock.turn(minutes=11)
    strict.tick()

    with pytest.raises(Conflict, match="is out or cancelled already"):
        revise(strict.app, "P01", "ko", by=strict.alice, text="늦은 수정")


def test_what_may_be_out_is_not_revised(strict: World) -> None:
    strict.twin.fault("lose_response", method="POST", path="/api/v1/statuses", times=2)
    strict.clock.turn(minutes=11)
    strict.run(publish(strict.app, limit=5))

    assert set(strict.states()) == {"uncertain"}
    with pytest.raises(Conflict, match="wait until it is settled"):
        revise(strict.app, "P01", "ko", by=strict.alice, text="늦은 수정")


def test_two_people_at_once_lose_nothing(strict: World) -> None:
    revise(strict.app, "P01", "ru", by=strict.alice, text="Первая правка", based_on=1)

    with pytest.raises(Conflict, match="Первая правка"):
        revise(strict.app, "P01", "ru", by=strict.alice, text="Вторая правка", based_on=1)


def test_a_wording_that_breaks_a_rule_changes_nothing(strict: World) -> None:
    with pytest.raises(Invalid, match="over the limit of 500"):
        revise(strict.app, "P01", "ko", by=strict.alice, text="가" * 501)
    with pytest.raises(Invalid, match="nothing was changed"):
        revise(strict.app, "P01", "ko", by=strict.alice)
    with pytest.raises(Invalid, match="campaign s has: ko, ru"):
        revise(strict.app, "P01", "fr", by=strict.alice, text="Bonjour")
    with pytest.raises(Forbidden):
        revise(strict.app, "P01", "ko", by=strict.carol, text="안녕")

    with strict.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        assert {v.revision for v in post_rows.variants_of(tx, post.id)} == {1}
    assert held(strict) == {"ko": None, "ru": None}


def test_tags_and_link_are_revised_alone_and_every_revision_stays_on_record(strict: World) -> None:
    done = revise(strict.app, "P01", "ru", by=strict.alice, tags=["#Мир"], link="https://example.org/{lang}")

    assert (done.variant.text, done.variant.tags, done.variant.link) == (
        BOTH["ru"],
        ("#Мир",),
        "https://example.org/ru",
    )

    approve(strict.app, "P01", by=strict.bob)
    strict.clock.turn(minutes=11)
    strict.tick()

    assert "Здравствуйте\n#Мир\nhttps://example.org/ru" in texts(strict)
    with strict.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        assert [(v.lang, v.revision) for v in post_rows.variants_of(tx, post.id)] == [("ko", 1), ("ru", 1), ("ru", 2)]


def test_a_combined_post_is_held_while_one_of_its_languages_is_outdated(world: World) -> None:
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    wordings = {"ko": Wording("안녕"), "ru": Wording("Привет")}
    world.post("P03", campaign="s", to=("two",), texts=wordings, approve_now=False, strategy="combined")
    approve(world.app, "P03", by=world.bob)
    revise(world.app, "P03", "ko", by=world.alice, text="안녕!")

    assert held(world) == {"ko+ru": "outdated in ru: ko has changed (revision 2)"}

    revise(world.app, "P03", "ru", by=world.alice, text="Привет!")
    approve(world.app, "P03", by=world.bob)
    world.clock.turn(minutes=11)
    world.tick()

    assert texts(world) == ["안녕!\n\nПривет!"]
