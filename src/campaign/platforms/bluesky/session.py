"""The AT Protocol itself: sessions bought with an app password, record keys, and how errors are named."""

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from campaign.core.errors import Refused, Unauthorized, Unavailable
from campaign.net.client import Client
from campaign.net.reply import Reply

STALE = frozenset({"ExpiredToken", "InvalidToken"})  # told with 400, not with 401
MARGIN = 300.0  # seconds that a session must still last when a request is about to leave
DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,200}")
RKEY = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"  # https://atproto.com/specs/tid


class Session:
    """A login that all adapters of an account share within this process, kept in the client's memory.

    Logging in is rare by design: 30 times in 5 minutes, 300 times a day.
    https://docs.bsky.app/docs/advanced-guides/rate-limits
    """

    def __init__(self, client: Client, identifier: str, did: str) -> None:
        self._client, self._identifier, self._did = client, identifier, did
        self._bound = "dpop" in client.secrets  # connected by consent: the client itself shows the token, with a proof

    async def did(self) -> str:
        """Return whose session it is."""
        if self._did or not self._bound:
            return self._did or str((await self._valid(0.0))["did"])
        who = (await self._client.ask("GET", "/xrpc/com.atproto.server.getSession")).json()
        self._did = str(who.get("did")) if isinstance(who, dict) else ""
        if not DID.fullmatch(self._did):
            raise Unavailable("the server does not say whose token it is")
        return self._did

    async def headers(self) -> dict[str, str]:
        """Return what goes with a request. Raises: Unauthorized when the password is not accepted."""
        return {} if self._bound else {"Authorization": f"Bearer {(await self._valid(0.0))['access']}"}

    async def fresh(self) -> None:
        """See to it that the session lasts for what comes next."""
        if not self._bound:
            await self._valid(MARGIN)

    def works(self) -> None:
        """Note that the server took the session."""
        self._client.memory["refused"] = False

    def forget(self, auth: Mapping[str, str]) -> bool:
        """Take an access token for dead, if it is still the one in use; return whether the one before it fared alike.

        Then no session helps: a person must look.
        """
        if self._bound:
            return True  # what the token is renewed with is not ours to use
        memory = self._client.memory
        kept, again = memory.get("session"), bool(memory.get("refused"))
        memory["refused"] = True
        if kept and auth == {"Authorization": f"Bearer {kept['access']}"}:
            memory["session"] = {**kept, "until": float("-inf")}
        return again

    async def through(self, send: Callable[[Mapping[str, str]], Awaitable[Reply]]) -> Reply:
        """Send a request that may be repeated; once more with a new session when the old one is over.

        Raises:
            Unauthorized: the new session is not accepted either. What send() raises.
        """
        auth = await self.headers()
        try:
            reply = await send(auth)
        except Refused as error:
            if error_name(error) not in STALE:
                raise
            if self.forget(auth) and self._bound:
                raise Unauthorized(str(error), status=error.status) from error
            auth = await self.headers()
            try:
                reply = await send(auth)
            except Refused as again:
                if error_name(again) not in STALE:
                    raise
                self.forget(auth)
                raise Unauthorized(f"{again}, and the session is new", status=again.status) from again
        self.works()
        return reply

    async def _valid(self, margin: float) -> dict[str, Any]:
        async with self._lock():  # a refresh token serves once: two at the same time would lose the session
            kept: dict[str, Any] | None = self._client.memory.get("session")
            now = self._client.monotonic()
            if kept and now + min(margin, kept["lasts"] / 4) < kept["until"]:
                self._client.learn(kept["access"], kept["refresh"])
                return kept
            renewed = await self._renewed(kept["refresh"]) if kept else None
            return self._keep(renewed or await self._created(), now)

    async def _renewed(self, refresh: str) -> Any:
        path, headers = "/xrpc/com.atproto.server.refreshSession", {"Authorization": f"Bearer {refresh}"}
        try:
            return (await self._client.ask("POST", path, headers=headers, reading=False)).json()
        except (Refused, Unauthorized):
            return None  # it is over, or was taken back: the password tells

    async def _created(self) -> Any:
        body = {"identifier": self._identifier, "password": self._client.secrets.get("token", "")}
        return (await self._client.ask("POST", "/xrpc/com.atproto.server.createSession", json=body)).json()

    def _keep(self, told: Any, now: float) -> dict[str, Any]:
        names = ("accessJwt", "refreshJwt", "did")
        access, refresh, did = (str(told.get(name) or "") for name in names) if isinstance(told, dict) else ("",) * 3
        if not access or not refresh or not DID.fullmatch(did) or not (access + refresh).isascii():
            raise Unavailable("the login was answered without a session")
        self._client.learn(access, refresh)
        memory = self._client.memory
        memory["secrets"] = [*memory.get("secrets", ()), access, refresh][-4:]  # the redactor of the next adapter
        if self._did and did != self._did:
            raise Unauthorized(f"the password belongs to another account, {did}")
        lasts = _lifetime(access)
        memory["session"] = {"access": access, "refresh": refresh, "did": did, "lasts": lasts, "until": now + lasts}
        kept: dict[str, Any] = memory["session"]
        return kept

    def _lock(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        of, lock = self._client.memory.get("lock", (None, None))
        if of is not loop:  # a lock belongs to one loop; loops of one process follow each other
            lock = asyncio.Lock()
            self._client.memory["lock"] = (loop, lock)
        found: asyncio.Lock = lock
        return found


def tid(at: datetime, key: str) -> str:
    """Return a record key that sorts by time: the milliseconds of `at`, and twenty bits of the delivery's own key.

    A campaign's clock may stand still while posts go out, so the time alone does not tell them apart.
    https://atproto.com/specs/tid

    >>> tid(datetime.fromisoformat("2019-10-01T03:00:00Z"), "a key")
    '3gnu4a6xfyipm'
    """
    bits = int.from_bytes(sha256(key.encode()).digest()[:8])
    micros = int(at.timestamp() * 1000) * 1000 + bits % 1000
    number = ((micros & (1 << 53) - 1) << 10) | (bits >> 32) & 1023
    return "".join(_SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def error_name(error: Refused) -> str:
    """Return the name of an error: 400 stands for all of them. https://atproto.com/specs/xrpc#error-responses"""
    return str(error.body.get("error")) if isinstance(error.body, dict) else ""


def _lifetime(token: str) -> float:
    """Return how many seconds a token lasts, by what its server wrote into it; half a minute where it is no JWT."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        lasts = float(claims["exp"]) - float(claims["iat"])
    except (ValueError, LookupError, TypeError):
        return 30.0
    return lasts if 0 < lasts < 86400 else 30.0
