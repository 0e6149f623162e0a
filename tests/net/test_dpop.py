"""Proofs of possession: made of the request, signed with the key that they show, another each time."""

import base64
import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from campaign.net.dpop import assertion, client_jwk, new_key, proof

AT = datetime(2026, 11, 24, tzinfo=UTC)
KEY = new_key()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read(jwt: str, jwk: dict[str, str] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims; the signature is checked by another's code, with the key that is shown."""
    head, body, signature = jwt.split(".")
    header, claims = json.loads(raw(head)), json.loads(raw(body))
    numbers = {name: int.from_bytes(raw((jwk or header["jwk"])[name])) for name in ("x", "y")}
    key = ec.EllipticCurvePublicNumbers(numbers["x"], numbers["y"], ec.SECP256R1()).public_key()
    r, s = int.from_bytes(raw(signature)[:32]), int.from_bytes(raw(signature)[32:])
    key.verify(encode_dss_signature(r, s), f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    return header, claims


def test_a_proof_names_the_request_the_token_and_the_nonce() -> None:
    url = "https://pds.example/xrpc/x?limit=5#top"
    header, claims = read(proof(KEY, "POST", url, at=AT, unique="u", nonce="n", token="t"))

    assert ("dpop+jwt", "ES256") == (header["typ"], header["alg"])
    assert {"htm": "POST", "htu": "https://pds.example/xrpc/x", "jti": "u", "nonce": "n", "iat": 1795478400} == {
        name: claims[name] for name in ("htm", "htu", "jti", "nonce", "iat")
    }
    assert raw(claims["ath"]) == sha256(b"t").digest()
    assert "d" not in header["jwk"], "the private part stays here"


def test_a_proof_that_was_changed_is_none() -> None:
    head, body, signature = proof(KEY, "GET", "https://x.example/", at=AT, unique="u").split(".")
    changed = base64.urlsafe_b64encode(raw(body).replace(b"GET", b"PUT")).rstrip(b"=").decode()

    with pytest.raises(InvalidSignature):
        read(f"{head}.{changed}.{signature}")


def test_an_assertion_is_for_one_server_and_for_a_minute() -> None:
    jwk = client_jwk(KEY)
    header, claims = read(assertion(KEY, "https://us.example/c", "https://as.example", at=AT, unique="u"), jwk)

    assert (jwk["kid"], 60) == (header["kid"], claims["exp"] - claims["iat"])
    assert ("https://us.example/c", "https://us.example/c", "https://as.example") == (
        claims["iss"],
        claims["sub"],
        claims["aud"],
    )
