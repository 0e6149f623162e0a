"""Reach: whether a web address that a post leads to opens, asked as a reader's browser would."""

import asyncio
from collections.abc import Sequence

import httpx

from campaign.core.errors import Invalid, Refused, shown
from campaign.net.guard import Guard
from campaign.net.transport import Transport

HOPS = 5  # redirects, each looked at like the first address
WITHIN = 5.0  # seconds for one answer
ENOUGH = 65_536  # bytes of it; the rest says nothing more
_NO_HEAD = (400, 403, 404, 405, 501)  # what servers that know no HEAD say to it


def reach(url: str, *, private: Sequence[str] = ()) -> str | None:
    """Return why an address does not open; None: it does. Nothing secret goes along, and nothing is kept.

    Args:
        private: hosts that may have private addresses and speak plain http, by the word of an operator.
    """
    return asyncio.run(_reached(url, Guard(private, private=True)))


async def _reached(url: str, guard: Guard) -> str | None:
    transport = Transport(guard=guard, max_body=ENOUGH)
    try:
        at = httpx.URL(url)
        for _ in range(HOPS + 1):
            guard.check_url(at, foreign=True)
            status, following = await _asked(transport, "HEAD", at)
            if status in _NO_HEAD:
                status, following = await _asked(transport, "GET", at)
            if following is None:
                return None if status < 400 else f"HTTP {status}"
            at = at.join(following)
        return f"leads on {HOPS} times and is at no end"
    except (httpx.InvalidURL, Invalid, Refused) as error:
        return shown(str(error))
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        return shown(str(error)) or type(error).__name__
    finally:
        await transport.aclose()


async def _asked(transport: Transport, method: str, url: httpx.URL) -> tuple[int, str | None]:
    times = dict.fromkeys(("connect", "read", "write", "pool"), WITHIN)
    headers = {"User-Agent": "campaign", "Accept": "*/*", "Accept-Encoding": "identity"}
    request = httpx.Request(method, url, headers=headers, extensions={"timeout": times, "deadline": WITHIN})
    answer = await transport.handle_async_request(request)
    try:
        return answer.status_code, answer.headers.get("location") if answer.is_redirect else None
    finally:
        await answer.aclose()
