"""A lost answer ends in one post: on every platform whose accounts can settle a doubt, through the whole of the way."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from campaign.core.model import Guarantee
from campaign.platforms import available, load
from campaign.service.compose import Wording
from campaign.store import attempts
from tests.conftest import World

TEXT = "안녕하세요, 평화 대표단입니다"
MOST = 60  # ticks until every doubt must be settled
LONGEST = 120.0  # seconds of real time between two of them


def post(world: World, platform: str) -> None:
    """Compose what the platform takes: a title always, a medium where it must be."""
    told = load(platform).defaults
    media = (world.medium_for(platform, {"ko": "남색 그림"}),) if told.min_media else ()
    world.post("P01", to=("there",), texts={"ko": Wording(TEXT, title="제목")}, pictures=media)
    world.clock.turn(minutes=10)


def tried(world: World) -> list[str]:
    """Return what became of each try and question, in their order."""
    with world.app.store.read() as tx:
        return [one.outcome for row in world.deliveries() for one in attempts.attempts_of(tx, row.id)]


def rows(world: World, platform: str) -> list[dict[str, Any]]:
    return [row for row in world.twin.books(platform=platform) if not row["deleted"]]


@pytest.mark.parametrize("platform", [name for name in available() if not load(name).tokenless])
def test_a_lost_answer_ends_in_exactly_one_post(make_world: Callable[..., World], platform: str) -> None:
    world = make_world()
    world.campaign()
    world.share_media()
    account = world.link(platform, "there", "ko")
    post(world, platform)
    cued: list[str] = []

    def lose(name: str) -> None:
        """Spoil the answer to the first request after the line: that is the irreversible one."""
        if name == "line.committed" and not cued:
            cued.append(name)
            world.twin.fault("lose_response", times=1)

    world.run(world.app.close_network())
    world.app.store.close()
    world.app = world.open(failpoint=lose)
    world.tick()

    assert cued and 1 == sum(fault["hits"] for fault in world.twin.faults()), "no answer was lost"
    assert "uncertain" == tried(world)[0], "it must be a doubt first"

    for _ in range(MOST):
        if set(world.states()) & {"published", "failed", "missed"}:
            break
        world.clock.turn_monotonic(LONGEST)
        world.tick()
    found = rows(world, platform)

    if account.guarantee is Guarantee.NONE:
        assert ["uncertain"] == world.states(), "nobody may say what became of it but a person"
        assert 1 == len(found)
        return
    assert (["published"], 1) == (world.states(), len(found)), json.dumps(found, ensure_ascii=False, default=str)[:2000]
    [held] = world.deliveries()
    assert held.remote_id == found[0]["id"]


@pytest.mark.parametrize("platform", [name for name in available() if load(name).tokenless])
def test_what_asks_nobody_is_done_once_whatever_dies(make_world: Callable[..., World], platform: str) -> None:
    world = make_world()
    world.campaign()
    world.link(platform, "there", "ko")
    post(world, platform)
    world.tick()
    before = len(rows(world, platform))

    assert world.states() in (["published"], ["processing"]) and before <= 1
    world.tick()
    assert before == len(rows(world, platform))
