"""approve: somebody's word that exactly these bytes may go out, per language; what is approved whole is enqueued."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.core.language import blocked
from campaign.core.model import Delivery, Person, Post, Role
from campaign.core.schedule import in_zone
from campaign.service import App, demand_role, event
from campaign.service.enqueue import enqueue, release
from campaign.store import approvals as approval_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store.approvals import Approval


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval led to."""

    post: Post
    langs: tuple[str, ...]
    deliveries: tuple[Delivery, ...]
    waiting: tuple[str, ...]  # languages that still need an approval before all of the post can go out


def approve(
    app: App, name: str, *, by: Person, langs: Sequence[str] = (), campaign_name: str | None = None
) -> Approved:
    """Approve a post in these languages (all, when none is named), and enqueue what is now approved whole.

    Raises:
        Forbidden: the person may not approve, or wrote it.
        Invalid: the post has no such language.
        Conflict: its time has passed.
        NotFound: there is no such post.
    """
    demand_role(by, Role.APPROVER)
    now = app.clock.now()
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        if campaign.approval != "none" and by.name == post.author:
            raise Forbidden(f"user '{by.name}' wrote post {post.name}; another person must approve it")
        queued = post_rows.outgoings_of(tx, post.id)
        there = {lang for entry in queued for lang in entry.outgoing.langs}
        for lang in langs:
            if lang not in there:
                raise Invalid("lang", lang, f"post {post.name} goes out in: {', '.join(sorted(there))}")
        wanted = set(langs) or there
        stale = blocked(post_rows.variants_of(tx, post.id), campaign.source_lang)
        if old := sorted(stale.keys() & wanted):
            raise Conflict(
                f"post {post.name} is {'; '.join(stale[lang] for lang in old)}; "
                f"revise it first: campaign post edit {post.name} --lang {old[0]}"
            )
        enqueued = post_rows.enqueued(tx, post.id)
        for entry in queued:
            if entry.id not in enqueued and entry.due_at + campaign.grace < now and set(entry.outgoing.langs) & wanted:
                when = in_zone(entry.due_at, post.zone)
                raise Conflict(f"post {post.name} was due at {when}, which is past; move it first: campaign post move")
            for lang in entry.outgoing.langs:
                if lang in wanted:
                    approval = Approval(app.new_id(), post.id, entry.sha256, lang, by.name, now)
                    approval_rows.add_approval(tx, approval)
        detail = {"langs": sorted(wanted), "outgoings": [entry.sha256 for entry in queued]}
        event(app, tx, "post.approved", by.name, post_id=post.id, detail=detail)
        deliveries = enqueue(app, tx, campaign, post, by=by.name)
        release(app, tx, campaign, post)
        waiting = {
            lang
            for entry in queued
            for lang in set(entry.outgoing.langs) - approval_rows.approved_langs(tx, post.id, entry.sha256)
        }
    return Approved(post, tuple(sorted(wanted)), tuple(deliveries), tuple(sorted(waiting)))
