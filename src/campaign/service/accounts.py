"""Accounts: connected, asked, removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from campaign.core.adapter import Connected, Exchanges, seal
from campaign.core.errors import Conflict, Invalid
from campaign.core.model import Account, Guarantee, Person, Role
from campaign.service import App, demand_role, event
from campaign.service.miss import miss
from campaign.service.notify import over
from campaign.service.refresh import live
from campaign.service.space import space_out
from campaign.store import accounts as account_rows
from campaign.store.credentials import Lifetime, credential_of


@dataclass(frozen=True, slots=True)
class Linked:
    """A connected account, and what its platform warned of."""

    account: Account
    warnings: tuple[str, ...]


async def connect(
    app: App,
    platform: str,
    *,
    name: str,
    base_url: str,
    token: str,
    langs: Sequence[str],
    by: Person,
    private: bool,
    again: bool = False,
    options: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    lifetime: Lifetime | None = None,
) -> Linked:
    """Ask a platform who a token belongs to and what it may do, and keep the account with its token sealed.

    Args:
        private: the address was typed by an operator and may be of the local network.
        again: give an account that exists a new token; its deliveries and history stay.
        options: what the platform needs to know besides: which channel, which user.
        secrets: further secrets of it by name: a watcher's token.
        lifetime: how long the token lives, where that was told; None: for good.

    Raises:
        Unauthorized, Unavailable, Refused: the platform said so; nothing was kept.
        Conflict: the name is taken, or another account already is this identity.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    _check_token(token)
    draft, old = draft_of(
        app, platform, name=name, base_url=base_url, langs=langs, private=private, again=again, options=options
    )
    token = seal(token.strip(), secrets or {})
    told = await app.open_adapter(draft, token, Exchanges()).connect()
    account = _filled(draft, told)
    with app.store.begin() as tx:
        for other in account_rows.all_accounts(tx):
            same_identity = (other.base_url, other.remote_id) == (account.base_url, account.remote_id)
            if other.id != account.id and other.platform == platform and same_identity:
                raise Conflict(f"{account.handle} is connected already, as account '{other.name}'")
        if old is not None:
            if old.remote_id != account.remote_id or old.platform != platform:
                raise Conflict(f"account '{name}' is {old.handle}, but this token belongs to {account.handle}")
            account_rows.reconnect(tx, account, app.vault, token, lifetime)
            miss(app, tx)  # what became late meanwhile is not sent the moment that the token holds again
            account_rows.lift(tx, "account", name, person=by.name, at=app.clock.now())
            over(app, tx, "account.refused", name)
            space_out(app, tx)
        else:
            account_rows.add_account(tx, account, app.vault, token, lifetime)
        event(app, tx, "account.connected", by.name, detail={"account": name, "handle": account.handle})
    return Linked(account, told.warnings)


def draft_of(
    app: App,
    platform: str,
    *,
    name: str,
    base_url: str,
    langs: Sequence[str],
    private: bool,
    again: bool,
    options: Mapping[str, str] | None,
) -> tuple[Account, Account | None]:
    """Return an account as it is before its platform was asked, and the one of that name that is there already.

    Raises: Invalid. Conflict: the name is taken.
    """
    clean = _checked(name, base_url, langs)
    with app.store.read() as tx:
        old = next((entry for entry in account_rows.every_account(tx) if entry.name == name), None)
        if old is not None and not again and not account_rows.is_removed(tx, old.id):
            raise Conflict(f"account '{name}' exists already; choose another name, or give --again for a new token")
    draft = Account(
        id=old.id if old else app.new_id(),
        name=name,
        platform=platform,
        base_url=clean,
        handle="",
        remote_id="",
        kind="",
        langs=tuple(langs),
        guarantee=Guarantee.NONE,
        sheet={"private": private, **({"given": dict(options)} if options else {})},
        connected_at=app.clock.now(),
    )
    return draft, old


async def test(app: App, name: str) -> dict[str, Any]:
    """Ask an account's platform whether its token still holds, and what changed since it was connected."""
    with app.store.read() as tx:
        account = account_rows.account_named(tx, name)
        held = credential_of(tx, account, app.vault)
    told = await app.open_adapter(account, await live(app, account, held), Exchanges()).connect()
    fresh = _filled(account, told)
    changed = {
        key: [account.sheet.get(key), value] for key, value in fresh.sheet.items() if account.sheet.get(key) != value
    }
    return {
        "account": name,
        "handle": told.handle,
        "kind": told.kind,
        "guarantee": str(told.guarantee),
        "changed": changed,
        "warnings": list(told.warnings),
    }


def remove(app: App, name: str, *, by: Person) -> Account:
    """Forget an account's token; what it published stays on record. Raises: Conflict while deliveries are open."""
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.begin() as tx:
        account = account_rows.account_named(tx, name)
        account_rows.remove_account(tx, account, at=app.clock.now())
        over(app, tx, "account.refused", name)
        event(app, tx, "account.removed", by.name, detail={"account": name})
    return account


def _filled(draft: Account, told: Connected) -> Account:
    ours = {name: draft.sheet[name] for name in ("private", "given") if name in draft.sheet}
    return replace(
        draft,
        handle=told.handle,
        remote_id=told.remote_id,
        kind=told.kind,
        guarantee=told.guarantee,
        sheet={**told.sheet, **ours},
    )


def _checked(name: str, base_url: str, langs: Sequence[str]) -> str:
    if not name or len(name) > 64 or not all(c.isalnum() or c in "-_." for c in name):
        raise Invalid("name", name, "must be 1 to 64 letters, digits, - _ or ., as in kr")
    parts = urlsplit(base_url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.username:
        # A token may have been pasted into it: what may hold one is not repeated.
        shown = (
            f"{parts.scheme}://{parts.hostname}/…" if parts.hostname else base_url.partition("?")[0].rpartition("@")[2]
        )
        raise Invalid("base-url", shown, "must be the server's address alone, as in https://mastodon.example")
    if not langs:
        raise Invalid("lang", "", "must name at least one language that this account speaks")
    if bad := [lang for lang in langs if not (lang.isascii() and lang.replace("-", "").isalpha() and len(lang) <= 12)]:
        raise Invalid("lang", bad[0], "must be a language tag such as ko, en, ru")
    if len(set(langs)) != len(langs):
        raise Invalid("lang", ",".join(langs), "names a language twice")
    return base_url.rstrip("/")


def _check_token(token: str) -> None:
    if not token.strip() or len(token) > 4096 or any(c.isspace() or ord(c) < 33 for c in token.strip()):
        raise Invalid("token", "…", "must be one word on standard input (--token-stdin)")
