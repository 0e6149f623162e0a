"""One life: a process that works until everything is settled, archived and measured once, or dies where it is told."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaign import sandbox
from campaign.core.errors import Conflict
from campaign.core.model import Delivery, Guarantee, Person
from campaign.core.states import State
from campaign.engine.vigil import reap_all
from campaign.platforms import load
from campaign.service import App, accounts
from campaign.service.archive import archive
from campaign.service.confirm import confirm, settle
from campaign.service.measure import measure
from campaign.service.pause import pause, resume
from campaign.service.publish import publish
from campaign.store import accounts as account_rows
from campaign.store import people, posts, queue
from tests.conftest import HandClock
from tests.sweep.plays import AWAITING, LAGS_FOR, Play

DIED, LOST_ITS_WAY, BROKE_A_FENCE, NOT_DONE = 9, 3, 5, 6
UNANSWERED = (State.SCHEDULED, State.CLAIMED, State.PUBLISHING, State.PROCESSING, State.UNCERTAIN)


@dataclass
class Where:
    """Where a life dies: at the nth passing of a point. No point: it does not; `passed` is what it went through."""

    point: str = ""
    nth: int = 1
    passed: list[str] = field(default_factory=list)

    def __call__(self, point: str) -> None:
        """The App's failpoint."""
        self.passed.append(point)
        if self.point == AWAITING and point == "line.committed":
            threading.Timer(0.15, os._exit, [DIED]).start()
        if point == self.point and self.passed.count(point) == self.nth:
            os._exit(DIED)


@dataclass
class Life:
    """A process's work on one installation.

    Attributes:
        open: the App of the installation, with a failpoint.
        base_url: where the twins are.
        name: of the life, which is also that of its account at the twin.
    """

    open: Callable[[Any], App]
    base_url: str
    name: str
    play: Play
    fault: str

    def live(self, where: Where, trace: Path | None = None) -> int:
        """Work; return 0 when everything came to its end."""

        def failpoint(point: str) -> None:
            where(point)
            if point == "prepared" and self.fault == "paused" and self._pauses() == 0:
                pause(self.app, "account", "kr", reason="the sweep", by=self.alice)

        self.app = self.open(failpoint)
        with self.app.store.read() as tx:
            self.alice: Person = people.person_named(tx, "alice")
        with self.app.store.begin() as tx:
            reap_all(self.app, tx, alone=True)
        code = asyncio.run(self._work())
        if code == 4:  # its token is not accepted: a person connects the account again
            sandbox.ask(self.base_url, "DELETE", "/_faults")
            asyncio.run(connect(self.app, self.base_url, self.play, self.name, again=True))
            code = asyncio.run(self._work())
        self.app.store.close()
        if trace is not None:
            trace.write_text(json.dumps(where.passed))
        return code

    async def _work(self) -> int:
        app, clock = self.app, self.app.clock
        assert isinstance(clock, HandClock)
        code = NOT_DONE
        for _ in range(80):
            await publish(app, limit=10)
            await confirm(app)
            with app.store.read() as tx:
                rows = [queue.get(tx, row["id"]) for row in queue.listed(tx)]
                retry_at = queue.next_retry(tx, boot=clock.boot)
                paused = account_rows.pauses_now(tx)
            if not [row for row in rows if row.state in UNANSWERED]:
                code = 0
                break
            doubts = [row for row in rows if row.state is State.UNCERTAIN and row.guarantee is Guarantee.NONE]
            for row in doubts:
                self._person(row)
            if paused and self.fault == "expired_token":
                code = 4
                break
            if paused:
                if self._books():
                    code = BROKE_A_FENCE
                    break
                resume(app, "account", "kr", by=self.alice)
            clock.turn_monotonic(max(0.5, (retry_at or 0) - clock.monotonic()))
            if self.fault == "lagging_list" and max(row.questions for row in rows) >= LAGS_FOR:
                catch_up(self.base_url, self.name)
        if code == 0:
            archive(app)
            clock.turn(minutes=15)
            await measure(app)
        await app.close_network()
        return code

    def _person(self, row: Delivery) -> None:
        """Look at the platform and say what is there, or give up; whoever was cut off meanwhile says it again."""
        with self.app.store.read() as tx:
            text = posts.outgoing_of(tx, row.outgoing_id).outgoing.text
        out = [entry for entry in self._books() if entry["text"] == text]
        with suppress(Conflict):
            if self.play.asks == "gives up":
                settle(self.app, row.id, "abandon", by=self.alice)
            elif out:
                settle(self.app, row.id, "published", by=self.alice, url=out[0]["url"])
            else:
                settle(self.app, row.id, "not_published", by=self.alice)

    def _books(self) -> list[dict[str, Any]]:
        return sandbox.books(self.base_url, self.name, self.play.platform)

    def _pauses(self) -> int:
        with self.app.store.read() as tx:
            return int(tx.exec_driver_sql("SELECT count(*) FROM pauses").scalar_one())


async def connect(app: App, base_url: str, play: Play, name: str, *, again: bool = False) -> None:
    """Connect account kr to the twin's account of this life."""
    told = {"platform": play.platform, "name": name, **play.opened}
    opened: Mapping[str, str] = sandbox.ask(base_url, "POST", "/_accounts", told)
    kind = load(play.platform)
    with app.store.read() as tx:
        by = people.person_named(tx, "alice")
    secrets = {} if play.asks else {key: opened[key] for key in kind.secrets}
    await accounts.connect(
        app, play.platform, name="kr", base_url=base_url, token=opened["token"], langs=["ko"], by=by,
        private=True, again=again, options={key: opened[key] for key in kind.options}, secrets=secrets,
    )  # fmt: skip
    await app.close_network()


def cue(base_url: str, fault: str, match: Mapping[str, str], args: Mapping[str, Any], times: int | None) -> None:
    """Ask the twin to do something wrong."""
    told = {"fault": fault, "match": dict(match), "args": dict(args), **({} if times is None else {"times": times})}
    sandbox.ask(base_url, "POST", "/_faults", told)


def catch_up(base_url: str, name: str) -> None:
    """The list shows now what it kept back; the key is ignored as before."""
    standing = sandbox.ask(base_url, "GET", "/_faults")
    sandbox.ask(base_url, "DELETE", "/_faults")
    if any(entry["fault"] == "ignore_key" for entry in standing):
        cue(base_url, "ignore_key", {"account": name}, {}, None)
