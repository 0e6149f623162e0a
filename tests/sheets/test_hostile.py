"""Files as strangers make them: odd cells are told, bombs are refused, nothing is evaluated."""

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from campaign.core.errors import Invalid
from campaign.sheets import xlsx
from campaign.sheets.read import read_sheet
from campaign.sheets.row import Row

HEAD = ["id", "at", "to", "text.ko", "remarks"]
GOOD = ["P01", datetime(2026, 12, 1, 19, 0), "kr", "안녕", None]  # noqa: DTZ001


def book(file: Path, *rows: list[Any], change: Any = None) -> Path:
    made = Workbook()
    for row in (HEAD, *rows):
        made.active.append(row)
    if change:
        change(made)
    made.save(file)
    return file


def rows_of(file: Path) -> list[Any]:
    return list(read_sheet(file).rows)


def faults(file: Path) -> list[tuple[str, str, str]]:
    return [(one.field, str(one.value), one.rule) for item in rows_of(file) if isinstance(item, tuple) for one in item]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "posts.xlsx"


def packed(file: Path, **parts: str) -> Path:
    """Pack a workbook by hand; a part's name has _ for / and __ for a dot."""
    usual = {
        "xl_workbook__xml": '<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="a" sheetId="1" r:id="x"/></sheets></workbook>',
        "xl_rels_workbook__xml__rels": '<Relationships><Relationship Id="x" Type="a/worksheet" Target="s.xml"/>'
        "</Relationships>",
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, text in (usual | parts).items():
            path = name.replace("__", ".").replace("_", "/").replace("xl/rels/", "xl/_rels/")
            made.writestr(path, text)
    return file


def cells(*rows: str) -> str:
    return f"<worksheet><sheetData>{''.join(rows)}</sheetData></worksheet>"


def inline(*texts: str) -> str:
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts) + "</row>"


def test_a_date_cell_is_a_local_time_and_a_number_is_text(file: Path) -> None:
    [row] = rows_of(book(file, [7, *GOOD[1:]]))

    assert isinstance(row, Row)
    assert (row.id, row.at) == ("7", "2026-12-01 19:00")


def test_a_formula_is_told_and_never_evaluated(file: Path) -> None:
    [(where, value, rule)] = faults(book(file, ["P01", GOOD[1], "kr", '=HYPERLINK("http://x")', None]))

    assert where == "row 2, text.ko"
    assert value == ""
    assert "formula" in rule


def test_an_error_value_is_told(file: Path) -> None:
    [(where, value, _)] = faults(book(file, ["P01", GOOD[1], "kr", "#N/A", None]))

    assert (where, value) == ("row 2, text.ko", "#N/A")


def test_merged_cells_are_told_with_their_range(file: Path) -> None:
    told = faults(book(file, GOOD, ["P02", *GOOD[1:]], change=lambda made: made.active.merge_cells("C2:C3")))

    assert [where for where, _, _ in told] == ["row 2, to", "row 3, to"]
    assert all("C2:C3" in rule for _, _, rule in told)


def test_hidden_rows_and_columns_are_read_and_told(file: Path) -> None:
    def hide(made: Workbook) -> None:
        made.active.row_dimensions[3].hidden = True
        made.active.column_dimensions["D"].hidden = True
        made.create_sheet("more")

    sheet = read_sheet(book(file, GOOD, ["P02", *GOOD[1:]], change=hide))

    assert len(list(sheet.rows)) == 2
    assert [
        word for note in sheet.notes for word in ("hidden rows", "hidden columns", "first sheet") if word in note
    ] == [
        "first sheet",
        "hidden columns",
        "hidden rows",
    ]


def test_old_macs_count_from_1904(file: Path) -> None:
    def change(made: Workbook) -> None:
        made.epoch = CALENDAR_MAC_1904

    [row] = rows_of(book(file, GOOD, change=change))

    assert row.at == "2026-12-01 19:00"


def test_a_time_that_a_spreadsheet_rounds_is_whole_again(file: Path) -> None:
    [row] = rows_of(book(file, ["P01", datetime(2026, 12, 1, 18, 59, 59, 999_700), "kr", "안녕", None]))  # noqa: DTZ001

    assert row.at == "2026-12-01 19:00"


def test_a_date_where_a_text_belongs_is_told(file: Path) -> None:
    [(where, _, rule)] = faults(book(file, [datetime(2026, 1, 1), *GOOD[1:]]))  # noqa: DTZ001

    assert where == "row 2, id"
    assert "as text" in rule


def test_a_value_in_a_column_without_a_name_is_told(file: Path) -> None:
    [(where, value, _)] = faults(book(file, [*GOOD, "stray"]))

    assert (where, value) == ("row 2, column F", "stray")


def test_a_sheet_that_lies_about_its_size_costs_nothing(file: Path) -> None:
    sheet = '<worksheet><dimension ref="A1:XFD1048576"/>' + cells(
        inline("id", "text.ko"), '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>P01</t></is></c></row>'
    ).removeprefix("<worksheet>")
    [row] = rows_of(packed(file, xl_s__xml=sheet))

    assert (row.id, row.where) == ("P01", "row 1048576")


def test_strings_are_read_as_excel_means_them(file: Path) -> None:
    spoken = "<si><r><t>서</t></r><r><t>울</t></r><rPh><t>x</t></rPh></si>"
    shared = f"<sst><si><t>a_x000D_b _x005F_x0041_ _x0041</t></si>{spoken}</sst>"
    sheet = cells(
        inline("id", "text.ko"),
        '<row><c t="s"><v>1</v></c><c t="s"><v>0</v></c></row>',
    )
    [row] = rows_of(packed(file, xl_s__xml=sheet, xl_sharedStrings__xml=shared))

    assert (row.id, row.words["ko"].text) == ("서울", "a\rb _x0041_ _x0041")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
XXE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [BOMB, XXE])
@pytest.mark.parametrize("part", ["xl_s__xml", "xl_sharedStrings__xml", "xl_styles__xml", "xl_workbook__xml"])
def test_a_document_type_is_refused_wherever_it_stands(file: Path, head: str, part: str) -> None:
    parts = {"xl_s__xml": cells(inline("id", "&a;")), part: head + cells(inline("id", "&a;"))}
    with pytest.raises(Invalid, match="document type"):
        rows_of(packed(file, **parts))


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(file: Path) -> None:
    packed(file, xl_s__xml=cells(inline("id")), xl_big__xml=" " * (xlsx.UNPACKED + 1))

    assert file.stat().st_size < 2**21
    with pytest.raises(Invalid, match="256 MiB"):
        read_sheet(file)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK\x03\x04 no zip",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,  # what Excel makes with a password, or .xls
        b"<html>",
    ],
)
def test_what_is_no_workbook_is_told(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    with pytest.raises(Invalid, match="XLSX"):
        rows_of(file)


def test_a_damaged_part_is_told(file: Path) -> None:
    packed(file, xl_s__xml=cells(inline("id", "text.ko"), inline("P01", "안녕" * 500)))
    raw = bytearray(file.read_bytes())
    at = raw.rindex(b"xl/s.xml", 0, raw.index(b"PK\x01\x02")) + 20
    raw[at : at + 8] = b"\xff" * 8
    file.write_bytes(raw)
    with pytest.raises(Invalid, match=r"s\.xml"):
        rows_of(file)


@pytest.mark.parametrize(
    "sheet", ["<worksheet><row>", "<worksheet>" + "<c>" * 3, "", "<row><c t='s'><v>9</v></c></row>"]
)
def test_broken_xml_is_told(file: Path, sheet: str) -> None:
    with pytest.raises(Invalid):
        rows_of(packed(file, xl_s__xml=sheet))


def test_too_many_rows_and_columns_are_named(file: Path, tmp_path: Path) -> None:
    packed(file, xl_s__xml=cells(inline("id", "text.ko"), "<row/>" * 100_001))
    with pytest.raises(Invalid, match="100,000 rows"):
        rows_of(file)
    wide = '<row><c r="ZZZ1"><v>1</v></c></row>'
    with pytest.raises(Invalid, match="500 columns"):
        rows_of(packed(file, xl_s__xml=cells(inline("id", "text.ko"), wide)))
    long = tmp_path / "long.csv"
    long.write_text("id,text.ko\n" + ",\n" * 100_001)
    with pytest.raises(Invalid, match="100,000 rows"):
        rows_of(long)
