"""A secret is found in every form in which it travels, and nothing else is touched."""

import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.net.redact import TAKEN_OUT, Redactor

SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40)
AROUND = st.text(st.sampled_from("abc &=?/\"'한я\n"), max_size=20)


def in_base64(secret, before, after, alphabet=base64.b64encode):
    """Return the text in base64, and the part of it that comes from the secret alone."""
    whole = alphabet((before + secret + after).encode()).decode()
    start, end = len(before.encode()), len((before + secret).encode())
    return whole, whole[-(-start * 8 // 6) : end * 8 // 6]


@given(SECRETS, AROUND, AROUND)
@settings(max_examples=150, deadline=None)
def test_no_form_of_a_secret_is_left(secret, before, after):
    redactor, open_one = Redactor([secret]), Redactor([secret], enabled=False)
    escaped = json.dumps(secret)[1:-1]
    forms = [
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe="").lower() if secret.islower() else quote(secret, safe=""),
        escaped,
        escaped.replace("/", "\\/"),
        json.dumps(secret, ensure_ascii=False)[1:-1],
        "".join(f"\\u{ord(c):04X}" if ord(c) < 0x10000 else json.dumps(c)[1:-1] for c in secret),
        "".join(f"%{byte:02x}" for byte in secret.encode()),
    ]
    for form in forms:
        data = f"{before}{form}{after}".encode()
        kept, names = redactor.body(data)
        assert form.encode() not in kept
        assert names == ("secret",)
        assert open_one.body(data) == (data, ())
    for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
        for pad in ("", "u", "us"):
            whole, stable = in_base64(secret, pad + before, after, alphabet)
            for text in (whole, quote(whole, safe=""), whole.replace("/", "\\/")):
                kept, names = redactor.body(text.encode())
                assert stable.encode() not in kept
                assert names == ("secret",)
                assert open_one.body(text.encode())[0] == text.encode()


@given(SECRETS, st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_what_holds_no_secret_stays_byte_for_byte(secret, data):
    if secret.encode() not in data:
        kept, names = Redactor([secret]).body(data, "application/octet-stream")
        assert (kept == data) == (not names)


@pytest.mark.parametrize("name", ["Authorization", "COOKIE", "Set-Cookie", "proxy-authorization"])
def test_secret_headers_are_always_taken_out(name):
    raw = [(b"Host", b"a.example"), (name.encode(), b"Bearer unknown-to-us")]
    kept, names = Redactor().headers(raw)
    assert kept == [raw[0], (name.encode(), TAKEN_OUT.encode())]
    assert names == (f"header {name.lower()}",)
    assert Redactor(enabled=False).headers(raw) == (raw, ())


def test_a_secret_in_any_other_header_is_found():
    raw = [(b"Location", b"https://a.example/cb?code=4711&state=x"), (b"X-Echo", b"say s3cret-token")]
    kept, names = Redactor(["s3cret-token"]).headers(raw)
    assert kept == [(b"Location", b"https://a.example/cb?code=[redacted]&state=x"), (b"X-Echo", b"say [redacted]")]
    assert names == ("field code", "secret")


@pytest.mark.parametrize("field", ["access_token", "refresh_token", "client_secret", "password", "token", "accessJwt"])
def test_fields_are_known_by_their_names(field):
    redactor = Redactor()
    value = 'va"lue/\\+ 한'
    for body, content_type in [
        (json.dumps({"a": 1, field: value, "b": "kept"}), "application/json"),
        (json.dumps({"a": 1, field: value, "b": "kept"}, ensure_ascii=False, indent=1), "application/json"),
        (urlencode({"a": 1, field: value, "b": "kept"}), "application/x-www-form-urlencoded"),
        (
            f'--x\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            '--x\r\nContent-Disposition: form-data; name="b"\r\n\r\nkept\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ]:
        kept, names = redactor.body(body.encode(), content_type)
        assert names == (f"field {field}",)
        assert b"lue" not in kept
        assert b"kept" in kept
        assert TAKEN_OUT.encode() in kept
    assert redactor.text(f"https://a.example/?x=1&{field}=value#y") == f"https://a.example/?x=1&{field}=[redacted]#y"


def test_json_stays_json():
    kept, _ = Redactor(['se"cret']).body(b'{"access_token": "a\\"b", "echo": "se\\"cret"}')
    assert json.loads(kept) == {"access_token": TAKEN_OUT, "echo": TAKEN_OUT}


def test_half_an_answer_holds_no_half_a_secret():
    assert Redactor().body(b'{"access_token":"abcde')[0] == b'{"access_token":"[redacted]'


def test_the_words_of_a_post_are_no_fields():
    body = json.dumps({"status": "see https://a.example/?token=abc&code=1", "code": 400}).encode()
    assert Redactor().body(body, "application/json") == (body, ())


def test_an_empty_secret_is_none():
    assert Redactor(["", "x-long-one"]).body(b"abc") == (b"abc", ())


def test_a_secret_within_another_does_not_save_its_rest():
    assert Redactor(["secret", "my-secret-key"]).body(b"my-secret-key secret")[0] == b"[redacted] [redacted]"


@pytest.mark.parametrize(
    "piece", ['name="token"\r\nx\r\n', 'name="token"\r\n\r\n', '"token":"', "token=&", "\\\\u0061"]
)
@pytest.mark.timeout(10)
def test_no_hostile_body_takes_for_ever(piece):
    for content_type in ("multipart/form-data", "application/json", "application/x-www-form-urlencoded"):
        Redactor(["aaaaaaaaaaaaaaaaaaaaaaaab"]).body(piece.encode() * 50_000, content_type)
