"""A post handed in, by options or as a YAML file."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.delivery import brief
from campaign.cli.given import MAX_BYTES, by_lang, tags_by_lang, words
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, iso, line, say
from campaign.core.errors import Invalid
from campaign.core.model import Overflow, Strategy
from campaign.core.schedule import FORMAT, Fold, Gap, zone
from campaign.service import App
from campaign.service.compose import Composed, Draft, Entry, Picture, Wording, compose_all
from campaign.service.draft import Progress
from campaign.service.drafted import drafted
from campaign.service.rules import next_free_slot
from campaign.sheets.yaml import read_posts
from campaign.store import campaigns as campaign_rows

Several = list[str] | None
MANY = 1000  # posts in one file; more of them are imported


def add(
    *,
    campaign: str | None = None,
    id: Annotated[str | None, Parameter(name="--id")] = None,
    text: Annotated[Several, Parameter(name="--text")] = None,
    tags: Annotated[Several, Parameter(name="--tags")] = None,
    link: str | None = None,
    title: Annotated[Several, Parameter(name="--title")] = None,
    media: Annotated[list[Path] | None, Parameter(name="--media")] = None,
    alt: Annotated[Several, Parameter(name="--alt")] = None,
    captions: Annotated[Several, Parameter(name="--captions")] = None,
    at: str | None = None,
    tz: str | None = None,
    leg: str | None = None,
    to: Annotated[Several, Parameter(name="--to")] = None,
    place: Annotated[Several, Parameter(name="--place")] = None,
    strategy: Strategy | None = None,
    overflow: Overflow | None = None,
    langs: Annotated[Several, Parameter(name="--langs")] = None,
    gap: Gap | None = None,
    fold: Fold | None = None,
    now: bool = False,
    approve: bool = False,
    waive: Annotated[Several, Parameter(name="--waive")] = None,
    anyway: str | None = None,
    file: Annotated[Path | None, Parameter(name="--file")] = None,
    here: Here = HERE,
) -> None:
    """Hand in a post in all its languages; it is kept whole, or nothing is.

    Example: campaign post add --campaign c --id P01 --text ko=@ko.txt --text "ru=Привет" --media a.jpg --alt ko=그림
    --alt ru=Рисунок --at "2026-12-01 19:00" --leg moscow --to kr,ru

    Or as a file: campaign post add --campaign c --file posts.yaml

    A file holds one post, or several under posts: (paths are relative to the file; media may be several):

    posts:
      - id: P01
        at: "2026-12-01 19:00"
        tz: Asia/Seoul
        leg: moscow
        to: [kr, ru]
        texts: {ko: 안녕, ru: {text: Привет, tags: ["#мир"], link: "https://example.org/ru"}}
        tags: {ko: ["#평화"]}
        link: "https://example.org/{lang}"
        titles: {ko: 여정, ru: Путь}
        media: [{file: a.jpg, alt: {ko: 그림, ru: Рисунок}}]
        # a clip: {file: a.mp4, alt: {…}, captions: {ko: a.ko.vtt, ru: a.ru.vtt}}
        place: {ko: 서울}
        strategy: split
        overflow: refuse
        approve: false
        # besides: langs: [ko, ru], gap: forward, fold: first, waive: {"ru:mixed-script": a logo},
        # and words for one account alone: own: {kr: {ko: 짧게}}

    All posts of a file are checked before the first is kept.

    Args:
        campaign: The campaign's id; a file may name it itself.
        id: The post's id, unique in its campaign.
        text: LANG=TEXT, LANG=@FILE, or LANG=- for standard input; @@ begins a text with @. Once a language.
        tags: LANG=#a,#b. Once a language.
        link: A web address; {lang} in it becomes the language.
        title: LANG=TEXT, for platforms that show a title by itself, as YouTube and WordPress do. Once a language.
        media: A picture or a clip; may be given several times.
        alt: LANG=TEXT, what it shows; with several media N:LANG=TEXT, or use a file.
        captions: LANG=FILE, a clip's captions (WebVTT or SRT); with several media N:LANG=FILE.
        at: The local time, YYYY-MM-DD HH:MM; or slot: the next free one of the first account for its first language.
        tz: The zone of that time; by default the leg's, else the campaign's.
        leg: The leg that the post belongs to.
        to: The accounts, with commas between.
        place: LANG=TEXT, where it is about. Once a language.
        strategy: An account of several languages gets: a post each (split), one post (combined), a thread, or one post
            that the platform itself holds in several languages (native: YouTube).
        overflow: A text that is too long is refused, or goes out as a thread, or as one whose parts end with 1/3.
        langs: The languages that it is to go out in, with commas between, where some are written later.
        gap: Where the clocks skip that time: the time after (forward) or before (back).
        fold: Where that time happens twice: the first or the second.
        now: Send at once what is past; without --at: now.
        approve: Enqueue at once; only where the campaign's policy is none.
        waive: LANG:CODE=REASON of a finding that may stand, as "ru:mixed-script=a logo"; may be given several times.
        anyway: Why it goes out in the soft quiet hours of its audience; hard ones are kept all the same.
        file: A YAML file in place of the options above.
    """
    options = {
        **{
            "id": id,
            "text": text,
            "tags": tags,
            "link": link,
            "title": title,
            "media": media,
            "alt": alt,
            "at": at,
            "tz": tz,
        },
        **{"captions": captions, "leg": leg, "to": to, "place": place, "strategy": strategy, "overflow": overflow},
        "langs": langs,
    }

    def flagged(draft: Draft) -> Draft:
        stands = by_lang("waive", waive or []) or draft.waive
        return replace(draft, gap=gap or draft.gap, fold=fold or draft.fold, now=now, waive=stands, anyway=anyway)

    with here.opened() as app:
        by = here.person(app)
        if file is not None:
            if both := [name for name, value in options.items() if value]:
                raise Invalid("file", str(file), f"holds the post already; leave --{both[0]} out")
            entries = list(_entries(app, file, campaign, approve, flagged))
        else:
            draft = _draft(options)
            name = _required("campaign", campaign)
            entries = [Entry("", name, _timed(app, name, flagged(draft), "at"), approve)]
        with bars() as progress:
            done = compose_all(app, entries, by=by, progress=progress)
    _tell(here, done, whole=file is not None)


def _draft(options: Mapping[str, Any]) -> Draft:
    tags = tags_by_lang(options["tags"] or [])
    texts = by_lang("text", options["text"] or [], files=True)
    if extra := [lang for lang in tags if lang not in texts]:
        raise Invalid("tags", extra[0], "there is no text in that language")
    titles = by_lang("title", options["title"] or [])
    if extra := [lang for lang in titles if lang not in texts]:
        raise Invalid("title", extra[0], "there is no text in that language")
    wordings = {
        lang: Wording(text, tuple(tags.get(lang, ())), options["link"], titles.get(lang))
        for lang, text in texts.items()
    }
    return Draft(
        name=_required("id", options["id"]),
        wordings=wordings,
        at=options["at"] or "",
        to=words(options["to"] or []),
        pictures=pictures(options["media"] or [], options["alt"] or [], options["captions"] or []),
        leg=options["leg"],
        zone=options["tz"],
        place=by_lang("place", options["place"] or []),
        strategy=options["strategy"] or "split",
        overflow=options["overflow"] or "refuse",
        langs=words(options["langs"] or []),
    )


def pictures(files: Sequence[Path], alts: Sequence[str], captions: Sequence[str]) -> tuple[Picture, ...]:
    alt = _by_medium("alt", alts, len(files))
    tracks = _by_medium("captions", captions, len(files))
    return tuple(
        Picture(file, alt[number], {lang: Path(name) for lang, name in tracks[number].items()})
        for number, file in enumerate(files)
    )


def _by_medium(option: str, given: Sequence[str], count: int) -> list[dict[str, str]]:
    """Return what was given per medium, by language; with several media a number says which."""
    if given and not count:
        raise Invalid(option, given[0], "there is no picture or clip; give one with --media FILE")
    of: list[list[str]] = [[] for _ in range(count)]
    for item in given:
        number, colon, rest = item.partition(":")
        if count == 1:
            of[0].append(item)
        elif colon and number.isdecimal() and 1 <= int(number) <= count:
            of[int(number) - 1].append(rest)
        else:
            rule = (
                f"with {count} media say which one: --{option} 1:ko=…; or hand the post in as a YAML file "
                f"(--file), where media is a list of {{file: …, {option}: {{ko: …}}}}"
            )
            raise Invalid(option, item, rule)
    return [by_lang(option, items) for items in of]


@contextmanager
def bars() -> Iterator[Progress | None]:
    """Draw a bar per clip on standard error where a person looks on; else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def progress(what: str, share: float) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(f"encoding {what}", total=1.0)
            bars.update(tasks[what], completed=share)

        yield progress


def _entries(
    app: App, file: Path, campaign: str | None, approve: bool, flagged: Callable[[Draft], Draft]
) -> Iterator[Entry]:
    first: dict[tuple[str, str], str] = {}
    for post in read_posts(file, many=MANY, max_bytes=MAX_BYTES):
        where = f"{post.where}." if post.where else ""
        name = _required(f"{where}campaign", post.campaign or campaign)
        if (name, post.id) in first:
            raise Invalid(f"{where}id", post.id, f"is the id of {first[name, post.id]} already")
        first[name, post.id] = post.where
        draft = flagged(drafted(post, file.resolve().parent))
        yield Entry(post.where, name, _timed(app, name, draft, f"{where}at"), approve or post.approve)


def _timed(app: App, campaign: str, draft: Draft, field: str) -> Draft:
    """Return the draft with its time: who says now and no time means this minute."""
    if draft.at.strip().lower() == "slot":
        if not draft.to:
            raise Invalid(field, draft.at, "is a slot of an account: say which with --to")
        slot = next_free_slot(app, campaign, draft.to[0], lang=next(iter(draft.wordings), None), leg=draft.leg)
        return replace(draft, at=slot.local.strftime(FORMAT), zone=slot.zone)
    if draft.at:
        return draft
    if not draft.now:
        raise Invalid(field, "", "is missing: give a local time, as in 2026-12-01 19:00, or --now")
    with app.store.read() as tx:
        found = campaign_rows.campaign_named(tx, campaign)
        where = campaign_rows.leg_named(tx, found, draft.leg).zone if draft.leg else found.zone
    info = zone("tz", draft.zone or where)
    return replace(draft, at=app.clock.now().astimezone(info).strftime(FORMAT))


def _required(field: str, value: str | None) -> str:
    if not value:
        raise Invalid(field, "", f"is missing: give --{field.rpartition('.')[2]}")
    return value


def _tell(here: Here, done: Sequence[Composed], *, whole: bool) -> None:
    for item in done:
        for warning in item.warnings:
            say(f"warning: post {item.post.name}: {warning}")
    if here.json:
        told = [_plain(item) for item in done]
        data(told if whole else told[0])
        return
    for item in done:
        what = f"{len(item.deliveries)} deliveries enqueued" if item.deliveries else "waits for approval"
        line(f"post {item.post.name} for {iso(item.post.due_at)} ({item.post.zone}): {what}")
        for entry in item.outgoings:
            if entry.moved_because:
                say(f"{'+'.join(entry.outgoing.langs)} goes out {iso(entry.due_at)}: {entry.moved_because}")


def _plain(item: Composed) -> dict[str, Any]:
    outgoings = [
        {
            "account": entry.outgoing.account,
            "langs": list(entry.outgoing.langs),
            "part": entry.outgoing.part,
            "sha256": entry.sha256,
            "due_at": iso(entry.due_at),
            "moved_because": entry.moved_because,
        }
        for entry in item.outgoings
    ]
    return {
        "id": item.post.name,
        "due_at": iso(item.post.due_at),
        "zone": item.post.zone,
        "outgoings": outgoings,
        "warnings": list(item.warnings),
        "deliveries": [brief(row) for row in item.deliveries],
    }
