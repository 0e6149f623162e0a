"""A board: whoever stands before it fills in a form, and gets the address of what now hangs there."""

import secrets
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Rooms, Wrong
from campaign.sandbox.state import Sandbox

MOST = 20_000  # characters that fit on a sheet
STATUSES = {"throttled": 429, "internal": 500, "temporary": 503, "expired": 401}


async def board(request: Request) -> Response:
    """Show what hangs there, and the form; POST puts something up."""
    sandbox: Sandbox = request.app.state.sandbox
    name = str(request.path_params["name"])
    if request.method == "POST":
        text = str((await request.form()).get("text") or "").strip()
        if not text or len(text) > MOST:
            return HTMLResponse(f"<p>a sheet holds 1 to {MOST} characters</p>", 400)
        ident = secrets.token_hex(6)
        sandbox.books.insert("handoff_sheets", id=ident, board=name, text=text, created_at=sandbox.clock.milliseconds())
        return RedirectResponse(f"{sandbox.base_url}/handoff/{name}/{ident}", 303)
    rows = sandbox.books.all("SELECT * FROM handoff_sheets WHERE board = ? ORDER BY seq DESC LIMIT 50", name)
    hung = "".join(
        f'<li><a href="/handoff/{escape(name)}/{row["id"]}">{escape(row["text"][:80])}</a></li>' for row in rows
    )
    form = '<form method="post"><textarea name="text"></textarea><button>Put up</button></form>'
    return HTMLResponse(f"<!doctype html><title>{escape(name)}</title><h1>{escape(name)}</h1>{form}<ul>{hung}</ul>")


async def sheet(request: Request) -> Response:
    """Show one sheet."""
    sandbox: Sandbox = request.app.state.sandbox
    sql = "SELECT * FROM handoff_sheets WHERE board = ? AND id = ?"
    row = sandbox.books.one(sql, str(request.path_params["name"]), str(request.path_params["id"]))
    if row is None:
        return HTMLResponse("<p>nothing hangs here</p>", 404)
    return HTMLResponse(f"<!doctype html><title>{row['id']}</title><pre>{escape(row['text'])}</pre>")


class Handoff(Rooms):
    """An account is a board."""

    name: ClassVar[str] = "handoff"
    prefixes: ClassVar[tuple[str, ...]] = ("/handoff/",)
    server: ClassVar[bytes] = b"board"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS handoff_sheets (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, board TEXT NOT NULL, text TEXT NOT NULL,
  created_at INTEGER NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/handoff/{name}", board, methods=["GET", "POST"]),
        Route("/handoff/{name}/{id}", sheet),
    )
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        """Whoever stands there."""
        return Caller()

    def route(self, path: str) -> str:
        return "/handoff/{name}"

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        return Answer(STATUSES[kind], [(b"content-type", b"text/plain")], bytearray(kind.encode()))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        name = account if isinstance(account, str) else account["name"]
        base_url = f"{sandbox.base_url}/handoff/{name}"
        return {"name": name, "token": "none-is-needed", "place": "other", "person": "alice", "base_url": base_url}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        seq = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        sql = "SELECT * FROM handoff_sheets WHERE seq > ? AND (? IS NULL OR board = ?) ORDER BY seq LIMIT ?"
        return [
            {
                "cursor": str(row["seq"]),
                "id": row["id"],
                "account": row["board"],
                "text": row["text"],
                "language": None,
                "created_at": iso(row["created_at"]),
                "in_reply_to_id": None,
                "media": [],
                "url": f"{sandbox.base_url}/handoff/{row['board']}/{row['id']}",
                "deleted": False,
            }
            for row in sandbox.books.all(sql, seq, account, account, limit)
        ]


ROOMS = Handoff()
