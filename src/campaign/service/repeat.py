"""repeat: a post that comes again by a rule. Each time is a post of its own, with its own approval and deliveries.

Nothing is made when its time comes: all of a series is there from the beginning, to be seen and approved, and what was
missed is missed. So a series never bursts, whatever stood still meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from campaign.core.errors import CampaignError, Conflict, Forbidden, Invalid
from campaign.core.language import latest
from campaign.core.model import Delivery, Person, Post, Role, Variant
from campaign.core.plan import Series
from campaign.core.schedule import FORMAT, Fold, Gap, parse_local, zone
from campaign.core.series import DAY, Occurrence, demand_gap, occurrences, read_rule, resolved
from campaign.service import App, demand_role, event
from campaign.service.draft import checked_name
from campaign.service.duplicate import Copies, Original, fresh
from campaign.service.enqueue import cancel, enqueue, move
from campaign.service.revise import Edit, Revised, revise
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import series as series_rows
from campaign.store.series import Joined

Scope = Literal["this", "following", "all"]  # of a series: this post, it and those after it, or every one


@dataclass(frozen=True, slots=True)
class Repeated:
    """A series that was made: its posts, the first too, what became of single times, and what was enqueued."""

    series: Series
    posts: tuple[Post, ...]
    told: tuple[str, ...]
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Reached:
    """What a change to several posts of a series reached.

    Attributes:
        posts: those that were changed, as they are now.
        deliveries: theirs that were moved or cancelled.
        left: name of a post → why it was left as it was.
        told: what the clocks did to the times.
    """

    posts: tuple[Post, ...]
    deliveries: tuple[Delivery, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    told: tuple[str, ...] = ()


def repeat(
    app: App,
    name: str,
    *,
    every: str,
    by: Person,
    until: str | None = None,
    min_gap: timedelta = DAY,
    series_name: str | None = None,
    approve_now: bool = False,
    campaign_name: str | None = None,
) -> Repeated:
    """Make a series of a post: it is the first, and each further time is a copy of it, called P01-2, P01-3, ….

    Translations are kept, and what is outdated in them is outdated in each copy. No approval is copied. A time that is
    past already is left out, and so is one on a hard blackout day. The wall time stays the same through changes of the
    clocks.

    Args:
        every: an RRULE of RFC 5545: FREQ=WEEKLY;BYDAY=MO.
        until: the last day, YYYY-MM-DD, in place of an end in the rule.
        min_gap: that two of them must be apart, on the wall clock.
        approve_now: enqueue them at once, where the campaign wants no approval.

    Raises:
        Invalid: a rule that cannot be followed, has no end, or gives too many or too close.
        Conflict: it is in a series already, or a name is used.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR)
    with app.store.begin() as tx:
        post = _post(tx, name, campaign_name)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        if approve_now and campaign.approval != "none":
            raise Forbidden(f"campaign '{campaign.name}' wants approvals: leave --approve out")
        if post.series_id is not None:
            raise Conflict(f"post {post.name} is in series '{series_rows.series_of(tx, post.series_id).name}' already")
        rule = read_rule("every", every, post.zone)
        if until is not None:
            if rule.until is not None or rule.count is not None:
                raise Invalid("until", until, "must not be given where the rule has an end (UNTIL or COUNT)")
            rule = replace(rule, until=datetime.combine(_day("until", until), time(23, 59, 59)))
        times = occurrences("every", rule, post.local_at, post.zone, min_gap=min_gap)
        entry = Series(
            app.new_id(),
            campaign.id,
            checked_name("name", series_name or post.name),
            str(rule),
            post.zone,
            post.local_at,
            min_gap,
            by.name,
            app.clock.now(),
        )
        series_rows.add_series(tx, entry)
        now = app.clock.now()
        coming = [(number, one) for number, one in enumerate(times, 1) if number > 1 and one.due_at >= now]
        if not coming:
            raise Invalid("every", str(rule), "gives no time that is still to come")
        names = [checked_name("id", f"{post.name}-{number}") for number, _ in coming]
        if taken := post_rows.taken_names(tx, campaign, names):
            raise Conflict(f"post id '{taken[0]}' is used already in campaign {campaign.name}; nothing was changed")
        first = post_rows.change_post(tx, replace(post, series_id=entry.id, number=1), at=now)
        original, copies = Original.read(app, tx, campaign, first), Copies()
        told: list[str] = []
        for wanted, (number, one) in zip(names, coming, strict=True):
            at: dict[str, Any] = {"local_at": one.local, "due_at": one.due_at, "gap": one.gap, "fold": one.fold}
            made = fresh(app, first, by=by, name=wanted, series_id=entry.id, number=number, **at)
            if dark := [each for each in original.stops(made) if each.is_error]:
                told.append(f"{wanted} is left out: {dark[0]}")
                continue
            told += [said] if (said := one.told(post.zone)) else []
            copies.add(app, original, made, checked=True)
        if not copies.posts:
            raise Invalid("every", str(rule), f"gives no time at which a post may go out; {told[0]}")
        copies.keep(app, tx)
        detail = {"series": entry.name, "rule": entry.rule, "posts": len(copies.posts) + 1}
        event(app, tx, "series.added", by.name, post_id=post.id, detail=detail)
        deliveries = [
            each
            for made in copies.posts
            for each in (enqueue(app, tx, campaign, made, by=by.name) if approve_now else ())
        ]
    return Repeated(entry, (first, *copies.posts), tuple(told), tuple(deliveries))


def move_all(
    app: App,
    name: str,
    *,
    at: str,
    by: Person,
    scope: Scope = "this",
    tz: str | None = None,
    gap: Gap | None = None,
    fold: Fold | None = None,
    campaign_name: str | None = None,
    **options: Any,
) -> Reached:
    """Give a post another local time, and shift those of its series by as much on the wall clock; all of it or nothing.

    What is out, cancelled or under way stays, and so does what would land in the past; each is named.

    Args:
        options: what else move() takes.

    Raises:
        Invalid: the post's own time cannot be, or two of the series would be too close.
        Conflict: the post cannot be moved, or others are meant and it is in no series.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    left: list[tuple[str, str]] = []
    told: list[str] = []
    rows: list[Delivery] = []
    done: list[Post] = []
    with app.store.begin() as tx:
        post, entry, chosen = _chosen(tx, name, scope, campaign_name)
        where = tz or post.zone
        zone("tz", where)
        shift = parse_local("at", at) - post.local_at
        joined = replace(app, store=Joined(app.store, tx))
        for each in chosen:
            there = tz or each.zone
            local = each.local_at + shift
            one = resolved(local, there)
            own = each.id == post.id
            if not own and one.due_at < app.clock.now():
                left.append((each.name, f"{local.strftime(FORMAT)} {there} is past"))
                continue
            try:
                choice: dict[str, Any] = {"gap": gap, "fold": fold} if own else {"gap": "forward", "fold": "first"}
                at_ = local.strftime(FORMAT)
                moved, deliveries = move(joined, each.id, at=at_, by=by, tz=there, **choice, **options)
            except CampaignError as error:
                if own:
                    raise
                left.append((each.name, str(error)))
                continue
            done.append(moved)
            rows += deliveries
            told += [said] if not own and (said := one.told(there)) else []
        try:
            if entry is not None:
                _demand_apart(tx, entry, at)
        except Invalid as error:
            for other, why in left:
                error.add_note(f"{other} would stay where it is: {why}")
            raise
    return Reached(tuple(done), tuple(rows), tuple(left), tuple(told))


def cancel_all(app: App, name: str, *, by: Person, scope: Scope = "this", campaign_name: str | None = None) -> Reached:
    """Take back what has not left of a post, and of those of its series, approved or not; what is out stays, named.

    Raises:
        Conflict: there is nothing to take back of any of them.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        _, _, chosen = _chosen(tx, name, scope, campaign_name)
        reached = _take_back(app, tx, chosen, by)
        if not reached.posts:
            raise Conflict("; ".join(dict.fromkeys(why for _, why in reached.left)))
    return reached


def end(app: App, name: str, *, by: Person, campaign_name: str | None = None) -> tuple[Series, Reached]:
    """End a series: whatever has not left of it is taken back.

    Raises:
        NotFound: there is no such series.
        Conflict: it has ended already.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        entry = series_rows.series_named(tx, name, chosen)
        if entry.ended_at is not None:
            raise Conflict(f"series '{entry.name}' has ended already")
        now = app.clock.now()
        series_rows.end_series(tx, entry.id, at=now)
        reached = _take_back(app, tx, series_rows.members(tx, entry), by)
        detail = {"series": entry.name, "cancelled": [post.name for post in reached.posts]}
        event(app, tx, "series.ended", by.name, detail=detail)
    return replace(entry, ended_at=now), reached


def revise_all(
    app: App,
    name: str,
    lang: str,
    edit: Edit,
    *,
    by: Person,
    scope: Scope = "this",
    based_on: int | None = None,
    campaign_name: str | None = None,
) -> tuple[Revised, Reached]:
    """Revise a post in one language, and likewise those of its series that say the same; others are left and named.

    Each is revised for itself: a crash leaves the later ones as they were.

    Raises:
        As revise() does, for the post itself; nothing is changed then.
    """
    with app.store.read() as tx:
        post, _, chosen = _chosen(tx, name, scope, campaign_name)
        before = {each.id: latest(post_rows.variants_of(tx, each.id)).get(lang) for each in chosen}
    first = revise(app, post.id, lang, edit, by=by, based_on=based_on)
    left: list[tuple[str, str]] = []
    done: list[Post] = []
    for each in chosen:
        if each.id == post.id:
            continue
        own, model = before[each.id], before[post.id]
        if _said(own) != _said(model):
            left.append((each.name, f"says something of its own in {lang}"))
            continue
        try:
            seen = own.revision if own else None
            done.append(revise(app, each.id, lang, edit, by=by, based_on=seen).post)
        except CampaignError as error:
            left.append((each.name, str(error)))
    return first, Reached((first.post, *done), left=tuple(left))


def _take_back(app: App, tx: Any, chosen: Sequence[Post], by: Person) -> Reached:
    joined = replace(app, store=Joined(app.store, tx))
    left: list[tuple[str, str]] = []
    rows: list[Delivery] = []
    done: list[Post] = []
    for post in chosen:
        known = post_rows.enqueued(tx, post.id)
        drafts = [entry for entry in post_rows.outgoings_of(tx, post.id) if entry.id not in known]
        try:
            rows += cancel(joined, post.id, by=by)
        except Conflict as error:
            if not drafts:
                left.append((post.name, str(error)))
                continue
            post_rows.touch_post(tx, post.id, at=app.clock.now())
            event(app, tx, "post.cancelled", by.name, post_id=post.id, detail={"deliveries": []})
        for entry in drafts:  # else somebody could still approve it
            post_rows.withdraw_outgoing(tx, entry.id, at=app.clock.now())
        done.append(post)
    return Reached(tuple(done), tuple(rows), tuple(left))


def _chosen(tx: Any, name: str, scope: Scope, campaign_name: str | None) -> tuple[Post, Series | None, list[Post]]:
    post = _post(tx, name, campaign_name)
    if post.series_id is None and scope == "this":
        return post, None, [post]
    if post.series_id is None:
        raise Conflict(f"post {post.name} is in no series; leave --scope out, or: campaign post repeat {post.name}")
    entry = series_rows.series_of(tx, post.series_id)
    every = series_rows.members(tx, entry)
    match scope:
        case "this":
            return post, entry, [post]
        case "following":
            return post, entry, [each for each in every if (each.number or 0) >= (post.number or 0)]
        case _:
            return post, entry, list(every)


def _demand_apart(tx: Any, entry: Series, at: str) -> None:
    """Check that the posts of a series that live are far enough apart. Raises: Invalid."""
    info = ZoneInfo(entry.zone)
    times = []
    for post in series_rows.living(tx, entry):
        local = post.local_at if post.zone == entry.zone else post.due_at.astimezone(info).replace(tzinfo=None)
        times.append(Occurrence(local, post.due_at))
    demand_gap("at", at, times, entry.min_gap, entry.zone)


def _said(variant: Variant | None) -> object:
    if variant is None:
        return None
    return variant.text, variant.tags, variant.link, variant.title, dict(variant.alt), dict(variant.captions)


def _post(tx: Any, name: str, campaign_name: str | None) -> Post:
    chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
    return post_rows.post_named(tx, name, chosen)


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, text, "must be a day written YYYY-MM-DD, as in 2027-01-31") from None
