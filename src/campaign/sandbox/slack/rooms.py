"""Slack's rooms, as the sandbox takes them in."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.slack import methods
from campaign.sandbox.slack.methods import METHODS, Asking
from campaign.sandbox.slack.refusals import HookRefusal, Refusal
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, Upload, read_params

SCOPES = (
    "chat:write,channels:read,channels:history,files:write,files:read,metadata.message:read"  # what an app is given
)
_TITLES = {"peace_ko": "평화-여정", "peace_ru": "путь-мира", "peace_en": "peace-journey"}
# How a channel stands in a body of any form.
_CHANNEL = re.compile(rb'(?:"channel(?:_id)?"\s*:\s*"|channel(?:_id)?=)(C[A-Z0-9]{6,12})')


@dataclass(slots=True)
class Hooked:
    """A webhook's post, as methods.add() takes it."""

    sandbox: Sandbox
    bot: Mapping[str, str]
    now: int


def _sandbox(request: Request) -> Sandbox:
    found: Sandbox = request.app.state.sandbox
    return found


async def call(request: Request) -> Response:
    """Call a method."""
    sandbox = _sandbox(request)
    kind = request.headers.get("content-type", "")
    try:
        fields = read_params(request.scope["query_string"], kind, await request.body())
    except Unreadable:
        raise Refusal("invalid_arguments") from None
    token = request.headers.get("authorization", "").removeprefix("Bearer ") or str(fields.get("token") or "")
    if not token:
        raise Refusal("not_authed")
    bot = sandbox.books.one("SELECT * FROM slack_bots WHERE token = ?", token)
    if bot is None:
        raise Refusal("invalid_auth")
    method = METHODS.get(str(request.path_params["method"]))
    if method is None:
        raise Refusal("unknown_method")
    with sandbox.books.together():
        told = method(Asking(sandbox, request, bot, fields, sandbox.clock.milliseconds()))
    return JSONResponse({"ok": True, **told}, headers={"X-OAuth-Scopes": bot["scopes"]})


async def authorize(request: Request) -> Response:
    """Consent for the app of the first bot, as if a person had clicked; the browser goes back with a code."""
    asked, code = request.query_params, secrets.token_urlsafe(24)
    bot = _sandbox(request).books.one("SELECT * FROM slack_bots ORDER BY rowid LIMIT 1")
    assert bot is not None  # noqa: S101 - accounts are opened at the start
    request.app.state.codes[f"slack {code}"] = {"redirect_uri": asked.get("redirect_uri", ""), "bot": bot["id"]}
    query = urlencode({"code": code, "state": asked.get("state", "")})
    return RedirectResponse(f"{asked.get('redirect_uri', '')}?{query}", 302)


async def access(request: Request) -> Response:
    """Give the token of a code, once. https://docs.slack.dev/reference/methods/oauth.v2.access"""
    sandbox = _sandbox(request)
    fields = read_params(b"", request.headers.get("content-type", ""), await request.body())
    found = request.app.state.codes.pop(f"slack {fields.get('code')}", None)
    if found is None:
        raise Refusal("invalid_code")
    if found["redirect_uri"] != fields.get("redirect_uri", found["redirect_uri"]):
        raise Refusal("bad_redirect_uri")
    bot = sandbox.books.one("SELECT * FROM slack_bots WHERE id = ?", found["bot"])
    assert bot is not None  # noqa: S101 - a code is of a bot
    told = {"access_token": bot["token"], "token_type": "bot", "scope": bot["scopes"], "bot_user_id": bot["id"]}
    return JSONResponse({"ok": True, **told, "team": {"id": "T0EURASIA", "name": "Eurasia"}})


async def upload(request: Request) -> Response:
    """Take a file's bytes, as they are or as a multipart's one part. What has another length than was said fails."""
    sandbox, kind = _sandbox(request), request.headers.get("content-type", "")
    row = sandbox.books.one("SELECT * FROM slack_files WHERE place = ?", request.path_params["place"])
    if row is None:
        return PlainTextResponse("Not Found", 404)
    content, mime = await request.body(), kind
    if "multipart" in kind:
        try:
            part = next((v for v in read_params(b"", kind, content).values() if isinstance(v, Upload)), None)
        except Unreadable:
            part = None
        if part is None:
            return PlainTextResponse("Bad Request", 400)
        content, mime = part.content, part.mime
    if len(content) != row["length"]:
        return PlainTextResponse("Bad Request: length mismatch", 400)
    digest = sandbox.books.store(content)
    sandbox.books.do("UPDATE slack_files SET sha256 = ?, mime = ? WHERE id = ?", digest, mime, row["id"])
    return PlainTextResponse(f"OK - {len(content)}")


async def hook(request: Request) -> Response:
    """Post by an incoming webhook: it answers `ok`, and names nothing."""
    sandbox, given = _sandbox(request), request.path_params
    row = sandbox.books.one("SELECT * FROM slack_hooks WHERE id = ?", given["hook"])
    if row is None or given["team"] != "T0EURASIA":
        raise HookRefusal("no_service")
    if row["token"] != given["token"]:
        raise HookRefusal("invalid_token")
    try:
        told = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise HookRefusal("invalid_payload") from None
    if not isinstance(told, dict):
        raise HookRefusal("invalid_payload")
    text = told.get("text")
    if not isinstance(text, str) or not text.strip():
        raise HookRefusal("no_text")
    channel = sandbox.books.one("SELECT * FROM slack_channels WHERE id = ?", row["channel"])
    assert channel is not None  # noqa: S101 - a webhook has a channel
    if channel["archived"]:
        raise HookRefusal("channel_is_archived")
    methods.add(Hooked(sandbox, {"id": row["id"]}, sandbox.clock.milliseconds()), channel, text[: methods.TRUNCATED])
    return PlainTextResponse("ok")


async def file(request: Request) -> Response:
    sandbox = _sandbox(request)
    row = sandbox.books.one("SELECT * FROM slack_files WHERE id = ?", request.path_params["id"])
    if row is None or row["deleted"] or not row["sha256"]:
        return _missing(request)
    return FileResponse(sandbox.books.path_of(row["sha256"]), media_type=row["mime"])


async def page(request: Request) -> Response:
    """Show one message as a browser would: its text, escaped."""
    digits = str(request.path_params["ts"]).removeprefix("p")
    sql = "SELECT * FROM slack_messages WHERE channel = ? AND ts = ? AND deleted_at IS NULL"
    row = _sandbox(request).books.one(sql, request.path_params["channel"], f"{digits[:10]}.{digits[10:]}")
    if row is None:
        return _missing(request)
    shown: Response = request.app.state.pages.answer("missing.html", text=methods.plain(row["text"]), title="Slack")
    return shown


def _missing(request: Request) -> Response:
    answer: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
    return answer


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return JSONResponse({"ok": False, "error": error.error, **error.more})


async def _refuse_hook(request: Request, error: Exception) -> Response:
    assert isinstance(error, HookRefusal)  # noqa: S101 - registered for it
    return PlainTextResponse(error.word, error.status)


class Slack(Rooms):
    """The rooms under /slack. An account is a channel, with a bot and a webhook."""

    name: ClassVar[str] = "slack"
    prefixes: ClassVar[tuple[str, ...]] = ("/slack/api/", "/slack/services/", "/slack/upload/")
    server: ClassVar[bytes] = b"Apache"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS slack_bots (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, token TEXT NOT NULL UNIQUE, scopes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slack_channels (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, archived INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS slack_members (channel TEXT NOT NULL, bot TEXT NOT NULL, PRIMARY KEY (channel, bot));
CREATE TABLE IF NOT EXISTS slack_hooks (id TEXT PRIMARY KEY, channel TEXT NOT NULL, token TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slack_messages (
  seq INTEGER PRIMARY KEY, channel TEXT NOT NULL, ts TEXT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL,
  thread TEXT, metadata TEXT, files TEXT NOT NULL, growth TEXT NOT NULL, created_at INTEGER NOT NULL,
  edited_at INTEGER, deleted_at INTEGER, accepted REAL NOT NULL, boot TEXT NOT NULL, UNIQUE (channel, ts));
CREATE TABLE IF NOT EXISTS slack_versions (
  channel TEXT NOT NULL, ts TEXT NOT NULL, n INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (channel, ts, n));
CREATE TABLE IF NOT EXISTS slack_files (
  id TEXT PRIMARY KEY, place TEXT NOT NULL UNIQUE, author TEXT NOT NULL, name TEXT NOT NULL, alt TEXT NOT NULL,
  length INTEGER NOT NULL, mime TEXT, sha256 TEXT, completed INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS slack_shares (file TEXT NOT NULL, channel TEXT NOT NULL, ts TEXT NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/slack/oauth/v2/authorize", authorize),
        Route("/slack/api/oauth.v2.access", access, methods=["POST"]),
        Route("/slack/api/{method}", call, methods=["GET", "POST"]),
        Route("/slack/upload/v1/{place}", upload, methods=["POST"]),
        Route("/slack/services/{team}/{hook}/{token}", hook, methods=["POST"]),
        Route("/slack/files/{id}", file),
        Route("/slack/archives/{channel}/{ts}", page),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse, HookRefusal: _refuse_hook}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        """Return the channel that is spoken of, else the bot itself."""
        books, parts = sandbox.books, scope["path"].split("/")
        if parts[2] == "services" and len(parts) == 6:
            sql = "SELECT c.name FROM slack_hooks h JOIN slack_channels c ON c.id = h.channel WHERE h.id = ?"
            row = books.one(f"{sql} AND h.token = ?", parts[4], parts[5])
            return Caller(row["name"], parts[5]) if row else Caller()
        token = next((v for n, v in scope["headers"] if n == b"authorization"), b"").decode("latin-1")
        bot = books.one("SELECT * FROM slack_bots WHERE token = ?", token.removeprefix("Bearer "))
        if bot is None:
            return Caller()
        told = _CHANNEL.search(scope["query_string"]) or _CHANNEL.search(scope.get("sandbox.body", b""))
        row = books.one("SELECT name FROM slack_channels WHERE id = ?", told[1].decode()) if told else None
        return Caller(row["name"] if row else bot["name"], bot["token"])

    def route(self, path: str) -> str:
        if path.startswith("/slack/api/"):
            return path if path.rpartition("/")[2] in METHODS else "/slack/api/{method}"
        return "/slack/services/{hook}" if path.startswith("/slack/services/") else "/slack/upload/{place}"

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        status, error = {
            "throttled": (429, "ratelimited"),
            "internal": (500, "internal_error"),
            "temporary": (503, "service_unavailable"),
            "expired": (200, "token_expired"),
        }[kind]
        headers = [(b"content-type", b"application/json; charset=utf-8")]
        if standing is not None and kind == "throttled":
            headers.append((b"retry-after", str(max(1, round(standing.resets_in))).encode()))
        return Answer(status, headers, bytearray(json.dumps({"ok": False, "error": error}).encode()))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open a channel with its bot and its webhook.

        `bot`: the first part of the bot's name; `scopes`: what its app was given; `member`: no: it was not invited;
        `archived`: yes; `in`: no channel of its own, but the bot of this name in that channel.
        """
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        family = told.get("bot") or name.partition("_")[0]
        bot = _open_bot(sandbox, f"{family}_bot", told.get("scopes", SCOPES))
        where = told.get("in") or name
        row = books.one("SELECT * FROM slack_channels WHERE name = ?", where)
        if row is None:
            title, archived = told.get("display_name") or _TITLES.get(where, where), int("archived" in told)
            books.insert("slack_channels", id=_ident("C", where), name=where, title=title, archived=archived)
            token = secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")[:24]
            books.insert("slack_hooks", id=_ident("B", f"hook {where}"), channel=_ident("C", where), token=token)
            row = books.one("SELECT * FROM slack_channels WHERE name = ?", where)
        assert row is not None  # noqa: S101 - just inserted
        if told.get("member") != "no":
            books.do("INSERT OR IGNORE INTO slack_members VALUES (?, ?)", row["id"], bot["id"])
        found = books.one("SELECT * FROM slack_hooks WHERE channel = ?", row["id"])
        assert found is not None  # noqa: S101 - made with the channel
        return {
            "name": name,
            "base_url": f"{sandbox.base_url}/slack",
            "token": bot["token"],
            "channel": row["id"],
            "webhook": f"https://hooks.slack.com/services/T0EURASIA/{found['id']}/{found['token']}",
        }

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        seq = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        rows = sandbox.books.all(
            "SELECT m.*, c.name FROM slack_messages m JOIN slack_channels c ON c.id = m.channel"
            " WHERE m.seq > ? AND (? IS NULL OR c.name = ?) ORDER BY m.seq LIMIT ?",
            seq,
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        """The ident is CHANNEL/TS, the channel by its name or its id."""
        channel, _, ts = ident.rpartition("/")
        sql = "SELECT m.* FROM slack_messages m JOIN slack_channels c ON c.id = m.channel WHERE ts = ?"
        row = sandbox.books.one(f"{sql} AND ? IN (c.id, c.name)", ts, channel)
        if row is None:
            return None
        sql = "SELECT count(*) FROM slack_messages WHERE channel = ? AND thread = ? AND deleted_at IS NULL"
        replies = sandbox.books.number(f"{sql} AND created_at <= ?", row["channel"], ts, at)
        return {"reactions": methods.reactions(sandbox, row, at), "replies": replies}


def _ident(letter: str, what: str) -> str:
    """Return an id that is the same in each run."""
    return letter + hashlib.sha256(f"{letter} {what}".encode()).hexdigest()[:9].upper()


def _open_bot(sandbox: Sandbox, name: str, scopes: str) -> Row:
    sql = "SELECT * FROM slack_bots WHERE name = ?"
    row = sandbox.books.one(sql, name)
    if row is None:
        token = f"xoxb-{secrets.randbelow(10**12):012d}-{secrets.randbelow(10**13):013d}-{secrets.token_hex(12)}"
        sandbox.books.insert("slack_bots", id=_ident("U", name), name=name, token=token, scopes=scopes)
        row = sandbox.books.one(sql, name)
    assert row is not None  # noqa: S101 - just inserted
    return row


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    books = sandbox.books
    sql = "SELECT text FROM slack_versions WHERE channel = ? AND ts = ? ORDER BY n"
    earlier = [methods.plain(each["text"]) for each in books.all(sql, row["channel"], row["ts"])]
    files = [books.one("SELECT * FROM slack_files WHERE id = ?", ident) for ident in json.loads(row["files"])]
    text = methods.plain(row["text"])
    return {
        "cursor": str(row["seq"]),
        "id": row["ts"],
        "account": row["name"],
        "text": text,
        "language": None,
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": row["thread"],
        "media": [
            {"id": each["id"], "sha256": each["sha256"], "mime": each["mime"], "description": each["alt"]}
            | {"deleted": bool(each["deleted"])}
            for each in files
            if each is not None
        ],
        "metadata": json.loads(row["metadata"]) if row["metadata"] else None,
        "by_webhook": row["author"].startswith("B"),
        "url": f"{sandbox.base_url}/slack/archives/{row['channel']}/p{row['ts'].replace('.', '')}",
        "edits": len(earlier),
        "versions": [*earlier, text],
        "deleted": row["deleted_at"] is not None,
    }


ROOMS = Slack()
