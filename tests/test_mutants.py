"""The mutants follow the code: each text that one replaces is found once. Whether they are killed: `make mutants`."""

from tests.mutants import MUTANTS
from tests.mutants.laboratory import ROOT, misfits
from tests.mutants.mutant import breaks


def test_each_mutant_fits() -> None:
    assert [] == misfits(ROOT)
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS})


def test_a_mutant_that_does_not_fit_any_more_is_named() -> None:
    gone = breaks("what is gone", "core/states.py", "no such text", "any")
    nothing = breaks("no Python", "core/states.py", "class State(StrEnum):", "class State(")

    assert ["what is gone: found 0 times in core/states.py: no such text", "no Python"] == [
        said if "gone" in said else said.partition(":")[0] for said in misfits(ROOT, [gone, nothing])
    ]
