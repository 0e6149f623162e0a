"""refresh: an account's token is renewed before it ends, by one worker at a time, and kept before it is used.

What a crash leaves: before the request, a lease that ends by itself. Between the request and our commit, a refresh
token that may be spent while the new one is lost. The old access token is then used until its end, and only then is
the old refresh token tried again, for a server that rotates them takes a second use for theft and ends the grant at
once. If it is refused, the account is paused and a person is told to connect it again; nothing that is due is lost.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from campaign.core.adapter import seal, unseal
from campaign.core.errors import Outcome, RateLimited, Refused, Spent, Unauthorized, Uncertain
from campaign.core.model import Account
from campaign.core.oauth import Endpoints, Grant, OAuth, Registered
from campaign.service import SYSTEM, App, event
from campaign.service.notify import tell
from campaign.store import accounts as account_rows
from campaign.store import credentials as rows
from campaign.store.accounts import Pause
from campaign.store.credentials import Credential, Lifetime, Renewing

METADATA = "/oauth/client-metadata.json"  # below the desk: what we tell AT Protocol servers of ourselves
WITHIN = 90.0  # seconds for which one worker has a token to itself: longer than the request to renew it may take
AGAIN = 60.0  # seconds until a renewal that the server did not get is tried again, while the token still lives
THEIRS = 2.0  # seconds after which one asks again whether another worker is through
MARGIN = 5.0  # seconds before its end at which a token counts as over
SAVE_AGAIN = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds until what the database would not take is written again


class Ended(Unauthorized):
    """The consent itself is over: only a person can give it again."""


async def live(app: App, account: Account, held: Credential) -> str:
    """Return an account's secrets with a token that lives, renewed where its end is near.

    Raises:
        Ended: the platform takes the consent for over.
        Spent: another worker renews a token that is over; nothing was asked.
        Unavailable, RateLimited, Uncertain: the token is over, and could not be renewed now.
    """
    if _state(app, held, account) == "fresh":
        return held.secrets
    loop, renewing = asyncio.get_running_loop(), app.consents.renewing
    task = renewing.get(account.id)
    if task is None or task.done() or task.get_loop() is not loop:
        task = renewing[account.id] = loop.create_task(_renew(app, account, held))
    # A delivery that is told to stop must not stop what others wait for, half-way through an exchange of tokens.
    return await asyncio.shield(task)


def token_refused(app: App, tx: Any, account_id: str, generation: int | None, error: Unauthorized) -> None:
    """Take down that a platform did not accept a token: it is renewed before its next use, if that was not tried yet.

    Else the account is paused and a person is told.
    """
    if generation is not None and not isinstance(error, Ended):
        times = rows.refused(tx, account_id, generation)
        if times is not None and times < rows.HOPELESS:
            return
    pause_account(app, tx, account_id)


def pause_account(app: App, tx: Any, account_id: str) -> None:
    """Put up a fence before an account whose token is not accepted; its deliveries stay, a person is told once."""
    account = account_rows.account_of(tx, account_id)
    reason = f"its token is not accepted; connect it again: campaign account add … --name {account.name} --again"
    account_rows.pause(tx, Pause(app.new_id(), "account", account.name, reason, SYSTEM, app.clock.now()))
    tell(app, tx, "account.refused", account.name)


def registered(app: App, platform: str, client_id: str, secret: str) -> Registered:
    """Return who we are to a platform where we were asked for by this id."""
    named = app.consents.client(platform)
    if named is not None and named.client_id == client_id:
        return named  # the settings may hold a newer secret
    if app.consents.desk and client_id == app.consents.desk + METADATA:
        return Registered(client_id, secret, app.consents.client_key())
    return Registered(client_id, secret)


def lifetime_of(app: App, grant: Grant, renewal: Mapping[str, Any] | None) -> Lifetime:
    """Return how long a token lives from now on; `renewal`: what it is renewed with, None: nothing does."""
    kept = None if renewal is None else {**renewal, "lasts": grant.lasts}
    if grant.lasts is None:
        return Lifetime(kept)
    return Lifetime(
        kept,
        app.clock.now() + timedelta(seconds=grant.lasts),
        app.clock.monotonic() + grant.lasts,
        app.clock.boot,
    )


def _state(app: App, held: Credential, account: Account) -> Literal["fresh", "ageing", "dead"]:
    life = held.lifetime
    if life.renewal is None:
        return "fresh"
    if held.refusals == rows.DOUBTED:
        return "dead"
    if life.expires_mono is None:
        return "fresh"  # nobody said when it ends: the platform's refusal tells
    if life.boot != app.clock.boot:
        return "ageing"  # how old it is cannot be told; it may still be good
    left = life.expires_mono - app.clock.monotonic()
    oauth = app.consents.oauth(account.platform)
    ahead = oauth.refresh_ahead if oauth else 0.0
    lasts = life.renewal.get("lasts")
    if isinstance(lasts, int | float):
        ahead = min(ahead, lasts / 4)  # of one that lives for minutes
    return "dead" if left <= MARGIN else "ageing" if left <= ahead else "fresh"


async def _renew(app: App, account: Account, seen: Credential) -> str:
    held, mine = await asyncio.to_thread(_begin, app, account)
    state = _state(app, held, account)
    if state == "fresh" or (held.generation != seen.generation and state != "dead"):
        return held.secrets  # somebody was faster
    if not mine:
        if state == "dead":
            raise Spent(f"{_named(account)}: its token is being renewed by another worker", retry_after=THEIRS)
        return held.secrets
    try:
        grant, renewal = await _ask(app, account, held)
    except Outcome as error:
        await asyncio.to_thread(_not_renewed, app, account, held, state, error)
        if state != "dead":
            return held.secrets
        if isinstance(error, Unauthorized | Refused):
            raise Ended(f"{_named(account)}: its token cannot be renewed: {error}", status=error.status) from error
        raise
    app.failpoint("renewal.answered")
    others = {name: value for name, value in unseal(held.secrets).items() if name != "token"}
    if grant.refresh:
        others["refresh"] = grant.refresh
    secrets = seal(grant.access, others)
    kept = await _keep(app, account, held, secrets, lifetime_of(app, grant, renewal))
    app.failpoint("renewal.kept")
    return kept


def _begin(app: App, account: Account) -> tuple[Credential, bool]:
    """Return the token as it is now, and whether it is ours to renew."""
    with app.store.begin() as tx:
        held = rows.credential_of(tx, account, app.vault)
        mono = app.clock.monotonic()
        renewing = Renewing(app.worker, mono + WITHIN, app.clock.boot)
        state = _state(app, held, account)
        # Whoever began and did not come back may have spent the refresh token: see above.
        tried = held.renewer is not None and held.renewer != rows.RESTS
        mine = (state == "dead" or (state == "ageing" and not tried)) and rows.begin_renewal(
            tx, held, renewing, mono=mono
        )
    return held, mine


async def _ask(app: App, account: Account, held: Credential) -> tuple[Grant, Mapping[str, Any]]:
    renewal, known = held.lifetime.renewal or {}, unseal(held.secrets)
    oauth: OAuth | None = app.consents.oauth(account.platform)
    if oauth is None:
        raise Refused(f"{_named(account)}: its platform has no consent to renew any more")
    told = renewal.get("endpoints")
    endpoints = Endpoints(**told) if told else app.consents.endpoints(account, oauth)
    us = registered(app, account.platform, str(renewal.get("client_id", "")), known.get("client_secret", ""))
    hidden = [value for value in (*known.values(), us.secret) if value]
    authority = app.consents.authority(account, oauth, endpoints.urls, hidden, known.get("dpop"))
    echoed = renewal.get("echoed") or {}
    before = Grant(known["token"], known.get("refresh"))
    return await authority.renew(endpoints, us, before, echoed), renewal


async def _keep(app: App, account: Account, held: Credential, secrets: str, lifetime: Lifetime) -> str:
    """Commit the new token; it is nowhere else, so it is written until it is in."""
    tries = 0
    while True:
        try:
            return await asyncio.to_thread(_write, app, account, held, secrets, lifetime)
        except Exception as error:
            if not app.store.may_pass(error):
                raise
            app.log("token.failed", account=account.name, error=f"not written yet: {type(error).__name__}")
            await asyncio.sleep(SAVE_AGAIN[min(tries, len(SAVE_AGAIN) - 1)])
            tries += 1


def _write(app: App, account: Account, held: Credential, secrets: str, lifetime: Lifetime) -> str:
    with app.store.begin() as tx:
        refusals = rows.PROBATION if held.refusals == rows.DOUBTED else 0
        at = app.clock.now()
        if not rows.renewed(tx, held, app.vault, secrets, lifetime, refusals=refusals, at=at):
            # Somebody connected it again meanwhile: theirs stays. Or a COMMIT whose answer was lost has kept ours.
            return rows.credential_of(tx, account, app.vault).secrets
        event(app, tx, "account.token_renewed", SYSTEM, detail={"account": account.name})
    app.log("token.renewed", account=account.name)
    return secrets


def _not_renewed(app: App, account: Account, held: Credential, state: str, error: Outcome) -> None:
    """Let the token rest: while it lives it is used as it is."""
    mono, end = app.clock.monotonic(), held.lifetime.expires_mono
    wait = error.retry_after if isinstance(error, RateLimited) else AGAIN
    if (
        isinstance(error, Uncertain | Unauthorized | Refused)
        and end is not None
        and held.lifetime.boot == app.clock.boot
    ):
        wait = end - MARGIN - mono  # a second use of a refresh token that was spent would end the living token too
    with app.store.begin() as tx:
        rows.rest(tx, held, app.worker, mono=mono, until=None if state == "dead" else mono + wait, boot=app.clock.boot)
    app.log("token.failed", account=account.name, error=str(error))


def _named(account: Account) -> str:
    return f"{account.platform} account {account.name}"
