"""look: half an hour before its time a post is looked at once; what is not ready is held, taken back, or holds all."""

from datetime import timedelta

import pytest

from campaign.core.model import Role
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.compose import Draft, Wording, compose
from campaign.service.enqueue import move
from campaign.service.look import look, next_look
from campaign.service.notify import text_of
from campaign.service.proofread import waive
from campaign.service.revise import revise
from campaign.store import notices, people
from campaign.store import posts as post_rows
from tests.conftest import START, World

from .test_publish import posts_sent

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


@pytest.fixture
def office(world: World) -> World:
    """Campaign s asks for one approval; P01 goes out in Korean and Russian in two days."""
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    return world


def written(world: World, *, minutes: float = 48 * 60, **options: object) -> World:
    world.post("P01", campaign="s", to=("two",), texts=BOTH, minutes=minutes, approve_now=False, **options)  # type: ignore[arg-type]
    return world


def news(world: World) -> dict[str, str]:
    with world.app.store.read() as tx:
        return {each.kind: text_of(each) for each in notices.open_now(tx) if each.kind.startswith("post.")}


def looked(world: World) -> list[str]:
    with world.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        return [e["event"] for e in people.events_of(tx, post.id) if e["event"] == "post.looked"]


def told(world: World) -> dict[str, tuple[str, str | None]]:
    return {"+".join(row.langs): (str(row.state), row.held_because or row.error) for row in world.deliveries()}


def to_the_end(world: World) -> int:
    """Look whenever it is time to, as the engine does, then publish; return what is out."""
    for _ in range(9):
        with world.app.store.read() as tx:
            at = next_look(world.app, tx)
        if at is None:
            break
        world.clock.turn_to(max(at, world.clock.now()))
        look(world.app)
    with world.app.store.read() as tx:
        due = max(entry.due_at for entry in post_rows.outgoings_of(tx, post_rows.post_named(tx, "P01").id))
    world.clock.turn_to(due)
    world.tick()
    return posts_sent(world)


def test_a_day_before_its_time_it_is_told_that_a_post_is_not_ready(office: World) -> None:
    written(office)
    office.clock.turn(hours=23, minutes=59)
    look(office.app)

    assert {} == news(office)

    office.clock.turn(minutes=1)

    assert 1 == look(office.app)
    assert (
        "is due within a day and not ready (not approved in ko; not approved in ru)" in news(office)["post.unapproved"]
    )
    assert 0 == look(office.app)

    approve(office.app, "P01", by=office.bob)
    office.clock.turn(hours=23, minutes=30)
    look(office.app)

    assert ({}, ["post.looked"]) == (news(office), looked(office))


def test_a_day_before_its_time_it_is_told_that_an_approval_will_have_expired(office: World) -> None:
    campaigns.edit_campaign(office.app, "s", by=office.bob, approval_days=1)
    written(office, minutes=36 * 60)
    approve(office.app, "P01", by=office.bob)
    office.clock.turn(hours=12)
    look(office.app)

    assert "the approval in ko expires before its time" in news(office)["post.unapproved"]
    assert {("scheduled", None)} == set(told(office).values())

    office.clock.turn(hours=11, minutes=30)
    look(office.app)
    office.clock.turn(hours=12)
    look(office.app)

    assert {("scheduled", "not approved in ko (expired)"), ("scheduled", "not approved in ru (expired)")} == set(
        told(office).values()
    )


def test_what_is_written_within_the_last_day_is_not_told_of_at_once(office: World) -> None:
    written(office, minutes=3 * 60)
    look(office.app)

    assert {} == news(office)


def test_the_language_that_is_not_ready_waits_and_the_rest_goes(office: World) -> None:
    written(office)
    approve(office.app, "P01", by=office.bob, langs=["ko"])
    sent = to_the_end(office)

    assert (1, {"ko": ("published", None)}) == (sent, told(office))
    assert "is not ready half an hour before its time (not approved in ru)" in news(office)["post.unready"]
    assert ["post.looked"] == looked(office)


def test_what_becomes_ready_before_its_time_goes_out_with_the_rest(office: World) -> None:
    written(office)
    approve(office.app, "P01", by=office.bob, langs=["ko"])
    office.clock.turn(hours=47, minutes=30)
    look(office.app)

    assert "post.unready" in news(office)

    approve(office.app, "P01", by=office.bob)
    office.clock.turn(minutes=30)
    office.tick()

    assert (2, {}) == (posts_sent(office), news(office))


def test_a_campaign_may_want_all_of_a_post_or_nothing(office: World) -> None:
    campaigns.edit_campaign(office.app, "s", by=office.bob, unready="hold_all")
    written(office)
    approve(office.app, "P01", by=office.bob, langs=["ko"])

    why = "this campaign sends a post as a whole: not approved in ru"
    assert {"ko": ("scheduled", why)} == told(office)
    assert 0 == to_the_end(office)

    approve(office.app, "P01", by=office.bob)
    office.tick()

    assert 2 == posts_sent(office)


def test_a_missing_language_holds_all_of_a_post_as_well(office: World) -> None:
    campaigns.edit_campaign(office.app, "s", by=office.bob, unready="hold_all")
    draft = Draft(
        name="P01", wordings={"ko": Wording("안녕하세요")}, at="2026-11-26 09:00", to=("two",), langs=("ko", "ru")
    )
    compose(office.app, "s", draft, by=office.alice, approve_now=False)
    approve(office.app, "P01", by=office.bob)

    assert 0 == to_the_end(office)
    assert "missing in ru" in str(told(office)["ko"][1])


def test_a_campaign_may_want_the_rest_taken_back(office: World) -> None:
    campaigns.edit_campaign(office.app, "s", by=office.bob, unready="send_ready")
    written(office)
    approve(office.app, "P01", by=office.bob)
    revise(office.app, "P01", "ru", by=office.alice, text="Добрый день")

    assert 1 == to_the_end(office)
    state, why = told(office)["ru"]
    assert ("published", "cancelled") == (told(office)["ko"][0], state)
    assert "not ready half an hour before its time: not approved in ru" in str(why)

    approve(office.app, "P01", by=office.bob)
    office.tick()

    assert 1 == posts_sent(office)


def test_what_was_never_approved_is_taken_back_on_record(office: World) -> None:
    campaigns.edit_campaign(office.app, "s", by=office.bob, unready="send_ready")
    written(office)
    approve(office.app, "P01", by=office.bob, langs=["ko"])

    assert (1, "cancelled") == (to_the_end(office), told(office)["ru"][0])


def test_a_post_in_two_languages_at_once_is_held_and_not_cut(office: World) -> None:
    campaigns.edit_campaign(office.app, "s", by=office.bob, unready="send_ready")
    written(office, strategy="combined")
    approve(office.app, "P01", by=office.bob)
    revise(office.app, "P01", "ru", by=office.alice, text="Добрый день", change="typo")

    assert 0 == to_the_end(office)
    state, why = told(office)["ko+ru"]
    assert ("scheduled", True) == (state, str(why).startswith("not approved in"))


def test_a_reply_is_taken_back_with_the_part_that_it_answers(office: World) -> None:
    campaigns.edit_campaign(office.app, "s", by=office.bob, unready="send_ready")
    written(office, strategy="thread")
    approve(office.app, "P01", by=office.bob, langs=["ru"])

    assert 0 == to_the_end(office)
    assert {"cancelled"} == {state for state, _ in told(office).values()}


def test_words_that_do_not_pass_any_more_are_held_and_a_waiver_lets_them_go(office: World) -> None:
    written(office)
    approve(office.app, "P01", by=office.bob)
    with office.app.store.begin() as tx:  # a rule that was not there when it was approved
        tx.exec_driver_sql("UPDATE variants SET text = 'Здрaвствуйте' WHERE lang = 'ru'")  # with a Latin a
    office.clock.turn(hours=47, minutes=30)
    look(office.app)

    assert ("scheduled", None) == told(office)["ko"]
    assert str(told(office)["ru"][1]).startswith("does not pass: ")
    assert "post.unready" in news(office)

    dora = campaigns.add_person(office.app, "dora", [Role.REVIEWER])
    waive(office.app, "P01", "ru", "mixed-script", "so it is written", by=dora)
    look(office.app)

    assert {("scheduled", None)} == set(told(office).values())
    assert {} == news(office)


def test_a_moved_post_is_looked_at_again_before_its_new_time(office: World) -> None:
    written(office)
    approve(office.app, "P01", by=office.bob)
    office.clock.turn(hours=47, minutes=30)
    look(office.app)
    move(office.app, "P01", at="2026-11-26 19:00", by=office.bob)
    look(office.app)

    assert ["post.looked"] == looked(office)

    to_the_end(office)

    assert ["post.looked"] * 2 == looked(office)


def test_the_clock_is_told_of_the_next_look(office: World) -> None:
    with office.app.store.read() as tx:
        assert next_look(office.app, tx) is None
    written(office)
    with office.app.store.read() as tx:
        assert (next_look(office.app, tx) or START) - START == timedelta(hours=24)
