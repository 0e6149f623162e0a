"""What the twin does wrong on cue; what was done is read in its books, never in the answer."""

import socket
import struct
import time

import httpx
import pytest
from mastodon import Mastodon, MastodonServiceUnavailableError, MastodonUnauthorizedError

from campaign.sandbox import Twin, create_app
from campaign.sandbox.books import Books
from campaign.sandbox.clock import PlatformClock
from campaign.sandbox.state import Sandbox

from .conftest import Connect

PATH = "/api/v1/statuses"


def raw_post(twin: Twin, text: str = "a") -> tuple[bytes, type[Exception] | None]:
    """Post over a bare socket; return the bytes that came back and how the connection ended."""
    body = f"status={text}".encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {twin.base_url.partition('://')[2]}\r\n"
        f"Authorization: Bearer {twin.tokens['peace_en']}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    host, port = twin.base_url.partition("://")[2].split(":")
    got = b""
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head.encode() + body)
        try:
            while chunk := connection.recv(65536):
                got += chunk
        except ConnectionResetError as error:
            return got, type(error)
    return got, None


@pytest.mark.parametrize(
    ("fault", "args", "did", "starts", "ends"),
    [
        ("lose_response", {}, 1, b"", None),
        ("drop_request", {}, 0, b"", None),
        ("reset", {}, 1, b"", ConnectionResetError),
        ("reset", {"before": True}, 0, b"", ConnectionResetError),
        ("500_after", {}, 1, b"HTTP/1.1 500", None),
        ("500_before", {}, 0, b"HTTP/1.1 500", None),
        ("503", {}, 0, b"HTTP/1.1 503", None),
        ("429", {"retry_after": 7}, 0, b"HTTP/1.1 429", None),
        ("bad_json", {}, 1, b"HTTP/1.1 200", None),
        ("half_body", {}, 1, b"HTTP/1.1 200", None),
        ("slow", {"seconds": 0.2}, 1, b"HTTP/1.1 200", None),
    ],
)
def test_a_fault_does_the_work_or_does_not(
    twin: Twin, fault: str, args: dict[str, object], did: int, starts: bytes, ends: type[Exception] | None
) -> None:
    twin.fault(fault, method="POST", path=PATH, **args)
    got, ended = raw_post(twin)
    assert (got[: len(starts) or None], ended) == (starts, ends)
    assert len(twin.books()) == did
    assert [(r["fault"], r["did"]) for r in twin.requests()] == [(fault, 200 if did else None)]
    assert [f["hits"] for f in twin.faults()] == [1]
    assert raw_post(twin, "b")[0].startswith(b"HTTP/1.1 200")  # a cue of one is spent


def test_half_a_body_is_shorter_than_it_says(twin: Twin) -> None:
    twin.fault("half_body", path=PATH)
    with httpx.Client(base_url=twin.base_url, headers={"Authorization": f"Bearer {twin.tokens['peace_en']}"}) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            http.post(PATH, json={"status": "a"})
    assert len(twin.books()) == 1


def test_bad_json_is_no_json(twin: Twin) -> None:
    twin.fault("bad_json", path=PATH)
    with httpx.Client(base_url=twin.base_url, headers={"Authorization": f"Bearer {twin.tokens['peace_en']}"}) as http:
        answer = http.post(PATH, json={"status": "a"})
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()


def test_a_slow_answer_comes_after_the_work(twin: Twin) -> None:
    twin.fault("slow", path=PATH, seconds=5)
    with httpx.Client(base_url=twin.base_url, headers={"Authorization": f"Bearer {twin.tokens['peace_en']}"}) as http:
        with pytest.raises(httpx.ReadTimeout):
            http.post(PATH, json={"status": "a"}, timeout=0.3)
    assert len(twin.books()) == 1


def test_a_429_on_cue_says_when_it_ends(twin: Twin) -> None:
    twin.fault("429", path=PATH, retry_after=90)
    with httpx.Client(base_url=twin.base_url, headers={"Authorization": f"Bearer {twin.tokens['peace_en']}"}) as http:
        answer = http.post(PATH, json={"status": "a"})
    assert answer.headers["x-ratelimit-reset"] == "2019-10-01T03:01:30.000000Z"
    assert answer.headers["date"] == "Tue, 01 Oct 2019 03:00:00 GMT"


def test_a_cue_is_for_one_account_path_and_method(twin: Twin, en: Mastodon, connect: Connect) -> None:
    twin.fault("503", method="POST", path="/api/v1/statuses*", account="peace_ru", times=2)
    sent = en.status_post("a")
    ru = connect(twin, "peace_ru")
    assert ru.status(sent.id).id == sent.id
    for _ in range(2):
        with pytest.raises(MastodonServiceUnavailableError):
            ru.status_favourite(sent.id)
    assert ru.status_favourite(sent.id).favourited
    assert [f["hits"] for f in twin.faults()] == [2]


def test_a_token_expires_for_its_account_until_it_is_cleared(twin: Twin, en: Mastodon, connect: Connect) -> None:
    twin.fault("expired_token", account="peace_en")
    with pytest.raises(MastodonUnauthorizedError):
        en.status_post("a")
    assert connect(twin, "peace_ru").status_post("b").id
    twin.clear()
    assert en.status_post("a").id


def test_a_server_that_ignores_the_key_posts_twice(twin: Twin, en: Mastodon) -> None:
    twin.fault("ignore_key")
    assert en.status_post("a", idempotency_key="k").id != en.status_post("a", idempotency_key="k").id
    assert len(twin.books()) == 2


def test_a_lagging_list_hides_what_is_new_but_the_post_is_there(twin: Twin, en: Mastodon) -> None:
    me = en.me().id
    twin.fault("lagging_list", seconds=0.5)
    began = time.monotonic()
    sent = en.status_post("a")
    assert en.account_statuses(me) == []
    assert en.status(sent.id).id == sent.id
    while not en.account_statuses(me):
        assert time.monotonic() - began < 5
        time.sleep(0.05)
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(("how", "there"), [("absent", False), ("null", True)])
def test_a_counter_that_is_missing_is_not_zero(twin: Twin, en: Mastodon, how: str, there: bool) -> None:
    kept, gone = en.status_post("a").id, en.status_post("b").id
    twin.fault("missing_metric", metric="favourites", id=gone, **{"as": how})
    with httpx.Client(base_url=twin.base_url) as http:
        told = http.get(f"{PATH}/{gone}").json()
        assert ("favourites_count" in told, told.get("favourites_count")) == (there, None)
        assert http.get(f"{PATH}/{kept}").json()["favourites_count"] == 0
        http.get("/")  # a page uses up no cue
    assert [f["hits"] for f in twin.faults()] == [1]


def test_a_fault_that_is_not_known_is_refused(twin: Twin) -> None:
    with pytest.raises(RuntimeError, match="422"):
        twin.fault("no such fault")
    with pytest.raises(RuntimeError, match="422"):
        twin.ask("POST", "/_faults", {"fault": "slow", "match": {"colour": "red"}})


async def asks_in_process(app) -> int:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.example") as http:
        return (await http.get("/api/v2/instance")).status_code


def test_the_application_can_be_used_without_a_server(tmp_path) -> None:
    import asyncio

    books = Books(tmp_path)
    try:
        sandbox = Sandbox(books, PlatformClock(), "http://sandbox.example")
        assert asyncio.run(asks_in_process(create_app(sandbox))) == 200
    finally:
        books.close()


def test_a_client_that_leaves_in_the_middle_of_its_request_leaves_no_post(twin: Twin) -> None:
    host, port = twin.base_url.partition("://")[2].split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {twin.tokens['peace_en']}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nstatus=half".encode()
        )
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert raw_post(twin, "whole")[0].startswith(b"HTTP/1.1 200")
    assert [row["text"] for row in twin.books()] == ["whole"]
