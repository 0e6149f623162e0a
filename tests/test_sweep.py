"""A sample of the kill sweep; the whole of it is `make sweep`."""

from pathlib import Path

from tests.sweep import Cell, Stage, play_all


def test_a_death_at_each_step_past_the_line_leaves_one_post_and_no_doubt() -> None:
    points = ("claimed", "prepared", "line.committed", "answered", "record.written", "archive.written")
    cells = [Cell("dedup, pictures", "none", point, 1) for point in points]
    cells += [Cell("read_back, text", fault, "recorded", 1) for fault in ("lose_response", "drop_request", "500_after")]

    ends = play_all(cells, jobs=1)

    assert [(cell, True, True, 1, "published") for cell in cells] == [
        (cell, end["killed"], end["settled"], end["books"], end["state"]) for cell, end in ends
    ]


def test_the_sweep_would_see_a_death_that_did_not_come(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    try:
        end = stage.play(Cell("dedup, pictures", "none", "confirming", 1))  # nothing is in doubt, so it is not reached
    finally:
        stage.close()

    assert (False, "published", 1) == (end["killed"], end["state"], end["books"])
