"""Campaigns and the legs of their journeys."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from campaign.cli.given import by_lang, tags_by_lang, words
from campaign.cli.here import HERE, Here
from campaign.cli.show import cell, data, fields, line, table
from campaign.core.errors import Invalid
from campaign.core.model import Campaign, Late, Leg, Policy, Unready
from campaign.service import campaigns
from campaign.store import campaigns as campaign_rows


def add_campaign(
    name: Annotated[str, Parameter(name="ID")],
    /,
    *,
    zone: str,
    lang: Annotated[list[str] | None, Parameter(name="--lang")] = None,
    approval: Policy = "one",
    title: Annotated[list[str] | None, Parameter(name="--title")] = None,
    grace: float = 15,
    late: Late = "ask",
    quiet_hours: Annotated[list[str] | None, Parameter(name="--quiet-hours")] = None,
    here: Here = HERE,
) -> None:
    """Make a campaign.

    Example: campaign campaign add peace-2019 --zone Asia/Seoul --lang ko,ru --quiet-hours "ko=22:00-08:00 Asia/Seoul"

    Args:
        name: Its id, unique here.
        zone: Its home time zone, by its IANA name: Asia/Seoul.
        lang: Its languages, the source first; by default ko,ru,en.
        approval: How many people let a post go, each another one than its author: none, one, two or three.
        title: LANG=TEXT; may be given several times.
        grace: Minutes after which a post that is late is missed, not sent.
        late: What becomes of the missed: ask (a person decides) or cancel (it is taken back, and nobody is asked).
        quiet_hours: LANG=22:00-08:00 ZONE, or leg for the leg's zone; may be given several times.
    """
    with here.opened() as app:
        made = campaigns.add_campaign(
            app,
            name,
            zone_name=zone,
            by=here.person(app),
            languages=words(lang or ["ko,ru,en"]),
            title=by_lang("title", title or []),
            approval=approval,
            grace=_minutes(grace),
            late=late,
            quiet_hours=by_lang("quiet-hours", quiet_hours or []),
        )
    if here.json:
        data(_campaign(made))
    else:
        line(f"campaign {made.name}: {', '.join(made.languages)}; {made.zone}; approval {made.approval}")


def edit_campaign(
    name: Annotated[str, Parameter(name="ID")],
    /,
    *,
    grace: float | None = None,
    late: Late | None = None,
    approval: Policy | None = None,
    window: str | None = None,
    approval_days: int | None = None,
    unready: Unready | None = None,
    require: Annotated[list[str] | None, Parameter(name="--require")] = None,
    here: Here = HERE,
) -> None:
    """Change a campaign's policies: when posts are late, how they are approved, what becomes of those not ready.

    Examples: campaign campaign edit peace-2019 --grace 30 --late cancel · campaign campaign edit peace-2019 --approval
    two --window any --unready hold_all

    Holds at once for what is not sent yet; what was missed already stays missed.

    Args:
        name: Its id.
        grace: Minutes after which a post that is late is missed, not sent.
        late: What becomes of the missed: ask (a person decides) or cancel (it is taken back, and nobody is asked).
        approval: How many people approve each language, one after the other: none, one, two or three.
        window: Minutes by which a post may be moved before its approvals are void; any: they never are.
        approval_days: Days after which an approval expires; 0: never.
        unready: Half an hour before its time, of a post that is not ready: hold_language (that waits, the rest goes),
            hold_all (all of it waits) or send_ready (what is not ready is taken back, the rest goes).
        require: LANG=#a,#b that each post should have, or LANG= for none; may be given several times.
    """
    wanted = None if grace is None else _minutes(grace)
    with here.opened() as app:
        made, judged = campaigns.edit_campaign(
            app,
            name,
            by=here.person(app),
            grace=wanted,
            late=late,
            approval=approval,
            window=_window(window),
            approval_days=approval_days,
            unready=unready,
            required_tags=tags_by_lang(require) if require else None,
        )
    if here.json:
        data(_campaign(made) | {"deliveries": judged})
    else:
        minutes = f"{made.grace.total_seconds() / 60:g}"
        line(f"campaign {made.name}: late after {minutes} min, then {made.late}; {judged} deliveries judged anew")
        moved = "any" if made.window is None else f"{made.window.total_seconds() / 60:g} min"
        ends = f"{made.approval_days} days" if made.approval_days else "none"
        line(f"approval {made.approval}, window {moved}, expiry {ends}; what is not ready: {made.unready}")


def list_campaigns(*, here: Here = HERE) -> None:
    """List the campaigns.

    Example: campaign campaign list
    """
    with here.opened() as app, app.store.read() as tx:
        rows = [
            _campaign(entry) | {"tally": campaign_rows.tally(tx, entry.id)} for entry in campaign_rows.all_campaigns(tx)
        ]
    if here.json:
        data(rows)
        return
    heads = ("id", "languages", "zone", "approval", "tally")
    table(heads, [[row[head] for head in heads] for row in rows])


def show_campaign(name: Annotated[str, Parameter(name="ID")], /, *, here: Here = HERE) -> None:
    """Show a campaign with its legs and what became of its deliveries.

    Example: campaign campaign show peace-2019

    Args:
        name: Its id.
    """
    with here.opened() as app, app.store.read() as tx:
        found = campaign_rows.campaign_named(tx, name)
        legs = [_leg(leg) for leg in campaign_rows.legs_of(tx, found.id)]
        told = _campaign(found) | {"tally": campaign_rows.tally(tx, found.id)}
    if here.json:
        data(told | {"legs": legs})
        return
    fields(told)
    if legs:
        print()
        _legs(legs)


def add_leg(
    name: Annotated[str, Parameter(name="ID")],
    /,
    *,
    campaign: str,
    zone: str,
    starts: Annotated[str, Parameter(name="--from")],
    ends: Annotated[str, Parameter(name="--to")],
    title: Annotated[list[str] | None, Parameter(name="--name")] = None,
    lat: float | None = None,
    lon: float | None = None,
    here: Here = HERE,
) -> None:
    """Add a leg to a campaign's journey.

    Example: campaign leg add moscow --campaign peace-2019 --zone Europe/Moscow --from 2019-10-07 --to 2019-10-10

    Args:
        name: Its id, unique in its campaign.
        campaign: The campaign's id.
        zone: Its time zone, by its IANA name.
        starts: Its first day, YYYY-MM-DD.
        ends: Its last day.
        title: LANG=TEXT, what the place is called; may be given several times.
        lat: Degrees north.
        lon: Degrees east.
    """
    with here.opened() as app:
        leg = campaigns.add_leg(
            app,
            campaign,
            name,
            zone_name=zone,
            starts_on=starts,
            ends_on=ends,
            by=here.person(app),
            title=by_lang("name", title or []),
            latitude=lat,
            longitude=lon,
        )
    if here.json:
        data(_leg(leg))
    else:
        line(f"leg {leg.name}: {leg.starts_on} to {leg.ends_on}, {leg.zone}")


def list_legs(*, campaign: str, here: Here = HERE) -> None:
    """List the legs of a campaign, in the order of travel.

    Example: campaign leg list --campaign peace-2019

    Args:
        campaign: The campaign's id.
    """
    with here.opened() as app, app.store.read() as tx:
        legs = [_leg(leg) for leg in campaign_rows.legs_of(tx, campaign_rows.campaign_named(tx, campaign).id)]
    if here.json:
        data(legs)
    else:
        _legs(legs)


def _minutes(value: float) -> timedelta:
    try:
        return timedelta(minutes=value)
    except (ValueError, OverflowError):  # nan, inf
        raise Invalid("grace", value, "must be a number of minutes") from None


def _legs(legs: list[dict[str, Any]]) -> None:
    heads = ("id", "zone", "from", "to", "name", "lat", "lon")
    table(heads, [[cell(leg[head]) for head in heads] for leg in legs])


def _window(text: str | None) -> timedelta | Literal["any"] | None:
    if text is None:
        return None
    if text == "any":
        return "any"
    if not text.isdecimal() or len(text) > 6:
        raise Invalid("window", text, "must be whole minutes, or any")
    return timedelta(minutes=int(text))


def _campaign(entry: Campaign) -> dict[str, Any]:
    return {
        "id": entry.name,
        "title": dict(entry.title),
        "source_lang": entry.source_lang,
        "languages": list(entry.languages),
        "zone": entry.zone,
        "approval": entry.approval,
        "grace_minutes": entry.grace.total_seconds() / 60,
        "late": entry.late,
        "quiet_hours": dict(entry.quiet_hours),
        "window_minutes": None if entry.window is None else entry.window.total_seconds() / 60,
        "approval_days": entry.approval_days,
        "unready": entry.unready,
        "required_tags": {lang: list(tags) for lang, tags in entry.required_tags.items()},
        "demo": entry.demo,
    }


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        "id": leg.name,
        "zone": leg.zone,
        "from": leg.starts_on.isoformat(),
        "to": leg.ends_on.isoformat(),
        "name": dict(leg.title),
        "lat": leg.latitude,
        "lon": leg.longitude,
    }
