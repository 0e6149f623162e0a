"""Matrix's events: what a post's are made of, and how others' are read: every field may be missing or odd."""

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import quote

from campaign.core.errors import Unavailable, shown
from campaign.core.model import OutgoingMedium
from campaign.net.reply import Reply

_PIECE = 64 * 1024


def text_content(text: str) -> dict[str, Any]:
    # Without mentions named, a client would look for them in the text, and @room in a post would ring for everyone.
    return {"msgtype": "m.text", "body": text, "m.mentions": {}}


def alt_of(medium: OutgoingMedium) -> str:
    return medium.alt or name_of(medium)


def name_of(medium: OutgoingMedium) -> str:
    return medium.sha256[:16] + (mimetypes.guess_extension(medium.mime) or "")


def medium_content(medium: OutgoingMedium, uploads: Mapping[str, str]) -> dict[str, Any]:
    info: dict[str, Any] = {"mimetype": medium.mime, "size": medium.size, "w": medium.width, "h": medium.height}
    if medium.seconds:
        info["duration"] = round(medium.seconds * 1000)
    if medium.poster:
        info |= {"thumbnail_url": uploads[medium.poster], "thumbnail_info": {"mimetype": "image/jpeg"}}
    return {
        "msgtype": "m.video" if medium.is_clip else "m.image",
        "body": alt_of(medium),
        "filename": name_of(medium),
        "url": uploads[medium.sha256],
        "info": {name: value for name, value in info.items() if value is not None},
        "m.mentions": {},
    }


def in_thread(thread: str, answered: str, *, falls_back: bool) -> dict[str, Any]:
    """https://spec.matrix.org/latest/client-server-api/#threading"""
    reply = {"m.in_reply_to": {"event_id": answered}}
    return {"rel_type": "m.thread", "event_id": thread, "is_falling_back": falls_back, **reply}


def event_id_of(reply: Reply) -> str:
    told = reply.json()
    event_id = told.get("event_id") if isinstance(told, dict) else None
    if not isinstance(event_id, str) or not event_id.startswith("$"):
        raise reply.bad("the answer names no event")
    return event_id


def chunk_of(told: Mapping[str, Any], why: str) -> list[dict[str, Any]]:
    chunk = told.get("chunk")
    if not isinstance(chunk, list) or not all(
        isinstance(e, dict) and isinstance(e.get("event_id"), str) for e in chunk
    ):
        raise Unavailable(why)
    return chunk


def content_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    content = event.get("content")
    return content if isinstance(content, dict) else {}


def relation_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    relation = content_of(event).get("m.relates_to")
    return relation if isinstance(relation, dict) and isinstance(relation.get("event_id"), str) else {}


def answered_by(event: Mapping[str, Any]) -> str | None:
    """Return the event that one really answers; what only stands there for old clients is none."""
    relation = relation_of(event)
    answered = relation.get("m.in_reply_to")
    if relation.get("is_falling_back") is True or not isinstance(answered, dict):
        return None
    return str(answered.get("event_id") or "") or None


def related_to(event: Mapping[str, Any]) -> set[str]:
    return {str(relation_of(event).get("event_id")), str(answered_by(event))}


def unsigned_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    unsigned = event.get("unsigned")
    return unsigned if isinstance(unsigned, dict) else {}


def bundled_in(event: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    relations = unsigned_of(event).get("m.relations")
    found = relations.get(kind) if isinstance(relations, dict) else None
    return found if isinstance(found, dict) else {}


def latest_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event's content as its latest edit left it."""
    new = content_of(bundled_in(event, "m.replace")).get("m.new_content")
    return new if isinstance(new, dict) else content_of(event)


def is_redacted(event: Mapping[str, Any]) -> bool:
    return "redacted_because" in unsigned_of(event) or "redacted_because" in event


def txn_of(event: Mapping[str, Any]) -> str | None:
    txn = unsigned_of(event).get("transaction_id")
    return str(txn) if txn else None


def time_of(event: Mapping[str, Any]) -> datetime:
    stamp = event.get("origin_server_ts")
    if not isinstance(stamp, int) or isinstance(stamp, bool) or not 0 < stamp < 32503680000000:
        raise Unavailable(f"the event {shown(event.get('event_id'))} has no time that can be read")
    return datetime.fromtimestamp(stamp / 1000, UTC)


def level_of(value: Any) -> int:
    """Return a power level; room versions before 10 let it be written as a string."""
    text = str(value).strip()
    return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 20 else 0


def digest_of(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def path_part(text: str) -> str:
    return quote(text, safe="")


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
