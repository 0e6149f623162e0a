"""The platform's time: read from a file that another process moves, and real time for what must not be moved."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

BOOT = (
    Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    if os.path.exists("/proc/sys/kernel/random/boot_id")  # noqa: PTH110 - evaluated once, at import
    else ""
)  # monotonic values of another boot mean nothing


class PlatformClock:
    """What the platform says about time.

    The file holds `{"virtual": ISO UTC, "real": unix seconds when written, "rate": 0 or 1}` and is replaced
    atomically; now = virtual + rate × (real time since it was written). Without a file it is the system's time.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._virtual: datetime | None = None
        self._real = 0.0
        self._rate = 0.0

    def now(self) -> datetime:
        self._look()
        if self._virtual is None:
            return datetime.now(UTC)
        return self._virtual + timedelta(seconds=self._rate * (time.time() - self._real))

    def milliseconds(self) -> int:
        return to_ms(self.now())

    def _look(self) -> None:
        if self._file is None:
            return
        try:
            stat = self._file.stat()
        except OSError:
            self._seen = self._virtual = None
            return
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen == self._seen:
            return
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            virtual = datetime.fromisoformat(told["virtual"])
            real, rate = float(told.get("real", 0)), float(told.get("rate", 0))
        except (OSError, ValueError, KeyError, TypeError):
            return  # half a file: keep the last good time and look again at the next question
        self._virtual = virtual.replace(tzinfo=UTC) if virtual.tzinfo is None else virtual.astimezone(UTC)
        self._real, self._rate, self._seen = real, rate, seen


def to_ms(instant: datetime) -> int:
    """Return whole milliseconds since 1970, without the rounding of floats."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def iso(milliseconds: int) -> str:
    """Return an instant as Mastodon writes it: milliseconds and Z."""
    return from_ms(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
