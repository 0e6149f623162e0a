"""What a campaign asks of an account: slots, spacing, steps; and the next slot that is free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaign.core.blackout import dark
from campaign.core.errors import Conflict, Invalid
from campaign.core.model import Account, Person, Role
from campaign.core.plan import AccountRule
from campaign.core.schedule import audience_time, audience_zone, zone
from campaign.core.slots import FAR, next_slot, parse_slots
from campaign.core.spacing import neighbour
from campaign.service import App, demand_role, event
from campaign.service.days import Days
from campaign.store import account_rules
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows

APART = timedelta(minutes=1)  # where no spacing is asked for, a slot that is taken is still taken


@dataclass(frozen=True, slots=True)
class Slot:
    """A free slot: the instant (aware UTC), its wall time (naive) in its audience's zone, and for whom it is."""

    at: datetime
    local: datetime
    zone: str
    account: str
    lang: str


def set_rule(
    app: App,
    campaign_name: str,
    account_name: str,
    *,
    by: Person,
    slots: Mapping[str, str] | None = None,
    zones: Mapping[str, str] | None = None,
    spacing: int | None = None,
    steps: int | None = None,
) -> tuple[AccountRule, Account]:
    """Say what a campaign asks of an account; what is not given stays as it was.

    Args:
        slots: language → local times with commas between; 'none' takes them away.
        zones: language → the IANA zone of that audience; 'none' takes it away.
        spacing: minutes between two of its posts; 0: none.
        steps: how many people approve what goes to it; 0: as many as the campaign says.

    Raises:
        Invalid: a language that the account or the campaign does not have, times or a zone that cannot be read, numbers
            out of range, or nothing is to be changed.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    if slots is None and zones is None and spacing is None and steps is None:
        raise Invalid("rule", account_name, "say what is asked: --slots, --zone, --spacing or --steps")
    if spacing is not None and not 0 <= spacing <= 7 * 1440:
        raise Invalid("spacing", spacing, "must be 0 to 10080 minutes")
    if steps is not None and not 0 <= steps <= 3:
        raise Invalid("steps", steps, "must be 1, 2 or 3; 0: as many as the campaign says")
    with app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        account = account_rows.account_named(tx, account_name)
        langs = [lang for lang in account.langs if lang in campaign.languages]
        for field, given in (("slots", slots or {}), ("zone", zones or {})):
            for lang in given:
                if lang not in langs:
                    rule = f"account {account.name} speaks in this campaign: {', '.join(langs) or 'nothing'}"
                    raise Invalid(f"{field} ({lang})", lang, rule)
        old = account_rules.rule_of(tx, campaign.id, account.id)
        times = {lang: () if text == "none" else parse_slots(f"slots ({lang})", text) for lang, text in _of(slots)}
        places = {lang: "" if name == "none" else str(zone(f"zone ({lang})", name)) for lang, name in _of(zones)}
        rule_ = replace(
            old,
            slots={lang: found for lang, found in {**old.slots, **times}.items() if found},
            zones={lang: name for lang, name in {**old.zones, **places}.items() if name},
            spacing=old.spacing if spacing is None else timedelta(minutes=spacing) or None,
            steps=old.steps if steps is None else steps or None,
        )
        account_rules.keep(tx, rule_)
        detail: dict[str, Any] = {"campaign": campaign.name, "account": account.name, "steps": rule_.steps}
        detail |= {"slots": {lang: list(found) for lang, found in rule_.slots.items()}, "zones": dict(rule_.zones)}
        detail["spacing_minutes"] = None if rule_.spacing is None else int(rule_.spacing.total_seconds() // 60)
        event(app, tx, "account.ruled", by.name, detail=detail)
    return rule_, account


def next_free_slot(
    app: App,
    campaign_name: str,
    account_name: str,
    *,
    lang: str | None = None,
    after: datetime | None = None,
    leg: str | None = None,
) -> Slot:
    """Return the next slot of an account that nothing stands against: no post too near, quiet hours, or blackout.

    Args:
        lang: for this audience; None: the first of the account's languages that has slots.
        after: aware UTC; None: now.
        leg: whose zone counts where the audience has none of its own; None: the campaign's.

    Raises:
        Conflict: the account has no slots for it, or none is free within a year.
        NotFound.
    """
    start = after or app.clock.now()
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        account = account_rows.account_named(tx, account_name)
        days = Days.read(tx, campaign)
        home = campaign_rows.leg_named(tx, campaign, leg).zone if leg else campaign.zone
        rule = account_rules.rule_of(tx, campaign.id, account.id)
        chosen = lang or next((one for one in account.langs if rule.slots.get(one)), None)
        if chosen is None or not rule.slots.get(chosen):
            raise Conflict(
                f"account {account.name} has no slots{f' for {lang}' if lang else ''} in campaign {campaign.name}; "
                f"give it some: campaign account rule {account.name} --campaign {campaign.name} --slots ko=08:00,19:00"
            )
        where = audience_zone(chosen, campaign.quiet_hours, home, rule.zones)
        spacing = rule.spacing or APART
        until = start + timedelta(days=FAR)
        times = [at for at, _, _ in account_rules.times_of(tx, account.id, start - spacing, until)]

    def free(at: datetime) -> bool:
        return (
            neighbour(at, times, spacing) is None
            and audience_time(at, [chosen], campaign.quiet_hours, home)[0] == at
            and dark(days.blackouts, at, {chosen: where}, kind="hard") is None
        )

    found = next_slot(start, rule.slots[chosen], where, free=free)
    if found is None:
        raise Conflict(f"account {account.name} has no free slot for {chosen} within a year")
    return Slot(found, found.astimezone(ZoneInfo(where)).replace(tzinfo=None), where, account.name, chosen)


def _of(given: Mapping[str, str] | None) -> Sequence[tuple[str, str]]:
    return list((given or {}).items())
