"""A real WordPress on this machine: our adapter, driven for real, and the twin held against it.

`make test-real` fetches it (tests/real/fetch_wordpress.sh); TEST_WORDPRESS names another folder with `wordpress` in it,
as Debian's package has it below /usr/share. It runs on PHP's own web server, and a MariaDB that nobody else reaches.
"""

import asyncio
import hashlib
import html
import io
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.clips import clip_file, vtt_file
from tests.real.losing import Losing, losing
from tests.sandbox.wordpress_requests import LIFE, MEDIA, POSTS, ROLES, asker, life, provoke

from campaign import bootstrap
from campaign.config import load_settings
from campaign.core.adapter import Adapter, Doubt, Exchanges
from campaign.core.errors import Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Person, Published, ReadingStatus, Role
from campaign.platforms.wordpress.blocks import content_of
from campaign.sandbox.wordpress.refusals import REFUSALS
from campaign.service import App, accounts, campaigns

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("wordpress")]

HERE = Path(__file__).parent
KOREAN, RUSSIAN = (
    "서울에서 모스크바까지 <평화> & 여정 [1]",
    "От Сеула до Москвы:\nпутешествие мира\n\nhttps://example.org/?a=1&b=2",
)
CONFIG = """<?php
define('DB_NAME', 'wp');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {{
    define($name . '_KEY', '{secret}');
    define($name . '_SALT', '{secret}');
}}
define('WP_HOME', '{url}');
define('WP_SITEURL', '{url}');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_ENVIRONMENT_TYPE', 'local');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
DATABASE = Path("/usr/share/mysql/mysql_system_tables.sql")


@dataclass
class Site:
    """A running site: its address, and the application passwords of its users."""

    base_url: str
    passwords: dict[str, str]

    def ask(self, who: str | None, method: str, path: str, **options: Any) -> httpx.Response:
        return asker(self.base_url, self.passwords)(who, method, path, **options)

    def public(self) -> int:
        return int(self.ask(None, "GET", POSTS).headers["x-wp-total"])


@dataclass
class Here:
    """An installation on the system's clock, connected to the site through a proxy that loses answers."""

    app: App
    alice: Person
    account: Account
    site: Site
    proxy: Losing
    loop: asyncio.Runner
    files: dict[str, bytes] = field(default_factory=dict)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def adapter(self) -> Adapter:
        return self.app.open_adapter(self.account, self.site.passwords["carol"], Exchanges())

    def keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.files[digest] = content
        return digest

    def prepare(self, wanted: Outgoing, previous: dict[str, Any] | None = None) -> dict[str, Any]:
        def open_medium(digest: str) -> io.BytesIO:
            return io.BytesIO(self.files[digest])

        adapter = self.adapter()
        work = adapter.prepare(wanted, key="k", parent=None, previous=previous, open_medium=open_medium)
        wire: dict[str, Any] = json.loads(json.dumps(self.run(work)))
        return wire

    def send(self, wanted: Outgoing) -> tuple[Published, dict[str, Any]]:
        wire = self.prepare(wanted)
        return self.run(self.adapter().publish(wanted, wire)), wire


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    source = Path(os.environ.get("TEST_WORDPRESS") or "none") / "wordpress"
    if not (source / "wp-settings.php").is_file() or not shutil.which("php") or not _mariadbd():
        lack = f"no WordPress: TEST_WORDPRESS is {os.environ.get('TEST_WORDPRESS')!r}; run: make test-real"
        pytest.fail(lack) if os.environ.get("CI") == "true" else pytest.skip(lack)
    with tempfile.TemporaryDirectory(prefix="wp", ignore_cleanup_errors=True) as name:  # a socket's path must be short
        folder = Path(name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        shutil.copytree(source, folder / "site")
        config = CONFIG.format(socket=folder / "db.sock", url=url, secret=secrets.token_hex(32))
        (folder / "site" / "wp-config.php").write_text(config)
        (folder / "site" / "wp-content" / "uploads").mkdir(exist_ok=True)
        with _database(folder), _web(folder, url):
            answers = {
                "weblog_title": "Peace",
                "user_name": "alice",
                "admin_email": "a@example.org",
                "blog_public": "0",
            }
            answers |= {"admin_password": "pw", "admin_password2": "pw", "pw_weak": "on"}
            page = httpx.post(f"{url}/wp-admin/install.php?step=2", data=answers, timeout=60)
            assert "Success!" in page.text, page.text[-2000:]
            command = ["php", str(HERE / "users.php"), str(folder / "site"), json.dumps(ROLES)]
            made = subprocess.run(command, check=True, capture_output=True, text=True)
            yield Site(url, json.loads(made.stdout))


@pytest.fixture(scope="module")
def here(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    settings = load_settings(dir=str(tmp_path_factory.mktemp("installation")), environ={})
    bootstrap.init(settings)
    app = bootstrap.open_app(settings)
    alice = campaigns.add_person(app, "alice", [Role.AUTHOR])
    with asyncio.Runner() as loop, losing(site.base_url) as proxy:
        linked = loop.run(_connect(app, alice, proxy.base_url, "carol", site.passwords["carol"]))
        yield Here(app, alice, linked.account, site, proxy, loop)
        loop.run(app.close_network())
    app.store.close()


def outgoing(text: str, *media: OutgoingMedium, title: str | None = None) -> Outgoing:
    return Outgoing("wp", "wordpress", ("ko", "ru"), text, media=media, title=title)


def image(here: Here, alt: str = "창밖 / за окном <\"&'>") -> OutgoingMedium:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), secrets.choice(["navy", "maroon", "teal"])).save(out, "PNG")
    return OutgoingMedium(here.keep(out.getvalue()), "image/png", len(out.getvalue()), 64, 36, alt)


def clip(here: Here, folder: Path) -> OutgoingMedium:
    film, track = clip_file(folder / "a.mp4").read_bytes(), vtt_file(folder / "a.vtt", "Здравствуйте").read_bytes()
    captions = {"ru": here.keep(track)}
    return OutgoingMedium(here.keep(film), "video/mp4", len(film), 160, 90, "기차 / поезд", 1.0, captions)


def test_it_is_known_for_what_it_is(here: Here) -> None:
    told = here.account

    assert ("wordpress", "carol@127.0.0.1", Guarantee.HANDLE) == (told.kind, told.handle, told.guarantee)
    assert ("Peace", True) == (told.sheet["site"], told.remote_id.isdigit())


@pytest.mark.parametrize(
    ("who", "password", "error", "words"),
    [
        ("carol", "wrong", Unauthorized, "an application password: make one in the user's profile"),
        ("nobody", "wrong", Unauthorized, "an application password"),
        ("bob", None, Refused, "bob may not publish there; give the user the role Author"),
        ("dave", None, Refused, "dave may not publish there"),
    ],
)
def test_who_may_not_publish_is_told_what_to_do(
    here: Here, site: Site, who: str, password: str | None, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        here.run(_connect(here.app, here.alice, site.base_url, who, password or site.passwords[who], name="x"))


@pytest.mark.parametrize(
    ("text", "title"), [(KOREAN, "제목 <1> & 2"), (RUSSIAN, None), (f"{KOREAN}\n\n{RUSSIAN}", None)]
)
def test_text_picture_and_clip_stand_there_as_they_were_written(
    here: Here, site: Site, tmp_path: Path, text: str, title: str | None
) -> None:
    wanted = outgoing(text, image(here), clip(here, tmp_path), title=title)
    made, wire = here.send(wanted)
    record = here.run(here.adapter().fetch(made.remote_id))

    assert content_of(wanted, wire["uploads"]) == record["content"]["raw"]  # its filter of HTML found nothing to change
    assert ("publish", 1) == (record["status"], record["content"]["block_version"])
    shown = httpx.get(made.permalink or "", follow_redirects=True)
    assert 200 == shown.status_code
    rendered = record["content"]["rendered"]
    for part in ("wp-block-video", "<track src=", f'alt="{html.escape(wanted.media[0].alt)}"', "<figcaption"):
        assert part in rendered, part
    assert "wp:paragraph" not in rendered
    for sha, each in wire["uploads"].items():
        assert here.files[sha] == httpx.get(each["url"]).content
    [picture, film, track] = [wire["uploads"][sha]["id"] for sha in wire["uploads"]]
    below = site.ask("alice", "GET", MEDIA, params={"parent": made.remote_id, "_fields": "id"}).json()
    assert {picture, film, track} == {each["id"] for each in below}


def test_after_a_lost_answer_there_is_one_post_however_it_is_settled(here: Here, site: Site) -> None:
    wanted, since = outgoing(f"{KOREAN} lost", image(here)), datetime.now(UTC)
    before, wire = site.public(), here.prepare(wanted)
    assert before == site.public()  # a draft is seen by nobody
    assert here.run(here.adapter().confirm(wanted, wire, Doubt(since))) is None
    here.proxy.lose.append(("POST", f"/posts/{wire['draft']}"))
    with pytest.raises(Uncertain):
        here.run(here.adapter().publish(wanted, wire))
    found = here.run(here.adapter().confirm(wanted, wire, Doubt(since)))
    again = here.run(here.adapter().publish(wanted, here.prepare(wanted, wire)))

    assert (0, found.remote_id, before + 1) == (len(here.proxy.lose), again.remote_id, site.public())
    assert here.run(here.adapter().confirm(wanted, wire, Doubt(since, frozenset({found.remote_id})))) is None


@pytest.mark.parametrize("path", ["/posts?", "/media?"])
def test_a_lost_answer_before_the_line_is_asked_again(here: Here, site: Site, path: str) -> None:
    wanted, before = outgoing(f"{RUSSIAN} {path}", image(here)), site.public()
    here.proxy.lose.append(("POST", path))
    with pytest.raises(Unavailable):
        here.prepare(wanted)
    here.send(wanted)

    assert before + 1 == site.public()


def test_where_the_draft_is_gone_the_users_own_posts_decide(here: Here) -> None:
    wanted, since = outgoing(f"{RUSSIAN} gone", image(here)), datetime.now(UTC)
    made, wire = here.send(wanted)
    lost = {**wire, "draft": 99_999_999}

    assert made.remote_id == here.run(here.adapter().confirm(wanted, lost, Doubt(since))).remote_id
    assert here.run(here.adapter().confirm(wanted, lost, Doubt(since, frozenset({made.remote_id})))) is None
    absent = outgoing("보낸 적이 없는 글", *wanted.media)
    assert here.run(here.adapter().confirm(absent, lost, Doubt(since))) is None
    with pytest.raises(Unavailable, match="the draft is gone"):
        here.run(here.adapter().publish(wanted, lost))


def test_what_somebody_put_into_the_trash_is_not_published_again(here: Here, site: Site) -> None:
    wanted, since = outgoing("휴지통"), datetime.now(UTC)
    wire, before = here.prepare(wanted), site.public()
    site.ask("alice", "DELETE", f"{POSTS}/{wire['draft']}")
    with pytest.raises(Uncertain, match="in the site's trash"):
        here.run(here.adapter().confirm(wanted, wire, Doubt(since)))
    with pytest.raises(Refused, match="in the site's trash"):
        here.prepare(wanted, wire)
    assert before == site.public()


def test_comments_are_counted_and_read(here: Here, site: Site) -> None:
    made, _ = here.send(outgoing("숫자를 세어 봅시다"))
    first = site.ask(
        "alice", "POST", "/wp-json/wp/v2/comments", json={"post": made.remote_id, "content": "좋아요 <b>!</b>"}
    )
    reply = {"post": made.remote_id, "content": "Спасибо", "parent": first.json()["id"]}
    assert 201 == site.ask("carol", "POST", "/wp-json/wp/v2/comments", json=reply).status_code
    readings = here.run(here.adapter().measure([made.remote_id, "99999999"]))
    comments = here.run(here.adapter().comments(made.remote_id))

    assert (2, ReadingStatus.OK) == (
        readings[made.remote_id]["replies"].value,
        readings[made.remote_id]["replies"].status,
    )
    assert ReadingStatus.EXPIRED == readings["99999999"]["replies"].status
    assert [("alice", "좋아요 !", made.remote_id), ("carol", "Спасибо", comments[0].remote_id)] == [
        (each.author, each.text, each.in_reply_to) for each in comments
    ]
    assert all(each.at and abs((each.at - datetime.now(UTC)).total_seconds()) < 600 for each in comments)


def test_an_edit_changes_title_text_and_alt_texts(here: Here, site: Site) -> None:
    picture = image(here)
    made, wire = here.send(outgoing("하나", picture))
    changed = outgoing("둘 [x]", replace(picture, alt="다른 그림"), title="새 제목")
    for _ in range(2):
        assert made.remote_id == here.run(here.adapter().edit(made.remote_id, changed, wire)).remote_id
    record = here.run(here.adapter().fetch(made.remote_id))
    kept = site.ask("alice", "GET", f"{MEDIA}/{wire['uploads'][picture.sha256]['id']}").json()

    assert (content_of(changed, wire["uploads"]), "새 제목") == (record["content"]["raw"], record["title"]["raw"])
    assert "다른 그림" == kept["alt_text"]


def test_what_is_deleted_takes_its_media_along_and_may_be_deleted_again(here: Here, site: Site, tmp_path: Path) -> None:
    made, wire = here.send(outgoing("지울 글", image(here), clip(here, tmp_path)))
    before = site.public()
    for _ in range(2):
        here.run(here.adapter().delete(made.remote_id))
    here.run(here.adapter().delete("99999999"))
    readings = here.run(here.adapter().measure([made.remote_id]))[made.remote_id]

    assert (before - 1, ReadingStatus.EXPIRED) == (site.public(), readings["replies"].status)
    # Of an address that is gone it guesses another one.
    assert {httpx.get(each["url"]).status_code for each in wire["uploads"].values()} <= {404, 301}


def test_a_file_that_the_site_does_not_take_is_refused(here: Here) -> None:
    bad = OutgoingMedium(here.keep(b"no picture"), "image/png", 10, 1, 1, "x")
    with pytest.raises(Refused, match="not allowed to upload this file type"):
        here.prepare(outgoing("글", bad))


def test_the_twin_refuses_as_the_site_does(site: Site) -> None:
    seen = provoke(site.ask)

    assert set(REFUSALS) == set(seen)
    for name, answer in seen.items():
        row, told = REFUSALS[name], answer.json()
        assert (row.status, row.code, row.words) == (answer.status_code, told["code"], told["message"]), name


def test_a_post_lives_here_as_at_the_twin(site: Site) -> None:
    assert LIFE == life(site.ask)


async def _connect(app: App, by: Person, base_url: str, user: str, token: str, name: str = "wp") -> accounts.Linked:
    return await accounts.connect(
        app, "wordpress", name=name, base_url=base_url, token=token, langs=("ko", "ru"), by=by, private=True,
        options={"user": user},
    )  # fmt: skip


def _mariadbd() -> str | None:
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def _database(folder: Path) -> Iterator[None]:
    """A MariaDB without users, rights and network: only who reaches its socket reaches it."""
    data, where = folder / "db", folder / "db.sock"
    data.mkdir()
    program = [str(_mariadbd()), "--no-defaults", f"--datadir={data}", "--skip-grant-tables"]
    program += ["--user=root"] if os.geteuid() == 0 else []
    program += ["--innodb-flush-log-at-trx-commit=0"]
    made = f"CREATE DATABASE mysql;\nUSE mysql;\n{DATABASE.read_text()}\nCREATE DATABASE wp CHARACTER SET utf8mb4;\n"
    subprocess.run([*program, "--bootstrap"], input=made, text=True, check=True, capture_output=True)
    with (folder / "db.log").open("w") as log:
        process = subprocess.Popen(
            [*program, "--skip-networking", f"--socket={where}", f"--pid-file={folder / 'db.pid'}"],
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait_for(process, where.exists, folder / "db.log")
            yield
        finally:
            process.kill()
            process.wait()


@contextmanager
def _web(folder: Path, url: str) -> Iterator[None]:
    """PHP's own server; its workers outlive it, so its whole group is ended."""
    options = ["-d", "upload_max_filesize=50M", "-d", "post_max_size=60M", "-d", "opcache.enable_cli=1"]
    command = ["php", *options, "-S", url.partition("://")[2], "-t", str(folder / "site"), str(HERE / "router.php")]
    port = int(url.rpartition(":")[2])

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with (folder / "php.log").open("w") as log:
        environment = {**os.environ, "PHP_CLI_SERVER_WORKERS": "3"}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(process, listens, folder / "php.log")
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", ready: Any, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if ready():
            return
        time.sleep(0.05)
    pytest.fail(f"it does not start: {log.read_text()[-2000:]}")
