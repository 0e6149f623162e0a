"""compose: from texts, media and accounts to a Post with its Variants, Targets and Outgoings, or to nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from campaign.core.check import Finding
from campaign.core.errors import Conflict, Forbidden, Invalid, ManyInvalid, NotFound
from campaign.core.model import Account, Campaign, Delivery, Leg, Person, Post, Role, Variant
from campaign.core.plan import Waiver
from campaign.media.shelf import Shelf
from campaign.service import App, demand_role
from campaign.service.attach import Attachments, attach
from campaign.service.days import hints
from campaign.service.draft import (
    Draft,
    Picture,
    Placed,
    Progress,
    Wording,
    checked_name,
    checked_wordings,
    common_langs,
    declared,
    placed,
    raise_errors,
    timed,
)
from campaign.service.enqueue import enqueue
from campaign.service.forecast import Foreseen, foreseen, learned
from campaign.service.proofread import echoes, remarks
from campaign.service.render import Counted, Rendered, Scene, render
from campaign.service.usage import bound, unwaived, waivers_for
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import pairs, people
from campaign.store import posts as post_rows
from campaign.store import waivers as waiver_rows
from campaign.store.posts import Queued, Target

__all__ = [
    "Composed",
    "Counted",
    "Draft",
    "Entry",
    "Picture",
    "Placed",
    "Plan",
    "Preview",
    "Wording",
    "compose",
    "compose_all",
    "keep",
    "plan",
    "preview",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One draft of several; `where` is its place in the file that it came in."""

    where: str
    campaign: str
    draft: Draft
    approve_now: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """What came of a draft: the post, what will leave, what was noticed, and what was enqueued at once."""

    post: Post
    outgoings: tuple[Queued, ...]
    warnings: tuple[str, ...]
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What compose() would make of a draft.

    Attributes:
        post: with its time; None while the time is not one yet (the outgoings are then due now, provisionally).
        outgoings: exactly what would leave, each with its time; parents before their parts.
        counts: one for each of the outgoings, in their order.
        findings: errors and warnings; where there is an error, compose() would raise it.
        forecasts: how long it will be in the languages that are not written yet.
    """

    post: Post | None
    outgoings: tuple[Queued, ...]
    counts: tuple[Counted, ...]
    findings: tuple[Placed, ...]
    forecasts: tuple[Foreseen, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether compose() would keep it."""
        return not any(item.is_error for item in self.findings)


@dataclass
class Plan:
    """A draft that may be kept: everything is made and checked, and nothing is written yet."""

    scene: Scene
    post: Post
    wordings: dict[str, Wording]
    targets: list[Target]
    attached: Attachments
    rendered: Rendered
    findings: list[Placed]
    approve_now: bool = False
    waivers: Sequence[Waiver] = ()


def compose(
    app: App,
    campaign_name: str,
    draft: Draft,
    *,
    by: Person,
    approve_now: bool = False,
    progress: Progress | None = None,
) -> Composed:
    """Check a draft as a whole and keep it, or change nothing.

    Args:
        progress: told how far a clip is, while one is encoded.

    Raises:
        Invalid: a field breaks a rule (several at once: ManyInvalid).
        NotFound: the campaign, the leg or an account is unknown.
        Conflict: the campaign has a post of that id.
        Forbidden: the person may not write, or `approve_now` where the campaign's policy wants a second person.
        CampaignError: a clip was given, and FFmpeg or the fonts for its captions are missing.
    """
    [made] = compose_all(app, [Entry("", campaign_name, draft, approve_now)], by=by, progress=progress)
    return made


def compose_all(app: App, entries: Sequence[Entry], *, by: Person, progress: Progress | None = None) -> list[Composed]:
    """Keep several posts, or none: all are made and checked before the first is written, so all findings come at once.

    Raises:
        ManyInvalid: what is wrong with any of them, each finding named by where it stands.
        NotFound, Conflict, Forbidden: the first of these, named likewise.
    """
    demand_role(by, Role.AUTHOR)
    findings: list[Invalid] = []
    plans: list[Plan] = []
    scenes: dict[str, Scene] = {}
    with TemporaryDirectory(prefix="campaign-") as folder:
        # Pictures are read and cleaned beside the library: a draft that is refused leaves nothing in it.
        scratch = Shelf(Path(folder), limit=app.media.limit)
        for entry in entries:
            try:
                with _named(entry.where):
                    if entry.campaign not in scenes:
                        with app.store.read() as tx:
                            campaign = campaign_rows.campaign_named(tx, entry.campaign)
                            scenes[entry.campaign] = Scene.read(app, tx, campaign)
                    scene = scenes[entry.campaign]
                    plans.append(plan(app, scene, entry, by=by, scratch=scratch, progress=progress, whole=True))
            except Invalid as error:
                if len(entries) == 1:
                    raise
                findings += error.findings if isinstance(error, ManyInvalid) else [error]
        if findings:
            raise ManyInvalid(findings)
        _demand_free(app, entries, plans)
        for each in plans:
            each.attached.keep(app.media)
    with app.store.begin() as tx:
        return keep(app, tx, plans, by=by)


def plan(
    app: App,
    scene: Scene,
    entry: Entry,
    *,
    by: Person,
    scratch: Shelf,
    progress: Progress | None = None,
    whole: bool = False,
) -> Plan:
    """Make everything that a draft becomes, and check it; nothing is kept.

    Args:
        scratch: where pictures are read and cleaned.
        whole: say all that can be said of the words; else only what keeps them from going out, which is quick.

    Raises:
        Invalid, NotFound, Forbidden, CampaignError: as compose() does.
    """
    campaign, draft = scene.campaign, entry.draft
    leg = _leg(scene, draft.leg) if draft.leg else None
    accounts = [_account(scene, name) for name in _unique("to", draft.to)]
    if entry.approve_now and campaign.approval != "none":
        raise Forbidden(
            f"campaign '{campaign.name}' wants a second person's approval: leave --approve out and let another user "
            f"run: campaign post approve {draft.name} --as NAME"
        )
    name = checked_name("id", draft.name)
    wordings, findings = checked_wordings(campaign, draft.wordings)
    raise_errors(findings)
    post = replace(timed(app, campaign, leg, draft, name, by), langs=declared(campaign, draft.langs, wordings))
    targets = [_target(app, scene, post, draft, account, common_langs(account, post.langs)) for account in accounts]
    attached, findings = attach(app, campaign, draft, _spoken(targets, wordings), pictures=scratch, progress=progress)
    raise_errors(findings)
    rendered = render(scene, post, targets, wordings, attached, now=draft.now)
    if whole:
        words = _words(app, scene, post, wordings, attached, targets)
    else:
        words = scene.usage.stops(post, wordings, attached.media, targets)
    waivers = bound(app, waivers_for(app, post, draft.waive or {}, by), words)
    said = unwaived(words, waivers)
    said += _time(app, scene, post, rendered, whole=whole)
    raise_errors(rendered.findings + said)
    findings += rendered.findings + said
    return Plan(scene, post, wordings, targets, attached, rendered, findings, entry.approve_now, waivers)


def _time(app: App, scene: Scene, post: Post, rendered: Rendered, *, whole: bool) -> list[Placed]:
    """Return what stands against a draft's time; `whole`: with holidays and its neighbours."""
    found = scene.days.stops(post, rendered.queued)
    if not whole:
        return found
    with app.store.read() as tx:
        return found + hints(tx, scene.days, post, rendered.queued, countries=app.countries)


def _words(
    app: App,
    scene: Scene,
    post: Post,
    wordings: Mapping[str, Wording],
    attached: Attachments,
    targets: Sequence[Target],
) -> list[Placed]:
    """Return all that is to be said of a draft's words."""
    found = remarks(scene.usage, post, wordings, attached.media, targets, scene.accounts)
    with app.store.read() as tx:
        return found + echoes(tx, post, wordings, targets, scene.accounts)


def keep(app: App, tx: Any, plans: Sequence[Plan], *, by: Person) -> list[Composed]:
    """Write what was planned, in the caller's transaction; return it with what was enqueued at once."""
    post_rows.add_posts(tx, [each.post for each in plans])
    post_rows.add_variants(tx, [item for each in plans for item in _variants(each.post, each.wordings, by)])
    media = [replace(item, post_id=each.post.id) for each in plans for item in each.attached.media]
    post_rows.add_media(tx, media)
    post_rows.add_mediums(tx, [medium for each in plans for medium in each.attached.others])
    post_rows.add_targets(tx, [target for each in plans for target in each.targets])
    queued = [item for each in plans for item in each.rendered.queued]
    now = app.clock.now()
    post_rows.add_outgoings(tx, queued, at=now)
    waiver_rows.add_all(tx, [waiver for each in plans for waiver in each.waivers])
    people.log_all(tx, [_line(app, each, by) for each in plans])
    done: list[Composed] = []
    for each in plans:
        deliveries = enqueue(app, tx, each.scene.campaign, each.post, by=by.name) if each.approve_now else []
        warnings = dict.fromkeys(str(item) for item in each.findings)
        done.append(Composed(each.post, tuple(each.rendered.queued), tuple(warnings), tuple(deliveries)))
    return done


def _line(app: App, each: Plan, by: Person) -> dict[str, Any]:
    detail: dict[str, Any] = {"outgoings": [item.sha256 for item in each.rendered.queued]}
    if each.waivers:
        detail["waived"] = [{"lang": one.lang, "code": one.code, "reason": one.reason} for one in each.waivers]
    return {
        "id": app.new_id(), "at": app.clock.now(), "event": "post.composed", "person": by.name,
        "post_id": each.post.id, "detail": detail,
    }  # fmt: skip


def _demand_free(app: App, entries: Sequence[Entry], plans: Sequence[Plan]) -> None:
    """Check that no post has one of these ids, nor two of them the same. Raises: Conflict."""
    first: dict[tuple[str, str], str] = {}
    names: dict[str, list[str]] = {}
    for entry, each in zip(entries, plans, strict=True):
        campaign, name = each.scene.campaign, each.post.name
        with _named(entry.where):
            if (campaign.id, name) in first:
                raise Conflict(f"post id '{name}' stands there twice; nothing was changed")
        first[campaign.id, name] = entry.where
        names.setdefault(campaign.id, []).append(name)
    with app.store.read() as tx:
        for each in {each.scene.campaign.id: each for each in plans}.values():
            campaign = each.scene.campaign
            for name in post_rows.taken_names(tx, campaign, names[campaign.id]):
                with _named(first[campaign.id, name]):
                    raise Conflict(f"post id '{name}' is used already in campaign {campaign.name}; nothing was changed")


def _leg(scene: Scene, name: str) -> Leg:
    found = next((leg for leg in scene.legs.values() if leg.name == name), None)
    if found is None:
        known = ", ".join(leg.name for leg in scene.legs.values()) or "none yet"
        raise NotFound("leg", name, f"campaign {scene.campaign.name} has: {known}")
    return found


def _account(scene: Scene, name: str) -> Account:
    found = next((account for account in scene.accounts.values() if account.name == name), None)
    if found is None:
        known = ", ".join(sorted(account.name for account in scene.accounts.values()))
        raise NotFound("account", name, f"connected accounts: {known or 'none yet'}")
    return found


def _target(app: App, scene: Scene, post: Post, draft: Draft, account: Account, langs: tuple[str, ...]) -> Target:
    strategy = draft.strategy if len(langs) > 1 else "split"
    return Target(app.new_id(), post.id, account.id, strategy, langs, _overrides(scene, draft, account))


def _overrides(scene: Scene, draft: Draft, account: Account) -> dict[str, dict[str, Any]]:
    given = (draft.overrides or {}).get(account.name, {})
    if not given:
        return {}
    wordings, findings = checked_wordings(scene.campaign, given)
    raise_errors(findings)
    return {
        lang: {"text": own.text, "tags": list(own.tags), "link": own.link, "title": own.title, "based_on": 1}
        for lang, own in wordings.items()
    }


def _spoken(targets: Sequence[Target], wordings: Mapping[str, Wording]) -> list[str]:
    return sorted({lang for target in targets for lang in target.langs if lang in wordings})


def preview(app: App, campaign_name: str, draft: Draft, *, by: Person, progress: Progress | None = None) -> Preview:
    """Do all that compose() does but keep it: what would leave, how long it is, and what stands against it.

    Cheap enough to be called while a person types: pictures and clips that were seen before are not made again.
    A language or account that something stands against is left out of the outgoings, and the finding says why.

    Raises:
        NotFound: the campaign is unknown.
        Forbidden: the person may not write.
        CampaignError: a clip was given, and FFmpeg or the fonts for its captions are missing.
    """
    demand_role(by, Role.AUTHOR)
    findings: list[Placed] = []
    accounts: list[Account] = []
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        scene = Scene.read(app, tx, campaign)
        leg, name = None, draft.name
        with _noted(findings):
            name = checked_name("id", draft.name)
            post_rows.demand_free_name(tx, campaign, name)
        if draft.leg:
            with _noted(findings, "leg", draft.leg):
                leg = campaign_rows.leg_named(tx, campaign, draft.leg)
        with _noted(findings):
            _unique("to", draft.to)
        for each in dict.fromkeys(draft.to):
            with _noted(findings, "to", each):
                accounts.append(account_rows.account_named(tx, each))
    wordings, wrong = checked_wordings(campaign, draft.wordings)
    findings += wrong
    post = None
    with _noted(findings):
        post = timed(app, campaign, leg, draft, name, by)
    langs: tuple[str, ...] = tuple(wordings)
    with _noted(findings):
        langs = declared(campaign, draft.langs, wordings)
    planned = replace(post or _provisional(app, campaign, leg, draft, by), langs=langs)
    targets: list[Target] = []
    for account in accounts if wordings else ():
        with _noted(findings):
            targets.append(_target(app, scene, planned, draft, account, common_langs(account, langs)))
    attached, wrong = attach(app, campaign, draft, _spoken(targets, wordings), pictures=app.shelf, progress=progress)
    rendered = render(scene, planned, targets, wordings, attached, now=draft.now)
    findings += wrong
    missing = {item.finding.field for item in findings}  # an alt text that is not there is missed once, not per account
    findings += [item for item in rendered.findings if item.finding.field not in missing]
    with _noted(findings):
        waivers = waivers_for(app, planned, draft.waive or {}, by)
        findings += unwaived(_words(app, scene, planned, wordings, attached, targets), waivers)
    if post is not None:
        findings += _time(app, scene, planned, rendered, whole=True)
    forecasts = _forecasts(app, campaign, draft, accounts, wordings)
    return Preview(post, tuple(rendered.queued), tuple(rendered.counts), tuple(findings), tuple(forecasts))


def _forecasts(
    app: App, campaign: Campaign, draft: Draft, accounts: Sequence[Account], wordings: Mapping[str, Wording]
) -> list[Foreseen]:
    """Return how long the post will be where it is not written yet."""
    wanted = draft.langs or campaign.languages
    langs_of = [(account, [lang for lang in wanted if lang in account.langs]) for account in accounts]
    if not wordings or all(lang in wordings for _, langs in langs_of for lang in langs):
        return []
    with app.store.read() as tx:
        ratios = learned(campaign, pairs.texts_in_use(tx))
    link = next((given.link for given in draft.wordings.values() if given.link), None)
    media = bool(draft.pictures)
    return foreseen(app, campaign, ratios, langs_of, wordings, link=link, strategy=draft.strategy, with_media=media)


@contextmanager
def _named(where: str) -> Iterator[None]:
    """Name the post of a file to which an error belongs."""
    try:
        yield
    except Invalid as error:
        if not where:
            raise
        found = error.findings if isinstance(error, ManyInvalid) else (error,)
        raise ManyInvalid([Invalid(f"{where}.{one.field}", one.value, one.rule) for one in found]) from None
    except (NotFound, Conflict, Forbidden) as error:
        if where:
            error.add_note(f"in {where} of the file")
        raise


@contextmanager
def _noted(findings: list[Placed], field: str = "id", value: str = "") -> Iterator[None]:
    """Turn what a person can correct into a finding."""
    try:
        yield
    except Invalid as error:
        findings += placed(error)
    except (NotFound, Conflict) as error:
        findings.append(Placed(Finding("error", field, value, str(error))))


def _unique(field: str, names: Sequence[str]) -> list[str]:
    if not names:
        raise Invalid(field, "", "must name at least one account")
    if len(set(names)) != len(names):
        raise Invalid(field, ",".join(names), "names an account twice")
    return list(names)


def _provisional(app: App, campaign: Campaign, leg: Leg | None, draft: Draft, by: Person) -> Post:
    """Return a post that is due now, so that what is written can be rendered before it has a time."""
    now: datetime = app.clock.now()
    where = leg.zone if leg else campaign.zone
    local = now.replace(tzinfo=None)
    leg_id = leg.id if leg else None
    place = draft.place or {}
    post = Post(app.new_id(), campaign.id, draft.name, leg_id, local, where, app.tzdata, now, place, by.name, now)
    return replace(post, overflow=draft.overflow)


def _variants(post: Post, wordings: Mapping[str, Wording], by: Person) -> list[Variant]:
    return [
        Variant(
            post.id, lang, 1, wording.text, wording.tags, wording.link, by.name, post.created_at, title=wording.title
        )
        for lang, wording in wordings.items()
    ]
