"""Approvals: somebody's word that exactly these bytes may go out."""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.store.tables import approvals, deliveries, outgoings, posts, targets


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's word that exactly these bytes may go out, in one language of theirs; append-only but for its end."""

    id: str
    post_id: str
    outgoing_sha256: str
    lang: str
    person: str
    created_at: datetime
    step: int = 1
    steps: int = 1  # there were to be when it was given: the last of them is the approval, those before it reviews
    due_at: datetime | None = None  # the time that it was given for; None: for any
    expires_at: datetime | None = None
    reason: str | None = None  # why it was given against the rule
    carried_from: str | None = None  # digest of the bytes that it was given to; these differ in nothing of its own
    void_at: datetime | None = None  # when it was taken back: returned, or the source says something else
    void_because: str | None = None


_COLUMNS = [approvals.c[each.name] for each in fields(Approval)]


def add_approval(tx: Connection, approval: Approval) -> bool:
    """Keep an approval; False when the same person's same word is there already, and holds."""
    there = sa.select(approvals.c.id).where(
        approvals.c.void_at.is_(None),
        approvals.c.post_id == approval.post_id,
        approvals.c.outgoing_sha256 == approval.outgoing_sha256,
        approvals.c.lang == approval.lang,
        approvals.c.step == approval.step,
        approvals.c.steps == approval.steps,
        approvals.c.person == approval.person,
        approvals.c.due_at == approval.due_at if approval.due_at else approvals.c.due_at.is_(None),
        approvals.c.expires_at == approval.expires_at if approval.expires_at else approvals.c.expires_at.is_(None),
    )
    if tx.execute(there).first():
        return False
    tx.execute(approvals.insert().values(asdict(approval)))
    return True


def approvals_of(tx: Connection, post_id: str) -> list[Approval]:
    """Return who approved what of a post, oldest first."""
    query = sa.select(approvals).where(approvals.c.post_id == post_id)
    rows = tx.execute(query.order_by(approvals.c.created_at, approvals.c.id)).mappings()
    return [Approval(**row) for row in rows]


def approvals_in(tx: Connection, post_ids: Collection[str]) -> dict[str, list[Approval]]:
    """Return who approved what of many posts, by their row ids, in one question; what was taken back is left out."""
    query = sa.select(*_COLUMNS).where(approvals.c.post_id.in_(post_ids), approvals.c.void_at.is_(None))
    found: dict[str, list[Approval]] = {}
    for row in tx.execute(query):
        found.setdefault(row.post_id, []).append(Approval(*row))
    return found


def take_back(
    tx: Connection, post_id: str, langs: Collection[str], *, at: datetime, because: str, out: Collection[str] = ()
) -> int:
    """End the approvals of a post in these languages, but of bytes that are `out` by now; return how many held."""
    query = approvals.update().where(
        approvals.c.post_id == post_id,
        approvals.c.lang.in_(langs),
        approvals.c.outgoing_sha256.not_in(out),
        approvals.c.void_at.is_(None),
    )
    return int(tx.execute(query.values(void_at=at, void_because=because)).rowcount)


def carry(
    tx: Connection, post_id: str, old: str, new: str, langs: Collection[str], *, new_id: Callable[[], str]
) -> int:
    """Let what was approved of the old bytes in these languages, of which nothing changed, stand for the new ones too.

    Returns:
        How many approvals were carried over.
    """
    held = [each for each in approvals_of(tx, post_id) if each.outgoing_sha256 == old and each.void_at is None]
    rows = [
        replace(each, id=new_id(), outgoing_sha256=new, carried_from=each.carried_from or old)
        for each in held
        if each.lang in langs
    ]
    if rows:
        tx.execute(approvals.insert(), [asdict(each) for each in rows])
    return len(rows)


@dataclass(frozen=True, slots=True)
class Unsent:
    """An Outgoing that is not in the queue, with what is asked about its approval."""

    post_id: str
    account_id: str
    sha256: str
    langs: tuple[str, ...]
    due_at: datetime


def not_enqueued(tx: Connection, campaign_id: str) -> list[Unsent]:
    """Return what of a campaign is not in the queue, in one question."""
    query = (
        sa.select(outgoings.c.post_id, targets.c.account_id, outgoings.c.sha256, outgoings.c.langs, outgoings.c.due_at)
        .join(posts, posts.c.id == outgoings.c.post_id)
        .join(targets, targets.c.id == outgoings.c.target_id)
        .outerjoin(deliveries, deliveries.c.outgoing_id == outgoings.c.id)
        .where(posts.c.campaign_id == campaign_id, outgoings.c.superseded_at.is_(None), deliveries.c.id.is_(None))
    )
    return [Unsent(row[0], row[1], row[2], tuple(row[3]), row[4]) for row in tx.execute(query)]
