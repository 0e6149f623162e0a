"""What a campaign asks of an account, and its next free slot."""

from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.given import by_lang
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, fields, iso, line
from campaign.core.plan import AccountRule
from campaign.core.schedule import in_zone, parse_local, resolve
from campaign.core.schedule import zone as known_zone
from campaign.service.rules import next_free_slot, set_rule
from campaign.store import account_rules
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows


def rule(
    name: Annotated[str, Parameter(name="ACCOUNT")],
    /,
    *,
    campaign: str,
    slots: Annotated[list[str] | None, Parameter(name="--slots")] = None,
    zone: Annotated[list[str] | None, Parameter(name="--zone")] = None,
    spacing: int | None = None,
    steps: int | None = None,
    here: Here = HERE,
) -> None:
    """Say what a campaign asks of an account; without options, show it.

    Example: campaign account rule kr --campaign c --slots ko=08:00,19:00 --zone ko=Asia/Seoul --spacing 90 --steps 2

    Args:
        name: The account.
        campaign: The campaign's id.
        slots: LANG=08:00,19:00, the local times at which its audience is best reached; LANG=none takes them away.
        zone: LANG=ZONE, where that audience lives; by default that of its quiet hours, else the leg's.
        spacing: Minutes between two of its posts, below which a person is warned; 0: none.
        steps: How many people approve what goes to it, one after the other; 0: as many as the campaign says.
    """
    with here.opened() as app:
        if slots is None and zone is None and spacing is None and steps is None:
            with app.store.read() as tx:
                account = account_rows.account_named(tx, name)
                found = account_rules.rule_of(tx, campaign_rows.campaign_named(tx, campaign).id, account.id)
        else:
            found, account = set_rule(
                app,
                campaign,
                name,
                by=here.person(app),
                slots=by_lang("slots", slots or []),
                zones=by_lang("zone", zone or []),
                spacing=spacing,
                steps=steps,
            )
    told = {"account": account.name, "campaign": campaign} | _plain(found)
    if here.json:
        data(told)
    else:
        fields(told)


def next_slot_of(
    *, account: str, campaign: str, lang: str | None = None, after: str | None = None, here: Here = HERE
) -> None:
    """Show the next free slot of an account: no post too near, no quiet hours, no blackout.

    Example: campaign queue next --account kr --campaign peace-2019 --lang ko

    Args:
        account: The account.
        campaign: The campaign's id.
        lang: For this audience; by default the first language of the account that has slots.
        after: From this local time of the campaign's zone on, YYYY-MM-DD HH:MM; by default from now.
    """
    with here.opened() as app:
        with app.store.read() as tx:
            home = campaign_rows.campaign_named(tx, campaign).zone
        start = resolve("after", parse_local("after", after), str(known_zone("zone", home))) if after else None
        slot = next_free_slot(app, campaign, account, lang=lang, after=start)
    if here.json:
        told = {"account": slot.account, "lang": slot.lang, "at": f"{slot.local:%Y-%m-%d %H:%M}"}
        data(told | {"zone": slot.zone, "due_at": iso(slot.at)})
    else:
        line(f"{slot.account} ({slot.lang}): {in_zone(slot.at, slot.zone)}")


def _plain(found: AccountRule) -> dict[str, Any]:
    return {
        "slots": {lang: list(times) for lang, times in found.slots.items()},
        "zones": dict(found.zones),
        "spacing_minutes": None if found.spacing is None else int(found.spacing.total_seconds() // 60),
        "steps": found.steps,
    }
