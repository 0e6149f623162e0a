"""People: added, listed, and let into the desk by one-time links."""

import json
import os
from typing import Annotated, Literal

from cyclopts import Parameter

from campaign.cli.given import words
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line, say, table
from campaign.clock import real_now
from campaign.config import Settings
from campaign.core.errors import Forbidden
from campaign.core.model import Person, Role
from campaign.service import App, campaigns, demand_role, login
from campaign.store import people


def add(
    name: str,
    *,
    role: Annotated[
        list[Literal["author", "translator", "reviewer", "approver", "viewer", "admin"]], Parameter(name="--role")
    ],
    login: str | None = None,
    langs: str | None = None,
    accounts: str | None = None,
    here: Here = HERE,
) -> None:
    """Add a person; only an admin may, except the first. Prints the one-time link by which the person gets in.

    Examples: campaign user add alice --role author --login alice · campaign user add rita --role reviewer --langs ru

    Args:
        name: How the person is called here.
        role: What the person may do; may be given several times.
        login: The operating system's user that the person is at the command line.
        langs: The languages that the person translates into, reviews and approves, with commas between; else all.
        accounts: The accounts that the person approves for, with commas between; else all.
    """
    reads, approves = words([langs]) if langs else [], words([accounts]) if accounts else []
    with here.opened(nobody=True) as app:
        with app.store.read() as tx:
            anybody = bool(people.all_people(tx))
        by = "campaign"
        if anybody:
            admin = here.person(app)
            demand_role(admin, Role.ADMIN)
            by = admin.name
        roles = [Role(one) for one in role]
        person = campaigns.add_person(app, name, roles, login=login, langs=reads, accounts=approves, by=by)
        address = _link(here.settings(), _made(app, person.name, by))
    if here.json:
        data(_plain(person) | {"link": address})
    else:
        line(f"user {person.name}: {', '.join(sorted(person.roles))}")
        _tell(address)


def link(name: str, *, here: Here = HERE) -> None:
    """Make a one-time link by which a person chooses a password for the desk; older links stop working.

    Example: campaign user link alice

    Only an admin makes one for somebody else.

    Args:
        name: Whose link it is.
    """
    with here.opened() as app:
        by = here.person(app)
        if by.name != name and Role.ADMIN not in by.roles:
            raise Forbidden(f"user '{by.name}' may make a link for '{by.name}' only; an admin makes them for others")
        address = _link(here.settings(), _made(app, name, by.name))
    if here.json:
        data({"name": name, "link": address})
    else:
        _tell(address)


def show_all(*, here: Here = HERE) -> None:
    """List the people.

    Example: campaign user list
    """
    with here.opened() as app, app.store.read() as tx:
        found = people.all_people(tx)
    if here.json:
        data([_plain(person) for person in found])
    else:
        heads = ["name", "roles", "login", "langs", "accounts"]
        table(heads, [(p.name, sorted(p.roles), p.login, sorted(p.langs), sorted(p.accounts)) for p in found])


def _tell(address: str) -> None:
    line(address)
    say("The link lets its owner choose a password for the desk, once, within 24 hours: hand it over in private.")


def _link(settings: Settings, token: str) -> str:
    """Return the address of a link: of the desk that runs, else where the settings put one."""
    return f"{desk_address(settings)}/welcome?token={token}"


def desk_address(settings: Settings) -> str:
    """Return the address of the desk: of the one that runs, else where the settings put one; no slash at its end."""
    if settings.web.url:
        return settings.web.url
    try:
        told = json.loads((settings.root / "web.json").read_text(encoding="utf-8"))
        if _lives(int(told["pid"])):
            return str(told["url"]).rstrip("/")
    except (OSError, ValueError, KeyError, TypeError):
        pass
    host = settings.web.host
    shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"http://{shown}:{settings.web.port}"


def _lives(pid: int) -> bool:
    """Whether a process is there; a desk that was killed leaves its file behind."""
    if pid <= 0:  # it would mean a group of processes
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:  # it runs, as another user
        return True
    except (OSError, OverflowError):
        return False
    return True


def _made(app: App, name: str, by: str) -> str:
    return login.make_link(app, name, now=real_now(), by=by)


def _plain(person: Person) -> dict[str, object]:
    told = {"name": person.name, "roles": sorted(person.roles), "login": person.login}
    return told | {"langs": sorted(person.langs), "accounts": sorted(person.accounts)}
