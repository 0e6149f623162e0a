"""TikTok's rooms, as the sandbox takes them in: below /tiktok, for its paths could be another's.

An account's traits, given when it is opened: `audited` (no: SELF_ONLY alone), `levels` (what it may choose), `seconds`
(its longest clip), `posts` (a day), `banned` (yes), `fails` (a fail_reason), `moderated` (no: its id is never told),
`lacks` (post, video or user: a scope that was not granted).
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
from campaign.sandbox.tiktok import posts
from campaign.sandbox.tiktok.refusals import Refusal, refused

_TITLES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}
_WRONG: Mapping[Wrong, str] = {
    "throttled": "too fast", "internal": "internal", "temporary": "temporary", "expired": "token",
}  # fmt: skip


async def page(request: Request) -> Response:
    """Show a public post as a browser sees it. No script; everything told is escaped."""
    sandbox: Sandbox = request.app.state.sandbox
    name, ident = str(request.path_params["name"]), str(request.path_params["id"])
    sql = (
        "SELECT p.*, u.title FROM tiktok_posts p JOIN tiktok_users u ON u.id = p.user"
        " WHERE p.id = ? AND p.id != p.publish_id AND u.name = ?"
    )
    row = sandbox.books.one(sql, ident, name)
    if row is None:
        return _missing(request)
    url, text = f"/tiktok/@{name}/video/{ident}", str(json.loads(row["told"]).get("title", ""))
    files = [{"mime": "video/mp4", "url": f"/tiktok/media/{row['sha256']}", "alt": text}]
    post: dict[str, Any] = {
        "url": url,
        "text": text,
        "link": None,
        "reply_to": None,
        "files": files,
        "at": from_ms(row["at"]),
    }
    post |= {"edited": False, "counts": posts.counts(sandbox, row, sandbox.clock.milliseconds())}
    shown: Response = request.app.state.pages.answer(
        "posts.html", title=row["title"], name=name, home=url, posts=[post]
    )
    return shown


async def media(request: Request) -> Response:
    """Serve the clip of a public post."""
    sandbox, digest = request.app.state.sandbox, str(request.path_params["digest"])
    sql = "SELECT 1 FROM tiktok_posts WHERE sha256 = ? AND id != publish_id"
    if sandbox.books.one(sql, digest) is None:
        return _missing(request)
    return FileResponse(sandbox.books.path_of(digest), media_type="video/mp4")


def _missing(request: Request) -> Response:
    shown: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
    return shown


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return refused(error.what)


class TikTok(Rooms):
    """The rooms under /tiktok. An account is a user."""

    name: ClassVar[str] = "tiktok"
    prefixes: ClassVar[tuple[str, ...]] = ("/tiktok/v2/", "/tiktok/upload")
    server: ClassVar[bytes] = b"nginx"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS tiktok_users (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, token TEXT NOT NULL UNIQUE,
  traits TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tiktok_posts (
  publish_id TEXT PRIMARY KEY, token TEXT NOT NULL, user TEXT NOT NULL, told TEXT NOT NULL, size INTEGER NOT NULL,
  chunk INTEGER NOT NULL, count INTEGER NOT NULL, pieces TEXT NOT NULL, reached INTEGER NOT NULL,
  asked INTEGER NOT NULL, seq INTEGER UNIQUE, id TEXT UNIQUE, sha256 TEXT, at INTEGER, opened_at INTEGER NOT NULL,
  growth TEXT NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/tiktok/v2/user/info/", posts.answered(posts.user_info)),
        Route("/tiktok/v2/post/publish/creator_info/query/", posts.answered(posts.creator_info), methods=["POST"]),
        Route("/tiktok/v2/post/publish/video/init/", posts.answered(posts.init), methods=["POST"]),
        Route("/tiktok/v2/post/publish/status/fetch/", posts.answered(posts.status), methods=["POST"]),
        Route("/tiktok/v2/video/query/", posts.answered(posts.query), methods=["POST"]),
        Route("/tiktok/v2/video/list/", posts.answered(posts.listing), methods=["POST"]),
        Route("/tiktok/upload", posts.upload, methods=["PUT"]),
        Route("/tiktok/media/{digest}", media),
        Route("/tiktok/@{name}/video/{id}", page),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
        row = posts.user_of(sandbox, header)
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
        """Open a user, or find it; it has other traits from now on if any are told."""
        told = {"name": account} if isinstance(account, str) else dict(account)
        name, token, books = told.pop("name"), f"act.{secrets.token_urlsafe(36)}", sandbox.books
        title = told.pop("display_name", "") or _TITLES.get(name, name)
        row = books.one("SELECT * FROM tiktok_users WHERE name = ?", name)
        if row is not None:
            token = row["token"]
            books.do(
                "UPDATE tiktok_users SET traits = ? WHERE name = ?", json.dumps(told) if told else row["traits"], name
            )
        else:
            ident = "-000" + hashlib.sha256(name.encode()).hexdigest()[:32]
            books.insert("tiktok_users", id=ident, name=name, title=title, token=token, traits=json.dumps(told))
        opened = {"name": name, "token": token, "base_url": f"{sandbox.base_url}/tiktok"}
        return opened | ({"privacy": told["privacy"]} if "privacy" in told else {})

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        """What was published, to whomever; a post whose file is not whole is none."""
        rows = sandbox.books.all(
            "SELECT p.*, u.name FROM tiktok_posts p JOIN tiktok_users u ON u.id = p.user"
            " WHERE p.seq > ? AND (? IS NULL OR u.name = ?) ORDER BY p.seq LIMIT ?",
            int(after) if after.isdecimal() and len(after) < 19 else 0, account, account, limit,
        )  # fmt: skip
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = sandbox.books.one("SELECT * FROM tiktok_posts WHERE id = ? AND id != publish_id", ident)
        if row is None:
            return None
        names = ("views", "reactions", "replies", "reposts")
        return dict(zip(names, posts.counts(sandbox, row, at).values(), strict=True))


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    told = json.loads(row["told"])
    return {
        "cursor": str(row["seq"]),
        "id": row["id"],
        "account": row["name"],
        "text": told.get("title", ""),
        "language": None,
        "visibility": told["privacy_level"],
        "created_at": iso(row["at"]),
        "in_reply_to_id": None,
        "media": [{"sha256": row["sha256"], "mime": "video/mp4", "description": None}],
        "publish_id": row["publish_id"],
        "duet": not told.get("disable_duet"),
        "url": f"{sandbox.base_url}/tiktok/@{row['name']}/video/{row['id']}",
        "edits": 0,
        "versions": [told.get("title", "")],
        "deleted": False,
        "deleted_at": None,
    }


ROOMS = TikTok()
