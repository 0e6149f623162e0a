"""notify: news that a person must act on is written with its cause, once while that lasts, and handed over."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from campaign.core.errors import CampaignError
from campaign.core.model import Campaign, Delivery, Guarantee, Post
from campaign.core.states import State
from campaign.service import App
from campaign.service.package import assigned, page_of
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import notices
from campaign.store import posts as post_rows
from campaign.store.notices import Notice

Channel = Callable[[Mapping[str, Any]], Awaitable[None]]

AT_ONCE = 200  # pieces of news that are handed over in one go
NAMED = 5  # of many in one message, those that it names
AGAIN = (60.0, 120.0, 300.0, 900.0, 3600.0)  # seconds until what could not be handed over is tried again
# What of a delivery asks for a person, and what that person can do.
ADVICE = {
    State.MISSED: "give it another time (campaign delivery retry ID --at …) or cancel it",
    State.FAILED: "see why (campaign delivery show ID), then schedule it again or cancel it",
    State.UNCERTAIN: "look on the platform, then say what you saw: campaign delivery settle ID",
    State.PROCESSING: "put it up, then say where it stands: campaign delivery settle ID --published URL",
}
_DONE = {
    State.MISSED: "was missed",
    State.FAILED: "failed",
    State.UNCERTAIN: "may be out or not, and nothing can tell",
    State.PROCESSING: "is with a person",
}
HANDED = f"delivery.{State.PROCESSING}"  # only of what a person puts up: of others the platform is asked
# About posts, each by the post's row id; a review that is asked for by that and the language.
HELD, UNREADY, UNAPPROVED = "post.held", "post.unready", "post.unapproved"
WANTED, RETURNED = "review.wanted", "review.returned"
ABOUT_POSTS = (HELD, UNREADY, UNAPPROVED, WANTED, RETURNED)
_OF_POSTS = {
    HELD: "does not go out as it is ({why}). What is approved again is released: campaign post approve {post}",
    UNREADY: "is not ready half an hour before its time ({why}). What is ready before it goes out: "
    "campaign post review {post}",
    UNAPPROVED: "is due within a day and not ready ({why}): campaign post review {post}",
    WANTED: "is to be reviewed in {langs}, by {who}: campaign post review {post} --lang {langs} --pass",
    RETURNED: "was returned in {langs} ({why}): campaign post edit {post} --lang {langs}",
}
ABOUT_DELIVERIES = tuple(f"delivery.{state}" for state in ADVICE)


def tell(app: App, tx: Any, kind: str, subject: str = "", **detail: Any) -> bool:
    """Write news in the transaction of its cause; return whether it is new: the same is told once while it lasts."""
    return notices.add(tx, Notice(app.new_id(), kind, subject, detail, app.clock.now()))


def over(app: App, tx: Any, kind: str, subject: str = "") -> int:
    """Say that the cause of news is gone; return how many notices were closed."""
    return notices.close(tx, [kind], subject, at=app.clock.now())


def decided(app: App, tx: Any, delivery_id: str) -> None:
    """Close what stands about a delivery: a person has decided. What goes wrong with it again is told again."""
    notices.close(tx, ABOUT_DELIVERIES, delivery_id, at=app.clock.now())


def settled(app: App, tx: Any, post_id: str) -> None:
    """Close what stands about a post's readiness: it was taken back."""
    notices.close(tx, (HELD, UNREADY, UNAPPROVED), post_id, at=app.clock.now())


def tell_of(app: App, tx: Any, deliveries: Sequence[Delivery]) -> None:
    """Write the news of deliveries that wait for a person now; of others nothing."""
    names: dict[str, str] = {}
    for each in deliveries:
        if each.state not in ADVICE or (each.state is State.UNCERTAIN and each.guarantee is not Guarantee.NONE):
            continue
        more: dict[str, str] = {}
        if each.state is State.PROCESSING:
            account = account_rows.account_of(tx, each.account_id)
            if not app.capabilities(account).by_hand:
                continue
            more = {"person": assigned(account), "place": account.base_url}
        if each.post_id not in names:
            names[each.post_id] = post_rows.post_of(tx, each.post_id).name
        if each.account_id not in names:
            names[each.account_id] = account_rows.account_of(tx, each.account_id).name
        if each.campaign_id not in names:
            names[each.campaign_id] = campaign_rows.campaign_of(tx, each.campaign_id).name
        tell(
            app,
            tx,
            f"delivery.{each.state}",
            each.id,
            campaign=names[each.campaign_id],
            post=names[each.post_id],
            account=names[each.account_id],
            langs=list(each.langs),
            error=each.error or "",
            **more,
        )


def tell_held(app: App, tx: Any, campaign: Campaign, post: Post, rows: Sequence[Delivery]) -> None:
    """Write that deliveries of a post do not go out as they are; of none nothing."""
    if rows:
        langs = sorted({lang for row in rows for lang in row.langs})
        why = "; ".join(dict.fromkeys(str(row.held_because) for row in rows))
        tell(app, tx, HELD, post.id, campaign=campaign.name, post=post.name, langs=langs, why=why)


def text_of(notice: Notice) -> str:
    """Return what happened and what to do, in one English sentence or two."""
    detail = notice.detail
    match notice.kind:
        case "account.refused":
            return (
                f"Account {notice.subject}: its token is not accepted, so it is paused and its deliveries wait. "
                f"Connect it again: campaign account add … --name {notice.subject} --again"
            )
        case "archive":
            return f"The archive cannot be written: {detail.get('error', '')}. It is tried again; nothing is lost."
        case "disk":
            why = detail.get("error", "")
            return f"Nothing new is published by {notice.subject}: {why}. Make room; it then goes on by itself."
        case "clock":
            return f"On {notice.subject} {detail.get('error', '')}. Set the clock of that machine (NTP)."
        case "tzdata":
            number = detail.get("number", "Some")
            return (
                f"The time zone database has changed ({notice.subject}), and {number} posts go out at another local "
                f"time than was written. See them: campaign time check; move them: campaign time check --apply"
            )
        case kind if kind == HANDED:
            advice = ADVICE[State.PROCESSING].replace("ID", notice.subject)
            return (
                f"{_label(notice)} is with {detail.get('person') or 'nobody yet'}, for {detail.get('place')}: {advice}"
            )
        case kind if kind in ABOUT_DELIVERIES:
            state = State(kind.partition(".")[2])
            why = f" ({detail['error']})" if detail.get("error") else ""
            return f"{_label(notice)} {_DONE[state]}{why}: {ADVICE[state].replace('ID', notice.subject)}"
        case kind if kind in _OF_POSTS:
            told = {"post": detail.get("post", ""), "why": detail.get("why", ""), "who": detail.get("who", "anybody")}
            told["langs"] = ",".join(detail.get("langs", ()))
            return f"{_label(notice)} {_OF_POSTS[kind].format(**told)}"
    return f"{notice.kind} {notice.subject}".strip()


def path_of(notice: Notice) -> str:
    """Return the desk's page where it is acted on."""
    detail = notice.detail
    if notice.kind == "account.refused":
        return f"/accounts#a-{quote(notice.subject)}"
    if notice.kind == HANDED:
        return page_of(str(detail.get("campaign", "")), str(detail.get("post", "")), notice.subject)
    if notice.kind in ABOUT_DELIVERIES or notice.kind in ABOUT_POSTS:
        return f"/posts/{quote(str(detail.get('campaign', '')))}/{quote(str(detail.get('post', '')))}"
    return "/"


class Notifier:
    """Hands open news over, at least once to each channel; that it is handed over is committed afterwards.

    What is new of one kind at about the same time goes as one message. A channel that fails is tried again after 1, 2,
    5, 15 and then each 60 minutes; one that had the news is not given it again by this process.

    Args:
        channels: by name; each takes one JSON object {kind, subject, text, at, url, number}, or raises.
        url: where people reach the desk, without a slash at its end; empty: unknown.
    """

    def __init__(self, app: App, channels: Mapping[str, Channel], *, url: str = "") -> None:
        self._app, self._channels, self._url = app, dict(channels), url
        self._had: dict[str, set[str]] = {}  # notice → channels that have it
        self._failing: set[str] = set()

    async def __call__(self) -> int:
        """Close what is over, hand over what is due; return how many pieces of news were handed over."""
        found = await asyncio.to_thread(self._begin)
        by_kind: dict[str, list[Notice]] = {}
        for notice in found:
            by_kind.setdefault(notice.kind, []).append(notice)
        return sum([await self._hand_over(together) for together in by_kind.values()])

    def _begin(self) -> list[Notice]:
        app, now = self._app, self._app.clock.now()
        with app.store.read() as tx:  # an idle daemon takes no write lock
            if not notices.open_by_kind(tx):
                return []
        with app.store.begin() as tx:
            notices.close_settled(tx, at=now)
            if not self._channels:
                return []
            due = notices.untold(tx, now=now, limit=AT_ONCE)
            return [each for each in due if notices.take(tx, each, next_at=now + _wait(each.tries))]

    async def _hand_over(self, together: list[Notice]) -> int:
        wanting = False
        for name, channel in self._channels.items():
            new = [each for each in together if name not in self._had.get(each.id, ())]
            if not new:
                continue
            try:
                await channel(message(new, self._url))
            except Exception as error:  # noqa: BLE001 - a notifier that fails must not stop what it tells of
                wanting = True
                if name not in self._failing:  # said once while it lasts
                    self._app.log("notify.failed", channel=name, error=_said(error))
                self._failing.add(name)
                continue
            self._failing.discard(name)
            for each in new:
                self._had.setdefault(each.id, set()).add(name)
        if wanting:
            return 0
        await asyncio.to_thread(self._told, [each.id for each in together])
        return len(together)

    def _told(self, ids: list[str]) -> None:
        with self._app.store.begin() as tx:
            notices.told(tx, ids, at=self._app.clock.now())
        for each in ids:
            self._had.pop(each, None)
        self._app.log("notify.told", number=len(ids))


def message(together: Sequence[Notice], url: str) -> dict[str, Any]:
    """Return what a channel is given of news of one kind: one piece as it is, many in one text."""
    first = together[0]
    text, page = text_of(first), path_of(first)
    if len(together) > 1:
        named = "; ".join(_label(each) for each in together[:NAMED])
        more = f" and {len(together) - NAMED} more" if len(together) > NAMED else ""
        state = "with a person" if first.kind == HANDED else first.kind.removeprefix("delivery.")
        what = f"{len(together)} deliveries are {state}" if first.kind in ABOUT_DELIVERIES else f"{first.kind}"
        text, page = f"{what}: {named}{more}. See the desk, or: campaign notices", "/"
    desk = url.rstrip("/")
    return {
        "kind": first.kind,
        "subject": first.subject if len(together) == 1 else "",
        "text": text,
        "at": first.at.isoformat(),
        "url": f"{desk}{page}" if desk else "",
        "number": len(together),
    }


def as_json(told: Mapping[str, Any]) -> bytes:
    """Return a message as it goes over the wire."""
    return json.dumps(told, ensure_ascii=False).encode("utf-8")


def _label(notice: Notice) -> str:
    detail = notice.detail
    if notice.kind in ABOUT_POSTS:
        return f"{detail.get('campaign')}/{detail.get('post')}"
    if notice.kind not in ABOUT_DELIVERIES:
        return notice.subject or notice.kind
    langs = "+".join(detail.get("langs", ()))
    return f"{detail.get('campaign')}/{detail.get('post')}/{langs} to {detail.get('account')}"


def _wait(tries: int) -> timedelta:
    return timedelta(seconds=AGAIN[min(tries, len(AGAIN) - 1)])


def _said(error: Exception) -> str:
    # A foreign exception may quote the secret address that it was given.
    return str(error) if isinstance(error, CampaignError) else type(error).__name__
