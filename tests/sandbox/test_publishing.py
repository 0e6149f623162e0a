"""Publish, read, edit and delete, through Mastodon.py."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from mastodon import Mastodon, MastodonNotFoundError
from mastodon.return_types import MediaAttachment

from campaign.sandbox import Twin

from .conftest import Connect, Hands, picture


def upload(client: Mastodon, description: str | None = None, **size: int) -> MediaAttachment:
    return client.media_post(picture(**size), "image/png", description=description)


def test_a_post_comes_back_as_it_was_sent(twin: Twin, connect: Connect) -> None:
    ko = connect(twin, "peace_ko")
    sent = ko.status_post("출발합니다!\n#서울 https://example.org", language="ko-KR", visibility="unlisted")
    read = ko.status(sent.id)
    assert (read.language, read.visibility, read.in_reply_to_id, read.application.name) == (
        "ko",
        "unlisted",
        None,
        "Campaign",
    )
    assert [tag.name for tag in read.tags] == ["서울"]
    assert ko.status_source(sent.id).text == "출발합니다!\n#서울 https://example.org"
    assert read.account.id == ko.account_verify_credentials().id


def test_an_unknown_language_becomes_the_accounts_own(twin: Twin, connect: Connect) -> None:
    assert connect(twin, "peace_ru").status_post("Привет", language="xx").language == "ru"


def test_white_space_around_a_text_is_not_kept(en: Mastodon) -> None:
    assert en.status_source(en.status_post("  hello \n\n").id).text == "hello"


def test_the_same_key_gives_the_same_post_even_with_another_text(twin: Twin, en: Mastodon) -> None:
    first = en.status_post("one", idempotency_key="k1")
    again = en.status_post("two", idempotency_key="k1")
    assert (again.id, again.content) == (first.id, "<p>one</p>")
    assert [row["text"] for row in twin.books()] == ["one"]
    assert [row["idempotency_key"] for row in twin.requests()] == ["k1", "k1"]


def test_the_same_key_many_times_at_once_is_one_post(twin: Twin) -> None:
    headers = {"Authorization": f"Bearer {twin.tokens['peace_en']}", "Idempotency-Key": "k"}
    with httpx.Client(base_url=twin.base_url, headers=headers) as http, ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: http.post("/api/v1/statuses", json={"status": str(n)}).json()["id"], range(8)))
    assert len(set(sent)) == len(twin.books()) == 1


def test_a_key_belongs_to_one_account(twin: Twin, en: Mastodon, connect: Connect) -> None:
    en.status_post("one", idempotency_key="k1")
    connect(twin, "peace_ru").status_post("один", idempotency_key="k1")
    assert len(twin.books()) == 2


def test_the_key_of_a_deleted_post_finds_nothing(en: Mastodon) -> None:
    en.status_delete(en.status_post("one", idempotency_key="k1").id)
    with pytest.raises(MastodonNotFoundError):
        en.status_post("one", idempotency_key="k1")


def test_a_key_dies_with_its_lifetime_and_not_with_the_platforms_clock(
    tmp_path, hands: Hands, connect: Connect
) -> None:
    with Twin(tmp_path / "a", clock_file=hands.file) as twin:
        en = connect(twin)
        first = en.status_post("one", idempotency_key="k")
        hands.set("2019-10-09T00:00:00Z")
        assert en.status_post("one", idempotency_key="k").id == first.id
    with Twin(tmp_path / "b", key_lifetime=0.0) as twin:
        en = connect(twin)
        assert en.status_post("one", idempotency_key="k").id != en.status_post("one", idempotency_key="k").id


def test_an_image_is_really_opened_and_served_back(twin: Twin, en: Mastodon) -> None:
    content = picture(64, 48)
    medium = en.media_post(content, "image/png", description="파란 사각형")
    assert (medium.meta.original.width, medium.meta.original.height) == (64, 48)
    assert (medium.type, medium.description) == ("image", "파란 사각형")
    en.status_post("with a picture", media_ids=[medium.id])
    assert httpx.get(medium.url).content == content
    [row] = twin.books()
    assert [(m["description"], m["mime"], m["width"]) for m in row["media"]] == [("파란 사각형", "image/png", 64)]


def test_a_media_post_needs_no_text_and_a_description_can_be_mended_before(en: Mastodon) -> None:
    medium = upload(en)
    en.media_update(medium.id, description="a blue field")
    assert en.media(medium.id).description == "a blue field"
    assert en.status_post("", media_ids=[medium.id]).media_attachments[0].description == "a blue field"


def test_a_film_is_processed_before_it_can_be_posted(twin: Twin, en: Mastodon) -> None:
    film = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x00\x08moov"
    with httpx.Client(base_url=twin.base_url, headers={"Authorization": f"Bearer {twin.tokens['peace_en']}"}) as http:
        sent = http.post("/api/v2/media", files={"file": ("a.mp4", io.BytesIO(film), "video/mp4")})
        assert (sent.status_code, sent.json()["url"], sent.json()["type"]) == (202, None, "video")
        ident = sent.json()["id"]
        assert http.get(f"/api/v1/media/{ident}").status_code == 206
        early = http.post("/api/v1/statuses", json={"status": "film", "media_ids": [ident]})
        assert early.status_code == 422
        while (shown := http.get(f"/api/v1/media/{ident}")).status_code == 206:
            time.sleep(0.05)
        assert (shown.status_code, bool(shown.json()["url"])) == (200, True)
        assert http.post("/api/v1/statuses", json={"status": "film", "media_ids": [ident]}).status_code == 200


def test_an_edit_keeps_the_versions_and_the_id(twin: Twin, hands: Hands, en: Mastodon) -> None:
    medium = upload(en, "old")
    sent = en.status_post("Vladivostock", media_ids=[medium.id], language="en")
    hands.set("2019-10-01T04:00:00Z")
    changes = [en.generate_media_edit_attributes(medium.id, description="new")]
    edited = en.status_update(sent.id, "Vladivostok", media_attributes=changes)
    assert (edited.id, edited.content, edited.media_attachments[0].description) == (
        sent.id,
        "<p>Vladivostok</p>",
        "new",
    )
    assert edited.edited_at == datetime(2019, 10, 1, 4, tzinfo=UTC)
    told = [(v.content, v.media_attachments[0].description) for v in en.status_history(sent.id)]
    assert told == [("<p>Vladivostock</p>", "old"), ("<p>Vladivostok</p>", "new")]
    [row] = twin.books()
    assert (row["edits"], row["versions"], row["created_at"]) == (
        1,
        ["Vladivostock", "Vladivostok"],
        "2019-10-01T03:00:00.000Z",
    )


def test_an_edit_takes_off_media_that_it_does_not_name(en: Mastodon) -> None:
    medium = upload(en)
    sent = en.status_post("with", media_ids=[medium.id])
    assert en.status_update(sent.id, "without").media_attachments == []


def test_a_post_without_edits_has_a_history_of_one(en: Mastodon) -> None:
    assert [v.content for v in en.status_history(en.status_post("one").id)] == ["<p>one</p>"]


def test_a_deleted_post_is_gone_but_stays_in_the_books(twin: Twin, en: Mastodon) -> None:
    medium = upload(en)
    sent = en.status_post("mistake", media_ids=[medium.id])
    assert en.status_delete(sent.id).text == "mistake"
    for gone in (lambda: en.status(sent.id), lambda: en.status_delete(sent.id)):
        with pytest.raises(MastodonNotFoundError):
            gone()
    assert en.account_statuses(en.me().id) == []
    [row] = twin.books()
    assert (row["deleted"], row["text"], len(row["media"])) == (True, "mistake", 1)
    assert en.status_post("again", media_ids=[medium.id]).media_attachments[0].id == medium.id


def test_a_thread_is_read_from_any_of_its_posts(en: Mastodon) -> None:
    one = en.status_post("1")
    two = en.status_post("2", in_reply_to_id=one.id)
    three = en.status_post("3", in_reply_to_id=two.id)
    around = en.status_context(two.id)
    assert ([s.id for s in around.ancestors], [s.id for s in around.descendants]) == ([one.id], [three.id])
    assert two.in_reply_to_account_id == en.me().id


def test_a_list_is_paged_by_ids_in_both_directions(en: Mastodon) -> None:
    sent = [en.status_post(str(n)).id for n in range(5)]
    me = en.me().id
    page = en.account_statuses(me, limit=2)
    assert [s.id for s in page] == [sent[4], sent[3]]
    assert [s.id for s in en.fetch_next(page)] == [sent[2], sent[1]]
    assert [s.id for s in en.account_statuses(me, min_id=sent[0], limit=2)] == [sent[2], sent[1]]
    assert [s.id for s in en.account_statuses(me, since_id=sent[0], limit=2)] == [sent[4], sent[3]]
    assert [s.id for s in en.account_statuses(me, max_id=sent[1])] == [sent[0]]


def test_an_id_carries_the_time_so_that_a_lower_bound_finds_what_came_after_it(hands: Hands, en: Mastodon) -> None:
    en.status_post("before")
    hands.set("2019-10-01T03:10:00Z")
    bound = int(datetime(2019, 10, 1, 3, 10, tzinfo=UTC).timestamp() * 1000) << 16
    after = en.status_post("after")
    assert [s.id for s in en.account_statuses(en.me().id, since_id=bound)] == [after.id]


def test_replies_to_others_and_boosts_can_be_left_out_but_an_own_thread_stays(
    twin: Twin, en: Mastodon, connect: Connect
) -> None:
    other = connect(twin, "peace_ru").status_post("чужой")
    one = en.status_post("1")
    two = en.status_post("2", in_reply_to_id=one.id)
    en.status_post("answer", in_reply_to_id=other.id)
    assert en.status_reblog(other.id).reblog.id == other.id
    told = en.account_statuses(en.me().id, exclude_replies=True, exclude_reblogs=True)
    assert [s.id for s in told] == [two.id, one.id]
    assert len(en.account_statuses(en.me().id)) == 4


def test_many_posts_are_read_in_one_call_and_what_is_gone_is_left_out(en: Mastodon) -> None:
    sent = [en.status_post(str(n)).id for n in range(3)]
    en.status_delete(sent[1])
    assert [s.id for s in en.statuses(sent)] == [sent[0], sent[2]]


def test_a_private_post_is_seen_by_its_account_alone(twin: Twin, en: Mastodon, connect: Connect) -> None:
    sent = en.status_post("draft", visibility="private")
    assert en.status(sent.id).id == sent.id
    ru = connect(twin, "peace_ru")
    with pytest.raises(MastodonNotFoundError):
        ru.status(sent.id)
    assert ru.account_statuses(en.me().id) == []


def test_form_json_and_multipart_bodies_are_the_same_post(twin: Twin) -> None:
    with httpx.Client(base_url=twin.base_url, headers={"Authorization": f"Bearer {twin.tokens['peace_en']}"}) as http:
        ids = []
        for _ in range(3):
            ids.append(http.post("/api/v1/media", files={"file": ("a.png", picture(), "image/png")}).json()["id"])
        http.post("/api/v1/statuses", data={"status": "a", "media_ids[]": [ids[0]]})
        http.post("/api/v1/statuses", json={"status": "a", "media_ids": [ids[1]]})
        form = {"status": (None, "a"), "media_ids[]": (None, ids[2])}
        http.post("/api/v1/statuses", files=form)
    assert [(row["text"], len(row["media"])) for row in twin.books()] == [("a", 1)] * 3


def test_the_instance_tells_its_limits_and_what_it_is(twin: Twin, en: Mastodon) -> None:
    told = en.instance()
    assert told.configuration.statuses.max_characters == 500
    assert told.configuration.media_attachments.image_matrix_limit == 33_177_600
    assert en.instance_nodeinfo().software.name == "mastodon"
    assert en.retrieve_mastodon_version() == "4.5.0"
    assert httpx.get(f"{twin.base_url}/api/v1/instance").json()["uri"] == twin.base_url.removeprefix("http://")


def test_an_application_gets_its_token_through_a_person(twin: Twin) -> None:
    ident, secret = Mastodon.create_app(
        "campaign", scopes=["read", "write"], redirect_uris="http://127.0.0.1:9/back", api_base_url=twin.base_url
    )
    app = {"client_id": ident, "redirect_uri": "http://127.0.0.1:9/back"}
    with httpx.Client(base_url=twin.base_url) as http:
        asked = {**app, "scope": "read write", "state": "s"}
        assert "peace_ko" in http.get("/oauth/authorize", params=asked).text
        sent = http.post("/oauth/authorize", data={**asked, "account": "peace_ko"})
        back = httpx.URL(sent.headers["location"]).params
        assert back["state"] == "s"
        grant = {**app, "client_secret": secret, "grant_type": "authorization_code", "code": back["code"]}
        token = http.post("/oauth/token", data=grant).json()["access_token"]
        assert http.post("/oauth/token", data=grant).status_code == 400  # a code is good once
        bearer = {"Authorization": f"Bearer {token}"}
        assert http.get("/api/v1/accounts/verify_credentials", headers=bearer).json()["username"] == "peace_ko"
        assert http.post("/api/v1/statuses", json={"status": "a"}, headers=bearer).json()["application"]["name"] == (
            "campaign"
        )
        http.post("/oauth/revoke", data={"client_id": ident, "client_secret": secret, "token": token})
        assert http.get("/api/v1/accounts/verify_credentials", headers=bearer).status_code == 401
