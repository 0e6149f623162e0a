"""Bluesky, and other servers of the AT Protocol: a post's key is ours, so that asking again is the same post."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar
from urllib.parse import unquote, urlsplit

from campaign.core import adapter as port
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.address import FIELD, path_of
from campaign.core.errors import Invalid, Refused, Unauthorized, Unavailable, Uncertain, shown
from campaign.core.facets import Facet, find_facets
from campaign.core.model import (
    Account,
    Comment,
    Guarantee,
    Metric,
    Outgoing,
    OutgoingMedium,
    Published,
    Reading,
    ReadingStatus,
)
from campaign.core.oauth import OAuth
from campaign.net.client import Client
from campaign.net.reply import Reply, instant
from campaign.platforms.bluesky.session import DID, RKEY, STALE, Session, error_name, tid

_LEXICONS = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky"
_POST = Source(f"{_LEXICONS}/feed/post.json", "2026-11-24")
_IMAGES = Source(f"{_LEXICONS}/embed/images.json", "2026-11-24")
# The lexicon takes clips of 300 MB (embed/video.json); a server of Bluesky's takes no blob of more than 50 MiB.
_RATES = Source("https://docs.bsky.app/docs/advanced-guides/rate-limits", "2026-11-24")

# Bytes: lexicons/app/bsky/embed/images.json and video.json. The server's own limit, where it tells one, may be lower.
MAX_IMAGE, MAX_VIDEO = 2_000_000, 300_000_000
_VIEW = Source(f"{_LEXICONS}/feed/defs.json", "2026-11-24")  # postView: no views, no reach, no clicks

CAPABILITIES = Capabilities(
    text=TextRule(limit=300, counts="graphemes", max_bytes=3000, source=_POST),
    media=(
        MediaRule("image", frozenset({"image/jpeg", "image/png", "image/webp"}), 4, MAX_IMAGE, _IMAGES),
        MediaRule("video", frozenset({"video/mp4"}), 1, 52_428_800, _RATES, max_seconds=180, captions="tracks"),
    ),
    alone=frozenset({"video"}),
    # There are no view counts: lexicons/app/bsky/feed/defs.json, postView
    metrics={
        "reactions": "likeCount",
        "reposts": "repostCount",
        "replies": "replyCount",
        "quotes": "quoteCount",
        "saves": "bookmarkCount",
    },
    guarantees=(Guarantee.REPLAY,),
    settles_within=30.0,  # a request that we gave up may still be under way
    rate=RateRule(3000, 300, _RATES),
    languages=3,
    ids_per_reading=25,  # lexicons/app/bsky/feed/getPosts.json
    comments=True,
    token="an app password does not expire; the sessions that it buys are renewed by themselves",  # noqa: S106
    not_offered={"metrics": _VIEW},
    notes=(
        "no view counts",
        "5000 points an hour and 35000 a day besides, of which a post takes 2",
        "an edit replaces the record; not every application shows it",
    ),
)

POST = "app.bsky.feed.post"
WEB = "https://bsky.app"  # where posts are shown
# Caption tracks of a clip: lexicons/app/bsky/embed/video.json
MAX_TRACKS, MAX_TRACK_BYTES = 20, 20_000
_PIECE = 64 * 1024


class Adapter(port.Adapter):
    """One account. Its token is an app password, which buys sessions; these are shared within the process.

    Or it was connected by consent: then its token is bound to a key of ours, and renewed as others are.
    """

    name: ClassVar[str] = "bluesky"
    bearer: ClassVar[bool] = False
    oauth: ClassVar[OAuth] = OAuth(
        authorize="",  # the account's server names its authorization server, and that names these
        token="",
        scopes=("atproto", "transition:generic"),
        discovery="atproto",
        dpop=True,
        client_auth="key",
        refresh_ahead=300.0,
        source=Source("https://atproto.com/specs/oauth", "2026-11-24"),
    )
    options: ClassVar[Mapping[str, str]] = {"identifier": "the handle or e-mail address that logs in"}
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        given = account.sheet.get("given")
        identifier = given.get("identifier") if isinstance(given, Mapping) else None
        self._client, self._label = client, f"bluesky account {account.name}"
        self._base_url = account.base_url.rstrip("/")
        self._session = Session(client, str(identifier or account.remote_id or account.handle), account.remote_id)
        self._web = str(account.sheet.get("web") or WEB).rstrip("/")
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the key in an address like https://bsky.app/profile/kr.example/post/3k…. Raises: Invalid."""
        web = urlsplit(str(account.sheet.get("web") or WEB)).hostname or ""
        parts = path_of(url, {web})
        mine = {account.remote_id, account.handle.removeprefix("@").lower()}
        if len(parts) != 4 or (parts[0], parts[2]) != ("profile", "post") or not RKEY.fullmatch(parts[3]):
            raise Invalid(FIELD, url, f"must look like {WEB}/profile/kr.example/post/3k2a4cmdwdc2k")
        if not {unquote(parts[1]), unquote(parts[1]).lower()} & mine:
            raise Invalid(FIELD, url, f"must be a post of {account.handle}, not of {shown(parts[1])}")
        return parts[3]

    async def connect(self) -> Connected:
        """Return who logs in, and what the server tells about itself.

        Raises:
            Unauthorized: the password is not accepted. Unavailable: no usable answer.
            Refused: the server does not speak the AT Protocol, or the account is not active.
        """
        server = (await self._client.ask("GET", "/xrpc/com.atproto.server.describeServer")).json()
        if not isinstance(server, dict) or not DID.fullmatch(str(server.get("did"))):
            raise Refused(f"{self._label}: this server does not speak the AT Protocol: it names no DID of its own")
        who = (await self._ask("GET", "com.atproto.server.getSession")).json()
        did, handle = (str(who.get(name) or "") for name in ("did", "handle")) if isinstance(who, dict) else ("", "")
        if not DID.fullmatch(did) or not handle:
            raise Unavailable(f"{self._label}: the server does not say whose password this is")
        if who.get("active") is False:
            raise Refused(f"{self._label}: the account is not active ({str(who.get('status') or 'no reason')[:40]})")
        sheet: dict[str, Any] = {"server": str(server["did"])[:300]}
        if server.get("web") == self._base_url:
            sheet["web"] = self._base_url  # bsky.app shows what is posted; only a sandbox shows it itself
        limit = server.get("blobUploadLimit")
        if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0:
            sheet |= {"image_bytes": min(limit, MAX_IMAGE), "video_bytes": min(limit, MAX_VIDEO)}
        return Connected(did, f"@{handle[:253]}", "bluesky", Guarantee.REPLAY, sheet)

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Upload the media, and fix key, time and the very bytes of the request, once for all attempts.

        What was uploaded and not used is forgotten within hours, so each attempt uploads anew: the same bytes have the
        same name (CID), and the stored record stays as it is.
        """
        before = previous or {}
        at = instant(before.get("created_at")) or self._client.now()
        blobs = {}
        for medium in outgoing.media:
            for sha, mime, size in _files(medium):
                with open_medium(sha) as file:
                    blobs[sha] = await self._upload(file, mime, size)
        wire: Wire = {
            "outgoing": outgoing.sha256,
            "rkey": before.get("rkey") or tid(at, key),
            "created_at": before.get("created_at") or _iso(at),
            "blobs": blobs,
        }
        if before.get("body") and before.get("outgoing") == wire["outgoing"]:
            wire["body"], wire["blobs"] = before["body"], before["blobs"]
        else:
            reply = await self._reply_to(parent.remote_id) if parent is not None else None
            record = await self._record(outgoing, wire, reply=reply)
            # Null: there must be nothing under this key, or exactly this record.
            body = {**await self._place(wire["rkey"]), "record": record, "validate": True, "swapRecord": None}
            wire["body"] = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        await self._session.fresh()  # uploads take time; the one request that follows must not meet an expired session
        return wire

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published:
        """Put the record under its key. The same request again is the same post."""
        auth = await self._session.headers()
        headers = {**auth, "Content-Type": "application/json"}
        try:
            reply = await self._client.commit(
                "POST", "/xrpc/com.atproto.repo.putRecord", content=str(wire["body"]).encode(), headers=headers
            )
        except Refused as error:
            name = error_name(error)
            if name == "InvalidSwap":
                raise Uncertain(f"{error}; something is there under its key", status=error.status) from error
            if name in STALE:
                if self._session.forget(auth):
                    raise Unauthorized(f"{error}, and the session is new", status=error.status) from error
                raise Unavailable(f"{error}; refused before any effect", status=error.status) from error
            if name == "BlobNotFound":  # its uploads were forgotten; the next attempt brings them again
                raise Unavailable(f"{error}; refused before any effect", status=error.status) from error
            raise
        self._session.works()
        told = reply.json()
        if not isinstance(told, dict) or _rkey_of(told.get("uri")) != wire["rkey"] or not told.get("cid"):
            raise reply.bad("the answer does not name the record")
        return self._published(wire["rkey"], await self._session.did(), json.loads(wire["body"])["record"])

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        """Look under the post's key. Raises: Uncertain when another record stands there."""
        rkey = str(wire["rkey"])
        if rkey in doubt.owned:
            return None
        found = await self._found(rkey)
        if found is None:
            return None
        wanted = json.loads(str(wire["body"]))["record"]
        if found["value"] != wanted:
            raise Uncertain(f"{self._label}: another record stands under {rkey}; look at it and settle the delivery")
        return self._published(rkey, await self._session.did(), wanted)

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the record with its address and CID, as the server tells it."""
        found = await self._found(remote_id)
        if found is None:
            raise Refused(f"{self._label}: there is no post {remote_id}")
        return found

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters of many posts, 25 a request; a bare server without an AppView has none."""
        wanted = list(dict.fromkeys(remote_ids))
        views: dict[str, Mapping[str, Any]] = {}
        offered = True
        for start in range(0, len(wanted), size := self.capabilities.ids_per_reading):
            did = await self._session.did()
            uris = [_uri(did, rkey) for rkey in wanted[start : start + size]]
            try:
                page = (await self._ask("GET", "app.bsky.feed.getPosts", params={"uris": uris})).json()
            except Refused as error:
                # Such questions are passed on. A server on its own says that it knows nobody to ask.
                if isinstance(error.body, dict) and str(error.body.get("message")).startswith("No service configured"):
                    offered = False
                    break
                raise
            posts = page.get("posts") if isinstance(page, dict) else None
            if not isinstance(posts, list):
                raise Unavailable(f"{self._label}: the list of posts cannot be read")
            views |= {_rkey_of(post.get("uri")): post for post in posts if isinstance(post, dict)}
        return {rkey: _readings(views.get(rkey), offered) for rkey in wanted}

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return the answers as the AppView knows them, ten deep: lexicons/app/bsky/feed/getPostThread.json"""
        asked = {"uri": _uri(await self._session.did(), remote_id), "depth": 10, "parentHeight": 0}
        told = (await self._ask("GET", "app.bsky.feed.getPostThread", params=asked)).json()
        thread = told.get("thread") if isinstance(told, dict) else None
        if not isinstance(thread, dict) or not isinstance(thread.get("post"), dict):
            raise Unavailable(f"{self._label}: the answers to a post cannot be read")
        found = [answer for one in _listed(thread.get("replies")) for answer in _answers(one, remote_id)]
        return sorted(found, key=lambda answer: (answer.at is None, answer.at, answer.remote_id))

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Put another record in the post's place; time and thread stay. The same edit again changes nothing."""
        present = await self.fetch(remote_id)
        value = present["value"]
        kept = {"created_at": str(value.get("createdAt") or _iso(self._client.now())), "blobs": wire.get("blobs") or {}}
        record = await self._record(outgoing, kept, reply=value.get("reply"))
        if record != value:
            body = {**await self._place(remote_id), "record": record, "validate": True, "swapRecord": present["cid"]}
            await self._ask("POST", "com.atproto.repo.putRecord", json=body)
        return self._published(remote_id, await self._session.did(), record)

    async def delete(self, remote_id: str) -> None:
        """Take the post down; one that is gone already is no error."""
        await self._ask("POST", "com.atproto.repo.deleteRecord", json=await self._place(remote_id))

    async def _ask(self, method: str, nsid: str, **options: Any) -> Reply:
        given = options.pop("headers", {})

        def send(auth: Mapping[str, str]) -> Awaitable[Reply]:
            return self._client.ask(method, f"/xrpc/{nsid}", headers={**auth, **given}, **options)

        return await self._session.through(send)

    async def _upload(self, file: BinaryIO, mime: str, size: int | None) -> dict[str, Any]:
        content = file.read(MAX_TRACK_BYTES + 1) if size is None else b""
        if len(content) > MAX_TRACK_BYTES:
            raise Invalid("captions", f"of more than {MAX_TRACK_BYTES} bytes", "must be shorter for Bluesky")

        def send(auth: Mapping[str, str]) -> Awaitable[Reply]:
            file.seek(0)
            told = {**auth, "Content-Type": mime, "Content-Length": str(len(content) if size is None else size)}
            body = content if size is None else _pieces(file)
            return self._client.ask("POST", "/xrpc/com.atproto.repo.uploadBlob", content=body, headers=told)

        told = (await self._session.through(send)).json()
        blob = told.get("blob") if isinstance(told, dict) else None
        ref = blob.get("ref") if isinstance(blob, dict) else None
        if not isinstance(blob, dict) or not isinstance(ref, dict) or not isinstance(ref.get("$link"), str):
            raise Unavailable(f"{self._label}: the upload was answered without a blob")
        return blob

    async def _record(self, outgoing: Outgoing, wire: Wire, *, reply: Any) -> dict[str, Any]:
        record: dict[str, Any] = {"$type": POST, "text": outgoing.text, "createdAt": wire["created_at"]}
        record["langs"] = list(outgoing.langs[: self.capabilities.languages])
        facets = [told for facet in find_facets(outgoing.text, outgoing.link) if (told := await self._facet(facet))]
        if facets:
            record["facets"] = facets
        if outgoing.media or outgoing.link:
            record["embed"] = _embed(outgoing, wire["blobs"])
        if reply:
            record["reply"] = reply
        return record

    async def _facet(self, facet: Facet) -> dict[str, Any] | None:
        kind = f"app.bsky.richtext.facet#{facet.kind}"
        feature: dict[str, Any] = {"$type": kind}
        match facet.kind:
            case "link":
                feature["uri"] = facet.value
            case "tag":
                feature["tag"] = facet.value
            case "mention":
                did = await self._resolved(facet.value)
                if did is None:
                    return None  # nobody of that name: it stays plain text
                feature["did"] = did
        return {"index": {"byteStart": facet.start, "byteEnd": facet.end}, "features": [feature]}

    async def _resolved(self, handle: str) -> str | None:
        try:
            reply = await self._ask("GET", "com.atproto.identity.resolveHandle", params={"handle": handle.lower()})
        except Refused:
            return None
        did = str(reply.json().get("did")) if isinstance(reply.json(), dict) else ""
        return did if DID.fullmatch(did) else None

    async def _reply_to(self, remote_id: str) -> dict[str, Any]:
        parent = await self.fetch(remote_id)
        ref = {"uri": parent["uri"], "cid": parent["cid"]}
        its_own = parent["value"].get("reply")
        root = its_own.get("root") if isinstance(its_own, dict) else None
        return {"root": root if isinstance(root, dict) else ref, "parent": ref}

    async def _found(self, rkey: str) -> dict[str, Any] | None:
        """Return the account's record of that key, or None when the server says that there is none."""
        if not RKEY.fullmatch(rkey):
            raise Refused(f"{self._label}: {rkey[:40]!r} is no key of a post")
        try:
            reply = await self._ask("GET", "com.atproto.repo.getRecord", params=await self._place(rkey))
        except Refused as error:
            if error_name(error) == "RecordNotFound":
                return None
            raise
        found = reply.json()
        if not isinstance(found, dict) or not isinstance(found.get("value"), dict) or not found.get("cid"):
            raise reply.bad("the answer is no record")
        if _rkey_of(found.get("uri")) != rkey:
            raise reply.bad("the answer is another record")
        return found

    async def _place(self, rkey: str) -> dict[str, Any]:
        return {"repo": await self._session.did(), "collection": POST, "rkey": rkey}

    def _published(self, rkey: str, did: str, record: Mapping[str, Any]) -> Published:
        return Published(rkey, f"{self._web}/profile/{did}/post/{rkey}", instant(str(record.get("createdAt") or "")))


def _files(medium: OutgoingMedium) -> Iterator[tuple[str, str, int | None]]:
    """Name what is uploaded for a medium: the file itself, then its caption tracks, whose size is not known."""
    yield medium.sha256, medium.mime, medium.size
    for _, track in sorted(medium.captions.items())[:MAX_TRACKS]:
        yield track, "text/vtt", None


def _embed(outgoing: Outgoing, blobs: Mapping[str, Any]) -> dict[str, Any]:
    """Return pictures, or a clip, or a card for the link: one of them, for a post has one embed."""
    if not outgoing.media:
        link = str(outgoing.link)
        card = {"uri": link, "title": urlsplit(link).hostname or link, "description": link}
        return {"$type": "app.bsky.embed.external", "external": card}
    if missing := [medium.sha256[:16] for medium in outgoing.media if medium.sha256 not in blobs]:
        raise Refused(f"the media {', '.join(missing)} were not uploaded")
    first = outgoing.media[0]
    if not first.is_clip:
        images = [{"alt": m.alt, "image": blobs[m.sha256], **_ratio(m)} for m in outgoing.media]
        return {"$type": "app.bsky.embed.images", "images": images}
    embed = {"$type": "app.bsky.embed.video", "video": blobs[first.sha256], "alt": first.alt, **_ratio(first)}
    tracks = [{"lang": lang, "file": blobs[sha]} for lang, sha in sorted(first.captions.items()) if sha in blobs]
    return {**embed, "captions": tracks} if tracks else embed


def _ratio(medium: OutgoingMedium) -> dict[str, Any]:
    return {"aspectRatio": {"width": medium.width, "height": medium.height}} if medium.width and medium.height else {}


def _readings(view: Mapping[str, Any] | None, offered: bool) -> dict[Metric, Reading]:
    readings: dict[Metric, Reading] = {}
    for metric, theirs in CAPABILITIES.metrics.items():
        value = view.get(theirs) if view is not None else None
        if not offered:
            readings[metric] = Reading(None, ReadingStatus.NOT_OFFERED)
        elif view is None:
            readings[metric] = Reading(None, ReadingStatus.EXPIRED)
        elif isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            readings[metric] = Reading(value)
        else:
            readings[metric] = Reading(None, ReadingStatus.ERROR)
    return readings


def _answers(view: Mapping[str, Any], parent: str) -> Iterator[Comment]:
    """Yield an answer and those below it; the name of one of somebody else's is its whole address."""
    post = view.get("post")
    if not isinstance(post, dict) or not isinstance(post.get("uri"), str):
        return  # blocked, or gone
    author, record = post.get("author"), post.get("record")
    handle = author.get("handle") if isinstance(author, dict) else None
    record = record if isinstance(record, dict) else {}
    at = instant(str(record.get("createdAt") or post.get("indexedAt") or ""))
    yield Comment(post["uri"], parent, f"@{handle}" if handle else None, str(record.get("text") or ""), at, post)
    for one in _listed(view.get("replies")):
        yield from _answers(one, post["uri"])


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _uri(did: str, rkey: str) -> str:
    return f"at://{did}/{POST}/{rkey}"


def _rkey_of(uri: Any) -> str:
    return str(uri).rpartition(f"/{POST}/")[2] if isinstance(uri, str) else ""


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
