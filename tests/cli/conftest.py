"""A shell of the tests: commands run in process on the world's installation; what they said is kept."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import World

from campaign.cli import main
from campaign.store import posts as post_rows
from campaign.store import queue


@dataclass
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs commands on one installation."""

    dir: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str, by: str = "alice") -> Said:
        self.capsys.readouterr()
        code = main([*words, "--dir", str(self.dir), "--as", by])
        caught = self.capsys.readouterr()
        return Said(code, caught.out, caught.err)

    def process(self, *words: str, stdin: str = "", by: str = "alice") -> Said:
        command = [sys.executable, "-m", "campaign", *words, "--dir", str(self.dir), "--as", by]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shell(world: World, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Commands on the world's installation, at the world's time."""
    folder = world.settings.root
    (folder / "config.toml").write_text(f"clock_file = {json.dumps(str(world.clock.file))}\n")
    return Shell(folder, capsys)


def rows(world: World) -> tuple[int, int, int]:
    """Count posts, deliveries and files of the media library: a refusal changes none of them."""
    with world.app.store.read() as tx:
        posts, deliveries = post_rows.posts_of(tx), queue.listed(tx)
    files = [file for file in world.settings.folder("media").rglob("*") if file.is_file()]
    return len(posts), len(deliveries), len(files)
