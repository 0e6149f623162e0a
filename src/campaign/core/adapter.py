"""The port to a platform: a sheet of data, and the verbs of one account."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, BinaryIO, ClassVar, Literal, Protocol
from urllib.parse import urlsplit

from campaign.core.address import hosts_of, last_of_path
from campaign.core.errors import Refused
from campaign.core.model import (
    METRICS,
    Account,
    Comment,
    Exchange,
    Guarantee,
    Metric,
    Outgoing,
    Pending,
    Published,
    Reading,
)

# Plain JSON: what was derived for the wire (media ids, key, parent); stored at the line. Keys that begin with _ are
# neither archived nor shown: what they hold opens something while it lives.
Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a foreign fact stands, and when it was read (ISO date)."""

    url: str
    read_on: str


# What a length is counted in: core/text.py counts.
Unit = Literal["characters", "graphemes", "utf16", "bytes", "x", "threads", "linkedin"]
# What a sheet answers for; where the answer is no, `not_offered` says where the platform says so.
Ability = Literal[
    "threads", "alt", "languages", "edits", "deletes", "fetches", "comments", "images", "videos", "captions",
    "measure", "metrics",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextRule:
    """How much text fits, and how the platform counts it."""

    limit: int
    counts: Unit
    source: Source
    link_length: int | None = None  # every web link counts as this many, whatever its length
    short_mentions: bool = False  # @user@host counts as @user
    limit_with_media: int | None = None  # the limit of a text that goes under a medium, where it is another
    max_bytes: int | None = None  # of UTF-8, where these are limited too
    forbidden: str = ""  # characters that may not stand in it
    optional: bool = False  # whether a post with media may go without a text
    max_tags: int | None = None  # hashtags in one post


@dataclass(frozen=True, slots=True)
class TitleRule:
    """What a platform that shows a title by itself takes for one."""

    limit: int
    counts: Unit
    source: Source
    required: bool = False
    forbidden: str = ""  # characters that may not stand in it


@dataclass(frozen=True, slots=True)
class MediaRule:
    """What media of one kind a post may carry."""

    kind: Literal["image", "video"]
    mimes: frozenset[str]
    max_count: int
    max_bytes: int
    source: Source
    max_pixels: int | None = None  # width × height
    max_sides: int | None = None  # width + height, in pixels
    max_ratio: float | None = None  # the longer side ÷ the shorter one
    max_alt: int | None = None  # characters; 0: the platform has no alt texts; None: it told no limit
    max_seconds: float | None = None  # of a clip
    min_seconds: float = 0.0
    ratios: tuple[float, float] | None = None  # width ÷ height, least and most
    captions: Literal["burned", "tracks"] = "burned"  # whether a clip's captions go beside it or into its frames


@dataclass(frozen=True, slots=True)
class RateRule:
    """How many requests a window admits."""

    requests: int
    seconds: int
    source: Source


@dataclass(frozen=True, slots=True)
class Price:
    """What the platform asks for one post."""

    what: Literal["post", "post_with_link"]
    usd: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A platform's limits and abilities. Data only: core/check.py is the one place that reads the limits."""

    text: TextRule
    media: tuple[MediaRule, ...]
    metrics: Mapping[Metric, str]  # our word → the platform's own name
    guarantees: tuple[Guarantee, ...]  # best first; which one holds is resolved per account
    settles_within: float  # seconds that a read-back may lag behind the truth; a live key is the second belt
    rate: RateRule
    media_rate: RateRule | None = None
    key_lifetime: float = 0.0  # seconds after the line for which a repeated key, or a handle, is the same post
    settles_alone: float = 0.0  # settles_within once that is dead, for then the read-back alone decides
    languages: int = 1  # how many language tags a post may carry; 0: none
    alone: frozenset[str] = frozenset()  # kinds of media that do not mix with others: {"video"}
    max_media: int | None = None  # of all kinds together, where kinds mix
    threads: bool = True
    edits: bool = True
    deletes: bool = True
    ids_per_reading: int = 1
    title: TitleRule | None = None  # None: a title of the post goes nowhere
    localizes: bool = False  # whether one post holds the wordings of other languages beside its own: strategy native
    min_media: int = 0  # a post without so many media is refused
    fetches_media: bool = False  # it fetches media by itself, from a public address of ours
    by_hand: bool = False  # a person puts it up, and says where it stands
    fetches: bool = True
    comments: bool = False
    prices: tuple[Price, ...] = ()
    token: str = "does not expire"  # noqa: S105 - how long a token lives and how it is renewed, for people
    not_offered: Mapping[Ability, Source] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def missing(self) -> frozenset[Ability]:
        """Return what the platform does not offer."""
        kinds = {rule.kind: rule for rule in self.media}
        there: dict[Ability, bool] = {
            "threads": self.threads,
            "alt": any(rule.max_alt != 0 for rule in self.media),
            "languages": bool(self.languages),
            "edits": self.edits,
            "deletes": self.deletes,
            "fetches": self.fetches,
            "comments": self.comments,
            "images": "image" in kinds,
            "videos": "video" in kinds,
            "captions": "video" in kinds and kinds["video"].captions == "tracks",
            "measure": bool(self.metrics),
            "metrics": set(self.metrics) == set(METRICS),
        }
        return frozenset(name for name, offered in there.items() if not offered)


ABLE = ("threads", "edits", "deletes", "fetches", "comments")  # what an account may offer otherwise than its platform


def overridden(defaults: Capabilities, sheet: Mapping[str, Any]) -> Capabilities:
    """Return the limits of one account: the platform's defaults, overridden by what the account's own server told.

    Known keys of a sheet: text_limit, link_length, counts, media_count, image_bytes, image_pixels, image_mimes,
    video_bytes, video_pixels, video_mimes, video_seconds, alt_limit, min_media, ids_per_reading, settles_within,
    key_lifetime, threads, edits, deletes, fetches, comments, measures (the metrics that this account may read; all
    others go). A missing key leaves the default.
    """
    text = replace(
        defaults.text,
        limit=sheet.get("text_limit", defaults.text.limit),
        link_length=sheet.get("link_length", defaults.text.link_length),
        counts=sheet.get("counts", defaults.text.counts),
    )
    media = tuple(
        replace(
            rule,
            # What goes alone stays alone, however many media a post may have.
            max_count=rule.max_count if rule.kind in defaults.alone else sheet.get("media_count", rule.max_count),
            max_bytes=sheet.get(f"{rule.kind}_bytes", rule.max_bytes),
            max_pixels=sheet.get(f"{rule.kind}_pixels", rule.max_pixels),
            mimes=frozenset(sheet.get(f"{rule.kind}_mimes", rule.mimes)),
            max_alt=sheet.get("alt_limit", rule.max_alt),
            max_seconds=sheet.get(f"{rule.kind}_seconds", rule.max_seconds),
        )
        for rule in defaults.media
    )
    able: dict[str, Any] = {name: bool(sheet[name]) for name in ABLE if name in sheet}
    return replace(
        defaults,
        text=text,
        media=media,
        min_media=sheet.get("min_media", defaults.min_media),
        ids_per_reading=sheet.get("ids_per_reading", defaults.ids_per_reading),
        settles_within=sheet.get("settles_within", defaults.settles_within),
        key_lifetime=sheet.get("key_lifetime", defaults.key_lifetime),
        metrics={our: name for our, name in defaults.metrics.items() if our in sheet.get("measures", METRICS)},
        **able,
    )


@dataclass(frozen=True, slots=True)
class Connected:
    """What a platform told about an account when it was connected."""

    remote_id: str
    handle: str
    kind: str
    guarantee: Guarantee
    sheet: Mapping[str, Any]  # plain JSON; overrides the platform's defaults
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parent:
    """The post that this one continues."""

    remote_id: str
    wire: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is known when confirm() asks.

    `since` is the campaign time at which the line was first crossed (the platform's clock may differ by minutes);
    `owned` are remote ids that other deliveries of the account own already: such a post is never ours.
    `again`: "not there" would send it again under the same key; else its grace is over and it counts as missed.
    """

    since: datetime
    owned: frozenset[str] = frozenset()
    again: bool = True


class Notebook(Protocol):
    """Where a watcher keeps what it saw before the platform is told to forget it. Synchronous: call in a thread."""

    def keep(self, watcher: str, seen: Sequence[tuple[int, Mapping[str, Any]]], *, at: datetime, gap: bool) -> None:
        """Keep numbered sightings, each once; `gap`: something may have been missed, so the watch begins anew."""

    def kept(self, watcher: str) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """Return what was seen, by number."""

    def watched(self, watcher: str) -> tuple[datetime, datetime] | None:
        """Return since when and until when there was no gap; None: nothing was watched yet."""


def seal(token: str, secrets: Mapping[str, str]) -> str:
    """Return one string that holds an account's token and what other secrets its platform needs."""
    return json.dumps({"token": token, **secrets}) if secrets else token


def unseal(sealed: str) -> dict[str, str]:
    """Return the secrets by name; the token's name is `token`."""
    return dict(json.loads(sealed)) if sealed.startswith("{") else {"token": sealed}


class Adapter(ABC):
    """One account on one platform. It returns or raises; it never writes an outcome anywhere.

    Of the guarantees, `handle` is for platforms that publish in two phases. prepare() makes a container, which nobody
    sees until it is published; so making it again is harmless, and its id is lost with a crash before the line. The
    wire that prepare() returns holds that id, and is stored at the line. publish() publishes this very container;
    where it is published already it returns the same post. confirm() asks the container's state: published → its
    post; at work → Pending; not published → None, and then prepare() is given the wire as `previous` and must return
    the same container while that lives. Only of one that is dead (key_lifetime is over, or the platform says so) may
    it make another; then the account's own list decides, as with read_back, and is asked for `settles_alone`.
    """

    name: ClassVar[str]
    bearer: ClassVar[bool] = True  # whether the token itself goes into each request's Authorization header
    tokenless: ClassVar[bool] = False  # whether an account needs no token, for nobody is asked over the network
    counted_by: ClassVar[Literal["account", "credential"]] = "account"
    """What the platform counts requests by. `credential`: all accounts that share one token share one budget."""
    home: ClassVar[str] = ""  # the base URL, where the platform is at one for all
    hosts: ClassVar[tuple[str, ...]] = ()  # further hosts of a platform with a home, to which its tokens may go
    oauth: ClassVar[Any] = None  # core.oauth.OAuth, where an account can be connected by consent
    options: ClassVar[Mapping[str, str]] = {}  # what connecting needs besides a token: name → what it is
    secrets: ClassVar[Mapping[str, str]] = {}  # the same for what must not be shown
    defaults: ClassVar[Capabilities]
    sheet: Mapping[str, Any] = {}  # what the account's own server told when it was connected
    names_people = False  # whether what measure() is told names who reacted or answered: kept only where names are

    @cached_property
    def capabilities(self) -> Capabilities:
        """The account's own limits: the platform's defaults, overridden by its sheet."""
        return overridden(self.defaults, self.sheet)

    @classmethod
    @abstractmethod
    def open(cls, client: Any, account: Account) -> "Adapter":
        """Return the adapter of an account that speaks through this client (net.client.Client)."""

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the remote id of the account's post at a public address, as a person copied it from a browser.

        Raises: Invalid, when the address names no post of this account.
        """
        return last_of_path(url, hosts_of(account))

    @classmethod
    def elsewhere(cls, account: Account, url: str) -> str:
        """Return the URL of another host of the platform.

        Of an account that is not at the platform's home, it is the same path below the account's own base URL: a twin
        plays all hosts of its platform.
        """
        if account.base_url == cls.home:
            return url
        parts = urlsplit(url)
        return account.base_url + parts.path + (f"?{parts.query}" if parts.query else "")

    @abstractmethod
    async def connect(self) -> Connected:
        """Return who this is and what it may do. Raises: Unauthorized, Unavailable, Refused."""

    @abstractmethod
    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Upload media and derive what goes on the wire. REPEATABLE: the daemon may call it again.

        Args:
            outgoing: what was approved.
            key: the delivery's idempotency key.
            parent: the post that this part continues.
            previous: what an earlier attempt stored at the line, so that its uploads can be used again.
            open_medium: sha256 → the open file.
        """

    def admitted(self, within: float) -> AbstractAsyncContextManager[None]:
        """Keep one request of the rate budget for publish(), which then does not wait for one past the line.

        Args:
            within: how many seconds it may take.

        Raises:
            Spent: it would take longer; nothing was asked.
        """
        client: Any = getattr(self, "_client", None)  # what open() was given, where it speaks through one
        kept: AbstractAsyncContextManager[None] = nullcontext() if client is None else client.admitted(within)
        return kept

    @abstractmethod
    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Send the ONE irreversible request. Raises any Outcome; anything else is taken as Uncertain."""

    @abstractmethod
    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask what became of it. None: not there as far as the platform can say now."""

    @abstractmethod
    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the platform's own record of a post, as it came."""

    @abstractmethod
    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return counters of many posts; a post that is gone has readings with status expired, never 0."""

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return what people answered to a post, oldest first, as far as the platform tells.

        Raises:
            Refused: the platform offers no comments, or knows no such post.
        """
        raise Refused(f"{self.name} offers no comments")

    @abstractmethod
    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace the text and alt texts of a published post."""

    @abstractmethod
    async def delete(self, remote_id: str) -> None:
        """Take a published post down; a post that is gone already is no error."""


@dataclass(slots=True)
class Exchanges:
    """A sink for what went over the wire during one attempt.

    `after` is called when each exchange is over; `step` while one is under way: when the whole request was given to
    the network (request.sent, commit.sent for the one that is irreversible), and when its answer is there
    (request.received, commit.received). `leave` is asked right before the first byte of the irreversible request is
    given to the network; what it raises keeps the request here. `urgent`: what is asked takes from the rate budget as
    publishing does, for a delivery waits for the answer.
    """

    kept: list[Exchange] = field(default_factory=list)
    after: Callable[[], None] = lambda: None
    step: Callable[[str], None] = lambda name: None
    leave: Callable[[], None] = lambda: None
    urgent: bool = False

    def __call__(self, exchange: Exchange) -> None:
        self.kept.append(exchange)
        self.after()
