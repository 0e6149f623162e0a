"""The processes that publish: the one daemon of an installation, or workers on many machines; and a calm end."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from campaign import bootstrap
from campaign.clock import FileClock
from campaign.config import Settings
from campaign.core.errors import Conflict, Invalid
from campaign.engine import Engine
from campaign.engine.embedded import EmbeddedEngine, Pace
from campaign.engine.vigil import BEAT, Pulse, Vigil, join, keep_beating, pulse_every, reap_all
from campaign.service import App
from campaign.service.miss import miss
from campaign.service.rezone import watch_zones
from campaign.service.space import space_out
from campaign.service.tend import Tend
from campaign.store import Unreachable, heartbeats
from campaign.store.jobs import check_jobs


def serve(settings: Settings, **parts: Any) -> int:
    """Publish what is due until SIGTERM or SIGINT; return the exit code.

    Raises:
        Conflict: another daemon runs here, or there is no installation.
    """
    log = parts.pop("log", None) or bootstrap.make_log(settings)
    with sole_daemon(settings.root):
        app = bootstrap.open_patiently(settings, log=log, **parts)
        bootstrap.warm_up()
        try:
            asyncio.run(_serve(app, settings))
        finally:
            app.store.close()
    return 0


def work(settings: Settings, *, queues: Sequence[str] = (), slots: int | None = None, **parts: Any) -> int:
    """Publish as one of many workers of a PostgreSQL database until SIGTERM or SIGINT; return the exit code.

    Args:
        queues: what this worker works on; none: everything.
        slots: deliveries under way at once, in place of the setting.

    Raises:
        Invalid: the database is SQLite, an unknown queue, a virtual clock.
        Conflict: the queue of the workers is missing from the database.
    """
    from campaign.engine.distributed import DistributedEngine, chosen_queues

    if settings.database_url.startswith("sqlite"):
        rule = "one daemon publishes here: campaign daemon; many workers need PostgreSQL: campaign db copy --to postgresql://…"
        raise Invalid("database.url", "sqlite", rule)
    if settings.clock_file:
        raise Invalid("clock_file", settings.clock_file, "a virtual clock is for one daemon: campaign daemon")
    chosen = chosen_queues(queues)
    log = parts.pop("log", None) or bootstrap.make_log(settings)
    app = bootstrap.open_patiently(settings, log=log, **parts)
    bootstrap.warm_up()
    try:
        check_jobs(app.store)
        daemon = settings.daemon

        def engine() -> DistributedEngine:
            return DistributedEngine(
                app,
                queues=chosen,
                slots=slots or daemon.slots,
                tick=daemon.tick,
                stop_within=daemon.stop_within,
                dead_after=daemon.dead_after,
                tend=_tend(app, settings),
            )

        asyncio.run(_turn(app, engine, "worker", queues=",".join(chosen)))
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
    daemon = settings.daemon
    shared = app.store.dialect == "postgresql"  # other workers may live on other machines, whatever our lock says
    pulse = Pulse(app, engine="embedded", every=0.0 if shared else BEAT)

    def engine() -> EmbeddedEngine:
        return EmbeddedEngine(
            app,
            slots=daemon.slots,
            tick=daemon.tick,
            stop_within=daemon.stop_within,
            pace=_pace(app, settings),
            beat=(lambda: None) if shared else pulse,
            vigil=Vigil(app, dead_after=daemon.dead_after, alone=not shared),
            tend=_tend(app, settings),
        )

    if not shared:
        await _turn(app, engine, "daemon", alone=True)
        return
    async with asyncio.TaskGroup() as group:
        beating = group.create_task(keep_beating(app, pulse, every=pulse_every(daemon.dead_after)))
        await _turn(app, engine, "daemon", end=beating.cancel)


async def _turn(
    app: App,
    make: Callable[[], Engine],
    name: str,
    *,
    alone: bool = False,
    end: Callable[[], object] = lambda: None,
    **said: str,
) -> None:
    """Let an engine turn until SIGTERM or SIGINT.

    Args:
        alone: a lock proves that no other worker lives.
        end: called when it has turned, before this worker is taken off the list.
    """
    first = alone or join(app)
    reaped = 0
    with app.store.begin() as tx:
        if alone:
            heartbeats.forget(tx)  # the lock says that they are all dead
            reaped = reap_all(app, tx, alone=True)
        if first:
            miss(app, tx)
            space_out(app, tx)  # what piled up while nobody published
    watch_zones(app)  # in a transaction of its own
    app.log(f"{name}.started", pid=os.getpid(), worker=app.worker, reaped=reaped, **said)
    engine = make()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, engine.stop)
    await engine.run()
    end()
    with suppress(Unreachable), app.store.begin() as tx:  # else the others find out by themselves
        heartbeats.forget(tx, app.worker)
    app.log(f"{name}.stopped", pid=os.getpid())


def _tend(app: App, settings: Settings) -> Tend:
    return Tend(app, bootstrap.make_notifier(app, settings), bootstrap.make_ping(app, settings))


def _pace(app: App, settings: Settings) -> Pace | None:
    if not isinstance(app.clock, FileClock) or not settings.clock_until:
        return None
    try:
        until = datetime.fromisoformat(settings.clock_until)
    except ValueError:
        raise Invalid("clock_until", settings.clock_until, "must be an ISO instant such as 2019-11-08T00:00Z") from None
    return Pace(app.clock, rate=settings.clock_rate, until=until if until.tzinfo else until.replace(tzinfo=UTC))
