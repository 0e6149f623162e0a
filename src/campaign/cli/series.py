"""Series: a post that comes again, copied to another time, and what is done with all of a series at once."""

from datetime import timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.delivery import brief
from campaign.cli.here import HERE, Here
from campaign.cli.show import cell, data, iso, line, say, table
from campaign.core.errors import Invalid
from campaign.core.plan import Series
from campaign.core.schedule import Fold, Gap, in_zone
from campaign.core.series import shown
from campaign.service.duplicate import duplicate
from campaign.service.repeat import Reached, end, repeat
from campaign.store import campaigns as campaign_rows
from campaign.store import queue
from campaign.store import series as series_rows


def repeat_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    every: str,
    until: str | None = None,
    min_gap: float = 1440,
    name: str | None = None,
    approve: bool = False,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Make a post come again: each further time is a post of its own (P01-2, P01-3, …) that needs its own approval.

    Example: campaign post repeat P01 --every "FREQ=WEEKLY;BYDAY=MO" --until 2027-01-31

    The wall time stays the same when the clocks change. A time that is missed is missed; nothing is sent later at once.

    Args:
        id: Its id; it is the first of the series.
        every: The rule, as calendars write it (RFC 5545, RRULE): FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, and more.
        until: The last day, YYYY-MM-DD, where the rule has no end of its own (COUNT=10).
        min_gap: Minutes that two of them must be apart, at least 60.
        name: What the series is called; by default as the post.
        approve: Enqueue all at once, where the campaign wants no approval.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app:
        done = repeat(
            app,
            id,
            every=every,
            by=here.person(app),
            until=until,
            min_gap=_minutes(min_gap),
            series_name=name,
            approve_now=approve,
            campaign_name=campaign,
        )
    for each in done.told:
        say(each)
    if here.json:
        posts = [{"id": post.name, "due_at": iso(post.due_at)} for post in done.posts]
        data(_series(done.series) | {"posts": posts, "told": list(done.told), "deliveries": len(done.deliveries)})
        return
    line(f"series {done.series.name}: {len(done.posts)} posts, to {in_zone(done.posts[-1].due_at, done.series.zone)}")
    if not done.deliveries:
        line(f"each waits for its approval: campaign post approve {done.posts[1].name}")


def copy_it(
    id: Annotated[str, Parameter(name="ID")],
    copy: Annotated[str, Parameter(name="NEW")],
    /,
    *,
    at: str,
    tz: str | None = None,
    gap: Gap | None = None,
    fold: Fold | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Make a post like another, at another time; its translations are kept, and each needs a look.

    Example: campaign post copy P01 P11 --at "2026-12-24 18:00"

    Args:
        id: The id of the post that is copied.
        copy: The id of the new one.
        at: Its local time, YYYY-MM-DD HH:MM.
        tz: The zone of that time; by default that of the post that is copied.
        gap: Where the clocks skip that time: the time after (forward) or before (back).
        fold: Where that time happens twice: the first or the second.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app:
        by = here.person(app)
        done = duplicate(app, id, copy, at=at, by=by, tz=tz, gap=gap, fold=fold, campaign_name=campaign)
    if here.json:
        told = {"post": done.post.name, "due_at": iso(done.post.due_at), "unchecked": list(done.unchecked)}
        data(told | {"deliveries": [brief(row) for row in done.deliveries]})
        return
    line(f"post {done.post.name} goes out {in_zone(done.post.due_at, done.post.zone)}")
    for lang in done.unchecked:
        line(f"{lang} needs a look; if it still holds: campaign post translate {done.post.name} --lang {lang} --holds")


def show_all(*, campaign: str | None = None, here: Here = HERE) -> None:
    """List the series of posts.

    Example: campaign series list --campaign peace-2019

    Args:
        campaign: Only those of this campaign.
    """
    with here.opened() as app, app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        found = series_rows.all_series(tx, chosen)
        rows = [
            _series(entry) | {"campaign": name, "posts": len(series_rows.members(tx, entry))} for entry, name in found
        ]
    if here.json:
        data(rows)
        return
    heads = ("id", "campaign", "rule", "starts", "zone", "posts", "author", "ended_at")
    table(heads, [[cell(row[head]) for head in heads] for row in rows])


def show(id: Annotated[str, Parameter(name="ID")], /, *, campaign: str | None = None, here: Here = HERE) -> None:
    """Show a series with its posts and what became of them.

    Example: campaign series show P01

    Args:
        id: Its id: that of its first post, unless it was named otherwise.
        campaign: Its campaign, where several have a series of that id.
    """
    with here.opened() as app, app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        entry = series_rows.series_named(tx, id, chosen)
        rows: list[dict[str, Any]] = []
        for post in series_rows.members(tx, entry):
            states = sorted({str(row.state) for row in queue.of_post(tx, post.id)}) or ["not enqueued"]
            told = {"number": post.number, "id": post.name, "at": in_zone(post.due_at, post.zone)}
            rows.append(told | {"due_at": iso(post.due_at), "states": states})
    if here.json:
        data(_series(entry) | {"posts": rows})
        return
    ended = f"; ended {iso(entry.ended_at)}" if entry.ended_at else ""
    line(f"series {entry.name}: {entry.rule}, at least {shown(entry.min_gap)} apart{ended}")
    table(("number", "id", "at", "states"), [[row[head] for head in ("number", "id", "at", "states")] for row in rows])


def end_it(id: Annotated[str, Parameter(name="ID")], /, *, campaign: str | None = None, here: Here = HERE) -> None:
    """End a series: whatever has not left of it is taken back, approved or not.

    Example: campaign series end P01

    Args:
        id: Its id.
        campaign: Its campaign, where several have a series of that id.
    """
    with here.opened() as app:
        entry, done = end(app, id, by=here.person(app), campaign_name=campaign)
    if here.json:
        data(_series(entry) | reached(done))
        return
    line(f"series {entry.name} has ended; {len(done.posts)} posts are taken back")
    tell_left(done)


def reached(done: Reached) -> dict[str, Any]:
    """Return what a change to several posts reached, as plain JSON."""
    return {
        "posts": [{"id": post.name, "due_at": iso(post.due_at)} for post in done.posts],
        "deliveries": [brief(row) for row in done.deliveries],
        "left": [{"id": name, "why": why} for name, why in done.left],
        "told": list(done.told),
    }


def tell_left(done: Reached) -> None:
    """Say which posts were left as they were, and what the clocks did to the others."""
    for name, why in done.left:
        say(f"{name} is left as it was: {why}")
    for each in done.told:
        say(each)


def _minutes(value: float) -> timedelta:
    try:
        return timedelta(minutes=value)
    except (ValueError, OverflowError):  # nan, inf
        raise Invalid("min-gap", value, "must be a number of minutes") from None


def _series(entry: Series) -> dict[str, Any]:
    return {
        "id": entry.name,
        "rule": entry.rule,
        "zone": entry.zone,
        "starts": f"{entry.starts:%Y-%m-%d %H:%M}",
        "min_gap_minutes": int(entry.min_gap.total_seconds() // 60),
        "author": entry.author,
        "created_at": iso(entry.created_at),
        "ended_at": iso(entry.ended_at),
    }
