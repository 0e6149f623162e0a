"""The tokens and secrets of every platform's account go through a post, faults and a refusal, and are found nowhere."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from campaign.core.errors import CampaignError
from campaign.platforms import available, load
from campaign.service import accounts
from campaign.service import archive as verb
from campaign.service.compose import Wording
from campaign.service.measure import measure
from tests.conftest import World
from tests.test_canary import contents, where

FAULTS = ("lose_response", "bad_json", "429")


PLATFORMS = [name for name in available() if not load(name).tokenless]


def through(world: World, platform: str, *, redact: bool = True) -> tuple[list[str], list[str]]:
    """Send posts through a platform and its faults; return its secrets, and all that was said."""
    world.campaign()
    world.share_media()
    kind, told = load(platform), world.twin.opened[platform]["peace_ko"]
    secrets = [told["token"], *(told[name] for name in kind.secrets if name in told)]
    world.link(platform, "there", "ko")
    said: list[str] = []
    fault: list[str] = []

    def spoil(name: str) -> None:
        if name == "line.committed" and fault:
            world.twin.fault(fault.pop(), times=1, body=json.dumps({"error": secrets, "quoted": quote(secrets[0])}))

    world.run(world.app.close_network())
    world.app.store.close()
    world.app = world.open(failpoint=spoil, log=lambda name, **fields: said.append(repr((name, fields))), redact=redact)
    media = (world.medium_for(platform, {"ko": "그림"}),) if kind.defaults.media else ()
    for number, name in enumerate(("", *FAULTS)):
        world.post(f"P{number}", to=("there",), texts={"ko": Wording(f"글 {number}", title="제목")}, pictures=media)
        world.clock.turn(minutes=10)
        fault[:] = [name] if name else []
        for _ in range(3):
            world.tick()
            world.clock.turn_monotonic(60)
    world.clock.turn(minutes=20)
    world.run(measure(world.app))
    world.twin.fault("expired_token")
    try:
        world.run(accounts.test(world.app, "there"))
    except CampaignError as error:
        said += [str(error), repr(error), repr(error.__cause__), repr(vars(error))]
    verb.archive(world.app)
    return secrets, said


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_secret_of_an_account_is_kept_or_said(make_world: Callable[..., World], platform: str) -> None:
    world = make_world()
    secrets, said = through(world, platform)
    found = contents(world)

    assert any(name.startswith("table exchanges") for name in found) and said
    for secret in secrets:
        assert set() == where(found, secret)
        assert set() == where({line: line.encode() for line in said}, secret)


@pytest.mark.parametrize("platform", PLATFORMS[::4])
def test_they_are_found_when_nothing_is_taken_out(make_world: Callable[..., World], platform: str) -> None:
    world = make_world()
    secrets, _ = through(world, platform, redact=False)

    assert any(name.startswith("table exchanges") for name in where(contents(world), secrets[0]))
