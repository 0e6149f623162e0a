"""Readings of engagement: planned per delivery, kept append-only, sealed when the record holds them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.model import Measurement, ReadingStatus
from campaign.core.states import State
from campaign.store.tables import credentials, deliveries, measurements


@dataclass(frozen=True, slots=True)
class Due:
    """A published delivery whose counters are to be read."""

    delivery_id: str
    account_id: str
    remote_id: str
    published_at: datetime
    measure_at: datetime


def due(tx: Connection, *, now: datetime, limit: int) -> list[Due]:
    """Return the deliveries whose counters are to be read now, the longest due first; accounts without token rest."""
    columns = (
        deliveries.c.id.label("delivery_id"),
        deliveries.c.account_id,
        deliveries.c.remote_id,
        deliveries.c.published_at,
        deliveries.c.measure_at,
    )
    query = (
        sa.select(*columns)
        .where(deliveries.c.measure_at <= now, deliveries.c.state == State.PUBLISHED, _readable())
        .order_by(deliveries.c.measure_at, deliveries.c.id)
        .limit(limit)
    )
    return [Due(**row) for row in tx.execute(query).mappings()]


def next_reading(tx: Connection) -> datetime | None:
    """Return when the next reading is due."""
    query = (
        sa.select(deliveries.c.measure_at)
        .where(deliveries.c.measure_at.is_not(None), deliveries.c.state == State.PUBLISHED, _readable())
        .order_by(deliveries.c.measure_at)
        .limit(1)
    )
    value: datetime | None = tx.execute(query).scalar_one_or_none()
    return value


def plan(tx: Connection, delivery_id: str, measure_at: datetime | None) -> None:
    """Say when a delivery is read next; None: never again."""
    tx.execute(deliveries.update().where(deliveries.c.id == delivery_id).values(measure_at=measure_at))


def add_readings(tx: Connection, items: Sequence[Measurement], *, sealed: bool = False) -> int:
    """Append readings; one that is there already (same delivery, metric and instant) is left as it is."""
    if not items:
        return 0
    ids = sorted({item.delivery_id for item in items})
    query = sa.select(measurements.c.delivery_id, measurements.c.metric, measurements.c.as_of)
    there = {tuple(row) for row in tx.execute(query.where(measurements.c.delivery_id.in_(ids)))}
    fresh = {(item.delivery_id, item.metric, item.as_of): item for item in reversed(items)}
    rows = [
        {
            "delivery_id": item.delivery_id,
            "metric": item.metric,
            "as_of": item.as_of,
            "value": item.value,
            "status": item.status,
            "source": item.source,
            "sealed": sealed,
        }
        for key, item in fresh.items()
        if key not in there
    ]
    if rows:
        tx.execute(measurements.insert(), rows)
    return len(rows)


def readings_of(tx: Connection, delivery_ids: Sequence[str]) -> list[Measurement]:
    """Return the readings of deliveries, oldest first."""
    query = sa.select(measurements).where(measurements.c.delivery_id.in_(delivery_ids))
    return _read(tx, query)


def unsealed(tx: Connection, account_id: str, *, before: datetime) -> list[Measurement]:
    """Return the readings of an account before an instant that the record does not hold yet."""
    query = (
        sa.select(measurements)
        .join(deliveries, deliveries.c.id == measurements.c.delivery_id)
        .where(deliveries.c.account_id == account_id, measurements.c.sealed.is_(False), measurements.c.as_of < before)
    )
    return _read(tx, query)


def in_period(tx: Connection, account_id: str, *, since: datetime, before: datetime) -> list[Measurement]:
    """Return the readings of an account in a period."""
    query = (
        sa.select(measurements)
        .join(deliveries, deliveries.c.id == measurements.c.delivery_id)
        .where(deliveries.c.account_id == account_id, measurements.c.as_of >= since, measurements.c.as_of < before)
    )
    return _read(tx, query)


def seal(tx: Connection, items: Sequence[Measurement]) -> None:
    """Say that the record holds these readings."""
    if not items:
        return
    same = [column == sa.bindparam(f"the_{column.name}") for column in measurements.primary_key]
    rows = [{f"the_{column.name}": getattr(item, column.name) for column in measurements.primary_key} for item in items]
    tx.execute(measurements.update().where(*same).values(sealed=True), rows)


def sealed_months(tx: Connection) -> dict[tuple[str, str], int]:
    """Return (account id, month as YYYY-MM in UTC) → how many readings of it the record holds."""
    query = (
        sa.select(deliveries.c.account_id, measurements.c.as_of)
        .join(deliveries, deliveries.c.id == measurements.c.delivery_id)
        .where(measurements.c.sealed.is_(True))
    )
    return dict(Counter((row.account_id, f"{row.as_of:%Y-%m}") for row in tx.execute(query)))


def gaps(tx: Connection) -> list[tuple[str, str, int]]:
    """Return (delivery, metric, how often) where a platform that has a counter did not tell it."""
    query = (
        sa.select(measurements.c.delivery_id, measurements.c.metric, sa.func.count())
        .where(measurements.c.status == ReadingStatus.ERROR)
        .group_by(measurements.c.delivery_id, measurements.c.metric)
        .order_by(measurements.c.delivery_id, measurements.c.metric)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def number(tx: Connection) -> int:
    """Return how many readings there are."""
    return int(tx.execute(sa.select(sa.func.count()).select_from(measurements)).scalar_one())


def _readable() -> sa.ColumnElement[bool]:
    return sa.exists().where(credentials.c.account_id == deliveries.c.account_id)


def _read(tx: Connection, query: sa.Select[tuple[object, ...]]) -> list[Measurement]:
    order = (measurements.c.as_of, measurements.c.delivery_id, measurements.c.metric)
    return [
        Measurement(
            delivery_id=row["delivery_id"],
            metric=row["metric"],
            value=row["value"],
            status=ReadingStatus(row["status"]),
            as_of=row["as_of"],
            source=row["source"],
        )
        for row in tx.execute(query.order_by(*order)).mappings()
    ]
