"""standing: whether the languages of a post may go out as they are, and why not; one answer for all who ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.core.approval import Asked, Progress, missing, progress, returned, steps_of, why_not
from campaign.core.language import blocked, latest, outdated
from campaign.core.model import Campaign, Delivery, Lang, Post, Variant
from campaign.core.plan import Review
from campaign.service.usage import blocking
from campaign.store import account_rules
from campaign.store import approvals as approval_rows
from campaign.store import posts as post_rows
from campaign.store import reviews as review_rows
from campaign.store.approvals import Approval
from campaign.store.posts import Queued

NEAR = timedelta(minutes=30)  # from then on a post is judged as of its time: what will have expired by then is no good


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about a post, read in one go.

    Attributes:
        history, newest: every wording, and the newest one in each language.
        blocked: language → why it must not go out: outdated, a machine's words, or a word that must not stand.
        outdated: those of them whose wording the source has left behind.
        returned: language → who returned its newest wording, and why.
        lacking: the languages that it is to go out in and has no wording for.
        steps: the id of an account → how many steps are asked for there, where that differs from the policy.
    """

    campaign: Campaign
    post: Post
    history: tuple[Variant, ...]
    newest: Mapping[Lang, Variant]
    blocked: Mapping[Lang, str]
    outdated: frozenset[Lang]
    returned: Mapping[Lang, str]
    lacking: tuple[Lang, ...]
    given: tuple[Approval, ...]
    said: tuple[Review, ...]
    steps: Mapping[str, int]
    now: datetime

    def asked(self, sha256: str, langs: Sequence[Lang], account_id: str, due_at: datetime) -> Asked:
        """Return what is asked of these bytes."""
        steps = steps_of(self.campaign.approval, self.steps.get(account_id))
        return Asked(sha256, tuple(langs), due_at, steps, self.campaign.window)

    def asked_of(self, entry: Queued, row: Delivery | None = None) -> Asked:
        """Return what is asked of an Outgoing; `row`: its delivery, which may have another time."""
        due_at = entry.due_at if row is None else row.due_at
        return self.asked(entry.sha256, entry.outgoing.langs, entry.account_id, due_at)

    def moment(self, due_at: datetime) -> datetime:
        """Return the instant as of which something that is due then is judged now."""
        return max(self.now, due_at) if due_at - self.now <= NEAR else self.now

    def why_not(self, asked: Asked) -> str | None:
        """Return why these bytes must not go out; None: they may."""
        if standing := [self.blocked[lang] for lang in asked.langs if lang in self.blocked]:
            return "; ".join(standing)
        if back := [f"returned in {lang} by {self.returned[lang]}" for lang in asked.langs if lang in self.returned]:
            return "; ".join(back)
        return why_not(self.given, asked, self.moment(asked.due_at))

    def progress(self, lang: Lang, asked: Sequence[Asked]) -> Progress:
        """Return how far a language has come; `asked`: of all that is to go out."""
        wording = self.newest.get(lang)
        revision, machine = (None, None) if wording is None else (wording.revision, wording.machine)
        return progress(lang, revision, machine, asked=asked, given=self.given, said=self.said, now=self.now)


def read(tx: Any, campaign: Campaign, post: Post, *, now: datetime) -> Standing:
    """Return where a post stands at an instant of the campaign's time."""
    variants = post_rows.variants_of(tx, post.id)
    newest = latest(variants)
    said = tuple(review_rows.reviews_of(tx, post.id))
    back = {lang: returned(said, lang, wording.revision) for lang, wording in newest.items()} if said else {}
    stopped = blocked(variants, campaign.source_lang)
    words = {lang: wording for lang, wording in newest.items() if lang not in stopped}
    return Standing(
        campaign=campaign,
        post=post,
        history=tuple(variants),
        newest=newest,
        blocked=stopped | blocking(tx, campaign, post, words),
        outdated=frozenset(outdated(variants, campaign.source_lang)),
        returned={lang: why for lang, why in back.items() if why is not None},
        lacking=tuple(lang for lang in post.langs if lang not in newest),
        given=tuple(approval_rows.approvals_of(tx, post.id)),
        said=said,
        steps=steps_by_account(tx, campaign.id),
        now=now,
    )


def steps_by_account(tx: Any, campaign_id: str) -> dict[str, int]:
    """Return the id of an account → how many steps a campaign asks for there, where it says so."""
    rules = account_rules.rules_of(tx, campaign_id)
    return {account_id: rule.steps for account_id, rule in rules.items() if rule.steps is not None}


def unready(standing: Standing, entries: Sequence[Queued], rows: Mapping[str, Delivery]) -> dict[str, str]:
    """Return why what is to go out is not ready: the id of an Outgoing → why; a missing language → why.

    Args:
        rows: the deliveries that there are, by the ids of their Outgoings.
    """
    found = {
        entry.id: why for entry in entries if (why := standing.why_not(standing.asked_of(entry, rows.get(entry.id))))
    }
    return found | {lang: f"missing in {lang}: nobody has written it" for lang in standing.lacking}


def waiting_in(tx: Any, campaign: Campaign, *, now: datetime) -> dict[str, list[Lang]]:
    """Return, by a post's row id, the languages of what is not in the queue in which a step is missing."""
    unsent, steps = approval_rows.not_enqueued(tx, campaign.id), steps_by_account(tx, campaign.id)
    given = approval_rows.approvals_in(tx, {each.post_id for each in unsent}) if unsent else {}
    found: dict[str, set[Lang]] = {}
    for each in unsent:
        wanted = steps_of(campaign.approval, steps.get(each.account_id))
        asked = Asked(each.sha256, each.langs, each.due_at, wanted, campaign.window)
        if lacking := missing(given.get(each.post_id, ()), asked, now):
            found.setdefault(each.post_id, set()).update(lacking)
    return {post_id: sorted(langs) for post_id, langs in found.items()}
