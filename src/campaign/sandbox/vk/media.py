"""Upload servers, pictures and clips. https://dev.vk.com/en/api/upload/wall-photo"""

import asyncio
import hashlib
import io
import json
import secrets
from typing import Any

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.mastodon.video import probe
from campaign.sandbox.state import Sandbox
from campaign.sandbox.vk.asking import Asking, community
from campaign.sandbox.vk.refusals import Refusal
from campaign.sandbox.wire import Unreadable, Upload, read_params

PHOTOS, VIDEO = 4, 16  # rights
MAX_BYTES, MAX_SIDES, MAX_RATIO, MAX_CAPTION, MAX_NAME = 50 * 1024 * 1024, 14_000, 20, 2048, 128
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}


def get_wall_upload_server(ask: Asking) -> Any:
    ask.may(PHOTOS)
    group = _group(ask)
    return {"album_id": -14, "upload_url": _server(ask, group, "photo"), "user_id": ask.token["user"]}


def save_wall_photo(ask: Asking) -> Any:
    """Keep what was uploaded; without it, or with another hash, nothing is kept."""
    ask.may(PHOTOS)
    group, books = _group(ask), ask.sandbox.books
    caption = ask.text("caption")
    if len(caption) > MAX_CAPTION:
        raise Refusal("invalid", "caption")
    row = books.one("SELECT * FROM vk_uploads WHERE hash = ? AND kind = 'photo'", ask.text("hash"))
    if row is None or row["owner"] != group["id"]:
        raise Refusal("hash")
    try:
        told = json.loads(ask.text("photo"))[0]
    except (ValueError, LookupError, TypeError):
        raise Refusal("photos") from None
    if not row["file"] or told != json.loads(row["file"]):
        raise Refusal("photos")
    ident = 457_239_017 + books.number("SELECT count(*) FROM vk_media")
    books.insert(
        "vk_media", id=ident, owner=-group["id"], kind="photo", file=row["file"], text=caption, created_at=ask.now
    )
    return [photo(ask.sandbox, books.one("SELECT * FROM vk_media WHERE id = ?", ident))]


def edit_photo(ask: Asking) -> Any:
    ask.may(PHOTOS)
    row = ask.sandbox.books.one(
        "SELECT * FROM vk_media WHERE id = ? AND owner = ? AND kind = 'photo'",
        ask.number("photo_id"),
        ask.number("owner_id"),
    )
    if row is None:
        raise Refusal("access")
    ask.sandbox.books.do("UPDATE vk_media SET text = ? WHERE id = ?", ask.text("caption"), row["id"])
    return 1


def save_video(ask: Asking) -> Any:
    """A clip has its id before it is uploaded. https://dev.vk.com/en/method/video.save"""
    ask.may(VIDEO)
    group, books = _group(ask), ask.sandbox.books
    if len(ask.text("name")) > MAX_NAME:
        raise Refusal("invalid", "name")
    ident = 456_239_017 + books.number("SELECT count(*) FROM vk_media")
    books.insert(
        "vk_media",
        id=ident,
        owner=-group["id"],
        kind="video",
        file="",
        text=ask.text("description"),
        created_at=ask.now,
    )
    return {
        "access_key": secrets.token_hex(9),
        "description": ask.text("description"),
        "owner_id": -group["id"],
        "title": ask.text("name") or "Untitled",
        "upload_url": _server(ask, group, "video", ident),
        "video_id": ident,
    }


async def upload(request: Request) -> Response:
    """Take a file; a picture that cannot be read is answered with an empty list, and no error."""
    sandbox: Sandbox = request.app.state.sandbox
    row = sandbox.books.one("SELECT * FROM vk_uploads WHERE key = ?", request.path_params["key"])
    try:
        params = read_params(b"", request.headers.get("content-type", ""), await request.body())
    except Unreadable:
        params = {}
    if row is None:
        return JSONResponse({"error": "ERR_UPLOAD_BAD_REQUEST: wrong upload address"})
    photo_sent = row["kind"] == "photo"
    names = ("photo", "file0", "file1") if photo_sent else ("video_file", "video_file0", "file0")
    file = next((params[name] for name in names if isinstance(params.get(name), Upload)), None)
    if file is None or not file.content:
        return JSONResponse({"error": "ERR_UPLOAD_BAD_FILE: no file"})
    seen = await asyncio.to_thread(_look if photo_sent else _film, file.content)
    if isinstance(seen, str):
        return JSONResponse({"error": seen})
    kept = json.dumps({"sha256": await asyncio.to_thread(sandbox.books.store, file.content), **seen}) if seen else ""
    if photo_sent:
        sandbox.books.do("UPDATE vk_uploads SET file = ? WHERE key = ?", kept, row["key"])
        told = f"[{kept}]" if kept else "[]"
        return JSONResponse({"server": 856_312, "photo": told, "hash": row["hash"]})
    sandbox.books.do("UPDATE vk_media SET file = ? WHERE id = ?", kept, row["media"])
    media = {"size": len(file.content), "video_hash": row["hash"]}
    return JSONResponse({**media, "owner_id": -row["owner"], "video_id": row["media"]})


async def serve(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    digest = str(request.path_params["digest"])
    row = sandbox.books.one("SELECT file FROM vk_media WHERE instr(file, ?)", digest)
    if row is None or len(digest) != 64:
        return Response(status_code=404)
    return FileResponse(sandbox.books.path_of(digest), media_type=json.loads(row["file"])["mime"])


def photo(sandbox: Sandbox, row: Row | None) -> dict[str, Any]:
    """Return a picture as VK tells it."""
    assert row is not None  # noqa: S101 - asked for by an id that is there
    file = json.loads(row["file"])
    url = f"{sandbox.base_url}/vk/media/{file['sha256']}"
    size = {"height": file["height"], "width": file["width"], "type": "w", "url": url}
    return {
        "album_id": -8,
        "date": row["created_at"] // 1000,
        "id": row["id"],
        "owner_id": row["owner"],
        "access_key": hashlib.sha256(str(row["id"]).encode()).hexdigest()[:18],
        "sizes": [size],
        "text": row["text"],
        "has_tags": False,
    }


def video(row: Row) -> dict[str, Any]:
    """Return a clip as VK tells it."""
    file = json.loads(row["file"]) if row["file"] else {}
    told = {"id": row["id"], "owner_id": row["owner"], "title": "", "description": row["text"], "type": "video"}
    return told | {"duration": int(file.get("seconds") or 0), "date": row["created_at"] // 1000, "processing": 1}


def _group(ask: Asking) -> Row:
    row = community(ask.sandbox, ask.number("group_id"))
    if row is None:
        raise Refusal("group")
    ask.administers(row)
    return row


def _server(ask: Asking, group: Row, kind: str, media: int | None = None) -> str:
    key, digest = secrets.token_hex(16), secrets.token_hex(8)
    ask.sandbox.books.insert("vk_uploads", key=key, owner=group["id"], kind=kind, hash=digest, media=media, file="")
    return f"{ask.sandbox.base_url}/vk/upload/{key}?act=do_add&mid={ask.token['user']}&api=1"


def _look(content: bytes) -> dict[str, Any] | str | None:
    if len(content) > MAX_BYTES:
        return "ERR_UPLOAD_BAD_IMAGE_SIZE: file is too big"
    try:
        with Image.open(io.BytesIO(content)) as image:
            mime, (width, height) = FORMATS.get(image.format or ""), image.size
            if mime is not None and width * height < 50_000_000:
                image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None
    if mime is None:
        return None
    if width + height > MAX_SIDES or max(width, height) > MAX_RATIO * min(width, height):
        return "ERR_UPLOAD_BAD_IMAGE_SIZE: market photo min size 0x0 or sum of sides is over 14000"
    return {"mime": mime, "width": width, "height": height, "seconds": None}


def _film(content: bytes) -> dict[str, Any] | str:
    film = probe(content)
    if film is None:
        return "ERR_UPLOAD_BAD_FILE: not a video"
    return {"mime": film.mime, "width": film.width, "height": film.height, "seconds": film.seconds}
