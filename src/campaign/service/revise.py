"""revise: another wording in one language of a post that is not out yet; what it outdates is held, never sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from campaign.core.check import check, demand
from campaign.core.errors import Conflict, Invalid
from campaign.core.language import latest, outdated
from campaign.core.model import FIELDS, Campaign, Change, Delivery, Person, Post, Role, Variant
from campaign.core.states import State
from campaign.core.text import check_tag, check_text
from campaign.service import App, demand_role, event
from campaign.service.draft import checked_title
from campaign.service.enqueue import hold, release
from campaign.service.word import worded
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import outbox, queue
from campaign.store import posts as post_rows
from campaign.store.posts import Queued


@dataclass(frozen=True, slots=True)
class Revised:
    """What a revision led to."""

    post: Post
    variant: Variant
    outdated: tuple[str, ...]  # languages that must be translated again
    held: tuple[Delivery, ...]  # deliveries that now wait for a translation or an approval
    warnings: tuple[str, ...] = ()


def revise(
    app: App,
    name: str,
    lang: str,
    *,
    by: Person,
    text: str | None = None,
    tags: Sequence[str] | None = None,
    link: str | None = None,
    title: str | None = None,
    change: Change = "meaning",
    based_on: int | None = None,
    campaign_name: str | None = None,
) -> Revised:
    """Append a revision of a post's wording in one language; what is not given stays as it was.

    A change of the source's meaning outdates the other languages: their deliveries are held until each was revised (the
    same words again say that they still hold) and approved. What exactly goes out changes, so its approval is void. A
    translation is based on the newest source revision.

    Args:
        text, tags, link, title: the new wording; None keeps the old one, an empty link or title takes it away.
        change: what an edit of the source language does: `meaning` outdates its translations, `typo` does not.
        based_on: the revision that the person saw; another one meanwhile is a Conflict, with nothing changed.

    Raises:
        Invalid: the post has no such language, or the wording breaks a rule or a limit.
        Conflict: it is out, under way or in doubt in that language, or somebody else has revised it meanwhile.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR)
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        variants = post_rows.variants_of(tx, post.id)
        old = latest(variants).get(lang)
        if old is None:
            raise Invalid("lang", lang, f"post {post.name} has: {', '.join(sorted({v.lang for v in variants}))}")
        if based_on is not None and based_on != old.revision:
            raise Conflict(
                f"post {post.name} ({lang}) is at revision {old.revision} by {old.author}, not {based_on} any more; "
                f"it says now: {old.text}"
            )
        new = _variant(
            app, campaign, post, old, variants, by=by, text=text, tags=tags, link=link, title=title, change=change
        )
        rows = {row.outgoing_id: row for row in queue.of_post(tx, post.id)}
        queued = [entry for entry in post_rows.outgoings_of(tx, post.id) if lang in entry.outgoing.langs]
        _check_open(post, lang, [rows[entry.id] for entry in queued if entry.id in rows])
        post_rows.add_variants(tx, [new])
        wordings = latest([*variants, new])
        warnings = [warning for entry in queued for warning in _replace(app, tx, entry, rows, wordings)]
        stale = outdated([*variants, new], campaign.source_lang)
        held = hold(app, tx, campaign, post)
        release(app, tx, campaign, post)
        detail = {"lang": lang, "revision": new.revision, "change": new.change, "outdated": sorted(stale)}
        event(app, tx, "post.revised", by.name, post_id=post.id, detail=detail)
    return Revised(post, new, tuple(sorted(stale)), tuple(held), tuple(warnings))


def _variant(
    app: App,
    campaign: Campaign,
    post: Post,
    old: Variant,
    variants: Sequence[Variant],
    *,
    by: Person,
    text: str | None,
    tags: Sequence[str] | None,
    link: str | None,
    title: str | None,
    change: Change,
) -> Variant:
    lang, source = old.lang, campaign.source_lang
    newest = latest(variants).get(source)
    if link and not link.startswith(("https://", "http://")):
        raise Invalid(f"link ({lang})", link, "must begin with https://")
    new = replace(
        old,
        revision=old.revision + 1,
        text=old.text if text is None else check_text(f"text ({lang})", text),
        tags=old.tags if tags is None else tuple(check_tag(f"tags ({lang})", tag) for tag in tags),
        link=old.link if link is None else link.replace("{lang}", lang) or None,
        title=old.title if title is None else checked_title(lang, title),
        author=by.name,
        created_at=app.clock.now(),
        based_on=dict.fromkeys(FIELDS, newest.revision) if newest is not None and lang != source else {},
        machine=None,
        change=change if lang == source else "meaning",
    )
    same = (new.text, new.tags, new.link, new.title) == (old.text, old.tags, old.link, old.title)
    if same and lang not in outdated(variants, source):
        raise Invalid(f"text ({lang})", new.text[:40], "is what it says already; nothing was changed")
    return new


def _check_open(post: Post, lang: str, rows: Sequence[Delivery]) -> None:
    """Check that something can still change, and that nothing is under way. Raises: Conflict."""
    if under_way := [row for row in rows if row.state in queue.OPEN]:
        raise Conflict(f"post {post.name} ({lang}) is {under_way[0].state}; wait until it is settled")
    # It crossed the line once: whether the old words are out must be certain before others are sent in their place.
    if sent := [row for row in rows if row.sent_at is not None and row.state in (State.SCHEDULED, State.MISSED)]:
        raise Conflict(
            f"post {post.name} ({lang}) was sent once and is {sent[0].state}; cancel it and compose it anew, "
            f"or let it go out as it is"
        )
    if rows and all(row.state in (State.PUBLISHED, State.CANCELLED) for row in rows):
        raise Conflict(f"post {post.name} ({lang}) is out or cancelled already; there is nothing to revise")


def _replace(app: App, tx: Any, entry: Queued, rows: dict[str, Delivery], wordings: dict[str, Variant]) -> list[str]:
    """Put another Outgoing in the place of one, and its delivery with it; return what was noticed."""
    row = rows.get(entry.id)
    if row is not None and row.state in (State.PUBLISHED, State.CANCELLED):
        return []  # what is out stays as it was
    old = entry.outgoing
    if old.parts > 1:
        raise Conflict(
            f"{old.account} ({'+'.join(old.langs)}) gets this post as a thread of {old.parts}: cancel it and compose "
            f"it anew; a thread cannot be revised"
        )
    capabilities = app.capabilities(account_rows.account_of(tx, entry.account_id))
    new = worded(old, wordings, capabilities, native=bool(old.localized))
    if new.sha256 == entry.sha256:
        return []
    findings = check(new, capabilities)
    demand(findings)
    made = replace(entry, id=app.new_id(), outgoing=new, sha256=new.sha256)
    post_rows.supersede(tx, entry.id, made, at=app.clock.now())
    if row is not None:
        # Other words must not be taken for the old ones: a server would answer the old key with the old post.
        values: dict[str, Any] = {"outgoing_id": made.id, "outgoing_sha256": made.sha256, "wire": None}
        outbox.note(tx, row, **values, key=app.new_key())
    return [str(finding) for finding in findings if finding.severity == "warning"]
