"""The soak's program; see the package."""

import argparse
import json
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

import tests.soak
from campaign.core.states import State
from campaign.store.tables import deliveries
from tests import postgres
from tests.soak.chaos import Chaos, found_faketime
from tests.soak.stage import CHANNELS, Stage
from tests.soak.verdict import OPEN, Verdict, judge, life

SETTLE = 300.0  # seconds at most, after the last fault; Telegram's watcher alone may take 120
SHOWN = 12  # findings of a kind that are printed
TOO_MANY = 5  # processes that ended by themselves: there is nothing to wait for


def main(arguments: list[str] | None = None) -> int:
    chosen = _arguments(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what we started is ended
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    workers = chosen.workers or (4 if chosen.engine == "postgresql" else 1)
    print(f"seed {seed}: {chosen.engine}, {workers} process(es), {chosen.seconds:g} s, {chosen.rate:g} due each second")
    folder = Path(tempfile.mkdtemp(prefix="campaign-soak-"))
    good = False
    try:
        with ExitStack() as stack:
            database = ""
            if chosen.engine == "postgresql":
                if why := postgres.missing():
                    raise SystemExit(why)
                database = stack.enter_context(_database())
            good = _run(folder, database, seed, workers, chosen)
    finally:
        if good and not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"left for you to look at: {folder}")
    return 0 if good else 1


def _run(folder: Path, database: str, seed: int, workers: int, chosen: argparse.Namespace) -> bool:
    stage = Stage(folder, database=database)
    began = time.monotonic()
    try:
        with _bar() as show:
            show(0, 1, "posts are written")
            start, made = stage.compose(random.Random(f"posts {seed}"), seconds=chosen.seconds, rate=chosen.rate)
            chaos = Chaos(stage, workers=workers, seed=seed, seconds=chosen.seconds, faketime=chosen.faketime)
            if not chaos.faketime:
                print("clocks do not jump: libfaketime (Debian: faketime) is not installed")
            print(f"{made} deliveries to {len(CHANNELS)} accounts, written in {time.monotonic() - began:.0f} s")
            time.sleep(max(0.0, start - time.time() - 3))
            chaos.start()
            try:
                end = time.time() + chosen.seconds
                while (left := end - time.time()) > 0 and len(chaos.errors) < TOO_MANY:
                    show(chosen.seconds - min(left, chosen.seconds), chosen.seconds, _now(stage))
                    time.sleep(min(left, 1.0 if sys.stderr.isatty() else 10.0))
                chaos.end()
                waited = _settle(stage, chaos, show)
            finally:
                chaos.stop()
        with stage.opened() as app:
            excused = [*chaos.pauses, *((since, until) for worker in chaos.workers for since, until in worker.out)]
            found = judge(app, stage.base_url, jumps=chaos.jumps, excused=excused)
            lives = [life(app, line.partition("(")[2].partition(",")[0]) for line in (*found.double, *found.lost)[:3]]
        verified = subprocess.run(
            [sys.executable, "-m", "campaign", "archive", "verify", "--dir", str(stage.root)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        stage.close()
    if verified.returncode:
        chaos.errors.append(f"archive verify: {(verified.stdout + verified.stderr)[-1000:]}")
    _tell(found, chaos, lives)
    summary = {
        "seed": seed, "engine": chosen.engine, "workers": workers, "seconds": chosen.seconds, "deliveries": made,
        **{str(state): found.states[str(state)] for state in State},
        "double": len(found.double), "lost": len(found.lost), "stray": len(found.stray), "stuck": len(found.stuck),
        "early": len(found.early), "unexplained": len(found.unexplained),
        "why": dict(found.why), "late_p50": _at(found.late, 50), "late_p99": _at(found.late, 99),
        "settled_in": round(waited), "met": dict(sorted(chaos.met.items())), "errors": chaos.errors,
        "archive_verify": verified.returncode,
    }  # fmt: skip
    good = found.good and not chaos.errors and not verified.returncode
    print(json.dumps({**summary, "good": good}, ensure_ascii=False))
    return good


def _settle(stage: Stage, chaos: Chaos, show: Callable[[float, float, str], None]) -> float:
    """Wait until nothing is open, bounded; return the seconds that it took."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < SETTLE and len(chaos.errors) < TOO_MANY:
        chaos.keep()
        chaos.connect_paused()
        chaos.settle_blind()
        with stage.opened() as app, app.store.read() as tx:
            there = sa.select(sa.func.count()).select_from(deliveries)
            open_now = tx.execute(there.where(deliveries.c.state.in_(OPEN))).scalar_one()
            due = tx.execute(there.where(deliveries.c.archive_state == "due")).scalar_one()
        if not open_now and not due:
            break
        show(waited, SETTLE, f"settles: {open_now} open, {due} to archive")
        time.sleep(2.0 if sys.stderr.isatty() else 5.0)
    return time.monotonic() - began


def _now(stage: Stage) -> str:
    with stage.opened() as app, app.store.read() as tx:
        counted = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
        return ", ".join(sorted(f"{number} {state}" for state, number in tx.execute(counted)))


def _tell(found: Verdict, chaos: Chaos, lives: list[str]) -> None:
    for name in ("double", "lost", "stray", "stuck", "early", "unexplained"):
        lines = getattr(found, name)
        for line in lines[:SHOWN]:
            print(f"{name.upper()} {line}")
        if len(lines) > SHOWN:
            print(f"{name.upper()} and {len(lines) - SHOWN} more")
    for one in lives:
        print(one)
    for error in chaos.errors[:SHOWN]:
        print(f"ERROR {error}")
    print("what happened: " + ", ".join(f"{number} × {what}" for what, number in sorted(chaos.met.items())))
    print("did not go out: " + (", ".join(f"{number} {why}" for why, number in sorted(found.why.items())) or "nothing"))
    states = ("published", "missed", "failed", "uncertain", "double")
    print("| guarantee | " + " | ".join(states) + " |\n|---|" + "--:|" * len(states))
    for kind, counts in sorted(found.by_kind.items()):
        print(f"| {kind} | " + " | ".join(str(counts[name]) for name in states) + " |")
    all_of_them = [sum(counts[name] for counts in found.by_kind.values()) for name in states]
    print("| **all** | " + " | ".join(map(str, all_of_them)) + " |")


def _at(values: list[float], percent: int) -> float | None:
    return round(statistics.quantiles(values, n=100)[percent - 1], 2) if len(values) > 1 else None


@contextmanager
def _database() -> Iterator[str]:
    with postgres.running() as server:
        engine = sa.create_engine(f"{server}/postgres".replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE soak")
        engine.dispose()
        yield f"{server}/soak"


@contextmanager
def _bar() -> Iterator[Callable[[float, float, str], None]]:
    """Draw a bar where a person looks; else a line now and then."""
    if not sys.stderr.isatty():
        yield lambda done, of, words: print(f"{done:5.0f} of {of:.0f} s: {words}", flush=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task("", total=None)
        yield lambda done, of, words: drawn.update(task, completed=done, total=of, description=words)


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak", description=(tests.soak.__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--seconds", type=float, default=300.0, help="how long things go wrong (default 300)")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=0, help="processes (default: 1 on SQLite, 4 on PostgreSQL)")
    parser.add_argument("--seed", type=int, default=None, help="of the plan (default: any; it is printed)")
    parser.add_argument("--rate", type=float, default=8.0, help="deliveries a second (default 8)")
    parser.add_argument("--faketime", default=found_faketime(), help="libfaketime.so (default: Debian's, where it is)")
    parser.add_argument("--keep", action="store_true", help="leave the folder also when all is well")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
