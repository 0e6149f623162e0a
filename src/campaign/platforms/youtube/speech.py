"""How YouTube is spoken to: one request, and what its errors mean."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaign.core.errors import Outcome, RateLimited, Refused, Unauthorized
from campaign.net.client import Client
from campaign.net.reply import Reply

# "Daily quotas reset at midnight Pacific Time": https://developers.google.com/youtube/v3/determine_quota_cost
PACIFIC = ZoneInfo("America/Los_Angeles")
DAY = 24 * 3600.0  # seconds
# Reasons, by what they mean: https://developers.google.com/youtube/v3/docs/errors
SPENT = frozenset({"quotaExceeded", "dailyLimitExceeded"})
TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
TOO_MANY = frozenset({"uploadLimitExceeded", "uploadRateLimitExceeded"})
NOT_HIS = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "youtubeSignupRequired"})


class Speech:
    """One account's way to speak."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, method: str, path_or_url: str, **options: Any) -> Reply:
        """Send a request that may be repeated. Raises: as Client.ask, and what the reason of a refusal means."""
        return await self._meant(lambda: self._client.ask(method, path_or_url, **options))

    async def commit(self, method: str, path: str, **options: Any) -> Reply:
        """Send the irreversible request. Raises: as Client.commit, and what the reason of a refusal means."""
        return await self._meant(lambda: self._client.commit(method, path, **options))

    async def _meant(self, send: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            return await send()
        except Refused as error:
            raise meant(error, self._client.now()) from error


def meant(error: Refused, now: datetime) -> Outcome:
    """Return what a refusal means: the quota comes back, the token lacks a scope, or it is a refusal."""
    why, told = reasons(error.body), {"status": error.status, "body": error.body}
    if why & SPENT:
        words = f"{error}; the project's daily quota is used up, and comes back at midnight Pacific time"
        return RateLimited(words, retry_after=until_midnight(now), **told)
    if why & TOO_MANY:
        words = f"{error}; the channel's uploads of the last 24 hours are too many"
        return RateLimited(words, retry_after=DAY, **told)
    if why & TOO_FAST:
        return RateLimited(str(error), retry_after=60.0, **told)
    if why & NOT_HIS:
        return Unauthorized(f"{error}; connect the account again, and grant all that is asked for", **told)
    return error


def reasons(body: Any) -> set[str]:
    """Return the reasons that the body of an error names."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return set()
    found: set[str] = set()
    for key in ("errors", "details"):
        entries = error.get(key)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("reason"), str):
                found.add(entry["reason"])
    return found


def until_midnight(now: datetime) -> float:
    """Return the seconds from an aware instant to the next midnight in California, at least a minute."""
    there = now.astimezone(PACIFIC)
    midnight = datetime.combine(there.date() + timedelta(days=1), datetime.min.time(), PACIFIC)
    return max(60.0, midnight.timestamp() - now.timestamp())


def items_of(reply: Reply, what: str) -> list[Mapping[str, Any]]:
    """Return the items of a list. Raises: what reply.bad makes, where it is no such list.

    Google leaves an empty list out: https://developers.google.com/youtube/v3/docs/channels/list
    """
    told = reply.json()
    items = told.get("items", [] if told.get("kind") == what else None) if isinstance(told, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) and _named(item) for item in items):
        raise reply.bad(f"the answer is no {what}")
    return items


def _named(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("id"), str) and bool(item["id"])


def part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return one part of a resource; {}: it is not there, or no object."""
    found = item.get(name)
    return found if isinstance(found, dict) else {}
