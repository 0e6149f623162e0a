"""Legs of a journey that change: their posts keep their local time, or move with them; conflicts come first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from campaign.core.errors import Conflict, Invalid
from campaign.core.model import Leg, Person, Role
from campaign.core.schedule import zone
from campaign.core.text import check_text
from campaign.service import App, demand_role, event
from campaign.service.days import Days
from campaign.service.shift import UNDECIDED, Choices, Clash, Shift, Wanted, do_shift, plan_shift
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows

_BY = re.compile(r"([+-]?)(\d{1,4}) *(day|hour|minute)s?")


@dataclass(frozen=True, slots=True)
class Travelled:
    """What a change of a leg leads to; `done` is False where nothing was changed: in a dry run, or undecided."""

    old: Leg
    leg: Leg
    shift: Shift
    done: bool


def edit_leg(
    app: App,
    campaign_name: str,
    name: str,
    *,
    by: Person,
    zone_name: str | None = None,
    starts_on: str | None = None,
    ends_on: str | None = None,
    title: Mapping[str, str] | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    choices: Choices = UNDECIDED,
    dry_run: bool = False,
) -> Travelled:
    """Change a leg. With another zone its posts keep their local time, and so go out at other instants.

    A post with a zone of its own keeps it; quiet hours are computed anew for all. While something stands against it
    that nobody has decided, nothing is changed.

    Raises:
        Invalid: an unknown zone, a day that is none, an end before the beginning, coordinates off the globe, or nothing
            is to be changed.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR)
    if zone_name is not None:
        zone("zone", zone_name)
    for field, value, edge in (("lat", latitude, 90.0), ("lon", longitude, 180.0)):
        if value is not None and not -edge <= value <= edge:
            raise Invalid(field, value, f"must be between -{edge:g} and {edge:g} degrees")
    with app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        old = campaign_rows.leg_named(tx, campaign, name)
        titles = {lang: check_text(f"name ({lang})", text) for lang, text in (title or {}).items()}
        new = replace(
            old,
            zone=zone_name or old.zone,
            starts_on=_day("from", starts_on) if starts_on else old.starts_on,
            ends_on=_day("to", ends_on) if ends_on else old.ends_on,
            title={**old.title, **titles},
            latitude=old.latitude if latitude is None else latitude,
            longitude=old.longitude if longitude is None else longitude,
        )
        if new.ends_on < new.starts_on:
            raise Invalid("to", str(new.ends_on), f"must not be before {new.starts_on}, when the leg begins")
        if new == old:
            raise Invalid("leg", name, "is like that already: say what is to be changed, as with --zone or --from")
        wanted = [
            Wanted(post, post.local_at, new.zone if post.zone == old.zone else post.zone)
            for post in post_rows.posts_of(tx, campaign.id)
            if post.leg_id == old.id
        ]
        return _travel(app, tx, old, new, wanted, choices, by=by, dry_run=dry_run, verb="leg.edited")


def move_leg(
    app: App,
    campaign_name: str,
    name: str,
    *,
    by: Person,
    distance: str | None = None,
    to_date: str | None = None,
    choices: Choices = UNDECIDED,
    dry_run: bool = False,
) -> Travelled:
    """Move a leg with its posts on the wall clock: 10:00 stays 10:00 when it moves by days.

    Args:
        distance: '+3 days', '-1 day', '+2 hours', '+30 minutes'; hours leave the leg's days as they are.
        to_date: its new first day, in place of the distance.

    Raises:
        Invalid: neither or both are given, or cannot be read, or move nothing.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR)
    if (distance is None) == (to_date is None):
        raise Invalid("by", distance or "", 'give either --by "+3 days" or --to-date YYYY-MM-DD')
    with app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        old = campaign_rows.leg_named(tx, campaign, name)
        step = _distance(distance) if distance is not None else _day("to-date", str(to_date)) - old.starts_on
        if not step:
            raise Invalid("by", distance or str(to_date), "moves nothing")
        whole = timedelta(days=step.days) if step == timedelta(days=step.days) else timedelta()
        try:
            new = replace(old, starts_on=old.starts_on + whole, ends_on=old.ends_on + whole)
            wanted = [
                Wanted(post, post.local_at + step, post.zone)
                for post in post_rows.posts_of(tx, campaign.id)
                if post.leg_id == old.id
            ]
        except OverflowError:
            raise Invalid("by", distance or str(to_date), "moves it off the calendar") from None
        return _travel(app, tx, old, new, wanted, choices, by=by, dry_run=dry_run, verb="leg.moved")


def remove_leg(app: App, campaign_name: str, name: str, *, by: Person) -> Leg:
    """Remove a leg on which no post hangs.

    Raises:
        Conflict: posts hang on it.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR)
    with app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        leg = campaign_rows.leg_named(tx, campaign, name)
        if posts := [post.name for post in post_rows.posts_of(tx, campaign.id) if post.leg_id == leg.id]:
            named = ", ".join(posts[:5]) + (f" and {len(posts) - 5} more" if len(posts) > 5 else "")
            raise Conflict(f"leg {name} has {len(posts)} posts ({named}): what is written for it keeps it")
        campaign_rows.remove_leg(tx, leg)
        event(app, tx, "leg.removed", by.name, detail={"campaign": campaign.name, "leg": name})
    return leg


def _travel(
    app: App,
    tx: Any,
    old: Leg,
    new: Leg,
    wanted: Sequence[Wanted],
    choices: Choices,
    *,
    by: Person,
    dry_run: bool,
    verb: str,
) -> Travelled:
    campaign = campaign_rows.campaign_of(tx, new.campaign_id)
    days = Days.read(tx, campaign)
    days = replace(days, legs={**days.legs, new.id: new.zone})
    shift = plan_shift(app, tx, days, wanted, choices, new)
    overlaps = [
        Clash("overlap", None, f"{new.starts_on} to {new.ends_on} overlaps with leg {leg.name}, {_days(leg)}")
        for leg in campaign_rows.legs_of(tx, campaign.id)
        # The day of travel belongs to both.
        if leg.id != new.id and leg.starts_on < new.ends_on and new.starts_on < leg.ends_on
    ]
    shift = replace(shift, clashes=(*overlaps, *shift.clashes))
    if dry_run or shift.undecided:
        return Travelled(old, new, shift, done=False)
    campaign_rows.edit_leg(tx, new)
    detail = {
        "campaign": campaign.name,
        "leg": new.name,
        "zone": new.zone,
        "from": new.starts_on.isoformat(),
        "to": new.ends_on.isoformat(),
        "posts": [each.new.name for each in shift.moved],
    }
    event(app, tx, verb, by.name, detail=detail)
    return Travelled(old, new, do_shift(app, tx, campaign, shift, by=by.name, because=f"leg {new.name}"), done=True)


def _days(leg: Leg) -> str:
    return f"{leg.starts_on} to {leg.ends_on}"


def _distance(text: str) -> timedelta:
    found = _BY.fullmatch(text.strip())
    if not found:
        raise Invalid("by", text, 'must be written "+3 days", "-1 day", "+2 hours" or "+30 minutes"')
    number = int(found[2]) * (-1 if found[1] == "-" else 1)
    match found[3]:
        case "day":
            return timedelta(days=number)
        case "hour":
            return timedelta(hours=number)
    return timedelta(minutes=number)


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, text, "must be a day written YYYY-MM-DD, as in 2026-12-01") from None
