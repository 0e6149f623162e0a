"""How people get into the desk: password hashes, one-time links, sessions. Of a secret only its digest is kept."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.model import Person
from campaign.store.people import person_of
from campaign.store.tables import login_links, people, sessions


@dataclass(frozen=True, slots=True)
class Session:
    """A person at the desk."""

    token_sha256: str
    person: Person
    csrf: str
    expires_at: datetime
    locale: str | None


def password_of(tx: Connection, name: str) -> tuple[Person, str | None] | None:
    """Return a person with the hash of the password; None: there is nobody of that name."""
    row = tx.execute(sa.select(people).where(people.c.name == name)).mappings().first()
    return (person_of(row), row["password_hash"]) if row else None


def has_password(tx: Connection) -> bool:
    """Whether anybody can log in at all."""
    return tx.execute(sa.select(people.c.id).where(people.c.password_hash.is_not(None)).limit(1)).first() is not None


def put_password(tx: Connection, person_id: str, password_hash: str) -> None:
    """Keep a new hash; whoever was logged in under the old password is out."""
    tx.execute(people.update().where(people.c.id == person_id).values(password_hash=password_hash))
    tx.execute(sessions.delete().where(sessions.c.person_id == person_id))


def put_locale(tx: Connection, person_id: str, locale: str) -> None:
    """Keep the language in which a person reads the desk."""
    tx.execute(people.update().where(people.c.id == person_id).values(locale=locale))


def add_link(tx: Connection, person_id: str, token_sha256: str, *, expires_at: datetime) -> None:
    """Keep a one-time link; older ones of this person are worth nothing any more."""
    tx.execute(login_links.delete().where(login_links.c.person_id == person_id))
    tx.execute(login_links.insert().values(token_sha256=token_sha256, person_id=person_id, expires_at=expires_at))


def link_of(tx: Connection, token_sha256: str, *, now: datetime) -> Person | None:
    """Return whose link this is, while it can be used."""
    query = (
        sa.select(people)
        .join(login_links, login_links.c.person_id == people.c.id)
        .where(
            login_links.c.token_sha256 == token_sha256,
            login_links.c.used_at.is_(None),
            login_links.c.expires_at > now,
        )
    )
    row = tx.execute(query).mappings().first()
    return person_of(row) if row else None


def use_link(tx: Connection, token_sha256: str, *, now: datetime) -> bool:
    """Use a link up, once; False when somebody was faster."""
    query = login_links.update().where(login_links.c.token_sha256 == token_sha256, login_links.c.used_at.is_(None))
    return bool(tx.execute(query.values(used_at=now)).rowcount)


def add_session(
    tx: Connection, person: Person, token_sha256: str, csrf: str, *, now: datetime, expires_at: datetime
) -> None:
    """Keep a login, and forget those that are over."""
    tx.execute(sessions.delete().where(sessions.c.expires_at <= now))
    tx.execute(
        sessions.insert().values(
            token_sha256=token_sha256, person_id=person.id, csrf=csrf, created_at=now, expires_at=expires_at
        )
    )


def session(tx: Connection, token_sha256: str, *, now: datetime) -> Session | None:
    """Return a login that is not over."""
    query = (
        sa.select(people, sessions.c.csrf, sessions.c.expires_at)
        .join(sessions, sessions.c.person_id == people.c.id)
        .where(sessions.c.token_sha256 == token_sha256, sessions.c.expires_at > now)
    )
    row = tx.execute(query).mappings().first()
    return Session(token_sha256, person_of(row), row["csrf"], row["expires_at"], row["locale"]) if row else None


def prolong(tx: Connection, token_sha256: str, *, expires_at: datetime) -> None:
    """Let a login last longer."""
    tx.execute(sessions.update().where(sessions.c.token_sha256 == token_sha256).values(expires_at=expires_at))


def end_session(tx: Connection, token_sha256: str) -> None:
    """Log out."""
    tx.execute(sessions.delete().where(sessions.c.token_sha256 == token_sha256))
