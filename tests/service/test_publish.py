"""publish: once, whatever happens in between. What arrived is read in the twin's books, never in our own rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from campaign.config import Network
from campaign.core.states import State
from campaign.service.confirm import confirm
from campaign.service.publish import publish
from campaign.store import accounts as account_rows
from campaign.store import attempts as attempt_rows
from campaign.store import outbox, people
from campaign.store.accounts import Pause
from tests.conftest import World

STATUSES = "/api/v1/statuses"
# fault, its arguments, whether the post was made, what the attempt leaves
FAULTS: list[tuple[str, dict[str, Any], bool, str]] = [
    ("lose_response", {}, True, "uncertain"),
    ("slow", {"seconds": 1.0}, True, "uncertain"),
    ("500_after", {}, True, "uncertain"),
    ("reset", {}, True, "uncertain"),
    ("bad_json", {}, True, "uncertain"),
    ("half_body", {}, True, "uncertain"),
    ("500_before", {}, False, "uncertain"),
    ("503", {}, False, "uncertain"),
    ("reset", {"before": True}, False, "uncertain"),
    ("drop_request", {}, False, "uncertain"),
    ("429", {"retry_after": 7}, False, "scheduled"),
]
LOST = [row for row in FAULTS if not row[2] and row[3] == "uncertain"]


def named(row: tuple[str, dict[str, Any], bool, str]) -> str:
    return row[0] + ("_before" if row[1].get("before") else "")


def posts_sent(world: World) -> int:
    """How many requests for a new post reached the twin."""
    return sum((row["method"], row["path"]) == ("POST", STATUSES) for row in world.twin.requests())


def publish_only(world: World) -> None:
    world.run(publish(world.app, limit=50))


def settle_down(world: World) -> None:
    """Let real time pass, far beyond what a read-back may lag, and turn the crank each time."""
    for seconds in (0.0, 5.0, 25.0, 30.0, 120.0):
        world.clock.turn_monotonic(seconds)
        world.tick()


def events(world: World, name: str) -> int:
    [post_id] = {row.post_id for row in world.deliveries()}
    with world.app.store.read() as tx:
        return sum(row["event"] == name for row in people.events_of(tx, post_id))


def test_a_post_with_a_picture_goes_out_once_at_its_time_and_is_on_record(world: World) -> None:
    world.post("P01", pictures=(world.picture(),))
    world.tick()

    assert world.twin.books() == []

    world.clock.turn(minutes=10)
    world.tick()
    world.tick()

    [row] = world.twin.books()
    [delivery] = world.deliveries()
    assert ("안녕하세요 P01", "ko", ["남색 그림"]) == (
        row["text"],
        row["language"],
        [medium["description"] for medium in row["media"]],
    )
    assert ("published", row["id"], "archived", 1) == (
        delivery.state,
        delivery.remote_id,
        delivery.archive_state,
        delivery.attempts,
    )


@pytest.mark.parametrize("pictures", [0, 1], ids=["text", "picture"])
@pytest.mark.parametrize(("fault", "args", "made", "leaves"), FAULTS, ids=map(named, FAULTS))
def test_a_fault_never_makes_two_posts_and_never_loses_one(
    make_world: Callable[..., World], fault: str, args: dict[str, Any], made: bool, leaves: str, pictures: int
) -> None:
    world = make_world(network=Network(read_timeout=0.3))
    world.campaign()
    world.connect("kr", "ko")
    world.post("P01", pictures=(world.picture(),) * pictures)
    world.clock.turn(minutes=10)
    world.twin.fault(fault, method="POST", path=STATUSES, **args)
    publish_only(world)

    assert ([leaves], int(made)) == (world.states(), len(world.twin.books()))

    settle_down(world)

    [row] = world.twin.books()
    [delivery] = world.deliveries()
    assert ("published", row["id"], 1 if made else 2, "archived") == (
        delivery.state,
        delivery.remote_id,
        posts_sent(world),
        delivery.archive_state,
    )


@pytest.mark.parametrize(("fault", "args", "made", "leaves"), LOST, ids=map(named, LOST))
def test_what_was_lost_is_missed_when_its_grace_is_over_and_never_late(
    world: World, fault: str, args: dict[str, Any], made: bool, leaves: str
) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault(fault, method="POST", path=STATUSES, **args)
    world.tick()
    world.clock.turn(minutes=16)
    settle_down(world)

    assert ([], ["missed"], 1) == (world.twin.books(), world.states(), posts_sent(world))


@pytest.mark.parametrize("fault", ["lose_response", "500_after", "half_body"])
def test_what_arrived_is_found_also_when_its_grace_is_over(world: World, fault: str) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault(fault, method="POST", path=STATUSES)
    publish_only(world)
    world.clock.turn(minutes=16)
    settle_down(world)

    assert (1, ["published"], 1) == (len(world.twin.books()), world.states(), posts_sent(world))


@pytest.mark.parametrize("pictures", [0, 1], ids=["text", "picture"])
@pytest.mark.parametrize(("fault", "sent"), [("drop_request", 2), ("500_before", 2), ("lose_response", 1)])
def test_a_server_that_ignores_the_key_still_gets_one(world: World, fault: str, sent: int, pictures: int) -> None:
    world.twin.fault("ignore_key")
    world.post("P01", pictures=(world.picture(),) * pictures)
    world.clock.turn(minutes=10)
    world.twin.fault(fault, method="POST", path=STATUSES)
    settle_down(world)

    assert (1, ["published"], sent) == (len(world.twin.books()), world.states(), posts_sent(world))


def test_three_lost_requests_in_a_row_still_make_one_post_with_one_picture(world: World) -> None:
    world.post("P01", pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    world.twin.fault("drop_request", method="POST", path=STATUSES, times=3)
    for _ in range(3):
        settle_down(world)

    [row] = world.twin.books()
    [delivery] = world.deliveries()
    assert ("published", 4, 1) == (delivery.state, posts_sent(world), len(row["media"]))


def test_a_lost_upload_is_no_doubt_and_is_tried_again(world: World) -> None:
    world.post("P01", pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path="/api/v2/media")
    publish_only(world)

    assert ["scheduled"] == world.states()

    settle_down(world)

    assert (1, ["published"], 1) == (len(world.twin.books()), world.states(), posts_sent(world))


def test_a_token_that_expired_pauses_the_account_keeps_the_deliveries_and_tells_once(world: World) -> None:
    world.post("P01")
    world.post("P02", minutes=11)
    world.clock.turn(minutes=10)
    world.twin.fault("expired_token", account="peace_ko")
    world.tick()
    world.clock.turn(minutes=1)
    world.tick()
    with world.app.store.read() as tx:
        fences = account_rows.pauses_now(tx)

    assert (["scheduled", "scheduled"], [0, 0], [("account", "kr")], 1) == (
        world.states(),
        [row.attempts for row in world.deliveries()],
        [(fence.scope, fence.name) for fence in fences],
        posts_sent(world),
    )
    assert "connect it again" in fences[0].reason

    world.twin.clear()
    world.tick()

    assert [] == world.twin.books()

    world.connect("kr", "ko", again=True)
    world.clock.turn(seconds=10)
    world.tick()

    assert (2, ["published", "published"]) == (len(world.twin.books()), world.states())


def test_not_now_costs_no_attempt_and_the_wait_is_honoured(world: World) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault("429", method="POST", path=STATUSES, retry_after=90)
    world.tick()
    world.clock.turn_monotonic(88)
    world.tick()

    assert (1, ["scheduled"], 0) == (posts_sent(world), world.states(), world.deliveries()[0].attempts)

    world.clock.turn_monotonic(3)
    world.tick()

    assert (2, ["published"], 1) == (posts_sent(world), world.states(), world.deliveries()[0].attempts)


def test_a_server_that_cannot_be_reached_is_asked_again_after_a_back_off(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.campaign()
    world.connect("kr", "ko")
    world.post("P01")
    world.clock.turn(minutes=10)
    world.run(world.app.close_network())
    world.twin.__exit__(None, None, None)
    publish_only(world)

    [delivery] = world.deliveries()
    assert ("scheduled", 1, world.clock.monotonic() + 5) == (delivery.state, delivery.attempts, delivery.retry_at)

    world.twin.__enter__()
    world.clock.turn_monotonic(5)
    world.tick()

    assert (["published"], 1) == (world.states(), posts_sent(world))


@pytest.mark.parametrize("scope", ["all", "campaign", "language", "platform", "account"])
def test_a_pause_between_claim_and_line_holds_what_was_claimed(world: World, scope: str) -> None:
    names = {"all": "", "campaign": "c", "language": "ko", "platform": "mastodon", "account": "kr"}

    def put_up(step: str) -> None:
        if step == "prepared":
            with world.app.store.begin() as tx:
                account_rows.pause(tx, Pause(world.app.new_id(), scope, names[scope], "wait", "bob", world.clock.now()))

    world.post("P01")
    world.clock.turn(minutes=10)
    app = world.open(failpoint=put_up)
    world.tick(app)

    [delivery] = world.deliveries()
    assert ("scheduled", 0, None, 0) == (delivery.state, delivery.attempts, delivery.lease, posts_sent(world))

    world.tick()

    assert ["scheduled"] == world.states()

    with world.app.store.begin() as tx:
        account_rows.lift(tx, scope, names[scope], person="bob", at=world.clock.now())
    world.tick()

    assert (["published"], 1) == (world.states(), len(world.twin.books()))


def test_what_a_pause_held_beyond_its_grace_is_missed_and_resuming_sends_nothing(world: World) -> None:
    world.post("P01")
    with world.app.store.begin() as tx:
        account_rows.pause(tx, Pause(world.app.new_id(), "all", "", "wait", "bob", world.clock.now()))
    world.clock.turn(minutes=10)
    world.tick()
    world.clock.turn(minutes=15, seconds=1)
    with world.app.store.begin() as tx:
        outbox.miss(tx, now=world.clock.now())
        account_rows.lift(tx, "all", "", person="bob", at=world.clock.now())
    settle_down(world)

    assert (["missed"], [], 0) == (world.states(), world.twin.books(), posts_sent(world))


def test_a_known_result_is_recorded_also_after_the_reaper_came(world: World) -> None:
    def reap(step: str) -> None:
        if step == "answered":
            with world.app.store.begin() as tx:
                outbox.reap(tx, worker="other", mono=world.clock.monotonic(), boot=world.clock.boot, alone=True)
            assert ["uncertain"] == world.states()

    world.post("P01")
    world.clock.turn(minutes=10)
    app = world.open(failpoint=reap)
    world.run(publish(app, limit=5))
    world.run(app.close_network())

    [row] = world.twin.books()
    [delivery] = world.deliveries()
    assert ("published", row["id"]) == (delivery.state, delivery.remote_id)


def test_a_worker_that_lost_its_lease_before_the_line_sends_nothing(world: World) -> None:
    said: list[str] = []

    def reap(step: str) -> None:
        if step == "prepared":
            with world.app.store.begin() as tx:
                outbox.reap(tx, worker="other", mono=world.clock.monotonic(), boot=world.clock.boot, alone=True)

    world.post("P01")
    world.clock.turn(minutes=10)
    app = world.open(failpoint=reap, log=lambda name, **_: said.append(name))
    world.run(publish(app, limit=5))
    world.run(app.close_network())

    assert (["scheduled"], 0, ["delivery.lease_lost"]) == (world.states(), posts_sent(world), said)

    world.tick()

    assert (["published"], 1) == (world.states(), posts_sent(world))


def test_bytes_that_were_changed_behind_its_back_are_refused_at_the_gate(world: World) -> None:
    world.post("P01")
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE outgoings SET canonical = CAST(replace(canonical, 'P01', 'P99') AS BLOB)")
    world.clock.turn(minutes=10)
    world.tick()

    [delivery] = world.deliveries()
    assert ("failed", 0) == (delivery.state, posts_sent(world))
    assert "not what was approved" in str(delivery.error)


def test_a_refusal_fails_for_good_and_its_exchange_is_kept(world: World) -> None:
    world.post("P01")
    # The server has lowered its limit since the account was connected: it answers 422 to what we think fits.
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE accounts SET sheet = json_set(sheet, '$.text_limit', 5000)")
    world.post("P02", texts={"ko": "가" * 600})
    world.clock.turn(minutes=10)
    settle_down(world)

    by_state = {str(row.state): row for row in world.deliveries()}
    with world.app.store.read() as tx:
        [attempt] = attempt_rows.attempts_of(tx, by_state["failed"].id)
    assert ({"failed", "published"}, 2, "refused", "archived") == (
        set(by_state),
        posts_sent(world),
        attempt.outcome,
        by_state["failed"].archive_state,
    )
    assert b"422" in bytes(attempt.exchanges[-1].response or b"").split(b"\r\n")[0]


def test_each_move_of_a_life_in_doubt_stands_in_the_log_once(world: World) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault("drop_request", method="POST", path=STATUSES)
    settle_down(world)

    names = ("delivery.enqueued", "delivery.uncertain", "delivery.scheduled", "delivery.published")
    assert [1, 1, 1, 1] == [events(world, name) for name in names]


def test_two_processes_at_once_send_one_post(world: World) -> None:
    for number in range(5):
        world.post(f"P{number}")
    world.clock.turn(minutes=10)
    other = world.open()

    async def both() -> None:
        import asyncio

        await asyncio.gather(publish(world.app, limit=5), publish(other, limit=5), publish(other, limit=5))
        await confirm(other)
        await other.close_network()

    world.run(both())

    assert (5, {str(State.PUBLISHED)}) == (len(world.twin.books()), set(world.states()))


@pytest.mark.parametrize(("stood_still", "shared", "sends"), [(9, True, 1), (11, True, 0), (11, False, 1)])
def test_a_worker_that_stood_still_after_the_line_sends_nothing_where_others_may_have_taken_over(
    world: World, stood_still: float, shared: bool, sends: int
) -> None:
    """The first byte is held back: it is proved that nothing left."""

    def stop(step: str) -> None:
        if step == "line.committed":
            world.clock.turn_monotonic(stood_still)

    world.post("P01")
    world.clock.turn(minutes=10)
    app = replace(world.open(failpoint=stop), outlives=300.0 if shared else 0.0)
    world.run(publish(app, limit=5))
    world.run(app.close_network())
    sent = posts_sent(world)
    world.clock.turn_monotonic(10)
    world.tick()

    assert (sends, ["published"], 1) == (sent, world.states(), len(world.twin.books()))
