"""What LinkedIn tells, and how it wants to be asked: URNs, objects, arrays."""

from typing import Any

from campaign.core.errors import Unavailable
from campaign.net.reply import Reply

POSTED = {"share", "ugcPost"}  # what a post's URN may be of


def key_of(urn: str) -> str:
    """Return a URN as it stands in a path, or in a list of a query."""
    return urn.replace("%", "%25").replace(":", "%3A").replace("(", "%28").replace(")", "%29").replace(",", "%2C")


def is_post(urn: str) -> bool:
    """Return whether this is the URN of a post."""
    parts = urn.split(":")
    return len(parts) == 4 and parts[:2] == ["urn", "li"] and parts[2] in POSTED and parts[3].isalnum()


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object of an answer; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return an array of an answer; an empty one where it is none."""
    return value if isinstance(value, list) else []


def elements_of(reply: Reply, what: str) -> list[Any]:
    """Return the elements of a list. Raises: Unavailable: there is no list."""
    elements = as_dict(reply.json()).get("elements")
    if not isinstance(elements, list):
        raise Unavailable(f"{what} cannot be read")
    return elements
