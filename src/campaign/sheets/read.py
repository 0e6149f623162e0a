"""Read a sheet, whatever kind of file it is: each post a row, or what is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from campaign.core.errors import Invalid, ManyInvalid
from campaign.sheets.column import TOLD, Column, Value, head
from campaign.sheets.comma import read_comma
from campaign.sheets.row import Row, at_row, take
from campaign.sheets.xlsx import read_xlsx
from campaign.sheets.yaml import read_posts

KINDS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".yaml", ".yml", ".json")


@dataclass
class Sheet:
    """A sheet that is being read.

    Attributes:
        rows: each a post, or its findings: which row and column, which value, which rule.
        notes: what a person should know about the reading; complete when the rows are at their end.
    """

    rows: Iterator[Row | tuple[Invalid, ...]]
    notes: list[str] = field(default_factory=list)


def read_sheet(file: Path) -> Sheet:
    """Open a sheet of posts: CSV, XLSX, YAML or JSON, by the file's suffix; one post a row.

    Raises:
        Invalid: it cannot be read, or its first row names columns that posts do not have. While rows are read: it is
            damaged further on, or has too many.
    """
    match file.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            notes, rows = read_comma(file)
        case ".xlsx" | ".xlsm":
            notes, rows = read_xlsx(file)
        case ".yaml" | ".yml" | ".json":
            return Sheet(iter(read_posts(file)))
        case other:
            known = ", ".join(kind for kind in KINDS if kind not in (".txt", ".xlsm", ".yml"))
            hint = "; save it as .xlsx" if other in (".xls", ".xlsb", ".ods", ".numbers") else ""
            raise Invalid("file", file.name, f"must be one of: {known}{hint}")
    return _of_cells(file, notes, rows)


def _of_cells(file: Path, notes: list[str], rows: Iterator[tuple[int, Sequence[Value]]]) -> Sheet:
    first: Sequence[Value] = ()
    for _number, cells in rows:
        if _is_full(cells):
            first = cells
            break
    else:
        raise Invalid("file", file.name, "is empty: its first row names the columns (id, at, to, text.ko …)")
    columns = head(first)
    if told := [one.name for one in columns if one is not None and one.kind in TOLD]:
        notes.append(f"for people to read, and not taken: {', '.join(told)}")
    return Sheet(_taken(columns, rows), notes)


def _taken(
    columns: Sequence[Column | None], rows: Iterator[tuple[int, Sequence[Value]]]
) -> Iterator[Row | tuple[Invalid, ...]]:
    for number, cells in rows:
        if not _is_full(cells):
            continue
        where = f"row {number}"
        try:
            yield take(columns, cells, where)
        except ManyInvalid as error:
            yield tuple(at_row(where, error))


def _is_full(cells: Sequence[Value]) -> bool:
    return any(cell is not None and (not isinstance(cell, str) or cell.strip()) for cell in cells)
