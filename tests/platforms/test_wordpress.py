"""WordPress: the contract, and what is its own: drafts, blocks, titles, roles, the trash, tracks."""

import contextlib
import html
import json
import re
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Pending, Published, ReadingStatus
from campaign.platforms.wordpress import CAPABILITIES, PAGES
from campaign.platforms.wordpress import Adapter as WordPress
from campaign.platforms.wordpress.blocks import content_of, said_in, title_of
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

POSTS, MEDIA = "/wp-json/wp/v2/posts", "/wp-json/wp/v2/media"
ONE = f"{POSTS}/*"


@pytest.fixture
def adapter(world: World) -> Adapter:
    world.link("wordpress", "wp", "ko")
    return open_adapter(world)


def account(world: World) -> Account:
    with world.app.store.read() as tx:
        return account_rows.account_named(tx, "wp")


def open_adapter(world: World, kept: Exchanges | None = None) -> Adapter:
    token = world.twin.opened["wordpress"]["peace_ko"]["token"]
    return world.app.open_adapter(account(world), token, kept or Exchanges())


def medium(world: World, alt: str = "남색 <그림> & '\"", colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def clip(world: World) -> OutgoingMedium:
    kept = {}
    for name, content, mime in (
        ("clip.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(500), "video/mp4"),
        ("ru.vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nx\n", "text/vtt"),
    ):
        (world.folder / name).write_bytes(content)
        kept[mime] = world.app.media.put(world.folder / name, mime=mime)
    film = kept["video/mp4"]
    captions = {"ru": kept["text/vtt"].sha256}
    return OutgoingMedium(film.sha256, "video/mp4", film.size, 640, 360, "поезд", 7.4, captions, medium(world).sha256)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium, title: str | None = None) -> Outgoing:
    return Outgoing("wp", "wordpress", ("ko",), text, media=media, title=title)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    told: dict[str, Any] = json.loads(json.dumps(wire))
    return told


def publish(world: World, adapter: Adapter, wanted: Outgoing) -> tuple[Published, dict[str, Any]]:
    wire = prepare(world, adapter, wanted)
    return world.run(adapter.publish(wanted, wire)), wire


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="wordpress")


def by_hand(world: World, method: str, path: str, **told: Any) -> Any:
    """Do something on the site as another program of the user's would."""
    adapter = open_adapter(world)
    return world.run(adapter._json(method, path, **({"json": told} if told else {})))  # type: ignore[attr-defined]


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, other = outgoing("안녕 & <평화>\n둘\n\n셋", medium(world)), outgoing("다른 글")
    bench = Bench(
        adapter, one, other, rows, "99999999", world.clock.now, world.app.media.open,
        fault=world.twin.fault, line=("POST", ONE), wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_an_account_is_a_user_who_may_publish(world: World, adapter: Adapter) -> None:
    told, kept = world.twin.opened["wordpress"]["peace_ko"], account(world)

    assert (told["id"], "유라시아 평화 여정@127.0.0.1", Guarantee.HANDLE) == (
        kept.remote_id,
        kept.handle,
        kept.guarantee,
    )
    assert CAPABILITIES.missing() == set(CAPABILITIES.not_offered)
    larger = world.link("wordpress", "ru", "ru", twin_account="peace_ru", options={"upload_bytes": "67108864"})
    assert [67_108_864] * 2 == [rule.max_bytes for rule in world.app.capabilities(larger).media]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"token": "nonsense"}, Unauthorized, "application password: make one in the user's profile"),
        ({"options": {"user": "nobody"}}, Unauthorized, "application password"),
        ({"options": {"user": ""}}, Refused, "--option user=NAME"),
        ({"options": {"upload_bytes": "8 MB"}}, Refused, "must be a number of bytes"),
        ({"twin_account": "helper"}, Refused, "give the user the role Author"),
    ],
)
def test_what_does_not_connect_says_what_to_do(
    world: World, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    told = world.twin.ask("POST", "/_accounts", {"platform": "wordpress", "name": "helper", "role": "contributor"})
    world.twin.opened["wordpress"]["helper"] = told
    with pytest.raises(error, match=words):
        world.link("wordpress", "wp", **given)


def test_text_pictures_and_a_clip_stand_in_blocks(world: World, adapter: Adapter) -> None:
    wanted = replace(
        outgoing("글 [gallery]\nhttps://example.org/a?b=1&c=2", medium(world), clip(world)), title="제목 <1>"
    )
    made, wire = publish(world, adapter, wanted)
    [row] = books(world)
    raw = world.run(adapter.fetch(made.remote_id))["content"]["raw"]
    urls = {sha: each["url"] for sha, each in wire["uploads"].items()}
    film = wanted.media[1]

    assert (wanted.text, "제목 &lt;1&gt;") == (row["text"], row["title"])
    assert ["남색 <그림> & '\"", "поезд"] == [each["description"] for each in row["media"]]
    link = '<a href="https://example.org/a?b=1&amp;c=2">https://example.org/a?b=1&amp;c=2</a>'
    assert f"<p>글 &#091;gallery]<br>{link}</p>" in raw
    assert f'poster="{urls[film.poster or ""]}" src="{urls[film.sha256]}"' in raw
    assert f'<track src="{urls[film.captions["ru"]]}" label="ru" srclang="ru" kind="captions" />' in raw
    for name, told in re.findall(r"<!-- wp:(\w+) (\{.*?\}) -->", raw):
        assert json.loads(told)["id"] in [each["id"] for each in wire["uploads"].values()], name


@settings(max_examples=50)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cc", "Zl", "Zp"]) | st.just("\n")
    ),
    st.sampled_from(["", "<!-- /wp:paragraph -->", "[x]", "https://example.org/--?a=<b>&c", "</p><script>"]),
)
def test_no_text_ends_its_block_or_begins_another(text: str, more: str) -> None:
    wanted = outgoing(f"{text} {more} x")
    content = content_of(wanted, {})

    assert content.count("<!--") == content.count("-->") == content.count("<p>") * 2 == content.count("</p>") * 2
    assert "[" not in content
    assert "<script" not in content
    assert re.sub(r"\s+", "", html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", content))) == re.sub(
        r"\s+", "", wanted.text
    )


@pytest.mark.parametrize(
    ("text", "title", "told"),
    [
        ("첫 줄\n둘째", None, "첫 줄"),
        ("첫 줄\n둘째", "제목 &", "제목 &amp;"),
        ("\n \n첫", None, "첫"),
        ("낱말 " * 100, None, "낱말 " * 65 + "낱말…"),
    ],
)
def test_a_title_is_given_or_the_first_line(text: str, title: str | None, told: str) -> None:
    assert told == title_of(outgoing(text, title=title))
    assert len(title_of(outgoing(text, title=title))) <= 205


def test_a_draft_is_taken_again_and_seen_by_nobody(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    wires = [prepare(world, adapter, wanted)]
    for _ in range(2):
        wires.append(prepare(world, adapter, wanted, previous=wires[-1]))
    changed = prepare(world, adapter, outgoing("고친 글", *wanted.media), previous=wires[-1])

    assert (1, [1, 2, 3]) == (len({wire["draft"] for wire in wires}), [wire["uses"] for wire in wires])
    assert (wires[0]["draft"], wires[0]["uploads"]) == (changed["draft"], changed["uploads"])
    assert [] == books(world)
    made = world.run(adapter.publish(outgoing("고친 글", *wanted.media), changed))
    assert [("고친 글", made.remote_id)] == [(row["text"], row["id"]) for row in books(world)]
    assert made == world.run(adapter.publish(wanted, changed))


def test_a_draft_that_is_gone_is_written_anew_and_the_old_one_remembered(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글"), world.clock.now()
    wire = prepare(world, adapter, wanted)
    by_hand(world, "DELETE", f"{POSTS}/{wire['draft']}?force=true")
    with pytest.raises(Unavailable, match="the draft is gone"):
        world.run(adapter.publish(wanted, wire))
    with pytest.raises(Uncertain, match="the draft is gone"):
        world.run(adapter.publish(wanted, {**wire, "uses": 2}))
    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None
    anew = prepare(world, adapter, wanted, previous=wire)

    assert ([wire["draft"]], 1) == (anew["past"], anew["uses"])
    assert anew["draft"] != wire["draft"]
    # An earlier attempt's post turns up under another number than the draft that was written since.
    late = by_hand(world, "POST", POSTS, title="글", content=content_of(wanted, {}), status="publish")
    assert str(late["id"]) == world.run(adapter.confirm(wanted, anew, Doubt(since))).remote_id


def test_where_the_draft_is_gone_the_users_own_posts_decide(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글 & <b>", medium(world)), world.clock.now()
    made, wire = publish(world, adapter, wanted)
    lost = {**wire, "draft": 999_999}
    found = world.run(adapter.confirm(wanted, lost, Doubt(since)))

    assert made.remote_id == found.remote_id
    assert world.run(adapter.confirm(wanted, lost, Doubt(since, frozenset({made.remote_id})))) is None
    world.twin.fault("lagging_list", seconds=20)
    assert world.run(adapter.confirm(wanted, lost, Doubt(since))) is None
    world.clock.turn(seconds=21)
    assert made.remote_id == world.run(adapter.confirm(wanted, lost, Doubt(since))).remote_id
    world.clock.turn(minutes=30)
    assert world.run(adapter.confirm(wanted, lost, Doubt(world.clock.now()))) is None


def test_what_somebody_put_into_the_trash_is_not_published_again(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글"), world.clock.now()
    wire = prepare(world, adapter, wanted)
    by_hand(world, "DELETE", f"{POSTS}/{wire['draft']}")
    with pytest.raises(Uncertain, match="in the site's trash; restore it there"):
        world.run(adapter.confirm(wanted, wire, Doubt(since)))
    with pytest.raises(Refused, match="in the site's trash"):
        prepare(world, adapter, wanted, previous=wire)
    with pytest.raises(Refused, match="in the site's trash"):
        world.run(adapter.edit(str(wire["draft"]), wanted, wire))
    assert [] == books(world)


def test_what_comes_back_from_a_post_is_one_of_the_outcomes(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글")
    wire = prepare(world, adapter, wanted)
    cases: list[tuple[str, dict[str, Any], type[Outcome]]] = [("reset", {}, Uncertain)]
    bodies = ("{}", "[]", '{"id": 99, "status": "publish"}', json.dumps({"id": wire["draft"], "status": "draft"}))
    cases += [("bad_json", {"body": body}, Uncertain) for body in bodies]
    for fault, args, error in (*cases, ("429", {"retry_after": 30}, RateLimited), ("expired_token", {}, Unauthorized)):
        world.twin.fault(fault, method="POST", path=ONE, **args)
        with pytest.raises(error):
            world.run(adapter.publish(wanted, wire))


def test_a_post_that_the_site_keeps_for_later_is_pending(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글"), world.clock.now()
    wire = prepare(world, adapter, wanted)
    body = json.dumps({"id": wire["draft"], "status": "future"})
    world.twin.fault("bad_json", method="POST", path=ONE, body=body)

    assert isinstance(world.run(adapter.publish(wanted, wire)), Pending)
    world.twin.fault("bad_json", method="GET", path=ONE, body=body)
    assert isinstance(world.run(adapter.confirm(wanted, wire, Doubt(since))), Pending)


def test_a_file_that_the_site_does_not_take_is_refused_and_a_broken_site_is_not(world: World, adapter: Adapter) -> None:
    bad = world.folder / "bad.png"
    bad.write_bytes(b"no picture")
    found = world.app.media.put(bad, mime="image/png")
    wanted = outgoing("글", OutgoingMedium(found.sha256, "image/png", found.size, 1, 1, "x"))
    with pytest.raises(Refused, match=r"upload this file type\.; convert it"):
        prepare(world, adapter, wanted)
    world.twin.fault("500_before", method="POST", path=MEDIA)
    with pytest.raises(Unavailable):
        prepare(world, adapter, outgoing("글", medium(world)))


def test_an_answer_without_a_number_is_tried_again(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    for path in (POSTS, MEDIA):
        for body in ("{}", "null", '{"id": null}', '{"id": "1"}', '{"id": true, "source_url": "x"}'):
            world.twin.fault("bad_json", method="POST", path=path, body=body)
            with pytest.raises(Unavailable):
                prepare(world, adapter, wanted)


def test_what_cannot_be_read_is_never_taken_for_not_there(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글"), world.clock.now()
    _, wire = publish(world, adapter, wanted)
    absent = {**wire, "draft": 999_999}
    for path, asked in ((POSTS, absent), (ONE, wire), (ONE, absent)):
        for body in ("{}", "[1]", '[{"id": null}]', "null", '{"code": "rest_no_route"}'):
            world.twin.fault("bad_json", method="GET", path=path, body=body)
            with pytest.raises(Unavailable):
                world.run(adapter.confirm(wanted, asked, Doubt(since)))
            world.twin.clear()


def test_a_list_too_long_to_be_read_to_its_end_is_never_taken_for_not_there(world: World, adapter: Adapter) -> None:
    wire, now = prepare(world, adapter, outgoing("글")), int(world.clock.now().timestamp() * 1000)
    rows = [(number, now, now, now) for number in range(10, PAGES * 100 + 20)]
    with contextlib.closing(sqlite3.connect(world.twin.folder / "sandbox.sqlite")) as db, db:
        db.executemany(
            "INSERT INTO wordpress_posts"
            " (id, kind, author, status, title, content, created_at, modified_at, published_at)"
            " VALUES (?, 'post', 1, 'publish', 'x', 'y', ?, ?, ?)",
            rows,
        )
    with pytest.raises(Unavailable, match="not read to their end"):
        world.run(adapter.confirm(outgoing("글"), {**wire, "draft": 999_999}, Doubt(world.clock.now())))


def test_an_edit_changes_title_text_and_alt_texts_and_keeps_the_media(world: World, adapter: Adapter) -> None:
    picture = medium(world, "처음")
    made, wire = publish(world, adapter, outgoing("하나", picture))
    changed = outgoing("둘", replace(picture, alt="다음"), title="새 제목")
    for _ in range(2):
        assert made.remote_id == world.run(adapter.edit(made.remote_id, changed, wire)).remote_id
    [row] = books(world)

    assert ("둘", "새 제목", ["하나", "둘"]) == (row["text"], row["title"], row["versions"])
    assert ["다음"] == [each["description"] for each in row["media"]]
    assert "다음" == by_hand(world, "GET", f"{MEDIA}/{wire['uploads'][picture.sha256]['id']}")["alt_text"]
    with pytest.raises(Refused, match="an edit adds none"):
        world.run(adapter.edit(made.remote_id, outgoing("둘", medium(world, "x", "teal")), wire))


def test_what_is_deleted_takes_its_media_along(world: World, adapter: Adapter) -> None:
    made, wire = publish(world, adapter, outgoing("글", medium(world), clip(world)))
    world.run(adapter.delete(made.remote_id))

    assert [(True, [])] == [(row["deleted"], row["media"]) for row in books(world)]
    for each in wire["uploads"].values():
        with pytest.raises(Refused, match="Invalid post ID"):
            by_hand(world, "GET", f"{MEDIA}/{each['id']}")
    world.run(adapter.delete("99999999"))


def test_comments_are_counted_and_read(world: World, adapter: Adapter) -> None:
    ids = [publish(world, adapter, outgoing(f"글 {number}"))[0].remote_id for number in range(6)]
    world.clock.turn(days=20)
    counted = {key: readings["replies"].value for key, readings in world.run(adapter.measure(ids)).items()}
    remote_id, found = max(counted.items(), key=lambda item: int(item[1] or 0))
    comments = world.run(adapter.comments(remote_id))
    true = world.twin.ask("GET", "/_books/counts", id=remote_id, platform="wordpress")["replies"]

    assert true == found == len(comments) > 4
    assert ("reader0", "좋아요 “0”", remote_id) == (comments[0].author, comments[0].text, comments[0].in_reply_to)
    assert comments[4].in_reply_to == comments[3].remote_id
    world.twin.fault("missing_metric")
    assert ReadingStatus.ERROR == world.run(adapter.measure([remote_id]))[remote_id]["replies"].status


def test_a_part_of_a_thread_is_refused(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="has no threads"):
        prepare(world, adapter, outgoing("글"), parent=Parent("1", {}))


def test_an_address_names_a_post_by_its_number(world: World, adapter: Adapter) -> None:
    mine = account(world)

    for url in ("/?p=12", "/wp-admin/post.php?post=12&action=edit", "/archives/12/"):
        assert "12" == WordPress.locate(mine, mine.base_url + url)
    for url in (f"{mine.base_url}/a-title/", "https://evil.example/?p=12", "https://["):
        with pytest.raises(Invalid):
            WordPress.locate(mine, url)


def test_the_same_text_in_two_forms_is_the_same(world: World) -> None:
    wanted = outgoing("하나 & <둘>\n셋\n\n넷", medium(world))
    content = content_of(wanted, {wanted.media[0].sha256: {"id": 1, "url": "http://x/a.png"}})

    assert (
        said_in(content)
        == said_in(content.replace("<br>", "<br />\n").replace("<p>", '<p class="x">'))
        != said_in("하나")
    )


def test_a_post_goes_all_the_way_through_the_daemon(world: World, adapter: Adapter) -> None:
    world.post("P01", to=("wp",), pictures=(world.picture(),))
    world.twin.fault("lose_response", method="POST", path=ONE)
    world.clock.turn(minutes=10)
    for _ in range(4):
        world.tick()
        world.clock.turn(seconds=35)

    assert (["published"], 1) == (world.states(), len(books(world)))
    assert [1] == [len(row["media"]) for row in books(world)]


def test_the_password_is_shown_nowhere(world: World) -> None:
    world.link("wordpress", "wp", "ko")
    kept, token = Exchanges(), world.twin.opened["wordpress"]["peace_ko"]["token"]
    adapter = open_adapter(world, kept)
    basic = adapter._auth["Authorization"].partition(" ")[2]  # type: ignore[attr-defined]
    wire = prepare(world, adapter, outgoing("글"))
    for secret in (token, basic):
        body = json.dumps({"message": secret, "id": secret})
        world.twin.fault("bad_json", method="POST", path=ONE, body=body)
        with pytest.raises(CampaignError) as raised:
            world.run(adapter.publish(outgoing("글"), wire))
        assert secret not in str(raised.value)
    held = b"".join(each.request + (each.response or b"") for each in kept.kept)
    assert token.encode() not in held
    assert basic.encode() not in held
