"""Write a post: its texts side by side, its media, its time, where it goes; and what would leave, before it is kept."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response

from campaign.core.errors import CampaignError, Invalid, ManyInvalid
from campaign.core.model import Campaign, Role
from campaign.service import demand_role
from campaign.service.compose import Draft, Picture, Placed, Preview, Wording, compose, preview
from campaign.store import accounts as account_rows
from campaign.store import campaigns
from campaign.store import posts as post_rows
from campaign.web.desk import Desk
from campaign.web.draft_files import DraftFiles, Kept
from campaign.web.formats import Look
from campaign.web.gate import Visit
from campaign.web.reasons import Meant, meant

_FIELD = re.compile(r"(text|tags|title|link|alt|captions|place) ?(\d+)? ?\(([\w-]+)")  # as errors name it: alt 1 (ko)
_OPTION = re.compile(r"; give (?:it|them) as --.*|, or --now to send it at once|--(?=(?:gap|fold) )")  # for a terminal
_NOT_CLIPS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")  # pictures in a container of clips


@dataclass(slots=True)
class Item:
    """One medium of the form."""

    kept: Kept
    name: str
    alt: dict[str, str] = field(default_factory=dict)
    captions: dict[str, Kept] = field(default_factory=dict)

    @property
    def is_clip(self) -> bool:
        """Whether captions are asked for: told by the first bytes, as every container of clips begins."""
        with self.kept.path.open("rb") as file:
            head = file.read(16)
        if head[:4] == b"RIFF":
            return head[8:12] == b"AVI "  # else a WebP picture
        if head[4:8] == b"ftyp":
            return head[8:12] not in _NOT_CLIPS
        return head[4:8] in (b"moov", b"mdat") or head[:4] in (b"\x1aE\xdf\xa3", b"OggS")


def show(desk: Desk, visit: Visit) -> Response:
    """Show an empty form."""
    demand_role(visit.person, Role.AUTHOR)
    return _page(desk, visit, _campaign(desk, visit), [], None)


def act(desk: Desk, visit: Visit) -> Response:
    """Check, preview or save what was typed; whatever happens, the form comes back as it was left."""
    demand_role(visit.person, Role.AUTHOR)
    campaign = _campaign(desk, visit)
    files = _files(desk, visit)
    wanted = visit.text("act") or "check"
    items, wrong = _items(visit, campaign, files)
    if wrong:
        return _page(desk, visit, campaign, items, None, status=422, errors=_errors(ManyInvalid(wrong), visit.look))
    draft = _draft(visit, campaign, items)
    if wanted in ("save", "approve"):
        try:
            made = compose(desk.app, campaign.name, draft, by=visit.person, approve_now=wanted == "approve")
        except CampaignError as error:
            return _page(
                desk, visit, campaign, items, None, status=error.status_code, errors=_errors(error, visit.look)
            )
        files.forget({kept.digest for item in items for kept in (item.kept, *item.captions.values())})
        return desk.go(f"/posts/{campaign.name}/{made.post.name}")
    try:
        seen = preview(desk.app, campaign.name, draft, by=visit.person)
    except CampaignError as error:
        return _page(desk, visit, campaign, items, None, status=error.status_code, errors=_errors(error, visit.look))
    if wanted == "preview":
        told, noted = _told(seen, items, visit.look), _warnings(seen, visit.look)
        rows = _rows(desk, seen)
        return desk.page(visit, "_preview.html", seen=seen, rows=rows, campaign=campaign, errors=told, warnings=noted)
    return _page(desk, visit, campaign, items, seen)


def _campaign(desk: Desk, visit: Visit) -> Campaign:
    with desk.app.store.read() as tx:
        return campaigns.campaign_named(tx, visit.place("name"))


def _files(desk: Desk, visit: Visit) -> DraftFiles:
    session = visit.session.token_sha256 if visit.session else ""
    return DraftFiles(desk.settings.root / "drafts", session, limit=desk.settings.media.max_bytes)


def _items(visit: Visit, campaign: Campaign, files: DraftFiles) -> tuple[list[Item], list[Invalid]]:
    """Return the media of the form, but those that were taken off it, and what is wrong with others.

    A file that the form names and nobody has any more is an error: a post must not go out without its picture.
    """
    removed, names = set(visit.texts("remove")), visit.texts("kept_name")
    items: list[Item] = []
    wrong: list[Invalid] = []

    def take(upload: UploadFile, name: str) -> Kept | None:
        try:
            return files.take(upload.file)
        except Invalid as error:
            wrong.append(Invalid("media", name, error.rule))
            return None

    for number, digest in enumerate(visit.texts("kept")):
        if str(number) in removed:
            continue
        kept, name = files.find(digest), names[number] if number < len(names) else ""
        if kept is None:
            wrong.append(Invalid("media", name or f"file {number + 1}", "is not kept any more; choose it again"))
            continue
        item = Item(kept, name)
        for lang in campaign.languages:
            item.alt[lang] = visit.text(f"alt_{number}_{lang}")
            there = visit.text(f"kept_captions_{number}_{lang}")
            track = files.find(there)
            for upload in visit.files.get(f"captions_{number}_{lang}", ()):
                track = take(upload, _plain(upload)) or track
            if track is not None:
                item.captions[lang] = track
            elif there:
                wrong.append(
                    Invalid(f"captions {len(items) + 1} ({lang})", "", "are not kept any more; choose the file again")
                )
        items.append(item)
    for upload in visit.files.get("media", ()):
        taken = take(upload, _plain(upload))
        if taken is not None:
            items.append(Item(taken, _plain(upload), dict.fromkeys(campaign.languages, "")))
    return items, wrong


def _plain(upload: UploadFile) -> str:
    """Return what a person calls the file, without the folders before it."""
    return (upload.filename or "").replace("\\", "/").rpartition("/")[2][:100]


def _draft(visit: Visit, campaign: Campaign, items: list[Item]) -> Draft:
    wordings = {
        lang: Wording(
            text,
            tuple(visit.text(f"tags_{lang}").replace(",", " ").split()),
            visit.text(f"link_{lang}").strip() or visit.text("link").strip() or None,
            visit.text(f"title_{lang}").strip() or None,
        )
        for lang in campaign.languages
        if (text := visit.text(f"text_{lang}")).strip()
    }
    pictures = tuple(
        Picture(
            item.kept.path,
            {lang: text for lang, text in item.alt.items() if text.strip()},
            {lang: kept.path for lang, kept in item.captions.items()} or None,
        )
        for item in items
    )
    at = f"{visit.text('date')} {visit.text('time')}".strip()
    place = {lang: text for lang in campaign.languages if (text := visit.text(f"place_{lang}").strip())}
    choices: dict[str, Any] = {
        "strategy": _one_of(visit, "strategy", ("split", "combined", "thread", "native"), "split"),
        "overflow": _one_of(visit, "overflow", ("refuse", "thread", "numbered"), "refuse"),
        "gap": _one_of(visit, "gap", ("forward", "back"), None),
        "fold": _one_of(visit, "fold", ("first", "second"), None),
    }
    return Draft(
        name=visit.text("id").strip(),
        wordings=wordings,
        at=at,
        to=tuple(visit.texts("to")),
        pictures=pictures,
        leg=visit.text("leg") or None,
        zone=visit.text("zone").strip() or None,
        place=place or None,
        **choices,
    )


def _one_of(visit: Visit, name: str, known: tuple[str, ...], otherwise: str | None) -> str | None:
    return visit.text(name) if visit.text(name) in known else otherwise


def _errors(error: CampaignError, look: Look) -> list[tuple[str, str]]:
    found = error.findings if isinstance(error, ManyInvalid) else (error,)
    return [(getattr(one, "field", ""), meant(str(one), getattr(one, "tells", None), look)) for one in found]


def _told(seen: Preview, items: list[Item], look: Look) -> list[tuple[str, str]]:
    """Return what stands against a draft, each once, with its place in the form."""
    told: dict[tuple[str, str], None] = {}
    for item in seen.findings:
        if item.is_error:
            text = meant(_said(str(item), items), _tells(item), look, item.langs)
            told[_place_of(item.finding.field), text] = None
    return list(told)


def _warnings(seen: Preview | None, look: Look) -> list[str]:
    """Return what is to be known of a draft, each once."""
    found = seen.findings if seen is not None else ()
    return list(dict.fromkeys(meant(str(item), _tells(item), look, item.langs) for item in found if not item.is_error))


def _tells(item: Placed) -> Callable[[Any], str] | None:
    return item.finding.message if item.finding.code else None


def _place_of(where: str) -> str:
    """Return the id of the form's field that an error belongs to.

    >>> [_place_of(where) for where in ("alt 1 (ko)", "text (ko+ru)", "link (ko)", "at", "media 2 (ko)")]
    ['alt_0_ko', 'text_ko', 'link', 'date', 'media']
    """
    if found := _FIELD.match(where):
        what, number, lang = found.groups()
        if what == "link":
            return "link"
        return f"{what}_{int(number) - 1}_{lang}" if number else f"{what}_{lang}"
    return {"at": "date", "tz": "zone", "text": "texts"}.get(where, where.partition(" ")[0] or "id")


def _said(text: str, items: list[Item]) -> str:
    """Return an error as the page says it: files by their names, nothing about the command line."""
    for item in items:
        text = text.replace(item.kept.digest, item.name or item.kept.digest[:12])
    return _OPTION.sub("", text).replace(" : ", ": ", 1)  # an empty value leaves a gap


def _rows(desk: Desk, seen: Preview) -> list[dict[str, Any]]:
    with desk.app.store.read() as tx:
        platforms = {account.name: account.platform for account in account_rows.all_accounts(tx)}
    return [
        {"queued": queued, "count": count, "platform": platforms.get(queued.outgoing.account, "")}
        for queued, count in zip(seen.outgoings, seen.counts, strict=True)
    ]


def _page(
    desk: Desk,
    visit: Visit,
    campaign: Campaign,
    items: list[Item],
    seen: Preview | None,
    *,
    status: int = 200,
    errors: list[tuple[str, str]] | None = None,
) -> Response:
    with desk.app.store.read() as tx:
        legs = campaigns.legs_of(tx, campaign.id)
        accounts = account_rows.all_accounts(tx)
        names = {post.name for post in post_rows.posts_of(tx, campaign.id)}
    free = next(f"P{number:02}" for number in range(1, 10_000) if f"P{number:02}" not in names)
    found = [
        (_place_of(where), text if isinstance(text, Meant) else _said(text, items)) for where, text in errors or ()
    ]
    found = list(dict.fromkeys(found + (_told(seen, items, visit.look) if seen is not None else [])))
    offered = [account for account in accounts if set(account.langs) & set(campaign.languages)]
    limits = {account.name: desk.app.capabilities(account) for account in offered}
    about_time = " ".join(text for where, text in found if where == "date")
    return desk.page(
        visit,
        "compose.html",
        status,
        demo=campaign.demo,
        campaign=campaign,
        legs=legs,
        accounts=offered,
        limits=limits,
        # A title that was typed stays to be seen, whatever account has gone meanwhile.
        titles=any(one.title for one in limits.values())
        or any(visit.text(f"title_{one}") for one in campaign.languages),
        items=items,
        free=free,
        seen=seen,
        rows=_rows(desk, seen) if seen is not None else [],
        errors=found,
        warnings=_warnings(seen, visit.look),
        places={where for where, _ in found},
        asks_gap="gap back" in about_time or bool(visit.text("gap")),
        asks_fold="fold first" in about_time or bool(visit.text("fold")),
        fresh=visit.request.method != "POST",
        now=desk.app.clock.now(),
    )
