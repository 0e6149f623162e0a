"""look: half an hour before its time each post is looked at once, and what is not ready is held; a day before, told."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from campaign.core.approval import expires_before
from campaign.core.model import ArchiveState, Delivery
from campaign.core.states import State
from campaign.service import SYSTEM, App, event
from campaign.service.enqueue import HOLDABLE, enqueue_cancelled, judge
from campaign.service.notify import HELD, UNAPPROVED, UNREADY, decided, over, tell
from campaign.service.proofread import faults_of, proofread
from campaign.service.standing import NEAR, Standing, read, unready
from campaign.store import campaigns as campaign_rows
from campaign.store import looks, outbox, queue
from campaign.store import posts as post_rows
from campaign.store.posts import Queued

DAY = timedelta(hours=24)
AT_ONCE = 50  # posts in one go; the others have their turn at the next look


def look(app: App) -> int:
    """Look at the posts whose time has come near; return how many. Where there is none, two questions to an index.

    To be called by each engine before it claims. Each post is looked at in a transaction of its own, and by one worker:
    who marks it looks at it. A crash leaves it unmarked, and the next look does all of it again.
    """
    now = app.clock.now()
    with app.store.read() as tx:
        near = looks.due(tx, "looked_at", now=now, ahead=NEAR, limit=AT_ONCE)
        tomorrow = looks.due(tx, "warned_at", now=now, ahead=DAY, limit=AT_ONCE)
    for post_id in tomorrow:
        with app.store.begin() as tx:
            if marked := looks.mark(tx, "warned_at", post_id, now=now, ahead=DAY):
                _warn(app, tx, post_id, marked)
    for post_id in near:
        with app.store.begin() as tx:
            if looks.mark(tx, "looked_at", post_id, now=now, ahead=NEAR):
                _judge(app, tx, post_id)
    return len(near) + len(tomorrow)


def next_look(app: App, tx: Any) -> datetime | None:
    """Return when the next post is to be looked at; a time that has passed: now."""
    now = app.clock.now()
    times = ((looks.following(tx, "looked_at", now=now), NEAR), (looks.following(tx, "warned_at", now=now), DAY))
    return min((due - ahead for due, ahead in times if due is not None), default=None)


def _warn(app: App, tx: Any, post_id: str, marked: Sequence[str]) -> None:
    """Tell that a post is not ready a day before its time; of one that was written later than that nothing."""
    standing, entries, rows = _open(app, tx, post_id)
    mine = [entry for entry in entries if entry.id in marked]
    if not mine or looks.made_at(tx, marked) > min(entry.due_at for entry in mine) - DAY:
        return
    reasons = unready(standing, mine, rows)
    for entry in mine:
        ending = expires_before(standing.given, standing.asked_of(entry, rows.get(entry.id)), standing.now)
        reasons |= {f"expires {lang}": f"the approval in {lang} expires before its time" for lang in sorted(ending)}
    if reasons:
        _tell(app, tx, UNAPPROVED, standing, reasons)


def _judge(app: App, tx: Any, post_id: str) -> None:
    """Do with what is not ready what its campaign wants; the rest goes."""
    standing, entries, rows = _open(app, tx, post_id)
    if not entries:
        return
    campaign, post = standing.campaign, standing.post
    faults = faults_of(proofread(app, tx, campaign, post), entries)
    reasons = faults | unready(standing, entries, rows)
    detail = {"policy": campaign.unready, "unready": sorted(set(reasons.values()))}
    event(app, tx, "post.looked", SYSTEM, post_id=post_id, detail=detail)
    if campaign.unready == "send_ready":
        _cancel_unready(app, tx, standing, entries, rows, reasons)
    judge(app, tx, campaign, post, faults)
    over(app, tx, UNAPPROVED, post_id)
    if reasons:
        _tell(app, tx, UNREADY, standing, reasons)
        over(app, tx, HELD, post_id)  # the same, told more urgently
    else:
        over(app, tx, UNREADY, post_id)


def _open(app: App, tx: Any, post_id: str) -> tuple[Standing, list[Queued], dict[str, Delivery]]:
    """Return where a post stands, and what of it can still go out, with the deliveries that there are."""
    post = post_rows.post_of(tx, post_id)
    campaign = campaign_rows.campaign_of(tx, post.campaign_id)
    standing = read(tx, campaign, post, now=app.clock.now())
    rows = {row.outgoing_id: row for row in queue.of_post(tx, post_id)}
    entries = [e for e in post_rows.outgoings_of(tx, post_id) if e.id not in rows or rows[e.id].state in HOLDABLE]
    return standing, entries, rows


def _cancel_unready(
    app: App,
    tx: Any,
    standing: Standing,
    entries: Sequence[Queued],
    rows: Mapping[str, Delivery],
    reasons: Mapping[str, str],
) -> None:
    """Take back the languages that are not ready, with what answers them; what is in several languages is held."""
    gone: dict[str, str] = {}
    for entry in entries:  # parents first
        why = gone.get(entry.parent_id or "")
        if why is None and len(entry.outgoing.langs) == 1:
            why = reasons.get(entry.id)
        if why is None:
            continue
        gone[entry.id] = why
        text = f"not ready half an hour before its time: {why}; this campaign sends the languages that are"
        row = rows.get(entry.id)
        if row is None:
            row = enqueue_cancelled(app, tx, standing.campaign, entry, why=text)
        elif row.state is not State.CLAIMED:
            row = outbox.move(tx, row, State.CANCELLED, archive_state=ArchiveState.DUE, error=text, held_because=None)
            decided(app, tx, row.id)
        else:
            continue  # held below: the line stops it
        told = {"why": text, "langs": list(row.langs)}
        event(app, tx, "delivery.cancelled", SYSTEM, post_id=row.post_id, delivery_id=row.id, detail=told)


def _tell(app: App, tx: Any, kind: str, standing: Standing, reasons: Mapping[str, str]) -> None:
    why = "; ".join(sorted(set(reasons.values())))
    tell(app, tx, kind, standing.post.id, campaign=standing.campaign.name, post=standing.post.name, why=why)
