"""withdraw: take down at its platform what is out; what was shown last, who took it down and why stay on record."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal

from campaign.core.adapter import Exchanges
from campaign.core.errors import Conflict, Outcome, Refused
from campaign.core.model import ArchiveState, Attempt, Delivery, Person, Role
from campaign.core.states import State
from campaign.core.text import check_text
from campaign.service import App, demand_role, event
from campaign.service.refresh import live
from campaign.store import accounts as account_rows
from campaign.store import attempts as attempt_rows
from campaign.store import outbox, queue
from campaign.store.credentials import credential_of


async def withdraw(app: App, prefix: str, *, by: Person, reason: str) -> Delivery:
    """Take a published delivery down at its platform. Repeatable: what is gone already is no error.

    The platform's own record is fetched once more before, where it can be. The delivery stays `published`: it was out.

    Args:
        reason: why; it stands in the log and in the archive.

    Raises:
        Conflict: it is not out.
        Refused: its platform offers no deletion, or refuses this one; the message says what to do.
        Unauthorized, Unavailable, RateLimited: nothing is known to be taken down; try again.
        Invalid, NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    why = check_text("reason", reason)
    with app.store.read() as tx:
        held = queue.found(tx, prefix)
        if held.state is not State.PUBLISHED or held.remote_id is None:
            raise Conflict(f"delivery {held.id} is {held.state}; only what is out is withdrawn, the rest is cancelled")
        account = account_rows.account_of(tx, held.account_id)
        credential = credential_of(tx, account, app.vault)
    where = held.permalink or held.remote_id
    if not app.capabilities(account).deletes:
        raise Refused(f"{account.platform} lets no program take a post down; do it there by hand: {where}")
    secrets = await live(app, account, credential)
    remote_id = held.remote_id

    async def done(kind: Literal["fetch", "delete"], work: Callable[[Any], Awaitable[Any]]) -> None:
        exchanges, began = Exchanges(urgent=True), app.clock.now()
        problem: Exception | None = None
        try:
            await work(app.open_adapter(account, secrets, exchanges))
        except Outcome as error:
            problem = error
        await asyncio.to_thread(_keep, app, held, by, why, _attempt(app, held, kind, began, problem, exchanges))
        if problem is not None and kind == "delete":
            raise problem

    if app.capabilities(account).fetches:
        await done("fetch", lambda adapter: adapter.fetch(remote_id))
    await done("delete", lambda adapter: adapter.delete(remote_id))
    with app.store.read() as tx:
        return queue.get(tx, held.id)


def _attempt(
    app: App,
    held: Delivery,
    kind: Literal["fetch", "delete"],
    began: datetime,
    problem: Exception | None,
    exchanges: Exchanges,
) -> Attempt:
    outcome = type(problem).__name__.lower() if problem else "withdrawn" if kind == "delete" else "fetched"
    return Attempt(
        id=app.new_id(),
        delivery_id=held.id,
        number=held.attempts,
        kind=kind,
        started_at=began,
        ended_at=app.clock.now(),
        outcome=outcome,
        error=str(problem) if problem else None,
        exchanges=tuple(exchanges.kept),
    )


def _keep(app: App, held: Delivery, by: Person, why: str, attempt: Attempt) -> None:
    # A crash before this leaves the post down and nobody the wiser; the same command again is kept, for it is no error.
    with app.store.begin() as tx:
        attempt_rows.add_attempt(tx, attempt)
        outbox.note(tx, queue.get(tx, held.id), archive_state=ArchiveState.DUE)
        if attempt.outcome == "withdrawn":
            detail = {"reason": why, "permalink": held.permalink}
            event(app, tx, "delivery.withdrawn", by.name, post_id=held.post_id, delivery_id=held.id, detail=detail)
