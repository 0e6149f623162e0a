"""A post of a wall, as VK tells it: what it is called, what hangs on it, what was counted."""

import html
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from campaign.core.model import Metric, Reading, ReadingStatus
from campaign.core.text import fingerprint
from campaign.platforms.vk.speech import number

STATISTICS: tuple[Metric, ...] = ("reach", "link_clicks")  # what stats.getPostReach tells
# Our word → VK's, of the post itself or of its statistics.
METRICS: Mapping[Metric, str] = {
    "views": "views",
    "reach": "reach_total",
    "reactions": "likes",
    "replies": "comments",
    "reposts": "reposts",
    "link_clicks": "links",
}


def readings_of(
    post: Mapping[str, Any] | None, reach: Mapping[str, Any] | None, otherwise: ReadingStatus
) -> dict[Metric, Reading]:
    """Return a post's counters; without a post they are expired. `otherwise`: why statistics are missing."""
    if post is None:
        return {metric: Reading(None, ReadingStatus.EXPIRED) for metric in METRICS}
    readings: dict[Metric, Reading] = {}
    for metric, theirs in METRICS.items():
        if metric in STATISTICS:
            value, missing = (reach or {}).get(theirs), otherwise
        else:
            counter = post.get(theirs)
            value, missing = counter.get("count") if isinstance(counter, dict) else None, ReadingStatus.ERROR
        count = number(value)
        readings[metric] = Reading(count) if count is not None and count >= 0 else Reading(None, missing)
    return readings


def remote_of(post: Mapping[str, Any]) -> str:
    """Return what a post, a picture or a clip is called: -1_2; empty where it is not told."""
    owner, ident = number(post.get("owner_id")), number(post.get("id"))
    return "" if owner is None or ident is None else f"{owner}_{ident}"


def attachments_of(post: Mapping[str, Any]) -> set[str]:
    """Return the pictures and clips that hang on a post, as they are attached: photo-1_2."""
    listed = post.get("attachments")
    found = set()
    for item in listed if isinstance(listed, list) else ():
        kind = item.get("type") if isinstance(item, dict) else None
        thing = item.get(kind) if kind in ("photo", "video") else None
        if isinstance(thing, dict) and remote_of(thing):
            found.add(f"{kind}{remote_of(thing)}")
    return found


def fingerprints_of(post: Mapping[str, Any]) -> set[str]:
    """Return the fingerprints that a post\'s text may have: VK has answered with and without HTML\'s entities."""
    text = str(post.get("text") or "")
    return {fingerprint(text), fingerprint(html.unescape(text))}


def names_of(told: Any) -> dict[int, str]:
    """Return the names of people and communities in an extended answer, by their ids."""
    names: dict[int, str] = {}
    for kind, sign in (("profiles", 1), ("groups", -1)):
        listed = told.get(kind) if isinstance(told, dict) else None
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and (ident := number(each.get("id"))) is not None:
                words = each.get("name") or f"{each.get('first_name') or ''} {each.get('last_name') or ''}".strip()
                names[sign * ident] = str(words)[:128]
    return {ident: name for ident, name in names.items() if name}


def instant_of(value: Any) -> datetime | None:
    """Return Unix seconds as aware UTC."""
    seconds = number(value)
    with suppress(OverflowError, ValueError, OSError):
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return None
