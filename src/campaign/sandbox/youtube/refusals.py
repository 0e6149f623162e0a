"""Refusals as the YouTube Data API says them: what, status, domain, reason, words. One row each.

The words are those of https://developers.google.com/youtube/v3/docs/errors and of the methods' own pages; the frame is
that of Google's APIs: https://cloud.google.com/apis/design/errors
"""

from typing import Any, NamedTuple

from starlette.responses import JSONResponse, Response


class Row(NamedTuple):
    """One way to say no."""

    status: int
    domain: str
    reason: str
    words: str


_QUOTA = (
    'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">'
    "quota</a>."
)
_TOKEN = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."  # noqa: E501, S105
REFUSALS: dict[str, Row] = {
    "token": Row(401, "global", "authError", _TOKEN),
    "scope": Row(403, "global", "insufficientPermissions", "Request had insufficient authentication scopes."),
    "quota": Row(403, "youtube.quota", "quotaExceeded", _QUOTA),
    "too fast": Row(429, "usageLimits", "rateLimitExceeded", "Resource has been exhausted (e.g. check quota)."),
    "internal": Row(500, "global", "backendError", "Internal error encountered."),
    "temporary": Row(503, "global", "backendError", "The service is currently unavailable."),
    "uploads": Row(
        400, "youtube.video", "uploadLimitExceeded", "The user has exceeded the number of videos they may upload."
    ),
    "title": Row(
        400, "youtube.video", "invalidTitle", "The request metadata specifies an invalid or empty video title."
    ),
    "description": Row(
        400, "youtube.video", "invalidDescription", "The request metadata specifies an invalid video description."
    ),
    "tags": Row(400, "youtube.video", "invalidTags", "The request metadata specifies invalid video keywords."),
    "category": Row(
        400, "youtube.video", "invalidCategoryId", "The request metadata specifies an invalid category ID."
    ),
    "language": Row(
        400,
        "youtube.video",
        "defaultLanguageNotSet",
        "The request is trying to add localized video details without specifying the default language of the video "
        "details.",
    ),
    "body": Row(400, "global", "badRequest", "The request body is missing or cannot be read."),
    "part": Row(400, "global", "missingRequiredParameter", "No filter selected or required parameter: part"),
    "media": Row(400, "youtube.video", "mediaBodyRequired", "The request does not include the video content."),
    "range": Row(400, "global", "badRequest", "Failed to parse Content-Range header."),
    "session": Row(404, "global", "notFound", "The upload session is not known, or has expired."),
    "video": Row(404, "youtube.video", "videoNotFound", "The video that you are trying to access cannot be found."),
    "foreign": Row(403, "youtube.video", "forbidden", "The request is not properly authorized to update the video."),
    "thumbnail": Row(
        403,
        "youtube.thumbnail",
        "forbidden",
        "The thumbnail can't be set for the specified video. The request might not be properly authorized.",
    ),
    "image": Row(400, "youtube.thumbnail", "invalidImage", "The provided image content is invalid."),
    "big image": Row(413, "youtube.thumbnail", "mediaBodyTooLarge", "Media is too large. Limit: 2097152"),
    "track": Row(
        409,
        "youtube.caption",
        "captionExists",
        "The specified video already has a caption track with the given languageCode and trackName.",
    ),
    "track content": Row(
        400, "youtube.caption", "contentRequired", "The request does not contain the caption track contents."
    ),
    "comments": Row(
        403,
        "youtube.commentThread",
        "commentsDisabled",
        "The video identified by the videoId parameter has disabled comments.",
    ),
    "comments of": Row(
        404,
        "youtube.commentThread",
        "videoNotFound",
        "The video identified by the videoId parameter could not be found.",
    ),
    "page": Row(400, "youtube.parameter", "invalidPageToken", "The request specifies an invalid page token."),
}
_STATES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


class Refusal(Exception):
    """An answer that is an error; nothing was done. `what` is a key of REFUSALS."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def refused(what: str) -> Response:
    """Return a refusal as the API sends it."""
    row = REFUSALS[what]
    error: dict[str, Any] = {
        "code": row.status,
        "message": row.words,
        "errors": [{"message": row.words, "domain": row.domain, "reason": row.reason}],
    }
    if row.status in _STATES:
        error["status"] = _STATES[row.status]
    headers = {"Retry-After": "30"} if row.status == 503 else {}
    return JSONResponse({"error": error}, row.status, headers)
