"""Evidence: what a person reads before they say what became of a delivery."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from campaign.core.evidence import LONGEST, body_of, evidence_of
from campaign.core.model import Attempt, Delivery, Exchange, Guarantee
from campaign.core.states import State

AT = datetime(2026, 11, 24, tzinfo=UTC)
DELIVERY = Delivery(
    "d", "p", "a", "c", "o", "0" * 64, ("ko",), 1, None, State.UNCERTAIN, AT, AT, "key", Guarantee.NONE,
    attempts=1, wire={"key": "key"}, sent_at=AT,
)  # fmt: skip
SENT = Exchange("POST", "https://x.example/posts", AT, b"POST /posts HTTP/1.1\r\n\r\n{}", None, "silent", 0.3)


def attempt(kind: Any = "publish", number: int = 1, *exchanges: Exchange, outcome: str = "uncertain") -> Attempt:
    at = AT + timedelta(seconds=number)
    return Attempt(f"{kind}{number}", "d", number, kind, at, at, outcome, None, exchanges)


def test_what_was_sent_and_that_nothing_came_back() -> None:
    [seen] = evidence_of(DELIVERY, [attempt("publish", 1, SENT)])

    assert ("POST https://x.example/posts", "no answer", None) == (seen.request, seen.answer, seen.answered)
    assert (1, "publish", AT, 0.3, "uncertain") == (seen.number, seen.kind, seen.at, seen.took, seen.outcome)
    assert seen.body and ("{}", 2, sha256(b"{}").hexdigest()) == (seen.body.text, seen.body.size, seen.body.sha256)


@pytest.mark.parametrize(
    ("response", "outcome", "answer"),
    [
        (None, "not_sent", "nothing was sent"),
        (b"HTTP/1.1 500 Oops\r\nA: b\r\n\r\nsorry", "answered", "HTTP/1.1 500 Oops"),
        (b"HTTP/1.1 200 OK\r\n\r\n{", "silent", "HTTP/1.1 200 OK (cut short)"),
    ],
)
def test_what_came_back(response: bytes | None, outcome: str, answer: str) -> None:
    [seen] = evidence_of(DELIVERY, [attempt("publish", 1, replace(SENT, response=response, outcome=outcome))])

    assert answer == seen.answer
    assert (response or b"\r\n\r\n").partition(b"\r\n\r\n")[2].decode() == (seen.answered.text if seen.answered else "")


def test_an_upload_is_named_by_the_digest_that_was_kept_of_it() -> None:
    [seen] = evidence_of(DELIVERY, [attempt("publish", 1, replace(SENT, body_sha256="ab", body_size=70_000))])

    assert seen.body and (70_000, "ab", None) == (seen.body.size, seen.body.sha256, seen.body.text)


def test_a_worker_that_died_left_no_answer_and_that_stands_where_it_belongs() -> None:
    tried = [attempt("confirm", 2, SENT, outcome="not_there"), attempt("publish", 1, SENT)]

    first, died, asked = evidence_of(replace(DELIVERY, attempts=2), tried)

    assert ("publish", "died", 2, AT) == (died.kind, died.outcome, died.number, died.at)
    assert "died past the line" in died.answer
    assert ("publish", "confirm") == (first.kind, asked.kind)


@pytest.mark.parametrize("state", [state for state in State if state is not State.UNCERTAIN])
def test_nobody_is_called_dead_whose_delivery_is_not_in_doubt(state: State) -> None:
    assert [] == evidence_of(replace(DELIVERY, state=state), [])


def test_a_body_is_shown_as_text_where_it_is_one_and_never_at_any_length() -> None:
    long = body_of(b"a" * (LONGEST + 1))

    assert body_of(b"") is None
    assert (binary := body_of(b"\xff\xfe")) and binary.text is None
    assert long and long.text and (LONGEST, LONGEST + 1) == (len(long.text), long.size)
