"""What moves with a leg, a zone or a day, and what must stay as it was sent."""

from tests.mutants.mutant import breaks

WALK = "tests/service/test_travel_walk.py"
BLACKOUT = "tests/service/test_blackout.py"

TRAVEL = [
    breaks(
        "a leg that moves gives what waits another key",
        "service/shift.py",
        "outbox.note(tx, rows[outgoing_id], due_at=due_at, late_after=late_after, moved_because=why)",
        "outbox.note(\n"
        "                    tx, rows[outgoing_id], due_at=due_at, late_after=late_after, moved_because=why,"
        " key=app.new_key()\n                )",
        WALK,
    ),
    breaks(
        "what is late slips into a day on which nothing goes out",
        "service/blackout.py",
        "    near = blackout_rows.hard_on(tx, now)\n",
        "    near = []\n",
        BLACKOUT,
    ),
]
