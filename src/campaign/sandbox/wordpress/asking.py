"""One request to the site: who asks, what that user may do, and the fields of the answer."""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, read_params
from campaign.sandbox.wordpress.refusals import RestError

# https://wordpress.org/documentation/article/roles-and-capabilities/
_AUTHOR = frozenset({"read", "edit_posts", "delete_posts", "upload_files", "publish_posts"})
ROLES: Mapping[str, frozenset[str]] = {
    "subscriber": frozenset({"read"}),
    "contributor": frozenset({"read", "edit_posts", "delete_posts"}),
    "author": _AUTHOR,
    "administrator": _AUTHOR | {"edit_others_posts", "delete_others_posts", "unfiltered_html", "moderate_comments"},
}


@dataclass(slots=True)
class Asking:
    """One request; `user` is nobody where the name or the password is not known."""

    sandbox: Sandbox
    request: Request
    user: Row | None
    params: Mapping[str, Any]
    now: int  # the platform's time, milliseconds

    def may(self, what: str) -> bool:
        return self.user is not None and what in ROLES[self.user["role"]]

    def owns(self, post: Row) -> bool:
        return self.user is not None and post["author"] == self.user["id"]

    def text(self, name: str) -> str | None:
        """Return a field; an object with `raw`, as the site itself tells it, is one too."""
        value = self.params.get(name)
        value = value.get("raw") if isinstance(value, dict) else value
        return None if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        text = str(self.params.get(name, ""))
        return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else default

    def listed(self, name: str) -> list[str]:
        value = self.params.get(name)
        return (
            [str(each) for each in value] if isinstance(value, list) else [v for v in str(value or "").split(",") if v]
        )

    def true(self, name: str) -> bool:
        return str(self.params.get(name, "")).lower() in ("true", "1")

    def answer(self, record: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
        return JSONResponse(self._chosen(record), status, headers)

    def page(self, rows: Sequence[Any], tell: Callable[[Any], Mapping[str, Any]], *, strict: bool = True) -> Response:
        """Return one page of a list, and in headers how long it is. Raises: RestError, beyond its end."""
        size, page = min(max(self.number("per_page", 10), 1), 100), max(self.number("page", 1), 1)
        pages = math.ceil(len(rows) / size)
        if page > max(pages, 1) and strict:
            raise RestError("bad_page")
        told = [self._chosen(tell(row)) for row in rows[(page - 1) * size : page * size]]
        return JSONResponse(told, headers={"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)})

    def _chosen(self, record: Mapping[str, Any]) -> dict[str, Any]:
        wanted = self.listed("_fields")
        return {name: value for name, value in record.items() if not wanted or name in wanted}


def user_of(sandbox: Sandbox, header: str) -> Row | None:
    """Return whose application password it is; blanks in it do not count."""
    kind, _, pair = header.partition(" ")
    try:
        name, _, password = base64.b64decode(pair, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    sql = "SELECT * FROM wordpress_users WHERE login = ? AND password = ?"
    return sandbox.books.one(sql, name, re.sub(r"[^a-zA-Z\d]", "", password)) if kind.lower() == "basic" else None


async def asking(request: Request) -> Asking:
    """Return the request. Raises: RestError, where its body is no JSON."""
    sandbox: Sandbox = request.app.state.sandbox
    kind, body = request.headers.get("content-type", ""), await request.body()
    form = kind.partition(";")[0].strip().lower()
    try:
        known = form in ("application/json", "application/x-www-form-urlencoded")
        params = read_params(request.scope["query_string"], kind if known else "", body if known else b"")
    except Unreadable:
        raise RestError("bad_json", json_error_code=4, json_error_message="Syntax error") from None
    user = user_of(sandbox, request.headers.get("authorization", ""))
    return Asking(sandbox, request, user, params, sandbox.clock.milliseconds())


def stamp(milliseconds: int) -> str:
    """Return an instant as WordPress writes it: seconds, UTC, and no zone."""
    return from_ms(milliseconds).replace(tzinfo=None).isoformat(timespec="seconds")


def dumped(value: Iterable[Any] | Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
