"""The Facebook twin, driven by Meta's own facebook-business: what it does, and each refusal of its tables."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.exceptions import FacebookRequestError

from campaign.sandbox import Twin
from campaign.sandbox.facebook.refusals import REFUSALS
from campaign.sandbox.graph import COMMON

from .conftest import Hands, picture
from .shelf import Meta, as_said, known_by

CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(1000)


@dataclass
class Client:
    """facebook-business for one Page of the twin."""

    twin: Twin
    meta: Meta
    folder: Path
    told: dict[str, str]
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = Page(self.told["id"], api=self.meta.api)

    def feed(self, **params: Any) -> PagePost:
        ident = self.page.create_feed(params=params)["id"]
        return PagePost(ident, api=self.meta.api)

    def upload(self, content: bytes, edge: str = "photos", name: str = "a.png", **params: Any) -> dict[str, Any]:
        """Upload a file; the client's own object for it does not say where the file goes."""
        file = self.folder / name
        file.write_bytes(content)
        with file.open("rb") as opened:
            told: dict[str, Any] = self.meta.api.call(
                "POST", (self.told["id"], edge), params=params, files={"source": opened}
            ).json()
        return told

    def books(self) -> list[dict[str, Any]]:
        return self.twin.books(platform="facebook")

    def post(self, *path: str, **params: Any) -> dict[str, Any]:
        told: dict[str, Any] = self.meta.api.call("POST", path, params=params).json()
        return told


@pytest.fixture
def client(twin: Twin, tmp_path: Path) -> Iterator[Client]:
    told = twin.opened["facebook"]["peace_ko"]
    meta = Meta.at(told["base_url"], told["token"])
    yield Client(twin, meta, tmp_path, told)
    meta.close()


def test_a_post_is_made_read_changed_and_deleted(client: Client) -> None:
    post = client.feed(message="안녕 <b> мир", link="https://example.org/")
    told = post.api_get(fields=["message", "is_published", "created_time", "permalink_url", "shares"])
    listed = list(client.page.get_published_posts(fields=["message", "is_published"]))

    assert ("안녕 <b> мир", True, "2019-10-01T03:00:00+0000") == (
        told["message"], told["is_published"], told["created_time"],
    )  # fmt: skip
    assert "shares" not in told  # nobody shared it
    assert [post["id"]] == [each["id"] for each in listed]
    post.api_update(params={"message": "새 글"})
    assert [["안녕 <b> мир", "새 글"]] == [row["versions"] for row in client.books()]
    post.api_delete()
    assert ([True], []) == ([row["deleted"] for row in client.books()], list(client.page.get_published_posts()))


def test_an_unpublished_post_is_nowhere_until_its_flag_is_turned_and_then_once(client: Client) -> None:
    post = client.feed(message="나중에", published=False)
    assert not post.api_get(fields=["is_published"])["is_published"]
    assert ([], []) == (client.books(), list(client.page.get_published_posts()))
    for _ in range(2):
        post.api_update(params={"is_published": True})

    assert post.api_get(fields=["is_published"])["is_published"]
    assert [post["id"]] == [row["id"] for row in client.books()]


def test_pictures_are_uploaded_first_and_shown_by_a_post(client: Client) -> None:
    ids = [
        client.upload(picture(colour=colour), published="false", alt_text_custom=alt)["id"]
        for colour, alt in (("#fff", "하양"), ("#f00", "빨강"))
    ]
    assert [] == client.books()
    post = client.feed(message="앨범", attached_media=[{"media_fbid": ident} for ident in ids])
    [told] = post.get_attachments()
    [row] = client.books()

    assert ids == [each["target"]["id"] for each in told["subattachments"]["data"]]
    assert ["하양", "빨강"] == [each["description"] for each in row["media"]]
    alone = client.upload(picture(), message="혼자")
    assert alone["post_id"] == client.books()[1]["id"]


def test_a_clip_is_uploaded_in_pieces_and_published_by_its_flag(client: Client) -> None:
    page = client.told["id"]
    begun = client.post(page, "videos", upload_phase="start", file_size=len(CLIP))
    session = begun["upload_session_id"]
    told = client.upload(CLIP, "videos", "a.mp4", upload_phase="transfer", upload_session_id=session, start_offset=0)
    assert (str(len(CLIP)), str(len(CLIP))) == (told["start_offset"], told["end_offset"])
    client.post(page, "videos", upload_phase="finish", upload_session_id=session, published=False, description="영상")
    assert [] == client.books()
    client.post(begun["video_id"], published=True)

    assert [(begun["video_id"], "영상")] == [(row["id"], row["text"]) for row in client.books()]


def test_lists_come_in_pages_which_the_client_follows(client: Client, hands: Hands) -> None:
    for number in range(7):
        client.feed(message=str(number))
    assert [str(n) for n in range(6, -1, -1)] == [
        each["message"] for each in client.page.get_published_posts(fields=["message"], params={"limit": 3})
    ]
    hands.set("2019-10-01T04:00:00+00:00")
    client.feed(message="late")
    since = {"since": 1_569_900_000 + 1800}  # 03:50
    assert ["late"] == [each["message"] for each in client.page.get_published_posts(fields=["message"], params=since)]


def test_comments_and_counters(client: Client, hands: Hands) -> None:
    post = client.feed(message="글")
    post.create_comment(params={"message": "좋아요"})
    hands.set("2019-10-02T03:00:00+00:00")
    [comment] = post.get_comments(fields=["message", "from"])
    counts = client.twin.ask("GET", "/_books/counts", platform="facebook", id=post["id"])
    fields = {"fields": "reactions.limit(0).summary(total_count),comments,shares"}  # the client warns of expansions
    told = client.meta.api.call("GET", (post["id"],), params=fields).json()
    metric = "post_media_view,post_total_media_view_unique"
    data = client.meta.api.call("GET", (post["id"], "insights"), params={"metric": metric}).json()["data"]
    insights = {each["name"]: each["values"][0]["value"] for each in data}

    assert ("좋아요", "유라시아 평화 여정") == (comment["message"], comment["from"]["name"])
    assert counts["reactions"] == told["reactions"]["summary"]["total_count"] > 0
    assert (counts["views"], counts["reach"]) == (
        insights["post_media_view"], insights["post_total_media_view_unique"],
    )  # fmt: skip


def test_a_person_is_told_the_pages_and_their_tokens(client: Client) -> None:
    meta = Meta.at(client.told["base_url"], client.told["person"])
    told = meta.api.call("GET", ("me", "accounts"), params={"fields": "id,name,access_token"}).json()
    meta.close()

    assert [(client.told["id"], client.told["token"])] == [(each["id"], each["access_token"]) for each in told["data"]]


def _started(client: Client, size: int = len(CLIP)) -> str:
    begun = client.post(client.told["id"], "videos", upload_phase="start", file_size=size)
    return str(begun["upload_session_id"])


def _broken_clip(client: Client) -> None:
    session, content = _started(client, 9), b"no clip!!"
    client.upload(content, "videos", "a.mp4", upload_phase="transfer", upload_session_id=session, start_offset=0)
    client.post(client.told["id"], "videos", upload_phase="finish", upload_session_id=session)


def _twice(client: Client) -> None:
    for _ in range(2):
        client.feed(message="같은 글")


def _of_a_stranger(client: Client) -> None:
    other = client.twin.opened["facebook"]["peace_ru"]
    meta = Meta.at(other["base_url"], other["token"])
    theirs = Page(other["id"], api=meta.api).create_feed(params={"message": "мир"})["id"]
    meta.close()
    PagePost(theirs, api=client.meta.api).api_delete()


def _by_a_person(client: Client) -> None:
    meta = Meta.at(client.told["base_url"], client.told["person"])
    try:
        Page(client.told["id"], api=meta.api).create_feed(params={"message": "글"})
    finally:
        meta.close()


REFUSED: dict[str, Callable[[Client], Any]] = {
    "empty": lambda client: client.feed(published=True),
    "too_long": lambda client: client.feed(message="가" * 63_207),
    "duplicate": _twice,
    "media": lambda client: client.feed(message="글", attached_media=[{"media_fbid": "1"}]),
    "permission": _by_a_person,
    "not_own": _of_a_stranger,
    "unpublish": lambda client: client.feed(message="글").api_update(params={"is_published": False}),
    "schedule": lambda client: client.feed(message="글", published=False, scheduled_publish_time=1_569_898_860),
    "no_photo": lambda client: client.page.create_photo(params={"published": False}),
    "image": lambda client: client.upload(b"no picture"),
    "session": lambda client: client.post(client.told["id"], "videos", upload_phase="finish", upload_session_id="1"),
    "clip": _broken_clip,
    "offset": lambda client: client.upload(
        CLIP, "videos", "a.mp4", upload_phase="transfer", upload_session_id=_started(client), start_offset=5
    ),
}


def _anew(client: Client, token: str | None) -> None:
    meta = Meta.at(client.told["base_url"], token)
    try:
        Page(client.told["id"], api=meta.api).api_get()
    finally:
        meta.close()


def _faulty(fault: str) -> Callable[[Client], Any]:
    def ask(client: Client) -> Any:
        client.twin.fault(fault, path="/facebook/*")
        return client.page.api_get(fields=["name"])

    return ask


OF_ALL: dict[str, Callable[[Client], Any]] = {
    "token": lambda client: _anew(client, "nonsense"),
    "no_token": lambda client: _anew(client, None),
    "expired": _faulty("expired_token"),
    "missing": lambda client: PagePost("1_2", api=client.meta.api).api_get(),
    "unknown_path": lambda client: client.meta.api.call("GET", (client.feed(message="글")["id"], "nothing")),
    "field": lambda client: client.meta.api.call("GET", (client.told["id"],), params={"fields": "nothing"}),
    "required": lambda client: client.meta.api.call("GET", (client.feed(message="글")["id"], "insights")),
    "metric": lambda client: client.meta.api.call(
        "GET", (client.feed(message="글")["id"], "insights"), params={"metric": "post_media_view,post_impressions"}
    ),
    "throttled": _faulty("429"),
    "internal": _faulty("500_before"),
    "temporary": _faulty("503"),
}


@pytest.mark.parametrize("name", [*REFUSALS, *COMMON])
def test_each_refusal_is_said_as_the_table_has_it(client: Client, name: str) -> None:
    table, asked = (REFUSALS, REFUSED) if name in REFUSALS else (COMMON, OF_ALL)
    with pytest.raises(FacebookRequestError) as raised:
        asked[name](client)

    assert known_by(table[name]) == as_said(raised.value)
    assert table[name].transient == raised.value.api_transient_error()
    assert raised.value.api_error_message().startswith(table[name].message.partition("{")[0])


def test_a_page_shows_a_post_escaped_and_none_that_is_gone(client: Client) -> None:
    post = client.feed(message="<script>alert(1)</script>\n평화")
    shown = httpx.get(post.api_get(fields=["permalink_url"])["permalink_url"])
    assert "&lt;script&gt;" in shown.text and "<script>" not in shown.text and "평화" in shown.text
    link = shown.url
    post.api_delete()
    assert 404 == httpx.get(link).status_code


def test_parameters_come_in_the_body_or_in_the_query_and_a_token_in_a_header(client: Client) -> None:
    url = f"{client.told['base_url']}/v25.0/{client.told['id']}/feed"
    bearer = {"Authorization": f"Bearer {client.told['token']}"}
    for form in ({"json": {"message": "a"}}, {"data": {"message": "b"}}, {"params": {"message": "c"}}):
        assert 200 == httpx.post(url, headers=bearer, **form).status_code  # type: ignore[arg-type]

    assert ["a", "b", "c"] == [row["text"] for row in client.books()]
    assert json.loads(httpx.get(url, headers=bearer).text)["paging"]["cursors"]
