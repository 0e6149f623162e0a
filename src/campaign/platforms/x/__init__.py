"""X, by its API v2: chunked uploads, weighted counting, threads by replies. It takes money for each request."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, ClassVar

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import (
    Capabilities,
    Connected,
    Doubt,
    MediaRule,
    Parent,
    Price,
    RateRule,
    Source,
    TextRule,
    Wire,
)
from campaign.core.errors import Invalid, Refused, Unauthorized, Unavailable, Uncertain, shown
from campaign.core.model import (
    Account,
    Comment,
    Guarantee,
    Metric,
    Outgoing,
    Published,
    Reading,
    ReadingStatus,
)
from campaign.core.oauth import OAuth
from campaign.net.client import Client
from campaign.net.reply import Reply
from campaign.platforms.x.post import (
    EPOCH,
    as_dict,
    as_list,
    comparable,
    is_id,
    made_at,
    media_keys,
    parent_of,
    plain_text,
)
from campaign.platforms.x.upload import Uploader


def _docs(path: str) -> Source:
    return Source(f"https://docs.x.com/{path}", "2026-11-24")


_CREATE = _docs("x-api/posts/create-post")
_COUNTING = _docs("fundamentals/counting-characters")
_MEDIA = _docs("x-api/media/quickstart/best-practices")
_RATES = _docs("x-api/fundamentals/rate-limits")
_PRICES = _docs("x-api/getting-started/pricing")
_METRICS = _docs("x-api/fundamentals/metrics")
_EDITS = _docs("x-api/fundamentals/edit-posts")

CAPABILITIES = Capabilities(
    text=TextRule(limit=280, counts="x", link_length=23, optional=True, source=_COUNTING),
    media=(
        MediaRule(
            kind="image",
            mimes=frozenset({"image/jpeg", "image/png", "image/webp"}),
            max_count=4,
            max_bytes=5_242_880,
            max_alt=1000,
            source=_MEDIA,
        ),
        MediaRule(
            kind="video",
            mimes=frozenset({"video/mp4"}),
            max_count=1,
            max_bytes=536_870_912,
            max_pixels=1280 * 1024,
            max_alt=1000,
            min_seconds=0.5,
            max_seconds=140.0,
            ratios=(1 / 3, 3.0),
            captions="tracks",  # POST /2/media/subtitles
            source=_MEDIA,
        ),
    ),
    alone=frozenset({"video"}),
    max_media=4,
    metrics={
        "views": "public_metrics.impression_count",
        "reactions": "public_metrics.like_count",
        "replies": "public_metrics.reply_count",
        "reposts": "public_metrics.retweet_count",  # repost_count in the OpenAPI description: both are understood
        "quotes": "public_metrics.quote_count",
        "saves": "public_metrics.bookmark_count",
        "link_clicks": "non_public_metrics.url_link_clicks",
    },
    guarantees=(Guarantee.READ_BACK,),
    settles_within=120.0,
    rate=RateRule(100, 900, _RATES),
    languages=0,
    edits=False,
    comments=True,
    ids_per_reading=100,
    prices=(
        Price("post", Decimal("0.015"), _PRICES),
        Price("post_with_link", Decimal("0.20"), _PRICES),
    ),
    token="two hours; a refresh token renews it, and each use gives a new one (scope offline.access)",  # noqa: S106
    not_offered={
        "languages": _CREATE,  # its body has no language; X detects one
        "edits": _EDITS,
        "metrics": _METRICS,  # no reach
    },
    notes=(
        "each request costs: a post $0.015, with a link $0.20, reading back and measuring $0.001, a comment $0.005",
        "an edit makes a new post with a new id, for 30 minutes and for paying accounts: it is not offered here",
        "self-serve access may be refused replies to others; that replies to oneself stay free is not stated",
        "280 weighted characters, also where X Premium would take more",
        "link clicks are told for 30 days",
        "comments are found by search, which looks back seven days",
    ),
)

HOME = "https://x.com"  # where posts are shown
# What X says where the app, not the post, is at fault: https://docs.x.com/x-api/fundamentals/response-codes-and-errors
CLOSED = frozenset(
    f"https://api.twitter.com/2/problems/{name}"
    for name in ("client-forbidden", "oauth1-permissions", "unsupported-authentication")
)
SKEW = timedelta(minutes=10)  # what our clock and the platform's may differ by
PAGES = 32  # of 100 posts: a time line holds no more than 3200
COMMENT_PAGES = 10
PRIVATE_FOR = timedelta(days=30)  # how long non-public metrics are told
_SEEN = {
    "tweet.fields": "created_at,entities,note_tweet,referenced_tweets,attachments",
    "expansions": "attachments.media_keys",
    "media.fields": "alt_text,type,url,width,height,duration_ms",
}


class Adapter(port.Adapter):
    """One account."""

    name: ClassVar[str] = "x"
    home: ClassVar[str] = "https://api.x.com"
    oauth: ClassVar[OAuth] = OAuth(
        authorize=f"{HOME}/i/oauth2/authorize",
        token="/2/oauth2/token",  # noqa: S106
        scopes=("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
        client_auth="basic",
        source=_docs("fundamentals/authentication/oauth-2-0/authorization-code"),
    )
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._id = client, account.remote_id
        self._label = f"x account {account.name}"
        self._shown = self.elsewhere(account, f"{HOME}/{account.handle.removeprefix('@') or 'i'}/status/")
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in an address like https://x.com/peace/status/1234. Raises: Invalid."""
        hosts = {"x.com", "www.x.com", "mobile.x.com", "twitter.com", "www.twitter.com", "mobile.twitter.com"}
        parts = address.path_of(url, hosts if account.base_url == cls.home else address.hosts_of(account))
        if len(parts) < 3 or parts[1] != "status" or not is_id(parts[2]):
            raise Invalid(address.FIELD, url, f"must look like {HOME}/name/status/1234")
        mine = account.handle.removeprefix("@").lower()
        if parts[0].lower() not in (mine, "i"):
            raise Invalid(address.FIELD, url, f"must be a post of {account.handle}; this is one of {shown(parts[0])}")
        return parts[2]

    async def connect(self) -> Connected:
        """Return who this is. Raises: Unauthorized, Unavailable, Refused."""
        reply = await self._client.ask("GET", "/2/users/me")
        who = as_dict(as_dict(reply.json()).get("data"))
        if not is_id(who.get("id")) or not isinstance(who.get("username"), str):
            raise Unavailable(f"{self._label}: X does not say whose token this is")
        warning = "each post costs money, and one with a link much more: see the prices on X's sheet"
        return Connected(str(who["id"]), f"@{who['username']}", "x", Guarantee.READ_BACK, {}, (warning,))

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Upload the media in chunks, and fix the very bytes of the request.

        Uploads of one earlier attempt are used again: they live for hours, and the same media are a stronger sign of
        the same post than any text. The third attempt uploads anew.
        """
        earlier = previous or {}
        past, uses = list(earlier.get("past_media_keys", ())), int(earlier.get("uses", 0))
        media = list(earlier.get("media", ())) if uses == 1 else []
        if len(media) != len(outgoing.media):
            past += [str(each["key"]) for each in earlier.get("media", ())]
            uploader = Uploader(self._client, self._label)
            media, uses = [await uploader.upload(medium, open_medium) for medium in outgoing.media], 0
        body: dict[str, Any] = {"text": outgoing.text} if outgoing.text.strip() else {}
        if media:
            body["media"] = {"media_ids": [each["id"] for each in media]}
        if parent is not None:
            body["reply"] = {"in_reply_to_tweet_id": parent.remote_id}
        return {
            "key": key,
            "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
            "media": media,
            "past_media_keys": past,
            "uses": uses + 1,
            "parent": parent.remote_id if parent else None,
        }

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published:
        """Send the one request that makes the post."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            reply = await self._client.commit("POST", "/2/tweets", content=str(wire["body"]).encode(), headers=headers)
        except Refused as error:
            words = json.dumps(error.body).lower()
            if error.status == 403 and "duplicate" in words:
                # It names no id. The post that stands there may be ours: the list of posts tells.
                raise Uncertain(f"{error}; the same text stands there already", status=403, body=error.body) from error
            if error.status == 400 and "media id" in words and int(wire["uses"]) > 1:
                raise Unavailable(f"{error}; the uploads are made anew", status=400, body=error.body) from error
            if error.status == 403 and as_dict(error.body).get("type") in CLOSED:
                # It is the app that may not, and so nothing of this account goes out until a person has seen to it.
                raise Unauthorized(str(error), status=403, body=error.body) from error
            if error.status == 402:
                raise Refused(f"{error}; buy credits at X, then send it again", status=402, body=error.body) from error
            raise
        return self._published(reply, as_dict(reply.json()).get("data"))

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        """Look for the post in the account's own list: by its media first, then by its text and its parent."""
        since = doubt.since - SKEW
        own = [post for post in await self._own(since) if post["id"] not in doubt.owned]
        ours = {str(each["key"]) for each in wire.get("media", ())} | set(wire.get("past_media_keys", ()))
        by_media = [post for post in own if ours & media_keys(post)]
        if by_media:
            return self._named(by_media[0]["id"])
        wanted = comparable(outgoing.text)
        for post in own:
            same = (parent_of(post), bool(media_keys(post))) == (wire["parent"], bool(outgoing.media))
            if same and comparable(plain_text(post)) == wanted:
                return self._named(post["id"])
        return None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the answer that holds the post, and its media beside it. Raises: Refused: there is none."""
        fields = {**_SEEN, "tweet.fields": f"{_SEEN['tweet.fields']},conversation_id,public_metrics,lang"}
        record = as_dict((await self._client.ask("GET", f"/2/tweets/{remote_id}", params=fields)).json())
        if not as_dict(record.get("data")).get("id"):
            raise Refused(f"{self._label}: X has no post {remote_id}", status=404, body=record)
        return record

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters of many posts, a hundred a request.

        Non-public metrics are asked for apart from the public ones, for a post that X no longer tells them of may be
        left out of the answer as a whole.
        """
        public: dict[str, Mapping[str, Any]] = {}
        private: dict[str, Mapping[str, Any]] = {}
        gone: set[str] = set()
        for start in range(0, len(remote_ids), CAPABILITIES.ids_per_reading):
            asked = remote_ids[start : start + CAPABILITIES.ids_per_reading]
            some = [one for one in dict.fromkeys(asked) if is_id(one)]
            public |= await self._metrics(some, "public_metrics", gone)
            young = [one for one in some if one in public and self._client.now() - made_at(one) < PRIVATE_FOR]
            with suppress(Refused):  # not permitted, which is told per post below
                private |= await self._metrics(young, "non_public_metrics", set())
        return {one: self._readings(one, public.get(one), private.get(one), one in gone) for one in remote_ids}

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return what others answered below a post within seven days, oldest first. Raises: Refused."""
        fields = {"tweet.fields": "conversation_id"}
        post = as_dict(
            as_dict((await self._client.ask("GET", f"/2/tweets/{remote_id}", params=fields)).json()).get("data")
        )
        if not post.get("id"):
            raise Refused(f"{self._label}: X has no post {remote_id}", status=404)
        params: dict[str, Any] = {
            "query": f"conversation_id:{post.get('conversation_id') or remote_id}",
            "tweet.fields": "author_id,created_at,referenced_tweets,entities,note_tweet",
            "expansions": "author_id",
            "user.fields": "username,name",
            "max_results": 100,
        }
        found, names = await self._pages("/2/tweets/search/recent", params, "next_token", COMMENT_PAGES)
        below, comments = {remote_id}, []
        for each in sorted(found, key=lambda one: int(one["id"])):
            parent = parent_of(each)
            if parent in below:
                below.add(each["id"])
                if each.get("author_id") != self._id:
                    author = names.get(str(each.get("author_id")))
                    text = plain_text(each)
                    comments.append(Comment(each["id"], str(parent), author, text, made_at(each["id"]), each))
        return comments

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Refuse: an edit at X makes a new post with a new id. Raises: Refused."""
        raise Refused(f"{self._label}: a post of X cannot be edited under its own id; delete it and post it again")

    async def delete(self, remote_id: str) -> None:
        """Take the post down; one that is gone already is no error."""
        await self._client.ask("DELETE", f"/2/tweets/{remote_id}", ok=(200, 204, 404))

    async def _own(self, since: datetime) -> list[dict[str, Any]]:
        """Return the account's own posts from an instant on, oldest first."""
        after = max(0, int(since.timestamp() * 1000) - EPOCH) << 22
        params = {**_SEEN, "since_id": str(after), "max_results": 100, "exclude": "retweets"}
        found, _ = await self._pages(f"/2/users/{self._id}/tweets", params, "pagination_token", PAGES)
        return sorted((post for post in found if made_at(post["id"]) >= since), key=lambda post: int(post["id"]))

    async def _pages(
        self, path: str, params: Mapping[str, Any], token: str, pages: int
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Return all posts of a list, and the names of those who wrote them. Raises: Unavailable: without end."""
        found: list[dict[str, Any]] = []
        names: dict[str, str] = {}
        asked = dict(params)
        for _ in range(pages):
            answer = (await self._client.ask("GET", path, params=asked)).json()
            meta, data = as_dict(as_dict(answer).get("meta")), as_dict(answer).get("data", [])
            known = isinstance(data, list) and all(isinstance(post, dict) and is_id(post.get("id")) for post in data)
            # An empty list has no data, but it says that it is empty.
            if not known or ("data" not in answer and meta.get("result_count") != 0):
                raise Unavailable(f"{self._label}: {path} cannot be read")
            found += data
            for user in as_list(as_dict(answer.get("includes")).get("users")):
                names[str(as_dict(user).get("id"))] = str(as_dict(user).get("name") or as_dict(user).get("username"))
            if not meta.get("next_token"):
                return found, names
            asked[token] = str(meta["next_token"])
        raise Unavailable(f"{self._label}: {path} was not read to its end, after {pages} pages")

    async def _metrics(self, ids: Sequence[str], field: str, gone: set[str]) -> dict[str, Mapping[str, Any]]:
        if not ids:
            return {}
        params = {"ids": ",".join(ids), "tweet.fields": field}
        told = as_dict((await self._client.ask("GET", "/2/tweets", params=params)).json())
        for error in as_list(told.get("errors")):
            if str(as_dict(error).get("type")).endswith("/resource-not-found"):
                gone.add(str(as_dict(error).get("resource_id") or as_dict(error).get("value")))
        posts = [as_dict(post) for post in as_list(told.get("data"))]
        return {str(post.get("id")): as_dict(post.get(field)) for post in posts}

    def _readings(
        self, remote_id: str, public: Mapping[str, Any] | None, private: Mapping[str, Any] | None, gone: bool
    ) -> dict[Metric, Reading]:
        readings: dict[Metric, Reading] = {}
        for metric, theirs in CAPABILITIES.metrics.items():
            where, _, name = theirs.partition(".")
            told = (public if where == "public_metrics" else private) or {}
            value = told.get(name, told.get("repost_count") if metric == "reposts" else None)
            if gone:
                readings[metric] = Reading(None, ReadingStatus.EXPIRED)
            elif isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                readings[metric] = Reading(value)
            elif where == "non_public_metrics" and public is not None and not told:
                old = self._client.now() - made_at(remote_id) >= PRIVATE_FOR
                readings[metric] = Reading(None, ReadingStatus.EXPIRED if old else ReadingStatus.NOT_PERMITTED)
            else:
                readings[metric] = Reading(None, ReadingStatus.ERROR)
        return readings

    def _published(self, reply: Reply, post: Any) -> Published:
        if not is_id(as_dict(post).get("id")):
            raise reply.bad("the answer names no id")
        return self._named(post["id"])

    def _named(self, remote_id: str) -> Published:
        return Published(remote_id, self._shown + remote_id, made_at(remote_id))
