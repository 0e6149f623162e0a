"""One module per verb; the only place with decisions that need I/O. Every verb takes the App first."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaign.core.adapter import Adapter, Capabilities, Exchanges
from campaign.core.clock import Clock
from campaign.core.errors import Forbidden
from campaign.core.holidays import COUNTRIES
from campaign.core.model import Account, Person, Role
from campaign.core.oauth import Endpoints, OAuth, Registered
from campaign.core.translation import Translator
from campaign.media.library import Library
from campaign.media.shelf import Shelf
from campaign.record.root import Root
from campaign.store import Store, people
from campaign.store.vault import Vault

if TYPE_CHECKING:  # the HTTP stack is loaded by what uses it
    from campaign.net.authority import Authority


@dataclass(frozen=True)
class Consents:
    """What OAuth needs of what bootstrap chooses.

    Attributes:
        oauth: platform → what its adapter declares; None: it is connected by a token alone.
        home: platform → its base URL, or nothing where it has many servers.
        client: platform → the client id and secret that the settings name; None: they name none.
        authority: (account, endpoints' URLs, secrets, key) → what speaks to them; tokens go to their hosts alone.
        endpoints: account → the addresses that its platform's adapter declares.
        client_key: returns the key with which we sign who we are; empty: there is none that all our machines share.
        redirect_uri: where browsers come back to.
        desk: the desk's public https address; empty: it has none.
        renewing: renewals under way in this process, by account.
    """

    oauth: Callable[[str], OAuth | None]
    home: Callable[[str], str]
    client: Callable[[str], Registered | None]
    authority: Callable[[Account, OAuth, Sequence[str], Sequence[str], str | None], "Authority"]
    endpoints: Callable[[Account, OAuth], Endpoints]
    client_key: Callable[[], str]
    redirect_uri: str
    desk: str
    renewing: "dict[str, asyncio.Task[str]]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comments:
    """What is kept of who answers.

    Attributes:
        authors: whether names, and the platform's own record that holds them, are kept; else a keyed hash alone.
        days: after which texts and names are forgotten; 0: never.
    """

    authors: bool = False
    days: int = 180


@dataclass(frozen=True)
class App:
    """What a verb may use; made in bootstrap, nowhere else.

    Attributes:
        shelf: what was made of media: clean copies, renditions; it may be emptied at any time.
        open_adapter: (account, token, sink) → the adapter of that account; what goes over the wire ends in the sink.
        close_network: closes connections; to be awaited before an event loop ends.
        capabilities: an account's limits, without opening anything.
        share_trouble: account → why its platform could not fetch our media; None: it could.
        locate: (account, public address) → the remote id of its post there; raises Invalid.
        platforms: the names of the platforms there are.
        spacing: seconds between two late deliveries of an account after a pause; 0: none.
        tick: seconds within which a process that publishes gives a sign of life.
        reserve: bytes that are to stay free on each of the `disks`, folders by what they are for.
        clock_offset: by how many seconds other hosts are ahead of this machine's clock; None: nobody told.
        countries: language → the country whose holidays its audience keeps.
        comments: what is kept of those who answer.
        consents: what connecting an account by consent, and renewing its token, needs.
        translator: returns what translates by machine; None: the settings name none.
        outlives: seconds for which a request of a worker that counts as dead may still be on its way.
        failpoint: called with the name of each step; a test dies there.
    """

    store: Store
    media: Library
    shelf: Shelf
    archive: Root
    vault: Vault
    clock: Clock
    new_id: Callable[[], str]
    new_key: Callable[[], str]
    worker: str
    open_adapter: Callable[[Account, str, Exchanges], Adapter]
    close_network: Callable[[], Awaitable[None]]
    capabilities: Callable[[Account], Capabilities]
    locate: Callable[[Account, str], str]
    share_trouble: Callable[[Account], str | None]
    platforms: tuple[str, ...]
    publisher: str
    log: Callable[..., None]
    tzdata: str
    consents: "Consents"
    lease_seconds: float = 600.0
    outlives: float = 0.0
    spacing: float = 0.0
    tick: float = 15.0
    reserve: int = 0
    disks: Mapping[str, Path] = field(default_factory=dict)
    clock_offset: Callable[[], float | None] = lambda: None
    max_pixels: int = 50_000_000
    countries: Mapping[str, str] = field(default_factory=lambda: COUNTRIES)
    comments: Comments = Comments()
    translator: Callable[[], Translator | None] = field(default=lambda: None)
    failpoint: Callable[[str], None] = field(default=lambda name: None)


SYSTEM = "campaign"  # what the log calls the daemon


def demand_role(person: Person, *roles: Role) -> None:
    """Check that a person has one of these roles; an admin has all.

    Raises:
        Forbidden: the person has none of them.
    """
    if Role.ADMIN not in person.roles and not person.roles & set(roles):
        wanted = " or ".join(roles)
        raise Forbidden(f"user '{person.name}' is {', '.join(sorted(person.roles)) or 'nothing'}; this needs: {wanted}")


def event(app: App, tx: Any, name: str, person: str, **fields: Any) -> None:
    """Append to the log of the installation."""
    people.log(tx, id=app.new_id(), at=app.clock.now(), event=name, person=person, **fields)
