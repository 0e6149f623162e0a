"""Pauses on the desk: those that stand, one put up, one lifted; what was missed behind it is shown."""

from typing import Any

from starlette.responses import Response

from campaign.core.errors import CampaignError, Invalid
from campaign.core.model import Role
from campaign.core.states import State
from campaign.service import SYSTEM
from campaign.service.pause import SCOPES, Scope, pause, resume
from campaign.store import accounts as account_rows
from campaign.store import campaigns, queue
from campaign.web.desk import Desk
from campaign.web.gate import Visit
from campaign.web.platform_words import brand
from campaign.web.states import ordered
from campaign.web.words import LANGS

WRITERS = (Role.AUTHOR, Role.APPROVER)  # as service.pause demands
LONGEST = 500  # characters of a reason


def show(desk: Desk, visit: Visit) -> Response:
    """Show what is paused; after one was lifted, what waits for a person."""
    return _page(desk, visit, lifted=bool(visit.asked("lifted")))


def act(desk: Desk, visit: Visit) -> Response:
    """Put a pause up or lift one. What fails comes back filled in."""
    try:
        scope, name = _what(visit.text("what"))
        if visit.text("act") == "lift":
            missed = resume(desk.app, scope, name, by=visit.person)
            return desk.go("/pauses?lifted=1" + ("#missed" if missed else ""))
        reason = visit.text("reason").strip()
        if len(reason) > LONGEST:
            raise Invalid("reason", reason, f"must have at most {LONGEST} characters")
        pause(desk.app, scope, name, reason=reason, by=visit.person)
    except Invalid as error:
        return _page(desk, visit, 422, error=error)
    return desk.go("/pauses")


def _what(value: str) -> tuple[Scope, str]:
    """Return scope and name of `campaign:peace-2019`. Raises: Invalid."""
    scope, _, name = value.partition(":")
    if scope not in SCOPES:
        raise Invalid("what", value, "choose what is to be paused")
    return scope, name


def _page(
    desk: Desk, visit: Visit, status: int = 200, *, lifted: bool = False, error: CampaignError | None = None
) -> Response:
    with desk.app.store.read() as tx:
        standing = account_rows.pauses_now(tx)
        kept, found = campaigns.all_campaigns(tx), account_rows.all_accounts(tx)
        missed = ordered(queue.listed(tx, states=[State.MISSED])) if lifted else []
    look, taken = visit.look, {(entry.scope, entry.name) for entry in standing}
    spoken = dict.fromkeys((*(lang for one in kept for lang in one.languages), *(x for a in found for x in a.langs)))
    choices: dict[str, list[tuple[str, str]]] = {
        "campaign": [(one.name, look.told(one.title, one.name)[0]) for one in kept],
        "language": [(lang, look.language(lang)) for lang in spoken or dict.fromkeys(LANGS)],
        "platform": [(name, brand(name)) for name in desk.app.platforms],
        "account": [(one.name, f"{one.name} ({one.handle})") for one in found],
    }
    groups: dict[str, list[dict[str, Any]]] = {
        scope: [
            {"value": f"{scope}:{name}", "label": label, "taken": (scope, name) in taken} for name, label in entries
        ]
        for scope, entries in choices.items()
        if entries
    }
    return desk.page(
        visit,
        "pauses.html",
        status,
        standing=standing,
        refused={entry.id for entry in standing if entry.scope == "account" and entry.person == SYSTEM},
        groups=groups,
        all_taken=("all", "") in taken,
        chosen=visit.text("what"),
        reason=visit.text("reason"),
        longest=LONGEST,
        lifted=lifted,
        missed=missed,
        failure=str(error) if error else "",
        wrong=error.field if isinstance(error, Invalid) else "",
        may_act=visit.may(*WRITERS),
    )
