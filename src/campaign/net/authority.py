"""Speaks OAuth 2 to the authorization server of one account: consent, a code made a token, a token renewed."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, urlsplit

from campaign.core.errors import Outcome, Refused, Unauthorized, shown
from campaign.core.oauth import LONG_LIVED, Endpoints, Grant, OAuth, Registered, read_grant
from campaign.net import dpop
from campaign.net.client import Client
from campaign.net.reply import Reply, own_words, parsed

NAMED = "campaign"  # what we call ourselves where a client registers by itself
ANSWERS = frozenset({*range(200, 300), 400, 401, 403})  # what a token endpoint says in words
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = 200  # characters of a server's own words
_SECRET_LIKE = re.compile(r"""[^\s'"{}\[\]:,;()&=?<>]{20,}""")  # no word of a sentence is as long


class Authority:
    """One authorization server.

    Args:
        client: whose guard declares the hosts of the endpoints; what it learns is kept out of all messages.
        unique: returns a random value at each call.
        key: of a client whose tokens are bound to it; see net/dpop.py.
    """

    def __init__(self, client: Client, oauth: OAuth, *, unique: Callable[[], str], key: str | None = None) -> None:
        self._client, self._oauth, self._unique, self._key = client, oauth, unique, key

    async def discover(self, base_url: str) -> str:
        """Return the authorization server that an AT Protocol server names. https://atproto.com/specs/oauth#summary

        Raises: Refused: it names none. Unavailable.
        """
        body = (await self._client.ask("GET", f"{base_url}/.well-known/oauth-protected-resource")).json()
        named = body.get("authorization_servers") if isinstance(body, dict) else None
        issuer = named[0] if isinstance(named, list) and named and isinstance(named[0], str) else ""
        parts = urlsplit(issuer)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise Refused("the server names no authorization server; connect the account with an app password")
        return issuer.rstrip("/")

    async def metadata(self, issuer: str) -> Endpoints:
        """Return the endpoints that an authorization server tells of itself. https://www.rfc-editor.org/rfc/rfc8414

        All must be at its own host: what else it names would get our codes and tokens. Raises: Refused, Unavailable.
        """
        body = (await self._client.ask("GET", f"{issuer}/.well-known/oauth-authorization-server")).json()
        told = body if isinstance(body, dict) else {}
        if str(told.get("issuer", "")).rstrip("/") != issuer:
            raise Refused(f"the authorization server {shown(urlsplit(issuer).hostname)} calls itself otherwise")
        names = ("authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint")
        authorize, token, par = (str(told.get(name) or "") for name in names)
        for name, url in zip(names, (authorize, token, par), strict=True):
            if urlsplit(url).netloc != urlsplit(issuer).netloc or urlsplit(url).scheme != urlsplit(issuer).scheme:
                raise Refused(f"the authorization server's {name} is missing, or at another host")
        return Endpoints(authorize, token, par, issuer)

    async def register(self, url: str, redirect_uri: str) -> Registered:
        """Register as a client, where a server lets anybody do so. https://docs.joinmastodon.org/methods/apps/"""
        told = {
            "client_name": NAMED,
            "redirect_uris": redirect_uri,
            "scopes": self._oauth.separator.join(self._oauth.scopes),
        }
        body = (await self._client.ask("POST", url, data=told)).json()
        client_id, secret = (
            (body.get("client_id"), body.get("client_secret")) if isinstance(body, dict) else (None, None)
        )
        if not isinstance(client_id, str) or not isinstance(secret, str) or not client_id:
            raise Refused("the server was asked to register us as a client, and gave no client id")
        self._client.learn(secret)
        return Registered(client_id, secret)

    async def push(self, endpoints: Endpoints, parameters: Mapping[str, str], us: Registered) -> str:
        """Push an authorization request; return its handle. https://www.rfc-editor.org/rfc/rfc9126#section-2

        Raises: Refused: the server does not take it. Unavailable: no usable answer.
        """
        reply = await self._post(str(endpoints.par), parameters, us, endpoints)
        body = parsed(reply.body)
        handle = body.get("request_uri") if isinstance(body, dict) and reply.status in range(200, 300) else None
        if not isinstance(handle, str) or not handle:
            raise self._refusal(str(endpoints.par), reply, body)
        return handle

    async def exchange(
        self,
        endpoints: Endpoints,
        us: Registered,
        *,
        code: str,
        redirect_uri: str,
        verifier: str | None,
        echoed: Mapping[str, str],
    ) -> Grant:
        """Make a code a token that lasts. A code serves once: after silence the person must consent anew.

        Raises: Unauthorized: the code is not accepted. Refused, Uncertain, Unavailable.
        """
        self._client.learn(code)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, **echoed}
        if verifier is not None:
            self._client.learn(verifier)
            form["code_verifier"] = verifier
        grant = await self._grant(endpoints, form, us)
        if self._oauth.exchange == "standard":
            return grant
        return await self._long_lived(endpoints, us, grant)

    async def renew(self, endpoints: Endpoints, us: Registered, held: Grant, echoed: Mapping[str, str]) -> Grant:
        """Buy a new token; what is missing in the answer stays as it was.

        A refresh token that serves once is spent when the request arrives: only an answer that never came leaves its
        place unknown.

        Raises:
            Unauthorized: the grant is over. Refused: the server says no for another reason.
            Unavailable: proved, nothing was sent. RateLimited. Uncertain: it may have arrived.
        """
        if self._oauth.exchange == "meta":
            return await self._long_lived(endpoints, us, held)
        if self._oauth.exchange in LONG_LIVED:
            asked = {"grant_type": LONG_LIVED[self._oauth.exchange][3], "access_token": held.access}
            return self._read(str(endpoints.refresh), await self._get(str(endpoints.refresh), asked))
        form = {"grant_type": "refresh_token", "refresh_token": str(held.refresh), **echoed}
        grant = await self._grant(endpoints, form, us)
        return grant if grant.refresh else Grant(grant.access, held.refresh, grant.lasts, grant.subject, grant.scope)

    async def _long_lived(self, endpoints: Endpoints, us: Registered, short: Grant) -> Grant:
        if self._oauth.exchange == "meta":
            # https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
            url, word = endpoints.token, "fb_exchange_token"
            asked = {"grant_type": word, "client_id": us.client_id, "client_secret": us.secret, word: short.access}
        else:
            url, word = str(endpoints.exchange), LONG_LIVED[self._oauth.exchange][1]
            asked = {"grant_type": word, "client_secret": us.secret, "access_token": short.access}
        return self._read(url, await self._get(url, asked))

    async def _get(self, url: str, asked: Mapping[str, str]) -> Reply:
        return await self._client.ask("GET", url, params=asked, ok=ANSWERS, reading=False)

    async def _grant(self, endpoints: Endpoints, form: Mapping[str, str], us: Registered) -> Grant:
        return self._read(endpoints.token, await self._post(endpoints.token, form, us, endpoints))

    async def _post(self, url: str, form: Mapping[str, str], us: Registered, endpoints: Endpoints) -> Reply:
        """Send a form; once more where the server wants its nonce in the proof. RFC 9449 §8"""
        for _ in range(2):
            told, headers = self._authenticated(dict(form), us, endpoints)  # what we sign about us serves once, too
            proofs = self._proof("POST", url)
            reply = await self._client.commit("POST", url, data=told, headers={**headers, **proofs}, ok=ANSWERS)
            body = parsed(reply.body)
            fresh = keep_nonce(self._client, url, reply)
            if not (fresh and reply.status in (400, 401) and _error(body) == "use_dpop_nonce"):
                break
        return reply

    def _proof(self, method: str, url: str) -> dict[str, str]:
        if self._key is None:
            return {}
        nonce = nonce_for(self._client, url)
        value = dpop.proof(self._key, method, url, at=self._client.now(), unique=self._unique(), nonce=nonce)
        return {"DPoP": value}

    def _authenticated(
        self, form: dict[str, str], us: Registered, endpoints: Endpoints
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return the form and the headers of a request that says who we are. RFC 6749 §2.3.1, RFC 7523 §2.2"""
        self._client.learn(us.secret, us.key)
        if us.secret and self._oauth.client_auth == "basic":
            pair = f"{quote_plus(us.client_id)}:{quote_plus(us.secret)}"
            return form, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        form = {**form, self._oauth.client_id_name: us.client_id}
        if us.secret and self._oauth.client_auth == "post":
            form["client_secret"] = us.secret
        if us.key:
            to = endpoints.issuer or endpoints.token
            word = dpop.assertion(us.key, us.client_id, to, at=self._client.now(), unique=self._unique())
            form |= {"client_assertion_type": ASSERTION, "client_assertion": word}
        return form, {}

    def _read(self, url: str, reply: Reply) -> Grant:
        body = parsed(reply.body)
        several = body.get("data") if isinstance(body, dict) else None
        told = several[0] if isinstance(several, list) and several else body  # Instagram's newer answers
        grant = read_grant(told) if reply.status in range(200, 300) else None
        if grant is not None:
            self._client.learn(grant.access, grant.refresh or "")
            return grant
        if reply.status in range(200, 300) and not _error(body):
            raise reply.bad("there is no token in the answer")
        raise self._refusal(url, reply, body)

    def _refusal(self, url: str, reply: Reply, body: Any) -> Outcome:
        # A server may say back what it was sent, or name a token that we never saw: its sentences are shown, no more.
        words = shown(_SECRET_LIKE.sub("…", self._client.cleaned(" ".join(own_words(body).split()))), LONGEST)
        message = f"{urlsplit(url).hostname}{urlsplit(url).path}: {reply.status} {words}"
        # Slack says invalid_code, VK invalid_request; a token of Meta's that is over has code 190.
        error = body.get("error") if isinstance(body, dict) else None
        over = _error(body) in ("invalid_grant", "invalid_code", "code_already_used", "invalid_refresh_token")
        if over or (isinstance(error, dict) and error.get("code") == 190):
            return Unauthorized(message, status=reply.status)
        return Refused(message, status=reply.status)


def nonce_for(client: Client, url: str) -> str | None:
    """Return the nonce that the server of a URL wants in the next proof."""
    found: str | None = client.memory.get("nonces", {}).get(_origin(url))
    return found


def keep_nonce(client: Client, url: str, reply: Reply) -> bool:
    """Keep the nonce that an answer brings; return whether it brought one that is new."""
    fresh = reply.headers.get("dpop-nonce")
    if not fresh or fresh == nonce_for(client, url):
        return False
    client.memory.setdefault("nonces", {})[_origin(url)] = fresh
    return True


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _error(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) else "error" if error else ""
