"""Comments at the command line and on the desk: harmless, whole as JSON, and honest where there are none."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.cli.conftest import Shell
from tests.conftest import World
from tests.web.conftest import Desk, serve

__all__ = ["serve"]

from campaign.store import comments
from campaign.store.comments import Heard

HOSTILE = "<script>alert(1)</script> Спасибо \x1b[31m감사"


@pytest.fixture
def heard(world: World) -> World:
    """A published post with two comments, of which one is gone."""
    world.post("P01")
    world.clock.turn(minutes=10)
    world.tick()
    [held] = world.deliveries()
    now = world.clock.now()
    rows = [
        Heard(held.id, "c1", "p", None, "ab" * 32, HOSTILE, now, None, now, now),
        Heard(held.id, "c2", "c1", "@name", None, "вторая", now + timedelta(hours=1), {"id": "c2"}, now, now, now),
    ]
    with world.app.store.begin() as tx:
        comments.keep(tx, held.id, rows, at=now)
    return world


def test_the_newest_come_first_and_steer_no_terminal(heard: World, shell: Shell) -> None:
    said = shell("comment", "list", "--campaign", "c").out

    assert said.index("вторая") < said.index("Спасибо") and "\x1b" not in said
    assert "abababab" in said and "@name" in said and "(gone)" in said


def test_as_json_they_are_whole(heard: World, shell: Shell) -> None:
    found = shell("comment", "list", "--post", "P01", "--json").json

    assert [("c2", "P01", "kr", {"id": "c2"}), ("c1", "P01", "kr", None)] == [
        (one["remote_id"], one["post"], one["account"], one["record"]) for one in found
    ]
    assert HOSTILE == found[1]["text"]
    assert 1 == len(shell("comment", "list", "--limit", "1", "--json").json)


def test_where_nobody_answered_it_says_so(world: World, shell: Shell) -> None:
    assert "nobody has answered" in shell("comment", "list").out
    assert [] == shell("comment", "list", "--json").json
    assert 3 == shell("comment", "list", "--post", "P99").code


def test_the_desk_shows_them_as_text(heard: World, serve: Callable[..., Desk]) -> None:
    page = serve(heard.app, heard.settings).ask("/posts/c/P01", Accept_Language="ko").body.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page
    assert "댓글" in page and "지워짐" in page
