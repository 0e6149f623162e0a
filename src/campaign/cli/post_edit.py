"""A post revised in one language, and the history of its wording."""

from typing import Annotated

from cyclopts import Parameter

from campaign.cli.given import by_lang, words
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, iso, line, say, table
from campaign.core.language import outdated
from campaign.core.model import Change, Variant
from campaign.service.revise import revise
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows


def edit(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    lang: str,
    text: str | None = None,
    tags: str | None = None,
    link: str | None = None,
    title: str | None = None,
    change: Change = "meaning",
    revision: int | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Revise a post that is not out yet, in one language; what is not given stays.

    A change of the source language's meaning holds its translations back until each is revised and approved again; the
    same text once more says that it still holds.

    Example: campaign post edit P03 --lang ko --text @ko.txt · campaign post edit P03 --lang ru --text "Новый текст"

    Args:
        id: Its id.
        lang: The language.
        text: The new text, @FILE, or - for standard input; @@ begins a text with @.
        tags: The new hashtags, #a,#b.
        link: The new web address; empty takes it away.
        title: The new title; empty takes it away.
        change: What an edit of the source language is: meaning (its translations are outdated) or typo (they are not).
        revision: The revision that you saw; when somebody else was faster, nothing is changed.
        campaign: Its campaign, where several have a post of that id.
    """
    wording = by_lang("text", [f"{lang}={text}"], files=True)[lang] if text is not None else None
    with here.opened() as app:
        done = revise(
            app,
            id,
            lang,
            by=here.person(app),
            text=wording,
            tags=words([tags]) if tags is not None else None,
            link=link,
            title=title,
            change=change,
            based_on=revision,
            campaign_name=campaign,
        )
    for warning in done.warnings:
        say(f"warning: {warning}")
    if here.json:
        data(
            {
                "post": done.post.name,
                "lang": lang,
                "revision": done.variant.revision,
                "outdated": list(done.outdated),
                "held": [{"id": row.id, "langs": list(row.langs), "why": row.held_because} for row in done.held],
            }
        )
        return
    line(f"post {done.post.name} ({lang}) is at revision {done.variant.revision}")
    for other in done.outdated:
        line(f"{other} is outdated; translate it again: campaign post edit {done.post.name} --lang {other} --text …")
    if done.held and not done.outdated:
        line(f"{len(done.held)} deliveries wait for an approval: campaign post approve {done.post.name}")


def history(id: Annotated[str, Parameter(name="ID")], /, *, campaign: str | None = None, here: Here = HERE) -> None:
    """Show every revision of a post's wording, oldest first.

    Example: campaign post history P03

    Args:
        id: Its id.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app, app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        post = post_rows.post_named(tx, id, chosen)
        entry = campaign_rows.campaign_of(tx, post.campaign_id)
        variants = post_rows.variants_of(tx, post.id)
    stale = outdated(variants, entry.source_lang)
    rows = [_row(item, item.lang in stale and item is _last(variants, item.lang)) for item in variants]
    if here.json:
        data(rows)
        return
    table(tuple(rows[0]) if rows else ("lang",), [list(row.values()) for row in rows])


def _last(variants: list[Variant], lang: str) -> Variant:
    return [item for item in variants if item.lang == lang][-1]


def _row(item: Variant, stale: bool) -> dict[str, object]:
    return {
        "lang": item.lang,
        "revision": item.revision,
        "based_on": dict(item.based_on),
        "change": item.change,
        "outdated": stale,
        "author": item.author,
        "created_at": iso(item.created_at),
        "text": item.text,
        "tags": list(item.tags),
        "link": item.link,
        "title": item.title,
    }
