"""Processes under measurement: started, read from outside, killed. Figures are the observer's, never self-reported."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench.stub import Stub

ROOT = Path(__file__).parent.parent.parent
TICK = os.sysconf("SC_CLK_TCK")
LOOK = 0.1  # seconds between two looks


class Broken(Exception):
    """A program under measurement ended by itself, or said nothing in time."""


class Program:
    """One program of the benchmark in a process group of its own: `python -m MODULE SPEC`."""

    def __init__(self, module: str, spec: dict[str, Any], *, name: str = "", environ: dict[str, str] | None = None):
        folder = Path(spec["folder"])
        self.errors = folder / f"{name or module.rpartition('.')[2]}.err"
        command = [sys.executable, "-m", module, json.dumps(spec)] if not spec.get("command") else spec["command"]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                env={**os.environ, "BENCH_SPEC": json.dumps(spec), **(environ or {})},
            )

    def said(self) -> dict[str, Any]:
        """Return the next thing that it says: one line of JSON. What is no JSON is passed over."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise Broken(f"{self.process.args!r:.200} ended with {self.process.wait()}: {self.last_words()}")

    def last_words(self) -> str:
        return self.errors.read_text(errors="replace")[-1500:]

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has used, all its threads."""
        with suppress(OSError):
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / TICK
        return 0.0

    @property
    def rss(self) -> float:
        """The most memory that it ever held, in MB."""
        return held_at_most(self.process.pid)

    def kill(self) -> None:
        """End it and its children as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reap()

    def stop(self, within: float = 15) -> None:
        """Ask it to end, then make it."""
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(within)
        self.kill()

    def _reap(self) -> None:
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def held_at_most(process: int | str) -> float:
    """Return the most memory that a process ever held, in MB; getrusage() would tell that of its parent before exec."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return round(int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) / 1000, 1)
    return 0.0


@dataclass(frozen=True)
class Books:
    """The stub's books against ours: what matters is what the platform really received."""

    double: int
    lost: int
    unrecorded: int

    @property
    def clean(self) -> bool:
        """Whether each was posted exactly once and the engine knows it."""
        return not (self.double or self.lost or self.unrecorded)


def compared(stub: Stub, texts: Sequence[str], recorded: set[str]) -> Books:
    """Return how many of the texts arrived twice or never, and how many arrived and are not recorded."""
    times = stub.times()
    return Books(
        double=sum(times[text] - 1 for text in texts if times[text] > 1),
        lost=sum(not times[text] for text in texts),
        unrecorded=sum(bool(times[text]) and text not in recorded for text in texts),
    )


def until_done(
    programs: Sequence[Program],
    stub: Stub,
    number: int,
    done: Callable[[], int],
    *,
    patience: float = 15.0,
    must_live: bool = True,
) -> bool:
    """Wait until so many are posted and recorded; return False when nothing moved for `patience` seconds."""
    last, moved, arrived = (0, 0), time.monotonic(), 0
    while True:
        # Close to the end it looks often: what a program does after its last post is not to be counted.
        time.sleep(LOOK if arrived < number * 0.98 else LOOK / 5)
        arrived = stub.count()
        looks = arrived >= number or time.monotonic() - moved > 1
        seen = arrived, done() if looks else last[1]
        if seen[0] >= number and seen[1] >= number:
            return True
        if seen != last:
            last, moved = seen, time.monotonic()
        elif time.monotonic() - moved > patience:
            return False
        for program in programs:
            if must_live and program.process.poll() is not None:
                raise Broken(f"{program.process.args!r:.200} ended: {program.last_words()}")


def figures(number: int, began: float, published: Sequence[datetime], cpu: float, rss: float) -> dict[str, Any]:
    """Return rate, lateness, CPU and memory.

    Args:
        began: when all of them were due and the engine was there (seconds since 1970).
        published: when each was recorded.
    """
    late = sorted(at.timestamp() - began for at in published)
    if not late:
        return {"per_second": 0.0, "recorded": 0}
    return {
        "per_second": round(len(late) / late[-1], 1),
        "late_p50": round(late[len(late) // 2], 3),
        "late_p99": round(late[min(len(late) - 1, int(len(late) * 0.99))], 3),
        "cpu_us": round(cpu / number * 1e6),
        "rss_mb": rss,
        "recorded": len(late),
    }
