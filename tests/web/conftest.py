"""The desk of the tests: the real server in a thread on a free port, asked over a real socket."""

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from campaign.clock import real_now
from campaign.config import Settings
from campaign.core.engagement import PLAN_B
from campaign.core.model import Measurement, ReadingStatus
from campaign.core.states import State
from campaign.service import App, login
from campaign.store import people, readings
from campaign.web.gate import COOKIE
from campaign.web.pages import create_app
from campaign.web.server import Server, bind
from tests.conftest import World

VOID = ("meta", "link", "img", "br", "hr", "input")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Desk:
    """A desk that is asked over HTTP; what it is asked carries the cookie of who is logged in."""

    port: int
    app: App
    cookie: str = ""
    csrf: str = ""

    def log_in(self, name: str) -> "Desk":
        """Come in as this person of the world, without the cost of a password."""
        with self.app.store.read() as tx:
            person = people.person_named(tx, name)
        entered = login.enter(self.app, person, now=real_now())
        self.cookie, self.csrf = entered.cookie, entered.session.csrf
        return self

    def ask(
        self, path: str, *, method: str = "GET", host: str | None = None, body: bytes | None = None, **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {"Host": host or f"127.0.0.1:{self.port}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        if self.cookie:
            named.setdefault("Cookie", f"{COOKIE}={self.cookie}")
        with contextlib.closing(connection):
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def send(self, path: str, *, csrf: str | None = None, host: str | None = None, **fields: Any) -> Answer:
        """Send a form as a browser does; a list gives a field several values."""
        told = {"csrf": self.csrf if csrf is None else csrf, **fields}
        body = urlencode(told, doseq=True).encode()
        return self.ask(path, method="POST", host=host, body=body, Content_Type="application/x-www-form-urlencoded")


@pytest.fixture
def serve() -> Iterator[Callable[..., Desk]]:
    """Serve an App; `options` go to create_app; `by` is logged in, None: nobody."""
    running: list[tuple[Server, threading.Thread, Any]] = []

    def start(app: App, settings: Settings, *, by: str | None = "carol", **options: Any) -> Desk:
        options.setdefault("hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        bound, listening = bind("127.0.0.1", 0, 0), threading.Event()
        server = Server(create_app(app, settings, **options), listening.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        running.append((server, thread, bound))
        assert listening.wait(60)
        desk = Desk(bound.getsockname()[1], app)
        return desk.log_in(by) if by else desk

    yield start
    for server, thread, bound in running:
        server.stop()
        thread.join(10)
        bound.close()


class Page(HTMLParser):
    """A page taken apart: every start tag with its attributes and its place, every cell of every table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._table = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self._table = dict(attrs).get("id") or f"table {len(self.tables)}"
            self.tables[self._table] = []
        if tag == "tr":
            self.tables[self._table].append([])
        if tag in ("td", "th"):
            self.tables[self._table][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append((self.open[-1] if self.open else "", data))
        if "td" in self.open or "th" in self.open:
            self.tables[self._table][-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(data for tag, data in self.words if tag not in ("style", "script"))


def seed(world: World, *, missing: str = "P02", age_days: int = 28) -> None:
    """Give every published delivery its planned readings; one post's reading at 7 days failed."""
    items: list[Measurement] = []
    for place, row in enumerate(world.deliveries()):
        if row.state is not State.PUBLISHED:
            continue
        assert row.published_at is not None
        gap = row.post_id == post_id(world, missing)
        for step, age in enumerate(PLAN_B):
            if age > timedelta(days=age_days):
                break
            at, bad = row.published_at + age + timedelta(seconds=5), gap and age == timedelta(days=7)
            for metric, value in (("reactions", 40 + step * 3 + place), ("replies", 2), ("reposts", step)):
                status = ReadingStatus.ERROR if bad else ReadingStatus.OK
                items.append(Measurement(row.id, metric, None if bad else value, status, at, "mastodon"))  # type: ignore[arg-type]
            items.append(Measurement(row.id, "quotes", None, ReadingStatus.NOT_OFFERED, at, "mastodon"))
    with world.app.store.begin() as tx:
        readings.add_readings(tx, items)


def post_id(world: World, name: str) -> str:
    from campaign.store import posts

    with world.app.store.read() as tx:
        return next((post.id for post in posts.posts_of(tx) if post.name == name), "")
