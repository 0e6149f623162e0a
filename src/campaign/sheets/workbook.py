"""Workbooks that are written: rows of posts as XLSX, by XlsxWriter."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from campaign.core.errors import Invalid
from campaign.core.schedule import parse_local
from campaign.sheets.column import Column, guarded
from campaign.sheets.row import Row, cell

_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
LONGEST = 32_767  # UTF-16 units of a cell, as Excel has it


def write_xlsx(file: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write rows as XLSX with a frozen header; times are dates that can be counted with. Memory stays as it is.

    Raises:
        Invalid: XlsxWriter is not installed, or a text is longer than a cell may be.
    """
    made = workbook(file, constant_memory=True)
    sheet = made.add_worksheet("Posts", worksheet_class=_worksheet())
    bold, dated = made.add_format({"bold": True}), made.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.freeze_panes(1, 1)
    for number, one in enumerate(columns):
        sheet.set_column(number, number, {"text": 50, "alt": 30, "id": 12, "at": 17, "utc": 20}.get(one.kind, 14))
        sheet.write_string(0, number, one.name, bold)
    try:
        for line, row in enumerate(rows, 1):
            for number, one in enumerate(columns):
                value = cell(row, one)
                if one.kind == "at" and (moment := _moment(value)):
                    sheet.write_datetime(line, number, moment, dated)
                elif value:
                    if len(value.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST - 1:
                        rule = f"is longer than the {LONGEST:,} characters of a cell; export as CSV or YAML"
                        raise Invalid(f"post {row.id}, {one.name}", value, rule)
                    sheet.write_string(line, number, guarded(value))
    finally:
        made.close()


def _worksheet() -> type:
    """Return a class of worksheets that escape a text as it is read.

    XlsxWriter leaves the second of two escapes that share an underscore (_x0041_x0041_) as it is, so that it would be
    read as a character. ECMA-376 part 1, §22.4.2.4 (bstr).
    """
    from xlsxwriter.worksheet import Worksheet

    class Escaping(Worksheet):  # type: ignore[misc]
        @staticmethod
        def _escape_control_characters(data: str) -> str:
            return _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", _ESCAPE.sub("_x005F_", data))

    return Escaping


def workbook(file: Path, **options: Any) -> Any:
    """Open a workbook to write, in which a text is a text. Raises: Invalid, when XlsxWriter is not installed."""
    try:
        import xlsxwriter
    except ModuleNotFoundError:
        raise Invalid("file", file.name, "XLSX needs a package: pip install 'campaign[xlsx]', or write CSV") from None
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    # Without a time of its own a file would never be the same twice.
    made = xlsxwriter.Workbook(str(file), {**plain, **options})
    made.set_properties({"title": "Posts", "created": datetime(2000, 1, 1, tzinfo=UTC)})
    return made


def _moment(value: str) -> datetime | None:
    try:
        found = parse_local("at", value)
    except Invalid:
        return None
    return found if found.year > 1900 else None
