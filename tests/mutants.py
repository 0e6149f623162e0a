"""The mutants: the delivery doctrine broken on purpose, one rule at a time; the suite must notice every break.

    python -m tests.mutants [--jobs N] [--only WORD]

Each mutant is a copy of the project in which one exact text was replaced, and a small part of the suite that is run
there. First that part is run on a copy in which nothing was replaced, and must pass. A mutant is killed when a test
fails or the time is up. A text that is not found exactly once, a mutant that is no Python, and a suite that cannot be
run (whatever pytest says but "tests failed") fail the run: none of these is a kill.
"""

import argparse
import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("src", "tests", "migrations", "pyproject.toml")
LIMIT = 150.0  # seconds that one run of pytest may take
TEST_LIMIT = 60  # seconds that one test may take

# Run in the same process as the tests: what they import must be the copy, not the installation.
WHEREABOUTS = """
from pathlib import Path

import campaign
import pytest
import tests


def pytest_configure():
    for module in (campaign, tests):
        if not Path(module.__file__).resolve().is_relative_to(Path(__file__).resolve().parent):
            raise pytest.UsageError(f"{module.__name__} is imported from {module.__file__}, not from the copy")
"""

STATES = "tests/core/test_states.py"
CLIENT = "tests/net/test_client.py"
FAULTS = "tests/net/test_transport_faults.py"
MASTODON = "tests/platforms/test_mastodon.py"
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


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one run of pytest: passed, killed, timed out, or broken."""

    outcome: str
    seconds: float
    told: str


def breaks(name: str, file: str, old: str, new: str, *tests: str) -> Mutant:
    return Mutant(name, (Edit(file, _text(old), _text(new)),), tests)


def _text(text: str) -> str:
    """Return a text as it stands in a file: a triple-quoted one begins and ends with a line break of its own."""
    return text[1:].rstrip(" ") if text.startswith("\n") else text


# --- The line of no return: what an attempt's end leads to.

AFTER = [
    breaks(
        "a doubt is tried again",
        "core/states.py",
        """
        case _:
            return State.UNCERTAIN
""",
        """
        case Outcome():
            return State.SCHEDULED
        case _:
            return State.UNCERTAIN
""",
        ONCE,
    ),
    breaks(
        "an unknown exception past the line is tried again",
        "core/states.py",
        """
        case _:
            return State.UNCERTAIN
""",
        """
        case Outcome():
            return State.UNCERTAIN
        case _:
            return State.SCHEDULED
""",
        STATES,
    ),
    breaks(
        "the reaper sends again what died past the line",
        "core/states.py",
        "State.PUBLISHING: State.UNCERTAIN}",
        "State.PUBLISHING: State.SCHEDULED}",
        OUTBOX,
    ),
    breaks(
        "the line is committed after the request",
        "service/publish.py",
        """
                held = await writer.cross(held, wire)
                app.failpoint("line.committed")
                result = await adapter.publish(work.queued.outgoing, wire)
""",
        """
                result = await adapter.publish(work.queued.outgoing, wire)
                held = await writer.cross(held, wire)
                app.failpoint("line.committed")
""",
        ONCE,
    ),
    breaks(
        "the line keeps nothing of what goes over the wire",
        "store/outbox.py",
        ".values(state=State.PUBLISHING, wire=dict(wire), **first)",
        ".values(state=State.PUBLISHING, **first)",
        OUTBOX,
    ),
    breaks(
        "a read-back begins at the last crossing, not at the first",
        "store/outbox.py",
        'first = {} if held.sent_at else {"sent_at": at, "sent_mono": mono, "sent_boot": held.boot}',
        'first = {"sent_at": at, "sent_mono": mono}',
        OUTBOX,
    ),
    breaks(
        "a rate limit counts as an attempt",
        "service/publish.py",
        "if isinstance(error, RateLimited | Unauthorized):",
        "if isinstance(error, Unauthorized):",
        f"{PUBLISH}::test_not_now_costs_no_attempt_and_the_wait_is_honoured",
    ),
    breaks(
        "a pause counts as an attempt",
        "service/publish.py",
        "outbox.move(tx, held, State.SCHEDULED, attempts=held.attempts - 1, **again)",
        "outbox.move(tx, held, State.SCHEDULED, **again)",
        f"{PUBLISH}::test_a_pause_between_claim_and_line_holds_what_was_claimed",
    ),
]

# --- What is proved about a request, and what is only hoped.

PROOF = [
    breaks(
        "silence counts as not sent",
        "net/client.py",
        'return self._uncertain(request, f"no answer ({why})")',
        'return self._unavailable(request, f"no answer ({why})")',
        ONCE,
    ),
    breaks(
        "a server's error counts as not sent",
        "net/client.py",
        "doubt = self._uncertain if call.commits else self._unavailable",
        "doubt = self._unavailable",
        ONCE,
    ),
    breaks(
        "the request that counts goes over a connection that may be dead",
        "net/client.py",
        "if call.commits or call.method not in REPEATABLE:",
        'if call.method == "PUT":',
        CLIENT,
    ),
    breaks(
        "the transport does not tell that a byte left",
        "net/transport.py",
        """
        self.line.state = "sent"
        connection.write(data)
""",
        """
        connection.write(data)
""",
        FAULTS,
    ),
    breaks(
        "the transport repeats a request that is not to be repeated",
        "net/transport.py",
        "connection.lost and whole and request.method in REPEATABLE",
        "connection.lost and whole",
        FAULTS,
    ),
    breaks(
        "an answer without an id counts as not sent",
        "platforms/mastodon.py",
        'raise reply.bad("the answer names no id")',
        'raise Unavailable("the answer names no id")',
        MASTODON,
    ),
    breaks(
        "pictures that were used already count as a refusal",
        "platforms/mastodon.py",
        'if error.status in (400, 409, 422) and wire["uses"] > 1 and wire["media_ids"]:',
        'if error.status == 409 and wire["uses"] > 1 and wire["media_ids"]:',
        MASTODON,
    ),
    breaks(
        "the server is not told the idempotency key",
        "platforms/mastodon.py",
        '{"Idempotency-Key": str(wire["key"]), "Content-Type"',
        '{"Content-Type"',
        CONFIRM,
    ),
    breaks(
        "each attempt has an idempotency key of its own",
        "service/publish.py",
        "key=work.delivery.key,",
        'key=f"{work.delivery.key}-{work.delivery.attempts}",',
        CONFIRM,
    ),
]

# --- Asking what became of it.

DOUBT = [
    breaks(
        "'not there' is believed at once",
        "service/confirm.py",
        "elif waited < settles_within(app, work):",
        "elif waited < 0:",
        CONFIRM,
    ),
    breaks(
        "a key that is dead counts as a second belt",
        "service/confirm.py",
        "and app.clock.monotonic() - held.sent_mono < capabilities.key_lifetime",
        "and held.sent_mono is not None",
        CONFIRM,
    ),
    breaks(
        "a question that fails counts as 'not there'",
        "service/confirm.py",
        "elif error is not None or work is None:",
        "elif work is None:",
        CONFIRM,
    ),
    breaks(
        "a list that cannot be read counts as 'not there'",
        "platforms/mastodon.py",
        """raise Unavailable("the account's list of statuses cannot be read")""",
        "break",
        MASTODON,
    ),
    breaks(
        "a remote post that another delivery owns is adopted",
        "platforms/mastodon.py",
        ' if str(status.get("id")) not in doubt.owned]',
        "]",
        CONFIRM,
    ),
    breaks(
        "one remote post is recorded for two deliveries",
        "store/outbox.py",
        "if owns(tx, held.account_id, remote_id):",
        "if not remote_id:",
        OUTBOX,
    ),
    breaks(
        "what is not there is sent again beyond its grace",
        "service/confirm.py",
        "late = app.clock.now() > held.late_after",
        "late = False",
        f"{PUBLISH}::test_what_was_lost_is_missed_when_its_grace_is_over_and_never_late",
    ),
    breaks(
        "a platform that cannot tell is asked and believed",
        "store/queue.py",
        """
            deliveries.c.guarantee != Guarantee.NONE,  # nothing tells: a person must look
""",
        """
""",
        OUTBOX,
    ),
    breaks(
        "a known result that comes late is refused",
        "store/outbox.py",
        """
    check_move(held.state, State.PUBLISHED)
""",
        """
    if held.state not in (State.PUBLISHING, State.PROCESSING, State.UNCERTAIN):
        raise Conflict(f"delivery {held.id} is {held.state}: its result comes too late")
""",
        OUTBOX,
    ),
]

# --- Who holds a delivery, and what may be taken at all.

GUARD = [
    Mutant(
        "a claim takes a delivery in whatever state it is",
        (
            Edit(
                "store/outbox.py",
                "            deliveries.c.state == State.SCHEDULED,\n"
                "            deliveries.c.held_because.is_(None),\n",
                "            deliveries.c.held_because.is_(None),\n",
            ),
            Edit(
                "store/outbox.py",
                '            deliveries.c.id.in_(sa.bindparam("ids", expanding=True)),\n'
                "            deliveries.c.state == State.SCHEDULED,\n",
                '            deliveries.c.id.in_(sa.bindparam("ids", expanding=True)),\n',
            ),
        ),
        # Not the race of eight workers: each of them would claim for ever.
        (
            f"{OUTBOX}::test_a_pause_holds_the_one_and_not_the_other",
            f"{PUBLISH}::test_a_post_with_a_picture_goes_out_once_at_its_time_and_is_on_record",
        ),
    ),
    breaks(
        "a move asks for neither fence nor lease",
        "store/outbox.py",
        """
            deliveries.c.fence == held.fence,
            deliveries.c.lease.is_(None) if held.lease is None else deliveries.c.lease == held.lease,
        )
        .values(state=new, **values)
""",
        """
        )
        .values(state=new, **values)
""",
        OUTBOX,
    ),
    breaks(
        "who lost the lease crosses the line",
        "store/outbox.py",
        """
            deliveries.c.state == State.CLAIMED,
            deliveries.c.fence == held.fence,
            deliveries.c.lease == held.lease,
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
            unfenced(),
""",
        """
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
            unfenced(),
""",
        f"{PUBLISH}::test_a_worker_that_lost_its_lease_before_the_line_sends_nothing",
    ),
    breaks(
        "the reaper takes from the living",
        "store/outbox.py",
        """
    over = sa.or_(deliveries.c.boot != boot, deliveries.c.lease_until < mono)
    dead =""",
        """
    over = sa.true()
    dead =""",
        OUTBOX,
    ),
    breaks(
        "a pause does not stop what is claimed already",
        "store/outbox.py",
        """
            deliveries.c.lease == held.lease,
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
            unfenced(),
""",
        """
            deliveries.c.lease == held.lease,
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
""",
        f"{PUBLISH}::test_a_pause_between_claim_and_line_holds_what_was_claimed",
    ),
    breaks(
        "a pause does not stop the claim",
        "store/outbox.py",
        "ready = ready.where(unfenced())",
        "pass",
        OUTBOX,
    ),
    breaks(
        "a part goes out before the part that it continues",
        "store/outbox.py",
        """
            sa.or_(deliveries.c.parent_id.is_(None), parent.c.state == State.PUBLISHED),
            sa.or_(deliveries.c.late_after""",
        """
            sa.or_(deliveries.c.late_after""",
        OUTBOX,
    ),
    breaks(
        "what is beyond its grace is claimed",
        "store/outbox.py",
        """
            sa.or_(deliveries.c.late_after >= now, deliveries.c.parent_id.is_not(None)),
""",
        """
""",
        LATENESS,
    ),
    breaks(
        "what became late while it was prepared is sent",
        "service/publish.py",
        "if held.parent_id is None and app.clock.now() > held.late_after:",
        "if held.due_at > held.late_after:",
        LATENESS,
    ),
    breaks(
        "what is not approved is sent",
        "service/publish.py",
        'if work.campaign.approval != "none" and not set(work.delivery.langs) <= work.approved:',
        "if not work.delivery.langs:",
        APPROVE,
    ),
    breaks(
        "what is stored is sent, whatever was approved",
        "service/work.py",
        "return sha256(work.stored).hexdigest() == work.delivery.outgoing_sha256",
        "return bool(work.stored)",
        f"{PUBLISH}::test_bytes_that_were_changed_behind_its_back_are_refused_at_the_gate",
    ),
]

# --- Many at once, in one transaction.

TOGETHER = [
    breaks(
        "many cross the line together past a pause",
        "store/outbox.py",
        """
    if fences(tx):
        raise Together(""",
        """
    if not crossings:
        raise Together(""",
        GROUP,
    ),
    breaks(
        "who lost the lease crosses the line with the others",
        "store/outbox.py",
        """
            deliveries.c.fence == sa.bindparam("b_fence"),
            deliveries.c.lease == sa.bindparam("b_lease"),
""",
        """
""",
        GROUP,
    ),
    breaks(
        "what moved meanwhile crosses the line with the others",
        "store/outbox.py",
        """
            deliveries.c.state == State.CLAIMED,
            deliveries.c.fence == sa.bindparam("b_fence"),
""",
        """
            deliveries.c.fence == sa.bindparam("b_fence"),
""",
        GROUP,
    ),
    breaks(
        "the others cross the line, and who could not is not asked for",
        "store/outbox.py",
        "if tx.execute(_crossing(), rows).rowcount != len(rows):",
        "if not tx.execute(_crossing(), rows).rowcount:",
        GROUP,
    ),
    breaks(
        "a result that the full disk does not take is forgotten",
        "service/writer.py",
        "return self.crossing is None",
        "return False",
        "tests/service/test_full_disk.py",
    ),
]

# --- Two phases: the handle.

HANDLE = [
    breaks(
        "what an earlier attempt stored at the line is not given to the next",
        "service/publish.py",
        "previous=dict(work.delivery.wire) if work.delivery.wire else None,",
        "previous=None,",
        SHAPES,
    ),
    breaks(
        "after a doubt a new container is published",
        "tests/shapes/handle.py",
        'not in ("EXPIRED", "UNKNOWN"):',
        'in ("PUBLISHED",):',
        SHAPES,
    ),
    breaks(
        "a handle that is dead counts as a second belt",
        "service/confirm.py",
        "if held.guarantee not in (Guarantee.DEDUP, Guarantee.HANDLE):",
        "if held.guarantee is not Guarantee.DEDUP:",
        SHAPES,
    ),
    breaks(
        "what the platform works on counts as 'not there'",
        "service/confirm.py",
        "elif isinstance(answer, Pending):",
        "elif isinstance(answer, Pending) and not answer.ticket:",
        SHAPES,
    ),
    breaks(
        "what the platform took and does not know is no doubt",
        "service/confirm.py",
        "return outbox.move(tx, held, State.UNCERTAIN, error=error, **doubt).state",
        "return outbox.note(tx, held, error=error, **doubt).state",
        SHAPES,
    ),
]

# --- Nothing tells: a person.

PERSON = [
    breaks(
        "a channel that nobody watches counts as 'not there'",
        "platforms/telegram/__init__.py",
        'raise Uncertain(f"{self._label} has no watcher: look at the channel and settle it")',
        "return None",
        "tests/platforms/test_telegram.py",
    ),
    breaks(
        "a person's 'not published' sends it beyond its grace",
        "service/confirm.py",
        "new = State.SCHEDULED if app.clock.now() <= held.late_after else State.MISSED",
        "new = State.SCHEDULED",
        CONFIRM,
    ),
    breaks(
        "a person settles with an address of another host",
        "core/address.py",
        "if host.lower() not in hosts:",
        "if not hosts:",
        CONFIRM,
    ),
    breaks(
        "a person gives a piece of another's album to a delivery",
        "service/confirm.py",
        'if taken & set(remote_id.split("+")):',
        "if remote_id in taken and not url:",
        CONFIRM,
    ),
    breaks(
        "a person's word about what was settled already is taken",
        "service/confirm.py",
        "if held.state not in open_states:",
        "if held.state is State.PUBLISHED:",
        CONFIRM,
    ),
    breaks(
        "a question that a person overtook leaves no evidence",
        "service/confirm.py",
        "await asyncio.to_thread(_keep_evidence, app, attempt)",
        "pass",
        CONFIRM,
    ),
]

MUTANTS = [*AFTER, *PROOF, *DOUBT, *GUARD, *TOGETHER, *HANDLE, *PERSON]


def misfits(root: Path, mutants: Sequence[Mutant] = MUTANTS) -> list[str]:
    """Return what is wrong with the mutants: a text not found exactly once, or a result that is no Python."""
    wrong: list[str] = []
    for mutant in mutants:
        try:
            for file, text in _mutated(root, mutant):
                ast.parse(text, filename=str(file))
        except (ValueError, OSError, SyntaxError) as error:
            wrong.append(f"{mutant.name}: {error}")
    return wrong


def _mutated(root: Path, mutant: Mutant) -> Iterator[tuple[Path, str]]:
    texts: dict[Path, str] = {}
    for edit in mutant.edits:
        file = root / edit.file if edit.file.startswith("tests/") else root / "src" / "campaign" / edit.file
        text = texts.get(file) or file.read_text(encoding="utf-8")
        if (times := text.count(edit.old)) != 1:
            raise ValueError(f"found {times} times in {edit.file}: {textwrap.shorten(edit.old, 100)}")
        texts[file] = text.replace(edit.old, edit.new)
    yield from texts.items()


class Laboratory:
    """Copies of the project, and pytest run in them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pristine = folder, folder / "pristine"
        self.pristine.mkdir()
        for name in PARTS:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.pristine / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copy2(source, self.pristine)
        (self.pristine / "whereabouts.py").write_text(WHEREABOUTS, encoding="utf-8")
        self._running: set[subprocess.Popen[str]] = set()

    def unmutated(self, tests: Sequence[str]) -> Run:
        return self._pytest(self.pristine, tests, tempfile.mkdtemp(dir=self.folder))

    def mutated(self, number: int, mutant: Mutant) -> Run:
        # The copy brings the bytecode that the run before left behind; only what is mutated is compiled anew.
        place = self.folder / f"mutant-{number}"
        shutil.copytree(self.pristine, place)
        for file, text in list(_mutated(place, mutant)):
            file.write_text(text, encoding="utf-8")
        try:
            return self._pytest(place, mutant.tests, str(place / "tmp"))
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def stop(self) -> None:
        """End what still runs."""
        for process in list(self._running):
            _kill(process)

    def _pytest(self, place: Path, tests: Sequence[str], scratch: str) -> Run:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CAMPAIGN"))}
        environment |= {"PYTHONPATH": str(place / "src"), "PYTHONIOENCODING": "utf-8", "COLUMNS": "400"}
        # SQLite alone: starting a PostgreSQL for each mutant would take longer than the tests.
        options = f"-x -q --tb=no -p no:cacheprovider -p whereabouts --timeout {TEST_LIMIT} --basetemp {scratch}"
        command = [sys.executable, "-m", "pytest", *options.split(), "-k", "not postgresql", *tests]
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._running.add(process)
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return Run("timed out", time.monotonic() - began, f"over {LIMIT:.0f} s")
        finally:
            _kill(process)  # and whatever a test started and left behind
            self._running.discard(process)
        seconds = time.monotonic() - began
        failed = [line.removeprefix("FAILED ").split(" - ")[0] for line in said.splitlines() if line[:7] == "FAILED "]
        if process.returncode == 0:
            return Run("passed", seconds, "")
        if process.returncode == 1 and failed:
            return Run("killed", seconds, failed[0])
        return Run("broken", seconds, f"pytest ended with {process.returncode}:\n{said[-2000:]}")


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _unmutated(laboratory: Laboratory, pool: ThreadPoolExecutor, mutants: Sequence[Mutant]) -> bool:
    """Run every test that a mutant names where nothing is broken; a failure here would be taken for a kill."""
    by_file: dict[str, set[str]] = {}
    for test in (test for mutant in mutants for test in mutant.tests):
        by_file.setdefault(test.partition("::")[0], set()).add(test)
    named = [[file] if file in tests else sorted(tests) for file, tests in by_file.items()]
    well = True
    for file, run in zip(by_file, pool.map(laboratory.unmutated, named), strict=True):
        print(f"{run.outcome:9} {run.seconds:5.1f} s  unmutated {file} {run.told}".rstrip(), flush=True)
        well &= run.outcome == "passed"
    return well


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--only", default="", metavar="WORD", help="only mutants with this in their names")
    chosen = parser.parse_args(arguments)
    mutants = [mutant for mutant in MUTANTS if chosen.only in mutant.name]
    began, killed = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        laboratory = Laboratory(Path(folder).resolve())
        if wrong := misfits(laboratory.pristine, mutants):
            print("\n".join(["These mutants do not apply:", *wrong]))
            return 1
        with ThreadPoolExecutor(chosen.jobs) as pool:
            try:
                if not _unmutated(laboratory, pool, mutants):
                    print("The tests fail where nothing is broken: mend them first.")
                    return 1
                for mutant, run in zip(
                    mutants, pool.map(laboratory.mutated, range(len(mutants)), mutants), strict=True
                ):
                    dead = run.outcome in {"killed", "timed out"}
                    killed += dead
                    word = {"passed": "SURVIVED", "broken": "BROKEN"}.get(run.outcome, "killed")
                    told = run.told or " ".join(mutant.tests)
                    print(f"{word:9} {run.seconds:5.1f} s  {mutant.name}: {told}", flush=True)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                laboratory.stop()
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{killed} killed of {len(mutants)}")
    return 0 if mutants and killed == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
