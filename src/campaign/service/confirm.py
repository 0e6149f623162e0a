"""confirm: ask the platform what became of a doubtful delivery; and settle, by which a person answers instead."""

import asyncio
from pathlib import Path
from typing import Any, Literal

from campaign.core.adapter import Capabilities, Doubt, Exchanges
from campaign.core.errors import CampaignError, Conflict, Invalid, LeaseLost, Outcome, RateLimited, Unauthorized
from campaign.core.model import ArchiveState, Attempt, Delivery, Guarantee, Medium, Pending, Person, Published, Role
from campaign.core.states import CONFIRM_AT, State, backoff
from campaign.service import SYSTEM, App, demand_role, event
from campaign.service.miss import missed
from campaign.service.notify import decided, tell_of
from campaign.service.package import by_hand
from campaign.service.refresh import live, token_refused
from campaign.service.screenshot import FIELD, REMOTE, take_screenshot
from campaign.service.work import Work, read_works
from campaign.service.writer import FOR_A_PERSON, keep_published
from campaign.store import accounts as account_rows
from campaign.store import attempts as attempt_rows
from campaign.store import outbox, queue
from campaign.store import posts as post_rows


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
    screenshot: Path | None = None,
) -> Delivery:
    """Take a person's word for what became of a delivery in doubt.

    published: it is out, at this address; of what a person puts up a screenshot may tell it as well. not_published: it
    is not; it is scheduled again while its grace lasts, else missed. abandon: nobody will know; it is given up.

    A person's word ends a question that is under way: what that brings finds the delivery moved, and changes nothing,
    unless it is knowledge: the post was found.

    Args:
        screenshot: a picture of the post where it stands; it is cleaned, kept and archived. Without an address the
            post is known by the picture's digest.

    Raises:
        Conflict: it is not in doubt (or, for `published`, not missed or failed either), or another delivery owns the
            post at this address.
        Invalid: the address names no post of the delivery's account, or the screenshot is no picture.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    shot: Medium | None = None
    if screenshot is not None:
        with app.store.read() as tx:
            _admit(app, tx, queue.found(tx, prefix), answer, shown=True)
        shot = take_screenshot(app, screenshot)
    app.failpoint("settling")
    with app.store.begin() as tx:
        held = queue.found(tx, prefix)
        _admit(app, tx, held, answer, shown=shot is not None)
        decided(app, tx, held.id)
        if answer == "published":
            told = _told(app, tx, held, url or "", shot)
            if shot is not None:
                post_rows.add_mediums(tx, [shot])
                held = outbox.note(tx, held, wire={**(held.wire or {}), FIELD: shot.sha256})
            settled = keep_published(app, tx, held.id, told)
        elif answer == "not_published":
            new = State.SCHEDULED if app.clock.now() <= held.late_after else State.MISSED
            values: dict[str, Any] = {"retry_at": None, "doubt_mono": None}
            if new is State.MISSED:
                values["archive_state"] = ArchiveState.DUE
            settled = outbox.move(tx, held, new, **values)
            if new is State.MISSED:
                missed(app, tx, [settled])
                settled = queue.get(tx, held.id)
        else:
            waits = held.state is State.PROCESSING and by_hand(app, tx, held.account_id)
            error = "it is not put up" if waits else "nobody knows whether it is out"
            error = f"given up by {by.name}: {error}"
            settled = outbox.move(tx, held, State.FAILED, archive_state=ArchiveState.DUE, error=error)
        detail: dict[str, Any] = {"answer": answer, "url": url}
        if shot is not None:
            detail[FIELD] = shot.sha256
        event(app, tx, "delivery.settled", by.name, post_id=held.post_id, delivery_id=held.id, detail=detail)
        app.failpoint("settle.written")
    app.failpoint("settle.kept")
    return settled


def _admit(app: App, tx: Any, held: Delivery, answer: str, *, shown: bool) -> None:
    """Check that this can be said of a delivery now. Raises: Conflict, Invalid."""
    # What the platform, or a person, still works on may yet come out: only "published" and "abandon" can be said of it.
    open_states = {State.UNCERTAIN} if answer == "not_published" else {State.UNCERTAIN, State.PROCESSING}
    if answer == "published":
        open_states |= {State.MISSED, State.FAILED}
    if held.state not in open_states:
        raise Conflict(f"delivery {held.id} is {held.state}; only what is in doubt is settled")
    if shown and answer != "published":
        raise Invalid(FIELD, answer, "goes with published: it shows where the post stands")
    if shown and not by_hand(app, tx, held.account_id):
        raise Invalid(FIELD, held.id, "is taken only of what a person puts up; give the post's address")


def _told(app: App, tx: Any, held: Delivery, url: str, shot: Medium | None) -> Published:
    """Return what a person says is out. Raises: Invalid, Conflict."""
    account = account_rows.account_of(tx, held.account_id)
    url = url.strip()
    if not url and shot is not None:
        remote_id = f"{REMOTE}{shot.sha256}"
    elif not url and app.capabilities(account).by_hand:
        raise Invalid("published", "", "give the address of the post, or a screenshot of it")
    else:
        remote_id = app.locate(account, url)
    # An album is several pieces at some platforms, and its address names the first of them.
    taken = {piece for each in queue.owned(tx, account.id) if each != held.remote_id for piece in each.split("+")}
    if taken & set(remote_id.split("+")):
        raise Conflict(f"remote post {remote_id} belongs to another delivery of account '{account.name}' already")
    return Published(remote_id, url or None)


def _due(app: App, limit: int) -> list[Delivery]:
    with app.store.read() as tx:
        return queue.doubtful(tx, mono=app.clock.monotonic(), boot=app.clock.boot, limit=limit)


async def _ask(app: App, delivery: Delivery) -> None:
    try:
        held = await asyncio.to_thread(_begin, app, delivery)
        started_at = app.clock.now()
        exchanges = Exchanges(after=lambda: app.failpoint("asked"), urgent=True)
        answer: Published | Pending | None = None
        error: Exception | None = None
        work: Work | None = None
        app.failpoint("confirming")
        try:
            [work] = await asyncio.to_thread(read_works, app, [held])
            token = await live(app, work.account, work.credential)
            adapter = app.open_adapter(work.account, token, exchanges)
            owned = await asyncio.to_thread(_owned, app, held)
            doubt = Doubt(held.sent_at or held.due_at, owned, again=app.clock.now() <= held.late_after)
            answer = await adapter.confirm(work.outgoing, dict(held.wire or {}), doubt)
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
        try:
            await asyncio.to_thread(_conclude, app, held, work, answer, error, attempt)
        except LeaseLost:  # it moved meanwhile; what was asked and seen stays as evidence
            await asyncio.to_thread(_keep_evidence, app, attempt)
            raise
    except LeaseLost:
        app.log("delivery.lease_lost", id=delivery.id)
    except CampaignError as problem:
        app.log("delivery.stuck", id=delivery.id, error=str(problem))


def _keep_evidence(app: App, attempt: Attempt) -> None:
    with app.store.begin() as tx:
        attempt_rows.add_attempt(tx, attempt)


def _begin(app: App, delivery: Delivery) -> Delivery:
    """Note that a question is being asked; a doubt of an earlier boot begins its waiting anew."""
    mono = app.clock.monotonic()
    same = delivery.boot == app.clock.boot and delivery.doubt_mono is not None
    doubt_mono = delivery.doubt_mono if same else mono + app.outlives
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
    if held.boot != app.clock.boot:
        waited = 0.0  # the shared clock jumped while the platform was asked
    with app.store.begin() as tx:
        attempt_rows.add_attempt(tx, attempt)
        new: State | None = None
        if isinstance(answer, Published):
            keep_published(app, tx, held.id, answer)
            new = State.PUBLISHED
        elif isinstance(answer, Pending):
            waits = work is not None and work.capabilities.by_hand  # nobody but that person can answer
            retry_at = mono + (FOR_A_PERSON if waits else backoff(held.questions))
            ticket = {**(held.wire or {}), "ticket": dict(answer.ticket)}
            if held.state is State.PROCESSING:
                outbox.note(tx, held, wire=ticket, retry_at=retry_at)
            else:
                moved = outbox.move(tx, held, State.PROCESSING, wire=ticket, retry_at=retry_at)
                tell_of(app, tx, [moved])
                new = moved.state
        elif error is not None or work is None:
            wait = error.retry_after if isinstance(error, RateLimited) else backoff(held.questions)
            known = isinstance(error, Outcome)
            message = str(error) if known else f"the question failed: {type(error).__name__}: {error}"
            outbox.note(tx, held, retry_at=mono + wait, error=message)
            if isinstance(error, Unauthorized):
                token_refused(app, tx, held.account_id, work.generation if work else None, error)
        elif waited < settles_within(app, work):
            outbox.note(tx, held, retry_at=_next_question(app, work, held, waited, mono))
        else:
            new = _not_there(app, tx, held, told=work.capabilities.fetches)
        if new is not None and new is not State.MISSED:
            detail = {"asked": held.questions, "waited": round(waited, 1)}
            event(app, tx, f"delivery.{new}", SYSTEM, post_id=held.post_id, delivery_id=held.id, detail=detail)
        app.failpoint("confirm.written")
    app.failpoint("settled")
    app.log("delivery.confirmed", id=held.id, outcome=attempt.outcome, state=new or held.state)


def settles_within(app: App, work: Work) -> float:
    """Return the seconds after which "not there" is believed: longer once the second belt is dead.

    The second belt is the key, or the handle: while it lives, sending again is the same post.
    """
    capabilities: Capabilities = work.capabilities
    held = work.delivery
    if held.guarantee not in (Guarantee.DEDUP, Guarantee.HANDLE):
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


def _not_there(app: App, tx: Any, held: Delivery, *, told: bool) -> State:
    """It is not out, as far as the platform can say: again under the same key, or, when its grace is over, missed.

    `told`: the platform shows what is out. Where it does not, only the same request again tells, and if a pause or a
    standstill lets its time pass before that, what stands here is what a person reads.

    What the platform had taken, and now does not know, is a doubt that begins here.
    """
    if held.state is State.PROCESSING:
        doubt = {"doubt_mono": app.clock.monotonic(), "questions": 0, "retry_at": None, "boot": app.clock.boot}
        error = "the platform took it, and now it is not there; it is asked again"
        return outbox.move(tx, held, State.UNCERTAIN, error=error, **doubt).state
    late = app.clock.now() > held.late_after
    error = "the platform does not have it" if told else "it may be out: only the same request again tells"
    error += "; its time has passed" if late else "; it is sent again"
    values: dict[str, Any] = {"retry_at": None, "doubt_mono": None, "error": error}
    if late:
        gone = outbox.move(tx, held, State.MISSED, archive_state=ArchiveState.DUE, **values)
        missed(app, tx, [gone], asked=held.questions)
        return State.MISSED
    return outbox.move(tx, held, State.SCHEDULED, **values).state
