"""mend: put every fix that needs no thought into the words of a post, as a revision that changes no meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from campaign.core.errors import Conflict, Invalid
from campaign.core.finding import Finding
from campaign.core.language import latest, stale_fields
from campaign.core.lint import apply
from campaign.core.model import Lang, Person, Post, PostMedium
from campaign.core.plan import Waiver
from campaign.service import App
from campaign.service.draft import Wording
from campaign.service.revise import Edit, Revised, revise
from campaign.service.usage import Usage, shown, unwaived
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import waivers as waiver_rows

ROUNDS = 12  # a fix may bring another to light


@dataclass(frozen=True, slots=True)
class Mended:
    """What was put right, and the languages that were left alone, each with why."""

    revised: tuple[Revised, ...]
    left: Mapping[Lang, str]


def mend(app: App, name: str, *, by: Person, langs: Sequence[Lang] = (), campaign_name: str | None = None) -> Mended:
    """Put all fixes into the newest wordings of a post, as typos: translations stay up to date.

    What exactly goes out changes in these languages, so they must be approved again. A language that is outdated is
    left alone, since a revision would say that it is up to date; and one that a machine wrote.

    Raises:
        Invalid: the post has no such language.
        Conflict, NotFound, Forbidden: as revise() does.
    """
    with app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        variants = post_rows.variants_of(tx, post.id)
        newest = latest(variants)
        media = shown(post_rows.media_of(tx, post.id), newest)
        usage = Usage.read(tx, campaign)
        waivers = waiver_rows.waivers_of(tx, post.id)
    for lang in langs:
        if lang not in newest:
            raise Invalid("lang", lang, f"post {post.name} has: {', '.join(sorted(newest))}")
    stale = stale_fields(variants, campaign.source_lang)
    done: list[Revised] = []
    left: dict[Lang, str] = {}
    for lang in langs or tuple(newest):
        old = newest[lang]
        before = Wording(old.text, old.tags, old.link, old.title)
        after, alts = _mended(usage, post, lang, before, media, waivers)
        edit = _edit(before, after, {item.position: item.alt.get(lang, "") for item in media}, alts)
        if edit is None:
            continue
        if lang in stale:
            left[lang] = f"is outdated ({', '.join(stale[lang])}): translate it first"
        elif old.machine is not None:
            left[lang] = "is a machine's: save it first"
        else:
            try:
                done.append(revise(app, name, lang, edit, by=by, based_on=old.revision, campaign_name=campaign_name))
            except Conflict as error:
                left[lang] = str(error)
    return Mended(tuple(done), left)


def _mended(
    usage: Usage, post: Post, lang: Lang, wording: Wording, media: Sequence[PostMedium], waivers: Sequence[Waiver]
) -> tuple[Wording, dict[int, str]]:
    """Return a wording and its alt texts with every fix put in, until none is left."""
    for _ in range(ROUNDS):
        found: dict[str, list[Finding]] = {}
        for one in unwaived(usage.remarks(post, {lang: wording}, media), waivers):
            found.setdefault(one.finding.field.removesuffix(f" ({lang})"), []).append(one.finding)
        new = replace(
            wording,
            text=apply(wording.text, found.get("text", ())),
            title=apply(wording.title, found.get("title", ())) if wording.title else wording.title,
            tags=tuple(apply(" ".join(wording.tags), found.get("tags", ())).split()),
        )
        spoken = [
            replace(item, alt={**item.alt, lang: apply(item.alt[lang], found.get(f"alt {item.position}", ()))})
            if lang in item.alt
            else item
            for item in media
        ]
        if (new, spoken) == (wording, list(media)):
            break
        wording, media = new, spoken
    return wording, {item.position: item.alt[lang] for item in media if lang in item.alt}


def _edit(before: Wording, after: Wording, alts: Mapping[int, str], now: Mapping[int, str]) -> Edit | None:
    """Return what changed; None: nothing did."""
    edit = Edit(
        text=after.text if after.text != before.text else None,
        title=after.title if after.title != before.title else None,
        tags=after.tags if after.tags != before.tags else None,
        alt={at: text for at, text in now.items() if text != alts.get(at)} or None,
        change="typo",
        keep_own=True,
    )
    return edit if edit.given else None
