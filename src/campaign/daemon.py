"""The process that publishes: one per installation, a crank, and a calm end."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from campaign import bootstrap
from campaign.clock import FileClock
from campaign.config import Settings
from campaign.core.errors import Conflict, Invalid
from campaign.engine.embedded import EmbeddedEngine, Pace
from campaign.engine.vigil import reap_all
from campaign.service import App
from campaign.service.miss import miss
from campaign.service.space import space_out
from campaign.service.tend import Tend
from campaign.store import heartbeats
from campaign.store.heartbeats import Heartbeat

BEAT = 5.0  # real seconds between two signs of life


def serve(settings: Settings, **parts: Any) -> int:
    """Publish what is due until SIGTERM or SIGINT; return the exit code.

    Raises:
        Conflict: another daemon runs here, or there is no installation.
    """
    log = parts.pop("log", None) or bootstrap.make_log(settings)
    with sole_daemon(settings.root):
        app = bootstrap.open_app(settings, log=log, **parts)
        try:
            asyncio.run(_serve(app, settings))
        finally:
            app.store.close()
    return 0


@contextmanager
def sole_daemon(root: Path) -> Iterator[None]:
    """Hold the lock that proves that no other daemon runs here. It goes with the process, whatever ends that.

    Raises:
        Conflict: another daemon holds it.
    """
    if not root.is_dir():
        raise Conflict(f"there is no installation in {root}; make one with: campaign init --dir {root}")
    with (root / "daemon.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip() or "unknown"
            raise Conflict(f"a daemon runs here already (pid {pid}); stop it first") from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


async def _serve(app: App, settings: Settings) -> None:
    with app.store.begin() as tx:
        heartbeats.forget(tx)  # the lock says that they are all dead
        reaped = reap_all(app, tx, alone=True)
        miss(app, tx)
        space_out(app, tx)  # what piled up while nobody published
    app.log("daemon.started", pid=os.getpid(), worker=app.worker, reaped=reaped)
    engine = EmbeddedEngine(
        app,
        slots=settings.daemon.slots,
        tick=settings.daemon.tick,
        stop_within=settings.daemon.stop_within,
        pace=_pace(app, settings),
        beat=_Pulse(app),
        tend=Tend(app, bootstrap.make_notifier(app, settings), bootstrap.make_ping(app, settings)),
    )
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, engine.stop)
    await engine.run()
    with app.store.begin() as tx:
        heartbeats.forget(tx, app.worker)
    app.log("daemon.stopped", pid=os.getpid())


def _pace(app: App, settings: Settings) -> Pace | None:
    if not isinstance(app.clock, FileClock) or not settings.clock_until:
        return None
    try:
        until = datetime.fromisoformat(settings.clock_until)
    except ValueError:
        raise Invalid("clock_until", settings.clock_until, "must be an ISO instant such as 2019-11-08T00:00Z") from None
    return Pace(app.clock, rate=settings.clock_rate, until=until if until.tzinfo else until.replace(tzinfo=UTC))


class _Pulse:
    """Writes a sign of life, not oftener than is useful."""

    def __init__(self, app: App) -> None:
        self._app, self._last = app, float("-inf")
        self._started_at = app.clock.now()

    def __call__(self) -> None:
        app, mono = self._app, self._app.clock.monotonic()
        if mono - self._last < BEAT:
            return
        self._last = mono
        entry = Heartbeat(app.worker, "embedded", os.getpid(), app.clock.boot, self._started_at, app.clock.now(), mono)
        with app.store.begin() as tx:
            heartbeats.beat(tx, entry)
