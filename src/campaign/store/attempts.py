"""Attempts: what was tried for a delivery, with the bytes that went over the wire."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.model import Attempt, Exchange
from campaign.store.tables import attempts, deliveries, exchanges

_ATTEMPTS, _EXCHANGES = attempts.insert(), exchanges.insert()


def add_attempts(tx: Connection, made: Sequence[Attempt]) -> None:
    """Append attempts and their exchanges."""
    tx.execute(
        _ATTEMPTS,
        [
            {
                "id": attempt.id,
                "delivery_id": attempt.delivery_id,
                "number": attempt.number,
                "kind": attempt.kind,
                "started_at": attempt.started_at,
                "ended_at": attempt.ended_at,
                "outcome": attempt.outcome,
                "error": attempt.error,
            }
            for attempt in made
        ],
    )
    rows = [
        {
            "attempt_id": attempt.id,
            "position": position,
            "method": exchange.method,
            "url": exchange.url,
            "at": exchange.at,
            "request": exchange.request,
            "response": exchange.response,
            "outcome": exchange.outcome,
            "took": exchange.took,
            "address": exchange.address,
            "body_sha256": exchange.body_sha256,
            "body_size": exchange.body_size,
            "redacted": list(exchange.redacted),
        }
        for attempt in made
        for position, exchange in enumerate(attempt.exchanges, 1)
    ]
    if rows:
        tx.execute(_EXCHANGES, rows)


def add_attempt(tx: Connection, attempt: Attempt) -> None:
    """Append an attempt and its exchanges."""
    add_attempts(tx, [attempt])


def is_kept(tx: Connection, attempt_id: str) -> bool:
    """Whether an attempt is there already."""
    return tx.execute(sa.select(attempts.c.id).where(attempts.c.id == attempt_id)).first() is not None


def attempts_of(tx: Connection, delivery_id: str) -> list[Attempt]:
    """Return the attempts of a delivery with their exchanges, oldest first."""
    return _read(tx, sa.select(attempts).where(attempts.c.delivery_id == delivery_id))


def attempts_of_post(tx: Connection, post_id: str) -> list[Attempt]:
    """Return the attempts of all deliveries of a post, oldest first."""
    query = sa.select(attempts).join(deliveries, deliveries.c.id == attempts.c.delivery_id)
    return _read(tx, query.where(deliveries.c.post_id == post_id))


def _read(tx: Connection, query: sa.Select[tuple[object, ...]]) -> list[Attempt]:
    rows = tx.execute(query.order_by(attempts.c.started_at, attempts.c.id)).mappings().all()
    kept = _exchanges(tx, [row["id"] for row in rows])
    return [Attempt(**row, exchanges=tuple(kept.get(row["id"], ()))) for row in rows]


def _exchanges(tx: Connection, ids: Sequence[str]) -> dict[str, list[Exchange]]:
    kept: dict[str, list[Exchange]] = {}
    query = sa.select(exchanges).where(exchanges.c.attempt_id.in_(ids))
    for row in tx.execute(query.order_by(exchanges.c.attempt_id, exchanges.c.position)).mappings():
        response = row["response"]
        kept.setdefault(row["attempt_id"], []).append(
            Exchange(
                method=row["method"],
                url=row["url"],
                at=row["at"],
                request=bytes(row["request"]),
                response=None if response is None else bytes(response),
                outcome=row["outcome"],
                took=row["took"],
                address=row["address"],
                body_sha256=row["body_sha256"],
                body_size=row["body_size"],
                redacted=tuple(row["redacted"]),
            )
        )
    return kept
