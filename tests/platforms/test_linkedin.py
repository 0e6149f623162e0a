"""LinkedIn: the contract for a page and a member, little text, duplicates and ghosts, pieces, counters, comments."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Invalid, Outcome, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Pending, Published, ReadingStatus
from campaign.net.client import Client
from campaign.platforms.linkedin import VERSION
from campaign.platforms.linkedin import Adapter as LinkedIn
from campaign.platforms.linkedin.little import from_little, to_little
from campaign.sandbox.linkedin.little import read
from campaign.sandbox.serve import ask
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

POSTS = "/linkedin/rest/posts"
NOBODY = "urn:li:share:7000000000000000000"


@pytest.fixture
def linked(world: World) -> Account:
    return world.link("linkedin", "li")


@pytest.fixture
def adapter(world: World, linked: Account) -> Adapter:
    return opened(world, linked)


@pytest.fixture
def member(world: World) -> Adapter:
    return opened(world, world.link("linkedin", "alice", twin_account="peace_member"), "peace_member")


def opened(world: World, account: Account, twin: str = "peace_ko") -> Adapter:
    return world.app.open_adapter(account, world.twin.opened["linkedin"][twin]["token"], Exchanges())


def medium(world: World, alt: str = "남색 그림", colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def clip(world: World, size: int) -> OutgoingMedium:
    file = world.folder / "clip.mp4"
    file.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(size - 12))
    found = world.app.media.put(file, mime="video/mp4")
    poster = world.app.media.put(picture_file(world.folder / "poster.png", "red"), mime="image/png")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7.4, poster=poster.sha256)


def outgoing(text: str = "안녕하세요 (평화) <b>&", *media: OutgoingMedium, **more: Any) -> Outgoing:
    return Outgoing("li", "linkedin", ("ko",), text, media=media, **more)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, "open_medium": world.app.media.open, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))
    return made


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="linkedin")


def bench(world: World, adapter: Adapter, **more: Any) -> Bench:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    return Bench(
        adapter,
        outgoing("안녕 & <평화>_{\\} #평화_길 https://example.org/a_b?c=(1)", medium(world)),
        outgoing("다른 글"),
        rows,
        NOBODY,
        world.clock.now,
        world.app.media.open,
        fault=world.twin.fault,
        line=("POST", POSTS),
        wait=lambda seconds: world.clock.turn(seconds=seconds),
        headed=True,
        **more,
    )


def test_a_page_keeps_the_contract(world: World, adapter: Adapter) -> None:
    world.run(exercise(bench(world, adapter)))


def test_a_member_keeps_the_contract_as_far_as_linkedin_lets_it(world: World, member: Adapter) -> None:
    world.run(exercise(bench(world, member, reads=False)))


def test_what_a_page_and_a_member_may_is_told_when_they_are_connected(
    world: World, linked: Account, adapter: Adapter, member: Adapter
) -> None:
    page, person = world.run(adapter.connect()), world.run(member.connect())

    assert ("organization", Guarantee.READ_BACK, ()) == (page.kind, page.guarantee, page.warnings)
    assert ("member", Guarantee.NONE, False) == (person.kind, person.guarantee, person.sheet["comments"])
    assert "a lost answer is a person's" in person.warnings[0]
    assert {"saves"} == set(member.capabilities.metrics) - set(adapter.capabilities.metrics)
    assert (linked.handle, linked.guarantee) == ("peace_ko", Guarantee.READ_BACK)


def test_a_member_whose_posts_may_be_read_is_read_back(world: World) -> None:
    given = {"kind": "person", "scopes": "openid profile w_member_social r_member_social"}
    reader = another(world, "reader", **given)
    wanted, since = outgoing(), world.clock.now()
    wire = prepare(world, reader, wanted)
    made = world.run(reader.publish(wanted, wire))

    assert made.remote_id == world.run(reader.confirm(wanted, wire, Doubt(since))).remote_id
    assert {ReadingStatus.NOT_PERMITTED} == {
        reading.status for reading in world.run(reader.measure([made.remote_id]))[made.remote_id].values()
    }


def another(world: World, name: str, **told: str) -> Adapter:
    """Open one more account at the twin, and connect it."""
    asked = {"platform": "linkedin", "name": name, **told}
    world.twin.opened["linkedin"][name] = ask(world.twin.base_url, "POST", "/_accounts", asked)
    return opened(world, world.link("linkedin", name, twin_account=name), name)


def test_a_page_of_somebody_else_is_refused(world: World) -> None:
    other = world.twin.opened["linkedin"]["peace_ru"]["organization"]
    with pytest.raises(Refused, match="has no role at"):
        world.link("linkedin", "other", options={"organization": other})
    with pytest.raises(Refused, match="must be a number"):
        world.link("linkedin", "other", options={"organization": "peace"})


def test_a_version_that_has_ended_says_what_to_do(world: World) -> None:
    with pytest.raises(Refused, match=f"--option version={VERSION} or later"):
        world.link("linkedin", "old", options={"version": "202401"})


def test_a_page_may_post_without_a_right_to_read_roles(world: World) -> None:
    poster = another(world, "poster", scopes="w_organization_social")
    publish(world, poster, outgoing())

    assert Guarantee.NONE is world.run(poster.connect()).guarantee


def test_alt_texts_go_with_each_picture(world: World, adapter: Adapter) -> None:
    media = [medium(world, "하나", "navy"), medium(world, 'два "&<>"', "red")]
    publish(world, adapter, outgoing("글", *media))
    publish(world, adapter, outgoing("", media[0]))
    two, one = books(world)

    assert [(each.sha256, each.alt) for each in media] == [(m["sha256"], m["description"]) for m in two["media"]]
    assert ("", media[0].sha256) == (one["text"], one["media"][0]["sha256"])


def test_a_clip_goes_in_the_pieces_that_were_asked_for_with_its_poster(world: World, adapter: Adapter) -> None:
    wanted = outgoing("영상", clip(world, 5_000_000))
    publish(world, adapter, wanted)
    [row] = books(world)

    assert (wanted.media[0].sha256, wanted.media[0].poster, "영상") == (
        row["media"][0]["sha256"],
        row["media"][0]["thumbnail"],
        row["media"][0]["description"],
    )
    assert [4_194_304, 5_000_000 - 4_194_304] == [
        each["bytes"] for each in world.twin.requests() if each["method"] == "PUT" and each["bytes"] > 10_000
    ]


def test_a_picture_that_cannot_be_processed_is_refused(world: World, adapter: Adapter) -> None:
    file = world.folder / "broken.png"
    file.write_bytes(picture_file(world.folder / "whole.png").read_bytes()[:60])
    found = world.app.media.put(file, mime="image/png")
    with pytest.raises(Refused, match="cannot process"):
        prepare(world, adapter, outgoing("글", OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, "a")))


@pytest.mark.parametrize(
    "body",
    ["{}", '{"value": null}', '{"value": {"image": 5, "uploadUrl": "http://127.0.0.1/"}}', '{"value": {"image": "a"}}'],
)
def test_an_upload_that_names_nothing_is_tried_again(world: World, adapter: Adapter, body: str) -> None:
    world.twin.fault("bad_json", path="/linkedin/rest/images", body=body)
    with pytest.raises(Unavailable):
        prepare(world, adapter, outgoing("글", medium(world)))


def test_the_token_goes_to_no_other_host_with_an_upload(world: World, adapter: Adapter) -> None:
    told = {"value": {"image": "urn:li:image:1", "uploadUrl": "http://169.254.1.1/steal"}}
    world.twin.fault("bad_json", path="/linkedin/rest/images", body=json.dumps(told))
    with pytest.raises(Outcome):
        prepare(world, adapter, outgoing("글", medium(world)))

    assert not [each for each in world.twin.requests() if each["method"] == "PUT"]


def test_a_duplicate_is_a_doubt_and_the_first_one_is_found(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("같은 글"), world.clock.now()
    made = publish(world, adapter, wanted)
    wire = prepare(world, adapter, wanted)
    with pytest.raises(Uncertain, match="it may be this very post"):
        world.run(adapter.publish(wanted, wire))

    assert made.remote_id == world.run(adapter.confirm(wanted, wire, Doubt(since))).remote_id


def test_a_ghost_is_never_taken_for_a_post(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("지워진 글"), world.clock.now()
    world.run(adapter.delete(publish(world, adapter, wanted).remote_id))
    wire = prepare(world, adapter, wanted)
    with pytest.raises(Uncertain, match="urn:li:share") as error:
        world.run(adapter.publish(wanted, wire))
    ghost = next(word for word in str(error.value).replace(";", " ").split() if word.startswith("urn:li:share"))

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None
    with pytest.raises(Refused, match="404"):
        world.run(adapter.fetch(ghost))


def test_a_lost_answer_is_found_by_its_media_even_where_the_text_was_changed(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글", medium(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lose_response", method="POST", path=POSTS)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    anew = prepare(world, adapter, wanted, previous={**wire, "uses": 2})
    found = world.run(adapter.confirm(replace(wanted, text="otherwise"), anew, Doubt(since)))

    assert wire["media"] != anew["media"]
    assert [found.remote_id] == [row["id"] for row in books(world)]


def test_a_list_that_lags_says_not_there_and_then_finds_it(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(), world.clock.now()
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    world.twin.fault("lagging_list", path=POSTS, seconds=60)

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None

    world.twin.clear()

    assert made.remote_id == world.run(adapter.confirm(wanted, wire, Doubt(since))).remote_id


def test_the_list_is_read_until_it_is_older_than_the_doubt(world: World, adapter: Adapter) -> None:
    world.twin.fault("ignore_key")
    publish(world, adapter, outgoing("글"))
    world.clock.turn(hours=1)
    wanted, since = outgoing("글"), world.clock.now()
    wire = prepare(world, adapter, wanted)

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None

    made = world.run(adapter.publish(wanted, wire))
    for number in range(100):
        publish(world, adapter, outgoing(f"{number}"))

    assert made.remote_id == world.run(adapter.confirm(wanted, wire, Doubt(since))).remote_id


@pytest.mark.parametrize("body", ["{}", "[1]", '{"elements": [null]}', '{"elements": [{}]}', '{"elements": {}}'])
def test_a_list_that_cannot_be_read_is_never_taken_for_not_there(world: World, adapter: Adapter, body: str) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("bad_json", method="GET", path=POSTS, body=body)
    with pytest.raises(Unavailable):
        world.run(adapter.confirm(outgoing(), wire, Doubt(world.clock.now())))


ODD = [
    "[]", "[1]", '{"elements": 5}', '{"elements": [5, null]}', '{"elements": [{"id": {}, "content": [1]}]}',
    '{"elements": [{"id": 5, "commentary": 7, "createdAt": "x", "content": {"media": 5, "multiImage": {"images": 1}}},'
    ' {"id": 6, "content": {"media": {"id": []}}}]}',
    '{"elements": [{"share": [], "totalShareStatistics": 5, "count": "x", "commentUrn": 5, "message": 7}]}',
    '{"results": [], "id": 5, "sub": 5, "name": []}', '{"elements": [{"organization": 5}], "createdAt": 1e400}',
]  # fmt: skip


@pytest.mark.parametrize("body", ODD)
def test_an_odd_answer_ends_in_an_outcome_whoever_asks(
    world: World, adapter: Adapter, member: Adapter, body: str
) -> None:
    made, wire = publish(world, adapter, outgoing()), prepare(world, adapter, outgoing())
    works = {
        "connect": lambda one: one.connect(),
        "confirm": lambda one: one.confirm(outgoing(), wire, Doubt(world.clock.now())),
        "fetch": lambda one: one.fetch(made.remote_id),
        "measure": lambda one: one.measure([made.remote_id]),
        "comments": lambda one: one.comments(made.remote_id),
    }
    for name, work in works.items():
        for one in (adapter, member):
            world.twin.fault("bad_json", method="GET", body=body, times=10)
            found = None
            with contextlib.suppress(Outcome):
                found = world.run(work(one))
            assert not isinstance(found, Published), name
            world.twin.clear()


@pytest.mark.parametrize("told", [{}, {"x-restli-id": ""}, {"x-restli-id": "urn:li:activity:1"}, {"x-restli-id": "1"}])
def test_an_answer_that_names_no_post_is_a_doubt(world: World, linked: Account, told: dict[str, str]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, headers=told)

    clock, transport = world.clock, httpx.MockTransport(answer)
    client = Client(base_url=LinkedIn.home, transport=transport, sink=lambda _: None, clock=clock, label="linkedin")
    wire = prepare(world, LinkedIn.open(client, linked), outgoing())
    with pytest.raises(Uncertain, match="names no post"):
        world.run(LinkedIn.open(client, linked).publish(outgoing(), wire))


def test_what_linkedin_still_works_on_is_pending_and_what_failed_is_not_there(world: World, adapter: Adapter) -> None:
    wire, now = prepare(world, adapter, outgoing("글")), world.clock.now()
    post = {"id": "urn:li:ugcPost:1", "commentary": "글", "createdAt": int(now.timestamp() * 1000), "content": 5}
    for state, kind in (("PUBLISH_REQUESTED", Pending), ("PUBLISH_FAILED", type(None)), ("PUBLISHED", Published)):
        told = {"elements": [{**post, "lifecycleState": state}]}
        world.twin.fault("bad_json", method="GET", path=POSTS, body=json.dumps(told))

        assert isinstance(world.run(adapter.confirm(outgoing("글"), wire, Doubt(now))), kind)


def test_a_post_continues_no_other_one_and_a_token_ends(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="cannot continue"):
        prepare(world, adapter, outgoing(), parent=Parent(NOBODY, {}))
    with pytest.raises(Unauthorized, match="Not enough permissions"):
        publish(world, another(world, "reader", scopes="r_organization_social"), outgoing())
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("expired_token")
    with pytest.raises(Unauthorized):
        world.run(adapter.publish(outgoing(), wire))


def test_every_counter_of_a_page_has_a_value(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    new = world.run(adapter.measure([made.remote_id, NOBODY, "odd"]))
    world.clock.turn(days=20)
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]
    true = world.twin.ask("GET", "/_books/counts", platform="linkedin", id=made.remote_id)

    assert [ReadingStatus.TOO_NEW, ReadingStatus.EXPIRED, ReadingStatus.ERROR] == [
        new[one]["views"].status for one in (made.remote_id, NOBODY, "odd")
    ]
    ours = ("views", "reach", "reactions", "replies", "reposts")
    theirs = ("impressions", "reached", "likes", "comments", "shares")
    assert {metric: true[name] for metric, name in zip(ours, theirs, strict=True)} == {
        metric: reading.value for metric, reading in found.items()
    }


def test_a_counter_that_is_gone_blanks_no_other_one(world: World, adapter: Adapter, member: Adapter) -> None:
    page, person = publish(world, adapter, outgoing()), publish(world, member, outgoing())
    world.clock.turn(days=20)
    world.twin.fault("missing_metric", metric="like", times=1, account="peace_ko")
    mine = world.run(adapter.measure([page.remote_id]))[page.remote_id]
    world.twin.fault("missing_metric", metric="reaction", account="peace_member")
    theirs = world.run(member.measure([person.remote_id]))[person.remote_id]

    for found in (mine, theirs):
        assert {"reactions": ReadingStatus.ERROR} == {
            metric: reading.status for metric, reading in found.items() if reading.status is not ReadingStatus.OK
        }
    assert "saves" in theirs


def test_comments_and_their_answers_are_told_in_order(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    token = world.twin.opened["linkedin"]["peace_ru"]["token"]

    def comment(above: str, text: str) -> str:
        world.clock.turn(minutes=1)
        key = above.replace(":", "%3A").replace("(", "%28").replace(")", "%29").replace(",", "%2C")
        post(world, f"/linkedin/rest/socialActions/{key}/comments", token, {"message": {"text": text}})
        return str(world.run(adapter.comments(made.remote_id))[-1].remote_id)

    first = comment(made.remote_id, "как (красиво)")
    second = comment(first, "и ещё")

    assert [(first, made.remote_id, "как (красиво)"), (second, first, "и ещё")] == [
        (c.remote_id, c.in_reply_to, c.text) for c in world.run(adapter.comments(made.remote_id))
    ]


def post(world: World, path: str, token: str, body: dict[str, Any]) -> None:
    """Do what another member does."""
    headers = {"Authorization": f"Bearer {token}", "LinkedIn-Version": VERSION}
    assert 201 == httpx.post(f"{world.twin.base_url}{path}", json=body, headers=headers).status_code


def test_an_address_names_a_post_and_an_activity_does_not(world: World, linked: Account, adapter: Adapter) -> None:
    made, real = publish(world, adapter, outgoing()), replace(linked, base_url=LinkedIn.home)

    assert made.remote_id == LinkedIn.locate(linked, str(made.permalink))
    assert "urn:li:ugcPost:12" == LinkedIn.locate(real, "https://www.linkedin.com/feed/update/urn%3Ali%3AugcPost%3A12/")
    for wrong in ("https://www.linkedin.com/feed/update/urn:li:activity:12/", "https://example.org/urn:li:share:12"):
        with pytest.raises(Invalid):
            LinkedIn.locate(real, wrong)


_SIGNS = st.text(st.sampled_from("\\|{}@[]()<>#*_~ a평я1.:\n"), max_size=40)


@settings(max_examples=200, deadline=None)
@given(_SIGNS)
def test_no_sign_cuts_a_text_and_it_is_read_back_as_it_was(text: str) -> None:
    little = to_little(text)

    assert (text, False) == read(little)
    assert text == from_little(little)


def test_what_others_write_in_little_text_is_read_as_people_see_it() -> None:
    assert "Thanks Acme Corp #평화_길 a\\b" == from_little(
        "Thanks @[Acme Corp](urn:li:organization:1234) {hashtag|\\#|평화\\_길} a\\\\b"
    )
    assert ("A", True) == read("A (b)")
