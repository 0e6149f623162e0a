"""Refusals as Facebook says them, as a table. Where `source` is empty the words are ours."""

from collections.abc import Mapping

from campaign.sandbox.graph import Said

_ERRORS = "https://developers.facebook.com/docs/graph-api/guides/error-handling"
_PAGES = "https://developers.facebook.com/documentation/pages-api/posts"
_VIDEOS = "https://developers.facebook.com/docs/video-api/guides/publishing"

REFUSALS: Mapping[str, Said] = {
    "empty": Said(400, 100, "(#100) The parameter message is required"),
    "too_long": Said(400, 100, "(#100) The status you are trying to publish is too long."),
    "duplicate": Said(
        400, 506, "Duplicate status message", 1455006,
        user="Duplicate Status Update. This status update is identical to the last one you posted.",
        source="https://github.com/arsduo/koala/issues/422",
    ),
    "media": Said(400, 100, "(#100) Invalid parameter: attached_media[{n}] must be an unpublished photo of this Page"),
    "permission": Said(
        403, 200, "(#200) If posting to a page, requires both pages_read_engagement and pages_manage_posts as an admin"
        " with sufficient administrative permission", source=_PAGES,
    ),
    "not_own": Said(400, 200, "(#200) Permissions error", source=_ERRORS),
    "unpublish": Said(
        400, 100, "(#100) A published post cannot be unpublished.",
        source="https://www.socialsamosa.com/2012/07/facebook-pages-can-now-create-unpublished-posts/",
    ),
    "schedule": Said(400, 100, "(#100) The specified scheduled publish time is invalid.", source=_PAGES),
    "no_photo": Said(400, 324, "(#324) Requires upload file", 2069019, source=_ERRORS),
    "image": Said(400, 324, "(#324) Missing or invalid image file"),
    "session": Said(400, 6000, "There was a problem uploading your video file.", 1363030, source=_VIDEOS),
    "clip": Said(
        400, 352, "The video file you selected is in a format that we don't support.", 1363024, source=_VIDEOS
    ),
    "offset": Said(400, 6001, "There was a problem uploading your video file.", 1363037, source=_VIDEOS),
}  # fmt: skip
