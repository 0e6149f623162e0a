"""measure: by plan, each number with its status; missing is never 0."""

from datetime import datetime, timedelta

import pytest

from campaign.core.adapter import Exchanges
from campaign.core.engagement import MANDATORY, PLAN_B
from campaign.core.model import Measurement, ReadingStatus
from campaign.service.measure import measure
from campaign.store import accounts as account_rows
from campaign.store import readings
from tests.conftest import World

THEIRS = {"reactions": "favourites", "reposts": "reblogs", "replies": "replies", "quotes": "quotes"}
DAY, WEEK, MONTH = MANDATORY


def published(world: World, *names: str, to: tuple[str, ...] = ("kr",), texts: dict[str, str] | None = None) -> None:
    """Publish posts now."""
    for name in names:
        world.post(name, minutes=1, to=to, **({"texts": texts} if texts else {}))
    world.clock.turn(minutes=1)
    world.tick()
    assert {"published"} == set(world.states())


def read_until(world: World, age: timedelta) -> None:
    """Turn the clock from reading to reading, up to this age of what was published first."""
    until = min(row.published_at for row in world.deliveries() if row.published_at) + age
    while True:
        with world.app.store.read() as tx:
            planned = readings.next_reading(tx)
        if planned is None or planned > until:
            world.clock.turn_to(max(until, world.clock.now()))
            return
        world.clock.turn_to(max(planned, world.clock.now()))
        world.run(measure(world.app))


def kept(world: World, delivery_id: str | None = None) -> list[Measurement]:
    ids = [delivery_id] if delivery_id else [row.id for row in world.deliveries()]
    with world.app.store.read() as tx:
        return readings.readings_of(tx, ids)


def ages(world: World) -> list[timedelta]:
    [delivery] = world.deliveries()
    assert delivery.published_at
    return sorted({row.as_of - delivery.published_at for row in kept(world)})


def told(world: World, remote_id: str, at: datetime) -> dict[str, int]:
    counts = world.twin.counts(remote_id, at.isoformat())
    return {ours: counts[theirs] if theirs in counts else counts[f"{theirs}_count"] for ours, theirs in THEIRS.items()}


def delete_on_the_platform(world: World, name: str, remote_id: str) -> None:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, name)
        token = account_rows.token_of(tx, account, world.app.vault)
    world.run(world.app.open_adapter(account, token, Exchanges()).delete(remote_id))


def test_every_reading_of_the_plan_is_made_at_its_age_and_is_what_the_books_say(world: World) -> None:
    published(world, "P01")
    read_until(world, MONTH)
    [delivery] = world.deliveries()
    rows = kept(world)

    assert [age for age in PLAN_B if age <= MONTH] == ages(world)
    for at in {row.as_of for row in rows}:
        assert told(world, str(delivery.remote_id), at) == {row.metric: row.value for row in rows if row.as_of == at}

    assert {ReadingStatus.OK} == {row.status for row in rows}


@pytest.mark.parametrize("age", MANDATORY, ids=["24h", "7d", "28d"])
def test_the_mandatory_readings_are_exact(world: World, age: timedelta) -> None:
    published(world, "P01")
    read_until(world, age)
    [delivery] = world.deliveries()
    assert delivery.published_at
    at = delivery.published_at + age

    assert told(world, str(delivery.remote_id), at) == {row.metric: row.value for row in kept(world) if row.as_of == at}


def test_after_the_last_reading_of_the_plan_nothing_is_read_any_more(world: World) -> None:
    published(world, "P01")
    read_until(world, timedelta(days=500))

    assert ([*PLAN_B], None) == (ages(world), world.deliveries()[0].measure_at)


def test_a_daemon_that_slept_reads_once_and_does_not_catch_up(world: World) -> None:
    published(world, "P01")
    world.clock.turn(days=2, minutes=5)
    for _ in range(3):
        world.run(measure(world.app))

    assert [timedelta(days=2, minutes=5)] == ages(world)
    assert timedelta(hours=60) == world.deliveries()[0].measure_at - world.deliveries()[0].published_at  # type: ignore[operator]


@pytest.mark.parametrize("how", ["absent", "null"])
def test_a_counter_that_is_not_told_is_a_gap_and_never_zero(world: World, how: str) -> None:
    published(world, "P01")
    world.twin.fault("missing_metric", metric="favourites", **{"as": how})
    read_until(world, timedelta(minutes=15))

    by_metric = {row.metric: (row.value, row.status) for row in kept(world)}
    assert ((None, ReadingStatus.ERROR), ReadingStatus.OK) == (by_metric["reactions"], by_metric["replies"][1])


@pytest.mark.parametrize("fault", ["503", "500_before", "lose_response", "bad_json", "half_body", "reset"])
def test_a_reading_that_fails_is_kept_as_an_error(world: World, fault: str) -> None:
    published(world, "P01")
    world.twin.fault(fault, method="GET", path="/api/v1/statuses*", times=2)  # a dead line is tried twice
    read_until(world, timedelta(minutes=15))

    assert {(None, ReadingStatus.ERROR)} == {(row.value, row.status) for row in kept(world)}
    assert 4 == len(kept(world))


def test_a_token_that_expired_is_not_permitted(world: World) -> None:
    published(world, "P01")
    world.twin.fault("expired_token", account="peace_ko")
    read_until(world, timedelta(minutes=15))

    assert {(None, ReadingStatus.NOT_PERMITTED)} == {(row.value, row.status) for row in kept(world)}


@pytest.mark.parametrize("fault", ["503", "429", "missing_metric"])
def test_a_mandatory_reading_that_failed_is_read_again_while_it_still_counts(world: World, fault: str) -> None:
    published(world, "P01")
    read_until(world, DAY - timedelta(minutes=1))
    if fault == "missing_metric":
        world.twin.fault(fault, times=1)
    else:
        world.twin.fault(
            fault, method="GET", path="/api/v1/statuses*", **({"retry_after": 60} if fault == "429" else {})
        )
    read_until(world, DAY + timedelta(minutes=10))

    rows = [row for row in kept(world) if row.as_of >= world.clock.now() - timedelta(minutes=10)]
    again = max(row.as_of for row in rows)
    assert {ReadingStatus.OK} == {row.status for row in rows if row.as_of == again}
    assert (True, 2) == (again <= world.clock.now(), len({row.as_of for row in rows}))


def test_a_mandatory_reading_that_keeps_failing_is_given_up_after_ten_minutes(world: World) -> None:
    published(world, "P01")
    read_until(world, DAY - timedelta(minutes=1))
    world.twin.fault("503", method="GET", path="/api/v1/statuses*", times=100)
    read_until(world, DAY + timedelta(hours=11))

    late = [age for age in ages(world) if age >= DAY]
    assert (True, True) == (2 <= len(late) <= 6, max(late) <= DAY + timedelta(minutes=10))
    assert timedelta(hours=36) == world.deliveries()[0].measure_at - world.deliveries()[0].published_at  # type: ignore[operator]


def test_a_post_that_was_deleted_on_the_platform_is_expired_and_not_read_again(world: World) -> None:
    published(world, "P01")
    read_until(world, timedelta(minutes=30))
    before = kept(world)
    delete_on_the_platform(world, "kr", str(world.deliveries()[0].remote_id))
    read_until(world, WEEK)

    rows = kept(world)
    assert (before, {(None, ReadingStatus.EXPIRED)}, 4, None) == (
        rows[: len(before)],
        {(row.value, row.status) for row in rows[len(before) :]},
        len(rows) - len(before),
        world.deliveries()[0].measure_at,
    )


def test_many_posts_are_read_in_one_request_and_one_deleted_does_not_spoil_the_others(world: World) -> None:
    published(world, *(f"P{n:02}" for n in range(23)))
    gone = world.deliveries()[5]
    delete_on_the_platform(world, "kr", str(gone.remote_id))
    before = world.twin.counters()
    read_until(world, timedelta(minutes=15))
    after = world.twin.counters()

    statuses = {row.delivery_id: row.status for row in kept(world)}
    assert {ReadingStatus.EXPIRED: 1, ReadingStatus.OK: 22} == {
        status: list(statuses.values()).count(status) for status in set(statuses.values())
    }
    assert ReadingStatus.EXPIRED == statuses[gone.id]
    assert 2 == sum(after.values()) - sum(before.values())


def test_one_accounts_trouble_does_not_stop_the_others(world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    published(world, "P01", to=("kr", "ru"), texts={"ko": "안녕", "ru": "Привет"})
    world.twin.fault("expired_token", account="peace_ko")
    read_until(world, timedelta(minutes=15))

    statuses = {row.langs[0]: {read.status for read in kept(world, row.id)} for row in world.deliveries()}
    assert {"ko": {ReadingStatus.NOT_PERMITTED}, "ru": {ReadingStatus.OK}} == statuses


def test_a_token_that_cannot_be_opened_does_not_stop_the_others(world: World) -> None:
    ru = world.connect("ru", "ru", twin_account="peace_ru")
    published(world, "P01", to=("kr", "ru"), texts={"ko": "안녕", "ru": "Привет"})
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE credentials SET sealed = zeroblob(40) WHERE account_id <> ?", (ru.id,))
    read_until(world, timedelta(minutes=15))

    statuses = {row.langs[0]: {read.status for read in kept(world, row.id)} for row in world.deliveries()}
    assert {"ko": {ReadingStatus.ERROR}, "ru": {ReadingStatus.OK}} == statuses
