"""Blackout days, as verbs: added they hold at once what is due on them, removed they let it go."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign.core.blackout import dark, window
from campaign.core.errors import Invalid, LeaseLost
from campaign.core.model import Campaign, Delivery, Person, Role
from campaign.core.plan import Blackout, Hardness
from campaign.core.schedule import zone as checked_zone
from campaign.core.states import State
from campaign.core.text import check_text
from campaign.service import SYSTEM, App, demand_role, event
from campaign.service.days import Days
from campaign.service.enqueue import hold, release
from campaign.store import blackouts as blackout_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import outbox, queue
from campaign.store import posts as post_rows


@dataclass(frozen=True, slots=True)
class Changed:
    """A blackout that was added or removed, and the deliveries that are held, or let go, by it."""

    blackout: Blackout
    campaign: str | None  # its name; None: all campaigns
    deliveries: tuple[Delivery, ...]


def add_blackout(
    app: App,
    name: str,
    *,
    starts_on: str,
    by: Person,
    ends_on: str | None = None,
    campaign_name: str | None = None,
    kind: Hardness = "hard",
    langs: Sequence[str] = (),
    zone: str | None = None,
    title: Mapping[str, str] | None = None,
    source: str = "",
) -> Changed:
    """Add days on which nothing should go out; a hard one holds at once what is due on them.

    Args:
        name: why, in words; it is what a held delivery tells.
        starts_on: the first day, YYYY-MM-DD, or today: that of `zone`, else of the campaign.
        ends_on: the last day; None: the first.
        campaign_name: for this campaign alone; None: for all.
        langs: for these audiences alone; none: for all.
        zone: whose days are meant; None: each audience's own.
        source: where it came from; empty: from this person.

    Raises:
        Invalid: a day that is none, an end before its beginning, an unknown zone or language.
        NotFound, Conflict, Forbidden.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    clean = " ".join(check_text("reason", name).split())
    if not 0 < len(clean) <= 120:
        raise Invalid("reason", name, "must say why, in at most 120 characters")
    if zone is not None:
        checked_zone("zone", zone)
    with app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        concerned = [campaign] if campaign else campaign_rows.all_campaigns(tx)
        first = _day(app, "day", starts_on, zone, concerned)
        last = _day(app, "to", ends_on, zone, concerned) if ends_on else first
        if last < first:
            raise Invalid("to", str(ends_on), f"must not be before {first}, when the blackout begins")
        known = {lang for each in concerned for lang in each.languages}
        for lang in langs:
            if lang not in known:
                raise Invalid(
                    "lang", lang, f"is no language of a campaign here, which have: {', '.join(sorted(known))}"
                )
        blackout = Blackout(
            id=app.new_id(),
            campaign_id=campaign.id if campaign else None,
            name=clean,
            starts_on=first,
            ends_on=last,
            kind=kind,
            langs=tuple(langs),
            zone=zone,
            title=dict(title or {}),
            source=source or by.name,
        )
        blackout_rows.add(tx, blackout)
        event(app, tx, "blackout.added", by.name, detail=_told(blackout, campaign))
        held = _judge(app, tx, blackout, concerned) if kind == "hard" else []
    return Changed(blackout, campaign.name if campaign else None, tuple(held))


def remove_blackout(app: App, name: str, *, by: Person, campaign_name: str | None = None) -> Changed:
    """Remove a blackout; what only it held is let go, and what is late by now is missed as ever.

    Raises:
        NotFound: there is none of that name for this campaign, or for all (no campaign named).
        Forbidden.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        concerned = [campaign] if campaign else campaign_rows.all_campaigns(tx)
        blackout = blackout_rows.named(tx, name, campaign.id if campaign else None)
        blackout_rows.remove(tx, blackout)
        event(app, tx, "blackout.removed", by.name, detail=_told(blackout, campaign))
        freed = _judge(app, tx, blackout, concerned) if blackout.kind == "hard" else []
    return Changed(blackout, campaign.name if campaign else None, tuple(freed))


def darken(app: App, tx: Any) -> int:
    """Hold what is due but would go out late on a hard blackout day of its audience; return how many are held.

    To be called before each claim: where no blackout is near, it is one question to an empty table.
    """
    now = app.clock.now()
    near = blackout_rows.hard_on(tx, now)
    if not near:
        return 0
    only = [] if any(each.campaign_id is None for each in near) else [str(each.campaign_id) for each in near]
    campaigns: dict[str, Campaign] = {}
    count = 0
    for campaign_id, post_id in blackout_rows.due_now(tx, now, only):
        if campaign_id not in campaigns:
            campaigns[campaign_id] = campaign_rows.campaign_of(tx, campaign_id)
        campaign, post = campaigns[campaign_id], post_rows.post_of(tx, post_id)
        days = Days.read(tx, campaign)
        for row in queue.of_post(tx, post_id):
            if row.state is not State.SCHEDULED or row.held_because is not None or row.due_at > now:
                continue
            if why := days.darkness(post, row, now):
                outbox.note(tx, row, held_because=why)
                event(app, tx, "delivery.held", SYSTEM, post_id=post_id, delivery_id=row.id, detail={"why": why})
                count += 1
    return count


def _judge(app: App, tx: Any, blackout: Blackout, concerned: Sequence[Campaign]) -> list[Delivery]:
    """Hold or let go what the days of a blackout concern; return what changed."""
    span = window([blackout])
    campaigns = {campaign.id: campaign for campaign in concerned}
    changed: list[Delivery] = []
    for campaign_id, post_id in blackout_rows.posts_between(tx, blackout.campaign_id, *span) if span else ():
        campaign, post = campaigns[campaign_id], post_rows.post_of(tx, post_id)
        days = Days.read(tx, campaign)
        before = {row.id: row for row in queue.of_post(tx, post_id)}
        if not any(
            dark([blackout], row.due_at, days.zones(row.account_id, row.langs, post)) for row in before.values()
        ):
            continue
        with suppress(LeaseLost):  # it crosses the line at this very moment
            hold(app, tx, campaign, post)
            release(app, tx, campaign, post)
        after = queue.of_post(tx, post_id)
        changed += [row for row in after if row.held_because != before[row.id].held_because]
    return changed


def _day(app: App, field: str, text: str, zone: str | None, concerned: Sequence[Campaign]) -> date:
    if text.strip().lower() != "today":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Invalid(field, text, "must be a day written YYYY-MM-DD, as in 2026-12-01, or today") from None
    homes = {zone} if zone else {campaign.zone for campaign in concerned}
    days = {app.clock.now().astimezone(checked_zone("zone", home)).date() for home in homes}
    if len(days) != 1:
        raise Invalid(field, text, "is not the same day everywhere: say whose with --zone, or name the day")
    return days.pop()


def _told(blackout: Blackout, campaign: Campaign | None) -> dict[str, Any]:
    return {
        "name": blackout.name,
        "campaign": campaign.name if campaign else None,
        "from": blackout.starts_on.isoformat(),
        "to": blackout.ends_on.isoformat(),
        "kind": blackout.kind,
        "langs": list(blackout.langs),
        "zone": blackout.zone,
    }
