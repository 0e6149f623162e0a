"""The kinds of servers that speak Mastodon's API: what connecting resolves, and what their errors are taken for."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.check import check
from campaign.core.errors import Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Published
from campaign.net.client import Client
from campaign.platforms.mastodon import Adapter as Mastodon
from campaign.platforms.mastodon.kinds import KINDS, kind_of
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

STATUSES = "/api/v1/statuses"
OTHERS = [name for name in KINDS if name != "mastodon"]
DEDUP, READ_BACK = Guarantee.DEDUP, Guarantee.READ_BACK


@pytest.fixture
def stand(make_world: Callable[..., World]) -> Callable[[str], tuple[World, Account, Adapter, Exchanges]]:
    """Return a maker of a world whose account stands on a server of a kind."""

    def make(kind: str) -> tuple[World, Account, Adapter, Exchanges]:
        world = standing(make_world, kind)
        account, kept = world.link("mastodon", "there", "ko", twin_account=kind), Exchanges()
        return world, account, world.app.open_adapter(account, world.twin.tokens[kind], kept), kept

    return make


def standing(make_world: Callable[..., World], *kinds: str) -> World:
    """Return a world whose twin has an account on a server of each kind, named after it."""
    accounts = {"mastodon": [{"name": kind, "kind": kind, "locale": "ko"} for kind in kinds]}
    world = make_world(twin_options={"accounts": accounts, "platforms": ("mastodon",)})
    world.campaign()
    return world


def wanted(world: World, text: str = "안녕 & <평화>", *, medium: bool = True) -> Outgoing:
    found = world.app.media.put(picture_file(world.folder / "a.png"), mime="image/png")
    media = (OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, "남색 그림"),) if medium else ()
    return Outgoing("there", "mastodon", ("ko",), text, media=media)


def prepare(world: World, adapter: Adapter, outgoing: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(outgoing, open_medium=world.app.media.open, **options))
    return wire


def test_a_kind_is_known_by_its_node_info_and_what_holds_there_follows(make_world: Callable[..., World]) -> None:
    world = standing(make_world, *KINDS)
    found = {}
    for kind in KINDS:
        account = world.link("mastodon", kind, "ko", twin_account=kind)
        connected = world.run(world.app.open_adapter(account, world.twin.tokens[kind], Exchanges()).connect())
        assert (account.kind, account.guarantee) == (kind, connected.guarantee)
        able = world.app.capabilities(account)
        assert able.key_lifetime == (3600.0 if account.guarantee is DEDUP else 0.0)
        assert (able.settles_within, able.ids_per_reading) == ((30.0, 20) if kind == "mastodon" else (120.0, 1))
        limits = able.text.counts, able.text.link_length, able.text.limit, able.media[0].max_count
        found[kind] = account.guarantee, able.deletes, able.min_media, limits, connected.warnings
    told = {kind: " ".join(row[-1]) for kind, row in found.items()}
    usual = ("graphemes", 23, 500, 4)

    assert {
        "mastodon": (DEDUP, True, 0, usual),
        "pleroma": (DEDUP, True, 0, usual),
        "akkoma": (DEDUP, True, 0, usual),
        "pixelfed": (READ_BACK, True, 1, usual),
        "gotosocial": (READ_BACK, True, 0, ("characters", None, 5000, 6)),
        "takahe": (READ_BACK, True, 0, usual),
        "snac": (READ_BACK, False, 0, usual),
        "hollo": (READ_BACK, True, 0, usual),
    } == {kind: row[:-1] for kind, row in found.items()}
    assert "" == told["mastodon"]
    for kinds, words in {
        ("pleroma", "akkoma"): "repeats its first answer",
        ("pixelfed",): "no post without a picture",
        ("gotosocial", "takahe", "snac"): "ignores Idempotency-Key",
        ("snac",): "takes no post down",
        ("hollo",): "not of two requests at once",
    }.items():
        assert all(words in told[kind] for kind in kinds)


def test_of_a_kind_that_nobody_knows_nothing_is_trusted() -> None:
    found = kind_of("wildebeest")

    assert (READ_BACK, 0.0, 120.0) == (found.guarantee, found.key_lifetime, found.settles_within)
    assert "wildebeest is not known to honour" in found.told[0]


@pytest.mark.parametrize("kind", ["akkoma", "pixelfed", "snac"])  # the others do nothing that these do not
def test_each_kind_keeps_the_contract(stand: Callable[..., Any], kind: str) -> None:
    world, _, adapter, _ = stand(kind)

    def books() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in world.twin.books()]

    one, other = wanted(world), wanted(world, "다른 글", medium=kind == "pixelfed")
    bench = Bench(
        adapter, one, other, books, "113000000000000000", world.clock.now, world.app.media.open,
        fault=world.twin.fault, line=("POST", STATUSES), wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


@pytest.mark.parametrize("kind", [name for name in OTHERS if name not in ("pleroma", "takahe")])
def test_whatever_a_kind_does_with_a_key_the_engine_ends_with_one_post(stand: Callable[..., Any], kind: str) -> None:
    world, _, _, _ = stand(kind)
    burns = kind in ("akkoma", "pixelfed")
    tries = {"lose_response": 1, "drop_request": 2, "burnt_key": 3 if burns else 1}
    for number, fault in enumerate(tries, 1):
        world.twin.clear()
        world.twin.fault(fault, method="POST", path=STATUSES, times=1)
        world.post(f"P0{number}", to=("there",), texts={"ko": fault}, pictures=(world.picture(),))
        world.clock.turn(minutes=10)
        for _ in range(20):
            world.tick()
            if world.states() == ["published"] * number:
                break
            world.clock.turn_monotonic(61)
    told = {row["text"]: row["id"] for row in world.twin.books()}
    found = world.deliveries()

    assert (3, list(tries)) == (len(world.twin.books()), list(told))
    assert list(told.values()) == [row.remote_id for row in found]
    assert list(tries.values()) == [row.attempts for row in found]


def test_pleroma_repeats_an_error_until_another_key_comes(stand: Callable[..., Any]) -> None:
    world, _, adapter, kept = stand("pleroma")
    world.twin.fault("burnt_key", times=1)
    outgoing, since, wire = wanted(world, medium=False), world.clock.now(), None
    for _ in range(2):
        wire = prepare(world, adapter, outgoing, previous=wire)
        with pytest.raises(Uncertain):
            world.run(adapter.publish(outgoing, wire))
        assert world.run(adapter.confirm(outgoing, wire, Doubt(since))) is None
    said = [one.response or b"" for one in kept.kept if one.method == "POST"]
    third = prepare(world, adapter, outgoing, previous=wire)
    made = world.run(adapter.publish(outgoing, third))

    assert [False, True] == [b"idempotent-replayed: true" in answer for answer in said]
    assert ("a key", "a key-2", 1, made.remote_id) == (
        (wire or {})["key"],
        third["key"],
        len(world.twin.books()),
        world.twin.books()[0]["id"],
    )


def test_pleroma_answers_the_same_key_with_the_same_post(stand: Callable[..., Any]) -> None:
    world, _, adapter, _ = stand("pleroma")
    outgoing = wanted(world, medium=False)
    wire = prepare(world, adapter, outgoing)
    world.twin.fault("lose_response", method="POST", path=STATUSES)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(outgoing, wire))
    again = world.run(adapter.publish(outgoing, prepare(world, adapter, outgoing, previous=wire)))

    assert [again.remote_id] == [row["id"] for row in world.twin.books()]


def test_a_refusal_that_pleroma_repeats_is_told_from_a_new_one(stand: Callable[..., Any]) -> None:
    world, _, adapter, _ = stand("akkoma")
    outgoing = wanted(world, medium=False)
    first = prepare(world, adapter, outgoing, parent=Parent("113000000000000000", {}))
    with pytest.raises(Refused):
        world.run(adapter.publish(outgoing, first))
    second = prepare(world, adapter, outgoing, previous=first)  # the parent no longer matters
    with pytest.raises(Unavailable, match="answer to an earlier attempt"):
        world.run(adapter.publish(outgoing, second))
    third = prepare(world, adapter, outgoing, previous=second)

    assert isinstance(world.run(adapter.publish(outgoing, third)), Published)


def test_pixelfed_refuses_a_key_twice_and_that_is_a_doubt(stand: Callable[..., Any]) -> None:
    world, _, adapter, _ = stand("pixelfed")
    outgoing, since = wanted(world), world.clock.now()
    first = prepare(world, adapter, outgoing)
    made = world.run(adapter.publish(outgoing, first))
    second = prepare(world, adapter, outgoing, previous=first)
    with pytest.raises(Uncertain, match="Duplicate idempotency key"):
        world.run(adapter.publish(outgoing, second))

    assert made.remote_id == world.run(adapter.confirm(outgoing, second, Doubt(since))).remote_id

    anew = {**second, "key": "another key"}  # as after an hour, when the key is forgotten
    with pytest.raises(Uncertain, match="same key"):
        world.run(adapter.publish(outgoing, anew))
    with pytest.raises(Refused):  # of a first use it is a refusal
        world.run(adapter.publish(outgoing, {**first, "key": "a third key"}))
    assert 1 == len(world.twin.books())


def test_a_comment_on_pixelfed_has_no_media_and_its_key_is_a_doubt_all_the_same(stand: Callable[..., Any]) -> None:
    world, _, adapter, _ = stand("pixelfed")
    made = world.run(adapter.publish(wanted(world), prepare(world, adapter, wanted(world), key="the first")))
    comment, parent = wanted(world, "이어서", medium=False), Parent(made.remote_id, {})
    first = prepare(world, adapter, comment, parent=parent)
    world.run(adapter.publish(comment, first))
    with pytest.raises(Uncertain, match="Duplicate idempotency key"):
        world.run(adapter.publish(comment, prepare(world, adapter, comment, parent=parent, previous=first)))

    assert 2 == len(world.twin.books())


def test_pixelfed_takes_no_post_without_media_and_that_is_known_before(stand: Callable[..., Any]) -> None:
    world, account, adapter, _ = stand("pixelfed")
    outgoing, limits = wanted(world, medium=False), world.app.capabilities(account)

    assert ["media"] == [found.field for found in check(outgoing, limits) if found.severity == "error"]
    assert [] == check(replace(outgoing, part=2, parts=2), limits)  # a comment there
    with pytest.raises(Refused):
        world.run(adapter.publish(outgoing, prepare(world, adapter, outgoing)))
    long = wanted(world, "가" * 501)
    assert ["text (ko)"] == [found.field for found in check(long, limits)]


@pytest.mark.parametrize(("kind", "error"), [("gotosocial", Uncertain), ("hollo", Uncertain), ("pixelfed", Uncertain)])
def test_an_upload_that_is_used_up_leaves_a_doubt(stand: Callable[..., Any], kind: str, error: type[Outcome]) -> None:
    world, _, adapter, _ = stand(kind)
    outgoing = wanted(world)
    first = prepare(world, adapter, outgoing)
    world.run(adapter.publish(outgoing, first))
    second = {**prepare(world, adapter, outgoing, previous=first), "key": "another key"}
    with pytest.raises(error):
        world.run(adapter.publish(outgoing, second))

    assert 1 == len(world.twin.books())


@pytest.mark.parametrize("kind", ["pleroma", "takahe", "snac", "hollo"])
def test_a_token_that_is_no_longer_good_is_named_as_such_however_it_is_told(
    stand: Callable[..., Any], kind: str
) -> None:
    world, _, adapter, _ = stand(kind)
    outgoing = wanted(world)
    wire = prepare(world, adapter, outgoing)
    world.twin.fault("expired_token", path="/api/v1/*")  # what an instance tells, it tells everybody
    with pytest.raises(Unauthorized):
        world.run(adapter.publish(outgoing, wire))
    with pytest.raises(Unauthorized):
        world.run(adapter.connect())


@pytest.mark.parametrize("kind", ["takahe", "snac", "pixelfed"])
def test_a_refusal_is_no_bad_token_where_the_token_is_good(stand: Callable[..., Any], kind: str) -> None:
    world, _, adapter, _ = stand(kind)
    outgoing = replace(wanted(world), text="가" * 501)
    with pytest.raises(Refused):
        world.run(adapter.publish(outgoing, prepare(world, adapter, outgoing)))


def test_a_post_that_stays_is_not_called_taken_down(stand: Callable[..., Any]) -> None:
    world, _, adapter, _ = stand("snac")
    made = world.run(adapter.publish(wanted(world), prepare(world, adapter, wanted(world))))
    with pytest.raises(Refused, match="at its own pages"):
        world.run(adapter.delete(made.remote_id))

    world.run(adapter.delete("113000000000000000"))  # what never was is no error
    assert [(made.remote_id, False, "en")] == [
        (row["id"], row["deleted"], row["language"]) for row in world.twin.books()
    ]


class Says:
    """Stands where an adapter has its client, and answers the irreversible request with an error."""

    def __init__(self, error: Outcome) -> None:
        self.error = error

    async def commit(self, *args: Any, **options: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("kind", "tries", "error", "outcome"),
    [
        ("akkoma", 2, Refused("still under way", status=409), Uncertain),
        ("akkoma", 1, Refused("no", status=409), Refused),
        ("akkoma", 2, Unauthorized("no", status=401), Unavailable),
        ("akkoma", 2, RateLimited("no", retry_after=60), Unavailable),
        ("akkoma", 3, RateLimited("no", retry_after=60), RateLimited),
        ("pixelfed", 2, RateLimited("no", retry_after=60), RateLimited),
        ("gotosocial", 2, Refused("no", status=400), Refused),
        ("mastodon", 2, Unauthorized("no", status=401), Unauthorized),
    ],
)
def test_the_second_use_of_a_key_is_judged_by_the_kind(
    kind: str, tries: int, error: Outcome, outcome: type[Outcome]
) -> None:
    client: Any = Says(error)
    there: Client = client
    outgoing = Outgoing("there", "mastodon", ("ko",), "글")
    wire = {"key": "a key", "body": json.dumps({}), "media_ids": [], "uses": tries, "tries": tries}
    with pytest.raises(outcome) as raised:
        asyncio.run(Mastodon(there, remote_id="1", kind=kind, sheet={}).publish(outgoing, wire))

    assert type(raised.value) is outcome
