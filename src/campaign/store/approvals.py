"""Approvals: somebody's word that exactly these bytes may go out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.store.tables import approvals, deliveries, outgoings, posts


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's word that exactly these bytes may go out, in one language of theirs; append-only."""

    id: str
    post_id: str
    outgoing_sha256: str
    lang: str
    person: str
    created_at: datetime
    step: int = 1
    due_at: datetime | None = None  # the time that it was given for; None: for any
    expires_at: datetime | None = None
    reason: str | None = None  # why it was given against the rule
    carried_from: str | None = None  # digest of the bytes that it was given to; these differ in nothing of its own


def add_approval(tx: Connection, approval: Approval) -> bool:
    """Keep an approval; False when the same person's same word is there already."""
    there = sa.select(approvals.c.id).where(
        approvals.c.post_id == approval.post_id,
        approvals.c.outgoing_sha256 == approval.outgoing_sha256,
        approvals.c.lang == approval.lang,
        approvals.c.step == approval.step,
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


def approved_langs(tx: Connection, post_id: str, sha256: str) -> frozenset[str]:
    """Return the languages in which exactly these bytes are approved."""
    query = sa.select(approvals.c.lang).where(approvals.c.post_id == post_id, approvals.c.outgoing_sha256 == sha256)
    return frozenset(tx.execute(query).scalars())


def approved_of(tx: Connection, ids: Sequence[str]) -> dict[tuple[str, str], frozenset[str]]:
    """Return, for posts by their row ids, (post, sha256) → the languages in which exactly these bytes are approved."""
    query = sa.select(approvals.c.post_id, approvals.c.outgoing_sha256, approvals.c.lang)
    found: dict[tuple[str, str], frozenset[str]] = {}
    for post_id, sha256, lang in tx.execute(query.where(approvals.c.post_id.in_(ids))):
        found[post_id, sha256] = found.get((post_id, sha256), frozenset()) | {lang}
    return found


def unapproved_in(tx: Connection, campaign_id: str) -> dict[str, list[str]]:
    """Return, by a post's row id, the languages of what is not enqueued that nobody has approved, in one question."""
    given = sa.and_(approvals.c.post_id == outgoings.c.post_id, approvals.c.outgoing_sha256 == outgoings.c.sha256)
    query = (
        sa.select(outgoings.c.post_id, outgoings.c.id, outgoings.c.langs, approvals.c.lang)
        .join(posts, posts.c.id == outgoings.c.post_id)
        .outerjoin(deliveries, deliveries.c.outgoing_id == outgoings.c.id)
        .outerjoin(approvals, given)
        .where(posts.c.campaign_id == campaign_id, outgoings.c.superseded_at.is_(None), deliveries.c.id.is_(None))
    )
    missing: dict[tuple[str, str], set[str]] = {}
    for post_id, outgoing_id, langs, lang in tx.execute(query):
        missing.setdefault((post_id, outgoing_id), set(langs)).discard(lang)
    found: dict[str, set[str]] = {}
    for (post_id, _), langs in missing.items():
        found.setdefault(post_id, set()).update(langs)
    return {post_id: sorted(langs) for post_id, langs in found.items()}
