"""Refusals as Instagram says them, as a table. Where `source` is empty the words are ours."""

from collections.abc import Mapping

from campaign.sandbox.graph import Said

_CODES = "https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/error-codes"
_MEDIA = "https://developers.facebook.com/documentation/instagram-platform/instagram-graph-api/reference/ig-user/media"
_POSTIZ = "https://github.com/gitroomhq/postiz-app/issues"

REFUSALS: Mapping[str, Said] = {
    "media_type": Said(
        400, 100, "The media_type must be CAROUSEL, REELS, STORIES or, in a carousel, IMAGE or VIDEO", source=_MEDIA
    ),
    "url": Said(400, 100, "The parameter image_url is required", source=_MEDIA),
    "fetch": Said(
        400, 9004, "Only photo or video can be accepted as media type.", 2207052,
        user="The media could not be fetched from this URI.", source=_CODES,
    ),
    "image_size": Said(
        400, 36000, "The image size is too large.", 2207004,
        user="Image size too large. The image is too large to download. It should be less than 8 MiB.", source=_CODES,
    ),
    "image": Said(400, 36001, "The image format is not supported.", 2207005, source=_CODES),
    "ratio": Said(
        400, 36003, "The submitted image with aspect ratio cannot be published.", 2207009,
        user="The aspect ratio must be between 4:5 and 1.91:1.", source=_CODES,
    ),
    "caption": Said(
        400, 100, "The caption was too long.", 2207010,
        user="Caption too long. At most 2200 characters, 30 hashtags and 20 mentions.", source=_CODES,
    ),
    "carousel": Said(400, 100, "A carousel needs between 2 and 10 items.", 2207028, source=_CODES),
    "container": Said(
        400, 24, "The requested resource does not exist", 2207006,
        user="Media not found. The media with {node} cannot be found.", source=_CODES,
    ),
    "builder": Said(400, 24, "Media builder not found", 2207008, source=_CODES),
    "not_ready": Said(
        400, 9007, "Media ID is not available", 2207027,
        user="Not ready. The media is not ready for publishing, please wait for a moment.", source=_CODES,
    ),
    "failed": Said(400, -1, "Create media fail, please try to re-create media", 2207032, source=_CODES),
    "expired": Said(400, -2, "The media you are trying to access has expired.", 2207020, source=_CODES),
    "quota": Said(
        400, 9, "Application request limit reached", 2207042,
        user="You reached the maximum number of posts that is allowed to be published by Content Publishing API.",
        source=_CODES,
    ),
    # Said of an account that is thought to be spam: sometimes the post is live.
    "blocked": Said(
        403, 4, "Application request limit reached", 2207051,
        user="We restrict certain activity to protect our community.", source=f"{_POSTIZ}/1681",
    ),
    "no_delete": Said(400, 3, "(#3) Application does not have the capability to make this API call."),
}  # fmt: skip
