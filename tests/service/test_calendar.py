"""Calendars: each post at its hours, under one name for ever, whatever is moved and cancelled."""

import contextlib
from datetime import UTC, timedelta
from typing import Any

import icalendar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.core.errors import CampaignError, Conflict, Forbidden, NotFound
from campaign.core.states import State
from campaign.service import campaigns
from campaign.service.calendar import add_feed, calendar_of, feed_at, revoke_feed
from campaign.service.enqueue import cancel, move
from campaign.store import feeds
from campaign.store import posts as post_rows
from tests.conftest import World

QUIET = {"ko": "22:00-08:00 Asia/Seoul"}
BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


def events(world: World, scope: Any = "campaign", name: str = "j", **options: Any) -> dict[str, icalendar.Event]:
    read = icalendar.Calendar.from_ical(calendar_of(world.app, scope, name, **options).body)
    assert read.get_missing_tzids() == set() and not [each for event in read.events for each in event.errors]
    found = {str(event["UID"]): event for event in read.events}
    assert len(found) == len(read.events)
    return found


def posts(world: World, scope: Any = "campaign", name: str = "j", **options: Any) -> list[icalendar.Event]:
    return [each for each in events(world, scope, name, **options).values() if "DURATION" in each]


@pytest.fixture
def journey(world: World) -> World:
    """Campaign j of two languages with a leg in Moscow, two accounts, and quiet hours in Korea."""
    world.campaign("j", languages=("ko", "ru"), quiet_hours=QUIET, title={"ko": "평화", "en": "Peace"})
    world.connect("ru", "ru", twin_account="peace_ru")
    campaigns.add_leg(
        world.app,
        "j",
        "moscow",
        zone_name="Europe/Moscow",
        starts_on="2026-11-24",
        ends_on="2026-11-26",
        title={"ko": "모스크바", "en": "Moscow"},
        latitude=55.7,
        longitude=37.6,
        by=world.alice,
    )
    return world


def compose(world: World, name: str = "P07", at: str = "2026-11-24 19:00", **options: Any) -> None:
    from campaign.service.compose import Draft, Wording
    from campaign.service.compose import compose as verb

    options = {"approve_now": True, "to": ("kr", "ru"), **options}
    draft = Draft(
        name=name, wordings={lang: Wording(f"{text} {name}") for lang, text in BOTH.items()}, at=at,
        to=options.pop("to"), leg="moscow",
    )  # fmt: skip
    verb(world.app, options.pop("campaign", "j"), draft, by=world.alice, **options)


def test_a_post_whose_korean_words_wait_for_the_morning_is_two_entries(journey: World) -> None:
    compose(journey)
    with journey.app.store.read() as tx:
        post = post_rows.post_named(tx, "P07")
    found = events(journey, lang="ko")
    evening, morning = found[f"{post.id}@campaign"], found[f"{post.id}.kr.ko@campaign"]

    assert evening["DTSTART"].params["TZID"] == "Europe/Moscow"
    assert [f"{one.start:%d %H:%M}" for one in (evening, morning)] == ["24 19:00", "25 02:00"]  # 02:00 there, 08:00 KST
    assert f"{morning.start.astimezone(UTC):%H:%M}" == "23:00"
    assert evening["SUMMARY"] == "P07 · 모스크바 · RU" and morning["SUMMARY"] == "P07 · 모스크바 · KO"
    assert evening.categories == ["모스크바", "ru"]  # the leg, the language, and the account, which is called so too
    assert "ru (mastodon) ru: 예약됨" in evening["DESCRIPTION"]


def test_a_campaign_is_a_valid_calendar_with_zones_and_what_was_cancelled_in_it(journey: World) -> None:
    """Acceptance check 17 of languages-engagement-ux.md."""
    compose(journey, "P01")
    compose(journey, "글-02", at="2026-11-25 12:00")
    cancel(journey.app, "글-02", by=journey.alice)
    shown = calendar_of(journey.app, "campaign", "j", desk="https://desk.example/")
    read = icalendar.Calendar.from_ical(shown.body)
    read.validate()
    timed = [event for event in read.events if "DURATION" in event]

    assert [each.tz_name for each in read.timezones] == ["Europe/Moscow"]
    assert {event["DTSTART"].params["TZID"] for event in timed} == {"Europe/Moscow"}
    assert [str(event["STATUS"]) for event in timed] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    for event in read.events:
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE", "LAST-MODIFIED"} <= set(event) and not event.errors
    assert str(timed[2]["URL"]) == "https://desk.example/posts/j/%EA%B8%80-02"


def test_legs_are_whole_days_with_their_place(journey: World) -> None:
    [leg] = [each for each in events(journey).values() if "DURATION" not in each]

    assert (leg["SUMMARY"], f"{leg.start} {leg.end}") == ("Moscow", "2026-11-24 2026-11-27")


def test_what_is_cancelled_stays_as_cancelled_under_its_name(journey: World) -> None:
    compose(journey, to=("ru",))
    before = posts(journey)[0]
    cancel(journey.app, "P07", by=journey.alice)
    [after] = posts(journey)

    assert (before["UID"], "CONFIRMED", "CANCELLED") == (after["UID"], before["STATUS"], after["STATUS"])
    assert after["SEQUENCE"] > before["SEQUENCE"] and "cancelled" in after["SUMMARY"]


def test_what_nobody_has_approved_is_tentative_and_what_is_out_has_its_link(journey: World) -> None:
    journey.campaign("strict", languages=("ko", "ru"), approval="one")
    journey.post("P02", campaign="strict", approve_now=False)
    journey.post("P03", campaign="j", minutes=1)
    journey.clock.turn(minutes=2)
    journey.tick()
    [draft], [out] = posts(journey, name="strict"), posts(journey)

    assert (draft["STATUS"], out["STATUS"]) == ("TENTATIVE", "CONFIRMED")
    assert "not approved" in draft["SUMMARY"] and "✓" in out["SUMMARY"]
    assert str(out["URL"]).startswith(journey.twin.base_url)
    assert (
        posts(journey, name="strict", desk="https://desk.example")[0]["URL"] == "https://desk.example/posts/strict/P02"
    )


def test_words_are_told_only_where_they_are_asked_for(journey: World) -> None:
    compose(journey, "P01")

    assert "안녕" not in calendar_of(journey.app, "campaign", "j").body.decode()
    assert any("안녕하세요 P01" in each["DESCRIPTION"] for each in posts(journey, texts=True))


def test_an_account_and_a_person_have_calendars_of_their_own_posts(journey: World) -> None:
    compose(journey)
    journey.post("K01", campaign="j")

    assert {str(each["SUMMARY"]) for each in posts(journey, "account", "ru")} == {"P07 · Moscow · RU"}
    assert len(posts(journey, "person", "alice")) == 3 and posts(journey, "person", "carol") == []
    for scope, name in (("campaign", "none"), ("account", "none"), ("person", "none")):
        with pytest.raises(NotFound):
            events(journey, scope, name)


def test_the_same_rows_make_the_same_bytes(journey: World) -> None:
    compose(journey)
    shown = calendar_of(journey.app, "campaign", "j")
    journey.clock.turn(days=1)

    assert calendar_of(journey.app, "campaign", "j") == shown


def test_an_address_is_kept_as_a_digest_and_ends_when_it_is_revoked(journey: World) -> None:
    feed, token = add_feed(journey.app, "campaign", "j", by=journey.carol)
    with journey.app.store.read() as tx:
        kept = feeds.all_feeds(tx)

    assert kept == [feed] and token not in repr(kept)
    assert feed_at(journey.app, token) == feed
    for wrong in ("", "x" * 43, token + "x", token[:-1], "토큰" * 20):
        assert feed_at(journey.app, wrong) is None
    with pytest.raises(Forbidden, match="made by 'carol'"):
        revoke_feed(journey.app, feed.id, by=journey.alice)
    revoke_feed(journey.app, feed.id[-8:], by=journey.carol)
    assert feed_at(journey.app, token) is None
    with pytest.raises(Conflict, match="already"):
        revoke_feed(journey.app, feed.id, by=journey.carol)
    with pytest.raises(NotFound, match="feed list"):
        revoke_feed(journey.app, "beef", by=journey.carol)


def test_who_may_only_read_gets_no_drafts_and_nobody_another_ones_calendar(journey: World) -> None:
    with pytest.raises(Forbidden):
        add_feed(journey.app, "campaign", "j", by=journey.carol, texts=True)
    with pytest.raises(Forbidden, match="own posts"):
        add_feed(journey.app, "person", "bob", by=journey.alice)
    with pytest.raises(NotFound):
        add_feed(journey.app, "campaign", "none", by=journey.alice)


ACTS = st.lists(
    st.tuples(st.sampled_from(["move", "cancel", "turn"]), st.integers(0, 2), st.integers(1, 90)), max_size=7
)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_no_sequence_of_moves_and_cancellations_changes_a_name_or_lowers_a_sequence(
    journey: World, acts: list[tuple[str, int, int]]
) -> None:
    world = journey
    with world.app.store.read() as tx:
        name = f"j{len(post_rows.posts_of(tx))}"
    world.campaign(name, languages=("ko", "ru"), quiet_hours=QUIET)
    for letter in "ABC":
        texts = {lang: f"{text} {name} {letter}" for lang, text in BOTH.items()}
        world.post(f"{name}{letter}", campaign=name, to=("kr", "ru"), texts=texts, minutes=600)
    with world.app.store.read() as tx:
        own = {f"{post_rows.post_named(tx, name + letter).id}@campaign" for letter in "ABC"}
    before = events(world, name=name)
    for act, which, hours in acts:
        with contextlib.suppress(CampaignError):
            match act:
                case "move":
                    at = (world.clock.now() + timedelta(hours=hours + 9)).strftime("%Y-%m-%d %H:%M")
                    move(world.app, f"{name}{'ABC'[which]}", at=at, by=world.alice)
                case "cancel":
                    cancel(world.app, f"{name}{'ABC'[which]}", by=world.alice)
                case _:
                    world.clock.turn(minutes=hours)
        after = events(world, name=name)
        assert own <= after.keys()
        for uid in own:
            assert after[uid]["SEQUENCE"] >= before[uid]["SEQUENCE"]
            if after[uid]["STATUS"] != before[uid]["STATUS"] or after[uid].start != before[uid].start:
                assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
        before = after
    for letter, which in zip("ABC", range(3), strict=True):
        gone = any(
            row.state is State.CANCELLED for row in world.deliveries() if row.post_id == _id(world, name + letter)
        )
        assert gone == any(act == "cancel" and place == which for act, place, _ in acts)


def _id(world: World, name: str) -> str:
    with world.app.store.read() as tx:
        return post_rows.post_named(tx, name).id
