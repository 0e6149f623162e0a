"""WordPress's rooms, as the sandbox takes them in."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wordpress import posts
from campaign.sandbox.wordpress.asking import ROLES, Asking, asking, stamp, user_of
from campaign.sandbox.wordpress.refusals import BROKEN, CLOSED, REFUSALS, THROTTLED, RestError

_NAMES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}


async def index(ask: Asking) -> Response:
    base = ask.sandbox.base_url
    where = {"endpoints": {"authorization": f"{base}/wp-admin/authorize-application.php"}}
    told = {"name": "Eurasia Peace Journey", "url": base, "home": base, "namespaces": ["oembed/1.0", "wp/v2"]}
    return ask.answer({**told, "authentication": {"application-passwords": where}})


async def me(ask: Asking) -> Response:
    if ask.user is None:
        raise RestError("bad_password")
    told = {"id": ask.user["id"], "name": ask.user["name"], "slug": ask.user["login"]}
    if ask.text("context") == "edit":
        may = dict.fromkeys(sorted(ROLES[ask.user["role"]]), True)
        told |= {"username": ask.user["login"], "roles": [ask.user["role"]], "capabilities": may}
        told["registered_date"] = stamp(ask.user["created_at"])
    return ask.answer(told)


async def nothing(ask: Asking) -> Response:
    raise RestError("no_route")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RestError)  # noqa: S101 - registered for it
    return JSONResponse(error.body, error.status)


def _of(work: Callable[[Asking], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        ask = await asking(request)
        with ask.sandbox.books.together():
            return await work(ask)

    return endpoint


_V2 = "/wp-json/wp/v2"
_EDITS = ["POST", "PUT", "PATCH"]


class WordPress(Rooms):
    """The rooms under /wp-json, and the files under /wp-content."""

    name: ClassVar[str] = "wordpress"
    prefixes: ClassVar[tuple[str, ...]] = ("/wp-json/", "/wp-content/")
    server: ClassVar[bytes] = b"Apache"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS wordpress_users (
  id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, password TEXT NOT NULL,
  created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS wordpress_posts (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, author INTEGER NOT NULL, status TEXT NOT NULL, title TEXT NOT NULL,
  content TEXT NOT NULL, slug TEXT NOT NULL DEFAULT '', parent INTEGER, alt TEXT NOT NULL DEFAULT '', file TEXT,
  versions TEXT NOT NULL DEFAULT '[]', growth TEXT, created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL,
  published_at INTEGER, trashed_at INTEGER, deleted_at INTEGER);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/wp-json/", _of(index)),
        Route(f"{_V2}/users/me", _of(me)),
        Route(f"{_V2}/posts", _of(posts.create), methods=["POST"]),
        Route(f"{_V2}/posts", _of(posts.listed)),
        Route(f"{_V2}/posts/{{id}}", _of(posts.read)),
        Route(f"{_V2}/posts/{{id}}", _of(posts.update), methods=_EDITS),
        Route(f"{_V2}/posts/{{id}}", _of(posts.delete), methods=["DELETE"]),
        Route(f"{_V2}/media", _of(posts.upload), methods=["POST"]),
        Route(f"{_V2}/media", _of(posts.media)),
        Route(f"{_V2}/media/{{id}}", _of(posts.read)),
        Route(f"{_V2}/media/{{id}}", _of(posts.describe), methods=_EDITS),
        Route(f"{_V2}/media/{{id}}", _of(posts.delete), methods=["DELETE"]),
        Route(f"{_V2}/comments", _of(posts.comments)),
        Route("/wp-content/uploads/{id}/{name}", _of(posts.file)),
        Route("/wp-json/{rest:path}", _of(nothing), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {RestError: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
        user = user_of(sandbox, header)
        return Caller(user["login"], user["password"]) if user is not None else Caller()

    def route(self, path: str) -> str:
        parts = path.split("/")
        if len(parts) > 7 or len(path) > 200:
            return "(page)"
        return "/".join("{id}" if part.isdigit() else part for part in parts) if parts[1] == "wp-json" else "(file)"

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        if kind == "expired":
            row = REFUSALS["bad_password"]
            told: dict[str, Any] = {"code": row.code, "message": row.words, "data": {"status": row.status}}
            return Answer(row.status, [(b"content-type", b"application/json")], bytearray(json.dumps(told).encode()))
        status, text = {"throttled": THROTTLED, "temporary": CLOSED, "internal": BROKEN}[kind]
        headers = [(b"content-type", b"text/html; charset=UTF-8")]
        if kind == "throttled" and standing is not None:
            headers.append((b"retry-after", str(max(1, round(standing.resets_in))).encode()))
        if kind == "temporary":
            headers.append((b"retry-after", b"600"))
        if kind == "internal":
            told = {"code": "internal_server_error", "message": text, "data": {"status": 500}}
            return Answer(500, [(b"content-type", b"application/json")], bytearray(json.dumps(told).encode()))
        return Answer(status, headers, bytearray(text.encode()))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open a user with an application password; `role` is author, or another of the site's roles."""
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        sql = "SELECT * FROM wordpress_users WHERE login = ?"
        row = books.one(sql, name)
        if row is None:
            shown, role = told.get("display_name") or _NAMES.get(name, name), told.get("role", "author")
            password, now = secrets.token_hex(12), sandbox.clock.milliseconds()
            books.insert("wordpress_users", login=name, name=shown, role=role, password=password, created_at=now)
            row = books.one(sql, name)
        assert row is not None  # noqa: S101 - just inserted
        return {"name": name, "token": row["password"], "user": row["login"], "id": str(row["id"])}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        """What was never published is no post; the row of a post comes where it was published first."""
        number = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        rows = sandbox.books.all(
            "SELECT p.*, u.login FROM wordpress_posts p JOIN wordpress_users u ON u.id = p.author"
            " WHERE p.kind = 'post' AND p.published_at IS NOT NULL AND p.id > ? AND (? IS NULL OR u.login = ?)"
            " ORDER BY p.id LIMIT ?",
            number,
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        sql = "SELECT * FROM wordpress_posts WHERE id = ? AND published_at IS NOT NULL"
        row = sandbox.books.one(sql, int(ident)) if ident.isascii() and ident.isdigit() and len(ident) < 19 else None
        return posts.counts(sandbox, row, at) if row is not None else None


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    media = []
    for file, alt in posts.pictured(sandbox, row):
        kept = json.loads(file["file"])
        media.append(
            {"id": str(file["id"]), "description": alt} | {n: kept[n] for n in ("sha256", "mime", "width", "height")}
        )
    gone = row["deleted_at"] or row["trashed_at"]
    versions = [posts.words(each) for each in (*json.loads(row["versions"]), row["content"])]
    return {
        "cursor": str(row["id"]),
        "id": str(row["id"]),
        "account": row["login"],
        "title": row["title"],
        "text": versions[-1],
        "language": None,
        "created_at": iso(row["published_at"]),
        "in_reply_to_id": None,
        "media": media,
        "url": f"{sandbox.base_url}/{row['slug']}/",
        "edits": len(versions) - 1,
        "versions": versions,
        "deleted": gone is not None,
        "deleted_at": None if gone is None else iso(gone),
    }


ROOMS = WordPress()
