"""Hand-off: a place without an open interface. A person puts the post up, and says where it stands.

At the post's time everything is ready: texts, media sized for the place, a checklist (service/package.py makes it from
the Outgoing). publish() hands that over, and the delivery is `processing` until the person gives the address or a
screenshot (service/confirm.py, settle). Handing over twice is handing over once: it is the same delivery.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, ClassVar
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
from campaign.core.address import FIELD
from campaign.core.errors import Invalid, Refused, shown
from campaign.core.model import Account, Guarantee, Metric, Outgoing, Pending, Published, Reading
from campaign.net.client import Client

_CLOSED = Source("https://www.newspim.com/news/view/20200413000466", "2026-11-24")  # the blog's interface ended in 2020
_STILLS = frozenset({"image/jpeg", "image/png"})


@dataclass(frozen=True, slots=True)
class Place:
    """What a place takes, as far as is known; a person can still correct what it does not."""

    title: str
    text_limit: int
    images: int
    image_bytes: int
    videos: int
    video_bytes: int

    def sheet(self) -> dict[str, Any]:
        """Return what overrides the platform's defaults."""
        told: dict[str, Any] = {"text_limit": self.text_limit, "image_bytes": self.image_bytes}
        return told | {"video_bytes": self.video_bytes, "place": self.title}


# Conservative: none of these has a page of limits that could be read from here.
PLACES = {
    "naver-blog": Place("Naver Blog", 20_000, 20, 10_000_000, 1, 1_000_000_000),
    "kakao-channel": Place("KakaoTalk Channel", 1_000, 10, 10_000_000, 1, 300_000_000),
    "weibo": Place("Weibo", 2_000, 9, 10_000_000, 1, 500_000_000),
    "odnoklassniki": Place("Odnoklassniki", 10_000, 10, 10_000_000, 1, 500_000_000),
    "print": Place("a printed notice", 5_000, 4, 20_000_000, 0, 1),
    "other": Place("another place", 20_000, 20, 10_000_000, 1, 500_000_000),
}

CAPABILITIES = Capabilities(
    text=TextRule(limit=20_000, counts="characters", source=_CLOSED),
    title=TitleRule(limit=100, counts="characters", source=_CLOSED),
    media=(
        MediaRule("image", _STILLS, 20, 10_000_000, _CLOSED),
        MediaRule("video", frozenset({"video/mp4"}), 1, 1_000_000_000, _CLOSED),
    ),
    metrics={},
    guarantees=(Guarantee.REPLAY,),
    settles_within=5.0,
    rate=RateRule(600, 60, _CLOSED),
    languages=1,
    by_hand=True,
    threads=False,
    edits=False,
    deletes=False,
    fetches=False,
    not_offered=dict.fromkeys(
        ("threads", "edits", "deletes", "fetches", "comments", "captions", "measure", "metrics"), _CLOSED
    ),
    token="none: a person logs in there",  # noqa: S106
    notes=(
        "for places without an open interface: Naver Blog, KakaoTalk Channel, Weibo, Odnoklassniki, a printed notice",
        "at its time the package is ready, the assigned person is told, and says afterwards where it stands",
        "what the places take is not published; the limits are conservative",
    ),
)


class Adapter(port.Adapter):
    """One place and the person who serves it."""

    name: ClassVar[str] = "handoff"
    bearer: ClassVar[bool] = False
    tokenless: ClassVar[bool] = True
    options: ClassVar[Mapping[str, str]] = {
        "place": f"where it is put up: {', '.join(PLACES)}",
        "person": "who puts it up: a name of this installation",
    }
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._account = client, account
        given: Mapping[str, str] = account.sheet.get("given") or {}
        self._place, self._person = str(given.get("place") or "other"), str(given.get("person") or "")
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return a name for what stands at an address of the place. Raises: Invalid."""
        parts, home = urlsplit(url), urlsplit(account.base_url)
        own, there = (home.hostname or "").removeprefix("www."), (parts.hostname or "").removeprefix("www.")
        if parts.scheme not in ("https", "http") or not there or parts.username:
            raise Invalid(FIELD, url, f"must be a web address, as in {account.base_url}/…")
        # m.blog.naver.com is blog.naver.com on a telephone.
        if there != own and not there.endswith(f".{own}"):
            raise Invalid(FIELD, url, f"must be an address at {own}, not at {shown(there)}")
        return sha256(url.encode()).hexdigest()[:32]

    async def connect(self) -> Connected:
        """Return the place. Raises: Refused: there is none of that name, or nobody is named."""
        if self._place not in PLACES:
            known = ", ".join(PLACES)
            raise Refused(f"handoff: there is no place {shown(self._place)}: --option place=NAME is one of {known}")
        if not self._person:
            raise Refused("handoff: name who puts it up: --option person=NAME")
        place = PLACES[self._place]
        handle = f"{place.title} ({self._person})"
        return Connected(
            f"{self._place} {self._account.base_url}", handle, self._place, Guarantee.REPLAY, place.sheet()
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
        """Name what is handed over: texts and media lie in the installation already."""
        if parent is not None:
            raise Refused("handoff: a person puts up one post at a time; there are no threads")
        return {"key": key, "person": self._person, "place": self._place}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Pending:
        """Hand it over: from now on it is the person's."""
        await self._client.perform(lambda: None)
        return Pending({"person": wire["person"], "handed_at": self._client.now().isoformat()})

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Pending:
        """It is with the person until the person says otherwise."""
        ticket = wire.get("ticket") or {"person": wire["person"], "handed_at": self._client.now().isoformat()}
        return Pending(dict(ticket))

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Refuse: nobody can be asked."""
        raise Refused("handoff: the place has no open interface; look at it in a browser")

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return no counters."""
        return {remote_id: {} for remote_id in remote_ids}

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Refuse: a person edits it there."""
        raise Refused("handoff: the place has no open interface; edit it there by hand")

    async def delete(self, remote_id: str) -> None:
        """Refuse: a person takes it down there."""
        raise Refused("handoff: the place has no open interface; take it down there by hand")
