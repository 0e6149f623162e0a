"""Mastodon's rooms, as the sandbox takes them in."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.limits import Standing
from campaign.sandbox.mastodon import entities, routes
from campaign.sandbox.mastodon.asking import answer, bearer
from campaign.sandbox.mastodon.kinds import kind_of, known_kind, refuses_token
from campaign.sandbox.mastodon.languages import known
from campaign.sandbox.mastodon.refusals import Refusal, says
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable

_INTERNAL = "We're sorry, but something went wrong on our end."
_TEMPORARY = "There was a temporary problem serving your request, please try again"
_EXPIRED = "The access token expired"
# What another server of the kind may set otherwise; in open() these go with the account's name.
LIMITS = ("text_limit", "link_length", "media_count", "image_bytes", "image_pixels", "alt_limit")
_NAMES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}


async def _refuse(request: Request, error: Exception) -> Response:
    status: int = getattr(error, "status", None) or getattr(error, "status_code", None) or 500
    text = getattr(error, "error", None) or getattr(error, "detail", "")
    if request.url.path.startswith(("/api/", "/oauth/", "/_", "/nodeinfo", "/media/", "/xrpc/", "/bot")):
        return answer({"error": text}, status, getattr(error, "headers", None))
    page: Response = request.app.state.pages.answer("missing.html", status, text=text, title=str(status))
    return page


async def _unreadable(request: Request, error: Exception) -> Response:
    return answer({"error": "Error occurred while parsing request parameters"}, 400)


class Mastodon(Rooms):
    """The rooms under /api, /oauth and /media."""

    name: ClassVar[str] = "mastodon"
    prefixes: ClassVar[tuple[str, ...]] = ("/api/", "/oauth/", "/media/")
    server: ClassVar[bytes] = b"Mastodon"
    routes: ClassVar[Sequence[Route]] = routes.ROUTES
    errors: ClassVar[Mapping[type[Exception], Handler]] = {
        Refusal: _refuse,
        Unreadable: _unreadable,
        HTTPException: _refuse,
    }
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), None)
        try:
            token = bearer(sandbox, header)
        except Refusal:
            return Caller()
        if token is None:
            return Caller()
        row = sandbox.books.one("SELECT name, locale FROM accounts WHERE id = ?", token["account_id"])
        return Caller(row["name"], token["token"], str(row["locale"])) if row else Caller(None, token["token"])

    def route(self, path: str) -> str:
        parts = path.split("/")
        if len(parts) > 7 or len(path) > 200:
            return "(page)"
        if parts[1] == "media":
            return "/media/{id}/{name}"
        return "/".join("{id}" if part.isdigit() else part for part in parts)

    def throttle(self, sandbox: Sandbox, caller: Caller, method: str, path: str, address: str) -> Standing | None:
        if not path.startswith("/api/"):
            return None
        return sandbox.throttle.take(method, path, caller.token, caller.account, address)

    def limits(self, sandbox: Sandbox, standing: Standing) -> list[tuple[bytes, bytes]]:
        """The window is real time; its end is told in the platform's time, so that Reset - Date is the real wait."""
        resets = sandbox.clock.now() + timedelta(seconds=standing.resets_in)
        told = resets.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return [
            (b"x-ratelimit-limit", str(standing.limit).encode()),
            (b"x-ratelimit-remaining", str(standing.remaining).encode()),
            (b"x-ratelimit-reset", told.encode()),
        ]

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        if kind == "expired" and (name := kind_of(sandbox, caller.account))[0] != "mastodon":
            return refuses_token(name[1])
        status, text = {
            "throttled": (429, says("throttled", caller.locale)),
            "internal": (500, _INTERNAL),
            "temporary": (503, _TEMPORARY),
            "expired": (401, _EXPIRED),
        }[kind]
        body = bytearray(json.dumps({"error": text}, ensure_ascii=False).encode())
        return Answer(status, [(b"content-type", b"application/json; charset=utf-8")], body)

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        told = {"name": account} if isinstance(account, str) else account
        name = told["name"]
        sandbox.kinds[name] = known_kind(told.get("kind", "mastodon"))
        limits = kind_of(sandbox, name)[1].limits
        sandbox.sheets[name] = {**limits, **{key: int(told[key]) for key in LIMITS if key in told}}
        locale = told.get("locale") or known(name.rpartition("_")[2]) or "en"
        now, books = sandbox.clock.milliseconds(), sandbox.books
        row = books.open_account(name, told.get("display_name") or _NAMES.get(name, name), locale, now)
        return {"name": name, "token": books.first_token(row) or books.open_token(row, now, app="Campaign", first=True)}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        number = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else -1
        rows = sandbox.books.accepted(account, sandbox.base_url, number, limit)
        return [{"cursor": row["id"], **row} for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        if not ident.isascii() or not ident.isdigit() or len(ident) > 18:
            return None
        row = sandbox.books.one("SELECT * FROM statuses WHERE id = ?", int(ident))
        return entities.counts(sandbox, row, at) if row is not None else None


ROOMS = Mastodon()
