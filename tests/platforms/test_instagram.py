"""Instagram: the contract, and what is its own: containers, media that it fetches, reels, errors after the effect."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.check import check
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Guarantee, Outgoing, OutgoingMedium, Pending, Published, ReadingStatus
from campaign.platforms.instagram import CAPABILITIES
from campaign.store import accounts as account_rows
from tests.conftest import World

from .conformance import Bench, exercise
from .consenting import joined, joined_with, token

PUBLISH = "/instagram/v25.0/*/media_publish"
LIST = "/instagram/v25.0/*/media"
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(64)


@pytest.fixture
def world(world: World) -> World:
    world.share_media()
    world.link("instagram", "ig")
    return world


@pytest.fixture
def adapter(world: World) -> Adapter:
    return opened(world)


def opened(world: World, name: str = "ig", token: str | None = None) -> Adapter:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, name)
        told = account_rows.token_of(tx, account, world.app.vault)
    return world.app.open_adapter(account, token or told, Exchanges())


def medium(
    world: World, alt: str = "남색 그림", colour: str = "navy", size: tuple[int, int] = (64, 36)
) -> OutgoingMedium:
    file = Path(world.folder / f"{colour}.jpg")
    Image.new("RGB", size, colour).save(file)
    found = world.app.media.put(file, mime="image/jpeg")
    return OutgoingMedium(found.sha256, "image/jpeg", found.size, *size, alt)


def clip(world: World, content: bytes = CLIP, poster: str | None = None) -> OutgoingMedium:
    file = Path(world.folder / "clip.mp4")
    file.write_bytes(content)
    found = world.app.media.put(file, mime="video/mp4")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7, poster=poster)


def outgoing(text: str, *media: OutgoingMedium) -> Outgoing:
    return Outgoing("ig", "instagram", ("ko",), text, media=media)


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
    return world.twin.books(platform="instagram")


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, other = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글", medium(world, colour="red"))
    bench = Bench(
        adapter, one, other, rows, "18999999999999999", world.clock.now, world.app.media.open,
        fault=world.twin.fault, line=("POST", PUBLISH), wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_an_account_is_the_professional_account_of_its_token(world: World) -> None:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "ig")

    assert (Guarantee.HANDLE, "@peace_ko", "instagram") == (account.guarantee, account.handle, account.kind)
    assert 100 == account.sheet["posts_a_day"]
    with pytest.raises(Unauthorized, match="Invalid OAuth access token"):
        world.run(opened(world, token="another").connect())


def test_who_it_is_may_come_in_a_list_and_a_stranger_is_told_what_to_do(world: World, adapter: Adapter) -> None:
    body = '{"data": [{"user_id": 17841, "username": "kr"}]}'
    world.twin.fault("bad_json", path="/instagram/v25.0/me", body=body)
    assert ("17841", "@kr") == ((told := world.run(adapter.connect())).remote_id, told.handle)
    world.twin.fault("bad_json", path="/instagram/v25.0/me", body='{"id": "1"}')
    with pytest.raises(Unauthorized, match="take one of a professional account"):
        world.run(adapter.connect())


def test_media_are_fetched_by_the_platform_and_arrive_as_they_were_approved(world: World, adapter: Adapter) -> None:
    wanted = outgoing("앨범 #평화", medium(world, "남색 'alt' \"&<>"), clip(world), medium(world, "빨강", "red"))
    made = publish(world, adapter, wanted)
    [row] = books(world)

    assert [each.sha256 for each in wanted.media] == [each["sha256"] for each in row["media"]]
    # Clips have no alt text here, and no tags of a language.
    assert ["남색 'alt' \"&<>", None, "빨강"] == [each["description"] for each in row["media"]]
    assert f"{world.twin.base_url}/instagram/p/" in (made.permalink or "")
    assert made.published_at == world.clock.now()


def test_one_clip_is_a_reel_with_its_poster(world: World, adapter: Adapter) -> None:
    poster = medium(world).sha256
    made = publish(world, adapter, outgoing("영상", clip(world, poster=poster)))

    assert poster == books(world)[0]["media"][0]["cover"]
    assert "REELS" == world.run(adapter.fetch(made.remote_id))["media_product_type"]


def test_what_cannot_be_made_is_refused_before_anything_is_out(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="2207026"):
        prepare(world, adapter, outgoing("영상", clip(world, b"no clip at all")))
    with pytest.raises(Refused, match="aspect ratio"):
        prepare(world, adapter, outgoing("그림", medium(world, size=(64, 20), colour="green")))
    with pytest.raises(Refused, match="needs a picture or a clip"):
        prepare(world, adapter, outgoing("글"))
    gone = medium(world, colour="white")
    world.app.media.path(gone.sha256).unlink()
    with pytest.raises(Unavailable, match="Only photo or video"):  # and it may pass
        prepare(world, adapter, outgoing("그림", gone))
    assert [] == books(world)


def test_what_would_be_refused_is_found_before(world: World) -> None:
    def errors(*media: OutgoingMedium, text: str = "글") -> list[str]:
        found = check(outgoing(text, *media), CAPABILITIES)
        return [finding.field.partition(" ")[0] for finding in found if finding.severity == "error"]

    good = medium(world)
    assert [[], ["media"], ["media"], ["text"], ["hashtags"], ["media"]] == [
        errors(good),
        errors(),
        errors(medium(world, size=(64, 20), colour="green")),
        errors(good, text="가" * 2201),
        errors(good, text="#a " * 31),
        errors(OutgoingMedium(good.sha256, "image/png", 5, 64, 36, "alt")),
    ]


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


def test_blocked_says_the_platform_and_the_post_is_live(world: World) -> None:
    told = world.twin.ask("POST", "/_accounts", {"platform": "instagram", "name": "odd_ko", "odd": "blocked"})
    world.twin.opened["instagram"]["odd_ko"] = told
    world.link("instagram", "odd", twin_account="odd_ko")
    world.post("P01", to=("odd",), texts={"ko": "평화"}, pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    world.tick()

    assert (["published"], 1) == (world.states(), len(books(world)))


def test_states_and_lists_that_lag_make_no_second_post(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화", medium(world))
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
    wanted = outgoing("평화", medium(world))
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lagging_list", path=LIST)
    made = world.run(adapter.publish(wanted, wire))

    assert isinstance(confirm(world, adapter, wanted, wire), Pending)
    with pytest.raises(Uncertain, match="published already"):
        world.run(adapter.publish(wanted, prepare(world, adapter, wanted, previous=wire)))
    world.twin.clear()
    assert made.remote_id == confirm(world, adapter, wanted, wire).remote_id
    assert confirm(world, adapter, wanted, wire, made.remote_id) is None  # another delivery's
    assert 1 == len(books(world))


def test_a_dead_container_is_made_anew_and_the_list_decides(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화", medium(world))
    wire = prepare(world, adapter, wanted)
    world.twin.fault("ignore_key", path=f"/instagram/v25.0/{wire['container']}")
    again = prepare(world, adapter, wanted, previous=wire)

    assert (again["past"], again["uses"]) == ([wire["container"]], 1)
    assert confirm(world, adapter, wanted, again) is None
    made = world.run(adapter.publish(wanted, wire))  # the first one was out after all
    assert made.remote_id == confirm(world, adapter, wanted, again).remote_id
    album = outgoing("평화", *wanted.media, medium(world, colour="red"))  # the same words, another number of media
    assert confirm(world, adapter, album, again) is None


CODES: tuple[tuple[dict[str, Any], int, type[Exception]], ...] = (
    ({"code": 9007, "error_subcode": 2207027}, 1, Unavailable),  # not ready: proved that nothing is out
    ({"code": 9007, "error_subcode": 2207027}, 2, Uncertain),
    ({"code": 9, "error_subcode": 2207042}, 1, RateLimited),  # the posts of a day
    ({"code": 4}, 1, RateLimited),
    ({"code": 80002}, 1, RateLimited),
    ({"code": 4, "error_subcode": 2207051}, 1, Uncertain),
    ({"code": -1, "error_subcode": 2207001}, 1, Uncertain),
    ({"code": 2}, 1, Uncertain),
    ({"code": 100, "is_transient": True}, 1, Uncertain),
    ({"code": 368}, 1, Uncertain),
    ({"code": 190, "error_subcode": 463}, 1, Unauthorized),
    ({"code": 24, "error_subcode": 2207006}, 1, Unavailable),
    ({"code": 24, "error_subcode": 2207099}, 1, Refused),
    ({"code": 24, "error_subcode": 2207006}, 2, Uncertain),
    ({"code": "24"}, 1, Refused),
    ({}, 1, Refused),
)


def test_each_error_code_is_one_of_the_outcomes(world: World, adapter: Adapter) -> None:
    """A request that names no container is refused with 400; what its body says is what the test wants."""
    for error, uses, taken in CODES:
        body = json.dumps({"error": {"message": "no", **error}})
        world.twin.fault("bad_json", method="POST", path=PUBLISH, body=body)
        wire = {"container": "1", "past": [], "uses": uses, "state": "FINISHED"}
        with pytest.raises(taken) as raised:
            world.run(adapter.publish(outgoing("글"), wire))
        assert type(raised.value) is taken, error
    assert [] == books(world)


def test_comments_and_the_answers_to_them_are_told_oldest_first(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("평화", medium(world)))
    ask = f"/instagram/v25.0/{made.remote_id}/comments"
    token = world.twin.opened["instagram"]["peace_ko"]["token"]
    first = world.twin.ask("POST", ask, {"message": "좋아요", "access_token": token})["id"]
    world.clock.turn(minutes=1)
    reply = world.twin.ask(
        "POST", f"/instagram/v25.0/{first}/replies", {"message": "고맙습니다", "access_token": token}
    )["id"]
    world.clock.turn(minutes=1)
    second = world.twin.ask("POST", ask, {"message": "또", "access_token": token})["id"]
    told = world.run(adapter.comments(made.remote_id))

    assert [(first, made.remote_id, "좋아요"), (reply, first, "고맙습니다"), (second, made.remote_id, "또")] == [
        (each.remote_id, each.in_reply_to, each.text) for each in told
    ]


def test_a_retired_counter_blanks_no_other_and_hidden_likes_are_not_zero(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("평화", medium(world)))
    world.clock.turn(hours=20)
    world.twin.fault("missing_metric", metric="reposts")
    world.twin.fault("missing_metric", metric="reach", **{"as": "null"})
    told = world.run(adapter.measure([made.remote_id]))[made.remote_id]
    true = world.twin.ask("GET", "/_books/counts", platform="instagram", id=made.remote_id)

    assert [true["reactions"], true["replies"], true["views"], true["saves"]] == [
        told[name].value for name in ("reactions", "replies", "views", "saves")
    ]
    assert (ReadingStatus.NOT_OFFERED, ReadingStatus.TOO_NEW) == (told["reposts"].status, told["reach"].status)
    body = json.dumps({"id": made.remote_id, "comments_count": 1})
    world.twin.fault("bad_json", path=f"/instagram/v25.0/{made.remote_id}", body=body)
    hidden = world.run(adapter.measure([made.remote_id]))[made.remote_id]["reactions"]
    assert (None, ReadingStatus.NOT_PERMITTED) == (hidden.value, hidden.status)


def test_a_post_that_a_person_names_by_its_address_is_found_by_its_short_code(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("평화", medium(world)))
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "ig")
    code = type(adapter).locate(account, made.permalink or "")

    assert made.remote_id == world.run(adapter.fetch(code))["id"]
    assert "DTabc" == type(adapter).locate(account, "https://www.instagram.com/peace_ko/reel/DTabc/?igsh=1")
    with pytest.raises(Invalid, match="must be a post's address"):
        type(adapter).locate(account, "https://www.instagram.com/peace_ko/")
    with pytest.raises(Refused, match="none of the account's posts"):
        world.run(adapter.fetch("Dnothing"))


def test_a_second_part_is_refused_for_it_would_stand_by_itself(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="there are no threads"):
        prepare(world, adapter, outgoing("둘", medium(world)), parent=Parent("1", {}))


def test_what_cannot_have_died_yet_is_not_believed_to_be_gone(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화", medium(world))
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
    account, code = joined(world, "instagram", "ru")
    first = token(world, account)
    world.clock.turn_monotonic(54 * 24 * 3600)
    second = token(world, account)

    assert (world.twin.opened["instagram"]["peace_ru"]["id"], True) == (account.remote_id, first != second)
    adapter = world.app.open_adapter(account, second, Exchanges())
    assert account.remote_id == world.run(adapter.connect()).remote_id
    with pytest.raises(Refused, match="Matching code"):
        joined_with(world, "instagram", code)


def test_a_container_that_came_to_nothing_is_no_proof_until_the_list_has_settled(
    world: World, adapter: Adapter
) -> None:
    wanted, since = outgoing("평화", medium(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("ignore_key", path=f"/instagram/v25.0/{wire['container']}")
    with pytest.raises(Unavailable, match="may lag"):
        confirm(world, adapter, wanted, wire)
    world.clock.turn(seconds=121)

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None


HOSTILE = (
    '{"data": [{"id": {}, "shortcode": []}]}', '{"error": {"code": [], "error_subcode": {}, "is_transient": 1}}',
    "[]", "{}", "null", '"x"', '{"data": null}', '{"data": {}}', '{"data": [null, 1]}', '{"data": [{}]}',
    '{"data": [{"id": null}]}', '{"data": [{"id": 5, "caption": 7, "timestamp": 8, "children": []}]}',
    '{"id": {"a": 1}, "timestamp": "yesterday"}', '{"data": [], "paging": 1}', '{"data": [], "paging": {"next": 1}}',
    '{"error": "x"}', '{"error": {"code": "x"}}', '{"data": [{"name": "likes", "values": [5]}]}',
    '{"data": [{"name": "views", "values": [{"value": -1}]}, {"name": ["x"]}]}', '{"status": 5, "status_code": {}}',
    '{"is_published": "yes", "shares": 5, "reactions": {"summary": []}}', "[" * 5000, "<html>", "",
)  # fmt: skip


def test_whatever_comes_back_is_an_outcome(world: World, adapter: Adapter) -> None:
    wanted = outgoing("평화", medium(world))
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    dead = {**wire, "past": ["2"]}
    ends: set[str] = set()
    for body in HOSTILE:
        world.twin.fault("bad_json", path="/instagram/*", times=500, body=body)
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
