"""What the desk shows, read from the store: deliveries with the troubled ones first, a post with its attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaign.core.errors import NotFound
from campaign.core.model import Attempt, Campaign, Medium, Post, PostMedium, Variant
from campaign.core.states import State
from campaign.service import App
from campaign.store import attempts, campaigns, posts, queue

ORDER = (
    State.UNCERTAIN,
    State.MISSED,
    State.FAILED,
    State.PUBLISHING,
    State.PROCESSING,
    State.CLAIMED,
    State.SCHEDULED,
    State.PUBLISHED,
    State.CANCELLED,
)
TROUBLED = ORDER[:3]
SYMBOLS = {
    State.UNCERTAIN: "?",
    State.MISSED: "∅",
    State.FAILED: "×",
    State.PUBLISHING: "→",
    State.PROCESSING: "→",
    State.CLAIMED: "→",
    State.SCHEDULED: "○",
    State.PUBLISHED: "✓",
    State.CANCELLED: "–",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """The first page: the campaigns with their totals, and the deliveries."""

    now: datetime
    campaigns: tuple[tuple[Campaign, dict[str, int]], ...]
    rows: tuple[dict[str, Any], ...]
    number: int  # of deliveries, shown or not
    troubled: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One post with all that is known of it."""

    campaign: Campaign
    post: Post
    variants: tuple[Variant, ...]  # the latest in each language, the source first
    pictures: tuple[PostMedium, ...]
    rows: tuple[dict[str, Any], ...]
    attempts: tuple[Attempt, ...]


def desk(app: App, *, limit: int) -> Desk:
    """Return the first page; of many deliveries the first `limit`, which are those that need somebody."""
    with app.store.read() as tx:
        kept = campaigns.all_campaigns(tx)
        totals = tuple((campaign, campaigns.tally(tx, campaign.id)) for campaign in kept)
        rows = ordered(queue.listed(tx))
    troubled = sum(row["state"] in TROUBLED for row in rows)
    return Desk(app.clock.now(), totals, tuple(rows[:limit]), len(rows), troubled)


def ordered(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return deliveries by what they need: doubts and missed ones first; of what is out, the newest first."""

    def rank(row: dict[str, Any]) -> tuple[int, float]:
        state = State(row["state"])
        due = row["due_at"].timestamp()
        return ORDER.index(state), -due if state in (State.PUBLISHED, State.CANCELLED) else due

    return sorted(rows, key=rank)


def sheet(app: App, campaign_name: str, post_name: str) -> Sheet:
    """Return a post. Raises: NotFound."""
    with app.store.read() as tx:
        campaign = campaigns.campaign_named(tx, campaign_name)
        post = posts.post_named(tx, post_name, campaign)
        if post.campaign_id != campaign.id:
            raise NotFound("post", post_name)
        latest = {variant.lang: variant for variant in posts.variants_of(tx, post.id)}
        rows = [row for row in queue.listed(tx, campaign.id) if row["post_id"] == post.id]
        known = [lang for lang in campaign.languages if lang in latest]
        return Sheet(
            campaign=campaign,
            post=post,
            variants=tuple(latest[lang] for lang in [*known, *(lang for lang in latest if lang not in known)]),
            pictures=tuple(posts.media_of(tx, post.id)),
            rows=tuple(rows),
            attempts=tuple(attempts.attempts_of_post(tx, post.id)),
        )


def medium(app: App, sha256: str) -> Medium:
    """Return a medium that stands in the table; a file that only lies in the library is none. Raises: NotFound."""
    with app.store.read() as tx:
        found = posts.medium_of(tx, sha256)
    if found is None or not app.media.exists(sha256):
        raise NotFound("medium", sha256)
    return found
