"""The numbers of the queue are the same on both databases."""

from datetime import timedelta

import pytest

from campaign.core.model import ArchiveState
from campaign.core.states import State
from campaign.store import gauges
from tests.store.conftest import NOW, Desk


def test_lateness_is_counted_up_to_each_edge_and_early_is_not_negative(desk: Desk) -> None:
    for seconds in (-3, 0.4, 1, 59.5, 4000):
        desk.add(state=State.PUBLISHED, published_at=NOW + timedelta(seconds=seconds), remote_id=str(seconds))
    desk.add()

    with desk.store.read() as tx:
        counts, number, total = gauges.lateness(tx, (1.0, 60.0, 3600.0))

    assert ([3, 4, 4], 5) == (counts, number)
    assert total == pytest.approx(0 + 0.4 + 1 + 59.5 + 4000, abs=0.05)


def test_what_nobody_gave_up_is_told_from_a_part_that_is_never_given_up(desk: Desk) -> None:
    out = desk.add(state=State.PUBLISHED, remote_id="r", published_at=NOW)
    waiting = desk.add(late_after=NOW + timedelta(hours=9))
    desk.add(parent_id=out.id, part=2)
    desk.add(parent_id=waiting.id, part=2)
    desk.add()

    with desk.store.read() as tx:
        assert [0, 2] == [gauges.forgotten(tx, late_before=NOW + timedelta(minutes=m)) for m in (15, 16)]
        # The first that may go: not a part before the one that it continues.
        assert NOW == gauges.oldest_due(tx, now=NOW)
        assert None is gauges.oldest_due(tx, now=NOW - timedelta(seconds=1))


def test_states_and_the_archives_backlog_are_counted(desk: Desk) -> None:
    desk.add(state=State.PUBLISHED, remote_id="r", archive_state=ArchiveState.DUE)
    desk.add(state=State.MISSED, archive_state=ArchiveState.DUE)
    desk.add()

    with desk.store.read() as tx:
        assert {"published": 1, "missed": 1, "scheduled": 1} == gauges.by_state(tx)
        assert (2, {}, []) == (
            gauges.archive_backlog(tx),
            gauges.attempts_by_outcome(tx),
            gauges.account_budgets(tx, boot="b"),
        )
