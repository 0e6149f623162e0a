"""XLSX, read by a parser of our own.

What comes is hostile: a file may say that it has a million rows of 16,384 columns and hold one, hide
rows, merge cells, hold formulas, and unpack to gigabytes. Only the first sheet is read, row by row, from the XML that
ECMA-376 part 1 (https://ecma-international.org/publications-and-standards/standards/ecma-376/) describes in §18.3 and
§18.4; formulas are not evaluated, macros and links are not looked at, a document type (XXE, entity bombs) is refused.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from campaign.core.errors import Invalid
from campaign.core.schedule import parse_local
from campaign.sheets.column import WIDE, Odd, Value, letters
from campaign.sheets.row import MANY

MAX_BYTES = 64 * 1024 * 1024
UNPACKED = 256 * 1024 * 1024  # bytes of all parts together
CHUNK = 64 * 1024
PARTS = 1000

_BUILT_IN_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))  # ECMA-376 §18.8.30
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_FIRST = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's time has no zone
_FIRST_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - day 0 of what old Macs wrote


class _Parts:
    """The parts of a package, each parsed by expat, with a bound on all bytes that come out."""

    def __init__(self, file: Path) -> None:
        self.name = file.name
        try:
            if file.stat().st_size > MAX_BYTES:
                raise Invalid("file", file.name, f"is larger than {MAX_BYTES // 2**20} MiB; cut it into several")
            self._zip = zipfile.ZipFile(file)
        except OSError as error:
            raise Invalid("file", str(file), f"cannot be read: {error.strerror}") from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            self.broken()
        infos = self._zip.infolist()
        if len(infos) > PARTS or sum(info.file_size for info in infos) > UNPACKED:
            self._zip.close()
            rule = f"unpacks to more than {UNPACKED // 2**20} MiB or {PARTS} parts; cut it into several"
            raise Invalid("file", file.name, rule)
        self.names = {info.filename for info in infos}

    def broken(self, why: str = "it is no XLSX file") -> NoReturn:
        raise Invalid("file", self.name, f"cannot be read as XLSX ({why}); open it and save it as .xlsx again")

    def close(self) -> None:
        self._zip.close()

    def parse(self, part: str, start: Callable[[str, dict[str, str]], None], **handlers: Any) -> Iterator[None]:
        """Parse a part; yield after each chunk, so that what was found can be handed on."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True

        def refuse(*_: Any) -> None:
            self.broken(f"{part} has a document type")

        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler = lambda name, given: start(name.rpartition(" ")[2], given)
        if end := handlers.get("end"):
            parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
        if text := handlers.get("text"):
            parser.CharacterDataHandler = text
        try:
            with self._zip.open(part) as stream:  # it never gives more bytes than it declared
                while chunk := stream.read(CHUNK):
                    parser.Parse(chunk, False)
                    yield
                parser.Parse(b"", True)
                yield
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, KeyError):
            self.broken(f"{part} is damaged, or locked by a password")
        except expat.ExpatError as error:
            self.broken(f"{part}: {error}")

    def mentions(self, part: str, word: bytes) -> bool:
        """Whether these bytes stand in a part."""
        rest = b""
        try:
            with self._zip.open(part) as stream:
                while chunk := stream.read(CHUNK):
                    if word in rest + chunk:
                        return True
                    rest = chunk[-len(word) :]
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, KeyError):
            self.broken(f"{part} is damaged, or locked by a password")
        return False

    def look(self, part: str, start: Callable[[str, dict[str, str]], None], **handlers: Any) -> None:
        """Parse a part to its end, if it is there."""
        if part in self.names:
            for _ in self.parse(part, start, **handlers):
                pass


def read_xlsx(file: Path) -> tuple[list[str], Iterator[tuple[int, Sequence[Value]]]]:
    """Return what is to be known about the file, and the rows of its first sheet with their numbers.

    Cells that are formulas, error values or merged come as Odd. What is known is complete when the rows are at their
    end: hidden rows and columns are read like others, and told.

    Raises:
        Invalid: it is no XLSX file, is damaged, locked, too large, or has too many rows or columns.
    """
    parts = _Parts(file)
    notes: list[str] = []
    return notes, _read(parts, notes)


def _read(parts: _Parts, notes: list[str]) -> Iterator[tuple[int, Sequence[Value]]]:
    try:
        part, title, others, epoch = _first_sheet(parts)
        if others:
            notes.append(f"only the first sheet, {title}, was read")
        strings = _strings(parts)
        sheet = _Sheet(parts, strings, _date_styles(parts), epoch)
        yield from sheet.rows(part)
        notes += sheet.notes
    finally:
        parts.close()


def _first_sheet(parts: _Parts) -> tuple[str, str, bool, datetime]:
    sheets: list[tuple[str, str]] = []
    targets: dict[str, str] = {}
    epoch = [_FIRST]

    def in_book(name: str, given: dict[str, str]) -> None:
        if name == "sheet":
            wanted = next((value for key, value in given.items() if key.endswith("relationships id")), "")
            sheets.append((given.get("name", ""), wanted))
        elif name == "workbookPr" and given.get("date1904", "0") in ("1", "true"):
            epoch[0] = _FIRST_1904

    def in_relations(name: str, given: dict[str, str]) -> None:
        if name == "Relationship" and given.get("Type", "").endswith("/worksheet"):
            targets[given.get("Id", "")] = given.get("Target", "")

    parts.look("xl/workbook.xml", in_book)
    parts.look("xl/_rels/workbook.xml.rels", in_relations)
    for title, wanted in sheets:
        target = targets.get(wanted, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if target and part in parts.names:
            return part, title, len(sheets) > 1, epoch[0]
    parts.broken("it has no sheet")


def _strings(parts: _Parts) -> list[str]:
    found: list[str] = []
    piece: list[str] = []
    state = {"text": False, "reading": 0}

    def start(name: str, _: dict[str, str]) -> None:
        if name == "si":
            piece.clear()
        elif name == "rPh":  # how it is pronounced
            state["reading"] += 1
        elif name == "t":
            state["text"] = not state["reading"]

    def end(name: str) -> None:
        if name == "si":
            found.append(_unescaped("".join(piece)))
        elif name == "rPh":
            state["reading"] -= 1
        elif name == "t":
            state["text"] = False

    def text(data: str) -> None:
        if state["text"]:
            piece.append(data)

    parts.look("xl/sharedStrings.xml", start, end=end, text=text)
    return found


def _date_styles(parts: _Parts) -> frozenset[int]:
    """Return the numbers of the styles that show a number as a date."""
    dates = set(_BUILT_IN_DATES)
    styles: list[int] = []
    state = {"cells": False}

    def start(name: str, given: dict[str, str]) -> None:
        if name == "numFmt" and given.get("numFmtId", "").isdecimal():
            bare = _QUOTED.sub("", given.get("formatCode", "").partition(";")[0]).lower()
            if any(letter in bare for letter in "ymdhs") and "general" not in bare:
                dates.add(int(given["numFmtId"]))
        elif name == "cellXfs":
            state["cells"] = True
        elif name == "xf" and state["cells"]:
            wanted = given.get("numFmtId", "0")
            styles.append(int(wanted) if wanted.isdecimal() else 0)

    def end(name: str) -> None:
        if name == "cellXfs":
            state["cells"] = False

    parts.look("xl/styles.xml", start, end=end)
    return frozenset(number for number, wanted in enumerate(styles) if wanted in dates)


class _Sheet:
    """One sheet on its way through the parser."""

    def __init__(self, parts: _Parts, strings: Sequence[str], dates: frozenset[int], epoch: datetime) -> None:
        self.parts, self.strings, self.dates, self.epoch = parts, strings, dates, epoch
        self.notes: list[str] = []
        self.ready: list[tuple[int, Sequence[Value]]] = []
        self.number, self.taken = 0, 0
        self.cells: list[Value] = []
        self.hidden: list[int] = []
        self.merged: list[str] = []
        self.at, self.kind, self.style = 0, "n", 0
        self.formula, self.inside, self.reading = False, False, 0
        self.piece: list[str] = []
        self.empty: list[int] = []

    def rows(self, part: str) -> Iterator[tuple[int, Sequence[Value]]]:
        merged = self._merged(part)
        for _ in self.parts.parse(part, self.start, end=self.end, text=self.text):
            for number, cells in self.ready:
                yield number, _with_merged(number, cells, merged.get(number, {}))
            self.ready.clear()
        if self.hidden:
            told = ", ".join(map(str, self.hidden[:10])) + (" …" if len(self.hidden) > 10 else "")
            self.notes.append(f"hidden rows were read like others: {told}")

    def _merged(self, part: str) -> dict[int, dict[int, str]]:
        """Return row → column → the range that it is merged into; sought first, for they stand below all rows."""
        found: dict[int, dict[int, str]] = {}

        def start(name: str, given: dict[str, str]) -> None:
            if name != "mergeCell":
                return
            first, _, last = given.get("ref", "").partition(":")
            ends = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
            if not ends[0] or not ends[1]:
                return
            (left, top), (right, bottom) = ((_number(end[1]), int(end[2])) for end in ends if end)
            for row in range(top, min(bottom, top + MANY) + 1):
                for column in range(left, min(right, left + WIDE) + 1):
                    if sum(map(len, found.values())) > 10_000:
                        self.parts.broken("it has too many merged cells")
                    found.setdefault(row, {})[column] = given["ref"]

        # Parsing it twice would cost the time of reading it: most sheets have none, which their bytes tell.
        if self.parts.mentions(part, b"mergeCell "):
            self.parts.look(part, start)
        return found

    def start(self, name: str, given: dict[str, str]) -> None:
        match name:
            case "row":
                told = given.get("r", "")
                self.number = int(told) if told.isdecimal() else self.number + 1
                self.cells, self.at = [], 0
                if given.get("hidden", "0") in ("1", "true"):
                    self.hidden.append(self.number)
                self.taken += 1
                if self.taken > MANY + 1:
                    rule = f"has more than {MANY:,} rows; cut it into several"
                    raise Invalid("file", self.parts.name, rule)
            case "c":
                place = _REFERENCE.fullmatch(given.get("r", ""))
                self.at = _number(place[1]) if place else self.at + 1
                self.kind, self.formula = given.get("t", "n"), False
                style = given.get("s", "0")
                self.style = int(style) if style.isdecimal() else 0
                self.piece.clear()
            case "f":
                self.formula = True
            case "rPh":
                self.reading += 1
            case "v":
                self.inside = True
            case "t":
                self.inside = not self.reading
            case "col" if given.get("hidden", "0") in ("1", "true"):
                first = given.get("min", "1")
                name = letters(int(first)) if first.isdecimal() and int(first) < 20_000 else "?"
                self.notes.append(f"hidden columns were read like others: from {name}")

    def end(self, name: str) -> None:
        match name:
            case "v" | "t":
                self.inside = False
            case "rPh":
                self.reading -= 1
            case "c":
                self._close()
            case "row":
                self.ready.append((self.number, self.cells))

    def text(self, data: str) -> None:
        if self.inside:
            self.piece.append(data)

    def _close(self) -> None:
        raw = "".join(self.piece)
        if not raw and not self.formula:
            return
        if self.at > WIDE:
            rule = f"has a value in column {letters(self.at)} of row {self.number}; at most {WIDE} columns are taken"
            raise Invalid("file", self.parts.name, rule)
        cells = self.cells
        cells += [None] * (self.at - len(cells))
        cells[self.at - 1] = self._value(raw)

    def _value(self, raw: str) -> Value:
        if self.formula:
            return Odd(raw, "is a formula, and none is evaluated here; copy it and paste it as a value")
        match self.kind:
            case "s":
                number = int(raw) if raw.isdecimal() else -1
                return (
                    self.strings[number]
                    if 0 <= number < len(self.strings)
                    else self.parts.broken("a string is missing")
                )
            case "inlineStr" | "str":
                return _unescaped(raw)
            case "b":
                return "true" if raw in ("1", "true") else "false"
            case "e":
                return Odd(raw, "is an error value; mend the cell")
            case "d":
                try:
                    return parse_local("cell", raw.rstrip("Z").partition(".")[0])
                except Invalid:
                    return raw
        return self._numeric(raw)

    def _numeric(self, raw: str) -> Value:
        try:
            value = float(raw)
            if self.style in self.dates:
                return self.epoch + timedelta(seconds=round(value * 86400, 3))
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        except (ValueError, OverflowError):
            return Odd(raw, "is no number that a date can have; write it as text")


def _with_merged(number: int, cells: Sequence[Value], merged: dict[int, str]) -> Sequence[Value]:
    if not merged:
        return cells
    rule = "is part of the merged cells {}, of which only the first holds a value; unmerge them"
    made = [*cells, *[None] * (max(merged) - len(cells))]
    for column, where in merged.items():
        made[column - 1] = Odd(str(made[column - 1] or ""), rule.format(where))
    return made


def _number(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number


def _unescaped(text: str) -> str:
    """Return a string of the file as it is meant: _x000D_ is a character. ECMA-376 part 1, §22.4.2.4 (bstr)."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
