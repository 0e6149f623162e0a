"""What com.atproto.server and com.atproto.identity answer: the server itself, sessions, handles."""

import hmac

from starlette.requests import Request
from starlette.responses import Response

from campaign.sandbox.bluesky import lexicon
from campaign.sandbox.bluesky.asking import SERVER, account_of, answer, asking, open_session, token_of
from campaign.sandbox.bluesky.records import BLOB_LIMIT
from campaign.sandbox.bluesky.refusals import XrpcError, invalid, too_many, wrong_password
from campaign.sandbox.limits import Limit
from campaign.sandbox.state import Sandbox

LOGINS = Limit(30, 300)  # https://docs.bsky.app/docs/advanced-guides/rate-limits


async def describe(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    return answer(
        {
            "did": SERVER,
            "availableUserDomains": [".test"],
            "inviteCodeRequired": False,
            "blobUploadLimit": BLOB_LIMIT,
            "links": {},
            "contact": {},
            "web": sandbox.base_url,  # no field of the real server: posts are shown here and not at bsky.app
        }
    )


async def create_session(request: Request) -> Response:
    ask = await asking(request)
    for key in ("identifier", "password"):
        if not isinstance(ask.body.get(key), str):
            raise invalid(f'Missing required key "{key}" at $')
    identifier = str(ask.body["identifier"]).lower()
    if not ask.sandbox.wide:
        address = request.client.host if request.client else ""
        standing = ask.sandbox.throttle.count(("bluesky login", f"{identifier} {address}"), LOGINS)
        if standing.over:
            raise too_many(standing.resets_in)
    row = account_of(ask.books, identifier)
    if row is None or not hmac.compare_digest(str(row["password"]).encode(), str(ask.body["password"]).encode()):
        raise wrong_password()
    return answer(open_session(ask.sandbox, row))


async def refresh_session(request: Request) -> Response:
    """A refresh token may be used again for a while, as on the real server; with OAuth it may not."""
    sandbox: Sandbox = request.app.state.sandbox
    token = token_of(sandbox, request.headers.get("authorization"), "refresh")
    row = sandbox.books.one("SELECT * FROM bluesky_accounts WHERE did = ?", token["did"])
    if row is None:
        raise wrong_password()
    return answer(open_session(sandbox, row))


async def get_session(request: Request) -> Response:
    user = (await asking(request, session=True)).user
    told = {name: user[name] for name in ("did", "handle", "email")}
    return answer({**told, "emailConfirmed": False, "active": True})


async def resolve_handle(request: Request) -> Response:
    ask = await asking(request)
    handle = ask.query("handle")
    if not lexicon.HANDLE.fullmatch(handle):
        raise invalid(f'Invalid com.atproto.identity.resolveHandle params: Invalid handle (got "{handle[:300]}")')
    row = account_of(ask.books, handle)
    if row is None:
        raise XrpcError(400, "HandleNotFound", "Unable to resolve handle")
    return answer({"did": row["did"]})
