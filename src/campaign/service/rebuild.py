"""rebuild: restore an empty database from the archive on disk; say what the record does not hold."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, cast

from campaign.core.engagement import PLAN_B, next_age
from campaign.core.errors import Conflict
from campaign.core.model import (
    Account,
    ArchiveState,
    Campaign,
    Delivery,
    Field,
    Guarantee,
    Leg,
    Measurement,
    Medium,
    Outgoing,
    Post,
    PostMedium,
    ReadingStatus,
    Variant,
)
from campaign.core.states import State
from campaign.record import as2
from campaign.service import SYSTEM, App, event
from campaign.service.spoken import approval_fields, restore_reviews
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import outbox, queue, readings
from campaign.store import posts as post_rows
from campaign.store.approvals import Approval, add_approval
from campaign.store.posts import Queued, Target


@dataclass
class Rebuilt:
    """What was restored, and what could not be."""

    campaigns: int = 0
    posts: int = 0
    variants: int = 0
    media: int = 0
    accounts: int = 0
    approvals: int = 0
    deliveries: int = 0
    readings: int = 0
    not_restored: list[str] = field(default_factory=list)


def rebuild(app: App, *, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
    """Restore posts, variants, media, approvals, published deliveries and sealed readings, in one transaction.

    Raises:
        Conflict: the database holds something already, or an object of the archive cannot be read (verify it first).
    """
    found = Rebuilt()
    with app.store.begin() as tx:
        if campaign_rows.all_campaigns(tx) or account_rows.every_account(tx):
            raise Conflict("the database is not empty; rebuild restores onto an empty one only")
        objects = [(object_id, frozenset(app.archive.state(object_id))) for object_id in app.archive.objects()]
        order = ("account.json", "medium.json", "record.jsonld", "readings.jsonl")
        done = 0
        for name in order:
            for object_id, files in objects:
                if name not in files:
                    continue
                raw = app.archive.read(object_id, name)
                match name:
                    case "account.json":
                        _account(tx, json.loads(raw), found)
                    case "medium.json":
                        _medium(app, tx, object_id, files, json.loads(raw), found)
                    case "record.jsonld":
                        _post(app, tx, as2.parse(raw), found)
                    case _:
                        _readings(tx, raw, found)
                done += 1
                if progress:
                    progress(done, len(objects))
        _plan(tx)
        event(app, tx, "archive.rebuilt", SYSTEM, detail={"objects": len(objects)})
    found.not_restored += [
        "people: add them again with campaign user add",
        "tokens: connect each account again with campaign account add … --again",
        "pictures and clips as they were handed in: the archive holds them cleaned, and as they went out",
    ]
    return found


def _account(tx: Any, data: Mapping[str, Any], found: Rebuilt) -> None:
    values = {**data, "langs": tuple(data["langs"]), "guarantee": Guarantee(data["guarantee"])}
    account = Account(**{**values, "connected_at": _at(data["connected_at"])})
    account_rows.restore_account(tx, account)
    found.accounts += 1


def _medium(app: App, tx: Any, object_id: str, files: frozenset[str], data: Mapping[str, Any], found: Rebuilt) -> None:
    medium = Medium(**data)
    if not app.media.exists(medium.sha256):
        name = next(name for name in files if name.startswith("medium.") and name != "medium.json")
        with closing(app.archive.open(object_id, name)) as stream:
            app.media.put(stream, mime=medium.mime, width=medium.width, height=medium.height)
    post_rows.add_mediums(tx, [medium])
    found.media += 1


def _post(app: App, tx: Any, record: as2.PostRecord, found: Rebuilt) -> None:
    campaign, legs = _campaign(record.campaign)
    if all(campaign.id != known.id for known in campaign_rows.all_campaigns(tx)):
        campaign_rows.add_campaign(tx, campaign, at=record.created_at)
        found.campaigns += 1
    # Each record holds the legs that there were when it was written: a later one may hold more.
    known_legs = {leg.id for leg in campaign_rows.legs_of(tx, campaign.id)}
    for leg in legs:
        if leg.id not in known_legs:
            campaign_rows.add_leg(tx, leg)
    leg_id = record.leg["id"] if record.leg else None
    post = Post(
        id=record.id,
        campaign_id=campaign.id,
        name=record.name,
        leg_id=leg_id,
        local_at=record.local_at,
        zone=record.zone,
        tzdata=record.tzdata,
        due_at=record.due_at,
        place=record.place,
        author=record.author,
        created_at=record.created_at,
    )
    own = dict(record.also.get("post", {}))  # older records do not tell
    post = replace(post, **{**own, "langs": tuple(own.get("langs", ()))})
    post_rows.add_post(tx, post)
    variants = [
        Variant(
            post_id=post.id,
            lang=row.lang,
            revision=row.revision,
            text=row.text,
            tags=row.tags,
            link=row.link,
            author=row.author,
            created_at=row.created_at,
            based_on=cast(Mapping[Field, int], row.based_on),
            alt={int(position): alt for position, alt in row.alt.items()},
            captions={int(position): digest for position, digest in row.captions.items()},
            machine=row.machine,
            change="typo" if row.change == "typo" else "meaning",
            title=row.title,
        )
        for row in record.variants
    ]
    post_rows.add_variants(tx, variants)
    media = [
        PostMedium(
            post.id,
            number,
            Medium(row.sha256, row.media_type, row.size, row.width, row.height, row.seconds),
            dict(row.alt),
            dict(row.captions),
            row.poster,
        )
        for number, row in enumerate(record.media, 1)
    ]
    post_rows.add_media(tx, media)
    targets = [Target(**{**row, "langs": tuple(row["langs"])}) for row in record.also["targets"]]
    post_rows.add_targets(tx, targets)
    for approval in record.approvals:
        add_approval(tx, _approval(post, approval))
    restore_reviews(tx, post.id, record.also)
    found.posts += 1
    found.variants += len(variants)
    found.approvals += len(record.approvals)
    account_of = {target.id: target.account_id for target in targets}
    for row in _parents_first(record.deliveries):
        if row.state != State.PUBLISHED:
            found.not_restored.append(f"delivery {row.id} of post {post.name} ({row.state}): it was not published")
            continue
        _delivery(app, tx, post, row, account_of, found)


def _approval(post: Post, row: as2.ApprovalRecord) -> Approval:
    fields = approval_fields(row.also)
    return Approval(row.id, post.id, row.outgoing_sha256, row.lang, row.by, row.at, **fields)


def _parents_first(rows: Sequence[as2.DeliveryRecord]) -> list[as2.DeliveryRecord]:
    """Return deliveries so that each comes after the one that it continues: neither ids nor times tell."""
    parents = {row.id: row.parent for row in rows}

    def depth(delivery_id: str) -> int:
        parent = parents[delivery_id]
        return 1 + depth(parent) if parent in parents else 0

    return sorted(rows, key=lambda row: depth(row.id))


def _delivery(
    app: App, tx: Any, post: Post, row: as2.DeliveryRecord, account_of: Mapping[str, str], found: Rebuilt
) -> None:
    also = row.also
    outgoing = Outgoing.from_plain(row.outgoing)
    if outgoing.sha256 != row.outgoing_sha256:
        raise Conflict(f"the record of post {post.name} does not hold what was approved; verify the archive first")
    account_id = account_of[also["target_id"]]
    queued = Queued(
        id=also["outgoing_id"],
        target_id=also["target_id"],
        post_id=post.id,
        account_id=account_id,
        outgoing=outgoing,
        sha256=row.outgoing_sha256,
        due_at=row.due_at,
        moved_because=also["moved_because"],
        parent_id=also["outgoing_parent_id"],
    )
    post_rows.add_outgoings(tx, [queued], at=post.created_at)
    delivery = Delivery(
        id=row.id,
        post_id=post.id,
        account_id=account_id,
        campaign_id=post.campaign_id,
        outgoing_id=queued.id,
        outgoing_sha256=row.outgoing_sha256,
        langs=row.langs,
        part=row.part,
        parent_id=row.parent,
        state=State.PUBLISHED,
        due_at=row.due_at,
        late_after=_at(also["late_after"]),
        key=row.key,
        guarantee=Guarantee(row.guarantee),
        attempts=row.attempts,
        wire=also["wire"],
        sent_at=_at(also["sent_at"]) if also["sent_at"] else None,
        remote_id=row.remote_id,
        permalink=row.permalink,
        published_at=row.published_at,
        error=also["error"],
        moved_because=also["moved_because"],
        archive_state=ArchiveState.ARCHIVED,
    )
    outbox.add_delivery(tx, delivery, at=post.created_at)
    found.deliveries += 1


def _campaign(data: Mapping[str, Any]) -> tuple[Campaign, list[Leg]]:
    campaign = Campaign(
        id=data["id"],
        name=data["name"],
        title=data["title"],
        source_lang=data["source_lang"],
        languages=tuple(data["languages"]),
        zone=data["zone"],
        approval=data["approval"],
        grace=timedelta(seconds=data["grace_seconds"]),
        quiet_hours=data["quiet_hours"],
        demo=data["demo"],
        late=data.get("late", "ask"),  # older records do not tell
        window=_minutes(data.get("window_minutes", 15)),
        approval_days=data.get("approval_days"),
        unready=data.get("unready", "hold_language"),
        required_tags={lang: tuple(tags) for lang, tags in data.get("required_tags", {}).items()},
    )
    legs = [
        Leg(
            id=leg["id"],
            campaign_id=campaign.id,
            name=leg["name"],
            zone=leg["zone"],
            starts_on=date.fromisoformat(leg["starts_on"]),
            ends_on=date.fromisoformat(leg["ends_on"]),
            title=leg["title"],
            latitude=leg["latitude"],
            longitude=leg["longitude"],
        )
        for leg in data["legs"]
    ]
    return campaign, legs


def _readings(tx: Any, raw: bytes, found: Rebuilt) -> None:
    rows = [json.loads(line) for line in raw.splitlines() if line.strip()]
    items = [
        Measurement(
            delivery_id=row["delivery"],
            metric=row["metric"],
            value=row["value"],
            status=ReadingStatus(row["status"]),
            as_of=_at(row["as_of"]),
            source=row["source"],
        )
        for row in rows
    ]
    found.readings += readings.add_readings(tx, items, sealed=True)


def _plan(tx: Any) -> None:
    """Plan the next readings from the last ones, for when the accounts are connected again."""
    for row in queue.listed(tx, states=[State.PUBLISHED]):
        read = readings.readings_of(tx, [row["id"]])
        age = max((reading.as_of for reading in read), default=row["published_at"]) - row["published_at"]
        planned = next_age(age) if read else PLAN_B[0]
        readings.plan(tx, row["id"], row["published_at"] + planned if planned is not None else None)


def _minutes(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(minutes=number)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
