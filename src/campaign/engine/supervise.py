"""Keep processes of ours running: started, started again when they die, ended with us."""

import ctypes
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from campaign.config import Settings

CALM = 5.0  # seconds that a process must live so that its next start is not put off
LONGEST = 5.0  # seconds at most between two starts
_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html


class Kept:
    """One process that is kept running."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path | None = None) -> None:
        self.name, self.starts = name, 0
        self._command, self._log = list(command), log
        self._process: subprocess.Popen[bytes] | None = None
        self._started, self._wait = 0.0, 0.0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def keep(self) -> int | None:
        """Start it, or start it again when it died and its turn has come; return the code it died with, if just now."""
        died: int | None = None
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return None
            lived = time.monotonic() - self._started
            self._wait = 0.0 if lived > CALM else min(LONGEST, max(0.25, self._wait * 2))
            self._process, died = None, code
            self._started = time.monotonic()
        if self.starts == 0 or time.monotonic() - self._started >= self._wait:
            self._start()
        return died

    def end(self, within: float = 15.0) -> None:
        """Ask it to end; after a while, make it."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def _start(self) -> None:
        out: Any = self._log.open("ab") if self._log is not None else None
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=out or subprocess.DEVNULL,
                stderr=out,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        finally:
            if out is not None:
                out.close()
        self.starts += 1
        self._started = time.monotonic()


def up(settings: Settings, arguments: Sequence[str]) -> int:
    """Run daemon and web as two processes until SIGTERM or SIGINT; neither needs the other.

    Args:
        arguments: what names the installation: --dir DIR or --config FILE.
    """
    command = [sys.executable, "-m", "campaign"]
    kept = [Kept(name, [*command, name, *arguments]) for name in ("daemon", "web")]
    ended = threading.Event()

    def end(_sign: int, _frame: FrameType | None) -> None:
        ended.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, end)
    try:
        while not ended.is_set():
            for process in kept:
                code = process.keep()
                if code is not None:
                    print(f"{process.name} ended with {code}; it is started again", file=sys.stderr)
            ended.wait(0.25)
    finally:
        for process in kept:
            process.end()
    return 0


def _end_with_parent() -> None:
    """Ask the kernel to send SIGTERM when our parent dies, so that a killed supervisor leaves nothing behind."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
