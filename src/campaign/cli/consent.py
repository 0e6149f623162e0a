"""An account connected by consent at the terminal: an address to open, and what the browser came back with."""

import getpass
import sys
from collections.abc import Mapping, Sequence

from campaign.cli.given import MAX_BYTES
from campaign.cli.here import ask
from campaign.cli.show import say
from campaign.core.errors import Invalid
from campaign.core.model import Person
from campaign.core.oauth import Registered, read_redirect
from campaign.service import App
from campaign.service.accounts import Linked
from campaign.service.connect import begin, finish


def connect_by_consent(
    app: App,
    platform: str,
    *,
    name: str,
    base_url: str,
    langs: Sequence[str],
    by: Person,
    again: bool,
    options: Mapping[str, str],
    client_id: str,
    redirect_uri: str,
) -> Linked:
    """Print where a person consents, take what comes back, and connect the account. Raises: as service.connect does."""
    client = Registered(client_id, _hidden("client secret (empty: none): ").strip()) if client_id else None
    begun = ask(
        app,
        begin(
            app,
            platform,
            name=name,
            base_url=base_url,
            langs=langs,
            by=by,
            private=True,  # an operator typed the address
            again=again,
            options=options,
            client=client,
            redirect_uri=redirect_uri,
        ),
    )
    say("open this address in a browser and let us in:")
    say(begun.url)
    say(f"then paste the address that the browser ends at ({begun.redirect_uri}?…), or the code alone:")
    told = read_redirect(_hidden("address or code: "))
    return ask(app, finish(app, told, by=by, state=begun.state))


def _hidden(prompt: str) -> str:
    """Return a line of standard input that is not shown while it is typed."""
    if sys.stdin is not None and sys.stdin.isatty():
        return getpass.getpass(prompt)
    if sys.stdin is None:
        raise Invalid("code", "", "must come by standard input")
    try:
        return sys.stdin.buffer.readline(MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("code", "…", "is not UTF-8") from None
