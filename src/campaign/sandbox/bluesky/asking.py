"""Who asks, and with what: sessions, tokens that live in real time, and one request as these rooms see it."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from campaign.sandbox.bluesky.refusals import XrpcError, bad_token, expired, invalid, unauthenticated
from campaign.sandbox.books import Books, Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.state import Sandbox

ACCESS_SECONDS, REFRESH_SECONDS = 7200, 7776000  # seen in the tokens of @atproto/pds 0.5.35
SERVER = "did:web:localhost"


@dataclass(slots=True)
class Asking:
    """One request: its body (of JSON), its query, who asks, and the platform's time, read once."""

    sandbox: Sandbox
    request: Request
    body: Mapping[str, Any]
    account: Row | None
    now: int

    @property
    def user(self) -> Row:
        if self.account is None:
            raise unauthenticated()
        return self.account

    @property
    def books(self) -> Books:
        return self.sandbox.books

    def query(self, name: str) -> str:
        """Return a parameter that must be there."""
        value = self.request.query_params.get(name)
        if value is None:
            raise invalid(f'Invalid {method_of(self.request)} params: Missing required key "{name}"')
        return value

    def limit(self, usual: int = 50) -> int:
        text = self.request.query_params.get("limit", str(usual))
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
        if not 1 <= number <= 100:
            wrong = "small (minimum 1" if number < 1 else "big (maximum 100"
            raise invalid(f"Invalid {method_of(self.request)} params: integer too {wrong}, got {number})")
        return number

    def repo(self, name: str) -> Row:
        """Return the account that a DID or a handle names."""
        row = account_of(self.books, name)
        if row is None:
            raise invalid(f"Could not find repo: {name[:300]}")
        return row


async def asking(request: Request, *, session: bool = False) -> Asking:
    """Read a request. `session`: it must come with an access token; else one that is given is looked at."""
    sandbox: Sandbox = request.app.state.sandbox
    header = request.headers.get("authorization")
    account = None
    if header is not None or session:
        account = sandbox.books.one(
            "SELECT * FROM bluesky_accounts WHERE did = ?", token_of(sandbox, header, "access")["did"]
        )
    body: Any = {}
    if request.method == "POST" and request.headers.get("content-type", "").startswith("application/json"):
        body = read_json(await request.body())
    return Asking(sandbox, request, body, account, sandbox.clock.milliseconds())


def read_json(content: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(content)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise XrpcError(400, "SyntaxError", "Expected property name or '}' in JSON at position 1") from error
    if not isinstance(body, dict):
        raise invalid("Expected object value type at $")
    return body


def token_of(sandbox: Sandbox, header: str | None, kind: str) -> Row:
    """Return the token that a header names; refuse one that is not known, of another kind, or over."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise unauthenticated()
    row = sandbox.books.one("SELECT * FROM bluesky_tokens WHERE token = ? AND kind = ?", value.strip(), kind)
    if row is None:
        raise bad_token()
    if row["boot"] != BOOT or time.monotonic() > row["until"]:
        raise expired()
    return row


def open_session(sandbox: Sandbox, account: Row) -> dict[str, Any]:
    """Make a pair of tokens. Their lifetimes are real time, whatever the platform's clock says."""
    lasts = sandbox.sheets.get(f"bluesky {account['name']}", {}).get("access_seconds", ACCESS_SECONDS)
    told = {"did": account["did"], "handle": account["handle"], "email": account["email"]}
    for field, kind, seconds in (("accessJwt", "access", lasts), ("refreshJwt", "refresh", REFRESH_SECONDS)):
        token = _jwt(account["did"], kind, seconds)
        until = time.monotonic() + seconds
        sandbox.books.insert("bluesky_tokens", token=token, did=account["did"], kind=kind, until=until, boot=BOOT)
        told[field] = token
    return {**told, "emailConfirmed": False, "emailAuthFactor": False, "active": True}


def account_of(books: Books, name: str) -> Row | None:
    """Return the account of a DID, a handle or an e-mail address."""
    return books.one("SELECT * FROM bluesky_accounts WHERE ? IN (did, handle, email)", name.lower())


def open_account(books: Books, name: str, display_name: str, locale: str, now: int) -> Row:
    """Return the account of this name; make it when there is none."""
    row = books.one("SELECT * FROM bluesky_accounts WHERE name = ?", name)
    if row is not None:
        return row
    label = name.lower().replace("_", "-").strip("-") or "nobody"
    did = base64.b32encode(hashlib.sha256(f"bluesky {name}".encode()).digest()).decode().lower()[:24]
    words = [secrets.token_hex(2) for _ in range(4)]
    books.insert(
        "bluesky_accounts",
        did=f"did:plc:{did}",
        name=name,
        handle=f"{label}.test",
        email=f"{label}@sandbox.test",
        password="-".join(words),
        display_name=display_name,
        locale=locale,
        created_at=now,
    )
    return open_account(books, name, display_name, locale, now)


def method_of(request: Request) -> str:
    return request.url.path.rpartition("/")[2]


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(body, status, dict(headers or {}), media_type="application/json; charset=utf-8")


def _jwt(did: str, kind: str, seconds: float) -> str:
    """Return what looks like the real server's token. It is only ever looked up: its last part is chance."""
    now = int(time.time())
    claims = {"scope": f"com.atproto.{kind}", "aud": SERVER, "sub": did, "iat": now, "exp": now + int(seconds)}
    head = {"typ": "at+jwt" if kind == "access" else "refresh+jwt", "alg": "HS256"}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, claims)]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, secrets.token_urlsafe(32)])
