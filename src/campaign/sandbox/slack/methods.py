"""The methods of the Web API: messages, channels, files."""

import html
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.slack.refusals import Refusal
from campaign.sandbox.state import Sandbox

TRUNCATED, UPDATED, MAX_ALT = 40_000, 4_000, 1_000  # characters
_URL = re.compile(r"(?<![<|])https?://[^\s<>]+")
_EMOJI = {"🕊️": ":dove_of_peace:", "🕊": ":dove_of_peace:"}  # one of those that Slack tells by their names


@dataclass(slots=True)
class Asking:
    """One call: whose token, and its fields, which come as a form or as JSON."""

    sandbox: Sandbox
    request: Request
    bot: Row
    fields: Mapping[str, Any]
    now: int  # the platform's time, milliseconds

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return "" if value is None or isinstance(value, dict | list) else str(value)

    def json(self, name: str) -> Any:
        value = self.fields.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise Refusal("invalid_arguments") from None

    def number(self, name: str, default: int) -> int:
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else default

    def needs(self, scope: str) -> None:
        scopes = self.bot["scopes"]
        if scope not in scopes.split(","):
            raise Refusal("missing_scope", needed=scope, provided=scopes)

    def channel(self, name: str = "channel", *, writes: bool = False) -> Row:
        row = self.sandbox.books.one("SELECT * FROM slack_channels WHERE id = ?", self.text(name))
        if row is None:
            raise Refusal("channel_not_found")
        if writes and not is_member(self.sandbox, row, self.bot):
            raise Refusal("not_in_channel")
        if writes and row["archived"]:
            raise Refusal("is_archived")
        return row

    def message(self, channel: Row, ts: str) -> Row | None:
        sql = "SELECT * FROM slack_messages WHERE channel = ? AND ts = ? AND deleted_at IS NULL"
        return self.sandbox.books.one(sql, channel["id"], ts)


def is_member(sandbox: Sandbox, channel: Row, bot: Row) -> bool:
    sql = "SELECT 1 FROM slack_members WHERE channel = ? AND bot = ?"
    return sandbox.books.one(sql, channel["id"], bot["id"]) is not None


def auth_test(ask: Asking) -> dict[str, Any]:
    bot = ask.bot
    told = {"url": f"{ask.sandbox.base_url}/slack/", "team": "Eurasia", "team_id": "T0EURASIA", "user": bot["name"]}
    return {**told, "user_id": bot["id"], "bot_id": f"B{bot['id'][1:]}", "is_enterprise_install": False}


def conversations_info(ask: Asking) -> dict[str, Any]:
    ask.needs("channels:read")
    row = ask.channel()
    told = {"id": row["id"], "name": row["title"], "is_channel": True, "is_private": False}
    return {
        "channel": {**told, "is_archived": bool(row["archived"]), "is_member": is_member(ask.sandbox, row, ask.bot)}
    }


def post_message(ask: Asking) -> dict[str, Any]:
    ask.needs("chat:write")
    channel, text = ask.channel(writes=True), ask.text("text")[:TRUNCATED]
    if not text.strip():
        raise Refusal("no_text")
    row = add(ask, channel, text, thread=_thread(ask, channel), metadata=_metadata(ask))
    return {"channel": channel["id"], "ts": row["ts"], "message": entity(ask.sandbox, row, metadata=True)}


def update(ask: Asking) -> dict[str, Any]:
    ask.needs("chat:write")
    channel, text = ask.channel(writes=True), ask.text("text")
    row = ask.message(channel, ask.text("ts"))
    if row is None:
        raise Refusal("message_not_found")
    if row["author"] != ask.bot["id"]:
        raise Refusal("cant_update_message")
    if not text.strip():
        raise Refusal("no_text")
    if len(text) > UPDATED:
        raise Refusal("msg_too_long")
    books, metadata = ask.sandbox.books, _metadata(ask) or row["metadata"]
    n = books.number("SELECT count(*) FROM slack_versions WHERE channel = ? AND ts = ?", channel["id"], row["ts"])
    books.insert("slack_versions", channel=channel["id"], ts=row["ts"], n=n, text=row["text"])
    sql = "UPDATE slack_messages SET text = ?, metadata = ?, edited_at = ? WHERE channel = ? AND ts = ?"
    books.do(sql, text, metadata, ask.now, channel["id"], row["ts"])
    fresh = ask.message(channel, row["ts"])
    assert fresh is not None  # noqa: S101 - just updated
    return {"channel": channel["id"], "ts": row["ts"], "text": text, "message": entity(ask.sandbox, fresh)}


def delete(ask: Asking) -> dict[str, Any]:
    ask.needs("chat:write")
    channel = ask.channel(writes=True)
    row = ask.message(channel, ask.text("ts"))
    if row is None:
        raise Refusal("message_not_found")
    if row["author"] != ask.bot["id"]:
        raise Refusal("cant_delete_message")
    sql = "UPDATE slack_messages SET deleted_at = ? WHERE channel = ? AND ts = ?"
    ask.sandbox.books.do(sql, ask.now, channel["id"], row["ts"])
    return {"channel": channel["id"], "ts": row["ts"]}


def history(ask: Asking) -> dict[str, Any]:
    """Return what stands in the channel itself, the latest first; answers stand in their threads."""
    ask.needs("channels:history")
    channel = ask.channel()
    if not is_member(ask.sandbox, channel, ask.bot):
        raise Refusal("not_in_channel")
    return _page(ask, channel, "thread IS NULL", (), "DESC")


def replies(ask: Asking) -> dict[str, Any]:
    """Return a thread, the message that began it first; of an answer's ts, that answer alone."""
    ask.needs("channels:history")
    channel, ts = ask.channel(), ask.text("ts")
    row = ask.message(channel, ts)
    if row is None:
        raise Refusal("thread_not_found")
    if row["thread"]:
        return {"messages": [entity(ask.sandbox, row, metadata=_told(ask))], "has_more": False}
    page = _page(ask, channel, "(ts = ? OR thread = ?)", (ts, ts), "ASC")
    if ts not in {message["ts"] for message in page["messages"]} and not ask.text("cursor"):
        page["messages"].insert(0, entity(ask.sandbox, row, metadata=_told(ask)))
    return page


def _page(ask: Asking, channel: Row, where: str, values: tuple[Any, ...], order: str) -> dict[str, Any]:
    oldest, latest = _ts(ask.text("oldest")), _ts(ask.text("latest")) or "9"
    marks = (">=", "<=") if ask.text("inclusive").lower() in ("true", "1") else (">", "<")
    limit, cursor = min(ask.number("limit", 100), 999), ask.text("cursor")
    if cursor and not cursor.startswith("after:"):
        raise Refusal("invalid_cursor")
    sql = f"SELECT * FROM slack_messages WHERE channel = ? AND deleted_at IS NULL AND {where}"  # noqa: S608
    sql += f" AND ts {marks[0]} ? AND ts {marks[1]} ?"
    found: list[Any] = [channel["id"], *values, oldest, latest]
    lag = _lag(ask, channel)
    if lag:
        sql += " AND NOT (boot = ? AND accepted > ?)"
        found += [BOOT, time.monotonic() - lag]
    if cursor:
        sql += f" AND ts {'<' if order == 'DESC' else '>'} ?"
        found.append(cursor.removeprefix("after:"))
    rows = ask.sandbox.books.all(f"{sql} ORDER BY ts {order} LIMIT ?", *found, limit + 1)
    more = len(rows) > limit
    told: dict[str, Any] = {"messages": [entity(ask.sandbox, row, metadata=_told(ask)) for row in rows[:limit]]}
    told["has_more"] = more
    told["response_metadata"] = {"next_cursor": f"after:{rows[limit - 1]['ts']}" if more else ""}
    return told


def get_upload_url(ask: Asking) -> dict[str, Any]:
    ask.needs("files:write")
    length = ask.text("length")
    if not (length.isascii() and length.isdigit()) or not ask.text("filename"):
        raise Refusal("invalid_arguments")
    if len(ask.text("alt_txt")) > MAX_ALT:
        raise Refusal("alt_txt_too_large")
    ident, place = f"F{secrets.token_hex(5).upper()}", secrets.token_urlsafe(24)
    ask.sandbox.books.insert(
        "slack_files", id=ident, place=place, author=ask.bot["id"], name=ask.text("filename"),
        alt=ask.text("alt_txt"), length=int(length),
    )  # fmt: skip
    return {"file_id": ident, "upload_url": f"{ask.sandbox.base_url}/slack/upload/v1/{place}"}


def complete_upload(ask: Asking) -> dict[str, Any]:
    """Share what was uploaded. The message is there at once; the answer does not name it yet, as on the real server."""
    ask.needs("files:write")
    given, books = ask.json("files"), ask.sandbox.books
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        raise Refusal("invalid_arguments")
    files = [books.one("SELECT * FROM slack_files WHERE id = ?", str(each.get("id"))) for each in given]
    if not all(file is not None and file["sha256"] and file["author"] == ask.bot["id"] for file in files):
        raise Refusal("file_not_found")
    ids = [file["id"] for file in files if file is not None]
    if ask.text("channel_id"):
        channel = ask.channel("channel_id", writes=True)
        comment = ask.text("initial_comment")[:TRUNCATED]
        row = add(ask, channel, comment, thread=_thread(ask, channel), files=ids)
        for ident in ids:
            books.insert("slack_shares", file=ident, channel=channel["id"], ts=row["ts"])
    for ident in ids:
        books.do("UPDATE slack_files SET completed = 1 WHERE id = ?", ident)
    return {"files": [{"id": ident, "title": ""} for ident in ids]}


def file_info(ask: Asking) -> dict[str, Any]:
    ask.needs("files:read")
    row = ask.sandbox.books.one("SELECT * FROM slack_files WHERE id = ? AND completed = 1", ask.text("file"))
    if row is None:
        raise Refusal("file_not_found")
    if row["deleted"]:
        raise Refusal("file_deleted")
    shares: dict[str, list[dict[str, Any]]] = {}
    sql = (
        "SELECT s.*, m.accepted, m.boot FROM slack_shares s JOIN slack_messages m USING (channel, ts) WHERE s.file = ?"
    )
    for share in ask.sandbox.books.all(sql, row["id"]):
        channel = ask.sandbox.books.one("SELECT * FROM slack_channels WHERE id = ?", share["channel"])
        assert channel is not None  # noqa: S101 - shares are in channels
        if share["boot"] != BOOT or time.monotonic() - share["accepted"] >= _lag(ask, channel):
            shares.setdefault(share["channel"], []).append({"ts": share["ts"], "reply_users": []})
    return {"file": {**file_entity(ask.sandbox, row), "shares": {"public": shares} if shares else {}}}


def file_delete(ask: Asking) -> dict[str, Any]:
    ask.needs("files:write")
    row = ask.sandbox.books.one("SELECT * FROM slack_files WHERE id = ?", ask.text("file"))
    if row is None:
        raise Refusal("file_not_found")
    if row["deleted"]:
        raise Refusal("file_deleted")
    if row["author"] != ask.bot["id"]:
        raise Refusal("cant_delete_file")
    ask.sandbox.books.do("UPDATE slack_files SET deleted = 1 WHERE id = ?", row["id"])
    return {}


METHODS: Mapping[str, Callable[[Asking], dict[str, Any]]] = {
    "auth.test": auth_test,
    "conversations.info": conversations_info,
    "conversations.history": history,
    "conversations.replies": replies,
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": file_info,
    "files.delete": file_delete,
}


def add(
    ask: Any, channel: Row, text: str, *, thread: str | None = None, metadata: str | None = None, files: Any = ()
) -> Row:
    """Keep a message. `ask`: a call, or whatever else has sandbox, bot and now."""
    sandbox, author = ask.sandbox, ask.bot["id"]
    books = sandbox.books
    low = ask.now * 1000
    last = books.one("SELECT max(ts) AS ts FROM slack_messages WHERE channel = ?", channel["id"])
    number = int(str(last["ts"]).replace(".", "")) if last is not None and last["ts"] else 0
    stamp = max(low + 100, number + 1)
    ts = f"{stamp // 10**6}.{stamp % 10**6:06d}"
    books.insert(
        "slack_messages",
        channel=channel["id"],
        ts=ts,
        author=author,
        text=text,
        thread=thread,
        metadata=metadata,
        files=json.dumps(list(files)),
        growth=engagement.fingerprint(channel["name"], text),
        created_at=ask.now,
        accepted=time.monotonic(),
        boot=BOOT,
    )
    row = books.one("SELECT * FROM slack_messages WHERE channel = ? AND ts = ?", channel["id"], ts)
    assert row is not None  # noqa: S101 - just inserted
    found: Row = row
    return found


def reactions(sandbox: Sandbox, row: Row, at: int) -> int:
    return engagement.count(sandbox.seed, row["growth"], "favourites", (at - row["created_at"]) / 1000)


def plain(text: str) -> str:
    """Return a text as its author wrote it: the three characters are not escaped any more."""
    return html.unescape(text)


def entity(sandbox: Sandbox, row: Row, *, metadata: bool = False) -> dict[str, Any]:
    """Return a message as Slack tells it: links are marked, some emoji have become names."""
    text = _URL.sub(lambda match: f"<{match[0]}>", row["text"])
    for sign, name in _EMOJI.items():
        text = text.replace(sign, name)
    author = row["author"]
    told: dict[str, Any] = {"type": "message", "ts": row["ts"], "text": text, "team": "T0EURASIA"}
    bot = sandbox.books.one("SELECT * FROM slack_bots WHERE id = ?", author)
    if bot is None:
        told |= {"subtype": "bot_message", "bot_id": author, "username": "incoming-webhook"}
    else:
        told |= {"user": author, "bot_id": f"B{author[1:]}", "user_profile": {"display_name": bot["name"]}}
    if row["thread"]:
        told["thread_ts"] = row["thread"]
    if row["edited_at"]:
        told["edited"] = {"user": author, "ts": f"{row['edited_at'] // 1000}.000000"}
    if metadata and row["metadata"]:
        told["metadata"] = json.loads(row["metadata"])
    if ids := json.loads(row["files"]):
        files = [sandbox.books.one("SELECT * FROM slack_files WHERE id = ?", ident) for ident in ids]
        told["files"] = [file_entity(sandbox, file) for file in files if file is not None]
    if count := reactions(sandbox, row, sandbox.clock.milliseconds()):
        told["reactions"] = [{"name": "heart", "count": count, "users": []}]
    sql = "SELECT count(*) FROM slack_messages WHERE channel = ? AND thread = ? AND deleted_at IS NULL"
    if answers := sandbox.books.number(sql, row["channel"], row["ts"]):
        told |= {"reply_count": answers, "thread_ts": row["ts"]}
    return told


def file_entity(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    if row["deleted"]:
        return {"id": row["id"], "mode": "tombstone"}
    url = f"{sandbox.base_url}/slack/files/{row['id']}"
    told = {"id": row["id"], "name": row["name"], "title": row["name"], "mimetype": row["mime"], "size": row["length"]}
    return {
        **told,
        "user": row["author"],
        "alt_txt": row["alt"],
        "mode": "hosted",
        "permalink": url,
        "url_private": url,
    }


def _thread(ask: Asking, channel: Row) -> str | None:
    """Return the ts of the message that began the thread."""
    ts = ask.text("thread_ts")
    if not ts:
        return None
    row = ask.message(channel, ts)
    if row is None:
        raise Refusal("thread_not_found")
    return str(row["thread"] or row["ts"])


def _metadata(ask: Asking) -> str | None:
    told = ask.json("metadata")
    if told is None:
        return None
    if not isinstance(told, dict) or not told.get("event_type") or not isinstance(told.get("event_payload"), dict):
        raise Refusal("invalid_metadata_format")
    return json.dumps(told)


def _told(ask: Asking) -> bool:
    return ask.text("include_all_metadata").lower() in ("true", "1") and "metadata.message:read" in ask.bot["scopes"]


def _lag(ask: Asking, channel: Row) -> float:
    fault = ask.sandbox.faults.standing("lagging_list", ask.request.method, ask.request.url.path, channel["name"])
    if fault is None:
        return 0.0
    fault.hits += 1
    return float(fault.args.get("seconds", 3))


def _ts(text: str) -> str:
    return text if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text) else ""
