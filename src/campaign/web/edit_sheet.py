"""What the editor shows of a post: one language field by field, beside the source, with how both came about."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from campaign.core.diff import Piece, diff
from campaign.core.errors import Invalid
from campaign.core.finding import Finding
from campaign.core.language import latest, stale_fields
from campaign.core.lint.proof import shown
from campaign.core.model import FIELDS, Account, Campaign, Field, Lang, Post, PostMedium, Variant
from campaign.core.text import normalise
from campaign.service.draft import Placed
from campaign.store import accounts as account_rows
from campaign.store import campaigns
from campaign.store import posts as post_rows
from campaign.store.posts import Target
from campaign.web.desk import Desk
from campaign.web.formats import Look
from campaign.web.gate import Visit
from campaign.web.reasons import reason

OWN: tuple[Field, ...] = ("title", "text", "tags", "link")  # what one account may have of its own
TOLD = 20  # revisions that are compared with the one before; older ones are only named
LONG = 4000  # characters; of a longer text the history shows what it said, not what changed: that takes seconds
_PLACE = re.compile(r"(text|tags|title|link|alt|captions)(?: (\d+))?(?: \(|$)")  # as findings name it: alt 1 (ko)


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as the page shows it.

    Attributes:
        lang: the language of the message: the reader's, or English where nobody has put it into others.
        what: the place that it is about, shown with what cannot be seen; empty: it is about the whole.
        fix: what would stand there, shown likewise; None: no button.
        name: by which the button of the fix names it.
    """

    key: str
    is_error: bool
    message: str
    lang: str
    what: str
    fix: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Box:
    """One field of the form.

    Attributes:
        key: its name and id in the form: text, title, tags, link, alt_1, captions_1.
        value: what stands in it; kept: what the post says now.
        source: what the source says; None: nothing, or this is the source.
        since: the revision of the source that outdated it; None: it is up to date.
        changes: what the source says differently since this was made from it.
        common: what all accounts have, where one has other words: as it has changed since those were written.
        track: digest of the caption file that is there; source_track: of the source's.
    """

    key: str
    field: Field
    label: str
    value: str = ""
    kept: str = ""
    source: str | None = None
    since: int | None = None
    changes: Sequence[Piece] = ()
    told: Sequence[Told] = ()
    common: Sequence[Piece] | None = None
    item: PostMedium | None = None
    track: str | None = None
    source_track: str | None = None

    @property
    def fixes(self) -> int:
        """How many findings can be put right by a button."""
        return sum(1 for each in self.told if each.fix is not None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision with what it changed; None: it was not compared."""

    variant: Variant
    changes: Sequence[tuple[str, Sequence[Piece]]] | None


@dataclass(frozen=True)
class Sheet:
    """One post in one language, as it is kept.

    Attributes:
        first: the media with what came with them, before any revision.
        account: whose own words are edited; None: the common ones.
        titles: whether a title is shown by any account, or there is one.
    """

    campaign: Campaign
    post: Post
    lang: Lang
    history: Sequence[Variant]
    media: Sequence[PostMedium]
    first: Sequence[PostMedium]
    targets: Sequence[Target]
    accounts: Mapping[str, Account]
    account: str | None
    titles: bool
    newest: Mapping[Lang, Variant] = field(init=False)
    stale: Mapping[Field, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "newest", latest(self.history))
        stale = stale_fields(self.history, self.campaign.source_lang).get(self.lang, {})
        object.__setattr__(self, "stale", {} if self.account else stale)

    @classmethod
    def read(cls, desk: Desk, visit: Visit, lang: Lang, account: str | None) -> "Sheet":
        """Return the sheet that is asked for. Raises: NotFound; Invalid: no such language or account."""
        with desk.app.store.read() as tx:
            campaign = campaigns.campaign_named(tx, visit.place("campaign"))
            post = post_rows.post_named(tx, visit.place("post"), campaign)
            history = post_rows.variants_of(tx, post.id)
            media, first = post_rows.media_of(tx, post.id), post_rows.media_of(tx, post.id, as_came=True)
            targets = post_rows.targets_of(tx, post.id)
            accounts = {each.id: each for each in account_rows.all_accounts(tx)}
        lang = lang or campaign.source_lang
        if lang not in campaign.languages:
            raise Invalid("language", lang, f"campaign {campaign.name} has: {', '.join(campaign.languages)}")
        titles = any(each.title for each in history) or any(
            desk.app.capabilities(one).title for one in accounts.values()
        )
        sheet = cls(campaign, post, lang, history, media, first, targets, accounts, account or None, titles)
        if account and account not in sheet.speakers:
            known = ", ".join(sheet.speakers) or "no account"
            raise Invalid("account", account, f"post {post.name} goes in {lang} to: {known}")
        return sheet

    @property
    def now(self) -> Variant | None:
        """The newest wording in this language; None: it is not written yet."""
        return self.newest.get(self.lang)

    @property
    def source(self) -> Variant | None:
        """The newest wording of the source, where this is another language."""
        return None if self.lang == self.campaign.source_lang else self.newest.get(self.campaign.source_lang)

    @property
    def speakers(self) -> dict[str, Mapping[str, Any]]:
        """The accounts that the post goes to in this language → what each has of its own."""
        found = {self.accounts[each.account_id].name: each for each in self.targets if self.lang in each.langs}
        return {name: found[name].overrides.get(self.lang, {}) for name in sorted(found)} if self.now else {}

    @property
    def mark(self) -> str:
        """By which it is told whether an account's own words have changed meanwhile."""
        own = self.speakers.get(self.account or "", {})
        return sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:16] if self.account else ""

    def values(self, variant: Variant | None, lang: Lang) -> dict[str, str]:
        """Return what a revision says, as it stands in the form."""
        found = {
            "title": (variant.title if variant else None) or "",
            "text": variant.text if variant else "",
            "tags": " ".join(variant.tags) if variant else "",
            "link": (variant.link if variant else None) or "",
        }
        alt = variant.alt if variant else {}
        return found | {f"alt_{i.position}": alt.get(i.position, i.alt.get(lang, "")) for i in self.first}

    @property
    def kept(self) -> dict[str, str]:
        """What is kept now: the common words, or those of the account."""
        found = self.values(self.now, self.lang)
        if self.account:
            own = self.speakers[self.account]
            found = {name: found[name] for name in OWN}
            found |= {name: " ".join(own[name]) if name == "tags" else own[name] or "" for name in OWN if name in own}
        return found

    def said_at(self, revision: int) -> dict[str, str] | None:
        """Return what a revision of this language said; None: there is no such one."""
        found = next((v for v in self.history if (v.lang, v.revision) == (self.lang, revision)), None)
        return self.values(found, self.lang) if found else None

    def label(self, key: str, look: Look) -> str:
        """Return what a field is called."""
        name, _, number = key.partition("_")
        words = {"title": "compose.title", "link": "col.link", "captions": "compose.captions"}
        return look.say(words.get(name, name)) + (f" {number}" if number else "")

    def boxes(self, typed: Mapping[str, str], told: Sequence[Told], look: Look) -> list[Box]:
        """Return the fields of the form, each with what is said of it."""
        kept, common = self.kept, self.values(self.now, self.lang)
        said = self.values(self.source, self.campaign.source_lang) if self.source else {}
        items = {f"alt_{item.position}": item for item in self.media}
        found: list[Box] = []
        for key in kept:
            if key == "title" and not self.titles:
                continue
            name = _field(key)
            found.append(
                Box(
                    key,
                    name,
                    self.label(key, look),
                    typed.get(key, kept[key]),
                    kept[key],
                    said.get(key),
                    self.stale.get(name),
                    tuple(self.changes(key)) if name in self.stale else (),
                    [one for one in told if one.key == key],
                    self._common(key, common[key]) if self.account and common[key] != kept[key] else None,
                    items.get(key),
                )
            )
            item = items.get(key)
            if item is not None and item.medium.is_clip:
                found.append(self._captions(item, told, look))
        return found

    def _common(self, key: str, text: str) -> list[Piece]:
        """Return what all accounts have, and what of it has changed since the account's own words were written."""
        base = self.said_at(self.speakers[self.account or ""].get("based_on", 0))
        return diff(base[key], text) if base else [Piece("same", text)]

    def _captions(self, item: PostMedium, told: Sequence[Told], look: Look) -> Box:
        key = f"captions_{item.position}"
        source = item.captions.get(self.campaign.source_lang) if self.source else None
        return Box(
            key,
            "captions",
            self.label(key, look),
            since=self.stale.get("captions"),
            told=[one for one in told if one.key == key],
            item=item,
            track=item.captions.get(self.lang),
            source_track=source,
        )

    def changes(self, key: str) -> list[Piece]:
        """Return what the source says differently since a field was made from it; nothing where it says the same."""
        if self.now is None or self.source is None:
            return []
        base = self.now.based_on.get(_field(key), 1)
        lang = self.campaign.source_lang
        before = next((v for v in self.history if (v.lang, v.revision) == (lang, base)), None)
        pieces = diff(self.values(before, lang)[key], self.values(self.source, lang)[key])
        return pieces if any(piece.kind != "same" for piece in pieces) else []

    def entries(self, lang: Lang, look: Look) -> list[Entry]:
        """Return the revisions of a language, the newest first."""
        own = sorted((v for v in self.history if v.lang == lang), key=lambda v: v.revision)
        found: list[Entry] = []
        for at, variant in enumerate(own):
            compared = at >= len(own) - TOLD
            before = own[at - 1] if at and compared else None
            changes = list(self._between(before, variant, look)) if before else None if at else ()
            found.append(Entry(variant, changes))
        return found[::-1]

    def _between(self, before: Variant, after: Variant, look: Look) -> Iterator[tuple[str, Sequence[Piece]]]:
        old, new = self.values(before, before.lang), self.values(after, after.lang)
        for key, text in new.items():
            if text != old[key]:
                long = len(old[key]) > LONG or len(text) > LONG
                yield self.label(key, look), [Piece("same", text)] if long else diff(old[key], text)
        for at, digest in after.captions.items():
            if digest != before.captions.get(at):
                yield self.label(f"captions_{at}", look), [Piece("new", digest[:12])]


def told_of(found: Sequence[Placed], look: Look) -> list[Told]:
    """Return findings as the page shows them, each once."""
    seen: dict[tuple[str, str], Told] = {}
    for one in found:
        finding = one.finding
        key = key_of(finding.field)
        message, lang = finding.message(look.lang), look.lang  # type: ignore[arg-type]
        if message == finding.rule:
            usual = reason(str(finding), look)
            message, lang = usual or message, look.lang if usual else "en"
        may_fix = one.account is None and finding.fix is not None and finding.place is not None
        name = f"{key}:{finding.code}:{finding.place[0] if finding.place else ''}"
        fix = shown(finding.fix or "") if may_fix else None
        seen.setdefault(
            (name, message), Told(key, one.is_error, message, lang, finding.value if finding.place else "", fix, name)
        )
    return list(seen.values())


def named(found: Sequence[Placed], name: str) -> list[Finding]:
    """Return the findings that a button names: one, the nearest to where it was; or, `text:*`, all of a field."""
    key, _, rest = name.partition(":")
    code, _, at = rest.partition(":")
    mine = [one.finding for one in found if one.account is None and key_of(one.finding.field) == key]
    mine = [one for one in mine if one.fix is not None and one.place is not None]
    if rest == "*":
        return mine
    start = int(at) if at.isdecimal() and len(at) < 9 else 0
    mine = [one for one in mine if one.code == code and one.place is not None]
    return sorted(mine, key=lambda one: abs((one.place or (0, 0))[0] - start))[:1]


def key_of(where: str) -> str:
    """Return the field of the form that a finding or an error belongs to; empty: none.

    >>> [key_of(where) for where in ("alt 1 (ko)", "text (ko+ru)", "text", "at", "captions 2 (ru)")]
    ['alt_1', 'text', 'text', '', 'captions_2']
    """
    found = _PLACE.match(where)
    if found is None:
        return ""
    name, number = found.groups()
    return f"{name}_{number or 1}" if name in ("alt", "captions") else name


def tidy(key: str, text: str) -> str:
    """Return what was typed in a field as it would be kept."""
    clean = normalise(text)
    if key == "tags":
        return " ".join(tag if tag[0] in "#＃" else f"#{tag}" for tag in clean.replace(",", " ").split())
    return " ".join(clean.split()) if key == "title" else clean


def _field(key: str) -> Field:
    return next(name for name in FIELDS if name == key.partition("_")[0])
