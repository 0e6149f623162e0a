"""The Threads twin. No client that can be pointed at it installs here: plain requests, as the documentation has them.

https://developers.facebook.com/documentation/threads
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from campaign.sandbox import Twin
from campaign.sandbox.graph import Said
from campaign.sandbox.threads.refusals import REFUSALS

from .conftest import Hands, picture
from .shelf import Shelf, shelf

CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(1000)
shelf = pytest.fixture(shelf)


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.known_by = status, error["code"], error.get("error_subcode"), error["type"]


@dataclass
class Client:
    """One profile, as curl in the documentation speaks for it: the token is a parameter."""

    twin: Twin
    shelf: Shelf
    told: dict[str, str]
    http: httpx.Client

    def ask(self, method: str, path: str, **params: Any) -> dict[str, Any]:
        url = f"{self.told['base_url']}/v1.0/{path}"
        answer = self.http.request(method, url, params={**params, "access_token": self.told["token"]})
        told: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            raise Refused(answer.status_code, told["error"])
        return told

    def made(self, text: str = "글", **params: Any) -> str:
        return str(self.ask("POST", "me/threads", **{"media_type": "TEXT", "text": text, **params})["id"])

    def image(self, name: str = "a.png", content: bytes | None = None, **params: Any) -> str:
        url = self.shelf.put(name, picture() if content is None else content)
        return self.made(media_type="IMAGE", image_url=url, **params)

    def video(self, content: bytes = CLIP, **params: Any) -> str:
        return self.made(media_type="VIDEO", video_url=self.shelf.put("a.mp4", content), **params)

    def out(self, ident: str) -> str:
        return str(self.ask("POST", f"{self.told['id']}/threads_publish", creation_id=ident)["id"])

    def books(self) -> list[dict[str, Any]]:
        return self.twin.books(platform="threads")


@pytest.fixture
def client(twin: Twin, shelf: Shelf) -> Iterator[Client]:
    with httpx.Client() as http:
        yield Client(twin, shelf, twin.opened["threads"]["peace_ko"], http)


def test_a_text_is_published_in_two_steps(client: Client) -> None:
    ident = client.made("안녕 <b>")
    assert ({"id": ident, "status": "FINISHED"}, []) == (
        client.ask("GET", ident, fields="id,status,error_message"), client.books(),
    )  # fmt: skip
    post = client.out(ident)
    fields = "id,media_product_type,media_type,text,timestamp,permalink,username,is_reply,shortcode"
    told = client.ask("GET", post, fields=fields)

    assert {"id": post, "media_product_type": "THREADS", "media_type": "TEXT_POST", "text": "안녕 <b>"} | {
        "timestamp": "2019-10-01T03:00:00+0000", "username": "peace_ko", "is_reply": False,
        "permalink": f"{client.twin.base_url}/threads/@peace_ko/post/{told['shortcode']}",
        "shortcode": told["shortcode"],
    } == told  # fmt: skip
    assert "PUBLISHED" == client.ask("GET", ident, fields="status")["status"]
    assert [post] == [row["id"] for row in client.books()]
    assert "&lt;b&gt;" in httpx.get(told["permalink"]).text


def test_media_are_fetched_and_a_carousel_is_one_post(client: Client) -> None:
    children = [client.image(f"{n}.png", is_carousel_item="true", alt_text=f"그림 {n}") for n in range(2)]
    post = client.out(client.made("앨범", media_type="CAROUSEL", children=",".join(children)))
    [row] = client.books()

    assert 2 == len(client.ask("GET", post, fields="children{id}")["children"]["data"])
    assert ["그림 0", "그림 1"] == [each["description"] for each in row["media"]]
    clip = client.video()
    assert "IN_PROGRESS" == client.ask("GET", clip, fields="status")["status"]
    broken = client.ask("GET", client.video(b"no clip at all"), fields="status,error_message")
    assert ("ERROR", "FAILED_PROCESSING_VIDEO") == (broken["status"], broken["error_message"])


def test_answers_stand_in_their_own_list_and_below_their_post(client: Client) -> None:
    first = client.out(client.made("하나"))
    second = client.out(client.made("둘", reply_to_id=first))
    third = client.out(client.made("셋", reply_to_id=second))

    def ids(path: str, **params: Any) -> list[str]:
        return [each["id"] for each in client.ask("GET", path, **params)["data"]]

    assert ([first], [third, second]) == (ids("me/threads"), ids("me/replies"))
    assert ([second], [second, third], [third, second]) == (
        ids(f"{first}/replies"), ids(f"{first}/conversation", reverse="false"), ids(f"{first}/conversation"),
    )  # fmt: skip
    told = client.ask("GET", third, fields="replied_to,is_reply")
    assert ({"id": second}, True) == (told["replied_to"], told["is_reply"])


def test_a_list_has_pages_and_a_time_from_which_on(client: Client, hands: Hands) -> None:
    posts = [client.out(client.made(str(number))) for number in range(3)]
    hands.set("2019-10-01T04:00:00+00:00")
    late = client.out(client.made("late"))
    page = client.ask("GET", "me/threads", limit=2)
    rest = client.ask("GET", "me/threads", limit=2, after=page["paging"]["cursors"]["after"])

    assert [late, *posts[::-1]] == [each["id"] for each in page["data"] + rest["data"]]
    assert "next" in page["paging"] and "next" not in rest["paging"]
    assert [late] == [each["id"] for each in client.ask("GET", "me/threads", since=1_569_901_800)["data"]]
    assert 4 == client.ask("GET", "me/threads_publishing_limit", fields="quota_usage")["data"][0]["quota_usage"]


def test_a_post_is_deleted_and_its_counters_are_told(client: Client, hands: Hands) -> None:
    post = client.out(client.made())
    hands.set("2019-10-02T03:00:00+00:00")
    told = client.ask("GET", f"{post}/insights", metric="likes,views")["data"]
    counts = client.twin.ask("GET", "/_books/counts", platform="threads", id=post)

    assert [("likes", counts["reactions"]), ("views", counts["views"])] == [
        (each["name"], each["values"][0]["value"]) for each in told
    ]
    assert {"success": True, "deleted_id": post} == client.ask("DELETE", post)
    assert ([True], []) == ([row["deleted"] for row in client.books()], client.ask("GET", "me/threads")["data"])


def test_an_emoji_counts_as_its_bytes_and_a_link_once(client: Client) -> None:
    assert client.made("😀" * 125) and client.made("가" * 500)
    assert client.made(" ".join(["https://example.org/"] * 6))  # the same five times over is one
    links = " ".join(f"https://example.org/{n}" for n in range(5))
    assert client.made(links, link_attachment="https://example.org/0")
    with pytest.raises(Refused, match="LINK_LIMIT_EXCEEDED"):
        client.made(links, link_attachment="https://example.org/6")


def _twice(client: Client) -> None:
    ident = client.made()
    client.out(ident)
    client.out(ident)


def _expired(client: Client) -> None:
    ident = client.made()
    client.twin.fault("ignore_key")
    client.out(ident)


def _full(client: Client) -> None:
    """250 posts in a day: kept in the books as they would be, for the real way takes seconds."""
    client.out(client.made())
    books = client.twin._house.sandbox.books  # type: ignore[union-attr]
    for number in range(249):
        books.do(
            "INSERT INTO graph_posts (platform, id, account, text, media, kind, code, created_at, growth, accepted)"
            " SELECT platform, ?, account, text, media, kind, code, created_at, growth, accepted FROM graph_posts"
            " WHERE platform = 'threads' LIMIT 1",
            str(number),
        )
    client.out(client.made())


REFUSED: dict[str, Callable[[Client], Any]] = {
    "media_type": lambda client: client.made(media_type="GIF"),
    "too_long": lambda client: client.made("😀" * 125 + "a"),
    "text": lambda client: client.made(""),
    "media_url": lambda client: client.made(media_type="VIDEO"),
    "links": lambda client: client.made(" ".join(f"https://example.org/{n}" for n in range(6))),
    "fetch": lambda client: client.made(media_type="IMAGE", image_url=client.shelf.put("a", b"") + "b"),
    "image": lambda client: client.image("a.gif", picture(kind="GIF")),
    "image_size": lambda client: client.image("b.png", picture() + bytes(9 * 1024 * 1024)),
    "ratio": lambda client: client.image("c.png", picture(220, 20)),
    "children": lambda client: client.made(media_type="CAROUSEL", children=client.image(is_carousel_item="true")),
    "reply": lambda client: client.made(reply_to_id="1"),
    "container": _twice,
    "not_ready": lambda client: client.out(client.video()),
    "expired": _expired,
    "failed": lambda client: client.out(client.video(b"no clip at all")),
    "quota": _full,
}


@pytest.mark.parametrize("name", list(REFUSALS))
def test_each_refusal_is_said_as_the_table_has_it(client: Client, name: str) -> None:
    said: Said = REFUSALS[name]
    with pytest.raises(Refused) as raised:
        REFUSED[name](client)

    assert (said.status, said.code, said.subcode, said.kind) == raised.value.known_by
    assert str(raised.value).startswith(said.message.partition("{")[0])
