"""A post handed in, by options or as a YAML file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from campaign.cli.delivery import brief
from campaign.cli.given import by_lang, tags_by_lang, words
from campaign.cli.here import HERE, Here
from campaign.cli.post_file import read_posts
from campaign.cli.show import data, iso, line, say
from campaign.core.errors import Invalid
from campaign.core.model import Strategy
from campaign.core.schedule import FORMAT, Fold, Gap, zone
from campaign.service import App
from campaign.service.compose import Composed, Draft, Entry, Picture, Wording, compose_all
from campaign.store import campaigns as campaign_rows

Several = list[str] | None


def add(
    *,
    campaign: str | None = None,
    id: Annotated[str | None, Parameter(name="--id")] = None,
    text: Annotated[Several, Parameter(name="--text")] = None,
    tags: Annotated[Several, Parameter(name="--tags")] = None,
    link: str | None = None,
    media: Annotated[list[Path] | None, Parameter(name="--media")] = None,
    alt: Annotated[Several, Parameter(name="--alt")] = None,
    at: str | None = None,
    tz: str | None = None,
    leg: str | None = None,
    to: Annotated[Several, Parameter(name="--to")] = None,
    place: Annotated[Several, Parameter(name="--place")] = None,
    strategy: Strategy | None = None,
    overflow: Literal["refuse", "thread"] | None = None,
    gap: Gap | None = None,
    fold: Fold | None = None,
    now: bool = False,
    approve: bool = False,
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
        media: [{file: a.jpg, alt: {ko: 그림, ru: Рисунок}}]
        place: {ko: 서울}
        strategy: split
        overflow: refuse
        approve: false

    All posts of a file are checked before the first is kept.

    Args:
        campaign: The campaign's id; a file may name it itself.
        id: The post's id, unique in its campaign.
        text: LANG=TEXT, LANG=@FILE, or LANG=- for standard input; @@ begins a text with @. Once a language.
        tags: LANG=#a,#b. Once a language.
        link: A web address; {lang} in it becomes the language.
        media: A picture file; may be given several times.
        alt: LANG=TEXT, what the picture shows; with several pictures N:LANG=TEXT, or use a file.
        at: The local time, YYYY-MM-DD HH:MM.
        tz: The zone of that time; by default the leg's, else the campaign's.
        leg: The leg that the post belongs to.
        to: The accounts, with commas between.
        place: LANG=TEXT, where it is about. Once a language.
        strategy: An account of several languages gets: a post each (split), one post (combined), a thread.
        overflow: A text that is too long is refused, or goes out as a thread.
        gap: Where the clocks skip that time: the time after (forward) or before (back).
        fold: Where that time happens twice: the first or the second.
        now: Send at once what is past; without --at: now.
        approve: Enqueue at once; only where the campaign's policy is none.
        file: A YAML file in place of the options above.
    """
    options = {
        **{"id": id, "text": text, "tags": tags, "link": link, "media": media, "alt": alt, "at": at, "tz": tz},
        **{"leg": leg, "to": to, "place": place, "strategy": strategy, "overflow": overflow},
    }

    def flagged(draft: Draft) -> Draft:
        return replace(draft, gap=gap, fold=fold, now=now)

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
        done = compose_all(app, entries, by=by)
    _tell(here, done, whole=file is not None)


def _draft(options: Mapping[str, Any]) -> Draft:
    tags = tags_by_lang(options["tags"] or [])
    texts = by_lang("text", options["text"] or [], files=True)
    if extra := [lang for lang in tags if lang not in texts]:
        raise Invalid("tags", extra[0], "there is no text in that language")
    return Draft(
        name=_required("id", options["id"]),
        wordings={lang: Wording(text, tuple(tags.get(lang, ())), options["link"]) for lang, text in texts.items()},
        at=options["at"] or "",
        to=words(options["to"] or []),
        pictures=_pictures(options["media"] or [], options["alt"] or []),
        leg=options["leg"],
        zone=options["tz"],
        place=by_lang("place", options["place"] or []),
        strategy=options["strategy"] or "split",
        overflow=options["overflow"] or "refuse",
    )


def _pictures(files: Sequence[Path], alts: Sequence[str]) -> tuple[Picture, ...]:
    if len(files) <= 1:
        if alts and not files:
            raise Invalid("alt", alts[0], "there is no picture; give one with --media FILE")
        return tuple(Picture(file, by_lang("alt", alts)) for file in files)
    of: dict[int, list[str]] = {}
    for alt in alts:
        number, colon, rest = alt.partition(":")
        if not colon or not number.isdecimal() or not 1 <= int(number) <= len(files):
            rule = (
                f"with {len(files)} pictures say which one: --alt 1:ko=…; or hand the post in as a YAML file "
                "(--file), where media is a list of {file: …, alt: {ko: …}}"
            )
            raise Invalid("alt", alt, rule)
        of.setdefault(int(number), []).append(rest)
    return tuple(Picture(file, by_lang("alt", of.get(number, []))) for number, file in enumerate(files, 1))


def _entries(
    app: App, file: Path, campaign: str | None, approve: bool, flagged: Callable[[Draft], Draft]
) -> Iterator[Entry]:
    for path, post in read_posts(file):
        where = f"{path}." if path else ""
        name = _required(f"{where}campaign", post.campaign or campaign)
        draft = flagged(post.draft(file.resolve().parent))
        yield Entry(path, name, _timed(app, name, draft, f"{where}at"), approve or post.approve)


def _timed(app: App, campaign: str, draft: Draft, field: str) -> Draft:
    """Return the draft with its time: who says now and no time means this minute."""
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
