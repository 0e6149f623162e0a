"""seal: write the readings of a month, and what people answered, into the record, with the bytes they were read from.

The bytes leave the database in the transaction that marks what was read from them as sealed. A crash before it leaves
both; the next sealing writes the same again, which is no new version.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import rfc8785

from campaign.core.errors import CampaignError, Conflict
from campaign.core.model import Account, Exchange, Measurement
from campaign.record import as2, warc
from campaign.service import App
from campaign.service.archive import iso, put
from campaign.service.listen import forget
from campaign.store import accounts as account_rows
from campaign.store import answers, comments, queue, readings
from campaign.store import posts as post_rows
from campaign.store.comments import Heard

ANSWERS = "answers.warc.gz"


def seal(app: App, *, until: datetime | None = None) -> int:
    """Write the readings of each account into its object of the month; return how many readings were sealed.

    Args:
        until: readings before this instant; by default those of months (UTC) that are over.

    Raises:
        CampaignError, OSError: one object could not be written; the others were.
    """
    now = app.clock.now()
    forget(app)
    before = until or datetime(now.year, now.month, 1, tzinfo=UTC)
    sealed = 0
    failures: list[Exception] = []
    with app.store.read() as tx:
        accounts = account_rows.every_account(tx)  # a removed one has its last month to be sealed
    for account in accounts:
        with app.store.read() as tx:
            open_rows = readings.unsealed(tx, account.id, before=before)
        by_month: dict[str, list[Measurement]] = defaultdict(list)
        for row in open_rows:
            by_month[f"{row.as_of:%Y-%m}"].append(row)
        for month, rows in by_month.items():
            try:
                held = _month(app, account, month, before)
            except (CampaignError, OSError) as error:
                failures.append(error)
                continue
            app.failpoint("seal.written")
            with app.store.begin() as tx:
                readings.seal(tx, rows)
                answers.drop(tx, held)
            sealed += len(rows)
    _comments(app)
    if failures:
        raise failures[0]
    return sealed


def _month(app: App, account: Account, month: str, before: datetime) -> list[answers.Kept]:
    """Write an account's object of a month; return the exchanges that it holds now."""
    year, number = map(int, month.split("-"))
    since = datetime(year, number, 1, tzinfo=UTC)
    end = min(before, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC))
    with app.store.read() as tx:
        rows = readings.in_period(tx, account.id, since=since, before=end)
        fresh = answers.of_counters(tx, account.id, since=since, before=end)
    lines = [
        rfc8785.dumps(
            {
                "delivery": row.delivery_id,
                "metric": row.metric,
                "value": row.value,
                "status": str(row.status),
                "as_of": iso(row.as_of),
                "source": row.source,
            }
        )
        for row in rows
    ]
    metrics = dict(app.capabilities(account).metrics)
    meaning: dict[str, Any] = {"account": account.id, "platform": account.platform, "period": month, "metrics": metrics}
    object_id = as2.engagement_urn(account.id, month)
    files = {"readings.jsonl": b"\n".join(lines) + b"\n", "meaning.json": rfc8785.dumps(meaning) + b"\n"}
    files |= _answers(app, object_id, fresh, f"what the readings of {account.handle} in {month} were read from")
    put(app, object_id, files, f"readings of {account.name} in {month}", app.clock.now())
    return fresh


def _comments(app: App) -> None:
    """Write what people answered to each post into an object of its own: it may be disposed of by itself."""
    days = app.comments.days
    since = app.clock.now() - timedelta(days=days) if days else None
    with app.store.read() as tx:
        open_posts = sorted({*comments.unsealed_posts(tx), *answers.commented_posts(tx)})
    for post_id in open_posts:
        with app.store.read() as tx:
            post = post_rows.post_of(tx, post_id)
            ids = [row.id for row in queue.of_post(tx, post_id)]
            heard = comments.of_deliveries(tx, ids)
            fresh = answers.of_comments(tx, ids)
        if heard:  # else nobody answered, and nothing is written of it
            lines = [rfc8785.dumps(_comment(one)) for one in heard]
            object_id = as2.comments_urn(post_id)
            files = {"comments.jsonl": b"\n".join(lines) + b"\n"}
            told = f"what the comments on post {post_id} were read from"
            files |= _answers(app, object_id, fresh, told, since=since)
            put(app, object_id, files, f"comments on post {post.name}", app.clock.now())
        with app.store.begin() as tx:
            comments.seal(tx, heard)
            answers.drop(tx, fresh)


def _comment(one: Heard) -> Mapping[str, Any]:
    names = ("remote_id", "in_reply_to", "author", "author_hash", "text")
    return {
        **{name: getattr(one, name) for name in names},
        "delivery": one.delivery_id,
        "at": iso(one.at) if one.at else None,
        "first_seen_at": iso(one.first_seen_at),
        "last_seen_at": iso(one.last_seen_at),
        "gone_at": iso(one.gone_at) if one.gone_at else None,
        # A number that JCS cannot hold must not keep the rest out: as the text that the platform sent.
        "record": json.dumps(one.record, ensure_ascii=False) if one.record is not None else None,
    }


def _answers(
    app: App, object_id: str, fresh: Iterable[answers.Kept], description: str, *, since: datetime | None = None
) -> dict[str, bytes]:
    """Return the WARC of an object: what it holds already, then what is new; none where there is nothing.

    Args:
        since: what the object holds from before it is left behind, as the words of comments are.

    Raises:
        Conflict: what the object holds cannot be read.
    """
    held = app.archive.read(object_id, ANSWERS) if _holds(app, object_id) else b""
    try:
        older = list(warc.read(BytesIO(held)))
    except ValueError as error:
        raise Conflict(f"{ANSWERS} of {object_id} is damaged ({error}); run: campaign archive verify") from None
    lasting = [one for one in older if since is None or one.at >= since]
    known = {_mark(one) for one in older}
    new = [one.exchange for one in fresh if _mark(one.exchange) not in known]
    if not new and len(lasting) == len(older):
        return {ANSWERS: held} if held else {}
    info = {
        "software": "campaign",
        "format": "WARC File Format 1.1",
        "operator": app.publisher,
        "description": f"{description}; an answer like the one before it to the same question is left out",
    }
    exchanges = [*lasting, *new]
    return {ANSWERS: warc.write(exchanges, filename=ANSWERS, warcinfo=info)} if exchanges else {}


def _holds(app: App, object_id: str) -> bool:
    return app.archive.exists(object_id) and ANSWERS in app.archive.state(object_id)


def _mark(exchange: Exchange) -> tuple[datetime, str, bytes, bytes | None]:
    """Return what tells an exchange from all others of an object, also when it was read back from there."""
    return exchange.at, exchange.outcome, exchange.request, exchange.response
