"""The mutants: the delivery doctrine broken on purpose, one rule at a time; the suite must notice every break.

    python -m tests.mutants [--jobs N] [--only WORD]

Each mutant is a copy of the project in which one exact text was replaced, and a small part of the suite that is run
there. First that part is run on a copy in which nothing was replaced, and must pass. A mutant is killed when a test
fails or the time is up. A text that is not found exactly once, a mutant that is no Python, and a suite that cannot be
run (whatever pytest says but "tests failed") fail the run: none of these is a kill.
"""

from tests.mutants.doubting import DOUBT, HANDLE, PERSON
from tests.mutants.editing import DESK
from tests.mutants.holding import GUARD
from tests.mutants.loading import SHEETS
from tests.mutants.reading import READING
from tests.mutants.sending import AFTER, PROOF, TOGETHER
from tests.mutants.sharing import SHARED
from tests.mutants.translating import MACHINES
from tests.mutants.travelling import TRAVEL
from tests.mutants.wording import WORDS

MUTANTS = [
    *AFTER,
    *PROOF,
    *DOUBT,
    *GUARD,
    *TOGETHER,
    *HANDLE,
    *PERSON,
    *SHARED,
    *WORDS,
    *MACHINES,
    *SHEETS,
    *DESK,
    *READING,
    *TRAVEL,
]
