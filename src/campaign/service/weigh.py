"""weigh: what other words in one language would make of a post: how long it is then, and what stands against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from campaign.core.errors import Invalid
from campaign.core.language import latest
from campaign.core.model import Lang, Medium, Person, Post, PostMedium
from campaign.media.captions import take_captions
from campaign.service import App
from campaign.service.attach import Attachments
from campaign.service.draft import Placed, Wording, checked_wordings, placed
from campaign.service.forecast import Foreseen, foreseen, learned
from campaign.service.render import Counted, Rendered, Scene, render
from campaign.service.revise import demand_writer
from campaign.service.usage import unwaived
from campaign.service.word import Worded
from campaign.store import campaigns as campaign_rows
from campaign.store import pairs
from campaign.store import posts as post_rows
from campaign.store import waivers as waiver_rows
from campaign.store.posts import Target


@dataclass(frozen=True, slots=True)
class Weighed:
    """What revise() would make of these words.

    Attributes:
        counts: how long each of the post's texts in this language would be, as its account counts.
        findings: errors and warnings; where there is an error, revise() would raise it.
        forecasts: of the source language: how long the post will be where it is not written yet.
    """

    counts: tuple[Counted, ...] = ()
    findings: tuple[Placed, ...] = ()
    forecasts: tuple[Foreseen, ...] = ()


def weigh(
    app: App,
    name: str,
    lang: Lang,
    wording: Wording,
    *,
    by: Person,
    alt: Mapping[int, str] | None = None,
    captions: Mapping[int, Path] | None = None,
    account: str | None = None,
    campaign_name: str | None = None,
) -> Weighed:
    """Do what revise() would do with these words but keep nothing; cheap enough to be called while a person types.

    Args:
        alt, captions: by the position of the medium; what is not named stays as it is.
        account: the account whose own words these are; None: all have them.

    Raises:
        NotFound, Forbidden.
    """
    with app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        scene = Scene.read(app, tx, campaign)
        newest, targets = latest(post_rows.variants_of(tx, post.id)), post_rows.targets_of(tx, post.id)
        media = post_rows.media_of(tx, post.id)
        digests = {digest for item in media for digest in item.captions.values()}
        rows = {digest: medium for digest in digests if (medium := post_rows.medium_of(tx, digest)) is not None}
        waivers = waiver_rows.waivers_of(tx, post.id)
    demand_writer(by, campaign, lang)
    words, findings = checked_wordings(campaign, {lang: wording})
    if lang not in words:
        return Weighed(findings=tuple(findings))
    media, taken, wrong = _shown(app, media, lang, alt or {}, captions or {})
    others: dict[Lang, Worded] = {each: v for each, v in newest.items() if v.machine is None}
    common = words[lang] if account is None else others.get(lang, words[lang])
    touched = [each for each in _spoken(scene, targets, lang) if lang in each.langs]
    if account is not None:
        own = {"text": words[lang].text, "tags": words[lang].tags, "link": words[lang].link, "title": words[lang].title}
        mine = [each for each in touched if scene.accounts[each.account_id].name == account]
        touched = [replace(each, overrides={**each.overrides, lang: own}) for each in mine]
    attached = Attachments.kept(app, media, rows | taken)
    planned = replace(post, langs=(*(post.langs or newest), lang))
    rendered = Rendered()
    try:
        rendered = render(scene, planned, touched, {**others, lang: common}, attached)
    except Invalid as error:
        findings += placed(error)
    beside = {campaign.source_lang: newest[campaign.source_lang]} if campaign.source_lang in newest else {}
    remarks = scene.usage.remarks(planned, {**beside, lang: words[lang]}, media)
    findings += wrong + rendered.findings + unwaived(remarks, waivers)
    foretold = account is None and lang == campaign.source_lang
    return Weighed(
        tuple(count for count in rendered.counts if lang in count.langs),
        tuple(dict.fromkeys(one for one in findings if not one.langs or lang in one.langs)),
        tuple(_forecasts(scene, post, targets, {**others, lang: words[lang]})) if foretold else (),
    )


def _shown(
    app: App, media: Sequence[PostMedium], lang: Lang, alt: Mapping[int, str], captions: Mapping[int, Path]
) -> tuple[list[PostMedium], dict[str, Medium], list[Placed]]:
    """Return the media with other alt texts and captions in this language; the captions' rows; what is wrong there."""
    found: list[PostMedium] = []
    taken: dict[str, Medium] = {}
    wrong: list[Placed] = []
    for item in media:
        alts, tracks = dict(item.alt), dict(item.captions)
        if item.position in alt:
            alts[lang] = alt[item.position]
        if item.position in captions:
            name, seconds = f"captions {item.position} ({lang})", item.medium.seconds
            try:
                track, _ = take_captions(captions[item.position], app.shelf, lang=lang, seconds=seconds, field=name)
                tracks[lang], taken[track.sha256] = track.sha256, track
            except Invalid as error:
                wrong += placed(error, langs=(lang,))
        found.append(replace(item, alt=alts, captions=tracks))
    return found, taken, wrong


def _spoken(scene: Scene, targets: Sequence[Target], lang: Lang) -> list[Target]:
    """Return the targets, this language among those of each whose account speaks it."""
    return [
        replace(target, langs=(*target.langs, lang))
        if lang not in target.langs and lang in scene.accounts[target.account_id].langs
        else target
        for target in targets
    ]


def _forecasts(scene: Scene, post: Post, targets: Sequence[Target], wordings: Mapping[Lang, Worded]) -> list[Foreseen]:
    """Return how long the post will be in the languages that it is to go out in and that nobody has written."""
    missing = [lang for lang in post.langs if lang not in wordings]
    if not missing:
        return []
    with scene.app.store.read() as tx:
        ratios = learned(scene.campaign, pairs.texts_in_use(tx))
    known = {lang: Wording(each.text, tuple(each.tags), each.link, each.title) for lang, each in wordings.items()}
    found: list[Foreseen] = []
    for target in targets:
        account = scene.accounts[target.account_id]
        langs = [lang for lang in post.langs if lang in account.langs]
        found += foreseen(scene.app, scene.campaign, ratios, [(account, langs)], known, strategy=target.strategy)
    return found
