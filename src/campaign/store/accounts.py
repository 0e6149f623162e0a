"""Accounts, and the pauses that fence their deliveries."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.errors import Conflict, NotFound
from campaign.core.model import Account, ArchiveState, Guarantee
from campaign.store.credentials import Lifetime, credential_of, put_token
from campaign.store.tables import accounts, credentials, deliveries, pauses
from campaign.store.vault import Vault


def add_account(tx: Connection, account: Account, vault: Vault, token: str, lifetime: Lifetime | None = None) -> None:
    """Keep an account and its sealed token. Raises: Conflict when the name is taken."""
    old = tx.execute(sa.select(accounts).where(accounts.c.name == account.name)).mappings().first()
    if old is not None:
        raise Conflict(f"account '{account.name}' exists already; choose another name, or remove it first")
    _insert(tx, account, ArchiveState.DUE)
    put_token(tx, account.id, vault, token, lifetime, at=account.connected_at)


def restore_account(tx: Connection, account: Account) -> None:
    """Keep an account that comes from the record: it has no token until it is connected again."""
    _insert(tx, account, ArchiveState.ARCHIVED)


def reconnect(tx: Connection, account: Account, vault: Vault, token: str, lifetime: Lifetime | None = None) -> None:
    """Give a connected account a new token and what its server tells today; deliveries and history stay."""
    tx.execute(
        accounts.update()
        .where(accounts.c.id == account.id)
        .values(
            handle=account.handle,
            kind=account.kind,
            langs=list(account.langs),
            guarantee=account.guarantee,
            sheet=dict(account.sheet),
            connected_at=account.connected_at,
            removed_at=None,
            archive_state=ArchiveState.DUE,
        )
    )
    put_token(tx, account.id, vault, token, lifetime, at=account.connected_at)


def token_of(tx: Connection, account: Account, vault: Vault) -> str:
    """Return an account's token. Raises: NotFound when it has none (removed, or restored from the archive)."""
    return credential_of(tx, account, vault).secrets


def account_named(tx: Connection, name: str, *, removed: bool = False) -> Account:
    """Return the connected account of that name. Raises: NotFound, which names those that are there."""
    query = sa.select(accounts).where(accounts.c.name == name)
    row = tx.execute(query if removed else query.where(accounts.c.removed_at.is_(None))).mappings().first()
    if row is None:
        known = ", ".join(account.name for account in all_accounts(tx)) or "none yet"
        raise NotFound("account", name, f"connected accounts: {known}")
    return _account(row)


def account_of(tx: Connection, account_id: str) -> Account:
    """Return the account of that row id, also a removed one."""
    return _account(tx.execute(sa.select(accounts).where(accounts.c.id == account_id)).mappings().one())


def all_accounts(tx: Connection) -> list[Account]:
    """Return the connected accounts, by name."""
    query = sa.select(accounts).where(accounts.c.removed_at.is_(None)).order_by(accounts.c.name)
    return [_account(row) for row in tx.execute(query).mappings()]


def every_account(tx: Connection) -> list[Account]:
    """Return all accounts there ever were, removed ones too."""
    return [_account(row) for row in tx.execute(sa.select(accounts).order_by(accounts.c.name)).mappings()]


def is_removed(tx: Connection, account_id: str) -> bool:
    """Whether an account was taken off the list."""
    query = sa.select(accounts.c.removed_at).where(accounts.c.id == account_id)
    return tx.execute(query).scalar_one_or_none() is not None


def is_archived(tx: Connection, account_id: str) -> bool:
    """Whether the record holds an account."""
    query = sa.select(accounts.c.archive_state).where(accounts.c.id == account_id)
    return tx.execute(query).scalar_one_or_none() == ArchiveState.ARCHIVED


def remove_account(tx: Connection, account: Account, *, at: datetime) -> None:
    """Forget an account's token and take it off the list; what it published stays on record.

    Raises:
        Conflict: it still has deliveries that are not settled.
    """
    open_states = ("scheduled", "claimed", "publishing", "processing", "uncertain", "missed")
    query = sa.select(sa.func.count()).where(deliveries.c.account_id == account.id, deliveries.c.state.in_(open_states))
    number = tx.execute(query).scalar_one()
    if number:
        raise Conflict(f"account '{account.name}' still has {number} open deliveries; cancel or settle them first")
    tx.execute(credentials.delete().where(credentials.c.account_id == account.id))
    tx.execute(accounts.update().where(accounts.c.id == account.id).values(removed_at=at))


def due_for_archive(tx: Connection) -> list[Account]:
    """Return the accounts that the record does not hold yet."""
    query = sa.select(accounts).where(accounts.c.archive_state == ArchiveState.DUE)
    return [_account(row) for row in tx.execute(query).mappings()]


def archived(tx: Connection, account_id: str) -> None:
    """Say that the record holds an account."""
    values = {"archive_state": ArchiveState.ARCHIVED}
    tx.execute(accounts.update().where(accounts.c.id == account_id).values(**values))


@dataclass(frozen=True, slots=True)
class Pause:
    """A fence: nothing in its scope is sent until it is lifted."""

    id: str
    scope: str  # all | campaign | language | platform | account
    name: str
    reason: str
    person: str
    since: datetime


def pause(tx: Connection, entry: Pause) -> None:
    """Put up a fence. A second one of the same scope changes nothing, also when both are put up at once."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    query = insert(pauses).values(
        id=entry.id,
        scope=entry.scope,
        name=entry.name,
        reason=entry.reason,
        person=entry.person,
        since=entry.since,
    )
    tx.execute(query.on_conflict_do_nothing(index_elements=["scope", "name"], index_where=pauses.c.until.is_(None)))


def lift(tx: Connection, scope: str, name: str, *, person: str, at: datetime) -> int:
    """Take fences down; return how many there were."""
    query = pauses.update().where(pauses.c.scope == scope, pauses.c.name == name, pauses.c.until.is_(None))
    return int(tx.execute(query.values(until=at, lifted_by=person)).rowcount)


def pauses_now(tx: Connection) -> list[Pause]:
    """Return the fences that stand."""
    columns = (pauses.c.id, pauses.c.scope, pauses.c.name, pauses.c.reason, pauses.c.person, pauses.c.since)
    query = sa.select(*columns).where(pauses.c.until.is_(None)).order_by(pauses.c.since)
    return [Pause(**row) for row in tx.execute(query).mappings()]


def _insert(tx: Connection, account: Account, archive_state: ArchiveState) -> None:
    tx.execute(
        accounts.insert().values(
            id=account.id,
            name=account.name,
            platform=account.platform,
            base_url=account.base_url,
            handle=account.handle,
            remote_id=account.remote_id,
            kind=account.kind,
            langs=list(account.langs),
            guarantee=account.guarantee,
            sheet=dict(account.sheet),
            connected_at=account.connected_at,
            archive_state=archive_state,
        )
    )


def _account(row: RowMapping) -> Account:
    return Account(
        id=row["id"],
        name=row["name"],
        platform=row["platform"],
        base_url=row["base_url"],
        handle=row["handle"],
        remote_id=row["remote_id"],
        kind=row["kind"],
        langs=tuple(row["langs"]),
        guarantee=Guarantee(row["guarantee"]),
        sheet=row["sheet"],
        connected_at=row["connected_at"],
    )
