"""The plan of a rehearsal: what a campaign would send from an instant on, and what needs no rehearsing to be told."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaign.core.adapter import Capabilities
from campaign.core.check import check, text_limit
from campaign.core.language import outdated
from campaign.core.model import Account, Campaign, Delivery, Post
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.core.text import count
from campaign.demo.rehearsal.outcome import Line
from campaign.service.days import Days
from campaign.service.standing import read
from campaign.store import accounts as account_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store.accounts import Pause
from campaign.store.posts import Queued


@dataclass(slots=True)
class Plan:
    """What is to be rehearsed.

    Attributes:
        lines: one per Outgoing that is still to go out, by its id; those that are told already have a standing.
        staged: delivery ids that go onto the stage as they stand in the queue.
        drafts: posts that are brought into the queue on the stage, as if they were approved now.
        digests: the files that they need.
        left_out: what is not rehearsed at all, in words.
    """

    campaign: Campaign
    starts: datetime
    accounts: dict[str, Account] = field(default_factory=dict)
    limits: dict[str, Capabilities] = field(default_factory=dict)  # by the account's name
    removed: set[str] = field(default_factory=set)  # names of accounts that are not connected any more
    pauses: list[Pause] = field(default_factory=list)
    lines: dict[str, Line] = field(default_factory=dict)
    staged: list[str] = field(default_factory=list)
    drafts: list[Post] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    @property
    def played(self) -> list[Line]:
        """The lines that only the stage can tell."""
        return [line for line in self.lines.values() if line.standing == "uncertain"]


def read_plan(
    tx: Any,
    campaign: Campaign,
    *,
    starts: datetime,
    now: datetime,
    drafts: bool,
    limits_of: Callable[[Account], Capabilities],
    twins: Sequence[str],
) -> Plan:
    """Return the plan of a campaign as it stands in a read transaction.

    Args:
        starts: when the rehearsal begins.
        now: the installation's own time.
        drafts: what is not approved yet counts as approved.
        twins: the platforms that have a twin.
    """
    plan = Plan(campaign, starts, pauses=account_rows.pauses_now(tx))
    counts: Counter[str] = Counter()
    days = Days.read(tx, campaign)
    for post in post_rows.posts_of(tx, campaign.id):
        reader = _Reader(tx, plan, post, counts, now, drafts, limits_of, twins, days)
        reader.read()
    plan.left_out += [f"{number} {what}" for what, number in sorted(counts.items())]
    return plan


@dataclass(slots=True)
class _Reader:
    """Reads one post into the plan."""

    tx: Any
    plan: Plan
    post: Post
    counts: Counter[str]
    now: datetime
    drafts: bool
    limits_of: Callable[[Account], Capabilities]
    twins: Sequence[str]
    days: Days
    rows: Mapping[str, Delivery] = field(default_factory=dict)
    stale: Mapping[str, int] = field(default_factory=dict)

    def read(self) -> None:
        plan = self.plan
        self.rows = {row.outgoing_id: row for row in queue.of_post(self.tx, self.post.id)}
        self.stale = outdated(post_rows.variants_of(self.tx, self.post.id), plan.campaign.source_lang)
        entries = sorted(post_rows.outgoings_of(self.tx, self.post.id), key=lambda entry: entry.outgoing.part)
        for entry in _parents_first(entries):
            row = self.rows.get(entry.id)
            why = self._past(entry, row)
            if why is not None:
                self.counts[why] += 1
                continue
            line = self._line(entry, row)
            line = self._judged_in_queue(line, row) if row is not None else self._judged_draft(line, entry)
            dark = self.days.dark(entry.account_id, line.langs, line.due_at, self.post)
            if dark is not None and line.standing in ("uncertain", "not rehearsed"):
                line = line.stands("held", f"{dark}: move it, or remove the blackout")
            plan.lines[entry.id] = line
            if line.standing != "uncertain":
                continue
            for medium in entry.outgoing.media:
                plan.digests |= {medium.sha256, *medium.captions.values(), *([medium.poster] if medium.poster else [])}
            if row is not None:
                plan.staged.append(row.id)
            if (row is None or self.drafts) and self.post not in plan.drafts:
                plan.drafts.append(self.post)

    def _past(self, entry: Queued, row: Delivery | None) -> str | None:
        """Return why this is no part of what is to come, in words that follow a number."""
        if row is None:
            over = entry.due_at + self.plan.campaign.grace < self.plan.starts
            return "not approved, and the time is past" if over else None
        match row.state:
            case State.SCHEDULED:
                between = self.now <= row.late_after < self.plan.starts
                return "due before the rehearsal begins" if between else None
            case State.FAILED | State.MISSED | State.UNCERTAIN:
                return f"{row.state} already: a person decides"
            case State.PUBLISHED | State.CANCELLED:
                return f"{row.state} already"
        return f"under way now ({row.state})"

    def _line(self, entry: Queued, row: Delivery | None) -> Line:
        account = self.plan.accounts.get(entry.account_id)
        if account is None:
            account = account_rows.account_of(self.tx, entry.account_id)
            self.plan.accounts[account.id] = account
            self.plan.limits[account.name] = self.limits_of(account)
            if account_rows.is_removed(self.tx, account.id):
                self.plan.removed.add(account.name)
        limits, outgoing = self.plan.limits[account.name], entry.outgoing
        due_at = row.due_at if row is not None else entry.due_at
        return Line(
            id=entry.id,
            post=self.post.name,
            part=outgoing.part,
            parts=outgoing.parts,
            account=account.name,
            platform=account.platform,
            langs=outgoing.langs,
            due_at=due_at,
            late_after=row.late_after if row is not None else due_at + self.plan.campaign.grace,
            zone=self.post.zone,
            home=self.plan.campaign.zone,
            length=count(outgoing.text, limits.text),
            limit=text_limit(outgoing, limits),
            media=len(outgoing.media),
            text=outgoing.text,
            moved_because=row.moved_because if row is not None else entry.moved_because,
            parent=entry.parent_id,
            refused_by=None,
            why=self._unfit(entry, limits),
        )

    def _unfit(self, entry: Queued, limits: Capabilities) -> str | None:
        errors = [finding for finding in check(entry.outgoing, limits) if finding.severity == "error"]
        return "; ".join(map(str, errors)) or None

    def _judged_in_queue(self, line: Line, row: Delivery) -> Line:
        if row.late_after < self.plan.starts and not self._parent_is_out(row):
            when = in_zone(row.late_after, line.zone)
            return line.stands("missed", f"its grace was over at {when}, before the rehearsal began")
        if row.parent_id is not None:
            before = next(old for old in self.rows.values() if old.id == row.parent_id)
            if before.state is State.PUBLISHED:
                return line.stands("not rehearsed", "the part before it is out already, where the twin has none of it")
            if before.state is not State.SCHEDULED:
                return line.stands("missed", f"the part before it is {before.state}")
        return self._judged_everywhere(line)

    def _parent_is_out(self, row: Delivery) -> bool:
        return any(old.id == row.parent_id and old.state is State.PUBLISHED for old in self.rows.values())

    def _judged_draft(self, line: Line, entry: Queued) -> Line:
        campaign = self.plan.campaign
        if line.why is not None:
            return line.stands("refused", line.why, refused_by="check")
        if old := [lang for lang in line.langs if lang in self.stale]:
            return line.stands("held", f"its translation is outdated in {', '.join(old)}: revise it")
        if not self.drafts:
            standing = read(self.tx, campaign, self.post, now=self.now)
            why = standing.why_not(standing.asked_of(entry))
            return line.stands("held", why or f"not in the queue yet: campaign post approve {self.post.name}")
        return self._judged_everywhere(line)

    def _judged_everywhere(self, line: Line) -> Line:
        """What our check refuses is refused on any stage; what follows a part that is not played is not played."""
        before = self.plan.lines.get(line.parent or "")
        if line.why is not None:
            return line.stands("refused", line.why, refused_by="check")
        if line.account in self.plan.removed:
            return line.stands("refused", f"account {line.account} is not connected any more", refused_by="check")
        if line.platform not in self.twins:
            return line.stands("not rehearsed", f"there is no twin of {line.platform}")
        return line if before is None or before.standing == "uncertain" else line.left_behind(before)


def _parents_first(entries: Sequence[Queued]) -> list[Queued]:
    known = {entry.id for entry in entries}
    done: dict[str, Queued] = {}
    rest = list(entries)
    while rest:
        ready = [entry for entry in rest if entry.parent_id not in known or entry.parent_id in done]
        done |= {entry.id: entry for entry in ready or rest}
        rest = [entry for entry in rest if entry.id not in done]
    return list(done.values())
