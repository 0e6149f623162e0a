"""Posts: listed, shown, approved, moved, cancelled."""

from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.delivery import FIELDS, HEADS, brief, cells
from campaign.cli.given import words
from campaign.cli.here import HERE, Here
from campaign.cli.series import reached, tell_left
from campaign.cli.show import data, fields, iso, line, plain, say, table
from campaign.core.model import Campaign, Leg, Post, PostMedium, Variant
from campaign.core.schedule import Fold, Gap, in_zone
from campaign.service.approve import approve
from campaign.service.repeat import Scope, cancel_all, move_all
from campaign.service.standing import read
from campaign.store import approvals as approval_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store.approvals import Approval
from campaign.store.posts import Queued


def show_all(*, campaign: str | None = None, here: Here = HERE) -> None:
    """List posts by their time.

    Example: campaign post list --campaign peace-2019

    Args:
        campaign: Only those of this campaign.
    """
    with here.opened() as app, app.store.read() as tx:
        entries = campaign_rows.all_campaigns(tx)
        if campaign:
            entries = [campaign_rows.campaign_named(tx, campaign)]
        rows = []
        for entry in entries:
            legs = campaign_rows.legs_of(tx, entry.id)
            for post in post_rows.posts_of(tx, entry.id):
                deliveries = queue.of_post(tx, post.id)
                states = sorted({str(row.state) for row in deliveries}) or ["not enqueued"]
                langs = sorted({item.lang for item in post_rows.variants_of(tx, post.id)})
                rows.append(_post(post, entry, legs) | {"langs": langs, "states": states})
    rows.sort(key=lambda row: (row["due_at"], row["id"]))
    if here.json:
        data(rows)
        return
    heads = ("id", "campaign", "leg", "local_at", "langs", "states", "author")
    table(heads, [[row[head] for head in heads] for row in rows])


def show(id: Annotated[str, Parameter(name="ID")], /, *, campaign: str | None = None, here: Here = HERE) -> None:
    """Show a post: its texts, media with alt texts, approvals and deliveries.

    Example: campaign post show P01

    Args:
        id: Its id.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app, app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        post = post_rows.post_named(tx, id, chosen)
        entry = campaign_rows.campaign_of(tx, post.campaign_id)
        head = _post(post, entry, campaign_rows.legs_of(tx, entry.id))
        latest = {item.lang: item for item in post_rows.variants_of(tx, post.id)}  # revisions come in order
        media = post_rows.media_of(tx, post.id)
        approvals = approval_rows.approvals_of(tx, post.id)
        queued = post_rows.outgoings_of(tx, post.id)
        rows = [row for row in queue.listed(tx, entry.id) if row["post_id"] == post.id]
        standing = read(tx, entry, post, now=app.clock.now())
    if here.json:
        data(
            head
            | {
                "place": dict(post.place),
                "texts": {lang: _variant(item) for lang, item in latest.items()},
                "missing": list(standing.lacking),
                "stopped": dict(standing.blocked),
                "media": [_medium(item) for item in media],
                "outgoings": [_queued(item, approvals) for item in queued],
                "approvals": [_approval(item) for item in approvals],
                "deliveries": [plain(row, FIELDS) for row in rows],
            }
        )
        return
    fields(head | {"place": dict(post.place)})
    for lang, item in latest.items():
        print()
        fields({f"text ({lang})": item.text, "tags": item.tags, "link": item.link, "title": item.title})
        if lang in standing.blocked:
            fields({"stopped": standing.blocked[lang]})
    for lang in standing.lacking:
        print()
        fields({f"text ({lang})": f"not written yet: campaign post translate {post.name} --lang {lang} --text …"})
    for one in media:
        print()
        size = f"{one.medium.mime}, {one.medium.size} bytes, {one.medium.width} × {one.medium.height}"
        size += f", {one.medium.seconds or 0:g} s, captions: {', '.join(one.captions) or 'none'}" * one.medium.is_clip
        fields({f"media {one.position}": size} | {f"alt ({lang})": alt for lang, alt in one.alt.items()})
    if approvals:
        print()
        approved = [(item.lang, item.person, in_zone(item.created_at, post.zone)) for item in approvals]
        table(("language", "approved by", "at"), approved)
    print()
    if rows:
        table(HEADS, [cells(row) for row in rows])
    else:
        line("not enqueued: it waits for approval (campaign post approve)")


def approve_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    lang: Annotated[list[str] | None, Parameter(name="--lang")] = None,
    override: str | None = None,
    revision: int | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Give your word that a post may go out as it is; what is approved whole is enqueued.

    Examples: campaign post approve P01 --lang ru --as bob · campaign post approve P01 --override "bob is on leave"

    Where several people approve, this is the next step that you may give: the review first, the approval last.

    Args:
        id: Its id.
        lang: Only this language; several with commas between. By default all.
        override: The reason for which an admin approves what he wrote himself, or gives a second step; it is on record.
        revision: The revision of that language that you read; when somebody else was faster, nothing is approved.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app:
        done = approve(
            app,
            id,
            by=here.person(app),
            langs=words(lang or []),
            override=override,
            revision=revision,
            campaign_name=campaign,
        )
    deliveries = [brief(row) for row in done.deliveries]
    if here.json:
        told = {"post": done.post.name, "approved": done.langs, "waiting": done.waiting, "deliveries": deliveries}
        steps = [{"lang": each.lang, "step": each.step, "steps": each.steps} for each in done.given]
        data(told | {"steps": steps, "refused": list(done.refused)})
        return
    for why in done.refused:
        say(f"not given: {why}")
    for lang_, step, steps_ in dict.fromkeys((each.lang, each.step, each.steps) for each in done.given):
        if step < steps_:
            line(f"post {done.post.name} ({lang_}): step {step} of {steps_} is given")
    whole = [lang_ for lang_ in done.langs if lang_ not in done.waiting]
    if whole:
        line(f"post {done.post.name} approved in {', '.join(whole)}; {len(deliveries)} deliveries enqueued")
    if done.waiting:
        say(f"waits for approval in {', '.join(done.waiting)}")


def move_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    at: str,
    tz: str | None = None,
    gap: Gap | None = None,
    fold: Fold | None = None,
    scope: Scope = "this",
    anyway: str | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Give a post another time; what waits or was missed goes with it, approvals stay within the campaign's window.

    Example: campaign post move P01 --at "2026-12-01 20:00" · campaign post move P01-3 --at … --scope following

    Args:
        id: Its id.
        at: The local time, YYYY-MM-DD HH:MM.
        tz: The zone of that time; by default the post's.
        gap: Where the clocks skip that time: the time after (forward) or before (back).
        fold: Where that time happens twice: the first or the second.
        scope: Of a series: this post, the following ones too, or all; they are shifted by as much on the wall clock.
        anyway: Why it goes out in the soft quiet hours of its audience; hard ones are kept all the same.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app:
        by, options = here.person(app), {"anyway": anyway}
        done = move_all(
            app, id, at=at, by=by, scope=scope, tz=tz, gap=gap, fold=fold, campaign_name=campaign, **options
        )
    post = next(each for each in done.posts if id in (each.name, each.id))
    rows = done.deliveries
    if here.json:
        told = {"post": post.name, "due_at": iso(post.due_at), "zone": post.zone}
        data(told | reached(done) | {"deliveries": [brief(row) for row in rows]})
        return
    tell_left(done)
    line(f"post {post.name} goes out {in_zone(post.due_at, post.zone)}; {len(rows)} deliveries moved")
    for row in rows:
        if row.moved_because:
            say(f"{'+'.join(row.langs)} goes out {in_zone(row.due_at, post.zone)}: {row.moved_because}")


def cancel_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    scope: Scope = "this",
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Take back every delivery of a post that has not left, and what was not approved yet.

    Example: campaign post cancel P01 · campaign post cancel P01-3 --scope following

    Args:
        id: Its id.
        scope: Of a series: this post, the following ones too, or all.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app:
        done = cancel_all(app, id, by=here.person(app), scope=scope, campaign_name=campaign)
    rows = done.deliveries
    if here.json:
        data({"post": id, "cancelled": [brief(row) for row in rows]} | reached(done))
        return
    for post in done.posts:
        mine = sum(row.post_id == post.id for row in rows)
        line(f"post {post.name}: {mine} deliveries cancelled")
    tell_left(done)


def _post(post: Post, campaign: Campaign, legs: list[Leg]) -> dict[str, Any]:
    return {
        "id": post.name,
        "campaign": campaign.name,
        "leg": next((leg.name for leg in legs if leg.id == post.leg_id), None),
        "local_at": in_zone(post.due_at, post.zone),
        "zone": post.zone,
        "due_at": iso(post.due_at),
        "tzdata": post.tzdata,
        "quiet_because": post.quiet_because,
        "author": post.author,
        "created_at": iso(post.created_at),
        "row_id": post.id,
    }


def _variant(item: Variant) -> dict[str, Any]:
    return {
        "text": item.text,
        "tags": list(item.tags),
        "link": item.link,
        "title": item.title,
        "revision": item.revision,
    }


def _medium(item: PostMedium) -> dict[str, Any]:
    medium = item.medium
    told = {"position": item.position, "sha256": medium.sha256, "mime": medium.mime, "size": medium.size}
    told |= {"width": medium.width, "height": medium.height, "alt": dict(item.alt)}
    if medium.is_clip:
        told |= {"seconds": medium.seconds, "captions": dict(item.captions), "poster": item.poster}
    return told


def _queued(item: Queued, approvals: list[Approval]) -> dict[str, Any]:
    given = [entry for entry in approvals if entry.outgoing_sha256 == item.sha256 and entry.void_at is None]
    approved = sorted({entry.lang for entry in given if entry.step == entry.steps})
    told = {"sha256": item.sha256, "due_at": iso(item.due_at), "moved_because": item.moved_because}
    return told | {"approved": approved, "outgoing": item.outgoing.plain()}


def _approval(item: Approval) -> dict[str, Any]:
    told = {"lang": item.lang, "by": item.person, "at": iso(item.created_at), "step": item.step, "steps": item.steps}
    told |= {"for": iso(item.due_at), "expires_at": iso(item.expires_at), "reason": item.reason}
    told |= {"void_at": iso(item.void_at), "void_because": item.void_because}
    return told | {"outgoing_sha256": item.outgoing_sha256, "carried_from": item.carried_from}
