"""Consent, as Meta's three speak it: a code, a short-lived token, a long-lived one, and that renewed with itself.

https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/business-login
https://developers.facebook.com/documentation/threads/get-started/get-access-tokens-and-permissions
https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.graph.speech import Said, refused
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, read_params

CLIENT = ("1234567890", "the secret of the sandbox")  # the one application there is
CODE, SHORT, LONG = 600.0, 3600.0, 60 * 24 * 3600.0  # seconds of real time that they live

_SESSION = Said(400, 190, "Error validating access token: The session is invalid.", 452)
_SECRET = Said(400, 1, "Error validating client secret.")
_USED = Said(400, 100, "This authorization code has been used.", 36009)
SCHEMA = """
CREATE TABLE IF NOT EXISTS graph_tokens (
  token TEXT PRIMARY KEY, platform TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, ends REAL NOT NULL,
  boot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS graph_codes (
  code TEXT PRIMARY KEY, platform TEXT NOT NULL, account TEXT NOT NULL, uri TEXT NOT NULL, ends REAL NOT NULL,
  boot TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Consent:
    """The pages and endpoints of one platform.

    Attributes:
        platform: whose accounts' rows consent; of Facebook, the persons'.
        word: what the grant types begin with: th, ig, fb.
    """

    platform: str
    word: str

    def routes(self, authorize: str, token: str, exchange: str = "", renewal: str = "") -> list[Route]:
        """Return the routes; Facebook does all at one token endpoint."""
        found = [
            Route(authorize, self.authorize, methods=["GET", "POST"]),
            Route(token, self.token, methods=["GET", "POST"]),
        ]
        return found + [Route(path, self.token) for path in (exchange, renewal) if path]

    async def authorize(self, request: Request) -> Response:
        """Let a person choose an account; the answer to the form is the code."""
        sandbox, told = await _asked(request)
        uri, state = str(told.get("redirect_uri") or ""), str(told.get("state") or "")
        if told.get("client_id") != CLIENT[0] or told.get("response_type") != "code":
            return HTMLResponse("<!doctype html><title>no</title><p>Invalid platform app", 400)
        if not uri.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            return HTMLResponse("<!doctype html><title>no</title><p>Invalid redirect_uri", 400)
        row = _account(sandbox, self.platform, str(told.get("account") or ""))
        if request.method == "GET" or row is None:
            rows = sandbox.books.all("SELECT name FROM graph_accounts WHERE platform = ? ORDER BY name", self.platform)
            kept = "".join(
                f'<input type=hidden name="{escape(name)}" value="{escape(str(value))}">'
                for name, value in told.items()
            )
            names = "".join(
                f'<button name=account value="{escape(r["name"])}">{escape(r["name"])}</button>' for r in rows
            )
            return HTMLResponse(
                f"<!doctype html><meta charset=utf-8><title>consent</title><form method=post>{kept}{names}"
            )
        code = secrets.token_urlsafe(32)
        ends = time.monotonic() + CODE
        sandbox.books.insert(
            "graph_codes", code=code, platform=self.platform, account=row["name"], uri=uri, ends=ends, boot=BOOT
        )
        there = f"{uri}{'&' if '?' in uri else '?'}{urlencode({'code': code, 'state': state})}"
        return RedirectResponse(f"{there}#_", 303)  # "#_ … is not part of the code itself"

    async def token(self, request: Request) -> Response:
        """Give a token: for a code, for a short-lived token, or for one that is to live on."""
        sandbox, told = await _asked(request)
        kind = str(told.get("grant_type") or "authorization_code")
        if kind == f"{self.word}_refresh_token":
            held = self._held(sandbox, told.get("access_token"), "long")
            return refused(_SESSION) if held is None else self._given(sandbox, held, "long")
        if told.get("client_secret") != CLIENT[1]:
            return refused(_SECRET)
        if kind == f"{self.word}_exchange_token":
            name = "fb_exchange_token" if self.word == "fb" else "access_token"
            held = self._held(sandbox, told.get(name), "short", "long" if self.word == "fb" else "short")
            return refused(_SESSION) if held is None else self._given(sandbox, held, "long")
        row = sandbox.books.one("SELECT * FROM graph_codes WHERE code = ?", str(told.get("code") or ""))
        sandbox.books.do("DELETE FROM graph_codes WHERE code = ?", str(told.get("code") or ""))
        good = row is not None and row["platform"] == self.platform and row["uri"] == told.get("redirect_uri")
        if row is None or not good or row["boot"] != BOOT or row["ends"] < time.monotonic():
            if self.word == "fb":
                return refused(_USED)
            words = "Matching code was not found or was already used"
            return JSONResponse({"error_type": "OAuthException", "code": 400, "error_message": words}, 400)
        return self._given(sandbox, row, "short")

    def _held(self, sandbox: Sandbox, token: Any, *kinds: str) -> Row | None:
        row = sandbox.books.one("SELECT * FROM graph_tokens WHERE token = ?", str(token or ""))
        good = row is not None and row["kind"] in kinds and row["platform"] == self.platform
        return row if good and row is not None and row["ends"] > time.monotonic() and row["boot"] == BOOT else None

    def _given(self, sandbox: Sandbox, held: Row, kind: str) -> Response:
        token, lasts = f"EAA{self.word.upper()}{secrets.token_hex(32)}", LONG if kind == "long" else SHORT
        sandbox.books.insert(
            "graph_tokens",
            token=token,
            platform=self.platform,
            account=held["account"],
            kind=kind,
            ends=time.monotonic() + lasts,
            boot=BOOT,
        )
        row = _account(sandbox, self.platform, held["account"])
        if kind == "short" and self.word != "fb" and row is not None:
            # How long it lives is not said, and Instagram puts it into a list.
            told = {"access_token": token, "user_id": row["id"], "permissions": ""}
            return JSONResponse({"data": [told]} if self.word == "ig" else told)
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": int(lasts)})


async def _asked(request: Request) -> tuple[Sandbox, Mapping[str, Any]]:
    sandbox: Sandbox = request.app.state.sandbox
    try:
        kind = request.headers.get("content-type", "")
        return sandbox, read_params(request.url.query.encode(), kind, await request.body())
    except Unreadable:
        return sandbox, {}


def _account(sandbox: Sandbox, platform: str, name: str) -> Row | None:
    return sandbox.books.one("SELECT * FROM graph_accounts WHERE platform = ? AND name = ?", platform, name)
