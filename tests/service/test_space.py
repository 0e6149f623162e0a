"""Resume never bursts: what piled up goes out one by one, account by account, in its order, and nothing is lost."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.states import State
from campaign.service.pause import pause, resume
from campaign.service.publish import publish
from campaign.service.space import Waiting, keep_spaced, space_out, spaced
from campaign.store import accounts as account_rows
from tests.conftest import World

TIMES = st.floats(0, 2000, allow_nan=False).map(lambda value: round(value, 1))


@given(st.lists(st.one_of(st.just(0.0), TIMES), max_size=40), TIMES, st.sampled_from([1.0, 30.0, 600.0]))
def test_no_two_go_within_the_spacing_none_before_it_is_ready_and_none_is_lost(
    ready: list[float], first: float, spacing: float
) -> None:
    waiting = [Waiting(str(number), at) for number, at in enumerate(ready)]

    slots = spaced(waiting, first=first, spacing=spacing)

    assert {each.id for each in waiting} == set(slots)
    times = sorted(slots.values())
    assert all(later - sooner >= spacing - 1e-6 for sooner, later in pairwise(times))
    assert all(slots[each.id] >= max(first, each.ready) for each in waiting)
    # Whoever goes behind one of its followers was not ready when that one went.
    for number, each in enumerate(waiting):
        assert all(each.ready > slots[after.id] for after in waiting[number + 1 :] if slots[after.id] < slots[each.id])


@given(st.integers(1, 60), TIMES)
def test_a_pile_that_is_ready_keeps_its_order_and_takes_no_longer_than_it_must(number: int, first: float) -> None:
    slots = spaced([Waiting(str(each), 0.0) for each in range(number)], first=first, spacing=30.0)

    assert [first + 30.0 * each for each in range(number)] == list(slots.values())


@pytest.fixture
def piled(world: World) -> World:
    """Three posts of kr and one of ru piled up behind a pause; a fourth of kr is due in a minute."""
    world.connect("ru", "ru", twin_account="peace_ru")
    for number, minutes in enumerate((1, 2, 3), 1):
        world.post(f"P{number}", minutes=minutes)
    world.post("R1", minutes=2, to=("ru",), texts={"ru": "Привет"})
    world.post("P4", minutes=9)
    pause(world.app, "all", reason="date", by=world.alice)
    world.clock.turn(minutes=8)
    return world


def sent(world: World) -> list[str]:
    """Publish what may go now; return the names of what is out."""
    world.run(publish(world.app, limit=50))
    return [row["text"].split()[-1] for row in world.twin.books()]


def test_after_a_pause_each_account_sends_one_at_once_and_the_next_after_the_spacing(piled: World) -> None:
    assert [] == resume(piled.app, "all", by=piled.alice)

    seen = []
    for seconds in (0, 29, 1, 30):
        piled.clock.turn(seconds=seconds)
        seen.append(sorted(sent(piled)))

    assert [
        ["P1", "Привет"],
        ["P1", "Привет"],
        ["P1", "P2", "Привет"],
        ["P1", "P2", "P3", "P4", "Привет"],  # what is due in time is not put off
    ] == seen


def test_putting_a_pause_up_and_taking_it_down_again_hastens_nothing(piled: World) -> None:
    resume(piled.app, "all", by=piled.alice)
    sent(piled)
    for _ in range(3):
        piled.clock.turn(seconds=5)
        pause(piled.app, "all", reason="date", by=piled.alice)
        resume(piled.app, "all", by=piled.alice)
        assert ["P1", "Привет"] == sorted(sent(piled))
    piled.clock.turn(seconds=15)

    assert ["P1", "P2", "Привет"] == sorted(sent(piled))


def test_what_would_go_beyond_its_grace_is_missed_in_time_and_asks_a_person(world: World) -> None:
    for number in range(4):
        world.post(f"P{number}", minutes=1)
    pause(world.app, "all", reason="date", by=world.alice)
    world.clock.turn(minutes=15, seconds=10)  # 50 seconds of grace are left

    resume(world.app, "all", by=world.alice)
    for _ in range(6):
        sent(world)
        world.clock.turn(seconds=20)
    pause(world.app, "all", reason="again", by=world.alice)
    missed = resume(world.app, "all", by=world.alice)

    assert ["missed", "missed", "published", "published"] == sorted(world.states())
    assert 2 == len(world.twin.books()) == len(missed)


def test_the_parts_of_a_thread_are_not_torn_apart(world: World) -> None:
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    for name in ("P1", "P2"):
        world.post(name, minutes=1, to=("two",), texts={"ko": f"{name} 가", "ru": f"{name} б"}, strategy="thread")
    pause(world.app, "all", reason="date", by=world.alice)
    world.clock.turn(minutes=5)
    resume(world.app, "all", by=world.alice)

    for _ in range(3):
        world.run(publish(world.app, limit=50))

    assert ["P1 가", "P1 б"] == [row["text"] for row in world.twin.books()]


def test_a_token_that_is_given_again_does_not_let_the_pile_burst(piled: World) -> None:
    pause(piled.app, "account", "kr", reason="token", by=piled.alice)
    resume(piled.app, "all", by=piled.alice)
    assert ["Привет"] == sent(piled)

    piled.connect("kr", "ko", again=True)

    assert ["P1", "Привет"] == sorted(sent(piled))


def test_a_daemon_that_was_away_spaces_what_it_finds_and_zero_turns_it_off(world: World) -> None:
    for number in range(3):
        world.post(f"P{number}", minutes=1)
    world.clock.turn(minutes=1, seconds=59)
    with world.app.store.begin() as tx:
        assert 0 == space_out(world.app, tx), "a minute late is no backlog"
    world.clock.turn(seconds=2)
    with world.app.store.begin() as tx:
        assert 0 == space_out(replace(world.app, spacing=0.0), tx)
        assert 2 == space_out(world.app, tx)
        assert 0 == space_out(world.app, tx), "to look twice changes nothing"
    assert 1 == len(sent(world))


def test_a_machine_that_slept_through_their_turns_sends_them_one_by_one_all_the_same(piled: World) -> None:
    resume(piled.app, "all", by=piled.alice)
    assert 2 == len(sent(piled))
    seen = []
    for seconds in (100, 1, 28, 1, 30):
        piled.clock.turn(seconds=seconds)
        keep_spaced(piled.app)
        seen.append(sorted(sent(piled)))

    assert (
        [
            ["P1", "P2", "P4", "Привет"],  # what is due in time meanwhile is not kept
            ["P1", "P2", "P4", "Привет"],
            ["P1", "P2", "P4", "Привет"],
            ["P1", "P2", "P3", "P4", "Привет"],
        ]
        == seen[:4]
    )
    assert {"published"} == set(piled.states())


def test_a_turn_that_comes_late_puts_off_the_next_one(piled: World) -> None:
    resume(piled.app, "all", by=piled.alice)
    sent(piled)
    piled.clock.turn(seconds=40)  # ten seconds late
    assert ["P1", "P2", "Привет"] == sorted(sent(piled))
    piled.clock.turn(seconds=25)
    keep_spaced(piled.app)
    assert ["P1", "P2", "P4", "Привет"] == sorted(sent(piled))  # P4 was due in time, and P3 waits after it, too
    piled.clock.turn(seconds=30)
    keep_spaced(piled.app)
    assert "P3" in sent(piled)


def test_a_back_off_of_its_own_is_not_shortened(world: World) -> None:
    world.post("P1", minutes=1)
    world.post("P2", minutes=2)
    world.twin.fault("429", method="POST", path="/api/v1/statuses", retry_after=200)
    world.clock.turn(minutes=1)
    world.run(publish(world.app, limit=50))
    world.clock.turn(minutes=3)
    before = {row.id: row.retry_at for row in world.deliveries()}
    with world.app.store.begin() as tx:
        space_out(world.app, tx)

    after = {row.id: row.retry_at or 0.0 for row in world.deliveries()}
    [kept] = [id for id, at in before.items() if at is not None]

    assert after[kept] >= (before[kept] or 0.0)
    assert {State.SCHEDULED} == {row.state for row in world.deliveries()}


def test_lifting_one_of_two_pauses_leaves_what_the_other_holds(piled: World) -> None:
    pause(piled.app, "language", "ko", reason="translation", by=piled.alice)

    resume(piled.app, "all", by=piled.alice)

    assert ["Привет"] == sent(piled)
    with piled.app.store.read() as tx:
        assert ["language"] == [entry.scope for entry in account_rows.pauses_now(tx)]
    piled.clock.turn(seconds=1)
    resume(piled.app, "language", "ko", by=piled.alice)
    assert ["P1", "Привет"] == sorted(sent(piled))
