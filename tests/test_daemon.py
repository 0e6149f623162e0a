"""The daemon as a process: alone, awake, calm at its end, and killed."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaign import bootstrap
from campaign.core.errors import Conflict
from campaign.core.model import Account
from campaign.daemon import sole_daemon
from campaign.service.compose import Draft, Wording, compose
from campaign.service.health import health, healthy
from campaign.store import queue
from tests.conftest import World

PROGRAM = "import sys; from campaign.config import load_settings; from campaign.daemon import serve; "
PROGRAM += "sys.exit(serve(load_settings(dir=sys.argv[1])))"


class Live:
    """An installation on the system's time, whose daemon is a process of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        # The daemon's process knows nothing of a clock that is turned by hand.
        self.app = bootstrap.open_app(world.settings)
        self.processes: list[subprocess.Popen[bytes]] = []

    def daemon(self, **variables: str) -> subprocess.Popen[bytes]:
        environ = {**os.environ, **variables}
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(self.world.settings.root)], env=environ)
        self.processes.append(process)
        return process

    def post(self, name: str) -> None:
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        draft = Draft(name=name, wordings={"ko": Wording(f"안녕 {name}")}, at=at, to=("kr",), zone="UTC", now=True)
        compose(self.app, "c", draft, by=self.world.alice, approve_now=True)

    def states(self) -> list[str]:
        with self.app.store.read() as tx:
            return [str(row["state"]) for row in queue.listed(tx)]

    def until(self, true: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.03)  # another process is waited for: there is no clock to turn

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)
        self.app.store.close()


@pytest.fixture
def live(make_world: Callable[..., World]) -> Iterator[Live]:
    world = make_world(start=datetime.now(UTC))
    world.clock.file.unlink()  # the twin takes the system's time, too
    world.campaign()
    account: Account = world.connect("kr", "ko")
    assert account.guarantee == "dedup"
    made = Live(world)
    yield made
    made.close()


def test_it_publishes_what_another_process_wrote_long_before_its_next_tick_and_stops_calmly(live: Live) -> None:
    process = live.daemon(CAMPAIGN_DAEMON__TICK="60")
    live.until((live.world.settings.root / "daemon.lock").exists)
    live.post("P01")
    began = time.monotonic()
    live.until(lambda: live.states() == ["published"])
    took = time.monotonic() - began
    process.send_signal(signal.SIGTERM)

    assert 0 == process.wait(10)
    assert took < 15
    assert 1 == len(live.world.twin.books())


def test_a_second_daemon_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with sole_daemon(tmp_path):
        with pytest.raises(Conflict, match=f"pid {os.getpid()}"), sole_daemon(tmp_path):
            pass
    with sole_daemon(tmp_path):
        pass


def test_killed_while_the_platform_works_it_asks_afterwards_and_posts_once(live: Live) -> None:
    live.world.twin.fault("slow", method="POST", path="/api/v1/statuses", seconds=3)
    live.post("P01")
    process = live.daemon()
    live.until(lambda: live.states() == ["publishing"] and len(live.world.twin.books()) == 1)
    process.kill()
    process.wait(10)
    live.daemon()
    live.until(lambda: live.states() == ["published"])

    assert 1 == len(live.world.twin.books())
    assert 1 == sum(row["path"] == "/api/v1/statuses" for row in live.world.twin.requests())


def test_told_to_stop_it_leaves_what_does_not_end_in_time_for_the_next_one_to_ask_about(live: Live) -> None:
    live.world.twin.fault("slow", method="POST", path="/api/v1/statuses", seconds=20)
    live.post("P01")
    process = live.daemon(CAMPAIGN_DAEMON__STOP_WITHIN="0.5")
    live.until(lambda: live.states() == ["publishing"] and len(live.world.twin.books()) == 1)
    process.send_signal(signal.SIGTERM)

    assert 0 == process.wait(10)
    assert ["publishing"] == live.states()

    live.daemon()
    live.until(lambda: live.states() == ["published"])

    assert 1 == len(live.world.twin.books())


def test_a_refused_token_reaches_the_operators_program_and_health_stays_good(live: Live, tmp_path: Path) -> None:
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    live.world.twin.fault("expired_token", path="/api/v1/statuses")
    live.post("P01")
    live.daemon(
        CAMPAIGN_NOTIFY__COMMAND=shlex.join([sys.executable, "-c", code, str(tmp_path / "told")]),
        CAMPAIGN_DAEMON__TICK="1",
    )
    live.until(lambda: (tmp_path / "told").exists() and (tmp_path / "told").read_text().endswith("}"))
    told = json.loads((tmp_path / "told").read_text())

    assert ("account.refused", "kr", ["scheduled"]) == (told["kind"], told["subject"], live.states())
    assert healthy(health(live.app)), "a token is a person's affair; posts of other accounts go out"
