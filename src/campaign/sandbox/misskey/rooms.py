"""Misskey's rooms, as the sandbox takes them in: below /misskey, for Mastodon has /api."""

import hashlib
import inspect
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms, iso
from campaign.sandbox.limits import Limit, Standing
from campaign.sandbox.misskey import consent, drive, notes
from campaign.sandbox.misskey.asking import Asking, asking, token_of
from campaign.sandbox.misskey.refusals import TABLE, Refusal, error
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox

VERSION = "2025.4.1"
_NAMES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}
_ALL = "read:account,write:notes,write:drive,write:reactions"
LIMITS = {"notes/create": Limit(300, 3600), "drive/files/create": Limit(120, 3600)}  # of each endpoint's own


def get_meta(ask: Asking) -> Any:
    limit = ask.account["text_limit"] if ask.account else notes.MAX_TEXT
    told = {"name": "Sandbox", "version": VERSION, "uri": f"{ask.sandbox.base_url}/misskey"}
    return told | {"maxNoteTextLength": limit, "disableRegistration": True, "features": {"miauth": True}}


def get_me(ask: Asking) -> Any:
    ask.needs("read:account")
    user = ask.user
    policies = {"canPublicNote": True, "driveCapacityMb": 100, "maxFileSizeMb": user["file_mb"], "rateLimitFactor": 1}
    return {"id": user["id"], "name": user["name"], "username": user["username"], "host": None, "policies": policies}


ENDPOINTS: Mapping[str, Callable[[Asking], Any]] = {
    "meta": get_meta,
    "i": get_me,
    "notes/create": notes.create,
    "notes/show": notes.show,
    "notes/delete": notes.delete,
    "notes/children": notes.children,
    "notes/reactions/create": notes.react,
    "users/notes": notes.of_user,
    "drive/files/create": drive.create,
}


async def call(request: Request) -> Response:
    """Ask an endpoint; one that returns nothing says 204."""
    ask = await asking(request)
    endpoint = ENDPOINTS.get(str(request.path_params["endpoint"]))
    if endpoint is None:
        raise Refusal("no_endpoint")
    found = endpoint(ask)
    told = await found if inspect.isawaitable(found) else found
    return Response(status_code=204) if told is None else JSONResponse(told)


async def nodeinfo(request: Request) -> Response:
    return JSONResponse({"version": "2.0", "software": {"name": "misskey", "version": VERSION}})


async def page(request: Request) -> Response:
    """Show one note as a browser sees it."""
    sandbox: Sandbox = request.app.state.sandbox
    sql = "SELECT * FROM misskey_notes WHERE id = ? AND deleted_at IS NULL"
    row = sandbox.books.one(sql, str(request.path_params["id"]))
    pages = request.app.state.pages
    if row is None:
        missing: Response = pages.answer("missing.html", 404, text="Not Found", title="404")
        return missing
    told = notes.told(sandbox, row, sandbox.clock.milliseconds())
    files = [{**dict(file), "url": f"/misskey/files/{file['sha256']}"} for file in drive.of_note(sandbox, row)]
    post = {
        "url": f"/misskey/notes/{row['id']}",
        "text": row["text"] or "",
        "link": "",
        "files": [{**file, "alt": file["comment"] or ""} for file in files],
        "at": from_ms(row["created_at"]),
        "edited": False,
        "reply_to": f"/misskey/notes/{row['reply']}" if row["reply"] else None,
        "counts": notes.counts(sandbox, row, sandbox.clock.milliseconds()),
    }
    user = told["user"]
    values = {"title": user["name"], "name": user["username"], "home": post["url"], "posts": [post]}
    shown: Response = pages.answer("posts.html", **values)
    return shown


async def _refuse(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for it
    return JSONResponse(error(refusal.what, refusal.info), refusal.status)


class Misskey(Rooms):
    """The rooms under /misskey/api."""

    name: ClassVar[str] = "misskey"
    prefixes: ClassVar[tuple[str, ...]] = ("/misskey/api/",)
    server: ClassVar[bytes] = b"nginx"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS misskey_users (
  id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, text_limit INTEGER NOT NULL,
  file_mb INTEGER NOT NULL, suspended INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS misskey_tokens (
  token TEXT PRIMARY KEY, user TEXT NOT NULL, permissions TEXT NOT NULL, first INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS misskey_notes (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, user TEXT NOT NULL, text TEXT, cw TEXT, files TEXT NOT NULL,
  reply TEXT, visibility TEXT NOT NULL, growth TEXT NOT NULL, created_at INTEGER NOT NULL, deleted_at INTEGER,
  accepted REAL NOT NULL, boot TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS misskey_of_user ON misskey_notes (user, id);
CREATE INDEX IF NOT EXISTS misskey_replies ON misskey_notes (reply, id);
CREATE TABLE IF NOT EXISTS misskey_files (
  id TEXT PRIMARY KEY, user TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, comment TEXT, mime TEXT NOT NULL,
  size INTEGER NOT NULL, width INTEGER, height INTEGER, seconds REAL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS misskey_reactions (
  note TEXT NOT NULL, user TEXT NOT NULL, reaction TEXT NOT NULL, PRIMARY KEY (note, user));
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/misskey/api/{endpoint:path}", call, methods=["POST"]),
        Route("/misskey/nodeinfo/2.0", nodeinfo),
        Route("/misskey/notes/{id}", page),
        Route("/misskey/files/{digest}", drive.serve),
        *consent.ROUTES,
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        _, token = token_of(sandbox, scope)
        if token is None:
            return Caller()
        user = sandbox.books.one("SELECT username FROM misskey_users WHERE id = ?", token["user"])
        return Caller(user["username"] if user else None, token["token"])

    def route(self, path: str) -> str:
        endpoint = path.removeprefix("/misskey/api/")
        return f"/misskey/api/{endpoint if endpoint in ENDPOINTS else '?'}"

    def throttle(self, sandbox: Sandbox, caller: Caller, method: str, path: str, address: str) -> Standing | None:
        endpoint = path.removeprefix("/misskey/api/")
        limit = LIMITS.get(endpoint)
        if limit is None or caller.account is None or sandbox.wide:
            return None
        return sandbox.throttle.count((f"misskey {endpoint}", caller.account), limit)

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        if kind == "temporary":
            return Answer(503, [(b"content-type", b"text/html")], bytearray(b"<html>503 Service Temporarily"))
        what = {"throttled": "throttled", "internal": "internal", "expired": "authentication"}[kind]
        body = bytearray(json.dumps(error(what)).encode())  # type: ignore[arg-type]
        headers = [(b"content-type", b"application/json; charset=utf-8")]
        if kind == "throttled" and standing is not None:
            headers.append((b"retry-after", str(int(standing.resets_in) + 1).encode()))
        return Answer(TABLE[what][0], headers, body)  # type: ignore[index]

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open an account; told may be text_limit, file_mb (or image_bytes), permissions, suspended, display_name."""
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        ident = "9" + hashlib.sha256(name.encode()).hexdigest()[:15]
        if books.one("SELECT 1 FROM misskey_users WHERE id = ?", ident) is None:
            books.insert(
                "misskey_users",
                id=ident,
                username=name,
                name=told.get("display_name") or _NAMES.get(name, name),
                text_limit=int(told.get("text_limit", notes.MAX_TEXT)),
                file_mb=int(told.get("file_mb", int(told.get("image_bytes", 30 << 20)) >> 20)),
                suspended=int(told.get("suspended", 0)),
            )
        kept = books.one("SELECT token FROM misskey_tokens WHERE user = ? AND first = 1", ident)
        permissions = told.get("permissions")
        token: str = kept["token"] if kept and permissions is None else secrets.token_urlsafe(24)[:32]
        if kept is None or permissions is not None:
            first = int(permissions is None)
            books.insert("misskey_tokens", token=token, user=ident, permissions=permissions or _ALL, first=first)
        return {"name": name, "token": token, "base_url": f"{sandbox.base_url}/misskey", "id": ident}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        seq = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        rows = sandbox.books.all(
            "SELECT n.*, u.username FROM misskey_notes n JOIN misskey_users u ON u.id = n.user"
            " WHERE n.seq > ? AND (? IS NULL OR u.username = ?) ORDER BY n.seq LIMIT ?",
            seq,
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = sandbox.books.one("SELECT * FROM misskey_notes WHERE id = ?", ident)
        return notes.counts(sandbox, row, at) if row is not None else None


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    return {
        "cursor": str(row["seq"]),
        "id": row["id"],
        "account": row["username"],
        "text": row["text"] or "",
        "language": None,
        "visibility": row["visibility"],
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": row["reply"],
        "media": [
            {name: file[name] for name in ("id", "sha256", "mime", "width", "height", "seconds")}
            | {"description": file["comment"]}
            for file in drive.of_note(sandbox, row)
        ],
        "url": f"{sandbox.base_url}/misskey/notes/{row['id']}",
        "edits": 0,
        "versions": [row["text"] or ""],
        "deleted": row["deleted_at"] is not None,
        "deleted_at": None if row["deleted_at"] is None else iso(row["deleted_at"]),
    }


ROOMS = Misskey()
