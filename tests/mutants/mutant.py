"""One broken rule, and the tests that must notice; and the names of these tests."""

from dataclasses import dataclass

STATES = "tests/core/test_states.py"
CLIENT = "tests/net/test_client.py"
FAULTS = "tests/net/test_transport_faults.py"
MASTODON = "tests/platforms/test_mastodon.py"
KINDS = "tests/platforms/test_mastodon_kinds.py"
OUTBOX = "tests/store/test_outbox.py"
APPROVE = "tests/service/test_approve.py"
CONFIRM = "tests/service/test_confirm.py"
LATENESS = "tests/service/test_lateness.py"
PUBLISH = "tests/service/test_publish.py"
GROUP = "tests/service/test_publish_together.py"
SHAPES = "tests/shapes/test_handle.py"
ONCE = f"{PUBLISH}::test_a_fault_never_makes_two_posts_and_never_loses_one"


@dataclass(frozen=True, slots=True)
class Edit:
    """A text of a file under src/campaign (or tests/), found exactly once, and what stands there instead."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken rule, and the tests that must notice."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def breaks(name: str, file: str, old: str, new: str, *tests: str) -> Mutant:
    return Mutant(name, (Edit(file, _text(old), _text(new)),), tests)


def _text(text: str) -> str:
    """Return a text as it stands in a file: a triple-quoted one begins and ends with a line break of its own."""
    return text[1:].rstrip(" ") if text.startswith("\n") else text
