"""What is written as XLSX: texts stay texts, a text that is too long is told, and so is a missing package."""

import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from campaign.core.errors import Invalid
from campaign.sheets.read import read_sheet
from campaign.sheets.row import Row, Words
from campaign.sheets.write import write_sheet


def a_row(text: str) -> Row:
    return Row("", "P01", "2026-12-01 19:00", "Asia/Seoul", ("kr",), {"ko": Words(text, "", (), "")})


def test_a_formula_a_number_and_a_link_are_written_as_texts(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    write_sheet(file, [a_row("=1+1"), a_row("42"), a_row("https://example.org/")], ("ko",))
    page = load_workbook(file)["Posts"]
    column = next(cell.column for cell in page[1] if cell.value == "text.ko")
    cells = [page.cell(row, column) for row in (2, 3, 4)]

    assert [(cell.data_type, cell.value) for cell in cells] == [
        ("s", "'=1+1"),
        ("s", "42"),
        ("s", "https://example.org/"),
    ]
    assert all(cell.hyperlink is None for cell in cells)


def test_two_escapes_that_share_a_sign_are_read_as_they_were(tmp_path: Path) -> None:
    texts = ["_x0041_x0042_ _x005F_x005F_", "\ufffe\uffff", "_x0041", "__x000D__"]
    write_sheet(tmp_path / "a.xlsx", [a_row(text) for text in texts], ("ko",))

    assert [row.words["ko"].text for row in read_sheet(tmp_path / "a.xlsx").rows if isinstance(row, Row)] == texts


def test_a_text_that_no_cell_holds_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"post P01, text\.ko .*: is longer than the 32,767 characters of a cell"):
        write_sheet(tmp_path / "a.xlsx", [a_row("가" * 32_768)], ("ko",))

    assert list(tmp_path.iterdir()) == []
    write_sheet(tmp_path / "a.csv", [a_row("가" * 32_768)], ("ko",))


def test_without_its_package_the_error_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['xlsxwriter'] = None\n"
        "from pathlib import Path\n"
        "from campaign.sheets.write import write_sheet\n"
        f"write_sheet(Path({str(tmp_path / 'a.xlsx')!r}), [], ('ko',))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "pip install 'campaign[xlsx]'" in done.stderr
    assert list(tmp_path.iterdir()) == []
