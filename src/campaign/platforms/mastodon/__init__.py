"""Mastodon, and the servers that speak its API: GoToSocial, Pleroma, Akkoma, Pixelfed, snac, Takahē, Hollo."""

import asyncio
import json
import mimetypes
import re
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, ClassVar

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain, shown
from campaign.core.model import (
    Account,
    Comment,
    Guarantee,
    Metric,
    Outgoing,
    OutgoingMedium,
    Pending,
    Published,
    Reading,
    ReadingStatus,
)
from campaign.core.oauth import OAuth
from campaign.core.text import fingerprint
from campaign.net.client import Client
from campaign.net.reply import Reply, instant
from campaign.platforms.mastodon.kinds import IDS, KEY_LIFETIME, kind_of, sheet_of, version_of

# The defaults of an instance; it may raise them, and then the account's own sheet wins.
_INSTANCE = Source("https://docs.joinmastodon.org/entities/Instance/#configuration", "2026-08-20")
_RATES = Source("https://docs.joinmastodon.org/api/rate-limits/", "2026-08-20")
_MEDIA = Source("https://docs.joinmastodon.org/methods/media/#v2", "2026-11-24")  # it takes a file and a thumbnail
_STATUS = Source("https://docs.joinmastodon.org/entities/Status/", "2026-11-24")  # its counters are all there are

CAPABILITIES = Capabilities(
    # Links count as 23, mentions without their host: https://docs.joinmastodon.org/user/posting/#text
    text=TextRule(limit=500, counts="graphemes", link_length=23, short_mentions=True, source=_INSTANCE),
    media=(
        MediaRule(
            kind="image",
            mimes=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
            max_count=4,
            max_bytes=16_777_216,
            max_pixels=33_177_600,
            max_alt=1500,
            source=_INSTANCE,
        ),
        MediaRule(
            kind="video",
            mimes=frozenset({"video/mp4"}),
            max_count=1,
            max_bytes=103_809_024,
            max_pixels=8_294_400,
            max_alt=1500,
            captions="burned",  # there is no caption track: https://docs.joinmastodon.org/methods/media/#v2
            source=_INSTANCE,
        ),
    ),
    # "Cannot attach a video to a post that already contains images": PostStatusService#validate_media!
    alone=frozenset({"video"}),
    # There are no view counts at all: https://docs.joinmastodon.org/entities/Status/
    metrics={
        "reactions": "favourites_count",
        "replies": "replies_count",
        "reposts": "reblogs_count",
        "quotes": "quotes_count",
    },
    guarantees=(Guarantee.DEDUP, Guarantee.READ_BACK),
    settles_within=30.0,
    key_lifetime=KEY_LIFETIME,
    settles_alone=120.0,
    rate=RateRule(300, 300, _RATES),
    media_rate=RateRule(30, 1800, _RATES),
    languages=1,
    ids_per_reading=IDS,
    comments=True,
    not_offered={"captions": _MEDIA, "metrics": _STATUS},
    notes=("counts of remote servers are partial", "no view counts"),
)

# What our clock and the server's may differ by when we look for a post of ours.
SKEW = timedelta(minutes=10)
PAGES = 50  # of 40 statuses: more than a server lets an account post in that time; a read-back looks no further
POLLS = 60  # questions whether a medium is processed
PAUSES = {"image": 1, "video": 4}  # seconds between two of them: a server encodes a clip anew
SOURCES = 10  # candidates whose raw text is asked for when their HTML does not tell


class Adapter(port.Adapter):
    """One account on one server."""

    name: ClassVar[str] = "mastodon"
    oauth: ClassVar[OAuth] = OAuth(  # each server is its own: we register there when we are connected
        authorize="/oauth/authorize",
        token="/oauth/token",  # noqa: S106 - an address
        register="/api/v1/apps",
        scopes=("read", "write"),
        source=Source("https://docs.joinmastodon.org/methods/oauth/", "2026-11-24"),
    )
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, *, remote_id: str, kind: str, sheet: Mapping[str, Any]) -> None:
        self._client, self._remote_id, self._kind = client, remote_id, kind
        self._does = kind_of(kind)
        self.names_people = self._does.names
        self._metrics = frozenset(sheet.get("metrics", CAPABILITIES.metrics))
        self.sheet = sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, remote_id=account.remote_id, kind=account.kind, sheet=account.sheet)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in an address like https://mastodon.example/@kr/1234. Raises: Invalid."""
        parts = address.path_of(url, hosts := address.hosts_of(account))
        mine = account.handle.removeprefix("@").partition("@")[0].lower()
        if others := [part for part in parts if part[0] == "@" and part[1:].partition("@")[0].lower() != mine]:
            raise Invalid(address.FIELD, url, f"must be a post of {account.handle}; this is one of {shown(others[0])}")
        return address.last_of_path(url, hosts)

    async def connect(self) -> Connected:
        """Return who this is, what software answers, what it allows, and which guarantee holds."""
        instance = await self._instance()
        kind = await self._software(instance)
        does = kind_of(kind)
        who = await self._who(does.bad_token | {400, 403, 422})
        version = version_of(str(instance.get("version", "")))
        sheet = sheet_of(instance, kind, version)
        host = str(instance.get("domain") or instance.get("uri") or "").removeprefix("https://").rstrip("/")
        return Connected(
            remote_id=str(who["id"]),
            handle=f"@{who.get('acct') or who.get('username')}" + (f"@{host}" if host else ""),
            kind=kind,
            guarantee=does.guarantee,
            sheet=sheet,
            warnings=does.told,
        )

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Upload the pictures, and fix the very bytes of the request.

        An upload of an earlier attempt is used once more: a medium can be attached to one post only, so the server
        itself refuses a second post (422). The third attempt uploads anew, for the first upload may have expired; and
        where a key that met an error is lost, it takes another key: between them the account's own list was asked.
        """
        tries = int((previous or {}).get("tries", 0)) + 1
        if self._does.burns and tries > 2:
            key = f"{key}-{(tries + 1) // 2}"
        uses = int((previous or {}).get("uses", 0))
        ids = list((previous or {}).get("media_ids", ())) if uses == 1 else []
        past = [
            *(previous or {}).get("past_media_ids", ()),
            *((previous or {}).get("media_ids", ()) if not ids else ()),
        ]
        fresh = len(ids) != len(outgoing.media)
        if fresh:
            past, ids = [*past, *ids], []
            for medium in outgoing.media:
                ids.append(await self._upload(medium, open_medium))
        body: dict[str, Any] = {"status": outgoing.text, "language": outgoing.langs[0], "visibility": "public"}
        if ids:
            body["media_ids"] = ids
        if parent is not None:
            body["in_reply_to_id"] = parent.remote_id
        return {
            "key": key,
            "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
            "media_ids": ids,
            "past_media_ids": past,
            "uses": 1 if fresh else uses + 1,
            "tries": tries,
        }

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Send the one request that makes the post."""
        headers = {"Idempotency-Key": str(wire["key"]), "Content-Type": "application/json; charset=utf-8"}
        try:
            reply = await self._client.commit(
                "POST", "/api/v1/statuses", content=str(wire["body"]).encode(), headers=headers
            )
        except (Refused, RateLimited, Unauthorized) as error:
            if error.status in (400, 409, 422) and wire["uses"] > 1 and wire["media_ids"]:
                # "Missing or already attached": the earlier attempt may have made the post after all.
                raise Uncertain(f"{error}; an earlier attempt may have used its media", status=error.status) from error
            if wire.get("tries", 1) % 2 == 0:
                self._used_again(error)
            if isinstance(error, Refused) and error.status in self._does.bad_token:
                with suppress(Unavailable, RateLimited, Refused):  # then nothing is known but that it was refused
                    await self._who(self._does.bad_token)
            raise
        return _published(reply, reply.json())

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Look for the post in the account's own list: by its media first, then by its text."""
        since = doubt.since - SKEW
        candidates = [status for status in await self._own(since) if str(status.get("id")) not in doubt.owned]
        ours = {str(item) for item in (*wire.get("media_ids", ()), *wire.get("past_media_ids", ()))}
        by_media = [status for status in candidates if ours & _media_ids(status)]
        if by_media:
            return await self._found(by_media)
        wanted = fingerprint(outgoing.text)
        reply_to = json.loads(str(wire["body"])).get("in_reply_to_id")
        alike = [
            status
            for status in candidates
            if len(status.get("media_attachments") or ()) == len(outgoing.media)
            and (reply_to is None) == (status.get("in_reply_to_id") is None)
        ]
        exact = [status for status in alike if fingerprint(str(status.get("content", ""))) == wanted]
        if not exact:
            exact = [status for status in alike[-SOURCES:] if await self._source(str(status["id"])) == wanted]
        return await self._found(exact) if exact else None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the status as the server tells it."""
        record = (await self._client.ask("GET", f"/api/v1/statuses/{remote_id}")).json()
        if not isinstance(record, dict):
            raise Unavailable(f"status {remote_id}: the answer is no status")
        return record

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters of many statuses, in as few requests as the server allows."""
        found: dict[str, Mapping[str, Any]] = {}
        size = self.capabilities.ids_per_reading
        for start in range(0, len(remote_ids), size):
            for status in await self._statuses(remote_ids[start : start + size]):
                found[str(status.get("id"))] = status
        return {remote_id: self._readings(found.get(remote_id)) for remote_id in remote_ids}

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return the answers that everybody may read; what was said to the account alone is no comment.

        A thread is told up to a length of the server's: https://docs.joinmastodon.org/methods/statuses/#context
        """
        reply = await self._client.ask("GET", f"/api/v1/statuses/{remote_id}/context")
        told = reply.json()
        answers = told.get("descendants") if isinstance(told, dict) else None
        if not isinstance(answers, list):
            raise Unavailable("the answers to a status cannot be read")
        return [
            Comment(
                str(answer["id"]),
                str(answer.get("in_reply_to_id") or remote_id),
                _shown_name(answer.get("account")),
                _plain(str(answer.get("content") or "")),
                instant(answer.get("created_at")) if isinstance(answer.get("created_at"), str) else None,
                answer,
            )
            for answer in answers
            if isinstance(answer, dict) and answer.get("id") and answer.get("visibility") in ("public", "unlisted")
        ]

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace text and alt texts; the server keeps the history. The same edit again changes nothing."""
        ids = [str(item) for item in wire.get("media_ids", ())]
        alts = zip(ids, outgoing.media, strict=False)
        body = {
            "status": outgoing.text,
            "language": outgoing.langs[0],
            "media_ids": ids,
            "media_attributes": [{"id": item, "description": medium.alt} for item, medium in alts],
        }
        reply = await self._client.ask("PUT", f"/api/v1/statuses/{remote_id}", json=body)
        return _published(reply, reply.json())

    async def delete(self, remote_id: str) -> None:
        """Take the post down; one that is gone already is no error.

        Raises:
            Refused: the server says that there is no such post, and shows it: it takes none down for applications.
        """
        reply = await self._client.ask("DELETE", f"/api/v1/statuses/{remote_id}", ok=(200, 204, 404, 410))
        if reply.status in (404, 410) and await self._statuses([remote_id]):
            raise Refused(f"the server did not take post {remote_id} down: do that at its own pages", status=404)

    def _used_again(self, error: Outcome) -> None:
        """Raise what an error means of a key that an earlier attempt used already, where it means something else."""
        if error.status in self._does.doubts:
            raise Uncertain(f"{error}; an earlier attempt used the same key", status=error.status) from error
        if self._does.key == "replayed" and error.status is not None:
            # What the earlier request met is told once more; now nothing was done. The next one takes another key.
            raise Unavailable(f"{error}; it may be the answer to an earlier attempt", status=error.status) from error

    async def _who(self, bad_token: Container[int]) -> dict[str, Any]:
        """Return whose token this is. Raises: Unauthorized, when it is nobody's, with whatever status that is told."""
        try:
            who = (await self._client.ask("GET", "/api/v1/accounts/verify_credentials")).json()
        except Refused as error:
            # snac answers a bad token with 422 and no body, Takahē with 400.
            if error.status in bad_token:
                raise Unauthorized(str(error), status=error.status) from error
            raise
        if not isinstance(who, dict) or not who.get("id"):
            raise Unavailable("the server does not say whose token this is")
        return who

    async def _instance(self) -> dict[str, Any]:
        reply = await self._client.ask("GET", "/api/v2/instance", ok=(200, 404))
        if reply.status == 404:
            reply = await self._client.ask("GET", "/api/v1/instance")
        instance = reply.json()
        if not isinstance(instance, dict) or "version" not in instance:
            raise Refused("this server does not speak the Mastodon API: it names no version")
        return instance

    async def _software(self, instance: Mapping[str, Any]) -> str:
        """Return what the server runs: by its NodeInfo, else by its version ('2.7.2 (compatible; Akkoma 3.10)')."""
        try:
            links = (await self._client.ask("GET", "/.well-known/nodeinfo")).json().get("links", [])
            # The link names the public address, which may not be the one that we reach: take its path only.
            where = "/" + str(links[-1]["href"]).split("://", 1)[-1].partition("/")[2]
            name = str((await self._client.ask("GET", where)).json()["software"]["name"]).lower()
        except (Outcome, LookupError, AttributeError, TypeError):
            version = str(instance.get("version", ""))
            name = version.partition("compatible; ")[2].split(" ")[0].strip("()").lower() or "mastodon-compatible"
        return name

    async def _upload(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> str:
        with ExitStack() as opened:
            name = medium.sha256[:16] + (mimetypes.guess_extension(medium.mime) or "")
            files = {"file": (name, opened.enter_context(open_medium(medium.sha256)), medium.mime)}
            if medium.poster and self._kind == "mastodon":  # others are not known to take one
                files["thumbnail"] = ("poster.jpg", opened.enter_context(open_medium(medium.poster)), "image/jpeg")
            about = {"description": medium.alt}
            reply = await self._client.ask("POST", "/api/v2/media", files=files, data=about, ok=(200, 202))
        told = reply.json()
        if not isinstance(told, dict) or not told.get("id"):
            raise Unavailable("the upload was answered without an id")
        if reply.status == 202:
            await self._processed(str(told["id"]), PAUSES[medium.mime.partition("/")[0]])
        return str(told["id"])

    async def _processed(self, medium_id: str, pause: float) -> None:
        # 206 while it works, 200 when it is done: https://docs.joinmastodon.org/methods/media/#get
        for number in range(POLLS):
            reply = await self._client.ask("GET", f"/api/v1/media/{medium_id}", ok=(200, 206), reading=False)
            if reply.status == 200:
                return
            await asyncio.sleep(min(1 + number / 4, pause))
        raise Unavailable(f"medium {medium_id} is still being processed after {POLLS} questions")

    async def _own(self, since: datetime) -> list[dict[str, Any]]:
        """Return the account's own statuses from an instant on, oldest first."""
        params: dict[str, Any] = {"limit": 40, "exclude_reblogs": "true"}
        if self._kind == "mastodon":
            # Ids are snowflakes: milliseconds since 1970, and 16 more bits. https://docs.joinmastodon.org/api/guidelines/
            params["since_id"] = str(int(since.timestamp() * 1000) << 16)
        found: list[dict[str, Any]] = []
        for _ in range(PAGES):
            page = (await self._client.ask("GET", f"/api/v1/accounts/{self._remote_id}/statuses", params=params)).json()
            if not isinstance(page, list) or not all(isinstance(item, dict) and item.get("id") for item in page):
                raise Unavailable("the account's list of statuses cannot be read")
            recent = [item for item in page if (instant(item.get("created_at")) or since) >= since]
            found += recent
            if len(page) < 40 or len(recent) < len(page):
                break
            params["max_id"] = str(page[-1]["id"])
        else:
            raise Unavailable(
                f"the account's list has over {PAGES * 40} statuses since then; it was not read to its end"
            )
        return sorted(found, key=lambda item: (instant(item.get("created_at")) or since, str(item["id"])))

    async def _found(self, statuses: Sequence[Mapping[str, Any]]) -> Published:
        """Return the oldest. Its raw text is read once more: the list holds HTML, and the record wants the text."""
        await self._source(str(statuses[0]["id"]))
        return _named(statuses[0])

    async def _source(self, remote_id: str) -> str | None:
        """Return the fingerprint of the raw text, which only the owner may read; None where it is not offered."""
        reply = await self._client.ask("GET", f"/api/v1/statuses/{remote_id}/source", ok=(200, 404, 400, 501))
        if reply.status != 200:
            return None
        source = reply.json()
        return fingerprint(str(source.get("text", ""))) if isinstance(source, dict) else None

    async def _statuses(self, remote_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        if len(remote_ids) == 1:
            reply = await self._client.ask("GET", f"/api/v1/statuses/{remote_ids[0]}", ok=(200, 404, 410))
            return [reply.json()] if reply.status == 200 else []
        page = (await self._client.ask("GET", "/api/v1/statuses", params={"id[]": list(remote_ids)})).json()
        if not isinstance(page, list):
            raise Unavailable("the list of statuses cannot be read")
        return [status for status in page if isinstance(status, dict)]

    def _readings(self, status: Mapping[str, Any] | None) -> dict[Metric, Reading]:
        readings: dict[Metric, Reading] = {}
        for metric, theirs in CAPABILITIES.metrics.items():
            value = status.get(theirs) if status is not None else None
            if status is None:
                readings[metric] = Reading(None, ReadingStatus.EXPIRED)
            elif isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                readings[metric] = Reading(value)
            elif metric not in self._metrics:
                readings[metric] = Reading(None, ReadingStatus.NOT_OFFERED)
            else:
                readings[metric] = Reading(None, ReadingStatus.ERROR)
        return readings


def _published(reply: Reply, status: Any) -> Published:
    remote_id = status.get("id") if isinstance(status, dict) else None
    if not isinstance(remote_id, str | int) or not str(remote_id) or isinstance(remote_id, bool):
        raise reply.bad("the answer names no id")
    return _named(status)


def _named(status: Mapping[str, Any]) -> Published:
    url = status.get("url") or status.get("uri")
    web = url if isinstance(url, str) and url.startswith(("https://", "http://")) else None
    created = instant(status.get("created_at")) if isinstance(status.get("created_at"), str) else None
    return Published(str(status["id"]), web, created.astimezone(UTC) if created else None)


def _shown_name(account: Any) -> str | None:
    name = account.get("acct") if isinstance(account, dict) else None
    return f"@{name}"[:256] if isinstance(name, str) and name else None


def _plain(content: str) -> str:
    """Return what HTML says, a line for each of its lines."""
    return "\n".join(filter(None, map(fingerprint, re.split(r"<br ?/?>|</p>", content))))


def _media_ids(status: Mapping[str, Any]) -> set[str]:
    items = status.get("media_attachments")
    return {str(item.get("id")) for item in items if isinstance(item, dict)} if isinstance(items, list) else set()
