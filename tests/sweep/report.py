"""What is to be played, played in several processes, and the table of what came of it."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.sweep.plays import AWAITING, FAILPOINTS, FAULTS, FIRST, PLAYS, Cell, faults_of, kept
from tests.sweep.stage import Stage

Result = dict[str, Any]
# What goes on at once does not pass the points in the same order twice, above all on a busy machine: a cell that ended
# well without its death is played again. One that never dies fails the run.
AGAIN = 3


def plan(jobs: int, plays: Sequence[str] = tuple(PLAYS)) -> list[Cell]:
    """Return every cell. Raises: RuntimeError when a failpoint is reached in no life, or is not listed."""
    lives = [(play, fault) for play in plays for fault in faults_of(play)]
    cells = [Cell(**told) for found in _together(lives, jobs, _trace) for told in found]
    missed = set(FAILPOINTS) - {cell.point for cell in cells}
    unknown = {cell.point for cell in cells} - {*FAILPOINTS, AWAITING}
    if (missed and len(plays) == len(PLAYS)) or unknown:
        raise RuntimeError(f"failpoints that no life reaches: {sorted(missed)}; not listed: {sorted(unknown)}")
    return cells


def _trace(stage: Stage, life: tuple[str, str]) -> list[dict[str, Any]]:
    play, fault = life
    cells = [Cell(play, fault, point, nth) for point, nth in kept(play, fault, stage.trace(play, fault))]
    if fault == "none":
        for first, wanted in FIRST.items():
            passed = [point for point in stage.trace(play, fault, first) if point in wanted]
            cells += [Cell(play, fault, point, 1, first) for point in dict.fromkeys(passed)]
    return [asdict(cell) for cell in cells]


def play_all(cells: Sequence[Cell], jobs: int) -> list[tuple[Cell, Result]]:
    """Play cells in several processes; return each with what came of it."""
    return list(zip(cells, _together(cells, jobs, _play), strict=True))


def _play(stage: Stage, cell: Cell) -> Result:
    result = stage.play(cell)
    for _ in range(AGAIN):
        if result["killed"] or not well(cell, {**result, "killed": True}):
            break
        result = stage.play(cell)
    return result


def _together(items: Sequence[Any], jobs: int, work: Callable[[Stage, Any], Any]) -> list[Any]:
    """Do work with each item, in several processes that have a stage each; return what came of it, in their order."""
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
        children: list[tuple[int, Path]] = []
        for number in range(jobs):
            out = Path(folder) / f"{number}.json"
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    code = _part(items[number::jobs], Path(folder) / str(number), out, work)
                except Exception:  # noqa: BLE001 - a child must not come back into the parent's code
                    import traceback

                    traceback.print_exc()
                finally:
                    os._exit(code)
            children.append((pid, out))
        failed = [pid for pid, _ in children if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0]
        if failed:
            raise RuntimeError("a part of the sweep did not come to its end")
        parts = [json.loads(out.read_text()) for _, out in children]
    return [parts[number % jobs][number // jobs] for number in range(len(items))]


def _part(part: Sequence[Any], folder: Path, out: Path, work: Callable[[Stage, Any], Any]) -> int:
    folder.mkdir()
    stage = Stage(folder)
    try:
        out.write_text(json.dumps([work(stage, item) for item in part]))
    finally:
        stage.close()
    return 0


def well(cell: Cell, result: Result) -> bool:
    """Whether a cell ended as it must: each post once, and a person asked only where nothing else can tell."""
    gone = result["given_up"] and PLAYS[cell.guarantee].asks == "gives up" and result["double"] == 0
    whole = result["killed"] and result["settled"] and not (result["double"] or result["lost"] or result["uncertain"])
    return bool(whole and (result["once"] or gone) and (cell.may_ask or not result["asked"]))


def table(results: Sequence[tuple[Cell, Result]]) -> str:
    """Return the table of the sweep in Markdown: a row per play and fault, and the sum."""
    lines = [
        "| guarantee | fault | kills | each once | double | lost | uncertain | a person was asked |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    names, faults = list(PLAYS), list(FAULTS)
    keys = {(cell.guarantee, cell.fault) for cell, _ in results}
    for play, fault in sorted(keys, key=lambda key: (names.index(key[0]), faults.index(key[1]))):
        rows = [result for cell, result in results if (cell.guarantee, cell.fault) == (play, fault)]
        lines.append(f"| {play} | {fault} | {_sums(rows)} |")
    lines.append(f"| **all** | {len(keys)} rows | {_sums([result for _, result in results])} |")
    return "\n".join(lines)


def _sums(rows: Sequence[Result]) -> str:
    numbers = [sum(row[name] for row in rows) for name in ("killed", "once", "double", "lost", "uncertain", "asked")]
    return " | ".join(map(str, numbers))
