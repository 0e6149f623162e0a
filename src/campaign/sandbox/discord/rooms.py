"""Discord's rooms, as the sandbox takes them in."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.discord import messages
from campaign.sandbox.discord.messages import RIGHTS, Asking, body_of
from campaign.sandbox.discord.refusals import REFUSALS, Refusal
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox

API = "/discord/api/v10"
_CHANNEL = re.compile(r"/channels/([0-9]{5,20})")
_HOOK = re.compile(r"/webhooks/([0-9]{5,20})/([\w-]+)")
_TITLES = {"peace_ko": "평화-여정", "peace_ru": "путь-мира", "peace_en": "peace-journey"}


def _sandbox(request: Request) -> Sandbox:
    found: Sandbox = request.app.state.sandbox
    return found


def _bot(request: Request) -> Row:
    """Return the bot that asks. Raises: Refusal."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = _sandbox(request).books.one("SELECT * FROM discord_bots WHERE token = ?", token)
    if kind != "Bot" or found is None:
        raise Refusal("token")
    return found


def _number(text: Any) -> int:
    found = str(text)
    return int(found) if found.isascii() and found.isdigit() and len(found) < 20 else 0


async def _asking(request: Request) -> Asking:
    """Return the call of a bot or of a webhook. Raises: Refusal."""
    sandbox, given = _sandbox(request), request.path_params
    body, files = await body_of(request)
    if "token" in given:
        hook = _hook(sandbox, given)
        channel = sandbox.books.one("SELECT * FROM discord_channels WHERE id = ?", hook["channel"])
        assert channel is not None  # noqa: S101 - a webhook has a channel
        return Asking(sandbox, request, channel, None, hook, body, files)
    bot = _bot(request)
    channel = sandbox.books.one("SELECT * FROM discord_channels WHERE id = ?", _number(given["channel"]))
    if channel is None:
        raise Refusal("channel")
    return Asking(sandbox, request, channel, bot, None, body, files)


def _hook(sandbox: Sandbox, given: Mapping[str, Any]) -> Row:
    found = sandbox.books.one("SELECT * FROM discord_hooks WHERE id = ?", _number(given["hook"]))
    if found is None or found["deleted"]:
        raise Refusal("webhook")
    if found["token"] != given["token"]:
        raise Refusal("webhook token")
    return found


async def me(request: Request) -> Response:
    bot = _bot(request)
    return JSONResponse({**messages.user(bot), "verified": True, "mfa_enabled": False, "flags": 0, "email": None})


async def application(request: Request) -> Response:
    bot = _bot(request)
    told = {"id": str(bot["id"]), "name": bot["name"], "description": "", "icon": None, "bot_public": False}
    return JSONResponse(
        {**told, "owner": messages.user(bot), "verify_key": "0" * 64, "flags": 0, "bot_require_code_grant": False}
    )


async def channel(request: Request) -> Response:
    ask = await _asking(request)
    ask.demand(messages.VIEW)
    rights = ask.sandbox.books.all("SELECT * FROM discord_rights WHERE channel = ?", ask.channel["id"])
    told = {"id": str(ask.channel["id"]), "type": 0, "guild_id": str(ask.channel["guild"]), "position": 0}
    written = [{"id": str(each["bot"]), "type": 1, "allow": str(each["allow"]), "deny": "0"} for each in rights]
    told |= {"name": ask.channel["title"], "topic": None, "nsfw": False, "parent_id": None, "rate_limit_per_user": 0}
    return JSONResponse({**told, "permission_overwrites": written, "last_message_id": None})


async def guild(request: Request) -> Response:
    _bot(request)
    ident = str(_number(request.path_params["guild"]))
    if not _sandbox(request).books.one("SELECT 1 FROM discord_channels WHERE guild = ?", int(ident)):
        raise Refusal("guild")
    everyone = {"id": ident, "name": "@everyone", "permissions": "0", "position": 0}
    return JSONResponse({"id": ident, "name": "Eurasia", "owner_id": "1", "roles": [everyone]})


async def member(request: Request) -> Response:
    bot = _bot(request)
    if str(bot["id"]) != request.path_params["user"]:
        raise Refusal("member")
    return JSONResponse({"user": messages.user(bot), "roles": [], "joined_at": iso(0), "deaf": False, "mute": False})


async def hook(request: Request) -> Response:
    ask = await _asking(request)
    found = ask.hook
    assert found is not None  # noqa: S101 - the route has a token
    if request.method == "DELETE":
        ask.sandbox.books.do("UPDATE discord_hooks SET deleted = 1 WHERE id = ?", found["id"])
        return Response(status_code=204)
    told = {"id": str(found["id"]), "type": 1, "channel_id": str(found["channel"]), "name": found["name"]}
    told |= {"guild_id": str(ask.channel["guild"]), "token": found["token"], "avatar": None, "application_id": None}
    return JSONResponse({**told, "url": f"{ask.sandbox.base_url}{API}/webhooks/{found['id']}/{found['token']}"})


async def in_channel(request: Request) -> Response:
    ask = await _asking(request)
    return JSONResponse(messages.create(ask) if request.method == "POST" else messages.listed(ask))


async def by_hook(request: Request) -> Response:
    """Without wait=true nothing is told, not even that it failed."""
    ask = await _asking(request)
    if request.query_params.get("wait") in ("true", "True", "1"):
        return JSONResponse(messages.create(ask))
    try:
        messages.create(ask)
    except Refusal as refusal:
        if refusal.code not in (50006, 50035):
            raise
    return Response(status_code=204)


async def one(request: Request) -> Response:
    ask, ident = await _asking(request), _number(request.path_params["id"])
    if request.method == "DELETE":
        messages.delete(ask, ident)
        return Response(status_code=204)
    return JSONResponse(messages.edit(ask, ident) if request.method == "PATCH" else messages.show(ask, ident))


async def file(request: Request) -> Response:
    """Serve a file of a message that is not deleted."""
    sandbox, digest = _sandbox(request), str(request.path_params["digest"])
    sql = "SELECT files FROM discord_messages WHERE instr(files, ?) AND deleted_at IS NULL"
    row = sandbox.books.one(sql, digest)
    if row is None or len(digest) != 64:
        return _missing(request)
    mime = next(each["mime"] for each in json.loads(row["files"]) if each["sha256"] == digest)
    return FileResponse(sandbox.books.path_of(digest), media_type=mime)


async def page(request: Request) -> Response:
    """Show one message as a browser would: its text, escaped."""
    sandbox, given = _sandbox(request), request.path_params
    row = messages.found(sandbox, _number(given["channel"]), _number(given["id"]))
    if row is None:
        return _missing(request)
    shown: Response = request.app.state.pages.answer("missing.html", text=row["content"], title="Discord")
    return shown


def _missing(request: Request) -> Response:
    answer: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
    return answer


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return JSONResponse(error.body(), error.status)


def _route(path: str, handler: Callable[[Request], Awaitable[Response]], *methods: str) -> Route:
    return Route(f"/discord/api/{path}" if path == "{rest:path}" else API + path, handler, methods=list(methods))


async def nothing(request: Request) -> Response:
    raise Refusal("path")


class Discord(Rooms):
    """The rooms under /discord/api. An account is a channel, with a bot, a webhook, and a bot that only reads."""

    name: ClassVar[str] = "discord"
    prefixes: ClassVar[tuple[str, ...]] = ("/discord/api",)
    server: ClassVar[bytes] = b"cloudflare"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS discord_bots (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, token TEXT NOT NULL UNIQUE, intent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS discord_channels (
  id INTEGER PRIMARY KEY, guild INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS discord_rights (
  channel INTEGER NOT NULL, bot INTEGER NOT NULL, allow INTEGER NOT NULL, PRIMARY KEY (channel, bot));
CREATE TABLE IF NOT EXISTS discord_hooks (
  id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, name TEXT NOT NULL, token TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS discord_messages (
  id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, author INTEGER NOT NULL, hook INTEGER NOT NULL, nonce TEXT,
  content TEXT NOT NULL, files TEXT NOT NULL, reply_to INTEGER, growth TEXT NOT NULL, created_at INTEGER NOT NULL,
  edited_at INTEGER, deleted_at INTEGER, accepted REAL NOT NULL, boot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS discord_versions (
  id INTEGER NOT NULL, n INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (id, n));
"""
    routes: ClassVar[Sequence[Route]] = (
        _route("/users/@me", me, "GET"),
        _route("/oauth2/applications/@me", application, "GET"),
        _route("/channels/{channel}", channel, "GET"),
        _route("/channels/{channel}/messages", in_channel, "GET", "POST"),
        _route("/channels/{channel}/messages/{id}", one, "GET", "PATCH", "DELETE"),
        _route("/guilds/{guild}", guild, "GET"),
        _route("/guilds/{guild}/members/{user}", member, "GET"),
        _route("/webhooks/{hook}/{token}", hook, "GET", "DELETE"),
        _route("/webhooks/{hook}/{token}", by_hook, "POST"),
        _route("/webhooks/{hook}/{token}/messages/{id}", one, "GET", "PATCH", "DELETE"),
        _route("{rest:path}", nothing, "GET", "POST", "PATCH", "DELETE"),
        Route("/discord/attachments/{channel}/{digest}", file),
        Route("/discord/channels/{guild}/{channel}/{id}", page),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        """Return the channel that is spoken of, else the bot itself."""
        books, path = sandbox.books, scope["path"]
        token = next((v for n, v in scope["headers"] if n == b"authorization"), b"").decode("latin-1").partition(" ")[2]
        asked, spoken = _HOOK.search(path), _CHANNEL.search(path)
        if asked:
            sql = "SELECT * FROM discord_hooks WHERE id = ? AND token = ?"
            found = books.one(sql, int(asked[1]), asked[2])
            if found is None:
                return Caller()
            channel, token = found["channel"], found["token"]
        else:
            bot = books.one("SELECT * FROM discord_bots WHERE token = ?", token)
            if bot is None:
                return Caller()
            if spoken is None:
                return Caller(bot["name"], token)
            channel = _number(spoken[1])
        row = books.one("SELECT name FROM discord_channels WHERE id = ?", channel)
        return Caller(row["name"] if row else None, token)

    def route(self, path: str) -> str:
        return re.sub(r"(?<=/webhooks/\{id\}/)[\w-]+", "{token}", re.sub(r"(?<=/)[0-9]{5,20}(?=/|$)", "{id}", path))

    def limits(self, sandbox: Sandbox, standing: Standing) -> list[tuple[bytes, bytes]]:
        told = {"x-ratelimit-limit": standing.limit, "x-ratelimit-remaining": standing.remaining}
        resets = {"x-ratelimit-reset-after": f"{standing.resets_in:.3f}", "retry-after": f"{standing.resets_in:.0f}"}
        return [(name.encode(), str(value).encode()) for name, value in {**told, **resets}.items()]

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        if kind == "throttled":
            wait = standing.resets_in if standing else 1.0
            told: dict[str, Any] = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
            status = 429
        else:
            status, code, words = REFUSALS["token" if kind == "expired" else kind]
            told = {"message": words, "code": code}
        headers = [(b"content-type", b"application/json"), (b"via", b"1.1 google")]
        return Answer(status, headers, bytearray(json.dumps(told).encode()))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open a channel with its bots and its webhook.

        `bot`: the first part of the bots' names; `rights`: of its bot, posts and reads unless told; `in`: no channel of
        its own, but the bot of this name in that channel.
        """
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        family = told.get("bot") or name.partition("_")[0]
        bot, reader = _open_bot(sandbox, f"{family}_bot"), _open_bot(sandbox, f"{family}_reader")
        where = told.get("in") or name
        row = books.one("SELECT * FROM discord_channels WHERE name = ?", where)
        if row is None:
            ident = _ident(sandbox, f"channel {where}")
            title = told.get("display_name") or _TITLES.get(where, where)
            books.insert("discord_channels", id=ident, guild=_ident(sandbox, "guild"), name=where, title=title)
            token = secrets.token_urlsafe(48)
            books.insert("discord_hooks", id=_ident(sandbox, f"hook {where}"), channel=ident, name=where, token=token)
            row = books.one("SELECT * FROM discord_channels WHERE name = ?", where)
        assert row is not None  # noqa: S101 - just inserted
        bits = 0
        for right in told.get("rights", "posts reads").split():
            bits |= RIGHTS[right]
        for one_bot, allow in ((bot, bits), (reader, RIGHTS["reads"])):
            books.do("INSERT OR REPLACE INTO discord_rights VALUES (?, ?, ?)", row["id"], one_bot["id"], allow)
        hook = books.one("SELECT * FROM discord_hooks WHERE channel = ?", row["id"])
        assert hook is not None  # noqa: S101 - made with the channel
        return {
            "name": name,
            "base_url": f"{sandbox.base_url}/discord",
            "token": bot["token"],
            "channel": str(row["id"]),
            "reader": reader["token"],
            "webhook": f"https://discord.com/api/webhooks/{hook['id']}/{hook['token']}",
        }

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        rows = sandbox.books.all(
            "SELECT m.*, c.name, c.guild FROM discord_messages m JOIN discord_channels c ON c.id = m.channel"
            " WHERE m.id > ? AND (? IS NULL OR c.name = ?) ORDER BY m.id LIMIT ?",
            _number(after),
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = sandbox.books.one("SELECT * FROM discord_messages WHERE id = ?", _number(ident))
        return {"reactions": messages.reactions(sandbox, row, at)} if row is not None else None


def _ident(sandbox: Sandbox, what: str) -> int:
    """Return a snowflake that is the same in each run."""
    return 1_100_000_000_000_000_000 + int.from_bytes(hashlib.sha256(what.encode()).digest()[:6])


def _open_bot(sandbox: Sandbox, name: str) -> Row:
    sql = "SELECT * FROM discord_bots WHERE name = ?"
    row = sandbox.books.one(sql, name)
    if row is None:
        ident = _ident(sandbox, name)
        head = base64.b64encode(str(ident).encode()).decode().rstrip("=")
        token = f"{head}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"
        sandbox.books.insert("discord_bots", id=ident, name=name, token=token)
        row = sandbox.books.one(sql, name)
    assert row is not None  # noqa: S101 - just inserted
    return row


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    earlier = sandbox.books.all("SELECT content FROM discord_versions WHERE id = ? ORDER BY n", row["id"])
    return {
        "cursor": str(row["id"]),
        "id": str(row["id"]),
        "account": row["name"],
        "text": row["content"],
        "language": None,
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": str(row["reply_to"]) if row["reply_to"] else None,
        "media": json.loads(row["files"]),
        "nonce": row["nonce"],
        "by_webhook": bool(row["hook"]),
        "url": f"{sandbox.base_url}/discord/channels/{row['guild']}/{row['channel']}/{row['id']}",
        "edits": len(earlier),
        "versions": [each["content"] for each in earlier] + [row["content"]],
        "deleted": row["deleted_at"] is not None,
    }


ROOMS = Discord()
