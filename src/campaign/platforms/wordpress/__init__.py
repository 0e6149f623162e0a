"""WordPress, from 5.6 on: a post is written as a draft, which nobody sees, and then published by its number."""

import base64
import mimetypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, ClassVar
from urllib.parse import parse_qs, urlsplit

from campaign.core import adapter as port
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
from campaign.core.address import FIELD, hosts_of, path_of
from campaign.core.errors import Invalid, Outcome, Refused, Unauthorized, Unavailable, Uncertain, shown
from campaign.core.model import (
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
from campaign.net.client import Client
from campaign.net.reply import Reply, instant
from campaign.platforms.wordpress.blocks import content_of, plain_of, said_in, title_of

_REFERENCE = "https://developer.wordpress.org/rest-api/reference"
_POSTS = Source(f"{_REFERENCE}/posts/", "2026-11-24")
_MEDIA = Source(f"{_REFERENCE}/media/", "2026-11-24")
_COMMENTS = Source(f"{_REFERENCE}/comments/", "2026-11-24")
_PHP = Source("https://www.php.net/manual/en/ini.core.php#ini.post-max-size", "2026-11-24")

CAPABILITIES = Capabilities(
    text=TextRule(limit=100_000, counts="characters", source=_POSTS),
    title=TitleRule(limit=200, counts="characters", source=_POSTS),
    media=(
        MediaRule("image", frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}), 20, 8_388_608, _PHP),
        MediaRule("video", frozenset({"video/mp4"}), 20, 8_388_608, _PHP, captions="tracks"),
    ),
    max_media=20,
    metrics={"replies": "X-WP-Total of the comments"},
    guarantees=(Guarantee.HANDLE,),
    settles_within=30.0,  # a request that we gave up may still be under way
    key_lifetime=30 * 86_400.0,  # a draft lives until somebody deletes it
    settles_alone=120.0,
    rate=RateRule(120, 60, _POSTS),
    languages=0,
    threads=False,
    ids_per_reading=100,
    comments=True,
    token="an application password does not expire; the user's profile withdraws it",  # noqa: S106
    not_offered={"languages": _POSTS, "threads": _POSTS, "metrics": _COMMENTS},
    notes=(
        "no view counts: they belong to plugins",
        "8 MiB a file is PHP's default; the option upload_bytes says what the site's own PHP takes",
        "WordPress tells no limit of length or number, and no rate: those are ours",
        "an attempt that fails before it publishes may leave a draft",
    ),
)

API = "/wp-json/wp/v2"
SKEW = timedelta(minutes=10)  # what our clock and the site's may differ by
PAGES = 20  # of 100 posts or comments; a read-back looks no further
_PIECE = 64 * 1024
_FIELDS = "id,status,link,date_gmt,author"


class Adapter(port.Adapter):
    """One user of one site. Its token is an application password, which goes with the user's name."""

    name: ClassVar[str] = "wordpress"
    bearer: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {
        "user": "the login name of the user whose application password the token is",
        "upload_bytes": "the largest upload that the site takes, in bytes, where it is not PHP's 8 MiB (optional)",
    }
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        given = account.sheet.get("given")
        self._given: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        self._client, self._label = client, f"wordpress account {account.name}"
        self._base_url, self._user = account.base_url.rstrip("/"), account.remote_id
        pair = f"{self._given.get('user') or ''}:{client.secrets.get('token', '')}"
        basic = base64.b64encode(pair.encode()).decode()
        client.learn(basic)
        self._auth = {"Authorization": f"Basic {basic}"}
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the number in an address like https://blog.example/?p=12, or the editor's. Raises: Invalid."""
        parts = path_of(url, hosts_of(account))
        query = parse_qs(str(urlsplit(url.strip()).query))
        named: list[str] = [*query.get("p", ()), *query.get("post", ()), *parts[-1:]]
        found = next((each for each in named if each.isascii() and each.isdigit() and len(each) < 19), None)
        if found is None:
            example = f"{account.base_url}/?p=12"
            raise Invalid(FIELD, url, f"must hold the post's number, as in {example}; its editor's address does")
        return found

    async def connect(self) -> Connected:
        """Return who writes, and whether that user may publish.

        Raises:
            Unauthorized: the password is not accepted. Unavailable: no usable answer.
            Refused: this is no WordPress that speaks REST, or the user may not publish there.
        """
        if not self._given.get("user"):
            raise Refused(f"{self._label}: name the user whose password this is: --option user=NAME")
        size = str(self._given.get("upload_bytes") or "")
        if size and not (size.isascii() and size.isdigit() and 0 < int(size) < 10**12):
            raise Refused(f"{self._label}: upload_bytes {shown(size)} must be a number of bytes, as in 67108864")
        try:
            site = await self._json("GET", "/wp-json/")
        except Refused as error:
            if error.status != 404:
                raise
            why = "there is no /wp-json/: this is no WordPress, or its permalinks are plain (Settings → Permalinks)"
            raise Refused(f"{self._label}: {why}", status=404) from error
        if "wp/v2" not in (site.get("namespaces") or ()):
            raise Refused(f"{self._label}: this server does not speak WordPress's REST API: it names no wp/v2")
        try:
            me = await self._json("GET", f"{API}/users/me", params={"context": "edit"})
        except Unauthorized as error:
            offered = isinstance(site.get("authentication"), dict) and "application-passwords" in site["authentication"]
            hint = "make one in the user's profile" if offered else "this site offers none, for it needs HTTPS"
            raise Unauthorized(f"{error}; the token is an application password: {hint}", status=error.status) from error
        ident, may = me.get("id"), me.get("capabilities")
        if not isinstance(ident, int) or isinstance(ident, bool) or not isinstance(may, dict):
            raise Unavailable(f"{self._label}: the site does not say whose password this is")
        name = str(me.get("name") or me.get("username") or ident)[:100]
        if may.get("publish_posts") is not True:
            raise Refused(
                f"{self._label}: {name} may not publish there; give the user the role Author, or a higher one"
            )
        warnings = () if may.get("upload_files") is True else (f"{name} may not upload files: media will be refused",)
        host = urlsplit(self._base_url).hostname or ""
        sheet: dict[str, Any] = {"site": str(site.get("name") or "")[:200]}
        if size:
            sheet |= {"image_bytes": int(size), "video_bytes": int(size)}
        return Connected(str(ident), f"{name}@{host}", "wordpress", Guarantee.HANDLE, sheet, warnings)

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Write the draft, with its media; a draft of an earlier attempt is taken again while there is one."""
        if parent is not None:
            raise Refused(f"{self._label}: WordPress has no threads; write the parts into one post")
        before = dict(previous or {})
        past = [int(each) for each in before.get("past", ())]
        if before:
            there = await self._post(str(before["draft"]))
            if there is not None:
                self._in_no_trash(there, Refused)
                if there.get("status") == "publish" or before["outgoing"] == outgoing.sha256:
                    return {**before, "uses": int(before["uses"]) + 1}
            else:
                past, before = [*past, int(before["draft"])], {}
        draft = int(before["draft"]) if before else await self._draft(outgoing)
        uploads = dict(before.get("uploads") or {})
        for medium in outgoing.media:
            for sha, mime in _files(medium.sha256, medium.mime, medium.poster, medium.captions):
                if sha not in uploads:
                    with open_medium(sha) as file:
                        alt = medium.alt if sha == medium.sha256 else ""
                        uploads[sha] = await self._upload(draft, file, sha, mime, alt)
        content = content_of(outgoing, uploads)
        if outgoing.media or before:
            told = {"title": title_of(outgoing), "content": content}
            await self._json("POST", f"{API}/posts/{draft}", json=told, params={"_fields": _FIELDS})
        uses = int(before.get("uses", 0)) + 1
        return {"outgoing": outgoing.sha256, "draft": draft, "uploads": uploads, "past": past, "uses": uses}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Publish the draft. One that is published already is the same post."""
        path = f"{API}/posts/{int(wire['draft'])}"
        try:
            reply = await self._client.commit(
                "POST", path, json={"status": "publish"}, params={"_fields": _FIELDS}, headers=self._auth
            )
        except Refused as error:
            if error.status not in (404, 410):
                raise
            # It was deleted meanwhile: proved unsent, unless an earlier attempt had published it.
            kind = Unavailable if wire["uses"] == 1 else Uncertain
            raise kind(f"{error}; the draft is gone", status=error.status) from error
        told = reply.json()
        if not isinstance(told, dict) or told.get("id") != wire["draft"]:
            raise reply.bad("the answer names another post, or none")
        if told.get("status") == "future":
            return Pending({"draft": wire["draft"]})
        if told.get("status") != "publish":
            raise reply.bad(f"the post is not published but {shown(told.get('status'))}")
        return self._published(told)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask for the draft's state; where it is gone, look through the user's own posts."""
        found = await self._post(str(wire["draft"]))
        if found is not None:
            self._in_no_trash(found, Uncertain)
            if found.get("status") == "future":
                return Pending({"draft": wire["draft"]})
            if found.get("status") in ("publish", "private"):
                return None if str(found["id"]) in doubt.owned else self._published(found)
            if not wire["past"]:
                return None
        wanted = said_in(content_of(outgoing, wire["uploads"]))
        for post in await self._own(doubt.since - SKEW):
            raw = (post.get("content") or {}).get("raw") if isinstance(post.get("content"), dict) else None
            if str(post["id"]) not in doubt.owned and said_in(str(raw or "")) == wanted:
                return self._published(post)
        return None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the post as the site tells it to its editors. Raises: Refused, when there is none."""
        record = await self._json("GET", f"{API}/posts/{self._number(remote_id)}", params={"context": "edit"})
        if str(record.get("id")) != remote_id:
            raise Unavailable(f"{self._label}: the site was asked for {remote_id}, and told another post")
        return record

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return how many approved comments each post has; one that is deleted, or no longer public, has none."""
        wanted, found = list(dict.fromkeys(remote_ids)), dict[str, Mapping[Metric, Reading]]()
        size = self.capabilities.ids_per_reading
        for start in range(0, len(wanted), size):
            some = [each for each in wanted[start : start + size] if each.isdigit()]
            params = {"include": ",".join(some), "status": "publish", "per_page": 100, "_fields": "id"}
            page = await self._list(f"{API}/posts", params) if some else []
            public = {str(post["id"]) for post in page}
            for remote_id in wanted[start : start + size]:
                there = remote_id in public
                reading = await self._replies(remote_id) if there else Reading(None, ReadingStatus.EXPIRED)
                found[remote_id] = {"replies": reading}
        return found

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return the approved comments, oldest first; a site may hold others back."""
        await self.fetch(remote_id)
        params: dict[str, Any] = {"post": remote_id, "order": "asc", "orderby": "date_gmt", "per_page": 100}
        found: list[Comment] = []
        for page in range(1, PAGES + 1):
            told = await self._list(f"{API}/comments", {**params, "page": page})
            for each in told:
                content = each.get("content")
                text = str(content.get("rendered") or "") if isinstance(content, dict) else ""
                found.append(
                    Comment(
                        remote_id=str(each["id"]),
                        in_reply_to=str(each["parent"]) if each.get("parent") else remote_id,
                        author=str(each.get("author_name") or "") or None,
                        text=plain_of(text),
                        at=_at(each),
                        record=each,
                    )
                )
            if len(told) < 100:
                break
        return found

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace title, text and alt texts; the site keeps revisions. The same edit again changes nothing."""
        present = await self.fetch(remote_id)
        self._in_no_trash(present, Refused)
        uploads = wire.get("uploads") or {}
        if lacks := [medium.sha256[:16] for medium in outgoing.media if medium.sha256 not in uploads]:
            raise Refused(f"{self._label}: the media {', '.join(lacks)} were not uploaded; an edit adds none")
        for medium in outgoing.media:
            path = f"{API}/media/{int(uploads[medium.sha256]['id'])}"
            told = {"alt_text": medium.alt}
            await self._client.ask("POST", path, json=told, params={"_fields": "id"}, headers=self._auth, ok=(200, 404))
        changed = {"title": title_of(outgoing), "content": content_of(outgoing, uploads)}
        params = {"_fields": _FIELDS}
        return self._published(await self._json("POST", f"{API}/posts/{remote_id}", json=changed, params=params))

    async def delete(self, remote_id: str) -> None:
        """Put the post into the site's trash, and take its media away; what is gone already is no error."""
        path, ok = f"{API}/posts/{self._number(remote_id)}", (200, 404, 410, 501)
        media = await self._list(f"{API}/media", {"parent": remote_id, "per_page": 100, "_fields": "id"})
        reply = await self._client.ask("DELETE", path, headers=self._auth, ok=ok)
        if reply.status == 501:  # this site has no trash
            await self._client.ask("DELETE", path, params={"force": "true"}, headers=self._auth, ok=(200, 404, 410))
        for medium in media:  # there is no trash for files, and their addresses stay public
            place, options = f"{API}/media/{int(medium['id'])}", {"force": "true"}
            await self._client.ask("DELETE", place, params=options, headers=self._auth, ok=(200, 404, 410))

    async def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        reply = await self._client.ask(method, path, headers=self._auth, **options)
        told = reply.json()
        if not isinstance(told, dict):
            raise reply.bad("the answer is no object")
        return told

    async def _list(self, path: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        reply = await self._client.ask("GET", path, params=params, headers=self._auth)
        return _rows(reply)

    async def _post(self, ident: str) -> dict[str, Any] | None:
        path = f"{API}/posts/{self._number(ident)}"
        reply = await self._client.ask("GET", path, params={"context": "edit"}, headers=self._auth, ok=(200, 404))
        told = reply.json()
        if reply.status == 404:
            if isinstance(told, dict) and told.get("code") == "rest_post_invalid_id":
                return None
            raise Unavailable(f"{self._label}: the site no longer speaks REST at {path}", status=404)
        if not isinstance(told, dict) or str(told.get("id")) != ident or not isinstance(told.get("status"), str):
            raise reply.bad(f"the answer is not the post {ident}")
        return told

    async def _draft(self, outgoing: Outgoing) -> int:
        told = {"title": title_of(outgoing), "content": content_of(_bare(outgoing), {}), "status": "draft"}
        made = await self._json("POST", f"{API}/posts", json=told, params={"_fields": _FIELDS})
        ident = made.get("id")
        if not isinstance(ident, int) or isinstance(ident, bool) or made.get("status") != "draft":
            raise Unavailable(f"{self._label}: the draft was answered without its number")
        return ident

    async def _upload(self, draft: int, file: BinaryIO, sha: str, mime: str, alt: str) -> dict[str, Any]:
        size, name = file.seek(0, 2), sha[:16] + (mimetypes.guess_extension(mime) or ".vtt")
        file.seek(0)
        headers = {"Content-Type": mime, "Content-Length": str(size)}
        headers |= {"Content-Disposition": f'attachment; filename="{name}"', **self._auth}
        params = {"post": draft, "alt_text": alt, "_fields": "id,source_url"}
        try:
            reply = await self._client.ask(
                "POST", f"{API}/media", params=params, content=_pieces(file), headers=headers
            )
        except Unavailable as error:
            # It says 500 when it does not take a file of this kind: WP_REST_Attachments_Controller::upload_from_data
            if isinstance(error.body, dict) and error.body.get("code") == "rest_upload_sideload_error":
                raise Refused(f"{error}; convert it, or let the site take this kind", status=error.status) from error
            raise
        told = reply.json()
        if not isinstance(told, dict) or type(told.get("id")) is not int or not told.get("source_url"):
            raise reply.bad("the upload was answered without its number or its address")
        return {"id": told["id"], "url": str(told["source_url"])}

    async def _own(self, since: datetime) -> list[dict[str, Any]]:
        """Return the user's published posts from an instant on, oldest first."""
        after = since.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
        params = {"author": self._user, "status": "publish,private,future", "context": "edit", "modified_after": after}
        found: list[dict[str, Any]] = []
        for page in range(1, PAGES + 1):
            options = {**params, "per_page": 100, "page": page, "orderby": "date", "order": "asc"}
            reply = await self._client.ask("GET", f"{API}/posts", params=options, headers=self._auth)
            found += _rows(reply)
            pages = reply.headers.get("x-wp-totalpages", "")
            if not pages.isdigit():
                raise reply.bad("the list of posts does not say how long it is")
            if page >= int(pages):
                return found
        raise Unavailable(f"{self._label}: over {PAGES * 100} posts since then; they were not read to their end")

    async def _replies(self, remote_id: str) -> Reading:
        params = {"post": remote_id, "per_page": 1, "_fields": "id"}
        try:
            reply = await self._client.ask("GET", f"{API}/comments", params=params, headers=self._auth)
        except Refused as error:
            missing = error.status == 403
            return Reading(None, ReadingStatus.NOT_PERMITTED if missing else ReadingStatus.ERROR)
        total = reply.headers.get("x-wp-total", "")
        return Reading(int(total)) if total.isascii() and total.isdigit() else Reading(None, ReadingStatus.ERROR)

    def _in_no_trash(self, post: Mapping[str, Any], kind: type[Outcome]) -> None:
        # To publish it would bring it back: somebody put it there.
        if post.get("status") == "trash":
            why = f"the post {post.get('id')} is in the site's trash; restore it there, or delete it for good"
            raise kind(f"{self._label}: {why}")

    def _number(self, remote_id: str) -> str:
        if not (remote_id.isascii() and remote_id.isdigit() and len(remote_id) < 19):
            raise Refused(f"{self._label}: {shown(remote_id)} is no number of a post", status=404)
        return remote_id

    def _published(self, post: Mapping[str, Any]) -> Published:
        link = post.get("link")
        web = link if isinstance(link, str) and link.startswith(("https://", "http://")) else None
        return Published(str(post["id"]), web, _at(post))


def _bare(outgoing: Outgoing) -> Outgoing:
    return Outgoing(outgoing.account, outgoing.platform, outgoing.langs, outgoing.text, link=outgoing.link)


def _files(sha: str, mime: str, poster: str | None, captions: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield sha, mime
    if poster:
        yield poster, "image/jpeg"
    for _, track in sorted(captions.items()):
        yield track, "text/vtt"


def _rows(reply: Reply) -> list[dict[str, Any]]:
    rows = reply.json()
    if not isinstance(rows, list) or not all(isinstance(row, dict) and type(row.get("id")) is int for row in rows):
        raise reply.bad("the list cannot be read")
    return rows


def _at(record: Mapping[str, Any]) -> datetime | None:
    told = record.get("date_gmt")
    return instant(told) if isinstance(told, str) else None


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
