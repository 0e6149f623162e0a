"""Posts with their variants, media, targets, outgoings and approvals."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.language import latest
from campaign.core.model import Campaign, Medium, Outgoing, Post, PostMedium, Strategy, Variant
from campaign.core.schedule import FORMAT, parse_local
from campaign.store.tables import deliveries, media, outgoings, post_media, posts, targets, variants


@dataclass(frozen=True, slots=True)
class Target:
    """One account that a post goes to, and how its languages go there."""

    id: str
    post_id: str
    account_id: str
    strategy: Strategy
    langs: tuple[str, ...]
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # language → what is worded otherwise here


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


def demand_free_name(tx: Connection, campaign: Campaign, name: str) -> None:
    """Check that a campaign has no post of that id. Raises: Conflict."""
    if tx.execute(sa.select(posts.c.id).where(posts.c.campaign_id == campaign.id, posts.c.name == name)).first():
        raise Conflict(f"post id '{name}' is used already in campaign {campaign.name}; nothing was changed")


def taken_names(tx: Connection, campaign: Campaign, names: Sequence[str]) -> list[str]:
    """Return those of these ids that posts of a campaign have already."""
    found: list[str] = []
    for some in _batches(names, 500):
        query = sa.select(posts.c.name).where(posts.c.campaign_id == campaign.id, posts.c.name.in_(some))
        found += tx.execute(query).scalars()
    return found


def add_post(tx: Connection, post: Post) -> None:
    """Keep a post. Raises: Conflict when the campaign has one of that id."""
    taken = sa.select(posts.c.id).where(posts.c.campaign_id == post.campaign_id, posts.c.name == post.name)
    if tx.execute(taken).first():
        raise Conflict(f"post id '{post.name}' is used already in this campaign; nothing was changed")
    add_posts(tx, [post])


def add_posts(tx: Connection, items: Sequence[Post]) -> None:
    """Keep many posts, whose names were looked for and are free.

    Raises:
        Conflict: somebody has taken one since, for PostgreSQL lets two look at once; nothing of the transaction holds.
    """
    if not items:
        return
    try:
        tx.execute(posts.insert(), [_row_of(post) for post in items])
    except sa.exc.IntegrityError as error:
        if "uq_posts_campaign_id_name" not in str(error.orig) and "posts.name" not in str(error.orig):
            raise
        which = f"'{items[0].name}'" if len(items) == 1 else f"of one of {len(items)} posts"
        raise Conflict(f"post id {which} came into use meanwhile; nothing was changed: do the same again") from error


def change_post(tx: Connection, post: Post, *, at: datetime) -> Post:
    """Keep what a post says of itself now, if nobody has changed it meanwhile; its version rises.

    Raises:
        Conflict: somebody was faster.
    """
    changed = replace(post, version=post.version + 1, changed_at=at)
    values = {key: value for key, value in _row_of(changed).items() if key not in ("id", "campaign_id", "created_at")}
    mine = (posts.c.id == post.id, posts.c.version == post.version)
    if tx.execute(posts.update().where(*mine).values(values)).rowcount != 1:
        raise Conflict(f"post {post.name} was changed meanwhile; look at it and try again")
    return changed


def touch_post(tx: Connection, post_id: str, *, at: datetime) -> None:
    """Note that something of a post has changed: its version rises."""
    tx.execute(posts.update().where(posts.c.id == post_id).values(version=posts.c.version + 1, changed_at=at))


def move_post(tx: Connection, post: Post, *, at: datetime) -> None:
    """Keep a post's new time."""
    values = {
        "local_at": post.local_at.strftime(FORMAT), "zone": post.zone, "tzdata": post.tzdata, "due_at": post.due_at,
        "gap": post.gap, "fold": post.fold, "quiet_because": post.quiet_because,
    }  # fmt: skip
    values |= {"version": posts.c.version + 1, "changed_at": at}
    tx.execute(posts.update().where(posts.c.id == post.id).values(values))


def set_tzdata(tx: Connection, ids: Sequence[str], version: str) -> None:
    """Note by which version of the zone database the times of these posts hold."""
    for some in _batches(ids, 500):
        tx.execute(posts.update().where(posts.c.id.in_(some)).values(tzdata=version))


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
            "based_on": dict(item.based_on),
            "change": item.change,
            "title": item.title,
            "alt": {str(position): alt for position, alt in item.alt.items()},
            "captions": {str(position): digest for position, digest in item.captions.items()},
            "machine": item.machine,
            "author": item.author,
            "created_at": item.created_at,
        }
        for item in items
    ]
    if rows:
        tx.execute(variants.insert(), rows)


def add_media(tx: Connection, items: Sequence[PostMedium]) -> None:
    """Keep the media of posts, in order, with what came with them."""
    add_mediums(tx, [item.medium for item in items])
    rows = [
        {
            "post_id": item.post_id,
            "position": item.position,
            "sha256": item.medium.sha256,
            "alt": dict(item.alt),
            "captions": dict(item.captions),
            "poster": item.poster,
        }
        for item in items
    ]
    if rows:
        tx.execute(post_media.insert(), rows)


def replace_media(tx: Connection, post_id: str, items: Sequence[PostMedium]) -> None:
    """Let a post have these media in place of those that it had; what they look like stays with what went out."""
    tx.execute(post_media.delete().where(post_media.c.post_id == post_id))
    add_media(tx, items)


def add_mediums(tx: Connection, items: Sequence[Medium]) -> None:
    """Keep the rows of media, each once."""
    found = {item.sha256: item for item in items}
    for some in _batches(list(found), 500):
        for known in tx.execute(sa.select(media.c.sha256).where(media.c.sha256.in_(some))).scalars():
            del found[known]
    if found:
        tx.execute(media.insert(), [asdict(item) for item in found.values()])


def medium_of(tx: Connection, sha256: str) -> Medium | None:
    """Return the medium of that digest, if a post has it."""
    row = tx.execute(sa.select(media).where(media.c.sha256 == sha256)).mappings().first()
    return Medium(**row) if row is not None else None


def add_targets(tx: Connection, items: Sequence[Target]) -> None:
    """Keep where posts go."""
    rows = [
        {
            "id": item.id,
            "post_id": item.post_id,
            "account_id": item.account_id,
            "strategy": item.strategy,
            "langs": list(item.langs),
            "overrides": {lang: dict(own) for lang, own in item.overrides.items()},
        }
        for item in items
    ]
    if rows:
        tx.execute(targets.insert(), rows)


def change_target(tx: Connection, target: Target) -> None:
    """Keep another choice of languages, another strategy, or other words for this account."""
    values = {
        "strategy": target.strategy,
        "langs": list(target.langs),
        "overrides": {lang: dict(own) for lang, own in target.overrides.items()},
    }
    tx.execute(targets.update().where(targets.c.id == target.id).values(**values))


def add_outgoings(tx: Connection, items: Sequence[Queued], *, at: datetime) -> None:
    """Keep exactly what will leave; parents stand before their parts."""
    rows = [
        {
            "id": item.id,
            "target_id": item.target_id,
            "post_id": item.post_id,
            "sha256": item.sha256,
            "canonical": item.outgoing.canonical(),
            "langs": list(item.outgoing.langs),
            "part": item.outgoing.part,
            "parent_id": item.parent_id,
            "due_at": item.due_at,
            "moved_because": item.moved_because,
            "created_at": at,
        }
        for item in items
    ]
    if rows:
        tx.execute(outgoings.insert(), rows)


def supersede(tx: Connection, old_id: str, new: Queued, *, at: datetime) -> None:
    """Put an Outgoing in the place of another, which stays on record; what answers the old one answers the new one."""
    add_outgoings(tx, [new], at=at)
    tx.execute(outgoings.update().where(outgoings.c.id == old_id).values(superseded_at=at))
    tx.execute(outgoings.update().where(outgoings.c.parent_id == old_id).values(parent_id=new.id))


def withdraw_outgoing(tx: Connection, outgoing_id: str, *, at: datetime) -> None:
    """Take an Outgoing out of what will leave; it stays on record."""
    tx.execute(outgoings.update().where(outgoings.c.id == outgoing_id).values(superseded_at=at))


def move_outgoing(tx: Connection, outgoing_id: str, *, due_at: datetime, moved_because: str | None) -> None:
    """Give an Outgoing another time; before that one it is looked at anew."""
    values = {"due_at": due_at, "moved_because": moved_because, "warned_at": None, "looked_at": None}
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


def posts_of(tx: Connection, campaign_id: str | None = None, *, series_id: str | None = None) -> list[Post]:
    """Return posts by their time."""
    query = sa.select(posts).order_by(posts.c.due_at, posts.c.name)
    if series_id is not None:
        query = query.where(posts.c.series_id == series_id)
    if campaign_id is not None:
        query = query.where(posts.c.campaign_id == campaign_id)
    return [_post(row) for row in tx.execute(query).mappings()]


def variants_of(tx: Connection, post_id: str) -> list[Variant]:
    """Return every revision in every language, oldest first."""
    query = sa.select(variants).where(variants.c.post_id == post_id)
    rows = tx.execute(query.order_by(variants.c.lang, variants.c.revision)).mappings()
    return [_variant(row) for row in rows]


def variants_in(tx: Connection, campaign_id: str) -> dict[str, list[Variant]]:
    """Return every revision of every post of a campaign, by the post's row id, in one question."""
    query = sa.select(variants).join(posts, posts.c.id == variants.c.post_id).where(posts.c.campaign_id == campaign_id)
    found: dict[str, list[Variant]] = {}
    for row in tx.execute(query.order_by(variants.c.lang, variants.c.revision)).mappings():
        found.setdefault(row["post_id"], []).append(_variant(row))
    return found


def media_of(tx: Connection, post_id: str, *, as_came: bool = False) -> list[PostMedium]:
    """Return the media of a post, in order, with what is said of them now, or, `as_came`, with what came with them."""
    query = (
        sa.select(post_media.c.position, post_media.c.alt, post_media.c.captions, post_media.c.poster, media)
        .join(media, media.c.sha256 == post_media.c.sha256)
        .where(post_media.c.post_id == post_id)
        .order_by(post_media.c.position)
    )
    rows = tx.execute(query).mappings().all()
    newest = latest(variants_of(tx, post_id)) if rows and not as_came else {}
    found: list[PostMedium] = []
    for row in rows:
        position, alt, captions = row["position"], dict(row["alt"]), dict(row["captions"])
        for lang, variant in newest.items():
            if position in variant.alt:
                alt[lang] = variant.alt[position]
            if position in variant.captions:
                captions[lang] = variant.captions[position]
        medium = Medium(row["sha256"], row["mime"], row["size"], row["width"], row["height"], row["seconds"])
        found.append(PostMedium(post_id, position, medium, alt, captions, row["poster"]))
    return found


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


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _variant(row: RowMapping) -> Variant:
    fields = dict(row)
    fields["tags"] = tuple(fields["tags"])
    for name in ("alt", "captions"):
        fields[name] = {int(position): value for position, value in fields[name].items()}
    return Variant(**fields)


def _row_of(post: Post) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(post, name) for name in post.__slots__}
    row |= {"local_at": post.local_at.strftime(FORMAT), "place": dict(post.place), "langs": list(post.langs)}
    return row


def _post(row: RowMapping) -> Post:
    fields = dict(row)
    fields["local_at"] = parse_local("local_at", row["local_at"])
    fields["langs"] = tuple(row["langs"])
    return Post(**fields)
