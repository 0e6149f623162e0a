"""The ways out for news that is not for a platform: a URL that gets JSON, a program that gets it on standard input."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from campaign.core.clock import Clock
from campaign.core.errors import Invalid, Outcome, Unavailable
from campaign.net.client import Client, Timeouts
from campaign.net.guard import Guard
from campaign.net.redact import Redactor
from campaign.net.transport import Transport

PATIENCE = 20.0  # seconds for one call


class Hook:
    """A URL that an operator typed: a webhook, a dead man's switch. The URL is a secret and stands in no message.

    It may be of the local network, and may speak plain http. No redirect is followed.

    Raises:
        Invalid: it is no http or https URL.
    """

    def __init__(self, url: str, *, field: str, clock: Clock, agent: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise Invalid(field, "…", "must be an https:// or http:// URL without a name or password in it")
        self._url, self._field, self._clock, self._agent = url, field, clock, agent
        self._host = parts.netloc

    async def post(self, told: Mapping[str, Any]) -> None:
        """Hand one JSON object over. Raises: Unavailable, which tells the answer's status and not the URL."""
        await self._ask("POST", told)

    async def get(self) -> None:
        """Ask for it. Raises: Unavailable, which tells the answer's status and not the URL."""
        await self._ask("GET", None)

    async def _ask(self, method: str, told: Mapping[str, Any] | None) -> None:
        # A transport for each call: calls are rare, and a connection belongs to one event loop.
        transport = Transport()
        client = Client(
            base_url=self._url,
            transport=transport,
            sink=lambda exchange: None,
            clock=self._clock,
            label=self._field,
            guard=Guard([self._host], private=True),
            redactor=Redactor([self._url]),
            timeouts=Timeouts(connect=PATIENCE, read=PATIENCE, write=PATIENCE, pool=PATIENCE, total=PATIENCE),
            agent=self._agent,
        )
        try:
            await client.ask(method, self._url, json=told)
        except Outcome as error:
            said = f"was answered with {error.status}" if error.status else "had no answer"
            raise Unavailable(f"{self._field}: its URL {said}", status=error.status) from None
        finally:
            await transport.aclose()


class Program:
    """A program that an operator named; it gets the JSON on standard input, and no shell reads its arguments.

    Args:
        environment: what it inherits; secrets of ours are not to be in it.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command, self._environment = list(command), dict(environment)

    async def run(self, told: bytes) -> None:
        """Run it to its end. Raises: Unavailable: it cannot be started, fails, or takes too long."""
        name = self._command[0]
        nothing = asyncio.subprocess.DEVNULL
        try:
            child = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=nothing, stderr=nothing, env=self._environment
            )
        except OSError as error:
            raise Unavailable(f"notify.command: {name} cannot be started: {error.strerror}") from None
        try:
            async with asyncio.timeout(PATIENCE):
                await child.communicate(told)
        except TimeoutError:
            raise Unavailable(f"notify.command: {name} took longer than {PATIENCE:g} s and was ended") from None
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        if child.returncode:
            raise Unavailable(f"notify.command: {name} ended with {child.returncode}")
