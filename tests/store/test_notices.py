"""News is written once while its cause lasts, handed over by one worker at a time, and comes again after its end."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

from campaign.core.model import Guarantee
from campaign.core.states import State
from campaign.store import Store, notices
from campaign.store.notices import Notice
from tests.store.conftest import NOW, Desk

REFUSED = Notice("n1", "account.refused", "kr", {"why": "401"}, NOW)
SOON = NOW + timedelta(minutes=1)


def test_the_same_news_is_kept_once_while_it_lasts_and_again_after_its_end(store: Store) -> None:
    with store.begin() as tx:
        assert [True, False, True] == [
            notices.add(tx, REFUSED),
            notices.add(tx, replace(REFUSED, id="n2")),
            notices.add(tx, replace(REFUSED, id="n3", subject="ru", at=SOON)),
        ]
    with store.begin() as tx:
        assert ["n3", "n1"] == [each.id for each in notices.open_now(tx)]
        assert {"kr", "ru"} == notices.subjects(tx, "account.refused")
        assert 1 == notices.close(tx, ["account.refused"], "kr", at=NOW)
        assert notices.add(tx, replace(REFUSED, id="n4"))
        assert {"account.refused": 2} == notices.open_by_kind(tx)
        assert 2 == notices.close(tx, ["account.refused"], at=NOW)
    with store.read() as tx:
        assert [] == notices.open_now(tx) == notices.untold(tx, now=NOW, limit=9)


def test_two_workers_that_learn_the_same_at_once_write_it_once(store: Store) -> None:
    ready, kept = Barrier(2), []

    def learn(name: str) -> None:
        ready.wait(10)
        with store.begin() as tx:
            kept.append(notices.add(tx, replace(REFUSED, id=name)))

    threads = [Thread(target=learn, args=(f"n{number}",)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert [False, True] == sorted(kept)


def test_a_try_to_hand_it_over_belongs_to_one_worker_and_comes_again_if_that_dies(store: Store) -> None:
    with store.begin() as tx:
        notices.add(tx, REFUSED)
    with store.begin() as tx:
        [seen] = notices.untold(tx, now=NOW, limit=9)
        assert [True, False] == [notices.take(tx, seen, next_at=SOON), notices.take(tx, seen, next_at=SOON)]
        assert [] == notices.untold(tx, now=NOW, limit=9)
        [again] = notices.untold(tx, now=SOON, limit=9)
        assert 1 == again.tries
        notices.told(tx, [again.id], at=SOON)
        assert [] == notices.untold(tx, now=SOON + timedelta(days=9), limit=9)
        assert [SOON] == [each.told_at for each in notices.open_now(tx)]


def test_what_stands_about_a_delivery_is_closed_when_it_has_moved_on(desk: Desk) -> None:
    there = [
        desk.add(state=State.MISSED),
        desk.add(state=State.FAILED),
        desk.add(state=State.UNCERTAIN, guarantee=Guarantee.NONE),
        desk.add(state=State.PROCESSING),
    ]
    gone = [
        desk.add(state=State.PUBLISHED),
        desk.add(state=State.SCHEDULED),
        desk.add(state=State.UNCERTAIN, guarantee=Guarantee.READ_BACK),
        desk.add(state=State.PUBLISHED),
    ]
    with desk.store.begin() as tx:
        for rows in (there, gone):
            for row, state in zip(rows, ("missed", "failed", "uncertain", "processing"), strict=True):
                notices.add(tx, Notice(f"n{row.id}"[:36], f"delivery.{state}", row.id, {}, NOW))
        notices.add(tx, REFUSED)
        assert 4 == notices.close_settled(tx, at=SOON)
        assert {row.id for row in there} | {"kr"} == {each.subject for each in notices.open_now(tx)}
