"""One request: whose channel asks, what it costs, and what stands in its body."""

import json
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from campaign.sandbox.books import Row
from campaign.sandbox.state import Sandbox
from campaign.sandbox.youtube.refusals import Refusal

# Units of the daily quota; uploads have a bucket of their own, and cost one each.
# https://developers.google.com/youtube/v3/determine_quota_cost
UNITS, UPLOADS = 10_000, 100
LIST, WRITE, TRACK = 1, 50, 400
_PACIFIC = ZoneInfo("America/Los_Angeles")


@dataclass(slots=True)
class Asking:
    """One request of a channel. `traits`: what was told when the account was opened."""

    sandbox: Sandbox
    request: Request
    channel: Row
    traits: dict[str, str]
    now: int  # the platform's time, milliseconds

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def parts(self) -> list[str]:
        """Return the parts that are asked for. Raises: Refusal: none is."""
        found = [each.strip() for each in self.query("part").split(",") if each.strip()]
        if not found:
            raise Refusal("part")
        return found

    def stands(self, fault: str) -> bool:
        """Whether a standing fault bends this request."""
        request = self.request
        found = self.sandbox.faults.standing(fault, request.method, request.url.path, self.channel["name"])
        if found is not None:
            found.hits += 1
        return found is not None

    def spend(self, units: int, *, upload: bool = False) -> None:
        """Take from the day's quota. Raises: Refusal: it is used up, and comes back at midnight Pacific time."""
        if self.sandbox.wide:
            return
        books, ident = self.sandbox.books, self.channel["id"]
        day = self.sandbox.clock.now().astimezone(_PACIFIC).date().isoformat()
        books.do("INSERT OR IGNORE INTO youtube_spent VALUES (?, ?, 0, 0)", ident, day)
        what, most = ("uploads", int(self.traits.get("uploads", UPLOADS))) if upload else ("units", self._units())
        sql = f"UPDATE youtube_spent SET {what} = {what} + ? WHERE channel = ? AND day = ? AND {what} + ? <= ?"  # noqa: S608
        if not books.do(sql, units, ident, day, units, most):
            raise Refusal("quota")

    def _units(self) -> int:
        return int(self.traits.get("quota", UNITS))

    async def json(self) -> dict[str, Any]:
        """Return the object of the body. Raises: Refusal."""
        return told(await self.request.body())

    async def related(self) -> tuple[dict[str, Any], bytes]:
        """Return the object and the file of a multipart/related body. Raises: Refusal."""
        head = f"Content-Type: {self.request.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
        message = message_from_bytes(head + await self.request.body())
        pieces = message.get_payload()
        if not message.is_multipart() or not isinstance(pieces, list) or len(pieces) != 2:
            raise Refusal("body")
        first, second = (piece.get_payload(decode=True) if isinstance(piece, Message) else b"" for piece in pieces)
        return told(bytes(first or b"")), bytes(second or b"")


def told(body: bytes) -> dict[str, Any]:
    """Return a body's object. Raises: Refusal."""
    try:
        found = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise Refusal("body") from None
    if not isinstance(found, dict):
        raise Refusal("body")
    return found


def channel_of(sandbox: Sandbox, authorization: str) -> Row | None:
    """Return the channel whose token stands in an Authorization header."""
    token = authorization.removeprefix("Bearer ")
    return sandbox.books.one("SELECT * FROM youtube_channels WHERE token = ?", token)


def asking(request: Request) -> Asking:
    """Return the request. Raises: Refusal: no channel has this token."""
    sandbox: Sandbox = request.app.state.sandbox
    channel = channel_of(sandbox, request.headers.get("authorization", ""))
    if channel is None:
        raise Refusal("token")
    return Asking(sandbox, request, channel, json.loads(channel["traits"]), sandbox.clock.milliseconds())
