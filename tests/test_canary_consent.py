"""Codes, verifiers, states, tokens of both kinds and the client's secret are found nowhere, whatever goes wrong."""

import json
from collections.abc import Iterator

import pytest

from campaign.core.errors import CampaignError
from campaign.core.oauth import read_redirect
from campaign.service import App
from campaign.service import archive as verb
from campaign.service.connect import begin, finish
from campaign.service.measure import measure
from campaign.service.publish import publish
from campaign.service.refresh import live
from campaign.service.seal import seal
from tests.conftest import World
from tests.consent import LASTS, Server
from tests.service.test_refresh import closed, held, joined, opened
from tests.test_canary import contents, where


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    made = Server(world.twin.base_url, world.twin.tokens["peace_ru"], world.clock.monotonic)
    yield made
    made.shutdown()
    made.server_close()


def everything(world: World, app: App, server: Server, faults: tuple[str, ...]) -> list[str]:
    """Consent, fail at it, publish, renew, fail at that, measure, archive; return every message of an error."""
    said: list[str] = []

    def fails(error: BaseException) -> None:
        said.extend([str(error), repr(error), repr(error.__cause__), repr(vars(error))])

    given = {"base_url": server.url, "langs": ["ru"], "by": world.alice, "private": True}
    for fault in ("lose", "503", "echo", "code", "state", "denied"):
        begun = world.run(begin(app, "mastodon", name="failed", **given))
        server.secrets.add(begun.state)
        told = read_redirect(server.consent(begun.url))
        server.fault = fault if fault in ("lose", "503", "echo") else ""
        if fault == "code":
            server.codes.clear()
        if fault == "state":
            told["state"] += "x"
        if fault == "denied":
            told = {"error": "access_denied", "state": begun.state}
        try:
            world.run(finish(app, told, by=world.alice))
        except CampaignError as error:
            fails(error)
    account = joined(world, app, server)
    server.lasts = 400.0
    for number, fault in enumerate(faults):
        world.clock.turn_monotonic(LASTS)
        server.fault = fault
        world.post(f"P{number}", minutes=1, to=("ru",), texts={"ru": f"Мир {number}"})
        world.clock.turn(minutes=1)
        world.tick(app)
        server.fault = ""
        joined(world, app, server, again=True)
    world.clock.turn_monotonic(LASTS)
    server.grants.clear()
    try:
        world.run(live(app, account, held(app)))
    except CampaignError as error:
        fails(error)
    world.clock.turn(minutes=20)
    world.run(publish(app, limit=5))
    world.run(measure(app))
    world.run(app.close_network())
    verb.archive(app)
    seal(app, until=world.clock.now())
    return said


def found(world: World, server: Server, logged: list[str], said: list[str]) -> dict[str, set[str]]:
    everywhere = contents(world) | {f"line {n}": line.encode() for n, line in enumerate([*logged, *said])}
    return {secret: places for secret in server.secrets if secret and (places := where(everywhere, secret))}


def test_what_consents_gave_out_is_found_nowhere(world: World, server: Server) -> None:
    logged: list[str] = []
    app = opened(world, log=lambda name, **fields: logged.append(json.dumps((name, fields), default=str)))
    said = everything(world, app, server, ("", "lose", "503", "echo"))
    closed(world, app)

    assert (True, True, True) == (len(said) > 20, len(logged) > 10, len(server.secrets) > 30)
    assert {"published"} <= set(world.states())
    assert {} == found(world, server, logged, said)


def test_it_is_found_when_nothing_is_taken_out(world: World, server: Server) -> None:
    app = opened(world, redact=False)
    said = everything(world, app, server, ("",))
    closed(world, app)

    assert {} != found(world, server, [], said)
