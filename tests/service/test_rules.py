"""What a campaign asks of an account: slots, spacing; and what compose then tells."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.core.schedule import in_zone
from campaign.service.blackout import add_blackout
from campaign.service.compose import Draft, Wording, compose
from campaign.service.enqueue import move
from campaign.service.proofread import proofread
from campaign.service.rules import next_free_slot, set_rule
from campaign.store import campaigns as campaign_rows
from tests.conftest import World


@pytest.fixture
def seoul(make_world) -> World:  # type: ignore[no-untyped-def]
    """It is 2019-10-07 19:00 in Moscow, 2019-10-08 01:00 in Seoul."""
    world: World = make_world(start=datetime(2019, 10, 7, 16, tzinfo=UTC))
    world.connect("kr")
    world.campaign(quiet_hours={"ko": "22:00-08:00 Asia/Seoul"})
    return world


def test_the_korean_variant_of_p07_is_proposed_for_its_morning(seoul: World) -> None:
    """Acceptance check 5."""
    set_rule(seoul.app, "c", "kr", by=seoul.alice, slots={"ko": "08:00,19:00"}, zones={"ko": "Asia/Seoul"})
    slot = next_free_slot(seoul.app, "c", "kr", lang="ko")

    assert "2019-10-08 08:00 Asia/Seoul (UTC+9)" == in_zone(slot.at, slot.zone)
    assert ("2019-10-08T08:00:00", "kr", "ko") == (slot.local.isoformat(), slot.account, slot.lang)


def test_a_slot_is_passed_over_that_is_taken_quiet_dark_or_too_near(seoul: World) -> None:
    set_rule(seoul.app, "c", "kr", by=seoul.alice, slots={"ko": "07:00,08:00,10:00"}, spacing=90)
    texts = {"ko": Wording("안녕하세요")}
    compose(seoul.app, "c", Draft("P", texts, "2019-10-08 09:00", ("kr",)), by=seoul.alice)
    add_blackout(seoul.app, "선거", starts_on="2019-10-09", by=seoul.alice)
    slot = next_free_slot(seoul.app, "c", "kr")

    assert "2019-10-10 08:00 Asia/Seoul (UTC+9)" == in_zone(slot.at, slot.zone)


def test_a_post_too_near_to_another_is_told_with_the_next_free_time(seoul: World) -> None:
    set_rule(seoul.app, "c", "kr", by=seoul.alice, spacing=90)
    for name, at in (("P", "2019-10-08 20:00"), ("Q", "2019-10-08 21:00")):
        made = compose(seoul.app, "c", Draft(name, {"ko": Wording(f"{name} 글")}, at, ("kr",)), by=seoul.alice)
    said = [text for text in made.warnings if "nearer than 90 minutes" in text]

    near = "is nearer than 90 minutes to post P of account kr (2019-10-08 20:00 Asia/Seoul (UTC+9))"
    free = "the next free time is 2019-10-08 21:30 Asia/Seoul (UTC+9)"
    assert [f"at 2019-10-08 21:00 Asia/Seoul (UTC+9): {near}; {free}"] == said


def test_a_holiday_of_the_audience_is_a_hint(seoul: World) -> None:
    made = compose(seoul.app, "c", Draft("P", {"ko": Wording("한글날")}, "2019-10-09 12:00", ("kr",)), by=seoul.alice)

    assert any("is a holiday of the ko audience (KR): Hangul Day" in text for text in made.warnings)
    with seoul.app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, "c")
        found = proofread(seoul.app, tx, campaign, made.post)
        elsewhere = proofread(replace(seoul.app, countries={"ko": "US"}), tx, campaign, made.post)
    [holiday] = [one.finding for one in found if one.finding.code == "holiday"]
    assert "2019-10-09은(는) ko 독자의 공휴일입니다(KR): 한글날." == holiday.message("ko")
    assert "2019-10-09 — праздничный день у аудитории ko (KR): Hangul Day." == holiday.message("ru")
    assert "holiday" not in {one.finding.code for one in elsewhere}


def test_soft_quiet_hours_are_broken_with_a_reason_and_hard_ones_never(seoul: World) -> None:
    draft = Draft("P", {"ko": Wording("글")}, "2019-10-08 02:00", ("kr",), anyway="생중계입니다")
    made = compose(seoul.app, "c", draft, by=seoul.alice)
    assert "02:00" == in_zone(made.outgoings[0].due_at, "Asia/Seoul")[11:16]
    assert "생중계입니다" == made.post.quiet_because
    moved, _ = move(seoul.app, "P", at="2019-10-09 03:00", by=seoul.alice)
    assert moved.quiet_because is None

    seoul.campaign("hard", quiet_hours={"ko": "22:00-08:00 Asia/Seoul hard"})
    kept = compose(seoul.app, "hard", draft, by=seoul.alice)
    assert "08:00" == in_zone(kept.outgoings[0].due_at, "Asia/Seoul")[11:16]
    with pytest.raises(Invalid, match="must not be empty"):
        compose(
            seoul.app, "c", Draft("Q", {"ko": Wording("글")}, "2019-10-08 02:00", ("kr",), anyway=" "), by=seoul.alice
        )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"slots": {"ru": "08:00"}}, "slots (ru)"),
        ({"slots": {"ko": "25:00"}}, "slots (ko)"),
        ({"zones": {"ko": "Asia/Soeul"}}, "zone (ko)"),
        ({"spacing": -1}, "spacing"),
        ({"steps": 4}, "steps"),
        ({}, "rule"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(seoul: World, given: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        set_rule(seoul.app, "c", "kr", by=seoul.alice, **given)  # type: ignore[arg-type]

    assert field == caught.value.field


def test_what_is_not_given_stays_and_none_takes_away(seoul: World) -> None:
    set_rule(seoul.app, "c", "kr", by=seoul.alice, slots={"ko": "8:00"}, spacing=90, steps=2)
    rule, _ = set_rule(seoul.app, "c", "kr", by=seoul.alice, slots={"ko": "none"}, steps=0)

    assert ({}, 90, None) == (rule.slots, rule.spacing and rule.spacing.total_seconds() / 60, rule.steps)
    with pytest.raises(Conflict, match="has no slots"):
        next_free_slot(seoul.app, "c", "kr")
    with pytest.raises(Forbidden):
        set_rule(seoul.app, "c", "kr", by=seoul.carol, steps=1)
