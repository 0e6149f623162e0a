"""One post for a guest: no login, a secret address that ends; read side by side, passed, returned or remarked on."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from campaign.core.errors import CampaignError, Conflict, Invalid, NotFound
from campaign.core.language import latest
from campaign.core.model import FIELDS, Campaign, Post, PostMedium, Variant
from campaign.core.plan import Review, ReviewLink
from campaign.service.review import guest_review, open_link
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import reviews as review_rows
from campaign.store.posts import Queued
from campaign.web import post_page
from campaign.web.desk import Desk
from campaign.web.gate import Visit

PATH = "/review/{token}"
MEDIUM = PATH + "/media/{sha256}"
READS, WRITES, GUESSES = (120, 60.0), (20, 300.0), (20, 300.0)  # so many, and the seconds that they count
_HEADERS = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a guest sees of a post."""

    campaign: Campaign
    post: Post
    variants: tuple[Variant, ...]  # the newest in each language, the source first
    lacking: tuple[str, ...]
    media: tuple[PostMedium, ...]
    outgoings: tuple[Queued, ...]
    said: tuple[Review, ...]  # by this guest

    @property
    def places(self) -> list[str]:
        """Return the names of the accounts that it goes to."""
        return list(dict.fromkeys(entry.outgoing.account for entry in self.outgoings))


class Guests:
    """The pages of the guests of one desk. Their secrets stand in addresses alone: no page, log or message repeats one.

    What a guest may do is bounded, in real time and in memory: reads and answers by link, wrong secrets by address.
    """

    def __init__(self, desk: Desk, monotonic: Callable[[], float]) -> None:
        self._desk, self._monotonic = desk, monotonic
        self._times: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def show(self, visit: Visit) -> Response:
        """Show the post."""
        link = self._open(visit, READS)
        kept = visit.asked("said")
        return self._page(visit, link, kept=kept if kept in link.langs else "")

    def act(self, visit: Visit) -> Response:
        """Keep what the guest says; what cannot be kept is told on the page, and nothing that was typed is lost."""
        link = self._open(visit, WRITES)
        revision = visit.text("revision")
        lang = visit.text("about")
        try:
            guest_review(
                self._desk.app,
                visit.place("token"),
                lang,
                visit.text("decision"),
                now=self._desk.gate.now,
                text=visit.text("text"),
                field=visit.text("field") or None,
                revision=int(revision) if revision.isdecimal() and len(revision) < 9 else None,
            )
        except NotFound:
            raise
        except CampaignError as error:
            look = visit.look
            notice = {
                Conflict: look.say("review.changed"),
                Invalid: look.say("review.reason_needed"),
            }.get(type(error))
            if isinstance(error, Invalid) and (error.field != "reason" or str(error.value).strip()):
                notice = None
            return self._page(visit, link, error.status_code, notice=notice, problem=None if notice else str(error))
        return _headed(self._desk.go(f"{visit.path}?said={lang}"))

    def medium(self, visit: Visit) -> Response:
        """Serve a file of this very post. Raises: NotFound."""
        link = self._open(visit, READS, files=True)
        with self._desk.app.store.read() as tx:
            media = post_rows.media_of(tx, link.post_id)
        known = {digest for item in media for digest in (item.medium.sha256, item.poster, *item.captions.values())}
        if visit.place("sha256") not in known:
            raise NotFound("medium", visit.place("sha256"))
        response = _headed(post_page.medium(self._desk, visit))
        response.headers["Cache-Control"] = "private, max-age=600"
        return response

    def _open(self, visit: Visit, bound: tuple[int, float], *, files: bool = False) -> ReviewLink:
        client = visit.request.client
        address = f"guess {client.host if client else ''}"
        self._demand(address, GUESSES)
        try:
            with self._desk.app.store.read() as tx:
                link = open_link(tx, visit.place("token"), now=self._desk.gate.now)
        except NotFound:
            self._count(address, GUESSES)
            raise
        key = f"{link.id} {visit.request.method} {'files' if files else ''}"
        self._demand(key, bound)
        self._count(key, bound)
        return link

    def _demand(self, key: str, bound: tuple[int, float]) -> None:
        """Check that there were not too many. Raises: HTTPException 429."""
        most, within = bound
        with self._lock:
            now = self._monotonic()
            recent = [at for at in self._times.get(key, ()) if now - at < within]
        if len(recent) >= most:
            wait = int(within - (now - recent[0])) + 1
            raise HTTPException(429, f"too many requests; try again in {wait} seconds", {"Retry-After": str(wait)})

    def _count(self, key: str, bound: tuple[int, float]) -> None:
        with self._lock:
            now = self._monotonic()
            if len(self._times) > 10_000:
                self._times = {name: times for name, times in self._times.items() if now - times[-1] < 300.0}
            self._times[key] = [*(at for at in self._times.get(key, ()) if now - at < bound[1]), now]

    def _page(self, visit: Visit, link: ReviewLink, status: int = 200, **values: Any) -> Response:
        sheet = _sheet(self._desk, link)
        names = ("about", "decision", "field", "text")
        values.setdefault("kept", "")
        page = self._desk.page(
            visit,
            "review.html",
            status,
            demo=sheet.campaign.demo,
            sheet=sheet,
            link_=link,
            files=f"{visit.path}/media",
            fields=FIELDS,
            typed={name: visit.text(name) for name in names},
            **values,
        )
        return _headed(page)


def _headed(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    return response


def _sheet(desk: Desk, link: ReviewLink) -> Sheet:
    with desk.app.store.read() as tx:
        post = post_rows.post_of(tx, link.post_id)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        newest = latest(post_rows.variants_of(tx, post.id))
        known = [lang for lang in campaign.languages if lang in newest]
        return Sheet(
            campaign=campaign,
            post=post,
            variants=tuple(newest[lang] for lang in [*known, *(lang for lang in newest if lang not in known)]),
            lacking=tuple(lang for lang in post.langs if lang not in newest),
            media=tuple(post_rows.media_of(tx, post.id)),
            outgoings=tuple(post_rows.outgoings_of(tx, post.id)),
            said=tuple(each for each in review_rows.reviews_of(tx, post.id) if each.link_id == link.id),
        )
