"""What was said of wordings, and the secret links by which guests read them; append-only but for a link's end."""

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import NotFound
from campaign.core.plan import Review, ReviewLink
from campaign.store.plans import review_links, reviews


def add_review(tx: Connection, review: Review) -> None:
    """Keep what somebody said of a revision."""
    tx.execute(reviews.insert().values(asdict(review)))


def reviews_of(tx: Connection, post_id: str) -> list[Review]:
    """Return what was said of a post's wordings, oldest first; of the same instant, in the order in which it came."""
    query = sa.select(reviews).where(reviews.c.post_id == post_id)
    rows = tx.execute(query.order_by(reviews.c.created_at, reviews.c.id)).mappings()
    return [Review(**row) for row in rows]


def add_link(tx: Connection, link: ReviewLink, token_sha256: str) -> None:
    """Keep a link; of its token only the digest."""
    values = {**asdict(link), "langs": list(link.langs)}
    tx.execute(review_links.insert().values(token_sha256=token_sha256, **values))


def link_of(tx: Connection, token_sha256: str) -> ReviewLink | None:
    """Return the link of that token, whether it still opens or not."""
    row = tx.execute(sa.select(review_links).where(review_links.c.token_sha256 == token_sha256)).mappings().first()
    return None if row is None else _link(row)


def links_of(tx: Connection, post_id: str) -> list[ReviewLink]:
    """Return the links to a post, oldest first."""
    query = sa.select(review_links).where(review_links.c.post_id == post_id)
    rows = tx.execute(query.order_by(review_links.c.created_at, review_links.c.id)).mappings()
    return [_link(row) for row in rows]


def revoke_link(tx: Connection, post_id: str, prefix: str, *, at: datetime) -> ReviewLink:
    """End a link, named by the beginning or the end of its id. Raises: NotFound."""
    clean = prefix.strip().lower()
    found = [link for link in links_of(tx, post_id) if clean and (link.id.startswith(clean) or link.id.endswith(clean))]
    if len(found) != 1:
        raise NotFound("review link", prefix, "name one of the post: campaign post review ID --links")
    tx.execute(
        review_links.update()
        .where(review_links.c.id == found[0].id, review_links.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return found[0]


def _link(row: RowMapping) -> ReviewLink:
    fields = {name: row[name] for name in ReviewLink.__slots__}
    return ReviewLink(**{**fields, "langs": tuple(row["langs"])})
