"""Whatever legs, zones, posts and days are moved in what order: what was sent stays, and no time is a forbidden one."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from campaign.core.errors import Conflict, Invalid
from campaign.core.model import Delivery, Post
from campaign.core.states import State
from campaign.service.blackout import add_blackout, remove_blackout
from campaign.service.campaigns import add_leg
from campaign.service.compose import Draft, Wording, compose
from campaign.service.enqueue import move, retry
from campaign.service.journey import edit_leg, move_leg
from campaign.service.miss import miss
from campaign.service.publish import take
from campaign.service.rezone import rezone
from campaign.service.shift import Choices
from campaign.store import blackouts, outbox, queue
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from tests.conftest import World

QUIET = {"ko": "22:00-08:00 Asia/Seoul hard", "ru": "23:00-07:00 leg hard"}
ZONES = ("Asia/Irkutsk", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York")
STEPS = ("+1 day", "-1 day", "+2 hours", "-90 minutes", "+9 hours")
CHOICES = Choices(gap="forward", fold="second")
WHAT = ("leg", "zone", "tz", "post", "dark", "light", "clock", "clock", "retry")
AT_TEN = st.tuples(st.sampled_from(WHAT), st.integers(0, 4))


class Walk:
    """One campaign that is changed step by step, with what its deliveries looked like when they were first sent."""

    def __init__(self, world: World, campaign: str) -> None:
        self.world, self.app, self.name = world, world.app, campaign
        self.sent: dict[str, tuple[Any, ...]] = {}
        self.day = (world.clock.now() + timedelta(days=2)).date()
        world.campaign(campaign, quiet_hours=QUIET)
        days = {"starts_on": str(self.day), "ends_on": str(self.day + timedelta(days=4))}
        add_leg(self.app, campaign, "leg", by=world.alice, zone_name="Europe/Berlin", **days)
        for name, hour, strategy in (("P", 15, "split"), ("Q", 9, "thread")):
            texts = {"ko": Wording(f"{campaign} {name} 글"), "ru": Wording(f"{campaign} {name} текст")}
            draft = Draft(name, texts, f"{self.day} {hour:02}:30", ("two",), leg="leg", strategy=strategy)  # type: ignore[arg-type]
            compose(self.app, campaign, draft, by=world.alice, approve_now=True)

    def rows(self) -> list[tuple[Delivery, Post]]:
        with self.app.store.read() as tx:
            campaign = campaign_rows.campaign_named(tx, self.name)
            posts = post_rows.posts_of(tx, campaign.id)
            return [(row, post) for post in posts for row in queue.of_post(tx, post.id)]

    def do(self, what: str, number: int) -> None:
        app, by = self.app, {"by": self.world.alice}
        day = str(self.day + timedelta(days=number))
        match what:
            case "leg":
                move_leg(app, self.name, "leg", distance=STEPS[number], choices=CHOICES, **by)
            case "zone":
                before = self.walls()
                edit_leg(app, self.name, "leg", zone_name=ZONES[number % 4], choices=CHOICES, **by)
                assert before == self.walls()
            case "tz":
                self.older(timedelta(hours=number - 2))
                rezone(app, apply=True, choices=CHOICES, **by)
            case "post":
                at = f"{day} {5 * number:02}:15"
                move(app, "PQ"[number % 2], at=at, campaign_name=self.name, gap="back", fold="first", **by)
            case "dark":
                langs = [["ko"], ["ru"], []][number % 3]
                add_blackout(app, f"{self.name} {number}", starts_on=day, campaign_name=self.name, langs=langs, **by)
            case "light":
                with self.app.store.read() as tx:
                    campaign = campaign_rows.campaign_named(tx, self.name)
                    offs = blackouts.blackouts_of(tx, campaign.id)
                for off in offs[: number + 1]:
                    remove_blackout(app, off.name, campaign_name=self.name, **by)
            case "clock":
                self.wait(hours=[0, 0, 0, 7, 26][number])
                self.send(back=number % 2 == 0)
            case "retry":
                for row, _ in self.rows():
                    if row.state is State.MISSED:
                        retry(app, row.id, at=f"{day} {6 * number % 24:02}:45", **by)

    def wait(self, hours: int) -> None:
        """Let so many hours pass; none: until just after the next time at which something is due."""
        now = self.world.clock.now()
        due = [row.due_at for row, _ in self.rows() if row.state is State.SCHEDULED and row.due_at > now]
        if hours or not due:
            self.world.clock.turn(hours=hours or 1)
        else:
            self.world.clock.turn_to(min(due) + timedelta(minutes=1))

    def walls(self) -> dict[str, datetime]:
        return {post.name: post.local_at for _, post in self.rows()}

    def older(self, off: timedelta) -> None:
        """Leave what waits as a release with another zone database would have kept it."""
        with self.app.store.begin() as tx:
            for row, post in self.rows():
                if row.state is State.SCHEDULED and post.due_at + off > self.world.clock.now():
                    post_rows.move_post(tx, replace(post, due_at=post.due_at + off, tzdata="2014e"), at=row.due_at)

    def send(self, *, back: bool) -> None:
        """Let what can be claimed cross the line; some of it comes back, proved not to have been sent."""
        now = self.world.clock.now()
        for work in take(self.app, 50, more=True):
            dark = self.dark(work.delivery, now)
            with self.app.store.begin() as tx:
                row = outbox.cross(tx, work.delivery, wire={"body": work.post_name}, at=now, mono=1e6)
                if back:
                    outbox.move(tx, row, State.SCHEDULED)
                else:
                    told = {"remote_id": row.id, "permalink": None, "published_at": now, "measure_at": now}
                    outbox.record(tx, row.id, **told)
            assert not dark
        with self.app.store.begin() as tx:
            miss(self.app, tx)

    def dark(self, row: Delivery, at: datetime) -> bool:
        """Whether nothing may go out at an instant, told without the code under test."""
        with self.app.store.read() as tx:
            campaign = campaign_rows.campaign_of(tx, row.campaign_id)
            leg = campaign_rows.legs_of(tx, campaign.id)[0]
            offs = blackouts.blackouts_of(tx, campaign.id)
        for lang in row.langs:
            day = at.astimezone(ZoneInfo("Asia/Seoul" if lang == "ko" else leg.zone)).date()
            if any(off.starts_on <= day <= off.ends_on and (not off.langs or lang in off.langs) for off in offs):
                return True
        return False

    def check(self) -> None:
        with self.app.store.read() as tx:
            zone = campaign_rows.legs_of(tx, campaign_rows.campaign_named(tx, self.name).id)[0].zone
        for row, _post in self.rows():
            if row.sent_at is not None:
                seen = (row.key, row.wire, row.outgoing_id, row.outgoing_sha256)
                assert seen == self.sent.setdefault(row.id, seen)
            if row.state is not State.SCHEDULED or row.due_at < self.world.clock.now():
                continue
            for lang in row.langs:
                wall = row.due_at.astimezone(ZoneInfo("Asia/Seoul" if lang == "ko" else zone))
                quiet: Mapping[str, bool] = {
                    "ko": wall.hour >= 22 or wall.hour < 8,
                    "ru": wall.hour >= 23 or wall.hour < 7,
                }
                assert not quiet[lang], (lang, wall)
            assert row.held_because is not None or not self.dark(row, row.due_at)


def test_no_order_of_moves_changes_what_was_sent_or_makes_a_forbidden_time(make_world: Any) -> None:
    world: World = make_world(start=datetime(2026, 10, 20, tzinfo=UTC))
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    runs: list[int] = []
    done: set[str] = set()
    came_back = 0

    @settings(max_examples=18, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(AT_TEN, min_size=3, max_size=10))
    @example([("clock", 0), ("leg", 0), ("zone", 1), ("tz", 3), ("post", 1), ("post", 2), ("leg", 4)])
    @example([("clock", 2), ("clock", 1), ("leg", 3), ("zone", 2), ("clock", 0), ("retry", 4), ("leg", 0)])
    def holds(steps: list[tuple[str, int]]) -> None:
        runs.append(1)
        walk = Walk(world, f"c{len(runs)}")
        walk.check()
        for what, number in steps:
            with contextlib.suppress(Invalid, Conflict):
                walk.do(what, number)
                done.add(what)
            walk.check()
        nonlocal came_back
        came_back += len(walk.sent)

    holds()
    assert set(WHAT) <= done and came_back > 10  # else nothing was tried
