"""Run the sweep: python -m tests.sweep [--sample N] [--jobs N] [--seed N] [--only WORD]."""

import argparse
import os
import random
import sys
import time
from collections.abc import Sequence

from tests.sweep.plays import PLAYS
from tests.sweep.report import plan, play_all, table, well


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="kill the program at every step of a delivery and compare the books")
    parser.add_argument("--sample", type=int, default=0, help="play only so many cells, drawn at random")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--seed", type=int, default=2019)
    parser.add_argument("--only", default="", metavar="WORD", help="only plays with this in their names")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    plays = [name for name in PLAYS if chosen.only in name]
    if not plays:
        parser.error(f"no play has {chosen.only!r} in its name; there are: {', '.join(PLAYS)}")
    cells = plan(chosen.jobs, plays)
    print(f"{len(cells)} cells planned in {time.monotonic() - began:.0f} s", flush=True)
    if chosen.sample:
        cells = random.Random(chosen.seed).sample(cells, min(chosen.sample, len(cells)))
    results = play_all(cells, chosen.jobs)
    print(table(results))
    bad = [(cell, result) for cell, result in results if not well(cell, result)]
    for cell, result in bad:
        print(f"BAD {cell}: {result}")
    kills = sum(result["killed"] for _, result in results)
    before = sum(bool(cell.first) for cell, result in results if result["killed"])
    print(f"{before} of them after an earlier death, which is not counted")
    print(f"{kills} kills in {len(cells)} cells, {time.monotonic() - began:.0f} s")
    print(f"{len(results) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
