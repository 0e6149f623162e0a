"""The first page: notices and what needs a person, then the campaigns and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from campaign.core.model import Role
from campaign.core.states import State
from campaign.service.notify import ABOUT_DELIVERIES, ABOUT_POSTS, path_of
from campaign.service.package import mark_handed
from campaign.store import campaigns, queue
from campaign.store import notices as notice_rows
from campaign.store.notices import Notice
from campaign.web.desk import Desk
from campaign.web.gate import Visit
from campaign.web.states import needs_a_person, ordered

ROWS = 300  # unless all are asked for
NEXT = 12
REFRESH = 10  # seconds


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the list of notices; those about deliveries are one line a kind: the table below has each."""

    kind: str
    subject: str
    since: datetime
    path: str
    error: str = ""  # in English, as it was said


def _told(news: Sequence[Notice]) -> list[Told]:
    told = [
        Told(
            each.kind, _named(each), each.at, path_of(each), str(each.detail.get("error") or each.detail.get("why", ""))
        )
        for each in news
        if each.kind not in ABOUT_DELIVERIES
    ]
    for kind in ABOUT_DELIVERIES:
        if alike := [each.at for each in news if each.kind == kind]:
            told.append(Told(kind, str(len(alike)), min(alike), "#h-attention"))
    return told


def _named(notice: Notice) -> str:
    """Return what a notice is about, as people call it: a post by its campaign and its id, with the language."""
    if notice.kind not in ABOUT_POSTS:
        return notice.subject
    langs = f" ({', '.join(notice.detail['langs'])})" if notice.detail.get("langs") else ""
    return f"{notice.detail.get('campaign')}/{notice.detail.get('post')}{langs}"


def show(desk: Desk, visit: Visit) -> Response:
    """Show it; a page that is looked at refreshes itself unless it is told not to."""
    with desk.app.store.read() as tx:
        kept = campaigns.all_campaigns(tx)
        totals = [(campaign, campaigns.tally(tx, campaign.id)) for campaign in kept]
        rows = ordered(queue.listed(tx))
        mark_handed(desk.app, tx, rows)
        news = notice_rows.open_now(tx)
    everything = bool(visit.asked("all"))
    return desk.page(
        visit,
        "desk.html",
        demo=any(campaign.demo for campaign in kept),
        now=desk.app.clock.now(),
        campaigns=totals,
        notices=_told(news),
        attention=[row for row in rows if needs_a_person(row)],
        coming=[row for row in rows if row["state"] == State.SCHEDULED and not row["held_because"]][:NEXT],
        rows=rows if everything else rows[:ROWS],
        number=len(rows),
        may_write=visit.may(Role.AUTHOR),
        refresh=REFRESH if visit.asked("live", "1") != "0" else 0,
    )
