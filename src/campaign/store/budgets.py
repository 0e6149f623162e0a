"""Rate budgets as rows, shared by all workers: what a step does is told in core/budget.py, here it is kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.budget import LONGEST, Budget, Grant, Step, do, fresh
from campaign.core.clock import Clock
from campaign.core.errors import Conflict
from campaign.core.states import State
from campaign.store import Store
from campaign.store.signs import budgets
from campaign.store.tables import deliveries

LOW = 0.1  # of its size: what is left is worth being told
ACCOUNT, CREDENTIAL = "account:", "credential:"  # what keys begin with; the claim asks for `account:` and the id


class Budgets:
    """The book of core/budget.py in the database. Times are monotonic seconds of the clock's boot.

    A row of another boot begins full: what was used then cannot be told. Its hold lasts as long as the campaign's time
    says. Synchronous: call it in a thread, and in no transaction.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._known: set[str] = set()  # keys that have a row

    def apply(self, steps: Sequence[tuple[str, Step]]) -> list[Grant]:
        """Do the steps in their order in one short transaction, each on the budget of its key; a new key is added.

        A hold of a credential is then written to its accounts too, in a transaction of its own: a crash between the
        two leaves the credential held, which is asked before anything is sent.
        """
        grants: list[Grant] = []
        now, keys = self._clock.monotonic, {key for key, _ in steps}
        if new := keys - self._known:
            self._add(new)
        with self._store.begin() as tx:
            found = self._locked(tx, keys)
            before = dict(found)
            for key, step in steps:
                found[key], grant = do(found[key], step, now())
                grants.append(grant)
            for key, budget in found.items():
                if budget != before[key]:
                    self._write(tx, key, budget)
        for key, budget in found.items():
            if key.startswith(CREDENTIAL) and budget.held_until > before[key].held_until:
                self._hold_accounts(key, budget.held_until)
        return grants

    def _locked(self, tx: Connection, keys: set[str]) -> dict[str, Budget]:
        """Return the budgets of these keys, which nobody else writes until the transaction ends. Raises: Conflict."""
        # Always in the order of the keys: two that wait for each other would wait for ever.
        query = sa.select(budgets).where(budgets.c.key.in_(keys)).order_by(budgets.c.key).with_for_update()
        rows = tx.execute(query).mappings().all()
        if len(rows) < len(keys):
            self._known -= keys
            raise Conflict(f"rows of budgets are gone: {', '.join(sorted(keys - {row['key'] for row in rows}))}")
        return {row["key"]: self._budget(tx, row) for row in rows}

    def _add(self, keys: set[str]) -> None:
        """Add rows in a transaction of their own: one that holds other rows must not wait for who adds the same."""
        new = {**_values(fresh(self._clock.monotonic())), "boot": self._clock.boot}
        with self._store.begin() as tx:
            insert: Callable[..., Any] = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
            tx.execute(insert(budgets).on_conflict_do_nothing(), [{"key": key, **new} for key in sorted(keys)])
        self._known |= keys

    def _budget(self, tx: Connection, row: RowMapping) -> Budget:
        if row["boot"] == self._clock.boot:
            return _budget_of(row)
        mono = self._clock.monotonic()
        budget = fresh(mono, size=row["size"], seconds=row["seconds"])
        held_until = mono + _rest(row, self._clock.now())
        moved = replace(budget, held_until=held_until, under=row["under"])
        self._write(tx, row["key"], moved)  # the claim reads holds of this boot only
        return moved

    def _write(self, tx: Connection, key: str, budget: Budget) -> None:
        held = budget.held_until - self._clock.monotonic()
        till = self._clock.now() + timedelta(seconds=held) if held > 0 else None
        tx.execute(
            budgets.update()
            .where(budgets.c.key == key)
            .values(**_values(budget), held_till=till, boot=self._clock.boot)
        )

    def _hold_accounts(self, credential: str, until: float) -> None:
        with self._store.begin() as tx:
            query = sa.select(budgets.c.key).where(budgets.c.under == credential)
            keys = set(tx.execute(query).scalars())
            for key, budget in self._locked(tx, keys).items() if keys else ():
                if budget.held_until < until:
                    self._write(tx, key, replace(budget, held_until=until))


@dataclass(frozen=True, slots=True)
class Standing:
    """How the budget of an account stands, which may be that of its credential.

    `size` is None where any number may go. `held_till` is the campaign's time; what a platform said runs in real time.
    """

    left: float
    size: int | None
    held_till: datetime | None

    @property
    def low(self) -> bool:
        """Whether less than a tenth is left."""
        return self.size is not None and self.left < self.size * LOW


def standings(tx: Connection, *, now: datetime, mono: float, boot: str) -> dict[str, Standing]:
    """Return how the budgets of accounts stand, by account id; those of another boot as far as they can be told."""
    found: dict[str, Standing] = {}
    under: dict[str, str] = {}
    for row in tx.execute(sa.select(budgets).order_by(budgets.c.key)).mappings():
        if row["boot"] == boot:
            budget = _budget_of(row).at(mono)
            held = max(0.0, budget.held_until - mono)
        else:
            budget = fresh(mono, size=row["size"], seconds=row["seconds"])
            held = _rest(row, now)
        till = now + timedelta(seconds=held) if held else None
        found[row["key"]] = Standing(budget.left, budget.size, till)
        if row["under"]:
            under[row["key"]] = row["under"]
    return {
        key.removeprefix(ACCOUNT): found.get(under.get(key, key), standing)
        for key, standing in found.items()
        if key.startswith(ACCOUNT)
    }


def next_unheld(tx: Connection, *, mono: float, boot: str) -> float | None:
    """Return the monotonic second at which the next hold of an account with something scheduled ends, or None."""
    waits = sa.exists().where(
        deliveries.c.state == State.SCHEDULED, budgets.c.key == sa.literal(ACCOUNT) + deliveries.c.account_id
    )
    query = sa.select(sa.func.min(budgets.c.held_until)).where(
        budgets.c.boot == boot, budgets.c.held_until > mono, waits
    )
    value: float | None = tx.execute(query).scalar_one()
    return value


_COLUMNS = ("size", "seconds", "tokens", "filled_at", "held_until", "told", "told_until", "under")


def _values(budget: Budget) -> dict[str, Any]:
    return {name: getattr(budget, name) for name in _COLUMNS}


def _budget_of(row: RowMapping) -> Budget:
    return Budget(**{name: row[name] for name in _COLUMNS})


def _rest(row: RowMapping, now: datetime) -> float:
    """Return the seconds that a hold of another boot still lasts."""
    rest = (row["held_till"] - now).total_seconds() if row["held_till"] else 0.0
    return min(max(0.0, rest), LONGEST)
