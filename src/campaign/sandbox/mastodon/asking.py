"""Who asks, what for, and with what: one request as the Mastodon rooms see it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from campaign.sandbox.books import Row
from campaign.sandbox.mastodon.languages import known
from campaign.sandbox.mastodon.refusals import no_user, not_found, out_of_scope, unauthorized
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import read_params


@dataclass(slots=True)
class Asking:
    """One request: the caller, its parameters, and the platform's time, read once."""

    sandbox: Sandbox
    request: Request
    params: Mapping[str, Any]
    token: Row | None
    account: Row | None
    locale: str
    now: int

    def scope(self, wanted: str, *, user: bool = True) -> None:
        """Refuse unless the token holds the scope; `write` holds `write:statuses`."""
        if self.token is None:
            raise unauthorized()
        held = set(str(self.token["scopes"]).split())
        if not held & {wanted, wanted.partition(":")[0]}:
            raise out_of_scope()
        if user and self.account is None:
            raise no_user()

    def scope_if_token(self, wanted: str) -> None:
        if self.token is not None:
            self.scope(wanted, user=False)

    @property
    def user(self) -> Row:
        if self.account is None:
            raise unauthorized()
        return self.account

    @property
    def ident(self) -> int:
        return whole(self.request.path_params["id"])

    def limit(self, name: str, usual: int) -> int:
        """Return a limit that the account's server sets, or the usual one."""
        return self.sandbox.sheets.get(self.account["name"] if self.account else "", {}).get(name, usual)

    def text(self, name: str) -> str | None:
        value = self.params.get(name)
        return value if isinstance(value, str) else None

    def true(self, name: str) -> bool:
        return str(self.params.get(name, "")).lower() in ("true", "1", "on", "t")

    def fits(self, fault: str) -> bool:
        """Tell whether a standing fault is in force for this request, and count it."""
        name = self.account["name"] if self.account else None
        found = self.sandbox.faults.standing(fault, self.request.method, self.request.url.path, name)
        if found is not None:
            found.hits += 1
        return found is not None


async def asking(request: Request) -> Asking:
    sandbox: Sandbox = request.app.state.sandbox
    params = read_params(request.scope["query_string"], request.headers.get("content-type", ""), await request.body())
    token = bearer(sandbox, request.headers.get("authorization"))
    account = None
    if token is not None and token["account_id"] is not None:
        account = sandbox.books.one("SELECT * FROM accounts WHERE id = ?", token["account_id"])
    told = known(params.get("lang")) or (account["locale"] if account else None)
    locale = told or known(request.headers.get("accept-language", "").partition(",")[0].partition(";")[0]) or "en"
    return Asking(sandbox, request, params, token, account, locale, sandbox.clock.milliseconds())


def bearer(sandbox: Sandbox, header: str | None) -> Row | None:
    """Return the token that a header names; refuse one that is not known."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    row = sandbox.books.one("SELECT * FROM tokens WHERE token = ?", value.strip())
    if row is None:
        raise unauthorized()
    return row


def whole(value: object) -> int:
    """Return an id; anything else is the id of nothing."""
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise not_found()
    return int(text)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(body, status, dict(headers or {}), media_type="application/json; charset=utf-8")


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def ids_of(row: Row) -> list[int]:
    ids: list[int] = json.loads(row["media"])
    return ids
