"""Sealed tokens: how long they live, who renews them now, and the keys that they are sealed under."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.errors import NotFound
from campaign.core.model import Account
from campaign.store.tables import connections, credentials
from campaign.store.vault import Vault

# What is thought of a token (column refusals): 0: nothing is wrong with it.
DOUBTED = 1  # the platform refused it: it is renewed before its next use
PROBATION = 2  # it is new, for the one before was refused
HOPELESS = 3  # it was refused too: only a person helps
RESTS = "rests"  # in place of a worker: nobody renews it before its lease is over


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a token lives, and what it is renewed with.

    Attributes:
        renewal: plain JSON without a secret: client id, token endpoint, and how that is spoken to.
        expires_mono, boot: when it ends, in the clock's real time; None: nobody said, or never.
        expires_at: the same for people, aware UTC.
    """

    renewal: Mapping[str, Any] | None = None
    expires_at: datetime | None = None
    expires_mono: float | None = None
    boot: str | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """An account's secrets as they are now.

    Attributes:
        secrets: the token with what else is secret, as core.adapter.seal() made it.
        generation: which token this is; each renewal is one more.
        refusals: what is thought of it: 0, DOUBTED, PROBATION, HOPELESS.
        renewer: who renews it, or died while renewing it; RESTS: nobody, for a while.
    """

    account_id: str
    secrets: str
    generation: int
    refusals: int
    lifetime: Lifetime
    renewer: str | None = None


@dataclass(frozen=True, slots=True)
class Renewing:
    """Who renews a token, alone, and until when that counts."""

    worker: str
    until: float
    boot: str


def put_token(
    tx: Connection, account_id: str, vault: Vault, token: str, lifetime: Lifetime | None = None, *, at: datetime
) -> None:
    """Seal and keep a token, in place of an older one."""
    query = sa.select(credentials.c.generation).where(credentials.c.account_id == account_id)
    generation = (tx.execute(query).scalar_one_or_none() or 0) + 1
    # A rotation locks the table: whoever writes after it must seal after it too, under the key that stays.
    tx.execute(credentials.delete().where(credentials.c.account_id == account_id))
    key_id, sealed = vault.seal(account_id, token)
    values = {"key_id": key_id, "sealed": sealed, "updated_at": at, "generation": generation}
    tx.execute(credentials.insert().values(account_id=account_id, **values, **_columns(lifetime or Lifetime())))


def credential_of(tx: Connection, account: Account, vault: Vault) -> Credential:
    """Return an account's secrets with their lifetime.

    Raises: NotFound when it has none (removed, or restored from the archive).
    """
    row = tx.execute(sa.select(credentials).where(credentials.c.account_id == account.id)).mappings().first()
    if row is None:
        raise NotFound("token of account", account.name, "connect it again with: campaign account add")
    lifetime = Lifetime(row["renewal"], row["expires_at"], row["expires_mono"], row["boot"])
    secrets = vault.unseal(account.id, bytes(row["sealed"]))
    return Credential(account.id, secrets, row["generation"], row["refusals"], lifetime, row["lease"])


def begin_renewal(tx: Connection, held: Credential, renewing: Renewing, *, mono: float) -> bool:
    """Take the right to renew a token; return whether we have it.

    Nobody else has it while it lasts, and the token must still be the one that is held. Who died with it loses it
    when its time is over, or with the boot.
    """
    free = sa.or_(
        credentials.c.lease.is_(None), credentials.c.lease_boot != renewing.boot, credentials.c.lease_until <= mono
    )
    query = credentials.update().where(
        credentials.c.account_id == held.account_id, credentials.c.generation == held.generation, free
    )
    values = {"lease": renewing.worker, "lease_until": renewing.until, "lease_boot": renewing.boot}
    return bool(tx.execute(query.values(**values)).rowcount)


def renewed(
    tx: Connection, held: Credential, vault: Vault, token: str, lifetime: Lifetime, *, refusals: int, at: datetime
) -> bool:
    """Keep the new token in place of the one that it was bought with; return whether that was still there.

    Where it was not, a person connected the account again meanwhile, or somebody else renewed: theirs stays.
    """
    mine = (credentials.c.account_id == held.account_id, credentials.c.generation == held.generation)
    # The row is locked first, so that a rotation of keys comes wholly before the sealing or wholly after the writing.
    if not tx.execute(credentials.update().where(*mine).values(lease=None)).rowcount:
        return False
    key_id, sealed = vault.seal(held.account_id, token)
    values = {"key_id": key_id, "sealed": sealed, "updated_at": at, "generation": held.generation + 1}
    values |= {"lease": None, "lease_until": None, "lease_boot": None, "refusals": refusals}
    tx.execute(credentials.update().where(*mine).values(**values, **_columns(lifetime)))
    return True


def rest(tx: Connection, held: Credential, worker: str, *, mono: float, until: float | None, boot: str) -> None:
    """Give back the right to renew a token, which stays as it is; `until`: nobody is to try again before."""
    query = credentials.update().where(credentials.c.account_id == held.account_id, credentials.c.lease == worker)
    values: dict[str, Any] = {"lease": None, "lease_until": None, "lease_boot": None}
    if until is not None and until > mono:
        values = {"lease": RESTS, "lease_until": until, "lease_boot": boot}
    tx.execute(query.values(**values))


def refused(tx: Connection, account_id: str, generation: int) -> int | None:
    """Note that the platform refused a token that can be renewed; return what is thought of it now.

    None: it cannot be renewed. 0: the token is another one by now. DOUBTED: it is renewed before its next use.
    HOPELESS: it was new, and renewed because the one before was refused.
    """
    query = sa.select(credentials.c.generation, credentials.c.renewal, credentials.c.refusals)
    row = tx.execute(query.where(credentials.c.account_id == account_id)).mappings().first()
    if row is None or row["renewal"] is None:
        return None
    if row["generation"] != generation:
        return 0
    thought = DOUBTED if row["refusals"] in (0, DOUBTED) else HOPELESS
    mine = (credentials.c.account_id == account_id, credentials.c.generation == generation)
    tx.execute(credentials.update().where(*mine).values(refusals=thought))
    # What rested while the token lived need not rest any more.
    tx.execute(credentials.update().where(*mine, credentials.c.lease == RESTS).values(lease=None))
    return thought


@dataclass(frozen=True, slots=True)
class Pending:
    """A consent that was asked for; see service/connect.py. `sealed` is the JSON of what is secret in it."""

    state_sha256: str
    person: str
    session_sha256: str | None
    draft: Mapping[str, Any]
    sealed: str
    began_at: datetime
    expires_mono: float
    boot: str


def add_pending(tx: Connection, entry: Pending, vault: Vault, *, mono: float, boot: str) -> None:
    """Keep a consent that was asked for; those that nobody answered in time are forgotten."""
    tx.execute(connections.delete().where(sa.or_(connections.c.boot != boot, connections.c.expires_mono < mono)))
    key_id, sealed = vault.seal(entry.state_sha256, entry.sealed)
    tx.execute(
        connections.insert().values(
            state_sha256=entry.state_sha256,
            person=entry.person,
            session_sha256=entry.session_sha256,
            draft=dict(entry.draft),
            key_id=key_id,
            sealed=sealed,
            began_at=entry.began_at,
            expires_mono=entry.expires_mono,
            boot=entry.boot,
        )
    )


def pending_of(tx: Connection, state_sha256: str, vault: Vault) -> Pending | None:
    """Return a consent that was asked for, if it is there."""
    row = tx.execute(sa.select(connections).where(connections.c.state_sha256 == state_sha256)).mappings().first()
    if row is None:
        return None
    names = ("state_sha256", "person", "session_sha256", "draft", "began_at", "expires_mono", "boot")
    return Pending(**{name: row[name] for name in names}, sealed=vault.unseal(state_sha256, bytes(row["sealed"])))


def use_pending(tx: Connection, state_sha256: str) -> bool:
    """Forget a consent, for it is used; return whether it was there: of two who come at once, one gets it."""
    return bool(tx.execute(connections.delete().where(connections.c.state_sha256 == state_sha256)).rowcount)


def lock(tx: Connection) -> None:
    """Let nobody else write a sealed secret until the transaction ends. SQLite has one writer anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("LOCK TABLE credentials, connections IN SHARE ROW EXCLUSIVE MODE"))


def under_other_keys(tx: Connection, key_id: str) -> int:
    """Return how many secrets are sealed under another key than this one."""
    tables = (credentials, connections)
    return sum(
        tx.execute(sa.select(sa.func.count()).select_from(table).where(table.c.key_id != key_id)).scalar_one()
        for table in tables
    )


def reseal(tx: Connection, vault: Vault, *, limit: int) -> int:
    """Seal up to `limit` secrets anew that are sealed under an older key; return how many there were.

    Raises: CampaignError: one cannot be opened; nothing was changed.
    """
    done = 0
    for table, owner in ((credentials, credentials.c.account_id), (connections, connections.c.state_sha256)):
        query = sa.select(owner, table.c.sealed).where(table.c.key_id != vault.key_id).limit(limit - done)
        for owner_id, sealed in tx.execute(query).all():
            key_id, fresh = vault.seal(owner_id, vault.unseal(owner_id, bytes(sealed)))
            tx.execute(table.update().where(owner == owner_id).values(key_id=key_id, sealed=fresh))
            done += 1
    return done


def _columns(lifetime: Lifetime) -> dict[str, Any]:
    return {
        "renewal": None if lifetime.renewal is None else dict(lifetime.renewal),
        "expires_at": lifetime.expires_at,
        "expires_mono": lifetime.expires_mono,
        "boot": lifetime.boot,
    }
