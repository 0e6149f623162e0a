"""machine: a draft in another language by a tool that translates; a person must save it before it can be approved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from campaign.core.errors import Conflict, Invalid
from campaign.core.finding import Finding
from campaign.core.kept import Kept, Pieces, lost, whole
from campaign.core.language import latest, stale_fields
from campaign.core.lint.machine import MACHINE
from campaign.core.model import Campaign, Delivery, Field, Lang, Person, Post, PostMedium, Variant
from campaign.core.plan import Term
from campaign.core.translation import Translator, kept_names, known_tags, marked
from campaign.service import App
from campaign.service.replace import check_open
from campaign.service.revise import Edit, demand_writer, revise
from campaign.store import campaigns as campaign_rows
from campaign.store import glossary, queue
from campaign.store import posts as post_rows

FIELDS: tuple[Field, ...] = ("text", "title", "tags", "link", "alt")  # captions have times, and are left to a person


@dataclass(frozen=True, slots=True)
class Machined:
    """What a tool made of a post in one language.

    Attributes:
        findings: what a person should look at first: what was lost or left out on the way.
        held: deliveries in that language, which now wait for a person.
        sent: characters that the tool was sent; it may charge for them.
    """

    post: Post
    variant: Variant
    findings: tuple[Finding, ...]
    held: tuple[Delivery, ...]
    sent: int


@dataclass(frozen=True, slots=True)
class _Job:
    """A post as it was read before the tool was asked."""

    post: Post
    campaign: Campaign
    source: Variant
    old: Variant | None
    wanted: frozenset[Field]
    alts: Mapping[int, str]  # position → the source's alt text, where one is wanted
    terms: Sequence[Term]


async def translate_by_machine(
    app: App, name: str, lang: Lang, *, by: Person, campaign_name: str | None = None
) -> Machined:
    """Fill a post's draft in one language with a machine's translation of the source: text, title, alt texts.

    Links, @names, #tags, {placeholders} and names that the glossary does not translate stay as they are. Nothing goes
    out of it: what waits in that language is held, and nobody can approve it, until a person has saved the wording,
    be it the same words. Of a person's wording only the fields that the source has left behind are translated.

    Raises:
        Conflict: no tool is set; there is nothing to translate; it is out or under way; somebody has changed the source
            or the translation while the tool was at it.
        Invalid: the campaign has no such language, or it is the source.
        Outcome: the tool does not answer, or not so.
        NotFound, Forbidden.
    """
    tool = app.translator()
    if tool is None:
        raise Conflict(
            "machine translation is off; set tool in section [translation] of config.toml to libretranslate or deepl"
        )
    with app.store.read() as tx:
        job = _read(tx, name, lang, tool, by, campaign_name)
    asked = _asked(job, lang)
    told = await tool.translate([parts for _, parts in asked], job.campaign.source_lang, lang)
    answers = dict(zip([place for place, _ in asked], told, strict=True))
    findings = [_lost(place, kept, lang) for place, parts in asked for kept in lost(parts, answers[place])]
    alt = {place: text for place, text in answers.items() if isinstance(place, int)}
    tags, left = _tags(job, lang) if "tags" in job.wanted else (None, [])
    link, guessed = _link(job, lang) if "link" in job.wanted else (None, [])
    edit = Edit(
        text=answers.get("text"),
        title=" ".join(answers["title"].split()) if "title" in answers else None,
        tags=tags,
        link=link,
        alt=alt or None,
        machine=tool.tool,
        seen={job.campaign.source_lang: job.source.revision, lang: job.old.revision if job.old else 0},
    )
    done = revise(app, job.post.name, lang, edit, by=by, campaign_name=job.campaign.name)
    sent = sum(len(whole(parts)) for _, parts in asked)
    return Machined(done.post, done.variant, (*findings, *left, *guessed), done.held, sent)


def _read(tx: Any, name: str, lang: Lang, tool: Translator, by: Person, campaign_name: str | None) -> _Job:
    """Return what is to be translated. Raises: Invalid, NotFound, Forbidden, Conflict."""
    chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
    post = post_rows.post_named(tx, name, chosen)
    campaign = campaign_rows.campaign_of(tx, post.campaign_id)
    demand_writer(by, campaign, lang)
    if lang not in campaign.languages:
        raise Invalid("lang", lang, f"campaign {campaign.name} has: {', '.join(campaign.languages)}")
    if lang == campaign.source_lang:
        raise Invalid("lang", lang, f"is the source language of campaign {campaign.name}, which a person writes")
    variants = post_rows.variants_of(tx, post.id)
    newest = latest(variants)
    source, old = newest.get(campaign.source_lang), newest.get(lang)
    if source is None:
        raise Conflict(f"post {post.name} has no text in {campaign.source_lang} that could be translated")
    rows = {row.outgoing_id: row for row in queue.of_post(tx, post.id)}
    mine = [entry for entry in post_rows.outgoings_of(tx, post.id) if lang in entry.outgoing.langs]
    check_open(post, lang, [rows[entry.id] for entry in mine if entry.id in rows])
    wanted = _wanted(post, campaign, variants, source, old, tool, lang)
    alts = _alts(post_rows.media_of(tx, post.id), source, old, lang) if "alt" in wanted else {}
    return _Job(post, campaign, source, old, wanted, alts, glossary.terms_of(tx, campaign.id))


def _wanted(
    post: Post,
    campaign: Campaign,
    variants: Sequence[Variant],
    source: Variant,
    old: Variant | None,
    tool: Translator,
    lang: Lang,
) -> frozenset[Field]:
    """Return the fields to translate. Raises: Conflict: none."""
    if old is None:
        return frozenset(FIELDS)
    stale = stale_fields(variants, campaign.source_lang).get(lang, {})
    if old.machine == tool.tool and not stale:
        raise Conflict(
            f"post {post.name} ({lang}) was translated by {tool.tool} already (revision {old.revision}), and "
            f"{campaign.source_lang} has not changed since; the tool was not asked again"
        )
    if old.machine is not None:
        return frozenset(FIELDS)
    wanted = frozenset(field for field in stale if field in FIELDS)
    if not wanted:
        raise Conflict(
            f"post {post.name} ({lang}) is written by {old.author} (revision {old.revision}) and up to date with "
            f"{campaign.source_lang} (revision {source.revision}); a machine does not write over it"
        )
    return wanted


def _alts(media: Sequence[PostMedium], source: Variant, old: Variant | None, lang: Lang) -> dict[int, str]:
    """Return position → alt text of the source; those that a person wrote in that language with the post are kept."""
    found: dict[int, str] = {}
    for item in media:
        text = source.alt.get(item.position, item.alt.get(source.lang, ""))
        given = (old is None or old.machine is not None) and item.alt.get(lang, "").strip()
        if text.strip() and not given:
            found[item.position] = text
    return found


def _asked(job: _Job, lang: Lang) -> list[tuple[Field | int, Pieces]]:
    """Return the field, or the position of an alt text, → its text in pieces."""
    names = kept_names(job.terms, job.source.lang, lang)
    texts: list[tuple[Field | int, str]] = []
    if "text" in job.wanted:
        texts.append(("text", job.source.text))
    if "title" in job.wanted and job.source.title:
        texts.append(("title", job.source.title))
    texts += job.alts.items()
    return [(place, marked(text, names)) for place, text in texts]


def _tags(job: _Job, lang: Lang) -> tuple[list[str], list[Finding]]:
    """Return the hashtags that the campaign wants and those that the glossary knows; the rest is left to a person."""
    found = list(job.campaign.required_tags.get(lang, ()))
    left: list[Finding] = []
    for tag, there in known_tags(job.source.tags, job.terms, job.source.lang, lang).items():
        if there is None:
            left.append(_noticed(f"tags ({lang})", tag, "tag-left-out"))
        elif there not in found:
            found.append(there)
    return found, left


def _link(job: _Job, lang: Lang) -> tuple[str | None, list[Finding]]:
    """Return the link of that language: where the source's names its own language, this one in its place."""
    link, source = job.source.link, job.source.lang
    if not link:
        return (None if job.old is None else ""), []
    named = regex.sub(rf"(?<=[/=]){regex.escape(source)}(?=[/?&#]|$)", lang, link)
    if named == link:
        return link, []
    return named, [_noticed(f"link ({lang})", named, "link-guessed", **{"from": link})]


def _lost(place: Field | int, kept: Kept, lang: Lang) -> Finding:
    field = f"alt {place} ({lang})" if isinstance(place, int) else f"{place} ({lang})"
    return _noticed(field, kept.text, "lost-in-translation")


def _noticed(field: str, value: str, code: str, **told: str) -> Finding:
    values = {"value": value, **told}
    rule = MACHINE[code][1].format_map(values)
    return Finding("warning", field, value, rule, code=code, told=tuple(values.items()))
