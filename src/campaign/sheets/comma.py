"""CSV as Excel writes it: with commas, semicolons or tabs, in UTF-8, UTF-16, Korean cp949 or Russian cp1251."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from campaign.core.errors import Invalid
from campaign.sheets.column import Column, Value, guarded
from campaign.sheets.row import MANY, Row, cell

MAX_BYTES = 128 * 1024 * 1024
LONGEST = 1 << 20  # characters of one cell
_SEPARATORS = ",;\t"


def read_comma(file: Path) -> tuple[list[str], Iterator[tuple[int, Sequence[Value]]]]:
    """Return what is to be known about how a file was read, and its rows with their numbers, the header first.

    A number is that of the row, as a spreadsheet counts: a cell of three lines is in one row.

    Raises:
        Invalid: it cannot be read, is too large, in no encoding that we know, or a quotation has no end.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise Invalid("file", str(file), f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise Invalid("file", file.name, f"is larger than {MAX_BYTES // 2**20} MiB; cut it into several")
    text, notes = _decoded(file.name, raw)
    first, _, rest = text.partition("\n")
    separator = _separator(first)
    if told := re.fullmatch(r'"?sep=(.)"?\r?', first):  # Excel's own line before the header
        separator, text = told[1], rest
    csv.field_size_limit(LONGEST)
    return notes, _rows(file.name, text, separator)


def _rows(name: str, text: str, separator: str) -> Iterator[tuple[int, Sequence[Value]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid("file", name, f"row {number} (line {reader.line_num}) is no CSV: {error}") from None
        if number > MANY + 1:
            raise Invalid("file", name, f"has more than {MANY:,} rows; cut it into several")
        yield number, cells


def _decoded(name: str, raw: bytes) -> tuple[str, list[str]]:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return _strictly(name, raw, encoding), []
    start = raw[:1024]
    if b"\0" in start:  # UTF-16 without its mark: every other byte of what is plain Latin is 0
        big = start[::2].count(0) > start[1::2].count(0)
        return _strictly(name, raw, "utf-16-be" if big else "utf-16-le"), []
    # A text in cp1251 is hardly ever one in cp949: there a Cyrillic letter and a blank or comma are no character.
    for encoding in ("utf-8", "cp949", "cp1251"):
        try:
            return raw.decode(encoding), [] if encoding == "utf-8" else [f"{name} was read as {encoding}"]
        except UnicodeDecodeError:
            continue
    raise Invalid("file", name, "is in no encoding that we know; save it as CSV UTF-8")


def _strictly(name: str, raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Invalid("file", name, f"is no {encoding} (byte {error.start}); save it as CSV UTF-8") from None


def _separator(first: str) -> str:
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_SEPARATORS, key=bare.count)


def write_comma(file: Path, columns: Sequence[Column], rows: Iterable[Row], *, bom: bool = True) -> None:
    """Write rows as CSV, UTF-8.

    Args:
        bom: begin with a byte order mark: without one, Excel reads Korean as cp949.
    """
    with file.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([one.name for one in columns])
        for row in rows:
            writer.writerow([guarded(cell(row, one)) for one in columns])
