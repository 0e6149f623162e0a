"""Refusals as Threads says them, as a table. Where `source` is empty the words are ours."""

from collections.abc import Mapping

from campaign.sandbox.graph import Said

_POSTS = "https://developers.facebook.com/documentation/threads/posts"
_TROUBLE = "https://developers.facebook.com/documentation/threads/troubleshooting"
_OVERVIEW = "https://developers.facebook.com/documentation/threads/overview"

REFUSALS: Mapping[str, Said] = {
    "media_type": Said(
        400, 100, "(#100) Param media_type must be one of TEXT, IMAGE, VIDEO, CAROUSEL - got '{given}'", source=_POSTS
    ),
    "too_long": Said(
        400, 100, "(#100) Param text must be at most 500 characters long.", user="Text too long.", source=_POSTS
    ),
    "text": Said(400, 100, "(#100) The parameter text is required", source=_POSTS),
    "media_url": Said(400, 100, "(#100) The parameter {name} is required", source=_POSTS),
    "links": Said(400, 100, "THREADS_API__LINK_LIMIT_EXCEEDED", source=_POSTS),
    "fetch": Said(
        400, 1, "An unknown error occurred", 2207052, source="https://github.com/gitroomhq/postiz-app/issues/1364"
    ),
    "image": Said(400, 36001, "The image format is not supported.", 2207005),
    "image_size": Said(400, 36000, "The image size is too large.", 2207004),
    "ratio": Said(400, 36003, "The aspect ratio is not supported.", 2207009),
    "children": Said(
        400, 100, "(#100) Param children must have between 2 and 20 elements", source=f"{_POSTS}#carousel-posts"
    ),
    "reply": Said(400, 10, "(#10) Application does not have permission to reply to this post"),
    "container": Said(
        400, 24, "The requested resource does not exist", 4279009,
        user="Media Not Found. The media with id cannot be found.",
        source="https://github.com/fbsamples/threads_api/issues/70",
    ),
    "not_ready": Said(400, 9007, "The media is not ready for publishing, please wait for a moment", 2207027),
    "expired": Said(400, 100, "(#100) The container has expired", source=_TROUBLE),
    "failed": Said(400, 100, "(#100) The container came to nothing", source=_TROUBLE),
    "quota": Said(400, 9, "(#9) The profile has reached the limit of 250 posts in 24 hours", source=_OVERVIEW),
}  # fmt: skip
