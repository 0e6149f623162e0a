"""measure: read the counters that are due, by plan, and keep each with its status; missing is never 0.

The bytes that they were read from are kept beside them, in the same transaction; where they name people, only if the
installation keeps names.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from campaign.core.adapter import Adapter, Exchanges
from campaign.core.engagement import MANDATORY, next_age
from campaign.core.errors import CampaignError, Outcome, RateLimited, Unauthorized
from campaign.core.model import Account, Exchange, Measurement, Metric, Reading, ReadingStatus
from campaign.service import App
from campaign.service.listen import is_asked, listen
from campaign.service.refresh import live
from campaign.store import accounts as account_rows
from campaign.store import answers, readings
from campaign.store.credentials import Credential, credential_of, refused
from campaign.store.readings import Due

# A mandatory reading (24 h, 7 d, 28 d) that fails is tried again while it still counts as one.
TOLERANCE = timedelta(minutes=10)
AGAIN = timedelta(minutes=2)


async def measure(app: App, *, limit: int = 500) -> int:
    """Read what is due, as many posts a request as each platform allows; return how many readings were kept."""
    due = await asyncio.to_thread(_due, app, limit)
    by_account: dict[str, list[Due]] = defaultdict(list)
    for item in due:
        by_account[item.account_id].append(item)
    app.failpoint("measuring") if due else None
    kept = await asyncio.gather(*(_read(app, account_id, items) for account_id, items in by_account.items()))
    return sum(kept)


def _due(app: App, limit: int) -> list[Due]:
    with app.store.read() as tx:
        return readings.due(tx, now=app.clock.now(), limit=limit)


async def _read(app: App, account_id: str, items: Sequence[Due]) -> int:
    account = await asyncio.to_thread(_account, app, account_id)
    metrics = app.capabilities(account).metrics
    found: Mapping[str, Mapping[Metric, Reading]] = {}
    problem: Exception | None = None
    held: Credential | None = None
    asked = Exchanges()
    adapter: Adapter | None = None
    try:
        held = await asyncio.to_thread(_credential, app, account)
        adapter = app.open_adapter(account, await live(app, account, held), asked)
        found = await adapter.measure([item.remote_id for item in items])
    except Exception as error:  # noqa: BLE001 - one account's trouble must not stop the readings of others
        problem = error
        if isinstance(error, Unauthorized) and held is not None:
            await asyncio.to_thread(_doubt, app, held)
        app.log("readings.failed", account=account.name, error=_said(error))
    at = app.clock.now()
    app.failpoint("measured")
    named = adapter is not None and adapter.names_people and not app.comments.authors
    went = () if named else tuple(asked.kept)
    kept = await asyncio.to_thread(_keep, app, items, found, problem, at, tuple(metrics), account, went)
    if problem is None and adapter is not None and app.capabilities(account).comments:
        await _listen(app, account, adapter, [item for item in items if is_asked(item)], asked)
    return kept


async def _listen(app: App, account: Account, adapter: Adapter, items: Sequence[Due], asked: Exchanges) -> None:
    try:
        await listen(app, adapter, items, asked)
    except Exception as error:  # noqa: BLE001 - what people answer is worth less than the readings of others
        app.log("comments.failed", account=account.name, error=_said(error))


def _account(app: App, account_id: str) -> Account:
    with app.store.read() as tx:
        return account_rows.account_of(tx, account_id)


def _credential(app: App, account: Account) -> Credential:
    with app.store.read() as tx:
        return credential_of(tx, account, app.vault)


def _doubt(app: App, held: Credential) -> None:
    """Have a token renewed that was refused. It does not pause the account: what may not be read may be published."""
    with app.store.begin() as tx:
        if held.refusals == 0:
            refused(tx, held.account_id, held.generation)


def _keep(
    app: App,
    items: Sequence[Due],
    found: Mapping[str, Mapping[Metric, Reading]],
    problem: Exception | None,
    at: datetime,
    metrics: Sequence[Metric],
    account: Account,
    went: Sequence[Exchange],
) -> int:
    rows: list[Measurement] = []
    missing = Reading(None, ReadingStatus.NOT_PERMITTED if isinstance(problem, Unauthorized) else ReadingStatus.ERROR)
    with app.store.begin() as tx:
        for item in items:
            read = found.get(item.remote_id)
            if problem is not None or read is None:
                read = dict.fromkeys(metrics, missing)
            rows += [
                Measurement(item.delivery_id, metric, reading.value, reading.status, at, account.platform)
                for metric, reading in read.items()
            ]
            readings.plan(tx, item.delivery_id, _next(item, at, read, problem))
        number = readings.add_readings(tx, rows)
        if number:  # where nothing was read, there is nothing to stand beside
            answers.keep(tx, account.id, went, at=at, new_id=app.new_id)
        app.failpoint("measure.written")
    return number


def _next(item: Due, at: datetime, read: Mapping[Metric, Reading], problem: Exception | None) -> datetime | None:
    """Return when this post is read next: by plan, or sooner where a mandatory reading failed and still can be had."""
    if read and all(reading.status is ReadingStatus.EXPIRED for reading in read.values()):
        return None  # it is gone; its last readings stay
    # A reading that comes late answers the plan up to now; nothing is read twice to catch up.
    age = max(at - item.published_at, item.measure_at - item.published_at)
    failed = problem is not None or any(reading.status is ReadingStatus.ERROR for reading in read.values())
    if failed and any(mandatory <= age < mandatory + TOLERANCE for mandatory in MANDATORY):
        wait = timedelta(seconds=problem.retry_after) if isinstance(problem, RateLimited) else AGAIN
        if age + wait <= max(m for m in MANDATORY if m <= age) + TOLERANCE:
            return at + wait
    planned = next_age(age)
    return item.published_at + planned if planned is not None else None


def _said(error: Exception) -> str:
    known = isinstance(error, Outcome | CampaignError)
    return str(error) if known else f"{type(error).__name__}: {error}"
