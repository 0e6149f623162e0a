"""Every request that the Telegram adapter sends, and every answer of its twin, held against aiogram's own models."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import World, picture_file

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.model import Exchange, Outgoing, OutgoingMedium
from campaign.sandbox.wire import Upload, read_params
from campaign.service import accounts
from campaign.store import accounts as account_rows

PYTHON = Path(__file__).parents[2] / ".cache" / "aiogram" / "bin" / "python"
SCRIPT = Path(__file__).with_name("aiogram_models.py")
METHODS = {
    "getMe", "getChat", "getChatMember", "getWebhookInfo", "getUpdates", "sendMessage", "sendPhoto", "sendVideo",
    "sendMediaGroup", "editMessageText", "editMessageCaption", "deleteMessages",
}  # fmt: skip

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PYTHON.exists() and os.environ.get("CI") != "true", reason="make test-real fetches aiogram"),
]


def judged(calls: list[dict[str, Any]]) -> list[list[str]]:
    """Return aiogram's complaints about each call."""
    asked = "\n".join(json.dumps(call) for call in calls)
    told = subprocess.run([PYTHON, SCRIPT], input=asked, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in told.stdout.splitlines()]


def call(exchange: Exchange) -> dict[str, Any]:
    """Return the method, its fields as a client would name them, and what was answered."""
    head, _, body = exchange.request.partition(b"\r\n\r\n")
    kind = next(line for line in head.decode().split("\r\n") if line.lower().startswith("content-type:"))
    params = read_params(b"", kind.partition(": ")[2], body)
    method = exchange.url.rpartition("/")[2]
    fields: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, Upload):
            if name in ("photo", "video"):
                fields[name] = f"attach://{name}"
        else:
            nested = isinstance(value, str) and value[:1] in "[{"
            fields[name] = json.loads(value) if nested else value
    answer = json.loads((exchange.response or b"").partition(b"\r\n\r\n")[2])
    return {"method": method, "fields": fields, "result": answer.get("result")}


def everything(world: World, kept: Exchanges) -> None:
    """Do all that the adapter can do, once."""
    opened = world.twin.opened["telegram"]["peace_ko"]
    work = accounts.connect(
        world.app, "telegram", name="tg", base_url=world.twin.base_url, token=opened["token"], langs=["ko"],
        by=world.alice, private=True, options={"channel": opened["channel"]}, secrets={"watcher": opened["watcher"]},
    )  # fmt: skip
    world.run(work)
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "tg")
        token = account_rows.token_of(tx, account, world.app.vault)
    adapter: Adapter = world.app.open_adapter(account, token, kept)
    picture = world.app.media.put(picture_file(world.folder / "a.png"), mime="image/png")
    file = world.folder / "clip.mp4"
    file.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(500))
    film = world.app.media.put(file, mime="video/mp4")
    image = OutgoingMedium(picture.sha256, "image/png", picture.size, 64, 36, "그림")
    clip = OutgoingMedium(film.sha256, "video/mp4", film.size, 640, 360, "영상", seconds=7.4, poster=picture.sha256)
    posts = (
        Outgoing("tg", "telegram", ("ko",), "글 #평화"),
        Outgoing("tg", "telegram", ("ko",), "글\nhttps://example.org/", link="https://example.org/"),
        Outgoing("tg", "telegram", ("ko",), "그림", media=(image,)),
        Outgoing("tg", "telegram", ("ko",), "영상", media=(clip,)),
        Outgoing("tg", "telegram", ("ko",), "앨범", media=(image, clip, image)),
    )

    async def all_of_it() -> None:
        await adapter.connect()
        parent, since = None, world.clock.now()
        for wanted in posts:
            wire = await adapter.prepare(
                wanted, key="k", parent=parent, previous=None, open_medium=world.app.media.open
            )
            made = await adapter.publish(wanted, wire)
            parent = Parent(made.remote_id, {})  # type: ignore[union-attr]
            assert await adapter.confirm(wanted, wire, Doubt(since)) is not None
            await adapter.edit(parent.remote_id, Outgoing("tg", "telegram", ("ko",), "b", media=wanted.media), wire)
        world.clock.turn(hours=20)
        await adapter.measure(["1", "2"])
        await adapter.fetch("1")
        await adapter.confirm(Outgoing("tg", "telegram", ("ko",), "nothing"), {"fields": {}}, Doubt(world.clock.now()))
        for remote_id in ("1", "5+6+7"):
            await adapter.delete(remote_id)

    world.run(all_of_it())


def test_each_request_and_each_answer_is_one_that_aiogram_knows(world: World) -> None:
    kept = Exchanges()
    everything(world, kept)
    calls = [call(exchange) for exchange in kept.kept]
    said = judged(calls)

    assert METHODS == {each["method"] for each in calls}
    assert len(calls) == len(said) > 30
    assert [] == [(each, complaints) for each, complaints in zip(calls, said, strict=True) if complaints]
    assert any("message_reaction_count" in json.dumps(each["result"]) for each in calls)


def test_what_aiogram_does_not_know_is_found() -> None:
    sent = {"chat_id": 1, "text": "a"}
    wrong = [
        {"method": "sendMessage", "fields": {**sent, "alt": "a"}},
        {"method": "sendMessage", "fields": {**sent, "reply_parameters": {"message_id": "x"}}},
        {"method": "sendMessage", "fields": {**sent, "link_preview_options": {"of": "x"}}},
        {"method": "sendNothing", "fields": {}},
        {"method": "getMe", "fields": {}, "result": {"id": 1}},
        {"method": "sendMessage", "fields": sent},
    ]

    assert [True] * 5 + [False] == [bool(complaints) for complaints in judged(wrong)]
