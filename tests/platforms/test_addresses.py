"""The public address of a post, as a person copies it from a browser, names one post of one account, or is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.errors import Invalid
from campaign.core.model import Account, Guarantee
from campaign.platforms import load
from tests.conftest import START

DID = "did:plc:abcdefghijklmnopqrstuvwx"
KEY = "3k2a4cmdwdc2k"


def account(platform: str, handle: str, base_url: str, remote_id: str = "1", **sheet: object) -> Account:
    return Account("a", "kr", platform, base_url, handle, remote_id, platform, ("ko",), Guarantee.NONE, sheet, START)


MASTODON = account("mastodon", "@kr@peace.example", "https://social.peace.example")
BLUESKY = account("bluesky", "@kr.example", "https://pds.example", DID)
TELEGRAM = account("telegram", "@peace_ko", "https://api.telegram.org", "-1001234567890", username="Peace_ko")
HIDDEN = replace(TELEGRAM, sheet={"username": None})
SANDBOX = replace(TELEGRAM, sheet={"username": "peace_ko", "shown_at": "http://127.0.0.1:4000/t"})


@pytest.mark.parametrize(
    ("of", "url", "remote_id"),
    [
        (MASTODON, "https://social.peace.example/@kr/1234", "1234"),
        (MASTODON, " https://PEACE.example/@KR/1234/?a=b#c ", "1234"),
        (MASTODON, "https://peace.example/users/kr/statuses/01J9ZX", "01J9ZX"),
        (BLUESKY, f"https://bsky.app/profile/kr.example/post/{KEY}", KEY),
        (BLUESKY, f"https://bsky.app/profile/{DID}/post/{KEY}", KEY),
        (BLUESKY, f"https://bsky.app/profile/{DID.replace(':', '%3A')}/post/{KEY}?x", KEY),
        (TELEGRAM, "https://t.me/peace_ko/12", "12"),
        (TELEGRAM, "https://t.me/s/PEACE_KO/12?single", "12"),
        (TELEGRAM, "https://telegram.me/peace_ko/12", "12"),
        (TELEGRAM, "https://t.me/c/1234567890/12", "12"),
        (HIDDEN, "https://t.me/c/1234567890/12", "12"),
        (SANDBOX, "http://127.0.0.1:4000/t/peace_ko/12", "12"),
    ],
)
def test_an_address_names_a_post_of_its_account(of: Account, url: str, remote_id: str) -> None:
    assert remote_id == load(of.platform).locate(of, url)


@pytest.mark.parametrize(
    ("of", "url", "why"),
    [
        (MASTODON, "https://elsewhere.example/@kr/1234", "must be at peace.example or social.peace.example"),
        (MASTODON, "https://peace.example.evil.example/@kr/1234", "must be at"),
        (MASTODON, "https://peace.example@evil.example/@kr/1234", "must be at"),
        (MASTODON, "https://peace.example/@ru/1234", "must be a post of @kr@peace.example; this is one of '@ru'"),
        (MASTODON, "https://peace.example/@kr", "must end in the post's id"),
        (MASTODON, "https://peace.example/", "must end in the post's id"),
        (MASTODON, "peace.example/@kr/1234", "must be the post's own address"),
        (MASTODON, "https://[", "must be the post's own address"),
        (BLUESKY, f"https://bsky.app/profile/ru.example/post/{KEY}", "must be a post of @kr.example"),
        (BLUESKY, "https://bsky.app/profile/kr.example", "must look like"),
        (BLUESKY, "https://bsky.app/profile/kr.example/post/1", "must look like"),
        (BLUESKY, f"https://pds.example/profile/kr.example/post/{KEY}", "must be at bsky.app"),
        (TELEGRAM, "https://t.me/peace_ru/12", "must be a post of @peace_ko"),
        (TELEGRAM, "https://t.me/c/999/12", "must be a post of @peace_ko"),
        (TELEGRAM, "https://t.me/peace_ko", "must look like"),
        (HIDDEN, "https://t.me/None/12", "must be a post of @peace_ko"),
        (SANDBOX, "http://127.0.0.1:4000/peace_ko/12", "must look like"),
    ],
)
def test_an_address_of_another_place_or_account_is_refused(of: Account, url: str, why: str) -> None:
    with pytest.raises(Invalid) as told:
        load(of.platform).locate(of, url)

    assert why in str(told.value)


@given(st.sampled_from([MASTODON, BLUESKY, TELEGRAM]), st.text() | st.text().map(lambda tail: f"https://t.me/{tail}"))
def test_whatever_is_pasted_is_an_id_or_is_refused_in_words(of: Account, url: str) -> None:
    try:
        assert load(of.platform).locate(of, url)
    except Invalid as error:
        assert "published" == error.field
