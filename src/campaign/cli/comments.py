"""Comments: what people answered."""

from typing import Any

from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line, plain, table
from campaign.core.schedule import in_zone
from campaign.store import campaigns as campaign_rows
from campaign.store import comments
from campaign.store import posts as post_rows

FIELDS = (
    "post", "account", "platform", "langs", "remote_id", "in_reply_to", "author", "author_hash", "text", "at",
    "first_seen_at", "last_seen_at", "gone_at", "delivery_id", "record",
)  # fmt: skip


def show_all(*, campaign: str | None = None, post: str | None = None, limit: int = 100, here: Here = HERE) -> None:
    """List what people answered, the newest first.

    They are asked for 1 hour, 1, 7 and 28 days after a post went out. Names are kept where the settings say so
    (engagement.comment_authors); else one person's comments have the same author_hash.

    Examples: campaign comment list --campaign peace-2019 · campaign comment list --post P01 --json

    Args:
        campaign: Those of one campaign.
        post: Those of one post.
        limit: How many.
    """
    with here.opened() as app, app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        one = post_rows.post_named(tx, post, chosen) if post else None
        rows = comments.listed(
            tx, campaign_id=chosen.id if chosen else None, post_id=one.id if one else None, limit=max(1, limit)
        )
    if here.json:
        data([plain(dict(row), FIELDS) for row in rows])
    elif not rows:
        line("nobody has answered, as far as was asked")
    else:
        table(("at", "post", "account", "who", "text"), [_cells(row) for row in rows], breaks=("text",))


def _cells(row: Any) -> list[object]:
    who = row["author"] or (row["author_hash"] or "")[:8]
    gone = " (gone)" if row["gone_at"] else ""
    return [in_zone(row["at"] or row["first_seen_at"], "UTC"), row["post"], row["account"], who, row["text"] + gone]
