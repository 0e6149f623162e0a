"""No sequence of edits, approvals, moves, retries and ends ever lets bytes leave that were not approved as they are.

A ledger beside the program says what people's words are worth: each is of a digest, in a language, for a time, by a
person; it ends by its day, by a return, and by a source that means something else. It reads no row of the program but
what was given, and is asked at the moment at which a delivery crosses the line.
"""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from campaign.core.errors import CampaignError
from campaign.core.model import Role
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.enqueue import cancel, move, retry
from campaign.service.look import look
from campaign.service.miss import miss
from campaign.service.publish import Unapproved, _gate, _hold, take
from campaign.service.review import ready, review
from campaign.service.revise import revise
from campaign.store import outbox, queue
from campaign.store import posts as post_rows
from campaign.store.approvals import Approval
from tests.conftest import World

WINDOW, DAYS = timedelta(minutes=15), 3
TEXTS = {"ko": ("안녕하세요", "안녕히 가세요"), "ru": ("Здравствуйте", "До свидания")}
ALTS = ("Синяя картинка", "Тёмная картинка")
STEPS = {"one": 1, "two": 2}


@dataclass(frozen=True)
class Word:
    """One person's step."""

    sha256: str
    lang: str
    person: str
    last: bool
    due_at: datetime
    ends: datetime


@dataclass
class Ledger:
    """What people's words are worth, whatever the program thinks."""

    steps: int
    words: list[Word] = field(default_factory=list)
    left: int = 0
    stopped: int = 0

    def give(self, rows: tuple[Approval, ...], due: dict[str, datetime], now: datetime) -> None:
        ends = now + timedelta(days=DAYS)
        for row in rows:
            last = row.step == self.steps
            self.words.append(Word(row.outgoing_sha256, row.lang, row.person, last, due[row.outgoing_sha256], ends))

    def end(self, *langs: str) -> None:
        self.words = [word for word in self.words if word.lang not in langs]

    def carry(self, old: str, new: str, *langs: str) -> None:
        self.words += [replace(word, sha256=new) for word in self.words if word.sha256 == old and word.lang in langs]

    def holding(self, sha256: str, lang: str, due: datetime, now: datetime) -> list[Word]:
        return [
            word
            for word in self.words
            if (word.sha256, word.lang) == (sha256, lang) and now < word.ends and abs(due - word.due_at) <= WINDOW
        ]

    def may_leave(self, sha256: str, langs: tuple[str, ...], due: datetime, now: datetime) -> bool:
        for lang in langs:
            words = self.holding(sha256, lang, due, now)
            last = {word.person for word in words if word.last}
            first = {word.person for word in words if not word.last}
            if not last or (self.steps > 1 and not any(a != b for a, b in itertools.product(first, last))):
                return False
        return True


class Office:
    """One post in its life; each of its acts tells the ledger what it means."""

    numbers = itertools.count(1)

    def __init__(self, world: World, campaign: str, strategy: str) -> None:
        self.world, self.app, self.name = world, world.app, f"Q{next(self.numbers)}"
        self.ledger = Ledger(STEPS[campaign])
        picture = world.picture({"ko": "남색 그림", "ru": ALTS[0]})
        texts = {lang: texts[0] for lang, texts in TEXTS.items()}
        world.post(
            self.name, campaign=campaign, minutes=60, to=("two",), texts=texts, approve_now=False,
            strategy=strategy, pictures=(picture,),
        )  # fmt: skip

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def queued(self) -> dict[tuple[str, ...], tuple[str, datetime]]:
        """Return languages → digest and time of what is to go out."""
        with self.app.store.read() as tx:
            post = post_rows.post_named(tx, self.name)
            rows = {row.outgoing_id: row.due_at for row in queue.of_post(tx, post.id)}
            entries = post_rows.outgoings_of(tx, post.id)
        return {entry.outgoing.langs: (entry.sha256, rows.get(entry.id, entry.due_at)) for entry in entries}

    def due(self) -> dict[str, datetime]:
        return dict(self.queued().values())

    def edit(self, lang: str, change: str, **fields: Any) -> None:
        before = self.queued()
        revise(self.app, self.name, lang, by=self.world.alice, change=change, **fields)
        other = "ru" if lang == "ko" else "ko"
        if lang == "ko" and change == "meaning" and "alt" not in fields:
            self.ledger.end("ru")
        elif "alt" in fields or lang == "ko":
            for langs, (sha256, _) in self.queued().items():
                if len(langs) > 1:
                    self.ledger.carry(before[langs][0], sha256, other)

    def approve(self, who: str, *langs: str) -> None:
        due = self.due()
        done = approve(self.app, self.name, by=self.world.people[who], langs=langs)
        self.ledger.give(done.given, due, self.now)

    def read(self, who: str, lang: str, decision: str) -> None:
        due = self.due()
        done = review(self.app, self.name, lang, decision, by=self.world.people[who], text="потому")  # type: ignore[arg-type]
        if decision == "returned":
            self.ledger.end(lang)
        elif done.steps:
            ends = self.now + timedelta(days=DAYS)
            shas = [sha for langs, (sha, _) in self.queued().items() if lang in langs]
            for sha256 in shas:
                self.ledger.words.append(Word(sha256, lang, who, False, due[sha256], ends))

    def move(self, minutes: int) -> None:
        when = max(self.due().values()) + timedelta(minutes=minutes)
        move(self.app, self.name, at=in_zone(when, "Asia/Seoul")[:16], by=self.world.alice)

    def retry(self, who: str) -> None:
        with self.app.store.begin() as tx:
            miss(self.app, tx)
        for row in self.mine():
            if row.state not in (State.MISSED, State.FAILED):
                continue
            old, moved = row.due_at, retry(self.app, row.id, by=self.world.people[who], now=True)
            if who != "alice" and self.ledger.may_leave(row.outgoing_sha256, row.langs, old, self.now):
                words = [
                    replace(word, due_at=moved.due_at)
                    for lang in row.langs
                    for word in self.ledger.holding(row.outgoing_sha256, lang, old, self.now)
                ]
                self.ledger.words += words

    def mine(self) -> list[Any]:
        with self.app.store.read() as tx:
            return queue.of_post(tx, post_rows.post_named(tx, self.name).id)

    def wait(self, minutes: int) -> None:
        self.world.clock.turn(minutes=minutes)
        look(self.app)

    def leave(self) -> None:
        """Send what can be claimed, as far as the line."""
        for work in take(self.app, 50):
            held = work.delivery
            try:
                _gate(work)
            except Unapproved as why:
                reason = str(why)
                with self.app.store.begin() as tx:
                    _hold(self.app, tx, work, reason)
                continue
            assert work.post_name == self.name
            assert self.ledger.may_leave(held.outgoing_sha256, held.langs, held.due_at, self.now), work.label
            self.ledger.left += 1
            with self.app.store.begin() as tx:
                crossed = outbox.cross(tx, held, wire={}, at=self.now, mono=self.world.clock.monotonic())
                outbox.move(tx, crossed, State.FAILED, error="the line is as far as this goes")
        waits = [row for row in self.mine() if row.state is State.SCHEDULED and row.due_at <= self.now]
        self.ledger.stopped += sum(row.held_because is not None for row in waits)

    def end(self) -> None:
        """Take it back: what another post does must not find it."""
        with contextlib.suppress(CampaignError):
            cancel(self.app, self.name, by=self.world.bob)


DAY = 24 * 60
ANOTHER_MEANING = [("edit", "ko", "meaning", "text", True), ("edit", "ru", "meaning", "text", False)]
LANG, CHANGE = st.sampled_from(["ko", "ru"]), st.sampled_from(["meaning", "typo"])
ACTS = st.one_of(
    st.tuples(st.just("edit"), LANG, CHANGE, st.sampled_from(["text", "tags", "alt"]), st.booleans()),
    st.tuples(st.just("approve"), st.sampled_from(["bob", "vera"]), st.sampled_from([(), ("ko",), ("ru",)])),
    st.tuples(st.just("approve"), st.just("bob"), st.just(())),
    st.tuples(st.just("read"), st.sampled_from(["rita", "vera"]), LANG, st.just("passed")),
    st.tuples(st.just("read"), st.just("rita"), LANG, st.just("returned")),
    st.tuples(st.just("ready"), LANG),
    st.tuples(st.just("move"), st.sampled_from([0, 10, 60])),
    st.tuples(st.just("retry"), st.sampled_from(["alice", "bob"])),
    st.tuples(st.just("wait"), st.sampled_from([20, 45, 24 * 60, 3 * 24 * 60])),
    st.tuples(st.just("wait"), st.just(60)),
)  # fmt: skip


@pytest.fixture
def office(world: World) -> Iterator[World]:
    """Two campaigns, of one step and of two, whose approvals last three days."""
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.people["vera"] = campaigns.add_person(world.app, "vera", [Role.APPROVER])
    world.people["rita"] = campaigns.add_person(world.app, "rita", [Role.REVIEWER])
    for name in STEPS:
        world.campaign(name, approval=name, grace=timedelta(minutes=30))
        campaigns.edit_campaign(world.app, name, by=world.bob, approval_days=DAYS)
    yield world


def do(post: Office, act: tuple[Any, ...]) -> None:
    match act:
        case ("edit", lang, change, "alt", other):
            post.edit(lang, change, alt={1: ALTS[other] if lang == "ru" else ("남색 그림", "파란 그림")[other]})
        case ("edit", lang, change, "tags", other):
            post.edit(lang, change, tags=["#a", "#b"][: 1 + other])
        case ("edit", lang, change, _, other):
            post.edit(lang, change, text=TEXTS[lang][other])
        case ("approve", who, langs):
            post.approve(who, *langs)
        case ("read", who, lang, decision):
            post.read(who, lang, decision)
        case ("ready", lang):
            ready(post.app, post.name, lang, by=post.world.alice)
        case (name, value):
            getattr(post, name)(value)


def test_bytes_leave_only_as_they_were_approved(office: World) -> None:
    seen = {"left": 0, "stopped": 0}

    @example("one", "split", [("move", 60), ("wait", 120)])
    @example("one", "split", [("move", 3 * DAY), ("approve", "bob", ()), ("wait", 3 * DAY), ("wait", 60)])
    @example("one", "split", [("read", "rita", "ru", "returned"), ("ready", "ru"), ("wait", 60)])
    @example("one", "split", [*ANOTHER_MEANING, ("approve", "bob", ("ko",)), ("wait", 60)])
    @example("two", "combined", [("approve", "vera", ()), ("edit", "ru", "meaning", "alt", True), ("wait", 60)])
    @example("one", "combined", [("edit", "ru", "meaning", "text", True), ("approve", "bob", ("ru",)), ("wait", 60)])
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(st.sampled_from(list(STEPS)), st.sampled_from(["split", "combined"]), st.lists(ACTS, min_size=3, max_size=9))
    def lives(campaign: str, strategy: str, acts: list[tuple[Any, ...]]) -> None:
        post = Office(office, campaign, strategy)
        for act in [("approve", "bob", ()), *acts, ("wait", 60), ("approve", "vera", ()), ("wait", 5)]:
            with contextlib.suppress(CampaignError):  # what a verb refuses changes nothing
                do(post, act)
            post.leave()
        seen["left"] += post.ledger.left
        seen["stopped"] += post.ledger.stopped
        post.end()

    lives()

    assert min(seen.values()) > 5, seen  # it did let things go, and did stop some
