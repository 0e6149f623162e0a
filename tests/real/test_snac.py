"""snac2, a server that others wrote and that speaks the Mastodon API in its own way: our adapter, driven for real.

`make test-real` fetches it (tests/real/fetch_snac.sh); TEST_SNAC names another binary.
"""

import asyncio
import hashlib
import html
import io
import json
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from PIL import Image
from tests.real.losing import Losing, losing

from campaign import bootstrap
from campaign.config import load_settings
from campaign.core.adapter import Adapter, Doubt, Exchanges
from campaign.core.errors import Conflict, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import (
    Account,
    Delivery,
    Guarantee,
    Outgoing,
    OutgoingMedium,
    Person,
    Published,
    ReadingStatus,
    Role,
)
from campaign.core.states import State
from campaign.service import App, accounts, campaigns
from campaign.service.compose import Draft, Picture, Wording, compose
from campaign.service.publish import publish
from campaign.service.work import read_works
from campaign.store import queue

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("snac")]

BACK = "http://127.0.0.1/back"
KOREAN = "서울에서 모스크바까지, 평화의 여정이 시작됩니다."
RUSSIAN = "От Сеула до Москвы: путешествие мира начинается."
ALT = "시베리아 횡단 열차의 창밖 풍경"


def browsing(base_url: str) -> httpx.Client:
    """Return a client for one connection a request: it closes them without a word, and may keep one waiting."""
    return httpx.Client(base_url=base_url, limits=httpx.Limits(max_keepalive_connections=0), timeout=30)


@dataclass
class Snac:
    """A running server with one user."""

    base_url: str
    user: str
    password: str
    other: str = ""  # the password of bob, who reads

    def token(self, user: str = "", password: str = "") -> str:
        """Walk the OAuth code flow as a browser would: application, form, code, token."""
        with browsing(self.base_url) as browser:
            asked = {"client_name": "Campaign", "redirect_uris": BACK, "scopes": "read write"}
            app = browser.post("/api/v1/apps", data=asked).json()
            query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": BACK, "state": "s1"}
            page = browser.get("/oauth/authorize", params={**query, "scope": "read write"})
            form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
            action = re.search(r'<form method="post" action="([^"]+)">', page.text)
            assert action and form["state"] == "s1"
            login = {"login": user or self.user, "passwd": password or self.password}
            answer = browser.post(action[1], data={**form, **login})
            back = parse_qs(urlsplit(answer.headers["location"]).query)
            assert back["state"] == ["s1"]
            grant = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": BACK}
            keys = {key: app[key] for key in ("client_id", "client_secret")}
            token: str = browser.post("/oauth/token", data={**grant, **keys}).json()["access_token"]
            return token


@dataclass
class Here:
    """An installation on the system's clock, connected to the server."""

    app: App
    alice: Person
    account: Account
    token: str
    warnings: tuple[str, ...]
    loop: asyncio.Runner = field(default_factory=asyncio.Runner)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def adapter(self) -> Adapter:
        return self.app.open_adapter(self.account, self.token, Exchanges())

    def send(self, name: str, text: str, *pictures: Picture) -> Delivery:
        """Compose a post that is due at once, publish it, and return what became of it."""
        at = datetime.now(ZoneInfo("Asia/Seoul")).strftime("%Y-%m-%d %H:%M:%S")
        draft = Draft(name=name, wordings={"ko": Wording(text)}, at=at, now=True, to=("kr",), pictures=pictures)
        [queued] = compose(self.app, "c", draft, by=self.alice, approve_now=True).deliveries
        self.run(publish(self.app, limit=10))
        with self.app.store.read() as tx:
            return queue.get(tx, queued.id)

    def outgoing(self, delivery: Delivery) -> Outgoing:
        [work] = read_works(self.app, [delivery])
        return work.outgoing


def image() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), secrets.choice(["navy", "maroon", "teal"])).save(out, "PNG")
    return out.getvalue()


def clip() -> bytes:
    return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + secrets.token_bytes(200_000)


@pytest.fixture(scope="module")
def snac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snac]:
    binary = os.environ.get("TEST_SNAC", "")
    if not binary or not os.access(binary, os.X_OK):
        lack = f"no snac: TEST_SNAC is {binary!r}; run: make test-real"
        pytest.fail(lack) if os.environ.get("CI") == "true" else pytest.skip(lack)
    data = tmp_path_factory.mktemp("snac") / "data"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    host = f"127.0.0.1:{port}"
    answers = f"127.0.0.1\n{port}\n{host}\n\n\n"
    subprocess.run([binary, "init", str(data)], input=answers, text=True, check=True, capture_output=True)
    server = json.loads((data / "server.json").read_text())
    (data / "server.json").write_text(json.dumps({**server, "protocol": "http"}))
    passwords = []
    for user in ("alice", "bob"):
        add = [binary, "adduser", str(data), user]
        made = subprocess.run(add, text=True, check=True, capture_output=True, input="")
        password = re.search(r"User password is (\S+)", made.stdout + made.stderr)
        assert password
        passwords.append(password[1])
    with (data / "log").open("w") as log:
        process = subprocess.Popen([binary, "httpd", str(data)], stdout=log, stderr=log)
        try:
            _wait_for("127.0.0.1", port)
            yield Snac(f"http://{host}", "alice", *passwords)
        finally:
            process.kill()  # told nicely it takes four seconds and more
            process.wait()


@pytest.fixture(scope="module")
def here(snac: Snac, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    with connected(snac, snac.base_url, tmp_path_factory.mktemp("installation")) as made:
        yield made


@pytest.fixture(scope="module")
def proxy(snac: Snac) -> Iterator[Losing]:
    with losing(snac.base_url) as made:
        yield made


@pytest.fixture(scope="module")
def behind(snac: Snac, proxy: Losing, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """Another installation, which reaches the server through a proxy that can lose answers."""
    with connected(snac, proxy.base_url, tmp_path_factory.mktemp("behind")) as made:
        yield made


@contextmanager
def connected(snac: Snac, base_url: str, folder: Path) -> Iterator[Here]:
    settings = load_settings(dir=str(folder), environ={})
    bootstrap.init(settings)
    app = bootstrap.open_app(settings)
    alice = campaigns.add_person(app, "alice", [Role.AUTHOR])
    campaigns.add_campaign(app, "c", by=alice, languages=("ko",), approval="none", zone_name="Asia/Seoul")
    token = snac.token()
    given: dict[str, Any] = {"base_url": base_url, "token": token, "langs": ("ko",), "by": alice, "private": True}
    with asyncio.Runner() as loop:
        linked = loop.run(accounts.connect(app, "mastodon", name="kr", **given))
        yield Here(app, alice, linked.account, token, linked.warnings, loop)
        loop.run(app.close_network())
    app.store.close()


def test_it_is_known_for_what_it_is_and_its_idempotency_key_is_not_trusted(here: Here) -> None:
    assert ("snac", Guarantee.READ_BACK) == (here.account.kind, here.account.guarantee)
    assert here.account.handle.startswith("@alice")
    assert any("Idempotency-Key" in warning for warning in here.warnings)
    assert here.app.capabilities(here.account).key_lifetime == 0.0


def test_a_wrong_token_is_named_as_such_though_snac_answers_422(here: Here) -> None:
    with pytest.raises(Unauthorized):
        here.run(here.app.open_adapter(here.account, "wrong", Exchanges()).connect())


def test_text_and_picture_go_out_and_are_read_back(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "train.png"
    Image.new("RGB", (64, 36), "navy").save(file)
    delivery = here.send("P01", KOREAN, Picture(file, {"ko": ALT}))

    assert (State.PUBLISHED, 1) == (delivery.state, delivery.attempts)
    record = here.run(here.adapter().fetch(str(delivery.remote_id)))
    assert "평화의 여정" in record["content"]
    assert [ALT] == [medium["description"] for medium in record["media_attachments"]]


def test_confirm_finds_what_is_there_and_nothing_that_is_not(here: Here) -> None:
    delivery = here.send("P02", "이르쿠츠크에 도착했습니다.")
    outgoing, wire = here.outgoing(delivery), dict(delivery.wire or {})
    since = delivery.sent_at or datetime.now(UTC)

    found = here.run(here.adapter().confirm(outgoing, wire, Doubt(since=since)))
    assert isinstance(found, Published)
    assert found.remote_id == delivery.remote_id
    # What another delivery owns is never ours, even when it reads the same.
    owned = frozenset({str(delivery.remote_id)})
    assert here.run(here.adapter().confirm(outgoing, wire, Doubt(since=since, owned=owned))) is None
    absent = Outgoing("kr", "mastodon", ("ko",), "보낸 적이 없는 글입니다.")
    body = json.dumps({"status": absent.text})
    assert here.run(here.adapter().confirm(absent, {"body": body}, Doubt(since=since))) is None


def test_an_edit_replaces_the_text(here: Here) -> None:
    delivery = here.send("P03", "고치기 전의 글입니다.")
    better = Outgoing("kr", "mastodon", ("ko",), "고친 뒤의 글입니다.")

    edited: Published | None = None
    for _ in range(5):  # it closes connections without a word, and then the same edit may be asked for again
        with suppress(Unavailable):
            edited = here.run(here.adapter().edit(str(delivery.remote_id), better, dict(delivery.wire or {})))
            break
    assert edited is not None
    assert edited.remote_id == delivery.remote_id
    assert "고친 뒤" in here.run(here.adapter().fetch(str(delivery.remote_id)))["content"]


def test_counters_are_read_and_a_post_that_is_not_there_has_none(here: Here) -> None:
    delivery = here.send("P04", "숫자를 세어 봅시다.")
    known, absent = str(delivery.remote_id), "1999999999.0"

    readings = here.run(here.adapter().measure([known, absent]))
    assert (0, ReadingStatus.OK) == (readings[known]["replies"].value, readings[known]["replies"].status)
    assert {None} == {reading.value for reading in readings[absent].values()}


def test_connections_that_it_drops_without_a_word_leave_no_doubt(here: Here) -> None:
    deliveries = []
    for number in range(6):
        deliveries.append(here.send(f"K{number}", f"{number}번째 역입니다."))
        time.sleep(0.05 * number)  # some follow at once, some on a connection that was closed meanwhile

    assert {(State.PUBLISHED, 1)} == {(delivery.state, delivery.attempts) for delivery in deliveries}
    assert 6 == len({delivery.remote_id for delivery in deliveries})


@pytest.mark.parametrize("media", [(), (image,), (clip,)], ids=["text", "picture", "clip"])
@pytest.mark.parametrize(("lang", "text"), [("ko", KOREAN), ("ru", RUSSIAN)])
def test_a_lost_answer_is_one_post_with_all_its_media(
    behind: Here, proxy: Losing, lang: str, text: str, media: tuple[Callable[[], bytes], ...]
) -> None:
    files = {hashlib.sha256(content).hexdigest(): content for content in (make() for make in media)}
    mime = "video/mp4" if clip in media else "image/png"
    attached = tuple(OutgoingMedium(sha, mime, len(content), 64, 36, ALT) for sha, content in files.items())
    wanted = Outgoing("kr", "mastodon", (lang,), f"{text} {secrets.token_hex(4)}", media=attached)
    since, before = datetime.now(UTC), len(_listed(behind))
    options: dict[str, Any] = {
        "key": secrets.token_hex(8),
        "parent": None,
        "open_medium": lambda sha: io.BytesIO(files[sha]),
    }
    wire = behind.run(behind.adapter().prepare(wanted, previous=None, **options))
    assert behind.run(behind.adapter().confirm(wanted, wire, Doubt(since))) is None

    proxy.lose.append(("POST", "/api/v1/statuses"))
    with pytest.raises(Uncertain):
        behind.run(behind.adapter().publish(wanted, wire))
    found = behind.run(behind.adapter().confirm(wanted, wire, Doubt(since)))

    assert isinstance(found, Published)
    assert (0, before + 1) == (len(proxy.lose), len(_listed(behind)))
    record = behind.run(behind.adapter().fetch(found.remote_id))
    assert text in html.unescape(record["content"])
    assert [ALT] * len(media) == [told["description"] for told in record["media_attachments"]]
    for told, content in zip(record["media_attachments"], files.values(), strict=True):
        with browsing(behind.account.base_url) as browser:
            assert content == browser.get(told["url"]).content


def test_what_a_reader_does_is_counted_and_the_answer_is_a_comment(here: Here, snac: Snac) -> None:
    with browsing(snac.base_url) as bob:
        bob.headers["Authorization"] = f"Bearer {snac.token('bob', snac.other)}"
        # Posts of others, of the same server too, are there for who follows them: in the time of its queue.
        bob.post(f"/api/v1/accounts/{here.account.remote_id}/follow").raise_for_status()
        sent: list[str] = []

        def at_home() -> bool:
            if len(sent) < 10:  # the first ones may be out before it knows of the follower
                sent.append(str(here.send(f"F{len(sent)}", f"{len(sent)}번째로 함께 걸어요.").remote_id))
            return bool({status["id"] for status in bob.get("/api/v1/timelines/home").json()} & set(sent))

        _until(at_home)
        home = [status["id"] for status in bob.get("/api/v1/timelines/home").json()]
        remote_id = next(each for each in home if each in sent)
        for verb in ("favourite", "reblog"):
            bob.post(f"/api/v1/statuses/{remote_id}/{verb}").raise_for_status()
        bob.post("/api/v1/statuses", json={"status": "Спасибо!", "in_reply_to_id": remote_id}).raise_for_status()

    def read() -> dict[str, int | None]:
        readings = here.run(here.adapter().measure([remote_id]))[remote_id]
        return {metric: reading.value for metric, reading in readings.items()}

    _until(lambda: read() == {"reactions": 1, "replies": 1, "reposts": 1, "quotes": None})
    _until(lambda: bool(here.run(here.adapter().comments(remote_id))))
    [comment] = here.run(here.adapter().comments(remote_id))
    assert ("Спасибо!", remote_id) == (comment.text, comment.in_reply_to)
    assert str(comment.author).startswith("@bob")


def test_its_known_quirks_are_still_the_same(here: Here) -> None:
    """When one of these fails, snac has changed: read its changelog, then the adapter's assumptions."""
    delivery = here.send("P05", "우리는 한국어로 씁니다.")
    record = here.run(here.adapter().fetch(str(delivery.remote_id)))
    assert record["language"] == "en"  # whatever it was told
    # It has no DELETE: the post stays, and that is said.
    assert not here.app.capabilities(here.account).deletes
    with pytest.raises(Refused, match="at its own pages"):
        here.run(here.adapter().delete(str(delivery.remote_id)))
    assert delivery.remote_id == here.run(here.adapter().fetch(str(delivery.remote_id)))["id"]


def test_the_same_identity_is_connected_once(here: Here, snac: Snac) -> None:
    again: dict[str, Any] = {
        "base_url": snac.base_url,
        "token": here.token,
        "langs": ("ko",),
        "by": here.alice,
        "private": True,
    }
    with pytest.raises(Conflict, match="connected already"):
        here.run(accounts.connect(here.app, "mastodon", name="other", **again))


def _listed(here: Here) -> list[Any]:
    """Return the account's posts as its own list tells them."""
    with browsing(here.account.base_url) as browser:
        auth, path = {"Authorization": f"Bearer {here.token}"}, f"/api/v1/accounts/{here.account.remote_id}/statuses"
        listed: list[Any] = browser.get(path, params={"limit": 100}, headers=auth).json()
    return listed


def _until(there: Callable[[], bool]) -> None:
    """Ask every second, for half a minute."""
    for _ in range(30):
        if there():
            return
        time.sleep(1)
    pytest.fail("it does not come about")


def _wait_for(host: str, port: int) -> None:
    until = datetime.now(UTC) + timedelta(seconds=10)
    while datetime.now(UTC) < until:
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    pytest.fail("snac does not listen")
