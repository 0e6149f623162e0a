"""One call of a method: which bot calls, its parameters in any form, and how it is answered or refused."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, Upload, read_params


class Refusal(Exception):
    """An answer that is an error; nothing was done."""

    def __init__(self, status: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


def bad(what: str) -> Refusal:
    """Return the refusal of a request that breaks a rule."""
    return Refusal(400, f"Bad Request: {what}")


def too_many(seconds: float) -> Refusal:
    """https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Query.cpp"""
    wait = max(1, int(seconds + 0.999))
    return Refusal(429, f"Too Many Requests: retry after {wait}", {"retry_after": wait})


@dataclass(slots=True)
class Asking:
    """One call. Parameters may come as query, form, multipart or JSON; what is no text is then JSON in a string."""

    sandbox: Sandbox
    request: Request
    params: Mapping[str, Any]
    bot: Row
    now: int  # the platform's time, milliseconds

    def text(self, name: str) -> str:
        value = self.params.get(name)
        return "" if value is None or isinstance(value, dict | list | Upload) else str(value)

    def number(self, name: str, default: int = 0) -> int:
        text = self.text(name).strip()
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else default

    def json(self, name: str) -> Any:
        value = self.params.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except (ValueError, RecursionError):
            raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def true(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1", "yes")

    def upload(self, name: str) -> Upload | None:
        """Return a file: the part of that name, or the part that `attach://` names."""
        value = self.params.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            value = self.params.get(value.removeprefix("attach://"))
        return value if isinstance(value, Upload) else None

    def channel(self) -> Row:
        """Return the channel that `chat_id` names: by its id or by @name."""
        named = self.text("chat_id").strip()
        if not named:
            raise bad("chat_id is empty")
        row = channel_named(self.sandbox, named)
        if row is None:
            raise bad("chat not found")
        return row

    def own_channel(self) -> Row:
        """Return the channel if this bot may post there."""
        row = self.channel()
        rights = self.sandbox.books.one(
            "SELECT * FROM telegram_admins WHERE channel = ? AND bot = ?", row["id"], self.bot["id"]
        )
        if rights is None:
            raise Refusal(403, "Forbidden: bot is not a member of the channel chat")
        if rights["kicked"]:
            raise Refusal(403, "Forbidden: bot was kicked from the channel chat")
        if not rights["posts"]:
            raise bad("need administrator rights in the channel chat")
        return row


def channel_named(sandbox: Sandbox, named: str) -> Row | None:
    """Return the channel of an id or of @name."""
    if named.startswith("@"):
        return sandbox.books.one("SELECT * FROM telegram_channels WHERE username = ? COLLATE NOCASE", named[1:])
    if named.removeprefix("-").isdecimal() and len(named) < 19:
        return sandbox.books.one("SELECT * FROM telegram_channels WHERE id = ?", int(named))
    return None


def bot_of(sandbox: Sandbox, path: str) -> Row | None:
    """Return the bot whose token stands in a path."""
    token = path.split("/")[1].removeprefix("bot") if path.startswith("/bot") else ""
    return sandbox.books.one("SELECT * FROM telegram_bots WHERE token = ?", token)


async def asking(request: Request) -> Asking:
    """Return the call. Raises: Refusal, when no bot has this token or the body cannot be read."""
    sandbox: Sandbox = request.app.state.sandbox
    bot = bot_of(sandbox, request.url.path)
    if bot is None:
        if ":" not in request.path_params["token"]:
            raise Refusal(404, "Not Found")
        raise Refusal(401, "Unauthorized")
    try:
        kind = request.headers.get("content-type", "")
        params = read_params(request.scope["query_string"], kind, await request.body())
    except Unreadable:
        raise bad("can't parse the request") from None
    return Asking(sandbox, request, params, bot, sandbox.clock.milliseconds())


def answer(result: Any) -> Response:
    """Return a result as the Bot API wraps it."""
    return JSONResponse({"ok": True, "result": result})


def refused(status: int, description: str, parameters: Mapping[str, Any] | None = None) -> Response:
    """Return an error as the Bot API says it. A 429 says its wait in a header, too."""
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    headers: dict[str, str] = {}
    if parameters:
        body["parameters"] = dict(parameters)
        if "retry_after" in parameters:
            headers["Retry-After"] = str(parameters["retry_after"])
    return JSONResponse(body, status, headers)


Method = Callable[[Asking], Any]
