"""spoken: what was said of a post before it went out, as the record keeps it, and back into the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from campaign.core.plan import Review, ReviewLink
from campaign.store import reviews as review_rows
from campaign.store.approvals import Approval

_TIMES = ("due_at", "expires_at", "void_at")  # of an approval, besides when it was given
_MORE = ("step", "steps", "reason", "carried_from", "void_because")


def approval_plain(approval: Approval) -> dict[str, Any]:
    """Return what the record tells of an approval besides who gave it to what and when."""
    told = {name: _iso(moment) for name in _TIMES if (moment := getattr(approval, name)) is not None}
    return told | {name: value for name in _MORE if (value := getattr(approval, name)) is not None}


def approval_fields(also: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same as fields of an approval; older records tell less."""
    fields: dict[str, Any] = {name: _at(also[name]) for name in _TIMES if name in also}
    return fields | {name: also[name] for name in _MORE if name in also}


def reviews_plain(tx: Any, post_id: str) -> dict[str, Any]:
    """Return what was said of a post, and who was let in to say it; the secret of a link is not in it."""
    said = [{**asdict(each), "created_at": _iso(each.created_at)} for each in review_rows.reviews_of(tx, post_id)]
    links = [
        {
            "id": link.id,
            "langs": list(link.langs),
            "guest": link.guest,
            "person": link.person,
            "created_at": _iso(link.created_at),
            "expires_at": _iso(link.expires_at),
            "revoked_at": None if link.revoked_at is None else _iso(link.revoked_at),
        }
        for link in review_rows.links_of(tx, post_id)
    ]
    return {"reviews": said, "review_links": links} if said or links else {}


def restore_reviews(tx: Any, post_id: str, also: Mapping[str, Any]) -> int:
    """Put what was said back into the rows; return how much. The links come back closed: nobody has their secrets."""
    links: Sequence[Mapping[str, Any]] = also.get("review_links", ())
    for row in links:
        link = ReviewLink(
            id=row["id"],
            post_id=post_id,
            langs=tuple(row["langs"]),
            guest=row["guest"],
            person=row["person"],
            created_at=_at(row["created_at"]),
            expires_at=_at(row["expires_at"]),
            revoked_at=_at(row["revoked_at"] or row["expires_at"]),
        )
        review_rows.add_link(tx, link, f"closed {row['id']}")  # no digest reads like this
    said: Sequence[Mapping[str, Any]] = also.get("reviews", ())
    for row in said:
        review_rows.add_review(tx, Review(**{**row, "post_id": post_id, "created_at": _at(row["created_at"])}))
    return len(said)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
