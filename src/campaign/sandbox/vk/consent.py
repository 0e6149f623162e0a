"""Consent: a user's token for a code, as oauth.vk.com gives it.

https://dev.vk.com/en/api/access-token/authcode-flow-user
"""

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import read_params

CODE_SECONDS = 3600  # real time
RIGHTS = {"photos": 4, "video": 16, "wall": 8192, "offline": 65_536, "groups": 262_144, "stats": 1 << 20}
SECRET = "the sandbox's own"  # noqa: S105 - what every application has there
_MAX_CODES = 1000


async def authorize(request: Request) -> Response:
    """Let a person choose an account; the answer to the form is the code."""
    sandbox, asked = await _asked(request)
    client, uri = str(asked.get("client_id", "")), str(asked.get("redirect_uri", ""))
    if not client.isdecimal():
        return _wrong("invalid_client", "client_id is incorrect")
    if not uri.startswith(("https://", "http://")):
        return _wrong("invalid_request", "redirect_uri is incorrect, check application settings")
    groups = sandbox.books.all("SELECT id, screen_name AS name, title AS display_name FROM vk_groups ORDER BY name")
    scope = str(asked.get("scope", ""))
    if request.method == "GET":
        kept = {name: asked[name] for name in ("client_id", "redirect_uri", "scope", "state") if asked.get(name)}
        values = {"app": {"name": f"Application {client}", "scopes": scope}, "accounts": groups, "kept": kept}
        page: Response = request.app.state.pages.answer("authorize.html", **values, action=request.url.path)
        return page
    group = next((group for group in groups if group["name"] == asked.get("account")), None)
    if group is None:
        return _wrong("access_denied", "User denied your request")
    code, codes = secrets.token_hex(9), _codes(request)
    rights = sum(RIGHTS.get(name.strip(), 0) for name in scope.split(","))
    until = time.monotonic() + CODE_SECONDS
    codes[code] = {"client": client, "uri": uri, "group": group["id"], "rights": rights, "until": until}
    told = {"code": code, "state": str(asked.get("state", ""))}
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}", 303)


async def token(request: Request) -> Response:
    """Give a token for a code, once. With the right `offline` it does not expire: expires_in is 0."""
    sandbox, asked = await _asked(request)
    if asked.get("client_secret") != SECRET:
        return _wrong("invalid_client", "client_secret is incorrect")
    kept = _codes(request).pop(str(asked.get("code", "")), None)
    same = (asked.get("client_id"), asked.get("redirect_uri"))
    if kept is None or kept["until"] < time.monotonic() or same != (kept["client"], kept["uri"]):
        return _wrong("invalid_grant", "Code is invalid or expired.")
    value, user = f"vk1.a.{secrets.token_urlsafe(48)}", kept["group"] + 500_000_000
    sandbox.books.insert(
        "vk_tokens", token=value, user=user, groups=kept["group"], level=3, rights=kept["rights"], first=0
    )
    lasts = 0 if kept["rights"] & RIGHTS["offline"] else 86_400
    return JSONResponse({"access_token": value, "expires_in": lasts, "user_id": user})


ROUTES = (
    Route("/authorize", authorize, methods=["GET", "POST"]),
    Route("/access_token", token, methods=["GET", "POST"]),
)


async def _asked(request: Request) -> tuple[Sandbox, dict[str, Any]]:
    kind = request.headers.get("content-type", "")
    return request.app.state.sandbox, read_params(request.scope["query_string"], kind, await request.body())


def _codes(request: Request) -> dict[str, dict[str, Any]]:
    codes: dict[str, dict[str, Any]] = request.app.state.__dict__.setdefault("vk_codes", {})
    if len(codes) >= _MAX_CODES:
        codes.clear()
    return codes


def _wrong(error: str, words: str) -> Response:
    return JSONResponse({"error": error, "error_description": words}, 401)
