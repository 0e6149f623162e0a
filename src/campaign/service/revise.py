"""revise: another wording in one language of a post that is not out yet; what it outdates is held, never sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.core.language import latest, outdated, stale_fields
from campaign.core.model import (
    FIELDS,
    Campaign,
    Change,
    Delivery,
    Field,
    Medium,
    Person,
    Post,
    PostMedium,
    Role,
    Variant,
)
from campaign.core.text import check_tag, check_text
from campaign.media.captions import take_captions
from campaign.service import App, demand_role, event
from campaign.service.attach import Attachments
from campaign.service.draft import Placed, checked_title, in_order, raise_errors
from campaign.service.enqueue import enqueue, hold, release
from campaign.service.proofread import remarks
from campaign.service.render import Rendered, Scene, render
from campaign.service.replace import check_open, put_in_place
from campaign.service.usage import unwaived
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store import waivers as waiver_rows
from campaign.store.posts import Target


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be changed in one language; None: it stays as it is, an empty title or link takes it away.

    Attributes:
        alt, captions: by the position of the medium, from 1; captions as a file (WebVTT, SRT).
        change: what an edit of the source language does: `meaning` outdates its translations, `typo` does not.
        account: the account that is to have other words than the rest; None: all.
        keep_own: accounts that have words of their own in this language keep them.
        machine: the tool whose words these are: a draft, of which nothing is made before a person has saved it.
        seen: language → the revision that it was made from, 0 for none; another one meanwhile is a Conflict.
    """

    text: str | None = None
    tags: Sequence[str] | None = None
    link: str | None = None
    title: str | None = None
    alt: Mapping[int, str] | None = None
    captions: Mapping[int, Path] | None = None
    change: Change = "meaning"
    account: str | None = None
    keep_own: bool = False
    machine: str | None = None
    seen: Mapping[str, int] | None = None

    @property
    def given(self) -> frozenset[Field]:
        """The fields that something is said of; none: the whole wording is said to hold still."""
        return frozenset(name for name in FIELDS if getattr(self, name) is not None)


@dataclass(frozen=True, slots=True)
class Revised:
    """What a revision led to.

    Attributes:
        outdated: languages that must be translated again before they go out.
        stale: language → the fields in which it is older than the source, alt texts and captions too.
        held: deliveries that now wait for a translation or an approval.
    """

    post: Post
    variant: Variant
    outdated: tuple[str, ...]
    stale: Mapping[str, tuple[Field, ...]]
    held: tuple[Delivery, ...]
    warnings: tuple[str, ...] = ()


@dataclass
class _Desk:
    """A post with all that an edit needs, read in one go."""

    scene: Scene
    post: Post
    variants: list[Variant]
    media: list[PostMedium]
    captions: dict[str, Medium]
    targets: list[Target]

    @property
    def campaign(self) -> Campaign:
        return self.scene.campaign


def revise(
    app: App,
    name: str,
    lang: str,
    edit: Edit | None = None,
    *,
    by: Person,
    based_on: int | None = None,
    campaign_name: str | None = None,
    **fields: Any,
) -> Revised:
    """Append a revision of a post's wording in one language, the first one too; what is not given stays as it was.

    A change of the source's meaning outdates the same fields of the other languages: what waits in them is held until
    each was revised (the same words again, or none at all, say that they still hold) and approved anew. What exactly
    goes out changes, so its approval is void. Another alt text voids the approval of its own language only.

    Args:
        edit: what is to be changed; its fields may be given by name instead.
        based_on: the revision that the person saw; another one meanwhile is a Conflict, with nothing changed.

    Raises:
        Invalid: the campaign has no such language, or the wording breaks a rule or a limit.
        Conflict: it is out, under way or in doubt in that language, or somebody else has revised it meanwhile.
        NotFound, Forbidden.
    """
    edit = edit or Edit(**fields)
    with app.store.read() as tx:
        desk = _read(app, tx, name, campaign_name)
        rows = {row.outgoing_id: row for row in queue.of_post(tx, desk.post.id)}
        queued = post_rows.outgoings_of(tx, desk.post.id)
        waivers = waiver_rows.waivers_of(tx, desk.post.id)
    campaign, post = desk.campaign, desk.post
    demand_writer(by, campaign, lang)
    old = latest(desk.variants).get(lang)
    if lang not in campaign.languages:
        raise Invalid("lang", lang, f"campaign {campaign.name} has: {', '.join(campaign.languages)}")
    if based_on is not None and (old is None or based_on != old.revision):
        at = f"at revision {old.revision} by {old.author}, not {based_on} any more" if old else "not written yet"
        _faster(post, lang, at, old, edit)
    for each, revision in (edit.seen or {}).items():
        there = latest(desk.variants).get(each)
        if (there.revision if there else 0) != revision:
            raise Conflict(f"post {post.name} ({each}) was changed meanwhile; nothing was kept, do it again")
    mine = [entry for entry in queued if lang in entry.outgoing.langs]
    check_open(post, lang, [rows[entry.id] for entry in mine if entry.id in rows])
    captions = _captions(app, desk, lang, edit)
    if edit.account is not None:
        new, targets = _own_words(desk, lang, old, edit)
    else:
        new, targets = _variant(app, desk, lang, old, edit, captions, by=by), _spoken(desk, lang)
        _check_own(desk, lang, edit)
    variants = [*desk.variants, new] if edit.account is None else desk.variants
    changed = replace(post, langs=_declared(campaign, post, desk.variants, lang))
    rendered = Rendered()
    touched = [target for target in targets if lang in target.langs]
    attached = Attachments.kept(app, _shown(desk.media, latest(variants)), desk.captions | captions)
    if edit.machine is None:
        rendered = render(desk.scene, changed, touched, _by_people(variants), attached)
        rendered.findings += unwaived(_remarks(desk, changed, lang, new, variants, targets, attached), waivers)
        raise_errors(rendered.findings)
    for digest in captions:
        app.media.put(app.shelf.path(digest))
    attached.keep(app.media)
    with app.store.begin() as tx:
        _check_unchanged(tx, post, desk.variants, lang, edit)
        post_rows.change_post(tx, changed, at=app.clock.now())
        if edit.account is None:
            post_rows.add_variants(tx, [new])
        post_rows.add_mediums(tx, [*attached.others, *captions.values()])
        for target, before in zip(targets, desk.targets, strict=True):
            if target != before:
                post_rows.change_target(tx, target)
        carry = _others_stand(edit, new, old, campaign)
        if edit.machine is None:
            put_in_place(app, tx, campaign, post, touched, rendered.queued, lang=lang if carry else None)
        held = hold(app, tx, campaign, post)
        release(app, tx, campaign, post)
        if campaign.approval == "none" and rows:
            enqueue(app, tx, campaign, post, by=by.name)
        stale = stale_fields(variants, campaign.source_lang)
        old_langs = sorted(outdated(variants, campaign.source_lang))
        detail = {"lang": lang, "revision": new.revision, "change": new.change, "outdated": old_langs}
        detail |= {"account": edit.account} if edit.account else {}
        detail |= {"machine": edit.machine} if edit.machine else {}
        event(app, tx, "post.revised", by.name, post_id=post.id, detail=detail)
    warnings = dict.fromkeys(str(item) for item in rendered.findings)
    told = {each: tuple(fields) for each, fields in stale.items()}
    return Revised(changed, new, tuple(old_langs), told, tuple(held), tuple(warnings))


def _read(app: App, tx: Any, name: str, campaign_name: str | None) -> _Desk:
    chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
    post = post_rows.post_named(tx, name, chosen)
    campaign = campaign_rows.campaign_of(tx, post.campaign_id)
    media = post_rows.media_of(tx, post.id)
    digests = {digest for item in media for digest in item.captions.values()}
    captions = {digest: medium for digest in digests if (medium := post_rows.medium_of(tx, digest)) is not None}
    variants, targets = post_rows.variants_of(tx, post.id), post_rows.targets_of(tx, post.id)
    return _Desk(Scene.read(app, tx, campaign), post, variants, media, captions, targets)


def demand_writer(by: Person, campaign: Campaign, lang: str) -> None:
    """Check that a person may write in this language: a translator may in others than the source."""
    if Role.TRANSLATOR in by.roles and not by.roles & {Role.AUTHOR, Role.ADMIN} and lang == campaign.source_lang:
        raise Forbidden(f"user '{by.name}' is translator; {lang} is the source language, which an author writes")
    demand_role(by, Role.AUTHOR, Role.TRANSLATOR)
    if Role.TRANSLATOR in by.roles and not by.roles & {Role.AUTHOR, Role.ADMIN} and by.langs and lang not in by.langs:
        raise Forbidden(f"user '{by.name}' translates into {', '.join(sorted(by.langs))}, not into {lang}")


def _variant(
    app: App,
    desk: _Desk,
    lang: str,
    old: Variant | None,
    edit: Edit,
    captions: Mapping[str, Medium],
    *,
    by: Person,
) -> Variant:
    """Return the revision that the edit makes. Raises: Invalid."""
    source = desk.campaign.source_lang
    newest = latest(desk.variants).get(source)
    if old is None:
        if edit.text is None:
            raise Invalid(f"text ({lang})", "", f"post {desk.post.name} has none in {lang} yet; give one with --text")
        old = Variant(desk.post.id, lang, 0, "", (), None, by.name, app.clock.now())
    if edit.link and not edit.link.startswith(("https://", "http://")):
        raise Invalid(f"link ({lang})", edit.link, "must begin with https://")
    alt = {position: check_text(f"alt {position} ({lang})", text) for position, text in (edit.alt or {}).items()}
    _check_positions("alt", lang, desk.media, alt)
    files = dict(zip(edit.captions or {}, captions, strict=True))
    new = replace(
        old,
        revision=old.revision + 1,
        text=old.text if edit.text is None else check_text(f"text ({lang})", edit.text),
        tags=old.tags if edit.tags is None else tuple(check_tag(f"tags ({lang})", tag) for tag in edit.tags),
        link=old.link if edit.link is None else edit.link.replace("{lang}", lang) or None,
        title=old.title if edit.title is None else checked_title(lang, edit.title),
        alt={**old.alt, **alt},
        captions={**old.captions, **files},
        author=by.name,
        created_at=app.clock.now(),
        change=edit.change if lang == source else "meaning",
        machine=edit.machine,
    )
    if lang != source and newest is not None:
        said = edit.given if edit.given and old.revision else frozenset(FIELDS)
        new = replace(new, based_on={**old.based_on, **dict.fromkeys(sorted(said), newest.revision)})
    same = all(getattr(new, field) == getattr(old, field) for field in FIELDS)
    if same and old.machine is None and not stale_fields(desk.variants, source).get(lang):
        raise Invalid(f"text ({lang})", new.text[:40], "is what it says already; nothing was changed")
    return new


def _own_words(desk: _Desk, lang: str, old: Variant | None, edit: Edit) -> tuple[Variant, list[Target]]:
    """Return the wording that holds, and the targets with other words for one account. Raises: Invalid."""
    known = {desk.scene.accounts[target.account_id].name: target for target in desk.targets}
    target = known.get(edit.account or "")
    if target is None or old is None or lang not in target.langs:
        where = ", ".join(name for name, each in known.items() if lang in each.langs) or "no account"
        raise Invalid("account", edit.account, f"post {desk.post.name} goes in {lang} to: {where}")
    if wrong := sorted(edit.given & {"alt", "captions"}):
        raise Invalid(wrong[0], edit.account, "is the same for all accounts; leave --account out")
    own: dict[str, Any] = dict(target.overrides.get(lang, {}))
    if edit.text is not None:
        own["text"] = check_text(f"text ({lang})", edit.text)
    if edit.tags is not None:
        own["tags"] = [check_tag(f"tags ({lang})", tag) for tag in edit.tags]
    if edit.link is not None:
        own["link"] = edit.link.replace("{lang}", lang)
        if own["link"] and not own["link"].startswith(("https://", "http://")):
            raise Invalid(f"link ({lang})", edit.link, "must begin with https://")
    if edit.title is not None:
        own["title"] = checked_title(lang, edit.title) or ""
    own = {name: value for name, value in own.items() if value != _common(old, name)} if edit.given else {}
    overrides = {**target.overrides, lang: {**own, "based_on": old.revision}}
    if not own.keys() - {"based_on"}:
        del overrides[lang]  # nothing of its own is left: the common words go there again
    changed = replace(target, overrides=overrides)
    return old, [changed if each.id == target.id else each for each in desk.targets]


def _common(variant: Variant, name: str) -> Any:
    return list(variant.tags) if name == "tags" else getattr(variant, name, None)


def _check_own(desk: _Desk, lang: str, edit: Edit) -> None:
    """Check that the words which an account has of its own are not left behind unseen. Raises: Conflict."""
    if edit.keep_own or edit.machine or edit.change == "typo":
        return
    own = sorted(
        desk.scene.accounts[target.account_id].name
        for target in desk.targets
        if edit.given & target.overrides.get(lang, {}).keys()
    )
    if own:
        raise Conflict(
            f"account {own[0]} has words of its own in {lang}: say that they still hold (--keep-own), or revise them "
            f"first: campaign post edit {desk.post.name} --lang {lang} --account {own[0]}"
        )


def _captions(app: App, desk: _Desk, lang: str, edit: Edit) -> dict[str, Medium]:
    """Take caption files in; return digest → medium, in the order of the edit. Raises: Invalid."""
    found: dict[str, Medium] = {}
    _check_positions("captions", lang, desk.media, edit.captions or {})
    by_position = {item.position: item.medium for item in desk.media}
    for position, file in (edit.captions or {}).items():
        name = f"captions {position} ({lang})"
        if not by_position[position].is_clip:
            raise Invalid(name, file.name, "goes with a clip; this is a picture")
        medium, _ = take_captions(file, app.shelf, lang=lang, seconds=by_position[position].seconds, field=name)
        found[medium.sha256] = medium
    return found


def _check_positions(what: str, lang: str, media: Sequence[PostMedium], given: Mapping[int, Any]) -> None:
    known = {item.position for item in media}
    for position in given:
        if position not in known:
            there = f"has {len(known)} media" if known else "has no media"
            raise Invalid(f"{what} {position} ({lang})", position, f"there is no such medium: the post {there}")


def _spoken(desk: _Desk, lang: str) -> list[Target]:
    """Return the targets, this language added where the account speaks it and it is not among theirs yet."""
    found: list[Target] = []
    for target in desk.targets:
        account = desk.scene.accounts.get(target.account_id)
        left_out = not target.langs  # an account that was taken away, which no edit brings back
        if account is None or left_out or lang in target.langs or lang not in account.langs:
            found.append(target)
            continue
        # A thread goes on below what there is; elsewhere the languages stand in the campaign's order.
        langs = (*target.langs, lang)
        if target.strategy != "thread":
            langs = tuple(each for each in in_order(desk.campaign) if each in langs)
        found.append(replace(target, langs=langs))
    return found


def _declared(campaign: Campaign, post: Post, variants: Sequence[Variant], lang: str) -> tuple[str, ...]:
    has = {*(post.langs or latest(variants)), lang}
    return tuple(each for each in in_order(campaign) if each in has)


def _by_people(variants: Sequence[Variant]) -> dict[str, Variant]:
    """Return the newest words that a person wrote, or saved, in each language."""
    return latest([variant for variant in variants if variant.machine is None])


def _shown(media: Sequence[PostMedium], newest: Mapping[str, Variant]) -> list[PostMedium]:
    """Return the media with the alt texts and captions of these revisions."""
    found: list[PostMedium] = []
    for item in media:
        alt = {lang: v.alt[item.position] for lang, v in newest.items() if item.position in v.alt}
        captions = {lang: v.captions[item.position] for lang, v in newest.items() if item.position in v.captions}
        found.append(replace(item, alt={**item.alt, **alt}, captions={**item.captions, **captions}))
    return found


def _remarks(
    desk: _Desk,
    post: Post,
    lang: str,
    new: Variant,
    variants: Sequence[Variant],
    targets: Sequence[Target],
    attached: Attachments,
) -> list[Placed]:
    """Return what is to be said of the words in this language, beside those of the source."""
    source = latest(variants).get(desk.campaign.source_lang)
    words = {lang: new} if source is None else {desk.campaign.source_lang: source, lang: new}
    found = remarks(desk.scene.usage, post, words, attached.media, targets, desk.scene.accounts)
    return [one for one in found if lang in one.langs]


def _others_stand(edit: Edit, new: Variant, old: Variant | None, campaign: Campaign) -> bool:
    """Whether the approvals of the other languages in a post of several are left as they are."""
    if old is None or edit.account is not None:
        return False
    if new.lang == campaign.source_lang and new.change == "typo":
        return True
    return all(getattr(new, field) == getattr(old, field) for field in FIELDS if field not in ("alt", "captions"))


def _check_unchanged(tx: Any, post: Post, seen: Sequence[Variant], lang: str, edit: Edit) -> None:
    """Check that nobody was faster. Raises: Conflict."""
    before, now = latest(seen).get(lang), latest(post_rows.variants_of(tx, post.id)).get(lang)
    if now is not None and now != before:
        _faster(post, lang, f"at revision {now.revision} by {now.author} by now", now, edit)


def _faster(post: Post, lang: str, at: str, now: Variant | None, edit: Edit) -> NoReturn:
    """Show both versions, so that nothing that was typed is lost. Raises: Conflict."""
    wrote = "" if edit.text is None else f"; you wrote: {edit.text}"
    raise Conflict(f"post {post.name} ({lang}) is {at}; it says now: {now.text if now else ''}{wrote}")
