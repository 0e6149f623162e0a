"""Refusals as Discord says them: a status, a code to branch on, words, and which field of a form is meant.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
https://discord.com/developers/docs/reference#error-messages
"""

from typing import Any

# What is refused → status, code, words.
REFUSALS: dict[str, tuple[int, int, str]] = {
    "token": (401, 0, "401: Unauthorized"),
    "webhook token": (401, 50027, "Invalid Webhook Token"),
    "path": (404, 0, "404: Not Found"),
    "channel": (404, 10003, "Unknown Channel"),
    "guild": (404, 10004, "Unknown Guild"),
    "member": (404, 10007, "Unknown Member"),
    "message": (404, 10008, "Unknown Message"),
    "webhook": (404, 10015, "Unknown Webhook"),
    "too large": (413, 40005, "Request entity too large"),
    "access": (403, 50001, "Missing Access"),
    "another's": (403, 50005, "Cannot edit a message authored by another user"),
    "empty": (400, 50006, "Cannot send an empty message"),
    "permissions": (403, 50013, "Missing Permissions"),
    "form": (400, 50035, "Invalid Form Body"),
    "json": (400, 50109, "The request body contains invalid JSON."),
    "internal": (500, 0, "500: Internal Server Error"),
    "temporary": (503, 0, "503: Service Unavailable"),
}


class Refusal(Exception):
    """An answer that is an error, and nothing was done. `errors`: fields of a form → (code, words)."""

    def __init__(self, what: str, **errors: tuple[str, str]) -> None:
        self.status, self.code, self.message = REFUSALS[what]
        self.errors = errors
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        told: dict[str, Any] = {"message": self.message, "code": self.code}
        for field, (code, words) in self.errors.items():
            here = told.setdefault("errors", {})
            for step in field.split("__"):  # attachments__0__description
                here = here.setdefault(step, {})
            here["_errors"] = [{"code": code, "message": words}]
        return told


def too_long(most: int) -> tuple[str, str]:
    return "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
