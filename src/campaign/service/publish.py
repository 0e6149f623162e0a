"""publish: carry what is due across the line of no return, once, and keep whatever became of it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from campaign.core.adapter import Adapter, Exchanges, Parent, Wire
from campaign.core.check import check
from campaign.core.engagement import PLAN_B
from campaign.core.errors import CampaignError, Conflict, Held, LeaseLost, RateLimited, Refused, Unauthorized
from campaign.core.model import Account, ArchiveState, Attempt, Campaign, Delivery, Pending, Published
from campaign.core.states import State, after, backoff
from campaign.service import SYSTEM, App, event
from campaign.store import accounts as account_rows
from campaign.store import attempts as attempt_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import outbox, queue
from campaign.store import posts as post_rows
from campaign.store.accounts import Pause
from campaign.store.outbox import Lease
from campaign.store.posts import Queued


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that one attempt needs, read in one go."""

    delivery: Delivery
    queued: Queued
    account: Account
    campaign: Campaign
    post_name: str
    token: str
    parent: Delivery | None
    approved: frozenset[str]

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.post_name}/{'+'.join(self.delivery.langs)} to {self.account.name}"


async def publish(app: App, *, limit: int) -> int:
    """Claim up to `limit` due deliveries and carry each to a result; return how many were claimed.

    Three short transactions a delivery: claimed; the line, with what goes over the wire; the result with its exchanges.
    No network call is made inside any of them.
    """
    claimed = await asyncio.to_thread(take, app, limit)
    await asyncio.gather(*(carry(app, delivery) for delivery in claimed))
    return len(claimed)


def pause_account(app: App, tx: Any, account_id: str) -> None:
    """Put up a fence before an account whose token is not accepted; its deliveries stay, a person is told once."""
    account = account_rows.account_of(tx, account_id)
    reason = f"its token is not accepted; connect it again: campaign account add … --name {account.name} --again"
    account_rows.pause(tx, Pause(app.new_id(), "account", account.name, reason, SYSTEM, app.clock.now()))


def take(app: App, limit: int) -> list[Delivery]:
    """Claim up to `limit` deliveries that are due."""
    mono = app.clock.monotonic()
    lease = Lease(app.worker, app.clock.boot, mono + app.lease_seconds)
    with app.store.read() as tx:  # an idle daemon takes no write lock
        due = queue.next_due(tx)
    if due is None or due > app.clock.now():
        return []
    with app.store.begin() as tx:
        claimed = outbox.claim(tx, now=app.clock.now(), mono=mono, lease=lease, limit=limit)
        app.failpoint("claim.written")
    if claimed:
        app.failpoint("claimed")
    return claimed


async def carry(app: App, delivery: Delivery) -> None:
    """Carry one claimed delivery to a result, and keep it; raises nothing."""
    held = delivery
    started_at = app.clock.now()
    exchanges = Exchanges(after=lambda: app.failpoint("exchanged"))
    label = delivery.id
    try:
        try:
            work = await asyncio.to_thread(read_work, app, delivery)
            label = work.label
            _gate(app, work)
            adapter = app.open_adapter(work.account, work.token, exchanges)
            wire = await _prepare(app, adapter, work)
            app.failpoint("prepared")
            held = await asyncio.to_thread(_cross, app, delivery, wire)
            app.failpoint("line.committed")
            result = await adapter.publish(work.queued.outgoing, wire)
            app.failpoint("answered")
        except LeaseLost:
            app.log("delivery.lease_lost", id=delivery.id, delivery=label)
            return
        except Held as pause:
            await asyncio.to_thread(_step_back, app, held, str(pause))
            return
        except Late:
            await asyncio.to_thread(_miss, app, held, label)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, its place in the life of a delivery is decided here
            attempt = _attempt(app, held, started_at, exchanges, type(error).__name__.lower(), str(error))
            await asyncio.to_thread(_fail, app, held, error, attempt, label)
            return
        outcome = "published" if isinstance(result, Published) else "pending"
        attempt = _attempt(app, held, started_at, exchanges, outcome, None)
        await asyncio.to_thread(_succeed, app, held, result, attempt, label)
    except CampaignError as error:
        # The row is where the last commit left it; the next look, or the reaper, goes on from there.
        app.log("delivery.stuck", id=delivery.id, delivery=label, error=str(error))


def read_work(app: App, delivery: Delivery) -> Work:
    """Return what an attempt needs. Raises: NotFound when the account has no token."""
    with app.store.read() as tx:
        queued = post_rows.outgoing_of(tx, delivery.outgoing_id)
        account = account_rows.account_of(tx, delivery.account_id)
        return Work(
            delivery=delivery,
            queued=queued,
            account=account,
            campaign=campaign_rows.campaign_of(tx, delivery.campaign_id),
            post_name=post_rows.post_of(tx, delivery.post_id).name,
            token=account_rows.token_of(tx, account, app.vault),
            parent=queue.get(tx, delivery.parent_id) if delivery.parent_id else None,
            approved=post_rows.approved_langs(tx, delivery.post_id, delivery.outgoing_sha256),
        )


def keep_published(app: App, tx: Any, delivery_id: str, result: Published) -> Delivery:
    """Record a known result in the caller's transaction, and plan its first reading."""
    now = app.clock.now()
    published_at = result.published_at or now
    # The plan counts from the moment of publishing as the platform told it, within reason: its clock may be off.
    if abs(published_at - now) > timedelta(days=1):
        published_at = now
    return outbox.record(
        tx,
        delivery_id,
        remote_id=result.remote_id,
        permalink=result.permalink,
        published_at=published_at,
        measure_at=published_at + PLAN_B[0],
    )


def _gate(app: App, work: Work) -> None:
    """Check once more, right before anything is sent.

    Raises:
        Refused: it is not approved as it is, or does not fit the account any more.
    """
    if work.campaign.approval != "none" and not set(work.delivery.langs) <= work.approved:
        missing = ", ".join(sorted(set(work.delivery.langs) - work.approved))
        raise Refused(f"{work.label}: exactly this text is not approved in {missing}; approve it and schedule it again")
    if work.queued.outgoing.sha256 != work.delivery.outgoing_sha256:
        raise Refused(f"{work.label}: what is stored is not what was approved; compose it again")
    errors = [f for f in check(work.queued.outgoing, app.capabilities(work.account)) if f.severity == "error"]
    if errors:
        raise Refused(f"{work.label}: {'; '.join(map(str, errors))}")


async def _prepare(app: App, adapter: Adapter, work: Work) -> Wire:
    app.failpoint("preparing")
    parent = work.parent
    if work.delivery.parent_id and (parent is None or parent.remote_id is None):
        raise Conflict(f"{work.label}: the part before it is not published")
    return await adapter.prepare(
        work.queued.outgoing,
        key=work.delivery.key,
        parent=Parent(str(parent.remote_id), parent.wire or {}) if parent else None,
        previous=dict(work.delivery.wire) if work.delivery.wire else None,
        open_medium=app.media.open,
    )


class Late(Exception):
    """Its grace ended while it was prepared."""


def _cross(app: App, delivery: Delivery, wire: Wire) -> Delivery:
    if delivery.parent_id is None and app.clock.now() > delivery.late_after:
        raise Late
    with app.store.begin() as tx:
        held = outbox.cross(tx, delivery, wire=wire, at=app.clock.now(), mono=app.clock.monotonic())
        app.failpoint("line.written")
    return held


def _succeed(app: App, held: Delivery, result: Published | Pending, attempt: Attempt, label: str) -> None:
    app.failpoint("recording")
    with app.store.begin() as tx:
        attempt_rows.add_attempt(tx, attempt)
        if isinstance(result, Published):
            keep_published(app, tx, held.id, result)
            event(app, tx, "delivery.published", SYSTEM, post_id=held.post_id, delivery_id=held.id)
        else:
            ticket = {**(held.wire or {}), "ticket": dict(result.ticket)}
            outbox.move(tx, held, State.PROCESSING, wire=ticket, doubt_mono=app.clock.monotonic(), questions=0)
        app.failpoint("record.written")
    app.failpoint("recorded")
    if isinstance(result, Published):
        app.log("delivery.published", id=held.id, delivery=label, remote_id=result.remote_id)
    else:
        app.log("delivery.pending", id=held.id, delivery=label)


def _fail(app: App, held: Delivery, error: Exception, attempt: Attempt, label: str) -> None:
    new = after(error, held.state, held.attempts)
    mono = app.clock.monotonic()
    values: dict[str, Any] = {"error": str(error), "boot": app.clock.boot}
    if new is State.FAILED:
        values["archive_state"] = ArchiveState.DUE
    if new is State.SCHEDULED:
        wait = error.retry_after if isinstance(error, RateLimited) else backoff(held.attempts)
        values["retry_at"] = mono + wait
        if isinstance(error, RateLimited | Unauthorized):
            values["attempts"] = held.attempts - 1  # not now is no failure
    elif new is State.UNCERTAIN:
        values |= {"doubt_mono": mono, "retry_at": None, "questions": 0}
    app.failpoint("recording")
    with app.store.begin() as tx:
        attempt_rows.add_attempt(tx, attempt)
        outbox.move(tx, held, new, **values)
        detail = {"error": str(error), "held": held.state}
        event(app, tx, f"delivery.{new}", SYSTEM, post_id=held.post_id, delivery_id=held.id, detail=detail)
        if isinstance(error, Unauthorized):
            pause_account(app, tx, held.account_id)
        app.failpoint("record.written")
    app.failpoint("recorded")
    app.log(f"delivery.{new}", id=held.id, delivery=label, error=str(error))


def _miss(app: App, held: Delivery, label: str) -> None:
    error = "its time passed while it was prepared; schedule it again or cancel it"
    with app.store.begin() as tx:
        outbox.move(tx, held, State.MISSED, archive_state=ArchiveState.DUE, error=error)
        event(app, tx, "delivery.missed", SYSTEM, post_id=held.post_id, delivery_id=held.id)
    app.log("delivery.missed", id=held.id, delivery=label)


def _step_back(app: App, held: Delivery, reason: str) -> None:
    with app.store.begin() as tx:
        outbox.move(tx, held, State.SCHEDULED, attempts=held.attempts - 1)
    app.log("delivery.held", id=held.id, reason=reason)


def _attempt(
    app: App, held: Delivery, started_at: Any, exchanges: Exchanges, outcome: str, error: str | None
) -> Attempt:
    return Attempt(
        id=app.new_id(),
        delivery_id=held.id,
        number=held.attempts,
        kind="publish",
        started_at=started_at,
        ended_at=app.clock.now(),
        outcome=outcome,
        error=error,
        exchanges=tuple(exchanges.kept),
    )
