"""After each good look: news of disk and clock, notices, and a dead man's switch that is silent when it should be."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from campaign.core.errors import Unavailable
from campaign.service import App
from campaign.service.notify import Notifier
from campaign.service.tend import Tend
from campaign.store import heartbeats, notices
from campaign.store.heartbeats import Heartbeat
from tests.conftest import World


@dataclass
class Switch:
    """Counts pings; fails while it is told to."""

    world: World
    broken: bool = False
    at: list[float] = field(default_factory=list)

    async def __call__(self) -> None:
        self.at.append(self.world.clock.monotonic())
        if self.broken:
            raise Unavailable("daemon.ping_url: its URL was answered with 500", status=500)


def alive(app: App, **values: Any) -> None:
    now, mono = app.clock.now(), app.clock.monotonic()
    entry = replace(Heartbeat("w1", "embedded", 1, app.clock.boot, now, now, mono), **values)
    with app.store.begin() as tx:
        heartbeats.beat(tx, entry)


def look(world: World, tend: Tend, seconds: float, **values: Any) -> None:
    """Let time pass, and one look that went well."""
    world.clock.turn(seconds=seconds)
    alive(world.app, **values)
    world.run(tend())


def standing(world: World) -> list[tuple[str, str]]:
    with world.app.store.read() as tx:
        return [(each.kind, each.subject) for each in notices.open_now(tx)]


@pytest.fixture
def tended(world: World) -> Callable[..., tuple[Tend, Switch, list[str]]]:
    def make(**changed: Any) -> tuple[Tend, Switch, list[str]]:
        said: list[str] = []
        app = replace(world.app, log=lambda name, **fields: said.append(name), **changed)
        switch = Switch(world)
        return Tend(app, Notifier(app, {}), switch), switch, said

    return make


def test_the_switch_is_asked_at_most_once_a_minute(world: World, tended: Callable[..., Any]) -> None:
    tend, switch, _ = tended()
    began = world.clock.monotonic()

    for seconds in (1, 15, 15, 15, 15, 15, 60):
        look(world, tend, seconds)

    assert [1, 61, 136] == [at - began for at in switch.at]


def test_the_switch_is_not_asked_while_health_is_bad(world: World, tended: Callable[..., Any]) -> None:
    tend, switch, _ = tended()
    world.post("P01", minutes=1)
    look(world, tend, 1, clock_offset=99.0)
    look(world, tend, 60 * 17)  # a delivery is beyond its grace, and nobody has missed it
    assert [] == switch.at
    short, silent, _ = tended(reserve=1 << 60)
    look(world, short, 60)
    assert [] == silent.at


def test_a_switch_that_fails_is_told_once_and_again_when_it_is_well(world: World, tended: Callable[..., Any]) -> None:
    tend, switch, said = tended()
    for broken in (True, True, False, True):
        switch.broken = broken
        look(world, tend, 60)

    assert (4, ["ping.failed", "ping.well", "ping.failed"]) == (len(switch.at), said)


def test_a_disk_and_a_clock_are_told_once_and_closed_when_they_are_well(
    world: World, tended: Callable[..., Any]
) -> None:
    host = socket.gethostname()
    ill, _, said = tended(reserve=1 << 60, clock_offset=lambda: -45.0)
    for _ in range(3):
        look(world, ill, 10, host=host)
    assert {("disk", host), ("clock", host)} == set(standing(world))
    with world.app.store.read() as tx:
        texts = [str(each.detail["error"]) for each in notices.open_now(tx)]
    assert any("45 s ahead of" in text for text in texts) and any("daemon.reserve_bytes" in text for text in texts)

    well, _, also = tended(clock_offset=lambda: 2.0)
    look(world, well, 10, host=host)

    assert [] == standing(world)
    assert (["disk.failed", "clock.failed"], ["disk.well", "clock.well"]) == (said, also)


def test_another_machines_disk_is_its_own_and_closed_when_that_is_gone(
    world: World, tended: Callable[..., Any]
) -> None:
    with world.app.store.begin() as tx:
        for host in ("lives", "gone"):
            notices.add(tx, notices.Notice(host, "disk", host, {}, world.clock.now()))
    tend, _, _ = tended()

    look(world, tend, 10, worker="w2", host="lives")

    assert [("disk", "lives")] == standing(world)


def test_looks_that_follow_fast_are_one_round(world: World, tended: Callable[..., Any]) -> None:
    tend, switch, _ = tended()
    look(world, tend, 1)
    world.clock.turn_monotonic(timedelta(seconds=0.5).total_seconds())
    with world.app.store.begin() as tx:
        notices.add(tx, notices.Notice("n", "disk", "gone", {}, world.clock.now()))
    world.run(tend())
    assert (1, [("disk", "gone")]) == (len(switch.at), standing(world))
    look(world, tend, 1)
    assert [] == standing(world)
