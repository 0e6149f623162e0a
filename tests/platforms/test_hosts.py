"""Where a token may go: to its account's own host, at home also to the hosts on the platform's sheet; nowhere else."""

from typing import Any

import httpx
import pytest

from campaign.core.adapter import Exchanges, seal
from campaign.core.errors import Refused
from campaign.core.model import Account, Guarantee
from campaign.platforms import available, load
from tests.conftest import START, World

AT_HOME = [name for name in available() if load(name).home]


def account(platform: str, base_url: str) -> Account:
    return Account(
        "0190-test", "there", platform, base_url, "", "", "", ("ko",), Guarantee.NONE, {"given": {}}, START
    )  # fmt: skip


def client(world: World, platform: str, base_url: str) -> Any:
    kind = load(platform)
    token = seal("a-token-of-the-tests", dict.fromkeys(kind.secrets, "another"))
    adapter: Any = world.app.open_adapter(account(platform, base_url), token, Exchanges())
    return adapter._client


@pytest.mark.parametrize("platform", AT_HOME)
def test_at_home_the_hosts_on_the_sheet_are_its_own(world: World, platform: str) -> None:
    kind = load(platform)
    guard = client(world, platform, kind.home)._guard

    for host in (httpx.URL(kind.home).host, *kind.hosts):
        assert guard.declares(httpx.URL(f"https://{host}/x")), host
    for host in ("evil.example", f"{httpx.URL(kind.home).host}.evil.example", "127.0.0.1", "169.254.169.254"):
        assert not guard.declares(httpx.URL(f"https://{host}/x")), host


@pytest.mark.parametrize("platform", AT_HOME)
def test_elsewhere_a_token_never_goes_to_the_platforms_own_hosts(world: World, platform: str) -> None:
    kind = load(platform)
    there = client(world, platform, "https://twin.example")

    assert there._guard.declares(httpx.URL("https://twin.example/x"))
    for host in (httpx.URL(kind.home).host, *kind.hosts):
        assert not there._guard.declares(httpx.URL(f"https://{host}/x")), host
    with pytest.raises(Refused, match="not a host of this account"):
        world.run(there.ask("GET", f"{kind.home}/x"))


@pytest.mark.parametrize("platform", AT_HOME)
def test_another_host_of_a_platform_is_its_own_at_home_and_a_path_of_the_twin_elsewhere(platform: str) -> None:
    kind = load(platform)
    url = "https://upload.example/a/b?c=1"

    assert url == kind.elsewhere(account(platform, kind.home), url)
    assert "https://twin.example/base/a/b?c=1" == kind.elsewhere(account(platform, "https://twin.example/base"), url)


@pytest.mark.parametrize("platform", AT_HOME)
def test_an_upload_address_that_a_platform_returns_must_be_public(world: World, platform: str) -> None:
    there = client(world, platform, load(platform).home)
    for url in ("http://upload.example/x", "https://127.0.0.1/x", "https://169.254.169.254/x", "https://10.0.0.1/x"):
        with pytest.raises(Refused):
            world.run(there.ask("PUT", url, content=b"", foreign=True))
