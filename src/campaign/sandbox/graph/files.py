"""Media that a twin fetches by itself, or is given."""

import asyncio
import io
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

from campaign.sandbox.state import Sandbox

LONGEST_FETCH = 10.0  # seconds
MOST_BYTES = 40 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    """What was fetched, or uploaded. `kind` is image, video or none of both."""

    sha256: str
    kind: str
    mime: str
    size: int
    width: int = 0
    height: int = 0

    def told(self, alt: str | None) -> dict[str, Any]:
        return {"sha256": self.sha256, "kind": self.kind, "mime": self.mime, "description": alt}


async def fetch(sandbox: Sandbox, url: str) -> File | None:
    """Fetch a medium, as the platform does; None: there is nothing to be had."""

    def get() -> bytes | None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            return None
        try:
            with urllib.request.urlopen(url, timeout=LONGEST_FETCH) as answer:  # noqa: S310 - of the two schemes
                body: bytes = answer.read(MOST_BYTES + 1)
        except (OSError, ValueError, urllib.error.URLError):
            return None
        return body if len(body) <= MOST_BYTES else None

    body = await asyncio.to_thread(get)
    return None if body is None else file_of(sandbox, body)


def file_of(sandbox: Sandbox, body: bytes) -> File:
    """Look at a file and keep it."""
    digest = sandbox.books.store(body)
    if body[4:8] == b"ftyp":
        return File(digest, "video", "video/mp4", len(body))
    try:
        with Image.open(io.BytesIO(body)) as image:
            mime = Image.MIME.get(image.format or "", "image/unknown")
            return File(digest, "image", mime, len(body), *image.size)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return File(digest, "none", "application/octet-stream", len(body))
