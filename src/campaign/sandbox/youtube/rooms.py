"""YouTube's rooms, as the sandbox takes them in: the API's real paths, and the watch page.

An account's traits, given when it is opened: `quota` (units a day), `uploads` (a day), `verified` (no: 15 minutes, no
thumbnails), `audited` (no: nothing becomes public), `rejects` (a reason), `comments` (off), `channel` (no).
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms, iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox
from campaign.sandbox.youtube import beside, uploads, videos
from campaign.sandbox.youtube.asking import channel_of
from campaign.sandbox.youtube.refusals import Refusal, refused

_TITLES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}
_WRONG: Mapping[Wrong, str] = {
    "throttled": "too fast", "internal": "internal", "temporary": "temporary", "expired": "token",
}  # fmt: skip


async def watch(request: Request) -> Response:
    """Show a public video as a browser sees it. No script; everything told is escaped."""
    sandbox: Sandbox = request.app.state.sandbox
    row = videos.one(sandbox, request.query_params.get("v", ""))
    if row is None or row["deleted_at"] or json.loads(row["told"])["status"]["privacyStatus"] == "private":
        return _missing(request)
    told = json.loads(row["told"])["snippet"]
    channel = sandbox.books.one("SELECT * FROM youtube_channels WHERE id = ?", row["channel"])
    url = f"/watch?v={row['id']}"
    post = {
        "url": url, "text": f"{told['title']}\n\n{told.get('description', '')}", "link": None, "reply_to": None,
        "files": [{"mime": "video/mp4", "url": f"/youtube/media/{row['sha256']}", "alt": told["title"]}],
        "at": from_ms(row["published_at"] or row["uploaded_at"]), "edited": len(beside.versions_of(row)) > 1,
        "counts": videos.counts(sandbox, row, sandbox.clock.milliseconds()),
    }  # fmt: skip
    name, title = (channel["name"], channel["title"]) if channel else ("", "")
    page: Response = request.app.state.pages.answer("posts.html", title=title, name=name, home=url, posts=[post])
    return page


async def media(request: Request) -> Response:
    """Serve a clip or a thumbnail of a video that is public."""
    sandbox, digest = request.app.state.sandbox, str(request.path_params["digest"])
    sql = "SELECT * FROM youtube_videos WHERE (sha256 = ? OR thumbnail = ?) AND seq IS NOT NULL AND deleted_at IS NULL"
    row = sandbox.books.one(sql, digest, digest)
    if row is None:
        return _missing(request)
    kind = "video/mp4" if digest == row["sha256"] else "image/jpeg"
    return FileResponse(sandbox.books.path_of(digest), media_type=kind)


def _missing(request: Request) -> Response:
    page: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
    return page


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return refused(error.what)


class YouTube(Rooms):
    """The rooms under the API's own paths. An account is a channel."""

    name: ClassVar[str] = "youtube"
    prefixes: ClassVar[tuple[str, ...]] = ("/youtube/v3/", "/upload/youtube/v3/")
    server: ClassVar[bytes] = b"ESF"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS youtube_channels (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, token TEXT NOT NULL UNIQUE,
  traits TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS youtube_spent (
  channel TEXT NOT NULL, day TEXT NOT NULL, units INTEGER NOT NULL, uploads INTEGER NOT NULL,
  PRIMARY KEY (channel, day));
CREATE TABLE IF NOT EXISTS youtube_sessions (
  id TEXT PRIMARY KEY, channel TEXT NOT NULL, told TEXT NOT NULL, size INTEGER NOT NULL, pieces TEXT NOT NULL,
  reached INTEGER NOT NULL, video TEXT);
CREATE TABLE IF NOT EXISTS youtube_videos (
  id TEXT PRIMARY KEY, seq INTEGER UNIQUE, channel TEXT NOT NULL, told TEXT NOT NULL, sha256 TEXT NOT NULL,
  size INTEGER NOT NULL, versions TEXT NOT NULL, asked INTEGER NOT NULL, growth TEXT NOT NULL,
  uploaded_at INTEGER NOT NULL, published_at INTEGER, deleted_at INTEGER, thumbnail TEXT);
CREATE TABLE IF NOT EXISTS youtube_captions (
  video TEXT NOT NULL, lang TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (video, lang, name));
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/youtube/v3/channels", videos.channels),
        Route("/youtube/v3/videos", videos.listed),
        Route("/youtube/v3/videos", videos.updated, methods=["PUT"]),
        Route("/youtube/v3/videos", videos.deleted, methods=["DELETE"]),
        Route("/youtube/v3/commentThreads", beside.threads),
        Route("/youtube/v3/comments", beside.answers),
        Route(uploads.PATH, uploads.begin, methods=["POST"]),
        Route(uploads.PATH, uploads.proceed, methods=["PUT"]),
        Route("/upload/youtube/v3/captions", beside.caption, methods=["POST"]),
        Route("/upload/youtube/v3/thumbnails/set", beside.thumbnail, methods=["POST"]),
        Route("/watch", watch),
        Route("/youtube/media/{digest}", media),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
        row = channel_of(sandbox, header)
        return Caller(row["name"], row["token"]) if row else Caller()

    def route(self, path: str) -> str:
        return path if any(path == route.path for route in self.routes) else "(page)"

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        response = refused(_WRONG[kind])
        headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
        if standing is not None:
            headers.append((b"retry-after", str(round(standing.resets_in)).encode()))
        return Answer(response.status_code, headers, bytearray(response.body))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open a channel, or find it; it has other traits from now on if any are told."""
        told = {"name": account} if isinstance(account, str) else dict(account)
        name, token, books = told.pop("name"), f"ya29.{secrets.token_urlsafe(32)}", sandbox.books
        title = told.pop("display_name", "") or _TITLES.get(name, name)
        row = books.one("SELECT * FROM youtube_channels WHERE name = ?", name)
        if row is not None:
            token = row["token"]
            books.do(
                "UPDATE youtube_channels SET traits = ? WHERE name = ?",
                json.dumps(told) if told else row["traits"],
                name,
            )
        else:
            ident = "UC" + hashlib.sha256(name.encode()).hexdigest()[:22]
            books.insert("youtube_channels", id=ident, name=name, title=title, token=token, traits=json.dumps(told))
        return {"name": name, "token": token}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        """What was ever public: a private video is no post."""
        rows = sandbox.books.all(
            "SELECT v.*, c.name FROM youtube_videos v JOIN youtube_channels c ON c.id = v.channel"
            " WHERE v.seq > ? AND (? IS NULL OR c.name = ?) ORDER BY v.seq LIMIT ?",
            int(after) if after.isdecimal() and len(after) < 19 else 0, account, account, limit,
        )  # fmt: skip
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = videos.one(sandbox, ident)
        if row is None or not row["seq"]:
            return None
        told = videos.counts(sandbox, row, at)
        return {"views": told["viewCount"], "reactions": told["likeCount"], "replies": told["commentCount"]}


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    told, versions = json.loads(row["told"]), beside.versions_of(row)
    tracks = beside.captions_of(row, sandbox.books)
    clip = {"sha256": row["sha256"], "mime": "video/mp4", "description": None, "cover": row["thumbnail"]}
    return {
        "cursor": str(row["seq"]),
        "id": row["id"],
        "account": row["name"],
        "text": told["snippet"].get("description", ""),
        "title": told["snippet"]["title"],
        "tags": told["snippet"].get("tags", []),
        "localizations": told.get("localizations", {}),
        "kids": told["status"].get("selfDeclaredMadeForKids"),
        "language": told["snippet"].get("defaultLanguage"),
        "created_at": iso(row["published_at"]),
        "in_reply_to_id": None,
        "media": [{**clip, "captions": tracks}],
        "url": f"{sandbox.base_url}/watch?v={row['id']}",
        "edits": len(versions) - 1,
        "versions": versions,
        "deleted": row["deleted_at"] is not None,
        "deleted_at": None if row["deleted_at"] is None else iso(row["deleted_at"]),
    }


ROOMS = YouTube()
