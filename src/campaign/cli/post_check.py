"""A post proofread: what stands against it, where, and what would mend it; and what may stand all the same."""

from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line, say
from campaign.core.finding import Reader
from campaign.core.language import latest
from campaign.service import App
from campaign.service.draft import Placed
from campaign.service.mend import Mended, mend
from campaign.service.proofread import links, passages, proofread, waive
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows

AROUND = 24  # characters shown before and after a place
READERS: dict[str, Reader] = {"ko": "ko", "ru": "ru", "en": "en"}


def check_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    lang: str | None = None,
    fix: bool = False,
    links: bool = False,
    campaign: str | None = None,
    reader: Annotated[str, Parameter(name="--reader", env_var=["LC_ALL", "LC_MESSAGES", "LANG"])] = "en",
    here: Here = HERE,
) -> int:
    """Proofread a post: its words in each language and beside the source, the glossary, hashtags, posts that are like
    it, and the limits of its accounts. Exit 0 when nothing stops it, else 2.

    Examples: campaign post check P03 · campaign post check P03 --lang ru --fix

    Args:
        id: Its id.
        lang: Only this language.
        fix: Put in what needs no thought, as a revision that changes no meaning; what goes out is approved again.
        links: Ask whether its links open, too.
        campaign: Its campaign, where several have a post of that id.
        reader: The language of the messages: ko, en or ru; by default that of your terminal.
    """
    speaks = READERS.get(reader[:2], "en")
    mended = Mended((), {})
    with here.opened() as app:
        if fix:
            langs = [lang] if lang else []
            mended = mend(app, id, by=here.person(app), langs=langs, campaign_name=campaign)
        found = _found(app, id, campaign, ask=links)
        texts = passages(app, id, campaign)
    found = [one for one in found if lang is None or not one.langs or lang in one.langs]
    bad = any(one.is_error for one in found)
    if here.json:
        revised = {done.variant.lang: done.variant.revision for done in mended.revised}
        told = [_plain(one) for one in found]
        data({"post": id, "good": not bad, "findings": told, "revised": revised, "left": dict(mended.left)})
        return 2 if bad else 0
    for done in mended.revised:
        line(f"{id} ({done.variant.lang}) is mended: revision {done.variant.revision}")
    for each, why in mended.left.items():
        say(f"{id} ({each}) is left as it is: {why}")
    for one in found:
        _show(one, speaks, texts.get((one.account, one.finding.field)) or texts.get((None, one.finding.field)))
    line(f"{sum(one.is_error for one in found)} errors, {sum(not one.is_error for one in found)} warnings")
    return 2 if bad else 0


def waive_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    lang: str,
    code: str,
    reason: str,
    value: str | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Let a finding stand, and say why; it is told no more, and stops nothing.

    Example: campaign post waive P09 --lang ru --code mixed-script --reason "the name is written so"

    Signs that hide or turn a text, and the limits of a platform, cannot be waived.

    Args:
        id: Its id.
        lang: The language that it was found in.
        code: Its code, as campaign post check tells it.
        reason: Why it may stand.
        value: Only the finding with this value; else all that there are now of that code.
        campaign: Its campaign, where several have a post of that id.
    """
    with here.opened() as app:
        made = waive(app, id, lang, code, reason, by=here.person(app), value=value, campaign_name=campaign)
    if here.json:
        data(
            [{"post": id, "lang": one.lang, "code": one.code, "value": one.value, "reason": one.reason} for one in made]
        )
        return
    for one in made:
        line(f"{one.code} in {one.lang} may stand: {one.value}")


def _found(app: App, id: str, campaign: str | None, *, ask: bool) -> list[Placed]:
    with app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        post = post_rows.post_named(tx, id, chosen)
        found = proofread(app, tx, campaign_rows.campaign_of(tx, post.campaign_id), post)
        newest = latest(post_rows.variants_of(tx, post.id))
    if ask:
        from campaign.net.reach import reach  # the HTTP stack is loaded by what uses it

        found += links(newest, reach)
    return list(dict.fromkeys(found))


def _show(one: Placed, reader: Reader, text: str | None) -> None:
    finding = one.finding
    where = f"{one.account}, {finding.field}" if one.account else finding.field
    code = f"  [{finding.code}]" if finding.code else ""
    line(f"{finding.severity:<7}  {where}: {finding.message(reader)}{code}")
    if text is None or finding.place is None:
        return
    start, end = finding.place
    left, right = max(0, start - AROUND), min(len(text), end + AROUND)
    before, there, after = (part.replace("\n", " ") for part in (text[left:start], text[start:end], text[end:right]))
    dots = "…" if left else "", "…" if right < len(text) else ""
    line(f"         {dots[0]}{before}{there}{after}{dots[1]}")
    fix = "" if finding.fix is None else f"  → {finding.fix}" if finding.fix else "  → (nothing)"
    line(f"         {' ' * _wide(dots[0] + before)}{'^' * max(1, _wide(there))}{fix}")


def _wide(text: str) -> int:
    """Return how many columns of a terminal a text takes: Hangul and the like take two."""
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _plain(one: Placed) -> dict[str, Any]:
    finding = one.finding
    return {
        "severity": finding.severity,
        "code": finding.code,
        "field": finding.field,
        "value": finding.value,
        "place": finding.place,
        "fix": finding.fix,
        "rule": finding.rule,
        "told": dict(finding.told),
        "account": one.account,
        "langs": one.langs,
        "part": one.part,
    }
