"""proofread: all that can be said of a post before it goes out: of its words, of its like, of its accounts' limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from campaign.core.check import check
from campaign.core.errors import Conflict, Invalid
from campaign.core.finding import Finding
from campaign.core.language import latest, stale_fields
from campaign.core.likeness import Likeness
from campaign.core.model import Account, Campaign, Lang, Person, Post, PostMedium, Role, Variant
from campaign.core.plan import Waiver
from campaign.core.schedule import in_zone
from campaign.core.sentences import told
from campaign.core.states import State
from campaign.core.text import LINK, check_text
from campaign.service import App, demand_role, event
from campaign.service.days import Days, hints
from campaign.service.draft import Placed
from campaign.service.enqueue import FAULT, enqueue, judge
from campaign.service.usage import Usage, may_be_waived, own_words, passes, shown, unwaived
from campaign.service.word import Worded
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import echoes as echo_rows
from campaign.store import looks, queue
from campaign.store import posts as post_rows
from campaign.store import waivers as waiver_rows
from campaign.store.posts import Queued, Target

QUARTER = timedelta(days=90)
HOUR = timedelta(hours=1)
FEW = 5  # posts that are like it are told, the likest first


def proofread(app: App, tx: Any, campaign: Campaign, post: Post, *, waived: bool = False) -> list[Placed]:
    """Return what stands against a post that is kept, or should be known of it; an error keeps it from going out.

    Args:
        waived: what a person let pass is told as well.
    """
    variants = post_rows.variants_of(tx, post.id)
    newest = latest(variants)
    media = shown(post_rows.media_of(tx, post.id), newest)
    targets = post_rows.targets_of(tx, post.id)
    accounts = {account.id: account for account in account_rows.all_accounts(tx)}
    usage = Usage.read(tx, campaign)
    found = _state(campaign, post, variants, newest)
    found += remarks(usage, post, newest, media, targets, accounts)
    found += _captions(app, usage, post, newest, media)
    found += echoes(tx, post, newest, targets, accounts)
    limits = {account_id: app.capabilities(accounts[account_id]) for account_id in {t.account_id for t in targets}}
    queued = post_rows.outgoings_of(tx, post.id)
    for entry in queued:
        langs, name = entry.outgoing.langs, entry.outgoing.account
        for one in check(entry.outgoing, limits[entry.account_id]):
            found.append(Placed(one, name, langs, entry.outgoing.part))
    found += _time(app, tx, campaign, post, queued)
    return found if waived else unwaived(found, waiver_rows.waivers_of(tx, post.id))


def _time(app: App, tx: Any, campaign: Campaign, post: Post, queued: Sequence[Queued]) -> list[Placed]:
    """Return what should be known of the time of what is not out: a blackout holds it, so here it is no error."""
    out = {row.outgoing_id for row in queue.of_post(tx, post.id) if row.state in (State.PUBLISHED, State.CANCELLED)}
    entries = [entry for entry in queued if entry.id not in out]
    days = Days.read(tx, campaign)
    found = days.stops(post, entries) + hints(tx, days, post, entries, countries=app.countries)
    return [replace(one, finding=replace(one.finding, severity="warning")) for one in found]


def remarks(
    usage: Usage,
    post: Post,
    wordings: Mapping[Lang, Worded],
    media: Sequence[PostMedium],
    targets: Sequence[Target],
    accounts: Mapping[str, Account],
) -> list[Placed]:
    """Return what is to be said of the words: the common ones, and what accounts have of their own."""
    found = usage.remarks(post, wordings, media)
    source = usage.campaign.source_lang
    for account_id, own in own_words(wordings, targets):
        beside = own if source in own or source not in wordings else {source: wordings[source], **own}
        said = [one for one in usage.remarks(post, beside) if one.langs[0] in own and one not in found]
        found += [replace(one, account=accounts[account_id].name) for one in said]
    return found


def echoes(
    tx: Any, post: Post, wordings: Mapping[Lang, Worded], targets: Sequence[Target], accounts: Mapping[str, Account]
) -> list[Placed]:
    """Return which of the accounts have, or had within 90 days, nearly the same, or another post within the hour."""
    account_ids = {target.account_id: target for target in targets}
    found: list[Placed] = []
    same: list[tuple[str, str, float]] = []  # language, the other post, how alike
    likeness: dict[Lang, Likeness] = {}
    around = {"since": post.due_at - QUARTER, "until": post.due_at + QUARTER}
    for echo in echo_rows.echoes(tx, post, account_ids, list(wordings), **around):
        likeness.setdefault(echo.lang, Likeness()).add(echo.post_id, echo.text)
    for lang, before in likeness.items():
        same += [(lang, str(like.key), like.share) for like in before.ask(wordings[lang].text)[:FEW]]
    if same:
        places = echo_rows.places_of(tx, {post_id for _, post_id, _ in same}, account_ids)
        for lang, post_id, share in same:
            told_of: set[str] = set()
            for place in places:
                speaks = lang in account_ids[place.account_id].langs
                if place.post_id == post_id and place.account_id not in told_of and speaks:
                    told_of.add(place.account_id)
                    name = accounts[place.account_id].name
                    found.append(Placed(_alike(lang, name, place, share), name, (lang,)))
    hours = echo_rows.beside(tx, post, account_ids, since=post.due_at - HOUR, until=post.due_at + HOUR)
    for place in {(each.post_id, each.account_id): each for each in hours}.values():
        name, langs = accounts[place.account_id].name, account_ids[place.account_id].langs
        found.append(Placed(_same_hour(name, place), name, langs))
    return found


def _captions(
    app: App, usage: Usage, post: Post, newest: Mapping[Lang, Variant], media: Sequence[PostMedium]
) -> list[Placed]:
    """Return what is to be said of the captions that lie here; those of a library elsewhere are not brought for it."""
    found: list[Placed] = []
    for item in media:
        for lang, digest in item.captions.items():
            if lang in newest and not app.media.far and app.media.exists(digest):
                with app.media.open(digest) as file:
                    found += usage.captions(post, lang, item.position, file.read().decode(errors="replace"))
    return found


def faults_of(found: Sequence[Placed], entries: Sequence[Queued]) -> dict[str, str]:
    """Return the ids of the Outgoings that an error among the findings concerns → what is wrong: why they are held."""
    errors = [one for one in found if one.is_error]
    faults: dict[str, str] = {}
    for entry in entries:
        mine = [
            str(one)
            for one in errors
            if one.account in (None, entry.outgoing.account)
            and (not one.langs or set(one.langs) & set(entry.outgoing.langs))
        ]
        if mine:
            faults[entry.id] = FAULT + "; ".join(dict.fromkeys(mine))
    return faults


def waive(
    app: App,
    name: str,
    lang: Lang,
    code: str,
    reason: str,
    *,
    by: Person,
    value: str | None = None,
    campaign_name: str | None = None,
) -> list[Waiver]:
    """Let findings of one kind pass in one language of a post; what has another value later is found anew.

    Args:
        value: of the finding that is meant; None: of all that there are of that kind.

    Raises:
        Invalid: no reason is given, there is no such finding, or it is one that nobody may let pass.
        NotFound, Forbidden.
    """
    demand_role(by, Role.AUTHOR, Role.REVIEWER, Role.APPROVER)
    why = check_text("reason", reason)
    with app.store.begin() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        there = [one for one in proofread(app, tx, campaign, post, waived=True) if one.finding.code]
        mine = [one for one in there if lang in one.langs]
        meant = [one.finding for one in mine if one.finding.code == code and value in (None, one.finding.value)]
        if not meant:
            known = ", ".join(sorted({one.finding.code for one in mine})) or "none"
            raise Invalid("code", code, f"post {post.name} has no such finding in {lang}; there are: {known}")
        if not all(may_be_waived(finding) for finding in meant):
            raise Invalid("code", code, "cannot be let pass: correct it")
        known_ones = waiver_rows.waivers_of(tx, post.id)
        made: list[Waiver] = []
        for finding in {finding.value: finding for finding in meant}.values():
            if any(passes(waiver, Placed(finding, langs=(lang,))) for waiver in known_ones):
                continue
            waiver = Waiver(app.new_id(), post.id, lang, code, finding.value, by.name, why, app.clock.now())
            made.append(waiver)
        if not made:
            raise Conflict(f"{code} in {lang} was let pass already; nothing was changed")
        waiver_rows.add_all(tx, made)
        detail = {"lang": lang, "code": code, "values": [waiver.value for waiver in made], "reason": why}
        event(app, tx, "finding.waived", by.name, post_id=post.id, detail=detail)
        looks.again(tx, post.id)  # what it did not pass for half an hour before its time may be let pass now
        faults = faults_of(proofread(app, tx, campaign, post), post_rows.outgoings_of(tx, post.id))
        judge(app, tx, campaign, post, faults)
        enqueue(app, tx, campaign, post, by=by.name)
    return made


def _state(campaign: Campaign, post: Post, variants: Sequence[Variant], newest: Mapping[Lang, Variant]) -> list[Placed]:
    """Return what is not written, outdated, or a machine's."""
    source = campaign.source_lang
    found = [
        Placed(told("warning", f"text ({lang})", lang, "language-missing", lang=lang), langs=(lang,))
        for lang in post.langs
        if lang not in newest
    ]
    for lang, stale in stale_fields(variants, source).items():
        for name, revision in stale.items():
            values = {"source": source, "revision": str(revision)}
            found.append(Placed(told("warning", f"{name} ({lang})", lang, "outdated", **values), langs=(lang,)))
    for lang, each in newest.items():
        if each.machine is not None:
            one = told("warning", f"text ({lang})", each.machine, "machine-words", tool=each.machine)
            found.append(Placed(one, langs=(lang,)))
    return found


def _alike(lang: Lang, account: str, place: echo_rows.Beside, share: float) -> Finding:
    when = in_zone(place.due_at, place.zone)
    values = {"account": account, "post": place.post, "when": when}
    if share == 1.0:
        return told("warning", f"text ({lang})", place.post, "same-text", **values)
    return told("warning", f"text ({lang})", place.post, "similar-text", percent=f"{share * 100:.0f}", **values)


def _same_hour(account: str, place: echo_rows.Beside) -> Finding:
    when = in_zone(place.due_at, place.zone)
    return told("warning", "at", place.post, "same-hour", account=account, post=place.post, when=when)


def passages(app: App, name: str, campaign_name: str | None = None) -> dict[tuple[str | None, str], str]:
    """Return the texts that findings have their places in: (account that has words of its own, field) → text."""
    with app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign_name) if campaign_name else None
        post = post_rows.post_named(tx, name, chosen)
        newest = latest(post_rows.variants_of(tx, post.id))
        media = shown(post_rows.media_of(tx, post.id), newest)
        targets = post_rows.targets_of(tx, post.id)
        accounts = {account.id: account for account in account_rows.all_accounts(tx)}
    found: dict[tuple[str | None, str], str] = {}
    own: list[tuple[str | None, Mapping[Lang, Worded]]] = [(None, newest)]
    own += [(accounts[account_id].name, words) for account_id, words in own_words(newest, targets)]
    for account, wordings in own:
        for lang, wording in wordings.items():
            texts = {"text": wording.text, "title": wording.title, "tags": " ".join(wording.tags), "link": wording.link}
            found |= {(account, f"{field} ({lang})"): text for field, text in texts.items() if text}
    for item in media:
        found |= {(None, f"alt {item.position} ({lang})"): text for lang, text in item.alt.items()}
    return found


def links(wordings: Mapping[Lang, Worded], reach: Callable[[str], str | None]) -> list[Placed]:
    """Return which of the links do not open; each address is asked once.

    Args:
        reach: address → why it does not open; None: it does.
    """
    asked: dict[str, str | None] = {}
    found: list[Placed] = []
    for lang, wording in wordings.items():
        there = [wording.link] if wording.link else []
        there += [match[0] for match in LINK.finditer(wording.text)]
        for link in dict.fromkeys(there):
            if link not in asked:
                asked[link] = reach(link)
            if (why := asked[link]) is not None:
                one = told("warning", f"link ({lang})", link, "link-unreachable", why=why)
                found.append(Placed(one, langs=(lang,)))
    return found
