"""CSV as Excel writes it in Seoul and Moscow."""

from pathlib import Path
from typing import Any

import pytest

from campaign.core.errors import Invalid
from campaign.sheets.read import read_sheet

TEXT = "번호{0}시각{0}계정{0}본문.ko\r\nP01{0}2026-12-01 19:00{0}kr{0}똠방각하, 안녕\r\n"
QUOTED = TEXT.replace("똠방각하, 안녕", '"똠방각하, 안녕"')


def only(file: Path, raw: bytes) -> Any:
    file.write_bytes(raw)
    [row] = read_sheet(file).rows
    return row


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"])
def test_korean_excel_is_read(tmp_path: Path, separator: str, encoding: str) -> None:
    row = only(tmp_path / "a.csv", QUOTED.format(separator).encode(encoding))

    assert (row.id, row.at, row.to, row.words["ko"].text) == ("P01", "2026-12-01 19:00", ("kr",), "똠방각하, 안녕")


def test_russian_excel_is_read(tmp_path: Path) -> None:
    text = "номер;время;аккаунты;текст.ru\r\nP01;01.12.2026 19:00;ru;Мы едем в Иркутск, во Владивосток и в Москву\r\n"
    file = tmp_path / "a.csv"
    row = only(file, text.encode("cp1251"))

    assert (row.id, row.at) == ("P01", "2026-12-01 19:00")
    assert row.words["ru"].text == "Мы едем в Иркутск, во Владивосток и в Москву"
    assert read_sheet(file).notes == ["a.csv was read as cp1251"]


def test_excels_own_line_before_the_header_is_known(tmp_path: Path) -> None:
    assert only(tmp_path / "a.csv", ("sep=;\r\n" + TEXT.format(";")).encode()).id == "P01"


def test_a_cell_may_hold_lines_and_quotations(tmp_path: Path) -> None:
    row = only(tmp_path / "a.csv", 'id,text.ko\r\nP01,"하나\n\n""둘"""\r\n'.encode())

    assert row.words["ko"].text == '하나\n\n"둘"'


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'id,text.ko\nP01,"no end', "row 2"),
        (b"", "is empty"),
        (b"\n,,\n", "is empty"),
        (b"\xff\xfe\x00", "utf-16"),
        (b"id,text.ko\nP01,\x98 ", "encoding"),
        (b"text.ko\nx", "no column id"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, raw: bytes, said: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(raw)
    with pytest.raises(Invalid, match=said):
        list(read_sheet(file).rows)


def test_a_file_of_another_kind_names_those_that_are_read(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"save it as \.xlsx"):
        read_sheet(tmp_path / "a.xls")
