"""Misskey: the contract, and what is its own: no key, a drive that hands out old files, lists that only go up."""

import asyncio
import io
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Published, ReadingStatus
from campaign.core.oauth import Registered, read_redirect
from campaign.platforms.misskey import CAPABILITIES, PAGES
from campaign.platforms.misskey import Adapter as Misskey
from campaign.sandbox.misskey.refusals import TABLE
from campaign.sandbox.misskey.refusals import error as body_of
from campaign.service import accounts
from campaign.service.connect import begin, finish
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise
from .parrot import NOW, Parrot, bent, survives

CREATE, LIST = "/misskey/api/notes/create", "/misskey/api/users/notes"
# One answer with the fields of all endpoints.
NOTE = {
    "id": "9b", "createdAt": "2026-11-24T00:00:00.000Z", "text": "글", "cw": None, "fileIds": ["9a"], "replyId": None,
    "user": {"name": "Peace", "username": "peace"}, "reactions": {"❤": 1}, "reactionCount": 1, "renoteCount": 0,
    "repliesCount": 0, "username": "peace", "version": "2025.4.1", "uri": "https://m.example", "maxNoteTextLength": 30,
    "policies": {"maxFileSizeMb": 30, "canPublicNote": True}, "software": {"name": "misskey"},
}  # fmt: skip
READS = Guarantee.READ_BACK
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(300_000)


def connect(world: World, name: str = "mk", twin: str = "peace_ko", **told: str) -> Account:
    given = world.twin.opened["misskey"].get(twin) if not told else None
    if given is None:
        given = world.twin.ask("POST", "/_accounts", {"platform": "misskey", "name": twin, **told})
    work = accounts.connect(
        world.app, "misskey", name=name, base_url=given["base_url"], token=given["token"], langs=["ko"],
        by=world.alice, private=True,
    )  # fmt: skip
    account: Account = world.run(work).account
    return account


def open_adapter(world: World, name: str = "mk", kept: Exchanges | None = None) -> Adapter:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, name)
        token = account_rows.token_of(tx, account, world.app.vault)
    adapter: Adapter = world.app.open_adapter(account, token, kept or Exchanges())
    return adapter


@pytest.fixture
def adapter(world: World) -> Adapter:
    connect(world)
    return open_adapter(world)


def medium(world: World, alt: str = "남색 그림") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / "navy.png"), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium, **more: Any) -> Outgoing:
    return Outgoing("mk", "misskey", ("ko",), text, media=media, **more)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))
    return made


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="misskey")


def lose(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    wire = prepare(world, adapter, wanted, **options)
    world.twin.fault("lose_response", path=CREATE)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    return wire


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    bench = Bench(
        adapter, outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글"), rows, "9zzzzzzzsboxzzzz",
        world.clock.now, world.app.media.open, fault=world.twin.fault, line=("POST", CREATE),
        wait=lambda seconds: world.clock.turn(seconds=seconds),
    )  # fmt: skip
    world.run(exercise(bench))


def test_what_the_server_and_the_role_tell_overrides_the_defaults(world: World) -> None:
    usual, other = connect(world), connect(world, "other", "narrow", text_limit="500", file_mb="2")
    limits = world.app.capabilities(other)

    assert (Guarantee.READ_BACK, "misskey", "@peace_ko") == (
        usual.guarantee,
        usual.kind,
        usual.handle.rpartition("@")[0],
    )
    assert (500, 2 << 20, 2 << 20) == (limits.text.limit, limits.media[0].max_bytes, limits.media[1].max_bytes)
    assert (3000, 30 << 20) == (
        world.app.capabilities(usual).text.limit,
        world.app.capabilities(usual).media[0].max_bytes,
    )
    assert (3000, 10_000_000) == (CAPABILITIES.text.limit, CAPABILITIES.media[0].max_bytes)
    assert {} == world.run(accounts.test(world.app, "mk"))["changed"]


def test_a_token_that_is_not_accepted_is_told_from_a_request_that_is_not(world: World, adapter: Adapter) -> None:
    with pytest.raises(Unauthorized, match="PERMISSION_DENIED"):
        connect(world, "reader", "reader", permissions="write:notes")
    with pytest.raises(Unauthorized, match="YOUR_ACCOUNT_SUSPENDED"):
        connect(world, "gone", "gone", suspended="1")
    wire = prepare(world, adapter, outgoing())
    told = json.dumps(body_of("authentication"))
    world.twin.fault("expired_token", path=CREATE, times=1)
    with pytest.raises(Unauthorized):
        world.run(adapter.publish(outgoing(), wire))
    world.twin.fault("bad_json", path=CREATE, body=told)  # an answer of status 200 that names no note
    with pytest.raises(Uncertain):
        world.run(adapter.publish(outgoing(), wire))


def test_a_refusal_and_a_rate_limit_leave_nothing_behind(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    with pytest.raises(Refused, match=TABLE["reply"][2]):
        publish(world, adapter, outgoing(), parent=Parent("9zzzzzzzsboxzzzz", {}))
    world.twin.fault("429", path=CREATE, retry_after=30)
    with pytest.raises(RateLimited) as limited:
        world.run(adapter.publish(outgoing(), wire))

    assert (31.0, []) == (limited.value.retry_after, books(world))


def test_an_answer_without_a_note_is_a_doubt(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    for body in ("{}", "[]", '{"createdNote": null}', '{"createdNote": {"id": 7}}', '{"createdNote": {"id": ""}}'):
        world.twin.fault("bad_json", path=CREATE, body=body)
        with pytest.raises(Uncertain):
            world.run(adapter.publish(outgoing(), wire))


def test_pictures_clips_and_their_alt_texts_arrive_also_a_second_time(world: World, adapter: Adapter) -> None:
    file = world.folder / "clip.mp4"
    file.write_bytes(CLIP)
    found = world.app.media.put(file, mime="video/mp4")
    clip = OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7.4)
    publish(world, adapter, outgoing("하나", medium(world, "첫째 '그림' <&>"), clip))
    publish(world, adapter, outgoing("둘", medium(world, "둘째 그림")), key="other")
    one, two = books(world)

    assert [("첫째 '그림' <&>", "image/png"), ("영상", "video/mp4")] == [
        (each["description"], each["mime"]) for each in one["media"]
    ]
    # The drive has these very bytes; its answer would be the first file, with the first alt text.
    assert (one["media"][0]["sha256"], "둘째 그림") == (two["media"][0]["sha256"], two["media"][0]["description"])
    assert one["media"][0]["id"] != two["media"][0]["id"]


def test_an_upload_is_used_twice_then_made_anew_and_all_are_remembered(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    first = prepare(world, adapter, wanted)
    second = prepare(world, adapter, wanted, previous=first)
    third = prepare(world, adapter, wanted, previous=second)

    assert first["file_ids"] == second["file_ids"] == third["past_file_ids"] != third["file_ids"]


def test_a_lost_answer_is_found_by_its_file_its_text_and_its_place(world: World, adapter: Adapter) -> None:
    since, parent = world.clock.now(), publish(world, adapter, outgoing("부모"), key="parent")
    plain, pictured = outgoing("답글 & <둘>"), outgoing("그림", medium(world))
    one = lose(world, adapter, plain, parent=Parent(parent.remote_id, {}))
    two = lose(world, adapter, pictured)
    alone = prepare(world, adapter, plain)
    found = world.run(adapter.confirm(plain, one, Doubt(since)))
    shown = world.run(adapter.confirm(replace(pictured, text="otherwise"), two, Doubt(since)))

    assert [row["id"] for row in books(world)] == [parent.remote_id, found.remote_id, shown.remote_id]
    assert (books(world)[1]["url"], world.clock.now()) == (found.permalink, found.published_at)
    assert world.run(adapter.confirm(plain, alone, Doubt(since))) is None  # it answers nothing
    assert world.run(adapter.confirm(plain, one, Doubt(since, frozenset({found.remote_id})))) is None


def test_a_lost_answer_and_a_lost_request_both_end_in_exactly_one_post(world: World) -> None:
    connect(world)
    for number, fault in enumerate(("lose_response", "drop_request")):
        picture = world.picture(name=f"{number}.png", colour=("navy", "teal")[number])
        world.post(f"P{number}", to=("mk",), pictures=[picture])
        world.clock.turn(minutes=10)
        world.twin.fault(fault, path=CREATE)
        world.tick()
        for _ in range(8):
            world.clock.turn(seconds=40)
            world.tick()

    assert ["published", "published"] == world.states()
    assert [row.remote_id for row in world.deliveries()] == [row["id"] for row in books(world)]


def test_what_is_older_than_the_doubt_is_not_looked_at(world: World, adapter: Adapter) -> None:
    wire = lose(world, adapter, outgoing())
    world.clock.turn(minutes=30)

    assert world.run(adapter.confirm(outgoing(), wire, Doubt(world.clock.now()))) is None


def test_a_list_is_read_to_its_end_or_never_not_there(world: World, adapter: Adapter) -> None:
    since = world.clock.now()
    wire = lose(world, adapter, outgoing())
    world.twin.fault("lagging_list", seconds=60)
    assert world.run(adapter.confirm(outgoing(), wire, Doubt(since))) is None
    world.twin.clear()
    backwards = json.dumps([{"id": "9b"}, {"id": "9a"}])
    for body in ("{}", "[1]", '[{"id": null}]', '[{"id": ""}]', backwards):
        world.twin.fault("bad_json", path=LIST, body=body)
        with pytest.raises(Unavailable):
            world.run(adapter.confirm(outgoing(), wire, Doubt(since)))
    for number in range(PAGES):
        world.twin.fault("bad_json", path=LIST, body=json.dumps([{"id": f"9{number:03}", "text": "another"}]))
    with pytest.raises(Unavailable, match="not read to its end"):
        world.run(adapter.confirm(outgoing(), wire, Doubt(since)))

    assert books(world)[0]["id"] == world.run(adapter.confirm(outgoing(), wire, Doubt(since))).remote_id


def test_a_short_page_is_not_the_end(world: World, adapter: Adapter) -> None:
    since = world.clock.now()
    wire = lose(world, adapter, outgoing())
    # What was filtered out of a page left a gap; the note stands behind it.
    world.twin.fault("bad_json", path=LIST, body=json.dumps([{"id": "9000", "text": "another", "createdAt": "x"}]))

    assert books(world)[0]["id"] == world.run(adapter.confirm(outgoing(), wire, Doubt(since))).remote_id


def test_a_counter_that_is_missing_is_an_error_and_old_servers_tell_reactions_by_emoji(
    world: World, adapter: Adapter
) -> None:
    made = publish(world, adapter, outgoing())
    world.clock.turn(days=2)
    true = world.twin.ask("GET", "/_books/counts", platform="misskey", id=made.remote_id)
    old = {"id": made.remote_id, "reactions": {"❤": 3, ":peace:": 4}, "renoteCount": 1, "repliesCount": None}
    whole = world.run(adapter.measure([made.remote_id]))[made.remote_id]
    world.twin.fault("bad_json", path="/misskey/api/notes/show", body=json.dumps(old))
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert {"reactions": true["reactionCount"], "replies": true["repliesCount"], "reposts": true["renoteCount"]} == {
        metric: reading.value for metric, reading in whole.items()
    }
    assert (7, 1, None, ReadingStatus.ERROR) == (
        found["reactions"].value,
        found["reposts"].value,
        found["replies"].value,
        found["replies"].status,
    )
    world.twin.fault("missing_metric", metric="reactions")
    assert ReadingStatus.ERROR is world.run(adapter.measure([made.remote_id]))[made.remote_id]["reactions"].status


def test_comments_come_with_who_answered_whom(world: World, adapter: Adapter) -> None:
    connect(world, "ru", "peace_ru")
    guest = open_adapter(world, "ru")
    made = publish(world, adapter, outgoing())
    first = publish(world, guest, outgoing("Хорошо!"), parent=Parent(made.remote_id, {}))
    world.clock.turn(minutes=1)
    second = publish(world, adapter, outgoing("고마워요"), parent=Parent(first.remote_id, {}))
    found = world.run(adapter.comments(made.remote_id))

    assert [
        (first.remote_id, made.remote_id, "Путешествие мира", "Хорошо!"),
        (second.remote_id, first.remote_id, "유라시아 평화 여정", "고마워요"),
    ] == [(one.remote_id, one.in_reply_to, one.author, one.text) for one in found]
    assert world.clock.now() == found[1].at


def test_an_account_is_connected_by_consent(world: World) -> None:
    us, back = Registered("https://desk.example/oauth/client"), "https://desk.example/accounts/connect/callback"
    begun = world.run(
        begin(
            world.app, "misskey", name="mk", base_url=world.twin.opened["misskey"]["peace_ko"]["base_url"],
            langs=["ko"], by=world.alice, private=True, client=us, redirect_uri=back,
        )
    )  # fmt: skip
    shown = httpx.get(begun.url)
    yes = httpx.post(begun.url, data={"account": "peace_ko"})
    linked = world.run(finish(world.app, read_redirect(yes.headers["location"]), by=world.alice))
    made = publish(world, open_adapter(world), outgoing("동의", medium(world)))

    assert (200, True) == (shown.status_code, "read:account write:notes write:drive" in shown.text)
    assert "peace_ko" in linked.account.handle and made.remote_id == books(world)[0]["id"]


def test_a_hostile_answer_ends_in_an_outcome(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    for body in ("[1]", '"x"', "{}", '{"error": []}', '{"error": {"code": 5}}'):
        for path, ask in (
            ("/misskey/api/i", adapter.connect),
            ("/misskey/api/meta", adapter.connect),
            ("/misskey/api/notes/children", lambda: adapter.comments(made.remote_id)),
        ):
            world.twin.fault("bad_json", path=path, body=body)
            with pytest.raises(Outcome):
                world.run(ask())
            world.twin.clear()


def test_a_person_may_name_a_note_by_its_address(world: World) -> None:
    account = replace(connect(world), base_url="https://misskey.example", handle="@kr@misskey.example")

    assert "9xyz" == Misskey.locate(account, "https://misskey.example/notes/9xyz")
    for wrong in ("https://misskey.example/@kr", "https://other.example/notes/9xyz", "https://misskey.example/notes/"):
        with pytest.raises(Invalid):
            Misskey.locate(account, wrong)


@settings(max_examples=150, deadline=None)
@given(bent(NOTE) | bent([NOTE]) | bent({"createdNote": NOTE}))
def test_no_answer_however_strange_raises_anything_but_an_outcome(answer: Any) -> None:
    account = Account("i", "mk", "misskey", "https://m.example", "@a", "9a", "misskey", ("ko",), READS, {}, NOW)
    wanted = outgoing("글", OutgoingMedium("0" * 64, "image/png", 1, 1, 1, "alt"))
    wire = {"body": "{}", "file_ids": ["9a"], "past_file_ids": [], "uses": 1, "key": "k"}
    read = lambda digest: io.BytesIO(b"x")  # noqa: E731
    mk = Misskey.open(Parrot(answer), account)  # type: ignore[arg-type] - stands where the client would
    with asyncio.Runner() as runner:
        for verb in (
            mk.connect,
            lambda: mk.prepare(wanted, key="k", parent=None, previous=None, open_medium=read),
            lambda: mk.publish(wanted, wire),
            lambda: mk.confirm(wanted, wire, Doubt(NOW)),
            lambda: mk.fetch("9a"),
            lambda: mk.measure(["9a"]),
            lambda: mk.comments("9a"),
            lambda: mk.delete("9a"),
        ):
            runner.run(survives(verb))
