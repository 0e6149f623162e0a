"""The whole demo as a person runs it: killed on the way, judged by others' validators, restored from its archive."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from campaign.demo.drive import compare

COMMAND = [sys.executable, "-m", "campaign"]


def _run(*arguments: str, expected: int = 0) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=240, check=False)
    assert expected == done.returncode, done.stderr[-2000:]
    return done.stdout


def _demo(folder: Path) -> subprocess.Popen[str]:
    program = "import sys; from pathlib import Path; from campaign.demo.drive import demo; "
    program += "sys.exit(demo(Path(sys.argv[1]), once=True, as_json=True, rate=1e7))"
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _kill_daemon(folder: Path) -> bool:
    try:
        os.kill(int((folder / "daemon.lock").read_text()), signal.SIGKILL)
    except (OSError, ValueError):
        return False
    return True


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A demo whose daemon was killed three times and whose driver was killed once, then run to its end."""
    folder = tmp_path_factory.mktemp("demo") / "d"
    first = _demo(folder)
    deadline, kills = time.monotonic() + 240, 0  # pictures and clips are drawn before there is a daemon
    while kills < 2 and time.monotonic() < deadline:
        time.sleep(1.5)  # other processes are at work; there is no clock of theirs to turn
        kills += _kill_daemon(folder)
    first.kill()
    first.communicate()
    second = _demo(folder)
    time.sleep(1.5)
    kills += _kill_daemon(folder)
    out, _ = second.communicate(timeout=300)
    assert 0 == second.returncode
    assert kills >= 2
    return folder, json.loads(out.splitlines()[-1])


@pytest.mark.timeout(400)
def test_every_post_is_out_exactly_once_though_daemon_and_driver_were_killed(
    finished: tuple[Path, dict[str, Any]],
) -> None:
    folder, said = finished

    assert (10, 30, 90, 90) == tuple(said[key] for key in ("posts", "variants", "deliveries", "published"))
    assert (0, 0, 0, True) == tuple(said[key] for key in ("uncertain", "duplicates", "lost", "archive_valid"))
    assert (["bluesky", "mastodon", "telegram"], ["ko", "ru", "en"]) == (said["platforms"], said["languages"])
    rows = json.loads(_run("delivery", "list", "--dir", str(folder), "--json"))
    p07 = [row["due_at"] for row in rows if row["post"] == "P07" and row["langs"] == ["ko"]]
    assert ["2019-10-07T23:00:00Z"] * 3 == p07  # 08:00 in Seoul, not 01:00
    late = {f"{row['post']}/{'+'.join(row['langs'])}" for row in rows if row["published_at"][:19] != row["due_at"][:19]}
    assert {"P03/ru"} == late  # held until its translation was approved again


@pytest.mark.timeout(400)
def test_each_published_delivery_has_an_exchange_on_record_that_holds_its_text_and_its_id(
    finished: tuple[Path, dict[str, Any]],
) -> None:
    folder, _ = finished
    rows = json.loads(_run("delivery", "list", "--dir", str(folder), "--json"))
    assert {"P02", "P05"} <= {row["post"] for row in rows}
    books = {}
    for record in sorted(folder.rglob("record.jsonld")):  # a later version of a post wins
        for delivery in json.loads(record.read_text())["deliveries"]:
            books[delivery["id"]] = delivery["outgoing"]["text"]
    warcs = [gzip.decompress(path.read_bytes()).decode(errors="replace") for path in folder.rglob("*.warc.gz")]

    for row in rows:
        text = json.dumps(books[row["id"]], ensure_ascii=False)[1:-1]
        ident = row["remote_id"].partition("+")[0]
        assert any(text in warc and ident in warc for warc in warcs), row


@pytest.mark.timeout(400)
def test_what_goes_wrong_on_the_journey_is_told_and_was_put_right(finished: tuple[Path, dict[str, Any]]) -> None:
    _, said = finished
    story = said["story"]

    assert all(line.endswith(", published") for name in ("held", "missed", "lost_answers") for line in story[name])
    assert {"P03/ru to ru", "P03/ru to bsky", "P03/ru to tg-ru"} == {line.partition(":")[0] for line in story["held"]}
    assert ["P09/ru to tg-ru"] == [line.partition(":")[0] for line in story["missed"]]
    assert any(line.startswith("P08/en to en: reactions not told") for line in story["gaps"])


@pytest.mark.timeout(400)
def test_a_clip_goes_out_with_tracks_or_with_its_captions_burned_in(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = finished
    sent: dict[str, set[str]] = {}
    tracks: set[str] = set()
    for record in folder.rglob("record.jsonld"):
        for delivery in json.loads(record.read_text())["deliveries"]:
            for medium in delivery["outgoing"]["media"]:
                if medium["mime"] == "video/mp4":
                    sent.setdefault(delivery["platform"], set()).add(medium["sha256"])
                    tracks |= set(medium.get("captions", {}))

    assert {"bluesky": 2, "mastodon": 6, "telegram": 6} == {name: len(shas) for name, shas in sent.items()}
    assert {"ko", "ru", "en"} == tracks


@pytest.mark.timeout(400)
def test_others_validators_accept_every_object_and_every_warc(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, said = finished
    tools = Path(sys.executable).parent
    objects = [path.parent for path in folder.rglob("0=ocfl_object_1.1")]
    warcs = [str(path) for path in folder.rglob("*.warc.gz")]

    assert said["archive_objects"] == len(objects)
    assert len(warcs) >= said["published"]
    subprocess.run([tools / "ocfl-validate.py", "-q", *objects], check=True, capture_output=True)
    subprocess.run([tools / "warcio", "check", *warcs], check=True, capture_output=True)


@pytest.mark.timeout(400)
def test_an_archive_alone_restores_deliveries_and_report(finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, _ = finished
    campaign = "peace-journey-2019-demo"
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("campaign.db*", "media"))
    (copy / "config.toml").write_text("[log]\nformat = 'json'\n")

    _run("archive", "rebuild", "--dir", str(copy))

    for arguments in (("delivery", "list", "--json"), ("report", campaign, "--format", "json")):
        assert json.loads(_run(*arguments, "--dir", str(folder))) == json.loads(_run(*arguments, "--dir", str(copy)))


@pytest.mark.timeout(400)
def test_a_finished_demo_is_reported_and_a_foreign_folder_refused(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, said = finished
    (tmp_path / "somebody's.txt").write_text("not ours")

    again = json.loads(_run("demo", "--once", "--dir", str(folder), "--json").splitlines()[-1])
    _run("demo", "--once", "--dir", str(tmp_path), "--json", expected=5)

    assert {**said, "seconds": 0} == {**again, "seconds": 0}


def test_the_comparison_with_the_books_sees_a_double_and_a_loss() -> None:
    rows = [
        {"account": "kr", "remote_id": "1", "state": "published"},
        {"account": "kr", "remote_id": "2", "state": "published"},
        {"account": "tg", "remote_id": "1", "state": "published"},
        {"account": "kr", "remote_id": None, "state": "missed"},
        {"account": "kr", "remote_id": None, "state": "uncertain"},
    ]
    there = {"platform": "mastodon", "account": "peace_ko", "deleted": False}
    books = [{**there, "id": "1"}, {**there, "id": "3"}, {**there, "platform": "telegram", "id": "1"}]
    theirs = {"kr": ("mastodon", "peace_ko"), "tg": ("telegram", "peace_ko")}

    assert (1, 2) == compare(rows, books, theirs)
    assert (2, 3) == compare(rows, [{**row, "account": "other"} for row in books[:1]] + books[1:], theirs)
