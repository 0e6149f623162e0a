"""One call of a method: whose token it is, its fields in any form, and what it may do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.state import Sandbox
from campaign.sandbox.vk.refusals import Refusal
from campaign.sandbox.wire import Unreadable, read_params

_TOKEN = re.compile(rb'(?:(?:^|&)access_token=([^&]{1,300}))|(?:name="access_token"\r\n\r\n([^\r]{1,300}))')


@dataclass(slots=True)
class Asking:
    """One call."""

    sandbox: Sandbox
    request: Request
    method: str
    params: Mapping[str, Any]
    token: Row
    now: int  # the platform's time, milliseconds

    def text(self, name: str) -> str:
        value = self.params.get(name)
        return str(value) if isinstance(value, str | int) else ""

    def number(self, name: str, default: int = 0) -> int:
        text = self.text(name).strip()
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else default

    def at_least(self, version: int) -> bool:
        """Whether the caller speaks version 5.`version` or a later one."""
        major, _, minor = self.text("v").partition(".")
        return (major, minor.isdecimal() and int(minor) >= version) == ("5", True)

    def page(self, most: int = 100) -> tuple[int, int]:
        """Return count and offset."""
        return min(max(self.number("count", 20), 0), most), max(self.number("offset"), 0)

    def wall(self, name: str = "owner_id") -> Row:
        """Return the community that `owner_id` names."""
        owner = self.number(name)
        row = community(self.sandbox, -owner)
        if row is None:
            raise Refusal("missing" if not owner else "access", name)
        return row

    def administers(self, group: Row, level: int = 2) -> None:
        """Refuse unless the token's user may do such a thing there."""
        if self.token["groups"] != group["id"] or self.token["level"] < level:
            raise Refusal("access")

    def may(self, right: int, *, user: bool = True) -> None:
        """Refuse a token without the right, or a community's where a user's is asked for."""
        if user and self.token["user"] is None:
            raise Refusal("group_token")
        if not self.token["rights"] & right:
            raise Refusal("access")

    def fits(self, fault: str) -> bool:
        """Tell whether a standing fault is in force for this request, and count it."""
        found = self.standing(fault)
        if found is not None:
            found.hits += 1
        return found is not None

    def standing(self, fault: str) -> Any:
        group = community(self.sandbox, self.token["groups"])
        name = group["screen_name"] if group else None
        return self.sandbox.faults.standing(fault, self.request.method, self.request.url.path, name)


def community(sandbox: Sandbox, ident: int) -> Row | None:
    return sandbox.books.one("SELECT * FROM vk_groups WHERE id = ?", ident)


def token_of(sandbox: Sandbox, scope: Scope) -> Row | None:
    """Return the token of a request: from its body, its query, or its header."""
    header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
    found = _TOKEN.search(scope.get("sandbox.body", b"")) or _TOKEN.search(scope["query_string"])
    told = unquote_plus((found[1] or found[2]).decode("latin-1")) if found else header.partition("Bearer ")[2]
    return sandbox.books.one("SELECT * FROM vk_tokens WHERE token = ?", told.strip())


async def asking(request: Request) -> Asking:
    """Return the call. Raises: Refusal, when nobody has this token."""
    sandbox: Sandbox = request.app.state.sandbox
    try:
        kind = request.headers.get("content-type", "")
        params = read_params(request.scope["query_string"], kind, await request.body())
    except Unreadable:
        raise Refusal("invalid", "request") from None
    if not params.get("v"):
        raise Refusal("invalid", "v", error_subcode=0)
    token = token_of(sandbox, request.scope)
    if token is None:
        raise Refusal("token")
    return Asking(sandbox, request, request.path_params["method"], params, token, sandbox.clock.milliseconds())
