"""screenshot: a picture that says where a post stands, cleaned as every upload, and kept like any medium."""

from pathlib import Path

from campaign.core.errors import Invalid
from campaign.core.model import Medium
from campaign.media.images import take_image
from campaign.media.shelf import digest_of
from campaign.service import App

FIELD = "screenshot"
REMOTE = "shot:"  # what the remote id of a post begins with that has no address


def take_screenshot(app: App, file: Path) -> Medium:
    """Keep a picture, clean, in the library. Repeatable; what it was made of stays on the shelf alone.

    Raises:
        Invalid: it is no picture, or too large.
    """
    shelf = app.shelf

    def take() -> list[Medium]:
        return [take_image(file, shelf, max_pixels=app.max_pixels).medium]

    try:
        [medium] = shelf.made([FIELD, digest_of(file), file.suffix.lower(), str(app.max_pixels)], take)
    except Invalid as error:
        raise Invalid(FIELD, error.value, error.rule) from None
    app.media.put(shelf.path(medium.sha256), mime=medium.mime, width=medium.width, height=medium.height)
    return medium
