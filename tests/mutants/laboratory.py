"""Copies of the project in which a rule is broken, and the tests that are run there."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.mutants import MUTANTS
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("src", "tests", "migrations", "pyproject.toml")
LIMIT = 150.0  # seconds that one run of pytest may take
TEST_LIMIT = 60  # seconds that one test may take

# Run in the same process as the tests: what they import must be the copy, not the installation.
WHEREABOUTS = """
from pathlib import Path

import campaign
import pytest
import tests


def pytest_configure():
    for module in (campaign, tests):
        if not Path(module.__file__).resolve().is_relative_to(Path(__file__).resolve().parent):
            raise pytest.UsageError(f"{module.__name__} is imported from {module.__file__}, not from the copy")
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one run of pytest: passed, killed, timed out, or broken."""

    outcome: str
    seconds: float
    told: str


def misfits(root: Path, mutants: Sequence[Mutant] = MUTANTS) -> list[str]:
    """Return what is wrong with the mutants: a text not found exactly once, or a result that is no Python."""
    wrong: list[str] = []
    for mutant in mutants:
        try:
            for file, text in _mutated(root, mutant):
                ast.parse(text, filename=str(file))
        except (ValueError, OSError, SyntaxError) as error:
            wrong.append(f"{mutant.name}: {error}")
    return wrong


def _mutated(root: Path, mutant: Mutant) -> Iterator[tuple[Path, str]]:
    texts: dict[Path, str] = {}
    for edit in mutant.edits:
        file = root / edit.file if edit.file.startswith("tests/") else root / "src" / "campaign" / edit.file
        text = texts.get(file) or file.read_text(encoding="utf-8")
        if (times := text.count(edit.old)) != 1:
            raise ValueError(f"found {times} times in {edit.file}: {textwrap.shorten(edit.old, 100)}")
        texts[file] = text.replace(edit.old, edit.new)
    yield from texts.items()


class Laboratory:
    """Copies of the project, and pytest run in them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pristine = folder, folder / "pristine"
        self.pristine.mkdir()
        for name in PARTS:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.pristine / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copy2(source, self.pristine)
        (self.pristine / "whereabouts.py").write_text(WHEREABOUTS, encoding="utf-8")
        self._running: set[subprocess.Popen[str]] = set()

    def unmutated(self, tests: Sequence[str]) -> Run:
        return self._pytest(self.pristine, tests, tempfile.mkdtemp(dir=self.folder))

    def mutated(self, number: int, mutant: Mutant) -> Run:
        # The copy brings the bytecode that the run before left behind; only what is mutated is compiled anew.
        place = self.folder / f"mutant-{number}"
        shutil.copytree(self.pristine, place)
        for file, text in list(_mutated(place, mutant)):
            file.write_text(text, encoding="utf-8")
        try:
            return self._pytest(place, mutant.tests, str(place / "tmp"))
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def stop(self) -> None:
        """End what still runs."""
        for process in list(self._running):
            _kill(process)

    def _pytest(self, place: Path, tests: Sequence[str], scratch: str) -> Run:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CAMPAIGN"))}
        environment |= {"PYTHONPATH": str(place / "src"), "PYTHONIOENCODING": "utf-8", "COLUMNS": "400"}
        # SQLite alone: starting a PostgreSQL for each mutant would take longer than the tests.
        options = f"-x -q --tb=no -p no:cacheprovider -p whereabouts --timeout {TEST_LIMIT} --basetemp {scratch}"
        command = [sys.executable, "-m", "pytest", *options.split(), "-k", "not postgresql", *tests]
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._running.add(process)
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return Run("timed out", time.monotonic() - began, f"over {LIMIT:.0f} s")
        finally:
            _kill(process)  # and whatever a test started and left behind
            self._running.discard(process)
        seconds = time.monotonic() - began
        failed = [line.removeprefix("FAILED ").split(" - ")[0] for line in said.splitlines() if line[:7] == "FAILED "]
        if process.returncode == 0:
            return Run("passed", seconds, "")
        if process.returncode == 1 and failed:
            return Run("killed", seconds, failed[0])
        return Run("broken", seconds, f"pytest ended with {process.returncode}:\n{said[-2000:]}")


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
