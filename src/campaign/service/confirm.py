"""confirm: ask the platform what became of a doubtful delivery; and settle, by which a person answers instead."""

import asyncio
from typing import Any, Literal

from campaign.core.adapter import Capabilities, Doubt, Exchanges
from campaign.core.errors import CampaignError, Conflict, Invalid, LeaseLost, Outcome, RateLimited, Unauthorized
from campaign.core.model import ArchiveState, Attempt, Delivery, Guarantee, Pending, Person, Published, Role
from campaign.core.states import CONFIRM_AT, State, backoff
from campaign.service import SYSTEM, App, demand_role, event
from campaign.service.publish import pause_account
from campaign.service.work import Work, read_works
from campaign.service.writer import keep_published
from campaign.store import attempts as attempt_rows
from campaign.store import outbox, queue


async def confirm(app: App, *, limit: int = 50) -> int:
    """Ask about each delivery in doubt whose next question is due; return how many questions were asked."""
    due = await asyncio.to_thread(_due, app, limit)
    await asyncio.gather(*(_ask(app, delivery) for delivery in due))
    return len(due)


def settle(
    app: App,
    prefix: str,
    answer: Literal["published", "not_published", "abandon"],
    *,
    by: Person,
    url: str | None = None,
) -> Delivery:
    """Take a person's word for what became of a delivery in doubt.

    published: it is out, at this address. not_published: it is not; it is scheduled again while its grace lasts, else
    missed. abandon: nobody will know; it is given up.

    Raises:
        Conflict: it is not in doubt (or, for `published`, not missed or failed either).
        Invalid: the address does not name a post of its platform.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        held = queue.found(tx, prefix)
        # What the platform still works on may yet come out: only "published" and "abandon" can be said of it.
        open_states = {State.UNCERTAIN} if answer == "not_published" else {State.UNCERTAIN, State.PROCESSING}
        if answer == "published":
            open_states |= {State.MISSED, State.FAILED}
        if held.state not in open_states:
            raise Conflict(f"delivery {held.id} is {held.state}; only what is in doubt is settled")
        if answer == "published":
            remote_id = _remote_id(url or "")
            settled = keep_published(app, tx, held.id, Published(remote_id, url))
        elif answer == "not_published":
            new = State.SCHEDULED if app.clock.now() <= held.late_after else State.MISSED
            values: dict[str, Any] = {"retry_at": None, "doubt_mono": None}
            if new is State.MISSED:
                values["archive_state"] = ArchiveState.DUE
            settled = outbox.move(tx, held, new, **values)
        else:
            error = f"given up by {by.name}: nobody knows whether it is out"
            settled = outbox.move(tx, held, State.FAILED, archive_state=ArchiveState.DUE, error=error)
        detail = {"answer": answer, "url": url}
        event(app, tx, "delivery.settled", by.name, post_id=held.post_id, delivery_id=held.id, detail=detail)
    return settled


def _due(app: App, limit: int) -> list[Delivery]:
    with app.store.read() as tx:
        return queue.doubtful(tx, mono=app.clock.monotonic(), boot=app.clock.boot, limit=limit)


async def _ask(app: App, delivery: Delivery) -> None:
    try:
        held = await asyncio.to_thread(_begin, app, delivery)
        started_at = app.clock.now()
        exchanges = Exchanges(after=lambda: app.failpoint("asked"))
        answer: Published | Pending | None = None
        error: Exception | None = None
        work: Work | None = None
        app.failpoint("confirming")
        try:
            [work] = await asyncio.to_thread(read_works, app, [held])
            adapter = app.open_adapter(work.account, work.token, exchanges)
            doubt = Doubt(since=held.sent_at or held.due_at, owned=await asyncio.to_thread(_owned, app, held))
            answer = await adapter.confirm(work.queued.outgoing, dict(held.wire or {}), doubt)
        except Exception as problem:  # noqa: BLE001 - a question that fails leaves the doubt as it is
            error = problem
        app.failpoint("confirmed")
        outcome = type(error).__name__.lower() if error else type(answer).__name__.lower() if answer else "not_there"
        attempt = Attempt(
            id=app.new_id(),
            delivery_id=held.id,
            number=held.attempts,
            kind="confirm",
            started_at=started_at,
            ended_at=app.clock.now(),
            outcome=outcome,
            error=str(error) if error else None,
            exchanges=tuple(exchanges.kept),
        )
        await asyncio.to_thread(_conclude, app, held, work, answer, error, attempt)
    except LeaseLost:
        app.log("delivery.lease_lost", id=delivery.id)
    except CampaignError as problem:
        app.log("delivery.stuck", id=delivery.id, error=str(problem))


def _begin(app: App, delivery: Delivery) -> Delivery:
    """Note that a question is being asked; a doubt of an earlier boot begins its waiting anew."""
    mono = app.clock.monotonic()
    doubt_mono = delivery.doubt_mono if delivery.boot == app.clock.boot and delivery.doubt_mono is not None else mono
    with app.store.begin() as tx:
        return outbox.note(
            tx,
            delivery,
            questions=delivery.questions + 1,
            doubt_mono=doubt_mono,
            boot=app.clock.boot,
            retry_at=mono + backoff(delivery.questions + 1),
            fence=delivery.fence + 1,
        )


def _owned(app: App, held: Delivery) -> frozenset[str]:
    with app.store.read() as tx:
        return queue.owned(tx, held.account_id)


def _conclude(
    app: App,
    held: Delivery,
    work: Work | None,
    answer: Published | Pending | None,
    error: Exception | None,
    attempt: Attempt,
) -> None:
    mono = app.clock.monotonic()
    waited = mono - (held.doubt_mono if held.doubt_mono is not None else mono)
    with app.store.begin() as tx:
        attempt_rows.add_attempt(tx, attempt)
        new: State | None = None
        if isinstance(answer, Published):
            keep_published(app, tx, held.id, answer)
            new = State.PUBLISHED
        elif isinstance(answer, Pending):
            retry_at = mono + backoff(held.questions)
            ticket = {**(held.wire or {}), "ticket": dict(answer.ticket)}
            if held.state is State.PROCESSING:
                outbox.note(tx, held, wire=ticket, retry_at=retry_at)
            else:
                new = outbox.move(tx, held, State.PROCESSING, wire=ticket, retry_at=retry_at).state
        elif error is not None or work is None:
            wait = error.retry_after if isinstance(error, RateLimited) else backoff(held.questions)
            known = isinstance(error, Outcome)
            message = str(error) if known else f"the question failed: {type(error).__name__}: {error}"
            outbox.note(tx, held, retry_at=mono + wait, error=message)
            if isinstance(error, Unauthorized):
                pause_account(app, tx, held.account_id)
        elif waited < settles_within(app, work):
            outbox.note(tx, held, retry_at=_next_question(app, work, held, waited, mono))
        else:
            new = _not_there(app, tx, held)
        if new is not None:
            detail = {"asked": held.questions, "waited": round(waited, 1)}
            event(app, tx, f"delivery.{new}", SYSTEM, post_id=held.post_id, delivery_id=held.id, detail=detail)
        app.failpoint("confirm.written")
    app.failpoint("settled")
    app.log("delivery.confirmed", id=held.id, outcome=attempt.outcome, state=new or held.state)


def settles_within(app: App, work: Work) -> float:
    """Return the seconds after which "not there" is believed: longer once the key, the second belt, is dead."""
    capabilities: Capabilities = work.capabilities
    held = work.delivery
    if held.guarantee is not Guarantee.DEDUP:
        return capabilities.settles_within
    alive = (
        held.sent_mono is not None
        and held.sent_boot == app.clock.boot  # how old a key of another boot is cannot be told
        and app.clock.monotonic() - held.sent_mono < capabilities.key_lifetime
    )
    return capabilities.settles_within if alive else max(capabilities.settles_within, capabilities.settles_alone)


def _next_question(app: App, work: Work, held: Delivery, waited: float, mono: float) -> float:
    began = mono - waited
    settles = settles_within(app, work)
    later = [at for at in (*CONFIRM_AT, settles) if waited < at <= settles]
    return began + min(later, default=settles)


def _not_there(app: App, tx: Any, held: Delivery) -> State:
    """It is not out, as far as the platform can say: again under the same key, or, when its grace is over, missed."""
    late = app.clock.now() > held.late_after
    error = "the platform does not have it" + ("; its time has passed" if late else "; it is sent again")
    values: dict[str, Any] = {"retry_at": None, "doubt_mono": None, "error": error}
    if late:
        return outbox.move(tx, held, State.MISSED, archive_state=ArchiveState.DUE, **values).state
    return outbox.move(tx, held, State.SCHEDULED, **values).state


def _remote_id(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise Invalid("published", url, "must be the post's own address, as in https://mastodon.example/@kr/1234")
    last = url.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0].rstrip("/").rpartition("/")[2]
    if not last or not any(character.isdigit() for character in last):
        raise Invalid("published", url, "must end in the post's id, as in https://mastodon.example/@kr/1234")
    return last
