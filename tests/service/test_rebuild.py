"""rebuild: from the record alone, everything that was published is back; what is not is named."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from campaign import bootstrap
from campaign.core.errors import Conflict, NotFound
from campaign.core.model import Role
from campaign.core.states import State
from campaign.service import App, campaigns
from campaign.service import archive as verb
from campaign.service.approve import approve
from campaign.service.compose import Draft, Wording, compose
from campaign.service.rebuild import Rebuilt, rebuild
from campaign.service.report import report
from campaign.service.review import guest_review, make_guest_link, open_link, ready, review
from campaign.service.seal import seal
from campaign.store import approvals as approval_rows
from campaign.store import outbox, queue
from campaign.store import reviews as review_rows
from tests.conftest import World

from .test_measure import published, read_until
from .test_publish import STATUSES, settle_down

# What belongs to the machine and its boot, not to the record.
OURS = {
    "boot",
    "fence",
    "lease",
    "lease_until",
    "retry_at",
    "sent_mono",
    "sent_boot",
    "doubt_mono",
    "questions",
    "created_at",
}


def listed(app: App) -> list[dict[str, Any]]:
    with app.store.read() as tx:
        rows = queue.listed(tx, states=[State.PUBLISHED])
    return [{key: value for key, value in row.items() if key not in OURS} for row in rows]


def begin_anew(world: World) -> tuple[App, Rebuilt]:
    """Lose the database, and restore what the archive holds."""
    world.run(world.app.close_network())
    world.app.store.close()
    for file in Path(world.settings.dir).glob("campaign.db*"):
        file.unlink()
    bootstrap.init(world.settings)
    world.app = world.open()
    return world.app, rebuild(world.app)


def test_a_campaign_comes_back_as_it_was(world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    world.campaign("s", approval="one", quiet_hours={"ko": "22:00-08:00 Asia/Seoul"}, title={"ko": "평화"})
    made = world.post("P00", campaign="s", approve_now=False, pictures=(world.picture(),))
    approve(world.app, "P00", by=world.bob)
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path=STATUSES)
    settle_down(world)
    for number in range(5):
        published(world, f"P{number}1", to=("kr", "ru"), texts={"ko": f"안녕 {number}", "ru": f"Привет {number}"})
    read_until(world, timedelta(days=8))
    verb.archive(world.app)
    seal(world.app, until=world.clock.now() + timedelta(seconds=1))
    before = listed(world.app), [report(world.app, name).plain() for name in ("c", "s")]
    medium = world.app.media.path(made.outgoings[0].outgoing.media[0].sha256)
    picture = medium.read_bytes()
    medium.unlink()
    app, found = begin_anew(world)

    assert before == (listed(app), [report(app, name).plain() for name in ("c", "s")])
    assert (2, 6, 11, 2, 11, 1) == (
        found.campaigns,
        found.posts,
        found.variants,
        found.accounts,
        found.deliveries,
        found.approvals,
    )
    assert (picture, True) == (medium.read_bytes(), app.media.verify(medium.name))
    with app.store.read() as tx:
        assert ["bob"] == [row.person for row in approval_rows.approvals_of(tx, made.post.id)]


def test_who_said_what_before_it_went_out_comes_back(world: World) -> None:
    world.campaign("s", approval="two")
    rita = campaigns.add_person(world.app, "rita", [Role.REVIEWER])
    root = campaigns.add_person(world.app, "root", [Role.ADMIN])
    campaigns.edit_campaign(world.app, "s", by=root, approval_days=9)
    made = world.post("P00", campaign="s", approve_now=False)
    token, _ = make_guest_link(world.app, "P00", "Ms Kim", by=world.alice, now=world.clock.now())
    guest_review(world.app, token, "ko", "returned", now=world.clock.now(), text="시간이 틀렸습니다", field="text")
    ready(world.app, "P00", "ko", by=world.alice)
    review(world.app, "P00", "ko", "passed", by=rita)
    approve(world.app, "P00", by=root, override="bob is on leave")
    world.clock.turn(minutes=10)
    world.tick()

    def said() -> tuple[object, ...]:
        with world.app.store.read() as tx:
            given = approval_rows.approvals_of(tx, made.post.id)
            links = [(link.guest, link.person, link.langs) for link in review_rows.links_of(tx, made.post.id)]
            return given, review_rows.reviews_of(tx, made.post.id), links

    before = said()
    begin_anew(world)

    assert before == said()
    given = before[0]
    assert [(1, 2, None), (2, 2, "bob is on leave")] == [(a.step, a.steps, a.reason) for a in given]  # type: ignore[attr-defined]
    with world.app.store.read() as tx, pytest.raises(NotFound):
        open_link(tx, token, now=world.clock.now())


def test_what_cannot_be_restored_is_named(world: World) -> None:
    published(world, "P01")
    world.post("P02", minutes=5)
    with world.app.store.begin() as tx:
        outbox.miss(tx, now=world.clock.now() + timedelta(hours=1))
    verb.archive(world.app)
    missed = next(row for row in world.deliveries() if row.state == "missed")
    _, found = begin_anew(world)

    told = "\n".join(found.not_restored)
    assert (True, True, True, ["published"]) == (
        f"delivery {missed.id} of post P02 (missed)" in told,
        "people" in told,
        "tokens" in told,
        world.states(),
    )


def test_nothing_is_restored_onto_a_database_that_holds_something(world: World) -> None:
    published(world, "P01")
    with pytest.raises(Conflict, match="not empty"):
        rebuild(world.app)

    assert ["published"] == world.states()


def test_a_damaged_archive_restores_nothing(world: World) -> None:
    published(world, "P01")
    for file in world.app.archive.root.rglob("record.jsonld"):
        file.write_bytes(file.read_bytes().replace("안녕하세요".encode(), "거짓말하세".encode()))
    with pytest.raises(Conflict):
        begin_anew(world)

    assert [] == world.deliveries()


def test_after_a_rebuild_an_account_is_connected_again_and_its_posts_are_read_on(world: World) -> None:
    published(world, "P01")
    read_until(world, timedelta(hours=2))
    seal(world.app, until=world.clock.now() + timedelta(seconds=1))
    app, _ = begin_anew(world)
    world.people["alice"] = campaigns.add_person(app, "alice", list(world.alice.roles))
    world.connect("kr", "ko", again=True)
    read_until(world, timedelta(days=1))

    assert report(app, "c", age="24h").series[0].at["24h"] is not None
    assert 1 == len(world.twin.books())


def backwards() -> Iterator[str]:
    """Ids that sort against their making: ids made in one millisecond do so half of the time."""
    for number in range(10**6, 0, -1):
        yield str(UUID(int=number))


def test_a_thread_comes_back_whatever_the_order_of_its_ids(world: World) -> None:
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    ids = backwards()
    draft = Draft(
        "P01", {"ko": Wording("안녕"), "ru": Wording("Привет")}, "2026-11-24 09:10", ("two",), strategy="thread"
    )
    compose(replace(world.app, new_id=lambda: next(ids)), "c", draft, by=world.alice, approve_now=True)
    world.clock.turn(minutes=10)
    settle_down(world)
    before = listed(world.app)
    app, _ = begin_anew(world)

    assert (before, 2) == (listed(app), len(before))


def test_legs_that_were_added_later_come_back(world: World) -> None:
    for number in range(4):
        campaigns.add_leg(
            world.app,
            "c",
            f"leg{number}",
            zone_name="Asia/Seoul",
            starts_on="2026-11-24",
            ends_on="2026-11-30",
            by=world.alice,
        )
        published_on = world.post(f"P{number}", minutes=1, leg=f"leg{number}")
        assert published_on.post.leg_id
        world.clock.turn(minutes=1)
        world.tick()
    before = listed(world.app), report(world.app, "c").plain()
    app, _ = begin_anew(world)

    assert before == (listed(app), report(app, "c").plain())
