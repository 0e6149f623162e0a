"""Matrix: a room of any homeserver. The id of each request is ours, so that asking again is the same event.

A post is a text event. Its media are events of their own, which refer to it: an event holds one file. They follow the
text, each under an id that is derived from the post's; so what a crash left out is made up for, and nothing
comes twice.
"""

import json
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, BinaryIO, ClassVar, Literal
from urllib.parse import quote, unquote, urlsplit

from campaign.core import adapter as port
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.address import FIELD
from campaign.core.errors import Invalid, Outcome, Refused, Unavailable, Uncertain, shown
from campaign.core.model import (
    Account,
    Comment,
    Guarantee,
    Metric,
    Outgoing,
    Published,
    Reading,
    ReadingStatus,
)
from campaign.net.client import Client
from campaign.platforms.matrix.events import (
    alt_of,
    answered_by,
    bundled_in,
    chunk_of,
    content_of,
    digest_of,
    event_id_of,
    in_thread,
    is_redacted,
    latest_of,
    level_of,
    medium_content,
    path_part,
    pieces_of,
    related_to,
    relation_of,
    text_content,
    time_of,
    txn_of,
)

_SPEC = "https://spec.matrix.org/latest/client-server-api"
_SIZE = Source(f"{_SPEC}/#size-limits", "2026-11-24")
_MESSAGES = Source(f"{_SPEC}/#mroommessage-msgtypes", "2026-11-24")
_RELATIONS = Source(f"{_SPEC}/#forming-relationships-between-events", "2026-11-24")
_SYNAPSE = "https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html"
_RATES = Source(f"{_SYNAPSE}#rc_message", "2026-11-24")
_UPLOADS = Source(f"{_SYNAPSE}#max_upload_size", "2026-11-24")

CAPABILITIES = Capabilities(
    # An event has 65536 bytes, with all that the servers add; an edit holds its text twice.
    text=TextRule(limit=30_000, counts="bytes", source=_SIZE),
    media=(
        MediaRule("image", frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}), 10, 52_428_800, _UPLOADS),
        MediaRule("video", frozenset({"video/mp4"}), 10, 52_428_800, _UPLOADS),
    ),
    max_media=10,
    metrics={"reactions": "m.annotation", "replies": "m.thread"},
    guarantees=(Guarantee.REPLAY,),
    settles_within=30.0,  # a request that we gave up may still be under way
    # Synapse forgets the ids of requests after 24 hours: EventsWorkerStore._cleanup_old_transaction_ids
    key_lifetime=23 * 3600.0,
    settles_alone=120.0,
    rate=RateRule(10, 50, _RATES),
    languages=0,
    comments=True,
    token="does not expire, unless the server gave it a refresh token or the device is logged out",  # noqa: S106
    not_offered={"languages": _MESSAGES, "captions": _MESSAGES, "metrics": _RELATIONS},
    notes=(
        "no view counts; a reply outside of a thread is not counted, for servers do not list it",
        "up to ten media, our own limit: each is an event of its own below the text",
        "a token of another login is another device: what was in doubt is then found by its content alone",
        "encrypted rooms are refused: what the campaign says is meant for everyone",
        "the base URL is that of the homeserver's API, as its /.well-known/matrix/client names it",
    ),
)

CLIENT = "/_matrix/client/v3"
WEB = "https://matrix.to"  # shows no event itself, but opens it in any client
SKEW = timedelta(minutes=10)  # what our clock and the server's may differ by
PAGES = 50  # of 100 events; a read-back or a count looks no further


class Adapter(port.Adapter):
    """One room, written to by one user."""

    name: ClassVar[str] = "matrix"
    counted_by: ClassVar[Literal["account", "credential"]] = "credential"  # a server counts by user, not by room
    names_people = True  # a reaction is an event, and it has a sender
    options: ClassVar[Mapping[str, str]] = {"room": "the room: #alias:server or !id:server; the user must be in it"}
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._label = client, f"matrix account {account.name}"
        given = account.sheet.get("given")
        self._given = str(given.get("room") or "") if isinstance(given, Mapping) else ""
        self._room = account.remote_id
        self._user = str(account.sheet.get("user") or "")
        self._device = str(account.sheet.get("device") or "")
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the event's id in an address like https://matrix.to/#/!room:server/$event. Raises: Invalid."""
        try:
            parts = urlsplit(url.strip())
            named = [unquote(part) for part in parts.fragment.partition("?")[0].split("/") if part]
        except ValueError:
            parts, named = urlsplit(""), []
        if parts.hostname != urlsplit(WEB).hostname or len(named) != 2 or not named[1].startswith("$"):
            raise Invalid(FIELD, url, f"must look like {WEB}/#/!room:server/$event")
        if named[0] not in (account.remote_id, account.handle):
            raise Invalid(FIELD, url, f"must be in the room {account.handle}, not in {shown(named[0])}")
        return named[1]

    async def connect(self) -> Connected:
        """Return the room, and what the server allows there.

        Raises:
            Unauthorized: the token is not accepted. Unavailable: no usable answer.
            Refused: there is no such room, it is encrypted, or the user may not write there.
        """
        wanted = self._given or self._room
        if wanted[:1] not in ("#", "!"):
            raise Refused(f"{self._label}: name its room: --option room=#alias:server")
        if not isinstance((await self._json("GET", "/_matrix/client/versions")).get("versions"), list):
            raise Refused(f"{self._label}: this server does not speak Matrix: it names no versions")
        who = await self._json("GET", f"{CLIENT}/account/whoami")
        user, device = str(who.get("user_id") or ""), str(who.get("device_id") or "")
        if not user.startswith("@"):
            raise Unavailable(f"{self._label}: the server does not say whose token this is")
        room = wanted
        if wanted.startswith("#"):
            room = str((await self._json("GET", f"{CLIENT}/directory/room/{path_part(wanted)}")).get("room_id") or "")
        if room not in await self._rooms():
            raise Refused(f"{self._label}: {user} is not in {wanted}; join it with any client, then connect again")
        self._room = room
        if await self._state("m.room.encryption") is not None:
            raise Refused(f"{self._label}: {wanted} is encrypted; choose a room that everyone can read")
        await self._may_write(user, wanted)
        sheet: dict[str, Any] = {"user": user[:255], "device": device[:255]}
        size = await self._upload_size()
        if size:
            sheet |= {"image_bytes": size, "video_bytes": size}
        warnings = () if device else ("the token names no device: nobody knows how long the server keeps request ids",)
        handle = wanted if wanted.startswith("#") else room
        return Connected(room, handle[:255], "matrix", Guarantee.REPLAY, sheet, warnings)

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Upload the media once for all attempts, and fix the very bytes of the text's event."""
        before = previous or {}
        uploads = dict(before.get("uploads") or {})
        for medium in outgoing.media:
            for sha, mime in (
                (medium.sha256, medium.mime),
                *([(medium.poster, "image/jpeg")] if medium.poster else ()),
            ):
                if sha not in uploads:
                    with open_medium(sha) as file:
                        uploads[sha] = await self._upload(file, sha, mime)
        if before.get("outgoing") == outgoing.sha256:
            return {**before, "uploads": uploads}
        content: dict[str, Any] = text_content(outgoing.text)
        thread = None
        if parent is not None:
            thread = parent.wire.get("thread") or await self._thread_of(parent.remote_id)
            content["m.relates_to"] = in_thread(thread, parent.remote_id, falls_back=True)
        return {
            "outgoing": outgoing.sha256,
            "txn": before.get("txn") or key,  # of the line that was crossed
            "device": self._device,
            "thread": thread,
            "uploads": uploads,
            "body": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            "media": [medium_content(medium, uploads) for medium in outgoing.media],
        }

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published:
        """Send the text, then the media below it. The same requests again are the same events.

        Raises:
            Uncertain: also when the text is there and a medium is not; confirm() then sends what is missing.
        """
        path = self._send_path(str(wire["txn"]))
        headers = {"Content-Type": "application/json"}
        reply = await self._client.commit("PUT", path, content=str(wire["body"]).encode(), headers=headers)
        event_id = event_id_of(reply)
        try:
            await self._add_media(event_id, wire, ())
        except Outcome as error:
            raise Uncertain(f"{error}; its text is there, a medium is missing", status=error.status) from error
        return self._published(event_id, reply.date)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        """Look for the post among the user's own events, and send those of its media that are missing.

        The server tells the id of the request to the device that sent it, for a day; then the content decides.
        """
        own = await self._own(doubt.since - SKEW)
        wanted = json.loads(str(wire["body"]))
        free = [event for event in own if str(event["event_id"]) not in doubt.owned]
        found = [event for event in free if txn_of(event) == wire["txn"]]
        found = found or [event for event in free if txn_of(event) is None and event.get("content") == wanted]
        if not found:
            return None
        first = min(found, key=time_of)
        if not is_redacted(first):  # who took the text down wants no media of it either
            await self._add_media(str(first["event_id"]), wire, own)
        return self._published(str(first["event_id"]), time_of(first))

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the event as the server tells it, with its latest edit. Raises: Refused, when there is none."""
        event = await self._json("GET", f"{CLIENT}/rooms/{path_part(self._room)}/event/{self._named(remote_id)}")
        if event.get("event_id") != remote_id:
            raise Unavailable(f"{self._label}: the server was asked for {remote_id}, and told another event")
        return event

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return how many reactions and replies in the thread each post has; one that was redacted has none."""
        found: dict[str, Mapping[Metric, Reading]] = {}
        for remote_id in dict.fromkeys(remote_ids):
            event = await self._found(remote_id)
            if isinstance(event, ReadingStatus) or is_redacted(event):
                why = event if isinstance(event, ReadingStatus) else ReadingStatus.EXPIRED
                found[remote_id] = dict.fromkeys(CAPABILITIES.metrics, Reading(None, why))
                continue
            children, whole = await self._children(remote_id)
            reactions = sum(child.get("type") == "m.reaction" for child in children)
            answers, all_answers = await self._answers(event, children)
            found[remote_id] = {
                "reactions": Reading(reactions) if whole else Reading(None, ReadingStatus.ERROR),
                "replies": Reading(len(answers)) if whole and all_answers else Reading(None, ReadingStatus.ERROR),
            }
        return found

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return what others answered in the post's thread, oldest first; what we answer ourselves is no comment."""
        event = await self.fetch(remote_id)
        children, _ = await self._children(remote_id)
        answers, _ = await self._answers(event, children)
        return [
            Comment(
                remote_id=str(answer["event_id"]),
                in_reply_to=answered_by(answer) or remote_id,
                author=str(answer.get("sender") or "") or None,
                text=str(latest_of(answer).get("body") or ""),
                at=time_of(answer),
                record=answer,
            )
            for answer in sorted(answers, key=time_of)
        ]

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace text and alt texts by further events; the server keeps what was. The same edit again adds none."""
        event = await self.fetch(remote_id)
        if is_redacted(event):
            raise Refused(f"{self._label}: the post {remote_id} was taken down; it cannot be edited")
        wanted = [(event, text_content(outgoing.text))]
        for part, medium in zip(await self._parts(event), outgoing.media, strict=False):
            content = {name: value for name, value in latest_of(part).items() if name != "m.relates_to"}
            wanted.append((part, {**content, "body": alt_of(medium)}))
        for target, content in wanted:
            if latest_of(target).get("body") != content["body"]:
                await self._replace(target, content)
        return self._published(remote_id, time_of(event))

    async def delete(self, remote_id: str) -> None:
        """Redact the post and its media; what is gone already is no error."""
        event = await self._found(remote_id)
        if event is ReadingStatus.NOT_PERMITTED:
            raise Refused(f"{self._label}: {self._user} is no longer in the room; join it again, then delete")
        if isinstance(event, ReadingStatus):
            return
        for target in (*await self._parts(event), event):
            if not is_redacted(target):
                ident = str(target["event_id"])
                path = (
                    f"{CLIENT}/rooms/{path_part(self._room)}/redact/{self._named(ident)}/{digest_of('redact', ident)}"
                )
                await self._client.ask("PUT", path, json={}, ok=(200, 404))

    async def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        reply = await self._client.ask(method, path, **options)
        told = reply.json()
        if not isinstance(told, dict):
            raise reply.bad("the answer is no object")
        return told

    async def _rooms(self) -> Sequence[str]:
        """Return the rooms that the user is in."""
        rooms = (await self._json("GET", f"{CLIENT}/joined_rooms")).get("joined_rooms")
        return rooms if isinstance(rooms, list) else ()

    async def _found(self, remote_id: str) -> Mapping[str, Any] | ReadingStatus:
        """Return an event, or why there is none: who is not in the room is told that it was never there."""
        try:
            return await self.fetch(remote_id)
        except Refused as error:
            if error.status != 404:
                raise
        return ReadingStatus.EXPIRED if self._room in await self._rooms() else ReadingStatus.NOT_PERMITTED

    async def _state(self, kind: str, **params: Any) -> dict[str, Any] | None:
        path = f"{CLIENT}/rooms/{path_part(self._room)}/state/{kind}"
        reply = await self._client.ask("GET", path, params=params or None, ok=(200, 404))
        told = reply.json()
        return told if reply.status == 200 and isinstance(told, dict) else None

    async def _may_write(self, user: str, room: str) -> None:
        """https://spec.matrix.org/latest/client-server-api/#mroompower_levels"""
        levels = await self._state("m.room.power_levels") or {}
        users, events = levels.get("users"), levels.get("events")
        mine = (users if isinstance(users, dict) else {}).get(user, levels.get("users_default", 0))
        wanted = (events if isinstance(events, dict) else {}).get("m.room.message", levels.get("events_default", 0))
        if level_of(mine) >= level_of(wanted):
            return
        # From room version 12 on, those who made the room stand above all levels and are named in none.
        made = await self._state("m.room.create", format="event") or {}
        content = made.get("content")
        makers = [made.get("sender"), *((content or {}).get("additional_creators") or ())]
        if user not in makers or not isinstance(content, dict):
            raise Refused(f"{self._label}: {user} may not write in {room}; give it the power level {wanted} there")

    async def _upload_size(self) -> int | None:
        for path in ("/_matrix/client/v1/media/config", "/_matrix/media/v3/config"):  # the second before 1.11
            reply = await self._client.ask("GET", path, ok=(200, 400, 404, 405))
            if reply.status == 200:
                told = reply.json()
                size = told.get("m.upload.size") if isinstance(told, dict) else None
                return size if isinstance(size, int) and not isinstance(size, bool) and 0 < size < 10**12 else None
        return None

    async def _upload(self, file: BinaryIO, sha: str, mime: str) -> str:
        size = file.seek(0, 2)
        file.seek(0)
        headers = {"Content-Type": mime, "Content-Length": str(size)}
        name = sha[:16] + (mimetypes.guess_extension(mime) or "")
        path = "/_matrix/media/v3/upload"
        told = await self._json("POST", path, params={"filename": name}, content=pieces_of(file), headers=headers)
        if not str(told.get("content_uri")).startswith("mxc://"):
            raise Unavailable(f"{self._label}: the upload was answered without an address")
        return str(told["content_uri"])

    async def _thread_of(self, remote_id: str) -> str:
        """Return the first event of the thread that an event is in: a thread cannot begin inside another."""
        relation = relation_of(await self.fetch(remote_id))
        return str(relation["event_id"]) if relation.get("rel_type") == "m.thread" else remote_id

    async def _add_media(self, event_id: str, wire: Wire, present: Sequence[Mapping[str, Any]]) -> None:
        there = {content_of(event).get("url") for event in present if event_id in related_to(event)}
        relation = {"rel_type": "m.reference", "event_id": event_id}
        if wire["thread"]:
            relation = in_thread(str(wire["thread"]), event_id, falls_back=False)
        for number, content in enumerate(wire["media"], 1):
            if content["url"] not in there:
                path = self._send_path(f"{wire['txn']}.{number}")
                event_id_of(await self._client.ask("PUT", path, json={**content, "m.relates_to": relation}))

    async def _replace(self, event: Mapping[str, Any], content: Mapping[str, Any]) -> None:
        """https://spec.matrix.org/latest/client-server-api/#event-replacements"""
        ident = str(event["event_id"])
        relation = {"rel_type": "m.replace", "event_id": ident}
        new = {**content, "body": f"* {content['body']}", "m.new_content": dict(content), "m.relates_to": relation}
        # What it replaces is part of the id: the same text may come back after another.
        before = str(bundled_in(event, "m.replace").get("event_id") or "")
        path = self._send_path(digest_of(ident, before, json.dumps(content, sort_keys=True)))
        event_id_of(await self._client.ask("PUT", path, json=new))

    async def _own(self, since: datetime) -> list[dict[str, Any]]:
        """Return the user's messages in the room from an instant on, newest first."""
        wanted = json.dumps({"types": ["m.room.message"], "senders": [self._user]})
        params: dict[str, Any] = {"dir": "b", "limit": 100, "filter": wanted}
        found: list[dict[str, Any]] = []
        for _ in range(PAGES):
            told = await self._json("GET", f"{CLIENT}/rooms/{path_part(self._room)}/messages", params=params)
            page = chunk_of(told, f"{self._label}: the room's messages cannot be read")
            recent = [event for event in page if time_of(event) >= since]
            found += [event for event in recent if event.get("sender") == self._user]
            if not told.get("end") or (page and not recent):
                return found
            params["from"] = str(told["end"])
        raise Unavailable(f"{self._label}: the room's messages since then were not read to their end")

    async def _children(self, event_id: str) -> tuple[list[dict[str, Any]], bool]:
        """Return the events that refer to one, and whether these are all."""
        path = f"/_matrix/client/v1/rooms/{path_part(self._room)}/relations/{self._named(event_id)}"
        params: dict[str, Any] = {"limit": 100}
        found: list[dict[str, Any]] = []
        for _ in range(PAGES):
            told = await self._json("GET", path, params=params)
            page = chunk_of(told, f"{self._label}: what refers to {event_id} cannot be read")
            found += [event for event in page if not is_redacted(event)]
            if not told.get("next_batch"):
                return found, True
            params["from"] = str(told["next_batch"])
        return found, False

    async def _answers(
        self, event: Mapping[str, Any], children: Sequence[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return what others said to a post in its thread, and whether that is all."""
        said, whole = [child for child in children if relation_of(child).get("rel_type") == "m.thread"], True
        relation = relation_of(event)
        if relation.get("rel_type") == "m.thread":  # a later part: only what answers just this one
            said, whole = await self._children(str(relation["event_id"]))
            said = [child for child in said if answered_by(child) == event["event_id"]]
        parts = {child["event_id"] for child in said if child.get("sender") == self._user}
        return [
            child
            for child in said
            if child.get("type") == "m.room.message"
            and child.get("sender") != self._user
            and answered_by(child) not in parts
        ], whole

    async def _parts(self, event: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the events of a post's media, in the order in which they were sent."""
        ident, relation = str(event["event_id"]), relation_of(event)
        threaded = relation.get("rel_type") == "m.thread"
        children, whole = await self._children(str(relation["event_id"]) if threaded else ident)
        if not whole:
            raise Unavailable(f"{self._label}: what refers to {ident} was not read to its end")
        kind = "m.thread" if threaded else "m.reference"
        parts = [
            child
            for child in children
            if child.get("sender") == self._user
            and content_of(child).get("msgtype") in ("m.image", "m.video")
            and relation_of(child).get("rel_type") == kind
            and (not threaded or answered_by(child) == ident)
        ]
        parts.reverse()  # they come newest first
        return sorted(parts, key=time_of)

    def _send_path(self, txn: str) -> str:
        return f"{CLIENT}/rooms/{path_part(self._room)}/send/m.room.message/{path_part(txn)}"

    def _named(self, event_id: str) -> str:
        if not event_id.startswith("$") or len(event_id) > 255:
            raise Refused(f"{self._label}: {shown(event_id)} is no id of an event", status=404)
        return path_part(event_id)

    def _published(self, event_id: str, at: datetime | None) -> Published:
        via = self._user.partition(":")[2]
        link = f"{WEB}/#/{quote(self._room, safe='!')}/{quote(event_id, safe='$')}?via={quote(via, safe=':')}"
        return Published(event_id, link, at)
