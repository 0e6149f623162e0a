"""oidc-provider, a certified OAuth 2 server: codes with PKCE, refresh tokens that serve once, two workers at a time.

`make test-real` fetches it (tests/real/fetch_oidc.sh); TEST_OIDC names another folder with `node` and `node_modules`.
"""

import asyncio
import html
import json
import os
import re
import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from tests.conftest import World

from campaign.core.adapter import Connected, Source
from campaign.core.errors import Unauthorized
from campaign.core.model import Account
from campaign.core.oauth import Endpoints, OAuth, Registered, read_redirect
from campaign.net.dpop import client_jwk, new_key
from campaign.service import App
from campaign.service.connect import begin, finish
from campaign.service.refresh import live
from campaign.store import accounts as account_rows
from campaign.store.credentials import Credential, credential_of, put_token

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("oidc")]

HERE = Path(__file__).parent
REDIRECT = "http://127.0.0.1:8765/accounts/connect/callback"
SECRET = secrets.token_hex(16)
KEY = new_key()
OAUTH = OAuth(
    authorize="/auth",
    token="/token",
    scopes=("openid", "offline_access"),
    client_auth="basic",
    extra={"prompt": "consent"},
    source=Source("https://www.rfc-editor.org/rfc/rfc6749", "2026-11-24"),
)


@dataclass
class Provider:
    url: str
    endpoints: Endpoints

    def consent(self, url: str) -> str:
        """Do what a person does in a browser: log in, say yes; return where the browser is sent."""
        with httpx.Client(timeout=20) as browser:
            for _ in range(12):
                answer = browser.get(url)
                while answer.is_redirect:
                    url = urljoin(str(answer.url), answer.headers["location"])
                    if url.startswith(REDIRECT):
                        return url
                    answer = browser.get(url)
                action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                assert action, answer.text[:2000]
                given = {
                    m[1]: m[2] for m in re.finditer(r'<input type="hidden" name="(\w+)" value="(\w+)"', answer.text)
                }
                there = urljoin(str(answer.url), html.unescape(action[1]))
                sent = browser.post(there, data={**given, "login": "peace", "password": "any"})
                url = urljoin(there, sent.headers["location"])
                if url.startswith(REDIRECT):
                    return url
        raise AssertionError("the server did not send the browser back")

    def holds(self, token: str) -> bool:
        """Ask the server itself whether an access token is good."""
        answer = httpx.post(f"{self.url}/token/introspection", data={"token": token}, auth=("campaign", SECRET))
        return bool(answer.json()["active"])


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    folder = Path(os.environ.get("TEST_OIDC") or "none")
    if not (folder / "node_modules" / "oidc-provider").is_dir():
        lack = f"no oidc-provider: TEST_OIDC is {str(folder)!r}; run: make test-real"
        pytest.fail(lack) if os.environ.get("CI") == "true" else pytest.skip(lack)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    jwks = json.dumps({"keys": [client_jwk(KEY)]})
    given = {"PORT": str(port), "SECRET": SECRET, "REDIRECT": REDIRECT, "JWKS": jwks}
    log = (tmp_path_factory.mktemp("oidc") / "log").open("w")
    process = subprocess.Popen(
        [str(folder / "node" / "bin" / "node"), str(HERE / "oidc.mjs")],
        cwd=folder, env={**os.environ, **given}, stdout=subprocess.PIPE, stderr=log, text=True,
    )  # fmt: skip
    assert process.stdout
    try:
        for said in process.stdout:
            if said.strip() == "ready":
                break
        url = f"http://127.0.0.1:{port}"
        told = httpx.get(f"{url}/.well-known/openid-configuration").json()
        yield Provider(url, _endpoints(told))
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
        log.close()


def _endpoints(told: dict[str, str]) -> Endpoints:
    names = ("authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint", "issuer")
    return Endpoints(*(told[name] for name in names))


def opened(world: World, provider: Provider, *, keyed: bool = False) -> App:
    """The installation, as one of its workers, where the provider gives out the tokens of Mastodon's accounts."""
    app = world.open()
    bound = replace(OAUTH, par="/request", dpop=True, client_auth="key")
    us = Registered("keyed", key=KEY) if keyed else Registered("campaign", SECRET)
    endpoints = provider.endpoints if keyed else replace(provider.endpoints, par=None)
    consents = replace(
        app.consents,
        oauth=lambda name: bound if keyed else OAUTH,
        client=lambda name: us,
        endpoints=lambda account, oauth: endpoints,
        redirect_uri=REDIRECT,
        renewing={},
    )
    return replace(app, consents=consents)


@pytest.fixture
def make_worker(world: World, provider: Provider) -> Iterator[Callable[[], App]]:
    made: list[App] = []

    def make(**options: bool) -> App:
        made.append(opened(world, provider, **options))
        return made[-1]

    yield make
    for app in made:
        world.run(app.close_network())
        app.store.close()


def connected(world: World, app: App, provider: Provider) -> Account:
    """Connect: the token is the provider's own. The account behind it is one that the provider knows nothing of."""
    with app.store.read() as tx:
        known = account_rows.account_named(tx, "kr")
    account = replace(known, id="oidc", name="oidc", base_url=provider.url, remote_id="oidc")
    given = {"base_url": provider.url, "langs": ["ko"], "by": world.alice, "private": True, "redirect_uri": REDIRECT}
    begun = world.run(begin(app, "mastodon", name="oidc", **given))
    told = read_redirect(provider.consent(begun.url))
    assert told["iss"] == provider.endpoints.issuer

    class Nobody:
        """No Mastodon answers at the provider: what would be asked of it, who it is, is known."""

        async def connect(self) -> Any:
            return Connected("oidc", "@peace", "mastodon", account.guarantee, {})

    def open_adapter(draft: Account, token: str, sink: Any) -> Any:
        return Nobody()

    linked = world.run(finish(replace(app, open_adapter=open_adapter), told, by=world.alice))
    world.run(app.close_network())  # workers have loops of their own
    return linked.account


def held(app: App, account: Account) -> Credential:
    with app.store.read() as tx:
        return credential_of(tx, account, app.vault)


def token_of(secrets: str) -> str:
    return str(json.loads(secrets)["token"])


async def renewed(app: App, account: Account) -> str:
    try:
        return token_of(await live(app, account, held(app, account)))
    finally:
        await app.close_network()


def test_a_code_with_pkce_becomes_a_token_that_renews_itself(
    world: World, provider: Provider, make_worker: Callable[[], App]
) -> None:
    app = make_worker()
    account = connected(world, app, provider)
    first = token_of(held(app, account).secrets)
    assert provider.holds(first)
    tokens = [first]
    for _ in range(3):
        world.clock.turn_monotonic(3500)
        tokens.append(world.run(renewed(app, account)))

    assert (4, True) == (len(set(tokens)), provider.holds(tokens[-1]))


def test_two_workers_at_once_lose_nothing(world: World, provider: Provider, make_worker: Callable[[], App]) -> None:
    first, second = make_worker(), make_worker()
    account = connected(world, first, provider)
    for _ in range(5):
        world.clock.turn_monotonic(3500)
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda app: asyncio.run(renewed(app, account)), (first, second)))
        assert provider.holds(token_of(held(first, account).secrets)), found

    assert 6 == held(first, account).generation


def test_a_second_use_of_a_refresh_token_ends_the_grant_and_a_person_is_asked(
    world: World, provider: Provider, make_worker: Callable[[], App]
) -> None:
    """What a crash between the server's answer and our commit leaves, on a server that means it."""
    app = make_worker()
    account = connected(world, app, provider)
    before = held(app, account)
    world.clock.turn_monotonic(3500)
    newer = world.run(renewed(app, account))
    with app.store.begin() as tx:  # as if the renewal had not been committed
        put_token(tx, account.id, app.vault, before.secrets, before.lifetime, at=world.clock.now())
    world.clock.turn_monotonic(100)

    with pytest.raises(Unauthorized, match=r"cannot be renewed: .*invalid_grant"):
        world.run(renewed(app, account))
    assert not provider.holds(newer), "the server took it for theft"


def test_a_code_without_its_verifier_is_refused(
    world: World, provider: Provider, make_worker: Callable[[], App]
) -> None:
    app = make_worker()
    given = {"base_url": provider.url, "langs": ["ko"], "by": world.alice, "private": True, "redirect_uri": REDIRECT}
    mine = world.run(begin(app, "mastodon", name="one", **given))
    theirs = world.run(begin(app, "mastodon", name="two", **given))
    told = read_redirect(provider.consent(mine.url))

    with pytest.raises(Unauthorized, match="invalid_grant"):
        world.run(finish(app, {**told, "state": theirs.state}, by=world.alice))


def test_a_client_that_signs_who_it_is_gets_tokens_bound_to_a_key(
    world: World, provider: Provider, make_worker: Callable[..., App]
) -> None:
    """Pushed request, private_key_jwt, DPoP with the server's nonces: what Bluesky's servers ask of a public desk."""
    world.clock.turn_to(datetime.now(UTC))  # proofs and assertions tell the time, and the server looks at its own
    app = make_worker(keyed=True)
    account = connected(world, app, provider)
    first = held(app, account)
    world.clock.turn_monotonic(3500)
    second = world.run(renewed(app, account))
    bare = httpx.get(f"{provider.url}/me", headers={"Authorization": f"Bearer {second}"})

    assert "dpop" in json.loads(first.secrets) and second != token_of(first.secrets)
    assert 401 == bare.status_code
