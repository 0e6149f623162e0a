"""A rehearsal: a verb runs to its end, and nothing of it stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from campaign.media.library import Library
from campaign.service import App
from campaign.store import Store


class _Fleeting(Store):
    """A store whose write transactions are rolled back at their end."""

    @contextmanager
    def begin(self) -> Iterator[Any]:
        with self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()


@contextmanager
def rehearsed(app: App) -> Iterator[App]:
    """Return an App like this one that keeps nothing: no row, no file of the media library."""
    with TemporaryDirectory(prefix="campaign-") as folder:
        yield replace(app, store=_Fleeting(app.store.engine), media=Library(Path(folder), limit=app.media.limit))
