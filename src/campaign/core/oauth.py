"""What connecting an account by consent needs: declared by an adapter as data, spoken by service/connect.py."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Literal, TypeGuard
from urllib.parse import parse_qsl, urlencode, urlsplit

from campaign.core.adapter import Source
from campaign.core.errors import Invalid

# How a code becomes a token that lasts. "standard": RFC 6749 §4.1.3 and §6. The others buy a long-lived token with a
# short-lived one, and renew it with itself.
Renewal = Literal["standard", "meta", "threads", "instagram"]


# Where a short-lived token buys a long-lived one, and by which word; where that is renewed with itself, and by which.
# https://developers.facebook.com/docs/threads/get-started/long-lived-tokens
# https://developers.facebook.com/docs/instagram-platform/reference/access_token
LONG_LIVED = {
    "threads": ("/access_token", "th_exchange_token", "/refresh_access_token", "th_refresh_token"),
    "instagram": (
        "https://graph.instagram.com/access_token",
        "ig_exchange_token",
        "https://graph.instagram.com/refresh_access_token",
        "ig_refresh_token",
    ),
}


@dataclass(frozen=True, slots=True)
class OAuth:
    """What a platform's OAuth 2 needs. `authorize`, `token`, `par`: URLs, or paths below the account's base URL.

    Of an account that is not at its platform's home (a twin), a URL becomes the same path below the base URL.
    """

    authorize: str
    token: str
    scopes: tuple[str, ...]
    source: Source
    pkce: bool = True  # RFC 7636, S256
    par: str | None = None  # RFC 9126: the request is pushed, and the browser gets its handle alone
    dpop: bool = False  # RFC 9449: tokens are bound to a key of ours
    client_auth: Literal["basic", "post", "none", "key"] = "post"  # how the token endpoint knows who asks
    exchange: Renewal = "standard"
    refresh_ahead: float = 600.0  # seconds before its end at which a token is renewed
    extra: Mapping[str, str] = field(default_factory=dict)  # further parameters of the authorization URL
    discovery: Literal["none", "atproto"] = "none"  # atproto: the account's server names its authorization server
    register: str | None = None  # where a client registers by itself (Mastodon's /api/v1/apps); None: by hand
    client_page: bool = False  # our id there is the address of a page of ours that names where browsers come back to
    separator: str = " "  # between scopes; some platforms take a comma
    client_id_name: str = "client_id"  # TikTok calls it client_key
    echoes: tuple[str, ...] = ()  # what comes back beside the code and goes into every token request: VK's device_id


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token endpoint gave.

    `lasts` is in seconds, None where the platform did not say; `refresh` is None where there is nothing to renew with.
    """

    access: str
    refresh: str | None = None
    lasts: float | None = None
    subject: str = ""  # whose it is, where the endpoint says so (AT Protocol: the account's DID)
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of an authorization server; `issuer` where it told its name."""

    authorize: str
    token: str
    par: str | None = None
    issuer: str | None = None
    exchange: str | None = None
    refresh: str | None = None

    def plain(self) -> dict[str, str | None]:
        """Return it as JSON."""
        return asdict(self)

    @property
    def urls(self) -> list[str]:
        """What a client speaks to; the browser alone goes to `authorize`."""
        return [url for url in (self.token, self.par, self.exchange, self.refresh) if url]


@dataclass(frozen=True, slots=True)
class Registered:
    """Who we are to an authorization server; a public client has neither secret nor key.

    `key` is a private one, with which we sign who we are (RFC 7523): see net/dpop.py.
    """

    client_id: str
    secret: str = ""
    key: str = ""


def endpoints_of(oauth: OAuth, place: Callable[[str], str]) -> Endpoints:
    """Return the addresses that an adapter declares. `place`: URL, or path below the base URL → URL."""
    exchange, _, refresh, _ = LONG_LIVED.get(oauth.exchange, ("", "", "", ""))
    return Endpoints(
        authorize=place(oauth.authorize),
        token=place(oauth.token),
        par=place(oauth.par) if oauth.par else None,
        exchange=place(exchange) if exchange else None,
        refresh=place(refresh) if refresh else None,
    )


def challenge(verifier: str) -> str:
    """Return the S256 code challenge of a verifier. https://www.rfc-editor.org/rfc/rfc7636#section-4.2

    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def request_parameters(
    oauth: OAuth, *, client_id: str, redirect_uri: str, state: str, verifier: str | None, hint: str = ""
) -> dict[str, str]:
    """Return the parameters of an authorization request. https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1"""
    asked = {
        "response_type": "code",
        oauth.client_id_name: client_id,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    if oauth.scopes:
        asked["scope"] = oauth.separator.join(oauth.scopes)
    if verifier is not None:
        asked |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    if hint:
        asked["login_hint"] = hint
    return {**asked, **oauth.extra}


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """Return a URL with parameters after those that it has."""
    return url + ("&" if urlsplit(url).query else "?") + urlencode(parameters)


def read_redirect(text: str) -> dict[str, str]:
    """Return the parameters of a redirect: the whole URL as a browser shows it, or the code alone.

    >>> read_redirect("https://desk.example/accounts/connect/callback?code=abc&state=xyz")
    {'code': 'abc', 'state': 'xyz'}
    >>> read_redirect(" abc ")
    {'code': 'abc'}

    Raises: Invalid: neither.
    """
    text = text.strip()
    parts = urlsplit(text) if "://" in text else None
    if parts is None:
        told = {"code": text}
    else:
        told = dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))
    if not told.get("code") and not told.get("error"):
        raise Invalid("code", "…", "must be the code, or the whole address to which the browser was sent")
    code = told.get("code", "")
    if len(code) > 4096 or any(c.isspace() or ord(c) < 33 for c in code):
        raise Invalid("code", "…", "must be one word: the code, or the whole address to which the browser was sent")
    return told


def read_grant(body: Any) -> Grant | None:
    """Return what the JSON of a token endpoint gives; None: there is no token in it.

    https://www.rfc-editor.org/rfc/rfc6749#section-5.1; a lifetime that is no positive number counts as not said.
    """
    if not isinstance(body, dict):
        return None
    access, refresh, lasts = body.get("access_token"), body.get("refresh_token"), body.get("expires_in")
    if not _word(access):
        return None
    seconds = _seconds(lasts)
    subject, scope = body.get("sub"), body.get("scope")
    return Grant(
        access=access,
        refresh=refresh if _word(refresh) else None,
        lasts=seconds,
        subject=subject if isinstance(subject, str) else "",
        scope=scope if isinstance(scope, str) else "",
    )


def granted(scopes: Sequence[str], scope: str) -> list[str]:
    """Return which of the scopes that were asked were not granted. An endpoint that says nothing granted all."""
    given = set(scope.replace(",", " ").split())
    return [name for name in scopes if given and name not in given]


def _word(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= 8192 and value.isascii() and not any(c <= " " for c in value)


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < 10**10 else None
