"""The two clocks behind the clock port: the system's, and the demo's virtual one that lives in a file."""

import asyncio
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaign.core.errors import CampaignError

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return what tells one boot of this machine from another: monotonic time counts from it."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        # Without it monotonic values are only good within this process; what is older counts as over.
        return f"process-{os.getpid()}-{time.time_ns()}"


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

    async def wait_until(self, instant: datetime) -> None:
        """Sleep until the instant has come."""
        while (rest := (instant - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock can only be looked at
            await asyncio.sleep(min(rest, 60.0))


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
