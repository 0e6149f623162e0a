"""Media: upload, describe, serve. https://docs.joinmastodon.org/methods/media/"""

import asyncio
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.mastodon import entities
from campaign.sandbox.mastodon.asking import Asking, answer, asking, whole
from campaign.sandbox.mastodon.refusals import Refusal, invalid, not_found, says
from campaign.sandbox.mastodon.video import probe
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Upload

# https://github.com/mastodon/mastodon/blob/main/app/models/media_attachment.rb and .../concerns/attachmentable.rb
IMAGE_BYTES = 16 * 1024 * 1024
VIDEO_BYTES = 99 * 1024 * 1024
IMAGE_PIXELS = 33_177_600
DESCRIPTION = 1500
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "AVIF": "image/avif"}
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/heic", "image/heif", "image/webp", "image/avif")
VIDEOS = ("video/webm", "video/mp4", "video/quicktime", "video/ogg")
MIMES = IMAGES + VIDEOS

_UNREADABLE = "File type of uploaded media could not be verified"  # this one is not translated


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file really is."""

    kind: str
    mime: str
    width: int | None
    height: int | None
    seconds: float | None = None


async def upload(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:media")
    file = ask.params.get("file")
    if not isinstance(file, Upload) or not file.content:
        raise invalid("file_blank", ask.locale)
    new = describe(ask, ask.params)
    seen = await asyncio.to_thread(look, ask, file)
    books = ask.sandbox.books
    ready = time.monotonic() + (ask.sandbox.video_seconds if seen.kind == "video" else 0)
    digest = await asyncio.to_thread(books.store, file.content)
    with books.together():
        ident = books.snowflake("media", ask.now)
        books.insert(
            "media",
            id=ident,
            account_id=ask.user["id"],
            sha256=digest,
            mime=seen.mime,
            kind=seen.kind,
            bytes=len(file.content),
            width=seen.width,
            height=seen.height,
            seconds=seen.seconds,
            description=new.get("description"),
            focus=new.get("focus"),
            created_at=ask.now,
            ready=ready,
            boot=BOOT,
        )
    done = seen.kind == "image" or request.url.path == "/api/v1/media"
    row = _own(ask, ident)
    return answer(entities.media(ask.sandbox, row, ready=done), 200 if done else 202)


async def show(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:media")
    row = _own(ask, ask.ident)
    done = _ready(row)
    return answer(entities.media(ask.sandbox, row, ready=done), 200 if done else 206)


async def update(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:media")
    row = _own(ask, ask.ident)
    for column, value in describe(ask, ask.params).items():
        # The column is a key that describe() chose.
        ask.sandbox.books.do(f"UPDATE media SET {column} = ? WHERE id = ?", value, row["id"])  # noqa: S608
    done = _ready(row)
    return answer(entities.media(ask.sandbox, _own(ask, row["id"]), ready=done), 200 if done else 206)


async def delete(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:media")
    row = ask.sandbox.books.one("SELECT * FROM media WHERE id = ? AND account_id = ?", ask.ident, ask.user["id"])
    if row is None:
        raise not_found()
    if row["status_id"] is not None:
        raise Refusal(422, says("used", ask.locale))
    ask.sandbox.books.do("DELETE FROM media WHERE id = ?", row["id"])
    return answer({})


async def serve(request: Request) -> Response:
    """The file itself, byte for byte as it came; the real server would encode it anew."""
    sandbox: Sandbox = request.app.state.sandbox
    row = sandbox.books.one("SELECT * FROM media WHERE id = ?", whole(request.path_params["id"]))
    if row is None or not str(request.path_params["name"]).startswith(row["sha256"][:16]):
        raise not_found()
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(sandbox.books.path_of(row["sha256"]), media_type=row["mime"], headers=headers)


def describe(ask: Asking, params: Mapping[str, Any]) -> dict[str, str | None]:
    """Return description and focus where they were sent; refuse a description that is too long."""
    new: dict[str, str | None] = {}
    if isinstance(text := params.get("description"), str):
        new["description"] = text.strip() or None
        most = ask.limit("alt_limit", DESCRIPTION)
        if len(text.strip()) > most:
            raise invalid("description", ask.locale, max=most)
    if isinstance(focus := params.get("focus"), str) and focus:
        try:
            x, y = (max(-1.0, min(1.0, float(part))) for part in focus.split(","))
        except ValueError:
            x, y = 0.0, 0.0
        new["focus"] = json.dumps([x, y])
    return new


def look(ask: Asking, file: Upload) -> Seen:
    """Open the file and say what it is; refuse what cannot be opened, is too large or is not on the list."""
    locale, most, pixels = ask.locale, ask.limit("image_bytes", IMAGE_BYTES), ask.limit("image_pixels", IMAGE_PIXELS)
    if (film := probe(file.content)) is not None:
        if len(file.content) > VIDEO_BYTES:
            raise invalid("file_size", locale, max=99)
        return Seen("video", film.mime, film.width, film.height, film.seconds)
    try:
        with Image.open(io.BytesIO(file.content)) as image:
            mime = FORMATS.get(image.format or "")
            width, height = image.size
            if mime is not None and width * height <= pixels:
                image.load()  # a header alone is no picture
    except Image.DecompressionBombError as error:
        raise Refusal(422, "Images of this size are not supported") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if file.mime in MIMES:
            raise Refusal(422, _UNREADABLE) from error
        raise invalid("file_type", locale) from error
    if mime is None:
        raise invalid("file_type", locale)
    if len(file.content) > most:
        raise invalid("file_size", locale, max=most >> 20)
    if width * height > pixels:
        raise Refusal(422, f"{width}x{height} images are not supported")
    return Seen("image", mime, width, height)


def _ready(row: Row) -> bool:
    return bool(row["boot"] != BOOT or row["ready"] <= time.monotonic())


def _own(ask: Asking, ident: int) -> Row:
    # As on the real server: once it is part of a post, its id is no longer found here.
    row = ask.sandbox.books.one(
        "SELECT * FROM media WHERE id = ? AND account_id = ? AND status_id IS NULL", ident, ask.user["id"]
    )
    if row is None:
        raise not_found()
    return row
