"""Fetch: a file from a public web address that somebody wrote into a sheet, bounded, into a file of ours."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx

from campaign.core.errors import Invalid, Refused, Unavailable, shown
from campaign.net.guard import Guard
from campaign.net.transport import Transport

HOPS = 5  # redirects, each looked at like the first address
WITHIN = 120.0  # seconds for one answer
SILENCE = 20.0  # seconds of it
AGENT = "campaign"


def fetch(url: str, target: Path, *, limit: int, private: Sequence[str] = ()) -> None:
    """Write what lies at an address into a file; nothing secret goes along, and no cookie comes back.

    Args:
        limit: bytes that it may have.
        private: hosts that may have private addresses and speak plain http, by the word of an operator.

    Raises:
        Refused: it is no https address, or leads to an address that is not public. Unavailable: no usable answer.
    """
    asyncio.run(_fetched(url, target, limit, Guard(private, private=True)))


async def _fetched(url: str, target: Path, limit: int, guard: Guard) -> None:
    transport = Transport(guard=guard, max_body=limit)
    try:
        at = httpx.URL(url)
        for _ in range(HOPS + 1):
            guard.check_url(at, foreign=True)
            following = await _asked(transport, at, target)
            if following is None:
                return
            at = at.join(following)
        raise Refused(f"{shown(url)} leads on {HOPS} times and is at no end")
    except (httpx.InvalidURL, Invalid) as error:
        raise Refused(f"{shown(url)} is no web address: {error}") from None
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        said = str(error) or type(error).__name__
        raise Unavailable(f"{shown(url)} gave no file: {said}") from None
    finally:
        await transport.aclose()


async def _asked(transport: Transport, url: httpx.URL, target: Path) -> str | None:
    """Ask once; return where it leads on to, or None when the file is written."""
    times = dict.fromkeys(("connect", "read", "write", "pool"), SILENCE)
    headers = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    request = httpx.Request("GET", url, headers=headers, extensions={"timeout": times, "deadline": WITHIN})
    answer = await transport.handle_async_request(request)
    try:
        if answer.is_redirect and "location" in answer.headers:
            return answer.headers["location"]
        if answer.status_code != 200:
            raise Unavailable(f"{shown(str(url))} was answered with {answer.status_code}", status=answer.status_code)
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise Refused(f"{shown(str(url))} came compressed, which was not asked for")
        with target.open("wb") as stream:
            async for chunk in answer.aiter_raw():
                stream.write(chunk)
        return None
    finally:
        await answer.aclose()
