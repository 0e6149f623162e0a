"""LinkedIn: the page of an organisation, or a member; by the versioned Posts API."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, ClassVar
from urllib.parse import urlsplit

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import (
    METRICS,
    Account,
    Comment,
    Guarantee,
    Metric,
    Outgoing,
    Pending,
    Published,
    Reading,
    ReadingStatus,
)
from campaign.core.oauth import OAuth
from campaign.core.text import fingerprint
from campaign.net.client import Client
from campaign.net.reply import Reply
from campaign.platforms.linkedin.counters import MEMBERS, Counters
from campaign.platforms.linkedin.little import from_little, to_little
from campaign.platforms.linkedin.told import as_dict, as_list, elements_of, is_post, key_of
from campaign.platforms.linkedin.upload import Uploader


def _docs(path: str) -> Source:
    return Source(f"https://learn.microsoft.com/en-us/linkedin/{path}", "2026-11-24")


_POSTS = _docs("marketing/community-management/shares/posts-api")
_IMAGES = _docs("marketing/community-management/shares/images-api")
_VIDEOS = _docs("marketing/community-management/shares/videos-api")
_STATISTICS = _docs("marketing/community-management/organizations/share-statistics")
_RATES = _docs("shared/api-guide/concepts/rate-limits")

CAPABILITIES = Capabilities(
    text=TextRule(limit=3000, counts="linkedin", optional=True, source=_POSTS),
    media=(
        MediaRule(
            kind="image",
            mimes=frozenset({"image/jpeg", "image/png"}),
            max_count=20,
            max_bytes=5_000_000,
            max_pixels=36_152_320,
            max_alt=4086,
            source=_IMAGES,
        ),
        MediaRule(
            kind="video",
            mimes=frozenset({"video/mp4"}),
            max_count=1,
            max_bytes=500_000_000,
            max_alt=4086,
            min_seconds=3.0,
            max_seconds=1800.0,
            captions="burned",
            source=_VIDEOS,
        ),
    ),
    alone=frozenset({"video"}),
    max_media=20,
    # Of a page; of a member they are IMPRESSION, MEMBERS_REACHED, REACTION, COMMENT, RESHARE, POST_SAVE.
    metrics={
        "views": "impressionCount",
        "reach": "uniqueImpressionsCount",
        "reactions": "likeCount",
        "replies": "commentCount",
        "reposts": "shareCount",
        "saves": "POST_SAVE",
    },
    guarantees=(Guarantee.READ_BACK, Guarantee.NONE),
    settles_within=120.0,
    rate=RateRule(600, 86_400, _RATES),
    languages=0,
    threads=False,
    comments=True,
    ids_per_reading=20,
    token="60 days; then a person connects the account again, for only approved partners may renew it",  # noqa: S106
    not_offered={
        "threads": _POSTS,  # a post continues no other; comments are no posts
        "languages": _POSTS,  # its body has no language; targetEntities narrows who sees it
        "captions": _VIDEOS,  # one file of captions, and no language for it: a second language would be lost
        "metrics": _STATISTICS,  # no quotes; clickCount is of any click, on the page's name, too
    },
    notes=(
        "a member's posts cannot be read back without r_member_social, which LinkedIn gives to few: a lost answer is"
        " a person's then, and there are no comments",
        "150 requests a day and endpoint for each member are taken as the limit: LinkedIn tells the real one to the"
        " app's owner alone",
        "consent connects a member; a page's token comes from LinkedIn's token generator, of an app with the Community"
        " Management API: w_organization_social, r_organization_social, rw_organization_admin",
        "an edit changes the text; alt texts stay as they were",
        "a link in the text gets no card: LinkedIn does not look at it",
        "5 MB a picture is our own limit: LinkedIn tells one of pixels only",
        "saves are told of members' posts only",
    ),
)

VERSION = "202609"  # each lives for a year: https://learn.microsoft.com/en-us/linkedin/marketing/versioning
FEED = "https://www.linkedin.com/feed/update/"  # where posts are shown
SKEW = timedelta(minutes=10)  # what our clock and the platform's may differ by
SIZE, PAGES = 100, 20  # of the author's list
COMMENT_PAGES, NESTED = 10, 50
DISTRIBUTION = {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []}


class Adapter(port.Adapter):
    """One author."""

    name: ClassVar[str] = "linkedin"
    home: ClassVar[str] = "https://api.linkedin.com"
    hosts: ClassVar[tuple[str, ...]] = ("www.linkedin.com",)  # where pictures and clips go
    oauth: ClassVar[OAuth] = OAuth(
        authorize="https://www.linkedin.com/oauth/v2/authorization",
        token="https://www.linkedin.com/oauth/v2/accessToken",  # noqa: S106
        # What any app may ask for. A page's scopes are of another product, and one that the app has not makes LinkedIn
        # refuse the whole request.
        scopes=("openid", "profile", "w_member_social"),
        pkce=False,
        refresh_ahead=7 * 86_400.0,
        source=_docs("shared/authentication/authorization-code-flow"),
    )
    options: ClassVar[Mapping[str, str]] = {
        "organization": "the page, by its number or as urn:li:organization:2414183; without it the member posts",
        "version": f"the version of LinkedIn's API, as in {VERSION}; each ends after a year",
    }
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        given = account.sheet.get("given") or {}
        self._client, self._author, self._label = client, account.remote_id, f"linkedin account {account.name}"
        self._organization = str(given.get("organization") or "").rpartition(":")[2]
        version = str(given.get("version") or VERSION)
        self._headers = {"LinkedIn-Version": version, "X-Restli-Protocol-Version": "2.0.0"}
        self._hosts = {urlsplit(account.base_url).netloc, *(self.hosts if account.base_url == self.home else ())}
        self._shown = self.elsewhere(account, FEED)
        self._guarantee = account.guarantee
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the URN in https://www.linkedin.com/feed/update/urn:li:share:1234/. Raises: Invalid."""
        hosts = {"www.linkedin.com", "linkedin.com"} if account.base_url == cls.home else address.hosts_of(account)
        urn = (address.path_of(url, hosts) or [""])[-1].replace("%3A", ":")
        if not is_post(urn):
            rule = f"must look like {FEED}urn:li:share:1234/; an activity has another number: 'embed' shows the share's"
            raise Invalid(address.FIELD, url, rule)
        return urn

    async def connect(self) -> Connected:
        """Return who posts, and whether what it posted can be read back.

        Raises: Unauthorized, Unavailable. Refused: the token is not of somebody who may post for the page.
        """
        if not self._organization:
            who = as_dict((await self._ask("GET", "/v2/userinfo")).json())
            if not isinstance(who.get("sub"), str) or not who["sub"]:
                raise Unavailable(f"{self._label}: LinkedIn does not say whose token this is")
            author, handle = f"urn:li:person:{who['sub']}", str(who.get("name") or who["sub"])[:128]
        else:
            author, handle = await self._page()
        path = f"/rest/posts?author={key_of(author)}&q=author&count=1"
        listed = await self._ask("GET", path, method="FINDER", ok=(200, 403))
        readable = listed.status == 200
        kind = "member" if not self._organization else "organization"
        measures = [metric for metric in METRICS if metric in MEMBERS and (kind == "member" or metric != "saves")]
        sheet = {"measures": measures, "comments": readable, "fetches": readable}
        warning = "LinkedIn does not let this token read the author's posts: a lost answer is a person's"
        guarantee = Guarantee.READ_BACK if readable else Guarantee.NONE
        return Connected(author, handle, kind, guarantee, sheet, () if readable else (warning,))

    async def _page(self) -> tuple[str, str]:
        if not self._organization.isdecimal():
            raise Refused(f"{self._label}: --option organization must be a number, or urn:li:organization:2414183")
        author = f"urn:li:organization:{self._organization}"
        path = "/rest/organizationAcls?q=roleAssignee&state=APPROVED&count=100"
        roles = await self._ask("GET", path, ok=(200, 403))  # 403: the token may post, but not read roles
        mine = [str(as_dict(each).get("organization")) for each in as_list(as_dict(roles.json()).get("elements"))]
        if roles.status == 200 and author not in mine:
            raise Refused(f"{self._label}: the token's owner has no role at {author}; make them its administrator")
        told = await self._ask("GET", f"/rest/organizations/{self._organization}", ok=(200, 403))
        page = as_dict(told.json()) if told.status == 200 else {}
        return author, str(page.get("vanityName") or page.get("localizedName") or author)[:128]

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Upload the media, and fix the very bytes of the request. Raises: Refused: a post here continues no other.

        Uploads of an earlier attempt are used once more; those of all attempts tell the post when it is looked for.
        """
        if parent is not None:
            raise Refused(f"{self._label}: a post of LinkedIn cannot continue another one")
        earlier = previous or {}
        past, uses = list(earlier.get("past_media", ())), int(earlier.get("uses", 0))
        media = list(earlier.get("media", ())) if uses == 1 else []
        if len(media) != len(outgoing.media):
            past += earlier.get("media", ())
            uploader = Uploader(self._client, self._label, self._author, self._headers, self._hosts)
            media, uses = [await uploader.upload(medium, open_medium) for medium in outgoing.media], 0
        body: dict[str, Any] = {
            "author": self._author,
            "commentary": to_little(outgoing.text),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        items = [{"id": urn, "altText": medium.alt} for urn, medium in zip(media, outgoing.media, strict=True)]
        if items:
            body["content"] = {"media": items[0]} if len(items) == 1 else {"multiImage": {"images": items}}
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return {"key": key, "body": text, "media": media, "past_media": past, "uses": uses + 1}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published:
        """Send the one request that makes the post; its name comes in a header."""
        headers = {**self._headers, "Content-Type": "application/json; charset=utf-8"}
        try:
            reply = await self._client.commit(
                "POST", "/rest/posts", content=str(wire["body"]).encode(), headers=headers
            )
        except Refused as error:
            if error.status == 422 and "duplicate" in json.dumps(error.body).lower():
                # The URN that it names may be a ghost, of which nothing is known afterwards: it is never taken for
                # ours. https://github.com/ComposioHQ/composio/issues/2710
                raise Uncertain(f"{error}; it may be this very post", status=422, body=error.body) from error
            if error.status == 403 and as_dict(error.body).get("code") == "ACCESS_DENIED":
                # The token, not the post, is at fault: nothing of this account goes out until a person has seen to it.
                raise Unauthorized(str(error), status=403, body=error.body) from error
            raise self._explained(error) from error
        urn = reply.headers.get("x-restli-id") or reply.headers.get("x-linkedin-id") or ""
        if not is_post(urn):
            raise reply.bad("the answer names no post")
        return self._named(urn, reply.date)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Look for the post in the author's own list: by its media first, then by its text.

        Raises: Uncertain: this token may not read the list.
        """
        if self._guarantee is Guarantee.NONE:
            raise Uncertain(f"{self._label}: LinkedIn lets nobody read a member's posts: look there and settle it")
        own = [post for post in await self._own(doubt.since - SKEW) if str(post["id"]) not in doubt.owned]
        ours = {*wire.get("media", ()), *wire.get("past_media", ())}
        wanted = fingerprint(outgoing.text)
        found = [post for post in own if ours & _media(post)] or [
            post
            for post in own
            if bool(_media(post)) == bool(outgoing.media)
            and fingerprint(from_little(str(post.get("commentary") or ""))) == wanted
        ]
        if not found:
            return None
        if found[0].get("lifecycleState") == "PUBLISH_REQUESTED":
            return Pending({"urn": str(found[0]["id"])})
        return self._named(str(found[0]["id"]), _instant(found[0].get("publishedAt") or found[0].get("createdAt")))

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the post as LinkedIn tells it. Raises: Refused: there is none, or this token may not read it."""
        record = as_dict((await self._ask("GET", f"/rest/posts/{key_of(remote_id)}")).json())
        if not record.get("id"):
            raise Unavailable(f"{self._label}: the answer is no post")
        return record

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters: a page's of many posts at once, a member's one by one."""
        counters = Counters(self._ask, self._label, self._author, self.capabilities.metrics)
        known = list(dict.fromkeys(one for one in remote_ids if is_post(one)))
        wrong = dict.fromkeys(self.capabilities.metrics, Reading(None, ReadingStatus.ERROR))
        found: dict[str, Mapping[Metric, Reading]] = {one: wrong for one in remote_ids if one not in known}
        if self._author.startswith("urn:li:person:"):
            return found | {one: await counters.of_member(one) for one in known}
        for start in range(0, len(known), CAPABILITIES.ids_per_reading):
            found |= await counters.of_page(known[start : start + CAPABILITIES.ids_per_reading])
        return found

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return the comments below a post and their answers, oldest first. Raises: Refused."""
        found = await self._comments(remote_id)
        for each in list(found)[:NESTED]:
            urn = str(each.get("commentUrn") or "")
            if as_dict(each.get("commentsSummary")).get("aggregatedTotalComments") and urn:
                found += await self._comments(urn)
        comments = []
        for each in found:
            ident, text = each.get("commentUrn") or each.get("id"), as_dict(each.get("message")).get("text")
            if ident:
                at = _instant(as_dict(each.get("created")).get("time"))
                # LinkedIn names who wrote it by a URN alone; what they are called is not told.
                above = str(each.get("parentComment") or remote_id)
                comments.append(Comment(str(ident), above, None, str(text or ""), at, each))
        return sorted(comments, key=lambda one: one.at or datetime.min.replace(tzinfo=UTC))

    async def _comments(self, urn: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(COMMENT_PAGES):
            path = f"/rest/socialActions/{key_of(urn)}/comments?start={page * SIZE}&count={SIZE}"
            told = elements_of(await self._ask("GET", path), f"{self._label}: the comments")
            found += [each for each in told if isinstance(each, dict)]
            if len(told) < SIZE:
                break
        return found

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace the text. The same edit again changes nothing."""
        patch = {"patch": {"$set": {"commentary": to_little(outgoing.text)}}}
        path = f"/rest/posts/{key_of(remote_id)}"
        reply = await self._ask("POST", path, method="PARTIAL_UPDATE", json=patch, ok=(200, 204))
        return self._named(remote_id, reply.date)

    async def delete(self, remote_id: str) -> None:
        """Take the post down; one that is gone already is no error."""
        await self._ask("DELETE", f"/rest/posts/{key_of(remote_id)}", method="DELETE", ok=(200, 204, 404))

    async def _own(self, since: datetime) -> list[dict[str, Any]]:
        """Return the author's own posts from an instant on, oldest first. Raises: Unavailable: no end was reached."""
        found: list[dict[str, Any]] = []
        for page in range(PAGES):
            path = f"/rest/posts?author={key_of(self._author)}&q=author&sortBy=CREATED&start={page * SIZE}&count={SIZE}"
            reply = await self._ask("GET", path, method="FINDER")
            told = elements_of(reply, f"{self._label}: the list of posts")
            if not all(isinstance(one, dict) and one.get("id") for one in told):
                raise Unavailable(f"{self._label}: the list of posts cannot be read")
            recent = [one for one in told if (_instant(one.get("createdAt")) or since) >= since]
            found += [one for one in recent if one.get("lifecycleState") not in ("DRAFT", "PUBLISH_FAILED")]
            if len(told) < SIZE or len(recent) < len(told):
                return found[::-1]
        raise Unavailable(f"{self._label}: the list of posts was not read to its end, after {PAGES} pages")

    async def _ask(self, verb: str, path: str, *, method: str = "", **options: Any) -> Reply:
        headers = {**self._headers, **({"X-RestLi-Method": method} if method else {})}
        try:
            return await self._client.ask(verb, path, headers=headers, **options)
        except Refused as error:
            raise self._explained(error) from error

    def _explained(self, error: Refused) -> Refused:
        """Return a refusal with what to do, where that is known."""
        if error.status != 426:
            return error
        version = self._headers["LinkedIn-Version"]
        hint = f"LinkedIn ended version {version} of its API: connect again with --option version={VERSION} or later"
        return Refused(f"{error}; {hint}", status=426, body=error.body)

    def _named(self, urn: str, at: datetime | None) -> Published:
        return Published(urn, f"{self._shown}{urn}/", at)


def _media(post: Mapping[str, Any]) -> set[str]:
    content = as_dict(post.get("content"))
    items = [content.get("media"), *as_list(as_dict(content.get("multiImage")).get("images"))]
    return {str(as_dict(item)["id"]) for item in items if as_dict(item).get("id")}


def _instant(milliseconds: Any) -> datetime | None:
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool) or not 0 < milliseconds < 10**14:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
