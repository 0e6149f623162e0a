"""Legs that change: local times are kept or moved, conflicts come first, and what is out is never touched."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid, NotFound
from campaign.core.model import Delivery, Post
from campaign.core.plan import AccountRule
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.service.blackout import add_blackout
from campaign.service.campaigns import add_leg
from campaign.service.compose import Draft, Wording, compose
from campaign.service.enqueue import retry
from campaign.service.journey import edit_leg, move_leg, remove_leg
from campaign.service.miss import miss
from campaign.service.shift import Choices
from campaign.store import account_rules, outbox
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from tests.conftest import World

QUIET = {"ko": "22:00-08:00 Asia/Seoul", "ru": "22:00-07:00 leg"}


@pytest.fixture
def journey(make_world) -> World:  # type: ignore[no-untyped-def]
    """It is 2019-10-20 09:00 in Seoul; leg irkutsk is 2019-10-24 to 2019-10-28, at UTC+8 like no city of Germany."""
    world: World = make_world(start=datetime(2019, 10, 20, tzinfo=UTC))
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.campaign(quiet_hours=QUIET)
    leg = {"zone_name": "Asia/Irkutsk", "starts_on": "2019-10-24", "ends_on": "2019-10-28"}
    add_leg(world.app, "c", "irkutsk", by=world.alice, **leg)  # type: ignore[arg-type]
    return world


def _write(world: World, name: str, at: str, *langs: str, **more: object) -> None:
    texts = {lang: Wording(f"{name} {lang}") for lang in langs or ("ru",)}
    fields = {"leg": "irkutsk", **more}
    compose(world.app, "c", Draft(name, texts, at, ("two",), **fields), by=world.alice, approve_now=True)  # type: ignore[arg-type]


def _post(world: World, name: str) -> Post:
    with world.app.store.read() as tx:
        return post_rows.post_named(tx, name)


def _row(world: World, name: str, lang: str = "ru") -> Delivery:
    post = _post(world, name)
    return next(row for row in world.deliveries() if row.post_id == post.id and row.langs == (lang,))


def test_a_leg_moved_from_irkutsk_to_berlin_across_the_end_of_summer_time(journey: World) -> None:
    """Acceptance check 13: 10:00 stays 10:00 before and after 2019-10-27, and 02:30, which happens twice, is asked."""
    _write(journey, "before", "2019-10-26 10:00")
    _write(journey, "after", "2019-10-28 10:00")
    _write(journey, "night", "2019-10-27 02:30", anyway="the hour is the story")
    keys = {row.id: (row.key, row.outgoing_id) for row in journey.deliveries()}
    asked = edit_leg(journey.app, "c", "irkutsk", by=journey.alice, zone_name="Europe/Berlin")
    [clash] = asked.shift.undecided

    assert (False, "fold", "night") == (asked.done, clash.code, clash.post)
    assert "--fold first (2019-10-27 02:30 UTC+2" in clash.text
    assert "--fold second (2019-10-27 02:30 UTC+1" in clash.text
    assert "Asia/Irkutsk" == _post(journey, "before").zone  # nothing was changed

    choices = Choices(folds={"night": "second"})
    done = edit_leg(journey.app, "c", "irkutsk", by=journey.alice, zone_name="Europe/Berlin", choices=choices)

    assert (True, 3) == (done.done, len(done.shift.moved))
    assert {
        "before": "2019-10-26 10:00 Europe/Berlin (UTC+2)",
        "night": "2019-10-27 02:30 Europe/Berlin (UTC+1)",
        "after": "2019-10-28 10:00 Europe/Berlin (UTC+1)",
    } == {name: in_zone(_row(journey, name).due_at, "Europe/Berlin") for name in ("before", "night", "after")}
    assert keys == {row.id: (row.key, row.outgoing_id) for row in journey.deliveries()}
    assert ("second", "the hour is the story") == (_post(journey, "night").fold, _post(journey, "night").quiet_because)


def test_quiet_hours_are_computed_anew(journey: World) -> None:
    _write(journey, "P", "2019-10-25 15:00", "ko", "ru")
    assert "2019-10-25 16:00" == in_zone(_row(journey, "P", "ko").due_at, "Asia/Seoul")[:16]
    edit_leg(journey.app, "c", "irkutsk", by=journey.alice, zone_name="Europe/Berlin")
    ko, ru = _row(journey, "P", "ko"), _row(journey, "P")

    assert "2019-10-26 08:00" == in_zone(ko.due_at, "Asia/Seoul")[:16]  # 15:00 in Berlin is 22:00 in Seoul
    assert "quiet hours of the ko audience: 22:00-08:00 Asia/Seoul" == ko.moved_because
    assert ("2019-10-25 15:00", None) == (in_zone(ru.due_at, "Europe/Berlin")[:16], ru.moved_because)
    assert (ko.due_at + timedelta(minutes=15)) == ko.late_after


def test_a_post_with_a_zone_of_its_own_keeps_it(journey: World) -> None:
    _write(journey, "own", "2019-10-25 17:00", zone="Asia/Seoul")
    done = edit_leg(journey.app, "c", "irkutsk", by=journey.alice, zone_name="Europe/Berlin")

    assert ((), "Asia/Seoul") == (done.shift.moved, _post(journey, "own").zone)


def test_a_leg_moves_by_days_on_the_wall_clock(journey: World) -> None:
    edit_leg(journey.app, "c", "irkutsk", by=journey.alice, zone_name="Europe/Berlin")
    _write(journey, "P", "2019-10-25 10:00")
    done = move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="+3 days")

    assert ("2019-10-27", "2019-10-31") == (str(done.leg.starts_on), str(done.leg.ends_on))
    assert "2019-10-28 10:00 Europe/Berlin (UTC+1)" == in_zone(_row(journey, "P").due_at, "Europe/Berlin")
    back = move_leg(journey.app, "c", "irkutsk", by=journey.alice, to_date="2019-10-24")
    assert "2019-10-25 10:00 Europe/Berlin (UTC+2)" == in_zone(_row(journey, "P").due_at, "Europe/Berlin")
    assert back.done


def test_hours_move_the_posts_and_leave_the_days(journey: World) -> None:
    _write(journey, "P", "2019-10-25 10:00")
    done = move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="-90 minutes")

    assert ("2019-10-24", "2019-10-25 08:30") == (str(done.leg.starts_on), str(_post(journey, "P").local_at)[:16])


def test_a_dry_run_tells_and_changes_nothing(journey: World) -> None:
    _write(journey, "P", "2019-10-25 10:00")
    before = _row(journey, "P")
    told = move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="+1 day", dry_run=True)

    assert (False, before.due_at + timedelta(days=1)) == (told.done, told.shift.moved[0].new.due_at)
    assert before == _row(journey, "P")


def test_what_would_be_past_is_to_be_decided_and_may_be_left(journey: World) -> None:
    _write(journey, "P", "2019-10-25 10:00")
    _write(journey, "Q", "2019-10-28 10:00")
    asked = move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="-6 days")
    done = move_leg(
        journey.app, "c", "irkutsk", by=journey.alice, distance="-6 days", choices=Choices(leave=frozenset({"P"}))
    )

    assert [("past", "P")] == [(clash.code, clash.post) for clash in asked.shift.undecided]
    assert (True, ["Q"]) == (done.done, [each.new.name for each in done.shift.moved])
    assert "2019-10-25 10:00" == str(_post(journey, "P").local_at)[:16]


def test_a_hard_blackout_is_to_be_decided_and_a_held_post_stays_held(journey: World) -> None:
    _write(journey, "P", "2019-10-25 10:00")
    add_blackout(journey.app, "애도", starts_on="2019-10-26", by=journey.alice)
    asked = move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="+1 day")
    add_blackout(journey.app, "더", starts_on="2019-10-25", by=journey.alice)
    held = _row(journey, "P").held_because
    done = move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="+1 day")

    assert ["blackout"] == [clash.code for clash in asked.shift.undecided]
    assert (True, "더" in str(held), "애도" in str(_row(journey, "P").held_because)) == (done.done, True, True)


def test_what_is_under_way_or_out_is_named_and_left_alone(journey: World) -> None:
    for name in ("out", "way"):
        _write(journey, name, "2019-10-25 10:00")
    with journey.app.store.begin() as tx:
        for name, state in (("out", State.PUBLISHED), ("way", State.PUBLISHING)):
            row = _row(journey, name)
            lease = outbox.Lease("w", "b", 9e9)
            [held] = outbox.claim(tx, now=row.due_at, mono=1e6, lease=lease, limit=1)
            held = outbox.cross(tx, held, wire={"body": name}, at=row.due_at, mono=1e6)
            if state is State.PUBLISHED and held.id == row.id:
                outbox.record(
                    tx, held.id, remote_id="r1", permalink=None, published_at=row.due_at, measure_at=row.due_at
                )
    before = journey.deliveries()
    done = edit_leg(journey.app, "c", "irkutsk", by=journey.alice, zone_name="Europe/Berlin")

    assert {"out", "way"} == {clash.post for clash in done.shift.clashes}
    assert {"out", "under-way"} == {clash.code for clash in done.shift.clashes}
    assert (True, before) == (done.done, journey.deliveries())
    assert "Asia/Irkutsk" == _post(journey, "out").zone  # the record says where it was


def test_the_missed_stays_missed_and_what_has_a_time_of_its_own_keeps_it(journey: World) -> None:
    _write(journey, "P", "2019-10-25 10:00", "ko", "ru")
    journey.clock.turn_to(datetime(2019, 10, 25, 4, tzinfo=UTC))
    with journey.app.store.begin() as tx:
        miss(journey.app, tx)
    retry(journey.app, _row(journey, "P").id, at="2019-10-26 12:00", by=journey.alice)
    before = journey.deliveries()
    done = move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="+3 days")

    assert {("missed", "P"), ("own-time", "P")} == {(clash.code, clash.post) for clash in done.shift.clashes}
    assert [(row.state, row.due_at) for row in before] == [(row.state, row.due_at) for row in journey.deliveries()]


def test_days_outside_the_leg_overlaps_and_spacing_are_told_and_do_not_stop(journey: World) -> None:
    add_leg(
        journey.app, "c", "moscow", by=journey.alice, zone_name="Europe/Moscow", starts_on="2019-10-28",
        ends_on="2019-10-30",
    )  # fmt: skip
    _write(journey, "P", "2019-10-29 10:00")
    _write(journey, "moscow", "2019-10-29 12:30", leg="moscow", zone="Asia/Irkutsk")
    with journey.app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, "c")
        account = _row(journey, "P").account_id
        account_rules.keep(tx, AccountRule(campaign.id, account, spacing=timedelta(minutes=90)))
    done = move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="+2 hours")
    later = edit_leg(journey.app, "c", "irkutsk", by=journey.alice, ends_on="2019-10-29")
    codes = {clash.code: clash.text for clash in done.shift.clashes}

    assert done.done
    assert {"off-leg", "spacing"} == set(codes)
    assert "nearer than 90 minutes to post moscow" in codes["spacing"]
    assert "the next free time is 2019-10-29 14:00 Asia/Irkutsk" in codes["spacing"]
    assert ["overlap"] == [clash.code for clash in later.shift.clashes]


def test_a_leg_is_removed_only_when_no_post_hangs_on_it(journey: World) -> None:
    _write(journey, "P", "2019-10-25 10:00")

    with pytest.raises(Conflict, match=r"1 posts \(P\)"):
        remove_leg(journey.app, "c", "irkutsk", by=journey.alice)
    add_leg(
        journey.app, "c", "berlin", by=journey.alice, zone_name="Europe/Berlin", starts_on="2019-11-01",
        ends_on="2019-11-02",
    )  # fmt: skip
    remove_leg(journey.app, "c", "berlin", by=journey.alice)
    with pytest.raises(NotFound):
        remove_leg(journey.app, "c", "berlin", by=journey.alice)


@pytest.mark.parametrize("distance", ["3 weeks", "", "+0 days", "days", "+99999 days"])
def test_a_distance_that_cannot_be_read_or_moves_nothing_is_refused(journey: World, distance: str) -> None:
    with pytest.raises(Invalid, match="by"):
        move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance=distance)


def test_a_choice_for_a_post_of_another_leg_is_refused_and_readers_move_nothing(journey: World) -> None:
    choices = Choices(leave=frozenset({"X"}))

    with pytest.raises(Invalid, match="X"):
        move_leg(journey.app, "c", "irkutsk", by=journey.alice, distance="+1 day", choices=choices)
    with pytest.raises(Forbidden):
        move_leg(journey.app, "c", "irkutsk", by=journey.carol, distance="+1 day")
    with pytest.raises(Invalid, match="like that already"):
        edit_leg(journey.app, "c", "irkutsk", by=journey.alice, zone_name="Asia/Irkutsk")


def test_a_reply_is_never_due_before_what_it_answers(journey: World) -> None:
    _write(journey, "P", "2019-10-25 15:00", "ko", "ru", strategy="thread")
    edit_leg(journey.app, "c", "irkutsk", by=journey.alice, zone_name="Europe/Berlin")
    ko, ru = _row(journey, "P", "ko"), _row(journey, "P")

    assert (ko.id, True) == (ru.parent_id, ru.due_at >= ko.due_at)
