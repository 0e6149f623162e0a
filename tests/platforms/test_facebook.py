"""Facebook: the contract, and what is its own: the flag of an unpublished post, clips in pieces, a person's token."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Guarantee, Outgoing, OutgoingMedium, Published, ReadingStatus
from campaign.store import accounts as account_rows
from tests.conftest import World

from .conformance import Bench, exercise
from .consenting import joined, joined_with, token

ROOT = "/facebook/v25.0"
FLIP = f"{ROOT}/*_*"
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 8500  # two pieces of a megabyte, and a rest


@pytest.fixture
def world(world: World) -> World:
    world.link("facebook", "fb")
    return world


@pytest.fixture
def kept() -> Exchanges:
    return Exchanges()


@pytest.fixture
def adapter(world: World, kept: Exchanges) -> Adapter:
    return opened(world, kept)


def opened(world: World, kept: Exchanges | None = None, token: str | None = None) -> Adapter:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "fb")
        told = account_rows.token_of(tx, account, world.app.vault)
    return world.app.open_adapter(account, token or told, kept or Exchanges())


def medium(world: World, alt: str = "남색 그림", colour: str = "navy") -> OutgoingMedium:
    file = Path(world.folder / f"{colour}.jpg")
    Image.new("RGB", (64, 36), colour).save(file)
    found = world.app.media.put(file, mime="image/jpeg")
    return OutgoingMedium(found.sha256, "image/jpeg", found.size, 64, 36, alt)


def clip(world: World, content: bytes = CLIP) -> OutgoingMedium:
    file = Path(world.folder / "clip.mp4")
    file.write_bytes(content)
    found = world.app.media.put(file, mime="video/mp4")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium, **told: Any) -> Outgoing:
    return Outgoing("fb", "facebook", ("ko",), text, media=media, **told)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    return made


def confirm(world: World, adapter: Adapter, wanted: Outgoing, wire: dict[str, Any], *owned: str) -> Any:
    return world.run(adapter.confirm(wanted, wire, Doubt(world.clock.now(), frozenset(owned))))


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="facebook")


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, other = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글")
    bench = Bench(
        adapter, one, other, rows, "1_18999999999999999", world.clock.now, world.app.media.open,
        fault=world.twin.fault, line=("POST", FLIP), wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_an_account_is_the_page_of_its_token(world: World) -> None:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "fb")

    assert (Guarantee.HANDLE, "유라시아 평화 여정", "page") == (account.guarantee, account.handle, account.kind)
    assert world.twin.opened["facebook"]["peace_ko"]["id"] == account.remote_id
    with pytest.raises(Unauthorized, match="Invalid OAuth access token"):
        world.run(opened(world, token="another").connect())


def test_a_persons_token_leads_to_the_token_of_the_page_which_is_never_kept(world: World) -> None:
    told = world.twin.opened["facebook"]["peace_ru"]
    account = world.link("facebook", "ru", "ru", twin_account="peace_ru", token=told["person"])
    kept = Exchanges()
    with world.app.store.read() as tx:
        adapter = world.app.open_adapter(account, account_rows.token_of(tx, account, world.app.vault), kept)
    publish(world, adapter, outgoing("Мир", medium(world)))

    assert (told["id"], "person", ["peace_ru"]) == (
        account.remote_id,
        account.sheet["through"],
        [row["account"] for row in books(world)],
    )
    assert 1 == sum("fields=access_token" in each.url for each in kept.kept)  # asked for once
    assert kept.kept and told["token"] not in repr(kept.kept) and told["person"] not in repr(kept.kept)


def test_a_person_with_several_pages_names_one(world: World) -> None:
    boss = world.twin.ask("POST", "/_accounts", {"platform": "facebook", "name": "boss", "odd": "many"})
    world.twin.opened["facebook"]["boss"] = boss
    with pytest.raises(Refused, match=r"--option page=ID; this person has: \d+ \("):
        world.link("facebook", "many", twin_account="boss", token=boss["person"])
    wanted = world.twin.opened["facebook"]["peace_en"]["id"]
    account = world.link("facebook", "many", twin_account="boss", token=boss["person"], options={"page": wanted})

    assert (wanted, "Eurasia Peace Journey") == (account.remote_id, account.handle)


def test_nothing_is_seen_before_the_flag_is_turned(world: World, adapter: Adapter) -> None:
    wanted = outgoing("앨범", medium(world, "남색 'alt' \"&<>"), medium(world, "빨강", "red"))
    wire = prepare(world, adapter, wanted)
    assert [] == books(world)
    made = world.run(adapter.publish(wanted, wire))
    [row] = books(world)

    assert (made.remote_id, wire["handle"]) == (row["id"], row["id"])
    assert [each.sha256 for each in wanted.media] == [each["sha256"] for each in row["media"]]
    assert ["남색 'alt' \"&<>", "빨강"] == [each["description"] for each in row["media"]]
    assert (row["url"], world.clock.now()) == (made.permalink, made.published_at)


def test_a_clip_goes_up_in_pieces_and_is_seen_when_its_flag_is_turned(
    world: World, adapter: Adapter, kept: Exchanges
) -> None:
    wanted = outgoing("영상", clip(world))
    wire = prepare(world, adapter, wanted)
    assert [] == books(world)
    world.twin.fault("lose_response", method="POST", path=f"{ROOT}/{wire['handle']}")
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    made = confirm(world, adapter, wanted, wire)
    [row] = books(world)

    assert (made.remote_id, "영상", wanted.media[0].sha256) == (row["id"], row["text"], row["media"][0]["sha256"])
    assert "/videos/" in (made.permalink or "")
    assert 5 == sum(b"/videos " in each.request.split(b"\r\n")[0] for each in kept.kept)  # start, three, finish
    readings = world.run(adapter.measure([made.remote_id]))[made.remote_id]
    assert (ReadingStatus.OK, ReadingStatus.NOT_OFFERED) == (readings["views"].status, readings["reach"].status)
    edited = world.run(adapter.edit(made.remote_id, outgoing("새 글", *wanted.media), wire))
    assert (made.remote_id, "새 글") == (edited.remote_id, books(world)[0]["text"])


def test_an_upload_that_makes_no_sense_has_published_nothing(world: World, adapter: Adapter) -> None:
    for body, words in (
        ("{}", "begun without a session"),
        ('{"upload_session_id": "1", "video_id": "2"}', "how far"),
        ('{"upload_session_id": "1", "video_id": "2", "start_offset": "x", "end_offset": "1"}', "how far"),
    ):
        world.twin.fault("bad_json", path=f"{ROOT}/*/videos", body=body)
        with pytest.raises(Unavailable, match=words):
            prepare(world, adapter, outgoing("영상", clip(world)))


def test_a_link_goes_along_where_there_is_no_picture(world: World, adapter: Adapter, kept: Exchanges) -> None:
    publish(world, adapter, outgoing("글\nhttps://example.org/", link="https://example.org/"))
    publish(world, adapter, outgoing("그림\nhttps://example.org/", medium(world), link="https://example.org/"))
    feeds = [each.request for each in kept.kept if b"/feed " in each.request.split(b"\r\n")[0]]

    assert [True, False] == [b"&link=https" in each for each in feeds]


def test_a_doubt_ends_in_one_post(world: World, adapter: Adapter) -> None:
    for fault in ("lose_response", "500_after", "drop_request"):
        wanted = outgoing(fault, medium(world))
        wire = prepare(world, adapter, wanted)
        world.twin.fault(fault, method="POST", path=FLIP)
        with pytest.raises(Uncertain):
            world.run(adapter.publish(wanted, wire))
        found = confirm(world, adapter, wanted, wire)
        if found is None:
            again = prepare(world, adapter, wanted, previous=wire)
            assert again["handle"] == wire["handle"]
            found = world.run(adapter.publish(wanted, again))

        assert [found.remote_id] == [row["id"] for row in books(world) if row["text"] == fault]


def test_a_flag_that_is_told_late_makes_no_second_post_for_turning_it_twice_is_the_same(
    world: World, adapter: Adapter
) -> None:
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lagging_list")
    world.twin.fault("lose_response", method="POST", path=FLIP)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    assert confirm(world, adapter, wanted, wire) is None
    again = prepare(world, adapter, wanted, previous=wire)
    made = world.run(adapter.publish(wanted, again))
    world.twin.clear()

    assert [made.remote_id] == [row["id"] for row in books(world)]
    assert made.remote_id == confirm(world, adapter, wanted, again).remote_id
    with pytest.raises(Uncertain, match="published already"):
        world.run(adapter.publish(wanted, prepare(world, adapter, wanted, previous=again)))


def test_a_post_that_is_gone_is_made_anew_and_the_list_decides(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화", medium(world))
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    gone = {**wire, "handle": "1_2", "made": None}  # no such post: the list knows it by its picture, whatever its text
    assert made.remote_id == confirm(world, adapter, outgoing("x", *wanted.media), gone).remote_id
    assert made.remote_id == confirm(world, adapter, wanted, {**gone, "photos": []}).remote_id  # by its text
    assert confirm(world, adapter, outgoing("평화"), {**gone, "photos": []}) is None  # one without a picture
    assert confirm(world, adapter, wanted, gone, made.remote_id) is None  # another delivery's
    again = prepare(world, adapter, wanted, previous=gone)

    assert (["1_2"], 1) == (again["past"], again["uses"])
    earlier = {**again, "past": [wire["handle"]]}  # the first one was out after all
    assert made.remote_id == confirm(world, adapter, wanted, earlier).remote_id


CODES: tuple[tuple[dict[str, Any], int, type[Exception]], ...] = (
    ({"code": 506}, 1, Uncertain),
    ({"code": 368}, 1, Uncertain),
    ({"code": 1}, 1, Uncertain),
    ({"code": 4}, 1, RateLimited),
    ({"code": 32}, 2, RateLimited),
    ({"code": 190}, 2, Unauthorized),
    ({"code": 200}, 1, Refused),
    ({"code": 200}, 2, Uncertain),
    ({"code": None, "is_transient": True}, 1, Uncertain),
)


def test_each_error_code_is_one_of_the_outcomes(world: World, adapter: Adapter) -> None:
    """A post that there is not is refused with 400; what its body says is what the test wants."""
    for error, uses, taken in CODES:
        body = json.dumps({"error": {"message": "no", **error}})
        world.twin.fault("bad_json", method="POST", path=FLIP, body=body)
        with pytest.raises(taken) as raised:
            world.run(adapter.publish(outgoing("글"), {"handle": "1_2", "uses": uses, "out": False}))
        assert type(raised.value) is taken, error


def test_what_comes_back_without_success_is_a_doubt(world: World, adapter: Adapter) -> None:
    for body in ("{}", '{"success": false}', '{"success": "true"}', "[]", '{"id": "1_2"}'):
        wire = prepare(world, adapter, outgoing(body))
        world.twin.fault("bad_json", method="POST", path=FLIP, body=body)
        with pytest.raises(Uncertain):
            world.run(adapter.publish(outgoing(body), wire))


def test_a_flag_that_cannot_be_read_is_no_answer(world: World, adapter: Adapter) -> None:
    wanted = outgoing()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("bad_json", method="GET", path=FLIP, body='{"id": "1_2"}')
    with pytest.raises(Unavailable, match="cannot be read"):
        confirm(world, adapter, wanted, wire)


def test_comments_are_told_oldest_first(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("평화"))
    token = world.twin.opened["facebook"]["peace_ko"]["token"]
    for text in ("좋아요", "또"):
        world.twin.ask("POST", f"{ROOT}/{made.remote_id}/comments", {"message": text, "access_token": token})
        world.clock.turn(minutes=1)
    told = world.run(adapter.comments(made.remote_id))

    assert [("좋아요", made.remote_id), ("또", made.remote_id)] == [(each.text, each.in_reply_to) for each in told]
    assert {"유라시아 평화 여정"} == {each.author for each in told}


def test_a_retired_counter_blanks_no_other(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    assert ReadingStatus.TOO_NEW == world.run(adapter.measure([made.remote_id]))[made.remote_id]["reposts"].status
    world.clock.turn(hours=40)
    world.twin.fault("missing_metric", metric="post_media_view")
    told = world.run(adapter.measure([made.remote_id]))[made.remote_id]
    true = world.twin.ask("GET", "/_books/counts", platform="facebook", id=made.remote_id)

    assert ReadingStatus.NOT_OFFERED == told["views"].status
    assert {name: true[name] for name in ("reach", "reactions", "replies", "reposts")} == {
        name: reading.value for name, reading in told.items() if name != "views"
    }


def test_an_address_names_a_post_of_the_page(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("평화"))
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "fb")
    locate = type(adapter).locate

    assert made.remote_id == locate(account, made.permalink or "")
    assert f"{account.remote_id}_123" == locate(account, "https://www.facebook.com/peace/posts/123?ref=1")
    assert "456" == locate(account, "https://www.facebook.com/peace/videos/456/")
    for url in ("https://www.facebook.com/peace/posts/pfbid0abc", "https://www.facebook.com/peace"):
        with pytest.raises(Invalid, match="must end in /posts/NUMBER"):
            locate(account, url)


def test_a_second_part_is_refused_for_it_would_stand_by_itself(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="there are no threads"):
        prepare(world, adapter, outgoing("둘"), parent=Parent("1_2", {}))


def test_what_cannot_have_died_yet_is_not_believed_to_be_gone(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화")
    wire = {
        **prepare(world, adapter, wanted),
        "handle": "1_2",
    }  # a read that says 100/33, as the real one does at times
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot have died yet"):
            confirm(world, adapter, wanted, wire)
        with pytest.raises(Unavailable, match="cannot have died yet"):
            prepare(world, adapter, wanted, previous=wire)
    world.clock.turn(hours=25)
    assert confirm(world, adapter, wanted, wire) is None
    assert ["1_2"] == prepare(world, adapter, wanted, previous=wire)["past"]


def test_consent_connects_an_account_whose_token_is_renewed_with_itself(world: World) -> None:
    account, code = joined(world, "facebook", "ru")
    first = token(world, account)
    world.clock.turn_monotonic(54 * 24 * 3600)
    second = token(world, account)

    assert (world.twin.opened["facebook"]["peace_ru"]["id"], True) == (account.remote_id, first != second)
    adapter = world.app.open_adapter(account, second, Exchanges())
    assert account.remote_id == world.run(adapter.connect()).remote_id
    with pytest.raises(Refused, match="has been used"):
        joined_with(world, "facebook", code)


HOSTILE = (
    '{"data": [{"id": {}, "shortcode": []}]}', '{"error": {"code": [], "error_subcode": {}, "is_transient": 1}}',
    "[]", "{}", "null", '"x"', '{"data": null}', '{"data": {}}', '{"data": [null, 1]}', '{"data": [{}]}',
    '{"data": [{"id": null}]}', '{"data": [{"id": 5, "message": 7, "created_time": 8, "children": []}]}',
    '{"id": {"a": 1}, "created_time": "yesterday"}', '{"data": [], "paging": 1}', '{"data": [], "paging": {"next": 1}}',
    '{"error": "x"}', '{"error": {"code": "x"}}', '{"data": [{"name": "likes", "values": [5]}]}',
    '{"data": [{"name": "views", "values": [{"value": -1}]}, {"name": ["x"]}]}', '{"status": 5, "status_code": {}}',
    '{"is_published": "yes", "shares": 5, "reactions": {"summary": []}}', "[" * 5000, "<html>", "",
)  # fmt: skip


def test_whatever_comes_back_is_an_outcome(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    dead = {**wire, "past": ["1_2"]}
    ends: set[str] = set()
    for body in HOSTILE:
        world.twin.fault("bad_json", path="/facebook/*", times=500, body=body)
        for work in (
            adapter.connect(), adapter.publish(wanted, wire), adapter.confirm(wanted, wire, Doubt(world.clock.now())),
            adapter.confirm(wanted, dead, Doubt(world.clock.now())), adapter.fetch(made.remote_id),
            adapter.measure([made.remote_id]), adapter.comments(made.remote_id), adapter.delete(made.remote_id),
            adapter.prepare(wanted, key="k", parent=None, previous=wire, open_medium=world.app.media.open),
            adapter.prepare(wanted, key="k", parent=None, previous=None, open_medium=world.app.media.open),
        ):  # fmt: skip
            try:
                world.run(work)
                ends.add("answered")
            except Outcome as error:
                ends.add(type(error).__name__)
        world.twin.clear()

    assert {"answered", "Unavailable"} <= ends
