"""Updates: what a bot is told about channels where it is an administrator, and never about what it posted itself."""

import asyncio
import json
from typing import Any

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.state import Sandbox
from campaign.sandbox.telegram import entities
from campaign.sandbox.telegram.asking import Asking, Refusal, bad

MEMORY = 24 * 3600 * 1000  # milliseconds of the platform's time; then an update is forgotten
# Told only to a bot that asked: https://core.telegram.org/bots/api#getupdates
ON_REQUEST = ("chat_member", "message_reaction", "message_reaction_count")
_OTHER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_HOOKED = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


def tell(sandbox: Sandbox, row: Row, kind: str, now: int) -> None:
    """Tell every other administrator of the channel about a post or its edit."""
    for bot in _watching(sandbox, row["channel"]):
        if bot["id"] != row["bot"] and _wants(bot, kind):
            _put(sandbox, bot["id"], {kind: entities.message(sandbox, row)}, now)


async def get_updates(ask: Asking) -> Any:
    """The offset forgets what came before it; a second caller ends the first one's waiting."""
    books, bot = ask.sandbox.books, ask.bot
    if bot["webhook"]:
        raise Refusal(409, _HOOKED)
    allowed = ask.json("allowed_updates")
    if isinstance(allowed, list):
        told = json.dumps([str(each) for each in allowed][:50])
        books.do("UPDATE telegram_bots SET allowed = ? WHERE id = ?", told, bot["id"])
        bot = books.one("SELECT * FROM telegram_bots WHERE id = ?", bot["id"]) or bot
    offset, limit = ask.number("offset"), ask.number("limit", 100)
    books.do("DELETE FROM telegram_updates WHERE bot = ? AND at < ?", bot["id"], ask.now - MEMORY)
    if offset > 0:
        books.do("DELETE FROM telegram_updates WHERE bot = ? AND id < ?", bot["id"], offset)
    elif offset < 0:
        kept = "SELECT id FROM telegram_updates WHERE bot = ? ORDER BY id DESC LIMIT ?"
        books.do(f"DELETE FROM telegram_updates WHERE bot = ? AND id NOT IN ({kept})", bot["id"], bot["id"], -offset)  # noqa: S608
    waiting: dict[int, asyncio.Event] = ask.request.app.state.__dict__.setdefault("telegram_waiting", {})
    if bot["id"] in waiting:
        waiting.pop(bot["id"]).set()
    _count_reactions(ask.sandbox, bot, ask.now)
    page = _page(ask.sandbox, bot, limit)
    seconds = min(max(ask.number("timeout"), 0), 50)
    if page or not seconds:
        return page
    ended = waiting[bot["id"]] = asyncio.Event()
    for _ in range(seconds * 10):
        try:
            await asyncio.wait_for(ended.wait(), 0.1)
        except TimeoutError:
            if page := _page(ask.sandbox, bot, limit):
                break
        else:
            raise Refusal(409, _OTHER)
    if waiting.get(bot["id"]) is ended:
        del waiting[bot["id"]]
    return page


def get_webhook_info(ask: Asking) -> Any:
    number = ask.sandbox.books.number("SELECT count(*) FROM telegram_updates WHERE bot = ?", ask.bot["id"])
    return {"url": ask.bot["webhook"], "has_custom_certificate": False, "pending_update_count": number}


def set_webhook(ask: Asking) -> Any:
    """A webhook is kept, and never called."""
    url = ask.text("url")
    if url and not url.startswith("https://"):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    ask.sandbox.books.do("UPDATE telegram_bots SET webhook = ? WHERE id = ?", url, ask.bot["id"])
    return True


def delete_webhook(ask: Asking) -> Any:
    ask.sandbox.books.do("UPDATE telegram_bots SET webhook = '' WHERE id = ?", ask.bot["id"])
    return True


def reactions(sandbox: Sandbox, row: Row, at: int) -> int:
    """Return how many reactions a message has; those of an album are on its first piece."""
    if row["head"] != row["id"]:
        return 0
    channel = sandbox.books.one("SELECT username FROM telegram_channels WHERE id = ?", row["channel"])
    language = str(channel["username"]).rpartition("_")[2] if channel else None
    age = (at - row["created_at"]) / 1000
    return engagement.count(sandbox.seed, row["growth"], "favourites", age, language=language, platform="telegram")


def _watching(sandbox: Sandbox, channel: int) -> list[Row]:
    sql = (
        "SELECT b.* FROM telegram_bots b JOIN telegram_admins a ON a.bot = b.id"
        " WHERE a.channel = ? AND NOT a.kicked ORDER BY b.id"
    )
    return sandbox.books.all(sql, channel)


def _wants(bot: Row, kind: str) -> bool:
    allowed = json.loads(bot["allowed"])
    return kind in allowed if allowed else kind not in ON_REQUEST


def _put(sandbox: Sandbox, bot: int, update: dict[str, Any], now: int) -> None:
    last = sandbox.books.number("SELECT last_update FROM telegram_bots WHERE id = ?", bot) or 300_000_000 + bot % 1000
    told = json.dumps(update, ensure_ascii=False)
    sandbox.books.insert("telegram_updates", bot=bot, id=last + 1, told=told, at=now)
    sandbox.books.do("UPDATE telegram_bots SET last_update = ? WHERE id = ?", last + 1, bot)


def _page(sandbox: Sandbox, bot: Row, limit: int) -> list[dict[str, Any]]:
    sql = "SELECT * FROM telegram_updates WHERE bot = ? ORDER BY id LIMIT ?"
    rows = sandbox.books.all(sql, bot["id"], min(max(limit, 1), 100))
    return [{"update_id": row["id"], **json.loads(row["told"])} for row in rows]


def _count_reactions(sandbox: Sandbox, bot: Row, now: int) -> None:
    """Tell what has grown since it was told last, to a bot that asked for it; once for each instant."""
    if not _wants(bot, "message_reaction_count") or bot["counted_at"] == now:
        return
    sandbox.books.do("UPDATE telegram_bots SET counted_at = ? WHERE id = ?", now, bot["id"])
    rows = sandbox.books.all(
        "SELECT m.*, c.username FROM telegram_messages m JOIN telegram_channels c ON c.id = m.channel"
        " JOIN telegram_admins a ON a.channel = m.channel AND a.bot = ?"
        " WHERE m.deleted_at IS NULL AND m.head = m.id AND NOT a.kicked",
        bot["id"],
    )
    for row in rows:
        total = reactions(sandbox, row, now)
        told = "SELECT total FROM telegram_reacted WHERE bot = ? AND channel = ? AND message = ?"
        if total == sandbox.books.number(told, bot["id"], row["channel"], row["id"]):
            continue
        if sandbox.faults.missing(str(row["id"]), str(row["username"])):
            continue
        keys = (bot["id"], row["channel"], row["id"])
        sandbox.books.do("INSERT OR REPLACE INTO telegram_reacted VALUES (?, ?, ?, ?)", *keys, total)
        hearts = total // 3
        counts = [
            {"type": {"type": "emoji", "emoji": emoji}, "total_count": number}
            for emoji, number in (("👍", total - hearts), ("❤", hearts))
            if number
        ]
        chat = entities.message(sandbox, row)["chat"]
        update = {"chat": chat, "message_id": row["id"], "date": now // 1000, "reactions": counts}
        _put(sandbox, bot["id"], {"message_reaction_count": update}, now)
