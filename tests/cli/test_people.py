"""People are let into the desk by one-time links: made for oneself, or by an admin; told once, kept as a digest."""

import json
import os
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.conftest import World

from campaign.clock import real_now
from campaign.core.errors import NotFound
from campaign.core.model import Role
from campaign.service import campaigns, login
from campaign.store.tables import events, login_links

from .conftest import Shell


@pytest.fixture
def root(world: World) -> str:
    """An admin."""
    return campaigns.add_person(world.app, "root", [Role.ADMIN]).name


def _token(link: str) -> str:
    return link.partition("/welcome?token=")[2]


def test_who_is_added_gets_a_link_that_works_for_a_day(shell: Shell, world: World, root: str) -> None:
    said = shell("user", "add", "dave", "--role", "author", "--json", by=root)
    assert said.code == 0, said.err
    link = said.json["link"]
    assert link.startswith("http://127.0.0.1:8765/welcome?token=") and said.json["roles"] == ["author"]
    now = real_now()
    assert login.whose_link(world.app, _token(link), now=now + timedelta(hours=23)).name == "dave"
    with pytest.raises(NotFound):
        login.whose_link(world.app, _token(link), now=now + timedelta(hours=25))
    plain = shell("user", "add", "erin", "--role", "viewer", by=root)
    assert plain.out.splitlines()[0] == "user erin: viewer" and "/welcome?token=" in plain.out.splitlines()[1]
    assert "24 hours" in plain.err and "token" not in plain.err


def test_a_link_is_made_for_oneself_or_by_an_admin(shell: Shell, world: World, root: str) -> None:
    own = shell("user", "link", "alice")
    assert own.code == 0 and _token(own.out.strip())
    assert shell("user", "link", "bob").code == 4
    made = shell("user", "link", "bob", "--json", by=root)
    assert login.whose_link(world.app, _token(made.json["link"]), now=real_now()).name == "bob"
    assert shell("user", "link", "nobody", by=root).code == 3


def test_a_new_link_makes_the_old_one_worthless(shell: Shell, world: World) -> None:
    old, new = (_token(shell("user", "link", "alice", "--json").json["link"]) for _ in range(2))
    with pytest.raises(NotFound):
        login.whose_link(world.app, old, now=real_now())
    assert login.whose_link(world.app, new, now=real_now()).name == "alice"


def test_the_log_says_who_made_a_link_and_nothing_holds_its_secret(shell: Shell, world: World, root: str) -> None:
    token = _token(shell("user", "link", "bob", "--json", by=root).json["link"])
    with world.app.store.read() as tx:
        rows = [dict(row) for row in tx.execute(sa.select(events)).mappings()]
        kept = json.dumps([dict(row) for row in tx.execute(sa.select(login_links)).mappings()], default=str)
    [made] = [row for row in rows if row["event"] == "person.link"]
    assert (made["person"], made["detail"]) == (root, {"user": "bob"})
    assert token not in kept and token not in json.dumps(rows, default=str)


def test_a_link_leads_to_the_desk_that_runs(shell: Shell, world: World) -> None:
    file = world.settings.root / "web.json"
    file.write_text(json.dumps({"pid": os.getpid(), "port": 4711, "url": "http://desk.example:4711/"}))
    assert shell("user", "link", "alice").out.startswith("http://desk.example:4711/welcome?token=")
    for stale in ("{", "[]", '{"pid": -1, "url": "http://x/"}', '{"pid": 4194304000, "url": "http://x/"}'):
        file.write_text(stale)
        assert shell("user", "link", "alice").out.startswith("http://127.0.0.1:8765/welcome?token="), stale


def test_behind_a_proxy_a_link_leads_to_where_people_reach_the_desk(shell: Shell, world: World) -> None:
    (world.settings.root / "config.toml").write_text('[web]\nurl = "https://desk.example"\n')
    assert shell("user", "link", "alice").out.startswith("https://desk.example/welcome?token=")


def test_nobody_is_called_as_the_daemon_is(shell: Shell, root: str) -> None:
    refused = shell("user", "add", "campaign", "--role", "author", by=root)
    assert (refused.code, refused.out) == (2, "") and "the daemon" in refused.err
