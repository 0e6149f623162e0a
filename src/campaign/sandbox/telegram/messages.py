"""Sending, editing, deleting. What is refused, and in which words, is that of tdlib/telegram-bot-api and tdlib/td."""

import hashlib
import io
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image, UnidentifiedImageError

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.limits import Limit
from campaign.sandbox.telegram import entities, updates
from campaign.sandbox.telegram.asking import Asking, Refusal, bad, too_many
from campaign.sandbox.wire import Upload

MAX_TEXT, MAX_CAPTION = 4096, 1024  # UTF-16 units
MAX_PHOTO, MAX_FILE = 10 * 1024 * 1024, 50 * 1024 * 1024
MAX_ALBUM = 10
DELETABLE = 48 * 3600 * 1000  # milliseconds of the platform's time
# About one message a second in one chat, short bursts aside; thirty a second in all.
CHANNEL, BOT = Limit(20, 20), Limit(30, 1)
_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current"
    " content and reply markup of the message"
)


def send_message(ask: Asking) -> Any:
    text = _words(ask.text("text"), MAX_TEXT, "message is too long")
    if not text:
        raise bad("message text is empty")
    preview = ask.json("link_preview_options")
    [row] = _send(ask, [(text, None)], preview if isinstance(preview, dict) else None)
    return entities.message(ask.sandbox, row)


def send_photo(ask: Asking) -> Any:
    return _send_one(ask, "photo")


def send_video(ask: Asking) -> Any:
    return _send_one(ask, "video")


def send_media_group(ask: Asking) -> Any:
    media = ask.json("media")
    if media is not None and not isinstance(media, list):
        raise bad("can't parse media JSON object")
    items = [item if isinstance(item, dict) else {} for item in media or []]
    pieces: list[tuple[str, dict[str, Any] | None]] = []
    for number, item in enumerate(items, 1):
        kind = item.get("type")
        if kind not in ("photo", "video"):
            raise bad(f'can\'t parse InputMedia: type "{kind}" is unsupported')
        named = str(item.get("media", ""))
        file = ask.params.get(named.removeprefix("attach://")) if named.startswith("attach://") else None
        if not isinstance(file, Upload):
            raise bad("can't parse InputMedia: media not found")
        caption = _words(str(item.get("caption") or ""), MAX_CAPTION, "message caption is too long")
        try:
            pieces.append((caption, _file(ask, kind, file, item.get)))
        except Refusal as error:
            words = error.description.removeprefix("Bad Request: ")
            if words.isupper():  # what Telegram's servers say, not the Bot API
                raise bad(f'failed to send message #{number} with the error message "{words}"') from error
            raise
    if not pieces:
        raise bad("there are no messages to send")
    if len(pieces) > MAX_ALBUM:
        raise bad("too many messages to send as an album")
    return [entities.message(ask.sandbox, row) for row in _send(ask, pieces, None)]


def edit_message_text(ask: Asking) -> Any:
    row = _editable(ask)
    text = _words(ask.text("text"), MAX_TEXT, "message is too long")
    if row["file"]:
        raise bad("there is no text in the message to edit")
    if not text:
        raise bad("message text is empty")
    return _edit(ask, row, text)


def edit_message_caption(ask: Asking) -> Any:
    row = _editable(ask)
    caption = _words(ask.text("caption"), MAX_CAPTION, "message caption is too long")
    if not row["file"]:
        raise bad("there is no caption in the message to edit")
    return _edit(ask, row, caption)


def delete_message(ask: Asking) -> Any:
    channel = ask.own_channel()
    if not ask.number("message_id"):
        raise bad("message identifier is not specified")
    row = entities.found(ask.sandbox, channel["id"], ask.number("message_id"))
    if row is None:
        raise bad("message to delete not found")
    _delete(ask, [row])
    return True


def delete_messages(ask: Asking) -> Any:
    channel, ids = ask.own_channel(), ask.json("message_ids")
    if not isinstance(ids, list) or not ids:
        raise bad("message identifiers are not specified")
    if len(ids) > 100:
        raise bad("too many message identifiers specified")
    rows = [entities.found(ask.sandbox, channel["id"], ident) for ident in ids if type(ident) is int]
    _delete(ask, [row for row in rows if row is not None])
    return True


def _send_one(ask: Asking, kind: str) -> Any:
    file = ask.upload(kind)
    if file is None:
        if ask.text(kind) and not ask.text(kind).startswith("attach://"):
            raise bad("wrong file identifier/HTTP URL specified")
        raise bad(f"there is no {kind} in the request")
    caption = _words(ask.text("caption"), MAX_CAPTION, "message caption is too long")
    [row] = _send(ask, [(caption, _file(ask, kind, file, ask.params.get))], None)
    return entities.message(ask.sandbox, row)


def _words(text: str, limit: int, refusal: str) -> str:
    text = text.replace("\r", "").strip()
    if entities.units(text) > limit:
        raise bad(refusal)
    return text


def _file(ask: Asking, kind: str, file: Upload, told: Callable[[str], Any]) -> dict[str, Any]:
    """Return what is kept of a file. A picture is looked at; a clip is what its sender says."""
    size = len(file.content)
    if size == 0:
        raise bad("file must be non-empty")
    if size > MAX_FILE:
        raise Refusal(413, "Request Entity Too Large")
    digest = hashlib.sha256(file.content).hexdigest()
    kept: dict[str, Any] = {"kind": kind, "sha256": digest, "size": size, "name": file.name[:60]}
    if kind == "photo":
        if size > MAX_PHOTO:
            raise bad(f"file of size {size} bytes is too big for a photo; the maximum size is {MAX_PHOTO} bytes")
        kept["mime"], kept["width"], kept["height"] = _look(file.content)
        kept["seconds"] = None
    else:
        kept["mime"] = file.mime if file.mime.startswith("video/") else "video/mp4"
        for name, field, most in (
            ("width", "width", 10_000),
            ("height", "height", 10_000),
            ("seconds", "duration", 86_400),
        ):
            value = str(told(field) or 0)
            kept[name] = min(int(value), most) if value.isascii() and value.isdigit() and len(value) < 10 else 0
        cover = told("cover")
        poster = ask.params.get(str(cover).removeprefix("attach://")) if cover else None
        if cover and not isinstance(poster, Upload):
            raise bad("wrong file identifier/HTTP URL specified")
        if isinstance(poster, Upload):
            _look(poster.content)
            kept["cover"] = ask.sandbox.books.store(poster.content)
    ask.sandbox.books.store(file.content)
    return kept


def _look(content: bytes) -> tuple[str, int, int]:
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
            mime = Image.MIME.get(image.format or "", "image/jpeg")
    except Image.DecompressionBombError:
        raise bad("PHOTO_INVALID_DIMENSIONS") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise bad("IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return mime, width, height


def _send(
    ask: Asking, pieces: Sequence[tuple[str, dict[str, Any] | None]], preview: dict[str, Any] | None
) -> list[Row]:
    """Post one message, or an album, in one go. Ids rise by one in each channel."""
    channel, books = ask.own_channel(), ask.sandbox.books
    reply = ask.json("reply_parameters")
    parent = reply.get("message_id") if isinstance(reply, dict) else None
    if parent is not None and entities.found(ask.sandbox, channel["id"], parent if type(parent) is int else 0) is None:
        if not (isinstance(reply, dict) and reply.get("allow_sending_without_reply") is True):
            raise bad("message to be replied not found")
        parent = None
    _flood(ask, channel["id"], len(pieces))
    head = books.number("SELECT max(id) FROM telegram_messages WHERE channel = ?", channel["id"]) + 1
    growth = engagement.fingerprint(channel["username"] or str(channel["id"]), pieces[0][0])
    album = str(13_000_000_000_000_000 + channel["id"] % 10_000 * 1_000_000 + head) if len(pieces) > 1 else None
    rows: list[Row] = []
    with books.together():
        for ident, (text, file) in enumerate(pieces, head):
            if file is not None:
                file["unique"] = f"{channel['id']}/{ident}"
            books.insert(
                "telegram_messages",
                channel=channel["id"],
                id=ident,
                head=head,
                bot=ask.bot["id"],
                text=text,
                file=json.dumps(file) if file else None,
                album=album,
                reply_to=parent,
                preview=json.dumps(preview) if preview else None,
                growth=growth,
                created_at=ask.now,
            )
            row = entities.found(ask.sandbox, channel["id"], ident)
            assert row is not None  # noqa: S101 - just inserted
            updates.tell(ask.sandbox, row, "channel_post", ask.now)
            rows.append(row)
    return rows


def _flood(ask: Asking, channel: int, number: int) -> None:
    """Count messages in windows of real time, whatever the platform's clock does."""
    if ask.sandbox.wide:
        return
    windows: dict[str, tuple[float, int]] = ask.request.app.state.__dict__.setdefault("telegram_windows", {})
    now = time.monotonic()
    for key, limit in ((f"channel {channel}", CHANNEL), (f"bot {ask.bot['id']}", BOT)):
        began, sent = windows.get(key, (now, 0))
        if now - began >= limit.seconds:
            began, sent = now, 0
        if sent + number > limit.requests:
            raise too_many(limit.seconds - (now - began))
        windows[key] = (began, sent + number)


def _editable(ask: Asking) -> Row:
    channel = ask.own_channel()
    if not ask.number("message_id"):
        raise bad("message identifier is not specified")
    row = entities.found(ask.sandbox, channel["id"], ask.number("message_id"))
    if row is None:
        raise bad("message to edit not found")
    if row["bot"] != ask.bot["id"]:
        raise bad("message can't be edited")
    return row


def _edit(ask: Asking, row: Row, text: str) -> Any:
    if text == row["text"]:
        raise bad(_SAME)
    books, where = ask.sandbox.books, (row["channel"], row["id"])
    with books.together():
        n = books.number("SELECT count(*) FROM telegram_versions WHERE channel = ? AND id = ?", *where)
        books.insert("telegram_versions", channel=row["channel"], id=row["id"], n=n, text=row["text"], at=ask.now)
        sql = "UPDATE telegram_messages SET text = ?, edited_at = ? WHERE channel = ? AND id = ?"
        books.do(sql, text, ask.now, *where)
        fresh = entities.found(ask.sandbox, *where)
        assert fresh is not None  # noqa: S101 - just updated
        updates.tell(ask.sandbox, fresh, "edited_channel_post", ask.now)
    return entities.message(ask.sandbox, fresh)


def _delete(ask: Asking, rows: Sequence[Row]) -> None:
    if any(ask.now - row["created_at"] >= DELETABLE for row in rows):
        raise bad("message can't be deleted for everyone")
    for row in rows:
        sql = "UPDATE telegram_messages SET deleted_at = ? WHERE channel = ? AND id = ?"
        ask.sandbox.books.do(sql, ask.now, row["channel"], row["id"])
