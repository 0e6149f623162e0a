"""The record of a post: ActivityStreams 2.0 as canonical JSON, lossless, so that the rows can be restored from it.

https://www.w3.org/TR/activitystreams-core/ · https://www.rfc-editor.org/rfc/rfc8785. What AS2 has no word for stands
in our own namespace, defined inline: nothing has to be fetched to read it. `type` and `url` derive from
the rest, for readers that know AS2 only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import rfc8785

from campaign.core.errors import Invalid

NAMESPACE = "https://campaign.invalid/ns#"
_LANGUAGE = {"@container": "@language"}
CONTEXT: list[Any] = [
    "https://www.w3.org/ns/activitystreams",
    {
        "@vocab": NAMESPACE,
        "tagMap": {"@id": f"{NAMESPACE}tag", **_LANGUAGE},
        "linkMap": {"@id": f"{NAMESPACE}link", **_LANGUAGE},
        "captionMap": {"@id": f"{NAMESPACE}captions", **_LANGUAGE},
        "poster": {"@id": f"{NAMESPACE}poster", "@type": "@id"},
        "also": {"@id": f"{NAMESPACE}also", "@type": "@json"},
        "campaign": {"@id": f"{NAMESPACE}campaign", "@type": "@json"},
        "leg": {"@id": f"{NAMESPACE}leg", "@type": "@json"},
        "outgoing": {"@id": f"{NAMESPACE}outgoing", "@type": "@json"},
    },
]

Plain = Mapping[str, Any]  # plain JSON; whole numbers beyond 2^53 (platform ids) must be strings


@dataclass(frozen=True, slots=True)
class MediumRecord:
    """A medium in its place within the post."""

    media_type: str
    sha256: str
    size: int
    width: int | None = None
    height: int | None = None
    alt: Mapping[str, str] = field(default_factory=dict)  # language → alt text
    seconds: float | None = None  # of a clip
    captions: Mapping[str, str] = field(default_factory=dict)  # language → sha256 of a WebVTT file
    poster: str | None = None  # sha256 of the frame that stands for a clip


@dataclass(frozen=True, slots=True)
class VariantRecord:
    """One revision of the wording in one language."""

    lang: str
    revision: int
    text: str
    tags: tuple[str, ...]
    link: str | None
    author: str
    created_at: datetime
    based_on: Mapping[str, int] = field(default_factory=dict)  # field → the source revision that it translates
    change: str = "meaning"
    title: str | None = None
    alt: Mapping[str, str] = field(default_factory=dict)  # position → alt, where it differs from what came with it
    captions: Mapping[str, str] = field(default_factory=dict)  # position → digest, likewise
    machine: str | None = None  # the tool that translated it
    also: Plain = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """Who approved which outgoing, in which language, and when."""

    id: str
    lang: str
    outgoing_sha256: str
    by: str
    at: datetime
    also: Plain = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What was sent to one account, and what became of it."""

    id: str
    account: str
    platform: str
    langs: tuple[str, ...]
    part: int
    parent: str | None
    state: str
    due_at: datetime
    published_at: datetime | None
    remote_id: str | None
    permalink: str | None
    outgoing: Plain
    outgoing_sha256: str
    key: str
    guarantee: str
    attempts: int
    account_id: str | None = None
    also: Plain = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PostRecord:
    """A post, whole: `contents`, `tags` and `links` are the wording that holds, `variants` how it came about.

    `also`, here and below, takes whatever else a row holds: it comes back as it went in.
    """

    id: str
    name: str  # the external id: P01
    campaign: Plain
    author: str
    local_at: datetime  # wall time, naive
    zone: str
    tzdata: str
    due_at: datetime
    created_at: datetime
    contents: Mapping[str, str]  # language → text
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: Mapping[str, str | None] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    leg: Plain | None = None
    published: datetime | None = None
    updated: datetime | None = None
    deleted: datetime | None = None  # taken down everywhere: the record becomes a Tombstone
    media: tuple[MediumRecord, ...] = ()
    variants: tuple[VariantRecord, ...] = ()
    approvals: tuple[ApprovalRecord, ...] = ()
    deliveries: tuple[DeliveryRecord, ...] = ()
    also: Plain = field(default_factory=dict)


def urn(id: str) -> str:
    """Return the archive's name of a post or an account."""
    return f"urn:uuid:{id}"


def medium_urn(sha256: str) -> str:
    """Return the archive's name of a medium: its digest."""
    return f"urn:sha256:{sha256}"


def engagement_urn(account_id: str, period: str) -> str:
    """Return the archive's name of an account's readings of one period (2019-05): derived, so a repeat finds it."""
    return urn(str(uuid5(NAMESPACE_URL, f"{NAMESPACE}engagement/{account_id}/{period}")))


def comments_urn(post_id: str) -> str:
    """Return the archive's name of what people answered to a post: derived, so a repeat finds it."""
    return urn(str(uuid5(NAMESPACE_URL, f"{NAMESPACE}comments/{post_id}")))


def build(post: PostRecord) -> bytes:
    """Return the record as canonical JSON; the same post gives the same bytes."""
    plain: dict[str, Any] = {
        "@context": CONTEXT,
        "id": urn(post.id),
        "type": "Tombstone" if post.deleted else "Note",
        "externalId": post.name,
        "attributedTo": {"type": "Person", "name": post.author},
        "campaign": post.campaign,
        "leg": post.leg,
        "localAt": post.local_at.isoformat(),
        "zone": post.zone,
        "tzdata": post.tzdata,
        "dueAt": _instant(post.due_at),
        "createdAt": _instant(post.created_at),
        "contentMap": post.contents,
        "tagMap": post.tags,
        "linkMap": post.links,
        "nameMap": post.titles,
        "location": {"type": "Place", "nameMap": post.place},
        "attachment": [_medium(medium) for medium in post.media],
        "variants": [_row(each, created_at=_instant(each.created_at)) for each in post.variants],
        "approvals": [_row(each, at=_instant(each.at)) for each in post.approvals],
        "deliveries": [
            _row(each, due_at=_instant(each.due_at), published_at=_instant(each.published_at))
            for each in post.deliveries
        ],
        "url": [each.permalink for each in post.deliveries if each.permalink],
        "also": post.also,
    }
    if post.deleted:
        plain["formerType"] = "Note"
    for name in ("published", "updated", "deleted"):
        if moment := _instant(getattr(post, name)):
            plain[name] = moment
    try:
        return rfc8785.dumps(_listed(plain))
    except (rfc8785.CanonicalizationError, ValueError) as error:
        raise Invalid("record of post", post.name, f"cannot be canonical JSON: {error}") from error


def parse(raw: bytes) -> PostRecord:
    """Return the post that build() was given. Raises Invalid for what is no such record."""
    try:
        data = json.loads(raw)
        if data["type"] not in ("Note", "Tombstone"):
            raise ValueError(f"type is {data['type']!r}")
        return PostRecord(
            id=_bare(data["id"], "urn:uuid:"),
            name=data["externalId"],
            campaign=data["campaign"],
            author=data["attributedTo"]["name"],
            local_at=datetime.fromisoformat(data["localAt"]),
            zone=data["zone"],
            tzdata=data["tzdata"],
            due_at=_at(data["dueAt"]),
            created_at=_at(data["createdAt"]),
            contents=data["contentMap"],
            tags={lang: tuple(tags) for lang, tags in data["tagMap"].items()},
            links=data["linkMap"],
            titles=data.get("nameMap", {}),  # records of before there were titles have none
            place=data["location"]["nameMap"],
            leg=data["leg"],
            published=_maybe(data.get("published")),
            updated=_maybe(data.get("updated")),
            deleted=_maybe(data.get("deleted")),
            media=tuple(_medium_of(each) for each in data["attachment"]),
            variants=tuple(_variant_of(each) for each in data["variants"]),
            approvals=tuple(ApprovalRecord(**{**each, "at": _at(each["at"])}) for each in data["approvals"]),
            deliveries=tuple(_delivery_of(each) for each in data["deliveries"]),
            also=data["also"],
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Invalid("record of a post", raw[:60], f"cannot be read: {type(error).__name__} {error}") from error


def _variant_of(row: Plain) -> VariantRecord:
    based_on = row["based_on"]
    if isinstance(based_on, int):  # older records: one revision for all of the wording
        based_on = dict.fromkeys(("text", "title", "tags", "link"), based_on)
    plain = {**row, "tags": tuple(row["tags"]), "created_at": _at(row["created_at"]), "based_on": based_on or {}}
    return VariantRecord(**plain)


def _medium(medium: MediumRecord) -> dict[str, Any]:
    kinds = {"image": "Image", "video": "Video", "audio": "Audio"}
    plain = {
        "type": kinds.get(medium.media_type.partition("/")[0], "Document"),
        "mediaType": medium.media_type,
        "url": medium_urn(medium.sha256),
        "nameMap": medium.alt,
        "size": medium.size,
    }
    more: dict[str, Any] = {"width": medium.width, "height": medium.height}
    more["poster"] = medium_urn(medium.poster) if medium.poster else None
    more["captionMap"] = {lang: medium_urn(sha256) for lang, sha256 in medium.captions.items()} or None
    # AS2 has a duration, of xsd:duration: https://www.w3.org/TR/activitystreams-vocabulary/#dfn-duration
    more["duration"] = f"PT{medium.seconds}S" if medium.seconds is not None else None
    return {**plain, **{name: value for name, value in more.items() if value is not None}}


def _medium_of(data: Plain) -> MediumRecord:
    sha256 = _bare(data["url"], "urn:sha256:")
    lasts, poster = data.get("duration"), data.get("poster")
    return MediumRecord(
        media_type=data["mediaType"],
        sha256=sha256,
        size=data["size"],
        width=data.get("width"),
        height=data.get("height"),
        alt=data["nameMap"],
        seconds=float(lasts.removeprefix("PT").removesuffix("S")) if lasts else None,
        captions={lang: _bare(urn, "urn:sha256:") for lang, urn in data.get("captionMap", {}).items()},
        poster=_bare(poster, "urn:sha256:") if poster else None,
    )


def _delivery_of(data: Plain) -> DeliveryRecord:
    times = {"due_at": _at(data["due_at"]), "published_at": _maybe(data["published_at"])}
    return DeliveryRecord(**{**data, **times, "langs": tuple(data["langs"])})


def _row(row: VariantRecord | ApprovalRecord | DeliveryRecord, **instants: str | None) -> dict[str, Any]:
    return {name: instants.get(name) if name in instants else getattr(row, name) for name in row.__slots__}


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return value


def _instant(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.utcoffset() != timedelta(0):
        raise Invalid("time in a record", moment.isoformat(), "must be aware UTC")
    return moment.isoformat().replace("+00:00", "Z")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _maybe(text: str | None) -> datetime | None:
    return _at(text) if text else None


def _bare(name: str, prefix: str) -> str:
    if not name.startswith(prefix):
        raise ValueError(f"{name!r} does not begin with {prefix}")
    return name.removeprefix(prefix)
