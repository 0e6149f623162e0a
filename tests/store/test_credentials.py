"""Tokens that are renewed: by one worker at a time, in place of the one that was held, sealed under the newest key."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from campaign.store import credentials as rows
from campaign.store.credentials import DOUBTED, HOPELESS, PROBATION, RESTS, Credential, Lifetime, Pending, Renewing
from campaign.store.vault import Vault
from tests.store.conftest import BOOT, NOW, Desk

LIFE = Lifetime({"client_id": "c"}, NOW, 1000.0, BOOT)


def held(desk: Desk) -> Credential:
    with desk.store.read() as tx:
        return rows.credential_of(tx, desk.account, desk.vault)


@pytest.fixture
def first(desk: Desk) -> Credential:
    with desk.store.begin() as tx:
        rows.put_token(tx, desk.account.id, desk.vault, "first", LIFE, at=NOW)
    return held(desk)


def begins(desk: Desk, credential: Credential, worker: str, mono: float = 0.0, boot: str = BOOT) -> bool:
    with desk.store.begin() as tx:
        return rows.begin_renewal(tx, credential, Renewing(worker, mono + 90.0, boot), mono=mono)


def test_a_token_comes_back_with_its_lifetime(first: Credential) -> None:
    assert ("first", LIFE, 0, None) == (first.secrets, first.lifetime, first.refusals, first.renewer)


def test_one_worker_renews_at_a_time_until_its_time_is_over(desk: Desk, first: Credential) -> None:
    assert [True, False, False, True, False] == [
        begins(desk, first, "w1"),
        begins(desk, first, "w2"),
        begins(desk, first, "w2", mono=89.9),
        begins(desk, first, "w2", mono=90.0),
        begins(desk, first, "w1", mono=100.0),
    ]
    assert begins(desk, first, "w3", boot="another boot"), "who renewed died with the machine"


def test_of_many_at_once_one_renews(desk: Desk, first: Credential) -> None:
    won: list[bool] = []
    ready = threading.Barrier(4)

    def run(number: int) -> None:
        ready.wait(10)
        won.append(begins(desk, first, f"w{number}"))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [False, False, False, True] == sorted(won)


def test_a_renewed_token_takes_the_place_of_the_one_that_was_held_and_of_no_other(
    desk: Desk, first: Credential
) -> None:
    begins(desk, first, "w1")
    life = replace(LIFE, expires_mono=2000.0)
    with desk.store.begin() as tx:
        done = [rows.renewed(tx, first, desk.vault, name, life, refusals=0, at=NOW) for name in ("second", "third")]
    now = held(desk)

    assert [True, False] == done
    assert ("second", life, first.generation + 1, None) == (now.secrets, now.lifetime, now.generation, now.renewer)


def test_a_rest_lasts_until_its_end_or_until_the_token_is_refused(desk: Desk, first: Credential) -> None:
    begins(desk, first, "w1")
    with desk.store.begin() as tx:
        rows.rest(tx, first, "w2", mono=0.0, until=None, boot=BOOT)  # not its own
        rows.rest(tx, first, "w1", mono=0.0, until=500.0, boot=BOOT)
    assert (RESTS, False) == (held(desk).renewer, begins(desk, first, "w1", mono=100.0))
    with desk.store.begin() as tx:
        assert DOUBTED == rows.refused(tx, desk.account.id, first.generation)

    assert begins(desk, first, "w1", mono=100.0)


def test_what_is_thought_of_a_token_that_is_refused(desk: Desk, first: Credential) -> None:
    def refused(generation: int) -> int | None:
        with desk.store.begin() as tx:
            return rows.refused(tx, desk.account.id, generation)

    assert [DOUBTED, DOUBTED, 0] == [refused(first.generation), refused(first.generation), refused(99)]
    with desk.store.begin() as tx:
        rows.renewed(tx, first, desk.vault, "second", LIFE, refusals=PROBATION, at=NOW)
    assert HOPELESS == refused(first.generation + 1)
    with desk.store.begin() as tx:
        rows.put_token(tx, desk.account.id, desk.vault, "by hand", at=NOW)
    assert None is refused(held(desk).generation)


def test_a_consent_under_way_is_used_once_and_forgotten_when_its_time_is_over(desk: Desk) -> None:
    entry = Pending("ab" * 32, "alice", None, {"name": "kr"}, '{"verifier": "v"}', NOW, 600.0, BOOT)
    with desk.store.begin() as tx:
        rows.add_pending(tx, entry, desk.vault, mono=0.0, boot=BOOT)
        assert entry == rows.pending_of(tx, entry.state_sha256, desk.vault)
        assert [True, False] == [rows.use_pending(tx, entry.state_sha256) for _ in range(2)]
        rows.add_pending(tx, entry, desk.vault, mono=0.0, boot=BOOT)
        rows.add_pending(tx, replace(entry, state_sha256="cd" * 32), desk.vault, mono=601.0, boot=BOOT)
        assert None is rows.pending_of(tx, entry.state_sha256, desk.vault)


def test_whoever_seals_while_keys_rotate_seals_under_the_new_one(desk: Desk, first: Credential) -> None:
    """The other writer comes between the new key and the removal of the old one; on SQLite it waits by itself."""
    other = Vault(Path(desk.vault.folder))
    began, wrote = threading.Event(), threading.Event()

    def write() -> None:
        began.set()
        with desk.store.begin() as tx:
            rows.put_token(tx, desk.account.id, other, "meanwhile", LIFE, at=NOW)
        wrote.set()

    thread = threading.Thread(target=write)
    with desk.store.begin() as tx:
        rows.lock(tx)
        thread.start()
        assert began.wait(10) and not wrote.wait(0.1)
        desk.vault.add_key()
        assert 1 == rows.reseal(tx, desk.vault, limit=10)
        assert 0 == rows.under_other_keys(tx, "k2")
        desk.vault.drop_older()
    thread.join(30)

    assert "meanwhile" == held(desk).secrets
    with desk.store.read() as tx:
        assert 0 == rows.under_other_keys(tx, "k2")
