"""Accounts with sealed tokens, and pauses."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from campaign.core.errors import CampaignError, Conflict, NotFound
from campaign.core.model import Person, Role
from campaign.core.states import State
from campaign.store import accounts, people
from campaign.store.accounts import Pause
from campaign.store.tables import credentials
from campaign.store.vault import Vault
from tests.store.conftest import NOW, Desk

TOKEN = "a-token-that-nobody-may-read"


def test_a_token_comes_back_as_it_was(desk: Desk) -> None:
    account = desk.add_account("ru", token=TOKEN)
    with desk.store.read() as tx:
        assert TOKEN == accounts.token_of(tx, account, desk.vault)


def test_a_token_is_nowhere_in_the_database(desk: Desk) -> None:
    account = desk.add_account("ru", token=TOKEN)
    with desk.store.read() as tx:
        sealed = tx.execute(sa.select(credentials.c.sealed).where(credentials.c.account_id == account.id)).scalar_one()

    assert TOKEN.encode() not in bytes(sealed)
    if desk.store.dialect == "sqlite":
        file = Path(str(desk.store.engine.url.database))
        content = b"".join(each.read_bytes() for each in file.parent.glob("campaign.db*"))
        assert b"account-ru" in content
        assert TOKEN.encode() not in content


def test_a_sealed_token_opens_only_for_its_account(desk: Desk) -> None:
    account = desk.add_account("ru", token=TOKEN)
    with desk.store.begin() as tx:
        stolen = tx.execute(sa.select(credentials.c.sealed).where(credentials.c.account_id == account.id)).scalar_one()
        tx.execute(credentials.update().where(credentials.c.account_id == desk.account.id).values(sealed=bytes(stolen)))
        with pytest.raises(CampaignError, match="cannot be opened with the key"):
            accounts.token_of(tx, desk.account, desk.vault)


@pytest.mark.parametrize("length", [0, 5, 12, 20])
def test_half_a_sealed_token_is_refused(tmp_path: Path, length: int) -> None:
    vault = Vault(tmp_path, "ab" * 32)
    _, sealed = vault.seal("a", TOKEN)

    with pytest.raises(CampaignError, match="cannot be opened"):
        vault.unseal("a", sealed[:length])


def test_the_wrong_key_says_what_to_do(tmp_path: Path) -> None:
    _, sealed = Vault(tmp_path, "ab" * 32).seal("a", TOKEN)

    with pytest.raises(CampaignError, match="restore the right key, or connect the account again") as caught:
        Vault(tmp_path, "cd" * 32).unseal("a", sealed)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("key", ["", "xyz", "ab" * 31, "ab" * 33])
def test_a_key_that_is_none_says_how_to_make_one(tmp_path: Path, key: str) -> None:
    with pytest.raises(CampaignError, match=r"no usable key .*campaign init"):
        Vault(tmp_path, key or None).seal("a", TOKEN)


def test_a_key_is_made_once(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys")
    vault.create()
    _, sealed = vault.seal("a", TOKEN)
    vault.create()

    assert TOKEN == Vault(tmp_path / "keys").unseal("a", sealed)
    assert vault.seal("a", TOKEN) != vault.seal("a", TOKEN)


def test_a_name_is_taken_once(desk: Desk) -> None:
    with pytest.raises(Conflict, match="account 'kr' exists already"):
        desk.add_account("kr")


@pytest.mark.parametrize(
    ("state", "refused"),
    [(state, state not in (State.PUBLISHED, State.FAILED, State.CANCELLED)) for state in State],
)
def test_an_account_with_open_deliveries_is_not_removed(desk: Desk, state: State, refused: bool) -> None:
    desk.add(state=state)
    with desk.store.begin() as tx:
        if refused:
            with pytest.raises(Conflict, match="'kr' still has 1 open deliveries; cancel or settle them first"):
                accounts.remove_account(tx, desk.account, at=NOW)
        else:
            accounts.remove_account(tx, desk.account, at=NOW)
            assert accounts.is_removed(tx, desk.account.id)
            assert [] == accounts.all_accounts(tx)
            assert [desk.account] == accounts.every_account(tx)
            with pytest.raises(NotFound, match="connect it again"):
                accounts.token_of(tx, desk.account, desk.vault)


def test_an_account_that_is_not_there_is_not_found_and_the_others_are_named(desk: Desk) -> None:
    with desk.store.read() as tx, pytest.raises(NotFound, match="connected accounts: kr"):
        accounts.account_named(tx, "kt")


def test_a_second_pause_of_one_scope_changes_nothing(desk: Desk) -> None:
    with desk.store.begin() as tx:
        for number in (1, 2):
            accounts.pause(tx, Pause(f"p{number}", "all", "", f"reason {number}", "bob", NOW))

        assert ["reason 1"] == [entry.reason for entry in accounts.pauses_now(tx)]
        assert (1, 0) == tuple(accounts.lift(tx, "all", "", person="bob", at=NOW) for _ in range(2))


def test_people_are_kept_once_and_found_by_name_and_login(desk: Desk) -> None:
    alice = Person("p1", "alice", frozenset({Role.AUTHOR, Role.ADMIN}), "al")
    with desk.store.begin() as tx:
        people.add_person(tx, alice, at=NOW)
        with pytest.raises(Conflict, match="user 'alice' exists already"):
            people.add_person(tx, Person("p2", "alice", frozenset()), at=NOW)
        with pytest.raises(Conflict, match="login 'al' belongs to another user"):
            people.add_person(tx, Person("p2", "bob", frozenset(), "al"), at=NOW)
        with pytest.raises(NotFound, match="campaign user list"):
            people.person_named(tx, "bob")

        assert (alice, alice) == (people.person_named(tx, "alice"), people.person_of_login(tx, "al"))
        assert people.person_of_login(tx, "x") is None


def test_the_log_of_a_post_is_read_in_order(desk: Desk) -> None:
    with desk.store.begin() as tx:
        for name in ("e2", "e1"):
            people.log(tx, id=name, at=NOW, event="x", person="alice", post_id="p", detail={"말": name})

        assert ["e1", "e2"] == [event["id"] for event in people.events_of(tx, "p")]
        assert {"말": "e1"} == people.events_of(tx, "p")[0]["detail"]


def test_two_workers_that_put_up_the_same_fence_at_once_put_up_one(desk: Desk) -> None:
    ready = threading.Barrier(2)

    def work(number: int) -> None:
        ready.wait(10)
        with desk.store.begin() as tx:
            accounts.pauses_now(tx)  # both have begun before either one writes
            if desk.store.dialect == "postgresql":
                ready.wait(10)
            accounts.pause(tx, Pause(f"p{number}", "account", "kr", "its token is not accepted", "campaign", NOW))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    with desk.store.begin() as tx:
        assert ["kr"] == [fence.name for fence in accounts.pauses_now(tx)]
        assert 1 == accounts.lift(tx, "account", "kr", person="alice", at=NOW)
        accounts.pause(tx, Pause("p3", "account", "kr", "once more", "alice", NOW))
        assert ["p3"] == [fence.id for fence in accounts.pauses_now(tx)]
