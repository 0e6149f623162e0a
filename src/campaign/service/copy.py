"""copy: carry a whole installation's rows into another database, check them there, and leave the old one fenced off."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from campaign.core.errors import CampaignError, Conflict
from campaign.core.model import Person, Role
from campaign.service import SYSTEM, App, demand_role, event
from campaign.store import Store, heartbeats
from campaign.store import accounts as account_rows
from campaign.store import copy as rows
from campaign.store.accounts import Pause
from campaign.store.copy import Carried

LOOK = 12.0  # seconds in which a living worker gives more than one sign of life
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """What was carried and found the same."""

    tables: tuple[Carried, ...]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(table.rows for table in self.tables)


def copy(
    app: App,
    target: Store,
    *,
    by: Person,
    name: str,
    wait: Callable[[float], None],
    progress: Progress = lambda done, of: None,
) -> Copied:
    """Carry every row into an empty database at this program's schema; hold both against each other afterwards.

    The other database has all of it in one transaction, or nothing. Monotonic columns (leases, back-offs, doubts,
    budgets) are carried as they are: they count from the boot that stands beside them, which no worker on the new
    database has, so that each of its clocks takes them as of an earlier boot. Doubts begin their waiting anew, what
    was claimed is taken back. Who works on a database, and its clock's eras, stay where they are.

    The old database is left behind a pause of everything: a daemon that is started on it by mistake must not publish
    what the new one publishes.

    Args:
        target: where to; its schema is this program's.
        name: what the pause calls the other database; without a password.
        wait: sleeps so many seconds; a worker that gives signs of life meanwhile lives.
        progress: called with how many rows were carried or checked, of how many.

    Raises:
        Forbidden: only an admin may.
        Conflict: a worker lives on the database; somebody writes into it; it was copied already; the other one is not
            empty, or the same one.
        Invalid: the other database cannot hold a value.
        CampaignError: what arrived is not what was sent; each difference is named. Nothing stays of it.
    """
    demand_role(by, Role.ADMIN)
    if rows.same(app.store, target):
        raise Conflict("the database to copy to is the one that is in use; name another one")
    _check_asleep(app, wait)
    _check_not_moved(app)
    fence = Pause(app.new_id(), "all", "", f"{_MOVED}{name}; {_ADVICE}", SYSTEM, app.clock.now())
    fenced = False
    try:
        with target.begin() as there:
            rows.lock(there)
            rows.check_empty(there)
            # Within the other's transaction, so that it is over first: a death in between leaves the old database
            # fenced and the new one empty, never two that publish.
            with app.store.begin() as here:
                rows.lock(here)
                event(app, here, "database.copied", by.name, detail={"to": name})
                copied = _carry(app, here, there, progress)
                account_rows.pause(here, fence)
            fenced = True
            app.failpoint("copy.fenced")
    except BaseException as error:
        if fenced:
            _lift(app, fence, error)
        raise
    return copied


_MOVED = "copied to "
_ADVICE = "set database.url; or, to stay on this one: campaign resume"


def _check_asleep(app: App, wait: Callable[[float], None]) -> None:
    """Raises: Conflict when a worker gives a sign of life."""
    with app.store.read() as tx:
        before = heartbeats.heartbeats_now(tx)
    if not before or app.store.dialect == "sqlite":
        return  # there a daemon holds a lock, and the command has it
    wait(LOOK)
    beats = {entry.worker: (entry.beats, entry.ticked_mono) for entry in before}
    with app.store.read() as tx:
        for entry in heartbeats.heartbeats_now(tx):
            if beats.get(entry.worker) != (entry.beats, entry.ticked_mono):
                on = f" on {entry.host}" if entry.host else ""
                raise Conflict(f"a worker lives on this database (pid {entry.pid}{on}); stop it first")


def _check_not_moved(app: App) -> None:
    with app.store.read() as tx:
        for old in account_rows.pauses_now(tx):
            if old.person == SYSTEM and old.scope == "all" and old.reason.startswith(_MOVED):
                raise Conflict(f"this database is paused: {old.reason}; resume it before it is copied once more")


def _carry(app: App, here: Any, there: Any, progress: Progress) -> Copied:
    of, done = 2 * rows.count(here), 0

    def more(some: int) -> None:
        nonlocal done
        done += some
        progress(done, of)

    sent = rows.carry(here, there, progress=more)
    app.failpoint("copy.carried")
    arrived = rows.read_all(there, progress=more)
    unlike = [mine.table for mine, theirs in zip(sent, arrived, strict=True) if mine != theirs]
    if unlike:
        found = rows.differences(here, there, unlike)
        named = "; ".join(map(str, found)) + (" …" if len(found) >= rows.NAMED else "")
        raise CampaignError(f"what arrived is not what was sent, and nothing of it was kept: {named}")
    app.failpoint("copy.checked")
    return Copied(tuple(sent))


def _lift(app: App, fence: Pause, error: BaseException) -> None:
    """Take our fence down: the other database did not keep what was carried."""
    try:
        with app.store.begin() as tx:
            if any(old.id == fence.id for old in account_rows.pauses_now(tx)):
                account_rows.lift(tx, "all", "", person=SYSTEM, at=app.clock.now())
    except Exception as second:  # noqa: BLE001 - the first error is the one to tell
        error.add_note(f"the old database is paused and could not be resumed ({second}); run: campaign resume")
