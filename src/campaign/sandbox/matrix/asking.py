"""One request to the homeserver: whose it is, which room it names, and what it says."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.matrix.refusals import MatrixError
from campaign.sandbox.state import Sandbox

SERVER = "matrix.sandbox"  # the name in ids; it never changes, whatever port the twin has


@dataclass(slots=True)
class Asking:
    """One request of a user that is logged in."""

    sandbox: Sandbox
    request: Request
    device: Row
    now: int  # the platform's time, milliseconds

    @property
    def user(self) -> str:
        return str(self.device["user"])

    def named(self, name: str) -> str:
        return str(self.request.path_params[name])

    def room(self, *, reading: bool = False) -> Row:
        """Return the room of the path, where the user is in it. Raises: MatrixError."""
        named = self.named("room")
        row = self.sandbox.books.one(
            "SELECT r.*, m.power FROM matrix_rooms r JOIN matrix_members m ON m.room = r.id"
            " WHERE r.id = ? AND m.user = ?",
            named,
            self.user,
        )
        if row is None:
            raise MatrixError("no_preview" if reading else "not_in_room", user=self.user, room=named)
        return row

    async def json(self) -> dict[str, Any]:
        """Return the object of the body. Raises: MatrixError."""
        try:
            told = json.loads(await self.request.body())
        except (ValueError, RecursionError):
            raise MatrixError("not_json") from None
        if not isinstance(told, dict):
            raise MatrixError("not_object")
        return told

    def number(self, name: str, default: int, most: int) -> int:
        text = self.request.query_params.get(name, "")
        return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 10 else default


def asking(request: Request) -> Asking:
    """Return the request of a user. Raises: MatrixError, where its token is missing or unknown."""
    sandbox: Sandbox = request.app.state.sandbox
    token = token_of(request.headers.get("authorization", ""), request.query_params.get("access_token"))
    if token is None:
        raise MatrixError("no_token")
    device = sandbox.books.one("SELECT * FROM matrix_devices WHERE token = ?", token)
    if device is None:
        raise MatrixError("bad_token")
    return Asking(sandbox, request, device, sandbox.clock.milliseconds())


def token_of(header: str, query: str | None) -> str | None:
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else query or None


def answer(body: Any, status: int = 200) -> Response:
    return JSONResponse(body, status)


def ident(mark: str, *parts: object) -> str:
    """Return an id as room versions from 4 on make them: a mark, and a digest in URL-safe base64."""
    digest = hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()
    return mark + base64.urlsafe_b64encode(digest).decode().rstrip("=")
