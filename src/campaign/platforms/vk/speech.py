"""How VK's API is spoken to: one method a request, the token among its fields, errors in answers of status 200."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from campaign.core.errors import Outcome, RateLimited, Refused, Unauthorized
from campaign.net.client import Client
from campaign.net.reply import Reply

VERSION = "5.199"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LONGEST_WORDS = 200

# Which code means what: https://github.com/VKCOM/vk-api-schema/blob/master/errors.json
TOKEN = frozenset({5, 18, 27, 28, 37, 38, 1051, 1114, 1116, 1117, 3609, 3610})
PERSON = frozenset({14, 17, 25, 3300, 3301, 3302, 3303, 3304})  # captcha, validation: only a person can go on
WAITS = {6: 1.0, 9: 600.0, 29: 3600.0, 32: 60.0, 601: 3600.0}  # seconds; VK itself names none
DOUBTFUL = frozenset({1, 10, 13, 36, 43})  # an internal error, a time-out: the method may have been carried out
ADDING = 214  # "Access to adding post denied": a rule, or the 50 posts of a day
A_DAY = 3600.0
GONE = frozenset({15, 100, 104, 210})  # what is said of a post that is not there, or that is not ours
HINTS = {
    14: "VK asks for a captcha: log in as this user with a browser, then resume the account",
    17: "VK wants this user to prove who they are: log in with a browser, then resume the account",
    27: "this is a community's token, and VK takes no pictures from it: connect with a user's token",
    28: "this is an application's token: connect with a user's token",
    1051: "VK ID's tokens may not post: connect with the token of a standalone application that has the right `wall`",
}


class Speaker:
    """Calls methods for one account."""

    def __init__(self, client: Client, label: str) -> None:
        self._client, self._label = client, label

    async def ask(self, method: str, *, reading: bool = False, **fields: Any) -> Any:
        """Call a method that may be repeated, and return its response. Raises: an Outcome."""
        reply = await self._client.ask(
            "POST", f"/method/{method}", content=self._signed(form(fields)), headers=FORM, reading=reading
        )
        return self.response_of(method, reply)

    async def commit(self, method: str, body: str) -> tuple[Any, Reply]:
        """Call the one method that must not be repeated; `body` holds its fields without the token."""
        reply = await self._client.commit("POST", f"/method/{method}", content=self._signed(body), headers=FORM)
        return self.response_of(method, reply), reply

    def _signed(self, body: str) -> bytes:
        return f"{body}&access_token={quote(self._client.secrets.get('token', ''), safe='')}".encode()

    def response_of(self, method: str, reply: Reply) -> Any:
        """Return what a method returned. Raises: what its error means."""
        told = reply.json()
        if isinstance(told, dict) and told.get("response") is not None:
            return told["response"]
        error = told.get("error") if isinstance(told, dict) else None
        if not isinstance(error, dict):
            raise reply.bad("the answer holds neither a response nor an error")
        raise self._outcome(method, error, reply)

    def _outcome(self, method: str, error: Mapping[str, Any], reply: Reply) -> Outcome:
        code, words = error.get("error_code"), self._words(error)
        if not isinstance(code, int) or isinstance(code, bool) or code in DOUBTFUL:
            return reply.bad(words)
        said = f"{self._label}: {method}: {words}"
        if code in HINTS:
            said = f"{said}; {HINTS[code]}"
        if code in WAITS:
            return RateLimited(said, retry_after=WAITS[code], status=reply.status, body=error)
        if code in TOKEN | PERSON:
            return Unauthorized(said, status=reply.status, body=error)
        if code == ADDING and "day" in words:
            # "you can only add 50 posts a day": https://pastebin.com/SMp5ZCBW
            return RateLimited(said, retry_after=A_DAY, status=reply.status, body=error)
        return Refused(said, status=reply.status, body=error)

    def _words(self, error: Mapping[str, Any]) -> str:
        words = " ".join(f"{error.get('error_code')} {error.get('error_msg')}".split())
        for secret in self._client.secrets.values():
            words = words.replace(secret, "[redacted]") if secret else words
        return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"


def form(fields: Mapping[str, Any]) -> str:
    """Return the fields of a call as a form; what is None is left out. Errors come in English."""
    told = {name: str(value) for name, value in fields.items() if value is not None}
    return urlencode({**told, "v": VERSION, "lang": "en"})


def code_of(error: Outcome) -> int | None:
    """Return VK's own code of an error."""
    code = error.body.get("error_code") if isinstance(error.body, dict) else None
    return code if isinstance(code, int) else None


def items_of(response: Any) -> list[dict[str, Any]] | None:
    """Return the objects of a list, in either of the forms that the versions of the API have; None: it is no list."""
    listed = response.get("items") if isinstance(response, dict) else response
    if not isinstance(listed, list):
        return None
    return [item for item in listed if isinstance(item, dict)]


def number(value: Any) -> int | None:
    """Return a whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
