"""duplicate: the same post once more, at another time: its words, media, accounts, languages; none of its approvals."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from campaign.core.errors import Conflict
from campaign.core.language import latest, stale_fields
from campaign.core.model import FIELDS, Campaign, Delivery, Person, Post, PostMedium, Role, Variant
from campaign.core.plan import Waiver
from campaign.core.schedule import Fold, Gap, in_zone, parse_local, resolve, zone
from campaign.service import App, demand_role, event
from campaign.service.draft import Placed, checked_name, raise_errors
from campaign.service.enqueue import enqueue
from campaign.service.render import Scene
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import waivers as waiver_rows
from campaign.store.posts import Queued, Target


@dataclass
class Original:
    """A post as it stands, read once for all that are made of it."""

    scene: Scene
    post: Post
    variants: Sequence[Variant]
    media: Sequence[PostMedium]
    targets: Sequence[Target]
    queued: Sequence[Queued]
    waivers: Sequence[Waiver]

    @classmethod
    def read(cls, app: App, tx: Any, campaign: Campaign, post: Post) -> "Original":
        """Return a post with what is copied of it."""
        return cls(
            Scene.read(app, tx, campaign),
            post,
            post_rows.variants_of(tx, post.id),
            post_rows.media_of(tx, post.id),
            [target for target in post_rows.targets_of(tx, post.id) if target.langs],
            post_rows.outgoings_of(tx, post.id),
            waiver_rows.waivers_of(tx, post.id),
        )

    def stops(self, post: Post) -> list[Placed]:
        """Return which blackout days a copy at this post's time would fall on."""
        scene = self.scene
        times = [replace(each, due_at=scene.audience(post, each.outgoing.langs)[0]) for each in self.queued]
        return scene.days.stops(post, times)


@dataclass
class Copies:
    """What is to be kept of copies, gathered so that hundreds are written at once."""

    posts: list[Post] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    media: list[PostMedium] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    queued: list[Queued] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)

    def add(self, app: App, original: Original, post: Post, *, checked: bool) -> None:
        """Add a copy of a post.

        Exactly what would leave is copied, byte for byte, with times of its own; nothing is rendered again.

        Args:
            post: as it is to be kept; its times are those at which it goes out.
            checked: the translations are taken for as good as they were; else each needs a look (based on revision 0).
        """
        scene, campaign = original.scene, original.scene.campaign
        stale = stale_fields(original.variants, campaign.source_lang)
        newest = latest(original.variants)
        self.posts.append(post)
        for lang, variant in newest.items():
            old = set(stale.get(lang, {})) if checked else {name for name in FIELDS if getattr(variant, name)}
            based_on = {} if lang == campaign.source_lang else {name: 0 for name in FIELDS if name in old}
            made = replace(variant, post_id=post.id, revision=1, based_on=based_on, change="meaning")
            self.variants.append(made)
        self.media += [replace(item, post_id=post.id) for item in original.media]
        ids: dict[str, str] = {}
        for target in original.targets:
            ids[target.id] = app.new_id()
            overrides = {
                lang: {**own, "based_on": _kept(own, newest.get(lang))} for lang, own in target.overrides.items()
            }
            self.targets.append(replace(target, id=ids[target.id], post_id=post.id, overrides=overrides))
        made_of: dict[str, Queued] = {}
        for entry in _parents_first(original.queued):
            if entry.target_id not in ids:
                continue
            parent = made_of[entry.parent_id] if entry.parent_id else None
            due_at, why = scene.audience(post, entry.outgoing.langs)
            if parent is not None and parent.due_at > due_at:
                due_at = parent.due_at  # a reply cannot go out before what it answers
            made_of[entry.id] = replace(
                entry,
                id=app.new_id(),
                target_id=ids[entry.target_id],
                post_id=post.id,
                due_at=due_at,
                moved_because=why,
                parent_id=parent.id if parent else None,
            )
        self.queued += made_of.values()
        self.waivers += [replace(each, id=app.new_id(), post_id=post.id) for each in original.waivers]

    def keep(self, app: App, tx: Any) -> None:
        """Write them, in the caller's transaction."""
        post_rows.add_posts(tx, self.posts)
        post_rows.add_variants(tx, self.variants)
        post_rows.add_media(tx, self.media)
        post_rows.add_targets(tx, self.targets)
        post_rows.add_outgoings(tx, self.queued, at=app.clock.now())
        waiver_rows.add_all(tx, self.waivers)


@dataclass(frozen=True, slots=True)
class Duplicated:
    """A copy, with the languages that need a look before they go out, and what was enqueued at once."""

    post: Post
    unchecked: tuple[str, ...]
    deliveries: tuple[Delivery, ...]


def duplicate(
    app: App,
    name: str,
    copy: str,
    *,
    at: str,
    by: Person,
    tz: str | None = None,
    gap: Gap | None = None,
    fold: Fold | None = None,
    campaign_name: str | None = None,
) -> Duplicated:
    """Make a post like another, at another time. Its translations are kept, and each needs a look before it goes out.

    Args:
        copy: the id of the new post.
        at: local time, in `tz` or the zone of the original.

    Raises:
        Invalid: the id or the time cannot be, or it falls on a hard blackout day.
        Conflict: the campaign has a post of that id, or the time is past.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR)
    wanted = checked_name("id", copy)
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        where = tz or post.zone
        zone("tz", where)
        local = parse_local("at", at)
        due_at = resolve("at", local, where, gap=gap, fold=fold)
        now = app.clock.now()
        if due_at < now:
            raise Conflict(f"{in_zone(due_at, where)} is past, it is {in_zone(now, where)} now; give a later time")
        post_rows.demand_free_name(tx, campaign, wanted)
        times = {"local_at": local, "zone": where, "due_at": due_at, "gap": gap, "fold": fold}
        made = fresh(app, post, by=by, name=wanted, **times)
        original, copies = Original.read(app, tx, campaign, post), Copies()
        copies.add(app, original, made, checked=False)
        raise_errors(original.stops(made))
        copies.keep(app, tx)
        event(app, tx, "post.copied", by.name, post_id=made.id, detail={"of": post.name})
        deliveries = enqueue(app, tx, campaign, made, by=by.name) if campaign.approval == "none" else []
        unchecked = sorted({each.lang for each in copies.variants} - {campaign.source_lang})
    return Duplicated(made, tuple(unchecked), tuple(deliveries))


def fresh(app: App, post: Post, *, by: Person, **changed: Any) -> Post:
    """Return a post like another, new, with what is changed."""
    now = app.clock.now()
    new: dict[str, Any] = {
        "id": app.new_id(),
        "tzdata": app.tzdata,
        "author": by.name,
        "created_at": now,
        "changed_at": now,
        "version": 1,
        "quiet_because": None,
        "series_id": None,
        "number": None,
    }
    return replace(post, **new | changed)


def _kept(own: Any, variant: Variant | None) -> int:
    return 1 if variant is None or own.get("based_on") == variant.revision else 0


def _parents_first(queued: Sequence[Queued]) -> list[Queued]:
    found: dict[str, Queued] = {}
    rest = list(queued)
    while rest:
        ready = [entry for entry in rest if entry.parent_id is None or entry.parent_id in found]
        if not ready:
            break  # what answers something that is gone is not copied
        found |= {entry.id: entry for entry in ready}
        rest = [entry for entry in rest if entry.id not in found]
    return list(found.values())
