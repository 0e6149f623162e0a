"""The front of the twin: notes what arrives, keeps the limits, and does the wrong that was asked for."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from typing import Any, NoReturn

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaign.sandbox.faults import Fault
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Answer, Caller, Rooms
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import TooLarge, hang_up, read_body, reset


class Front:
    """An ASGI application around the rooms."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox, platforms: Sequence[Rooms]) -> None:
        self._app = app
        self._sandbox = sandbox
        self._platforms = platforms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await read_body(receive)
        except TooLarge:
            await self._send(_error(413, "Payload Too Large"), send, [(b"connection", b"close")])
            return
        except ConnectionAbortedError:
            return  # the client left before its request had arrived
        rooms = self._rooms_of(scope["path"])
        if rooms is None:
            if not scope["path"].startswith("/_"):
                self._sandbox.books.count(f"{scope['method']} (page)")
            await self._app(scope, _again(body, receive), self._dated(send))
            return
        await self._platform(rooms, scope, body, receive, send)

    def _rooms_of(self, path: str) -> Rooms | None:
        return next((rooms for rooms in self._platforms if path.startswith(rooms.prefixes)), None)

    async def _platform(self, rooms: Rooms, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        books, method, path = self._sandbox.books, scope["method"], scope["path"]
        scope["sandbox.body"] = body  # a platform may name the account there
        caller = rooms.caller(self._sandbox, scope)
        key = _header(scope, b"idempotency-key")
        with books.together():
            books.count(f"{method} {rooms.route(path)}")
            seq = None
            if method not in ("GET", "HEAD", "OPTIONS"):
                now = self._sandbox.clock.milliseconds()
                seq = books.arrived(method, path, account=caller.account, key=key, ms=now, body=body)
        fault = self._sandbox.faults.take(method, path, caller.account)
        early, standing = self._refused(rooms, scope, caller, fault)
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
            await self._app(scope, _again(body, receive), early.collect)
            self._note(seq, fault, early.status, _told(fault, early.status))
        extra = [(b"server", rooms.server), *(rooms.limits(self._sandbox, standing) if standing else ())]
        if fault is not None and fault.fault == "500_after":
            early = rooms.wrong("internal", self._sandbox, caller, standing)
        odd = self._sandbox.faults.standing("unknown_fields", method, path, caller.account)
        if odd is not None:
            odd.hits += 1
            early.body = _grown(early.body)
        await self._spoil(fault, early, extra, scope=scope, receive=receive, send=send)

    def _refused(
        self, rooms: Rooms, scope: Scope, caller: Caller, fault: Fault | None
    ) -> tuple[Answer | None, Standing | None]:
        """Return an answer that is given before any work, and where the caller stands in its limits."""
        method, path, sandbox = scope["method"], scope["path"], self._sandbox
        address = scope["client"][0] if scope.get("client") else ""
        standing = rooms.throttle(sandbox, caller, method, path, address)
        if fault is not None and fault.fault == "429":
            wait = float(fault.args.get("retry_after", 60))
            standing = Standing(standing.limit if standing else 300, 0, wait, True)
        if standing is not None and standing.over:
            return rooms.wrong("throttled", sandbox, caller, standing), standing
        if fault is not None and fault.fault == "500_before":
            return rooms.wrong("internal", sandbox, caller, standing), standing
        if fault is not None and fault.fault == "503":
            return rooms.wrong("temporary", sandbox, caller, standing), standing
        expired = sandbox.faults.standing("expired_token", method, path, caller.account) if caller.account else None
        if expired is not None:
            expired.hits += 1
            return rooms.wrong("expired", sandbox, caller, standing), standing
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
        if name == "bad_json":
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
        return [(b"date", format_datetime(now, usegmt=True).encode())]

    def _dated(self, send: Send) -> Send:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._now()]
            await send(message)

        return dated

    def _note(self, seq: int | None, fault: Fault | None, did: int | None, answered: int | None) -> None:
        if seq is not None:
            self._sandbox.books.ended(seq, fault=fault.fault if fault else None, did=did, answered=answered)


def _grown(body: bytearray) -> bytearray:
    """Return a JSON answer as a later release of the platform may give it: with a field more in every object."""
    try:
        found = json.loads(body)
    except ValueError:
        return body
    return bytearray(json.dumps(_more(found), ensure_ascii=False).encode())


def _more(value: Any) -> Any:
    if isinstance(value, list):
        return [_more(item) for item in value]
    if isinstance(value, dict) and "$type" in value and "createdAt" in value:
        return value  # a record of the AT Protocol is named by its content: no server adds to it
    if isinstance(value, dict):
        return {**{key: _more(item) for key, item in value.items()}, "x_новое_필드": {"list": [1, None], "text": "값"}}
    return value


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
