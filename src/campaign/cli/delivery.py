"""Deliveries: listed, shown, settled by a person's word, scheduled again."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from campaign.cli.given import words
from campaign.cli.here import HERE, Here, ask
from campaign.cli.show import data, fields, iso, line, plain, table
from campaign.core.errors import Invalid
from campaign.core.evidence import Body, Seen, evidence_of
from campaign.core.model import Attempt, Delivery, Exchange
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.service.confirm import settle
from campaign.service.enqueue import retry
from campaign.service.package import package_of, write_package
from campaign.service.withdraw import withdraw
from campaign.store import attempts as attempt_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue

SHOWN = 500  # characters of a body on a screen; --json has more of it
FIELDS = (
    *("id", "post", "langs", "account", "platform", "part", "state", "due_at", "published_at", "remote_id"),
    *("permalink", "attempts", "guarantee", "campaign", "moved_because", "held_because", "error", "archive_state"),
)
HEADS = ("id", "post", "langs", "account", "part", "state", "due", "published", "permalink", "why")


def show_all(
    *,
    campaign: str | None = None,
    state: Annotated[list[str] | None, Parameter(name="--state")] = None,
    post: str | None = None,
    here: Here = HERE,
) -> None:
    """List deliveries by their time.

    Examples: campaign delivery list --state missed,failed · campaign delivery list --campaign peace-2019 --json

    Args:
        campaign: Only those of this campaign.
        state: Only those in this state; several with commas between.
        post: Only those of this post.
    """
    states = [_state(name) for name in words(state or [])]
    with here.opened() as app, app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        if post:
            post_rows.post_named(tx, post, chosen)
        rows = queue.listed(tx, chosen.id if chosen else None, states)
    rows = [row for row in rows if post in (None, row["post"])]
    if here.json:
        data([plain(row, FIELDS) for row in rows])
    else:
        table(HEADS, [cells(row) for row in rows])


def show(id: Annotated[str, Parameter(name="ID")], /, *, here: Here = HERE) -> None:
    """Show all of a delivery: what leaves, each attempt, what went over the wire and what came back.

    Example: campaign delivery show 3f9a20c1

    Args:
        id: Its id, or the last 8 characters of it.
    """
    with here.opened() as app, app.store.read() as tx:
        held = queue.found(tx, id)
        row = next(row for row in queue.listed(tx, held.campaign_id) if row["id"] == held.id)
        outgoing = post_rows.outgoing_of(tx, held.outgoing_id).outgoing
        tried = attempt_rows.attempts_of(tx, held.id)
    more = ("parent_id", "late_after", "sent_at", "measure_at", "outgoing_sha256", "key", "wire", "questions")
    told = plain(row, (*FIELDS, *more))
    if told["wire"]:  # what begins with _ opens something while it lives: an upload session's address
        told["wire"] = {name: value for name, value in told["wire"].items() if name[:1] != "_"}
    if here.json:
        evidence = [_plain_seen(seen) for seen in evidence_of(held, tried)]
        data(told | {"outgoing": outgoing.plain(), "tries": [_attempt(one) for one in tried], "evidence": evidence})
        return
    times = ("due_at", "late_after", "sent_at", "published_at", "measure_at")
    fields(told | {name: in_zone(row[name], row["zone"]) if row[name] else None for name in times})
    fields({"text": outgoing.text})
    for number, medium in enumerate(outgoing.media, 1):
        fields({f"media {number}": f"{medium.mime}, {medium.size} bytes, alt: {medium.alt}"})
    if tried:
        print()
        heads = ("number", "kind", "started", "outcome", "requests", "error")
        rows = [
            (one.number, one.kind, in_zone(one.started_at, row["zone"]), one.outcome, len(one.exchanges), one.error)
            for one in tried
        ]
        table(heads, rows)
    for seen in evidence_of(held, tried):
        print()
        fields(_told_seen(seen, row["zone"]))


def settle_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    published: Annotated[str | None, Parameter(name="--published")] = None,
    screenshot: Path | None = None,
    not_published: bool = False,
    abandon: bool = False,
    here: Here = HERE,
) -> None:
    """Say what became of a delivery that nobody knows about, or that a person puts up.

    Examples: campaign delivery settle 3f9a20c1 --published https://mastodon.example/@kr/1234 ·
    campaign delivery settle 3f9a20c1 --not-published ·
    campaign delivery settle 3f9a20c1 --screenshot window.png

    Args:
        id: Its id, or the last 8 characters of it.
        published: It is out, at this address.
        screenshot: It is out, as this picture shows; for what a person puts up, with --published or in its place.
        not_published: It is not out: it is sent again while its grace lasts, else it is missed.
        abandon: Nobody will know: give it up.
    """
    answers: dict[Literal["published", "not_published", "abandon"], bool] = {
        "published": published is not None or screenshot is not None,
        "not_published": not_published,
        "abandon": abandon,
    }
    given = [answer for answer, yes in answers.items() if yes]
    if len(given) != 1:
        raise Invalid(
            "answer", ", ".join(given), "give one of --published URL (or --screenshot FILE), --not-published, --abandon"
        )
    with here.opened() as app:
        _done(here, settle(app, id, given[0], by=here.person(app), url=published, screenshot=screenshot))


def package_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    to: Path,
    lang: Literal["ko", "en", "ru"] | None = None,
    here: Here = HERE,
) -> None:
    """Write what a person needs to put a delivery up: texts, media, alt texts, a checklist, a page to copy from.

    Examples: campaign delivery package 3f9a20c1 --to notice.zip · campaign delivery package 3f9a20c1 --to notice

    Args:
        id: Its id, or the last 8 characters of it.
        to: A file that ends in .zip, else a folder; it must not be there yet.
        lang: The language of the checklist; by default the post's own.
    """
    with here.opened() as app:
        package = package_of(app, id, by=here.person(app), lang=lang or "")
        write_package(app, package, to)
    if here.json:
        files = [{"name": file.name, "size": file.size} for file in package.files]
        data({"id": package.delivery.id, "to": str(to), "person": package.person, "files": files})
    else:
        line(f"{len(package.files)} files for {package.person or 'nobody yet'} are in {to}")


def again(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    at: str | None = None,
    now: bool = False,
    here: Here = HERE,
) -> None:
    """Schedule a failed or missed delivery again.

    Examples: campaign delivery retry 3f9a20c1 --now · campaign delivery retry 3f9a20c1 --at "2026-12-01 19:00"

    Args:
        id: Its id, or the last 8 characters of it.
        at: The local time, in the zone of its post.
        now: At once.
    """
    with here.opened() as app:
        _done(here, retry(app, id, by=here.person(app), at=at, now=now))


def withdraw_it(id: Annotated[str, Parameter(name="ID")], /, *, reason: str, here: Here = HERE) -> None:
    """Take down at its platform what is out; that it was out stays on record, and who took it down and why.

    Example: campaign delivery withdraw 3f9a20c1 --reason "wrong date"

    Args:
        id: Its id, or the last 8 characters of it.
        reason: Why; it stands in the log and in the archive.
    """
    with here.opened() as app:
        done = ask(app, withdraw(app, id, by=here.person(app), reason=reason))
    if here.json:
        data(brief(done) | {"withdrawn": True, "permalink": done.permalink})
    else:
        line(f"delivery {done.id} is withdrawn: {done.permalink or done.remote_id}")


def cells(row: Mapping[str, Any]) -> list[object]:
    """Return a row of queue.listed() as HEADS has it; `why`: its error, else why it is held though it is scheduled."""
    due, out = in_zone(row["due_at"], row["zone"]), row["published_at"]
    published = in_zone(out, row["zone"]) if out else None
    open_ = row["state"] in (State.SCHEDULED, State.CLAIMED)
    held = f"held: {row['held_because']}" if open_ and row["held_because"] else None
    return [*(row[name] for name in HEADS[:6]), due, published, row["permalink"], row["error"] or held]


def brief(delivery: Delivery) -> dict[str, object]:
    """Return what a command says of a delivery that it made or moved."""
    return {
        "id": delivery.id,
        "langs": list(delivery.langs),
        "part": delivery.part,
        "state": str(delivery.state),
        "due_at": iso(delivery.due_at),
        "moved_because": delivery.moved_because,
    }


def _done(here: Here, delivery: Delivery) -> None:
    if here.json:
        data(brief(delivery))
    else:
        line(f"delivery {delivery.id} is {delivery.state}, due {in_zone(delivery.due_at, 'UTC')}")


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError:
        raise Invalid("state", name, f"must be one of {', '.join(State)}") from None


def _attempt(attempt: Attempt) -> dict[str, object]:
    return {
        "number": attempt.number,
        "kind": attempt.kind,
        "started_at": iso(attempt.started_at),
        "ended_at": iso(attempt.ended_at),
        "outcome": attempt.outcome,
        "error": attempt.error,
        "exchanges": [_exchange(one) for one in attempt.exchanges],
    }


def _plain_seen(seen: Seen) -> dict[str, object]:
    return {**asdict(seen), "at": iso(seen.at)}


def _told_seen(seen: Seen, zone: str) -> dict[str, object]:
    """Return one request and its answer as lines for a person."""
    asking = "sent" if seen.kind == "publish" else "asked"
    lines: dict[str, object] = {
        f"{seen.number} {seen.kind}": f"{in_zone(seen.at, zone)}, {seen.outcome}",
        asking: seen.request,
    }
    if seen.body is not None:
        lines["body"] = _told_body(seen.body)
    lines["came back"] = f"{seen.answer}, after {seen.took:.1f} s" if seen.outcome != "died" else seen.answer
    if seen.answered is not None:
        lines["saw"] = _told_body(seen.answered)
    return lines


def _told_body(body: Body) -> str:
    text = body.text if body.text is None or len(body.text) <= SHOWN else body.text[: SHOWN - 1] + "…"
    return f"{body.size} bytes, sha256 {body.sha256}" + (f"\n{text}" if text else "")


def _exchange(one: Exchange) -> dict[str, object]:
    heads = replace(one, request=_head(one.request), response=_head(one.response) if one.response else None)
    return {
        "method": heads.method,
        "url": heads.url,
        "at": iso(heads.at),
        "outcome": heads.outcome,
        "took": heads.took,
        "address": heads.address,
        "request": heads.request.decode("utf-8", "replace"),
        "response": heads.response.decode("utf-8", "replace") if heads.response else None,
        "body_sha256": heads.body_sha256,
        "body_size": heads.body_size,
        "redacted": list(heads.redacted),
    }


def _head(message: bytes) -> bytes:
    return message.partition(b"\r\n\r\n")[0]
