"""The editor: one post in one language beside its source; what an edit leads to is said before it is kept."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from starlette.responses import Response

from campaign.core.diff import diff
from campaign.core.errors import CampaignError, Conflict, Invalid, ManyInvalid
from campaign.core.finding import Finding, Reader
from campaign.core.lint import apply
from campaign.core.model import FIELDS, Field
from campaign.service.draft import Placed, Wording
from campaign.service.revise import Edit, demand_writer, revise
from campaign.service.weigh import Weighed, weigh
from campaign.web.desk import Desk
from campaign.web.draft_files import DraftFiles, Kept
from campaign.web.edit_sheet import OWN, Box, Sheet, key_of, named, tidy, told_of
from campaign.web.formats import Look
from campaign.web.gate import Visit
from campaign.web.reasons import reason

# What a person's save of a machine's draft says was read; captions have times and are affirmed by themselves.
_READ: tuple[Field, ...] = ("text", "title", "tags", "link", "alt")


def show(desk: Desk, visit: Visit) -> Response:
    """Show the editor, filled in with what is kept."""
    sheet = Sheet.read(desk, visit, visit.asked("language"), visit.asked("account"))
    demand_writer(visit.person, sheet.campaign, sheet.lang)
    return _page(desk, visit, sheet, sheet.kept, {})


def act(desk: Desk, visit: Visit) -> Response:
    """Keep the revision, or show what stands against it with all that was typed; or do what a field's button says."""
    sheet = Sheet.read(desk, visit, visit.needed("language"), visit.text("account"))
    demand_writer(visit.person, sheet.campaign, sheet.lang)
    typed = {key: tidy(key, visit.text(key)) if key in visit.fields else kept for key, kept in sheet.kept.items()}
    files = DraftFiles(
        desk.settings.root / "drafts",
        visit.session.token_sha256 if visit.session else "",
        limit=desk.settings.media.max_bytes,
    )
    action, _, what = (visit.text("act") or "save").partition(":")
    tracks = _found(visit, sheet, files)
    try:
        tracks |= _tracks(visit, sheet, files)
        if action in ("save", "holds", "common"):
            _keep(desk, visit, sheet, typed, tracks, action)
            files.forget([kept.digest for kept in tracks.values()])
            return desk.go(f"/posts/{sheet.campaign.name}/{sheet.post.name}")
    except CampaignError as error:
        again = Sheet.read(desk, visit, sheet.lang, sheet.account)  # somebody may have been faster
        return _page(desk, visit, again, typed, tracks, status=error.status_code, error=error)
    weighed = _weighed(desk, visit, sheet, typed, tracks)
    if action == "preview":
        boxes = sheet.boxes(typed, told_of(weighed.findings, visit.look), visit.look)
        return desk.page(visit, "_weighed.html", sheet=sheet, boxes=boxes, **_counted(desk, sheet, weighed))
    done = None
    if action == "copy" and what in typed:
        typed[what] = sheet.values(sheet.source, sheet.campaign.source_lang).get(what, typed[what])
        done = "edit.copied"
    elif action == "fix":
        key = what.partition(":")[0]
        if key in typed and (fixes := named(weighed.findings, what)):
            typed[key] = apply(typed[key], fixes)
            done = "edit.fixed"
    return _page(desk, visit, sheet, typed, tracks, done=done)


def _keep(
    desk: Desk, visit: Visit, sheet: Sheet, typed: Mapping[str, str], tracks: Mapping[int, Kept], action: str
) -> None:
    """Keep what was typed. Raises: CampaignError, with nothing changed."""
    seen = _number(visit.text("revision"))
    if seen is None:
        raise Invalid("revision", visit.text("revision"), "this form is too old or not ours; open the page again")
    if sheet.account and visit.text("own") not in ("", sheet.mark):
        raise Conflict(f"the own words of account {sheet.account} were changed meanwhile; nothing was kept, look again")
    edit = _edit(visit, sheet, typed, tracks, action, seen)
    revise(
        desk.app,
        sheet.post.name,
        sheet.lang,
        edit,
        by=visit.person,
        based_on=seen or None,
        campaign_name=sheet.campaign.name,
    )


def _edit(
    visit: Visit,
    sheet: Sheet,
    typed: Mapping[str, str],
    tracks: Mapping[int, Kept],
    action: str,
    revision: int,
) -> Edit:
    """Return the change: what differs from what the person saw, and what is said to hold. Raises: Invalid."""
    seen: dict[str, int] = {}
    source = _number(visit.text("source_revision"))
    if sheet.source is not None and source is not None:
        seen[sheet.campaign.source_lang] = source
    if revision == 0:
        seen[sheet.lang] = 0
    base = (sheet.said_at(revision) if revision and not sheet.account else None) or sheet.kept
    changed = {key for key, text in typed.items() if text != tidy(key, base.get(key, ""))}
    fields = {cast(Field, key.partition("_")[0]) for key in changed}
    if sheet.account:
        if action == "common":
            return Edit(account=sheet.account, seen=seen)
        if not changed:
            raise Invalid(f"text ({sheet.lang})", typed["text"][:40], "is what it says already; nothing was changed")
    else:
        fields |= {
            name for name in FIELDS if name in visit.texts("holds") or (action == "holds" and name in sheet.stale)
        }
        fields |= {"captions"} if tracks else set()
        if sheet.now is None:
            fields |= {"text"}
        elif sheet.now.machine is not None:
            fields |= set(_READ)
        elif not fields and sheet.stale:
            rule = "nothing was changed; tick what still holds as it is"
            raise Invalid(f"text ({sheet.lang})", typed["text"][:40], rule)
        fields = fields or {"text"}
    return Edit(
        text=typed["text"] if "text" in fields else None,
        tags=typed["tags"].split() if "tags" in fields else None,
        link=typed["link"] if "link" in fields else None,
        title=typed["title"] if "title" in fields else None,
        alt={int(key[4:]): typed[key] for key in changed if key.startswith("alt_")} if "alt" in fields else None,
        captions={at: kept.path for at, kept in tracks.items()} if "captions" in fields else None,
        change="typo" if visit.text("change") == "typo" else "meaning",
        account=sheet.account,
        keep_own=bool(visit.text("keep_own")),
        seen=seen,
    )


def _tracks(visit: Visit, sheet: Sheet, files: DraftFiles) -> dict[int, Kept]:
    """Return the caption files that came with this very send, by the position of their clip. Raises: Invalid."""
    found: dict[int, Kept] = {}
    for item in sheet.media:
        for upload in visit.files.get(f"captions_{item.position}", ()):
            try:
                found[item.position] = files.take(upload.file)
            except Invalid as error:
                raise Invalid(f"captions {item.position} ({sheet.lang})", upload.filename, error.rule) from None
    return found


def _found(visit: Visit, sheet: Sheet, files: DraftFiles) -> dict[int, Kept]:
    """Return the caption files that an earlier send of this form brought."""
    there = {item.position: files.find(visit.text(f"kept_captions_{item.position}")) for item in sheet.media}
    return {at: kept for at, kept in there.items() if kept is not None}


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _weighed(desk: Desk, visit: Visit, sheet: Sheet, typed: Mapping[str, str], tracks: Mapping[int, Kept]) -> Weighed:
    if sheet.now is None and not any(typed.values()):
        return Weighed()  # nothing is written yet, and nothing is wrong with that
    return weigh(
        desk.app,
        sheet.post.name,
        sheet.lang,
        Wording(typed["text"], tuple(typed["tags"].split()), typed["link"] or None, typed["title"] or None),
        by=visit.person,
        alt={int(key[4:]): text for key, text in typed.items() if key.startswith("alt_") and text},
        captions={at: kept.path for at, kept in tracks.items()},
        account=sheet.account,
        campaign_name=sheet.campaign.name,
    )


def _counted(desk: Desk, sheet: Sheet, weighed: Weighed) -> dict[str, Any]:
    platforms = {account.name: account.platform for account in sheet.accounts.values()}
    return {"counts": weighed.counts, "platforms": platforms, "forecasts": weighed.forecasts}


def _page(
    desk: Desk,
    visit: Visit,
    sheet: Sheet,
    typed: Mapping[str, str],
    tracks: Mapping[int, Kept],
    *,
    status: int = 200,
    error: CampaignError | None = None,
    done: str | None = None,
) -> Response:
    sent, look, source_lang = visit.request.method == "POST", visit.look, sheet.campaign.source_lang
    theirs = _theirs(visit, sheet, typed) if sent else None
    if theirs:
        typed = theirs["merged"]
    source = _number(visit.text("source_revision"))
    source_moved = sent and sheet.source is not None and source not in (None, sheet.source.revision)
    weighed = _weighed(desk, visit, sheet, typed, tracks)
    told = told_of(weighed.findings, look)
    errors, problem = _errors(visit, error, weighed.findings, sent)
    if isinstance(error, Conflict) and (theirs or source_moved):
        problem = None  # it is said where both versions stand
    boxes, places = sheet.boxes(typed, told, look), {where for where, *_ in errors}
    keys = {box.key for box in boxes}
    return desk.page(
        visit,
        "edit.html",
        status,
        demo=sheet.campaign.demo,
        sheet=sheet,
        boxes=boxes,
        loose=[one for one in told if one.key not in keys],
        errors=errors,
        places=places,
        beside=[one for one in errors if not _stands(one, boxes, look)],
        problem=problem,
        done=done,
        theirs=theirs,
        source_moved=source_moved,
        tracks={at: kept for at, kept in tracks.items() if f"captions_{at}" not in places},
        holds=set(visit.texts("holds")),
        change=visit.text("change") or "meaning",
        keep_own=bool(visit.text("keep_own")),
        owners={name: [key for key in OWN if key in own] for name, own in sheet.speakers.items() if own},
        others=[lang for lang in sheet.newest if lang != sheet.lang],
        entries={lang: sheet.entries(lang, look) for lang in sheet.newest if lang in (sheet.lang, source_lang)},
        **_counted(desk, sheet, weighed),
    )


def _stands(error: tuple[str, str, bool], boxes: Sequence[Box], look: Look) -> bool:
    """Whether an error stands among the findings of its field already."""
    where, text, plain = error
    message = text if plain else reason(text, look) or text
    return any(message == told.message for box in boxes if box.key == where for told in box.told)


def _theirs(visit: Visit, sheet: Sheet, typed: Mapping[str, str]) -> dict[str, Any] | None:
    """Return both versions where somebody was faster: theirs, mine, and mine on top of theirs; None: nobody was.

    What this person did not touch is taken from theirs, so that it is not put back.
    """
    seen = _number(visit.text("revision"))
    there = sheet.now.revision if sheet.now else 0
    if sheet.account:
        if visit.text("own") in ("", sheet.mark):
            return None
        base: Mapping[str, str] = {}
    else:
        if seen is None or seen == there:
            return None
        base = sheet.said_at(seen) or {}
    kept = sheet.kept
    untouched = {key for key, text in typed.items() if key in base and text == tidy(key, base[key])}
    merged = {key: kept[key] if key in untouched else text for key, text in typed.items()}
    rows = [
        (sheet.label(key, visit.look), kept[key], text, diff(kept[key], text))
        for key, text in merged.items()
        if text != tidy(key, kept[key])
    ]
    return {"merged": merged, "rows": rows, "variant": sheet.now}


def _said(finding: Finding, visit: Visit) -> str:
    return finding.message(cast(Reader, visit.look.lang))


def _errors(
    visit: Visit, error: CampaignError | None, findings: Sequence[Placed], sent: bool
) -> tuple[list[tuple[str, str, bool]], str | None]:
    """Return the errors for the list at the top: the field's id, the words, whether they are the reader's; and what is
    no error of a field."""
    messages = {
        (one.finding.field, one.finding.value, one.finding.rule): _said(one.finding, visit)
        for one in findings
        if one.finding.code
    }
    wrong: Sequence[Invalid | Finding] = ()
    if isinstance(error, Invalid):
        wrong = error.findings if isinstance(error, ManyInvalid) else (error,)
    elif error is not None:
        return [], str(error)
    elif sent:
        wrong = [one.finding for one in findings if one.is_error]
    found = [(key_of(one.field), messages.get((one.field, str(one.value), one.rule)), str(one)) for one in wrong]
    return list(dict.fromkeys((key, said or text, said is not None) for key, said, text in found)), None
