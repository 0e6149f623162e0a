"""Answers: packed and unpacked as they were, each new answer to a question once, on both databases."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.model import Exchange
from campaign.store import answers
from tests.store.conftest import NOW, Desk

HOUR = timedelta(hours=1)
ONE = Exchange(
    method="GET",
    url="https://a.example/1",
    at=NOW,
    request=b"GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    response=b'HTTP/1.1 200 OK\r\nDate: today\r\n\r\n{"n":1}',
    outcome="answered",
)
TOLD = replace(ONE, response=b'HTTP/1.1 200 OK\r\nDate: today\r\n\r\n{"n":2}')
EXCHANGES = st.builds(
    Exchange,
    method=st.sampled_from(["GET", "POST"]),
    url=st.text(st.characters(exclude_categories=("Cs",))),
    at=st.datetimes(timezones=st.just(UTC)),
    request=st.binary(),
    response=st.none() | st.binary(),
    outcome=st.sampled_from(["answered", "silent"]),
    took=st.floats(0, 1e6),
    address=st.none() | st.just("192.0.2.1"),
    body_sha256=st.none() | st.just("a" * 64),
    body_size=st.none() | st.integers(0, 2**60),
    redacted=st.lists(st.text(max_size=9), max_size=2).map(tuple),
)


def keep(desk: Desk, *exchanges: Exchange, at: datetime = NOW, delivery_id: str | None = None) -> int:
    ids = (f"{at:%d%H%M%S%f}-{delivery_id and 'c'}-{number}" for number in itertools.count())
    with desk.store.begin() as tx:
        return answers.keep(tx, desk.account.id, exchanges, at=at, new_id=lambda: next(ids), delivery_id=delivery_id)


def kept(desk: Desk, *, since: datetime = NOW, before: datetime = NOW + 9 * HOUR) -> list[Exchange]:
    with desk.store.read() as tx:
        return [one.exchange for one in answers.of_counters(tx, desk.account.id, since=since, before=before)]


@given(EXCHANGES)
def test_what_was_packed_is_unpacked(exchange: Exchange) -> None:
    assert exchange == answers.unpack(answers.pack(exchange))


def test_an_answer_that_stays_the_same_is_kept_once_until_it_changes(desk: Desk) -> None:
    same = replace(ONE, response=ONE.response and ONE.response.replace(b"today", b"tomorrow"))
    back = replace(same, at=NOW + 3 * HOUR)
    numbers = [
        keep(desk, ONE),
        keep(desk, same, at=NOW + HOUR),
        keep(desk, TOLD, TOLD, at=NOW + 2 * HOUR),
        keep(desk, back, at=NOW + 3 * HOUR),
    ]

    assert [1, 0, 1, 1] == numbers
    assert [ONE, TOLD, back] == kept(desk)


def test_each_month_has_the_first_answer_of_its_own(desk: Desk) -> None:
    end = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)

    assert [1, 1, 0] == [keep(desk, ONE, at=at) for at in (end, end + HOUR, end + 2 * HOUR)]


def test_another_question_is_another_one_and_what_never_left_is_none(desk: Desk) -> None:
    elsewhere, posted = replace(ONE, url="https://a.example/2"), replace(ONE, request=ONE.request + b"id=2")
    silent, refused = replace(ONE, response=None, outcome="silent"), replace(ONE, response=b"HTTP/1.1 503 No\r\n\r\n")
    asked = [ONE, elsewhere, posted, silent, replace(ONE, outcome="not_sent"), refused]

    assert 5 == keep(desk, *asked)
    assert [ONE, elsewhere, posted, silent, refused] == kept(desk)


def test_what_was_said_of_comments_stands_by_itself_and_is_forgotten_in_time(desk: Desk) -> None:
    delivery = desk.add()
    keep(desk, ONE)
    keep(desk, ONE, delivery_id=delivery.id)
    with desk.store.begin() as tx:
        assert [ONE] == [one.exchange for one in answers.of_comments(tx, [delivery.id])]
        assert [delivery.post_id] == answers.commented_posts(tx)
        answers.forget(tx, before=NOW)
        assert 1 == len(answers.of_comments(tx, [delivery.id]))
        answers.forget(tx, before=NOW + HOUR)
        assert [] == answers.of_comments(tx, [delivery.id])
    assert [ONE] == kept(desk)


def test_a_period_ends_before_its_end_and_what_is_dropped_is_gone(desk: Desk) -> None:
    keep(desk, ONE)
    keep(desk, TOLD, at=NOW + HOUR)

    assert [ONE] == kept(desk, before=NOW + HOUR)
    with desk.store.begin() as tx:
        answers.drop(tx, answers.of_counters(tx, desk.account.id, since=NOW, before=NOW + HOUR))
    assert [TOLD] == kept(desk)
