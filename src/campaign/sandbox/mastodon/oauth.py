"""Applications and tokens. https://docs.joinmastodon.org/methods/oauth/"""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.mastodon.asking import Asking, answer, asking
from campaign.sandbox.mastodon.refusals import Refusal, not_found, unauthorized

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
CODE_SECONDS = 600
_MAX_CODES = 1000

# https://github.com/doorkeeper-gem/doorkeeper/blob/main/config/locales/en.yml
_CLIENT = (
    "Client authentication failed due to unknown client, no client authentication included, or unsupported"
    " authentication method."
)
_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the"
    " authorization request, or was issued to another client."
)


async def create_app(request: Request) -> Response:
    ask = await asking(request)
    name = ask.text("client_name")
    uris = ask.params.get("redirect_uris")
    kept = "\n".join(map(str, uris)) if isinstance(uris, list) else str(uris or "")
    if not name or not kept:
        raise Refusal(422, "Validation failed: Application name can't be blank, Redirect URI can't be blank")
    books = ask.sandbox.books
    ident = books.snowflake("apps", ask.now)
    scopes = ask.text("scopes") or "read"
    secret = {"client_id": secrets.token_urlsafe(24), "client_secret": secrets.token_urlsafe(24)}
    website = ask.text("website")
    books.insert("apps", id=ident, name=name, website=website, scopes=scopes, redirect_uris=kept, **secret)
    return answer(
        {
            "id": str(ident),
            "name": name,
            "website": website,
            "scopes": scopes.split(),
            "redirect_uri": kept,
            "redirect_uris": kept.split("\n"),
            "vapid_key": "",
            "client_secret_expires_at": 0,
        }
        | secret
    )


async def verify_app(request: Request) -> Response:
    ask = await asking(request)
    if ask.token is None:
        raise unauthorized()
    scopes = str(ask.token["scopes"]).split()
    return answer({"id": "1", "name": ask.token["app"], "website": ask.token["website"], "scopes": scopes})


async def authorize(request: Request) -> Response:
    """Let a person choose an account; the answer to the form is the code."""
    ask = await asking(request)
    app = _app(ask)
    uri = ask.text("redirect_uri") or ""
    if app is None or uri not in app["redirect_uris"].split("\n"):
        raise not_found()
    if request.method == "GET":
        accounts = ask.sandbox.books.all("SELECT * FROM accounts ORDER BY name LIMIT 100")
        names = ("client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
        page: Response = request.app.state.pages.answer(
            "authorize.html", app=app, accounts=accounts, kept={n: ask.text(n) for n in names if ask.text(n)}
        )
        return page
    account = ask.sandbox.books.account(ask.text("account") or "")
    if account is None:
        raise not_found()
    codes: dict[str, dict[str, Any]] = request.app.state.codes
    if len(codes) >= _MAX_CODES:
        codes.clear()
    code = secrets.token_urlsafe(24)
    codes[code] = {
        "app": app["id"],
        "account": account["id"],
        "scopes": ask.text("scope") or app["scopes"],
        "uri": uri,
        "until": time.monotonic() + CODE_SECONDS,
        "challenge": ask.text("code_challenge"),
    }
    if uri == OUT_OF_BAND:
        shown: Response = request.app.state.pages.answer("authorize.html", app=app, code=code, accounts=[], kept={})
        return shown
    state = ask.text("state")
    told = {"code": code} | ({"state": state} if state else {})
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}", 303)


async def token(request: Request) -> Response:
    ask = await asking(request)
    app = _app(ask)
    if app is None or not secrets.compare_digest(app["client_secret"], ask.text("client_secret") or ""):
        return answer({"error": "invalid_client", "error_description": _CLIENT}, 401)
    books = ask.sandbox.books
    account, scopes = None, ask.text("scope") or "read"
    grant = ask.text("grant_type")
    if grant == "authorization_code":
        # A code is good once, within its time, for its application and address, and with its verifier.
        code = request.app.state.codes.pop(ask.text("code") or "", None)
        good = (
            code is not None
            and code["app"] == app["id"]
            and code["uri"] == ask.text("redirect_uri")
            and code["until"] > time.monotonic()
            and (code["challenge"] is None or code["challenge"] == _challenge(ask.text("code_verifier") or ""))
        )
        if not good:
            return answer({"error": "invalid_grant", "error_description": _GRANT}, 400)
        account = books.one("SELECT * FROM accounts WHERE id = ?", code["account"])
        scopes = code["scopes"]
    elif grant != "client_credentials":
        told = "The authorization grant type is not supported by the authorization server."
        return answer({"error": "unsupported_grant_type", "error_description": told}, 400)
    if not set(scopes.split()) <= set(app["scopes"].split()) | _parts(app["scopes"], scopes):
        told = "The requested scope is invalid, unknown, or malformed."
        return answer({"error": "invalid_scope", "error_description": told}, 400)
    value = books.open_token(account, ask.now, scopes=scopes, app=app["name"], website=app["website"])
    return answer({"access_token": value, "token_type": "Bearer", "scope": scopes, "created_at": ask.now // 1000})


async def revoke(request: Request) -> Response:
    ask = await asking(request)
    app = _app(ask)
    if app is None or not secrets.compare_digest(app["client_secret"], ask.text("client_secret") or ""):
        return answer(
            {"error": "unauthorized_client", "error_description": "You are not authorized to revoke this token"}, 403
        )
    ask.sandbox.books.do("DELETE FROM tokens WHERE token = ?", ask.text("token") or "")
    return answer({})


def _app(ask: Asking) -> Row | None:
    return ask.sandbox.books.one("SELECT * FROM apps WHERE client_id = ?", ask.text("client_id") or "")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _parts(held: str, wanted: str) -> set[str]:
    """`write` holds `write:media`."""
    return {scope for scope in wanted.split() if scope.partition(":")[0] in held.split()}
