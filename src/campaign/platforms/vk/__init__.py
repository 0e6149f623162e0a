"""VK: the wall of a community, by the token of a user who may post there."""

import mimetypes
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, ClassVar, Literal
from urllib.parse import urlsplit

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, Outcome, Refused, Unauthorized, Unavailable, Uncertain, shown
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
from campaign.platforms.vk.speech import GONE, Speaker, code_of, form, items_of, number
from campaign.platforms.vk.wall import (
    METRICS,
    attachments_of,
    fingerprints_of,
    instant_of,
    names_of,
    readings_of,
    remote_of,
)

READ = "2026-11-24"
_POST = Source("https://dev.vk.com/en/method/wall.post", READ)
_PHOTO = Source("https://dev.vk.com/en/api/upload/wall-photo", READ)
# VK's videos are uploaded to the servers of OK, whose page names the limit; VK's own names the formats only.
_VIDEO = Source("https://apiok.ru/dev/examples/video_upload", READ)
_RATES = Source("https://dev.vk.com/en/api/api-requests", READ)
_METHODS = Source("https://github.com/VKCOM/vk-api-schema/blob/master/wall/methods.json", READ)
_OBJECTS = Source("https://github.com/VKCOM/vk-api-schema/blob/master/wall/objects.json", READ)

CAPABILITIES = Capabilities(
    # VK names no limit; people tell of 16,384. UTF-16 units are never fewer than what it may count.
    text=TextRule(limit=15_000, counts="utf16", source=_POST, optional=True),
    media=(
        MediaRule(
            kind="image",
            mimes=frozenset({"image/jpeg", "image/png", "image/gif"}),
            max_count=10,
            max_bytes=50_000_000,
            max_sides=14_000,
            max_ratio=20.0,
            max_alt=2048,  # of saveWallPhoto's caption
            source=_PHOTO,
        ),
        MediaRule("video", frozenset({"video/mp4"}), 10, 2_000_000_000, _VIDEO, max_alt=5000, captions="burned"),
    ),
    max_media=10,
    metrics=METRICS,
    # wall.post takes a guid against repeats, for about an hour; what a repeat is answered stands nowhere. So the wall
    # is read, and the guid is no more than a belt that nobody leans on.
    guarantees=(Guarantee.READ_BACK,),
    settles_within=120.0,
    rate=RateRule(3, 1, _RATES),
    languages=0,
    threads=False,
    ids_per_reading=30,  # of stats.getPostReach; wall.getById takes 100
    comments=True,
    token="that of a standalone application with the right `offline` does not expire; "  # noqa: S106 - for people
    "VK ID's lasts an hour and may not post",
    not_offered={"threads": _METHODS, "languages": _METHODS, "captions": _METHODS, "metrics": _OBJECTS},
    notes=(
        "the right `wall` is given to applications on request to VK only; a community's own token takes no pictures",
        "an alt text is shown as the picture's description",
        "the limit of a text is not documented: 15,000 is a careful guess",
        "50 posts a day",
        "reach and link clicks need the right `stats`, and a community that VK counts them for",
        "a clip may still be being processed when the post appears",
    ),
)

SKEW = timedelta(minutes=10)  # what our clock and VK's may differ by when we look for a post of ours
PAGE, OVERLAP, PAGES = 100, 10, 30  # posts a page; of these read again, for one deleted meanwhile moves the others up
COMMENT_PAGES = 50
MAY_POST = 2  # admin_level: 1 moderator, 2 editor, 3 administrator
RIGHTS = {"photos": 4, "video": 16, "wall": 8192, "stats": 1 << 20}  # https://dev.vk.com/en/reference/access-rights
_WALL = re.compile(r"wall(-?\d{1,18}_\d{1,18})")
_REMOTE = re.compile(r"-?\d{1,18}_\d{1,18}")


class Adapter(port.Adapter):
    """The wall of one community. The token stands in the body of each request; the client's redactor knows it."""

    name: ClassVar[str] = "vk"
    bearer: ClassVar[bool] = False
    counted_by: ClassVar[Literal["account", "credential"]] = "credential"  # three requests a second for each token
    home: ClassVar[str] = "https://api.vk.com"
    # Not VK ID's (id.vk.com), whose tokens may not post.
    oauth: ClassVar[OAuth] = OAuth(
        authorize="https://oauth.vk.com/authorize",
        token="https://oauth.vk.com/access_token",  # noqa: S106 - an address
        scopes=("wall", "photos", "video", "groups", "stats", "offline"),
        source=Source("https://dev.vk.com/en/api/access-token/authcode-flow-user", READ),
        pkce=False,
        separator=",",
    )
    options: ClassVar[Mapping[str, str]] = {
        "community": "the community on whose wall it posts: its short name or its id, as in peace_journey"
    }
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._label = client, f"vk account {account.name}"
        self._vk = Speaker(client, self._label)
        self._community = str((account.sheet.get("given") or {}).get("community") or "").strip().lstrip("@")
        self._owner, self._web = account.remote_id, web_of(account)
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in an address like https://vk.com/wall-1_2, also behind ?w=. Raises: Invalid."""
        host = urlsplit(web_of(account)).hostname or ""
        address.path_of(url, {host, f"m.{host}", *(("vk.com", "vk.ru") if host in ("vk.com", "vk.ru") else ())})
        found = _WALL.search(url)
        if found is None:
            raise Invalid(address.FIELD, url, "must name a post, as in https://vk.com/wall-1_2")
        if found[1].partition("_")[0] != account.remote_id:
            raise Invalid(address.FIELD, url, f"must be a post of {account.handle}; this is one of {shown(found[1])}")
        return found[1]

    async def connect(self) -> Connected:
        """Return the community, whether this user may post there, and what rights the token lacks.

        Raises:
            Unauthorized: the token is not accepted, or is not a user's. Unavailable: no usable answer.
            Refused: the community is not found, or the user may not post there.
        """
        if not self._community:
            raise Refused(f"{self._label}: name its community: --option community=short_name")
        who = items_of(await self._vk.ask("users.get"))
        if not who or number(who[0].get("id")) is None:
            # A community's token is nobody's.
            raise Unauthorized(f"{self._label}: the token is not a user's; connect with one of a user who may post")
        told = await self._vk.ask("groups.getById", group_ids=self._community, fields="screen_name,is_admin,can_post")
        groups = items_of(told.get("groups") if isinstance(told, dict) else told) or []
        ident = number(groups[0].get("id")) if groups else None
        if ident is None or ident <= 0:
            raise Refused(f"{self._label}: VK knows no community {shown(self._community)}")
        group = groups[0]
        if (number(group.get("admin_level")) or 0) < MAY_POST:
            raise Refused(f"{self._label}: make this user an editor or administrator of {shown(self._community)}")
        name = str(group.get("screen_name") or f"club{ident}")[:64]
        sheet = {"community": name, "user": who[0]["id"]}
        return Connected(str(-ident), f"@{name}", "vk", Guarantee.READ_BACK, sheet, await self._lacks())

    async def _lacks(self) -> tuple[str, ...]:
        """Return a warning for each right that the token lacks. Raises: Unauthorized: it may not post."""
        try:
            held = number(await self._vk.ask("account.getAppPermissions"))
        except Refused:
            held = None  # it is not told: the first post shows it
        warnings = []
        if self._client.secrets.get("token", "").startswith("vk2."):
            warnings.append("a token of VK ID: VK refuses wall.post from it (error 1051)")
        if held is None:
            return tuple(warnings)
        lacking = [name for name, bit in RIGHTS.items() if not held & bit]
        if "wall" in lacking:
            raise Unauthorized(f"{self._label}: the token lacks the right `wall`, which VK gives on request only")
        return (*warnings, *(f"the token lacks the right {name}" for name in lacking))

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Upload the media, and fix the very bytes of the request but for the token.

        What was uploaded once is attached again: the more surely is the post recognised by it.
        """
        if parent is not None:
            raise Refused(f"{self._label}: VK's walls have no threads")
        uploaded = [str(item) for item in (previous or {}).get("attachments", ())]
        if len(uploaded) != len(outgoing.media):
            uploaded = [await self._upload(medium, outgoing, open_medium) for medium in outgoing.media]
        # Of a link in the text alone, the API makes no preview.
        attached = [*uploaded, *([outgoing.link] if outgoing.link and not uploaded else [])]
        body = form(
            {
                "owner_id": self._owner,
                "from_group": 1,
                "message": outgoing.text,
                "attachments": ",".join(attached) or None,
                "guid": key,
            }
        )
        return {"key": key, "body": body, "attachments": uploaded, "tries": int((previous or {}).get("tries", 0)) + 1}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Send the one request that makes the post."""
        try:
            told, reply = await self._vk.commit("wall.post", str(wire["body"]))
        except Refused as error:
            if wire["tries"] > 1:
                # What VK says to a guid that it has seen stands nowhere: it may be this.
                words = f"{error}; an earlier attempt may have made the post"
                raise Uncertain(words, status=error.status, body=error.body) from error
            raise
        ident = number(told.get("post_id")) if isinstance(told, dict) else None
        if ident is None or ident <= 0:
            raise reply.bad("the answer names no post")
        return self._published(f"{self._owner}_{ident}")

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Look for the post on the wall: by its media first, then by its text.

        Raises:
            Unavailable: the wall cannot be read, or not to the time of the doubt.
        """
        candidates = [post for post in await self._wall(doubt.since - SKEW) if remote_of(post) not in doubt.owned]
        ours = {str(item) for item in wire.get("attachments", ())}
        found = [post for post in candidates if ours & attachments_of(post)]
        if not found:
            wanted = fingerprint(outgoing.text)
            found = [
                post
                for post in candidates
                if wanted in fingerprints_of(post) and bool(attachments_of(post)) == bool(outgoing.media)
            ]
        if not found:
            return None
        first = min(found, key=lambda post: (number(post.get("date")) or 0, post["id"]))
        return self._published(remote_of(first), first)

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the post as VK tells it. Raises: Refused: there is none."""
        posts = await self._posts([remote_id])
        if remote_id not in posts:
            raise Refused(f"{self._label}: there is no post {shown(remote_id)}")
        return posts[remote_id]

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters of many posts. What the statistics tell is asked by itself, for it may be denied."""
        readings: dict[str, dict[Metric, Reading]] = {}
        size = self.capabilities.ids_per_reading
        wanted = list(dict.fromkeys(remote_ids))
        for start in range(0, len(wanted), size):
            ids = wanted[start : start + size]
            posts = await self._posts([one for one in ids if _REMOTE.fullmatch(one)])
            reach, otherwise = await self._reach(list(posts)) if posts else ({}, ReadingStatus.EXPIRED)
            for one in ids:
                readings[one] = readings_of(posts.get(one), reach.get(one), otherwise)
        return readings

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return what people wrote below a post, with the answers to that, oldest first. Raises: Refused."""
        if not _REMOTE.fullmatch(remote_id):
            raise Refused(f"{self._label}: there is no post {shown(remote_id)}")
        found = await self._below(remote_id, None)
        for comment in list(found):
            thread = comment.record.get("thread")
            if isinstance(thread, dict) and (number(thread.get("count")) or 0) > 0:
                found += await self._below(remote_id, comment.remote_id.partition("_")[2])
        return sorted(found, key=lambda comment: (comment.at or datetime.max.replace(tzinfo=UTC), comment.remote_id))

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace the text, and the descriptions of the pictures; the same edit again changes nothing."""
        owner, _, ident = remote_id.partition("_")
        attached = [str(item) for item in wire.get("attachments", ())]
        link = [outgoing.link] if outgoing.link and not attached else []
        hung = ",".join([*attached, *link])
        await self._vk.ask("wall.edit", owner_id=owner, post_id=ident, message=outgoing.text, attachments=hung)
        for item, medium in zip(attached, outgoing.media, strict=False):
            photo = item.removeprefix("photo").split("_")
            if item.startswith("photo") and len(photo) >= 2:
                await self._vk.ask("photos.edit", owner_id=photo[0], photo_id=photo[1], caption=medium.alt)
        return self._published(remote_id)

    async def delete(self, remote_id: str) -> None:
        """Take the post down; one that is gone already is no error."""
        owner, _, ident = remote_id.partition("_")
        try:
            await self._vk.ask("wall.delete", owner_id=owner, post_id=ident)
        except Refused as error:
            if code_of(error) not in GONE or await self._posts([remote_id]):
                raise

    async def _upload(self, medium: OutgoingMedium, outgoing: Outgoing, open_medium: Callable[[str], BinaryIO]) -> str:
        """Upload one medium and return it as it is attached: photo-1_2, video-1_2."""
        group = self._owner.removeprefix("-")
        if medium.is_clip:
            title = " ".join((outgoing.title or outgoing.text or medium.alt).split())[:128]
            video = await self._vk.ask("video.save", name=title, description=medium.alt, group_id=group, wallpost=0)
            await self._send(video, "video_file", medium, open_medium)
            return self._attachment("video", video, "video_id")
        server = await self._vk.ask("photos.getWallUploadServer", group_id=group)
        sent = await self._send(server, "photo", medium, open_medium)
        if sent.get("photo") in (None, "", "[]"):
            raise Refused(f"{self._label}: VK could not read the picture {medium.sha256[:12]}")
        saved = items_of(
            await self._vk.ask(
                "photos.saveWallPhoto", group_id=group, caption=medium.alt,
                server=sent.get("server"), photo=sent.get("photo"), hash=sent.get("hash"),
            )
        )  # fmt: skip
        return self._attachment("photo", saved[0] if saved else None, "id")

    async def _send(
        self, told: Any, field: str, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]
    ) -> Mapping[str, Any]:
        url = told.get("upload_url") if isinstance(told, dict) else None
        if not isinstance(url, str):
            raise Unavailable(f"{self._label}: VK names no address to upload to")
        with open_medium(medium.sha256) as file:
            name = medium.sha256[:16] + (mimetypes.guess_extension(medium.mime) or "")
            reply = await self._client.ask("POST", url, files={field: (name, file, medium.mime)}, foreign=True)
        sent = reply.json()
        if not isinstance(sent, dict):
            raise reply.bad("the upload was answered with no object")
        if error := sent.get("error"):
            raise Refused(f"{self._label}: VK did not take medium {medium.sha256[:12]}: {shown(error)}")
        return sent

    def _attachment(self, kind: str, told: Any, name: str) -> str:
        ident = number(told.get(name)) if isinstance(told, dict) else None
        owner = number(told.get("owner_id")) if isinstance(told, dict) else None
        if ident is None or owner is None:
            raise Unavailable(f"{self._label}: VK did not say what it made of an upload")
        return f"{kind}{owner}_{ident}"

    async def _wall(self, since: datetime) -> list[dict[str, Any]]:
        """Return the community's own posts from an instant on. The pinned one stands first, however old."""
        found: dict[str, dict[str, Any]] = {}
        offset = 0
        for _ in range(PAGES):
            told = await self._vk.ask(
                "wall.get", reading=True, owner_id=self._owner, filter="owner", count=PAGE, offset=offset
            )
            page, total = items_of(told), number(told.get("count")) if isinstance(told, dict) else None
            if page is None or total is None or not all(remote_of(post) for post in page):
                raise Unavailable(f"{self._label}: the wall cannot be read")
            found |= {remote_of(post): post for post in page if (instant_of(post.get("date")) or since) >= since}
            moving = [at for post in page if not post.get("is_pinned") and (at := instant_of(post.get("date")))]
            if offset + PAGE >= total or (moving and moving[-1] < since):
                return list(found.values())
            offset += PAGE - OVERLAP
        raise Unavailable(f"{self._label}: the wall has too many posts since then; it was not read to its end")

    async def _posts(self, remote_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        if not remote_ids:
            return {}
        listed = items_of(await self._vk.ask("wall.getById", reading=True, posts=",".join(remote_ids)))
        if listed is None:
            raise Unavailable(f"{self._label}: the list of posts cannot be read")
        return {remote_of(post): post for post in listed if post.get("is_deleted") is not True and remote_of(post)}

    async def _reach(self, remote_ids: Sequence[str]) -> tuple[dict[str, Mapping[str, Any]], ReadingStatus]:
        """Return the statistics by post, and what it means where there are none."""
        numbers = ",".join(one.partition("_")[2] for one in remote_ids)
        try:
            listed = items_of(
                await self._vk.ask("stats.getPostReach", reading=True, owner_id=self._owner, post_ids=numbers)
            )
        except (Refused, Unauthorized):
            return {}, ReadingStatus.NOT_PERMITTED
        except Outcome:
            return {}, ReadingStatus.ERROR
        return {f"{self._owner}_{each.get('post_id')}": each for each in listed or ()}, ReadingStatus.ERROR

    async def _below(self, remote_id: str, comment: str | None) -> list[Comment]:
        owner, _, ident = remote_id.partition("_")
        found: list[Comment] = []
        above = remote_id if comment is None else f"{owner}_{comment}"
        offset = 0
        for _ in range(COMMENT_PAGES):
            told = await self._vk.ask(
                "wall.getComments", reading=True, owner_id=owner, post_id=ident, comment_id=comment, sort="asc",
                preview_length=0, count=PAGE, offset=offset, extended=1, thread_items_count=0,
            )  # fmt: skip
            page = items_of(told)
            if page is None:
                raise Unavailable(f"{self._label}: the comments cannot be read")
            names = names_of(told)
            for item in page:
                if number(item.get("id")) is not None and item.get("deleted") is not True:
                    answered = number(item.get("reply_to_comment"))
                    to = above if answered is None or comment is None else f"{owner}_{answered}"
                    author, at = names.get(number(item.get("from_id")) or 0), instant_of(item.get("date"))
                    found.append(Comment(f"{owner}_{item['id']}", to, author, str(item.get("text") or ""), at, item))
            offset += len(page)
            if len(page) < PAGE:
                break
        return found

    def _published(self, remote_id: str, post: Mapping[str, Any] | None = None) -> Published:
        return Published(remote_id, f"{self._web}/wall{remote_id}", instant_of((post or {}).get("date")))


def web_of(account: Account) -> str:
    """Return where an account's posts are shown: at VK's own site; a sandbox shows them itself."""
    host = urlsplit(account.base_url).hostname or ""
    return f"https://{host.removeprefix('api.')}" if host in ("api.vk.com", "api.vk.ru") else account.base_url
