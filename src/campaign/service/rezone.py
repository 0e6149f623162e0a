"""rezone: what an update of the time zone database moves: told first, and done by the machinery that moves legs."""

from dataclasses import dataclass
from typing import Any

from campaign.core.model import Person, Role
from campaign.service import App, demand_role, event
from campaign.service.days import Days
from campaign.service.notify import over, tell
from campaign.service.shift import UNDECIDED, Choices, Shift, Wanted, do_shift, plan_shift
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows

KIND = "tzdata"


@dataclass(frozen=True, slots=True)
class Rezoned:
    """What moves in one campaign; `checked`: how many posts were resolved by another version of the database."""

    campaign: str
    checked: int
    shift: Shift
    done: bool


def rezone(app: App, *, by: Person | None = None, apply: bool = False, choices: Choices = UNDECIDED) -> list[Rezoned]:
    """Resolve anew the posts that another version of the zone database resolved; return what moves, by campaign.

    Their local times stay; their instants follow the zones as they are known now. Those that stay are only noted as
    checked. A campaign in which something must be decided first is left as it is.

    Args:
        by: who applies it; may be None where nothing is applied.

    Raises:
        Forbidden: this person may not move posts.
        Invalid: a choice names a post that does not move.
    """
    if apply:
        if by is None:
            raise TypeError("who applies it must be named")
        demand_role(by, Role.AUTHOR, Role.APPROVER)
    if not apply:
        with app.store.read() as tx:
            return _all(app, tx, choices)
    with app.store.begin() as tx:
        found = [_apply(app, tx, each, str(by.name if by else "")) for each in _all(app, tx, choices)]
        if all(each.done for each in found):
            over(app, tx, KIND, app.tzdata)
    return found


def watch_zones(app: App) -> int:
    """Tell once that the zone database has changed and posts would move by it; return how many.

    For the processes that publish, when they begin.
    """
    with app.store.read() as tx:
        found = _all(app, tx, UNDECIDED)
    number = sum(len(each.shift.moved) + len(each.shift.undecided) for each in found)
    with app.store.begin() as tx:
        if number and tell(app, tx, KIND, app.tzdata, number=number, campaigns=[each.campaign for each in found]):
            app.log("tzdata.changed", version=app.tzdata, posts=number)
        if not number:
            over(app, tx, KIND, app.tzdata)
    return number


def _all(app: App, tx: Any, choices: Choices) -> list[Rezoned]:
    found: list[Rezoned] = []
    for campaign in campaign_rows.all_campaigns(tx):
        old = [post for post in post_rows.posts_of(tx, campaign.id) if post.tzdata != app.tzdata]
        waiting = [post for post in old if post.due_at >= app.clock.now()]
        if not waiting:
            continue
        names = {post.name for post in waiting}
        chosen = Choices(
            choices.gap,
            choices.fold,
            {name: gap for name, gap in choices.gaps.items() if name in names},
            {name: fold for name, fold in choices.folds.items() if name in names},
            frozenset(choices.leave & names),
        )
        wanted = [Wanted(post, post.local_at, post.zone) for post in waiting]
        shift = plan_shift(app, tx, Days.read(tx, campaign), wanted, chosen)
        found.append(Rezoned(campaign.name, len(waiting), shift, done=False))
    return found


def _apply(app: App, tx: Any, found: Rezoned, by: str) -> Rezoned:
    if found.shift.undecided:
        return found
    campaign = campaign_rows.campaign_named(tx, found.campaign)
    shift = do_shift(app, tx, campaign, found.shift, by=by, because=f"tzdata {app.tzdata}")
    moved = {each.new.id for each in shift.moved}
    left = {clash.post for clash in shift.clashes if clash.code in ("left", "under-way", "out", "past")}
    same = [
        post.id
        for post in post_rows.posts_of(tx, campaign.id)
        if post.tzdata != app.tzdata and post.id not in moved and post.due_at >= app.clock.now()
    ]
    names = {post.id: post.name for post in post_rows.posts_of(tx, campaign.id)}
    post_rows.set_tzdata(tx, [post_id for post_id in same if names[post_id] not in left], app.tzdata)
    event(app, tx, "times.checked", by, detail={"campaign": campaign.name, "tzdata": app.tzdata, "posts": len(moved)})
    return Rezoned(found.campaign, found.checked, shift, done=True)
