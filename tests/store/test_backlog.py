"""A backlog is read account by account, and put off on both databases."""

from datetime import timedelta

from campaign.core.states import State
from campaign.store import accounts, backlog
from campaign.store.accounts import Pause
from tests.store.conftest import BOOT, NOW, Desk

LATER = NOW + timedelta(minutes=10)


def piles(desk: Desk) -> dict[str, backlog.Pile]:
    with desk.store.read() as tx:
        found = backlog.piles(tx, due_before=LATER - timedelta(minutes=1), now=LATER, mono=1000.0, boot=BOOT)
    return {pile.account_id: pile for pile in found}


def test_a_pile_holds_what_is_late_within_its_grace_in_order_and_nothing_else(desk: Desk) -> None:
    other = desk.add_account("ru")
    second = desk.add(due_at=NOW + timedelta(minutes=2))
    first = desk.add()
    desk.add(due_at=LATER)  # in time
    desk.add(late_after=LATER - timedelta(seconds=1))  # beyond its grace
    desk.add(state=State.MISSED)
    desk.add(parent_id=first.id, part=2)  # follows the first part
    out = desk.add(account=other, state=State.PUBLISHED, remote_id="r", sent_at=NOW)
    desk.add(account=other, parent_id=out.id, part=2)  # continues what is out

    found = piles(desk)

    assert [(first.id, 0.0), (second.id, 0.0)] == found[desk.account.id].waiting
    assert (0, None) == (found[desk.account.id].continued, found[desk.account.id].last_sent)
    assert ([], 1) == (found[other.id].waiting, found[other.id].continued)


def test_a_pile_leaves_out_what_another_pause_holds(desk: Desk) -> None:
    desk.add()
    with desk.store.begin() as tx:
        accounts.pause(tx, Pause("p1", "language", "ko", "checked", "alice", NOW))

    assert {} == piles(desk)


def test_what_is_put_off_is_not_claimed_before_and_is_then(desk: Desk) -> None:
    sent = desk.cross(desk.claimed(), mono=990.0)
    added = desk.add()
    with desk.store.begin() as tx:
        backlog.put_off(tx, {added.id: 1030.0, sent.id: 5000.0}, boot=BOOT)

    pile = piles(desk)[desk.account.id]

    assert ([(added.id, 1030.0)], 990.0) == (pile.waiting, pile.last_sent)
    assert [] == desk.claim(mono=1029.0)
    assert [added.id] == [row.id for row in desk.claim(mono=1030.0)]
    assert State.PUBLISHING == desk.get(sent).state
