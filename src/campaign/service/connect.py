"""connect: an account by consent. begin() says where the browser goes, finish() takes what it came back with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from campaign.core.errors import Forbidden, Invalid, Refused, Uncertain, shown
from campaign.core.model import Account, Person, Role
from campaign.core.oauth import Endpoints, Grant, OAuth, Registered, granted, request_parameters, with_parameters
from campaign.net.dpop import client_jwk, new_key
from campaign.service import App, demand_role
from campaign.service.accounts import Linked, connect, draft_of
from campaign.service.refresh import METADATA, lifetime_of, registered
from campaign.store import credentials as rows
from campaign.store.credentials import Pending

LASTS = 600.0  # seconds of real time for which a consent may be under way


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser is to go, and what comes back with it."""

    url: str
    state: str
    redirect_uri: str


async def begin(
    app: App,
    platform: str,
    *,
    name: str,
    base_url: str,
    langs: Sequence[str],
    by: Person,
    private: bool,
    again: bool = False,
    options: Mapping[str, str] | None = None,
    client: Registered | None = None,
    redirect_uri: str = "",
    session: str | None = None,
) -> Begun:
    """Ask for consent: keep what was typed, and return where the person is to say yes.

    Args:
        private: the address was typed by an operator and may be of the local network.
        again: an account that exists is connected anew; its deliveries and history stay.
        client: who we are to the platform; None: as the settings say, or we register where that can be done.
        redirect_uri: where the browser comes back to; empty: the desk's own page.
        session: a digest of the desk's session, which alone can finish it.

    Raises:
        Invalid: the platform knows no consent, or nobody says who we are to it.
        Conflict: the name is taken. Refused, Unavailable: the platform does not want it.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    oauth = app.consents.oauth(platform)
    if oauth is None:
        raise Invalid("platform", platform, "is connected by a token alone: give it with --token-stdin")
    draft, old = draft_of(
        app,
        platform,
        name=name,
        base_url=base_url or app.consents.home(platform),
        langs=langs,
        private=private,
        again=again,
        options=options,
    )
    if old is not None and not options and isinstance(given := old.sheet.get("given"), Mapping):
        draft = replace(draft, sheet={**draft.sheet, "given": dict(given)})
    redirect_uri = redirect_uri or app.consents.redirect_uri
    endpoints = await _endpoints(app, draft, oauth)
    us = client or app.consents.client(platform) or await _registered(app, draft, oauth, redirect_uri)
    state, verifier = app.new_key(), app.new_key() + app.new_key() if oauth.pkce else None
    key = new_key() if oauth.dpop else None
    hidden = [value for value in (state, verifier, us.secret, key) if value]
    asked = request_parameters(
        oauth,
        client_id=us.client_id,
        redirect_uri=redirect_uri,
        state=state,
        verifier=verifier,
        hint=str((options or {}).get("identifier", "")) if oauth.discovery == "atproto" else "",
    )
    if endpoints.par:
        authority = app.consents.authority(draft, oauth, endpoints.urls, hidden, key)
        try:
            handle = await authority.push(endpoints, asked, us)
        except Uncertain as error:
            raise Refused(f"{error}; nothing is lost, begin again") from error
        asked = {oauth.client_id_name: us.client_id, "request_uri": handle}
    secret = {"verifier": verifier, "client_secret": us.secret, "key": key}
    pending = Pending(
        state_sha256=_digest(state),
        person=by.name,
        session_sha256=session,
        draft={
            "platform": platform,
            "name": draft.name,
            "base_url": draft.base_url,
            "langs": list(draft.langs),
            "private": private,
            "again": old is not None and again,
            "options": dict(draft.sheet.get("given", {})),
            "client_id": us.client_id,
            "redirect_uri": redirect_uri,
            "endpoints": endpoints.plain(),
        },
        sealed=json.dumps(secret),
        began_at=app.clock.now(),
        expires_mono=app.clock.monotonic() + LASTS,
        boot=app.clock.boot,
    )
    with app.store.begin() as tx:
        rows.add_pending(tx, pending, app.vault, mono=app.clock.monotonic(), boot=app.clock.boot)
    return Begun(with_parameters(endpoints.authorize, asked), state, redirect_uri)


async def finish(
    app: App, told: Mapping[str, str], *, by: Person, session: str | None = None, state: str | None = None
) -> Linked:
    """Make what a browser came back with an account, once.

    Args:
        told: the parameters of the redirect; see core.oauth.read_redirect().
        session: a digest of the desk's session.
        state: what begin() gave, where the person brought the code alone.

    Raises:
        Forbidden: nobody asked for it here, somebody else did, it was used, or it took too long.
        Refused: the person or the platform said no. Unauthorized: the code is not accepted.
        What service.accounts.connect() raises.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    pending = _used(app, told, by=by, session=session, state=state)
    asked, secret = pending.draft, json.loads(pending.sealed)
    endpoints = Endpoints(**asked["endpoints"])
    if told.get("error"):
        words = " ".join(str(told.get("error_description") or told["error"]).split())
        raise Refused(f"{asked['platform']} account {asked['name']}: no consent was given: {shown(words, 200)}")
    if not told.get("code"):
        raise Invalid("code", "", "is missing in the address that the browser came back with")
    if endpoints.issuer is not None and told.get("iss", "").rstrip("/") != endpoints.issuer:
        # https://www.rfc-editor.org/rfc/rfc9207: another server's answer was put under our state.
        raise Forbidden("the answer comes from another server than the one that was asked; begin again")
    oauth = app.consents.oauth(asked["platform"])
    if oauth is None:
        raise Invalid("platform", asked["platform"], "knows no consent any more")
    us = registered(app, asked["platform"], asked["client_id"], secret["client_secret"])
    grant, echoed = await _granted(app, oauth, asked, secret, endpoints, us, told)
    renewal: dict[str, Any] | None = None
    if grant.refresh or oauth.exchange != "standard":
        renewal = {"client_id": us.client_id, "echoed": echoed}
        if oauth.discovery != "none":
            renewal["endpoints"] = endpoints.plain()
    further = {"refresh": grant.refresh, "client_secret": us.secret, "dpop": secret["key"]}
    linked = await connect(
        app,
        asked["platform"],
        name=asked["name"],
        base_url=asked["base_url"],
        token=grant.access,
        langs=asked["langs"],
        by=by,
        private=asked["private"],
        again=asked["again"],
        options=asked["options"],
        secrets={name: value for name, value in further.items() if value},
        lifetime=lifetime_of(app, grant, renewal),
    )
    missing = granted(oauth.scopes, grant.scope)
    warning = (f"the consent does not cover: {', '.join(missing)}",) if missing else ()
    return Linked(linked.account, (*linked.warnings, *warning))


async def _endpoints(app: App, draft: Account, oauth: OAuth) -> Endpoints:
    if oauth.discovery == "none":
        return app.consents.endpoints(draft, oauth)
    issuer = await app.consents.authority(draft, oauth, [], [], None).discover(draft.base_url)
    return await app.consents.authority(draft, oauth, [issuer], [], None).metadata(issuer)


async def _registered(app: App, draft: Account, oauth: OAuth, redirect_uri: str) -> Registered:
    """Return who we are where nobody told us. Raises: Invalid: the platform must be told by hand."""
    if oauth.discovery == "atproto":
        return registered(app, draft.platform, client_id_of(app, oauth, redirect_uri), "")
    if oauth.client_page and app.consents.desk and redirect_uri == app.consents.redirect_uri:
        return Registered(f"{app.consents.desk}/oauth/client")
    if oauth.client_page:
        raise Invalid(
            "web.url",
            app.consents.desk,
            f"must be the desk's public https address: {draft.platform} reads a page there",
        )
    if oauth.register is None:
        raise Invalid(
            "client-id",
            "",
            f"is needed: make an app at {draft.platform} that may redirect to {redirect_uri}, and put its id and "
            f"secret into [oauth.{draft.platform}] of the settings",
        )
    url = oauth.register if "://" in oauth.register else draft.base_url + oauth.register
    return await app.consents.authority(draft, oauth, [url], [], None).register(url, redirect_uri)


def client_id_of(app: App, oauth: OAuth, redirect_uri: str) -> str:
    """Return our name at AT Protocol servers: the address of what we tell of ourselves.

    Without a public desk it is the development client, of which servers take only loopback redirects.
    https://atproto.com/specs/oauth#clients
    """
    if app.consents.desk and redirect_uri.startswith(app.consents.desk):
        return app.consents.desk + METADATA
    return with_parameters("http://localhost", {"redirect_uri": redirect_uri, "scope": " ".join(oauth.scopes)})


def client_metadata(app: App, oauth: OAuth) -> dict[str, Any]:
    """Return what we tell AT Protocol servers of ourselves. https://atproto.com/specs/oauth#client-id-metadata-document

    Empty where the desk has no public address.
    """
    if not app.consents.desk:
        return {}
    key = app.consents.client_key()
    method = {"token_endpoint_auth_method": "none"}
    if key:
        method = {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256"}
    return {
        "client_id": app.consents.desk + METADATA,
        "client_name": "campaign",
        "client_uri": app.consents.desk,
        "application_type": "web",
        "dpop_bound_access_tokens": True,
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [app.consents.redirect_uri],
        "response_types": ["code"],
        "scope": " ".join(oauth.scopes),
        **method,
        **({"jwks": {"keys": [client_jwk(key)]}} if key else {}),
    }


def _used(app: App, told: Mapping[str, str], *, by: Person, session: str | None, state: str | None) -> Pending:
    """Return the consent that this answers, and forget it: whatever comes of it, it is used."""
    answered = told.get("state") or state or ""
    if state is not None and answered != state:
        raise Forbidden("this answer belongs to another consent; paste the one of the address that was just printed")
    sha = _digest(answered)
    with app.store.begin() as tx:
        pending = rows.pending_of(tx, sha, app.vault)
        if pending is None or pending.boot != app.clock.boot or pending.expires_mono < app.clock.monotonic():
            raise Forbidden(
                "nobody asked for this consent here, or it was used, or took more than ten minutes; begin again"
            )
        if pending.session_sha256 is None and session is not None:
            raise Forbidden("this consent was begun at the command line: paste the address of this page there")
        if pending.person != by.name or pending.session_sha256 != session:
            raise Forbidden("somebody else began this consent, or another session did; begin again")
        rows.use_pending(tx, sha)
    return pending


async def _granted(
    app: App,
    oauth: OAuth,
    asked: Mapping[str, Any],
    secret: Mapping[str, Any],
    endpoints: Endpoints,
    us: Registered,
    told: Mapping[str, str],
) -> tuple[Grant, dict[str, str]]:
    draft, _ = draft_of(
        app,
        asked["platform"],
        name=asked["name"],
        base_url=asked["base_url"],
        langs=asked["langs"],
        private=asked["private"],
        again=asked["again"],
        options=None,
    )
    hidden = [value for value in (*secret.values(), told["code"], told.get("state")) if value]
    echoed = {name: told[name] for name in oauth.echoes if told.get(name)}
    authority = app.consents.authority(draft, oauth, endpoints.urls, hidden, secret["key"])
    try:
        grant = await authority.exchange(
            endpoints,
            us,
            code=told["code"],
            redirect_uri=asked["redirect_uri"],
            verifier=secret["verifier"],
            echoed=echoed,
        )
    except Uncertain as error:  # a code serves once
        raise Refused(f"{error}; whether the code was used is not known: begin again") from error
    return grant, echoed


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
