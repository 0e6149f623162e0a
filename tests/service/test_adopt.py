"""Calendars that others wrote: legs and blackout days of them, previewed first, and the same file changes nothing."""

import pytest

from campaign.core.errors import Forbidden, Invalid, NotFound
from campaign.service.adopt import Adopted, adopt
from campaign.store import blackouts, campaigns
from tests.conftest import World
from tests.core.test_ics import ics

JOURNEY = ics(
    "DTSTART;TZID=Europe/Moscow:20261201T090000\nDTEND;TZID=Europe/Moscow:20261203T200000\nGEO:55.7;37.6",
    "DTSTART;VALUE=DATE:20261205\nDTEND;VALUE=DATE:20261207",
)


def said(done: Adopted) -> list[tuple[str, str, str]]:
    return [(line.action, str(line.span.first), str(line.span.last)) for line in done.lines]


def legs(world: World) -> list[tuple[str, str, str, str, float | None]]:
    with world.app.store.read() as tx:
        found = campaigns.legs_of(tx, campaigns.campaign_named(tx, "c").id)
    return [(leg.title["ko"], leg.zone, str(leg.starts_on), str(leg.ends_on), leg.latitude) for leg in found]


def days(world: World) -> list[tuple[str, str, str, str]]:
    with world.app.store.read() as tx:
        found = blackouts.blackouts_of(tx, campaigns.campaign_named(tx, "c").id)
    return [(each.name, str(each.starts_on), str(each.ends_on), each.kind) for each in found]


def test_legs_are_previewed_then_made_and_the_same_file_changes_nothing(world: World) -> None:
    new = [("new", "2026-12-01", "2026-12-03"), ("new", "2026-12-05", "2026-12-06")]
    tried = adopt(world.app, JOURNEY, "c", "legs", by=world.alice, dry_run=True)
    assert (said(tried), tried.kept, legs(world)) == (new, False, [])

    done = adopt(world.app, JOURNEY, "c", "legs", by=world.alice)
    there = [
        ("Day 1", "Europe/Moscow", "2026-12-01", "2026-12-03", 55.7),
        ("Day 2", "Asia/Seoul", "2026-12-05", "2026-12-06", None),
    ]
    assert (said(done), done.kept, legs(world)) == (new, True, there)
    assert {line.action for line in adopt(world.app, JOURNEY, "c", "legs", by=world.alice).lines} == {"same"}
    assert legs(world) == there


def test_a_leg_that_is_here_with_other_days_is_left_and_named(world: World) -> None:
    adopt(world.app, JOURNEY, "c", "legs", by=world.alice)
    before = legs(world)
    done = adopt(world.app, JOURNEY.replace(b"20261205", b"20261204"), "c", "legs", by=world.alice)

    assert [line.action for line in done.lines] == ["same", "left"] and "2026-12-05" in done.lines[1].why
    assert legs(world) == before


def test_blackout_days_hold_what_is_due_on_them_and_follow_the_file(world: World) -> None:
    world.post("P01", minutes=60 * 24 * 7)  # on 1 December in Seoul
    raw = ics("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=YEARLY", "DTSTART;VALUE=DATE:20261224")
    tried = adopt(world.app, raw, "c", "blackouts", by=world.alice, dry_run=True)
    assert ([line.held for line in tried.lines], days(world)) == ([1, 0, 0], [])
    assert world.deliveries()[0].held_because is None

    adopt(world.app, raw, "c", "blackouts", by=world.alice)
    assert days(world)[0] == ("Day 1 2026-12-01", "2026-12-01", "2026-12-01", "hard")
    assert "blackout Day 1" in (world.deliveries()[0].held_because or "")
    assert {line.action for line in adopt(world.app, raw, "c", "blackouts", by=world.alice).lines} == {"same"}

    moved = raw.replace(b"20261224", b"20261225")
    again = adopt(world.app, moved, "c", "blackouts", by=world.alice, hardness="soft")
    assert [line.action for line in again.lines] == ["same", "changed", "same"]
    assert days(world)[1] == ("Day 2 2026-12-25", "2026-12-25", "2026-12-25", "hard")


def test_what_cannot_be_changes_nothing(world: World) -> None:
    for raw, error in ((b"hello", Invalid), (ics("DTSTART;TZID=Nowhere:20261201T090000"), Invalid)):
        with pytest.raises(error):
            adopt(world.app, raw, "c", "legs", by=world.alice)
    with pytest.raises(NotFound):
        adopt(world.app, JOURNEY, "none", "legs", by=world.alice)
    with pytest.raises(Forbidden):
        adopt(world.app, JOURNEY, "c", "legs", by=world.carol)
    with pytest.raises(Invalid, match="Mars"):
        adopt(world.app, JOURNEY, "c", "legs", by=world.alice, tz="Mars/Base")
    assert legs(world) == []
