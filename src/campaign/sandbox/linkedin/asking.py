"""One request: who asks for what, with which permissions, in Rest.li's own writing of queries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.linkedin.refusals import Refusal
from campaign.sandbox.state import Sandbox

FIRST_VERSION = 202512  # older ones have ended; a version lives for a year


@dataclass(slots=True)
class Asking:
    """One request of an author: a page with one of its administrators, or a member."""

    sandbox: Sandbox
    request: Request
    author: Row
    query: Mapping[str, str]
    now: int  # the platform's time, milliseconds

    @property
    def key(self) -> str:
        """The URN in the path."""
        return str(self.request.path_params["urn"])

    @property
    def method(self) -> str:
        return self.request.headers.get("x-restli-method", "").upper()

    def may(self, *scopes: str, what: str) -> None:
        """Check that one of these was granted. Raises: Refusal."""
        if not set(scopes) & set(self.author["scopes"].split()):
            raise Refusal("denied", access=f"{what}.{self.request.headers.get('linkedin-version', '')}01")

    def listed(self, name: str) -> list[str]:
        """Return what List(…) holds."""
        text = self.query.get(name, "")
        if not text:
            return []
        if not (text.startswith("List(") and text.endswith(")")):
            raise Refusal("parameter", name=name)
        return [unquote(one) for one in text[5:-1].split(",") if one]

    def number(self, name: str, default: int, most: int) -> int:
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most):
            raise Refusal("parameter", name=name)
        return int(text)

    async def told(self) -> dict[str, Any]:
        """Return the JSON object of the body. Raises: Refusal."""
        try:
            told = json.loads(await self.request.body())
            json.dumps(told, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError):
            raise Refusal("unreadable") from None
        if not isinstance(told, dict):
            raise Refusal("unreadable")
        return told


def asking(request: Request, *, versioned: bool = True) -> Asking:
    """Return who asks. Raises: Refusal: nobody has this token, or the version is not one."""
    sandbox: Sandbox = request.app.state.sandbox
    author = author_of(sandbox, request.scope)
    if author is None:
        raise Refusal("invalid_token")
    if versioned:
        version = request.headers.get("linkedin-version", "")
        if not version:
            raise Refusal("version_missing")
        if not (version.isascii() and version.isdigit() and len(version) == 6 and int(version) >= FIRST_VERSION):
            raise Refusal("version_ended", version=f"{version[:20]}01")
    pairs = [pair.partition("=") for pair in request.scope["query_string"].decode("latin-1").split("&") if pair]
    return Asking(sandbox, request, author, {name: value for name, _, value in pairs}, sandbox.clock.milliseconds())


def author_of(sandbox: Sandbox, scope: Scope) -> Row | None:
    """Return the author whose token stands in the Authorization header."""
    for name, value in scope["headers"]:
        if name.lower() == b"authorization" and value[:7].lower() == b"bearer ":
            return sandbox.books.one("SELECT * FROM linkedin_authors WHERE token = ?", value[7:].decode("latin-1"))
    return None
