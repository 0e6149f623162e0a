"""replace: other bytes in the place of those that were to leave; what is out, or may be, stays as it was."""

from collections.abc import Sequence
from dataclasses import replace as changed
from typing import Any

from campaign.core.errors import Conflict
from campaign.core.model import ArchiveState, Campaign, Delivery, Post
from campaign.core.states import State
from campaign.service import SYSTEM, App, event
from campaign.service.notify import decided
from campaign.service.render import TOGETHER
from campaign.store import approvals as approval_rows
from campaign.store import outbox, queue
from campaign.store import posts as post_rows
from campaign.store.posts import Queued, Target

SETTLED = (State.PUBLISHED, State.CANCELLED)


def check_open(post: Post, lang: str, rows: Sequence[Delivery]) -> None:
    """Check that something can still change, and that nothing is under way. Raises: Conflict."""
    if under_way := [row for row in rows if row.state in queue.OPEN]:
        raise Conflict(f"post {post.name} ({lang}) is {under_way[0].state}; wait until it is settled")
    # It crossed the line once: whether the old words are out must be certain before others are sent in their place.
    if sent := [row for row in rows if row.sent_at is not None and row.state in (State.SCHEDULED, State.MISSED)]:
        raise Conflict(
            f"post {post.name} ({lang}) was sent once and is {sent[0].state}; cancel it and compose it anew, "
            f"or let it go out as it is"
        )
    if rows and all(row.state in SETTLED for row in rows):
        raise Conflict(f"post {post.name} ({lang}) is out or cancelled already; there is nothing to revise")


def put_in_place(
    app: App,
    tx: Any,
    campaign: Campaign,
    post: Post,
    targets: Sequence[Target],
    made: Sequence[Queued],
    *,
    lang: str | None = None,
) -> None:
    """Let what was rendered anew for these targets leave in place of what was to leave, in the caller's transaction.

    What is the same stays, with its approvals; what differs takes the place of its forerunner, its delivery with it,
    under another key; what has none is added; what is not made any more is withdrawn, its delivery cancelled.

    Args:
        lang: the only language that an edit concerns: approvals of the others are carried over to the new bytes.

    Raises:
        Conflict: something of it is out already, or under way, and cannot be made otherwise.
    """
    rows = {row.outgoing_id: row for row in queue.of_post(tx, post.id)}
    there = post_rows.outgoings_of(tx, post.id)
    for target in targets:
        old = {_place(entry): entry for entry in there if entry.target_id == target.id}
        new = [entry for entry in made if entry.target_id == target.id]
        _check_parts(post, target, old, new, rows)
        known: dict[str, str] = {}  # the id that something was rendered under → the id that it has
        for entry in new:
            before = old.pop(_place(entry), None)
            row = rows.get(before.id) if before is not None else None
            parent_id = known.get(entry.parent_id or "")
            if before is not None and (before.sha256 == entry.sha256 or (row is not None and row.state in SETTLED)):
                known[entry.id] = before.id
                continue
            known[entry.id] = entry.id
            if before is None:
                post_rows.add_outgoings(tx, [changed(entry, parent_id=parent_id)], at=app.clock.now())
                continue
            # The time stays: a person may have chosen it.
            kept = changed(entry, due_at=before.due_at, moved_because=before.moved_because, parent_id=before.parent_id)
            _supersede(app, tx, post, before, kept, row)
            if lang is not None:
                others = [each for each in before.outgoing.langs if each != lang]
                approval_rows.carry(tx, post.id, before.sha256, entry.sha256, others, new_id=app.new_id)
        for entry in reversed(old.values()):
            _withdraw(app, tx, post, entry, rows.get(entry.id))


def _place(entry: Queued) -> tuple[tuple[str, ...], int]:
    return entry.outgoing.langs, entry.outgoing.part


def _check_parts(
    post: Post,
    target: Target,
    old: dict[tuple[tuple[str, ...], int], Queued],
    new: Sequence[Queued],
    rows: dict[str, Delivery],
) -> None:
    """Check that what is out needs no other neighbours. Raises: Conflict."""
    out = {place for place, entry in old.items() if (row := rows.get(entry.id)) and row.state is State.PUBLISHED}
    places = {_place(entry) for entry in new}
    if target.strategy in TOGETHER and out and places - out:
        raise Conflict(f"post {post.name} is out in {'+'.join(min(out)[0])}; another language cannot be added to it")
    for langs, _ in out:
        before = sorted(part for each, part in old if each == langs)
        after = sorted(part for each, part in places if each == langs)
        if len(before) > 1 and langs in {_place(entry)[0] for entry in new if _differs(entry, old)}:
            raise Conflict(
                f"post {post.name} ({'+'.join(langs)}) is out in part; what follows cannot be revised any more"
            )
        if before != after:
            raise Conflict(f"post {post.name} ({'+'.join(langs)}) is out in {len(before)} parts, not in {len(after)}")


def _differs(entry: Queued, old: dict[tuple[tuple[str, ...], int], Queued]) -> bool:
    before = old.get(_place(entry))
    return before is None or before.sha256 != entry.sha256


def _supersede(app: App, tx: Any, post: Post, before: Queued, made: Queued, row: Delivery | None) -> None:
    if row is not None:
        check_open(post, "+".join(row.langs), [row])
    post_rows.supersede(tx, before.id, made, at=app.clock.now())
    if row is not None:
        # Other words must not be taken for the old ones: a server would answer the old key with the old post.
        values: dict[str, Any] = {"outgoing_id": made.id, "outgoing_sha256": made.sha256, "wire": None}
        outbox.note(tx, row, **values, key=app.new_key())


def _withdraw(app: App, tx: Any, post: Post, entry: Queued, row: Delivery | None) -> None:
    if row is not None and row.state in SETTLED:
        return
    if row is not None:
        check_open(post, "+".join(row.langs), [row])
    post_rows.withdraw_outgoing(tx, entry.id, at=app.clock.now())
    if row is not None:
        why = "revised: this part is not needed any more"
        moved = outbox.move(tx, row, State.CANCELLED, archive_state=ArchiveState.DUE, error=why)
        decided(app, tx, moved.id)
        event(app, tx, "delivery.cancelled", SYSTEM, post_id=post.id, delivery_id=moved.id, detail={"why": why})
