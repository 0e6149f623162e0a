"""archive: write what happened into the record on disk; a failure here never moves a delivery."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import rfc8785

from campaign.core.errors import CampaignError
from campaign.core.model import Account, Attempt, Campaign, Delivery, Exchange, Leg, Medium, Post, Variant
from campaign.core.states import State
from campaign.record import as2, events, warc
from campaign.service import SYSTEM, App
from campaign.service.notify import over, tell
from campaign.service.screenshot import FIELD as SCREENSHOT
from campaign.service.spoken import approval_plain, reviews_plain
from campaign.store import accounts as account_rows
from campaign.store import approvals as approval_rows
from campaign.store import attempts as attempt_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import notices, outbox, people, queue
from campaign.store import posts as post_rows
from campaign.store.posts import Queued

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "text/vtt": "vtt",
}
KINDS = {
    "publish": "publication",
    "confirm": "confirmation",
    "fetch": "capture",
    "edit": "edit",
    "delete": "withdrawal",
}

_CHOSEN = ("overflow", "gap", "fold", "quiet_because", "number", "version")  # of a post, besides its words and time


def archive(app: App, *, limit: int = 20) -> int:
    """Write the objects of accounts and posts of which the record does not know all yet; return how many."""
    with app.store.read() as tx:
        accounts = account_rows.due_for_archive(tx)
        due = queue.posts_due_for_archive(tx, limit)
    written, failure = 0, ""
    for account in accounts:
        try:
            _keep_account(app, account)
            written += 1
        except (CampaignError, OSError) as error:
            failure = str(error)
            app.log("archive.failed", account=account.name, error=failure)
    for post_id in due:
        try:
            _keep_post(app, post_id)
            written += 1
        except (CampaignError, OSError) as error:
            # It stays due: the next look tries again, and doctor shows it.
            failure = str(error)
            app.log("archive.failed", post=post_id, error=failure)
    if accounts or due:
        _say(app, failure)
    return written


def _say(app: App, failure: str) -> None:
    """Tell a person that something could not be written, or that it all could."""
    with app.store.read() as tx:
        known = bool(notices.subjects(tx, "archive"))
    if known == bool(failure):
        return
    with app.store.begin() as tx:
        if failure:
            tell(app, tx, "archive", error=failure)
        else:
            over(app, tx, "archive")


@dataclass(frozen=True, slots=True)
class Kept:
    """A post's object in the archive, at its newest version."""

    object_id: str
    version: str
    at: datetime
    message: str
    files: int


def kept(app: App, post_id: str) -> Kept | None:
    """Return what the record holds of a post; None: nothing yet."""
    object_id = as2.urn(post_id)
    if not app.archive.exists(object_id):
        return None
    inventory = app.archive.inventory(object_id)
    newest = inventory.versions[inventory.head]
    return Kept(
        object_id, f"v{inventory.head}", datetime.fromisoformat(newest.created), newest.message, len(newest.state)
    )


def account_plain(account: Account) -> dict[str, Any]:
    """Return an account as the record keeps it; its token is not in it."""
    return {
        "id": account.id,
        "name": account.name,
        "platform": account.platform,
        "base_url": account.base_url,
        "handle": account.handle,
        "remote_id": account.remote_id,
        "kind": account.kind,
        "langs": list(account.langs),
        "guarantee": str(account.guarantee),
        "sheet": dict(account.sheet),
        "connected_at": iso(account.connected_at),
    }


def _keep_account(app: App, account: Account) -> None:
    files = {"account.json": rfc8785.dumps(account_plain(account)) + b"\n"}
    put(app, as2.urn(account.id), files, f"account {account.name}", account.connected_at)
    with app.store.begin() as tx:
        account_rows.archived(tx, account.id)


def _keep_post(app: App, post_id: str) -> None:
    with app.store.read() as tx:
        post = post_rows.post_of(tx, post_id)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        legs = campaign_rows.legs_of(tx, campaign.id)
        variants = post_rows.variants_of(tx, post_id)
        media = post_rows.media_of(tx, post_id)
        targets = post_rows.targets_of(tx, post_id)
        queued = {entry.id: entry for entry in post_rows.outgoings_of(tx, post_id)}
        approvals = approval_rows.approvals_of(tx, post_id)
        said = reviews_plain(tx, post_id)
        deliveries = queue.of_post(tx, post_id)
        for row in deliveries:  # what was withdrawn is cancelled, and stands in the record all the same
            if row.outgoing_id not in queued:
                queued[row.outgoing_id] = post_rows.outgoing_of(tx, row.outgoing_id)
        attempts = attempt_rows.attempts_of_post(tx, post_id)
        accounts = {row.account_id: account_rows.account_of(tx, row.account_id) for row in deliveries}
        happened = people.events_of(tx, post_id)
        files_of = files_of_post(tx, post_id)
    app.failpoint("archiving")
    for medium in files_of:
        keep_medium(app, medium, post.created_at)
    latest = {variant.lang: variant for variant in variants}  # revisions come in order
    published = [row.published_at for row in deliveries if row.published_at]
    record = as2.PostRecord(
        id=post.id,
        name=post.name,
        campaign=campaign_plain(campaign, legs),
        author=post.author,
        local_at=post.local_at,
        zone=post.zone,
        tzdata=post.tzdata,
        due_at=post.due_at,
        created_at=post.created_at,
        contents={lang: variant.text for lang, variant in latest.items()},
        tags={lang: variant.tags for lang, variant in latest.items()},
        links={lang: variant.link for lang, variant in latest.items()},
        titles={lang: variant.title for lang, variant in latest.items() if variant.title},
        place=post.place,
        leg=next((leg_plain(leg) for leg in legs if leg.id == post.leg_id), None),
        published=min(published, default=None),
        media=tuple(
            as2.MediumRecord(
                media_type=item.medium.mime,
                sha256=item.medium.sha256,
                size=item.medium.size,
                width=item.medium.width,
                height=item.medium.height,
                alt=item.alt,
                seconds=item.medium.seconds,
                captions=item.captions,
                poster=item.poster,
            )
            for item in media
        ),
        variants=tuple(_variant(variant) for variant in variants),
        approvals=tuple(
            as2.ApprovalRecord(
                each.id, each.lang, each.outgoing_sha256, each.person, each.created_at, approval_plain(each)
            )
            for each in approvals
        ),
        deliveries=tuple(_delivery(row, queued[row.outgoing_id], accounts[row.account_id]) for row in deliveries),
        also={
            "targets": [{**asdict(target), "langs": list(target.langs)} for target in targets],
            "publisher": app.publisher,
            "post": {name: getattr(post, name) for name in _CHOSEN} | {"langs": list(post.langs)},
            **said,
        },
    )
    files: dict[str, bytes] = {
        "record.jsonld": as2.build(record) + b"\n",
        "events.jsonl": events.dumps(_events(post, attempts, happened)),
        **_warcs(app, deliveries, attempts, accounts),
    }
    done = sum(row.state is State.PUBLISHED for row in deliveries)
    put(app, as2.urn(post.id), files, f"post {post.name}: {done} of {len(deliveries)} published", app.clock.now())
    app.failpoint("archive.written")
    with app.store.begin() as tx:
        outbox.archived(tx, deliveries)
    app.failpoint("archived")


def files_of_post(tx: Any, post_id: str) -> list[Medium]:
    """Return every file of a post, each once: its media, their captions and posters, and what went out of them.

    Screenshots by which persons said where it stands are among them.
    """
    digests: dict[str, Medium | None] = {}
    for item in post_rows.media_of(tx, post_id):
        digests[item.medium.sha256] = item.medium
        digests |= dict.fromkeys([*item.captions.values(), *filter(None, [item.poster])])
    for variant in post_rows.variants_of(tx, post_id):
        digests |= {digest: None for digest in variant.captions.values() if digest not in digests}
    for entry in post_rows.outgoings_of(tx, post_id):
        for out in entry.outgoing.media:
            for digest in (out.sha256, *out.captions.values(), *filter(None, [out.poster])):
                digests.setdefault(digest, None)
    for row in queue.of_post(tx, post_id):
        if shot := (row.wire or {}).get(SCREENSHOT):
            digests.setdefault(shot, None)
    found = (medium or post_rows.medium_of(tx, digest) for digest, medium in digests.items())
    return [medium for medium in found if medium is not None]


def keep_medium(app: App, medium: Medium, at: datetime) -> None:
    """Write a medium's object, once: its id is its digest."""
    object_id = as2.medium_urn(medium.sha256)
    if app.archive.exists(object_id):
        return
    name = f"medium.{EXTENSIONS.get(medium.mime, 'bin')}"
    files = {name: app.media.file(medium.sha256), "medium.json": rfc8785.dumps(asdict(medium)) + b"\n"}
    put(app, object_id, files, f"medium {medium.sha256[:12]}", at)


def campaign_plain(campaign: Campaign, legs: Sequence[Leg]) -> dict[str, Any]:
    """Return a campaign with its legs as the record keeps them."""
    return {
        "id": campaign.id,
        "name": campaign.name,
        "title": dict(campaign.title),
        "source_lang": campaign.source_lang,
        "languages": list(campaign.languages),
        "zone": campaign.zone,
        "approval": campaign.approval,
        "approval_days": campaign.approval_days,
        "window_minutes": None if campaign.window is None else int(campaign.window.total_seconds() // 60),
        "unready": campaign.unready,
        "required_tags": {lang: list(tags) for lang, tags in campaign.required_tags.items()},
        "grace_seconds": int(campaign.grace.total_seconds()),
        "late": campaign.late,
        "quiet_hours": dict(campaign.quiet_hours),
        "demo": campaign.demo,
        "legs": [leg_plain(leg) for leg in legs],
    }


def leg_plain(leg: Leg) -> dict[str, Any]:
    """Return a leg as the record keeps it."""
    return {
        "id": leg.id,
        "name": leg.name,
        "zone": leg.zone,
        "starts_on": leg.starts_on.isoformat(),
        "ends_on": leg.ends_on.isoformat(),
        "title": dict(leg.title),
        "latitude": leg.latitude,
        "longitude": leg.longitude,
    }


def put(app: App, object_id: str, files: Mapping[str, Any], message: str, at: datetime) -> None:
    """Write an object's next version: these files, and no others."""
    app.archive.put(
        object_id,
        files,
        message=message,
        user_name=app.publisher,
        user_address=agent(SYSTEM),
        created=at,
        keep=False,
    )


def agent(name: str) -> str:
    """Return the URI by which the record names a person, or the daemon."""
    return f"urn:x-campaign:{'software' if name == SYSTEM else 'person'}:{quote(name)}"


def _variant(variant: Variant) -> as2.VariantRecord:
    return as2.VariantRecord(
        lang=variant.lang,
        revision=variant.revision,
        text=variant.text,
        tags=variant.tags,
        link=variant.link,
        author=variant.author,
        created_at=variant.created_at,
        based_on={str(name): revision for name, revision in variant.based_on.items()},
        change=variant.change,
        title=variant.title,
        alt={str(position): alt for position, alt in variant.alt.items()},
        captions={str(position): digest for position, digest in variant.captions.items()},
        machine=variant.machine,
    )


def _delivery(row: Delivery, queued: Queued, account: Account) -> as2.DeliveryRecord:
    return as2.DeliveryRecord(
        id=row.id,
        account=account.name,
        account_id=account.id,
        platform=account.platform,
        langs=row.langs,
        part=row.part,
        parent=row.parent_id,
        state=row.state,
        due_at=row.due_at,
        published_at=row.published_at,
        remote_id=row.remote_id,
        permalink=row.permalink,
        outgoing=queued.outgoing.plain(),
        outgoing_sha256=row.outgoing_sha256,
        key=row.key,
        guarantee=row.guarantee,
        attempts=row.attempts,
        also={
            "outgoing_id": queued.id,
            "target_id": queued.target_id,
            "outgoing_parent_id": queued.parent_id,
            "late_after": iso(row.late_after),
            "sent_at": iso(row.sent_at) if row.sent_at else None,
            "moved_because": row.moved_because,
            "error": row.error,
            # What begins with _ opens something while it lives: an upload session's address.
            "wire": {name: value for name, value in row.wire.items() if name[:1] != "_"} if row.wire else None,
        },
    )


def _warcs(
    app: App, deliveries: Sequence[Delivery], attempts: Sequence[Attempt], accounts: Mapping[str, Account]
) -> dict[str, bytes]:
    """Return one WARC per attempt: its request and answer, and the questions that were asked about it.

    An attempt in doubt waits until it is settled. What never left is no exchange.
    """
    by_id = {row.id: row for row in deliveries}
    groups: dict[tuple[str, int], list[Exchange]] = defaultdict(list)
    for attempt in attempts:
        row = by_id[attempt.delivery_id]
        settled = row.state not in queue.OPEN or attempt.number < row.attempts
        if settled:
            kept = [exchange for exchange in attempt.exchanges if exchange.outcome != "not_sent"]
            groups[row.id, attempt.number] += kept
    files: dict[str, bytes] = {}
    for (delivery_id, number), exchanges in sorted(groups.items()):
        if exchanges:
            row = by_id[delivery_id]
            account = accounts[row.account_id]
            name = f"{delivery_id[-12:]}-{number:04}-{account.platform}.warc.gz"
            info = {
                "software": "campaign",
                "format": "WARC File Format 1.1",
                "operator": app.publisher,
                "description": f"delivery {delivery_id}, attempt {number}, account {account.handle}",
            }
            files[f"exchange/{name}"] = warc.write(exchanges, filename=name, warcinfo=info)
    return files


def _events(post: Post, attempts: Sequence[Attempt], happened: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    urn = as2.urn(post.id)
    rows = [
        events.event(
            KINDS[attempt.kind],
            at=attempt.ended_at,
            agent=agent(SYSTEM),
            outcome="success" if attempt.outcome == "published" else attempt.outcome,
            objects=[urn, as2.urn(attempt.delivery_id)],
            detail={"attempt": attempt.number, "error": attempt.error, "exchanges": len(attempt.exchanges)},
            id=as2.urn(attempt.id),
        )
        for attempt in attempts
    ]
    kinds = {
        "post.composed": "creation",
        "post.approved": "approval",
        "approval.extended": "approval",
        "approval.void": "approval withdrawn",
        "review.passed": "review",
        "review.returned": "review",
        "review.comment": "review",
        "delivery.settled": "settlement",
        "delivery.withdrawn": "withdrawal",
    }
    rows += [
        events.event(
            kinds[each["event"]],
            at=each["at"],
            agent=agent(each["person"]),
            outcome="success",
            objects=_about(urn, each),
            detail=each["detail"],
            id=as2.urn(each["id"]),
        )
        for each in happened
        if each["event"] in kinds
    ]
    return sorted(rows, key=lambda each: (each["eventDateTime"], each["eventIdentifier"]))


def _about(urn: str, happened: Mapping[str, Any]) -> list[str]:
    """Return what an event of the log is about: the post, the delivery, the screenshot that came with it."""
    shot = (happened["detail"] or {}).get(SCREENSHOT)
    more = [as2.urn(happened["delivery_id"])] if happened["delivery_id"] else []
    return [urn, *more, *([as2.medium_urn(shot)] if shot else [])]


def iso(moment: datetime) -> str:
    """Return an instant as the record writes it: UTC, with Z."""
    return moment.isoformat().replace("+00:00", "Z")
