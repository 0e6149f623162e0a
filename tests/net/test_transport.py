"""What the transport does with peers that behave, and how it keeps their connections."""

import asyncio
import contextlib
import ssl

import httpx
import pytest

from campaign.core.errors import Refused
from campaign.net.line import Line
from campaign.net.transport import Transport

UNCHECKED = ssl.create_default_context()


def request(url, method="POST", **more):
    return httpx.Request(method, url, **more)


async def answered(transport, *args, **more):
    response = await transport.handle_async_request(request(*args, **more))
    await response.aread()
    return response


@contextlib.asynccontextmanager
async def speaking(house, fault, **more):
    async with house.Peer(fault) as peer:
        transport = Transport(ssl_context=UNCHECKED, **more)
        try:
            yield peer, transport
        finally:
            await transport.aclose()


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
def test_every_framing_gives_the_body_and_keeps_the_connection(house, data):
    async def run():
        async with speaking(house, house.answering(data)) as (peer, transport):
            for _ in range(3):
                response = await answered(transport, peer.url, content=b"x")
                assert (response.status_code, response.content) == (200, b"hello")
                assert response.extensions["peer"] == "127.0.0.1"
            assert (peer.connections, peer.requests) == (1, 3)

    asyncio.run(run())


@pytest.mark.parametrize("data", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"])
def test_an_answer_without_a_body_ends_with_its_head(house, data):
    async def run():
        async with speaking(house, house.answering(data)) as (peer, transport):
            for _ in range(2):
                assert (await answered(transport, peer.url, "GET")).content == b""
            assert peer.connections == 1

    asyncio.run(run())


def test_a_head_request_reads_no_body(house):
    async def run():
        async with speaking(house, house.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")) as (
            peer,
            transport,
        ):
            for _ in range(2):
                assert (await answered(transport, peer.url, "HEAD")).content == b""
            assert peer.connections == 1

    asyncio.run(run())


def test_a_body_may_last_until_the_peer_closes(house):
    async def until_close(peer, conn):
        await peer.request(conn)
        await peer.send(conn, b"HTTP/1.1 200 OK\r\n\r\nhello")

    async def run():
        async with speaking(house, until_close) as (peer, transport):
            for _ in range(2):
                assert (await answered(transport, peer.url)).content == b"hello"
            assert peer.connections == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["close", "1.0", "an answer nobody asked for"],
)
def test_a_connection_that_is_spent_is_not_used_again(house, data):
    async def run():
        async with speaking(house, house.answering(data)) as (peer, transport):
            await answered(transport, peer.url)
            await answered(transport, peer.url)
            assert peer.connections == 2

    asyncio.run(run())


def test_only_a_fresh_connection_carries_a_request_that_asks_for_one(house):
    async def run():
        async with speaking(house, house.answering(house.message())) as (peer, transport):
            await answered(transport, peer.url)
            await asyncio.sleep(0.03)
            await answered(transport, peer.url, extensions={"fresh_within": 0.02})
            assert peer.connections == 2
            await answered(transport, peer.url, extensions={"fresh_within": 5.0})
            await answered(transport, peer.url)
            assert peer.connections == 2

    asyncio.run(run())


def test_idle_connections_are_closed_in_time_and_bounded_in_number(house):
    async def run():
        async with speaking(house, house.answering(house.message()), keep_alive=0.05, max_idle=2) as (peer, transport):
            await asyncio.gather(*[answered(transport, peer.url) for _ in range(5)])
            assert peer.connections == 5
            await asyncio.sleep(0.01)
            assert len(peer._tasks) == 2
            await asyncio.sleep(0.15)
            assert not peer._tasks

    asyncio.run(run())


def test_who_finds_no_free_connection_in_time_has_sent_nothing(house):
    async def slow(peer, conn):
        await peer.request(conn)
        await asyncio.sleep(0.1)
        await peer.send(conn, house.message())

    async def run():
        async with speaking(house, slow, max_connections=1) as (peer, transport):
            first = asyncio.create_task(answered(transport, peer.url))
            await asyncio.sleep(0.01)
            line = Line()
            with pytest.raises(httpx.PoolTimeout):
                await answered(transport, peer.url, extensions={"timeout": {"pool": 0.02}, "line": line})
            assert line.state == "not_sent"
            assert (await first).status_code == 200
            await answered(transport, peer.url)
            assert peer.requests == 2

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["async", "sync", "multipart"])
def test_a_body_is_streamed_from_any_iterator(house, kind, tmp_path):
    seen = []

    async def keep(peer, conn):
        seen.append(await peer.request(conn))
        await peer.send(conn, house.message())

    async def pieces():
        yield b"abc"
        yield b""
        yield b"def"

    async def run():
        async with speaking(house, keep) as (peer, transport):
            if kind == "async":
                await answered(transport, peer.url, content=pieces())
            elif kind == "sync":
                await answered(transport, peer.url, content=iter([b"abc", b"def"]))
            else:
                (tmp_path / "clip.mp4").write_bytes(b"abcdef" * 30_000)
                with (tmp_path / "clip.mp4").open("rb") as clip:
                    await answered(transport, peer.url, files={"file": clip}, data={"description": "a clip"})
        assert b"abcdef" in seen[0].replace(b"\r\n3\r\n", b"")

    asyncio.run(run())


def test_a_body_that_cannot_be_read_has_sent_nothing(house):
    async def pieces():
        raise FileNotFoundError("gone")
        yield b""

    async def run():
        async with speaking(house, house.answering(house.message())) as (peer, transport):
            line = Line()
            with pytest.raises(FileNotFoundError):
                await answered(transport, peer.url, content=pieces(), extensions={"line": line})
            await asyncio.sleep(0.01)
            assert (line.state, peer.received) == ("not_sent", b"")

    asyncio.run(run())


async def endless(yielded):
    for _ in range(400):
        yielded.append(65536)
        yield b"x" * 65536


@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_before_the_end_of_the_body_ends_the_sending(house, streamed):
    yielded = []

    async def too_large(peer, conn):
        await peer.some(conn)
        await peer.send(conn, house.message(b"too large", "413 Content Too Large"))
        await asyncio.sleep(3)  # it reads no more, and leaves the connection open

    async def run():
        async with speaking(house, too_large) as (peer, transport):
            started = asyncio.get_running_loop().time()
            for number in (1, 2):
                content = endless(yielded) if streamed else b"x" * 26_000_000
                response = await answered(transport, peer.url, content=content)
                assert (response.status_code, response.content) == (413, b"too large")
                assert peer.connections == number
            assert asyncio.get_running_loop().time() - started < 2.5
            assert len(yielded) < 400

    asyncio.run(run())


@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_that_a_close_follows_is_read_or_honestly_lost(house, streamed):
    async def too_large(peer, conn):
        await peer.some(conn)
        await peer.send(conn, house.message(b"too large", "413 Content Too Large"))

    async def run():
        async with speaking(house, too_large) as (peer, transport):
            line = Line()
            content = endless([]) if streamed else b"x" * 26_000_000
            # The kernel answers unread bytes with a reset, which may overtake the answer.
            with contextlib.suppress(httpx.NetworkError):
                response = await answered(transport, peer.url, content=content, extensions={"line": line})
                assert (response.status_code, response.content) == (413, b"too large")
            assert line.state == "sent"

    asyncio.run(run())


def test_hints_during_an_upload_do_not_end_it(house):
    async def hinting(peer, conn):
        data = b""
        while data.count(b"x") < 10:
            data += await peer.some(conn)
        await peer.send(conn, b"HTTP/1.1 100 Continue\r\n\r\n")
        while data.count(b"x") < 30:
            data += await peer.some(conn)
        await peer.send(conn, house.message(b"all of it"))

    async def pieces():
        for _ in range(3):
            yield b"x" * 10
            await asyncio.sleep(0.01)

    async def run():
        async with speaking(house, hinting) as (peer, transport):
            response = await answered(transport, peer.url, content=pieces(), headers={"Content-Length": "30"})
            assert response.content == b"all of it"

    asyncio.run(run())


@pytest.mark.parametrize("chunked", [True, False])
def test_an_answer_that_is_too_long_is_cut_off(house, chunked):
    async def long(peer, conn):
        await peer.request(conn)
        if chunked:
            await peer.send(conn, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                await peer.send(conn, b"1000\r\n" + b"x" * 4096 + b"\r\n")
        await peer.send(conn, house.message(b"x" * 2_000_000))

    async def run():
        async with speaking(house, long, max_body=1_000_000) as (peer, transport):
            with pytest.raises(httpx.RemoteProtocolError, match="longer than 1000000 bytes"):
                await answered(transport, peer.url)

    asyncio.run(run())


def test_a_slow_reader_does_not_pile_up_the_answer(house):
    async def long(peer, conn):
        await peer.request(conn)
        await peer.send(conn, house.message(b"x" * 8_000_000))

    async def run():
        async with speaking(house, long) as (peer, transport):
            response = await transport.handle_async_request(request(peer.url))
            await asyncio.sleep(0.05)
            connection = response.stream._connection
            assert connection._waiting < 1_000_000
            assert len(await response.aread()) == 8_000_000
            await answered(transport, peer.url)

    asyncio.run(run())


def test_a_half_read_answer_closes_its_connection(house):
    async def run():
        async with speaking(house, house.answering(house.message(b"x" * 1000)), max_connections=1) as (peer, transport):
            response = await transport.handle_async_request(request(peer.url))
            await response.aclose()
            await answered(transport, peer.url)
            assert peer.connections == 2

    asyncio.run(run())


@pytest.mark.parametrize("half", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal"])
def test_a_cancelled_request_closes_its_connection(house, half):
    async def stuck(peer, conn):
        await peer.request(conn)
        if peer.connections > 1:
            await peer.send(conn, house.message())
            return
        await peer.send(conn, half)
        await peer.gone(conn)
        peer.left = True

    async def run():
        async with speaking(house, stuck, max_connections=1) as (peer, transport):
            task = asyncio.create_task(answered(transport, peer.url))
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await answered(transport, peer.url)
            assert peer.connections == 2
            assert peer.left

    asyncio.run(run())


def test_the_address_that_was_checked_is_the_one_connected_to(house):
    asked, checked, heads = [], [], []

    async def resolver(host, port):
        asked.append((host, port))
        return ["127.0.0.1"]

    async def keep(peer, conn):
        heads.append(await peer.request(conn))
        await peer.send(conn, house.message())

    async def run():
        guard = lambda host, ip: checked.append((host, ip))  # noqa: E731
        async with speaking(house, keep, resolver=resolver, guard=guard) as (peer, transport):
            await answered(transport, f"http://social.example:{peer.port}/")
            assert asked == [("social.example", peer.port)]
            assert checked == [("social.example", "127.0.0.1")]
            assert b"Host: social.example:%d\r\n" % peer.port in heads[0]

    asyncio.run(run())


def test_one_forbidden_address_forbids_the_host_and_another_guard_may_not_use_its_connection(house):
    def guard(host, ip):
        raise Refused("no")

    async def run():
        async with speaking(house, house.answering(house.message())) as (peer, transport):
            line = Line()
            await answered(transport, peer.url)
            with pytest.raises(Refused):
                await answered(transport, peer.url, extensions={"guard": guard, "line": line})
            assert line.state == "not_sent"
            with pytest.raises(Refused):
                await answered(transport, f"http://127.0.0.1:{peer.port}", extensions={"guard": guard})
            assert peer.requests == 1

    asyncio.run(run())


def test_a_dead_address_gives_way_to_the_next(house):
    async def resolver(host, port):
        return ["::1", "127.0.0.1"]  # the peer listens on IPv4 only

    async def run():
        async with speaking(house, house.answering(house.message()), resolver=resolver) as (peer, transport):
            response = await answered(transport, f"http://social.example:{peer.port}/")
            assert response.extensions["peer"] == "127.0.0.1"

    asyncio.run(run())


def test_a_header_that_cannot_be_sent_is_told_before_the_line(house):
    async def run():
        async with speaking(house, house.answering(house.message())) as (peer, transport):
            line = Line()
            with pytest.raises(httpx.LocalProtocolError):
                await answered(transport, peer.url, headers={"X": "a\r\nb"}, extensions={"line": line})
            assert line.state == "not_sent"

    asyncio.run(run())


def test_no_cancellation_costs_a_slot_or_leaves_a_connection_in_doubt(house):
    async def run():
        async with speaking(house, house.answering(house.message()), max_connections=2) as (peer, transport):
            cancelled = 0
            for turns in range(40):
                if turns % 2:
                    await answered(transport, peer.url)  # so that some meet an idle connection and some do not
                task = asyncio.create_task(answered(transport, peer.url, content=b"x"))
                for _ in range(turns // 2):
                    await asyncio.sleep(0)
                cancelled += task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            assert cancelled > 5
            both = await asyncio.gather(answered(transport, peer.url), answered(transport, peer.url))
            assert [response.status_code for response in both] == [200, 200]
            pool = next(iter(transport._pools.values()))
            assert pool._slots._value == 2
            assert all(connection.stands() for connection in pool._idle)

    asyncio.run(run())


def test_a_url_without_a_host_is_told_before_the_line(house):
    async def run():
        for url in ("http:///x", "ftp://a.example/"):
            with pytest.raises(httpx.UnsupportedProtocol):
                await answered(Transport(), url)

    asyncio.run(run())


def test_a_connection_on_which_the_peer_spoke_unasked_is_not_used(house):
    async def impatient(peer, conn):
        await peer.request(conn)
        await peer.send(conn, house.message(b"first"))
        await asyncio.sleep(0.01)
        await peer.send(conn, house.message(b"too slow", "408 Request Timeout"))
        await peer.gone(conn)

    async def run():
        async with speaking(house, impatient) as (peer, transport):
            for _ in range(2):
                assert (await answered(transport, peer.url)).content == b"first"
                await asyncio.sleep(0.03)
            assert peer.connections == 2

    asyncio.run(run())


def test_the_deadline_ends_what_no_silence_ends(house):
    async def dripping(peer, conn):
        await peer.request(conn)
        await peer.send(conn, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            await peer.send(conn, b" ")
            await asyncio.sleep(0.01)

    async def run():
        async with speaking(house, dripping) as (peer, transport):
            with pytest.raises(httpx.ReadTimeout):
                await answered(transport, peer.url, extensions={"deadline": 0.1, "timeout": {"read": 5.0}})

    asyncio.run(run())


def test_hints_without_end_are_no_answer(house):
    async def hinting(peer, conn):
        await peer.request(conn)
        await peer.send(conn, b"HTTP/1.1 102 Processing\r\n\r\n" * 50)
        await peer.gone(conn)

    async def run():
        async with speaking(house, hinting) as (peer, transport):
            with pytest.raises(httpx.RemoteProtocolError, match="InformationalResponse"):
                await answered(transport, peer.url, extensions={"deadline": 1.0})

    asyncio.run(run())
