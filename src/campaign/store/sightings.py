"""What watchers saw on platforms that cannot be asked afterwards, kept before the platform forgets it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaign.store import Store
from campaign.store.signs import sightings, watches


class Sightings:
    """The notebook (core.adapter.Notebook) in the database; each call is one transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, watcher: str, seen: Sequence[tuple[int, Mapping[str, Any]]], *, at: datetime, gap: bool) -> None:
        """Keep numbered sightings, each once, and that nothing was missed up to now, unless there is a gap."""
        with self._store.begin() as tx:
            numbers = [number for number, _ in seen]
            known = set(
                tx.execute(
                    sa.select(sightings.c.number).where(sightings.c.watcher == watcher, sightings.c.number.in_(numbers))
                ).scalars()
            )
            fresh = {number: dict(what) for number, what in seen if number not in known}
            rows = [{"watcher": watcher, "number": n, "at": at, "seen": what} for n, what in fresh.items()]
            if rows:
                tx.execute(sightings.insert(), rows)
            row = tx.execute(sa.select(watches).where(watches.c.watcher == watcher)).first()
            if row is None:
                tx.execute(watches.insert().values(watcher=watcher, since=at, until=at))
            else:
                values = {"since": at, "until": at} if gap else {"until": at}
                tx.execute(watches.update().where(watches.c.watcher == watcher).values(**values))

    def kept(self, watcher: str) -> list[tuple[int, Mapping[str, Any]]]:
        """Return what was seen, by number."""
        query = sa.select(sightings.c.number, sightings.c.seen).where(sightings.c.watcher == watcher)
        with self._store.read() as tx:
            return [(row[0], row[1]) for row in tx.execute(query.order_by(sightings.c.number))]

    def watched(self, watcher: str) -> tuple[datetime, datetime] | None:
        """Return since when and until when there was no gap; None: nothing was watched yet."""
        with self._store.read() as tx:
            row = tx.execute(sa.select(watches).where(watches.c.watcher == watcher)).mappings().first()
        return (row["since"], row["until"]) if row else None
