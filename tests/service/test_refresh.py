"""Accounts connected by consent, and tokens that are renewed: once, by one worker, and kept before they are used."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid, Refused, Unauthorized
from campaign.core.model import Account
from campaign.core.oauth import Registered, read_redirect
from campaign.service import App, accounts
from campaign.service.connect import begin, finish
from campaign.service.measure import measure
from campaign.service.publish import publish
from campaign.service.refresh import live
from campaign.store import accounts as account_rows
from campaign.store import notices
from campaign.store.credentials import Credential, credential_of
from tests.conftest import World
from tests.consent import CLIENT, LASTS, OAUTH, Server


class Died(BaseException):
    """Nothing catches it: the process is gone."""


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    made = Server(world.twin.base_url, world.twin.tokens["peace_ru"], world.clock.monotonic)
    yield made
    made.go_on.set()
    made.shutdown()
    made.server_close()


def opened(world: World, **parts: Any) -> App:
    """The world's installation, where Mastodon's accounts are connected by consent."""
    app = world.open(**parts)
    consents = replace(app.consents, oauth=lambda name: OAUTH, client=lambda name: Registered(*CLIENT), renewing={})
    return replace(app, consents=consents)


@pytest.fixture
def app(world: World) -> Iterator[App]:
    made = opened(world)
    yield made
    closed(world, made)


def closed(world: World, app: App) -> None:
    world.run(app.close_network())
    app.store.close()


def ask(world: World, app: App, server: Server, name: str = "ru", **options: Any) -> Any:
    given = {"base_url": server.url, "langs": ["ru"], "by": world.alice, "private": True, **options}
    return world.run(begin(app, "mastodon", name=name, **given))


def joined(world: World, app: App, server: Server, **options: Any) -> Account:
    """Connect an account by consent, as a person does."""
    begun = ask(world, app, server, **options)
    return world.run(finish(app, read_redirect(server.consent(begun.url)), by=world.alice)).account


def held(app: App, name: str = "ru") -> Credential:
    with app.store.read() as tx:
        return credential_of(tx, account_rows.account_named(tx, name), app.vault)


def live_token(world: World, app: App, account: Account) -> str:
    secrets = world.run(live(app, account, held(app)))
    return str(json.loads(secrets)["token"])


def due(world: World, name: str = "P1") -> None:
    world.post(name, minutes=1, to=("ru",), texts={"ru": f"Мир {name}"})
    world.clock.turn(minutes=1)


def test_a_consent_becomes_an_account_that_publishes(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    due(world)
    world.run(publish(app, limit=5))

    assert ("mastodon", ("ru",), server.url) == (account.platform, account.langs, account.base_url)
    assert (["published"], []) == (world.states(), server.renewals)


def test_an_answer_serves_once(world: World, app: App, server: Server) -> None:
    told = read_redirect(server.consent(ask(world, app, server).url))
    world.run(finish(app, told, by=world.alice))

    with pytest.raises(Forbidden, match="was used"):
        world.run(finish(app, told, by=world.alice))


@pytest.mark.parametrize("other", ["person", "session", "late", "state"])
def test_an_answer_is_for_who_asked_and_for_ten_minutes(world: World, app: App, server: Server, other: str) -> None:
    told = read_redirect(server.consent(ask(world, app, server, session="a session").url))
    if other == "late":
        world.clock.turn_monotonic(601)
    if other == "state":
        told["state"] = "x" * 32
    by = world.bob if other == "person" else world.alice
    session = "another" if other == "session" else "a session"

    with pytest.raises(Forbidden, match="begin again"):
        world.run(finish(app, told, by=by, session=session))
    with app.store.read() as tx:
        assert ["kr"] == [account.name for account in account_rows.all_accounts(tx)]


def test_a_person_who_says_no_is_told_so(world: World, app: App, server: Server) -> None:
    begun = ask(world, app, server)

    with pytest.raises(Refused, match="no consent was given: 'access_denied'"):
        world.run(finish(app, {"error": "access_denied", "state": begun.state}, by=world.alice))


def test_a_name_that_is_taken_is_told_before_anybody_consents(world: World, app: App, server: Server) -> None:
    with pytest.raises(Conflict, match="exists already"):
        ask(world, app, server, name="kr")


def test_without_a_client_it_says_what_to_do(world: World, app: App, server: Server) -> None:
    nobody = replace(app, consents=replace(app.consents, client=lambda name: None))

    with pytest.raises(Invalid, match=r"make an app at mastodon .*\[oauth.mastodon\] of the settings"):
        ask(world, nobody, server)


def test_connecting_again_keeps_deliveries_and_lifts_the_pause(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    due(world)
    world.run(publish(app, limit=5))
    server.grants.clear()
    due(world, "P2")
    world.clock.turn_monotonic(LASTS)
    world.run(publish(app, limit=5))
    assert ["published", "scheduled"] == world.states()

    again = joined(world, app, server, again=True)
    world.clock.turn(minutes=1)
    world.run(publish(app, limit=5))

    assert (account.id, account.remote_id) == (again.id, again.remote_id)
    assert ["published", "published"] == world.states()
    with app.store.read() as tx:
        assert [] == account_rows.pauses_now(tx)


def test_a_token_is_renewed_ahead_of_its_end_and_kept(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    first = live_token(world, app, account)
    world.clock.turn_monotonic(LASTS - OAUTH.refresh_ahead - 1)
    assert first == live_token(world, app, account)
    world.clock.turn_monotonic(2)
    second = live_token(world, app, account)

    assert (["renewed"], True) == (server.renewals, second != first)
    assert second == json.loads(held(app).secrets)["token"] == live_token(world, app, account)
    assert ["renewed"] == server.renewals


def test_a_virtual_clock_does_not_end_a_token(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    world.clock.turn(days=30)
    world.clock.turn_monotonic(-30 * 86400.0)
    live_token(world, app, account)

    assert [] == server.renewals


def test_many_deliveries_at_once_renew_once(world: World, app: App, server: Server) -> None:
    joined(world, app, server)
    for number in range(6):
        world.post(f"P{number}", minutes=1, to=("ru",), texts={"ru": f"Мир {number}"})
    world.clock.turn(minutes=1)
    world.clock.turn_monotonic(LASTS)
    world.run(publish(app, limit=10))

    assert ["renewed"] == server.renewals
    assert {"published"} == set(world.states())


def test_two_workers_at_once_renew_once_and_the_slower_waits(world: World, app: App, server: Server) -> None:
    joined(world, app, server)
    due(world)
    world.clock.turn_monotonic(LASTS)
    server.go_on.clear()
    server.began.clear()
    faster = opened(world)
    first = threading.Thread(target=lambda: asyncio.run(_published(faster)))
    first.start()
    assert server.began.wait(20)
    world.post("P2", minutes=0, to=("ru",), texts={"ru": "Второй"})
    other = opened(world)
    world.run(publish(other, limit=5))
    assert ["publishing", "scheduled"] == sorted(world.states()) or ["claimed", "scheduled"] == sorted(world.states())
    server.go_on.set()
    first.join(30)
    world.clock.turn(seconds=3)
    world.run(publish(other, limit=5))

    assert (["renewed"], ["published", "published"]) == (server.renewals, world.states())
    closed(world, other)
    faster.store.close()


async def _published(app: App) -> None:
    await publish(app, limit=5)
    await app.close_network()


def test_while_another_renews_a_token_that_still_lives_is_used(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    first = live_token(world, app, account)
    world.clock.turn_monotonic(LASTS - 100)
    dead = opened(world, failpoint=dies_at("renewal.answered"))
    with pytest.raises(Died):
        world.run(live(dead, account, held(dead)))

    assert first == live_token(world, app, account)
    assert ["renewed"] == server.renewals
    closed(world, dead)


def dies_at(point: str) -> Callable[[str], None]:
    def die(name: str) -> None:
        if name == point:
            raise Died

    return die


def test_a_crash_between_answer_and_commit_uses_the_old_token_up_and_then_asks_a_person(
    world: World, app: App, server: Server
) -> None:
    account = joined(world, app, server)
    world.clock.turn_monotonic(LASTS - 300)
    dead = opened(world, failpoint=dies_at("renewal.answered"))
    with pytest.raises(Died):
        world.run(live(dead, account, held(dead)))
    closed(world, dead)
    server.grants[0].access = json.loads(held(app).secrets)["token"]  # servers let the old one live to its end
    world.clock.turn_monotonic(120)
    due(world)
    world.run(publish(app, limit=5))
    assert (["published"], ["renewed"]) == (world.states(), server.renewals)

    world.clock.turn_monotonic(300)
    due(world, "P2")
    world.run(publish(app, limit=5))

    assert (["published", "scheduled"], ["renewed", "replayed"]) == (world.states(), server.renewals)
    with app.store.read() as tx:
        assert [("account", "ru")] == [(each.scope, each.name) for each in account_rows.pauses_now(tx)]
        assert ["account.refused"] == [each.kind for each in notices.open_now(tx)]


def test_a_crash_after_the_commit_loses_nothing(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    world.clock.turn_monotonic(LASTS)
    dead = opened(world, failpoint=dies_at("renewal.kept"))
    with pytest.raises(Died):
        world.run(live(dead, account, held(dead)))
    closed(world, dead)
    due(world)
    world.run(publish(app, limit=5))

    assert (["published"], ["renewed"]) == (world.states(), server.renewals)


def test_a_lost_answer_is_not_asked_again_while_the_token_lives(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    first = live_token(world, app, account)
    server.fault = "lose"
    world.clock.turn_monotonic(LASTS - 300)
    assert first == live_token(world, app, account)
    world.clock.turn_monotonic(200)
    assert first == live_token(world, app, account)
    assert ["renewed"] == server.renewals
    world.clock.turn_monotonic(100)

    with pytest.raises(Unauthorized, match="cannot be renewed"):
        live_token(world, app, account)
    assert ["renewed", "replayed"] == server.renewals


def test_a_server_that_is_away_is_asked_again_when_the_token_is_over(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    server.fault = "503"
    world.clock.turn_monotonic(LASTS - 300)
    first = live_token(world, app, account)
    world.clock.turn_monotonic(300)

    assert first != live_token(world, app, account)
    assert ["renewed"] == server.renewals


def test_a_token_that_is_refused_before_its_end_is_renewed_without_a_person(
    world: World, app: App, server: Server
) -> None:
    joined(world, app, server)
    server.grants[0].access = "revoked by the platform"
    due(world)
    world.run(publish(app, limit=5))
    assert ["scheduled"] == world.states()
    world.clock.turn(minutes=1)
    world.run(publish(app, limit=5))

    assert (["published"], ["renewed"]) == (world.states(), server.renewals)
    with app.store.read() as tx:
        assert ([], []) == (account_rows.pauses_now(tx), notices.open_now(tx))


def test_a_new_token_that_is_refused_too_is_for_a_person(world: World, app: App, server: Server) -> None:
    joined(world, app, server)
    due(world)
    server.admits_nobody = True
    for _ in range(3):
        world.run(publish(app, limit=5))
        world.clock.turn(minutes=1)

    assert (["scheduled"], 1) == (world.states(), len(server.renewals))
    with app.store.read() as tx:
        assert ["ru"] == [each.name for each in account_rows.pauses_now(tx)]


def test_who_connects_again_meanwhile_keeps_the_own_token(world: World, app: App, server: Server) -> None:
    account = joined(world, app, server)
    world.clock.turn_monotonic(LASTS)
    server.go_on.clear()
    server.began.clear()
    slow = opened(world)
    renewing = threading.Thread(target=lambda: asyncio.run(_live(slow, account)))
    renewing.start()
    assert server.began.wait(20)
    joined(world, app, server, again=True)
    mine = json.loads(held(app).secrets)["token"]
    server.go_on.set()
    renewing.join(30)
    world.run(accounts.test(app, "ru"))

    assert (["renewed"], mine) == (server.renewals, json.loads(held(app).secrets)["token"])
    slow.store.close()


async def _live(app: App, account: Account) -> None:
    await live(app, account, held(app))
    await app.close_network()


def test_measuring_renews_too(world: World, app: App, server: Server) -> None:
    joined(world, app, server)
    due(world)
    world.run(publish(app, limit=5))
    world.clock.turn(hours=2)
    world.run(measure(app))

    assert ["renewed"] == server.renewals
