"""Many posts due at the same instant, carried by one engine: the runs that the figures come from."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from campaign.service import App
from campaign.store.signs import heartbeats
from tests.bench import kill, ours, stub, watch
from tests.bench.peers import record
from tests.bench.stub import Stub
from tests.bench.watch import Program, compared, figures, until_done

READY = 60.0  # seconds for a program to come up
SOON = 1.0  # seconds between the announcement of the instant and the instant


@dataclass(frozen=True)
class Setting:
    """What is asked of an engine."""

    number: int
    latency: float  # seconds
    slots: int
    database: str = "sqlite"
    workers: int = 0  # `campaign worker` processes; 0: the one daemon

    @property
    def plain(self) -> dict[str, Any]:
        found = {"database": self.database, "number": self.number, "latency": self.latency, "slots": self.slots}
        return found | ({"workers": self.workers} if self.workers else {})


@dataclass(frozen=True)
class Peer:
    """Another engine: its module, the databases that it can keep its rows in, and its own settings."""

    module: str
    databases: tuple[str, ...]
    options: tuple[tuple[str, Any], ...] = ()
    broker: bool = False


PEERS = {
    "apscheduler": Peer("tests.bench.peers.apscheduler", ("sqlite", "postgresql")),
    "celery": Peer("tests.bench.peers.celery", ("sqlite",), broker=True),
    "celery, acks late": Peer("tests.bench.peers.celery", ("sqlite",), (("late", True),), broker=True),
    "procrastinate": Peer("tests.bench.peers.procrastinate", ("postgresql",)),
    "procrastinate, rescue": Peer("tests.bench.peers.procrastinate", ("postgresql",), (("rescue", True),)),
}


class Ground:
    """Where runs take place: a stub's program, servers, folders that go when a run is over."""

    def __init__(self, command: list[str], folder: Path, server: str | None, broker: str | None) -> None:
        self._command, self._folder, self._server, self._broker = command, folder, server, broker
        self._databases = 0

    @contextmanager
    def spec(self, setting: Setting, **more: Any) -> Iterator[dict[str, Any]]:
        """Make an empty folder, and an empty database where it is PostgreSQL."""
        with tempfile.TemporaryDirectory(prefix="run-", dir=self._folder, ignore_cleanup_errors=True) as folder:
            found: dict[str, Any] = {"folder": folder, "number": setting.number, "slots": setting.slots, **more}
            if setting.database == "postgresql":
                self._databases += 1
                with self._made(f"bench{self._databases}") as url:
                    yield found | {"database": url}
            else:
                yield found

    @contextmanager
    def stub(self, latency: float) -> Iterator[Stub]:
        with stub.running(self._command, latency) as running:
            yield running

    def campaign(self, setting: Setting) -> dict[str, Any]:
        """Return the figures of campaign's own daemon, or of its workers."""
        with self.spec(setting, worker=bool(setting.workers)) as spec, self.stub(setting.latency) as platform:
            with ours.opened(spec) as app:
                ours.fill(app, platform.url, setting.number)
                programs = [
                    Program("tests.bench.ours", spec, name=f"ours{number}") for number in range(setting.workers or 1)
                ]
                try:
                    _await_signs_of_life(app, programs)
                    began = ours.start(app, SOON)
                    time.sleep(max(0.0, began - time.time()))
                    before = sum(program.cpu for program in programs)
                    done = until_done(programs, platform, setting.number, lambda: ours.recorded(app))
                    cpu = sum(program.cpu for program in programs) - before
                    found = figures(
                        setting.number, began, ours.published(app), cpu, max(program.rss for program in programs)
                    )
                    texts = ours.texts_published(app)
                finally:
                    for program in programs:
                        program.kill()
            return _judged(found, done, platform, setting, texts)

    def bare(self, what: str, setting: Setting) -> dict[str, Any]:
        """Return the figures of a client that does nothing but the POSTs: `client` or `aiohttp`."""
        with self.spec(replace(setting, database="sqlite"), what=what) as spec, self.stub(setting.latency) as platform:
            program = Program("tests.bench.bare", {**spec, "url": platform.url})
            try:
                return program.said()
            finally:
                program.kill()

    def peer(self, name: str, setting: Setting) -> dict[str, Any]:
        """Return the figures of another engine."""
        peer = PEERS[name]
        with self._filled(peer, setting) as (spec, engine), self.stub(setting.latency) as platform:
            program = Program(peer.module, {**spec, "url": platform.url})
            try:
                began, before = program.said()["began"], program.cpu
                done = until_done([program], platform, setting.number, lambda: record.recorded(engine))
                cpu, rss = program.cpu - before, program.rss
            finally:
                program.kill()
            found = figures(setting.number, began, record.published(engine), cpu, rss)
            return _judged(found, done, platform, setting, record.texts_published(engine))

    def killed(self, setting: Setting) -> dict[str, Any]:
        """Kill campaign's daemon in the middle, and return what the books say."""
        with self.spec(setting) as spec, self.stub(setting.latency) as platform, ours.opened(spec) as app:
            ours.fill(app, platform.url, setting.number)
            ours.start(app, 0)

            def unsettled() -> int:
                return sum(number for state, number in ours.states(app).items() if state != "published")

            found = kill.measured(
                lambda: Program("tests.bench.ours", spec),
                platform,
                setting.number,
                lambda: ours.recorded(app),
                lambda: ours.texts_published(app),
                unsettled=unsettled,
            )
            if left := {state: number for state, number in ours.states(app).items() if state != "published"}:
                said = Path(spec["folder"]) / "ours.err"
                found |= {"left": left, "questions": ours.questions(app), "log": said.read_text()[-2000:]}
            return found

    def peer_killed(self, name: str, setting: Setting) -> dict[str, Any]:
        """Kill another engine in the middle, and return what the books say."""
        peer = PEERS[name]
        with self._filled(peer, setting) as (spec, engine), self.stub(setting.latency) as platform:
            return kill.measured(
                lambda: Program(peer.module, {**spec, "url": platform.url}),
                platform,
                setting.number,
                lambda: record.recorded(engine),
                lambda: record.texts_published(engine),
            )

    @contextmanager
    def _filled(self, peer: Peer, setting: Setting) -> Iterator[tuple[dict[str, Any], sa.Engine]]:
        with self.spec(setting, **dict(peer.options)) as spec:
            folder = Path(spec["folder"])
            spec.setdefault("database", f"sqlite:///{folder / 'jobs.db'}")
            spec["records"] = spec["database"] if setting.database == "postgresql" else f"sqlite:///{folder}/records.db"
            if peer.broker:
                self._empty_broker()
                spec["broker"] = self._broker
            engine = record.engine_of(spec["records"])
            record.fill(engine, setting.number)
            filler = Program(peer.module, {**spec, "fill": True}, name="fill")
            try:
                filler.said()
            finally:
                filler.stop()
            try:
                yield spec, engine
            finally:
                engine.dispose()

    def _empty_broker(self) -> None:
        import redis

        with redis.Redis.from_url(str(self._broker)) as connection:
            connection.flushall()

    @contextmanager
    def _made(self, name: str) -> Iterator[str]:
        import psycopg

        assert self._server is not None, "there is no PostgreSQL"
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        try:
            yield f"{self._server}/{name}"
        finally:
            with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection, suppress(psycopg.Error):
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def _judged(found: dict[str, Any], done: bool, platform: Stub, setting: Setting, texts: set[str]) -> dict[str, Any]:
    """Add what the books say to figures; a run that was not carried to its end says so."""
    books = compared(platform, [ours.text(n) for n in range(setting.number)], texts)
    if not done or not books.clean:
        found |= {"double": books.double, "lost": books.lost, "unrecorded": books.unrecorded}
    return found


def _await_signs_of_life(app: App, programs: list[Program]) -> None:
    until = time.monotonic() + READY
    while time.monotonic() < until:
        with app.store.read() as tx:
            living = tx.execute(sa.select(sa.func.count()).select_from(heartbeats)).scalar_one()
        if living >= len(programs):
            return
        for program in programs:
            if program.process.poll() is not None:
                raise watch.Broken(program.last_words())
        time.sleep(0.1)
    raise watch.Broken(f"no sign of life of {len(programs)} workers within {READY} s: {programs[0].last_words()}")
