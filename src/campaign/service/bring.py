"""bring: the files that a sheet names, wherever they lie: in its folder, in the media library, at a web address."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from campaign.core.errors import CampaignError, Invalid
from campaign.media.kinds import EXTENSIONS
from campaign.media.library import DIGEST
from campaign.service import App
from campaign.sheets.row import Row

Fetch = Callable[[str, Path], None]  # (address, file that it is written to); Raises: CampaignError
KEPT = "sha256:"  # a medium that the library holds already, by its digest
FETCHED = 4 * 2**30  # bytes of all that one sheet fetches
_SUFFIXES = {*EXTENSIONS, ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".vtt", ".srt"}


class Bringer:
    """Brings what rows name, each once.

    Args:
        folder: that files are relative to, and must lie in.
        place: where what is fetched is written.
        fetch: None: web addresses are refused.

    Attributes:
        brought: what a sheet names → the file that it stands for, where that lies elsewhere.
    """

    def __init__(self, app: App, folder: Path, place: Path, fetch: Fetch | None) -> None:
        self._app, self._folder, self._place, self._fetch = app, folder, place, fetch
        self.brought: dict[str, Path] = {}
        self._in_vain: dict[str, str] = {}  # address → why it could not be fetched
        self._bytes = 0

    def bring(self, row: Row) -> None:
        """See to it that all files of a row are there. Raises: Invalid, for the first that cannot be had."""
        for name, file in _files(row):
            if file in self.brought:
                continue
            if file.startswith(KEPT):
                self.brought[file] = self._kept(name, file)
            elif file.startswith(("https://", "http://")):
                self.brought[file] = self._fetched(name, file)
            elif not _lies_in(self._folder, file):
                rule = f"lies outside {self._folder}: a sheet may name only what is in its folder, or in --media DIR"
                raise Invalid(name, file, rule)

    def _kept(self, name: str, file: str) -> Path:
        digest = file.removeprefix(KEPT)
        if not DIGEST.fullmatch(digest) or not self._app.media.exists(digest):
            raise Invalid(name, file, "is not in the media library; give the file itself")
        self._app.media.bring([digest])
        return self._app.media.file(digest)

    def _fetched(self, name: str, address: str) -> Path:
        if self._fetch is None:
            raise Invalid(name, address, "is a web address, and nothing is fetched here; give a file")
        suffix = PurePosixPath(urlsplit(address).path).suffix.lower()
        target = self._place / f"fetched-{len(self.brought)}{suffix if suffix in _SUFFIXES else ''}"
        try:
            if address not in self._in_vain:
                self._fetch(address, target)
        except CampaignError as error:
            self._in_vain[address] = f"cannot be fetched: {error}"
        if why := self._in_vain.get(address):
            raise Invalid(name, address, why)
        self._bytes += target.stat().st_size
        if self._bytes > FETCHED:
            raise Invalid(name, address, f"is more than {FETCHED // 2**30} GiB with all before it; cut the sheet")
        return target


def _files(row: Row) -> Iterator[tuple[str, str]]:
    """Yield what a row names, with what it is called in messages."""
    for number, item in enumerate(row.media or (), 1):
        yield f"media {number}", item.file
        for lang, file in item.captions.items():
            yield f"captions {number} ({lang})", file


def _lies_in(folder: Path, file: str) -> bool:
    """Whether a file that a sheet names is in a folder: a stranger's sheet must not send what else is on this disk."""
    try:
        return (folder / file).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a null byte
        return False
