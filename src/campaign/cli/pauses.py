"""Pauses: put up and taken back."""

from typing import Annotated

from cyclopts import Parameter

from campaign.cli.here import HERE, Here
from campaign.cli.show import data, iso, line, say
from campaign.service.pause import Scope, pause, resume


def pause_it(
    scope: Scope = "all",
    name: str = "",
    /,
    *,
    reason: Annotated[str, Parameter(name="--reason")],
    here: Here = HERE,
) -> None:
    """Let nothing of a scope go out until it is resumed.

    Args:
        scope: What is paused.
        name: Which campaign, language, platform or account.
        reason: Why, for those who find it paused.
    """
    with here.opened() as app:
        entry = pause(app, scope, name, reason=reason, by=here.person(app))
    if here.json:
        since = iso(entry.since)
        told = {"scope": entry.scope, "name": entry.name, "reason": entry.reason, "by": entry.person, "since": since}
        data(told)
    else:
        line(f"paused: {f'{scope} {name}'.strip()} ({entry.reason})")


def resume_it(scope: Scope = "all", name: str = "", /, *, here: Here = HERE) -> None:
    """Take a pause back.

    Args:
        scope: What was paused.
        name: Which campaign, language, platform or account.
    """
    with here.opened() as app:
        missed = resume(app, scope, name, by=here.person(app))
    if here.json:
        data({"scope": scope, "name": name, "missed": missed})
        return
    line(f"resumed: {f'{scope} {name}'.strip()}")
    if missed:
        say(f"{len(missed)} missed deliveries wait for you; see: campaign delivery list --state missed")
