"""One request: who asks, what for, and what the token may do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.misskey.refusals import Refusal
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, read_params

_TOKEN = re.compile(rb'"i"\s*:\s*"([^"]{1,300})"|name="i"\r\n\r\n([^\r]{1,300})')
ID = re.compile(r"[0-9a-z]{16}")


@dataclass(slots=True)
class Asking:
    """One request."""

    sandbox: Sandbox
    request: Request
    params: Mapping[str, Any]
    token: Row | None
    account: Row | None
    now: int  # the platform's time, milliseconds

    @property
    def user(self) -> Row:
        if self.account is None:
            raise Refusal("credential")
        return self.account

    def needs(self, permission: str) -> None:
        """Refuse unless the token holds the permission."""
        if self.token is None or self.account is None:
            raise Refusal("credential")
        if self.account["suspended"]:
            raise Refusal("suspended")
        if permission not in str(self.token["permissions"]).split(","):
            raise Refusal("permission")

    def text(self, name: str) -> str | None:
        """Return a string; refuse another type."""
        value = self.params.get(name)
        if value is not None and not isinstance(value, str):
            raise bad(name, "type", "must be string")
        return value

    def ident(self, name: str) -> str:
        value = self.text(name)
        if value is None or not ID.fullmatch(value):
            raise bad(name, "format", 'must match format "misskey:id"')
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.params.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise bad(name, "type", "must be integer")
        if not least <= value <= most:
            raise bad(name, "maximum" if value > most else "minimum", f"must be between {least} and {most}")
        return value

    def fits(self, fault: str) -> Any:
        """Return a standing fault in force for this request, counted."""
        name = self.account["username"] if self.account else None
        found = self.sandbox.faults.standing(fault, self.request.method, self.request.url.path, name)
        if found is not None:
            found.hits += 1
        return found


def bad(name: str, rule: str, reason: str) -> Refusal:
    """Return the refusal of a parameter that breaks its schema."""
    return Refusal("param", param=f"#/properties/{name}/{rule}", reason=reason)


def token_of(sandbox: Sandbox, scope: Scope) -> tuple[str | None, Row | None]:
    """Return the token of a request, from its header or its body, and its row."""
    header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
    found = _TOKEN.search(scope.get("sandbox.body", b""))
    given = header.removeprefix("Bearer ") if header.startswith("Bearer ") else None
    if given is None and found is not None:
        given = (found[1] or found[2]).decode("latin-1")
    return given, sandbox.books.one("SELECT * FROM misskey_tokens WHERE token = ?", given)


async def asking(request: Request) -> Asking:
    """Return the request. Raises: Refusal, when its token is not known or its body cannot be read."""
    sandbox: Sandbox = request.app.state.sandbox
    given, token = token_of(sandbox, request.scope)
    if given is not None and token is None:
        raise Refusal("authentication")
    try:
        params = read_params(b"", request.headers.get("content-type", ""), await request.body())
    except Unreadable:
        raise Refusal("param", param="#", reason="the body cannot be read") from None
    account = None
    if token is not None:
        account = sandbox.books.one("SELECT * FROM misskey_users WHERE id = ?", token["user"])
    return Asking(sandbox, request, params, token, account, sandbox.clock.milliseconds())
