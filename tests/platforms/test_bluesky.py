"""Bluesky: the contract, and what is its own: keys of ours, facets by bytes, sessions, threads, clips with tracks."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.check import check
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.facets import find_facets
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Published, ReadingStatus
from campaign.core.text import fits, split_text
from campaign.platforms.bluesky import CAPABILITIES
from campaign.platforms.bluesky.session import tid
from campaign.service import accounts
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

PUT = "/xrpc/com.atproto.repo.putRecord"
LOGIN = "POST /xrpc/com.atproto.server.createSession"
RENEW = "POST /xrpc/com.atproto.server.refreshSession"
MISSING = "3aaaaaaaaaaaa"


@pytest.fixture
def kept() -> Exchanges:
    return Exchanges()


@pytest.fixture
def account(world: World) -> Account:
    told = world.twin.opened["bluesky"]["peace_ko"]
    linked = world.run(
        accounts.connect(
            world.app,
            "bluesky",
            name="bs",
            base_url=world.twin.base_url,
            token=told["token"],
            langs=("ko", "ru"),
            by=world.alice,
            private=True,
            options={"identifier": told["identifier"]},
        )
    )
    return linked.account


@pytest.fixture
def adapter(world: World, account: Account, kept: Exchanges) -> Adapter:
    return open_adapter(world, account, kept)


def open_adapter(world: World, account: Account, kept: Exchanges, password: str | None = None) -> Adapter:
    return world.app.open_adapter(account, password or world.twin.opened["bluesky"]["peace_ko"]["token"], kept)


def medium(world: World, alt: str = "남색 그림", colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium, langs: tuple[str, ...] = ("ko",)) -> Outgoing:
    return Outgoing("bs", "bluesky", langs, text, media=media)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, "open_medium": world.app.media.open, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, **options))
    return wire


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="bluesky")


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, other = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글")
    line = ("POST", "/xrpc/com.atproto.repo.putRecord")
    bench = Bench(
        adapter, one, other, rows, MISSING, world.clock.now, world.app.media.open,
        fault=world.twin.fault, line=line, wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_what_is_connected_is_known_by_its_did_and_shown_where_its_server_says(world: World, account: Account) -> None:
    told = world.twin.opened["bluesky"]["peace_ko"]

    assert (told["did"], f"@{told['handle']}", Guarantee.REPLAY) == (
        account.remote_id,
        account.handle,
        account.guarantee,
    )
    assert (world.twin.base_url, 2_000_000, 52_428_800) == (
        account.sheet["web"],
        *(rule.max_bytes for rule in world.app.capabilities(account).media),
    )


def test_text_languages_and_pictures_arrive_as_they_were_approved(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화 / Мир", medium(world, "синий"), medium(world, "빨강", "red"), langs=("ko", "ru"))
    made = world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    [row] = books(world)

    assert (made.remote_id, wanted.text, ["ko", "ru"]) == (row["id"], row["text"], row["languages"])
    assert [(m.sha256, m.alt) for m in wanted.media] == [(m["sha256"], m["description"]) for m in row["media"]]
    assert {"width": 64, "height": 36} == row["record"]["embed"]["images"][0]["aspectRatio"]
    assert made.permalink == row["url"] and made.published_at == world.clock.now()


def test_at_most_three_languages_are_told(world: World, adapter: Adapter) -> None:
    wanted = outgoing(langs=("ko", "ru", "en", "de"))
    world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))

    assert ["ko", "ru", "en"] == books(world)[0]["languages"]


def test_the_bytes_of_the_request_are_the_bytes_that_were_stored_at_the_line(
    world: World, adapter: Adapter, kept: Exchanges
) -> None:
    wanted = outgoing('평화 мир ☮️ \u2028 "\\')
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    sent = next(row for row in world.twin.requests() if row["path"] == PUT)

    body = str(wire["body"]).encode()
    assert (hashlib.sha256(body).hexdigest(), body) == (
        sent["body_sha256"],
        kept.kept[-1].request.split(b"\r\n\r\n", 1)[1],
    )
    assert json.loads(body)["swapRecord"] is None


def test_the_same_request_again_is_the_same_post_whatever_was_lost(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lose_response", method="POST", path=PUT)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    world.clock.turn(minutes=3)
    again = prepare(world, adapter, wanted, previous=wire)
    made = [world.run(adapter.publish(wanted, again)).remote_id for _ in range(3)]

    assert wire == again
    assert {wire["rkey"]} == set(made) and 1 == len(books(world))


def test_a_lost_answer_is_settled_by_asking(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lose_response", method="POST", path=PUT)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    found = world.run(adapter.confirm(wanted, wire, Doubt(since)))

    assert isinstance(found, Published) and found.remote_id == books(world)[0]["id"]


def test_another_record_under_the_key_is_a_doubt_and_stays_one(world: World, adapter: Adapter) -> None:
    first, second, since = outgoing("하나"), outgoing("둘"), world.clock.now()
    world.run(adapter.publish(first, prepare(world, adapter, first)))
    wire = prepare(world, adapter, second)  # under the same key, at the same time
    with pytest.raises(Uncertain, match="InvalidSwap"):
        world.run(adapter.publish(second, wire))
    with pytest.raises(Uncertain, match="another record"):
        world.run(adapter.confirm(second, wire, Doubt(since)))

    assert ["하나"] == [row["text"] for row in books(world)]


def test_what_is_sent_changes_with_what_was_approved_and_keeps_key_and_time(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing("하나"))
    world.clock.turn(minutes=5)
    other = prepare(world, adapter, outgoing("둘"), previous=wire)

    assert (wire["rkey"], wire["created_at"]) == (other["rkey"], other["created_at"])
    assert "둘" == json.loads(other["body"])["record"]["text"]


def test_parts_of_a_thread_name_their_parent_and_their_root(world: World, adapter: Adapter) -> None:
    ids: list[str] = []
    for number in range(3):
        wanted = outgoing(f"{number + 1}")
        parent = Parent(ids[-1], {}) if ids else None
        wire = prepare(world, adapter, wanted, key=f"key {number}", parent=parent)
        ids.append(world.run(adapter.publish(wanted, wire)).remote_id)
    rows = books(world)

    assert [None, ids[0], ids[1]] == [row["in_reply_to_id"] for row in rows]
    reply = rows[2]["record"]["reply"]
    assert (rows[0]["cid"], rows[1]["cid"]) == (reply["root"]["cid"], reply["parent"]["cid"])
    assert reply["root"]["uri"].endswith(ids[0])


def test_a_part_whose_parent_is_gone_is_refused(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="no post"):
        prepare(world, adapter, outgoing(), parent=Parent(MISSING, {}))


def test_links_tags_and_mentions_are_marked_by_bytes(world: World, adapter: Adapter) -> None:
    ru = world.twin.opened["bluesky"]["peace_ru"]
    text = f"서울 #평화 и #мир @{ru['handle']} @nobody.test https://example.org/путь?b=1"
    wanted = outgoing(text)
    world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    facets = books(world)[0]["record"]["facets"]
    marked = [text.encode()[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in facets]

    assert ["#평화", "#мир", f"@{ru['handle']}", "https://example.org/путь?b=1"] == marked  # nobody stays plain text
    assert ["평화", "мир"] == [f["features"][0]["tag"] for f in facets[:2]]
    assert (ru["did"], marked[3]) == (facets[2]["features"][0]["did"], facets[3]["features"][0]["uri"])


_WORDS = st.sampled_from(
    [
        "서울",
        "мир",
        "☮️",
        "👩‍👩‍👧",
        "#평화",
        "#мир_1",
        "#2019",
        "@a.test",
        "@a@b.test",
        "https://example.org/a",
        "e\u0301",
        ".",
    ]
)


@given(st.lists(st.tuples(_WORDS, st.sampled_from([" ", "\n", " — "]))))
def test_every_facet_is_a_stretch_of_whole_characters_and_none_overlap(words: list[tuple[str, str]]) -> None:
    text = "".join(word + gap for word, gap in words)
    data, last = text.encode(), 0
    for facet in find_facets(text):
        assert last <= facet.start < facet.end <= len(data)
        last = facet.end
        stretch = data[facet.start : facet.end].decode()
        assert facet.value == stretch.removeprefix("#").removeprefix("@")

    marked = [word for word, _ in words if word in {"#평화", "#мир_1", "@a.test", "https://example.org/a"}]
    assert marked == [data[f.start : f.end].decode() for f in find_facets(text)]


@given(st.text(max_size=200))
def test_whatever_a_text_holds_facets_lie_within_it(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    if "\ud800" <= max(text, default="") <= "\udfff" or any("\ud800" <= c <= "\udfff" for c in text):
        return  # check_text() lets no such text in
    for facet in find_facets(text):
        data[facet.start : facet.end].decode()


def test_the_posts_own_link_is_marked_to_its_end_in_any_letters(world: World, adapter: Adapter) -> None:
    link = "https://example.org/여정/서울?b=평화"
    wanted = replace(outgoing(f"평화 https://example.org/a\n{link}"), link=link)
    world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    facets = books(world)[0]["record"]["facets"]

    assert ["https://example.org/a", link] == [f["features"][0]["uri"] for f in facets]


def test_a_link_without_media_becomes_a_card(world: World, adapter: Adapter) -> None:
    link = "https://example.org/peace"
    wanted = replace(outgoing(f"평화\n{link}"), link=link)
    world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    embed = books(world)[0]["record"]["embed"]

    assert ("app.bsky.embed.external", link, "example.org") == (
        embed["$type"],
        embed["external"]["uri"],
        embed["external"]["title"],
    )


def clip(world: World, *tracks: tuple[str, bytes]) -> tuple[OutgoingMedium, Callable[[str], BytesIO]]:
    files = {hashlib.sha256(content).hexdigest(): content for _, content in tracks}
    body = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(1000)
    sha = hashlib.sha256(body).hexdigest()
    captions = {lang: hashlib.sha256(content).hexdigest() for lang, content in tracks}
    files[sha] = body
    made = OutgoingMedium(sha, "video/mp4", len(body), 1280, 720, "기차", seconds=4.0, captions=captions)
    return made, lambda digest: BytesIO(files[digest])


def test_a_clip_goes_out_with_a_caption_track_for_each_language(world: World, adapter: Adapter) -> None:
    tracks = [(lang, f"WEBVTT\n\n00:00.000 --> 00:01.000\n{lang}\n".encode()) for lang in ("ru", "ko")]
    film, open_medium = clip(world, *tracks)
    wanted = outgoing("열차", film)
    world.run(adapter.publish(wanted, prepare(world, adapter, wanted, open_medium=open_medium)))
    [row] = books(world)

    assert [(film.sha256, "기차", dict(film.captions))] == [
        (m["sha256"], m["description"], m["captions"]) for m in row["media"]
    ]
    assert ("app.bsky.embed.video", {"width": 1280, "height": 720}) == (
        row["record"]["embed"]["$type"],
        row["record"]["embed"]["aspectRatio"],
    )


def test_a_caption_track_that_is_too_long_is_named(world: World, adapter: Adapter) -> None:
    film, open_medium = clip(world, ("ko", b"WEBVTT\n\n" + b"x" * 20_000))
    with pytest.raises(Invalid, match="captions"):
        prepare(world, adapter, outgoing("열차", film), open_medium=open_medium)


def test_one_login_serves_all_adapters_of_a_process(world: World, account: Account) -> None:
    before = world.twin.counters()[LOGIN]
    for number in range(5):
        adapter = open_adapter(world, account, Exchanges())
        wire = prepare(world, adapter, outgoing(f"{number}"), key=f"{number}")
        world.run(adapter.publish(outgoing(f"{number}"), wire))

    assert before == world.twin.counters()[LOGIN] == 1


def expire(world: World) -> None:
    """Let the server take the token of the next request for an expired one, while we take it for good."""
    world.twin.fault("expired_token", path="/xrpc/*", account="peace_ko", times=1)


def test_an_expired_session_is_renewed_and_the_question_asked_again(world: World, adapter: Adapter) -> None:
    expire(world)
    prepare(world, adapter, outgoing("글", medium(world)))

    assert (1, 1) == (world.twin.counters()[LOGIN], world.twin.counters()[RENEW])


def test_a_session_near_its_end_is_renewed_before_the_request_that_counts(world: World, adapter: Adapter) -> None:
    world.clock.turn_monotonic(7200 - 60)
    wire = prepare(world, adapter, outgoing())
    assert 1 == world.twin.counters()[RENEW]
    world.run(adapter.publish(outgoing(), wire))

    assert 1 == world.twin.counters()[RENEW]


def test_an_expired_session_at_the_line_is_proof_that_nothing_was_done(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    expire(world)
    with pytest.raises(Unavailable, match="ExpiredToken"):
        world.run(adapter.publish(outgoing(), wire))
    assert [] == books(world)
    made = world.run(adapter.publish(outgoing(), prepare(world, adapter, outgoing(), previous=wire)))

    assert made.remote_id == wire["rkey"] == books(world)[0]["id"]


def test_sessions_that_are_never_accepted_are_a_persons_matter(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("expired_token", path="/xrpc/*", account="peace_ko")
    with pytest.raises(Unavailable):
        world.run(adapter.publish(outgoing(), wire))
    with pytest.raises(Unauthorized):
        world.run(adapter.publish(outgoing(), prepare(world, adapter, outgoing(), previous=wire)))
    with pytest.raises(Unauthorized):
        world.run(adapter.connect())


def test_when_the_refresh_token_is_over_too_the_password_logs_in_anew(world: World, adapter: Adapter) -> None:
    world.twin.fault("expired_token", path="/xrpc/*", account="peace_ko", times=2)
    prepare(world, adapter, outgoing("글", medium(world)))

    assert (2, 1) == (world.twin.counters()[LOGIN], world.twin.counters()[RENEW])


def test_many_questions_at_once_renew_the_session_once(world: World, adapter: Adapter) -> None:
    world.clock.turn_monotonic(7200)

    async def many() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(adapter.measure([MISSING]))

    world.run(many())

    assert (1, 1) == (world.twin.counters()[LOGIN], world.twin.counters()[RENEW])


def test_a_wrong_password_is_named_as_such(world: World, account: Account, kept: Exchanges) -> None:
    with pytest.raises(Unauthorized, match="Invalid identifier or password"):
        world.run(open_adapter(world, account, kept, "wrong").connect())


def test_the_password_of_another_account_publishes_nothing(world: World, account: Account, kept: Exchanges) -> None:
    other = world.twin.opened["bluesky"]["peace_ru"]
    strange = replace(account, sheet={**account.sheet, "given": {"identifier": other["identifier"]}})
    adapter = open_adapter(world, strange, kept, other["token"])
    with pytest.raises(Unauthorized, match="another account"):
        prepare(world, adapter, outgoing())


def test_no_secret_is_kept(world: World, account: Account, kept: Exchanges) -> None:
    canary = world.twin.opened["bluesky"]["peace_ko"]["token"]
    app = world.open()  # another process: it logs in by itself
    adapter = app.open_adapter(account, canary, kept)
    world.run(adapter.connect())
    world.twin.fault("expired_token", path="/xrpc/*", account="peace_ko", times=1)
    prepare(world, adapter, outgoing("글", medium(world)))
    world.run(app.close_network())
    memory = adapter._client.memory["secrets"]  # type: ignore[attr-defined]
    everything = b"".join(e.request + (e.response or b"") + e.url.encode() for e in kept.kept)

    assert 4 == len(memory) and any("createSession" in exchange.url for exchange in kept.kept)
    for secret in (canary, *memory):
        assert secret.encode() not in everything
        assert secret.rpartition(".")[2].encode() not in everything


@pytest.mark.parametrize(
    ("fault", "args", "error"),
    [
        ("lose_response", {}, Uncertain),
        ("drop_request", {}, Uncertain),
        ("reset", {}, Uncertain),
        ("500_before", {}, Uncertain),
        ("500_after", {}, Uncertain),
        ("503", {}, Uncertain),
        ("bad_json", {}, Uncertain),
        ("bad_json", {"body": "{}"}, Uncertain),
        ("bad_json", {"body": '{"uri": null, "cid": "b"}'}, Uncertain),
        ("bad_json", {"body": '{"uri": "at://x/app.bsky.feed.post/3aaaaaaaaaaaa", "cid": "b"}'}, Uncertain),
        ("bad_json", {"body": "[]"}, Uncertain),
        ("half_body", {}, Uncertain),
        ("429", {"retry_after": 30}, RateLimited),
    ],
)
def test_what_comes_back_from_a_post_is_one_of_the_outcomes(
    world: World, adapter: Adapter, fault: str, args: dict[str, Any], error: type[Exception]
) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault(fault, method="POST", path=PUT, **args)
    with pytest.raises(error):
        world.run(adapter.publish(outgoing(), wire))


def test_a_record_that_the_server_refuses_is_a_refusal(world: World, adapter: Adapter) -> None:
    wanted = outgoing("가" * 301)
    wire = prepare(world, adapter, wanted)
    with pytest.raises(Refused, match="grapheme too big"):
        world.run(adapter.publish(wanted, wire))


def test_uploads_that_the_server_forgot_are_brought_again(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    wire = prepare(world, adapter, wanted)
    strange = "bafkreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
    forgotten = {**wire, "body": wire["body"].replace(wire["blobs"][wanted.media[0].sha256]["ref"]["$link"], strange)}
    with pytest.raises(Unavailable, match="BlobNotFound"):
        world.run(adapter.publish(wanted, forgotten))


@pytest.mark.parametrize("body", ["{}", "null", '{"blob": null}', '{"blob": {"ref": {"$link": 1}}}'])
def test_an_upload_without_a_blob_is_tried_again(world: World, adapter: Adapter, body: str) -> None:
    wanted = outgoing("글", medium(world))
    world.twin.fault("bad_json", method="POST", path="/xrpc/com.atproto.repo.uploadBlob", body=body)
    with pytest.raises(Unavailable):
        prepare(world, adapter, wanted)

    assert prepare(world, adapter, wanted)["blobs"]


@pytest.mark.parametrize("body", ["{}", "[1]", '{"uri": "at://x/y/z", "cid": "b", "value": {}}', '{"error": 1}'])
def test_a_record_that_cannot_be_read_is_never_taken_for_not_there(world: World, adapter: Adapter, body: str) -> None:
    since = world.clock.now()
    wire = prepare(world, adapter, outgoing())
    world.run(adapter.publish(outgoing(), wire))
    world.twin.fault("bad_json", method="GET", path="/xrpc/com.atproto.repo.getRecord", body=body)
    with pytest.raises(Outcome):
        world.run(adapter.confirm(outgoing(), wire, Doubt(since)))


def test_an_edit_keeps_time_and_thread_and_replaces_alt_texts(world: World, adapter: Adapter) -> None:
    first = outgoing("하나")
    parent = world.run(adapter.publish(first, prepare(world, adapter, first, key="1"))).remote_id
    wanted = outgoing("둘", medium(world))
    wire = prepare(world, adapter, wanted, key="2", parent=Parent(parent, {}))
    made = world.run(adapter.publish(wanted, wire))
    before = books(world)[1]["record"]
    world.clock.turn(minutes=9)
    better = outgoing("둘!", replace(wanted.media[0], alt="고친 설명"))
    world.run(adapter.edit(made.remote_id, better, wire))
    [_, row] = books(world)

    assert ("둘!", "고친 설명", 1) == (row["text"], row["media"][0]["description"], row["edits"])
    assert (before["createdAt"], before["reply"]) == (row["record"]["createdAt"], row["record"]["reply"])


def test_counters_of_many_posts_are_asked_for_25_at_a_time(world: World, adapter: Adapter) -> None:
    ids = []
    for number in range(27):
        wire = prepare(world, adapter, outgoing(f"{number}"), key=f"{number}")
        ids.append(world.run(adapter.publish(outgoing(f"{number}"), wire)).remote_id)
    world.clock.turn(days=7)
    found = world.run(adapter.measure(ids))
    true = world.twin.ask("GET", "/_books/counts", platform="bluesky", id=ids[26])

    assert 2 == world.twin.counters()["GET /xrpc/app.bsky.feed.getPosts"]
    assert (true["likeCount"], true["bookmarkCount"]) == (
        found[ids[26]]["reactions"].value,
        found[ids[26]]["saves"].value,
    )
    assert "views" not in found[ids[0]]


def test_a_counter_that_is_missing_is_an_error_and_not_zero(world: World, adapter: Adapter) -> None:
    made = world.run(adapter.publish(outgoing(), prepare(world, adapter, outgoing())))
    world.twin.fault("missing_metric", metric="favourites")
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert (None, ReadingStatus.ERROR, 0) == (
        found["reactions"].value,
        found["reactions"].status,
        found["replies"].value,
    )


def test_a_text_of_few_signs_may_have_too_many_bytes(world: World, account: Account) -> None:
    family = "👨‍👩‍👧‍👦"
    wanted = outgoing(family * 130)
    [finding] = check(wanted, world.app.capabilities(account))
    parts = split_text(f"{family * 100} {family * 100}", CAPABILITIES.text)

    assert "3000 bytes" in finding.rule and "of 3250 bytes" == finding.value
    assert 2 == len(parts) and all(fits(part, CAPABILITIES.text) for part in parts)


def test_keys_sort_by_time_and_differ_at_one_time(world: World) -> None:
    at = world.clock.now()
    keys = {tid(at, f"key {number}") for number in range(1000)}
    world.clock.turn(seconds=1)

    assert 1000 == len(keys) and {13} == {len(key) for key in keys}
    assert max(keys) < tid(world.clock.now(), "another")


def test_comments_are_told_however_deep_oldest_first(world: World, adapter: Adapter) -> None:
    first = world.run(adapter.publish(outgoing("글"), prepare(world, adapter, outgoing("글"))))
    parent = first.remote_id
    for number, text in enumerate(("하나", "둘")):
        world.clock.turn(minutes=1)
        wire = prepare(world, adapter, outgoing(text), key=f"c{number}", parent=Parent(parent, {}))
        parent = world.run(adapter.publish(outgoing(text), wire)).remote_id
    found = world.run(adapter.comments(first.remote_id))

    assert [("하나", first.remote_id), ("둘", found[0].remote_id)] == [(one.text, one.in_reply_to) for one in found]
