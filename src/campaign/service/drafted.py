"""drafted: from a row of a sheet to the draft that compose takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from campaign.core.model import Overflow, Strategy
from campaign.service.draft import Draft, Picture, Wording
from campaign.sheets.row import Row, Shown, Words


def drafted(row: Row, folder: Path, fetched: Mapping[str, Path] | None = None) -> Draft:
    """Return the draft of a row; files are relative to the folder.

    Args:
        fetched: web address or `sha256:…` of a medium → the file that it stands for here.
    """
    return Draft(
        name=row.id,
        wordings=wordings(row),
        at=row.at or "",
        to=tuple(row.to or ()),
        pictures=tuple(picture(item, folder, fetched or {}) for item in row.media or ()),
        leg=row.leg or None,
        zone=row.tz or None,
        place=row.place,
        strategy=cast(Strategy, row.strategy or "split"),
        overflow=cast(Overflow, row.overflow or "refuse"),
        gap=row.gap,
        fold=row.fold,
        langs=tuple(row.langs or ()),
        overrides=_own(row),
        waive=row.waive,
        anyway=row.anyway or None,
    )


def _own(row: Row) -> dict[str, dict[str, Wording]]:
    """Return the words that accounts have of their own, whole: what a sheet has no column for is as the rest's."""
    found: dict[str, dict[str, Wording]] = {}
    for account, langs in row.own.items():
        for lang, words in langs.items():
            if words.text:
                found.setdefault(account, {})[lang] = _wording(whole(words, row.words.get(lang, Words())))
    return found


def whole(own: Words, rest: Words) -> Words:
    """Return an account's own words, with what it says nothing of as the rest has it."""
    title, tags, link = (
        getattr(own if getattr(own, name) is not None else rest, name) for name in ("title", "tags", "link")
    )
    return Words(own.text, title, tags, link)


def wordings(row: Row) -> dict[str, Wording]:
    """Return the wordings of a row in the languages that it has a text in."""
    return {lang: _wording(words) for lang, words in row.words.items() if words.text}


def _wording(words: Words) -> Wording:
    return Wording((words.text or "").strip(), tuple(words.tags or ()), words.link or None, words.title or None)


def picture(item: Shown, folder: Path, fetched: Mapping[str, Path]) -> Picture:
    """Return a medium of a row as a draft wants it."""

    def file(name: str) -> Path:
        return fetched.get(name) or folder / name

    return Picture(file(item.file), item.alt, {lang: file(name) for lang, name in item.captions.items()})
