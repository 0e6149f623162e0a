"""render: from a post's wordings and media to exactly what would leave for each of its accounts; it keeps nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from campaign.core.adapter import Capabilities
from campaign.core.check import check, text_limit
from campaign.core.errors import Invalid
from campaign.core.model import Account, Campaign, Leg, Outgoing, Post
from campaign.core.text import count, split_text
from campaign.service import App
from campaign.service.attach import Attachments
from campaign.service.days import Days
from campaign.service.draft import Placed, Wording, placed
from campaign.service.usage import Usage
from campaign.service.word import Worded, worded
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store.posts import Queued, Target

# One post holds all its languages: while one is missing, there is nothing to send.
TOGETHER = ("combined", "native")


@dataclass(frozen=True, slots=True)
class Counted:
    """How long the text of one Outgoing is, as its platform counts."""

    account: str
    langs: tuple[str, ...]
    part: int
    length: int
    limit: int
    unit: str  # characters | graphemes | utf16


@dataclass
class Scene:
    """What the posts of a campaign are rendered in; read once for many of them.

    Attributes:
        legs: by their row ids.
        accounts: by their row ids.
        usage: what its words are held against.
        days: what decides when its audiences may be reached.
    """

    app: App
    campaign: Campaign
    legs: Mapping[str, Leg]
    accounts: Mapping[str, Account]
    usage: Usage
    days: Days
    _limits: dict[str, Capabilities] = field(default_factory=dict)
    _sharing: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def read(cls, app: App, tx: Any, campaign: Campaign) -> "Scene":
        """Return the scene of a campaign."""
        legs = {leg.id: leg for leg in campaign_rows.legs_of(tx, campaign.id)}
        accounts = {account.id: account for account in account_rows.all_accounts(tx)}
        return cls(app, campaign, legs, accounts, Usage.read(tx, campaign), Days.read(tx, campaign))

    def limits(self, account: Account) -> Capabilities:
        """Return an account's limits."""
        if account.id not in self._limits:
            self._limits[account.id] = self.app.capabilities(account)
        return self._limits[account.id]

    def unreachable(self, account: Account) -> str | None:
        """Return why an account's platform could not fetch our media; None: it could, or need not."""
        if account.id not in self._sharing:
            fetches = self.limits(account).fetches_media
            self._sharing[account.id] = self.app.share_trouble(account) if fetches else None
        return self._sharing[account.id]

    def audience(self, post: Post, langs: Sequence[str]) -> tuple[datetime, str | None]:
        """Return when a post may reach the audiences of these languages, and why that is not its own time, if so.

        Raises:
            Invalid: there is no hour at which all of them may be reached.
        """
        return self.days.time(post, langs)


@dataclass
class Rendered:
    """What would leave: parents before their parts, with how long each is, and what stands against it."""

    queued: list[Queued] = field(default_factory=list)
    counts: list[Counted] = field(default_factory=list)
    findings: list[Placed] = field(default_factory=list)


def render(
    scene: Scene,
    post: Post,
    targets: Sequence[Target],
    wordings: Mapping[str, Worded],
    attached: Attachments | None = None,
    *,
    now: bool = False,
) -> Rendered:
    """Make what leaves for each target of a post, in the languages that there are words for, and check it.

    Args:
        attached: the post's media; None: it has none.
        now: whoever says now means now; only hard quiet hours are kept.
    """
    found = Rendered()
    for target in targets:
        account = scene.accounts[target.account_id]
        langs = tuple(lang for lang in target.langs if lang in wordings)
        if not langs or (target.strategy in TOGETHER and langs != target.langs):
            continue
        capabilities = scene.limits(account)
        if target.strategy == "native" and len(langs) > 1 and not capabilities.localizes:
            rule = f"{account.platform} holds no post in several languages; choose split, combined or thread"
            found.findings += placed(Invalid("strategy", "native", rule), account.name)
            continue
        has_media = attached is not None and bool(attached.media)
        if has_media and (unreachable := scene.unreachable(account)):
            found.findings += placed(Invalid("media", f"for {account.name}", unreachable), account.name)
            continue
        own = {lang: _own(wordings[lang], target.overrides.get(lang)) for lang in langs}
        groups = [langs] if target.strategy in TOGETHER else [(lang,) for lang in langs]
        parent: Queued | None = None
        for group in groups:
            parent = _group(scene, post, target, account, group, own, attached, found, parent, now=now)
    return found


def _group(
    scene: Scene,
    post: Post,
    target: Target,
    account: Account,
    group: tuple[str, ...],
    wordings: Mapping[str, Worded],
    attached: Attachments | None,
    found: Rendered,
    parent: Queued | None,
    *,
    now: bool,
) -> Queued | None:
    """Make the parts of one group of languages; return the last, which the next group of a thread answers."""
    capabilities = scene.limits(account)
    native = target.strategy == "native"
    whole = worded(Outgoing(account.name, account.platform, group, ""), wordings, capabilities, native=native)
    media, wrong = attached.outgoing(account, capabilities, group) if attached else ((), [])
    found.findings += wrong
    parts = [whole.text]
    if post.overflow != "refuse":
        try:
            parts = split_text(
                parts[0], capabilities.text, under_media=bool(media), numbered=post.overflow == "numbered"
            )
        except Invalid as error:
            found.findings += placed(error, account.name, group)
    if target.strategy != "thread":
        parent = None
    due_at, why = scene.days.time(post, group, now=now, after=parent.due_at if parent else None)
    for number, text in enumerate(parts, 1):
        outgoing = replace(
            whole,
            text=text,
            media=media if number == 1 else (),
            part=number,
            parts=len(parts),
            title=whole.title if number == 1 else None,
        )
        found.findings += [Placed(each, account.name, group, number) for each in check(outgoing, capabilities)]
        length, limit = count(text, capabilities.text), text_limit(outgoing, capabilities)
        found.counts.append(Counted(account.name, group, number, length, limit, capabilities.text.counts))
        parent = Queued(
            id=scene.app.new_id(),
            target_id=target.id,
            post_id=post.id,
            account_id=account.id,
            outgoing=outgoing,
            sha256=outgoing.sha256,
            due_at=due_at,
            moved_because=why,
            parent_id=parent.id if parent else None,
        )
        found.queued.append(parent)
    return parent


def _own(wording: Worded, override: Mapping[str, Any] | None) -> Worded:
    """Return a wording with what an account has of its own in its place."""
    if not override:
        return wording
    return Wording(
        override.get("text", wording.text),
        tuple(override.get("tags", wording.tags)),
        override.get("link", wording.link) or None,
        override.get("title", wording.title) or None,
    )
