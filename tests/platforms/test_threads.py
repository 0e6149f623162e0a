"""Threads: the contract, and what is its own: containers, media that it fetches, answers, counters, short codes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.count import count
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Pending, Published, ReadingStatus
from campaign.platforms.threads import CAPABILITIES
from campaign.sandbox.threads.rooms import length
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise
from .consenting import joined, joined_with, token

PUBLISH = "/threads/v1.0/*/threads_publish"
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(64)


@pytest.fixture
def world(world: World) -> World:
    world.share_media()
    world.link("threads", "th")
    return world


@pytest.fixture
def kept() -> Exchanges:
    return Exchanges()


@pytest.fixture
def adapter(world: World, kept: Exchanges) -> Adapter:
    return opened(world, kept)


def opened(world: World, kept: Exchanges | None = None, token: str | None = None) -> Adapter:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "th")
        told = account_rows.token_of(tx, account, world.app.vault)
    return world.app.open_adapter(account, token or told, kept or Exchanges())


def medium(world: World, alt: str = "남색 그림", colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def clip(world: World, content: bytes = CLIP) -> OutgoingMedium:
    file = Path(world.folder / "clip.mp4")
    file.write_bytes(content)
    found = world.app.media.put(file, mime="video/mp4")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium, **told: Any) -> Outgoing:
    return Outgoing("th", "threads", ("ko",), text, media=media, **told)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))
    return made


def confirm(world: World, adapter: Adapter, wanted: Outgoing, wire: dict[str, Any], *owned: str) -> Any:
    return world.run(adapter.confirm(wanted, wire, Doubt(world.clock.now(), frozenset(owned))))


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="threads")


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, other = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글")
    bench = Bench(
        adapter, one, other, rows, "18999999999999999", world.clock.now, world.app.media.open,
        fault=world.twin.fault, line=("POST", PUBLISH), wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_an_account_is_the_profile_of_its_token(world: World) -> None:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "th")

    assert (Guarantee.HANDLE, "@peace_ko", "threads") == (account.guarantee, account.handle, account.kind)
    with pytest.raises(Unauthorized, match="Invalid OAuth access token"):
        world.run(opened(world, token="another").connect())


def test_media_are_fetched_by_the_platform_and_arrive_as_they_were_approved(world: World, adapter: Adapter) -> None:
    wanted = outgoing("앨범", medium(world), clip(world), medium(world, "red 'alt' \"&<>", "red"))
    made = publish(world, adapter, wanted)
    [row] = books(world)

    assert [each.sha256 for each in wanted.media] == [each["sha256"] for each in row["media"]]
    assert [each.alt for each in wanted.media] == [each["description"] for each in row["media"]]
    assert f"{world.twin.base_url}/threads/@peace_ko/post/" in (made.permalink or "")
    assert made.published_at == world.clock.now()


def test_what_cannot_be_fetched_is_refused_before_anything_is_out(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="FAILED_PROCESSING_VIDEO"):
        prepare(world, adapter, outgoing("영상", clip(world, b"no clip at all")))
    with pytest.raises(Unavailable, match="An unknown error"):  # and it may pass
        prepare(world, adapter, outgoing("그림", medium_of("navy", world)))
    assert [] == books(world)


def medium_of(colour: str, world: World) -> OutgoingMedium:
    """Return a picture whose file is gone from the library, though it was approved."""
    found = medium(world, colour=colour)
    world.app.media.path(found.sha256).unlink()
    return found


def test_a_container_that_is_not_found_a_moment_after_it_was_made_is_published_a_moment_later(world: World) -> None:
    told = world.twin.ask("POST", "/_accounts", {"platform": "threads", "name": "early_ko", "odd": "early"})
    world.twin.opened["threads"]["early_ko"] = told
    world.link("threads", "early", twin_account="early_ko")
    world.post("P01", to=("early",), texts={"ko": "평화"})
    world.clock.turn(minutes=10)
    world.tick()
    assert (["scheduled"], []) == (world.states(), books(world))
    world.clock.turn(minutes=2)
    world.tick()

    assert (["published"], 1) == (world.states(), len(books(world)))
    made = [row for row in world.twin.requests() if row["path"].endswith("/threads")]
    assert 1 == len(made)  # the same container


def test_a_container_that_became_its_post_is_published(world: World, adapter: Adapter) -> None:
    """Asked for its state it says that there is no such field: what has one id is one thing."""
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))

    assert made.remote_id == confirm(world, adapter, outgoing("x"), {**wire, "container": made.remote_id}).remote_id


def test_a_link_is_shown_as_a_card_and_an_emoji_counts_as_its_bytes(world: World, adapter: Adapter) -> None:
    publish(world, adapter, outgoing("글\nhttps://example.org/", link="https://example.org/"))
    fits = "😀" * 125
    publish(world, adapter, outgoing(fits))

    assert (500, fits) == (length(fits), books(world)[1]["text"])
    with pytest.raises(Refused, match="at most 500 characters"):
        prepare(world, adapter, outgoing(fits + "a"))


@given(st.lists(st.sampled_from(["a", "가", "ы", "é", "😀", "☮️", "👩🏽‍🚀", "🇰🇷", "#", "1️⃣", "©", "\n", " "])))
def test_we_count_no_less_than_threads_does(pieces: list[str]) -> None:
    assert length("".join(pieces)) <= count("".join(pieces), CAPABILITIES.text)


def test_a_doubt_ends_in_one_post_from_one_container(world: World, adapter: Adapter) -> None:
    for fault in ("lose_response", "500_after", "drop_request"):
        wanted = outgoing(fault, medium(world))
        wire = prepare(world, adapter, wanted)
        world.twin.fault(fault, method="POST", path=PUBLISH)
        with pytest.raises(Uncertain):
            world.run(adapter.publish(wanted, wire))
        found = confirm(world, adapter, wanted, wire)
        if found is None:
            again = prepare(world, adapter, wanted, previous=wire)
            assert again["container"] == wire["container"]
            found = world.run(adapter.publish(wanted, again))

        assert [found.remote_id] == [row["id"] for row in books(world) if row["text"] == fault]


def test_a_state_that_lags_makes_no_second_post(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lagging_list")
    world.twin.fault("lose_response", method="POST", path=PUBLISH)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    assert confirm(world, adapter, wanted, wire) is None  # FINISHED, it says still
    again = prepare(world, adapter, wanted, previous=wire)
    with pytest.raises(Uncertain, match="may be live"):
        world.run(adapter.publish(wanted, again))
    world.twin.clear()

    assert [confirm(world, adapter, wanted, again).remote_id] == [row["id"] for row in books(world)]


def test_what_is_published_by_its_state_but_not_in_the_list_is_waited_for(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lagging_list", path="/threads/v1.0/*/threads")
    made = world.run(adapter.publish(wanted, wire))

    assert isinstance(confirm(world, adapter, wanted, wire), Pending)
    again = prepare(world, adapter, wanted, previous=wire)
    with pytest.raises(Uncertain, match="published already"):
        world.run(adapter.publish(wanted, again))
    world.twin.clear()
    assert made.remote_id == confirm(world, adapter, wanted, wire).remote_id
    assert confirm(world, adapter, wanted, wire, made.remote_id) is None  # another delivery's
    assert 1 == len(books(world))


def test_a_dead_container_is_made_anew_and_the_list_decides(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    world.twin.fault("ignore_key", path=f"/threads/v1.0/{wire['container']}")
    again = prepare(world, adapter, wanted, previous=wire)

    assert (again["past"], again["uses"]) == ([wire["container"]], 1)
    assert again["container"] != wire["container"]
    assert confirm(world, adapter, wanted, again) is None
    made = world.run(adapter.publish(wanted, wire))  # the first one was out after all
    assert made.remote_id == confirm(world, adapter, wanted, again).remote_id


def test_the_list_is_read_to_its_end_before_it_says_no(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    first = world.run(adapter.publish(wanted, wire))
    for number in range(3):
        publish(world, adapter, outgoing(str(number)))
    gone = {**wire, "container": "1", "past": ["2"]}

    assert first.remote_id == confirm(world, adapter, wanted, gone).remote_id
    world.twin.fault("bad_json", path="/threads/v1.0/*/threads", body='{"data": [1]}')
    with pytest.raises(Unavailable, match="cannot be read"):
        confirm(world, adapter, wanted, gone)
    body = json.dumps({"data": [], "paging": {"next": "https://x.example/", "cursors": {"after": "a"}}})
    world.twin.fault("bad_json", path="/threads/v1.0/*/threads", body=body, times=50)
    with pytest.raises(Unavailable, match="not read to its end"):
        confirm(world, adapter, wanted, gone)


def test_what_comes_back_without_a_post_is_a_doubt(world: World, adapter: Adapter) -> None:
    told = '{"error": {"code": 4, "message": "limit"}}'  # in a 200: nothing is proved
    for body in (told, '{"id": null}', '{"id": true}', '{"id": "../x"}', "[]", "{}"):
        wire = prepare(world, adapter, outgoing(body))
        world.twin.fault("bad_json", method="POST", path=PUBLISH, body=body)
        with pytest.raises(Uncertain):
            world.run(adapter.publish(outgoing(body), wire))


def test_tokens_and_limits_are_told_by_code_not_by_status(world: World, adapter: Adapter) -> None:
    wanted = outgoing()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("expired_token", account="peace_ko", times=1)
    with pytest.raises(Unauthorized, match="Session has expired"):
        world.run(adapter.publish(wanted, wire))
    world.twin.fault("429", path="/threads/*")
    with pytest.raises(RateLimited):
        confirm(world, adapter, wanted, wire)
    world.twin.fault("500_before", path="/threads/*")
    with pytest.raises(Unavailable):
        confirm(world, adapter, wanted, wire)


def test_answers_make_a_thread_and_are_found_in_their_own_list(world: World, adapter: Adapter) -> None:
    first = publish(world, adapter, outgoing("하나"))
    wanted = outgoing("둘")
    wire = prepare(world, adapter, wanted, parent=Parent(first.remote_id, {}))
    world.twin.fault("lose_response", method="POST", path=PUBLISH)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    second = confirm(world, adapter, wanted, wire)
    third = publish(world, adapter, outgoing("셋"), parent=Parent(second.remote_id, {}))
    told = world.run(adapter.comments(first.remote_id))

    assert [(second.remote_id, first.remote_id, "둘"), (third.remote_id, second.remote_id, "셋")] == [
        (each.remote_id, each.in_reply_to, each.text) for each in told
    ]
    assert {"peace_ko"} == {each.author for each in told}


def test_a_retired_counter_blanks_no_other(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    world.clock.turn(hours=20)
    world.twin.fault("missing_metric", metric="quotes")
    world.twin.fault("missing_metric", metric="views", **{"as": "null"})
    told = world.run(adapter.measure([made.remote_id]))[made.remote_id]
    true = world.twin.ask("GET", "/_books/counts", platform="threads", id=made.remote_id)

    assert (true["reactions"], ReadingStatus.OK) == (told["reactions"].value, told["reactions"].status)
    assert (ReadingStatus.NOT_OFFERED, ReadingStatus.TOO_NEW) == (told["quotes"].status, told["views"].status)
    assert true["reactions"] > 0 and set(CAPABILITIES.metrics) == set(told)


def test_what_is_no_number_is_no_counter(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    for value in (-1, True, "5", 1.5, None, {}):
        body = json.dumps({"data": [{"name": "likes", "values": [{"value": value}]}]})
        world.twin.fault("bad_json", path="/threads/*/insights", body=body)
        reading = world.run(adapter.measure([made.remote_id]))[made.remote_id]["reactions"]
        assert (None, ReadingStatus.ERROR) == (reading.value, reading.status), value


def test_a_post_that_a_person_names_by_its_address_is_found_by_its_short_code(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("평화"))
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "th")
    code = type(adapter).locate(account, made.permalink or "")

    assert made.remote_id == world.run(adapter.fetch(code))["id"]
    assert ReadingStatus.OK == world.run(adapter.measure([code]))[code]["reactions"].status
    with pytest.raises(Refused, match="none of the profile's posts"):
        world.run(adapter.fetch("Dnothing"))
    wire = {"container": "1", "past": ["2"], "parent": None, "uses": 1, "state": "FINISHED"}
    assert confirm(world, adapter, outgoing("평화"), wire, code) is None  # owned under its short code


def test_an_address_of_another_profile_or_place_is_not_taken(world: World) -> None:
    with world.app.store.read() as tx:
        account: Account = account_rows.account_named(tx, "th")
    for url in (
        "https://www.threads.com/@someone/post/DTabc",
        "https://www.threads.com/@peace_ko",
        "https://elsewhere.example/@peace_ko/post/DTabc",
        "nonsense",
    ):
        with pytest.raises(Invalid, match="must be"):
            opened(world).locate(account, url)


def test_the_real_places_are_taken(world: World) -> None:
    with world.app.store.read() as tx:
        account = replace(account_rows.account_named(tx, "th"), base_url="https://graph.threads.net")
    for host in ("www.threads.com", "threads.net"):
        assert "DTabc" == opened(world).locate(account, f"https://{host}/@peace_ko/post/DTabc?x=1")


def test_a_delivery_goes_out_through_the_service_and_a_lost_answer_is_settled(world: World) -> None:
    world.post("P01", to=("th",), texts={"ko": "평화"}, pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path=PUBLISH)
    world.tick()

    assert (["published"], 1) == (world.states(), len(books(world)))


def test_what_cannot_have_died_yet_is_not_believed_to_be_gone(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화")
    wire = {
        **prepare(world, adapter, wanted),
        "container": "1",
    }  # a read that says 100/33, as the real one does at times
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot have died yet"):
            confirm(world, adapter, wanted, wire)
        with pytest.raises(Unavailable, match="cannot have died yet"):
            prepare(world, adapter, wanted, previous=wire)
    world.clock.turn(hours=25)
    assert confirm(world, adapter, wanted, wire) is None
    assert ["1"] == prepare(world, adapter, wanted, previous=wire)["past"]


def test_consent_connects_an_account_whose_token_is_renewed_with_itself(world: World) -> None:
    account, code = joined(world, "threads", "ru")
    first = token(world, account)
    world.clock.turn_monotonic(54 * 24 * 3600)
    second = token(world, account)

    assert (world.twin.opened["threads"]["peace_ru"]["id"], True) == (account.remote_id, first != second)
    adapter = world.app.open_adapter(account, second, Exchanges())
    assert account.remote_id == world.run(adapter.connect()).remote_id
    with pytest.raises(Refused, match="Matching code"):
        joined_with(world, "threads", code)


def test_a_container_that_came_to_nothing_is_no_proof_until_the_list_has_settled(
    world: World, adapter: Adapter
) -> None:
    wanted, since = outgoing("평화"), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("ignore_key", path=f"/threads/v1.0/{wire['container']}")
    with pytest.raises(Unavailable, match="may lag"):
        confirm(world, adapter, wanted, wire)
    world.clock.turn(seconds=121)

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None


HOSTILE = (
    '{"data": [{"id": {}, "shortcode": []}]}', '{"error": {"code": [], "error_subcode": {}, "is_transient": 1}}',
    "[]", "{}", "null", '"x"', '{"data": null}', '{"data": {}}', '{"data": [null, 1]}', '{"data": [{}]}',
    '{"data": [{"id": null}]}', '{"data": [{"id": 5, "text": 7, "timestamp": 8, "children": []}]}',
    '{"id": {"a": 1}, "timestamp": "yesterday"}', '{"data": [], "paging": 1}', '{"data": [], "paging": {"next": 1}}',
    '{"error": "x"}', '{"error": {"code": "x"}}', '{"data": [{"name": "likes", "values": [5]}]}',
    '{"data": [{"name": "views", "values": [{"value": -1}]}, {"name": ["x"]}]}', '{"status": 5, "status_code": {}}',
    '{"is_published": "yes", "shares": 5, "reactions": {"summary": []}}', "[" * 5000, "<html>", "",
)  # fmt: skip


def test_whatever_comes_back_is_an_outcome(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화")
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    dead = {**wire, "past": ["2"]}
    ends: set[str] = set()
    for body in HOSTILE:
        world.twin.fault("bad_json", path="/threads/*", times=500, body=body)
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
