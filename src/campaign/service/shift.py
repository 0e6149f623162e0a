"""shift: many posts get other times together; what stands against it is listed first, then all moves or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from campaign.core.errors import Invalid
from campaign.core.model import Campaign, Delivery, Leg, Post
from campaign.core.schedule import FORMAT, Fold, Gap, ambiguity, in_zone, resolve
from campaign.core.states import State
from campaign.service import App, event
from campaign.service.days import RESCHEDULED, Days, near_times, spacing_findings
from campaign.service.enqueue import hold, release
from campaign.store import outbox, queue
from campaign.store import posts as post_rows
from campaign.store.posts import Queued

Code = Literal[
    "gap", "fold", "past", "blackout",  # to be decided before anything is changed
    "off-leg", "overlap", "spacing", "holiday",  # to be known
    "under-way", "out", "missed", "own-time", "left",  # left alone
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clash:
    """One thing that stands against a shift, or should be known of it.

    Attributes:
        post: the post's name; None: it is about the leg.
        stops: nothing is changed before it is decided.
    """

    code: Code
    post: str | None
    text: str
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person has decided.

    Attributes:
        gap, fold: for all posts of which nothing else is said.
        gaps, folds: by the post's name.
        leave: names of posts that stay as they are.
    """

    gap: Gap | None = None
    fold: Fold | None = None
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    folds: Mapping[str, Fold] = field(default_factory=dict)
    leave: frozenset[str] = frozenset()


UNDECIDED = Choices()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A post and the wall time (naive) and zone that it is to have."""

    post: Post
    local: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One post with its new time, and the times of what goes out: the id of an Outgoing → when, and why then."""

    old: Post
    new: Post
    times: Mapping[str, tuple[datetime, str | None]]
    rows: tuple[Delivery, ...] = ()  # the deliveries that go with it


@dataclass(frozen=True, slots=True)
class Shift:
    """What would move, or has moved, and what stands against it."""

    moved: tuple[Moved, ...]
    clashes: tuple[Clash, ...]

    @property
    def undecided(self) -> tuple[Clash, ...]:
        """What keeps it from being done."""
        return tuple(clash for clash in self.clashes if clash.stops)


def plan_shift(
    app: App, tx: Any, days: Days, wanted: Sequence[Wanted], choices: Choices, leg: Leg | None = None
) -> Shift:
    """Return what moves when posts are given these times; nothing is changed.

    Only what waits moves: what is out or under way is left alone and named, and so is what was missed or refused, which
    a person decides by itself, and what a person gave a time of its own.

    Args:
        days: as they will be: the legs in it have their new zones.
        leg: the leg that the posts are on, as it will be; a post outside its days is told of.
    """
    known = {each.post.name for each in wanted}
    named = {*choices.leave, *choices.gaps, *choices.folds}
    if unknown := sorted(named - known):
        raise Invalid("post", unknown[0], f"is not among the posts that would move: {', '.join(sorted(known)) or '–'}")
    moved: list[Moved] = []
    clashes: list[Clash] = []
    for each in wanted:
        one, said = _plan(app, tx, days, each, choices, leg)
        clashes += said
        if one is not None:
            moved.append(one)
    clashes += _spacing(tx, days, moved)
    return Shift(tuple(moved), tuple(clashes))


def do_shift(app: App, tx: Any, campaign: Campaign, shift: Shift, *, by: str, because: str) -> Shift:
    """Give the posts their new times, what waits with them; return it with the deliveries as they are now.

    No key, no wire and no Outgoing is touched: only times. Where a post moves beyond its campaign's window, its
    approvals do not hold any more and it is held.

    Raises:
        LeaseLost: something was claimed at this very moment; the caller rolls back.
    """
    done: list[Moved] = []
    for each in shift.moved:
        post_rows.move_post(tx, each.new, at=app.clock.now())
        rows = {row.outgoing_id: row for row in each.rows}
        for outgoing_id, (due_at, why) in each.times.items():
            post_rows.move_outgoing(tx, outgoing_id, due_at=due_at, moved_because=why)
            if outgoing_id in rows:
                late_after = due_at + campaign.grace
                outbox.note(tx, rows[outgoing_id], due_at=due_at, late_after=late_after, moved_because=why)
        if each.times:
            hold(app, tx, campaign, each.new)
            release(app, tx, campaign, each.new)
        detail = {
            "at": each.new.local_at.strftime(FORMAT),
            "zone": each.new.zone,
            "due_at": each.new.due_at.isoformat(),
            "from": each.old.due_at.isoformat(),
            "because": because,
        }
        event(app, tx, "post.moved", by, post_id=each.new.id, detail=detail)
        now = {row.id: row for row in queue.of_post(tx, each.new.id)}
        done.append(replace(each, rows=tuple(now[row.id] for row in each.rows)))
    return replace(shift, moved=tuple(done))


def _plan(
    app: App, tx: Any, days: Days, wanted: Wanted, choices: Choices, leg: Leg | None
) -> tuple[Moved | None, list[Clash]]:
    post, name, now = wanted.post, wanted.post.name, app.clock.now()
    if name in choices.leave:
        return None, [Clash("left", name, f"stays at {in_zone(post.due_at, post.zone)}, as you wanted")]
    rows = {row.outgoing_id: row for row in queue.of_post(tx, post.id)}
    entries = post_rows.outgoings_of(tx, post.id)
    if still := _still(name, entries, rows):
        return None, [still]
    kind = ambiguity(wanted.local, wanted.zone)
    same = (wanted.local, wanted.zone) == (post.local_at, post.zone)
    gap = choices.gaps.get(name, choices.gap) or (post.gap if same else None)
    fold = choices.folds.get(name, choices.fold) or (post.fold if same else None)
    gap, fold = gap if kind == "gap" else None, fold if kind == "fold" else None
    try:
        due_at = resolve("at", wanted.local, wanted.zone, gap=gap, fold=fold)
    except Invalid as error:
        if kind is None:
            raise
        both = f"; for this post alone: --{kind} {name}=…"
        return None, [Clash(kind, name, f"{wanted.local.strftime(FORMAT)} {error.rule}{both}", stops=True)]
    if due_at < now:
        over = f"{in_zone(due_at, wanted.zone)} is past, it is {in_zone(now, wanted.zone)} now"
        if post.due_at < now:
            return None, [] if same else [
                Clash("past", name, f"{over}, and its time was over already: it is left alone")
            ]
        return None, [Clash("past", name, f"{over}; leave it as it is with --leave {name}", stops=True)]
    new = replace(post, local_at=wanted.local, zone=wanted.zone, tzdata=app.tzdata, due_at=due_at, gap=gap, fold=fold)
    clashes: list[Clash] = []
    moving: list[Queued] = []
    for entry in entries:
        row = rows.get(entry.id)
        if row is not None and row.state in (State.MISSED, State.FAILED):
            text = f"{_label(entry)} is {row.state} and stays so: schedule it again or cancel it"
            clashes.append(Clash("missed", name, text))
        elif (entry.moved_because or "").startswith(RESCHEDULED):
            text = f"{_label(entry)} keeps {in_zone(entry.due_at, post.zone)}: it was {entry.moved_because}"
            clashes.append(Clash("own-time", name, text))
        elif row is None or row.state is State.SCHEDULED:
            moving.append(entry)
        else:
            clashes.append(Clash("out", name, f"{_label(entry)} is {row.state}: it is left alone"))
    times = days.times(new, entries)
    kept = {entry.id: times[entry.id] for entry in moving}
    placed = [replace(entry, due_at=times[entry.id][0], moved_because=times[entry.id][1]) for entry in moving]
    clashes += _dark(days, post, new, moving, placed)
    if leg is not None and not leg.starts_on <= new.local_at.date() <= leg.ends_on:
        text = (
            f"{new.local_at.strftime(FORMAT)} is outside the days of leg {leg.name}, {leg.starts_on} to {leg.ends_on}"
        )
        clashes.append(Clash("off-leg", name, text))
    unchanged = all((entry.due_at, entry.moved_because) == kept[entry.id] for entry in moving)
    if unchanged and (new.local_at, new.zone, new.due_at) == (post.local_at, post.zone, post.due_at):
        return None, clashes
    waiting = tuple(rows[entry.id] for entry in moving if entry.id in rows)
    return Moved(post, new, kept, waiting), clashes


def _still(name: str, entries: Sequence[Queued], rows: Mapping[str, Delivery]) -> Clash | None:
    """Return why nothing of a post moves: it is out, or something of it is under way."""
    there = [rows[entry.id] for entry in entries if entry.id in rows]
    if under_way := [row for row in rows.values() if row.state in queue.OPEN]:
        return Clash("under-way", name, f"is {under_way[0].state} right now: it is left alone")
    if there and len(there) == len(entries) and all(r.state in (State.PUBLISHED, State.CANCELLED) for r in there):
        return Clash("out", name, f"is {' and '.join(sorted({row.state for row in there}))}: it is left alone")
    return None


def _dark(days: Days, old: Post, new: Post, moving: Sequence[Queued], placed: Sequence[Queued]) -> list[Clash]:
    """Return what would newly fall on a hard blackout; where it stood on one already, it only stays held."""
    found: list[Clash] = []
    before = {entry.id: days.dark(entry.account_id, entry.outgoing.langs, entry.due_at, old) for entry in moving}
    for entry in placed:
        for item in days.stops(new, [entry]):
            stops = item.is_error and before[entry.id] is None
            text = f"{_label(entry)}: {item.finding.value} {item.finding.rule}"
            text += f"; leave it as it is with --leave {new.name}" if stops else ""
            found.append(Clash("blackout", new.name, text, stops=stops))
    return found


def _spacing(tx: Any, days: Days, moved: Sequence[Moved]) -> list[Clash]:
    """Return which posts come too near to another of their account, those that move with them at their new times."""
    if not any(rule.spacing for rule in days.rules.values()):
        return []
    names = {each.new.name for each in moved}
    placed: list[tuple[Moved, Queued]] = []
    for each in moved:
        for entry in post_rows.outgoings_of(tx, each.new.id):
            if entry.id in each.times and entry.parent_id is None:
                placed.append((each, replace(entry, due_at=each.times[entry.id][0])))
    found: list[Clash] = []
    for each, entry in placed:
        others = [other for other in near_times(tx, days, entry, each.new) if other[1] not in names]
        others += [
            (other.due_at, one.new.name)
            for one, other in placed
            if one is not each and other.account_id == entry.account_id
        ]
        for finding in spacing_findings(days, entry, each.new, sorted(others)):
            found.append(Clash("spacing", each.new.name, f"{finding.value} {finding.rule}"))
    return found


def _label(entry: Queued) -> str:
    return f"{'+'.join(entry.outgoing.langs)} to {entry.outgoing.account}"
