"""The office's own texts, each post in its languages: what people wrote and others approved, or what is out."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.states import State
from campaign.store.tables import approvals, campaigns, deliveries, outgoings, posts, variants

MOST = 200  # posts; the latest of them


def texts_in_use(tx: Connection, *, most: int = MOST) -> list[tuple[str, dict[str, str]]]:
    """Return (campaign's row id, language → text) of the latest posts that are published or approved, newest first.

    A machine's words are none of the office's. Where nobody must approve, what is published was in use in all its
    languages.
    """
    published = sa.exists().where(deliveries.c.post_id == posts.c.id, deliveries.c.state == State.PUBLISHED)
    approved = sa.exists().where(
        approvals.c.post_id == posts.c.id,
        approvals.c.void_at.is_(None),
        outgoings.c.post_id == posts.c.id,
        outgoings.c.sha256 == approvals.c.outgoing_sha256,
        outgoings.c.superseded_at.is_(None),
    )
    chosen = (
        sa.select(posts.c.id, posts.c.campaign_id, posts.c.due_at, campaigns.c.approval)
        .join(campaigns, campaigns.c.id == posts.c.campaign_id)
        .where(published | approved)
        .order_by(posts.c.due_at.desc(), posts.c.id)
        .limit(most)
        .subquery()
    )
    later = variants.alias("later")
    newest = ~sa.exists().where(
        later.c.post_id == variants.c.post_id,
        later.c.lang == variants.c.lang,
        later.c.revision > variants.c.revision,
    )
    in_lang = sa.exists().where(
        approvals.c.post_id == variants.c.post_id, approvals.c.lang == variants.c.lang, approvals.c.void_at.is_(None)
    )
    query = (
        sa.select(chosen.c.campaign_id, chosen.c.id, variants.c.lang, variants.c.text)
        .join(variants, variants.c.post_id == chosen.c.id)
        .where(variants.c.machine.is_(None), newest, in_lang | (chosen.c.approval == "none"))
        .order_by(chosen.c.due_at.desc(), chosen.c.id, variants.c.lang)
    )
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for campaign_id, post_id, lang, text in tx.execute(query):
        found.setdefault(post_id, (campaign_id, {}))[1][lang] = text
    return [(campaign_id, texts) for campaign_id, texts in found.values() if len(texts) > 1]
