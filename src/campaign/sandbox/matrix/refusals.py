"""Refusals as a homeserver says them: a status, a code to branch on, and words. All were seen on Synapse 1.163.2."""

from dataclasses import dataclass
from typing import Any

_SPEC = "https://spec.matrix.org/latest/client-server-api"


@dataclass(frozen=True, slots=True)
class Row:
    """One refusal: what stands in its body, and where the code is explained."""

    status: int
    code: str
    words: str
    source: str = f"{_SPEC}/#standard-error-response"


REFUSALS: dict[str, Row] = {
    "no_token": Row(401, "M_MISSING_TOKEN", "Missing access token", f"{_SPEC}/#using-access-tokens"),
    "bad_token": Row(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", f"{_SPEC}/#soft-logout"),
    "wrong_password": Row(403, "M_FORBIDDEN", "Invalid username or password", f"{_SPEC}/#post_matrixclientv3login"),
    "unknown_path": Row(404, "M_UNRECOGNIZED", "Unrecognized request"),
    "unknown_method": Row(405, "M_UNRECOGNIZED", "Unrecognized request"),
    "not_json": Row(400, "M_NOT_JSON", "Content not JSON."),
    "not_object": Row(400, "M_BAD_JSON", "Content must be a JSON object."),
    "no_body": Row(400, "M_UNKNOWN", "'body' not in content", f"{_SPEC}/#mroommessage"),
    "too_large": Row(413, "M_TOO_LARGE", "event too large", f"{_SPEC}/#size-limits"),
    "upload_too_large": Row(
        413, "M_TOO_LARGE", "Upload request body is too large", f"{_SPEC}/#post_matrixmediav3upload"
    ),
    "no_alias": Row(404, "M_NOT_FOUND", "Room alias {alias} not found", f"{_SPEC}/#room-aliases"),
    "not_in_room": Row(403, "M_FORBIDDEN", "User {user} not in room {room}"),
    "no_preview": Row(403, "M_FORBIDDEN", "User {user} not in room {room}, and room previews are disabled"),
    "no_event": Row(404, "M_NOT_FOUND", "Event not found.", f"{_SPEC}/#get_matrixclientv3roomsroomideventeventid"),
    "no_parent": Row(404, "M_UNKNOWN", "Unknown parent event.", f"{_SPEC}/#relationships-api"),
    "no_power": Row(
        403,
        "M_FORBIDDEN",
        "You don't have permission to post that to the room. user_level ({level}) < send_level ({needed})",
        f"{_SPEC}/#mroompower_levels",
    ),
    "no_redaction": Row(403, "M_FORBIDDEN", "You don't have permission to redact events", f"{_SPEC}/#redactions"),
    "thread_in_thread": Row(
        400, "M_UNKNOWN", "Cannot start threads from an event with a relation", f"{_SPEC}/#threading"
    ),
    "unknown_relation": Row(400, "M_UNKNOWN", "Can't send relation to unknown event", f"{_SPEC}/#threading"),
    "same_reaction": Row(
        400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice", f"{_SPEC}/#avoiding-duplicate-annotations"
    ),
    "no_medium": Row(404, "M_NOT_FOUND", "Not found '{path}'", f"{_SPEC}/#content-repository"),
    "throttled": Row(429, "M_LIMIT_EXCEEDED", "Too Many Requests", f"{_SPEC}/#rate-limiting"),
    "internal": Row(500, "M_UNKNOWN", "Internal server error"),
    "temporary": Row(503, "M_UNKNOWN", "Service Unavailable"),
}


class MatrixError(Exception):
    """An answer that is an error, and nothing was done."""

    def __init__(self, name: str, **values: Any) -> None:
        row = REFUSALS[name]
        self.status = row.status
        self.body: dict[str, Any] = {"errcode": row.code, "error": row.words.format(**values)}
        if name == "bad_token":
            self.body["soft_logout"] = False
        super().__init__(self.body["error"])
