"""YouTube: a clip is uploaded as a private video, and flipped to public: the Data API v3.

The line lies between the two. prepare() makes the private video, which nobody sees, with its thumbnail, its captions
and its wordings in other languages; a crash before the line leaves it on the channel, private, and the next attempt
makes another. publish() is one videos.update of its status: asked again, it is the same post. So a post can only come
from a video whose id was stored at the line, and confirm() asks for these ids: no list is read back.

https://developers.google.com/youtube/v3/docs/videos; of the shapes: youtube.v3.json of google-api-python-client.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, ClassVar
from urllib.parse import parse_qs, urlsplit

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import (
    Capabilities,
    Connected,
    Doubt,
    MediaRule,
    Parent,
    RateRule,
    Source,
    TextRule,
    TitleRule,
    Wire,
)
from campaign.core.errors import Invalid, Refused, Unavailable, Uncertain, shown
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
from campaign.net.client import Client
from campaign.net.reply import instant
from campaign.platforms.youtube.speech import Speech, items_of, part, reasons
from campaign.platforms.youtube.upload import Upload

_READ = "2026-11-24"
_VIDEO = Source("https://developers.google.com/youtube/v3/docs/videos", _READ)
_INSERT = Source("https://developers.google.com/youtube/v3/docs/videos/insert", _READ)
_QUOTA = Source("https://developers.google.com/youtube/v3/determine_quota_cost", _READ)
_METHODS = Source("https://developers.google.com/youtube/v3/docs", _READ)  # the list of all operations

CAPABILITIES = Capabilities(
    # "maximum length of 5000 bytes … all valid UTF-8 characters except < and >": snippet.description
    text=TextRule(limit=5000, counts="bytes", source=_VIDEO, forbidden="<>", optional=True),
    title=TitleRule(limit=100, counts="characters", source=_VIDEO, required=True, forbidden="<>"),
    media=(
        MediaRule(
            kind="video",
            mimes=frozenset({"video/mp4", "video/quicktime", "video/webm"}),
            max_count=1,
            max_bytes=256 * 1024**3,
            max_alt=0,
            max_seconds=12
            * 3600.0,  # of a verified channel; connect() asks: https://support.google.com/youtube/answer/71673
            captions="tracks",
            source=_INSERT,
        ),
    ),
    metrics={"views": "viewCount", "reactions": "likeCount", "replies": "commentCount"},
    guarantees=(Guarantee.HANDLE,),
    settles_within=30.0,
    # A private video lives until it is deleted; what is older than a month is asked for all the same.
    key_lifetime=30 * 24 * 3600.0,
    settles_alone=120.0,
    rate=RateRule(10_000, 86_400, _QUOTA),
    media_rate=RateRule(100, 86_400, _QUOTA),
    threads=False,
    min_media=1,
    max_media=1,
    ids_per_reading=50,
    localizes=True,
    comments=True,
    token="an access token lives for an hour and is renewed with its refresh token; while the consent screen of the "  # noqa: S106
    "Google project is in testing, that one ends after 7 days",
    not_offered={"threads": _METHODS, "alt": _VIDEO, "images": _METHODS, "metrics": _VIDEO},
    notes=(
        "a project may upload 100 videos and spend 10,000 units a day: 400 for each caption track, 50 for an edit, a "
        "thumbnail or the flip to public, 1 for a question; the day ends at midnight Pacific time",
        "a crash between upload and publishing leaves a private video on the channel, which nobody sees",
        "hashtags also go out as tags, as many as fit into 500 characters",
        "500 characters of tags and 15 minutes for channels that are not verified: no page of the API says so",
    ),
)

WEB = "https://www.youtube.com"
VIDEOS = "/youtube/v3/videos"
CATEGORY = "22"  # People & Blogs: a video needs one; videoCategories.list
TAGS = 500  # characters of all tags, with quotes around those that hold a space, and commas
SHORT = 15 * 60.0  # seconds that a channel may upload before it is verified
MAX_TRACK = 100 * 1024 * 1024  # bytes of a caption track: captions.insert
MAX_THUMBNAIL = 2 * 1024 * 1024  # bytes: thumbnails.set
PAGES = 20  # of 100 comments: what is read of one post
DEAD = frozenset({"failed", "rejected", "deleted"})  # status.uploadStatus of what will never be seen
_ID = re.compile(r"[\w-]{11}", re.ASCII)
_READABLE = "snippet,status,contentDetails,statistics,localizations,processingDetails"


class Adapter(port.Adapter):
    """One channel."""

    name: ClassVar[str] = "youtube"
    home: ClassVar[str] = "https://youtube.googleapis.com"
    hosts: ClassVar[tuple[str, ...]] = ("www.googleapis.com",)
    options: ClassVar[Mapping[str, str]] = {
        "made_for_kids": "yes or no: whether the videos are made for children, which YouTube must be told"
    }
    oauth: ClassVar[OAuth] = OAuth(
        authorize="https://accounts.google.com/o/oauth2/v2/auth",
        token="https://oauth2.googleapis.com/token",  # noqa: S106
        scopes=("https://www.googleapis.com/auth/youtube.force-ssl",),
        source=Source("https://developers.google.com/identity/protocols/oauth2/web-server", _READ),
        extra={"access_type": "offline", "prompt": "consent"},  # else there is no refresh token
    )
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._account, self._speech = client, account, Speech(client)
        self._kids = (account.sheet.get("given") or {}).get("made_for_kids", "no")
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of a channel."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in …/watch?v=ID, …/shorts/ID or youtu.be/ID. Raises: Invalid."""
        there = {"www.youtube.com", "youtube.com", "m.youtube.com", "youtu.be"} | address.hosts_of(account)
        parts, asked = address.path_of(url, there), parse_qs(urlsplit(url.strip()).query)
        found = asked.get("v", [""])[0] if parts == ["watch"] else parts[-1] if parts else ""
        if not _ID.fullmatch(found):
            raise Invalid(address.FIELD, url, f"must name a video, as in {WEB}/watch?v=dQw4w9WgXcQ")
        return found

    async def connect(self) -> Connected:
        """Return which channel this is, and whether it may upload long videos."""
        if self._kids not in ("yes", "no"):
            raise Invalid("option made_for_kids", self._kids, "must be yes or no")
        params = {"part": "snippet,status", "mine": "true"}
        reply = await self._speech.ask("GET", "/youtube/v3/channels", params=params)
        channels = items_of(reply, "youtube#channelListResponse")
        if not channels:
            raise Refused("this Google account has no YouTube channel; make one, or connect the account that has it")
        channel, snippet = channels[0], part(channels[0], "snippet")
        handle = str(snippet.get("customUrl") or snippet.get("title") or channel["id"])
        long = part(channel, "status").get("longUploadsStatus") == "allowed"
        warnings = [] if long else ["the channel is not verified: it takes clips of 15 minutes at most"]
        if not (self.sheet.get("given") or {}).get("made_for_kids"):
            warnings.append(
                "its videos go out as not made for kids; connect with --option made_for_kids=yes if they are"
            )
        sheet = {"video_seconds": 12 * 3600.0 if long else SHORT}
        return Connected(str(channel["id"]), handle, "youtube", Guarantee.HANDLE, sheet, tuple(warnings))

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Make the private video; that of an earlier attempt is taken again while it is there.

        What this process has uploaded for the same key and the same Outgoing is not uploaded twice.
        """
        if parent is not None:
            raise Refused(f"{self._label}: a video answers nothing; YouTube has no threads")
        if not outgoing.title or len(outgoing.media) != 1 or not outgoing.media[0].is_clip:
            raise Refused(f"{self._label}: a post on YouTube is one clip with a title")
        past = [str(each) for each in (previous or {}).get("past", ())]
        if previous is not None:
            video = str(previous["video"])
            if await self._lives(video):
                return {**previous, "uses": previous["uses"] + 1}
            past.append(video)
        uploads: dict[str, dict[str, Any]] = self._client.memory.setdefault("uploads", {})
        kept = uploads.setdefault(f"{key} {outgoing.sha256}", {})
        if kept.get("video") in past or ("video" in kept and not await self._lives(str(kept["video"]))):
            kept.clear()
        if "video" not in kept:
            trusted = {urlsplit(self._account.base_url).netloc, *self.hosts}
            upload = Upload(self._client, self._speech, kept, trusted)
            kept["video"] = await upload.send(outgoing.media[0], self._told(outgoing), open_medium)
        video, without = str(kept["video"]), await self._dressed(outgoing.media[0], kept, open_medium)
        status = json.dumps({"id": video, "status": self._status("public")}, separators=(",", ":"))
        return {"video": video, "past": past, "uses": 1, "without": without, "body": status}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Flip the video to public; one that is public already stays the same post."""
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        body = str(wire["body"]).encode()
        try:
            reply = await self._speech.commit("PUT", VIDEOS, params={"part": "status"}, content=body, headers=headers)
        except Refused as error:
            if error.status != 404:
                raise
            # Somebody deleted it between upload and flip: proved unsent, unless an earlier attempt sent it.
            kind = Unavailable if wire["uses"] == 1 else Uncertain
            raise kind(f"{error}; the private video is gone", status=404) from error
        told = reply.json()
        status = part(told, "status") if isinstance(told, dict) and told.get("id") == wire["video"] else {}
        if status.get("privacyStatus") in ("private", "unlisted"):
            why = "YouTube keeps it private: the channel or the Google project may not publish by the API"
            raise Refused(f"{self._label}: {why}; publish {wire['video']} by hand, or have the project audited")
        if status.get("privacyStatus") != "public":
            raise reply.bad("the answer does not say that the video is public")
        self._forget(str(wire["video"]))
        if status.get("uploadStatus") == "uploaded":
            return Pending({"video": wire["video"]})
        return self._published(told)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask whether the video is public, and those that earlier attempts made.

        Pending: it is, and YouTube still works on it. None: it is private, gone, or YouTube rejected it; then the next
        prepare() says why.
        """
        wanted = [str(wire["video"]), *map(str, wire["past"])]
        found = await self._videos(wanted, "snippet,status")
        for ident in wanted:
            status = part(found.get(ident, {}), "status")
            if ident in doubt.owned or status.get("privacyStatus") != "public" or status.get("uploadStatus") in DEAD:
                continue
            if status.get("uploadStatus") == "uploaded":
                return Pending({"video": ident})
            return self._published(found[ident])
        return None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the video as YouTube tells it."""
        return await self._video(remote_id, _READABLE)

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters of many videos, 50 a request."""
        found = await self._videos(list(dict.fromkeys(remote_ids)), "statistics")
        return {remote_id: _readings(found.get(remote_id)) for remote_id in remote_ids}

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return what people wrote under a video, oldest first: the newest 2,000 threads, each with its answers."""
        params = {"part": "snippet,replies", "videoId": remote_id, "order": "time"}
        found: list[Comment] = []
        async for thread in self._pages("commentThreads", "youtube#commentThreadListResponse", params):
            top = part(part(thread, "snippet"), "topLevelComment")
            answers = part(thread, "replies").get("comments")
            answers = answers if isinstance(answers, list) else []
            if part(thread, "snippet").get("totalReplyCount", 0) != len(answers):  # a thread holds five of them
                asked = {"part": "snippet", "parentId": str(thread["id"])}
                answers = [answer async for answer in self._pages("comments", "youtube#commentListResponse", asked)]
            found += _comments([top], remote_id)
            found += _comments(answers, str(thread["id"]))
        return sorted(found, key=lambda comment: (comment.at is None, comment.at and comment.at.timestamp()))

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace title, description and the other languages' wordings; what else is told of the video stays.

        videos.update takes away what it is not told: https://developers.google.com/youtube/v3/docs/videos/update
        """
        present = part(await self._video(remote_id, "snippet"), "snippet")
        stays = {name: present[name] for name in ("categoryId", "defaultAudioLanguage") if present.get(name)}
        told = {name: value for name, value in self._told(outgoing).items() if name != "status"}
        body = {"id": remote_id, **told, "snippet": {**told["snippet"], **stays}}
        reply = await self._speech.ask("PUT", VIDEOS, params={"part": ",".join(sorted(told))}, json=body)
        changed = reply.json()
        if not isinstance(changed, dict) or changed.get("id") != remote_id:
            raise reply.bad("the answer does not name the video")
        return self._published(changed)

    async def delete(self, remote_id: str) -> None:
        """Delete the video; one that is gone already is no error."""
        await self._speech.ask("DELETE", VIDEOS, params={"id": remote_id}, ok=(200, 204, 404))

    @property
    def _label(self) -> str:
        return f"youtube account {self._account.name}"

    def _status(self, privacy: str) -> dict[str, Any]:
        # selfDeclaredMadeForKids must be told anew, for an update takes away what it is not told.
        return {"privacyStatus": privacy, "selfDeclaredMadeForKids": self._kids == "yes"}

    def _told(self, outgoing: Outgoing) -> dict[str, Any]:
        """Return the parts of a video resource."""
        snippet: dict[str, Any] = {
            "title": outgoing.title,
            "description": outgoing.text,
            "categoryId": CATEGORY,
            "defaultLanguage": outgoing.langs[0],
        }
        if tags := _tags(outgoing.tags):
            snippet["tags"] = tags
        told: dict[str, Any] = {"snippet": snippet, "status": self._status("private")}
        if outgoing.localized:
            told["localizations"] = {
                lang: {"title": each.get("title") or outgoing.title, "description": each.get("text", "")}
                for lang, each in outgoing.localized.items()
            }
        return told

    async def _dressed(
        self, clip: OutgoingMedium, kept: dict[str, Any], open_medium: Callable[[str], BinaryIO]
    ) -> list[str]:
        """Set the thumbnail and the caption tracks; return what the channel may not have."""
        video, done, without = str(kept["video"]), kept.setdefault("done", []), kept.setdefault("without", [])
        for lang, track in sorted(clip.captions.items()):
            if lang not in done:
                await self._caption(video, lang, _whole(open_medium, track, MAX_TRACK, f"captions ({lang})"))
                done.append(lang)
        if clip.poster and "thumbnail" not in done:
            params = {"uploadType": "media", "videoId": video}
            content = _whole(open_medium, clip.poster, MAX_THUMBNAIL, "poster")
            headers = {"Content-Type": "image/jpeg"}
            try:
                await self._speech.ask(
                    "POST", "/upload/youtube/v3/thumbnails/set", params=params, content=content, headers=headers
                )
            except Refused as error:
                # Only verified channels may set one; a frame of YouTube's choice is no reason to send nothing.
                if error.status != 403:
                    raise
                without.append("thumbnail")
            done.append("thumbnail")
        return list(without)

    async def _caption(self, video: str, lang: str, track: bytes) -> None:
        told = {"snippet": {"videoId": video, "language": lang, "name": "", "isDraft": False}}
        boundary = f"track-{video}"
        while boundary.encode() in track:
            boundary += "-"
        content = (
            f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(told)}\r\n"
            f"--{boundary}\r\nContent-Type: text/vtt\r\n\r\n"
        ).encode() + track
        content += f"\r\n--{boundary}--\r\n".encode()
        params = {"uploadType": "multipart", "part": "snippet"}
        headers = {"Content-Type": f"multipart/related; boundary={boundary}"}
        try:
            await self._speech.ask(
                "POST", "/upload/youtube/v3/captions", params=params, content=content, headers=headers
            )
        except Refused as error:
            if "captionExists" not in reasons(error.body):  # the answer of an earlier attempt was lost
                raise

    async def _lives(self, video: str) -> bool:
        """Whether a video is there. Raises: Refused: YouTube will never show it."""
        found = (await self._videos([video], "status")).get(video)
        status = part(found or {}, "status")
        if status.get("uploadStatus") in DEAD:
            why = status.get("rejectionReason") or status.get("failureReason") or "no reason is told"
            raise Refused(f"{self._label}: YouTube {status['uploadStatus']} the video {video}: {shown(why)}")
        return found is not None

    def _forget(self, video: str) -> None:
        uploads = self._client.memory.get("uploads", {})
        for name in [name for name, kept in uploads.items() if kept.get("video") == video]:
            del uploads[name]

    async def _video(self, remote_id: str, parts: str) -> Mapping[str, Any]:
        found = (await self._videos([remote_id], parts)).get(remote_id)
        if found is None:
            raise Refused(f"{self._label}: there is no video {shown(remote_id)}", status=404)
        return found

    async def _videos(self, wanted: Sequence[str], parts: str) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(wanted), size := CAPABILITIES.ids_per_reading):
            params = {"part": parts, "id": ",".join(wanted[start : start + size])}
            reply = await self._speech.ask("GET", VIDEOS, params=params)
            found |= {str(item["id"]): item for item in items_of(reply, "youtube#videoListResponse")}
        return found

    async def _pages(self, what: str, kind: str, params: Mapping[str, str]) -> Any:
        asked = {**params, "textFormat": "plainText", "maxResults": "100"}
        for _ in range(PAGES):
            reply = await self._speech.ask("GET", f"/youtube/v3/{what}", params=asked)
            for item in items_of(reply, kind):
                yield item
            token = reply.json().get("nextPageToken")
            if not isinstance(token, str) or not token:
                return
            asked["pageToken"] = token

    def _published(self, video: Mapping[str, Any]) -> Published:
        where = self.elsewhere(self._account, f"{WEB}/watch?v={video['id']}")
        at = part(video, "snippet").get("publishedAt")
        return Published(str(video["id"]), where, instant(at) if isinstance(at, str) else None)


def _tags(tags: Iterable[str]) -> list[str]:
    """Return the tags that fit. One with a space counts its quotes, and commas count: snippet.tags[]."""
    fitting: list[str] = []
    room = TAGS
    for tag in (each.lstrip("#") for each in tags):
        room -= len(tag) + (2 if " " in tag else 0) + (1 if fitting else 0)
        if room < 0:
            break
        fitting.append(tag)
    return fitting


def _whole(open_medium: Callable[[str], BinaryIO], digest: str, most: int, what: str) -> bytes:
    with open_medium(digest) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise Invalid(what, f"of more than {most} bytes", "must be smaller for YouTube")
    return content


def _readings(video: Mapping[str, Any] | None) -> dict[Metric, Reading]:
    told, readings = part(video or {}, "statistics"), dict[Metric, Reading]()
    for metric, theirs in CAPABILITIES.metrics.items():
        value = told.get(theirs)
        if video is None:
            readings[metric] = Reading(None, ReadingStatus.EXPIRED)
        elif isinstance(value, str | int) and not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,18}", str(value)):
            readings[metric] = Reading(int(value))
        else:  # left out also where the channel hides it; which of the two it is, is not told
            readings[metric] = Reading(None, ReadingStatus.ERROR)
    return readings


def _comments(told: Sequence[Any], parent: str) -> list[Comment]:
    found: list[Comment] = []
    for each in told:
        if not isinstance(each, dict) or not isinstance(each.get("id"), str) or not each["id"]:
            continue
        snippet = part(each, "snippet")
        author, at = snippet.get("authorDisplayName"), snippet.get("publishedAt")
        found.append(
            Comment(
                remote_id=each["id"],
                in_reply_to=parent,
                author=author if isinstance(author, str) else None,
                text=str(snippet.get("textOriginal") or snippet.get("textDisplay") or ""),
                at=instant(at) if isinstance(at, str) else None,
                record=each,
            )
        )
    return found
