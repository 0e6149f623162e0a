"""Nothing but the POSTs, and nothing is kept: what any scheduler on the same client could reach at most.

python -m tests.bench.bare SPEC     client: our own HTTP client; aiohttp: a bare aiohttp session
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from campaign.clock import SystemClock
from campaign.net.client import Client
from campaign.net.guard import Guard
from campaign.net.transport import Transport
from tests.bench.ours import TOKEN, text
from tests.bench.watch import held_at_most

PATH = "/api/v1/statuses"
Send = Callable[[bytes, str], Awaitable[Any]]


def body_of(n: int) -> bytes:
    """Return the bytes that the Mastodon adapter sends."""
    body = {"status": text(n), "language": "ko", "visibility": "public"}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key, "Content-Type": "application/json; charset=utf-8"}


async def client(spec: dict[str, Any]) -> dict[str, float]:
    """Send them with the client that the adapters use; its exchanges are made, and thrown away."""
    transport = Transport(max_connections=spec["slots"], max_idle=spec["slots"])
    guard = Guard([spec["url"].partition("://")[2]], private=True)
    sender = Client(
        base_url=spec["url"], transport=transport, sink=lambda exchange: None, clock=SystemClock(), label="bare",
        token=TOKEN, guard=guard,
    )  # fmt: skip

    async def send(body: bytes, key: str) -> Any:
        return (await sender.commit("POST", PATH, content=body, headers=headers_of(key))).json()

    figures = await _timed(spec, send)
    await transport.aclose()
    return figures


async def aiohttp(spec: dict[str, Any]) -> dict[str, float]:
    """Send them with aiohttp."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=spec["slots"])) as session:
        url = spec["url"] + PATH
        bearer = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}

        async def send(body: bytes, key: str) -> Any:
            async with session.post(url, data=body, headers={**bearer, **headers_of(key)}) as answer:
                return await answer.json()

        return await _timed(spec, send)


async def _timed(spec: dict[str, Any], send: Send) -> dict[str, float]:
    left = iter(range(spec["number"]))

    async def slot() -> None:
        for n in left:
            found = await send(body_of(n), f"{n:032d}")
            assert found["id"]

    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(slot() for _ in range(spec["slots"])))
    took, used = time.monotonic() - began, time.process_time() - cpu
    return {
        "per_second": round(spec["number"] / took, 1),
        "cpu_us": round(used / spec["number"] * 1e6),
        "rss_mb": held_at_most("self"),
    }


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run({"client": client, "aiohttp": aiohttp}[given["what"]](given))), flush=True)
