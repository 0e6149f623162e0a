"""The VK twin, driven by vk_api, which others wrote: what it does, and each refusal of the table."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from jconfig.memory import MemoryConfig
from requests.adapters import HTTPAdapter
from vk_api import ApiError, ApiHttpError, VkApi, VkUpload

from campaign.sandbox import Twin
from campaign.sandbox.vk.refusals import TABLE, Refusal, What

from .conftest import picture

CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(1000)


class Detour(HTTPAdapter):
    """Takes what is sent to VK to the twin."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        request.url = self._base_url + "/" + request.url.partition("://")[2].partition("/")[2]
        return super().send(request, *args, **kwargs)


class Fast(VkApi):
    RPS_DELAY = 0


@dataclass
class Client:
    """vk_api for one community of the twin."""

    api: Any
    raw: VkApi
    upload: VkUpload
    wall: int
    group: int = field(init=False)

    def __post_init__(self) -> None:
        self.group = -self.wall

    def post(self, message: str = "текст", **more: Any) -> int:
        ident: int = self.api.wall.post(owner_id=self.wall, from_group=1, message=message, **more)["post_id"]
        return ident

    def picture(self, content: bytes | None = None) -> str:
        file = io.BytesIO(content or picture())
        file.name = "a.png"
        [saved] = self.upload.photo_wall(file, group_id=self.group, caption="картинка")
        return f"photo{saved['owner_id']}_{saved['id']}"


Join = Callable[..., Client]


def _raise(error: ApiError) -> None:
    raise error


@pytest.fixture
def join(twin: Twin) -> Iterator[Join]:
    """Return a maker of clients; their sockets are closed at the end."""
    sessions: list[requests.Session] = []

    def client(name: str = "peace_ko", version: str = "5.199", bearer: str | None = None, **told: str) -> Client:
        opened = twin.opened["vk"].get(name) if not told else None
        opened = opened or twin.ask("POST", "/_accounts", {"platform": "vk", "name": name, **told})
        session = requests.Session()
        session.mount("https://", Detour(twin.base_url))
        raw = Fast(token=bearer or opened["token"], session=session, api_version=version, config=MemoryConfig)
        # Else it would wait, ask a person, or open a page, and ask again.
        raw.error_handlers.update(dict.fromkeys((6, 17), _raise))
        upload = VkUpload(raw)
        sessions.extend((session, upload.http))
        return Client(raw.get_api(), raw, upload, int(opened["id"]))

    yield client
    for session in sessions:
        session.close()


def refused(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Exception) as caught:
        act()
    assert hasattr(caught.value, "code"), caught.value
    told = getattr(caught.value, "error", None)
    return caught.value.code, told["error_msg"] if told else ""


def says(what: What, name: str = "") -> tuple[int, str]:
    refusal = Refusal(what, name)
    return refusal.code, refusal.words


def test_a_post_with_a_picture_and_a_clip_is_read_edited_and_deleted(twin: Twin, join: Join) -> None:
    ko = join()
    clip = io.BytesIO(CLIP)
    clip.name = "a.mp4"
    video = ko.upload.video(clip, name="ролик", description="что видно", group_id=ko.group)
    hung = f"{ko.picture()},video{video['owner_id']}_{video['video_id']}"
    ident = ko.post("Привет & 안녕", attachments=hung, guid="1")
    [told] = ko.api.wall.getById(posts=f"{ko.wall}_{ident}")["items"]

    assert ("Привет & 안녕", ["photo", "video"], ko.wall) == (
        told["text"],
        [item["type"] for item in told["attachments"]],
        told["from_id"],
    )
    assert ident == ko.api.wall.edit(owner_id=ko.wall, post_id=ident, message="другое")["post_id"]
    [row] = twin.books(platform="vk")
    assert (["Привет & 안녕", "другое"], [], "1") == (row["versions"], row["media"], row["idempotency_key"])
    assert 1 == ko.api.wall.delete(owner_id=ko.wall, post_id=ident)
    assert says("not_found") == refused(lambda: ko.api.wall.delete(owner_id=ko.wall, post_id=ident))
    assert [] == ko.api.wall.getById(posts=f"{ko.wall}_{ident}")["items"]


def test_older_versions_of_the_api_have_lists_where_newer_have_objects(join: Join) -> None:
    new, old = join(), join(version="5.92")
    ident = new.post()

    assert [new.group] == [group["id"] for group in old.api.groups.getById(group_ids="peace_ko")]
    assert [new.group] == [group["id"] for group in new.api.groups.getById(group_ids="peace_ko")["groups"]]
    assert [ident] == [post["id"] for post in old.api.wall.getById(posts=f"{new.wall}_{ident}")]


def test_a_wall_has_its_pinned_post_first_then_the_newest(join: Join) -> None:
    ko = join("pinning", pinned="закреп")
    idents = [ko.post(str(number)) for number in range(3)]
    page = ko.api.wall.get(owner_id=ko.wall, count=3, filter="owner")

    assert (4, ["закреп", "2", "1"]) == (page["count"], [post["text"] for post in page["items"]])
    assert (1, [idents[0]]) == (
        page["items"][0]["is_pinned"],
        [post["id"] for post in ko.api.wall.get(owner_id=ko.wall, count=3, offset=3)["items"]],
    )


def test_a_guid_makes_one_post_whatever_its_repeat_is_answered(twin: Twin, join: Join) -> None:
    ko, flood = join(), join("flooding", repeat="flood")

    assert ko.post(guid="a") == ko.post("otherwise", guid="a") != ko.post(guid="b")
    flood.post(guid="a")
    assert says("flood") == refused(lambda: flood.post(guid="a"))
    assert 3 == len(twin.books(platform="vk"))
    twin.fault("ignore_key")
    assert ko.post(guid="a") != ko.post(guid="a")


def test_comments_have_two_levels_and_their_writers(join: Join) -> None:
    ko, ru = join(), join("peace_ru")
    ident = ko.post()
    where = {"owner_id": ko.wall, "post_id": ident}
    first = ru.api.wall.createComment(**where, message="раз")["comment_id"]
    second = ko.api.wall.createComment(**where, message="два", reply_to_comment=first)["comment_id"]
    page = ru.api.wall.getComments(**where, extended=1)

    assert (1, [first], 1) == (page["count"], [one["id"] for one in page["items"]], page["items"][0]["thread"]["count"])
    assert "Редакция" == page["profiles"][0]["last_name"]
    assert [second] == [one["id"] for one in ru.api.wall.getComments(**where, comment_id=first)["items"]]
    assert ident + 1 == first  # posts and comments of a wall share their numbers


def test_statistics_are_for_administrators(join: Join) -> None:
    ko, ru = join(), join("peace_ru")
    ident = ko.post()
    [told] = ko.api.stats.getPostReach(owner_id=ko.wall, post_ids=str(ident))

    assert (ident, 0) == (told["post_id"], told["links"])
    assert says("access") == refused(lambda: ru.api.stats.getPostReach(owner_id=ko.wall, post_ids=str(ident)))
    many = ",".join(map(str, range(1, 40)))
    assert says("invalid", "post_ids") == refused(lambda: ko.api.stats.getPostReach(owner_id=ko.wall, post_ids=many))


def test_tokens_that_may_not(join: Join) -> None:
    ko, group, vkid, reader = join(), join("g", token="group"), join("v", token="vk2"), join("r", rights="4")

    assert says("token") == refused(join(bearer="nobody").post)
    assert says("group_token") == refused(group.post)
    assert says("group_token") == refused(lambda: group.api.photos.getWallUploadServer(group_id=group.group))
    assert says("group_token") == refused(lambda: group.api.wall.get(owner_id=group.wall))
    assert [] == group.api.users.get()
    assert says("access") == refused(reader.post)
    assert says("access") == refused(lambda: ko.api.wall.post(owner_id=group.wall, message="чужая стена"))
    assert vkid.api.users.get()
    assert says("vk_id") == refused(vkid.post)


def test_what_wall_post_may_want_or_say(join: Join) -> None:
    wants: list[What] = ["captcha", "validation", "confirmation", "adding", "rate", "permission", "unknown", "internal"]
    for what in wants:
        code, words = refused(join(f"wants_{what}", wants=what).post)

        assert TABLE[what][0] == code
        assert words in ("", TABLE[what][1])  # of a captcha the client keeps the picture only


def test_what_a_post_may_not_be(twin: Twin, join: Join) -> None:
    ko, plain = join(), join("plain", nolinks="1")
    photo = ko.picture()
    cases: list[tuple[tuple[int, str], Callable[[], Any]]] = [
        (says("missing", "message"), lambda: ko.post("")),
        (says("too_long"), lambda: ko.post("я" * 16_385)),
        (says("attachments"), lambda: ko.post(attachments=",".join([photo] * 11))),
        (says("one_link"), lambda: ko.post(attachments="https://a.example,https://b.example")),
        (says("invalid", "attachments"), lambda: ko.post(attachments="photo-1_1")),
        (says("links"), lambda: plain.post(attachments="https://a.example")),
        (says("missing", "owner_id"), lambda: ko.api.wall.post(message="а")),
        (says("group"), lambda: ko.api.photos.getWallUploadServer(group_id=1)),
        (says("hash"), lambda: ko.api.photos.saveWallPhoto(group_id=ko.group, server=1, photo="[{}]", hash="x")),
        (says("method"), ko.api.wall.fly),
        (says("access"), lambda: ko.api.wall.getComments(owner_id=ko.wall, post_id=99)),
        (says("invalid", "group_ids"), lambda: ko.api.groups.getById(group_ids="nobody")),
        (says("invalid", "name"), lambda: ko.api.video.save(name="я" * 129, group_id=ko.group)),
    ]
    for expected, act in cases:
        assert expected == refused(act)
    assert [] == twin.books(platform="vk")
    assert ko.post("я" * 16_384) and ko.post("", attachments=photo)


def test_fifty_posts_a_day(hands: Any, join: Join) -> None:
    ko = join()
    for number in range(50):
        ko.post(str(number))

    assert says("a_day") == refused(lambda: ko.post("51"))
    hands.set("2019-10-02T03:00:01+00:00")
    assert ko.post("51")


def test_what_an_upload_server_does_not_take(join: Join) -> None:
    ko = join()
    server = ko.api.photos.getWallUploadServer(group_id=ko.group)["upload_url"]

    def sent(content: bytes) -> dict[str, Any]:
        told: dict[str, Any] = requests.post(server, files={"photo": ("a.png", content)}, timeout=5).json()
        return told

    assert "[]" == sent(b"no picture")["photo"]
    assert "[]" == sent(picture(kind="BMP"))["photo"]
    assert "ERR_UPLOAD_BAD_IMAGE_SIZE" in sent(picture(2, 60))["error"]
    told = sent(picture())
    assert says("photos") == refused(lambda: ko.api.photos.saveWallPhoto(**{**told, "photo": "[]"}, group_id=ko.group))
    assert ko.api.photos.saveWallPhoto(**told, group_id=ko.group)


def test_too_many_requests_a_second_and_a_server_that_is_away(twin: Twin, join: Join) -> None:
    ko = join("quick", rps="3")
    for _ in range(3):
        ko.api.users.get()

    assert says("throttled") == refused(ko.api.users.get)
    twin.fault("503")
    with pytest.raises(ApiHttpError):
        join().api.users.get()


def test_an_error_repeats_the_fields_but_never_the_token(join: Join) -> None:
    ko = join()
    with pytest.raises(ApiError) as caught:
        ko.post("я" * 16_385)
    fields = {each["key"]: each["value"] for each in caught.value.error["request_params"]}

    assert ("wall.post", str(ko.wall)) == (fields["method"], fields["owner_id"])
    assert ko.raw.token["access_token"] not in json.dumps(caught.value.error)


def test_the_page_of_a_wall_escapes_what_was_posted(twin: Twin, join: Join) -> None:
    ko = join()
    ident = ko.post("<script>1</script>", attachments=ko.picture())
    page = requests.get(f"{twin.base_url}/wall{ko.wall}_{ident}", timeout=5)

    assert (200, True, False) == (page.status_code, "&lt;script&gt;" in page.text, "<script>" in page.text)
    assert 404 == requests.get(f"{twin.base_url}/wall{ko.wall}_99", timeout=5).status_code
