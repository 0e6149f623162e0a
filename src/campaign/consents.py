"""What connecting accounts by consent needs, put together for bootstrap: clients we are, and servers we ask."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from campaign.config import Settings
from campaign.core.model import Account
from campaign.core.oauth import Endpoints, OAuth, Registered, endpoints_of
from campaign.platforms import load
from campaign.service import Consents
from campaign.store.vault import Vault

if TYPE_CHECKING:
    from campaign.net.authority import Authority

CALLBACK = "/accounts/connect/callback"
CLIENT_PAGE = "/oauth/client"


def make_consents(
    settings: Settings,
    speak: Callable[[Account, Sequence[str], Sequence[str]], Any],
    unique: Callable[[], str],
    vault: Vault,
) -> Consents:
    """Return what connecting by consent needs.

    Args:
        speak: (account, URLs, secrets) → a client of the account that may speak to the hosts of these URLs.
        unique: returns a random value at each call.
        vault: beside whose keys lies that with which we sign who we are.
    """

    def authority(
        account: Account, oauth: OAuth, urls: Sequence[str], secrets: Sequence[str], key: str | None
    ) -> "Authority":
        from campaign.net.authority import Authority

        return Authority(speak(account, urls, secrets), oauth, unique=unique, key=key)

    def client(platform: str) -> Registered | None:
        named = settings.oauth.get(platform)
        return Registered(named.client_id, named.client_secret.get_secret_value()) if named else None

    def endpoints(account: Account, oauth: OAuth) -> Endpoints:
        kind = load(account.platform)
        return endpoints_of(oauth, lambda url: kind.elsewhere(account, url) if "://" in url else account.base_url + url)

    def client_key() -> str:
        from campaign.net.dpop import new_key

        return vault.kept("oauth-client.key", new_key) or ""

    web = settings.web
    desk = web.url or (f"http://127.0.0.1:{web.port}" if web.port else "http://127.0.0.1")
    return Consents(
        oauth=lambda platform: load(platform).oauth,
        home=lambda platform: load(platform).home,
        client=client,
        authority=authority,
        endpoints=endpoints,
        client_key=client_key,
        redirect_uri=desk + CALLBACK,
        desk=web.url if web.url.startswith("https://") else "",
    )


def hosts_of_urls(urls: Sequence[str]) -> list[str]:
    """Return the hosts of URLs, with their ports where they name one."""
    return list(dict.fromkeys(urlsplit(url).netloc for url in urls))
