"""listen: keep what people answer to posts, as their platforms tell it when some of their counters are read."""

import asyncio
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from campaign.core.adapter import Adapter, Exchanges
from campaign.core.errors import CampaignError, Outcome, Refused
from campaign.core.model import Comment, Exchange
from campaign.core.text import normalise
from campaign.service import App
from campaign.store import answers, comments
from campaign.store.comments import Heard
from campaign.store.readings import Due

# Of the ages at which counters are read, those at which it is asked who answered.
AGES = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7), timedelta(days=28))
MOST = 1000  # comments of one post that are kept
LONGEST = 10_000  # characters of one
LARGEST = 100_000  # bytes of a platform's own record


def is_asked(item: Due) -> bool:
    """Whether who answered is asked with this reading."""
    return item.measure_at - item.published_at in AGES


async def listen(app: App, adapter: Adapter, items: Sequence[Due], asked: Exchanges | None = None) -> int:
    """Ask for the comments of these deliveries and keep them; return how many are new.

    What a platform refuses or does not tell now is asked at the next age, and stops nothing. The bytes that comments
    were read from are kept where names are: they are full of them.

    Args:
        asked: where the adapter's exchanges end.
    """
    asked = asked or Exchanges()
    new = 0
    for item in items:
        asked.kept.clear()
        try:
            told = await adapter.comments(item.remote_id)
        except Refused as error:
            app.log("comments.refused", delivery=item.delivery_id, error=str(error))
            continue
        except (Outcome, CampaignError) as error:
            app.log("comments.failed", delivery=item.delivery_id, error=str(error))
            if not isinstance(error, Outcome):
                continue
            break  # the account's platform does not answer: the others would not be told of either
        new += await asyncio.to_thread(_keep, app, item, told, tuple(asked.kept))
    return new


def forget(app: App) -> int:
    """Take what people wrote, and who, out of comments that are older than the installation keeps them."""
    if not app.comments.days:
        return 0
    before = app.clock.now() - timedelta(days=app.comments.days)
    with app.store.begin() as tx:
        answers.forget(tx, before=before)
        return comments.forget(tx, before=before)


def _keep(app: App, item: Due, told: Sequence[Comment], went: Sequence[Exchange]) -> int:
    now, key = app.clock.now(), app.vault.derived("authors of comments")
    heard = [
        Heard(
            delivery_id=item.delivery_id,
            remote_id=one.remote_id[:500],
            in_reply_to=one.in_reply_to[:500],
            author=_clean(one.author)[:256] if one.author and app.comments.authors else None,
            author_hash=hmac.digest(key, one.author.encode("utf-8", "replace"), "sha256").hex() if one.author else None,
            text=_clean(one.text),
            at=one.at,
            record=_small(one.record) if app.comments.authors else None,
            first_seen_at=now,
            last_seen_at=now,
        )
        for one in told[:MOST]
    ]
    with app.store.begin() as tx:
        if app.comments.authors:
            answers.keep(tx, item.account_id, went, at=now, new_id=app.new_id, delivery_id=item.delivery_id)
        return comments.keep(tx, item.delivery_id, heard, at=now)


def _clean(text: str) -> str:
    """Return what somebody wrote without what no database takes."""
    return normalise(text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd"))[:LONGEST]


def _small(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    text = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace").decode()
    # PostgreSQL's JSON takes no U+0000: https://www.postgresql.org/docs/current/datatype-json.html
    small: Mapping[str, Any] | None = json.loads(text) if len(text) <= LARGEST and "\\u0000" not in text else None
    return small
