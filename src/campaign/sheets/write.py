"""Write a sheet, whatever kind of file it is to be; it is there whole, or not at all."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from campaign.core.errors import Invalid
from campaign.sheets.comma import write_comma
from campaign.sheets.row import Row, columns_for
from campaign.sheets.workbook import write_xlsx
from campaign.sheets.yaml import write_json, write_yaml

KINDS = (".csv", ".xlsx", ".yaml", ".yml", ".json")


def demand_kind(file: Path) -> None:
    """Check that a file's suffix names a kind that is written. Raises: Invalid."""
    if file.suffix.lower() not in KINDS:
        raise Invalid("file", file.name, "must end in .csv, .xlsx, .yaml or .json: that says what is written")


def write_sheet(file: Path, rows: Sequence[Row], langs: Sequence[str], *, bom: bool = True) -> None:
    """Write rows as CSV, XLSX, YAML or JSON, by the file's suffix. A crash leaves a .part file beside it.

    Args:
        langs: whose columns stand there in any case, in this order.
        bom: of CSV: begin with a byte order mark, which Excel needs to read Korean.

    Raises:
        Invalid: the suffix is another one, the folder is not there, or a text is too long for a cell.
    """
    demand_kind(file)
    try:
        descriptor, name = tempfile.mkstemp(suffix=f".part{file.suffix.lower()}", dir=file.parent)
    except OSError as error:
        raise Invalid("file", str(file), f"cannot be written: {error.strerror}") from None
    os.close(descriptor)
    part = Path(name)
    try:
        match file.suffix.lower():
            case ".csv":
                write_comma(part, columns_for(rows, langs), rows, bom=bom)
            case ".xlsx":
                write_xlsx(part, columns_for(rows, langs), rows)
            case ".json":
                write_json(part, rows)
            case _:
                write_yaml(part, rows)
        part.chmod(0o640)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
