"""Keys are rotated: every token opens before, while and after, whatever dies when."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from campaign.core.errors import CampaignError, Conflict, Forbidden
from campaign.core.model import Person, Role
from campaign.service import campaigns
from campaign.service.rotate import rotate
from campaign.store import accounts as account_rows
from campaign.store import credentials as rows
from campaign.store.vault import Vault
from tests.conftest import World


class Died(BaseException):
    """Nothing catches it: the process is gone."""


@pytest.fixture
def admin(world: World) -> Person:
    world.connect("ru", "ru", twin_account="peace_ru")
    return campaigns.add_person(world.app, "dora", [Role.ADMIN])


def tokens(world: World) -> dict[str, str]:
    """Open every token, as a process does that was just started."""
    with world.app.store.read() as tx:
        vault = Vault(world.settings.folder("keys"))
        return {a.name: account_rows.token_of(tx, a, vault) for a in account_rows.all_accounts(tx)}


def files(world: World) -> list[str]:
    return sorted(file.name for file in world.settings.folder("keys").iterdir())


def test_a_rotation_seals_all_tokens_under_a_new_key_and_removes_the_old(world: World, admin: Person) -> None:
    before = tokens(world)
    first = rotate(world.app, by=admin)
    second = rotate(world.app, by=admin)

    assert (("k2", 2, ("k1",)), ("k3", 2, ("k2",))) == tuple((r.key_id, r.sealed, r.dropped) for r in (first, second))
    assert (before, ["token.k3.key"]) == (tokens(world), files(world))
    assert 0o600 == (world.settings.folder("keys") / "token.k3.key").stat().st_mode & 0o777


@pytest.mark.parametrize("point", ["rotation.key_made", "rotation.some_sealed", "rotation.all_sealed"])
def test_a_rotation_that_dies_is_ended_by_the_next(world: World, admin: Person, point: str) -> None:
    before = tokens(world)
    with pytest.raises(Died):
        rotate(replace(world.app, failpoint=dies_at(point)), by=admin)
    assert before == tokens(world), "both keys open"
    rotated = rotate(world.app, by=admin)

    assert ("k2", before, ["token.k2.key"]) == (rotated.key_id, tokens(world), files(world))


def dies_at(point: str) -> Callable[[str], None]:
    def die(name: str) -> None:
        if name == point:
            raise Died

    return die


def test_what_was_sealed_meanwhile_under_the_old_key_keeps_it(world: World, admin: Person) -> None:
    old = Vault(world.settings.folder("keys"))
    key_id, sealed = old.seal("x", "a token")
    old.add_key()

    assert ("k1", "a token", "k2") == (key_id, old.unseal("x", sealed), old.seal("x", "y")[0])


def test_a_secret_that_no_key_opens_stops_it_and_loses_nothing(world: World, admin: Person) -> None:
    with world.app.store.begin() as tx:
        account = account_rows.account_named(tx, "ru")
        foreign = Vault(world.folder, "ab" * 32)
        rows.put_token(tx, account.id, foreign, "sealed elsewhere", at=world.clock.now())
    with pytest.raises(CampaignError, match="restore the right key"):
        rotate(world.app, by=admin)

    assert ["token.key"] == files(world)


def test_a_key_of_the_settings_is_rotated_by_the_settings(world: World, admin: Person) -> None:
    old, new = "ab" * 32, "cd" * 32
    given = replace(world.app, vault=Vault(world.folder, old))
    with given.store.begin() as tx:
        for account in account_rows.all_accounts(tx):
            rows.put_token(tx, account.id, given.vault, account.name, at=world.clock.now())
    with pytest.raises(Conflict, match=r"put a new one there and the present one into keys\.old_token_key"):
        rotate(given, by=admin)
    rotated = rotate(replace(given, vault=Vault(world.folder, new, old)), by=admin)

    assert 2 == rotated.sealed
    with given.store.read() as tx:
        only = Vault(world.folder, new)
        assert {"kr": "kr", "ru": "ru"} == {
            a.name: account_rows.token_of(tx, a, only) for a in account_rows.all_accounts(tx)
        }


def test_only_an_admin_rotates(world: World) -> None:
    with pytest.raises(Forbidden):
        rotate(world.app, by=world.alice)
