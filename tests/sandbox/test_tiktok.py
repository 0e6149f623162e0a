"""TikTok's twin, asked by requests written by hand from TikTok's own pages.

No client that others wrote can be pointed at it: those there are have TikTok's addresses built in. The requests follow
https://developers.tiktok.com/doc/content-posting-api-reference-direct-post and the examples of
https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from httplib2 import Http

from campaign.sandbox import Twin
from campaign.sandbox.tiktok.refusals import REFUSALS

from .conftest import Hands

MB = 1_000_000
PUBLISH = "/v2/post/publish"


@pytest.fixture
def twin(tmp_path: Path, hands: Hands) -> Iterator[Twin]:
    with Twin(tmp_path / "sandbox", clock_file=hands.file, platforms=["tiktok"]) as running:
        yield running


@pytest.fixture
def http() -> Iterator[Http]:
    found = Http(timeout=5)
    yield found
    found.close()


@dataclass
class User:
    """Somebody who asks; `said` is status and body of the last answer."""

    http: Http
    base_url: str
    token: str
    said: tuple[int, Any] = (0, None)

    def post(self, path: str, body: Any = None) -> dict[str, Any]:
        """Return the data of an answer, or {} where it is a refusal."""
        return self.ask("POST", path, json.dumps(body or {}).encode())

    def ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json; charset=UTF-8"}
        response, content = self.http.request(self.base_url + path, method, body, headers)
        told = json.loads(content)
        self.said = response.status, told["error"]
        data: dict[str, Any] = told["data"]
        return data

    def put(self, url: str, content: bytes, told: str, kind: str = "video/mp4") -> int:
        headers = {"Content-Type": kind, "Content-Range": told}
        response, text = self.http.request(url, "PUT", content, headers)
        self.said = response.status, text.decode()
        return int(response.status)

    def init(self, size: int = 300, chunk: int | None = None, count: int = 1, **info: Any) -> dict[str, Any]:
        post_info = {"title": "평화 #мир", "privacy_level": "PUBLIC_TO_EVERYONE", **info}
        source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk or size, "total_chunk_count": count}
        return self.post(f"{PUBLISH}/video/init/", {"post_info": post_info, "source_info": source})

    def status(self, publish_id: str) -> dict[str, Any]:
        return self.post(f"{PUBLISH}/status/fetch/", {"publish_id": publish_id})

    def published(self, **info: Any) -> dict[str, Any]:
        opened = self.init(**info)
        assert 201 == self.put(opened["upload_url"], bytes(300), "bytes 0-299/300")
        return opened


Open = Callable[..., User]


@pytest.fixture
def user(twin: Twin, http: Http) -> Open:
    """Return a maker of users with these traits."""

    def make(name: str = "peace_ko", **traits: str) -> User:
        told = twin.ask("POST", "/_accounts", {"platform": "tiktok", "name": name, **traits})
        return User(http, told["base_url"], told["token"])

    return make


def test_the_last_piece_publishes_and_its_id_comes_after_moderation(twin: Twin, user: Open) -> None:
    ko, size = user(), 10_000_123  # the example of the guide, a fifth of it: the last piece holds the rest
    opened = ko.init(size, 5 * MB, 2)
    first = ko.put(opened["upload_url"], bytes(5 * MB), f"bytes 0-4999999/{size}")
    half = ko.status(opened["publish_id"])

    assert (206, "PROCESSING_UPLOAD", 5 * MB, []) == (
        first, half["status"], half["uploaded_bytes"], twin.books(platform="tiktok"),
    )  # fmt: skip
    assert 201 == ko.put(opened["upload_url"], bytes(size - 5 * MB), f"bytes 5000000-{size - 1}/{size}")

    told = [ko.status(opened["publish_id"]) for _ in range(3)]
    [row] = twin.books(platform="tiktok")

    assert ["PROCESSING_UPLOAD", "PUBLISH_COMPLETE", "PUBLISH_COMPLETE"] == [each["status"] for each in told]
    assert ("평화 #мир", [None, None, [int(row["id"])]]) == (
        row["text"],
        [each.get("publicaly_available_post_id") for each in told],
    )


def test_a_private_post_never_has_a_public_id(twin: Twin, user: Open) -> None:
    ko = user(audited="no")
    opened = ko.published(privacy_level="SELF_ONLY")

    assert all("publicaly_available_post_id" not in ko.status(opened["publish_id"]) for _ in range(4))
    assert [] == ko.post("/v2/video/list/?fields=id")["videos"]
    assert ["SELF_ONLY"] == [row["visibility"] for row in twin.books(platform="tiktok")]


def test_the_creator_and_the_user_are_told(user: Open) -> None:
    ko = user(seconds="60", levels="SELF_ONLY")
    creator = ko.post(f"{PUBLISH}/creator_info/query/")

    assert (60, ["SELF_ONLY"], "peace_ko") == (
        creator["max_video_post_duration_sec"],
        creator["privacy_level_options"],
        creator["creator_username"],
    )
    assert ko.ask("GET", "/v2/user/info/?fields=open_id,display_name")["user"]["open_id"]


def test_posts_are_listed_in_pages_and_counted(twin: Twin, user: Open, hands: Hands) -> None:
    ko, made = user(), []
    for minute in range(3):
        hands.set(f"2019-10-01T03:0{minute}:00+00:00")
        ko.published(title=f"글 {minute} " + "가" * 200)
        made.append(twin.books(platform="tiktok")[-1]["id"])
    hands.set("2019-12-01T03:00:00+00:00")
    fields = "?fields=id,title,create_time,view_count,like_count,comment_count,share_count,share_url"
    first = ko.post(f"/v2/video/list/{fields}", {"max_count": 2})
    second = ko.post(f"/v2/video/list/{fields}", {"max_count": 2, "cursor": first["cursor"]})
    listed = first["videos"] + second["videos"]
    asked = ko.post(f"/v2/video/query/{fields}", {"filters": {"video_ids": [made[0], "7000000000000000000"]}})

    assert (made[::-1], True, False) == ([each["id"] for each in listed], first["has_more"], second["has_more"])
    assert ([150] * 3, listed[2:]) == ([len(each["title"]) for each in listed], asked["videos"])
    assert asked["videos"][0]["view_count"] > asked["videos"][0]["like_count"] > 0


def test_each_refusal_is_said_with_its_status_and_code(twin: Twin, user: Open) -> None:
    ko, mine = user(), user("mine").published()["publish_id"]
    pulled = {"source_info": {"source": "PULL_FROM_URL", "video_url": "https://peace.example/1.mp4"}}
    said: dict[str, tuple[User, Callable[[User], Any]]] = {
        "token": (User(ko.http, ko.base_url, "act.false"), lambda who: who.init()),
        "scope": (user("narrow", lacks="video"), lambda who: who.post("/v2/video/list/?fields=id")),
        "params": (ko, lambda who: who.post(f"{PUBLISH}/video/init/", pulled)),
        "title": (ko, lambda who: who.init(title="😀" * 1101)),
        "chunks": (ko, lambda who: who.init(20 * MB, 4 * MB, 5)),
        "count": (ko, lambda who: who.init(20 * MB, 6 * MB, 4)),  # rounded down it is 3
        "too many": (user("busy", posts="0"), lambda who: who.init()),
        "banned": (user("bad", banned="yes"), lambda who: who.init()),
        "unaudited": (user("new", audited="no"), lambda who: who.init()),
        "level": (user("shy", levels="SELF_ONLY"), lambda who: who.init()),
        "publish id": (ko, lambda who: who.status("v_pub_file~v2-1.0")),
        "other": (ko, lambda who: who.status(mine)),
    }
    for what, (who, act) in said.items():
        assert {} == act(who), what
        row, (status, error) = REFUSALS[what], who.said
        assert tuple(row) == (status, error["code"], error["message"]), what

    faults = {"429": "too fast", "500_before": "internal", "503": "temporary", "expired_token": "token"}
    assert faults == {name: _fault(twin, ko, name) for name in faults}
    uploads = {"session", "dead", "range", "piece"}  # the next test
    assert set(REFUSALS) == {*said, *faults.values(), *uploads}


def _fault(twin: Twin, ko: User, name: str) -> str:
    twin.fault(name)
    ko.init()
    twin.clear()
    return next(what for what, row in REFUSALS.items() if (row.status, row.code) == (ko.said[0], ko.said[1]["code"]))


def test_an_upload_address_takes_what_follows_and_nothing_else(twin: Twin, user: Open) -> None:
    ko = user()
    url = ko.init(10 * MB, 5 * MB, 2)["upload_url"]
    piece, last = bytes(5 * MB), f"bytes 5000000-9999999/{10 * MB}"

    assert 404 == ko.put(url + "x", piece, last)
    assert 416 == ko.put(url, piece, last)  # the first is missing
    assert 400 == ko.put(url, piece[:-1], f"bytes 0-4999998/{10 * MB}")  # shorter than it was told
    assert 400 == ko.put(url, piece, f"bytes 0-4999998/{10 * MB}")
    assert 400 == ko.put(url, piece, "bytes 0-4999999/7")
    assert 400 == ko.put(url, piece, f"bytes 0-4999999/{10 * MB}", "text/plain")
    assert 206 == ko.put(url, piece, f"bytes 0-4999999/{10 * MB}")
    assert 416 == ko.put(url, piece, f"bytes 0-4999999/{10 * MB}")  # again
    assert 201 == ko.put(url, piece, last)
    assert 416 == ko.put(url, piece, last)  # again: it is the same post, and was one
    twin.fault("ignore_key", path="/tiktok/upload")
    assert 403 == ko.put(url, piece, last)
    assert 1 == len(twin.books(platform="tiktok"))


def test_a_public_post_has_a_page(twin: Twin, user: Open, http: Http) -> None:
    user().published(title="Мир & 'peace'")
    url = twin.books(platform="tiktok")[0]["url"]
    (found, page), (missing, _) = http.request(url), http.request(url.replace("peace_ko", "peace_ru"))

    assert ("200", "404") == (found["status"], missing["status"])
    assert "Мир &amp; &#39;peace&#39;" in page.decode()
