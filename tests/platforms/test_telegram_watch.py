"""Telegram's watcher: it settles what was lost, and says so where it may have missed something."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from campaign.core.adapter import Adapter, Exchanges, Parent
from campaign.core.errors import Outcome, Unavailable, Uncertain
from campaign.core.model import Outgoing
from campaign.store import accounts as account_rows
from campaign.store.sightings import Sightings
from tests.conftest import World

from .channel import (
    SEND,
    UPDATES,
    books,
    clip,
    connect,
    doubt,
    lose,
    medium,
    open_adapter,
    outgoing,
    prepare,
    publish,
    told,
)


@pytest.fixture
def kept() -> Exchanges:
    return Exchanges()


@pytest.fixture
def adapter(world: World, kept: Exchanges) -> Adapter:
    connect(world)
    return open_adapter(world, kept=kept)


def test_a_lost_answer_is_settled_by_the_watcher(world: World) -> None:
    connect(world)
    world.post("P01", minutes=1, to=("tg",), texts={"ko": "평화"})
    world.twin.fault("lose_response", path=SEND)
    world.clock.turn(minutes=1)
    world.tick()
    [row] = world.deliveries()

    assert ("published", "1", ["평화"]) == (row.state, row.remote_id, [post["text"] for post in books(world)])
    assert row.permalink == f"{world.twin.base_url}/t/peace_ko/1"


def test_a_request_that_never_arrived_is_sent_again_once(world: World) -> None:
    connect(world)
    world.post("P01", minutes=1, to=("tg",), texts={"ko": "평화"})
    world.twin.fault("drop_request", path=SEND)
    world.clock.turn(minutes=1)
    for _ in range(8):
        world.tick()
        world.clock.turn(seconds=45)

    assert (["published"], ["평화"]) == (world.states(), [post["text"] for post in books(world)])


def test_without_a_watcher_a_lost_answer_is_a_person_s(world: World) -> None:
    connect(world, watched=False)
    world.post("P01", minutes=1, to=("tg",), texts={"ko": "평화"})
    world.twin.fault("lose_response", path=SEND)
    world.clock.turn(minutes=1)
    for _ in range(5):
        world.tick()
        world.clock.turn(minutes=5)

    assert (["uncertain"], 1) == (world.states(), len(books(world)))


def test_a_lost_album_is_found_with_all_its_pieces(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("앨범", medium(world), clip(world)), world.clock.now()
    wire = lose(world, adapter, wanted)
    found = world.run(adapter.confirm(wanted, wire, doubt(world, since=since)))

    assert ("1+2", "1+2") == (found.remote_id, books(world)[0]["id"])
    assert world.run(adapter.confirm(wanted, wire, doubt(world, "1+2", since=since))) is None
    assert world.run(adapter.confirm(wanted, wire, doubt(world, "1", since=since))) is None  # as a person named it


def test_half_an_album_is_neither_found_nor_missing(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("앨범", medium(world), medium(world, "red")), world.clock.now()
    wire = lose(world, adapter, wanted)
    [first, second] = world.twin.ask("GET", f"/bot{told(world)['watcher']}/getUpdates")["result"]
    notebook = Sightings(world.app.store)
    watcher = told(world)["watcher"].partition(":")[0]
    notebook.keep(watcher, [(first["update_id"], first)], at=since, gap=False)
    world.twin.ask("GET", f"/bot{told(world)['watcher']}/getUpdates", offset=second["update_id"] + 1)
    with pytest.raises(Unavailable, match="has not seen each piece"):
        world.run(adapter.confirm(wanted, wire, doubt(world, since=since)))
    notebook.keep(watcher, [(second["update_id"], second)], at=since, gap=False)

    assert "1+2" == world.run(adapter.confirm(wanted, wire, doubt(world, since=since))).remote_id


def test_among_equal_texts_the_shape_of_the_media_decides_and_the_parent_must_be_the_same(
    world: World, adapter: Adapter
) -> None:
    since = world.clock.now()
    short, long = outgoing("같은 글", clip(world)), outgoing("같은 글", replace(clip(world), seconds=90.0))
    first = lose(world, adapter, long)
    second = lose(world, adapter, short)
    text, child = lose(world, adapter, outgoing("같은 글")), outgoing("같은 글")
    reply = lose(world, adapter, child, parent=Parent("3", {}))

    def found(wanted: Outgoing, wire: Mapping[str, Any]) -> str:
        name: str = world.run(adapter.confirm(wanted, dict(wire), doubt(world, since=since))).remote_id
        return name

    assert ["1", "2", "3", "4"] == [found(long, first), found(short, second), found(child, text), found(child, reply)]


def test_an_edit_meanwhile_does_not_hide_the_post(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("먼저"), world.clock.now()
    wire = lose(world, adapter, wanted)
    world.run(adapter.edit("1", outgoing("나중"), wire))

    assert "1" == world.run(adapter.confirm(wanted, wire, doubt(world, since=since))).remote_id
    assert "나중" == world.run(adapter.fetch("1"))["text"]


def test_more_than_a_page_of_updates_is_read_to_its_end(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("마지막"), world.clock.now()
    publish(world, adapter, outgoing("0"))
    for number in range(1, 220):
        world.run(adapter.edit("1", outgoing(str(number)), {"fields": {}}))
    wire = lose(world, adapter, wanted)

    assert "2" == world.run(adapter.confirm(wanted, wire, doubt(world, since=since))).remote_id
    assert "219" == world.run(adapter.fetch("1"))["text"]


class Torn(Exception):
    """The process died here."""


class Tearing(Sightings):
    """A notebook whose owner dies after it has kept the first page that holds something."""

    def keep(self, watcher: str, seen: Sequence[tuple[int, Mapping[str, Any]]], *, at: datetime, gap: bool) -> None:
        super().keep(watcher, seen, at=at, gap=gap)
        if seen:
            raise Torn


def test_who_dies_between_keeping_and_acknowledging_has_lost_nothing(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    wire = lose(world, adapter, wanted)
    for number in range(120):
        world.run(adapter.edit("1", outgoing(str(number)), wire))
    app = world.open()
    app.open_adapter.notebook = Tearing(world.app.store)  # type: ignore[attr-defined]
    dying = open_adapter(world, app=app)
    with pytest.raises(Torn):
        world.run(dying.confirm(wanted, wire, doubt(world, since=since)))
    world.run(app.close_network())
    watcher = told(world)["watcher"]

    assert 100 == len(world.twin.ask("GET", f"/bot{watcher}/getUpdates")["result"])  # all of it is still there
    assert "1" == world.run(adapter.confirm(wanted, wire, doubt(world, since=since))).remote_id
    assert [] == world.twin.ask("GET", f"/bot{watcher}/getUpdates")["result"]
    assert 121 == len(Sightings(world.app.store).kept(watcher.partition(":")[0]))


def test_after_a_day_without_a_look_nothing_is_said_to_be_not_there(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    wire = lose(world, adapter, wanted)
    world.clock.turn(hours=25)
    with pytest.raises(Uncertain, match="may have missed the post"):
        world.run(adapter.confirm(wanted, wire, doubt(world, since=since)))
    with pytest.raises(Uncertain):  # the gap stays, however often it is asked
        world.run(adapter.confirm(wanted, wire, doubt(world, since=since)))
    later = doubt(world)
    assert world.run(adapter.confirm(outgoing("다른 글"), wire, later)) is None  # since then nothing was missed


def test_what_was_posted_within_the_last_day_is_told_even_after_a_gap(world: World, adapter: Adapter) -> None:
    world.clock.turn(hours=30)
    wanted, since = outgoing("평화"), world.clock.now()
    world.twin.fault("503", path=UPDATES)  # the look before the post fails, and the post goes out all the same
    wire = lose(world, adapter, wanted, path=SEND)
    world.clock.turn(hours=20)

    assert "1" == world.run(adapter.confirm(wanted, wire, doubt(world, since=since))).remote_id
    assert world.run(adapter.confirm(outgoing("다른 글"), wire, doubt(world, since=since))) is None


def test_a_watch_that_began_too_late_cannot_tell(world: World) -> None:
    connect(world, watched=False)
    since = world.clock.now()
    world.clock.turn(minutes=30)
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "tg")
    opened = told(world)
    sealed = json.dumps({"token": opened["token"], "watcher": opened["watcher"]})
    late = world.app.open_adapter(account, sealed, Exchanges())
    wire = {"fields": {}}
    with pytest.raises(Uncertain, match="may have missed"):
        world.run(late.confirm(outgoing("평화"), wire, doubt(world, since=since)))


def test_before_a_post_the_watch_is_never_older_than_an_hour(world: World, adapter: Adapter) -> None:
    def looks() -> int:
        return world.twin.counters().get("POST /bot{token}/getUpdates", 0)

    before = looks()
    prepare(world, adapter, outgoing())
    assert before == looks()
    world.clock.turn(minutes=61)
    prepare(world, adapter, outgoing())
    assert before < looks()


def test_a_watcher_that_was_put_out_cannot_tell(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    world.twin.ask("GET", f"/bot{told(world)['watcher']}/leaveChat", chat_id="@peace_ko")
    wire = lose(world, adapter, wanted)
    with pytest.raises(Uncertain, match="may have missed"):
        world.run(adapter.confirm(wanted, wire, doubt(world, since=since)))
    assert 1 == len(books(world))


def test_a_watcher_whose_rights_changed_meanwhile_cannot_tell(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    wire = prepare(world, adapter, wanted)
    channel = int(open_adapter(world)._channel)  # type: ignore[attr-defined]
    change = {"my_chat_member": {"chat": {"id": channel}, "date": int(since.timestamp())}}
    Sightings(world.app.store).keep(told(world)["watcher"].partition(":")[0], [(5, change)], at=since, gap=False)
    with pytest.raises(Uncertain, match="may have missed"):
        world.run(adapter.confirm(wanted, wire, doubt(world, since=since)))


def test_another_reader_of_the_watcher_s_updates_is_asked_again_and_never_not_there(
    world: World, adapter: Adapter
) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    wire = lose(world, adapter, wanted)
    watcher = told(world)["watcher"]
    world.twin.ask("GET", f"/bot{watcher}/setWebhook", url="https://example.org/hook")
    with pytest.raises(Unavailable, match="another program reads the watcher's updates"):
        world.run(adapter.confirm(wanted, wire, doubt(world, since=since)))
    world.twin.ask("GET", f"/bot{watcher}/deleteWebhook")

    assert "1" == world.run(adapter.confirm(wanted, wire, doubt(world, since=since))).remote_id


@pytest.mark.parametrize(
    "body",
    [
        "{}", "[]", '{"ok": true}', '{"ok": true, "result": {}}', '{"ok": true, "result": [1]}',
        '{"ok": true, "result": [{"update_id": "1"}]}', '{"ok": false, "result": []}',
    ],
)  # fmt: skip
def test_updates_that_cannot_be_read_are_never_taken_for_not_there(world: World, adapter: Adapter, body: str) -> None:
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    world.twin.fault("bad_json", path=UPDATES, body=body)
    with pytest.raises(Outcome):
        world.run(adapter.confirm(wanted, wire, doubt(world)))


def test_strange_updates_are_kept_and_passed_over(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    wire = lose(world, adapter, wanted)
    strange: list[dict[str, Any]] = [
        {}, {"channel_post": 1}, {"channel_post": {"message_id": True, "chat": {}}},
        {"channel_post": {"message_id": 9, "chat": {"id": 5}, "text": "평화"}},
        {"message_reaction_count": {"message_id": 1, "chat": {"id": "x"}, "reactions": [None]}},
        {"my_chat_member": [1]}, {"edited_channel_post": {"message_id": 2**70, "chat": None}},
    ]  # fmt: skip
    watcher = told(world)["watcher"].partition(":")[0]
    Sightings(world.app.store).keep(watcher, list(enumerate(strange, 1)), at=since, gap=False)

    assert "1" == world.run(adapter.confirm(wanted, wire, doubt(world, since=since))).remote_id
    assert "평화" == world.run(adapter.fetch("1"))["text"]


def test_three_channels_share_a_watcher_and_do_not_ask_at_once(world: World) -> None:
    names = ("peace_ko", "peace_ru", "peace_en")
    adapters: list[tuple[Adapter, dict[str, Any]]] = []
    since = world.clock.now()
    for name in names:
        connect(world, name=name, twin=name)
        opened = open_adapter(world, name)
        adapters.append((opened, lose(world, opened, outgoing("평화"))))

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(
            *(each.confirm(outgoing("평화"), wire, doubt(world, since=since)) for each, wire in adapters * 4)
        )

    found = world.run(all_at_once())

    assert {f"{world.twin.base_url}/t/{name}/1" for name in names} == {each.permalink for each in found}


def test_update_ids_that_begin_anew_and_lower_are_read_all_the_same(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    watcher = told(world)["watcher"].partition(":")[0]
    # After a week without updates the next id is chosen at random: https://core.telegram.org/bots/api#update
    Sightings(world.app.store).keep(watcher, [(2_000_000_000, {"channel_post": {}})], at=since, gap=False)
    wire = lose(world, adapter, wanted)

    assert "1" == world.run(adapter.confirm(wanted, wire, doubt(world, since=since))).remote_id
    assert "2" == publish(world, adapter, wanted).remote_id
    assert "2" == world.run(adapter.confirm(wanted, wire, doubt(world, "1", since=since))).remote_id


def test_a_look_that_was_cut_short_does_not_count_as_a_look(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    publish(world, adapter, outgoing("0"))
    for number in range(1, 130):
        world.run(adapter.edit("1", outgoing(str(number)), {"fields": {}}))
    wire = prepare(world, adapter, wanted)
    world.clock.turn(hours=20)
    app = world.open()
    app.open_adapter.notebook = Tearing(world.app.store)  # type: ignore[attr-defined]
    with pytest.raises(Torn):
        world.run(open_adapter(world, app=app).confirm(wanted, wire, doubt(world, since=since)))
    world.run(app.close_network())
    world.clock.turn(hours=5)  # by now the second page is forgotten
    with pytest.raises(Uncertain, match="may have missed"):
        world.run(adapter.confirm(wanted, wire, doubt(world, since=since)))


class Narrow(Sightings):
    """A notebook that notes how many looks are under way at once: each ends with a page that holds nothing."""

    inside = most = 0

    def watched(self, watcher: str) -> tuple[datetime, datetime] | None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        return super().watched(watcher)

    def keep(self, watcher: str, seen: Sequence[tuple[int, Mapping[str, Any]]], *, at: datetime, gap: bool) -> None:
        super().keep(watcher, seen, at=at, gap=gap)
        self.inside -= not seen


def test_accounts_that_share_a_watcher_look_one_after_the_other(world: World) -> None:
    for name in ("peace_ko", "peace_ru", "peace_en"):
        connect(world, name=name, twin=name)
    app = world.open()
    notebook = app.open_adapter.notebook = Narrow(world.app.store)  # type: ignore[attr-defined]
    adapters = [open_adapter(world, name, app=app) for name in ("peace_ko", "peace_ru", "peace_en")]
    for each in adapters:
        each._watch.since = _never  # type: ignore[attr-defined]  # it asks the same question without looking

    async def all_at_once() -> None:
        await asyncio.gather(*(each.measure(["1"]) for each in adapters * 5))

    world.run(all_at_once())
    world.run(app.close_network())

    assert (1, 0) == (notebook.most, notebook.inside)


async def _never() -> None:
    return None
