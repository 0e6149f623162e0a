"""What stands in Discord's answers, read as if anything might: messages, rights, errors."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

from campaign.core.errors import Refused
from campaign.core.model import Comment, Reading, ReadingStatus
from campaign.net.reply import instant

ID = re.compile(r"[0-9]{5,20}")
ADMINISTRATOR, EVERYTHING = 1 << 3, (1 << 53) - 1


def permissions(guild: Mapping[str, Any], channel: Mapping[str, Any], member: Mapping[str, Any], bot: str) -> int:
    """Return what a bot may do in a channel, as bits; what cannot be read gives no right.

    https://discord.com/developers/docs/topics/permissions#permission-overwrites
    """
    if str(guild.get("owner_id")) == bot:
        return EVERYTHING
    roles, everyone = {str(role) for role in _list(member.get("roles"))}, str(guild.get("id"))
    may = 0
    for role in _dicts(guild.get("roles")):
        if str(role.get("id")) in roles or str(role.get("id")) == everyone:
            may |= _bits(role.get("permissions"))
    if may & ADMINISTRATOR:
        return EVERYTHING
    written = {str(each.get("id")): each for each in _dicts(channel.get("permission_overwrites"))}
    for group in ([everyone], sorted(roles), [bot]):
        found = [written[one] for one in group if one in written]
        for each in found:
            may &= ~_bits(each.get("deny"))
        for each in found:
            may |= _bits(each.get("allow"))
    return may


def _bits(value: Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 40 else 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in _list(value) if isinstance(each, dict)]


def is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(ID.fullmatch(value))


def is_message(message: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(message, dict) and is_id(message.get("id"))


def attachments_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _dicts(message.get("attachments"))


def answered_by(message: Mapping[str, Any]) -> str | None:
    reference = message.get("message_reference")
    found = reference.get("message_id") if isinstance(reference, dict) and not reference.get("type") else None
    return found if isinstance(found, str) else None


def instant_of(text: Any) -> datetime | None:
    found = instant(text) if isinstance(text, str) else None
    return found.astimezone(UTC) if found else None


def reactions_of(message: Mapping[str, Any]) -> Reading:
    told = message.get("reactions", [])  # left out of a message that has none
    counts = [each.get("count") if isinstance(each, dict) else None for each in _list(told)]
    if not isinstance(told, list) or not all(type(count) is int and count >= 0 for count in counts):
        return Reading(None, ReadingStatus.ERROR)
    return Reading(sum(int(count or 0) for count in counts))


def comment_of(message: Mapping[str, Any], answered: str) -> Comment:
    author = message.get("author")
    told = author if isinstance(author, dict) else {}
    name = told.get("global_name") or told.get("username")
    return Comment(
        remote_id=message["id"],
        in_reply_to=answered,
        author=str(name) if name else None,
        text=str(message.get("content") or ""),
        at=instant_of(message.get("timestamp")),
        record=message,
    )


def handle_of(channel: Mapping[str, Any]) -> str:
    return f"#{channel.get('name') or channel.get('id')}"[:100]


def code_of(error: Refused) -> int | None:
    code = error.body.get("code") if isinstance(error.body, dict) else None
    return code if type(code) is int else None
