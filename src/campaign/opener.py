"""Opens adapters, each with a client of its account: the one place that puts the HTTP stack together."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from campaign import __version__
from campaign.config import Settings
from campaign.consents import hosts_of_urls
from campaign.core.adapter import Adapter, Exchanges, Notebook, unseal
from campaign.core.budget import Book
from campaign.core.clock import Clock
from campaign.core.model import Account
from campaign.media.share import Sharer
from campaign.net.skew import Skew
from campaign.places import make_vault, open_library
from campaign.platforms import load
from campaign.store.budgets import ACCOUNT, CREDENTIAL

CONSENT_WITHIN = 45.0  # seconds for one request to an authorization server; less than a renewal has the token to itself


class Opener:
    """Opens adapters. All adapters of one process share connections and rate budgets; one event loop at a time."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        redact: bool = True,
        limited: bool = True,
        only: tuple[str, int] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings, self._clock, self._redact, self.sleep = settings, clock, redact, sleep
        self._sharer = make_sharer(settings, clock)
        self._limited, self._only = limited, only  # `only`: the one host and port of a rehearsal's twins
        self.notebook: Notebook | None = None
        self.book: Book | None = None  # where budgets are shared; None: they are this process's own
        self.unique: Callable[[], str] = lambda: ""  # what random values come from; open_app() sets it
        self.skew = Skew()
        self._memories: dict[str, dict[str, Any]] = {}
        self._transport: Any = None
        self._limiters: dict[bool, Any] = {}  # for accounts that are connected, and for those that are being
        self._budgets: set[tuple[bool, str, str]] = set()  # whose rules the limiters know
        self._clients: dict[str, tuple[tuple[Any, ...], Any]] = {}  # account id → what it is made of, and it

    def __call__(self, account: Account, token: str, sink: Exchanges) -> Adapter:
        """Return the adapter of an account; what goes over the wire ends in the sink."""
        # Whatever a client is made of stands in its mark: a reconnected account gets a new one.
        mark = token, account.base_url, account.name, bool(account.sheet.get("private")), bool(account.remote_id)
        kept = self._clients.get(account.id)
        if kept is None or kept[0] != mark:
            kept = self._clients[account.id] = mark, self._client(account, token)
        return load(account.platform).open(kept[1].to(sink), account)

    def speak(self, account: Account, urls: Sequence[str], secrets: Sequence[str]) -> Any:
        """Return a client that speaks to the hosts of these URLs for an account: no token goes with what it asks."""
        hosts = hosts_of_urls([account.base_url, *urls])
        # What an operator typed may be of the local network; a host that a server named besides may not.
        private = bool(account.sheet.get("private")) and len(hosts) == 1
        memory = self._memories.setdefault(f"{account.id} consent", {})
        return self._made(account, hosts, private, secrets, memory, total=CONSENT_WITHIN)

    def _client(self, account: Account, token: str) -> Any:
        """Return a client of an account, to be given a sink for each attempt."""
        kind, known, private = load(account.platform), unseal(token), bool(account.sheet.get("private"))
        memory = self._memories.setdefault(f"{account.id} {token}", {})
        hidden = [*known.values(), *memory.get("secrets", ())]
        return self._made(
            account,
            _hosts(kind, account),
            private,
            hidden,
            memory,
            total=self._settings.network.total_timeout,
            token=known["token"] if kind.bearer or "dpop" in known else None,
            secrets=known,
            holder=self._holder(known, memory) if "dpop" in known else None,
            notebook=self.notebook,
            share=partial(self._sharer.address, private=private),
            budget=self._limiter(bool(account.remote_id)) if self._limited else None,
            budget_key=self._budget(kind, account, known["token"]) if self._limited else None,
        )

    def _holder(self, secrets: Mapping[str, str], memory: dict[str, Any]) -> Any:
        from campaign.net.dpop import Holder

        return Holder(secrets["dpop"], secrets["token"], memory, now=self._clock.now, unique=self.unique)

    def _limiter(self, connected: bool) -> Any:
        from campaign.net.limit import Limiter

        if not self._limiters:
            self._limiters[True] = Limiter(self._clock, book=self.book, sleep=self.sleep)
            self._limiters[False] = Limiter(self._clock, sleep=self.sleep)  # what is refused must leave no row
        return self._limiters[connected]

    def _made(
        self,
        account: Account,
        hosts: Sequence[str],
        private: bool,
        hidden: Iterable[str],
        memory: dict[str, Any],
        *,
        total: float,
        **parts: Any,
    ) -> Any:
        # The HTTP stack costs a fifth of a second at import: a command that asks no platform does not pay for it.
        from campaign.net.client import Client, Timeouts
        from campaign.net.guard import Guard
        from campaign.net.redact import Redactor
        from campaign.net.transport import Transport

        network = self._settings.network
        if self._transport is None:
            most = max(100, self._settings.daemon.slots)  # fewer would stand in the way of slots at one platform
            self._transport = Transport(only=self._only, max_connections=most, max_idle=most)
        return Client(
            base_url=account.base_url,
            memory=memory,
            transport=self._transport,
            guard=Guard(hosts, private=private),
            redactor=Redactor(hidden, enabled=self._redact),
            sink=Exchanges(),
            skew=None if self._settings.clock_file else self.skew,  # a virtual clock is off by intent
            clock=self._clock,
            label=f"{account.platform} account {account.name}",
            timeouts=Timeouts(
                connect=network.connect_timeout,
                read=network.read_timeout,
                write=network.read_timeout,
                pool=network.read_timeout,
                total=total,
            ),
            agent=network.user_agent or f"campaign/{__version__}",
            **parts,
        )

    def _budget(self, kind: type[Adapter], account: Account, token: str) -> str:
        """Return the key of the budget that an account draws from, of which the limiter then knows the rule."""
        connected, rate = bool(account.remote_id), kind.defaults.rate
        mine, shared = f"{ACCOUNT}{account.id}", f"{CREDENTIAL}{sha256(token.encode()).hexdigest()[:16]}"
        key = shared if kind.counted_by == "credential" else mine
        if (connected, mine, key) not in self._budgets:
            self._budgets.add((connected, mine, key))
            limiter = self._limiters[connected]
            limiter.allow(key, rate.requests, rate.seconds)
            if key != mine:
                limiter.allow(mine, None, rate.seconds, under=key)  # the claim asks for it: it is held with the other
        return key

    async def aclose(self) -> None:
        """Give back what was drawn from budgets, and close the connections; the next adapter opens new ones."""
        for limiter in self._limiters.values():
            await limiter.aclose()
        if self._transport is not None:
            await self._transport.aclose()
            self._transport = None
            self._clients.clear()


def make_sharer(settings: Settings, clock: Clock) -> Sharer:
    """Return what makes media public for a while: in the bucket where they are, or else at the desk."""
    vault = make_vault(settings)
    sign: Callable[[str, timedelta], str] | None = None
    if settings.bucket("media"):

        def sign(digest: str, lifetime: timedelta) -> str:
            library: Any = open_library(settings)
            return str(library.address(digest, lifetime))

    return Sharer(lambda: vault.derived("shared media"), settings.web.url, clock, sign=sign)


def _hosts(kind: type[Adapter], account: Account) -> list[str]:
    """Return where an account's token may go: to its own host and, at a platform's home, to what its sheet names."""
    return [urlsplit(account.base_url).netloc, *(kind.hosts if account.base_url == kind.home else ())]
