"""What happened to an object, as PREMIS 3 events in JSON lines (https://www.loc.gov/standards/premis/v3/).

The types are those of https://id.loc.gov/vocabulary/preservation/eventType where that vocabulary has one; what it has
no word for (it knows nothing of publishing) is a term of our own.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

import rfc8785

from campaign.core.errors import Invalid
from campaign.record.as2 import NAMESPACE

LOC = "http://id.loc.gov/vocabulary/preservation/eventType/"
OUTCOMES = "http://id.loc.gov/vocabulary/preservation/eventOutcome/"

TYPES: dict[str, str] = {
    "capture": f"{LOC}cap",  # bytes were received from a platform
    "creation": f"{LOC}cre",
    "deletion": f"{LOC}del",  # from the archive: disposal
    "fixity check": f"{LOC}fix",
    "ingestion": f"{LOC}ing",
    "message digest calculation": f"{LOC}mes",
    "replication": f"{LOC}rep",
    "validation": f"{LOC}val",
    "review": f"{NAMESPACE}review",  # somebody read it and said what he thinks
    "approval": f"{NAMESPACE}approval",
    "approval withdrawn": f"{NAMESPACE}approvalWithdrawn",  # returned, or the source says something else now
    "publication": f"{NAMESPACE}publication",  # one attempt to publish, whatever became of it
    "confirmation": f"{NAMESPACE}confirmation",  # the platform was asked what became of an attempt
    "settlement": f"{NAMESPACE}settlement",  # a person said what became of a delivery
    "edit": f"{NAMESPACE}edit",  # on the platform
    "withdrawal": f"{NAMESPACE}withdrawal",  # taken down from the platform
    "measurement": f"{NAMESPACE}measurement",
}
_OUTCOME = {"success": f"{OUTCOMES}suc", "failure": f"{OUTCOMES}fai", "warning": f"{OUTCOMES}war"}


def event(
    kind: str,
    *,
    at: datetime,
    agent: str,
    outcome: Literal["success", "failure", "warning"] | str,
    objects: Sequence[str],
    detail: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> dict[str, Any]:
    """Return one event.

    Args:
        kind: a key of TYPES.
        at: campaign time, aware UTC.
        agent: a URI of the person or program that did it.
        outcome: success, failure and warning have a URI; any other word is kept as it is (uncertain).
        objects: URIs of what it was done to: the object first.
        detail: plain JSON, such as attempt, remote id, error.
        id: a URI; derived from all the rest when not given, so the same event is the same everywhere.
    """
    if kind not in TYPES:
        raise Invalid("event", kind, f"must be one of {', '.join(TYPES)}")
    if at.utcoffset() != timedelta(0):
        raise Invalid("time of an event", at.isoformat(), "must be aware UTC")
    plain: dict[str, Any] = {
        "eventType": TYPES[kind],
        "eventTypeLabel": kind,
        "eventDateTime": at.isoformat().replace("+00:00", "Z"),
        "linkingAgentIdentifier": agent,
        "eventOutcome": _OUTCOME.get(outcome, outcome),
        "linkingObjectIdentifier": list(objects),
        "eventDetail": dict(detail or {}),
    }
    name = id or f"urn:uuid:{uuid5(NAMESPACE_URL, _canonical(plain).decode())}"
    return {"eventIdentifier": name, **plain}


def dumps(events: Iterable[Mapping[str, Any]]) -> bytes:
    """Return events as JSON lines, each canonical (RFC 8785)."""
    return b"".join(_canonical(dict(each)) + b"\n" for each in events)


def loads(raw: bytes) -> list[dict[str, Any]]:
    """Return the events of JSON lines. Raises Invalid for what is none."""
    found = []
    for number, line in enumerate(raw.split(b"\n")[:-1] if raw.endswith(b"\n") else raw.split(b"\n"), 1):
        try:
            each = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Invalid("events", f"line {number}", f"is not JSON: {error}") from error
        if not isinstance(each, dict) or not {"eventIdentifier", "eventType", "eventDateTime"} <= each.keys():
            raise Invalid("events", f"line {number}", "is no event")
        found.append(each)
    return found


def _canonical(value: dict[str, Any]) -> bytes:
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, ValueError) as error:
        raise Invalid("event", value.get("eventTypeLabel"), f"is not plain JSON: {error}") from error
