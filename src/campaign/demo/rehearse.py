"""Rehearse a campaign of one's own: on twins of its accounts, on a virtual clock. Nothing leaves for the real hosts."""

import asyncio
import time
import zoneinfo
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import date, datetime, timedelta

from campaign import bootstrap, sandbox
from campaign.config import Settings
from campaign.core.model import Account, Campaign
from campaign.core.schedule import parse_local, resolve
from campaign.demo.rehearsal.budget import Breach
from campaign.demo.rehearsal.outcome import GOING, Line, Rehearsal
from campaign.demo.rehearsal.plan import Plan, read_plan
from campaign.demo.rehearsal.play import Show, play, told
from campaign.demo.rehearsal.remarks import remarks_on
from campaign.demo.rehearsal.stage import Stage, staged
from campaign.store import campaigns as campaign_rows
from campaign.store import open_store
from campaign.store.schema import check_current


def rehearse(
    settings: Settings,
    name: str,
    *,
    starts: str | None = None,
    drafts: bool = False,
    twins: Sequence[str] = sandbox.PLATFORMS,
    show: Show = lambda settled, total, now: None,
    before: Callable[[Stage], None] = lambda stage: None,
) -> Rehearsal:
    """Run what a campaign still has to send on twins of its accounts, and return what would come of it.

    The installation is only read. All that is made lies in a temporary folder and goes with it, also on Ctrl-C.

    Args:
        starts: a local time in the campaign's zone; else the installation's own time.
        drafts: take what is not approved yet for approved.
        twins: the platforms that are rehearsed.
        show: called again and again with how far it is.
        before: called when the stage is ready and nothing is sent yet.

    Raises:
        NotFound: there is no such campaign.
        Invalid: `starts` is no time, or falls into a gap or a fold.
        Conflict: there is no installation, or its schema is not this program's.
    """
    began = time.monotonic()
    zoneinfo.reset_tzpath(to=())  # as bootstrap does: zones come from the tzdata package alone
    now = bootstrap.make_clock(settings).now()
    store = open_store(settings.database_url, read_only=True)
    with closing(store), ExitStack() as stack:
        check_current(store)
        with store.read() as tx:  # closed before anything is played: who writes for real must not wait for us
            campaign = campaign_rows.campaign_named(tx, name)
            begins = _begins(campaign, starts, now)
            plan = read_plan(
                tx,
                campaign,
                starts=begins,
                now=now,
                drafts=drafts,
                limits_of=bootstrap.capabilities_of,
                twins=twins,
            )
            ends = max([begins, *(line.late_after for line in plan.played)]) + timedelta(minutes=1)
            if not plan.played:
                return _rehearsal(plan, [*plan.lines.values()], [], ends, drafts, began)
            stage = stack.enter_context(staged(settings, tx, plan, ends))
        before(stage)
        asyncio.run(play(stage, plan, ends, show))
        lines, breaches = told(stage, plan)
        return _rehearsal(plan, lines, breaches, ends, drafts, began)


def _begins(campaign: Campaign, starts: str | None, now: datetime) -> datetime:
    if starts is None:
        return now
    with suppress(ValueError):
        starts = f"{date.fromisoformat(starts.strip())} 00:00"  # a day alone begins at midnight
    return resolve("from", parse_local("from", starts), campaign.zone)


def _rehearsal(
    plan: Plan, lines: list[Line], breaches: list[Breach], ends: datetime, drafts: bool, began: float
) -> Rehearsal:
    lines = sorted(lines, key=lambda line: line.order)
    going = [line for line in lines if line.standing in GOING]
    used = {line.account for line in lines}
    accounts: list[Account] = [account for account in plan.accounts.values() if account.name in used]
    return Rehearsal(
        campaign=plan.campaign.name,
        zone=plan.campaign.zone,
        starts=plan.starts,
        ends=ends,
        drafts=drafts,
        lines=tuple(lines),
        breaches=tuple(breaches),
        remarks=tuple(remarks_on(going, plan.campaign, accounts)),
        left_out=tuple(plan.left_out),
        seconds=round(time.monotonic() - began, 1),
    )
