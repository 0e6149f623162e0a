"""Instagram: posts in two phases, one container each; pictures, reels and carousels that Instagram fetches itself."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
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
from campaign.net.graph import DEAD, Containers, Graph, number_of, str_id, text_of, time_of, web_address


def _docs(page: str) -> Source:
    return Source(f"https://developers.facebook.com/documentation/instagram-platform/{page}", "2026-11-24")


_PUBLISHING, _MEDIA = _docs("content-publishing"), _docs("instagram-graph-api/reference/ig-user/media")
_OVERVIEW, _INSIGHTS = _docs("overview"), _docs("reference/instagram-media/insights")
_ERRORS = _docs("instagram-graph-api/reference/error-codes")
_OBJECT = _docs("reference/instagram-media")

CAPABILITIES = Capabilities(
    text=TextRule(limit=2200, counts="characters", optional=True, max_tags=30, source=_MEDIA),
    media=(
        MediaRule(
            kind="image",
            mimes=frozenset({"image/jpeg"}),
            max_count=10,
            max_bytes=8_388_608,
            ratios=(0.8, 1.91),  # 4:5 to 1.91:1
            max_alt=1000,
            source=_ERRORS,
        ),
        MediaRule(
            kind="video",
            mimes=frozenset({"video/mp4", "video/quicktime"}),
            max_count=10,
            max_bytes=314_572_800,
            min_seconds=3.0,
            max_seconds=900.0,
            ratios=(0.01, 10.0),
            max_alt=0,  # "alt text is not supported on reels": only for images
            source=_MEDIA,
        ),
    ),
    max_media=10,
    min_media=1,
    metrics={
        "views": "views",
        "reach": "reach",
        "reactions": "like_count",
        "replies": "comments_count",
        "reposts": "reposts",
        "saves": "saved",
    },
    guarantees=(Guarantee.HANDLE,),
    settles_within=30.0,
    # A container is lost after 24 hours. An hour less, for it is made before the line.
    key_lifetime=23 * 3600.0,
    settles_alone=120.0,
    # 4800 × impressions in 24 hours, told by headers; taken as those of a small account.
    rate=RateRule(200, 3600, _OVERVIEW),
    languages=0,
    threads=False,
    edits=False,
    deletes=False,
    comments=True,
    token="60 days; renewed with itself from its second day on (ig_refresh_token)",  # noqa: S106
    fetches_media=True,
    not_offered={
        "threads": _PUBLISHING,  # a comment is no post
        "languages": _MEDIA,  # no parameter for it
        "edits": _OBJECT,  # of a published post only comment_enabled can be changed
        "deletes": _OBJECT,  # for accounts that are connected through Facebook Login alone
        "captions": _MEDIA,  # no parameter for it; they are burned in
        "metrics": _INSIGHTS,  # no quotes, no link clicks
    },
    notes=(
        "a professional account (business or creator), connected through Instagram Login",
        "Instagram fetches media itself: the desk, or a bucket, must be reachable at a public https address",
        "posts in 24 hours: documents say 25, 50 and 100; the account's own number is read when it is connected",
        "links in a caption cannot be clicked",
        "no picture may be outside 4:5 to 1.91:1; a single clip goes out as a reel",
        "a reel may have 300 MB by one document, 1 GB by another: the smaller holds here",
        "counters may come up to 48 hours late, and are kept for two years",
    ),
)

VERSION = "v25.0"
HOSTS = ("www.instagram.com", "instagram.com")  # where posts are shown
SKEW = timedelta(minutes=10)
INSIGHTS = ("views", "reach", "saved", "reposts")
FIELDS = "id,shortcode,caption,timestamp,permalink,media_type,children{id}"
RECORD = f"{FIELDS},media_product_type,media_url,thumbnail_url,alt_text,username,like_count,comments_count"
REPLIES = "id,text,username,timestamp"
# "Blocked", "limit": and the post was live: https://github.com/gitroomhq/postiz-app/issues/1681
MAY_BE_LIVE = frozenset({2207051})
# "Not ready for publishing, please wait for a moment", and two of a container that is said not to be there, though it
# was made a moment ago: "temporary error publishing a container", say the error codes of one.
NOT_YET = frozenset({2207027, 2207008, 2207006})


class Adapter(port.Adapter):
    """One professional account."""

    name: ClassVar[str] = "instagram"
    home: ClassVar[str] = "https://graph.instagram.com"
    defaults: ClassVar[Capabilities] = CAPABILITIES
    oauth: ClassVar[OAuth] = OAuth(
        authorize="https://www.instagram.com/oauth/authorize",
        token="https://api.instagram.com/oauth/access_token",  # noqa: S106
        scopes=(
            "instagram_business_basic", "instagram_business_content_publish",
            "instagram_business_manage_comments", "instagram_business_manage_insights",
        ),
        pkce=False,
        exchange="instagram",
        separator=",",
        refresh_ahead=7 * 24 * 3600.0,
        source=_docs("instagram-api-with-instagram-login/business-login"),
    )  # fmt: skip

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self.sheet = client, account.sheet
        self._graph = Graph(client, VERSION, may_be_live=MAY_BE_LIVE, not_yet=NOT_YET)
        self._user = account.remote_id or "me"
        self._containers = Containers(self._graph, self._user, make="media", flip="media_publish", state="status_code")

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the short code in an address like https://www.instagram.com/p/DTabc/; its id is not told there."""
        parts = address.path_of(url, {*HOSTS, *address.hosts_of(account)})
        if len(parts) < 2 or parts[-2] not in ("p", "reel", "reels", "tv"):
            raise Invalid(address.FIELD, url, "must be a post's address, as https://www.instagram.com/p/DTabc/")
        return parts[-1]

    async def connect(self) -> Connected:
        """Return whose token this is, and how many posts a day it may make."""
        told = await self._graph.get("/me", fields="user_id,username,account_type")
        data = told.get("data")
        who = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else told
        name, user = text_of(who, "username"), who.get("user_id")
        if not name or not isinstance(user, str | int):
            raise Unauthorized(
                "Instagram does not say whose token this is; take one of a professional account from Instagram Login"
            )
        limits = await self._graph.find(f"/{user}/content_publishing_limit", fields="config,quota_usage") or {}
        data = limits.get("data")
        config = data[0].get("config") if isinstance(data, list) and data and isinstance(data[0], dict) else None
        total = config.get("quota_total") if isinstance(config, dict) else None
        sheet = {"posts_a_day": total} if type(total) is int else {}
        return Connected(str(user), f"@{name}", "instagram", Guarantee.HANDLE, sheet)

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
        if parent is not None:
            raise Refused("instagram: there are no threads; shorten the text, or send the parts as posts of their own")
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
        if not outgoing.media:
            raise Refused("instagram: a post needs a picture or a clip")
        if len(outgoing.media) == 1:
            told = self._fetched(outgoing.media[0], "REELS")
        else:
            children = [
                await self._containers.make(**self._fetched(medium, "VIDEO"), is_carousel_item="true")
                for medium in outgoing.media
            ]
            for child in children:
                await self._containers.ready(child)
            told = {"media_type": "CAROUSEL", "children": ",".join(children)}
        made = self._client.now().isoformat()
        container = await self._containers.make(**told, caption=outgoing.text)
        await self._containers.ready(container)
        return {"container": container, "past": past, "uses": 1, "state": "FINISHED", "made": made}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Publish the container. One that is published already is not published again: confirm() finds its post."""
        if wire["state"] == "PUBLISHED":
            raise Uncertain(f"instagram: container {wire['container']} is published already")
        remote_id = await self._containers.publish(str(wire["container"]), again=wire["uses"] > 1)
        return await self._named(remote_id)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask for the container's state; its post stands in the account's own list."""
        state = await self._containers.state(str(wire["container"]))
        if state == "IN_PROGRESS":
            return Pending({})
        if state == "FINISHED" and not wire["past"]:
            return None
        since = doubt.since - SKEW
        posts = await self._graph.listed(
            f"/{self._user}/media", newer=since, fields=FIELDS, limit=100, since=int(since.timestamp())
        )
        alike = [post for post in posts if _is(post, outgoing)]
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
        """Return the post as Instagram tells it."""
        return await self._graph.get(f"/{await self._id(remote_id)}", fields=RECORD)

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters, a post at a time: there is no reading of many."""
        return {remote_id: await self._measured(remote_id) for remote_id in dict.fromkeys(remote_ids)}

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return all comments and the answers to them, oldest first."""
        ident = await self._id(remote_id)
        fields = f"{REPLIES},replies.limit(50){{{REPLIES}}}"
        found: list[Comment] = []
        for entry in await self._graph.listed(f"/{ident}/comments", fields=fields, limit=50):
            replies = entry.get("replies")
            held = replies.get("data") if isinstance(replies, dict) else None
            if isinstance(replies, dict) and isinstance(replies.get("paging"), dict) and replies["paging"].get("next"):
                held = await self._graph.listed(f"/{entry.get('id')}/replies", fields=REPLIES, limit=50)
            found += _comment(entry, ident)
            for reply in held if isinstance(held, list) else ():
                found += _comment(reply, str(entry.get("id")))
        return sorted(found, key=lambda each: (each.at.timestamp() if each.at else 0.0, each.remote_id))

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Refuse: Instagram has no operation for it."""
        raise Refused("instagram: its API edits no captions; change it in the app")

    async def delete(self, remote_id: str) -> None:
        """Refuse: only with Facebook Login, which connects accounts another way."""
        raise Refused("instagram: its API deletes no posts of accounts that use Instagram Login; delete it in the app")

    def _fetched(self, medium: OutgoingMedium, clips: str) -> dict[str, str]:
        url = self._client.share(medium.sha256, medium.mime)
        if not medium.is_clip:
            return {"image_url": url, "alt_text": medium.alt}
        told = {"media_type": clips, "video_url": url}
        if clips == "REELS":
            told["share_to_feed"] = "true"
        if medium.poster and clips == "REELS":
            told["cover_url"] = self._client.share(medium.poster, "image/jpeg")
        return told

    async def _measured(self, remote_id: str) -> dict[Metric, Reading]:
        ident = await self._id(remote_id)
        gone = dict.fromkeys(CAPABILITIES.metrics, Reading(None, ReadingStatus.EXPIRED))
        record = await self._graph.find(f"/{ident}", fields="id,like_count,comments_count")
        told = None if record is None else await self._graph.insights(ident, INSIGHTS)
        if record is None or told is None:
            return gone
        # Where the owner hides the likes, the field is left out.
        hidden = Reading(None, ReadingStatus.NOT_PERMITTED)
        return {
            metric: told[name] if name in INSIGHTS else number_of(record[name]) if name in record else hidden
            for metric, name in CAPABILITIES.metrics.items()
        }

    async def _id(self, remote_id: str) -> str:
        """Return the id of a post that a person named by its address, which holds a short code alone."""
        if remote_id.isdigit():
            return remote_id
        known: dict[str, str] = self._client.memory.setdefault("instagram codes", {})
        if remote_id not in known:
            for post in await self._graph.listed(f"/{self._user}/media", fields="id,shortcode", limit=100, most=100):
                known[str(post.get("shortcode"))] = str(post.get("id"))
        if remote_id not in known:
            raise Refused(f"instagram: none of the account's posts has the short code {remote_id[:20]}")
        return known[remote_id]

    async def _named(self, remote_id: str) -> Published:
        """Return a post that is out with its address and time; that these cannot be read takes nothing from it."""
        try:
            told = await self._graph.find(f"/{remote_id}", fields="id,permalink,timestamp", reading=False) or {}
        except Outcome:
            told = {}
        return _published({**told, "id": remote_id})


def _is(post: Mapping[str, Any], outgoing: Outgoing) -> bool:
    """Whether a post of the list is what was to go out."""
    children = post.get("children")
    data = children.get("data") if isinstance(children, dict) else None
    number = len(data) if isinstance(data, list) else 1
    return (
        bool(post.get("id"))
        and fingerprint(text_of(post, "caption") or "") == fingerprint(outgoing.text)
        and number == len(outgoing.media)
    )


def _comment(entry: Any, answered: str) -> list[Comment]:
    if not isinstance(entry, dict) or not entry.get("id"):
        return []
    name, text = text_of(entry, "username"), text_of(entry, "text") or ""
    return [Comment(str_id(entry, "comment"), answered, name, text, time_of(entry, "timestamp"), entry)]


def _published(post: Mapping[str, Any]) -> Published:
    return Published(str(post["id"]), web_address(post, "permalink"), time_of(post, "timestamp"))
