"""Approval: which steps hold for exactly these bytes now, what is missing, who may give what comes next. Pure.

Each language of an Outgoing needs its steps, 1 to N, by different people. Of one step it is the approval. Of more, step
1 is the review by a reader of that language, and the last one the approval. A step is of a digest, and for a time: it
does not hold for other bytes, for a time that is further off than the campaign's window, nor when it has expired or
was taken back. What holds is derived from the rows whenever somebody asks; nothing has to be marked for it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Protocol, TypeVar

from campaign.core.model import Lang, Person, Policy, Role

STEPS: Mapping[Policy, int] = {"none": 0, "one": 1, "two": 2, "three": 3}
READERS = (Role.REVIEWER, Role.TRANSLATOR, Role.APPROVER)  # who may say that a text reads well in a language of theirs
_GUEST = "guest "  # no person has a space in the name, so nobody is taken for a guest


class Given(Protocol):
    """One step that somebody gave, as the store keeps it."""

    @property
    def outgoing_sha256(self) -> str: ...
    @property
    def lang(self) -> str: ...
    @property
    def person(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def step(self) -> int: ...
    @property
    def steps(self) -> int: ...  # how many there were to be when it was given: the last of them is the approval
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def void_at(self) -> datetime | None: ...
    @property
    def void_because(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...


G = TypeVar("G", bound=Given)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of one Outgoing before it may leave.

    Attributes:
        steps: how many people, each another one, in each language; 0: none.
        due_at: the time for which it stands in the queue.
        window: how far from the time that it was given for a step still holds; None: any.
    """

    sha256: str
    langs: tuple[Lang, ...]
    due_at: datetime
    steps: int
    window: timedelta | None


def steps_of(policy: Policy, of_account: int | None = None) -> int:
    """Return how many steps there are: the account's own rule goes before the campaign's policy."""
    return STEPS[policy] if of_account is None else of_account


def lapse(given: Given, asked: Asked, now: datetime) -> str | None:
    """Return why a step of these very bytes does not hold now; None: it holds."""
    if given.void_at is not None:
        return given.void_because or "taken back"
    if given.expires_at is not None and given.expires_at <= now:
        return "expired"
    if given.due_at is not None and asked.window is not None and abs(asked.due_at - given.due_at) > asked.window:
        return "for another time"
    return None


def filled(given: Iterable[G], asked: Asked, lang: Lang, now: datetime) -> dict[int, G]:
    """Return the steps in a language that hold now, each by another person; the number of a step → who gave it.

    One person's word counts once, unless an admin gave a reason for the second one. Where people could fill the steps
    in several ways, it is the way that leaves the fewest open.
    """
    holding = [
        each
        for each in given
        if each.lang == lang and each.outgoing_sha256 == asked.sha256 and lapse(each, asked, now) is None
    ]
    if not holding:
        return {}
    by_step: list[list[G | None]] = []
    for step in range(1, asked.steps + 1):
        # The latest word of each person is enough.
        latest = {each.person: each for each in holding if _fills(each, step, asked.steps)}
        by_step.append([*latest.values(), None])
    best: tuple[G | None, ...] = ()
    for way in product(*by_step):
        chosen = [each for each in way if each is not None]
        if _by_different_people(chosen) and len(chosen) > sum(each is not None for each in best):
            best = way
    return {step: each for step, each in enumerate(best, 1) if each is not None}


def _fills(given: Given, step: int, steps: int) -> bool:
    """Whether a word counts as this step: a review never becomes an approval because fewer are asked for now."""
    approves = given.step == given.steps
    return approves if step == steps else given.step == step and not approves


def _by_different_people(chosen: Sequence[Given]) -> bool:
    without = [each.person for each in chosen if each.reason is None]
    return len(set(without)) == len(without)


def missing(given: Sequence[Given], asked: Asked, now: datetime) -> dict[Lang, tuple[int, ...]]:
    """Return the steps that nobody has given, per language; empty: it may leave."""
    found: dict[Lang, tuple[int, ...]] = {}
    for lang in asked.langs:
        there = filled(given, asked, lang, now)
        if open_ones := tuple(step for step in range(1, asked.steps + 1) if step not in there):
            found[lang] = open_ones
    return found


def approved(given: Sequence[Given], asked: Asked, now: datetime) -> frozenset[Lang]:
    """Return the languages in which all steps hold."""
    return frozenset(asked.langs) - missing(given, asked, now).keys()


def why_not(given: Sequence[Given], asked: Asked, now: datetime) -> str | None:
    """Return why an Outgoing must not leave, for people; None: it may.

    It begins with "not approved in"; what did hold and does not any more is told after it.
    """
    lacking = missing(given, asked, now)
    if not lacking:
        return None
    told = []
    for lang in sorted(lacking):
        lapsed = [
            lapse(each, asked, now) for each in given if (each.lang, each.outgoing_sha256) == (lang, asked.sha256)
        ]
        gone = sorted({why for why in lapsed if why is not None})
        of_many = f"step {lacking[lang][0]} of {asked.steps}" if asked.steps > 1 else ""
        more = ", ".join(filter(None, [of_many, *gone]))
        told.append(f"{lang} ({more})" if more else lang)
    return f"not approved in {', '.join(told)}"


def expires_before(given: Sequence[Given], asked: Asked, now: datetime) -> frozenset[Lang]:
    """Return the languages that are approved now and will not be any more when the time has come."""
    return approved(given, asked, now) - approved(given, asked, max(now, asked.due_at))


def refusal(
    person: Person,
    *,
    step: int,
    steps: int,
    lang: Lang,
    account: str,
    author: str,
    writer: str,
    taken: Collection[str],
    override: bool = False,
) -> str | None:
    """Return why a person may not give this step; None: may.

    Args:
        account: the name of the account that it goes to.
        author: who composed the post.
        writer: who wrote the newest wording in this language.
        taken: who gave the other steps in this language; who let a guest give one counts as well.
        override: an admin gives a reason, and then may write and approve.
    """
    admin, last = Role.ADMIN in person.roles, step == steps
    wanted = (Role.APPROVER,) if last or step > 1 else READERS
    if not admin and not person.roles & set(wanted):
        return f"'{person.name}' is {', '.join(sorted(person.roles)) or 'nothing'}; this needs: {' or '.join(wanted)}"
    if not admin and person.langs and lang not in person.langs:
        return f"'{person.name}' reads {', '.join(sorted(person.langs))}, not {lang}"
    if not admin and (last or step > 1) and person.accounts and account not in person.accounts:
        return f"'{person.name}' approves for {', '.join(sorted(person.accounts))}, not for {account}"
    if override:
        return None if admin else f"'{person.name}' is no admin; only an admin approves against the rule"
    if last and person.name == author:
        return f"'{person.name}' wrote it; another person must approve it"
    if person.name == writer:
        return f"'{person.name}' wrote its words in {lang}; another person must {'approve' if last else 'review'} them"
    if person.name in taken:
        return f"'{person.name}' has given another step in {lang}; another person must give this one"
    return None


def guest(name: str) -> str:
    """Return how an approval names a guest: as nobody else can be called."""
    return f"{_GUEST}{name}"


def is_guest(person: str) -> bool:
    """Whether an approval's name is that of a guest."""
    return person.startswith(_GUEST)


class Stage(StrEnum):
    """How far a wording has come. Whether it is outdated is derived beside it."""

    MISSING = "missing"  # the post goes out in this language, and nobody has written it
    DRAFT = "draft"  # written; nobody was asked to read it, or it was returned
    MACHINE = "machine"  # a tool wrote it; a person must save it before anybody can approve it
    READY = "ready"  # somebody is asked to read it
    IN_REVIEW = "in review"  # some of its steps are given
    APPROVED = "approved"  # all of them are


class Said(Protocol):
    """What somebody said of a wording, as the store keeps it."""

    @property
    def lang(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def decision(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def person(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a wording stands.

    Attributes:
        given, steps: how many of how many steps hold, on the account where the fewest do.
        returned: who returned this very revision and why; None: nobody, or it was passed or asked for again since.
    """

    stage: Stage
    given: int = 0
    steps: int = 0
    returned: str | None = None


def returned(said: Iterable[Said], lang: Lang, revision: int) -> str | None:
    """Return who returned this revision and why, if that is the last decision about it; oldest first in."""
    last = None
    for each in said:
        if (each.lang, each.revision) == (lang, revision) and each.decision != "comment":
            last = each
    return f"{last.person}: {last.text}" if last is not None and last.decision == "returned" else None


def progress(
    lang: Lang,
    revision: int | None,
    machine: str | None,
    *,
    asked: Sequence[Asked],
    given: Sequence[Given],
    said: Sequence[Said],
    now: datetime,
) -> Progress:
    """Return how far a language of a post has come.

    Args:
        revision: its newest one; None: it is missing.
        machine: the tool that wrote that one, if one did.
        asked: what is asked of each Outgoing that has this language.
        said: oldest first.
    """
    mine = [each for each in asked if lang in each.langs]
    steps = max((each.steps for each in mine), default=0)
    if revision is None:
        return Progress(Stage.MISSING, 0, steps)
    if machine is not None:
        return Progress(Stage.MACHINE, 0, steps)
    if why := returned(said, lang, revision):
        return Progress(Stage.DRAFT, 0, steps, why)
    there = [(len(filled(given, each, lang, now)), each.steps) for each in mine]
    if mine and all(number == wanted for number, wanted in there):
        return Progress(Stage.APPROVED, steps, steps)
    fewest = min((number for number, wanted in there if wanted), default=0)
    if fewest:
        return Progress(Stage.IN_REVIEW, fewest, steps)
    asked_for = any((each.lang, each.revision) == (lang, revision) and each.decision != "comment" for each in said)
    return Progress(Stage.READY if asked_for else Stage.DRAFT, 0, steps)
