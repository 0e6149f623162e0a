"""python-telegram-bot, which others wrote, pointed at the twin: a bot that posts and one that watches."""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from campaign.sandbox import Twin

os.environ.setdefault("PTB_TIMEDELTA", "true")  # read at import; else it warns of what will come
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest


@dataclass
class Line:
    """Bots on one event loop."""

    twin: Twin
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    bots: dict[str, Bot] = field(default_factory=dict)
    _requests: list[HTTPXRequest] = field(default_factory=list)

    def bot(self, token: str) -> Bot:
        if token not in self.bots:
            self._requests += [(asked := HTTPXRequest()), (updates := HTTPXRequest())]
            base_url = f"{self.twin.base_url}/bot"
            self.bots[token] = Bot(token, base_url=base_url, request=asked, get_updates_request=updates)
        return self.bots[token]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def refused(self, work: Coroutine[Any, Any, Any]) -> str:
        """Return what the twin refused this with, as the client tells it."""
        with pytest.raises(TelegramError) as error:
            self.run(work)
        return f"{type(error.value).__name__}: {error.value.message}"

    @property
    def told(self) -> dict[str, str]:
        return self.twin.opened["telegram"]["peace_ko"]

    @property
    def poster(self) -> Bot:
        return self.bot(self.told["token"])

    @property
    def watcher(self) -> Bot:
        return self.bot(self.told["watcher"])

    def close(self) -> None:
        for request in self._requests:
            self.run(request.shutdown())
        self.runner.close()


def opened(twin: Twin) -> Iterator[Line]:
    """Open bots for one test; their connections are closed at the end."""
    line = Line(twin)
    yield line
    line.close()
