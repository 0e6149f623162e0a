"""Workers on PostgreSQL, as processes of their own: each post once, whoever dies, and whatever is away for a while."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from tests.conftest import World

from campaign import bootstrap
from campaign.clock import DatabaseClock, uptime
from campaign.config import Database, load_settings
from campaign.core.errors import Conflict, Invalid
from campaign.daemon import work
from campaign.engine.distributed import chosen_queues
from campaign.service.compose import Draft, Entry, Wording, compose_all
from campaign.service.doctor import doctor, workers
from campaign.service.publish import publish
from campaign.store import Store, heartbeats, jobs, locks, open_store, queue
from campaign.store.schema import upgrade


@dataclass
class Fleet:
    """An installation on PostgreSQL at real time, and workers of it."""

    world: World
    url: str
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = bootstrap.open_app(self.world.settings)

    def start(self, *options: str, url: str = "", **variables: str) -> subprocess.Popen[str]:
        environ = {"CAMPAIGN_DATABASE__URL": url or self.url, "CAMPAIGN_LOG__FORMAT": "json"}
        environ |= {"CAMPAIGN_DAEMON__DEAD_AFTER": "1", "CAMPAIGN_DAEMON__SLOTS": "8", **variables}
        command = [sys.executable, "-m", "campaign", "worker", "--dir", str(self.world.settings.root), *options]
        log = self.world.folder / f"worker{len(self.processes)}.log"
        with log.open("w") as file:
            process = subprocess.Popen(command, env={**os.environ, **environ}, stderr=file, text=True)
        self.processes.append(process)
        return process

    def said(self, number: int) -> list[dict[str, Any]]:
        """What a worker logged."""
        lines = (self.world.folder / f"worker{number}.log").read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]  # the last one may be half written

    def post(self, number: int, *, first: int = 0, to: tuple[str, ...] = ("kr", "ru")) -> None:
        """Enqueue posts that are due now."""
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        words = {"ko": "안녕", "ru": "Привет"}
        entries = []
        for n in range(first, first + number):
            texts = {lang: Wording(f"{word} {n}") for lang, word in words.items()}
            draft = Draft(name=f"P{n}", wordings=texts, at=at, to=to, zone="UTC", now=True)
            entries.append(Entry(draft.name, "c", draft, True))
        compose_all(self.app, entries, by=self.world.alice)

    def states(self) -> dict[str, int]:
        with self.app.store.read() as tx:
            rows = [str(row["state"]) for row in queue.listed(tx)]
        return {state: rows.count(state) for state in sorted(set(rows))}

    def until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"it did not come to pass: {self.states()}"
            time.sleep(0.05)  # another process is waited for: there is no clock to turn

    def books(self) -> list[str]:
        return sorted(row["text"] for row in self.world.twin.books())

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)
        self.app.store.close()


@pytest.fixture
def fleet(make_world: Callable[..., World], make_migrated: Callable[[], str]) -> Iterator[Fleet]:
    url = make_migrated()
    world = make_world(start=datetime.now(UTC), database=Database(url=SecretStr(url)))
    world.clock.file.unlink()  # the twin takes the system's time, too
    world.campaign()
    world.connect("kr", "ko")
    world.connect("ru", "ru", twin_account="peace_ru")
    made = Fleet(world, url)
    yield made
    made.close()


def test_of_two_workers_one_is_killed_in_the_middle_and_each_of_200_is_out_once(fleet: Fleet) -> None:
    with fleet.app.store.begin() as tx:
        # What died between line and request is sent again when it cannot be there any more: here soon.
        tx.exec_driver_sql("UPDATE accounts SET sheet = (sheet::jsonb || '{\"settles_within\": 1}')::json")
    fleet.post(100)
    killed = fleet.start(CAMPAIGN_NETWORK__TOTAL_TIMEOUT="3")
    fleet.start(CAMPAIGN_NETWORK__TOTAL_TIMEOUT="3")
    fleet.until(lambda: fleet.states().get("published", 0) > 40)
    killed.kill()
    fleet.until(lambda: fleet.states() == {"published": 200})
    fleet.until(lambda: {each["worker"] for each in workers(fleet.app) if each["lives"]} == {_name(fleet, 1)})
    [living] = workers(fleet.app)
    checks = {check.name: check for check in doctor(fleet.app)}

    assert 200 == len(set(fleet.books())) == len(fleet.books())
    assert ("distributed", ["publish", "measure", "archive"]) == (living["engine"], living["queues"])
    assert checks["daemon"].ok and f"pid {fleet.processes[1].pid}" in checks["daemon"].detail
    assert checks["leases"].ok

    fleet.processes[1].send_signal(signal.SIGTERM)

    assert 0 == fleet.processes[1].wait(15)
    assert [] == workers(fleet.app)


def test_a_tick_that_died_with_its_worker_is_taken_away_and_stops_nobody(fleet: Fleet) -> None:
    columns, values = "(queue_name, task_name, status)", "('publish', 'publish', 'doing')"
    left = "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL"
    with fleet.app.store.begin() as tx:
        tx.exec_driver_sql(f"INSERT INTO procrastinate.procrastinate_jobs {columns} VALUES {values}")  # noqa: S608
    fleet.post(2)
    fleet.start()
    fleet.until(lambda: fleet.states() == {"published": 4})
    with fleet.app.store.read() as tx:
        assert 0 == tx.exec_driver_sql(left).scalar_one()
    assert [] == [line for line in fleet.said(0) if line["event"] == "engine.failed"]


def _name(fleet: Fleet, number: int) -> str:
    return str(next(line["worker"] for line in fleet.said(number) if line["event"] == "worker.started"))


def test_two_workers_whose_clocks_are_a_minute_apart_publish_neither_early_nor_twice(fleet: Fleet) -> None:
    store = fleet.app.store
    clocks = [DatabaseClock(store, local=lambda ahead=ahead: uptime() + ahead) for ahead in (0.0, 60.0)]
    apps = [bootstrap.open_app(fleet.world.settings, store=store, clock=clock) for clock in clocks]
    for clock in clocks:
        clock.measure(worker=True)
    due = fleet.app.clock.now() + timedelta(seconds=1)
    fleet.post(3)
    with store.begin() as tx:
        tx.exec_driver_sql("UPDATE deliveries SET due_at = %s", (due,))

    async def race() -> list[int]:
        claimed = [0]
        while sum(claimed) < 6 and fleet.app.clock.now() < due + timedelta(seconds=20):
            for app in apps:
                claimed.append(await publish(app, limit=1))
        for app in apps:
            await app.close_network()
        return claimed

    fleet.world.run(race())
    with store.read() as tx:
        rows = [queue.get(tx, row["id"]) for row in queue.listed(tx)]

    assert 6 == len(set(fleet.books())) == len(fleet.books())
    assert all(due <= row.sent_at <= due + timedelta(seconds=10) for row in rows if row.sent_at)
    assert min(row["created_at"] for row in fleet.world.twin.books()) >= due.isoformat()[:19]


class Gate:
    """A way to a PostgreSQL server that can be shut, as when the server is down, and opened again."""

    def __init__(self, url: str) -> None:
        self.there = urlsplit(url)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}{self.there.path}"
        self.listener: socket.socket | None = None
        self.pairs: list[socket.socket] = []

    def open(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def shut(self) -> None:
        if self.listener is not None:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        for each in self.pairs:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here = listener.accept()[0]
                there = socket.create_connection((str(self.there.hostname), int(self.there.port or 0)))
                self.pairs += [here, there]
                threading.Thread(target=_pipe, args=(here, there), daemon=True).start()


def _pipe(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError), here, there:
        while True:
            for ready in select.select([here, there], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (there if ready is here else here).sendall(data)


def test_a_database_that_is_away_is_waited_for_at_the_start_and_later_and_nothing_is_lost(fleet: Fleet) -> None:
    gate = Gate(fleet.url)
    fleet.post(2, to=("kr",))
    worker = fleet.start(url=gate.url, CAMPAIGN_DAEMON__TICK="1")
    fleet.until(lambda: any(line["event"] == "engine.failed" for line in fleet.said(0)))
    gate.open()
    fleet.until(lambda: fleet.states() == {"published": 2})
    gate.shut()
    fleet.post(2, first=2, to=("kr",))
    fleet.until(lambda: sum(line["event"] == "engine.failed" for line in fleet.said(0)) >= 2)
    during = fleet.states()
    gate.open()
    fleet.until(lambda: fleet.states() == {"published": 4})
    worker.send_signal(signal.SIGTERM)
    code = worker.wait(15)
    gate.shut()
    failed = [line for line in fleet.said(0) if line["event"] == "engine.failed"]

    assert ({"published": 2, "scheduled": 2}, 0) == (during, code)
    assert 4 == len(set(fleet.books())) == len(fleet.books())
    assert 2 == len(failed), failed  # one for each time that it was away
    assert all("127.0.0.1" in line["error"] and "does not answer" in line["error"] for line in failed)
    assert 2 == sum(line["event"] == "engine.works_again" for line in fleet.said(0))


def test_a_worker_is_for_postgresql_for_known_queues_and_for_real_time(tmp_path: Path) -> None:
    sqlite = load_settings(dir=str(tmp_path), environ={})
    postgres = load_settings(dir=str(tmp_path), environ={"CAMPAIGN_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/x"})

    with pytest.raises(Invalid, match=r"campaign daemon.*campaign db copy"):
        work(sqlite)
    with pytest.raises(Invalid, match="some of publish, measure, archive"):
        work(postgres, queues=["publsh"])
    with pytest.raises(Invalid, match="virtual clock"):
        work(postgres.model_copy(update={"clock_file": "clock.json"}))


def test_queues_are_worked_on_in_the_order_of_their_importance() -> None:
    assert ("publish", "archive") == chosen_queues(["archive", "publish"])
    assert ("publish", "measure", "archive") == chosen_queues([])


@pytest.fixture
def store(make_database: Callable[..., str]) -> Iterator[Store]:
    made = open_store(make_database())
    yield made
    made.close()


def test_the_queue_lies_in_a_schema_of_its_own_and_an_older_one_is_brought_up_to_date(store: Store) -> None:
    upgrade(store)
    jobs.check_jobs(store)
    with store.begin() as tx:
        new = jobs.version(tx)
        path = tx.exec_driver_sql("SHOW search_path").scalar_one()
        strangers = tx.exec_driver_sql(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'procrastinate%%'"
        ).scalar_one()
        tx.exec_driver_sql("COMMENT ON SCHEMA procrastinate IS 'procrastinate 3.4.0'")
    with pytest.raises(Conflict, match=r"3\.4\.0.*campaign db upgrade"):
        jobs.check_jobs(store)
    upgrade(store)
    jobs.check_jobs(store)

    assert ('"$user", public', 0) == (path, strangers)
    assert new


def test_an_older_queue_gets_each_script_since_its_version_in_order() -> None:
    since = jobs.migrations("3.3.0")

    assert 2 == len(since) and "CREATE FUNCTION procrastinate_retry_job_v2" in since[0]
    assert [] == jobs.migrations("3.4.0")
    assert len(jobs.migrations("0.0.0")) > 30


def test_without_the_queue_a_worker_says_what_to_run(store: Store) -> None:
    with pytest.raises(Conflict, match="campaign db upgrade"):
        jobs.check_jobs(store)


def test_a_lock_is_held_by_one_until_it_is_given_back_or_its_session_is_gone(store: Store) -> None:
    one, other = locks.Lock(store, "archive"), locks.Lock(store, "archive")
    told = [one.take(), one.take(), other.take(), other.held]
    one.give_back()
    told += [other.take(), one.held]
    with store.begin() as tx:
        tx.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    told += [other.held, one.take()]
    one.give_back()

    assert [True, True, False, False, True, False, False, True] == told


def test_one_of_many_gives_up_what_is_late_and_the_others_go_on(store: Store) -> None:
    with store.begin() as one:
        first = locks.only(one, "give up")
        with store.begin() as other:
            second = locks.only(other, "give up"), locks.only(other, "something else")

    assert (True, (False, True)) == (first, second)


def test_what_was_scheduled_is_heard_and_after_a_silence_it_may_have_been(store: Store) -> None:
    upgrade(store)
    heard = store.watch()
    told = [heard(), heard()]
    with store.begin() as tx:
        heartbeats.forget(tx)
    told.append(_soon(heard, seconds=0.2))
    with store.begin() as tx:
        tx.exec_driver_sql(
            "INSERT INTO pauses (id, scope, name, reason, person, since) VALUES ('1', 'all', '', 'x', 'bob', now())"
        )
    told += [_soon(heard), heard()]
    with store.begin() as tx:
        tx.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    told += [heard(), _soon(heard), heard()]

    assert [True, False, False, True, False, False, True, False] == told


def _soon(heard: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if heard():
            return True
        time.sleep(0.01)  # a notification comes over a socket
    return False
