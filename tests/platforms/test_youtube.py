"""YouTube: the contract, and what is its own: resumed uploads, wordings beside, tracks, quota, and its own schemas."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import googleapiclient
import jsonschema
import pytest
from PIL import Image

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.check import check
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Outgoing, OutgoingMedium, Pending, Published, ReadingStatus
from campaign.platforms.youtube import CAPABILITIES
from campaign.platforms.youtube import Adapter as YouTube
from campaign.platforms.youtube.speech import meant, until_midnight
from campaign.platforms.youtube.upload import PIECE, UNIT, UPLOAD
from campaign.sandbox.serve import ask
from campaign.service.compose import Picture, Wording
from tests.clips import WORDS, clip_file, vtt_file
from tests.conftest import World

from .conformance import Bench, exercise

VIDEOS, CAPTIONS = "/youtube/v3/videos", "/upload/youtube/v3/captions"


@pytest.fixture
def linked(world: World) -> Account:
    return world.link("youtube", "yt")


@pytest.fixture
def kept() -> Exchanges:
    return Exchanges()


@pytest.fixture
def adapter(world: World, linked: Account, kept: Exchanges) -> Adapter:
    return opened(world, linked, kept=kept)


def opened(world: World, account: Account, twin: str = "peace_ko", kept: Exchanges | None = None) -> Adapter:
    return world.app.open_adapter(account, world.twin.opened["youtube"][twin]["token"], kept or Exchanges())


def another(world: World, **told: str) -> Adapter:
    """Open one more channel at the twin, and connect it."""
    asked = {"platform": "youtube", "name": "other", **told}
    world.twin.opened["youtube"]["other"] = ask(world.twin.base_url, "POST", "/_accounts", asked)
    return opened(world, world.link("youtube", "other", twin_account="other"), "other")


def clip(world: World, size: int = 300, *langs: str, poster: bool = False) -> OutgoingMedium:
    found = world.app.media.put(io.BytesIO(b"\x00\x00\x00\x18ftypmp42" + bytes(size - 12)), mime="video/mp4")
    tracks = {lang: f"WEBVTT\n\n00:00.000 --> 00:01.000\n{lang} 평화 --\n" for lang in langs}
    captions = {lang: world.app.media.put(io.BytesIO(text.encode())).sha256 for lang, text in tracks.items()}
    face = io.BytesIO()
    Image.new("RGB", (64, 36), "navy").save(face, "JPEG")
    shown = world.app.media.put(io.BytesIO(face.getvalue())).sha256 if poster else None
    return OutgoingMedium(
        found.sha256, "video/mp4", found.size, 64, 36, "영상", seconds=7.4, captions=captions, poster=shown
    )


def outgoing(medium: OutgoingMedium, text: str = "평화의 길\n\n#평화 https://peace.example/1", **more: Any) -> Outgoing:
    told = {"title": "이르쿠츠크에서 — «мир» & peace", "tags": ("평화", "мир"), **more}
    return Outgoing("yt", "youtube", ("ko",), text, media=(medium,), **told)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def made(world: World, adapter: Adapter, wanted: Outgoing) -> tuple[dict[str, Any], Published]:
    wire, since = prepare(world, adapter, wanted), world.clock.now()

    assert isinstance(world.run(adapter.publish(wanted, wire)), Pending)  # it is processed yet
    assert isinstance(world.run(adapter.confirm(wanted, wire, Doubt(since))), Pending)

    found = world.run(adapter.confirm(wanted, wire, Doubt(since)))

    assert isinstance(found, Published)
    return wire, found


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="youtube")


def puts(world: World) -> list[int]:
    """Return the sizes of the pieces that arrived, questions about a session being 0."""
    return [row["bytes"] for row in world.twin.requests() if (row["method"], row["path"]) == ("PUT", UPLOAD)]


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    text = outgoing(clip(world, 300, "ko", "ru", poster=True), localized={"ru": {"title": "Мир", "text": "Путь мира"}})
    bench = Bench(
        adapter, text, outgoing(clip(world, 400), "다른 글"), rows, "AAAAAAAAAAA", world.clock.now,
        world.app.media.open, fault=world.twin.fault, line=("PUT", VIDEOS), wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_everything_that_was_approved_arrives_with_the_video(world: World, adapter: Adapter) -> None:
    wanted = outgoing(
        clip(world, 300, "ko", "ru", poster=True),
        localized={"ru": {"title": "Мир", "text": "Путь"}, "en": {"title": "Peace", "text": "The way"}},
    )
    wire, found = made(world, adapter, wanted)
    [row] = books(world)
    [medium], ours = row["media"], wanted.media[0]

    assert (wire["video"], [], f"{world.twin.base_url}/watch?v={row['id']}") == (
        found.remote_id,
        wire["without"],
        found.permalink,
    )
    assert (wanted.title, wanted.text, "ko", ["평화", "мир"], False) == (
        row["title"],
        row["text"],
        row["language"],
        row["tags"],
        row["kids"],
    )
    assert {"ru": "Путь", "en": "The way"} == {lang: each["description"] for lang, each in row["localizations"].items()}
    assert (ours.sha256, dict(ours.captions), ours.poster) == (medium["sha256"], medium["captions"], medium["cover"])


def test_an_edit_replaces_words_and_keeps_the_rest(world: World, adapter: Adapter) -> None:
    wanted = outgoing(clip(world, 300, "ko"), localized={"ru": {"title": "Мир", "text": "Путь"}})
    _, found = made(world, adapter, wanted)
    changed = replace(wanted, title="새 제목", localized={"ru": {"title": "Мир!", "text": "Путь"}})
    world.run(adapter.edit(found.remote_id, changed, {}))
    [row] = books(world)

    assert ("새 제목", "Мир!", False) == (row["title"], row["localizations"]["ru"]["title"], row["kids"])
    assert "22" == world.run(adapter.fetch(found.remote_id))["snippet"]["categoryId"]


def test_an_upload_that_breaks_off_goes_on_where_it_was(world: World, adapter: Adapter) -> None:
    size = PIECE + UNIT + 5
    world.twin.fault("lose_response", method="PUT", path=UPLOAD)  # the first piece is there, and nobody says so
    wire = prepare(world, adapter, outgoing(clip(world, size)))

    assert [PIECE, 0, UNIT + 5] == puts(world)
    assert isinstance(world.run(adapter.publish(outgoing(clip(world, size)), wire)), Pending)
    assert clip(world, size).sha256 == books(world)[0]["media"][0]["sha256"]


def test_a_later_attempt_takes_what_an_earlier_one_uploaded(world: World, adapter: Adapter) -> None:
    wanted = outgoing(clip(world, 300, "ko", "ru"))
    world.twin.fault("bad_json", method="PUT", path=UPLOAD, body="[]")
    with pytest.raises(Unavailable):
        prepare(world, adapter, wanted)
    world.twin.fault("lose_response", method="POST", path=CAPTIONS)
    with pytest.raises(Unavailable):
        prepare(world, adapter, wanted)
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    [row] = books(world)

    assert ([300, 0], dict(wanted.media[0].captions)) == (puts(world), row["media"][0]["captions"])
    assert 1 == sum(row["method"] == "POST" and row["path"] == UPLOAD for row in world.twin.requests())
    assert wire["video"] != prepare(world, adapter, wanted)["video"]  # what is out is of no use to another post


def test_a_session_that_is_dead_is_opened_anew(world: World, adapter: Adapter) -> None:
    world.twin.fault("ignore_key", method="PUT", path=UPLOAD, times=1)
    prepare(world, adapter, outgoing(clip(world)))

    assert [300, 300] == puts(world)

    world.twin.fault("ignore_key", method="PUT", path=UPLOAD)
    with pytest.raises(Unavailable, match="lost twice"):
        prepare(world, adapter, outgoing(clip(world, 400)))


def test_what_opens_an_upload_session_is_never_kept(world: World, adapter: Adapter, kept: Exchanges) -> None:
    prepare(world, adapter, outgoing(clip(world)))
    begun = next(each for each in kept.kept if each.method == "POST")
    sent = next(each for each in kept.kept if each.method == "PUT")

    assert begun.response is not None and b"upload_id=[redacted]" in begun.response
    assert "upload_id=" in sent.url and len(parse_qs(urlsplit(sent.url).query)["upload_id"][0]) < 20


def test_a_private_video_that_is_gone_is_made_anew_and_the_old_one_is_remembered(
    world: World, adapter: Adapter
) -> None:
    wanted, since = outgoing(clip(world)), world.clock.now()
    first = prepare(world, adapter, wanted)
    world.twin.fault("ignore_key", method="PUT", path=VIDEOS)
    with pytest.raises(Unavailable, match="is gone"):
        world.run(adapter.publish(wanted, first))
    with pytest.raises(Uncertain, match="is gone"):
        world.run(adapter.publish(wanted, {**first, "uses": 2}))
    world.twin.fault("ignore_key", method="GET", path=VIDEOS)
    second = prepare(world, adapter, wanted, previous=first)
    world.twin.clear()
    world.run(adapter.publish(wanted, first))  # it was there after all
    world.run(adapter.confirm(wanted, second, Doubt(since)))
    found = world.run(adapter.confirm(wanted, second, Doubt(since)))

    assert (first["video"], [first["video"]]) == (found.remote_id, second["past"])
    assert first["video"] != second["video"]
    assert world.run(adapter.confirm(wanted, second, Doubt(since, frozenset({first["video"]})))) is None


def test_the_same_private_video_is_taken_for_another_attempt(world: World, adapter: Adapter) -> None:
    wanted = outgoing(clip(world))
    first = prepare(world, adapter, wanted)
    world.twin.fault("drop_request", method="PUT", path=VIDEOS)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, first))
    again = prepare(world, adapter, wanted, previous=first)

    assert (first["video"], 2, [300]) == (again["video"], again["uses"], puts(world))


def test_a_lagging_answer_is_not_there_and_never_another_post(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(clip(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.twin.fault("lagging_list", path=VIDEOS)
    world.run(adapter.publish(wanted, wire))

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None

    world.run(adapter.publish(wanted, prepare(world, adapter, wanted, previous=wire)))

    assert 1 == len(books(world))


def test_a_channel_that_may_not_publish_by_the_api_is_told_so(world: World) -> None:
    adapter, wanted = another(world, audited="no"), outgoing(clip(world))
    with pytest.raises(Refused, match="keeps it private"):
        world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))

    assert [] == books(world)


def test_what_youtube_rejects_is_not_there_and_the_next_attempt_says_why(world: World) -> None:
    adapter, wanted, since = another(world, rejects="duplicate"), outgoing(clip(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    world.run(adapter.confirm(wanted, wire, Doubt(since)))

    assert world.run(adapter.confirm(wanted, wire, Doubt(since))) is None
    with pytest.raises(Refused, match=r"rejected the video .*duplicate"):
        prepare(world, adapter, wanted, previous=wire)


def test_a_channel_that_is_not_verified_has_short_clips_and_no_thumbnails(world: World) -> None:
    adapter = another(world, verified="no")
    long = replace(clip(world, 300, poster=True), seconds=901.0)
    wire = prepare(world, adapter, outgoing(clip(world, 300, poster=True)))

    assert ["thumbnail"] == wire["without"]
    assert ["of 901 seconds"] == [found.value for found in check(outgoing(long), adapter.capabilities)]
    assert [] == check(outgoing(long), CAPABILITIES)


@pytest.mark.parametrize("units", ["3", "801"])  # for the first track; for the flip to public
def test_a_spent_quota_comes_back_at_midnight_in_california(world: World, units: str) -> None:
    adapter = another(world, quota=units)
    with pytest.raises(RateLimited, match="daily quota is used up") as raised:
        wanted = outgoing(clip(world, 300, "ko", "ru"))
        world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))

    assert 8 * 3600 == raised.value.retry_after  # it is 16:00 there


def test_a_hundred_uploads_a_day_are_a_bucket_of_their_own(world: World) -> None:
    adapter = another(world, uploads="1")
    prepare(world, adapter, outgoing(clip(world)))
    with pytest.raises(RateLimited):
        prepare(world, adapter, outgoing(clip(world, 400)))


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        ("2026-03-08T09:30", 21.5 * 3600),  # 01:30 there, on a day of 23 hours
        ("2026-11-01T07:30", 24.5 * 3600),  # 00:30 there, on a day of 25 hours
        ("2026-11-24T07:59:30", 60.0),  # never less than a minute
    ],
)
def test_midnight_is_reckoned_by_the_clocks_of_california(now: str, seconds: float) -> None:
    assert seconds == until_midnight(datetime.fromisoformat(now).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("quotaExceeded", RateLimited),
        ("dailyLimitExceeded", RateLimited),
        ("uploadLimitExceeded", RateLimited),
        ("userRateLimitExceeded", RateLimited),
        ("insufficientPermissions", Unauthorized),
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", Unauthorized),
        ("youtubeSignupRequired", Unauthorized),
        ("forbidden", Refused),
        ("invalidTitle", Refused),
        (7, Refused),
    ],
)
@pytest.mark.parametrize("place", ["errors", "details"])
def test_a_reason_says_what_a_refusal_means(reason: Any, outcome: type[Outcome], place: str) -> None:
    error = Refused("no", status=403, body={"error": {place: [None, {"reason": reason}], "message": "no"}})

    assert outcome is type(meant(error, datetime(2026, 11, 24, tzinfo=UTC)))


@pytest.mark.parametrize("body", ["null", "[1]", "{}", '{"error": []}', '{"error": {"errors": 3, "details": "x"}}'])
def test_a_refusal_without_reasons_is_a_refusal(body: str) -> None:
    assert Refused is type(meant(Refused("no", body=json.loads(body)), datetime(2026, 11, 24, tzinfo=UTC)))


HOSTILE = ("{}", "[]", '{"items": {}}', '{"items": [1]}', '{"items": [{}]}', '{"items": [{"id": 7}]}', '{"id": "x"}')


def test_a_hostile_answer_is_an_outcome_and_never_not_there(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing(clip(world)), world.clock.now()
    wire, found = made(world, adapter, wanted)
    work = (
        lambda: adapter.confirm(wanted, wire, Doubt(since)),
        lambda: adapter.measure([found.remote_id]),
        lambda: adapter.fetch(found.remote_id),
        lambda: adapter.comments(found.remote_id),
        adapter.connect,
    )
    for body in HOSTILE:
        for act in work:
            world.twin.fault("bad_json", method="GET", path="/youtube/v3/*", body=body)
            with pytest.raises(Outcome):
                world.run(act())


def test_an_answer_that_does_not_say_public_is_a_doubt(world: World, adapter: Adapter) -> None:
    wanted = outgoing(clip(world))
    wire = prepare(world, adapter, wanted)
    strange: list[Any] = [
        {},
        None,
        7,
        {"privacyStatus": "secret"},
        {"privacyStatus": True},
        {"uploadStatus": "processed"},
    ]
    for status in strange:
        world.twin.fault(
            "bad_json", method="PUT", path=VIDEOS, body=json.dumps({"id": wire["video"], "status": status})
        )
        with pytest.raises(Uncertain):
            world.run(adapter.publish(wanted, wire))


def test_comments_are_read_to_the_end_with_their_answers(world: World, adapter: Adapter) -> None:
    _, found = made(world, adapter, outgoing(clip(world), "많은 말"))
    world.clock.turn(days=60)
    told = world.run(adapter.comments(found.remote_id))
    number = world.run(adapter.measure([found.remote_id]))[found.remote_id]["replies"].value
    top = [each for each in told if each.in_reply_to == found.remote_id]
    below = {each.remote_id: each.in_reply_to for each in told if each.in_reply_to != found.remote_id}

    assert number and 100 < number == len(top)  # a page holds a hundred
    assert 7 * sum(n % 9 == 1 for n in range(1, number + 1)) == len(below)
    assert set(below.values()) <= {each.remote_id for each in top}
    assert [each.at for each in told] == sorted(each.at for each in told if each.at)


def test_a_video_whose_comments_are_off_says_so(world: World) -> None:
    adapter = another(world, comments="off")
    _, found = made(world, adapter, outgoing(clip(world)))
    with pytest.raises(Refused, match="disabled comments"):
        world.run(adapter.comments(found.remote_id))


def test_a_counter_that_is_missing_is_an_error_and_the_others_stay(world: World, adapter: Adapter) -> None:
    _, found = made(world, adapter, outgoing(clip(world)))
    world.clock.turn(days=30)
    world.twin.fault("missing_metric", metric="likeCount")
    told = world.run(adapter.measure([found.remote_id]))[found.remote_id]
    truth = world.twin.ask("GET", "/_books/counts", platform="youtube", id=found.remote_id)

    assert ReadingStatus.ERROR is told["reactions"].status
    assert (truth["views"], truth["replies"]) == (told["views"].value, told["replies"].value)
    assert truth["views"] > 0


def test_an_address_names_its_video_or_is_refused(linked: Account) -> None:
    good = ("www.youtube.com/watch?v={}&t=3", "youtu.be/{}", "youtube.com/shorts/{}", "m.youtube.com/live/{}?a=b")
    bad = ("www.youtube.com/@peace", "www.youtube.com/watch?list={}", "a.example/watch?v={}", "youtu.be/{}!")
    for url in good:
        assert "dQw4w9WgXcQ" == YouTube.locate(linked, "https://" + url.format("dQw4w9WgXcQ"))
    for url in bad:
        with pytest.raises(Invalid):
            YouTube.locate(linked, "https://" + url.format("dQw4w9WgXcQ"))


def test_what_does_not_fit_is_found_before_anything_is_sent(world: World) -> None:
    fits = outgoing(clip(world))
    wrong: list[dict[str, Any]] = [{"title": None}, {"title": ""}, {"title": "a < b"}, {"title": "가" * 101}]
    wrong += [{"media": ()}, {"text": "a > b"}, {"text": "가" * 1667}]
    for change in wrong:
        assert ["error"] == [found.severity for found in check(replace(fits, **change), CAPABILITIES)], change

    assert [] == check(fits, CAPABILITIES)


def test_a_part_that_answers_another_is_refused(world: World, adapter: Adapter) -> None:
    with pytest.raises(Refused):
        prepare(world, adapter, outgoing(clip(world)), parent=Parent("x", {}))


def test_a_channel_that_is_not_there_and_a_word_that_is_none_are_told(world: World) -> None:
    with pytest.raises(Refused, match="no YouTube channel"):
        another(world, channel="no")
    with pytest.raises(Invalid, match="yes or no"):
        world.link("youtube", "yt", options={"made_for_kids": "perhaps"})


def test_one_video_holds_both_languages_from_the_draft_to_the_record(world: World) -> None:
    world.link("youtube", "yt", "ko", "ru")
    captions = {lang: vtt_file(world.folder / f"{lang}.vtt", words) for lang, words in WORDS.items() if lang != "en"}
    video = Picture(clip_file(world.folder / "a.mp4"), {"ko": "영상", "ru": "Видео"}, captions)
    texts = {"ko": Wording("평화의 길", title="평화"), "ru": Wording("Путь мира", title="Мир")}
    world.post(to=("yt",), texts=texts, pictures=(video,), strategy="native")
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="PUT", path=VIDEOS)
    for _ in range(6):
        world.tick()
        world.clock.turn_monotonic(30)
    [row] = books(world)
    [delivery] = world.deliveries()

    assert (["published"], row["id"]) == (world.states(), delivery.remote_id)
    assert ("평화", "평화의 길", {"ru": {"title": "Мир", "description": "Путь мира"}}) == (
        row["title"],
        row["text"],
        row["localizations"],
    )
    assert ({"ko", "ru"}, True) == (set(row["media"][0]["captions"]), bool(row["media"][0]["cover"]))


# Google's own description of its API judges what we send: every parameter, every body, nothing unknown in it.


def discovery() -> dict[str, Any]:
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    told: dict[str, Any] = json.loads((folder / "youtube.v3.json").read_text(encoding="utf-8"))
    return told


def methods(told: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for resource in told["resources"].values():
        for method in resource.get("methods", {}).values():
            found[method["httpMethod"], f"/{method['path']}"] = method
            for protocol in method.get("mediaUpload", {}).get("protocols", {}).values():
                found[method["httpMethod"], protocol["path"].removeprefix("/resumable")] = method
    return found


def strict(schema: Any) -> Any:
    """Return a schema of the description as JSON Schema that admits no unknown name."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items() if key not in ("id", "required", "enumDescriptions")}
    if "$ref" in schema:
        return {"$ref": f"#/schemas/{schema['$ref']}"}
    if isinstance(schema.get("properties"), dict):
        made["properties"] = {name: strict(each) for name, each in schema["properties"].items()}
        made["additionalProperties"] = strict(schema.get("additionalProperties", False))
    return made


def test_our_requests_and_the_twins_answers_are_what_googles_own_description_admits(
    world: World, adapter: Adapter, kept: Exchanges
) -> None:
    wanted = outgoing(clip(world, 300, "ko", poster=True), localized={"ru": {"title": "Мир", "text": "Путь"}})
    _, found = made(world, adapter, wanted)
    world.clock.turn(days=60)
    for work in (adapter.connect(), adapter.measure([found.remote_id]), adapter.comments(found.remote_id)):
        world.run(work)
    world.run(adapter.fetch(found.remote_id))
    world.run(adapter.edit(found.remote_id, wanted, {}))
    world.run(adapter.delete(found.remote_id))
    told = discovery()
    known, seen = methods(told), set[str]()
    schemas = {"schemas": {name: strict(schema) for name, schema in told["schemas"].items()}}
    for exchange in kept.kept:
        url = urlsplit(exchange.url)
        query = set(parse_qs(url.query)) - {"uploadType"}  # of all uploads
        session = "upload_id" in query  # an address that the API gave
        method = known["POST" if session else exchange.method, url.path]
        if answer := (exchange.response or b"").partition(b"\r\n\r\n")[2]:
            schema = {**schemas, "$ref": f"#/schemas/{method['response']['$ref']}"}
            jsonschema.Draft4Validator(schema).validate(json.loads(answer))
        if session:
            continue
        seen.add(method["id"])

        assert query <= set(method["parameters"]), method["id"]
        assert {name for name, each in method["parameters"].items() if each.get("required")} <= query, method["id"]
        if "request" in method:
            body = _resource(exchange.request)
            schema = {**schemas, "$ref": f"#/schemas/{method['request']['$ref']}"}
            jsonschema.Draft4Validator(schema).validate(body)
            with pytest.raises(jsonschema.ValidationError):  # the judge does judge
                jsonschema.Draft4Validator(schema).validate({**body, "unknown": 1})
    ours = ["videos.insert", "videos.update", "videos.list", "videos.delete", "captions.insert", "thumbnails.set"]
    ours += ["channels.list", "commentThreads.list", "comments.list"]

    assert sorted(ours) == sorted(name.removeprefix("youtube.") for name in seen)


def _resource(request: bytes) -> dict[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    if b"multipart/related" in head:
        kind = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type"))
        first: Any = message_from_bytes(kind + b"\r\n\r\n" + body).get_payload(0)
        body = first.get_payload(decode=True)
    told: dict[str, Any] = json.loads(body)
    return told
