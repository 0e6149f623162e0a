"""What is kept of a request: whole messages that any HTTP parser reads."""

import asyncio
import io
from hashlib import sha256
from http.client import HTTPResponse

import h11
import pytest


class _Sock:
    def __init__(self, data):
        self.data = data

    def makefile(self, *args, **kwargs):
        return io.BytesIO(self.data)


def request_of(exchange):
    """Return head and body as h11 reads them; nothing may be left over."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(exchange.request)
    head, body = server.next_event(), b""
    while isinstance(event := server.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert server.trailing_data[0] == b""
    return head, body


def response_of(exchange):
    """Return the answer as http.client reads it; nothing may be left over."""
    response = HTTPResponse(_Sock(exchange.response), method=exchange.method)
    response.begin()
    body = response.read()
    return response, body


def exchange_of(house, fault, method="POST", verb="commit", **more):
    async def run():
        async with house.Peer(fault) as peer, house.Desk(peer.url) as desk:
            try:
                await getattr(desk.client, verb)(method, "/api", **more)
            except Exception:  # noqa: BLE001  what is kept must not depend on the outcome
                assert desk.kept
            assert len(desk.kept) == 1
            return desk.kept[0]

    return asyncio.run(run())


CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\nX-A: 1\r\n\r\n"
    b'8\r\n{"id":"1\r\n2\r\n"}\r\n0\r\n\r\n'
)


def test_messages_are_whole_and_without_secrets(house):
    kept = exchange_of(house, house.answering(CHUNKED), json={"status": "안녕", "password": "pw"})
    head, body = request_of(kept)
    assert (head.method, head.target) == (b"POST", b"/api")
    assert dict(head.headers)[b"authorization"] == b"[redacted]"
    assert body.decode() == '{"status":"안녕","password":"[redacted]"}'
    response, body = response_of(kept)
    assert (response.status, response.reason, body) == (201, "Created", b'{"id":"1"}')
    assert response.getheader("Transfer-Encoding") is None
    assert response.getheader("Content-Length") == "10"
    assert response.getheader("Set-Cookie") == "[redacted]"
    assert kept.redacted == ("header authorization", "field password", "header set-cookie")
    assert (kept.outcome, kept.address, kept.body_sha256) == ("answered", "127.0.0.1", None)
    assert 0 < kept.took < 1


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_without_a_body_stays_one(house, status):
    kept = exchange_of(house, house.answering(f"HTTP/1.1 {status}\r\n\r\n".encode()), "DELETE", "ask")
    assert kept.response == f"HTTP/1.1 {status}\r\n\r\n".encode()
    assert b"Content-Length" not in kept.request
    request_of(kept)


def test_the_answer_to_head_is_kept_as_it_can_be_read(house):
    kept = exchange_of(house, house.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), "HEAD", "ask")
    assert response_of(kept)[1] == b""


def test_a_small_upload_is_kept(house):
    kept = exchange_of(house, house.answering(house.message()), "POST", "ask", files={"file": ("a.png", b"\x89PNG")})
    _, body = request_of(kept)
    assert b"\x89PNG" in body
    assert (kept.body_sha256, kept.body_size) == (None, None)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_large_body_is_left_out_and_named(house, streamed):
    body = bytes(range(256)) * 1000
    content = iter([body[:100_000], body[100_000:]]) if streamed else body
    kept = exchange_of(house, house.answering(house.message()), "PUT", "ask", content=content)
    head, kept_body = request_of(kept)
    assert (kept_body, dict(head.headers)[b"content-length"]) == (b"", b"0")
    assert (kept.body_sha256, kept.body_size) == (sha256(body).hexdigest(), len(body))
    assert len(kept.request) < 1000


def test_an_upload_that_broke_off_is_named_by_what_was_sent(house):
    async def closing(peer, conn):
        await peer.some(conn)

    kept = exchange_of(house, closing, "PUT", "ask", content=(b"x" * 65536 for _ in range(200)))
    assert (kept.outcome, kept.body_sha256) == ("silent", None)
    assert 0 < kept.body_size < 200 * 65536


def test_half_an_answer_is_kept_and_is_none(house):
    async def half(peer, conn):
        await peer.request(conn)
        await peer.send(conn, b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":"17","tok')

    kept = exchange_of(house, half, json={})
    assert kept.outcome == "silent"
    assert response_of(kept)[1] == b'{"id":"17","tok'


def test_silence_has_no_answer(house):
    async def closing(peer, conn):
        await peer.request(conn)

    kept = exchange_of(house, closing, json={})
    assert (kept.outcome, kept.response, kept.address) == ("silent", None, "127.0.0.1")
