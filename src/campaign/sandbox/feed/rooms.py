"""A folder below the sandbox, shown as a web server does; its books are the entries that lie there."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Rooms, Wrong
from campaign.sandbox.state import Sandbox

KINDS = {
    ".atom": "application/atom+xml",
    ".as2.json": "application/activity+json",
    ".json": "application/json",
    ".html": "text/html",
}
STATUSES = {"throttled": 429, "internal": 500, "temporary": 503, "expired": 401}


async def show(request: Request) -> Response:
    """Show a file of a feed's folder; nothing else of this machine, and no file whose name begins with a dot."""
    sandbox: Sandbox = request.app.state.sandbox
    root = folder_of(sandbox, str(request.path_params["name"]))
    file = (root / str(request.path_params["path"])).resolve()
    hidden = any(part.startswith(".") for part in Path(str(request.path_params["path"])).parts)
    if hidden or not file.is_relative_to(root.resolve()) or not file.is_file():
        return Response("404 Not Found", 404, media_type="text/plain")
    kind = next((mime for ending, mime in KINDS.items() if file.name.endswith(ending)), None)
    return FileResponse(file, media_type=kind)


def folder_of(sandbox: Sandbox, name: str) -> Path:
    """Return the folder of an account."""
    return sandbox.books.folder / "feeds" / hashlib.sha256(name.encode()).hexdigest()[:16]


class Feed(Rooms):
    """An account is a folder. Nobody logs in: whoever may write into the folder publishes."""

    name: ClassVar[str] = "feed"
    prefixes: ClassVar[tuple[str, ...]] = ("/feed/",)
    server: ClassVar[bytes] = b"nginx"
    routes: ClassVar[Sequence[Route]] = (Route("/feed/{name}/{path:path}", show),)
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        """Nobody: readers have no name."""
        return Caller()

    def route(self, path: str) -> str:
        return "/feed/{name}/{path}"

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        return Answer(STATUSES[kind], [(b"content-type", b"text/plain")], bytearray(kind.encode()))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        name = account if isinstance(account, str) else account["name"]
        folder = folder_of(sandbox, name)
        folder.mkdir(parents=True, exist_ok=True)
        base_url = f"{sandbox.base_url}/feed/{name}"
        return {"name": name, "token": "none-is-needed", "folder": str(folder.resolve()), "base_url": base_url}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        rows = []
        for name in self.accounts if account is None else (account,):
            label = name if isinstance(name, str) else name["name"]
            for file in (folder_of(sandbox, label) / "entries").glob("*.json"):
                rows.append(_row(label, json.loads(file.read_text(encoding="utf-8"))))
        rows.sort(key=lambda row: (row["created_at"], row["id"]))
        return [row for row in rows if row["cursor"] > after][:limit]


def _row(account: str, entry: dict[str, Any]) -> dict[str, Any]:
    parent = str(entry["parent"]).rpartition(":")[2] if entry["parent"] else None
    return {
        "cursor": f"{entry['published']} {entry['name']}",
        "id": entry["name"],
        "account": account,
        "text": entry["text"],
        "language": entry["langs"][0],
        "created_at": entry["published"],
        "in_reply_to_id": parent,
        "media": [
            {"sha256": str(medium["path"]).rpartition("/")[2].partition(".")[0], "description": medium["alt"]}
            for medium in entry["media"]
        ],
        "url": entry["url"],
        "deleted": bool(entry.get("deleted")),
    }


ROOMS = Feed()
