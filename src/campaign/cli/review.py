"""Review: a wording asked for, passed, returned or remarked on; and links for guests who read one post."""

from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.given import words
from campaign.cli.here import HERE, Here
from campaign.cli.people import desk_address
from campaign.cli.show import data, iso, line, say, table
from campaign.clock import real_now
from campaign.core.approval import Asked, Progress
from campaign.core.errors import Invalid
from campaign.core.plan import ReviewLink
from campaign.service.review import Reviewed, history_of, make_guest_link, ready, review, revoke_guest_link
from campaign.service.standing import Standing, read
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store import reviews as review_rows

_ID = Annotated[str, Parameter(name="ID")]


def ready_it(
    id: _ID, /, *, lang: str, revision: int | None = None, campaign: str | None = None, here: Here = HERE
) -> None:
    """Ask for the review of a post in one language; its reviewers are told.

    Example: campaign post ready P03 --lang ru

    Args:
        id: Its id.
        lang: The language.
        revision: The revision that you mean; when somebody else was faster, nothing is changed.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app:
        done = ready(app, id, lang, by=here.person(app), revision=revision, campaign_name=campaign)
    _tell(done, here)


def review_it(
    id: _ID,
    /,
    *,
    lang: str | None = None,
    passes: Annotated[bool, Parameter(name="--pass", negative="")] = False,
    returns: Annotated[str | None, Parameter(name="--return")] = None,
    comment: str | None = None,
    field: str | None = None,
    revision: int | None = None,
    link: str | None = None,
    days: int = 7,
    links: Annotated[bool, Parameter(negative="")] = False,
    revoke: str | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Pass, return or remark on a post in one language; or let a guest read it. With none of these: how far it is.

    Examples: campaign post review P03 --lang ru --pass --as rita · campaign post review P03 --lang ru --return "Wrong
    day" · campaign post review P03 --link "Ms Kim" --days 7 · campaign post review P03

    To pass is the first step where there are several, and never the approval: campaign post approve. To return takes
    back what was approved in that language; what waits is held.

    Args:
        id: Its id.
        lang: The language; of a link those that the guest decides about, with commas between (else all).
        passes: It reads well and says what the source says.
        returns: It does not, and why.
        comment: A remark that decides nothing.
        field: What it is about: text, title, tags, link, alt or captions.
        revision: The revision that you read; when somebody else was faster, nothing is kept.
        link: The name of a guest; prints a secret address, once, at which the guest reads this post and answers.
        days: How long the address opens, 1 to 90.
        links: List the addresses that were made; the secrets are kept nowhere.
        revoke: End one of them, by the beginning or the end of its id.
        campaign: Its campaign, where several have a post of that id.
    """
    chosen = [passes, returns is not None, comment is not None, link is not None, links, revoke is not None]
    if sum(chosen) > 1:
        raise Invalid("post review", "", "give one of --pass, --return, --comment, --link, --links, --revoke")
    if link is not None:
        _make_link(here, id, link, lang, days, campaign)
        return
    if links or revoke is not None:
        _links(here, id, revoke, campaign)
        return
    if not any(chosen):
        _show(here, id, campaign)
        return
    if lang is None:
        raise Invalid("lang", "", "say which language was read: --lang ru")
    decision: Any = "passed" if passes else "returned" if returns is not None else "comment"
    text = returns if returns is not None else comment or ""
    with here.opened() as app:
        by = here.person(app)
        done = review(
            app, id, lang, decision, by=by, text=text, field=field, revision=revision, campaign_name=campaign
        )  # fmt: skip
    _tell(done, here)


def _tell(done: Reviewed, here: Here) -> None:
    said = done.review
    if here.json:
        told = {"post": done.post.name, "lang": said.lang, "revision": said.revision, "decision": said.decision}
        told |= {"steps": done.steps, "enqueued": [row.id for row in done.deliveries], "waiting": list(done.waiting)}
        data(told | {"held": [{"id": row.id, "why": row.held_because} for row in done.held]})
        return
    what = {"ready": "review is asked for", "comment": "the remark is kept"}.get(said.decision, said.decision)
    line(f"post {done.post.name} ({said.lang}, revision {said.revision}): {what}")
    if done.steps:
        line("that is step 1 of its approval")
    elif said.decision == "passed":
        line(f"its approval is another word: campaign post approve {done.post.name} --lang {said.lang}")
    for row in done.held:
        line(f"held: {'+'.join(row.langs)}: {row.held_because}")
    if done.waiting:
        say(f"waits for approval in {', '.join(done.waiting)}")


def _show(here: Here, id: str, campaign: str | None) -> None:
    with here.opened() as app, app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        post = post_rows.post_named(tx, id, chosen)
        entry = campaign_rows.campaign_of(tx, post.campaign_id)
        standing = read(tx, entry, post, now=app.clock.now())
        rows = {row.outgoing_id: row for row in queue.of_post(tx, post.id)}
        asked = [standing.asked_of(item, rows.get(item.id)) for item in post_rows.outgoings_of(tx, post.id)]
        history = history_of(tx, post)
    langs = dict.fromkeys([*standing.newest, *standing.lacking])
    found = {lang: _plain(standing, lang, standing.progress(lang, asked), asked) for lang in langs}
    if here.json:
        data({"post": post.name, "langs": found, "said": [{**row, "at": iso(row["at"])} for row in history]})
        return
    table(("language", "revision", "stage", "stands against it"), [list(row.values()) for row in found.values()])
    if history:
        print()
        heads = ("at", "language", "what", "who", "text")
        said = [(iso(row["at"]), row["lang"], row["what"], row["who"], row["text"]) for row in history]
        table(heads, said, breaks=("text",))


def _plain(standing: Standing, lang: str, progress: Progress, asked: list[Asked]) -> dict[str, Any]:
    wording = standing.newest.get(lang)
    against = [why for each in asked if lang in each.langs and (why := standing.why_not(each))]
    stage = str(progress.stage)
    if progress.stage == "in review":
        stage += f" ({progress.given} of {progress.steps})"
    return {
        "lang": lang,
        "revision": wording.revision if wording else None,
        "stage": stage,
        "against": "; ".join(dict.fromkeys(against)) or None,
    }


def _make_link(here: Here, id: str, guest: str, lang: str | None, days: int, campaign: str | None) -> None:
    with here.opened() as app:
        by, langs = here.person(app), words([lang]) if lang else ()
        token, link = make_guest_link(
            app, id, guest, by=by, now=real_now(), days=days, langs=langs, campaign_name=campaign
        )  # fmt: skip
        address = f"{desk_address(here.settings())}/review/{token}"
    if here.json:
        data(_link(link) | {"url": address})
        return
    line(address)
    say(f"Opens until {iso(link.expires_at)} for {link.guest}, and for whoever has it: hand it over in private.")


def _links(here: Here, id: str, revoke: str | None, campaign: str | None) -> None:
    with here.opened() as app:
        if revoke is not None:
            by = here.person(app)
            found = [revoke_guest_link(app, id, revoke, by=by, now=real_now(), campaign_name=campaign)]
            say("it opens nothing any more")
        with app.store.read() as tx:
            chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
            every = review_rows.links_of(tx, post_rows.post_named(tx, id, chosen).id)
    found = every if revoke is None else [each for each in every if each.id == found[0].id]
    if here.json:
        data([_link(each) for each in found])
        return
    heads = ("id", "guest", "langs", "by", "expires_at", "revoked_at")
    table(heads, [[_link(each)[head] for head in heads] for each in found])


def _link(link: ReviewLink) -> dict[str, Any]:
    return {
        "id": link.id,
        "guest": link.guest,
        "langs": list(link.langs),
        "by": link.person,
        "created_at": iso(link.created_at),
        "expires_at": iso(link.expires_at),
        "revoked_at": iso(link.revoked_at),
    }
