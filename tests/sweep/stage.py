"""The stage: a warm parent with a twin of its own, on which lives are played one after another."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from campaign import bootstrap, sandbox
from campaign.config import Settings, load_settings
from campaign.core.model import Role
from campaign.core.states import State
from campaign.service import App, campaigns
from campaign.service.compose import Draft, Picture, Wording, compose
from campaign.store import people, queue
from tests import shapes
from tests.conftest import HandClock, picture_file
from tests.sweep.life import DIED, LOST_ITS_WAY, UNANSWERED, Life, Where, connect, cue
from tests.sweep.plays import FAULTS, PLAYS, Cell

TWIN = """
import sys
from pathlib import Path

from campaign import sandbox
from tests.shapes import handle_twin

handle_twin.move_in()
wide = sandbox.Limit(10**6, 300)
limits = sandbox.Limits(wide, wide, wide, wide, wide)
sandbox.run(Path(sys.argv[1]), clock_file=Path(sys.argv[2]), platforms=(), limits=limits, wide=True)
"""


class Stage:
    """A warm parent with a twin of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shapes.bring(folder / "brought")
        self.template = folder / "template"
        bootstrap.init(load_settings(dir=str(self.template), environ={}))
        self.clock_file = folder / "clock.json"
        HandClock(self.clock_file)
        place = folder / "sandbox"
        place.mkdir()
        self.twin = subprocess.Popen(
            [sys.executable, "-c", TWIN, str(place), str(self.clock_file)], cwd=Path(__file__).parent.parent.parent
        )
        self.base_url = self._listening(place)
        self.lives = 0
        self.picture = picture_file(folder / "picture.png")

    def close(self) -> None:
        self.twin.send_signal(signal.SIGTERM)
        self.twin.wait(20)
        shapes.take_away(self.folder / "brought")

    def trace(self, guarantee: str, fault: str, first: str = "") -> list[str]:
        """Return the points that a life without a death passes; `first`: the life after a death there.

        Raises: RuntimeError when such a life does not end as it should.
        """
        settings, life = self._begin(guarantee, fault)
        if first and self._fork(partial(life.live, Where(first))) != DIED:
            raise RuntimeError(f"{guarantee} under {fault}: {first} is not reached")
        out = settings.root / "trace.json"
        code = self._fork(partial(life.live, Where(), out))
        passed: list[str] = json.loads(out.read_text()) if out.exists() else []
        end = self._end(settings, life)
        if code != 0 or end["double"] or end["lost"] or end["uncertain"]:
            raise RuntimeError(f"{guarantee} under {fault} {first}: a life without a death ended with {code}: {end}")
        return passed

    def play(self, cell: Cell) -> dict[str, Any]:
        """Play one cell; return what the books and our rows say at its end."""
        settings, life = self._begin(cell.guarantee, cell.fault)
        before = self._fork(partial(life.live, Where(cell.first))) if cell.first else DIED
        died = self._fork(partial(life.live, Where(cell.point, cell.nth)))
        again = self._fork(partial(life.live, Where()))
        return {**self._end(settings, life), "killed": (before, died) == (DIED, DIED), "settled": again == 0}

    def _begin(self, guarantee: str, fault: str) -> tuple[Settings, Life]:
        """Make an installation with posts that are due now, and cue the fault."""
        self.lives += 1
        name = f"life{self.lives}"
        root = self.folder / name
        shutil.copytree(self.template, root)
        # Only a slow answer is waited for in vain; a short patience with the others would find faults of this machine.
        patience = "0.3" if fault == "slow" else "10"
        settings = load_settings(dir=str(root), environ={"CAMPAIGN_NETWORK__READ_TIMEOUT": patience})
        play = PLAYS[guarantee]
        app = self._open(load_settings(dir=str(root), environ={}))
        by = campaigns.add_person(app, "alice", [Role.AUTHOR])
        campaigns.add_campaign(app, "c", zone_name="UTC", by=by, languages=("ko",), approval="none")
        asyncio.run(connect(app, self.base_url, play, name))
        if play.reads_back:
            cue(self.base_url, "ignore_key", {"account": name}, {}, None)
            with app.store.begin() as tx:
                tx.exec_driver_sql("UPDATE accounts SET kind = 'other', guarantee = 'read_back'")
        pictures = (Picture(self.picture, {"ko": "그림"}), Picture(self.picture, {"ko": "그림 2"}))[: play.pictures]
        at = app.clock.now().strftime("%Y-%m-%d %H:%M:%S")
        for number in range(1, play.posts + 1):
            text = f"안녕하세요 {name}" + (f" {number}" if number > 1 else "")
            wordings = {"ko": Wording(text, ("#서울",))}
            draft = Draft(name=f"P0{number}", wordings=wordings, at=at, to=("kr",), pictures=pictures, now=True)
            compose(app, "c", draft, by=by, approve_now=True)
        app.store.close()
        for fault_name, where, args, times in FAULTS[fault]:
            match = {"commit": play.commit, "upload": play.upload}.get(where.get("what", ""), {}) or {}
            cue(self.base_url, fault_name, {**match, "account": name}, args, play.times.get(fault_name, times))
        return settings, Life(partial(self._open, settings), self.base_url, name, play, fault)

    def _open(self, settings: Settings, failpoint: Any = None) -> App:
        clock = HandClock.read(self.clock_file)
        opener = bootstrap.Opener(settings, clock, sleep=clock.sleep)
        return bootstrap.open_app(settings, clock=clock, opener=opener, failpoint=failpoint)

    def _fork(self, work: Callable[[], int]) -> int:
        """Run work in a child; return its exit code, when the twin too is through with what the child had sent."""
        pid = os.fork()
        if pid == 0:
            code = LOST_ITS_WAY
            try:
                code = work()
            except BaseException:  # noqa: BLE001 - a child must not come back into the parent's code
                import traceback

                traceback.print_exc()
            finally:
                os._exit(code)
        deadline = time.monotonic() + 60
        code = -1
        while code == -1 and time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.003)
        if code == -1:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        # Time that only seems to pass must not overtake a request that is really under way: the twin takes requests
        # in their order, so these two are answered after it.
        for _ in range(2):
            sandbox.ask(self.base_url, "GET", "/_clock")
        return code

    def _end(self, settings: Settings, life: Life) -> dict[str, Any]:
        books = sandbox.books(self.base_url, life.name, life.play.platform)
        sandbox.ask(self.base_url, "DELETE", "/_faults")
        app = self._open(settings)
        with app.store.read() as tx:
            rows = [queue.get(tx, row["id"]) for row in queue.listed(tx)]
            told = [event for row in rows for event in people.events_of(tx, row.post_id)]
        app.store.close()
        asked = {event["delivery_id"] for event in told if event["event"] == "delivery.settled"}
        there = [str(entry["id"]) for entry in books]
        ours = [row.remote_id for row in rows if row.state is State.PUBLISHED]
        given_up = [row for row in rows if row.state is State.FAILED and row.id in asked]
        shutil.rmtree(settings.root)
        return {
            "books": len(books),
            "states": sorted({str(row.state) for row in rows}),
            "once": int(sorted(map(str, ours)) == sorted(there) and len(set(there)) == len(rows)),
            "given_up": len(given_up),
            "double": max(0, len(books) - life.play.posts),
            "lost": sum(row.remote_id not in there for row in rows if row not in given_up),
            "uncertain": sum(row.state in UNANSWERED for row in rows),
            "asked": len(asked),
        }

    def _listening(self, place: Path) -> str:
        for _ in range(600):
            try:
                base_url = str(json.loads((place / "sandbox.json").read_text())["base_url"])
                sandbox.ask(base_url, "GET", "/_clock")
                return base_url
            except (OSError, ValueError, RuntimeError):
                time.sleep(0.05)
        raise RuntimeError("the twin does not start")
