"""Refusals as WordPress says them: a status, a code to branch on, and words. All were seen on WordPress 6.1.9."""

from dataclasses import dataclass
from typing import Any

_REST = "https://developer.wordpress.org/rest-api"
_POSTS, _MEDIA = f"{_REST}/reference/posts/", f"{_REST}/reference/media/"


@dataclass(frozen=True, slots=True)
class Row:
    """One refusal: what stands in its body, and where its endpoint is described."""

    status: int
    code: str
    words: str
    source: str


def _invalid(name: str) -> str:
    return f"Invalid parameter(s): {name}"


_MAY_NOT = "Sorry, you are not allowed to {}."
_DISPOSITION = (
    "Invalid Content-Disposition supplied. Content-Disposition needs to be formatted as"
    ' `attachment; filename="image.png"` or similar.'
)
REFUSALS: dict[str, Row] = {
    "bad_password": Row(
        401, "rest_not_logged_in", "You are not currently logged in.", f"{_REST}/using-the-rest-api/authentication/"
    ),
    "no_route": Row(404, "rest_no_route", "No route was found matching the URL and request method.", f"{_REST}/"),
    "no_post": Row(404, "rest_post_invalid_id", "Invalid post ID.", _POSTS),
    "empty": Row(400, "empty_content", "Content, title, and excerpt are empty.", _POSTS),
    "bad_status": Row(400, "rest_invalid_param", _invalid("status"), _POSTS),
    "bad_json": Row(400, "rest_invalid_json", "Invalid JSON body passed.", _POSTS),
    "bad_page": Row(
        400,
        "rest_post_invalid_page_number",
        "The page number requested is larger than the number of pages available.",
        _POSTS,
    ),
    "may_not_publish": Row(403, "rest_cannot_publish", _MAY_NOT.format("publish posts in this post type"), _POSTS),
    "may_not_create": Row(403, "rest_cannot_create", _MAY_NOT.format("create posts as this user"), _POSTS),
    "nobody_may_create": Row(401, "rest_cannot_create", _MAY_NOT.format("create posts as this user"), _POSTS),
    "may_not_edit": Row(403, "rest_cannot_edit", _MAY_NOT.format("edit this post"), _POSTS),
    "may_not_delete": Row(403, "rest_cannot_delete", _MAY_NOT.format("delete this post"), _POSTS),
    "trashed": Row(410, "rest_already_trashed", "The post has already been deleted.", _POSTS),
    "no_trash": Row(
        501,
        "rest_trash_not_supported",
        "The post does not support trashing. Set 'force=true' to delete.",
        _MEDIA,
    ),
    "no_disposition": Row(400, "rest_upload_no_content_disposition", "No Content-Disposition supplied.", _MEDIA),
    "bad_disposition": Row(400, "rest_upload_invalid_disposition", _DISPOSITION, _MEDIA),
    "no_data": Row(400, "rest_upload_no_data", "No data supplied.", _MEDIA),
    "bad_file": Row(500, "rest_upload_sideload_error", _MAY_NOT.format("upload this file type"), _MEDIA),
}
# Not WordPress's own words: hosts and caches in front of it say these as they like.
THROTTLED = (429, "<html><body>Too Many Requests</body></html>")
# https://github.com/WordPress/WordPress/blob/master/wp-includes/class-wp-fatal-error-handler.php
BROKEN = (500, "<p>There has been a critical error on this website.</p>")
# https://github.com/WordPress/WordPress/blob/master/wp-includes/load.php, wp_maintenance()
CLOSED = (503, "Briefly unavailable for scheduled maintenance. Check back in a minute.")


class RestError(Exception):
    """An answer that is an error, and nothing was done."""

    def __init__(self, name: str, **data: Any) -> None:
        row = REFUSALS[name]
        super().__init__(row.words)
        self.status = row.status
        self.body = {"code": row.code, "message": row.words, "data": {"status": row.status, **data}}
