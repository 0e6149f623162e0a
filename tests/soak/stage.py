"""The stage of a soak: an installation, the twins as a process of their own, accounts, and posts that will be due."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from campaign import bootstrap, sandbox
from campaign.config import Settings, load_settings
from campaign.core.model import Role
from campaign.platforms import load
from campaign.service import App, accounts, campaigns
from campaign.service.compose import Draft, Picture, Wording, compose
from tests.conftest import picture_file

CAMPAIGN = "soak"
PERSON = "alice"
_TWIN = (
    "import sys; from pathlib import Path; from campaign import sandbox; wide = sandbox.Limit(10**6, 300); "
    "sandbox.run(Path(sys.argv[1]), platforms=(), limits=sandbox.Limits(wide, wide, wide, wide, wide), wide=True)"
)


@dataclass(frozen=True, slots=True)
class Channel:
    """One account: how a doubt is settled there, and its share of the posts."""

    name: str
    platform: str
    kind: str  # dedup | read_back | replay | watcher | none
    share: float


# Shares stay below what a platform admits: 300 requests in five minutes on Mastodon, readings and uploads included.
CHANNELS = (
    *(Channel(f"dedup{n}", "mastodon", "dedup", 0.35) for n in (1, 2, 3, 4)),
    *(Channel(f"readback{n}", "mastodon", "read_back", 0.35) for n in (1, 2, 3)),
    *(Channel(f"bluesky{n}", "bluesky", "replay", 0.9) for n in (1, 2)),
    *(Channel(f"watched{n}", "telegram", "watcher", 0.9) for n in (1, 2)),
    Channel("blind", "telegram", "none", 0.3),
)
# Real settings, made short: a server that says nothing is given up soon, a dead worker is missed soon.
CONFIG = """\
[network]
connect_timeout = 2.0
read_timeout = 3.0
total_timeout = 12.0
[daemon]
slots = 16
tick = 2.0
lease = 30.0
stop_within = 5.0
dead_after = 5.0
spacing = 0.3
[log]
format = "json"
"""
GRACE = timedelta(seconds=100)


class Stage:
    """One installation and its twins."""

    def __init__(self, folder: Path, *, database: str = "") -> None:
        self.folder, self.root, self.place = folder, folder / "data", folder / "sandbox"
        self.root.mkdir()
        self.place.mkdir()
        text = CONFIG + (f"[database]\nurl = {json.dumps(database)}\n" if database else "")
        (self.root / "config.toml").write_text(text)
        self.settings: Settings = load_settings(dir=str(self.root), environ={})
        bootstrap.init(self.settings)
        with (folder / "twin.log").open("wb") as log:
            self.twin = subprocess.Popen([sys.executable, "-c", _TWIN, str(self.place)], stderr=log)
        self.base_url = self._listening()
        with self.opened() as app:
            self.person = campaigns.add_person(app, PERSON, list(Role))
            campaigns.add_campaign(
                app, CAMPAIGN, zone_name="UTC", by=self.person, languages=("ko", "ru"), approval="none", grace=GRACE
            )
        for channel in CHANNELS:
            self.connect(channel)

    def close(self) -> None:
        """End the twins."""
        self.twin.send_signal(signal.SIGTERM)
        self.twin.wait(20)

    @contextmanager
    def opened(self) -> Iterator[App]:
        """Open the installation, as the desk or the command line would."""
        app = bootstrap.open_app(self.settings)
        try:
            yield app
        finally:
            app.store.close()

    def connect(self, channel: Channel, *, again: bool = False) -> None:
        """Connect an account; `again`: with a new token, as a person does who was told that the old one is void."""
        told = {"platform": channel.platform, "name": channel.name}
        if channel.platform == "telegram":
            told["bot"] = channel.name  # a bot of its own, so that one token's end is one account's
        opened = sandbox.ask(self.base_url, "POST", "/_accounts", told)
        kind = load(channel.platform)
        blind = channel.kind == "none"
        with self.opened() as app:

            async def connect() -> None:
                try:
                    await accounts.connect(
                        app, channel.platform, name=channel.name, base_url=self.base_url, token=opened["token"],
                        langs=["ko", "ru"], by=self.person, private=True, again=again,
                        options={key: opened[key] for key in kind.options},
                        secrets={} if blind else {key: opened[key] for key in kind.secrets},
                    )  # fmt: skip
                finally:
                    await app.close_network()

            asyncio.run(connect())
            if channel.kind == "read_back":
                # A server that speaks Mastodon's words and ignores the key: the twin does, and we do not know better.
                with app.store.begin() as tx:
                    tx.exec_driver_sql(
                        f"UPDATE accounts SET kind = 'other', guarantee = 'read_back' WHERE name = '{channel.name}'"  # noqa: S608
                    )
        if channel.kind == "read_back":
            self.fault("ignore_key", account=channel.name)

    def fault(self, name: str, *, times: int | None = None, args: dict[str, Any] | None = None, **match: str) -> None:
        """Cue a fault at the twins."""
        told = {"fault": name, "match": match, "args": args or {}} | ({} if times is None else {"times": times})
        sandbox.ask(self.base_url, "POST", "/_faults", told)

    def clear(self) -> dict[str, int]:
        """End all faults but the nature of the servers that ignore keys; return how often each was met."""
        met: dict[str, int] = {}
        for cue in sandbox.ask(self.base_url, "DELETE", "/_faults"):
            if cue["fault"] != "ignore_key":
                met[cue["fault"]] = met.get(cue["fault"], 0) + cue["hits"]
        for channel in CHANNELS:
            if channel.kind == "read_back":
                self.fault("ignore_key", account=channel.name)
        return met

    def compose(self, chance: random.Random, *, seconds: float, rate: float) -> tuple[float, int]:
        """Write posts that are due over the next seconds, `rate` deliveries in each; return the first moment, and all.

        The moment is told in seconds since 1970.
        """
        pictures = [
            picture_file(self.folder / f"{n}.png", colour) for n, colour in enumerate(("navy", "teal", "olive"))
        ]
        share = sum(channel.share for channel in CHANNELS)
        posts = round(seconds * rate / (share * 1.15))  # threads have more parts than one
        made = 0
        began = time.monotonic()
        with self.opened() as app:
            start = app.clock.now() + timedelta(seconds=5 + posts * 0.04)
            for number in range(posts):
                to = tuple(channel.name for channel in CHANNELS if chance.random() < channel.share)
                if not to:
                    continue
                name = f"S{number:05d}"
                lang = chance.choice(("ko", "ru"))
                kind = chance.choices(("text", "picture", "thread"), (70, 15, 15))[0]
                # Each sentence is told apart, so that no two parts of anything have the same text.
                sentences = 22 if kind == "thread" else 1
                text = " ".join(f"{name}.{n} {_WORDS[lang]}." for n in range(sentences))
                picture = (Picture(chance.choice(pictures), {lang: name}),) if kind == "picture" else ()
                at = start + timedelta(seconds=chance.uniform(0, seconds * 0.9))
                draft = Draft(
                    name=name,
                    wordings={lang: Wording(text, ("#soak",))},
                    at=at.strftime("%Y-%m-%d %H:%M:%S"),
                    to=to,
                    pictures=picture,
                    overflow="thread",
                )
                made += len(compose(app, CAMPAIGN, draft, by=self.person, approve_now=True).deliveries)
            late = (app.clock.now() - start).total_seconds()
        if late > 0:
            print(f"writing took {time.monotonic() - began:.0f} s, {late:.0f} s too long: the first are late already")
        return start.timestamp(), made

    def _listening(self) -> str:
        for _ in range(600):
            try:
                base_url = str(json.loads((self.place / "sandbox.json").read_text())["base_url"])
                sandbox.ask(base_url, "GET", "/_clock")
                return base_url
            except (OSError, ValueError, RuntimeError):
                time.sleep(0.05)
        raise RuntimeError("the twins do not start")


_WORDS = {"ko": "평화는 길 위에서 만난다", "ru": "Мир встречают в пути"}
