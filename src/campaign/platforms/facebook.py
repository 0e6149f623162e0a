"""Facebook Pages: an unpublished post is made first, and then one flag of it is turned; its id is its handle."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, BinaryIO, ClassVar

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, Outcome, Refused, Unauthorized, Unavailable, Uncertain
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
from campaign.net.graph import PAUSES, Graph, code_of, number_of, str_id, text_of, time_of, total_of, web_address


def _docs(page: str) -> Source:
    return Source(f"https://developers.facebook.com/{page}", "2026-11-24")


_POSTS = _docs("documentation/pages-api/posts")
_POST = _docs("docs/graph-api/reference/page-post")
_PHOTOS, _VIDEOS = _docs("docs/graph-api/reference/page/photos"), _docs("docs/graph-api/reference/page/videos")
_CAPTIONS = _docs("docs/graph-api/reference/video/captions")
_INSIGHTS = _docs("documentation/pages-api/platforminsights/page/deprecated-metrics")
_LIMITS = _docs("docs/graph-api/overview/rate-limiting")

VIEWS, REACH = "post_media_view", "post_total_media_view_unique"
CAPABILITIES = Capabilities(
    text=TextRule(limit=63_206, counts="characters", optional=True, source=_POSTS),
    media=(
        MediaRule(
            kind="image",
            mimes=frozenset({"image/jpeg", "image/png", "image/gif"}),
            max_count=10,
            max_bytes=4_194_304,
            max_alt=1000,
            source=_PHOTOS,
        ),
        MediaRule(
            kind="video",
            mimes=frozenset({"video/mp4", "video/quicktime"}),
            max_count=1,
            max_bytes=2_147_483_648,
            min_seconds=1.0,
            max_seconds=2400.0,
            max_alt=0,  # no parameter for it
            source=_VIDEOS,
        ),
    ),
    alone=frozenset({"video"}),
    max_media=10,
    metrics={
        "views": VIEWS,
        "reach": REACH,
        "reactions": "reactions.summary.total_count",
        "replies": "comments.summary.total_count",
        "reposts": "shares.count",
    },
    guarantees=(Guarantee.HANDLE,),
    settles_within=30.0,
    # How long an unpublished post lives is not told; a day is safe.
    key_lifetime=23 * 3600.0,
    settles_alone=120.0,
    # 4800 × engaged people in 24 hours, told by headers; taken as that of a small Page.
    rate=RateRule(200, 3600, _LIMITS),
    languages=0,
    threads=False,
    comments=True,
    token="a Page's token does not expire; a person's, from which ours comes, lasts 60 days",  # noqa: S106
    not_offered={
        "threads": _POSTS,  # an answer is a comment, and no post
        "languages": _POSTS,  # no parameter for it
        "captions": _CAPTIONS,  # SRT tracks alone, which are not built here: captions are burned in
        "metrics": _INSIGHTS,  # no quotes, no saves, and link clicks with other clicks alone
    },
    notes=(
        "a post is made unpublished, and published by is_published=true: Facebook announced that for Pages in 2012,"
        " and its SDK of 2026 has both; it was not tried on a real Page here",
        "an attempt that ends before its line leaves an unpublished post behind, which nobody sees",
        "an edit changes the text; the alt text of a published picture cannot be changed",
        "the limits of the text, of pictures (10, 4 MB, 1,000 characters of alt text) are not from Meta's own pages",
        "where nobody shared a post the counter of shares is left out: it reads as too new, not as 0",
        "views and reach need a Page with 100 likes; they come once a day and go back two years",
    ),
)

VERSION = "v25.0"
HOSTS = ("www.facebook.com", "facebook.com", "m.facebook.com")
SKEW = timedelta(minutes=10)
CHUNK = 8 * 1024 * 1024  # bytes of a clip in one request
POST = "id,is_published,permalink_url,created_time"
VIDEO = "id,published,status,permalink_url,created_time"
_COMMENTS = "comments.limit(0).summary(total_count)"
TOTALS = f"reactions.limit(0).summary(total_count),{_COMMENTS}"
OF_CLIPS = f"likes.limit(0).summary(total_count),{_COMMENTS}"  # a video has no edge of reactions
LISTED = "id,message,created_time,permalink_url,attachments{target,subattachments}"


class Adapter(port.Adapter):
    """One Page. A post's remote id is PAGE_POST, that of a clip is its video's alone."""

    name: ClassVar[str] = "facebook"
    home: ClassVar[str] = "https://graph.facebook.com"
    options: ClassVar[Mapping[str, str]] = {
        "page": "the Page's id, where the token is a person's who has several Pages"
    }
    defaults: ClassVar[Capabilities] = CAPABILITIES
    oauth: ClassVar[OAuth] = OAuth(
        authorize=f"https://www.facebook.com/{VERSION}/dialog/oauth",
        token=f"/{VERSION}/oauth/access_token",
        scopes=(
            "pages_show_list", "pages_manage_posts", "pages_read_engagement", "pages_read_user_content",
            "publish_video", "read_insights",
        ),
        pkce=False,
        exchange="meta",
        separator=",",
        refresh_ahead=7 * 24 * 3600.0,
        source=_docs("docs/facebook-login/guides/advanced/manual-flow"),
    )  # fmt: skip

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self.sheet, self._page = client, account.sheet, account.remote_id
        self._plain = Graph(client, VERSION)

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in an address like https://www.facebook.com/page/posts/1234 or …/videos/1234."""
        parts = address.path_of(url, {*HOSTS, *address.hosts_of(account)})
        kind, last = (parts[-2], parts[-1]) if len(parts) > 1 else ("", "")
        if not last.isdigit() or kind not in ("posts", "videos", "reel"):
            rule = (
                "must end in /posts/NUMBER or /videos/NUMBER; where Facebook shows letters (pfbid…) instead, take the"
                " number from the post's insights, or from Meta Business Suite"
            )
            raise Invalid(address.FIELD, url, rule)
        return f"{account.remote_id}_{last}" if kind == "posts" else last

    async def connect(self) -> Connected:
        """Return which Page this token is of; a person's token must be of one that has one Page, or names it."""
        through, graph = "page", self._plain
        try:
            page = await graph.get("/me", fields="id,name,category")
        except Refused as error:
            if code_of(error)[0] != 100:
                raise
            page, through = await self._chosen(), "person"
        name = text_of(page, "name")
        if not name:
            raise Unauthorized("Facebook does not say which Page this token is of")
        return Connected(str_id(page, "Page"), name, "page", Guarantee.HANDLE, {"through": through})

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Make the post, unpublished, which nobody sees; that of an earlier attempt is taken again while it lives."""
        if parent is not None:
            raise Refused("facebook: there are no threads; 63,206 characters go into one post")
        past = list((previous or {}).get("past", ()))
        if previous is not None:
            out, _ = await self._state(str(previous["handle"]))
            if out is not None:
                return {**previous, "uses": previous["uses"] + 1, "out": out}
            self._plain.must_live(previous, str(previous["handle"]))
            past.append(previous["handle"])
        graph, now = await self._graph(), self._client.now().isoformat()
        if outgoing.media and outgoing.media[0].is_clip:
            handle, photos = await self._video(graph, outgoing, open_medium), []
        else:
            photos = [await self._photo(graph, medium, open_medium) for medium in outgoing.media]
            told: dict[str, Any] = {"message": outgoing.text, "published": "false"}
            told |= {f"attached_media[{n}]": f'{{"media_fbid":"{photo}"}}' for n, photo in enumerate(photos)}
            if outgoing.link and not photos:
                told["link"] = outgoing.link
            handle = str_id(await graph.ask("POST", f"/{self._page}/feed", data=told), "post")
        return {"handle": handle, "photos": photos, "past": past, "uses": 1, "out": False, "made": now}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Turn the flag. Where it is turned already nothing is sent: confirm() reads it."""
        handle = str(wire["handle"])
        if wire["out"]:
            raise Uncertain(f"facebook: post {handle} is published already")
        graph = await self._graph()
        flag = "is_published" if "_" in handle else "published"
        reply = await graph.commit(f"/{handle}", {flag: "true"}, again=wire["uses"] > 1)
        told = reply.json()
        if not isinstance(told, dict) or told.get("success") is not True:
            raise reply.bad("the answer does not say that it was done")
        try:
            _, record = await self._state(handle, reading=False)
        except Outcome:  # that its address cannot be read takes nothing from it
            record = {}
        return _published(handle, record)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask for the flag of each post that was made for it; where one is gone, the Page's own list decides."""
        dead = False
        for handle in (str(wire["handle"]), *map(str, wire["past"])):
            out, record = await self._state(handle)
            dead = dead or out is None
            if out and handle not in doubt.owned:
                return _published(handle, record)
        found = await self._looked_for(outgoing, wire, doubt) if dead else None
        if dead and found is None:
            self._plain.must_live(wire, str(wire["handle"]))
        return found

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the post, or the video, as Facebook tells it."""
        post = f"message,updated_time,attachments,shares,{TOTALS}"
        fields = post if "_" in remote_id else f"description,title,status,{OF_CLIPS}"
        names = f"id,created_time,permalink_url,{fields}"
        return await (await self._graph()).get(f"/{remote_id}", fields=names)

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters, a post at a time: one that is gone would blank the others."""
        return {remote_id: await self._measured(remote_id) for remote_id in dict.fromkeys(remote_ids)}

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return all comments, also those to comments, oldest first."""
        fields = "id,message,from{name},created_time,parent{id}"
        told = await (await self._graph()).listed(
            f"/{remote_id}/comments", fields=fields, filter="stream", order="chronological", limit=100
        )
        return [
            Comment(
                remote_id=str(entry["id"]),
                in_reply_to=_named(entry, "parent", "id") or remote_id,
                author=_named(entry, "from", "name"),
                text=text_of(entry, "message") or "",
                at=time_of(entry, "created_time"),
                record=entry,
            )
            for entry in told
            if entry.get("id")
        ]

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace the text. Facebook lets an app change its own posts only."""
        graph = await self._graph()
        field = "message" if "_" in remote_id else "description"
        await graph.ask("POST", f"/{remote_id}", data={field: outgoing.text})
        _, record = await self._state(remote_id)
        return _published(remote_id, record)

    async def delete(self, remote_id: str) -> None:
        """Take the post down; one that is gone already is no error."""
        graph = await self._graph()
        if await graph.find(f"/{remote_id}", fields="id") is not None:
            await graph.ask("DELETE", f"/{remote_id}")

    async def _graph(self) -> Graph:
        """Return what speaks for the Page: with its own token, where ours is a person's."""
        if self.sheet.get("through") != "person":
            return self._plain
        graph, memory = Graph(self._client, VERSION), self._client.memory
        person = self._client.secrets.get("token", "")  # whoever connects anew brings another
        held = memory.get("page token", ("", ""))
        if held[0] != person:
            told = await self._plain.get(f"/{self._page}", fields="access_token")
            held = memory["page token"] = (person, self._secret(told))
        graph.token = str(held[1])
        self._client.learn(graph.token)
        return graph

    def _secret(self, told: Mapping[str, Any]) -> str:
        token = text_of(told, "access_token")
        if not token:
            raise Unauthorized("Facebook gives no token of this Page: the person must be allowed to post there")
        self._client.learn(token)
        return token

    async def _chosen(self) -> dict[str, Any]:
        """Return the Page that a person's token is meant for. Raises: Refused, naming those there are."""
        pages = await self._plain.listed("/me/accounts", fields="id,name,category", limit=100)
        given = self.sheet.get("given")
        wanted = given.get("page") if isinstance(given, dict) else None
        fitting = [page for page in pages if wanted in (None, "", page.get("id"))]
        if len(fitting) != 1:
            there = ", ".join(f"{page.get('id')} ({page.get('name')})" for page in pages[:20]) or "none"
            raise Refused(f"facebook: name one Page with --option page=ID; this person has: {there}")
        return fitting[0]

    async def _state(self, handle: str, *, reading: bool | None = None) -> tuple[bool | None, dict[str, Any]]:
        """Return whether a post is published, and its record; None: it is gone. Raises: Unavailable."""
        flag, fields = ("is_published", POST) if "_" in handle else ("published", VIDEO)
        told = await (await self._graph()).find(f"/{handle}", fields=fields, reading=reading)
        if told is None:
            return None, {}
        if not isinstance(told.get(flag), bool):
            raise Unavailable(f"facebook: whether {handle} is published cannot be read")
        return told[flag], told

    async def _photo(self, graph: Graph, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> str:
        with open_medium(medium.sha256) as file:
            files = {"source": (medium.sha256[:16], file, medium.mime)}
            data = {"published": "false", "alt_text_custom": medium.alt}
            return str_id(await graph.ask("POST", f"/{self._page}/photos", data=data, files=files), "photo")

    async def _video(self, graph: Graph, outgoing: Outgoing, open_medium: Callable[[str], BinaryIO]) -> str:
        """Upload a clip in pieces, unpublished. https://developers.facebook.com/docs/video-api/guides/publishing"""
        medium, path = outgoing.media[0], f"/{self._page}/videos"
        begun = await graph.ask("POST", path, data={"upload_phase": "start", "file_size": medium.size})
        session, video = begun.get("upload_session_id"), str(begun.get("video_id") or "")
        if not session or not video.isdigit():
            raise Unavailable("facebook: the upload of a clip was begun without a session")
        with open_medium(medium.sha256) as file:
            start, told = -1, begun
            while (here := _offset(told, "start_offset")) < (end := _offset(told, "end_offset")):
                if here <= start:
                    raise Unavailable("facebook: the upload of a clip does not go on")
                start = here
                file.seek(start)
                piece = file.read(min(end - start, CHUNK))
                data = {"upload_phase": "transfer", "upload_session_id": session, "start_offset": start}
                files = {"video_file_chunk": ("piece.mp4", piece, medium.mime)}
                told = await graph.ask("POST", path, data=data, files=files)
        data = {"upload_phase": "finish", "upload_session_id": session, "published": "false"}
        await graph.ask("POST", path, data={**data, "description": outgoing.text})
        await self._encoded(graph, video)
        return video

    async def _encoded(self, graph: Graph, video: str) -> None:
        """Wait until a clip can be shown. Raises: Refused: it cannot be. Unavailable: it takes too long."""
        for pause in (*PAUSES, 0):
            told = (await graph.get(f"/{video}", fields="id,status")).get("status")
            state = text_of(told, "video_status") if isinstance(told, dict) else None
            if state in ("error", "upload_failed", "expired"):
                raise Refused(f"facebook: the clip came to nothing: {state}")
            if state not in ("processing", "uploading", "upload_complete"):
                return
            await asyncio.sleep(pause)
        raise Unavailable(f"facebook: the clip is still being made ready after {sum(PAUSES)} seconds")

    async def _looked_for(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        since = doubt.since - SKEW
        posts = await (await self._graph()).listed(
            f"/{self._page}/published_posts", newer=since, field="created_time", fields=LISTED, limit=100,
            since=int(since.timestamp()),
        )  # fmt: skip
        ours, wanted = {str(photo) for photo in wire["photos"]}, fingerprint(outgoing.text)
        free = [post for post in posts if post.get("id") and str(post["id"]) not in doubt.owned]
        by_media = [post for post in free if ours & _targets(post)]
        by_text = [
            post
            for post in free
            if fingerprint(text_of(post, "message") or "") == wanted and bool(_targets(post)) == bool(outgoing.media)
        ]
        found = (by_media or by_text)[-1:]  # newest first: the oldest is the last
        return _published(str(found[0]["id"]), found[0]) if found else None

    async def _measured(self, remote_id: str) -> dict[Metric, Reading]:
        graph, post = await self._graph(), "_" in remote_id
        fields = f"id,shares,{TOTALS}" if post else f"id,views,{OF_CLIPS}"
        record = await graph.find(f"/{remote_id}", fields=fields)
        if record is None:
            return dict.fromkeys(CAPABILITIES.metrics, Reading(None, ReadingStatus.EXPIRED))
        told: dict[str, Reading] | None = {}
        if post:
            told = await graph.insights(remote_id, (VIEWS, REACH))
        absent = Reading(None, ReadingStatus.NOT_OFFERED)  # of a clip: its own counters have other names
        shares, too_new = record.get("shares"), Reading(None, ReadingStatus.TOO_NEW)
        shared = number_of(shares.get("count")) if isinstance(shares, dict) else too_new if post else absent
        return {
            "views": (told or {}).get(VIEWS, absent) if post else number_of(record.get("views")),
            "reach": (told or {}).get(REACH, absent),
            "reactions": total_of(record, "reactions" if post else "likes"),
            "replies": total_of(record, "comments"),
            "reposts": shared,
        }


def _offset(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    if isinstance(value, str | int) and not isinstance(value, bool) and str(value).isdecimal():
        return int(value)
    raise Unavailable("facebook: the upload of a clip does not say how far it is")


def _named(entry: Mapping[str, Any], field: str, name: str) -> str | None:
    told = entry.get(field)
    return text_of(told, name) if isinstance(told, dict) else None


def _targets(post: Mapping[str, Any]) -> set[str]:
    """Return the ids of the pictures and clips in a post of the list."""
    found: set[str] = set()
    attachments = post.get("attachments")
    data = attachments.get("data") if isinstance(attachments, dict) else None
    for each in data if isinstance(data, list) else ():
        if not isinstance(each, dict):
            continue
        subs = each.get("subattachments")
        inner = subs.get("data") if isinstance(subs, dict) else None
        for piece in (each, *(inner if isinstance(inner, list) else ())):
            ident = _named(piece, "target", "id") if isinstance(piece, dict) else None
            found |= {ident} if ident else set()
    return found


def _published(remote_id: str, record: Mapping[str, Any]) -> Published:
    link = web_address(record, "permalink_url")
    path = text_of(record, "permalink_url")
    if link is None and path and path.startswith("/"):  # of a clip it is a path
        link = f"https://www.facebook.com{path}"
    return Published(remote_id, link, time_of(record, "created_time"))
