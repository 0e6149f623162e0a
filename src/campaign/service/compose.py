"""compose: from texts, media and accounts to a Post with its Variants, Targets and Outgoings, or to nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from campaign.core.check import Finding, check, text_limit
from campaign.core.errors import CampaignError, Conflict, Forbidden, Invalid, ManyInvalid, NotFound
from campaign.core.model import Account, Campaign, Delivery, Leg, Outgoing, Person, Post, Role, Variant
from campaign.core.schedule import audience_time
from campaign.core.text import count, split_text
from campaign.media.library import Library
from campaign.media.shelf import Shelf
from campaign.service import App, demand_role, event
from campaign.service.attach import Attachments, attach
from campaign.service.draft import (
    Draft,
    Picture,
    Placed,
    Progress,
    Wording,
    checked_name,
    checked_wordings,
    common_langs,
    placed,
    raise_errors,
    timed,
)
from campaign.service.enqueue import enqueue
from campaign.service.word import worded
from campaign.store import Fleeting
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store.posts import Queued, Target

__all__ = [
    "Composed",
    "Counted",
    "Draft",
    "Entry",
    "Picture",
    "Placed",
    "Preview",
    "Wording",
    "compose",
    "compose_all",
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
class Counted:
    """How long the text of one Outgoing is, as its platform counts."""

    account: str
    langs: tuple[str, ...]
    part: int
    length: int
    limit: int
    unit: str  # characters | graphemes | utf16


@dataclass(frozen=True, slots=True)
class Preview:
    """What compose() would make of a draft.

    Attributes:
        post: with its time; None while the time is not one yet (the outgoings are then due now, provisionally).
        outgoings: exactly what would leave, each with its time; parents before their parts.
        counts: one for each of the outgoings, in their order.
        findings: errors and warnings; where there is an error, compose() would raise it.
    """

    post: Post | None
    outgoings: tuple[Queued, ...]
    counts: tuple[Counted, ...]
    findings: tuple[Placed, ...]

    @property
    def is_good(self) -> bool:
        """Whether compose() would keep it."""
        return not any(item.is_error for item in self.findings)


@dataclass
class _Plan:
    """A draft on its way to a post."""

    post: Post
    wordings: dict[str, Wording] = field(default_factory=dict)
    timed: bool = True
    attached: Attachments | None = None
    targets: list[Target] = field(default_factory=list)
    queued: list[Queued] = field(default_factory=list)
    counts: list[Counted] = field(default_factory=list)
    findings: list[Placed] = field(default_factory=list)


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
    demand_role(by, Role.AUTHOR)
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        leg = campaign_rows.leg_named(tx, campaign, draft.leg) if draft.leg else None
        accounts = [account_rows.account_named(tx, name) for name in _unique("to", draft.to)]
    if approve_now and campaign.approval != "none":
        raise Forbidden(
            f"campaign '{campaign.name}' wants a second person's approval: leave --approve out and let another user "
            f"run: campaign post approve {draft.name} --as NAME"
        )
    post = None
    name = checked_name("id", draft.name)
    wordings, findings = checked_wordings(campaign, draft.wordings)
    raise_errors(findings)
    post = timed(app, campaign, leg, draft, name, by)
    langs_of = {account.id: common_langs(account, wordings) for account in accounts}
    with TemporaryDirectory(prefix="campaign-") as folder:
        # Pictures are read and cleaned beside the library: a draft that is refused leaves nothing in it.
        scratch = Shelf(Path(folder), limit=app.media.limit)
        plan = _Plan(post, wordings)
        plan.attached, findings = attach(app, campaign, draft, _spoken(langs_of), pictures=scratch, progress=progress)
        raise_errors(findings)
        plan.findings += findings
        _render(app, campaign, leg, plan, draft, accounts, langs_of)
        raise_errors(plan.findings)
        with app.store.read() as tx:
            post_rows.demand_free_name(tx, campaign, name)
        plan.attached.keep(app.media)
    with app.store.begin() as tx:
        post_rows.add_post(tx, post)
        post_rows.add_variants(tx, _variants(post, wordings, by))
        post_rows.add_media(tx, [replace(item, post_id=post.id) for item in plan.attached.media])
        post_rows.add_mediums(tx, plan.attached.others)
        post_rows.add_targets(tx, plan.targets)
        post_rows.add_outgoings(tx, plan.queued, at=post.created_at)
        detail = {"outgoings": [q.sha256 for q in plan.queued]}
        event(app, tx, "post.composed", by.name, post_id=post.id, detail=detail)
        deliveries = enqueue(app, tx, campaign, post, by=by.name) if approve_now else []
    warnings = dict.fromkeys(str(item) for item in plan.findings)
    return Composed(post, tuple(plan.queued), tuple(warnings), tuple(deliveries))


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
    langs_of: dict[str, tuple[str, ...]] = {}
    for account in accounts if wordings else ():
        with _noted(findings):
            langs_of[account.id] = common_langs(account, wordings)
    plan = _Plan(post or _provisional(app, campaign, leg, draft, by), wordings)
    spoken = _spoken(langs_of)
    plan.attached, wrong = attach(app, campaign, draft, spoken, pictures=app.shelf, progress=progress)
    _render(app, campaign, leg, plan, draft, [account for account in accounts if account.id in langs_of], langs_of)
    findings += wrong
    missing = {item.finding.field for item in findings}  # an alt text that is not there is missed once, not per account
    findings += [item for item in plan.findings if item.finding.field not in missing]
    return Preview(post, tuple(plan.queued), tuple(plan.counts), tuple(findings))


def compose_all(app: App, entries: Sequence[Entry], *, by: Person, progress: Progress | None = None) -> list[Composed]:
    """Keep several posts, or none: all are tried first on a store that keeps nothing, so all findings come at once.

    Raises:
        ManyInvalid: what is wrong with any of them, each finding named by where it stands.
        NotFound, Conflict, Forbidden: the first of these, named likewise.
    """
    findings: list[Invalid] = []
    with TemporaryDirectory(prefix="campaign-") as folder:
        library = Library(Path(folder), limit=app.media.limit)
        stage = replace(app, store=Fleeting(app.store.engine), media=library)
        for entry in entries if len(entries) > 1 else ():
            try:
                with _named(entry.where):
                    compose(stage, entry.campaign, entry.draft, by=by, approve_now=entry.approve_now, progress=progress)
            except Invalid as error:
                findings += error.findings if isinstance(error, ManyInvalid) else [error]
    if findings:
        raise ManyInvalid(findings)
    done: list[Composed] = []
    for entry in entries:
        try:
            with _named(entry.where):
                made = compose(
                    app, entry.campaign, entry.draft, by=by, approve_now=entry.approve_now, progress=progress
                )
            done.append(made)
        except CampaignError as error:
            if done:
                error.add_note(f"kept before it: {', '.join(item.post.name for item in done)}")
            raise
    return done


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


def _spoken(langs_of: Mapping[str, tuple[str, ...]]) -> list[str]:
    return sorted({lang for langs in langs_of.values() for lang in langs})


def _provisional(app: App, campaign: Campaign, leg: Leg | None, draft: Draft, by: Person) -> Post:
    """Return a post that is due now, so that what is written can be rendered before it has a time."""
    now: datetime = app.clock.now()
    where = leg.zone if leg else campaign.zone
    local = now.replace(tzinfo=None)
    leg_id = leg.id if leg else None
    return Post(
        app.new_id(), campaign.id, draft.name, leg_id, local, where, app.tzdata, now, draft.place or {}, by.name, now
    )


def _render(
    app: App,
    campaign: Campaign,
    leg: Leg | None,
    plan: _Plan,
    draft: Draft,
    accounts: Sequence[Account],
    langs_of: Mapping[str, tuple[str, ...]],
) -> None:
    """Make exactly what will leave, and check it against each account's limits."""
    post, wordings = plan.post, plan.wordings
    for account in accounts:
        langs = langs_of[account.id]
        strategy = draft.strategy if len(langs) > 1 else "split"
        target = Target(app.new_id(), post.id, account.id, strategy, langs)
        plan.targets.append(target)
        capabilities = app.capabilities(account)
        if strategy == "native" and not capabilities.localizes:
            rule = f"{account.platform} holds no post in several languages; choose split, combined or thread"
            plan.findings += placed(Invalid("strategy", "native", rule), account.name)
            continue
        unreachable = app.share_trouble(account) if capabilities.fetches_media and draft.pictures else None
        if unreachable:
            plan.findings += placed(Invalid("media", f"for {account.name}", unreachable), account.name)
            continue
        groups = [langs] if strategy in ("combined", "native") else [(lang,) for lang in langs]
        parent: Queued | None = None
        for group in groups:
            whole = worded(
                Outgoing(account.name, account.platform, group, ""), wordings, capabilities, native=strategy == "native"
            )
            media, wrong = plan.attached.outgoing(account, capabilities, group) if plan.attached else ((), [])
            plan.findings += wrong
            parts = [whole.text]
            if draft.overflow != "refuse":
                try:
                    parts = split_text(
                        parts[0], capabilities.text, under_media=bool(media), numbered=draft.overflow == "numbered"
                    )
                except Invalid as error:
                    plan.findings += placed(error, account.name, group)
            due_at, why = post.due_at, None
            if not draft.now:  # who says now means now
                due_at, why = audience_time(due_at, group, campaign.quiet_hours, leg.zone if leg else post.zone)
            if strategy != "thread":
                parent = None
            for number, text in enumerate(parts, 1):
                outgoing = replace(
                    whole,
                    text=text,
                    media=media if number == 1 else (),
                    part=number,
                    parts=len(parts),
                    title=whole.title if number == 1 else None,
                )
                plan.findings += [Placed(f, account.name, group, number) for f in check(outgoing, capabilities)]
                length, limit = count(text, capabilities.text), text_limit(outgoing, capabilities)
                plan.counts.append(Counted(account.name, group, number, length, limit, capabilities.text.counts))
                if parent is not None and parent.due_at > due_at:
                    due_at = parent.due_at  # a reply cannot go out before what it answers
                parent = Queued(
                    id=app.new_id(),
                    target_id=target.id,
                    post_id=post.id,
                    account_id=account.id,
                    outgoing=outgoing,
                    sha256=outgoing.sha256,
                    due_at=due_at,
                    moved_because=why,
                    parent_id=parent.id if parent else None,
                )
                plan.queued.append(parent)


def _variants(post: Post, wordings: Mapping[str, Wording], by: Person) -> list[Variant]:
    return [
        Variant(
            post.id, lang, 1, wording.text, wording.tags, wording.link, by.name, post.created_at, title=wording.title
        )
        for lang, wording in wordings.items()
    ]
