"""Walls as a browser sees them. No script; everything posted is escaped."""

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms
from campaign.sandbox.state import Sandbox
from campaign.sandbox.vk import wall as walls
from campaign.sandbox.vk.asking import community

_PAGE = 50
_NAMED = re.compile(r"(-\d{1,18})(?:_(\d{1,18}))?")


async def wall(request: Request) -> Response:
    """Show a wall, or one of its posts."""
    sandbox: Sandbox = request.app.state.sandbox
    named = _NAMED.fullmatch(str(request.path_params["named"]))
    group = community(sandbox, -int(named[1])) if named else None
    sql = "SELECT * FROM vk_posts WHERE owner = ? AND kind = 'post' AND deleted_at IS NULL"
    rows: list[Row] = []
    if named and named[2]:
        rows = sandbox.books.all(f"{sql} AND id = ?", int(named[1]), int(named[2]))
    elif named:
        rows = sandbox.books.all(f"{sql} ORDER BY id DESC LIMIT ?", int(named[1]), _PAGE)
    if group is None or (named and named[2] and not rows):
        missing: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
        return missing
    now = sandbox.clock.milliseconds()
    posts = [_shown(sandbox, row, now) for row in rows]
    values = {"title": group["title"], "name": group["screen_name"], "home": f"/wall-{group['id']}", "posts": posts}
    page: Response = request.app.state.pages.answer("posts.html", **values)
    return page


ROUTES = (Route("/wall{named}", wall),)


def _shown(sandbox: Sandbox, row: Row, now: int) -> dict[str, Any]:
    things = [(thing, json.loads(thing["file"])) for thing in walls.things_of(sandbox, row)]
    return {
        "url": f"/wall{row['owner']}_{row['id']}",
        "text": row["text"],
        "link": row["link"],
        "files": [{**file, "alt": thing["text"], "url": f"/vk/media/{file['sha256']}"} for thing, file in things],
        "at": from_ms(row["created_at"]),
        "edited": row["edited_at"] is not None,
        "reply_to": None,
        "counts": {name: value for name, value in walls.counts(sandbox, row, now).items() if name != "reach"},
    }
