"""X's twin, seen through tweepy: posts are made and read as that expects, and each refusal of the table is met."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import tweepy
from requests.adapters import HTTPAdapter

from campaign.sandbox import Twin
from campaign.sandbox.serve import ask
from campaign.sandbox.x.refusals import REFUSALS

from .conftest import Hands, picture

NOBODY = "1900000000000000000"


class Here(HTTPAdapter):
    """Brings to the twin what is meant for X; tweepy's own address cannot be changed."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        request.url = str(request.url).replace("https://api.twitter.com", self._base_url)
        return super().send(request, **{**options, "timeout": 10})


@dataclass
class Line:
    """Clients of one twin."""

    twin: Twin
    clients: list[tweepy.Client] = field(default_factory=list)

    def client(self, name: str = "peace_ko", token: str | None = None, **told: str) -> tweepy.Client:
        opened = self.twin.opened["x"].get(name) or ask(
            self.twin.base_url, "POST", "/_accounts", {"platform": "x", "name": name, **told}
        )
        client = tweepy.Client(bearer_token=token or opened["token"])
        client.session.mount("https://", Here(self.twin.base_url))
        self.clients.append(client)
        return client

    def post(self, client: tweepy.Client, text: str = "글", **more: Any) -> str:
        return str(client.create_tweet(text=text, user_auth=False, **more).data["id"])

    def begin(self, client: tweepy.Client, size: int, mime: str = "image/png", category: str = "tweet_image") -> str:
        wanted = {"media_type": mime, "media_category": category, "total_bytes": size}
        return str(client.request("POST", "/2/media/upload/initialize", json=wanted).json()["data"]["id"])

    def append(self, client: tweepy.Client, ident: str, content: bytes, index: int = 0) -> requests.Response:
        return client.session.post(
            f"https://api.twitter.com/2/media/upload/{ident}/append",
            data={"segment_index": str(index)},
            files={"media": ("chunk", content)},
            headers={"Authorization": f"Bearer {client.bearer_token}"},
        )

    def upload(self, client: tweepy.Client, content: bytes, mime: str = "image/png", kind: str = "tweet_image") -> str:
        ident = self.begin(client, len(content), mime, kind)
        assert 200 == self.append(client, ident, content).status_code
        client.request("POST", f"/2/media/upload/{ident}/finalize")
        return ident

    def books(self) -> list[dict[str, Any]]:
        return self.twin.books(platform="x")


@pytest.fixture
def line(twin: Twin) -> Iterator[Line]:
    opened = Line(twin)
    yield opened
    for client in opened.clients:
        client.session.close()


@pytest.fixture
def ko(line: Line) -> tweepy.Client:
    return line.client()


def test_a_post_is_made_and_read_as_the_client_expects(line: Line, ko: tweepy.Client) -> None:
    medium = line.upload(ko, picture())
    about = {"id": medium, "metadata": {"alt_text": {"text": "그림"}}}
    ko.request("POST", "/2/media/metadata", json=about)
    root = line.post(ko, "안녕 & https://example.org/a?b=1&c=2", media_ids=[medium])
    child = line.post(ko, "child", in_reply_to_tweet_id=root)
    told = ko.get_tweets(
        [root, child, NOBODY],
        tweet_fields=["created_at", "entities", "public_metrics", "referenced_tweets", "conversation_id"],
        expansions=["attachments.media_keys", "author_id"],
    )
    first, second = told.data

    assert ["https://example.org/a?b=1&c=2"] == [
        url["expanded_url"] for url in first.entities["urls"] if "media_key" not in url
    ]
    assert first.text.startswith("안녕 &amp; https://t.co/")
    assert (root, "replied_to", int(root)) == (
        str(second.conversation_id),
        second.referenced_tweets[0].type,
        second.referenced_tweets[0].id,
    )
    assert {"like_count", "reply_count", "retweet_count", "quote_count", "bookmark_count", "impression_count"} == set(
        first.public_metrics
    )
    assert ("photo", "peace_ko") == (told.includes["media"][0].type, told.includes["users"][0].username)
    assert [NOBODY] == [error["resource_id"] for error in told.errors]
    assert ["그림", None] == [row["media"][0]["description"] if row["media"] else None for row in line.books()]


def test_lists_are_paged_and_only_what_was_asked_for_is_told(line: Line, ko: tweepy.Client) -> None:
    ids = [line.post(ko, str(number)) for number in range(12)]
    who = ko.get_me(user_auth=False).data
    pages = list(tweepy.Paginator(ko.get_users_tweets, who.id, max_results=5, since_id=ids[0]))
    [post] = [page.data[-1] for page in pages][-1:]

    assert ids[:0:-1] == [str(each.id) for page in pages for each in page.data]
    assert (3, None) == (len(pages), post.created_at)
    assert {"id", "text", "edit_history_tweet_ids"} == set(post.data)


def test_recent_search_finds_a_conversation_for_seven_days(line: Line, ko: tweepy.Client, hands: Hands) -> None:
    root = line.post(ko)
    answer = line.post(line.client("peace_ru"), "ответ", in_reply_to_tweet_id=root)
    query = f"conversation_id:{root}"

    assert [answer] == [str(each.id) for each in ko.search_recent_tweets(query).data]

    hands.set("2019-10-09T03:00:00+00:00")

    assert ko.search_recent_tweets(query).data is None


def test_metrics_of_others_and_of_old_posts_are_not_told(line: Line, ko: tweepy.Client, hands: Hands) -> None:
    mine, other = line.post(ko), line.post(line.client("peace_ru"), "чужой")
    told = ko.get_tweets([mine, other], tweet_fields=["non_public_metrics"])

    assert ([mine], {other}) == (
        [str(each.id) for each in told.data],
        {error["resource_id"] for error in told.errors if error["title"] == "Field Authorization Error"},
    )

    hands.set("2019-11-05T03:00:00+00:00")

    assert ko.get_tweets([mine], tweet_fields=["non_public_metrics"]).data is None


def test_what_is_deleted_is_gone_but_not_forgotten(line: Line, ko: tweepy.Client) -> None:
    made = line.post(ko, "weg")
    ko.delete_tweet(made, user_auth=False)

    assert ko.delete_tweet(made, user_auth=False).data["deleted"]
    assert ko.get_tweet(made).data is None
    with pytest.raises(tweepy.Forbidden):
        line.post(ko, "weg")
    assert [True] == [row["deleted"] for row in line.books()]


def test_the_page_of_a_post_escapes_what_it_says(line: Line, ko: tweepy.Client) -> None:
    made = line.post(ko, "<script>", media_ids=[line.upload(ko, picture())])
    shown = requests.get(f"{line.twin.base_url}/peace_ko/status/{made}", timeout=10)

    assert ("&lt;script&gt;" in shown.text, "<script>" in shown.text) == (True, False)
    assert 404 == requests.get(f"{line.twin.base_url}/peace_ru/status/{made}", timeout=10).status_code


def _mixed(line: Line, ko: tweepy.Client) -> Any:
    moving = line.upload(ko, picture(kind="GIF"), "image/gif", "tweet_gif")
    return line.post(ko, media_ids=[line.upload(ko, picture()), moving])


def _unfinished(line: Line, ko: tweepy.Client) -> Any:
    ident = line.begin(ko, 10)
    line.append(ko, ident, b"12345")
    return ko.request("POST", f"/2/media/upload/{ident}/finalize")


def _faulty(name: str) -> Callable[[Line, tweepy.Client], Any]:
    def act(line: Line, ko: tweepy.Client) -> Any:
        line.twin.fault(name, path="/2/tweets")
        return line.post(ko)

    return act


def _alt(line: Line, ko: tweepy.Client) -> Any:
    about = {"id": line.upload(ko, picture()), "metadata": {"alt_text": {"text": "가" * 1001}}}
    return ko.request("POST", "/2/media/metadata", json=about)


PROVOKED: Mapping[str, Callable[[Line, tweepy.Client], Any]] = {
    "unauthorized": lambda line, ko: line.post(line.client(token="nobody")),
    "throttled": _faulty("429"),
    "internal": _faulty("500_before"),
    "unavailable": _faulty("503"),
    "duplicate": lambda line, ko: (line.post(ko, "a"), line.post(ko, "a")),
    "not_permitted": lambda line, ko: ko.delete_tweet(line.post(line.client("peace_ru")), user_auth=False),
    "reply_not_allowed": lambda line, ko: line.post(
        line.client("own", self_serve="yes"), in_reply_to_tweet_id=line.post(ko)
    ),
    "reply_gone": lambda line, ko: line.post(ko, in_reply_to_tweet_id=NOBODY),
    "credits": lambda line, ko: [line.post(line.client("poor", credits="1"), text) for text in "ab"],
    "not_enrolled": lambda line, ko: line.post(line.client("other", unenrolled="yes")),
    "too_long": lambda line, ko: (line.post(ko, "가" * 140), line.post(ko, "가" * 141)),
    "empty": lambda line, ko: line.post(ko, " \n"),
    "media_ids": lambda line, ko: line.post(ko, media_ids=[line.upload(line.client("peace_ru"), picture())]),
    "too_many_media": lambda line, ko: line.post(ko, media_ids=["1", "2", "3", "4", "5"]),
    "mixed_media": _mixed,
    "unreadable": lambda line, ko: ko.request("POST", "/2/tweets", json=["text"]),
    "parameter": lambda line, ko: ko.get_tweets(["abc"]),
    "media_type": lambda line, ko: line.begin(ko, 10, "image/bmp"),
    "file_size": lambda line, ko: line.begin(ko, 5_242_881),
    "segment": lambda line, ko: line.append(ko, line.begin(ko, 10), bytes(5 * 1024 * 1024 + 1)),
    "incomplete": _unfinished,
    "invalid_media": lambda line, ko: line.upload(ko, picture()[:60]),
    "alt_too_long": _alt,
    "no_such_upload": lambda line, ko: ko.request("POST", f"/2/media/upload/{NOBODY}/finalize"),
}


@pytest.mark.parametrize("what", sorted(REFUSALS))
def test_each_refusal_of_the_table_is_met(line: Line, ko: tweepy.Client, what: str) -> None:
    said = REFUSALS[what]
    try:
        response = PROVOKED[what](line, ko)
    except tweepy.HTTPException as error:
        response = error.response
    told = response.json()

    assert (said.status, said.title) == (response.status_code, told["title"])
    detail = told["errors"][0]["message"] if said.parameters else told["detail"]
    assert said.detail.partition("{")[0] == detail[: len(said.detail.partition("{")[0])]
    if what == "throttled":
        assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} <= set(response.headers)
