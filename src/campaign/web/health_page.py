"""For programs that watch: /healthz says whether anything could be published, /metrics gives the numbers."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.core.states import State
from campaign.service import App
from campaign.service.health import Check, free_bytes, healthy, living
from campaign.store import gauges, heartbeats, notices

Look = Callable[[App], list[Check]]

PATIENCE = 10.0  # seconds; a database that hangs is as bad as one that is gone
FRESH = 10.0  # seconds for which the numbers are good: each round reads all deliveries, 0.2 s for 100,000
EDGES = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)  # seconds of lateness
# https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
KIND = "text/plain; version=0.0.4; charset=utf-8"
QUEUES = ("publish", "measure", "archive")


class Health:
    """The pages of one desk for programs that watch it. Neither asks for a login, so neither tells secrets or texts.

    Args:
        look: what is vital, checked.
        measured: whether /metrics is there at all. It is off by default, and not bound to the loopback address: behind
            a proxy on the same machine everybody comes from there.
    """

    def __init__(self, app: App, look: Look, *, measured: bool) -> None:
        self._app, self._look, self._measured = app, look, measured
        self._lock = threading.Lock()
        self._text, self._at = "", float("-inf")

    async def healthz(self, request: Request) -> Response:
        """Answer 200 while posts can be published, else 503; both with what was looked at, as JSON."""
        try:
            async with asyncio.timeout(PATIENCE):
                checks = await run_in_threadpool(partial(self._look, self._app))
        except Exception as error:  # noqa: BLE001 - whatever breaks it, the answer is: not healthy
            self._app.log("health.failed", error=f"{type(error).__name__}: {error}")
            checks = [Check("health", ok=False, detail=f"could not look: {type(error).__name__}", grave=True)]
        ok = healthy(checks)
        told = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks]
        return JSONResponse({"ok": ok, "checks": told}, 200 if ok else 503)

    async def metrics(self, request: Request) -> Response:
        """Answer the numbers in the text format of Prometheus."""
        if not self._measured:
            raise HTTPException(404)
        return Response(await run_in_threadpool(self._numbers), media_type=KIND)

    def _numbers(self) -> str:
        with self._lock:
            now = self._app.clock.uptime()
            if now - self._at >= FRESH:
                self._text, self._at = exposition(self._app, self._look(self._app)), now
            return self._text


def exposition(app: App, checks: Sequence[Check]) -> str:
    """Return every number in the text format of Prometheus 0.0.4."""
    now, mono = app.clock.now(), app.clock.monotonic()
    with app.store.read() as tx:
        counts, number, total = gauges.lateness(tx, EDGES)
        states, outcomes = gauges.by_state(tx), gauges.attempts_by_outcome(tx)
        oldest, backlog = gauges.oldest_due(tx, now=now), gauges.archive_backlog(tx)
        budgets = gauges.account_budgets(tx, boot=app.clock.boot)
        open_notices = notices.open_by_kind(tx)
        alive = living(app, heartbeats.heartbeats_now(tx))
    lines: list[str] = []
    family = partial(_family, lines)
    buckets = [({"le": f"{edge:g}"}, count) for edge, count in zip(EDGES, counts, strict=True)]
    _head(lines, "campaign_lateness_seconds", "histogram", "Published after its time by so many seconds.")
    _samples(lines, "campaign_lateness_seconds_bucket", [*buckets, ({"le": "+Inf"}, number)])
    _samples(lines, "campaign_lateness_seconds_sum", [({}, total)])
    _samples(lines, "campaign_lateness_seconds_count", [({}, number)])
    by_state = [({"state": str(state)}, states.get(state, 0)) for state in State]
    family("campaign_deliveries", "gauge", "Deliveries in each state.", by_state)
    tried = [({"kind": kind, "outcome": outcome}, each) for (kind, outcome), each in sorted(outcomes.items())]
    family("campaign_attempts_total", "counter", "Attempts and questions, by what came of them.", tried)
    waits = (now - oldest).total_seconds() if oldest else 0
    family("campaign_oldest_due_seconds", "gauge", "For how long the oldest that may go waits.", [({}, waits)])
    family("campaign_archive_backlog_posts", "gauge", "Posts that the archive does not hold whole.", [({}, backlog)])
    working = [({"queue": queue}, sum(not b.queues or queue in b.queues for b in alive)) for queue in QUEUES]
    family("campaign_workers_alive", "gauge", "Workers that gave a sign of life lately.", working)
    offsets = [({"host": b.host, "worker": b.worker}, b.clock_offset) for b in alive if b.clock_offset is not None]
    family("campaign_clock_offset_seconds", "gauge", "How far others are ahead of a worker's clock.", offsets)
    sizes = [({"account": row["account"]}, row["size"]) for row in budgets if row["size"] is not None]
    family("campaign_budget_size", "gauge", "Requests that a window of an account admits.", sizes)
    left = [({"account": row["account"]}, row["tokens"]) for row in budgets if row["size"] is not None]
    family("campaign_budget_tokens", "gauge", "Requests that were left when the budget was last drawn from.", left)
    held = [({"account": row["account"]}, max(0.0, row["held_until"] - mono)) for row in budgets]
    family("campaign_budget_held_seconds", "gauge", "For how long the platform lets an account wait.", held)
    open_now = [({"kind": kind}, each) for kind, each in sorted(open_notices.items())]
    family("campaign_notices_open", "gauge", "News that waits for a person.", open_now)
    disks = [({"disk": name}, free) for name, folder in app.disks.items() if (free := free_bytes(folder)) is not None]
    family("campaign_disk_free_bytes", "gauge", "What may still be written.", disks)
    fine = [({"check": check.name}, int(check.ok)) for check in checks]
    family("campaign_check_ok", "gauge", "What /healthz looks at.", fine)
    family("campaign_healthy", "gauge", "Whether posts can be published.", [({}, int(healthy(checks)))])
    return "\n".join(lines) + "\n"


Sample = tuple[Mapping[str, str], Any]


def _family(lines: list[str], name: str, kind: str, words: str, samples: Sequence[Sample]) -> None:
    _head(lines, name, kind, words)
    _samples(lines, name, samples)


def _head(lines: list[str], name: str, kind: str, words: str) -> None:
    lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]


def _samples(lines: list[str], name: str, samples: Sequence[Sample]) -> None:
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}")


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
