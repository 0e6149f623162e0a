"""Blackout days: what is due on them is refused or held, whatever was first; what is late does not slip into them."""

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid, NotFound
from campaign.core.model import Delivery
from campaign.service.approve import approve
from campaign.service.blackout import add_blackout, remove_blackout
from campaign.service.compose import Draft, Wording, compose, preview
from campaign.service.enqueue import move, retry
from campaign.service.miss import miss
from campaign.service.proofread import proofread
from campaign.store import campaigns as campaign_rows
from tests.conftest import World

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


@pytest.fixture
def two(world: World) -> World:
    """Account two speaks Korean and Russian; it is 2026-11-24 09:00 in Seoul."""
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    return world


def _held(world: World) -> dict[str, str | None]:
    return {"+".join(row.langs): row.held_because for row in world.deliveries()}


def test_a_blackout_added_later_holds_at_once_and_removed_it_lets_go(two: World) -> None:
    two.post("P01", to=("two",), texts=BOTH)
    done = add_blackout(two.app, "국가 애도일", starts_on="today", by=two.bob, langs=["ko"], campaign_name="c")
    two.clock.turn(minutes=11)
    two.tick()

    assert ("2026-11-24", 1) == (str(done.blackout.starts_on), len(done.deliveries))
    assert {"ko": "blackout 국가 애도일 (2026-11-24) for the ko audience", "ru": None} == _held(two)
    assert ["Здравствуйте"] == [row["text"] for row in two.twin.books()]
    remove_blackout(two.app, "국가 애도일", by=two.bob, campaign_name="c")
    two.tick()
    assert ["published", "published"] == two.states()


def test_a_post_is_refused_on_a_blackout_day_and_the_next_free_day_is_named(world: World) -> None:
    add_blackout(world.app, "선거", starts_on="2026-11-25", ends_on="2026-11-26", by=world.alice)

    with pytest.raises(Invalid, match=r"blackout 선거 .* the next free day is 2026-11-27"):
        world.post("P01", minutes=24 * 60)
    assert [] == world.deliveries()


def test_the_preview_tells_a_soft_one_as_a_warning_in_the_reader_s_language(world: World) -> None:
    add_blackout(world.app, "추모", starts_on="2026-11-24", kind="soft", by=world.alice)
    draft = Draft("P01", {"ko": Wording("안녕하세요")}, "2026-11-24 12:00", ("kr",))
    found = [item.finding for item in preview(world.app, "c", draft, by=world.alice).findings]
    [soft] = [one for one in found if one.code == "blackout-soft"]
    compose(world.app, "c", draft, by=world.alice, approve_now=True)

    assert ("warning", None) == (soft.severity, world.deliveries()[0].held_because)
    assert "추모" in soft.message("ko")
    assert "Проверьте" in soft.message("ru")


def test_what_is_late_does_not_slip_into_a_blackout_day(world: World) -> None:
    world.post("P01", minutes=14 * 60 + 55)  # 23:55 in Seoul
    add_blackout(world.app, "애도", starts_on="2026-11-25", by=world.alice, zone="Asia/Seoul")
    assert {"ko": None} == _held(world)
    world.clock.turn(hours=15, minutes=1)
    world.tick()

    assert ([], "scheduled") == (world.twin.books(), world.states()[0])
    assert "애도" in str(world.deliveries()[0].held_because)
    world.clock.turn(minutes=15)
    with world.app.store.begin() as tx:
        miss(world.app, tx)
    assert ["missed"] == world.states()


def test_a_post_is_moved_to_no_blackout_day_and_rescheduled_to_none(world: World) -> None:
    world.post("P01")
    add_blackout(world.app, "선거", starts_on="2026-11-25", by=world.alice)

    with pytest.raises(Invalid, match="next free day is 2026-11-26"):
        move(world.app, "P01", at="2026-11-25 12:00", by=world.alice)
    world.clock.turn(hours=1)
    with world.app.store.begin() as tx:
        miss(world.app, tx)
    missed: Delivery = world.deliveries()[0]
    with pytest.raises(Invalid, match="nothing goes out then"):
        retry(world.app, missed.id, at="2026-11-25 12:00", by=world.alice)
    assert "missed" == world.states()[0]


def test_what_was_approved_for_a_day_that_became_dark_is_held_when_it_is_enqueued(two: World) -> None:
    two.post("P01", approve_now=False)
    add_blackout(two.app, "애도", starts_on="2026-11-24", by=two.alice)
    approve(two.app, "P01", by=two.bob)

    assert "애도" in str(_held(two)["ko"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"starts_on": "tomorrow"}, "day"),
        ({"starts_on": "2026-11-25", "ends_on": "2026-11-24"}, "to"),
        ({"starts_on": "2026-11-25", "langs": ["fr"]}, "lang"),
        ({"starts_on": "2026-11-25", "zone": "Asia/Soeul"}, "zone"),
    ],
)
def test_bad_days_are_refused(world: World, given: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        add_blackout(world.app, "n", by=world.alice, **given)  # type: ignore[arg-type]

    assert field == caught.value.field


def test_a_reason_names_one_blackout_and_readers_add_none(world: World) -> None:
    add_blackout(world.app, "n", starts_on="2026-11-25", by=world.alice)

    with pytest.raises(Conflict):
        add_blackout(world.app, "n", starts_on="2026-12-25", by=world.alice)
    with pytest.raises(NotFound):
        remove_blackout(world.app, "n", by=world.alice, campaign_name="c")
    with pytest.raises(Forbidden):
        add_blackout(world.app, "m", starts_on="2026-12-25", by=world.carol)


def test_today_of_two_zones_must_be_said_whose(world: World) -> None:
    world.campaign("far", zone_name="America/New_York")

    with pytest.raises(Invalid, match="not the same day everywhere"):
        add_blackout(world.app, "n", starts_on="today", by=world.alice)
    assert "2026-11-23" == str(
        add_blackout(world.app, "n", starts_on="today", zone="America/New_York", by=world.alice).blackout.starts_on
    )


def test_a_check_of_a_held_post_names_the_blackout_and_is_no_error(world: World) -> None:
    made = world.post("P01")
    add_blackout(world.app, "애도", starts_on="2026-11-24", by=world.alice)
    with world.app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, "c")
        found = proofread(world.app, tx, campaign, made.post)

    assert [("warning", "blackout")] == [(one.finding.severity, one.finding.code) for one in found]
