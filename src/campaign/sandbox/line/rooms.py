"""LINE's rooms, as the sandbox takes them in."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Limit, Standing
from campaign.sandbox.line import broadcasts
from campaign.sandbox.line.refusals import REFUSALS, Refusal
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox

BOT = "/line/v2/bot"
HOURLY = Limit(60, 3600)  # broadcasts: https://developers.line.biz/en/reference/messaging-api/#rate-limits
_TITLES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}


def _sandbox(request: Request) -> Sandbox:
    found: Sandbox = request.app.state.sandbox
    return found


def _account(request: Request) -> Row:
    """Return the account that asks. Raises: Refusal."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    found = _sandbox(request).books.one("SELECT * FROM line_accounts WHERE token = ?", token)
    if found is None:
        raise Refusal("token")
    return found


def _answer(told: Mapping[str, Any], ident: str | None = None) -> Response:
    return JSONResponse(told, headers={"x-line-request-id": ident or secrets.token_hex(16)})


async def info(request: Request) -> Response:
    row = _account(request)
    told = {"userId": row["id"], "basicId": f"@{row['name']}", "displayName": row["title"], "chatMode": "bot"}
    return _answer({**told, "markAsReadMode": "auto"})


async def quota(request: Request) -> Response:
    row = _account(request)
    return _answer({"type": "none"} if row["quota"] is None else {"type": "limited", "value": row["quota"]})


async def consumption(request: Request) -> Response:
    row = _account(request)
    return _answer({"totalUsage": broadcasts.used(_sandbox(request), row)})


async def broadcast(request: Request) -> Response:
    ident, told = await broadcasts.broadcast(_sandbox(request), request, _account(request))
    return _answer(told, ident)


async def event(request: Request) -> Response:
    row = _account(request)
    if not row["insight"]:
        raise Refusal("insight right")
    told = broadcasts.event(_sandbox(request), row, request.query_params.get("requestId", ""))
    if told is None:
        raise Refusal("path")
    return _answer(told)


async def nothing(request: Request) -> Response:
    raise Refusal("path")


async def file(request: Request) -> Response:
    """Serve what was broadcast."""
    sandbox, digest = _sandbox(request), str(request.path_params["digest"])
    row = sandbox.books.one("SELECT media FROM line_broadcasts WHERE instr(media, ?)", digest)
    if row is None or len(digest) != 64:
        return _missing(request)
    mimes = {each["sha256"]: each["mime"] for each in json.loads(row["media"])}
    return FileResponse(sandbox.books.path_of(digest), media_type=mimes.get(digest, "image/jpeg"))


async def page(request: Request) -> Response:
    """Show a broadcast as a friend sees it: its text, escaped."""
    sql = "SELECT * FROM line_broadcasts WHERE id = ?"
    row = _sandbox(request).books.one(sql, request.path_params["id"])
    if row is None:
        return _missing(request)
    shown: Response = request.app.state.pages.answer("missing.html", text=row["text"], title="LINE")
    return shown


def _missing(request: Request) -> Response:
    answer: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
    return answer


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    headers = {"x-line-request-id": secrets.token_hex(16), **error.headers}
    return JSONResponse(error.body(), error.status, headers)


class Line(Rooms):
    """The rooms under /line/v2. An account is an official account with its friends."""

    name: ClassVar[str] = "line"
    prefixes: ClassVar[tuple[str, ...]] = ("/line/v2/",)
    server: ClassVar[bytes] = b"legy"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS line_accounts (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, token TEXT NOT NULL UNIQUE, quota INTEGER,
  insight INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS line_broadcasts (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, key TEXT, text TEXT NOT NULL,
  media TEXT NOT NULL, friends INTEGER NOT NULL, growth TEXT NOT NULL, created_at INTEGER NOT NULL,
  accepted REAL NOT NULL, boot TEXT NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route(f"{BOT}/info", info, methods=["GET"]),
        Route(f"{BOT}/message/quota", quota, methods=["GET"]),
        Route(f"{BOT}/message/quota/consumption", consumption, methods=["GET"]),
        Route(f"{BOT}/message/broadcast", broadcast, methods=["POST"]),
        Route(f"{BOT}/insight/message/event", event, methods=["GET"]),
        Route("/line/v2/{rest:path}", nothing, methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/line/media/{digest}", file),
        Route("/line/broadcasts/{id}", page),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        token = next((v for n, v in scope["headers"] if n == b"authorization"), b"").decode("latin-1")
        sql = "SELECT * FROM line_accounts WHERE token = ?"
        row = sandbox.books.one(sql, token.removeprefix("Bearer "))
        return Caller(row["name"], row["token"]) if row else Caller()

    def route(self, path: str) -> str:
        return path if path.startswith(BOT) and path.count("/") < 8 else "/line/v2/{rest}"

    def throttle(self, sandbox: Sandbox, caller: Caller, method: str, path: str, address: str) -> Standing | None:
        """Count broadcasts, in windows of real time."""
        if sandbox.wide or not path.endswith("/message/broadcast") or caller.token is None:
            return None
        return sandbox.throttle.count(("line broadcasts", caller.token), HOURLY)

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        what = {"throttled": "rate", "internal": "internal", "temporary": "temporary", "expired": "token"}[kind]
        status, words = REFUSALS[what]
        headers = [(b"content-type", b"application/json"), (b"x-line-request-id", secrets.token_hex(16).encode())]
        return Answer(status, headers, bytearray(json.dumps({"message": words}).encode()))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open an account. `quota`: messages a month, no limit unless told; `insight`: no: it may not be asked."""
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        row = books.one("SELECT * FROM line_accounts WHERE name = ?", name)
        if row is None:
            ident = "U" + hashlib.sha256(f"line {name}".encode()).hexdigest()[:32]
            title, most = told.get("display_name") or _TITLES.get(name, name), told.get("quota", "")
            books.insert(
                "line_accounts", id=ident, name=name, title=title, token=secrets.token_urlsafe(96),
                quota=int(most) if most.isdigit() else None, insight=int(told.get("insight") != "no"),
            )  # fmt: skip
            row = books.one("SELECT * FROM line_accounts WHERE name = ?", name)
        assert row is not None  # noqa: S101 - just inserted
        return {"name": name, "base_url": f"{sandbox.base_url}/line", "token": row["token"]}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        seq = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        rows = sandbox.books.all(
            "SELECT b.*, a.name FROM line_broadcasts b JOIN line_accounts a ON a.id = b.account"
            " WHERE b.seq > ? AND (? IS NULL OR a.name = ?) ORDER BY b.seq LIMIT ?",
            seq,
            account,
            account,
            limit,
        )
        return [
            {
                "cursor": str(row["seq"]),
                "id": row["id"],
                "account": row["name"],
                "text": row["text"],
                "language": None,
                "created_at": iso(row["created_at"]),
                "in_reply_to_id": None,
                "media": json.loads(row["media"]),
                "idempotency_key": row["key"],
                "friends": row["friends"],
                "url": f"{sandbox.base_url}/line/broadcasts/{row['id']}",
                "deleted": False,
            }
            for row in rows
        ]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = sandbox.books.one("SELECT * FROM line_broadcasts WHERE id = ?", ident)
        return broadcasts.counts(sandbox, row, at) if row is not None else None


ROOMS = Line()
