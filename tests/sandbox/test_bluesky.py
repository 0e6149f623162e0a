"""Bluesky's twin, driven by the client that others wrote (atproto): what it takes, and what it refuses."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from atproto import Client, models
from atproto_client.exceptions import (
    BadRequestError,
    RateLimitExceededError,
    RequestErrorBase,
    RequestException,
    UnauthorizedError,
)
from hypothesis import given
from hypothesis import strategies as st
from libipld import decode_cid, encode_dag_cbor

from campaign.sandbox import Twin
from campaign.sandbox.bluesky.cid import Unencodable, cid_of, cid_of_blob, encode

from .conftest import Hands, picture

# atproto uploads with `data=`, which httpx would rather see as `content=`.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")
POST = "app.bsky.feed.post"
KEY = "3lbxmzpjqik2a"
OTHER_KEY = "3lbxmzpjqik2b"
ABSENT = "bafkreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
# Text, type and times as one record of the real server had them, and the CID that it gave (@atproto/pds 0.5.35).
REAL = {"$type": POST, "text": "hi", "createdAt": "2026-11-24T00:00:00.000Z"}
REAL_CID = "bafyreigofcnvvpn2nnew2fssqxlou72bng6vpfxvutf7p3qgtcr6jec7sm"
WEBVTT, MP4 = b"WEBVTT\n\n", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(1000)

Login = Callable[..., Client]


@pytest.fixture
def login(twin: Twin) -> Iterator[Login]:
    made: list[Client] = []

    def client(name: str = "peace_en", password: str | None = None, profile: bool = True) -> Client:
        told = twin.opened["bluesky"][name]
        one = Client(base_url=f"{twin.base_url}/xrpc")
        made.append(one)
        one.login(told["identifier"], password or told["token"], fetch_bsky_profile=profile)
        return one

    yield client
    for one in made:
        one.request._client.close()


@pytest.fixture
def en(login: Login) -> Client:
    return login()


def words(error: pytest.ExceptionInfo[RequestErrorBase]) -> tuple[int, str, str]:
    answer = error.value.response
    assert answer is not None
    return answer.status_code, answer.content.error, answer.content.message  # type: ignore[union-attr]


def record(**told: Any) -> dict[str, Any]:
    return {key: value for key, value in (REAL | told).items() if value is not ...}


def put(client: Client, value: dict[str, Any], rkey: str = KEY, **told: Any) -> Any:
    assert client.me is not None
    data = {"repo": client.me.did, "collection": POST, "rkey": rkey, "record": value, **told}
    return client.com.atproto.repo.put_record(data)


def books(twin: Twin) -> list[dict[str, Any]]:
    return twin.books(platform="bluesky")


def test_a_post_with_a_picture_arrives(twin: Twin, en: Client) -> None:
    made = en.send_image("Peace", picture(), "A navy field", langs=["en"])
    [row] = books(twin)

    assert (made.uri.rpartition("/")[2], "Peace", "en", "A navy field") == (
        row["id"],
        row["text"],
        row["language"],
        row["media"][0]["description"],
    )
    assert made.cid == row["cid"]


def test_a_clip_arrives(twin: Twin, en: Client) -> None:
    en.send_video("Train", MP4, "A train")

    assert ("video/mp4", "A train") == (
        books(twin)[0]["media"][0]["mime"],
        books(twin)[0]["media"][0]["description"],
    )


def test_a_reply_is_counted_and_stands_in_the_thread(twin: Twin, en: Client, login: Login) -> None:
    first = en.send_post("one")
    ref = models.create_strong_ref(first)
    login("peace_ru").send_post("два", reply_to=models.AppBskyFeedPost.ReplyRef(parent=ref, root=ref))
    thread = en.get_post_thread(first.uri).thread

    assert (1, ["два"]) == (thread.post.reply_count, [reply.post.record.text for reply in thread.replies])
    assert first.uri.endswith(books(twin)[1]["in_reply_to_id"])


def test_likes_reposts_and_quotes_are_counted_and_likes_can_be_taken_back(en: Client, login: Login) -> None:
    first, ru = en.send_post("one"), login("peace_ru")
    liked = ru.like(first.uri, first.cid)
    ru.repost(first.uri, first.cid)
    ru.send_post("see", embed=models.AppBskyEmbedRecord.Main(record=models.create_strong_ref(first)))
    [post] = en.get_posts([first.uri]).posts

    assert (1, 1, 1, 0) == (post.like_count, post.repost_count, post.quote_count, post.reply_count)

    ru.unlike(liked.uri)

    assert 0 == en.get_posts([first.uri]).posts[0].like_count


def test_counters_grow_as_the_books_say(twin: Twin, en: Client, hands: Hands) -> None:
    first = en.send_post("one")
    hands.set("2019-10-08T03:00:00+00:00")
    [post] = en.get_posts([first.uri]).posts
    true = twin.ask("GET", "/_books/counts", platform="bluesky", id=first.uri.rpartition("/")[2])

    assert (post.like_count, post.repost_count, post.reply_count, post.quote_count, post.bookmark_count) == (
        true["likeCount"],
        true["repostCount"],
        true["replyCount"],
        true["quoteCount"],
        true["bookmarkCount"],
    )
    assert post.like_count


def test_a_profile_and_its_feed(en: Client) -> None:
    for number in range(3):
        en.send_post(f"{number}")
    assert en.me is not None
    feed = en.get_author_feed(en.me.did, limit=2)
    rest = en.get_author_feed(en.me.did, limit=2, cursor=feed.cursor)

    assert (["2", "1"], ["0"], 3) == (
        [one.post.record.text for one in feed.feed],
        [one.post.record.text for one in rest.feed],
        en.get_profile(en.me.did).posts_count,
    )


def test_the_same_put_again_is_the_same_post_and_no_commit(twin: Twin, en: Client) -> None:
    first = put(en, record(), swap_record=None)
    again = put(en, record(), swap_record=None)

    assert (first.uri, REAL_CID, None) == (again.uri, again.cid, again.commit)
    assert first.commit is not None and 1 == len(books(twin))


def test_another_record_under_the_key_is_told_by_the_swap(twin: Twin, en: Client) -> None:
    put(en, record())
    assert en.me is not None
    told = {"repo": en.me.did, "collection": POST, "rkey": KEY, "record": record(text="x"), "swapRecord": None}
    answer = httpx.post(f"{twin.base_url}/xrpc/com.atproto.repo.putRecord", json=told, headers=auth(en))

    assert (400, {"error": "InvalidSwap", "message": f"Record was at {REAL_CID}"}) == (
        answer.status_code,
        answer.json(),
    )
    assert put(en, record(text="x"), swap_record=REAL_CID).commit
    assert (["hi", "x"], 1) == (books(twin)[0]["versions"], books(twin)[0]["edits"])


def test_create_on_a_key_that_is_used_is_the_servers_own_error(twin: Twin, en: Client) -> None:
    assert en.me is not None
    told = {"repo": en.me.did, "collection": POST, "rkey": KEY, "record": record()}
    en.com.atproto.repo.create_record(told)
    with pytest.raises(RequestException) as error:
        en.com.atproto.repo.create_record(told)

    assert words(error) == (500, "InternalServerError", "Internal Server Error")
    assert 1 == len(books(twin))


def test_delete_twice_and_put_after_it_makes_a_second_post(twin: Twin, en: Client) -> None:
    uri = put(en, record()).uri

    assert en.delete_post(uri) and en.delete_post(uri)
    with pytest.raises(BadRequestError) as error:
        en.get_post(KEY)
    assert words(error)[:2] == (400, "RecordNotFound")

    put(en, record(), swap_record=None)

    assert [True, False] == [row["deleted"] for row in books(twin)]


def test_writes_come_together_or_not_at_all(twin: Twin, en: Client) -> None:
    assert en.me is not None
    create = {"$type": "com.atproto.repo.applyWrites#create", "collection": POST}
    good = {**create, "rkey": KEY, "value": record()}
    bad = {**create, "rkey": OTHER_KEY, "value": record(text="가" * 301)}
    url = f"{twin.base_url}/xrpc/com.atproto.repo.applyWrites"
    answers = [
        httpx.post(url, json={"repo": en.me.did, "writes": writes}, headers=auth(en))
        for writes in ([good, bad], [good])
    ]

    assert [400, 200] == [answer.status_code for answer in answers]
    assert (1, REAL_CID) == (len(books(twin)), answers[1].json()["results"][0]["cid"])


def images(count: int, **told: Any) -> dict[str, Any]:
    blob = {"$type": "blob", "ref": {"$link": ABSENT}, "mimeType": "image/png", "size": 100, **told}
    return {"embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "a", "image": blob}] * count}}


def film(**told: Any) -> dict[str, Any]:
    blob = {"$type": "blob", "ref": {"$link": ABSENT}, "mimeType": "video/mp4", "size": 100}
    return {"embed": {"$type": "app.bsky.embed.video", "video": blob, **told}}


def track(size: int = 100) -> dict[str, Any]:
    blob = {"$type": "blob", "ref": {"$link": ABSENT}, "mimeType": "text/vtt", "size": size}
    return {"lang": "ko", "file": blob}


def marked(feature: dict[str, Any], start: int = 0) -> dict[str, Any]:
    return {"facets": [{"index": {"byteStart": start, "byteEnd": 1}, "features": [feature]}]}


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        ({"text": "가" * 301}, "grapheme too big (maximum 300, got 301) at $.record.text"),
        ({"text": "👨‍👩‍👧‍👦" * 130}, "string too big (maximum 3000, got 3250) at $.record.text"),
        ({"text": ...}, 'Missing required key "text" at $.record'),
        ({"langs": ["ko", "ru", "en", "de"]}, "array too big (maximum 3, got 4) at $.record.langs"),
        ({"langs": ["not a lang"]}, 'Invalid language (got "not a lang") at $.record.langs[0]'),
        ({"createdAt": ...}, 'Missing required key "createdAt" at $.record'),
        ({"createdAt": "yesterday"}, 'Invalid datetime (got "yesterday") at $.record.createdAt'),
        (images(5), "array too big (maximum 4, got 5) at $.record.embed.images"),
        (
            images(1, size=2_000_009),
            "blob too big (maximum 2000000, got 2000009) at $.record.embed.images[0].image",
        ),
        (
            {
                "embed": {
                    "$type": "app.bsky.embed.images",
                    "images": [{"image": images(1)["embed"]["images"][0]["image"]}],
                }
            },
            'Missing required key "alt" at $.record.embed.images[0]',
        ),
        (
            {"embed": {**film()["embed"], "video": images(1)["embed"]["images"][0]["image"]}},
            'Expected "video/mp4" (got "image/png") at $.record.embed.video.mimeType',
        ),
        (film(captions=[track()] * 21), "array too big (maximum 20, got 21) at $.record.embed.captions"),
        (
            film(captions=[track(20_009)]),
            "blob too big (maximum 20000, got 20009) at $.record.embed.captions[0].file",
        ),
        (
            film(aspectRatio={"width": 0, "height": 1}),
            "integer too small (minimum 1, got 0) at $.record.embed.aspectRatio.width",
        ),
        (
            marked({"$type": "app.bsky.richtext.facet#tag", "tag": "x" * 65}),
            "grapheme too big (maximum 64, got 65) at $.record.facets[0].features[0].tag",
        ),
        (
            marked({"$type": "app.bsky.richtext.facet#link", "uri": "not uri"}),
            'Invalid uri (got "not uri") at $.record.facets[0].features[0].uri',
        ),
        (
            marked({"$type": "app.bsky.richtext.facet#mention", "did": "not"}),
            'Invalid DID (got "not") at $.record.facets[0].features[0].did',
        ),
        (
            marked({"$type": "app.bsky.richtext.facet#tag", "tag": "x"}, -1),
            "integer too small (minimum 0, got -1) at $.record.facets[0].index.byteStart",
        ),
        (
            {"embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://x.test/"}}},
            'Missing required key "title" at $.record.embed.external',
        ),
        (
            {"reply": {"root": {"uri": "x", "cid": "y"}, "parent": {"uri": "x", "cid": "y"}}},
            'Invalid at-uri (got "x") at $.record.reply.root.uri',
        ),
    ],
)
def test_a_record_that_breaks_its_lexicon(twin: Twin, en: Client, told: dict[str, Any], refusal: str) -> None:
    with pytest.raises(BadRequestError) as error:
        put(en, record(**told))

    assert words(error) == (400, "InvalidRequest", f"Invalid app.bsky.feed.post record: {refusal}")
    assert [] == books(twin)


def test_three_hundred_syllables_are_taken_and_a_facet_beyond_the_text_too(twin: Twin, en: Client) -> None:
    put(en, record(text="가" * 300))
    put(en, record(**marked({"$type": "app.bsky.richtext.facet#tag", "tag": "x"}, 900)), OTHER_KEY)

    assert 2 == len(books(twin))


def test_nothing_is_checked_when_the_client_says_so(twin: Twin, en: Client) -> None:
    assert put(en, record(text="가" * 301), validate=False).cid and 1 == len(books(twin))


@pytest.mark.parametrize("rkey", ["sched-uuid-1", "zzzzzzzzzzzzz"])
def test_a_key_that_is_no_tid(en: Client, rkey: str) -> None:
    with pytest.raises(BadRequestError) as error:
        put(en, record(), rkey)

    assert words(error)[2] == f'Invalid record key for app.bsky.feed.post: Invalid TID string (got "{rkey}") at $'


def test_a_blob_that_was_never_uploaded(twin: Twin, en: Client) -> None:
    with pytest.raises(BadRequestError) as error:
        put(en, record(**images(1)))

    assert words(error) == (400, "BlobNotFound", f"Could not find blob: {ABSENT}")
    assert [] == books(twin)


def test_uploads_are_named_by_their_bytes_and_taken_for_what_they_are(twin: Twin, en: Client) -> None:
    url, content = f"{twin.base_url}/xrpc/com.atproto.repo.uploadBlob", picture()
    told = httpx.post(url, content=content, headers={**auth(en), "Content-Type": "text/plain"}).json()["blob"]
    nameless = httpx.post(url, content=content, headers=auth(en))

    assert ("image/png", len(content), cid_of_blob(content)) == (told["mimeType"], told["size"], told["ref"]["$link"])
    assert told["ref"]["$link"] == en.upload_blob(content).blob.ref.link
    assert "required but not provided" in nameless.json()["message"]


def test_a_wrong_password(login: Login) -> None:
    with pytest.raises(UnauthorizedError) as error:
        login(password="nope")

    assert words(error) == (401, "AuthenticationRequired", "Invalid identifier or password")


def test_the_thirty_first_login_within_five_minutes(twin: Twin, login: Login) -> None:
    one, told = login(), twin.opened["bluesky"]["peace_en"]
    for _ in range(29):
        one.com.atproto.server.create_session({"identifier": told["identifier"], "password": told["token"]})
    with pytest.raises(RateLimitExceededError) as error:
        one.com.atproto.server.create_session({"identifier": told["identifier"], "password": told["token"]})

    assert words(error)[:2] == (429, "RateLimitExceeded")
    assert error.value.response is not None and 0 < int(error.value.response.headers["retry-after"]) <= 300


def test_where_a_caller_stands_is_told_with_each_answer(twin: Twin) -> None:
    answer = httpx.get(f"{twin.base_url}/xrpc/com.atproto.server.describeServer")

    assert ("3000", "2999", "3000;w=300") == tuple(
        answer.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "policy")
    )


def test_a_token_that_is_not_known_is_400_and_none_at_all_is_401(twin: Twin, en: Client) -> None:
    url = f"{twin.base_url}/xrpc/com.atproto.server.getSession"
    assert en._session is not None
    refresh = {"Authorization": f"Bearer {en._session.refresh_jwt}"}
    answers = [
        httpx.get(url),
        httpx.get(url, headers={"Authorization": "Bearer nobody"}),
        httpx.get(url, headers=refresh),
    ]

    assert [(401, "AuthMissing"), (400, "InvalidToken"), (400, "InvalidToken")] == [
        (answer.status_code, answer.json()["error"]) for answer in answers
    ]


def test_an_access_token_is_over_when_its_time_is_and_the_client_renews_it(twin: Twin, login: Login) -> None:
    twin.ask("POST", "/_accounts", {"name": "peace_en", "platform": "bluesky", "access_seconds": "0"})
    en = login(profile=False)
    stale = auth(en)
    answer = httpx.get(f"{twin.base_url}/xrpc/com.atproto.server.getSession", headers=stale)
    twin.ask("POST", "/_accounts", {"name": "peace_en", "platform": "bluesky"})

    assert (400, {"error": "ExpiredToken", "message": "Token has expired"}) == (answer.status_code, answer.json())
    assert en.com.atproto.server.refresh_session(headers=refresh_of(en)).access_jwt


def test_an_account_writes_into_its_own_repository_only(twin: Twin, en: Client) -> None:
    other = twin.opened["bluesky"]["peace_ru"]["did"]
    for repo, name in ((other, "AuthenticationRequired"), ("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "AccountNotFound")):
        with pytest.raises(UnauthorizedError) as error:
            en.com.atproto.repo.put_record({"repo": repo, "collection": POST, "rkey": KEY, "record": record()})
        assert words(error)[1] == name
    assert [] == books(twin)


def test_a_handle_is_resolved_or_not(twin: Twin, en: Client) -> None:
    told = twin.opened["bluesky"]["peace_ru"]
    assert told["did"] == en.resolve_handle(told["handle"]).did
    with pytest.raises(BadRequestError) as error:
        en.resolve_handle("nobody.test")

    assert words(error) == (400, "HandleNotFound", "Unable to resolve handle")


def test_more_than_25_posts_at_once(twin: Twin) -> None:
    uris = [f"at://did:plc:a/{POST}/{number}" for number in range(26)]
    answer = httpx.get(f"{twin.base_url}/xrpc/app.bsky.feed.getPosts", params={"uris": uris})

    assert (400, True) == (answer.status_code, "array too big (maximum 25, got 26)" in answer.json()["message"])


def test_a_method_that_is_not_there_and_one_asked_for_in_the_wrong_way(twin: Twin) -> None:
    answers = [
        httpx.get(f"{twin.base_url}/xrpc/{name}") for name in ("com.atproto.nope.nope", "com.atproto.repo.putRecord")
    ]

    assert [
        "No service configured for com.atproto.nope.nope",
        "Incorrect HTTP method (GET) expected POST",
    ] == [answer.json()["message"] for answer in answers]


@pytest.mark.parametrize("body", [b"{nope", b"[]", b'{"repo": "\\ud800"}', b"[" * 100_000])
def test_a_body_that_cannot_be_read(twin: Twin, en: Client, body: bytes) -> None:
    headers = {**auth(en), "Content-Type": "application/json"}
    answer = httpx.post(f"{twin.base_url}/xrpc/com.atproto.repo.putRecord", content=body, headers=headers)

    assert (400, []) == (answer.status_code, books(twin))


def test_what_was_posted_is_shown_and_escaped(twin: Twin, en: Client) -> None:
    en.send_image("<script>1</script> 평화", picture(), '"alt"')
    [row] = books(twin)
    page = httpx.get(row["url"])

    assert (200, False, True) == (page.status_code, "<script>" in page.text, "평화" in page.text)
    assert 200 == httpx.get(f"{twin.base_url}/profile/{twin.opened['bluesky']['peace_en']['handle']}").status_code
    assert 404 == httpx.get(row["url"][:-1]).status_code


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key[:1] != "$"), inner),
    max_leaves=30,
)


@given(_VALUES)
def test_records_are_encoded_as_another_library_does(value: Any) -> None:
    assert encode_dag_cbor(value) == encode(value)


def test_a_record_has_the_cid_that_the_real_server_gave_it() -> None:
    blob = "bafkreic7kcd7t6ru6e4a64lrhvauu36zhbdojcd5mu5gguadvhzyuamana"
    image = {"$type": "blob", "ref": {"$link": blob}, "mimeType": "image/png", "size": 125}
    embed = {"$type": "app.bsky.embed.images", "images": [{"alt": "a", "image": image}]}

    assert REAL_CID == cid_of(REAL)
    assert "bafyreigxqaavt4jfjk6fcy23omruuvnfe4jktdxd2m66rhhw7kttil7as4" == cid_of(REAL | {"embed": embed})
    assert 1 == decode_cid(blob)["version"]


@pytest.mark.parametrize("value", [1.5, {"a": float("nan")}, "\ud800", {"$link": "x"}, 2**64])
def test_what_is_not_in_the_data_model_has_no_name(value: Any) -> None:
    with pytest.raises(Unencodable):
        encode(value)


def auth(client: Client) -> dict[str, str]:
    assert client._session is not None
    return {"Authorization": f"Bearer {client._session.access_jwt}"}


def refresh_of(client: Client) -> dict[str, str]:
    assert client._session is not None
    return {"Authorization": f"Bearer {client._session.refresh_jwt}"}


def test_tokens_are_jwts_that_tell_their_lifetime(en: Client) -> None:
    assert en._session is not None
    payload = en._session.access_jwt_payload

    assert payload.exp is not None and payload.iat is not None and 7200 == payload.exp - payload.iat
    assert json.dumps(payload.sub)
