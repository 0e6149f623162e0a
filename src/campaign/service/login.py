"""login: who is at the desk. Passwords are argon2id hashes; links and sessions are random, and kept as digests only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from threading import BoundedSemaphore
from typing import Protocol

from campaign.core.errors import Forbidden, Invalid, NotFound
from campaign.core.model import Person
from campaign.service import App, event
from campaign.store import logins, people
from campaign.store.logins import Session

LASTS = timedelta(hours=12)  # of a session, from the last time that it was used
LINK_LASTS = timedelta(hours=24)
SHORTEST, LONGEST = 12, 200  # characters of a password
_AT_ONCE = BoundedSemaphore(4)  # each hash takes 64 MiB: many strangers at once must not take all memory


class Hasher(Protocol):
    """What argon2.PasswordHasher does."""

    def hash(self, password: str) -> str:
        """Return the hash with its parameters and its salt."""

    def verify(self, hash: str, password: str) -> bool:
        """Return True, or raise."""


@cache
def usual_hasher() -> Hasher:
    """Return argon2id as RFC 9106 recommends it where memory is scarce: 64 MiB, three passes.

    https://www.rfc-editor.org/rfc/rfc9106#section-4
    """
    from argon2 import PasswordHasher

    made: Hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
    return made


@dataclass(frozen=True, slots=True)
class Entered:
    """A fresh login: the cookie's value is known here and nowhere else."""

    cookie: str
    session: Session


def set_password(app: App, name: str, password: str, *, hasher: Hasher | None = None) -> Person:
    """Give a person a password. Raises: NotFound; Invalid: too short, too long, or the name."""
    _check(name, password)
    hashed = _hash(hasher or usual_hasher(), password)
    with app.store.begin() as tx:
        person = people.person_named(tx, name)
        logins.put_password(tx, person.id, hashed)
        event(app, tx, "person.password", name)
    return person


def make_link(app: App, name: str, *, now: datetime, by: str = "") -> str:
    """Return the secret of a new one-time link for a person; older ones are worth nothing any more.

    Args:
        by: who makes it; else the person.

    Raises:
        NotFound: there is nobody of that name.
    """
    token = app.new_key()
    with app.store.begin() as tx:
        person = people.person_named(tx, name)
        logins.add_link(tx, person.id, _digest(token), expires_at=now + LINK_LASTS)
        event(app, tx, "person.link", by or name, detail={"user": name})
    return token


def whose_link(app: App, token: str, *, now: datetime) -> Person:
    """Return who may come in by a link. Raises: NotFound."""
    with app.store.read() as tx:
        person = logins.link_of(tx, _digest(token), now=now)
    if person is None:
        raise NotFound("link", "…", "it is used up or too old; an admin makes a new one: campaign user link NAME")
    return person


def use_link(
    app: App, token: str, password: str, *, locale: str, now: datetime, hasher: Hasher | None = None
) -> Entered:
    """Come in by a one-time link and choose a password. Raises: NotFound; Invalid."""
    person = whose_link(app, token, now=now)
    _check(person.name, password)
    hashed = _hash(hasher or usual_hasher(), password)
    with app.store.begin() as tx:
        if not logins.use_link(tx, _digest(token), now=now):
            raise NotFound("link", "…", "it is used up")
        logins.put_password(tx, person.id, hashed)
        logins.put_locale(tx, person.id, locale)
        event(app, tx, "person.password", person.name)
    return enter(app, person, now=now)


def log_in(app: App, name: str, password: str, *, now: datetime, hasher: Hasher | None = None) -> Entered:
    """Come in by name and password. Raises: Forbidden, after the same work whoever asks."""
    hasher = hasher or usual_hasher()
    with app.store.read() as tx:
        found = logins.password_of(tx, name)
    hashed = found[1] if found else None
    try:
        known = hashed or _nobody(app, hasher)
        with _AT_ONCE:
            good = hasher.verify(known, password[:LONGEST]) and hashed is not None
    except Exception:  # noqa: BLE001 - argon2 has an exception for each way of not being the password
        good = False
    if not good or found is None:
        raise Forbidden("name or password is wrong")
    return enter(app, found[0], now=now)


def enter(app: App, person: Person, *, now: datetime) -> Entered:
    """Begin a session for a person who has proved to be one."""
    cookie = app.new_key()
    csrf = app.new_key()
    with app.store.begin() as tx:
        logins.add_session(tx, person, _digest(cookie), csrf, now=now, expires_at=now + LASTS)
    return Entered(cookie, Session(_digest(cookie), person, csrf, now + LASTS, None))


def session_of(app: App, cookie: str, *, now: datetime) -> Session | None:
    """Return the session of a cookie; one that is used lasts longer."""
    if not cookie or len(cookie) > 100:
        return None
    with app.store.read() as tx:
        found = logins.session(tx, _digest(cookie), now=now)
    if found is not None and found.expires_at - now < LASTS - timedelta(minutes=10):
        with app.store.begin() as tx:
            logins.prolong(tx, found.token_sha256, expires_at=now + LASTS)
    return found


def log_out(app: App, session: Session) -> None:
    """End a session."""
    with app.store.begin() as tx:
        logins.end_session(tx, session.token_sha256)


def _check(name: str, password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid("password", "…", f"must have {SHORTEST} to {LONGEST} characters")
    if password.casefold().strip() == name.casefold() or len(set(password)) < 5:
        raise Invalid("password", "…", "must not be the name, nor one sign over and over")


def _hash(hasher: Hasher, password: str) -> str:
    with _AT_ONCE:
        return hasher.hash(password)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


_NOBODY: dict[int, str] = {}


def _nobody(app: App, hasher: Hasher) -> str:
    """Return a hash of nobody's password: an unknown name costs the same work."""
    if id(hasher) not in _NOBODY:
        _NOBODY[id(hasher)] = _hash(hasher, app.new_key())
    return _NOBODY[id(hasher)]
