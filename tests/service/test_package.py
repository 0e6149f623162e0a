"""package: a person gets what was approved, byte for byte, and says where it stands; the record keeps both."""

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.core.model import Delivery
from campaign.record import as2
from campaign.service.archive import archive
from campaign.service.compose import Draft, Wording, compose
from campaign.service.confirm import settle
from campaign.service.doctor import doctor
from campaign.service.enqueue import cancel, retry
from campaign.service.notify import Notifier, path_of, text_of
from campaign.service.package import package_of, pieces, write_package
from campaign.store import attempts as attempt_rows
from campaign.store import notices, outbox, queue
from campaign.store import posts as post_rows
from tests.conftest import World

from .test_clips import clip, with_rules
from .test_notify import Ear
from .test_rebuild import begin_anew

TEXT = '평화의 길 <첫째 날> & "서울"\n\n함께 걸어요'


@pytest.fixture
def handed(world: World) -> Delivery:
    """A post with a picture that is with alice now, for the board."""
    world.link("handoff", "blog", "ko")
    picture = world.picture({"ko": '남색 "그림"'}, name="밤.png")
    wording = Wording(TEXT, ("#서울",), None, "첫째 날")
    world.post("P01", to=("blog",), texts={"ko": wording}, pictures=(picture,))
    world.clock.turn(minutes=10)
    world.tick()
    [held] = world.deliveries()
    assert "processing" == held.state
    return held


def shot(world: World, name: str = "shot.png") -> Path:
    """A picture of the screen, with what a telephone writes into it."""
    file = world.folder / name
    exif = Image.Exif()
    exif[0x010F] = "a telephone"
    Image.new("RGB", (90, 160), "white").save(file, exif=exif)
    return file


def board(world: World) -> str:
    return str(world.twin.opened["handoff"]["peace_ko"]["base_url"])


def told(world: World) -> list[Any]:
    with world.app.store.read() as tx:
        return [each for each in notices.open_now(tx) if each.kind == "delivery.processing"]


def record_of(world: World, held: Delivery) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    name = as2.urn(held.post_id)
    lines = world.app.archive.read(name, "events.jsonl").splitlines()
    return json.loads(world.app.archive.read(name, "record.jsonld")), [json.loads(line) for line in lines]


def test_a_package_holds_what_was_approved_and_works_offline(world: World, handed: Delivery) -> None:
    package = package_of(world.app, handed.id, by=world.bob, lang="ko")
    with zipfile.ZipFile(BytesIO(b"".join(pieces(world.app, package)))) as zipped:
        assert zipped.testzip() is None
        found = {name.removeprefix(f"{package.name}/"): zipped.read(name) for name in zipped.namelist()}

    assert "c-P01-ko-blog" == package.name
    assert {
        "index.html", "checklist.txt", "title-ko.txt", "text-ko.txt", "1-P01-ko.png", "1-P01-ko.alt.txt",
    } == set(found)  # fmt: skip
    with world.app.store.read() as tx:
        outgoing = post_rows.outgoing_of(tx, handed.outgoing_id).outgoing
    assert outgoing.text == found["text-ko.txt"].decode("utf-8-sig") and found["text-ko.txt"][:3] == b"\xef\xbb\xbf"
    assert ("첫째 날", '남색 "그림"') == tuple(
        found[name].decode("utf-8-sig") for name in ("title-ko.txt", "1-P01-ko.alt.txt")
    )
    with world.app.media.open(outgoing.media[0].sha256) as stream:
        assert stream.read() == found["1-P01-ko.png"]
    page = found["index.html"].decode()
    assert "&lt;첫째 날&gt; &amp; &quot;서울&quot;" in page and "<첫째" not in page
    assert 'src="1-P01-ko.png"' in page and "://" not in page.replace(board(world), "")
    checklist = found["checklist.txt"].decode("utf-8-sig")
    for said in ("alice", board(world), "2026-11-24 09:10 Asia/Seoul (UTC+9)", f"settle {handed.id[-8:]}"):
        assert said in checklist


def test_a_package_is_written_whole_and_over_nothing(world: World, handed: Delivery) -> None:
    package = package_of(world.app, handed.id, by=world.alice)
    folder, file = world.folder / "out", world.folder / "out.zip"
    write_package(world.app, package, folder)
    write_package(world.app, package, file)

    with zipfile.ZipFile(file) as zipped:
        for name in zipped.namelist():
            assert zipped.read(name) == (folder / Path(name).name).read_bytes()
    for taken in (folder, file):
        with pytest.raises(Invalid, match="is there already"):
            write_package(world.app, package, taken)


def test_only_who_writes_or_approves_gets_a_package_and_only_of_what_a_person_puts_up(
    world: World, handed: Delivery
) -> None:
    with pytest.raises(Forbidden):
        package_of(world.app, handed.id, by=world.carol)
    world.post("P02", minutes=30)
    [sent] = [row for row in world.deliveries() if row.id != handed.id]
    with pytest.raises(Conflict, match="is sent by itself"):
        package_of(world.app, sent.id, by=world.alice)
    with pytest.raises(Invalid, match="only of what a person puts up"):
        with world.app.store.begin() as tx:
            outbox.miss(tx, now=sent.late_after.replace(year=2027))
        settle(world.app, sent.id, "published", by=world.alice, screenshot=shot(world))


def test_a_package_may_be_had_before_its_time_but_not_of_what_is_not_to_go_out(world: World) -> None:
    world.link("handoff", "blog", "ko")
    for name in ("P01", "P02"):
        world.post(name, to=("blog",))
    first, second = world.deliveries()
    assert "scheduled" == package_of(world.app, first.id, by=world.alice).delivery.state

    cancel(world.app, "P01", by=world.alice, campaign_name="c")
    with world.app.store.begin() as tx:
        tx.exec_driver_sql(
            "UPDATE outgoings SET canonical = CAST(replace(canonical, '안녕', '글자') AS BLOB) WHERE id = ?",
            (second.outgoing_id,),
        )
    for held, why in ((first, "it is cancelled"), (second, "is not what was approved")):
        with pytest.raises(Conflict, match=why):
            package_of(world.app, held.id, by=world.alice)


def test_a_clip_comes_with_its_poster_and_tracks_and_a_text_in_two_languages_is_one(world: World) -> None:
    world.link("handoff", "blog", "ko", "ru")
    tracked = with_rules(world.app, captions="tracks")
    clipped = clip(world, "ko", "ru")
    texts = {"ko": Wording("영상"), "ru": Wording("Видео")}
    draft = Draft("P01", texts, "2026-11-24 10:00", ("blog",), (clipped,), strategy="combined")
    compose(tracked, "c", draft, by=world.alice, approve_now=True)
    [held] = world.deliveries()
    package = package_of(tracked, held.id, by=world.alice)
    write_package(tracked, package, world.folder / "out")

    assert {"ko", "ru"} == {lang for lang, _, _ in package.media[0].captions}
    sizes = {file.name: file.stat().st_size for file in (world.folder / "out").iterdir()}
    assert {file.name: file.size for file in package.files} == sizes
    assert {
        "text-ko-ru.txt", "1-P01-ko-ru.mp4", "1-P01-ko-ru.poster.jpg", "1-P01-ko-ru.ko.vtt", "1-P01-ko-ru.ru.vtt",
    } < set(sizes)  # fmt: skip
    page = (world.folder / "out" / "index.html").read_text("utf-8")
    assert 'poster="1-P01-ko-ru.poster.jpg"' in page and "영상" in page and "Видео" in page


def test_the_assigned_person_is_told_once_and_it_is_over_when_it_is_settled(world: World, handed: Delivery) -> None:
    [notice] = told(world)
    assert ("alice", board(world)) == (notice.detail["person"], notice.detail["place"])
    assert "is with alice" in text_of(notice) and f"settle {handed.id}" in text_of(notice)
    assert f"/posts/c/P01/handoff/{handed.id}" == path_of(notice)

    world.post("P02", to=("blog",))
    world.clock.turn(minutes=10)
    world.tick()
    ear = Ear()
    world.run(Notifier(world.app, {"ear": ear}, url="https://desk.example")())
    [message] = ear.heard
    assert message["text"].startswith("2 deliveries are with a person: c/P01/ko to blog; c/P02/ko to blog")

    for held in world.deliveries():
        settle(world.app, held.id, "published", by=world.alice, url=f"{board(world)}/{held.id}")

    assert [] == told(world)


def test_nobody_is_asked_while_it_is_with_a_person_and_its_grace_does_not_end_it(
    world: World, handed: Delivery
) -> None:
    for _ in range(6):
        world.clock.turn(hours=5)
        world.tick()
        with world.app.store.begin() as tx:
            assert [] == outbox.miss(tx, now=world.clock.now())

    with world.app.store.read() as tx:
        assert 0 == queue.in_flight(tx)  # a virtual clock does not wait for a person
        assert ["publish"] == [each.kind for each in attempt_rows.attempts_of(tx, handed.id)]
    assert ["processing"] == world.states()
    [by_hand] = [check for check in doctor(world.app) if check.name == "by hand"]
    assert not by_hand.ok and "P01/ko to blog" in by_hand.detail and not by_hand.grave
    assert all("wait for what their platform" not in check.detail for check in doctor(world.app))


def test_after_a_doubt_the_person_is_told_as_well(world: World, handed: Delivery) -> None:
    """The daemon died between handing over and keeping it: the question hands it over."""
    with world.app.store.begin() as tx:
        outbox.move(tx, queue.get(tx, handed.id), "uncertain", retry_at=None)  # type: ignore[arg-type]
        notices.close(tx, ["delivery.processing"], at=world.clock.now())
    world.tick()

    assert ["processing"] == world.states() and 1 == len(told(world))


def test_a_screenshot_stands_for_an_address_and_is_cleaned_and_archived(world: World, handed: Delivery) -> None:
    done = settle(world.app, handed.id, "published", by=world.alice, screenshot=shot(world))
    kept = (done.wire or {})["screenshot"]

    assert ("published", f"shot:{kept}", None) == (str(done.state), done.remote_id, done.permalink)
    with world.app.media.open(kept) as stream, Image.open(stream) as image:
        assert (90, 160) == image.size and not image.getexif()
    archive(world.app)
    record, happened = record_of(world, handed)
    assert kept in json.dumps(record)
    [said] = [each for each in happened if each["eventTypeLabel"] == "settlement"]
    assert [as2.urn(handed.post_id), as2.urn(handed.id), as2.medium_urn(kept)] == said["linkingObjectIdentifier"]
    assert "medium.json" in world.app.archive.state(as2.medium_urn(kept))

    app, _ = begin_anew(world)

    with app.store.read() as tx:
        back = queue.get(tx, handed.id)
        assert post_rows.medium_of(tx, kept) is not None
    assert (done.remote_id, kept) == (back.remote_id, (back.wire or {})["screenshot"])
    assert app.media.exists(kept)


def test_address_and_screenshot_go_together(world: World, handed: Delivery) -> None:
    url = f"{board(world)}/abc"
    done = settle(world.app, handed.id, "published", by=world.alice, url=url, screenshot=shot(world))

    assert url == done.permalink and not str(done.remote_id).startswith("shot:") and (done.wire or {})["screenshot"]


def test_what_tells_nothing_is_refused_and_changes_nothing(world: World, handed: Delivery) -> None:
    broken = world.folder / "notes.png"
    broken.write_bytes(b"no picture")
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("published", {}, "give the address of the post, or a screenshot"),
        ("published", {"screenshot": broken}, "screenshot 'notes.png'"),
        ("published", {"url": "https://evil.example/1"}, "must be an address at"),
        ("abandon", {"screenshot": shot(world)}, "goes with published"),
    ]
    for answer, given, why in refused:
        with pytest.raises(Invalid, match=why):
            settle(world.app, handed.id, answer, by=world.alice, **given)  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="only what is in doubt"):
        settle(world.app, handed.id, "not_published", by=world.alice)

    assert ["processing"] == world.states() and 1 == len(told(world))


def test_one_screenshot_does_not_stand_for_two_posts(world: World, handed: Delivery) -> None:
    settle(world.app, handed.id, "published", by=world.alice, screenshot=shot(world))
    world.post("P02", to=("blog",))
    world.clock.turn(minutes=10)
    world.tick()
    [other] = [row for row in world.deliveries() if row.id != handed.id]
    with pytest.raises(Conflict, match="belongs to another delivery"):
        settle(world.app, other.id, "published", by=world.alice, screenshot=shot(world))


def test_what_is_given_up_can_be_handed_over_again(world: World, handed: Delivery) -> None:
    given_up = settle(world.app, handed.id, "abandon", by=world.alice)
    assert ("failed", "given up by alice: it is not put up") == (str(given_up.state), given_up.error)
    assert [] == told(world)
    retry(world.app, handed.id, by=world.alice, now=True)
    world.tick()

    assert ["processing"] == world.states() and 1 == len(told(world))
