"""Workers watch each other: who is dead, who only could not be seen, and what is taken over."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import World

from campaign.engine.vigil import NO_ROW, Pulse, Vigil, join, pulse_every
from campaign.service.confirm import confirm
from campaign.service.publish import take
from campaign.store import heartbeats
from campaign.store.heartbeats import Heartbeat, Holding

DEAD_AFTER = 30.0


class Others:
    """This worker's vigil, and another worker that beats, or does not."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said: list[str] = []
        self.app = replace(world.app, worker="me", outlives=300.0, log=lambda name, **_: self.said.append(name))
        self.other = replace(world.app, worker="other")
        self.pulse = Pulse(self.other, engine="distributed", queues=("publish",), every=0.0)
        self.vigil = Vigil(self.app, dead_after=DEAD_AFTER, alone=False)

    def claim(self, minutes: float = 10) -> None:
        """Let the other worker claim a post that is due."""
        self.world.post("P01")
        self.world.clock.turn(minutes=minutes)
        assert 1 == len(take(self.other, 5))

    def watch(self, seconds: float, *, beating: bool = False, every: float = 5.0) -> None:
        """Look every five seconds, for so long."""
        for _ in range(int(seconds / every)):
            if beating:
                self.pulse()
            self.vigil.give_up()
            self.world.clock.turn_monotonic(every)


@pytest.fixture
def others(world: World) -> Others:
    return Others(world)


def test_a_worker_that_beats_keeps_what_it_holds(others: Others) -> None:
    others.claim()
    others.watch(300, beating=True)

    assert ["claimed"] == others.world.states()


@pytest.mark.parametrize("gave_a_sign", [True, False])
def test_a_worker_whose_sign_of_life_stands_still_is_dead_and_what_it_held_is_free_again(
    others: Others, gave_a_sign: bool
) -> None:
    others.claim()
    fence = others.world.deliveries()[0].fence
    if gave_a_sign:
        others.pulse()
    others.watch(30)
    before = others.world.states()
    others.watch(15)
    [delivery] = others.world.deliveries()

    assert (["claimed"], "scheduled", fence + 1) == (before, delivery.state, delivery.fence)
    assert ["worker.dead", "delivery.reaped"] == others.said


def test_what_died_past_the_line_is_believed_lost_only_when_its_request_cannot_arrive_any_more(
    others: Others,
) -> None:
    world = others.world
    others.claim()
    with world.app.store.begin() as tx:
        tx.exec_driver_sql('UPDATE deliveries SET state = \'publishing\', wire = \'{"body": {}, "key": "k"}\'')
    others.watch(45)
    [doubt] = world.deliveries()
    reaped_at = float(doubt.doubt_mono or 0) - 300
    answers = []
    while world.states() == ["uncertain"]:
        world.run(confirm(others.app))
        answers.append(world.clock.monotonic() - reaped_at)
        world.clock.turn_monotonic(5)

    assert "uncertain" == doubt.state
    assert 300 <= answers[-1] < 300 + 700
    assert answers[0] < 60  # though it is asked at once: what is there is found at once


def test_an_era_alone_does_not_end_the_leases_of_the_living(others: Others) -> None:
    others.claim()
    with others.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE deliveries SET boot = 'an earlier era', lease_until = 0")
    others.watch(590, beating=True)
    kept = others.world.states()
    others.watch(30, beating=True)

    assert ["claimed"] == kept
    assert ["scheduled"] == others.world.states()  # but no lease is for ever


def test_while_it_could_not_look_itself_the_others_may_have_lived(others: Others) -> None:
    others.claim()
    others.pulse()
    others.watch(10)
    others.world.clock.turn_monotonic(500)  # the database was away, or this machine slept
    others.watch(10)
    survived = others.world.states()
    others.watch(30)

    assert (["claimed"], ["scheduled"]) == (survived, others.world.states())


def test_one_that_was_taken_for_dead_comes_back_as_itself(others: Others) -> None:
    others.pulse()
    others.watch(45)
    with others.app.store.read() as tx:
        buried = heartbeats.heartbeats_now(tx)
    others.pulse()
    with others.app.store.read() as tx:
        [back] = heartbeats.heartbeats_now(tx)

    assert [] == buried
    assert ("other", ("publish",), 1) == (back.worker, back.queues, back.beats)


def test_one_that_has_beaten_since_it_was_seen_is_not_buried(others: Others) -> None:
    others.pulse()
    others.pulse()
    with others.app.store.begin() as tx:
        assert not heartbeats.bury(tx, "other", 1)
        assert heartbeats.bury(tx, "other", 2)
        assert heartbeats.bury(tx, "other", 2)  # somebody else did


def test_the_first_to_join_is_told_so_and_the_second_not(others: Others) -> None:
    first = join(others.app)
    others.pulse()
    second = join(others.app)
    others.world.clock.turn(seconds=60)

    assert [True, False, True] == [first, second, join(others.app)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 100), st.booleans()), max_size=60))
def test_nobody_is_dead_who_beat_within_the_time_that_he_was_watched(steps: list[tuple[float, bool]]) -> None:
    """Whatever gaps there are between looks, death needs looks over `dead_after` at the very same beat."""
    app = _Clocked()
    vigil = Vigil(app, dead_after=DEAD_AFTER, alone=False)  # type: ignore[arg-type]
    beats, looks_since, most = 1, 0, 2 * pulse_every(DEAD_AFTER)
    for seconds, beat in steps:
        app.seconds += seconds
        beats += beat
        looks_since = 0 if beat else looks_since + 1
        dead = vigil._look([_beat("other", beats), _beat("me", 1)], [Holding("silent", "b", 0.0, 1)])

        assert "me" not in dead
        if dead.get("other"):
            assert looks_since * most > DEAD_AFTER
        assert dead.get("silent", NO_ROW) == NO_ROW


class _Clocked:
    """As much of an App as a vigil looks at."""

    worker, boot, seconds = "me", "b", 0.0

    @property
    def clock(self) -> "_Clocked":
        return self

    def uptime(self) -> float:
        return self.seconds


def _beat(worker: str, beats: int) -> Heartbeat:
    return Heartbeat(worker, "distributed", 1, "b", None, None, 0.0, beats=beats)  # type: ignore[arg-type]
