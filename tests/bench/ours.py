"""campaign itself: an installation filled with deliveries, and its daemon in a process of its own.

python -m tests.bench.ours SPEC     what `campaign daemon` runs, or `campaign worker` where the spec says `worker`
"""

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from campaign import bootstrap, daemon
from campaign.clock import SystemClock
from campaign.config import Settings, load_settings
from campaign.core.model import Account, ArchiveState, Campaign, Guarantee, Outgoing, Post
from campaign.core.states import State
from campaign.service import App
from campaign.store import accounts, campaigns
from campaign.store import posts as post_rows
from campaign.store.posts import Queued, Target
from campaign.store.tables import attempts, deliveries, outgoings, posts, targets

TOKEN = "token-of-the-benchmark"
AHEAD = timedelta(days=300)
GRACE = timedelta(hours=1)


def text(n: int) -> str:
    """What is posted: Hangul, so that bytes and characters differ."""
    return f"안녕하세요, 서울에서 보내는 평화의 인사 {n}"


def environ_of(spec: dict[str, Any]) -> dict[str, str]:
    """Return the settings of a spec as a program of campaign reads them."""
    environ = {
        "CAMPAIGN_DAEMON__SLOTS": str(spec["slots"]),
        "CAMPAIGN_LOG__LEVEL": "warning",
        # On PostgreSQL a dead worker's request may still be under way for so long, and "not there" is not believed
        # before; the default, five minutes, would only make the runs with kill -9 longer.
        "CAMPAIGN_NETWORK__TOTAL_TIMEOUT": "20",
    }
    if spec.get("database"):
        environ["CAMPAIGN_DATABASE__URL"] = spec["database"]
    return environ


def settings_of(spec: dict[str, Any]) -> Settings:
    """Return the settings of the installation in a spec's folder."""
    return load_settings(dir=str(Path(spec["folder"]) / "data"), environ=environ_of(spec))


@contextlib.contextmanager
def opened(spec: dict[str, Any]) -> Iterator[App]:
    """Make the installation where there is none, and open it."""
    settings = settings_of(spec)
    bootstrap.init(settings)
    app = bootstrap.open_app(settings, clock=SystemClock())
    try:
        yield app
    finally:
        app.store.close()


def fill(app: App, base_url: str, number: int) -> None:
    """Schedule so many deliveries of one account far ahead; start() makes them due."""
    now = app.clock.now()
    sheet = {"private": True, "settles_within": 2.0}  # the stub lists a post from the moment it has it
    account = Account(
        id=app.new_id(), name="kr", platform="mastodon", base_url=base_url, handle="@kr", remote_id="1",
        kind="mastodon", langs=("ko",), guarantee=Guarantee.READ_BACK, sheet=sheet, connected_at=now,
    )  # fmt: skip
    campaign = Campaign(app.new_id(), "c", {"ko": "c"}, "ko", ("ko",), "UTC", "none", GRACE)
    with app.store.begin() as tx:
        accounts.add_account(tx, account, app.vault, TOKEN)
        campaigns.add_campaign(tx, campaign, at=now)
    for start in range(0, number, 1000):
        with app.store.begin() as tx:
            _add(app, tx, range(start, min(start + 1000, number)), account, campaign)


def _add(app: App, tx: sa.Connection, numbers: range, account: Account, campaign: Campaign) -> None:
    # The first of each kind goes the program's own way, the others are its copies: tables may have grown meanwhile.
    now = app.clock.now()
    rows: dict[str, list[dict[str, Any]]] = {"posts": [], "targets": [], "outgoings": [], "deliveries": []}
    model: dict[str, dict[str, Any]] = {}
    for n in numbers:
        outgoing = Outgoing("kr", "mastodon", ("ko",), text(n))
        post_id, target_id, outgoing_id = app.new_id(), app.new_id(), app.new_id()
        if not model:
            wall = now.replace(tzinfo=None)
            post = Post(
                post_id, campaign.id, f"P{n}", None, wall, "UTC", app.tzdata, now + AHEAD, {}, "alice", now
            )  # fmt: skip
            post_rows.add_post(tx, post)
            target = Target(target_id, post_id, account.id, "split", ("ko",))
            post_rows.add_targets(tx, [target])
            due = now + AHEAD
            queued = Queued(outgoing_id, target_id, post_id, account.id, outgoing, outgoing.sha256, due, None, None)
            post_rows.add_outgoings(tx, [queued], at=now)
            tx.execute(deliveries.insert().values(**_delivery(app, campaign, account, post_id, outgoing_id, outgoing)))
            for table, id_ in ((posts, post_id), (targets, target_id), (outgoings, outgoing_id)):
                model[table.name] = dict(tx.execute(sa.select(table).where(table.c.id == id_)).mappings().one())
            continue
        rows["posts"].append({**model["posts"], "id": post_id, "name": f"P{n}"})
        rows["targets"].append({**model["targets"], "id": target_id, "post_id": post_id})
        rows["outgoings"].append(
            {
                **model["outgoings"],
                "id": outgoing_id,
                "post_id": post_id,
                "target_id": target_id,
                "sha256": outgoing.sha256,
                "canonical": outgoing.canonical(),
            }
        )
        rows["deliveries"].append(_delivery(app, campaign, account, post_id, outgoing_id, outgoing))
    for table in (posts, targets, outgoings, deliveries):
        if rows[table.name]:
            tx.execute(table.insert(), rows[table.name])


def _delivery(
    app: App, campaign: Campaign, account: Account, post_id: str, outgoing_id: str, outgoing: Outgoing
) -> dict[str, Any]:
    now = app.clock.now()
    return {
        "id": app.new_id(),
        "campaign_id": campaign.id,
        "post_id": post_id,
        "account_id": account.id,
        "outgoing_id": outgoing_id,
        "outgoing_sha256": outgoing.sha256,
        "langs": ["ko"],
        "part": 1,
        "state": State.SCHEDULED,
        "due_at": now + AHEAD,
        "late_after": now + AHEAD + GRACE,
        "key": app.new_key(),
        "guarantee": account.guarantee,
        "attempts": 0,
        "fence": 0,
        "questions": 0,
        "archive_state": ArchiveState.NONE,
        "created_at": now,
    }


def start(app: App, seconds: float) -> float:
    """Make all of them due at one instant so many seconds from now; return it (seconds since 1970)."""
    due = app.clock.now() + timedelta(seconds=seconds)
    with app.store.begin() as tx:
        tx.execute(deliveries.update().values(due_at=due, late_after=due + GRACE))
        tx.execute(outgoings.update().values(due_at=due, looked_at=due, warned_at=due))  # nothing of it is looked at
    return due.timestamp()


def recorded(app: App) -> int:
    """Return how many are published."""
    with app.store.read() as tx:
        query = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.state == State.PUBLISHED)
        return int(tx.execute(query).scalar_one())


def published(app: App) -> list[datetime]:
    """Return when each was recorded: the stub names no time of its own, so that this is ours."""
    with app.store.read() as tx:
        query = sa.select(deliveries.c.published_at).where(deliveries.c.state == State.PUBLISHED)
        return [at.replace(tzinfo=at.tzinfo or UTC) for at in tx.execute(query).scalars()]


def texts_published(app: App) -> set[str]:
    """Return the texts that are recorded as published."""
    with app.store.read() as tx:
        query = (
            sa.select(outgoings.c.canonical)
            .join(deliveries, deliveries.c.outgoing_id == outgoings.c.id)
            .where(deliveries.c.state == State.PUBLISHED)
        )
        return {json.loads(bytes(found))["text"] for found in tx.execute(query).scalars()}


def states(app: App) -> dict[str, int]:
    """Return how many deliveries there are in each state."""
    with app.store.read() as tx:
        query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
        return {str(state): int(number) for state, number in tx.execute(query)}


def questions(app: App) -> list[str]:
    """Return what came of the questions that the daemon asked the platform, each answer once: evidence of a doubt."""
    with app.store.read() as tx:
        query = sa.select(attempts.c.outcome, attempts.c.error, sa.func.count()).where(attempts.c.kind == "confirm")
        found = tx.execute(query.group_by(attempts.c.outcome, attempts.c.error).limit(5)).all()
    return [f"{number} x {outcome}: {error}"[:300] for outcome, error, number in found]


class Unhurried(bootstrap.Opener):
    """Draws from the rate budgets as ever, only that they admit more than the benchmark sends."""

    def _budget(self, kind: Any, account: Account, token: str) -> str:
        key = super()._budget(kind, account, token)
        self._limiters[bool(account.remote_id)].allow(key, 10**8, 300.0)
        return key


def main() -> int:
    spec = json.loads(sys.argv[1])
    settings = settings_of(spec)
    opener = Unhurried(settings, bootstrap.make_clock(settings))
    if spec.get("worker"):
        return daemon.work(settings, slots=spec["slots"], opener=opener)
    return daemon.serve(settings, opener=opener)


if __name__ == "__main__":
    sys.exit(main())
