"""Write a post: its texts side by side, its media, its time, where it goes; and what would leave, before it is kept."""

from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from campaign.core.errors import CampaignError, Invalid, ManyInvalid
from campaign.core.model import Campaign, Role
from campaign.service import demand_role
from campaign.service.compose import Draft, Picture, Preview, Wording, compose, preview
from campaign.store import accounts as account_rows
from campaign.store import campaigns
from campaign.store import posts as post_rows
from campaign.web.desk import Desk
from campaign.web.draft_files import DraftFiles, Kept
from campaign.web.gate import Visit


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
        return head[4:8] in (b"ftyp", b"moov", b"mdat") or head[:4] in (b"\x1aE\xdf\xa3", b"RIFF", b"OggS")


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
    try:
        items = _items(visit, campaign, files)
    except Invalid as error:
        return _page(desk, visit, campaign, _known(visit, campaign, files), None, status=422, errors=_errors(error))
    draft = _draft(visit, campaign, items)
    if wanted in ("save", "approve"):
        try:
            made = compose(desk.app, campaign.name, draft, by=visit.person, approve_now=wanted == "approve")
        except CampaignError as error:
            return _page(desk, visit, campaign, items, None, status=error.status_code, errors=_errors(error))
        files.forget()
        return desk.go(f"/posts/{campaign.name}/{made.post.name}")
    try:
        seen = preview(desk.app, campaign.name, draft, by=visit.person)
    except CampaignError as error:
        return _page(desk, visit, campaign, items, None, status=error.status_code, errors=_errors(error))
    if wanted == "preview":
        return desk.page(visit, "_preview.html", seen=seen, rows=_rows(desk, seen), campaign=campaign)
    return _page(desk, visit, campaign, items, seen)


def _campaign(desk: Desk, visit: Visit) -> Campaign:
    with desk.app.store.read() as tx:
        return campaigns.campaign_named(tx, visit.place("name"))


def _files(desk: Desk, visit: Visit) -> DraftFiles:
    session = visit.session.token_sha256 if visit.session else ""
    return DraftFiles(desk.settings.root / "drafts", session, limit=desk.settings.media.max_bytes)


def _known(visit: Visit, campaign: Campaign, files: DraftFiles) -> list[Item]:
    """Return the media that the form carries already, but those that were taken off it."""
    removed = set(visit.texts("remove"))
    items: list[Item] = []
    names = visit.texts("kept_name")
    for number, digest in enumerate(visit.texts("kept")):
        kept = files.find(digest)
        if kept is None or str(number) in removed:
            continue
        item = Item(kept, names[number] if number < len(names) else "")
        for lang in campaign.languages:
            item.alt[lang] = visit.text(f"alt_{number}_{lang}")
            track = files.find(visit.text(f"kept_captions_{number}_{lang}"))
            if track is not None:
                item.captions[lang] = track
            for upload in visit.files.get(f"captions_{number}_{lang}", ()):
                item.captions[lang] = files.take(upload.file)
        items.append(item)
    return items


def _items(visit: Visit, campaign: Campaign, files: DraftFiles) -> list[Item]:
    """Return the media of the form, and those that came with it. Raises: Invalid."""
    items = _known(visit, campaign, files)
    for upload in visit.files.get("media", ()):
        name = (upload.filename or "").replace("\\", "/").rpartition("/")[2][:100]
        items.append(Item(files.take(upload.file), name, dict.fromkeys(campaign.languages, "")))
    return items


def _draft(visit: Visit, campaign: Campaign, items: list[Item]) -> Draft:
    wordings = {
        lang: Wording(
            text,
            tuple(visit.text(f"tags_{lang}").replace(",", " ").split()),
            visit.text(f"link_{lang}").strip() or visit.text("link").strip() or None,
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
        "strategy": _one_of(visit, "strategy", ("split", "combined", "thread"), "split"),
        "overflow": _one_of(visit, "overflow", ("refuse", "thread"), "refuse"),
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


def _errors(error: CampaignError) -> list[tuple[str, str]]:
    found = error.findings if isinstance(error, ManyInvalid) else (error,)
    return [(getattr(one, "field", ""), str(one)) for one in found]


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
    found = [*(errors or ())]
    if seen is not None:
        found += [(item.finding.field, str(item)) for item in seen.findings if item.is_error]
    about_time = " ".join(text for where, text in found if where == "at")
    return desk.page(
        visit,
        "compose.html",
        status,
        demo=campaign.demo,
        campaign=campaign,
        legs=legs,
        accounts=[account for account in accounts if set(account.langs) & set(campaign.languages)],
        limits={account.name: desk.app.capabilities(account) for account in accounts},
        items=items,
        free=free,
        seen=seen,
        rows=_rows(desk, seen) if seen is not None else [],
        errors=found,
        asks_gap="--gap" in about_time or bool(visit.text("gap")),
        asks_fold="--fold" in about_time or bool(visit.text("fold")),
        fresh=visit.request.method != "POST",
        now=desk.app.clock.now(),
    )
