"""What every command takes: which installation it means, who acts, and how it answers."""

import asyncio
import getpass
import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from cyclopts import Group, Parameter

from campaign import bootstrap
from campaign.config import Settings, load_settings
from campaign.core.model import Person
from campaign.service import App, campaigns

T = TypeVar("T")
_EVERYWHERE = Group("Everywhere", sort_key=99)


@Parameter(name="*")
@dataclass(frozen=True)
class Here:
    """The options that every command takes."""

    config: Annotated[
        str | None, Parameter(name="--config", group=_EVERYWHERE, help="The settings file; or CAMPAIGN_CONFIG.")
    ] = None
    dir: Annotated[
        str | None,
        Parameter(
            name="--dir", group=_EVERYWHERE, help="The installation's folder: database, media, archive, keys in one."
        ),
    ] = None
    as_name: Annotated[
        str | None,
        Parameter(name="--as", group=_EVERYWHERE, env_var="CAMPAIGN_AS", help="Who acts; else the user of your login."),
    ] = None
    json: Annotated[bool, Parameter(name="--json", group=_EVERYWHERE, help="Answer with one JSON value.")] = False

    def settings(self) -> Settings:
        """Return the installation's settings."""
        return load_settings(self.config, dir=self.dir)

    @contextmanager
    def opened(self, *, aloud: bool = False, nobody: bool = False) -> Iterator[App]:
        """Open the installation.

        Args:
            aloud: what a verb reports on its way goes to standard error.
            nobody: there may be no people yet, so that a name that was given means nothing.
        """
        settings = self.settings()
        app = bootstrap.open_app(settings, log=bootstrap.make_log(settings) if aloud else None)
        try:
            if self.as_name and not nobody and campaigns.anybody(app):
                self.person(app)  # a mistyped name is told where nobody is needed, too
            yield app
        finally:
            app.store.close()

    def person(self, app: App) -> Person:
        """Return who acts."""
        return campaigns.who(app, self.as_name, login())


def ask(app: App, work: Coroutine[None, None, T]) -> T:
    """Run what speaks to platforms to its end, and close its connections."""

    async def all_of_it() -> T:
        try:
            return await work
        finally:
            await app.close_network()

    return asyncio.run(all_of_it())


def login() -> str:
    """Return the operating system's name of who sits here."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user that has no name
        return f"uid-{os.getuid()}"


HERE = Here()
