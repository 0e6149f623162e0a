"""Refusals as the Messaging API says them: a status, a message, and details that name a property.

https://developers.line.biz/en/reference/messaging-api/#error-responses
"""

from collections.abc import Mapping
from typing import Any

# What is refused → status and message.
REFUSALS: dict[str, tuple[int, str]] = {
    "body": (400, "The request body has {n} error(s)"),
    "json": (400, "The request body could not be parsed as JSON (line: 1, column: 1)"),
    "retry key": (400, "Invalid X-Line-Retry-Key"),  # it must be a UUID in hexadecimal
    "insight": (400, "The value for the 'requestId' parameter is invalid"),
    "token": (401, "Authentication failed. Confirm that the access token in the authorization header is valid."),
    "insight right": (403, "Access to this API is not available for your account"),
    "path": (404, "Not found"),
    "accepted": (409, "The retry key is already accepted"),
    "month": (429, "You have reached your monthly limit."),
    "rate": (429, "The API rate limit has been exceeded. Try again later."),
    "internal": (500, "Internal server error"),
    "temporary": (503, "Service unavailable"),
}


class Refusal(Exception):
    """An answer that is an error, and nothing was done. `details`: property → what is wrong with it."""

    def __init__(
        self, what: str, details: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.message = REFUSALS[what]
        self.details, self.headers = details or {}, headers or {}
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        told: dict[str, Any] = {"message": self.message.format(n=len(self.details))}
        if self.details:
            told["details"] = [{"message": words, "property": name} for name, words in self.details.items()]
        return told
