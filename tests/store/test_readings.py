"""Readings: append-only, planned, and never a 0 for what is missing."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaign.core.model import Measurement, ReadingStatus
from campaign.store import accounts, readings
from tests.store.conftest import NOW, Desk


def _reading(delivery_id: str, value: int | None = 3, *, status: ReadingStatus = ReadingStatus.OK) -> Measurement:
    return Measurement(delivery_id, "reactions", value, status, NOW, "mastodon")


def test_a_reading_that_is_there_is_left_as_it_is(desk: Desk) -> None:
    first = _reading(desk.add().id)
    with desk.store.begin() as tx:
        assert (1, 0) == tuple(readings.add_readings(tx, [item]) for item in (first, _reading(first.delivery_id, 99)))
        assert [first] == readings.readings_of(tx, [first.delivery_id])


def test_a_reading_that_comes_twice_at_once_is_kept_once(desk: Desk) -> None:
    first = _reading(desk.add().id)
    with desk.store.begin() as tx:
        assert 1 == readings.add_readings(tx, [first, _reading(first.delivery_id, 99)])
        assert [first] == readings.readings_of(tx, [first.delivery_id])


@pytest.mark.parametrize("status", ReadingStatus)
def test_a_missing_value_must_say_why(desk: Desk, status: ReadingStatus) -> None:
    item = _reading(desk.add().id, None, status=status)
    if status in (ReadingStatus.OK, ReadingStatus.STALE):
        with pytest.raises(sa.exc.IntegrityError), desk.store.begin() as tx:
            readings.add_readings(tx, [item])
    else:
        with desk.store.begin() as tx:
            assert 1 == readings.add_readings(tx, [item])
            assert [item] == readings.readings_of(tx, [item.delivery_id])


def test_a_published_delivery_is_read_when_its_plan_says_so(desk: Desk) -> None:
    published = desk.record(desk.cross(desk.claimed()))
    at = NOW + timedelta(minutes=15)
    with desk.store.begin() as tx:
        assert at == readings.next_reading(tx)
        assert [] == readings.due(tx, now=at - timedelta(seconds=1), limit=9)
        assert [published.id] == [due.delivery_id for due in readings.due(tx, now=at, limit=9)]
        readings.plan(tx, published.id, None)
        assert readings.next_reading(tx) is None


def test_an_account_without_token_is_not_read(desk: Desk) -> None:
    desk.record(desk.cross(desk.claimed()))
    with desk.store.begin() as tx:
        accounts.remove_account(tx, desk.account, at=NOW)
        assert [] == readings.due(tx, now=NOW + timedelta(days=1), limit=9)


def test_what_is_sealed_is_not_sealed_again(desk: Desk) -> None:
    item = _reading(desk.add().id)
    later = NOW + timedelta(seconds=1)
    with desk.store.begin() as tx:
        readings.add_readings(tx, [item])
        assert [] == readings.unsealed(tx, desk.account.id, before=NOW)
        assert [item] == readings.unsealed(tx, desk.account.id, before=later)
        readings.seal(tx, [item])
        assert [] == readings.unsealed(tx, desk.account.id, before=later)
        assert [item] == readings.in_period(tx, desk.account.id, since=NOW, before=later)
        assert 1 == readings.number(tx)
