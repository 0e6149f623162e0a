"""LINE: an official account's message to all its friends. It is no feed: each post is delivered, and counted."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, BinaryIO, ClassVar
from uuid import UUID

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, RateLimited, Refused, Unavailable, Uncertain
from campaign.core.model import (
    Account,
    Guarantee,
    Metric,
    Outgoing,
    OutgoingMedium,
    Published,
    Reading,
    ReadingStatus,
)
from campaign.net.client import Client

_REFERENCE = "https://developers.line.biz/en/reference/messaging-api/"
_BROADCAST = Source(f"{_REFERENCE}#send-broadcast-message", "2026-11-24")
_MEDIA = Source("https://developers.line.biz/en/news/2020/05/12/messaging-api-update-may-2020/", "2026-11-24")
_TEXT = Source("https://developers.line.biz/en/docs/messaging-api/text-character-count/", "2026-11-24")
_INSIGHT = Source(f"{_REFERENCE}#get-message-event", "2026-11-24")
_RATES = Source(f"{_REFERENCE}#rate-limits", "2026-11-24")
_LIST = Source(_REFERENCE, "2026-11-24")  # the list of all operations: there is none for it
_RETRY = "https://developers.line.biz/en/docs/messaging-api/retrying-api-request/"

CAPABILITIES = Capabilities(
    text=TextRule(limit=5000, counts="utf16", source=_TEXT, optional=True),
    media=(
        # A picture of up to 10 MB needs a second address, of a preview of at most 1 MB: the same file is both.
        MediaRule("image", frozenset({"image/jpeg", "image/png"}), 4, 1_000_000, _MEDIA, max_alt=0),
        MediaRule("video", frozenset({"video/mp4"}), 4, 200_000_000, _MEDIA, max_alt=0),
    ),
    # "Maximum of 5 message objects", of which the text is one.
    max_media=4,
    metrics={"reach": "overview.uniqueImpression", "link_clicks": "overview.uniqueClick"},
    guarantees=(Guarantee.REPLAY,),
    settles_within=0.0,  # nothing lags, for nothing can be read
    key_lifetime=23 * 3600.0,  # a retry key lives for 24 hours
    rate=RateRule(2000, 1, _RATES),
    languages=0,
    threads=False,
    edits=False,
    deletes=False,
    fetches=False,
    token="a long-lived channel access token does not expire; others are renewed by hand",  # noqa: S106
    fetches_media=True,
    not_offered={
        "threads": _BROADCAST,
        "alt": Source(f"{_REFERENCE}#image-message", "2026-11-24"),
        "languages": _BROADCAST,
        "edits": _LIST,
        "deletes": _LIST,
        "fetches": _LIST,
        "comments": _LIST,
        "captions": Source(f"{_REFERENCE}#video-message", "2026-11-24"),
        "metrics": _INSIGHT,
    },
    notes=(
        "each post is a message to each friend of the account, and counts against its monthly quota",
        "pictures and clips are fetched by LINE from a public https address; a clip needs a poster",
        "at most 60 broadcasts an hour",
        "nothing tells whether a broadcast is out but the same request under the same key, within 24 hours",
        "counters come a day later, and only where at least 20 people saw or tapped it",
    ),
)

BROADCAST, INFO = "/v2/bot/message/broadcast", "/v2/bot/info"
QUOTA, USED = "/v2/bot/message/quota", "/v2/bot/message/quota/consumption"
INSIGHT = "/v2/bot/insight/message/event"
KEY_LIVES = timedelta(seconds=CAPABILITIES.key_lifetime)
MANAGER = ("manager.line.biz", "chat.line.biz")  # where a person sees what was sent


class Adapter(port.Adapter):
    """One official account, which broadcasts.

    LINE keeps a request's retry key for 24 hours and answers the same key with 409 once it has taken it: that is the
    one way to know. So a doubt is settled by sending again, as a post that is due: confirm() says "not there" where
    that will be done, and where it will not, for its time is over or the key is dead, it says that a person must look.
    """

    name: ClassVar[str] = "line"
    home: ClassVar[str] = "https://api.line.me"
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._label = client, f"line account {account.name}"
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return what stands for a broadcast in the address of its page in the account's manager. Raises: Invalid."""
        try:
            return address.last_of_path(url, {*MANAGER, *address.hosts_of(account)})
        except Invalid as error:
            raise Invalid(address.FIELD, url, "must be the message's page at https://manager.line.biz") from error

    async def connect(self) -> Connected:
        """Return the account, and how many messages it may still send this month.

        Raises: Unauthorized: the token is not accepted. Unavailable: no usable answer.
        """
        told = (await self._client.ask("GET", INFO)).json()
        if not isinstance(told, dict) or not isinstance(told.get("userId"), str) or not told["userId"]:
            raise Unavailable(f"{self._label}: LINE does not say whose token this is")
        most, used = await self._quota()
        costs = "each post is a message to each friend of the account"
        warning = f"{costs}; {used} of {most} a month are used" if most is not None else f"{costs} and is charged"
        handle = str(told.get("basicId") or told.get("displayName") or told["userId"])[:100]
        return Connected(told["userId"], handle, "line", Guarantee.REPLAY, {}, (warning,))

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Make the media's addresses, which live for two hours, and fix the messages.

        Raises:
            Refused: the month's messages are used up, or a medium cannot be fetched; or an earlier attempt may have
                been taken and its key is dead: a person must look before it is sent again.
        """
        if parent is not None:
            raise Refused(f"{self._label}: a broadcast answers no other; post it as one")
        now = self._client.now()
        first = _instant((previous or {}).get("first")) or now
        if now - first > KEY_LIVES:
            why = "an earlier attempt may have been taken, and its key is dead"
            raise Refused(
                f"{self._label}: {why}: look at the account's manager, and compose it again if it is not there"
            )
        most, used = await self._quota()
        if most is not None and used >= most:
            raise Refused(f"{self._label}: all {most} messages of this month are used; raise the account's plan")
        messages = [{"type": "text", "text": outgoing.text}] if outgoing.text.strip() else []
        messages += [self._message(medium, open_medium) for medium in outgoing.media]
        body = json.dumps({"messages": messages}, ensure_ascii=False, separators=(",", ":"))
        retry_key = str(UUID(bytes=sha256(key.encode()).digest()[:16], version=4))
        return {"retry_key": retry_key, "body": body, "first": first.isoformat()}

    def _message(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> dict[str, str]:
        url = self._client.share(medium.sha256, medium.mime)
        kind, preview = "image", url
        if medium.is_clip:
            if not medium.poster:
                raise Refused(f"{self._label}: a clip needs a poster, the picture that stands for it before it plays")
            with open_medium(medium.poster) as file:
                mime = "image/png" if file.read(4) == b"\x89PNG" else "image/jpeg"
            kind, preview = "video", self._client.share(medium.poster, mime)
        return {"type": kind, "originalContentUrl": url, "previewImageUrl": preview}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published:
        """Send the one request. 409: LINE took it already under this key, and names the request that it took."""
        headers = {"X-Line-Retry-Key": str(wire["retry_key"]), "Content-Type": "application/json; charset=utf-8"}
        try:
            reply = await self._client.commit(
                "POST", BROADCAST, content=str(wire["body"]).encode(), headers=headers, ok=(200, 409)
            )
        except RateLimited as error:
            if "monthly limit" in str(error).lower():  # it will not be more tomorrow
                raise Refused(f"{error}: raise the account's plan", status=429, body=error.body) from error
            raise
        header = "x-line-accepted-request-id" if reply.status == 409 else "x-line-request-id"
        ident = reply.headers.get(header, "").strip()
        if not ident or not ident.isascii() or len(ident) > 100:
            raise reply.bad("the answer names no request")
        if reply.status == 200 and not isinstance(reply.json(), dict):
            raise reply.bad("the answer is no object")
        return Published(ident, None, reply.date if reply.status == 200 else None)

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        """Say whether sending again will tell. None: it will, for the key lives and the post is still due.

        Raises: Uncertain: it will not be sent again, or its key is dead: a person must look.
        """
        if self._client.now() - doubt.since > KEY_LIVES:
            raise Uncertain(f"{self._label}: its key is dead: look at the account's manager and settle it")
        if not doubt.again:
            raise Uncertain(f"{self._label}: its time is over, so it is not sent again: look at the account's manager")
        return None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Refuse: no operation shows a message that was sent."""
        raise Refused(f"{self._label}: LINE shows no message that was sent")

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return how many people opened it and tapped a link, each as far as LINE tells: null is too new, and no 0."""
        found: dict[str, Mapping[Metric, Reading]] = {}
        for remote_id in dict.fromkeys(remote_ids):
            found[remote_id] = await self._readings(remote_id)
        return found

    async def _readings(self, remote_id: str) -> dict[Metric, Reading]:
        try:
            reply = await self._client.ask("GET", INSIGHT, params={"requestId": remote_id}, ok=(200, 404))
        except Refused as error:
            status = {400: ReadingStatus.EXPIRED, 403: ReadingStatus.NOT_PERMITTED}.get(error.status or 0)
            if status is None:
                raise
            return dict.fromkeys(CAPABILITIES.metrics, Reading(None, status))
        if reply.status == 404:
            return dict.fromkeys(CAPABILITIES.metrics, Reading(None, ReadingStatus.EXPIRED))
        told = reply.json()
        overview = told.get("overview") if isinstance(told, dict) else None
        if not isinstance(overview, dict):
            return dict.fromkeys(CAPABILITIES.metrics, Reading(None, ReadingStatus.ERROR))
        return {metric: _reading(overview, name.partition(".")[2]) for metric, name in CAPABILITIES.metrics.items()}

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Refuse: what was delivered stays as it is."""
        raise Refused(f"{self._label}: LINE changes no message that was sent")

    async def delete(self, remote_id: str) -> None:
        """Refuse: what was delivered stays."""
        raise Refused(f"{self._label}: LINE takes back no message that was sent")

    async def _quota(self) -> tuple[int | None, int]:
        """Return how many messages a month holds (None: no limit), and how many are used."""
        quota = (await self._client.ask("GET", QUOTA)).json()
        used = _whole((await self._client.ask("GET", USED)).json(), "totalUsage") or 0
        limited = isinstance(quota, dict) and quota.get("type") == "limited"
        return _whole(quota, "value") if limited else None, used


def _whole(told: Any, name: str) -> int | None:
    value = told.get(name) if isinstance(told, dict) else None
    return value if type(value) is int and value >= 0 else None


def _reading(overview: Mapping[str, Any], name: str) -> Reading:
    if name not in overview:
        return Reading(None, ReadingStatus.ERROR)
    if overview[name] is None:  # not counted yet, or by fewer than 20 people
        return Reading(None, ReadingStatus.TOO_NEW)
    value = _whole(overview, name)
    return Reading(None, ReadingStatus.ERROR) if value is None else Reading(value)


def _instant(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None
