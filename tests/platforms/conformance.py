"""The contract that every adapter keeps, run once against the platform's twin. An adapter cannot lie."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO

import pytest

from campaign.core.adapter import Adapter, Connected, Doubt, Parent
from campaign.core.errors import Outcome, Uncertain
from campaign.core.model import METRICS, Outgoing, Published, ReadingStatus


@dataclass(frozen=True)
class Bench:
    """What a platform's test hands in.

    Attributes:
        adapter: of an account that has been connected.
        text, other: two Outgoings with different texts; the first carries a medium.
        books: what the platform accepted, as (remote id, text, in reply to, deleted), oldest first.
        missing: a remote id of the platform's form that was never given out.
        now: the platform's time.
        open_medium: sha256 → the open file.
        reads: whether a post can be asked for, or looked for, at all: not at Telegram without a watcher.
        tells_gone: whether the platform says that a post is gone, or never was.
    """

    adapter: Adapter
    text: Outgoing
    other: Outgoing
    books: Callable[[], list[tuple[str, str, str | None, bool]]]
    missing: str
    now: Callable[[], datetime]
    open_medium: Callable[[str], BinaryIO]
    reads: bool = True
    tells_gone: bool = True


async def exercise(bench: Bench) -> None:
    """Run the contract. Every promise is one step; a step that fails names itself by its line."""
    told = await _connects(bench)
    first = await _publishes(bench)
    await _confirms(bench, first)
    second = await _answers(bench, first)
    await _measures(bench, [first.remote_id, second.remote_id])
    await _edits(bench, first)
    await _deletes(bench, second)
    json.dumps(dict(told.sheet))


async def _connects(bench: Bench) -> Connected:
    told, again = await bench.adapter.connect(), await bench.adapter.connect()

    assert told == again  # it may be asked at any time
    assert told.remote_id and told.handle and told.kind
    assert told.guarantee in bench.adapter.defaults.guarantees
    return told


async def _prepared(bench: Bench, outgoing: Outgoing, key: str, **options: Any) -> dict[str, Any]:
    options = {"parent": None, "previous": None, **options}
    wire = await bench.adapter.prepare(outgoing, key=key, open_medium=bench.open_medium, **options)

    assert wire == json.loads(json.dumps(wire))  # plain JSON: it is stored at the line
    return wire


async def _publishes(bench: Bench) -> Published:
    before = bench.books()
    lost = await _prepared(bench, bench.text, "key-1")
    wire = await _prepared(bench, bench.text, "key-1", previous=lost)

    assert before == bench.books()  # prepare() makes no post, however often it is called

    if bench.reads:
        assert await bench.adapter.confirm(bench.text, wire, Doubt(bench.now())) is None
    else:
        with pytest.raises(Uncertain):  # it never says "not there" where it cannot know
            await bench.adapter.confirm(bench.text, wire, Doubt(bench.now()))

    made = await bench.adapter.publish(bench.text, wire)

    assert isinstance(made, Published)
    assert [(made.remote_id, bench.text.text, None, False)] == bench.books()[len(before) :]
    assert made.permalink is None or made.permalink.startswith(("https://", "http://"))
    assert made.published_at is None or made.published_at.tzinfo
    return made


async def _confirms(bench: Bench, first: Published) -> None:
    if not bench.reads:
        with pytest.raises(Outcome):
            await bench.adapter.fetch(first.remote_id)
        return
    adapter, since = bench.adapter, bench.now()
    wire = await _prepared(bench, replace(bench.text, media=()), "key-2")
    plain = replace(bench.text, media=())

    assert await adapter.confirm(bench.other, await _prepared(bench, bench.other, "key-3"), Doubt(since)) is None
    assert await adapter.confirm(plain, wire, Doubt(since, frozenset({first.remote_id}))) is None  # owned: never ours

    made = await adapter.publish(plain, wire)
    assert isinstance(made, Published)
    found = await adapter.confirm(plain, wire, Doubt(since, frozenset({first.remote_id})))

    assert isinstance(found, Published) and made.remote_id == found.remote_id
    assert await adapter.confirm(plain, wire, Doubt(since, frozenset({first.remote_id, made.remote_id}))) is None

    record = await adapter.fetch(made.remote_id)

    assert made.remote_id in json.dumps(dict(record))

    with pytest.raises(Outcome):
        await adapter.fetch(bench.missing)


async def _answers(bench: Bench, first: Published) -> Published:
    if not bench.adapter.capabilities.threads:
        pytest.fail("this contract has no words yet for a platform without threads")
    wire = await _prepared(bench, bench.other, "key-4", parent=Parent(first.remote_id, {}))
    made = await bench.adapter.publish(bench.other, wire)

    assert isinstance(made, Published)
    assert (made.remote_id, bench.other.text, first.remote_id, False) == bench.books()[-1]
    return made


async def _measures(bench: Bench, ids: list[str]) -> None:
    declared = bench.adapter.capabilities.metrics
    asked = [*ids, bench.missing, *ids[:1]]
    found = await bench.adapter.measure(asked)

    assert set(asked) == set(found)
    assert set(declared) <= set(METRICS)
    for remote_id in ids:
        assert set(declared) == set(found[remote_id])
        for reading in found[remote_id].values():
            assert (reading.value is None) == (reading.status not in (ReadingStatus.OK, ReadingStatus.STALE))

    assert set(declared) == set(found[bench.missing])
    assert {None} == {reading.value for reading in found[bench.missing].values()}
    if bench.tells_gone:
        assert {ReadingStatus.EXPIRED} == {reading.status for reading in found[bench.missing].values()}
    assert {} == await bench.adapter.measure([])


async def _edits(bench: Bench, first: Published) -> None:
    changed = replace(bench.text, text=bench.text.text + " (2)", media=())
    wire = await _prepared(bench, changed, "key-5")
    number = len(bench.books())

    async def edit() -> Published:
        return await bench.adapter.edit(first.remote_id, changed, wire)

    if await _declared(bench.adapter.capabilities.edits, edit):
        again = await edit()
        texts = {row[0]: row[1] for row in bench.books()}

        assert (first.remote_id, changed.text, number) == (again.remote_id, texts[first.remote_id], len(bench.books()))


async def _deletes(bench: Bench, second: Published) -> None:
    async def delete() -> None:
        await bench.adapter.delete(second.remote_id)

    if await _declared(bench.adapter.capabilities.deletes, delete):
        await delete()  # what is gone already is no error
        gone = {row[0]: row[3] for row in bench.books()}

        assert gone[second.remote_id]

        found = await bench.adapter.measure([second.remote_id])

        if not bench.tells_gone:
            assert 0 not in {reading.value for reading in found[second.remote_id].values()}
            return
        assert {ReadingStatus.EXPIRED} == {reading.status for reading in found[second.remote_id].values()}


async def _declared(flag: bool, act: Callable[[], Awaitable[Any]]) -> bool:
    """Do what is declared; what is not declared must be refused."""
    if flag:
        await act()
        return True
    with pytest.raises(Outcome):
        await act()
    return False
