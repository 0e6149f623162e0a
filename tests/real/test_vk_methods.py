"""Every request that the VK adapter sends, and every answer of its twin, held against models made of VK's schema."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.conftest import World, picture_file

from campaign.core.adapter import Adapter, Doubt, Exchanges
from campaign.core.model import Exchange, Outgoing, OutgoingMedium
from campaign.store import accounts as account_rows

PYTHON = Path(__file__).parents[2] / ".cache" / "vk" / "venv" / "bin" / "python"
SCRIPT = Path(__file__).with_name("vkbottle_models.py")
METHODS = {
    "users.get", "groups.getById", "account.getAppPermissions", "photos.getWallUploadServer", "photos.saveWallPhoto",
    "photos.edit", "video.save", "wall.post", "wall.get", "wall.getById", "wall.edit", "wall.delete",
    "wall.getComments", "stats.getPostReach",
}  # fmt: skip

# The schema folds `owner_id` into `domain` (an integer or a string); VK's documents list both, as of wall.search:
# https://dev.vk.com/en/wall.search
FOLDED = ["wall.get knows no owner_id"]

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not PYTHON.exists() and os.environ.get("CI") != "true", reason="make test-real fetches vkbottle-types"
    ),
]


def judged(calls: list[dict[str, Any]]) -> list[list[str]]:
    """Return the complaints about each call."""
    asked = "\n".join(json.dumps(call) for call in calls)
    told = subprocess.run([PYTHON, SCRIPT], input=asked, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in told.stdout.splitlines()]


def call(exchange: Exchange) -> dict[str, Any]:
    body = exchange.request.partition(b"\r\n\r\n")[2].decode()
    answer = json.loads((exchange.response or b"").partition(b"\r\n\r\n")[2])
    return {
        "method": exchange.url.rpartition("/")[2],
        "fields": dict(parse_qsl(body, keep_blank_values=True)),
        "answer": answer if "response" in answer else None,
    }


def everything(world: World, kept: Exchanges) -> None:
    """Do all that the adapter can do, once."""
    account = world.link("vk", "vk", "ru")
    with world.app.store.read() as tx:
        token = account_rows.token_of(tx, account, world.app.vault)
    adapter: Adapter = world.app.open_adapter(account, token, kept)
    picture = world.app.media.put(picture_file(world.folder / "a.png"), mime="image/png")
    file = world.folder / "clip.mp4"
    file.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(500))
    film = world.app.media.put(file, mime="video/mp4")
    image = OutgoingMedium(picture.sha256, "image/png", picture.size, 64, 36, "картинка")
    clip = OutgoingMedium(film.sha256, "video/mp4", film.size, 640, 360, "ролик", seconds=7.4)
    plain = Outgoing("vk", "vk", ("ru",), "Мир #мир\nhttps://example.org/", link="https://example.org/")

    async def all_of_it() -> None:
        await adapter.connect()
        made = []
        for wanted in (plain, replace(plain, text="С картинкой и роликом", media=(image, clip))):
            since = world.clock.now()
            wire = await adapter.prepare(
                wanted, key=wanted.sha256[:20], parent=None, previous=None, open_medium=world.app.media.open
            )
            made.append((await adapter.publish(wanted, wire)).remote_id)  # type: ignore[union-attr]
            assert await adapter.confirm(wanted, wire, Doubt(since)) is not None
            await adapter.edit(made[-1], replace(wanted, text="иначе"), wire)
        owner, _, post = made[0].partition("_")
        fields = {"owner_id": owner, "post_id": post, "message": "Хорошо!", "v": "5.199", "access_token": token}
        first = world.twin.ask("GET", "/method/wall.createComment", **fields)["response"]["comment_id"]
        world.twin.ask("GET", "/method/wall.createComment", reply_to_comment=first, **fields)
        world.clock.turn(days=1)
        assert 2 == len(await adapter.comments(made[0]))
        await adapter.measure(made)
        await adapter.fetch(made[1])
        await adapter.delete(made[0])

    world.run(all_of_it())


def test_each_request_and_each_answer_is_one_that_the_schema_knows(world: World) -> None:
    kept = Exchanges()
    everything(world, kept)
    calls = [call(exchange) for exchange in kept.kept if "/method/" in exchange.url]
    said = judged(calls)

    assert METHODS == {each["method"] for each in calls}
    assert [] == [(each, told) for each, told in zip(calls, said, strict=True) if told not in ([], FOLDED)]


def test_what_the_schema_does_not_know_is_found() -> None:
    sent = {"owner_id": "-1", "message": "a"}
    wrong = [
        {"method": "wall.post", "fields": {**sent, "alt": "a"}, "answer": None},
        {"method": "wall.post", "fields": {**sent, "owner_id": "x"}, "answer": None},
        {"method": "wall.fly", "fields": {}, "answer": None},
        {"method": "wall.post", "fields": sent, "answer": {"response": {"post_id": "x"}}},
        {"method": "wall.edit", "fields": {"message": "a"}, "answer": {"response": {"post_id": 1}}},
        {"method": "wall.post", "fields": sent, "answer": {"response": {"post_id": 1}}},
    ]

    assert [True] * 5 + [False] == [bool(complaints) for complaints in judged(wrong)]
