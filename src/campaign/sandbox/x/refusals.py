"""Refusals as X says them, as a table. Where `source` is empty, the real words are not known and these are ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

_PROBLEMS = "https://docs.x.com/x-api/fundamentals/response-codes-and-errors"
_INVALID = "https://api.twitter.com/2/problems/invalid-request"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said. `parameters`: it is a list of errors, one message each, as X says of what it cannot take."""

    status: int
    title: str
    detail: str
    kind: str = "about:blank"
    parameters: bool = False
    source: str = ""


REFUSALS: Mapping[str, Said] = {
    "unauthorized": Said(401, "Unauthorized", "Unauthorized", source=_PROBLEMS),
    "throttled": Said(429, "Too Many Requests", "Too Many Requests", source=_PROBLEMS),
    "internal": Said(500, "Internal Server Error", "Internal Server Error", source=_PROBLEMS),
    "unavailable": Said(503, "Service Unavailable", "Service Unavailable", source=_PROBLEMS),
    "duplicate": Said(
        403,
        "Forbidden",
        "You are not allowed to create a Tweet with duplicate content.",
        source="https://github.com/akrherz/iembot/issues/163",
    ),
    "not_permitted": Said(
        403, "Forbidden", "You are not permitted to perform this action.", source="https://devcommunity.x.com/t/168441"
    ),
    "reply_not_allowed": Said(
        403,
        "Forbidden",
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the"
        " author of the post you are replying to.",
        source="https://docs.x.com/changelog",
    ),
    "not_enrolled": Said(
        403,
        "Client Forbidden",
        "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter"
        " developer App that is attached to a Project.",
        "https://api.twitter.com/2/problems/client-forbidden",
        source=_PROBLEMS,
    ),
    "reply_gone": Said(
        403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you.", source=""
    ),
    "credits": Said(
        402,
        "CreditsDepleted",
        "Your enrolled account does not have any credits to fulfill this request.",
        "https://api.twitter.com/2/problems/credits",
        source="https://docs.x.com/x-api/getting-started/pricing",
    ),
    "too_long": Said(400, "Invalid Request", "Your Tweet text is too long.", _INVALID, True),
    "empty": Said(400, "Invalid Request", "Your Tweet text cannot be empty.", _INVALID, True),
    "media_ids": Said(
        400,
        "Invalid Request",
        "Your media IDs are invalid.",
        _INVALID,
        True,
        source="https://github.com/plhery/node-twitter-api-v2/issues/501",
    ),
    "too_many_media": Said(
        400,
        "Invalid Request",
        "Tweet must not have more than 4 mediaIds.",
        _INVALID,
        True,
        source="https://github.com/freedomofpress/trackthenews/issues/20",
    ),
    "mixed_media": Said(400, "Invalid Request", "Only one video or GIF is allowed per post.", _INVALID, True),
    "unreadable": Said(400, "Invalid Request", "The request body is not valid JSON.", _INVALID, True),
    "parameter": Said(400, "Invalid Request", "The `{name}` query parameter value is not valid.", _INVALID, True),
    "media_type": Said(400, "Invalid Request", "The media type is not supported.", _INVALID, True),
    "file_size": Said(400, "Invalid Request", "File size exceeds {most} bytes.", _INVALID, True),
    "segment": Said(413, "Payload Too Large", "Request Entity Too Large"),
    "incomplete": Said(400, "Invalid Request", "Segments do not add up to provided total file size.", _INVALID, True),
    "invalid_media": Said(400, "Invalid Request", "The media file is not valid.", _INVALID, True),
    "alt_too_long": Said(400, "Invalid Request", "alt_text may have at most 1000 characters.", _INVALID, True),
    "no_such_upload": Said(404, "Not Found Error", "Could not find media with id: [{ident}]."),
}


class Refusal(Exception):
    """An answer that is an error; nothing was done."""

    def __init__(self, what: str, **values: Any) -> None:
        super().__init__(what)
        self.what, self.values = what, values


def response(what: str, **values: Any) -> Response:
    """Return one row of the table as X answers it."""
    said = REFUSALS[what]
    detail = said.detail.format(**values)
    body: dict[str, Any] = {"title": said.title, "detail": detail, "type": said.kind, "status": said.status}
    if said.parameters:
        body = {
            "errors": [{"parameters": {}, "message": detail}],
            "title": said.title,
            "detail": "One or more parameters to your request was invalid.",
            "type": said.kind,
        }
    return JSONResponse(body, said.status, {"x-access-level": "read-write"})


def not_found(ident: str, parameter: str = "id") -> dict[str, Any]:
    """Return what an answer says of a post that is not there; its status is 200.

    https://docs.x.com/x-api/fundamentals/response-codes-and-errors#partial-errors
    """
    return {
        "value": ident,
        "detail": f"Could not find tweet with {parameter}: [{ident}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": parameter,
        "resource_id": ident,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }
