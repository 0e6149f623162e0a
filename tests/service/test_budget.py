"""Rate budgets as publishing meets them: shared by workers, asked before the line, held by a 429."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from campaign.core import budget as steps
from campaign.core.adapter import Exchanges
from campaign.core.budget import draw
from campaign.core.errors import RateLimited
from campaign.core.model import Account
from campaign.service import App
from campaign.service.doctor import doctor
from campaign.service.publish import carry, publish, take
from campaign.service.writer import Writer
from campaign.store import accounts as account_rows
from campaign.store import notices
from campaign.store.budgets import Budgets, Standing, standings
from tests.conftest import World
from tests.platforms import channel
from tests.service.test_publish import STATUSES, posts_sent


def account(world: World, name: str = "kr") -> Account:
    with world.app.store.read() as tx:
        return account_rows.account_named(tx, name)


def book(world: World) -> Budgets:
    """What another worker would write with."""
    return Budgets(world.app.store, world.clock)


def standing(world: World) -> dict[str, Standing]:
    clock = world.clock
    with world.app.store.read() as tx:
        return standings(tx, now=clock.now(), mono=clock.monotonic(), boot=clock.boot)


def carry_all(world: World, app: App, **others: App) -> None:
    """Let workers carry what is due, all at once: each has claimed its part before the first one sends."""

    async def run() -> None:
        workers = [app, *others.values()]
        works = [(each, await asyncio.to_thread(take, each, 1 if others else 50)) for each in workers]
        await asyncio.gather(*(carry(each, work, Writer(each)) for each, found in works for work in found))
        for other in others.values():
            await other.close_network()

    world.run(run())


def check(world: World, name: str) -> tuple[bool, str]:
    [found] = [each for each in doctor(world.app) if each.name == name]
    return found.ok, found.detail


def test_a_429_holds_all_workers_of_the_account_and_of_no_other(world: World) -> None:
    world.connect("ru", "ko", twin_account="peace_ru")
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault("429", method="POST", path=STATUSES, retry_after=90)
    world.tick()
    world.post("P02", minutes=0.01)
    world.post("P03", minutes=0.01, to=("ru",))
    world.clock.turn(seconds=1)
    other = world.open()
    world.tick(other)

    assert (2, ["published", "scheduled", "scheduled"]) == (posts_sent(world), sorted(world.states()))
    assert (False, "kr is held until 2026-11-24 00:11 UTC (UTC+0): its platform said 429") == check(world, "budgets")

    world.clock.turn_monotonic(91)
    world.tick(other)

    assert (4, {"published"}) == (posts_sent(world), set(world.states()))
    assert (True, "no account is held, none is nearly used up") == check(world, "budgets")


def test_what_was_claimed_when_the_hold_came_steps_back_before_the_line(world: World) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)

    async def run() -> None:
        works = await asyncio.to_thread(take, world.app, 5)
        await asyncio.to_thread(book(world).apply, [(f"account:{account(world).id}", steps.hold(60.0))])
        await asyncio.gather(*(carry(world.app, work, Writer(world.app)) for work in works))

    world.run(run())
    [held] = world.deliveries()

    assert ("scheduled", 0, None, 0) == (held.state, held.attempts, held.sent_at, posts_sent(world))
    assert held.retry_at == pytest.approx(world.clock.monotonic() + 60.0)

    world.clock.turn_monotonic(59)
    world.tick()
    assert 0 == posts_sent(world)
    world.clock.turn_monotonic(2)
    world.tick()
    assert (1, ["published"]) == (posts_sent(world), world.states())


def test_the_budget_is_waited_for_before_the_line_and_never_behind_it(world: World) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    key, before = f"account:{account(world).id}", world.clock.monotonic()
    book(world).apply([(key, steps.rule(300, 300.0)), (key, draw(300))])
    lines: list[float] = []

    def failpoint(name: str) -> None:
        if name in ("preparing", "line.written", "commit.sent"):
            lines.append(world.clock.monotonic() - before)

    app = world.open(failpoint=failpoint)
    carry_all(world, app)
    world.run(app.close_network())

    assert ([1.0, 1.0, 1.0], ["published"]) == ([pytest.approx(line) for line in lines], world.states())


def test_what_waits_too_long_leaves_its_slot_and_comes_back(world: World) -> None:
    for number in range(15):
        world.post(f"P{number:02}")
    world.clock.turn(minutes=10)
    key = f"account:{account(world).id}"
    book(world).apply([(key, steps.rule(300, 300.0)), (key, draw(300))])
    carry_all(world, world.app)

    assert 10 == posts_sent(world) == sum(state == "published" for state in world.states())
    assert {0} == {each.attempts for each in world.deliveries() if each.state == "scheduled"}

    world.clock.turn_monotonic(15)
    world.tick()

    assert (15, {"published"}) == (posts_sent(world), set(world.states()))


def test_a_delivery_that_sends_nothing_gives_its_place_back(world: World) -> None:
    world.post("P01", pictures=[world.picture()])
    world.clock.turn(minutes=10)
    world.twin.fault("503", method="POST", path="/api/v2/media")
    world.tick()
    world.run(world.app.close_network())

    assert (["scheduled"], 0) == (world.states(), posts_sent(world))
    assert 299 == pytest.approx(standing(world)[account(world).id].left)  # the upload alone was asked


def test_two_workers_whose_token_is_refused_pause_the_account_once(world: World) -> None:
    for number in range(2):
        world.post(f"P{number}")
    world.clock.turn(minutes=10)
    world.twin.fault("expired_token", account="peace_ko")
    carry_all(world, world.app, other=world.open())
    with world.app.store.read() as tx:
        pauses = account_rows.pauses_now(tx)
        told = [(notice.kind, notice.subject) for notice in notices.open_now(tx)]

    assert [("account", "kr", "campaign")] == [(each.scope, each.name, each.person) for each in pauses]
    assert [("scheduled", 0)] * 2 == [(each.state, each.attempts) for each in world.deliveries()]
    assert [("account.refused", "kr")] == told
    assert 0 == len(take(world.app, 5))


def test_channels_of_one_bot_share_a_budget_and_its_holds(world: World) -> None:
    mine = channel.connect(world)
    with world.app.store.read() as tx:
        token = account_rows.token_of(tx, mine, world.app.vault)
    twin = replace(mine, id="another-channel", name="tg2")

    def connect(each: Account) -> None:
        try:
            world.run(world.app.open_adapter(each, token, Exchanges()).connect())
        finally:
            world.run(world.app.close_network())

    connect(mine)
    connect(twin)
    both = standing(world)[mine.id], standing(world)[twin.id]
    assert both[0] == both[1]
    assert both[0].size == 30

    world.twin.fault("429", path="/bot*/getMe", retry_after=35)
    with pytest.raises(RateLimited):
        connect(mine)

    held = {standing(world)[each.id].held_till for each in (mine, twin)}
    assert 1 == len(held)
    assert None not in held


def test_what_the_platform_tells_is_shared(make_world: Any) -> None:
    from campaign.sandbox.limits import Limit, Limits

    world: World = make_world(twin_options={"limits": Limits(token=Limit(40, 300))})
    world.campaign()
    kr = world.connect("kr", "ko")
    with world.app.store.read() as tx:
        token = account_rows.token_of(tx, kr, world.app.vault)
    world.run(world.app.open_adapter(kr, token, Exchanges()).connect())
    world.run(world.app.close_network())

    found = standing(world)[kr.id]
    assert 40 == found.size
    assert found.left < 40 - 4


def test_a_worker_that_publishes_takes_part_of_one_budget(world: World) -> None:
    for number in range(6):
        world.post(f"P{number}")
    world.clock.turn(minutes=10)
    other = world.open()

    async def both() -> None:
        await asyncio.gather(publish(world.app, limit=3), publish(other, limit=3))
        await asyncio.gather(world.app.close_network(), other.close_network())

    world.run(both())

    assert {"published"} == set(world.states())
    assert 294 == pytest.approx(standing(world)[account(world).id].left)


def test_a_question_about_a_doubt_does_not_wait_for_the_share_that_readings_have(world: World) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path=STATUSES)
    world.run(publish(world.app, limit=1))
    key = f"account:{account(world).id}"
    left = int(standing(world)[account(world).id].left)
    book(world).apply([(key, draw(left - 100))])  # less than the half that readings must leave to publishing
    before = world.clock.monotonic()

    world.tick()

    assert ["published"] == world.states()
    assert world.clock.monotonic() - before < 1
