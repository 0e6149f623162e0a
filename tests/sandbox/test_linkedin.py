"""LinkedIn's twin, seen through LinkedIn's own Rest.li client: posts, finders, and each refusal of the table."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from linkedin_api.clients.restli.client import RestliClient
from requests.adapters import HTTPAdapter

from campaign.sandbox import Twin
from campaign.sandbox.linkedin.refusals import REFUSALS
from campaign.sandbox.serve import ask

from .conftest import Hands, picture

VERSION = "202609"
NOBODY = "urn:li:share:7000000000000000000"


class Here(HTTPAdapter):
    """Brings to the twin what is meant for LinkedIn; the client's own address cannot be changed."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        request.url = str(request.url).replace("https://api.linkedin.com", f"{self._base_url}/linkedin")
        return super().send(request, **{**options, "timeout": 10})


@dataclass
class Author:
    """One author, speaking through the client. `last` is the raw answer of what was asked last."""

    twin: Twin
    told: dict[str, str]
    client: RestliClient = field(default_factory=RestliClient)
    version: str = VERSION
    urn: str = ""
    last: Any = None

    def __post_init__(self) -> None:
        self.client.session.mount("https://", Here(self.twin.base_url))
        if not self.urn:
            number = self.told["organization"] or self.ask("get", resource_path="/userinfo", plain=True).entity["sub"]
            self.urn = number if number.startswith("urn:") else f"urn:li:person:{number}"

    def ask(self, verb: str, *, plain: bool = False, **told: Any) -> Any:
        version = {} if plain else {"version_string": self.version}
        answer = getattr(self.client, verb)(access_token=self.told["token"], **version, **told)
        self.last = answer.response
        return answer

    def post(self, text: str = "글", **more: Any) -> str:
        entity = {
            "author": self.urn,
            "commentary": text,
            "visibility": "PUBLIC",
            "distribution": {"feedDistribution": "MAIN_FEED"},
            "lifecycleState": "PUBLISHED",
            **more,
        }
        made = self.ask("create", resource_path="/posts", entity={k: v for k, v in entity.items() if v is not None})
        return str(made.entity_id or "")

    def begin(self, kind: str = "images", **about: Any) -> dict[str, Any]:
        told = {"initializeUploadRequest": {"owner": self.urn, **about}}
        made = self.ask("action", resource_path=f"/{kind}", action_name="initializeUpload", action_params=told)
        return dict(made.value or {})

    def put(self, url: str, content: bytes) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.told['token']}"}
        return requests.put(url, content, headers=headers, timeout=10)

    def image(self, content: bytes | None = None) -> str:
        told = self.begin()
        assert 201 == self.put(told["uploadUrl"], content or picture()).status_code
        return str(told["image"])


@dataclass
class Line:
    """Authors of one twin."""

    twin: Twin
    authors: list[Author] = field(default_factory=list)

    def author(self, name: str = "peace_ko", *, version: str = VERSION, token: str = "", **told: str) -> Author:
        opened = self.twin.opened["linkedin"].get(name) or ask(
            self.twin.base_url, "POST", "/_accounts", {"platform": "linkedin", "name": name, **told}
        )
        author = Author(self.twin, {**opened, **({"token": token} if token else {})}, version=version)
        self.authors.append(author)
        return author


@pytest.fixture
def line(twin: Twin) -> Iterator[Line]:
    opened = Line(twin)
    yield opened
    for author in opened.authors:
        author.client.session.close()


@pytest.fixture
def ko(line: Line) -> Author:
    return line.author()


def test_a_post_is_made_found_changed_and_deleted_as_the_client_expects(ko: Author) -> None:
    images = [{"id": ko.image(), "altText": "하나"}, {"id": ko.image(picture(colour="red"))}]
    made = ko.post("글 \\(하나\\) {hashtag|\\#|평화}", content={"multiImage": {"images": images}})
    found = ko.ask("finder", resource_path="/posts", finder_name="author", query_params={"author": ko.urn})
    many = ko.ask("batch_get", resource_path="/posts", ids=[made, NOBODY])
    changed = {"commentary": "neu"}
    ko.ask("partial_update", resource_path="/posts/{id}", path_keys={"id": made}, patch_set_object=changed)
    one = ko.ask("get", resource_path="/posts/{id}", path_keys={"id": made}).entity

    assert [made] == [each["id"] for each in found.elements] == list(many.results)
    assert images == found.elements[0]["content"]["multiImage"]["images"]
    assert ("neu", True) == (one["commentary"], one["lifecycleStateInfo"]["isEditedByAuthor"])

    for _ in range(2):
        assert 204 == ko.ask("delete", resource_path="/posts/{id}", path_keys={"id": made}).status_code
    [row] = ko.twin.books(platform="linkedin")
    assert (["글 (하나) #평화", "neu"], True, "하나") == (
        row["versions"],
        row["deleted"],
        row["media"][0]["description"],
    )


def test_a_sign_that_is_not_escaped_cuts_the_text_without_a_word(ko: Author) -> None:
    for text in ("Nos métiers (et les vôtres)", "#평화 @[Alice](urn:li:person:abc) gut", "a \\_ b _ c"):
        assert ko.post(text)

    assert ["Nos métiers", "#평화 Alice gut", "a _ b"] == [row["text"] for row in ko.twin.books(platform="linkedin")]


def test_a_list_is_paged_newest_first(ko: Author) -> None:
    made = [ko.post(str(number)) for number in range(3)]
    params = {"author": ko.urn, "count": 2, "start": 1}
    found = ko.ask("finder", resource_path="/posts", finder_name="author", query_params=params)

    assert made[1::-1] == [each["id"] for each in found.elements]


def test_the_duplicate_of_what_was_deleted_names_a_ghost(ko: Author) -> None:
    made = ko.post("weg")
    ko.ask("delete", resource_path="/posts/{id}", path_keys={"id": made})
    ko.post("weg")
    ghost = ko.last.json()["message"].rpartition(" ")[2]

    assert (422, True) == (ko.last.status_code, ghost.startswith("urn:li:share:") and ghost != made)
    assert 404 == ko.ask("get", resource_path="/posts/{id}", path_keys={"id": ghost}).status_code


def test_statistics_and_analytics_are_told_of_what_was_seen(line: Line, ko: Author, hands: Hands) -> None:
    member = line.author("peace_member")
    page, mine = ko.post(), member.post()
    statistics = {"organizationalEntity": ko.urn, "shares": [page, NOBODY]}
    path = "/organizationalEntityShareStatistics"

    assert [] == ko.ask(
        "finder", resource_path=path, finder_name="organizationalEntity", query_params=statistics
    ).elements  # fmt: skip

    hands.set("2019-10-20T03:00:00+00:00")
    [told] = ko.ask("finder", resource_path=path, finder_name="organizationalEntity", query_params=statistics).elements
    asked = {"entity": {"share": mine}, "queryType": "IMPRESSION", "aggregation": "TOTAL"}
    [own] = member.ask(
        "finder", resource_path="/memberCreatorPostAnalytics", finder_name="entity", query_params=asked
    ).elements

    assert (page, told["totalShareStatistics"]["impressionCount"]) == (
        told["share"],
        line.twin.ask("GET", "/_books/counts", platform="linkedin", id=page)["impressions"],
    )
    assert line.twin.ask("GET", "/_books/counts", platform="linkedin", id=mine)["impressions"] == own["count"]


def test_the_page_of_a_post_escapes_what_it_says(ko: Author) -> None:
    made = ko.post("\\<script\\>", content={"media": {"id": ko.image()}})
    shown = requests.get(f"{ko.twin.base_url}/linkedin/feed/update/{made}/", timeout=10)

    assert ("&lt;script&gt;" in shown.text, "<script>" in shown.text) == (True, False)
    assert 404 == requests.get(f"{ko.twin.base_url}/linkedin/feed/update/{NOBODY}/", timeout=10).status_code


def test_a_piece_is_taken_from_its_owner_only(line: Line, ko: Author) -> None:
    told = ko.begin()

    assert 403 == line.author("peace_ru").put(told["uploadUrl"], picture()).status_code
    assert 401 == requests.put(told["uploadUrl"], picture(), timeout=10).status_code


def _faulty(name: str) -> Callable[[Line, Author], Any]:
    def act(line: Line, ko: Author) -> Any:
        line.twin.fault(name, path="/linkedin/rest/posts")
        ko.post()

    return act


def _stranger(**told: Any) -> Callable[[Line, Author], Any]:
    def act(line: Line, ko: Author) -> Any:
        other = Author(line.twin, {**ko.told, "token": told.get("token", ko.told["token"])}, urn=ko.urn)
        other.version = told.get("version", VERSION)
        line.authors.append(other)
        other.post()
        ko.last = other.last

    return act


def _unversioned(line: Line, ko: Author) -> Any:
    # Without a version the client asks the API that came before.
    headers = {"Authorization": f"Bearer {ko.told['token']}"}
    ko.last = ko.client.session.get(f"https://api.linkedin.com/rest/posts/{NOBODY}", headers=headers)


def _pieces(line: Line, ko: Author) -> Any:
    told = ko.begin("videos", fileSizeBytes=80_000, uploadCaptions=False, uploadThumbnail=False)
    ko.put(told["uploadInstructions"][0]["uploadUrl"], bytes(80_000))
    whole = {"finalizeUploadRequest": {"video": told["video"], "uploadToken": "", "uploadedPartIds": ["other"]}}
    ko.ask("action", resource_path="/videos", action_name="finalizeUpload", action_params=whole)


def _unreadable(line: Line, ko: Author) -> Any:
    ko.ask("create", resource_path="/posts", entity=["text"])


def _images(count: int, **more: Any) -> Callable[[Line, Author], Any]:
    def act(line: Line, ko: Author) -> Any:
        images = [{"id": ko.image(), **more}] * count
        ko.post(content={"multiImage": {"images": images}} if count != 1 else {"media": images[0]})

    return act


PROVOKED: Mapping[str, Callable[[Line, Author], Any]] = {
    "invalid_token": _stranger(token="nobody"),
    "expired": _faulty("expired_token"),
    "denied": lambda line, ko: ko.post(author="urn:li:person:other"),
    "version_missing": _unversioned,
    "version_ended": _stranger(version="202401"),
    "duplicate": lambda line, ko: (ko.post("a"), ko.post("a")),
    "required": lambda line, ko: ko.post(lifecycleState=None),
    "too_long": lambda line, ko: (ko.post("\\(" * 3000), ko.post("가" * 3001)),
    "empty": lambda line, ko: ko.post(" "),
    "media": lambda line, ko: ko.post(content={"media": {"id": line.author("peace_ru").image()}}),
    "multi_image": _images(21),
    "alt_too_long": _images(1, altText="가" * 4087),
    "video_size": lambda line, ko: ko.begin("videos", fileSizeBytes=10),
    "parts": _pieces,
    "parameter": lambda line, ko: ko.ask(
        "finder", resource_path="/posts", finder_name="author", query_params={"author": ko.urn, "count": 1000}
    ),
    "unreadable": _unreadable,
    "not_found": lambda line, ko: ko.ask("get", resource_path="/posts/{id}", path_keys={"id": NOBODY}),
    "throttled": _faulty("429"),
    "internal": _faulty("500_before"),
    "temporary": _faulty("503"),
}


@pytest.mark.parametrize("what", sorted(REFUSALS))
def test_each_refusal_of_the_table_is_met(line: Line, ko: Author, what: str) -> None:
    said = REFUSALS[what]
    PROVOKED[what](line, ko)
    told = ko.last.json()

    assert (said.status, said.message.partition("{")[0]) == (
        ko.last.status_code,
        told["message"][: len(said.message.partition("{")[0])],
    )
    assert said.code in json.dumps(told)
    assert said.number == told.get("serviceErrorCode")
