"""Answers: the bytes that readings and comments were read from, kept until the record holds them.

An exchange is one blob: a line of JSON, the request, the answer, deflated together. That is two fifths of what went
over the wire (1,530 exchanges of the demo: 1.9 of 4.7 MB), and nobody asks for a single field here.
"""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.model import Exchange
from campaign.store.tables import answers, deliveries

MANY = 500  # ids in one statement


@dataclass(frozen=True, slots=True)
class Kept:
    """One exchange that the record does not hold yet."""

    id: str
    exchange: Exchange


def keep(
    tx: Connection,
    account_id: str,
    exchanges: Sequence[Exchange],
    *,
    at: datetime,
    new_id: Callable[[], str],
    delivery_id: str | None = None,
) -> int:
    """Keep the exchanges of one reading; return how many were kept.

    What never left is left out. So is an exchange whose answer (status and body) is that of the last one kept of the
    same question (method, URL and body) of the account in this month (UTC): a counter that stands still is kept once.

    Args:
        at: when it was read, as the readings say.
        delivery_id: whose comments were asked for; None: counters.
    """
    asked = [(_asked(one, delivery_id), _told(one), one) for one in exchanges if one.outcome != "not_sent"]
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)  # each month is on record by itself
    last = _last(tx, account_id, sorted({question for question, _, _ in asked}), month)
    rows = []
    for number, (question, answer, exchange) in enumerate(asked, 1):
        if last.get(question) == answer:
            continue
        last[question] = answer
        rows.append(
            {
                "id": new_id(),
                "account_id": account_id,
                "delivery_id": delivery_id,
                "at": at,
                "number": number,
                "asked": question,
                "told": answer,
                "packed": pack(exchange),
            }
        )
    if rows:
        tx.execute(answers.insert(), rows)
    return len(rows)


def of_counters(tx: Connection, account_id: str, *, since: datetime, before: datetime) -> list[Kept]:
    """Return what the counters of an account were read from in a period, oldest first."""
    mine = (answers.c.account_id == account_id, answers.c.delivery_id.is_(None))
    return _read(tx, sa.select(answers).where(*mine, answers.c.at >= since, answers.c.at < before))


def of_comments(tx: Connection, delivery_ids: Sequence[str]) -> list[Kept]:
    """Return what the comments of deliveries were read from, oldest first."""
    return _read(tx, sa.select(answers).where(answers.c.delivery_id.in_(delivery_ids)))


def commented_posts(tx: Connection) -> list[str]:
    """Return the posts of whose comments there are exchanges that the record does not hold yet."""
    query = sa.select(deliveries.c.post_id).join(answers, answers.c.delivery_id == deliveries.c.id).distinct()
    return sorted(tx.execute(query).scalars())


def drop(tx: Connection, kept: Sequence[Kept]) -> None:
    """Take out what the record holds now."""
    for start in range(0, len(kept), MANY):
        tx.execute(answers.delete().where(answers.c.id.in_([one.id for one in kept[start : start + MANY]])))


def forget(tx: Connection, *, before: datetime) -> None:
    """Take out what comments were read from before an instant: people's names and words are in it."""
    tx.execute(answers.delete().where(answers.c.delivery_id.is_not(None), answers.c.at < before))


def pack(exchange: Exchange) -> bytes:
    """Return an exchange as one blob."""
    told = {
        "method": exchange.method,
        "url": exchange.url,
        "at": exchange.at.isoformat(),
        "outcome": exchange.outcome,
        "took": exchange.took,
        "address": exchange.address,
        "body_sha256": exchange.body_sha256,
        "body_size": exchange.body_size,
        "redacted": list(exchange.redacted),
        "request": len(exchange.request),  # bytes of it; the rest is the answer
        "answered": exchange.response is not None,
    }
    return zlib.compress(json.dumps(told).encode() + b"\n" + exchange.request + (exchange.response or b""))


def unpack(packed: bytes) -> Exchange:
    """Return the exchange that a blob was made of."""
    line, _, rest = zlib.decompress(packed).partition(b"\n")
    told: dict[str, Any] = json.loads(line)
    length, answered = told.pop("request"), told.pop("answered")
    return Exchange(
        **{
            **told,
            "at": datetime.fromisoformat(told["at"]),
            "redacted": tuple(told["redacted"]),
            "request": rest[:length],
            "response": rest[length:] if answered else None,
        }
    )


def _last(tx: Connection, account_id: str, questions: Sequence[str], since: datetime) -> dict[str, str]:
    """Return question → the last answer to it that is kept."""
    found: dict[str, str] = {}
    for start in range(0, len(questions), MANY):
        some = questions[start : start + MANY]
        query = sa.select(answers.c.asked, answers.c.told).where(
            answers.c.account_id == account_id, answers.c.asked.in_(some), answers.c.at >= since
        )
        found |= {row.asked: row.told for row in tx.execute(query.order_by(answers.c.at, answers.c.number))}
    return found


def _asked(exchange: Exchange, delivery_id: str | None) -> str:
    body = exchange.body_sha256 or exchange.request.partition(b"\r\n\r\n")[2]
    return sha256(repr((delivery_id, exchange.method, exchange.url, body)).encode()).hexdigest()


def _told(exchange: Exchange) -> str:
    head, _, body = (exchange.response or b"").partition(b"\r\n\r\n")
    return sha256(repr((exchange.outcome, head.partition(b"\r\n")[0], body)).encode()).hexdigest()


def _read(tx: Connection, query: sa.Select[tuple[object, ...]]) -> list[Kept]:
    rows = tx.execute(query.order_by(answers.c.at, answers.c.number, answers.c.id)).mappings()
    return [Kept(row["id"], unpack(bytes(row["packed"]))) for row in rows]
