"""Refusals as the real server says them, each seen through Mastodon.py; nothing is done by any of them."""

import httpx
import pytest
from mastodon import (
    Mastodon,
    MastodonAPIError,
    MastodonNotFoundError,
    MastodonRatelimitError,
    MastodonUnauthorizedError,
)

from campaign.sandbox import Limit, Limits, Twin

from .conftest import Connect, picture


def refused(error: pytest.ExceptionInfo[MastodonAPIError]) -> tuple[int, str]:
    return error.value.args[1], error.value.args[3]


def test_a_token_that_is_not_known(twin: Twin, connect: Connect) -> None:
    with pytest.raises(MastodonUnauthorizedError) as error:
        connect(twin, token="nobody").status_post("a")
    assert refused(error) == (401, "The access token is invalid")


def test_a_token_without_the_scope(twin: Twin, connect: Connect) -> None:
    reader = connect(twin, token=twin.open_account("peace_en", scopes="read"))
    assert reader.me().username == "peace_en"
    with pytest.raises(MastodonAPIError) as error:
        reader.status_post("a")
    assert refused(error) == (403, "This action is outside the authorized scopes")
    assert twin.books() == []


def test_a_narrow_scope_is_enough(twin: Twin, connect: Connect) -> None:
    writer = connect(twin, token=twin.open_account("peace_en", scopes="write:statuses"))
    assert writer.status_post("a").id
    with pytest.raises(MastodonAPIError) as error:
        writer.media_post(picture(), "image/png")
    assert refused(error)[0] == 403


@pytest.mark.parametrize("ident", [1, 99999999999999999, "abc"])
def test_a_post_that_is_not_there(en: Mastodon, ident: object) -> None:
    with pytest.raises(MastodonNotFoundError) as error:
        en.status(ident)
    assert refused(error) == (404, "Record not found")


def test_a_post_of_another_account_cannot_be_changed(twin: Twin, en: Mastodon, connect: Connect) -> None:
    other = connect(twin, "peace_ru").status_post("чужой")
    for change in (lambda: en.status_update(other.id, "mine"), lambda: en.status_delete(other.id)):
        with pytest.raises(MastodonNotFoundError):
            change()
    [row] = twin.books()
    assert (row["edits"], row["deleted"]) == (0, False)


def test_a_text_that_is_too_long(en: Mastodon) -> None:
    assert en.status_post("가" * 500).id
    with pytest.raises(MastodonAPIError) as error:
        en.status_post("가" * 501)
    assert refused(error) == (422, "Validation failed: Text character limit of 500 exceeded")
    with pytest.raises(MastodonAPIError):
        en.status_post("가" * 499, spoiler_text="주의")


def test_an_empty_text(en: Mastodon) -> None:
    with pytest.raises(MastodonAPIError) as error:
        en.status_post(" \n ")
    assert refused(error) == (422, "Validation failed: Text can't be blank")


def test_the_same_refusal_has_another_text_in_another_locale(twin: Twin, connect: Connect) -> None:
    twin.open_account("peace_de", locale="de")
    told = set()
    for name in ("peace_ko", "peace_ru", "peace_en", "peace_de"):
        with pytest.raises(MastodonAPIError) as error:
            connect(twin, token=twin.open_account(name)).status_post("a" * 501)
        assert refused(error)[0] == 422
        told.add(refused(error)[1])
    assert len(told) == 4


def test_five_media(twin: Twin, en: Mastodon) -> None:
    media = [en.media_post(picture(colour=c), "image/png").id for c in ("red", "green", "blue", "black", "white")]
    with pytest.raises(MastodonAPIError) as error:
        en.status_post("a", media_ids=media)
    assert refused(error) == (422, "Cannot attach more than 4 files")
    assert en.status_post("a", media_ids=media[:4]).id


def test_a_medium_that_is_part_of_another_post(twin: Twin, en: Mastodon) -> None:
    medium = en.media_post(picture(), "image/png")
    en.status_post("a", media_ids=[medium.id])
    with pytest.raises(MastodonAPIError) as error:
        en.status_post("b", media_ids=[medium.id])
    assert refused(error) == (422, f"Media {medium.id} not found or already attached to another post")
    assert [row["text"] for row in twin.books()] == ["a"]


def test_a_medium_of_another_account(twin: Twin, en: Mastodon, connect: Connect) -> None:
    medium = connect(twin, "peace_ru").media_post(picture(), "image/png")
    with pytest.raises(MastodonAPIError) as error:
        en.status_post("a", media_ids=[medium.id])
    assert refused(error)[0] == 422


@pytest.mark.parametrize(
    ("content", "mime", "told"),
    [
        (b"no image at all", "image/png", "File type of uploaded media could not be verified"),
        (picture()[:60], "image/png", "File type of uploaded media could not be verified"),
        (b"plain text", "text/plain", "Validation failed: File content type is invalid, File is invalid"),
        (picture(kind="BMP"), "image/bmp", "Validation failed: File content type is invalid, File is invalid"),
    ],
)
def test_a_file_that_is_no_image_of_the_list(en: Mastodon, content: bytes, mime: str, told: str) -> None:
    with pytest.raises(MastodonAPIError) as error:
        en.media_post(content, mime)
    assert refused(error) == (422, told)


def test_an_image_with_too_many_pixels(en: Mastodon) -> None:
    with pytest.raises(MastodonAPIError) as error:
        en.media_post(picture(8000, 4148), "image/png")
    assert refused(error) == (422, "8000x4148 images are not supported")


def test_an_image_with_too_many_bytes(en: Mastodon) -> None:
    with pytest.raises(MastodonAPIError) as error:
        en.media_post(picture(4000, 1400, "PNG") + b"\0" * 16 * 1024 * 1024, "image/png")
    assert refused(error)[0] == 422


def test_a_description_that_is_too_long(en: Mastodon) -> None:
    told = (422, "Validation failed: Description is too long (maximum is 1500 characters)")
    with pytest.raises(MastodonAPIError) as error:
        en.media_post(picture(), "image/png", description="가" * 1501)
    assert refused(error) == told
    medium = en.media_post(picture(), "image/png", description="가" * 1500)
    with pytest.raises(MastodonAPIError) as error:
        en.media_update(medium.id, description="가" * 1501)
    assert refused(error) == told


def test_a_reply_to_a_post_that_is_not_there(twin: Twin, en: Mastodon) -> None:
    with pytest.raises(MastodonNotFoundError) as error:
        en.status_post("a", in_reply_to_id=12345)
    assert refused(error) == (404, "The post you are trying to reply to does not appear to exist.")
    assert twin.books() == []


def test_more_ids_than_one_call_may_name(en: Mastodon) -> None:
    with pytest.raises(MastodonAPIError) as error:
        en.statuses(list(range(1, 22)))
    assert refused(error)[0] == 422


def test_a_date_to_come_is_refused_and_a_date_that_has_passed_posts_at_once(twin: Twin) -> None:
    with httpx.Client(base_url=twin.base_url, headers={"Authorization": f"Bearer {twin.tokens['peace_en']}"}) as http:
        later = {"status": "a", "scheduled_at": "2019-10-01T03:01:00Z"}
        earlier = {"status": "a", "scheduled_at": "2019-10-01T02:59:00Z"}
        assert http.post("/api/v1/statuses", json=later).status_code == 422
        assert http.post("/api/v1/statuses", json=earlier).status_code == 200


def test_too_many_requests(tmp_path, connect: Connect) -> None:
    with Twin(tmp_path, limits=Limits(token=Limit(3, 60))) as twin:
        en = connect(twin)
        for n in range(3):
            en.status_post(str(n))
        with pytest.raises(MastodonRatelimitError):
            en.status_post("one too many")
        assert 0 < en.ratelimit_reset - en.ratelimit_lastcall <= 61
        with httpx.Client(
            base_url=twin.base_url, headers={"Authorization": f"Bearer {twin.tokens['peace_en']}"}
        ) as http:
            answer = http.get("/api/v1/accounts/verify_credentials")
        assert (answer.status_code, answer.json()) == (429, {"error": "Too many requests"})
        assert answer.headers["x-ratelimit-remaining"] == "0"
        assert answer.headers["x-ratelimit-reset"].endswith("Z")
        assert "retry-after" not in answer.headers
        assert len(twin.books()) == 3
        assert connect(twin, "peace_ru").status_post("другой").id  # a limit is a token's own


def test_media_have_a_limit_of_their_own(tmp_path, connect: Connect) -> None:
    with Twin(tmp_path, limits=Limits(media=Limit(1, 60))) as twin:
        en = connect(twin)
        en.media_post(picture(), "image/png")
        with pytest.raises(MastodonRatelimitError):
            en.media_post(picture(), "image/png")
        assert en.status_post("still allowed").id


def test_bodies_that_are_not_what_they_say(twin: Twin) -> None:
    bearer = {"Authorization": f"Bearer {twin.tokens['peace_en']}"}
    with httpx.Client(base_url=twin.base_url, headers=bearer) as http:
        for kind, body in (
            ("application/json", b"{"),
            ("application/json", b"[" * 100_000),
            ("application/json", b'{"status": "\\ud800"}'),
            ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\ncut'),
            ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(2000))),
        ):
            answer = http.post("/api/v1/statuses", content=body, headers={"Content-Type": kind})
            assert answer.status_code == 400, (kind, answer.text)
    assert twin.books() == []


def test_a_body_without_end_is_not_taken(twin: Twin) -> None:
    with httpx.Client(base_url=twin.base_url) as http:
        try:
            status = http.post("/api/v1/statuses", content=b"\0" * (40 * 1024 * 1024 + 1)).status_code
        except (httpx.WriteError, httpx.ReadError):
            status = 413  # it hung up while we were still sending
    assert status == 413


def test_another_site_reaches_neither_tokens_nor_books(twin: Twin) -> None:
    with httpx.Client(base_url=twin.base_url) as http:
        assert http.get("/_books", headers={"Host": "evil.example"}).status_code == 403
        told = http.post("/_accounts", json={"name": "thief"}, headers={"Origin": "https://evil.example"})
        assert told.status_code == 403
