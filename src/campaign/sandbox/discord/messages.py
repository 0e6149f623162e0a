"""Messages: made, listed, shown, edited, deleted, by a bot or by a webhook."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT, from_ms
from campaign.sandbox.discord.refusals import Refusal, too_long
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, Upload, read_params

EPOCH = 1_420_070_400_000
MAX_CONTENT, MAX_FILES, MAX_FILE, MAX_ALT, MAX_NONCE = 2000, 10, 10_485_760, 1024, 25
NONCE_SECONDS = 180.0  # "the past few minutes"
VIEW, HISTORY, SEND, ATTACH = 1 << 10, 1 << 16, 1 << 11, 1 << 15
RIGHTS = {"posts": VIEW | SEND | ATTACH, "reads": VIEW | HISTORY}


@dataclass(slots=True)
class Asking:
    """One call: who asks, in which channel, and what the body says."""

    sandbox: Sandbox
    request: Request
    channel: Row
    bot: Row | None  # None: it is a webhook
    hook: Row | None
    body: Mapping[str, Any]
    files: Mapping[int, Upload]

    @property
    def author(self) -> int:
        author = self.hook or self.bot
        assert author is not None  # noqa: S101 - one of them asks
        return int(author["id"])

    def demand(self, bits: int) -> None:
        """Refuse what the bot may not do; who may not even see the channel is told less."""
        if self.bot is None:
            return
        may = rights_of(self.sandbox, self.channel["id"], self.bot["id"])
        if not may & VIEW:
            raise Refusal("access")
        if may & bits != bits:
            raise Refusal("permissions")


def rights_of(sandbox: Sandbox, channel: int, bot: int) -> int:
    sql = "SELECT allow FROM discord_rights WHERE channel = ? AND bot = ?"
    return sandbox.books.number(sql, channel, bot)


async def body_of(request: Request) -> tuple[Mapping[str, Any], dict[int, Upload]]:
    """Return the JSON of a body, and its files by number. https://discord.com/developers/docs/reference#uploading-files"""
    raw, kind = await request.body(), request.headers.get("content-type", "")
    if not raw:
        return {}, {}
    try:
        params = read_params(b"", kind, raw)
        told = json.loads(params["payload_json"]) if "payload_json" in params else params
    except (Unreadable, ValueError, RecursionError, TypeError):
        raise Refusal("json") from None
    named = params.get("files")
    files = named if isinstance(named, dict) and "multipart" in kind else {}
    uploads = {int(n): file for n, file in files.items() if n.isascii() and n.isdigit() and isinstance(file, Upload)}
    if not isinstance(told, dict):
        raise Refusal("json")
    return told, uploads


def create(ask: Asking) -> dict[str, Any]:
    """Make a message; a nonce that the same author used a moment ago gives that first message once more."""
    ask.demand(SEND | (ATTACH if ask.files else 0))
    told, books = ask.body, ask.sandbox.books
    content, nonce = _content(told), told.get("nonce")
    if nonce is not None and len(str(nonce)) > MAX_NONCE:
        raise Refusal("form", nonce=too_long(MAX_NONCE))
    files = _files(ask)
    if not content.strip() and not files:
        raise Refusal("empty")
    reference = told.get("message_reference")
    parent: int | None = None
    if isinstance(reference, dict) and ask.hook is None:  # a webhook has no such field
        parent = _number(reference.get("message_id"))
        if found(ask.sandbox, ask.channel["id"], parent) is None:
            if reference.get("fail_if_not_exists", True):
                raise Refusal("form", message_reference=("REPLIES_UNKNOWN_MESSAGE", "Unknown message"))
            parent = None
    path = ask.request.url.path
    if ask.bot is not None and nonce is not None and told.get("enforce_nonce") is True:
        standing = ask.sandbox.faults.standing("ignore_key", "POST", path, ask.channel["name"])
        sql = "SELECT * FROM discord_messages WHERE author = ? AND nonce = ? AND boot = ? AND accepted > ? ORDER BY id"
        first = books.one(sql, ask.author, str(nonce), BOOT, time.monotonic() - NONCE_SECONDS)
        if standing is not None:
            standing.hits += 1
        elif first is not None:
            return entity(ask.sandbox, first, nonce=True)
    now = ask.sandbox.clock.milliseconds()
    low = (now - EPOCH) << 22
    last = books.number("SELECT max(id) FROM discord_messages WHERE id >= ? AND id < ?", low, low + (1 << 22))
    ident = last + 1 if last else low + 1
    books.insert(
        "discord_messages",
        id=ident,
        channel=ask.channel["id"],
        author=ask.author,
        hook=int(ask.hook is not None),
        nonce=None if nonce is None else str(nonce),
        content=content,
        files=json.dumps(files),
        reply_to=parent,
        growth=engagement.fingerprint(ask.channel["name"], content),
        created_at=now,
        accepted=time.monotonic(),
        boot=BOOT,
    )
    row = found(ask.sandbox, ask.channel["id"], ident)
    assert row is not None  # noqa: S101 - just inserted
    return entity(ask.sandbox, row, nonce=True)


def edit(ask: Asking, ident: int) -> dict[str, Any]:
    """Replace content and, where `attachments` is given, which files stay and their descriptions."""
    row = _own(ask, ident)
    content = _content(ask.body) if "content" in ask.body else row["content"]
    files = json.loads(row["files"])
    kept = ask.body.get("attachments")
    if isinstance(kept, list):
        told = {_number(each.get("id")): each for each in kept if isinstance(each, dict)}
        files = [file for file in files if file["id"] in told]
        for n, file in enumerate(files):
            file["description"] = _alt(told[file["id"]].get("description", file["description"]), n)
    if not content.strip() and not files:
        raise Refusal("empty")
    books = ask.sandbox.books
    n = books.number("SELECT count(*) FROM discord_versions WHERE id = ?", ident)
    books.insert("discord_versions", id=ident, n=n, content=row["content"])
    sql = "UPDATE discord_messages SET content = ?, files = ?, edited_at = ? WHERE id = ?"
    books.do(sql, content, json.dumps(files), ask.sandbox.clock.milliseconds(), ident)
    fresh = found(ask.sandbox, ask.channel["id"], ident)
    assert fresh is not None  # noqa: S101 - just updated
    return entity(ask.sandbox, fresh)


def delete(ask: Asking, ident: int) -> None:
    row = _own(ask, ident)
    now = ask.sandbox.clock.milliseconds()
    ask.sandbox.books.do("UPDATE discord_messages SET deleted_at = ? WHERE id = ?", now, row["id"])


def show(ask: Asking, ident: int) -> dict[str, Any]:
    """Show one message: a webhook only its own, a bot only where it may read the history."""
    if ask.hook is not None:
        return entity(ask.sandbox, _own(ask, ident))
    ask.demand(HISTORY)
    row = found(ask.sandbox, ask.channel["id"], ident)
    if row is None:
        raise Refusal("message")
    return _as_seen(ask, row)


def listed(ask: Asking) -> list[dict[str, Any]]:
    """Return at most `limit` messages, the latest first; after an id: those that follow it.

    Who may not read the history is shown nothing, and no refusal.
    """
    ask.demand(VIEW)
    asked, sandbox = ask.request.query_params, ask.sandbox
    limit = _number(asked.get("limit")) or 50
    if limit > 100:
        words = "int value should be less than or equal to 100."
        raise Refusal("form", limit=("NUMBER_TYPE_MAX", words))
    if ask.bot is not None and not rights_of(sandbox, ask.channel["id"], ask.bot["id"]) & HISTORY:
        return []
    sql = "SELECT * FROM discord_messages WHERE channel = ? AND deleted_at IS NULL"
    values: list[Any] = [ask.channel["id"]]
    lagging = sandbox.faults.standing("lagging_list", "GET", ask.request.url.path, ask.channel["name"])
    if lagging is not None:
        lagging.hits += 1
        sql += " AND NOT (boot = ? AND accepted > ?)"
        values += [BOOT, time.monotonic() - float(lagging.args.get("seconds", 3))]
    if "after" in asked:
        sql += " AND id > ? ORDER BY id ASC"
        values.append(_number(asked["after"]))
    elif "before" in asked:
        sql += " AND id < ? ORDER BY id DESC"
        values.append(_number(asked["before"]))
    else:
        sql += " ORDER BY id DESC"
    rows = sandbox.books.all(f"{sql} LIMIT ?", *values, limit)
    return [_as_seen(ask, row) for row in sorted(rows, key=lambda row: -row["id"])]


def found(sandbox: Sandbox, channel: int, ident: int) -> Row | None:
    """Return a message that was not deleted."""
    sql = "SELECT * FROM discord_messages WHERE channel = ? AND id = ? AND deleted_at IS NULL"
    return sandbox.books.one(sql, channel, ident)


def reactions(sandbox: Sandbox, row: Row, at: int) -> int:
    return engagement.count(sandbox.seed, row["growth"], "favourites", (at - row["created_at"]) / 1000)


def entity(sandbox: Sandbox, row: Row, *, nonce: bool = False) -> dict[str, Any]:
    """Return a message object. https://discord.com/developers/docs/resources/message#message-object"""
    table = "discord_hooks" if row["hook"] else "discord_bots"
    author = sandbox.books.one(f"SELECT * FROM {table} WHERE id = ?", row["author"])  # noqa: S608
    assert author is not None  # noqa: S101 - messages have authors
    base = f"{sandbox.base_url}/discord/attachments/{row['channel']}"
    told: dict[str, Any] = {
        "id": str(row["id"]),
        "channel_id": str(row["channel"]),
        "type": 19 if row["reply_to"] else 0,
        "content": row["content"],
        "author": user(author),
        "timestamp": _iso(row["created_at"]),
        "edited_timestamp": _iso(row["edited_at"]) if row["edited_at"] else None,
        "attachments": [
            {
                "id": str(file["id"]),
                "filename": file["name"],
                "description": file["description"],
                "content_type": file["mime"],
                "size": file["size"],
                "url": f"{base}/{file['sha256']}",
                "proxy_url": f"{base}/{file['sha256']}",
            }
            for file in json.loads(row["files"])
        ],
        **{name: [] for name in ("mentions", "mention_roles", "embeds", "components")},
        **dict.fromkeys(("pinned", "mention_everyone", "tts"), False),
        "flags": 0,
    }
    if row["hook"]:
        told["webhook_id"] = str(row["author"])
    if nonce and row["nonce"] is not None:
        told["nonce"] = row["nonce"]  # told to who sends; not when it is read
    if row["reply_to"]:
        told["message_reference"] = {
            "type": 0, "message_id": str(row["reply_to"]), "channel_id": str(row["channel"]),
        }  # fmt: skip
    if count := reactions(sandbox, row, sandbox.clock.milliseconds()):
        told["reactions"] = [
            {
                "emoji": {"id": None, "name": "👍"}, "count": count, "me": False, "me_burst": False,
                "count_details": {"burst": 0, "normal": count}, "burst_colors": [],
            }
        ]  # fmt: skip
    return told


def user(row: Row) -> dict[str, Any]:
    name = row["name"]
    told = {"id": str(row["id"]), "username": name, "discriminator": "0000", "global_name": None, "avatar": None}
    return {**told, "bot": True, "public_flags": 0}


def _as_seen(ask: Asking, row: Row) -> dict[str, Any]:
    """Return a message as a bot sees it: those of others are empty without the intent MESSAGE_CONTENT."""
    told = entity(ask.sandbox, row)
    if ask.bot is not None and row["author"] != ask.bot["id"] and not ask.bot["intent"]:
        told |= {"content": "", "attachments": [], "embeds": [], "components": []}
    return told


def _own(ask: Asking, ident: int) -> Row:
    ask.demand(VIEW)
    row = found(ask.sandbox, ask.channel["id"], ident)
    if row is None or (ask.hook is not None and row["author"] != ask.author):
        raise Refusal("message")
    if row["author"] != ask.author:
        raise Refusal("another's")
    return row


def _content(told: Mapping[str, Any]) -> str:
    content = told.get("content")
    if content is None:
        return ""
    if not isinstance(content, str):
        raise Refusal("form", content=("BASE_TYPE_STRING", "Could not interpret as string."))
    if len(content) > MAX_CONTENT:
        raise Refusal("form", content=too_long(MAX_CONTENT))
    return content.strip()


def _files(ask: Asking) -> list[dict[str, Any]]:
    if len(ask.files) > MAX_FILES:
        raise Refusal("form", files=("BASE_TYPE_MAX_LENGTH", f"Must be {MAX_FILES} or fewer in length."))
    told = ask.body.get("attachments")
    described = {_number(each.get("id")): each for each in told or () if isinstance(each, dict)}
    files: list[dict[str, Any]] = []
    for n, upload in sorted(ask.files.items()):
        if len(upload.content) > MAX_FILE:
            raise Refusal("too large")
        about = described.get(n, {})
        digest = ask.sandbox.books.store(upload.content)
        alt, name = _alt(about.get("description"), n), str(about.get("filename") or upload.name)
        files.append(
            {
                "id": int(digest[:14], 16) + n, "name": name, "description": alt, "mime": upload.mime,
                "size": len(upload.content), "sha256": digest,
            }
        )  # fmt: skip
    return files


def _alt(text: Any, number: int) -> str | None:
    if text is not None and len(str(text)) > MAX_ALT:
        raise Refusal("form", **{f"attachments__{number}__description": too_long(MAX_ALT)})
    return None if text is None else str(text)


def _number(value: Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _iso(milliseconds: int) -> str:
    return from_ms(milliseconds).isoformat(timespec="microseconds")
