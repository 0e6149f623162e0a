"""The entry exam of a transport: what it claims about the line against what the server itself received."""

import asyncio
import contextlib
import socket
import ssl
import struct

import httpx
import pytest

from campaign.core.errors import Unavailable, Uncertain
from campaign.net.transport import Transport

UNCHECKED = ssl.create_default_context()  # loading certificates once is enough
BIG = b"x" * 4_000_000
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"id":"1"}'


async def closes_at_once(peer, conn):
    pass


async def resets_at_once(peer, conn):
    linger(conn)


async def closes_after_some_bytes(peer, conn):
    await peer.some(conn)


async def closes_after_the_request(peer, conn):
    await peer.request(conn)


async def resets_after_the_request(peer, conn):
    await peer.request(conn)
    linger(conn)


async def sends_half_a_head(peer, conn):
    await peer.request(conn)
    await peer.send(conn, b"HTTP/1.1 200 OK\r\nContent-Ty")


async def sends_half_a_body(peer, conn):
    await peer.request(conn)
    await peer.send(conn, b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":"1"')


async def sends_half_a_chunk(peer, conn):
    await peer.request(conn)
    await peer.send(conn, b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{"id":"1"')


async def resets_within_the_body(peer, conn):
    await sends_half_a_body(peer, conn)
    await asyncio.sleep(0.02)  # the bytes must be read before the reset discards them
    linger(conn)


async def talks_garbage(peer, conn):
    await peer.request(conn)
    await peer.send(conn, b"\x00\x01 nothing like it\r\n\r\n")


async def talks_before_it_is_asked(peer, conn):
    await peer.send(conn, b"220 mail.example ESMTP\r\n")
    await peer.gone(conn)


async def is_silent(peer, conn):
    await peer.request(conn)
    await peer.gone(conn)


async def is_silent_after_the_head(peer, conn):
    await peer.request(conn)
    await peer.send(conn, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    await peer.gone(conn)


async def drips_beyond_the_deadline(peer, conn):
    await peer.request(conn)
    await peer.send(conn, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        await peer.send(conn, b" ")
        await asyncio.sleep(0.05)


async def says_processing_for_ever(peer, conn):
    await peer.request(conn)
    while True:
        await peer.send(conn, b"HTTP/1.1 102 Processing\r\n\r\n" * 10)
        await asyncio.sleep(0.02)


async def sends_an_endless_head(peer, conn):
    await peer.request(conn)
    await peer.send(conn, b"HTTP/1.1 200 OK\r\n")
    while True:
        await peer.send(conn, b"X-More: " + b"x" * 8000 + b"\r\n")


async def reads_nothing(peer, conn):
    await asyncio.sleep(10)


async def closes_within_the_body(peer, conn):
    for _ in range(3):
        await peer.some(conn)


# fault → (size of the body, what the line must say; None: either may be true)
FAULTS = {
    closes_at_once: (b"", "sent"),
    resets_at_once: (b"", None),
    closes_after_some_bytes: (b"", "sent"),
    closes_after_the_request: (b"", "sent"),
    resets_after_the_request: (b"", "sent"),
    sends_half_a_head: (b"", "sent"),
    sends_half_a_body: (b"", "sent"),
    sends_half_a_chunk: (b"", "sent"),
    resets_within_the_body: (b"", "sent"),
    talks_garbage: (b"", "sent"),
    talks_before_it_is_asked: (b"", "sent"),
    is_silent: (b"", "sent"),
    is_silent_after_the_head: (b"", "sent"),
    drips_beyond_the_deadline: (b"", "sent"),
    says_processing_for_ever: (b"", "sent"),
    sends_an_endless_head: (b"", "sent"),
    reads_nothing: (BIG, "sent"),
    closes_within_the_body: (BIG, "sent"),
}


def linger(conn):
    """Make close() send RST."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ours():
    return Transport(ssl_context=UNCHECKED)


def foreign():
    return httpx.AsyncHTTPTransport(verify=UNCHECKED)


async def commit(desk, method, body, path="/statuses"):
    """Return the outcome's class, or None when an answer came that can be used."""
    try:
        reply = await desk.client.commit(method, path, content=body or b'{"status":"hello"}')
        reply.json()
    except (Unavailable, Uncertain) as outcome:
        return type(outcome)
    return None


def judge(desk, peer, outcome, expected):
    """What every cell must keep: the claim never exceeds what the server saw."""
    state = desk.witness.line.state
    assert state in {"sent", "not_sent"}
    if state == "not_sent":
        assert not peer.was_asked
    if peer.was_asked:
        assert state == "sent"
    if expected:
        assert state == expected
    assert outcome is (Unavailable if state == "not_sent" else Uncertain)
    assert peer.requests <= 1
    assert len(desk.kept) == 1
    assert desk.kept[0].outcome == ("not_sent" if state == "not_sent" else "silent")


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_claim_never_exceeds_what_the_server_saw(house, fault, method):
    body, expected = FAULTS[fault]

    async def exam():
        async with house.Peer(fault) as peer, house.Desk(peer.url, ours()) as desk:
            judge(desk, peer, await commit(desk, method, body), expected)

    asyncio.run(exam())


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_nobody_vouches_for_a_foreign_transport(house, fault, method):
    body, _ = FAULTS[fault]

    async def exam():
        async with house.Peer(fault) as peer, house.Desk(peer.url, foreign()) as desk:
            assert await commit(desk, method, body) is Uncertain
            assert desk.witness.line.state == "unknown"
            assert peer.requests <= 1
            assert [exchange.outcome for exchange in desk.kept] == ["silent"]

    asyncio.run(exam())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_question_that_got_no_answer_may_be_asked_again(house, fault):
    async def exam():
        async with house.Peer(fault) as peer, house.Desk(peer.url, ours()) as desk:
            with pytest.raises(Unavailable):
                await desk.client.ask("GET", "/statuses", content=FAULTS[fault][0] or None)
            assert peer.requests <= 1

    asyncio.run(exam())


@contextlib.asynccontextmanager
async def refusing(peer):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def unnamed(peer):
    yield "http://nobody.invalid"


@contextlib.asynccontextmanager
async def swallowing(peer):
    """A listener whose queue is full: the kernel answers no further SYN."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.asynccontextmanager
async def plain_behind_https(peer):
    yield peer.url.replace("http:", "https:")


UNREACHED = [refusing, unnamed, swallowing, plain_behind_https]


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
@pytest.mark.parametrize("place", UNREACHED, ids=lambda place: place.__name__)
def test_what_reached_nobody_is_proved_unsent(house, place, method):
    async def exam():
        async with house.Peer(sends_half_a_head_to_anything) as peer, place(peer) as url:
            async with house.Desk(url, ours()) as desk:
                outcome = await commit(desk, method, b"")
                await asyncio.sleep(0.01)  # whatever had left would be there by now
                judge(desk, peer, outcome, "not_sent")

    asyncio.run(exam())


@pytest.mark.parametrize("place", UNREACHED, ids=lambda place: place.__name__)
def test_a_foreign_transport_proves_nothing_even_there(house, place):
    async def exam():
        async with house.Peer(sends_half_a_head_to_anything) as peer, place(peer) as url:
            async with house.Desk(url, foreign()) as desk:
                assert await commit(desk, "POST", b"") is Uncertain

    asyncio.run(exam())


@pytest.mark.parametrize("silent", [True, False])
def test_a_tls_handshake_that_fails_is_proved_unsent(house, silent):
    async def handshake(peer, conn):
        await peer.some(conn)
        if silent:
            await peer.gone(conn)
        else:
            await peer.send(conn, b"\x15\x03\x03\x00\x02\x02\x28")  # alert: handshake_failure

    async def exam():
        async with house.Peer(handshake) as peer:
            async with house.Desk(peer.url.replace("http:", "https:"), ours()) as desk:
                judge(desk, peer, await commit(desk, "POST", b""), "not_sent")

    asyncio.run(exam())


async def sends_half_a_head_to_anything(peer, conn):
    await peer.some(conn)
    await peer.send(conn, b"HTTP/1.1 400 Bad Re")


async def closes_after_its_answer(peer, conn):
    """As snac does: no Connection: close, and yet it closes."""
    await peer.request(conn)
    await peer.send(conn, OK)


async def resets_after_its_answer(peer, conn):
    await closes_after_its_answer(peer, conn)
    linger(conn)


async def drops_the_second_request(peer, conn):
    """The race that no look at the socket can win: the close crosses the request."""
    await peer.request(conn)
    await peer.send(conn, OK)
    if peer.connections == 1:
        await peer.request(conn)


async def resets_at_the_second_request(peer, conn):
    await drops_the_second_request(peer, conn)
    linger(conn)


@pytest.mark.parametrize("make", [ours, foreign])
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("fault", [closes_after_its_answer, resets_after_its_answer], ids=lambda f: f.__name__)
def test_a_connection_that_the_peer_left_is_not_used(house, fault, method, make):
    async def exam():
        async with house.Peer(fault) as peer, house.Desk(peer.url, make()) as desk:
            await desk.client.ask("GET", "/first")
            await asyncio.sleep(0.02)
            assert await commit(desk, method, b"") is None
            assert (peer.connections, peer.requests) == (2, 2)

    asyncio.run(exam())


@pytest.mark.parametrize("make", [ours, foreign])
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("fault", [drops_the_second_request, resets_at_the_second_request], ids=lambda f: f.__name__)
def test_a_write_on_a_connection_that_dies_is_never_repeated(house, fault, method, make):
    async def exam():
        async with house.Peer(fault) as peer, house.Desk(peer.url, make()) as desk:
            await desk.client.ask("GET", "/first")
            assert await commit(desk, method, b"") is Uncertain
            assert (peer.connections, peer.requests) == (1, 2)
            if make is ours:
                assert desk.witness.line.state == "sent"

    asyncio.run(exam())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_ask_that_is_no_read_is_not_repeated_by_the_transport(house, method):
    async def exam():
        async with house.Peer(drops_the_second_request) as peer, house.Desk(peer.url, ours()) as desk:
            await desk.client.ask("GET", "/first")
            with pytest.raises(Unavailable):
                await desk.client.ask(method, "/second")
            assert peer.requests == 2

    asyncio.run(exam())


@pytest.mark.parametrize("fault", [drops_the_second_request, resets_at_the_second_request], ids=lambda f: f.__name__)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_on_a_connection_that_dies_is_asked_once_more(house, fault, method):
    async def exam():
        async with house.Peer(fault) as peer, house.Desk(peer.url, ours()) as desk:
            await desk.client.ask("GET", "/first")
            assert (await desk.client.ask(method, "/second")).status == 200
            assert (peer.connections, peer.requests) == (2, 3)
            assert [exchange.outcome for exchange in desk.kept] == ["answered", "answered"]

    asyncio.run(exam())
