"""Budgets as rows, on both databases: shared by workers, kept over a boot as far as can be told."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from campaign.core import budget as steps
from campaign.core.budget import draw
from campaign.core.states import State
from campaign.store import Store, budgets, gauges, open_store
from campaign.store.budgets import Budgets, next_unheld, standings
from tests.store.conftest import BOOT, LEASE, NOW, Desk

MINE = "account:account-kr"
BOT = "credential:00112233445566ff"


@dataclass
class Clock:
    """A clock that a test turns; `boot` may be set."""

    time: float = 1000.0
    boot: str = BOOT
    wall: datetime = NOW

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.time

    def uptime(self) -> float:
        return self.time

    def measure(self) -> None:
        raise NotImplementedError

    async def wait_until(self, instant: datetime) -> None:
        raise NotImplementedError

    def turn(self, seconds: float) -> None:
        self.time += seconds
        self.wall += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(store: Store, clock: Clock) -> Budgets:
    return Budgets(store, clock)


def test_a_budget_is_used_up_and_fills_with_time(book: Budgets, clock: Clock) -> None:
    rule, first, second = book.apply([(MINE, steps.rule(10, 10.0)), (MINE, draw(8, 20)), (MINE, draw(1))])
    assert (0, 10, 0) == (rule.granted, first.granted, second.granted)
    assert second.wait == pytest.approx(1.0)

    clock.turn(2.5)

    assert 2 == book.apply([(MINE, draw(1, 5))])[0].granted
    assert 0.5 == pytest.approx(book.apply([(MINE, draw(1))])[0].wait)


def test_steps_are_done_in_their_order_and_all_or_none(book: Budgets) -> None:
    def breaks(budget: steps.Budget, now: float) -> tuple[steps.Budget, int, float]:
        raise ZeroDivisionError

    book.apply([(MINE, steps.rule(5, 50.0))])
    with pytest.raises(ZeroDivisionError):
        book.apply([(MINE, draw(5)), (BOT, breaks)])

    assert [5, 0, 0, 3] == [
        grant.granted
        for grant in book.apply([(MINE, draw(5)), (MINE, draw(1)), (MINE, steps.give_back(3)), (MINE, draw(1, 9))])
    ]


def test_another_boot_begins_full_and_keeps_what_is_left_of_a_hold(book: Budgets, clock: Clock, desk: Desk) -> None:
    book.apply([(MINE, steps.rule(4, 400.0)), (MINE, draw(4)), (MINE, steps.hold(600.0)), (MINE, steps.settle(0, 900))])
    clock.boot, clock.time, clock.wall = "another boot", 7.0, clock.wall + timedelta(seconds=500)

    assert 100.0 == pytest.approx(book.apply([(MINE, draw(1))])[0].wait)

    desk.add()
    lease = replace(LEASE, boot=clock.boot)

    assert [] == desk.claim(mono=106.0, lease=lease)
    assert 1 == len(desk.claim(mono=108.0, lease=lease))

    clock.turn(101.0)

    assert 4 == book.apply([(MINE, draw(1, 9))])[0].granted


def test_the_clock_of_another_boot_cannot_make_a_hold_endless(book: Budgets, clock: Clock) -> None:
    book.apply([(MINE, steps.hold(600.0))])
    clock.boot, clock.wall = "another boot", clock.wall - timedelta(days=3650)

    assert steps.LONGEST == book.apply([(MINE, draw(1))])[0].wait


def test_a_hold_of_a_bot_holds_each_of_its_channels(book: Budgets, clock: Clock, store: Store, desk: Desk) -> None:
    other = desk.add_account("ru")
    for account in (desk.account, other):
        desk.add(account=account)
        book.apply([(BOT, steps.rule(30, 1.0)), (f"account:{account.id}", steps.rule(None, 1.0, under=BOT))])
    book.apply([(BOT, steps.hold(35.0))])

    assert [] == desk.claim(mono=1034.0)
    with store.read() as tx:
        assert 1035.0 == next_unheld(tx, mono=1000.0, boot=BOOT)
        assert {desk.account.id, other.id} == set(standings(tx, now=NOW, mono=1000.0, boot=BOOT))
        assert {NOW + timedelta(seconds=35)} == {
            each.held_till for each in standings(tx, now=NOW, mono=1000.0, boot=BOOT).values()
        }
        told = [(row["account"], row["size"], row["tokens"]) for row in gauges.account_budgets(tx, boot=BOOT)]
    assert [("kr", 30, 30.0), ("ru", 30, 30.0)] == told
    assert 2 == len(desk.claim(mono=1036.0))


def test_a_hold_wakes_nobody_when_it_is_over_or_nothing_waits_for_it(book: Budgets, store: Store, desk: Desk) -> None:
    book.apply([(MINE, steps.hold(35.0))])
    with store.read() as tx:
        assert next_unheld(tx, mono=1000.0, boot=BOOT) is None
    desk.add()
    with store.read() as tx:
        assert 1035.0 == next_unheld(tx, mono=1000.0, boot=BOOT)
        assert next_unheld(tx, mono=1035.5, boot=BOOT) is None
        assert next_unheld(tx, mono=1000.0, boot="another boot") is None
    [held] = desk.claim(mono=1036.0)
    desk.move(held, State.CANCELLED)
    with store.read() as tx:
        assert next_unheld(tx, mono=1000.0, boot=BOOT) is None


def test_what_is_nearly_used_up_is_told(book: Budgets, store: Store, clock: Clock) -> None:
    book.apply([(MINE, steps.rule(100, 1000.0)), (MINE, draw(89))])

    def standing() -> budgets.Standing:
        with store.read() as tx:
            return standings(tx, now=clock.now(), mono=clock.time, boot=clock.boot)["account-kr"]

    assert (False, None) == (standing().low, standing().held_till)
    book.apply([(MINE, draw(2))])
    assert (True, 9) == (standing().low, int(standing().left))
    clock.turn(100.0)
    assert not standing().low
    clock.boot = "another boot"
    assert 100 == standing().left


def test_workers_that_draw_at_once_never_draw_more_than_there_is(store: Store, clock: Clock) -> None:
    urls = store.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    workers = [store, open_store(urls), open_store(urls)]
    drawn: list[int] = []
    start = threading.Barrier(6)

    def work(book: Budgets, number: int) -> None:
        start.wait(10)
        for turn in range(12):
            key = f"account:new-{turn % 3}"
            # A rule and a draw of two keys at once, named in either order: nobody waits for ever.
            keys = [key, BOT] if number % 2 else [BOT, key]
            grants = book.apply([(each, steps.rule(20, 1e9)) for each in keys] + [(each, draw(1, 2)) for each in keys])
            back = [(each, steps.give_back(1)) for each, grant in zip(keys, grants[2:], strict=True) if grant.granted]
            book.apply(back)
            drawn.extend(grant.granted - 1 for grant in grants[2:] if grant.granted)

    threads = [threading.Thread(target=work, args=(Budgets(workers[n % 3], clock), n)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for opened in workers[1:]:
        opened.close()

    with store.read() as tx:
        left = {row.key: row.tokens for row in tx.execute(sa.text("SELECT key, tokens FROM budgets"))}
    assert not any(thread.is_alive() for thread in threads)
    assert {"account:new-0", "account:new-1", "account:new-2", BOT} == set(left)
    # What was drawn and what is left is what there was: nothing drawn twice, nothing lost.
    assert 4 * 20 == pytest.approx(sum(drawn) + sum(left.values()), abs=1e-3)
    assert min(left.values()) >= 0


def test_a_book_that_cannot_be_written_says_so(clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(sa.exc.OperationalError):
        Budgets(open_store(f"sqlite:///{tmp_path}/none.db"), clock).apply([(MINE, draw(1))])
