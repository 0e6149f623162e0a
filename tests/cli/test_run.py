"""What runs until it is stopped."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path


def test_the_sandbox_says_where_it_listens_and_shows_no_token(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "campaign", "sandbox", "--dir", str(tmp_path), "--account", "kr", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
        told = json.loads("".join(lines))
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        os.kill(process.pid, signal.SIGTERM)
        said = process.stderr.read()
    assert process.returncode == 0, said
    assert second.returncode == 5 and "another sandbox" in second.stderr
    kept = json.loads((tmp_path / "sandbox.json").read_text())
    assert (told["base_url"], told["accounts"]) == (kept["base_url"], ["kr"])
    assert kept["platforms"]["mastodon"]["accounts"][0]["token"] not in "".join(lines) + said
