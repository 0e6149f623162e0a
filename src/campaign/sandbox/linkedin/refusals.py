"""Refusals as LinkedIn says them, as a table. Where `source` is empty, the words are ours: the real ones unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

_ERRORS = "https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said; `number` is LinkedIn's serviceErrorCode, where it has one."""

    status: int
    code: str
    message: str
    number: int | None = None
    source: str = ""


REFUSALS: Mapping[str, Said] = {
    "invalid_token": Said(
        401,
        "INVALID_ACCESS_TOKEN",
        "Invalid access token",
        65600,
        "https://github.com/xcarpentier/react-native-linkedin/issues/80",
    ),
    "expired": Said(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", 65601, _ERRORS),
    "denied": Said(403, "ACCESS_DENIED", "Not enough permissions to access: {access}", 100, _ERRORS),
    "version_missing": Said(
        400,
        "VERSION_MISSING",
        "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
        source="https://learn.microsoft.com/en-us/linkedin/marketing/versioning",
    ),
    "version_ended": Said(
        426,
        "NONEXISTENT_VERSION",
        "Requested version {version} is not active",
        source="https://github.com/ComposioHQ/composio/issues/4320",
    ),
    "duplicate": Said(
        422,
        "DUPLICATE_POST",
        "com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of {urn}",
        source="https://github.com/Arisamiga/Linkedin-RSS/issues/5",
    ),
    "required": Said(
        422, "INPUT_VALIDATION_ERROR", "ERROR :: /{field} :: field is required but not found and has no default value"
    ),
    "too_long": Said(
        422,
        "INPUT_VALIDATION_ERROR",
        "Commentary text length ({length} characters) exceeded the maximum allowed (3000)",
    ),
    "empty": Said(422, "INPUT_VALIDATION_ERROR", "A post needs a commentary or a content"),
    "media": Said(422, "INPUT_VALIDATION_ERROR", "{urn} is not an available media asset of the author"),
    "multi_image": Said(
        422,
        "INPUT_VALIDATION_ERROR",
        "A MultiImage post has 2 to 20 images",
        source="https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/multiimage-post-api",
    ),
    "alt_too_long": Said(422, "INPUT_VALIDATION_ERROR", "altText may have at most 4086 characters"),
    "video_size": Said(400, "INVALID_FILE_SIZE", "A video has 75 KB to 500 MB"),
    "parts": Said(400, "INVALID_UPLOAD", "The uploaded parts are not those of the video"),
    "parameter": Said(400, "ILLEGAL_ARGUMENT", "Invalid query parameters passed to request: {name}"),
    "unreadable": Said(400, "ILLEGAL_ARGUMENT", "Unable to parse the request body"),
    "not_found": Said(404, "RESOURCE_NOT_FOUND", "Could not find entity {urn}", source=_ERRORS),
    "throttled": Said(
        429,
        "TOO_MANY_REQUESTS",
        "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached.",
        101,
        _ERRORS,
    ),
    "internal": Said(500, "INTERNAL_SERVER_ERROR", "Internal Server Error", source=_ERRORS),
    "temporary": Said(503, "SERVICE_UNAVAILABLE", "Service Unavailable", source=_ERRORS),
}


class Refusal(Exception):
    """An answer that is an error; nothing was done."""

    def __init__(self, what: str, **values: Any) -> None:
        super().__init__(what)
        self.what, self.values = what, values


def response(what: str, **values: Any) -> Response:
    """Return one row of the table as LinkedIn answers it."""
    said = REFUSALS[what]
    body: dict[str, Any] = {"status": said.status, "code": said.code, "message": said.message.format(**values)}
    if said.number is not None:
        body["serviceErrorCode"] = said.number
    if what == "duplicate":
        error = {"description": "Duplicate post is detected", "input": {}, "code": said.code}
        body = {
            "errorDetailType": "com.linkedin.common.error.BadRequest",
            "message": body["message"],
            "errorDetails": {"inputErrors": [error]},
            "status": said.status,
        }
    return JSONResponse(body, said.status)
