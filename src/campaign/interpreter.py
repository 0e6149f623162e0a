"""What translates by machine, made of the settings: the tool, and the one client that it speaks through."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from campaign import __version__
from campaign.config import Settings
from campaign.core.clock import Clock
from campaign.core.errors import Invalid, RateLimited, Refused, Unavailable
from campaign.core.kept import Pieces
from campaign.core.model import Lang
from campaign.core.translation import Translator
from campaign.translators import home_of, open_translator

TRIES = 3  # of one request; it has no effect there, and may be charged each time
FIRST_WAIT, LONGEST_WAIT = 1.0, 20.0  # seconds between two tries; who asks us to wait longer is asked no more
WITHIN = 120.0  # seconds for one request
LARGEST = 1024 * 1024  # bytes of an answer

Sleep = Callable[[float], Awaitable[None]]


def make_translator(settings: Settings, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> Translator | None:
    """Return what translates by machine; None: the settings say off.

    Raises:
        Invalid: a tool without what it needs.
    """
    given = settings.translation
    if given.tool == "off":
        return None
    key = given.key.get_secret_value()
    url = given.url or home_of(given.tool, key)
    if not url:
        rule = f"must name the server of {given.tool}, as in http://127.0.0.1:5000"
        raise Invalid("translation.url", given.url, rule)
    if given.tool == "deepl" and not key:
        raise Invalid("translation.key", "…", "must be DeepL's key; set CAMPAIGN_TRANSLATION__KEY in the environment")
    if not key.isascii() or any(sign <= " " or sign == "\x7f" for sign in key):
        raise Invalid("translation.key", "…", "must be plain letters, digits and signs, without spaces")
    return Interpreter(settings, clock, url, key, sleep)


class Interpreter:
    """One tool. Calls are rare: each has connections of its own, so that it may run in any event loop."""

    def __init__(self, settings: Settings, clock: Clock, url: str, key: str, sleep: Sleep) -> None:
        self._settings, self._clock, self._sleep = settings, clock, sleep
        self._url, self._key = url, key
        self.tool: str = settings.translation.tool

    async def translate(self, texts: Sequence[Pieces], source: Lang, target: Lang) -> list[str]:
        """As of core.translation.Translator."""
        from campaign.net.transport import Transport

        transport = Transport(max_body=LARGEST)
        client = self._client(transport)

        async def ask(*args: Any, **options: Any) -> Any:
            for number in range(1, TRIES + 1):
                try:
                    return await client.ask(*args, **options)
                except (RateLimited, Unavailable) as error:
                    wait = error.retry_after if isinstance(error, RateLimited) else FIRST_WAIT * 2 ** (number - 1)
                    if number == TRIES or wait > LONGEST_WAIT:
                        raise
                    await self._sleep(wait)
            raise AssertionError("the last try returns or raises")

        try:
            answers = await open_translator(self.tool, ask, self._key).translate(texts, source, target)
        finally:
            await transport.aclose()
        if self._key and any(self._key in answer for answer in answers):  # it would go out with the post
            raise Refused(f"{self.tool}: its answer holds the key; nothing was changed")
        return answers

    def _client(self, transport: Any) -> Any:
        from campaign.net.client import Client, Timeouts
        from campaign.net.guard import Guard
        from campaign.net.redact import Redactor

        network = self._settings.network
        return Client(
            base_url=self._url,
            transport=transport,
            sink=lambda exchange: None,  # a draft is no publication: what was sent and answered is not kept
            clock=self._clock,
            label=self.tool,
            # What an operator typed may be of the local network; no redirect is followed.
            guard=Guard([urlsplit(self._url).netloc], private=bool(self._settings.translation.url)),
            redactor=Redactor([self._key] if self._key else []),
            timeouts=Timeouts(
                connect=network.connect_timeout,
                read=network.read_timeout,
                write=network.read_timeout,
                pool=network.read_timeout,
                total=min(network.total_timeout, WITHIN),
            ),
            agent=network.user_agent or f"campaign/{__version__}",
        )
