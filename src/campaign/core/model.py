"""The nouns. Ids are UUIDv7 strings; instants are aware UTC; durations are timedelta; digests are sha256 in hex."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

import rfc8785

from campaign.core.states import State

Lang = str  # a BCP 47 tag as the campaign uses it: ko, en, ru
Strategy = Literal["split", "combined", "thread", "native"]
Policy = Literal["none", "one", "two", "three"]  # how many people, one after the other, approve each language
Unready = Literal["hold_all", "send_ready", "hold_language"]  # what becomes of a post that is not ready at T−30 min
Overflow = Literal["refuse", "thread", "numbered"]  # of a text that is too long; numbered: a thread that says 1/3
Late = Literal["ask", "cancel"]  # what becomes of the missed: a person decides, or it is taken back
Change = Literal["meaning", "typo"]  # what an edit of the source language does to its translations
Field = Literal["text", "title", "tags", "link", "alt", "captions"]  # of a variant, each translated by itself
FIELDS: tuple[Field, ...] = ("text", "title", "tags", "link", "alt", "captions")
WORDING: frozenset[Field] = frozenset(
    {"text", "title", "tags", "link"}
)  # outdated, they keep a language from going out
Metric = Literal["views", "reach", "reactions", "replies", "reposts", "quotes", "saves", "link_clicks"]
METRICS: tuple[Metric, ...] = ("views", "reach", "reactions", "replies", "reposts", "quotes", "saves", "link_clicks")


class Guarantee(StrEnum):
    """How an account lets a doubt be settled; resolved when the account is connected."""

    REPLAY = "replay"  # the client chooses the id: asking again is the same post
    HANDLE = "handle"  # two phases; the server's handle has a readable state
    DEDUP = "dedup"  # the server honours a key for a stated time, and can be read back
    READ_BACK = "read_back"  # only the account's own list tells
    NONE = "none"  # nothing tells; a person must look


class ArchiveState(StrEnum):
    """Whether the record holds what happened to a delivery. A failed archive never moves a delivery."""

    NONE = "none"  # nothing to keep yet
    DUE = "due"  # something happened that the record does not hold yet
    ARCHIVED = "archived"


class ReadingStatus(StrEnum):
    """Why a counter has, or has not, a value. Missing is never 0."""

    OK = "ok"
    NOT_OFFERED = "not_offered"  # the platform has no such counter
    NOT_PERMITTED = "not_permitted"  # the token may not read it
    TOO_NEW = "too_new"  # not counted yet
    STALE = "stale"  # an older value, known to be old
    ERROR = "error"  # the reading failed
    EXPIRED = "expired"  # the platform no longer tells


class Role(StrEnum):
    """What a person may do."""

    AUTHOR = "author"
    TRANSLATOR = "translator"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    VIEWER = "viewer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes, approves or reads. Whoever translates or reviews may be bound to languages, whoever approves
    to accounts; empty: to none, so that all are open."""

    id: str
    name: str
    roles: frozenset[Role]
    login: str | None = None  # the operating system's user that this person is at the command line
    langs: frozenset[Lang] = frozenset()
    accounts: frozenset[str] = frozenset()  # names


@dataclass(frozen=True, slots=True)
class Campaign:
    """A named set of posts with languages, a home zone and policies."""

    id: str
    name: str  # the external id, unique per installation
    title: Mapping[Lang, str]
    source_lang: Lang
    languages: tuple[Lang, ...]
    zone: str
    approval: Policy = "one"
    grace: timedelta = timedelta(minutes=15)
    quiet_hours: Mapping[Lang, str] = field(default_factory=dict)  # "22:00-08:00 Asia/Seoul", "22:00-08:00 leg"
    demo: bool = False
    late: Late = "ask"
    window: timedelta | None = timedelta(minutes=15)  # a post that is moved by more loses its approvals; None: never
    approval_days: int | None = None  # after which an approval expires; None: never
    unready: Unready = "hold_language"
    required_tags: Mapping[Lang, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of the journey: a place, its zone and its days."""

    id: str
    campaign_id: str
    name: str  # the external id, unique per campaign
    zone: str
    starts_on: date
    ends_on: date
    title: Mapping[Lang, str]
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """What was composed, once, in all its languages."""

    id: str
    campaign_id: str
    name: str  # the external id, unique per campaign: P01
    leg_id: str | None
    local_at: datetime  # wall time, naive
    zone: str
    tzdata: str  # the version of the time zone database that resolved it
    due_at: datetime
    place: Mapping[Lang, str]
    author: str
    created_at: datetime
    langs: tuple[Lang, ...] = ()  # that it is to go out in; one without a variant is missing. Empty: those it has
    overflow: Overflow = "refuse"
    gap: Literal["forward", "back"] | None = None  # what was chosen where the clocks skip its time
    fold: Literal["first", "second"] | None = None  # or where it happens twice
    quiet_because: str | None = None  # why it may go out in soft quiet hours
    series_id: str | None = None
    number: int | None = None  # its place in the series
    version: int = 1  # rises with every change
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A post's wording in one language; revisions are append-only.

    Attributes:
        alt, captions: by the position of the medium: what differs from what came with the media; captions by the
            digest of a WebVTT file in the library.
        based_on: field → the revision of the source language that it translates; a field that is not named was made
            with the first one.
        machine: the tool that translated it; None: a person's words. A machine's words go nowhere before a person has
            saved them.
    """

    post_id: str
    lang: Lang
    revision: int
    text: str
    tags: tuple[str, ...]
    link: str | None
    author: str
    created_at: datetime
    based_on: Mapping[Field, int] = field(default_factory=dict)
    change: Change = "meaning"
    title: str | None = None  # for platforms that show one by itself
    alt: Mapping[int, str] = field(default_factory=dict)
    captions: Mapping[int, str] = field(default_factory=dict)
    machine: str | None = None


@dataclass(frozen=True, slots=True)
class Medium:
    """A file of the media library, named by its digest."""

    sha256: str
    mime: str
    size: int  # bytes
    width: int | None = None  # pixels
    height: int | None = None
    seconds: float | None = None  # of a clip

    @property
    def is_clip(self) -> bool:
        """Whether it moves and sounds."""
        return self.mime.startswith("video/")


@dataclass(frozen=True, slots=True)
class PostMedium:
    """A medium in its place within a post, with its alt text, and a clip's captions, per language."""

    post_id: str
    position: int
    medium: Medium
    alt: Mapping[Lang, str]
    captions: Mapping[Lang, str] = field(default_factory=dict)  # language → sha256 of a WebVTT file in the library
    poster: str | None = None  # sha256 of the frame that stands for a clip


@dataclass(frozen=True, slots=True)
class Account:
    """One connected identity on a platform. `sheet` holds the limits that the account itself told."""

    id: str
    name: str  # unique per installation
    platform: str
    base_url: str
    handle: str
    remote_id: str
    kind: str  # the software that answers: mastodon, gotosocial, snac …
    langs: tuple[Lang, ...]
    guarantee: Guarantee
    sheet: Mapping[str, Any]
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class OutgoingMedium:
    """A medium exactly as it goes out, with the alt text that goes with it."""

    sha256: str
    mime: str
    size: int
    width: int | None
    height: int | None
    alt: str
    seconds: float | None = None  # of a clip
    captions: Mapping[Lang, str] = field(default_factory=dict)  # tracks beside it: language → sha256; burned in: none
    poster: str | None = None  # sha256 of the frame that stands for a clip

    @property
    def is_clip(self) -> bool:
        """Whether it moves and sounds."""
        return self.mime.startswith("video/")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Exactly what leaves for one account: previewed, checked, approved, stored and sent; never rendered again."""

    account: str  # the account's name
    platform: str
    langs: tuple[Lang, ...]
    text: str
    tags: tuple[str, ...] = ()
    link: str | None = None
    media: tuple[OutgoingMedium, ...] = ()
    part: int = 1
    parts: int = 1
    title: str | None = None  # where the platform shows one by itself
    localized: Mapping[Lang, Mapping[str, str]] = field(default_factory=dict)  # strategy native: lang → title, text

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        plain = {name: _plain(getattr(self, name)) for name in self.__slots__ if name != "media"}
        plain["media"] = [{name: _plain(getattr(item, name)) for name in item.__slots__} for item in self.media]
        for medium in plain["media"]:
            for name in ("seconds", "captions", "poster"):
                if not medium[name]:
                    del medium[name]  # what a picture has not does not stand in its hash
        for name in ("title", "localized"):
            if not plain[name]:
                del plain[name]  # nor what most posts have not
        return plain

    def canonical(self) -> bytes:
        """Return the canonical JSON of it (RFC 8785), UTF-8."""
        return rfc8785.dumps(self.plain())

    @property
    def sha256(self) -> str:
        """The digest that an approval binds to."""
        return sha256(self.canonical()).hexdigest()

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> "Outgoing":
        """Return the Outgoing that canonical() was made of."""
        media = tuple(OutgoingMedium(**item) for item in data["media"])
        return cls(**{**data, "langs": tuple(data["langs"]), "tags": tuple(data["tags"]), "media": media})


@dataclass(frozen=True, slots=True)
class Delivery:
    """One part of a post to one account at one time. The rows of deliveries are the only truth."""

    id: str
    post_id: str
    account_id: str
    campaign_id: str
    outgoing_id: str
    outgoing_sha256: str
    langs: tuple[Lang, ...]
    part: int
    parent_id: str | None
    state: State
    due_at: datetime
    late_after: datetime  # due_at and the campaign's grace: after it, it never goes out by itself
    key: str  # the idempotency key: random, fixed at enqueue
    guarantee: Guarantee
    attempts: int = 0
    fence: int = 0
    lease: str | None = None
    retry_at: float | None = None  # monotonic seconds of `boot`
    boot: str | None = None
    wire: Mapping[str, Any] | None = None  # what was derived for the wire, stored at the line
    sent_at: datetime | None = None  # campaign time of the first crossing of the line
    sent_mono: float | None = None  # the same in monotonic seconds of `sent_boot`: the age of the key
    sent_boot: str | None = None
    doubt_mono: float | None = None  # when the doubt arose, monotonic seconds of `boot`
    questions: int = 0  # how often confirm() has asked about this doubt
    remote_id: str | None = None
    permalink: str | None = None
    published_at: datetime | None = None
    error: str | None = None
    held_because: str | None = None  # why it is not claimed though it is due: its translation is outdated
    moved_because: str | None = None  # why the time differs from what was written: quiet hours
    archive_state: ArchiveState = ArchiveState.NONE
    measure_at: datetime | None = None  # when its counters are read next


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer as they went over the wire, secrets redacted.

    `request` and `response` are whole HTTP/1.1 messages (start line, headers, blank line, body); the body of an upload
    is left out of `request` and named by `body_sha256` and `body_size` instead. `response` is None when nothing came.
    """

    method: str
    url: str
    at: datetime  # campaign time, aware UTC
    request: bytes
    response: bytes | None
    outcome: str  # answered | silent | not_sent
    took: float = 0.0  # seconds
    address: str | None = None  # the peer's IP address
    body_sha256: str | None = None
    body_size: int | None = None
    redacted: tuple[str, ...] = ()  # names of what was taken out


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a delivery, or one question about it. `number` joins a try with the questions about it."""

    id: str
    delivery_id: str
    number: int
    kind: Literal["publish", "confirm", "fetch", "edit", "delete"]
    started_at: datetime
    ended_at: datetime
    outcome: str
    error: str | None
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """The platform has it, and this is its name for it."""

    remote_id: str
    permalink: str | None
    published_at: datetime | None = None  # the platform's own time


@dataclass(frozen=True, slots=True)
class Pending:
    """The platform took it and still works on it."""

    ticket: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One counter at one time; `value` is None unless the status is ok or stale."""

    value: int | None
    status: ReadingStatus = ReadingStatus.OK


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody answered to a post, as its platform tells it."""

    remote_id: str
    in_reply_to: str  # the remote id of the post, or of the comment, that it answers
    author: str | None  # the name that the platform shows
    text: str
    at: datetime | None  # aware UTC
    record: Mapping[str, Any]  # the platform's own


@dataclass(frozen=True, slots=True)
class Measurement:
    """One reading of one delivery, append-only."""

    delivery_id: str
    metric: Metric
    value: int | None
    status: ReadingStatus
    as_of: datetime
    source: str


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
