"""What tests ask the twin: the books, new accounts, faults. Never part of a platform's API."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from campaign.sandbox.clock import iso, to_ms
from campaign.sandbox.faults import UnknownFault
from campaign.sandbox.mastodon.languages import known
from campaign.sandbox.mastodon.refusals import Refusal
from campaign.sandbox.rooms import Rooms
from campaign.sandbox.state import Sandbox

MAX_ROWS = 10_000
Handler = Callable[[Sandbox, Request], Awaitable[Any]]


def _guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Answer only to this machine's own address: a page of another site must reach neither books nor tokens."""

    async def answer(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        own = (sandbox.host, f"localhost:{sandbox.host.rpartition(':')[2]}")
        if request.headers.get("host") not in own or "origin" in request.headers:
            raise Refusal(403, f"the sandbox is asked at {sandbox.base_url}, and by no page")
        return JSONResponse(await handler(sandbox, request))

    return answer


async def _told(request: Request) -> dict[str, Any]:
    try:
        told = await request.json()
    except ValueError as error:
        raise Refusal(400, "the body must be JSON") from error
    if not isinstance(told, dict):
        raise Refusal(400, "the body must be a JSON object")
    return told


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else default


async def books(sandbox: Sandbox, request: Request) -> Any:
    limit = min(_number(request, "limit", 1000), MAX_ROWS)
    asked = request.query_params
    rooms = _rooms(request)
    rows = rooms.accepted(sandbox, asked.get("account"), asked.get("after", ""), limit)
    return [{"platform": rooms.name, **row} for row in rows]


def _rooms(request: Request) -> Rooms:
    name = request.query_params.get("platform", "mastodon")
    found: Rooms | None = request.app.state.rooms.get(name)
    if found is None:
        raise Refusal(404, f"no platform {name}")
    return found


async def requests(sandbox: Sandbox, request: Request) -> Any:
    limit = min(_number(request, "limit", 1000), MAX_ROWS)
    return sandbox.books.requests(_number(request, "after", 0), limit)


async def counters(sandbox: Sandbox, request: Request) -> Any:
    return sandbox.books.counters()


async def counts(sandbox: Sandbox, request: Request) -> Any:
    at = sandbox.clock.milliseconds()
    if asked := request.query_params.get("at"):
        try:
            instant = datetime.fromisoformat(asked.replace(" ", "+"))  # an unescaped + arrives as a space
        except ValueError as error:
            raise Refusal(422, "at must be an ISO 8601 instant") from error
        at = to_ms(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    ident = request.query_params.get("id", "")
    found = _rooms(request).counts(sandbox, ident, at)
    if found is None:
        raise Refusal(404, "no such post")
    return {"id": ident, "at": iso(at)} | found


async def clock(sandbox: Sandbox, request: Request) -> Any:
    return {"now": iso(sandbox.clock.milliseconds())}


async def list_accounts(sandbox: Sandbox, request: Request) -> Any:
    rows = sandbox.books.all("SELECT * FROM accounts ORDER BY id LIMIT ?", MAX_ROWS)
    return [
        {"id": str(r["id"]), "name": r["name"], "display_name": r["display_name"], "locale": r["locale"]} for r in rows
    ]


async def open_account(sandbox: Sandbox, request: Request) -> Any:
    """Return a new token; for a name that is known it is one more token of the same account."""
    told = await _told(request)
    name, platform = told.get("name"), told.get("platform", "mastodon")
    if not isinstance(name, str) or not name.isascii() or not name.replace("_", "").isalnum() or len(name) > 30:
        raise Refusal(422, "name must be 1 to 30 letters, digits and _")
    if platform != "mastodon":
        rooms: Rooms | None = request.app.state.rooms.get(platform)
        if rooms is None:
            raise Refusal(404, f"no platform {platform}")
        return rooms.open(sandbox, {key: str(value) for key, value in told.items() if key != "platform"})
    now = sandbox.clock.milliseconds()
    locale = known(told.get("locale")) or "en"
    account = sandbox.books.open_account(name, str(told.get("display_name") or name)[:100], locale, now)
    scopes = str(told.get("scopes") or "read write")
    app = str(told.get("app") or "Sandbox")
    token = sandbox.books.open_token(account, now, scopes=scopes, app=app)
    return {"id": str(account["id"]), "name": name, "token": token, "scopes": scopes}


async def list_faults(sandbox: Sandbox, request: Request) -> Any:
    return sandbox.faults.told()


async def cue_fault(sandbox: Sandbox, request: Request) -> Any:
    try:
        return sandbox.faults.cue(await _told(request)).told()
    except UnknownFault as error:
        raise Refusal(422, str(error)) from error


async def clear_faults(sandbox: Sandbox, request: Request) -> Any:
    told = sandbox.faults.told()
    sandbox.faults.clear()
    return told


ROUTES = [
    Route("/_books", _guarded(books)),
    Route("/_books/requests", _guarded(requests)),
    Route("/_books/counters", _guarded(counters)),
    Route("/_books/counts", _guarded(counts)),
    Route("/_clock", _guarded(clock)),
    Route("/_accounts", _guarded(list_accounts), methods=["GET"]),
    Route("/_accounts", _guarded(open_account), methods=["POST"]),
    Route("/_faults", _guarded(list_faults), methods=["GET"]),
    Route("/_faults", _guarded(cue_fault), methods=["POST"]),
    Route("/_faults", _guarded(clear_faults), methods=["DELETE"]),
]
