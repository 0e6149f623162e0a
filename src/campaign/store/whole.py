"""Posts as wholes: what was said last, where it goes, how far it is; all of a campaign in a few questions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.language import latest
from campaign.core.model import Medium, Post, PostMedium, Variant
from campaign.core.plan import Waiver
from campaign.store.plans import waivers
from campaign.store.posts import Target, posts_of, variants_in
from campaign.store.tables import deliveries, media, post_media, posts, targets


@dataclass(frozen=True, slots=True)
class Whole:
    """A post with all that a sheet tells of it.

    Attributes:
        words: the newest revision of each language that a person wrote or saved.
        revisions: the newest revision of each language, a machine's too.
        media: in order, with what these words say of them.
        targets: that it goes to; one that was taken back is not among them.
        states: of its deliveries; none: nothing is enqueued.
        waivers: the findings that somebody let pass.
    """

    post: Post
    words: Mapping[str, Variant]
    revisions: Mapping[str, int]
    media: tuple[PostMedium, ...] = ()
    targets: tuple[Target, ...] = ()
    states: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    @property
    def machine(self) -> list[str]:
        """The languages in which a machine's words wait for a person."""
        return [lang for lang, revision in self.revisions.items() if self.said(lang) != revision]

    def said(self, lang: str) -> int:
        """Return the revision of the words that hold in a language; 0: there are none."""
        return self.words[lang].revision if lang in self.words else 0


def whole_posts(tx: Connection, campaign_id: str) -> list[Whole]:
    """Return all posts of a campaign by their time."""
    variants = variants_in(tx, campaign_id)
    pictures = _media_in(tx, campaign_id)
    where = _targets_in(tx, campaign_id)
    states = _states_in(tx, campaign_id)
    waived = _waived_in(tx, campaign_id)
    found: list[Whole] = []
    for post in posts_of(tx, campaign_id):
        mine = variants.get(post.id, [])
        words = latest([each for each in mine if each.machine is None])
        found.append(
            Whole(
                post,
                words,
                {lang: each.revision for lang, each in latest(mine).items()},
                tuple(_said(item, words) for item in pictures.get(post.id, ())),
                tuple(where.get(post.id, ())),
                tuple(sorted(states.get(post.id, ()))),
                tuple(waived.get(post.id, ())),
            )
        )
    return found


def _said(item: PostMedium, words: Mapping[str, Variant]) -> PostMedium:
    alt = {lang: each.alt[item.position] for lang, each in words.items() if item.position in each.alt}
    captions = {lang: each.captions[item.position] for lang, each in words.items() if item.position in each.captions}
    return replace(item, alt={**item.alt, **alt}, captions={**item.captions, **captions}) if alt or captions else item


def _media_in(tx: Connection, campaign_id: str) -> dict[str, list[PostMedium]]:
    query = (
        sa.select(post_media, media)
        .join(media, media.c.sha256 == post_media.c.sha256)
        .join(posts, posts.c.id == post_media.c.post_id)
        .where(posts.c.campaign_id == campaign_id)
        .order_by(post_media.c.post_id, post_media.c.position)
    )
    found: dict[str, list[PostMedium]] = {}
    for row in tx.execute(query):
        medium = Medium(**{column.name: row._mapping[column] for column in media.c})
        told = {column.name: row._mapping[column] for column in post_media.c if column.name not in ("sha256",)}
        item = PostMedium(medium=medium, **told)
        found.setdefault(item.post_id, []).append(item)
    return found


def _targets_in(tx: Connection, campaign_id: str) -> dict[str, list[Target]]:
    query = sa.select(targets).join(posts, posts.c.id == targets.c.post_id).where(posts.c.campaign_id == campaign_id)
    found: dict[str, list[Target]] = {}
    for row in tx.execute(query.order_by(targets.c.id)).mappings():
        if row["langs"]:
            found.setdefault(row["post_id"], []).append(Target(**{**row, "langs": tuple(row["langs"])}))
    return found


def _states_in(tx: Connection, campaign_id: str) -> dict[str, set[str]]:
    query = sa.select(deliveries.c.post_id, deliveries.c.state).where(deliveries.c.campaign_id == campaign_id)
    found: dict[str, set[str]] = {}
    for post_id, state in tx.execute(query.distinct()):
        found.setdefault(post_id, set()).add(state)
    return found


def _waived_in(tx: Connection, campaign_id: str) -> dict[str, list[Waiver]]:
    query = sa.select(waivers).join(posts, posts.c.id == waivers.c.post_id).where(posts.c.campaign_id == campaign_id)
    found: dict[str, list[Waiver]] = {}
    for row in tx.execute(query.order_by(waivers.c.created_at, waivers.c.id)).mappings():
        found.setdefault(row["post_id"], []).append(Waiver(**row))
    return found
