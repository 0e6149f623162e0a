"""The benchmark: deliveries due at one instant, through the daemon's own App, against the bare client in the same run.

    python -m tests.bench [--number N] [--latency SECONDS] [--slots N]

The platform is a raw local stub with a fixed latency. Absolute figures are this machine's; the ratio is what counts.
The last line is one JSON object with every figure.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from campaign import bootstrap
from campaign.clock import SystemClock
from campaign.config import load_settings
from campaign.core.model import Account, Campaign, Delivery, Guarantee, Outgoing, Post
from campaign.core.states import State
from campaign.engine.embedded import EmbeddedEngine
from campaign.net.client import Client
from campaign.net.guard import Guard
from campaign.net.transport import Transport
from campaign.service import App
from campaign.store import accounts, campaigns, outbox, queue
from campaign.store import posts as post_rows
from campaign.store.posts import Queued, Target

STUB = """
import asyncio, itertools, json, sys
numbers = itertools.count(1)
async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\\r\\n\\r\\n"):
            size = next((int(l[15:]) for l in head.lower().split(b"\\r\\n") if l.startswith(b"content-length:")), 0)
            await reader.readexactly(size)
            await asyncio.sleep(float(sys.argv[1]))
            n = next(numbers)
            body = json.dumps({"id": str(n), "url": f"http://127.0.0.1/{n}", "created_at": None}).encode()
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""  # noqa: E501


def fill(app: App, base_url: str, number: int) -> None:
    """Enqueue so many deliveries that are all due now."""
    now = app.clock.now()
    sheet = {"private": True}
    account = Account(
        app.new_id(), "kr", "mastodon", base_url, "@kr", "1", "mastodon", ("ko",), Guarantee.DEDUP, sheet, now
    )  # fmt: skip
    campaign = Campaign(app.new_id(), "c", {"ko": "c"}, "ko", ("ko",), "UTC", "none", timedelta(hours=1))
    with app.store.begin() as tx:
        accounts.add_account(tx, account, app.vault, "token-of-the-benchmark")
        campaigns.add_campaign(tx, campaign, at=now)
        for n in range(number):
            post = Post(
                app.new_id(), campaign.id, f"P{n}", None, now.replace(tzinfo=None), "UTC", app.tzdata, now, {}, "a", now
            )  # fmt: skip
            post_rows.add_post(tx, post)
            target = Target(app.new_id(), post.id, account.id, "split", ("ko",))
            post_rows.add_targets(tx, [target])
            outgoing = Outgoing("kr", "mastodon", ("ko",), f"안녕하세요 {n}")
            queued = Queued(app.new_id(), target.id, post.id, account.id, outgoing, outgoing.sha256, now, None, None)
            post_rows.add_outgoings(tx, [queued], at=now)
            delivery = Delivery(
                id=app.new_id(), post_id=post.id, account_id=account.id, campaign_id=campaign.id, outgoing_id=queued.id,
                outgoing_sha256=queued.sha256, langs=("ko",), part=1, parent_id=None, state=State.SCHEDULED, due_at=now,
                late_after=now + timedelta(hours=1), key=app.new_key(), guarantee=Guarantee.DEDUP,
            )  # fmt: skip
            outbox.add_delivery(tx, delivery, at=now)


async def through_the_engine(app: App, number: int, slots: int) -> dict[str, float]:
    """Publish all of them; return the rate and how late they were."""
    engine = EmbeddedEngine(app, slots=slots, tick=15, stop_within=1)
    began, cpu = time.monotonic(), time.process_time()
    running = asyncio.create_task(engine.run())
    while True:
        await asyncio.sleep(0.1)
        with app.store.read() as tx:
            done = tx.exec_driver_sql("SELECT count(*) FROM deliveries WHERE state = 'published'").scalar_one()
        if done == number:
            break
    took, used = time.monotonic() - began, time.process_time() - cpu
    engine.stop()
    await running
    with app.store.read() as tx:
        late = sorted((row["published_at"] - row["due_at"]).total_seconds() for row in queue.listed(tx))
    return {
        "per_second": round(number / took, 1),
        "late_p50": round(late[number // 2] - late[0], 3),
        "late_p99": round(late[int(number * 0.99)] - late[0], 3),
        "cpu_us": round(used / number * 1e6),
    }


async def bare(base_url: str, number: int, slots: int) -> dict[str, float]:
    """Send the same requests with the client alone, and keep nothing."""
    transport = Transport(max_connections=slots)
    client = Client(
        base_url=base_url, transport=transport, sink=lambda exchange: None, clock=SystemClock(), label="bare",
        token="token-of-the-benchmark", guard=Guard([base_url.partition("://")[2]], private=True),
    )  # fmt: skip
    free = asyncio.Semaphore(slots)

    async def one(n: int) -> None:
        async with free:
            body = json.dumps({"status": f"안녕하세요 {n}", "language": "ko"}).encode()
            (await client.commit("POST", "/api/v1/statuses", content=body)).json()

    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(one(n) for n in range(number)))
    took, used = time.monotonic() - began, time.process_time() - cpu
    await transport.aclose()
    return {"per_second": round(number / took, 1), "cpu_us": round(used / number * 1e6)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--slots", type=int, default=50)
    chosen = parser.parse_args()
    stub = subprocess.Popen([sys.executable, "-c", STUB, str(chosen.latency)], stdout=subprocess.PIPE, text=True)
    try:
        assert stub.stdout is not None
        base_url = f"http://127.0.0.1:{int(stub.stdout.readline())}"
        figures: dict[str, Any] = {"number": chosen.number, "latency": chosen.latency, "slots": chosen.slots}
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            settings = load_settings(dir=str(Path(folder) / "data"), environ={})
            bootstrap.init(settings)
            opener = bootstrap.Opener(settings, SystemClock(), limited=False)
            app = bootstrap.open_app(settings, opener=opener)
            fill(app, base_url, chosen.number)
            figures["campaign"] = asyncio.run(through_the_engine(app, chosen.number, chosen.slots))
            app.store.close()
        figures["bare_client"] = asyncio.run(bare(base_url, chosen.number, chosen.slots))
    finally:
        stub.terminate()
        stub.wait(10)
    figures["ratio"] = round(figures["campaign"]["per_second"] / figures["bare_client"]["per_second"], 3)
    figures["cpu_us_above_bare"] = figures["campaign"]["cpu_us"] - figures["bare_client"]["cpu_us"]
    for name in ("campaign", "bare_client"):
        print(f"{name:<12} {figures[name]}")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
