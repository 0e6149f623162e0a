"""A tool as the settings make it, spoken to over HTTP at its twin; nobody waits between two tries."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from campaign.config import Settings, Translation
from campaign.core.translation import Translator
from campaign.interpreter import make_translator
from campaign.sandbox import Twin
from tests.conftest import HandClock

Open = Callable[..., Translator]


@pytest.fixture
def clock(tmp_path: Path) -> HandClock:
    return HandClock(tmp_path / "clock.json")


@pytest.fixture
def twin(tmp_path: Path, clock: HandClock) -> Iterator[Twin]:
    with Twin(tmp_path / "sandbox", clock_file=clock.file, platforms=()) as running:
        yield running


@pytest.fixture
def open_tool(twin: Twin, clock: HandClock) -> Open:
    """Return a maker of tools, each with a key of its own; `key` and `url` stand in place of those of the twin."""

    def tool(name: str, *, key: str | None = None, url: str | None = None, **told: str) -> Translator:
        opened = twin.ask("POST", "/_accounts", {"platform": name, "name": "office", **told})
        chosen: dict[str, Any] = {"tool": name, "url": url or opened["base_url"], "key": key or opened["token"]}
        settings = Settings(translation=Translation(**chosen))
        made = make_translator(settings, clock, sleep=clock.sleep)
        assert made is not None
        return made

    return tool
