"""A post as X tells it: when it was made, what it says, what it answers. Whatever is missing or odd is survived."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from campaign.core.text import fingerprint

EPOCH = 1_288_834_974_657  # milliseconds; an id is the time since then, shifted by 22 bits
_STATUS = re.compile(r"/status(?:es)?/\d+/(?:photo|video)/\d+$")
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)


def made_at(remote_id: str) -> datetime:
    """Return when a post was made: its id says it."""
    number = (int(remote_id) >> 22) if is_id(remote_id) else 0
    return datetime.fromtimestamp((number + EPOCH) / 1000, UTC)


def is_id(value: Any) -> bool:
    """Return whether this is an id as X writes them."""
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object of an answer; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return an array of an answer; an empty one where it is none."""
    return value if isinstance(value, list) else []


def media_keys(post: Mapping[str, Any]) -> set[str]:
    """Return the keys of what is attached to a post."""
    return {str(key) for key in as_list(as_dict(post.get("attachments")).get("media_keys"))}


def parent_of(post: Mapping[str, Any]) -> str | None:
    """Return the id of the post that this one answers."""
    for other in as_list(post.get("referenced_tweets")):
        if as_dict(other).get("type") == "replied_to":
            return str(as_dict(other).get("id"))
    return None


def plain_text(post: Mapping[str, Any]) -> str:
    """Return the text as it was written: without t.co, without what stands for media, without HTML's entities."""
    whole = as_dict(post.get("note_tweet"))
    text = str(whole.get("text") or post.get("text") or "")
    for url in as_list(as_dict((whole or post).get("entities")).get("urls")):
        short, real = str(as_dict(url).get("url") or ""), str(as_dict(url).get("expanded_url") or "")
        if short and real:
            text = text.replace(short, "" if as_dict(url).get("media_key") or _STATUS.search(real) else real)
    return html.unescape(text).strip()


def comparable(text: str) -> str:
    """Return what a text and its rendering by X have in common."""
    # X gives a bare example.org a scheme, and may take a last slash away.
    return " ".join(word.rstrip("/") for word in _SCHEME.sub("", fingerprint(text)).split())
