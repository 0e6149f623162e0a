"""X: the contract, and what is its own: segments, alt texts, tracks, duplicates, t.co, ids that tell time, metrics."""

import contextlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from campaign.core.adapter import Adapter, Connected, Doubt, Exchanges, Parent
from campaign.core.count import count
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Published, ReadingStatus
from campaign.core.text import compose_text
from campaign.demo.journey import load_journey
from campaign.platforms.x import CAPABILITIES
from campaign.platforms.x import Adapter as X
from campaign.platforms.x.post import comparable, made_at, plain_text
from campaign.platforms.x.upload import CHUNK
from campaign.sandbox.serve import ask
from campaign.sandbox.x.counting import weight
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

POSTS, LIST = "/2/tweets", "/2/users/*/tweets"


@pytest.fixture
def linked(world: World) -> Account:
    return world.link("x", "x")


@pytest.fixture
def adapter(world: World, linked: Account) -> Adapter:
    return opened(world, linked)


def opened(world: World, account: Account, twin: str = "peace_ko") -> Adapter:
    return world.app.open_adapter(account, world.twin.opened["x"][twin]["token"], Exchanges())


def another(world: World, name: str, **told: str) -> Adapter:
    """Open one more account at the twin, and connect it."""
    asked = {"platform": "x", "name": name, **told}
    world.twin.opened["x"][name] = ask(world.twin.base_url, "POST", "/_accounts", asked)
    return opened(world, world.link("x", name, twin_account=name), name)


def medium(world: World, alt: str = "남색 그림", colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def clip(world: World, size: int) -> OutgoingMedium:
    file, track = world.folder / "clip.mp4", world.folder / "ko.vtt"
    file.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(size - 12))
    track.write_text("WEBVTT\n\n00:00.000 --> 00:01.000\n평화\n", encoding="utf-8")
    found = world.app.media.put(file, mime="video/mp4")
    captions = {"ko": world.app.media.put(track, mime="text/vtt").sha256}
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7.4, captions=captions)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium, **more: Any) -> Outgoing:
    return Outgoing("x", "x", ("ko",), text, media=media, **more)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, "open_medium": world.app.media.open, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))
    return made


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="x")


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    world.run(
        exercise(
            Bench(
                adapter,
                outgoing("안녕 & <평화> https://example.org/a?b=1&c=2", medium(world)),
                outgoing("다른 글"),
                rows,
                "1900000000000000000",
                world.clock.now,
                world.app.media.open,
                fault=world.twin.fault,
                line=("POST", POSTS),
                wait=lambda seconds: world.clock.turn(seconds=seconds),
            )
        )
    )


def test_it_is_connected_as_who_it_is_and_warned_of_what_it_costs(world: World, linked: Account) -> None:
    told = world.run(opened(world, linked).connect())

    assert ("@peace_ko", Guarantee.READ_BACK, linked.remote_id) == (told.handle, told.guarantee, told.remote_id)
    assert "costs money" in told.warnings[0]
    assert {"post": "0.015", "post_with_link": "0.20"} == {each.what: str(each.usd) for each in X.defaults.prices}


def test_a_clip_goes_in_segments_with_its_alt_text_and_its_captions(world: World, adapter: Adapter) -> None:
    wanted = outgoing("영상", clip(world, CHUNK + 1000))
    publish(world, adapter, wanted)
    [row] = books(world)
    appended = [each for each in world.twin.requests() if each["path"].endswith("/append")]

    assert (wanted.media[0].sha256, "영상") == (row["media"][0]["sha256"], row["media"][0]["description"])
    assert {"KO": wanted.media[0].captions["ko"]} == row["media"][0]["tracks"]
    assert 3 == len(appended)  # two of the clip, one of its captions
    assert max(each["bytes"] for each in appended) < CHUNK + 1000


def test_the_bytes_of_the_request_are_fixed_before_the_line(world: World, adapter: Adapter) -> None:
    first = publish(world, adapter, outgoing("parent"))
    wire = prepare(world, adapter, outgoing("child ☮️ \u2028"), parent=Parent(first.remote_id, {}))
    world.run(adapter.publish(outgoing("child ☮️ \u2028"), wire))

    assert {"text": "child ☮️ \u2028", "reply": {"in_reply_to_tweet_id": first.remote_id}} == json.loads(wire["body"])
    assert first.remote_id == books(world)[1]["in_reply_to_id"]


def test_a_post_may_go_without_a_text_where_it_has_a_picture(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("", medium(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))

    assert "text" not in json.loads(wire["body"])
    assert made == world.run(adapter.confirm(wanted, wire, Doubt(since)))


def test_uploads_are_used_twice_then_made_anew_and_all_are_remembered(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    first = prepare(world, adapter, wanted)
    second = prepare(world, adapter, wanted, previous=first)
    third = prepare(world, adapter, wanted, previous=second)

    assert first["media"] == second["media"] != third["media"]
    assert ([first["media"][0]["key"]], [1, 2, 1]) == (
        third["past_media_keys"],
        [wire["uses"] for wire in (first, second, third)],
    )


def test_a_duplicate_is_a_doubt_and_the_first_one_is_found(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("같은 글"), world.clock.now()
    made = publish(world, adapter, wanted)
    wire = prepare(world, adapter, wanted)
    with pytest.raises(Uncertain, match="stands there already"):
        world.run(adapter.publish(wanted, wire))

    assert made == world.run(adapter.confirm(wanted, wire, Doubt(since)))
    assert world.run(adapter.confirm(wanted, wire, Doubt(since, frozenset({made.remote_id})))) is None


def test_a_lost_answer_is_found_by_its_media_even_where_the_text_was_changed(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글", medium(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lose_response", method="POST", path=POSTS)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    anew = prepare(world, adapter, wanted, previous={**wire, "uses": 2})
    found = world.run(adapter.confirm(replace(wanted, text="otherwise"), anew, Doubt(since)))

    assert [found.remote_id] == [row["id"] for row in books(world)]


def test_a_list_that_lags_says_not_there_and_then_finds_it(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(), world.clock.now()
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    world.twin.fault("lagging_list", path=LIST, seconds=60)

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None

    world.twin.clear()

    assert made == world.run(adapter.confirm(wanted, wire, Doubt(since)))


def test_an_older_post_and_one_of_another_thread_are_not_ours(world: World, adapter: Adapter) -> None:
    world.twin.fault("ignore_key")
    root = publish(world, adapter, outgoing("root"))
    publish(world, adapter, outgoing("글"))
    world.clock.turn(hours=1)
    since, wire = world.clock.now(), prepare(world, adapter, outgoing("글"))
    publish(world, adapter, outgoing("글"), parent=Parent(root.remote_id, {}))

    assert world.run(adapter.confirm(outgoing("글"), wire, Doubt(since))) is None


def test_the_whole_list_is_read(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("첫째"), world.clock.now()
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    for number in range(100):
        publish(world, adapter, outgoing(f"{number}"))

    assert made == world.run(adapter.confirm(wanted, wire, Doubt(since)))
    assert 2 == world.twin.counters()["GET /2/users/{id}/tweets"]


@pytest.mark.parametrize(
    "body", ["{}", "[1]", '{"data": [null]}', '{"data": [{"id": 5}]}', '{"data": {}, "meta": {}}', '{"errors": []}']
)
def test_a_list_that_cannot_be_read_is_never_taken_for_not_there(world: World, adapter: Adapter, body: str) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("bad_json", method="GET", path=LIST, body=body)
    with pytest.raises(Unavailable):
        world.run(adapter.confirm(outgoing(), wire, Doubt(world.clock.now())))


@pytest.mark.parametrize("body", ["[]", '{"data": null}', '{"data": {"id": 7}}', '{"data": {"id": "x1"}}', "{"])
def test_an_answer_without_an_id_is_a_doubt(world: World, adapter: Adapter, body: str) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("bad_json", method="POST", path=POSTS, body=body)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(outgoing(), wire))


ODD = [
    "[]", "[1]", '{"data": 5}', '{"data": [1, null], "meta": []}', '{"data": {"id": {}, "username": []}}',
    '{"data": [{"id": "5", "text": 7, "entities": 7, "attachments": [], "referenced_tweets": {}}], "meta": {}}',
    '{"data": [{"id": "5", "entities": {"urls": [5]}, "attachments": {"media_keys": 5}, "note_tweet": []}]}',
    '{"data": [{"id": "5", "public_metrics": [], "referenced_tweets": [5]}], "errors": {}, "includes": {"users": [5]}}',
    '{"errors": [5], "meta": {"result_count": "0"}}',
]  # fmt: skip


@pytest.mark.parametrize("body", ODD)
def test_an_odd_answer_ends_in_an_outcome_whoever_asks(world: World, adapter: Adapter, body: str) -> None:
    made, wire = publish(world, adapter, outgoing()), prepare(world, adapter, outgoing("ein anderes"))
    works = {
        "connect": adapter.connect,
        "confirm": lambda: adapter.confirm(outgoing("ein anderes"), wire, Doubt(world.clock.now())),
        "fetch": lambda: adapter.fetch(made.remote_id),
        "measure": lambda: adapter.measure([made.remote_id]),
        "comments": lambda: adapter.comments(made.remote_id),
        "prepare": lambda: adapter.prepare(
            outgoing("글", medium(world)), key="k", parent=None, previous=None, open_medium=world.app.media.open
        ),
    }
    for name, work in works.items():
        world.twin.fault("bad_json", body=body, times=10)
        found = None
        with contextlib.suppress(Outcome):
            found = world.run(work())
        assert not isinstance(found, Published | Connected), name
        world.twin.clear()


def test_what_x_refuses_is_refused_and_says_what_to_do(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="too long"):
        publish(world, adapter, outgoing("가" * 141))
    with pytest.raises(Refused, match="deleted or not visible"):
        publish(world, adapter, outgoing(), parent=Parent("1900000000000000000", {}))
    with pytest.raises(Refused, match="buy credits at X"):
        publish(world, another(world, "poor", credits="0"), outgoing())
    with pytest.raises(Unauthorized, match="attached to a Project"):
        publish(world, another(world, "other", unenrolled="yes"), outgoing())
    world.twin.fault("expired_token")
    with pytest.raises(Unauthorized):
        prepare(world, adapter, outgoing("글", medium(world)))

    assert [] == books(world)


def test_an_upload_that_is_gone_is_made_anew(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    second = prepare(world, adapter, wanted, previous=prepare(world, adapter, wanted))
    world.clock.turn(days=2)
    with pytest.raises(Unavailable, match="made anew"):
        world.run(adapter.publish(wanted, second))
    with pytest.raises(Refused):  # of the first use there is nothing that could have made it so
        world.run(adapter.publish(wanted, {**second, "uses": 1}))
    publish(world, adapter, wanted, previous=second)


def test_a_reset_is_told_in_seconds_from_the_platforms_own_clock(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("429", method="POST", path=POSTS, retry_after=30)
    with pytest.raises(RateLimited) as error:
        world.run(adapter.publish(outgoing(), wire))

    assert 28 <= error.value.retry_after <= 32


def test_every_counter_has_a_value_and_both_words_for_reposts_are_understood(world: World, adapter: Adapter) -> None:
    newer = another(world, "newer", says_repost="yes")
    made = [(adapter, publish(world, adapter, outgoing())), (newer, publish(world, newer, outgoing()))]
    world.clock.turn(days=20)
    for each, post in made:
        readings = world.run(each.measure([post.remote_id]))[post.remote_id]
        true = world.twin.ask("GET", "/_books/counts", platform="x", id=post.remote_id)

        assert [true[name] for name in ("impressions", "likes", "reposts", "clicks")] == [
            readings[metric].value for metric in ("views", "reactions", "reposts", "link_clicks")
        ]


def test_a_counter_that_is_gone_blanks_no_other_one(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    world.twin.fault("missing_metric", metric="like", times=1)
    world.clock.turn(days=31)
    found = world.run(adapter.measure([made.remote_id, "no id"]))

    assert (ReadingStatus.ERROR, ReadingStatus.EXPIRED, ReadingStatus.OK) == tuple(
        found[made.remote_id][metric].status for metric in ("reactions", "link_clicks", "views")
    )
    assert {ReadingStatus.ERROR} == {reading.status for reading in found["no id"].values()}


def test_comments_are_told_with_their_authors_and_their_order(world: World, adapter: Adapter) -> None:
    other = opened(world, world.link("x", "ru", twin_account="peace_ru"), "peace_ru")
    root = publish(world, adapter, outgoing("root"))
    part = publish(world, adapter, outgoing("part 2"), parent=Parent(root.remote_id, {}))
    first = publish(world, other, outgoing("как <красиво>"), parent=Parent(root.remote_id, {}))
    second = publish(world, other, outgoing("и ещё"), parent=Parent(part.remote_id, {}))

    assert [
        (first.remote_id, root.remote_id, "Путешествие мира", "как <красиво>"),
        (second.remote_id, part.remote_id, "Путешествие мира", "и ещё"),
    ] == [(c.remote_id, c.in_reply_to, c.author, c.text) for c in world.run(adapter.comments(root.remote_id))]
    assert [second.remote_id] == [c.remote_id for c in world.run(adapter.comments(part.remote_id))]


def test_an_id_and_an_address_name_the_same_post(world: World, linked: Account, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    real = replace(linked, base_url=X.home)

    assert abs(made_at(made.remote_id) - world.clock.now()) < timedelta(seconds=1)
    assert made.remote_id == X.locate(linked, str(made.permalink))
    assert "123" == X.locate(real, "https://twitter.com/Peace_KO/status/123/photo/1")
    assert "123" == X.locate(real, "https://x.com/i/status/123")
    for wrong in ("https://x.com/other/status/123", "https://x.com/peace_ko/123", "https://example.org/a/status/1"):
        with pytest.raises(Invalid):
            X.locate(real, wrong)


def test_a_text_is_known_again_however_x_renders_it() -> None:
    urls = [
        {"url": "https://t.co/aaaaaaaaaa", "expanded_url": "http://example.org"},
        {"url": "https://t.co/bbbbbbbbbb", "expanded_url": "https://x.com/a/status/1/photo/1"},
    ]
    told = {"text": "a &amp; b https://t.co/aaaaaaaaaa https://t.co/bbbbbbbbbb", "entities": {"urls": urls}}
    long = {"text": "a…", "note_tweet": {"text": "a and b", "entities": {}}}

    assert comparable("a & b example.org/") == comparable(plain_text(told))
    assert "a and b" == plain_text(long)
    for odd in ({}, {"text": None}, {"text": "a", "entities": []}, {"text": "a", "entities": {"urls": [1, {}]}}):
        plain_text(odd)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("가" * 140, 280),
        ("я" * 280, 280),
        ("https://seoul.go.kr/평화에서", 23 + 8),
        ("see example.org now", 4 + 23 + 4),
        ("👨‍👩‍👧🇰🇷", 4),
        ("…", 2),
        ("“a”", 3),
    ],
)
def test_we_weigh_as_x_and_its_twin_do(text: str, length: int) -> None:
    # https://docs.x.com/fundamentals/counting-characters
    assert length == weight(text) == count(text, CAPABILITIES.text)


@pytest.mark.parametrize("post", load_journey().posts, ids=lambda post: post.id)
def test_we_weigh_the_texts_of_the_demo_as_the_twin_does(post: Any) -> None:
    for lang, text in post.text.items():
        whole = compose_text(text, post.tags[lang], post.link_in(lang))

        assert weight(whole) == count(whole, CAPABILITIES.text)
