"""audit: hold the archive against the database; an object that is gone, or set back, is seen by nobody else."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from campaign.core.errors import CampaignError
from campaign.core.model import ArchiveState
from campaign.core.states import State
from campaign.record import as2
from campaign.service import App
from campaign.service.archive import files_of_post
from campaign.store import accounts as account_rows
from campaign.store import queue, readings

_ENDED = (State.PUBLISHED, State.FAILED, State.MISSED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Absence:
    """Something that the database knows to be on record and the archive does not hold."""

    object_id: str
    path: str  # where its object lies, or would lie, in the archive
    message: str


def audit(app: App) -> list[Absence]:
    """Return what the database says is archived and the head version of its object does not hold. Changes nothing."""
    with app.store.read() as tx:
        rows = [row for row in queue.listed(tx) if row["archive_state"] == ArchiveState.ARCHIVED]
        posts = {row["post_id"]: row["post"] for row in rows}
        media = {medium.sha256: posts[post_id] for post_id in posts for medium in files_of_post(tx, post_id)}
        accounts = [account for account in account_rows.every_account(tx) if account_rows.is_archived(tx, account.id)]
        months = readings.sealed_months(tx)
    found: list[Absence] = []
    by_post: dict[str, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    for row in rows:
        # What is under way, or waits, may have moved since it was written down: it is due again when it has ended.
        ended = [f"{row['id']} {row['state']} {row['attempts']}"] if row["state"] in _ENDED else []
        by_post[row["post_id"]] += ended
        names[row["post_id"]] = row["post"]
    for post_id, held in by_post.items():
        found += _wanting(app, as2.urn(post_id), f"post {names[post_id]}", partial(_post, held))
    for sha256, post in media.items():
        found += _wanting(app, as2.medium_urn(sha256), f"a file of post {post}", None)
    for account in accounts:
        found += _wanting(app, as2.urn(account.id), f"account {account.name}", None)
    of = {account.id: account for account in accounts}
    for (account_id, month), number in months.items():
        what = f"the readings of {of[account_id].name if account_id in of else account_id} in {month}"
        object_id = as2.engagement_urn(account_id, month)
        found += _wanting(app, object_id, what, partial(_readings, number), "readings.jsonl")
    return found


def _wanting(
    app: App, object_id: str, what: str, fault: Callable[[bytes], str | None] | None, file: str = "record.jsonld"
) -> list[Absence]:
    path = app.archive.where(object_id)
    if not app.archive.exists(object_id):
        return [
            Absence(object_id, path, f"{object_id} ({path}): missing, but the database says that {what} is archived")
        ]
    try:
        said = fault(app.archive.read(object_id, file)) if fault is not None else None
    except (CampaignError, OSError, KeyError) as error:
        said = f"cannot be read: {error}"
    return [Absence(object_id, path, f"{object_id} ({path}): {what}: {said}")] if said else []


def _post(held: list[str], raw: bytes) -> str | None:
    there = {f"{row.id} {row.state} {row.attempts}" for row in as2.parse(raw).deliveries}
    gone = sorted(entry.split(" ")[0] for entry in held if entry not in there)
    return f"its record.jsonld does not hold what is archived of delivery {', '.join(gone)}" if gone else None


def _readings(number: int, raw: bytes) -> str | None:
    there = Counter(bool(line.strip()) for line in raw.splitlines())[True]
    return f"its readings.jsonl holds {there} of {number} readings" if there < number else None
