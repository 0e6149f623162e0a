"""open_app: the one place where concrete parts are chosen, and where ids, keys and time come from."""

import asyncio
import os
import secrets
import shlex
import sys
import time
import zoneinfo
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tzdata
from pydantic import SecretStr

from campaign import __version__
from campaign.clock import DatabaseClock, FileClock, SystemClock, uptime
from campaign.config import Settings, plain_environment
from campaign.consents import make_consents
from campaign.core.adapter import Capabilities, overridden
from campaign.core.clock import Clock
from campaign.core.errors import Conflict, Invalid
from campaign.core.holidays import parse_countries
from campaign.core.model import Account
from campaign.interpreter import make_translator
from campaign.media.shelf import Shelf
from campaign.opener import Opener, make_sharer
from campaign.outage import Outage
from campaign.places import make_vault, open_archive, open_bucket_of, open_library
from campaign.platforms import available, load
from campaign.service import App, Comments
from campaign.service.notify import Channel, Notifier, as_json
from campaign.store import Store, Unreachable, open_store
from campaign.store.budgets import Budgets
from campaign.store.schema import check_current, upgrade
from campaign.store.sightings import Sightings

if TYPE_CHECKING:
    from campaign.net.tell import Hook


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
        if (bucket := open_bucket_of(settings, section)) is not None:
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
    own = isinstance(opener, Opener)
    if own and opener.notebook is None:
        opener.notebook = Sightings(store)
        opener.book = Budgets(store, clock)
        opener.unique = new_key
    sharer = make_sharer(settings, clock)
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
        share_trouble=lambda account: sharer.trouble(private=bool(account.sheet.get("private"))),
        platforms=available(),
        publisher=settings.archive.publisher,
        log=log or (lambda event, **fields: None),
        tzdata=tzdata.IANA_VERSION,
        consents=make_consents(settings, opener.speak, new_key, make_vault(settings)),
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
        countries=parse_countries("holidays.countries", settings.holidays.countries),
        comments=Comments(settings.engagement.comment_authors, settings.engagement.comment_days),
        translator=lambda: make_translator(settings, clock, sleep=opener.sleep if own else asyncio.sleep),
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


def make_private(store: Store) -> None:
    """Make the file of an SQLite database for its owner alone: it holds texts that are not out yet."""
    if store.dialect != "sqlite":
        return
    file = Path(str(store.engine.url.database))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)


def _sqlite_file_exists(store: Store) -> bool:
    database = store.engine.url.database
    return bool(database) and Path(str(database)).is_file()
