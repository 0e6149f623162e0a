"""A profile and a post as a browser sees them: what bsky.app is for real ones. No script; everything is escaped."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from campaign.sandbox.bluesky import feed
from campaign.sandbox.bluesky.asking import account_of
from campaign.sandbox.bluesky.records import POST
from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms
from campaign.sandbox.state import Sandbox

_PAGE = 50


async def profile(request: Request) -> Response:
    """Show the last posts of an account."""
    return _show(request, None)


async def post(request: Request) -> Response:
    """Show one post."""
    return _show(request, str(request.path_params["rkey"]))


ROUTES = (
    Route("/profile/{actor}", profile),
    Route("/profile/{actor}/post/{rkey}", post),
)


def _show(request: Request, rkey: str | None) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    owner = account_of(sandbox.books, str(request.path_params["actor"]))
    rows: list[Row] = []
    if owner is not None:
        rows = sandbox.books.all(
            "SELECT * FROM bluesky_records WHERE did = ? AND collection = ? AND deleted_at IS NULL"
            " AND (? IS NULL OR rkey = ?) ORDER BY seq DESC LIMIT ?",
            owner["did"],
            POST,
            rkey,
            rkey,
            _PAGE,
        )
    pages = request.app.state.pages
    if owner is None or (rkey is not None and not rows):
        missing: Response = pages.answer("missing.html", 404, text="Not Found", title="404")
        return missing
    now = sandbox.clock.milliseconds()
    posts = [_post(sandbox, row, now) for row in rows]
    page: Response = pages.answer("bluesky.html", title=owner["display_name"], owner=owner, posts=posts)
    return page


def _post(sandbox: Sandbox, row: Row, now: int) -> dict[str, Any]:
    told = feed.view(sandbox, row, now, faulty=False)
    record, embed = json.loads(row["value"]), told.get("embed", {})
    return told | {
        "rkey": row["rkey"],
        "pieces": _pieces(record),
        "language": next(iter(record.get("langs") or ()), ""),
        "images": embed.get("images", []),
        "video": embed if "playlist" in embed else None,
        "card": embed.get("external"),
        "at": from_ms(row["created_at"]),
        "edited": row["edited_at"] is not None,
        "reply": row["parent"] is not None,
    }


def _pieces(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the text cut at its facets, each piece with its link or with nothing. Offsets are bytes."""
    data = str(record.get("text", "")).encode()
    pieces: list[tuple[str, str]] = []
    at = 0
    for facet in sorted(record.get("facets") or (), key=lambda one: int(one["index"]["byteStart"])):
        start, end = int(facet["index"]["byteStart"]), int(facet["index"]["byteEnd"])
        if not at <= start < end <= len(data):
            continue
        link = next((str(one["uri"]) for one in facet["features"] if "uri" in one), "#")
        pieces += [(data[at:start].decode("utf-8", "replace"), ""), (data[start:end].decode("utf-8", "replace"), link)]
        at = end
    return [*pieces, (data[at:].decode("utf-8", "replace"), "")]
