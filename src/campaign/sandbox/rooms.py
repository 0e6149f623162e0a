"""What a platform brings into the sandbox: its rooms, and how it says what the front says for it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Scope

from campaign.sandbox.limits import Standing
from campaign.sandbox.state import Sandbox

Wrong = Literal["throttled", "internal", "temporary", "expired"]
Handler = Callable[[Request, Any], Awaitable[Response]]
Account = str | Mapping[str, str]  # a name, or a name and what else the platform knows: display_name, locale


@dataclass(slots=True)
class Answer:
    """What the work gave, held back until it is known whether it may go out."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def collect(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the account's name (which faults and books know it by), its token, and the language of its errors."""

    account: str | None = None
    token: str | None = None
    locale: str = "en"


class Rooms(ABC):
    """One platform. Its paths, tables and words are its own; faults, books, pages and clock are shared.

    Attributes:
        prefixes: paths that are this platform's: requests there are noted, and faults act.
        schema: its own tables, `CREATE TABLE IF NOT EXISTS …`, in the books' one SQLite file (prefix: its name).
        errors: exception → the answer that it becomes.
        accounts: what is opened when nobody says otherwise.
        publishes: whether posts are accepted there; else it is no platform, and has no books.
    """

    name: ClassVar[str]
    publishes: ClassVar[bool] = True
    prefixes: ClassVar[tuple[str, ...]]
    server: ClassVar[bytes]
    schema: ClassVar[str] = ""
    routes: ClassVar[Sequence[Route]]
    errors: ClassVar[Mapping[type[Exception], Handler]] = {}
    accounts: ClassVar[Sequence[Account]]

    @abstractmethod
    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        """Return who asks; nobody, when the token is not known: the rooms themselves refuse it."""

    @abstractmethod
    def route(self, path: str) -> str:
        """Return a path with ids and tokens taken out, for counting."""

    def throttle(self, sandbox: Sandbox, caller: Caller, method: str, path: str, address: str) -> Standing | None:
        """Count one request (in real time) and return where its caller stands; None: nothing is limited here."""
        return None

    def limits(self, sandbox: Sandbox, standing: Standing) -> list[tuple[bytes, bytes]]:
        """Return the headers that tell a caller where it stands."""
        return []

    @abstractmethod
    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        """Return the platform's own answer for this trouble, before any work is done."""

    @abstractmethod
    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open an account, or find it; return its `name`, `token` and whatever a client must know to log in."""

    @abstractmethod
    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        """Return what was ever accepted, one row a post, oldest first, after the row of that `cursor`.

        Each row has at least: cursor, id (as the platform tells it to clients), account, text, language (or None),
        created_at (ISO, platform's time), in_reply_to_id, media (a list, sha256 and description each), url, deleted.
        """

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        """Return the true counters of a post at a platform's time (milliseconds); None: there is no such post."""
        return None
