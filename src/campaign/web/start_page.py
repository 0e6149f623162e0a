"""The first page: what needs a person, then the campaigns and what comes next."""

from starlette.responses import Response

from campaign.core.model import Role
from campaign.core.states import State
from campaign.store import campaigns, queue
from campaign.web.desk import Desk
from campaign.web.gate import Visit
from campaign.web.states import needs_a_person, ordered

ROWS = 300  # unless all are asked for
NEXT = 12
REFRESH = 10  # seconds


def show(desk: Desk, visit: Visit) -> Response:
    """Show it; a page that is looked at refreshes itself unless it is told not to."""
    with desk.app.store.read() as tx:
        kept = campaigns.all_campaigns(tx)
        totals = [(campaign, campaigns.tally(tx, campaign.id)) for campaign in kept]
        rows = ordered(queue.listed(tx))
    everything = bool(visit.asked("all"))
    return desk.page(
        visit,
        "desk.html",
        demo=any(campaign.demo for campaign in kept),
        now=desk.app.clock.now(),
        campaigns=totals,
        attention=[row for row in rows if needs_a_person(row)],
        coming=[row for row in rows if row["state"] == State.SCHEDULED and not row["held_because"]][:NEXT],
        rows=rows if everything else rows[:ROWS],
        number=len(rows),
        may_write=visit.may(Role.AUTHOR),
        refresh=REFRESH if visit.asked("live", "1") != "0" else 0,
    )
