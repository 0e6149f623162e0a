"""The kill sweep: real deaths at every failpoint × every fault of the twin × every guarantee; the twin's books decide.

    python -m tests.sweep [--sample N] [--jobs N] [--seed N]

Each cell is a life of its own: a delivery is enqueued, a process forked from a warm parent works on it and dies
(os._exit) at the failpoint; a second process starts from what is on disk and works until everything is settled. Then
the twin's books are held against our rows. Which failpoints a fault reaches is found by a life without a death; a
failpoint that no fault reaches fails the run, and so does a cell whose process did not die where it should.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaign import bootstrap, sandbox
from campaign.config import Settings, load_settings
from campaign.core.model import Role
from campaign.core.states import State
from campaign.engine.vigil import reap_all
from campaign.platforms import load
from campaign.service import App, accounts, campaigns
from campaign.service.archive import archive
from campaign.service.compose import Draft, Picture, Wording, compose
from campaign.service.confirm import confirm
from campaign.service.measure import measure
from campaign.service.publish import publish
from campaign.store import accounts as account_rows
from campaign.store import people, queue
from tests.conftest import HandClock, picture_file

COMMIT, UPLOAD = {"what": "commit"}, {"what": "upload"}  # where a fault acts; each platform has its own addresses
# name → what is cued at the twin: (fault, match, args, how often; None: until cleared)
FAULTS: dict[str, list[tuple[str, dict[str, str], dict[str, Any], int | None]]] = {
    "none": [],
    "lose_response": [("lose_response", COMMIT, {}, 1)],
    "slow": [("slow", COMMIT, {"seconds": 0.6}, 1)],
    "500_after": [("500_after", COMMIT, {}, 1)],
    "500_before": [("500_before", COMMIT, {}, 1)],
    "reset": [("reset", COMMIT, {}, 1)],
    "reset_before": [("reset", COMMIT, {"before": True}, 1)],
    "429": [("429", COMMIT, {"retry_after": 7}, 1)],
    "503": [("503", COMMIT, {}, 1)],
    "drop_request": [("drop_request", COMMIT, {}, 1)],
    "bad_json": [("bad_json", COMMIT, {}, 1)],
    "half_body": [("half_body", COMMIT, {}, 1)],
    "expired_token": [("expired_token", {}, {}, None)],
    "lagging_list": [("lose_response", COMMIT, {}, 1), ("lagging_list", {}, {"seconds": 3600}, None)],
    "lost_upload": [("lose_response", UPLOAD, {}, 1)],
}


NOT_WATCHED = frozenset({"lagging_list", "lost_upload"})


@dataclass(frozen=True, slots=True)
class Play:
    """A platform and how a doubt is settled there.

    Attributes:
        commit, upload: the requests that faults act on; None: nothing is uploaded beforehand.
        without: faults that there cannot be: a list that lags where there is no list.
        times: how often a fault happens that elsewhere lasts until a person comes: an expired session is renewed.
    """

    platform: str
    commit: dict[str, str]
    upload: dict[str, str] | None
    pictures: int
    without: frozenset[str] = frozenset()
    times: Mapping[str, int] = field(default_factory=dict)


_STATUSES = {"method": "POST", "path": "/api/v1/statuses"}
_UPLOADS = {"method": "POST", "path": "/api/v2/media"}
_RECORD = {"method": "POST", "path": "/xrpc/com.atproto.repo.putRecord"}
_BLOB = {"method": "POST", "path": "/xrpc/com.atproto.repo.uploadBlob"}
# A server that honours the key; one that ignores it and can only be read back: by its media, or by its text alone; one
# where the client chooses the id; one that only a second bot can see.
PLAYS = {
    "dedup, pictures": Play("mastodon", _STATUSES, _UPLOADS, 2),
    "read_back, pictures": Play("mastodon", _STATUSES, _UPLOADS, 2),
    "read_back, text": Play("mastodon", _STATUSES, _UPLOADS, 0),
    "replay, pictures": Play("bluesky", _RECORD, _BLOB, 2, frozenset({"lagging_list"}), {"expired_token": 2}),
    "watcher, album": Play("telegram", {"method": "POST", "path": "/bot*/sendMediaGroup"}, None, 2, NOT_WATCHED),
    "watcher, text": Play("telegram", {"method": "POST", "path": "/bot*/sendMessage"}, None, 0, NOT_WATCHED),
}
GUARANTEES = tuple(PLAYS)
LAGS_FOR = 2  # questions that a lagging list answers wrongly; all of them within settles_within
# Every point at which the daemon can die between a due delivery and its first reading.
FAILPOINTS = (
    "claim.written", "claimed", "preparing", "exchanged", "prepared", "line.written", "line.committed", "answered",
    "recording", "record.written", "recorded", "confirming", "asked", "confirmed", "confirm.written", "settled",
    "archiving", "archive.written", "archived", "measuring", "measured", "measure.written",
)  # fmt: skip
# Dies while the platform is working on the request, by a timer: nothing of ours runs at that moment.
AWAITING = "awaiting the answer"
OCCURRENCES = 2  # a point that is passed often is died at this many times
DIED, LOST_ITS_WAY = 9, 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One death: at the nth passing of a point, under a fault, with a guarantee."""

    guarantee: str
    fault: str
    point: str
    nth: int


class Stage:
    """A warm parent with a twin of its own, on which lives are played one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = folder / "template"
        bootstrap.init(load_settings(dir=str(self.template), environ={}))
        self.clock_file = folder / "clock.json"
        HandClock(self.clock_file)
        place = folder / "sandbox"
        place.mkdir()
        program = (
            "import sys; from pathlib import Path; from campaign import sandbox; wide = sandbox.Limit(10**6, 300); "
            "sandbox.run(Path(sys.argv[1]), clock_file=Path(sys.argv[2]), platforms=(), "
            "limits=sandbox.Limits(wide, wide, wide, wide, wide), wide=True)"
        )
        self.twin = subprocess.Popen([sys.executable, "-c", program, str(place), str(self.clock_file)])
        self.base_url = self._listening(place)
        self.lives = 0
        self.picture = picture_file(folder / "picture.png")

    def close(self) -> None:
        self.twin.send_signal(signal.SIGTERM)
        self.twin.wait(20)

    def trace(self, guarantee: str, fault: str) -> list[tuple[str, int]]:
        """Return the points that a life without a death passes, each with its occurrences.

        Raises: RuntimeError when such a life does not end with one post.
        """
        settings, name = self._begin(guarantee, fault)
        out = settings.root / "trace.json"
        code = self._fork(lambda: self._live(settings, name, fault, trace=out))
        if code != 0:
            raise RuntimeError(f"a life without a death under {fault} ended with {code}")
        seen: Counter[str] = Counter(json.loads(out.read_text()))
        end = self._end(settings, name)
        if end["double"] or end["lost"] or end["uncertain"]:
            raise RuntimeError(f"a life without a death under {fault} ended with {end}")
        points = [(point, nth) for point, n in seen.items() for nth in range(1, min(n, OCCURRENCES) + 1)]
        return [*points, (AWAITING, 1)] if fault == "slow" else points

    def play(self, cell: Cell) -> dict[str, Any]:
        """Play one cell; return what the books and our rows say at its end."""
        settings, name = self._begin(cell.guarantee, cell.fault)
        died = self._fork(lambda: self._live(settings, name, cell.fault, kill=cell))
        again = self._fork(lambda: self._live(settings, name, cell.fault))
        return {**self._end(settings, name), "killed": died == DIED, "settled": again == 0}

    def _begin(self, guarantee: str, fault: str) -> tuple[Settings, str]:
        """Make an installation with one picture post that is due now, and cue the fault."""
        self.lives += 1
        name = f"life{self.lives}"
        root = self.folder / name
        shutil.copytree(self.template, root)
        settings = load_settings(dir=str(root), environ={"CAMPAIGN_NETWORK__READ_TIMEOUT": "0.3"})
        play = PLAYS[guarantee]
        app = self._open(settings)
        by = campaigns.add_person(app, "alice", [Role.AUTHOR])
        campaigns.add_campaign(app, "c", zone_name="UTC", by=by, languages=("ko",), approval="none")
        self._connect(app, play.platform, name)
        if guarantee.startswith("read_back"):
            self._ask("ignore_key", {"account": name}, {}, None)
            with app.store.begin() as tx:
                tx.exec_driver_sql("UPDATE accounts SET kind = 'other', guarantee = 'read_back'")
        pictures = (Picture(self.picture, {"ko": "그림"}), Picture(self.picture, {"ko": "그림 2"}))[: play.pictures]
        at = app.clock.now().strftime("%Y-%m-%d %H:%M:%S")
        draft = Draft(
            name="P01",
            wordings={"ko": Wording(f"안녕하세요 {name}", ("#서울",))},
            at=at,
            to=("kr",),
            pictures=pictures,
            now=True,
        )
        compose(app, "c", draft, by=by, approve_now=True)
        app.store.close()
        for fault_name, where, args, times in FAULTS[fault]:
            match = {"commit": play.commit, "upload": play.upload}.get(where.get("what", ""), {}) or {}
            self._ask(fault_name, {**match, "account": name}, args, play.times.get(fault_name, times))
        return settings, name

    def _ask(self, fault: str, match: dict[str, str], args: dict[str, Any], times: int | None) -> None:
        told = {"fault": fault, "match": match, "args": args, **({} if times is None else {"times": times})}
        sandbox.ask(self.base_url, "POST", "/_faults", told)

    def _open(self, settings: Settings, failpoint: Any = None) -> App:
        clock = HandClock.read(self.clock_file)
        opener = bootstrap.Opener(settings, clock, sleep=clock.sleep)
        return bootstrap.open_app(settings, clock=clock, opener=opener, failpoint=failpoint)

    def _connect(self, app: App, platform: str, name: str, *, again: bool = False) -> None:
        opened = sandbox.ask(self.base_url, "POST", "/_accounts", {"platform": platform, "name": name})
        kind = load(platform)

        async def connect() -> None:
            with app.store.read() as tx:
                by = people.person_named(tx, "alice")
            await accounts.connect(
                app, platform, name="kr", base_url=self.base_url, token=opened["token"], langs=["ko"], by=by,
                private=True, again=again, options={key: opened[key] for key in kind.options},
                secrets={key: opened[key] for key in kind.secrets},
            )  # fmt: skip
            await app.close_network()

        asyncio.run(connect())

    def _fork(self, work: Any) -> int:
        """Run work in a child; return its exit code."""
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
        while time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return -1

    def _live(
        self, settings: Settings, name: str, fault: str, *, kill: Cell | None = None, trace: Path | None = None
    ) -> int:
        """Work until everything is settled, archived and measured once; die where a cell says so."""

        passed: list[str] = []

        def failpoint(point: str) -> None:
            passed.append(point)
            if kill is None:
                return
            if kill.point == AWAITING and point == "line.committed":
                threading.Timer(0.15, os._exit, [DIED]).start()
            if point == kill.point and passed.count(point) == kill.nth:
                os._exit(DIED)

        app = self._open(settings, failpoint)
        clock = app.clock
        assert isinstance(clock, HandClock)
        with app.store.begin() as tx:
            reap_all(app, tx, alone=True)

        async def work() -> int:
            for _ in range(80):
                await publish(app, limit=10)
                await confirm(app)
                with app.store.read() as tx:
                    [row] = [queue.get(tx, row["id"]) for row in queue.listed(tx)]
                    retry_at = queue.next_retry(tx, boot=clock.boot)
                if row.state is State.PUBLISHED:
                    break
                clock.turn_monotonic(max(0.5, (retry_at or 0) - clock.monotonic()))
                if fault == "lagging_list" and row.questions >= LAGS_FOR:
                    self._catch_up(name)
                with app.store.read() as tx:
                    paused = account_rows.pauses_now(tx)
                if paused:
                    await app.close_network()
                    return 4  # a person's turn
            archive(app)
            clock.turn(minutes=15)
            await measure(app)
            await app.close_network()
            return 0

        code = asyncio.run(work())
        if code == 4:
            sandbox.ask(self.base_url, "DELETE", "/_faults")
            with app.store.read() as tx:
                platform = account_rows.account_named(tx, "kr").platform
            self._connect(app, platform, name, again=True)
            code = asyncio.run(work())
        app.store.close()
        if trace is not None:
            trace.write_text(json.dumps(passed))
        return code

    def _catch_up(self, name: str) -> None:
        """The list shows now what it kept back; the key is ignored as before."""
        standing = sandbox.ask(self.base_url, "GET", "/_faults")
        sandbox.ask(self.base_url, "DELETE", "/_faults")
        if any(entry["fault"] == "ignore_key" for entry in standing):
            self._ask("ignore_key", {"account": name}, {}, None)

    def _end(self, settings: Settings, name: str) -> dict[str, Any]:
        books = sandbox.books(self.base_url, name)
        sandbox.ask(self.base_url, "DELETE", "/_faults")
        app = self._open(settings)
        with app.store.read() as tx:
            [row] = [queue.get(tx, row["id"]) for row in queue.listed(tx)]
        app.store.close()
        there = [str(entry["id"]) for entry in books]
        shutil.rmtree(settings.root)
        return {
            "books": len(books),
            "state": str(row.state),
            "double": max(0, len(books) - 1),
            "lost": int(not books or row.remote_id not in there),
            "uncertain": int(row.state in (State.UNCERTAIN, State.PUBLISHING, State.PROCESSING)),
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


def plan(stage: Stage, *, guarantees: Sequence[str] = GUARANTEES, faults: Sequence[str] = tuple(FAULTS)) -> list[Cell]:
    """Return every cell. Raises: RuntimeError when a failpoint is reached under no fault."""
    cells = [
        Cell(guarantee, fault, point, nth)
        for guarantee in guarantees
        for fault in faults
        if fault not in PLAYS[guarantee].without
        for point, nth in stage.trace(guarantee, fault)
    ]
    missed = set(FAILPOINTS) - {cell.point for cell in cells}
    unknown = {cell.point for cell in cells} - {*FAILPOINTS, AWAITING}
    if (missed and len(faults) == len(FAULTS)) or unknown:
        raise RuntimeError(f"failpoints that no life reaches: {sorted(missed)}; not listed: {sorted(unknown)}")
    return cells


def play_all(cells: Sequence[Cell], jobs: int) -> list[tuple[Cell, dict[str, Any]]]:
    """Play cells in several processes; return each with what came of it."""
    results: list[tuple[Cell, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
        parts = [cells[number::jobs] for number in range(jobs)]
        children: list[tuple[int, Path]] = []
        for number, part in enumerate(parts):
            out = Path(folder) / f"{number}.json"
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    code = _play_part(part, Path(folder) / str(number), out)
                finally:
                    os._exit(code)
            children.append((pid, out))
        failed = [pid for pid, _ in children if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0]
        if failed:
            raise RuntimeError("a part of the sweep did not come to its end")
        for part, (_, out) in zip(parts, children, strict=True):
            results += zip(part, json.loads(out.read_text()), strict=True)
    return results


def _play_part(part: Sequence[Cell], folder: Path, out: Path) -> int:
    folder.mkdir()
    stage = Stage(folder)
    try:
        out.write_text(json.dumps([stage.play(cell) for cell in part]))
    finally:
        stage.close()
    return 0


def table(results: Sequence[tuple[Cell, dict[str, Any]]]) -> str:
    """Return the table of the sweep in Markdown: a row per fault and guarantee, and the sum."""
    lines = [
        "| guarantee | fault | kills | published once | double | lost | uncertain |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    keys = sorted({(cell.guarantee, cell.fault) for cell, _ in results}, key=lambda k: (k[0], list(FAULTS).index(k[1])))
    for guarantee, fault in keys:
        rows = [result for cell, result in results if (cell.guarantee, cell.fault) == (guarantee, fault)]
        lines.append(f"| {guarantee} | {fault} | {_sums(rows)} |")
    lines.append(f"| **all** | {len(keys)} rows | {_sums([result for _, result in results])} |")
    return "\n".join(lines)


def _sums(rows: Sequence[dict[str, Any]]) -> str:
    once = sum(row["state"] == "published" and row["books"] == 1 for row in rows)
    numbers = [sum(row[name] for row in rows) for name in ("double", "lost", "uncertain")]
    return " | ".join(map(str, [sum(row["killed"] for row in rows), once, *numbers]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sample", type=int, default=0, help="play only so many cells, drawn at random")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--seed", type=int, default=2019)
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sweep-plan-") as folder:
        stage = Stage(Path(folder) / "plan" if (Path(folder) / "plan").mkdir() is None else Path(folder))
        try:
            cells = plan(stage)
        finally:
            stage.close()
    if chosen.sample:
        cells = random.Random(chosen.seed).sample(cells, min(chosen.sample, len(cells)))
    results = play_all(cells, chosen.jobs)
    print(table(results))
    bad = [
        (cell, result)
        for cell, result in results
        if not (result["killed"] and result["settled"] and result["books"] == 1 and result["state"] == "published")
    ]
    for cell, result in bad:
        print(f"BAD {cell}: {result}")
    kills = sum(result["killed"] for _, result in results)
    print(f"{kills} kills in {len(cells)} cells, {time.monotonic() - began:.0f} s")
    print(f"{len(results) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
