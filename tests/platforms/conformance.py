"""The contract that every adapter keeps, run once against the platform's twin. An adapter cannot lie."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import pytest

from campaign.core.adapter import Adapter, Connected, Doubt, Parent
from campaign.core.errors import Outcome, RateLimited, Uncertain
from campaign.core.model import METRICS, Outgoing, Pending, Published, ReadingStatus

# By so much our clock is ahead of the platform's: what it made "before" the line is still the post that was sent.
AHEAD = timedelta(minutes=4)
# What a platform does to the irreversible request → what that must be taken for.
FAULTS: dict[str, type[Outcome]] = {
    "429": RateLimited,
    "503": Uncertain,
    "500_before": Uncertain,
    "500_after": Uncertain,
    "drop_request": Uncertain,
    "lose_response": Uncertain,
    "bad_json": Uncertain,
    "half_body": Uncertain,
}


@dataclass(frozen=True)
class Bench:
    """What a platform's test hands in.

    Attributes:
        adapter: of an account that has been connected.
        text, other: two Outgoings with different texts; the first carries a medium, the other only where it must.
        books: what the platform accepted, as (remote id, text, in reply to, deleted), oldest first.
        missing: a remote id of the platform's form that was never given out.
        now: the platform's time.
        open_medium: sha256 → the open file.
        reads: whether a post can be asked for, or looked for, at all: not at Telegram without a watcher.
        tells_gone: whether the platform says that a post is gone, or never was.
        replays: nothing can be looked for, and only the same request under the same key tells: at LINE.
        headed: the answer names the post in its head, so that a spoilt body costs nothing: at LinkedIn.
        fault: cues a fault of the twin; None: the faults are left out.
        line: method and path (* for any part) of the one irreversible request.
        wait: lets real time go by, in seconds: a new answer may need some.
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
    replays: bool = False
    headed: bool = False
    fault: Callable[..., Any] | None = None
    line: tuple[str, str] = ("POST", "*")
    wait: Callable[[float], None] = lambda seconds: None


async def exercise(bench: Bench) -> None:
    """Run the contract. Every promise is one step; a step that fails names itself by its line."""
    told = await _connects(bench)
    first = await _publishes(bench)
    await _confirms(bench, first)
    second = await _answers(bench, first)
    await _measures(bench, [first.remote_id, second.remote_id])
    await _comments(bench, first)
    await _edits(bench, first)
    await _deletes(bench, second)
    if bench.fault is not None:
        await _goes_wrong(bench, bench.fault)
        await _survives(bench, bench.fault)
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


async def _made(bench: Bench, outgoing: Outgoing, wire: dict[str, Any]) -> Published:
    """Publish, and ask for as long as the platform still works on it."""
    made, since = await bench.adapter.publish(outgoing, wire), bench.now()
    for _ in range(20):
        if isinstance(made, Published):
            return made
        json.dumps(dict(made.ticket))
        bench.wait(30)
        found = await bench.adapter.confirm(outgoing, {**wire, **made.ticket}, Doubt(since))
        assert found is not None, "it was taken, and then nobody knows of it"
        made = found
    pytest.fail("the platform never came to an end with it")


def _plain(bench: Bench, outgoing: Outgoing) -> Outgoing:
    """Return it without media, where a post may have none."""
    return outgoing if bench.adapter.capabilities.min_media else replace(outgoing, media=())


async def _publishes(bench: Bench) -> Published:
    before = bench.books()
    lost = await _prepared(bench, bench.text, "key-1")
    wire = await _prepared(bench, bench.text, "key-1", previous=lost)

    assert before == bench.books()  # prepare() makes no post, however often it is called

    if bench.reads:
        assert await bench.adapter.confirm(bench.text, wire, Doubt(bench.now())) is None
    else:
        # It never says "not there" where it cannot know, unless sending again, as is then done, will tell.
        assert not bench.replays or await bench.adapter.confirm(bench.text, wire, Doubt(bench.now())) is None
        with pytest.raises(Uncertain):
            await bench.adapter.confirm(bench.text, wire, Doubt(bench.now(), again=not bench.replays))

    made = await _made(bench, bench.text, wire)

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
    plain = _plain(bench, bench.text)
    wire = await _prepared(bench, plain, "key-2")

    assert await adapter.confirm(bench.other, await _prepared(bench, bench.other, "key-3"), Doubt(since)) is None
    assert await adapter.confirm(plain, wire, Doubt(since, frozenset({first.remote_id}))) is None  # owned: never ours

    made = await _made(bench, plain, wire)
    found = await adapter.confirm(plain, wire, Doubt(since, frozenset({first.remote_id})))

    assert isinstance(found, Published) and made.remote_id == found.remote_id
    assert await adapter.confirm(plain, wire, Doubt(since, frozenset({first.remote_id, made.remote_id}))) is None

    async def fetch() -> None:
        record = await adapter.fetch(made.remote_id)

        # A name that is made of two, as in -1_2, stands there in its parts.
        assert made.remote_id.rpartition("_")[2] in json.dumps(dict(record))

    await _declared(adapter.capabilities.fetches, fetch)

    with pytest.raises(Outcome):
        await adapter.fetch(bench.missing)


async def _answers(bench: Bench, first: Published) -> Published:
    if not bench.adapter.capabilities.threads:
        with pytest.raises(Outcome):  # a part that answers nothing would stand there by itself
            await _prepared(bench, bench.other, "key-4", parent=Parent(first.remote_id, {}))
        return await _made(bench, bench.other, await _prepared(bench, bench.other, "key-4"))
    wire = await _prepared(bench, bench.other, "key-4", parent=Parent(first.remote_id, {}))
    made = await _made(bench, bench.other, wire)

    assert (made.remote_id, bench.other.text, first.remote_id, False) == bench.books()[-1]
    return made


async def _comments(bench: Bench, first: Published) -> None:
    async def ask() -> None:
        for comment in await bench.adapter.comments(first.remote_id):
            json.dumps(dict(comment.record))
            assert comment.remote_id and comment.in_reply_to and (comment.at is None or comment.at.tzinfo)

    if await _declared(bench.adapter.capabilities.comments, ask):
        with pytest.raises(Outcome):
            await bench.adapter.comments(bench.missing)


async def _goes_wrong(bench: Bench, fault: Callable[..., Any]) -> None:
    """Every fault of the irreversible request ends in the right outcome; a lost answer is one post, which is found."""
    method, path = bench.line
    capabilities = bench.adapter.capabilities
    for number, (name, outcome) in enumerate(FAULTS.items()):
        if bench.headed and name in ("bad_json", "half_body"):
            continue
        wanted = replace(_plain(bench, bench.other), text=f"{bench.other.text} {number}")
        wire, since, before = await _prepared(bench, wanted, f"key-f{number}"), bench.now(), len(bench.books())
        fault(name, method=method, path=path)
        with pytest.raises(outcome) as raised:
            await bench.adapter.publish(wanted, wire)
        assert type(raised.value) is outcome, f"{name}: {raised.value}"
        there = name in ("lose_response", "500_after", "bad_json", "half_body")
        assert before + there == len(bench.books()), name
        owned = frozenset(row[0] for row in bench.books()[:before])
        if outcome is Uncertain and bench.reads:
            bench.wait(capabilities.settles_within + 1)
            doubt = Doubt(since + AHEAD, owned)
            found = await bench.adapter.confirm(wanted, wire, doubt)
            for _ in range(20):
                if not isinstance(found, Pending):
                    break
                bench.wait(30)
                found = await bench.adapter.confirm(wanted, wire, doubt)
            assert there == isinstance(found, Published), name
            assert not isinstance(found, Published) or bench.books()[-1][0] == found.remote_id
        if outcome is Uncertain and bench.replays:
            again = await bench.adapter.publish(wanted, wire)
            assert isinstance(again, Published) and before + 1 == len(bench.books()), name
            assert bench.books()[-1][0] == again.remote_id
        bench.wait(60)  # a throttled account may ask again


async def _survives(bench: Bench, fault: Callable[..., Any]) -> None:
    """What a later release of the platform tells besides harms nothing; it stands until the twin ends."""
    fault("unknown_fields")
    told = await bench.adapter.connect()
    wanted = replace(_plain(bench, bench.other), text=f"{bench.other.text} 마지막 · последний")
    since = bench.now()
    wire = await _prepared(bench, wanted, "key-odd")
    made = await _made(bench, wanted, wire)

    json.dumps(dict(told.sheet))
    assert made.remote_id == bench.books()[-1][0]
    if bench.reads:
        bench.wait(bench.adapter.capabilities.settles_within + 1)
        owned = frozenset(row[0] for row in bench.books()[:-1])
        found = await bench.adapter.confirm(wanted, wire, Doubt(since, owned))
        assert isinstance(found, Published) and made.remote_id == found.remote_id
        if bench.adapter.capabilities.fetches:
            await bench.adapter.fetch(made.remote_id)
    read = await bench.adapter.measure([made.remote_id])
    assert not {reading.status for reading in read[made.remote_id].values()} & {ReadingStatus.ERROR}
    if bench.adapter.capabilities.comments:
        await bench.adapter.comments(made.remote_id)


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
    assert {None} >= {reading.value for reading in found[bench.missing].values()}
    if bench.tells_gone and declared:
        assert {ReadingStatus.EXPIRED} == {reading.status for reading in found[bench.missing].values()}
    assert {} == await bench.adapter.measure([])


async def _edits(bench: Bench, first: Published) -> None:
    changed = replace(_plain(bench, bench.text), text=bench.text.text + " (2)")
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

        if not bench.tells_gone or not found[second.remote_id]:
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
