"""What is known of a delivery, as a person reads it: what was sent, what came back, what was asked and seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from campaign.core.model import Attempt, Delivery, Exchange
from campaign.core.states import State

LONGEST = 4000  # characters of a body that are shown; its digest and size are of the whole


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it can be shown. `text` is None where it is no text, or was too long to be kept."""

    size: int  # bytes
    sha256: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One request and its answer."""

    number: int  # of the attempt
    kind: str  # publish | confirm | …
    at: datetime
    request: str  # POST https://…
    body: Body | None
    answer: str  # HTTP/1.1 200 OK, or why there is none
    answered: Body | None
    took: float  # seconds
    outcome: str  # what the attempt as a whole came to


def evidence_of(delivery: Delivery, attempts: Iterable[Attempt]) -> list[Seen]:
    """Return what went over the wire, oldest first.

    A worker that died past the line left no answer and no exchange: that it may have sent is evidence too.
    """
    tried = sorted(attempts, key=lambda attempt: (attempt.number, attempt.started_at, attempt.id))
    seen = [_seen(attempt, exchange) for attempt in tried for exchange in attempt.exchanges]
    known = {attempt.number for attempt in tried if attempt.kind == "publish"}
    number = delivery.attempts
    if delivery.state is State.UNCERTAIN and delivery.sent_at is not None and number not in known:
        died = Seen(
            number, "publish", delivery.sent_at, "the request that makes the post", None,
            "no answer was kept: the worker died past the line of no return", None, 0.0, "died",
        )  # fmt: skip
        place = next((n for n, each in enumerate(seen) if each.number >= number), len(seen))
        seen.insert(place, died)
    return seen


def _seen(attempt: Attempt, exchange: Exchange) -> Seen:
    sent = body_of(_parted(exchange.request)[1])
    if exchange.body_sha256 is not None and exchange.body_size is not None:
        sent = Body(exchange.body_size, exchange.body_sha256, None)
    answer, answered = "no answer", None
    if exchange.response is not None:
        head, body = _parted(exchange.response)
        answer, answered = head.split(b"\r\n", 1)[0].decode("latin-1"), body_of(body)
    elif exchange.outcome == "not_sent":
        answer = "nothing was sent"
    if exchange.response is not None and exchange.outcome == "silent":
        answer += " (cut short)"
    return Seen(
        number=attempt.number,
        kind=attempt.kind,
        at=exchange.at,
        request=f"{exchange.method} {exchange.url}",
        body=sent,
        answer=answer,
        answered=answered,
        took=exchange.took,
        outcome=attempt.outcome,
    )


def body_of(body: bytes) -> Body | None:
    """Return a body as it can be shown; None when there is none."""
    if not body:
        return None
    try:
        text: str | None = body.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None and len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return Body(len(body), sha256(body).hexdigest(), text)


def _parted(message: bytes) -> tuple[bytes, bytes]:
    head, _, body = message.partition(b"\r\n\r\n")
    return head, body
