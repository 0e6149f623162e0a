"""A full disk: what is past the line is recorded first and sent once; what has not crossed it is not begun."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from campaign.config import Database
from campaign.engine.crank import Pump
from campaign.service import App
from campaign.service.health import room
from campaign.service.publish import publish
from tests.conftest import World
from tests.service.test_publish import posts_sent

ROOMY = 4_294_967_294  # pages: SQLite's own most


@dataclass
class Mounted:
    """A small file system of its own, filled to its last byte."""

    folder: Path

    def fill(self) -> None:
        file = os.open(self.folder / "filler", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            for size in (65536, 4096, 512, 1):
                try:
                    while os.write(file, b"x" * size):
                        pass
                except OSError:
                    continue
        finally:
            os.close(file)

    def free(self) -> None:
        (self.folder / "filler").unlink()

    def use(self, app: App) -> App:
        return app


@dataclass
class Capped:
    """For where nothing may be mounted: SQLite is told that it has no page more, and says that the disk is full."""

    folder: Path
    pages: int = ROOMY

    def fill(self) -> None:
        self.pages = 1

    def free(self) -> None:
        self.pages = ROOMY

    def use(self, app: App) -> App:
        sa.event.listen(app.store.engine, "checkout", self._cap)
        return app

    def _cap(self, connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {self.pages}")


@pytest.fixture(params=["mounted"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mounted | Capped]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "campaign-test", str(folder)]
    if request.param == "capped":
        yield Capped(folder)
        return
    if (
        os.geteuid() != 0
        or not shutil.which("mount")
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("a file system may not be mounted here")
    yield Mounted(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def small(world: World, disk: Mounted | Capped) -> World:
    """The world with its database on the small disk, and two posts that are due."""
    world.run(world.app.close_network())
    world.app.store.close()
    shutil.copy(world.settings.root / "campaign.db", disk.folder / "campaign.db")
    url = SecretStr(f"sqlite:///{disk.folder / 'campaign.db'}")
    world.settings = world.settings.model_copy(update={"database": Database(url=url)})
    world.app = disk.use(world.open())
    for name in ("P1", "P2"):
        world.post(name, texts={"ko": f"{name} " + "가" * 400})
    world.clock.turn(minutes=10)
    return world


Opened = Callable[[str], tuple[App, list[str]]]


@pytest.fixture
def fills(small: World, disk: Mounted | Capped) -> Iterator[Opened]:
    """Open the App so that its disk is full from a step on, until something could not be written."""
    opened: list[App] = []

    def make(step: str) -> tuple[App, list[str]]:
        said: list[str] = []
        full: list[bool] = []

        def log(name: str, **fields: Any) -> None:
            said.append(f"{name} {fields.get('error', '')}")
            if name == "writer.failed":
                disk.free()

        def reached(name: str) -> None:
            if name == step and not full:
                full.append(True)
                disk.fill()

        opened.append(disk.use(small.open(log=log, failpoint=reached)))
        return opened[-1], said

    yield make
    for app in opened:
        small.run(app.close_network())
        app.store.close()


@pytest.mark.parametrize("disk", ["mounted", "capped"], indirect=True)
def test_what_is_past_the_line_is_recorded_when_there_is_room_and_was_sent_once(small: World, fills: Opened) -> None:
    app, said = fills("answered")

    small.run(publish(app, limit=5))

    failures = [each for each in said if each.startswith("writer.failed")]
    assert failures and "database or disk is full" in failures[0], said
    small.clock.turn(seconds=20)
    small.tick()
    assert (["published", "published"], 2) == (small.states(), len(small.twin.books()))
    assert 2 == posts_sent(small)


def test_a_line_that_cannot_be_written_sends_nothing_until_there_is_room(small: World, fills: Opened) -> None:
    app, said = fills("prepared")

    small.run(publish(app, limit=5))

    assert any("disk is full" in each for each in said), said
    # There is room again as soon as one line could not be written: the other may be written then.
    assert {"scheduled"} <= set(small.states()) <= {"scheduled", "published"}
    assert small.states().count("published") == posts_sent(small)
    small.clock.turn(seconds=20)
    small.run(publish(small.app, limit=5))
    assert (["published", "published"], 2) == (small.states(), len(small.twin.books()))


def test_room_is_what_every_disk_of_ours_has_beyond_the_reserve(world: World) -> None:
    assert {"database", "archive", "media"} == set(world.app.disks)
    assert None is room(world.app)
    short = room(replace(world.app, reserve=1 << 60))
    assert short is not None and all(f"the disk of the {name}" in short for name in world.app.disks)
    gone = replace(world.app, reserve=1 << 60, disks={"archive": world.folder / "gone"})
    assert None is room(gone), "a folder that is not there is told by whoever needs it"


def test_without_the_reserve_nothing_new_is_begun_and_it_goes_on_by_itself(world: World) -> None:
    world.post("P1")
    world.clock.turn(minutes=10)
    disks = {"database": world.folder}
    short = replace(world.app, reserve=1 << 60, disks=disks)

    async def turn(app: App) -> None:
        pump = Pump(app, slots=4)
        await pump.look()
        await pump.stop(10)

    world.run(turn(short))
    assert (["scheduled"], 0) == (world.states(), posts_sent(world))
    world.run(turn(replace(short, reserve=0)))
    assert (["published"], 1) == (world.states(), posts_sent(world))
