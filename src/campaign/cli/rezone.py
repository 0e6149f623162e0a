"""What an update of the time zone database moves."""

from typing import Annotated

from cyclopts import Parameter

from campaign.cli.here import HERE, Here
from campaign.cli.leg import choices_of, shift_plain, tell_shift
from campaign.cli.show import data, line, say
from campaign.service.rezone import rezone


def check_it(
    *,
    apply: bool = False,
    gap: Annotated[list[str] | None, Parameter(name="--gap")] = None,
    fold: Annotated[list[str] | None, Parameter(name="--fold")] = None,
    leave: Annotated[list[str] | None, Parameter(name="--leave")] = None,
    here: Here = HERE,
) -> int:
    """Say which posts go out at another instant because the time zone database has changed since they were written.

    Examples: campaign time check · campaign time check --apply

    Args:
        apply: Move them, so that their local times are kept.
        gap: Where the clocks now skip a post's time: forward or back, for all, or POST=back for one.
        fold: Where it now happens twice: first or second, for all, or POST=second for one.
        leave: Posts that stay as they are, with commas between.
    """
    with here.opened() as app:
        by = here.person(app) if apply else None
        found = rezone(app, by=by, apply=apply, choices=choices_of(gap, fold, leave))
        version = app.tzdata
    undecided = sum(len(each.shift.undecided) for each in found)
    if here.json:
        told = [{"campaign": each.campaign, "done": each.done} | shift_plain(each.shift) for each in found]
        data({"tzdata": version, "campaigns": told})
    else:
        for each in found:
            line(f"campaign {each.campaign}: {each.checked} posts of an older tzdata, {len(each.shift.moved)} move")
            tell_shift(each.shift)
        moves = sum(len(each.shift.moved) for each in found)
        verb = "moved" if apply else "would move"
        line(f"tzdata {version}: {moves} posts {verb}" if moves else f"tzdata {version}: every post keeps its instant")
    if undecided and apply:
        say(f"{undecided} to decide first; their campaigns are left as they are")
        return 5
    return 0
