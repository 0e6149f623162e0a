"""Telegram's rooms, as the sandbox takes them in."""

import hashlib
import inspect
import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox
from campaign.sandbox.telegram import chats, messages, pages, updates
from campaign.sandbox.telegram.asking import Refusal, answer, asking, bot_of, channel_named, refused

_TITLES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}
# How chat_id stands in a body of any form: JSON, form, multipart.
_CHAT = re.compile(rb'(?:"chat_id"\s*:\s*"?|chat_id=|name="chat_id"\r\n(?:[^\r\n]+\r\n)*\r\n)((?:@|%40)?[-\w]{1,40})')
METHODS: Mapping[str, Any] = {
    "getme": chats.get_me,
    "getchat": chats.get_chat,
    "getchatmember": chats.get_chat_member,
    "getchatmembercount": chats.get_chat_member_count,
    "leavechat": chats.leave_chat,
    "sendmessage": messages.send_message,
    "sendphoto": messages.send_photo,
    "sendvideo": messages.send_video,
    "sendmediagroup": messages.send_media_group,
    "editmessagetext": messages.edit_message_text,
    "editmessagecaption": messages.edit_message_caption,
    "deletemessage": messages.delete_message,
    "deletemessages": messages.delete_messages,
    "getupdates": updates.get_updates,
    "getwebhookinfo": updates.get_webhook_info,
    "setwebhook": updates.set_webhook,
    "deletewebhook": updates.delete_webhook,
}


async def call(request: Request) -> Response:
    """Call a method; its name may be written in any case."""
    ask = await asking(request)
    method = METHODS.get(str(request.path_params["method"]).lower())
    if method is None:
        raise Refusal(404, "Not Found: method not found")
    result = method(ask)
    return answer(await result if inspect.isawaitable(result) else result)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return refused(error.status, error.description, error.parameters)


class Telegram(Rooms):
    """The rooms under /bot<token>. An account is a channel; those of one name's first part share their bots."""

    name: ClassVar[str] = "telegram"
    prefixes: ClassVar[tuple[str, ...]] = ("/bot",)
    server: ClassVar[bytes] = b"nginx"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS telegram_bots (
  id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, title TEXT NOT NULL, token TEXT NOT NULL UNIQUE,
  allowed TEXT NOT NULL DEFAULT '[]', webhook TEXT NOT NULL DEFAULT '', last_update INTEGER, counted_at INTEGER);
CREATE TABLE IF NOT EXISTS telegram_channels (
  id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, title TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS telegram_admins (
  channel INTEGER NOT NULL, bot INTEGER NOT NULL, posts INTEGER NOT NULL, kicked INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (channel, bot));
CREATE TABLE IF NOT EXISTS telegram_messages (
  seq INTEGER PRIMARY KEY, channel INTEGER NOT NULL, id INTEGER NOT NULL, head INTEGER NOT NULL, bot INTEGER NOT NULL,
  text TEXT NOT NULL, file TEXT, album TEXT, reply_to INTEGER, preview TEXT, growth TEXT NOT NULL,
  created_at INTEGER NOT NULL, edited_at INTEGER, deleted_at INTEGER, UNIQUE (channel, id));
CREATE TABLE IF NOT EXISTS telegram_versions (
  channel INTEGER NOT NULL, id INTEGER NOT NULL, n INTEGER NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (channel, id, n));
CREATE TABLE IF NOT EXISTS telegram_updates (
  bot INTEGER NOT NULL, id INTEGER NOT NULL, told TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (bot, id));
CREATE TABLE IF NOT EXISTS telegram_reacted (
  bot INTEGER NOT NULL, channel INTEGER NOT NULL, message INTEGER NOT NULL, total INTEGER NOT NULL,
  PRIMARY KEY (bot, channel, message));
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/bot{token}/{method}", call, methods=["GET", "POST"]),
        *pages.ROUTES,
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        """Return the channel that is spoken of, else the bot itself: many channels share a bot."""
        bot = bot_of(sandbox, scope["path"])
        if bot is None:
            return Caller()
        told = _CHAT.search(scope["query_string"]) or _CHAT.search(scope.get("sandbox.body", b""))
        channel = channel_named(sandbox, told[1].decode().replace("%40", "@")) if told else None
        return Caller(channel["username"] if channel else bot["username"], bot["token"])

    def route(self, path: str) -> str:
        method = path.rpartition("/")[2]
        return f"/bot{{token}}/{method}" if method.lower() in METHODS else "(page)"

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        wait = math.ceil(standing.resets_in) if standing else 1
        response = {
            "throttled": refused(429, f"Too Many Requests: retry after {wait}", {"retry_after": wait}),
            "internal": refused(500, "Internal Server Error"),
            "temporary": refused(503, "Service Unavailable"),
            "expired": refused(401, "Unauthorized"),
        }[kind]
        headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
        return Answer(response.status_code, headers, bytearray(response.body))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open a channel with its bot and its watcher; `rights` may be none, or one of posts, watches."""
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        family = told.get("bot") or name.partition("_")[0]
        bot, watcher = _bot(sandbox, f"{family}_bot"), _bot(sandbox, f"{family}_watch_bot")
        if books.one("SELECT * FROM telegram_channels WHERE username = ?", name) is None:
            digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
            title = told.get("display_name") or _TITLES.get(name, name)
            ident, now = -1_000_000_000_000 - 1_000_000_000 - digest, sandbox.clock.milliseconds()
            books.insert("telegram_channels", id=ident, username=name, title=title, created_at=now)
            rights = told.get("rights", "posts watches")
            if "posts" in rights:
                books.insert("telegram_admins", channel=ident, bot=bot["id"], posts=1)
            if "watches" in rights:
                books.insert("telegram_admins", channel=ident, bot=watcher["id"], posts=0)
        return {"name": name, "token": bot["token"], "channel": f"@{name}", "watcher": watcher["token"]}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        seq = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        rows = sandbox.books.all(
            "SELECT m.*, c.username FROM telegram_messages m JOIN telegram_channels c ON c.id = m.channel"
            " WHERE m.head = m.id AND m.seq > ? AND (? IS NULL OR c.username = ?) ORDER BY m.seq LIMIT ?",
            seq,
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        """The ident is CHANNEL/ID: each channel counts its own messages."""
        username, _, number = ident.rpartition("/")
        head = number.partition("+")[0]
        channel = channel_named(sandbox, f"@{username}")
        if channel is None or not head.isdecimal() or len(head) > 18:
            return None
        sql = "SELECT * FROM telegram_messages WHERE channel = ? AND id = ?"
        row = sandbox.books.one(sql, channel["id"], int(head))
        return {"reactions": updates.reactions(sandbox, row, at)} if row is not None else None


def _bot(sandbox: Sandbox, username: str) -> Row:
    sql = "SELECT * FROM telegram_bots WHERE username = ?"
    row = sandbox.books.one(sql, username)
    if row is None:
        ident = 7_000_000_000 + int.from_bytes(hashlib.sha256(username.encode()).digest()[:3])
        token = f"{ident}:AA{secrets.token_urlsafe(32)[:33]}"
        sandbox.books.insert("telegram_bots", id=ident, username=username, title=username, token=token)
        row = sandbox.books.one(sql, username)
    assert row is not None  # noqa: S101 - just inserted
    return row


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    books = sandbox.books
    pieces = books.all(
        "SELECT * FROM telegram_messages WHERE channel = ? AND head = ? ORDER BY id", row["channel"], row["id"]
    )
    parent = None
    if row["reply_to"]:
        sql = "SELECT id FROM telegram_messages WHERE channel = ? AND head = ? ORDER BY id"
        parent = "+".join(str(each["id"]) for each in books.all(sql, row["channel"], row["reply_to"]))
    files = [json.loads(piece["file"]) for piece in pieces if piece["file"]]
    sql = "SELECT text FROM telegram_versions WHERE channel = ? AND id = ? ORDER BY n"
    versions = [each["text"] for each in books.all(sql, row["channel"], row["id"])] + [row["text"]]
    return {
        "cursor": str(row["seq"]),
        "id": "+".join(str(piece["id"]) for piece in pieces),
        "account": row["username"],
        "text": row["text"],
        "language": None,
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": parent,
        "media": [
            {name: file[name] for name in ("sha256", "mime", "width", "height", "seconds")}
            | {"description": None, "cover": file.get("cover")}
            for file in files
        ],
        "url": f"{sandbox.base_url}/t/{row['username']}/{row['id']}",
        "edits": len(versions) - 1,
        "versions": versions,
        "deleted": row["deleted_at"] is not None,
        "deleted_at": None if row["deleted_at"] is None else iso(row["deleted_at"]),
    }


ROOMS = Telegram()
