"""People: added and listed."""

from typing import Annotated, Literal

from cyclopts import Parameter

from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line, table
from campaign.core.model import Person, Role
from campaign.service import campaigns, demand_role
from campaign.store import people


def add(
    name: str,
    *,
    role: Annotated[list[Literal["author", "approver", "viewer", "admin"]], Parameter(name="--role")],
    login: str | None = None,
    here: Here = HERE,
) -> None:
    """Add a person; only an admin may, except the first.

    Example: campaign user add alice --role author --login alice

    Args:
        name: How the person is called here.
        role: What the person may do; may be given several times.
        login: The operating system's user that the person is at the command line.
    """
    with here.opened(nobody=True) as app:
        with app.store.read() as tx:
            anybody = bool(people.all_people(tx))
        by = "campaign"
        if anybody:
            admin = here.person(app)
            demand_role(admin, Role.ADMIN)
            by = admin.name
        person = campaigns.add_person(app, name, [Role(one) for one in role], login=login, by=by)
    if here.json:
        data(_plain(person))
    else:
        line(f"user {person.name}: {', '.join(sorted(person.roles))}")


def show_all(*, here: Here = HERE) -> None:
    """List the people.

    Example: campaign user list
    """
    with here.opened() as app, app.store.read() as tx:
        found = people.all_people(tx)
    if here.json:
        data([_plain(person) for person in found])
    else:
        table(["name", "roles", "login"], [(p.name, sorted(p.roles), p.login) for p in found])


def _plain(person: Person) -> dict[str, object]:
    return {"name": person.name, "roles": sorted(person.roles), "login": person.login}
