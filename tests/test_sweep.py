"""A sample of the kill sweep; the whole of it is `make sweep`."""

from pathlib import Path

import pytest

from tests.sweep import Cell, Stage, play_all
from tests.sweep.plays import EARLY, FAULTS, PLAYS, faults_of, kept
from tests.sweep.report import well

ONCE = "dedup, pictures"


def test_a_death_at_each_step_past_the_line_leaves_one_post_and_no_doubt() -> None:
    points = ("claimed", "prepared", "line.committed", "commit.sent", "answered", "record.written", "archive.written")
    cells = [Cell(ONCE, "none", point, 1) for point in points]
    cells += [Cell("read_back, text", fault, "recorded", 1) for fault in ("lose_response", "drop_request", "500_after")]
    cells += [Cell("handle, slow", "drop_request", "commit.received", 1), Cell(ONCE, "paused", "pause.written", 1)]
    cells += [Cell("dedup, three at once", "lose_response", "record.written", 2)]
    cells += [Cell("read_back, text", "none", "reap.written", 1, "commit.sent")]  # and once more, on the way back

    ends = play_all(cells, jobs=1)

    assert [(cell, True, 1, 0) for cell in cells] == [
        (cell, end["killed"] and end["settled"], end["once"], end["asked"]) for cell, end in ends
    ]
    assert all(well(cell, end) for cell, end in ends)


def test_where_nothing_tells_a_person_is_asked_after_a_death_past_the_line_and_not_before_it() -> None:
    looks, gives_up = "none, a person looks", "none, a person gives up"
    cells = [Cell(looks, "none", "prepared", 1), Cell(looks, "none", "commit.sent", 1)]
    cells += [Cell(gives_up, "none", "commit.received", 1), Cell(looks, "drop_request", "settle.written", 1)]

    ends = [end for _, end in play_all(cells, jobs=1)]

    assert [(1, 0, 0), (1, 0, 1), (0, 1, 1), (1, 0, 1)] == [
        (end["once"], end["given_up"], end["asked"]) for end in ends
    ]
    assert all(well(cell, end) for cell, end in zip(cells, ends, strict=True))


def test_the_sweep_would_see_a_death_that_did_not_come(tmp_path: Path) -> None:
    cell = Cell(ONCE, "none", "confirming", 1)  # nothing is in doubt, so it is not reached
    stage = Stage(tmp_path)
    try:
        end = stage.play(cell)
    finally:
        stage.close()

    assert (False, True, 1) == (end["killed"], end["settled"], end["once"])
    assert not well(cell, end)


@pytest.mark.parametrize(
    "wrong",
    [{"double": 1}, {"lost": 1}, {"uncertain": 1}, {"once": 0}, {"settled": False}, {"killed": False}, {"asked": 1}],
    ids=str,
)
def test_the_sweep_would_see_what_must_not_be(wrong: dict[str, int]) -> None:
    end = {
        "killed": True,
        "settled": True,
        "once": 1,
        "given_up": 0,
        "double": 0,
        "lost": 0,
        "uncertain": 0,
        "asked": 0,
    }
    cell = Cell(ONCE, "none", "answered", 1)

    assert (True, False) == (well(cell, end), well(cell, end | wrong))


def test_a_whole_play_leaves_no_point_out_and_the_others_what_the_whole_ones_have_shown() -> None:
    passed = ["claimed", "prepared", "line.committed", "prepared", "prepared", "recorded", "archived"]

    whole = [("claimed", 1), ("prepared", 1), ("line.committed", 1), ("prepared", 2), ("recorded", 1), ("archived", 1)]
    assert whole == kept(ONCE, "503", passed)

    part = kept("watcher, text", "drop_request", passed)
    assert [("line.committed", 1), ("prepared", 2), ("recorded", 1)] == part
    assert [step for step in whole if step != ("prepared", 2)] == kept("watcher, text", "none", passed)
    three = ["prepared"] * 3 + ["line.committed"] * 3
    assert [("prepared", 1), ("prepared", 3), ("line.committed", 1), ("line.committed", 3)] == kept(
        "dedup, three at once", "none", three
    )
    assert set(FAULTS) == set(faults_of(ONCE)) > set(faults_of("watcher, text"))


def test_each_guarantee_is_played_whole_once() -> None:
    assert ["dedup", "handle", "none", "read_back", "replay"] == sorted(
        name.partition(",")[0] for name, play in PLAYS.items() if play.whole
    )
    assert EARLY < set(FAULTS)
