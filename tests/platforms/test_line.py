"""LINE: the contract; retry keys, what a doubt comes to, media that LINE fetches, the month's quota, late counters."""

import json
from typing import Any

import pytest
from linebot.v3.messaging import BroadcastRequest, ImageMessage, TextMessage, VideoMessage

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.check import check
from campaign.core.errors import Invalid, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Published, Reading, ReadingStatus
from campaign.platforms.line import Adapter as Line
from campaign.service.confirm import confirm, settle
from campaign.service.pause import pause, resume
from campaign.service.publish import publish as publish_due
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

BROADCAST = "/line/v2/bot/message/broadcast"
EVENT = "/line/v2/bot/insight/message/event"
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(3000)


def account_of(world: World, name: str = "li") -> Account:
    with world.app.store.read() as tx:
        return account_rows.account_named(tx, name)


def opened(world: World, name: str = "li", kept: Exchanges | None = None) -> Adapter:
    with world.app.store.read() as tx:
        token = account_rows.token_of(tx, account_rows.account_named(tx, name), world.app.vault)
    adapter: Adapter = world.app.open_adapter(account_of(world, name), token, kept or Exchanges())
    return adapter


def link_new(world: World, **options: str) -> Account:
    new = {"platform": "line", "name": "new", **options}
    world.twin.opened["line"]["new"] = world.twin.ask("POST", "/_accounts", new)
    return world.link("line", "li", twin_account="new")


@pytest.fixture
def adapter(world: World) -> Adapter:
    world.link("line", "li")
    return opened(world)


def medium(world: World, colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, "그림")


def clip(world: World, poster: str | None) -> OutgoingMedium:
    (file := world.folder / "clip.mp4").write_bytes(CLIP)
    found = world.app.media.put(file, mime="video/mp4")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7.4, poster=poster)


def outgoing(text: str = "안녕 & <평화>", *media: OutgoingMedium) -> Outgoing:
    return Outgoing("li", "line", ("ko",), text, media=media)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))
    return made


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="line")


def test_it_keeps_the_contract(world: World) -> None:
    world.link("line", "li")
    world.share_media()

    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    bench = Bench(
        opened(world),
        outgoing("안녕 & <평화>", medium(world)),
        outgoing("다른 글"),
        rows,
        "00000000-0000-4000-8000-000000000000",
        world.clock.now,
        world.app.media.open,
        reads=False,
        replays=True,
        fault=world.twin.fault,
        line=("POST", BROADCAST),
        wait=world.clock.turn_monotonic,
    )
    world.run(exercise(bench))


def test_an_account_says_what_a_post_costs(world: World) -> None:
    account = world.link("line", "li")
    told = world.run(opened(world).connect())

    assert (Guarantee.REPLAY, "@peace_ko", "line") == (account.guarantee, account.handle, account.kind)
    assert "is charged" in told.warnings[0]
    with pytest.raises(Unauthorized, match="Confirm that the access token"):
        world.link("line", "other", twin_account="peace_ru", token="nobody")


def test_a_key_is_a_uuid_of_the_deliverys_own_and_the_same_each_time(world: World, adapter: Adapter) -> None:
    first, again, other = (prepare(world, adapter, outgoing(), key=key) for key in ("a", "a", "b"))
    made, same = (world.run(adapter.publish(outgoing(), wire)) for wire in (first, again))

    assert first["retry_key"] == again["retry_key"] != other["retry_key"]
    assert (made.remote_id, 1) == (same.remote_id, len(books(world)))  # 409 names the request that was taken
    assert first["retry_key"] == books(world)[0]["idempotency_key"]


@pytest.mark.parametrize("fault", ["lose_response", "500_after", "drop_request", "500_before", "bad_json"])
def test_a_lost_answer_ends_in_one_message_under_the_same_key(world: World, adapter: Adapter, fault: str) -> None:
    world.post(to=("li",), texts={"ko": "글"}, minutes=1)
    world.clock.turn(minutes=1)
    world.twin.fault(fault, method="POST", path=BROADCAST)
    for _ in range(3):
        world.tick()
        world.clock.turn(seconds=10)
    [delivery] = world.deliveries()

    assert ("published", [delivery.remote_id]) == (delivery.state, [row["id"] for row in books(world)])


def test_what_is_not_sent_again_for_its_time_is_over_is_never_called_missed(world: World, adapter: Adapter) -> None:
    world.post(to=("li",), texts={"ko": "글"}, minutes=1)
    world.clock.turn(minutes=15)  # so late that the question comes after its grace
    world.twin.fault("lose_response", method="POST", path=BROADCAST)
    world.run(publish_due(world.app, limit=5))
    world.clock.turn(minutes=5)
    world.tick()
    [delivery] = world.deliveries()
    assert ("uncertain", 1) == (delivery.state, len(books(world)))
    assert "its time is over" in str(delivery.error)

    url = f"https://manager.line.biz/account/@peace_ko/message/{books(world)[0]['id']}"
    settled = settle(world.app, delivery.id, "published", by=world.alice, url=url)
    assert ("published", books(world)[0]["id"]) == (settled.state, settled.remote_id)


def test_a_pause_before_it_is_sent_again_does_not_make_it_not_out(world: World, adapter: Adapter) -> None:
    world.post(to=("li",), texts={"ko": "글"}, minutes=1)
    world.clock.turn(minutes=1)
    world.twin.fault("lose_response", method="POST", path=BROADCAST)
    world.run(publish_due(world.app, limit=5))
    world.run(confirm(world.app))
    pause(world.app, "all", reason="stop", by=world.bob)
    world.tick()
    [delivery] = world.deliveries()

    assert ("scheduled", 1) == (delivery.state, len(books(world)))
    assert "it may be out: only the same request again tells" in str(delivery.error)
    resume(world.app, "all", by=world.bob)
    world.tick()
    assert ([books(world)[0]["id"]], 1) == ([each.remote_id for each in world.deliveries()], len(books(world)))


def test_when_the_key_is_dead_a_person_must_look(world: World, adapter: Adapter) -> None:
    wire, since = prepare(world, adapter, outgoing()), world.clock.now()
    world.clock.turn(hours=22)
    assert world.run(adapter.confirm(outgoing(), wire, Doubt(since))) is None
    world.clock.turn(hours=2)
    with pytest.raises(Uncertain, match="its key is dead"):
        world.run(adapter.confirm(outgoing(), wire, Doubt(since)))
    with pytest.raises(Refused, match="compose it again if it is not there"):
        prepare(world, adapter, outgoing(), previous=wire)


@pytest.mark.parametrize("first", [None, 5, "nonsense", "2026-11-24"])
def test_a_wire_that_does_not_say_when_begins_now(world: World, adapter: Adapter, first: Any) -> None:
    wire = {**prepare(world, adapter, outgoing()), "first": first}

    assert world.clock.now().isoformat() == prepare(world, adapter, outgoing(), previous=wire)["first"]


def test_pictures_and_clips_are_fetched_by_line(world: World) -> None:
    world.link("line", "li")
    world.share_media()
    adapter, poster = opened(world), medium(world, "red").sha256
    wanted = outgoing("글", medium(world), clip(world, poster))
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    [row] = books(world)

    sent = BroadcastRequest.from_dict(json.loads(wire["body"])).messages  # as LINE's own models read it
    assert [TextMessage, ImageMessage, VideoMessage] == [type(message) for message in sent]
    assert [each.sha256 for each in wanted.media] == [each["sha256"] for each in row["media"]]
    assert [wanted.media[0].sha256, poster] == [each["preview"] for each in row["media"]]
    with pytest.raises(Refused, match="a clip needs a poster"):
        prepare(world, adapter, outgoing("글", clip(world, None)))


def test_addresses_that_live_two_hours_are_made_anew_for_each_attempt(world: World) -> None:
    world.link("line", "li")
    world.share_media()
    adapter, wanted = opened(world), outgoing("글", medium(world))
    first = prepare(world, adapter, wanted)
    world.clock.turn(hours=3)
    second = prepare(world, adapter, wanted, previous=first)
    with pytest.raises(Refused, match="error"):
        world.run(adapter.publish(wanted, first))
    world.run(adapter.publish(wanted, second))

    assert (first["retry_key"], 1) == (second["retry_key"], len(books(world)))


def test_without_a_public_address_a_picture_is_refused_before_anything_is_sent(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match=r"web\.url"):
        prepare(world, adapter, outgoing("글", medium(world)))
    assert [] == world.twin.requests()


def test_a_month_that_is_used_up_refuses_before_the_line_and_at_it(world: World) -> None:
    link_new(world, quota="1")
    adapter = opened(world)
    wire = prepare(world, adapter, outgoing())
    with pytest.raises(Refused, match="raise the account's plan"):
        world.run(adapter.publish(outgoing(), wire))  # there are more friends than that
    assert "0 of 1 a month are used" in world.run(adapter.connect()).warnings[0]
    body = json.dumps({"totalUsage": 1})
    world.twin.fault("bad_json", path="/line/v2/bot/message/quota/consumption", body=body)
    with pytest.raises(Refused, match="all 1 messages of this month"):
        prepare(world, adapter, outgoing())
    assert [] == books(world)


def test_too_many_in_an_hour_wait(world: World, adapter: Adapter) -> None:
    for number in range(60):
        wire = {"retry_key": f"00000000-0000-4000-8000-{number:012d}", "body": prepare_body(str(number))}
        world.run(adapter.publish(outgoing(), wire))
    with pytest.raises(RateLimited, match="rate limit"):
        publish(world, adapter, outgoing())


def prepare_body(text: str) -> str:
    return json.dumps({"messages": [{"type": "text", "text": text}]})


@pytest.mark.parametrize("body", ["[]", "no", ""])
def test_a_yes_that_is_no_object_is_a_doubt(world: World, adapter: Adapter, body: str) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("bad_json", method="POST", path=BROADCAST, body=body)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(outgoing(), wire))


def test_what_line_cannot_do_is_refused(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    for work in (adapter.fetch("x"), adapter.edit("x", outgoing(), wire), adapter.delete("x"), adapter.comments("x")):
        with pytest.raises(Refused):
            world.run(work)
    with pytest.raises(Refused, match="answers no other"):
        prepare(world, adapter, outgoing(), parent=Parent("x", {}))


def test_counters_come_a_day_later_and_under_twenty_not_at_all(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    new = Reading(None, ReadingStatus.TOO_NEW)
    assert {"reach": new, "link_clicks": new} == world.run(adapter.measure([made.remote_id]))[made.remote_id]
    world.clock.turn(days=4)
    true = world.twin.ask("GET", "/_books/counts", platform="line", id=made.remote_id)
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert (Reading(true["reach"]), true["reach"] >= 20) == (found["reach"], True)
    assert found["link_clicks"] == (Reading(true["link_clicks"]) if true["link_clicks"] >= 20 else new)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"overview": {"uniqueImpression": "many", "uniqueClick": 30}}', ReadingStatus.ERROR),
        ('{"overview": {"uniqueClick": 30}}', ReadingStatus.ERROR),
        ('{"overview": {"uniqueImpression": -1, "uniqueClick": 30}}', ReadingStatus.ERROR),
        ('{"overview": {"uniqueImpression": null, "uniqueClick": 30}}', ReadingStatus.TOO_NEW),
    ],
)
def test_a_counter_that_cannot_be_read_does_not_blank_the_other(
    world: World, adapter: Adapter, body: str, status: ReadingStatus
) -> None:
    world.twin.fault("bad_json", path=EVENT, body=body)
    made = publish(world, adapter, outgoing())
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert {"reach": Reading(None, status), "link_clicks": Reading(30)} == found


def test_an_account_that_may_not_ask_and_an_answer_that_is_none(world: World) -> None:
    link_new(world, insight="no")
    adapter = opened(world)
    made = publish(world, adapter, outgoing())
    barred = Reading(None, ReadingStatus.NOT_PERMITTED)
    assert {"reach": barred, "link_clicks": barred} == world.run(adapter.measure([made.remote_id]))[made.remote_id]
    gone, broken = Reading(None, ReadingStatus.EXPIRED), Reading(None, ReadingStatus.ERROR)
    world.link("line", "ko")
    other = opened(world, "ko")
    assert {"reach": gone, "link_clicks": gone} == world.run(other.measure(["no uuid"]))["no uuid"]
    mine = publish(world, other, outgoing())
    world.twin.fault("bad_json", path=EVENT, body="[]")
    assert {"reach": broken, "link_clicks": broken} == world.run(other.measure([mine.remote_id]))[mine.remote_id]


@pytest.mark.parametrize("body", ["[]", "{}", '{"userId": 5}', '{"userId": ""}'])
def test_who_it_is_must_be_told(world: World, adapter: Adapter, body: str) -> None:
    world.twin.fault("bad_json", path="/line/v2/bot/info", body=body)
    with pytest.raises(Unavailable, match="whose token"):
        world.run(adapter.connect())


def test_emoji_count_twice(world: World, adapter: Adapter) -> None:
    fits, over = outgoing("😀" * 2500), outgoing("😀" * 2500 + "a")

    assert [[], ["error"]] == [[f.severity for f in check(each, adapter.capabilities)] for each in (fits, over)]
    publish(world, adapter, fits)
    with pytest.raises(Refused, match="error"):
        publish(world, adapter, over, key="another")


def test_a_page_of_the_manager_names_a_message(world: World, adapter: Adapter) -> None:
    account = account_of(world)

    assert "123" == Line.locate(account, "https://manager.line.biz/account/@x/message/123")
    with pytest.raises(Invalid, match=r"https://manager\.line\.biz"):
        Line.locate(account, "https://example.org/123")
