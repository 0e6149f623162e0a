"""The drive: files that notes carry, also more than one note. endpoints/drive/files/create.ts"""

import asyncio
import io
import json
from typing import Any

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.mastodon.video import probe
from campaign.sandbox.misskey.asking import Asking, bad
from campaign.sandbox.misskey.idents import fresh
from campaign.sandbox.misskey.refusals import Refusal
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Upload

MAX_COMMENT, CAPACITY = 512, 100 << 20


async def create(ask: Asking) -> Any:
    """Keep a file. Without `force`, bytes that are there already are answered with the file that holds them."""
    ask.needs("write:drive")
    file, books = ask.params.get("file"), ask.sandbox.books
    if not isinstance(file, Upload):
        raise Refusal("param", param="file", reason="FILE_REQUIRED")
    name, comment = ask.text("name") or file.name, ask.text("comment")
    if any(sign in name for sign in "\\/") or ".." in name or len(name) > 200:
        raise Refusal("file_name")
    if comment is not None and len(comment) > MAX_COMMENT:
        raise bad("comment", "maxLength", f"must NOT have more than {MAX_COMMENT} characters")
    if len(file.content) > ask.user["file_mb"] << 20:
        raise Refusal("too_large")
    held = books.number("SELECT sum(size) FROM misskey_files WHERE user = ?", ask.user["id"])
    if held + len(file.content) > CAPACITY:
        raise Refusal("space")
    digest, seen = await asyncio.gather(
        asyncio.to_thread(books.store, file.content), asyncio.to_thread(_look, file.content, file.mime)
    )
    same = books.one("SELECT * FROM misskey_files WHERE user = ? AND sha256 = ?", ask.user["id"], digest)
    if same is not None and ask.text("force") != "true":
        return told(ask.sandbox, same)
    with books.together():
        ident = fresh(ask.sandbox, ask.now)
        values = {"id": ident, "user": ask.user["id"], "name": name, "comment": comment or None, "created_at": ask.now}
        books.insert("misskey_files", sha256=digest, size=len(file.content), **values, **seen)
    row = books.one("SELECT * FROM misskey_files WHERE id = ?", ident)
    assert row is not None  # noqa: S101 - just inserted
    return told(ask.sandbox, row)


async def serve(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    sql = "SELECT * FROM misskey_files WHERE sha256 = ?"
    row = sandbox.books.one(sql, str(request.path_params["digest"]))
    if row is None:
        return Response(status_code=404)
    return FileResponse(sandbox.books.path_of(row["sha256"]), media_type=row["mime"])


def of_note(sandbox: Sandbox, note: Row) -> list[Row]:
    rows = [sandbox.books.one("SELECT * FROM misskey_files WHERE id = ?", one) for one in json.loads(note["files"])]
    return [row for row in rows if row is not None]


def told(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    """Return a file as Misskey tells it."""
    return {
        "id": row["id"],
        "createdAt": iso(row["created_at"]),
        "name": row["name"],
        "type": row["mime"],
        "size": row["size"],
        "isSensitive": False,
        "properties": {"width": row["width"], "height": row["height"]} if row["width"] else {},
        "url": f"{sandbox.base_url}/misskey/files/{row['sha256']}",
        "comment": row["comment"],
        "folderId": None,
        "userId": row["user"],
    }


def _look(content: bytes, mime: str) -> dict[str, Any]:
    """Return what a file is; the drive takes any file."""
    if (film := probe(content)) is not None:
        return {"mime": film.mime, "width": film.width, "height": film.height, "seconds": film.seconds}
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
            kind = Image.MIME.get(image.format or "", mime)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return {"mime": mime or "application/octet-stream", "width": None, "height": None, "seconds": None}
    return {"mime": kind, "width": width, "height": height, "seconds": None}
