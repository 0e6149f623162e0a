"""The world of the tests: a real installation, a real twin over HTTP, a clock turned by hand, and three people."""

import asyncio
import gc
import itertools
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from PIL import Image
from xdist.scheduler import LoadScopeScheduling

from campaign import bootstrap
from campaign.config import Settings, load_settings
from campaign.core.errors import CampaignError
from campaign.core.model import Account, Delivery, Person, Role
from campaign.media.share import PATH
from campaign.opener import make_sharer
from campaign.platforms import load
from campaign.sandbox.serve import Twin
from campaign.service import App, accounts, campaigns
from campaign.service.archive import archive
from campaign.service.compose import Composed, Draft, Picture, Wording, compose
from campaign.service.confirm import confirm
from campaign.service.publish import publish
from campaign.store import open_store, queue
from campaign.store.schema import upgrade
from tests import postgres

# Each commit of SQLite waits for the disk, and nothing of a test must survive a power cut: where there is room, tests
# write into memory. pytest reads this name.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4 * 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Long, or with a fixture that is dear to make: each is begun early, the longest first, and stays with one worker.
_LONG = "demo/test_drive test_sweep engine/test_distributed demo/test_film store/test_copy test_packaging test_daemon"
WHOLE = tuple(f"tests/{name}.py" for name in f"{_LONG} demo/test_rehearse cli/test_rehearse test_house".split())


class Whole(LoadScopeScheduling):
    """How xdist deals out tests: those of WHOLE by file, all others one by one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in WHOLE else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Whole:
    return Whole(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    files = {file: number for number, file in enumerate(WHOLE)}
    items.sort(key=lambda item: files.get(item.nodeid.partition("::")[0], len(files)))


# What is there once all tests are collected stays to the end, and it is much: looked through again and again by the
# collector of garbage, it costs a third of the tests' time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


class HandClock:
    """A clock that a test turns: `now` and `monotonic` move only when told. The twin reads it from a file."""

    boot = "the boot of the tests"

    def __init__(self, file: Path, start: datetime = START, mono: float = 1000.0) -> None:
        self.file, self._now, self._mono = file, start, mono
        self._write()

    @classmethod
    def read(cls, file: Path) -> "HandClock":
        """Return the clock as another process left it."""
        said = json.loads(file.read_text())
        return cls(file, datetime.fromisoformat(said["virtual"]), said["mono"])

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._mono

    def uptime(self) -> float:
        return self._mono

    def measure(self, *, worker: bool = False) -> None:
        pass

    def turn(self, **by: float) -> None:
        """Move both times forward: turn(minutes=15)."""
        step = timedelta(**by)
        self._now += step
        self._mono += step.total_seconds()
        self._write()

    def turn_to(self, instant: datetime) -> None:
        self.turn(seconds=(instant - self._now).total_seconds())

    def turn_monotonic(self, seconds: float) -> None:
        """Move real time only, as when a virtual clock stands still."""
        self._mono += seconds
        self._write()

    async def sleep(self, seconds: float) -> None:
        """What a limiter waits with: real time goes by at once."""
        self.turn_monotonic(seconds)

    async def wait_until(self, instant: datetime) -> None:
        self.turn_to(max(instant, self._now))

    def _write(self) -> None:
        fresh = self.file.with_suffix(".tmp")
        fresh.write_text(
            json.dumps({"virtual": self._now.isoformat(), "real": time.time(), "rate": 0, "mono": self._mono})
        )
        fresh.replace(self.file)


def picture_file(file: Path, colour: str = "navy") -> Path:
    """Draw a small picture."""
    Image.new("RGB", (64, 36), colour).save(file)
    return file


@dataclass
class World:
    """One installation with its twin; what a test usually does in one word each."""

    settings: Settings
    clock: HandClock
    twin: Twin
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    app: App = field(init=False)
    loop: asyncio.Runner = field(default_factory=asyncio.Runner)
    sharing: ThreadingHTTPServer | None = None

    def __post_init__(self) -> None:
        self.app = self.open()

    def open(self, **parts: Any) -> App:
        """Open the installation once more, as another process would."""
        opener = bootstrap.Opener(self.settings, self.clock, redact=parts.pop("redact", True), sleep=self.clock.sleep)
        return bootstrap.open_app(self.settings, clock=self.clock, opener=opener, **parts)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end, always on the same loop."""
        return self.loop.run(work)

    def close(self) -> None:
        self.run(self.app.close_network())
        self.loop.close()
        self.app.store.close()
        if self.sharing is not None:
            self.sharing.shutdown()
            self.sharing.server_close()

    def link(self, platform: str, name: str, *langs: str, twin_account: str = "peace_ko", **given: Any) -> Account:
        """Connect an account of a platform's twin with what the twin told when it opened it."""
        told, kind = self.twin.opened[platform][twin_account], load(platform)
        options = {key: told[key] for key in kind.options if key in told} | given.pop("options", {})
        secrets = {key: told[key] for key in kind.secrets if key in told} | given.pop("secrets", {})
        linked = self.run(
            accounts.connect(
                self.app,
                platform,
                name=name,
                base_url=told.get("base_url", self.twin.base_url),
                token=given.pop("token", told["token"]),
                langs=langs or ("ko",),
                by=self.alice,
                private=True,
                options=options,
                secrets=secrets,
                **given,
            )
        )
        return linked.account

    def share_media(self) -> None:
        """Serve what the world shares on loopback, so that a twin can fetch it; ends with the world."""
        if self.sharing is not None:
            return
        world = self

        class Shelf(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                query = dict(parse_qsl(asked.query))
                try:
                    name = asked.path.removeprefix(PATH)
                    digest, mime = sharer.admitted(name, query.get("until", ""), query.get("signature", ""))
                    body = world.app.media.path(digest).read_bytes()
                except (CampaignError, OSError):
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", mime)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.sharing = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
        threading.Thread(target=self.sharing.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        url = f"http://127.0.0.1:{self.sharing.server_port}"
        self.settings = self.settings.model_copy(update={"web": self.settings.web.model_copy(update={"url": url})})
        sharer = make_sharer(self.settings, self.clock)
        self.run(self.app.close_network())
        self.app.store.close()
        self.app = self.open()

    @property
    def alice(self) -> Person:
        """Writes."""
        return self.people["alice"]

    @property
    def bob(self) -> Person:
        """Approves."""
        return self.people["bob"]

    @property
    def carol(self) -> Person:
        """May only read."""
        return self.people["carol"]

    def connect(self, name: str, *langs: str, twin_account: str = "peace_ko", **options: Any) -> Account:
        """Connect an account of the twin."""
        token = self.twin.tokens[twin_account]
        linked = self.run(
            accounts.connect(
                self.app,
                "mastodon",
                name=name,
                base_url=self.twin.base_url,
                token=token,
                langs=langs or ("ko",),
                by=self.alice,
                private=True,
                **options,
            )
        )
        return linked.account

    def campaign(self, name: str = "c", languages: tuple[str, ...] = ("ko", "ru", "en"), **options: Any) -> None:
        """Make a campaign at Seoul time; its policy is none unless told."""
        options = {"approval": "none", "zone_name": "Asia/Seoul", **options}
        campaigns.add_campaign(self.app, name, by=self.alice, languages=languages, **options)

    def post(
        self, name: str = "P01", *, minutes: float = 10, to: tuple[str, ...] = ("kr",), **options: Any
    ) -> Composed:
        """Compose and enqueue a post that is due so many minutes from now."""
        at = (self.clock.now() + timedelta(minutes=minutes, hours=9)).strftime("%Y-%m-%d %H:%M")
        texts = options.pop("texts", {"ko": f"안녕하세요 {name}"})
        campaign = options.pop("campaign", "c")
        approve_now = options.pop("approve_now", True)
        by = options.pop("by", self.alice)
        wordings = {lang: text if isinstance(text, Wording) else Wording(text) for lang, text in texts.items()}
        draft = Draft(name=name, wordings=wordings, at=at, to=to, **options)
        return compose(self.app, campaign, draft, by=by, approve_now=approve_now)

    def picture(self, alt: dict[str, str] | None = None, *, colour: str = "navy", name: str = "a.png") -> Picture:
        """Draw a small picture file."""
        return Picture(picture_file(self.folder / name, colour), alt or {"ko": "남색 그림"})

    def medium_for(self, platform: str, alt: dict[str, str]) -> Picture:
        """Make a picture that suits even the most particular platform, or a clip where it takes nothing else."""
        if "image" not in {rule.kind for rule in load(platform).defaults.media}:
            from tests.clips import clip_file

            return Picture(clip_file(self.folder / "suits.mp4", seconds=4.0, size="640x360"), alt)
        file = self.folder / "suits.jpg"
        Image.new("RGB", (640, 480), "navy").save(file)
        return Picture(file, alt)

    def tick(self, app: App | None = None) -> None:
        """Turn the crank once: publish what is due, ask about what is in doubt, archive."""
        app = app or self.app

        async def once() -> None:
            await publish(app, limit=50)
            await confirm(app)
            if app is not self.app:
                await app.close_network()

        self.run(once())
        archive(app)

    def deliveries(self) -> list[Delivery]:
        with self.app.store.read() as tx:
            return [queue.get(tx, row["id"]) for row in queue.listed(tx)]

    def states(self) -> list[str]:
        return [str(row.state) for row in self.deliveries()]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL of the tests' own; a database's name is to be appended."""
    if why := postgres.missing():
        pytest.skip(why)
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
def make_database(server: str) -> Callable[..., str]:
    """Make PostgreSQL databases, empty ones or copies of a template that nobody is connected to; return their URLs."""
    numbers = itertools.count(1)
    engine = sa.create_engine(f"{server}/postgres".replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")

    def make(template: str = "template1") -> str:
        name = f"t{next(numbers)}"
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        engine.dispose()
        return f"{server}/{name}"

    return make


@pytest.fixture(scope="session")
def make_migrated(make_database: Callable[..., str]) -> Callable[[], str]:
    """Make PostgreSQL databases at head; return their URLs."""
    url = make_database()
    store = open_store(url)
    upgrade(store)
    store.close()
    return lambda: make_database(url.rpartition("/")[2])


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that is made once and copied for each test."""
    folder = tmp_path_factory.mktemp("template") / "data"
    bootstrap.init(load_settings(dir=str(folder), environ={}))
    return folder


@pytest.fixture
def make_world(tmp_path: Path, installation: Path) -> Iterator[Callable[..., World]]:
    """Make worlds, each with a twin of its own; `settings` overrides sections of the settings."""
    opened: list[tuple[World, Twin]] = []

    def make(
        name: str = "w", *, start: datetime = START, twin_options: dict[str, Any] | None = None, **settings: Any
    ) -> World:
        folder = tmp_path / name
        folder.mkdir()
        shutil.copytree(installation, folder / "data")
        clock = HandClock(folder / "clock.json", start)
        twin = Twin(folder / "sandbox", clock_file=clock.file, **(twin_options or {}))
        twin.__enter__()
        chosen = load_settings(dir=str(folder / "data"), environ={}).model_copy(update=settings)
        world = World(chosen, clock, twin, folder)
        for person, role in (("alice", Role.AUTHOR), ("bob", Role.APPROVER), ("carol", Role.VIEWER)):
            world.people[person] = campaigns.add_person(world.app, person, [role])
        opened.append((world, twin))
        return world

    yield make
    for world, twin in opened:
        world.close()
        twin.__exit__(None, None, None)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """One world: campaign c (Seoul time, policy none), account kr (Korean) on the twin."""
    made = make_world()
    made.campaign()
    made.connect("kr", "ko")
    return made
