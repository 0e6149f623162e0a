"""Posts with their variants, media, targets, outgoings and approvals."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.model import Campaign, Medium, Outgoing, Post, PostMedium, Strategy, Variant
from campaign.core.schedule import FORMAT, parse_local
from campaign.store.tables import approvals, deliveries, media, outgoings, post_media, posts, targets, variants


@dataclass(frozen=True, slots=True)
class Target:
    """One account that a post goes to, and how its languages go there."""

    id: str
    post_id: str
    account_id: str
    strategy: Strategy
    langs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Queued:
    """An Outgoing in its place: which target, when, and after which other."""

    id: str
    target_id: str
    post_id: str
    account_id: str
    outgoing: Outgoing
    sha256: str
    due_at: datetime
    moved_because: str | None
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's word that exactly these bytes may go out, in one language of theirs."""

    id: str
    post_id: str
    outgoing_sha256: str
    lang: str
    person: str
    created_at: datetime


def demand_free_name(tx: Connection, campaign: Campaign, name: str) -> None:
    """Check that a campaign has no post of that id. Raises: Conflict."""
    if tx.execute(sa.select(posts.c.id).where(posts.c.campaign_id == campaign.id, posts.c.name == name)).first():
        raise Conflict(f"post id '{name}' is used already in campaign {campaign.name}; nothing was changed")


def add_post(tx: Connection, post: Post) -> None:
    """Keep a post. Raises: Conflict when the campaign has one of that id."""
    taken = sa.select(posts.c.id).where(posts.c.campaign_id == post.campaign_id, posts.c.name == post.name)
    if tx.execute(taken).first():
        raise Conflict(f"post id '{post.name}' is used already in this campaign; nothing was changed")
    tx.execute(
        posts.insert().values(
            id=post.id,
            campaign_id=post.campaign_id,
            leg_id=post.leg_id,
            name=post.name,
            local_at=post.local_at.strftime(FORMAT),
            zone=post.zone,
            tzdata=post.tzdata,
            due_at=post.due_at,
            place=dict(post.place),
            author=post.author,
            created_at=post.created_at,
        )
    )


def move_post(tx: Connection, post: Post) -> None:
    """Keep a post's new time."""
    tx.execute(
        posts.update()
        .where(posts.c.id == post.id)
        .values(local_at=post.local_at.strftime(FORMAT), zone=post.zone, tzdata=post.tzdata, due_at=post.due_at)
    )


def add_variants(tx: Connection, items: Sequence[Variant]) -> None:
    """Append revisions."""
    rows = [
        {
            "post_id": item.post_id,
            "lang": item.lang,
            "revision": item.revision,
            "text": item.text,
            "tags": list(item.tags),
            "link": item.link,
            "based_on": item.based_on,
            "change": item.change,
            "title": item.title,
            "author": item.author,
            "created_at": item.created_at,
        }
        for item in items
    ]
    if rows:
        tx.execute(variants.insert(), rows)


def add_media(tx: Connection, post_id: str, items: Sequence[PostMedium]) -> None:
    """Keep the media of a post, in order."""
    for item in items:
        add_medium(tx, item.medium)
        tx.execute(
            post_media.insert().values(
                post_id=post_id,
                position=item.position,
                sha256=item.medium.sha256,
                alt=dict(item.alt),
                captions=dict(item.captions),
                poster=item.poster,
            )
        )


def add_medium(tx: Connection, medium: Medium) -> None:
    """Keep a medium's row, once."""
    if tx.execute(sa.select(media.c.sha256).where(media.c.sha256 == medium.sha256)).first() is None:
        tx.execute(
            media.insert().values(
                sha256=medium.sha256,
                mime=medium.mime,
                size=medium.size,
                width=medium.width,
                height=medium.height,
                seconds=medium.seconds,
            )
        )


def medium_of(tx: Connection, sha256: str) -> Medium | None:
    """Return the medium of that digest, if a post has it."""
    row = tx.execute(sa.select(media).where(media.c.sha256 == sha256)).mappings().first()
    return Medium(**row) if row is not None else None


def add_targets(tx: Connection, items: Sequence[Target]) -> None:
    """Keep where a post goes."""
    for item in items:
        tx.execute(
            targets.insert().values(
                id=item.id,
                post_id=item.post_id,
                account_id=item.account_id,
                strategy=item.strategy,
                langs=list(item.langs),
            )
        )


def add_outgoings(tx: Connection, items: Sequence[Queued], *, at: datetime) -> None:
    """Keep exactly what will leave."""
    for item in items:
        tx.execute(
            outgoings.insert().values(
                id=item.id,
                target_id=item.target_id,
                post_id=item.post_id,
                sha256=item.sha256,
                canonical=item.outgoing.canonical(),
                langs=list(item.outgoing.langs),
                part=item.outgoing.part,
                parent_id=item.parent_id,
                due_at=item.due_at,
                moved_because=item.moved_because,
                created_at=at,
            )
        )


def supersede(tx: Connection, old_id: str, new: Queued, *, at: datetime) -> None:
    """Put an Outgoing in the place of another, which stays on record; what answers the old one answers the new one."""
    add_outgoings(tx, [new], at=at)
    tx.execute(outgoings.update().where(outgoings.c.id == old_id).values(superseded_at=at))
    tx.execute(outgoings.update().where(outgoings.c.parent_id == old_id).values(parent_id=new.id))


def move_outgoing(tx: Connection, outgoing_id: str, *, due_at: datetime, moved_because: str | None) -> None:
    """Give an Outgoing another time."""
    values = {"due_at": due_at, "moved_because": moved_because}
    tx.execute(outgoings.update().where(outgoings.c.id == outgoing_id).values(**values))


def post_named(tx: Connection, name: str, campaign: Campaign | None = None) -> Post:
    """Return a post by its id; without a campaign the id must be unique in the installation.

    Raises:
        NotFound: there is none.
        Conflict: several campaigns have one of that id.
    """
    query = sa.select(posts).where(posts.c.name == name)
    if campaign is not None:
        query = query.where(posts.c.campaign_id == campaign.id)
    rows = tx.execute(query).mappings().all()
    if not rows:
        rows = tx.execute(sa.select(posts).where(posts.c.id == name)).mappings().all()
    if not rows:
        raise NotFound("post", name, "list them with: campaign post list")
    if len(rows) > 1:
        raise Conflict(f"post id '{name}' stands in {len(rows)} campaigns; say which with --campaign")
    return _post(rows[0])


def post_of(tx: Connection, post_id: str) -> Post:
    """Return the post of that row id."""
    return _post(tx.execute(sa.select(posts).where(posts.c.id == post_id)).mappings().one())


def posts_of(tx: Connection, campaign_id: str | None = None) -> list[Post]:
    """Return posts by their time."""
    query = sa.select(posts).order_by(posts.c.due_at, posts.c.name)
    if campaign_id is not None:
        query = query.where(posts.c.campaign_id == campaign_id)
    return [_post(row) for row in tx.execute(query).mappings()]


def variants_of(tx: Connection, post_id: str) -> list[Variant]:
    """Return every revision in every language, oldest first."""
    query = sa.select(variants).where(variants.c.post_id == post_id)
    rows = tx.execute(query.order_by(variants.c.lang, variants.c.revision)).mappings()
    return [Variant(**{**row, "tags": tuple(row["tags"])}) for row in rows]


def variants_in(tx: Connection, campaign_id: str) -> dict[str, list[Variant]]:
    """Return every revision of every post of a campaign, by the post's row id, in one question."""
    query = sa.select(variants).join(posts, posts.c.id == variants.c.post_id).where(posts.c.campaign_id == campaign_id)
    found: dict[str, list[Variant]] = {}
    for row in tx.execute(query.order_by(variants.c.lang, variants.c.revision)).mappings():
        found.setdefault(row["post_id"], []).append(Variant(**{**row, "tags": tuple(row["tags"])}))
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


def media_of(tx: Connection, post_id: str) -> list[PostMedium]:
    """Return the media of a post, in order."""
    query = (
        sa.select(post_media.c.position, post_media.c.alt, post_media.c.captions, post_media.c.poster, media)
        .join(media, media.c.sha256 == post_media.c.sha256)
        .where(post_media.c.post_id == post_id)
        .order_by(post_media.c.position)
    )
    return [
        PostMedium(
            post_id,
            row["position"],
            Medium(row["sha256"], row["mime"], row["size"], row["width"], row["height"], row["seconds"]),
            row["alt"],
            row["captions"],
            row["poster"],
        )
        for row in tx.execute(query).mappings()
    ]


def targets_of(tx: Connection, post_id: str) -> list[Target]:
    """Return where a post goes."""
    query = sa.select(targets).where(targets.c.post_id == post_id).order_by(targets.c.id)
    return [Target(**{**row, "langs": tuple(row["langs"])}) for row in tx.execute(query).mappings()]


def outgoings_of(tx: Connection, post_id: str) -> list[Queued]:
    """Return what will leave, parents first; what was superseded is left out."""
    query = _outgoings().where(outgoings.c.post_id == post_id, outgoings.c.superseded_at.is_(None))
    return [_queued(row) for row in tx.execute(query).mappings()]


def outgoing_of(tx: Connection, outgoing_id: str) -> Queued:
    """Return one Outgoing in its place."""
    return _queued(tx.execute(_outgoings().where(outgoings.c.id == outgoing_id)).mappings().one())


def wordings_by_id(tx: Connection, ids: Sequence[str]) -> dict[str, tuple[bytes, str]]:
    """Return, for Outgoings by their ids, their canonical bytes and the names of their posts."""
    return {row[0]: (bytes(row[1]), row[2]) for row in tx.execute(_WORDINGS, {"ids": list(ids)})}


_WORDINGS = (
    sa.select(outgoings.c.id, outgoings.c.canonical, posts.c.name)
    .join(posts, posts.c.id == outgoings.c.post_id)
    .where(outgoings.c.id.in_(sa.bindparam("ids", expanding=True)))
)


def approved_of(tx: Connection, ids: Sequence[str]) -> dict[tuple[str, str], frozenset[str]]:
    """Return, for posts by their row ids, (post, sha256) → the languages in which exactly these bytes are approved."""
    query = sa.select(approvals.c.post_id, approvals.c.outgoing_sha256, approvals.c.lang)
    found: dict[tuple[str, str], frozenset[str]] = {}
    for post_id, sha256, lang in tx.execute(query.where(approvals.c.post_id.in_(ids))):
        found[post_id, sha256] = found.get((post_id, sha256), frozenset()) | {lang}
    return found


def add_approval(tx: Connection, approval: Approval) -> bool:
    """Keep an approval; False when it was there already."""
    there = sa.select(approvals.c.id).where(
        approvals.c.post_id == approval.post_id,
        approvals.c.outgoing_sha256 == approval.outgoing_sha256,
        approvals.c.lang == approval.lang,
    )
    if tx.execute(there).first():
        return False
    tx.execute(
        approvals.insert().values(
            id=approval.id,
            post_id=approval.post_id,
            outgoing_sha256=approval.outgoing_sha256,
            lang=approval.lang,
            person=approval.person,
            created_at=approval.created_at,
        )
    )
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


def enqueued(tx: Connection, post_id: str) -> dict[str, str]:
    """Return outgoing id → delivery id of what is in the queue already."""
    query = sa.select(deliveries.c.outgoing_id, deliveries.c.id).where(deliveries.c.post_id == post_id)
    return {row[0]: row[1] for row in tx.execute(query)}


def _outgoings() -> sa.Select[Any]:
    return (
        sa.select(outgoings, targets.c.account_id)
        .join(targets, targets.c.id == outgoings.c.target_id)
        .order_by(outgoings.c.due_at, outgoings.c.part, outgoings.c.id)
    )


def _queued(row: RowMapping) -> Queued:
    return Queued(
        id=row["id"],
        target_id=row["target_id"],
        post_id=row["post_id"],
        account_id=row["account_id"],
        outgoing=plain_outgoing(bytes(row["canonical"])),
        sha256=row["sha256"],
        due_at=row["due_at"],
        moved_because=row["moved_because"],
        parent_id=row["parent_id"],
    )


def plain_outgoing(canonical: bytes) -> Outgoing:
    """Return the Outgoing of its canonical bytes."""
    return Outgoing.from_plain(json.loads(canonical))


def _post(row: RowMapping) -> Post:
    return Post(
        id=row["id"],
        campaign_id=row["campaign_id"],
        name=row["name"],
        leg_id=row["leg_id"],
        local_at=parse_local("local_at", row["local_at"]),
        zone=row["zone"],
        tzdata=row["tzdata"],
        due_at=row["due_at"],
        place=row["place"],
        author=row["author"],
        created_at=row["created_at"],
    )
