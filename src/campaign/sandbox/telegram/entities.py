"""The objects of the Bot API, complete enough for the strictest client. https://core.telegram.org/bots/api"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from campaign.sandbox.books import Row
from campaign.sandbox.state import Sandbox

# What the server finds in a plain text by itself; offsets and lengths count UTF-16 units.
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)])|(?P<hashtag>(?<!\w)#\w+)|(?P<mention>(?<!\w)@\w{4,})"
)


def units(text: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def entities(text: str) -> list[dict[str, Any]]:
    return [
        {"type": match.lastgroup, "offset": units(text[: match.start()]), "length": units(match[0])}
        for match in _FOUND.finditer(text)
    ]


def user(bot: Row) -> dict[str, Any]:
    return {"id": bot["id"], "is_bot": True, "first_name": bot["title"], "username": bot["username"]}


def me(bot: Row) -> dict[str, Any]:
    return {
        **user(bot),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def chat(channel: Row) -> dict[str, Any]:
    return {
        "id": channel["id"],
        "title": channel["title"],
        **({"username": channel["username"]} if channel["username"] else {}),
        "type": "channel",
    }


def full_chat(sandbox: Sandbox, channel: Row) -> dict[str, Any]:
    """A real channel's link leads to t.me; here it leads to where the sandbox shows the channel."""
    return {
        **chat(channel),
        **({"active_usernames": [channel["username"]]} if channel["username"] else {}),
        "invite_link": f"{sandbox.base_url}/t/{channel['username'] or channel['id']}",
        "description": "demo / sandbox",
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
        ),
    }


def member(bot: Row, rights: Row | None) -> dict[str, Any]:
    if rights is None or rights["kicked"]:
        told = {"status": "kicked", "until_date": 0} if rights is not None else {"status": "left"}
        return {**told, "user": user(bot)}
    names = (
        "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
        "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
        "can_edit_stories", "can_delete_stories", "can_manage_direct_messages", "can_send_welcome_messages",
    )  # fmt: skip
    posts = bool(rights["posts"])
    may = dict.fromkeys(names, False) | {"can_manage_chat": True, "can_delete_messages": posts}
    return {"status": "administrator", "user": user(bot), **may, "can_post_messages": posts, "can_edit_messages": False}


def message(sandbox: Sandbox, row: Row, *, nested: bool = False) -> dict[str, Any]:
    """Return a message as it is now; the one that it answers stands inside, without one of its own."""
    channel = sandbox.books.one("SELECT * FROM telegram_channels WHERE id = ?", row["channel"])
    assert channel is not None  # noqa: S101 - a message is always of a channel
    told: dict[str, Any] = {
        "message_id": row["id"],
        "sender_chat": chat(channel),
        "chat": chat(channel),
        "date": row["created_at"] // 1000,
    }
    if row["edited_at"]:
        told["edit_date"] = row["edited_at"] // 1000
    if row["album"]:
        told["media_group_id"] = row["album"]
    if row["reply_to"] and not nested:
        parent = found(sandbox, row["channel"], row["reply_to"])
        if parent is not None:
            told["reply_to_message"] = message(sandbox, parent, nested=True)
    file = json.loads(row["file"]) if row["file"] else None
    words = "text" if file is None else "caption"
    if row["text"]:
        told[words] = row["text"]
        if marks := entities(row["text"]):
            told["entities" if file is None else "caption_entities"] = marks
    if file is not None and file["kind"] == "photo":
        told["photo"] = [_size(file, longest) for longest in _longest(file)]
    elif file is not None:
        told["video"] = _video(file)
    if row["preview"]:
        told["link_preview_options"] = json.loads(row["preview"])
    return told


def found(sandbox: Sandbox, channel: int, ident: int) -> Row | None:
    """Return a message that was not deleted."""
    return sandbox.books.one(
        "SELECT * FROM telegram_messages WHERE channel = ? AND id = ? AND deleted_at IS NULL", channel, ident
    )


def _longest(file: dict[str, Any]) -> Sequence[int]:
    longest = max(file["width"], file["height"])
    return sorted({min(longest, size) for size in (90, 320, 1280)})


def _size(file: dict[str, Any], longest: int) -> dict[str, Any]:
    """Pictures are made smaller than they came: 1280 pixels are the longest side."""
    scale = longest / max(file["width"], file["height"])
    width, height = max(1, round(file["width"] * scale)), max(1, round(file["height"] * scale))
    size = round(file["size"] * min(1.0, scale * scale)) or 1
    return {**_ids(file, str(longest)), "width": width, "height": height, "file_size": size}


def _video(file: dict[str, Any]) -> dict[str, Any]:
    return {
        **_ids(file, "video"),
        "width": file["width"],
        "height": file["height"],
        "duration": file["seconds"],
        "mime_type": file["mime"],
        "file_name": file["name"],
        "file_size": file["size"],
    }


def _ids(file: dict[str, Any], what: str) -> dict[str, str]:
    digest = hashlib.sha256(f"{file['unique']} {what}".encode()).hexdigest()
    return {"file_id": f"AgAC{digest}", "file_unique_id": f"AQAD{digest[:12]}"}
