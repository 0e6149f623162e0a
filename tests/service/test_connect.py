"""Where a consent may be asked for: what a server names besides itself is public, and at its own host."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from campaign.core.errors import Forbidden, Invalid, Refused
from campaign.core.oauth import Grant, Registered
from campaign.service import App
from campaign.service.connect import begin, finish
from campaign.service.doctor import doctor
from campaign.service.refresh import lifetime_of
from campaign.store import accounts as account_rows
from campaign.store.credentials import put_token
from tests.conftest import World
from tests.consent import OAUTH, Server
from tests.service.test_refresh import closed, opened

RESOURCE, AUTHORITY = "/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    made = Server(world.twin.base_url, world.twin.tokens["peace_ru"], world.clock.monotonic)
    made.documents = {
        RESOURCE: {"authorization_servers": [made.url]},
        AUTHORITY: {
            "issuer": made.url,
            "authorization_endpoint": f"{made.url}/authorize",
            "token_endpoint": f"{made.url}/token",
            "pushed_authorization_request_endpoint": f"{made.url}/par",
        },
    }
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def app(world: World) -> Iterator[App]:
    """An installation whose Mastodon accounts are connected as the AT Protocol does it, but without pushing."""
    made = opened(world)
    found = replace(OAUTH, discovery="atproto", client_auth="none")
    yield replace(made, consents=replace(made.consents, oauth=lambda name: found, client=lambda name: None))
    closed(world, made)


def ask(world: World, app: App, server: Server, **options: Any) -> Any:
    given = {"base_url": server.url, "langs": ["ru"], "by": world.alice, "private": True, **options}
    return world.run(begin(app, "mastodon", name="ru", **given))


@pytest.mark.parametrize(
    ("path", "told", "why"),
    [
        (RESOURCE, {}, "names no authorization server"),
        (RESOURCE, {"authorization_servers": ["ftp://x"]}, "names no authorization server"),
        (RESOURCE, {"authorization_servers": ["http://127.0.0.2:9"]}, "must be spoken to over https"),
        (RESOURCE, {"authorization_servers": ["https://127.0.0.2:9"]}, "this machine itself"),
        (RESOURCE, {"authorization_servers": ["https://169.254.169.254"]}, "metadata service"),
        (AUTHORITY, {"issuer": "https://other.example"}, "calls itself otherwise"),
        (AUTHORITY, {"token_endpoint": "https://evil.example/token"}, "token_endpoint is missing, or at another host"),
        (AUTHORITY, {"authorization_endpoint": None}, "authorization_endpoint is missing"),
    ],
)
def test_what_a_server_names_is_refused_where_it_must_not_lead(
    world: World, app: App, server: Server, path: str, told: dict[str, Any], why: str
) -> None:
    server.documents[path] = {**(server.documents[path] if path == AUTHORITY else {}), **told}

    with pytest.raises(Refused, match=why):
        ask(world, app, server)
    assert [] == server.renewals and {} == server.codes


def test_a_private_server_is_asked_only_where_an_operator_typed_it(world: World, app: App, server: Server) -> None:
    with pytest.raises(Refused, match="must be spoken to over https"):
        ask(world, app, server, private=False)


def test_an_answer_of_another_server_is_refused_before_the_code_goes_anywhere(
    world: World, app: App, server: Server
) -> None:
    del server.documents[AUTHORITY]["pushed_authorization_request_endpoint"]
    plain = replace(app, consents=replace(app.consents, oauth=lambda name: OAUTH))
    endpoints = replace(plain.consents.endpoints(_draft(world, server), OAUTH), issuer=server.url)
    named = replace(plain, consents=replace(plain.consents, endpoints=lambda account, oauth: endpoints))
    begun = ask(world, named, server, client=Registered("the-client", "x"))

    with pytest.raises(Forbidden, match="comes from another server"):
        told = {"code": "c", "state": begun.state, "iss": "https://evil.example"}
        world.run(finish(named, told, by=world.alice))


def _draft(world: World, server: Server) -> Any:
    with world.app.store.read() as tx:
        return replace(account_rows.account_named(tx, "kr"), base_url=server.url)


def test_a_platform_without_consent_says_how_it_is_connected(world: World) -> None:
    given = {"base_url": "https://api.telegram.org", "langs": ["ru"], "by": world.alice, "private": True}

    with pytest.raises(Invalid, match="give it with --token-stdin"):
        world.run(begin(world.app, "telegram", name="tg", **given))


@pytest.mark.parametrize(("days", "renews", "said"), [(30, False, True), (5, False, False), (5, True, True)])
def test_a_token_that_ends_and_that_nothing_renews_is_told_by_the_doctor(
    world: World, days: int, renews: bool, said: bool
) -> None:
    grant = Grant("a token", lasts=days * 86400.0)
    life = lifetime_of(world.app, grant, {"client_id": "c"} if renews else None)
    with world.app.store.begin() as tx:
        account = account_rows.account_named(tx, "kr")
        put_token(tx, account.id, world.app.vault, "a token", life, at=world.clock.now())
    told = next(check for check in doctor(world.app) if check.name == "tokens")

    assert (said, said) == (told.ok, "kr (in 5 days)" not in told.detail)
