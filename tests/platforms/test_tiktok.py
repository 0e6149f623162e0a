"""TikTok: the contract, and what is its own: the piece that publishes, handles, moderation, privacy, forgotten ids."""

import io
from dataclasses import replace
from typing import Any

import pytest

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.check import check
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Outgoing, OutgoingMedium, Pending, Published, ReadingStatus
from campaign.platforms.tiktok import CAPABILITIES, CHUNK
from campaign.platforms.tiktok import Adapter as TikTok
from campaign.platforms.tiktok.speech import meant
from campaign.sandbox.serve import ask
from campaign.service.compose import Picture
from tests.clips import clip_file
from tests.conftest import World

from .conformance import Bench, exercise

UPLOAD, STATUS = "/tiktok/upload", "/tiktok/v2/post/publish/status/fetch/"


@pytest.fixture
def linked(world: World) -> Account:
    return world.link("tiktok", "tt")


@pytest.fixture
def kept() -> Exchanges:
    return Exchanges()


@pytest.fixture
def adapter(world: World, linked: Account, kept: Exchanges) -> Adapter:
    return opened(world, linked, kept=kept)


def opened(world: World, account: Account, twin: str = "peace_ko", kept: Exchanges | None = None) -> Adapter:
    return world.app.open_adapter(account, world.twin.opened["tiktok"][twin]["token"], kept or Exchanges())


def another(world: World, name: str = "other", **told: str) -> Adapter:
    """Open one more user at the twin, and connect it."""
    world.twin.opened["tiktok"][name] = ask(
        world.twin.base_url, "POST", "/_accounts", {"platform": "tiktok", "name": name, **told}
    )
    return opened(world, world.link("tiktok", name, twin_account=name), name)


def clip(world: World, size: int = 300) -> OutgoingMedium:
    found = world.app.media.put(io.BytesIO(b"\x00\x00\x00\x18ftypmp42" + bytes(size - 12)), mime="video/mp4")
    return OutgoingMedium(found.sha256, "video/mp4", found.size, 360, 640, "영상", seconds=7.4)


def outgoing(medium: OutgoingMedium, text: str = "평화의 길 & <мир> #평화") -> Outgoing:
    return Outgoing("tt", "tiktok", ("ko",), text, media=(medium,))


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def made(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> tuple[dict[str, Any], Published]:
    wire, since = prepare(world, adapter, wanted, **options), world.clock.now()
    found = world.run(adapter.publish(wanted, wire))
    for _ in range(3):
        assert isinstance(found, Pending)
        found = world.run(adapter.confirm(wanted, wire, Doubt(since)))
    assert isinstance(found, Published)
    return wire, found


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="tiktok")


def puts(world: World) -> list[tuple[int, int | None]]:
    """Return size and answer of each piece that arrived."""
    return [(row["bytes"], row["answered"]) for row in world.twin.requests() if row["path"] == UPLOAD]


def inits(world: World) -> int:
    return sum(row["path"].endswith("/init/") for row in world.twin.requests())


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    bench = Bench(
        adapter, outgoing(clip(world)), outgoing(clip(world, 400), "다른 글"), rows, "7000000000000000000",
        world.clock.now, world.app.media.open, fault=world.twin.fault, line=("PUT", UPLOAD),
        wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_words_and_privacy_arrive_and_what_the_creator_forbids_stays_off(world: World, adapter: Adapter) -> None:
    wanted = outgoing(clip(world))
    _, found = made(world, adapter, wanted)
    [row] = books(world)

    assert (wanted.text, "PUBLIC_TO_EVERYONE", False, wanted.media[0].sha256) == (
        row["text"],
        row["visibility"],
        row["duet"],
        row["media"][0]["sha256"],
    )
    assert row["url"] == found.permalink


@pytest.mark.parametrize(
    ("size", "before", "last"),
    [(CHUNK + 1, 0, CHUNK + 1), (2 * CHUNK + 1, 1, CHUNK + 1)],
)  # fmt: skip
def test_all_pieces_but_the_last_go_up_before_the_line(
    world: World, adapter: Adapter, size: int, before: int, last: int
) -> None:
    wanted = outgoing(clip(world, size))
    wire = prepare(world, adapter, wanted)

    assert ([(CHUNK, 206)] * before, []) == (puts(world), books(world))

    world.run(adapter.publish(wanted, wire))

    assert (last, 201) == puts(world)[-1]
    assert wanted.media[0].sha256 == books(world)[0]["media"][0]["sha256"]


def test_an_upload_that_breaks_off_goes_on_where_it_was(world: World, adapter: Adapter) -> None:
    wanted = outgoing(clip(world, 2 * CHUNK))
    world.twin.fault("lose_response", path=UPLOAD)  # the piece is there, and nobody says so
    prepare(world, adapter, wanted)

    assert 1 == len(puts(world))

    world.twin.fault("500_before", path=UPLOAD, times=4)
    with pytest.raises(Unavailable):
        prepare(world, adapter, replace(wanted, text="다른 글"))
    again = prepare(world, adapter, replace(wanted, text="다른 글"))

    assert 2 == inits(world)
    assert isinstance(world.run(adapter.publish(wanted, again)), Pending)


def test_an_address_that_is_dead_begins_anew(world: World, adapter: Adapter) -> None:
    wanted = outgoing(clip(world, 2 * CHUNK))
    world.twin.fault("ignore_key", path=UPLOAD, times=1)
    with pytest.raises(Unavailable, match="begins anew"):
        prepare(world, adapter, wanted)
    first = prepare(world, adapter, wanted)
    world.twin.fault("ignore_key", path=UPLOAD)
    with pytest.raises(Uncertain, match="earlier attempt"):
        world.run(adapter.publish(wanted, {**first, "uses": 2}))
    world.twin.clear()
    second = prepare(world, adapter, wanted, previous=first)
    world.twin.fault("ignore_key", path=UPLOAD)
    with pytest.raises(Unavailable, match="begins anew"):
        world.run(adapter.publish(wanted, second))
    world.twin.clear()
    third = prepare(world, adapter, wanted, previous=second)

    assert ([first["publish_id"], second["publish_id"]], 4) == (third["past"], inits(world))
    assert isinstance(world.run(adapter.publish(wanted, third)), Pending)


def test_a_piece_that_is_sent_again_is_the_same_post(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(clip(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lagging_list", path=STATUS)
    world.run(adapter.publish(wanted, wire))

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None

    again = prepare(world, adapter, wanted, previous=wire)
    with pytest.raises(Uncertain, match="earlier attempt may have sent it"):
        world.run(adapter.publish(wanted, again))
    world.twin.clear()
    for _ in range(3):
        found = world.run(adapter.confirm(wanted, again, Doubt(since)))

    assert (books(world)[0]["id"], 1, wire["publish_id"]) == (found.remote_id, len(books(world)), again["publish_id"])


def test_what_an_earlier_attempt_published_is_found(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(clip(world)), world.clock.now()
    first = prepare(world, adapter, wanted)
    world.twin.fault("ignore_key", path=STATUS, times=1)
    second = prepare(world, adapter, wanted, previous=first, key="another")
    world.run(adapter.publish(wanted, first))
    for _ in range(3):
        found = world.run(adapter.confirm(wanted, second, Doubt(since)))

    assert (books(world)[0]["id"], [first["publish_id"]]) == (found.remote_id, second["past"])


def test_a_publish_id_that_is_forgotten_is_looked_for_in_the_list(world: World, adapter: Adapter) -> None:
    long = outgoing(clip(world), "평화 " * 60 + "끝")  # a list shows 150 characters of it
    since = world.clock.now()
    wire = prepare(world, adapter, long)
    world.twin.fault("ignore_key", path=STATUS)

    assert world.run(adapter.confirm(long, wire, Doubt(since))) is None

    for number in range(25):  # two pages of others
        world.run(adapter.publish(long, prepare(world, adapter, outgoing(clip(world), f"{number}"), key=f"{number}")))
        world.clock.turn(seconds=1)
    world.run(adapter.publish(long, wire))
    mine = books(world)[-1]["id"]
    found = world.run(adapter.confirm(long, wire, Doubt(since)))

    assert mine == found.remote_id
    assert world.run(adapter.confirm(long, wire, Doubt(since, frozenset({mine})))) is None
    first = replace(long, text="0")
    assert books(world)[0]["id"] == world.run(adapter.confirm(first, wire, Doubt(since))).remote_id


def test_what_would_not_be_seen_in_the_list_is_never_taken_for_not_there(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(clip(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("ignore_key", path=STATUS)
    for hidden, told in ((wanted, {**wire, "privacy": "SELF_ONLY"}), (replace(wanted, text=""), wire)):
        with pytest.raises(Uncertain, match="forgotten"):
            world.run(adapter.confirm(hidden, told, Doubt(since)))


def test_a_post_that_moderation_keeps_is_pending_for_a_day_and_then_known_by_its_handle(world: World) -> None:
    adapter, wanted, since = another(world, moderated="no"), outgoing(clip(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    for _ in range(4):
        assert isinstance(world.run(adapter.confirm(wanted, wire, Doubt(since))), Pending)
    world.clock.turn(hours=25)
    found = world.run(adapter.confirm(wanted, wire, Doubt(since)))

    assert (wire["publish_id"], None) == (found.remote_id, found.permalink)
    assert "PUBLISH_COMPLETE" == world.run(adapter.fetch(found.remote_id))["status"]


def test_an_app_that_is_not_audited_posts_for_its_owner_alone(world: World) -> None:
    wanted, since = outgoing(clip(world)), world.clock.now()
    with pytest.raises(Refused, match="privacy=SELF_ONLY"):
        prepare(world, another(world, "loud", audited="no"), wanted)
    adapter = another(world, "quiet", audited="no", privacy="SELF_ONLY")
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    world.run(adapter.confirm(wanted, wire, Doubt(since)))
    found = world.run(adapter.confirm(wanted, wire, Doubt(since)))
    told = world.run(adapter.measure([found.remote_id]))[found.remote_id]

    assert (wire["publish_id"], "SELF_ONLY") == (found.remote_id, books(world)[0]["visibility"])
    assert {ReadingStatus.NOT_PERMITTED} == {reading.status for reading in told.values()}


def test_connecting_warns_of_what_is_not_allowed(world: World, adapter: Adapter) -> None:
    told = world.run(adapter.connect())

    assert ("@peace_ko", 300.0) == (told.handle, told.sheet["video_seconds"])
    assert "not audited" in told.warnings[0]
    with pytest.raises(Invalid, match="must be one of"):
        world.link("tiktok", "bad", options={"privacy": "EVERYBODY"})
    assert "may not post" in world.run(another(world, levels="SELF_ONLY").connect()).warnings[1]


@pytest.mark.parametrize(
    ("traits", "outcome", "words"),
    [
        ({"levels": "SELF_ONLY"}, Refused, "TikTok offers SELF_ONLY"),
        ({"seconds": "7"}, Refused, "at most 7 seconds"),
        ({"posts": "0"}, RateLimited, "no more posts today"),
        ({"banned": "yes"}, Refused, "banned"),
    ],
)
def test_what_a_creator_may_not_do_is_told(
    world: World, traits: dict[str, str], outcome: type[Outcome], words: str
) -> None:
    with pytest.raises(outcome, match=words):
        prepare(world, another(world, **traits), outgoing(clip(world)))

    assert [] == puts(world)


def test_a_scope_that_is_missing_asks_for_a_new_consent(world: World) -> None:
    adapter = another(world, lacks="video")
    with pytest.raises(Unauthorized):
        world.run(adapter.measure(["7000000000000000000"]))


@pytest.mark.parametrize(("why", "last"), [("duration_check_failed", Refused), ("internal", None)])
def test_a_clip_that_fails_is_not_there_and_the_next_attempt_says_why(
    world: World, why: str, last: type[Outcome] | None
) -> None:
    adapter, wanted, since = another(world, fails=why), outgoing(clip(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))

    assert isinstance(world.run(adapter.confirm(wanted, wire, Doubt(since))), Pending)
    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None

    if last is None:
        assert wire["publish_id"] != prepare(world, adapter, wanted, previous=wire)["publish_id"]
        return
    with pytest.raises(last, match=why):
        prepare(world, adapter, wanted, previous=wire)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("scope_not_authorized", Unauthorized),
        ("scope_permission_missed", Unauthorized),
        ("spam_risk_too_many_posts", RateLimited),
        ("spam_risk_too_many_pending_share", RateLimited),
        ("reached_active_user_cap", RateLimited),
        ("rate_limit_exceeded", RateLimited),
        ("internal_error", Unavailable),
        ("spam_risk_text", Refused),
        ("", Refused),
    ],
)
def test_a_code_says_what_a_refusal_means(code: str, outcome: type[Outcome]) -> None:
    assert outcome is type(meant(code, Refused("no", status=403)))


HOSTILE = (
    "[]", "{}", '{"data": {}, "error": {}}', '{"data": [], "error": {"code": "ok"}}', '{"error": {"code": "x"}}',
    '{"data": {"videos": 7, "status": 7, "user": 7}, "error": {"code": "ok"}}',
    '{"data": {"status": "PROCESSING_UPLOAD", "uploaded_bytes": "many", "videos": {}}, "error": {"code": "ok"}}',
)  # fmt: skip


def test_a_hostile_answer_is_an_outcome_and_never_not_there(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(clip(world)), world.clock.now()
    wire, found = made(world, adapter, wanted)
    new = {"key": "n", "parent": None, "previous": None, "open_medium": world.app.media.open}
    work = (
        lambda: adapter.confirm(wanted, wire, Doubt(since)),
        lambda: adapter.measure([found.remote_id]),
        lambda: adapter.fetch(found.remote_id),
        lambda: adapter.prepare(wanted, **new),  # type: ignore[arg-type]
        adapter.connect,
    )
    for body in HOSTILE:
        for act in work:
            world.twin.fault("bad_json", path="/tiktok/v2/*", body=body)
            with pytest.raises(Outcome):
                world.run(act())


def test_only_an_answer_that_could_be_tiktoks_is_taken_for_one(world: World, adapter: Adapter) -> None:
    wanted = outgoing(clip(world))
    for number, body in enumerate(("", "{}", "<html>")):
        wire = prepare(world, adapter, wanted, key=f"{number}")
        world.twin.fault("bad_json", path=UPLOAD, body=body)
        if body == "<html>":
            with pytest.raises(Uncertain):
                world.run(adapter.publish(wanted, wire))
        else:
            assert isinstance(world.run(adapter.publish(wanted, wire)), Pending)


def test_a_clip_that_is_not_at_hand_was_not_sent(world: World, adapter: Adapter, linked: Account) -> None:
    wire = prepare(world, adapter, outgoing(clip(world)))
    with pytest.raises(Unavailable, match="nothing was sent"):
        world.run(opened(world, linked).publish(outgoing(clip(world)), wire))


def test_counters_are_the_twins_and_one_that_is_missing_is_an_error(world: World, adapter: Adapter) -> None:
    _, found = made(world, adapter, outgoing(clip(world)))
    world.clock.turn(days=30)
    world.twin.fault("missing_metric", metric="like_count")
    told = world.run(adapter.measure([found.remote_id]))[found.remote_id]
    truth = world.twin.ask("GET", "/_books/counts", platform="tiktok", id=found.remote_id)

    assert ReadingStatus.ERROR is told.pop("reactions").status
    assert {name: truth[name] for name in told} == {name: reading.value for name, reading in told.items()}
    assert truth["views"] > truth["replies"] > 0


def test_a_token_never_goes_to_the_upload_address_nor_its_secret_into_the_record(
    world: World, adapter: Adapter, kept: Exchanges
) -> None:
    wanted = outgoing(clip(world))
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    sent = next(each for each in kept.kept if each.method == "PUT")
    secret = wire["_upload_url"].rpartition("=")[2]
    evidence = b"".join(each.request + (each.response or b"") + each.url.encode() for each in kept.kept)

    assert b"authorization" not in sent.request.lower()
    assert len(secret) > 20 and secret.encode() not in evidence


def test_a_lost_answer_ends_in_one_post_and_no_secret_of_the_wire_is_archived(world: World, linked: Account) -> None:
    video = Picture(clip_file(world.folder / "a.mp4", seconds=3.0), {"ko": "영상"})
    world.post(to=("tt",), texts={"ko": "평화"}, pictures=(video,))
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", path=UPLOAD)
    for _ in range(8):
        world.tick()
        world.clock.turn_monotonic(30)
    [row] = world.deliveries()
    secret = (row.wire or {})["_upload_url"].rpartition("=")[2]
    record = b"".join(file.read_bytes() for file in (world.settings.root / "archive").rglob("*") if file.is_file())

    assert (["published"], 1) == (world.states(), len(books(world)))
    assert row.remote_id == books(world)[0]["id"]
    assert str(row.wire["publish_id"] if row.wire else "").encode() in record
    assert secret.encode() not in record


def test_what_did_not_arrive_goes_out_under_the_same_handle(world: World, linked: Account) -> None:
    video = Picture(clip_file(world.folder / "a.mp4", seconds=3.0), {"ko": "영상"})
    world.post(to=("tt",), texts={"ko": "평화"}, pictures=(video,))
    world.clock.turn(minutes=10)
    world.twin.fault("drop_request", path=UPLOAD)
    for _ in range(9):
        world.tick()
        world.clock.turn_monotonic(15)

    assert (["published"], 1, 1, 2) == (world.states(), len(books(world)), inits(world), len(puts(world)))


def test_an_address_names_its_post_or_is_refused(linked: Account) -> None:
    good = ("https://www.tiktok.com/@peace_ko/video/{}?lang=ko", "https://m.tiktok.com/@Peace_ko/video/{}")
    bad = (
        "https://www.tiktok.com/@other/video/{}",
        "https://www.tiktok.com/@peace_ko",
        "https://a.example/@peace_ko/{}",
    )
    ident = "7500000000000000001"
    for url in good:
        assert ident == TikTok.locate(linked, url.format(ident))
    for url in bad:
        with pytest.raises(Invalid):
            TikTok.locate(linked, url.format(ident))


def test_what_does_not_fit_is_found_before_anything_is_sent(world: World) -> None:
    short, long, picture = ({"seconds": 2.9}, {"seconds": 601.0}, {"mime": "image/png"})
    fits = outgoing(clip(world))
    wrong = [outgoing(replace(clip(world), **each)) for each in (short, long, picture)]  # type: ignore[arg-type]
    for wanted in (*wrong, replace(fits, media=()), replace(fits, text="가" * 2201)):
        assert ["error"] == [found.severity for found in check(wanted, CAPABILITIES)], wanted

    assert [] == check(fits, CAPABILITIES)


def test_a_text_is_not_needed_and_a_part_that_answers_another_is_refused(world: World, adapter: Adapter) -> None:
    wanted = replace(outgoing(clip(world)), text="")

    assert [] == check(wanted, CAPABILITIES)
    assert isinstance(world.run(adapter.publish(wanted, prepare(world, adapter, wanted))), Pending)
    with pytest.raises(Refused):
        prepare(world, adapter, wanted, parent=Parent("x", {}))
