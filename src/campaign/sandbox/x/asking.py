"""One request: who asks, with what, and what time it is there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, read_params
from campaign.sandbox.x.refusals import Refusal

EPOCH = 1_288_834_974_657  # milliseconds: https://docs.x.com/fundamentals/x-ids


@dataclass(slots=True)
class Asking:
    """One request of an account."""

    sandbox: Sandbox
    request: Request
    account: Row
    now: int  # the platform's time, milliseconds

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    def names(self, name: str) -> set[str]:
        """Return a comma-separated parameter."""
        return {one for one in self.query.get(name, "").split(",") if one}

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a number. Raises: Refusal."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
            raise Refusal("parameter", name=name)
        return int(text)

    async def told(self) -> dict[str, Any]:
        """Return the JSON object of the body. Raises: Refusal."""
        try:
            told = json.loads(await self.request.body())
            json.dumps(told, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError):
            raise Refusal("unreadable") from None
        if not isinstance(told, dict):
            raise Refusal("unreadable")
        return told

    async def form(self) -> dict[str, Any]:
        """Return the fields of a multipart body. Raises: Refusal."""
        try:
            return read_params(b"", self.request.headers.get("content-type", ""), await self.request.body())
        except Unreadable:
            raise Refusal("unreadable") from None


def asking(request: Request) -> Asking:
    """Return who asks. Raises: Refusal: nobody has this token."""
    sandbox: Sandbox = request.app.state.sandbox
    account = account_of(sandbox, request.scope)
    if account is None:
        raise Refusal("unauthorized")
    return Asking(sandbox, request, account, sandbox.clock.milliseconds())


def account_of(sandbox: Sandbox, scope: Scope) -> Row | None:
    """Return the account whose token stands in the Authorization header."""
    for name, value in scope["headers"]:
        if name.lower() == b"authorization" and value[:7].lower() == b"bearer ":
            return sandbox.books.one("SELECT * FROM x_accounts WHERE token = ?", value[7:].decode("latin-1"))
    return None


def whole(text: str) -> int:
    """Return the number of an id; 0, which no post has, where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 1 << 63 else 0


def snowflake(sandbox: Sandbox, table: str, ms: int) -> int:
    """Return a free id that carries the platform's time in all bits but the last 22."""
    low = max(0, ms - EPOCH) << 22
    sql = f"SELECT max(id) FROM {table} WHERE id >= ? AND id < ?"  # noqa: S608
    last = sandbox.books.number(sql, low, low + (1 << 22))
    return last + 1 if last else low + 1
