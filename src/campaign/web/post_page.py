"""One post: its texts, what became of each delivery, the evidence of a doubt, its record, and what a person can do."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import FileResponse, Response

from campaign.core.approval import missing
from campaign.core.errors import CampaignError, Forbidden, Invalid, NotFound
from campaign.core.evidence import Seen, evidence_of
from campaign.core.language import latest, outdated
from campaign.core.model import Attempt, Campaign, Delivery, Medium, Post, PostMedium, Role, Variant
from campaign.core.plan import Review
from campaign.core.states import State
from campaign.service import archive
from campaign.service.approve import approve
from campaign.service.confirm import settle
from campaign.service.enqueue import HOLDABLE, retry
from campaign.service.package import mark_handed
from campaign.service.proofread import proofread, waive
from campaign.service.repeat import cancel_all, move_all
from campaign.service.report import Series, series_of
from campaign.service.revise import demand_writer
from campaign.service.standing import Standing, read
from campaign.service.usage import may_be_waived
from campaign.service.withdraw import withdraw
from campaign.store import accounts as account_rows
from campaign.store import approvals as approval_rows
from campaign.store import attempts, campaigns, comments, people, queue
from campaign.store import posts as post_rows
from campaign.store.approvals import Approval
from campaign.store.comments import Heard
from campaign.store.posts import Queued
from campaign.web import report_page
from campaign.web.desk import Desk
from campaign.web.errand import ask
from campaign.web.formats import Look
from campaign.web.gate import Visit
from campaign.web.reasons import meant
from campaign.web.states import needs_a_person

DOUBTFUL = (State.UNCERTAIN, State.PROCESSING)
# What a browser may show in its place; anything else is only handed out as a file.
_SHOWN = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "video/mp4", "video/webm", "text/vtt")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One post with all that is known of it."""

    campaign: Campaign
    post: Post
    variants: tuple[Variant, ...]  # the latest in each language, the source first
    history: tuple[Variant, ...]
    outdated: dict[str, int]
    media: tuple[PostMedium, ...]
    queued: tuple[Queued, ...]
    approvals: tuple[Approval, ...]
    rows: tuple[dict[str, Any], ...]
    attempts: tuple[Attempt, ...]
    events: tuple[dict[str, Any], ...]
    series: tuple[Series, ...]
    comments: tuple[Heard, ...]
    record: archive.Kept | None
    doubts: tuple[Delivery, ...]
    waiting: tuple[str, ...]  # the languages in which a step is missing that somebody can give now
    said: tuple[Review, ...]

    @property
    def missing(self) -> list[str]:
        """Return the languages of the campaign that nobody has written yet."""
        return [lang for lang in self.campaign.languages if lang not in {variant.lang for variant in self.variants}]


def show(desk: Desk, visit: Visit) -> Response:
    """Show it."""
    return _page(desk, visit)


def act(desk: Desk, visit: Visit) -> Response:
    """Do what a form of the page asks for; what a verb refuses is said on the page itself, and nothing is lost."""
    campaign, post = visit.place("campaign"), visit.place("post")
    try:
        _do(desk, visit, visit.place("act"), campaign, post)
    except CampaignError as error:
        return _page(desk, visit, error.status_code, problem=str(error))
    return desk.go(f"/posts/{campaign}/{post}#deliveries")


def _do(desk: Desk, visit: Visit, action: str, campaign: str, post: str) -> None:
    app, by = desk.app, visit.person
    match action:
        case "approve":
            approve(app, post, by=by, langs=visit.texts("langs"), campaign_name=campaign)
        case "move":
            at = f"{visit.needed('date')} {visit.needed('time')}"
            gap = {"forward": "forward", "back": "back"}.get(visit.text("gap"))
            fold = {"first": "first", "second": "second"}.get(visit.text("fold"))
            move_all(app, post, at=at, by=by, gap=gap, fold=fold, campaign_name=campaign)  # type: ignore[arg-type]
        case "cancel":
            cancel_all(app, post, by=by, campaign_name=campaign)
        case "retry":
            now = visit.text("when") == "now"
            at = "" if now else f"{visit.needed('date')} {visit.needed('time')}"
            retry(app, _own(desk, visit), by=by, at=at or None, now=now)
        case "settle":
            answer = visit.needed("answer")
            if answer not in ("published", "not_published", "abandon"):
                raise Invalid("answer", answer, "must be published, not_published or abandon")
            url = visit.text("url").strip() or None
            settle(app, _own(desk, visit), answer, by=by, url=url)  # type: ignore[arg-type]
        case "waive":
            lang, code, value = visit.needed("language"), visit.needed("code"), visit.text("value")
            waive(app, post, lang, code, visit.needed("reason"), by=by, value=value, campaign_name=campaign)
        case "withdraw":
            ask(desk, withdraw(app, _own(desk, visit), by=by, reason=visit.needed("reason")))
        case _:
            raise NotFound("page", visit.path)


def _own(desk: Desk, visit: Visit) -> str:
    """Return the delivery that a form names, if it is one of this very post."""
    ident = visit.needed("delivery")
    with desk.app.store.read() as tx:
        campaign = campaigns.campaign_named(tx, visit.place("campaign"))
        post = post_rows.post_named(tx, visit.place("post"), campaign)
        if ident not in {row.id for row in queue.of_post(tx, post.id)}:
            raise NotFound("delivery", ident)
    return ident


def _page(desk: Desk, visit: Visit, status: int = 200, *, problem: str | None = None) -> Response:
    sheet = _sheet(desk, visit.place("campaign"), visit.place("post"))
    states = {State(row["state"]) for row in sheet.rows}
    return desk.page(
        visit,
        "post.html",
        status,
        demo=sheet.campaign.demo,
        sheet=sheet,
        problem=problem,
        doubts=[row for row in sheet.rows if row["state"] in DOUBTFUL and not row["handed"]],
        handed=[row for row in sheet.rows if row["handed"]],
        deletable=_deletable(desk, sheet),
        needy=[row for row in sheet.rows if needs_a_person(row)],
        evidence=_evidence(sheet),
        curves=report_page.curves_of(sheet.series, visit.look),
        can_move=not states & set(queue.OPEN) and (not states or bool(states - {State.PUBLISHED, State.CANCELLED})),
        can_cancel=bool(states & {State.SCHEDULED, State.FAILED, State.MISSED}),
        writes=_writes(visit, sheet),
        remarks=_remarks(desk, sheet, visit.look),
        may_decide=visit.may(Role.AUTHOR, Role.APPROVER),
        may_approve=visit.may(Role.APPROVER)
        and (visit.person.name != sheet.post.author or sheet.campaign.approval == "none"),
    )


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding as the page shows it; `lang`: in which it may be let pass, None: it may not, or need not."""

    is_error: bool
    text: str
    code: str
    value: str
    lang: str | None


def _remarks(desk: Desk, sheet: Sheet, look: Look) -> list[Remark]:
    """Return what is to be known of a post before all of it is out, errors first, each once."""
    if sheet.rows and all(row["state"] in (State.PUBLISHED, State.CANCELLED) for row in sheet.rows):
        return []
    with desk.app.store.read() as tx:
        found = proofread(desk.app, tx, sheet.campaign, sheet.post)
    seen: dict[str, Remark] = {}
    for one in sorted(found, key=lambda each: not each.is_error):
        finding = one.finding
        text = meant(str(one), finding.message if finding.code else None, look, one.langs)
        open_to = one.langs[0] if one.is_error and may_be_waived(finding) and len(one.langs) == 1 else None
        seen.setdefault(text, Remark(one.is_error, text, finding.code, finding.value, open_to))
    return list(seen.values())


def _sheet(desk: Desk, campaign_name: str, post_name: str) -> Sheet:
    app = desk.app
    with app.store.read() as tx:
        campaign = campaigns.campaign_named(tx, campaign_name)
        post = post_rows.post_named(tx, post_name, campaign)
        if post.campaign_id != campaign.id:
            raise NotFound("post", post_name)
        history = post_rows.variants_of(tx, post.id)
        newest = latest(history)
        standing = read(tx, campaign, post, now=app.clock.now())
        rows = [row for row in queue.listed(tx, campaign.id) if row["post_id"] == post.id]
        mark_handed(app, tx, rows)
        known = [lang for lang in campaign.languages if lang in newest]
        sheet = Sheet(
            campaign=campaign,
            post=post,
            variants=tuple(newest[lang] for lang in [*known, *(lang for lang in newest if lang not in known)]),
            history=tuple(history),
            outdated=outdated(history, campaign.source_lang),
            media=tuple(post_rows.media_of(tx, post.id)),
            queued=tuple(post_rows.outgoings_of(tx, post.id)),
            approvals=tuple(approval_rows.approvals_of(tx, post.id)),
            waiting=_waiting(standing, post_rows.outgoings_of(tx, post.id), queue.of_post(tx, post.id)),
            said=standing.said,
            rows=tuple(rows),
            attempts=tuple(attempts.attempts_of_post(tx, post.id)),
            events=tuple(people.events_of(tx, post.id)),
            series=series_of(tx, rows),
            comments=tuple(comments.of_deliveries(tx, [row["id"] for row in rows])),
            record=archive.kept(app, post.id),
            doubts=tuple(each for each in queue.of_post(tx, post.id) if each.state in DOUBTFUL),
        )
    return sheet


def _writes(visit: Visit, sheet: Sheet) -> list[str]:
    """Return the languages that this person may write in."""
    found: list[str] = []
    for lang in sheet.campaign.languages:
        with contextlib.suppress(Forbidden):
            demand_writer(visit.person, sheet.campaign, lang)
            found.append(lang)
    return found


def _waiting(standing: Standing, queued: Sequence[Queued], rows: Sequence[Delivery]) -> tuple[str, ...]:
    there = {row.outgoing_id: row for row in rows}
    found: set[str] = set()
    for entry in queued:
        row = there.get(entry.id)
        if row is None or row.state in HOLDABLE:
            asked = standing.asked_of(entry, row)
            found |= missing(standing.given, asked, standing.moment(asked.due_at)).keys()
    return tuple(sorted(found - standing.blocked.keys() - standing.returned.keys()))


def _deletable(desk: Desk, sheet: Sheet) -> set[str]:
    """Return the accounts whose platforms let us take a post down."""
    names = {row["account"] for row in sheet.rows if row["state"] == State.PUBLISHED}
    with desk.app.store.read() as tx:
        found = [account for account in account_rows.all_accounts(tx) if account.name in names]
    return {account.name for account in found if desk.app.capabilities(account).deletes}


def _evidence(sheet: Sheet) -> dict[str, list[Seen]]:
    """Return, per delivery in doubt, what was sent when, what came back, and what the questions saw."""
    tried: dict[str, list[Attempt]] = {}
    for attempt in sheet.attempts:
        tried.setdefault(attempt.delivery_id, []).append(attempt)
    return {each.id: evidence_of(each, tried.get(each.id, ())) for each in sheet.doubts}


def medium(desk: Desk, visit: Visit) -> Response:
    """Serve a medium that stands in the table; a file that only lies in the library is none. Raises: NotFound."""
    sha256 = visit.place("sha256")
    with desk.app.store.read() as tx:
        found: Medium | None = post_rows.medium_of(tx, sha256)
    if found is None or not desk.app.media.exists(sha256):
        raise NotFound("medium", sha256)
    shown = found.mime in _SHOWN
    return FileResponse(
        desk.app.media.file(found.sha256),
        media_type=found.mime if shown else "application/octet-stream",
        filename=None if shown else found.sha256,
        headers={
            "Cache-Control": "private, max-age=31536000, immutable",
            "ETag": f'"{found.sha256}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
