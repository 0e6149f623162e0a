"""What a daemon costs that has nothing to do: `campaign daemon` with a thousand deliveries far ahead."""

import sys
import time
from pathlib import Path
from typing import Any

from tests.bench import ours
from tests.bench.watch import Program

ROWS = 1000
SETTLED = 5.0  # seconds after which the start is over


def measured(spec: dict[str, Any], seconds: float) -> dict[str, float]:
    """Return the percent of a core that it used, and the most memory that it held, in MB."""
    data = str(Path(spec["folder"]) / "data")
    with ours.opened(spec) as app:
        ours.fill(app, "http://127.0.0.1:9", ROWS)
    command = [sys.executable, "-m", "campaign", "daemon", "--dir", data]
    daemon = Program("campaign", {**spec, "command": command}, environ=ours.environ_of(spec))
    try:
        time.sleep(SETTLED)
        began, cpu = time.monotonic(), daemon.cpu
        time.sleep(seconds)
        used, took, rss = daemon.cpu - cpu, time.monotonic() - began, daemon.rss
        alive = daemon.process.poll() is None
    finally:
        daemon.stop()
    assert alive, daemon.last_words()
    return {"percent_of_a_core": round(used / took * 100, 2), "rss_mb": rss}
