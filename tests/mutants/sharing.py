"""Many workers on many machines: who counts as dead, what may still be on its way, and whose time it is."""

from tests.mutants.mutant import CONFIRM, PUBLISH, breaks

VIGIL = "tests/engine/test_vigil.py"
CLOCK = "tests/test_clock.py"

SHARED = [
    breaks(
        "a worker that stood still after the line sends all the same",
        "service/publish.py",
        "if self._app.outlives and passed > SEND_WITHIN:",
        "if self._app.outlives and passed < 0:",
        f"{PUBLISH}::test_a_worker_that_stood_still_after_the_line_sends_nothing_where_others_may_have_taken_over",
    ),
    breaks(
        "what a dead worker sent counts as lost while it may still arrive",
        "store/outbox.py",
        '"doubt_mono": mono + outlives',
        '"doubt_mono": mono',
        f"{VIGIL}::test_what_died_past_the_line_is_believed_lost_only_when_its_request_cannot_arrive_any_more",
    ),
    breaks(
        "a doubt of another era does not wait for what may still arrive",
        "service/confirm.py",
        "doubt_mono = delivery.doubt_mono if same else mono + app.outlives",
        "doubt_mono = delivery.doubt_mono if same else mono",
        f"{CONFIRM}::test_a_doubt_of_another_era_waits_anew_and_for_requests_that_may_still_arrive",
    ),
    breaks(
        "a jump of the shared clock makes a doubt old",
        "service/confirm.py",
        "    if held.boot != app.clock.boot:\n",
        "    if held.boot is None:\n",
        f"{CONFIRM}::test_a_shared_clock_that_jumps_while_the_platform_is_asked_makes_no_doubt_old",
    ),
    breaks(
        "a new era ends the leases of the living",
        "engine/vigil.py",
        "return self._alone or self._boot_for > self._app.lease_seconds",
        "return True",
        f"{VIGIL}::test_an_era_alone_does_not_end_the_leases_of_the_living",
    ),
    breaks(
        "others are dead because we could not look",
        "engine/vigil.py",
        "min(now - self._looked, 2 * pulse_every(self._dead_after))",
        "now - self._looked",
        VIGIL,
    ),
    breaks(
        "one that has beaten meanwhile is buried",
        "store/heartbeats.py",
        "heartbeats.delete().where(row, heartbeats.c.beats == beats)",
        "heartbeats.delete().where(row)",
        VIGIL,
    ),
    breaks(
        "a jump of the database's clock begins no era",
        "clock.py",
        "            elif worker:\n                self._begin(told.era + 1)\n",
        "            elif worker:\n                self._offset = _Offset(known.era, new, new, at)\n",
        f"{CLOCK}::test_a_jump_of_the_clock_begins_an_era_that_every_worker_enters",
    ),
]
