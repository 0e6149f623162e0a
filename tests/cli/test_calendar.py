"""Calendars at the command line: written to a file, and under addresses that are told once."""

from pathlib import Path

import icalendar
from tests.conftest import World
from tests.core.test_ics import ics

from .conftest import Shell


def test_a_campaign_is_written_to_a_file(shell: Shell, world: World, tmp_path: Path) -> None:
    world.post("P01")
    said = shell("calendar", "export", str(tmp_path / "c.ics"), "--campaign", "c", "--lang", "ru", "--json")

    assert (said.code, said.json["entries"]) == (0, 1), said.err
    assert len(icalendar.Calendar.from_ical((tmp_path / "c.ics").read_bytes()).events) == 1
    for words in (["--campaign", "c", "--account", "kr"], []):
        assert shell("calendar", "export", str(tmp_path / "d.ics"), *words).code == 2
    assert shell("calendar", "export", str(tmp_path / "d.ics"), "--campaign", "none").code == 3
    assert not (tmp_path / "d.ics").exists()


def test_an_address_is_told_once_listed_without_its_secret_and_revoked(shell: Shell, world: World) -> None:
    made = shell("calendar", "feed", "add", "--account", "kr", "--lang", "ko")
    token = made.out.strip().removeprefix("/calendar/").removesuffix(".ics?lang=ko")

    assert (made.code, len(token) > 30) == (0, True), made.err
    assert "secret" in made.err
    [row] = shell("calendar", "feed", "list", "--json").json
    assert (row["scope"], row["name"], row["by"], row["revoked_at"]) == ("account", "kr", "alice", None)
    assert token not in shell("calendar", "feed", "list").out
    assert shell("calendar", "feed", "revoke", row["id"], by="bob").code == 4
    assert shell("calendar", "feed", "revoke", row["id"][-6:]).code == 0
    assert shell("calendar", "feed", "list", "--json").json[0]["revoked_at"]
    assert shell("calendar", "feed", "add", "--campaign", "c", "--texts", by="carol").code == 4


def test_a_calendar_is_taken_in_after_a_preview(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "days.ics"
    file.write_bytes(ics("DTSTART;VALUE=DATE:20261201", "DTSTART;VALUE=DATE:20261202\nSTATUS:CANCELLED"))
    words = ["calendar", "import", str(file), "--campaign", "c", "--into", "blackouts", "--kind", "soft"]
    tried = shell(*words, "--dry-run")

    assert tried.code == 6 and "new" in tried.out and "dry run" in tried.err and "cancelled" in tried.err
    assert [shell(*words, "--json").json["lines"][0]["action"] for _ in range(2)] == ["new", "same"]
    assert shell("calendar", "import", str(tmp_path / "none.ics"), *words[3:]).code == 2


def test_a_countrys_holidays_are_told_in_the_readers_language(shell: Shell) -> None:
    korean = shell("calendar", "holidays", "--year", "2019", "--country", "kr", "--lang", "ko", "--json").json
    assert {"day": "2019-10-09", "kind": "holiday", "name": "한글날"} in korean

    russian = shell("calendar", "holidays", "--year", "2024", "--country", "RU", "--lang", "ru")
    assert "2024-04-27" in russian.out and "working_weekend" in russian.out

    assert 2 == shell("calendar", "holidays", "--year", "2024", "--country", "XX").code
    assert 2 == shell("calendar", "holidays", "--year", "1", "--country", "KR").code
