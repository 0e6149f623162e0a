"""The front of the twin: notes what arrives, keeps the limits, and does the wrong that was asked for."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, NoReturn

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaign.sandbox.books import Row
from campaign.sandbox.faults import Fault
from campaign.sandbox.limits import Standing
from campaign.sandbox.mastodon.asking import bearer
from campaign.sandbox.mastodon.refusals import Refusal, says
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import TooLarge, hang_up, read_body, reset

_PLATFORM = ("/api/", "/oauth/", "/media/")  # where faults act; the books and the pages are never wrong
_INTERNAL = "We're sorry, but something went wrong on our end."
_TEMPORARY = "There was a temporary problem serving your request, please try again"
_EXPIRED = "The access token expired"


@dataclass(slots=True)
class Answer:
    """What the work gave, held back until it is known whether it may go out."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def collect(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


class Front:
    """An ASGI application around the rooms."""

    def __init__(self, rooms: ASGIApp, sandbox: Sandbox) -> None:
        self._rooms = rooms
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._rooms(scope, receive, send)
            return
        try:
            body = await read_body(receive)
        except TooLarge:
            await self._send(_error(413, "Payload Too Large"), send, [(b"connection", b"close")])
            return
        except ConnectionAbortedError:
            return  # the client left before its request had arrived
        if scope["path"].startswith("/_"):
            await self._rooms(scope, _again(body, receive), self._dated(send))
            return
        await self._platform(scope, body, receive, send)

    async def _platform(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        books, method, path = self._sandbox.books, scope["method"], scope["path"]
        token, name = self._caller(scope)
        key = _header(scope, b"idempotency-key")
        with books.together():
            books.count(f"{method} {_route(path)}")
            seq = None
            if method not in ("GET", "HEAD", "OPTIONS"):
                now = self._sandbox.clock.milliseconds()
                seq = books.arrived(method, path, account=name, key=key, ms=now, body=body)
        faulty = path.startswith(_PLATFORM)
        fault = self._sandbox.faults.take(method, path, name) if faulty else None
        early, standing = self._refused(scope, token, name, fault)
        if fault is not None and fault.before:
            answered = early.status if early is not None else None
            self._note(seq, fault, None, answered)
            if early is None:
                await self._cut(fault, scope, receive)
                return
        elif early is not None:
            self._note(seq, None, None, early.status)
        else:
            early = Answer()
            await self._rooms(scope, _again(body, receive), early.collect)
            self._note(seq, fault, early.status, _told(fault, early.status))
        extra = self._limits(standing) if path.startswith("/api/") else []
        await self._spoil(fault, early, extra, scope=scope, receive=receive, send=send)

    def _refused(
        self, scope: Scope, token: Row | None, name: str | None, fault: Fault | None
    ) -> tuple[Answer | None, Standing | None]:
        """Return an answer that is given before any work, and where the caller stands in its limits."""
        method, path = scope["method"], scope["path"]
        standing = None
        if path.startswith("/api/"):
            address = scope["client"][0] if scope.get("client") else ""
            value = token["token"] if token else None
            standing = self._sandbox.throttle.take(method, path, value, name, address)
        if fault is not None and fault.fault == "429":
            wait = float(fault.args.get("retry_after", 60))
            standing = Standing(standing.limit if standing else 300, 0, wait, True)
        if standing is not None and standing.over:
            return _error(429, says("throttled", self._locale(token))), standing
        if fault is not None and fault.fault == "500_before":
            return _error(500, _INTERNAL), standing
        if fault is not None and fault.fault == "503":
            return _error(503, _TEMPORARY), standing
        if name is not None and (expired := self._sandbox.faults.standing("expired_token", method, path, name)):
            expired.hits += 1
            return _error(401, _EXPIRED), standing
        return None, standing

    async def _spoil(
        self,
        fault: Fault | None,
        answer: Answer,
        extra: list[tuple[bytes, bytes]],
        *,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Send the answer, or do with it what the fault says."""
        name = fault.fault if fault is not None and not fault.before else ""
        args: Mapping[str, Any] = fault.args if fault is not None else {}
        if fault is not None and name in ("lose_response", "reset"):
            await self._cut(fault, scope, receive)
            return
        if name == "slow":
            await asyncio.sleep(float(args.get("seconds", 5)))
        if name == "500_after":
            answer = _error(500, _INTERNAL)
        elif name == "bad_json":
            answer.body = bytearray(str(args.get("body", '{"id": <not json')).encode())
        if name == "half_body":
            await self._send(answer, send, extra, half=True)
            await hang_up(_transport(scope), receive)
            return
        await self._send(answer, send, extra)

    async def _cut(self, fault: Fault, scope: Scope, receive: Receive) -> None:
        if fault.fault == "reset":
            await reset(_transport(scope), receive)
        else:
            await hang_up(_transport(scope), receive)

    async def _send(self, answer: Answer, send: Send, extra: list[tuple[bytes, bytes]], *, half: bool = False) -> None:
        kept = [(n, v) for n, v in answer.headers if n.lower() != b"content-length"]
        size = (b"content-length", str(len(answer.body)).encode())
        headers = [*kept, size, *self._now(), *extra]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if half:
            await send(
                {"type": "http.response.body", "body": bytes(answer.body[: len(answer.body) // 2]), "more_body": True}
            )
        else:
            await send({"type": "http.response.body", "body": bytes(answer.body)})

    def _now(self) -> list[tuple[bytes, bytes]]:
        now = self._sandbox.clock.now()
        return [(b"date", format_datetime(now, usegmt=True).encode()), (b"server", b"Mastodon")]

    def _dated(self, send: Send) -> Send:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._now()]
            await send(message)

        return dated

    def _limits(self, standing: Standing | None) -> list[tuple[bytes, bytes]]:
        """The window is real time; its end is told in the platform's time, so that Reset - Date is the real wait."""
        if standing is None:
            return []
        resets = self._sandbox.clock.now() + timedelta(seconds=standing.resets_in)
        told = resets.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return [
            (b"x-ratelimit-limit", str(standing.limit).encode()),
            (b"x-ratelimit-remaining", str(standing.remaining).encode()),
            (b"x-ratelimit-reset", told.encode()),
        ]

    def _caller(self, scope: Scope) -> tuple[Row | None, str | None]:
        try:
            token = bearer(self._sandbox, _header(scope, b"authorization"))
        except Refusal:
            return None, None
        if token is None or token["account_id"] is None:
            return token, None
        row = self._sandbox.books.one("SELECT name FROM accounts WHERE id = ?", token["account_id"])
        return token, row["name"] if row else None

    def _locale(self, token: Row | None) -> str:
        if token is None or token["account_id"] is None:
            return "en"
        row = self._sandbox.books.one("SELECT locale FROM accounts WHERE id = ?", token["account_id"])
        return str(row["locale"]) if row else "en"

    def _note(self, seq: int | None, fault: Fault | None, did: int | None, answered: int | None) -> None:
        if seq is not None:
            self._sandbox.books.ended(seq, fault=fault.fault if fault else None, did=did, answered=answered)


def _told(fault: Fault | None, status: int) -> int | None:
    """Return the status that the client will see, if it will see one."""
    if fault is None or fault.before:
        return status
    return {"lose_response": None, "reset": None, "500_after": 500}.get(fault.fault, status)


def _error(status: int, text: str) -> Answer:
    body = bytearray(json.dumps({"error": text}, ensure_ascii=False).encode())
    return Answer(status, [(b"content-type", b"application/json; charset=utf-8")], body)


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name.lower() == wanted:
            return str(value.decode("latin-1"))
    return None


def _route(path: str) -> str:
    """Return a path with its ids taken out; what is no address of the platform is one route, so that they stay few."""
    parts = path.split("/")
    if parts[1] not in ("api", "oauth", "media", "nodeinfo", ".well-known") or len(parts) > 7 or len(path) > 200:
        return "(page)"
    if parts[1] == "media":
        return "/media/{id}/{name}"
    return "/".join("{id}" if part.isdigit() else part for part in parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read already once more."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _transport(scope: Scope) -> asyncio.Transport:
    transport = scope.get("state", {}).get("transport")
    if transport is None:
        _unreachable()
    found: asyncio.Transport = transport
    return found


def _unreachable() -> NoReturn:
    raise RuntimeError("this fault needs the twin's own server: run() or Twin")
