"""X's rooms, as the sandbox takes them in."""

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
from campaign.sandbox.x import posts, told, uploads
from campaign.sandbox.x.asking import account_of, whole
from campaign.sandbox.x.refusals import Refusal, response

_TITLES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}


async def page(request: Request) -> Response:
    """Show one post, as x.com/NAME/status/ID does."""
    sandbox: Sandbox = request.app.state.sandbox
    ident = str(request.path_params["id"])
    sql = "SELECT p.* FROM x_posts p JOIN x_accounts a ON a.id = p.account WHERE p.id = ? AND a.name = ?"
    row = sandbox.books.one(f"{sql} AND deleted_at IS NULL", whole(ident), request.path_params["name"])
    if row is None:
        missing: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
        return missing
    account = told.owner(sandbox, row)
    files = [
        {"url": f"/x/media/{medium['sha256']}", "alt": medium["alt"] or "", "clip": medium["category"] == "tweet_video"}
        for medium in told.media_of(sandbox, row)
    ]
    shown = {
        "url": request.url.path,
        "text": row["text"],
        "files": files,
        "at": from_ms(row["created_at"]),
        "counts": told.counts(sandbox, row, sandbox.clock.milliseconds()),
    }
    values = {"title": account["title"], "handle": f"@{account['name']}", "posts": [shown]}
    answer: Response = request.app.state.pages.answer("feed.html", **values)
    return answer


async def file(request: Request) -> Response:
    """Serve what was uploaded."""
    sandbox: Sandbox = request.app.state.sandbox
    digest = str(request.path_params["digest"])
    row = sandbox.books.one("SELECT mime FROM x_media WHERE sha256 = ?", digest)
    if row is None:
        return Response(status_code=404)
    return FileResponse(sandbox.books.path_of(digest), media_type=row["mime"])


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return response(error.what, **error.values)


class X(Rooms):
    """The rooms under /2. An account may be `unenrolled`, `self_serve`, `says_repost`; `credits`: for so many posts."""

    name: ClassVar[str] = "x"
    prefixes: ClassVar[tuple[str, ...]] = ("/2/",)
    server: ClassVar[bytes] = b"cloudflare envoy"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS x_accounts (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, token TEXT NOT NULL UNIQUE,
  credits INTEGER, self_serve INTEGER NOT NULL, says_repost INTEGER NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS x_media (
  id INTEGER PRIMARY KEY, account INTEGER NOT NULL, category TEXT NOT NULL, mime TEXT NOT NULL, total INTEGER NOT NULL,
  segments TEXT NOT NULL DEFAULT '{}', sha256 TEXT, width INTEGER, height INTEGER, alt TEXT,
  tracks TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL, ready REAL, boot TEXT);
CREATE TABLE IF NOT EXISTS x_posts (
  seq INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, account INTEGER NOT NULL, text TEXT NOT NULL,
  media TEXT NOT NULL, reply_to INTEGER, conversation INTEGER NOT NULL, growth TEXT NOT NULL,
  created_at INTEGER NOT NULL, deleted_at INTEGER, accepted REAL NOT NULL, boot TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS x_posts_account ON x_posts (account, id);
CREATE INDEX IF NOT EXISTS x_posts_conversation ON x_posts (conversation, id);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/2/users/me", posts.me, methods=["GET"]),
        Route("/2/users/{id}/tweets", posts.of_user, methods=["GET"]),
        Route("/2/tweets", posts.create, methods=["POST"]),
        Route("/2/tweets", posts.many, methods=["GET"]),
        Route("/2/tweets/search/recent", posts.search, methods=["GET"]),
        Route("/2/tweets/{id}", posts.one, methods=["GET"]),
        Route("/2/tweets/{id}", posts.delete, methods=["DELETE"]),
        Route("/2/media/upload/initialize", uploads.initialize, methods=["POST"]),
        Route("/2/media/upload/{id}/append", uploads.append, methods=["POST"]),
        Route("/2/media/upload/{id}/finalize", uploads.finalize, methods=["POST"]),
        Route("/2/media/upload", uploads.status, methods=["GET"]),
        Route("/2/media/metadata", uploads.metadata, methods=["POST"]),
        Route("/2/media/subtitles", uploads.subtitles, methods=["POST"]),
        Route("/x/media/{digest}", file),
        Route("/{name}/status/{id}", page),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        account = account_of(sandbox, scope)
        return Caller(account["name"], account["token"]) if account is not None else Caller()

    def route(self, path: str) -> str:
        return "/".join("{id}" if part.isdecimal() and len(part) > 1 else part for part in path.split("/"))

    def limits(self, sandbox: Sandbox, standing: Standing) -> list[tuple[bytes, bytes]]:
        """https://docs.x.com/x-api/fundamentals/rate-limits"""
        resets = int(sandbox.clock.now().timestamp() + standing.resets_in)
        told = {"limit": standing.limit, "remaining": standing.remaining, "reset": resets}
        return [(f"x-rate-limit-{name}".encode(), str(value).encode()) for name, value in told.items()]

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        what = {"temporary": "unavailable", "expired": "unauthorized"}.get(kind, kind)
        said = response(what)
        headers = [(name, value) for name, value in said.raw_headers if name != b"content-length"]
        return Answer(said.status_code, headers, bytearray(said.body))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        given = {"name": account} if isinstance(account, str) else account
        name, sql = given["name"], "SELECT * FROM x_accounts WHERE name = ?"
        row = sandbox.books.one(sql, name)
        if row is None:
            sandbox.books.insert(
                "x_accounts",
                id=1_000_000_000 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]),
                name=name,
                title=given.get("display_name") or _TITLES.get(name, name),
                token=secrets.token_urlsafe(48),
                credits=-1 if "unenrolled" in given else int(given["credits"]) if "credits" in given else None,
                self_serve=int("self_serve" in given),
                says_repost=int("says_repost" in given),
                created_at=sandbox.clock.milliseconds(),
            )
            row = sandbox.books.one(sql, name)
        assert row is not None  # noqa: S101 - just inserted
        return {"name": name, "token": row["token"]}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        rows = sandbox.books.all(
            "SELECT p.*, a.name FROM x_posts p JOIN x_accounts a ON a.id = p.account"
            " WHERE p.seq > ? AND (? IS NULL OR a.name = ?) ORDER BY p.seq LIMIT ?",
            whole(after),
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = sandbox.books.one("SELECT * FROM x_posts WHERE id = ?", whole(ident))
        return told.counts(sandbox, row, at) if row is not None else None


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    return {
        "cursor": str(row["seq"]),
        "id": str(row["id"]),
        "account": row["name"],
        "text": row["text"],
        "language": None,
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": str(row["reply_to"]) if row["reply_to"] else None,
        "media": [
            {"sha256": medium["sha256"], "description": medium["alt"], "mime": medium["mime"]}
            | {"tracks": json.loads(medium["tracks"])}
            for medium in told.media_of(sandbox, row)
        ],
        "url": told.address(sandbox, row["name"], row["id"]),
        "deleted": row["deleted_at"] is not None,
        "deleted_at": None if row["deleted_at"] is None else iso(row["deleted_at"]),
    }


ROOMS = X()
