"""Connecting by consent on the desk: who asked alone finishes it, once, in the same session, in three languages."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from campaign.service import App
from campaign.store import accounts as account_rows
from campaign.store.tables import connections
from campaign.web.words import CATALOGUE
from tests.cli.test_consent import consent
from tests.conftest import World
from tests.web.conftest import Answer, Desk, Page

Serve = Callable[..., Desk]


@pytest.fixture
def apart(world: World) -> Iterator[App]:
    """The desk's own process; the world's account 'kr' is a private one, so the twin may be reached again."""
    app = world.open()
    yield app
    app.store.close()


def _asked(desk: Desk, **fields: str) -> Answer:
    told = {"how": "consent", "name": "kr", "again": "kr", "langs": "ko", "token": "", **fields}
    return desk.send("/accounts/connect/mastodon", **told)


def _address(answer: Answer) -> str:
    page = Page(answer.text)
    return next(str(link["href"]) for link in page.all("a") if "/oauth/authorize" in str(link.get("href")))


def _back(there: str) -> str:
    parts = urlsplit(there)
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("lang", ["ko", "en", "ru"])
def test_an_account_is_connected_again_by_consent(world: World, apart: App, serve: Serve, lang: str) -> None:
    desk = serve(apart, world.settings, by="alice")
    before = _token(world)
    asked = _asked(desk)
    form = Page(desk.ask(f"/accounts/connect/mastodon?again=kr&lang={lang}").text)
    there = consent(_address(asked), account="peace_ko")
    answer = desk.ask(_back(there))

    place = ("ko", "en", "ru").index(lang)
    assert (200, 303, "/accounts#a-kr") == (asked.status, answer.status, answer.headers["location"])
    assert CATALOGUE["account.consent"][place] in form.text
    assert before != _token(world) and _token(world) not in asked.text + answer.text


@pytest.mark.parametrize("who", ["another person", "another session", "again", "nobody"])
def test_what_a_browser_comes_back_with_is_for_who_asked_and_serves_once(
    world: World, apart: App, serve: Serve, who: str
) -> None:
    desk = serve(apart, world.settings, by="alice")
    there = _back(consent(_address(_asked(desk)), account="peace_ko"))
    if who == "again":
        assert 303 == desk.ask(there).status
    before = _token(world)
    if who == "another person":
        desk.log_in("bob")
    elif who == "another session":
        desk.log_in("alice")
    elif who == "nobody":
        desk.cookie = ""
    answer = desk.ask(there)

    assert (303 if who == "nobody" else 403) == answer.status
    assert before == _token(world)
    code = dict(part.split("=") for part in there.partition("?")[2].split("&"))["code"]
    assert who == "nobody" or code not in answer.text


def test_a_person_who_says_no_reads_so_and_begins_anew(world: World, apart: App, serve: Serve) -> None:
    desk = serve(apart, world.settings, by="alice")
    state = dict(part.split("=") for part in _address(_asked(desk)).partition("?")[2].split("&"))["state"]
    answer = desk.ask(f"/accounts/connect/callback?error=access_denied&state={state}")

    assert 502 == answer.status and CATALOGUE["account.consent.failed"][1] in Page(answer.text).text
    assert state not in answer.text


def test_the_desk_reaches_public_servers_only(world: World, apart: App, serve: Serve) -> None:
    desk = serve(apart, world.settings, by="alice")
    answer = _asked(desk, again="", name="new", base_url=world.twin.base_url)

    assert 422 == answer.status and CATALOGUE["account.private"][1] in Page(answer.text).text
    with apart.store.read() as tx:
        assert [] == tx.execute(connections.select()).all()


def test_a_consent_of_the_command_line_is_finished_there(world: World, apart: App, serve: Serve) -> None:
    from campaign.service.connect import begin

    given = {"base_url": world.twin.base_url, "langs": ["ru"], "by": world.alice, "private": True}
    begun = world.run(begin(world.app, "mastodon", name="ru", **given))
    answer = serve(apart, world.settings, by="alice").ask(_back(consent(begun.url)))

    assert (403, True) == (answer.status, "paste the address of this page there" in answer.text)


def test_a_public_desk_says_who_it_is_to_servers_of_the_at_protocol(world: World, apart: App, serve: Serve) -> None:
    assert 404 == serve(apart, world.settings, by=None).ask("/oauth/client-metadata.json").status
    consents = replace(apart.consents, desk="https://desk.example", redirect_uri="https://desk.example/x")
    public = replace(apart, consents=consents)
    desk = serve(public, world.settings, by=None)
    told = json.loads(desk.ask("/oauth/client-metadata.json").body)
    assert '<link rel="redirect_uri" href="https://desk.example/x">' in desk.ask("/oauth/client").text

    assert ("private_key_jwt", ["EC"]) == (told["token_endpoint_auth_method"], [k["kty"] for k in told["jwks"]["keys"]])
    assert "d" not in told["jwks"]["keys"][0], "the private part stays here"
    assert ("https://desk.example/oauth/client-metadata.json", ["https://desk.example/x"], True) == (
        told["client_id"],
        told["redirect_uris"],
        told["dpop_bound_access_tokens"],
    )


def _token(world: World) -> str:
    with world.app.store.read() as tx:
        return account_rows.token_of(tx, account_rows.account_named(tx, "kr"), world.app.vault)
