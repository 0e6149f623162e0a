"""A platform of the shape `handle`: a container is made, and then published; its state can be asked for.

As Instagram and Threads publish (https://developers.facebook.com/docs/instagram-platform/content-publishing), with
the addresses of tests/shapes/handle_twin.py.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any, BinaryIO, ClassVar

from campaign.core import adapter as port
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Refused, Unavailable, Uncertain
from campaign.core.model import (
    Account,
    Guarantee,
    Metric,
    Outgoing,
    OutgoingMedium,
    Pending,
    Published,
    Reading,
    ReadingStatus,
)
from campaign.core.text import fingerprint
from campaign.net.client import Client
from campaign.net.reply import instant

_HERE = Source("https://platform.example/reference", "2026-11-24")
CAPABILITIES = Capabilities(
    text=TextRule(limit=500, counts="graphemes", source=_HERE),
    media=(MediaRule("image", frozenset({"image/png", "image/jpeg"}), 4, 10_000_000, _HERE),),
    metrics={"reactions": "likes"},
    guarantees=(Guarantee.HANDLE,),
    settles_within=30.0,
    # A container lives for 24 hours; an hour less, for it is made before the line.
    key_lifetime=23 * 3600.0,
    settles_alone=120.0,
    rate=RateRule(3000, 300, _HERE),
    edits=False,
    deletes=False,
)
SKEW = timedelta(minutes=10)


class Adapter(port.Adapter):
    """One account."""

    name: ClassVar[str] = "handle"
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client = client
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        return cls(client, account)

    async def connect(self) -> Connected:
        who = (await self._client.ask("GET", "/handle/me")).json()
        return Connected(str(who["id"]), f"@{who['name']}", "handle", Guarantee.HANDLE, {})

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Make the container, which nobody sees; one of an earlier attempt is taken again while it lives."""
        past = list((previous or {}).get("past", ()))
        if previous is not None:
            if (await self._container(previous["container"]))["status"] not in ("EXPIRED", "UNKNOWN"):
                return {**previous, "uses": previous["uses"] + 1}
            past.append(previous["container"])
        uploads = [await self._upload(medium, open_medium) for medium in outgoing.media]
        told: dict[str, Any] = {"text": outgoing.text, "language": outgoing.langs[0], "uploads": uploads}
        if parent is not None:
            told["reply_to"] = parent.remote_id
        made = (await self._client.ask("POST", "/handle/containers", json=told)).json()
        if not isinstance(made, dict) or not made.get("id"):
            raise Unavailable("the answer names no container")
        parent_id = parent.remote_id if parent else None
        return {"container": str(made["id"]), "uploads": uploads, "parent": parent_id, "past": past, "uses": 1}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Publish the container; one that is published already gives the same post."""
        path = f"/handle/containers/{wire['container']}/publish"
        try:
            reply = await self._client.commit("POST", path, ok=(200, 202, 409))
        except Refused as error:
            if error.status != 404:
                raise
            # It died between being made and being published: proved unsent, unless an earlier attempt sent it.
            kind = Unavailable if wire["uses"] == 1 else Uncertain
            raise kind(f"{error}; the container is gone", status=404) from error
        told = reply.json()
        if isinstance(told, dict) and told.get("status") == "IN_PROGRESS":
            return Pending({"container": wire["container"]})
        if not isinstance(told, dict) or not isinstance(told.get("post"), dict) or not told["post"].get("id"):
            raise reply.bad("the answer names no post")
        return _published(told["post"])

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask for the container's state; where it is dead, look through the account's own list."""
        container = await self._container(wire["container"])
        if container["status"] == "IN_PROGRESS":
            return Pending({"container": wire["container"]})
        if container["status"] == "PUBLISHED" and container["post"]["id"] not in doubt.owned:
            return _published(container["post"])
        if container["status"] == "FINISHED" and not wire["past"]:
            return None
        wanted, since = fingerprint(outgoing.text), doubt.since - SKEW
        page = (await self._client.ask("GET", "/handle/posts")).json()
        if not isinstance(page, list):
            raise Unavailable("the account's list of posts cannot be read")
        for post in page:
            alike = set(wire["uploads"]) & set(post["uploads"]) or fingerprint(post["text"]) == wanted
            recent = (instant(post["created_at"]) or since) >= since
            if alike and recent and post["reply_to"] == wire["parent"] and post["id"] not in doubt.owned:
                return _published(post)
        return None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        post: Mapping[str, Any] = (await self._client.ask("GET", f"/handle/posts/{remote_id}")).json()
        return post

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        found: dict[str, Mapping[Metric, Reading]] = {}
        for remote_id in remote_ids:
            reply = await self._client.ask("GET", f"/handle/posts/{remote_id}", ok=(200, 404))
            gone = Reading(None, ReadingStatus.EXPIRED)
            found[remote_id] = {"reactions": Reading(reply.json()["likes"]) if reply.status == 200 else gone}
        return found

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        raise Refused("this platform edits nothing")

    async def delete(self, remote_id: str) -> None:
        raise Refused("this platform deletes nothing")

    async def _container(self, ident: str) -> dict[str, Any]:
        reply = await self._client.ask("GET", f"/handle/containers/{ident}", ok=(200, 404))
        told = reply.json()
        if reply.status == 404:
            return {"status": "UNKNOWN"}
        if not isinstance(told, dict) or "status" not in told:
            raise Unavailable("the container's state cannot be read")
        return told

    async def _upload(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> str:
        with open_medium(medium.sha256) as file:
            reply = await self._client.ask("POST", "/handle/uploads", content=file.read())
        told = reply.json()
        if not isinstance(told, dict) or not told.get("id"):
            raise Unavailable("the upload was answered without an id")
        return str(told["id"])


def _published(post: Mapping[str, Any]) -> Published:
    created = instant(post["created_at"])
    return Published(str(post["id"]), post["url"], created.astimezone(UTC) if created else None)
