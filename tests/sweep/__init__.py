"""The kill sweep: real deaths at every failpoint × every fault of the twin × every guarantee; the twin's books decide.

    python -m tests.sweep [--sample N] [--jobs N] [--seed N] [--only WORD]

Each cell is a life of its own: deliveries are enqueued, a process forked from a warm parent works on them and dies
(os._exit) at the failpoint; a second process starts from what is on disk and works until everything is settled. Some
cells die once more on the way back. Then the twin's books are held against our rows. Which failpoints a fault reaches
is found by a life without that death; a failpoint that no life reaches fails the run, and so does a cell whose process
did not die where it should: there are as many kills as cells.

For each guarantee one play is played whole: every failpoint × every fault. The other plays leave out what those have
shown and where they are no different (plays.faults_of, plays.kept): faults that end like another one; a death before
the line under a fault of the request that comes after the line, which is the death under no fault followed by the life
under that fault; a death after the result was recorded, when the fault is over, but for two of the faults; and the
second passing of a step.
"""

from tests.sweep.plays import Cell
from tests.sweep.report import plan, play_all, table
from tests.sweep.stage import Stage

__all__ = ["Cell", "Stage", "plan", "play_all", "table"]
