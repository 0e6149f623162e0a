"""The stage of a rehearsal: a scratch installation with keys of its own, whose accounts are accounts of twins.

What is real never enters it: no token, no address of a platform, no id that a platform gave. Nothing of it stays.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any
from urllib.parse import urlsplit

from campaign import bootstrap, sandbox
from campaign.clock import FileClock
from campaign.config import Settings
from campaign.core.adapter import Exchanges, seal
from campaign.core.errors import CampaignError
from campaign.core.model import Account
from campaign.demo.rehearsal.plan import Plan
from campaign.demo.rehearsal.shelf import shelved
from campaign.media.library import Library
from campaign.opener import Opener
from campaign.places import open_library
from campaign.platforms import load
from campaign.service import App
from campaign.service.enqueue import enqueue, release
from campaign.service.standing import read
from campaign.store import accounts as account_rows
from campaign.store import approvals as approval_rows
from campaign.store import posts as post_rows
from campaign.store.approvals import Approval
from campaign.store.excerpt import copy_campaign

PREFIX = "campaign-rehearsal-"
BY = "rehearsal"  # who approves drafts on the stage
# Of an account's sheet only limits come along: the rest may name its server or its channel.
LIMITS = ("_limit", "_length", "_count", "_bytes", "_pixels", "_mimes", "_seconds")
FACTS = ("counts", "settles_within", "key_lifetime")


@dataclass(slots=True)
class Stage:
    """A scratch installation that is ready to play."""

    folder: Path
    settings: Settings
    app: App
    clock: FileClock
    twin: sandbox.Twin


@contextmanager
def staged(settings: Settings, tx: Any, plan: Plan, until: datetime) -> Iterator[Stage]:
    """Build the stage of a plan, and take all of it away at the end.

    Args:
        settings: the real installation's; read for its media library and its sizes, nothing else.
        tx: a read transaction on the real installation.
        until: where the stage's clock would go on like any other.
    """
    platforms = sorted({line.platform for line in plan.played})
    _clear()
    with TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as scratch, _held(Path(scratch)) as folder:
        clock = FileClock(folder / "clock.json")
        clock.create(plan.starts)
        chosen = Settings(
            dir=str(folder / "installation"),
            clock_file=str(clock.file),
            clock_until=until.isoformat(),
            media=settings.media.model_copy(update={"dir": ""}),
            daemon=settings.daemon,
        )
        bootstrap.init(chosen)
        _link_media(open_library(settings), open_library(chosen), plan.digests)
        ours = [account for account in plan.accounts.values() if account.platform in platforms]
        twin = sandbox.Twin(
            folder / "twins", clock_file=clock.file, platforms=platforms, accounts=_opened(ours), wide=True
        )
        with twin, shelved(chosen, clock) as chosen:
            address = urlsplit(twin.base_url)
            only = (str(address.hostname), int(address.port or 0))
            # Budgets are weighed on the campaign's time afterwards: in real time they would only slow it down.
            app = bootstrap.open_app(chosen, clock=clock, opener=Opener(chosen, clock, limited=False, only=only))
            try:
                _fill(app, tx, plan, asyncio.run(_connect_all(app, ours, twin)))
                yield Stage(folder, chosen, app, clock, twin)
            finally:
                app.store.close()


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """Hold the folder's lock, which goes with this process, whatever ends it."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder


def _clear() -> None:
    """Take away what a killed rehearsal left: its texts are not out yet. One that still runs holds its lock."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / "lock").open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


def _link_media(real: Library, scratch: Library, digests: set[str]) -> None:
    """Let the stage read the files where they lie; a library never writes into a file that is there."""
    for digest in digests:
        if real.exists(digest):
            place = scratch.path(digest)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(real.file(digest).resolve())


def _opened(accounts: Sequence[Account]) -> dict[str, list[Mapping[str, str]]]:
    """Return the twins' accounts by platform; their names are neutral, for each platform has rules of its own."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for number, account in enumerate(accounts, 1):
        told = {"name": f"rehearsal{number}", "display_name": account.name}
        told |= {key: str(value or 0) for key, value in _limits(account).items() if isinstance(value, int | None)}
        found.setdefault(account.platform, []).append(told)
    return found


def _limits(account: Account) -> dict[str, Any]:
    return {key: value for key, value in account.sheet.items() if key.endswith(LIMITS) or key in FACTS}


async def _connect_all(app: App, accounts: Sequence[Account], twin: sandbox.Twin) -> list[tuple[Account, str]]:
    """Connect each account to its twin, as `account add` would; return it with the twin's token."""
    found: list[tuple[Account, str]] = []
    waiting = {platform: list(opened.values()) for platform, opened in twin.opened.items()}
    try:
        for account in accounts:
            opened = waiting[account.platform].pop(0)
            base_url = opened.get("base_url", twin.base_url)
            found.append(await _connect(app, account, base_url, opened))
    finally:
        await app.close_network()
    return found


async def _connect(app: App, real: Account, base_url: str, opened: Mapping[str, str]) -> tuple[Account, str]:
    kind = load(real.platform)
    given = {name: opened[name] for name in kind.options if name in opened}
    token = seal(opened["token"], {name: opened[name] for name in kind.secrets if name in opened})
    ours: dict[str, Any] = {"private": True, **({"given": given} if given else {})}
    draft = replace(real, base_url=base_url, handle="", remote_id="", kind="", sheet=ours)
    told = await app.open_adapter(draft, token, Exchanges()).connect()
    sheet = {**told.sheet, **_limits(real), **ours}
    return replace(draft, handle=told.handle, remote_id=told.remote_id, kind=told.kind, sheet=sheet), token


def _fill(app: App, tx: Any, plan: Plan, connected: Sequence[tuple[Account, str]]) -> None:
    """Copy the campaign onto the stage, and bring its drafts into the queue there."""
    keys = {delivery_id: app.new_key() for delivery_id in plan.staged}
    there = {account.id for account, _ in connected}
    with app.store.begin() as scratch:
        for account, token in connected:
            account_rows.add_account(scratch, account, app.vault, token)
        for account in account_rows.every_account(tx):
            if account.id not in there:  # rows may name it, but nothing is sent to it
                bare = replace(account, base_url="", handle="", remote_id="", kind="", sheet={})
                account_rows.restore_account(scratch, bare)
        copy_campaign(tx, scratch, plan.campaign.id, keys)
    for post in plan.drafts:
        _approve(app, plan, post.id)


def _approve(app: App, plan: Plan, post_id: str) -> None:
    """Approve what is played of a post, and bring it into the queue."""
    now, played = app.clock.now(), {line.id for line in plan.played}
    with app.store.begin() as tx:
        post = post_rows.post_of(tx, post_id)
        standing = read(tx, plan.campaign, post, now=now)
        for entry in post_rows.outgoings_of(tx, post_id):
            if entry.id not in played:
                continue
            steps = standing.asked_of(entry).steps
            for lang, step in product(entry.outgoing.langs, range(1, steps + 1)):
                who = f"{BY} {step}"  # each step is another person's
                approval_rows.add_approval(
                    tx, Approval(app.new_id(), post_id, entry.sha256, lang, who, now, step=step, steps=steps)
                )
    try:
        with app.store.begin() as tx:
            enqueue(app, tx, plan.campaign, post, by=BY)
            release(app, tx, plan.campaign, post)
    except CampaignError as error:
        with app.store.read() as tx:
            queued = post_rows.enqueued(tx, post_id)
        for line in plan.played:
            if line.post == post.name and line.id not in queued:
                plan.lines[line.id] = line.stands("refused", str(error), refused_by="check")
