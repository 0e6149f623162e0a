"""Matrix: the contract, and what is its own: ids of requests, media below a text, threads, devices, rooms."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import (
    CampaignError,
    Invalid,
    Outcome,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Published, ReadingStatus
from campaign.platforms.matrix import CAPABILITIES, PAGES
from campaign.platforms.matrix import Adapter as Matrix
from campaign.platforms.matrix.events import txn_of
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

SEND = "/_matrix/client/v3/rooms/*/send/m.room.message/*"
MISSING = "$" + "A" * 43


@pytest.fixture
def adapter(world: World) -> Adapter:
    world.link("matrix", "mx", "ko")
    return open_adapter(world)


def account(world: World, name: str = "mx") -> Account:
    with world.app.store.read() as tx:
        return account_rows.account_named(tx, name)


def open_adapter(world: World, name: str = "mx", token: str | None = None, kept: Exchanges | None = None) -> Adapter:
    token = token or world.twin.opened["matrix"]["peace_ko"]["token"]
    return world.app.open_adapter(account(world, name), token, kept or Exchanges())


def medium(world: World, alt: str = "남색 <그림> & '", colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def clip(world: World, poster: OutgoingMedium) -> OutgoingMedium:
    file = world.folder / "clip.mp4"
    file.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(500))
    found = world.app.media.put(file, mime="video/mp4")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "поезд", 7.4, poster=poster.sha256)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium) -> Outgoing:
    return Outgoing("mx", "matrix", ("ko",), text, media=media)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return json.loads(json.dumps(wire))


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> tuple[Published, dict[str, Any]]:
    wire = prepare(world, adapter, wanted, **options)
    return world.run(adapter.publish(wanted, wire)), wire


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="matrix")


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, other = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글")
    bench = Bench(
        adapter, one, other, rows, MISSING, world.clock.now, world.app.media.open,
        fault=world.twin.fault, line=("PUT", SEND), wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_an_account_is_a_room_and_the_server_says_what_fits(world: World, adapter: Adapter) -> None:
    told, kept = world.twin.opened["matrix"]["peace_ko"], account(world)

    assert (told["room_id"], told["room"], "matrix", Guarantee.REPLAY) == (
        kept.remote_id,
        kept.handle,
        kept.kind,
        kept.guarantee,
    )
    assert (told["user"], "CAMPAIGN", 52_428_800) == (
        kept.sheet["user"],
        kept.sheet["device"],
        kept.sheet["image_bytes"],
    )
    assert CAPABILITIES.missing() == set(CAPABILITIES.not_offered)
    russian = world.link("matrix", "ru", "ru", twin_account="peace_ru")  # the same user and token, another room
    assert russian.remote_id != kept.remote_id


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"token": "nonsense"}, Unauthorized, "Invalid access token"),
        ({"options": {"room": "#nobody:matrix.sandbox"}}, Refused, "Room alias #nobody:matrix.sandbox not found"),
        ({"options": {"room": "peace"}}, Refused, "--option room=#alias:server"),
        ({"options": {"room": "!elsewhere"}}, Refused, "is not in !elsewhere; join it"),
        ({"options": {"room": "#locked:matrix.sandbox"}}, Refused, "give it the power level 50"),
        ({"options": {"room": "#secret:matrix.sandbox"}}, Refused, "is encrypted; choose a room"),
    ],
)
def test_what_does_not_connect_says_what_to_do(
    world: World, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    for name, more in (("locked", {"power": "50", "level": "0"}), ("secret", {"encrypted": "yes"})):
        world.twin.ask("POST", "/_accounts", {"platform": "matrix", "name": name, "user": "peace", **more})
    with pytest.raises(error, match=words):
        world.link("matrix", "mx", **given)


def test_text_pictures_and_a_clip_are_one_post_with_their_alt_texts(world: World, adapter: Adapter) -> None:
    picture = medium(world)
    made, _ = publish(world, adapter, outgoing("글\n둘째 줄", picture, clip(world, picture)))
    [row] = books(world)
    parts = world.run(adapter._parts(world.run(adapter.fetch(made.remote_id))))  # type: ignore[attr-defined]

    assert ("글\n둘째 줄", ["남색 <그림> & '", "поезд"]) == (
        row["text"],
        [each["description"] for each in row["media"]],
    )
    assert picture.sha256 == row["media"][0]["sha256"]
    info = parts[1]["content"]["info"]
    assert ("m.video", 7400, 640, 360) == (parts[1]["content"]["msgtype"], info["duration"], info["w"], info["h"])
    assert info["thumbnail_url"] == parts[0]["content"]["url"]
    assert {} == parts[0]["content"]["m.mentions"]  # nobody's telephone rings because of a word in a text


def test_the_same_requests_again_are_the_same_events(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world), medium(world, "둘", "teal"))
    wire = prepare(world, adapter, wanted)
    first = world.run(adapter.publish(wanted, wire))
    again = prepare(world, adapter, wanted, key="another key", previous=wire)
    second = world.run(adapter.publish(wanted, again))
    [row] = books(world)

    assert (wire, first.remote_id, 2) == (again, second.remote_id, len(row["media"]))
    assert 2 == sum(each["path"].endswith("/upload") for each in world.twin.requests())


def test_a_medium_that_is_missing_is_a_doubt_and_confirm_brings_it(world: World, adapter: Adapter) -> None:
    media, since = (medium(world), medium(world, "둘", "teal")), world.clock.now()
    for fault in ("lose_response", "500_before", "drop_request", "429"):
        for number in (1, 2):
            wanted, key = outgoing(f"글 {fault} {number}", *media), f"{fault}-{number}"
            wire = prepare(world, adapter, wanted, key=key)
            world.twin.fault(fault, method="PUT", path=f"{SEND[:-1]}{key}.{number}")
            with pytest.raises(Uncertain, match="its text is there"):
                world.run(adapter.publish(wanted, wire))
            world.clock.turn(minutes=2)
            found = world.run(adapter.confirm(wanted, wire, Doubt(since)))
            row = books(world)[-1]

            assert (row["id"], [one.alt for one in media]) == (
                found.remote_id,
                [each["description"] for each in row["media"]],
            )


def test_what_was_forgotten_by_the_server_is_found_by_its_content(world: World, adapter: Adapter) -> None:
    """Another login is another device: the server then tells no id of a request."""
    wanted, since = outgoing("글", medium(world)), world.clock.now()
    made, wire = publish(world, adapter, wanted)
    told = world.twin.opened["matrix"]["peace_ko"]
    login = {"type": "m.login.password", "identifier": {"user": told["user"]}, "password": told["password"]}
    token = world.twin.ask("POST", "/_matrix/client/v3/login", login)["access_token"]
    other = open_adapter(world, token=token)
    found = world.run(other.confirm(wanted, wire, Doubt(since)))

    assert txn_of(world.run(other.fetch(made.remote_id))) is None
    assert (made.remote_id, 1, 1) == (found.remote_id, len(books(world)), len(books(world)[0]["media"]))
    assert world.run(other.confirm(wanted, wire, Doubt(since, frozenset({made.remote_id})))) is None


def test_another_deliverys_event_with_the_same_text_is_never_ours(world: World, adapter: Adapter) -> None:
    since = world.clock.now()
    publish(world, adapter, outgoing("같은 글"), key="one")
    wire = prepare(world, adapter, outgoing("같은 글"), key="two")

    assert world.run(adapter.confirm(outgoing("같은 글"), wire, Doubt(since))) is None


def test_a_list_that_lags_is_why_it_is_asked_again(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글"), world.clock.now()
    made, wire = publish(world, adapter, wanted)
    world.twin.fault("lagging_list", seconds=20)

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None
    world.clock.turn(seconds=21)
    assert made.remote_id == world.run(adapter.confirm(wanted, wire, Doubt(since))).remote_id


def test_of_two_that_fit_the_oldest_is_taken(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글"), world.clock.now()
    world.twin.fault("ignore_key", times=9)
    first, wire = publish(world, adapter, wanted)
    world.clock.turn(seconds=5)
    world.run(adapter.publish(wanted, wire))

    assert (2, first.remote_id) == (len(books(world)), world.run(adapter.confirm(wanted, wire, Doubt(since))).remote_id)


def test_what_is_older_than_the_doubt_is_not_looked_at(world: World, adapter: Adapter) -> None:
    _, wire = publish(world, adapter, outgoing("글"))
    world.clock.turn(minutes=30)

    assert world.run(adapter.confirm(outgoing("글"), wire, Doubt(world.clock.now()))) is None


def test_a_list_that_cannot_be_read_is_never_taken_for_not_there(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글"), world.clock.now()
    _, wire = publish(world, adapter, wanted)
    for body in ("{}", "[1]", '{"chunk": null}', '{"chunk": [null]}', '{"chunk": [{"event_id": "$a"}]}'):
        world.twin.fault("bad_json", method="GET", path="*/messages", body=body)
        with pytest.raises(Unavailable):
            world.run(adapter.confirm(wanted, wire, Doubt(since)))


def test_a_list_too_long_to_be_read_to_its_end_is_never_taken_for_not_there(world: World, adapter: Adapter) -> None:
    wire, now = prepare(world, adapter, outgoing("글")), world.clock.now()
    page = [{"event_id": "$a", "sender": "@a:b", "origin_server_ts": int(now.timestamp() * 1000)}]
    body = json.dumps({"chunk": page, "end": "t1"})
    world.twin.fault("bad_json", method="GET", path="*/messages", body=body, times=PAGES)
    with pytest.raises(Unavailable, match="not read to their end"):
        world.run(adapter.confirm(outgoing("글"), wire, Doubt(now)))


def test_what_comes_back_from_a_post_is_one_of_the_outcomes(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글")
    wire = prepare(world, adapter, wanted)
    cases: list[tuple[str, dict[str, Any], type[Outcome]]] = [("reset", {}, Uncertain)]
    bodies = ("{}", '{"event_id": null}', '{"event_id": "1"}', "[]")
    cases += [("bad_json", {"body": body}, Uncertain) for body in bodies]
    for fault, args, error in (*cases, ("429", {"retry_after": 30}, RateLimited), ("expired_token", {}, Unauthorized)):
        world.twin.fault(fault, method="PUT", path=SEND, **args)
        with pytest.raises(error) as raised:
            world.run(adapter.publish(wanted, wire))
        assert not isinstance(raised.value, RateLimited) or raised.value.retry_after == 30


def test_a_text_that_does_not_fit_into_an_event_is_refused(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing("ж" * 32_700))
    with pytest.raises(Refused, match="413 event too large"):
        world.run(adapter.publish(outgoing("ж" * 32_700), wire))

    fits = outgoing("ж" * (CAPABILITIES.text.limit // 2))
    made, wire = publish(world, adapter, fits)
    longest = replace(fits, text="ы" * (CAPABILITIES.text.limit // 2))
    assert made.remote_id == world.run(adapter.edit(made.remote_id, longest, wire)).remote_id


def test_parts_stand_in_one_thread_and_their_media_below_them(world: World, adapter: Adapter) -> None:
    first, wire = publish(world, adapter, outgoing("1/3"), key="1")
    second, wire = publish(world, adapter, outgoing("2/3"), key="2", parent=Parent(first.remote_id, wire))
    third = outgoing("3/3", medium(world))
    made, wire = publish(world, adapter, third, key="3", parent=Parent(second.remote_id, {}))
    rows = books(world)

    assert [None, first.remote_id, second.remote_id] == [row["in_reply_to_id"] for row in rows]
    assert (first.remote_id, 1) == (wire["thread"], len(rows[2]["media"]))
    world.run(adapter.delete(made.remote_id))
    assert [(False, 0), (False, 0), (True, 0)] == [(row["deleted"], len(row["media"])) for row in books(world)]


def test_an_edit_changes_text_and_alt_texts_and_may_go_back(world: World, adapter: Adapter) -> None:
    picture = medium(world, "처음")
    wanted = outgoing("하나", picture)
    made, wire = publish(world, adapter, wanted)
    for text, alt in (("둘", "다음"), ("하나", "처음"), ("둘", "다음"), ("둘", "")):
        changed = outgoing(text, replace(picture, alt=alt))
        for _ in range(2):
            world.run(adapter.edit(made.remote_id, changed, wire))
        [row] = books(world)
        assert (text, alt or f"{picture.sha256[:16]}.png") == (row["text"], row["media"][0]["description"])

    edits = sum("send/m.room.message" in each["path"] for each in world.twin.requests()) - 2
    assert 7 == edits  # three texts and four alt texts: the same edit again sent nothing


def test_an_edit_of_what_was_taken_down_is_refused(world: World, adapter: Adapter) -> None:
    made, wire = publish(world, adapter, outgoing("글"))
    world.run(adapter.delete(made.remote_id))
    with pytest.raises(Refused, match="taken down"):
        world.run(adapter.edit(made.remote_id, outgoing("둘"), wire))
    world.run(adapter.delete(MISSING))


def test_who_is_out_of_the_room_does_not_take_its_posts_for_gone(world: World, adapter: Adapter) -> None:
    made, _ = publish(world, adapter, outgoing("글"))
    room = quote(account(world).remote_id)
    token = world.twin.opened["matrix"]["peace_ko"]["token"]
    world.twin.ask("POST", f"/_matrix/client/v3/rooms/{room}/leave", {}, access_token=token)
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert {(None, ReadingStatus.NOT_PERMITTED)} == {(each.value, each.status) for each in found.values()}
    with pytest.raises(Refused, match="no longer in the room; join it again"):
        world.run(adapter.delete(made.remote_id))
    assert [False] == [row["deleted"] for row in books(world)]


def test_what_was_taken_down_meanwhile_gets_no_media(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글", medium(world)), world.clock.now()
    wire = prepare(world, adapter, wanted, key="k")
    world.twin.fault("drop_request", method="PUT", path=f"{SEND[:-1]}k.1")
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    [row] = books(world)
    world.run(adapter.delete(row["id"]))
    found = world.run(adapter.confirm(wanted, wire, Doubt(since)))

    assert (row["id"], 1) == (
        found.remote_id,
        sum("/send/" in each["path"] and each["did"] == 200 for each in world.twin.requests()),
    )


def test_reactions_and_replies_grow_and_comments_are_what_others_said(world: World, adapter: Adapter) -> None:
    first, wire = publish(world, adapter, outgoing("글", medium(world)), key="1")
    part, _ = publish(world, adapter, outgoing("둘"), key="2", parent=Parent(first.remote_id, wire))
    reader = world.twin.ask("POST", "/_accounts", {"platform": "matrix", "name": "reader"})
    here, room = {"access_token": reader["token"]}, quote(account(world).remote_id)
    world.twin.ask("POST", f"/_matrix/client/v3/join/{room}", {}, **here)
    thread = {"rel_type": "m.thread", "event_id": first.remote_id, "m.in_reply_to": {"event_id": part.remote_id}}
    said = {"msgtype": "m.text", "body": "둘에게", "m.relates_to": thread}
    world.twin.ask("PUT", f"/_matrix/client/v3/rooms/{room}/send/m.room.message/1", said, **here)
    world.clock.turn(days=5)
    found = world.run(adapter.measure([first.remote_id, part.remote_id]))[first.remote_id]
    comments = world.run(adapter.comments(first.remote_id))
    to_part = [each for each in world.run(adapter.comments(part.remote_id)) if each.author == "@reader:matrix.sandbox"]

    assert [("둘에게", part.remote_id)] == [(each.text, each.in_reply_to) for each in to_part]
    true = world.twin.ask("GET", "/_books/counts", id=first.remote_id, platform="matrix")

    assert (true["reactions"], true["replies"]) == (found["reactions"].value, found["replies"].value)
    assert found["reactions"].value > 0 < len(comments) == found["replies"].value
    assert {first.remote_id} == {comment.in_reply_to for comment in comments}
    assert (comments[0].author, True) == ("@reader0:matrix.sandbox", comments[0].at <= world.clock.now())  # type: ignore[operator]


def test_a_count_that_was_not_read_to_its_end_is_an_error(world: World, adapter: Adapter) -> None:
    made, _ = publish(world, adapter, outgoing("글"))
    body = json.dumps({"chunk": [], "next_batch": "t1"})
    world.twin.fault("bad_json", method="GET", path="*/relations/*", body=body, times=PAGES)
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert {(None, ReadingStatus.ERROR)} == {(each.value, each.status) for each in found.values()}


def test_odd_events_raise_nothing_but_outcomes(world: World, adapter: Adapter) -> None:
    made, wire = publish(world, adapter, outgoing("글", medium(world)))
    ident = made.remote_id
    parts: dict[str, Any] = {"parent": Parent(ident, {}), "previous": None, "open_medium": world.app.media.open}
    odd = json.dumps({"event_id": ident, "content": [], "unsigned": 1, "origin_server_ts": "x"})
    for body in ("{}", '{"event_id": 5}', odd):
        for work in (
            adapter.edit(ident, outgoing("b"), wire),
            adapter.delete(ident),
            adapter.comments(ident),
            adapter.measure([ident]),
            adapter.prepare(outgoing("b"), key="z", **parts),
        ):
            world.twin.clear()
            world.twin.fault("bad_json", method="GET", path="*/event/*", body=body)
            try:
                world.run(work)
            except Outcome as error:
                assert body == odd or isinstance(error, Unavailable)
            else:
                assert body == odd


def test_an_address_names_an_event_of_the_room(world: World, adapter: Adapter) -> None:
    made, _ = publish(world, adapter, outgoing("글"))
    mine = account(world)

    assert made.permalink is not None
    assert made.remote_id == Matrix.locate(mine, made.permalink)
    assert "$a_B-1" == Matrix.locate(mine, f"https://matrix.to/#/{mine.handle}/$a_B-1")
    for url in (
        f"https://matrix.to/#/{mine.handle}",
        "https://matrix.to/#/!other:server/$a",
        f"https://evil.example/#/{mine.handle}/$a",
        "https://[",
    ):
        with pytest.raises(Invalid):
            Matrix.locate(mine, url)


def test_a_post_goes_all_the_way_through_the_daemon(world: World, adapter: Adapter) -> None:
    world.post("P01", to=("mx",), pictures=(world.picture(),))
    world.twin.fault("lose_response", method="PUT", path=SEND)
    world.clock.turn(minutes=10)
    for _ in range(4):
        world.tick()
        world.clock.turn(seconds=35)

    assert (["published"], 1) == (world.states(), len(books(world)))
    assert [1] == [len(row["media"]) for row in books(world)]


def test_the_token_is_shown_nowhere(world: World) -> None:
    world.link("matrix", "mx", "ko")
    kept, token = Exchanges(), world.twin.opened["matrix"]["peace_ko"]["token"]
    adapter = open_adapter(world, kept=kept)
    wire = prepare(world, adapter, outgoing("글"))
    for body in (json.dumps({"error": token}), json.dumps({"event_id": f"x{token}"})):
        world.twin.fault("bad_json", method="PUT", path=SEND, body=body)
        with pytest.raises(CampaignError) as raised:
            world.run(adapter.publish(outgoing("글"), wire))
        assert token not in str(raised.value)
    assert not [each for each in kept.kept if token.encode() in each.request + (each.response or b"")]
