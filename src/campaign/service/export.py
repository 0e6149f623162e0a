"""export: a campaign's posts as a sheet; importing it again changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from shutil import copyfileobj

from campaign.core.errors import Invalid
from campaign.core.schedule import FORMAT, zone
from campaign.service import App
from campaign.service.bring import KEPT
from campaign.service.differ import own_words
from campaign.service.render import Scene
from campaign.sheets.row import Row, Shown, Words
from campaign.sheets.sample import Offer, write_sample
from campaign.sheets.write import demand_kind, write_sheet
from campaign.store import campaigns as campaign_rows
from campaign.store.posts import Target
from campaign.store.whole import Whole, whole_posts

NOT_ENQUEUED = "not enqueued"
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif", "video/mp4": ".mp4"}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: how many posts, and how many files of media beside it."""

    posts: int
    media: int


def export(
    app: App,
    file: Path,
    *,
    campaign_name: str,
    since: date | None = None,
    until: date | None = None,
    states: Sequence[str] = (),
    langs: Sequence[str] = (),
    media: Path | None = None,
    bom: bool = True,
) -> Exported:
    """Write the posts of a campaign as CSV, XLSX, YAML or JSON, by the file's suffix.

    A machine's words are left out: read back, they would be a person's. Media are named by their digests, which the
    same installation finds again; another one needs the files.

    Args:
        since, until: only posts of these local days, both included.
        states: only posts of which a delivery is in one of these states, or `not enqueued`.
        langs: only the words of these languages; none: all.
        media: a folder for copies of the media, named in the sheet; None: they are named by their digests.
        bom: of CSV: begin with a byte order mark, which Excel needs to read Korean.

    Raises:
        NotFound: the campaign is unknown, or the media library does not hold a medium.
        Invalid: the file cannot be written so, or the campaign has no such language.
    """
    demand_kind(file)
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        for lang in langs:
            if lang not in campaign.languages:
                known = ", ".join(campaign.languages)
                raise Invalid("lang", lang, f"is no language of campaign {campaign.name}, which has: {known}")
        scene = Scene.read(app, tx, campaign)
        posts = whole_posts(tx, campaign.id)
    chosen = [each for each in posts if _is_wanted(each, since, until, states)]
    names: dict[str, str] = {}
    if media is not None:
        names = _copied(app, chosen, file.resolve().parent, media)
    rows = [row_of(scene, each, langs, names) for each in chosen]
    write_sheet(file, rows, langs or campaign.languages, bom=bom)
    return Exported(len(rows), len(names))


def sample(app: App, file: Path, *, campaign_name: str) -> None:
    """Write a sheet to begin with, as XLSX: the campaign's columns, three examples, what each column means.

    Raises:
        NotFound: the campaign is unknown.
        Invalid: the file's name does not end in .xlsx, or XlsxWriter is not installed.
    """
    if file.suffix.lower() != ".xlsx":
        raise Invalid("sample", file.name, "must end in .xlsx")
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        scene = Scene.read(app, tx, campaign)
    langs = [campaign.source_lang, *(lang for lang in campaign.languages if lang != campaign.source_lang)]
    soon = app.clock.now().astimezone(zone("tz", campaign.zone)).replace(tzinfo=None) + timedelta(days=7)
    accounts = sorted(account.name for account in scene.accounts.values() if set(account.langs) & set(langs))
    starts = soon.replace(hour=19, minute=0, second=0, microsecond=0)
    legs = [leg.name for leg in sorted(scene.legs.values(), key=lambda leg: leg.starts_on)]
    write_sample(file, Offer(campaign.name, langs, campaign.zone, legs, accounts, starts))


def _is_wanted(each: Whole, since: date | None, until: date | None, states: Sequence[str]) -> bool:
    day = each.post.local_at.date()
    if (since is not None and day < since) or (until is not None and day > until):
        return False
    return not states or bool(set(states) & set(each.states or (NOT_ENQUEUED,)))


def row_of(scene: Scene, each: Whole, langs: Sequence[str] = (), names: dict[str, str] | None = None) -> Row:
    """Return a post as a row.

    Args:
        langs: only the words of these languages; none: all.
        names: digest → what the sheet calls the file; none: by the digest.
    """
    post, remarks = each.post, []

    def named(digest: str) -> str:
        return (names or {}).get(digest, KEPT + digest)

    wanted = [lang for lang in each.words if not langs or lang in langs]
    words = {
        lang: Words(variant.text, variant.title or "", variant.tags, variant.link or "")
        for lang, variant in each.words.items()
        if lang in wanted
    }
    several = sorted({target.strategy for target in each.targets if len(target.langs) > 1})
    if len(several) > 1:
        remarks.append(f"strategies differ: {', '.join(several)}")
    remarks += [f"{lang}: a machine's draft is left out" for lang in each.machine if not langs or lang in langs]
    known = [target for target in each.targets if target.account_id in scene.accounts]
    leg = scene.legs.get(post.leg_id or "")
    media = [
        Shown(
            named(item.medium.sha256),
            {lang: alt for lang, alt in item.alt.items() if not langs or lang in langs},
            {lang: named(digest) for lang, digest in item.captions.items() if not langs or lang in langs},
        )
        for item in each.media
    ]
    return Row(
        where=post.name,
        id=post.name,
        at=post.local_at.strftime(FORMAT),
        tz=post.zone,
        utc=post.due_at.strftime("%Y-%m-%dT%H:%MZ"),
        to=tuple(sorted(scene.accounts[target.account_id].name for target in known)),
        words=words,
        leg=leg.name if leg else "",
        strategy=several[0] if len(several) == 1 else "" if several else "split",
        overflow=post.overflow,
        gap=post.gap,
        fold=post.fold,
        anyway=post.quiet_because or "",
        langs=post.langs if set(post.langs) - set(each.words) and not langs else (),
        media=tuple(media),
        waive={f"{one.lang}:{one.code}": " ".join(one.reason.split()) for one in each.waivers},
        own=_own(scene, each, known, wanted),
        place={lang: text for lang, text in post.place.items() if text.strip()},
        state=", ".join(each.states) or NOT_ENQUEUED,
        remarks="; ".join(remarks),
    )


def _own(scene: Scene, each: Whole, targets: Sequence[Target], langs: Sequence[str]) -> dict[str, dict[str, Words]]:
    """Return the words that accounts have of their own, whole."""
    found: dict[str, dict[str, Words]] = {}
    for target in targets:
        for lang in target.overrides:
            if lang in langs:
                said = own_words(each.words[lang], target, lang)
                own = found.setdefault(scene.accounts[target.account_id].name, {})
                own[lang] = Words(said.text, said.title or "", said.tags, said.link or "")
    return found


def _copied(app: App, posts: Sequence[Whole], beside: Path, folder: Path) -> dict[str, str]:
    """Copy media and captions into a folder; return digest → what the sheet calls the file."""
    wanted = {item.medium.sha256: _SUFFIXES.get(item.medium.mime, "") for each in posts for item in each.media}
    wanted |= {digest: ".vtt" for each in posts for item in each.media for digest in item.captions.values()}
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # Below the sheet's own folder a file is named as it is found from there; elsewhere --media DIR says where.
    prefix = f"{folder.relative_to(beside).as_posix()}/" if folder.is_relative_to(beside) and folder != beside else ""
    for digest, suffix in wanted.items():
        app.media.bring([digest])
        with app.media.open(digest) as source, (folder / (digest + suffix)).open("wb") as target:
            copyfileobj(source, target)
    return {digest: f"{prefix}{digest}{suffix}" for digest, suffix in wanted.items()}
