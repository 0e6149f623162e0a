"""FFmpeg: found, and run in a process of its own that can take neither more time, memory nor disk than it is given."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Event, Timer

from campaign.core.errors import Invalid
from campaign.media.library import MIB

MEMORY = 4096 * MIB  # address space; the threads of an encoder reserve far more than they touch
SAID = 256 * 1024  # bytes of what it says that are read
THREADS = "2"  # fixed: the encoder's result depends on their number
# Set in the child itself, after the fork: a hook of subprocess that runs Python there can deadlock under threads.
_LAUNCH = """
import os, resource, sys
for name, value in zip(("AS", "FSIZE", "CPU", "CORE"), sys.argv[1:5]):
    limit, (_, hard) = int(value), resource.getrlimit(getattr(resource, "RLIMIT_" + name))
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    try:
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (limit, limit))
    except (OSError, ValueError):
        pass  # a system that has no such limit
os.nice(10)
os.execv(sys.argv[5], sys.argv[5:])
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended, and what FFmpeg said."""

    code: int
    said: str
    out_of_time: bool = False

    @property
    def ok(self) -> bool:
        """Whether it did all that it was asked."""
        return self.code == 0 and not self.out_of_time

    @property
    def too_large(self) -> bool:
        """Whether the file that it wrote went over its limit."""
        return self.code == -signal.SIGXFSZ or "File too large" in self.said


def find_ffmpeg(name: str = "", *, package: str = "imageio_ffmpeg") -> str:
    """Return the path of the system's FFmpeg, else of the one that comes with imageio-ffmpeg.

    Args:
        name: of the medium that needs it, for the message.
        package: that brings one along.

    Raises:
        Invalid: there is neither.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return str(import_module(package).get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        rule = "is a clip, and this machine has no FFmpeg: install it (apt-get install ffmpeg), or: pip install "
        raise Invalid("media", name, f"{rule}'campaign[video]'") from None


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    seconds: float,
    max_bytes: int,
    name: str = "",
    feed: Iterable[bytes] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Ran:
    """Run FFmpeg in `folder` and wait for its end; whatever happens, no process of it is left.

    Args:
        arguments: those that follow the general ones; inputs come from `source()`.
        folder: its own temporary folder: what it writes, and its fonts.
        seconds: wall time, and time of each processor, that it may take.
        max_bytes: of each file that it may write.
        name: of the medium, for the message when there is no FFmpeg.
        feed: raw frames for standard input.
        progress: told the seconds of film that are done.

    Raises:
        Invalid: there is no FFmpeg.
    """
    program = find_ffmpeg(name)
    limits = [str(MEMORY), str(max_bytes), str(int(seconds * int(THREADS)) + 1), "0"]
    general = ["-hide_banner", "-nostdin", "-y", *(["-nostats", "-progress", "pipe:1"] if progress else [])]
    errors = folder / "said.txt"
    # Nothing of our own environment: no token in it, no library path, no home to read a configuration from.
    environ = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": str(folder), "HOME": str(folder)}
    environ["FONTCONFIG_FILE"] = str(folder / "fonts.conf")
    with errors.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCH, *limits, program, *general, *arguments],
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE if feed is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE if progress else subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
        )
    late = Event()

    def end_late() -> None:
        late.set()
        _end(process)

    timer = Timer(seconds, end_late)
    timer.daemon = True
    timer.start()
    try:
        if feed is not None:
            _pour(process, feed)
        if progress and process.stdout is not None:
            _follow(process.stdout, progress)
        process.wait()
    finally:
        timer.cancel()
        _end(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
    with errors.open("rb") as said:
        return Ran(process.returncode, said.read(SAID).decode("utf-8", "replace"), late.is_set())


def source(path: Path, demuxer: str) -> list[str]:
    """Return the arguments of an input: this demuxer and no other, so that a play list can name no further file."""
    return ["-protocol_whitelist", "file,pipe", "-threads", THREADS, "-f", demuxer, "-i", f"file:{path.absolute()}"]


def _pour(process: subprocess.Popen[bytes], feed: Iterable[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for above
    with suppress(BrokenPipeError):  # it has ended; why, it says itself
        for frame in feed:
            process.stdin.write(frame)
        process.stdin.close()


def _follow(lines: Iterable[bytes], progress: Callable[[float], None]) -> None:
    for line in lines:
        key, _, value = line.partition(b"=")
        if key == b"out_time_us" and value.strip().isdigit():
            progress(int(value) / 1_000_000)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, for a program may have started others."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
