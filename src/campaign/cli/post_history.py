"""How the wording of a post came about: every revision, and what the source says differently by now."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.here import HERE, Here
from campaign.cli.show import data, fields, iso, line, table
from campaign.core.diff import Piece, diff
from campaign.core.errors import NotFound
from campaign.core.language import latest, outdated, stale_fields
from campaign.core.model import FIELDS, Variant
from campaign.service import App
from campaign.service.review import history_of
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows

MARKS = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}  # as of git diff --word-diff


def history(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    lang: str | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Show every revision of a post's wording, oldest first, and who wrote it; then who said what of them.

    Example: campaign post history P03 · campaign post history P03 --lang ru

    Args:
        id: Its id.
        lang: Only this language.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app, app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        post = post_rows.post_named(tx, id, chosen)
        entry = campaign_rows.campaign_of(tx, post.campaign_id)
        variants, said = post_rows.variants_of(tx, post.id), history_of(tx, post)
    stale, newest = outdated(variants, entry.source_lang), latest(variants)
    wanted = [item for item in variants if lang in (None, item.lang)]
    rows = [_row(item, item.lang in stale and item is newest[item.lang]) for item in wanted]
    if here.json:
        data(rows)
        return
    heads = tuple(rows[0]) if rows else ("lang",)
    table(heads, [list(row.values()) for row in rows])
    if decided := [each for each in said if lang in (None, each["lang"])]:
        print()
        lines = [(iso(each["at"]), each["lang"], each["what"], each["who"], each["text"]) for each in decided]
        table(("at", "lang", "what", "who", "text"), lines, breaks=("text",))


def difference(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    lang: str,
    revision: int | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Show word by word what changed: in the source since a translation was made, or between two revisions of it.

    [-gone-] {+new+}

    Example: campaign post diff P03 --lang ru · campaign post diff P03 --lang ko --revision 1

    Args:
        id: Its id.
        lang: A translation's language: what its source says differently since. The source's own: what its last
            revision changed.
        revision: Compare this language's own revision with its newest.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app:
        shown(here, since(app, id, lang, campaign, revision=revision))


def since(app: App, id: str, lang: str, campaign: str | None, *, revision: int | None = None) -> dict[str, Any]:
    """Return what changed since a translation was made (or since a revision of the language itself), field by field.

    Raises:
        NotFound: there is no such post, language or revision.
    """
    with app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        post = post_rows.post_named(tx, id, chosen)
        source = campaign_rows.campaign_of(tx, post.campaign_id).source_lang
        variants = post_rows.variants_of(tx, post.id)
        media = post_rows.media_of(tx, post.id)
    newest, stale = latest(variants), stale_fields(variants, source).get(lang, {})
    base = {variant.revision: variant for variant in variants if variant.lang == source}
    mine = newest.get(lang)
    own = {variant.revision: variant for variant in variants if variant.lang == lang}
    if revision is not None and revision not in own:
        known = ", ".join(map(str, own)) or "none"
        raise NotFound("revision", revision, f"post {post.name} ({lang}) has: {known}")
    changes: dict[str, list[Piece]] = {}
    for name in FIELDS:
        if revision is not None:
            before, after = own[revision], own[max(own)]
        elif lang == source:
            before, after = own.get(max(own) - 1, own[max(own)]), own[max(own)]
        elif mine is None or name not in stale:
            continue
        else:
            before, after = base[mine.based_on.get(name, 1)], newest[source]
        pieces = diff(_plain(before, name), _plain(after, name))
        if any(piece.kind != "same" for piece in pieces):
            changes[name] = pieces
    alts = {str(item.position): item.alt.get(source, "") for item in media}
    return {
        "post": post.name,
        "lang": lang,
        "source": source,
        "source_text": newest[source].text if source in newest else None,
        "source_alt": alts,
        "text": mine.text if mine else None,
        "revision": mine.revision if mine else None,
        "machine": mine.machine if mine else None,
        "stale": sorted(stale),
        "changes": changes,
    }


def shown(here: Here, found: Mapping[str, Any]) -> None:
    """Print it, with the words that are gone and new marked."""
    changes: Mapping[str, Sequence[Piece]] = found["changes"]
    if here.json:
        plain = {name: [[piece.kind, piece.text] for piece in pieces] for name, pieces in changes.items()}
        data({**found, "changes": plain})
        return
    lang, source = found["lang"], found["source"]
    if lang != source:
        fields({f"text ({source})": found["source_text"]})
        fields({f"alt {at} ({source})": alt for at, alt in found["source_alt"].items() if alt})
        fields({f"text ({lang})": found["text"] or "not written yet"})
    if not changes:
        line("nothing changed since" if found["text"] else f"translate it: campaign post translate {found['post']} …")
    for name, pieces in changes.items():
        line(f"{name}: " + "".join(MARKS[piece.kind].format(piece.text) for piece in pieces))


def _plain(variant: Variant, name: str) -> str:
    value = getattr(variant, name)
    if isinstance(value, Mapping):
        return "\n".join(f"{position}: {text}" for position, text in sorted(value.items()))
    return " ".join(value) if isinstance(value, tuple) else value or ""


def _row(item: Variant, stale: bool) -> dict[str, object]:
    return {
        "lang": item.lang,
        "revision": item.revision,
        "based_on": dict(item.based_on),
        "change": item.change,
        "machine": item.machine,
        "outdated": stale,
        "author": item.author,
        "created_at": iso(item.created_at),
        "text": item.text,
        "tags": list(item.tags),
        "link": item.link,
        "title": item.title,
        "alt": {str(position): alt for position, alt in item.alt.items()},
    }
