"""How the Graph API speaks: its errors, tokens, fields and lists."""

import base64
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT, from_ms
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, read_params

PAGE, MOST = 25, 100  # entries of a list
_ERRORS = "https://developers.facebook.com/docs/graph-api/guides/error-handling"
_LIMITS = "https://developers.facebook.com/docs/graph-api/overview/rate-limiting"


@dataclass(frozen=True, slots=True)
class Said:
    """A refusal as the Graph API says it. Where `source` is empty the real words are not known, and these are ours."""

    status: int
    code: int
    message: str
    subcode: int | None = None
    kind: str = "OAuthException"
    transient: bool = False
    user: str = ""  # error_user_msg
    source: str = ""


COMMON: Mapping[str, Said] = {
    "token": Said(400, 190, "Invalid OAuth access token - Cannot parse access token", source=_ERRORS),
    "no_token": Said(
        400, 2500, "An active access token must be used to query information about the current user.", source=_ERRORS
    ),
    "expired": Said(
        400, 190, "Error validating access token: Session has expired on a day in the past.", 463, source=_ERRORS
    ),
    "missing": Said(
        400,
        100,
        "Unsupported {method} request. Object with ID '{node}' does not exist, cannot be loaded due to missing"
        " permissions, or does not support this operation",
        33,
        "GraphMethodException",
        source="https://github.com/gitroomhq/postiz-app/issues/1562",
    ),
    "unknown_path": Said(
        400, 2500, "Unknown path components: /{edge}", source="https://developers.facebook.com/docs/graph-api"
    ),
    "field": Said(400, 100, "(#100) Tried accessing nonexisting field ({name}) on node type ({node})", source=_ERRORS),
    "required": Said(400, 100, "(#100) The parameter {name} is required", source=_ERRORS),
    "metric": Said(
        400,
        100,
        "(#100) metric[{place}] must be one of the following values: {names}",
        source="https://developers.facebook.com/docs/graph-api/reference/insights/",
    ),
    "throttled": Said(400, 4, "(#4) Application request limit reached", transient=True, source=_LIMITS),
    "internal": Said(
        500,
        2,
        "An unexpected error has occurred. Please retry your request later.",
        transient=True,
        source="https://github.com/arsduo/koala/issues/699",
    ),
    "temporary": Said(503, 2, "Service temporarily unavailable", transient=True, source=_ERRORS),
}


class GraphError(Exception):
    """An answer that is an error; nothing was done unless its table says otherwise."""

    def __init__(self, said: Said, **values: Any) -> None:
        super().__init__(said.message)
        self.said, self.values = said, values


def refused(said: Said, **values: Any) -> Response:
    """Return the answer. https://developers.facebook.com/docs/graph-api/guides/error-handling#receiving-errorcodes"""
    error: dict[str, Any] = {"message": said.message.format(**values) if values else said.message}
    error |= {"type": said.kind, "code": said.code}
    if said.subcode is not None:
        error["error_subcode"] = said.subcode
    error["is_transient"] = said.transient
    if said.user:
        error |= {"error_user_title": said.user.partition(".")[0], "error_user_msg": said.user}
    error["fbtrace_id"] = secrets.token_urlsafe(12)
    return JSONResponse({"error": error}, said.status)


async def refuse(request: Request, error: Exception) -> Response:
    """Answer a GraphError."""
    assert isinstance(error, GraphError)  # noqa: S101 - registered for it
    return refused(error.said, **error.values)


@dataclass(slots=True)
class Asking:
    """One request of an account."""

    sandbox: Sandbox
    request: Request
    platform: str
    account: Row
    params: Mapping[str, Any]
    now: int = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.sandbox.clock.milliseconds()

    @property
    def node(self) -> str:
        ident = str(self.request.path_params["node"])
        return str(self.account["id"]) if ident == "me" else ident

    @property
    def edge(self) -> str:
        return str(self.request.path_params.get("edge", "")).strip("/")

    @property
    def own(self) -> bool:
        """Whether it asks of the account itself."""
        return self.node == str(self.account["id"])

    def text(self, name: str) -> str:
        value = self.params.get(name)
        return value if isinstance(value, str) else "" if value is None else json.dumps(value)

    def flag(self, name: str, default: bool = False) -> bool:
        return self.text(name).lower() in ("true", "1") if name in self.params else default

    def number(self, name: str, default: int = 0) -> int:
        text = self.text(name)
        return int(text) if re.fullmatch(r"-?\d{1,15}", text, re.ASCII) else default

    def stands(self, name: str) -> Any:
        """Return the standing fault of that name, counted."""
        request = self.request
        fault = self.sandbox.faults.standing(name, request.method, request.url.path, self.account["name"])
        if fault is not None:
            fault.hits += 1
        return fault

    def missing(self) -> GraphError:
        return GraphError(COMMON["missing"], method=self.request.method.lower(), node=self.node)


async def asking(request: Request, platform: str) -> Asking:
    """Return what is asked, and by whom. Raises: GraphError."""
    sandbox: Sandbox = request.app.state.sandbox
    try:
        kind = request.headers.get("content-type", "")
        params = read_params(request.url.query.encode(), kind, await request.body())
    except Unreadable:
        params = {}
    token = bearer_of(request.headers.get("authorization", "")) or str(params.get("access_token") or "")
    if not token:
        raise GraphError(COMMON["no_token"])
    account = account_of(sandbox, platform, token)
    if account is None:
        raise GraphError(COMMON["token"])
    return Asking(sandbox, request, platform, account, params)


def account_of(sandbox: Sandbox, platform: str, token: str) -> Row | None:
    sql = (
        "SELECT * FROM graph_accounts WHERE platform = ? AND (token = ? OR name ="
        " (SELECT account FROM graph_tokens t WHERE t.token = ? AND t.platform = ? AND t.ends > ? AND t.boot = ?))"
    )
    return sandbox.books.one(sql, platform, token, token, platform, time.monotonic(), BOOT)


# Fields and lists


def fields_of(ask: Asking, default: str = "id") -> list[str]:
    """Return the names of the fields that are asked for: `a,b.limit(0).summary(x),c{d,e}` → a, b, c."""
    depth, names, here = 0, [], ""
    for letter in ask.text("fields") or default:
        depth += (letter in "({") - (letter in ")}")
        if letter == "," and not depth:
            names.append(here)
            here = ""
        else:
            here += letter
    return [re.split(r"[.({]", name.strip(), maxsplit=1)[0] for name in [*names, here] if name.strip()]


def shown(ask: Asking, told: Mapping[str, Any], node: str, default: str = "id") -> dict[str, Any]:
    """Return the fields that are asked for; what has no value is left out, as the Graph API does."""
    names = fields_of(ask, default)
    for name in names:
        if name not in told:
            raise GraphError(COMMON["field"], name=name, node=node)
    return {name: told[name] for name in dict.fromkeys(["id", *names]) if told[name] is not None}


def listed(ask: Asking, rows: Sequence[Row], view: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """Return one page of rows, which are all there are, in the order of the list."""
    limit = min(max(ask.number("limit", PAGE), 1), MOST)
    after = _cursor(ask.text("after"))
    start = next((place + 1 for place, row in enumerate(rows) if row["seq"] == after), 0) if after else 0
    page = rows[start : start + limit]
    told: dict[str, Any] = {"data": [view(row) for row in page]}
    if page:
        cursors = {"before": _cursored(page[0]["seq"]), "after": _cursored(page[-1]["seq"])}
        told["paging"] = {"cursors": cursors}
        if start + limit < len(rows):
            told["paging"]["next"] = f"{ask.sandbox.base_url}{ask.request.url.path}?after={cursors['after']}"
    return told


def _cursored(seq: int) -> str:
    return base64.urlsafe_b64encode(f"seq {seq}".encode()).decode()


def _cursor(text: str) -> int:
    try:
        told = base64.urlsafe_b64decode(text).decode().removeprefix("seq ")
    except ValueError:
        return 0
    return int(told) if told.isascii() and told.isdigit() else 0


def moment(milliseconds: int) -> str:
    """Return an instant as the Graph API writes it: 2019-10-01T03:00:00+0000."""
    return from_ms(milliseconds).strftime("%Y-%m-%dT%H:%M:%S+0000")


def new_id() -> str:
    return str(17_000_000_000_000_000 + secrets.randbelow(10**15))


def new_code() -> str:
    return "D" + base64.urlsafe_b64encode(secrets.token_bytes(8)).decode().rstrip("=").replace("-", "A")


def need(ask: Asking, names: Iterable[str]) -> None:
    """Refuse a request that lacks a parameter."""
    for name in names:
        if not ask.text(name):
            raise GraphError(COMMON["required"], name=name)


def bearer_of(header: str) -> str:
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() in ("bearer", "oauth") else ""
