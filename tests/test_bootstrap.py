"""Where ids, keys and concrete parts come from."""

import uuid
from pathlib import Path

import pytest

from campaign import bootstrap
from campaign.clock import FileClock, SystemClock
from campaign.config import Settings, load_settings
from campaign.core.errors import Conflict


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(dir=str(tmp_path / "data"), environ={})


def test_ids_are_uuids_of_version_7_and_differ() -> None:
    ids = [bootstrap.new_id() for _ in range(1000)]

    assert {(7, uuid.RFC_4122)} == {(uuid.UUID(each).version, uuid.UUID(each).variant) for each in ids}
    assert 1000 == len(set(ids))
    assert all(each == str(uuid.UUID(each)) for each in ids)


def test_ids_sort_by_the_millisecond_of_their_making() -> None:
    moments = [bootstrap.new_id()[:13] for _ in range(1000)]

    assert sorted(moments) == moments


def test_keys_are_long_and_differ() -> None:
    keys = {bootstrap.new_key() for _ in range(1000)}

    assert (1000, {32}) == (len(keys), {len(key) for key in keys})


def test_init_makes_an_installation_whose_keys_only_its_owner_may_read(settings: Settings) -> None:
    before, after = bootstrap.init(settings)
    keys = settings.folder("keys")

    assert before is None
    assert after
    assert {"archive", "campaign.db", "keys", "media"} <= {entry.name for entry in settings.root.iterdir()}
    assert ("0o700", "0o600") == (oct(keys.stat().st_mode & 0o777), oct((keys / "token.key").stat().st_mode & 0o777))
    assert [keys / "token.key"] == list(keys.iterdir())


def test_init_may_be_repeated_and_changes_nothing(settings: Settings) -> None:
    _, head = bootstrap.init(settings)
    files = [file for file in sorted(settings.root.rglob("*")) if file.is_file() and "campaign.db-" not in file.name]
    before = {file: file.read_bytes() for file in files}
    again = bootstrap.init(settings)

    assert (head, head) == again
    assert before == {file: file.read_bytes() for file in files}


def test_init_with_a_key_of_the_environment_writes_none(tmp_path: Path) -> None:
    chosen = load_settings(dir=str(tmp_path / "data"), environ={"CAMPAIGN_KEYS__TOKEN_KEY": "ab" * 32})
    bootstrap.init(chosen)

    assert [] == list(chosen.folder("keys").iterdir())


def test_opening_without_an_installation_says_how_to_make_one(settings: Settings) -> None:
    with pytest.raises(Conflict, match=f"no installation in .*campaign init --dir {settings.root}"):
        bootstrap.open_app(settings)
    assert not (settings.root / "campaign.db").exists()


def test_an_installation_is_opened_with_a_worker_of_its_own(settings: Settings) -> None:
    bootstrap.init(settings)
    one, two = bootstrap.open_app(settings), bootstrap.open_app(settings)
    one.store.close()
    two.store.close()

    assert one.worker != two.worker
    assert "mastodon" in one.platforms


def test_the_settings_choose_the_clock(tmp_path: Path) -> None:
    demo = load_settings(dir=str(tmp_path), environ={"CAMPAIGN_CLOCK_FILE": str(tmp_path / "clock.json")})

    assert isinstance(bootstrap.make_clock(demo), FileClock)
    assert isinstance(bootstrap.make_clock(load_settings(dir=str(tmp_path), environ={})), SystemClock)
