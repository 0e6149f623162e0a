"""The glossary at the command line: added to, changed, brought from a sheet, and kept from who may not."""

from pathlib import Path

from .conftest import Shell

ADD = ["glossary", "add", "Владивосток", "--form", "ko=블라디보스토크", "--forbid", "ko=블라디보스톡"]


def test_a_term_is_added_changed_and_taken_away(shell: Shell) -> None:
    assert 0 == shell(*ADD, "--form", "ru=Владивосток|Владивосток*", "--note", "во Владивостоке").code
    assert 5 == shell(*ADD).code

    edited = shell(
        "glossary", "edit", "Владивосток", "--form", "en=Vladivostok", "--forbid", "ru=Владивасток", "--json"
    )
    assert {"ko", "ru", "en"} == edited.json["forms"].keys()
    assert {"text": "Владивосток", "stems": ["Владивосток*"], "forbidden": ["Владивасток"]} == edited.json["forms"][
        "ru"
    ]
    assert ["블라디보스톡"] == edited.json["forms"]["ko"]["forbidden"]
    assert "во Владивостоке" == edited.json["note"]

    assert ["ko", "ru"] == sorted(shell("glossary", "edit", "Владивосток", "--form", "en=", "--json").json["forms"])
    assert "Владивосток" in shell("glossary", "list").out
    assert 0 == shell("glossary", "remove", "Владивосток").code
    assert [] == shell("glossary", "list", "--json").json


def test_a_campaign_s_own_term_stands_before_that_of_all(shell: Shell) -> None:
    shell(*ADD)
    shell("glossary", "add", "Владивосток", "--form", "ko=해삼위", "--campaign", "c")

    [kept] = shell("glossary", "list", "--campaign", "c", "--json").json
    assert ("c", "해삼위") == (kept["campaign"], kept["forms"]["ko"]["text"])
    assert 2 == len(shell("glossary", "list", "--json").json)


def test_what_is_exported_is_imported_without_a_change(shell: Shell, tmp_path: Path) -> None:
    shell(*ADD)
    shell("glossary", "add", "I·SEOUL·U", "--form", "ko=I·SEOUL·U", "--keep", "--until", "2023")
    file = tmp_path / "terms.csv"
    assert 0 == shell("glossary", "export", str(file)).code

    assert ["I·SEOUL·U", "Владивосток"] == shell("glossary", "import", str(file), "--json").json["same"]
    shell("glossary", "remove", "Владивосток")
    tried = shell("glossary", "import", str(file), "--dry-run", "--json").json
    assert (["Владивосток"], True) == (tried["added"], tried["dry_run"])
    assert 1 == len(shell("glossary", "list", "--json").json)
    assert "1 terms added" in shell("glossary", "import", str(file)).out
    assert file.read_bytes().decode("utf-8-sig") == shell("glossary", "export").out


def test_a_row_that_is_wrong_keeps_the_others_out(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    file.write_text("term,ko\nа,가\nб,\n", encoding="utf-8")
    refused = shell("glossary", "import", str(file))

    assert (2, True) == (refused.code, "row 3" in refused.err)
    assert [] == shell("glossary", "list", "--json").json


def test_who_only_reads_or_approves_keeps_no_glossary(shell: Shell) -> None:
    assert 4 == shell(*ADD, by="carol").code
    assert 4 == shell(*ADD, by="bob").code
    assert 2 == shell("glossary", "add", "x", "--forbid", "ko=글").code
