"""The desk over real HTTP: what needs a person comes first, nothing foreign runs, and nothing can be changed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256

from campaign.service.publish import publish
from campaign.store import outbox, posts
from tests.conftest import World
from tests.web.conftest import Desk, Page, seed

Serve = Callable[..., Desk]
HOSTILE = "<script>alert('안녕')</script> & \"따옴표\""


def _busy(world: World) -> None:
    """Make one delivery published, one missed, one in doubt and one waiting."""
    world.connect("ru", "ru", twin_account="peace_ru")
    texts = {"ko": HOSTILE, "ru": "Привет <img src=x onerror=alert(1)>"}
    picture = world.picture({"ko": "남색 <그림>", "ru": "Синий рисунок"})
    world.post("P01", minutes=10, to=("kr", "ru"), texts=texts, pictures=(picture,))
    world.clock.turn(minutes=10)
    world.tick()
    world.post("P02", minutes=5)
    world.clock.turn(minutes=60)
    with world.app.store.begin() as tx:
        assert len(outbox.miss(tx, now=world.clock.now())) == 1
    world.twin.fault("reset", method="POST", path="/api/v1/statuses")
    world.post("P03", minutes=5)
    world.clock.turn(minutes=5)
    world.run(publish(world.app, limit=1))
    world.post("P04", minutes=5)


def test_the_first_page_lists_the_troubled_ones_first(world: World, serve: Serve) -> None:
    _busy(world)
    desk = serve(world.app, world.settings)
    answer = desk.ask("/?lang=en")
    page = Page(answer.text)
    assert answer.status == 200 and page.all("html") == [{"lang": "en"}]
    rows = page.tables["deliveries"][1:]
    assert [row[0].strip() for row in rows] == [
        "? uncertain",
        "∅ missed",
        "○ scheduled",
        "✓ published",
        "✓ published",
    ]
    assert "UTC+9" in rows[0][1] and "Asia/Seoul" in rows[0][1] and " UTC" in rows[0][1]
    assert "its time passed" in rows[1][6]
    assert {"http-equiv": "refresh", "content": "10"} in page.all("meta")
    assert not [meta for meta in Page(desk.ask("/?live=0").text).all("meta") if meta.get("http-equiv")]


def test_hostile_words_stay_words_and_say_their_language(world: World, serve: Serve) -> None:
    _busy(world)
    desk = serve(world.app, world.settings)
    answer = desk.ask("/posts/c/P01", Accept_Language="ru")
    page = Page(answer.text)
    assert page.all("html") == [{"lang": "ru"}] and page.open == []
    assert not page.all("script") and HOSTILE in page.text and "onerror" not in str(page.tags)
    texts = [attrs for attrs in page.all("div") if attrs.get("class") == "text"]
    assert [attrs["lang"] for attrs in texts] == ["ko", "ru"]
    [img] = page.all("img")
    assert img["alt"] == "Синий рисунок" and img["lang"] == "ru"
    assert len(page.tables["attempts"]) == 3
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["referrer-policy"] == "no-referrer"


def test_a_picture_is_served_by_its_digest_and_only_if_it_stands_in_the_table(world: World, serve: Serve) -> None:
    _busy(world)
    with world.app.store.read() as tx:
        post = posts.post_named(tx, "P01")
        [item] = posts.media_of(tx, post.id)
    desk = serve(world.app, world.settings)
    answer = desk.ask(f"/media/{item.medium.sha256}")
    assert answer.status == 200 and sha256(answer.body).hexdigest() == item.medium.sha256
    assert answer.headers["content-type"] == item.medium.mime and "immutable" in answer.headers["cache-control"]
    original = world.folder / "original.bin"
    original.write_bytes(b"never sent")
    kept = world.app.media.put(original)
    assert [desk.ask(f"/media/{name}").status for name in (kept.sha256, "x", "..%2f..%2fkeys")] == [404, 404, 404]


def test_the_report_is_served_in_each_language_under_the_digest_of_its_style(world: World, serve: Serve) -> None:
    _busy(world)
    seed(world, missing="none")
    desk = serve(world.app, world.settings)
    for lang in ("ko", "en", "ru"):
        answer = desk.ask(f"/campaigns/c/report?lang={lang}&age=24h")
        assert answer.status == 200 and Page(answer.text).all("html") == [{"lang": lang}]
        assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    told = json.loads(desk.ask("/campaigns/c/report.json?age=24h").body)
    assert told["age"] == "24h" and len(told["deliveries"]) == 2


def test_errors_come_as_a_page_or_as_json_with_their_status(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings)
    missing = desk.ask("/campaigns/nowhere/report")
    assert missing.status == 404 and "nowhere" in Page(missing.text).text
    assert json.loads(desk.ask("/campaigns/nowhere/report.json").body)["status"] == 404
    assert desk.ask("/campaigns/c/report.json?age=1y").status == 422
    assert (desk.ask("/docs").status, desk.ask("/openapi.json").status, desk.ask("/posts/c/P99").status) == (404,) * 3
    assert desk.ask("/", method="POST").status == 405 and desk.ask("/", method="HEAD").body == b""


def test_a_foreign_host_is_turned_away(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings)
    refused = desk.ask("/", host="evil.example")
    assert refused.status == 400 and "default-src 'none'" in refused.headers["content-security-policy"]
    assert desk.ask("/", host=f"localhost:{desk.port}").status == desk.ask("/", host="[::1]:80").status == 200


def test_the_process_says_where_it_listens_and_ends_cleanly(world: World) -> None:
    code = "import sys; from campaign.config import load_settings as s; from campaign.web import serve;"
    code += "assert 'fastapi' not in sys.modules; sys.exit(serve(s(dir=sys.argv[1], environ={}), 0))"
    root = world.settings.root
    process = subprocess.Popen([sys.executable, "-c", code, str(root)], stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 60
        while not (root / "web.json").exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        told = json.loads((root / "web.json").read_text())
        assert told["pid"] == process.pid and told["url"] == f"http://127.0.0.1:{told['port']}/"
        assert (303, 200) == tuple(Desk(told["port"], world.app).ask(path).status for path in ("/", "/login"))
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0 and not (root / "web.json").exists()
        assert process.stderr is not None and told["url"] in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
