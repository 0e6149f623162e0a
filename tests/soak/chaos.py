"""What goes wrong in a soak: a plan drawn from a seed, and the threads that carry it out."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaign.service import SYSTEM
from campaign.service.pause import Scope, pause, resume
from campaign.store import accounts as account_rows
from tests.soak.stage import CAMPAIGN, CHANNELS, Stage
from tests.soak.verdict import settle_blind

# Where the irreversible request goes, where media go, where it is read back; a fault acts on one of them.
PATHS = {
    "mastodon": (("POST", "/api/v1/statuses"), ("POST", "/api/v2/media"), ("GET", "/api/v1/accounts/*")),
    "bluesky": (
        ("POST", "/xrpc/com.atproto.repo.putRecord"),
        ("POST", "/xrpc/com.atproto.repo.uploadBlob"),
        ("GET", "/xrpc/com.atproto.repo.getRecord"),
    ),
    "telegram": (("POST", "/bot*/send*"), ("POST", "/bot*/send*"), ("POST", "/bot*/getUpdates")),
}
FAULTS = (
    *("lose_response", "500_after", "500_before", "reset", "reset_before", "slow", "half_body", "bad_json"),
    *("429", "503", "drop_request", "expired_token", "lagging_list"),
)
WEIGHTS = (14, 10, 6, 8, 5, 8, 6, 6, 5, 5, 5, 2, 4)
EXPIRES = ("dedup", "replay", "watcher", "none")  # a person connects these again; see Stage.connect for the others
LAG = 8.0  # seconds that a list may lag: within what Mastodon's adapter allows

Act = Callable[[], None]


@dataclass
class Worker:
    """One process of ours, and when it did not work."""

    number: int
    command: list[str]
    environ: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    out: list[list[float]] = field(default_factory=list)  # [from, to] in seconds since 1970
    starts: int = 0

    def start(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=log, env=self.environ)
        self.starts += 1
        self._back()

    def send(self, sign: signal.Signals) -> bool:
        """Send a signal; return whether there was somebody to get it."""
        if self.process is None or self.process.poll() is not None:
            return False
        self.process.send_signal(sign)
        if sign in (signal.SIGKILL, signal.SIGSTOP):
            if not self.out or self.out[-1][1]:
                self.out.append([time.time(), 0.0])
        elif sign == signal.SIGCONT:
            self._back()
        if sign == signal.SIGKILL:
            self.process.wait(10)
        return True

    def died(self) -> int | None:
        """Return with what it ended by itself, if it did."""
        return None if self.process is None else self.process.poll()

    def _back(self) -> None:
        if self.out and not self.out[-1][1]:
            self.out[-1][1] = time.time()


class Chaos:
    """Draws what will happen, and lets it happen. `met` counts it."""

    def __init__(self, stage: Stage, *, workers: int, seed: int, seconds: float, faketime: str = "") -> None:
        self.stage, self.seconds = stage, seconds
        self.met: Counter[str] = Counter()
        self.errors: list[str] = []
        self.pauses: list[tuple[float, float]] = []  # seconds since 1970
        self.jumps: list[list[float]] = []  # [from, to, by]: seconds since 1970, and how far a clock was ahead
        self.faketime = faketime
        self._over = threading.Event()
        self._lock = threading.Lock()  # of the processes
        chance = random.Random(f"chaos {seed}")
        self.workers = [self._worker(number, workers) for number in range(workers)]
        self._plans = [self._deaths(chance), self._faults(chance), self._people(chance)]
        if self.faketime:
            self._plans.append(self._jumps(chance))
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the processes and all that happens to them."""
        for worker in self.workers:
            worker.start()
        began = time.monotonic()
        for plan in self._plans:
            thread = threading.Thread(target=self._carry_out, args=(plan, began), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Let nothing more go wrong: everybody runs, no pause stands, every account is connected."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)
        self.met.update({f"fault {name}": hits for name, hits in self.stage.clear().items()})
        self.keep()
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            self._jump(worker, 0)()
        self._lift_all()
        self.connect_paused()

    def keep(self) -> None:
        """Start again who is down though the plan says nothing of it; a daemon that ended by itself is a finding."""
        with self._lock:
            for worker in self.workers:
                code = worker.died()
                if code is not None and code != -signal.SIGKILL:
                    self.errors.append(f"worker {worker.number} ended with {code}; see {worker.log}")
                worker.start()

    def stop(self) -> None:
        """End the processes in good order."""
        for worker in self.workers:
            worker.send(signal.SIGTERM)
        for worker in self.workers:
            if worker.process is not None:
                try:
                    code = worker.process.wait(30)
                except subprocess.TimeoutExpired:
                    worker.process.kill()
                    code = worker.process.wait(10)
                    self.errors.append(f"worker {worker.number} did not end on SIGTERM")
                if code:
                    self.errors.append(f"worker {worker.number} ended with {code} at the end; see {worker.log}")

    def _worker(self, number: int, workers: int) -> Worker:
        shared = self.stage.settings.database_url.startswith("postgresql")
        if workers > 1 and not shared:
            raise SystemExit("--workers: several share the work on PostgreSQL only; give --engine postgresql")
        door = "worker" if shared else "daemon"
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CAMPAIGN_")}
        if self.faketime:
            environ |= {
                "LD_PRELOAD": self.faketime,
                "FAKETIME_TIMESTAMP_FILE": str(self._clock_file(number)),
                "FAKETIME_CACHE_DURATION": "1",  # seconds; to read the file at each look at the clock takes 16 µs
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
            }
            self._clock_file(number).write_text("+0")
        command = [sys.executable, "-m", "campaign", door, "--dir", str(self.stage.root)]
        return Worker(number, command, environ, self.stage.folder / f"worker{number}.log")

    def _clock_file(self, number: int) -> Path:
        return self.stage.folder / f"clock{number}"

    def _deaths(self, chance: random.Random) -> list[tuple[float, Act]]:
        """Kill one every few seconds, let another stand still, start again after nought to three seconds."""
        plan: list[tuple[float, Act]] = []
        at, again = chance.uniform(3, 6), dict.fromkeys(range(len(self.workers)), 0.0)
        while at < self.seconds:
            worker = chance.choice(self.workers)
            kills, long = chance.random() < 0.75, chance.random() < 0.3
            rest = chance.uniform(0, 3) if kills else chance.uniform(8, 20) if long else chance.uniform(1, 4)
            if again[worker.number] <= at:
                plan.append((at, self._kill(worker) if kills else self._halt(worker)))
                plan.append((at + rest, self._start(worker) if kills else self._go_on(worker)))
                again[worker.number] = at + rest + 2  # it shall have begun to work
            at += chance.uniform(3, 10) / max(1, len(self.workers) / 2)
        return plan

    def _faults(self, chance: random.Random) -> list[tuple[float, Act]]:
        """Cue a fault at the twins about every second, for one request of one account."""
        plan: list[tuple[float, Act]] = []
        at = 1.0
        while at < self.seconds:
            channel = chance.choice(CHANNELS)
            name = chance.choices(FAULTS, WEIGHTS)[0]
            commit, upload, read = PATHS[channel.platform]
            method, path = chance.choices((commit, upload, read), (8, 1, 2))[0]
            match = {"method": method, "path": path, "account": channel.name}
            args: dict[str, object] = {}
            times = 1
            if name == "slow":
                args = {"seconds": chance.choice((0.5, 2.0, 4.5))}  # the last is longer than we wait
            elif name == "429":
                args = {"retry_after": chance.randint(2, 9)}
            elif name == "reset_before":
                name, args = "reset", {"before": True}
            elif name == "expired_token":
                match = {"account": channel.name}
            elif name == "lagging_list":
                match, args, times = {"account": channel.name}, {"seconds": LAG}, chance.randint(1, 6)
            fits = (name != "lagging_list" or channel.platform == "mastodon") and (
                name != "expired_token" or channel.kind in EXPIRES
            )
            if fits:
                plan.append((at, self._cue(name, match, args, times)))
            at += chance.expovariate(1.2)
        return plan

    def _people(self, chance: random.Random) -> list[tuple[float, Act]]:
        """Put pauses up and lift them; now and then, connect again what is void and answer what nobody else can."""
        plan: list[tuple[float, Act]] = [(at * 2.0, self.connect_paused) for at in range(1, int(self.seconds / 2))]
        plan += [(at * 15.0, self.settle_blind) for at in range(1, int(self.seconds / 15))]
        at = chance.uniform(5, 10)
        scopes: Sequence[tuple[Scope, str]] = (
            *(("all", ""), ("campaign", CAMPAIGN), ("language", "ru"), ("language", "ko")),
            *(("platform", "bluesky"), ("platform", "telegram"), ("account", "dedup1"), ("account", "readback2")),
        )
        while at < self.seconds:
            scope, name = chance.choice(scopes)
            rest = chance.uniform(1, 8)
            plan += [(at, self._pause(scope, name)), (at + rest, self._resume(scope, name))]
            at += rest + chance.uniform(3, 15)
        return plan

    def _jumps(self, chance: random.Random) -> list[tuple[float, Act]]:
        """Let one process's clock jump, and back."""
        plan: list[tuple[float, Act]] = []
        at = chance.uniform(10, 20)
        while at < self.seconds:
            worker, by = chance.choice(self.workers), chance.choice((-75, -20, 20, 75))
            rest = chance.uniform(3, 15)
            plan += [(at, self._jump(worker, by)), (at + rest, self._jump(worker, 0))]
            at += rest + chance.uniform(10, 30)
        return plan

    def _carry_out(self, plan: list[tuple[float, Act]], began: float) -> None:
        for at, act in sorted(plan, key=lambda entry: entry[0]):
            # What ends a trouble is done also when the time is over: end() waits for it.
            if self._over.wait(max(0.0, began + at - time.monotonic())):
                return
            try:
                act()
            except Exception as error:  # noqa: BLE001 - a person's verb may be refused while a daemon holds the lock
                self.met[f"person's verb that failed: {type(error).__name__}"] += 1

    def _kill(self, worker: Worker) -> Act:
        def act() -> None:
            with self._lock:
                self.met["kill -9"] += worker.send(signal.SIGKILL)

        return act

    def _start(self, worker: Worker) -> Act:
        def act() -> None:
            with self._lock:
                code = worker.died()
                if code is not None and code != -signal.SIGKILL:
                    self.errors.append(f"worker {worker.number} ended with {code}; see {worker.log}")
                worker.start()

        return act

    def _halt(self, worker: Worker) -> Act:
        def act() -> None:
            with self._lock:
                self.met["SIGSTOP"] += worker.send(signal.SIGSTOP)

        return act

    def _go_on(self, worker: Worker) -> Act:
        def act() -> None:
            with self._lock:
                worker.send(signal.SIGCONT)

        return act

    def _cue(self, name: str, match: dict[str, str], args: dict[str, object], times: int) -> Act:
        return lambda: self.stage.fault(name, times=times, args=args, **match)

    def _pause(self, scope: Scope, name: str) -> Act:
        def act() -> None:
            with self.stage.opened() as app:
                pause(app, scope, name, reason="soak", by=self.stage.person)
            self.pauses.append((time.time(), 0.0))
            self.met["pause"] += 1

        return act

    def _resume(self, scope: Scope, name: str) -> Act:
        def act() -> None:
            with self.stage.opened() as app:
                resume(app, scope, name, by=self.stage.person)
            if self.pauses:
                self.pauses[-1] = (self.pauses[-1][0], time.time())

        return act

    def _lift_all(self) -> None:
        with self.stage.opened() as app:
            with app.store.read() as tx:
                standing = account_rows.pauses_now(tx)
            for entry in standing:
                if entry.person != SYSTEM:
                    resume(app, entry.scope, entry.name, by=self.stage.person)  # type: ignore[arg-type]

    def connect_paused(self) -> None:
        """Do what a person does who reads that a token is not accepted."""
        with self.stage.opened() as app, app.store.read() as tx:
            void = {entry.name for entry in account_rows.pauses_now(tx) if entry.person == SYSTEM}
        for channel in CHANNELS:
            if channel.name in void:
                self.stage.connect(channel, again=True)
                self.met["account connected again"] += 1

    def settle_blind(self) -> None:
        """Do what a person does who is asked whether a post is out: look at the channel."""
        with self.stage.opened() as app:
            self.met["a person was asked"] += settle_blind(app, self.stage.base_url, self.stage.person)

    def _jump(self, worker: Worker, by: int) -> Act:
        def act() -> None:
            self._set_clock(worker, by)
            self.met["clock jump"] += by != 0
            if by:
                self.jumps.append([time.time(), 0.0, by])
            elif self.jumps and not self.jumps[-1][1]:
                self.jumps[-1][1] = time.time()

        return act

    def _set_clock(self, worker: Worker, by: int) -> None:
        if self.faketime:
            with suppress(OSError):
                fresh = self._clock_file(worker.number).with_suffix(".new")
                fresh.write_text(f"{by:+d}")
                fresh.replace(self._clock_file(worker.number))


def found_faketime() -> str:
    """Return where Debian's faketime keeps its library; empty: it is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return str(found[0]) if found else ""
