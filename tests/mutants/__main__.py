"""Run the mutants: python -m tests.mutants [--jobs N] [--only WORD]."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants import MUTANTS
from tests.mutants.laboratory import Laboratory, misfits
from tests.mutants.mutant import Mutant


def _unmutated(laboratory: Laboratory, pool: ThreadPoolExecutor, mutants: Sequence[Mutant]) -> bool:
    """Run every test that a mutant names where nothing is broken; a failure here would be taken for a kill."""
    by_file: dict[str, set[str]] = {}
    for test in (test for mutant in mutants for test in mutant.tests):
        by_file.setdefault(test.partition("::")[0], set()).add(test)
    named = [[file] if file in tests else sorted(tests) for file, tests in by_file.items()]
    well = True
    for file, run in zip(by_file, pool.map(laboratory.unmutated, named), strict=True):
        print(f"{run.outcome:9} {run.seconds:5.1f} s  unmutated {file} {run.told}".rstrip(), flush=True)
        well &= run.outcome == "passed"
    return well


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="break the delivery doctrine on purpose; each break must be caught")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--only", default="", metavar="WORD", help="only mutants with this in their names")
    chosen = parser.parse_args(arguments)
    mutants = [mutant for mutant in MUTANTS if chosen.only in mutant.name]
    began, killed = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        laboratory = Laboratory(Path(folder).resolve())
        if wrong := misfits(laboratory.pristine, mutants):
            print("\n".join(["These mutants do not apply:", *wrong]))
            return 1
        with ThreadPoolExecutor(chosen.jobs) as pool:
            try:
                if not _unmutated(laboratory, pool, mutants):
                    print("The tests fail where nothing is broken: mend them first.")
                    return 1
                for mutant, run in zip(
                    mutants, pool.map(laboratory.mutated, range(len(mutants)), mutants), strict=True
                ):
                    dead = run.outcome in {"killed", "timed out"}
                    killed += dead
                    word = {"passed": "SURVIVED", "broken": "BROKEN"}.get(run.outcome, "killed")
                    told = run.told or " ".join(mutant.tests)
                    print(f"{word:9} {run.seconds:5.1f} s  {mutant.name}: {told}", flush=True)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                laboratory.stop()
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{killed} killed of {len(mutants)}")
    return 0 if mutants and killed == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
