"""VK: the contract, and what is its own: errors inside of a 200, a guid nobody leans on, walls that are read back."""

import asyncio
import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Published, ReadingStatus
from campaign.core.oauth import Registered, read_redirect
from campaign.platforms.vk import PAGES, web_of
from campaign.platforms.vk import Adapter as VK
from campaign.sandbox.vk.consent import SECRET
from campaign.service import accounts
from campaign.service.connect import begin, finish
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise
from .parrot import NOW, Parrot, bent, survives

POST, WALL = "/method/wall.post", "/method/wall.get"
# One answer with the fields of all methods.
ITEM = {
    "id": 2, "owner_id": -1, "from_id": 5, "date": 1795478400, "text": "текст", "is_pinned": 0, "post_id": 2,
    "attachments": [{"type": "photo", "photo": {"id": 2, "owner_id": -1}}, {"type": "link", "link": {}}],
    "likes": {"count": 1}, "views": {"count": 2}, "reposts": {"count": 0}, "comments": {"count": 1},
    "reach_total": 3, "links": 0, "thread": {"count": 1}, "reply_to_comment": 1,
}  # fmt: skip
ANSWER = {
    "count": 1, "items": [ITEM], "profiles": [{"id": 5, "first_name": "A", "last_name": "B"}], "post_id": 7,
    "groups": [{"id": 1, "name": "Peace", "screen_name": "peace", "admin_level": 3}], "upload_url": "https://u.example",
    "server": 1, "photo": "[{}]", "hash": "h", "video_id": 3, "owner_id": -1,
}  # fmt: skip
ERROR = {"error": {"error_code": 15, "error_msg": "Access denied"}}
GIVEN = {"given": {"community": "peace"}}
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(300_000)


def opened(world: World, name: str, **told: str) -> dict[str, str]:
    """Open a community of the twin that is not as others are."""
    what: dict[str, str] = world.twin.ask("POST", "/_accounts", {"platform": "vk", "name": name, **told})
    return what


def connect(world: World, *, name: str = "vk", token: str | None = None, community: str | None = None) -> Account:
    told = world.twin.opened["vk"]["peace_ko"]
    work = accounts.connect(
        world.app, "vk", name=name, base_url=world.twin.base_url, token=token or told["token"], langs=["ko"],
        by=world.alice, private=True, options={"community": community or told["community"]},
    )  # fmt: skip
    account: Account = world.run(work).account
    return account


def open_adapter(world: World, name: str = "vk", kept: Exchanges | None = None) -> Adapter:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, name)
        token = account_rows.token_of(tx, account, world.app.vault)
    adapter: Adapter = world.app.open_adapter(account, token, kept or Exchanges())
    return adapter


@pytest.fixture
def adapter(world: World) -> Adapter:
    connect(world)
    return open_adapter(world)


def other(world: World, name: str, **told: str) -> Adapter:
    """Open the adapter of a community that is not as others are."""
    given = opened(world, name, **told)
    connect(world, name=name, token=given["token"], community=name)
    return open_adapter(world, name)


def medium(world: World, colour: str = "navy", alt: str = "남색 그림") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def clip(world: World) -> OutgoingMedium:
    file = world.folder / "clip.mp4"
    file.write_bytes(CLIP)
    found = world.app.media.put(file, mime="video/mp4")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 640, 360, "영상", seconds=7.4)


def outgoing(text: str = "Привет <b>& мир", *media: OutgoingMedium, **more: Any) -> Outgoing:
    return Outgoing("vk", "vk", ("ru",), text, media=media, **more)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))
    return made


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="vk")


def lose(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    wire = prepare(world, adapter, wanted, **options)
    world.twin.fault("lose_response", path=POST)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    return wire


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, two = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글")
    missing = f"{world.twin.opened['vk']['peace_ko']['id']}_999999"
    bench = Bench(
        adapter, one, two, rows, missing, world.clock.now, world.app.media.open, fault=world.twin.fault,
        line=("POST", POST), wait=lambda seconds: world.clock.turn(seconds=seconds),
    )  # fmt: skip
    world.run(exercise(bench))


def test_an_account_is_a_community(world: World) -> None:
    account = connect(world)

    assert (Guarantee.READ_BACK, "@peace_ko", "vk", "peace_ko") == (
        account.guarantee,
        account.handle,
        account.kind,
        account.sheet["community"],
    )
    assert world.twin.opened["vk"]["peace_ko"]["id"] == account.remote_id
    assert {} == world.run(accounts.test(world.app, "vk"))["changed"]
    assert world.twin.opened["vk"]["peace_ko"]["token"] not in json.dumps(dict(account.sheet))


def test_what_does_not_connect_says_what_to_do(world: World) -> None:
    cases: list[tuple[dict[str, str], type[Outcome], str]] = [
        ({"token": "group"}, Unauthorized, "the token is not a user's"),
        ({"rights": "4"}, Unauthorized, "lacks the right `wall`"),
        ({"level": "1"}, Refused, "make this user an editor"),
    ]
    for number, (told, error, words) in enumerate(cases):
        given = opened(world, f"odd{number}", **told)
        with pytest.raises(error, match=words):
            connect(world, token=given["token"], community=f"odd{number}")
    with pytest.raises(Refused, match="group_ids is invalid"):
        connect(world, community="nobody")
    with pytest.raises(Unauthorized, match="invalid access_token"):
        connect(world, token="vk1.a.nonsense")


def test_rights_that_are_lacking_are_warned_of(world: World) -> None:
    given = opened(world, "narrow", rights=str(8192 | 4), token="vk2")
    work = accounts.connect(
        world.app, "vk", name="n", base_url=world.twin.base_url, token=given["token"], langs=["ko"], by=world.alice,
        private=True, options={"community": "narrow"},
    )  # fmt: skip

    assert ["a token of VK ID: VK refuses wall.post from it (error 1051)"] == list(world.run(work).warnings)[:1]
    assert 3 == len(world.run(accounts.test(world.app, "n"))["warnings"])  # and video, and stats


def test_the_bytes_of_the_request_are_those_of_the_line_and_the_token(world: World) -> None:
    connect(world)
    kept = Exchanges()
    adapter = open_adapter(world, kept=kept)
    wanted = outgoing('평화 мир ☮️ \u2028 "\\ & + =')
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    token = world.twin.opened["vk"]["peace_ko"]["token"]
    [sent] = [row for row in world.twin.requests() if row["path"] == POST]

    assert sent["body_sha256"] == hashlib.sha256(f"{wire['body']}&access_token={token}".encode()).hexdigest()
    assert token not in json.dumps(wire)
    assert not [one for one in kept.kept if token.encode() in one.request]
    assert (wanted.text, "a key") == (books(world)[0]["text"], books(world)[0]["idempotency_key"])


def test_pictures_clips_and_their_descriptions_arrive(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing("두 매체", medium(world, alt="<남색> & 'x'"), clip(world)))
    [row] = books(world)

    assert [("<남색> & 'x'", "image/png"), ("영상", "video/mp4")] == [
        (one["description"], one["mime"]) for one in row["media"]
    ]
    assert made.permalink == row["url"] == f"{world.twin.base_url}/wall{made.remote_id}"


def test_a_link_is_attached_where_nothing_else_is(world: World, adapter: Adapter) -> None:
    publish(world, adapter, outgoing("c https://example.org/", link="https://example.org/"))
    publish(world, adapter, outgoing("d", medium(world), link="https://example.org/"), key="other")

    assert ["https://example.org/", None] == [row["link"] for row in books(world)]


def test_an_account_is_connected_by_consent(world: World) -> None:
    us, back = Registered("5", SECRET), "https://desk.example/accounts/connect/callback"
    begun = world.run(
        begin(
            world.app, "vk", name="vk", base_url=world.twin.base_url, langs=["ru"], by=world.alice, private=True,
            client=us, redirect_uri=back, options={"community": "peace_ru"},
        )
    )  # fmt: skip
    shown = httpx.get(begun.url)
    yes = httpx.post(begun.url, data={"account": "peace_ru"})
    linked = world.run(finish(world.app, read_redirect(yes.headers["location"]), by=world.alice))
    made = publish(world, open_adapter(world), outgoing("согласие", medium(world)))

    assert (200, True) == (shown.status_code, "wall,photos,video" in shown.text)
    assert ("@peace_ru", ()) == (linked.account.handle, linked.warnings)
    assert made.remote_id == books(world)[0]["id"]
    wrong = httpx.post(f"{world.twin.base_url}/access_token", data={"client_secret": SECRET, "code": "used"})
    assert (401, "invalid_grant") == (wrong.status_code, wrong.json()["error"])


def test_a_thread_is_refused(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused, match="no threads"):
        prepare(world, adapter, outgoing(), parent=Parent("-1_1", {}))


CODES: list[tuple[Any, str, type[Outcome]]] = [
    (5, "User authorization failed", Unauthorized),
    (27, "Group authorization failed", Unauthorized),
    (1051, "Method is unavailable", Unauthorized),
    (14, "Captcha needed", Unauthorized),
    (17, "Validation required", Unauthorized),
    (24, "Confirmation required", Refused),
    (6, "Too many requests per second", RateLimited),
    (9, "Flood control", RateLimited),
    (29, "Rate limit reached", RateLimited),
    (214, "Access to adding post denied: you can only add 50 posts a day", RateLimited),
    (214, "Access to adding post denied: a post is already scheduled for this time", Refused),
    (15, "Access denied", Refused),
    (100, "One of the parameters specified was missing or invalid", Refused),
    (1, "Unknown error occurred", Uncertain),
    (10, "Internal server error", Uncertain),
    (36, "Method execution was interrupted due to timeout", Uncertain),
    (None, "", Uncertain),
    (True, "", Uncertain),
    ("5", "", Uncertain),
]


def test_each_error_of_vk_is_one_of_the_outcomes(world: World, adapter: Adapter) -> None:
    token = world.twin.opened["vk"]["peace_ko"]["token"]
    wire = prepare(world, adapter, outgoing())
    for code, words, error in CODES:
        body = {"error": {"error_code": code, "error_msg": f"{words} {token}"}}
        world.twin.fault("bad_json", path=POST, body=json.dumps(body))
        with pytest.raises(Outcome) as caught:
            world.run(adapter.publish(outgoing(), wire))

        assert (code, error) == (code, type(caught.value))
        assert token not in str(caught.value)
        assert str(code) in str(caught.value)


def test_an_answer_without_a_post_is_a_doubt_and_a_token_that_ended_is_not(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    for body in ("{}", "[]", '{"response": 1}', '{"response": {"post_id": true}}', '{"response": {"post_id": 0}}'):
        world.twin.fault("bad_json", path=POST, body=body)
        with pytest.raises(Uncertain):
            world.run(adapter.publish(outgoing(), wire))
    world.twin.fault("expired_token")
    with pytest.raises(Unauthorized, match="has expired"):
        world.run(adapter.publish(outgoing(), wire))


def test_a_lost_answer_is_found_on_the_wall_by_its_text_and_by_its_picture(world: World, adapter: Adapter) -> None:
    since = world.clock.now()
    plain, pictured = outgoing("Просто &amp; текст"), outgoing("С картинкой", medium(world))
    one, two = lose(world, adapter, plain), lose(world, adapter, pictured, key="other")
    found = world.run(adapter.confirm(plain, one, Doubt(since)))
    shown = world.run(adapter.confirm(replace(pictured, text="otherwise rendered"), two, Doubt(since)))

    assert [row["id"] for row in books(world)] == [found.remote_id, shown.remote_id]
    assert world.clock.now() == found.published_at
    assert world.run(adapter.confirm(plain, one, Doubt(since, frozenset({found.remote_id})))) is None


def test_a_lost_answer_and_a_lost_request_both_end_in_exactly_one_post(world: World) -> None:
    connect(world)
    for number, fault in enumerate(("lose_response", "drop_request")):
        picture = world.picture(name=f"{number}.png", colour=("navy", "teal")[number])
        world.post(f"P{number}", to=("vk",), pictures=[picture])
        world.clock.turn(minutes=10)
        world.twin.fault(fault, path=POST)
        world.tick()
        for _ in range(8):
            world.clock.turn(seconds=40)
            world.tick()

    assert ["published", "published"] == world.states()
    assert [row.remote_id for row in world.deliveries()] == [row["id"] for row in books(world)]


def test_a_pinned_post_does_not_end_the_search(world: World) -> None:
    adapter, since = other(world, "pinning", pinned="올해의 글"), world.clock.now()
    wanted = outgoing("закреплён")
    wire = lose(world, adapter, wanted)

    assert books(world)[0]["id"] == world.run(adapter.confirm(wanted, wire, Doubt(since))).remote_id
    assert world.run(adapter.confirm(outgoing("올해의 글"), wire, Doubt(since))) is None  # it is older than the doubt


def test_a_lagging_wall_and_one_that_cannot_be_read(world: World, adapter: Adapter) -> None:
    since = world.clock.now()
    wire = lose(world, adapter, outgoing())
    world.twin.fault("lagging_list", seconds=60)

    assert world.run(adapter.confirm(outgoing(), wire, Doubt(since))) is None

    world.twin.clear()
    for body in ("{}", '{"response": 1}', '{"response": {"items": [{}], "count": 1}}', '{"response": {"items": []}}'):
        world.twin.fault("bad_json", path=WALL, body=body)
        with pytest.raises(Unavailable):
            world.run(adapter.confirm(outgoing(), wire, Doubt(since)))
    assert world.run(adapter.confirm(outgoing(), wire, Doubt(since))).remote_id == books(world)[0]["id"]


def test_a_wall_that_was_not_read_to_its_end_is_never_not_there(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    date = int(world.clock.now().timestamp())
    page = {"response": {"count": 10**6, "items": [{"id": 1, "owner_id": -1, "date": date, "text": "another"}]}}
    world.twin.fault("bad_json", path=WALL, body=json.dumps(page), times=PAGES)
    with pytest.raises(Unavailable, match="not read to its end"):
        world.run(adapter.confirm(outgoing(), wire, Doubt(world.clock.now())))


def test_whatever_a_repeated_guid_is_answered_there_is_one_post(world: World) -> None:
    for repeat in ("same", "flood", "invalid"):
        adapter, since = other(world, f"repeat_{repeat}", repeat=repeat), world.clock.now()
        wanted = outgoing("дважды", medium(world))
        first = lose(world, adapter, wanted)
        again = prepare(world, adapter, wanted, previous=first)
        try:
            world.run(adapter.publish(wanted, again))
        except (Uncertain, RateLimited) as error:
            assert repeat != "same", error
        found = world.run(adapter.confirm(wanted, again, Doubt(since)))

        assert first["attachments"] == again["attachments"]
        assert [found.remote_id] == [row["id"] for row in books(world) if row["account"] == f"repeat_{repeat}"]


def test_statistics_that_are_denied_do_not_blank_the_other_counters(world: World) -> None:
    adapter = other(world, "nostats", rights=str(8192 | 4 | 16))
    made = publish(world, adapter, outgoing())
    world.twin.fault("missing_metric", metric="views")
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert {
        "views": ReadingStatus.ERROR,
        "reach": ReadingStatus.NOT_PERMITTED,
        "link_clicks": ReadingStatus.NOT_PERMITTED,
        "reactions": ReadingStatus.OK,
        "replies": ReadingStatus.OK,
        "reposts": ReadingStatus.OK,
    } == {metric: reading.status for metric, reading in found.items()}


def test_counters_are_those_of_the_books(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    world.clock.turn(days=3)
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]
    true = world.twin.ask("GET", "/_books/counts", platform="vk", id=made.remote_id)

    assert (true["views"], true["reach"], true["links"], true["likes"]) == (
        found["views"].value,
        found["reach"].value,
        found["link_clicks"].value,
        found["reactions"].value,
    )
    assert found["views"].value


def test_comments_come_with_who_answered_whom(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    owner, _, post = made.remote_id.partition("_")

    def write(who: str, text: str, **more: Any) -> str:
        told = {"owner_id": owner, "post_id": post, "message": text, "v": "5.199", **more}
        token = world.twin.opened["vk"][who]["token"]
        answer = world.twin.ask("GET", "/method/wall.createComment", access_token=token, **told)
        return f"{owner}_{answer['response']['comment_id']}"

    first = write("peace_ru", "Хорошо!")
    world.clock.turn(minutes=1)
    second = write("peace_en", "Indeed", reply_to_comment=first.partition("_")[2])
    found = world.run(adapter.comments(made.remote_id))

    assert [(first, made.remote_id, "Peace Редакция", "Хорошо!"), (second, first, "Peace Редакция", "Indeed")] == [
        (one.remote_id, one.in_reply_to, one.author, one.text) for one in found
    ]
    assert [world.clock.now() - timedelta(minutes=1), world.clock.now()] == [one.at for one in found]


def test_comments_that_are_closed_are_refused(world: World) -> None:
    adapter = other(world, "silent", closed="1")
    made = publish(world, adapter, outgoing())
    with pytest.raises(Refused, match="212"):
        world.run(adapter.comments(made.remote_id))


def test_an_edit_keeps_what_hangs_on_the_post_and_changes_its_description(world: World, adapter: Adapter) -> None:
    wanted = outgoing("раз", medium(world))
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    world.run(adapter.edit(made.remote_id, outgoing("два", medium(world, alt="другое")), wire))
    [row] = books(world)

    assert ("два", ["раз", "два"], "другое") == (row["text"], row["versions"], row["media"][0]["description"])


def test_a_picture_that_vk_does_not_take_is_refused(world: World, adapter: Adapter) -> None:
    for body in ('{"server": 1, "photo": "[]", "hash": "x"}', '{"error": "ERR_UPLOAD_BAD_IMAGE_SIZE"}'):
        world.twin.fault("bad_json", path="/vk/upload/*", body=body)
        with pytest.raises(Refused, match=r"VK (could not read|did not take)"):
            prepare(world, adapter, outgoing("글", medium(world)))


def test_a_person_may_name_a_post_by_its_address(world: World) -> None:
    account = replace(connect(world), base_url="https://api.vk.com")
    for url in ("https://vk.com/wall{0}_7", "https://m.vk.com/peace_ko?w=wall{0}_7%2Fall"):
        assert f"{account.remote_id}_7" == VK.locate(account, url.format(account.remote_id))
    assert "https://vk.ru" == web_of(replace(account, base_url="https://api.vk.ru"))
    for wrong in ("https://vk.com/wall-1_7", "https://example.org/wall{0}_7", "https://vk.com/peace_ko"):
        with pytest.raises(Invalid):
            VK.locate(account, wrong.format(account.remote_id))


@settings(max_examples=150, deadline=None)
@given(bent({"response": ANSWER}) | bent({"response": [ITEM]}) | bent(ERROR))
def test_no_answer_however_strange_raises_anything_but_an_outcome(answer: Any) -> None:
    account = Account("i", "vk", "vk", VK.home, "@peace", "-1", "vk", ("ru",), Guarantee.READ_BACK, GIVEN, NOW)
    wanted = outgoing("текст", OutgoingMedium("0" * 64, "image/png", 1, 1, 1, "alt"))
    wire = {"body": "owner_id=-1", "attachments": ["photo-1_2"], "tries": 1, "key": "k"}
    read = lambda digest: io.BytesIO(b"x")  # noqa: E731
    vk = VK.open(Parrot(answer), account)  # type: ignore[arg-type] - stands where the client would
    with asyncio.Runner() as runner:
        for verb in (
            vk.connect,
            lambda: vk.prepare(wanted, key="k", parent=None, previous=None, open_medium=read),
            lambda: vk.publish(wanted, wire),
            lambda: vk.confirm(wanted, wire, Doubt(NOW)),
            lambda: vk.confirm(replace(wanted, media=()), {**wire, "attachments": []}, Doubt(NOW)),
            lambda: vk.fetch("-1_2"),
            lambda: vk.measure(["-1_2"]),
            lambda: vk.comments("-1_2"),
            lambda: vk.edit("-1_2", wanted, wire),
            lambda: vk.delete("-1_2"),
        ):
            runner.run(survives(verb))
