"""Bluesky's own server (PDS) on this machine: our adapter, driven for real, and the twin held against it.

`make test-real` fetches it (tests/real/fetch_pds.sh); TEST_PDS names another folder with `node` and `node_modules`.
"""

import asyncio
import hashlib
import io
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from campaign import bootstrap
from campaign.config import load_settings
from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Refused, Unauthorized, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Person, Published, ReadingStatus, Role
from campaign.sandbox import Twin
from campaign.service import App, accounts, campaigns

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("pds")]

HERE = Path(__file__).parent
POST = "app.bsky.feed.post"
LINK = "https://example.org/여정"
KOREAN = f"서울에서 모스크바까지, 평화의 여정이 시작됩니다. #평화 {LINK}"
BOTH = f"{KOREAN}\n\nОт Сеула до Москвы: путешествие мира. #мир"
ABSENT = "bafkreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
WEBVTT = "WEBVTT\n\n00:00.000 --> 00:01.000\n{}\n"


@dataclass
class Pds:
    """A running server with one account and an app password of it."""

    base_url: str
    handle: str
    did: str
    password: str


@dataclass
class Here:
    """An installation on the system's clock, connected to the server."""

    app: App
    alice: Person
    account: Account
    password: str
    loop: asyncio.Runner
    files: dict[str, bytes] = field(default_factory=dict)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def adapter(self, sink: Exchanges | None = None) -> Adapter:
        return self.app.open_adapter(self.account, self.password, sink or Exchanges())

    def keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.files[digest] = content
        return digest

    def open_medium(self, digest: str) -> io.BytesIO:
        return io.BytesIO(self.files[digest])

    def prepare(self, wanted: Outgoing, **options: Any) -> dict[str, Any]:
        options = {"key": secrets.token_hex(8), "parent": None, "previous": None, **options}
        wire: dict[str, Any] = self.run(self.adapter().prepare(wanted, open_medium=self.open_medium, **options))
        return wire

    def send(self, wanted: Outgoing, **options: Any) -> tuple[Published, dict[str, Any]]:
        wire = self.prepare(wanted, **options)
        return self.run(self.adapter().publish(wanted, wire)), wire


@pytest.fixture(scope="module")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pds]:
    folder = Path(os.environ.get("TEST_PDS") or "none")
    if not (folder / "node_modules" / "@atproto" / "pds").is_dir():
        lack = f"no Bluesky server: TEST_PDS is {str(folder)!r}; run: make test-real"
        pytest.fail(lack) if os.environ.get("CI") == "true" else pytest.skip(lack)
    data = tmp_path_factory.mktemp("pds")
    plc, port = _free_ports(2)
    settings = {
        "PLC_PORT": str(plc),
        "PDS_PORT": str(port),
        "PDS_HOSTNAME": "localhost",
        "PDS_DEV_MODE": "1",
        "PDS_INVITE_REQUIRED": "0",
        "PDS_DATA_DIRECTORY": str(data / "data"),
        "PDS_BLOBSTORE_DISK_LOCATION": str(data / "blobs"),
        "PDS_DID_PLC_URL": f"http://127.0.0.1:{plc}",
        "PDS_SERVICE_HANDLE_DOMAINS": ".test",
        "PDS_JWT_SECRET": secrets.token_hex(16),
        "PDS_ADMIN_PASSWORD": secrets.token_hex(16),
        "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": secrets.token_hex(32),
        "PDS_BLOB_UPLOAD_LIMIT": "104857600",
        "PDS_RATE_LIMITS_ENABLED": "1",
        "LOG_ENABLED": "false",
    }
    (data / "data").mkdir()
    node = folder / "node" / "bin" / "node"
    command = [str(node), "-r", str(HERE / "bind-local.cjs"), str(HERE / "run.cjs")]
    with (data / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout
        try:
            if process.stdout.readline() != "ready\n":
                pytest.fail(f"the Bluesky server does not start: {(data / 'log').read_text()[-2000:]}")
            yield _with_account(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture(scope="module")
def here(pds: Pds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    settings = load_settings(dir=str(tmp_path_factory.mktemp("installation")), environ={})
    bootstrap.init(settings)
    app = bootstrap.open_app(settings)
    alice = campaigns.add_person(app, "alice", [Role.AUTHOR])
    with asyncio.Runner() as loop:
        linked = loop.run(
            accounts.connect(
                app,
                "bluesky",
                name="bs",
                base_url=pds.base_url,
                token=pds.password,
                langs=("ko", "ru"),
                by=alice,
                private=True,
                options={"identifier": pds.handle},
            )
        )
        yield Here(app, alice, linked.account, pds.password, loop)
        loop.run(app.close_network())
    app.store.close()


def outgoing(text: str, *media: OutgoingMedium, langs: tuple[str, ...] = ("ko", "ru")) -> Outgoing:
    return Outgoing("bs", "bluesky", langs, text, media=media)


def image(here: Here) -> OutgoingMedium:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), secrets.choice(["navy", "maroon", "teal"])).save(out, "PNG")
    return OutgoingMedium(here.keep(out.getvalue()), "image/png", len(out.getvalue()), 64, 36, "창밖 / за окном")


def clip(here: Here) -> OutgoingMedium:
    body = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + secrets.token_bytes(200_000)
    captions = {lang: here.keep(WEBVTT.format(lang).encode()) for lang in ("ko", "ru")}
    return OutgoingMedium(here.keep(body), "video/mp4", len(body), 1280, 720, "기차 / поезд", 4.0, captions)


def test_it_is_known_for_what_it_is(here: Here, pds: Pds) -> None:
    assert (pds.did, f"@{pds.handle}", Guarantee.REPLAY) == (
        here.account.remote_id,
        here.account.handle,
        here.account.guarantee,
    )
    # It tells how large a blob may be; without one of its own it shows posts nowhere, so bsky.app is named.
    assert (2_000_000, 104_857_600, None) == (
        here.account.sheet["image_bytes"],
        here.account.sheet["video_bytes"],
        here.account.sheet.get("web"),
    )


def test_a_wrong_password_is_named_as_such(here: Here) -> None:
    with pytest.raises(Unauthorized):
        here.run(here.app.open_adapter(here.account, "wrong", Exchanges()).connect())


@pytest.mark.parametrize("media", [(), (image, image), (clip,)], ids=["text", "images", "clip"])
def test_text_images_and_clips_go_out_in_two_languages_and_the_same_again_is_the_same_post(
    here: Here, media: tuple[Callable[[Here], OutgoingMedium], ...]
) -> None:
    wanted = replace(outgoing(BOTH, *(make(here) for make in media)), link=LINK)
    wire = here.prepare(wanted)
    assert here.run(here.adapter().confirm(wanted, wire, Doubt(datetime.now(UTC)))) is None

    number = len(_listed(here))
    again = here.prepare(wanted, previous=wire)
    made = [here.run(here.adapter().publish(wanted, again)) for _ in range(3)]
    found = here.run(here.adapter().confirm(wanted, wire, Doubt(datetime.now(UTC))))

    assert wire == again and {wire["rkey"]} == {one.remote_id for one in (*made, found)}
    assert number + 1 == len(_listed(here))
    record = here.run(here.adapter().fetch(made[0].remote_id))["value"]
    assert (BOTH, ["ko", "ru"]) == (record["text"], record["langs"])
    marked = [f["index"] for f in record["facets"]]
    assert ["#평화", LINK, "#мир"] == [BOTH.encode()[i["byteStart"] : i["byteEnd"]].decode() for i in marked]


def test_eight_at_once_make_one_post(here: Here) -> None:
    wanted = outgoing("동시에 / одновременно")
    wire = here.prepare(wanted)

    async def together() -> list[Any]:
        return await asyncio.gather(*(here.adapter().publish(wanted, wire) for _ in range(8)))

    number = len(_listed(here))
    assert {wire["rkey"]} == {one.remote_id for one in here.run(together())}
    assert number + 1 == len(_listed(here))


def test_another_record_under_the_key_is_a_doubt(here: Here) -> None:
    first, wire = here.send(outgoing("하나 / один"))
    other = outgoing("둘 / два")
    changed = {**wire, "body": wire["body"].replace("하나", "둘")}
    with pytest.raises(Uncertain, match="InvalidSwap"):
        here.run(here.adapter().publish(other, changed))
    with pytest.raises(Uncertain, match="another record"):
        here.run(here.adapter().confirm(other, changed, Doubt(datetime.now(UTC))))

    assert "하나 / один" == here.run(here.adapter().fetch(first.remote_id))["value"]["text"]


def test_a_thread_is_edited_and_taken_down(here: Here) -> None:
    first, _ = here.send(outgoing("1"))
    second, wire = here.send(outgoing("2", image(here)), parent=Parent(first.remote_id, {}))
    third, _ = here.send(outgoing("3"), parent=Parent(second.remote_id, {}))
    record = here.run(here.adapter().fetch(third.remote_id))["value"]
    assert (first.remote_id, second.remote_id) == tuple(
        record["reply"][end]["uri"].rpartition("/")[2] for end in ("root", "parent")
    )

    better = replace(outgoing("2!"), media=())
    for _ in range(2):
        here.run(here.adapter().edit(second.remote_id, better, wire))
    edited = here.run(here.adapter().fetch(second.remote_id))["value"]
    assert ("2!", first.remote_id) == (edited["text"], edited["reply"]["root"]["uri"].rpartition("/")[2])

    for _ in range(2):  # what is gone already is no error
        here.run(here.adapter().delete(third.remote_id))
    with pytest.raises(Refused):
        here.run(here.adapter().fetch(third.remote_id))


def test_without_an_appview_nothing_is_counted_and_nothing_is_called_zero(here: Here) -> None:
    made, _ = here.send(outgoing("숫자 / числа"))
    readings = here.run(here.adapter().measure([made.remote_id]))[made.remote_id]

    assert {(None, ReadingStatus.NOT_OFFERED)} == {(reading.value, reading.status) for reading in readings.values()}


def test_a_session_is_renewed_and_no_secret_is_kept(here: Here) -> None:
    sink = Exchanges()
    adapter = here.adapter(sink)
    memory = adapter._client.memory  # type: ignore[attr-defined]
    access = memory["session"]["access"]
    memory["session"] = {**memory["session"], "access": f"{access}x"}  # a token that the server does not know
    here.run(adapter.connect())
    kept = b"".join(exchange.request + (exchange.response or b"") for exchange in sink.kept)

    assert any("refreshSession" in exchange.url for exchange in sink.kept)
    for secret in (here.password, access, *memory["secrets"]):
        assert secret.encode() not in kept


REFUSED: dict[str, Any] = {
    "301 graphemes": {"text": "가" * 301},
    "3250 bytes": {"text": "👨‍👩‍👧‍👦" * 130},
    "no text": {"text": ...},
    "4 languages": {"langs": ["ko", "ru", "en", "de"]},
    "no language": {"langs": ["not a lang"]},
    "no time": {"createdAt": ...},
    "a bad time": {"createdAt": "yesterday"},
    "another type": {"$type": "app.bsky.feed.like"},
    "5 images": {"embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "a", "image": "blob"}] * 5}},
    "a large image": {"embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "a", "image": "large"}]}},
    "no alt": {"embed": {"$type": "app.bsky.embed.images", "images": [{"image": "blob"}]}},
    "no such blob": {"embed": {"$type": "app.bsky.embed.images", "images": [{"alt": "a", "image": "blob"}]}},
    "a picture for a clip": {"embed": {"$type": "app.bsky.embed.video", "video": "blob"}},
    "half a card": {"embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://x.test/"}}},
    "a bad reply": {"reply": {"root": {"uri": "x", "cid": "y"}, "parent": {"uri": "x", "cid": "y"}}},
    "facet before the text": {"facets": [{"index": {"byteStart": -1, "byteEnd": 1}, "features": []}]},
}
TAKEN: dict[str, Any] = {
    "300 syllables": {"text": "가" * 300},
    "an empty text": {"text": ""},
    "no type": {"$type": ...},
    "a facet beyond the text": {"facets": [{"index": {"byteStart": 0, "byteEnd": 99}, "features": []}]},
}


@pytest.mark.parametrize("told", [*REFUSED.values(), *TAKEN.values()], ids=[*REFUSED, *TAKEN])
def test_the_twin_says_what_the_real_server_says(here: Here, pds: Pds, tmp_path: Path, told: dict[str, Any]) -> None:
    record = {"$type": POST, "text": "평화", "createdAt": "2026-11-24T00:00:00.000Z"} | told
    record = {key: _blobs(value) for key, value in record.items() if value is not ...}
    with Twin(tmp_path) as twin:
        login = twin.opened["bluesky"]["peace_ko"]
        answers = [
            _put(base_url, identifier, password, record)
            for base_url, identifier, password in (
                (pds.base_url, pds.handle, pds.password),
                (twin.base_url, login["identifier"], login["token"]),
            )
        ]

    assert answers[0] == answers[1]


def _put(base_url: str, identifier: str, password: str, record: dict[str, Any]) -> tuple[int, Any]:
    """Put a record as any client would; return what does not depend on who posted when."""
    with httpx.Client(base_url=f"{base_url}/xrpc/", headers={"Content-Type": "application/json"}) as client:
        login = json.dumps({"identifier": identifier, "password": password})
        session = client.post("com.atproto.server.createSession", content=login).json()
        body = {"repo": session["did"], "collection": POST, "rkey": _key(), "record": record, "swapRecord": None}
        auth = {"Authorization": f"Bearer {session['accessJwt']}"}
        answer = client.post("com.atproto.repo.putRecord", content=json.dumps(body), headers=auth)
        told = answer.json()
    return answer.status_code, told if answer.status_code != 200 else (told["cid"], told["validationStatus"])


def _key() -> str:
    return "3" + "".join(secrets.choice("234567abcdefghijklmnopqrstuvwxyz") for _ in range(12))


def _blobs(value: Any) -> Any:
    """Put blobs that were never uploaded in the place of their names."""
    if isinstance(value, dict):
        return {key: _blobs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_blobs(item) for item in value]
    sizes = {"blob": 100, "large": 2_000_009}
    if isinstance(value, str) and value in sizes:
        return {"$type": "blob", "ref": {"$link": ABSENT}, "mimeType": "image/png", "size": sizes[value]}
    return value


def _listed(here: Here) -> list[Any]:
    """Return the account's posts as anybody may read them."""
    params = {"repo": here.account.remote_id, "collection": POST, "limit": "100"}
    answer = httpx.get(f"{here.account.base_url}/xrpc/com.atproto.repo.listRecords", params=params)
    records: list[Any] = answer.json()["records"]
    return records


def _with_account(base_url: str) -> Pds:
    with httpx.Client(base_url=f"{base_url}/xrpc/") as client:
        body = {"handle": "peace.test", "email": "peace@x.test", "password": secrets.token_hex(16)}
        made = client.post("com.atproto.server.createAccount", json=body).json()
        auth = {"Authorization": f"Bearer {made['accessJwt']}"}
        app = client.post("com.atproto.server.createAppPassword", json={"name": "campaign"}, headers=auth).json()
    return Pds(base_url, made["handle"], made["did"], app["password"])


def _free_ports(count: int) -> list[int]:
    found = []
    for _ in range(count):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            found.append(free.getsockname()[1])
    return found
