"""An update of the time zone database: what moves is told, and moved when a person wants it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaign.core.errors import Forbidden
from campaign.core.schedule import in_zone
from campaign.service.compose import Draft, Wording, compose
from campaign.service.doctor import doctor
from campaign.service.rezone import rezone, watch_zones
from campaign.service.shift import Choices
from campaign.store import notices, outbox, queue
from campaign.store import posts as post_rows
from tests.conftest import World

OLD = "2014e"  # before Russia gave up its eternal summer time, announced in July 2014: tzdata 2014f


@pytest.fixture
def russia(make_world) -> World:  # type: ignore[no-untyped-def]
    """It is September 2014; posts of November were resolved when Vladivostok was still to be at UTC+11 then."""
    world: World = make_world(start=datetime(2014, 9, 1, tzinfo=UTC))
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.campaign(quiet_hours={"ko": "22:00-08:00 Asia/Seoul"})
    return world


def _as_written_by(world: World, name: str, off: timedelta, version: str = OLD) -> None:
    """Leave a post as a release with an older zone database has kept it."""
    with world.app.store.begin() as tx:
        post = post_rows.post_named(tx, name)
        post_rows.move_post(tx, replace(post, due_at=post.due_at + off, tzdata=version), at=world.clock.now())
        for entry in post_rows.outgoings_of(tx, post.id):
            at = entry.due_at + off
            post_rows.move_outgoing(tx, entry.id, due_at=at, moved_because=entry.moved_because)
        for row in queue.of_post(tx, post.id):
            outbox.note(tx, row, due_at=row.due_at + off, late_after=row.late_after + off)


def _write(world: World, name: str, zone: str) -> None:
    draft = Draft(name, {"ru": Wording(f"{name} мир")}, "2014-11-01 12:00", ("two",), zone=zone)
    compose(world.app, "c", draft, by=world.alice, approve_now=True)


def test_what_the_new_database_moves_is_told_and_moved_when_wanted(russia: World) -> None:
    _write(russia, "V", "Asia/Vladivostok")
    _write(russia, "S", "Asia/Seoul")
    _as_written_by(russia, "V", -timedelta(hours=1))
    _as_written_by(russia, "S", timedelta())
    before = {row.id: (row.key, row.outgoing_id) for row in russia.deliveries()}
    [told] = rezone(russia.app)

    assert (2, ["V"], False) == (told.checked, [each.new.name for each in told.shift.moved], told.done)
    assert "2014-11-01 11:00 Asia/Vladivostok (UTC+10)" == in_zone(told.shift.moved[0].old.due_at, "Asia/Vladivostok")
    [done] = rezone(russia.app, by=russia.alice, apply=True)
    rows = {in_zone(row.due_at, "Asia/Vladivostok")[:16] for row in russia.deliveries()}

    assert done.done
    assert {"2014-11-01 12:00", "2014-11-01 13:00"} == rows  # noon there; noon in Seoul
    assert before == {row.id: (row.key, row.outgoing_id) for row in russia.deliveries()}
    with russia.app.store.read() as tx:
        assert {russia.app.tzdata} == {post.tzdata for post in post_rows.posts_of(tx)}
    assert [] == rezone(russia.app)


def test_the_news_is_told_once_and_over_when_it_is_applied(russia: World) -> None:
    _write(russia, "V", "Asia/Vladivostok")
    assert 0 == watch_zones(russia.app)
    _as_written_by(russia, "V", -timedelta(hours=1))
    numbers = [watch_zones(russia.app), watch_zones(russia.app)]
    with russia.app.store.read() as tx:
        open_now = [notice.kind for notice in notices.open_now(tx)]
    [check] = [check for check in doctor(russia.app) if check.name == "time zones"]
    rezone(russia.app, by=russia.bob, apply=True)

    assert ([1, 1], ["tzdata"]) == (numbers, open_now)
    assert (False, True) == (check.ok, "campaign time check" in check.detail)
    with russia.app.store.read() as tx:
        assert [] == notices.open_now(tx)


def test_a_post_may_be_left_and_readers_apply_nothing(russia: World) -> None:
    _write(russia, "V", "Asia/Vladivostok")
    _as_written_by(russia, "V", -timedelta(hours=1))
    before = russia.deliveries()
    with pytest.raises(Forbidden):
        rezone(russia.app, by=russia.carol, apply=True)
    rezone(russia.app, by=russia.alice, apply=True, choices=Choices(leave=frozenset({"V"})))

    assert before == russia.deliveries()
