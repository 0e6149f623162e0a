"""Workers on one PostgreSQL database: a token that is over is renewed by one of them, and nobody loses it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pydantic import SecretStr

from campaign.config import Database
from campaign.service import App
from campaign.service.publish import publish
from tests.conftest import World
from tests.consent import LASTS, Server
from tests.service.test_refresh import closed, joined, opened


def test_workers_of_one_postgresql_renew_once_and_lose_nothing(
    make_world: Callable[..., World], make_migrated: Callable[[], str]
) -> None:
    world = make_world("shared", database=Database(url=SecretStr(make_migrated())))
    world.campaign()
    server = Server(world.twin.base_url, world.twin.tokens["peace_ru"], world.clock.monotonic)
    workers = [opened(world) for _ in range(4)]
    joined(world, workers[0], server)
    world.run(workers[0].close_network())
    for number in range(8):
        world.post(f"P{number}", minutes=1, to=("ru",), texts={"ru": f"Мир {number}"})
    world.clock.turn(minutes=1)
    world.clock.turn_monotonic(LASTS)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            list(pool.map(lambda app: asyncio.run(_two(app)), workers))
            world.clock.turn(seconds=3)  # who came second waits for the first

    assert ({"published"}, ["renewed"]) == (set(world.states()), server.renewals)
    for app in workers:
        closed(world, app)
    server.shutdown()
    server.server_close()


async def _two(app: App) -> None:
    await publish(app, limit=2)
    await app.close_network()
