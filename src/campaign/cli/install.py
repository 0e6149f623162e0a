"""An installation: made, brought up to date, looked after."""

from dataclasses import asdict

from campaign import bootstrap
from campaign.cli.here import HERE, Here, login
from campaign.cli.show import data, iso, line, say, table
from campaign.core.model import Role
from campaign.service import campaigns
from campaign.service.doctor import doctor, workers
from campaign.store import open_store, people
from campaign.store.schema import upgrade


def init(*, here: Here = HERE) -> None:
    """Make an installation."""
    settings = here.settings()
    before, after = bootstrap.init(settings)
    made = None
    with here.opened() as app:
        with app.store.read() as tx:
            anybody = bool(people.all_people(tx))
        if not anybody:
            me = login()
            name = "".join(c if c.isalnum() or c in "-_." else "-" for c in me)[:64] or "admin"
            made = campaigns.add_person(app, name, list(Role), login=me)
    if here.json:
        user = made.name if made else None
        data({"dir": str(settings.root), "schema": {"before": before, "after": after}, "user": user})
        return
    line(f"installation in {settings.root}" + (" (it was there already)" if before == after else ""))
    if made:
        say(f"you (login {made.login}) are user '{made.name}' with all roles")
        at = f" --dir {here.dir}" if here.dir else ""
        say(
            "next:\n"
            f"  campaign account add mastodon --name kr --base-url URL --token-stdin --lang ko{at}\n"
            f"  campaign campaign add my-campaign --zone Asia/Seoul{at}\n"
            f"  campaign post add --help\n"
            f"  campaign up{at}"
        )


def upgrade_it(*, here: Here = HERE) -> None:
    """Bring the database to this program's schema.

    Example: campaign db upgrade
    """
    settings = here.settings()
    store = open_store(settings.database_url)
    try:
        before, after = upgrade(store)
    finally:
        store.close()
    if here.json:
        data({"before": before, "after": after})
    else:
        line(f"schema {after}" + (" already" if before == after else f", was {before or 'empty'}"))


def doctor_it(*, here: Here = HERE) -> int:
    """Say what works, what is stuck, and what to do."""
    with here.opened() as app:
        checks = doctor(app)
        at = app.clock.now()
        known = workers(app) if here.json and checks[0].ok else []
    well = all(check.ok for check in checks)
    if here.json:
        data({"ok": well, "at": iso(at), "checks": [asdict(check) for check in checks], "workers": known})
    else:
        rows = [
            ("ok" if check.ok else "FAILS" if check.grave else "look", check.name, check.detail) for check in checks
        ]
        table(["", "check", "detail"], rows)
    return 0 if well else 1
