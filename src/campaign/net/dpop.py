"""Proofs that a token is used by whom it was given to. https://www.rfc-editor.org/rfc/rfc9449"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from campaign.net.reply import parsed


class Answer(Protocol):
    """What is looked at of an answer; header names in lower case."""

    status: int
    plain_headers: dict[str, str]
    body: bytes


class Holder:
    """Shows with each request that a token is ours.

    Args:
        memory: where the servers' nonces are kept; all clients of an account share it.
        unique: returns a random value at each call.
    """

    def __init__(
        self, key: str, token: str, memory: dict[str, Any], *, now: Callable[[], datetime], unique: Callable[[], str]
    ) -> None:
        self._key, self._token, self._memory, self._now, self._unique = key, token, memory, now, unique

    def headers(self, method: str, url: str) -> dict[str, str]:
        """Return what goes with a request."""
        nonce = self._memory.get("nonces", {}).get(_origin(url))
        value = proof(self._key, method, url, at=self._now(), unique=self._unique(), nonce=nonce, token=self._token)
        return {"Authorization": f"DPoP {self._token}", "DPoP": value}

    def asked(self, url: str, answer: Answer) -> bool:
        """Keep the nonce that an answer brings; return whether the server refused for want of it. RFC 9449 §9"""
        fresh, nonces = answer.plain_headers.get("dpop-nonce"), self._memory.setdefault("nonces", {})
        if not fresh or fresh == nonces.get(_origin(url)):
            return False
        nonces[_origin(url)] = fresh
        body = parsed(answer.body) if answer.status in (400, 401) else None
        return isinstance(body, dict) and body.get("error") == "use_dpop_nonce"


def new_key() -> str:
    """Return a new private key, P-256, as one line: base64url of its PKCS#8 bytes."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _base64url(
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def public_jwk(key: str) -> dict[str, str]:
    """Return the public part of a key as JSON. https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1"""
    numbers = _private(key).public_key().public_numbers()
    x, y = (_base64url(number.to_bytes(32)) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def client_jwk(key: str) -> dict[str, str]:
    """Return the public part of a client's key, as it stands in what the client tells of itself.

    Its name is its thumbprint. https://www.rfc-editor.org/rfc/rfc7638
    """
    jwk = public_jwk(key)
    told = json.dumps({name: jwk[name] for name in sorted(jwk)}, separators=(",", ":"))
    return {**jwk, "kid": _base64url(sha256(told.encode()).digest()), "use": "sig", "alg": "ES256"}


def assertion(key: str, client_id: str, audience: str, *, at: datetime, unique: str) -> str:
    """Return a client's word for who it is. https://www.rfc-editor.org/rfc/rfc7523#section-3"""
    now = int(at.timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": unique, "iat": now, "exp": now + 60}
    return signed(key, {"typ": "JWT", "kid": client_jwk(key)["kid"]}, claims)


def proof(
    key: str, method: str, url: str, *, at: datetime, unique: str, nonce: str | None = None, token: str | None = None
) -> str:
    """Return the value of the DPoP header of one request.

    Args:
        url: where it goes; query and fragment do not count.
        at: the real time, aware.
        unique: a random value, another for each request.
        nonce: what the server gave to be put in.
        token: the access token that goes with it.
    """
    claims: dict[str, Any] = {
        "jti": unique,
        "htm": method,
        "htu": url.partition("#")[0].partition("?")[0],
        "iat": int(at.timestamp()),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if token is not None:
        claims["ath"] = _base64url(sha256(token.encode()).digest())
    return signed(key, {"typ": "dpop+jwt", "jwk": public_jwk(key)}, claims)


def signed(key: str, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Return a JWT signed with ES256. https://www.rfc-editor.org/rfc/rfc7515#appendix-A.3"""
    told = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "ES256", **header}, claims))
    r, s = decode_dss_signature(_private(key).sign(told.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{told}.{_base64url(r.to_bytes(32) + s.to_bytes(32))}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _private(key: str) -> ec.EllipticCurvePrivateKey:
    raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    loaded = serialization.load_der_private_key(raw, password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise ValueError("it is no key of an elliptic curve")
    return loaded


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
