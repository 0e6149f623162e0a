"""The twin of the reference platform `handle`: rooms of the sandbox, with its faults, its books and its clock.

A container is made and then published; publishing it again gives the same post (409). `ignore_key` makes the twin
forget containers, `lagging_list` makes states and lists tell nothing new. An account that was opened as `slow` works on
a post for a while: the first question about its container is answered with IN_PROGRESS.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox import serve
from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox


class Refusal(Exception):
    """The platform says no."""

    def __init__(self, status: int, error: str) -> None:
        self.status, self.error = status, error


def _account(request: Request) -> tuple[Sandbox, Row]:
    sandbox: Sandbox = request.app.state.sandbox
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    row = sandbox.books.one("SELECT * FROM handle_accounts WHERE token = ?", token)
    if row is None:
        raise Refusal(401, "no such token")
    return sandbox, row


def _stands(sandbox: Sandbox, name: str, request: Request, account: Row) -> bool:
    fault = sandbox.faults.standing(name, request.method, request.url.path, account["name"])
    if fault is not None:
        fault.hits += 1
    return fault is not None


async def me(request: Request) -> Response:
    _, account = _account(request)
    return JSONResponse({"id": str(account["id"]), "name": account["name"]})


async def upload(request: Request) -> Response:
    sandbox, _ = _account(request)
    ident = secrets.token_hex(8)
    sandbox.books.insert("handle_uploads", id=ident, sha256=sandbox.books.store(await request.body()))
    return JSONResponse({"id": ident}, 201)


async def make(request: Request) -> Response:
    sandbox, account = _account(request)
    told, ident = await request.json(), secrets.token_hex(8)
    sandbox.books.insert("handle_containers", id=ident, account=account["id"], told=json.dumps(told))
    return JSONResponse({"id": ident, "status": "FINISHED"}, 201)


def _container(request: Request) -> tuple[Sandbox, Row, Row]:
    sandbox, account = _account(request)
    sql = "SELECT * FROM handle_containers WHERE id = ? AND account = ?"
    row = sandbox.books.one(sql, request.path_params["id"], account["id"])
    if row is None or _stands(sandbox, "ignore_key", request, account):
        raise Refusal(404, "no such container")
    return sandbox, account, row


async def state(request: Request) -> Response:
    sandbox, account, row = _container(request)
    if row["post"] is None or _stands(sandbox, "lagging_list", request, account):
        return JSONResponse({"id": row["id"], "status": "FINISHED"})
    sandbox.books.do("UPDATE handle_containers SET asked = asked + 1 WHERE id = ?", row["id"])
    if account["slow"] and row["asked"] == 0:
        return JSONResponse({"id": row["id"], "status": "IN_PROGRESS"})
    return JSONResponse({"id": row["id"], "status": "PUBLISHED", "post": _post(sandbox, row["post"])})


async def publish(request: Request) -> Response:
    sandbox, account, row = _container(request)
    again = row["post"] is not None
    number = row["post"]
    if not again:
        now = sandbox.clock.milliseconds()
        number = sandbox.books.number("SELECT max(id) FROM handle_posts") + 1
        sandbox.books.insert("handle_posts", id=number, account=account["id"], told=row["told"], created_at=now)
        sandbox.books.do("UPDATE handle_containers SET post = ? WHERE id = ?", number, row["id"])
    if account["slow"] and row["asked"] == 0:
        return JSONResponse({"id": row["id"], "status": "IN_PROGRESS"}, 409 if again else 202)
    return JSONResponse({"status": "PUBLISHED", "post": _post(sandbox, number)}, 409 if again else 200)


async def posts(request: Request) -> Response:
    sandbox, account = _account(request)
    rows = sandbox.books.all("SELECT id FROM handle_posts WHERE account = ? ORDER BY id", account["id"])
    lags = _stands(sandbox, "lagging_list", request, account)
    return JSONResponse([] if lags else [_post(sandbox, row["id"]) for row in rows])


async def post(request: Request) -> Response:
    sandbox, account = _account(request)
    number = request.path_params["id"]
    sql = "SELECT id FROM handle_posts WHERE id = ? AND account = ?"
    if sandbox.books.one(sql, number if number.isdigit() and len(number) < 19 else 0, account["id"]) is None:
        raise Refusal(404, "no such post")
    return JSONResponse(_post(sandbox, int(number)))


def _post(sandbox: Sandbox, number: int) -> dict[str, Any]:
    sql = "SELECT p.*, a.name FROM handle_posts p JOIN handle_accounts a ON a.id = p.account WHERE p.id = ?"
    row = sandbox.books.one(sql, number)
    assert row is not None
    told = json.loads(row["told"])
    return {
        "id": str(number),
        "text": told["text"],
        "language": told.get("language"),
        "uploads": told["uploads"],
        "reply_to": told.get("reply_to"),
        "created_at": iso(row["created_at"]),
        "url": f"{sandbox.base_url}/handle/{row['name']}/{number}",
        "likes": number % 7,
    }


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse({"error": error.error}, error.status)


class HandleRooms(Rooms):
    """The rooms under /handle."""

    name: ClassVar[str] = "handle"
    prefixes: ClassVar[tuple[str, ...]] = ("/handle/",)
    server: ClassVar[bytes] = b"reference"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS handle_accounts (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, token TEXT NOT NULL, slow INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS handle_uploads (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS handle_containers (
  id TEXT PRIMARY KEY, account INTEGER NOT NULL, told TEXT NOT NULL, post INTEGER, asked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS handle_posts (
  id INTEGER PRIMARY KEY, account INTEGER NOT NULL, told TEXT NOT NULL, created_at INTEGER NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/handle/me", me),
        Route("/handle/uploads", upload, methods=["POST"]),
        Route("/handle/containers", make, methods=["POST"]),
        Route("/handle/containers/{id}", state),
        Route("/handle/containers/{id}/publish", publish, methods=["POST"]),
        Route("/handle/posts", posts),
        Route("/handle/posts/{id}", post),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ()

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
        token = header.removeprefix("Bearer ")
        row = sandbox.books.one("SELECT * FROM handle_accounts WHERE token = ?", token)
        return Caller(row["name"], token) if row else Caller()

    def route(self, path: str) -> str:
        return "/".join(path.split("/")[:3])

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        status = {"throttled": 429, "internal": 500, "temporary": 503, "expired": 401}[kind]
        headers = [(b"content-type", b"application/json")]
        if standing is not None:
            headers.append((b"retry-after", str(round(standing.resets_in)).encode()))
        return Answer(status, headers, bytearray(json.dumps({"error": kind}).encode()))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open an account, or give one that is there a new token; `slow`: it works on a post for a while."""
        told = {"name": account} if isinstance(account, str) else account
        token, books = secrets.token_urlsafe(24), sandbox.books
        if not books.do("UPDATE handle_accounts SET token = ? WHERE name = ?", token, told["name"]):
            books.insert("handle_accounts", name=told["name"], token=token, slow=int(bool(told.get("slow"))))
        return {"name": told["name"], "token": token}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        sql = (
            "SELECT p.id, a.name FROM handle_posts p JOIN handle_accounts a ON a.id = p.account"
            " WHERE p.id > ? AND (? IS NULL OR a.name = ?) ORDER BY p.id LIMIT ?"
        )
        rows = sandbox.books.all(sql, int(after) if after.isdigit() else 0, account, account, limit)
        told = [(row["name"], _post(sandbox, row["id"])) for row in rows]
        return [
            {**each, "cursor": each["id"], "account": name, "in_reply_to_id": each["reply_to"], "deleted": False}
            | {"media": [{"sha256": one, "description": None} for one in each["uploads"]]}
            for name, each in told
        ]


def move_in() -> None:
    """Take the rooms into every sandbox that this process starts from now on."""
    serve.ROOMS["handle"] = HandleRooms()
