"""miss: what is beyond its grace is given up; its campaign says whether a person is asked or it is taken back."""

from collections.abc import Sequence
from typing import Any

from campaign.core.model import ArchiveState, Delivery
from campaign.core.states import State
from campaign.service import SYSTEM, App, event
from campaign.service.notify import tell_of
from campaign.store import campaigns as campaign_rows
from campaign.store import outbox


def miss(app: App, tx: Any) -> list[Delivery]:
    """Give up all that waits beyond its grace; return what waits for a person now."""
    return missed(app, tx, outbox.miss(tx, now=app.clock.now()))


def missed(app: App, tx: Any, rows: Sequence[Delivery], **detail: Any) -> list[Delivery]:
    """Do with deliveries that were missed just now what their campaigns want; return those that wait for a person.

    `ask`: a person decides, and is told once. `cancel`: it is taken back with its reason, and only the log tells.
    Events carry the `detail`.
    """
    policies: dict[str, str] = {}
    waiting: list[Delivery] = []
    for row in rows:
        if row.campaign_id not in policies:
            policies[row.campaign_id] = campaign_rows.campaign_of(tx, row.campaign_id).late
        if policies[row.campaign_id] == "cancel":
            why = "its time passed before it could be sent; its campaign cancels what is late"
            outbox.move(tx, row, State.CANCELLED, archive_state=ArchiveState.DUE, error=why)
            told = {**detail, "why": why, "late_after": row.late_after.isoformat()}
            event(app, tx, "delivery.cancelled", SYSTEM, post_id=row.post_id, delivery_id=row.id, detail=told)
            app.log("delivery.cancelled", id=row.id, why="late")
        else:
            event(app, tx, "delivery.missed", SYSTEM, post_id=row.post_id, delivery_id=row.id, detail=detail)
            app.log("delivery.missed", id=row.id)
            waiting.append(row)
    tell_of(app, tx, waiting)
    return waiting
