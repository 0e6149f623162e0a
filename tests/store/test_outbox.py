"""Deliveries on both databases: claimed once, moved under guard, recorded once."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaign.core.errors import Conflict, Held, LeaseLost, NotFound
from campaign.core.model import Delivery, Guarantee
from campaign.core.states import State
from campaign.store import notices, outbox, queue
from campaign.store.accounts import Pause, lift, pause
from campaign.store.campaigns import add_campaign
from campaign.store.notices import Notice
from campaign.store.outbox import Lease
from campaign.store.tables import deliveries
from tests.store.conftest import BOOT, LEASE, NOW, Desk

SECOND = timedelta(seconds=1)


def test_each_row_is_claimed_once_however_many_workers_race(desk: Desk) -> None:
    first = desk.add()
    with desk.store.begin() as tx:
        row = dict(tx.execute(sa.select(deliveries).where(deliveries.c.id == first.id)).mappings().one())
        outgoing = dict(tx.execute(sa.text("SELECT * FROM outgoings")).mappings().one())
        for number in range(199):
            copy = {**outgoing, "id": f"copy-{number}"}
            columns = ", ".join(copy)
            names = ", ".join(f":{name}" for name in copy)
            tx.execute(sa.text(f"INSERT INTO outgoings ({columns}) VALUES ({names})"), _jsons(copy))  # noqa: S608
            fresh = {"id": f"race-{number:04}", "key": f"race-{number}", "outgoing_id": copy["id"]}
            tx.execute(deliveries.insert().values(**{**row, **fresh}))
    start = threading.Barrier(8)
    taken: list[str] = []
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            start.wait()
            while got := desk.claim(lease=Lease(name, BOOT, 1600.0), limit=7):
                taken.extend(held.id for held in got)
        except BaseException as error:  # noqa: BLE001 - a thread's failure is told by the test
            errors.append(error)

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [] == errors
    assert 200 == len(taken)
    assert {1} == set(Counter(taken).values())


def _jsons(row: dict[str, Any]) -> dict[str, Any]:
    return {key: '["ko"]' if isinstance(value, list) else value for key, value in row.items()}


def test_a_claim_takes_a_lease_a_fence_and_counts_the_attempt(desk: Desk) -> None:
    held = desk.claimed()

    assert (State.CLAIMED, "w1", BOOT, 1, 1) == (held.state, held.lease, held.boot, held.fence, held.attempts)


def test_a_claim_takes_the_oldest_first_and_no_more_than_its_limit(desk: Desk) -> None:
    late = desk.add(due_at=NOW - SECOND)
    early = desk.add(due_at=NOW - 2 * SECOND)
    desk.add(due_at=NOW)

    assert [early.id, late.id] == [held.id for held in desk.claim(limit=2)]


@pytest.mark.parametrize(("offset", "number"), [(0, 1), (1, 0), (-1, 1)])
def test_nothing_is_claimed_before_it_is_due(desk: Desk, offset: int, number: int) -> None:
    desk.add(due_at=NOW + offset * SECOND)

    assert number == len(desk.claim())


@pytest.mark.parametrize(
    ("retry_at", "boot", "number"),
    [(1000.0, BOOT, 1), (1000.1, BOOT, 0), (99999.0, "another boot", 1)],
    ids=["over", "not over", "of another boot"],
)
def test_a_back_off_is_waited_for_within_its_own_boot(desk: Desk, retry_at: float, boot: str, number: int) -> None:
    desk.move(desk.claimed(), State.SCHEDULED, retry_at=retry_at, boot=boot)

    assert number == len(desk.claim(mono=1000.0))


SCOPES = [("all", ""), ("campaign", "c"), ("language", "ru"), ("platform", "mastodon"), ("account", "kr")]


def _put_up(desk: Desk, scope: str, name: str) -> None:
    with desk.store.begin() as tx:
        pause(tx, Pause(f"p-{scope}", scope, name, "an accident", "bob", NOW))


@pytest.mark.parametrize(("scope", "name"), SCOPES)
def test_what_a_pause_fences_is_not_claimed_until_it_is_lifted(desk: Desk, scope: str, name: str) -> None:
    desk.add(langs=("ko", "ru"))
    _put_up(desk, scope, name)

    assert [] == desk.claim()
    with desk.store.begin() as tx:
        assert queue.next_due(tx) is None
        assert 1 == lift(tx, scope, name, person="bob", at=NOW)
        assert NOW == queue.next_due(tx)
    assert 1 == len(desk.claim())


@pytest.mark.parametrize(
    ("scope", "name"), [("campaign", "d"), ("language", "ru"), ("platform", "vk"), ("account", "other")]
)
def test_a_pause_holds_the_one_and_not_the_other(desk: Desk, scope: str, name: str) -> None:
    other = desk.add_account("other", platform="vk")
    with desk.store.begin() as tx:
        add_campaign(tx, replace(desk.campaign, id="campaign-2", name="d"), at=NOW)
    here = [desk.add(), desk.add()]
    there = [desk.add(account=other, campaign_id="campaign-2", langs=("ru",)) for _ in range(2)]
    held = desk.claim()
    _put_up(desk, scope, name)
    for delivery in held:
        if delivery.id in {each.id for each in here}:
            desk.cross(delivery)
        else:
            with pytest.raises(Held):
                desk.cross(delivery)
    with desk.store.begin() as tx:
        outbox.reap(tx, worker="w2", mono=5000.0, boot=BOOT, alone=False)

    assert [] == desk.claim()
    assert [State.SCHEDULED] * 2 == [desk.get(each).state for each in there]


@pytest.mark.parametrize(
    ("scope", "name"),
    [("campaign", "d"), ("language", "en"), ("language", "r"), ("platform", "vk"), ("account", "ru"), ("account", "c")],
)
def test_a_pause_of_something_else_holds_nothing(desk: Desk, scope: str, name: str) -> None:
    desk.add(langs=("ko", "ru"))
    _put_up(desk, scope, name)

    assert 1 == len(desk.claim())


@pytest.mark.parametrize(("scope", "name"), SCOPES)
def test_a_pause_put_up_after_the_claim_stops_at_the_line(desk: Desk, scope: str, name: str) -> None:
    held = desk.claimed(langs=("ko", "ru"))
    _put_up(desk, scope, name)

    with pytest.raises(Held):
        desk.cross(held)

    assert held == desk.get(held)


@pytest.mark.parametrize("state", [state for state in State if state is not State.PUBLISHED])
def test_a_part_waits_until_the_part_before_it_is_published(desk: Desk, state: State) -> None:
    parent = desk.add(state=state, due_at=NOW + SECOND)
    desk.add(parent_id=parent.id, part=2)

    assert [] == desk.claim()


def test_a_part_is_claimed_when_the_part_before_it_is_published(desk: Desk) -> None:
    parent = desk.add(state=State.PUBLISHED, remote_id="r1")
    child = desk.add(parent_id=parent.id, part=2)

    with desk.store.read() as tx:
        assert NOW == queue.next_due(tx)
    assert [child.id] == [held.id for held in desk.claim()]


@pytest.mark.parametrize(
    "values",
    [{"state": "scheduled"}, {"lease": "w2"}, {"lease": None}, {"fence": 2}],
    ids=["state", "another lease", "no lease", "fence"],
)
@pytest.mark.parametrize("step", ["move", "cross"])
def test_a_move_from_what_is_no_longer_so_changes_nothing(desk: Desk, values: dict[str, Any], step: str) -> None:
    held = desk.claimed()
    with desk.store.begin() as tx:
        tx.execute(deliveries.update().values(**values))
    before = desk.get(held)

    with pytest.raises(LeaseLost):
        if step == "move":
            desk.move(held, State.FAILED, error="x")
        else:
            desk.cross(held)

    assert before == desk.get(held)


def test_a_move_that_the_graph_has_not_is_refused(desk: Desk) -> None:
    with pytest.raises(Conflict, match="cannot become published"):
        desk.move(desk.add(state=State.CANCELLED), State.PUBLISHED)


def test_a_move_out_of_a_worker_s_hands_gives_up_the_lease(desk: Desk) -> None:
    moved = desk.move(desk.claimed(), State.FAILED, error="refused")

    assert (State.FAILED, None, "refused", 1) == (moved.state, moved.lease, moved.error, moved.fence)


def test_a_note_is_written_under_the_same_guard(desk: Desk) -> None:
    held = desk.claimed()
    with desk.store.begin() as tx:
        noted = outbox.note(tx, held, questions=3)
    desk.move(noted, State.SCHEDULED)

    assert 3 == noted.questions
    with pytest.raises(LeaseLost), desk.store.begin() as tx:
        outbox.note(tx, held, questions=4)
    assert 3 == desk.get(held).questions


def test_the_line_keeps_what_goes_over_the_wire(desk: Desk) -> None:
    crossed = desk.cross(desk.claimed(), wire={"body": "안녕", "media_ids": ["1"]}, mono=1001.5)

    assert State.PUBLISHING is crossed.state
    assert {"body": "안녕", "media_ids": ["1"]} == crossed.wire
    assert (NOW, 1001.5) == (crossed.sent_at, crossed.sent_mono)


def test_the_first_crossing_is_kept_when_the_line_is_crossed_again(desk: Desk) -> None:
    desk.move(desk.cross(desk.claimed()), State.SCHEDULED)
    (again,) = desk.claim()
    crossed = desk.cross(again, at=NOW + SECOND, mono=2000.0, wire={"body": "second"})

    assert (NOW, 1000.0, {"body": "second"}) == (crossed.sent_at, crossed.sent_mono, crossed.wire)


def _uncertain(desk: Desk, held: Delivery) -> Delivery:
    with desk.store.begin() as tx:
        outbox.reap(tx, worker="w2", mono=5000.0, boot=BOOT, alone=False)
    return desk.get(held)


@pytest.mark.parametrize("past_the_line", [False, True])
def test_a_late_result_is_recorded_after_the_reaper_took_the_row(desk: Desk, past_the_line: bool) -> None:
    held = desk.claimed()
    held = desk.cross(held) if past_the_line else held
    reaped = _uncertain(desk, held)
    published = desk.record(held, "r1")

    assert (State.UNCERTAIN if past_the_line else State.SCHEDULED) is reaped.state
    assert (State.PUBLISHED, "r1", None) == (published.state, published.remote_id, published.lease)
    assert NOW + timedelta(minutes=15) == published.measure_at


def test_the_same_result_may_be_recorded_twice(desk: Desk) -> None:
    held = desk.cross(desk.claimed())

    assert desk.record(held) == desk.record(held)


def test_a_second_remote_id_is_refused(desk: Desk) -> None:
    published = desk.record(desk.cross(desk.claimed()), "r1")

    with pytest.raises(Conflict, match="published as r1 already, and now also as r2"):
        desk.record(published, "r2")
    assert published == desk.get(published)


def test_a_remote_post_belongs_to_one_delivery_of_an_account(desk: Desk) -> None:
    desk.record(desk.cross(desk.claimed()), "r1")
    other = desk.cross(desk.claimed())
    elsewhere = desk.cross(desk.claimed(account=desk.add_account("ru")))

    with pytest.raises(Conflict, match="belongs to another delivery"):
        desk.record(other, "r1")
    assert State.PUBLISHED is desk.record(elsewhere, "r1").state
    with desk.store.read() as tx:
        assert {"r1"} == queue.owned(tx, desk.account.id)


def test_the_database_itself_refuses_a_remote_post_of_another_delivery(desk: Desk) -> None:
    desk.record(desk.cross(desk.claimed()), "r1")
    other = desk.add()

    with pytest.raises(sa.exc.IntegrityError), desk.store.begin() as tx:
        tx.execute(deliveries.update().where(deliveries.c.id == other.id).values(remote_id="r1"))


def test_a_double_click_enqueues_once(desk: Desk) -> None:
    first = desk.add()

    with pytest.raises(sa.exc.IntegrityError):
        desk.add(outgoing_id=first.outgoing_id)


def test_a_cancelled_delivery_takes_no_result(desk: Desk) -> None:
    with pytest.raises(Conflict, match="cancelled cannot become published"):
        desk.record(desk.add(state=State.CANCELLED))


def test_the_reaper_puts_back_what_was_only_claimed_and_does_not_count_it(desk: Desk) -> None:
    held = desk.claimed()
    reaped = _uncertain(desk, held)

    assert (State.SCHEDULED, 0, None, 2) == (reaped.state, reaped.attempts, reaped.lease, reaped.fence)
    with pytest.raises(LeaseLost):
        desk.cross(held)


def test_the_reaper_leaves_a_doubt_past_the_line(desk: Desk) -> None:
    held = desk.cross(desk.claimed())
    reaped = _uncertain(desk, held)

    assert (State.UNCERTAIN, 1, None, 2) == (reaped.state, reaped.attempts, reaped.lease, reaped.fence)
    assert (5000.0, 0, None) == (reaped.doubt_mono, reaped.questions, reaped.retry_at)
    with pytest.raises(LeaseLost):
        desk.move(held, State.SCHEDULED)


@pytest.mark.parametrize(
    ("worker", "mono", "boot", "alone", "dead"),
    [
        ("w1", 1600.0, BOOT, False, False),
        ("w1", 1600.1, BOOT, False, True),
        ("w1", 1000.0, BOOT, True, False),
        ("w1", 1600.1, BOOT, True, True),
        ("w2", 1000.0, BOOT, False, False),
        ("w2", 1000.0, BOOT, True, True),
        ("w2", 1000.0, "another boot", False, True),
    ],
)
def test_a_lease_is_dead_when_it_ran_out_or_its_worker_cannot_live(
    desk: Desk, worker: str, mono: float, boot: str, alone: bool, dead: bool
) -> None:
    desk.claimed()
    with desk.store.begin() as tx:
        reaped = outbox.reap(tx, worker=worker, mono=mono, boot=boot, alone=alone)

    assert int(dead) == len(reaped)


@pytest.mark.parametrize("state", [s for s in State if s not in (State.CLAIMED, State.PUBLISHING)])
def test_the_reaper_touches_nothing_else(desk: Desk, state: State) -> None:
    added = desk.add(state=state)

    assert added == _uncertain(desk, added)


@pytest.mark.parametrize(("seconds", "state"), [(900, State.SCHEDULED), (901, State.MISSED)])
def test_what_is_later_than_the_grace_is_missed(desk: Desk, seconds: int, state: State) -> None:
    added = desk.add()
    with desk.store.begin() as tx:
        outbox.miss(tx, now=NOW + seconds * SECOND)

    assert state is desk.get(added).state


def test_a_part_whose_parent_is_out_is_not_missed(desk: Desk) -> None:
    out = desk.add(state=State.PUBLISHED, remote_id="r1")
    failed = desk.add(state=State.FAILED)
    follows = desk.add(parent_id=out.id, part=2)
    orphan = desk.add(parent_id=failed.id, part=2)
    with desk.store.begin() as tx:
        missed = outbox.miss(tx, now=NOW + timedelta(days=1))

    assert [orphan.id] == [delivery.id for delivery in missed]
    assert State.SCHEDULED is desk.get(follows).state


@pytest.mark.parametrize("state", [state for state in State if state is not State.SCHEDULED])
def test_only_what_waits_can_be_missed(desk: Desk, state: State) -> None:
    desk.add(state=state)
    with desk.store.begin() as tx:
        assert [] == outbox.miss(tx, now=NOW + timedelta(days=1))


def test_a_clock_learns_what_comes_next(desk: Desk) -> None:
    with desk.store.read() as tx:
        assert (None, None) == (queue.next_due(tx), queue.late(tx, now=NOW))
        assert queue.next_retry(tx, boot=BOOT) is None
    desk.move(desk.claimed(), State.SCHEDULED, retry_at=1234.5)
    desk.add(due_at=NOW + SECOND, late_after=NOW + 2 * SECOND)
    with desk.store.read() as tx:
        assert NOW == queue.next_due(tx)
        assert NOW + 2 * SECOND == queue.late(tx, now=NOW)
        assert NOW + timedelta(minutes=15) == queue.late(tx, now=NOW + 3 * SECOND)
        assert 1234.5 == queue.next_retry(tx, boot=BOOT)
        assert queue.next_retry(tx, boot="another boot") is None


def test_a_doubt_that_only_a_person_can_settle_is_not_in_flight_and_not_asked_about(desk: Desk) -> None:
    for state in State:
        desk.add(state=state)
    desk.add(state=State.UNCERTAIN, guarantee=Guarantee.NONE)
    with desk.store.read() as tx:
        assert 4 == queue.in_flight(tx)
        asked = queue.doubtful(tx, mono=1000.0, boot=BOOT, limit=50)
    assert [State.PROCESSING, State.UNCERTAIN] == [delivery.state for delivery in asked]
    handed = desk.add(state=State.PROCESSING)  # a person puts it up, and was told
    with desk.store.begin() as tx:
        notices.add(tx, Notice("n1", "delivery.processing", handed.id, {}, NOW))
        assert 4 == queue.in_flight(tx)


def test_a_delivery_is_found_by_the_beginning_or_the_end_of_its_id(desk: Desk) -> None:
    one = desk.add(id="019d0000-0000-7000-8000-00000000abcd")
    two = desk.add(id="019d0000-0000-7000-8000-00000000ef01")
    with desk.store.read() as tx:
        assert one.id == queue.found(tx, "ABCD").id
        assert two.id == queue.found(tx, two.id).id
        with pytest.raises(Conflict, match="give more of it"):
            queue.found(tx, "019d")


@pytest.mark.parametrize("prefix", ["abc", "", "ffff", "%%%%", "____", "'; --"])
def test_a_delivery_that_is_not_there_is_not_found(desk: Desk, prefix: str) -> None:
    desk.add()
    with desk.store.read() as tx, pytest.raises(NotFound, match="campaign delivery list"):
        queue.found(tx, prefix)


def test_what_moved_while_it_was_archived_stays_due(desk: Desk) -> None:
    seen = desk.record(desk.cross(desk.claimed()))
    moved = desk.record(desk.cross(desk.claimed()), "r2")
    with desk.store.begin() as tx:
        outbox.note(tx, moved, questions=1)
        outbox.archived(tx, [seen, moved])

        assert [moved.post_id] == queue.posts_due_for_archive(tx, 10)


def test_a_snapshot_does_not_see_what_is_written_meanwhile(desk: Desk) -> None:
    desk.add()
    with desk.store.read() as tx:
        before = queue.listed(tx)
        desk.add()
        after = queue.listed(tx)

    assert [row["id"] for row in before] == [row["id"] for row in after]
    assert 2 == len(desk.claim(lease=LEASE))


def test_an_exception_rolls_a_transaction_back(desk: Desk) -> None:
    added = desk.add()

    def fail() -> None:
        with desk.store.begin() as tx:
            outbox.claim(tx, now=NOW, mono=0.0, lease=LEASE, limit=1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert added == desk.get(added)


def test_watching_tells_that_another_connection_wrote(desk: Desk) -> None:
    changed: Callable[[], bool] = desk.store.watch()
    first = changed()
    desk.add()
    # PostgreSQL begins to listen when it is first asked, and something may have come before; then it tells by itself.
    deadline = time.monotonic() + 5
    while not (news := changed()) and time.monotonic() < deadline:
        time.sleep(0.01)  # a notification comes over a socket: there is no clock to turn

    assert (desk.store.dialect != "sqlite", True, False) == (first, news, changed())


def test_what_is_written_before_the_first_question_is_news_on_sqlite(desk: Desk) -> None:
    changed: Callable[[], bool] = desk.store.watch()
    desk.add()

    if desk.store.dialect == "sqlite":
        assert (True, False) == (changed(), changed())
