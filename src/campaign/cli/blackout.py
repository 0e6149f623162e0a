"""Blackout days: added, listed, removed."""

from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.delivery import brief
from campaign.cli.given import by_lang, words
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line, say, table
from campaign.core.blackout import days_shown
from campaign.core.model import Delivery
from campaign.core.plan import Blackout
from campaign.service.blackout import Changed, add_blackout, remove_blackout
from campaign.store import blackouts as blackout_rows


def add(
    day: Annotated[str, Parameter(name="DAY")],
    /,
    *,
    reason: str,
    to: str | None = None,
    campaign: str | None = None,
    soft: bool = False,
    lang: Annotated[list[str] | None, Parameter(name="--lang")] = None,
    zone: str | None = None,
    title: Annotated[list[str] | None, Parameter(name="--title")] = None,
    here: Here = HERE,
) -> None:
    """Let nothing go out on a day; what is scheduled for it is held at once.

    Examples: campaign blackout add today --reason "국가 애도일" · campaign blackout add 2026-06-01 --to 2026-06-03
    --campaign c --lang ko --reason "선거"

    Args:
        day: The first day, YYYY-MM-DD, or today.
        reason: Why; it is the blackout's name, and what is held tells it.
        to: The last day; by default the first.
        campaign: For this campaign alone; by default for all.
        soft: Only warn of it.
        lang: For the audiences of these languages alone, with commas between; by default for all.
        zone: Whose days are meant, by an IANA name; by default each audience's own.
        title: LANG=TEXT, what calendars call it; may be given several times.
    """
    with here.opened() as app:
        done = add_blackout(
            app,
            reason,
            starts_on=day,
            ends_on=to,
            by=here.person(app),
            campaign_name=campaign,
            kind="soft" if soft else "hard",
            langs=words(lang or []),
            zone=zone,
            title=by_lang("title", title or []),
        )
    _tell(here, done, "held")


def show_all(*, campaign: str | None = None, here: Here = HERE) -> None:
    """List the blackout days.

    Example: campaign blackout list

    Args:
        campaign: Only those that this campaign keeps, those of all campaigns with them.
    """
    with here.opened() as app, app.store.read() as tx:
        rows = [
            _plain(each, name) for each, name in blackout_rows.all_blackouts(tx) if campaign in (None, name) or not name
        ]
    if here.json:
        data(rows)
        return
    heads = ("reason", "from", "to", "kind", "campaign", "langs", "zone", "source")
    table(heads, [[row[head] for head in heads] for row in rows])


def remove(
    reason: Annotated[str, Parameter(name="REASON")], /, *, campaign: str | None = None, here: Here = HERE
) -> None:
    """Remove a blackout; what only it held is let go.

    Example: campaign blackout remove "국가 애도일"

    Args:
        reason: Its reason, as it was given.
        campaign: Its campaign; by default it is one of all campaigns.
    """
    with here.opened() as app:
        done = remove_blackout(app, reason, by=here.person(app), campaign_name=campaign)
    _tell(here, done, "judged anew")


def _tell(here: Here, done: Changed, what: str) -> None:
    if here.json:
        data(_plain(done.blackout, done.campaign) | {"deliveries": [_brief(row) for row in done.deliveries]})
        return
    where = done.campaign or "all campaigns"
    line(f"blackout {done.blackout.name} ({days_shown(done.blackout)}) of {where}: {len(done.deliveries)} {what}")
    for row in done.deliveries:
        say(f"{row.id}: {f'held: {row.held_because}' if row.held_because else 'let go'}")


def _plain(each: Blackout, campaign: str | None) -> dict[str, Any]:
    return {
        "reason": each.name,
        "from": each.starts_on.isoformat(),
        "to": each.ends_on.isoformat(),
        "kind": each.kind,
        "campaign": campaign,
        "langs": list(each.langs),
        "zone": each.zone,
        "title": dict(each.title),
        "source": each.source,
    }


def _brief(row: Delivery) -> dict[str, Any]:
    return brief(row) | {"held_because": row.held_because}
