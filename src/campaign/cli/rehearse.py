"""A rehearsal of a campaign on twins of its accounts: where and when what would go out, and what would not."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line, say, table

if TYPE_CHECKING:
    from campaign.demo.rehearsal.outcome import Line, Rehearsal


def rehearse_it(
    name: Annotated[str, Parameter(name="CAMPAIGN")],
    /,
    *,
    starts: Annotated[str | None, Parameter(name="--from")] = None,
    drafts: bool = False,
    here: Here = HERE,
) -> int:
    """Run a campaign on twins of its accounts.

    Args:
        name: The campaign's id.
        starts: When it begins, YYYY-MM-DD or YYYY-MM-DD HH:MM in the campaign's zone; else now.
        drafts: Take what is not approved yet for approved.
    """
    from campaign.demo.rehearse import rehearse

    with _ending_calmly(), _progress() as show:
        found = rehearse(here.settings(), name, starts=starts, drafts=drafts, show=show)
    if here.json:
        data(found.plain())
    else:
        _tell(found)
    return found.exit_code


@contextmanager
def _ending_calmly() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C: the stage holds texts that are not out yet, and is taken away then, too."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_sign: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(found: "Rehearsal") -> None:
    if found.drafts:
        line("Drafts are taken for approved. For real they wait for their approval.")
    if found.lines:
        _plan(found)
        stopped = [entry for entry in found.lines if entry.standing not in ("published", "not rehearsed")]
        _list("Not in time, or not at all", [_why(entry) for entry in stopped])
        _list("Not rehearsed", [_why(entry) for entry in found.lines if entry.standing == "not rehearsed"])
        moved = [entry for entry in found.lines if entry.moved_because]
        _list("Moved", [f"{entry.name}: {entry.moved_because}" for entry in moved])
    else:
        line(f"Nothing of campaign {found.campaign} is left to go out: there is nothing to rehearse.")
    _list(
        "Rate limits that would be exceeded",
        [
            f"{breach.account}: {breach.wanted} {breach.what} from {breach.starts:%Y-%m-%d %H:%M} to "
            f"{breach.ends:%H:%M} UTC, {breach.over} more than its {breach.budget}"
            for breach in found.breaches
        ],
    )
    _list("Remarks", [f"{remark.kind}: {remark.text}" for remark in found.remarks])
    _list("Left out", found.left_out)
    if found.lines:
        number, states = len(found.lines), ", ".join(f"{count} {state}" for state, count in found.tally.items())
        verdict = "all would go out in time" if found.exit_code == 0 else "not all would go out in time"
        if all(entry.standing == "not rehearsed" for entry in found.lines):
            verdict = "nothing could be rehearsed"
        line(f"\n{number} deliver{'y' if number == 1 else 'ies'}: {states}; {verdict}")
        say(f"rehearsed in {found.seconds:g} s; nothing was sent to a real host")


def _plan(found: "Rehearsal") -> None:
    """Show where and when, a line a delivery."""
    elsewhere = any(entry.zone != found.zone for entry in found.lines)
    rows = []
    for entry in found.lines:
        plain = entry.plain()
        local, home = plain["local"][:16], plain["home"][:16]
        text = f"{entry.length}/{entry.limit}" + (f" +{entry.media}" if entry.media else "")
        part = f" {entry.part}/{entry.parts}" if entry.parts > 1 else ""
        rows.append(
            [
                entry.post + part,
                *([f"{local}\n{entry.zone}", _beside(home, local)] if elsewhere else [home]),
                _beside(f"{entry.due_at:%Y-%m-%d %H:%M}", local),
                f"{entry.account} {'+'.join(entry.langs)}",
                text,
                entry.standing,
            ]
        )
    zones = ["local time", found.zone] if elsewhere else [found.zone]
    table(["post", *zones, "UTC", "to", "text", "state"], rows, breaks=["local time", "to"])


def _beside(time: str, other: str) -> str:
    """Return a time as it stands beside another: without the day where that is the same."""
    day, _, clock = time.partition(" ")
    return clock if other.startswith(day) else time.removeprefix(other[:5])


def _why(entry: "Line") -> str:
    by = {"check": " by our check", "twin": " by the twin", None: ""}[entry.refused_by]
    return f"{entry.name}: {entry.standing}{by}: {entry.why}"


def _list(title: str, items: "tuple[str, ...] | list[str]") -> None:
    if items:
        line(f"\n{title}:")
        for item in items:
            line(f"  {item}")


@contextmanager
def _progress() -> "Iterator[Callable[[int, int, datetime], None]]":
    """Show a bar on standard error where a person looks, and nothing where a program reads."""
    if not sys.stderr.isatty():
        yield lambda settled, total, now: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("the twins start", total=None)

        def show(settled: int, total: int, now: datetime) -> None:
            bar.update(task, completed=settled, total=total, description=f"{now:%Y-%m-%d %H:%M} UTC")

        yield show
