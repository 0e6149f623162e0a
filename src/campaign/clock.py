"""The clocks behind the clock port: the system's, the database's, and the demo's virtual one that lives in a file."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaign.core.errors import CampaignError
from campaign.store import Store, eras

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STEP = 2.0  # seconds by which a shared clock may be off before it counts as having jumped
SLEW = 5.0  # seconds over which a smaller difference is made good
LOOKS = 5  # at a clock that is far away; the quickest answer is the truest


def boot_id() -> str:
    """Return what tells one boot of this machine from another: monotonic time counts from it."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        # Without it monotonic values are only good within this process; what is older counts as over.
        return f"process-{os.getpid()}-{time.time_ns()}"


def uptime() -> float:
    """Return seconds that only go forward, also while this machine sleeps, where it can tell."""
    # https://man7.org/linux/man-pages/man2/clock_gettime.2.html: CLOCK_MONOTONIC stands still in suspend.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def real_now() -> datetime:
    """Return the machine's wall time, aware UTC; for a scheduler that knows no other, never for what is due."""
    return datetime.now(UTC)


class SystemClock:
    """The machine's own time."""

    def __init__(self) -> None:
        self.boot = boot_id()

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return real seconds that only go forward."""
        return time.monotonic()

    def uptime(self) -> float:
        """Return real seconds, those that this machine slept through included."""
        return uptime()

    def measure(self, *, worker: bool = False) -> None:
        """Do nothing: there is no other machine."""

    async def wait_until(self, instant: datetime) -> None:
        """Sleep until the instant has come."""
        await _sleep_until(self.now, instant)


async def _sleep_until(now: Callable[[], datetime], instant: datetime) -> None:
    while (rest := (instant - now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock can only be looked at
        await asyncio.sleep(min(rest, 60.0))


@dataclass(frozen=True, slots=True)
class _Offset:
    """What is added to this machine's uptime to have the database's seconds; a small error is made good slowly."""

    era: int
    old: float
    new: float
    since: float  # uptime at which `new` was measured

    def at(self, uptime: float) -> float:
        return self.old + (self.new - self.old) * min(1.0, max(0.0, (uptime - self.since) / SLEW))


class DatabaseClock:
    """The clock of a PostgreSQL database, by which all workers go, whatever their own clocks say.

    It is measured against this machine's uptime, and again at each beat. An error of less than two seconds is made good
    within five, so that time never goes back. A larger one means that the database's clock has jumped, or that this
    machine stood still: then a new era begins, which is a new `boot` for everybody. `monotonic` is seconds since 1970.

    Args:
        store: a PostgreSQL database; it is asked first when the time is first needed.
        local: this machine's seconds.
    """

    def __init__(self, store: Store, *, local: Callable[[], float] = uptime) -> None:
        self._store, self._local = store, local
        self._measuring = threading.Lock()
        self._cluster = ""
        self._offset: _Offset | None = None

    @property
    def boot(self) -> str:
        """The database and its era: monotonic values of another one mean nothing."""
        return f"database-{self._cluster}-era{self._known().era}" if self._offset else self._first_boot()

    def now(self) -> datetime:
        """Return the database's time, aware UTC."""
        return datetime.fromtimestamp(self.monotonic(), UTC)

    def monotonic(self) -> float:
        """Return the database's seconds since 1970; within an era they only go forward."""
        offset = self._known()
        at = self._local()
        return at + offset.at(at)

    def uptime(self) -> float:
        """Return this machine's seconds."""
        return self._local()

    def measure(self, *, worker: bool = False) -> None:
        """Compare with the database, and enter another era where one has begun, or, for a worker, must begin."""
        with self._measuring:
            known = self._offset
            if known is not None and not worker and self._local() - known.since < SLEW:
                return  # whoever is no worker may ask as often as pages are looked at
            told, new, at, took = self._asked()
            if known is not None and took > STEP:
                return  # an answer that was so long under way says nothing
            if known is None or told.era > known.era:
                self._offset = _Offset(told.era, new, new, at)
            elif abs(new - known.at(at)) <= STEP:
                self._offset = _Offset(known.era, known.at(at), new, at)
            elif worker:
                self._begin(told.era + 1)

    def begin(self) -> None:
        """Begin a new era: nobody who could have noticed a jump was there, so what is older cannot be compared."""
        with self._measuring:
            self._begin(self._asked()[0].era + 1)

    async def wait_until(self, instant: datetime) -> None:
        """Sleep until the instant has come."""
        await _sleep_until(self.now, instant)

    def _begin(self, number: int) -> None:
        with self._store.begin() as tx:
            eras.begin_era(tx, number)
        told, new, at, _ = self._asked()
        self._offset = _Offset(told.era, new, new, at)

    def _asked(self) -> tuple[eras.Told, float, float, float]:
        """Return the database's quickest answer, the offset that follows, when that was, and how long it took."""
        answers: list[tuple[float, float, eras.Told]] = []
        with self._store.read() as tx:
            self._cluster = self._cluster or eras.cluster(tx)
            for _ in range(LOOKS if self._offset is None else 2):
                before = self._local()
                told = eras.look(tx)
                after = self._local()
                answers.append((after - before, (before + after) / 2, told))
        took, at, told = min(answers, key=lambda answer: answer[0])
        return told, told.seconds - at, at, took

    def _known(self) -> _Offset:
        if self._offset is None:
            self.measure()
        known = self._offset
        if known is None:  # only an answer that never came
            raise CampaignError("the database does not say what time it is")
        return known

    def _first_boot(self) -> str:
        self.measure()
        return self.boot


@dataclass(frozen=True, slots=True)
class _Face:
    virtual: datetime
    real: float  # seconds since 1970 when it was written
    rate: int  # 0: stands still between advances; 1: runs like real time


class FileClock:
    """A virtual clock in a file: one process advances it, the others read it.

    The file holds JSON: {"virtual": ISO UTC, "real": seconds since 1970, "rate": 0 or 1}; it is replaced atomically, so
    a reader never sees half of it, and a crash leaves the last advance.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.boot = boot_id()
        self._seen: tuple[int, int] | None = None
        self._face: _Face | None = None

    def create(self, virtual: datetime) -> None:
        """Set it, once: a second call changes nothing."""
        if not self.file.exists():
            self._write(_Face(virtual.astimezone(UTC), time.time(), 0))

    def now(self) -> datetime:
        """Return the virtual time, aware UTC."""
        face = self._read()
        return face.virtual + timedelta(seconds=face.rate * max(0.0, time.time() - face.real))

    def monotonic(self) -> float:
        """Return real seconds that only go forward; never virtual."""
        return time.monotonic()

    def uptime(self) -> float:
        """Return real seconds, those that this machine slept through included; never virtual."""
        return uptime()

    def measure(self, *, worker: bool = False) -> None:
        """Do nothing: whoever advances it says so in its file."""

    def advance(self, instant: datetime) -> None:
        """Move it forward to an instant; never back. Only the daemon may."""
        face = self._read()
        if instant > self.now():
            self._write(_Face(instant.astimezone(UTC), time.time(), face.rate))

    def run(self) -> None:
        """Let it go on by itself, as fast as real time."""
        if not self.runs:
            self._write(_Face(self.now(), time.time(), 1))

    @property
    def runs(self) -> bool:
        """Whether it goes on by itself."""
        return self._read().rate == 1

    @property
    def stop(self) -> datetime | None:
        """Where it stands still until somebody lets it go on: a scene of the demo is told there."""
        try:
            return datetime.fromisoformat(self.file.with_suffix(".stop").read_text())
        except (OSError, ValueError):
            return None

    def stop_at(self, instant: datetime | None) -> None:
        """Let it stand still at an instant; None: let it go on."""
        mark = self.file.with_suffix(".stop")
        if instant is None:
            mark.unlink(missing_ok=True)
            return
        fresh = mark.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(instant.astimezone(UTC).isoformat())
        fresh.replace(mark)

    async def wait_until(self, instant: datetime) -> None:
        """Look at it until the instant has come."""
        while self.now() < instant:  # noqa: ASYNC110 - a clock can only be looked at
            await asyncio.sleep(0.05)

    def _read(self) -> _Face:
        try:
            status = self.file.stat()
            seen = (status.st_mtime_ns, status.st_ino)
            if self._face is None or seen != self._seen:
                data = json.loads(self.file.read_text())
                self._face = _Face(datetime.fromisoformat(data["virtual"]), float(data["real"]), int(data["rate"]))
                self._seen = seen
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CampaignError(f"the demo's clock {self.file} cannot be read: {error}") from error
        return self._face

    def _write(self, face: _Face) -> None:
        fresh = self.file.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(json.dumps({"virtual": face.virtual.isoformat(), "real": face.real, "rate": face.rate}))
        fresh.replace(self.file)
        self._face, self._seen = None, None
