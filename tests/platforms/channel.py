"""A channel of the Telegram twin, connected; and what its tests do in one word each."""

from datetime import datetime
from typing import Any

import pytest

from campaign.core.adapter import Adapter, Doubt, Exchanges
from campaign.core.errors import Uncertain
from campaign.core.model import Account, Outgoing, OutgoingMedium, Published
from campaign.service import accounts
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

SEND, ALBUM, UPDATES = "/bot*/sendMessage", "/bot*/sendMediaGroup", "/bot*/getUpdates"
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(300_000)


def told(world: World, name: str = "peace_ko") -> dict[str, str]:
    return world.twin.opened["telegram"][name]


def connect(world: World, *, watched: bool = True, name: str = "tg", twin: str = "peace_ko", **given: Any) -> Account:
    opened = {**told(world, twin), **given}
    secrets = {"watcher": opened["watcher"]} if watched else {}
    work = accounts.connect(
        world.app, "telegram", name=name, base_url=world.twin.base_url, token=opened["token"], langs=["ko"],
        by=world.alice, private=True, options={"channel": opened["channel"]}, secrets=secrets,
    )  # fmt: skip
    account: Account = world.run(work).account
    return account


def open_adapter(world: World, name: str = "tg", kept: Exchanges | None = None, app: Any = None) -> Adapter:
    app = app or world.app
    with app.store.read() as tx:
        account = account_rows.account_named(tx, name)
        token = account_rows.token_of(tx, account, app.vault)
    adapter: Adapter = app.open_adapter(account, token, kept or Exchanges())
    return adapter


def medium(world: World, colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, "그림")


def clip(world: World, poster: str | None = None) -> OutgoingMedium:
    file = world.folder / "clip.mp4"
    file.write_bytes(CLIP)
    found = world.app.media.put(file, mime="video/mp4")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7.4, poster=poster)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium, **more: Any) -> Outgoing:
    return Outgoing("tg", "telegram", ("ko",), text, media=media, **more)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, "open_medium": world.app.media.open, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))
    return made


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="telegram")


def doubt(world: World, *owned: str, since: datetime | None = None) -> Doubt:
    return Doubt(since or world.clock.now(), frozenset(owned))


def lose(world: World, adapter: Adapter, wanted: Outgoing, path: str = "/bot*/send*", **options: Any) -> dict[str, Any]:
    wire = prepare(world, adapter, wanted, **options)
    world.twin.fault("lose_response", path=path)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    return wire
