"""The record on disk: verified, shown, and the database rebuilt from it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Annotated, Any

from cyclopts import Parameter

from campaign import bootstrap
from campaign.cli.here import HERE, Here
from campaign.cli.show import bar, data, fields, line, say, table
from campaign.config import Settings
from campaign.core.errors import CampaignError, Conflict, Invalid, NotFound
from campaign.places import open_archive
from campaign.record import as2
from campaign.record.layout import object_at
from campaign.record.verify import Damage, verify
from campaign.service import App
from campaign.service.audit import audit
from campaign.service.rebuild import rebuild
from campaign.store import campaigns as campaign_rows
from campaign.store import open_store
from campaign.store import posts as post_rows
from campaign.store.locks import Lock


def verify_it(*, clear: bool = False, here: Here = HERE) -> int:
    """Hold every byte of the archive against what the record says of it; needs no database.

    Example: campaign archive verify

    Where there is a database, what it says is archived must be there, too. Exit 0 when all is well, else 1.

    Args:
        clear: First settle what a killed writer left: complete what is whole, take away or set aside what is not.
    """
    settings = here.settings()
    if clear:
        _settle(settings)
    seen = [0]
    with bar("verified") as progress:

        def counted(done: int, of: int) -> None:
            seen[0] = of
            progress(done, of)

        found = verify(open_archive(settings).place, progress=counted)
    found += _missing(settings, {damage.object_id for damage in found})
    if here.json:
        data({"objects": seen[0], "damage": [asdict(damage) for damage in found]})
    else:
        for damage in found:
            line(damage.message)
        say(f"archive: {seen[0]} objects, " + (f"{len(found)} damages" if found else "no damage"))
    return 1 if found else 0


def _settle(settings: Settings) -> None:
    """Settle unfinished writes. What was damaged otherwise stays as it is, to be told."""
    archive = open_archive(settings)
    with _alone(settings), bar("looked through") as progress:
        found = verify(archive.place, progress=progress)
        for object_id in sorted({name for damage in found if (name := object_at(damage.path))}):
            with suppress(Conflict, Invalid):
                done = archive.recover(object_id)
                if done != "nothing":
                    say(f"{object_id}: an unfinished write was {done}")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Be the one archivist among the workers of a PostgreSQL database. Raises: Conflict: another one is."""
    if not settings.database.url.get_secret_value().startswith("postgres"):
        yield  # the lock on a file that each write takes is enough
        return
    store = open_store(settings.database_url)
    lock = Lock(store, "archive")
    try:
        if not lock.take():
            raise Conflict("a worker writes to the archive just now, and settles by itself; try again later")
        yield
    finally:
        lock.give_back()
        store.close()


def rebuild_it(*, here: Here = HERE) -> None:
    """Restore an empty database from the archive.

    Example: campaign archive rebuild --dir campaign-data

    Restores posts, texts, media, approvals, published deliveries and sealed readings; says what the record does not
    hold. Makes the database where it is missing.
    """
    bootstrap.init(here.settings())
    with here.opened(nobody=True) as app, bar("restored") as progress:
        found = rebuild(app, progress=progress)
    told = asdict(found)
    if here.json:
        data(told)
        return
    missing = told.pop("not_restored")
    fields(told)
    for what in missing:
        say(f"not restored: {what}")


def show(post: Annotated[str, Parameter(name="POST")], /, *, campaign: str | None = None, here: Here = HERE) -> None:
    """Show what the archive holds of a post: its files with their sizes, and each version.

    Example: campaign archive show P01

    Args:
        post: The post's id, or an object's: urn:uuid:…
        campaign: The post's campaign, where several have a post of that id.
    """
    with here.opened() as app:
        object_id = post if post.startswith("urn:") else _object_of(app, post, campaign)
        if not app.archive.exists(object_id):
            raise NotFound("archived object", object_id, "nothing of it was archived yet; the daemon does it")
        told = _told(app, object_id)
    if here.json:
        data(told)
        return
    fields({"object": object_id, "folder": told["folder"]})
    print()
    table(("file", "bytes", "sha512"), [(row["name"], row["size"], row["sha512"]) for row in told["files"]])
    print()
    heads = ("version", "created", "message", "files")
    table(heads, [[row[head] for head in heads] for row in told["versions"]])


def _told(app: App, object_id: str) -> dict[str, Any]:
    inventory = app.archive.inventory(object_id)
    folder = app.archive.where(object_id)

    def size(digest: str) -> int | None:
        return app.archive.place.size(f"{folder}/{inventory.manifest[digest][0]}")

    return {
        "object": object_id,
        "folder": f"{app.archive.place.name}/{folder}",
        "files": [
            {"name": name, "size": size(digest), "sha512": digest} for name, digest in sorted(inventory.state.items())
        ],
        "versions": [
            {"version": number, "created": entry.created, "message": entry.message, "files": len(entry.state)}
            for number, entry in sorted(inventory.versions.items())
        ],
    }


def _object_of(app: App, name: str, campaign: str | None) -> str:
    with app.store.read() as tx:
        chosen = campaign_rows.campaign_named(tx, campaign) if campaign else None
        return as2.urn(post_rows.post_named(tx, name, chosen).id)


def _missing(settings: Settings, damaged: set[str | None]) -> list[Damage]:
    """Return what the database says is archived and the archive does not hold."""
    if not settings.database.url.get_secret_value() and not (settings.root / "campaign.db").exists():
        say("there is no database here: what the archive lacks as a whole cannot be told")
        return []
    try:
        app = bootstrap.open_app(settings)
    except CampaignError as error:
        say(f"not held against a database: {error}")
        return []
    try:
        absences = audit(app)
    finally:
        app.store.close()
    return [
        Damage(absence.path, absence.object_id, "missing", absence.message)
        for absence in absences
        if absence.object_id not in damaged
    ]
