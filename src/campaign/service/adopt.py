"""adopt: what a calendar of others says becomes legs or blackout days of a campaign; again, it changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from campaign.core.errors import CampaignError
from campaign.core.ics import Span, take_apart
from campaign.core.model import Campaign, Leg, Person, Role
from campaign.core.plan import Blackout, Hardness
from campaign.core.schedule import zone as checked_zone
from campaign.service import App, demand_role
from campaign.service.blackout import add_blackout, remove_blackout
from campaign.service.campaigns import add_leg
from campaign.store import blackouts as blackout_rows
from campaign.store import campaigns as campaign_rows
from campaign.store.series import Joined

Kind = Literal["legs", "blackouts"]
Action = Literal["new", "changed", "same", "left"]


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one entry of the calendar.

    Attributes:
        action: new, changed, same as it is here already, or left out for the reason `why`.
        name: of the leg or the blackout.
        held: how many deliveries a new blackout holds.
    """

    action: Action
    span: Span
    name: str
    why: str = ""
    held: int = 0


@dataclass(frozen=True, slots=True)
class Adopted:
    """What becomes of a calendar; `told` is what of it was not followed. `kept`: False after a dry run."""

    lines: tuple[Line, ...]
    told: tuple[str, ...]
    kept: bool


class _Preview(Exception):
    """Ends a dry run."""


def adopt(
    app: App,
    raw: bytes,
    campaign_name: str,
    kind: Kind,
    *,
    by: Person,
    tz: str | None = None,
    hardness: Hardness = "hard",
    dry_run: bool = False,
) -> Adopted:
    """Make legs or blackout days of an iCalendar file, all that can be or, in a dry run, none.

    An entry is known again by its UID. A leg that is here with other days stays as it is: moving it moves its posts.

    Args:
        tz: the zone that is meant where the file names one that nobody knows, or none; else the campaign's.
        hardness: of blackout days.

    Raises:
        Invalid: it is no calendar, or names a zone that nobody knows and `tz` says none.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR)
    if tz is not None:
        checked_zone("tz", tz)
    taken = take_apart(raw, today=app.clock.now().date(), tz=tz)
    lines: list[Line] = []
    try:
        with app.store.begin() as tx:
            campaign = campaign_rows.campaign_named(tx, campaign_name)
            joined = replace(app, store=Joined(app.store, tx))
            if kind == "legs":
                legs = campaign_rows.legs_of(tx, campaign.id)
                lines += [_leg(joined, campaign, legs, span, by, tz) for span in taken.spans]
            else:
                there = [
                    each for each in blackout_rows.blackouts_of(tx, campaign.id) if each.campaign_id == campaign.id
                ]
                lines += [_blackout(joined, campaign, there, span, by, hardness) for span in taken.spans]
            if dry_run:
                raise _Preview
    except _Preview:
        pass
    return Adopted(tuple(lines), taken.told, kept=not dry_run)


def _leg(app: App, campaign: Campaign, legs: Sequence[Leg], span: Span, by: Person, tz: str | None) -> Line:
    old = next((leg for leg in legs if leg.name.endswith(f"-{span.mark}")), None)
    where = span.zone or tz or campaign.zone
    if old is not None:
        if (old.starts_on, old.ends_on, old.zone) == (span.first, span.last, where):
            return Line("same", span, old.name)
        why = f"is here from {old.starts_on} to {old.ends_on} ({old.zone}); move it by hand: its posts go with it"
        return Line("left", span, old.name, why)
    name = f"{_slug(span.title)}-{span.mark}"
    place: dict[str, Any] = {"latitude": span.place[0], "longitude": span.place[1]} if span.place else {}
    days: dict[str, Any] = {"starts_on": span.first.isoformat(), "ends_on": span.last.isoformat()}
    try:
        add_leg(app, campaign.name, name, zone_name=where, by=by, title=_title(campaign, span), **days, **place)
    except CampaignError as error:
        return Line("left", span, name, str(error))
    return Line("new", span, name)


def _blackout(
    app: App, campaign: Campaign, there: Sequence[Blackout], span: Span, by: Person, hardness: Hardness
) -> Line:
    source = f"ics:{span.uid}"
    old = next((each for each in there if each.source == source), None)
    if old is not None and (old.starts_on, old.ends_on, old.zone) == (span.first, span.last, span.zone):
        return Line("same", span, old.name)
    name = f"{span.title[:80]} {span.first}"
    if any(each.name == name and each is not old for each in there):
        name = f"{name} {span.mark}"
    try:
        if old is not None:
            remove_blackout(app, old.name, by=by, campaign_name=campaign.name)
        made = add_blackout(
            app,
            name,
            starts_on=span.first.isoformat(),
            ends_on=span.last.isoformat(),
            by=by,
            campaign_name=campaign.name,
            kind=old.kind if old is not None else hardness,
            zone=span.zone,
            title=_title(campaign, span),
            source=source,
        )
    except CampaignError as error:
        return Line("left", span, name, str(error))
    return Line("changed" if old is not None else "new", span, made.blackout.name, held=len(made.deliveries))


def _title(campaign: Campaign, span: Span) -> dict[str, str]:
    return {span.lang if span.lang in campaign.languages and span.lang else campaign.source_lang: span.title}


def _slug(title: str) -> str:
    """Return a title as it may stand in the id of a leg.

    >>> _slug("Москва: день 1!"), _slug("!?")
    ('москва-день-1', 'leg')
    """
    words = "".join(sign.lower() if sign.isalnum() else " " for sign in title).split()
    return "-".join(words)[:40].rstrip("-") or "leg"
