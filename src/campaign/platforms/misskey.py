"""Misskey, and the servers that speak its API: Sharkey, CherryPick, Firefish and others."""

import json
import mimetypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, ClassVar

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, Outcome, Refused, Unauthorized, Unavailable, shown
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
from campaign.net.reply import instant

READ = "2026-11-24"
_BACKEND = "https://github.com/misskey-dev/misskey/blob/develop/packages/backend/src"
_CREATE = Source(f"{_BACKEND}/server/api/endpoints/notes/create.ts", READ)
_FILES = Source(f"{_BACKEND}/server/api/endpoints/drive/files/create.ts", READ)
_NOTE = Source(f"{_BACKEND}/models/json-schema/note.ts", READ)
_LIST = Source("https://misskey-hub.net/docs/for-developers/api/", READ)

CAPABILITIES = Capabilities(
    # MAX_NOTE_TEXT_LENGTH in const.ts; a server tells its own. Code points: surrogate pairs count as one.
    text=TextRule(limit=3000, counts="characters", source=_CREATE, optional=True),
    media=(
        MediaRule(
            kind="image",
            mimes=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
            max_count=16,
            max_bytes=10_000_000,  # some servers take more: the account's policies say so
            max_alt=512,  # DB_MAX_IMAGE_COMMENT_LENGTH
            source=_FILES,
        ),
        MediaRule("video", frozenset({"video/mp4"}), 16, 10_000_000, _FILES, max_alt=512, captions="burned"),
    ),
    max_media=16,
    metrics={"reactions": "reactionCount", "replies": "repliesCount", "reposts": "renoteCount"},
    guarantees=(Guarantee.READ_BACK,),
    settles_within=60.0,
    rate=RateRule(300, 3600, _CREATE),
    media_rate=RateRule(120, 3600, _FILES),
    languages=0,
    edits=False,
    comments=True,
    token="does not expire; it is made in the settings of the account, or by consent",  # noqa: S106 - for people
    not_offered={"languages": _CREATE, "edits": _LIST, "captions": _FILES, "metrics": _NOTE},
    notes=(
        "no idempotency key: a lost answer is looked for in the account's own list",
        "a renote that quotes is counted as a repost, too",
        "how large a file may be is each server's own policy; where none is told, 10 MB are taken for the limit",
        "the token needs the permissions write:notes, write:drive, read:account",
    ),
)

SKEW = timedelta(minutes=10)  # what our clock and the server's may differ by when we look for a note of ours
PAGE, PAGES = 100, 60  # notes a page; more than a server lets an account post in ten hours
ASKED = 100  # notes whose answers are read, of one post
GONE = "NO_SUCH_NOTE"
# Codes of a refusal that holds for every request of this token; ids: server/api/ApiCallService.ts.
TOKEN = frozenset({
    "AUTHENTICATION_FAILED", "CREDENTIAL_REQUIRED", "PERMISSION_DENIED", "YOUR_ACCOUNT_SUSPENDED", "YOUR_ACCOUNT_MOVED",
})  # fmt: skip


class Adapter(port.Adapter):
    """One account on one server."""

    name: ClassVar[str] = "misskey"
    # The client's id is the address of a page of its own, which names where the browser comes back to by a Link header
    # or a <link> with rel=redirect_uri: https://indieauth.spec.indieweb.org/#client-information-discovery
    oauth: ClassVar[OAuth] = OAuth(
        authorize="/oauth/authorize",
        token="/oauth/token",  # noqa: S106 - a path
        scopes=("read:account", "write:notes", "write:drive"),
        source=Source(f"{_BACKEND}/server/oauth/OAuth2ProviderService.ts", READ),
        client_auth="none",
        client_page=True,
    )
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._label = client, f"misskey account {account.name}"
        self._user, self._web = account.remote_id, web_of(account)
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in an address like https://misskey.example/notes/9xyz. Raises: Invalid."""
        parts = address.path_of(url, address.hosts_of(account))
        if parts[-2:-1] != ["notes"] or not (parts[-1].isascii() and parts[-1].isalnum()):
            raise Invalid(address.FIELD, url, "must end in the note's id, as in https://misskey.example/notes/9xyz")
        return parts[-1]

    async def connect(self) -> Connected:
        """Return who this is, what the server allows, and what it runs."""
        meta = await self._ask("meta", detail=True)
        if not isinstance(meta, dict) or not isinstance(meta.get("version"), str):
            raise Refused(f"{self._label}: this server does not speak Misskey's API: it names no version")
        who = await self._ask("i")
        if not isinstance(who, dict) or not isinstance(who.get("id"), str) or not who["id"]:
            raise Unavailable(f"{self._label}: the server does not say whose token this is")
        policies = who.get("policies")
        policies = policies if isinstance(policies, dict) else {}
        warnings = () if policies.get("canPublicNote", True) else ("this account may not write public notes",)
        uri = meta.get("uri")
        host = uri.partition("://")[2].partition("/")[0] if isinstance(uri, str) else ""
        return Connected(
            remote_id=who["id"],
            handle=f"@{who.get('username')}" + (f"@{host}" if host else ""),
            kind=await self._software(),
            guarantee=Guarantee.READ_BACK,
            sheet=_sheet(meta, policies),
            warnings=warnings,
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
        """Upload the media, and fix the very bytes of the request.

        An upload of an earlier attempt is used once more: the note is recognised by it. The third attempt uploads
        anew, for somebody may have cleared the drive.
        """
        before = dict(previous or {})
        uses, ids = int(before.get("uses", 0)), [str(item) for item in before.get("file_ids", ())]
        past = [str(item) for item in before.get("past_file_ids", ())]
        fresh = uses != 1 or len(ids) != len(outgoing.media)
        if fresh:
            past, ids = [*past, *ids], [await self._upload(medium, open_medium) for medium in outgoing.media]
        body: dict[str, Any] = {"visibility": "public"}
        if outgoing.text:
            body["text"] = outgoing.text
        if ids:
            body["fileIds"] = ids
        if parent is not None:
            body["replyId"] = parent.remote_id
        return {
            "key": key,
            "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
            "file_ids": ids,
            "past_file_ids": past,
            "uses": 1 if fresh else uses + 1,
        }

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Send the one request that makes the note."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        with _explained():
            reply = await self._client.commit(
                "POST", "/api/notes/create", content=str(wire["body"]).encode(), headers=headers
            )
        told = reply.json()
        note = told.get("createdNote") if isinstance(told, dict) else None
        if not isinstance(note, dict) or not isinstance(note.get("id"), str) or not note["id"]:
            raise reply.bad("the answer names no note")
        return self._named(note)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Look for the note in the account's own list: by its files first, then by its text."""
        candidates = [note for note in await self._own(doubt.since - SKEW) if note["id"] not in doubt.owned]
        ours = {str(item) for item in (*wire.get("file_ids", ()), *wire.get("past_file_ids", ()))}
        found = [note for note in candidates if ours & _file_ids(note)]
        if not found:
            wanted, reply_to = fingerprint(outgoing.text), json.loads(str(wire["body"])).get("replyId")
            found = [
                note
                for note in candidates
                if fingerprint(str(note.get("text") or "")) == wanted
                and note.get("replyId") == reply_to
                and bool(_file_ids(note)) == bool(outgoing.media)
            ]
        return self._named(found[0]) if found else None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the note as the server tells it. Raises: Refused: there is none."""
        note = await self._ask("notes/show", reading=True, noteId=remote_id)
        if not isinstance(note, dict):
            raise Unavailable(f"{self._label}: note {shown(remote_id)}: the answer is no note")
        return note

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the counters of many notes, a question each: no list tells them together."""
        return {remote_id: await self._measured(remote_id) for remote_id in dict.fromkeys(remote_ids)}

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return the notes that answer or quote a note, and those that answer these, oldest first. Raises: Refused."""
        await self.fetch(remote_id)  # of a note that is not there, the list is empty, and no error
        found: dict[str, Comment] = {}
        waiting = [remote_id]
        for _ in range(ASKED):
            if not waiting:
                break
            above = waiting.pop(0)
            for note in await self._listed("notes/children", noteId=above, sinceId=above):
                if note["id"] not in found:
                    found[note["id"]] = _comment(note, above)
                    # Quotes and renotes are no answers; some servers count no replies at all.
                    if note.get("repliesCount") != 0:
                        waiting.append(note["id"])
        return sorted(found.values(), key=lambda one: (one.at or datetime.max.replace(tzinfo=UTC), one.remote_id))

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Refuse it: a note stays as it is."""
        raise Refused(f"{self._label}: Misskey changes no note; delete it and write it anew")

    async def delete(self, remote_id: str) -> None:
        """Take the note down; one that is gone already is no error."""
        try:
            await self._ask("notes/delete", noteId=remote_id)
        except Refused as error:
            if _code(error) != GONE:
                raise

    async def _ask(self, endpoint: str, *, reading: bool = False, **params: Any) -> Any:
        """Ask an endpoint that may be asked again. An answer without a body is None."""
        with _explained():
            reply = await self._client.ask("POST", f"/api/{endpoint}", json=params, reading=reading)
        return None if reply.status == 204 else reply.json()

    async def _software(self) -> str:
        """Return what the server runs, as its NodeInfo says."""
        try:
            told = (await self._client.ask("GET", "/nodeinfo/2.0")).json()
            return str(told["software"]["name"]).lower()[:40] or "misskey"
        except (Outcome, LookupError, AttributeError, TypeError):
            return "misskey"

    async def _upload(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> str:
        with open_medium(medium.sha256) as file:
            name = medium.sha256[:16] + (mimetypes.guess_extension(medium.mime) or "")
            # Without `force` the drive answers with a file of the same bytes that it has already, and its alt text.
            about = {"comment": medium.alt, "name": name, "force": "true"}
            with _explained():
                reply = await self._client.ask(
                    "POST", "/api/drive/files/create", files={"file": (name, file, medium.mime)}, data=about
                )
        told = reply.json()
        if not isinstance(told, dict) or not isinstance(told.get("id"), str) or not told["id"]:
            raise reply.bad("the upload was answered without an id")
        return str(told["id"])

    async def _own(self, since: datetime) -> list[dict[str, Any]]:
        """Return the account's own notes from an instant on, oldest first."""
        told = await self._listed(
            "users/notes", userId=self._user, withReplies=True, withRenotes=False, sinceDate=_milliseconds(since)
        )
        return [note for note in told if (instant(str(note.get("createdAt"))) or since) >= since]

    async def _listed(self, endpoint: str, **params: Any) -> list[dict[str, Any]]:
        """Return a list to its end, oldest first, as it comes with a lower bound alone: core/QueryService.ts."""
        found: list[dict[str, Any]] = []
        for _ in range(PAGES):
            page = await self._ask(endpoint, reading=True, limit=PAGE, **params)
            if not isinstance(page, list) or not all(
                isinstance(note, dict) and isinstance(note.get("id"), str) and note["id"] for note in page
            ):
                raise Unavailable(f"{self._label}: {endpoint}: the list cannot be read")
            if not page:  # a page that is not full is not the end: what was filtered out left a gap
                return found
            ids = [note["id"] for note in page]
            if ids != sorted(ids) or (found and ids[0] <= found[-1]["id"]):
                raise Unavailable(f"{self._label}: {endpoint}: the list is in no order that can be followed")
            found += page
            params = {name: value for name, value in params.items() if name != "sinceDate"} | {"sinceId": ids[-1]}
        raise Unavailable(f"{self._label}: {endpoint}: the list was not read to its end")

    async def _measured(self, remote_id: str) -> dict[Metric, Reading]:
        try:
            note = await self.fetch(remote_id)
        except Refused as error:
            gone = _code(error) in (GONE, "INVALID_PARAM")
            status = ReadingStatus.EXPIRED if gone else ReadingStatus.ERROR
            return {metric: Reading(None, status) for metric in CAPABILITIES.metrics}
        readings: dict[Metric, Reading] = {}
        for metric, theirs in CAPABILITIES.metrics.items():
            value = _count(note.get(theirs))
            if metric == "reactions" and value is None:
                value = _summed(note.get("reactions"))
            readings[metric] = Reading(None, ReadingStatus.ERROR) if value is None else Reading(value)
        return readings

    def _named(self, note: Mapping[str, Any]) -> Published:
        created = note.get("createdAt")
        at = instant(created) if isinstance(created, str) else None
        return Published(note["id"], f"{self._web}/notes/{note['id']}", at)


def web_of(account: Account) -> str:
    """Return where an account's notes are shown: where its server says that it is."""
    uri = account.sheet.get("uri")
    return uri if isinstance(uri, str) and uri else account.base_url


@contextmanager
def _explained() -> Iterator[None]:
    """Tell a token that is not accepted from a request that is not: servers say 400, 401 or 403 of both."""
    try:
        yield
    except Refused as error:
        if (code := _code(error)) in TOKEN:
            raise Unauthorized(f"{error} ({code})", status=error.status, body=error.body) from error
        raise


def _sheet(meta: Mapping[str, Any], policies: Mapping[str, Any]) -> dict[str, Any]:
    """Return the limits that the server and the account's role tell, as far as they make sense."""
    sheet: dict[str, Any] = {"version": str(meta.get("version"))[:80]}
    uri = meta.get("uri")
    if isinstance(uri, str) and uri.startswith(("https://", "http://")):
        sheet["uri"] = uri.rstrip("/")[:200]
    limit = _count(meta.get("maxNoteTextLength")) or 0
    if 0 < limit < 10**6:
        sheet["text_limit"] = limit
    megabytes = _count(policies.get("maxFileSizeMb")) or 0
    if 0 < megabytes < 10**5:
        sheet |= {"image_bytes": megabytes << 20, "video_bytes": megabytes << 20}
    return sheet


def _comment(note: Mapping[str, Any], above: str) -> Comment:
    user = note.get("user")
    user = user if isinstance(user, dict) else {}
    author = user.get("name") or user.get("username")
    text = "\n".join(str(part) for part in (note.get("cw"), note.get("text")) if part)
    created = note.get("createdAt")
    at = instant(created) if isinstance(created, str) else None
    return Comment(str(note["id"]), above, str(author)[:128] if author else None, text, at, note)


def _code(error: Outcome) -> str | None:
    told = error.body.get("error") if isinstance(error.body, dict) else None
    code = told.get("code") if isinstance(told, dict) else None
    return code if isinstance(code, str) else None


def _file_ids(note: Mapping[str, Any]) -> set[str]:
    ids = note.get("fileIds")
    return {str(item) for item in ids} if isinstance(ids, list) else set()


def _summed(emojis: Any) -> int | None:
    """Return the reactions of servers before 2023.11, which tell them by emoji only."""
    counts = [_count(value) for value in emojis.values()] if isinstance(emojis, dict) else [None]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
