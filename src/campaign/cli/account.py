"""Accounts: connected, asked, removed; and what the platforms take."""

import getpass
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from campaign.bootstrap import new_key
from campaign.cli.given import read_stdin, words
from campaign.cli.here import HERE, Here, ask
from campaign.cli.show import cell, data, fields, iso, line, say, table
from campaign.core.errors import Invalid, NotFound
from campaign.core.model import Account
from campaign.core.sheet import sheet
from campaign.platforms import available, load
from campaign.service import accounts
from campaign.store import accounts as account_rows


def add(
    platform: str,
    *,
    name: str,
    base_url: str = "",
    lang: Annotated[list[str], Parameter(name="--lang")],
    token_stdin: bool = False,
    again: bool = False,
    option: Annotated[list[str] | None, Parameter(name="--option")] = None,
    client_id: str = "",
    redirect_uri: str = "",
    sandbox: Path | None = None,
    twin: str | None = None,
    here: Here = HERE,
) -> None:
    """Connect an account: its platform is asked who the token belongs to, and what it may do.

    Examples: campaign account add youtube --name kr --lang ko ·
    campaign account add mastodon --name kr --base-url https://mastodon.example --token-stdin --lang ko < token

    Without --token-stdin, where the platform lets a person consent in a browser, an address is printed, and the one
    that the browser ends at is read from standard input, or the code in it.

    Args:
        platform: Its platform; see: campaign platforms.
        name: What it is called here, as in --to kr.
        base_url: Its server's address; not needed where the platform is at one address for all.
        lang: The languages that it speaks: ko, or ko,ru; may be given several times.
        token_stdin: Read the token from standard input; it never stands on the command line. Further secrets that the
            platform knows follow it, a line each: NAME=VALUE.
        again: Give an account that is connected a new token.
        option: What the platform needs besides: NAME=VALUE, as in channel=@seoul_ko; may be given several times.
        client_id: Who we are to the platform; else [oauth.PLATFORM] of the settings. The client's secret is the first
            line of standard input.
        redirect_uri: Where the browser comes back to, as the platform knows it; else the desk's own page.
        sandbox: The folder of a sandbox that runs: an account of its twin is connected, with all that it needs.
        twin: Which account of the twin; else its first.
    """
    kind = load(platform)  # an unknown platform is told before a token is asked for
    told = _twin(sandbox, platform, twin) if sandbox is not None else {}
    base_url = base_url or told.get("base_url") or kind.home
    if not base_url:
        raise Invalid("base-url", "", f"is needed: {platform} has many servers; name the account's own")
    options = {key: told[key] for key in kind.options if key in told} | _named("option", option or (), kind.options)
    consents = kind.oauth is not None and not token_stdin and not told
    if (client_id or redirect_uri) and not consents:
        raise Invalid("client-id", client_id, f"is for accounts connected by consent, not by a token, at {platform}")
    if consents:
        from campaign.cli.consent import connect_by_consent

        with here.opened() as app:
            linked = connect_by_consent(
                app,
                platform,
                name=name,
                base_url=base_url,
                langs=words(lang),
                by=here.person(app),
                again=again,
                options=options,
                client_id=client_id,
                redirect_uri=redirect_uri,
            )
        _connected(linked, here)
        return
    if kind.tokenless or told:
        token, more = told.get("token") or new_key(), []
    else:
        token, *more = _token(token_stdin).splitlines() or [""]
    secrets = {key: told[key] for key in kind.secrets if key in told} | _named("token", more, kind.secrets)
    with here.opened() as app:
        by = here.person(app)
        work = accounts.connect(
            app,
            platform,
            name=name,
            base_url=base_url,
            token=token,
            langs=words(lang),
            by=by,
            private=True,  # an operator typed the address
            again=again,
            options=options,
            secrets=secrets,
        )
        linked = ask(app, work)
    _connected(linked, here)


def _connected(linked: accounts.Linked, here: Here) -> None:
    for warning in linked.warnings:
        say(f"warning: {warning}")
    if here.json:
        data(_plain(linked.account) | {"warnings": list(linked.warnings)})
    else:
        account = linked.account
        line(f"account {account.name}: {account.handle} on {account.kind}, guarantee {account.guarantee}")


def show_all(*, here: Here = HERE) -> None:
    """List the connected accounts.

    Example: campaign account list
    """
    with here.opened() as app, app.store.read() as tx:
        found = [_plain(account) for account in account_rows.all_accounts(tx)]
    if here.json:
        data(found)
        return
    heads = ("name", "platform", "handle", "langs", "guarantee", "kind", "base_url", "connected_at")
    table(heads, [[row[head] for head in heads] for row in found])


def test(name: str, *, here: Here = HERE) -> None:
    """Ask an account's platform whether its token still holds, and what changed.

    Example: campaign account test kr

    Args:
        name: The account's name.
    """
    with here.opened() as app:
        told = ask(app, accounts.test(app, name))
    if here.json:
        data(told)
    else:
        fields({**told, "changed": {key: f"{old} → {new}" for key, (old, new) in told["changed"].items()}})


def remove(name: str, *, here: Here = HERE) -> None:
    """Forget an account's token; what it published stays on record.

    Example: campaign account remove kr

    Args:
        name: The account's name.
    """
    with here.opened() as app:
        account = accounts.remove(app, name, by=here.person(app))
    if here.json:
        data({"removed": account.name})
    else:
        line(f"account {account.name} removed; its token is forgotten")


def platforms(*, here: Here = HERE) -> None:
    """Show the platforms and their limits."""
    rows = [sheet(load(name)) for name in available()]
    if here.json:
        data(rows)
    elif sys.stdout.isatty():
        for row in rows:
            fields(row)
            print()
    else:
        table(list(rows[0]), [[cell(value) for value in row.values()] for row in rows])


def _twin(folder: Path, platform: str, name: str | None) -> dict[str, str]:
    """Return what an account of a sandbox's twin needs to be connected. Raises: Invalid, NotFound."""
    file = folder.expanduser() / "sandbox.json"
    try:
        there = json.loads(file.read_bytes())["platforms"].get(platform)
        accounts_there = [{"base_url": there["base_url"], **each} for each in there["accounts"]] if there else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Invalid("sandbox", str(folder), "is no folder of a sandbox; start one: campaign sandbox --dir") from None
    found = next((each for each in accounts_there if name in (None, each["name"])), None)
    if found is None:
        known = ", ".join(each["name"] for each in accounts_there) or f"it has no twin of {platform}"
        raise NotFound("account of the sandbox", name or platform, f"there are: {known}")
    return found


def _named(field: str, given: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return NAME=VALUE pairs; a value is not repeated in an error, for it may be a secret."""
    pairs: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        name = name.strip()
        if not equals or not value.strip() or name not in known:
            there = ", ".join(f"{key} ({what})" for key, what in known.items()) or "none"
            raise Invalid(field, f"{name}=…" if equals else "…", f"must be NAME=VALUE; this platform knows: {there}")
        pairs[name] = value.strip()
    return pairs


def _token(asked: bool) -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        if not asked:
            raise Invalid(
                "token", "", "must come by standard input: give --token-stdin, and no token on the command line"
            )
        return getpass.getpass("token: ").strip()
    return read_stdin("token").strip()


def _plain(account: Account) -> dict[str, Any]:
    # Field by field: what an account holds besides must never slip out here.
    return {
        "name": account.name,
        "platform": account.platform,
        "base_url": account.base_url,
        "handle": account.handle,
        "remote_id": account.remote_id,
        "kind": account.kind,
        "langs": list(account.langs),
        "guarantee": str(account.guarantee),
        "connected_at": iso(account.connected_at),
        "id": account.id,
    }
