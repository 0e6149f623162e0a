"""Approval: steps by different people, of exactly these bytes, for a time; never given by who wrote it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from campaign.core.approval import (
    Asked,
    Progress,
    Stage,
    approved,
    expires_before,
    filled,
    guest,
    is_guest,
    missing,
    progress,
    refusal,
    returned,
    steps_of,
    why_not,
)
from campaign.core.model import Person, Role

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DUE = NOW + timedelta(days=1)


@dataclass(frozen=True)
class Word:
    """A step as the store would keep it."""

    person: str
    step: int = 1
    steps: int = 1
    lang: str = "ru"
    outgoing_sha256: str = "aa"
    created_at: datetime = NOW
    due_at: datetime | None = DUE
    expires_at: datetime | None = None
    void_at: datetime | None = None
    void_because: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Remark:
    """What somebody said of a revision."""

    decision: str
    person: str = "carol"
    text: str = "wrong day"
    lang: str = "ru"
    revision: int = 2


def asked(
    steps: int = 1, *langs: str, due_at: datetime = DUE, window: timedelta | None = timedelta(minutes=15)
) -> Asked:
    return Asked("aa", langs or ("ru",), due_at, steps, window)


def holds(word: Word, ask: Asked, now: datetime = NOW) -> bool:
    return approved([word], ask, now) == {"ru"}


def test_an_approval_is_of_exactly_these_bytes_in_this_language() -> None:
    word = Word("bob")

    assert [True, False, False] == [
        holds(each, asked()) for each in (word, replace(word, outgoing_sha256="bb"), replace(word, lang="ko"))
    ]


def test_an_approval_is_for_a_time_give_or_take_the_window() -> None:
    moved = [timedelta(minutes=m) for m in (-16, -15, 0, 15, 16)]

    assert [False, True, True, True, False] == [holds(Word("bob"), asked(due_at=DUE + by)) for by in moved]
    assert all(holds(Word("bob"), asked(due_at=DUE + timedelta(days=day), window=None)) for day in (-300, 300))
    assert holds(Word("bob", due_at=None), asked(due_at=DUE + timedelta(days=300)))  # of before times were kept


def test_an_approval_ends_at_its_time_and_when_it_is_taken_back() -> None:
    ends = Word("bob", expires_at=NOW + timedelta(days=3))

    assert [True, True, False] == [holds(ends, asked(), NOW + timedelta(days=day)) for day in (0, 2, 3)]
    assert not holds(Word("bob", void_at=NOW), asked())
    assert {"ru"} == expires_before([ends], asked(due_at=DUE + timedelta(days=3), window=None), NOW)
    assert not expires_before([ends], asked(), NOW)


def test_two_steps_want_two_people() -> None:
    review, approval = Word("rita", 1, 2), Word("bob", 2, 2)

    assert {} == missing([review, approval], asked(2), NOW)
    assert {"ru": (2,)} == missing([review], asked(2), NOW)
    assert {"ru": (1,)} == missing([approval], asked(2), NOW)
    assert 1 == len(filled([replace(review, person="bob"), approval], asked(2), "ru", NOW))
    assert {} == missing([replace(review, person="bob"), replace(approval, reason="holiday")], asked(2), NOW)


def test_people_are_set_to_the_steps_so_that_the_fewest_stay_open() -> None:
    # bob alone can give step 2, though he has said step 1 as well.
    words = [Word("bob", 1, 3), Word("rita", 1, 3), Word("bob", 2, 3), Word("vera", 3, 3)]

    assert {1: "rita", 2: "bob", 3: "vera"} == {
        step: word.person for step, word in filled(words, asked(3), "ru", NOW).items()
    }


def test_a_review_never_becomes_an_approval_because_fewer_steps_are_asked_for() -> None:
    assert {"ru": (1,)} == missing([Word("rita", 1, 2)], asked(1), NOW)
    assert {} == missing([Word("bob", 2, 2)], asked(1), NOW)
    assert {"ru": (1,)} == missing([Word("bob", 1, 1)], asked(2), NOW)  # more are asked for: the approval stays
    assert {} == missing([], asked(0), NOW)


def test_what_is_missing_is_told_with_what_it_had() -> None:
    late = [Word("bob", lang="ko", due_at=DUE - timedelta(hours=1)), Word("bob", expires_at=NOW)]

    assert "not approved in ko (for another time), ru (expired)" == why_not(late, asked(1, "ru", "ko"), NOW)
    assert "not approved in ru (step 2 of 2)" == why_not([Word("rita", 1, 2)], asked(2), NOW)
    assert "not approved in ru" == why_not([Word("bob", outgoing_sha256="bb")], asked(), NOW)
    assert why_not([Word("bob")], asked(), NOW) is None


def person(name: str, *roles: Role, langs: str = "", accounts: str = "") -> Person:
    return Person("1", name, frozenset(roles), None, frozenset(langs.split()), frozenset(accounts.split()))


def refused(who: Person, step: int, steps: int, **values: object) -> str | None:
    usual = {"lang": "ru", "account": "kr", "author": "alice", "writer": "tom", "taken": ()}
    return refusal(who, step=step, steps=steps, **{**usual, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("who", "step", "steps", "why"),
    [
        (person("bob", Role.APPROVER), 1, 1, None),
        (person("bob", Role.APPROVER, langs="ru", accounts="kr"), 1, 1, None),
        (person("rita", Role.REVIEWER), 1, 1, "this needs: approver"),
        (person("rita", Role.REVIEWER, langs="ru"), 1, 2, None),
        (person("tim", Role.TRANSLATOR, langs="ru"), 1, 2, None),
        (person("rita", Role.REVIEWER), 2, 3, "this needs: approver"),
        (person("rita", Role.REVIEWER, langs="ko en"), 1, 2, "reads en, ko, not ru"),
        (person("bob", Role.APPROVER, accounts="vk"), 2, 2, "approves for vk, not for kr"),
        (person("bob", Role.APPROVER, accounts="vk"), 1, 2, None),  # a review is of a language, not of an account
        (person("carol", Role.VIEWER), 1, 2, "this needs: reviewer or translator or approver"),
        (person("alice", Role.AUTHOR, Role.APPROVER), 1, 1, "another person must approve"),
        (person("alice", Role.ADMIN), 3, 3, "another person must approve"),
        (person("tom", Role.TRANSLATOR), 1, 2, "wrote its words in ru; another person must review"),
        (person("tom", Role.APPROVER), 1, 1, "wrote its words in ru; another person must approve"),
        (person("erik", Role.ADMIN, langs="ko", accounts="vk"), 1, 1, None),
    ],
)
def test_who_may_give_a_step(who: Person, step: int, steps: int, why: str | None) -> None:
    told = refused(who, step, steps)

    assert (told is None) == (why is None)
    assert (why or "") in (told or "")


def test_who_gave_one_step_gives_no_other_one() -> None:
    bob = person("bob", Role.APPROVER)

    assert "has given another step" in str(refused(bob, 2, 2, taken=("bob",)))
    assert refused(bob, 2, 2, taken=("rita",)) is None


def test_only_an_admin_approves_against_the_rule() -> None:
    alice, root = person("alice", Role.AUTHOR, Role.APPROVER), person("root", Role.ADMIN)

    assert "only an admin" in str(refused(alice, 1, 1, override=True))
    assert refused(root, 2, 2, override=True, author="root", writer="root", taken=("root",)) is None


def test_a_guest_is_nobody_else() -> None:
    assert is_guest(guest("Ms Kim"))
    assert not is_guest("guest")  # a person may be called so


def test_a_returned_wording_stays_returned_until_somebody_decides_otherwise() -> None:
    back = Remark("returned")

    assert "carol: wrong day" == returned([Remark("ready"), back, Remark("comment")], "ru", 2)
    assert returned([back, Remark("passed")], "ru", 2) is None
    assert returned([back], "ru", 3) is None
    assert returned([back], "ko", 2) is None


def test_a_wording_goes_from_missing_to_approved() -> None:
    def at(
        *words: Word, said: tuple[Remark, ...] = (), revision: int | None = 2, machine: str | None = None
    ) -> Progress:
        return progress("ru", revision, machine, asked=[asked(2)], given=words, said=said, now=NOW)

    review, approval = Word("rita", 1, 2), Word("bob", 2, 2)
    steps = [
        at(revision=None),
        at(),
        at(machine="deepl"),
        at(said=(Remark("ready"),)),
        at(review, said=(Remark("ready"), Remark("passed"))),
        at(review, approval),
    ]

    assert list(Stage) == [each.stage for each in steps]
    assert [(1, 2), (2, 2)] == [(each.given, each.steps) for each in steps[4:]]
    assert (Stage.DRAFT, "carol: wrong day") == (
        at(said=(Remark("returned"),)).stage,
        at(said=(Remark("returned"),)).returned,
    )


def test_the_account_where_the_fewest_steps_hold_says_how_far_it_is() -> None:
    other = replace(asked(1), sha256="bb")
    found = progress("ru", 1, None, asked=[asked(2), other], given=[Word("rita", 1, 2)], said=(), now=NOW)

    assert (Stage.DRAFT, 0, 2) == (found.stage, found.given, found.steps)


def test_the_account_s_own_rule_goes_before_the_campaign_s() -> None:
    assert [0, 1, 2, 3, 1, 0] == [
        *(steps_of(policy) for policy in ("none", "one", "two", "three")),
        steps_of("three", 1),
        steps_of("one", 0),
    ]


words = st.builds(
    Word,
    person=st.sampled_from(["bob", "rita", "vera"]),
    step=st.integers(1, 3),
    steps=st.integers(1, 3),
    outgoing_sha256=st.sampled_from(["aa", "bb"]),
    due_at=st.sampled_from([None, DUE, DUE + timedelta(minutes=15), DUE + timedelta(hours=2)]),
    expires_at=st.sampled_from([None, NOW - timedelta(days=1), NOW + timedelta(days=9)]),
    void_at=st.sampled_from([None, None, NOW]),
    reason=st.sampled_from([None, None, "holiday"]),
)


@drawn(st.lists(words, max_size=7), st.integers(1, 3))
def test_what_is_approved_has_a_valid_word_of_another_person_for_each_step(said: list[Word], steps: int) -> None:
    there = filled(said, asked(steps), "ru", NOW)
    plain = [word.person for word in there.values() if word.reason is None]

    assert ("ru" in approved(said, asked(steps), NOW)) == (set(there) == set(range(1, steps + 1)))
    assert len(plain) == len(set(plain))
    for step, word in there.items():
        assert word.outgoing_sha256 == "aa"
        assert word.void_at is None
        assert word.expires_at is None or word.expires_at > NOW
        assert word.due_at is None or abs(word.due_at - DUE) <= timedelta(minutes=15)
        assert (word.step == word.steps) == (step == steps)


@drawn(st.lists(words, max_size=7), words, st.integers(1, 3))
def test_one_more_word_takes_nothing_away(said: list[Word], more: Word, steps: int) -> None:
    assert len(filled(said, asked(steps), "ru", NOW)) <= len(filled([*said, more], asked(steps), "ru", NOW))
