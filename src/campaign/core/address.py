"""The public address of a post, as a person copies it from a browser: which post of which account it names."""

from collections.abc import Collection
from urllib.parse import urlsplit

from campaign.core.errors import Invalid
from campaign.core.model import Account

FIELD = "published"  # what the doors call it
EXAMPLE = "https://mastodon.example/@kr/1234"


def hosts_of(account: Account) -> frozenset[str]:
    """Return the hosts that an account's posts are shown at: its server's, and the one that its handle names."""
    named = account.handle.rpartition("@")[2].partition(":")[0].lower()
    return frozenset({urlsplit(account.base_url).hostname or "", *({named} if "." in named else ())})


def last_of_path(url: str, hosts: Collection[str]) -> str:
    """Return the last part of an address's path. Raises: Invalid: it is on another host, or there is no id."""
    parts = path_of(url, hosts)
    last = parts[-1] if parts else ""
    if not any(character.isdigit() for character in last):
        raise Invalid(FIELD, url, f"must end in the post's id, as in {EXAMPLE}")
    return last


def path_of(url: str, hosts: Collection[str]) -> list[str]:
    """Return the parts of an address's path. Raises: Invalid: it is no web address, or on another host."""
    try:
        split = urlsplit(url.strip())
        host = split.hostname or ""
    except ValueError:
        host = ""
    if not host or split.scheme not in ("https", "http"):
        raise Invalid(FIELD, url, f"must be the post's own address, as in {EXAMPLE}")
    if host.lower() not in hosts:
        where = " or ".join(sorted(hosts))
        raise Invalid(FIELD, url, f"must be at {where}, where this account's posts are shown")
    return [part for part in split.path.split("/") if part]
