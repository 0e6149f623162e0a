"""Every request ends in one outcome and leaves one exchange."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from campaign.core.errors import RateLimited, Refused, Spent, Unauthorized, Unavailable, Uncertain
from campaign.net.guard import Guard
from campaign.net.limit import Limiter
from campaign.net.redact import Redactor

TOKEN = "tok-SECRET-1234567890"
GUARD = Guard(["social.example"])


class Answer(httpx.AsyncBaseTransport):
    """Answers without a wire; it vouches for nothing, as any foreign transport."""

    def __init__(self, status=200, body=b'{"id":"1"}', headers=()):
        self.status, self.body, self.headers = status, body, list(headers)
        self.seen = []

    async def handle_async_request(self, request):
        self.seen.append(request)
        return httpx.Response(self.status, headers=self.headers, stream=httpx.ByteStream(self.body))


def speak(house, answer, verb="commit", method="POST", path="/api/v1/statuses", url="https://social.example", **more):
    """Return the reply or the outcome raised, and the desk."""
    desk_more = {key: more.pop(key) for key in ("guard", "redactor", "budget", "token") if key in more}
    desk_more.setdefault("guard", Guard(["social.example"]))

    async def run():
        async with house.Desk(url, answer, **desk_more) as desk:
            try:
                return await getattr(desk.client, verb)(method, path, **more), desk
            except Exception as outcome:  # noqa: BLE001
                return outcome, desk

    found, desk = asyncio.run(run())
    assert len(desk.kept) == 1
    return found, desk


@pytest.mark.parametrize(
    ("status", "asked", "committed"),
    [
        (200, None, None),
        (201, None, None),
        (299, None, None),
        (301, Refused, Uncertain),
        (304, Refused, Uncertain),
        (307, Refused, Uncertain),
        (400, Refused, Refused),
        (401, Unauthorized, Unauthorized),
        (403, Refused, Refused),
        (404, Refused, Refused),
        (408, Unavailable, Uncertain),
        (409, Refused, Refused),
        (422, Refused, Refused),
        (429, RateLimited, RateLimited),
        (500, Unavailable, Uncertain),
        (502, Unavailable, Uncertain),
        (503, Unavailable, Uncertain),
        (599, Unavailable, Uncertain),
        (600, Unavailable, Uncertain),
    ],
)
def test_a_status_means_one_thing(house, status, asked, committed):
    for verb, expected in (("ask", asked), ("commit", committed)):
        found, desk = speak(house, Answer(status), verb)
        if expected is None:
            assert found.status == status
        else:
            assert type(found) is expected
            assert found.status == status
        assert desk.kept[0].outcome == "answered"
        assert desk.kept[0].response.startswith(b"HTTP/1.1 %d" % status)


def test_a_status_may_be_declared_an_answer(house):
    found, _ = speak(house, Answer(404), "ask", "GET", ok={200, 404})
    assert found.status == 404
    found, _ = speak(house, Answer(202), "commit", ok={200})
    assert type(found) is Uncertain


@pytest.mark.parametrize("body", [b"", b"null", b'"text"', b"17", b"<html>", b'{"id":', b"[" * 100_000, b"\xff\xfe{"])
def test_a_body_that_is_no_object_is_no_answer(house, body):
    for verb, expected in (("ask", Unavailable), ("commit", Uncertain)):
        reply, _ = speak(house, Answer(200, body), verb)
        with pytest.raises(expected) as caught:
            reply.json()
        assert caught.value.status == 200


def test_a_reply_has_its_json_its_headers_and_the_servers_time(house):
    date = ("Date", "Thu, 08 Oct 2026 12:00:00 GMT")
    reply, _ = speak(house, Answer(200, b'[{"id":"1"}]', [date]), "ask", "GET")
    assert reply.json() == [{"id": "1"}]
    assert reply.headers["DATE"] == date[1]
    assert reply.date == datetime(2026, 10, 8, 12, tzinfo=UTC)
    assert speak(house, Answer(), "ask", "GET")[0].date is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "Text can't be blank"}, "Text can't be blank"),
        ({"error": "invalid_grant", "error_description": "code is old"}, "invalid_grant: code is old"),
        ({"error": "InvalidRequest", "message": "grapheme too big"}, "InvalidRequest: grapheme too big"),
        ({"error": {"message": "(#10) no permission", "code": 10}}, "(#10) no permission"),
        ({"ok": False, "description": "Bad Request: chat not found"}, "Bad Request: chat not found"),
        ({"error": "line\nbreak"}, "line break"),
        ({}, "422"),
    ],
)
def test_a_message_names_account_request_and_the_platforms_words(house, body, words):
    found, _ = speak(house, Answer(422, json.dumps(body).encode()), params={"q": "private"})
    assert str(found).startswith("twin account kr: POST /api/v1/statuses: 422")
    assert words in str(found)
    assert "private" not in str(found)
    assert found.body == body


def test_a_message_is_short_and_holds_no_token(house):
    error = {"error": f"bad token {TOKEN} " + "x" * 500}
    found, _ = speak(house, Answer(401, json.dumps(error).encode()))
    assert TOKEN not in str(found)
    assert len(str(found)) < 270
    found, _ = speak(house, Answer(400), path=f"/bot{TOKEN}/sendMessage")
    assert "/bot[redacted]/sendMessage" in str(found)


def test_a_redirect_names_where_it_points_and_is_not_followed(house):
    answer = Answer(302, headers=[("Location", "https://evil.example/login?token=x")])
    found, _ = speak(house, answer, "ask", "GET")
    assert str(found).endswith("302, redirects to evil.example")
    assert len(answer.seen) == 1


def test_a_rate_limit_holds_the_budget(house):
    budget = Limiter(house.RealClock())
    found, _ = speak(house, Answer(429, headers=[("Retry-After", "30")]), budget=budget)
    assert found.retry_after == 30

    async def run():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budget.take("twin account kr"), 0.02)

    asyncio.run(run())


def test_a_place_that_was_kept_is_used_by_the_commit_alone(house):
    async def run():
        clock = house.RealClock()
        budget = Limiter(clock)
        budget.allow("twin account kr", 10, 1000.0)
        async with house.Desk("https://social.example", Answer(), guard=GUARD, budget=budget) as desk:
            async with desk.client.admitted(within=0):
                await desk.client.ask("POST", "/media")
                budget.hold("twin account kr", 100)
                await asyncio.wait_for(desk.client.commit("POST", "/statuses"), 5)  # it was admitted before
                with pytest.raises(Spent):
                    await desk.client.ask("POST", "/media")
            assert budget.left("twin account kr") == pytest.approx(8, abs=0.1)
            with pytest.raises(Spent):
                async with desk.client.admitted(within=1):
                    raise AssertionError("it is held")

    asyncio.run(run())


def test_a_place_that_is_not_used_is_given_back(house):
    async def run():
        budget = Limiter(house.RealClock())
        budget.allow("twin account kr", 10, 1000.0)
        async with house.Desk("https://social.example", Answer(), guard=GUARD, budget=budget) as desk:
            with pytest.raises(ValueError, match="before the line"):
                async with desk.client.admitted(within=0):
                    assert budget.left("twin account kr") == pytest.approx(9, abs=0.1)
                    raise ValueError("before the line")
            assert budget.left("twin account kr") == pytest.approx(10, abs=0.1)

    asyncio.run(run())


def test_the_piece_of_an_upload_takes_nothing_from_the_budget(house):
    for counted, left in ((False, 10), (True, 9)):
        budget = Limiter(house.RealClock())
        budget.allow("twin account kr", 10, 1000.0)
        speak(house, Answer(), "ask", "PUT", budget=budget, counted=counted)
        assert budget.left("twin account kr") == pytest.approx(left, abs=0.1)


def test_what_a_reading_tells_is_taken_over_and_what_others_tell_is_not(house):
    told = [("X-RateLimit-Limit", "40"), ("X-RateLimit-Remaining", "7"), ("X-RateLimit-Reset", "60")]
    for method, left in (("GET", 7), ("POST", 99), ("DELETE", 99)):
        budget = Limiter(house.RealClock())
        budget.allow("twin account kr", 100, 1e6)
        speak(house, Answer(200, headers=told), "ask", method, budget=budget)
        assert budget.left("twin account kr") == pytest.approx(left, abs=0.1)


def test_the_last_rate_is_kept(house):
    headers = [("X-RateLimit-Limit", "300"), ("X-RateLimit-Remaining", "7"), ("X-RateLimit-Reset", "60")]
    _, desk = speak(house, Answer(200, headers=headers))
    assert (desk.client.rate.limit, desk.client.rate.remaining, desk.client.rate.reset) == (300, 7, 60.0)
    assert speak(house, Answer())[1].client.rate is None


def test_a_token_goes_to_declared_hosts_only(house):
    answer = Answer()
    speak(house, answer, "ask", "GET")
    assert answer.seen[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    found, desk = speak(house, answer, "ask", "GET", "https://other.example/x")
    assert type(found) is Refused
    assert len(answer.seen) == 1
    assert desk.kept[0].outcome == "not_sent"
    speak(house, answer, "ask", "PUT", "https://upload.example/x", foreign=True, content=b"clip")
    assert "Authorization" not in answer.seen[-1].headers
    found, _ = speak(
        house, answer, "ask", "PUT", "https://upload.example/x", foreign=True, headers={"Authorization": TOKEN}
    )
    assert type(found) is Refused
    assert len(answer.seen) == 2
    speak(house, answer, "commit", "PUT", "https://upload.example/x", foreign=True, content=b"the last piece")
    assert "Authorization" not in answer.seen[-1].headers
    found, _ = speak(house, answer, "commit", "PUT", "https://upload.example/x", content=b"the last piece")
    assert (Refused, 3) == (type(found), len(answer.seen))


def test_what_a_caller_says_in_a_header_counts(house):
    answer = Answer()
    speak(house, answer, headers={"authorization": "Basic x", "ACCEPT": "text/html"})
    assert answer.seen[-1].headers.get_list("Authorization") == ["Basic x"]
    assert answer.seen[-1].headers.get_list("Accept") == ["text/html"]


def test_a_url_that_is_none_is_refused(house):
    async def run():
        async with house.Desk("https://social.example", Answer()) as desk:
            with pytest.raises(Refused, match="no URL"):
                await desk.client.ask("GET", "https://0177.0.0.1/", foreign=True)

    asyncio.run(run())


@pytest.mark.parametrize("error", [RuntimeError("odd"), KeyError("x"), httpx.ReadError("x"), OSError("x")])
def test_anything_odd_during_a_commit_is_a_doubt(house, error):
    class Odd(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            raise error

    found, desk = speak(house, Odd())
    assert type(found) is Uncertain
    assert desk.kept[0].outcome == "silent"
    assert desk.kept[0].response is None


def test_a_header_that_cannot_be_sent_is_refused_not_retried(house):
    async def run():
        async with house.Peer(house.answering(house.message())) as peer, house.Desk(peer.url) as desk:
            with pytest.raises(Refused, match="cannot be sent"):
                await desk.client.commit("POST", "/x", headers={"X": "a\r\nb"})
            assert [exchange.outcome for exchange in desk.kept] == ["not_sent"]

    asyncio.run(run())


@pytest.mark.parametrize("verb", ["ask", "commit"])
def test_a_private_address_is_refused_before_anything_leaves(house, verb):
    async def run():
        async with house.Peer(house.answering(house.message())) as peer:
            guard = Guard([f"localhost:{peer.port}"], private=True)
            async with house.Desk(f"http://localhost:{peer.port}", guard=guard) as desk:
                await desk.client.ask("GET", "/x")
            assert desk.kept[0].address == "127.0.0.1"
            async with house.Desk(f"https://localhost:{peer.port}", guard=Guard(["localhost"])) as desk:
                with pytest.raises(Refused, match="loopback"):
                    await getattr(desk.client, verb)("POST", "/x")
            assert [exchange.outcome for exchange in desk.kept] == ["not_sent"]
            assert peer.connections == 1

    asyncio.run(run())


@pytest.mark.parametrize("waits_for", ["answer", "budget"])
def test_a_cancelled_request_leaves_its_exchange(house, waits_for):
    async def silent(peer, conn):
        await peer.request(conn)
        await peer.gone(conn)

    async def run():
        budget = Limiter(house.RealClock())
        if waits_for == "budget":
            budget.hold("twin account kr", 10)
        async with house.Peer(silent) as peer, house.Desk(peer.url, budget=budget) as desk:
            task = asyncio.create_task(desk.client.commit("POST", "/x", json={"a": 1}))
            await asyncio.sleep(0.03)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [exchange.outcome for exchange in desk.kept] == ["silent" if waits_for == "answer" else "not_sent"]
            assert peer.requests == (1 if waits_for == "answer" else 0)

    asyncio.run(run())


def test_an_answer_compressed_against_our_wish_is_read(house):
    coded = gzip.compress(b'{"token":"x","id":"1"}')
    reply, desk = speak(house, Answer(200, coded, [("Content-Encoding", "gzip")]))
    assert reply.json()["id"] == "1"
    assert b'{"token":"[redacted]","id":"1"}' in desk.kept[0].response
    assert b"ncoding" not in desk.kept[0].response


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_an_answer_that_cannot_be_decoded_is_a_doubt(house, coding):
    for body in (b"nonsense", gzip.compress(b"x" * 17_000_000), gzip.compress(b'{"id":"1"}')[:-9]):
        found, _ = speak(house, Answer(200, body, [("Content-Encoding", coding)]))
        assert type(found) is Uncertain


def test_a_base_url_keeps_its_path_and_a_fresh_connection_is_asked_for(house):
    answer = Answer()
    _, desk = speak(house, answer, url="https://social.example/sub/", path="/api", params={"a": "ü"})
    assert str(answer.seen[0].url) == "https://social.example/sub/api?a=%C3%BC"
    assert answer.seen[0].extensions["fresh_within"] == 1.0
    assert desk.kept[0].at - datetime.now(UTC) < timedelta(seconds=5)


def test_a_planted_secret_is_found_only_when_redaction_is_off(house):
    answer = Answer(200, json.dumps({"echo": TOKEN}).encode())
    for enabled in (True, False):
        _, desk = speak(house, answer, redactor=Redactor([TOKEN], enabled=enabled), params={"access_token": TOKEN})
        kept = desk.kept[0]
        everything = kept.request + (kept.response or b"") + kept.url.encode()
        assert (TOKEN.encode() in everything) is not enabled
        assert bool(kept.redacted) is enabled
