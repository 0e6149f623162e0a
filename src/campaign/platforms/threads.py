"""Threads: posts in two phases, one container each; answers that make a thread; media that Threads fetches itself."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, BinaryIO, ClassVar

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, Outcome, Refused, Unauthorized, Uncertain
from campaign.core.model import (
    Account,
    Comment,
    Guarantee,
    Metric,
    Outgoing,
    OutgoingMedium,
    Pending,
    Published,
    Reading,
    ReadingStatus,
)
from campaign.core.oauth import OAuth
from campaign.core.text import fingerprint
from campaign.net.client import Client
from campaign.net.graph import DEAD, Containers, Graph, str_id, text_of, time_of, web_address


def _docs(page: str) -> Source:
    return Source(f"https://developers.facebook.com/documentation/threads/{page}", "2026-11-24")


_POSTS, _OVERVIEW, _INSIGHTS = _docs("posts"), _docs("overview"), _docs("insights")

CAPABILITIES = Capabilities(
    text=TextRule(limit=500, counts="threads", optional=True, source=_POSTS),
    media=(
        MediaRule(
            kind="image",
            mimes=frozenset({"image/jpeg", "image/png"}),
            max_count=20,
            max_bytes=8_388_608,
            max_ratio=10.0,
            max_alt=1000,
            source=_POSTS,
        ),
        MediaRule(
            kind="video",
            mimes=frozenset({"video/mp4", "video/quicktime"}),
            max_count=20,
            max_bytes=1_073_741_824,
            max_seconds=300.0,
            ratios=(0.01, 10.0),
            max_alt=1000,
            source=_POSTS,
        ),
    ),
    max_media=20,
    metrics={
        "views": "views",
        "reactions": "likes",
        "replies": "replies",
        "reposts": "reposts",
        "quotes": "quotes",
    },
    guarantees=(Guarantee.HANDLE,),
    settles_within=30.0,
    # A container is lost after 24 hours: docs, troubleshooting. An hour less, for it is made before the line.
    key_lifetime=23 * 3600.0,
    settles_alone=120.0,
    # 4800 × impressions (10 at least) in 24 hours: 48,000 a day.
    rate=RateRule(2000, 3600, _OVERVIEW),
    languages=0,
    edits=False,
    comments=True,
    token="60 days; renewed with itself from its second day on (th_refresh_token)",  # noqa: S106
    fetches_media=True,
    not_offered={
        "languages": _POSTS,  # no parameter for it
        "edits": _docs("reference"),  # no operation for it
        "captions": _POSTS,  # no parameter for it; they are burned in
        "metrics": _INSIGHTS,  # no reach, no saves; clicks are those of a whole profile
    },
    notes=(
        "Threads fetches media itself: the desk, or a bucket, must be reachable at a public https address",
        "250 posts and 1,000 answers in 24 hours; of several hashtags one becomes a topic",
        "more than 5 links are refused",
        "the longest alt text and the most media of a carousel (20) are from general knowledge",
    ),
)

VERSION = "v1.0"
# "Media Not Found", of a container that is there: one that was made a moment ago.
# https://github.com/gitroomhq/postiz-app/pull/2047, https://github.com/fbsamples/threads_api/issues/70
NOT_YET = frozenset({4279009, 2207027})
HOSTS = ("www.threads.com", "threads.com", "www.threads.net", "threads.net")  # where posts are shown
SKEW = timedelta(minutes=10)
FIELDS = "id,shortcode,text,timestamp,permalink,media_type,children{id}"
RECORD = f"{FIELDS},media_url,thumbnail_url,alt_text,username,is_quote_post,topic_tag,link_attachment_url"


class Adapter(port.Adapter):
    """One profile."""

    name: ClassVar[str] = "threads"
    home: ClassVar[str] = "https://graph.threads.net"
    defaults: ClassVar[Capabilities] = CAPABILITIES
    oauth: ClassVar[OAuth] = OAuth(
        authorize="https://threads.net/oauth/authorize",
        token="/oauth/access_token",  # noqa: S106
        scopes=(
            "threads_basic", "threads_content_publish", "threads_delete", "threads_manage_insights",
            "threads_read_replies",
        ),
        pkce=False,
        exchange="threads",
        separator=",",
        refresh_ahead=7 * 24 * 3600.0,
        source=_docs("get-started/get-access-tokens-and-permissions"),
    )  # fmt: skip

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self.sheet = client, account.sheet
        self._graph = Graph(client, VERSION, not_yet=NOT_YET)
        self._user = account.remote_id or "me"
        self._containers = Containers(self._graph, self._user, make="threads", flip="threads_publish", state="status")

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the short code in an address like https://www.threads.com/@kr/post/DTabc; its id is not told there."""
        parts = address.path_of(url, {*HOSTS, *address.hosts_of(account)})
        if len(parts) < 3 or parts[-2] != "post":
            raise Invalid(address.FIELD, url, "must be a post's address, as https://www.threads.com/@name/post/DTabc")
        if parts[-3].removeprefix("@").lower() != account.handle.removeprefix("@").lower():
            raise Invalid(address.FIELD, url, f"must be a post of {account.handle}")
        return parts[-1]

    async def connect(self) -> Connected:
        """Return whose token this is."""
        who = await self._graph.get("/me", fields="id,username")
        name = text_of(who, "username")
        if not name:
            raise Unauthorized("Threads does not say whose token this is; take one with the scope threads_basic")
        return Connected(str_id(who, "profile"), f"@{name}", "threads", Guarantee.HANDLE, {})

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Make the container, which nobody sees; one of an earlier attempt is taken again while it lives."""
        past = list((previous or {}).get("past", ()))
        if previous is not None:
            state = await self._containers.state(previous["container"])
            if state not in DEAD:
                if state == "IN_PROGRESS":
                    await self._containers.ready(str(previous["container"]))
                return {**previous, "uses": previous["uses"] + 1, "state": state}
            if state == "UNKNOWN":
                self._graph.must_live(previous, str(previous["container"]))
            past.append(previous["container"])
        told: dict[str, Any] = {"text": outgoing.text} if outgoing.text else {}
        if parent is not None:
            told["reply_to_id"] = await self._id(parent.remote_id)
        if not outgoing.media:
            told["media_type"] = "TEXT"
            if outgoing.link:
                told["link_attachment"] = outgoing.link
        elif len(outgoing.media) == 1:
            told |= self._fetched(outgoing.media[0])
        else:
            children = [
                await self._containers.make(**self._fetched(medium), is_carousel_item="true")
                for medium in outgoing.media
            ]
            for child in children:
                await self._containers.ready(child)
            told |= {"media_type": "CAROUSEL", "children": ",".join(children)}
        made = self._client.now().isoformat()
        container = await self._containers.make(**told)
        await self._containers.ready(container)
        parent_id = told.get("reply_to_id")
        return {"container": container, "parent": parent_id, "past": past, "uses": 1, "state": "FINISHED", "made": made}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Publish the container. One that is published already is not published again: confirm() finds its post."""
        if wire["state"] == "PUBLISHED":
            raise Uncertain(f"threads: container {wire['container']} is published already")
        remote_id = await self._containers.publish(str(wire["container"]), again=wire["uses"] > 1)
        return await self._named(remote_id)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask for the container's state; its post stands in the profile's own list."""
        state = await self._containers.state(str(wire["container"]))
        if state == "IN_PROGRESS":
            return Pending({})
        if state == "FINISHED" and not wire["past"]:
            return None
        posts = await self._own(doubt.since - SKEW, answers=wire["parent"] is not None)
        alike = [post for post in posts if _is(post, outgoing, wire)]
        free = [post for post in alike if not {str(post.get("id")), str(post.get("shortcode"))} & doubt.owned]
        if free:
            return _published(free[-1])  # newest first: the oldest is the last
        if state == "UNKNOWN":
            self._graph.must_live(wire, str(wire["container"]))
        if state in ("ERROR", "EXPIRED"):
            self._graph.must_settle(doubt.since, CAPABILITIES.settles_alone)
        # It is out, says its state; the list may lag. Where the list holds it, it is another delivery's.
        return Pending({}) if state == "PUBLISHED" and not alike else None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the post as Threads tells it."""
        return await self._graph.get(f"/{await self._id(remote_id)}", fields=RECORD)

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters, a post at a time: there is no reading of many."""
        found: dict[str, Mapping[Metric, Reading]] = {}
        for remote_id in dict.fromkeys(remote_ids):
            told = await self._graph.insights(await self._id(remote_id), list(CAPABILITIES.metrics.values()))
            gone = Reading(None, ReadingStatus.EXPIRED)
            found[remote_id] = {
                metric: gone if told is None else told[name] for metric, name in CAPABILITIES.metrics.items()
            }
        return found

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return all answers, also those to answers, oldest first."""
        ident = await self._id(remote_id)
        fields = "id,text,username,timestamp,replied_to"
        told = await self._graph.listed(f"/{ident}/conversation", fields=fields, reverse="false", limit=100)
        return [
            Comment(
                remote_id=str(entry["id"]),
                in_reply_to=_answered(entry) or ident,
                author=text_of(entry, "username"),
                text=text_of(entry, "text") or "",
                at=time_of(entry, "timestamp"),
                record=entry,
            )
            for entry in told
            if entry.get("id")
        ]

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Refuse: Threads has no operation for it."""
        raise Refused("threads: its API edits no posts; change it in the app, or delete it and post again")

    async def delete(self, remote_id: str) -> None:
        """Take the post down; one that is gone already is no error. 100 a day: docs, overview."""
        ident = await self._id(remote_id)
        if await self._graph.find(f"/{ident}", fields="id") is not None:
            await self._graph.ask("DELETE", f"/{ident}")

    def _fetched(self, medium: OutgoingMedium) -> dict[str, str]:
        kind = "VIDEO" if medium.is_clip else "IMAGE"
        url = self._client.share(medium.sha256, medium.mime)
        return {"media_type": kind, f"{kind.lower()}_url": url, "alt_text": medium.alt}

    async def _id(self, remote_id: str) -> str:
        """Return the id of a post that a person named by its address, which holds a short code alone."""
        if remote_id.isdigit():
            return remote_id
        known: dict[str, str] = self._client.memory.setdefault("threads codes", {})
        if remote_id not in known:
            for edge in ("threads", "replies"):
                for post in await self._graph.listed(f"/{self._user}/{edge}", fields="id,shortcode", limit=100):
                    known[str(post.get("shortcode"))] = str(post.get("id"))
        if remote_id not in known:
            raise Refused(f"threads: none of the profile's posts has the short code {remote_id[:20]}")
        return known[remote_id]

    async def _own(self, since: datetime, *, answers: bool) -> list[dict[str, Any]]:
        # Answers stand in a list of their own: docs, retrieve-and-manage-replies.
        edge, fields = ("replies", f"{FIELDS},replied_to") if answers else ("threads", FIELDS)
        return await self._graph.listed(
            f"/{self._user}/{edge}", newer=since, fields=fields, limit=100, since=int(since.timestamp())
        )

    async def _named(self, remote_id: str) -> Published:
        """Return a post that is out with its address and time; that these cannot be read takes nothing from it."""
        try:
            told = await self._graph.find(f"/{remote_id}", fields="id,permalink,timestamp", reading=False) or {}
        except Outcome:
            told = {}
        return _published({**told, "id": remote_id})


def _is(post: Mapping[str, Any], outgoing: Outgoing, wire: Wire) -> bool:
    """Whether a post of the list is what was to go out."""
    children = post.get("children")
    data = children.get("data") if isinstance(children, dict) else None
    number = len(data) if isinstance(data, list) else int(post.get("media_type") in ("IMAGE", "VIDEO"))
    if post.get("id") == wire["container"]:
        return True
    return (
        bool(post.get("id"))
        and fingerprint(text_of(post, "text") or "") == fingerprint(outgoing.text)
        and number == len(outgoing.media)
        and (wire["parent"] is None or _answered(post) in (None, wire["parent"]))
    )


def _answered(post: Mapping[str, Any]) -> str | None:
    told = post.get("replied_to")
    return str(told["id"]) if isinstance(told, dict) and told.get("id") else None


def _published(post: Mapping[str, Any]) -> Published:
    return Published(str(post["id"]), web_address(post, "permalink"), time_of(post, "timestamp"))
