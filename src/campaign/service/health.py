"""health: whether anything could be published now; what says so stands behind no login, so it tells no secrets."""

import os
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from campaign.service import App
from campaign.store import gauges, heartbeats, notices
from campaign.store.heartbeats import Heartbeat

MISSES = 2  # looks without a sign of life after which a worker counts as silent
SLACK = 10.0  # seconds that a look may take besides
WRONG_CLOCK = 30.0  # seconds by which a clock may be off
PUBLISH = "publish"  # the queue whose workers publish


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `grave`: nothing could be published while it is so."""

    name: str
    ok: bool
    detail: str
    grave: bool = False


def health(app: App) -> list[Check]:
    """Look at what publishing needs: database, a living worker, nothing forgotten, clock, disks. Changes nothing."""
    try:
        app.clock.measure()  # another worker may have seen that the shared clock jumped
        with app.store.read() as tx:
            beats, full = heartbeats.heartbeats_now(tx), notices.subjects(tx, "disk")
            forgotten = gauges.forgotten(tx, late_before=app.clock.now() - timedelta(seconds=silent_after(app)))
    except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering is what is to be said
        app.log("health.failed", error=f"{type(error).__name__}: {error}")
        return [Check("database", False, f"does not answer ({type(error).__name__}); the log says why", grave=True)]
    alive = living(app, beats)
    return [
        Check("database", True, f"{app.store.dialect} answers"),
        _workers(app, beats, alive, full),
        _lateness(forgotten),
        check_clock(alive),
        check_disks(app),
    ]


def healthy(checks: Sequence[Check]) -> bool:
    """Whether nothing grave stands among these checks."""
    return all(check.ok or not check.grave for check in checks)


def silent_after(app: App) -> float:
    """Return the seconds without a sign of life after which a worker counts as silent: two looks and some more."""
    return MISSES * app.tick + SLACK


def living(app: App, beats: Sequence[Heartbeat]) -> list[Heartbeat]:
    """Return the workers that gave a sign of life lately."""
    mono, within = app.clock.monotonic(), silent_after(app)
    return [beat for beat in beats if beat.boot == app.clock.boot and mono - beat.ticked_mono < within]


def publishes(beat: Heartbeat) -> bool:
    """Whether a worker publishes; one without queues does everything."""
    return not beat.queues or PUBLISH in beat.queues


def room(app: App) -> str | None:
    """Return why nothing new may be begun: which disk is nearly full; None: there is room.

    The engine asks before each claim, so that what is past the line can still be recorded.
    """
    short = [
        f"the disk of the {name} has {_size(free)} left"
        for name, folder in app.disks.items()
        if (free := free_bytes(folder)) is not None and free < app.reserve
    ]
    return f"{', '.join(short)}; {_size(app.reserve)} are kept free (daemon.reserve_bytes)" if short else None


def clock_trouble(offset: float | None) -> str | None:
    """Return what is wrong with a clock that other hosts are ahead of by so many seconds; None: nothing is known."""
    if offset is None or abs(offset) <= WRONG_CLOCK:
        return None
    way = "behind" if offset > 0 else "ahead of"
    return f"the clock is {abs(offset):.0f} s {way} that of the hosts that answer"


def free_bytes(folder: Path) -> int | None:
    """Return what this process may still write there; 0 where no file can be made; None: it cannot be told."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None  # a folder that is gone is told by whoever needs it
    if found.f_files and not found.f_favail:
        return 0
    return found.f_bavail * found.f_frsize


def check_clock(alive: Sequence[Heartbeat]) -> Check:
    """Look at the clocks of living workers, as other hosts see them."""
    told = [beat.clock_offset for beat in alive if beat.clock_offset is not None]
    wrong = [said for offset in told if (said := clock_trouble(offset))]
    if wrong:
        return Check("clock", False, "; ".join(dict.fromkeys(wrong)), grave=True)
    if not told:
        return Check("clock", True, "no host has told yet what time it is")
    return Check("clock", True, f"within {max(abs(offset) for offset in told):.0f} s of the hosts that answer")


def check_disks(app: App) -> Check:
    """Look at what is left on our disks."""
    short = room(app)
    if short:
        return Check("disk", False, short, grave=True)
    told = [f"{name} {_size(free)}" for name, folder in app.disks.items() if (free := free_bytes(folder)) is not None]
    return Check("disk", True, f"free: {', '.join(told)}" if told else "nothing of ours lies on a disk here")


def _workers(app: App, beats: Sequence[Heartbeat], alive: Sequence[Heartbeat], full: Container[str]) -> Check:
    """Look for a worker that may begin something; `full`: machines that have said that a disk of theirs is."""
    hosts = [beat.host for beat in alive if publishes(beat)]
    number = sum(host not in full for host in hosts)
    if hosts and not number:
        return Check("worker", False, "a disk is nearly full on every machine that publishes; make room", grave=True)
    if number:
        return Check("worker", True, f"{number} publish{'es' if number == 1 else ''}")
    silent = sum(map(publishes, beats))
    what = f"{silent} gave no sign of life for {silent_after(app):.0f} s" if silent else "none runs"
    return Check("worker", False, f"{what}, so nothing is published; start one with: campaign daemon", grave=True)


def _lateness(forgotten: int) -> Check:
    if not forgotten:
        return Check("lateness", True, "nothing waits beyond its grace")
    return Check("lateness", False, f"{forgotten} deliveries wait beyond their grace, seen by nobody", grave=True)


def _size(number: int) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number //= 1024
    return f"{number} TiB"
