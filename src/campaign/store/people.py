"""People, and the log of what they and the daemon did."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.model import Person, Role
from campaign.store.tables import events, people

_EVENTS = events.insert()


def add_person(tx: Connection, person: Person, *, at: datetime) -> None:
    """Keep a person. Raises: Conflict when the name or the login is taken."""
    taken = tx.execute(sa.select(people.c.name).where(people.c.name == person.name)).first()
    if taken:
        raise Conflict(f"user '{person.name}' exists already; choose another name")
    if person.login and tx.execute(sa.select(people.c.name).where(people.c.login == person.login)).first():
        raise Conflict(f"login '{person.login}' belongs to another user already")
    tx.execute(
        people.insert().values(
            id=person.id,
            name=person.name,
            roles=sorted(person.roles),
            login=person.login,
            langs=sorted(person.langs),
            accounts=sorted(person.accounts),
            created_at=at,
        )
    )


def person_named(tx: Connection, name: str) -> Person:
    """Return the person of that name. Raises: NotFound."""
    row = tx.execute(sa.select(people).where(people.c.name == name)).mappings().first()
    if row is None:
        raise NotFound("user", name, "list them with: campaign user list")
    return person_of(row)


def person_of_login(tx: Connection, login: str) -> Person | None:
    """Return the person that an operating system's user is, if any."""
    row = tx.execute(sa.select(people).where(people.c.login == login)).mappings().first()
    return person_of(row) if row else None


def all_people(tx: Connection) -> list[Person]:
    """Return everybody, by name."""
    return [person_of(row) for row in tx.execute(sa.select(people).order_by(people.c.name)).mappings()]


def log(
    tx: Connection,
    *,
    id: str,
    at: datetime,
    event: str,
    person: str,
    post_id: str | None = None,
    delivery_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append one line to the log."""
    tx.execute(
        events.insert().values(
            id=id,
            at=at,
            event=event,
            person=person,
            post_id=post_id,
            delivery_id=delivery_id,
            detail=dict(detail or {}),
        )
    )


def log_all(tx: Connection, lines: Sequence[Mapping[str, Any]]) -> None:
    """Append many lines to the log, each with the fields that log() takes."""
    tx.execute(_EVENTS, [{"post_id": None, "delivery_id": None, "detail": {}, **line} for line in lines])


def events_of(tx: Connection, post_id: str) -> list[dict[str, Any]]:
    """Return the log of a post, oldest first."""
    query = sa.select(events).where(events.c.post_id == post_id).order_by(events.c.at, events.c.id)
    return [dict(row) for row in tx.execute(query).mappings()]


def person_of(row: RowMapping) -> Person:
    """Return the person that a row holds."""
    roles = frozenset(Role(role) for role in row["roles"])
    langs, accounts = frozenset(row["langs"]), frozenset(row["accounts"])
    return Person(row["id"], row["name"], roles, row["login"], langs, accounts)
