"""Refusals as TikTok says them: what, status, code. One row each; the words are ours, for TikTok's vary.

Codes and statuses: the tables of the pages
https://developers.tiktok.com/doc/content-posting-api-reference-direct-post (init, upload),
https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status and
https://developers.tiktok.com/doc/tiktok-api-v2-error-handling.
"""

from typing import NamedTuple

from starlette.responses import JSONResponse, Response


class Row(NamedTuple):
    """One way to say no."""

    status: int
    code: str
    words: str


REFUSALS: dict[str, Row] = {
    "token": Row(401, "access_token_invalid", "The access token is invalid or not found in the request."),
    "scope": Row(401, "scope_not_authorized", "The user did not authorize the scope required for this request."),
    "too fast": Row(429, "rate_limit_exceeded", "The API rate limit was exceeded. Please try again later."),
    "internal": Row(500, "internal_error", "Something is wrong. Please try again later."),
    "temporary": Row(503, "internal_error", "Something is wrong. Please try again later."),
    "params": Row(400, "invalid_params", "One or more fields in the request is invalid."),
    "title": Row(400, "invalid_params", "The title is too long: 2200 UTF-16 runes at most."),
    "chunks": Row(400, "invalid_params", "The chunk size is invalid."),
    "count": Row(400, "invalid_params", "The total chunk count is invalid."),
    "too many": Row(403, "spam_risk_too_many_posts", "The daily post cap from the API is reached for the user."),
    "banned": Row(403, "spam_risk_user_banned_from_posting", "The user is banned from making new posts."),
    "unaudited": Row(
        403, "unaudited_client_can_only_post_to_private_accounts", "The client has not been audited: SELF_ONLY."
    ),
    "level": Row(403, "privacy_level_option_mismatch", "privacy_level is none of privacy_level_options."),
    "publish id": Row(400, "invalid_publish_id", "The publish_id does not exist."),
    "other": Row(400, "token_not_authorized_for_specified_publish_id", "The publish_id is another user's."),
    # Of the upload address, which answers without an envelope.
    "session": Row(404, "", "The upload_url is not known."),
    "dead": Row(403, "", "The upload_url has expired."),
    "range": Row(416, "", "Content-Range does not follow what was uploaded."),
    "piece": Row(400, "", "The piece does not fit its headers, or the chunk size that was told."),
}


class Refusal(Exception):
    """An answer that is an error; nothing was done. `what` is a key of REFUSALS."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def refused(what: str) -> Response:
    """Return a refusal as TikTok sends it."""
    row = REFUSALS[what]
    if not row.code:
        return Response(row.words, row.status, media_type="text/plain")
    return JSONResponse({"data": {}, "error": {"code": row.code, "message": row.words, "log_id": "202611"}}, row.status)
