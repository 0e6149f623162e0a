"""A post revised in one language, and translated into another."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from campaign.cli.given import by_lang, words
from campaign.cli.here import HERE, Here
from campaign.cli.post_history import shown, since
from campaign.cli.post_machine import by_machine
from campaign.cli.show import data, line, say
from campaign.core.errors import Invalid
from campaign.core.model import Change
from campaign.service.repeat import Reached, Scope, revise_all
from campaign.service.revise import Edit, Revised, revise

Several = list[str] | None


def edit(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    lang: str,
    text: str | None = None,
    tags: str | None = None,
    link: str | None = None,
    title: str | None = None,
    alt: Annotated[Several, Parameter(name="--alt")] = None,
    captions: Annotated[Several, Parameter(name="--captions")] = None,
    account: str | None = None,
    keep_own: bool = False,
    change: Change = "meaning",
    revision: int | None = None,
    scope: Scope = "this",
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Revise a post that is not out yet, in one language; what is not given stays.

    A change of the source language's meaning holds its translations back until each is revised and approved again; the
    same text once more says that it still holds. Another alt text voids the approval of its own language only.

    Example: campaign post edit P03 --lang ko --text @ko.txt · campaign post edit P03 --lang ru --text "Новый текст" ·
    campaign post edit P03 --lang ko --alt "1:새 지도" · campaign post edit P03 --lang ko --account kr --text "짧게"

    Args:
        id: Its id.
        lang: The language.
        text: The new text, @FILE, or - for standard input; @@ begins a text with @.
        tags: The new hashtags, #a,#b.
        link: The new web address; empty takes it away.
        title: The new title; empty takes it away.
        alt: The new alt text; with several media N:TEXT, once for each.
        captions: A file with the clip's captions (WebVTT or SRT); with several media N:FILE.
        account: Other words for this account alone; with no words given, the common ones go there again.
        keep_own: Accounts that have words of their own keep them.
        change: What an edit of the source language is: meaning (its translations are outdated) or typo (they are not).
        revision: The revision that you saw; when somebody else was faster, nothing is changed.
        scope: Of a series: this post, the following ones too, or all; those that say something of their own stay.
        campaign: Its campaign, where several have a post of that id.
    """
    wording = by_lang("text", [f"{lang}={text}"], files=True)[lang] if text is not None else None
    given = Edit(
        text=wording,
        tags=words([tags]) if tags is not None else None,
        link=link,
        title=title,
        alt=_by_position("alt", alt) if alt is not None else None,
        captions={at: Path(name) for at, name in _by_position("captions", captions or []).items()}
        if captions
        else None,
        change=change,
        account=account,
        keep_own=keep_own,
    )
    with here.opened() as app:
        by = here.person(app)
        done, others = revise_all(app, id, lang, given, by=by, scope=scope, based_on=revision, campaign_name=campaign)
    _tell(here, done, lang, others)


def translate(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    lang: str,
    text: str | None = None,
    tags: str | None = None,
    link: str | None = None,
    title: str | None = None,
    alt: Annotated[Several, Parameter(name="--alt")] = None,
    captions: Annotated[Several, Parameter(name="--captions")] = None,
    holds: bool = False,
    machine: bool = False,
    revision: int | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Translate a post into one of its campaign's languages; without words, show what is to be translated.

    A language that the post did not have goes out from then on to each of its accounts that speaks it, once it is
    approved.

    Example: campaign post translate P03 --lang en --text @en.txt --alt "A map" · campaign post translate P03 --lang ru
    · campaign post translate P03 --lang ru --holds · campaign post translate P03 --lang ru --machine

    Args:
        id: Its id.
        lang: The language.
        text: The text, @FILE, or - for standard input; @@ begins a text with @.
        tags: The hashtags, #a,#b.
        link: The web address; {lang} in it becomes the language.
        title: The title.
        alt: The alt text; with several media N:TEXT, once for each.
        captions: A file with the clip's captions (WebVTT or SRT); with several media N:FILE.
        holds: All of it still says what the source says, or a machine's draft is good: nothing is to be changed.
        machine: A draft by the tool of [translation] in the settings; nothing goes out of it before a person saves it.
        revision: The revision that you saw; when somebody else was faster, nothing is changed.
        campaign: Its campaign, where several have a post of that id.
    """
    wording = by_lang("text", [f"{lang}={text}"], files=True)[lang] if text is not None else None
    given = Edit(
        text=wording,
        tags=words([tags]) if tags is not None else None,
        link=link,
        title=title,
        alt=_by_position("alt", alt) if alt is not None else None,
        captions={at: Path(name) for at, name in _by_position("captions", captions or []).items()}
        if captions
        else None,
    )
    if holds and given.given:
        raise Invalid("holds", "", "says that nothing changes; leave the words out")
    if machine:
        if holds or given.given or revision is not None:
            raise Invalid("machine", "", "writes the words by itself; leave them, --holds and --revision out")
        by_machine(here, id, lang, campaign)
        return
    with here.opened() as app:
        if not given.given and not holds:
            shown(here, since(app, id, lang, campaign))
            return
        done = revise(app, id, lang, given, by=here.person(app), based_on=revision, campaign_name=campaign)
    _tell(here, done, lang)


def _by_position(option: str, items: Sequence[str]) -> Mapping[int, str]:
    """Return position → text of N:TEXT items; TEXT alone is of the first medium."""
    found: dict[int, str] = {}
    for item in items:
        number, colon, rest = item.partition(":")
        at, text = (int(number), rest) if colon and number.isdecimal() and len(number) < 4 else (1, item)
        if at in found:
            raise Invalid(option, item, f"says it twice for medium {at}; with several media write 1:…, 2:…")
        found[at] = text
    return found


def _tell(here: Here, done: Revised, lang: str, others: Reached | None = None) -> None:
    alike = [post.name for post in others.posts if post.id != done.post.id] if others else []
    left = others.left if others else ()
    for warning in done.warnings:
        say(f"warning: {warning}")
    name = done.post.name
    if here.json:
        data(
            {
                "post": name,
                "lang": lang,
                "revision": done.variant.revision,
                "outdated": list(done.outdated),
                "stale": {each: list(fields) for each, fields in done.stale.items()},
                "held": [{"id": row.id, "langs": list(row.langs), "why": row.held_because} for row in done.held],
            }
            | ({"alike": alike, "left": [{"id": each, "why": why} for each, why in left]} if alike or left else {})
        )
        return
    line(f"post {name} ({lang}) is at revision {done.variant.revision}")
    if alike:
        line(f"so are, in the same words: {', '.join(alike)}")
    for each, why in left:
        say(f"{each} is left as it was: {why}")
    for other in done.outdated:
        line(f"{other} is outdated; translate it again: campaign post translate {name} --lang {other} --text …")
    for other, fields in done.stale.items():
        if other not in done.outdated:
            look = f"campaign post translate {name} --lang {other}"
            line(f"{other}: {', '.join(fields)} may be outdated; look at it: {look}")
    if done.held and not done.outdated:
        line(f"{len(done.held)} deliveries wait for an approval: campaign post approve {name}")
