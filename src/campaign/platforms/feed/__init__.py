"""Web feeds: Atom, JSON Feed and ActivityStreams, one of each per language, as files in a folder that the web shows.

Nobody is asked over the network. An entry is named by the delivery's key: written again, it is the same entry.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, TypeVar
from urllib.parse import urlsplit

from campaign.core import adapter as port
from campaign.core.adapter import (
    Capabilities,
    Connected,
    Doubt,
    MediaRule,
    Parent,
    RateRule,
    Source,
    TextRule,
    TitleRule,
    Wire,
)
from campaign.core.address import FIELD, path_of
from campaign.core.errors import Invalid, Refused, Unavailable
from campaign.core.model import Account, Guarantee, Metric, Outgoing, Published, Reading
from campaign.media.share import ENDINGS
from campaign.net.client import Client
from campaign.net.reply import instant
from campaign.platforms.feed.render import page, render
from campaign.platforms.feed.shelf import ENTRIES, Shelf

_ATOM = Source("https://www.rfc-editor.org/rfc/rfc4287", "2026-11-24")
_READER = Source(
    "https://www.rfc-editor.org/rfc/rfc4287#section-4.1.2", "2026-11-24"
)  # nothing counts, nothing answers
_IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
T = TypeVar("T")

CAPABILITIES = Capabilities(
    # The format has no limits; these are what a reader can be expected to show.
    text=TextRule(limit=100_000, counts="characters", source=_ATOM),
    title=TitleRule(limit=200, counts="characters", source=_ATOM),
    media=(
        MediaRule("image", _IMAGES, 20, 20_000_000, _ATOM),
        MediaRule("video", frozenset({"video/mp4", "video/webm"}), 4, 2_000_000_000, _ATOM),
    ),
    metrics={},
    guarantees=(Guarantee.REPLAY,),
    settles_within=5.0,
    rate=RateRule(600, 60, _ATOM),
    languages=10,
    not_offered={"comments": _READER, "measure": _READER, "metrics": _READER, "captions": _ATOM},
    token="none: it writes files",  # noqa: S106
    notes=(
        "the folder must be one that a web server shows at the account's address",
        "a feed holds the newest 100 posts; every post keeps a file of its own",
        "an account can be connected at the command line only, for it writes into a folder of this machine",
    ),
)


class Adapter(port.Adapter):
    """One folder."""

    name: ClassVar[str] = "feed"
    bearer: ClassVar[bool] = False
    tokenless: ClassVar[bool] = True
    options: ClassVar[Mapping[str, str]] = {
        "folder": "the folder that the web shows at the base URL, as in /var/www/feeds",
        "title": "what the feeds are called",
    }
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._account = client, account
        given: Mapping[str, str] = account.sheet.get("given") or {}
        self._title = str(given.get("title") or account.name)
        self._url = account.base_url.rstrip("/")
        self._shelf = Shelf(Path(str(given.get("folder") or "")))
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the name in an address like https://seoul.example/feeds/entries/3f….html. Raises: Invalid."""
        place = urlsplit(account.base_url)
        parts = path_of(url, {place.hostname or ""})
        name = parts[-1].removesuffix(".html") if parts else ""
        if parts[-2:-1] != [ENTRIES] or not _is_name(name):
            raise Invalid(FIELD, url, f"must look like {account.base_url}/{ENTRIES}/….html")
        return name

    async def connect(self) -> Connected:
        """Return the feed. Raises: Refused: the folder is none that can be written, or was named in a browser."""
        if not self._account.sheet.get("private"):
            # Who may only write posts must not choose where this machine writes files.
            raise Refused("a feed writes into a folder of this machine: connect it at the command line")
        await asyncio.to_thread(self._shelf.check)
        place = urlsplit(self._url)
        return Connected(f"{place.netloc}{place.path}", self._title, "feed", Guarantee.REPLAY, {})

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Copy the media to where readers fetch them, and fix the entry."""
        media = []
        for medium in outgoing.media:
            keep = partial(self._shelf.keep_medium, medium.sha256, ENDINGS[medium.mime], open_medium)
            path = await _done(keep)
            media.append({"path": path, "mime": medium.mime, "size": medium.size, "alt": medium.alt})
        at = _iso((previous or {}).get("entry", {}).get("published"), self._client.now())
        name = sha256(key.encode()).hexdigest()[:32]
        entry = {
            "name": name,
            "id": self._id(name),
            "url": f"{self._url}/{ENTRIES}/{name}.html",
            "langs": list(outgoing.langs),
            "title": outgoing.title,
            "text": outgoing.text,
            "tags": list(outgoing.tags),
            "media": media,
            "parent": self._id(parent.remote_id) if parent is not None else None,
            "published": at,
            "updated": at,
        }
        return {"entry": entry, "key": key}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published:
        """Put the entry in its place; the same key is the same entry."""
        entry = wire["entry"]
        await self._client.perform(lambda: self._shelf.put(entry["name"], entry, self._render))
        return self._published(entry)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        """Look whether the entry is there; if so, the feeds are rendered, for a crash may have come before that."""
        entry = await _done(lambda: self._shelf.entry(wire["entry"]["name"]))
        if entry is None or entry["name"] in doubt.owned:
            return None
        await _done(lambda: self._shelf.render(entry["name"], self._render))
        return self._published(entry)

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the entry. Raises: Refused: there is none."""
        return await self._present(remote_id)

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return no counters: a file is not told who reads it."""
        return {remote_id: {} for remote_id in remote_ids}

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Put other words in the entry's place; its id and its time stay."""
        entry = await self._present(remote_id)
        same = ("name", "id", "url", "parent", "published")
        fresh = {**wire["entry"], **{name: entry[name] for name in same}, "updated": _iso(None, self._client.now())}
        if not outgoing.media:
            fresh["media"] = entry["media"]
        await _done(lambda: self._shelf.put(remote_id, fresh, self._render))
        return self._published(fresh)

    async def delete(self, remote_id: str) -> None:
        """Take the entry down; readers are told that it is gone."""
        entry = await _done(lambda: self._shelf.entry(remote_id)) if _is_name(remote_id) else None
        if entry is None or entry.get("deleted"):
            return
        emptied: dict[str, Any] = {"text": "", "title": None, "media": [], "tags": [], "deleted": True}
        gone = {**entry, **emptied, "updated": _iso(None, self._client.now())}
        await _done(lambda: self._shelf.put(remote_id, gone, self._render))

    async def _present(self, remote_id: str) -> dict[str, Any]:
        entry = await _done(lambda: self._shelf.entry(remote_id)) if _is_name(remote_id) else None
        if entry is None or entry.get("deleted"):
            raise Refused(f"feed account {self._account.name}: there is no entry {remote_id[:64]!r}")
        return entry

    def _render(self, name: str, entries: list[dict[str, Any]]) -> Mapping[str, bytes]:
        pages = {f"{ENTRIES}/{name}.html": page(self._title, self._url, e) for e in entries if e["name"] == name}
        return {**pages, **render(self._url, self._title, entries)}

    def _id(self, name: str) -> str:
        # RFC 4151: it stays the same wherever the feed moves.
        return f"tag:{urlsplit(self._url).hostname},2026:{name}"

    def _published(self, entry: Mapping[str, Any]) -> Published:
        return Published(str(entry["name"]), str(entry["url"]), instant(str(entry["published"])))


async def _done(work: Callable[[], T]) -> T:
    """Do what may be repeated. Raises: Unavailable, when the disk does not let us."""
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise Unavailable(f"feed: {error.strerror or type(error).__name__}") from error


def _is_name(text: str) -> bool:
    return len(text) == 32 and all(character in "0123456789abcdef" for character in text)


def _iso(kept: Any, now: datetime) -> str:
    return str(kept) if kept else now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
