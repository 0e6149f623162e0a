"""A platform's answer, and what its headers say about how much more it will take."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from campaign.core.errors import Outcome

SHORTEST_WAIT, DEFAULT_WAIT, LONGEST_WAIT = 1.0, 60.0, 24 * 3600.0  # seconds
# Mastodon, VK and most; RFC drafts and Bluesky; X.
FAMILIES = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
MOST = 10**9  # requests; a larger number is no budget
EPOCH_FROM = 1e9  # a larger number is an instant (2001 and later), a smaller one a number of seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """What the platform last said about its budget."""

    limit: int | None
    remaining: int | None
    reset: float | None  # seconds from the answer on, at most LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Reply:
    """One usable answer. `bad` makes the error for a body that is not what was asked for."""

    status: int
    headers: httpx.Headers
    body: bytes
    bad: Callable[[str], Outcome]

    def json(self) -> Any:
        """Return the object or array. Raises Unavailable, or Uncertain where the request must not be repeated."""
        found = parsed(self.body)
        if found is None:
            raise self.bad("the answer is no JSON object or array")
        return found

    @property
    def date(self) -> datetime | None:
        """The server's own time, aware."""
        return instant(self.headers.get("date"))


def parsed(body: bytes) -> Any:
    """Return a JSON object or array, or None."""
    if body.lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def own_words(body: Any) -> str:
    """Return the platform's own text about an error, from the places where platforms put it."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error")
    if isinstance(error, dict):  # Graph API, Google, VK
        return str(error.get("message") or error.get("error_msg") or error.get("status") or "")
    words = [error] if isinstance(error, str) else []
    for key in ("error_description", "error_message", "message", "description", "detail", "title"):
        if isinstance(body.get(key), str) and body[key]:
            words.append(body[key])
            break
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict) and errors[0].get("message"):  # X
        words.append(str(errors[0]["message"]))
    return ": ".join(words)


def names_rate(headers: Mapping[str, str]) -> bool:
    """Whether the headers say anything about the budget."""
    return "ratelimit" in headers or any(
        family + end in headers for family in FAMILIES for end in ("limit", "remaining")
    )


def rate_of(headers: Mapping[str, str], now: datetime) -> Rate | None:
    """Return what the headers (names in lower case) say about the budget, or None if they say nothing."""
    base = instant(headers.get("date")) or now
    for family in FAMILIES:
        limit, remaining = _number(headers.get(family + "limit")), _number(headers.get(family + "remaining"))
        if limit is not None or remaining is not None:
            return Rate(limit, remaining, _bounded(_seconds(headers.get(family + "reset"), base)))
    told = _in_one(headers.get("ratelimit", ""))
    limit, remaining = _number(told.get("limit")), _number(told.get("remaining", told.get("r")))
    if limit is None and remaining is None:
        return None
    return Rate(limit, remaining, _bounded(_seconds(told.get("reset", told.get("t")), base)))


def retry_after(headers: Mapping[str, str], now: datetime, body: Any = None) -> float:
    """Return how many seconds to wait, from SHORTEST_WAIT to LONGEST_WAIT: by the server's own clock, not by ours.

    What is no time (a negative number, a word) is passed over; where nothing is told it is DEFAULT_WAIT. The body is
    asked too: https://core.telegram.org/bots/api#responseparameters
    """
    base = instant(headers.get("date")) or now
    one = _in_one(headers.get("ratelimit", ""))
    resets = [*(headers.get(family + "reset") for family in FAMILIES), one.get("reset", one.get("t"))]
    given = [headers.get("retry-after"), *resets, _in_body(body)]
    seconds = next((found for value in given if (found := _seconds(value, base)) is not None), DEFAULT_WAIT)
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def _in_body(body: Any) -> str | None:
    parameters = body.get("parameters") if isinstance(body, dict) else None
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return str(seconds) if isinstance(seconds, int) else None


def _in_one(header: str) -> dict[str, str]:
    """Return what stands in the one header of the IETF drafts, for its first policy.

    `limit=100, remaining=50, reset=5` (draft 07), `"default";r=50;t=5` (from draft 08 on):
    https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
    """
    parts = header.split(",") if "limit=" in header else header.partition(",")[0].split(";")
    return {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in parts)}


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(0.0, seconds), LONGEST_WAIT)


def instant(text: str | None) -> datetime | None:
    """Return an HTTP date, in any of its three forms (RFC 9110 §5.6.7), or an ISO 8601 instant, as aware UTC."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _seconds(text: str | None, base: datetime) -> float | None:
    """Return the seconds that a header names: a number of seconds, an epoch, an HTTP date or an ISO instant."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        at = instant(text)
        return None if at is None else (at - base).total_seconds()
    if not 0 <= number < 1e15:  # also no NaN
        return None
    if number >= EPOCH_FROM * 1000:
        number /= 1000  # milliseconds
    return number - base.timestamp() if number >= EPOCH_FROM else number


def _number(text: str | None) -> int | None:
    try:
        number = int((text or "").partition(",")[0].partition(";")[0])
    except ValueError:
        return None
    return number if 0 <= number <= MOST else None
