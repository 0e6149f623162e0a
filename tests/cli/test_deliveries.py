"""Deliveries, what they reached, and the record of them."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from tests.conftest import World, picture_file

from campaign.store import outbox

from .conftest import Shell

KEYS = {
    *("id", "post", "langs", "account", "platform", "part", "state", "due_at", "published_at", "remote_id"),
    *("permalink", "attempts", "guarantee", "campaign", "moved_because", "held_because", "error", "archive_state"),
}


@pytest.fixture
def published(world: World) -> World:
    world.post()
    world.clock.turn(minutes=10)
    world.tick()
    return world


def miss(world: World) -> None:
    """Let a post's time pass with no daemon to send it."""
    world.post()
    world.clock.turn(hours=2)
    with world.app.store.begin() as tx:
        outbox.miss(tx, now=world.clock.now())


def test_deliveries_are_listed_and_shown(shell: Shell, published: World) -> None:
    (row,) = shell("delivery", "list", "--json").json
    assert set(row) == KEYS
    assert (row["state"], row["due_at"], row["archive_state"]) == ("published", "2026-11-24T00:10:00Z", "archived")
    table = shell("delivery", "list", "--campaign", "c", "--state", "published").out
    assert row["id"] in table and "Asia/Seoul" in table
    assert shell("delivery", "list", "--state", "missed", "--json").json == []
    assert shell("delivery", "list", "--state", "lost").code == 2
    shown = shell("delivery", "show", row["id"][-8:], "--json").json
    (exchange,) = [one for try_ in shown["tries"] for one in try_["exchanges"] if one["method"] == "POST"]
    assert exchange["request"].startswith("POST /api/v1/statuses") and "200" in exchange["response"]
    assert published.twin.tokens["peace_ko"] not in json.dumps(shown)
    assert "안녕하세요" in shell("delivery", "show", row["id"]).out
    assert shell("delivery", "show", "00000000").code == 3


def test_a_missed_delivery_is_scheduled_again(shell: Shell, world: World) -> None:
    miss(world)
    (row,) = shell("delivery", "list", "--json").json
    assert row["state"] == "missed"
    assert shell("delivery", "retry", row["id"]).code == 2
    assert shell("delivery", "retry", row["id"], "--at", "2020-01-01 00:00").code == 2
    assert shell("delivery", "retry", row["id"], "--now", by="carol").code == 4
    assert shell("delivery", "retry", row["id"][-8:], "--now").code == 0
    assert world.states() == ["scheduled"]
    assert shell("delivery", "retry", row["id"], "--now").code == 5


def test_a_person_settles_what_nobody_knows(shell: Shell, world: World) -> None:
    miss(world)
    (row,) = shell("delivery", "list", "--json").json
    assert shell("delivery", "settle", row["id"]).code == 2
    assert shell("delivery", "settle", row["id"], "--abandon", "--not-published").code == 2
    assert shell("delivery", "settle", row["id"], "--abandon").code == 5
    assert shell("delivery", "settle", row["id"], "--published", "somewhere").code == 2
    assert shell("delivery", "settle", row["id"], "--published", "https://x.example/@kr/123").code == 2
    assert shell("delivery", "settle", row["id"], "--published", f"{world.twin.base_url}/@peace_ko/123").code == 0
    assert world.states() == ["published"]


def test_a_doubt_is_shown_with_its_evidence(shell: Shell, world: World) -> None:
    world.post()
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path="/api/v1/statuses")
    world.twin.fault("lagging_list", seconds=1000)
    world.tick()
    [row] = world.deliveries()
    said = shell("delivery", "show", row.id)
    told = shell("delivery", "show", row.id, "--json").json["evidence"]

    sent = [seen for seen in told if seen["kind"] == "publish"]
    asked = [seen for seen in told if seen["kind"] == "confirm"]
    assert [("no answer", None, "uncertain")] == [(one["answer"], one["answered"], one["outcome"]) for one in sent]
    assert "안녕하세요 P01" in sent[0]["body"]["text"] and 64 == len(sent[0]["body"]["sha256"])
    assert "HTTP/1.1 200 OK" == asked[0]["answer"] and "[]" == asked[0]["answered"]["text"]
    assert sent[0]["request"] in said.out and sent[0]["body"]["sha256"] in said.out and "안녕하세요 P01" in said.out
    assert "no answer, after" in said.out and "/statuses?" in said.out and "not_there" in said.out
    assert world.twin.tokens["peace_ko"] not in said.out + json.dumps(told)


def test_counters_are_read_and_reported(shell: Shell, published: World, tmp_path: Path) -> None:
    published.clock.turn(hours=1)
    assert shell("measure", "--json").json["readings"] > 0
    said = shell("report", "c", "--age", "24h", "--json").json
    assert (said["campaign"], said["posts"], said["age"]) == ("c", 1, "24h")
    text = shell("report", "c").out
    assert "on time" in text and "P01" in text
    out = tmp_path / "report.json"
    assert shell("report", "c", "--age", "24h", "--format", "json", "--out", str(out)).code == 0
    assert json.loads(out.read_text()) == said
    assert shell("report", "c", "--out", str(out)).code == 2
    assert shell("report", "none").code == 3
    assert shell("report", "c", "--age", "3d").code == 2


def test_the_report_is_a_page_too(shell: Shell, published: World) -> None:
    said = shell("report", "c", "--format", "html", "--lang", "ko")
    assert said.code == 0 and "<html" in said.out and 'lang="ko"' in said.out


def test_a_good_archive_is_silent_and_a_damaged_one_is_named(shell: Shell, published: World) -> None:
    said = shell("archive", "verify")
    assert (said.code, said.out) == (0, ""), said
    assert "no damage" in said.err
    shown = shell("archive", "show", "P01", "--json").json
    assert "record.jsonld" in [row["name"] for row in shown["files"]]
    assert "record.jsonld" in shell("archive", "show", "P01").out
    record = next(Path(shown["folder"]).rglob("record.jsonld"))
    record.write_bytes(record.read_bytes() + b" ")
    said = shell("archive", "verify")
    assert said.code == 1 and "record.jsonld" in said.out
    shutil.rmtree(shown["folder"])
    said = shell("archive", "verify", "--json")
    assert said.code == 1
    assert any(shown["object"] in row["message"] for row in said.json["damage"])


def test_an_archive_is_verified_without_a_database_and_rebuilds_one(shell: Shell, published: World) -> None:
    before = shell("delivery", "list", "--json").json
    assert shell("archive", "rebuild").code == 5
    for file in shell.dir.glob("campaign.db*"):
        file.unlink()
    assert shell("archive", "verify").code == 0
    assert not (shell.dir / "campaign.db").exists()
    said = shell("archive", "rebuild")
    assert said.code == 0, said.err
    assert "tokens" in said.err
    after = shell("delivery", "list", "--json").json
    assert [(row["id"], row["remote_id"], row["state"]) for row in after] == [
        (row["id"], row["remote_id"], row["state"]) for row in before
    ]


def test_what_was_not_archived_is_not_found(shell: Shell, world: World) -> None:
    world.post()
    assert shell("archive", "show", "P01").code == 3


@pytest.fixture
def handed(world: World) -> str:
    """Return the id of a delivery that is with alice."""
    world.link("handoff", "blog", "ko")
    world.post(to=("blog",), pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    world.tick()
    return world.deliveries()[0].id


def test_what_a_person_puts_up_is_written_as_a_package(shell: Shell, world: World, handed: str) -> None:
    file, folder = world.folder / "notice.zip", world.folder / "notice"

    said = shell("delivery", "package", handed[-8:], "--to", str(file), "--json").json
    assert ("alice", str(file)) == (said["person"], said["to"])
    with zipfile.ZipFile(file) as zipped:
        assert {Path(name).name for name in zipped.namelist()} == {each["name"] for each in said["files"]}
        # In the post's own language, unless told.
        assert "담당자: alice" in zipped.read("c-P01-ko-blog/checklist.txt").decode("utf-8-sig")
    assert 0 == shell("delivery", "package", handed, "--to", str(folder), "--lang", "en").code
    assert "Who: alice" in (folder / "checklist.txt").read_text("utf-8-sig")
    assert 2 == shell("delivery", "package", handed, "--to", str(file)).code  # nothing is written over
    assert 4 == shell("delivery", "package", handed, "--to", str(world.folder / "b.zip"), by="carol").code


def test_an_address_a_screenshot_or_both_say_that_it_is_up(shell: Shell, world: World, handed: str) -> None:
    picture = picture_file(world.folder / "shot.png", "white")
    url = f"{world.twin.opened['handoff']['peace_ko']['base_url']}/abc"

    assert 2 == shell("delivery", "settle", handed, "--screenshot", str(picture), "--abandon").code
    assert 2 == shell("delivery", "settle", handed, "--screenshot", str(world.folder / "none.png")).code
    done = shell("delivery", "settle", handed, "--published", url, "--screenshot", str(picture), "--json")
    assert "published" == done.json["state"]
    shown = shell("delivery", "show", handed, "--json").json
    assert url == shown["permalink"] and 64 == len(shown["wire"]["screenshot"])


def test_a_screenshot_alone_says_it_too(shell: Shell, world: World, handed: str) -> None:
    picture = picture_file(world.folder / "shot.png", "white")

    assert 0 == shell("delivery", "settle", handed, "--screenshot", str(picture)).code
    shown = shell("delivery", "show", handed, "--json").json
    assert shown["permalink"] is None and shown["remote_id"] == f"shot:{shown['wire']['screenshot']}"
