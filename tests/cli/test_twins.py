"""An account of a sandbox's twin is connected by its folder alone, on every platform."""

import pytest
from tests.cli.conftest import Shell
from tests.conftest import World

from campaign.platforms import available
from campaign.sandbox import PLATFORMS


@pytest.mark.parametrize("platform", sorted(set(available()) & set(PLATFORMS)))
def test_an_account_of_every_twin_is_connected_in_one_command(world: World, shell: Shell, platform: str) -> None:
    which = ["--sandbox", str(world.folder / "sandbox"), "--twin", "peace_ru", "--json"]
    said = shell("account", "add", platform, "--name", "there", "--lang", "ko", *which)

    assert (0, "there", platform) == (said.code, said.json["name"], said.json["platform"]), said.err


def test_a_folder_that_is_no_sandbox_or_a_name_that_is_not_there_is_told(world: World, shell: Shell) -> None:
    add = ["account", "add", "mastodon", "--name", "there", "--lang", "ko", "--sandbox"]
    nowhere, nobody = shell(*add, str(world.folder)), shell(*add, str(world.folder / "sandbox"), "--twin", "nobody")

    assert (2, 3) == (nowhere.code, nobody.code)
    assert "campaign sandbox" in nowhere.err and "peace_ko" in nobody.err
