"""A real Matrix homeserver (Synapse) on this machine: our adapter, driven for real, and the twin held against it.

`make test-real` fetches it (tests/real/fetch_synapse.sh); TEST_SYNAPSE names another virtual environment.
"""

import asyncio
import hashlib
import io
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image
from tests.real.losing import Losing, losing

from campaign import bootstrap
from campaign.clock import SystemClock
from campaign.config import load_settings
from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Refused, Unauthorized, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Person, Published, ReadingStatus, Role
from campaign.platforms.matrix.events import txn_of
from campaign.sandbox.matrix.refusals import REFUSALS
from campaign.service import App, accounts, campaigns

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("synapse")]

V3, V1 = "/_matrix/client/v3", "/_matrix/client/v1"
MISSING = "$" + "A" * 43
ROOM, LOCKED, SECRET = "#peace_ko:localhost", "#locked:localhost", "#secret:localhost"
TEXTS = {"ko": "서울에서 모스크바까지 <평화> & 여정", "ru": "От Сеула до Москвы:\nпутешествие мира"}
CONFIG = """
server_name: localhost
report_stats: false
listeners:
  - {{port: {port}, bind_addresses: ['127.0.0.1'], type: http, resources: [{{names: [client]}}]}}
database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
pid_file: {folder}/pid
log_config: {folder}/log.yaml
registration_shared_secret: {secret}
macaroon_secret_key: {secret}
form_secret: {secret}
url_preview_enabled: false
trusted_key_servers: []
rc_message: {{per_second: 1000, burst_count: 1000}}
rc_login: {{address: {{per_second: 1000, burst_count: 1000}}, account: {{per_second: 1000, burst_count: 1000}}}}
"""
LOG = "version: 1\nroot: {level: ERROR, handlers: [f]}\nhandlers: {f: {class: logging.StreamHandler}}\n"


@dataclass
class Server:
    """A running homeserver with three users; alice made the rooms."""

    base_url: str
    tokens: dict[str, str]
    rooms: dict[str, str]

    def ask(self, method: str, path: str, who: str | None = "alice", **options: Any) -> httpx.Response:
        head = {"Authorization": f"Bearer {self.tokens.get(who, who)}"} if who else {}
        return httpx.request(method, self.base_url + path, headers=head, timeout=20, **options)

    def login(self, user: str) -> str:
        told = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": "pw"}
        return str(self.ask("POST", f"{V3}/login", None, json=told).json()["access_token"])

    def messages(self, room: str = ROOM) -> list[dict[str, Any]]:
        path = f"{V3}/rooms/{quote(self.rooms[room])}/messages"
        chunk = self.ask("GET", path, params={"dir": "b", "limit": "100"}).json()["chunk"]
        return [event for event in chunk if event["type"] == "m.room.message" and event["content"]]


@dataclass
class Here:
    """An installation on the system's clock, connected to the server through a proxy that loses answers."""

    app: App
    alice: Person
    account: Account
    server: Server
    proxy: Losing
    loop: asyncio.Runner
    files: dict[str, bytes] = field(default_factory=dict)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def adapter(self, token: str | None = None) -> Adapter:
        return self.app.open_adapter(self.account, token or self.server.tokens["alice"], Exchanges())

    def keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.files[digest] = content
        return digest

    def prepare(self, wanted: Outgoing, **options: Any) -> dict[str, Any]:
        options = {"key": secrets.token_hex(8), "parent": None, "previous": None, **options}

        def open_medium(digest: str) -> io.BytesIO:
            return io.BytesIO(self.files[digest])

        wire: dict[str, Any] = self.run(self.adapter().prepare(wanted, open_medium=open_medium, **options))
        return wire

    def send(self, wanted: Outgoing, **options: Any) -> tuple[Published, dict[str, Any]]:
        wire = self.prepare(wanted, **options)
        return self.run(self.adapter().publish(wanted, wire)), wire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    venv = Path(os.environ.get("TEST_SYNAPSE") or "none") / "bin"
    if not (venv / "register_new_matrix_user").is_file():
        lack = f"no Synapse: TEST_SYNAPSE is {os.environ.get('TEST_SYNAPSE')!r}; run: make test-real"
        pytest.fail(lack) if os.environ.get("CI") == "true" else pytest.skip(lack)
    folder = tmp_path_factory.mktemp("synapse")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "homeserver.yaml"
    config.write_text(CONFIG.format(port=port, folder=folder, secret=secrets.token_hex(16)))
    (folder / "log.yaml").write_text(LOG)
    program = [str(venv / "python"), "-m", "synapse.app.homeserver", "--config-path", str(config)]
    subprocess.run([*program, "--generate-keys"], check=True, capture_output=True, cwd=folder)
    base_url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(program, cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for(process, port, folder / "log")
            made = Server(base_url, {}, {})
            for user in ("alice", "bob", "carol"):
                register = [
                    venv / "register_new_matrix_user",
                    "-u",
                    user,
                    "-p",
                    "pw",
                    "--no-admin",
                    "-c",
                    config,
                    base_url,
                ]
                subprocess.run([str(each) for each in register], check=True, capture_output=True)
                made.tokens[user] = made.login(user)
            _make_rooms(made)
            yield made
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def here(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    settings = load_settings(dir=str(tmp_path_factory.mktemp("installation")), environ={})
    bootstrap.init(settings)
    clock = SystemClock()
    app = bootstrap.open_app(settings, clock=clock, opener=bootstrap.Opener(settings, clock, limited=False))
    alice = campaigns.add_person(app, "alice", [Role.AUTHOR])
    with asyncio.Runner() as loop, losing(server.base_url) as proxy:
        linked = loop.run(_connect(app, alice, proxy.base_url, server.tokens["alice"], ROOM))
        yield Here(app, alice, linked.account, server, proxy, loop)
        loop.run(app.close_network())
    app.store.close()


def outgoing(text: str, *media: OutgoingMedium) -> Outgoing:
    return Outgoing("mx", "matrix", ("ko", "ru"), text, media=media)


def image(here: Here, alt: str = "창밖 / за окном") -> OutgoingMedium:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), secrets.choice(["navy", "maroon", "teal"])).save(out, "PNG")
    return OutgoingMedium(here.keep(out.getvalue()), "image/png", len(out.getvalue()), 64, 36, alt)


def clip(here: Here) -> OutgoingMedium:
    body = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + secrets.token_bytes(200_000)
    return OutgoingMedium(here.keep(body), "video/mp4", len(body), 1280, 720, "기차 / поезд", 4.0)


def test_it_is_known_for_what_it_is(here: Here, server: Server) -> None:
    told = here.account

    assert (server.rooms[ROOM], ROOM, Guarantee.REPLAY) == (told.remote_id, told.handle, told.guarantee)
    assert ("@alice:localhost", 52_428_800) == (told.sheet["user"], told.sheet["image_bytes"])
    assert told.sheet["device"]


@pytest.mark.parametrize(
    ("who", "room", "error", "words"),
    [
        ("nobody", ROOM, Unauthorized, "Invalid access token"),
        ("bob", ROOM, Refused, "is not in #peace_ko:localhost; join it"),
        ("bob", LOCKED, Refused, "give it the power level 50"),
        ("alice", SECRET, Refused, "is encrypted"),
        ("alice", "#nope:localhost", Refused, "not found"),
    ],
)
def test_what_does_not_connect_says_what_to_do(
    here: Here, server: Server, who: str, room: str, error: type[Exception], words: str
) -> None:
    token = server.tokens.get(who, "nonsense")
    with pytest.raises(error, match=words):
        here.run(_connect(here.app, here.alice, server.base_url, token, room, name="x"))


def test_who_made_a_room_may_write_there_whatever_its_levels_say(here: Here, server: Server) -> None:
    linked = here.run(_connect(here.app, here.alice, server.base_url, server.tokens["alice"], LOCKED, name="locked"))

    assert server.rooms[LOCKED] == linked.account.remote_id


def test_text_picture_and_clip_arrive_in_two_languages(here: Here, server: Server) -> None:
    for text in (*TEXTS.values(), "\n\n".join(TEXTS.values())):
        wanted = outgoing(text, image(here), clip(here))
        made, _ = here.send(wanted)
        film, picture, first = server.messages()[:3]
        record = here.run(here.adapter().fetch(made.remote_id))

        assert (made.remote_id, text) == (first["event_id"], record["content"]["body"])
        kinds = [(each["content"]["msgtype"], each["content"]["body"]) for each in (picture, film)]
        assert [("m.image", "창밖 / за окном"), ("m.video", "기차 / поезд")] == kinds
        for each, medium in zip((picture, film), wanted.media, strict=True):
            path = each["content"]["url"].replace("mxc://", f"{V1}/media/download/")
            answer = server.ask("GET", path)
            assert (here.files[medium.sha256], medium.mime) == (answer.content, answer.headers["content-type"])


@pytest.mark.parametrize("lost", ["first", "medium"])
def test_after_a_lost_answer_there_is_one_post_however_it_is_settled(here: Here, server: Server, lost: str) -> None:
    wanted, since = outgoing(f"{TEXTS['ko']} {lost}", image(here), clip(here)), datetime.now(UTC)
    wire = here.prepare(wanted, key=f"key-{lost}/%")
    before = len(server.messages())
    path = "/send/m.room.message/" + quote(f"key-{lost}/%", safe="") + ("" if lost == "first" else ".1")
    here.proxy.lose.append(("PUT", path))
    with pytest.raises(Uncertain):
        here.run(here.adapter().publish(wanted, wire))
    found = here.run(here.adapter().confirm(wanted, wire, Doubt(since)))
    again = here.run(here.adapter().publish(wanted, here.prepare(wanted, key="unused", previous=wire)))

    assert (0, found.remote_id, before + 3) == (len(here.proxy.lose), again.remote_id, len(server.messages()))
    event = here.run(here.adapter().fetch(found.remote_id))
    assert wire["txn"] == txn_of(event)


def test_another_login_finds_the_post_by_its_content_and_nothing_that_others_own(here: Here, server: Server) -> None:
    wanted, since = outgoing("다른 기기 / другое устройство", image(here)), datetime.now(UTC)
    made, wire = here.send(wanted)
    before, other = len(server.messages()), here.adapter(server.login("alice"))
    found = here.run(other.confirm(wanted, wire, Doubt(since)))

    assert (made.remote_id, before) == (found.remote_id, len(server.messages()))
    assert here.run(other.confirm(wanted, wire, Doubt(since, frozenset({made.remote_id})))) is None
    absent = here.prepare(outgoing("보낸 적이 없는 글"))
    assert here.run(other.confirm(outgoing("보낸 적이 없는 글"), absent, Doubt(since))) is None


def test_a_thread_holds_its_parts_and_what_people_say_is_counted(here: Here, server: Server) -> None:
    first, wire = here.send(outgoing("1/2", image(here)))
    second, _ = here.send(outgoing("2/2", image(here)), parent=Parent(first.remote_id, {}))
    room = quote(server.rooms[ROOM])
    server.ask("POST", f"{V3}/join/{room}", "bob", json={})
    thread = {"rel_type": "m.thread", "event_id": first.remote_id}
    annotation = {"rel_type": "m.annotation", "event_id": first.remote_id, "key": "👍"}
    says = {"msgtype": "m.text", "body": "좋아요", "m.relates_to": thread}
    reply = {**says, "m.relates_to": {**thread, "m.in_reply_to": {"event_id": second.remote_id}}}
    for number, (kind, content) in enumerate(
        (("m.room.message", says), ("m.room.message", reply), ("m.reaction", {"m.relates_to": annotation}))
    ):
        path = f"{V3}/rooms/{room}/send/{kind}/{secrets.token_hex(4)}{number}"
        assert 200 == server.ask("PUT", path, "bob", json=content).status_code
    server.ask("POST", f"{V3}/rooms/{room}/leave", "bob", json={})
    readings = here.run(here.adapter().measure([first.remote_id, second.remote_id, MISSING]))
    comments = {each: here.run(here.adapter().comments(each)) for each in (first.remote_id, second.remote_id)}

    assert [(1, 1), (0, 1)] == [
        (readings[each]["reactions"].value, readings[each]["replies"].value)
        for each in (first.remote_id, second.remote_id)
    ]
    assert {(None, ReadingStatus.EXPIRED)} == {(each.value, each.status) for each in readings[MISSING].values()}
    for remote_id, told in comments.items():
        assert [("@bob:localhost", "좋아요", remote_id)] == [(c.author, c.text, c.in_reply_to) for c in told]
    assert wire["thread"] is None


def test_an_edit_changes_text_and_alt_text_and_may_go_back(here: Here, server: Server) -> None:
    picture = image(here)
    wanted = outgoing("하나", picture)
    made, wire = here.send(wanted)
    before = len(server.messages())
    for text, alt in (("둘", "다른 그림"), ("하나", picture.alt)):
        changed = replace(wanted, text=text, media=(replace(picture, alt=alt),))
        for _ in range(2):
            here.run(here.adapter().edit(made.remote_id, changed, wire))
        record = here.run(here.adapter().fetch(made.remote_id))
        assert text == record["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"]
    assert before + 4 == len(server.messages())


def test_what_is_deleted_is_gone_with_its_media_and_may_be_deleted_again(here: Here, server: Server) -> None:
    made, _ = here.send(outgoing("지울 글", image(here), clip(here)))
    before = len(server.messages())
    for _ in range(2):
        here.run(here.adapter().delete(made.remote_id))
    here.run(here.adapter().delete(MISSING))
    readings = here.run(here.adapter().measure([made.remote_id]))[made.remote_id]

    assert before - 3 == len(server.messages())
    assert {ReadingStatus.EXPIRED} == {each.status for each in readings.values()}


def test_who_is_out_of_the_room_does_not_take_its_posts_for_gone(here: Here, server: Server) -> None:
    made, _ = here.send(outgoing("남아 있는 글"))
    room, before = quote(server.rooms[ROOM]), len(server.messages())
    server.ask("POST", f"{V3}/join/{room}", "bob", json={})  # an empty room is closed for good
    server.ask("POST", f"{V3}/rooms/{room}/leave", json={})
    try:
        readings = here.run(here.adapter().measure([MISSING]))[MISSING]
        with pytest.raises(Refused, match="no longer in the room"):
            here.run(here.adapter().delete(MISSING))
    finally:
        server.ask("POST", f"{V3}/join/{room}", json={})
        server.ask("POST", f"{V3}/rooms/{room}/leave", "bob", json={})

    assert {ReadingStatus.NOT_PERMITTED} == {each.status for each in readings.values()}
    assert before == len(server.messages())
    assert made.remote_id == here.run(here.adapter().fetch(made.remote_id))["event_id"]


def test_the_longest_text_can_be_sent_and_edited(here: Here) -> None:
    limit = here.app.capabilities(here.account).text.limit
    made, wire = here.send(outgoing("ж" * (limit // 2)))
    here.run(here.adapter().edit(made.remote_id, outgoing('"\n' * 1000 + "ы" * (limit // 2 - 1000)), wire))
    with pytest.raises(Refused, match="event too large"):
        here.send(outgoing("ж" * 33_000))


def test_the_twin_refuses_as_the_server_does(server: Server) -> None:
    room, locked = quote(server.rooms[ROOM]), quote(server.rooms[LOCKED])
    message = {"msgtype": "m.text", "body": "x"}

    def send(where: str = room, who: str | None = "alice", **options: Any) -> httpx.Response:
        path = f"{V3}/rooms/{where}/send/m.room.message/{secrets.token_hex(8)}"
        return server.ask("PUT", path, who, **({"json": message} | options if "content" not in options else options))

    def refers(rel: str, target: str, **more: Any) -> httpx.Response:
        return send(json={**message, "m.relates_to": {"rel_type": rel, "event_id": target, **more}})

    def react() -> httpx.Response:
        told = {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": "👍"}}
        return server.ask("PUT", f"{V3}/rooms/{room}/send/m.reaction/{secrets.token_hex(8)}", json=told)

    first = send().json()["event_id"]
    part = refers("m.thread", first).json()["event_id"]
    react()
    login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "alice"}, "password": "x"}
    download = f"{V1}/media/download/localhost/nope"
    seen = {
        "no_token": server.ask("GET", f"{V3}/account/whoami", None),
        "bad_token": server.ask("GET", f"{V3}/account/whoami", "nonsense"),
        "wrong_password": server.ask("POST", f"{V3}/login", None, json=login),
        "unknown_path": server.ask("GET", f"{V3}/nothing"),
        "unknown_method": server.ask("DELETE", f"{V3}/account/whoami"),
        "not_json": send(content=b"{nope"),
        "not_object": send(json=[1]),
        "no_body": send(json={"msgtype": "m.text"}),
        "too_large": send(json={"msgtype": "m.text", "body": "x" * 66_000}),
        "no_alias": server.ask("GET", f"{V3}/directory/room/{quote('#nope:localhost')}"),
        "not_in_room": send(who="carol"),
        "no_preview": server.ask("GET", f"{V3}/rooms/{room}/state/m.room.power_levels", "carol"),
        "no_event": server.ask("GET", f"{V3}/rooms/{room}/event/{quote(MISSING)}"),
        "no_parent": server.ask("GET", f"{V1}/rooms/{room}/relations/{quote(MISSING)}"),
        "no_power": send(locked, "bob"),
        "thread_in_thread": refers("m.thread", part),
        "unknown_relation": refers("m.thread", MISSING),
        "same_reaction": react(),
        "no_medium": server.ask("GET", download),
    }
    server.ask("POST", f"{V3}/join/{room}", "bob", json={})
    seen["no_redaction"] = server.ask("PUT", f"{V3}/rooms/{room}/redact/{quote(first)}/z", "bob", json={})
    server.ask("POST", f"{V3}/rooms/{room}/leave", "bob", json={})
    values = {"alias": "#nope:localhost", "user": "@carol:localhost", "level": 0, "needed": 50, "path": download}

    # Too many requests, a broken server and an upload of 50 MB are left out.
    assert set(REFUSALS) - {"throttled", "internal", "temporary", "upload_too_large"} == set(seen)
    for name, answer in seen.items():
        row = REFUSALS[name]
        words = row.words.format(room=server.rooms[ROOM], **values)
        told = (answer.status_code, answer.json().get("errcode"), answer.json().get("error"))
        assert (row.status, row.code, words) == told, name


async def _connect(app: App, by: Person, base_url: str, token: str, room: str, name: str = "mx") -> accounts.Linked:
    return await accounts.connect(
        app, "matrix", name=name, base_url=base_url, token=token, langs=("ko", "ru"), by=by, private=True,
        options={"room": room},
    )  # fmt: skip


def _make_rooms(server: Server) -> None:
    encrypted = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]
    for alias, options in (
        (ROOM, {}),
        (LOCKED, {"power_level_content_override": {"events_default": 50}}),
        (SECRET, {"initial_state": encrypted}),
    ):
        told = {"room_alias_name": alias[1:].partition(":")[0], "preset": "public_chat", **options}
        server.rooms[alias] = server.ask("POST", f"{V3}/createRoom", json=told).json()["room_id"]
    server.ask("POST", f"{V3}/join/{quote(server.rooms[LOCKED])}", "bob", json={})


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"Synapse does not start: {log.read_text()[-2000:]}")
