"""Uploading to LinkedIn: a picture in one piece, a clip in the pieces that LinkedIn asks for."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from campaign.core.errors import Refused, Unavailable
from campaign.core.model import OutgoingMedium
from campaign.net.client import Client
from campaign.net.reply import Reply

POLLS = 90  # questions whether a medium is processed
PAUSES = {"images": 1.0, "videos": 5.0}  # seconds between two of them, at most
LARGEST_PIECE = 16 * 1024 * 1024  # bytes; LinkedIn asks for pieces of 4 MB


class Uploader:
    """Uploads what one author will post.

    Args:
        headers: what each request of the API carries.
        hosts: where LinkedIn itself takes uploads, so that the token may go there.
    """

    def __init__(self, client: Client, label: str, author: str, headers: Mapping[str, str], hosts: set[str]) -> None:
        self._client, self._label, self._author = client, label, author
        self._headers, self._hosts = headers, hosts

    async def upload(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> str:
        """Upload one medium; return its URN once it may be posted. Raises: Unavailable, Refused."""
        urn = await (self._clip(medium, open_medium) if medium.is_clip else self._picture(medium, open_medium))
        await self._processed("videos" if medium.is_clip else "images", urn)
        return urn

    async def _picture(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> str:
        told = await self._begin("images", {"owner": self._author})
        urn, url = told.get("image"), told.get("uploadUrl")
        if not isinstance(urn, str) or not isinstance(url, str):
            raise Unavailable(f"{self._label}: the upload was answered without an image and its address")
        with open_medium(medium.sha256) as file:
            await self._put(url, file.read(), medium.mime)
        return urn

    async def _clip(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> str:
        about = {"owner": self._author, "fileSizeBytes": medium.size, "uploadCaptions": False}
        told = await self._begin("videos", {**about, "uploadThumbnail": bool(medium.poster)})
        urn, pieces = told.get("video"), told.get("uploadInstructions")
        if not isinstance(urn, str) or not isinstance(pieces, list) or not pieces:
            raise Unavailable(f"{self._label}: the upload was answered without a video and its pieces")
        parts = []
        with open_medium(medium.sha256) as file:
            for piece in pieces:
                first, last, url = _piece(piece)
                if not url or not 0 <= last - first < LARGEST_PIECE:
                    raise Unavailable(f"{self._label}: a piece of the upload cannot be read")
                file.seek(first)
                reply = await self._put(url, file.read(last - first + 1), "application/octet-stream")
                if not reply.headers.get("etag"):
                    raise Unavailable(f"{self._label}: a piece of the upload was answered without an ETag")
                parts.append(reply.headers["etag"].strip('"'))
        if medium.poster and isinstance(told.get("thumbnailUploadUrl"), str):
            with open_medium(medium.poster) as file:
                await self._put(told["thumbnailUploadUrl"], file.read(), "application/octet-stream")
        whole = {"video": urn, "uploadToken": str(told.get("uploadToken") or ""), "uploadedPartIds": parts}
        body = {"finalizeUploadRequest": whole}
        await self._client.ask("POST", "/rest/videos?action=finalizeUpload", json=body, headers=self._headers)
        return urn

    async def _begin(self, kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
        body = {"initializeUploadRequest": dict(about)}
        reply = await self._client.ask(
            "POST", f"/rest/{kind}?action=initializeUpload", json=body, headers=self._headers
        )
        told = reply.json()
        value = told.get("value") if isinstance(told, dict) else None
        return value if isinstance(value, dict) else {}

    async def _put(self, url: str, content: bytes, mime: str) -> Reply:
        foreign = urlsplit(url).netloc not in self._hosts
        headers = {"Content-Type": mime}
        return await self._client.ask("PUT", url, content=content, headers=headers, foreign=foreign, counted=False)

    async def _processed(self, kind: str, urn: str) -> None:
        path = f"/rest/{kind}/{urn.replace(':', '%3A')}"
        for number in range(POLLS):
            told = (await self._client.ask("GET", path, headers=self._headers, reading=False)).json()
            status = str(told.get("status")) if isinstance(told, dict) else ""
            if status == "AVAILABLE":
                return
            if status == "PROCESSING_FAILED":
                raise Refused(f"{self._label}: LinkedIn cannot process a medium; see what it takes, and send another")
            await asyncio.sleep(min(0.5 + number / 4, PAUSES[kind]))
        raise Unavailable(f"{self._label}: {urn} is still being processed after {POLLS} questions")


def _piece(told: Any) -> tuple[int, int, str]:
    piece = told if isinstance(told, dict) else {}
    first, last, url = piece.get("firstByte"), piece.get("lastByte"), piece.get("uploadUrl")
    if not isinstance(first, int) or not isinstance(last, int) or not isinstance(url, str):
        return 0, -1, ""
    return first, last, url
