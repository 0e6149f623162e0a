"""Legs that change: edited, moved, removed; what stands against it is shown first."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_args

from cyclopts import Parameter

from campaign.cli.delivery import brief
from campaign.cli.given import by_lang, words
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, iso, line, say, table
from campaign.core.errors import Invalid
from campaign.core.model import Leg
from campaign.core.schedule import Fold, Gap, in_zone
from campaign.service.journey import Travelled, edit_leg, move_leg, remove_leg
from campaign.service.shift import Choices, Clash, Moved, Shift

T = TypeVar("T", bound=str)


def edit(
    name: Annotated[str, Parameter(name="ID")],
    /,
    *,
    campaign: str,
    zone: str | None = None,
    starts: Annotated[str | None, Parameter(name="--from")] = None,
    ends: Annotated[str | None, Parameter(name="--to")] = None,
    title: Annotated[list[str] | None, Parameter(name="--name")] = None,
    lat: float | None = None,
    lon: float | None = None,
    gap: Annotated[list[str] | None, Parameter(name="--gap")] = None,
    fold: Annotated[list[str] | None, Parameter(name="--fold")] = None,
    leave: Annotated[list[str] | None, Parameter(name="--leave")] = None,
    dry_run: bool = False,
    here: Here = HERE,
) -> int:
    """Change a leg; with another zone its posts keep their local time.

    Example: campaign leg edit irkutsk --campaign peace-2019 --zone Europe/Berlin --dry-run

    What stands against it is listed, and nothing is changed before it is decided.

    Args:
        name: Its id.
        campaign: The campaign's id.
        zone: Its time zone, by its IANA name.
        starts: Its first day, YYYY-MM-DD.
        ends: Its last day.
        title: LANG=TEXT, what the place is called; may be given several times.
        lat: Degrees north.
        lon: Degrees east.
        gap: Where the clocks skip a post's time: forward or back, for all, or POST=back for one.
        fold: Where it happens twice: first or second, for all, or POST=second for one.
        leave: Posts that stay as they are, with commas between.
        dry_run: Only show what would move.
    """
    with here.opened() as app:
        done = edit_leg(
            app,
            campaign,
            name,
            by=here.person(app),
            zone_name=zone,
            starts_on=starts,
            ends_on=ends,
            title=by_lang("name", title or []),
            latitude=lat,
            longitude=lon,
            choices=choices_of(gap, fold, leave),
            dry_run=dry_run,
        )
    return _tell(here, done, dry_run=dry_run)


def move(
    name: Annotated[str, Parameter(name="ID")],
    /,
    *,
    campaign: str,
    distance: Annotated[str | None, Parameter(name="--by", allow_leading_hyphen=True)] = None,
    to_date: str | None = None,
    gap: Annotated[list[str] | None, Parameter(name="--gap")] = None,
    fold: Annotated[list[str] | None, Parameter(name="--fold")] = None,
    leave: Annotated[list[str] | None, Parameter(name="--leave")] = None,
    dry_run: bool = False,
    here: Here = HERE,
) -> int:
    """Move a leg with its posts, on the wall clock.

    Examples: campaign leg move moscow --campaign peace-2019 --by "+3 days" · campaign leg move moscow --campaign
    peace-2019 --to-date 2019-10-09 --dry-run

    Args:
        name: Its id.
        campaign: The campaign's id.
        distance: "+3 days", "-1 day", "+2 hours", "+30 minutes".
        to_date: Its new first day, YYYY-MM-DD.
        gap: Where the clocks skip a post's time: forward or back, for all, or POST=back for one.
        fold: Where it happens twice: first or second, for all, or POST=second for one.
        leave: Posts that stay as they are, with commas between.
        dry_run: Only show what would move.
    """
    with here.opened() as app:
        done = move_leg(
            app,
            campaign,
            name,
            by=here.person(app),
            distance=distance,
            to_date=to_date,
            choices=choices_of(gap, fold, leave),
            dry_run=dry_run,
        )
    return _tell(here, done, dry_run=dry_run)


def remove(name: Annotated[str, Parameter(name="ID")], /, *, campaign: str, here: Here = HERE) -> None:
    """Remove a leg on which no post hangs.

    Example: campaign leg remove berlin --campaign peace-2019

    Args:
        name: Its id.
        campaign: The campaign's id.
    """
    with here.opened() as app:
        leg = remove_leg(app, campaign, name, by=here.person(app))
    if here.json:
        data(_leg(leg))
    else:
        line(f"leg {leg.name}: removed")


def choices_of(gap: Sequence[str] | None, fold: Sequence[str] | None, leave: Sequence[str] | None) -> Choices:
    """Return what a person has decided, of 'back', 'P03=back' and names. Raises: Invalid."""
    gap_all, gaps = _by_post("gap", words(gap or []), get_args(Gap))
    fold_all, folds = _by_post("fold", words(fold or []), get_args(Fold))
    return Choices(gap_all, fold_all, gaps, folds, frozenset(words(leave or [])))


def _by_post(option: str, given: Sequence[str], known: Sequence[T]) -> tuple[T | None, Mapping[str, T]]:
    for_all: T | None = None
    found: dict[str, T] = {}
    for item in given:
        post, _, text = item.rpartition("=")
        value = next((one for one in known if one == text), None)
        if value is None:
            raise Invalid(option, item, f"must be {' or '.join(known)}, or POST={known[0]} for one post")
        if post:
            found[post] = value
        else:
            for_all = value
    return for_all, found


def shift_plain(shift: Shift) -> dict[str, Any]:
    """Return what moves and what stands against it as plain JSON."""
    return {
        "moved": [_moved(each) for each in shift.moved],
        "conflicts": [
            {"code": each.code, "post": each.post, "text": each.text, "undecided": each.stops} for each in shift.clashes
        ],
    }


def tell_shift(shift: Shift) -> None:
    """Show what moves, and what stands against it."""
    if shift.moved:
        heads = ("post", "from", "to", "deliveries")
        rows = [
            (
                each.new.name,
                in_zone(each.old.due_at, each.old.zone),
                in_zone(each.new.due_at, each.new.zone),
                len(each.rows),
            )
            for each in shift.moved
        ]
        table(heads, rows)
    for clash in sorted(shift.clashes, key=lambda clash: not clash.stops):
        say(_said(clash))


def _said(clash: Clash) -> str:
    mark = "to decide" if clash.stops else "note"
    return f"{mark}: {clash.post or 'leg'} ({clash.code}): {clash.text}"


def _tell(here: Here, done: Travelled, *, dry_run: bool) -> int:
    undecided = len(done.shift.undecided)
    if here.json:
        data({"leg": _leg(done.leg), "done": done.done} | shift_plain(done.shift))
    else:
        tell_shift(done.shift)
        line(f"leg {done.leg.name}: {done.leg.starts_on} to {done.leg.ends_on}, {done.leg.zone}; {_end(done)}")
    if undecided and not dry_run:
        say(f"nothing was changed: {undecided} to decide first")
        return 5
    return 0


def _end(done: Travelled) -> str:
    number = len(done.shift.moved)
    return f"{number} posts moved" if done.done else f"{number} posts would move; nothing was changed"


def _moved(each: Moved) -> dict[str, Any]:
    return {
        "post": each.new.name,
        "from": iso(each.old.due_at),
        "from_zone": each.old.zone,
        "to": iso(each.new.due_at),
        "zone": each.new.zone,
        "deliveries": [brief(row) for row in each.rows],
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
