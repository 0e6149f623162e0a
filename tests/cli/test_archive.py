"""The record from the command line: what a killed writer left is settled when a person asks for it."""

import shutil

import pytest
from tests.cli.conftest import Shell
from tests.conftest import World

from campaign.record import as2
from campaign.record.ocfl import Repository


@pytest.fixture
def published(world: World) -> World:
    """A world in which one post is out and on record."""
    world.post("P01", minutes=1)
    world.clock.turn(minutes=1)
    world.tick()
    return world


def test_an_unfinished_write_is_told_and_settled_only_when_asked_for(shell: Shell, published: World) -> None:
    archive = published.app.archive
    assert isinstance(archive, Repository)
    post = archive.path_of(as2.urn(published.deliveries()[0].post_id))
    shutil.copytree(post / "v1", post / "v2")
    foreign = archive.root / "holiday.jpg"
    foreign.write_bytes(b"x")

    told = shell("archive", "verify")
    assert (1, True, True) == (told.code, "unfinished write" in told.out, (post / "v2").exists())
    cleared = shell("archive", "verify", "--clear")
    assert (1, False) == (cleared.code, (post / "v2").exists())
    assert "an unfinished write was set aside" in cleared.err
    assert (["holiday.jpg: a file that no record names"], True) == (cleared.out.splitlines(), foreign.exists())


def test_what_is_damaged_otherwise_is_told_and_left_alone(shell: Shell, published: World) -> None:
    archive = published.app.archive
    assert isinstance(archive, Repository)
    file = archive.path_of(as2.urn(published.deliveries()[0].post_id)) / "v1/content/record.jsonld"
    file.write_bytes(b"{}")

    told = shell("archive", "verify", "--clear")
    assert (1, True, b"{}") == (told.code, "record.jsonld" in told.out, file.read_bytes())
