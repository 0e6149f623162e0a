"""publish: carry what is due across the line of no return, once, and keep whatever became of it."""

import asyncio
from datetime import datetime
from typing import Any

from campaign.core.adapter import Adapter, Exchanges, Parent, Wire
from campaign.core.check import check
from campaign.core.errors import (
    CampaignError,
    Conflict,
    Held,
    LeaseLost,
    RateLimited,
    Refused,
    Spent,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from campaign.core.model import ArchiveState, Attempt, Delivery, Published
from campaign.core.states import State, after, backoff
from campaign.service import SYSTEM, App, event
from campaign.service.blackout import darken
from campaign.service.miss import missed
from campaign.service.notify import tell_held, tell_of
from campaign.service.refresh import live, token_refused
from campaign.service.work import Work, is_whole, read_works
from campaign.service.writer import Writer
from campaign.store import attempts as attempt_rows
from campaign.store import outbox, queue
from campaign.store import posts as post_rows
from campaign.store.outbox import Lease

PATIENCE = 10.0  # seconds for which a delivery keeps its slot while the rate budget lets it wait
SEND_WITHIN = 10.0  # seconds after the line in which the request must begin to leave; see Crossed


async def publish(app: App, *, limit: int) -> int:
    """Claim up to `limit` due deliveries and carry each to a result; return how many were claimed.

    Three short transactions: claimed; the line, with what goes over the wire; the result with its exchanges. Those of
    many deliveries are joined. No network call is made inside any of them.
    """
    claimed = await asyncio.to_thread(take, app, limit)
    writer = Writer(app)
    await asyncio.gather(*(carry(app, work, writer) for work in claimed))
    return len(claimed)


def take(app: App, limit: int, *, more: bool = False) -> list[Work]:
    """Claim up to `limit` deliveries that are due, and read what they need; `more`: it is known that some are due."""
    mono = app.clock.monotonic()
    lease = Lease(app.worker, app.clock.boot, mono + app.lease_seconds)
    if not more:
        with app.store.read() as tx:  # an idle daemon takes no write lock
            due = queue.next_due(tx)
        if due is None or due > app.clock.now():
            return []
    with app.store.begin() as tx:
        darken(app, tx)  # what is late must not go out on a day when nothing does
        claimed = outbox.claim(tx, now=app.clock.now(), mono=mono, lease=lease, limit=limit)
        app.failpoint("claim.written")
    if claimed:
        app.failpoint("claimed")
    return read_works(app, claimed)


async def carry(app: App, work: Work, writer: Writer) -> None:
    """Carry one claimed delivery to a result, and keep it; raises nothing."""
    held = work.delivery
    started_at = app.clock.now()
    line = Crossed(app, work)
    exchanges = Exchanges(after=lambda: app.failpoint("exchanged"), step=app.failpoint, leave=line.check)
    try:
        try:
            _gate(work)
            token = await live(app, work.account, work.credential)
            adapter = app.open_adapter(work.account, token, exchanges)
            # Its place in the rate budget comes first: past the line nothing waits, and nothing is uploaded in vain.
            async with adapter.admitted(within=min(PATIENCE, app.lease_seconds / 4)):
                wire = await _prepare(app, adapter, work)
                app.failpoint("prepared")
                if held.parent_id is None and app.clock.now() > held.late_after:
                    raise Late
                line.at = app.clock.uptime()
                held = await writer.cross(held, wire)
                app.failpoint("line.committed")
                result = await adapter.publish(work.outgoing, wire)
            app.failpoint("answered")
        except LeaseLost:
            app.log("delivery.lease_lost", id=held.id, delivery=work.label)
            return
        except Held as pause:
            await step_back(app, held, writer, str(pause))
            return
        except Unapproved as why:
            reason = str(why)
            await writer.change(lambda tx: _hold(app, tx, work, reason))
            app.log("delivery.held", id=held.id, reason=reason)
            return
        except Late:
            await writer.change(lambda tx: _miss(app, tx, held))
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, its place in the life of a delivery is decided here
            if isinstance(error, Spent) and held.state is State.CLAIMED:
                await step_back(app, held, writer, str(error), wait=error.retry_after)
                return
            attempt = _attempt(app, held, started_at, exchanges, type(error).__name__.lower(), str(error))
            await _fail(app, held, error, attempt, work, writer)
            return
        outcome = "published" if isinstance(result, Published) else "pending"
        attempt = _attempt(app, held, started_at, exchanges, outcome, None)
        try:
            await writer.keep(held, result, attempt)
        except LeaseLost:
            raise
        except Conflict as error:  # what the platform told cannot be ours alone: a person must see it
            await _fail(app, held, Uncertain(str(error)), attempt, work, writer)
            return
        remote = {"remote_id": result.remote_id} if isinstance(result, Published) else {}
        app.log(f"delivery.{outcome}", id=held.id, delivery=work.label, **remote)
    except CampaignError as error:
        # The row is where the last commit left it; the next look, or the reaper, goes on from there.
        app.log("delivery.stuck", id=held.id, delivery=work.label, error=str(error))


async def step_back(app: App, held: Delivery, writer: Writer, reason: str, *, wait: float | None = None) -> None:
    """Let go of a claimed delivery of which nothing was sent; the attempt does not count.

    `wait`: seconds until it may be claimed again; None: at once.
    """
    again = {} if wait is None else {"retry_at": app.clock.monotonic() + wait, "boot": app.clock.boot}
    await writer.change(lambda tx: outbox.move(tx, held, State.SCHEDULED, attempts=held.attempts - 1, **again))
    app.log("delivery.held", id=held.id, reason=reason)


def _gate(work: Work) -> None:
    """Check once more, right before anything is sent.

    Raises:
        Unapproved: exactly these bytes are not approved, or not any more.
        Refused: it does not fit the account any more.
    """
    if work.unapproved is not None:
        raise Unapproved(work.unapproved)
    if not is_whole(work):
        raise Refused(f"{work.label}: what is stored is not what was approved; compose it again")
    errors = [f for f in check(work.outgoing, work.capabilities) if f.severity == "error"]
    if errors:
        raise Refused(f"{work.label}: {'; '.join(map(str, errors))}")


async def _prepare(app: App, adapter: Adapter, work: Work) -> Wire:
    app.failpoint("preparing")
    parent = work.parent
    if work.delivery.parent_id and (parent is None or parent.remote_id is None):
        raise Conflict(f"{work.label}: the part before it is not published")
    outgoing = work.outgoing
    if app.media.far and outgoing.media:
        digests = {digest for each in outgoing.media for digest in (each.sha256, *each.captions.values(), each.poster)}
        await asyncio.to_thread(app.media.bring, [digest for digest in digests if digest])
    return await adapter.prepare(
        outgoing,
        key=work.delivery.key,
        parent=Parent(str(parent.remote_id), parent.wire or {}) if parent else None,
        previous=dict(work.delivery.wire) if work.delivery.wire else None,
        open_medium=app.media.open,
    )


class Unapproved(Exception):
    """It is not approved as it is: it waits, held with the reason, until somebody approves it."""


class Late(Exception):
    """Its grace ended while it was prepared."""


class Crossed:
    """When the line was written: a worker that stood still since may count as dead, and must not send any more."""

    def __init__(self, app: App, work: Work) -> None:
        self._app, self._work, self.at = app, work, app.clock.uptime()

    def check(self) -> None:
        """Raise Unavailable, for nothing was sent, when the line was crossed too long ago; where others take over."""
        passed = self._app.clock.uptime() - self.at
        if self._app.outlives and passed > SEND_WITHIN:
            why = f"{passed:.0f} s went by since the line was crossed; nothing was sent"
            raise Unavailable(f"{self._work.label}: {why}")


async def _fail(app: App, held: Delivery, error: Exception, attempt: Attempt, work: Work, writer: Writer) -> None:
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

    def write(tx: Any) -> None:
        if attempt_rows.is_kept(tx, attempt.id):
            return  # a COMMIT whose answer was lost has kept all of it
        attempt_rows.add_attempt(tx, attempt)
        moved = outbox.move(tx, held, new, **values)
        tell_of(app, tx, [moved])
        detail = {"error": str(error), "held": held.state}
        event(app, tx, f"delivery.{new}", SYSTEM, post_id=held.post_id, delivery_id=held.id, detail=detail)
        if isinstance(error, Unauthorized):
            token_refused(app, tx, held.account_id, work.generation, error)

    await writer.change(write)
    app.log(f"delivery.{new}", id=held.id, delivery=work.label, error=str(error))


def _hold(app: App, tx: Any, work: Work, why: str) -> None:
    """Put back what was claimed and must not leave; the attempt does not count, and an approval releases it."""
    held = work.delivery
    moved = outbox.move(tx, held, State.SCHEDULED, attempts=held.attempts - 1, held_because=why)
    event(app, tx, "delivery.held", SYSTEM, post_id=held.post_id, delivery_id=held.id, detail={"why": why})
    tell_held(app, tx, work.campaign, post_rows.post_of(tx, held.post_id), [moved])


def _miss(app: App, tx: Any, held: Delivery) -> None:
    error = "its time passed while it was prepared; schedule it again or cancel it"
    missed(app, tx, [outbox.move(tx, held, State.MISSED, archive_state=ArchiveState.DUE, error=error)])


def _attempt(
    app: App, held: Delivery, started_at: datetime, exchanges: Exchanges, outcome: str, error: str | None
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
