"""review: what people say of a wording before it goes out: asked for, passed, returned, remarked; guests by a link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from campaign.core.approval import READERS, guest, refusal
from campaign.core.errors import Conflict, Forbidden, Invalid, NotFound
from campaign.core.model import FIELDS, Delivery, Field, Lang, Person, Post, Role
from campaign.core.plan import Decision, Review, ReviewLink
from campaign.core.text import check_text
from campaign.service import App, demand_role, event
from campaign.service.approve import demand_revision, give, settle
from campaign.service.enqueue import hold, take_back
from campaign.service.notify import RETURNED, WANTED, over, tell
from campaign.service.standing import Standing, read
from campaign.store import approvals as approval_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import people as people_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store import reviews as review_rows

LONGEST, LONGEST_NAME = 4000, 60  # characters of a remark, and of a guest's name
MOST_DAYS = 90  # that a link may last
GUESTS_SAY: tuple[Decision, ...] = ("passed", "returned", "comment")
MOST_REMARKS = 200  # of one link: who has it can write no more than that into the record


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review led to."""

    post: Post
    review: Review
    steps: int  # how many steps it gave: of as many Outgoings
    deliveries: tuple[Delivery, ...]  # what was enqueued
    held: tuple[Delivery, ...]
    waiting: tuple[Lang, ...]  # languages in which a step is still missing


def ready(
    app: App, name: str, lang: str, *, by: Person, revision: int | None = None, campaign_name: str | None = None
) -> Reviewed:
    """Ask for the review of a language: its reviewers are told. What was returned counts as asked for anew.

    Raises:
        Invalid: the post has no such language.
        Conflict: somebody has revised it meanwhile, or it is outdated or a machine's.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR, Role.TRANSLATOR)
    return _say(app, name, lang, "ready", by=by, revision=revision, campaign_name=campaign_name)


def review(
    app: App,
    name: str,
    lang: str,
    decision: Decision,
    *,
    by: Person,
    text: str = "",
    field: str | None = None,
    revision: int | None = None,
    campaign_name: str | None = None,
) -> Reviewed:
    """Say what you think of a language of a post.

    `passed` counts as the first step where there are several, and never as the approval. `returned` needs its reason
    and takes back what was approved in this language: what waits in the queue is held. `comment` decides nothing.

    Args:
        field: what the remark is about: text, title, tags, link, alt or captions.
        revision: the revision that the person read; another one meanwhile is a Conflict with both versions.

    Raises:
        Invalid: no such language or field, or no reason where one is needed.
        Forbidden: the person does not read this language, or wrote what is to be passed.
        Conflict: somebody has revised it meanwhile; what is passed is outdated or a machine's.
        NotFound.
    """
    if decision == "comment":
        demand_role(by, Role.AUTHOR, *READERS)
    else:
        demand_role(by, *READERS)
    return _say(
        app, name, lang, decision, by=by, text=text, field=field, revision=revision, campaign_name=campaign_name
    )


def _say(
    app: App,
    name: str,
    lang: str,
    decision: Decision,
    *,
    by: Person,
    text: str = "",
    field: str | None = None,
    revision: int | None,
    campaign_name: str | None,
) -> Reviewed:
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        standing = read(tx, campaign, post, now=app.clock.now())
        wording = standing.newest.get(lang)
        if wording is None:
            raise Invalid("lang", lang, f"post {post.name} has: {', '.join(sorted(standing.newest))}")
        if decision in ("passed", "returned"):
            why = _refused(by, lang, wording.author, passes=decision == "passed")
            if why is not None:
                raise Forbidden(f"post {post.name}: {why}")
        return _kept(app, tx, standing, lang, decision, by=by, text=text, field=field, revision=revision, link=None)


def _refused(by: Person, lang: Lang, writer: str, *, passes: bool) -> str | None:
    """Return why a person may not pass or return a language; who wrote the words may return them."""
    return refusal(
        by, step=1, steps=2, lang=lang, account="", author="", writer=writer if passes else "", taken=()
    )  # fmt: skip


def _kept(
    app: App,
    tx: Any,
    standing: Standing,
    lang: Lang,
    decision: Decision,
    *,
    by: Person,
    text: str,
    field: str | None,
    revision: int | None,
    link: ReviewLink | None,
) -> Reviewed:
    post = standing.post
    if revision is not None:
        demand_revision(standing, [lang], revision)
    if field is not None and field not in FIELDS:
        raise Invalid("field", field, f"must be one of {', '.join(FIELDS)}")
    if decision in ("returned", "comment") or text.strip():
        text = check_text("comment" if decision == "comment" else "reason", text)
        if len(text) > LONGEST:
            raise Invalid("comment", text[:40], f"has {len(text)} characters; at most {LONGEST} are kept")
    if decision in ("ready", "passed") and lang in standing.blocked:
        raise Conflict(
            f"post {post.name} is {standing.blocked[lang]}; revise it first: "
            f"campaign post edit {post.name} --lang {lang}"
        )
    said = Review(
        id=app.new_id(),
        post_id=post.id,
        lang=lang,
        revision=standing.newest[lang].revision,
        decision=decision,
        field=_field(field),
        text=text,
        person=link.guest if link is not None else by.name,
        link_id=link.id if link is not None else None,
        # While a clock stands still, what comes later is still later: the last decision is the one that counts.
        created_at=max([standing.now, *(each.created_at + timedelta(microseconds=1) for each in standing.said)]),
    )
    review_rows.add_review(tx, said)
    detail = {"lang": lang, "revision": said.revision, "text": text} | ({"field": field} if field else {})
    if link is not None:
        detail |= {"guest": link.guest, "link": link.id, "invited_by": link.person}
    event(app, tx, f"review.{decision}", by.name, post_id=post.id, detail=detail)
    queued = post_rows.outgoings_of(tx, post.id)
    held: list[Delivery] = []
    steps = 0
    deliveries: list[Delivery] = []
    waiting: tuple[Lang, ...] = ()
    match decision:
        case "passed":
            standing = read(tx, standing.campaign, post, now=standing.now)
            rows = {row.outgoing_id: row for row in queue.of_post(tx, post.id)}
            given, _ = give(app, tx, standing, queued, rows, by=by, langs={lang}, first_only=True)
            steps = len(given)
            deliveries, waiting = settle(app, tx, standing, queued, by=by.name)
        case "returned":
            take_back(app, tx, post, [lang], because=f"returned by {said.person}", by=by.name)
            held = hold(app, tx, standing.campaign, post)
        case "ready":
            standing = read(tx, standing.campaign, post, now=standing.now)
            deliveries, waiting = settle(app, tx, standing, queued, by=by.name)
    _tell(app, tx, standing, said)
    return Reviewed(post, said, steps, tuple(deliveries), tuple(held), waiting)


def _tell(app: App, tx: Any, standing: Standing, said: Review) -> None:
    """Tell those who have to do something now; what they were told before is over."""
    post, subject = standing.post, f"{standing.post.id} {said.lang}"
    told = {"campaign": standing.campaign.name, "post": post.name, "langs": [said.lang]}
    if said.decision in ("ready", "passed", "returned"):
        over(app, tx, WANTED, subject)
        over(app, tx, RETURNED, subject)
    if said.decision == "ready":
        writer = standing.newest[said.lang].author
        who = [each.name for each in people_rows.all_people(tx) if _reads(each, said.lang) and each.name != writer]
        tell(app, tx, WANTED, subject, **told, who=", ".join(who) or "nobody here reads it", revision=said.revision)
    if said.decision == "returned":
        tell(app, tx, RETURNED, subject, **told, why=f"{said.person}: {said.text}", author=post.author)


def _reads(person: Person, lang: Lang) -> bool:
    return bool(person.roles & set(READERS)) and (not person.langs or lang in person.langs)


def _field(name: str | None) -> Field | None:
    return next((each for each in FIELDS if each == name), None)


# Guests.


def make_guest_link(
    app: App,
    name: str,
    guest_name: str,
    *,
    by: Person,
    now: datetime,
    days: int = 7,
    langs: Sequence[str] = (),
    campaign_name: str | None = None,
) -> tuple[str, ReviewLink]:
    """Return the secret of a new link to one post, and the link; the secret is kept nowhere.

    Args:
        guest_name: who is to have it; the record calls the guest so.
        now: the machine's time: a link lasts in real days, whatever a demo's clock does.
        langs: that the guest may decide about; none named: all of the post.

    Raises:
        Invalid: a name, a number of days or a language that cannot be.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR, Role.TRANSLATOR, Role.APPROVER)
    called = check_text("link", guest_name)
    if len(called) > LONGEST_NAME or "\n" in called:
        raise Invalid("link", guest_name, f"must be a name of at most {LONGEST_NAME} characters, on one line")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("days", days, f"must be between 1 and {MOST_DAYS}")
    token = app.new_key()
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        known = sorted({variant.lang for variant in post_rows.variants_of(tx, post.id)})
        for lang in langs:
            if lang not in known:
                raise Invalid("lang", lang, f"post {post.name} has: {', '.join(known)}")
        link = ReviewLink(
            id=app.new_id(),
            post_id=post.id,
            langs=tuple(langs) or tuple(known),
            guest=called,
            person=by.name,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        review_rows.add_link(tx, link, _digest(token))
        detail = {"guest": called, "link": link.id, "langs": list(link.langs), "days": days}
        event(app, tx, "review.link", by.name, post_id=post.id, detail=detail)
    return token, link


def revoke_guest_link(
    app: App, name: str, prefix: str, *, by: Person, now: datetime, campaign_name: str | None = None
) -> ReviewLink:
    """End a link to a post before its time. Raises: NotFound, Forbidden."""
    demand_role(by, Role.AUTHOR, Role.TRANSLATOR, Role.APPROVER)
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        link = review_rows.revoke_link(tx, post.id, prefix, at=now)
        event(app, tx, "review.link_ended", by.name, post_id=post.id, detail={"guest": link.guest, "link": link.id})
    return link


def open_link(tx: Any, token: str, *, now: datetime) -> ReviewLink:
    """Return the link that a secret opens. Raises: NotFound, alike for one that never was, that is over, or revoked."""
    link = review_rows.link_of(tx, _digest(token)) if token and len(token) <= 100 else None
    if link is None or link.expires_at <= now or link.revoked_at is not None:
        raise NotFound("link", "…", "it is too old, or was taken back; ask who sent it for a new one")
    return link


def guest_review(
    app: App,
    token: str,
    lang: str,
    decision: str,
    *,
    now: datetime,
    text: str = "",
    field: str | None = None,
    revision: int | None = None,
) -> Reviewed:
    """Keep what a guest says; `passed` is the first step where there are several, never the last one.

    Args:
        now: the machine's time, by which the link ends.

    Raises:
        NotFound: the link does not open, or is not for this language.
        Invalid: a decision that there is not, no reason, too many remarks.
        Conflict: the wording has changed since the guest read it, or must not be passed as it is.
    """
    wanted = next((each for each in GUESTS_SAY if each == decision), None)
    if wanted is None:
        raise Invalid("decision", decision, "must be passed, returned or comment")
    with app.store.begin() as tx:
        link = open_link(tx, token, now=now)
        post = post_rows.post_of(tx, link.post_id)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        standing = read(tx, campaign, post, now=app.clock.now())
        if lang not in link.langs or lang not in standing.newest:
            raise NotFound("language", lang, f"the link is for: {', '.join(link.langs)}")
        if sum(each.link_id == link.id for each in standing.said) >= MOST_REMARKS:
            raise Invalid("comment", "", f"is one too many: a link takes {MOST_REMARKS}")
        by = Person(link.id, guest(link.guest), frozenset({Role.REVIEWER}), None, frozenset(link.langs))
        return _kept(app, tx, standing, lang, wanted, by=by, text=text, field=field, revision=revision, link=link)


def history_of(tx: Any, post: Post) -> list[dict[str, Any]]:
    """Return what was said and approved of a post, oldest first, as rows for a list: what `post history` shows."""
    rows: list[dict[str, Any]] = [
        {
            "at": each.created_at,
            "lang": each.lang,
            "revision": each.revision,
            "what": each.decision,
            "who": guest(each.person) if each.link_id else each.person,
            "field": each.field,
            "text": each.text,
        }
        for each in review_rows.reviews_of(tx, post.id)
    ]
    for given in approval_rows.approvals_of(tx, post.id):
        what = f"step {given.step} of {given.steps}" if given.steps > 1 else "approved"
        against = f"against the rule: {given.reason}" if given.reason else ""
        ended = f"void: {given.void_because}" if given.void_at else ""
        rows.append(
            {
                "at": given.created_at,
                "lang": given.lang,
                "revision": None,
                "what": what,
                "who": given.person,
                "field": None,
                "text": "; ".join(filter(None, [against, ended])),
            }
        )
    return sorted(rows, key=lambda row: row["at"])


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
