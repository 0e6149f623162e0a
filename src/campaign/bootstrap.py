"""open_app: the one place where concrete parts are chosen, and where ids, keys and time come from."""

import asyncio
import os
import secrets
import shlex
import sys
import time
import zoneinfo
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import tzdata
from pydantic import SecretStr

from campaign import __version__
from campaign.clock import DatabaseClock, FileClock, SystemClock, uptime
from campaign.config import Settings, plain_environment
from campaign.consents import hosts_of_urls, make_consents
from campaign.core.adapter import Adapter, Capabilities, Exchanges, Notebook, overridden, unseal
from campaign.core.budget import Book
from campaign.core.clock import Clock
from campaign.core.errors import Conflict, Invalid
from campaign.core.model import Account
from campaign.core.place import Bucket
from campaign.media.library import Library
from campaign.media.share import Sharer
from campaign.media.shelf import Shelf
from campaign.net.skew import Skew
from campaign.outage import Outage
from campaign.platforms import available, load
from campaign.record.ocfl import Repository
from campaign.record.root import Root
from campaign.service import App
from campaign.service.notify import Channel, Notifier, as_json
from campaign.store import Store, Unreachable, open_store
from campaign.store.budgets import ACCOUNT, CREDENTIAL, Budgets
from campaign.store.schema import check_current, upgrade
from campaign.store.sightings import Sightings
from campaign.store.vault import Vault

if TYPE_CHECKING:
    from campaign.net.tell import Hook

CONSENT_WITHIN = 45.0  # seconds for one request to an authorization server; less than a renewal has the token to itself


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562 §5.7): milliseconds since 1970, then random, so that ids sort by their making."""
    chance = secrets.randbits(74)
    value = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | (chance >> 62) << 64
    value |= 0b10 << 62 | chance & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_key() -> str:
    """Return a random idempotency key."""
    return secrets.token_urlsafe(24)


def make_clock(settings: Settings, store: Store | None = None) -> Clock:
    """Return the demo's virtual clock, that of a PostgreSQL store, which all workers share, or else the system's."""
    if settings.clock_file:
        return FileClock(Path(settings.clock_file))
    return DatabaseClock(store) if store is not None and store.dialect == "postgresql" else SystemClock()


def init(settings: Settings) -> tuple[str | None, str]:
    """Make an installation: folders, keys, database, archive root. Repeatable; return the schema before and after."""
    settings.root.mkdir(parents=True, exist_ok=True)
    make_vault(settings).create()
    settings.folder("media").mkdir(parents=True, exist_ok=True)
    archive = open_archive(settings)
    sections: tuple[Literal["media", "archive"], ...] = ("media", "archive")
    for section in sections:
        if (bucket := _bucket(settings, section)) is not None:
            bucket.check()
    store = open_store(settings.database_url)
    try:
        make_private(store)
        revisions = upgrade(store)
    finally:
        store.close()
    archive.create()
    return revisions


def open_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    log: Callable[..., None] | None = None,
    failpoint: Callable[[str], None] | None = None,
    store: Store | None = None,
    opener: "Opener | None" = None,
    redact: bool = True,
) -> App:
    """Return the App of an installation.

    Args:
        clock, store, opener: parts to use in place of those that the settings name.
        redact: whether secrets are taken out of what is kept; only a test of the canaries turns it off.

    Raises:
        Conflict: there is no installation, or its schema is not this program's.
    """
    # Zones come from the tzdata package alone, so that the version that a record names is the one that was used.
    zoneinfo.reset_tzpath(to=())
    if store is None:
        store = open_store(settings.database_url)
        try:
            _check_there(settings, store)
        except BaseException:
            store.close()
            raise
    else:
        _check_there(settings, store)
    clock = clock or make_clock(settings, store)
    opener = opener or Opener(settings, clock, redact=redact)
    if isinstance(opener, Opener) and opener.notebook is None:
        opener.notebook = Sightings(store)
        opener.book = Budgets(store, clock)
    return App(
        store=store,
        media=open_library(settings),
        shelf=Shelf(settings.folder("media") / ".made", limit=settings.media.max_bytes),
        archive=open_archive(settings),
        vault=make_vault(settings),
        clock=clock,
        new_id=new_id,
        new_key=new_key,
        worker=f"{os.getpid()}-{secrets.token_hex(4)}",
        open_adapter=opener,
        close_network=opener.aclose,
        capabilities=capabilities_of,
        locate=locate,
        platforms=available(),
        publisher=settings.archive.publisher,
        log=log or (lambda event, **fields: None),
        tzdata=tzdata.IANA_VERSION,
        consents=make_consents(settings, opener.speak, new_key),
        lease_seconds=settings.daemon.lease,
        # On one machine the lock of a dead daemon proves that its sockets are closed; nothing proves it of another's.
        outlives=settings.network.total_timeout if store.dialect == "postgresql" else 0.0,
        # In a demo days go by in seconds: what is late there, a pause of real seconds would only make later.
        spacing=0.0 if settings.clock_file else settings.daemon.spacing,
        tick=settings.daemon.tick,
        reserve=settings.daemon.reserve_bytes,
        disks=_disks(settings, store),
        clock_offset=lambda: opener.skew.median(clock.monotonic()) if isinstance(opener, Opener) else None,
        max_pixels=settings.media.max_pixels,
        failpoint=failpoint or (lambda name: None),
    )


def _check_there(settings: Settings, store: Store) -> None:
    """Check that there is an installation, of this program's schema. Raises: Conflict."""
    if store.dialect == "sqlite" and not _sqlite_file_exists(store):
        raise Conflict(
            f"there is no installation in {settings.root}; make one with: campaign init --dir {settings.root}"
        )
    check_current(store)


def open_patiently(
    settings: Settings, *, log: Callable[..., None], wait: Callable[[float], None] = time.sleep, **parts: Any
) -> App:
    """Return the App of an installation as open_app() does; while its database cannot be reached, try again.

    For what runs until it is stopped: it says so once a minute, and goes on when the database is there.

    Args:
        wait: sleeps for so many seconds: 0.5 at first, 15 at most.
    """
    outage, delay = Outage(log, uptime), 0.5
    while True:
        try:
            app = open_app(settings, log=log, **parts)
        except Unreachable as error:
            outage.failed(error)
            wait(delay)
            delay = min(15.0, delay * 2)
        else:
            outage.over()
            return app


def warm_up() -> None:
    """Load what the first delivery would otherwise wait for: the HTTP stack and every platform."""
    import campaign.net.client
    import campaign.net.transport  # noqa: F401

    for name in available():
        load(name)


def capabilities_of(account: Account) -> Capabilities:
    """Return an account's limits: its platform's, overridden by its own sheet."""
    return overridden(load(account.platform).defaults, account.sheet)


def locate(account: Account, url: str) -> str:
    """Return the remote id of an account's post at a public address. Raises: Invalid."""
    return load(account.platform).locate(account, url)


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
        self._settings, self._clock, self._redact, self._sleep = settings, clock, redact, sleep
        self._sharer = make_sharer(settings, clock)
        self._limited, self._only = limited, only  # `only`: the one host and port of a rehearsal's twins
        self.notebook: Notebook | None = None
        self.book: Book | None = None  # where budgets are shared; None: they are this process's own
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
        kind, secrets, private = load(account.platform), unseal(token), bool(account.sheet.get("private"))
        memory = self._memories.setdefault(f"{account.id} {token}", {})
        hidden = [*secrets.values(), *memory.get("secrets", ())]
        return self._made(
            account,
            _hosts(kind, account),
            private,
            hidden,
            memory,
            total=self._settings.network.total_timeout,
            token=secrets["token"] if kind.bearer else None,
            secrets=secrets,
            notebook=self.notebook,
            share=partial(self._sharer.address, private=private),
            budget=self._limiter(bool(account.remote_id)) if self._limited else None,
            budget_key=self._budget(kind, account, secrets["token"]) if self._limited else None,
        )

    def _limiter(self, connected: bool) -> Any:
        from campaign.net.limit import Limiter

        if not self._limiters:
            self._limiters[True] = Limiter(self._clock, book=self.book, sleep=self._sleep)
            self._limiters[False] = Limiter(self._clock, sleep=self._sleep)  # what is refused must leave no row
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


def make_notifier(app: App, settings: Settings) -> Notifier:
    """Return what hands notices over as the settings say. Raises: Invalid: a URL or a command that is none."""
    channels: dict[str, Channel] = {}
    if settings.notify.webhook.get_secret_value():
        channels["webhook"] = _hook(app, settings, settings.notify.webhook, "notify.webhook").post
    if settings.notify.command:
        from campaign.net.tell import Program

        program = Program(_words(settings.notify.command), plain_environment())
        channels["command"] = lambda told: program.run(as_json(told))
    web = settings.web
    return Notifier(app, channels, url=web.url or (f"http://{web.host}:{web.port}" if web.port else ""))


def make_ping(app: App, settings: Settings) -> Callable[[], Awaitable[None]] | None:
    """Return what resets the dead man's switch; None: there is none. Raises: Invalid: a URL that is none."""
    url = settings.daemon.ping_url
    return _hook(app, settings, url, "daemon.ping_url").get if url.get_secret_value() else None


def _hook(app: App, settings: Settings, url: SecretStr, field: str) -> "Hook":
    from campaign.net.tell import Hook

    agent = settings.network.user_agent or f"campaign/{__version__}"
    return Hook(url.get_secret_value(), field=field, clock=app.clock, agent=agent)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise Invalid("notify.command", command, f"cannot be read as words: {error}") from None


def make_log(settings: Settings) -> Callable[..., None]:
    """Return what writes one event with its fields to standard error, as lines for people or as JSON."""
    import logging

    import structlog

    # A look that is skipped because the one before it still runs is no news: the rows are found at the next.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    for name in ("procrastinate", "psycopg.pool"):  # a tick that fails, a database that is away: engine.failed says it
        logging.getLogger(name).setLevel(logging.CRITICAL)
    level = {"debug": 10, "info": 20, "warning": 30, "error": 40}[settings.log.level]
    people = settings.log.format == "console" or (settings.log.format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer(colors=people) if people else structlog.processors.JSONRenderer()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    grave = ("failed", "stuck", "uncertain", "missed", "lost")

    def log(event: str, **fields: Any) -> None:
        with suppress(BrokenPipeError):
            (logger.warning if event.rpartition(".")[2] in grave else logger.info)(event, **fields)

    return log


def _disks(settings: Settings, store: Store) -> dict[str, Path]:
    """Return the folders whose disks may run full, by what they are for; a bucket does not."""
    disks = {"archive": settings.folder("archive"), "media": settings.folder("media")}
    if settings.bucket("archive"):
        del disks["archive"]
    if settings.bucket("media"):
        disks["media"] = settings.root  # the cache, and what was made of media
    if store.dialect == "sqlite" and store.engine.url.database:
        disks["database"] = Path(store.engine.url.database).parent
    return disks


def open_library(settings: Settings) -> Library:
    """Return the media library of an installation, in a folder or in a bucket. Raises: Invalid."""
    limit = settings.media.max_bytes
    if (bucket := _bucket(settings, "media")) is None:
        return Library(settings.folder("media"), limit=limit)
    from campaign.media.bucket import BucketLibrary

    return BucketLibrary(bucket, settings.root / "media-cache", limit=limit, room=settings.media.cache_bytes)


def open_archive(settings: Settings) -> Root:
    """Return the archive of an installation, in a folder or in a bucket. Raises: Invalid."""
    root = settings.folder("archive")
    staging = root.with_name(root.name + "-staging")
    if (bucket := _bucket(settings, "archive")) is None:
        return Repository(root, staging)
    from campaign.record.bucket import BucketRepository

    return BucketRepository(bucket, staging)


def _bucket(settings: Settings, section: Literal["media", "archive"]) -> Bucket | None:
    url = settings.bucket(section)
    if url is None:
        return None
    from campaign.net.bucket import Access, open_bucket

    given = settings.s3
    access = Access(
        given.endpoint, given.region, given.access_key, given.secret_key.get_secret_value(), given.path_style
    )
    return open_bucket(url, access, field=f"{section}.dir")


def make_private(store: Store) -> None:
    """Make the file of an SQLite database for its owner alone: it holds texts that are not out yet."""
    if store.dialect != "sqlite":
        return
    file = Path(str(store.engine.url.database))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)


def make_vault(settings: Settings) -> Vault:
    """Return what seals tokens."""
    keys = settings.keys
    given, old = (value.get_secret_value() or None for value in (keys.token_key, keys.old_token_key))
    return Vault(settings.folder("keys"), given, old)


def _sqlite_file_exists(store: Store) -> bool:
    database = store.engine.url.database
    return bool(database) and Path(str(database)).is_file()
