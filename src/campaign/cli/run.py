"""What runs until it is stopped: daemon, workers, web, the sandbox, the demo."""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from campaign.cli.given import words
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line, say
from campaign.core.errors import Conflict, Invalid


def up_it(*, here: Here = HERE) -> int:
    """Publish and serve the desk: daemon and web together."""
    from campaign.engine.supervise import up

    try:
        with here.opened():
            pass
    except Conflict:
        raise  # a newer schema, or no installation: to start both again and again would not help
    except Exception as error:  # noqa: BLE001 - a database that is not there yet is waited for by each of the two
        say(f"not looked at before the start: {type(error).__name__}")
    arguments = [*(["--config", here.config] if here.config else []), *(["--dir", here.dir] if here.dir else [])]
    return up(here.settings(), arguments)


def daemon(*, here: Here = HERE) -> int:
    """Publish what is due, until it is told to stop."""
    from campaign.daemon import serve

    return serve(here.settings())


def worker(
    *,
    queues: Annotated[list[str] | None, Parameter(name="--queues")] = None,
    slots: int | None = None,
    here: Here = HERE,
) -> int:
    """Publish as one of many workers, until it is told to stop.

    Args:
        queues: What it works on: publish, measure, archive, with commas between; all unless told.
        slots: Deliveries under way at once, in place of the setting.
    """
    from campaign.daemon import work

    if slots is not None and not 1 <= slots <= 500:
        raise Invalid("slots", slots, "must be between 1 and 500")
    return work(here.settings(), queues=words(queues or ()), slots=slots)


def web(*, port: int | None = None, here: Here = HERE) -> int:
    """Serve the desk in the browser.

    Args:
        port: Where it listens; 0: any free one.
    """
    from campaign.web import serve

    code: int = serve(here.settings(), port)
    return code


def demo_it(*, once: bool = False, dir: str = "campaign-demo", json: bool = False) -> int:
    """Run the demo journey.

    Args:
        once: End when the journey is over.
        dir: The demo's folder; a demo that is there goes on.
        json: Answer with one JSON value.
    """
    from campaign.demo.drive import demo

    return demo(Path(dir), once=once, as_json=json)


def sandbox(
    *,
    dir: str = "campaign-sandbox",
    port: int = 0,
    clock: Annotated[Path | None, Parameter(name="--clock")] = None,
    account: Annotated[list[str] | None, Parameter(name="--account")] = None,
    json: bool = False,
) -> None:
    """Serve twins of the platforms, to rehearse on.

    Args:
        dir: Its folder: books, tokens, files.
        port: Where it listens; 0: the port of last time, else any free one.
        clock: A virtual clock's file; else the system's time.
        account: An account to open, instead of peace_ko, peace_ru and peace_en; may be given several times.
        json: Say where it listens as one JSON value.
    """
    from campaign.sandbox.serve import ACCOUNTS, run

    folder = Path(dir).expanduser().resolve()
    told = folder / "sandbox.json"
    old = told.stat().st_mtime_ns if told.exists() else 0
    threading.Thread(target=_announce, args=(told, old, json), daemon=True).start()
    try:
        run(folder, port=port, clock_file=clock, accounts=account or ACCOUNTS)
    except RuntimeError as error:
        raise Conflict(str(error)) from error


def _announce(file: Path, old: int, as_json: bool) -> None:
    """Say where the sandbox listens, once it does."""
    while not file.exists() or file.stat().st_mtime_ns == old:
        time.sleep(0.02)
    told = json.loads(file.read_text(encoding="utf-8"))
    accounts = [account["name"] for account in told["platforms"]["mastodon"]["accounts"]]
    if as_json:
        data({"pid": os.getpid(), "base_url": told["base_url"], "accounts": accounts, "tokens": str(file)})
    else:
        line(told["base_url"])
        say(f"accounts: {', '.join(accounts)}; their tokens lie in {file}")
        say("connect one: paste its token into")
        say(f"  campaign account add mastodon --name kr --base-url {told['base_url']} --token-stdin --lang ko")
    sys.stdout.flush()
