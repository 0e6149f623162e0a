"""The channel as a browser sees it: what t.me/s is for a real one. No script; everything posted is escaped."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms
from campaign.sandbox.state import Sandbox
from campaign.sandbox.telegram import updates
from campaign.sandbox.telegram.asking import channel_named

_PAGE = 50


async def channel(request: Request) -> Response:
    """Show the last posts of a channel."""
    return _show(request, None)


async def post(request: Request) -> Response:
    """Show one post."""
    return _show(request, str(request.path_params["id"]))


async def file(request: Request) -> Response:
    """Serve a medium that stands in a message which is not deleted."""
    sandbox: Sandbox = request.app.state.sandbox
    digest = str(request.path_params["digest"])
    row = sandbox.books.one("SELECT file FROM telegram_messages WHERE instr(file, ?) AND deleted_at IS NULL", digest)
    if row is None or len(digest) != 64:
        return _missing(request)
    told = json.loads(row["file"])
    mime = told["mime"] if digest == told["sha256"] else "image/jpeg"
    return FileResponse(sandbox.books.path_of(digest), media_type=mime)


ROUTES = (
    Route("/t/media/{digest}", file),
    Route("/t/{name}", channel),
    Route("/t/{name}/{id}", post),
)


def _show(request: Request, ident: str | None) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    row = channel_named(sandbox, f"@{request.path_params['name']}")
    if row is None or (ident is not None and not (ident.isascii() and ident.isdigit() and len(ident) < 19)):
        return _missing(request)
    sql = "SELECT * FROM telegram_messages WHERE channel = ? AND deleted_at IS NULL"
    if ident is None:
        found = sandbox.books.all(f"{sql} AND head = id ORDER BY id DESC LIMIT ?", row["id"], _PAGE)
    else:
        found = sandbox.books.all(f"{sql} AND id = ?", row["id"], int(ident))
        if not found:
            return _missing(request)
    now = sandbox.clock.milliseconds()
    posts = [_post(sandbox, message, now) for message in found]
    values = {"title": row["title"], "channel": row["username"], "posts": posts}
    page: Response = request.app.state.pages.answer("telegram.html", **values)
    return page


def _post(sandbox: Sandbox, row: Row, now: int) -> dict[str, Any]:
    pieces = sandbox.books.all(
        "SELECT * FROM telegram_messages WHERE channel = ? AND head = ? AND deleted_at IS NULL ORDER BY id",
        row["channel"],
        row["head"],
    )
    return {
        "id": row["id"],
        "text": row["text"],
        "files": [json.loads(piece["file"]) for piece in pieces if piece["file"]],
        "at": from_ms(row["created_at"]),
        "edited": row["edited_at"] is not None,
        "reply_to": row["reply_to"],
        "reactions": updates.reactions(sandbox, row, now),
    }


def _missing(request: Request) -> Response:
    page: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
    return page
