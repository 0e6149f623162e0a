"""import and export at the command line: what is told, exit codes, the sample, JSON."""

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook
from tests.conftest import World, picture_file

from .conftest import Shell, rows

HEAD = ["id", "at", "to", "text.ko"]
GOOD = ["P01", "2026-12-01 19:00", "kr", "안녕하세요"]
BAD = ["P02", "2026-12-99", "kr", "글"]


def sheet(file: Path, *lines: list[str], head: list[str] = HEAD) -> str:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *lines])
    return str(file)


def test_a_sheet_is_tried_taken_and_the_same_again(shell: Shell, world: World, tmp_path: Path) -> None:
    file = sheet(tmp_path / "posts.csv", GOOD)
    before = rows(world)
    tried = shell("import", file, "--campaign", "c", "--dry-run")

    assert (tried.code, tried.out.strip()) == (0, "1 new (dry run: nothing was changed)")
    assert rows(world) == before
    taken = shell("import", file, "--campaign", "c", "--json").json
    assert (taken["counts"], taken["kept"]) == ({"new": 1}, True)
    assert shell("import", file, "--campaign", "c").out.strip() == "1 same: nothing was changed"


def test_rows_that_cannot_be_taken_are_told_and_keep_the_rest_out(shell: Shell, world: World, tmp_path: Path) -> None:
    file = sheet(tmp_path / "posts.csv", GOOD, BAD)
    before = rows(world)
    said = shell("import", file, "--campaign", "c")

    assert said.code == 2
    assert [word for word in ("row 3", "P02", "wrong", "at", "2026-12-99", "YYYY-MM-DD") if word not in said.out] == []
    assert said.out.strip().endswith("1 new, 1 wrong: nothing was changed")
    assert rows(world) == before
    [row] = [row for row in shell("import", file, "--campaign", "c", "--json").json["rows"] if row["what"] == "wrong"]
    assert (row["row"], row["id"]) == ("row 3", "P02")
    assert (row["errors"][0]["column"], row["errors"][0]["value"]) == ("at", "2026-12-99")
    assert shell("import", file, "--campaign", "c", "--only-good").code == 6
    assert shell("post", "show", "P01", "--json").json["texts"]["ko"]["text"] == "안녕하세요"


def test_what_stands_against_a_change_is_a_conflict(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    shell("import", sheet(file, GOOD), "--campaign", "c")
    shell("post", "approve", "P01", by="bob")
    shell("post", "cancel", "P01")
    said = shell("import", sheet(file, [*GOOD[:3], "다른 말"]), "--campaign", "c")

    assert said.code == 5
    assert "conflict" in said.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["import"], 2, "--sample"),
        (["import", "/no/such.csv", "--campaign", "c"], 2, "/no/such.csv"),
        (["import", "posts.xls", "--campaign", "c"], 2, ".xlsx"),
        (["import", "--sample", "a.xlsx"], 2, "--campaign"),
        (["import", "--sample", "a.csv", "--campaign", "c"], 2, ".xlsx"),
        (["export", "a.txt", "--campaign", "c"], 2, ".yaml"),
        (["export", "/no/such/a.csv", "--campaign", "c"], 2, "written"),
        (["export", "a.csv", "--campaign", "none"], 3, "none"),
        (["export", "a.csv", "--campaign", "c", "--lang", "xx"], 2, "ko, ru, en"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(shell: Shell, words: list[str], code: int, said: str) -> None:
    answer = shell(*words)

    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_a_header_that_no_post_has_names_the_nearest(shell: Shell, tmp_path: Path) -> None:
    said = shell("import", sheet(tmp_path / "a.csv", GOOD, head=["id", "at", "to", "txt.ko"]), "--campaign", "c")

    assert said.code == 2
    assert "did you mean text.ko" in said.err


def test_a_sample_explains_itself_and_can_be_taken(shell: Shell, world: World, tmp_path: Path) -> None:
    shell(
        "leg",
        "add",
        "--campaign",
        "c",
        "--id",
        "moscow",
        "--tz",
        "Europe/Moscow",
        "--from",
        "2026-12-01",
        "--to",
        "2026-12-05",
    )
    file = tmp_path / "sample.xlsx"
    assert shell("import", "--sample", str(file), "--campaign", "c").code == 0
    book = load_workbook(file)
    heads = [cell.value for cell in book["Posts"][1]]
    lists = {str(rule.sqref).split("2:")[0]: rule.formula1 for rule in book["Posts"].data_validations.dataValidation}

    assert heads[:5] == ["id", "at", "tz", "leg", "to"]
    assert {"text.ko", "text.ru", "text.en", "media1", "alt1.ru"} <= set(heads)
    assert lists["E"] == '"kr"'
    assert lists["F"] == '"split,combined,thread,native"'
    assert book["Posts"]["B2"].is_date
    assert {row[0].value for row in book["Columns"].iter_rows(min_row=2)} >= {
        "id",
        "at",
        "text.ko",
        "media1",
        "alt1.ko",
    }
    told = shell("import", str(file), "--campaign", "c", "--json").json
    assert told["counts"] == {"new": 3}, told


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".yaml", ".json"])
def test_what_is_exported_is_taken_as_the_same(shell: Shell, tmp_path: Path, suffix: str) -> None:
    picture_file(tmp_path / "a.png")
    shell("post", "add", "--campaign", "c", "--id", "P01", "--text", "ko=@@안녕", "--media", str(tmp_path / "a.png"),
          "--alt", "ko=그림", "--at", "2026-12-01 19:00", "--to", "kr", "--tags", "ko=#평화")  # fmt: skip
    file = tmp_path / f"out{suffix}"
    told = shell("export", str(file), "--campaign", "c", "--media", str(tmp_path / "files"), "--json")

    assert told.json == {"file": str(file), "posts": 1, "media": 1}
    assert [path.suffix for path in (tmp_path / "files").iterdir()] == [".png"]
    assert shell("import", str(file), "--campaign", "c", "--json").json["counts"] == {"same": 1}


def test_an_export_in_xlsx_has_times_that_can_be_counted_with(shell: Shell, tmp_path: Path) -> None:
    shell("import", sheet(tmp_path / "a.csv", ["P01", "2026-12-01 19:00", "kr", "=1+1"]), "--campaign", "c")
    file = tmp_path / "out.xlsx"
    shell("export", str(file), "--campaign", "c")
    page = load_workbook(file)["Posts"]
    cells = dict(zip([cell.value for cell in page[1]], page[2], strict=True))

    assert cells["at"].is_date
    assert cells["utc"].value == "2026-12-01T10:00Z"
    assert cells["text.ko"].value == "'=1+1"
    assert cells["state"].value == "not enqueued"
    assert page.freeze_panes == "B2"


def test_a_csv_is_read_by_korean_excel_unless_told_otherwise(shell: Shell, tmp_path: Path) -> None:
    shell("import", sheet(tmp_path / "a.csv", GOOD), "--campaign", "c")
    file = tmp_path / "out.csv"
    shell("export", str(file), "--campaign", "c")
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    shell("export", str(file), "--campaign", "c", "--no-bom")
    assert file.read_bytes().startswith(b"id,")
