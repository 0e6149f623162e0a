"""A store within an open transaction: its parts stay together with it, and a part that fails leaves the others."""

import pytest
import sqlalchemy as sa

from campaign.core.errors import Conflict
from campaign.core.model import Person, Role
from campaign.store import Store, Within, people
from campaign.store.tables import people as rows

from .conftest import NOW


def add(store: Store, name: str) -> None:
    with store.begin() as tx:
        people.add_person(tx, Person(name, name, frozenset({Role.VIEWER})), at=NOW)


def names(store: Store) -> list[str]:
    with store.read() as tx:
        return sorted(tx.execute(sa.select(rows.c.name)).scalars())


def test_a_part_that_fails_leaves_the_others(store: Store) -> None:
    with store.begin() as tx:
        within = Within(store.engine, tx)
        add(within, "ada")
        with pytest.raises((Conflict, sa.exc.IntegrityError)):
            add(within, "ada")
        add(within, "bea")
        assert names(within) == ["ada", "bea"]

    assert names(store) == ["ada", "bea"]


def test_what_is_rolled_back_takes_its_parts_along(store: Store) -> None:
    with pytest.raises(KeyError):
        with store.begin() as tx:
            add(Within(store.engine, tx), "ada")
            raise KeyError

    assert names(store) == []
