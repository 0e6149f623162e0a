"""approve: somebody's word that exactly these bytes may go out, per language; what is approved whole is enqueued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from campaign.core.approval import READERS, filled, is_guest, missing, refusal
from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.core.model import Delivery, Lang, Person, Post, Role, Variant
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.core.text import check_text
from campaign.service import App, demand_role, event
from campaign.service.draft import raise_errors
from campaign.service.enqueue import enqueue, hold, release
from campaign.service.notify import WANTED, over, settled
from campaign.service.proofread import proofread
from campaign.service.standing import Standing, read, unready
from campaign.store import approvals as approval_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store import reviews as review_rows
from campaign.store.approvals import Approval
from campaign.store.posts import Queued


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval led to."""

    post: Post
    langs: tuple[str, ...]
    deliveries: tuple[Delivery, ...]
    waiting: tuple[str, ...]  # languages that still need an approval before all of the post can go out
    given: tuple[Approval, ...] = ()
    refused: tuple[str, ...] = ()  # what this person may not give, and why


def approve(
    app: App,
    name: str,
    *,
    by: Person,
    langs: Sequence[str] = (),
    override: str | None = None,
    revision: int | None = None,
    campaign_name: str | None = None,
) -> Approved:
    """Give the next step of a post in these languages (all, when none is named); enqueue what is then approved whole.

    Each Outgoing needs its steps in each of its languages; a person gives one of them. What is approved already stays
    as it is.

    Args:
        override: an admin's reason to approve against the rule: what he wrote himself, or a second step.
        revision: the revision of the one language that the person saw; another one meanwhile is a Conflict.

    Raises:
        Forbidden: the person may give none of what is missing: by role, language or account, or as who wrote it.
        Invalid: the post has no such language, its words have an error that nobody let pass, the reason says nothing.
        Conflict: its time has passed, it is outdated, a machine wrote it, or somebody returned it.
        NotFound: there is no such post.
    """
    demand_role(by, Role.AUTHOR, *READERS)
    reason = None if override is None else check_text("override", override)
    now = app.clock.now()
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        if (
            campaign.approval != "none"
        ):  # there, nobody's word is asked for: who writes may also let go, as with --approve
            demand_role(by, *READERS)
        standing = read(tx, campaign, post, now=now)
        queued = post_rows.outgoings_of(tx, post.id)
        there = {lang for entry in queued for lang in entry.outgoing.langs}
        for lang in langs:
            if lang not in there:
                raise Invalid("lang", lang, f"post {post.name} goes out in: {', '.join(sorted(there))}")
        wanted = set(langs) or there
        if revision is not None:
            demand_revision(standing, langs, revision)
        rows = {row.outgoing_id: row for row in queue.of_post(tx, post.id)}
        _demand_sound(standing, wanted)
        for entry in queued:
            late = entry.id not in rows and entry.due_at + campaign.grace < now
            if late and set(entry.outgoing.langs) & wanted:
                when = in_zone(entry.due_at, post.zone)
                raise Conflict(f"post {post.name} was due at {when}, which is past; move it first: campaign post move")
        found = proofread(app, tx, campaign, post)
        raise_errors([one for one in found if not one.langs or set(one.langs) & wanted])
        given, refused = give(app, tx, standing, queued, rows, by=by, langs=wanted, reason=reason)
        if refused and not given:
            raise Forbidden(f"post {post.name}: {refused[0]}")
        detail: dict[str, Any] = {"langs": sorted(wanted), "outgoings": [entry.sha256 for entry in queued]}
        detail |= {"steps": [_told(each) for each in given]} | ({"reason": reason} if reason else {})
        event(app, tx, "post.approved", by.name, post_id=post.id, detail=detail)
        deliveries, waiting = settle(app, tx, standing, queued, by=by.name)
    return Approved(post, tuple(sorted(wanted)), tuple(deliveries), waiting, tuple(given), tuple(refused))


def give(
    app: App,
    tx: Any,
    standing: Standing,
    queued: Sequence[Queued],
    rows: Mapping[str, Delivery],
    *,
    by: Person,
    langs: set[str],
    reason: str | None = None,
    first_only: bool = False,
) -> tuple[list[Approval], list[str]]:
    """Give the next step that is missing, of each Outgoing in each of these languages; in the caller's transaction.

    Args:
        rows: deliveries by the ids of their Outgoings; what is under way or over is left alone.
        reason: of an admin, against the rule.
        first_only: the review alone, never the approval.

    Returns:
        what was given, and why the rest was not.
    """
    given: list[Approval] = []
    refused: list[str] = []
    writers = {lang: wording.author for lang, wording in standing.newest.items()}
    for entry in queued:
        row = rows.get(entry.id)
        if row is not None and row.state not in (State.SCHEDULED, State.MISSED, State.FAILED):
            continue
        asked = standing.asked_of(entry, row)
        for lang in [lang for lang in asked.langs if lang in langs]:
            there = filled(standing.given, asked, lang, standing.moment(asked.due_at))
            step = next((step for step in range(1, asked.steps + 1) if step not in there), None)
            if step is None or (first_only and (step > 1 or asked.steps < 2)):
                continue
            why = refusal(
                by,
                step=step,
                steps=asked.steps,
                lang=lang,
                account=entry.outgoing.account,
                author=standing.post.author,
                writer=writers.get(lang, standing.post.author),
                taken=_people(tx, standing, there.values()),
                override=reason is not None,
            )
            if why is not None:
                refused.append(why)
                continue
            given.append(_approval(app, standing, entry.sha256, lang, by.name, step, asked.steps, asked.due_at, reason))
    for each in given:
        approval_rows.add_approval(tx, each)
    for lang in {each.lang for each in given}:
        over(app, tx, WANTED, f"{standing.post.id} {lang}")
    return given, list(dict.fromkeys(refused))


def settle(
    app: App, tx: Any, standing: Standing, queued: Sequence[Queued], *, by: str
) -> tuple[list[Delivery], tuple[str, ...]]:
    """Enqueue and release what may go now; return what was enqueued, and the languages that still wait for a step."""
    deliveries = enqueue(app, tx, standing.campaign, standing.post, by=by)
    hold(app, tx, standing.campaign, standing.post)
    release(app, tx, standing.campaign, standing.post)
    after = read(tx, standing.campaign, standing.post, now=standing.now)
    waiting: set[Lang] = set()
    for entry in queued:
        asked = after.asked_of(entry)
        waiting |= missing(after.given, asked, after.moment(asked.due_at)).keys()
    if not unready(after, queued, {}):
        settled(app, tx, standing.post.id)
    return deliveries, tuple(sorted(waiting))


def demand_revision(standing: Standing, langs: Sequence[str], revision: int) -> None:
    """Check that a wording is still the one that somebody saw. Raises: Conflict, with both versions; Invalid."""
    if len(langs) != 1:
        raise Invalid("revision", revision, "is of one language: name it with --lang")
    newest = standing.newest.get(langs[0])
    if newest is None or newest.revision == revision:
        return
    raise Conflict(stale_sight(standing, newest, revision))


def stale_sight(standing: Standing, newest: Variant, seen: int) -> str:
    """Return what a person is told who decides about a revision that is not the newest one."""
    old = next((each for each in standing.history if (each.lang, each.revision) == (newest.lang, seen)), None)
    before = f"revision {seen} said: {old.text}" if old is not None else f"there is no revision {seen}"
    return (
        f"post {standing.post.name} ({newest.lang}) is at revision {newest.revision} by {newest.author}, not {seen}; "
        f"nothing was decided. {before}\nit says now: {newest.text}"
    )


def _demand_sound(standing: Standing, wanted: set[str]) -> None:
    """Check that nothing stands against these languages but steps. Raises: Conflict."""
    name = standing.post.name
    if old := sorted(standing.blocked.keys() & wanted):
        raise Conflict(
            f"post {name} is {'; '.join(standing.blocked[lang] for lang in old)}; "
            f"revise it first: campaign post edit {name} --lang {old[0]}"
        )
    if back := sorted(standing.returned.keys() & wanted):
        raise Conflict(
            f"post {name} was returned in {back[0]} by {standing.returned[back[0]]}; revise it, "
            f"or say that it stands: campaign post ready {name} --lang {back[0]}"
        )


def _people(tx: Any, standing: Standing, there: Any) -> set[str]:
    """Return who gave these steps; for a guest also who let him in."""
    found = {each.person for each in there}
    if any(is_guest(person) for person in found):
        found |= {link.person for link in review_rows.links_of(tx, standing.post.id)}
    return found


def _approval(
    app: App,
    standing: Standing,
    sha256: str,
    lang: str,
    person: str,
    step: int,
    steps: int,
    due_at: Any,
    reason: str | None,
) -> Approval:
    days = standing.campaign.approval_days
    return Approval(
        id=app.new_id(),
        post_id=standing.post.id,
        outgoing_sha256=sha256,
        lang=lang,
        person=person,
        created_at=standing.now,
        step=step,
        steps=steps,
        due_at=due_at,
        expires_at=None if days is None else standing.now + timedelta(days=days),
        reason=reason,
    )


def _told(each: Approval) -> dict[str, Any]:
    return {"lang": each.lang, "step": each.step, "steps": each.steps, "outgoing": each.outgoing_sha256}
