"""The key of a tool that translates is found nowhere, whatever the tool does with it."""

import json
from typing import Any

import pytest

from campaign.core.errors import CampaignError
from campaign.service.archive import archive
from campaign.service.machine import translate_by_machine
from campaign.service.seal import seal
from tests.conftest import World
from tests.service.test_machine import open_tool
from tests.test_canary import contents, echo, where
from tests.translators.test_tools import PATHS, TOOLS, hostile

FAULTS = ("lose_response", "500_after", "half_body", "503", "429", "expired_token")


@pytest.mark.parametrize("tool", TOOLS)
def test_the_key_is_found_nowhere(world: World, tool: str) -> None:
    key = open_tool(world, tool)
    said: list[str] = []
    world.app = world.open(log=lambda name, **fields: said.append(repr((name, fields))))
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    bodies = {"echo": echo(key), "hostile": hostile(tool, key), "within": hostile(tool, f"слово {key} слово")}
    done = 0
    for number, fault in enumerate([*FAULTS, *bodies, "none"]):
        world.post(f"P{number:02}", to=("two",), texts={"ko": f"서울 {number}"}, approve_now=False)
        args: dict[str, Any] = {"body": bodies[fault]} if fault in bodies else {}
        if fault != "none":
            world.twin.fault("bad_json" if args else fault, path=PATHS[tool], times=3, retry_after=99, **args)
        try:
            world.run(translate_by_machine(world.app, f"P{number:02}", "ru", by=world.alice))
            done += 1
        except CampaignError as error:
            said += [str(error), repr(error), repr(error.__cause__), repr(vars(error))]
        world.twin.clear()
    world.post("P99", minutes=1)
    world.clock.turn(minutes=1)
    world.tick()
    archive(world.app)
    seal(world.app, until=world.clock.now())
    found = contents(world)

    assert 1 == done
    assert {"published"} == set(world.states())
    assert any(tool.encode() in raw for name, raw in found.items() if name.startswith("table variants"))
    assert set() == where(found, key)
    assert set() == where({line: line.encode() for line in said}, key)
    assert json.dumps(key) not in repr(world.settings)
