"""What the tables are made of: the names of their constraints, and the kinds of columns that many share."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite has no zones, so there it is kept naive, in UTC: 2026-11-24 10:00:00.000000."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = _utc(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        aware: datetime = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware

    def bind_processor(self, dialect: Dialect) -> Any:
        # Seven instants are bound for each delivery: one step each in place of SQLAlchemy's three.
        return _to_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _from_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise TypeError(f"an instant must be aware, this one is not: {value!r}")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _to_text(value: datetime | None) -> str | None:
    return None if value is None else _utc(value).isoformat(" ", "microseconds")[:26]


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


def id_column(name: str = "id", **options: Any) -> sa.Column[str]:
    """Return a primary key: a UUIDv7."""
    return sa.Column(name, sa.String(36), primary_key=True, **options)


def reference(table: str, name: str, **options: Any) -> sa.Column[str]:
    """Return a column that names a row of another table."""
    return sa.Column(
        name, sa.String(36), sa.ForeignKey(f"{table}.id"), nullable=options.pop("nullable", False), **options
    )
