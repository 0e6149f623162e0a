"""What is read of redirects and of token endpoints: whatever comes, a value or Invalid."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Source
from campaign.core.errors import Invalid
from campaign.core.oauth import Grant, OAuth, challenge, granted, read_grant, read_redirect, request_parameters

OAUTH = OAuth("/authorize", "/token", ("a", "b"), Source("https://x.example", "2026-11-24"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.text(max_size=60))
def test_any_text_is_a_redirect_or_invalid_and_is_not_repeated(text: str) -> None:
    try:
        told = read_redirect(text)
    except Invalid as error:
        assert "…" in str(error)
    else:
        assert told.get("code") or told.get("error")


@given(st.text("abc-_~.%&=+/ #?", min_size=1, max_size=40).filter(str.strip), st.text(max_size=20))
def test_code_and_state_come_back_from_an_address_as_they_were(code: str, state: str) -> None:
    address = "http://127.0.0.1/back?" + urlencode({"code": code, "state": state}) + "#_"
    if any(c.isspace() for c in code):
        with pytest.raises(Invalid):
            read_redirect(address)
    else:
        assert {"code": code, "state": state} == read_redirect(address)


@given(JSON, JSON, JSON, JSON)
def test_any_answer_is_a_grant_or_none(access: Any, refresh: Any, lasts: Any, scope: Any) -> None:
    told = read_grant({"access_token": access, "refresh_token": refresh, "expires_in": lasts, "scope": scope})

    assert told is None or (told.access == access and (told.lasts is None or told.lasts > 0))
    assert None is read_grant(access) or isinstance(access, dict)


@pytest.mark.parametrize(
    ("lasts", "seconds"), [(3600, 3600.0), ("3600", 3600.0), (0, None), (-1, None), ("soon", None), (None, None)]
)
def test_a_lifetime_that_is_none_counts_as_not_said(lasts: Any, seconds: float | None) -> None:
    assert Grant("t", None, seconds) == read_grant({"access_token": "t", "expires_in": lasts})


@pytest.mark.parametrize("token", ["", "two words", "line\nend", "токен", "x" * 9000, 5])
def test_what_cannot_stand_in_a_header_is_no_token(token: Any) -> None:
    assert None is read_grant({"access_token": token})


def test_a_request_holds_the_challenge_and_never_the_verifier() -> None:
    asked = request_parameters(OAUTH, client_id="c", redirect_uri="https://x/back", state="s", verifier="v" * 43)

    assert ("a b", "S256", challenge("v" * 43)) == (
        asked["scope"],
        asked["code_challenge_method"],
        asked["code_challenge"],
    )
    assert "v" * 43 not in asked.values()


def test_scopes_that_were_not_granted_are_named() -> None:
    assert [["b"], [], []] == [granted(("a", "b"), told) for told in ("a c", "b,a", "")]
