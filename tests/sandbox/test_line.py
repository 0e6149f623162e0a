"""The rooms of LINE and each of their refusals, seen through line-bot-sdk."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from linebot.v3.insight import ApiClient as InsightClient
from linebot.v3.insight import Configuration as InsightConfiguration
from linebot.v3.insight import Insight
from linebot.v3.messaging import (
    ApiClient,
    ApiException,
    BroadcastRequest,
    Configuration,
    ImageMessage,
    MessagingApi,
    StickerMessage,
    TextMessage,
    VideoMessage,
)

from campaign.sandbox import Twin
from campaign.sandbox.line.refusals import REFUSALS

from .conftest import Hands, picture

KEY = "123e4567-e89b-42d3-a456-426614174000"
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(64)
FILES = {
    "/a.png": ("image/png", picture()), "/a.mp4": ("video/mp4", CLIP), "/a.txt": ("text/plain", b"a"),
    "/large.png": ("image/png", bytes(1_000_001)),
}  # fmt: skip


@pytest.fixture
def told(twin: Twin) -> dict[str, str]:
    return twin.opened["line"]["peace_ko"]


@pytest.fixture
def opened(told: dict[str, str]) -> Iterator[Callable[..., MessagingApi]]:
    made: list[ApiClient] = []

    def api(token: str = told["token"]) -> MessagingApi:
        client = ApiClient(Configuration(access_token=token, host=told["base_url"]))
        made.append(client)
        return MessagingApi(client)

    yield api
    for client in made:
        client.rest_client.pool_manager.clear()
        client.pool.terminate()
        client.pool.join()


@pytest.fixture
def api(opened: Callable[..., MessagingApi]) -> MessagingApi:
    return opened()


@pytest.fixture
def place() -> Iterator[str]:
    """Serve a few files, as who broadcasts must."""

    class Shelf(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mime, body = FILES.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in FILES else 404)
            self.send_header("Content-Type", mime)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def books(twin: Twin) -> list[dict[str, Any]]:
    return twin.books(platform="line")


def send(api: MessagingApi, *messages: Any, key: str | None = None) -> str:
    """Broadcast; return the request's id."""
    request = BroadcastRequest(messages=list(messages))
    answer = api.broadcast_with_http_info(request, x_line_retry_key=key)
    return str(answer.headers["x-line-request-id"])


def text(words: str = "글") -> TextMessage:
    return TextMessage(text=words)


def refused(call: Callable[[], Any]) -> tuple[int, dict[str, Any], Any]:
    """Return status, body and headers of what the client was refused."""
    with pytest.raises(ApiException) as error:
        call()
    return error.value.status, json.loads(error.value.body), error.value.headers


def said(call: Callable[[], Any]) -> tuple[int, str]:
    status, body, _ = refused(call)
    return status, body["message"]


def post(twin: Twin, told: dict[str, str], **request: Any) -> httpx.Response:
    """Send what the client's own checks would not let through."""
    url = f"{told['base_url']}/v2/bot/message/broadcast"
    return httpx.post(
        url, headers={"Authorization": f"Bearer {told['token']}", **request.pop("headers", {})}, **request
    )


def test_an_account_tells_who_it_is_and_what_it_may_send(api: MessagingApi) -> None:
    who = api.get_bot_info()

    assert ("@peace_ko", "유라시아 평화 여정", "U", "none") == (
        who.basic_id, who.display_name, who.user_id[0], api.get_message_quota().type,
    )  # fmt: skip
    send(api, text())
    assert api.get_message_quota_consumption().total_usage > 20


def test_a_broadcast_is_taken_once_under_its_key(twin: Twin, api: MessagingApi) -> None:
    first, other = send(api, text("a"), key=KEY), send(api, text("b"), key=KEY.replace("0", "1"))
    status, body, headers = refused(lambda: send(api, text("c"), key=KEY))

    assert (REFUSALS["accepted"], first) == ((status, body["message"]), headers["x-line-accepted-request-id"])
    assert [(first, "a", KEY), (other, "b", KEY.replace("0", "1"))] == [
        (row["id"], row["text"], row["idempotency_key"]) for row in books(twin)
    ]
    twin.fault("ignore_key")
    assert send(api, text("c"), key=KEY) != first
    assert UUID(first)


def test_without_a_key_the_same_is_sent_twice(twin: Twin, api: MessagingApi) -> None:
    assert send(api, text()) != send(api, text())
    assert 2 == len(books(twin))


def test_media_are_fetched(twin: Twin, api: MessagingApi, place: str) -> None:
    image = ImageMessage(original_content_url=f"{place}/a.png", preview_image_url=f"{place}/a.png")
    video = VideoMessage(original_content_url=f"{place}/a.mp4", preview_image_url=f"{place}/a.png")
    send(api, text(), image, video)
    [row] = books(twin)
    base = f"{twin.base_url}/line/media"

    assert ["image", "video"] == [each["kind"] for each in row["media"]]
    assert [picture(), CLIP] == [httpx.get(f"{base}/{each['sha256']}").content for each in row["media"]]
    assert picture() == httpx.get(f"{base}/{row['media'][1]['preview']}").content


@pytest.mark.parametrize(
    ("name", "preview", "property", "words"),
    [
        ("/gone.png", "/a.png", "originalContentUrl", "cannot be fetched"),
        ("/a.txt", "/a.png", "originalContentUrl", "Must be of image/jpeg or image/png"),
        ("/a.png", "/large.png", "previewImageUrl", "cannot be fetched"),
        ("/a.png", "/a.mp4", "previewImageUrl", "Must be of image/jpeg or image/png"),
    ],
)
def test_a_medium_that_cannot_be_had_refuses_all(
    twin: Twin, api: MessagingApi, place: str, name: str, preview: str, property: str, words: str
) -> None:
    image = ImageMessage(original_content_url=place + name, preview_image_url=place + preview)
    status, body, _ = refused(lambda: send(api, text(), image, key=KEY))

    assert (REFUSALS["body"][0], REFUSALS["body"][1].format(n=1)) == (status, body["message"])
    assert f"messages[1].{property}" == body["details"][0]["property"]
    assert body["details"][0]["message"].startswith(words)
    assert [] == books(twin)
    assert send(api, text(), key=KEY)  # what was refused has not used the key


@pytest.mark.parametrize(
    ("messages", "property", "words"),
    [
        ([text("😀" * 2500 + "a")], "messages[0].text", "Length must be between 0 and 5000"),
        ([text(" ")], "messages[0].text", "May not be empty"),
        ([StickerMessage(package_id="1", sticker_id="1")], "messages[0].type", "Must be one of"),
        ([ImageMessage(original_content_url="http://example.org/a", preview_image_url="https://example.org/a")],
         "messages[0].originalContentUrl", "Must be a valid HTTPS URL"),
        ([ImageMessage(original_content_url="https://example.org/" + "a" * 2000, preview_image_url="https://a.org/")],
         "messages[0].originalContentUrl", "Length must be between 0 and 2000"),
    ],
)  # fmt: skip
def test_a_body_that_breaks_a_rule_names_its_property(
    twin: Twin, api: MessagingApi, messages: list[Any], property: str, words: str
) -> None:
    status, body, _ = refused(lambda: send(api, *messages))

    assert (400, property) == (status, body["details"][0]["property"])
    assert body["details"][0]["message"].startswith(words)
    assert [] == books(twin)


def test_what_the_client_itself_would_not_send(twin: Twin, told: dict[str, str]) -> None:
    message = {"type": "text", "text": "a"}
    many, none, image = ({"messages": each} for each in ([message] * 6, [], [{"type": "image"}]))
    answers = [post(twin, told, json=each).json() for each in (many, none, image)]
    broken, key = post(twin, told, content=b"{"), post(twin, told, json=many, headers={"X-Line-Retry-Key": "a key"})

    assert [
        ("messages", "Size must be between 1 and 5"), ("messages", "May not be empty"),
        ("messages[0].originalContentUrl", "May not be empty"),
    ] == [(body["details"][0]["property"], body["details"][0]["message"]) for body in answers]  # fmt: skip
    assert (REFUSALS["json"], REFUSALS["retry key"]) == tuple(
        (answer.status_code, answer.json()["message"]) for answer in (broken, key)
    )
    assert [] == books(twin)


def test_who_has_no_token_and_what_there_is_not(api: MessagingApi, opened: Callable[..., MessagingApi]) -> None:
    assert REFUSALS["token"] == said(opened("nobody").get_bot_info)
    assert REFUSALS["path"] == said(lambda: api.get_profile("U" + "0" * 32))


def test_a_month_that_is_used_up(twin: Twin, opened: Callable[..., MessagingApi]) -> None:
    new = twin.ask("POST", "/_accounts", {"platform": "line", "name": "small", "quota": "5"})
    small = opened(new["token"])

    assert ("limited", 5, 0) == (
        small.get_message_quota().type, small.get_message_quota().value,
        small.get_message_quota_consumption().total_usage,
    )  # fmt: skip
    assert REFUSALS["month"] == said(lambda: send(small, text()))
    assert [] == books(twin)


def test_troubles_are_said_as_line_says_them(twin: Twin, api: MessagingApi) -> None:
    for fault, row in (("429", "rate"), ("500_before", "internal"), ("503", "temporary"), ("expired_token", "token")):
        twin.fault(fault, path="/line/*")
        assert REFUSALS[row] == said(lambda: send(api, text()))
    assert [] == books(twin)


def test_readers_are_told_a_day_later_and_none_under_twenty(
    twin: Twin, api: MessagingApi, told: dict[str, str], hands: Hands
) -> None:
    with InsightClient(InsightConfiguration(access_token=told["token"], host=told["base_url"])) as client:
        insight = Insight(client)
        ident = send(api, text())
        early = insight.get_message_event(ident).overview
        hands.set("2019-10-08T03:00:00+00:00")
        later = insight.get_message_event(ident).overview
        true = twin.ask("GET", "/_books/counts", platform="line", id=ident)
        twin.fault("missing_metric", metric="reach")
        missing = httpx.get(
            f"{told['base_url']}/v2/bot/insight/message/event",
            params={"requestId": ident}, headers={"Authorization": f"Bearer {told['token']}"},
        ).json()["overview"]  # fmt: skip

        assert (None, None) == (early.unique_impression, early.unique_click)
        assert true["reach"] == later.unique_impression and later.delivered == books(twin)[0]["friends"]
        assert "uniqueImpression" not in missing and "uniqueClick" in missing
        with pytest.raises(Exception, match="requestId") as error:
            insight.get_message_event("nonsense")
        assert REFUSALS["insight"][0] == error.value.status  # type: ignore[attr-defined]
        with pytest.raises(Exception, match="Not found"):
            insight.get_message_event(KEY)


def test_an_account_that_may_not_ask_for_its_readers(twin: Twin, told: dict[str, str]) -> None:
    new = twin.ask("POST", "/_accounts", {"platform": "line", "name": "blind", "insight": "no"})
    with InsightClient(InsightConfiguration(access_token=new["token"], host=told["base_url"])) as client:
        with pytest.raises(Exception, match="not available") as error:
            Insight(client).get_message_event(KEY)

    assert REFUSALS["insight right"][0] == error.value.status  # type: ignore[attr-defined]


def test_each_refusal_of_the_table_is_met_in_these_tests() -> None:
    words = Path(__file__).read_text(encoding="utf-8")

    assert set() == {row for row in REFUSALS if f'"{row}"' not in words}


def test_a_page_shows_the_broadcast_escaped(twin: Twin, api: MessagingApi) -> None:
    send(api, text("<script>alert(1)"))
    page = httpx.get(books(twin)[0]["url"])

    assert "<script>alert" not in page.text and "&lt;script&gt;" in page.text
    assert 404 == httpx.get(f"{twin.base_url}/line/broadcasts/x").status_code
