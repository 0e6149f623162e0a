"""The Instagram twin, driven by Meta's own facebook-business: what it does, and each refusal of its table."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.iguser import IGUser
from facebook_business.exceptions import FacebookRequestError

from campaign.sandbox import Twin
from campaign.sandbox.instagram.refusals import REFUSALS

from .conftest import Hands, picture
from .shelf import Meta, Shelf, as_said, known_by, shelf

CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(1000)
shelf = pytest.fixture(shelf)


@dataclass
class Client:
    """facebook-business for one account of the twin."""

    twin: Twin
    meta: Meta
    shelf: Shelf
    told: dict[str, str]
    user: IGUser = field(init=False)

    def __post_init__(self) -> None:
        self.user = IGUser(self.told["id"], api=self.meta.api)

    def url(self, name: str = "a.jpg", content: bytes | None = None) -> str:
        return self.shelf.put(name, picture(kind="JPEG") if content is None else content)

    def made(self, **params: Any) -> str:
        """Make a container; of a picture, unless something else is said."""
        told = params if {"video_url", "children", "image_url"} & set(params) else {"image_url": self.url(), **params}
        return str(self.user.create_media(params=told)["id"])

    def state(self, ident: str) -> str:
        told = self.meta.api.call("GET", (ident,), params={"fields": "status_code,status"}).json()
        return str(told["status_code"])

    def out(self, ident: str) -> IGMedia:
        return IGMedia(self.user.create_media_publish(params={"creation_id": ident})["id"], api=self.meta.api)

    def books(self) -> list[dict[str, Any]]:
        return self.twin.books(platform="instagram")


@pytest.fixture
def client(twin: Twin, shelf: Shelf) -> Iterator[Client]:
    told = twin.opened["instagram"]["peace_ko"]
    meta = Meta.at(told["base_url"], told["token"])
    yield Client(twin, meta, shelf, told)
    meta.close()


def test_a_container_is_made_of_a_picture_that_is_fetched_and_published_once(client: Client) -> None:
    ident = client.made(caption="안녕 #평화 <b>", alt_text="그림")
    assert ("FINISHED", []) == (client.state(ident), client.books())
    post = client.out(ident)
    told = post.api_get(fields=["caption", "media_type", "timestamp", "permalink", "alt_text", "shortcode"])
    [row] = client.books()

    assert "PUBLISHED" == client.state(ident)
    assert ("안녕 #평화 <b>", "IMAGE", "2019-10-01T03:00:00+0000", "그림") == (
        told["caption"], told["media_type"], told["timestamp"], told["alt_text"],
    )  # fmt: skip
    assert (post["id"], "그림") == (row["id"], row["media"][0]["description"])
    assert "&lt;b&gt;" in httpx.get(told["permalink"]).text and told["shortcode"] in told["permalink"]


def test_a_reel_is_ready_in_a_while(client: Client) -> None:
    reel = {"media_type": "REELS", "video_url": client.url("a.mp4", CLIP), "cover_url": client.url()}
    ident = client.made(**reel)
    with pytest.raises(FacebookRequestError, match="2207027"):
        client.out(ident)
    assert "IN_PROGRESS" == client.state(ident)
    client.twin._house.sandbox.video_seconds = 0.0  # type: ignore[union-attr]
    post = client.out(client.made(**reel, caption="영상"))

    assert "REELS" == post.api_get(fields=["media_product_type"])["media_product_type"]
    assert client.books()[0]["media"][0]["cover"]


def test_a_carousel_is_one_post(client: Client) -> None:
    children = [client.made(is_carousel_item=True, image_url=client.url(f"{n}.jpg")) for n in range(3)]
    post = client.out(client.made(media_type="CAROUSEL", children=children, caption="앨범"))
    told = client.meta.api.call("GET", (post["id"],), params={"fields": "media_type,children{id}"}).json()

    assert ("CAROUSEL_ALBUM", 3, 3) == (
        told["media_type"], len(told["children"]["data"]), len(client.books()[0]["media"]),
    )  # fmt: skip


def test_lists_come_in_pages_newest_first_and_from_a_time_on(client: Client, hands: Hands) -> None:
    for number in range(3):
        client.out(client.made(caption=str(number)))
    hands.set("2019-10-01T04:00:00+00:00")
    client.out(client.made(caption="late"))

    def captions(**params: Any) -> list[str]:
        return [each["caption"] for each in client.user.get_media(fields=["caption"], params=params)]

    assert ["late", "2", "1", "0"] == captions(limit=3)
    assert ["late"] == captions(since=1_569_901_800)
    assert [4] == [each["quota_usage"] for each in client.user.get_content_publishing_limit(fields=["quota_usage"])]


def test_comments_and_counters(client: Client, hands: Hands) -> None:
    post = client.out(client.made(caption="글"))
    post.create_comment(params={"message": "좋아요"})
    hands.set("2019-10-02T03:00:00+00:00")
    [comment] = post.get_comments(fields=["text", "username"])
    comment.create_reply(params={"message": "고맙습니다"})
    counts = client.twin.ask("GET", "/_books/counts", platform="instagram", id=post["id"])
    told = post.api_get(fields=["like_count", "comments_count"])
    insights = {
        each["name"]: each["values"][0]["value"]
        for each in post.get_insights(params={"metric": ["reach", "saved", "views", "likes"]})
    }

    assert ("좋아요", "peace_ko", ["고맙습니다"]) == (
        comment["text"], comment["username"], [each["text"] for each in comment.get_replies(fields=["text"])],
    )  # fmt: skip
    assert (counts["reactions"], counts["replies"]) == (told["like_count"], told["comments_count"])
    assert {"reach": counts["reach"], "saved": counts["saves"], "views": counts["views"]} | {
        "likes": counts["reactions"]
    } == insights


def test_an_account_that_is_blocked_has_posted_though_it_is_told_no(client: Client) -> None:
    told = client.twin.ask("POST", "/_accounts", {"platform": "instagram", "name": "odd", "odd": "blocked"})
    meta = Meta.at(told["base_url"], told["token"])
    odd = Client(client.twin, meta, client.shelf, told)
    ident = odd.made(caption="글")
    with pytest.raises(FacebookRequestError, match="2207051"):
        odd.out(ident)
    state = odd.state(ident)
    meta.close()

    assert ("PUBLISHED", ["글"]) == (state, [row["text"] for row in client.books()])


def _full(client: Client) -> None:
    """A hundred posts in a day: kept in the books as they would be, for the real way takes a second."""
    client.out(client.made(caption="글"))
    books = client.twin._house.sandbox.books  # type: ignore[union-attr]
    for number in range(99):
        books.do(
            "INSERT INTO graph_posts (platform, id, account, text, media, kind, code, created_at, growth, accepted)"
            " SELECT platform, ?, account, text, media, kind, code, created_at, growth, accepted FROM graph_posts"
            " WHERE platform = 'instagram' LIMIT 1",
            str(number),
        )
    client.out(client.made(caption="글"))


def _twice(client: Client) -> None:
    ident = client.made()
    client.out(ident)
    client.out(ident)


def _expired(client: Client) -> None:
    ident = client.made()
    client.twin.fault("ignore_key")
    client.out(ident)


def _piece_expired(client: Client) -> None:
    children = [client.made(is_carousel_item=True) for _ in range(2)]
    client.twin.fault("ignore_key")
    client.made(media_type="CAROUSEL", children=children)


def _blocked(client: Client) -> None:
    told = client.twin.ask("POST", "/_accounts", {"platform": "instagram", "name": "odd", "odd": "blocked"})
    meta = Meta.at(told["base_url"], told["token"])
    try:
        odd = Client(client.twin, meta, client.shelf, told)
        odd.out(odd.made())
    finally:
        meta.close()


REFUSED: dict[str, Callable[[Client], Any]] = {
    "media_type": lambda client: client.made(media_type="VIDEO", video_url=client.url("a.mp4", CLIP)),
    "url": lambda client: client.user.create_media(params={"caption": "글"}),
    "fetch": lambda client: client.made(image_url=client.url() + "x"),
    "image_size": lambda client: client.made(image_url=client.url("b", picture(kind="JPEG") + bytes(9 * 1024 * 1024))),
    "image": lambda client: client.made(image_url=client.url("a.png", picture())),
    "ratio": lambda client: client.made(image_url=client.url("c", picture(100, 50, "JPEG"))),
    "caption": lambda client: client.made(caption="가" * 2201),
    "carousel": lambda client: client.made(media_type="CAROUSEL", children=[client.made(is_carousel_item=True)]),
    "container": _twice,
    "builder": _expired,
    "not_ready": lambda client: client.out(client.made(media_type="REELS", video_url=client.url("a.mp4", CLIP))),
    "expired": _piece_expired,
    "failed": lambda client: client.out(client.made(media_type="REELS", video_url=client.url("d", b"no clip at all"))),
    "quota": _full,
    "blocked": _blocked,
    "no_delete": lambda client: client.out(client.made()).api_delete(),
}


@pytest.mark.parametrize("name", list(REFUSALS))
def test_each_refusal_is_said_as_the_table_has_it(client: Client, name: str) -> None:
    with pytest.raises(FacebookRequestError) as raised:
        REFUSED[name](client)

    assert known_by(REFUSALS[name]) == as_said(raised.value)
    said = json.loads(json.dumps(raised.value.body()))["error"]
    assert said["message"].startswith(REFUSALS[name].message.partition("{")[0])
    assert bool(REFUSALS[name].user) == ("error_user_msg" in said)


@pytest.mark.parametrize("caption", ["#a " * 31, "@a " * 21])
def test_a_caption_has_so_many_hashtags_and_mentions(client: Client, caption: str) -> None:
    with pytest.raises(FacebookRequestError, match="2207010"):
        client.made(caption=caption)
    assert client.made(caption=caption.replace("#a", "", 1).replace("@a", "", 1))


def test_whose_token_it_is(client: Client) -> None:
    told = client.meta.api.call("GET", ("me",), params={"fields": "user_id,username,account_type"}).json()

    assert (client.told["id"], "peace_ko", "BUSINESS") == (told["user_id"], told["username"], told["account_type"])
