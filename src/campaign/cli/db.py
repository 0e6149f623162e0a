"""The database: carried into another one."""

import time
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from campaign import bootstrap
from campaign.cli.here import HERE, Here
from campaign.cli.show import bar, data, line, say, table
from campaign.daemon import sole_daemon
from campaign.service.copy import copy
from campaign.store import open_store
from campaign.store.copy import prepare, without_password


def copy_it(*, to: Annotated[str, Parameter(name="--to")], here: Here = HERE) -> None:
    """Carry the whole installation's rows into another database, and check each of them there.

    Example: campaign db copy --to postgresql://campaign@db.example/campaign

    Stop the daemon and the desk first. The other database must be empty; it is made and brought to this program's
    schema where needed, and has everything or nothing. Any of the two kinds may be carried into any. Afterwards the old
    database is paused, so that no two publish the same. A password is better left to PGPASSWORD or ~/.pgpass.

    Args:
        to: The other database: postgresql://USER@HOST/NAME or sqlite:///PATH.
    """
    settings = here.settings()
    name = without_password(to)
    target = open_store(to)
    try:
        with sole_daemon(settings.root), here.opened() as app, bar("rows") as progress:
            person = here.person(app)
            bootstrap.make_private(target)
            prepare(target)
            copied = copy(app, target, by=person, name=name, wait=time.sleep, progress=progress)
    finally:
        target.close()
    if here.json:
        data({"to": name, "rows": copied.rows, "tables": [asdict(carried) for carried in copied.tables]})
    else:
        heads = ("table", "rows", "sha256")
        table(heads, [(each.table, each.rows, each.sha256[:16]) for each in copied.tables if each.rows])
        line(f"{copied.rows} rows carried to {name}, each the same there")
    say(
        "next: in config.toml, where the daemon, the desk and every worker read it:\n"
        "  [database]\n"
        f'  url = "{name}"\n'
        "This database is paused from now on. Media, archive and keys stay where they are."
    )
