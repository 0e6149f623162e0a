"""pause and resume: a fence that is read before every send; resume sends nothing by itself."""

from typing import Any, Literal

from campaign.core.errors import Invalid
from campaign.core.model import Person, Role
from campaign.core.states import State
from campaign.service import App, demand_role, event
from campaign.service.miss import miss
from campaign.service.notify import over
from campaign.service.space import space_out
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import queue
from campaign.store.accounts import Pause

Scope = Literal["all", "campaign", "language", "platform", "account"]
SCOPES: tuple[Scope, ...] = ("all", "campaign", "language", "platform", "account")


def pause(app: App, scope: Scope, name: str = "", *, reason: str, by: Person) -> Pause:
    """Let nothing of a scope go out until it is resumed; what is past the line already is not stopped by it.

    Raises:
        Invalid: no reason, no such scope, or a name where there is none to give.
        NotFound: the campaign or the account is unknown.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    if not reason.strip():
        raise Invalid("reason", reason, "must say why, for those who find it paused")
    with app.store.begin() as tx:
        _check(app, tx, scope, name)
        entry = Pause(app.new_id(), scope, name, reason.strip(), by.name, app.clock.now())
        account_rows.pause(tx, entry)
        event(app, tx, "paused", by.name, detail={"scope": scope, "name": name, "reason": reason})
        app.failpoint("pause.written")
    app.failpoint("paused")
    return entry


def resume(app: App, scope: Scope, name: str = "", *, by: Person) -> list[str]:
    """Take a fence down; return the ids of deliveries that were missed and wait for a person.

    Nothing bursts: what is still within its grace goes out one by one, account by account.

    Raises:
        Invalid: nothing of that scope is paused.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        # What became late behind the fence is missed, not sent the moment that the fence falls.
        miss(app, tx)
        if not account_rows.lift(tx, scope, name, person=by.name, at=app.clock.now()):
            standing = ", ".join(f"{entry.scope} {entry.name}".strip() for entry in account_rows.pauses_now(tx))
            raise Invalid("scope", f"{scope} {name}".strip(), f"is not paused; paused is: {standing or 'nothing'}")
        if scope == "account":
            over(app, tx, "account.refused", name)  # whoever lifts it says that the account works
        spaced = space_out(app, tx)
        event(app, tx, "resumed", by.name, detail={"scope": scope, "name": name, "spaced": spaced})
        missed = [row["id"] for row in queue.listed(tx, states=[State.MISSED])]
        app.failpoint("resume.written")
    app.failpoint("resumed")
    return missed


def _check(app: App, tx: Any, scope: str, name: str) -> None:
    if scope not in SCOPES:
        raise Invalid("scope", scope, f"must be one of {', '.join(SCOPES)}")
    if (scope == "all") != (not name):
        raise Invalid("name", name, "goes with every scope but all")
    if scope == "platform" and name not in app.platforms:
        raise Invalid("name", name, f"is no platform; there are: {', '.join(app.platforms)}")
    if scope == "campaign":
        campaign_rows.campaign_named(tx, name)
    if scope == "account":
        account_rows.account_named(tx, name)
