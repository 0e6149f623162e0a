"""enqueue: from approved Outgoings to deliveries; and what a person does with the queue: move, cancel, retry."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from campaign.core.approval import filled, missing, refusal
from campaign.core.check import check, demand
from campaign.core.errors import Conflict, Invalid, LeaseLost
from campaign.core.model import Account, ArchiveState, Campaign, Delivery, Person, Post, Role
from campaign.core.schedule import Fold, Gap, in_zone, parse_local, resolve, zone
from campaign.core.states import State
from campaign.service import SYSTEM, App, demand_role, event
from campaign.service.days import RESCHEDULED, Days
from campaign.service.draft import checked_reason, raise_errors
from campaign.service.notify import HELD, decided, over, settled, tell_held
from campaign.service.standing import Standing, read, unready
from campaign.store import accounts as account_rows
from campaign.store import approvals as approval_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import outbox, queue
from campaign.store import posts as post_rows
from campaign.store.approvals import Approval
from campaign.store.posts import Queued

HOLDABLE = (State.SCHEDULED, State.CLAIMED, State.MISSED, State.FAILED)  # what has not crossed the line
FAULT = "does not pass: "  # how a reason begins for which a post was held when it was proofread before its time


def enqueue(app: App, tx: Any, campaign: Campaign, post: Post, *, by: str) -> list[Delivery]:
    """Put each Outgoing of a post that is approved whole into the queue, once; in the caller's transaction.

    A part is enqueued only after the part that it continues. Its idempotency key is made here and never changes.
    """
    known = post_rows.enqueued(tx, post.id)
    standing = read(tx, campaign, post, now=app.clock.now())
    made: list[Delivery] = []
    pending = [entry for entry in post_rows.outgoings_of(tx, post.id) if entry.id not in known]
    progress = True
    while pending and progress:
        progress = False
        for entry in list(pending):
            if standing.why_not(standing.asked_of(entry)) is not None:
                continue
            if entry.parent_id is not None and entry.parent_id not in known:
                continue
            account = account_rows.account_of(tx, entry.account_id)
            demand(check(entry.outgoing, app.capabilities(account)))
            parent_id = known[entry.parent_id] if entry.parent_id else None
            delivery = _delivery(app, campaign, entry, account, parent_id)
            outbox.add_delivery(tx, delivery, at=app.clock.now())
            event(app, tx, "delivery.enqueued", by, post_id=post.id, delivery_id=delivery.id)
            known[entry.id] = delivery.id
            made.append(delivery)
            pending.remove(entry)
            progress = True
    return _held_by_days(app, tx, Days.read(tx, campaign), post, made)


def _held_by_days(app: App, tx: Any, days: Days, post: Post, made: list[Delivery]) -> list[Delivery]:
    """Hold at once what was enqueued for a day on which nothing goes out; return all."""
    kept: list[Delivery] = []
    for row in made:
        why = days.darkness(post, row, app.clock.now())
        kept.append(outbox.note(tx, row, held_because=why) if why else row)
        if why:
            event(app, tx, "delivery.held", SYSTEM, post_id=post.id, delivery_id=row.id, detail={"why": why})
    return kept


def enqueue_cancelled(app: App, tx: Any, campaign: Campaign, entry: Queued, *, why: str) -> Delivery:
    """Put an Outgoing into the queue as taken back, with the reason: it is on record, and never goes out."""
    account = account_rows.account_of(tx, entry.account_id)
    parent_id = post_rows.enqueued(tx, entry.post_id)[entry.parent_id] if entry.parent_id else None
    delivery = replace(
        _delivery(app, campaign, entry, account, parent_id),
        state=State.CANCELLED,
        error=why,
        archive_state=ArchiveState.DUE,
    )
    outbox.add_delivery(tx, delivery, at=app.clock.now())
    return delivery


def _delivery(app: App, campaign: Campaign, entry: Queued, account: Account, parent_id: str | None) -> Delivery:
    return Delivery(
        id=app.new_id(),
        post_id=entry.post_id,
        account_id=entry.account_id,
        campaign_id=campaign.id,
        outgoing_id=entry.id,
        outgoing_sha256=entry.sha256,
        langs=entry.outgoing.langs,
        part=entry.outgoing.part,
        parent_id=parent_id,
        state=State.SCHEDULED,
        due_at=entry.due_at,
        late_after=entry.due_at + campaign.grace,
        key=app.new_key(),
        guarantee=account.guarantee,
        moved_because=entry.moved_because,
    )


def hold(app: App, tx: Any, campaign: Campaign, post: Post) -> list[Delivery]:
    """Hold what waits but must not go out as it is: outdated, returned or not approved; return what is held now.

    Approvals of a language that the source has left behind are taken back: the same words again are another word.
    """
    if old := read(tx, campaign, post, now=app.clock.now()).outdated:
        take_back(app, tx, post, old, because=f"{campaign.source_lang} says something else now")
    return _hold(app, tx, campaign, post, _standing(app, tx, campaign, post, None))


def release(app: App, tx: Any, campaign: Campaign, post: Post) -> list[Delivery]:
    """Let go what was held and is now up to date and approved; return it."""
    return _release(app, tx, post, _standing(app, tx, campaign, post, None))


def judge(app: App, tx: Any, campaign: Campaign, post: Post, faults: Mapping[str, str]) -> None:
    """Hold or release all of a post, when it is proofread before its time.

    Args:
        faults: the id of an Outgoing → what is wrong with its words; what is not named has no fault any more.
    """
    standing = _standing(app, tx, campaign, post, faults)
    _hold(app, tx, campaign, post, standing)
    _release(app, tx, post, standing)


def take_back(app: App, tx: Any, post: Post, langs: Collection[str], *, because: str, by: str = SYSTEM) -> int:
    """End the approvals of what is not out in these languages; return how many held so far."""
    out = [row.outgoing_sha256 for row in queue.of_post(tx, post.id) if row.state not in HOLDABLE]
    ended = approval_rows.take_back(tx, post.id, langs, at=app.clock.now(), because=because, out=out)
    if ended:
        detail = {"langs": sorted(langs), "approvals": ended, "why": because}
        event(app, tx, "approval.void", by, post_id=post.id, detail=detail)
    return ended


def _hold(
    app: App, tx: Any, campaign: Campaign, post: Post, standing: Sequence[tuple[Delivery, str | None]]
) -> list[Delivery]:
    held: list[Delivery] = []
    fresh: list[Delivery] = []
    for row, why in standing:
        if why is None:
            continue
        try:
            held.append(outbox.note(tx, row, held_because=why))
        except LeaseLost:
            if row.state is State.CLAIMED:  # it has crossed the line meanwhile
                continue
            raise
        if why != row.held_because:
            event(app, tx, "delivery.held", SYSTEM, post_id=post.id, delivery_id=row.id, detail={"why": why})
            fresh.append(held[-1])
    tell_held(app, tx, campaign, post, [row for row in fresh if row.state in (State.SCHEDULED, State.CLAIMED)])
    return held


def _release(app: App, tx: Any, post: Post, standing: Sequence[tuple[Delivery, str | None]]) -> list[Delivery]:
    released = []
    for row, why in standing:
        if why is None and row.held_because is not None:
            released.append(outbox.note(tx, row, held_because=None))
            event(app, tx, "delivery.released", SYSTEM, post_id=post.id, delivery_id=row.id)
    if released and all(why is None for _, why in standing):
        over(app, tx, HELD, post.id)
    return released


def _standing(
    app: App, tx: Any, campaign: Campaign, post: Post, faults: Mapping[str, str] | None
) -> list[tuple[Delivery, str | None]]:
    """Return what waits, each with why it must not go out; None: it may.

    `faults` None: nobody has proofread it just now, and what did not pass the last time still does not.
    """
    standing = read(tx, campaign, post, now=app.clock.now())
    rows = {row.outgoing_id: row for row in queue.of_post(tx, post.id)}
    found: dict[str, tuple[Delivery, str | None]] = {}
    days = Days.read(tx, campaign)
    entries = post_rows.outgoings_of(tx, post.id)
    for entry in entries:
        row = rows.get(entry.id)
        if row is not None and row.state in HOLDABLE:
            before = row.held_because if (row.held_because or "").startswith(FAULT) else None
            fault = before if faults is None else faults.get(entry.id)
            dark = days.darkness(post, row, app.clock.now())
            found[entry.id] = (row, dark or fault or standing.why_not(standing.asked_of(entry, row)))
    if campaign.unready == "hold_all":
        rest = [entry for entry in entries if entry.id not in rows or rows[entry.id].state in HOLDABLE]
        if lacking := unready(standing, rest, rows) | dict(faults or {}):
            why = f"this campaign sends a post as a whole: {next(iter(lacking.values()))}"
            found = {id: (row, own or why) for id, (row, own) in found.items()}
    return list(found.values())


def cancel(app: App, post_name: str, *, by: Person, campaign_name: str | None = None) -> list[Delivery]:
    """Take back every delivery of a post that has not left; what is out, or may be, is left alone.

    Raises:
        Conflict: nothing of it can be cancelled.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        post = _post(tx, post_name, campaign_name)
        rows = queue.of_post(tx, post.id)
        open_rows = [row for row in rows if row.state in (State.SCHEDULED, State.FAILED, State.MISSED)]
        if not open_rows:
            states = ", ".join(sorted({row.state for row in rows})) or "not enqueued"
            raise Conflict(f"post {post.name} has nothing to cancel (its deliveries: {states})")
        moved = [outbox.move(tx, row, State.CANCELLED, archive_state=ArchiveState.DUE, error=None) for row in open_rows]
        for row in moved:
            decided(app, tx, row.id)
        settled(app, tx, post.id)
        post_rows.touch_post(tx, post.id, at=app.clock.now())  # calendars tell it by a version of its own
        event(app, tx, "post.cancelled", by.name, post_id=post.id, detail={"deliveries": [row.id for row in moved]})
    return moved


def move(
    app: App,
    post_name: str,
    *,
    at: str,
    by: Person,
    tz: str | None = None,
    gap: Gap | None = None,
    fold: Fold | None = None,
    anyway: str | None = None,
    campaign_name: str | None = None,
) -> tuple[Post, list[Delivery]]:
    """Give a post another local time; what waits or was missed goes with it.

    Beyond the campaign's window its approvals are void: it is held until somebody approves the new time.

    Args:
        anyway: why it goes out in soft quiet hours; None: it waits for their end. Hard ones are kept all the same.

    Raises:
        Invalid: the time is past, falls in a gap or a fold, or on a hard blackout day (the next free day is named).
        Conflict: some of it is under way.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        post = _post(tx, post_name, campaign_name)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        where = tz or post.zone
        zone("tz", where)
        local = parse_local("at", at)
        due_at = resolve("at", local, where, gap=gap, fold=fold)
        _check_future(app, "at", at, due_at, where)
        rows = queue.of_post(tx, post.id)
        if under_way := [row for row in rows if row.state in queue.OPEN]:
            raise Conflict(f"post {post.name} is under way ({under_way[0].state}); wait until it is settled")
        if rows and all(row.state in (State.PUBLISHED, State.CANCELLED) for row in rows):
            raise Conflict(f"post {post.name} is out or cancelled already; there is nothing to move")
        reason = checked_reason("anyway", anyway)
        post = replace(
            post,
            local_at=local,
            zone=where,
            tzdata=app.tzdata,
            due_at=due_at,
            gap=gap,
            fold=fold,
            quiet_because=reason,
        )
        days = Days.read(tx, campaign)
        waiting = _placed(tx, days, post, rows)
        raise_errors(days.stops(post, waiting))  # nothing is written before: others of a series may go on without it
        post_rows.move_post(tx, post, at=app.clock.now())
        moved = _move_outgoings(tx, campaign, waiting, rows)
        for row in moved:
            decided(app, tx, row.id)
        hold(app, tx, campaign, post)
        release(app, tx, campaign, post)
        detail = {"at": at, "zone": where, "due_at": due_at.isoformat()}
        if reason is not None:
            detail["anyway"] = reason
        event(app, tx, "post.moved", by.name, post_id=post.id, detail=detail)
    return post, moved


def retry(app: App, prefix: str, *, by: Person, at: str | None = None, now: bool = False) -> Delivery:
    """Schedule a failed or missed delivery again, at a local time of its post's zone, or at once.

    An approver who does it approves the new time by it: what was approved whole stays so. By anybody else it is moved
    like a post: beyond the campaign's window its approvals are void, and it is held.

    Raises:
        Conflict: it is in another state.
        Invalid: neither a time nor `now` is given, or the time is past, in hard quiet hours, or on a hard blackout day.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        held = queue.found(tx, prefix)
        if held.state not in (State.FAILED, State.MISSED):
            raise Conflict(f"delivery {held.id} is {held.state}; only a failed or missed one is scheduled again")
        post = post_rows.post_of(tx, held.post_id)
        campaign = campaign_rows.campaign_of(tx, held.campaign_id)
        if now == (at is not None):
            raise Invalid("at", at or "", "give either a local time (--at) or --now")
        due_at = app.clock.now()
        if at is not None:
            due_at = resolve("at", parse_local("at", at), post.zone)
            _check_future(app, "at", at, due_at, post.zone)
        _check_days(Days.read(tx, campaign), post, held, at or "now", due_at)
        why = f"{RESCHEDULED}{by.name}"
        times = {"due_at": due_at, "late_after": due_at + campaign.grace, "moved_because": why}
        moved = outbox.move(tx, held, State.SCHEDULED, retry_at=None, error=None, **times)
        post_rows.move_outgoing(tx, held.outgoing_id, due_at=due_at, moved_because=why)
        decided(app, tx, held.id)
        event(app, tx, "delivery.rescheduled", by.name, post_id=post.id, delivery_id=held.id)
        _approve_time(app, tx, read(tx, campaign, post, now=app.clock.now()), held, moved, by)
        hold(app, tx, campaign, post)
        release(app, tx, campaign, post)
        return queue.get(tx, moved.id)


def _approve_time(app: App, tx: Any, standing: Standing, before: Delivery, moved: Delivery, by: Person) -> None:
    """Let the approvals of a delivery stand for its new time, where who moved it may give the last of them."""
    entry = post_rows.outgoing_of(tx, moved.outgoing_id)
    old, new = standing.asked_of(entry, before), standing.asked_of(entry, moved)
    if not old.steps or missing(standing.given, old, standing.now):
        return  # there is nothing that could stand
    extended: list[Approval] = []
    for lang in missing(standing.given, new, standing.now):
        there = filled(standing.given, old, lang, standing.now)
        why = refusal(
            by,
            step=old.steps,
            steps=old.steps,
            lang=lang,
            account=entry.outgoing.account,
            author=standing.post.author,
            writer=standing.newest[lang].author,
            taken=(),
        )
        if why is not None:
            return
        extended += [
            replace(each, id=app.new_id(), due_at=moved.due_at, created_at=standing.now) for each in there.values()
        ]
    for each in extended:
        approval_rows.add_approval(tx, each)
    if extended:
        detail = {"langs": sorted({each.lang for each in extended}), "due_at": moved.due_at.isoformat()}
        event(app, tx, "approval.extended", by.name, post_id=moved.post_id, delivery_id=moved.id, detail=detail)


def _check_days(days: Days, post: Post, held: Delivery, given: str, due_at: datetime) -> None:
    """Check that a delivery may go out then. Raises: Invalid: a hard blackout day, or hard quiet hours."""
    if why := days.dark(held.account_id, held.langs, due_at, post):
        raise Invalid("at", given, f"falls on the {why}: nothing goes out then; choose another day")
    free, quiet = days.time(replace(post, due_at=due_at), held.langs, now=True)
    if quiet is not None:
        raise Invalid("at", given, f"falls into the {quiet}; the next free time is {in_zone(free, post.zone)}")


def _check_future(app: App, field: str, given: str, due_at: datetime, where: str) -> None:
    now = app.clock.now()
    if due_at < now:
        rule = f"{in_zone(due_at, where)} is past, it is {in_zone(now, where)} now; give a later time"
        raise Invalid(field, given, rule)


def _placed(tx: Any, days: Days, post: Post, rows: list[Delivery]) -> list[Queued]:
    """Return what waits of a post, with the times that it has by the post's."""
    by_outgoing = {row.outgoing_id: row for row in rows}
    entries = post_rows.outgoings_of(tx, post.id)
    times = days.times(post, entries)
    return [
        replace(entry, due_at=times[entry.id][0], moved_because=times[entry.id][1])
        for entry in entries
        if _waits(by_outgoing.get(entry.id))
    ]


def _move_outgoings(tx: Any, campaign: Campaign, waiting: list[Queued], rows: list[Delivery]) -> list[Delivery]:
    by_outgoing = {row.outgoing_id: row for row in rows}
    moved: list[Delivery] = []
    for entry in waiting:
        due_at, why = entry.due_at, entry.moved_because
        post_rows.move_outgoing(tx, entry.id, due_at=due_at, moved_because=why)
        row = by_outgoing.get(entry.id)
        if row is None:
            continue
        values = {"due_at": due_at, "late_after": due_at + campaign.grace, "moved_because": why, "retry_at": None}
        if row.state is State.SCHEDULED:
            moved.append(outbox.note(tx, row, **values))
        else:
            moved.append(outbox.move(tx, row, State.SCHEDULED, error=None, **values))
    return moved


def _waits(row: Delivery | None) -> bool:
    return row is None or row.state in (State.SCHEDULED, State.MISSED, State.FAILED)


def _post(tx: Any, name: str, campaign_name: str | None) -> Post:
    chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
    return post_rows.post_named(tx, name, chosen)
