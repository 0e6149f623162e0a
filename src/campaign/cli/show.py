"""Answers: data on standard output, as tables for people or one JSON value; messages on standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

_WIDE = 100_000  # characters: no table of ours is wider, so nothing is cut where no terminal asks for it


def data(value: object) -> None:
    """Print one JSON value."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say(message: str) -> None:
    """Tell the person something that is no data."""
    print(clean(message), file=sys.stderr)


def line(text: str) -> None:
    """Print one line of data."""
    print(clean(text))


def table(
    heads: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "", breaks: Sequence[str] | None = None
) -> None:
    """Print rows: framed on a terminal; else aligned and whole, a line a row.

    Args:
        breaks: the columns that give way on a narrow terminal; None: any.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    people = sys.stdout.isatty()
    grid = Table(
        box=box.SIMPLE_HEAD if people else None,
        pad_edge=people,
        padding=(0, 1) if people else (0, 2, 0, 0),
        header_style="bold" if people else "",
    )
    for head in heads:
        grid.add_column(head, overflow="fold", no_wrap=not people or (breaks is not None and head not in breaks))
    for row in rows:
        cells = (cell(value) for value in row)
        grid.add_row(*(Text(text if people else text.replace("\n", " ")) for text in cells))
    console = Console(file=sys.stdout, highlight=False) if people else Console(width=_WIDE, color_system=None)
    if title:
        line(title)
    if people:
        console.print(grid)
        return
    with console.capture() as caught:
        console.print(grid)
    print("\n".join(text.rstrip() for text in caught.get().splitlines()))


def fields(pairs: Mapping[str, object]) -> None:
    """Print names and values, a line each."""
    width = max(map(len, pairs))
    for name, value in pairs.items():
        text = cell(value).replace("\n", "\n" + " " * (width + 2))
        print(f"{name:<{width}}  {text}")


def cell(value: object) -> str:
    """Return a value as it stands in a table; what is missing is a dash and never 0."""
    match value:
        case None | "":
            return "–"
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{key}: {clean(str(item))}" for key, item in value.items()) or "–"
        case list() | tuple() | set() | frozenset():
            return ", ".join(clean(str(item)) for item in value) or "–"
    return clean(str(value))


@contextmanager
def bar(word: str) -> Iterator[Callable[[int, int | None], None]]:
    """Draw a bar on standard error where a person looks on; else nothing."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(word, total=None)
        yield lambda done, of: drawn.update(task, completed=done, total=of)


_SHOWN = "\u00a0\u202f\u2009\u3000\u200d\ufe0f"  # Russian sets the first two everywhere, emoji need the last two


def clean(text: str) -> str:
    """Return a text without what would steer a terminal: a platform's words are shown, never obeyed."""
    return "".join(c if c in "\n\t" or c.isprintable() or c in _SHOWN else "�" for c in text)


def iso(moment: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC with Z."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def plain(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return these fields of a row as plain JSON."""
    return {name: iso(row[name]) if isinstance(row[name], datetime) else _plain(row[name]) for name in names}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | set | frozenset) else value
