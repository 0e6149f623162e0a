"""A person is told once while the cause lasts; what could not be handed over comes again, and no secret is said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from campaign.core.errors import Unavailable
from campaign.core.model import Guarantee
from campaign.core.states import State
from campaign.service.archive import archive
from campaign.service.confirm import settle
from campaign.service.enqueue import cancel, retry
from campaign.service.miss import miss
from campaign.service.notify import Notifier, text_of
from campaign.service.pause import resume
from campaign.service.publish import publish
from campaign.store import notices, outbox
from campaign.store.notices import Notice
from tests.conftest import World

STATUSES = "/api/v1/statuses"


@dataclass
class Ear:
    """A channel that keeps what it is told, or fails so many times first."""

    fails: int = 0
    heard: list[Mapping[str, Any]] = field(default_factory=list)

    async def __call__(self, told: Mapping[str, Any]) -> None:
        if self.fails:
            self.fails -= 1
            raise Unavailable("notify.webhook: its URL was answered with 500", status=500)
        self.heard.append(told)


def standing(world: World) -> list[Notice]:
    with world.app.store.read() as tx:
        return notices.open_now(tx)


def kinds(world: World) -> list[str]:
    return sorted(each.kind for each in standing(world))


def refuse(world: World, name: str = "P1") -> None:
    """Let the twin refuse the token of kr once."""
    world.post(name)
    world.clock.turn(minutes=10)
    world.twin.fault("expired_token", path=STATUSES)
    world.run(publish(world.app, limit=5))
    world.twin.clear()


def test_a_refused_token_is_told_once_until_the_account_is_connected_again(world: World) -> None:
    for name in ("P0", "P9"):
        world.post(name)
    refuse(world)

    assert (["account.refused"], ["scheduled"] * 3) == (kinds(world), world.states())
    world.connect("kr", "ko", again=True)
    assert [] == kinds(world)
    world.clock.turn(minutes=2)
    world.twin.fault("expired_token", path=STATUSES)
    world.run(publish(world.app, limit=5))
    assert ["account.refused"] == kinds(world), "it is refused once more: that is news"
    resume(world.app, "account", "kr", by=world.alice)
    assert [] == kinds(world)


def test_a_failed_delivery_is_told_until_a_person_has_decided(world: World) -> None:
    # The server has lowered its limit since the account was connected: it answers 422 to what we think fits.
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE accounts SET sheet = json_set(sheet, '$.text_limit', 5000)")
    world.post("P1", texts={"ko": "가" * 600})
    world.clock.turn(minutes=10)
    world.run(publish(world.app, limit=5))
    assert ["failed"] == world.states()

    [notice] = standing(world)

    assert ("delivery.failed", "P1", "kr", "c") == (
        notice.kind, notice.detail["post"], notice.detail["account"], notice.detail["campaign"],
    )  # fmt: skip
    assert notice.subject in text_of(notice) and "c/P1/ko to kr failed" in text_of(notice)
    retry(world.app, notice.subject, by=world.bob, now=True)
    assert [] == kinds(world)


def test_a_missed_one_is_told_again_when_it_is_missed_again(world: World) -> None:
    world.post("P1")
    for _ in range(2):
        world.clock.turn(minutes=30)
        with world.app.store.begin() as tx:
            miss(world.app, tx)
        assert ["delivery.missed"] == kinds(world)
        retry(world.app, world.deliveries()[0].id, by=world.bob, now=True)
        assert [] == kinds(world)
    cancel(world.app, "P1", by=world.bob)
    assert [] == kinds(world)


@pytest.mark.parametrize("guarantee", [Guarantee.NONE, Guarantee.READ_BACK])
def test_a_doubt_is_told_only_where_nothing_can_tell(world: World, guarantee: Guarantee) -> None:
    world.post("P1")
    with world.app.store.begin() as tx:
        [row] = world.deliveries()
        outbox.note(tx, row, guarantee=guarantee)
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path=STATUSES)
    world.run(publish(world.app, limit=5))

    assert (["delivery.uncertain"] if guarantee is Guarantee.NONE else []) == kinds(world)
    [row] = world.deliveries()
    assert State.UNCERTAIN == row.state
    settle(world.app, row.id, "not_published", by=world.bob)
    assert [] == kinds(world)


def test_the_archive_that_cannot_be_written_is_told_once_and_closed_when_it_can(world: World) -> None:
    world.tick()  # the account's own object
    world.post("P1")
    world.clock.turn(minutes=10)
    world.run(publish(world.app, limit=5))
    staging = world.app.archive.root.with_name(world.app.archive.root.name + "-staging")
    aside = staging.with_name("aside")
    staging.rename(aside)
    staging.write_text("no folder")

    for _ in range(2):
        archive(world.app)
        assert ["archive"] == kinds(world)
    staging.unlink()
    aside.rename(staging)
    archive(world.app)

    assert [] == kinds(world)
    assert ["archived"] == [str(row.archive_state) for row in world.deliveries()]


def test_news_is_handed_over_once_with_its_text_and_where_to_act(world: World) -> None:
    refuse(world)
    ear = Ear()
    notify = Notifier(world.app, {"webhook": ear}, url="https://desk.example/")

    assert [1, 0] == [world.run(notify()) for _ in range(2)]

    [told] = ear.heard
    assert {"kind", "subject", "text", "at", "url", "number"} == set(told)
    assert ("account.refused", "kr", 1) == (told["kind"], told["subject"], told["number"])
    assert "https://desk.example/accounts#a-kr" == told["url"]
    assert "campaign account add" in told["text"]
    assert world.twin.tokens["peace_ko"] not in str(told)
    assert 0 == world.run(Notifier(world.app, {"webhook": ear})()), "another process does not tell it again"
    assert standing(world)[0].told_at == world.clock.now()


def test_many_at_once_are_one_message_that_counts_them(world: World) -> None:
    for number in range(7):
        world.post(f"P{number}")
    world.clock.turn(minutes=40)
    with world.app.store.begin() as tx:
        miss(world.app, tx)
    ear = Ear()

    assert 7 == world.run(Notifier(world.app, {"webhook": ear})())

    [told] = ear.heard
    assert ("delivery.missed", "", 7, "") == (told["kind"], told["subject"], told["number"], told["url"])
    assert "7 deliveries are missed" in told["text"] and "and 2 more" in told["text"]


def test_a_channel_that_fails_is_tried_again_later_and_the_other_is_not_told_twice(world: World) -> None:
    said: list[tuple[str, dict[str, Any]]] = []
    app = world.open(log=lambda name, **fields: said.append((name, fields)))
    refuse(world)
    broken, fine = Ear(fails=3), Ear()
    notify = Notifier(app, {"webhook": broken, "command": fine})

    handed = []
    for seconds in (0, 59, 1, 120, 300, 0):
        world.clock.turn(seconds=seconds)
        handed.append(world.run(notify()))

    assert [0, 0, 0, 0, 1, 0] == handed
    assert (1, 1) == (len(broken.heard), len(fine.heard))
    assert 1 == [name for name, _ in said].count("notify.failed"), "said once while it lasts"
    app.store.close()


def test_what_is_over_before_it_could_be_told_is_not_told(world: World) -> None:
    refuse(world)
    ear = Ear(fails=1)
    notify = Notifier(world.app, {"webhook": ear})
    world.run(notify())
    world.connect("kr", "ko", again=True)
    world.clock.turn(minutes=5)

    assert 0 == world.run(notify())
    assert [] == ear.heard


def test_what_became_of_a_delivery_by_itself_closes_its_notice(world: World) -> None:
    world.post("P1")
    world.clock.turn(minutes=40)
    with world.app.store.begin() as tx:
        [row] = miss(world.app, tx)
        moved = outbox.record(
            tx, row.id, remote_id="77", permalink=None, published_at=world.clock.now(), measure_at=world.clock.now()
        )  # a late result
    assert State.PUBLISHED == moved.state

    world.run(Notifier(world.app, {})())

    assert [] == kinds(world)
