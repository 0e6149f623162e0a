"""Consent: OAuth 2 as IndieAuth has it, where a client is the address of its own page.

https://github.com/misskey-dev/misskey/blob/develop/packages/backend/src/server/oauth/OAuth2ProviderService.ts
"""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import read_params

CODE_SECONDS = 300  # real time
KINDS = ("read:account", "write:notes", "write:drive", "write:reactions")
_MAX_CODES = 1000


async def authorize(request: Request) -> Response:
    """Let a person choose an account; the answer to the form is the code."""
    sandbox, asked = await _asked(request)
    client, uri = str(asked.get("client_id", "")), str(asked.get("redirect_uri", ""))
    scopes = [scope for scope in str(asked.get("scope", "")).split() if scope in KINDS]
    if wrong := _wrong(client, uri, scopes, asked):
        return JSONResponse({"error": wrong[0], "error_description": wrong[1]}, 400)
    users = sandbox.books.all("SELECT username AS name, name AS display_name, id FROM misskey_users ORDER BY username")
    if request.method == "GET":
        names = ("client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
        kept = {name: asked[name] for name in names if asked.get(name)}
        app = {"name": client, "scopes": " ".join(scopes)}
        values = {"app": app, "accounts": users, "kept": kept, "action": request.url.path}
        page: Response = request.app.state.pages.answer("authorize.html", **values)
        return page
    user = next((user for user in users if user["name"] == asked.get("account")), None)
    if user is None:
        return JSONResponse({"error": "invalid_request", "error_description": "No such user"}, 400)
    codes, code = _codes(request), secrets.token_urlsafe(48)
    until, challenge = time.monotonic() + CODE_SECONDS, str(asked["code_challenge"])
    codes[code] = {"client": client, "uri": uri, "user": user["id"], "scopes": scopes, "until": until}
    codes[code]["challenge"] = challenge
    told = {"code": code, "state": str(asked.get("state", "")), "iss": f"{sandbox.base_url}/misskey"}
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}", 303)


async def token(request: Request) -> Response:
    """Give a token for a code, once; a code that is used again takes the token back."""
    sandbox, asked = await _asked(request)
    kept = _codes(request).get(str(asked.get("code", "")))
    if kept is not None and kept.get("token"):
        sandbox.books.do("DELETE FROM misskey_tokens WHERE token = ?", kept["token"])
        kept = None
    verifier = str(asked.get("code_verifier", ""))
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    same = (asked.get("client_id"), asked.get("redirect_uri"), digest)
    if kept is None or kept["until"] < time.monotonic() or same != (kept["client"], kept["uri"], kept["challenge"]):
        return JSONResponse({"error": "invalid_grant", "error_description": "Invalid authorization code"}, 403)
    kept["token"] = value = secrets.token_urlsafe(96)[:128]
    sandbox.books.insert(
        "misskey_tokens", token=value, user=kept["user"], permissions=",".join(kept["scopes"]), first=0
    )
    return JSONResponse({"access_token": value, "token_type": "Bearer", "scope": " ".join(kept["scopes"])})


ROUTES = (
    Route("/misskey/oauth/authorize", authorize, methods=["GET", "POST"]),
    Route("/misskey/oauth/token", token, methods=["POST"]),
)


async def _asked(request: Request) -> tuple[Sandbox, dict[str, Any]]:
    kind = request.headers.get("content-type", "")
    return request.app.state.sandbox, read_params(request.scope["query_string"], kind, await request.body())


def _codes(request: Request) -> dict[str, dict[str, Any]]:
    codes: dict[str, dict[str, Any]] = request.app.state.__dict__.setdefault("misskey_codes", {})
    if len(codes) >= _MAX_CODES:
        codes.clear()
    return codes


def _wrong(client: str, uri: str, scopes: list[str], asked: dict[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with a request. The twin fetches no client's page: it asks for one origin instead."""
    parts, back = urlsplit(client), urlsplit(uri)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.fragment or parts.username:
        return "invalid_request", "client_id must be a valid HTTPS URL"
    if (parts.scheme, parts.netloc) != (back.scheme, back.netloc):
        return "invalid_request", "Invalid redirect_uri"
    if not scopes:
        return "invalid_scope", "`scope` parameter has no known scope"
    if not asked.get("code_challenge"):
        return "invalid_request", "`code_challenge` parameter is required"
    if asked.get("code_challenge_method") != "S256":
        return "invalid_request", "`code_challenge_method` parameter must be set as S256"
    return None
