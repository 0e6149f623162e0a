"""TikTok: a clip goes up in pieces, and is published by the last of them: the Content Posting API, Direct Post.

There is no request that says "publish". video/init opens a post and names its handle, publish_id, and an address for
the file; TikTok publishes by itself when the whole file is there. So the line lies before the last piece: prepare()
opens the post and uploads all pieces but the last, which nobody sees and which lapses within an hour; publish() sends
the last one (of a clip under 20 MB: the whole file), and a lost answer is settled by asking for publish_id. The same
piece sent again belongs to the same publish_id, so it cannot make a second post.

https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, ClassVar

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, Refused, Unauthorized, Unavailable, Uncertain, shown
from campaign.core.model import (
    Account,
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
from campaign.net.reply import parsed
from campaign.platforms.tiktok.speech import LATER, Speech, meant

_READ = "2026-11-24"
_POST = Source("https://developers.tiktok.com/doc/content-posting-api-reference-direct-post", _READ)
_MEDIA = Source("https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide", _READ)
_STATUS = Source("https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status", _READ)
_PHOTO = Source("https://developers.tiktok.com/doc/content-posting-api-reference-photo-post", _READ)
_VIDEO = Source("https://developers.tiktok.com/doc/tiktok-api-v2-video-object", _READ)
_SCOPES = Source("https://developers.tiktok.com/doc/tiktok-api-scopes", _READ)  # of all that an app may do

CAPABILITIES = Capabilities(
    # "maximum length is 2200 in UTF-16 runes": post_info.title
    text=TextRule(limit=2200, counts="utf16", source=_POST, optional=True),
    media=(
        MediaRule(
            kind="video",
            mimes=frozenset({"video/mp4", "video/quicktime", "video/webm"}),
            max_count=1,
            max_bytes=4 * 1024**3,
            max_alt=0,
            max_seconds=600.0,  # of an account's own limit connect() tells: max_video_post_duration_sec
            min_seconds=3.0,
            captions="burned",
            source=_MEDIA,
        ),
    ),
    metrics={"views": "view_count", "reactions": "like_count", "replies": "comment_count", "reposts": "share_count"},
    guarantees=(Guarantee.HANDLE,),
    settles_within=30.0,
    # The address for the file holds for an hour, and was given before the line.
    key_lifetime=50 * 60.0,
    settles_alone=120.0,
    rate=RateRule(30, 60, _STATUS),
    media_rate=RateRule(6, 60, _POST),
    languages=0,
    threads=False,
    edits=False,
    deletes=False,
    min_media=1,
    max_media=1,
    ids_per_reading=20,
    token="an access token lives for two hours and a refresh token for 180 days; each renewal gives a new pair",  # noqa: S106
    not_offered={
        "threads": _SCOPES,
        "alt": _POST,
        "languages": _POST,
        "edits": _SCOPES,
        "deletes": _SCOPES,
        "comments": _SCOPES,
        "images": _PHOTO,
        "captions": _POST,
        "metrics": _VIDEO,
    },
    notes=(
        "an app that TikTok has not audited may post privately only (SELF_ONLY)",
        "the id of a public post is told after moderation, within minutes or hours; until then it is processed",
        "photos are not sent: TikTok fetches them after a request without a handle; its lost answer nothing settles",
        "4 GB, 3 to 600 seconds: from pages of others; TikTok's own name the account's limit alone",
        "a clip needs sides of 360 to 4096 pixels and 23 to 60 frames a second: TikTok itself finds what differs",
    ),
)

CHUNK = 10_000_000  # bytes; "at least 5 MB but no greater than 64 MB", the last one may hold the rest
BLOCK = 256 * 1024  # bytes that are read at a time
BREAKS = 3  # in a row; then the attempt ends
SKEW = timedelta(minutes=10)
PAGES = 25  # of 20 videos: a read-back looks no further
SHOWN = 140  # characters of a title from which on a list may show its beginning only (150 at most)
MODERATED = timedelta(days=1)  # after which a post whose id was never told is known by its publish_id
PUBLIC = "PUBLIC_TO_EVERYONE"
LEVELS = (PUBLIC, "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY")
FIELDS = "id,title,video_description,create_time,share_url,duration,view_count,like_count,comment_count,share_count"


class Adapter(port.Adapter):
    """One account."""

    name: ClassVar[str] = "tiktok"
    home: ClassVar[str] = "https://open.tiktokapis.com"
    options: ClassVar[Mapping[str, str]] = {
        "privacy": f"who may see the posts: {', '.join(LEVELS)}; an app that is not audited may say SELF_ONLY alone"
    }
    oauth: ClassVar[OAuth] = OAuth(
        authorize="https://www.tiktok.com/v2/auth/authorize/",
        token="https://open.tiktokapis.com/v2/oauth/token/",  # noqa: S106
        scopes=("user.info.basic", "video.publish", "video.list"),
        source=Source("https://developers.tiktok.com/doc/oauth-user-access-token-management", _READ),
        pkce=False,  # of mobile and desktop apps only, and with a challenge in hex that is none of RFC 7636
        separator=",",
        client_id_name="client_key",
    )
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._account = client, account
        self._speech = Speech(client, self._label)
        self._privacy = str((account.sheet.get("given") or {}).get("privacy") or PUBLIC)
        self._open_medium: Callable[[str], BinaryIO] | None = None  # of the attempt under way
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in an address like https://www.tiktok.com/@seoul/video/7300000000000000000. Raises: Invalid."""
        hosts = {"www.tiktok.com", "tiktok.com", "m.tiktok.com"} | address.hosts_of(account)
        parts = address.path_of(url, hosts)
        if others := [part for part in parts if part[0] == "@" and part.lower() != account.handle.lower()]:
            raise Invalid(address.FIELD, url, f"must be a post of {account.handle}; this is one of {shown(others[0])}")
        return address.last_of_path(url, hosts)

    async def connect(self) -> Connected:
        """Return who this is, how long its clips may be, and whether it may post as it was told."""
        if self._privacy not in LEVELS:
            raise Invalid("option privacy", self._privacy, f"must be one of {', '.join(LEVELS)}")
        told = await self._speech.ask("GET", "/v2/user/info/", params={"fields": "open_id,display_name"})
        user = told.get("user") if isinstance(told.get("user"), dict) else {}
        if not isinstance(user, dict) or not isinstance(user.get("open_id"), str) or not user["open_id"]:
            raise Unavailable(f"{self._label}: TikTok does not say whose token this is")
        creator = await self._creator()
        warnings: list[str] = []
        if self._privacy != "SELF_ONLY":
            warnings.append("an app that TikTok has not audited may post privately only: --option privacy=SELF_ONLY")
        if self._privacy not in _levels(creator):
            warnings.append(f"this account may not post {self._privacy} now; it offers {', '.join(_levels(creator))}")
        longest = creator.get("max_video_post_duration_sec")
        sheet: dict[str, Any] = {}
        if isinstance(longest, int) and not isinstance(longest, bool) and 0 < longest < 86_400:
            sheet["video_seconds"] = float(longest)
        name = str(creator.get("creator_username") or user.get("display_name") or user["open_id"])
        return Connected(user["open_id"], f"@{name}", "tiktok", Guarantee.HANDLE, sheet, tuple(warnings))

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Open the post, and upload all pieces but the last; a post of an earlier attempt is taken while it lives."""
        if parent is not None:
            raise Refused(f"{self._label}: a clip answers nothing; TikTok has no threads")
        if len(outgoing.media) != 1 or not outgoing.media[0].is_clip:
            raise Refused(f"{self._label}: a post on TikTok is one clip")
        self._open_medium = open_medium
        past = [str(each) for each in (previous or {}).get("past", ())]
        if previous is not None:
            if await self._lives(str(previous["publish_id"])):
                return {**previous, "uses": previous["uses"] + 1}
            past.append(str(previous["publish_id"]))
        clip, uploads = outgoing.media[0], self._client.memory.setdefault("uploads", {})
        kept: dict[str, str] = uploads.setdefault(f"{key} {outgoing.sha256}", {})
        if kept.get("publish_id") in past:
            kept.clear()
        asks = bool(kept)
        if not kept:
            kept |= await self._begin(outgoing, clip)
        last = (_pieces(clip.size) - 1) * CHUNK
        try:
            with open_medium(clip.sha256) as file:
                await self._upload(file, clip, kept, last, asks=asks)
        except Refused as error:  # the address is dead; nothing is out
            kept.clear()
            raise Unavailable(f"{error}; the upload begins anew", status=error.status) from error
        told = {"sha256": clip.sha256, "mime": clip.mime, "size": clip.size, "last": last, "privacy": self._privacy}
        # The address opens the upload for whoever has it: as all that begins with _ it is neither shown nor archived.
        return {"publish_id": kept["publish_id"], "_upload_url": kept["upload_url"], **told, "past": past, "uses": 1}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Send the last piece. TikTok answers that it has it; what becomes of it confirm() asks."""
        if self._open_medium is None:
            raise Unavailable(f"{self._label}: the clip is not at hand; nothing was sent")
        last, size = int(wire["last"]), int(wire["size"])
        with self._open_medium(str(wire["sha256"])) as file:
            file.seek(last)
            try:
                reply = await self._client.commit(
                    "PUT", str(wire["_upload_url"]), content=_blocks(file, size - last),
                    headers=_piece(str(wire["mime"]), last, size, size), foreign=True,
                )  # fmt: skip
            except (Refused, Unauthorized) as error:
                first = wire["uses"] == 1
                if first or error.status in (403, 404):  # the address is dead: the next attempt must not take it again
                    self._client.memory.setdefault("dead", []).append(wire["publish_id"])
                if first:
                    raise Unavailable(f"{error}; the upload begins anew", status=error.status) from error
                # 416, "it is there already", may be said of what an earlier attempt sent.
                raise Uncertain(f"{error}; an earlier attempt may have sent it", status=error.status) from error
        if reply.status == 206 or (reply.body.strip() and parsed(reply.body) is None):
            raise reply.bad("the answer does not say that the clip is whole")
        uploads = self._client.memory.get("uploads", {})
        for name in [name for name, kept in uploads.items() if kept.get("publish_id") == wire["publish_id"]]:
            del uploads[name]
        return Pending({"publish_id": wire["publish_id"]})

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask what became of the publish_id, and of those of earlier attempts; of one that is forgotten the list tells.

        None: the last piece did not arrive, or TikTok refused the clip; then the next prepare() says why. A public
        post whose id was not told for a day is known by its publish_id: moderation keeps it from others.
        """
        forgotten = False
        for publish_id in map(str, [wire["publish_id"], *wire["past"]]):
            told = await self._speech.status(publish_id)
            if told is None:
                forgotten = True
                continue
            state, ids = told["status"], _post_ids(told)
            if state == "PUBLISH_COMPLETE":
                if fresh := [ident for ident in ids if ident not in doubt.owned]:
                    return self._published(fresh[0])
                if ids or publish_id in doubt.owned:
                    continue
                if wire["privacy"] != PUBLIC or self._client.now() - doubt.since > MODERATED:
                    return Published(publish_id, None)
            elif state == "FAILED" or (state == "PROCESSING_UPLOAD" and self._speech.there(told) < wire["size"]):
                continue
            return Pending({"publish_id": publish_id})
        return await self._listed(outgoing, wire, doubt) if forgotten else None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the post as TikTok tells it; of a post without a public id, what became of its publish_id."""
        if not remote_id.isdecimal():
            told = await self._speech.status(remote_id)
            if told is not None:
                return {"publish_id": remote_id, **told}
        elif found := (await self._videos([remote_id], FIELDS)).get(remote_id):
            return found
        raise Refused(f"{self._label}: there is no post {shown(remote_id)}", status=404)

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters of many posts, 20 a request; those of a post without a public id nobody may read."""
        wanted = [remote_id for remote_id in dict.fromkeys(remote_ids) if remote_id.isdecimal()]
        found = await self._videos(wanted, ",".join(["id", *CAPABILITIES.metrics.values()]))
        readings: dict[str, Mapping[Metric, Reading]] = {}
        for remote_id in remote_ids:
            missing = ReadingStatus.EXPIRED if remote_id.isdecimal() else ReadingStatus.NOT_PERMITTED
            readings[remote_id] = _readings(found.get(remote_id), missing)
        return readings

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Refuse: nothing edits a post."""
        raise Refused(f"{self._label}: TikTok edits no post by its API; edit it in the app")

    async def delete(self, remote_id: str) -> None:
        """Refuse: nothing deletes a post."""
        raise Refused(f"{self._label}: TikTok deletes no post by its API; delete it in the app")

    @property
    def _label(self) -> str:
        return f"tiktok account {self._account.name}"

    async def _creator(self) -> dict[str, Any]:
        return await self._speech.ask("POST", "/v2/post/publish/creator_info/query/", json={})

    async def _begin(self, outgoing: Outgoing, clip: OutgoingMedium) -> dict[str, str]:
        """Open a post, which nobody sees. What the creator may do must be asked right before: UX guidelines."""
        creator = await self._creator()
        if self._privacy not in _levels(creator):
            offered = ", ".join(_levels(creator)) or "nothing"
            raise Refused(f"{self._label}: may not post {self._privacy} now; TikTok offers {offered}")
        longest = creator.get("max_video_post_duration_sec")
        if isinstance(longest, int) and clip.seconds is not None and clip.seconds > longest:
            raise Refused(f"{self._label}: takes at most {longest} seconds now; the clip has {clip.seconds:g}")
        told = {"title": outgoing.text, "privacy_level": self._privacy}
        denied = {f"disable_{name}": bool(creator.get(f"{name}_disabled")) for name in ("duet", "comment", "stitch")}
        count = _pieces(clip.size)
        source = {"source": "FILE_UPLOAD", "video_size": clip.size, "total_chunk_count": count}
        source["chunk_size"] = CHUNK if count > 1 else clip.size
        body = {"post_info": {**told, **denied}, "source_info": source}
        data = await self._speech.ask("POST", "/v2/post/publish/video/init/", json=body)
        publish_id, url = data.get("publish_id"), data.get("upload_url")
        if not isinstance(publish_id, str) or not publish_id or not isinstance(url, str) or not url:
            raise Unavailable(f"{self._label}: the answer names no publish_id, or no address for the clip")
        return {"publish_id": publish_id, "upload_url": url}

    async def _upload(
        self, file: BinaryIO, clip: OutgoingMedium, kept: Mapping[str, str], last: int, *, asks: bool
    ) -> None:
        """Upload the pieces before the last one. After a break TikTok is asked how much is there."""
        offset, breaks = 0, 0
        while asks or offset < last:
            if asks:
                told = await self._speech.status(kept["publish_id"])
                offset, asks = self._speech.there(told or {}), False
                if told is None or offset % CHUNK or offset > last:
                    raise Refused(f"{self._label}: TikTok has {offset} bytes of {kept['publish_id']}")
                continue
            file.seek(offset)
            headers = _piece(clip.mime, offset, offset + CHUNK, clip.size)
            try:
                await self._client.ask(
                    "PUT", kept["upload_url"], content=_blocks(file, CHUNK), headers=headers, foreign=True
                )
                offset, breaks = offset + CHUNK, 0
            except Unavailable:
                breaks += 1
                if breaks > BREAKS:
                    raise
                asks = True

    async def _lives(self, publish_id: str) -> bool:
        """Whether a post that was opened can still be completed. Raises: Refused: TikTok refused its clip."""
        told = await self._speech.status(publish_id)
        if told is None or publish_id in self._client.memory.get("dead", ()):
            return False
        if told["status"] != "FAILED":
            return True
        why = told.get("fail_reason")
        if why in LATER:
            return False
        raise meant(str(why), Refused(f"{self._label}: TikTok refused the clip: {shown(str(why or 'no reason told'))}"))

    async def _listed(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        """Look through the account's public posts. Raises: Uncertain: it would not be seen, or not known, there."""
        wanted = fingerprint(outgoing.text)
        if wire["privacy"] != PUBLIC or not wanted:
            raise Uncertain(f"{self._label}: TikTok has forgotten {wire['publish_id']}; look in the app, and settle it")
        since, cursor, found = doubt.since - SKEW, None, dict[str, datetime]()
        for _ in range(PAGES):
            body = {"max_count": 20} | ({} if cursor is None else {"cursor": cursor})
            page = await self._speech.ask(
                "POST", "/v2/video/list/", params={"fields": FIELDS}, json=body, reading=False
            )
            videos = page.get("videos", [])
            if not isinstance(videos, list) or not all(isinstance(video, dict) for video in videos):
                raise Unavailable(f"{self._label}: the list of posts cannot be read")
            recent = 0
            for video in videos:
                at = _at(video.get("create_time")) or since
                recent += at >= since
                ident, title = str(video.get("id", "")), video.get("video_description") or video.get("title") or ""
                if at >= since and ident and ident not in doubt.owned and _alike(fingerprint(str(title)), wanted):
                    found[ident] = at
            cursor = page.get("cursor")
            if page.get("has_more") is not True or recent < len(videos):
                return self._published(min(found, key=lambda ident: found[ident])) if found else None
        raise Unavailable(f"{self._label}: the list was not read to its end")

    async def _videos(self, wanted: Sequence[str], fields: str) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(wanted), size := CAPABILITIES.ids_per_reading):
            body = {"filters": {"video_ids": list(wanted[start : start + size])}}
            told = await self._speech.ask(
                "POST", "/v2/video/query/", params={"fields": fields}, json=body, reading=True
            )
            videos = told.get("videos", [])
            if not isinstance(videos, list):
                raise Unavailable(f"{self._label}: the list of posts cannot be read")
            found |= {str(video.get("id")): video for video in videos if isinstance(video, dict)}
        return found

    def _published(self, ident: str) -> Published:
        where = f"https://www.tiktok.com/{self._account.handle}/video/{ident}"
        return Published(ident, self.elsewhere(self._account, where))


def _pieces(size: int) -> int:
    """Return in how many pieces a clip goes up: size divided by CHUNK, rounded down, at least one."""
    return max(1, size // CHUNK)


def _piece(mime: str, first: int, end: int, size: int) -> dict[str, str]:
    told = {"Content-Type": mime, "Content-Length": str(end - first)}
    return {**told, "Content-Range": f"bytes {first}-{end - 1}/{size}"}


def _blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (block := file.read(min(BLOCK, length))):
        length -= len(block)
        yield block


def _levels(creator: Mapping[str, Any]) -> list[str]:
    levels = creator.get("privacy_level_options")
    return [str(level) for level in levels] if isinstance(levels, list) else []


def _post_ids(told: Mapping[str, Any]) -> list[str]:
    """Return the ids of the public posts. The name is TikTok's own spelling; some answers spell it right."""
    ids = told.get("publicaly_available_post_id") or told.get("publicly_available_post_id") or []
    return [str(ident) for ident in ids if str(ident).isdecimal()] if isinstance(ids, list) else []


def _alike(shown_title: str, wanted: str) -> bool:
    return shown_title == wanted or (len(shown_title) >= SHOWN and wanted.startswith(shown_title.rstrip("…. ")))


def _at(seconds: Any) -> datetime | None:
    plain = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < 10**11
    return datetime.fromtimestamp(seconds, UTC) if plain else None


def _readings(video: Mapping[str, Any] | None, missing: ReadingStatus) -> dict[Metric, Reading]:
    readings: dict[Metric, Reading] = {}
    for metric, theirs in CAPABILITIES.metrics.items():
        value = video.get(theirs) if video is not None else None
        if video is None:
            readings[metric] = Reading(None, missing)
        elif isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            readings[metric] = Reading(value)
        else:
            readings[metric] = Reading(None, ReadingStatus.ERROR)
    return readings
