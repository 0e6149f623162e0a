"""Telegram: the contract with a watcher and without, and what is its own: UTF-16, albums, reactions, secrets."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Adapter, Exchanges, Parent
from campaign.core.check import check
from campaign.core.errors import CampaignError, NotFound, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Guarantee, Outgoing, OutgoingMedium, Reading, ReadingStatus
from campaign.core.text import count
from campaign.platforms.telegram import CAPABILITIES
from campaign.platforms.telegram import Adapter as Telegram
from campaign.sandbox.telegram.entities import units
from campaign.service import accounts
from campaign.service.measure import measure
from campaign.store import accounts as account_rows
from tests.conftest import World

from .channel import (
    ALBUM,
    CLIP,
    SEND,
    UPDATES,
    books,
    clip,
    connect,
    doubt,
    medium,
    open_adapter,
    outgoing,
    prepare,
    publish,
    told,
)
from .conformance import Bench, exercise


@pytest.fixture
def kept() -> Exchanges:
    return Exchanges()


@pytest.fixture
def adapter(world: World, kept: Exchanges) -> Adapter:
    connect(world)
    return open_adapter(world, kept=kept)


@pytest.fixture
def alone(world: World) -> Adapter:
    """Without a watcher."""
    connect(world, watched=False)
    return open_adapter(world)


@pytest.mark.parametrize("watched", [True, False])
def test_it_keeps_the_contract(world: World, watched: bool) -> None:
    connect(world, watched=watched)

    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, other = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글")
    bench = Bench(
        open_adapter(world), one, other, rows, "999999", world.clock.now, world.app.media.open,
        reads=watched, tells_gone=False, fault=world.twin.fault, line=("POST", "/bot*/send*"),
        wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_an_account_is_a_channel_and_its_guarantee_is_its_watcher(world: World) -> None:
    watched, alone = connect(world), connect(world, name="ru", twin="peace_ru", watched=False)

    assert (Guarantee.READ_BACK, Guarantee.NONE) == (watched.guarantee, alone.guarantee)
    assert ("@peace_ko", "telegram", "@peace_ko") == (watched.handle, watched.kind, watched.sheet["channel"])
    assert watched.remote_id.startswith("-100")
    assert {} == world.run(accounts.test(world.app, "tg"))["changed"]
    tokens = [told(world)["token"], told(world)["watcher"]]
    assert not [token for token in tokens if token in json.dumps(dict(watched.sheet))]
    assert int(tokens[1].partition(":")[0]) == watched.sheet["watcher"]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"channel": "@nobody"}, Refused, "chat not found"),
        ({"channel": ""}, Refused, "--option channel=@name"),
        ({"token": "9:" + "x" * 30}, Unauthorized, "401 Unauthorized"),
        ({"token": "a/../b"}, Unauthorized, "@BotFather gives it"),
        ({"watcher": "9:" + "x" * 30}, Unauthorized, "the watcher's token"),
        ({"watcher": "nonsense"}, Unauthorized, "the watcher's token"),
    ],
)
def test_what_does_not_connect_says_what_to_do(
    world: World, given: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        connect(world, **given)
    assert not [value for value in given.values() if len(value) > 20 and value in str(caught.value)]


def test_a_bot_without_rights_and_a_blind_watcher_do_not_connect(world: World) -> None:
    def opened(name: str, rights: str) -> dict[str, str]:
        what: dict[str, str] = world.twin.ask(
            "POST", "/_accounts", {"platform": "telegram", "name": name, "rights": rights}
        )
        return what

    with pytest.raises(Refused, match="make @nopost_bot an administrator of the channel that may post"):
        connect(world, **opened("nopost", "watches"))
    with pytest.raises(Refused, match="make the watcher @noeyes_watch_bot an administrator"):
        connect(world, **opened("noeyes", "posts"))
    with pytest.raises(Refused, match="must be a second bot"):
        connect(world, watcher=told(world)["token"])
    told_of = opened("hooked", "posts watches")
    world.twin.ask("GET", f"/bot{told_of['watcher']}/setWebhook", url="https://example.org/hook")
    with pytest.raises(Refused, match="a webhook takes the watcher's updates away"):
        connect(world, **told_of)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_we_count_as_telegram_does(text: str) -> None:
    assert units(text) == count(text, CAPABILITIES.text)


def test_emoji_count_twice_and_a_text_under_a_medium_is_shorter(world: World, adapter: Adapter) -> None:
    fits, over = "😀" * 2048, "😀" * 2048 + "a"
    under, above = "😀" * 512, "😀" * 512 + "a"
    picture = medium(world)

    def errors(wanted: Outgoing) -> int:
        return sum(finding.severity == "error" for finding in check(wanted, adapter.capabilities))

    assert [0, 1, 0, 1] == [
        errors(each) for each in (outgoing(fits), outgoing(over), outgoing(under, picture), outgoing(above, picture))
    ]
    publish(world, adapter, outgoing(fits))
    publish(world, adapter, outgoing(under, picture))
    for refused in (outgoing(over), outgoing(above, picture)):
        with pytest.raises(Refused, match="is too long"):
            publish(world, adapter, refused)
    assert [fits, under] == [row["text"] for row in books(world)]


def test_what_is_sent_is_plain_and_shows_no_page_that_was_not_approved(world: World, adapter: Adapter) -> None:
    bare = prepare(world, adapter, outgoing("*a* <b>b</b> example.org #c"))
    linked = prepare(world, adapter, outgoing("a\nhttps://example.org/", link="https://example.org/"))

    assert {"is_disabled": True} == bare["fields"]["link_preview_options"]
    assert {"url": "https://example.org/"} == linked["fields"]["link_preview_options"]
    assert not {"parse_mode", "entities"} & set(bare["fields"])


def test_one_clip_goes_out_with_its_poster_and_in_pieces(world: World, adapter: Adapter, kept: Exchanges) -> None:
    poster = medium(world, "red").sha256
    wanted = outgoing("영상", clip(world, poster))
    made = publish(world, adapter, wanted)
    [row] = books(world)
    sent = kept.kept[-1]

    assert (made.remote_id, wanted.media[0].sha256, poster) == (
        row["id"],
        row["media"][0]["sha256"],
        row["media"][0]["cover"],
    )
    assert (640, 360, 7) == tuple(row["media"][0][name] for name in ("width", "height", "seconds"))
    assert b"ftypmp42" not in sent.request and (sent.body_size or 0) > len(CLIP)
    assert f"{world.twin.base_url}/t/peace_ko/{made.remote_id}" == made.permalink == row["url"]


def test_an_album_is_one_post_with_one_text(world: World, adapter: Adapter) -> None:
    wanted = outgoing("앨범", medium(world), clip(world), medium(world, "red"))
    made = publish(world, adapter, wanted)
    answer = publish(world, adapter, outgoing("답"), parent=Parent(made.remote_id, {}))
    [row, reply] = books(world)

    assert ("1+2+3", "앨범", "4", "1+2+3") == (row["id"], row["text"], answer.remote_id, reply["in_reply_to_id"])
    assert [each.sha256 for each in wanted.media] == [each["sha256"] for each in row["media"]]
    world.run(adapter.delete(made.remote_id))
    world.run(adapter.delete(made.remote_id))
    assert [True, False] == [row["deleted"] for row in books(world)]


def test_the_bytes_are_the_same_each_time_that_the_same_is_sent(world: World, adapter: Adapter) -> None:
    wanted = outgoing("앨범", medium(world), clip(world))
    wire = prepare(world, adapter, wanted)
    assert wire == prepare(world, adapter, wanted, previous=wire)
    world.twin.fault("drop_request", path=ALBUM)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    world.run(adapter.publish(wanted, wire))
    sent = {row["body_sha256"] for row in world.twin.requests() if row["path"].endswith("sendMediaGroup")}

    assert (1, 1) == (len(sent), len(books(world)))


def test_a_medium_that_cannot_be_opened_has_sent_nothing(world: World, adapter: Adapter) -> None:
    wanted = outgoing("그림", medium(world))
    wire = prepare(world, adapter, wanted)
    with pytest.raises(Unavailable, match="nothing was sent"):
        world.run(open_adapter(world).publish(wanted, wire))

    def gone(digest: str) -> Any:
        raise NotFound("medium", digest)

    wire = prepare(world, adapter, wanted, open_medium=gone)
    with pytest.raises(Unavailable, match="nothing was sent"):
        world.run(adapter.publish(wanted, wire))
    assert [] == books(world)


@pytest.mark.parametrize(
    ("fault", "args", "error"),
    [
        ("lose_response", {}, Uncertain),
        ("drop_request", {}, Uncertain),
        ("reset", {}, Uncertain),
        ("500_before", {}, Uncertain),
        ("503", {}, Uncertain),
        ("bad_json", {}, Uncertain),
        ("bad_json", {"body": "{}"}, Uncertain),
        ("bad_json", {"body": '{"ok": true, "result": {}}'}, Uncertain),
        ("bad_json", {"body": '{"ok": true, "result": {"message_id": true}}'}, Uncertain),
        ("bad_json", {"body": '{"ok": false, "result": {"message_id": 1}}'}, Uncertain),
        ("bad_json", {"body": '{"ok": true, "result": []}'}, Uncertain),
        ("bad_json", {"body": '{"ok": true, "result": [{"message_id": 1}, {"message_id": 2}]}'}, Uncertain),
        ("half_body", {}, Uncertain),
        ("429", {"retry_after": 30}, RateLimited),
        ("expired_token", {}, Unauthorized),
    ],
)
def test_what_comes_back_from_a_post_is_one_of_the_outcomes(
    world: World, adapter: Adapter, fault: str, args: dict[str, Any], error: type[Exception]
) -> None:
    wanted = outgoing()
    wire = prepare(world, adapter, wanted)
    world.twin.fault(fault, method="POST", path=SEND, account="peace_ko", **args)
    with pytest.raises(error) as caught:
        world.run(adapter.publish(wanted, wire))
    if isinstance(caught.value, RateLimited):
        assert 30 == caught.value.retry_after


def test_the_wait_of_a_429_is_read_from_its_body(world: World, adapter: Adapter) -> None:
    for number in range(20):
        publish(world, adapter, outgoing(str(number)))
    with pytest.raises(RateLimited) as caught:
        publish(world, adapter, outgoing("one more"))
    assert 1 <= caught.value.retry_after <= 20


def test_a_piece_of_an_album_that_fails_leaves_a_doubt_for_the_others_may_be_out(
    world: World, adapter: Adapter
) -> None:
    broken = world.folder / "broken.png"
    broken.write_bytes(b"no picture")
    bad = world.app.media.put(broken, mime="image/png")
    wanted = outgoing("앨범", medium(world), OutgoingMedium(bad.sha256, "image/png", bad.size, 1, 1, "a"))
    with pytest.raises(Uncertain, match="other pieces may be out"):
        publish(world, adapter, wanted)


# Counters


def read(world: World, adapter: Adapter, remote_id: str) -> Reading:
    reading: Reading = world.run(adapter.measure([remote_id]))[remote_id]["reactions"]
    return reading


def test_reactions_are_what_the_watcher_was_told_and_never_zero(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("평화"))
    assert Reading(None, ReadingStatus.TOO_NEW) == read(world, adapter, made.remote_id)
    world.clock.turn(hours=20)
    counted = read(world, adapter, made.remote_id)
    true = world.twin.ask("GET", "/_books/counts", platform="telegram", id=f"peace_ko/{made.remote_id}")["reactions"]

    assert true > 0 and Reading(true) == counted
    world.clock.turn(hours=60)
    world.twin.fault("missing_metric", account="peace_ko")  # nothing new is told after the gap
    assert Reading(true, ReadingStatus.STALE) == read(world, adapter, made.remote_id)


def test_without_a_watcher_reactions_are_not_permitted(world: World, alone: Adapter) -> None:
    made = publish(world, alone, outgoing("평화"))
    assert Reading(None, ReadingStatus.NOT_PERMITTED) == read(world, alone, made.remote_id)
    with pytest.raises(Refused, match="there is no watcher"):
        world.run(alone.fetch(made.remote_id))


def test_readings_go_through_the_service(world: World) -> None:
    connect(world)
    world.post("P01", minutes=1, to=("tg",), texts={"ko": "평화"})
    world.clock.turn(minutes=1)
    world.tick()
    world.clock.turn(hours=5)

    assert 1 == world.run(measure(world.app))


# Editing, deleting


def test_edits_change_text_or_caption_and_the_same_again_is_no_error(world: World, adapter: Adapter) -> None:
    text, under = publish(world, adapter, outgoing("a")), publish(world, adapter, outgoing("b", medium(world)))
    for _ in range(2):
        for made, wanted in ((text, outgoing("새 글")), (under, outgoing("새 설명", medium(world)))):
            again = world.run(adapter.edit(made.remote_id, wanted, prepare(world, adapter, wanted)))
            assert (made.remote_id, made.permalink) == (again.remote_id, again.permalink)

    assert [["a", "새 글"], ["b", "새 설명"]] == [row["versions"] for row in books(world)]
    with pytest.raises(Refused, match="message to edit not found"):
        world.run(adapter.edit("77", outgoing("c"), {"fields": {}}))
    with pytest.raises(Refused, match="named by its message ids"):
        world.run(adapter.edit("../x", outgoing("c"), {"fields": {}}))


def test_after_two_days_a_post_stays_and_we_are_told(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("a"))
    world.clock.turn(hours=49)
    with pytest.raises(Refused, match="can't be deleted"):
        world.run(adapter.delete(made.remote_id))


# Secrets


def forms(token: str) -> list[str]:
    return [token, quote(token, safe=""), "".join(f"%{byte:02X}" for byte in token.encode())]


def test_neither_token_is_ever_kept_or_said(world: World, adapter: Adapter, kept: Exchanges) -> None:
    tokens = [told(world)["token"], told(world)["watcher"]]
    said: list[str] = []
    echo = json.dumps(
        {"ok": False, "error_code": 400, "description": " ".join(each for t in tokens for each in forms(t))}
    )
    for fault, args in (("lose_response", {}), ("bad_json", {"body": echo}), ("503", {}), ("429", {}), ("reset", {})):
        for path in (SEND, UPDATES, "/bot*/getMe", "/bot*/getChatMember", "/bot*/deleteMessages"):
            world.twin.fault(fault, path=path, **args)
        wire = prepare(world, adapter, outgoing("평화"))
        for work in (
            adapter.publish(outgoing("평화"), wire),
            adapter.confirm(outgoing("평화"), wire, doubt(world)),
            adapter.connect(),
            adapter.measure(["1"]),
            adapter.delete("1"),
        ):
            try:
                world.run(work)
            except CampaignError as error:
                said += [str(error), repr(error), repr(error.__cause__), repr(vars(error))]
            world.clock.turn(minutes=2)
        world.twin.clear()
    text = "\n".join([*said, *(repr(exchange) for exchange in kept.kept)]).lower()

    assert len(said) > 30 and len(kept.kept) > 20 and "/bot[redacted]/" in text
    assert [] == [form for token in tokens for form in forms(token) if form.lower() in text]


def test_nothing_but_a_token_gets_into_the_path(world: World) -> None:
    connect(world, watched=False)
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "tg")
    for token in ("", "1:../../x/aaaaaaaaaaaa", "1:aaaaaaaaaa?b=c", "1:aaaaaaaaaa\r\nX: y", "1%3Aaaaaaaaaaaaa"):
        broken = world.app.open_adapter(account, json.dumps({"token": token}), Exchanges())
        before = world.twin.requests()
        with pytest.raises(Unauthorized):
            publish(world, broken, outgoing("a"))
        assert before == world.twin.requests()


def test_the_class_declares_what_connecting_needs() -> None:
    assert (False, {"channel"}, {"watcher"}) == (Telegram.bearer, set(Telegram.options), set(Telegram.secrets))
    assert (0, 10, 1024) == (CAPABILITIES.languages, CAPABILITIES.max_media, CAPABILITIES.text.limit_with_media)
