"""calendar: what goes out when, for the calendar programs of an office: as a file, or under a secret address.

A post is one entry for each time at which it goes out, not for each account: twelve accounts at one hour are one entry,
and P07, whose Korean words wait for the morning in Seoul, is two. The entry at the post's own time bears its id; one at
another time bears the first account and languages that it is for, so that a move changes times and never names.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from campaign.core.calendar import Happening, Status, drawn
from campaign.core.errors import Conflict, Forbidden
from campaign.core.model import Campaign, Leg, Person, Post, Role
from campaign.core.plan import Blackout, Feed
from campaign.core.states import State
from campaign.service import App, demand_role, event
from campaign.store import accounts as account_rows
from campaign.store import blackouts as blackout_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import feeds
from campaign.store import people as people_rows
from campaign.store import posts as post_rows
from campaign.store.feeds import Leaving

Scope = Literal["campaign", "account", "person"]
MARKS = {State.UNCERTAIN: "?", State.MISSED: "∅", State.FAILED: "×", State.PUBLISHED: "✓", State.CANCELLED: "–"}
_WORDS: dict[str, tuple[str, str, str]] = {  # ko, en, ru
    "draft": ("승인 대기", "not approved", "не одобрено"),
    State.SCHEDULED: ("예약됨", "scheduled", "запланировано"),
    State.CLAIMED: ("예약됨", "scheduled", "запланировано"),
    State.PUBLISHING: ("보내는 중", "being sent", "отправляется"),
    State.PROCESSING: ("처리 중", "being processed", "обрабатывается"),
    State.UNCERTAIN: ("확인 필요", "in doubt", "неясно"),
    State.PUBLISHED: ("게시됨", "published", "опубликовано"),
    State.FAILED: ("실패", "failed", "не вышло"),
    State.MISSED: ("놓침", "missed", "пропущено"),
    State.CANCELLED: ("취소됨", "cancelled", "отменено"),
    "blackout": ("게시 중단", "Nothing goes out", "Ничего не выходит"),
    "soft": ("주의", "Take care", "Осторожно"),
}
LANGS = ("ko", "en", "ru")


@dataclass(frozen=True, slots=True)
class Shown:
    """A calendar of one feed: what it is called, and its bytes."""

    name: str
    body: bytes


def calendar_of(
    app: App, scope: Scope, name: str, *, lang: str = "en", texts: bool = False, desk: str | None = None
) -> Shown:
    """Return the calendar of a campaign with its legs and blackout days, or of an account's or a person's posts.

    The same rows make the same bytes. Posts that were taken back stay in it, as CANCELLED.

    Args:
        lang: the reader's language.
        texts: whether the words of the posts are told; without, it is names, places, languages and accounts.
        desk: the desk's address, without a slash at its end; None: that which the settings name.

    Raises:
        NotFound: there is no such campaign, account or person.
    """
    desk = app.consents.desk if desk is None else desk
    with app.store.read() as tx:
        campaigns = {each.id: each for each in campaign_rows.all_campaigns(tx)}
        found: list[Happening] = []
        match scope:
            case "campaign":
                campaign = campaign_rows.campaign_named(tx, name)
                title, posts = _told(campaign.title, lang, name), post_rows.posts_of(tx, campaign.id)
                rows = feeds.leaving(tx, campaign_id=campaign.id, texts=texts)
                found += [_leg(leg, lang) for leg in campaign_rows.legs_of(tx, campaign.id)]
                found += [_blackout(each, lang) for each in blackout_rows.blackouts_of(tx, campaign.id)]
            case "account":
                account = account_rows.account_named(tx, name)
                title, ids = f"{name} ({account.platform})", feeds.posts_by_account(tx, account.id)
                posts = [post for post in post_rows.posts_of(tx) if post.id in set(ids)]
                rows = [row for row in feeds.leaving(tx, post_ids=ids, texts=texts) if row.account == name]
            case _:
                title, ids = people_rows.person_named(tx, name).name, feeds.posts_by_person(tx, name)
                posts = [post for post in post_rows.posts_of(tx) if post.id in set(ids)]
                rows = feeds.leaving(tx, post_ids=ids, texts=texts)
        legs = {leg.id: leg for each in {post.campaign_id for post in posts} for leg in campaign_rows.legs_of(tx, each)}
        withdrawn = feeds.withdrawn_posts(tx)
    of_post: dict[str, list[Leaving]] = defaultdict(list)
    for row in rows:
        of_post[row.post_id].append(row)
    for post in posts:
        view = _View(campaigns[post.campaign_id], legs.get(post.leg_id or ""), lang, desk)
        found += view.entries(post, of_post[post.id], withdrawn)
    return Shown(title, drawn(found, name=title, lang=lang))


def add_feed(app: App, scope: Scope, name: str, *, by: Person, texts: bool = False) -> tuple[Feed, str]:
    """Make a secret address under which a calendar program reads; return it with its token, which is told only now.

    Raises:
        NotFound: there is no such campaign, account or person.
        Forbidden: another person's calendar, for who is no admin; drafts, for who may only read.
    """
    if texts:
        demand_role(by, Role.AUTHOR, Role.TRANSLATOR, Role.REVIEWER, Role.APPROVER)
    if scope == "person" and name != by.name and Role.ADMIN not in by.roles:
        raise Forbidden(f"user '{by.name}' may make a calendar of their own posts, not of those of '{name}'")
    token = app.new_key()
    feed = Feed(app.new_id(), scope, name, texts, by.name, app.clock.now())
    with app.store.begin() as tx:
        match scope:
            case "campaign":
                campaign_rows.campaign_named(tx, name)
            case "account":
                account_rows.account_named(tx, name)
            case _:
                people_rows.person_named(tx, name)
        feeds.add_feed(tx, feed, digest(token))
        event(app, tx, "feed.added", by.name, detail={"feed": feed.id, "scope": scope, "name": name, "texts": texts})
    return feed, token


def revoke_feed(app: App, prefix: str, *, by: Person) -> Feed:
    """End a secret address; who asks for it from now on finds nothing.

    Raises:
        NotFound: there is none of that id.
        Conflict: it was revoked already.
        Forbidden: somebody else made it, and the person is no admin.
    """
    with app.store.begin() as tx:
        feed = feeds.feed_found(tx, prefix)
        if feed.person != by.name and Role.ADMIN not in by.roles:
            raise Forbidden(f"calendar feed {feed.id} was made by '{feed.person}'; they or an admin may revoke it")
        if feed.revoked_at is not None:
            raise Conflict(f"calendar feed {feed.id} was revoked already")
        feeds.revoke_feed(tx, feed, at=app.clock.now())
        event(app, tx, "feed.revoked", by.name, detail={"feed": feed.id})
    return feed


def feed_at(app: App, token: str) -> Feed | None:
    """Return the calendar of a token; None: there is none, or it was revoked."""
    if not 20 <= len(token) <= 100 or not token.isascii():
        return None
    with app.store.read() as tx:
        return feeds.feed_of(tx, digest(token))


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _View:
    """How one reader sees the posts of one leg."""

    campaign: Campaign
    leg: Leg | None
    lang: str
    desk: str

    def entries(self, post: Post, rows: Sequence[Leaving], withdrawn: Collection[str]) -> list[Happening]:
        """Return the entries of a post, one for each time; one that has nothing to send yet stands at its own time."""
        by_time: dict[datetime, list[Leaving]] = defaultdict(list)
        for row in rows:
            by_time[row.due_at].append(row)
        if not by_time:
            by_time[post.due_at] = []
        own = post.due_at if post.due_at in by_time else min(by_time)
        found = [self._entry(post, at, mine, withdrawn, own=at == own) for at, mine in sorted(by_time.items())]
        return list({each.uid: each for each in found}.values())

    def _entry(
        self, post: Post, at: datetime, rows: Sequence[Leaving], withdrawn: Collection[str], *, own: bool
    ) -> Happening:
        first = min((row.account, "+".join(row.langs)) for row in rows) if rows else ("", "")
        langs = tuple(dict.fromkeys(lang for row in rows for lang in row.langs)) or post.langs
        status = _status(rows, withdrawn=post.id in withdrawn)
        names = sorted({row.account for row in rows})
        leg = (_told(self.leg.title, self.lang, self.leg.name),) if self.leg else ()
        place = _told(post.place, self.lang, leg[0] if leg else "")
        links = {row.permalink for row in rows if row.permalink}
        return Happening(
            uid=f"{post.id}@campaign" if own else f"{post.id}.{first[0]}.{first[1]}@campaign",
            summary=self._summary(post, place, langs, rows, status),
            starts=at,
            zone=post.zone,
            changed_at=max([post.changed_at or post.created_at, *(row.changed_at for row in rows)]),
            version=post.version,
            status=status,
            categories=tuple(dict.fromkeys([*leg, *langs, *names])),
            description=self._description(rows),
            url=links.pop() if len(links) == 1 else self._page(post),
            place=_where(self.leg),
        )

    def _summary(self, post: Post, place: str, langs: Sequence[str], rows: Sequence[Leaving], status: Status) -> str:
        marks = "".join(dict.fromkeys(MARKS[row.state] for row in rows if row.state in MARKS))
        if status == "CANCELLED":
            marks = _say(State.CANCELLED, self.lang)
        elif status == "TENTATIVE":
            marks = _say("draft", self.lang)
        parts = [post.name, place, " ".join(lang.upper() for lang in langs)]
        return " · ".join(part for part in parts if part) + (f" ({marks})" if marks else "")

    def _description(self, rows: Sequence[Leaving]) -> str:
        lines: list[str] = []
        for row in rows:
            state = _say(row.state or "draft", self.lang)
            lines.append(f"{row.account} ({row.platform}) {' '.join(row.langs)}: {state}")
            lines += [row.permalink] if row.permalink else []
        words = {row.outgoing.text: "+".join(row.langs) for row in rows if row.outgoing is not None}
        lines += [f"\n[{langs}]\n{text}" for text, langs in words.items()]
        return "\n".join(lines)

    def _page(self, post: Post) -> str | None:
        # Ids may have letters of any script; an address may not (RFC 3986).
        return f"{self.desk.rstrip('/')}/posts/{quote(self.campaign.name)}/{quote(post.name)}" if self.desk else None


def _status(rows: Sequence[Leaving], *, withdrawn: bool) -> Status:
    if withdrawn or (rows and all(row.state is State.CANCELLED for row in rows)):
        return "CANCELLED"
    return "CONFIRMED" if rows and all(row.state is not None for row in rows) else "TENTATIVE"


def _leg(leg: Leg, lang: str) -> Happening:
    return Happening(
        uid=f"{leg.id}@campaign",
        summary=_told(leg.title, lang, leg.name),
        starts=leg.starts_on,
        last=leg.ends_on,
        changed_at=_made_at(leg.id),
        categories=(_told(leg.title, lang, leg.name),),
        description=leg.zone,
        place=_where(leg),
    )


def _blackout(each: Blackout, lang: str) -> Happening:
    title = _told(each.title, lang, each.name)
    langs = " ".join(lang.upper() for lang in each.langs)
    return Happening(
        uid=f"{each.id}@campaign",
        summary=f"{_say('blackout' if each.kind == 'hard' else 'soft', lang)}: {title}"
        + (f" ({langs})" if langs else ""),
        starts=each.starts_on,
        last=each.ends_on,
        changed_at=_made_at(each.id),
        categories=each.langs,
    )


def _made_at(row_id: str) -> datetime:
    """Return when a row was made: a UUIDv7 begins with it, in milliseconds (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((UUID(row_id).int >> 80) // 1000, UTC)


def _where(leg: Leg | None) -> tuple[float, float] | None:
    return (leg.latitude, leg.longitude) if leg and leg.latitude is not None and leg.longitude is not None else None


def _told(texts: Mapping[str, str], lang: str, otherwise: str) -> str:
    return next((texts[each] for each in (lang, *LANGS, *texts) if texts.get(each)), otherwise)


def _say(word: Any, lang: str) -> str:
    return _WORDS[word][LANGS.index(lang) if lang in LANGS else 1]
