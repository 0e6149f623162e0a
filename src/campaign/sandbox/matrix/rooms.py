"""Matrix's rooms, as the sandbox takes them in."""

import json
import math
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.matrix import events
from campaign.sandbox.matrix.asking import SERVER, Asking, answer, asking, ident, token_of
from campaign.sandbox.matrix.refusals import REFUSALS, MatrixError
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox

MAX_UPLOAD = 52_428_800
_TITLES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}
_ROOM = re.compile(r"/rooms/([^/]+)/")


async def versions(request: Request) -> Response:
    return answer({"versions": ["v1.1", "v1.5", "v1.11", "v1.15"], "unstable_features": {}})


async def login(request: Request) -> Response:
    """Each login is another device, unless it names one. The password is that which open() told."""
    sandbox: Sandbox = request.app.state.sandbox
    told = json.loads(await request.body() or b"{}")
    name = str((told.get("identifier") or {}).get("user", "")).removeprefix("@").partition(":")[0]
    row = sandbox.books.one(
        "SELECT * FROM matrix_devices WHERE user = ? AND password = ?", f"@{name}:{SERVER}", told.get("password")
    )
    if told.get("type") != "m.login.password" or row is None:
        raise MatrixError("wrong_password")
    device = str(told.get("device_id") or secrets.token_hex(5).upper())
    token = f"syt_{secrets.token_urlsafe(24)}"
    sandbox.books.do("DELETE FROM matrix_devices WHERE id = ? AND user = ? AND id != 'CAMPAIGN'", device, row["user"])
    if device == "CAMPAIGN":
        token = row["token"]
    else:
        sandbox.books.insert("matrix_devices", token=token, id=device, user=row["user"], password="")
    return answer({"user_id": row["user"], "access_token": token, "home_server": SERVER, "device_id": device})


async def whoami(ask: Asking) -> Response:
    return answer({"user_id": ask.user, "is_guest": False, "device_id": ask.device["id"]})


async def directory(ask: Asking) -> Response:
    row = ask.sandbox.books.one("SELECT id FROM matrix_rooms WHERE alias = ?", ask.named("alias"))
    if row is None:
        raise MatrixError("no_alias", alias=ask.named("alias"))
    return answer({"room_id": row["id"], "servers": [SERVER]})


async def joined(ask: Asking) -> Response:
    rows = ask.sandbox.books.all("SELECT room FROM matrix_members WHERE user = ? ORDER BY room", ask.user)
    return answer({"joined_rooms": [row["room"] for row in rows]})


async def join(ask: Asking) -> Response:
    row = ask.sandbox.books.one("SELECT id FROM matrix_rooms WHERE ? IN (id, alias)", ask.named("room"))
    if row is None:
        raise MatrixError("no_alias", alias=ask.named("room"))
    ask.sandbox.books.do("INSERT OR IGNORE INTO matrix_members VALUES (?, ?, 0)", row["id"], ask.user)
    return answer({"room_id": row["id"]})


async def leave(ask: Asking) -> Response:
    ask.sandbox.books.do("DELETE FROM matrix_members WHERE room = ? AND user = ?", ask.room()["id"], ask.user)
    return answer({})


async def state(ask: Asking) -> Response:
    room, kind = ask.room(reading=True), ask.named("type")
    members = ask.sandbox.books.all("SELECT * FROM matrix_members WHERE room = ? AND power > 0", room["id"])
    users = {row["user"]: row["power"] for row in members}
    known: dict[str, dict[str, Any]] = {
        "m.room.power_levels": {"users": users, "users_default": 0, "events": {}, "events_default": room["needed"]},
        "m.room.name": {"name": room["title"]},
    }
    if room["encrypted"]:
        known["m.room.encryption"] = {"algorithm": "m.megolm.v1.aes-sha2"}
    if kind not in known:
        raise MatrixError("no_event")
    return answer(known[kind])


async def config(ask: Asking) -> Response:
    return answer({"m.upload.size": MAX_UPLOAD})


async def upload(ask: Asking) -> Response:
    content = await ask.request.body()
    if len(content) > MAX_UPLOAD:
        raise MatrixError("upload_too_large")
    digest, name = ask.sandbox.books.store(content), secrets.token_urlsafe(18)
    mime = ask.request.headers.get("content-type", "application/octet-stream")
    ask.sandbox.books.insert("matrix_media", id=name, sha256=digest, mime=mime, size=len(content), user=ask.user)
    return answer({"content_uri": f"mxc://{SERVER}/{name}"})


async def download(ask: Asking) -> Response:
    row = ask.sandbox.books.one("SELECT * FROM matrix_media WHERE id = ?", ask.named("id"))
    if row is None or ask.named("server") != SERVER:
        raise MatrixError("no_medium", path=ask.request.url.path)
    return Response(ask.sandbox.books.path_of(row["sha256"]).read_bytes(), media_type=row["mime"])


async def unrecognised(request: Request) -> Response:
    raise MatrixError("unknown_path")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, MatrixError)  # noqa: S101 - registered for it
    return answer(error.body, error.status)


def _of(work: Callable[[Asking], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        ask = asking(request)
        with ask.sandbox.books.together():
            return await work(ask)

    return endpoint


_V3, _V1, _MEDIA = "/_matrix/client/v3", "/_matrix/client/v1", "/_matrix/media/v3"
_HERE = f"{_V3}/rooms/{{room}}"


class Matrix(Rooms):
    """The rooms under /_matrix."""

    name: ClassVar[str] = "matrix"
    prefixes: ClassVar[tuple[str, ...]] = ("/_matrix/",)
    server: ClassVar[bytes] = b"Synapse"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS matrix_devices (
  token TEXT PRIMARY KEY, id TEXT NOT NULL, user TEXT NOT NULL, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS matrix_rooms (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, alias TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
  needed INTEGER NOT NULL, encrypted INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS matrix_members (
  room TEXT NOT NULL, user TEXT NOT NULL, power INTEGER NOT NULL, PRIMARY KEY (room, user));
CREATE TABLE IF NOT EXISTS matrix_events (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, room TEXT NOT NULL, name TEXT NOT NULL, sender TEXT NOT NULL,
  type TEXT NOT NULL, content TEXT NOT NULL, target TEXT, device TEXT NOT NULL, txn TEXT NOT NULL, growth TEXT,
  created_at INTEGER NOT NULL, redacted_at INTEGER, redacted_by TEXT);
CREATE INDEX IF NOT EXISTS matrix_events_target ON matrix_events (target);
CREATE TABLE IF NOT EXISTS matrix_media (
  id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, mime TEXT NOT NULL, size INTEGER NOT NULL, user TEXT NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/_matrix/client/versions", versions),
        Route(f"{_V3}/login", login, methods=["POST"]),
        Route(f"{_V3}/account/whoami", _of(whoami)),
        Route(f"{_V3}/directory/room/{{alias}}", _of(directory)),
        Route(f"{_V3}/joined_rooms", _of(joined)),
        Route(f"{_V3}/join/{{room}}", _of(join), methods=["POST"]),
        Route(f"{_HERE}/leave", _of(leave), methods=["POST"]),
        Route(f"{_HERE}/state/{{type}}", _of(state)),
        Route(f"{_HERE}/state/{{type}}/", _of(state)),
        Route(f"{_HERE}/send/{{type}}/{{txn}}", _of(events.send), methods=["PUT"]),
        Route(f"{_HERE}/redact/{{event}}/{{txn}}", _of(events.redact), methods=["PUT"]),
        Route(f"{_HERE}/event/{{event}}", _of(events.one)),
        Route(f"{_HERE}/messages", _of(events.messages)),
        Route(f"{_V1}/rooms/{{room}}/relations/{{event}}", _of(events.relations)),
        Route(f"{_V1}/rooms/{{room}}/relations/{{event}}/{{rel}}", _of(events.relations)),
        Route(f"{_V1}/rooms/{{room}}/relations/{{event}}/{{rel}}/{{type}}", _of(events.relations)),
        Route(f"{_V1}/media/config", _of(config)),
        Route(f"{_MEDIA}/config", _of(config)),
        Route(f"{_MEDIA}/upload", _of(upload), methods=["POST"]),
        Route(f"{_V1}/media/download/{{server}}/{{id}}", _of(download)),
        Route(f"{_V1}/media/download/{{server}}/{{id}}/{{name}}", _of(download)),
        Route("/_matrix/{rest:path}", unrecognised, methods=["GET", "POST", "PUT", "DELETE"]),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {MatrixError: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        """Return the room that is spoken of, else the user itself: one user writes in many rooms."""
        header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
        token = token_of(header, None)
        device = sandbox.books.one("SELECT * FROM matrix_devices WHERE token = ?", token) if token else None
        if device is None:
            return Caller()
        named = _ROOM.search(scope["path"])
        sql = "SELECT name FROM matrix_rooms WHERE id = ?"
        room = sandbox.books.one(sql, unquote(named[1])) if named else None
        return Caller(room["name"] if room else device["user"].partition(":")[0], device["token"])

    def route(self, path: str) -> str:
        parts = path.split("/")
        if len(parts) > 12 or len(path) > 600:
            return "(page)"
        ids = ("!", "$", "#")
        kept = ["{id}" if part.startswith(ids) else part for part in parts]
        if len(kept) > 6 and kept[6] in ("send", "redact"):
            kept[-1] = "{txn}"
        return "/".join(kept) if parts[2:3] == ["client"] else "/".join(parts[:5])

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        row = REFUSALS["bad_token" if kind == "expired" else kind]
        body: dict[str, Any] = {"errcode": row.code, "error": row.words}
        headers = [(b"content-type", b"application/json")]
        if kind == "throttled":
            wait = standing.resets_in if standing else 1.0
            body["retry_after_ms"] = math.ceil(wait * 1000)
            headers.append((b"retry-after", str(math.ceil(wait)).encode()))
        if kind == "expired":
            body["soft_logout"] = True
        return Answer(row.status, headers, bytearray(json.dumps(body).encode()))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open a room with its user; `power` (0 to 100) is what one needs to write there, `encrypted` may be yes."""
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        user = f"@{told.get('user') or name.partition('_')[0]}:{SERVER}"
        device = books.one("SELECT * FROM matrix_devices WHERE user = ? AND id = 'CAMPAIGN'", user)
        if device is None:
            token, password = f"syt_{secrets.token_urlsafe(24)}", secrets.token_urlsafe(9)
            books.insert("matrix_devices", token=token, id="CAMPAIGN", user=user, password=password)
            device = books.one("SELECT * FROM matrix_devices WHERE token = ?", token)
        assert device is not None  # noqa: S101 - just inserted
        room, alias = ident("!", name), f"#{name}:{SERVER}"
        if books.one("SELECT 1 FROM matrix_rooms WHERE id = ?", room) is None:
            title = told.get("display_name") or _TITLES.get(name, name)
            needed, encrypted = int(told.get("power", "0")), int(told.get("encrypted") == "yes")
            books.insert(
                "matrix_rooms", id=room, name=name, alias=alias, title=title, needed=needed, encrypted=encrypted
            )
            if told.get("member", "yes") == "yes":
                books.insert("matrix_members", room=room, user=user, power=min(needed, int(told.get("level", "100"))))
        opened = {"name": name, "token": device["token"], "room": alias, "room_id": room}
        return opened | {"user": user, "password": device["password"]}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        seq = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        rows = sandbox.books.all(
            "SELECT * FROM matrix_events WHERE seq > ? AND growth IS NOT NULL AND (? IS NULL OR name = ?)"
            " ORDER BY seq LIMIT ?",
            seq,
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = sandbox.books.one("SELECT * FROM matrix_events WHERE id = ? AND growth IS NOT NULL", ident)
        return events.counts(sandbox, row, at) if row is not None else None


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    media = []
    for child in events.media_of(sandbox, row):
        content = json.loads(child["content"])
        name = str(content.get("url", "")).removeprefix(f"mxc://{SERVER}/")
        file = sandbox.books.one("SELECT * FROM matrix_media WHERE id = ?", name)
        info = content.get("info") or {}
        media.append(
            {
                "id": child["id"],
                "sha256": file["sha256"] if file else None,
                "mime": file["mime"] if file else None,
                "description": events.body_of(sandbox, child),
                "width": info.get("w"),
                "height": info.get("h"),
            }
        )
    return {
        "cursor": str(row["seq"]),
        "id": row["id"],
        "account": row["name"],
        "text": events.body_of(sandbox, row),
        "language": None,
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": events.answered(row),
        "media": media,
        "url": None,
        "deleted": row["redacted_at"] is not None,
        "deleted_at": None if row["redacted_at"] is None else iso(row["redacted_at"]),
    }


ROOMS = Matrix()
