"""arrange: other media, accounts or ways of going out for a post that is not out yet; its words stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from campaign.core.errors import Conflict, Invalid, NotFound
from campaign.core.language import latest
from campaign.core.model import Delivery, Overflow, Person, Post, Role, Strategy, Variant
from campaign.core.states import State
from campaign.media.shelf import Shelf
from campaign.service import App, demand_role, event
from campaign.service.attach import Attachments, attach
from campaign.service.draft import Draft, Picture, Placed, Progress, common_langs, raise_errors
from campaign.service.enqueue import enqueue, hold, release
from campaign.service.render import Scene, render
from campaign.service.replace import put_in_place
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store.posts import Queued, Target


@dataclass(frozen=True, slots=True)
class Arranged:
    """What came of it: the post, the accounts that it goes to, what waits for an approval, what was noticed."""

    post: Post
    accounts: tuple[str, ...]
    held: tuple[Delivery, ...]
    warnings: tuple[str, ...]


def arrange(
    app: App,
    name: str,
    *,
    by: Person,
    media: Sequence[Picture] | None = None,
    to: Sequence[str] | None = None,
    strategy: Strategy | None = None,
    overflow: Overflow | None = None,
    leg: str | None = None,
    campaign_name: str | None = None,
    progress: Progress | None = None,
) -> Arranged:
    """Change what is given; None leaves it. What goes out otherwise than before must be approved anew.

    What is out at an account stays as it is there; an account that is left out gets nothing any more, unless it has it.

    Args:
        media: all of them, in order, with their alt texts; none takes them away.
        to: all the accounts.
        strategy: for every account of several languages.
        leg: the leg that the post belongs to, by its id; empty: to none. Its time stays.

    Raises:
        Invalid: nothing is given, an account is unknown or speaks none of its languages, or a rule or limit is broken.
        Conflict: some of it is under way or in doubt, or somebody else has changed it meanwhile.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR)
    if all(value is None for value in (media, to, strategy, overflow, leg)):
        raise Invalid("media", "", "nothing is to be changed: give media, accounts, a strategy, an overflow or a leg")
    with app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        scene = Scene.read(app, tx, campaign)
        variants = post_rows.variants_of(tx, post.id)
        shown = post_rows.media_of(tx, post.id)
        digests = {digest for item in shown for digest in item.captions.values()}
        captions = {digest: found for digest in digests if (found := post_rows.medium_of(tx, digest)) is not None}
        before = post_rows.targets_of(tx, post.id)
        rows, queued = queue.of_post(tx, post.id), post_rows.outgoings_of(tx, post.id)
        leg_id = campaign_rows.leg_named(tx, campaign, leg).id if leg else None
    _demand_open(post, rows, queued)
    newest = latest([variant for variant in variants if variant.machine is None])
    langs = post.langs or tuple(newest)
    post = replace(post, overflow=overflow or post.overflow, leg_id=post.leg_id if leg is None else leg_id)
    targets = [replace(each, strategy=strategy or each.strategy) for each in before]
    if to is not None:
        targets = _targets(app, scene, post, targets, to, strategy, langs)
    spoken = sorted({lang for target in targets for lang in target.langs if lang in newest})
    with TemporaryDirectory(prefix="campaign-") as folder:
        attached = Attachments.kept(app, shown, captions)
        told: list[Placed] = []
        if media is not None:
            draft = Draft(post.name, {}, "", (), pictures=tuple(media))
            scratch = Shelf(Path(folder), limit=app.media.limit)
            attached, told = attach(app, campaign, draft, spoken, pictures=scratch, progress=progress)
            raise_errors(told)
        rendered = render(scene, post, targets, newest, attached)
        raise_errors(rendered.findings)
        attached.keep(app.media)
    with app.store.begin() as tx:
        _demand_open(post, queue.of_post(tx, post.id), post_rows.outgoings_of(tx, post.id))
        post = post_rows.change_post(tx, post, at=app.clock.now())
        if media is not None:
            post_rows.replace_media(tx, post.id, [replace(item, post_id=post.id) for item in attached.media])
            post_rows.add_variants(tx, _said_anew(app, variants, by))
        post_rows.add_mediums(tx, attached.others)
        known = {target.id for target in before}
        post_rows.add_targets(tx, [target for target in targets if target.id not in known])
        for target in targets:
            if target.id in known:
                post_rows.change_target(tx, target)
        put_in_place(app, tx, campaign, post, targets, rendered.queued)
        held = hold(app, tx, campaign, post)
        release(app, tx, campaign, post)
        if campaign.approval == "none" and rows:
            enqueue(app, tx, campaign, post, by=by.name)
        names = tuple(scene.accounts[target.account_id].name for target in targets if target.langs)
        detail = {"to": list(names), "media": [item.medium.sha256 for item in attached.media]}
        event(app, tx, "post.arranged", by.name, post_id=post.id, detail=detail)
    warnings = dict.fromkeys(str(item) for item in [*told, *rendered.findings])
    return Arranged(post, names, tuple(held), tuple(warnings))


def _demand_open(post: Post, rows: Sequence[Delivery], queued: Sequence[Queued]) -> None:
    if under_way := [row for row in rows if row.state in queue.OPEN]:
        raise Conflict(f"post {post.name} is {under_way[0].state}; wait until it is settled")
    settled = {row.outgoing_id for row in rows if row.state in (State.PUBLISHED, State.CANCELLED)}
    if rows and all(entry.id in settled for entry in queued):
        raise Conflict(f"post {post.name} is out or cancelled already; there is nothing to change")


def _targets(
    app: App,
    scene: Scene,
    post: Post,
    before: Sequence[Target],
    to: Sequence[str],
    strategy: Strategy | None,
    langs: Sequence[str],
) -> list[Target]:
    """Return the targets, those that are left out with no language at all. Raises: NotFound, Invalid."""
    if not to or len(set(to)) != len(to):
        raise Invalid("to", ",".join(to), "must name each account once, and at least one")
    names = {account.name: account for account in scene.accounts.values()}
    there = {target.account_id: target for target in before}
    usual = strategy or (before[0].strategy if before else "split")
    found: list[Target] = []
    for name in to:
        if name not in names:
            raise NotFound("account", name, f"connected accounts: {', '.join(sorted(names)) or 'none yet'}")
        account = names[name]
        common = common_langs(account, langs)
        if account.id in there:
            found.append(replace(there[account.id], langs=there[account.id].langs or common))
        else:
            found.append(Target(app.new_id(), post.id, account.id, usual, common))
    kept = {target.id for target in found}
    return [*found, *(replace(target, langs=()) for target in before if target.id not in kept)]


def _said_anew(app: App, variants: Sequence[Variant], by: Person) -> list[Variant]:
    """Return revisions without what was said of the old media: it came with the new ones."""
    now = app.clock.now()
    return [
        replace(each, revision=each.revision + 1, alt={}, captions={}, author=by.name, created_at=now, change="typo")
        for each in latest(variants).values()
        if each.alt or each.captions
    ]
