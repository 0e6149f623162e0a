"""compose: from texts, pictures and accounts to a Post with its Variants, Targets and Outgoings, or to nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from campaign.core.check import check, demand
from campaign.core.errors import CampaignError, Conflict, Forbidden, Invalid, ManyInvalid, NotFound
from campaign.core.model import (
    Account,
    Campaign,
    Delivery,
    Leg,
    Medium,
    Outgoing,
    OutgoingMedium,
    Person,
    Post,
    PostMedium,
    Role,
    Strategy,
    Variant,
)
from campaign.core.schedule import Fold, Gap, audience_time, in_zone, parse_local, resolve, zone
from campaign.core.text import check_tag, check_text, compose_text, normalise, split_text
from campaign.media.images import take_image
from campaign.media.library import Library
from campaign.service import App, demand_role, event
from campaign.service.enqueue import enqueue
from campaign.store import Fleeting
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store.posts import Queued, Target


@dataclass(frozen=True, slots=True)
class Wording:
    """One language of a draft."""

    text: str
    tags: tuple[str, ...] = ()
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of a draft with its alt text per language."""

    file: Path
    alt: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person hands in. `at` is local wall time; `zone` wins over the leg's, the leg's over the campaign's."""

    name: str
    wordings: Mapping[str, Wording]
    at: str
    to: tuple[str, ...]
    pictures: tuple[Picture, ...] = ()
    leg: str | None = None
    zone: str | None = None
    place: Mapping[str, str] | None = None
    strategy: Strategy = "split"
    overflow: Literal["refuse", "thread"] = "refuse"
    gap: Gap | None = None
    fold: Fold | None = None
    now: bool = False


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


def compose(app: App, campaign_name: str, draft: Draft, *, by: Person, approve_now: bool = False) -> Composed:
    """Check a draft as a whole and keep it, or change nothing.

    Raises:
        Invalid: a field breaks a rule (several at once: ManyInvalid).
        NotFound: the campaign, the leg or an account is unknown.
        Conflict: the campaign has a post of that id.
        Forbidden: the person may not write, or `approve_now` where the campaign's policy wants a second person.
    """
    demand_role(by, Role.AUTHOR)
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        leg = campaign_rows.leg_named(tx, campaign, draft.leg) if draft.leg else None
        targets = [account_rows.account_named(tx, name) for name in _unique("to", draft.to)]
    if approve_now and campaign.approval != "none":
        raise Forbidden(
            f"campaign '{campaign.name}' wants a second person's approval: leave --approve out and let another user "
            f"run: campaign post approve {draft.name} --as NAME"
        )
    name = _checked_name("id", draft.name)
    wordings = _checked_wordings(campaign, draft.wordings)
    post = _timed(app, campaign, leg, draft, name, by)
    langs_of = {account.id: _common(account, wordings) for account in targets}
    with TemporaryDirectory(prefix="campaign-") as folder:
        # Pictures are read and cleaned beside the library: a draft that is refused leaves nothing in it.
        scratch = Library(Path(folder), limit=app.media.limit)
        pictures, originals = _take(
            app, campaign, draft, scratch, sorted({lang for ls in langs_of.values() for lang in ls})
        )
        queued, warnings, rows = _render(app, campaign, leg, post, draft, wordings, pictures, targets, langs_of)
        with app.store.read() as tx:
            post_rows.demand_free_name(tx, campaign, name)
        for medium in [*(item.medium for item in pictures), *originals]:
            app.media.put(scratch.path(medium.sha256))
    with app.store.begin() as tx:
        post_rows.add_post(tx, post)
        post_rows.add_variants(tx, _variants(app, post, wordings, by))
        post_rows.add_media(tx, post.id, [replace(item, post_id=post.id) for item in pictures])
        post_rows.add_targets(tx, rows)
        post_rows.add_outgoings(tx, queued, at=post.created_at)
        event(app, tx, "post.composed", by.name, post_id=post.id, detail={"outgoings": [q.sha256 for q in queued]})
        deliveries = enqueue(app, tx, campaign, post, by=by.name) if approve_now else []
    return Composed(post, tuple(queued), tuple(warnings), tuple(deliveries))


def compose_all(app: App, entries: Sequence[Entry], *, by: Person) -> list[Composed]:
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
                    compose(stage, entry.campaign, entry.draft, by=by, approve_now=entry.approve_now)
            except Invalid as error:
                findings += error.findings if isinstance(error, ManyInvalid) else [error]
    if findings:
        raise ManyInvalid(findings)
    done: list[Composed] = []
    for entry in entries:
        try:
            with _named(entry.where):
                done.append(compose(app, entry.campaign, entry.draft, by=by, approve_now=entry.approve_now))
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


def _checked_name(field: str, name: str) -> str:
    clean = normalise(name)
    if not clean or len(clean) > 64 or not all(c.isalnum() or c in "-_." for c in clean) or clean.startswith("."):
        raise Invalid(field, name, "must be 1 to 64 letters, digits, - _ or ., as in P01")
    return clean


def _unique(field: str, names: Sequence[str]) -> list[str]:
    if not names:
        raise Invalid(field, "", "must name at least one account")
    if len(set(names)) != len(names):
        raise Invalid(field, ",".join(names), "names an account twice")
    return list(names)


def _checked_wordings(campaign: Campaign, given: Mapping[str, Wording]) -> dict[str, Wording]:
    if not given:
        raise Invalid("text", "", "must be given in at least one language, as in --text ko=…")
    findings: list[Invalid] = []
    clean: dict[str, Wording] = {}
    for lang, wording in given.items():
        try:
            if lang not in campaign.languages:
                known = ", ".join(campaign.languages)
                raise Invalid(f"text ({lang})", lang, f"is no language of campaign {campaign.name}, which has: {known}")
            tags = tuple(check_tag(f"tags ({lang})", tag) for tag in wording.tags)
            link = wording.link.replace("{lang}", lang) if wording.link else None
            if link and not link.startswith(("https://", "http://")):
                raise Invalid(f"link ({lang})", link, "must begin with https://")
            clean[lang] = Wording(check_text(f"text ({lang})", wording.text), tags, link)
        except Invalid as finding:
            findings.append(finding)
    if findings:
        raise findings[0] if len(findings) == 1 else ManyInvalid(findings)
    order = [campaign.source_lang, *(lang for lang in campaign.languages if lang != campaign.source_lang)]
    return {lang: clean[lang] for lang in order if lang in clean}


def _timed(app: App, campaign: Campaign, leg: Leg | None, draft: Draft, name: str, by: Person) -> Post:
    where = draft.zone or (leg.zone if leg else campaign.zone)
    zone("tz", where)
    now = app.clock.now()
    local = parse_local("at", draft.at)
    due_at = resolve("at", local, where, gap=draft.gap, fold=draft.fold)
    if due_at < now:
        if not draft.now:
            shown = f"{in_zone(due_at, where)} is past, it is {in_zone(now, where)} now"
            raise Invalid("at", draft.at, f"{shown}; give a later time, or --now to send it at once")
        due_at = now
    return Post(
        id=app.new_id(),
        campaign_id=campaign.id,
        name=name,
        leg_id=leg.id if leg else None,
        local_at=local,
        zone=where,
        tzdata=app.tzdata,
        due_at=due_at,
        place=dict(draft.place or {}),
        author=by.name,
        created_at=now,
    )


def _common(account: Account, wordings: Mapping[str, Wording]) -> tuple[str, ...]:
    common = tuple(lang for lang in wordings if lang in account.langs)
    if not common:
        speaks, has = ", ".join(account.langs), ", ".join(wordings)
        raise Invalid("to", account.name, f"this account speaks {speaks}, the post has {has}: no language in common")
    return common


def _take(
    app: App, campaign: Campaign, draft: Draft, scratch: Library, langs: Sequence[str]
) -> tuple[list[PostMedium], list[Medium]]:
    """Read the pictures into a scratch library; return them clean, and the files that they were made of."""
    findings: list[Invalid] = []
    for position, picture in enumerate(draft.pictures, 1):
        for lang in picture.alt:
            if lang not in campaign.languages:
                findings.append(
                    Invalid(f"alt {position} ({lang})", lang, f"is no language of campaign {campaign.name}")
                )
        for lang in langs:
            if not picture.alt.get(lang, "").strip():
                rule = f"{picture.file.name} needs an alt text in {lang}; give it as --alt {lang}=…"
                findings.append(Invalid(f"alt {position} ({lang})", "", rule))
    if findings:
        raise findings[0] if len(findings) == 1 else ManyInvalid(findings)
    taken: list[PostMedium] = []
    originals: list[Medium] = []
    for position, picture in enumerate(draft.pictures, 1):
        image = take_image(picture.file, scratch, max_pixels=app.max_pixels)
        alt = {lang: check_text(f"alt {position} ({lang})", text) for lang, text in picture.alt.items()}
        taken.append(PostMedium("", position, image.medium, alt))
        originals.append(image.original)
    return taken, originals


def _render(
    app: App,
    campaign: Campaign,
    leg: Leg | None,
    post: Post,
    draft: Draft,
    wordings: Mapping[str, Wording],
    pictures: Sequence[PostMedium],
    accounts: Sequence[Account],
    langs_of: Mapping[str, tuple[str, ...]],
) -> tuple[list[Queued], list[str], list[Target]]:
    """Make exactly what will leave, and check it against each account's limits."""
    queued: list[Queued] = []
    rows: list[Target] = []
    findings = []
    for account in accounts:
        langs = langs_of[account.id]
        strategy = draft.strategy if len(langs) > 1 else "split"
        target = Target(app.new_id(), post.id, account.id, strategy, langs)
        rows.append(target)
        capabilities = app.capabilities(account)
        groups = [langs] if strategy == "combined" else [(lang,) for lang in langs]
        parent: Queued | None = None
        for group in groups:
            texts = [compose_text(wordings[lang].text, wordings[lang].tags, wordings[lang].link) for lang in group]
            parts = ["\n\n".join(texts)]
            if draft.overflow == "thread":
                parts = split_text(parts[0], capabilities.text)
            due_at, why = post.due_at, None
            if not draft.now:  # who says now means now
                due_at, why = audience_time(due_at, group, campaign.quiet_hours, leg.zone if leg else post.zone)
            if strategy != "thread":
                parent = None
            for number, text in enumerate(parts, 1):
                media = _media_of(pictures, group) if number == 1 else ()
                outgoing = Outgoing(
                    account=account.name,
                    platform=account.platform,
                    langs=group,
                    text=text,
                    tags=tuple(tag for lang in group for tag in wordings[lang].tags),
                    link=wordings[group[0]].link,
                    media=media,
                    part=number,
                    parts=len(parts),
                )
                findings += check(outgoing, capabilities)
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
                queued.append(parent)
    demand(findings)
    return queued, [str(finding) for finding in findings if finding.severity == "warning"], rows


def _media_of(pictures: Sequence[PostMedium], langs: Sequence[str]) -> tuple[OutgoingMedium, ...]:
    return tuple(
        OutgoingMedium(
            sha256=item.medium.sha256,
            mime=item.medium.mime,
            size=item.medium.size,
            width=item.medium.width,
            height=item.medium.height,
            alt="\n".join(item.alt[lang] for lang in langs),
        )
        for item in pictures
    )


def _variants(app: App, post: Post, wordings: Mapping[str, Wording], by: Person) -> list[Variant]:
    return [
        Variant(post.id, lang, 1, wording.text, wording.tags, wording.link, by.name, post.created_at)
        for lang, wording in wordings.items()
    ]
