"""Many posts at once: a sheet comes in, a sheet goes out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from campaign.cli.here import HERE, Here
from campaign.cli.show import bar, data, line, say, table
from campaign.core.errors import Invalid
from campaign.service.export import export
from campaign.service.export import sample as write_a_sample
from campaign.service.load import Loaded, Seen, gist, load

SHOWN = 200  # rows of a table that a person reads


def import_it(
    file: Annotated[Path | None, Parameter(name="FILE")] = None,
    /,
    *,
    campaign: str | None = None,
    dry_run: bool = False,
    only_good: bool = False,
    media: Path | None = None,
    sample: Path | None = None,
    here: Here = HERE,
) -> int:
    """Take posts from a sheet: CSV, XLSX, YAML or JSON.

    Example: campaign import posts.xlsx --campaign peace-2019 --dry-run

    Args:
        file: The sheet. One post a row, all its languages in it; `--sample` writes one to begin with.
        campaign: Where rows belong that name no campaign.
        dry_run: Say what each row would do, and change nothing.
        only_good: Keep the rows that can be kept, though others cannot.
        media: The folder that files of media are relative to; by default the sheet's own.
        sample: Write a sample sheet (.xlsx) for the campaign instead.
    """
    from campaign.net.fetch import fetch  # the HTTP stack is loaded by what uses it

    with here.opened() as app:
        by = here.person(app)
        if sample is not None:
            if not campaign:
                raise Invalid("campaign", "", "is missing: a sample has the columns of a campaign; give --campaign")
            write_a_sample(app, sample, campaign_name=campaign)
            line(f"a sample is written to {sample}; its sheet Columns says what each column means")
            return 0
        if file is None:
            raise Invalid("FILE", "", "is missing: name the sheet, or ask for one with --sample FILE.xlsx")
        with _bar() as told:
            loaded = load(
                app, file, by=by, campaign_name=campaign, folder=media, dry_run=dry_run, only_good=only_good,
                fetch=partial(fetch, limit=app.media.limit), progress=told,
            )  # fmt: skip
    _tell(here, loaded, dry_run=dry_run)
    return _code(loaded)


def _code(loaded: Loaded) -> int:
    if loaded.is_good:
        return 0
    if loaded.kept:
        return 6
    return 2 if any(row.what == "wrong" for row in loaded.rows) else 5


@contextmanager
def _bar() -> Iterator[Callable[[int], None]]:
    with bar("rows") as drawn:
        yield lambda done: drawn(done, None)


def _tell(here: Here, loaded: Loaded, *, dry_run: bool) -> None:
    for note in loaded.notes:
        say(f"note: {note}")
    if here.json:
        data(
            {
                "counts": loaded.counts,
                "dry_run": dry_run,
                "kept": loaded.kept,
                "notes": list(loaded.notes),
                "rows": [_plain(row) for row in loaded.rows],
            }
        )
        return
    told = [row for row in loaded.rows if row.what != "same" and (row.what != "new" or row.warnings)]
    lines = [
        (row.where, row.id, row.what, _words(row), *fault)
        for row in told[:SHOWN]
        for fault in ([(each.column, each.value[:40], each.rule) for each in row.faults] or [("", "", "")])
    ]
    if lines:
        table(("row", "id", "what", "changes", "column", "value", "rule"), lines, breaks=("changes", "value", "rule"))
    if len(told) > SHOWN:
        say(f"{len(told) - SHOWN} more rows; --json tells them all")
    for row in told[:SHOWN]:
        for warning in row.warnings:
            say(f"warning: {row.where}, {row.id}: {warning}")
    what = "would be" if dry_run else "kept" if loaded.kept else "nothing was changed"
    line(f"{gist(loaded.rows)}: {what}" if not dry_run else f"{gist(loaded.rows)} (dry run: nothing was changed)")


def _words(row: Seen) -> str:
    return ", ".join(row.changes)


def _plain(row: Seen) -> dict[str, Any]:
    return {
        "row": row.where,
        "id": row.id,
        "what": row.what,
        "changes": list(row.changes),
        "errors": [{"column": each.column, "value": each.value, "rule": each.rule} for each in row.faults],
        "warnings": list(row.warnings),
    }


def export_it(
    file: Annotated[Path, Parameter(name="FILE")],
    /,
    *,
    campaign: str,
    since: date | None = None,
    until: date | None = None,
    state: list[str] | None = None,
    lang: list[str] | None = None,
    media: Path | None = None,
    no_bom: bool = False,
    here: Here = HERE,
) -> None:
    """Write a campaign's posts as a sheet: CSV, XLSX, YAML or JSON, by the file's name.

    Example: campaign export posts.xlsx --campaign peace-2019

    Importing it again changes nothing.

    Args:
        file: What is written.
        campaign: Whose posts.
        since: Only posts of this local day or later, YYYY-MM-DD.
        until: Only posts of this local day or earlier.
        state: Only posts with a delivery in this state, or "not enqueued"; may be given several times.
        lang: Only the words of this language; may be given several times.
        media: A folder for copies of the media; without it they are named by their digests.
        no_bom: CSV without the byte order mark by which Excel knows that Korean is UTF-8.
    """
    with here.opened() as app:
        here.person(app)
        done = export(
            app, file, campaign_name=campaign, since=since, until=until, states=state or (), langs=lang or (),
            media=media, bom=not no_bom,
        )  # fmt: skip
    if here.json:
        data({"file": str(file), "posts": done.posts, "media": done.media})
        return
    line(f"{done.posts} posts written to {file}" + (f", {done.media} files to {media}" if media else ""))
