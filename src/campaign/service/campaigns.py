"""Campaigns, legs and people: what a journey is made of before there is a post."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal, get_args

from campaign.core.errors import Conflict, Invalid
from campaign.core.model import Campaign, Late, Leg, Person, Policy, Role, Unready
from campaign.core.schedule import QuietHours, zone
from campaign.core.text import check_tag, check_text
from campaign.service import SYSTEM, App, demand_role, event
from campaign.service.enqueue import hold, release
from campaign.store import campaigns as campaign_rows
from campaign.store import people as people_rows
from campaign.store import posts as post_rows


def add_campaign(
    app: App,
    name: str,
    *,
    zone_name: str,
    by: Person,
    languages: Sequence[str],
    title: Mapping[str, str] | None = None,
    approval: Policy = "one",
    grace: timedelta = timedelta(minutes=15),
    late: Late = "ask",
    quiet_hours: Mapping[str, str] | None = None,
    demo: bool = False,
) -> Campaign:
    """Make a campaign. The first of its languages is the source that others are translated from.

    Raises:
        Invalid: an unknown zone or policy, quiet hours that cannot be read, a grace under a minute or over a year.
        Conflict: the id is used.
    """
    demand_role(by, Role.AUTHOR)
    zone("zone", zone_name)
    _check_name("id", name)
    if not languages or len(set(languages)) != len(languages):
        raise Invalid("lang", ",".join(languages), "must name each language of the campaign once, the source first")
    _check_late(grace, late)
    quiet = {lang: _quiet(lang, text, languages) for lang, text in (quiet_hours or {}).items()}
    titles = {lang: check_text(f"title ({lang})", text) for lang, text in (title or {}).items()}
    campaign = Campaign(
        id=app.new_id(),
        name=name,
        title=titles or {languages[0]: name},
        source_lang=languages[0],
        languages=tuple(languages),
        zone=zone_name,
        approval=approval,
        grace=grace,
        quiet_hours=quiet,
        demo=demo,
        late=late,
    )
    with app.store.begin() as tx:
        campaign_rows.add_campaign(tx, campaign, at=app.clock.now())
        event(app, tx, "campaign.added", by.name, detail={"campaign": name})
    return campaign


def edit_campaign(
    app: App,
    name: str,
    *,
    by: Person,
    grace: timedelta | None = None,
    late: Late | None = None,
    approval: Policy | None = None,
    window: timedelta | Literal["any"] | None = None,
    approval_days: int | None = None,
    unready: Unready | None = None,
    required_tags: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Campaign, int]:
    """Change a campaign's policies; return how many unsent deliveries have another time from which they are late.

    What was missed already stays missed. What waits is judged anew: held, or released.

    Args:
        approval: how many people approve each language, one after the other.
        window: how far a post may be moved before its approvals are void; `any`: they never are.
        approval_days: after which an approval expires; 0: never. Approvals keep the end that they were given with.
        unready: what becomes of a post that is not ready half an hour before its time.
        required_tags: language → the hashtags that each post should have in it; none: none are asked for any more.

    Raises:
        Invalid: nothing is to be changed, or a value cannot be.
        NotFound: there is no such campaign.
        Forbidden: how posts are approved is for an approver to say.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    if all(each is None for each in (grace, late, approval, window, approval_days, unready, required_tags)):
        raise Invalid("campaign edit", "", "names nothing to change: --grace, --late, --approval, --window, …")
    if not all(each is None for each in (approval, window, approval_days, unready)):
        demand_role(by, Role.APPROVER)
    with app.store.begin() as tx:
        old = campaign_rows.campaign_named(tx, name)
        new = replace(
            old,
            grace=old.grace if grace is None else grace,
            late=late or old.late,
            approval=approval or old.approval,
            window=old.window if window is None else None if window == "any" else window,
            approval_days=old.approval_days if approval_days is None else approval_days or None,
            unready=unready or old.unready,
            required_tags=old.required_tags if required_tags is None else _required(old, required_tags),
        )
        _check_late(new.grace, new.late)
        _check_approval(new)
        judged = campaign_rows.edit_campaign(tx, new)
        detail = {"campaign": name, "grace_seconds": int(new.grace.total_seconds()), "late": new.late}
        detail |= {"approval": new.approval, "unready": new.unready, "approval_days": new.approval_days}
        detail |= {"window_minutes": None if new.window is None else int(new.window.total_seconds() // 60)}
        detail |= {"required_tags": {lang: list(tags) for lang, tags in new.required_tags.items()}}
        event(app, tx, "campaign.edited", by.name, detail=detail)
        if (new.approval, new.window, new.unready) != (old.approval, old.window, old.unready):
            for post in post_rows.posts_of(tx, new.id):
                hold(app, tx, new, post)
                release(app, tx, new, post)
    return new, judged


def add_leg(
    app: App,
    campaign_name: str,
    name: str,
    *,
    zone_name: str,
    starts_on: str,
    ends_on: str,
    by: Person,
    title: Mapping[str, str] | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
) -> Leg:
    """Add a leg to a campaign's journey.

    Raises:
        Invalid: an unknown zone, a day that is none, an end before its beginning, coordinates off the globe.
        Conflict: the campaign has a leg of that id.
    """
    demand_role(by, Role.AUTHOR)
    zone("zone", zone_name)
    _check_name("id", name)
    first, last = _day("from", starts_on), _day("to", ends_on)
    if last < first:
        raise Invalid("to", ends_on, f"must not be before {starts_on}, when the leg begins")
    for field, value, edge in (("lat", latitude, 90.0), ("lon", longitude, 180.0)):
        if value is not None and not -edge <= value <= edge:
            raise Invalid(field, value, f"must be between -{edge:g} and {edge:g} degrees")
    with app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        titles = {lang: check_text(f"name ({lang})", text) for lang, text in (title or {}).items()}
        leg = Leg(app.new_id(), campaign.id, name, zone_name, first, last, titles, latitude, longitude)
        campaign_rows.add_leg(tx, leg)
        event(app, tx, "leg.added", by.name, detail={"campaign": campaign.name, "leg": name})
    return leg


def add_person(
    app: App,
    name: str,
    roles: Sequence[Role],
    *,
    login: str | None = None,
    langs: Sequence[str] = (),
    accounts: Sequence[str] = (),
    by: str = "campaign",
) -> Person:
    """Add a person.

    Args:
        langs: that the person translates into, reviews and approves; none: all.
        accounts: names of those that the person approves for; none: all.

    Raises:
        Invalid, Conflict.
    """
    _check_name("name", name)
    if name == SYSTEM:
        raise Invalid("name", name, "is what the log calls the daemon; choose another name")
    if not roles:
        raise Invalid("role", "", f"must be one or more of {', '.join(Role)}")
    for field, values in (("langs", langs), ("accounts", accounts)):
        if any(not value.strip() or len(value) > 64 for value in values):
            raise Invalid(field, ",".join(values), "must be names with commas between, none of them empty")
    person = Person(app.new_id(), name, frozenset(roles), login, frozenset(langs), frozenset(accounts))
    with app.store.begin() as tx:
        people_rows.add_person(tx, person, at=app.clock.now())
        event(app, tx, "person.added", by, detail={"person": name, "roles": sorted(person.roles)})
    return person


def anybody(app: App) -> bool:
    """Whether there are people yet: none are before the first is added, nor after a rebuild."""
    with app.store.read() as tx:
        return bool(people_rows.all_people(tx))


def who(app: App, name: str | None, login: str) -> Person:
    """Return who acts: the person named, else the one that this login is.

    Raises:
        NotFound: nobody has that name.
        Conflict: nobody is that login; says how to add one.
    """
    with app.store.read() as tx:
        if name:
            return people_rows.person_named(tx, name)
        person = people_rows.person_of_login(tx, login)
    if person is None:
        raise Conflict(
            f"no user is login '{login}'; say who acts with --as NAME, or: campaign user add NAME --login {login}"
        )
    return person


def _check_name(field: str, name: str) -> None:
    if not name or len(name) > 64 or not all(c.isalnum() or c in "-_." for c in name):
        raise Invalid(field, name, "must be 1 to 64 letters, digits, - _ or .")


def _required(campaign: Campaign, given: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    found = dict(campaign.required_tags)
    for lang, tags in given.items():
        if lang not in campaign.languages:
            known = ", ".join(campaign.languages)
            raise Invalid("require", lang, f"is no language of this campaign, which has: {known}")
        found[lang] = tuple(dict.fromkeys(check_tag(f"require ({lang})", tag) for tag in tags))
    return {lang: tags for lang, tags in found.items() if tags}


def _check_late(grace: timedelta, late: str) -> None:
    if not timedelta(minutes=1) <= grace <= timedelta(days=365):
        raise Invalid("grace", f"{grace.total_seconds() / 60:g}", "must be at least one minute, and at most a year")
    if late not in get_args(Late):
        raise Invalid("late", late, f"must be one of {', '.join(get_args(Late))}")


def _check_approval(campaign: Campaign) -> None:
    for field, value, known in (
        ("approval", campaign.approval, get_args(Policy)),
        ("unready", campaign.unready, get_args(Unready)),
    ):
        if value not in known:
            raise Invalid(field, value, f"must be one of {', '.join(known)}")
    if campaign.window is not None and not timedelta(0) <= campaign.window <= timedelta(days=365):
        minutes = f"{campaign.window.total_seconds() / 60:g}"
        raise Invalid("window", minutes, "must be 0 to 525600 minutes, or any")
    if campaign.approval_days is not None and not 1 <= campaign.approval_days <= 3650:
        raise Invalid("approval-days", campaign.approval_days, "must be 1 to 3650 days, or 0 for never")


def _quiet(lang: str, text: str, languages: Sequence[str]) -> str:
    if lang not in languages:
        raise Invalid("quiet-hours", lang, f"is no language of this campaign, which has: {', '.join(languages)}")
    found = QuietHours.parse(f"quiet-hours ({lang})", text)
    return str(found) if found else "none"


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, text, "must be a day written YYYY-MM-DD, as in 2026-12-01") from None
